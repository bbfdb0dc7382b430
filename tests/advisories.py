"""Checks Cargo.lock against a copy of the RustSec advisory database.

    ADVISORY_DB=DIR python3 tests/advisories.py

Exceptions stand in deny.toml, each with its reason. Without a copy it says so and checks nothing."""

import os
import re
import sys
import tomllib
from pathlib import Path

FRONT_MATTER = re.compile(r"```toml\n(.*?)\n```", re.DOTALL)


def version(text: str) -> tuple:
    """A version as something that sorts: a pre-release stands before its release."""
    text, _, _build = text.partition("+")
    numbers, _, pre = text.partition("-")
    parts = [int(part) for part in numbers.split(".")]
    parts += [0] * (3 - len(parts))
    labels = tuple((0, int(l), "") if l.isdigit() else (1, 0, l) for l in pre.split(".") if l)
    return (*parts, 0 if pre else 1, labels)


def meets(found: str, requirement: str) -> bool:
    """Whether a version meets a requirement such as `>= 1.2.3, < 2.0.0` or `^0.3.1`."""
    return all(meets_one(found, one.strip()) for one in requirement.split(",") if one.strip())


def meets_one(found: str, requirement: str) -> bool:
    operator, text = re.fullmatch(r"(>=|<=|>|<|=|\^|~)?\s*(\S+)", requirement).groups()
    have, want = version(found), version(text)
    match operator:
        case ">=":
            return have >= want
        case "<=":
            return have <= want
        case ">":
            return have > want
        case "<":
            return have < want
        case "=":
            return have == want
        case "~":
            return have >= want and have[:2] == want[:2]
        case _:
            fixed = next((i for i in range(3) if want[i]), 2)
            return have >= want and have[:fixed + 1] == want[:fixed + 1]


def affects(advisory: dict, found: str) -> bool:
    versions = advisory.get("versions", {})
    spared = versions.get("patched", []) + versions.get("unaffected", [])
    return not any(meets(found, requirement) for requirement in spared)


def advisories(database: Path) -> list[dict]:
    read = []
    for file in sorted(database.glob("crates/*/RUSTSEC-*.md")):
        advisory = tomllib.loads(FRONT_MATTER.search(file.read_text()).group(1))
        if "withdrawn" not in advisory["advisory"]:
            read.append(advisory)
    return read


def self_test(known: list[dict]) -> None:
    ring = [a for a in known if a["advisory"]["id"] == "RUSTSEC-2025-0009"]
    assert ring and affects(ring[0], "0.17.11") and not affects(ring[0], "0.17.12")
    assert meets("0.3.4", "^0.3.1") and not meets("0.4.0", "^0.3.1")
    assert meets("1.0.0-rc.1", "< 1.0.0") and not meets("1.0.0-rc.1", ">= 1.0.0")


def main() -> int:
    database = os.environ.get("ADVISORY_DB")
    if not database or not Path(database).is_dir():
        print("not checked: ADVISORY_DB names no copy of the RustSec advisory database")
        return 0
    known = advisories(Path(database))
    self_test(known)
    with open("deny.toml", "rb") as file:
        excused = set(tomllib.load(file)["advisories"]["ignore"])
    with open("Cargo.lock", "rb") as file:
        packages = tomllib.load(file)["package"]
    found, used = [], set()
    for package in packages:
        for advisory in known:
            about = advisory["advisory"]
            if about["package"] != package["name"] or not affects(advisory, package["version"]):
                continue
            used.add(about["id"])
            if about["id"] not in excused:
                kind = about.get("informational", "vulnerability")
                found.append(f"{package['name']} {package['version']}: {about['id']}, {kind}")
    found += [f"{id}: excused in deny.toml and not needed" for id in sorted(excused - used)]
    for fault in found:
        print(fault)
    newest = max(str(advisory["advisory"]["date"]) for advisory in known)
    print(f"{len(packages)} packages, {len(known)} advisories up to {newest}, {len(found)} faults")
    return 1 if found else 0


sys.exit(main())
