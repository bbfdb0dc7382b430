//! Markings as rules in words, and whom they keep information from.

use super::{Handling, HandlingCode, Tlp};

/// Why an observer may not get information.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Withheld {
    /// TLP:RED.
    Red,
    /// TLP:AMBER+STRICT.
    AmberStrict,
    /// TLP:AMBER with H2 or H3.
    AmberRestricted,
}

impl Withheld {
    /// The rule in words.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Red => "observers get nothing that is marked TLP:RED",
            Self::AmberStrict => "observers get nothing that is marked TLP:AMBER+STRICT",
            Self::AmberRestricted => "observers get nothing that is marked TLP:AMBER with H2 or H3",
        }
    }
}

impl HandlingCode {
    /// What a receiver may do, in words.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::H0 => "Use it only to prevent and combat crime.",
            Self::H1 => "Not in judicial proceedings without the originator's permission.",
            Self::H2 => "Not to be passed on without the originator's permission.",
            Self::H3 => "Further restrictions apply:",
        }
    }
}

impl Tlp {
    /// With whom a receiver may share, in words.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Red => "For the eyes of those it is addressed to; they share it with nobody.",
            Self::AmberStrict => {
                "Shared within the receiver's own organisation, on a need to know."
            }
            Self::Amber => {
                "Shared within the receiver's own organisation and those it serves, on a need to \
                 know."
            }
            Self::Green => "Shared within the community of this exchange; not made public.",
            Self::Clear => "Shared without limits.",
        }
    }
}

impl Handling {
    /// Whether it keeps information from an observer; a country is never kept from it.
    pub fn withheld(&self, observer: bool) -> Option<Withheld> {
        let restricted = |code: &HandlingCode| matches!(code, HandlingCode::H2 | HandlingCode::H3);
        if !observer {
            return None;
        }
        match self.tlp {
            Tlp::Red => Some(Withheld::Red),
            Tlp::AmberStrict => Some(Withheld::AmberStrict),
            Tlp::Amber if self.codes.iter().any(restricted) => Some(Withheld::AmberRestricted),
            Tlp::Amber | Tlp::Green | Tlp::Clear => None,
        }
    }

    /// What a receiver may do, one rule a line.
    pub fn in_words(&self) -> Vec<String> {
        let mut rules = vec![format!("TLP:{}. {}", self.tlp, self.tlp.in_words())];
        for code in &self.codes {
            let mut rule = format!("{code}. {}", code.in_words());
            if *code == HandlingCode::H3 {
                rule = format!("{rule} {}", self.restriction.as_deref().unwrap_or_default());
            }
            rules.push(rule);
        }
        if self.chatham_house {
            rules.push("Chatham House Rule. What is said may be used, but not who said it.".into());
        }
        let days = self.retention_days;
        rules.push(format!("To be erased after {days} days at the latest."));
        rules
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixtures::alert;

    #[test]
    fn observers_are_kept_from_what_the_table_says() {
        use HandlingCode::{H0, H1, H2, H3};
        let withheld = |tlp, codes: &[HandlingCode]| {
            let handling = Handling {
                tlp,
                codes: codes.to_vec(),
                ..alert().handling
            };
            assert_eq!(handling.withheld(false), None);
            handling.withheld(true)
        };
        for codes in [&[H0][..], &[H1], &[H0, H1], &[H2], &[H3]] {
            let open = codes.iter().all(|code| matches!(code, H0 | H1));
            let amber = (!open).then_some(Withheld::AmberRestricted);
            assert_eq!(withheld(Tlp::Red, codes), Some(Withheld::Red));
            let strict = Some(Withheld::AmberStrict);
            assert_eq!(withheld(Tlp::AmberStrict, codes), strict);
            assert_eq!(withheld(Tlp::Amber, codes), amber);
            assert_eq!(withheld(Tlp::Green, codes), None);
            assert_eq!(withheld(Tlp::Clear, codes), None);
        }
    }

    #[test]
    fn every_rule_is_told() {
        let handling = Handling {
            codes: vec![HandlingCode::H1, HandlingCode::H3],
            restriction: Some("Not to leave the unit.".into()),
            tlp: Tlp::AmberStrict,
            chatham_house: true,
            retention_days: 90,
        };
        let rules = handling.in_words();
        assert_eq!(rules.len(), 5);
        assert!(rules[0].starts_with("TLP:AMBER+STRICT."), "{rules:?}");
        assert!(rules[2].ends_with("Not to leave the unit."), "{rules:?}");
        assert!(rules[4].contains("90 days"), "{rules:?}");
    }
}
