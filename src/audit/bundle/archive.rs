//! Plain tar files (POSIX.1-1988 ustar) with one way to write each: fixed owner, mode and time,
//! zeros for padding, two empty blocks at the end, and nothing after them.

use std::io::{self, Read, Write};

use crate::audit::AuditFailure;

const BLOCK: usize = 512;
const NAME_LEN: usize = 100;

/// The name of the whole in failures.
const ARCHIVE: &str = "the bundle";

/// The header of a file. Nothing if its name is too long for one.
fn header(name: &str, len: u64) -> Option<[u8; BLOCK]> {
    let mut block = [0; BLOCK];
    let mut put = |at: usize, bytes: &[u8]| block[at..at + bytes.len()].copy_from_slice(bytes);
    if name.is_empty() || name.len() >= NAME_LEN || len >= 1 << 33 {
        return None;
    }
    put(0, name.as_bytes());
    put(100, b"0000644\0");
    put(108, b"0000000\0");
    put(116, b"0000000\0");
    put(124, format!("{len:011o}\0").as_bytes());
    put(136, b"00000000000\0");
    // The checksum is taken with spaces in its own place.
    put(148, b"        ");
    put(156, b"0");
    put(257, b"ustar\x0000");
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    Some(block)
}

fn padding(len: u64) -> usize {
    let over = usize::try_from(len % BLOCK as u64).expect("a remainder is below its divisor");
    (BLOCK - over) % BLOCK
}

/// Writes an archive.
pub(super) struct ArchiveWriter<W>(W);

impl<W: Write> ArchiveWriter<W> {
    pub(super) fn new(out: W) -> Self {
        Self(out)
    }

    /// Appends a file.
    pub(super) fn file(&mut self, name: &str, content: &[u8]) -> io::Result<()> {
        let len = content.len() as u64;
        let header = header(name, len).ok_or(io::ErrorKind::InvalidFilename)?;
        self.0.write_all(&header)?;
        self.0.write_all(content)?;
        self.0.write_all(&[0; BLOCK][..padding(len)])
    }

    /// Ends the archive.
    pub(super) fn finish(mut self) -> io::Result<W> {
        self.0.write_all(&[0; 2 * BLOCK])?;
        self.0.flush()?;
        Ok(self.0)
    }
}

/// Reads an archive, file by file.
pub(super) struct ArchiveReader<R> {
    input: R,
    offset: u64,
    /// The header that was read ahead; nothing at the end.
    next: Option<(String, u64)>,
}

impl<R: Read> ArchiveReader<R> {
    /// Begins to read.
    pub(super) fn new(input: R) -> Result<Self, AuditFailure> {
        let mut reader = Self {
            input,
            offset: 0,
            next: None,
        };
        reader.next = reader.read_header()?;
        Ok(reader)
    }

    /// The name of the file that comes next.
    pub(super) fn next_name(&self) -> Option<&str> {
        self.next.as_ref().map(|(name, _)| name.as_str())
    }

    /// The content of the next file, which must have this name and be at most `max` bytes long.
    pub(super) fn file(&mut self, name: &str, max: u64) -> Result<Vec<u8>, AuditFailure> {
        let place = name.to_owned();
        let len = match &self.next {
            Some((found, len)) if found == name => *len,
            Some(_) | None => return Err(AuditFailure::Missing { place }),
        };
        if len > max {
            return Err(AuditFailure::Malformed { place, offset: max });
        }
        let content = self.bytes(len)?;
        let padding = self.bytes(padding(len) as u64)?;
        if padding.iter().any(|byte| *byte != 0) {
            return Err(self.malformed());
        }
        self.next = self.read_header()?;
        Ok(content)
    }

    /// Makes sure that nothing is left.
    pub(super) fn finish(mut self) -> Result<(), AuditFailure> {
        if let Some((place, _)) = self.next.take() {
            return Err(AuditFailure::Unexpected { place });
        }
        match self.input.read(&mut [0]) {
            Ok(0) => Ok(()),
            Ok(_) => Err(self.malformed()),
            Err(error) => Err(AuditFailure::io(ARCHIVE)(error)),
        }
    }

    fn read_header(&mut self) -> Result<Option<(String, u64)>, AuditFailure> {
        let block = self.bytes(BLOCK as u64)?;
        if block.iter().all(|byte| *byte == 0) {
            let last = self.bytes(BLOCK as u64)?;
            return match last.iter().all(|byte| *byte == 0) {
                true => Ok(None),
                false => Err(self.malformed()),
            };
        }
        parse_header(&block)
            .map(Some)
            .ok_or_else(|| self.malformed())
    }

    /// The next `len` bytes. What is declared and not there is never allocated.
    fn bytes(&mut self, len: u64) -> Result<Vec<u8>, AuditFailure> {
        let mut bytes = Vec::new();
        (&mut self.input)
            .take(len)
            .read_to_end(&mut bytes)
            .map_err(AuditFailure::io(ARCHIVE))?;
        self.offset += bytes.len() as u64;
        match bytes.len() as u64 == len {
            true => Ok(bytes),
            false => Err(self.malformed()),
        }
    }

    fn malformed(&self) -> AuditFailure {
        AuditFailure::Malformed {
            place: ARCHIVE.to_owned(),
            offset: self.offset,
        }
    }
}

/// The name and length in a header that is written as ours are. Names are plain ASCII.
fn parse_header(block: &[u8]) -> Option<(String, u64)> {
    let len = block[..NAME_LEN].iter().position(|byte| *byte == 0)?;
    let name = std::str::from_utf8(&block[..len]).ok()?;
    let size = std::str::from_utf8(&block[124..135]).ok()?;
    let size = u64::from_str_radix(size, 8).ok()?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/.-".contains(&byte);
    (name.bytes().all(plain) && header(name, size)?.as_slice() == block)
        .then(|| (name.to_owned(), size))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sample() -> Vec<u8> {
        let mut writer = ArchiveWriter::new(Vec::new());
        writer.file("a/one", b"1").unwrap();
        writer.file("two", &[2; 512]).unwrap();
        writer.file("empty", b"").unwrap();
        writer.finish().unwrap()
    }

    fn read(bytes: &[u8]) -> Result<(), AuditFailure> {
        let mut reader = ArchiveReader::new(bytes)?;
        for name in ["a/one", "two", "empty"] {
            reader.file(name, 512)?;
        }
        reader.finish()
    }

    #[test]
    fn an_archive_is_a_tar_that_others_read() {
        let bytes = sample();
        assert_eq!(bytes.len() % BLOCK, 0);
        let mut tar = tar::Archive::new(bytes.as_slice());
        let files: Vec<_> = tar
            .entries()
            .unwrap()
            .map(|entry| {
                let mut entry = entry.unwrap();
                let mut content = Vec::new();
                entry.read_to_end(&mut content).unwrap();
                (entry.path().unwrap().display().to_string(), content)
            })
            .collect();
        assert_eq!(files[0], ("a/one".to_owned(), b"1".to_vec()));
        assert_eq!(files[1], ("two".to_owned(), vec![2; 512]));
        assert_eq!(files[2], ("empty".to_owned(), vec![]));
        assert_eq!(read(&bytes), Ok(()));
    }

    #[test]
    fn every_byte_outside_of_files_is_fixed() {
        let good = sample();
        let content = |at: usize| at == BLOCK || (3 * BLOCK..4 * BLOCK).contains(&at);
        for at in (0..good.len()).filter(|at| !content(*at)) {
            for change in [1, 0x20, 0x80] {
                let mut bad = good.clone();
                bad[at] ^= change;
                assert!(read(&bad).is_err(), "byte {at}");
            }
        }
        for len in 0..good.len() {
            assert!(read(&good[..len]).is_err());
        }
        assert!(read(&[good, vec![0]].concat()).is_err());
    }

    #[test]
    fn files_come_in_their_order_and_size() {
        let bytes = sample();
        let mut reader = ArchiveReader::new(bytes.as_slice()).unwrap();
        assert_eq!(reader.next_name(), Some("a/one"));
        assert!(matches!(
            reader.file("two", 512),
            Err(AuditFailure::Missing { place }) if place == "two"
        ));
        assert!(reader.file("a/one", 0).is_err());
        assert!(matches!(
            reader.finish(),
            Err(AuditFailure::Unexpected { place }) if place == "a/one"
        ));
    }

    proptest! {
        #[test]
        fn hostile_bytes_never_panic(
            bytes in proptest::collection::vec(any::<u8>(), 0..1200), size in "[0-7]{11}"
        ) {
            let _ = read(&bytes);
            let mut block = header("two", 512).unwrap();
            block[124..135].copy_from_slice(size.as_bytes());
            let _ = read(&[&block, bytes.as_slice()].concat());
        }
    }
}
