//! `[console]`: where browsers reach the web console.

use std::net::SocketAddr;

use serde::Deserialize;

use crate::base::MemberId;

/// `[console]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Console {
    /// The origin, such as `https://liaison.example.org`, where a TLS proxy stands in front; none
    /// for browsers on this machine.
    pub origin: Option<String>,
}

impl Console {
    /// The origin of a node of `member` whose API listens at `api`. Without a setting it is a name
    /// under `localhost`, which browsers treat as this machine and as safe. Each member's differs,
    /// since cookies and passkeys ignore ports.
    pub fn origin(&self, member: MemberId, api: SocketAddr) -> String {
        let own = || {
            let host = member.as_str().to_ascii_lowercase();
            format!("http://{host}.localhost:{}", api.port())
        };
        self.origin.clone().unwrap_or_else(own)
    }

    /// What an origin has to be.
    pub(super) fn check(&self) -> Result<(), String> {
        let Some(origin) = &self.origin else {
            return Ok(());
        };
        let (scheme, host) = origin.split_once("://").unwrap_or_default();
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        let local = name == "localhost" || name.ends_with(".localhost");
        let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-:".contains(c);
        if host.is_empty() || !host.chars().all(letters) || name.parse::<std::net::IpAddr>().is_ok()
        {
            return Err(format!(
                "{origin:?} is not an origin such as https://liaison.example.org: small letters, no \
                 path, and a name, since passkeys refuse IP addresses"
            ));
        }
        match (scheme, local) {
            ("https", _) | ("http", true) => Ok(()),
            _ => Err(format!(
                "{origin:?} would carry sessions in the open: only a name under localhost may do \
                 without https"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_a_name_that_browsers_hold_safe() {
        let check = |origin: &str| {
            let console = Console {
                origin: Some(origin.to_owned()),
            };
            console.check()
        };
        for good in [
            "https://liaison.example.org",
            "https://a.b:8443",
            "http://mk.localhost:1",
        ] {
            assert!(check(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "liaison.example.org",
            "http://liaison.example.org",
            "https://127.0.0.1",
            "https://a.b/",
            "https://A.b",
            "https://",
            "ftp://a.localhost",
            "https://a b",
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn without_a_setting_each_member_has_a_name_of_its_own() {
        let api = SocketAddr::from(([127, 0, 0, 1], 8480));
        let origin = Console::default().origin("MK".parse().expect("a member"), api);
        assert_eq!(origin, "http://mk.localhost:8480");
    }
}
