//! Headers.

use prost::Message as _;

use super::generated as pb;
use super::{
    LONGEST_HEADER, MOST_ATTACHMENTS, MOST_EXTENSIONS, MOST_RECIPIENTS, PROTOCOL, SINGLE_FIELDS,
    WireError, digest, millis, strictly, time,
};
use crate::base::{Digest, MemberId, MessageId};
use crate::domain::handling::{Handling, HandlingCode, Tlp};
use crate::domain::message::{AttachmentSlot, Extension, Header, Kind, Priority};

const MOST_FIELDS: usize = SINGLE_FIELDS + MOST_RECIPIENTS + MOST_ATTACHMENTS + MOST_EXTENSIONS;

/// The header's bytes.
pub fn encode_header(header: &Header) -> Vec<u8> {
    let optional = |digest: Option<Digest>| digest.map_or_else(Vec::new, |d| d.as_bytes().to_vec());
    pb::Header {
        protocol_min: header.protocol.0,
        protocol_max: header.protocol.1,
        id: header.id.to_bytes().to_vec(),
        conversation: header.conversation.to_bytes().to_vec(),
        sequence: header.sequence,
        previous_own: optional(header.previous_own),
        last_seen: optional(header.last_seen),
        sender: header.sender.to_string(),
        recipients: header.recipients.iter().map(ToString::to_string).collect(),
        kind: kind_to_wire(header.kind) as i32,
        priority: priority_to_wire(header.priority) as i32,
        handling: Some(handling_to_wire(&header.handling)),
        created: millis(header.created),
        expires: millis(header.expires),
        trust_list: header.trust_list.as_bytes().to_vec(),
        attachments: header
            .attachments
            .iter()
            .map(|slot| pb::AttachmentSlot {
                length: slot.length,
                digest: slot.digest.as_bytes().to_vec(),
            })
            .collect(),
        extensions: header
            .extensions
            .iter()
            .map(|extension| pb::Extension {
                id: extension.id,
                critical: extension.critical,
                value: extension.value.clone(),
            })
            .collect(),
    }
    .encode_to_vec()
}

/// Reads a header.
///
/// # Errors
/// [`WireError`] for anything but the one encoding of a header that this version understands.
pub fn decode_header(bytes: &[u8]) -> Result<Header, WireError> {
    let header: pb::Header = strictly(bytes, LONGEST_HEADER, MOST_FIELDS)?;
    if header.protocol_min > PROTOCOL.1 || header.protocol_max < PROTOCOL.0 {
        return Err(WireError::Protocol);
    }
    if header.protocol_min > header.protocol_max {
        return Err(WireError::Field("protocol"));
    }
    if header.extensions.iter().any(|extension| extension.critical) {
        return Err(WireError::CriticalExtension);
    }
    let recipients = header.recipients.len();
    if !(1..=MOST_RECIPIENTS).contains(&recipients) {
        return Err(WireError::Field("recipients"));
    }
    if header.attachments.len() > MOST_ATTACHMENTS {
        return Err(WireError::Field("attachments"));
    }
    if header.extensions.len() > MOST_EXTENSIONS {
        return Err(WireError::Field("extensions"));
    }
    let id = |bytes: &[u8], field| {
        bytes
            .try_into()
            .map(MessageId::from_bytes)
            .map_err(|_| WireError::Field(field))
    };
    let optional = |bytes: &[u8], field| {
        if bytes.is_empty() {
            Ok(None)
        } else {
            digest(bytes, field).map(Some)
        }
    };
    let member = |text: &String| {
        text.parse::<MemberId>()
            .map_err(|_| WireError::Field("recipients"))
    };
    let recipients: Vec<MemberId> = header
        .recipients
        .iter()
        .map(member)
        .collect::<Result<_, _>>()?;
    let mut distinct = recipients.clone();
    distinct.sort();
    distinct.dedup();
    if distinct.len() != recipients.len() {
        return Err(WireError::Field("recipients"));
    }
    let handling = header.handling.ok_or(WireError::Field("handling"))?;
    let header = Header {
        protocol: (header.protocol_min, header.protocol_max),
        id: id(&header.id, "id")?,
        conversation: id(&header.conversation, "conversation")?,
        sequence: header.sequence,
        previous_own: optional(&header.previous_own, "previous_own")?,
        last_seen: optional(&header.last_seen, "last_seen")?,
        sender: header
            .sender
            .parse()
            .map_err(|_| WireError::Field("sender"))?,
        recipients,
        kind: kind_from_wire(header.kind)?,
        priority: priority_from_wire(header.priority)?,
        handling: handling_from_wire(handling)?,
        created: time(header.created, "created")?,
        expires: time(header.expires, "expires")?,
        trust_list: digest(&header.trust_list, "trust_list")?,
        attachments: header
            .attachments
            .iter()
            .map(|slot| {
                Ok(AttachmentSlot {
                    length: slot.length,
                    digest: digest(&slot.digest, "attachments.digest")?,
                })
            })
            .collect::<Result<_, WireError>>()?,
        extensions: header
            .extensions
            .into_iter()
            .map(|extension| Extension {
                id: extension.id,
                critical: extension.critical,
                value: extension.value,
            })
            .collect(),
    };
    header
        .joining()
        .map_err(|_| WireError::Field("extensions"))?;
    header
        .status()
        .map_err(|_| WireError::Field("extensions"))?;
    Ok(header)
}

fn kind_to_wire(kind: Kind) -> pb::Kind {
    match kind {
        Kind::Request => pb::Kind::Request,
        Kind::Acceptance => pb::Kind::Acceptance,
        Kind::Answer => pb::Kind::Answer,
        Kind::Refusal => pb::Kind::Refusal,
        Kind::ClarificationRequest => pb::Kind::ClarificationRequest,
        Kind::Clarification => pb::Kind::Clarification,
        Kind::Channelling => pb::Kind::Channelling,
        Kind::AwaitingAuthorisation => pb::Kind::AwaitingAuthorisation,
        Kind::Feedback => pb::Kind::Feedback,
        Kind::Closing => pb::Kind::Closing,
        Kind::Withdrawal => pb::Kind::Withdrawal,
        Kind::Supersession => pb::Kind::Supersession,
        Kind::Transfer => pb::Kind::Transfer,
        Kind::Reopening => pb::Kind::Reopening,
        Kind::Correction => pb::Kind::Correction,
        Kind::PermissionRequest => pb::Kind::PermissionRequest,
        Kind::PermissionGrant => pb::Kind::PermissionGrant,
        Kind::PermissionRefusal => pb::Kind::PermissionRefusal,
        Kind::Notice => pb::Kind::Notice,
        Kind::Alert => pb::Kind::Alert,
        Kind::Sighting => pb::Kind::Sighting,
        Kind::AlertUpdate => pb::Kind::AlertUpdate,
        Kind::AlertCancellation => pb::Kind::AlertCancellation,
        Kind::Contradiction => pb::Kind::Contradiction,
        Kind::Acknowledgement => pb::Kind::Acknowledgement,
        Kind::Subscription => pb::Kind::Subscription,
    }
}

fn kind_from_wire(number: i32) -> Result<Kind, WireError> {
    match pb::Kind::try_from(number) {
        Ok(pb::Kind::Request) => Ok(Kind::Request),
        Ok(pb::Kind::Acceptance) => Ok(Kind::Acceptance),
        Ok(pb::Kind::Answer) => Ok(Kind::Answer),
        Ok(pb::Kind::Refusal) => Ok(Kind::Refusal),
        Ok(pb::Kind::ClarificationRequest) => Ok(Kind::ClarificationRequest),
        Ok(pb::Kind::Clarification) => Ok(Kind::Clarification),
        Ok(pb::Kind::Channelling) => Ok(Kind::Channelling),
        Ok(pb::Kind::AwaitingAuthorisation) => Ok(Kind::AwaitingAuthorisation),
        Ok(pb::Kind::Feedback) => Ok(Kind::Feedback),
        Ok(pb::Kind::Closing) => Ok(Kind::Closing),
        Ok(pb::Kind::Withdrawal) => Ok(Kind::Withdrawal),
        Ok(pb::Kind::Supersession) => Ok(Kind::Supersession),
        Ok(pb::Kind::Transfer) => Ok(Kind::Transfer),
        Ok(pb::Kind::Reopening) => Ok(Kind::Reopening),
        Ok(pb::Kind::Correction) => Ok(Kind::Correction),
        Ok(pb::Kind::PermissionRequest) => Ok(Kind::PermissionRequest),
        Ok(pb::Kind::PermissionGrant) => Ok(Kind::PermissionGrant),
        Ok(pb::Kind::PermissionRefusal) => Ok(Kind::PermissionRefusal),
        Ok(pb::Kind::Notice) => Ok(Kind::Notice),
        Ok(pb::Kind::Alert) => Ok(Kind::Alert),
        Ok(pb::Kind::Sighting) => Ok(Kind::Sighting),
        Ok(pb::Kind::AlertUpdate) => Ok(Kind::AlertUpdate),
        Ok(pb::Kind::AlertCancellation) => Ok(Kind::AlertCancellation),
        Ok(pb::Kind::Contradiction) => Ok(Kind::Contradiction),
        Ok(pb::Kind::Acknowledgement) => Ok(Kind::Acknowledgement),
        Ok(pb::Kind::Subscription) => Ok(Kind::Subscription),
        Ok(pb::Kind::Unspecified) | Err(_) => Err(WireError::Field("kind")),
    }
}

fn priority_to_wire(priority: Priority) -> pb::Priority {
    match priority {
        Priority::Urgent => pb::Priority::Urgent,
        Priority::Routine => pb::Priority::Routine,
    }
}

fn priority_from_wire(number: i32) -> Result<Priority, WireError> {
    match pb::Priority::try_from(number) {
        Ok(pb::Priority::Urgent) => Ok(Priority::Urgent),
        Ok(pb::Priority::Routine) => Ok(Priority::Routine),
        Ok(pb::Priority::Unspecified) | Err(_) => Err(WireError::Field("priority")),
    }
}

fn handling_to_wire(handling: &Handling) -> pb::Handling {
    let code = |code: &HandlingCode| match code {
        HandlingCode::H0 => pb::HandlingCode::H0 as i32,
        HandlingCode::H1 => pb::HandlingCode::H1 as i32,
        HandlingCode::H2 => pb::HandlingCode::H2 as i32,
        HandlingCode::H3 => pb::HandlingCode::H3 as i32,
    };
    let tlp = match handling.tlp {
        Tlp::Red => pb::Tlp::Red,
        Tlp::AmberStrict => pb::Tlp::AmberStrict,
        Tlp::Amber => pb::Tlp::Amber,
        Tlp::Green => pb::Tlp::Green,
        Tlp::Clear => pb::Tlp::Clear,
    };
    pb::Handling {
        codes: handling.codes.iter().map(code).collect(),
        restriction: handling.restriction.clone().unwrap_or_default(),
        tlp: tlp as i32,
        chatham_house: handling.chatham_house,
        retention_days: handling.retention_days,
    }
}

fn handling_from_wire(handling: pb::Handling) -> Result<Handling, WireError> {
    let code = |number: &i32| match pb::HandlingCode::try_from(*number) {
        Ok(pb::HandlingCode::H0) => Ok(HandlingCode::H0),
        Ok(pb::HandlingCode::H1) => Ok(HandlingCode::H1),
        Ok(pb::HandlingCode::H2) => Ok(HandlingCode::H2),
        Ok(pb::HandlingCode::H3) => Ok(HandlingCode::H3),
        Ok(pb::HandlingCode::Unspecified) | Err(_) => Err(WireError::Field("handling.codes")),
    };
    let codes: Vec<HandlingCode> = handling.codes.iter().map(code).collect::<Result<_, _>>()?;
    let twice = (1..codes.len()).any(|i| codes[..i].contains(&codes[i]));
    if codes.is_empty() || twice {
        return Err(WireError::Field("handling.codes"));
    }
    let tlp = match pb::Tlp::try_from(handling.tlp) {
        Ok(pb::Tlp::Red) => Tlp::Red,
        Ok(pb::Tlp::AmberStrict) => Tlp::AmberStrict,
        Ok(pb::Tlp::Amber) => Tlp::Amber,
        Ok(pb::Tlp::Green) => Tlp::Green,
        Ok(pb::Tlp::Clear) => Tlp::Clear,
        Ok(pb::Tlp::Unspecified) | Err(_) => return Err(WireError::Field("handling.tlp")),
    };
    if handling.retention_days == 0 {
        return Err(WireError::Field("handling.retention_days"));
    }
    Ok(Handling {
        codes,
        restriction: (!handling.restriction.is_empty()).then_some(handling.restriction),
        tlp,
        chatham_house: handling.chatham_house,
        retention_days: handling.retention_days,
    })
}
