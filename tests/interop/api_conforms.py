"""Holds a running node to its own OpenAPI document.

    api_conforms.py LIAISON DEMO [EXAMPLES]

LIAISON is the program, DEMO the folder of a demo that has ended. Copies of its nodes are served; the document is checked against OpenAPI 3.1; and what schemathesis makes of it, right and wrong, is sent
in each role to every route, EXAMPLES times (3 where none is given) and, for the office, with each
fault that the document allows for.
"""

import json
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

from openapi_spec_validator import OpenAPIV31SpecValidator

# The first is asked.
NODES = ["mk", "tr", "at", "ir"]
# Who calls: nobody may be auditor or administrator and something else.
CALLERS = {
    "office": ["officer", "releaser", "contact"],
    "auditor": ["auditor"],
    "admin": ["admin"],
    "observer": ["observer"],
}
# `positive_data_acceptance` wants that whatever has the right shape is taken, but an exchange has its
# states and a message its rules. The other checks are all of those that need no further set-up.
LEFT_OUT = "positive_data_acceptance"
SEED = "20261127"


def user(liaison: str, node: pathlib.Path, name: str, roles: list[str]) -> str:
    command = [liaison, "user", "add", "--json", "--dir", node, "--name", name]
    for role in roles:
        command += ["--role", role]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)["token"]


def address_of(node: pathlib.Path, child: subprocess.Popen) -> str:
    """Where the API is, once it answers."""
    until = time.monotonic() + 60
    while time.monotonic() < until and child.poll() is None:
        try:
            address = json.loads((node / "run" / "addresses.json").read_bytes())["api"]
            urllib.request.urlopen(f"http://{address}/api/v1/openapi.json", timeout=5).read()
            return address
        except (OSError, ValueError):
            time.sleep(0.1)
    sys.exit("the node does not serve")


def main(liaison: str, demo: str, examples: str = "3") -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name in NODES:
            shutil.copytree(pathlib.Path(demo) / name, pathlib.Path(folder) / name)
        node = pathlib.Path(folder) / NODES[0]
        tokens = {name: user(liaison, node, f"case system {name}", roles)
                  for name, roles in CALLERS.items()}
        running = [subprocess.Popen([liaison, "serve", "--dir", pathlib.Path(folder) / name],
                                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                   for name in NODES]
        try:
            document = f"http://{address_of(node, running[0])}/api/v1/openapi.json"
            OpenAPIV31SpecValidator(json.load(urllib.request.urlopen(document))).validate()
            wrong = [name for name, token in tokens.items()
                     if not conforms(document, name, token, examples)]
            if running[0].poll() is not None:
                wrong.append("the node ended")
        finally:
            for child in running:
                child.send_signal(signal.SIGTERM)
            for child in running:
                child.wait(timeout=60)
        if wrong:
            sys.exit(f"not as the document says: {', '.join(wrong)}")


def conforms(document: str, name: str, token: str, examples: str) -> bool:
    program = pathlib.Path(__file__).parent.absolute() / "schemathesis_cli.py"
    command = [sys.executable, program, "run", document, "--header", f"Authorization: Bearer {token}",
               "--exclude-checks", LEFT_OUT, "--max-examples", examples, "--seed", SEED,
               "--generation-database", "none", "--workers", "2", "--no-color",
               "--request-timeout", "60", "--warnings", "off",
               # Most routes answer the others with 403, however the request looks.
               "--phases", "examples,coverage,fuzzing,stateful" if name == "office" else "fuzzing"]
    # It keeps what it finds where it is run.
    with tempfile.TemporaryDirectory() as folder:
        return subprocess.run(command, check=False, cwd=folder).returncode == 0


if __name__ == "__main__":
    main(*sys.argv[1:])
