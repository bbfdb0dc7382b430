//! Members, and what of the trust list somebody has to see to.

use axum::Json;
use axum::extract::State;

use super::Api;
use super::auth::{Place, SignedIn};
use super::problem::Failure;
use crate::api::{Alarm, Holding, Holdings};
use crate::app::{
    Action, AppError, Ask, HealthReply, Held, ListAlarm, MemberAsk, MemberReply, Reply, Withheld,
};
use crate::base::{MemberId, MessageId};

/// `GET /members/{member}/holdings`.
pub async fn holdings(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
    Place(member): Place<MemberId>,
) -> Result<Json<Holdings>, Failure> {
    let ask = Ask::Members(MemberAsk::Holdings { member });
    let Reply::Members(reply) = api.ask(&caller, Action::ReadHoldings, ask).await? else {
        return Err(AppError::NotFound("member").into());
    };
    let MemberReply::Holdings { withheld, held } = *reply;
    let holding = |(conversation, held): (MessageId, Held)| Holding {
        conversation,
        kind: if held.alert { "alert" } else { "exchange" }.to_owned(),
        messages: held.messages,
        unconfirmed: held.unconfirmed,
        first: held.first,
        last: held.last,
    };
    Ok(Json(Holdings {
        member,
        out: withheld.map(|why: Withheld| why.code().to_owned()),
        holds: held.into_iter().map(holding).collect(),
    }))
}

/// What somebody has to see to.
pub fn alarms(health: &HealthReply) -> Vec<Alarm> {
    let alarm = |code: &str, detail: String, next: &str| Alarm {
        code: code.to_owned(),
        detail,
        next: next.to_owned(),
    };
    let list = health.list_alarms.iter().map(|found| match found {
        ListAlarm::Conflict { peer, version } => alarm(
            "trust-list-conflict",
            format!("{peer} has another trust list {version} than this node"),
            "FEDERATION ALARM: compare the digest in `liaison trust show` with every member by \
             phone; one of the two lists is forged, or the federation has split.",
        ),
        ListAlarm::Behind { peer, version } => alarm(
            "trust-list-behind",
            format!("{peer} has trust list {version}, which this node has not"),
            "Ask for the signed list and install it: `liaison trust install`.",
        ),
    });
    let unreviewed = health.letters.iter().filter(|row| row.is_unreviewed());
    let unreviewed = unreviewed.map(|row| {
        alarm(
            "emergency-not-reviewed",
            format!(
                "{} left in an emergency, released by one person alone",
                row.id
            ),
            "A releasing officer looks at it: `liaison rfi review ID --finding TEXT`.",
        )
    });
    list.chain(unreviewed).collect()
}
