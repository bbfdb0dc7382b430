"""Checks what `liaison demo --exit --json` printed: one object, enough steps, and all of them hold."""

import json
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    told = json.load(file)
steps = told["steps"]
assert [node["member"] for node in told["nodes"]] == ["MK", "TR", "AT", "IR"], told["nodes"]
assert len(steps) >= 12, len(steps)
broken = [step["name"] for step in steps if step["holds"] is not True]
assert not broken, broken
print(f"the demo: {len(steps)} steps, all hold")
