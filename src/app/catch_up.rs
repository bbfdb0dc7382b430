//! Bringing an index up to its log: live and here the same projection writes the same rows.

use super::content::read_change;
use super::core::Fatal;
use super::project::{Projected, project};
use super::rows::VERSION;
use super::view::{Pending, View};
use crate::base::{Digest, NodeId};
use crate::store::{Applied, Index, Log, ReadError};

/// Index writes that a replay collects before it applies them.
const REPLAY_BATCH: usize = 4_096;

/// How the index was brought up to the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CatchUp {
    /// It was there already.
    Current,
    /// It lacked the last entries.
    Replayed(u64),
    /// It was absent, damaged, of another version or of another log, and was made anew.
    Rebuilt(u64),
}

/// Brings an index up to its log, from where it stands or from the start.
///
/// # Errors
/// [`Fatal`] where the log cannot be read, or a fresh index cannot be written.
pub fn catch_up(
    me: NodeId,
    log: &dyn Log,
    index: &mut dyn Index,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<CatchUp, Fatal> {
    let size = log.size();
    let from = match index.applied() {
        Ok(Some(applied)) if fits(log, &applied) => Some(applied.size),
        Ok(_) | Err(_) => None,
    };
    let caught_up = match from {
        Some(from) if from == size => return Ok(CatchUp::Current),
        Some(from) => CatchUp::Replayed(size - from),
        None => {
            index.clear()?;
            CatchUp::Rebuilt(size)
        }
    };
    let mut next = from.unwrap_or(0);
    while next < size {
        let (none, mut pending) = (Pending::default(), Pending::default());
        while next < size && pending.len() < REPLAY_BATCH {
            let record = log.read(next)?;
            let damaged = ReadError::Damaged { index: next };
            let (_, change) = read_change(&record.content).map_err(|_| damaged)?;
            let mut view = View::new(&*index, log, &none, &mut pending);
            let projected = Projected {
                entry: next,
                at: record.entry.time,
                change: &change,
            };
            project(&mut view, me.member, &projected)?;
            next += 1;
        }
        let applied = Applied {
            size: next,
            root: log.root_at(next).unwrap_or(Digest::EMPTY),
            version: VERSION,
            epoch: log.epoch(),
        };
        index.apply(pending.take(), applied)?;
        progress(next, size);
    }
    Ok(caught_up)
}

fn fits(log: &dyn Log, applied: &Applied) -> bool {
    let rules = (applied.version, applied.epoch) == (VERSION, log.epoch());
    rules && log.root_at(applied.size) == Some(applied.root)
}

pub(super) fn applied(log: &dyn Log) -> Applied {
    Applied {
        size: log.size(),
        root: log.root(),
        version: VERSION,
        epoch: log.epoch(),
    }
}
