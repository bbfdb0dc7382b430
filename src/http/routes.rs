//! Every route of the API. The router and the OpenAPI document are both made from this list.

mod exchanges;

use axum::http::StatusCode;

use super::route::Route;
use super::{alerts, attachments, carried, duty, members, office, statistics, status, witness};
use crate::api::{
    Acknowledge, AcknowledgeLogAlarm, AlertPreview, AlertSummary, AlertView, BroughtIn,
    CancelAlert, CompareNumber, Health, Holdings, KeysView, LogEntry, MemberList,
    MemberSubscription, MemberView, Netcheck, NoteAlertCall, Outcome, Page, PreviewAlert,
    PublishAlert, Reservation, SendContradiction, SendSighting, StagedAttachment, Statistics,
    Subscribe, TakeOut, UpdateAlert, WhoAmI, WitnessView,
};
use crate::domain::alert::{Alert, Contradiction, Sighting};
use crate::seal::keystore::Rotation;

/// Every route.
pub fn all() -> Vec<Route> {
    let groups = [
        of_the_node(),
        of_files(),
        exchanges::of_exchanges(),
        exchanges::of_passing_on(),
        exchanges::of_letters(),
        of_alerts(),
    ];
    groups.into_iter().flatten().collect()
}

/// The node itself, its peers and its log.
fn of_the_node() -> Vec<Route> {
    vec![
        Route::get("/whoami", "whoAmI", "Who the caller is", status::whoami)
            .gives::<WhoAmI>(StatusCode::OK),
        Route::get("/health", "health", "How the node is", status::health)
            .gives::<Health>(StatusCode::OK),
        Route::post(
            "/netcheck",
            "netcheck",
            "Tries every way to peers",
            carried::netcheck,
        )
        .narrowed_by::<carried::NetcheckParams>()
        .gives::<Netcheck>(StatusCode::OK),
        Route::post(
            "/backups",
            "backUp",
            "Writes a sealed backup",
            carried::back_up,
        )
        .gives_file("application/octet-stream"),
        Route::post(
            "/bundles",
            "takeOut",
            "Writes what waits for a peer to files",
            carried::take_out,
        )
        .takes::<TakeOut>()
        .gives_file("application/octet-stream"),
        Route::post(
            "/bundles/imports",
            "bringIn",
            "Takes in a file that a peer wrote",
            carried::bring_in,
        )
        .takes_file()
        .gives::<BroughtIn>(StatusCode::OK),
        Route::get(
            "/members",
            "listMembers",
            "The members and their keys",
            members::list,
        )
        .gives::<MemberList>(StatusCode::OK),
        Route::get(
            "/members/{member}",
            "readMember",
            "One member",
            members::show,
        )
        .gives::<MemberView>(StatusCode::OK),
        Route::get(
            "/members/{member}/holdings",
            "listHoldings",
            "What a member has of this node",
            members::holdings,
        )
        .gives::<Holdings>(StatusCode::OK),
        Route::post(
            "/members/{member}/compare",
            "compareNumber",
            "Notes that a safety number was compared",
            members::compare,
        )
        .takes::<CompareNumber>()
        .gives::<MemberView>(StatusCode::OK),
        Route::post(
            "/members/{member}/accept",
            "acceptIdentity",
            "Accepts a changed identity key, as one of two",
            members::accept,
        )
        .gives::<MemberView>(StatusCode::OK),
        Route::post(
            "/keys/rotate",
            "rotateKeys",
            "Makes keys of this node anew",
            members::rotate,
        )
        .takes::<Rotation>()
        .gives::<KeysView>(StatusCode::ACCEPTED),
        Route::get(
            "/witness",
            "readWitnesses",
            "How this log and those of peers are witnessed",
            witness::show,
        )
        .gives::<WitnessView>(StatusCode::OK),
        Route::post(
            "/witness/acknowledgements",
            "acknowledgeLogAlarm",
            "Takes note of an alarm about a log",
            witness::acknowledge,
        )
        .takes::<AcknowledgeLogAlarm>()
        .gives::<WitnessView>(StatusCode::OK),
        Route::get(
            "/witness/evidence/{node}/{incarnation}",
            "readEvidence",
            "The proof against a log",
            witness::evidence,
        )
        .gives_file("application/x-tar"),
        Route::get("/log", "listLog", "The log, without content", office::log)
            .narrowed_by::<office::LogParams>()
            .gives::<Page<LogEntry>>(StatusCode::OK)
            .of::<LogEntry>(),
    ]
}

/// Files on their way in and out.
fn of_files() -> Vec<Route> {
    vec![
        Route::post(
            "/reservations",
            "reserve",
            "Reserves an id, under which files are uploaded",
            attachments::reserve,
        )
        .gives::<Reservation>(StatusCode::CREATED),
        Route::put(
            "/reservations/{id}/attachments/{index}",
            "upload",
            "Uploads a file",
            attachments::upload,
        )
        .narrowed_by::<attachments::UploadParams>()
        .takes_file()
        .gives::<StagedAttachment>(StatusCode::OK),
        Route::get(
            "/messages/{id}/attachments/{index}",
            "download",
            "A file as its sender had it",
            attachments::download,
        )
        .narrowed_by::<attachments::DownloadParams>()
        .in_parts()
        .gives_file("application/octet-stream"),
    ]
}

/// Smuggling-trend alerts.
fn of_alerts() -> Vec<Route> {
    vec![
        Route::get("/alerts", "listAlerts", "The alert feed", alerts::list)
            .narrowed_by::<alerts::ListParams>()
            .gives::<Page<AlertSummary>>(StatusCode::OK)
            .of::<AlertSummary>(),
        Route::post(
            "/alerts",
            "publishAlert",
            "Publishes an alert",
            alerts::publish,
        )
        .for_release()
        .takes::<PublishAlert<Alert>>()
        .of::<Alert>()
        .gives::<Outcome<AlertSummary>>(StatusCode::ACCEPTED)
        .of::<AlertSummary>(),
        Route::get(
            "/alerts/{id}",
            "readAlert",
            "An alert with what others say to it",
            alerts::show,
        )
        .gives::<AlertView>(StatusCode::OK),
        Route::post(
            "/alerts/{id}/updates",
            "updateAlert",
            "Puts a new version in its place",
            alerts::update,
        )
        .on_terms()
        .takes::<UpdateAlert<Alert>>()
        .of::<Alert>()
        .gives::<Outcome<AlertSummary>>(StatusCode::ACCEPTED)
        .of::<AlertSummary>(),
        Route::post(
            "/alerts/{id}/cancel",
            "cancelAlert",
            "Takes an alert back",
            alerts::cancel,
        )
        .on_terms()
        .takes::<CancelAlert>()
        .gives::<Outcome<AlertSummary>>(StatusCode::ACCEPTED)
        .of::<AlertSummary>(),
        Route::post(
            "/alerts/{id}/sightings",
            "sightAlert",
            "Sees it too",
            alerts::sight,
        )
        .on_terms()
        .takes::<SendSighting<Sighting>>()
        .of::<Sighting>()
        .gives::<Outcome<AlertSummary>>(StatusCode::ACCEPTED)
        .of::<AlertSummary>(),
        Route::post(
            "/alerts/{id}/contradictions",
            "contradictAlert",
            "Does not see it, or otherwise",
            alerts::contradict,
        )
        .on_terms()
        .takes::<SendContradiction<Contradiction>>()
        .of::<Contradiction>()
        .gives::<Outcome<AlertSummary>>(StatusCode::ACCEPTED)
        .of::<AlertSummary>(),
        Route::post(
            "/alerts/{id}/acknowledgements",
            "acknowledgeAlert",
            "Takes note of an alert",
            alerts::acknowledge,
        )
        .on_terms()
        .takes::<Acknowledge>()
        .gives::<Outcome<AlertSummary>>(StatusCode::ACCEPTED)
        .of::<AlertSummary>(),
        Route::post(
            "/alerts/{id}/calls",
            "noteAlertCall",
            "Notes a telephone call about an alert",
            duty::alert_call,
        )
        .takes::<NoteAlertCall>()
        .gives::<AlertSummary>(StatusCode::CREATED),
        Route::post(
            "/alert-previews",
            "previewAlert",
            "Who would get an alert",
            alerts::preview,
        )
        .takes::<PreviewAlert<Alert>>()
        .of::<Alert>()
        .gives::<AlertPreview>(StatusCode::OK),
        Route::get(
            "/statistics",
            "countYear",
            "A year in numbers",
            statistics::show,
        )
        .narrowed_by::<statistics::YearParams>()
        .gives::<Statistics>(StatusCode::OK),
        Route::get(
            "/alert-subscriptions",
            "listSubscriptions",
            "What each member wants alerts about",
            alerts::subscriptions,
        )
        .gives::<Vec<MemberSubscription>>(StatusCode::OK),
        Route::post(
            "/alert-subscriptions",
            "subscribe",
            "Says which corridors this member wants alerts about",
            alerts::subscribe,
        )
        .takes::<Subscribe>()
        .gives::<Vec<MemberSubscription>>(StatusCode::ACCEPTED),
    ]
}
