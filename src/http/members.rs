//! Members, and what of the trust list somebody has to see to.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use super::Api;
use super::auth::{Body, Place, SignedIn};
use super::problem::Failure;
use crate::api::{
    Alarm, ChangedIdentity, CompareNumber, ConfirmedView, Holding, Holdings, KeyAge, KeysView,
    MemberList, MemberView, ProposalView,
};
use crate::app::{
    Action, AppError, Ask, Caller, Confirmed, HealthReply, Held, KeyAlarm, ListAlarm, MemberAsk,
    MemberReply, MemberStanding, Reply, Withheld,
};
use crate::base::{MemberId, MessageId};
use crate::seal::keystore::Rotation;
use crate::seal::safety::SafetyNumber;

/// What the node's folder says of its keys, and of trust that is on its way. It reads files, on
/// threads that may block.
pub trait Custody: Send + Sync + 'static {
    /// How old this node's keys are, the newest of each kind.
    fn key_ages(&self) -> Vec<KeyAge>;

    /// Changes of the trust list that were proposed or signed here and are not in force, the latest
    /// first.
    fn proposals(&self) -> Vec<ProposalView>;
}

impl Api {
    /// What the node's folder says.
    pub(super) async fn in_custody<T: Default + Send + 'static>(
        &self,
        ask: impl FnOnce(&dyn Custody) -> T + Send + 'static,
    ) -> T {
        let custody = self.custody.clone();
        let asked = tokio::task::spawn_blocking(move || ask(&*custody));
        asked.await.unwrap_or_default()
    }
}

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
    let MemberReply::Holdings { withheld, held } = *reply else {
        return Err(AppError::NotFound("member").into());
    };
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

/// `GET /members`.
pub async fn list(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
) -> Result<Json<MemberList>, Failure> {
    let (members, _) = standing(&api, &caller, Action::ReadMembers, MemberAsk::List).await?;
    let proposals = api.in_custody(|custody| custody.proposals()).await;
    Ok(Json(MemberList { members, proposals }))
}

/// `GET /members/{member}`.
pub async fn show(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
    Place(member): Place<MemberId>,
) -> Result<Json<MemberView>, Failure> {
    one(
        &api,
        &caller,
        Action::ReadMembers,
        MemberAsk::Show { member },
    )
    .await
}

/// `POST /members/{member}/compare`.
pub async fn compare(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
    Place(member): Place<MemberId>,
    Body(body): Body<CompareNumber>,
) -> Result<Json<MemberView>, Failure> {
    let number = body.number.parse::<SafetyNumber>();
    let number = number.map_err(|error| Failure::malformed(error.to_string()).at("number"))?;
    let ask = MemberAsk::Compare { member, number };
    one(&api, &caller, Action::CompareIdentity, ask).await
}

/// `POST /members/{member}/accept`.
pub async fn accept(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
    Place(member): Place<MemberId>,
) -> Result<Json<MemberView>, Failure> {
    one(
        &api,
        &caller,
        Action::AcceptIdentity,
        MemberAsk::Accept { member },
    )
    .await
}

/// `POST /keys/rotate`.
pub async fn rotate(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
    Body(what): Body<Rotation>,
) -> Result<(StatusCode, Json<KeysView>), Failure> {
    if what.is_empty() {
        return Err(Failure::malformed("no key was named").at("tls"));
    }
    let ask = Ask::Members(MemberAsk::Rotate(what));
    let Reply::Members(reply) = api.ask(&caller, Action::RotateKeys, ask).await? else {
        return Err(AppError::NotFound("key").into());
    };
    let MemberReply::Rotating(sequence) = *reply else {
        return Err(AppError::NotFound("key").into());
    };
    let node = api.me;
    Ok((StatusCode::ACCEPTED, Json(KeysView { node, sequence })))
}

async fn one(
    api: &Api,
    caller: &Caller,
    action: Action,
    ask: MemberAsk,
) -> Result<Json<MemberView>, Failure> {
    let (mut members, number) = standing(api, caller, action, ask).await?;
    let mut member = members.pop().ok_or(AppError::NotFound("member"))?;
    member.safety_number = number;
    Ok(Json(member))
}

async fn standing(
    api: &Api,
    caller: &Caller,
    action: Action,
    ask: MemberAsk,
) -> Result<(Vec<MemberView>, Option<String>), Failure> {
    let Reply::Members(reply) = api.ask(caller, action, Ask::Members(ask)).await? else {
        return Err(AppError::NotFound("member").into());
    };
    let MemberReply::Standing(members, number) = *reply else {
        return Err(AppError::NotFound("member").into());
    };
    let view = |member: MemberStanding| member_view(api, member);
    let number = number.map(|number| number.to_string());
    Ok((members.into_iter().map(view).collect(), number))
}

fn member_view(api: &Api, member: MemberStanding) -> MemberView {
    let confirmed = |by: Confirmed| ConfirmedView {
        by: api.people.name(by.person),
        role: by.role,
        at: by.at,
    };
    MemberView {
        member: member.member,
        nodes: member.nodes,
        compared: member.compared.map(confirmed),
        changed: member.pending.map(|pending| ChangedIdentity {
            since: pending.since,
            accepted: pending.accepted.into_iter().map(confirmed).collect(),
        }),
        out: member.withheld.map(|why| why.code().to_owned()),
        compromised_since: member.compromised.map(|row| row.since),
        safety_number: None,
    }
}

/// What somebody has to see to.
pub fn alarms(health: &HealthReply) -> Vec<Alarm> {
    let alarm = |code: &str, detail: String, next: &str| Alarm {
        code: code.to_owned(),
        detail,
        next: next.to_owned(),
    };
    let list = health.list_alarms.iter().map(|found| match found {
        ListAlarm::Expired { version, at } => alarm(
            "trust-list-expired",
            format!("trust list {version} ran out on {at}; exchange goes on"),
            "No member and no key comes in until there is another: \
             `liaison trust propose --dir DIR`, `sign` and `install`.",
        ),
        ListAlarm::ExpiresSoon { version, at } => alarm(
            "trust-list-expires-soon",
            format!("trust list {version} runs out on {at}"),
            "Begin with the next: `liaison trust propose --dir DIR`, `sign` and `install`.",
        ),
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
            "A releasing officer other than its author and whoever released it looks at it: \
             `liaison rfi review ID --finding TEXT`.",
        )
    });
    let keys = health.key_alarms.iter().map(|found| match found {
        KeyAlarm::OwnBundleElsewhere { peer, sequence } => alarm(
            "own-keys-elsewhere",
            format!(
                "{peer} holds a key bundle of this node, number {sequence}, that is not its own"
            ),
            "Somebody else has this node's identity key, or the node was put back from a copy: \
             call the other members, and have the keys suspended if you cannot explain it.",
        ),
        KeyAlarm::OwnRunsOut { until } => alarm(
            "own-keys-run-out",
            format!("others seal to this node's receiving key until {until}, and it is not renewed"),
            "Restart the node, as a change of its passphrase needs; if it makes no new keys then, its \
             own log says why. Once the key has run out, nothing more comes.",
        ),
        KeyAlarm::Conflict { node, sequence } => alarm(
            "key-bundle-conflict",
            format!("{node} has issued two key bundles with number {sequence}"),
            "FEDERATION ALARM: its identity key may be in other hands. Call its people; \
             `liaison trust suspend` takes it out.",
        ),
    });
    let blocked = health.out.iter().filter_map(|(member, why, waiting)| match why {
        Withheld::IdentityChanged => Some(alarm(
            "identity-changed",
            format!("the identity key of {member} has changed; {waiting} messages wait for it"),
            "EXCHANGE IS STOPPED: compare the safety number with its people by telephone; then two \
             of you accept it with `liaison member accept`.",
        )),
        Withheld::NoKey => Some(alarm(
            "no-receiving-key",
            format!("{member} has no receiving key in force; {waiting} messages wait for it"),
            "Its node must be linked, so that it can hand over its new keys; call its people.",
        )),
        Withheld::Removed | Withheld::Suspended | Withheld::Observer => None,
    });
    let failed = super::duty::alarm_failed(&health.alarms_failed);
    let told = list.chain(unreviewed).chain(keys).chain(blocked);
    let told = told.chain(failed);
    let waits = health.erasure_waits.map(|(since, doubt)| {
        alarm(
            "erasure-waits",
            format!(
                "content is due for erasure, and since {since} the clock may not decide it: {}",
                doubt.in_words()
            ),
            "Check this machine's clock and the links to other members; nothing is erased until \
             both agree.",
        )
    });
    let no_room = health.erasure_has_no_room.map(|since| {
        alarm(
            "erasure-waits",
            format!(
                "content is due for erasure, and since {since} the disk has no room for it: the \
                 keys of all that stays are written anew"
            ),
            "Free room on the disk: 70 bytes for each entry of the log, and ten megabytes. It is \
             erased within ten minutes of that.",
        )
    });
    let exceeding = health.exceeding.iter().map(|(member, since)| {
        alarm(
            "over-quota",
            format!(
                "since {since} {member} sends more than is taken of one member in a day; what is \
                 beyond that waits there"
            ),
            "Call its people: its node may be broken, or in wrong hands. If all of it is wanted, \
             raise `messages_a_day` under [exchange] and start the node again.",
        )
    });
    told.chain(waits).chain(no_room).chain(exceeding).collect()
}
