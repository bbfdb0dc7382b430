//! Merkle trees as in RFC 6962 § 2.1, over leaves that are already hashed: roots, inclusion paths
//! and their verification. The audit log and the group of messages under one signature share them.

use super::Digest;

/// The hash of a leaf: SHA-256(0x00 ‖ data).
pub fn leaf_hash(data: &[u8]) -> Digest {
    Digest::of_parts(&[&[0], data])
}

/// The hash of an inner node: SHA-256(0x01 ‖ left ‖ right).
pub fn node_hash(left: &Digest, right: &Digest) -> Digest {
    Digest::of_parts(&[&[1], left.as_bytes(), right.as_bytes()])
}

/// The root over `leaves`; of none, the digest of nothing.
pub fn root(leaves: &[Digest]) -> Digest {
    match leaves {
        [] => Digest::EMPTY,
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node_hash(&root(left), &root(right))
        }
    }
}

/// The inclusion path of the leaf at `index`, lowest sibling first.
///
/// # Panics
/// If `index` is not below the number of leaves.
pub fn inclusion_path(leaves: &[Digest], index: usize) -> Vec<Digest> {
    assert!(index < leaves.len(), "the leaf is in the tree");
    if leaves.len() == 1 {
        return Vec::new();
    }
    let (left, right) = leaves.split_at(split(leaves.len()));
    if index < left.len() {
        let mut path = inclusion_path(left, index);
        path.push(root(right));
        path
    } else {
        let mut path = inclusion_path(right, index - left.len());
        path.push(root(left));
        path
    }
}

/// The root over `leaves` and the inclusion path of each, in as many hashes as the tree has inner
/// nodes.
pub fn inclusion_paths(leaves: &[Digest]) -> (Digest, Vec<Vec<Digest>>) {
    let mut paths = vec![Vec::new(); leaves.len()];
    (extend_paths(leaves, &mut paths), paths)
}

/// Extends the path of each leaf up to the root over all of them, and gives that root.
fn extend_paths(leaves: &[Digest], paths: &mut [Vec<Digest>]) -> Digest {
    match leaves {
        [] => Digest::EMPTY,
        [leaf] => *leaf,
        _ => {
            let middle = split(leaves.len());
            let (left_paths, right_paths) = paths.split_at_mut(middle);
            let left = extend_paths(&leaves[..middle], left_paths);
            let right = extend_paths(&leaves[middle..], right_paths);
            left_paths.iter_mut().for_each(|path| path.push(right));
            right_paths.iter_mut().for_each(|path| path.push(left));
            node_hash(&left, &right)
        }
    }
}

/// The root that a path leads to from a leaf (RFC 9162 § 2.1.3.2), or nothing where the path
/// does not fit a leaf at `index` in a tree of `size`.
pub fn root_from_inclusion(
    leaf: &Digest,
    index: u64,
    size: u64,
    path: &[Digest],
) -> Option<Digest> {
    if index >= size {
        return None;
    }
    let (mut node, mut last, mut hash) = (index, size - 1, *leaf);
    for sibling in path {
        if last == 0 {
            return None;
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(sibling, &hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    (last == 0).then_some(hash)
}

/// The largest power of two below `n`, for `n` of at least 2.
fn split(n: usize) -> usize {
    1 << (usize::BITS - 1 - (n - 1).leading_zeros())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(n: usize) -> Vec<Digest> {
        (0..n).map(|i| leaf_hash(&i.to_be_bytes())).collect()
    }

    #[test]
    fn every_leaf_of_every_small_tree_is_proved_and_nothing_else() {
        for size in 1..=64 {
            let leaves = leaves(size);
            let root = root(&leaves);
            for index in 0..size {
                let path = inclusion_path(&leaves, index);
                for claimed in 0..size {
                    let found =
                        root_from_inclusion(&leaves[index], claimed as u64, size as u64, &path);
                    assert_eq!(found == Some(root), claimed == index, "{index}/{size}");
                }
            }
        }
    }

    #[test]
    fn all_paths_together_are_what_each_is_alone() {
        for size in 0..=70 {
            let leaves = leaves(size);
            let (found, paths) = inclusion_paths(&leaves);
            assert_eq!(found, root(&leaves));
            let alone: Vec<_> = (0..size).map(|at| inclusion_path(&leaves, at)).collect();
            assert_eq!(paths, alone);
        }
    }

    #[test]
    fn a_path_that_is_too_long_or_too_short_proves_nothing() {
        let leaves = leaves(7);
        let root = root(&leaves);
        let path = inclusion_path(&leaves, 3);
        let mut long = path.clone();
        long.push(root);
        assert_eq!(root_from_inclusion(&leaves[3], 3, 7, &long), None);
        assert_eq!(root_from_inclusion(&leaves[3], 3, 7, &path[1..]), None);
        assert_eq!(root_from_inclusion(&leaves[3], 7, 7, &path), None);
    }
}
