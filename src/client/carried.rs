//! Ways to peers, and files for a stick.

use std::path::{Path, PathBuf};

use reqwest::{Body, Method, Response, header};
use tokio::fs::File;
use tokio::io::AsyncWriteExt as _;
use tokio_util::io::ReaderStream;

use super::{Client, ClientError};
use crate::api::{BroughtIn, KEPT_BACK, Netcheck, TakeOut};
use crate::base::{MemberId, MessageId, files};

/// Where the id of the export stands in a file.
const EXPORT: std::ops::Range<usize> = 90..106;

/// Bytes that are read from the disk at a time.
const CHUNK: usize = 256 * 1024;

impl Client {
    /// Tries every way to a member, or to all.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn netcheck(&self, peer: Option<MemberId>) -> Result<Netcheck, ClientError> {
        let peer = peer.map(|member| member.to_string());
        let query = [("peer", peer.as_deref())];
        self.json(self.request(Method::POST, &["netcheck"], &query))
            .await
    }

    /// Writes what waits for a member into files, which `name` names by the export's id and their
    /// number in it, from 1. None is written over; all of them appear, or none. Gives how many messages
    /// stay, too, since the member is an observer.
    ///
    /// # Errors
    /// [`ClientError`]; [`ClientError::File`] where a file cannot be written.
    pub async fn take_out(
        &self,
        body: &TakeOut,
        name: impl Fn(MessageId, u16) -> PathBuf,
    ) -> Result<(Vec<(PathBuf, u64)>, u64), ClientError> {
        let request = self.request(Method::POST, &["bundles"], &[]).json(body);
        let response = self.answered(request).await?;
        let kept_back = response.headers().get(KEPT_BACK);
        let kept_back = kept_back.and_then(|kept_back| kept_back.to_str().ok()?.parse().ok());
        // A node of a version before it keeps nothing back.
        let kept_back = kept_back.unwrap_or_default();
        Ok((self.files(response, name).await?, kept_back))
    }

    /// Writes a backup of the node to a new file, and gives its length in bytes.
    ///
    /// # Errors
    /// [`ClientError`]; [`ClientError::File`] where the file cannot be written.
    pub async fn back_up(&self, out: &Path) -> Result<u64, ClientError> {
        let request = self.request(Method::POST, &["backups"], &[]);
        let response = self.answered(request).await?;
        let files = self.files(response, |_, _| out.to_owned()).await?;
        Ok(files.iter().map(|(_, length)| length).sum())
    }

    async fn files(
        &self,
        mut response: Response,
        name: impl Fn(MessageId, u16) -> PathBuf,
    ) -> Result<Vec<(PathBuf, u64)>, ClientError> {
        let mut came: Vec<u8> = Vec::new();
        let mut written = Vec::new();
        loop {
            let length = loop {
                if let Some((length, rest)) = came.split_first_chunk() {
                    let length = u64::from_be_bytes(*length);
                    came = rest.to_vec();
                    break length;
                }
                came.extend_from_slice(&self.more(&mut response).await?);
            };
            if length == 0 {
                break;
            }
            while came.len() < EXPORT.end {
                came.extend_from_slice(&self.more(&mut response).await?);
            }
            let export: [u8; 16] = came[EXPORT]
                .try_into()
                .expect("an id is as long as the range");
            let number = u16::try_from(written.len() + 1).unwrap_or(u16::MAX);
            let target = name(MessageId::from_bytes(export), number);
            let unwritable = |source| ClientError::File {
                file: target.clone(),
                source,
            };
            let folder = match target.parent() {
                Some(folder) if folder != Path::new("") => folder,
                _ => Path::new("."),
            };
            let partial = tempfile::NamedTempFile::new_in(folder).map_err(unwritable)?;
            let mut file = File::from_std(partial.reopen().map_err(unwritable)?);
            let mut left = length;
            while left > 0 {
                if came.is_empty() {
                    came = self.more(&mut response).await?;
                }
                let taken = came.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                file.write_all(&came[..taken]).await.map_err(unwritable)?;
                came.drain(..taken);
                left -= taken as u64;
            }
            file.flush().await.map_err(unwritable)?;
            file.sync_all().await.map_err(unwritable)?;
            written.push((partial, target, length));
        }
        let mut files = Vec::new();
        for (partial, target, length) in written {
            let persisted = partial.persist_noclobber(&target);
            persisted
                .map_err(|error| error.error)
                .and_then(|_| files::sync_folder_of(&target))
                .map_err(|source| ClientError::File {
                    file: target.clone(),
                    source,
                })?;
            files.push((target, length));
        }
        Ok(files)
    }

    /// The next bytes of an answer that is not at its end.
    async fn more(&self, response: &mut Response) -> Result<Vec<u8>, ClientError> {
        let chunk = response.chunk().await.map_err(|e| self.failed(&e))?;
        let chunk = chunk.ok_or(ClientError::Interrupted {
            address: self.address,
        })?;
        Ok(chunk.to_vec())
    }

    /// Hands a file in that a peer exported.
    ///
    /// # Errors
    /// [`ClientError`]; [`ClientError::File`] where the file cannot be read.
    pub async fn bring_in(&self, file: &Path) -> Result<BroughtIn, ClientError> {
        let unreadable = |source| ClientError::File {
            file: file.to_owned(),
            source,
        };
        let source = File::open(file).await.map_err(unreadable)?;
        let length = source.metadata().await.map_err(unreadable)?.len();
        let request = self
            .request(Method::POST, &["bundles", "imports"], &[])
            .header(header::CONTENT_TYPE, "application/octet-stream")
            .header(header::CONTENT_LENGTH, length)
            .body(Body::wrap_stream(ReaderStream::with_capacity(
                source, CHUNK,
            )));
        self.json(request).await
    }
}
