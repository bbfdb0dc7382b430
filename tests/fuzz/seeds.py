"""Writes what each fuzz target begins with, from the examples of docs/protocol.md.

    seeds.py FOLDER            one folder below it for each target
"""

import base64
import hashlib
import io
import json
import pathlib
import struct
import sys
import tarfile

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


def document(signed: dict) -> None:
    """A signed document, and what it says."""
    seed("document", json.dumps(signed, indent=2).encode())
    seed("document", base64.b64decode(signed["document"]))


document(json.loads(ALL["documents"]["card"]))
with tarfile.open(fileobj=io.BytesIO(BUNDLE)) as tar:
    for name in (name for name in tar.getnames() if name.startswith("trust/")):
        held = json.loads(tar.extractfile(name).read())
        for signed in held if isinstance(held, list) else [held]:
            document(signed)
SUSPEND = {"type": "suspend-list", "version": 1, "list_version": 1, "list": ALL["bundle"]["list"],
           "previous": None, "issued": "2026-03-22T14:02:00.000Z",
           "suspended": [{"member": "SI", "reason": "its keys were stolen"}]}
seed("document", json.dumps(SUSPEND, indent=2).encode())
seed("bundle", BUNDLE)


def piece(kind: int, stream: int, payload: bytes) -> bytes:
    return struct.pack(">BIH", kind, stream, len(payload)) + payload


DATA, END, RESET, STOP, CREDIT, CLOSE, PING, PONG = range(1, 9)
ONE = (1).to_bytes(4, "big")
# The streams of the peer, 0 both ways and 2 one way, and of this side, 1 and 3.
PIECES = [piece(DATA, 2, b"\1" * 40), piece(DATA, 0, b"asked"), piece(CREDIT, 1, (9_000).to_bytes(4, "big")),
          piece(CREDIT, 3, ONE), piece(PING, 0, bytes(8)), piece(PONG, 0, b"\1" * 8), piece(END, 0, b""),
          piece(STOP, 3, ONE), piece(DATA, 6, b"x"), piece(RESET, 6, ONE), piece(DATA, 4, b"y"),
          piece(PONG, 0, bytes(8)), piece(STOP, 0, ONE), piece(CLOSE, 0, ONE)]
for one in PIECES:
    seed("piece", one)
seed("piece", b"".join(PIECES))
seed("piece", piece(DATA, 2, bytes(8 * 1024)) * 4)

HELLO = bytes.fromhex(ALL["frames"][0])
GREETING = b"\1" + bytes(16) + struct.pack(">Qq", 3, 1_774_188_120_000) + struct.pack(">I", len(HELLO)) + HELLO
seed("greeting", piece(DATA, 2, GREETING))
seed("greeting", piece(PING, 0, bytes(8)) + b"".join(
    piece(DATA, 2, GREETING[at:at + 9]) for at in range(0, len(GREETING), 9)))
LONG = b"\1" + bytes(32) + struct.pack(">I", 64 * 1024)
seed("greeting", piece(DATA, 2, LONG) + piece(DATA, 2, bytes(8 * 1024)) * 7)

SENDER, KEY = (bytes.fromhex(ALL["keys"][name]["id"]) for name in ("hybrid", "receiving"))
NODE, MESSAGE = bytes.fromhex(ALL["identifiers"]["nodes"][0]["fixed"]), bytes.fromhex(
    ALL["identifiers"]["message"]["fixed"])
for magic in (b"LIASTIK\1", b"LIABKUP\1"):
    address = magic + NODE + SENDER + NODE + KEY + MESSAGE + struct.pack(">HBQ", 1, 1, 1_774_188_120_000)
    assert len(address) == 117, len(address)
    seed("stick", address + bytes(4_698 - len(address)))


def item(kind: int, payload: bytes) -> bytes:
    return struct.pack(">BI", kind, len(payload)) + payload


seed("stick", item(1, HELLO) + item(2, MESSAGE + struct.pack(">HQQ", 1, 70, 3) + b"sealed"))
seed("stick", item(3, struct.pack(">H", 10) + b"log/anchor" + bytes(8) + b"held"))
# What is put in a file that holds: into its address, its wrapped key, its signature, its items.
for at in (8, 9, 117, 157, 1_300, 1_400, 4_697, 4_698, 4_800):
    seed("stick", struct.pack(">H", at) + b"\xff")
CLIENT = {"type": "webauthn.create", "challenge": base64.urlsafe_b64encode(bytes(32)).decode().strip("="),
          "origin": "http://mk.localhost:8480"}
seed("passkey", json.dumps(CLIENT).encode())
