//! Markings as rules in words.

use super::{Barrier, Handling, HandlingCode, Tlp};

impl Barrier {
    /// The rule in words.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Red => "what is marked TLP:RED goes to nobody else",
            Self::AmberStrict => "what is marked TLP:AMBER+STRICT stays in the organisation",
            Self::Amber => {
                "what is marked TLP:AMBER is passed on with the originator's permission alone"
            }
            Self::AmberRestricted => "observers get nothing that is marked TLP:AMBER with H2 or H3",
            Self::Judicial => {
                "what is marked H1 is used in court with the originator's permission alone"
            }
            Self::Dissemination => {
                "what is marked H2 is passed on with the originator's permission alone"
            }
            Self::NotForObservers => "observers get nothing of an exchange",
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
