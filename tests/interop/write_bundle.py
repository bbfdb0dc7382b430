"""Writes exported logs from docs/protocol.md alone, good ones and, where a test asks, bad ones.

Everything that a bundle says stands in a Bundle as plain data until it is signed, so that a test can
change any of it and still have it signed.
"""

import base64
import copy
import secrets

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey

from trust_documents import SPKI, digest, in_context, key_id, pretty
from verify_bundle import Tree, header, tiles

NOW, LATER = "2026-03-22T14:02:00.000Z", "2026-04-21T14:02:00.000Z"


def text64(data: bytes) -> str:
    return base64.b64encode(data).decode()


class Key:
    """A hybrid signing key."""

    def __init__(self):
        self.ed25519, self.ml_dsa = Ed25519PrivateKey.generate(), MLDSA65PrivateKey.generate()
        self.public = (self.ed25519.public_key().public_bytes_raw()
                       + self.ml_dsa.public_key().public_bytes_raw())
        self.text, self.id = text64(self.public), key_id(self.public).hex()

    def sign(self, signed: bytes) -> bytes:
        return self.ed25519.sign(signed) + self.ml_dsa.sign(signed)


class TlsKey:
    """A TLS key, and the SubjectPublicKeyInfo of its public half."""

    def __init__(self):
        self.ed25519 = Ed25519PrivateKey.generate()
        self.spki = SPKI + self.ed25519.public_key().public_bytes_raw()
        self.pin = digest(self.spki).hex()


def receiving_key() -> bytes:
    """The public half of a receiving key; nobody holds the other."""
    numbers = [(secrets.randbelow(3329), secrets.randbelow(3329)) for _ in range(384)]
    ml_kem = b"".join((low | high << 12).to_bytes(3, "little") for low, high in numbers)
    return ml_kem + secrets.token_bytes(32) + bytes([9]).ljust(31, b"\1") + b"\0"


COUNTRIES = ("AT", "MK", "SI")
IDENTITY = {member: Key() for member in COUNTRIES + ("ICMPD", "TR")}
LOG = {member: Key() for member in IDENTITY}
NEXT_LOG = Key()
TLS = {member: TlsKey() for member in IDENTITY}
NEXT_TLS = TlsKey()


def proof(member: str, log: Key, tls: list[TlsKey]) -> dict:
    """That the first node of the member holds these keys."""
    proved = member.encode().ljust(8, b"\0") + b"\1" + bytes.fromhex(IDENTITY[member].id)
    signed = b"liaison/possession/v1/tls\0" + proved
    return {"log": text64(log.sign(in_context("liaison/possession/v1", proved))),
            "tls": [{"key": text64(key.spki), "signature": text64(key.ed25519.sign(signed))}
                    for key in tls]}


def document(kind: str, payload: object, signers: list[tuple[str, Key]]) -> dict:
    """Signs a payload, an object or its very bytes."""
    data = payload if isinstance(payload, bytes) else pretty(payload)
    signed = in_context(f"liaison/{kind}/v1", data)
    signatures = [{"member": member, "key": key.id, "signature": text64(key.sign(signed))}
                  for member, key in signers]
    return {"document": text64(data), "signatures": signatures}


def entry(number: int, **other) -> bytes:
    fields = {
        "version": b"\1", "time": (1_774_188_120_000 + number).to_bytes(8, "big"), "kind": b"\7",
        "event": (803).to_bytes(2, "big"), "role": b"\7", "actor": bytes(16), "exchange": bytes(16),
        "peer": bytes(8), "commitment": digest(b"%d" % number), "sealed": digest(b"sealed"),
        "length": None, "extensions": b"",
    } | other
    if fields["length"] is None:
        fields["length"] = len(fields["extensions"]).to_bytes(2, "big")
    return b"".join(fields.values())


def extension(kind: int, value: bytes = b"value") -> bytes:
    return kind.to_bytes(2, "big") + len(value).to_bytes(2, "big") + value


class Bundle:
    """A bundle of MK's log in a federation of three countries and an organisation."""

    def __init__(self, entries: int = 5):
        own = [(member, IDENTITY[member]) for member in COUNTRIES]
        countries = [{"member": member, "identity": IDENTITY[member].text} for member in COUNTRIES]
        self.roots = [[{"type": "root", "version": 1, "previous": None, "issued": NOW,
                        "countries": countries}, list(own)]]
        self.list = {"type": "trust-list", "version": 1, "root_version": 1, "previous": None,
                     "issued": NOW, "expires": LATER, "members": [
                         self.member(member) for member in COUNTRIES + ("ICMPD",)]}
        self.list_signers = own[:2]
        self.bundles = {f"{member}-1": [self.keys(member), [(member, IDENTITY[member])]]
                        for member in ("AT", "MK")}
        self.entries = [entry(number) for number in range(entries)]
        self.groups = sorted({min(2, entries), entries})
        self.origin = "mk-1.liaison/1"
        # The keys of the log, with the size after which each signs.
        self.log_keys = [(0, LOG["MK"])]
        # Later incarnations of the log, with the size after which each begins.
        self.begun: list[tuple[int, str]] = []
        # The size that is cosigned, and by whom: names of logs, with their keys and two times.
        self.cosigned: tuple[int, list[tuple[str, Key, int, int]]] | None = None

    @staticmethod
    def member(member: str) -> dict:
        return {"member": member, "name": f"Office {member}",
                "kind": "country" if len(member) == 2 else "organisation", "contact": "+000 2 000",
                "nodes": [{"number": 1, "identity": IDENTITY[member].text,
                           "address": f"{member.lower()}.example:4433"}]}

    @staticmethod
    def keys(member: str) -> dict:
        return {"type": "bundle", "node": f"{member}-1", "sequence": 1, "issued": NOW,
                "expires": LATER, "tls": [TLS[member].pin],
                "recipient": [{"key": text64(receiving_key()), "created": NOW, "not_after": LATER}],
                "log": [{"origin": f"{member.lower()}-1.liaison/1", "key": LOG[member].text,
                         "from": NOW}],
                "protocols": [1, 1]}

    def next_root(self, by: tuple[str, ...] = ("AT", "MK")) -> dict:
        """Appends a root that follows the last, signed by these."""
        last = self.roots[-1][0]
        following = copy.deepcopy(last) | {
            "version": last["version"] + 1, "previous": digest(pretty(last)).hex()}
        self.roots.append([following, [(member, IDENTITY[member]) for member in by]])
        self.list["root_version"] = following["version"]
        return following

    def origin_at(self, size: int) -> str:
        """The incarnation that the checkpoint of this size is of."""
        return [self.origin, *(origin for after, origin in self.begun if after < size)][-1]

    def note(self, size: int, root: bytes) -> bytes:
        origin = self.origin_at(size)
        text = f"{origin}\n{size}\n{text64(root)}\n"
        key = [key for after, key in self.log_keys if after < size][-1]
        signature = key.sign(text.encode())
        lines = [text, "\n"]
        for kind, public, half in ((b"\1", key.public[:32], signature[:64]),
                                   (b"\xffliaison.ml-dsa-65", key.public[32:], signature[64:])):
            name = digest(origin.encode() + b"\n" + kind + public)[:4]
            lines.append(f"\u2014 {origin} {text64(name + half)}\n")
        return "".join(lines).encode()

    def cosignatures(self, size: int, root: bytes, by: list[tuple[str, Key, int, int]]) -> bytes:
        """What follows a note: two lines of each witness."""
        lines = []
        for name, key, *times in by:
            halves = []
            for time in times:
                text = f"cosignature/v1\ntime {time}\n{self.origin_at(size)}\n{size}\n{text64(root)}\n"
                halves.append(key.sign(text.encode()))
            kinds = ((b"\4", key.public[:32], halves[0][:64]),
                     (b"\xffliaison.cosignature-ml-dsa-65", key.public[32:], halves[1][64:]))
            for (kind, public, half), time in zip(kinds, times, strict=True):
                id_ = digest(name.encode() + b"\n" + kind + public)[:4]
                lines.append(f"\u2014 {name} {text64(id_ + time.to_bytes(8, 'big') + half)}\n")
        return "".join(lines).encode()

    def files(self) -> list[tuple[str, bytes]]:
        """Every file of the bundle, in order."""
        roots = [document("root", payload, signers) for payload, signers in self.roots]
        out = [("trust/root.json", pretty(roots)),
               ("trust/list.json", pretty(document("trust-list", self.list, self.list_signers)))]
        for name, (payload, signers) in self.bundles.items():
            content = pretty(document("bundle", payload, signers))
            out.append((f"trust/bundles/{name}.json", content))
        tree = Tree([digest(b"\0" + one) for one in self.entries])
        size = len(self.entries)
        notes = {at: self.note(at, tree.root(at)) for at in self.groups}
        out.append(("checkpoint", notes[size]))
        for number, (name, width) in enumerate(tiles(size)):
            some = self.entries[256 * number:256 * number + width]
            content = b"".join(len(one).to_bytes(2, "big") + one for one in some)
            out.append((f"tile/entries/{name}", content))
        for level in range(0, len(tree.levels), 8):
            hashes = tree.levels[level]
            for number, (name, width) in enumerate(tiles(len(hashes))):
                content = b"".join(hashes[256 * number:256 * number + width])
                out.append((f"tile/{level // 8}/{name}", content))
        out += [(f"checkpoints/{at}", notes[at]) for at in self.groups]
        if self.cosigned:
            at, by = self.cosigned
            root = tree.root(at) if at <= size else digest(b"another tree")
            note = notes.get(at) or self.note(at, root)
            out.append(("cosigned", note + self.cosignatures(at, root, by)))
        return out


def tar(files: list[tuple[str, bytes]]) -> bytes:
    blocks = [header(name, len(content)) + content + bytes(-len(content) % 512)
              for name, content in files]
    return b"".join(blocks) + bytes(1024)
