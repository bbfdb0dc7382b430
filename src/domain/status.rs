//! Whether something is real. What is an exercise never mixes with what is actual: every message of
//! an exchange says in its header which of them it belongs to, under the author's signature.

use super::message::{Extension, Header};

codes! {
    /// Message status (CAP 1.2). What is an exercise never mixes with what is actual.
    Status {
        /// Real.
        Actual = "actual",
        /// An exercise.
        Exercise = "exercise",
        /// A technical test.
        Test = "test",
    }
}

/// The header extension that says what is not actual.
const EXTENSION: u32 = 2;

/// The extension is not of its form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the extension that says the status is malformed")]
pub struct MalformedStatus;

impl Status {
    /// The extension that says so; none for what is actual.
    pub fn extension(self) -> Option<Extension> {
        let value = match self {
            Self::Actual => return None,
            Self::Exercise => 1,
            Self::Test => 2,
        };
        Some(Extension {
            id: EXTENSION,
            critical: false,
            value: vec![value],
        })
    }

    /// Whether a limit that ran out, and whatever else is counted, counts.
    pub fn counts(self) -> bool {
        self == Self::Actual
    }
}

impl Header {
    /// Whether the message is about something real.
    ///
    /// # Errors
    /// [`MalformedStatus`] for an unknown value, or one that stands twice.
    pub fn status(&self) -> Result<Status, MalformedStatus> {
        let mut extensions = self.extensions.iter().filter(|e| e.id == EXTENSION);
        let Some(extension) = extensions.next() else {
            return Ok(Status::Actual);
        };
        match (&extension.value[..], extensions.next()) {
            ([1], None) => Ok(Status::Exercise),
            ([2], None) => Ok(Status::Test),
            _ => Err(MalformedStatus),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Role;
    use crate::domain::fixtures::{actor, hours, message, sighting};
    use crate::domain::message::Body;

    fn header(extensions: Vec<Extension>) -> Header {
        let by = actor("TR", Role::Contact);
        let (header, _) = message(by, hours(0), Body::Sighting(sighting()));
        Header {
            extensions,
            ..header
        }
    }

    #[test]
    fn a_header_says_each_status_and_nothing_else() {
        for status in Status::ALL {
            let header = header(status.extension().into_iter().collect());
            assert_eq!(header.status(), Ok(*status));
        }
        for value in [vec![], vec![0], vec![3], vec![1, 1]] {
            let header = header(vec![Extension {
                id: EXTENSION,
                critical: false,
                value,
            }]);
            assert_eq!(header.status(), Err(MalformedStatus));
        }
        let exercise = Status::Exercise.extension().expect("it is not actual");
        let twice = header(vec![exercise.clone(), exercise]);
        assert_eq!(twice.status(), Err(MalformedStatus));
    }
}
