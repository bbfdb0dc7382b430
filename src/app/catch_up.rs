//! Bringing an index up to its log: live and here the same projection writes the same rows.

use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::thread;

use super::content::ContentReader;
use super::core::Fatal;
use super::project::{Projected, project};
use super::rows::VERSION;
use super::view::{Pending, View};
use crate::base::{Digest, NodeId};
use crate::store::{Applied, Index, IndexError, Log, ReadError};

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
    match from {
        Some(from) => follow(me, log, index, from, progress)?,
        None => fill(me, log, index, progress)?,
    }
    Ok(caught_up)
}

/// Follows the log from an entry on, one batch after another: whenever this ends, the index knows how far
/// it is.
fn follow(
    me: NodeId,
    log: &dyn Log,
    index: &mut dyn Index,
    mut next: u64,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(), Fatal> {
    let none = Pending::default();
    while next < log.size() {
        let mut batch = Pending::default();
        next = replay(me, log, &*index, (&none, &mut batch), next)?;
        index.apply(batch.take(), applied_at(log, next))?;
        progress(next, log.size());
    }
    Ok(())
}

/// Makes an empty index anew: while it gets one batch the next is made, over the one that it gets. It has
/// followed nothing until it has followed all.
fn fill(
    me: NodeId,
    log: &dyn Log,
    index: &mut dyn Index,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(), Fatal> {
    let filled = &*index;
    thread::scope(|scope| {
        // Whoever hands a batch over waits until the one before is in the index.
        let (hand_over, handed) = sync_channel::<Arc<Pending>>(0);
        let fill = move || {
            let mut batches = handed.into_iter();
            batches.try_for_each(|batch| filled.fill(batch.writes()))
        };
        let filling = thread::Builder::new().spawn_scoped(scope, fill);
        let filling = filling.map_err(|error| IndexError::Io(error.kind()))?;
        let mut over = Arc::new(Pending::default());
        let mut next = 0;
        while next < log.size() {
            let mut batch = Pending::default();
            next = replay(me, log, filled, (&over, &mut batch), next)?;
            over = Arc::new(batch);
            if hand_over.send(Arc::clone(&over)).is_err() {
                break;
            }
            progress(next, log.size());
        }
        drop(hand_over);
        let filled = filling.join().map_err(|_| IndexError::Damaged)?;
        Ok::<(), Fatal>(filled?)
    })?;
    Ok(index.apply(Vec::new(), applied(log))?)
}

/// Makes the rows of the entries from `next` on, as many as one batch takes, over an index with `over`
/// laid over it; gives the entry after them.
fn replay(
    me: NodeId,
    log: &dyn Log,
    index: &dyn Index,
    (over, batch): (&Pending, &mut Pending),
    mut next: u64,
) -> Result<u64, Fatal> {
    let mut reader = ContentReader::default();
    while next < log.size() && batch.len() < REPLAY_BATCH {
        let record = log.read(next)?;
        let damaged = ReadError::Damaged { index: next };
        let read = reader.read(next, &record.content);
        let (_, change) = read.map_err(|_| damaged)?;
        let mut view = View::new(index, log, over, batch);
        let projected = Projected {
            entry: next,
            at: record.entry.time,
            change: &change,
        };
        project(&mut view, me.member, &projected)?;
        next += 1;
    }
    Ok(next)
}

fn fits(log: &dyn Log, applied: &Applied) -> bool {
    let rules = (applied.version, applied.epoch) == (VERSION, log.epoch());
    rules && log.root_at(applied.size) == Some(applied.root)
}

pub(super) fn applied(log: &dyn Log) -> Applied {
    applied_at(log, log.size())
}

fn applied_at(log: &dyn Log, size: u64) -> Applied {
    Applied {
        size,
        root: log.root_at(size).unwrap_or(Digest::EMPTY),
        version: VERSION,
        epoch: log.epoch(),
    }
}
