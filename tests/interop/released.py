"""Logs in which people decide about letters, as they should and as they must not."""

import base64
import hashlib

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, derive_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.hashes import SHA256

from trust_documents import digest
from write_bundle import entry, extension

ANA, BORIS, VERA = (bytes([number]) * 16 for number in (1, 2, 3))
LETTER = digest(b"liaison/letter/v1" + bytes(32) + b"a letter")
RELEASE, CLEAR, EMERGENCY, REVIEW = 1, 2, 3, 4
EVENTS = {RELEASE: 302, CLEAR: 305, EMERGENCY: 307, REVIEW: 308}


def sized(data: bytes, kind: int = 1) -> bytes:
    return bytes([kind]) + len(data).to_bytes(2, "big") + data


def token_key(token: str) -> Ed25519PrivateKey:
    seed = HKDF(SHA256(), 32, None, b"liaison/person-key/v1").derive(token.encode())
    return Ed25519PrivateKey.from_private_bytes(seed)


def key_of(algorithm: int, raw: bytes) -> bytes:
    return sized(algorithm.to_bytes(4, "big", signed=True) + raw, 2)


class Passkey:
    """An authenticator, by the COSE algorithm of its key, and the browser before it."""

    def __init__(self, algorithm: int):
        self.algorithm = algorithm
        if algorithm == -8:
            self.pen = token_key("an authenticator")
            raw = self.pen.public_key().public_bytes_raw()
        elif algorithm == -7:
            self.pen = derive_private_key(77, SECP256R1())
            raw = self.pen.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        else:
            self.pen = generate_private_key(65537, 2048)
            raw = self.pen.public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)
        self.key = key_of(algorithm, raw)

    def sign(self, text: bytes, *, ceremony: str = "webauthn.get", flags: int = 5) -> bytes:
        challenge = base64.urlsafe_b64encode(hashlib.sha256(text).digest()).rstrip(b"=").decode()
        client = (f'{{"type":"{ceremony}","challenge":"{challenge}","origin":"https://mk.example",'
                  '"crossOrigin":false}').encode()
        data = bytes(32) + bytes([flags]) + bytes(4)
        signed = data + hashlib.sha256(client).digest()
        if self.algorithm == -8:
            signature = self.pen.sign(signed)
        elif self.algorithm == -7:
            signature = self.pen.sign(signed, ECDSA(SHA256()))
        else:
            signature = self.pen.sign(signed, PKCS1v15(), SHA256())
        return sized(b"".join(len(part).to_bytes(2, "big") + part for part in (data, client))
                     + signature, 2)


KEYS = {person: token_key(f"liaison_{person[0]}") for person in (ANA, BORIS, VERA)}


def u64(number: int) -> bytes:
    return number.to_bytes(8, "big")


class Log:
    """Entries 0 to 2 add the people, 3 sets a policy, 4 is a letter of Ana."""

    def __init__(self, policy: int = 1, after: int = 900):
        self.entries, self.late = [], 0
        for person in (ANA, BORIS, VERA):
            self.person(person, KEYS[person])
        value = policy.to_bytes(2, "big") + after.to_bytes(4, "big")
        self.add(810, extension(5, value))
        self.add(301, extension(2, LETTER), actor=ANA)

    def add(self, event: int, extensions: bytes = b"", **other) -> "Log":
        time = 1_774_188_120_000 + len(self.entries) + self.late
        self.entries.append(entry(0, time=u64(time), event=event.to_bytes(2, "big"),
                                  extensions=extensions, **other))
        return self

    def person(self, person: bytes, key: Ed25519PrivateKey | None, *passkeys: Passkey) -> "Log":
        key = b"" if key is None else sized(key.public_key().public_bytes_raw())
        keys = key + b"".join(passkey.key for passkey in passkeys)
        return self.add(700, extension(1, person + keys))

    def decide(self, kind: int, by: bytes, *, signed_by: bytes | None = None, letter: int = 4,
               key: int | None = None, node: bytes = b"MK\0\0\0\0\0\0\1", event: int = 0,
               reason: bytes = bytes(32), passkey: Passkey | None = None, **how) -> "Log":
        text = (b"\x13liaison/decision/v1" + bytes([kind]) + node + LETTER + ANA + by + reason)
        signature = sized(KEYS[signed_by or by].sign(text))
        if passkey:
            signature = passkey.sign(text, **how)
        key = by[0] - 1 if key is None else key
        value = bytes([kind]) + u64(letter) + u64(key) + bytes(32) + signature
        return self.add(event or EVENTS[kind], extension(3, value), actor=by)

    def send(self, of: int | None = 4, event: int = 100) -> "Log":
        return self.add(event, b"" if of is None else extension(4, u64(of)), actor=ANA)

    def wait(self, seconds: int) -> "Log":
        self.late += 1000 * seconds
        return self

    def full(self) -> list[bytes]:
        """Nine entries, as many as the bundle counts."""
        while len(self.entries) < 9:
            self.add(803)
        assert len(self.entries) == 9, len(self.entries)
        return self.entries


EDWARDS, P256, RSA = (Passkey(algorithm) for algorithm in (-8, -7, -257))


def asserted(passkey: Passkey, **how):
    """A release by Boris with a passkey of his."""
    return Log().person(BORIS, KEYS[BORIS], EDWARDS, P256, RSA).decide(
        RELEASE, BORIS, key=5, passkey=passkey, **how)


RELEASED = {
    "a request released by a passkey": lambda: asserted(P256).send().full(),
    "a request released by an Edwards passkey": lambda: asserted(EDWARDS).send().full(),
    "a request released by an RSA passkey": lambda: asserted(RSA).send().full(),
    "a request released by the token of who has passkeys":
        lambda: asserted(None).send().full(),
    "a released request": lambda: Log().decide(RELEASE, BORIS).send().full(),
    "a cleared request, where no policy asks more":
        lambda: Log(0).decide(CLEAR, BORIS).send().full(),
    "a released and cleared request":
        lambda: Log().decide(RELEASE, BORIS).decide(CLEAR, VERA).send().full(),
    "a message that no policy holds back": lambda: Log(1).send(None, 120).full(),
    "an emergency that is reviewed": lambda: Log().wait(900).decide(EMERGENCY, ANA).send().decide(
        REVIEW, BORIS).full(),
    "an emergency that nobody has reviewed":
        lambda: Log().wait(900).decide(EMERGENCY, ANA).send().full(),
}

UNRELEASED = {
    "a release by a passkey for another reason":
        lambda: asserted(P256, reason=b"r" * 32).full(),
    "a release by a passkey where nobody was verified": lambda: asserted(P256, flags=1).full(),
    "a release by an enrolment": lambda: asserted(P256, ceremony="webauthn.create").full(),
    "a release by a passkey that is not on record": lambda: asserted(Passkey(-257)).full(),
    "a release by a passkey that both have": lambda: Log().person(ANA, KEYS[ANA], P256).person(
        BORIS, KEYS[BORIS], P256).decide(RELEASE, BORIS, key=6, passkey=P256).full(),
    "a passkey of an unknown algorithm": lambda: Log().add(
        700, extension(1, ANA + key_of(-35, bytes(96)))).full(),
    "a release by who wrote it": lambda: Log().decide(RELEASE, ANA).full(),
    "a clearing by who wrote it": lambda: Log().decide(CLEAR, ANA).full(),
    "a release with another's signature":
        lambda: Log().decide(RELEASE, BORIS, signed_by=VERA).full(),
    "a release with the author's signature":
        lambda: Log().decide(RELEASE, BORIS, signed_by=ANA).full(),
    "a release that names another's key": lambda: Log().decide(RELEASE, BORIS, key=2).full(),
    "a release at another node":
        lambda: Log().decide(RELEASE, BORIS, node=b"TR\0\0\0\0\0\0\1").full(),
    "a release for another reason": lambda: Log().decide(RELEASE, BORIS, reason=b"r" * 32).full(),
    "a release that stands as a clearing":
        lambda: Log().decide(RELEASE, BORIS, event=EVENTS[CLEAR]).full(),
    "a release on another event": lambda: Log().decide(RELEASE, BORIS, event=803).full(),
    "a release of what is no letter": lambda: Log().decide(RELEASE, BORIS, letter=3).full(),
    "a release of a letter to come": lambda: Log().decide(RELEASE, BORIS, letter=7).full(),
    "a release without a signature": lambda: Log().add(302, actor=BORIS).full(),
    "a release by two accounts with one key":
        lambda: Log().person(VERA, KEYS[ANA]).decide(RELEASE, VERA, signed_by=ANA, key=5).full(),
    "a release with a key that was replaced":
        lambda: Log().person(BORIS, KEYS[VERA]).decide(RELEASE, BORIS).full(),
    "a release by who is gone": lambda: Log().person(BORIS, None).decide(RELEASE, BORIS).full(),
    "a request that left unreleased": lambda: Log().send(None).full(),
    "a request of a letter that was not released": lambda: Log().send().full(),
    "a request that was cleared and not released":
        lambda: Log().decide(CLEAR, BORIS).send().full(),
    "a request of no letter": lambda: Log().send(2).full(),
    "an answer that left unreleased": lambda: Log(2).send(None, 120).full(),
    "an alert that left unreleased": lambda: Log(16).send(None, 220).full(),
    "an emergency too early": lambda: Log().wait(890).decide(EMERGENCY, ANA).full(),
    "an emergency that no policy allows":
        lambda: Log(1, 0).wait(9000).decide(EMERGENCY, ANA).full(),
    "a review by who made the emergency":
        lambda: Log().wait(900).decide(EMERGENCY, BORIS).decide(REVIEW, BORIS).full(),
    "a review of no emergency": lambda: Log().decide(RELEASE, BORIS).decide(REVIEW, VERA).full(),
    "a policy with an unknown bit": lambda: Log(0x20).full(),
    "a letter cut short": lambda: Log().add(301, extension(2, LETTER[:31]), actor=ANA).full(),
    "a weak key of a person": lambda: Log().add(
        700, extension(1, ANA + sized((1).to_bytes(32, "little")))).full(),
    "a key of an unknown kind": lambda: Log().add(
        700, extension(1, ANA + b"\2" + sized(bytes(range(32)))[1:])).full(),
}
