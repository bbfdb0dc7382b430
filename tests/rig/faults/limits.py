"""Limits of the system: open files and memory."""

from contextlib import ExitStack

from ..api import Cut
from ..base import Broken
from .process import pick

FILES, MEMORY = 64, 512 << 20
# What deploy/liaison.service sets: else the addresses that malloc reserves alone come near the limit.
ARENAS = ("env", "MALLOC_ARENA_MAX=2")
# Connections that idle callers hold open.
IDLE = 100


def under(stage, office, limit: str, during, before: tuple[str, ...] = ()) -> dict:
    """Starts a node under a limit, does something, and starts it without again."""
    office.stop()
    office.prefix = [*before, "prlimit", limit]
    try:
        office.start()
        if not office.comes_up():
            code = office.ends_by_itself(1)
            if code is None or code <= 0 or not office.explained():
                raise Broken("not_told", f"{office} under {limit} ended with {code}: {office.last_words()}")
            outcome = {"started": False, "exit": code, "said": office.last_words()[-160:]}
        else:
            outcome = {"started": True, **during(office)}
    finally:
        office.prefix = []
        if office.child is not None:
            if office.runs():
                office.stop()
            else:
                outcome["exit"] = office.ends_by_itself(1)
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
        return {"survived": office.runs()}
    return under(stage, office, f"--nofile={FILES}:{FILES}", flood)


def little_memory(stage, chance) -> dict:
    """512 MiB of address space, with an attachment of 24 MB each way."""
    stage.in_traffic(chance)
    office = pick(stage, chance)

    def work(office):
        stage.some_traffic(40, 40)
        return {"survived": office.runs()}
    return under(stage, office, f"--as={MEMORY}", work, ARENAS)
