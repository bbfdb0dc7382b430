//! What is due.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{Due, EpochRow, Gone, RetentionRow, remains, retention_row};
use crate::app::change::{Change, Message};
use crate::app::content::read_change;
use crate::app::corrections::is_owed;
use crate::app::letters::{LETTER, LETTER_IN, LetterRow, LetterState};
use crate::app::rows::*;
use crate::app::service::{Service, Turn};
use crate::app::view::after_prefix;
use crate::base::{MemberId, MessageId, Timestamp};
use crate::domain::alert::AlertState;
use crate::domain::retention::{self, ErasureReason};
use crate::store::IndexError;

/// How often it is looked for what is due.
const LOOK_EVERY: Duration = Duration::from_secs(10 * 60);

/// How long the epoch stays at least, where time alone asks for a change: one change a day covers
/// all that became due.
const EPOCH_STAYS: Duration = Duration::from_secs(23 * 3_600);

/// Conversations that a look goes through in a second.
const LOOKED_AT: usize = 128;

/// Entries of them that it reads in a second, and the rest of one conversation.
const READ_AT_ONCE: usize = 4_096;

/// Entries that one change of epoch erases; the rest waits for the next.
const ERASED_AT_ONCE: usize = 50_000;

/// The most letters that belong to one conversation or message.
const MOST_LETTERS: usize = 1_000;

/// A look through all conversations in which something may be due, a few of them in each second: however
/// many never end, each of the others has its turn.
pub(super) struct Round {
    /// Whether the epoch had stayed for long enough when it began.
    rested: bool,
    /// Where it goes on.
    from: Vec<u8>,
    /// The conversations in which something is to be erased, whatever the time.
    wanted: BTreeSet<MessageId>,
    /// The others in which the time of something is over.
    over: BTreeSet<MessageId>,
}

impl Round {
    fn begin(turn: &Turn<'_>) -> Result<Self, IndexError> {
        let epoch = turn.view.row::<EpochRow>(EPOCH, &[])?;
        Ok(Self {
            rested: epoch.is_none_or(|epoch| turn.now >= epoch.at.plus(EPOCH_STAYS)),
            from: Vec::new(),
            wanted: BTreeSet::new(),
            over: BTreeSet::new(),
        })
    }

    /// Looks at the next conversations. Says whether there are no more.
    fn go_on(&mut self, service: &Service, turn: &Turn<'_>) -> Result<bool, IndexError> {
        let first = retained_key(turn.now, MessageId::from_bytes([0; 16]));
        let end = after_prefix(&first[..4]).unwrap_or(first);
        let rows = turn
            .view
            .range::<bool>(RETAINED, &self.from, Some(&end), LOOKED_AT)?;
        let last = rows.len() < LOOKED_AT;
        let mut read = 0;
        for (key, _) in rows {
            if read >= READ_AT_ONCE {
                return Ok(false);
            }
            let conversation = retained_of(&key).ok_or(IndexError::Damaged)?;
            self.from = [&key[..], &[0]].concat();
            if self.wanted.contains(&conversation) || self.over.contains(&conversation) {
                continue;
            }
            let due = due_in(service, turn, conversation, &mut read)?;
            let in_time = |due: &Due| due.reason == ErasureReason::Retention;
            if !due.iter().all(in_time) {
                self.wanted.insert(conversation);
            } else if !due.is_empty() {
                self.over.insert(conversation);
            }
        }
        Ok(last)
    }
}

/// Looks for what is due, now and then, and leaves it to the core.
pub(in crate::app) fn look(service: &mut Service, turn: &mut Turn<'_>) -> Result<(), IndexError> {
    let soon = |looked: Timestamp| turn.now >= looked && turn.now < looked.plus(LOOK_EVERY);
    if !service.erasure.plan.is_empty() {
        return Ok(());
    }
    let mut round = match service.erasure.round.take() {
        Some(round) => round,
        None if service.erasure.looked.is_some_and(soon) => return Ok(()),
        None => {
            service.erasure.looked = Some(turn.now);
            Round::begin(turn)?
        }
    };
    let ordered = std::mem::take(&mut service.erasure.ordered);
    if !round.go_on(service, turn)? {
        service.erasure.round = Some(round);
        service.erasure.plan = plan(service, turn, &ordered, false, Vec::new())?;
        return Ok(());
    }
    let me = service.me.member;
    let others = service.federation.as_ref().map(|f| f.others(me).len());
    let clock = service.erasure.clock.decides(turn.now, others.unwrap_or(0));
    let searches = searches(turn)?;
    let waits = !round.over.is_empty() || !searches.is_empty();
    service.erasure.waits = match clock {
        Err(doubt) if waits => {
            let since = service.erasure.waits.map_or(turn.now, |(since, _)| since);
            Some((since, doubt))
        }
        Ok(()) | Err(_) => None,
    };
    let mut due = round.wanted;
    due.extend(ordered);
    service.erasure.plan = if round.rested && clock.is_ok() {
        due.extend(round.over);
        plan(service, turn, &due, true, searches)?
    } else {
        plan(service, turn, &due, false, Vec::new())?
    };
    Ok(())
}

/// What is to be erased in these conversations, and what else is. Only where time decides is that what it
/// alone asks for.
fn plan(
    service: &Service,
    turn: &Turn<'_>,
    conversations: &BTreeSet<MessageId>,
    time_decides: bool,
    others: Vec<Due>,
) -> Result<Vec<Due>, IndexError> {
    let mut found = Vec::new();
    for conversation in conversations {
        if found.len() < ERASED_AT_ONCE {
            let due = due_in(service, turn, *conversation, &mut 0)?.into_iter();
            found.extend(due.filter(|due| time_decides || due.reason != ErasureReason::Retention));
        }
    }
    found.extend(others);
    for conversation in conversations {
        letters_of(service, turn, *conversation, &mut found)?;
    }
    found.sort_unstable_by_key(|due| due.entry);
    found.dedup_by_key(|due| due.entry);
    Ok(found)
}

/// The searches whose words are due.
fn searches(turn: &Turn<'_>) -> Result<Vec<Due>, IndexError> {
    let rows = turn
        .view
        .range::<u64>(SEARCHED, &[], None, ERASED_AT_ONCE)?;
    let now = super::millis(turn.now);
    let due = rows.into_iter().take_while(|(_, due)| *due <= now);
    let due = due.map(|(key, _)| {
        let entry = key.try_into().map_err(|_| IndexError::Damaged)?;
        Ok(Due {
            entry: u64::from_be_bytes(entry),
            reason: ErasureReason::Retention,
            files: None,
        })
    });
    due.collect()
}

/// What of a conversation is due. While it is not over, that is what its authors want erased. Counts the
/// entries that it reads.
fn due_in(
    service: &Service,
    turn: &Turn<'_>,
    conversation: MessageId,
    read: &mut usize,
) -> Result<Vec<Due>, IndexError> {
    let Some(kept) = Kept::of(service, turn, conversation)? else {
        return thrown_away(turn, conversation);
    };
    if kept.standing == Standing::Open && kept.row.wanted.is_empty() {
        return Ok(Vec::new());
    }
    *read += kept.thread.len();
    let me = service.me.member;
    let mut due = Vec::new();
    let mut opening_due = false;
    let mut beside = Vec::new();
    for entry in kept.thread.iter().copied() {
        if entry >= turn.log.size() {
            continue;
        }
        let Ok(record) = turn.log.read(entry) else {
            continue;
        };
        let Ok((_, change)) = read_change(&record.content) else {
            continue;
        };
        match change {
            Change::Sent(message) | Change::Received(message, _) => {
                let (id, sender) = (message.header.id, message.sender.member);
                let reason = kept.reason(me, turn.now, &message, (entry, record.entry.time));
                opening_due |= id == conversation
                    && kept.standing == Standing::Over
                    && (message.erased.is_some() || reason.is_some());
                let Some(reason) = reason else {
                    continue;
                };
                if message.erased.is_some() || is_needed(service, turn, &message)? {
                    continue;
                }
                let attached = !message.header.attachments.is_empty();
                due.push(Due {
                    entry,
                    reason,
                    files: attached.then(|| stored_under(me, sender, id)),
                });
            }
            Change::Other(other) => {
                let reason = match kept.is_ordered(entry) {
                    true => ErasureReason::Order,
                    false => ErasureReason::Retention,
                };
                let gone = Gone {
                    reason,
                    at: turn.now,
                };
                if remains::without(&other, gone).is_some() {
                    beside.push(Due {
                        entry,
                        reason,
                        files: None,
                    });
                }
            }
            Change::ReceiptKept(_) => (),
        }
    }
    // What was noted beside the messages goes with what opened the conversation.
    if opening_due {
        due.extend(beside);
    }
    Ok(due)
}

/// Whether anything is owed in a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// Something is.
    Open,
    /// Nothing is.
    Over,
}

/// An exchange or alert, as far as its content is kept.
struct Kept {
    /// Its entries.
    thread: Vec<u64>,
    standing: Standing,
    row: RetentionRow,
}

impl Kept {
    /// The conversation of this id; none where there is none.
    fn of(
        service: &Service,
        turn: &Turn<'_>,
        conversation: MessageId,
    ) -> Result<Option<Self>, IndexError> {
        let key = conversation.to_bytes();
        let (thread, over) = if let Some(row) = turn.view.row::<ExchangeRow>(EXCHANGE, &key)? {
            let over = !row.exchange.state().is_open() && !is_owed(service, &row, turn.now);
            (row.thread, over)
        } else if let Some(row) = turn.view.row::<AlertRow>(ALERT, &key)? {
            let over = match row.alert.state(turn.now) {
                AlertState::Current => false,
                AlertState::Expired | AlertState::Cancelled | AlertState::Superseded => true,
            };
            (row.thread, over)
        } else {
            return Ok(None);
        };
        let letters = letters_in(turn, conversation)?;
        let standing = match over && !letters.iter().any(LetterRow::is_open) {
            true => Standing::Over,
            false => Standing::Open,
        };
        Ok(Some(Self {
            thread,
            standing,
            row: retention_row(&turn.view, conversation)?,
        }))
    }

    /// Whether a person had what was recorded in this entry erased.
    fn is_ordered(&self, entry: u64) -> bool {
        self.row.ordered.is_some_and(|until| entry < until)
    }

    /// Why a message is due, if it is, that an entry recorded at a time.
    fn reason(
        &self,
        me: MemberId,
        now: Timestamp,
        message: &Message,
        (entry, recorded): (u64, Timestamp),
    ) -> Option<ErasureReason> {
        let header = &message.header;
        // An own request that passed on what its author wants erased is about more than that, while it is
        // open.
        let may_go = message.sender.member != me || self.standing == Standing::Over;
        if may_go && self.row.wanted.contains(&header.id) {
            return Some(ErasureReason::Originator);
        }
        let due = retention::due(&header.handling, self.row.days, recorded) <= now;
        match self.standing {
            Standing::Open => None,
            Standing::Over if self.is_ordered(entry) => Some(ErasureReason::Order),
            Standing::Over => due.then_some(ErasureReason::Retention),
        }
    }
}

/// Whether an own message still has to be sent, or its files may still be fetched.
fn is_needed(service: &Service, turn: &Turn<'_>, message: &Message) -> Result<bool, IndexError> {
    let me = service.me.member;
    if message.sender.member != me {
        return Ok(false);
    }
    let header = &message.header;
    let key = message_key(me, header.id);
    let Some(row) = turn.view.row::<MessageRow>(MESSAGE, &key)? else {
        return Ok(false);
    };
    for (recipient, delivery) in &row.deliveries {
        let fetched = || {
            let key = message_key(*recipient, header.id);
            let all = turn.view.row::<bool>(ATTACHMENTS_AT, &key)?;
            Ok::<bool, IndexError>(header.attachments.is_empty() || all.is_some())
        };
        let needed = match delivery {
            Delivery::Queued => true,
            Delivery::Delivered => header.expires > turn.now && !fetched()?,
            Delivery::Refused(_) | Delivery::Expired => false,
        };
        if needed {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The letters of a conversation, or those that this message would be of.
fn letters_in(turn: &Turn<'_>, of: MessageId) -> Result<Vec<LetterRow>, IndexError> {
    let found = turn
        .view
        .prefix::<MessageId>(LETTER_IN, &of.to_bytes(), MOST_LETTERS)?;
    let mut rows = Vec::new();
    for (_, id) in found {
        rows.extend(turn.view.row::<LetterRow>(LETTER, &id.to_bytes())?);
    }
    Ok(rows)
}

/// A letter that was thrown away.
fn thrown_away(turn: &Turn<'_>, letter: MessageId) -> Result<Vec<Due>, IndexError> {
    let row = turn.view.row::<LetterRow>(LETTER, &letter.to_bytes())?;
    let row = row.filter(|row| row.state == LetterState::Discarded && row.erased.is_none());
    Ok(row.map_or_else(Vec::new, |row| {
        written(&row, ErasureReason::Retention).collect()
    }))
}

/// The entries that hold a letter and what was decided about it.
fn written(row: &LetterRow, reason: ErasureReason) -> impl Iterator<Item = Due> + '_ {
    row.entries.iter().map(move |entry| Due {
        entry: *entry,
        reason,
        files: None,
    })
}

/// A letter that left goes with the last of its messages.
fn letters_of(
    service: &Service,
    turn: &Turn<'_>,
    conversation: MessageId,
    due: &mut Vec<Due>,
) -> Result<(), IndexError> {
    for row in letters_in(turn, conversation)? {
        if row.state != LetterState::Left || row.is_open() || row.erased.is_some() {
            continue;
        }
        let mut reason = None;
        let mut all = true;
        for id in &row.messages {
            let key = message_key(service.me.member, *id);
            let Some(message) = turn.view.row::<MessageRow>(MESSAGE, &key)? else {
                continue;
            };
            let planned = due.iter().find(|due| due.entry == message.entry);
            match planned {
                Some(due) => reason = Some(due.reason),
                None => all &= is_erased(turn, message.entry),
            }
        }
        if let Some(reason) = reason.filter(|_| all) {
            due.extend(written(&row, reason));
        }
    }
    Ok(())
}

fn is_erased(turn: &Turn<'_>, entry: u64) -> bool {
    let Ok(record) = turn.log.read(entry) else {
        return false;
    };
    match read_change(&record.content) {
        Ok((_, Change::Sent(message) | Change::Received(message, _))) => message.erased.is_some(),
        Ok((_, Change::ReceiptKept(_) | Change::Other(_))) | Err(_) => false,
    }
}
