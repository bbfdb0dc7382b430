"""What must hold after every fault, and at rest: the invariants of docs/reliability.md."""

import base64
import hashlib
import json
import random
import tarfile
from collections import Counter, defaultdict

from .api import Cut, Problem
from .base import Unsettled, say, until

# Alarms that say that a log was changed or cut.
FORKED = {"log-two-histories", "log-behind", "log-unproved"}
# The id of no message.
NONE = "0" * 26
# Exchanges whose events are read after a fault, and at rest: reading one is an entry of the log.
READ_AFTER_FAULT, READ_AT_REST = 12, 200
# How long a backlog may take to drain once a fault is over, in seconds.
DRAINING = 300.0
# States of a request that was not let go; after `queued` its recipient's log holds it.
NOT_RELEASED = {"draft", "in-review", "released"}
# What presses about a message that will not be delivered any more.
UNDELIVERABLE = {"expired", "refused"}
# What a contact point was told, and the states that hold it.
HOLDS = {"accepted": {"accepted", "answered"}, "answered": {"answered"}, "refused": {"refused"}}


class Findings:
    """What broke, each counted once."""

    def __init__(self, quiet: bool = False):
        self.quiet, self.counts = quiet, Counter()
        self.seen: set[tuple[str, str]] = set()
        self.context = ""
        self.list: list[dict] = []

    def add(self, key: str, what: str) -> None:
        if (key, what) in self.seen:
            return
        self.seen.add((key, what))
        self.counts[key] += 1
        self.list.append({"key": key, "what": what, "after": self.context})
        if not self.quiet:
            say(f"BROKEN {key}: {what} ({self.context})")


class Listed:
    """What all nodes list: exchanges and alerts."""

    def __init__(self, world):
        self.exchanges = {office.member: all_of(office, "/exchanges") for office in world.offices}
        self.alerts = {office.member: all_of(office, "/alerts") for office in world.offices}


def all_of(office, path: str) -> list[dict]:
    """What an office lists, read until it lists the same twice: what changes goes to the front, past
    whoever has read that page already."""
    before = None
    while True:
        items = office.api("officer").pages(path)
        found = sorted(item["id"] for item in items)
        if found == before:
            return items
        before = found


def check_listed(listed: Listed, ledger, findings: Findings) -> None:
    """Every acknowledged request and alert is everywhere it belongs, exactly once, and nothing else is."""
    ends, states = defaultdict(list), defaultdict(dict)
    for member, exchanges in listed.exchanges.items():
        for exchange in exchanges:
            ends[exchange["reference"]].append((member, exchange["direction"], exchange["id"]))
            states[exchange["id"]][member] = exchange["state"]
    for asked in ledger.asked.values():
        wanted = {(asked.sender, "outgoing", asked.id), (asked.recipient, "incoming", asked.id)}
        missing = sorted(f"{way} at {member}" for member, way, _ in wanted - set(ends[asked.reference]))
        if missing:
            findings.add("lost", f"request {asked.reference} {asked.id} is not {' nor '.join(missing)}")
    for reference, found in ends.items():
        once(reference, found, ledger, findings)
    for exchange, word in ledger.said.items():
        for member, state in states[exchange].items():
            if state not in HOLDS[word]:
                findings.add("lost", f"{exchange} was {word}, and is {state} at {member}")
        if not states[exchange]:
            findings.add("lost", f"{exchange} was {word}, and is nowhere")
    for exchange, of_members in states.items():
        if len(set(of_members.values())) > 1:
            findings.add("differing", f"the ends of {exchange} differ: {of_members}")
    check_alerts(listed, ledger, findings)


def check_accounts(listed: Listed, ledger, findings: Findings) -> Counter:
    """Of the requests that were accepted from an officer each is receipted, pending or dead-lettered, and
    none is anything else. Gives how many there are of each."""
    accounts = Counter(accepted=0, receipted=0, pending=0, dead_lettered=0)
    rows = {(member, exchange["id"]): exchange for member, exchanges in listed.exchanges.items()
            for exchange in exchanges if exchange["direction"] == "outgoing"}
    with ledger.lock:
        asked = list(ledger.asked.values())
    for one in asked:
        accounts["accepted"] += 1
        accounts[standing(rows.get((one.sender, one.id)))] += 1
    if accounts["accepted"] != accounts["receipted"] + accounts["pending"] + accounts["dead_lettered"]:
        findings.add("unaccounted", f"accepted is not receipted + pending + dead-lettered: {dict(accounts)}")
    return accounts


def standing(row: dict | None) -> str:
    """What became of a request, as its sender lists it."""
    if row is None:
        return "missing"
    if row["state"] in NOT_RELEASED:
        return "not_released"
    if row["state"] != "queued":
        return "receipted"
    return "dead_lettered" if is_undeliverable(row) else "pending"


def is_undeliverable(row: dict) -> bool:
    """Whether an office is told that a message of an exchange will not be delivered any more."""
    return any(one["reason"] in UNDELIVERABLE for one in row.get("attention") or [])


def once(reference: str, found: list, ledger, findings: Findings) -> None:
    """A reference has two ends, or none; only what was asked has any."""
    if not found:
        return
    known = reference in ledger.asked or reference in ledger.in_doubt
    directions = sorted(direction for _, direction, _ in found)
    if reference in ledger.refused:
        findings.add("refused_but_done", f"request {reference} was refused and sent: {found}")
    elif not known:
        findings.add("doubled", f"request {reference} was never asked: {found}")
    if len(found) > 2 or len(set(directions)) < len(directions):
        findings.add("doubled", f"request {reference} took effect more than once: {found}")
    elif directions != ["incoming", "outgoing"] and reference not in ledger.asked:
        findings.add("lost", f"request {reference}, in doubt, is at one end alone: {found}")


def check_alerts(listed: Listed, ledger, findings: Findings) -> None:
    for member, alerts in listed.alerts.items():
        ids = Counter(alert["id"] for alert in alerts)
        headlines = Counter(alert["headline"] for alert in alerts)
        for published in ledger.published.values():
            if ids[published.id] == 0:
                findings.add("lost", f"alert {published.headline} {published.id} is not at {member}")
        for headline, times in headlines.items():
            if times > 1:
                findings.add("doubled", f"alert {headline} is {times} times at {member}")
            if headline in ledger.refused:
                findings.add("refused_but_done", f"alert {headline} was refused, and is at {member}")


def check_events(world, listed: Listed, ledger, findings: Findings, most: int, chance: random.Random) -> None:
    """In no exchange anything took effect twice, or out of order."""
    for office in world.offices:
        exchanges = listed.exchanges[office.member]
        for exchange in chance.sample(exchanges, min(most, len(exchanges))):
            view = office.api("officer").json("GET", f"/exchanges/{exchange['id']}")
            # What no message carried, such as the levels of an escalation, may well come again. A node that
            # was restored proves in its new log, too, what the one before had proved.
            events = Counter((e["kind"], e["message"], e["member"], (e["proof"]["peer_log"] or {}).get("origin"))
                             for e in view["events"] if e["message"] != NONE)
            for event, times in events.items():
                if times > 1:
                    findings.add("doubled", f"{exchange['id']} at {office}: {event} {times} times")
            kinds = [e["kind"] for e in view["events"]]
            order = [kind for kind in kinds if kind in ("request", "accept", "answer", "refuse")]
            if order[:1] != ["request"] or order != sorted(order, key=("request", "accept", "answer", "refuse").index):
                findings.add("out_of_order", f"{exchange['id']} at {office}: {kinds}")
            if len(order) != len(set(order)):
                findings.add("doubled", f"{exchange['id']} at {office}: {kinds}")


def check_attachments(world, ledger, findings: Findings, again: bool) -> int:
    """Every attachment of an acknowledged request is at its recipient, whole."""
    compared = 0
    for asked in list(ledger.asked.values()):
        if asked.attached is None or asked.attachment_checked and not again:
            continue
        office = world.office(asked.recipient)
        try:
            digest = until(f"the attachment of {asked.reference} is complete",
                           lambda asked=asked, office=office: attachment_digest(office, asked.id), DRAINING)
        except Unsettled as error:
            findings.add("stuck", str(error))
            continue
        if digest != asked.attached:
            findings.add("undetected_damage", f"the attachment of {asked.reference} has another SHA-256")
        asked.attachment_checked = True
        compared += 1
    return compared


def attachment_digest(office, message: str) -> str | None:
    """SHA-256 of a request's attachment as the node gives it; none while it is not complete."""
    try:
        return hashlib.sha256(office.api("officer").call("GET", f"/messages/{message}/attachments/0")).hexdigest()
    except (Cut, Problem):
        return None


def check_logs(world, ledger, findings: Findings) -> dict[str, int]:
    """Every log verifies, and holds every head that its node ever disclosed. Gives their entries."""
    entries = {}
    for office in world.offices:
        # Those before the export: a node may witness others, and so go on, at any time.
        with ledger.lock:
            heads = dict(ledger.heads.get(office.member, {}))
        size = check_log(office, heads, findings)
        if size is not None:
            entries[office.member] = size
    return entries


def check_log(office, heads: dict[int, str], findings: Findings) -> int | None:
    """An office's log verifies, and holds these heads. Gives its entries; none where it does not verify."""
    verified = office.command("audit verify")
    if verified.returncode != 0:
        findings.add("undetected_damage", f"{office}'s log does not verify: {verified.stderr[:300]}")
        return None
    bundle = office.world.logs / f"{office.member}.bundle"
    bundle.unlink(missing_ok=True)
    exported = office.command("audit export", "--out", bundle)
    if exported.returncode != 0:
        findings.add("undetected_damage", f"{office}'s log is not exported: {exported.stderr[:300]}")
        return None
    roots = checkpoints(bundle)
    bundle.unlink()
    for size, root in heads.items():
        if size and roots.get(size) != root:
            findings.add("forks", f"{office} disclosed a head over {size} entries that its log does not hold")
    return json.loads(verified.stdout)["entries"]


def check_held(office, held, findings: Findings) -> None:
    """A node that serves alone lists all that it has to hold."""
    listed = {one["id"]: one for one in office.api("officer").pages("/exchanges")}
    for exchange, direction in held.exchanges:
        if exchange not in listed or listed[exchange]["direction"] != direction:
            findings.add("lost", f"{direction} request {exchange} is not at {office}")
    for exchange, word in held.said.items():
        state = listed[exchange]["state"] if exchange in listed else "nowhere"
        if state not in HOLDS[word]:
            findings.add("lost", f"{exchange} was {word}, and is {state} at {office}")
    alerts = {alert["id"] for alert in office.api("officer").pages("/alerts")}
    for alert in held.alerts - alerts:
        findings.add("lost", f"alert {alert} is not at {office}")


def checkpoints(bundle) -> dict[int, str]:
    """The roots, in hexadecimal, that the checkpoints of an exported bundle sign, by size."""
    roots = {}
    with tarfile.open(bundle) as archive:
        for entry in archive:
            if entry.name.startswith("checkpoints/"):
                lines = archive.extractfile(entry).read().decode().split("\n")
                roots[int(lines[1])] = base64.b64decode(lines[2]).hex()
    return roots


def check_alarms(world, findings: Findings) -> Counter:
    """No honest log is accused. Gives the alarms that stand."""
    alarms = Counter()
    for office in world.offices:
        health = office.health()
        for alarm in health["alarms"] if health else []:
            alarms[alarm["code"]] += 1
            if alarm["code"] in FORKED:
                findings.add("forks", f"{office} raises {alarm['code']}: {alarm['detail']}")
    return alarms


def drain(world, findings: Findings, patience: float = DRAINING) -> bool:
    """Waits until nothing waits in any outbox, without anybody's help."""
    try:
        world.linked()
        until("nothing waits",
              lambda: True if (waiting := world.waiting()) and not any(waiting.values()) else None, patience)
        return True
    except Unsettled as error:
        told = {office.member: [(p["waiting"], p["connected"], p["last_error"]) for p in health["peers"]]
                if (health := office.health()) else office.fate() for office in world.offices}
        findings.add("stuck", f"{error}: {told}")
        return False

