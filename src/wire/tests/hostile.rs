//! Headers and bodies that a hostile peer may sign: each fault has its typed error.

use super::*;

fn header_with(change: impl FnOnce(&mut pb::Header)) -> Result<Header, WireError> {
    let mut wire = pb::Header::decode(encode_header(&header()).as_slice()).expect("a header");
    change(&mut wire);
    decode_header(&wire.encode_to_vec())
}

fn event_with(change: impl FnOnce(&mut pb::Event)) -> Result<Event, WireError> {
    let mut wire = pb::Event::decode(encode_event(&event()).as_slice()).expect("an event");
    change(&mut wire);
    decode_event(&wire.encode_to_vec())
}

fn by(event: &mut pb::Event) -> &mut pb::Actor {
    event.by.as_mut().expect("somebody caused it")
}

fn handling(header: &mut pb::Header) -> &mut pb::Handling {
    header.handling.as_mut().expect("it has its handling")
}

type Fault<T> = (&'static str, fn(&mut T));

#[test]
fn every_field_of_a_header_has_its_form() {
    let faults: &[Fault<pb::Header>] = &[
        ("id", |h| h.id.clear()),
        ("id", |h| h.id.push(0)),
        ("conversation", |h| h.conversation.truncate(15)),
        ("previous_own", |h| h.previous_own.truncate(31)),
        ("last_seen", |h| h.last_seen.push(0)),
        ("sender", |h| h.sender.clear()),
        ("sender", |h| h.sender = "MK".into()),
        ("sender", |h| h.sender = "MK-0".into()),
        ("sender", |h| h.sender = "MK-01".into()),
        ("recipients", |h| h.recipients.clear()),
        ("recipients", |h| h.recipients[0] = "mk".into()),
        ("recipients", |h| h.recipients[0].clear()),
        ("recipients", |h| h.recipients[1] = "MK".into()),
        ("recipients", |h| {
            h.recipients = (0..=MOST_RECIPIENTS).map(|n| format!("A{n}")).collect();
        }),
        ("kind", |h| h.kind = 0),
        ("kind", |h| h.kind = 27),
        ("kind", |h| h.kind = -1),
        ("kind", |h| h.kind = i32::MAX),
        ("priority", |h| h.priority = 0),
        ("priority", |h| h.priority = 3),
        ("handling", |h| h.handling = None),
        ("handling.codes", |h| handling(h).codes.clear()),
        ("handling.codes", |h| handling(h).codes[0] = 0),
        ("handling.codes", |h| handling(h).codes[0] = 5),
        ("handling.codes", |h| handling(h).codes.push(1)),
        ("handling.codes", |h| handling(h).codes = vec![1, 1]),
        ("handling.tlp", |h| handling(h).tlp = 0),
        ("handling.tlp", |h| handling(h).tlp = 6),
        ("handling.retention_days", |h| {
            handling(h).retention_days = 0
        }),
        ("created", |h| h.created = u64::MAX),
        ("created", |h| h.created = 253_402_207_200_001),
        ("expires", |h| h.expires = 1 << 63),
        ("trust_list", |h| h.trust_list.clear()),
        ("attachments.digest", |h| h.attachments[1].digest.clear()),
        ("attachments", |h| {
            h.attachments = vec![h.attachments[0].clone(); MOST_ATTACHMENTS + 1];
        }),
        ("extensions", |h| {
            h.extensions[0].id = 2;
            h.extensions[0].value = vec![3];
        }),
        ("extensions", |h| {
            h.extensions = vec![h.extensions[0].clone(); MOST_EXTENSIONS + 1];
        }),
    ];
    for (i, (field, change)) in faults.iter().enumerate() {
        let outcome = header_with(change);
        assert_eq!(outcome, Err(WireError::Field(field)), "fault {i}");
    }
}

#[test]
fn every_field_of_a_body_has_its_form() {
    let faults: &[Fault<pb::Event>] = &[
        ("by", |e| e.by = None),
        ("by.member", |e| by(e).member = "Macedonia".into()),
        ("by.role", |e| by(e).role = 0),
        ("by.role", |e| by(e).role = 8),
        ("by.role", |e| by(e).role = 257),
        ("by.role", |e| by(e).role = -1),
        ("by.person", |e| by(e).person.clear()),
        ("by.person", |e| by(e).person.push(1)),
        ("at", |e| e.at = u64::MAX),
        ("attachments", |e| {
            e.attachments = vec![e.attachments[0].clone(); MOST_ATTACHMENTS + 1];
        }),
        ("attachments.digest", |e| e.attachments[0].digest.clear()),
        ("attachments.key", |e| e.attachments[1].key.truncate(31)),
        ("content", |e| e.content.clear()),
        ("content", |e| e.content = b"null".to_vec()),
        ("content", |e| e.content = b"{}".to_vec()),
        ("content", |e| e.content = b"{\"request\":{}}".to_vec()),
        ("content", |e| e.content = b"{\"feedback\":{}}".to_vec()),
        ("content", |e| e.content.push(b'}')),
        ("content", |e| e.content.insert(0, 0xFF)),
        ("content", |e| e.content = b"[".repeat(200_000)),
        ("content", |e| {
            e.content = b"{\"refusal\":{\"ground\":\"x4\"}}".to_vec();
        }),
        ("content", |e| {
            e.content = b"{\"refusal\":{\"ground\":\"a\",\"colour\":\"blue\"}}".to_vec();
        }),
        ("content", |e| {
            e.content = b"{\"refusal\":{\"ground\":\"a\",\"ground\":\"a\"}}".to_vec();
        }),
    ];
    for (i, (field, change)) in faults.iter().enumerate() {
        let outcome = event_with(change);
        assert_eq!(outcome, Err(WireError::Field(field)), "fault {i}");
    }
}

#[test]
fn a_file_name_leads_nowhere_and_shows_what_it_is() {
    let long = "n".repeat(256);
    let bad = [
        "",
        "a/b",
        "a\\b",
        "a\0b",
        "a\nb",
        "a\u{1b}[2Jb",
        "a\u{7f}",
        "photo\u{202E}gpj.exe",
        "a\u{2066}b",
        &long,
        ".",
        "..",
    ];
    for name in bad {
        let outcome = event_with(|e| e.attachments[0].name = name.to_owned());
        assert_eq!(
            outcome,
            Err(WireError::Field("attachments.name")),
            "{name:?}"
        );
    }
    let long = "t".repeat(256);
    for media_type in ["", "text/html\r\nset-cookie: a", &long] {
        let outcome = event_with(|e| e.attachments[0].media_type = media_type.to_owned());
        let fault = Err(WireError::Field("attachments.media_type"));
        assert_eq!(outcome, fault, "{media_type:?}");
    }
}

#[test]
fn unknown_fields_are_refused_everywhere() {
    // Field 100, a number.
    let unknown = [0xA0, 0x06, 1];
    let header = [&encode_header(&header())[..], &unknown].concat();
    assert_eq!(decode_header(&header), Err(WireError::NotCanonical));
    let event = [&encode_event(&event())[..], &unknown].concat();
    assert_eq!(decode_event(&event), Err(WireError::NotCanonical));
    // Within the handling: field 12 again, with an unknown field alone in it.
    let within = [&header[..header.len() - 3], &[0x62, 3], &unknown].concat();
    assert_eq!(decode_header(&within), Err(WireError::NotCanonical));
}

#[test]
fn there_is_one_encoding() {
    let honest = encode_header(&header());
    // The first field is the lowest protocol version: 1, here in two bytes.
    assert_eq!(honest[..2], [0x08, 1]);
    let long = [&[0x08, 0x81, 0x00][..], &honest[2..]].concat();
    assert_eq!(decode_header(&long), Err(WireError::NotCanonical));
    let twice = [&honest[..2], &honest].concat();
    assert_eq!(decode_header(&twice), Err(WireError::NotCanonical));
    let moved = [&honest[2..], &honest[..2]].concat();
    assert_eq!(decode_header(&moved), Err(WireError::NotCanonical));
    // A default value that is written out.
    let mut first = header();
    first.sequence = 0;
    let first = encode_header(&first);
    let at = 2 + 2 + 18 + 18;
    let written = [&first[..at], &[0x28, 0], &first[at..]].concat();
    assert_eq!(decode_header(&written), Err(WireError::NotCanonical));
}

#[test]
fn what_is_too_long_is_not_read() {
    let long = vec![0x0A; LONGEST_HEADER + 1];
    assert_eq!(decode_header(&long), Err(WireError::TooLong));
    assert_ne!(decode_header(&long[1..]), Err(WireError::TooLong));
    let of_length = |length: usize| {
        let mut event = pb::Event::decode(encode_event(&event()).as_slice()).expect("an event");
        let missing = length - event.encoded_len();
        event.content.splice(0..0, vec![b' '; missing]);
        // The length of the content takes one byte more than before.
        event.content.remove(0);
        event.encode_to_vec()
    };
    let most = of_length(LONGEST_BODY);
    assert_eq!(most.len(), LONGEST_BODY);
    assert_eq!(decode_event(&most), Ok(event()));
    let more = of_length(LONGEST_BODY + 1);
    assert_eq!(decode_event(&more), Err(WireError::TooLong));
}

#[test]
fn very_many_nothings_are_refused_before_they_take_memory() {
    for tag in [[0x4A, 0].as_slice(), &[0x82, 0x01, 0], &[0x8A, 0x01, 0]] {
        let nothings = tag.repeat(LONGEST_HEADER / tag.len());
        assert_eq!(decode_header(&nothings), Err(WireError::TooMany));
    }
    let nothings = [0x1A, 0].repeat(LONGEST_BODY / 2);
    assert_eq!(decode_event(&nothings), Err(WireError::TooMany));
}

#[test]
fn a_length_that_lies_is_malformed() {
    // An id of 2^60 bytes, and one of one byte more than there are.
    let endless = [0x1A, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10];
    assert_eq!(decode_header(&endless), Err(WireError::Malformed));
    assert_eq!(decode_header(&[0x1A, 2, 0]), Err(WireError::Malformed));
    // A group, and a wire type that does not exist.
    assert_eq!(decode_header(&[0x1B, 0x1C]), Err(WireError::Malformed));
    assert_eq!(decode_header(&[0x1F]), Err(WireError::Malformed));
}

#[test]
fn versions_overlap_or_the_message_is_refused() {
    let versions = |min, max| {
        header_with(|h| (h.protocol_min, h.protocol_max) = (min, max)).map(|h| h.protocol)
    };
    assert_eq!(versions(1, 1), Ok((1, 1)));
    assert_eq!(versions(1, 9), Ok((1, 9)));
    assert_eq!(versions(0, 1), Ok((0, 1)));
    assert_eq!(versions(2, 9), Err(WireError::Protocol));
    assert_eq!(versions(0, 0), Err(WireError::Protocol));
    assert_eq!(versions(2, 1), Err(WireError::Protocol));
    assert_eq!(versions(1, 0), Err(WireError::Protocol));
}

#[test]
fn an_extension_that_is_critical_and_unknown_refuses_the_message() {
    let outcome = header_with(|h| h.extensions[0].critical = true);
    assert_eq!(outcome, Err(WireError::CriticalExtension));
    let ignorable = header_with(|h| h.extensions[0].id = 4_000_000);
    assert!(ignorable.is_ok());
}

#[test]
fn every_error_has_a_code_of_its_own() {
    let all = [
        WireError::TooLong,
        WireError::TooMany,
        WireError::Malformed,
        WireError::NotCanonical,
        WireError::Field("id"),
        WireError::Protocol,
        WireError::CriticalExtension,
        WireError::Contradiction,
    ];
    let mut codes: Vec<&str> = all.iter().map(|error| error.code()).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), all.len());
}
