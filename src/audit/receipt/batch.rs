//! Receipts under one checkpoint, as they travel and are kept: what they have in common once, and
//! of each what is its own. Every one of them can be taken out and stands alone.

use std::collections::HashMap;

use super::super::layout::{Reader, put_short};
use super::super::{
    ORIGIN_LEN, Opening, Origin, SIGNED_CHECKPOINT_LEN, SignedCheckpoint, Statement,
};
use super::{MAX_PATH_LEN, Receipt, ReceiptError};
use crate::base::Digest;

/// The version of the layout.
const VERSION: u8 = 1;

/// The most receipts in a batch. Their paths have fewer than 65,536 nodes together.
pub const MAX_BATCH: usize = 512;

/// What receipts under one checkpoint have in common.
///
/// Layout: origin 13 ‖ checkpoint 3,413 ‖ nodes u16 count, 32 each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommonProof {
    /// The checkpoint of the group in which the entries were written.
    pub checkpoint: SignedCheckpoint,
    /// The nodes of the tree that the paths consist of, each once.
    nodes: Vec<Digest>,
}

/// What one receipt has of its own.
///
/// Layout: index u64 ‖ entry u16 length ‖ salt 32 ‖ statement u16 length ‖ path u8 count, the
/// number of a node u16 each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptItem {
    /// Where the entry stands in the log.
    pub index: u64,
    /// The entry's bytes.
    pub entry: Vec<u8>,
    /// What opens the entry's commitment.
    pub opening: Opening,
    path: Vec<u16>,
}

/// Receipts under one checkpoint, at most [`MAX_BATCH`].
///
/// Layout: version u8 ‖ common ‖ items u16 count, each. The nodes stand in the order in which the
/// paths first use them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptBatch {
    /// What they have in common.
    pub common: CommonProof,
    /// The receipts.
    pub items: Vec<ReceiptItem>,
}

impl CommonProof {
    /// The bytes.
    pub fn encode(&self) -> Vec<u8> {
        let len = ORIGIN_LEN + SIGNED_CHECKPOINT_LEN + 2 + 32 * self.nodes.len();
        let mut out = Vec::with_capacity(len);
        out.extend_from_slice(&self.checkpoint.checkpoint.origin.to_bytes());
        out.extend_from_slice(&self.checkpoint.encode());
        put_count(&mut out, self.nodes.len());
        for node in &self.nodes {
            out.extend_from_slice(node.as_bytes());
        }
        out
    }

    /// Reads the bytes from the front of `bytes`, and gives what follows.
    ///
    /// # Errors
    /// [`ReceiptError`], by the first field at fault.
    pub fn decode_front(bytes: &[u8]) -> Result<(Self, &[u8]), ReceiptError> {
        let mut reader = Reader::new(bytes);
        let origin = Origin::from_bytes(reader.array()?).map_err(|_| ReceiptError::Origin)?;
        let checkpoint = SignedCheckpoint::decode(origin, reader.slice(SIGNED_CHECKPOINT_LEN)?)
            .map_err(|_| ReceiptError::TooShort)?;
        let count = usize::from(reader.u16()?);
        let nodes = reader.slice(32 * count)?.chunks_exact(32);
        let nodes = nodes.map(|node| Digest::try_from(node).map_err(|_| ReceiptError::TooShort));
        let common = Self {
            checkpoint,
            nodes: nodes.collect::<Result<_, _>>()?,
        };
        Ok((common, reader.rest()))
    }

    /// The whole receipt; nothing if `item` is not one of this batch.
    pub fn receipt(&self, item: &ReceiptItem) -> Option<Receipt> {
        let node = |number: &u16| self.nodes.get(usize::from(*number)).copied();
        Some(Receipt {
            origin: self.checkpoint.checkpoint.origin,
            entry: item.entry.clone(),
            opening: item.opening,
            index: item.index,
            path: item.path.iter().map(node).collect::<Option<_>>()?,
            checkpoint: self.checkpoint.clone(),
        })
    }
}

impl ReceiptItem {
    /// Appends the bytes.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.index.to_be_bytes());
        put_short(out, &self.entry);
        out.extend_from_slice(&self.opening.salt);
        put_short(out, &self.opening.statement.encode());
        out.push(u8::try_from(self.path.len()).expect("a path has at most 64 nodes"));
        for number in &self.path {
            out.extend_from_slice(&number.to_be_bytes());
        }
    }

    /// Reads the bytes of one item, and nothing else.
    ///
    /// # Errors
    /// [`ReceiptError`], by the first field at fault.
    pub fn decode(bytes: &[u8]) -> Result<Self, ReceiptError> {
        let mut reader = Reader::new(bytes);
        let item = Self::read(&mut reader)?;
        match reader.is_empty() {
            true => Ok(item),
            false => Err(ReceiptError::TooLong),
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, ReceiptError> {
        let index = reader.u64()?;
        let entry = reader.short()?.to_vec();
        let opening = Opening {
            salt: reader.array()?,
            statement: Statement::decode(reader.short()?)?,
        };
        let count = usize::from(reader.u8()?);
        if count > MAX_PATH_LEN {
            return Err(ReceiptError::Path);
        }
        let mut path = Vec::with_capacity(count);
        for _ in 0..count {
            path.push(reader.u16()?);
        }
        Ok(Self {
            index,
            entry,
            opening,
            path,
        })
    }
}

impl ReceiptBatch {
    /// The receipts in batches, those under one checkpoint together and in order. The batches stand
    /// in the order of their first receipts.
    pub fn of(receipts: &[Receipt]) -> Vec<Self> {
        let mut open: Vec<(Self, HashMap<Digest, u16>)> = Vec::new();
        for receipt in receipts {
            let fits = |(batch, _): &(Self, HashMap<Digest, u16>)| {
                batch.common.checkpoint == receipt.checkpoint && batch.items.len() < MAX_BATCH
            };
            let at = open.iter().rposition(fits).unwrap_or_else(|| {
                let common = CommonProof {
                    checkpoint: receipt.checkpoint.clone(),
                    nodes: Vec::new(),
                };
                let items = Vec::new();
                open.push((Self { common, items }, HashMap::new()));
                open.len() - 1
            });
            let (batch, numbers) = &mut open[at];
            batch.push(receipt, numbers);
        }
        open.into_iter().map(|(batch, _)| batch).collect()
    }

    fn push(&mut self, receipt: &Receipt, numbers: &mut HashMap<Digest, u16>) {
        let nodes = &mut self.common.nodes;
        let number = |node: &Digest| {
            *numbers.entry(*node).or_insert_with(|| {
                nodes.push(*node);
                u16::try_from(nodes.len() - 1).expect("a batch has few nodes")
            })
        };
        let path = receipt.path.iter().map(number).collect();
        self.items.push(ReceiptItem {
            index: receipt.index,
            entry: receipt.entry.clone(),
            opening: receipt.opening,
            path,
        });
    }

    /// The whole receipts, in order.
    ///
    /// # Panics
    /// Never: nothing makes a batch whose paths have nodes that it lacks.
    pub fn receipts(&self) -> impl Iterator<Item = Receipt> {
        let whole = |item| self.common.receipt(item);
        let whole = move |item| whole(item).expect("a batch has the nodes of its paths");
        self.items.iter().map(whole)
    }

    /// The bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = vec![VERSION];
        out.extend_from_slice(&self.common.encode());
        put_count(&mut out, self.items.len());
        for item in &self.items {
            item.write(&mut out);
        }
        out
    }

    /// Reads the bytes of a batch. Its receipts prove nothing until they are verified.
    ///
    /// # Errors
    /// [`ReceiptError`], by the first field at fault: also for no receipt, for more than
    /// [`MAX_BATCH`], and for nodes that are missing, doubled, unused or in another order.
    pub fn decode(bytes: &[u8]) -> Result<Self, ReceiptError> {
        let (version, rest) = bytes.split_first().ok_or(ReceiptError::TooShort)?;
        if *version != VERSION {
            return Err(ReceiptError::Version(*version));
        }
        let (common, rest) = CommonProof::decode_front(rest)?;
        let mut reader = Reader::new(rest);
        let count = usize::from(reader.u16()?);
        if !(1..=MAX_BATCH).contains(&count) {
            return Err(ReceiptError::Count);
        }
        let mut items = Vec::with_capacity(count);
        for _ in 0..count {
            items.push(ReceiptItem::read(&mut reader)?);
        }
        if !reader.is_empty() {
            return Err(ReceiptError::TooLong);
        }
        let batch = Self { common, items };
        batch.in_order().then_some(batch).ok_or(ReceiptError::Path)
    }

    /// Whether the nodes are all different, all used, and in the order of their first use.
    fn in_order(&self) -> bool {
        let nodes = &self.common.nodes;
        let mut used = 0;
        for number in self.items.iter().flat_map(|item| &item.path) {
            match usize::from(*number) {
                number if number < used => (),
                number if number == used => used += 1,
                _ => return false,
            }
        }
        let different: std::collections::HashSet<&Digest> = nodes.iter().collect();
        used == nodes.len() && different.len() == used
    }
}

fn put_count(out: &mut Vec<u8>, count: usize) {
    let count = u16::try_from(count).expect("what a batch counts is bounded");
    out.extend_from_slice(&count.to_be_bytes());
}
