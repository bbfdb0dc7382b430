//! Writes a configuration with a word on every setting, so that nobody needs a manual to edit it.

use std::path::Path;

use super::{Console, Policy, Settings, Tokens, Webhook};
use crate::base::Role;

impl Settings {
    /// The text of a `liaison.toml` that says what these settings say.
    pub fn render(&self) -> String {
        let passphrase_file = setting(
            "passphrase_file",
            self.passphrase_file.as_deref().map(path),
            "\"passphrase\"",
        );
        let address = setting(
            "address",
            self.exchange.address.as_deref().map(quoted),
            &format!(
                "\"{}.example.org:4433\"",
                self.member.as_str().to_lowercase()
            ),
        );
        let words = &self.alarm.command;
        let alarm = setting(
            "command",
            (!words.is_empty()).then(|| toml::Value::from(words.clone()).to_string()),
            "[\"/usr/local/bin/call-duty-officer\"]",
        );
        format!(
            r#"# The liaison node's configuration. `liaison config check --dir .` reads it as the node does.
# Relative paths begin at this folder. A setting that does not exist is refused, never ignored.
# Changes take effect when `liaison serve` starts.

# The member that runs this node: an ISO 3166-1 country code, or an organisation's short name.
member = {member}

# The member's own number for this node, from 1. It is part of the node's identity and of its keys.
node = {node}

# The office's name, as other members see it in the trust list.
name = {name}

# How to reach the office at any hour, as other members see it: a telephone number, a mailbox.
contact = {contact}

# A file whose first line is the passphrase that opens this node's keys. Without it, starting asks
# (or takes --passphrase-file or LIAISON_PASSPHRASE_FILE). Whoever reads both that file and this
# folder holds the node's keys: keep it on another disk, or in memory, where you can.
{passphrase_file}

# The side that peers see: QUIC, or TLS on TCP where UDP does not pass; TLS 1.3, only with members of
# the trust list.
[exchange]
# The address to listen on, UDP and TCP. `liaison serve --listen` overrides it.
listen = "{exchange_listen}"
# What peers dial, host:port. It enters the trust list with `liaison member card`. Leave it out where
# no port can be opened: this node then dials its peers, and both directions run over that link.
{address}
# How many messages of each other member are taken in a day, urgent and routine ones counted apart: a
# node that is broken or in wrong hands must not fill this one's disk. What is beyond that waits at its
# sender, and both sides are told. A long message counts as one for each 16 KiB.
messages_a_day = {messages_a_day}

# The side that the office's own people see: HTTP with a token for each person.
[api]
# A loopback address of this machine; port 0 takes a free one and says so in run/addresses.json.
listen = "{api_listen}"

# The web console, on the same port as the API.
[console]
# The origin that browsers use where a TLS proxy stands in front. Passkeys belong to its name: choose
# it before the first one is enrolled. Without it: {console_default}, for browsers on this machine.
{console_origin}

# Members are witnesses of each other's logs: each cosigns what continues what it cosigned before.
[witness]
# How long new entries may wait until the others are asked to cosign them: 1 to 300 seconds.
interval_seconds = {interval}
# After how long without an entry a heartbeat is recorded, so that silence shows: 1 to 300 seconds.
heartbeat_seconds = {heartbeat}
# How long a linked peer may take to prove that its log goes on as it was, before that is an alarm.
challenge_seconds = {challenge}
# How long a linked peer's log may show nothing new before that is an alarm; more than a heartbeat.
silence_seconds = {silence}

# How an escalation reaches a person who looks at no screen: the node runs this program, without a
# shell, with a line of JSON on its standard input that names ids alone. Exit code 0 means that it was
# taken over; else it is tried again. `liaison help alarms` tells more.
[alarm]
{alarm}

# Systems on this machine that are told what happens: ids alone, each event signed. One section for
# each. `liaison help webhooks` tells more.
{webhooks}

# What the running node writes about itself to standard error: ids only, no personal data.
# LIAISON_LOG=debug shows more.
[log]
# "text" for people, "json" for machines: one object a line.
format = "{log_format}"

# What leaves only once a second person has released it. Nobody releases what they wrote themselves.
# Each change of this takes effect at the next start and is recorded in the log. The protection gate
# is no part of it: it always stops what could tell a country where somebody is who fled it.
[policy]
# Any of "request", "answer", "refusal", "transfer", "alert"; none for an office of one person. Whoever
# sends something can ask for a second pair of eyes all the same: --for-release.
release = [{release}]
# After how long without a release an officer may send a request on which a life depends (urgency
# reason U2) alone, with a reason and a review afterwards: from 1m to 24h. Without it, never.
{emergency_after}

# For demonstrations: the token file that a command takes when it has neither --token-file nor
# LIAISON_TOKEN_FILE; the command picks the role that it needs. In an office each person keeps their
# own token, so leave this empty there: the log could not tell your people apart.
[tokens]
{tokens}"#,
            member = quoted(self.member.as_str()),
            node = self.node,
            name = quoted(&self.name),
            contact = quoted(&self.contact),
            exchange_listen = self.exchange.listen,
            messages_a_day = self.exchange.messages_a_day,
            api_listen = self.api.listen,
            interval = self.witness.interval_seconds,
            heartbeat = self.witness.heartbeat_seconds,
            challenge = self.witness.challenge_seconds,
            silence = self.witness.silence_seconds,
            alarm = alarm,
            webhooks = webhooks(&self.webhook),
            console_default = Console::default().origin(self.member, self.api.listen),
            console_origin = setting(
                "origin",
                self.console.origin.as_deref().map(quoted),
                "\"https://liaison.example.org\"",
            ),
            log_format = self.log.format,
            release = release(&self.policy),
            emergency_after = setting(
                "emergency_after",
                self.policy.emergency_after.as_deref().map(quoted),
                "\"15m\"",
            ),
            tokens = tokens(&self.tokens),
        )
    }
}

/// A section for each, or an example behind comment signs.
fn webhooks(all: &[Webhook]) -> String {
    let section =
        |url: &str, secret: &str| format!("[[webhook]]\nurl = {url}\nsecret_file = {secret}");
    if all.is_empty() {
        let example = section(
            "\"http://127.0.0.1:9000/liaison\"",
            "\"/etc/liaison/webhook\"",
        );
        return format!("# {}", example.replace('\n', "\n# "));
    }
    let sections = all.iter();
    let sections = sections.map(|hook| section(&quoted(&hook.url), &path(&hook.secret_file)));
    sections.collect::<Vec<_>>().join("\n\n")
}

/// `key = value`, or the same with an example, behind a comment sign.
fn setting(key: &str, value: Option<String>, example: &str) -> String {
    match value {
        Some(value) => format!("{key} = {value}"),
        None => format!("# {key} = {example}"),
    }
}

fn release(policy: &Policy) -> String {
    let words: Vec<String> = policy
        .release
        .iter()
        .map(|word| quoted(word.as_str()))
        .collect();
    words.join(", ")
}

fn tokens(tokens: &Tokens) -> String {
    Role::ALL
        .into_iter()
        .filter(|role| *role != Role::Node)
        .map(|role| {
            let example = format!("\"tokens/{role}\"");
            setting(role.as_str(), tokens.file(role).map(path), &example) + "\n"
        })
        .collect()
}

fn path(path: &Path) -> String {
    quoted(&path.to_string_lossy())
}

/// The text as a TOML string.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
