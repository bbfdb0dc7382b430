"""An independent check of the node's proofs: PyPI's pymerkle and cryptography, none of our code.

    verify_proofs.py PROOFS      PROOFS is what `cargo test --test interop` wrote

Three things are checked, each against what it must refuse as well:
every proof of every tree up to the largest written, by the algorithms of RFC 9162 § 2.1.3.2 and
§ 2.1.4.2 as they stand in the text, with pymerkle for the roots and once more for inclusion (its
proofs of consistency have a shape of their own); every receipt in the layout of docs/protocol.md § 13;
and the same receipts as C2SP `tlog-proof`.
"""

import base64
import hashlib
import json
import pathlib
import sys

from pymerkle import InclusionProof, InmemoryTree, InvalidProof, verify_inclusion

from trust_documents import Refused, holds
from verify_bundle import note


def leaf_hash(entry: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def rfc_inclusion(leaf: bytes, index: int, size: int, path: list[bytes], root: bytes) -> bool:
    """RFC 9162 § 2.1.3.2."""
    if index >= size:
        return False
    fn, sn, r = index, size - 1, leaf
    for p in path:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            r = node_hash(p, r)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = node_hash(r, p)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and r == root


def rfc_consistency(old: int, new: int, path: list[bytes], old_root: bytes, new_root: bytes) -> bool:
    """RFC 9162 § 2.1.4.2."""
    if old == new:
        return not path and old_root == new_root
    path = list(path)
    if old & (old - 1) == 0:
        path.insert(0, old_root)
    if not path:
        return False
    fn, sn = old - 1, new - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = path[0]
    for c in path[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr, sr = node_hash(c, fr), node_hash(c, sr)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = node_hash(sr, c)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and fr == old_root and sr == new_root


def py_inclusion(oracle, leaf: bytes, index: int, size: int, path: list[bytes], root: bytes) -> bool:
    """pymerkle's verifier: the shape of the proof is its own, the hashes are ours."""
    proof = oracle.prove_inclusion(index + 1, size)
    proof = InclusionProof("sha256", True, size, index + 1, proof.rule, [leaf, *path])
    try:
        verify_inclusion(leaf, root, proof, index=index + 1, size=size)
    except InvalidProof:
        return False
    return True


def damaged(path: list[bytes]):
    """The path with one hash changed, one left out, and one too many."""
    for at in range(len(path)):
        yield path[:at] + [bytes([path[at][0] ^ 1]) + path[at][1:]] + path[at + 1:]
        yield path[:at] + path[at + 1:]
    yield [*path, bytes(32)]


def check_tree(tree: dict) -> int:
    roots = [bytes.fromhex(root) for root in tree["roots"]]
    oracle, checked = InmemoryTree(algorithm="sha256"), 0
    leaves = []
    for size, root in enumerate(roots, 1):
        entry = (size - 1).to_bytes(8, "big")
        oracle.append_entry(entry)
        leaves.append(leaf_hash(entry))
        assert oracle.get_root() == root, f"the root of {size} leaves"
    for size, root in enumerate(roots, 1):
        for index, path in enumerate(tree["inclusion"][size - 1]):
            path = [bytes.fromhex(node) for node in path]
            leaf = leaves[index]
            assert rfc_inclusion(leaf, index, size, path, root), (index, size)
            assert py_inclusion(oracle, leaf, index, size, path, root), (index, size)
            for bad in damaged(path):
                assert not rfc_inclusion(leaf, index, size, bad, root), (index, size)
            assert not py_inclusion(oracle, leaf_hash(b"other"), index, size, path, root)
            checked += 1
        for old, path in enumerate(tree["consistency"][size - 1], 1):
            path = [bytes.fromhex(node) for node in path]
            before = roots[old - 1]
            assert rfc_consistency(old, size, path, before, root), (old, size)
            for bad in damaged(path):
                assert not rfc_consistency(old, size, bad, before, root), (old, size)
            assert old == size or not rfc_consistency(old, size, path, bytes(32), root), (old, size)
            checked += 1
    return checked


class Malformed(Exception):
    """The bytes are not what they should be."""


class Reader:
    """Reads fixed layouts, integers big-endian."""

    def __init__(self, data: bytes):
        self.data, self.at = data, 0

    def take(self, count: int) -> bytes:
        if self.at + count > len(self.data):
            raise Malformed("too short")
        self.at += count
        return self.data[self.at - count:self.at]

    def number(self, count: int) -> int:
        return int.from_bytes(self.take(count), "big")

    def end(self) -> None:
        if self.at != len(self.data):
            raise Malformed("stray bytes")


def opens(entry: bytes, salt: bytes, statement: bytes) -> bool:
    """Whether the entry's commitment is to the statement under the salt."""
    commitment = entry[53:85]
    return hashlib.sha256(b"liaison/commitment/v1" + salt + statement).digest() == commitment


def signed(key: bytes, origin: str, size: int, root: bytes, signature: bytes) -> bool:
    text = f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n"
    return holds(key, text.encode(), signature)


def holds_receipt(receipt: bytes, origin: str, key: bytes) -> bool:
    """A receipt as it travels."""
    try:
        read = Reader(receipt)
        if read.number(1) != 1:
            return False
        node = read.take(8).rstrip(b"\0").decode().lower() + f"-{read.number(1)}"
        if f"{node}.liaison/{read.number(4)}" != origin:
            return False
        entry = read.take(read.number(2))
        salt = read.take(32)
        statement = read.take(read.number(2))
        index = read.number(8)
        path = [read.take(32) for _ in range(read.number(1))]
        size, root = read.number(8), read.take(32)
        signature = read.take(3373)
        read.end()
    except (Malformed, UnicodeDecodeError):
        return False
    return (opens(entry, salt, statement)
            and rfc_inclusion(leaf_hash(entry), index, size, path, root)
            and signed(key, origin, size, root, signature))


def holds_tlog_proof(text: str, origin: str, key: bytes) -> bool:
    """The same as C2SP `tlog-proof`: any verifier of that format needs only the leaf."""
    proof, checkpoint = text.split("\n\n", 1)
    first, extra, index, *path = proof.split("\n")
    read = Reader(base64.b64decode(extra.removeprefix("extra "), validate=True))
    entry, salt = read.take(read.number(2)), read.take(32)
    statement = read.take(read.number(2))
    read.end()
    try:
        size, root = note(checkpoint.encode(), lambda _: (origin, key))
    except Refused:
        return False
    path = [base64.b64decode(node, validate=True) for node in path]
    index = int(index.removeprefix("index "))
    return (first == "c2sp.org/tlog-proof@v1" and opens(entry, salt, statement)
            and rfc_inclusion(leaf_hash(entry), index, size, path, root))


def check_log(log: dict) -> int:
    origin, key = log["origin"], base64.b64decode(log["key"])
    for number, both in enumerate(log["receipts"]):
        receipt = base64.b64decode(both["receipt"])
        assert holds_receipt(receipt, origin, key)
        assert holds_tlog_proof(both["tlog_proof"], origin, key)
        # One bit of every byte, in all but the first without the long ML-DSA-65 half.
        for at in range(len(receipt) - (3309 if number else 0)):
            bad = bytearray(receipt)
            bad[at] ^= 1 << at % 8
            assert not holds_receipt(bytes(bad), origin, key), f"byte {at}"
    return len(log["receipts"])


def main() -> None:
    written = json.loads(pathlib.Path(sys.argv[1]).read_bytes())
    proofs = check_tree(written["tree"])
    receipts = check_log(written["log"])
    assert proofs > 9000 and receipts == 40, (proofs, receipts)
    print(f"{proofs} proofs and {receipts} receipts hold, and no damaged one does")


main()
