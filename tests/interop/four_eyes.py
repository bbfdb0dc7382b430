"""The rule of four eyes over the entries of a log, written from docs/protocol.md § 12.8 alone."""

import base64
import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from trust_documents import SMALL_ED25519, demand, node_id

# Each decision by the event that it stands on.
DECISIONS = {302: 1, 305: 2, 307: 3, 308: 4}
RELEASE, CLEAR, EMERGENCY, REVIEW = 1, 2, 3, 4
# The policy's bit of each event of a sent message.
GATED = {100: 1, 120: 2, 130: 4, 164: 8, 200: 16, 220: 16}
CONTEXT = b"liaison/decision/v1"


def number(data: bytes) -> int:
    return int.from_bytes(data, "big")


def sized(data: bytes, length: int) -> bytes:
    """A key or signature of a person: kind, length, bytes."""
    demand(len(data) == 3 + length and data[0] == 1 and number(data[1:3]) == length,
           "a key or signature of a person is malformed")
    return data[3:]


def person_key(data: bytes) -> bytes:
    key = sized(data, 32)
    y = key[:31] + bytes([key[31] & 0x7F])
    demand(y not in SMALL_ED25519, "a person's key is weak")
    return key


def person_keys(data: bytes) -> list[tuple[int, bytes]]:
    """The keys of a person, each with its kind, one behind the other."""
    keys = []
    while data:
        length = number(data[1:3])
        key, data = data[:3 + length], data[3 + length:]
        demand(len(key) == 3 + length and key[0] in (1, 2), "a person's key is malformed")
        if key[0] == 1:
            keys.append((1, person_key(key)))
        else:
            algorithm = int.from_bytes(key[3:7], "big", signed=True)
            fits = {-8: length == 36, -7: length == 69, -257: 260 <= length <= 404}
            demand(fits.get(algorithm, False), "a passkey is malformed")
            keys.append((2, key[3:]))
    return keys


def signature_parts(data: bytes) -> tuple[int, bytes]:
    demand(len(data) >= 3 and data[0] in (1, 2) and number(data[1:3]) == len(data) - 3 <= 2048,
           "a signature of a person is malformed")
    demand(data[0] == 2 or len(data) == 67, "a signature of a person is malformed")
    return data[0], data[3:]


def asserted(data: bytes) -> tuple[bytes, bytes, bytes]:
    """Authenticator data, client data and signature of an assertion."""
    parts = []
    for _ in range(2):
        length = number(data[:2])
        demand(len(data) >= 2 + length, "an assertion is malformed")
        parts.append(data[2:2 + length])
        data = data[2 + length:]
    return parts[0], parts[1], data


def raw_verify(key: bytes, signature: bytes, signed: bytes) -> None:
    algorithm, raw = int.from_bytes(key[:4], "big", signed=True), key[4:]
    if algorithm == -8:
        Ed25519PublicKey.from_public_bytes(raw).verify(signature, signed)
    elif algorithm == -7:
        public = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), raw)
        public.verify(signature, signed, ECDSA(SHA256()))
    else:
        # RSAPublicKey (RFC 8017 § A.1.1), which the library reads by itself.
        load_der_public_key(raw).verify(signature, signed, PKCS1v15(), SHA256())


def holds(key: tuple[int, bytes], kind: int, signature: bytes, text: bytes) -> bool:
    if key[0] != kind:
        return False
    try:
        if kind == 1:
            Ed25519PublicKey.from_public_bytes(key[1]).verify(signature, text)
            return True
        data, client, signature = asserted(signature)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(text).digest()).rstrip(b"=")
        begins = b'{"type":"webauthn.get","challenge":"' + challenge + b'","origin":"'
        if not client.startswith(begins) or len(data) < 37 or data[32] & 5 != 5:
            return False
        raw_verify(key[1], signature, data + hashlib.sha256(client).digest())
        return True
    except (InvalidSignature, ValueError):
        return False


def extensions(entry: bytes) -> dict[int, bytes]:
    found, rest = {}, entry[119:]
    while rest:
        length = number(rest[2:4])
        found[number(rest[:2])], rest = rest[4:4 + length], rest[4 + length:]
    return found


class Letter:
    def __init__(self, digest: bytes, drafter: bytes, since: int):
        self.digest, self.drafter, self.since = digest, drafter, since
        self.released = self.cleared = False
        self.emergency = None


def node_bytes(node: str) -> bytes:
    member, of_member = node_id(node)
    return member + bytes([of_member])


class FourEyes:
    def __init__(self, node: str):
        self.node = node_bytes(node)
        self.people: dict[bytes, tuple[int, list[tuple[int, bytes]]]] = {}
        self.letters: dict[int, Letter] = {}
        self.policy, self.emergency_after = 0, 0

    def see(self, index: int, entry: bytes) -> None:
        time, event, actor = number(entry[1:9]), number(entry[10:12]), entry[13:29]
        shown = extensions(entry)
        if 1 in shown:
            person, keys = shown[1][:16], person_keys(shown[1][16:])
            demand(len(person) == 16, "a person is malformed")
            if keys:
                self.people[person] = (index, keys)
            else:
                self.people.pop(person, None)
        if 2 in shown:
            demand(len(shown[2]) == 32, "a letter is malformed")
            self.letters[index] = Letter(shown[2], actor, time)
        if 3 in shown:
            self.decide(event, actor, time, shown[3])
        demand(3 in shown or event not in DECISIONS, "a decision is not signed")
        if 4 in shown:
            demand(len(shown[4]) == 8, "the letter of a message is malformed")
        if 5 in shown:
            demand(len(shown[5]) == 6 and number(shown[5][:2]) < 32, "a policy is malformed")
            self.policy, self.emergency_after = number(shown[5][:2]), number(shown[5][2:])
        self.leave(event, shown.get(4))

    def decide(self, event: int, by: bytes, time: int, decision: bytes) -> None:
        demand(len(decision) >= 49, "a decision is malformed")
        kind, letter, key_at = decision[0], number(decision[1:9]), number(decision[9:17])
        reason, (form, signature) = decision[17:49], signature_parts(decision[49:])
        if form == 2:
            asserted(signature)
        demand(DECISIONS.get(event) == kind, "a decision stands on another event")
        demand(letter in self.letters, "a decision names no letter")
        letter = self.letters[letter]
        own = by == letter.drafter
        demand(kind == EMERGENCY or not own, "somebody decides about their own letter")
        demand(by in self.people and self.people[by][0] == key_at, "a decision names another key")
        keys = self.people[by][1]
        drafters = self.people.get(letter.drafter, (0, []))[1]
        same = any(key in drafters for key in keys)
        demand(own or not same, "two people have one key")
        signed = (bytes([len(CONTEXT)]) + CONTEXT + bytes([kind]) + self.node + letter.digest
                  + letter.drafter + by + reason)
        demand(any(holds(key, form, signature, signed) for key in keys),
               "a decision's signature does not hold")
        if kind == RELEASE:
            letter.released = True
        elif kind == CLEAR:
            letter.cleared = True
        elif kind == EMERGENCY:
            demand(self.emergency_after, "the policy allows no emergency")
            # Times end with the year 9999, and so does what is added to one.
            demand(time >= min(letter.since + 1000 * self.emergency_after, 253_402_207_200_000),
                   "an emergency release came too early")
            letter.released, letter.emergency = True, by
        else:
            demand(letter.emergency not in (None, by), "there is no emergency to review")
            letter.emergency = None

    def leave(self, event: int, of: bytes | None) -> None:
        wanted = GATED.get(event, 0) & self.policy
        if of is None:
            demand(not wanted, "a message left without its release")
            return
        demand(number(of) in self.letters, "a message came of no letter")
        letter = self.letters[number(of)]
        demand(letter.released or (letter.cleared and not wanted),
               "a message left without its release")
