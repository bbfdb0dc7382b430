"""Networks that lose, delay, reorder, block or cut what passes."""

from ..base import RigError
from .process import pick


def hostname(office) -> str:
    return office.address.rsplit(":", 1)[0]


def under(stage, rules: dict, deeds: int, patience: float, effects: tuple[str, ...]) -> dict:
    """Lets traffic run under rules, and checks that they had an effect."""
    stage.traffic.gate.open()
    stage.network(rules)
    try:
        stage.some_traffic(deeds, patience)
    finally:
        counts = stage.network({})
    missing = [effect for effect in effects if not counts.get(effect)]
    if missing:
        raise RigError(f"the network had no effect: {missing} of {dict(counts)}")
    return dict(counts)


def bad_link(stage, chance) -> dict:
    """30 % loss each way and 600 ms of round trip."""
    return under(stage, {"*": {"loss": 0.3, "delay": 0.3}}, 80, 60, ("lost", "delayed"))


def reordering(stage, chance) -> dict:
    """Packets that overtake each other, and one in ten twice."""
    return under(stage, {"*": {"jitter": 0.15, "twice": 0.1}}, 40, 20, ("delayed", "twice"))


def slow_link(stage, chance) -> dict:
    """64 kbit/s each way between any two offices."""
    rules = {f"{hostname(one)}>{hostname(other)}": {"rate": 64_000, "delay": 0.05}
             for one in stage.world.offices for other in stage.world.others(one)}
    return under(stage, rules, 60, 60, ("delayed",))


def flapping(stage, chance) -> dict:
    """A link that is up for 10 seconds a minute."""
    host = hostname(pick(stage, chance))
    rule = {"up": [10, 60]}
    return under(stage, {f"{host}>*": rule, f"*>{host}": rule}, 10_000, 130, ("cut",))


def partition(stage, chance) -> dict:
    """One office is cut off from all others."""
    host = hostname(pick(stage, chance))
    return under(stage, {f"{host}>*": {"cut": True}, f"*>{host}": {"cut": True}}, 10_000, 15, ("cut",))


def one_way(stage, chance) -> dict:
    """Nothing from one office reaches another; the other direction passes."""
    office = pick(stage, chance)
    others = stage.world.others(office)
    to = others[chance.randrange(len(others))]
    return under(stage, {f"{hostname(office)}>{hostname(to)}": {"cut": True}}, 10_000, 15, ("cut",))


def udp_blocked(stage, chance) -> dict:
    """No UDP at all: the same goes over TCP."""
    return under(stage, {"*": {"udp": False}}, 10_000, 25, ("blocked",))


def small_packets(stage, chance) -> dict:
    """No packet longer than 1,228 bytes passes, the least that QUIC needs, and nobody says so."""
    return under(stage, {"*": {"mtu": 1228}}, 60, 25, ("carried",))
