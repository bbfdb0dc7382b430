//! What the doctor looks at: the folder, which anybody may read who may use it, and the running node.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use super::{Finding, Trouble};
use crate::api::Health;
use crate::app::MOST_SHOWN;
use crate::base::{MemberId, Role, Timestamp};
use crate::cli::local::audit_verify;
use crate::cli::secret::TokenArgs;
use crate::cli::text::{count, duration, size, time};
use crate::client::Client;
use crate::config::{Addresses, Config};
use crate::node::Folder;
use crate::seal::trust::{Directory, KeyBundle, MemberKind, list_threshold};
use crate::store::Room;

/// What runs out within this time is worth a warning.
const SOON: Duration = Duration::from_secs(7 * 24 * 3600);

/// Below this the node soon takes nothing more, in bytes.
const LITTLE_ROOM: u64 = 256 << 20;

/// Below this somebody should see to it, in bytes.
const SOME_ROOM: u64 = 2 << 30;

/// Looks at the folder, without the passphrase.
pub(super) fn local(config: &Config) -> Vec<Finding> {
    let now = Timestamp::system();
    let folder = Folder(config.dir.clone());
    let mut findings = vec![
        Finding::fine("config", format!("{} reads its settings", config.node())),
        permissions(&folder),
        secret(config),
    ];
    findings.extend(moving(&folder));
    findings.push(disk(&config.dir));
    findings.push(log(&config.dir));
    let directory = folder.directory();
    findings.push(trust(directory.as_ref().map(Option::as_ref), now));
    let own = folder
        .own_bundle(config.node())
        .ok()
        .and_then(|document| KeyBundle::peek(&document).ok());
    findings.extend(own.as_ref().map(|own| keys(own, now)));
    let directory = directory.ok().flatten();
    if let Some(directory) = &directory {
        findings.extend(signers(directory));
        findings.push(peers_keys(directory, config, now));
    }
    findings.push(clock(own.as_ref(), directory.as_ref(), now));
    findings.push(duty(own.as_ref()));
    findings.push(alarm(config));
    findings
}

fn permissions(folder: &Folder) -> Finding {
    let store = folder.keystore();
    match std::fs::metadata(&store) {
        Ok(meta) if meta.permissions().mode() & 0o077 == 0 => {
            Finding::fine("folder", "the keys are readable by their owner alone")
        }
        Ok(_) if closed(store.parent()) => {
            Finding::fine("folder", "the keys lie in a folder of their owner alone")
        }
        Ok(_) => Finding::fault(
            "folder",
            Trouble::Permissions,
            format!(
                "{} can be read by other users of this machine",
                store.display()
            ),
            "chmod -R go= on the node's folder",
        ),
        Err(error) => Finding::fault(
            "folder",
            Trouble::Permissions,
            format!("{}: {error}", store.display()),
            "run this as the node's own user, on its whole folder",
        ),
    }
}

fn closed(folder: Option<&Path>) -> bool {
    let mode = folder.and_then(|folder| std::fs::metadata(folder).ok());
    mode.is_some_and(|meta| meta.permissions().mode() & 0o077 == 0)
}

fn secret(config: &Config) -> Finding {
    match config.passphrase_file() {
        Some(file) if file.starts_with(&config.dir) => Finding::warning(
            "secret",
            Trouble::SecretBesideKeys,
            format!("the passphrase lies beside the keys: {}", file.display()),
            "keep it as a systemd credential (`liaison help recovery`), or on another disk",
        ),
        Some(_) | None => Finding::fine("secret", "the passphrase does not lie beside the keys"),
    }
}

fn moving(folder: &Folder) -> Option<Finding> {
    let finding = match folder.moving() {
        Ok(None) => return None,
        Ok(Some(mark)) => Finding::fault(
            "move",
            Trouble::Moving,
            format!("the node left this folder {}", time(mark.since)),
            "at its new place: `liaison move complete`; it never serves here again",
        ),
        Err(error) => Finding::fault(
            "move",
            Trouble::Moving,
            error.to_string(),
            "look whether the node serves elsewhere before anything else",
        ),
    };
    Some(finding)
}

fn disk(dir: &Path) -> Finding {
    let remedy =
        "free space on the disk of the folder; nothing acknowledged is lost when it is full";
    match Room::of(dir).map(|room| room.free) {
        Ok(free) if free < LITTLE_ROOM => Finding::fault(
            "disk",
            Trouble::DiskNearlyFull,
            format!("{} are free", size(free)),
            remedy,
        ),
        Ok(free) if free < SOME_ROOM => Finding::warning(
            "disk",
            Trouble::DiskNearlyFull,
            format!("{} are free", size(free)),
            remedy,
        ),
        Ok(free) => Finding::fine("disk", format!("{} are free", size(free))),
        Err(error) => Finding::fault("disk", Trouble::DiskNearlyFull, error.to_string(), remedy),
    }
}

fn log(dir: &Path) -> Finding {
    let bar = crate::cli::output::steps("verifying the log");
    let verified = audit_verify(dir, &mut |done, all| {
        bar.set_length(all);
        bar.set_position(done);
    });
    bar.finish_and_clear();
    match verified {
        Ok(verified) => Finding::fine(
            "log",
            format!(
                "{} and {} hold",
                count(verified.entries, "entry", "entries"),
                count(
                    verified.checkpoints,
                    "signed checkpoint",
                    "signed checkpoints"
                )
            ),
        ),
        Err(failure) => Finding::fault(
            "log",
            Trouble::LogFault,
            format!("{}: {}", failure.code(), failure.detail()),
            "keep the folder as it is, as evidence, and run `liaison audit verify`",
        ),
    }
}

fn trust<E: std::fmt::Display>(
    directory: Result<Option<&Directory>, E>,
    now: Timestamp,
) -> Finding {
    let renew =
        "the members sign the next list: `liaison trust propose --dir DIR`; exchange goes on";
    match directory {
        Ok(None) => Finding::fault(
            "trust",
            Trouble::NoTrustList,
            "no trust list is installed, so the node knows no peers",
            "`liaison trust install`, once the members have signed",
        ),
        Ok(Some(directory)) => {
            let (version, expires) = (directory.version(), directory.expires());
            if expires <= now {
                let cause = format!("list {version} expired {}", time(expires));
                Finding::fault("trust", Trouble::TrustListExpired, cause, renew)
            } else if expires <= now.plus(SOON) {
                let cause = format!("list {version} expires {}", time(expires));
                Finding::warning("trust", Trouble::TrustListExpired, cause, renew)
            } else {
                Finding::fine("trust", format!("list {version}, until {}", time(expires)))
            }
        }
        Err(error) => Finding::fault(
            "trust",
            Trouble::NoTrustList,
            error.to_string(),
            "ask another member for the signed list, and install it again",
        ),
    }
}

/// Countries that came in after the root was made sign nothing until a list is proposed with a root.
fn signers(directory: &Directory) -> Option<Finding> {
    let (list, root) = (directory.list(), directory.root());
    let silent = list.cannot_sign(root);
    if silent.is_empty() {
        return None;
    }
    let silent: Vec<&str> = silent.iter().map(MemberId::as_str).collect();
    let countries = list.members.iter();
    let countries = countries.filter(|listed| listed.kind == MemberKind::Country);
    let (signing, all) = (root.countries.len(), countries.count());
    let cause = format!(
        "{} may sign no list: {} of {signing} countries decide, where it would be {} of {all}",
        silent.join(", "),
        list_threshold(signing),
        list_threshold(all),
    );
    let remedy = "the next list with `liaison trust propose --root`: `liaison help trust`";
    Some(Finding::warning(
        "trust",
        Trouble::FewSigners,
        cause,
        remedy,
    ))
}

fn keys(own: &KeyBundle, now: Timestamp) -> Finding {
    let newest = own.recipient.iter().map(|held| held.not_after).max();
    let until = newest.map_or(own.expires, |newest| newest.min(own.expires));
    let age = duration(now.since(own.issued));
    let remedy = "peers seal to no key that has run out: rotate the keys, or issue a new card";
    if until <= now {
        let cause = format!("the node's keys ran out {}", time(until));
        Finding::fault("keys", Trouble::KeysRunOut, cause, remedy)
    } else if until <= now.plus(SOON) {
        let cause = format!("the node's keys run out {}", time(until));
        Finding::warning("keys", Trouble::KeysRunOut, cause, remedy)
    } else {
        let cause = format!("signed for {age} ago, until {}", time(until));
        Finding::fine("keys", cause)
    }
}

fn peers_keys(directory: &Directory, config: &Config, now: Timestamp) -> Finding {
    let others = directory.nodes().filter(|node| *node != config.node());
    let without = others.filter(|node| directory.recipient_key(*node, now).is_none());
    let without: Vec<String> = without.map(|node| node.to_string()).collect();
    if without.is_empty() {
        return Finding::fine("peers", "there is a key in force to seal to for each");
    }
    Finding::fault(
        "peers",
        Trouble::PeerKeysRunOut,
        format!("no key in force to seal to: {}", without.join(", ")),
        "what is for them waits: ask their administrators to rotate, or for a new card",
    )
}

/// A clock that shows a time before something that was signed lately is wrong.
fn clock(own: Option<&KeyBundle>, directory: Option<&Directory>, now: Timestamp) -> Finding {
    let known = [
        own.map(|own| own.issued),
        directory.map(|directory| directory.list().issued),
    ];
    let latest = known.into_iter().flatten().max();
    match latest.filter(|latest| *latest > now) {
        Some(latest) => Finding::fault(
            "clock",
            Trouble::ClockBehind,
            format!(
                "it shows {}, and something was signed {}",
                time(now),
                time(latest)
            ),
            "set the clock, and let a time service keep it: peers refuse what is dated ahead",
        ),
        None => Finding::fine("clock", format!("it shows {}", time(now))),
    }
}

fn duty(own: Option<&KeyBundle>) -> Finding {
    match own.map(|own| own.duty.0.len()) {
        None | Some(0) => Finding::warning(
            "duty",
            Trouble::NoDutyRoster,
            "this office has not said who is on duty",
            "`liaison member duty --dir DIR --file FILE`: others call nobody else at night",
        ),
        Some(posts) => Finding::fine(
            "duty",
            format!("{} on the roster", count(posts as u64, "post", "posts")),
        ),
    }
}

fn alarm(config: &Config) -> Finding {
    let Some(program) = config.settings.alarm.command.first() else {
        return Finding::warning(
            "alarm",
            Trouble::NoAlarmCommand,
            "no alarm command is set: an escalation only shows to whoever looks",
            "name a program in [alarm] command that reaches a person: `liaison help alarms`",
        );
    };
    let path = Path::new(program);
    // A name without a slash is looked for where the node looks for it.
    let found = if program.contains('/') {
        config.dir.join(path).is_file()
    } else {
        ["/usr/local/bin", "/usr/bin", "/bin"]
            .iter()
            .any(|dir| Path::new(dir).join(path).is_file())
    };
    if found {
        Finding::fine("alarm", format!("{program} is there"))
    } else {
        Finding::fault(
            "alarm",
            Trouble::AlarmCommandMissing,
            format!("{program} is not there"),
            "correct [alarm] command in liaison.toml, and start the node again",
        )
    }
}

/// Looks at the running node, as a person with a token.
pub(super) async fn running(config: &Config, token: &TokenArgs) -> Vec<Finding> {
    let roles = [
        Role::Admin,
        Role::Contact,
        Role::Officer,
        Role::Auditor,
        Role::Releaser,
    ];
    let token = match token.token(config, &roles) {
        Ok(token) => token,
        Err(failure) if failure.code() == "token-missing" => {
            return vec![Finding::warning(
                "node",
                Trouble::NoToken,
                "without a token the running node and its peers were not looked at",
                "give --token-file",
            )];
        }
        Err(failure) => {
            return vec![Finding::fault(
                "node",
                Trouble::TokenUnreadable,
                format!("the token cannot be read: {}", failure.detail()),
                "name a file that you may read: --token-file",
            )];
        }
    };
    let running = Addresses::load(config).ok().flatten();
    let api = running.map_or(config.settings.api.listen, |running| running.api);
    match Client::new(api, token).health().await {
        Ok(health) => of_health(&health),
        Err(error) => vec![Finding::fault(
            "node",
            Trouble::NotServing,
            error.to_string(),
            "start it with `liaison serve`; the journal says why it does not",
        )],
    }
}

fn of_health(health: &Health) -> Vec<Finding> {
    let now = Timestamp::system();
    let since = duration(now.since(health.serving_since));
    let mut findings = vec![Finding::fine("node", format!("it serves for {since}"))];
    for alarm in &health.alarms {
        let cause = format!("[{}] {}", alarm.code, alarm.detail);
        findings.push(Finding::fault(
            "node",
            Trouble::NodeAlarm,
            cause,
            &alarm.next,
        ));
    }
    for peer in &health.peers {
        if peer.connected {
            findings.push(Finding::fine("peer", format!("{} is linked", peer.node)));
            continue;
        }
        let why = peer
            .last_error
            .as_deref()
            .unwrap_or("no attempt failed yet");
        findings.push(Finding::fault(
            "peer",
            Trouble::PeerUnreachable,
            format!("no link to {}: {why}", peer.node),
            "ask whether their node serves; check UDP both ways, and its address in `liaison \
             member reach`",
        ));
    }
    findings.extend(pressing(health));
    findings
}

/// What presses: each kind apart, as each is looked up in another way.
fn pressing(health: &Health) -> impl Iterator<Item = Finding> {
    let each = [
        (
            health.pressing.len(),
            ["exchange needs", "exchanges need"],
            "`liaison rfi list --attention`",
        ),
        (
            health.pressing_alerts.len(),
            ["alert needs", "alerts need"],
            "`liaison status` says which, and what to do",
        ),
        (
            health.pressing_letters.len(),
            ["urgent letter needs", "urgent letters need"],
            "`liaison status` says which, and what to do",
        ),
    ];
    let some = each.into_iter().filter(|(number, ..)| *number > 0);
    some.map(|(number, [one, many], remedy)| {
        let what = count(number as u64, one, many);
        // The state does not say how many more there are.
        let least = if number < MOST_SHOWN { "" } else { "at least " };
        let cause = format!("{least}{what} somebody now");
        Finding::warning("duty", Trouble::NeedsSomebody, cause, remedy)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn whatever_presses_is_counted() {
        let id = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
        let now = Timestamp::system();
        let health = |pressing: serde_json::Value| -> Health {
            let mut health = json!({
                "node": "MK-1",
                "version": "0.1.0",
                "serving_since": now,
                "log_size": 1,
                "log_root": crate::base::Digest::EMPTY,
                "index_size": 1,
                "trust_list": null,
                "trust_list_expires": null,
                "peers": [],
            });
            let own = health.as_object_mut().expect("an object");
            own.extend(pressing.as_object().expect("an object").clone());
            serde_json::from_value(health).expect("a state")
        };
        let found = |pressing| -> Vec<String> {
            let found = of_health(&health(pressing)).into_iter();
            let found = found.filter(|finding| finding.check == "duty");
            found.map(|finding| finding.cause).collect()
        };
        assert_eq!(found(json!({})), [""; 0]);
        let alert = json!({ "alert": id, "from": "TR", "severity": "Severe", "attention": [] });
        let letter = json!({ "letter": id, "to": ["TR"], "state": "stopped", "attention": [] });
        let pressing = json!({ "pressing_alerts": [alert, alert], "pressing_letters": [letter] });
        assert_eq!(
            found(pressing),
            [
                "2 alerts need somebody now",
                "1 urgent letter needs somebody now"
            ]
        );
        let all = |number| found(json!({ "pressing_alerts": vec![alert.clone(); number] }));
        assert_eq!(all(49), ["49 alerts need somebody now"]);
        assert_eq!(all(50), ["at least 50 alerts need somebody now"]);
    }
}
