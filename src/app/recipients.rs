//! Whom a request is addressed to, as far as that can be told before any work is done for it.

use std::collections::BTreeSet;

use super::error::AppError;
use crate::base::MemberId;

/// The most members that one request is sent to.
pub const MOST_ASKED: usize = 64;

/// Checks the members that are to be asked: 1 to [`MOST_ASKED`], each named once.
///
/// # Errors
/// [`AppError`].
pub fn check_asked(to: &[MemberId]) -> Result<(), AppError> {
    if to.is_empty() {
        return Err(AppError::NoRecipient);
    }
    if to.len() > MOST_ASKED {
        return Err(AppError::TooManyAsked);
    }
    named_once(to)
}

/// Checks that no member is named twice.
///
/// # Errors
/// [`AppError::NamedTwice`].
pub fn named_once(to: &[MemberId]) -> Result<(), AppError> {
    let mut named = BTreeSet::new();
    match to.iter().find(|member| !named.insert(**member)) {
        Some(member) => Err(AppError::NamedTwice(*member)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(names: &[&str]) -> Vec<MemberId> {
        let member = |name: &&str| name.parse().expect("a member id");
        names.iter().map(member).collect()
    }

    #[test]
    fn each_member_is_asked_once_and_not_too_many_are() {
        assert_eq!(check_asked(&members(&["TR", "AT"])), Ok(()));
        assert_eq!(check_asked(&[]), Err(AppError::NoRecipient));
        let twice = members(&["TR", "AT", "TR"]);
        assert_eq!(check_asked(&twice), Err(AppError::NamedTwice(twice[0])));
        let many: Vec<MemberId> = (0..=MOST_ASKED)
            .map(|n| format!("M{n}").parse().expect("a member id"))
            .collect();
        assert_eq!(check_asked(&many), Err(AppError::TooManyAsked));
        assert_eq!(check_asked(&many[1..]), Ok(()));
    }
}
