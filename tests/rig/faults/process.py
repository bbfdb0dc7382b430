"""Processes that die, and one too many."""

from ..base import Broken, until


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
