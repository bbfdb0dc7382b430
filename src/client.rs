//! A typed client of a node's API, which the command line uses.

use std::net::SocketAddr;
use std::time::Duration;

use reqwest::{Method, RequestBuilder, Response, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::api::{
    CompareNumber, Direction, EraseContent, ExchangeSummary, ExchangeView, Health, Holdings,
    Justify, KeysView, MemberList, MemberView, Page, Problem, Recorded, Reservation, Search,
    SearchHit, SendAcceptance, SendAnswer, SendRefusal, SendRequest, SendSupersession, Sent,
    ShortenRetention, WhoAmI,
};
use crate::base::{MemberId, MessageId};
use crate::seal::keystore::Rotation;

mod alerts;
mod carried;
mod letters;
mod passing;
mod transfer;
mod webhook;
mod witness;

pub use alerts::AlertQuery;
pub use transfer::Progress;
pub use webhook::{NotTaken, WebhookClient};

/// How long a node may take to accept a connection: it is on this machine.
const CONNECT: Duration = Duration::from_secs(5);
/// How long a node may stay silent within an answer.
const SILENCE: Duration = Duration::from_secs(60);
/// The most that an answer other than a file may hold, in bytes.
const LARGEST_ANSWER: usize = 64 * 1024 * 1024;

/// Why a call gave no outcome.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody answers at the address.
    #[error("no node answers at {address}")]
    Unreachable {
        /// Where the node should be.
        address: SocketAddr,
    },
    /// The connection ended, or fell silent, within a call. What was asked may have happened.
    #[error("the node at {address} stopped answering")]
    Interrupted {
        /// Where the node is.
        address: SocketAddr,
    },
    /// The node refused, and says why.
    #[error("{}", .0.detail)]
    Problem(Box<Problem>),
    /// Something answers that does not speak this API.
    #[error("what answers at {address} is no liaison node of this version: {reason}")]
    NotANode {
        /// Where it is.
        address: SocketAddr,
        /// What was strange.
        reason: String,
    },
    /// A local file could not be read or written.
    #[error("{file}: {source}")]
    File {
        /// The file.
        file: std::path::PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file that was downloaded is not the one that its message lists.
    #[error("{file} has another SHA-256 than its message lists")]
    WrongDigest {
        /// The file, which is not kept.
        file: std::path::PathBuf,
    },
}

/// One person's connection to one node.
pub struct Client {
    http: reqwest::Client,
    address: SocketAddr,
    token: Zeroizing<String>,
    review: Review,
}

/// Whether a second person is to release what this client composes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Review {
    AsPolicySays,
    Asked,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Client({})", self.address)
    }
}

impl Client {
    /// A client of the node whose API listens at `address`, as the person whom `token` names.
    ///
    /// # Panics
    /// If the HTTP client cannot be made, which takes nothing from outside.
    pub fn new(address: SocketAddr, token: Zeroizing<String>) -> Self {
        // A proxy from the environment must never see the token of a local node.
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT)
            .read_timeout(SILENCE)
            .user_agent(concat!("liaison/", env!("CARGO_PKG_VERSION")))
            .build()
            .expect("a client without TLS, proxy or files can be made");
        Self {
            http,
            address,
            token,
            review: Review::AsPolicySays,
        }
    }

    /// The same client, which lets a second person release what it composes.
    #[must_use]
    pub fn for_release(mut self) -> Self {
        self.review = Review::Asked;
        self
    }

    /// The person behind the token.
    ///
    /// # Errors
    /// As for every call: [`ClientError`].
    pub async fn whoami(&self) -> Result<WhoAmI, ClientError> {
        self.get(&["whoami"], &[]).await
    }

    /// The node's state.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn health(&self) -> Result<Health, ClientError> {
        self.get(&["health"], &[]).await
    }

    /// What a member received from the node, or sent to it.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn holdings(&self, member: MemberId) -> Result<Holdings, ClientError> {
        self.get(&["members", member.as_str(), "holdings"], &[])
            .await
    }

    /// How every other member stands.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn members(&self) -> Result<MemberList, ClientError> {
        self.get(&["members"], &[]).await
    }

    /// How a member stands, with the safety number.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn member(&self, member: MemberId) -> Result<MemberView, ClientError> {
        self.get(&["members", member.as_str()], &[]).await
    }

    /// Says which safety number the member's people read out.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn compare(
        &self,
        member: MemberId,
        body: &CompareNumber,
    ) -> Result<MemberView, ClientError> {
        self.post(&["members", member.as_str(), "compare"], body)
            .await
    }

    /// Accepts the changed identity key of a member.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn accept_identity(&self, member: MemberId) -> Result<MemberView, ClientError> {
        let none = serde_json::json!({});
        self.post(&["members", member.as_str(), "accept"], &none)
            .await
    }

    /// Orders new keys for the node.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn rotate_keys(&self, what: &Rotation) -> Result<KeysView, ClientError> {
        self.post(&["keys", "rotate"], what).await
    }

    /// Reserves an id for a message, under which its attachments are uploaded.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn reserve(&self) -> Result<Reservation, ClientError> {
        let request = self.request(Method::POST, &["reservations"], &[]);
        self.json(request).await
    }

    /// Asks members.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn send_request(&self, body: &SendRequest<Value>) -> Result<Sent, ClientError> {
        self.compose(&["requests"], body).await
    }

    /// One page of exchanges; `cursor` is the last page's `next`.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn exchanges(
        &self,
        direction: Option<Direction>,
        (state, status): (Option<&str>, Option<&str>),
        limit: Option<u32>,
        cursor: Option<&str>,
    ) -> Result<Page<ExchangeSummary>, ClientError> {
        let direction = direction.map(|direction| match direction {
            Direction::Incoming => "incoming",
            Direction::Outgoing => "outgoing",
        });
        let limit = limit.map(|limit| limit.to_string());
        self.get(
            &["exchanges"],
            &[
                ("direction", direction),
                ("state", state),
                ("status", status),
                ("limit", limit.as_deref()),
                ("cursor", cursor),
            ],
        )
        .await
    }

    /// The exchanges in which something presses, the most pressing first.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn pressing(&self, limit: Option<u32>) -> Result<Page<ExchangeSummary>, ClientError> {
        let limit = limit.map(|limit| limit.to_string());
        let query = [("attention", Some("true")), ("limit", limit.as_deref())];
        self.get(&["exchanges"], &query).await
    }

    /// A whole exchange. Reading it is recorded as a consultation.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn exchange(&self, id: MessageId) -> Result<ExchangeView, ClientError> {
        self.get(&["exchanges", &id.to_string()], &[]).await
    }

    /// Puts on record why somebody opens an exchange.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn justify(&self, id: MessageId, why: String) -> Result<(), ClientError> {
        let path = ["exchanges", &id.to_string(), "justifications"];
        let request = self.request(Method::POST, &path, &[]);
        self.answered(request.json(&Justify { why })).await?;
        Ok(())
    }

    /// One page of exchanges and alerts that hold what is looked for. It is recorded.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn search(&self, body: &Search) -> Result<Page<SearchHit>, ClientError> {
        self.post(&["search"], body).await
    }

    /// Keeps an exchange or alert for fewer days than its originators set.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn shorten_retention(
        &self,
        id: MessageId,
        body: &ShortenRetention,
    ) -> Result<Recorded, ClientError> {
        let path = ["conversations", &id.to_string(), "retention"];
        self.post(&path, body).await
    }

    /// Has the content of an exchange or alert erased.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn erase(&self, id: MessageId, body: &EraseContent) -> Result<Recorded, ClientError> {
        let path = ["conversations", &id.to_string(), "erase"];
        self.post(&path, body).await
    }

    /// Accepts a request, which starts the clock of its kind of access.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn accept(
        &self,
        id: MessageId,
        body: &SendAcceptance,
    ) -> Result<ExchangeSummary, ClientError> {
        self.post(&["exchanges", &id.to_string(), "accept"], body)
            .await
    }

    /// Answers a request.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn answer(
        &self,
        id: MessageId,
        body: &SendAnswer<Value>,
    ) -> Result<ExchangeSummary, ClientError> {
        self.compose(&["exchanges", &id.to_string(), "answer"], body)
            .await
    }

    /// Refuses a request by a ground.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn refuse(
        &self,
        id: MessageId,
        body: &SendRefusal,
    ) -> Result<ExchangeSummary, ClientError> {
        self.compose(&["exchanges", &id.to_string(), "refuse"], body)
            .await
    }

    /// Says something in an exchange; `verb` is the last part of its route, such as `withdraw`.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn say(
        &self,
        id: MessageId,
        verb: &str,
        body: &impl Serialize,
    ) -> Result<ExchangeSummary, ClientError> {
        self.compose(&["exchanges", &id.to_string(), verb], body)
            .await
    }

    /// Puts another request to the same member in the place of one; gives both, the old one first.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn supersede(
        &self,
        id: MessageId,
        body: &SendSupersession<Value>,
    ) -> Result<Sent, ClientError> {
        self.compose(&["exchanges", &id.to_string(), "supersede"], body)
            .await
    }

    fn request(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, Option<&str>)],
    ) -> RequestBuilder {
        let mut url = Url::parse(&format!("http://{}/api/v1", self.address))
            .expect("a socket address makes a URL");
        url.path_segments_mut()
            .expect("an http URL has a path")
            .extend(path);
        for (name, value) in query {
            if let Some(value) = value {
                url.query_pairs_mut().append_pair(name, value);
            }
        }
        self.http.request(method, url).bearer_auth(&*self.token)
    }

    async fn get<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(&str, Option<&str>)],
    ) -> Result<T, ClientError> {
        self.json(self.request(Method::GET, path, query)).await
    }

    async fn post<T: DeserializeOwned>(
        &self,
        path: &[&str],
        body: &impl Serialize,
    ) -> Result<T, ClientError> {
        self.json(self.request(Method::POST, path, &[]).json(body))
            .await
    }

    /// Posts what a second person may have to release.
    async fn compose<T: DeserializeOwned>(
        &self,
        path: &[&str],
        body: &impl Serialize,
    ) -> Result<T, ClientError> {
        let wanted = (self.review == Review::Asked).then_some("true");
        let query = [("for_release", wanted)];
        self.json(self.request(Method::POST, path, &query).json(body))
            .await
    }

    async fn json<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, ClientError> {
        let response = self.answered(request).await?;
        let bytes = self.bytes(response).await?;
        serde_json::from_slice(&bytes).map_err(|error| self.not_a_node(&error))
    }

    /// Sends, and gives the response back only if it is a success.
    async fn answered(&self, request: RequestBuilder) -> Result<Response, ClientError> {
        let response = request.send().await.map_err(|error| self.failed(&error))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let bytes = self.bytes(response).await?;
        match serde_json::from_slice::<Problem>(&bytes) {
            Ok(problem) => Err(ClientError::Problem(Box::new(problem))),
            Err(_) => Err(self.not_a_node(&format_args!("it answers HTTP {}", status.as_u16()))),
        }
    }

    async fn bytes(&self, mut response: Response) -> Result<Vec<u8>, ClientError> {
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|e| self.failed(&e))? {
            if bytes.len() + chunk.len() > LARGEST_ANSWER {
                return Err(self.not_a_node(&"its answer has no end"));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }

    fn failed(&self, error: &reqwest::Error) -> ClientError {
        let address = self.address;
        if error.is_connect() {
            ClientError::Unreachable { address }
        } else {
            ClientError::Interrupted { address }
        }
    }

    fn not_a_node(&self, reason: &dyn std::fmt::Display) -> ClientError {
        ClientError::NotANode {
            address: self.address,
            reason: reason.to_string(),
        }
    }
}

#[cfg(test)]
mod tests;
