//! Exported bundles, read as what they are: tar archives in the layout of C2SP tlog-tiles.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use liaison::base::Digest;

/// The roots that a bundle's checkpoints sign, by size.
pub fn checkpoints(file: &Path) -> BTreeMap<u64, Digest> {
    let mut roots = BTreeMap::new();
    let mut archive = tar::Archive::new(std::fs::File::open(file).expect("a bundle"));
    for entry in archive.entries().expect("a tar archive") {
        let mut entry = entry.expect("an entry");
        let path = entry.path().expect("a name").into_owned();
        let Ok(size) = path.strip_prefix("checkpoints") else {
            continue;
        };
        let size: u64 = size.to_string_lossy().parse().expect("a size");
        let mut note = String::new();
        entry.read_to_string(&mut note).expect("a signed note");
        let lines: Vec<_> = note.lines().take(3).collect();
        assert_eq!(lines[1], size.to_string(), "the note of checkpoint {size}");
        let root: [u8; 32] = BASE64_STANDARD
            .decode(lines[2])
            .expect("base64")
            .try_into()
            .expect("32 bytes");
        roots.insert(size, Digest::from_bytes(root));
    }
    roots
}
