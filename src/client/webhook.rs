//! Posting an event to a system on this machine.

use std::time::Duration;

use reqwest::Url;
use reqwest::redirect::Policy;

/// How long the system may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// What came of posting an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// Nobody answers.
    #[error("nobody answers there")]
    Unreachable,
    /// It answers something else than success.
    #[error("it answers with the status {0}")]
    Status(u16),
}

/// Posts events to one address.
#[derive(Debug, Clone)]
pub struct WebhookClient {
    http: reqwest::Client,
    url: Url,
}

impl WebhookClient {
    /// A client for this address; none where it is no address.
    pub fn new(url: &str) -> Option<Self> {
        let http = reqwest::Client::builder()
            .timeout(PATIENCE)
            .redirect(Policy::none())
            .no_proxy()
            .build();
        Some(Self {
            http: http.ok()?,
            url: Url::parse(url).ok()?,
        })
    }

    /// Posts a CloudEvent with these headers.
    ///
    /// # Errors
    /// [`NotTaken`].
    pub async fn post(&self, headers: [(&str, String); 3], body: String) -> Result<(), NotTaken> {
        let mut request = self.http.post(self.url.clone());
        request = request.header(
            "content-type",
            "application/cloudevents+json; charset=utf-8",
        );
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let answer = request.body(body).send().await;
        let answer = answer.map_err(|_| NotTaken::Unreachable)?;
        match answer.status() {
            status if status.is_success() => Ok(()),
            status => Err(NotTaken::Status(status.as_u16())),
        }
    }
}
