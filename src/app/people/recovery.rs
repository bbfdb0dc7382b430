//! The way back to an account whose passkey is lost: one person asks, another approves, and neither
//! is the one concerned.

use super::{People, PeopleError, Recovery, one_time_code};
use crate::base::{Entropy, PersonId, Timestamp};

impl People {
    /// Asks for a way back for a person. Their passkeys go on to work until it is approved.
    ///
    /// # Errors
    /// [`PeopleError`]; nothing is changed then.
    pub fn ask_recovery(
        &mut self,
        of: PersonId,
        by: PersonId,
        now: Timestamp,
    ) -> Result<(), PeopleError> {
        if of == by {
            return Err(PeopleError::TwoPeople);
        }
        self.person_mut(of)?.recovery = Some(Recovery {
            asked_by: by,
            asked: now,
        });
        Ok(())
    }

    /// Approves a way back that another person asked for: the lost passkeys open nothing any more,
    /// and the code that this gives enrols the next one.
    ///
    /// # Errors
    /// [`PeopleError`]; nothing is changed then.
    pub fn approve_recovery(
        &mut self,
        of: PersonId,
        by: PersonId,
        now: Timestamp,
        entropy: &mut dyn Entropy,
    ) -> Result<String, PeopleError> {
        let person = self.person_mut(of)?;
        let asked = person.recovery.ok_or(PeopleError::NobodyThere)?;
        if by == of || by == asked.asked_by {
            return Err(PeopleError::TwoPeople);
        }
        let (code, kept) = one_time_code(now, entropy);
        person.passkeys.clear();
        person.code = Some(kept);
        person.recovery = None;
        Ok(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Role, SeededEntropy};

    fn three() -> (People, [PersonId; 3]) {
        let mut people = People::default();
        let ids = ["ana", "boris", "cem"].map(|name| {
            let mut entropy = SeededEntropy::new(name.len() as u64 + name.as_bytes()[0] as u64);
            let now = Timestamp::default();
            let added = people.add(name, &[Role::Officer], now, &mut entropy);
            added.expect("a person").person
        });
        (people, ids)
    }

    #[test]
    fn nobody_finds_their_own_way_back_or_both_halves_of_anothers() {
        let (mut people, [ana, boris, cem]) = three();
        let now = Timestamp::default();
        let mut entropy = SeededEntropy::new(1);
        assert_eq!(
            people.ask_recovery(ana, ana, now),
            Err(PeopleError::TwoPeople)
        );
        let early = people.approve_recovery(ana, cem, now, &mut entropy);
        assert_eq!(early, Err(PeopleError::NobodyThere));
        people.ask_recovery(ana, boris, now).expect("another asks");
        for by in [ana, boris] {
            let alone = people.approve_recovery(ana, by, now, &mut entropy);
            assert_eq!(alone, Err(PeopleError::TwoPeople));
        }
        let code = people.approve_recovery(ana, cem, now, &mut entropy);
        let code = code.expect("a second person approves");
        assert_eq!(people.by_code(&code, now).expect("hers").person, ana);
        assert!(
            people
                .approve_recovery(ana, cem, now, &mut entropy)
                .is_err()
        );
    }
}
