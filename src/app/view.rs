//! What decisions read: the index with all that is not in it yet laid over it.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::store::{Index, IndexError, IndexWrite, Table};

/// Writes that the index has not applied yet.
#[derive(Debug, Default)]
pub struct Pending {
    writes: BTreeMap<(Table, Vec<u8>), Option<Vec<u8>>>,
}

impl Pending {
    /// The writes, for the index to apply in one batch; nothing is pending afterwards.
    pub fn take(&mut self) -> Vec<IndexWrite> {
        std::mem::take(&mut self.writes)
            .into_iter()
            .map(|((table, key), value)| match value {
                Some(value) => IndexWrite::Put { table, key, value },
                None => IndexWrite::Delete { table, key },
            })
            .collect()
    }

    /// How many writes are pending.
    pub fn len(&self) -> usize {
        self.writes.len()
    }

    /// Whether nothing is pending.
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }
}

/// The index under its pending writes.
pub struct View<'a> {
    index: &'a dyn Index,
    pending: &'a mut Pending,
}

impl<'a> View<'a> {
    /// Lays `pending` over `index`.
    pub fn new(index: &'a dyn Index, pending: &'a mut Pending) -> Self {
        Self { index, pending }
    }

    /// How many entries of the log the index has applied, without what is pending.
    ///
    /// # Errors
    /// Whatever the index gives.
    pub fn applied(&self) -> Result<u64, IndexError> {
        Ok(self.index.applied()?.map_or(0, |applied| applied.size))
    }

    /// The row under `key`.
    ///
    /// # Errors
    /// Whatever the index gives; [`IndexError::Damaged`] for a row that does not decode.
    pub fn row<T: DeserializeOwned>(
        &self,
        table: Table,
        key: &[u8],
    ) -> Result<Option<T>, IndexError> {
        let bytes = match self.pending.writes.get(&(table, key.to_vec())) {
            Some(pending) => pending.clone(),
            None => self.index.get(table, key)?,
        };
        bytes.map(|bytes| decode(&bytes)).transpose()
    }

    /// Writes a row.
    pub fn put<T: Serialize>(&mut self, table: Table, key: Vec<u8>, row: &T) {
        let value = serde_json::to_vec(row).expect("rows have text keys and finite numbers");
        self.pending.writes.insert((table, key), Some(value));
    }

    /// Removes a row.
    pub fn delete(&mut self, table: Table, key: Vec<u8>) {
        self.pending.writes.insert((table, key), None);
    }

    /// The rows from `from` (included) up to `to` (not), in order, at most `limit`.
    ///
    /// # Errors
    /// Whatever the index gives; [`IndexError::Damaged`] for a row that does not decode.
    pub fn range<T: DeserializeOwned>(
        &self,
        table: Table,
        from: &[u8],
        to: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<(Vec<u8>, T)>, IndexError> {
        let begin = (table, from.to_vec());
        let laid_over: BTreeMap<&Vec<u8>, &Option<Vec<u8>>> = self
            .pending
            .writes
            .range(begin..)
            .take_while(|((t, key), _)| *t == table && to.is_none_or(|to| key.as_slice() < to))
            .map(|((_, key), value)| (key, value))
            .collect();
        let deleted = laid_over.values().filter(|value| value.is_none()).count();
        let stored = self
            .index
            .range(table, from, to, limit.saturating_add(deleted))?;
        let mut rows: BTreeMap<Vec<u8>, Vec<u8>> = stored.into_iter().collect();
        for (key, value) in laid_over {
            match value {
                Some(value) => {
                    rows.insert(key.clone(), value.clone());
                }
                None => {
                    rows.remove(key);
                }
            }
        }
        rows.into_iter()
            .take(limit)
            .map(|(key, value)| Ok((key, decode(&value)?)))
            .collect()
    }

    /// The rows whose key begins with `prefix`, in order, at most `limit`.
    ///
    /// # Errors
    /// As [`View::range`].
    pub fn prefix<T: DeserializeOwned>(
        &self,
        table: Table,
        prefix: &[u8],
        limit: usize,
    ) -> Result<Vec<(Vec<u8>, T)>, IndexError> {
        let end = after_prefix(prefix);
        self.range(table, prefix, end.as_deref(), limit)
    }
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

fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, IndexError> {
    serde_json::from_slice(bytes).map_err(|_| IndexError::Damaged)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Applied, MemoryIndex};

    const T: Table = Table("t");

    #[test]
    fn pending_writes_lie_over_the_index() {
        let mut index = MemoryIndex::default();
        let put = |key: &[u8], value: u8| IndexWrite::Put {
            table: T,
            key: key.to_vec(),
            value: serde_json::to_vec(&value).unwrap(),
        };
        let applied = Applied {
            size: 1,
            root: crate::base::Digest::EMPTY,
            version: 1,
        };
        index
            .apply(vec![put(b"a", 1), put(b"b", 2), put(b"c", 3)], applied)
            .unwrap();
        let mut pending = Pending::default();
        let mut view = View::new(&index, &mut pending);
        view.delete(T, b"a".to_vec());
        view.put(T, b"b".to_vec(), &20);
        view.put(T, b"bb".to_vec(), &25);
        assert_eq!(view.row::<u8>(T, b"a").unwrap(), None);
        assert_eq!(view.row::<u8>(T, b"b").unwrap(), Some(20));
        let rows: Vec<u8> = view
            .range(T, b"", None, 2)
            .unwrap()
            .into_iter()
            .map(|(_, v)| v)
            .collect();
        assert_eq!(rows, [20, 25]);
        let rows: Vec<u8> = view
            .prefix(T, b"b", 9)
            .unwrap()
            .into_iter()
            .map(|(_, v)| v)
            .collect();
        assert_eq!(rows, [20, 25]);
    }

    #[test]
    fn the_end_of_a_prefix_is_the_next_key() {
        assert_eq!(after_prefix(&[1, 2]), Some(vec![1, 3]));
        assert_eq!(after_prefix(&[1, 255]), Some(vec![2]));
        assert_eq!(after_prefix(&[255]), None);
    }
}
