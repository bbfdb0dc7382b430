//! Two checkpoints of one log that nobody has shown to be of one tree: its node is asked to show
//! it, and if it does not do so in time, that is an alarm.

use super::others::place;
use super::{LogFault, Say, Seen, alarm, is_linked, restored};
use crate::app::input::Effect;
use crate::app::service::{Service, Turn};
use crate::audit::{Origin, Prefix, SignedCheckpoint};
use crate::base::NodeId;
use crate::store::IndexError;

/// Challenges to one log that are open at a time; more would not show more.
const MOST_OPEN: usize = 8;

/// How long a log may stay away from an open challenge, in seconds.
const AWAY: u64 = 24 * 3_600;

/// A challenge that is open.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) low: SignedCheckpoint,
    pub(super) high: SignedCheckpoint,
    since: u64,
    /// When the log was asked on the link that is up.
    asked: Option<u64>,
    from: NodeId,
}

impl Open {
    /// The log is to be asked anew.
    pub(super) fn not_asked(&mut self) {
        self.asked = None;
    }
}

/// Challenges a log to show that two of its checkpoints are of one tree. It is asked with the next
/// tick, since it may be just about to show it.
pub(super) fn open(
    seen: &mut Seen,
    ticks: u64,
    one: &SignedCheckpoint,
    other: &SignedCheckpoint,
    from: NodeId,
) {
    let (low, high) = match one.checkpoint.size < other.checkpoint.size {
        true => (one, other),
        false => (other, one),
    };
    let same = |open: &Open| {
        open.low.checkpoint == low.checkpoint && open.high.checkpoint == high.checkpoint
    };
    let equal = low.checkpoint.size == high.checkpoint.size;
    if equal || seen.open.len() >= MOST_OPEN || seen.open.iter().any(same) {
        return;
    }
    seen.open.push(Open {
        low: low.clone(),
        high: high.clone(),
        since: ticks,
        asked: None,
        from,
    });
}

/// What a log showed of itself settles the challenges that it answers. `cosigned` is the checkpoint that
/// was cosigned last, if there is one.
pub(super) fn settle(
    seen: &mut Seen,
    ticks: u64,
    signed: &SignedCheckpoint,
    shown: &Prefix,
    cosigned: Option<&SignedCheckpoint>,
) {
    let answered = |open: &Open| {
        let low = &open.low.checkpoint;
        open.high.checkpoint == signed.checkpoint
            && (low.size, low.root) == (shown.size, shown.root)
    };
    let (done, open) = std::mem::take(&mut seen.open)
        .into_iter()
        .partition(answered);
    seen.open = open;
    for open in done {
        let (low, high) = (place(&open.low), place(&open.high));
        if seen.is_consistent(high) {
            seen.remember(low);
        }
        if seen.is_consistent(low) {
            seen.extends(low, high, cosigned);
        }
        // What was cosigned since may be of another history that both go on from.
        for (place, head) in [(low, &open.low), (high, &open.high)] {
            if let Some(cosigned) = cosigned
                && !seen.is_consistent(place)
            {
                self::open(seen, ticks, head, cosigned, open.from);
            }
        }
    }
}

/// A link to a node is up: it is asked anew.
pub(super) fn link_up(service: &mut Service, peer: NodeId) {
    for (origin, seen) in &mut service.witness.logs {
        if origin.node == peer {
            seen.open.iter_mut().for_each(Open::not_asked);
        }
    }
}

/// Asks what is to be asked, and alarms where no answer came in time.
pub(super) fn tick(service: &mut Service, turn: &mut Turn<'_>) -> Result<(), IndexError> {
    let (ticks, patience) = (service.witness.ticks, service.witness.times.challenge);
    let origins: Vec<Origin> = service.witness.logs.keys().copied().collect();
    for origin in origins {
        let up = is_linked(service, origin.node);
        let federation = service.federation.as_ref();
        let listed = federation.is_some_and(|f| f.nodes.contains(&origin.node));
        let gone_on = restored::gone_on_from(service, origin).is_some();
        let Some(seen) = service.witness.logs.get_mut(&origin) else {
            continue;
        };
        if !listed || gone_on {
            // Whoever is out owes no more answers, nor does a log that ended.
            seen.open.clear();
        }
        let mut overdue = Vec::new();
        for open in &mut seen.open {
            let both = || [open.low.clone(), open.high.clone()];
            // What was said may be lost with a group that a full disk turned down, so it is said again.
            let again = |asked: u64| (ticks - asked).is_multiple_of((patience / 4).max(1));
            match (up, open.asked) {
                (true, Some(asked)) if ticks - asked >= patience => {
                    overdue.push((both(), open.from));
                }
                (true, asked) if asked.is_none_or(again) => {
                    open.asked = asked.or(Some(ticks));
                    let say = Say::Challenge {
                        signed: Some(Box::new(open.high.clone())),
                        sizes: vec![open.low.checkpoint.size],
                    };
                    let peer = origin.node;
                    turn.effects.push(Effect::Witness { peer, say });
                }
                (false, _) if ticks - open.since >= AWAY => overdue.push((both(), open.from)),
                (true, _) | (false, _) => (),
            }
        }
        for (both, from) in overdue {
            let fault = LogFault::Unanswered;
            let [low, high] = both.each_ref().map(|signed| signed.checkpoint.size);
            if alarm::raise(service, turn, origin, fault, (low, high), from, None)? {
                alarm::show_all(service, turn, &both);
            }
        }
    }
    Ok(())
}
