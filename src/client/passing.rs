//! Passing on, permissions and corrections.

use serde::Serialize;
use serde_json::Value;

use super::{Client, ClientError};
use crate::api::{
    AskPermission, ExchangeSummary, GrantPermission, Page, PassOn, PermissionView,
    RefusePermission, SendForward, Sent,
};
use crate::base::MessageId;

impl Client {
    /// Passes a message on; gives the new exchange, and the one that the message is from.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn forward(
        &self,
        id: MessageId,
        body: &SendForward<Value>,
    ) -> Result<Sent, ClientError> {
        self.post(&["exchanges", &id.to_string(), "forward"], body)
            .await
    }

    /// Tells those who have a message that it is wrong, with what [`crate::api::SendCorrection`] has; gives each exchange in which it was told.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn correct(&self, id: MessageId, body: &impl Serialize) -> Result<Sent, ClientError> {
        self.post(&["exchanges", &id.to_string(), "correct"], body)
            .await
    }

    /// Passes a correction on to those who have the message from here.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn pass_on(
        &self,
        id: MessageId,
        body: &PassOn,
    ) -> Result<ExchangeSummary, ClientError> {
        self.post(&["exchanges", &id.to_string(), "pass-on"], body)
            .await
    }

    /// Asks the other side whether a message of it may be passed on.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn ask_permission(
        &self,
        id: MessageId,
        body: &AskPermission,
    ) -> Result<PermissionView, ClientError> {
        self.post(&["exchanges", &id.to_string(), "permissions"], body)
            .await
    }

    /// All permissions, the latest first.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn permissions(&self) -> Result<Page<PermissionView>, ClientError> {
        self.get(&["permissions"], &[]).await
    }

    /// One permission, by the message that asked for it.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn permission(&self, id: MessageId) -> Result<PermissionView, ClientError> {
        self.get(&["permissions", &id.to_string()], &[]).await
    }

    /// Allows it, once.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn grant_permission(
        &self,
        id: MessageId,
        body: &GrantPermission,
    ) -> Result<PermissionView, ClientError> {
        self.post(&["permissions", &id.to_string(), "grant"], body)
            .await
    }

    /// Does not allow it, or no longer.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn refuse_permission(
        &self,
        id: MessageId,
        body: &RefusePermission,
    ) -> Result<PermissionView, ClientError> {
        self.post(&["permissions", &id.to_string(), "refuse"], body)
            .await
    }
}
