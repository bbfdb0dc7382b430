"""Networks that lose, delay, reorder, block or cut what passes."""

import hashlib
import json
import math
import time

from ..base import Broken, RigError, until
from ..ledger import Asked
from ..promises import Listed, attachment_digest, check_accounts
from .process import pick

# Bits a second, and bytes: what goes over such a line for some ten seconds.
RATE, ATTACHMENT = 4_000_000, 5_000_000
# Urgent requests whose times are taken on a bad network, and seconds that one may take.
URGENT, URGENT_PATIENCE = 10, 180
# The figures to reach: each share of the requests is seen within so many seconds. On a link that is up, on one
# that is only being made, and a hundred messages together, the last of which counts.
WARM, COLD, TOGETHER = ((0.99, 2.0),), ((0.5, 8.0), (0.99, 45.0)), ((0.9, 30.0),)
# How many are measured: so many that a hundredth of them is one, where a whole round is made of it.
WARM_TRIED, COLD_TRIED, HUNDRED = 100, 11, 100
# Of fewer a median is told and held to nothing: it says little.
MEDIAN_OF = 100
# What the links are that the figures are about, one that carries 64 kbit/s, and one that is up 10 seconds a minute.
FAR, BAD = {"delay": 0.3}, {"loss": 0.3, "delay": 0.3}
SLOW, FLAPPING = {"rate": 64_000, "delay": 0.05}, {"up": [10, 60]}
# The last one, down first; and long enough that it is up afterwards, in seconds.
DOWN_FIRST, DOWN_AND_UP = {"up": [10, 60, 10]}, 60
# The attachment that urgent requests pass, in bytes, and the line that it goes over; for how many seconds
# that is cut, and how many an urgent request may take while it is not.
GIGABYTE, FAST, CUT_FOR, PASSES_WITHIN = 1 << 30, 100_000_000, 8, 5
# Routine requests of each office that they are sent beside.
BACKLOG = 40
# Requests that wait for an office that is cut off, for how many seconds it is, and within how many all have come.
WAITING, CUT_FOR_LONG, COME_WITHIN = 1_000, 3_600, 60
# Seconds in which attachments have come after an address changed, whoever has to dial anew.
PATIENCE = 120
# Requests that go by stick, how often the same files are taken in, and duplicates that have to come of it.
ON_STICK, TAKEN_IN, DUPLICATES = 12, 10, 100


def hostname(office) -> str:
    return office.address.rsplit(":", 1)[0]


def between(one, other, rule: dict) -> dict:
    """The same rule in both directions."""
    return {f"{hostname(one)}>{hostname(other)}": rule, f"{hostname(other)}>{hostname(one)}": rule}


def pair(stage, chance) -> tuple:
    """Two offices."""
    office = pick(stage, chance)
    others = stage.world.others(office)
    return office, others[chance.randrange(len(others))]


def nothing(_stage, _chance) -> dict:
    return {}


def under(stage, chance, rules: dict, deeds: int, patience: float, effects: tuple[str, ...],
          first=nothing) -> dict:
    """Does something first under rules, then lets traffic run, and checks that they had an effect."""
    stage.network(rules)
    took = {}
    try:
        took = first(stage, chance)
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
    took = sorted(urgent(stage, *pair(stage, chance), chance) for _ in range(URGENT))
    return {"urgent_median_s": round(took[len(took) // 2], 1), "urgent_worst_s": round(took[-1], 1)}


def urgent(stage, office, to, chance) -> float:
    """How long an urgent request takes, from the acknowledgement until the recipient's people see it."""
    reference = f"urgent-{office}-{chance.randrange(10**9):09}"
    asked = acknowledged(stage, office, to, reference, chance, urgent=True)
    until(f"{to} has {reference}", lambda: sees(stage, to, asked), URGENT_PATIENCE)
    return asked.seen - asked.at


def acknowledged(stage, office, to, reference: str, chance, **how) -> Asked:
    """Sends a request that has to be acknowledged."""
    outcome = stage.traffic.send(office, reference, to.member, chance, **how)
    if outcome != "acknowledged":
        raise RigError(f"{reference} was {outcome}")
    return stage.ledger.asked[reference]


def over_a_new_link(stage, office, to, chance) -> float:
    """As `urgent`, where a link has to be made first: the office was killed and has just started."""
    office.kill()
    office.serve()
    return urgent(stage, office, to, chance)


def together(stage, office, to, chance) -> float:
    """How long a hundred requests take, from the first call until the recipient's people see all of them."""
    began, key = time.monotonic(), f"together-{chance.randrange(10**9):09}"
    asked = [acknowledged(stage, office, to, f"{key}-{number}", chance, file=None, urgent=False)
             for number in range(HUNDRED)]

    def seen():
        for exchange in to.api("officer").pages("/exchanges", direction="incoming"):
            stage.ledger.note_seen(exchange["reference"])
        return all(one.seen for one in asked) or None
    until(f"{to} has {HUNDRED} requests", seen, URGENT_PATIENCE)
    return max(one.seen for one in asked) - began


def held_to(stage, what: str, took: list[float], figure) -> dict:
    """Holds times against a figure of docs/reliability.md § 4. Gives them at its shares."""
    took, told = sorted(took), {f"{what}_tried": len(took)}
    for share, most in figure:
        seconds = took[math.ceil(share * len(took)) - 1]
        told[f"{what}_p{share * 100:.0f}_s"] = round(seconds, 2)
        if seconds > most and (share > 0.5 or len(took) >= MEDIAN_OF):
            stage.findings.add("late", f"{what}: {share:.0%} of {len(took)} came within {seconds:.1f} s, "
                                       f"where {most:.0f} s is the figure")
    return told


def sees(stage, office, asked) -> bool | None:
    """Whether the recipient of a request lists it."""
    query = {"direction": "incoming", "limit": 100}
    listed = office.api("officer").json("GET", "/exchanges", query=query)["items"]
    if asked.reference in [exchange["reference"] for exchange in listed]:
        stage.ledger.note_seen(asked.reference)
    return asked.seen is not None or None


def far_link(stage, chance, tried: int = WARM_TRIED) -> dict:
    """600 ms of round trip, without loss: urgent requests over links that are up hold their figure."""
    def first(stage, chance):
        beside_backlog = urgent_times(stage, chance)
        took = [urgent(stage, *pair(stage, chance), chance) for _ in range(tried)]
        return {**beside_backlog, **held_to(stage, "warm", took, WARM)}
    return under(stage, chance, {"*": FAR}, 40, 20, ("delayed",), first)


def bad_link(stage, chance, cold: int = COLD_TRIED, hundreds: int = 1) -> dict:
    """30 % loss each way and 600 ms of round trip: the first urgent requests over new links, and a hundred
    messages together, hold their figures. The median counts where 100 links are made."""
    def first(stage, chance):
        office, to = pair(stage, chance)
        beside_backlog = urgent_times(stage, chance)
        new = [over_a_new_link(stage, office, to, chance) for _ in range(cold)]
        stage.world.linked()
        hundred = [together(stage, office, to, chance) for _ in range(hundreds)]
        return {**beside_backlog, "kills": cold, **held_to(stage, "cold", new, COLD),
                **held_to(stage, "hundred", hundred, TOGETHER)}
    return under(stage, chance, {"*": BAD}, 80, 60, ("lost", "delayed"), first)


def bad_link_long(stage, chance) -> dict:
    """As bad-link, with 100 new links and ten times a hundred messages."""
    return bad_link(stage, chance, cold=100, hundreds=10)


def three_links(stage, chance) -> dict:
    """Three links at once: one loses 30 % each way and takes 600 ms, one carries 64 kbit/s, one is up 10
    seconds a minute. Urgent requests go over the first two, and traffic over all."""
    one, two, three = chance.sample(stage.world.offices, 3)
    rules = {**between(one, two, BAD), **between(two, three, SLOW), **between(one, three, DOWN_FIRST)}

    def first(stage, chance):
        began = time.monotonic()
        cold = [over_a_new_link(stage, one, two, chance)]
        bad = [urgent(stage, one, two, chance) for _ in range(3)]
        slow = [urgent(stage, three, two, chance) for _ in range(3)]
        stage.some_traffic(60, max(0.0, began + DOWN_AND_UP - time.monotonic()))
        time.sleep(max(0.0, began + DOWN_AND_UP - time.monotonic()))
        return {"kills": 1, "slow_worst_s": round(max(slow), 1),
                # Of so few the slowest is held against the time of nearly all.
                **held_to(stage, "cold", cold + bad, COLD[1:])}
    return under(stage, chance, rules, 0, 0, ("lost", "delayed", "queued", "cut"), first)


def reordering(stage, chance) -> dict:
    """Packets that overtake each other, and one in ten twice."""
    rules = {"*": {"jitter": 0.15, "twice": 0.1}}
    return under(stage, chance, rules, 40, 20, ("delayed", "twice"), urgent_times)


def slow_link(stage, chance) -> dict:
    """64 kbit/s each way between any two offices."""
    rules = {f"{hostname(one)}>{hostname(other)}": SLOW
             for one in stage.world.offices for other in stage.world.others(one)}
    return under(stage, chance, rules, 60, 60, ("delayed", "queued"), urgent_times)


def flapping(stage, chance) -> dict:
    """A link that is up for 10 seconds a minute."""
    host = hostname(pick(stage, chance))
    rules = {f"{host}>*": FLAPPING, f"*>{host}": FLAPPING}
    return under(stage, chance, rules, 10_000, 130, ("cut",), urgent_times)


def partition(stage, chance) -> dict:
    """One office is cut off from all others."""
    host = hostname(pick(stage, chance))
    return under(stage, chance, {f"{host}>*": {"cut": True}, f"*>{host}": {"cut": True}}, 10_000, 15, ("cut",))


def long_partition(stage, chance, waiting: int = WAITING, cut_for: float = CUT_FOR_LONG) -> dict:
    """One office is cut off for an hour, while 1,000 requests come to wait for it."""
    office = pick(stage, chance)
    sender, host = stage.world.others(office)[0], hostname(office)
    began = time.monotonic()
    stage.network({f"{host}>*": {"cut": True}, f"*>{host}": {"cut": True}})
    try:
        for _ in range(waiting):
            acknowledged(stage, sender, office, f"waiting-{sender}-{chance.randrange(10**9):09}", chance)
        time.sleep(max(0.0, began + cut_for - time.monotonic()))
        waited = stage.world.waiting()[sender.member]
        accounts = check_accounts(Listed(stage.world), stage.ledger, stage.findings)
    finally:
        counts = stage.network({})
    if waited < waiting or accounts["pending"] < waiting:
        raise RigError(f"{waited} of {waiting} requests waited for {office}: {dict(accounts)}")
    began = time.monotonic()
    until(f"all have come to {office}", lambda: (stage.world.waiting() or {}).get(sender.member) == 0 or None)
    took = round(time.monotonic() - began, 1)
    if took > COME_WITHIN:
        raise Broken("late", f"{waiting} requests took {took} s after {office} was back")
    return {**counts, **accounts, "waited": waited, "come_after_s": took}


def backlog_partition(stage, chance, waiting: int = 200, cut_for: float = 30) -> dict:
    """One office is cut off while 200 requests come to wait for it, which come once it is back."""
    return long_partition(stage, chance, waiting, cut_for)


def stick(stage, chance) -> dict:
    """What waits for an office that is cut off goes there by stick, again and again, and at last over the
    link, too: at least 100 duplicates are absorbed."""
    office, to = pair(stage, chance)
    out, token = stage.world.logs / f"stick-{stage.tries}", stage.place.pattern
    stage.tries += 1
    stage.network(between(office, to, {"cut": True}))
    try:
        for _ in range(ON_STICK):
            reference = f"by-stick-{office}-{chance.randrange(10**9):09}"
            acknowledged(stage, office, to, reference, chance, file=None)
        taken = office.command("bundle export", "--peer", to.member, "--out", out,
                               "--token-file", token / f"{office}.admin", check=True)
        files = [one["file"] for one in json.loads(taken.stdout)["files"]]
        counts = {"messages": 0, "known": 0, "refused": 0}
        for _ in range(TAKEN_IN):
            taken = to.command("bundle import", *files, "--token-file", token / f"{to}.admin", check=True)
            for file in json.loads(taken.stdout)["files"]:
                for what in counts:
                    counts[what] += file[what]
    finally:
        stage.network({})
    if counts["messages"] < ON_STICK or counts["known"] < DUPLICATES:
        raise RigError(f"too little came by stick: {counts}")
    if counts["refused"]:
        raise Broken("refused_wrongly", f"{to} refused what came by stick: {counts}")
    stage.figures["duplicates_absorbed"] += counts["known"]
    return counts


def one_way(stage, chance) -> dict:
    """Nothing from one office reaches another; the other direction passes."""
    office = pick(stage, chance)
    others = stage.world.others(office)
    to = others[chance.randrange(len(others))]
    return under(stage, chance, {f"{hostname(office)}>{hostname(to)}": {"cut": True}}, 10_000, 15, ("cut",))


def address_change(stage, chance, size: int = ATTACHMENT) -> dict:
    """An office gets another address in the middle of an attachment each way, and later the old one again."""
    office, other = pair(stage, chance)
    host = hostname(office)
    slow = {f"{host}>*": {"rate": RATE}, f"*>{host}": {"rate": RATE}}
    stage.traffic.gate.open()
    stage.network(slow)
    try:
        sent = [(to, sends(stage, one, to, chance, size)) for one, to in ((office, other), (other, office))]
        stage.some_traffic(20, size * 8 / RATE / 3)
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


def sends(stage, office, to, chance, size: int) -> str:
    """Sends an attachment that takes a while; gives the message."""
    reference = f"moving-{office}-{chance.randrange(10**9):09}"
    return acknowledged(stage, office, to, reference, chance, file=chance.randbytes(size)).id


def gigabyte(stage, chance, size: int = GIGABYTE, rate: int = FAST, urgent_each: int = URGENT) -> dict:
    """Urgent requests pass an attachment of 1 GiB, which goes on after the line was cut and its recipient killed."""
    sender, to = stage.world.offices[:2]
    line = between(sender, to, {"rate": rate, "delay": 0.02})
    cut = between(sender, to, {"cut": True})
    took, counts = [], {}
    stage.network(line)
    try:
        began = time.monotonic()
        asked = sends_gigabyte(stage, sender, to, chance, size)
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
            took += [passes(stage, sender, to, message, chance) for _ in range(urgent_each)]
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


def sends_gigabyte(stage, sender, to, chance, size: int) -> Asked:
    """Sends a request with an attachment of so many bytes, by the command line."""
    reference = f"gigabyte-{chance.randrange(10**9):09}"
    file, digest = stage.world.logs / "gigabyte.bin", hashlib.sha256()
    with open(file, "wb") as out:
        for _ in range(size >> 20):
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
    took = round(urgent(stage, sender, to, chance), 2)
    if is_complete(to, message):
        raise RigError("the attachment was there before the urgent request")
    if took > PASSES_WITHIN:
        raise Broken("late", f"an urgent request took {took} s past an attachment")
    return took


def udp_blocked(stage, chance) -> dict:
    """No UDP at all: the same goes over TCP."""
    return under(stage, chance, {"*": {"udp": False}}, 10_000, 25, ("blocked",), urgent_times)


def small_packets(stage, chance) -> dict:
    """No packet longer than 1,228 bytes passes, the least that QUIC needs, and nobody says so."""
    return under(stage, chance, {"*": {"mtu": 1228}}, 60, 25, ("too-long",), urgent_times)
