//! Which part of a file a caller wants (`Range`, RFC 9110 § 14.2): one range of bytes. Several at once
//! are answered with the whole file, as the RFC allows.

use std::ops::Range;

use axum::http::{HeaderMap, header};

/// What is to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// All of it.
    Whole,
    /// These bytes; never none.
    Part(Range<u64>),
    /// Bytes that it does not have.
    Beyond,
}

/// What the headers ask of a file of `size` bytes whose tag is `etag`.
pub fn wanted(headers: &HeaderMap, size: u64, etag: &str) -> Wanted {
    let text = |name| headers.get(name).map(|value| value.to_str());
    let of_this_file = text(header::IF_RANGE).is_none_or(|tag| tag.is_ok_and(|tag| tag == etag));
    match text(header::RANGE) {
        Some(Ok(range)) if of_this_file => part(range, size).unwrap_or(Wanted::Whole),
        _ => Wanted::Whole,
    }
}

/// None for what is no range of bytes, or several.
fn part(range: &str, size: u64) -> Option<Wanted> {
    let (first, last) = range.strip_prefix("bytes=")?.trim().split_once('-')?;
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse().unwrap_or(u64::MAX))
    };
    let range = match (first, last) {
        ("", last) => size.saturating_sub(number(last)?)..size,
        (first, "") => number(first)?..size,
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            if last < first {
                return None;
            }
            first..size.min(last.saturating_add(1))
        }
    };
    Some(if range.is_empty() {
        Wanted::Beyond
    } else {
        Wanted::Part(range)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(range: &str) -> Wanted {
        let mut headers = HeaderMap::new();
        headers.insert(header::RANGE, range.parse().expect("a value"));
        wanted(&headers, 100, "\"tag\"")
    }

    #[test]
    fn without_a_range_the_whole_file_is_sent() {
        assert_eq!(wanted(&HeaderMap::new(), 100, "\"tag\""), Wanted::Whole);
    }

    #[test]
    fn a_range_begins_and_ends_where_it_says_and_where_the_file_ends() {
        assert_eq!(asked("bytes=0-0"), Wanted::Part(0..1));
        assert_eq!(asked("bytes=10-19"), Wanted::Part(10..20));
        assert_eq!(asked("bytes=90-"), Wanted::Part(90..100));
        assert_eq!(
            asked("bytes=90-18446744073709551615"),
            Wanted::Part(90..100)
        );
        assert_eq!(asked("bytes=-7"), Wanted::Part(93..100));
        assert_eq!(asked("bytes=-700"), Wanted::Part(0..100));
    }

    #[test]
    fn what_lies_beyond_the_file_is_said_to() {
        for beyond in [
            "bytes=100-",
            "bytes=100-200",
            "bytes=-0",
            "bytes=99999999999999999999-",
        ] {
            assert_eq!(asked(beyond), Wanted::Beyond, "{beyond}");
        }
    }

    #[test]
    fn what_is_no_range_or_several_is_answered_with_the_whole_file() {
        for other in [
            "",
            "bytes",
            "bytes=",
            "bytes=-",
            "bytes=5-2",
            "bytes=a-b",
            "bytes=+1-2",
            "lines=1-2",
            "bytes=0-1,5-6",
        ] {
            assert_eq!(asked(other), Wanted::Whole, "{other}");
        }
    }

    #[test]
    fn a_range_of_another_file_is_answered_with_the_whole_file() {
        let mut headers = HeaderMap::new();
        headers.insert(header::RANGE, "bytes=1-2".parse().expect("a value"));
        headers.insert(header::IF_RANGE, "\"tag\"".parse().expect("a value"));
        assert_eq!(wanted(&headers, 100, "\"tag\""), Wanted::Part(1..3));
        assert_eq!(wanted(&headers, 100, "\"other\""), Wanted::Whole);
    }
}
