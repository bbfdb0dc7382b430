//! Files for a stick: what waits for a peer is wrapped as for a link and written into them; what a
//! peer wrote is read as if it had come over one.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};

use tokio::io::{AsyncWriteExt as _, DuplexStream};
use tokio::runtime::Handle;
use tracing::{info, warn};

use super::carrier::wrap;
use super::fetch::{Added, Place};
use super::links::{FrameReader, Heard};
use super::reach::Ways;
use crate::api::BroughtIn;
use crate::app::{
    AppError, Ask, BroughtFile, CarryAsk, CarryReply, FromPeer, Permit, Reply, Taken, Wanted,
};
use crate::audit::ReceiptBatch;
use crate::base::{MessageId, NodeId, OsEntropy, Timestamp};
use crate::http::CarryFailed;
use crate::seal::keystore::Keys;
use crate::seal::recipient::RecipientPublicKey;
use crate::seal::sign::Proven;
use crate::seal::stick::{
    MAX_PART, OpenedStick, STICK_HEAD, SealedKind, StickAddress, StickError, StickItem, StickPlace,
    StickWriter, open_stick,
};
use crate::seal::trust::Directory;
use crate::store::BlobId;
use crate::wire::frame::Frame;

/// Parts of an attachment below this length are not worth beginning.
const SHORTEST_PART: u64 = 64 * 1024;

/// Batches of receipts in a frame: those of a page are well below what a frame may have.
const BATCHES: usize = 16;

/// Bytes of a file that are passed on at a time.
const PIECE: usize = 256 * 1024;

impl From<io::Error> for CarryFailed {
    fn from(error: io::Error) -> Self {
        Self::Stick(StickError::Io(error))
    }
}

/// Asks the driver from a thread that may block.
fn ask(
    ways: &Ways,
    runtime: &Handle,
    permit: Permit,
    ask: CarryAsk,
) -> Result<CarryReply, CarryFailed> {
    let asked = runtime.block_on(ways.driver.ask(permit, Ask::Carry(ask)));
    match asked.map_err(CarryFailed::Busy)? {
        Ok(Reply::Carried(reply)) => Ok(*reply),
        Ok(_) => Err(CarryFailed::App(AppError::Stopping)),
        Err(error) => Err(CarryFailed::App(error)),
    }
}

/// An export on its way.
struct TakingOut<'a> {
    ways: &'a Ways,
    runtime: &'a Handle,
    permit: Permit,
    own: &'a Keys,
    directory: &'a Directory,
    key: &'a RecipientPublicKey,
    first: StickAddress,
    /// The most bytes of items in one file.
    most: u64,
    number: u16,
    writing: Option<StickWriter<File>>,
    out: DuplexStream,
}

/// Writes all that waits for `to` into `out`. What goes wrong ends `out` before its end.
pub(super) fn take_out(
    ways: &Ways,
    permit: Permit,
    to: NodeId,
    export: MessageId,
    size: u64,
    out: DuplexStream,
) {
    let runtime = Handle::current();
    let directory = ways.directory.get();
    let now = Timestamp::system();
    let Some(directory) = directory.as_ref() else {
        return;
    };
    let own = ways.keys.get();
    let Some(key) = directory.recipient_key(to, now) else {
        return;
    };
    let first = StickAddress {
        kind: SealedKind::Stick,
        sender: own.node,
        sender_key: own.identity.key_id(),
        recipient: to,
        recipient_key: key.key_id(),
        export,
        number: 1,
        place: StickPlace::More,
        created: now,
    };
    // Sealing adds 16 bytes to each 16 KiB, and a head of its own.
    let most = size - size / 1000 - 2 * STICK_HEAD as u64;
    let taking = TakingOut {
        ways,
        runtime: &runtime,
        permit,
        own: &own,
        directory,
        key,
        first,
        most,
        number: 0,
        writing: None,
        out,
    };
    match taking.run(to) {
        Ok(files) => info!(event = "taken-out", peer = %to, %export, files),
        Err(error) => warn!(event = "taking-out-failed", peer = %to, %export, ?error),
    }
}

impl TakingOut<'_> {
    fn run(mut self, to: NodeId) -> Result<u16, CarryFailed> {
        let own = self.directory.bundle_document(self.own.node);
        if let Some(own) = own {
            self.frame(&Frame::Bundle(own.to_json()))?;
        }
        let mut after = None;
        loop {
            let member = to.member;
            let page = CarryAsk::Waiting { member, after };
            let CarryReply::Waiting(page) = ask(self.ways, self.runtime, self.permit, page)? else {
                break;
            };
            for frame in wrap(self.directory, to, page.messages) {
                self.frame(&frame)?;
            }
            for batches in page.receipts.chunks(BATCHES) {
                let encoded = batches.iter().map(ReceiptBatch::encode).collect();
                self.frame(&Frame::Receipts(encoded))?;
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        self.files(to)?;
        self.end(StickPlace::Last)?;
        self.runtime
            .block_on(self.out.write_all(&0u64.to_be_bytes()))?;
        Ok(self.number)
    }

    fn frame(&mut self, frame: &Frame) -> Result<(), CarryFailed> {
        self.push(&StickItem::Frame(frame.encode()))
    }

    fn files(&mut self, to: NodeId) -> Result<(), CarryFailed> {
        let mut after = None;
        loop {
            let member = to.member;
            let page = CarryAsk::Files { member, after };
            let reply = ask(self.ways, self.runtime, self.permit, page)?;
            let CarryReply::Files { files, next } = reply else {
                return Ok(());
            };
            for (message, index, length, _) in files {
                self.attachment(message, index, length)?;
            }
            after = next;
            if after.is_none() {
                return Ok(());
            }
        }
    }

    fn attachment(
        &mut self,
        message: MessageId,
        index: u16,
        length: u64,
    ) -> Result<(), CarryFailed> {
        let mut file = match self.ways.blobs.read(BlobId { message, index }) {
            Ok(file) => file,
            // What the disk has lost keeps nothing else from leaving.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                warn!(event = "attachment-lost", %message, index, "it is left out");
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        };
        let mut offset = 0;
        while offset < length {
            let room = match &self.writing {
                Some(writing) => self.most.saturating_sub(writing.len() + 64),
                None => self.most - 64,
            };
            if room < SHORTEST_PART {
                self.end(StickPlace::More)?;
                continue;
            }
            let most = room.min(MAX_PART as u64).min(length - offset);
            let mut bytes = vec![0; usize::try_from(most).unwrap_or(MAX_PART)];
            file.read_exact(&mut bytes)?;
            let read = bytes.len() as u64;
            self.push(&StickItem::Part {
                message,
                index,
                length,
                offset,
                bytes,
            })?;
            offset += read;
        }
        Ok(())
    }

    /// Adds an item, to another file where this one has no room for it.
    fn push(&mut self, item: &StickItem) -> Result<(), CarryFailed> {
        let full = |writing: &StickWriter<File>| {
            !writing.is_empty() && writing.len() + item.size() > self.most
        };
        if self.writing.as_ref().is_some_and(full) {
            self.end(StickPlace::More)?;
        }
        let mut writing = self.begun()?;
        writing.push(item)?;
        self.writing = Some(writing);
        Ok(())
    }

    fn begun(&mut self) -> Result<StickWriter<File>, CarryFailed> {
        if let Some(writing) = self.writing.take() {
            return Ok(writing);
        }
        let number = self.number.checked_add(1);
        self.number = number.ok_or_else(|| io::Error::other("more than 65,535 files"))?;
        let address = StickAddress {
            number: self.number,
            ..self.first
        };
        Ok(StickWriter::new(
            self.ways.spool()?,
            address,
            &mut OsEntropy,
        )?)
    }

    /// Finishes the file that is being written, or an empty one, and passes it on.
    fn end(&mut self, place: StickPlace) -> Result<(), CarryFailed> {
        let writing = self.begun()?;
        let identity = &self.own.identity;
        let mut file = writing.finish(place, identity, self.key, &mut OsEntropy)?;
        let length = file.seek(SeekFrom::End(0))?;
        file.seek(SeekFrom::Start(0))?;
        let out = &mut self.out;
        self.runtime
            .block_on(out.write_all(&length.to_be_bytes()))?;
        let mut piece = vec![0; PIECE];
        loop {
            let read = file.read(&mut piece)?;
            if read == 0 {
                return Ok(());
            }
            self.runtime.block_on(out.write_all(&piece[..read]))?;
        }
    }
}

/// Takes in what a peer wrote, once all of the file holds.
pub(super) fn bring_in(
    ways: &Ways,
    permit: Permit,
    mut file: File,
) -> Result<BroughtIn, CarryFailed> {
    let runtime = Handle::current();
    let in_force = ways.directory.get();
    let directory = in_force.as_ref().as_ref();
    let directory = directory.ok_or(CarryFailed::App(AppError::NoTrustList))?;
    file.seek(SeekFrom::Start(0))?;
    let mut head = Vec::new();
    (&mut file).take(STICK_HEAD as u64).read_to_end(&mut head)?;
    let own = ways.keys.get();
    let keys = own.recipient_keys(Timestamp::system());
    let known = |node, key| directory.identity_by_id(node, key);
    let opened = open_stick(&head, own.node, &keys, known)?;
    opened.items(&mut file, |_| Ok::<_, StickError>(()))?;
    file.seek(SeekFrom::Start(STICK_HEAD as u64))?;
    let brought = Bringing {
        ways,
        runtime: &runtime,
        permit,
        keys: &own,
        opened: &opened,
    };
    let taken = brought.run(file)?;
    info!(event = "brought-in", peer = %taken.from, export = %taken.export, number = taken.number);
    Ok(taken)
}

/// A file that holds and is being taken in.
struct Bringing<'a> {
    ways: &'a Ways,
    runtime: &'a Handle,
    permit: Permit,
    keys: &'a Keys,
    opened: &'a OpenedStick,
}

impl Bringing<'_> {
    fn run(&self, file: File) -> Result<BroughtIn, CarryFailed> {
        let address = self.opened.address;
        let peer = address.sender;
        let record = CarryAsk::Bring(BroughtFile {
            peer,
            export: address.export,
            number: address.number,
            digest: self.opened.digest(),
        });
        ask(self.ways, self.runtime, self.permit, record)?;
        let mut told = BroughtIn {
            from: peer,
            export: address.export,
            number: address.number,
            last: address.place == StickPlace::Last,
            messages: 0,
            known: 0,
            later: 0,
            refused: 0,
            receipts: 0,
            attachments: 0,
            parts_later: 0,
        };
        let (proven, mut keys_came) = (Proven::default(), false);
        self.opened.items(file, |item| match item {
            StickItem::Frame(frame) => match self.read(&proven, &frame) {
                Heard::Bundle(document) => {
                    keys_came = true;
                    let taken = self.ways.keeper.take(peer, document);
                    self.runtime.block_on(taken);
                    Ok(())
                }
                // The key that verifies it may be in another file.
                Heard::Unproved(said) if !keys_came => {
                    told.later += said.len() as u64;
                    Ok(())
                }
                Heard::Said(said) | Heard::Unproved(said) => self.tell(said, &mut told),
            },
            // One that names files is no stick, and does not open as one.
            StickItem::File { .. } => Err(StickError::Damaged.into()),
            StickItem::Part {
                message,
                index,
                length: _,
                offset,
                bytes,
            } => {
                let place = Place {
                    peer,
                    sender: peer.member,
                    message,
                    index,
                };
                self.part(place, offset, &bytes, &mut told)
            }
        })?;
        Ok(told)
    }

    /// What a frame says by the keys in force, which one before it may have brought.
    fn read(&self, proven: &Proven, frame: &[u8]) -> Heard {
        let directory = self.ways.directory.get();
        let Some(directory) = directory.as_ref() else {
            return Heard::Said(Vec::new());
        };
        let reader = FrameReader {
            keys: self.keys,
            directory,
            peer: self.opened.address.sender,
            proven,
            keeper: &self.ways.keeper,
            times: &self.ways.times,
        };
        reader.read(frame)
    }

    fn tell(&self, heard: Vec<FromPeer>, told: &mut BroughtIn) -> Result<(), CarryFailed> {
        if heard.is_empty() {
            return Ok(());
        }
        let peer = told.from;
        let came = CarryAsk::Came { peer, heard };
        if let CarryReply::Came(taken) = ask(self.ways, self.runtime, self.permit, came)? {
            let Taken {
                messages,
                known,
                later,
                refused,
                receipts,
            } = taken;
            told.messages += messages;
            told.known += known;
            told.later += later;
            told.refused += refused;
            told.receipts += receipts;
        }
        Ok(())
    }

    fn part(
        &self,
        place: Place,
        offset: u64,
        bytes: &[u8],
        told: &mut BroughtIn,
    ) -> Result<(), CarryFailed> {
        let wanted = CarryAsk::Wanted {
            peer: place.peer,
            message: place.message,
            index: place.index,
        };
        let CarryReply::Wanted(wanted) = ask(self.ways, self.runtime, self.permit, wanted)? else {
            return Ok(());
        };
        let (length, digest) = match wanted {
            Wanted::Now(length, digest) => (length, digest),
            Wanted::Later => {
                told.parts_later += 1;
                return Ok(());
            }
            Wanted::No => return Ok(()),
        };
        match self
            .ways
            .fetcher
            .add(place, length, digest, offset, bytes)?
        {
            Added::Whole => {
                told.attachments += 1;
                let telling = self.ways.driver.tell_waiting(place.peer, place.fetched());
                telling.map_err(CarryFailed::Busy)
            }
            Added::Gap => {
                told.parts_later += 1;
                Ok(())
            }
            Added::Part => Ok(()),
        }
    }
}
