"""Networks that lose, delay, reorder, block or cut what passes."""

import time

from ..base import RigError, until
from ..promises import attachment_digest
from .process import pick

# Bits a second, and bytes: what goes over such a line for some ten seconds.
RATE, ATTACHMENT = 4_000_000, 5_000_000
# Urgent requests whose times are taken on a bad network, and seconds that one may take.
URGENT, URGENT_PATIENCE = 10, 180
# Routine requests of each office that they are sent beside.
BACKLOG = 40
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


def udp_blocked(stage, chance) -> dict:
    """No UDP at all: the same goes over TCP."""
    return under(stage, chance, {"*": {"udp": False}}, 10_000, 25, ("blocked",), urgent=True)


def small_packets(stage, chance) -> dict:
    """No packet longer than 1,228 bytes passes, the least that QUIC needs, and nobody says so."""
    return under(stage, chance, {"*": {"mtu": 1228}}, 60, 25, ("carried",), urgent=True)
