//! What remains of a message when its content is erased: codes, times and places in lists, by which
//! both sides still derive the same state, and no word that a person wrote.

use super::alert::{Alert, AlertUpdate};
use super::handling::Handling;
use super::message::{AttachmentInfo, Body, Event, Header};
use super::rfi::{Answer, Fact, Question, QuestionAnswer, Request, Requester};
use crate::base::Digest;

/// Stands where a text stood that had to be there.
pub const ERASED: &str = "erased";

fn gone() -> String {
    ERASED.to_owned()
}

/// What stands where an optional text stood.
fn gone_if(text: &Option<String>) -> Option<String> {
    text.as_ref().map(|_| gone())
}

impl Header {
    /// The header without words.
    #[must_use]
    pub fn redacted(&self) -> Self {
        Self {
            handling: self.handling.redacted(),
            ..self.clone()
        }
    }
}

impl Event {
    /// The event without words, names and keys of attachments.
    #[must_use]
    pub fn redacted(&self) -> Self {
        let attachment = |info: &AttachmentInfo| AttachmentInfo {
            name: gone(),
            media_type: gone(),
            size: info.size,
            digest: Digest::EMPTY,
            key: [0; 32],
        };
        Self {
            by: self.by,
            at: self.at,
            attachments: self.attachments.iter().map(attachment).collect(),
            body: self.body.redacted(),
        }
    }
}

impl Handling {
    fn redacted(&self) -> Self {
        Self {
            restriction: gone_if(&self.restriction),
            ..self.clone()
        }
    }

    /// Whether two markings are the same. A side that has erased a restriction in words does not know
    /// it any more, and writes [`ERASED`] for it.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let erased = |handling: &Self| handling.restriction.as_deref() == Some(ERASED);
        let known = !erased(self) && !erased(other);
        self == other || (!known && self.redacted() == other.redacted())
    }
}

impl Body {
    /// The content without words.
    #[must_use]
    pub fn redacted(&self) -> Self {
        let mut body = self.clone();
        match &mut body {
            Self::Request(request) => **request = request.redacted(),
            Self::Acceptance(said) => {
                said.reference = gone_if(&said.reference);
                said.note = None;
            }
            Self::Answer(answer) => *answer = answer.redacted(),
            Self::Refusal(said) => said.reason = gone_if(&said.reason),
            Self::ClarificationRequest(said) => said.text = gone(),
            Self::Clarification(said) => said.text = gone(),
            Self::Channelling(said) => {
                said.authority = gone();
                said.reference = gone_if(&said.reference);
                said.note = None;
            }
            Self::AwaitingAuthorisation(said) => said.reason = gone(),
            Self::Feedback(said) => said.note = gone_if(&said.note),
            Self::Closing(said) => said.note = gone_if(&said.note),
            Self::Withdrawal(said) => said.reason = gone(),
            Self::Supersession(said) => said.reason = gone_if(&said.reason),
            Self::Transfer(said) => said.reason = gone(),
            Self::Reopening(said) => said.reason = gone(),
            Self::Correction(said) => {
                said.text = gone();
                said.handling = said.handling.redacted();
                said.passes_on = None;
            }
            Self::PermissionRequest(said) => said.purpose = gone(),
            Self::PermissionGrant(said) => said.purpose = gone(),
            Self::PermissionRefusal(said) => said.reason = gone_if(&said.reason),
            Self::Notice(said) => said.note = gone_if(&said.note),
            Self::Alert(alert) => **alert = alert.redacted(),
            Self::Sighting(said) => {
                said.place = gone_if(&said.place);
                said.persons = None;
                said.note = None;
            }
            Self::AlertUpdate(update) => {
                **update = AlertUpdate {
                    changes: gone_if(&update.changes),
                    alert: update.alert.redacted(),
                    ..(**update).clone()
                };
            }
            Self::AlertCancellation(said) => said.reason = gone(),
            Self::Contradiction(said) => said.text = gone(),
            Self::Acknowledgement(said) => said.note = gone_if(&said.note),
            // It holds codes alone.
            Self::Subscription(_) => (),
        }
        body
    }
}

impl Request {
    /// The request without words and names, and without whom it is about.
    #[must_use]
    pub fn redacted(&self) -> Self {
        let fact = |fact: &Fact| Fact {
            text: gone(),
            ..fact.clone()
        };
        let question = |question: &Question| Question {
            text: gone(),
            subject: None,
            ..question.clone()
        };
        Self {
            reference: gone(),
            their_reference: None,
            context: None,
            requester: Requester {
                country: self.requester.country.clone(),
                authority: gone(),
                unit: None,
                officer: None,
                contact_24_7: gone(),
            },
            legal_basis: gone(),
            purpose: gone(),
            offence: gone(),
            facts: self.facts.iter().map(fact).collect(),
            questions: self.questions.iter().map(question).collect(),
            subjects: Vec::new(),
            believed_there: gone(),
            handling: self.handling.redacted(),
            other_channels: Vec::new(),
            approvals: Vec::new(),
            forwarded: None,
            ..self.clone()
        }
    }
}

impl Answer {
    fn redacted(&self) -> Self {
        let answer = |answer: &QuestionAnswer| QuestionAnswer {
            text: gone_if(&answer.text),
            ..answer.clone()
        };
        Self {
            text: gone_if(&self.text),
            answers: self.answers.iter().map(answer).collect(),
            handling: self.handling.redacted(),
            ..self.clone()
        }
    }
}

impl Alert {
    fn redacted(&self) -> Self {
        let text = |fact: &Fact| Fact {
            text: gone(),
            ..fact.clone()
        };
        Self {
            headline: gone(),
            legs: Vec::new(),
            concealment: Vec::new(),
            fees: Vec::new(),
            violence: Vec::new(),
            persons: Vec::new(),
            recommended_action: None,
            text: self.text.iter().map(text).collect(),
            handling: self.handling.redacted(),
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixtures;

    /// Every text in a content, with its member's name.
    fn texts(value: &serde_json::Value, name: &str, found: &mut Vec<(String, String)>) {
        match value {
            serde_json::Value::String(text) => found.push((name.to_owned(), text.clone())),
            serde_json::Value::Array(items) => {
                items.iter().for_each(|item| texts(item, name, found));
            }
            serde_json::Value::Object(members) => members
                .iter()
                .for_each(|(name, value)| texts(value, name, found)),
            _ => (),
        }
    }

    #[test]
    fn no_words_remain_of_a_request_an_answer_or_an_alert() {
        for body in [
            Body::Request(Box::new(fixtures::request())),
            Body::Answer(fixtures::answer()),
            Body::Alert(Box::new(fixtures::alert())),
        ] {
            let redacted = serde_json::to_value(body.redacted()).expect("it is JSON");
            let mut found = Vec::new();
            texts(&redacted, "", &mut found);
            let codes = [
                "profile",
                "urgency",
                "urgency_reason",
                "language",
                "languages",
                "kind",
                "codes",
                "tlp",
                "evidence_use",
                "outcome",
                "source",
                "information",
                "status",
                "category",
                "event",
                "severity",
                "certainty",
                "corridor",
                "transport",
                "document_fraud",
                "victim_indicators",
                "expires",
                "review_on",
                "period_from",
                "period_to",
                "valid_from",
                "country",
                "illegal_immigration",
                "cross_border_crime",
                "migrants_lives",
            ];
            for (name, text) in found {
                let kept = text == ERASED || codes.contains(&name.as_str());
                assert!(kept, "{name} remains");
            }
            assert_eq!(body.redacted().redacted(), body.redacted());
        }
    }

    #[test]
    fn what_remains_of_a_content_still_has_its_form() {
        let request = fixtures::request().redacted();
        assert_eq!(request.validate(), Ok(()));
        assert_eq!(request.questions.len(), fixtures::request().questions.len());
        assert_eq!(fixtures::answer().redacted().validate(&request), Ok(()));
        let before = fixtures::hours(-1_000_000);
        assert_eq!(fixtures::alert().redacted().validate(before), Ok(()));
    }
}
