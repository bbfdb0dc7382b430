"""Power cuts: what was not synced is gone, and nothing that was acknowledged may be."""

import json

from .. import promises
from ..base import Broken
from ..disk import OPTIONS, TEARING
from .process import pick

# Cuts of one node between its starts.
TORN_CUTS = 8


def cut_offices(offices) -> None:
    """Cuts the power of offices at one moment, and gives it back."""
    for office in offices:
        office.disk.plant()
    for office in offices:
        office.stand_still()
    for office in offices:
        office.disk.freeze()
    for office in offices:
        office.kill()
        office.disk.thaw()
        office.disk.was_cut()


def cut(stage, chance) -> dict:
    """The power of one office."""
    stage.in_traffic(chance)
    office = pick(stage, chance)
    cut_offices([office])
    office.serve()
    return {"cuts": 1}


def cut_all(stage, chance) -> dict:
    """The power of all offices at the same moment."""
    stage.in_traffic(chance)
    cut_offices(stage.world.offices)
    stage.world.all_serve()
    return {"cuts": len(stage.world.offices)}


def cut_torn(stage, chance) -> dict:
    """Power cuts of one office that keep a part of chance of what was not synced, and tear files."""
    office = pick(stage, chance)
    office.stop()
    office.disk.mount_again(TEARING)
    office.serve()
    stage.world.linked()
    cuts = []
    for number in range(TORN_CUTS):
        stage.in_traffic(chance)
        held = stage.ledger.held_by(office.member)
        office.stand_still()
        canary = office.disk.write_some(chance)
        cuts.append((office.disk.keep_torn(number), canary, held))
        office.go_on()
    stage.traffic.gate.close()
    # What comes after a cut is not known to the node that goes on from it: nobody must meet it.
    stage.traffic.unwatched.add(office.member)
    for other in stage.world.offices:
        other.stop()
    for image, canary, held in cuts:
        with office.disk.as_cut(image, canary):
            office.serve()
            promises.check_held(office, held, stage.findings)
            promises.check_log(office, held.heads, stage.findings)
            office.stop()
    stage.traffic.unwatched.clear()
    office.disk.mount_again(OPTIONS)
    stage.world.all_serve()
    return {"cuts": len(cuts), "torn": sum(canary.written is not None for _, canary, _ in cuts)}


def cut_fresh(stage, chance) -> dict:
    """The power right after `init` and `user add` have returned: the node is there, and the person."""
    with stage.place.pool.disk("fresh", 64) as disk:
        node, token = disk.path / "node", stage.place.folder / "fresh.token"
        token.unlink(missing_ok=True)
        disk.plant()
        stage.place.init(node, "MK")
        stage.place.liaison("user", "add", "--dir", node, "--name", "ana", "--role", "officer",
                            "--token-file", token)
        disk.freeze()
        disk.thaw()
        disk.was_cut()
        for command in ("config check", "audit verify"):
            done = stage.place.liaison_tried(*command.split(), "--dir", node)
            if done.returncode != 0:
                raise Broken("lost", f"a fresh folder after a power cut: `{command}`: {done.stderr}")
        card = stage.place.folder / "fresh.card"
        card.unlink(missing_ok=True)
        done = stage.place.liaison_tried("member", "card", "--dir", node, "--out", card)
        if done.returncode != 0:
            raise Broken("lost", f"a fresh folder after a power cut gives no card: {done.stderr}")
        again = stage.place.liaison_tried("user", "add", "--dir", node, "--name", "ana", "--role", "officer",
                                          "--token-file", f"{token}.again")
        if again.returncode == 0:
            raise Broken("lost", "a person that was added before a power cut is gone")
        if not json.loads(again.stderr).get("code"):
            raise Broken("not_told", f"a person twice: {again.stderr}")
    return {"cuts": 1}


def gone(stage, chance) -> dict:
    """The disk fails from one moment to the next: the node has to end, and acknowledge nothing more."""
    stage.in_traffic(chance)
    office = pick(stage, chance)
    office.disk.plant()
    office.disk.shut_down()
    stage.some_traffic(8, 20)
    code = office.ends_by_itself()
    if code is None:
        office.kill()
        office.disk.come_back()
        raise Broken("not_told", f"{office} goes on without a disk: {office.last_words()}")
    said = office.last_words()
    office.disk.come_back()
    office.disk.was_cut()
    if code <= 0:
        raise Broken("not_told", f"{office} ended with {code} on a lost disk: {said}")
    office.serve()
    return {"exit": code}


