//! `[[webhook]]`: a system on this machine that is told what happens.

use std::net::IpAddr;
use std::path::PathBuf;

use serde::Deserialize;

/// The most systems that are told.
const MOST: usize = 8;

/// One `[[webhook]]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// Where events are posted, such as `http://127.0.0.1:9000/liaison`.
    pub url: String,
    /// The file that holds the secret which both share.
    pub secret_file: PathBuf,
}

impl Webhook {
    /// What all of them have to be.
    pub(super) fn check(all: &[Self]) -> Result<(), String> {
        if all.len() > MOST {
            return Err(format!("more than {MOST}"));
        }
        for (place, hook) in all.iter().enumerate() {
            if !is_here(&hook.url) {
                return Err(format!(
                    "{:?} is not http:// and an address of this machine, such as \
                     http://127.0.0.1:9000/liaison: put a TLS proxy between it and another machine",
                    hook.url
                ));
            }
            if all[..place].iter().any(|other| other.url == hook.url) {
                return Err(format!("{:?} is named twice", hook.url));
            }
        }
        Ok(())
    }
}

fn is_here(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("http://") else {
        return false;
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.parse::<u16>().is_ok() => host,
        Some(_) | None => authority,
    };
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_this_machine_are_told() {
        for good in [
            "http://127.0.0.1:9000/liaison",
            "http://localhost/",
            "http://[::1]:80/a?b",
        ] {
            assert!(is_here(good), "{good}");
        }
        for bad in [
            "https://127.0.0.1/",
            "http://example.org/",
            "http://127.0.0.1@example.org/",
            "http://10.0.0.1/",
            "http://localhost.example.org/",
            "http://",
            "",
        ] {
            assert!(!is_here(bad), "{bad}");
        }
    }

    #[test]
    fn none_is_named_twice() {
        let hook = Webhook {
            url: "http://localhost/".to_owned(),
            secret_file: PathBuf::from("secret"),
        };
        assert!(Webhook::check(std::slice::from_ref(&hook)).is_ok());
        assert!(Webhook::check(&[hook.clone(), hook]).is_err());
    }
}
