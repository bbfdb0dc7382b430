//! Calls about letters that wait, and the signatures under decisions, which are made here: the node
//! never has the key.

use super::{Client, ClientError};
use crate::api::{DecideLetter, LetterSummary, LetterView, Page, ReturnLetter};
use crate::base::MessageId;
use crate::seal::person::{DecisionKind, DecisionText, TokenKey, letter_digest, reason_digest};

impl Client {
    /// The letters that somebody has to see to: in a state, or all.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn letters(&self, state: Option<&str>) -> Result<Page<LetterSummary>, ClientError> {
        self.get(&["letters"], &[("state", state)]).await
    }

    /// One letter, with what it says.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn letter(&self, id: MessageId) -> Result<LetterView, ClientError> {
        self.get(&["letters", &id.to_string()], &[]).await
    }

    /// Decides about a letter as it is shown in `view`, under the person's own signature.
    ///
    /// # Errors
    /// [`ClientError`]; [`ClientError::NotANode`] where the digest is not that of what is shown.
    pub async fn decide(
        &self,
        view: &LetterView,
        kind: DecisionKind,
        reason: Option<&str>,
    ) -> Result<LetterSummary, ClientError> {
        if letter_digest(&view.salt, view.content.as_bytes()) != view.digest {
            return Err(self.not_a_node(&"it names a letter by another digest than it has"));
        }
        let me = self.whoami().await?;
        let text = DecisionText {
            kind,
            node: view.node,
            letter: view.digest,
            drafter: view.summary.drafted_by.person,
            by: me.person,
            reason: reason_digest(&view.salt, reason),
        };
        let body = DecideLetter {
            digest: text.letter,
            drafter: text.drafter,
            reason: reason.map(str::to_owned),
            reason_digest: text.reason,
            signature: TokenKey::of(&self.token).sign(&text),
        };
        let verb = match kind {
            DecisionKind::Release => "release",
            DecisionKind::Clear => "clear",
            DecisionKind::Emergency => "emergency",
            DecisionKind::Review => "review",
        };
        let id = view.summary.id.to_string();
        self.post(&["letters", &id, verb], &body).await
    }

    /// Gives a letter back to who wrote it.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn return_letter(
        &self,
        id: MessageId,
        reason: &str,
    ) -> Result<LetterSummary, ClientError> {
        let reason = reason.to_owned();
        let body = ReturnLetter { reason };
        self.post(&["letters", &id.to_string(), "return"], &body)
            .await
    }

    /// Throws a letter away.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn discard_letter(&self, id: MessageId) -> Result<LetterSummary, ClientError> {
        self.post(&["letters", &id.to_string(), "discard"], &())
            .await
    }
}
