//! A growing Merkle tree (RFC 6962) that answers for every size it ever had, and the check of
//! its proofs (RFC 9162 § 2.1).

use crate::base::{
    Digest,
    merkle::{self, node_hash},
};

/// A level that is full gets room for this part of what it has: doubling would leave up to 64 bytes
/// a leaf unused.
const GROWN_BY: usize = 8;

/// The log's tree, with every complete subtree's hash kept: two digests a leaf. Roots and proofs
/// of any size up to the present one take a number of steps that grows with its logarithm.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    /// `levels[k][i]` is the hash over leaves `i << k .. (i + 1) << k`.
    levels: Vec<Vec<Digest>>,
}

impl Tree {
    /// An empty tree.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many leaves there are.
    pub fn size(&self) -> u64 {
        self.levels.first().map_or(0, |leaves| leaves.len() as u64)
    }

    /// Appends a leaf by its hash.
    pub fn append(&mut self, leaf: Digest) {
        let mut hash = leaf;
        let mut level = 0;
        loop {
            if level == self.levels.len() {
                self.levels.push(Vec::new());
            }
            let nodes = &mut self.levels[level];
            if nodes.len() == nodes.capacity() {
                nodes.reserve_exact(nodes.len() / GROWN_BY + 16);
            }
            nodes.push(hash);
            if nodes.len() % 2 == 1 {
                return;
            }
            hash = node_hash(&nodes[nodes.len() - 2], &nodes[nodes.len() - 1]);
            level += 1;
        }
    }

    /// Forgets all leaves from `size` on.
    pub fn truncate(&mut self, size: u64) {
        for (level, nodes) in self.levels.iter_mut().enumerate() {
            nodes.truncate(index(size >> level));
        }
        self.levels.retain(|nodes| !nodes.is_empty());
    }

    /// The hash of the leaf at `index`.
    pub fn leaf(&self, index: u64) -> Option<Digest> {
        self.node(0, index)
    }

    /// The hash of the complete subtree over leaves `position << level .. (position + 1) << level`.
    pub fn node(&self, level: u32, position: u64) -> Option<Digest> {
        let nodes = self.levels.get(usize::try_from(level).ok()?)?;
        nodes.get(usize::try_from(position).ok()?).copied()
    }

    /// The root over all leaves.
    pub fn root(&self) -> Digest {
        self.span(0, self.size())
    }

    /// The root when there were `size` leaves; nothing if there never were as many.
    pub fn root_at(&self, size: u64) -> Option<Digest> {
        (size <= self.size()).then(|| self.span(0, size))
    }

    /// The inclusion path of the leaf at `index` in the tree of `size`, lowest sibling first
    /// (RFC 6962 § 2.1.1); nothing unless `index < size` and there are as many leaves.
    pub fn inclusion(&self, index: u64, size: u64) -> Option<Vec<Digest>> {
        if index >= size || size > self.size() {
            return None;
        }
        let mut path = Vec::new();
        let (mut from, mut to) = (0, size);
        while to - from > 1 {
            let middle = from + split(to - from);
            if index < middle {
                path.push(self.span(middle, to));
                to = middle;
            } else {
                path.push(self.span(from, middle));
                from = middle;
            }
        }
        path.reverse();
        Some(path)
    }

    /// The proof that the tree of `old` leaves is a prefix of that of `new` (RFC 6962 § 2.1.2);
    /// nothing unless `1 ≤ old ≤ new` and there are as many leaves.
    pub fn consistency(&self, old: u64, new: u64) -> Option<Vec<Digest>> {
        if old == 0 || old > new || new > self.size() {
            return None;
        }
        let mut proof = Vec::new();
        let (mut from, mut to) = (0, new);
        while old != to {
            let middle = from + split(to - from);
            if old <= middle {
                proof.push(self.span(middle, to));
                to = middle;
            } else {
                proof.push(self.span(from, middle));
                from = middle;
            }
        }
        if from > 0 {
            proof.push(self.span(from, to));
        }
        proof.reverse();
        Some(proof)
    }

    /// The hash over leaves `from..to`, where `from` is a multiple of the least power of two
    /// that is not below their number.
    fn span(&self, from: u64, to: u64) -> Digest {
        let count = to - from;
        if count == 0 {
            return Digest::EMPTY;
        }
        if count.is_power_of_two() {
            let level = count.trailing_zeros();
            return self
                .node(level, from >> level)
                .expect("a complete subtree within the tree has its hash stored");
        }
        let middle = from + split(count);
        node_hash(&self.span(from, middle), &self.span(middle, to))
    }
}

impl Extend<Digest> for Tree {
    fn extend<T: IntoIterator<Item = Digest>>(&mut self, leaves: T) {
        leaves.into_iter().for_each(|leaf| self.append(leaf));
    }
}

/// Whether `path` proves that the leaf stands at `index` in the tree of `size` with `root`.
pub fn verify_inclusion(
    leaf: &Digest,
    index: u64,
    size: u64,
    path: &[Digest],
    root: &Digest,
) -> bool {
    merkle::root_from_inclusion(leaf, index, size, path).as_ref() == Some(root)
}

/// Whether `proof` proves that the tree of `old` leaves with `old_root` is a prefix of that of
/// `new` with `new_root` (RFC 9162 § 2.1.4.2). An empty tree is a prefix of every tree and needs
/// an empty proof.
pub fn verify_consistency(
    old: u64,
    old_root: &Digest,
    new: u64,
    new_root: &Digest,
    proof: &[Digest],
) -> bool {
    if old == 0 {
        return proof.is_empty() && *old_root == Digest::EMPTY;
    }
    if old == new {
        return proof.is_empty() && old_root == new_root;
    }
    if old > new {
        return false;
    }
    let mut rest = proof.iter();
    let seed = if old.is_power_of_two() {
        Some(old_root)
    } else {
        rest.next()
    };
    let Some(seed) = seed else { return false };
    let (mut node, mut last) = (old - 1, new - 1);
    while node & 1 == 1 {
        node >>= 1;
        last >>= 1;
    }
    let (mut old_hash, mut new_hash) = (*seed, *seed);
    for sibling in rest {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            old_hash = node_hash(sibling, &old_hash);
            new_hash = node_hash(sibling, &new_hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            new_hash = node_hash(&new_hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && old_hash == *old_root && new_hash == *new_root
}

/// The largest power of two below `n`, for `n` of at least 2.
fn split(n: u64) -> u64 {
    1 << (n - 1).ilog2()
}

/// As many leaves as are counted here fit in memory, so their number fits an index.
fn index(n: u64) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use tlog_tiles::tlog::{self, Hash, HashReader};

    use super::*;

    const LEAVES: u64 = 256;

    /// The oracle's storage: a flat list of hashes in its own order.
    struct Oracle(Vec<Hash>);

    impl HashReader for Oracle {
        fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, tlog::Error> {
            Ok(indexes.iter().map(|i| self.0[*i as usize]).collect())
        }
    }

    fn both() -> (Tree, Oracle) {
        let mut tree = Tree::new();
        let mut oracle = Oracle(Vec::new());
        for i in 0..LEAVES {
            let data = format!("leaf {i}");
            tree.append(merkle::leaf_hash(data.as_bytes()));
            let hashes = tlog::stored_hashes(i, data.as_bytes(), &oracle).unwrap();
            oracle.0.extend(hashes);
        }
        (tree, oracle)
    }

    fn raw(hash: Hash) -> Digest {
        Digest::from_bytes(hash.0)
    }

    #[test]
    fn roots_and_inclusion_proofs_agree_with_the_oracle_to_256_leaves() {
        let (tree, oracle) = both();
        for size in 1..=LEAVES {
            let root = tree.root_at(size).unwrap();
            assert_eq!(root, raw(tlog::tree_hash(size, &oracle).unwrap()));
            for index in 0..size {
                let path = tree.inclusion(index, size).unwrap();
                let expected = tlog::prove_record(size, index, &oracle).unwrap();
                assert_eq!(path, expected.into_iter().map(raw).collect::<Vec<_>>());
                let leaf = tree.leaf(index).unwrap();
                assert!(verify_inclusion(&leaf, index, size, &path, &root));
                assert!(!verify_inclusion(&root, index, size, &path, &root) || size == 1);
            }
            assert_eq!(tree.inclusion(size, size), None);
        }
        assert_eq!(tree.inclusion(0, LEAVES + 1), None);
    }

    #[test]
    fn consistency_proofs_agree_with_the_oracle_to_256_leaves() {
        let (tree, oracle) = both();
        for new in 1..=LEAVES {
            let new_root = tree.root_at(new).unwrap();
            for old in 1..=new {
                let old_root = tree.root_at(old).unwrap();
                let proof = tree.consistency(old, new).unwrap();
                let expected = tlog::prove_tree(new, old, &oracle).unwrap();
                assert_eq!(proof, expected.into_iter().map(raw).collect::<Vec<_>>());
                assert!(verify_consistency(old, &old_root, new, &new_root, &proof));
            }
            assert_eq!(tree.consistency(new + 1, new), None);
        }
        assert_eq!(tree.consistency(0, 5), None);
        assert_eq!(tree.consistency(1, LEAVES + 1), None);
    }

    #[test]
    fn a_changed_consistency_proof_proves_nothing() {
        let (tree, _) = both();
        for new in 1..=40 {
            let new_root = tree.root_at(new).unwrap();
            for old in 1..=new {
                let old_root = tree.root_at(old).unwrap();
                let proof = tree.consistency(old, new).unwrap();
                for at in 0..proof.len() {
                    let mut changed = proof.clone();
                    changed[at] = Digest::EMPTY;
                    assert!(!verify_consistency(
                        old, &old_root, new, &new_root, &changed
                    ));
                    changed.remove(at);
                    assert!(!verify_consistency(
                        old, &old_root, new, &new_root, &changed
                    ));
                }
                let mut long = proof.clone();
                long.push(Digest::EMPTY);
                assert!(!verify_consistency(old, &old_root, new, &new_root, &long));
                let other = Digest::of(b"other");
                assert!(!verify_consistency(old, &other, new, &new_root, &proof));
                assert!(!verify_consistency(old, &old_root, new, &other, &proof));
            }
        }
    }

    #[test]
    fn a_proof_holds_for_no_other_pair_of_sizes() {
        let (tree, _) = both();
        let root = |size| tree.root_at(size).unwrap();
        for new in 1..=24 {
            for old in 1..=new {
                let proof = tree.consistency(old, new).unwrap();
                for claimed in 1..=30 {
                    let holds = verify_consistency(claimed, &root(old), new, &root(new), &proof);
                    assert_eq!(holds, claimed == old, "{old} of {new} as {claimed}");
                }
            }
        }
    }

    #[test]
    fn an_empty_tree_is_a_prefix_of_every_tree() {
        let (tree, _) = both();
        let root = tree.root();
        assert!(verify_consistency(0, &Digest::EMPTY, LEAVES, &root, &[]));
        assert!(!verify_consistency(0, &root, LEAVES, &root, &[]));
        assert!(!verify_consistency(
            0,
            &Digest::EMPTY,
            LEAVES,
            &root,
            &[root]
        ));
        assert!(!verify_consistency(2, &root, 1, &root, &[]));
        assert_eq!(Tree::new().root(), Digest::EMPTY);
        assert_eq!(Tree::new().root_at(1), None);
    }

    #[test]
    fn a_truncated_tree_grows_again_as_if_nothing_had_been() {
        let (tree, _) = both();
        for size in 0..=LEAVES {
            let mut cut = tree.clone();
            cut.truncate(size);
            assert_eq!(cut.size(), size);
            assert_eq!(Some(cut.root()), tree.root_at(size));
            cut.extend((size..LEAVES).map(|i| tree.leaf(i).unwrap()));
            assert_eq!(cut.root(), tree.root());
        }
    }
}
