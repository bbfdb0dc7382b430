"""Networks that lose, delay, reorder, block or cut what passes."""

import hashlib
import time

from ..base import Broken, RigError, until
from ..ledger import Asked
from ..promises import attachment_digest
from .process import pick

# Bits a second, and bytes: what goes over such a line for some ten seconds.
RATE, ATTACHMENT = 4_000_000, 5_000_000
# Urgent requests whose times are taken on a bad network, and seconds that one may take.
URGENT, URGENT_PATIENCE = 10, 180
# The attachment that urgent requests pass, in bytes, and the line that it goes over; for how many seconds
# that is cut, and how many an urgent request may take while it is not.
GIGABYTE, FAST, CUT_FOR, PASSES_WITHIN = 1 << 30, {"rate": 100_000_000, "delay": 0.02}, 8, 5
# Routine requests of each office that they are sent beside.
BACKLOG = 40
# Requests that wait for an office that is cut off, for how many seconds it is, and within how many all have come.
WAITING, CUT_FOR_LONG, COME_WITHIN = 1_000, 3_600, 60
# Seconds in which all of that has come after the address changed, whoever has to dial anew.
PATIENCE = 120


def hostname(office) -> str:
    return office.address.rsplit(":", 1)[0]


def under(stage, chance, rules: dict, deeds: int, patience: float, effects: tuple[str, ...],
          urgent: bool = False) -> dict:
    """Lets traffic run under rules, and checks that they had an effect."""
    stage.network(rules)
    took = {}
    try:
        if urgent:
            took = urgent_times(stage, chance)
        stage.some_traffic(deeds, patience)
    finally:
        counts = stage.network({})
    missing = [effect for effect in effects if not counts.get(effect)]
    if missing:
        raise RigError(f"the network had no effect: {missing} of {dict(counts)}")
    return {**counts, **took}


def urgent_times(stage, chance) -> dict:
    """How long urgent requests take beside a backlog of routine ones, one after another: from the
    acknowledgement until the recipient's people see it."""
    for office in stage.world.offices:
        for number in range(BACKLOG):
            to = stage.world.others(office)[number % 2]
            reference = f"backlog-{office}-{chance.randrange(10**9):09}"
            stage.traffic.send(office, reference, to.member, chance, urgent=False)
    took = []
    for _ in range(URGENT):
        office = pick(stage, chance)
        others = stage.world.others(office)
        to = others[chance.randrange(len(others))]
        reference = f"urgent-{office}-{chance.randrange(10**9):09}"
        outcome = stage.traffic.send(office, reference, to.member, chance, urgent=True)
        if outcome != "acknowledged":
            raise RigError(f"{reference} was {outcome}")
        asked = stage.ledger.asked[reference]
        until(f"{to} has {reference}", lambda one=asked: sees(stage, to, one), URGENT_PATIENCE)
        took.append(round(asked.seen - asked.at, 1))
    took.sort()
    return {"urgent_median_s": took[len(took) // 2], "urgent_worst_s": took[-1]}


def sees(stage, office, asked) -> bool | None:
    """Whether the recipient of a request lists it."""
    query = {"direction": "incoming", "limit": 100}
    listed = office.api("officer").json("GET", "/exchanges", query=query)["items"]
    if asked.reference in [exchange["reference"] for exchange in listed]:
        stage.ledger.note_seen(asked.reference)
    return asked.seen is not None or None


def far_link(stage, chance) -> dict:
    """600 ms of round trip, without loss."""
    return under(stage, chance, {"*": {"delay": 0.3}}, 40, 20, ("delayed",), urgent=True)


def bad_link(stage, chance) -> dict:
    """30 % loss each way and 600 ms of round trip."""
    return under(stage, chance, {"*": {"loss": 0.3, "delay": 0.3}}, 80, 60, ("lost", "delayed"), urgent=True)


def reordering(stage, chance) -> dict:
    """Packets that overtake each other, and one in ten twice."""
    return under(stage, chance, {"*": {"jitter": 0.15, "twice": 0.1}}, 40, 20, ("delayed", "twice"), urgent=True)


def slow_link(stage, chance) -> dict:
    """64 kbit/s each way between any two offices."""
    rules = {f"{hostname(one)}>{hostname(other)}": {"rate": 64_000, "delay": 0.05}
             for one in stage.world.offices for other in stage.world.others(one)}
    return under(stage, chance, rules, 60, 60, ("delayed",), urgent=True)


def flapping(stage, chance) -> dict:
    """A link that is up for 10 seconds a minute."""
    host = hostname(pick(stage, chance))
    rule = {"up": [10, 60]}
    return under(stage, chance, {f"{host}>*": rule, f"*>{host}": rule}, 10_000, 130, ("cut",), urgent=True)


def partition(stage, chance) -> dict:
    """One office is cut off from all others."""
    host = hostname(pick(stage, chance))
    return under(stage, chance, {f"{host}>*": {"cut": True}, f"*>{host}": {"cut": True}}, 10_000, 15, ("cut",))


def long_partition(stage, chance) -> dict:
    """One office is cut off for an hour, while 1,000 requests come to wait for it."""
    office = pick(stage, chance)
    sender, host = stage.world.others(office)[0], hostname(office)
    began = time.monotonic()
    stage.network({f"{host}>*": {"cut": True}, f"*>{host}": {"cut": True}})
    try:
        for _ in range(WAITING):
            reference = f"waiting-{sender}-{chance.randrange(10**9):09}"
            outcome = stage.traffic.send(sender, reference, office.member, chance)
            if outcome != "acknowledged":
                raise RigError(f"{reference} was {outcome}")
        time.sleep(max(0.0, began + CUT_FOR_LONG - time.monotonic()))
        waited = stage.world.waiting()[sender.member]
    finally:
        counts = stage.network({})
    if waited < WAITING:
        raise RigError(f"{waited} of {WAITING} requests waited for {office}")
    began = time.monotonic()
    until(f"all have come to {office}", lambda: (stage.world.waiting() or {}).get(sender.member) == 0 or None)
    took = round(time.monotonic() - began, 1)
    if took > COME_WITHIN:
        raise Broken("late", f"{WAITING} requests took {took} s after {office} was back")
    return {**counts, "waited": waited, "come_after_s": took}


def one_way(stage, chance) -> dict:
    """Nothing from one office reaches another; the other direction passes."""
    office = pick(stage, chance)
    others = stage.world.others(office)
    to = others[chance.randrange(len(others))]
    return under(stage, chance, {f"{hostname(office)}>{hostname(to)}": {"cut": True}}, 10_000, 15, ("cut",))


def address_change(stage, chance) -> dict:
    """An office gets another address in the middle of an attachment each way, and later the old one again."""
    office = pick(stage, chance)
    others = stage.world.others(office)
    other = others[chance.randrange(len(others))]
    host = hostname(office)
    slow = {f"{host}>*": {"rate": RATE}, f"*>{host}": {"rate": RATE}}
    stage.traffic.gate.open()
    stage.network(slow)
    try:
        sent = [(to, sends(stage, one, to, chance)) for one, to in ((office, other), (other, office))]
        stage.some_traffic(20, ATTACHMENT * 8 / RATE / 3)
        under_way = [to for to, message in sent if attachment_digest(to, message) is None]
        if len(under_way) < len(sent):
            raise RigError(f"what went to {other} and {office} was there before the address changed")
        stage.network({**slow, "moved": {host: f"{host.rsplit('.', 1)[0]}.{200 + chance.randrange(50)}"}})
        began = time.monotonic()
        until("what was under way is there at the new address", lambda: all(
            attachment_digest(to, message) is not None for to, message in sent) or None, PATIENCE)
        took = round(time.monotonic() - began, 1)
    finally:
        counts = stage.network({})
    if not counts.get("moved"):
        raise RigError(f"nothing came from the new address: {dict(counts)}")
    return {**counts, "there_after_s": took}


def sends(stage, office, to, chance) -> str:
    """Sends an attachment that takes a while; gives the message."""
    reference = f"moving-{office}-{chance.randrange(10**9):09}"
    outcome = stage.traffic.send(office, reference, to.member, chance, chance.randbytes(ATTACHMENT))
    if outcome != "acknowledged":
        raise RigError(f"{reference} was {outcome}")
    return stage.ledger.asked[reference].id


def gigabyte(stage, chance) -> dict:
    """Urgent requests pass an attachment of 1 GiB, which goes on after the line was cut and its recipient killed."""
    sender, to = stage.world.offices[:2]
    ways = [(hostname(sender), hostname(to)), (hostname(to), hostname(sender))]
    line = {f"{one}>{other}": FAST for one, other in ways}
    cut = {f"{one}>{other}": {"cut": True} for one, other in ways}
    took, counts = [], {}
    stage.network(line)
    try:
        began = time.monotonic()
        asked = sends_gigabyte(stage, sender, to, chance)
        taken_in = round(time.monotonic() - began, 1)
        until(f"{to} has {asked.reference}", lambda: sees(stage, to, asked))
        message = asked.id
        for interrupt in (None, "line", "recipient", None):
            if interrupt == "line":
                stage.network(cut)
                time.sleep(CUT_FOR)
                counts = stage.network(line)
            elif interrupt == "recipient":
                to.kill()
                to.serve()
            stage.world.linked()
            took += [passes(stage, sender, to, message, chance) for _ in range(URGENT)]
        began = time.monotonic()
        until("the attachment is there", lambda: is_complete(to, message) or None, 600)
        there_after = round(time.monotonic() - began, 1)
    finally:
        stage.network({})
    if not counts.get("cut"):
        raise RigError(f"the line was not cut: {counts}")
    took.sort()
    return {"kills": 1, "taken_in_s": taken_in, "urgent_median_s": took[len(took) // 2],
            "urgent_worst_s": took[-1], "there_after_s": there_after}


def sends_gigabyte(stage, sender, to, chance) -> Asked:
    """Sends a request with an attachment of 1 GiB."""
    reference = f"gigabyte-{chance.randrange(10**9):09}"
    file, digest = stage.world.logs / "gigabyte.bin", hashlib.sha256()
    with open(file, "wb") as out:
        for _ in range(GIGABYTE >> 20):
            piece = chance.randbytes(1 << 20)
            digest.update(piece)
            out.write(piece)
    with stage.ledger.lock:
        stage.ledger.in_doubt.add(reference)
    exchange = stage.traffic.send_by_command(sender, reference, to.member, file)
    file.unlink()
    asked = Asked(reference, exchange, sender.member, to.member, False, digest.hexdigest(), time.monotonic())
    stage.ledger.note_asked(asked)
    return asked


def is_complete(office, message: str) -> bool:
    """Whether the attachment of a request is there, whole."""
    view = office.api("officer").json("GET", f"/exchanges/{message}")
    return any(file["complete"] for event in view["events"] for file in event.get("attachments", []))


def passes(stage, sender, to, message: str, chance) -> float:
    """How long an urgent request takes that passes the attachment of a message."""
    reference = f"urgent-{sender}-{chance.randrange(10**9):09}"
    outcome = stage.traffic.send(sender, reference, to.member, chance, urgent=True)
    if outcome != "acknowledged":
        raise RigError(f"{reference} was {outcome}")
    asked = stage.ledger.asked[reference]
    until(f"{to} has {reference}", lambda: sees(stage, to, asked), URGENT_PATIENCE)
    if is_complete(to, message):
        raise RigError("the attachment was there before the urgent request")
    took = round(asked.seen - asked.at, 2)
    if took > PASSES_WITHIN:
        raise Broken("late", f"{reference} took {took} s past an attachment")
    return took


def udp_blocked(stage, chance) -> dict:
    """No UDP at all: the same goes over TCP."""
    return under(stage, chance, {"*": {"udp": False}}, 10_000, 25, ("blocked",), urgent=True)


def small_packets(stage, chance) -> dict:
    """No packet longer than 1,228 bytes passes, the least that QUIC needs, and nobody says so."""
    return under(stage, chance, {"*": {"mtu": 1228}}, 60, 25, ("carried",), urgent=True)
