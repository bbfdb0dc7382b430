//! Requests, and what is said, passed on and released in their exchanges.

use axum::http::StatusCode;

use crate::api::{
    AcknowledgeCorrection, AskPermission, DecideLetter, EraseContent, ExchangeSummary,
    ExchangeView, GrantPermission, Justify, LetterSummary, LetterView, Page, PassOn,
    PermissionView, Recorded, RefusePermission, ReturnLetter, Search, SearchHit, SendAcceptance,
    SendAnswer, SendClarification, SendCorrection, SendForward, SendRefusal, SendRequest,
    SendSupersession, Sent, ShortenRetention,
};
use crate::domain::duty::Call;
use crate::domain::rfi::{
    Answer, AwaitingAuthorisation, Channelling, Closing, Feedback, Reopening, Request, Transfer,
    Withdrawal,
};
use crate::http::route::Route;
use crate::http::{duty, exchanges, letters, office, passing, retention, says, search};

/// Requests, and what is said to them.
pub fn of_exchanges() -> Vec<Route> {
    vec![
        Route::post(
            "/search",
            "search",
            "Exchanges and alerts about a plate, a number or a name",
            search::search,
        )
        .takes::<Search>()
        .gives::<Page<SearchHit>>(StatusCode::OK)
        .of::<SearchHit>(),
        Route::post(
            "/requests",
            "sendRequest",
            "Asks one or several members",
            exchanges::send,
        )
        .for_release()
        .takes::<SendRequest<Request>>()
        .of::<Request>()
        .gives::<Sent>(StatusCode::ACCEPTED),
        Route::get(
            "/exchanges",
            "listExchanges",
            "The inbox and the outgoing list",
            exchanges::list,
        )
        .narrowed_by::<exchanges::ListParams>()
        .gives::<Page<ExchangeSummary>>(StatusCode::OK)
        .of::<ExchangeSummary>(),
        Route::get(
            "/exchanges/{id}",
            "readExchange",
            "The whole thread; reading it is on record",
            exchanges::show,
        )
        .gives::<ExchangeView>(StatusCode::OK),
        Route::post(
            "/exchanges/{id}/justifications",
            "justify",
            "Says why it is opened",
            office::justify,
        )
        .takes::<Justify>()
        .gives_nothing(),
        Route::post(
            "/exchanges/{id}/accept",
            "acceptRequest",
            "Takes a request on",
            says::accept,
        )
        .on_terms()
        .takes::<SendAcceptance>()
        .gives::<ExchangeSummary>(StatusCode::ACCEPTED),
        Route::post(
            "/exchanges/{id}/answer",
            "answerRequest",
            "Answers, whole or in part",
            says::answer,
        )
        .on_terms()
        .takes::<SendAnswer<Answer>>()
        .of::<Answer>()
        .gives::<ExchangeSummary>(StatusCode::ACCEPTED),
        Route::post(
            "/exchanges/{id}/refuse",
            "refuseRequest",
            "Refuses by ground, whole or in part",
            says::refuse,
        )
        .on_terms()
        .takes::<SendRefusal>()
        .gives::<ExchangeSummary>(StatusCode::ACCEPTED),
        Route::post(
            "/exchanges/{id}/clarify",
            "clarify",
            "Asks for a clarification, or gives it",
            says::clarify,
        )
        .on_terms()
        .takes::<SendClarification>()
        .gives::<ExchangeSummary>(StatusCode::ACCEPTED),
        Route::post(
            "/exchanges/{id}/channel",
            "channelRequest",
            "Says which authority has it now",
            says::channel,
        )
        .on_terms()
        .takes::<Channelling>()
        .gives::<ExchangeSummary>(StatusCode::ACCEPTED),
        Route::post(
            "/exchanges/{id}/await",
            "awaitAuthorisation",
            "Says which authorisation is awaited, and until when",
            says::wait,
        )
        .on_terms()
        .takes::<AwaitingAuthorisation>()
        .gives::<ExchangeSummary>(StatusCode::ACCEPTED),
        Route::post(
            "/exchanges/{id}/transfer",
            "transferRequest",
            "Names another member to ask",
            says::transfer,
        )
        .on_terms()
        .takes::<Transfer>()
        .gives::<ExchangeSummary>(StatusCode::ACCEPTED),
        Route::post(
            "/exchanges/{id}/feedback",
            "giveFeedback",
            "Says whether an answer helped",
            says::feedback,
        )
        .on_terms()
        .takes::<Feedback>()
        .gives::<ExchangeSummary>(StatusCode::ACCEPTED),
        Route::post(
            "/exchanges/{id}/withdraw",
            "withdrawRequest",
            "Takes a request back",
            says::withdraw,
        )
        .on_terms()
        .takes::<Withdrawal>()
        .gives::<ExchangeSummary>(StatusCode::ACCEPTED),
        Route::post(
            "/exchanges/{id}/supersede",
            "supersedeRequest",
            "Puts another request in its place",
            says::supersede,
        )
        .on_terms()
        .takes::<SendSupersession<Request>>()
        .of::<Request>()
        .gives::<Sent>(StatusCode::ACCEPTED),
        Route::post(
            "/exchanges/{id}/close",
            "closeExchange",
            "Ends an exchange",
            says::close,
        )
        .on_terms()
        .takes::<Closing>()
        .gives::<ExchangeSummary>(StatusCode::ACCEPTED),
        Route::post(
            "/exchanges/{id}/reopen",
            "reopenExchange",
            "Takes an exchange up again",
            says::reopen,
        )
        .on_terms()
        .takes::<Reopening>()
        .gives::<ExchangeSummary>(StatusCode::ACCEPTED),
        Route::post(
            "/exchanges/{id}/calls",
            "noteCall",
            "Notes a telephone call",
            duty::call,
        )
        .takes::<Call>()
        .gives::<ExchangeSummary>(StatusCode::CREATED),
        Route::post(
            "/conversations/{id}/retention",
            "shortenRetention",
            "Keeps content for a shorter time",
            retention::shorten,
        )
        .takes::<ShortenRetention>()
        .gives::<Recorded>(StatusCode::ACCEPTED),
        Route::post(
            "/conversations/{id}/erase",
            "eraseContent",
            "Erases content",
            retention::erase,
        )
        .takes::<EraseContent>()
        .gives::<Recorded>(StatusCode::ACCEPTED),
    ]
}

/// Passing on, permissions and corrections.
pub fn of_passing_on() -> Vec<Route> {
    vec![
        Route::post(
            "/exchanges/{id}/forward",
            "forward",
            "Passes a message on to another member",
            passing::forward,
        )
        .on_terms()
        .takes::<SendForward<Request>>()
        .of::<Request>()
        .gives::<Sent>(StatusCode::ACCEPTED),
        Route::post(
            "/exchanges/{id}/correct",
            "correct",
            "Corrects what was said",
            passing::correct,
        )
        .on_terms()
        .takes::<SendCorrection>()
        .gives::<Sent>(StatusCode::ACCEPTED),
        Route::post(
            "/exchanges/{id}/acknowledge",
            "acknowledgeCorrection",
            "Takes note of a correction",
            passing::acknowledge,
        )
        .on_terms()
        .takes::<AcknowledgeCorrection>()
        .gives::<ExchangeSummary>(StatusCode::ACCEPTED),
        Route::post(
            "/exchanges/{id}/pass-on",
            "passOnCorrection",
            "Passes a correction on to whoever has what it corrects",
            passing::pass_on,
        )
        .on_terms()
        .takes::<PassOn>()
        .gives::<ExchangeSummary>(StatusCode::ACCEPTED),
        Route::post(
            "/exchanges/{id}/permissions",
            "askPermission",
            "Asks whether a message may be passed on",
            passing::ask,
        )
        .takes::<AskPermission>()
        .gives::<PermissionView>(StatusCode::ACCEPTED),
        Route::get(
            "/permissions",
            "listPermissions",
            "The permissions that were asked for",
            passing::list,
        )
        .gives::<Page<PermissionView>>(StatusCode::OK)
        .of::<PermissionView>(),
        Route::get(
            "/permissions/{id}",
            "readPermission",
            "One permission",
            passing::show,
        )
        .gives::<PermissionView>(StatusCode::OK),
        Route::post(
            "/permissions/{id}/grant",
            "grantPermission",
            "Grants a permission, once",
            passing::grant,
        )
        .takes::<GrantPermission>()
        .gives::<PermissionView>(StatusCode::ACCEPTED),
        Route::post(
            "/permissions/{id}/refuse",
            "refusePermission",
            "Refuses a permission, or takes it back",
            passing::refuse,
        )
        .takes::<RefusePermission>()
        .gives::<PermissionView>(StatusCode::ACCEPTED),
    ]
}

/// What waits for a second person.
pub fn of_letters() -> Vec<Route> {
    vec![
        Route::get(
            "/letters",
            "listLetters",
            "What waits for a second person",
            letters::list,
        )
        .narrowed_by::<letters::ListParams>()
        .gives::<Page<LetterSummary>>(StatusCode::OK)
        .of::<LetterSummary>(),
        Route::get(
            "/letters/{id}",
            "readLetter",
            "One of them, with its content",
            letters::show,
        )
        .gives::<LetterView>(StatusCode::OK),
        Route::post(
            "/letters/{id}/release",
            "releaseLetter",
            "Releases it",
            letters::release,
        )
        .takes::<DecideLetter>()
        .gives::<LetterSummary>(StatusCode::ACCEPTED),
        Route::post(
            "/letters/{id}/clear",
            "clearLetter",
            "Clears it at the protection gate",
            letters::clear,
        )
        .takes::<DecideLetter>()
        .gives::<LetterSummary>(StatusCode::ACCEPTED),
        Route::post(
            "/letters/{id}/emergency",
            "releaseInEmergency",
            "Releases it alone, where life is in danger",
            letters::emergency,
        )
        .takes::<DecideLetter>()
        .gives::<LetterSummary>(StatusCode::ACCEPTED),
        Route::post(
            "/letters/{id}/review",
            "reviewRelease",
            "Reviews what left in an emergency",
            letters::review,
        )
        .takes::<DecideLetter>()
        .gives::<LetterSummary>(StatusCode::ACCEPTED),
        Route::post(
            "/letters/{id}/return",
            "returnLetter",
            "Gives it back, with a reason",
            letters::give_back,
        )
        .takes::<ReturnLetter>()
        .gives::<LetterSummary>(StatusCode::ACCEPTED),
        Route::post(
            "/letters/{id}/discard",
            "discardLetter",
            "Throws it away",
            letters::discard,
        )
        .gives::<LetterSummary>(StatusCode::ACCEPTED),
    ]
}
