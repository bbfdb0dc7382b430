use super::*;
use crate::base::SeededEntropy;

const WHOLE: usize = CHUNK_LEN + TAG_LEN;

fn plaintext(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i % 251).to_le_bytes()[0]).collect()
}

fn key() -> AttachmentKey {
    AttachmentKey::from_bytes([7; 32])
}

fn seal(bytes: &[u8], step: usize) -> (Vec<u8>, Measured) {
    let mut out = Vec::new();
    let mut sealer = AttachmentSealer::new(&key(), b"context", &mut SeededEntropy::new(1));
    for piece in bytes.chunks(step) {
        sealer.push(piece, &mut out);
    }
    let measured = sealer.finish(&mut out);
    (out, measured)
}

fn open_with(
    key: &AttachmentKey,
    context: &[u8],
    bytes: &[u8],
    step: usize,
) -> Result<(Vec<u8>, Measured), AttachmentError> {
    let mut out = Vec::new();
    let mut opener = AttachmentOpener::new(key, context);
    for piece in bytes.chunks(step) {
        opener.push(piece, &mut out)?;
    }
    let measured = opener.finish(&mut out)?;
    Ok((out, measured))
}

fn open(bytes: &[u8]) -> Result<Vec<u8>, AttachmentError> {
    open_with(&key(), b"context", bytes, 10_000).map(|(out, _)| out)
}

#[test]
fn an_attachment_of_any_length_survives_in_any_pieces() {
    for len in [
        0,
        1,
        CHUNK_LEN - 1,
        CHUNK_LEN,
        CHUNK_LEN + 1,
        3 * CHUNK_LEN + 5,
    ] {
        let bytes = plaintext(len);
        let (whole, measured) = seal(&bytes, usize::MAX);
        for step in [997, CHUNK_LEN, WHOLE] {
            assert_eq!(seal(&bytes, step), (whole.clone(), measured));
            let (opened, seen) = open_with(&key(), b"context", &whole, step).unwrap();
            assert_eq!(opened, bytes);
            assert_eq!(seen, measured);
        }
        assert_eq!(ciphertext_len(len as u64), whole.len() as u64);
        assert_eq!(measured.ciphertext_len, whole.len() as u64);
        assert_eq!(measured.ciphertext_digest, Digest::of(&whole));
        assert_eq!(measured.plaintext_len, len as u64);
        assert_eq!(measured.plaintext_digest, Digest::of(&bytes));
    }
    assert_eq!(ciphertext_len(u64::MAX), u64::MAX);
}

#[test]
fn an_attachment_cut_anywhere_does_not_open() {
    let (whole, _) = seal(&plaintext(CHUNK_LEN + 3), usize::MAX);
    let near = |len: usize, edge: usize| len.abs_diff(edge) < 40;
    for len in 0..whole.len() {
        let edges = [0, HEADER_LEN, HEADER_LEN + WHOLE, whole.len()];
        if edges.iter().any(|edge| near(len, *edge)) || len % 509 == 0 {
            assert_eq!(
                open(&whole[..len]),
                Err(AttachmentError::Truncated),
                "{len}"
            );
        }
    }
}

#[test]
fn a_whole_last_chunk_is_a_truncation() {
    let (whole, _) = seal(&plaintext(2 * CHUNK_LEN + 3), usize::MAX);
    for chunks in 0..=2 {
        let cut = &whole[..HEADER_LEN + chunks * WHOLE];
        assert_eq!(open(cut), Err(AttachmentError::Truncated));
    }
}

#[test]
fn chunks_cannot_be_moved_repeated_or_left_out() {
    let (whole, _) = seal(&plaintext(3 * CHUNK_LEN + 3), usize::MAX);
    let chunk = |n: usize| {
        let start = HEADER_LEN + n * WHOLE;
        &whole[start..whole.len().min(start + WHOLE)]
    };
    let build = |order: &[usize]| {
        let mut bytes = whole[..HEADER_LEN].to_vec();
        order
            .iter()
            .for_each(|n| bytes.extend_from_slice(chunk(*n)));
        bytes
    };
    assert!(open(&build(&[0, 1, 2, 3])).is_ok());
    assert_eq!(
        open(&build(&[1, 0, 2, 3])),
        Err(AttachmentError::Damaged(0))
    );
    assert_eq!(
        open(&build(&[0, 2, 1, 3])),
        Err(AttachmentError::Damaged(1))
    );
    assert_eq!(
        open(&build(&[0, 0, 1, 2, 3])),
        Err(AttachmentError::Damaged(1))
    );
    assert_eq!(open(&build(&[0, 1, 3])), Err(AttachmentError::Truncated));
    assert!(open(&build(&[0, 1, 2, 3, 3])).is_err());
    assert!(open(&build(&[0, 1, 2, 3, 0])).is_err());
}

#[test]
fn bytes_after_the_last_chunk_are_refused() {
    let (mut whole, _) = seal(&plaintext(10), usize::MAX);
    whole.push(0);
    assert!(open(&whole).is_err());
    whole.resize(HEADER_LEN + 2 * WHOLE, 0);
    assert!(open(&whole).is_err());
}

#[test]
fn a_flip_anywhere_is_found() {
    let (whole, _) = seal(&plaintext(CHUNK_LEN + 100), usize::MAX);
    for at in (0..whole.len()).filter(|at| *at < 100 || at % 97 == 0 || at + 200 > whole.len()) {
        let mut bad = whole.clone();
        bad[at] ^= 1;
        assert!(open(&bad).is_err(), "byte {at}");
    }
}

#[test]
fn key_and_context_are_committed_to() {
    let (whole, _) = seal(&plaintext(10), usize::MAX);
    let wrong = Err(AttachmentError::WrongKeyOrContext);
    let other = AttachmentKey::from_bytes([8; 32]);
    assert_eq!(open_with(&other, b"context", &whole, 7), wrong);
    assert_eq!(open_with(&key(), b"contexu", &whole, 7), wrong);
    let message = MessageId::from_bytes([1; 16]);
    assert_ne!(context(message, 0), context(message, 1));
    assert_ne!(
        context(message, 0),
        context(MessageId::from_bytes([2; 16]), 0)
    );
}

#[test]
fn nothing_of_a_damaged_chunk_is_given_out_and_no_more_is_taken() {
    let bytes = plaintext(2 * CHUNK_LEN);
    let (mut whole, _) = seal(&bytes, usize::MAX);
    whole[HEADER_LEN + WHOLE + 5] ^= 1;
    let mut out = Vec::new();
    let mut opener = AttachmentOpener::new(&key(), b"context");
    let damaged = Err(AttachmentError::Damaged(1));
    assert_eq!(opener.push(&whole, &mut out), damaged);
    assert_eq!(out, bytes[..CHUNK_LEN]);
    assert_eq!(opener.push(b"more", &mut out), damaged);
    assert_eq!(opener.finish(&mut out), Err(AttachmentError::Damaged(1)));
    assert_eq!(out.len(), CHUNK_LEN);
}

#[test]
fn the_key_prints_only_its_type() {
    assert_eq!(format!("{:?}", key()), "AttachmentKey");
}
