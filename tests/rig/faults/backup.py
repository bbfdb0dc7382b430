"""An office whose disk is lost, and that goes on from a backup."""

import json
import shutil

from .. import promises
from ..base import RigError, until
from .process import pick

# Deeds before the backup, and after it: what the second ones were about only peers know at last.
BEFORE, AFTER = 15, 40
# Seconds in which the peers have learnt of it.
TOLD = 120


def restored(stage, chance) -> dict:
    """An office loses its disk, all of it delivered, and goes on from a backup of some time before, which
    may have served it once already."""
    stage.some_traffic(BEFORE)
    office = pick(stage, chance)
    again = office.backup is not None and chance.random() < 0.5
    if not again:
        office.backup = backed_up(stage, office)
    file, shares = office.backup
    stage.some_traffic(AFTER)
    stage.traffic.gate.close()
    # What no peer has heard of is lost with the disk, and nobody can give it back.
    if not promises.drain(stage.world, stage.findings):
        return {}
    promises.check_attachments(stage.world, stage.ledger, stage.findings, again=False)
    had = office.health()["log_size"]
    before = json.loads(office.command("audit verify", check=True).stdout)["origin"]
    office.kill()
    shutil.rmtree(office.dir)
    words = [word for share in shares[:3] for word in ("--share", share)]
    office.command("restore", file, *words, check=True)
    resumed = json.loads(office.command("resume", "--old-folder-lost", check=True).stdout)
    goes_on_from = resumed["log_size"]
    if goes_on_from >= had:
        raise RigError(f"{office} lost nothing: it had {had} entries and goes on from {goes_on_from}")
    stage.ledger.goes_on_from(office.member, goes_on_from)
    office.serve()
    for other in stage.world.others(office):
        until(f"{other} is told that {before} lost its end", lambda other=other: told(other, before), TOLD)
    return {"entries_lost": had - goes_on_from, "again": again}


def backed_up(stage, office) -> tuple:
    """A backup of the running office, and the shares that open it."""
    stage.tries += 1
    folder = stage.world.logs / f"{office.member}.{stage.tries}.shares"
    office.command("key backup", "--out", folder, check=True)
    file = stage.world.logs / f"{office.member}.{stage.tries}.backup"
    token = stage.world.place.pattern / f"{office.member}.admin"
    office.command("backup", "--token-file", token, "--out", file, check=True)
    return file, sorted(folder.iterdir())


def told(office, origin: str) -> bool | None:
    """Whether an office says that a log lost its end, and so has sent again what it held."""
    alarms = office.api("auditor").json("GET", "/witness")["alarms"]
    return any(alarm["origin"] == origin and alarm["fault"] == "restored" for alarm in alarms) or None
