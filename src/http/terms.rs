//! On which terms something is said: whether a second person is to release it, and whether what it is
//! said to must stand as it was read (`If-Match`, RFC 9110 § 13.1.1).

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;

use super::Api;
use super::auth::Params;
use super::problem::Failure;
use crate::app::Ask;

/// Whether a second person is to release what is composed, even where no policy wants that.
#[derive(Debug, Clone, Copy, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ForRelease {
    /// Whether it waits for a second person.
    #[serde(default)]
    for_release: bool,
}

/// The terms that a request gives.
#[derive(Debug)]
pub struct Terms {
    for_release: bool,
    read: Option<Vec<u64>>,
}

impl Terms {
    /// What is asked of the service.
    pub fn wrap(self, ask: Ask) -> Ask {
        let ask = match self.for_release {
            true => Ask::ForRelease(Box::new(ask)),
            false => ask,
        };
        match self.read {
            Some(read) => Ask::IfUnchanged(read, Box::new(ask)),
            None => ask,
        }
    }
}

impl FromRequestParts<Api> for Terms {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Failure> {
        let Params(wanted) = Params::<ForRelease>::from_request_parts(parts, api).await?;
        Ok(Self {
            for_release: wanted.for_release,
            read: read(&parts.headers),
        })
    }
}

/// What `If-Match` names; a tag that is none of this node's names nothing. None without the header,
/// or where anything will do.
fn read(headers: &HeaderMap) -> Option<Vec<u64>> {
    let mut lines = headers.get_all(header::IF_MATCH).iter().peekable();
    lines.peek()?;
    let tags = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b','));
    let tags: Vec<&[u8]> = tags.map(<[u8]>::trim_ascii).collect();
    if tags == [b"*"] {
        return None;
    }
    let entry = |tag: &[u8]| {
        let text = tag.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
        std::str::from_utf8(text).ok()?.parse().ok()
    };
    Some(tags.into_iter().filter_map(entry).collect())
}

/// Tags an answer with how far its thread has come. It stands for what was said, and not for clocks,
/// which go on by themselves, so that nothing is left out of a second answer for its sake.
pub fn tagged(mut response: Response, thread: &[u64]) -> Response {
    let tag = thread.last().map(|entry| format!("\"{entry}\""));
    if let Some(tag) = tag.and_then(|tag| HeaderValue::from_str(&tag).ok()) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(lines: &[&str]) -> Option<Vec<u64>> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::IF_MATCH, line.parse().expect("a value"));
        }
        read(&headers)
    }

    #[test]
    fn without_the_header_or_with_a_star_anything_will_do() {
        assert_eq!(named(&[]), None);
        assert_eq!(named(&["*"]), None);
    }

    #[test]
    fn several_tags_may_be_named() {
        assert_eq!(named(&["\"7\", \"9\"", "\"11\""]), Some(vec![7, 9, 11]));
    }

    #[test]
    fn a_tag_of_another_form_names_nothing() {
        assert_eq!(named(&["W/\"7\""]), Some(vec![]));
        assert_eq!(named(&["seven"]), Some(vec![]));
        assert_eq!(named(&["\"-1\", \"\""]), Some(vec![]));
    }
}
