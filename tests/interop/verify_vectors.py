"""Reads every example of docs/protocol.md as that page says, with PyPI's cryptography alone.

    verify_vectors.py            checks tests/vectors/protocol.json
"""

import base64
import hashlib
import hmac
import json
import pathlib

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from trust_documents import (Document, digest, holds, hybrid_key, in_context, key_id, member_id, members,
                             node_id, pretty_json, receiving_key, time)
from four_eyes import node_bytes, person_key, sized as proof
from released import token_key
from verify_bundle import Tree, check_entry, cosigned_note, node_hash, note, quorum, verify

VECTORS = pathlib.Path(__file__).parent.parent / "vectors"
ALL = json.loads((VECTORS / "protocol.json").read_bytes())
hexed, b64 = bytes.fromhex, base64.b64decode
KEY = b64(ALL["keys"]["hybrid"]["public"])
RECEIVING = b64(ALL["keys"]["receiving"]["public"])


def own_log(_size: int) -> tuple[str, bytes]:
    """The log of the examples, and its key at every size."""
    return "mk-1.liaison/1", KEY


class Reader:
    def __init__(self, data: bytes):
        self.data = data

    def take(self, count: int) -> bytes:
        assert count <= len(self.data)
        taken, self.data = self.data[:count], self.data[count:]
        return taken

    def number(self, count: int) -> int:
        return int.from_bytes(self.take(count), "big")

    def sized(self, count: int) -> bytes:
        return self.take(self.number(count))


def identifiers() -> None:
    about = ALL["identifiers"]
    for node in about["nodes"]:
        member, number = node_id(node["text"])
        assert member + bytes([number]) == hexed(node["fixed"])
    alphabet, number = "0123456789ABCDEFGHJKMNPQRSTVWXYZ", 0
    for letter in about["message"]["text"]:
        number = number * 32 + alphabet.index(letter)
    assert number.to_bytes(16, "big") == hexed(about["message"]["fixed"])
    node, incarnation = about["origin"]["text"].split(".liaison/")
    member, number = node_id(node.upper())
    fixed = member + bytes([number]) + int(incarnation).to_bytes(4, "big")
    assert fixed == hexed(about["origin"]["fixed"])
    assert time(about["time"]["text"]) == about["time"]["milliseconds"]


def keys() -> None:
    hybrid, receiving = ALL["keys"]["hybrid"], ALL["keys"]["receiving"]
    seeds = hexed(hybrid["seeds"])
    ed25519 = Ed25519PrivateKey.from_private_bytes(seeds[:32]).public_key().public_bytes_raw()
    ml_dsa = MLDSA65PrivateKey.from_seed_bytes(seeds[32:]).public_key().public_bytes_raw()
    assert hybrid_key(hybrid["public"]) == ed25519 + ml_dsa
    assert key_id(KEY).hex() == hybrid["id"]
    assert receiving_key(receiving["public"]) == x_wing(hexed(receiving["seed"]))[2]
    assert key_id(RECEIVING).hex() == receiving["id"]
    about = ALL["signature"]
    signed = in_context(about["context"], hexed(about["message"]))
    assert signed == hexed(about["signed"]) and holds(KEY, signed, b64(about["signature"]))


def x_wing(seed: bytes):
    expanded = hashlib.shake_256(seed).digest(96)
    ml_kem = MLKEM768PrivateKey.from_seed_bytes(expanded[:64])
    x25519 = X25519PrivateKey.from_private_bytes(expanded[64:])
    public = ml_kem.public_key().public_bytes_raw() + x25519.public_key().public_bytes_raw()
    return ml_kem, x25519, public


def people() -> None:
    """§ 4.6 and the voucher of § 5.1."""
    about = ALL["safety_number"]
    halves = []
    for member, nodes in about["members"].items():
        own = b"liaison/safety-number/v1" + member_id(member).encode().ljust(8, b"\0")
        own += b"".join(bytes([number]) + hexed(key) for number, key in sorted(nodes))
        hashed = own
        for _ in range(5200):
            hashed = hashlib.sha512(hashed + own).digest()
        numbers = [int.from_bytes(hashed[at:at + 5], "big") % 100_000 for at in range(0, 30, 5)]
        halves.append("".join(f"{number:05}" for number in numbers))
    digits = "".join(sorted(halves))
    groups = [digits[at:at + 5] for at in range(0, 60, 5)]
    assert " ".join(groups) == about["number"]
    about = ALL["voucher"]
    read = Reader(b64(about["voucher"]))
    times = read.take(16)
    signed = b"MK\0\0\0\0\0\0\1" + times + hexed(about["pin"])
    assert times[:8] == (7).to_bytes(8, "big")
    assert holds(KEY, in_context("liaison/tls-voucher/v1", signed), read.take(3373))
    assert read.data == b""


def inclusion(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """RFC 9162 § 2.1.3.2."""
    last, node = size - 1, leaf
    for sibling in path:
        if index & 1 or index == last:
            node = node_hash(sibling, node)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            node = node_hash(node, sibling)
        index, last = index >> 1, last >> 1
    assert last == 0
    return node


def logs() -> None:
    about = ALL["tree"]
    tree = Tree([digest(b"\0" + hexed(entry)) for entry in about["entries"]])
    assert [digest(b"").hex()] + [tree.root(n).hex() for n in range(1, 8)] == about["roots"]
    path = [hexed(hash_) for hash_ in about["inclusion of 2 in 7"]]
    assert inclusion(tree.levels[0][2], 2, 7, path) == tree.root(7)
    for entry in ALL["entry"]:
        check_entry(hexed(entry["bytes"]))
        assert digest(b"\0" + hexed(entry["bytes"])).hex() == entry["leaf hash"]
    about = ALL["statements"]
    lengths = {1: 58, 2: 49, 3: 50, 4: 49, 5: 44, 6: 33, 7: 33, 8: 49, 9: 49, 10: 54, 11: 47, 12: 50, 13: 50,
               14: 54}
    found = {hexed(statement)[0]: len(hexed(statement)) for statement in about["bytes"]}
    assert found == lengths and list(found) == sorted(found)
    opened = b"liaison/commitment/v1" + hexed(about["salt"]) + hexed(about["bytes"][0])
    assert digest(opened).hex() == about["commitment to the first"]
    size, root = note(ALL["checkpoint"]["note"].encode(), own_log)
    read = Reader(b64(ALL["checkpoint"]["binary"]))
    assert (read.number(8), read.take(32)) == (size, root) == (7, tree.root(7))
    assert read.data == b"".join(halves(ALL["checkpoint"]["note"]))


def cosigned() -> None:
    about = ALL["cosigned"]
    size, root, by = cosigned_note(about["note"].encode(), "MK-1", own_log, lambda _: [KEY])
    assert (size, by) == (7, ["SI-1"])
    text = f"mk-1.liaison/1\n7\n{base64.b64encode(root).decode()}\n"
    assert about["text"] == f"cosignature/v1\ntime 1774188120\n{text}"
    read = Reader(b64(about["binary"]))
    assert (read.take(13), read.number(8)) == (b"SI\0\0\0\0\0\0\1\0\0\0\1", 1774188120)
    assert holds(KEY, about["text"].encode(), read.data)
    assert [quorum(n) for n in range(1, 8)] == about["quorums of 1 to 7 witnesses"]


def consistency(old: int, root: bytes, new: int, path: list[bytes]) -> bytes:
    """RFC 9162 § 2.1.4.2: the only root of the later tree of which the earlier is a prefix."""
    if old == new:
        assert not path
        return root
    path = [root] + path if old & (old - 1) == 0 else path
    node, last = old - 1, new - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    before = after = path[0]
    for sibling in path[1:]:
        assert last
        if node & 1 or node == last:
            before, after = node_hash(sibling, before), node_hash(sibling, after)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            after = node_hash(after, sibling)
        node, last = node >> 1, last >> 1
    assert last == 0 and before == root
    return after


def evidence() -> None:
    for name, sizes in (("of 5 and 7", (5, 7)), ("of 7 and 7", (7, 7))):
        read = Reader(b64(ALL["evidence"][name]))
        assert read.take(14) == b"\1MK\0\0\0\0\0\0\1\0\0\0\1"
        signed = []
        for size in sizes:
            assert read.number(8) == size
            root = read.take(32)
            text = f"mk-1.liaison/1\n{size}\n{base64.b64encode(root).decode()}\n"
            assert holds(KEY, text.encode(), read.take(3373))
            signed.append(root)
        root = read.take(32)
        path = [read.take(32) for _ in range(read.number(1))]
        assert read.data == b"" and root != signed[0]
        assert consistency(sizes[0], root, sizes[1], path) == signed[1]


def people() -> None:
    about = ALL["four_eyes"]
    salt, content = hexed(about["salt"]), about["content"].encode()
    letter = digest(b"liaison/letter/v1" + salt + content)
    reason = digest(b"liaison/decision-reason/v1" + salt + about["reason"].encode())
    assert (letter.hex(), reason.hex()) == (about["letter digest"], about["reason digest"])
    key = token_key(about["token"])
    assert person_key(hexed(about["key"])) == key.public_key().public_bytes_raw()
    drafter, by = hexed(about["drafter"]), hexed(about["decider"])
    signed = b"\x13liaison/decision/v1\x01" + node_bytes("MK-1") + letter + drafter + by + reason
    assert signed == hexed(about["signed"])
    person, of_letter, decision, of, policy = (hexed(one["value"]) for one in about["extensions"])
    assert [one["type"] for one in about["extensions"]] == [1, 2, 3, 4, 5]
    assert person == by + hexed(about["key"]) and of_letter == letter
    assert decision[:49] == b"\1" + (4).to_bytes(8, "big") + (1).to_bytes(8, "big") + reason
    key.public_key().verify(proof(decision[49:], 64), signed)
    assert of == (4).to_bytes(8, "big") and policy == bytes([0, 1, 0, 0, 3, 132])


def halves(text: str) -> list[bytes]:
    return [b64(line.split(" ")[2])[4:] for line in text.split("\n\n")[1].splitlines()]


class Receipt:
    """A receipt in the layout of § 13."""

    def __init__(self, data: bytes):
        self.data, read = data, Reader(data)
        assert read.number(1) == 1 and read.take(13) == b"MK\0\0\0\0\0\0\1\0\0\0\1"
        self.entry, self.salt, self.statement = read.sized(2), read.take(32), read.sized(2)
        self.index = read.number(8)
        self.path = [read.take(32) for _ in range(read.number(1))]
        self.size, self.root, signature = read.number(8), read.take(32), read.take(3373)
        assert read.data == b""
        check_entry(self.entry)
        opened = b"liaison/commitment/v1" + self.salt + self.statement
        assert digest(opened) == self.entry[53:85]
        assert inclusion(digest(b"\0" + self.entry), self.index, self.size, self.path) == self.root
        text = f"mk-1.liaison/1\n{self.size}\n{base64.b64encode(self.root).decode()}\n"
        assert holds(KEY, text.encode(), signature)


def sized(data: bytes) -> bytes:
    return len(data).to_bytes(2, "big") + data


def receipt() -> None:
    about = ALL["receipt"]
    one = Receipt(b64(about["bytes"]))
    proof, checkpoint = about["tlog-proof"].split("\n\n", 1)
    first, extra, place, *nodes = proof.split("\n")
    assert (first, place) == ("c2sp.org/tlog-proof@v1", f"index {one.index}")
    opening = sized(one.entry) + one.salt + sized(one.statement)
    assert b64(extra.removeprefix("extra ")) == opening
    assert [b64(node) for node in nodes] == one.path
    assert note(checkpoint.encode(), own_log) == (one.size, one.root)


def batch() -> None:
    about = ALL["batch"]
    read = Reader(b64(about["bytes"]))
    assert read.number(1) == 1
    origin, checkpoint = read.take(13), read.take(3413)
    nodes = [read.take(32) for _ in range(read.number(2))]
    used, found = [], []
    for _ in range(read.number(2)):
        index, entry, salt, statement = read.take(8), read.sized(2), read.take(32), read.sized(2)
        path = [read.number(2) for _ in range(read.number(1))]
        used += [number for number in path if number not in used]
        whole = (b"\1" + origin + sized(entry) + salt + sized(statement) + index
                 + bytes([len(path)]) + b"".join(nodes[number] for number in path) + checkpoint)
        found.append(digest(Receipt(whole).data).hex())
    assert read.data == b"" and used == list(range(len(nodes))) and len(set(nodes)) == len(nodes)
    assert found == about["receipts"]


def fields(data: bytes) -> list[tuple[int, object]]:
    """The fields of a protobuf message in the order in which they stand."""
    read, found = Reader(data), []

    def varint() -> int:
        value = shift = 0
        while True:
            byte = read.number(1)
            value, shift = value | (byte & 0x7F) << shift, shift + 7
            if byte < 0x80:
                return value
    while read.data:
        tag = varint()
        assert tag & 7 in (0, 2)
        found.append((tag >> 3, varint() if tag & 7 == 0 else read.take(varint())))
    assert [number for number, _ in found] == sorted(number for number, _ in found)
    return found


def messages() -> tuple[bytes, bytes]:
    header, body = hexed(ALL["message"]["header"]), hexed(ALL["message"]["body"])
    head, event = dict(fields(header)), dict(fields(body))
    message = hexed(ALL["identifiers"]["message"]["fixed"])
    assert (head[1], head[2], head[3], head[5], head[8], head[9]) == (1, 1, message, 1, b"SI-1", b"MK")
    assert (head[10], head[11]) == (2, 1) and 7 not in head
    assert dict(fields(head[12])) == {1: b"\1\4", 2: b"ask first", 3: 3, 5: 1825}
    assert dict(fields(head[17])) == {1: 9, 3: b"value"}
    sealed = hexed(ALL["attachment"]["sealed"])
    assert dict(fields(head[16])) == {1: len(sealed), 2: digest(sealed)}
    assert dict(fields(event[1])) == {1: b"SI", 2: 3, 3: b"\5" * 16}
    assert event[2] + 1 == head[13] and json.loads(event[4]) == ALL["message"]["content"]
    plaintext = hexed(ALL["attachment"]["plaintext"])
    assert dict(fields(event[3])) == {1: b"photo.jpg", 2: b"image/jpeg", 3: len(plaintext),
                                      4: digest(plaintext), 5: hexed(ALL["attachment"]["key"])}
    kinds = [fields(hexed(frame)) for frame in ALL["frames"]]
    assert [kind for [(kind, _)] in kinds] == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
    assert fields(kinds[7][0][1]) == [(1, 7), (2, digest(b"bundle"))]
    hello, envelopes, receipts, refusals, kept, *_ = [fields(value) for [(_, value)] in kinds]
    added, cosigned_, challenge, heads = [fields(value) for [(_, value)] in kinds[-4:]]
    prefix = [(1, 5), (2, digest(b"leaf")), (3, digest(b"one") + digest(b"two"))]
    assert added[0] == (1, b"checkpoint") and added[2] == (3, 1) and fields(added[1][1]) == prefix
    assert cosigned_ == [(1, b"checkpoint"), (2, b"cosignature")]
    assert challenge == [(1, b"checkpoint"), (2, b"\5\xac\2")]
    assert fields(heads[0][1]) == [(1, b"checkpoint"), (2, b"cosignature")]
    assert receipts == [(1, b"batch")] and kept == [(1, digest(b"leaf"))]
    assert hello == [(1, b"\1"), (2, b"MK-1"), (3, 3), (4, digest(b"list"))]
    assert envelopes == [(1, b"envelope"), (1, b"another")]
    assert fields(refusals[0][1]) == [(1, digest(b"leaf")), (2, 16)]
    return header, body


def leaf(random: bytes, header: bytes, body: bytes) -> bytes:
    return digest(b"\0" + random + digest(header) + digest(body))


def share(read: Reader, sender: bytes, its_leaf: bytes) -> None:
    size, index = read.number(4), read.number(4)
    path = [read.take(32) for _ in range(read.number(1))]
    root = inclusion(its_leaf, index, size, path)
    signed = in_context("liaison/messages/v1", sender + key_id(KEY) + size.to_bytes(4, "big") + root)
    assert holds(KEY, signed, read.take(3373))


def group() -> None:
    about = ALL["group"]
    leaves = [leaf(hexed(about["random"]), header.encode(), body.encode())
              for header, body in about["headers and bodies"]]
    assert [one.hex() for one in leaves] == about["leaves"]
    third = about["share of the third"]
    path = b"".join(hexed(node) for node in third["path"])
    written = (third["size"].to_bytes(4, "big") + third["index"].to_bytes(4, "big")
               + bytes([len(third["path"])]) + path + b64(third["signature"]))
    share(Reader(written), b"SI\0\0\0\0\0\0\1", leaves[2])


def padded(length: int) -> int:
    length = max(length, 512)
    exponent = length.bit_length() - 1
    step = 1 << (exponent - exponent.bit_length())
    return -(-(-(-length // step) * step) // 512) * 512


def mac(key: bytes, *parts: bytes) -> bytes:
    return hmac.digest(key, b"".join(parts), "sha256")


def hpke(enc: bytes, info: bytes):
    """RFC 9180, base mode, with X-Wing: how to open what was sealed first, and to export."""
    ml_kem, x25519, public = x_wing(hexed(ALL["keys"]["receiving"]["seed"]))
    shared = x25519.exchange(X25519PublicKey.from_public_bytes(enc[1088:]))
    secret = hashlib.sha3_256(ml_kem.decapsulate(enc[:1088]) + shared + enc[1088:] + public[1184:]
                              + b"\\.//^\\").digest()
    suite = b"HPKE\x64\x7a\x00\x01\x00\x02"
    extract = lambda salt, label, key: mac(salt, b"HPKE-v1", suite, label, key)
    context = b"\0" + extract(b"", b"psk_id_hash", b"") + extract(b"", b"info_hash", info)
    secret = extract(secret, b"secret", b"")
    expand = lambda label, count: mac(
        secret, bytes([0, count]), b"HPKE-v1", suite, label, context, b"\1")[:count]
    key, nonce, context_of = expand(b"key", 32), expand(b"base_nonce", 12), expand(b"exp", 32)
    export = lambda purpose: mac(context_of, b"\0\x20", b"HPKE-v1", suite, b"sec", purpose, b"\1")
    return lambda sealed, aad: AESGCM(key).decrypt(nonce, sealed, aad), export


def envelope(header: bytes, body: bytes) -> None:
    read = Reader(b64(ALL["envelope"]["envelope"]))
    prefix = read.take(92)
    sender, recipient = b"SI\0\0\0\0\0\0\1", b"MK\0\0\0\0\0\0\1"
    assert prefix == (b"LIAISON\1\0\1" + sender + key_id(KEY) + recipient + key_id(RECEIVING))
    assert read.sized(4) == header
    enc, wrapped, ciphertext = read.take(1120), read.take(48), read.sized(4)
    assert read.data == b""
    info = b"liaison/wrap/v1" + prefix + digest(header)
    open_first, _ = hpke(enc, info)
    content_key = open_first(wrapped, digest(ciphertext))
    plaintext = AESGCM(content_key).decrypt(bytes(12), ciphertext, digest(header))
    read = Reader(plaintext)
    length, random = read.number(4), read.take(32)
    its_leaf = leaf(random, header, body)
    assert its_leaf.hex() == ALL["envelope"]["leaf"]
    share(read, sender, its_leaf)
    assert read.take(length) == body
    assert padded(len(plaintext) - len(read.data)) == len(plaintext) and not any(read.data)
    assert all(padded(before) == after for before, after in ALL["padding"])


def parcel() -> None:
    about = ALL["parcel"]
    read = Reader(b64(about["parcel"]))
    prefix, enc = read.take(92), read.take(1120)
    sender, recipient = b"SI\0\0\0\0\0\0\1", b"MK\0\0\0\0\0\0\1"
    assert prefix == (b"LIAPARC\1\0\1" + sender + key_id(KEY) + recipient + key_id(RECEIVING))
    _, export = hpke(enc, b"liaison/parcel/v1" + prefix)
    key = export(b"liaison/parcel-signatures/v1")
    signatures = AESGCM(key).decrypt(bytes(12), read.sized(4), prefix)
    assert len(signatures) == 2 * 3373
    for place, (header, body) in enumerate(about["headers and bodies"]):
        assert read.sized(4) == header.encode()
        bound = digest(header.encode())
        key = export(b"liaison/parcel-key/v1" + place.to_bytes(4, "big") + bound)
        plaintext = AESGCM(key).decrypt(bytes(12), read.sized(4), bound)
        inner = Reader(plaintext)
        length, random = inner.number(4), inner.take(32)
        its_leaf = leaf(random, header.encode(), body.encode())
        assert its_leaf.hex() == about["leaves"][place]
        own = inner.take(8)
        path = inner.take(1)
        path += inner.take(32 * path[0])
        number = inner.number(2)
        signature = signatures[3373 * number:3373 * (number + 1)]
        share(Reader(own + path + signature), sender, its_leaf)
        assert inner.take(length) == body.encode() and not any(inner.data)
        assert padded(len(plaintext) - len(inner.data)) == len(plaintext)
    assert read.data == b""


def copy() -> None:
    about = ALL["copy"]
    read, sender = Reader(b64(about["copy"])), b"SI\0\0\0\0\0\0\1"
    assert read.number(1) == 1 and read.take(9) == sender and read.take(32) == key_id(KEY)
    random = read.take(32)
    signed = Reader(read.data)
    read.take(4 + 4)
    read.take(32 * read.number(1) + 3373)
    header, body = read.sized(4), read.sized(4)
    assert read.data == b""
    its_leaf = leaf(random, header, body)
    assert its_leaf.hex() == about["leaf"]
    share(signed, sender, its_leaf)
    head, event = dict(fields(header)), dict(fields(body))
    assert head[10] == 17 and dict(fields(head[17])) == {1: 2, 3: b"\1"}
    assert json.loads(event[4]) == about["content"]


def attachment() -> None:
    about = ALL["attachment"]
    assert (hexed(ALL["identifiers"]["message"]["fixed"]) + b"\0\1").hex() == about["context"]
    sealed = Reader(hexed(about["sealed"]))
    salt, commitment = sealed.take(24), sealed.take(32)
    info = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0" + salt + hexed(about["context"])
    okm = HKDFExpand(SHA512(), 76, info).derive(hexed(about["key"]))
    assert okm[44:] == commitment
    cipher, base = AESGCM(okm[:32]), okm[32:44]
    assert cipher.decrypt(base, sealed.data, b"") == hexed(about["plaintext"])
    try:
        cipher.decrypt(base, sealed.data[:-1], b"")
        raise AssertionError("a cut chunk opens")
    except InvalidTag:
        pass
    nonce = lambda n: (int.from_bytes(base, "big") ^ n).to_bytes(12, "big")
    long = salt + commitment + cipher.encrypt(nonce(0), b"x" * 16384, b"") + cipher.encrypt(nonce(1), b"", b"")
    expected = about["16384 times x, same salt"]
    assert (len(long), digest(long).hex()) == (expected["sealed length"], expected["sealed digest"])


def documents() -> None:
    card = Document(pretty_json(ALL["documents"]["card"].encode()))
    payload = card.read("card", "node profile identity bundle proof")
    members(payload["profile"], "name kind contact address?")
    members(payload["proof"], "log tls_key tls")
    identity = hybrid_key(payload["identity"])
    own = lambda member, key: identity if (member, key) == ("SI", key_id(identity)) else None
    assert len(card.signers("card", own)) == 1
    bundle = Document(payload["bundle"])
    assert len(bundle.signers("bundle", own)) == 1
    keys = pretty_json(bundle.payload)
    proved = b"SI\0\0\0\0\0\0\1" + key_id(identity)
    signed, proof = in_context("liaison/possession/v1", proved), payload["proof"]
    assert holds(hybrid_key(keys["log"][0]["key"]), signed, b64(proof["log"]))
    spki = b64(proof["tls_key"])
    assert [digest(spki).hex()] == keys["tls"] and len(spki) == 44
    tls = Ed25519PublicKey.from_public_bytes(spki[12:])
    tls.verify(b64(proof["tls"]), b"liaison/possession/v1/tls\0" + proved)
    report = verify((VECTORS / "bundle.tar").read_bytes(), hexed(ALL["bundle"]["root"]))
    assert (report.size, report.checkpoints) == (ALL["bundle"]["size"], len(ALL["bundle"]["checkpoints"]))
    cosigned = ALL["bundle"]["cosigned"]
    assert report.cosigned == (cosigned["size"], cosigned["by"], True)


def main() -> None:
    identifiers()
    keys()
    people()
    logs()
    cosigned()
    evidence()
    people()
    receipt()
    batch()
    group()
    envelope(*messages())
    parcel()
    copy()
    attachment()
    documents()
    print(f"all {len(ALL)} examples of the protocol page are read as it says")


main()
