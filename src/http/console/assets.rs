//! The files that pages need, in the binary. Their address holds a digest of them all, so that a
//! browser may keep them for good.
//!
//! | File | From | Licence |
//! |---|---|---|
//! | `htmx.js` | npm `htmx.org` 4.0.1, `dist/htmx.min.js` | 0BSD, `htmx-LICENSE.txt` |
//! | `vazirmatn.woff2` | npm `vazirmatn` 33.0.3, `fonts/webfonts/Vazirmatn[wght].woff2` | OFL-1.1, `vazirmatn-OFL.txt` |
//!
//! The tests hold them to the SHA-256 of what was fetched.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use crate::base::Digest;

/// One file.
struct Asset {
    name: &'static str,
    media_type: &'static str,
    bytes: &'static [u8],
}

const ASSETS: [Asset; 5] = [
    Asset {
        name: "console.css",
        media_type: "text/css; charset=utf-8",
        bytes: include_bytes!("assets/console.css"),
    },
    Asset {
        name: "console.js",
        media_type: "text/javascript; charset=utf-8",
        bytes: include_bytes!("assets/console.js"),
    },
    Asset {
        name: "htmx.js",
        media_type: "text/javascript; charset=utf-8",
        bytes: include_bytes!("assets/htmx.js"),
    },
    Asset {
        name: "vazirmatn.woff2",
        media_type: "font/woff2",
        bytes: include_bytes!("assets/vazirmatn.woff2"),
    },
    Asset {
        name: "icon.svg",
        media_type: "image/svg+xml",
        bytes: include_bytes!("assets/icon.svg"),
    },
];

/// The digest of all files, shortened, which changes when one of them does.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let parts: Vec<&[u8]> = ASSETS.iter().map(|asset| asset.bytes).collect();
    hex::encode(&Digest::of_parts(&parts).as_bytes()[..8])
});

/// The address of a file.
pub fn address(name: &str) -> String {
    format!("/assets/{}/{name}", *VERSION)
}

/// `GET /assets/{version}/{name}`.
pub async fn serve(Path((version, name)): Path<(String, String)>) -> Response {
    let found = ASSETS.iter().find(|asset| asset.name == name);
    let (Some(asset), true) = (found, version == *VERSION) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let mut response = asset.bytes.into_response();
    let headers = response.headers_mut();
    let fixed = HeaderValue::from_static;
    headers.insert(header::CONTENT_TYPE, fixed(asset.media_type));
    let forever = fixed("public, max-age=31536000, immutable");
    headers.insert(header::CACHE_CONTROL, forever);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_vendored_is_as_it_was_fetched() {
        let of = |name: &str| {
            let asset = ASSETS.iter().find(|asset| asset.name == name);
            Digest::of(asset.expect("it is there").bytes).to_string()
        };
        assert_eq!(
            of("htmx.js"),
            "a0abb04f2f45a1f89d1d4844023245537e5e6014c87b144553e0607b4cc32130"
        );
        assert_eq!(
            of("vazirmatn.woff2"),
            "4e3fa217d38fdafc1fea4414ceb58ca5e662cf0ab5fa735a8c8c20e8b42cad92"
        );
    }

    #[test]
    fn the_style_sheet_stays_small_and_knows_no_sides() {
        let css = include_str!("assets/console.css");
        assert!(css.len() < 16 * 1024, "{} bytes", css.len());
        for side in [
            "margin-left",
            "margin-right",
            "padding-left",
            "padding-right",
            "text-align: left",
            "text-align: right",
            "border-left",
            "border-right",
            " left:",
            " right:",
        ] {
            assert!(
                !css.contains(side),
                "{side} is wrong where writing turns round"
            );
        }
    }
}
