//! Attachments that peers hold for this node: fetched beside the messages, resumed where they
//! broke off, verified, and only then put in place.

use std::collections::HashSet;
use std::io::Read as _;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
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

/// Fetches attachments, each one once at a time.
#[derive(Clone)]
pub struct Fetcher {
    me: MemberId,
    blobs: Arc<BlobStore>,
    driver: Driver,
    running: Arc<Mutex<HashSet<Place>>>,
}

impl Fetcher {
    /// A fetcher that tells the driver what came.
    pub fn new(me: MemberId, blobs: Arc<BlobStore>, driver: Driver) -> Self {
        Self {
            me,
            blobs,
            driver,
            running: Arc::default(),
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

    /// Begins to fetch, unless that very attachment is being fetched already.
    ///
    /// # Panics
    /// Never: nothing panics while it holds the lock.
    pub fn fetch(&self, transport: Arc<Transport>, peer: NodeId, file: PullRow) {
        let PullRow {
            sender,
            message,
            index,
            length,
            digest,
        } = file;
        let place = Place {
            peer,
            sender,
            message,
            index,
        };
        let mut running = self.running.lock().expect("nothing panics under this lock");
        if !running.insert(place) {
            return;
        }
        drop(running);
        let this = self.clone();
        tokio::spawn(async move {
            let outcome = this.run(&transport, place, length, digest).await;
            this.forget(place);
            let told = match outcome {
                Ok(()) => {
                    info!(event = "attachment-fetched", %peer, %message, index);
                    place.fetched()
                }
                Err(error) => {
                    warn!(event = "attachment-interrupted", %peer, %message, index, %error);
                    if !error.is_the_peers() {
                        return;
                    }
                    FromPeer::NotFetched { message, index }
                }
            };
            let driver = this.driver.clone();
            // A node that is stopping finds what is there when it starts again.
            let _stopping =
                tokio::task::spawn_blocking(move || driver.tell_waiting(peer, told)).await;
        });
    }

    /// Forgets what was being fetched over a link that is gone, so that the next link begins anew.
    ///
    /// # Panics
    /// Never: nothing panics while it holds the lock.
    pub fn link_down(&self, peer: NodeId) {
        let mut running = self.running.lock().expect("nothing panics under this lock");
        running.retain(|place| place.peer != peer);
    }

    /// Adds bytes of an attachment that came by another way than a link. Blocks.
    ///
    /// # Errors
    /// Whatever the disk gives.
    ///
    /// # Panics
    /// Never: nothing panics while it holds the lock.
    pub fn add(
        &self,
        place: Place,
        length: u64,
        digest: Digest,
        offset: u64,
        bytes: &[u8],
    ) -> std::io::Result<Added> {
        {
            let mut running = self.running.lock().expect("nothing panics under this lock");
            // A link is bringing it.
            if !running.insert(place) {
                return Ok(Added::Part);
            }
        }
        let added = self.append(place.stored(self.me), length, digest, offset, bytes);
        self.forget(place);
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

    fn forget(&self, place: Place) {
        let mut running = self.running.lock().expect("nothing panics under this lock");
        running.remove(&place);
    }

    async fn run(
        &self,
        transport: &Transport,
        place: Place,
        length: u64,
        digest: Digest,
    ) -> Result<(), FetchFailed> {
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
            transport
                .fetch_attachment(place.peer, request, length, &mut sink)
                .await?;
        }
        tokio::task::spawn_blocking(move || verify(sink.0, length, digest))
            .await
            .map_err(|_| FetchFailed::Unchecked)?
    }
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
    /// Whether the peer has not what is asked for, so that asking for more of it at once is no use.
    fn is_the_peers(&self) -> bool {
        match self {
            Self::Transfer(error) => matches!(
                error,
                FetchError::Refused(_)
                    | FetchError::Unavailable
                    | FetchError::WrongLength(_)
                    | FetchError::Misbehaved
            ),
            Self::Digest => true,
            Self::Unchecked | Self::Io(_) => false,
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
