//! Attachments that peers hold for this node: fetched beside the messages, resumed where they
//! broke off, verified, and only then put in place.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io::Read as _;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use tokio::io::AsyncWrite;
use tracing::{info, warn};

use crate::app::FromPeer;
use crate::app::rows::{PullRow, stored_under};
use crate::base::{Digest, MemberId, MessageId, NodeId};
use crate::driver::Driver;
use crate::store::{BlobId, BlobStore, PartialBlob};
use crate::transport::{AttachmentRequest, FetchError, Transport};

/// An attachment, and the peer from which it comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Place {
    /// The peer.
    pub peer: NodeId,
    /// The author of the message.
    pub sender: MemberId,
    /// The message.
    pub message: MessageId,
    /// The attachment's place there.
    pub index: u16,
}

impl Place {
    /// Where it lies at this node.
    fn stored(self, me: MemberId) -> BlobId {
        BlobId {
            message: stored_under(me, self.sender, self.message),
            index: self.index,
        }
    }

    /// That it is there whole.
    pub fn fetched(self) -> FromPeer {
        FromPeer::Fetched {
            sender: self.sender,
            message: self.message,
            index: self.index,
        }
    }
}

/// An attachment to be fetched.
struct Ask {
    transport: Arc<Transport>,
    peer: NodeId,
    file: PullRow,
}

impl Ask {
    fn place(&self) -> Place {
        Place {
            peer: self.peer,
            sender: self.file.sender,
            message: self.file.message,
            index: self.file.index,
        }
    }
}

/// What is being fetched, each attachment by one at a time: two would write into one file. What is asked
/// for meanwhile, over another link or of another peer, is tried when that comes to nothing.
struct UnderWay<T>(Mutex<HashMap<BlobId, Option<T>>>);

impl<T> Default for UnderWay<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> UnderWay<T> {
    /// Gives `ask` back if it is its turn, and keeps it for later, in place of another, if not.
    fn begin(&self, id: BlobId, ask: T) -> Option<T> {
        match self.lock().entry(id) {
            Entry::Vacant(free) => {
                free.insert(None);
                Some(ask)
            }
            Entry::Occupied(mut held) => {
                held.insert(Some(ask));
                None
            }
        }
    }

    /// Whether it is free, which it is no longer then.
    fn take(&self, id: BlobId) -> bool {
        match self.lock().entry(id) {
            Entry::Vacant(free) => {
                free.insert(None);
                true
            }
            Entry::Occupied(_) => false,
        }
    }

    /// It is done with.
    fn end(&self, id: BlobId) {
        self.lock().remove(&id);
    }

    /// It came to nothing. Gives what is tried next; without that it is done with.
    fn next(&self, id: BlobId) -> Option<T> {
        let mut running = self.lock();
        let next = running.get_mut(&id)?.take();
        if next.is_none() {
            running.remove(&id);
        }
        next
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<BlobId, Option<T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Fetches attachments, each one once at a time.
#[derive(Clone)]
pub struct Fetcher {
    me: MemberId,
    blobs: Arc<BlobStore>,
    driver: Driver,
    under_way: Arc<UnderWay<Ask>>,
}

impl Fetcher {
    /// A fetcher that tells the driver what came.
    pub fn new(me: MemberId, blobs: Arc<BlobStore>, driver: Driver) -> Self {
        Self {
            me,
            blobs,
            driver,
            under_way: Arc::default(),
        }
    }

    /// Removes files of what is erased. Those that stay are removed at the next start; their keys are
    /// gone already.
    pub fn erase(&self, files: Vec<MessageId>) {
        if files.is_empty() {
            return;
        }
        let blobs = self.blobs.clone();
        tokio::task::spawn_blocking(move || match blobs.remove_all(&files) {
            Ok(removed) => info!(event = "attachments-erased", removed),
            Err(error) => warn!(event = "attachments-kept", %error),
        });
    }

    /// Begins to fetch. While that attachment is being fetched already, this waits for it to break off, as
    /// it does when its link goes down.
    pub fn fetch(&self, transport: Arc<Transport>, peer: NodeId, file: PullRow) {
        let ask = Ask {
            transport,
            peer,
            file,
        };
        let id = ask.place().stored(self.me);
        let Some(mut ask) = self.under_way.begin(id, ask) else {
            return;
        };
        let this = self.clone();
        tokio::spawn(async move {
            loop {
                let (told, next) = match this.run(&ask).await {
                    Ok(()) => {
                        this.under_way.end(id);
                        (Some(came(&ask)), None)
                    }
                    Err(error) => {
                        let next = this.under_way.next(id);
                        (broke_off(&ask, &error), next)
                    }
                };
                if let Some(told) = told {
                    let (driver, peer) = (this.driver.clone(), ask.peer);
                    // A node that is stopping finds what is there when it starts again.
                    let _stopping =
                        tokio::task::spawn_blocking(move || driver.tell_waiting(peer, told)).await;
                }
                match next {
                    Some(next) => ask = next,
                    None => return,
                }
            }
        });
    }

    /// Adds bytes of an attachment that came by another way than a link. Blocks.
    ///
    /// # Errors
    /// Whatever the disk gives.
    pub fn add(
        &self,
        place: Place,
        length: u64,
        digest: Digest,
        offset: u64,
        bytes: &[u8],
    ) -> std::io::Result<Added> {
        let id = place.stored(self.me);
        // A link is bringing it.
        if !self.under_way.take(id) {
            return Ok(Added::Part);
        }
        let added = self.append(id, length, digest, offset, bytes);
        self.under_way.end(id);
        added
    }

    fn append(
        &self,
        id: BlobId,
        length: u64,
        digest: Digest,
        offset: u64,
        bytes: &[u8],
    ) -> std::io::Result<Added> {
        if self.blobs.exists(id)? {
            return Ok(Added::Whole);
        }
        let mut part = self.blobs.resume(id)?;
        if part.len() < offset {
            return Ok(Added::Gap);
        }
        part.fits(length)?;
        let known = usize::try_from(part.len() - offset).unwrap_or(usize::MAX);
        if let Some(new) = bytes.get(known..) {
            part.append(new)?;
        }
        if part.len() < length {
            return Ok(Added::Part);
        }
        match verify(part, length, digest) {
            Ok(()) => Ok(Added::Whole),
            Err(FetchFailed::Io(error)) => Err(error),
            // It was thrown away, and may come again.
            Err(FetchFailed::Transfer(_) | FetchFailed::Unchecked | FetchFailed::Digest) => {
                Ok(Added::Gap)
            }
        }
    }

    async fn run(&self, ask: &Ask) -> Result<(), FetchFailed> {
        let (place, length, digest) = (ask.place(), ask.file.length, ask.file.digest);
        let id = place.stored(self.me);
        if self.blobs.exists(id)? {
            return Ok(());
        }
        let mut part = self.blobs.resume(id)?;
        if part.len() > length {
            part.discard()?;
            part = self.blobs.resume(id)?;
        }
        part.fits(length)?;
        let offset = part.len();
        let mut sink = Sink(part);
        if offset < length {
            let request = AttachmentRequest {
                message: place.message,
                index: place.index,
                offset,
            };
            ask.transport
                .fetch_attachment(place.peer, request, length, &mut sink)
                .await?;
        }
        tokio::task::spawn_blocking(move || verify(sink.0, length, digest))
            .await
            .map_err(|_| FetchFailed::Unchecked)?
    }
}

fn came(ask: &Ask) -> FromPeer {
    let place = ask.place();
    info!(event = "attachment-fetched", peer = %place.peer, message = %place.message, index = place.index);
    place.fetched()
}

/// What the driver is told of it, where the link with the peer holds.
fn broke_off(ask: &Ask, error: &FetchFailed) -> Option<FromPeer> {
    let Place {
        peer,
        message,
        index,
        ..
    } = ask.place();
    warn!(event = "attachment-interrupted", %peer, %message, index, %error);
    let told = match error.is_for_want_of_room() {
        true => FromPeer::LackedRoom { message, index },
        false => FromPeer::NotFetched { message, index },
    };
    error.leaves_the_link().then_some(told)
}

/// What became of bytes that were added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Added {
    /// The attachment is whole.
    Whole,
    /// More is to come.
    Part,
    /// Bytes before them are missing; they were not kept.
    Gap,
}

/// Writes what comes to the partial file. Writing to a file does not wait for anybody.
struct Sink(PartialBlob);

impl AsyncWrite for Sink {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Poll::Ready(self.0.append(bytes).map(|()| bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[derive(Debug, thiserror::Error)]
enum FetchFailed {
    #[error("{0}")]
    Transfer(#[from] FetchError),
    #[error("the check was interrupted")]
    Unchecked,
    #[error("the file that came is not the one that the message lists; it is fetched again")]
    Digest,
    #[error("{0}")]
    Io(#[from] std::io::Error),
}

impl FetchFailed {
    /// Whether this node's own disk has no room for it.
    fn is_for_want_of_room(&self) -> bool {
        let is_full = |error: &std::io::Error| error.kind() == std::io::ErrorKind::StorageFull;
        match self {
            Self::Io(error) | Self::Transfer(FetchError::Sink(error)) => is_full(error),
            Self::Transfer(
                FetchError::NotConnected
                | FetchError::Link(_)
                | FetchError::Refused(_)
                | FetchError::Unavailable
                | FetchError::WrongLength(_)
                | FetchError::Misbehaved
                | FetchError::TooSlow,
            )
            | Self::Digest
            | Self::Unchecked => false,
        }
    }

    /// Whether the link holds all the same, so that the peer is asked for another one. What fails at this
    /// node holds up no other either.
    fn leaves_the_link(&self) -> bool {
        match self {
            Self::Transfer(error) => match error {
                FetchError::NotConnected | FetchError::Link(_) => false,
                FetchError::Refused(_)
                | FetchError::Unavailable
                | FetchError::WrongLength(_)
                | FetchError::Misbehaved
                | FetchError::TooSlow
                | FetchError::Sink(_) => true,
            },
            Self::Digest | Self::Unchecked | Self::Io(_) => true,
        }
    }
}

fn verify(mut part: PartialBlob, length: u64, digest: Digest) -> Result<(), FetchFailed> {
    let (found, size) = Digest::of_reader(&mut part.read()?.take(length + 1))?;
    if (found, size) != (digest, length) {
        part.discard()?;
        return Err(FetchFailed::Digest);
    }
    Ok(part.finish()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> BlobId {
        BlobId {
            message: MessageId::from_bytes([1; 16]),
            index: 0,
        }
    }

    #[test]
    fn what_is_asked_for_meanwhile_waits_until_the_first_came_to_nothing() {
        let under_way = UnderWay::default();
        assert_eq!(under_way.begin(file(), "first"), Some("first"));
        assert_eq!(under_way.begin(file(), "second"), None);
        assert_eq!(under_way.begin(file(), "third"), None);
        assert_eq!(under_way.next(file()), Some("third"));
        assert_eq!(under_way.begin(file(), "fourth"), None);
        assert_eq!(under_way.next(file()), Some("fourth"));
        assert_eq!(under_way.next(file()), None);
        assert_eq!(under_way.begin(file(), "fifth"), Some("fifth"));
    }

    #[test]
    fn what_came_is_not_tried_again() {
        let under_way = UnderWay::default();
        under_way.begin(file(), "first");
        under_way.begin(file(), "second");
        under_way.end(file());
        assert_eq!(under_way.begin(file(), "third"), Some("third"));
    }

    #[test]
    fn a_stick_adds_to_nothing_that_a_link_brings() {
        let under_way = UnderWay::default();
        under_way.begin(file(), "by link");
        assert!(!under_way.take(file()));
        assert_eq!(under_way.next(file()), None);
        assert!(under_way.take(file()));
    }
}
