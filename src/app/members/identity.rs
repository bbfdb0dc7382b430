//! Whose identity keys are known here, who compared the safety number, and what a changed key stops
//! until two people have accepted it.

use serde::{Deserialize, Serialize};

use super::keys::{self, BundleRow, CompromisedRow};
use super::{MemberChange, MemberReply, Withheld, ordered};
use crate::app::change::{Change, Other};
use crate::app::error::AppError;
use crate::app::rows::{COMPROMISED, IDENTITY, member_key};
use crate::app::service::{Service, Stop, Turn};
use crate::app::view::View;
use crate::base::{Actor, Digest, MemberId, NodeId, PersonId, Role, Timestamp};
use crate::seal::keystore::Order;
use crate::seal::safety::{MemberIdentity, SafetyNumber};
use crate::store::IndexError;

/// How many people must accept a changed identity key.
const ACCEPTING: usize = 2;

/// A person who confirmed something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmed {
    /// Who.
    pub person: PersonId,
    /// In which role.
    pub role: Role,
    /// When it was recorded here.
    pub at: Timestamp,
}

/// A changed identity key that has not been accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// What follows from the new identity keys.
    pub identity: Digest,
    /// Since when they are listed here.
    pub since: Timestamp,
    /// Who accepted them so far.
    pub accepted: Vec<Confirmed>,
}

/// What is known of a member's identity keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentityRow {
    /// What follows from the identity keys that exchange goes on under.
    pub identity: Digest,
    /// Since when.
    pub since: Timestamp,
    /// Who compared the safety number that they give, the last to do so.
    pub compared: Option<Confirmed>,
    /// Other keys that are listed now, which stop exchange until they are accepted.
    pub pending: Option<Pending>,
}

/// How a member stands.
#[derive(Debug, Clone, PartialEq)]
pub struct MemberStanding {
    /// The member.
    pub member: MemberId,
    /// Its nodes.
    pub nodes: Vec<NodeId>,
    /// What follows from the identity keys that are listed.
    pub identity: Option<Digest>,
    /// Who compared the safety number of those keys; none if nobody did.
    pub compared: Option<Confirmed>,
    /// The change of keys that waits to be accepted.
    pub pending: Option<Pending>,
    /// Why nothing is sent to it now.
    pub withheld: Option<Withheld>,
    /// Since when its keys are said to have been in other hands.
    pub compromised: Option<CompromisedRow>,
}

fn row(turn: &Turn<'_>, member: MemberId) -> Result<Option<IdentityRow>, IndexError> {
    turn.view.row(IDENTITY, &member_key(member))
}

/// Whether exchange with the member stops until its changed identity key is accepted.
pub(in crate::app) fn is_blocked(turn: &Turn<'_>, member: MemberId) -> Result<bool, IndexError> {
    Ok(row(turn, member)?.is_some_and(|row| row.pending.is_some()))
}

/// Records which identity keys are listed of each other member, where they are not those on record.
pub(in crate::app) fn record_identities(
    service: &Service,
    turn: &mut Turn<'_>,
) -> Result<(), IndexError> {
    let Some(federation) = &service.federation else {
        return Ok(());
    };
    let me = service.me.member;
    let others = federation.trust.identities.values();
    for listed in others.filter(|listed| listed.member() != me) {
        let (member, identity) = (listed.member(), listed.digest());
        let known = row(turn, member)?.map(|row| match row.pending {
            Some(pending) => pending.identity,
            None => row.identity,
        });
        if known != Some(identity) {
            let change = MemberChange::IdentityListed { member, identity };
            turn.record(me, Actor::node(me), Change::Other(Other::Member(change)))?;
        }
    }
    Ok(())
}

/// How every other member of the list stands.
pub(super) fn list(service: &Service, turn: &Turn<'_>) -> Result<MemberReply, Stop> {
    let federation = service.federation.as_ref().ok_or(AppError::NoTrustList)?;
    let me = service.me.member;
    let mut members: Vec<MemberId> = federation.others(me);
    members.extend(federation.trust.suspended.iter().filter(|out| **out != me));
    members.sort();
    members.dedup();
    let standing = members
        .into_iter()
        .map(|member| stands(service, turn, member));
    let standing: Result<Vec<_>, IndexError> = standing.collect();
    Ok(MemberReply::Standing(standing?, None))
}

/// How one member stands, with the number that its people see too.
pub(super) fn show(
    service: &Service,
    turn: &Turn<'_>,
    member: MemberId,
) -> Result<MemberReply, Stop> {
    let number = number(service, member)?;
    let standing = stands(service, turn, member)?;
    Ok(MemberReply::Standing(vec![standing], Some(number)))
}

fn stands(
    service: &Service,
    turn: &Turn<'_>,
    member: MemberId,
) -> Result<MemberStanding, IndexError> {
    let row = row(turn, member)?;
    let federation = service.federation.as_ref();
    let listed = federation.and_then(|f| f.trust.identities.get(&member));
    let identity = listed.map(MemberIdentity::digest);
    let nodes = federation.map_or(&[][..], |f| &f.nodes).iter().copied();
    // A number that was compared says nothing of keys that came after it.
    let compared = row.as_ref().and_then(|row| {
        let since = row.pending.as_ref().map(|pending| pending.since);
        row.compared
            .filter(|compared| since.is_none_or(|since| compared.at >= since))
    });
    Ok(MemberStanding {
        member,
        nodes: nodes.filter(|node| node.member == member).collect(),
        identity,
        compared,
        pending: row.and_then(|row| row.pending),
        withheld: service.withholds(turn, member)?,
        compromised: turn.view.row(COMPROMISED, &member_key(member))?,
    })
}

fn number(service: &Service, member: MemberId) -> Result<SafetyNumber, AppError> {
    let federation = service.federation.as_ref().ok_or(AppError::NoTrustList)?;
    let identities = &federation.trust.identities;
    let own = identities.get(&service.me.member);
    match (own, identities.get(&member)) {
        (Some(own), Some(other)) if member != service.me.member => Ok(SafetyNumber::of(own, other)),
        (Some(_) | None, Some(_) | None) => Err(AppError::NotFound("member")),
    }
}

/// A person says which number the member's people read out.
pub(super) fn compare(
    service: &mut Service,
    turn: &mut Turn<'_>,
    by: Actor,
    member: MemberId,
    told: &SafetyNumber,
) -> Result<MemberReply, Stop> {
    let number = number(service, member)?;
    if number != *told {
        return Err(AppError::NumberDiffers(member).into());
    }
    let identity = listed(service, member)?;
    let change = MemberChange::IdentityCompared {
        member,
        identity,
        person: by.person,
        role: by.role,
    };
    turn.record(service.me.member, by, Change::Other(Other::Member(change)))?;
    show(service, turn, member)
}

/// A person accepts the identity key that a member has now; the second to do so ends the stop.
pub(super) fn accept(
    service: &mut Service,
    turn: &mut Turn<'_>,
    by: Actor,
    member: MemberId,
) -> Result<MemberReply, Stop> {
    let pending = row(turn, member)?.and_then(|row| row.pending);
    let pending = pending.ok_or(AppError::NothingToAccept(member))?;
    if pending.accepted.iter().any(|one| one.person == by.person) {
        return Err(AppError::SecondPersonNeeded(member).into());
    }
    let change = MemberChange::IdentityAccepted {
        member,
        identity: pending.identity,
        person: by.person,
        role: by.role,
    };
    turn.record(service.me.member, by, Change::Other(Other::Member(change)))?;
    service.stirred.insert(member);
    show(service, turn, member)
}

fn listed(service: &Service, member: MemberId) -> Result<Digest, AppError> {
    let federation = service.federation.as_ref().ok_or(AppError::NoTrustList)?;
    let listed = federation.trust.identities.get(&member);
    Ok(listed.ok_or(AppError::NotFound("member"))?.digest())
}

/// Writes the rows that follow from a change.
pub(in crate::app) fn project(
    view: &mut View<'_>,
    at: Timestamp,
    change: &MemberChange,
) -> Result<(), IndexError> {
    match change {
        MemberChange::BundleInForce {
            node,
            sequence,
            digest,
        } => {
            let (sequence, digest) = (*sequence, *digest);
            keys::bundle_in_force(view, *node, BundleRow { sequence, digest });
            Ok(())
        }
        MemberChange::KeysOrdered { what } => ordered::ordered(view, Order { what: *what, at }),
        MemberChange::CompromisedSince { member, since } => {
            let row = CompromisedRow {
                since: *since,
                declared: at,
            };
            keys::compromised(view, *member, row);
            Ok(())
        }
        MemberChange::IdentityListed { member, identity } => {
            let known = view.row::<IdentityRow>(IDENTITY, &member_key(*member))?;
            let row = match known {
                Some(known) if known.identity == *identity => IdentityRow {
                    pending: None,
                    ..known
                },
                Some(known) => IdentityRow {
                    pending: Some(Pending {
                        identity: *identity,
                        since: at,
                        accepted: Vec::new(),
                    }),
                    ..known
                },
                None => IdentityRow {
                    identity: *identity,
                    since: at,
                    compared: None,
                    pending: None,
                },
            };
            view.put(IDENTITY, member_key(*member), row);
            Ok(())
        }
        MemberChange::IdentityCompared {
            member,
            identity,
            person,
            role,
        } => {
            let Some(mut row) = view.row::<IdentityRow>(IDENTITY, &member_key(*member))? else {
                return Ok(());
            };
            // What was compared of keys that are not accepted yet counts once they are.
            if row.identity == *identity || row.pending.is_some() {
                row.compared = Some(confirmed(*person, *role, at));
            }
            view.put(IDENTITY, member_key(*member), row);
            Ok(())
        }
        MemberChange::IdentityAccepted {
            member,
            identity,
            person,
            role,
        } => accepted(view, *member, *identity, confirmed(*person, *role, at)),
        MemberChange::ListConflict { .. }
        | MemberChange::ListExpired { .. }
        | MemberChange::BundleConflict { .. }
        | MemberChange::KeysDestroyed { .. } => Ok(()),
    }
}

fn confirmed(person: PersonId, role: Role, at: Timestamp) -> Confirmed {
    Confirmed { person, role, at }
}

fn accepted(
    view: &mut View<'_>,
    member: MemberId,
    identity: Digest,
    by: Confirmed,
) -> Result<(), IndexError> {
    let Some(mut row) = view.row::<IdentityRow>(IDENTITY, &member_key(member))? else {
        return Ok(());
    };
    let Some(pending) = row.pending.as_mut().filter(|p| p.identity == identity) else {
        return Ok(());
    };
    if pending.accepted.iter().all(|one| one.person != by.person) {
        pending.accepted.push(by);
    }
    if pending.accepted.len() >= ACCEPTING {
        let compared = row.compared.filter(|compared| compared.at >= pending.since);
        row = IdentityRow {
            identity,
            since: by.at,
            compared,
            pending: None,
        };
    }
    view.put(IDENTITY, member_key(member), row);
    Ok(())
}
