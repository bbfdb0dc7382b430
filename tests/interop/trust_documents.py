"""Keys, signatures and trust documents, written from docs/protocol.md § 1 to 4 alone."""

import base64
import binascii
import hashlib
import json
import re
from datetime import datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PublicKey

P = 2**255 - 19
SMALL_ED25519 = {n.to_bytes(32, "little") for n in (0, 1, P - 1, P, P + 1)} | {
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
    bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
}
SMALL_X25519 = {n.to_bytes(32, "little") for n in (0, 1, P - 1)} | {
    bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
    bytes.fromhex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
}
# A SubjectPublicKeyInfo of Ed25519, before the key.
SPKI = bytes.fromhex("302a300506032b6570032100")
LATEST = 253_402_207_200_000
TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")


class Refused(Exception):
    """It does not hold."""


def demand(holds: bool, what: str) -> None:
    if not holds:
        raise Refused(what)


def digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


# § 1: base64, JSON, times, digests

def from_base64(text: object) -> bytes:
    demand(isinstance(text, str), "base64 is a text")
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Refused("this is not base64") from error
    demand(base64.b64encode(data).decode() == text, "base64 has one spelling")
    return data


def once(pairs: list[tuple[str, object]]) -> dict:
    members = dict(pairs)
    demand(len(members) == len(pairs), "a member stands twice")
    return members


def no_constant(_: str) -> None:
    raise Refused("NaN and the infinities are no JSON")


def pretty(value: object) -> bytes:
    return json.dumps(value, indent=2, ensure_ascii=False).encode()


def pretty_json(data: bytes) -> object:
    """A value that is written in the one way; `members` checks the order in it."""
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=once, parse_constant=no_constant)
        written = pretty(value)
    except (UnicodeError, ValueError, RecursionError) as error:
        raise Refused("this is not JSON") from error
    demand(written == data, "this is not pretty JSON")
    return value


def members(value: object, names: str) -> dict:
    """The object has these members in this order; one that ends with `?` may be left out."""
    demand(isinstance(value, dict), "this is no object")
    order = [name.rstrip("?") for name in names.split()
             if not name.endswith("?") or name[:-1] in value]
    demand(list(value) == order, "a member is missing, unknown or out of order")
    return value


def integer(value: object, least: int, below: int) -> int:
    demand(type(value) is int and least <= value < below, "a number is out of range")
    return value


def items(value: object, least: int, most: int) -> list:
    demand(isinstance(value, list) and least <= len(value) <= most, "a list has a wrong length")
    return value


def hex_digest(value: object) -> bytes:
    demand(isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value), "this is no digest")
    return bytes.fromhex(value)


def time(value: object) -> int:
    """Milliseconds since 1970."""
    demand(isinstance(value, str) and TIME.fullmatch(value), "this is no time")
    try:
        at = datetime.strptime(value[:19], "%Y-%m-%dT%H:%M:%S")
    except ValueError as error:
        raise Refused("this is no time") from error
    since = at - datetime(1970, 1, 1)
    millis = (since.days * 86_400 + since.seconds) * 1000 + int(value[20:23])
    demand(0 <= millis <= LATEST, "a time is out of range")
    return millis


# § 2: identifiers

def member_id(value: object) -> str:
    demand(isinstance(value, str) and re.fullmatch("[A-Z][A-Z0-9]{1,7}", value), "no member id")
    return value


def node_id(value: object) -> tuple[bytes, int]:
    """The node as it is ordered: the member's fixed form, and the number."""
    match = re.fullmatch("([A-Z][A-Z0-9]{1,7})-([1-9][0-9]{0,2})", value) if isinstance(value, str) else None
    demand(match is not None and int(match[2]) <= 255, "this is no node id")
    return match[1].encode().ljust(8, b"\0"), int(match[2])


def is_country(member: str) -> bool:
    return re.fullmatch("[A-Z]{2}", member) is not None


# § 3: keys

def key_id(public: bytes) -> bytes:
    return digest(b"liaison/key/v1" + public)


def hybrid_key(value: object) -> bytes:
    public = from_base64(value)
    demand(len(public) == 1984, "a hybrid key has 1,984 bytes")
    y = public[:31] + bytes([public[31] & 0x7F])
    demand(y not in SMALL_ED25519, "the key is of small order")
    return public


def receiving_key(value: object) -> bytes:
    public = from_base64(value)
    demand(len(public) == 1216, "a receiving key has 1,216 bytes")
    u = public[1184:]
    demand(int.from_bytes(u, "little") < P and u not in SMALL_X25519, "X25519 contributes nothing")
    for at in range(0, 1152, 3):
        both = int.from_bytes(public[at:at + 3], "little")
        demand(both & 0xFFF < 3329 and both >> 12 < 3329, "the ML-KEM key is none")
    return public


def holds(public: bytes, signed: bytes, signature: bytes) -> bool:
    """Both halves of a hybrid signature over these very bytes."""
    if len(signature) != 3373:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(public[:32]).verify(signature[:64], signed)
        MLDSA65PublicKey.from_public_bytes(public[32:]).verify(signature[64:], signed)
    except (InvalidSignature, ValueError):
        return False
    return True


def ed25519_holds(public: bytes, signed: bytes, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, signed)
    except (InvalidSignature, ValueError):
        return False
    return True


def in_context(context: str, message: bytes) -> bytes:
    return bytes([len(context)]) + context.encode() + message


# § 4: documents

class Document:
    """A signed document: its payload, and who signed it."""

    def __init__(self, value: object):
        members(value, "document signatures")
        self.payload = from_base64(value["document"])
        self.digest = digest(self.payload)
        self.signatures = []
        for one in items(value["signatures"], 0, 512):
            members(one, "member key signature")
            signature = from_base64(one["signature"])
            demand(len(signature) == 3373, "a signature has 3,373 bytes")
            self.signatures.append((member_id(one["member"]), hex_digest(one["key"]), signature))

    def read(self, kind: str, names: str) -> dict:
        payload = members(pretty_json(self.payload), f"type {names}")
        demand(payload["type"] == kind, f"this is no {kind}")
        return payload

    def signers(self, kind: str, key_of) -> set[tuple[str, bytes]]:
        """Verifies every signature; `key_of` gives a member's key with an id, or none."""
        signers = set()
        for member, key, signature in self.signatures:
            public = key_of(member, key)
            demand(public is not None, f"{member} may not sign this")
            demand((member, key) not in signers, f"{member} signed twice")
            signers.add((member, key))
            signed = in_context(f"liaison/{kind}/v1", self.payload)
            demand(holds(public, signed, signature), f"the signature of {member} does not hold")
        return signers
