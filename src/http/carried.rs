//! Ways to peers are tried, and what waits for them is written to files and read from files.

use std::fs::File;
use std::io::Write as _;
use std::pin::Pin;

use axum::Json;
use axum::body::Body as HttpBody;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use tokio::io::DuplexStream;
use tokio_util::io::ReaderStream;
use utoipa::IntoParams;

use super::Api;
use super::auth::{Body, Params, SignedIn};
use super::problem::Failure;
use super::sealing::next;
use crate::api::{BroughtIn, KEPT_BACK, Netcheck, PeerReach, TakeOut};
use crate::app::{Action, AppError, Ask, CarryAsk, CarryReply, Permit, Reply};
use crate::base::{MemberId, MessageId, NodeId, OsEntropy, Timestamp};
use crate::driver::Busy;
use crate::seal::recovery::RecoveryError;
use crate::seal::stick::StickError;

/// The longest file that is taken in, in bytes: a stick's file system may hold no longer one.
const LONGEST_FILE: u64 = 4 << 30;

/// The shortest file that an export may be cut into.
const SHORTEST_FILE: u64 = 2 << 20;

/// A future on the heap.
pub type Later<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// What the node can do about ways to its peers.
pub trait Carriage: Send + Sync + 'static {
    /// Tries every way to a member's nodes, or to all peers.
    fn reach(&self, of: Option<MemberId>) -> Later<Vec<PeerReach>>;

    /// Writes what waits for `to` into files of at most `size` bytes: for each its length in eight
    /// bytes, and its bytes; then a length of 0, so that an end before the end is noticed.
    ///
    /// # Errors
    /// [`CarryFailed`] where it cannot even begin.
    fn take_out(
        &self,
        permit: Permit,
        to: NodeId,
        export: MessageId,
        size: u64,
    ) -> Result<DuplexStream, CarryFailed>;

    /// Writes the node's folder into a file: its length in eight bytes, its bytes, and a length of
    /// 0.
    ///
    /// # Errors
    /// [`CarryFailed`] where it cannot even begin.
    fn back_up(&self, id: MessageId) -> Result<DuplexStream, CarryFailed>;

    /// A file that goes when it is closed, in the node's folder.
    ///
    /// # Errors
    /// Whatever the file system gives.
    fn spool(&self) -> std::io::Result<File>;

    /// Takes in what a peer wrote.
    fn bring_in(&self, permit: Permit, file: File) -> Later<Result<BroughtIn, CarryFailed>>;
}

/// Why nothing is carried.
#[derive(Debug)]
pub enum CarryFailed {
    /// The file is not one to take.
    Stick(StickError),
    /// The service says no.
    App(AppError),
    /// The driver takes nothing now.
    Busy(Busy),
    /// The peer's bundle has no key in force to seal to.
    NoKey(NodeId),
    /// There is no recovery key to seal to.
    Recovery(RecoveryError),
}

impl From<CarryFailed> for Failure {
    fn from(failed: CarryFailed) -> Self {
        match failed {
            CarryFailed::App(error) => error.into(),
            CarryFailed::Busy(busy) => busy.into(),
            CarryFailed::Stick(error) => {
                let status = match error {
                    StickError::Io(_) => StatusCode::INTERNAL_SERVER_ERROR,
                    StickError::NotAStick
                    | StickError::ForAnother(_)
                    | StickError::KeyGone
                    | StickError::UnknownSender(_)
                    | StickError::Damaged => StatusCode::UNPROCESSABLE_ENTITY,
                };
                Self::new(status, error.code(), error.to_string(), error.next())
            }
            CarryFailed::Recovery(error) => Self::new(
                match error {
                    RecoveryError::NotSetUp => StatusCode::NOT_FOUND,
                    _ => StatusCode::INTERNAL_SERVER_ERROR,
                },
                match error {
                    RecoveryError::NotSetUp => "recovery-not-set-up",
                    _ => "recovery-refused",
                },
                error.to_string(),
                "Give people shares of a recovery key first: `liaison key backup`.",
            ),
            CarryFailed::NoKey(node) => Self::new(
                StatusCode::CONFLICT,
                "no-recipient-key",
                format!("the bundle of {node} has no key in force to seal to"),
                "Ask that office for its current keys.",
            ),
        }
    }
}

impl From<StickError> for CarryFailed {
    fn from(error: StickError) -> Self {
        Self::Stick(error)
    }
}

/// Which member.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct NetcheckParams {
    /// The member whose nodes are tried; all where none is named.
    #[param(inline)]
    peer: Option<MemberId>,
}

/// `POST /netcheck`.
pub async fn netcheck(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
    Params(params): Params<NetcheckParams>,
) -> Result<Json<Netcheck>, Failure> {
    Permit::ask(api.member(), &caller, Action::ReadHealth).map_err(AppError::from)?;
    let peers = api.carriage.reach(params.peer).await;
    if let (Some(member), true) = (params.peer, peers.is_empty()) {
        return Err(AppError::NotListed(member).into());
    }
    Ok(Json(Netcheck {
        node: api.me,
        peers,
    }))
}

/// `POST /bundles`.
pub async fn take_out(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
    Body(body): Body<TakeOut>,
) -> Result<Response, Failure> {
    if body.size < SHORTEST_FILE {
        let what = "a file has at least 2 MiB (2097152 bytes)";
        return Err(Failure::malformed(what).at("size"));
    }
    let export = MessageId::new(Timestamp::system(), &mut OsEntropy);
    let begin = CarryAsk::Begin {
        member: body.peer,
        export,
    };
    let reply = api
        .ask(&caller, Action::CarryByHand, Ask::Carry(begin))
        .await?;
    let Reply::Carried(reply) = reply else {
        return Err(AppError::NotFound("member").into());
    };
    let CarryReply::Begun(to, kept_back) = *reply else {
        return Err(AppError::NotFound("member").into());
    };
    let permit = Permit::ask(api.member(), &caller, Action::CarryByHand).map_err(AppError::from)?;
    let files = api.carriage.take_out(permit, to, export, body.size)?;
    let kind = HeaderValue::from_static("application/octet-stream");
    let headers = [
        (header::CONTENT_TYPE, kind),
        (HeaderName::from_static(KEPT_BACK), kept_back.into()),
    ];
    let files = HttpBody::from_stream(ReaderStream::new(files));
    Ok((headers, files).into_response())
}

/// `POST /backups`.
pub async fn back_up(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
) -> Result<Response, Failure> {
    let id = MessageId::new(Timestamp::system(), &mut OsEntropy);
    Permit::ask(api.member(), &caller, Action::BackUp).map_err(AppError::from)?;
    let backup = api.carriage.back_up(id)?;
    let ask = Ask::Carry(CarryAsk::BackUp(id));
    api.ask(&caller, Action::BackUp, ask).await?;
    let kind = [(header::CONTENT_TYPE, "application/octet-stream")];
    let backup = HttpBody::from_stream(ReaderStream::new(backup));
    Ok((kind, backup).into_response())
}

/// `POST /bundles/imports`.
pub async fn bring_in(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
    body: HttpBody,
) -> Result<Json<BroughtIn>, Failure> {
    let permit = Permit::ask(api.member(), &caller, Action::CarryByHand).map_err(AppError::from)?;
    let unwritten = |error| Failure::from(CarryFailed::Stick(StickError::Io(error)));
    let mut file = api.carriage.spool().map_err(unwritten)?;
    let mut body = body.into_data_stream();
    let mut length = 0;
    while let Some(piece) = next(&mut body).await {
        let piece = piece.map_err(|_| Failure::malformed("the file did not come whole"))?;
        length += piece.len() as u64;
        if length > LONGEST_FILE {
            return Err(CarryFailed::from(StickError::NotAStick).into());
        }
        file.write_all(&piece).map_err(unwritten)?;
    }
    Ok(Json(api.carriage.bring_in(permit, file).await?))
}
