//! The cross-check: what of a request stands in other exchanges at this node too, both ways
//! (Directive (EU) 2023/977 Art. 16(1)). Each comparison is on record.

use std::collections::BTreeMap;

use super::{Place, Step, Ways, note};
use crate::app::change::{Change, Other};
use crate::app::input::Reply;
use crate::app::rows::*;
use crate::app::service::{Service, Stop, Turn};
use crate::base::{Actor, MemberId, MessageId, Timestamp};
use crate::domain::rfi::{LinkKind, Request, State};
use crate::domain::terms::{Strength, TermKind, cross_checked};

/// The most exchanges that a comparison shows: those opened last.
const MOST_SHOWN: usize = 20;

/// Rows that one comparison looks at.
const LOOKED_AT: usize = 2_000;

/// Another exchange about the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Earlier {
    /// The exchange.
    pub id: MessageId,
    /// The other member.
    pub peer: MemberId,
    /// Whether this member asked.
    pub outgoing: bool,
    /// The asking side's reference.
    pub reference: String,
    /// When the request was made.
    pub created: Timestamp,
    /// Where it stands.
    pub state: State,
    /// What stands in both, and how surely it is the same.
    pub matched: Vec<(TermKind, Strength)>,
}

/// The exchanges that hold what this request holds, those opened last first. Exchanges that ask the
/// same of others, or that this one follows, are none.
pub(in crate::app) fn earlier(
    turn: &Turn<'_>,
    id: MessageId,
    request: &Request,
) -> Result<Vec<Earlier>, Stop> {
    let related = |other: MessageId| {
        let with = |kind| {
            let links = request.links.iter();
            let mut of_kind = links.filter(|link| link.kind == kind);
            of_kind.any(|link| link.exchange == other)
        };
        other == id || with(LinkKind::Parallel) || with(LinkKind::Supersedes)
    };
    let mut ways = Ways::new(&turn.view, &cross_checked(request));
    let mut found: BTreeMap<Place, Earlier> = BTreeMap::new();
    let (mut from, mut steps): (Place, usize) = ([0; 16], LOOKED_AT);
    while found.len() < MOST_SHOWN {
        let Step::Found(place, matched) = ways.next(&turn.view, from, &mut steps)? else {
            break;
        };
        let other = of_complement(place);
        if !related(other) {
            let mut all = Vec::new();
            for (kind, strength) in matched {
                note(&mut all, kind, strength);
            }
            let earlier = |row: &ExchangeRow| Earlier {
                id: other,
                peer: row.peer,
                outgoing: row.outgoing,
                reference: row.exchange.request().reference.clone(),
                created: row.exchange.created(),
                state: row.exchange.state(),
                matched: all,
            };
            let earlier = turn.view.look(EXCHANGE, &other.to_bytes(), earlier)?;
            found.extend(earlier.map(|earlier| (place, earlier)));
        }
        match super::after(place) {
            Some(place) => from = place,
            None => break,
        }
    }
    Ok(found.into_values().collect())
}

/// Compares a request with the other exchanges here, and records that it was done.
pub(in crate::app) fn compared(
    service: &Service,
    turn: &mut Turn<'_>,
    by: Actor,
    id: MessageId,
    request: &Request,
) -> Result<Vec<Earlier>, Stop> {
    if cross_checked(request).is_empty() {
        return Ok(Vec::new());
    }
    let found = earlier(turn, id, request)?;
    let matched = Other::Matched {
        conversation: id,
        found: found.iter().map(|earlier| earlier.id).collect(),
    };
    turn.record(service.me.member, by, Change::Other(matched))?;
    Ok(found)
}

/// The same for a request that is not sent yet.
pub(in crate::app) fn compare(
    service: &Service,
    turn: &mut Turn<'_>,
    by: Actor,
    id: MessageId,
    request: &Request,
) -> Result<Reply, Stop> {
    compared(service, turn, by, id, request).map(Reply::Earlier)
}
