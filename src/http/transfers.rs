//! Files on their way in and out. Each holds a thread that waits for its caller, so there are no more at a
//! time than leave the node's own work its threads, and no more of one person than leave others theirs.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::StatusCode;

use super::problem::Failure;
use crate::base::PersonId;

/// Files on their way at a time.
const MOST: usize = 64;

/// Of those, files of one person.
const MOST_OF_ONE: usize = 8;

/// How long a caller may neither send nor read anything of a file.
pub const IDLE: Duration = Duration::from_secs(60);

/// How many files each person has on their way.
#[derive(Clone, Default)]
pub struct Transfers(Arc<Mutex<BTreeMap<PersonId, usize>>>);

/// A file on its way, until this is dropped.
pub struct Transfer {
    all: Transfers,
    person: PersonId,
}

impl Transfers {
    /// A file of a person sets out.
    ///
    /// # Errors
    /// A problem where too many are on their way.
    pub fn begin(&self, person: PersonId) -> Result<Transfer, Failure> {
        let mut all = self.lock();
        let of_one = all.get(&person).copied().unwrap_or_default();
        if of_one >= MOST_OF_ONE || all.values().sum::<usize>() >= MOST {
            return Err(Failure::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "files-under-way",
                "as many files are on their way as the node carries at a time",
                "Wait until one of them is there, and try again.",
            ));
        }
        all.insert(person, of_one + 1);
        Ok(Transfer {
            all: self.clone(),
            person,
        })
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<PersonId, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Transfer {
    fn drop(&mut self) {
        let mut all = self.all.lock();
        match all.get_mut(&self.person) {
            Some(under_way) if *under_way > 1 => *under_way -= 1,
            Some(_) | None => {
                all.remove(&self.person);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(number: u8) -> PersonId {
        PersonId::from_bytes([number; 16])
    }

    #[test]
    fn one_person_leaves_room_to_others_and_all_leave_room_to_the_node() {
        let transfers = Transfers::default();
        let begun = |of| transfers.begin(person(of));
        let mut held: Vec<Transfer> = (0..MOST_OF_ONE)
            .map(|_| begun(0).expect("room for eight"))
            .collect();
        let refused = begun(0).err().map(|failure| failure.0.code);
        assert_eq!(refused.as_deref(), Some("files-under-way"));
        held.extend((1..=u8::MAX).map_while(|of| begun(of).ok()));
        assert_eq!(held.len(), MOST);
        held.pop();
        begun(0).err().expect("they still have eight");
        held.remove(0);
        begun(0).expect("one of them is there");
    }
}
