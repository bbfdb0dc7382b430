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


def in_the_node(tree: dict) -> set[str]:
    """Packages that the built program holds, without tests and build scripts."""
    nodes = {node["id"]: node for node in tree["resolve"]["nodes"]}
    found, todo = set(), [tree["resolve"]["root"]]
    while todo:
        package = todo.pop()
        if package in found:
            continue
        found.add(package)
        for dependency in nodes[package]["deps"]:
            if any(kind["kind"] is None for kind in dependency["dep_kinds"]):
                todo.append(dependency["pkg"])
    return found


def main() -> int:
    with open("deny.toml", "rb") as file:
        rules = tomllib.load(file)
    allow = set(rules["licenses"]["allow"])
    banned = {ban["crate"]: ban["reason"] for ban in rules["bans"]["deny"]}
    tree = metadata()
    node = in_the_node(tree)
    faults = []
    for package in tree["packages"]:
        name = f"{package['name']} {package['version']}"
        licence = package["license"] or ""
        if not licence or not allowed(licence, allow):
            faults.append(f"{name}: licence {licence or 'not named'}")
        source = package["source"]
        if source is not None and not source.startswith("registry+"):
            faults.append(f"{name}: comes from {source}")
        if package["name"] in banned and package["id"] in node:
            faults.append(f"{name}: banned, {banned[package['name']]}")
    if len(node) > LIMIT:
        faults.append(f"{len(node)} crates in the node, more than {LIMIT}")
    assert not allowed("GPL-3.0-only", allow) and allowed("GPL-2.0 OR MIT", allow)
    for fault in faults:
        print(fault)
    print(f"{len(tree['packages'])} packages, {len(node)} of them in the node, {len(faults)} faults")
    return 1 if faults else 0


sys.exit(main())
