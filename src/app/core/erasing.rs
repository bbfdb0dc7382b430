//! Carrying an erasure out: the log changes its epoch, and the index is made anew under the new one.

use std::collections::BTreeSet;

use super::{Core, Fatal, Signer, catch_up};
use crate::app::erase::{Gone, remains};
use crate::app::rows::{LOG_WITNESSED, OUTBOX, OutboxRow};
use crate::app::view::{Pending, View};
use crate::app::witness::LogWitnessedRow;
use crate::base::{Entropy, MessageId, Timestamp};
use crate::store::{AppendError, Index, Log, ReadError, Remains};

impl<L: Log, I: Index, S: Signer> Core<L, I, S> {
    /// Erases what the service found to be due. Gives the ids under which attachments of it lie, or
    /// nothing where nothing was erased.
    pub(super) fn erase_due(
        &mut self,
        now: Timestamp,
        entropy: &mut dyn Entropy,
    ) -> Result<Option<Vec<MessageId>>, Fatal> {
        let plan = std::mem::take(&mut self.service.erasure.plan);
        let (mut gone, mut files) = (Vec::new(), Vec::new());
        for due in plan {
            let index = due.entry;
            let content = self.log.read(index)?.content;
            let damaged = ReadError::Damaged { index };
            let reason = due.reason;
            let left = remains(&content, Gone { reason, at: now });
            if let Some(content) = left.map_err(|_| damaged)? {
                gone.push(Remains { index, content });
                files.extend(due.files);
            }
        }
        if gone.is_empty() {
            return Ok(None);
        }
        match self.log.erase(&gone, entropy) {
            Ok(()) => self.service.erasure.had_room(),
            // Nothing happened; it is looked for again, when there may be room.
            Err(AppendError::Full) => {
                self.service.erasure.had_no_room(now);
                return Ok(None);
            }
            Err(AppendError::Unfit) => return Ok(None),
            Err(error) => return Err(Fatal::Append(error)),
        }
        self.renew_index()?;
        Ok(Some(files))
    }

    /// Makes the index anew under the keys of the log's epoch.
    fn renew_index(&mut self) -> Result<(), Fatal> {
        // That a peer keeps a receipt is not in the log: what it has need not go again.
        let is_receipt = |row: &OutboxRow| matches!(row, OutboxRow::Receipt { .. });
        let receipts = |core: &Self| -> Result<BTreeSet<Vec<u8>>, Fatal> {
            let rows = core.rows::<OutboxRow>(OUTBOX, usize::MAX)?.into_iter();
            let rows = rows.filter(|(_, row)| is_receipt(row));
            Ok(rows.map(|(key, _)| key).collect())
        };
        let owed = receipts(self)?;
        // Nor is who cosigned this node's own checkpoints.
        let witnessed = self.rows::<LogWitnessedRow>(LOG_WITNESSED, usize::MAX)?;
        self.settled = Pending::default();
        self.index.renew(self.log.index_key())?;
        catch_up(self.service.me, &self.log, &mut self.index, &mut |_, _| ())?;
        let kept: Vec<_> = receipts(self)?.difference(&owed).cloned().collect();
        let (none, mut pending) = (Pending::default(), Pending::default());
        let mut view = View::new(&self.index, &self.log, &none, &mut pending);
        for key in kept {
            view.delete(OUTBOX, key);
        }
        let own = self.log.origin().to_bytes();
        for (key, row) in witnessed.into_iter().filter(|(key, _)| key[..] == own[..]) {
            view.put(LOG_WITNESSED, key, row);
        }
        self.settled = pending;
        Ok(())
    }
}
