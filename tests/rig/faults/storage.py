"""Disks that are full, fail, or become read-only under a node."""

import shutil
import signal
import subprocess

from ..base import Broken, RigError, end, run, until
from .process import pick

# Less than the node keeps back for itself, in bytes, so that it counts as full.
LITTLE = 300_000


def tried(stage, office, chance) -> str:
    """Sends a request with an attachment; gives what became of it, as the ledger has it."""
    stage.tries += 1
    to = stage.world.others(office)[0].member
    return stage.traffic.send(office, f"{office.member}-tried-{stage.tries}", to, chance, b"x" * 200_000)


def told_full(office) -> bool | None:
    """Whether the node's state says that its disk is full; true where the node has ended."""
    if not office.runs():
        return True
    health = office.health()
    return True if health and any(alarm["code"] == "disk-full" for alarm in health["alarms"]) else None


def gave_up(office) -> int | None:
    """The code with which an office ended, or is just ending, since its disk was full; none where it goes
    on."""
    until(f"{office} goes on or ends", lambda: True if not office.runs() or office.health() else None, 30)
    if office.runs():
        return None
    code = office.ends_by_itself(1)
    if code is None or code <= 0:
        raise Broken("not_told", f"{office} ended with {code} on a full disk: {office.last_words()}")
    return code


def full_sending(stage, chance) -> dict:
    """The disk fills while an office sends: new work is refused by name; with room it goes on."""
    stage.in_traffic(chance)
    office = pick(stage, chance)
    office.disk.fill(LITTLE)
    try:
        stage.some_traffic(20, 30)
        def refused():
            outcome = tried(stage, office, chance)
            return outcome if outcome != "acknowledged" else None
        code = until(f"{office} refuses on a full disk", refused)
        until(f"{office} tells that its disk is full", lambda: told_full(office), 60)
    finally:
        office.disk.empty()
    exit_code = gave_up(office)
    # A call that is cut off is none that was refused: the node was ending.
    if code != "disk-full" and exit_code is None:
        raise Broken("not_told", f"{office} on a full disk refuses as {code}")
    return {"refused": code, "exit": exit_code}


def full_receiving(stage, chance) -> dict:
    """The disk fills while others send to an office: it keeps nothing half, and what waits is told."""
    stage.in_traffic(chance)
    office = pick(stage, chance)
    others = stage.world.others(office)
    stage.traffic.resting = {office.member}
    office.disk.fill(LITTLE)
    try:
        def told():
            stage.some_traffic(4, 5)
            waits = [p["waiting"] for other in others if (health := other.health())
                     for p in health["peers"] if p["node"].startswith(office.member)]
            return sum(waits) or None
        waiting = until(f"messages wait for {office}", told)
    finally:
        stage.traffic.resting = set()
        office.disk.empty()
    return {"waited": waiting, "exit": gave_up(office)}


def full_rebuilding(stage, chance) -> dict:
    """The index is gone and there is no room for another: the node says so, and starts when there is."""
    stage.in_traffic(chance)
    office = pick(stage, chance)
    office.kill()
    shutil.rmtree(office.dir / "index")
    office.disk.fill(chance.choice((0, 40_000, LITTLE)))
    started = False
    try:
        office.start()
        started = office.comes_up()
        if started:
            # The ballast was enough.
            office.kill()
        elif (code := office.ends_by_itself(1)) is None or code <= 0 or not office.explained():
            raise Broken("not_told", f"{office} without room for an index: {office.last_words()}")
    finally:
        office.disk.empty()
    office.serve()
    return {"started": started}


def failing(stage, office, chance, calls: str, error: str, most: int, folder: str = "") -> tuple[int | None, int]:
    """Lets one system call of a running node on its files, or on those of a folder, fail; gives its exit
    code, if it ended, and how many failed."""
    report = stage.world.logs / "strace"
    when = chance.randrange(1, most)
    words = ["strace", "-f", "-q", "-o", report, "-p", office.child.pid, "-e", f"trace={calls}",
             "-e", f"inject={calls}:error={error}:when={when}"]
    # A write to what is no file, such as what wakes the runtime's threads, does not fail on any machine.
    files = [path for path in office.files() if path.is_relative_to(office.dir / folder)]
    for path in {path.parent for path in files}.union(files, (f"{path}.new" for path in files)):
        words += ["-P", path]
    tracer = subprocess.Popen([str(word) for word in words], stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        until("strace is attached", lambda: True if traced(office) else None, 30)

        def failed():
            stage.some_traffic(3, 2)
            count = report.read_text(errors="replace").count("(INJECTED)") if report.exists() else 0
            return count or (0 if not office.runs() else None)
        count = until(f"{calls} failed at {office}", failed, 90)
        code = office.ends_by_itself(15)
    finally:
        end(tracer, signal.SIGINT)
    count = report.read_text(errors="replace").count("(INJECTED)")
    if count == 0:
        raise RigError(f"no {calls} of {office} was made to fail")
    return code, count


def traced(office) -> bool:
    with open(f"/proc/{office.child.pid}/status", encoding="utf-8") as status:
        return any(line.startswith("TracerPid:") and line.split()[1] != "0" for line in status)


def io_error(stage, chance) -> dict:
    """EIO on a write or a sync: the node must not go on as if nothing had happened."""
    stage.in_traffic(chance)
    office = pick(stage, chance)
    call = chance.choice(("fdatasync", "fsync", "pwrite64"))
    code, failed = failing(stage, office, chance, call, "EIO", 4)
    if code is None and office.runs():
        # Not every call is the log's: what matters is checked when all has settled.
        return {"call": call, "failed": failed, "exit": None}
    if code is not None and code <= 0:
        raise Broken("not_told", f"{office} ended with {code} after EIO on {call}: {office.last_words()}")
    return {"call": call, "failed": failed, "exit": code}


def log_error(stage, chance, calls: str) -> dict:
    """EIO on a call of a node on its log: nothing can be recorded any more, so the node ends, and says why."""
    stage.in_traffic(chance)
    office = pick(stage, chance)
    code, failed = failing(stage, office, chance, calls, "EIO", 4, "log")
    if code is None or code <= 0 or not office.explained():
        raise Broken("not_told", f"{office} after EIO on {calls} of its log: exit code {code}: {office.last_words()}")
    office.serve()
    return {"call": calls, "failed": failed, "exit": code}


def log_write_error(stage, chance) -> dict:
    """EIO on a write of the log: the node ends, and says why."""
    return log_error(stage, chance, "pwrite64")


def log_sync_error(stage, chance) -> dict:
    """EIO on a sync of the log: the node ends, and says why."""
    return log_error(stage, chance, "fsync,fdatasync")


def no_space_error(stage, chance) -> dict:
    """ENOSPC on a write, although the disk said that there was room."""
    stage.in_traffic(chance)
    office = pick(stage, chance)
    code, failed = failing(stage, office, chance, "pwrite64", "ENOSPC", 4)
    if code is not None and code <= 0:
        raise Broken("not_told", f"{office} ended with {code} after ENOSPC: {office.last_words()}")
    return {"failed": failed, "exit": code}


def attachments_gone(stage, chance) -> dict:
    """Every write and sync of an attachment fails, on a disk of their own; the log's disk is well."""
    office = pick(stage, chance)
    office.stop()
    blobs = office.dir / "blobs"
    with stage.place.pool.disk("attachments", 512) as disk:
        shutil.copytree(blobs, disk.path, dirs_exist_ok=True)
        disk.sync()
        run("mount", "--bind", disk.path, blobs)
        try:
            office.serve()
            stage.world.linked()
            stage.in_traffic(chance)
            disk.shut_down()
            told = [tried(stage, office, chance) for _ in range(3)]
            stage.some_traffic(30, 30)
            goes_on = office.runs()
            if not goes_on and not office.explained():
                raise Broken("not_told", f"{office} without a disk for attachments: {office.last_words()}")
            if "acknowledged" in told:
                raise Broken("not_told", f"{office} takes attachments that it cannot keep: {office.last_words()}")
            office.kill()
        finally:
            run("umount", "-l", blobs)
        disk.come_back()
        shutil.copytree(disk.path, blobs, dirs_exist_ok=True, ignore=shutil.ignore_patterns("lost+found"))
        office.disk.sync()
    office.serve()
    return {"refused": sorted(set(told)), "went_on": goes_on}


def read_only(stage, chance) -> dict:
    """The disk becomes read-only under the node: it must end or refuse, and acknowledge nothing."""
    stage.in_traffic(chance)
    office = pick(stage, chance)
    office.disk.make_read_only()
    before = stage.ledger.acknowledged()
    stage.some_traffic(12, 30)
    code = office.ends_by_itself(30)
    if code is None:
        told = tried(stage, office, chance)
        office.kill()
        office.disk.mend()
        if told == "acknowledged":
            raise Broken("not_told", f"{office} takes work on a read-only disk: {office.last_words()}")
    else:
        said = office.last_words()
        office.disk.mend()
        if code <= 0:
            raise Broken("not_told", f"{office} ended with {code} on a read-only disk: {said}")
        told = None
    office.serve()
    return {"exit": code, "refused": told, "acknowledged_elsewhere": stage.ledger.acknowledged() - before}
