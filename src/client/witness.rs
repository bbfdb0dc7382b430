//! How the members' logs stand, and the evidence about them.

use reqwest::Method;

use super::{Client, ClientError};
use crate::api::{AcknowledgeLogAlarm, WitnessView};
use crate::audit::Origin;

impl Client {
    /// How the logs of the federation stand.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn witness(&self) -> Result<WitnessView, ClientError> {
        self.get(&["witness"], &[]).await
    }

    /// Takes note of an alarm about a log.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn acknowledge_log_alarm(
        &self,
        body: &AcknowledgeLogAlarm,
    ) -> Result<WitnessView, ClientError> {
        self.post(&["witness", "acknowledgements"], body).await
    }

    /// The proof that a log has two histories, as one file.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn evidence(&self, origin: Origin) -> Result<Vec<u8>, ClientError> {
        let (node, incarnation) = (origin.node.to_string(), origin.incarnation.to_string());
        let path = ["witness", "evidence", &node, &incarnation];
        let response = self.answered(self.request(Method::GET, &path, &[])).await?;
        self.bytes(response).await
    }
}
