"""Writes what each fuzz target begins with, from the examples of docs/protocol.md.

    seeds.py FOLDER            one folder below it for each target
"""

import base64
import hashlib
import json
import pathlib
import sys

VECTORS = pathlib.Path(__file__).parent.parent / "vectors"
ALL = json.loads((VECTORS / "protocol.json").read_bytes())
TO = pathlib.Path(sys.argv[1])
BUNDLE = (VECTORS / "bundle.tar").read_bytes()


def seed(target: str, data: bytes) -> None:
    folder = TO / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)


def b64(*path: str) -> bytes:
    value = ALL
    for step in path:
        value = value[step]
    return base64.b64decode(value)


for frame in ALL["frames"]:
    seed("frame", bytes.fromhex(frame))
seed("event", bytes.fromhex(ALL["message"]["body"]))
seed("header", bytes.fromhex(ALL["message"]["header"]))
seed("envelope", b64("envelope", "envelope"))
seed("envelope", b64("parcel", "parcel"))
seed("message", b64("copy", "copy"))
seed("receipt", b64("batch", "bytes"))
seed("receipt", b64("receipt", "bytes"))
seed("note", ALL["checkpoint"]["note"].encode())
seed("note", ALL["cosigned"]["note"].encode())
for entry in ALL["entry"]:
    seed("entry", bytes.fromhex(entry["bytes"]))
for statement in ALL["statements"]["bytes"]:
    seed("entry", bytes.fromhex(statement))
for proof in ("of 5 and 7", "of 7 and 7"):
    seed("evidence", b64("evidence", proof))
seed("document", ALL["documents"]["card"].encode())
seed("bundle", BUNDLE)
CLIENT = {"type": "webauthn.create", "challenge": base64.urlsafe_b64encode(bytes(32)).decode().strip("="),
          "origin": "http://mk.localhost:8480"}
seed("passkey", json.dumps(CLIENT).encode())
