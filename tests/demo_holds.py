"""Checks what `liaison demo --exit --json` printed: one object, enough steps, and all of them hold."""

import json
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    told = json.load(file)
steps = told["steps"]
assert [node["member"] for node in told["nodes"]] == ["MK", "TR", "AT", "IR"], told["nodes"]
assert len(steps) >= 12, len(steps)
by_name = {step["name"]: step for step in steps}
assert by_name["request-written"]["letter_state"] == "in-review"
assert [one["kind"] for one in by_name["request-sent"]["decisions"]] == ["release"]
assert by_name["asylum-request-stopped"]["stops"][0]["signs"] == ["asylum"]
assert by_name["asylum-request-returned"]["letter_state"] == "returned"
broken = [step["name"] for step in steps if step["holds"] is not True]
assert not broken, broken
print(f"the demo: {len(steps)} steps, all hold")
