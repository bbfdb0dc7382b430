//! The feed of alerts, and one alert with all that belongs to it.

use super::alert_row;
use crate::app::change::{Change, Other};
use crate::app::error::AppError;
use crate::app::input::{AlertFilter, Reply, ThreadItem};
use crate::app::members;
use crate::app::read::{LONGEST_PAGE, LOOKED_AT, consult, thread};
use crate::app::rows::*;
use crate::app::service::{Service, Stop, Turn};
use crate::base::{Actor, MessageId, Role, Timestamp};
use crate::domain::alert::AlertState;

impl AlertFilter {
    fn takes(&self, row: &AlertRow, now: Timestamp) -> bool {
        let alert = row.alert.alert();
        let state = |state: AlertState| match state {
            AlertState::Superseded => !row.alert.earlier().is_empty(),
            AlertState::Current | AlertState::Expired | AlertState::Cancelled => {
                row.alert.state(now) == state
            }
        };
        self.status.is_none_or(|status| alert.status == status)
            && self.event.is_none_or(|event| alert.event == event)
            && self.corridor.is_none_or(|of| alert.corridor == Some(of))
            && self.state.is_none_or(state)
    }
}

/// A page of alerts, those first to which their publishers did something last.
pub(in crate::app) fn list(
    turn: &Turn<'_>,
    filter: &AlertFilter,
    limit: usize,
    cursor: Option<&[u8]>,
) -> Result<Reply, Stop> {
    let limit = limit.clamp(1, LONGEST_PAGE);
    if cursor.is_some_and(|cursor| cursor.len() != 24) {
        return Err(AppError::BadCursor.into());
    }
    let mut last = cursor.map(<[u8]>::to_vec);
    let (mut rows, mut looked_at) = (Vec::new(), 0);
    loop {
        let from = last
            .as_ref()
            .map_or_else(Vec::new, |last| [last, &[0][..]].concat());
        let keys = turn
            .view
            .range::<MessageId>(ALERT_ORDER, &from, None, limit + 1)?;
        let more = keys.len() > limit;
        for (key, id) in keys.into_iter().take(limit) {
            if rows.len() == limit || looked_at == LOOKED_AT {
                return Ok(Reply::Alerts(rows, last));
            }
            looked_at += 1;
            last = Some(key);
            let row = turn.view.row::<AlertRow>(ALERT, &id.to_bytes())?;
            if let Some(mut row) = row.filter(|row| filter.takes(row, turn.now)) {
                members::annotate_alert(turn, &mut row)?;
                rows.push(row);
            }
        }
        if !more {
            return Ok(Reply::Alerts(rows, None));
        }
    }
}

/// One alert; what of it is seen for the first time is receipted as opened.
pub(in crate::app) fn read(
    service: &mut Service,
    turn: &mut Turn<'_>,
    by: Actor,
    id: MessageId,
) -> Result<Reply, Stop> {
    let row = alert_row(turn, id)?;
    let mut thread = thread(turn, &row.thread)?;
    consult(service, turn, by, id, &thread)?;
    // With what reading it added.
    let row = alert_row(turn, id)?;
    if by.role == Role::Observer || service.is_observer() {
        thread.iter_mut().for_each(without_attachments);
    }
    if by.role == Role::Observer {
        thread.retain(|item| !matches!(item.change, Change::Other(Other::Duty(_))));
    }
    Ok(Reply::AlertThread(Box::new(row), thread))
}

fn without_attachments(item: &mut ThreadItem) {
    match &mut item.change {
        Change::Sent(message) | Change::Received(message, _) => {
            message.event.attachments.clear();
        }
        Change::ReceiptKept(_) | Change::Other(_) => (),
    }
    item.stored.clear();
}
