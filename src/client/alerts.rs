//! Calls about alerts.

use serde_json::Value;

use super::{Client, ClientError};
use crate::api::{
    Acknowledge, AlertPreview, AlertSummary, AlertView, CancelAlert, MemberSubscription,
    NoteAlertCall, Outcome, Page, PreviewAlert, PublishAlert, SendContradiction, SendSighting,
    Subscribe, UpdateAlert,
};
use crate::base::MessageId;

/// Which alerts to list, as the API's query takes it; none of a field for its default.
#[derive(Debug, Clone, Default)]
pub struct AlertQuery {
    /// `actual`, `exercise`, `test` or `all`; without it `actual`.
    pub status: Option<String>,
    /// Only those about this corridor.
    pub corridor: Option<String>,
    /// Only those of this event type.
    pub event: Option<String>,
    /// Only those in this state.
    pub state: Option<String>,
    /// At most so many.
    pub limit: Option<u32>,
    /// The `next` of the page before.
    pub cursor: Option<String>,
}

impl Client {
    /// Publishes an alert, or gives the letter that waits.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn publish_alert(
        &self,
        body: &PublishAlert<Value>,
    ) -> Result<Outcome<AlertSummary>, ClientError> {
        self.compose(&["alerts"], body).await
    }

    /// Who would get an alert, and what they may do with it.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn preview_alert(
        &self,
        body: &PreviewAlert<Value>,
    ) -> Result<AlertPreview, ClientError> {
        self.post(&["alert-previews"], body).await
    }

    /// Puts a new version in an alert's place.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn update_alert(
        &self,
        id: MessageId,
        body: &UpdateAlert<Value>,
    ) -> Result<Outcome<AlertSummary>, ClientError> {
        self.compose(&["alerts", &id.to_string(), "updates"], body)
            .await
    }

    /// Takes an alert back.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn cancel_alert(
        &self,
        id: MessageId,
        body: &CancelAlert,
    ) -> Result<Outcome<AlertSummary>, ClientError> {
        self.compose(&["alerts", &id.to_string(), "cancel"], body)
            .await
    }

    /// Reports a sighting of what an alert tells.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn sight(
        &self,
        id: MessageId,
        body: &SendSighting<Value>,
    ) -> Result<AlertSummary, ClientError> {
        self.post(&["alerts", &id.to_string(), "sightings"], body)
            .await
    }

    /// Contradicts an alert.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn contradict(
        &self,
        id: MessageId,
        body: &SendContradiction<Value>,
    ) -> Result<AlertSummary, ClientError> {
        self.post(&["alerts", &id.to_string(), "contradictions"], body)
            .await
    }

    /// Tells an alert's publisher that a person took note.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn acknowledge(
        &self,
        id: MessageId,
        body: &Acknowledge,
    ) -> Result<AlertSummary, ClientError> {
        self.post(&["alerts", &id.to_string(), "acknowledgements"], body)
            .await
    }

    /// Notes a telephone call about an alert.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn note_alert_call(
        &self,
        id: MessageId,
        body: &NoteAlertCall,
    ) -> Result<AlertSummary, ClientError> {
        self.post(&["alerts", &id.to_string(), "calls"], body).await
    }

    /// Tells all members which corridors this one wants alerts about.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn subscribe(
        &self,
        body: &Subscribe,
    ) -> Result<Vec<MemberSubscription>, ClientError> {
        self.post(&["alert-subscriptions"], body).await
    }

    /// What each member wants alerts about.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn subscriptions(&self) -> Result<Vec<MemberSubscription>, ClientError> {
        self.get(&["alert-subscriptions"], &[]).await
    }

    /// One page of the alert feed.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn alerts(&self, query: &AlertQuery) -> Result<Page<AlertSummary>, ClientError> {
        let limit = query.limit.map(|limit| limit.to_string());
        let query = [
            ("status", query.status.as_deref()),
            ("corridor", query.corridor.as_deref()),
            ("event", query.event.as_deref()),
            ("state", query.state.as_deref()),
            ("limit", limit.as_deref()),
            ("cursor", query.cursor.as_deref()),
        ];
        self.get(&["alerts"], &query).await
    }

    /// A whole alert, with what was said to it and receipts.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn alert(&self, id: MessageId) -> Result<AlertView, ClientError> {
        self.get(&["alerts", &id.to_string()], &[]).await
    }
}
