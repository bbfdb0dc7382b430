//! Attachments to and from a node, streamed: memory does not grow with the file.

use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};

use reqwest::{Body, Method, header};
use tokio::fs::File;
use tokio::io::{AsyncRead, AsyncWriteExt as _, ReadBuf};
use tokio_util::io::ReaderStream;

use super::{Client, ClientError};
use crate::api::{AttachmentView, StagedAttachment};
use crate::base::{Digest, MemberId, MessageId, files};

/// Bytes that are read from the disk at a time.
const CHUNK: usize = 64 * 1024;

/// Called with the number of bytes that moved since the last call.
pub type Progress = Box<dyn FnMut(u64) + Send + Sync>;

impl Client {
    /// Uploads a file as attachment `index` of the message reserved as `reservation`, under the
    /// file's own name.
    ///
    /// # Errors
    /// [`ClientError`]; [`ClientError::File`] where the file cannot be read.
    pub async fn upload(
        &self,
        reservation: MessageId,
        index: u16,
        file: &Path,
        progress: Progress,
    ) -> Result<StagedAttachment, ClientError> {
        let unreadable = |source| ClientError::File {
            file: file.to_owned(),
            source,
        };
        let source = File::open(file).await.map_err(unreadable)?;
        let metadata = source.metadata().await.map_err(unreadable)?;
        if !metadata.is_file() {
            return Err(unreadable(std::io::Error::other("not a regular file")));
        }
        let name = file.file_name().map(|name| name.to_string_lossy());
        let (id, index) = (reservation.to_string(), index.to_string());
        let request = self
            .request(
                Method::PUT,
                &["reservations", &id, "attachments", &index],
                &[
                    ("name", name.as_deref()),
                    ("media_type", Some(media_type(file))),
                ],
            )
            .header(header::CONTENT_TYPE, "application/octet-stream")
            .header(header::CONTENT_LENGTH, metadata.len())
            .body(Body::wrap_stream(ReaderStream::with_capacity(
                Counted { source, progress },
                CHUNK,
            )));
        let staged = self.json(request).await?;
        let after = tokio::fs::metadata(file).await.map_err(unreadable)?;
        let is_same =
            after.len() == metadata.len() && after.modified().ok() == metadata.modified().ok();
        match is_same {
            true => Ok(staged),
            false => Err(unreadable(std::io::Error::other(
                "the file changed while it was read",
            ))),
        }
    }

    /// Downloads an attachment of `message`, which is of the member `of`, to `target`, which must not
    /// exist. The file appears there only when it is whole and has the SHA-256 that the message lists.
    ///
    /// # Errors
    /// [`ClientError`]; [`ClientError::File`] where the target cannot be written, and
    /// [`ClientError::WrongDigest`] for other bytes than the message lists.
    pub async fn download(
        &self,
        (of, message): (MemberId, MessageId),
        attachment: &AttachmentView,
        target: &Path,
        mut progress: Progress,
    ) -> Result<(), ClientError> {
        let unwritable = |source| ClientError::File {
            file: target.to_owned(),
            source,
        };
        if target.symlink_metadata().is_ok() {
            return Err(unwritable(std::io::ErrorKind::AlreadyExists.into()));
        }
        let (id, index) = (message.to_string(), attachment.index.to_string());
        let request = self.request(
            Method::GET,
            &["messages", &id, "attachments", &index],
            &[("of", Some(of.as_str()))],
        );
        let mut response = self.answered(request).await?;
        let folder = match target.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        };
        // Removed when dropped, so that an interrupted download leaves nothing behind.
        let partial = tempfile::NamedTempFile::new_in(folder).map_err(unwritable)?;
        let mut file = File::from_std(partial.reopen().map_err(unwritable)?);
        while let Some(chunk) = response.chunk().await.map_err(|e| self.failed(&e))? {
            file.write_all(&chunk).await.map_err(unwritable)?;
            progress(chunk.len() as u64);
        }
        file.flush().await.map_err(unwritable)?;
        file.sync_all().await.map_err(unwritable)?;
        let mut written = partial.reopen().map_err(unwritable)?;
        let (digest, size) = Digest::of_reader(&mut written).map_err(unwritable)?;
        if digest != attachment.sha256 || size != attachment.size {
            return Err(ClientError::WrongDigest {
                file: target.to_owned(),
            });
        }
        partial
            .persist_noclobber(target)
            .map_err(|error| unwritable(error.error))?;
        files::sync_folder_of(target).map_err(unwritable)
    }
}

/// Tells how much of a file has been read.
struct Counted {
    source: File,
    progress: Progress,
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.source).poll_read(cx, buffer);
        let moved = buffer.filled().len() - before;
        if moved > 0 {
            (self.progress)(moved as u64);
        }
        polled
    }
}

/// A media type by the file's extension, as a hint for the person who gets it.
fn media_type(file: &Path) -> &'static str {
    let extension = file
        .extension()
        .map(|extension| extension.to_string_lossy().to_ascii_lowercase());
    match extension.as_deref() {
        Some("pdf") => "application/pdf",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("png") => "image/png",
        Some("txt") => "text/plain",
        Some("csv") => "text/csv",
        Some("mp4") => "video/mp4",
        Some("docx") => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        Some("zip") => "application/zip",
        _ => "application/octet-stream",
    }
}
