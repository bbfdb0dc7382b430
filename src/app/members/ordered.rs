//! New keys that a person ordered, until the node has them: the order was answered, so that it outlives
//! whatever keeps it from being carried out.

use crate::app::input::Effect;
use crate::app::rows::ORDERED;
use crate::app::service::{Service, Turn};
use crate::app::view::View;
use crate::base::Timestamp;
use crate::seal::keystore::Order;
use crate::store::IndexError;

/// Ticks until an order that was handed over is handed over again.
pub(super) const AGAIN: u32 = 60;

const ORDER: &[u8] = b"order";

/// A person ordered new keys.
pub(super) fn ordered(view: &mut View<'_>, order: Order) -> Result<(), IndexError> {
    let earlier = view.row::<Order>(ORDERED, ORDER)?;
    let order = earlier.map_or(order, |earlier| earlier.and(order));
    view.put(ORDERED, ORDER.to_vec(), order);
    Ok(())
}

/// The keys that were ordered until `at` are in force. It is recorded nowhere: whoever reads the order from the
/// log again finds the keys made since, and says so again.
pub(in crate::app) fn carried_out(view: &mut View<'_>, at: Timestamp) -> Result<(), IndexError> {
    let order = view.row::<Order>(ORDERED, ORDER)?;
    if order.is_some_and(|order| order.at <= at) {
        view.delete(ORDERED, ORDER.to_vec());
    }
    Ok(())
}

/// Hands an order that is not carried out over again.
pub(in crate::app) fn tick(service: &mut Service, turn: &mut Turn<'_>) -> Result<(), IndexError> {
    let Some(federation) = &service.federation else {
        return Ok(());
    };
    // Nobody takes new keys while the list has run out, nor of a node that is not listed.
    if federation.expired(turn.now) || !federation.nodes.contains(&service.me) {
        return Ok(());
    }
    service.order_rests = service.order_rests.saturating_sub(1);
    if service.order_rests > 0 {
        return Ok(());
    }
    if let Some(order) = turn.view.row::<Order>(ORDERED, ORDER)? {
        turn.effects.push(Effect::Rotate(order));
        service.order_rests = AGAIN;
    }
    Ok(())
}
