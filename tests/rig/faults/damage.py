"""Files of a node's folder that are damaged while it stands: found out or made good, and never silent."""

import os

from ..api import Cut, Problem
from ..base import Unsettled
from ..promises import attachment_digest
from .process import pick

WAYS = ("flip", "zero", "truncate", "delete")
# Files whose damage is tried at a time.
TRIALS = 6
# What holds nothing that could be lost: locks, the node's addresses while it runs, and room held back.
EMPTY = {"log/lock", "state/people.lock", "keys/keystore.lock", "trust/lock", "run/addresses.json", "log/ballast"}
# What people edit, and what has no checksum therefore.
EDITED = {"liaison.toml"}
# By what a node or the verifier names the damage of a file, by the beginnings of its path: events and codes of
# errors. Else the path has to stand in what is said. What is told of another file counts for nothing.
NAMED_BY = {
    "log/": ("log-remark", "log-damaged"),
    "index/": ("index-remark", "index-rebuilt", "index-caught-up", "index-failed", "index-damaged"),
    "cosigned": ("cosigned-damaged", "note-malformed"),
    "trust/": ("why: trust:", "trust-list-", "bundle-rollback", "own-bundle"),
    "keys/keystore": ("keystore",),
    "keys/epoch": ("epoch",),
    "state/people": ("people",),
    "blobs/": ("attachment-lost", "attachment-interrupted"),
}


def kind(name: str) -> str:
    """A name for files of one kind, so that each kind has its turn."""
    parts = name.split("/")
    if parts[0] == "blobs":
        return "blobs/*"
    if parts[0] == "index":
        last = parts[-1].split(".")[0]
        return f"index/*/{'blobs/*' if 'blobs' in parts else last}"
    return "log/*.seg" if name.endswith(".seg") else name


def damage(stage, chance) -> dict:
    """Stops a node, damages one file after another, and looks at what the node makes of each."""
    stage.some_traffic(20, 30)
    office = pick(stage, chance)
    stage.settle()
    office.stop()
    outcomes: dict[str, int] = {}
    for _ in range(TRIALS):
        # sled gives its files other names at a start, so that one is chosen only now.
        past = past_of(stage, office)
        name, way = next_trial(stage, office, chance)
        outcome, words = trial(stage, office, name, way, past, chance)
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
        stage.damages.append({"office": office.member, "file": kind(name), "way": way, "outcome": outcome,
                              "words": words})
        if outcome == "silent":
            stage.findings.add("undetected_damage", f"{office}: {name}, {way}: nothing that was said names "
                                                    f"it: {words or 'it served'}")
    office.serve()
    return outcomes


def next_trial(stage, office, chance) -> tuple[str, str]:
    """A file of the kind whose turn it is, and the way in which it is damaged."""
    names = [str(path.relative_to(office.dir)) for path in office.files()]
    names = [name for name in names if name not in EDITED]
    kinds = sorted({kind(name) for name in names})
    deck = stage.decks.setdefault("damage", [])
    while True:
        if not deck:
            deck += [(one, way) for one in kinds for way in WAYS]
            chance.shuffle(deck)
        one, way = deck.pop()
        of_kind = [name for name in names if kind(name) == one]
        if of_kind:
            return of_kind[chance.randrange(len(of_kind))], way


def hurt(path, way: str, chance) -> bytes:
    """Damages a file; gives what it held."""
    held = path.read_bytes()
    if way == "delete":
        path.unlink()
    elif way == "zero":
        path.write_bytes(bytes(len(held)))
    elif way == "truncate":
        path.write_bytes(held[:chance.randrange(len(held))] if held else b"")
    elif held:
        written = [at for at in range(len(held)) if held[at]] if len(held) < 1 << 20 else None
        at = written[chance.randrange(len(written))] if written else chance.randrange(len(held))
        path.write_bytes(held[:at] + bytes([held[at] ^ 1 << chance.randrange(8)]) + held[at + 1:])
    return held


def picture(office) -> dict:
    """What the office's people see of the past: all exchanges, and how they stand."""
    listed = office.api("officer").pages("/exchanges")
    alerts = office.api("officer").pages("/alerts")
    return {"exchanges": {one["id"]: one["state"] for one in listed}, "alerts": {one["id"] for one in alerts}}


def past_of(stage, office) -> tuple[dict, int]:
    """Starts and stops the office. Gives what its people see of the past, and how long its log is."""
    office.serve()
    past = picture(office), office.health()["log_size"]
    stage.world.linked()
    office.stop()
    return past


def names(words: str, name: str) -> bool:
    """Whether words are about a file of the folder."""
    by = [sign for beginning, signs in NAMED_BY.items() if name.startswith(beginning) for sign in signs]
    return name in words or any(sign in words for sign in by)


def told_of(office, name: str) -> str:
    """What a node that serves, or the verifier, said of a damaged file; nothing where it said nothing."""
    lines = [line for line in office.said().splitlines()
             if any(word in line for word in (" WARN ", " ERROR ", "index-")) and names(line, name)]
    # The verifier exits with 3 for what it finds in a folder.
    verified = office.command("audit verify")
    if verified.returncode == 3 and names(verified.stderr, name):
        lines.append(verified.stderr.strip())
    return " | ".join(lines)[:400]


def trial(stage, office, name: str, way: str, past: tuple[dict, int], chance) -> tuple[str, str]:
    """One file, one damage. Gives `refused`, `repaired`, `told`, `no effect` or `silent`, and what was said."""
    before, heads = past
    path = office.dir / name
    held = hurt(path, way, chance)
    office.start()
    if not office.says_it_serves():
        code = office.ends_by_itself(1)
        restore(path, held)
        refused = code and code > 0 and office.explained() and names(office.said(), name)
        return "refused" if refused else "silent", office.last_words()
    whole = sees_all(stage, office, before, heads)
    told = told_of(office, name)
    blob = read_blobs(stage, office) if name.startswith("blobs/") else "whole"
    if not whole or blob == "other bytes":
        outcome = "told" if told else "silent"
    elif blob == "refused":
        outcome = "told"
    else:
        outcome = "repaired" if told else "no effect"
    office.stop()
    if outcome in ("told", "silent"):
        restore(path, held)
    return outcome, told


def sees_all(stage, office, before: dict, size: int) -> bool:
    """Whether nobody at the office misses anything that was there before."""
    try:
        now = picture(office)
        for role in ("contact", "auditor"):
            office.api(role).json("GET", "/whoami")
    except (Cut, Problem):
        return False
    lost = [one for one, state in before["exchanges"].items() if now["exchanges"].get(one) != state]
    if lost or before["alerts"] - now["alerts"] or office.health()["log_size"] <= size:
        return False
    try:
        stage.world.linked()
    except Unsettled:
        return False
    return True


def read_blobs(stage, office) -> str:
    """Whether the office's attachments are `whole`, `refused`, or given with `other bytes`."""
    outcome = "whole"
    for asked in list(stage.ledger.asked.values()):
        if asked.attached is not None and office.member in (asked.sender, asked.recipient):
            digest = attachment_digest(office, asked.id)
            if digest is None:
                outcome = "refused"
            elif digest != asked.attached:
                return "other bytes"
    return outcome


def restore(path, held: bytes) -> None:
    """Puts back what a file held, on the disk: another fault may follow that drops what is not."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "wb") as file:
        file.write(held)
        file.flush()
        os.fsync(file.fileno())
    folder = os.open(path.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


