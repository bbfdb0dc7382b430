//! What the streams of a TLS connection are cut into, so that the urgent overtakes the large.
//!
//! A piece is a kind (u8), a stream (u32), a length (u16), all big-endian, and as many bytes.

use bytes::{Buf, BufMut, Bytes, BytesMut};

use super::super::link::LinkError;

/// Bytes of a stream that one piece carries at most.
pub(super) const MAX_DATA: usize = 8 * 1024;

const HEAD: usize = 7;

/// The longest piece, in bytes.
pub(super) const MAX_PIECE: usize = HEAD + MAX_DATA;

/// One piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// The next bytes of a stream, at least one.
    Data(u32, Bytes),
    /// The stream has no more bytes.
    End(u32),
    /// Its sender gives the stream up, with this code.
    Reset(u32, u32),
    /// Its receiver wants no more of the stream, with this code.
    Stop(u32, u32),
    /// So many bytes more may come on the stream.
    Credit(u32, u32),
    /// The connection ends, with this code. Nothing follows it.
    Close(u32),
    /// To be answered with the same bytes.
    Ping([u8; 8]),
    /// The answer.
    Pong([u8; 8]),
}

const DATA: u8 = 1;
const END: u8 = 2;
const RESET: u8 = 3;
const STOP: u8 = 4;
const CREDIT: u8 = 5;
const CLOSE: u8 = 6;
const PING: u8 = 7;
const PONG: u8 = 8;

impl Piece {
    /// Appends the piece to what is to be sent.
    pub(super) fn encode(&self, to: &mut Vec<u8>) {
        let (kind, stream, payload): (u8, u32, &[u8]) = match self {
            Self::Data(stream, bytes) => (DATA, *stream, bytes),
            Self::End(stream) => (END, *stream, &[]),
            Self::Reset(stream, code) => (RESET, *stream, &code.to_be_bytes()),
            Self::Stop(stream, code) => (STOP, *stream, &code.to_be_bytes()),
            Self::Credit(stream, bytes) => (CREDIT, *stream, &bytes.to_be_bytes()),
            Self::Close(code) => (CLOSE, 0, &code.to_be_bytes()),
            Self::Ping(token) => (PING, 0, token),
            Self::Pong(token) => (PONG, 0, token),
        };
        to.put_u8(kind);
        to.put_u32(stream);
        to.put_u16(u16::try_from(payload.len()).expect("a piece carries at most MAX_DATA bytes"));
        to.put_slice(payload);
    }

    /// Takes a piece off what came; none where its end has not come yet. The declared length is
    /// checked before anything waits for it.
    pub(super) fn decode(from: &mut BytesMut) -> Result<Option<Self>, LinkError> {
        let Some(mut head) = from.get(..HEAD) else {
            return Ok(None);
        };
        let (kind, stream, length) = (head.get_u8(), head.get_u32(), usize::from(head.get_u16()));
        let fits = match kind {
            DATA => (1..=MAX_DATA).contains(&length),
            END => length == 0,
            RESET | STOP | CREDIT => length == 4,
            CLOSE => length == 4 && stream == 0,
            PING | PONG => length == 8 && stream == 0,
            _ => false,
        };
        if !fits {
            return Err(LinkError::Misbehaved);
        }
        if from.len() < HEAD + length {
            return Ok(None);
        }
        from.advance(HEAD);
        let payload = from.split_to(length).freeze();
        Ok(Some(match kind {
            DATA => Self::Data(stream, payload),
            END => Self::End(stream),
            RESET => Self::Reset(stream, number(payload)),
            STOP => Self::Stop(stream, number(payload)),
            CREDIT => Self::Credit(stream, number(payload)),
            CLOSE => Self::Close(number(payload)),
            PING => Self::Ping(token(payload)),
            _ => Self::Pong(token(payload)),
        }))
    }
}

fn number(mut payload: Bytes) -> u32 {
    payload.get_u32()
}

fn token(mut payload: Bytes) -> [u8; 8] {
    payload.get_u64().to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_piece_survives_its_bytes_and_none_is_taken_before_its_end() {
        for piece in [
            Piece::Data(9, Bytes::from_static(&[1, 2, 3])),
            Piece::Data(1, Bytes::from(vec![7; MAX_DATA])),
            Piece::End(u32::MAX),
            Piece::Reset(4, 258),
            Piece::Stop(5, 0),
            Piece::Credit(6, 131_072),
            Piece::Close(3),
            Piece::Ping([8; 8]),
            Piece::Pong([1, 2, 3, 4, 5, 6, 7, 8]),
        ] {
            let mut bytes = Vec::new();
            piece.encode(&mut bytes);
            assert!(bytes.len() <= MAX_PIECE);
            let mut short = BytesMut::from(&bytes[..bytes.len() - 1]);
            assert_eq!(Piece::decode(&mut short), Ok(None));
            let mut whole = BytesMut::from(&bytes[..]);
            assert_eq!(Piece::decode(&mut whole), Ok(Some(piece)));
            assert!(whole.is_empty());
        }
    }

    #[test]
    fn what_no_piece_can_be_is_refused_by_its_head() {
        for head in [
            [0, 0, 0, 0, 1, 0, 1],
            [9, 0, 0, 0, 1, 0, 1],
            [DATA, 0, 0, 0, 1, 0, 0],
            [DATA, 0, 0, 0, 1, 0x20, 1],
            [END, 0, 0, 0, 1, 0, 1],
            [RESET, 0, 0, 0, 1, 0, 3],
            [CREDIT, 0, 0, 0, 1, 0, 5],
            [CLOSE, 0, 0, 0, 1, 0, 4],
            [PING, 0, 0, 0, 1, 0, 8],
            [PONG, 0, 0, 0, 0, 0, 7],
        ] {
            let mut bytes = BytesMut::from(&head[..]);
            assert_eq!(Piece::decode(&mut bytes), Err(LinkError::Misbehaved));
        }
    }
}
