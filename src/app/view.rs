//! What decisions read: the index with all that is not in it yet laid over it.

mod pending;

pub use pending::Pending;

use std::sync::Arc;

use pending::{AnyRow, Change, Overlay, Write};

use super::rows::Row;
use crate::store::{Index, IndexError, Log, Table};

/// The index, under writes that are durable in the log, under those of the present group.
pub struct View<'a> {
    index: &'a dyn Index,
    log: &'a dyn Log,
    settled: &'a Pending,
    pending: &'a mut Pending,
}

impl<'a> View<'a> {
    /// The log.
    pub(super) fn log(&self) -> &'a dyn Log {
        self.log
    }

    /// Lays `settled` over `index`, and `pending` over both. Where a row leaves out what an entry
    /// holds, it is read from `log`.
    pub fn new(
        index: &'a dyn Index,
        log: &'a dyn Log,
        settled: &'a Pending,
        pending: &'a mut Pending,
    ) -> Self {
        Self {
            index,
            log,
            settled,
            pending,
        }
    }

    /// What stands for a word in keys of the index.
    pub fn token(&self, word: &str) -> [u8; 16] {
        self.index.token(word)
    }

    /// What is to become of a row that the index does not have yet.
    fn laid_over(&self, table: Table, key: &[u8]) -> Option<&Change> {
        let place = (table, key.to_vec());
        let pending = self.pending.get(&place);
        pending.or_else(|| self.settled.get(&place))
    }

    /// The row under `key`.
    ///
    /// # Errors
    /// Whatever the index gives; [`IndexError::Damaged`] for a row that does not decode.
    pub fn row<T: Row>(&self, table: Table, key: &[u8]) -> Result<Option<T>, IndexError> {
        match self.laid_over(table, key) {
            Some(row) => row.as_deref().map(|row| of_type(row).cloned()).transpose(),
            None => {
                let stored = self.index.get(table, key)?;
                stored.map(|bytes| self.decode(&bytes)).transpose()
            }
        }
    }

    /// What `see` makes of the row under `key`, which is not copied for it.
    ///
    /// # Errors
    /// As [`View::row`].
    pub fn look<T: Row, R>(
        &self,
        table: Table,
        key: &[u8],
        see: impl FnOnce(&T) -> R,
    ) -> Result<Option<R>, IndexError> {
        match self.laid_over(table, key) {
            Some(row) => row.as_deref().map(|row| of_type(row).map(see)).transpose(),
            None => {
                let stored = self.index.get(table, key)?;
                let row = stored.map(|bytes| self.decode(&bytes)).transpose()?;
                Ok(row.as_ref().map(see))
            }
        }
    }

    fn decode<T: Row>(&self, bytes: &[u8]) -> Result<T, IndexError> {
        T::decode(bytes, self.log).ok_or(IndexError::Damaged)
    }

    /// Writes a row.
    pub fn put<T: Row>(&mut self, table: Table, key: Vec<u8>, row: T) {
        let added = false;
        let change: Change = Some(Arc::new(row));
        self.pending.write((table, key), Write { change, added });
    }

    /// Writes a row where there is none. Removed before the index gets it, the index never does.
    pub fn add<T: Row>(&mut self, table: Table, key: Vec<u8>, row: T) {
        debug_assert!(!self.holds(table, &key), "a row is added where one is");
        let added = true;
        let change: Change = Some(Arc::new(row));
        self.pending.write((table, key), Write { change, added });
    }

    fn holds(&self, table: Table, key: &[u8]) -> bool {
        match self.laid_over(table, key) {
            Some(row) => row.is_some(),
            None => matches!(self.index.get(table, key), Ok(Some(_))),
        }
    }

    /// Removes a row.
    pub fn delete(&mut self, table: Table, key: Vec<u8>) {
        let (change, added) = (None, false);
        self.pending.write((table, key), Write { change, added });
    }

    /// From here on each write can be taken back. Gives the place to go back to.
    pub fn remember(&mut self) -> usize {
        self.pending.remember()
    }

    /// Takes the writes since `place` back.
    pub fn take_back(&mut self, place: usize) {
        self.pending.take_back(place);
    }

    /// Nothing before this can be taken back any more.
    pub fn settle(&mut self) {
        self.pending.settle();
    }

    /// The rows from `from` (included) up to `to` (not), in order, at most `limit`.
    ///
    /// # Errors
    /// Whatever the index gives; [`IndexError::Damaged`] for a row that does not decode.
    pub fn range<T: Row>(
        &self,
        table: Table,
        from: &[u8],
        to: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<(Vec<u8>, T)>, IndexError> {
        let settled = self.settled.range(table, from, to);
        let mut laid_over = Overlay::new(settled, self.pending.range(table, from, to)).peekable();
        let mut rows = Vec::new();
        let mut from = Some(from.to_vec());
        while let Some(start) = from.take() {
            let stored = self.index.range(table, &start, to, limit - rows.len())?;
            // A full page may hide more behind what is removed of it.
            if stored.len() + rows.len() == limit {
                from = stored.last().map(|(key, _)| [key, [0].as_slice()].concat());
            }
            for (key, bytes) in stored {
                while let Some((over, row)) = laid_over.next_if(|(over, _)| **over < key) {
                    push(&mut rows, limit, over, row)?;
                }
                match laid_over.next_if(|(over, _)| **over == key) {
                    Some((over, row)) => push(&mut rows, limit, over, row)?,
                    None if rows.len() < limit => rows.push((key, self.decode(&bytes)?)),
                    None => return Ok(rows),
                }
            }
            if rows.len() == limit {
                return Ok(rows);
            }
        }
        for (over, row) in laid_over {
            if rows.len() == limit {
                break;
            }
            push(&mut rows, limit, over, row)?;
        }
        Ok(rows)
    }

    /// The rows whose key begins with `prefix`, in order, at most `limit`.
    ///
    /// # Errors
    /// As [`View::range`].
    pub fn prefix<T: Row>(
        &self,
        table: Table,
        prefix: &[u8],
        limit: usize,
    ) -> Result<Vec<(Vec<u8>, T)>, IndexError> {
        let end = after_prefix(prefix);
        self.range(table, prefix, end.as_deref(), limit)
    }
}

/// Takes a row that is laid over, unless it is removed or there is room for no more.
fn push<T: Row>(
    rows: &mut Vec<(Vec<u8>, T)>,
    limit: usize,
    key: &[u8],
    row: &Change,
) -> Result<(), IndexError> {
    if let Some(row) = row
        && rows.len() < limit
    {
        rows.push((key.to_vec(), of_type::<T>(&**row)?.clone()));
    }
    Ok(())
}

/// The row, if it is one of the type that its table has.
fn of_type<T: Row>(row: &dyn AnyRow) -> Result<&T, IndexError> {
    row.as_any().downcast_ref().ok_or(IndexError::Damaged)
}

/// The first key that no longer begins with `prefix`.
pub fn after_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.last_mut() {
        if *last < u8::MAX {
            *last += 1;
            return Some(end);
        }
        end.pop();
    }
    None
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::ops::Range;

    use proptest::prelude::*;

    use super::*;
    use crate::audit::Origin;
    use crate::store::{Applied, IndexWrite, MemoryIndex, MemoryLog};

    const T: Table = Table("t");

    fn index(rows: &[(&[u8], u8)]) -> MemoryIndex {
        let mut index = MemoryIndex::default();
        let put = |(key, value): &(&[u8], u8)| IndexWrite::Put {
            table: T,
            key: key.to_vec(),
            value: Row::encode(value),
        };
        let applied = Applied {
            size: 1,
            root: crate::base::Digest::EMPTY,
            version: 1,
            epoch: 1,
        };
        index
            .apply(rows.iter().map(put).collect(), applied)
            .unwrap();
        index
    }

    fn all_rows(index: &MemoryIndex) -> Vec<(Vec<u8>, u8)> {
        let rows = index.range(T, b"", None, 99).unwrap();
        rows.into_iter().map(|(key, row)| (key, row[0])).collect()
    }

    /// Some keys, each with a row of one of these kinds.
    fn rows(kinds: Range<u8>) -> impl Strategy<Value = BTreeMap<u8, u8>> {
        proptest::collection::btree_map(0_u8..20, kinds, 0..20)
    }

    /// Writes rows, every third kind of which is a removal, adds what is not there yet, and does the
    /// same to a map.
    fn write(view: &mut View<'_>, all: &mut BTreeMap<[u8; 1], u8>, rows: &BTreeMap<u8, u8>) {
        for (key, row) in rows {
            if row % 3 == 0 {
                view.delete(T, vec![*key]);
                all.remove(&[*key]);
            } else if all.insert([*key], *row).is_none() {
                view.add(T, vec![*key], *row);
            } else {
                view.put(T, vec![*key], *row);
            }
        }
    }

    #[test]
    fn pending_writes_lie_over_settled_ones_over_the_index() {
        let index = index(&[(b"a", 1), (b"b", 2), (b"c", 3), (b"d", 4)]);
        let log = MemoryLog::new(Origin::first("MK-1".parse().unwrap()));
        let mut settled = Pending::default();
        let none = Pending::default();
        let mut view = View::new(&index, &log, &none, &mut settled);
        view.delete(T, b"a".to_vec());
        view.put(T, b"b".to_vec(), 19_u8);
        view.put(T, b"ba".to_vec(), 24_u8);
        view.delete(T, b"c".to_vec());
        let mut pending = Pending::default();
        let mut view = View::new(&index, &log, &settled, &mut pending);
        view.put(T, b"b".to_vec(), 20_u8);
        view.delete(T, b"ba".to_vec());
        view.put(T, b"bb".to_vec(), 25_u8);
        view.put(T, b"c".to_vec(), 30_u8);
        assert_eq!(view.row::<u8>(T, b"a").unwrap(), None);
        assert_eq!(view.row::<u8>(T, b"b").unwrap(), Some(20));
        assert_eq!(view.row::<u8>(T, b"ba").unwrap(), None);
        assert_eq!(view.row::<u8>(T, b"d").unwrap(), Some(4));
        let values = |rows: Vec<(Vec<u8>, u8)>| rows.into_iter().map(|(_, v)| v).collect();
        let first: Vec<u8> = values(view.range(T, b"", None, 2).unwrap());
        assert_eq!(first, [20, 25]);
        let prefix: Vec<u8> = values(view.prefix(T, b"b", 9).unwrap());
        assert_eq!(prefix, [20, 25]);
        let all: Vec<u8> = values(view.range(T, b"", None, 9).unwrap());
        assert_eq!(all, [20, 25, 30, 4]);
        settled.extend(pending);
        let writes = settled.take();
        assert_eq!(writes.len(), 5);
        assert!(settled.is_empty());
    }

    proptest! {
        #[test]
        fn a_range_is_what_one_map_of_all_rows_gives(
            stored in rows(0..1),
            settled in rows(1..9),
            pending in rows(1..9),
            from in 0_u8..20,
            to in proptest::option::of(0_u8..20),
            limit in 0_usize..20,
        ) {
            let log = MemoryLog::new(Origin::first("MK-1".parse().unwrap()));
            let mut all = BTreeMap::new();
            let rows = stored.keys().map(|key| ([*key], *key));
            let rows: Vec<([u8; 1], u8)> = rows.collect();
            let slices: Vec<(&[u8], u8)> = rows.iter().map(|(k, v)| (&k[..], *v)).collect();
            all.extend(rows.iter().copied());
            let mut index = index(&slices);
            let (none, mut older, mut newer) = Default::default();
            let mut view = View::new(&index, &log, &none, &mut older);
            write(&mut view, &mut all, &settled);
            let mut view = View::new(&index, &log, &older, &mut newer);
            write(&mut view, &mut all, &pending);
            let to = to.map(|to| [to]);
            let found: Vec<(Vec<u8>, u8)> = view
                .range(T, &[from], to.as_ref().map(|to| &to[..]), limit)
                .unwrap();
            let within = |key: &u8| *key >= from && to.is_none_or(|[to]| *key < to);
            let expected = all.iter().filter(|([key], _)| within(key)).take(limit);
            let expected: Vec<_> = expected.map(|(key, row)| (key.to_vec(), *row)).collect();
            prop_assert_eq!(found, expected);
            older.extend(newer);
            index.apply(older.take(), index.applied().unwrap().unwrap()).unwrap();
            let all: Vec<_> = all.iter().map(|(key, row)| (key.to_vec(), *row)).collect();
            prop_assert_eq!(all_rows(&index), all);
        }
    }

    #[test]
    fn what_is_added_and_removed_before_the_index_gets_it_is_never_written() {
        let index = index(&[(b"a", 1)]);
        let log = MemoryLog::new(Origin::first("MK-1".parse().unwrap()));
        let (none, mut settled, mut pending) = Default::default();
        let mut view = View::new(&index, &log, &none, &mut settled);
        view.delete(T, b"a".to_vec());
        view.add(T, b"a".to_vec(), 2_u8);
        view.add(T, b"b".to_vec(), 3_u8);
        view.put(T, b"b".to_vec(), 4_u8);
        let mut view = View::new(&index, &log, &settled, &mut pending);
        view.delete(T, b"a".to_vec());
        view.delete(T, b"b".to_vec());
        settled.extend(pending);
        let (table, key) = (T, b"a".to_vec());
        assert_eq!(settled.take(), [IndexWrite::Delete { table, key }]);
    }

    #[test]
    fn what_was_written_since_a_place_can_be_taken_back() {
        let index = index(&[(b"a", 1)]);
        let log = MemoryLog::new(Origin::first("MK-1".parse().unwrap()));
        let (none, mut pending) = (Pending::default(), Pending::default());
        let mut view = View::new(&index, &log, &none, &mut pending);
        view.put(T, b"b".to_vec(), 2_u8);
        let outer = view.remember();
        view.put(T, b"b".to_vec(), 3_u8);
        let inner = view.remember();
        view.delete(T, b"a".to_vec());
        view.put(T, b"b".to_vec(), 4_u8);
        view.put(T, b"c".to_vec(), 5_u8);
        view.take_back(inner);
        let rows = |view: &View<'_>| {
            let rows: Vec<(Vec<u8>, u8)> = view.range(T, b"", None, 9).unwrap();
            rows.into_iter().map(|(_, value)| value).collect::<Vec<_>>()
        };
        assert_eq!(rows(&view), [1, 3]);
        view.take_back(outer);
        assert_eq!(rows(&view), [1, 2]);
        view.settle();
        view.put(T, b"b".to_vec(), 9_u8);
        assert_eq!(rows(&view), [1, 9]);
        assert_eq!(pending.len(), 1);
    }

    #[test]
    fn a_row_of_another_type_is_damage() {
        let index = index(&[]);
        let log = MemoryLog::new(Origin::first("MK-1".parse().unwrap()));
        let (none, mut pending) = (Pending::default(), Pending::default());
        let mut view = View::new(&index, &log, &none, &mut pending);
        view.put(T, b"a".to_vec(), 1_u8);
        assert_eq!(view.row::<u64>(T, b"a"), Err(IndexError::Damaged));
    }

    #[test]
    fn the_end_of_a_prefix_is_the_next_key() {
        assert_eq!(after_prefix(&[1, 2]), Some(vec![1, 3]));
        assert_eq!(after_prefix(&[1, 255]), Some(vec![2]));
        assert_eq!(after_prefix(&[255]), None);
    }
}
