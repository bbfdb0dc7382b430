"""Processes that die, and one too many."""

import time
from concurrent.futures import ThreadPoolExecutor

from ..base import Broken, until

# Entries of a log from which a killed node has to be back in so many seconds, and how often it is killed.
LARGE_LOG, BACK_WITHIN, LARGE_KILLS = 100_000, 2.0, 5
# Calls that make it grow, at a time.
AT_A_TIME = 8


def pick(stage, chance):
    return stage.world.offices[chance.randrange(len(stage.world.offices))]


def kill(stage, chance) -> dict:
    """kill -9 of one node after another, at moments of chance in traffic."""
    kills = chance.randrange(2, 5)
    for _ in range(kills):
        stage.in_traffic(chance)
        office = pick(stage, chance)
        office.kill()
        office.serve()
    return {"kills": kills}


def kill_twice(stage, chance) -> dict:
    """kill -9, and again while the node recovers from the first."""
    stage.in_traffic(chance)
    office = pick(stage, chance)
    office.kill()
    office.start()
    until(f"{office} opened its log", lambda: "log-opened" in office.said() or None)
    office.kill()
    office.serve()
    return {"kills": 2}


def kill_all(stage, chance) -> dict:
    """kill -9 of all nodes at once."""
    stage.in_traffic(chance)
    for office in stage.world.offices:
        office.child.kill()
    for office in stage.world.offices:
        office.kill()
    stage.world.all_serve()
    return {"kills": len(stage.world.offices)}


def kill_large(stage, chance) -> dict:
    """kill -9 in traffic of a node whose log has 100,000 entries: each time it serves again within 2 seconds."""
    office = stage.world.offices[0]
    grow(stage, office, chance)
    took = []
    for _ in range(LARGE_KILLS):
        stage.in_traffic(chance)
        office.kill()
        began = time.monotonic()
        office.serve()
        took.append(round(time.monotonic() - began, 2))
    entries = office.health()["log_size"]
    if max(took) > BACK_WITHIN:
        raise Broken("late", f"{office} with {entries} entries was back {max(took)} s after a kill, "
                             f"where {BACK_WITHIN} s is the figure: {took}")
    return {"kills": LARGE_KILLS, "entries": entries, "back_after_s": took}


def grow(stage, office, chance) -> None:
    """Lets the office ask others until its log is large."""
    others = [other.member for other in stage.world.others(office)]

    def ask(number: int) -> None:
        stage.traffic.send(office, f"grows-{stage.tries}-{number:06}", others[number % 2], chance,
                           file=None, urgent=False)
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        number = 0
        while office.health()["log_size"] < LARGE_LOG:
            list(pool.map(ask, range(number, number + 500)))
            number += 500
    stage.tries += 1


def two_nodes(stage, chance) -> dict:
    """A second node on the folder of one that serves is refused, and the first goes on."""
    stage.in_traffic(chance)
    office = pick(stage, chance)
    second = office.command("serve", "--listen", "127.0.0.1:0")
    if second.returncode != 1 or "node-running" not in second.stderr:
        raise Broken("not_refused", f"a second node at {office} ended with {second.returncode}: {second.stderr}")
    if not office.runs():
        raise Broken("not_refused", f"a second node at {office} ended the first: {office.last_words()}")
    return {}
