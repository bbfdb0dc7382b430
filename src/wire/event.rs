//! Bodies.

use prost::Message as _;

use super::generated as pb;
use super::{
    LONGEST_BODY, MOST_ATTACHMENTS, SINGLE_FIELDS, WireError, digest, millis, strictly, time,
};
use crate::base::{Actor, PersonId, Role};
use crate::domain::message::{AttachmentInfo, Event};

/// The body's bytes.
///
/// # Panics
/// Never: every content has text keys and whole numbers.
pub fn encode_event(event: &Event) -> Vec<u8> {
    pb::Event {
        by: Some(pb::Actor {
            member: event.by.member.to_string(),
            role: event.by.role as i32,
            person: event.by.person.to_bytes().to_vec(),
        }),
        at: millis(event.at),
        attachments: event
            .attachments
            .iter()
            .map(|info| pb::Attachment {
                name: info.name.clone(),
                media_type: info.media_type.clone(),
                size: info.size,
                digest: info.digest.as_bytes().to_vec(),
                key: info.key.to_vec(),
            })
            .collect(),
        content: serde_json::to_vec(&event.body).expect("content has text keys and whole numbers"),
    }
    .encode_to_vec()
}

/// Reads a body.
///
/// # Errors
/// [`WireError`] for anything but the one encoding of a body that this version understands.
pub fn decode_event(bytes: &[u8]) -> Result<Event, WireError> {
    let event: pb::Event = strictly(bytes, LONGEST_BODY, SINGLE_FIELDS + MOST_ATTACHMENTS)?;
    let by = event.by.ok_or(WireError::Field("by"))?;
    let role = u8::try_from(by.role).ok().and_then(Role::from_number);
    let person: [u8; 16] = by
        .person
        .as_slice()
        .try_into()
        .map_err(|_| WireError::Field("by.person"))?;
    if event.attachments.len() > MOST_ATTACHMENTS {
        return Err(WireError::Field("attachments"));
    }
    let attachment = |info: pb::Attachment| {
        if !AttachmentInfo::is_name(&info.name) {
            return Err(WireError::Field("attachments.name"));
        }
        if !AttachmentInfo::is_media_type(&info.media_type) {
            return Err(WireError::Field("attachments.media_type"));
        }
        Ok(AttachmentInfo {
            name: info.name,
            media_type: info.media_type,
            size: info.size,
            digest: digest(&info.digest, "attachments.digest")?,
            key: info
                .key
                .as_slice()
                .try_into()
                .map_err(|_| WireError::Field("attachments.key"))?,
        })
    };
    Ok(Event {
        by: Actor {
            member: by
                .member
                .parse()
                .map_err(|_| WireError::Field("by.member"))?,
            role: role.ok_or(WireError::Field("by.role"))?,
            person: PersonId::from_bytes(person),
        },
        at: time(event.at, "at")?,
        attachments: event
            .attachments
            .into_iter()
            .map(attachment)
            .collect::<Result<_, _>>()?,
        body: serde_json::from_slice(&event.content).map_err(|_| WireError::Field("content"))?,
    })
}
