//! Where C2SP `tlog-tiles` puts entries and tree: tiles of 256 hashes, eight levels a step.

use crate::audit::Tree;

/// How many hashes or entries a full tile holds.
pub(super) const FULL: u64 = 256;

/// The levels of the tree that one level of tiles steps over.
const STEP: u32 = 8;

/// A tile: its number in its level, and how much it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tile {
    /// The level of tiles; the leaves' hashes are on level 0.
    pub(super) level: u32,
    /// Its number in the level.
    pub(super) number: u64,
    /// How many hashes it holds, at most [`FULL`].
    pub(super) width: u64,
}

impl Tile {
    /// Its path.
    pub(super) fn path(self) -> String {
        format!(
            "tile/{}/{}",
            self.level,
            number_path(self.number, self.width)
        )
    }

    /// The path of the entries whose hashes are in a tile of level 0.
    pub(super) fn entries_path(self) -> String {
        format!("tile/entries/{}", number_path(self.number, self.width))
    }

    /// What it holds: hashes of 32 bytes, one after another.
    pub(super) fn content(self, tree: &Tree) -> Vec<u8> {
        let first = self.number * FULL;
        (first..first + self.width)
            .filter_map(|position| tree.node(self.level * STEP, position))
            .flat_map(|hash| *hash.as_bytes())
            .collect()
    }

    /// The index of the first entry under the hash at a byte of its content.
    pub(super) fn first_entry(self, offset: u64) -> u64 {
        (self.number * FULL + offset / 32) << (self.level * STEP)
    }
}

/// The tiles of a level in a tree of `size`, the partial one last.
pub(super) fn level(level: u32, size: u64) -> impl Iterator<Item = Tile> {
    let hashes = size.checked_shr(level * STEP).unwrap_or(0);
    (0..hashes.div_ceil(FULL)).map(move |number| Tile {
        level,
        number,
        width: (hashes - number * FULL).min(FULL),
    })
}

/// All tiles of a tree of `size`, level by level.
pub(super) fn all(size: u64) -> impl Iterator<Item = Tile> {
    (0..u64::BITS / STEP).flat_map(move |at| level(at, size))
}

/// The number in groups of three digits, all but the last after an `x`, and the width of a
/// partial tile.
fn number_path(number: u64, width: u64) -> String {
    let mut path = format!("{:03}", number % 1000);
    let mut rest = number / 1000;
    while rest > 0 {
        path = format!("x{:03}/{path}", rest % 1000);
        rest /= 1000;
    }
    if width < FULL {
        path.push_str(&format!(".p/{width}"));
    }
    path
}

#[cfg(test)]
mod tests {
    use tlog_tiles::tile;
    use tlog_tiles::tlog::{self, Hash, HashReader};

    use super::*;
    use crate::base::merkle;

    struct Oracle(Vec<Hash>);

    impl HashReader for Oracle {
        fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, tlog::Error> {
            Ok(indexes.iter().map(|i| self.0[*i as usize]).collect())
        }
    }

    fn oracle(tile: Tile) -> tile::Tile {
        let width = u32::try_from(tile.width).unwrap();
        tile::Tile::new(
            8,
            u8::try_from(tile.level).unwrap(),
            tile.number,
            width,
            false,
        )
    }

    #[test]
    fn paths_agree_with_the_oracle() {
        for number in [0, 1, 67, 999, 1000, 1_234_067] {
            for width in [1, 255, 256] {
                for level in [0, 3] {
                    let tile = Tile {
                        level,
                        number,
                        width,
                    };
                    // The oracle names the height, too.
                    let expected = oracle(tile).path().replacen("tile/8/", "tile/", 1);
                    assert_eq!(tile.path(), expected);
                }
            }
        }
        let tile = Tile {
            level: 0,
            number: 1_234_067,
            width: 17,
        };
        assert_eq!(tile.entries_path(), "tile/entries/x001/x234/067.p/17");
    }

    #[test]
    fn a_tree_of_70_000_has_the_tiles_that_the_standard_says() {
        let tiles: Vec<_> = all(70_000).map(|tile| (tile.level, tile.width)).collect();
        assert_eq!(tiles.len(), 273 + 1 + 1 + 1 + 1);
        assert_eq!(tiles[273..], [(0, 112), (1, 256), (1, 17), (2, 1)]);
        let exact: Vec<_> = all(256).map(|tile| (tile.level, tile.width)).collect();
        assert_eq!(exact, [(0, 256), (1, 1)]);
        assert_eq!(all(0).count(), 0);
    }

    #[test]
    fn contents_agree_with_the_oracle() {
        let mut tree = Tree::new();
        let mut storage = Oracle(Vec::new());
        for i in 0..1000u64 {
            let data = i.to_be_bytes();
            tree.append(merkle::leaf_hash(&data));
            let hashes = tlog::stored_hashes(i, &data, &storage).unwrap();
            storage.0.extend(hashes);
        }
        let tiles: Vec<_> = all(1000).collect();
        let expected = tile::Tile::new_tiles(8, 0, 1000);
        assert_eq!(tiles.len(), expected.len());
        for tile in tiles {
            let expected = oracle(tile).read_data(&storage).unwrap();
            assert_eq!(tile.content(&tree), expected);
        }
    }
}
