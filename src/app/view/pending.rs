//! Writes that the index has not applied yet.

use std::any::Any;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::iter::Peekable;
use std::sync::Arc;

use crate::app::rows::Row;
use crate::store::{IndexWrite, Table};

/// A row of any table. It takes its stored form only when the index gets it.
pub(super) trait AnyRow: Send + Sync {
    fn encode(&self) -> Vec<u8>;
    fn as_any(&self) -> &dyn Any;
}

impl<T: Row> AnyRow for T {
    fn encode(&self) -> Vec<u8> {
        Row::encode(self)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// A row that is to be, or none where it is removed.
pub(super) type Change = Option<Arc<dyn AnyRow>>;

/// What is to become of a place.
#[derive(Clone)]
pub(super) struct Write {
    /// The row, or none where it is removed.
    pub(super) change: Change,
    /// Whether nothing lies there below: removed again, the row leaves nothing to be written.
    pub(super) added: bool,
}

impl Write {
    /// What is left to be written where `later` follows; nothing where it takes away what this added.
    fn then(&self, later: Self) -> Option<Self> {
        let change = later.change;
        let added = self.added;
        (change.is_some() || !added).then_some(Self { change, added })
    }
}

/// Writes that the index has not applied yet.
#[derive(Default)]
pub struct Pending {
    writes: BTreeMap<Place, Write>,
    /// What stood before each write since [`Pending::remember`], the latest last.
    undo: Vec<(Place, Option<Write>)>,
    remembered: usize,
}

pub(super) type Place = (Table, Vec<u8>);

impl Pending {
    /// The writes, for the index to apply in one batch; nothing is pending afterwards.
    pub fn take(&mut self) -> Vec<IndexWrite> {
        let writes = std::mem::take(&mut self.writes);
        let writes = writes.into_iter();
        writes
            .map(|(place, write)| stored(place, &write.change))
            .collect()
    }

    /// The writes, for an index that is filled with them while they lie over it.
    pub fn writes(&self) -> Vec<IndexWrite> {
        let writes = self.writes.iter();
        writes
            .map(|(place, write)| stored(place.clone(), &write.change))
            .collect()
    }

    /// Lays the writes of `later` over these.
    pub fn extend(&mut self, later: Self) {
        for (place, write) in later.writes {
            self.lay(place, write);
        }
    }

    /// Lays one write over what is to become of its place; gives what that was.
    fn lay(&mut self, place: Place, write: Write) -> Option<Write> {
        match self.writes.entry(place) {
            Entry::Vacant(vacant) => {
                vacant.insert(write);
                None
            }
            Entry::Occupied(mut occupied) => match occupied.get().then(write) {
                Some(write) => Some(occupied.insert(write)),
                None => Some(occupied.remove()),
            },
        }
    }

    /// How many writes are pending.
    pub fn len(&self) -> usize {
        self.writes.len()
    }

    /// Whether nothing is pending.
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }

    /// Does one write, which can be taken back where that was asked for.
    pub(super) fn write(&mut self, place: Place, write: Write) {
        if self.remembered == 0 {
            self.lay(place, write);
            return;
        }
        let before = self.lay(place.clone(), write);
        self.undo.push((place, before));
    }

    /// What is to become of a place, where anything is.
    pub(super) fn get(&self, place: &Place) -> Option<&Change> {
        self.writes.get(place).map(|write| &write.change)
    }

    /// From here on each write can be taken back. Gives the place to go back to.
    pub(super) fn remember(&mut self) -> usize {
        self.remembered += 1;
        self.undo.len()
    }

    /// Takes the writes since `to` back.
    pub(super) fn take_back(&mut self, to: usize) {
        while self.undo.len() > to {
            let Some((place, before)) = self.undo.pop() else {
                return;
            };
            match before {
                Some(write) => self.writes.insert(place, write),
                None => self.writes.remove(&place),
            };
        }
    }

    /// Nothing before this can be taken back any more.
    pub(super) fn settle(&mut self) {
        self.remembered = 0;
        self.undo.clear();
    }

    /// The writes of a table from `from` on and, if given, below `to`.
    pub(super) fn range(
        &self,
        table: Table,
        from: &[u8],
        to: Option<&[u8]>,
    ) -> impl Iterator<Item = Over<'_>> {
        self.writes
            .range((table, from.to_vec())..)
            .take_while(move |((t, key), _)| *t == table && to.is_none_or(|to| key.as_slice() < to))
            .map(|((_, key), write)| (key, &write.change))
    }
}

/// A write as the index gets it.
fn stored((table, key): Place, change: &Change) -> IndexWrite {
    match change {
        Some(row) => {
            let value = row.encode();
            IndexWrite::Put { table, key, value }
        }
        None => IndexWrite::Delete { table, key },
    }
}

/// Two ranges of writes in one order; of two writes of a row, the later one.
pub(super) struct Overlay<'a, A: Iterator<Item = Over<'a>>, B: Iterator<Item = Over<'a>>> {
    earlier: Peekable<A>,
    later: Peekable<B>,
}

/// A key, and what is to lie there.
pub(super) type Over<'a> = (&'a Vec<u8>, &'a Change);

impl<'a, A: Iterator<Item = Over<'a>>, B: Iterator<Item = Over<'a>>> Overlay<'a, A, B> {
    pub(super) fn new(earlier: A, later: B) -> Self {
        Self {
            earlier: earlier.peekable(),
            later: later.peekable(),
        }
    }
}

impl<'a, A: Iterator<Item = Over<'a>>, B: Iterator<Item = Over<'a>>> Iterator
    for Overlay<'a, A, B>
{
    type Item = Over<'a>;

    fn next(&mut self) -> Option<Over<'a>> {
        let Some(&(later, _)) = self.later.peek() else {
            return self.earlier.next();
        };
        match self.earlier.next_if(|(earlier, _)| *earlier <= later) {
            Some((earlier, _)) if earlier == later => self.later.next(),
            Some(write) => Some(write),
            None => self.later.next(),
        }
    }
}
