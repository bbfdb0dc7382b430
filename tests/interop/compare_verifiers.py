"""Compares the verifier that was written from docs/protocol.md with `liaison audit verify`.

    compare_verifiers.py LIAISON DEMO

LIAISON is the program, DEMO the folder of a demo that has ended. Both verifiers must accept the
exported logs of the demo, the pinned bundle of tests/vectors and unusual ones that were written from
the page, and refuse every one that was damaged.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

import damages
from trust_documents import Refused
from verify_bundle import verify

VECTORS = pathlib.Path(__file__).parent.parent / "vectors"


def liaison_says(liaison: str, bundle: bytes, root: str | None) -> tuple | None:
    """What it proved to be; nothing if it was refused."""
    with tempfile.NamedTemporaryFile(suffix=".tar") as file:
        file.write(bundle)
        file.flush()
        command = [liaison, "audit", "verify", "--json", "--bundle", file.name]
        command += ["--root", root] if root else []
        ended = subprocess.run(command, capture_output=True, check=False)
    assert ended.returncode in (0, 3), (ended.returncode, ended.stderr)
    if ended.returncode == 3:
        return None
    found = json.loads(ended.stdout)
    risk = {one["member"]: (one["entries"], one["first"]) for one in found["at_risk"]}
    return found["origin"], found["entries"], found["checkpoints"], found["trust_root"], risk


def page_says(bundle: bytes, root: str | None) -> tuple | None:
    try:
        found = verify(bundle, bytes.fromhex(root) if root else None)
    except Refused:
        return None
    return found.origin, found.size, found.checkpoints, found.root.hex(), found.at_risk


class Comparison:
    def __init__(self, liaison: str):
        self.liaison, self.held, self.refused, self.wrong = liaison, 0, 0, []

    def compare(self, name: str, bundle: bytes, expected: bool, root: str | None = None) -> None:
        found = liaison_says(self.liaison, bundle, root), page_says(bundle, root)
        if found[0] != found[1] or (found[0] is not None) != expected:
            self.wrong.append((name, dict(zip(("liaison", "page"), found))))
        self.held += expected
        self.refused += not expected


def exported(liaison: str, demo: pathlib.Path) -> dict[str, bytes]:
    bundles = {}
    for member in ("mk", "tr", "at", "ir"):
        out = demo / f"{member}.independent.tar"
        out.unlink(missing_ok=True)
        command = [liaison, "audit", "export", "--dir", str(demo / member), "--out", str(out)]
        subprocess.run(command, check=True, capture_output=True)
        bundles[member] = out.read_bytes()
    return bundles


def spread(bundle: bytes, places: int):
    """The bundle with one bit changed, at places all over it."""
    for number in range(places):
        at = len(bundle) * number // places
        changed = bytearray(bundle)
        changed[at] ^= 1 << number % 8
        yield at, bytes(changed)


def main(liaison: str, demo: str) -> int:
    both = Comparison(liaison)
    pinned = (VECTORS / "bundle.tar").read_bytes()
    about = json.loads((VECTORS / "protocol.json").read_bytes())["bundle"]
    both.compare("the pinned bundle", pinned, True)
    both.compare("the pinned bundle under its root", pinned, True, about["root"])
    both.compare("the pinned bundle under another root", pinned, False, "ab" * 32)
    for member, bundle in exported(liaison, pathlib.Path(demo)).items():
        both.compare(f"the log of {member}", bundle, True)
        for at, changed in spread(bundle, 32):
            both.compare(f"a bit of the log of {member}, byte {at}", changed, False)
    for name, bundle in damages.good().items():
        both.compare(name, bundle, True)
    for name, bundle in damages.bad().items():
        both.compare(name, bundle, False)
    for name, found in both.wrong:
        print(f"disagreement: {name}: {found}")
    print(f"both verifiers accept {both.held} bundles and refuse {both.refused} damaged ones")
    assert both.held >= 20 and both.refused >= 200
    return 1 if both.wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
