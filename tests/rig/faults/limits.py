"""Limits of the system: open files and memory."""

import hashlib
from contextlib import ExitStack

from ..api import Cut
from ..base import Broken, until
from ..promises import attachment_digest
from .network import acknowledged
from .process import pick

FILES, MEMORY = 64, 512 << 20
# What deploy/liaison.service sets: else the addresses that malloc reserves alone come near the limit.
ARENAS = ("env", "MALLOC_ARENA_MAX=2")
# Connections that idle callers hold open.
IDLE = 100
# What is attached, in bytes, and how long it may take, in seconds.
LARGE, LARGE_WITHIN = 24_000_000, 120


def under(stage, office, limit: str, during, before: tuple[str, ...] = ()) -> dict:
    """Starts a node under a limit, under which it has to go on, does something, and starts it without again."""
    office.stop()
    office.prefix = [*before, "prlimit", limit]
    try:
        office.start()
        if not office.comes_up():
            raise Broken("not_started", f"{office} under {limit} {office.fate()}")
        outcome = during(office)
        if not office.runs():
            raise Broken("ended", f"{office} under {limit} {office.fate()}")
        office.stop()
    finally:
        office.prefix = []
        if office.child is not None:
            office.kill()
    office.serve()
    return outcome


def few_files(stage, chance) -> dict:
    """64 open files, and idle callers that hold all of them."""
    stage.in_traffic(chance)
    office = pick(stage, chance)

    def flood(office):
        with ExitStack() as held:
            for _ in range(IDLE):
                try:
                    held.enter_context(office.api("officer").connect(2))
                except Cut:
                    break
            stage.some_traffic(20, 20)
        stage.some_traffic(20, 20)
        return {}
    return under(stage, office, f"--nofile={FILES}:{FILES}", flood)


def little_memory(stage, chance) -> dict:
    """512 MiB of address space, with an attachment of 24 MB each way."""
    stage.in_traffic(chance)
    office = pick(stage, chance)

    def work(office):
        stage.some_traffic(40, 40)
        other = stage.world.others(office)[0]
        sent = []
        for sender, to in ((office, other), (other, office)):
            file = chance.randbytes(LARGE)
            reference = f"large-{sender}-{chance.randrange(10**9):09}"
            sent.append((to, acknowledged(stage, sender, to, reference, chance, file=file), file))
        for to, asked, file in sent:
            digest = until(f"{to} has {len(file)} bytes, or {office} has ended", lambda to=to, asked=asked: (
                attachment_digest(to, asked.id) if office.runs() else "ended"), LARGE_WITHIN)
            if office.runs() and digest != hashlib.sha256(file).hexdigest():
                raise Broken("undetected_damage", f"what {to} has of {asked.reference} is something else")
        return {"attached": 2 * LARGE}
    return under(stage, office, f"--as={MEMORY}", work, ARENAS)
