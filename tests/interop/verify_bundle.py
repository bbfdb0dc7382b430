"""A verifier of exported logs, written from docs/protocol.md alone.

    verify_bundle.py [--root FINGERPRINT] BUNDLE...      ends with 3 where one does not hold

It needs Python and PyPI's cryptography, and shares no code with the node. The whole bundle is held
in memory.
"""

import re
import sys

from four_eyes import FourEyes
from trust_chain import Bundle, TrustList, chain
from trust_documents import (LATEST, Document, Refused, demand, digest, from_base64, hex_digest,
                             holds, member_id, node_id, pretty_json)

MIB = 1024 * 1024
EVENTS = {
    # <events> made by tests/documents.rs
    100, 101, 110, 111, 120, 121, 130, 131, 140, 141, 142, 143, 144, 145, 146, 147,
    148, 149, 150, 151, 160, 161, 162, 163, 164, 165, 166, 167, 170, 171, 172, 173,
    174, 175, 180, 181, 182, 183, 190, 191, 192, 193, 194, 195, 196, 200, 201, 210,
    211, 212, 213, 220, 221, 230, 231, 300, 301, 302, 303, 304, 305, 306, 307, 308,
    310, 311, 313, 320, 321, 322, 330, 332, 340, 350, 351, 352, 353, 354, 360, 361,
    500, 501, 502, 504, 505, 506, 507, 508, 600, 601, 602, 603, 604, 605, 606, 607,
    608, 609, 610, 611, 612, 620, 621, 700, 701, 702, 710, 711, 712, 713, 714, 715,
    716, 717, 800, 801, 802, 803, 810, 820, 830, 831, 832, 833,
    # </events>
}


# The event of an entry that begins an incarnation of the log.
LOG_OPENED = (800).to_bytes(2, "big")


# § 14.1

def header(name: str, length: int) -> bytes:
    """The one header of a file."""
    block = bytearray(512)
    block[0:len(name)] = name.encode("ascii")
    for at, field in ((100, b"0000644\0"), (108, b"0000000\0"), (116, b"0000000\0"),
                      (124, b"%011o\0" % length), (136, b"00000000000\0"), (148, b"        "),
                      (156, b"0"), (257, b"ustar\x0000")):
        block[at:at + len(field)] = field
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


class Archive:
    """Reads a bundle's files one after another."""

    def __init__(self, data: bytes):
        self.data, self.at = data, 0
        self.name, self.length = self.next_header()

    def take(self, count: int) -> bytes:
        demand(self.at + count <= len(self.data), "the file ends too early")
        self.at += count
        return self.data[self.at - count:self.at]

    def next_header(self) -> tuple[str | None, int]:
        block = self.take(512)
        if block == bytes(512):
            demand(self.take(512) == bytes(512), "the end is not two empty blocks")
            return None, 0
        name, length = block[:100].split(b"\0")[0], block[124:135]
        demand(re.fullmatch(rb"[A-Za-z0-9/.-]{1,99}", name), "a name is malformed")
        demand(re.fullmatch(rb"[0-7]{11}", length), "a length is malformed")
        name, length = name.decode(), int(length, 8)
        demand(header(name, length) == block, "a header is not written in the one way")
        return name, length

    def file(self, name: str, most: int) -> bytes:
        demand(self.name == name, f"{name} is missing")
        demand(self.length <= most, f"{name} is too long")
        content = self.take(self.length)
        padding = -self.length % 512
        demand(self.take(padding) == bytes(padding), f"{name} is not padded with zeros")
        self.name, self.length = self.next_header()
        return content

    def finish(self) -> None:
        demand(self.name is None, f"{self.name} does not belong there")
        demand(self.at == len(self.data), "something follows the end")


# § 12.1

def node_hash(left: bytes, right: bytes) -> bytes:
    return digest(b"\x01" + left + right)


class Tree:
    """A Merkle tree, as the hashes of its complete subtrees, level by level."""

    def __init__(self, leaves: list[bytes]):
        self.levels = [leaves]
        while len(self.levels[-1]) > 1:
            last = self.levels[-1]
            pairs = zip(last[0::2], last[1::2])
            self.levels.append([node_hash(left, right) for left, right in pairs])

    def root(self, size: int) -> bytes:
        """The root over the first `size` leaves, at least one."""
        root, done = None, size
        for level, hashes in enumerate(self.levels):
            if size >> level & 1:
                done -= 1 << level
                left = hashes[done >> level]
                root = left if root is None else node_hash(left, root)
        return root


# § 12.4

def note(text: bytes, turn) -> tuple[int, bytes]:
    """Size and root of a signed note, of the origin and under the key that `turn` gives for its size."""
    match = re.fullmatch(
        rb"(([^\n]+)\n(0|[1-9][0-9]{0,19})\n([A-Za-z0-9+/=]+)\n)\n"
        rb"\xe2\x80\x94 ([^ \n]+) ([A-Za-z0-9+/=]+)\n"
        rb"\xe2\x80\x94 ([^ \n]+) ([A-Za-z0-9+/=]+)\n", text)
    demand(match is not None, "a note is malformed")
    signed, name, size, root, first, ed25519, second, ml_dsa = match.groups()
    ed25519, ml_dsa = from_base64(ed25519.decode()), from_base64(ml_dsa.decode())
    root, size = from_base64(root.decode()), int(size)
    demand(len(root) == 32 and size < 2**64, "a note is malformed")
    demand(len(ed25519) == 68 and len(ml_dsa) == 3313, "a signature has the wrong length")
    origin, key = turn(size)
    demand({name, first, second} == {origin.encode()}, "a note is of another log")
    for found, kind, half in ((ed25519, b"\x01", key[:32]),
                              (ml_dsa, b"\xffliaison.ml-dsa-65", key[32:])):
        expected = digest(origin.encode() + b"\n" + kind + half)[:4]
        demand(found[:4] == expected, "a note is signed by another key")
    demand(holds(key, signed, ed25519[4:] + ml_dsa[4:]), "a note's signature does not hold")
    return size, root


# § 12.5

def cosigned_note(text: bytes, own: str, turn, keys_of) -> tuple[int, bytes, list[str]]:
    """Size, root, and the nodes that cosigned a checkpoint of the log of the node `own`.

    `turn` gives the log's origin and key for a size, `keys_of` all keys of a log by its origin.
    """
    try:
        lines = text.decode().split("\n")
    except UnicodeDecodeError:
        raise Refused("the cosigned note is no text") from None
    demand(len(lines) >= 7 and lines[-1] == "" and len(lines) % 2 == 1, "a note is malformed")
    size, root = note("\n".join(lines[:6] + [""]).encode(), turn)
    signed, by = "\n".join(lines[:3] + [""]), []
    for first, second in zip(lines[6:-1:2], lines[7:-1:2], strict=True):
        parts = [re.fullmatch(r"\u2014 ([^ ]+) ([A-Za-z0-9+/=]+)", line) for line in (first, second)]
        demand(all(parts) and parts[0][1] == parts[1][1], "a cosignature is malformed")
        name, node = origin_of(parts[0][1].encode())
        ed25519, ml_dsa = (from_base64(part[2]) for part in parts)
        demand(len(ed25519) == 76 and len(ml_dsa) == 3321, "a cosignature has the wrong length")
        demand(ed25519[4:12] == ml_dsa[4:12], "a cosignature has two times")
        time = int.from_bytes(ed25519[4:12], "big")
        demand(time < 2**63, "a cosignature has an impossible time")
        ids = lambda key: [digest(name.encode() + b"\n" + kind + half)[:4] for kind, half in (
            (b"\x04", key[:32]), (b"\xffliaison.cosignature-ml-dsa-65", key[32:]))]
        named = [key for key in keys_of(name) if ids(key) == [ed25519[:4], ml_dsa[:4]]]
        demand(named, "a cosignature is by another key")
        key = named[-1]
        demand(not by or node_id(by[-1]) < node_id(node), "the cosignatures do not ascend")
        demand(node != own, "a log cosigns itself")
        covered = f"cosignature/v1\ntime {time}\n{signed}".encode()
        demand(holds(key, covered, ed25519[12:] + ml_dsa[12:]), "a cosignature does not hold")
        by.append(node)
    return size, root, by


def quorum(witnesses: int) -> int:
    """How many of so many witnesses, at least one, are enough."""
    liars = (witnesses - 1) // 3
    return (witnesses + liars) // 2 + 1


def origin_of(text: bytes) -> tuple[str, str]:
    """The origin in the first line of a note, and its node."""
    origin = text.split(b"\n")[0]
    match = re.fullmatch(rb"([a-z][a-z0-9]{1,7}-[1-9][0-9]{0,2})\.liaison/([1-9][0-9]{0,9})", origin)
    demand(match is not None and int(match[2]) < 2**32, "the origin is malformed")
    node = match[1].decode().upper()
    node_id(node)
    return origin.decode(), node


# § 12.2

def check_entry(entry: bytes) -> None:
    demand(len(entry) >= 119, "an entry is too short")
    number = lambda at, count: int.from_bytes(entry[at:at + count], "big")
    demand(entry[0] == 1, "an entry has an unknown version")
    demand(number(1, 8) <= LATEST, "an entry has an impossible time")
    demand(1 <= entry[9] <= 7, "an entry has an unknown kind")
    demand(number(10, 2) in EVENTS, "an entry has an unknown event")
    demand(1 <= entry[12] <= 7, "an entry has an unknown role")
    peer = entry[45:53]
    if peer != bytes(8):
        member = peer.rstrip(b"\0")
        demand(member.isascii(), "an entry's peer is malformed")
        member_id(member.decode())
    extensions = entry[119:]
    demand(number(117, 2) == len(extensions) <= 4096, "an entry has a wrong length")
    last = -1
    while extensions:
        demand(len(extensions) >= 4, "an extension is cut short")
        kind, length = (int.from_bytes(extensions[at:at + 2], "big") for at in (0, 2))
        demand(kind < 0x8000, "an entry has an unknown critical extension")
        demand(kind > last, "the extensions do not ascend")
        demand(len(extensions) >= 4 + length, "an extension is cut short")
        last, extensions = kind, extensions[4 + length:]


# § 14.2 and 14.3

def tiles(count: int):
    """The name of each file that so many hashes take, and how many are in it."""
    for number in range((count + 255) // 256):
        digits = str(number)
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        groups = [digits[at:at + 3] for at in range(0, len(digits), 3)]
        width = min(256, count - 256 * number)
        name = "/".join([f"x{group}" for group in groups[:-1]] + groups[-1:])
        yield name + ("" if width == 256 else f".p/{width}"), width


def document(archive: Archive, name: str) -> Document:
    return Document(pretty_json(archive.file(name, 8 * MIB)))


class Report:
    """What a bundle proved to be."""

    def __init__(self, origin: str, size: int, checkpoints: int, root: bytes, version: int, risk: dict):
        self.origin, self.size, self.checkpoints = origin, size, checkpoints
        self.root, self.version, self.at_risk = root, version, risk
        # The size that was cosigned, the members that did so, and whether they are enough.
        self.cosigned: tuple[int, list[str], bool] | None = None

    def __str__(self) -> str:
        text = (f"{self.origin}: {self.size} entries under {self.checkpoints} checkpoints, trust list "
                f"{self.version}, root {self.root.hex()}")
        if self.cosigned:
            size, by, enough = self.cosigned
            text += f", {'witnessed' if enough else 'cosigned'} to {size} by {' '.join(by)}"
        return text


def verify_trust(archive: Archive, expected_root: bytes | None):
    """The fingerprint, the list, and the bundle of each node."""
    value = pretty_json(archive.file("trust/root.json", 64 * MIB))
    demand(isinstance(value, list), "the roots are a list")
    roots = [Document(one) for one in value]
    root = chain(roots)
    fingerprint = roots[0].digest
    demand(expected_root in (None, fingerprint), "the bundle rests on another root")
    listed = TrustList(document(archive, "trust/list.json"), root)
    bundles: dict[str, Bundle] = {}
    pins: set[bytes] = set()
    last = (b"", 0)
    while archive.name is not None and archive.name.startswith("trust/bundles/"):
        name = archive.name.removeprefix("trust/bundles/").removesuffix(".json")
        node = node_id(name)
        demand(node > last, "the bundles do not ascend")
        bundle = Bundle(document(archive, f"trust/bundles/{name}.json"), listed)
        demand(bundle.node == node, "a bundle lies under another node's name")
        demand(pins.isdisjoint(bundle.pins), "a pin stands with two nodes")
        pins.update(bundle.pins)
        bundles[name], last = bundle, node
    return fingerprint, listed, bundles


def compromised(listed: TrustList, bundles: dict[str, Bundle]) -> dict[str, int]:
    """Since when the keys of a member are said to have been in other hands: the earliest of all."""
    since = dict(listed.compromised)
    for bundle in bundles.values():
        if bundle.compromised is not None:
            member = bundle.node[0].rstrip(b"\0").decode()
            since[member] = min(since.get(member, bundle.compromised), bundle.compromised)
    return since


def at_risk(entries: list[bytes], own: str, since: dict[str, int]) -> dict[str, tuple]:
    """How many entries concern such a member since then, and which is the first."""
    found = {}
    for member, begin in since.items():
        late = [index for index, entry in enumerate(entries)
                if (member == own or entry[45:53].rstrip(b"\0").decode() == member)
                and int.from_bytes(entry[1:9], "big") >= begin]
        found[member] = len(late), late[0] if late else None
    return found


def verify_entries(archive: Archive, size: int, node: str) -> list[bytes]:
    leaves, eyes = [], FourEyes(node)
    for name, width in tiles(size):
        content = archive.file(f"tile/entries/{name}", 256 * (2 + 119 + 4096))
        for _ in range(width):
            length = int.from_bytes(content[:2], "big")
            demand(len(content) >= 2 + length, "an entry is cut short")
            entry, content = content[2:2 + length], content[2 + length:]
            check_entry(entry)
            eyes.see(len(leaves), entry)
            leaves.append(entry)
        demand(content == b"", "something follows the entries")
    return leaves


def verify(data: bytes, expected_root: bytes | None = None) -> Report:
    """Verifies a bundle from its first byte to its last.

    Raises Refused where anything does not hold.
    """
    archive = Archive(data)
    fingerprint, listed, bundles = verify_trust(archive, expected_root)
    head = archive.file("checkpoint", 8192)
    origin, node = origin_of(head)
    demand(node in bundles and origin in bundles[node].logs, "no bundle names the log")
    newest = bundles[node].turns[-1][1]
    turn = lambda size: bundles[node].turn(newest, size)
    size, root = note(head, turn)
    demand(size >= 1, "the log is empty")
    entries = verify_entries(archive, size, node)
    tree = Tree([digest(b"\x00" + entry) for entry in entries])
    demand(tree.root(size) == root, "the entries do not lead to the signed root")
    for level in range(8):
        hashes = tree.levels[8 * level] if 8 * level < len(tree.levels) else []
        for number, (name, width) in enumerate(tiles(len(hashes))):
            tile = b"".join(hashes[256 * number:256 * number + width])
            demand(archive.file(f"tile/{level}/{name}", 8192) == tile, "a tile is not the tree's")
    last, count, current, opened = 0, 0, turn(0)[0], []
    while last < size:
        name = archive.name or "checkpoints/"
        content = archive.file(name, 8192)
        at, root = note(content, turn)
        demand(name == f"checkpoints/{at}", "a checkpoint lies under another size")
        demand(last < at <= size, "the checkpoints do not ascend")
        demand(tree.root(at) == root, f"checkpoint {at} has another root")
        if turn(at)[0] != current:
            current = turn(at)[0]
            opened.append(last)
        last, count = at, count + 1
    demand(content == head, "the last checkpoint is not the head")
    said = [index for index, entry in enumerate(entries) if entry[10:12] == LOG_OPENED]
    demand(said == opened, "incarnations begin elsewhere than entries say")
    risk = at_risk(entries, node.rpartition("-")[0], compromised(listed, bundles))
    report = Report(origin, size, count, fingerprint, listed.version, risk)
    if archive.name == "cosigned":
        report.cosigned = verify_cosigned(archive, newest, tree, size, listed, bundles)
    archive.finish()
    return report


def verify_cosigned(archive: Archive, newest: str, tree: Tree, most: int, listed: TrustList,
                    bundles: dict[str, Bundle]) -> tuple[int, list[str], bool]:
    text = archive.file("cosigned", 4 * MIB)

    def keys_of(name: str) -> list[bytes]:
        node = origin_of(name.encode())[1]
        demand(node in bundles and name in bundles[node].logs, "no bundle names the witness")
        return [key for _, key in bundles[node].logs[name]]

    own = origin_of(newest.encode())[1]
    turn = lambda size: bundles[own].turn(newest, size)
    size, root, nodes = cosigned_note(text, own, turn, keys_of)
    demand(nodes, "the cosigned note has no cosignature")
    demand(1 <= size <= most and tree.root(size) == root, "the cosigned note is of another tree")
    witnesses = {member for member in listed.members if member != own.rsplit("-", 1)[0]}
    by = sorted({node.rsplit("-", 1)[0] for node in nodes} & witnesses)
    return size, by, bool(witnesses) and len(by) >= quorum(len(witnesses))


def main(arguments: list[str]) -> int:
    root = None
    if arguments[:1] == ["--root"]:
        root, arguments = hex_digest(arguments[1]), arguments[2:]
    failed = False
    for path in arguments:
        try:
            with open(path, "rb") as file:
                print(f"{path}: {verify(file.read(), root)}")
        except Refused as refused:
            print(f"{path}: {refused}")
            failed = True
    return 3 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
