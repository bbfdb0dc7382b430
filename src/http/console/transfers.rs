//! The register of transfers: what left for whom and when, a line for each recipient, for whoever audits
//! it (Directive (EU) 2016/680 Art. 25). It names no content; the reason of a request is its legal basis.

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};

use super::super::Api;
use super::form::Typed;
use super::guard::Person;
use super::log::before_export;
use super::trouble::Trouble;
use crate::app::{Action, Ask, LogFilter, LogLine, OfficeAsk, OfficeReply, Reply};
use crate::audit::EntryKind;
use crate::base::MemberId;

/// Lines that are asked for at a time.
const AT_ONCE: usize = 500;

/// What stands above the lines.
const HEAD: &str = "time,recipient,what,reason,exchange,person,role,entry\r\n";

/// `POST /log/transfers`: the register as a table of comma-separated values (RFC 4180), the earliest
/// transfer first.
pub async fn export(
    State(api): State<Api>,
    person: Person,
    typed: Typed,
) -> Result<Response, Trouble> {
    if let Some(page) = before_export(&api, &person, &typed).await? {
        return Ok(page);
    }
    let mut lines = Vec::new();
    let mut before = None;
    loop {
        let (page, next) = page(&api, &person, before).await?;
        for entry in &page {
            // What is exported at the office itself is transferred to nobody.
            let others = entry.recipients.iter().rev();
            let others = others.filter(|member| **member != api.member());
            lines.extend(others.map(|member| line(entry, *member)));
        }
        match next {
            Some(next) => before = Some(next),
            None => break,
        }
    }
    lines.reverse();
    let mut response = format!("{HEAD}{}", lines.concat()).into_response();
    let headers = response.headers_mut();
    let kind = HeaderValue::from_static("text/csv; charset=utf-8; header=present");
    headers.insert(header::CONTENT_TYPE, kind);
    let day = &person.visitor.now.to_string()[..10];
    let member = api.member();
    let name = format!("attachment; filename=\"liaison-{member}-transfers-{day}.csv\"");
    if let Ok(name) = HeaderValue::from_str(&name) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}

/// Disclosures before an entry, the latest first, and where the next ones begin.
async fn page(
    api: &Api,
    person: &Person,
    before: Option<u64>,
) -> Result<(Vec<LogLine>, Option<u64>), Trouble> {
    let ask = Ask::Office(OfficeAsk::ReadLog {
        filter: LogFilter {
            kind: Some(EntryKind::Disclosure),
            ..LogFilter::default()
        },
        limit: AT_ONCE,
        before,
    });
    let reply = api.ask(&person.caller, Action::ReadLog, ask).await?;
    match reply {
        Reply::Office(reply) => match *reply {
            OfficeReply::Log(lines, next) => Ok((lines, next)),
            OfficeReply::Recorded | OfficeReply::NamesPersons(_) => Err(Trouble::nothing_here()),
        },
        _ => Err(Trouble::nothing_here()),
    }
}

fn line(entry: &LogLine, recipient: MemberId) -> String {
    let exchange = entry.exchange.map(hex::encode).unwrap_or_default();
    let values = [
        entry.at.to_string(),
        recipient.to_string(),
        entry.event.as_str().to_owned(),
        entry.why.clone().unwrap_or_default(),
        exchange,
        entry.person.to_string(),
        entry.role.as_str().to_owned(),
        entry.entry.to_string(),
    ];
    let quoted: Vec<String> = values.iter().map(|value| quoted(value)).collect();
    format!("{}\r\n", quoted.join(","))
}

/// A value as the table holds it. What a spreadsheet would take for a formula is text.
fn quoted(value: &str) -> String {
    let formula = value.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let value = match formula {
        true => format!("'{value}"),
        false => value.to_owned(),
    };
    match value.contains([',', '"', '\r', '\n']) {
        true => format!("\"{}\"", value.replace('"', "\"\"")),
        false => value,
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_value_stays_one_value_and_is_no_formula() {
        assert_eq!(quoted("plain"), "plain");
        assert_eq!(quoted("one, \"two\""), "\"one, \"\"two\"\"\"");
        assert_eq!(quoted("=1+1"), "'=1+1");
        assert_eq!(quoted("@x,y"), "\"'@x,y\"");
    }
}
