//! What a marking allows its receivers. Whatever passes information on asks here, and nowhere else.
//!
//! | Disclosure | TLP:RED | TLP:AMBER+STRICT | TLP:AMBER | TLP:GREEN, TLP:CLEAR | with H1 | with H2 |
//! |---|---|---|---|---|---|---|
//! | `forward` | never | never | by permission | yes | | by permission |
//! | `forward-to-observer` | never | never | never | never | | never |
//! | `observer` | never | never | not with H2 or H3 | yes | | |
//! | `export` | never | yes | yes | yes | | by permission |
//! | `bundle` | yes | yes | yes | yes | | yes |
//! | `evidence` | never | never | yes | yes | by permission | |
//!
//! A permission is the originator's, signed. H3 travels in words, which a person reads.

use super::{Handling, HandlingCode, Tlp};

codes! {
    /// Something that a receiver may want to do with information.
    Disclosure {
        /// Pass it on to a country that is neither its originator nor a recipient.
        Forward = "forward",
        /// Pass on what belongs to an exchange to an organisation.
        ForwardToObserver = "forward-to-observer",
        /// Send an alert to an organisation.
        Observer = "observer",
        /// Take it out of the node as a file.
        Export = "export",
        /// Carry it, sealed for its recipient, by hand.
        Bundle = "bundle",
        /// Use it in judicial proceedings.
        Evidence = "evidence",
    }
}

codes! {
    /// Why a marking does not allow something.
    Barrier {
        /// TLP:RED is for those it is addressed to.
        Red = "red",
        /// TLP:AMBER+STRICT stays in the receiver's organisation.
        AmberStrict = "amber-strict",
        /// TLP:AMBER stays with the receiver's organisation and those it serves.
        Amber = "amber",
        /// TLP:AMBER with H2 or H3 stays from observers.
        AmberRestricted = "amber-restricted",
        /// H1 keeps it from judicial proceedings.
        Judicial = "judicial",
        /// H2 keeps it from everybody else.
        Dissemination = "dissemination",
        /// Observers get nothing of an exchange.
        NotForObservers = "not-for-observers",
    }
}

impl Barrier {
    /// Whether a permission of the originator lifts it.
    pub fn yields_to_permission(self) -> bool {
        match self {
            Self::Amber | Self::Judicial | Self::Dissemination => true,
            Self::Red | Self::AmberStrict | Self::AmberRestricted | Self::NotForObservers => false,
        }
    }
}

impl Handling {
    /// What keeps it from any third member, whatever its author permits; nothing where nothing does.
    pub fn binds(&self) -> Option<Barrier> {
        self.barrier(Disclosure::Forward)
            .filter(|barrier| !barrier.yields_to_permission())
    }

    /// What keeps information that is marked so from a disclosure; nothing where it is allowed. One
    /// that no permission lifts comes first.
    pub fn barrier(&self, what: Disclosure) -> Option<Barrier> {
        let has = |code| self.codes.contains(&code);
        let unless = |code, barrier| has(code).then_some(barrier);
        let dissemination = unless(HandlingCode::H2, Barrier::Dissemination);
        match (what, self.tlp) {
            (Disclosure::Bundle, _) => None,
            (Disclosure::ForwardToObserver, _) => Some(Barrier::NotForObservers),
            (
                Disclosure::Forward
                | Disclosure::Observer
                | Disclosure::Export
                | Disclosure::Evidence,
                Tlp::Red,
            ) => Some(Barrier::Red),
            (
                Disclosure::Forward | Disclosure::Observer | Disclosure::Evidence,
                Tlp::AmberStrict,
            ) => Some(Barrier::AmberStrict),
            (Disclosure::Forward, Tlp::Amber) => Some(dissemination.unwrap_or(Barrier::Amber)),
            (Disclosure::Forward, Tlp::Green | Tlp::Clear) => dissemination,
            (Disclosure::Observer, Tlp::Amber) => {
                let restricted = has(HandlingCode::H2) || has(HandlingCode::H3);
                restricted.then_some(Barrier::AmberRestricted)
            }
            (Disclosure::Observer, Tlp::Green | Tlp::Clear) => None,
            (Disclosure::Export, Tlp::AmberStrict | Tlp::Amber | Tlp::Green | Tlp::Clear) => {
                dissemination
            }
            (Disclosure::Evidence, Tlp::Amber | Tlp::Green | Tlp::Clear) => {
                unless(HandlingCode::H1, Barrier::Judicial)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixtures::alert;

    /// Every set of codes.
    fn code_sets() -> impl Iterator<Item = Vec<HandlingCode>> {
        (1_u8..16).map(|set| {
            let chosen = |(place, _): &(usize, &HandlingCode)| set & (1 << place) != 0;
            let all = HandlingCode::ALL.iter().enumerate();
            all.filter(chosen).map(|(_, code)| *code).collect()
        })
    }

    /// The table of this file, read as it stands.
    fn expected(what: Disclosure, tlp: Tlp, codes: &[HandlingCode]) -> Option<Barrier> {
        let source = include_str!("disclosure.rs");
        let begins = format!("//! | `{what}` |");
        let row = source.lines().find(|line| line.starts_with(&begins));
        let cells: Vec<&str> = row.expect("a row").split('|').map(str::trim).collect();
        let column = match tlp {
            Tlp::Red => 2,
            Tlp::AmberStrict => 3,
            Tlp::Amber => 4,
            Tlp::Green | Tlp::Clear => 5,
        };
        let (h1, h2) = (HandlingCode::H1, HandlingCode::H2);
        let restricted = codes.contains(&h2) || codes.contains(&HandlingCode::H3);
        let by_code = [(h1, 6, Barrier::Judicial), (h2, 7, Barrier::Dissemination)];
        let mut by_code = by_code
            .into_iter()
            .filter(|(code, column, _)| codes.contains(code) && cells[*column] == "by permission");
        match cells[column] {
            "never" if what == Disclosure::ForwardToObserver => Some(Barrier::NotForObservers),
            "never" if tlp == Tlp::Red => Some(Barrier::Red),
            "never" => Some(Barrier::AmberStrict),
            "not with H2 or H3" => restricted.then_some(Barrier::AmberRestricted),
            "by permission" => {
                let code = by_code.next().map(|(.., barrier)| barrier);
                Some(code.unwrap_or(Barrier::Amber))
            }
            "yes" => by_code.next().map(|(.., barrier)| barrier),
            other => panic!("{other}"),
        }
    }

    #[test]
    fn every_marking_allows_what_the_table_says() {
        let mut rows = 0;
        for what in Disclosure::ALL {
            for tlp in Tlp::ALL {
                for codes in code_sets() {
                    let handling = Handling {
                        tlp: *tlp,
                        codes: codes.clone(),
                        ..alert().handling
                    };
                    let barrier = handling.barrier(*what);
                    assert_eq!(
                        barrier,
                        expected(*what, *tlp, &codes),
                        "{what} {tlp} {codes:?}"
                    );
                    rows += 1;
                }
            }
        }
        assert_eq!(rows, 6 * 5 * 15);
    }

    #[test]
    fn no_permission_lifts_what_is_never_allowed() {
        for tlp in [Tlp::Red, Tlp::AmberStrict] {
            for codes in code_sets() {
                let handling = Handling {
                    tlp,
                    codes,
                    ..alert().handling
                };
                let barrier = handling.barrier(Disclosure::Forward);
                assert!(barrier.is_some_and(|barrier| !barrier.yields_to_permission()));
            }
        }
    }
}
