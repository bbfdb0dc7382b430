"""An independent verifier of exported bundles: PyPI's pymerkle and cryptography, none of our code.

    verify_bundle.py BUNDLE...                       verifies bundles
    verify_bundle.py --self-test LIAISON DEMO        exports the demo's logs with the program
                                                     LIAISON, verifies them, and checks that
                                                     damaged ones are refused by both

It checks what C2SP's formats say: every entry is a leaf (RFC 6962), the tiles are the tree's, every
checkpoint is the root of the entries before it and carries the log's standard Ed25519 signature,
and the entries are included in the last one. Trust documents and the ML-DSA-65 half of each
signature are left to `liaison audit verify`.
"""

import base64
import hashlib
import io
import json
import pathlib
import subprocess
import sys
import tarfile
import tempfile

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pymerkle import InmemoryTree

TILE = 256


class Refused(Exception):
    """The bundle does not hold."""


def demand(holds: bool, what: str) -> None:
    if not holds:
        raise Refused(what)


def tile_path(index: int) -> str:
    """C2SP tlog-tiles: groups of three digits, all but the last with an x in front."""
    digits = f"{index:03d}"
    while len(digits) % 3:
        digits = "0" + digits
    groups = [digits[i:i + 3] for i in range(0, len(digits), 3)]
    return "/".join([f"x{group}" for group in groups[:-1]] + groups[-1:])


def note(text: bytes, origin: str, key: bytes) -> tuple[int, bytes]:
    """Reads a signed note, checks the Ed25519 signature, and gives size and root."""
    body, signatures = text.decode().split("\n\n", 1)
    body += "\n"
    lines = body.split("\n")
    demand(lines[0] == origin and len(lines) == 4, "the note is of another log")
    key_id = hashlib.sha256(origin.encode() + b"\n\x01" + key).digest()[:4]
    signed = False
    for line in signatures.splitlines():
        dash, name, value = line.split(" ")
        value = base64.b64decode(value, validate=True)
        demand(dash == "\u2014" and name == origin, "a signature line is malformed")
        if value[:4] == key_id:
            try:
                Ed25519PublicKey.from_public_bytes(key).verify(value[4:], body.encode())
            except InvalidSignature as error:
                raise Refused("a signature does not hold") from error
            signed = True
    demand(signed, "the note has no signature of the log's key")
    return int(lines[1]), base64.b64decode(lines[2], validate=True)


def log_key(files: dict[str, bytes], origin: str) -> bytes:
    """The Ed25519 half of the log key, from the node's bundle."""
    node = origin.split(".")[0].upper()
    document = json.loads(files[f"trust/bundles/{node}.json"])
    bundle = json.loads(base64.b64decode(document["document"]))
    for log in bundle["log"]:
        if log["origin"] == origin:
            return base64.b64decode(log["key"])[:32]
    raise Refused("the node's bundle names no key for the log")


def entries(files: dict[str, bytes], size: int) -> list[bytes]:
    found = []
    for index in range((size + TILE - 1) // TILE):
        width = min(TILE, size - index * TILE)
        partial = "" if width == TILE else f".p/{width}"
        tile = io.BytesIO(files[f"tile/entries/{tile_path(index)}{partial}"])
        for _ in range(width):
            length = int.from_bytes(tile.read(2), "big")
            entry = tile.read(length)
            demand(len(entry) == length, "an entry is cut short")
            found.append(entry)
        demand(not tile.read(1), "bytes follow the entries of a tile")
    return found


def verify(bundle: bytes) -> int:
    """Verifies a bundle and gives the number of its entries."""
    try:
        with tarfile.open(fileobj=io.BytesIO(bundle), mode="r:") as archive:
            files = {item.name: archive.extractfile(item).read() for item in archive}
        origin = files["checkpoint"].decode().split("\n", 1)[0]
        key = log_key(files, origin)
        size, root = note(files["checkpoint"], origin, key)
        tree, roots, leaves = InmemoryTree(algorithm="sha256"), {}, []
        for number, entry in enumerate(entries(files, size), 1):
            tree.append_entry(entry)
            leaves.append(hashlib.sha256(b"\x00" + entry).digest())
            roots[number] = tree.get_root()
        demand(roots[size] == root, "the entries do not lead to the signed root")
        for index in range((size + TILE - 1) // TILE):
            part = leaves[index * TILE:(index + 1) * TILE]
            partial = "" if len(part) == TILE else f".p/{len(part)}"
            tile = files[f"tile/0/{tile_path(index)}{partial}"]
            demand(tile == b"".join(part), "a tile is not the tree's")
        for name, text in files.items():
            if name.startswith("checkpoints/"):
                at, signed = note(text, origin, key)
                demand(name == f"checkpoints/{at}", "a checkpoint lies under another size")
                demand(roots.get(at) == signed, f"checkpoint {at} has another root")
        return size
    except (KeyError, ValueError, IndexError, EOFError, tarfile.TarError, AttributeError) as error:
        raise Refused(f"malformed: {error!r}") from error


def agree(liaison: str, bundle: bytes, holds: bool) -> None:
    """Both verifiers say the same of a bundle."""
    with tempfile.NamedTemporaryFile(suffix=".tar") as file:
        file.write(bundle)
        file.flush()
        command = [liaison, "audit", "verify", "--bundle", file.name]
        ended = subprocess.run(command, capture_output=True, check=False).returncode
    assert ended == (0 if holds else 3), ended
    try:
        verify(bundle)
    except Refused:
        assert not holds, "the independent verifier refuses what liaison accepts"
    else:
        assert holds, "the independent verifier accepts what liaison refuses"


def self_test(liaison: str, demo: pathlib.Path) -> None:
    compared = 0
    for member in ("mk", "tr", "at"):
        out = demo / f"{member}.independent.tar"
        command = [liaison, "audit", "export", "--dir", str(demo / member), "--out", str(out)]
        subprocess.run(command, check=True, capture_output=True)
        bundle = out.read_bytes()
        agree(liaison, bundle, True)
        # Inside an entry, a tile and a checkpoint: everything that both verifiers look at.
        with tarfile.open(out) as archive:
            for item in archive:
                if item.name.startswith("trust/"):
                    continue
                # The last line of a note is the ML-DSA-65 half, which only liaison checks.
                at = item.offset_data + min(item.size - 1, 30)
                forged = bytearray(bundle)
                forged[at] ^= 1
                agree(liaison, bytes(forged), False)
                compared += 1
    print(f"both verifiers agree on 3 bundles and on {compared} damaged ones")


if sys.argv[1] == "--self-test":
    self_test(sys.argv[2], pathlib.Path(sys.argv[3]))
else:
    for path in sys.argv[1:]:
        try:
            print(f"{path}: {verify(pathlib.Path(path).read_bytes())} entries hold")
        except Refused as refused:
            print(f"{path}: {refused}")
            sys.exit(3)
