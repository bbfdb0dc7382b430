//! Attachments that peers hold for this node: fetched beside the messages, resumed where they
//! broke off, verified, and only then put in place.

use std::collections::HashSet;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::sync::{Arc, Mutex};

use tokio::io::AsyncWriteExt as _;
use tracing::{info, warn};

use crate::app::FromPeer;
use crate::base::{Digest, MessageId, NodeId};
use crate::driver::Driver;
use crate::store::BlobStore;
use crate::transport::{AttachmentRequest, Transport};

type Place = (NodeId, MessageId, u16);

/// Fetches attachments, each one once at a time.
#[derive(Clone)]
pub struct Fetcher {
    blobs: BlobStore,
    driver: Driver,
    running: Arc<Mutex<HashSet<Place>>>,
}

impl Fetcher {
    /// A fetcher that tells the driver what came.
    pub fn new(blobs: BlobStore, driver: Driver) -> Self {
        Self {
            blobs,
            driver,
            running: Arc::default(),
        }
    }

    /// Begins to fetch, unless that very attachment is being fetched already.
    ///
    /// # Panics
    /// Never: nothing panics while it holds the lock.
    pub fn fetch(
        &self,
        transport: Arc<Transport>,
        peer: NodeId,
        message: MessageId,
        index: u16,
        length: u64,
        digest: Digest,
    ) {
        let place = (peer, message, index);
        let mut running = self.running.lock().expect("nothing panics under this lock");
        if !running.insert(place) {
            return;
        }
        drop(running);
        let this = self.clone();
        tokio::spawn(async move {
            let outcome = this.run(&transport, place, length, digest).await;
            this.forget(place);
            match outcome {
                Ok(()) => {
                    info!(event = "attachment-fetched", %peer, %message, index);
                    let told = FromPeer::Fetched { message, index };
                    let driver = this.driver.clone();
                    // A node that is stopping finds the whole file when it starts again.
                    let _stopping =
                        tokio::task::spawn_blocking(move || driver.tell_waiting(peer, told)).await;
                }
                Err(error) => {
                    warn!(event = "attachment-interrupted", %peer, %message, index, %error);
                }
            }
        });
    }

    /// Forgets what was being fetched over a link that is gone, so that the next link begins anew.
    ///
    /// # Panics
    /// Never: nothing panics while it holds the lock.
    pub fn link_down(&self, peer: NodeId) {
        let mut running = self.running.lock().expect("nothing panics under this lock");
        running.retain(|(from, _, _)| *from != peer);
    }

    fn forget(&self, place: Place) {
        let mut running = self.running.lock().expect("nothing panics under this lock");
        running.remove(&place);
    }

    async fn run(
        &self,
        transport: &Transport,
        (peer, message, index): Place,
        length: u64,
        digest: Digest,
    ) -> Result<(), FetchFailed> {
        if self.blobs.exists(message, index) {
            return Ok(());
        }
        let part = self.blobs.partial(message, index)?;
        let mut file = tokio::fs::File::from_std(part.try_clone()?);
        let offset = part.metadata()?.len().min(length);
        if offset < length {
            let request = AttachmentRequest {
                message,
                index,
                offset,
            };
            let fetched = transport
                .fetch_attachment(peer, request, length, &mut file)
                .await;
            file.flush().await?;
            fetched.map_err(|error| FetchFailed::Link(error.to_string()))?;
        }
        drop(file);
        let blobs = self.blobs.clone();
        tokio::task::spawn_blocking(move || verify(&blobs, part, message, index, length, digest))
            .await
            .map_err(|_| FetchFailed::Link("the check was interrupted".to_owned()))?
    }
}

#[derive(Debug, thiserror::Error)]
enum FetchFailed {
    #[error("{0}")]
    Link(String),
    #[error("the file that came is not the one that the message lists; it is fetched again")]
    Digest,
    #[error("{0}")]
    Io(#[from] std::io::Error),
}

fn verify(
    blobs: &BlobStore,
    mut part: std::fs::File,
    message: MessageId,
    index: u16,
    length: u64,
    digest: Digest,
) -> Result<(), FetchFailed> {
    part.seek(SeekFrom::Start(0))?;
    let (found, size) = Digest::of_reader(&mut part.by_ref().take(length + 1))?;
    if (found, size) != (digest, length) {
        blobs.discard_partial(message, index)?;
        return Err(FetchFailed::Digest);
    }
    blobs.complete(message, index, part)?;
    Ok(())
}
