"""Checks licences, banned crates and sources of the dependency tree against deny.toml."""

import json
import re
import subprocess
import sys
import tomllib

LIMIT = 250


def metadata() -> dict:
    command = ["cargo", "metadata", "--format-version=1", "--locked",
               "--filter-platform=x86_64-unknown-linux-gnu"]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def allowed(expression: str, allow: set[str]) -> bool:
    """Whether an SPDX expression can be met with the allowed licences alone."""
    tokens = re.findall(r"\(|\)|[^\s()]+", expression.replace("/", " OR "))
    words = []
    for token in tokens:
        if words and words[-1].endswith(" WITH"):
            words[-1] += f" {token}"
        elif token == "WITH":
            words[-1] += " WITH"
        else:
            words.append(token)
    python = {"OR": "or", "AND": "and", "(": "(", ")": ")"}
    terms = [python.get(word, str(word in allow)) for word in words]
    return bool(eval(" ".join(terms), {"__builtins__": {}}))


def in_the_node() -> set[tuple[str, str]]:
    """Name and version of the packages that the program is built from, without those of its tests
    and of build scripts. `cargo metadata` cannot tell: it turns on what only tests ask for."""
    command = ["cargo", "tree", "--locked", "--edges=normal", "--prefix=none", "--format={p}",
               "--target=x86_64-unknown-linux-gnu"]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    words = [line.split() for line in lines if line]
    return {(name, version.removeprefix("v")) for name, version, *_ in words}


def main() -> int:
    with open("deny.toml", "rb") as file:
        rules = tomllib.load(file)
    allow = set(rules["licenses"]["allow"])
    banned = {ban["crate"]: ban["reason"] for ban in rules["bans"]["deny"]}
    tree = metadata()
    node = in_the_node()
    faults = []
    for package in tree["packages"]:
        name = f"{package['name']} {package['version']}"
        licence = package["license"] or ""
        if not licence or not allowed(licence, allow):
            faults.append(f"{name}: licence {licence or 'not named'}")
        source = package["source"]
        if source is not None and not source.startswith("registry+"):
            faults.append(f"{name}: comes from {source}")
        if package["name"] in banned and (package["name"], package["version"]) in node:
            faults.append(f"{name}: banned, {banned[package['name']]}")
    if len(node) > LIMIT:
        faults.append(f"{len(node)} crates in the node, more than {LIMIT}")
    assert not allowed("GPL-3.0-only", allow) and allowed("GPL-2.0 OR MIT", allow)
    for fault in faults:
        print(fault)
    print(f"{len(tree['packages'])} packages, {len(node)} of them in the node, {len(faults)} faults")
    return 1 if faults else 0


sys.exit(main())
