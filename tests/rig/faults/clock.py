"""Clocks that are wrong, and that jump while the node runs."""

import dataclasses
import datetime

from .. import promises
from ..base import Broken, RigError, Unsettled, until
from ..probe import library
from ..traffic import REQUEST
from .process import pick


def faked(office, offset: str, file=None) -> None:
    """The next start of the node has its clock shifted, by a file that can be changed if one is given."""
    office.extra = {**office.extra, "LD_PRELOAD": str(library("libfaketime.so.1")),
                    "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    if file is None:
        office.extra["FAKETIME"] = offset
    else:
        file.write_text(f"{offset}\n")
        office.extra |= {"FAKETIME_TIMESTAMP_FILE": str(file), "FAKETIME_NO_CACHE": "1"}


def right(office) -> None:
    """The next start has the machine's clock."""
    office.extra = {name: value for name, value in office.extra.items()
                    if name != "LD_PRELOAD" and not name.startswith("FAKETIME")}


def shift(office) -> float:
    """Hours by which the node's clock is ahead, as its health tells."""
    since = datetime.datetime.fromisoformat(office.health()["serving_since"])
    return (since - datetime.datetime.now(datetime.timezone.utc)).total_seconds() / 3600


def behind(stage, chance) -> dict:
    """A node whose clock is a day behind: nothing is lost, and all is there once the clock is right."""
    stage.in_traffic(chance)
    office = pick(stage, chance)
    office.stop()
    faked(office, "-24h")
    office.serve()
    if not -24.5 < shift(office) < -23.5:
        raise RigError(f"{office}'s clock is not behind: {shift(office)} h")
    stage.some_traffic(30, 40)
    office.stop()
    right(office)
    office.serve()
    return {}


def decade(stage, chance) -> dict:
    """A node whose clock is ten years ahead, and then ten years behind: it serves, or says why not; nothing is
    lost but what it turned down as expired meanwhile, which its sender's people are told."""
    stage.some_traffic(30, 40)
    stage.settle()
    published = dict(stage.ledger.published)
    office = pick(stage, chance)
    served = {}
    # What it dated itself would wait at its peers for ten years, or have expired.
    stage.traffic.resting = {office.member}
    for offset, hours in (("+3650d", 87_600), ("-3650d", -87_600)):
        office.stop()
        faked(office, offset)
        office.start()
        served[offset] = office.comes_up()
        if served[offset]:
            if not hours - 0.5 < shift(office) < hours + 0.5:
                raise RigError(f"{office}'s clock is not {offset} away: {shift(office)} h")
            stage.some_traffic(20, 30)
            if not office.runs():
                raise Broken("ended", f"{office}, whose clock is {offset} away, {office.fate()}")
            stage.traffic.gate.close()
            office.stop()
        elif (code := office.ends_by_itself(1)) is None or code <= 0 or not office.explained():
            raise Broken("not_told", f"{office}, whose clock is {offset} away, ended with {code}: {office.last_words()}")
        right(office)
        office.serve()
    stage.traffic.resting = set()
    if promises.drain(stage.world, stage.findings):
        served["turned_down"] = check_after_decade(stage, published)
    return served


def check_after_decade(stage, published: dict) -> int:
    """Everything is there that a sender's people were not told to be turned down; of alerts, those that were
    published before. Gives how many were turned down."""
    listed, ledger, findings = promises.Listed(stage.world), stage.ledger, stage.findings
    for wrong in stage.traffic.wrong_heads:
        findings.add("forks", wrong)
    accounts = promises.check_accounts(listed, ledger, findings)
    told = {exchange["id"] for exchanges in listed.exchanges.values() for exchange in exchanges
            if promises.is_undeliverable(exchange)}
    for member, exchanges in listed.exchanges.items():
        listed.exchanges[member] = [exchange for exchange in exchanges if exchange["id"] not in told]
    promises.check_listed(listed, dataclasses.replace(
        ledger, published=published,
        asked={reference: one for reference, one in ledger.asked.items() if one.id not in told},
        said={exchange: word for exchange, word in ledger.said.items() if exchange not in told}), findings)
    promises.check_logs(stage.world, ledger, findings)
    if accounts["pending"]:
        findings.add("unaccounted", f"requests are queued that no outbox holds: {dict(accounts)}")
    return len(told)


def step_back(stage, chance) -> dict:
    """A step of an hour back while the node runs, and forth again."""
    stage.in_traffic(chance)
    office = pick(stage, chance)
    file = stage.world.logs / f"{office.member}.clock"
    office.stop()
    faked(office, "+0", file)
    office.serve()
    stage.some_traffic(15, 20)
    file.write_text("-1h\n")
    stage.some_traffic(30, 40)
    if not office.runs():
        raise Broken("not_started", f"{office} ended when its clock stepped back: {office.last_words()}")
    file.write_text("+0\n")
    stage.some_traffic(15, 20)
    office.stop()
    right(office)
    office.serve()
    return {}


def ahead(stage, chance) -> dict:
    """A node whose clock is a day ahead: what it sends waits, is not lost, and that is told.

    Peers do not take what is dated ahead (protocol.md § 11.1) until its time has come. Once the
    clock is right again, new messages pass at once.
    """
    office = pick(stage, chance)
    to = stage.world.others(office)[0]
    office.stop()
    faked(office, "+24h")
    office.serve()
    if not 23.5 < shift(office) < 24.5:
        raise RigError(f"{office}'s clock is not ahead: {shift(office)} h")
    stage.world.linked()
    dated_ahead = office.api("officer").send(to.member, {**REQUEST, "reference": "dated ahead"})["id"]
    told = until("that it waits is told", lambda: waits(office, to))
    for one in (office, to):
        try:
            until("that a clock is wrong is told", lambda: astray(one))
        except Unsettled:
            raise Broken("not_told", f"{one} does not tell that clocks are a day apart") from None
    into = to.api("officer").send(office.member, {**REQUEST, "reference": "to the one ahead"})["id"]
    until("a request reaches the node that is ahead", lambda: state(office, into))
    office.stop()
    right(office)
    office.serve()
    stage.world.linked()
    if state(office, dated_ahead) is None:
        raise Broken("lost", "what was sent with a clock ahead is gone")
    after = office.api("officer").send(to.member, {**REQUEST, "reference": "after"})["id"]
    try:
        until("a request sent with the right clock arrives", lambda: state(to, after), 90)
    except Unsettled:
        raise Broken("stuck", f"after a day ahead and back, {office}'s new requests do not arrive: "
                              f"{waits(office, to)}") from None
    return {"told": told}


def state(office, exchange: str) -> str | None:
    """The state of an exchange; none where the node does not have it."""
    listed = office.api("officer").pages("/exchanges")
    return next((one["state"] for one in listed if one["id"] == exchange), None)


def astray(office) -> bool:
    """Whether the node tells that a linked peer's clock is another one."""
    return any(alarm["code"] == "clock-astray" for alarm in office.health()["alarms"])


def waits(office, to) -> str | None:
    """What the node says about what waits for another; none where nothing does."""
    health = office.health()
    peer = next(p for p in health["peers"] if p["node"].startswith(to.member))
    alarms = ", ".join(alarm["code"] for alarm in health["alarms"])
    return f"{peer['waiting']} wait, {peer['last_error']}, alarms: {alarms}" if peer["waiting"] else None
