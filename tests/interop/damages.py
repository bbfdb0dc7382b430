"""Bundles that hold, and bundles that do not, each made in its own way and signed all the same."""

import base64
import json

from trust_documents import P, pretty
from released import RELEASED, UNRELEASED
from write_bundle import (IDENTITY, LATER, LOG, NEXT_LOG, NEXT_TLS, NOW, TLS, Bundle, Key, TlsKey, entry,
                          extension, proof, tar, text64)

STRANGER = Key()

LOG_OPENED = (800).to_bytes(2, "big")

DUTY = [
    {"level": "duty-desk", "post": "Дежурна служба", "phone": "+389 2 000 0001",
     "languages": ["mk", "en"]},
    {"level": "head-of-unit", "post": "Head of unit", "phone": "+38920000002",
     "hours": {"days": ["mon", "fri"], "from": "22:00", "to": "06:00", "zone": "Europe/Skopje"},
     "languages": ["en"]},
    {"level": "national-contact", "post": "National contact point", "phone": "+389 200000",
     "hours": {"from": "00:00", "to": "24:00", "zone": "UTC"}, "languages": ["fa-Arab"]},
]


def duty(place: int, name: str, value) -> bytes:
    """A roster with another value in one of its posts; a name may lead into the hours."""
    roster = json.loads(json.dumps(DUTY))
    at = roster[place]
    *names, last = name.split(".")
    for inner in names:
        at = at[inner]
    at[last] = value
    return made(put("bundle.duty", roster))


def made(change, entries: int = 5) -> bytes:
    bundle = Bundle(entries)
    change(bundle)
    return tar(bundle.files())


def spelt(change) -> bytes:
    """With the files changed after everything was signed."""
    files = Bundle().files()
    return tar(change(files) or files)


def file(name: str, change):
    """Changes the content of one file."""
    return lambda files: [(n, change(c) if n == name else c) for n, c in files]


def small_order(y: int):
    public = y.to_bytes(32, "little") + IDENTITY["TR"].public[32:]
    return text64(public)


def patched(text: str, at: int, put: bytes) -> str:
    data = bytearray(base64.b64decode(text))
    data[at:at + len(put)] = put
    return text64(bytes(data))


def with_root_change(bundle: Bundle, country: str) -> None:
    """A second root that takes a country in, signed by two thirds of the old and the new."""
    following = bundle.next_root(("AT", "MK", "SI"))
    following["countries"].append({"member": country, "identity": IDENTITY[country].text})
    bundle.list["members"].append(Bundle.member(country))
    bundle.list_signers = by("AT", "SI", country)


def restored(after: int = 2, said: int | None = None):
    """MK's log goes on in a second incarnation, as the entry `said` says."""
    def change(bundle: Bundle) -> None:
        at = after if said is None else said
        bundle.entries[at] = entry(at, event=LOG_OPENED)
        bundle.begun.append((after, "mk-1.liaison/2"))
        bundle.log_keys.append((after, NEXT_LOG))
        keys = bundle.bundles["MK-1"][0]
        keys["log"].append({"origin": "mk-1.liaison/2", "key": NEXT_LOG.text, "from": NOW, "after": after})
        keys.update(sequence=1 << 20, proof=proof("MK", NEXT_LOG, [TLS["MK"]]))
    return change


def named(after: int):
    """MK's bundle names a second incarnation, which the log has not begun."""
    def change(bundle: Bundle) -> None:
        keys = bundle.bundles["MK-1"][0]
        keys["log"].append({"origin": "mk-1.liaison/2", "key": NEXT_LOG.text, "from": NOW, "after": after})
        keys.update(sequence=1 << 20, proof=proof("MK", NEXT_LOG, [TLS["MK"]]))
    return change


def lost_a_key(bundle: Bundle) -> None:
    """A second incarnation that goes on from before the first one's second key took over."""
    rotated(after=4)(bundle)
    bundle.log_keys.pop()
    last, keys = Key(), bundle.bundles["MK-1"][0]
    bundle.entries[2] = entry(2, event=LOG_OPENED)
    bundle.begun.append((2, "mk-1.liaison/2"))
    bundle.log_keys.append((2, last))
    keys["log"].append({"origin": "mk-1.liaison/2", "key": last.text, "from": NOW, "after": 2})
    keys["proof"] = proof("MK", last, [TLS["MK"], NEXT_TLS])


def grown(bundle: Bundle) -> None:
    """A second incarnation that begins with nothing, whose log is exported."""
    bundle.origin, bundle.log_keys = "mk-1.liaison/2", [(0, NEXT_LOG)]
    log = bundle.bundles["MK-1"][0]["log"]
    log.append({"origin": "mk-1.liaison/2", "key": NEXT_LOG.text, "from": NOW})


def rotated(after: int = 2, sequence: int = 2):
    """MK's next bundle, with a TLS and a log key more: the log key signs what is larger than `after`."""
    def change(bundle: Bundle) -> None:
        bundle.log_keys.append((after, NEXT_LOG))
        keys = bundle.bundles["MK-1"][0]
        keys["log"].append({"origin": bundle.origin, "key": NEXT_LOG.text, "from": NOW, "after": after})
        keys["tls"].append(NEXT_TLS.pin)
        keys.update(sequence=sequence, proof=proof("MK", NEXT_LOG, [TLS["MK"], NEXT_TLS]))
    return change


def thrice(bundle: Bundle) -> None:
    """Three keys of one log: NEXT_LOG, and then another."""
    rotated()(bundle)
    last, keys = Key(), bundle.bundles["MK-1"][0]
    bundle.log_keys.append((3, last))
    keys["log"].append({"origin": bundle.origin, "key": last.text, "from": NOW, "after": 3})
    keys["proof"] = proof("MK", last, [TLS["MK"], NEXT_TLS])


def compromised(since):
    """The list says so of the first member, whose nodes stand behind it."""
    def change(bundle: Bundle) -> None:
        nodes = bundle.list["members"][0].pop("nodes")
        bundle.list["members"][0].update(compromised_since=since, nodes=nodes)
    return change


def proved(bundle: Bundle) -> None:
    """MK's second bundle, with the keys of the first."""
    bundle.bundles["MK-1"][0].update(sequence=2, proof=proof("MK", LOG["MK"], [TLS["MK"]]))


def then(*changes):
    """One change after the other."""
    return lambda bundle: [change(bundle) for change in changes] and None


def put(path: str, value):
    """Sets a value within the list (`list.…`), the first root (`root.…`) or MK's bundle."""
    names = path.split(".")

    def change(bundle: Bundle) -> None:
        at = {"list": bundle.list, "root": bundle.roots[0][0],
              "bundle": bundle.bundles["MK-1"][0]}[names[0]]
        for name in names[1:-1]:
            at = at[int(name) if name.isdigit() else name]
        last = int(names[-1]) if names[-1].isdigit() else names[-1]
        at[last] = value(at[last]) if callable(value) else value
    return change


def drop(path: str):
    names = path.split(".")
    return put(".".join(names[:-1]),
               lambda old: {name: value for name, value in old.items() if name != names[-1]})


def entries(*some: bytes):
    def change(bundle: Bundle) -> None:
        bundle.entries[-len(some):] = some
    return change


def signers(document_name: str, by: list):
    def change(bundle: Bundle) -> None:
        if document_name == "list":
            bundle.list_signers = by
        elif document_name == "root":
            bundle.roots[0][1] = by
        else:
            bundle.bundles["MK-1"][1] = by
    return change


def spelling(change):
    """Signs MK's bundle in another spelling of the same JSON."""
    def spell(bundle: Bundle) -> None:
        bundle.bundles["MK-1"][0] = change(pretty(bundle.bundles["MK-1"][0]))
    return spell


def by(*names: str) -> list:
    return [(name, IDENTITY[name]) for name in names]


def good() -> dict[str, bytes]:
    """Unusual bundles that hold."""
    nodes = "list.members.0.nodes.0"
    return {
        "one entry": made(lambda b: None, 1),
        "a full tile": made(lambda b: None, 256),
        "a full tile and one entry more": made(lambda b: None, 257),
        "three tiles, many groups": made(lambda b: setattr(b, "groups", [1, 2, 255, 256, 700]), 700),
        "a second root": made(lambda b: b.next_root()),
        "a third root": made(lambda b: (b.next_root(), b.next_root(("MK", "SI")))),
        "a root that takes a country in": made(lambda b: with_root_change(b, "TR")),
        "a list signed by all": made(signers("list", by("AT", "MK", "SI"))),
        "a later list": made(lambda b: b.list.update(version=9, previous="ab" * 32)),
        "an address of IPv6": made(put(f"{nodes}.address", "[2001:db8::1]:65535")),
        "no address": made(drop(f"{nodes}.address")),
        "an empty contact": made(put("list.members.0.contact", "")),
        "a name in another script": made(put("list.members.0.name", "Канцеларија \"А\"")),
        "a second incarnation": made(restored()),
        "a second incarnation that begins with nothing": made(grown),
        "a second incarnation that was not reached yet": made(named(after=5)),
        "a second incarnation that lacks a key of the first": made(lost_a_key),
        "a second incarnation, cosigned": cosigned(5, AT, SI, bundles=("SI",), changes=(restored(),)),
        "a second incarnation, cosigned before it began": cosigned(2, AT, changes=(restored(),)),
        "a high sequence": made(then(proved, put("bundle.sequence", 2**64 - 1))),
        "a proof in the first bundle": made(then(proved, put("bundle.sequence", 1))),
        "a log that goes on with another key": made(rotated()),
        "a log whose key was just handed over": made(rotated(after=5)),
        "a log whose keys were handed over twice": made(thrice),
        "keys that are compromised": made(put("bundle.compromised_since", NOW)),
        "a member whose keys are compromised": made(compromised(NOW)),
        "entries with a member whose keys are compromised": made(then(
            compromised("2026-03-22T14:02:00.004Z"), put("bundle.compromised_since", LATER),
            entries(*(entry(number, peer=b"AT\0\0\0\0\0\0") for number in (3, 4))))),
        "a log under keys that are compromised": made(
            put("bundle.compromised_since", "2026-03-22T14:02:00.003Z")),
        "other protocols": made(put("bundle.protocols", [1, 65535])),
        "a node that moved": made(put("bundle.address", "[2001:db8::1]:65535")),
        "a duty roster": made(put("bundle.duty", DUTY)),
        "a node that moved, with a roster": made(lambda b: b.bundles["MK-1"][0].update(
            address="mk.example:4433", duty=DUTY[:1])),
        "extensions that may be ignored": made(entries(
            entry(4, extensions=extension(6) + extension(0x7FFF, b"")))),
        "an entry with a peer": made(entries(entry(4, peer=b"ICMPD\0\0\0"))),
        "the last time there is": made(entries(entry(4, time=(253_402_207_200_000).to_bytes(8, "big")))),
        **{name: made(lambda b, some=some: setattr(b, "entries", some()), 9)
           for name, some in RELEASED.items()},
        "no bundle but the log's": made(lambda b: b.bundles.pop("AT-1")),
        "the last checkpoint alone": made(lambda b: setattr(b, "groups", [5])),
        "cosigned by one": cosigned(2, AT),
        "cosigned by two at the head": cosigned(5, AT, SI, bundles=("SI",)),
        "cosigned between checkpoints": cosigned(3, AT),
        "cosigned after the log's key changed": cosigned(5, AT, changes=(rotated(),)),
        "cosigned under a witness's new key": cosigned(5, NEW_AT, changes=(witness_rotated,)),
        "cosigned under a witness's old key": cosigned(5, AT, changes=(witness_rotated,)),
        "cosigned at the last time there is": cosigned(5, (*AT[:2], 2**63 - 1)),
    }


def witness_rotated(bundle: Bundle) -> None:
    """AT has another log key since its log has nine entries."""
    keys = bundle.bundles["AT-1"][0]
    keys["log"].append({"origin": "at-1.liaison/1", "key": NEXT_LOG.text, "from": NOW, "after": 9})
    keys.update(sequence=2, proof=proof("AT", NEXT_LOG, [TLS["AT"]]))


def cosigned(size: int, *by: tuple, bundles: tuple[str, ...] = (), changes: tuple = ()):
    """A bundle that is cosigned by these: names of logs, with their keys and one or two times."""
    def change(bundle: Bundle) -> None:
        for member in bundles:
            bundle.bundles[f"{member}-1"] = [bundle.keys(member), [(member, IDENTITY[member])]]
        bundle.bundles = dict(sorted(bundle.bundles.items()))
        for one in changes:
            one(bundle)
        bundle.cosigned = size, [(*one, one[-1]) if len(one) == 3 else one for one in by]
    return made(change)


AT = ("at-1.liaison/1", LOG["AT"], 1_774_188_120)
NEW_AT = ("at-1.liaison/1", NEXT_LOG, 1_774_188_120)
SI = ("si-1.liaison/1", LOG["SI"], 0)
MK = ("mk-1.liaison/1", LOG["MK"], 1_774_188_120)


def bad_cosigned() -> dict[str, bytes]:
    stranger = ("at-1.liaison/1", STRANGER, 7)
    return {
        "cosigned by nobody": cosigned(5),
        "cosigned by itself": cosigned(5, MK),
        "cosigned by a log without a key": cosigned(5, SI),
        "cosigned under another key": cosigned(5, stranger),
        "cosigned under a key that the witness does not have yet": cosigned(5, NEW_AT),
        "cosigned in another order": cosigned(5, SI, AT, bundles=("SI",)),
        "cosigned twice by one": cosigned(5, AT, AT),
        "cosigned at two times": cosigned(5, (*AT, 1)),
        "cosigned in an impossible time": cosigned(5, (*AT[:2], 2**63)),
        "cosigned beyond the end": cosigned(6, AT),
        "cosigned under a later log": cosigned(5, ("at-1.liaison/2", LOG["AT"], 1)),
        "cosigned before the last checkpoint": spelt(lambda files: files[:-1] + [
            ("cosigned", b"")] + files[-1:]),
    }


def rotation(*changes) -> bytes:
    """A rotation with these values in MK's bundle: a path and a value each."""
    pairs = zip(changes[::2], changes[1::2], strict=True)
    return made(then(rotated(), *(put(f"bundle.{path}", value) for path, value in pairs)))


def bad_trust() -> dict[str, bytes]:
    """Bundles whose trust documents do not hold, by what is wrong."""
    nodes = "list.members.0.nodes.0"
    identity, receiving = f"{nodes}.identity", "bundle.recipient.0.key"
    text = lambda value: made(put("list.members.0.name", value))
    address = lambda value: made(put(f"{nodes}.address", value))
    after_root = lambda change: made(lambda b: b.next_root().update(change))
    out = {
        "the first root without one country": made(signers("root", by("AT", "MK"))),
        "the first root has version 2": made(put("root.version", 2)),
        "the first root has a predecessor": made(put("root.previous", "00" * 32)),
        "one country": made(put("root.countries", lambda old: old[:1])),
        "a country twice in the root": made(put("root.countries.1.member", "AT")),
        "a key twice in the root": made(put("root.countries.1.identity", IDENTITY["AT"].text)),
        "an organisation in the root": made(put("root.countries.0.member", "ICMPD")),
        "a second root by one country": made(lambda b: b.next_root(("MK",))),
        "a second root by the new countries alone": made(taken_over),
        "a second root by a stranger too": made(lambda b: (b.next_root(), b.roots[1][1].append(
            ("SI", STRANGER)))),
        "a second root that skips a version": after_root({"version": 3}),
        "a second root that follows another": after_root({"previous": "00" * 32}),
        "a second root from before the first": after_root({"issued": "2026-03-22T14:01:59.999Z"}),
        "a list under another root": made(put("list.root_version", 2)),
        "a list by one country": made(signers("list", by("AT"))),
        "a list by one country twice": made(signers("list", by("AT", "AT"))),
        "a list by a country and an organisation": made(signers("list", by("AT", "ICMPD"))),
        "a list by a country's other key": made(signers("list", [("AT", LOG["AT"])] + by("MK", "SI"))),
        "a list that nobody signed": made(signers("list", [])),
        "a list of version 0": made(put("list.version", 0)),
        "a first list with a predecessor": made(put("list.previous", "00" * 32)),
        "a later list without a predecessor": made(put("list.version", 2)),
        "a list for longer than 30 days": made(put("list.expires", "2026-04-21T14:02:00.001Z")),
        "a list by a country that it leaves out": made(lambda b: b.list["members"].pop(0)),
        "a second root by a country that it leaves out": made(thrown_out),
        "a list that ends as it begins": made(put("list.expires", NOW)),
        "a member twice": made(put("list.members.1", Bundle.member("AT"))),
        "a member without a node": made(put("list.members.0.nodes", [])),
        "node 0": made(put(f"{nodes}.number", 0)),
        "node 256": made(put(f"{nodes}.number", 256)),
        "a key with two nodes": made(put(identity, IDENTITY["SI"].text)),
        "a country listed as an organisation": made(put("list.members.0.kind", "organisation")),
        "an organisation listed as a country": made(put("list.members.3.kind", "country")),
        "an unknown kind of member": made(put("list.members.3.kind", "company")),
        "a member id in small letters": made(put("list.members.3.member", "icmpd")),
        "a bundle by another identity": made(signers("bundle", [("MK", STRANGER)])),
        "a bundle by another member": made(signers("bundle", [("AT", IDENTITY["MK"])])),
        "a bundle by two": made(signers("bundle", by("MK", "AT"))),
        "a bundle that nobody signed": made(signers("bundle", [])),
        "a bundle of no listed node": made(lambda b: b.bundles.update({
            "TR-1": [Bundle.keys("TR"), by("TR")]})),
        "sequence 0": made(put("bundle.sequence", 0)),
        "a second bundle without a proof": made(put("bundle.sequence", 2)),
        "a proof by another log key": rotation("proof.log", proof("MK", LOG["MK"], [])["log"]),
        "a proof of another node's": rotation("proof.log", proof("AT", NEXT_LOG, [])["log"]),
        "a proof that is no signature": rotation("proof.log", text64(bytes(3373))),
        "a short proof": rotation("proof.log", text64(bytes(64))),
        "no proof of the new TLS key": rotation("proof.tls", lambda old: old[:1]),
        "the TLS keys in another order": rotation("proof.tls", lambda old: old[::-1]),
        "a TLS key that is not in the bundle": rotation(
            "proof", proof("MK", NEXT_LOG, [TLS["MK"], TlsKey()])),
        "a TLS key that signed for another node": rotation(
            "proof.tls", proof("AT", NEXT_LOG, [TLS["MK"], NEXT_TLS])["tls"]),
        "a TLS key in another form": rotation("proof.tls.1.key", lambda old: patched(old, 0, b"\x31")),
        "a false proof in the first bundle": rotation("sequence", 1, "proof.tls.0.signature",
                                                      text64(bytes(64))),
        "a log's second key from its start": rotation("log.1.after", 0),
        "a log's second key from nowhere": rotation("log.1", lambda old: {
            name: value for name, value in old.items() if name != "after"}),
        "a log's first key from later on": rotation("log.0.after", 1),
        "log keys that do not ascend": made(then(thrice, put("bundle.log.2.after", 2))),
        "a log key twice": rotation("log.1.key", LOG["MK"].text),
        "a time that is none for compromised keys": made(put("bundle.compromised_since", "yesterday")),
        "compromised since nothing": made(compromised(None)),
        "compromised before its place": made(lambda b: b.list["members"][0].update(
            compromised_since=NOW)),
        "no pin": made(put("bundle.tls", [])),
        "five pins": made(put("bundle.tls", [f"{n:064x}" for n in range(5)])),
        "a pin twice": made(put("bundle.tls", lambda old: old * 2)),
        "a pin of another node": made(lambda b: b.bundles["MK-1"][0].update(
            tls=b.bundles["AT-1"][0]["tls"])),
        "no receiving key": made(put("bundle.recipient", [])),
        "a receiving key twice": made(put("bundle.recipient", lambda old: old * 2)),
        "a receiving key that ends as it begins": made(put("bundle.recipient.0.not_after", NOW)),
        "a receiving key of zeros": made(put(receiving, lambda old: patched(old, 1184, bytes(32)))),
        "a receiving key not below p": made(put(receiving, lambda old: patched(
            old, 1184, (P + 9).to_bytes(32, "little")))),
        "a receiving key with the top bit": made(put(receiving, lambda old: patched(old, 1215, b"\x80"))),
        "a receiving key that is not reduced": made(put(receiving, lambda old: patched(
            old, 0, b"\x01\x0d"))),
        "a short receiving key": made(put(receiving, lambda old: old[:-4])),
        "no log": made(put("bundle.log", [])),
        "an empty roster": made(put("bundle.duty", [])),
        "a roster without a desk": made(put("bundle.duty", DUTY[1:])),
        "thirteen posts": made(put("bundle.duty", DUTY[:1] * 13)),
        "a level that there is not": duty(1, "level", "minister"),
        "a post without a name": duty(1, "post", ""),
        "a post with a name that hides": duty(1, "post", "Head\u202e"),
        "a local telephone number": duty(0, "phone", "02 000 0001"),
        "a short telephone number": duty(0, "phone", "+38920"),
        "a long telephone number": duty(0, "phone", "+3892000000012345"),
        "a telephone number with two spaces": duty(0, "phone", "+389  2 000 0001"),
        "no language": duty(0, "languages", []),
        "a language twice": duty(0, "languages", ["mk", "mk"]),
        "a language that is none": duty(0, "languages", ["m"]),
        "no days": duty(1, "hours.days", []),
        "a day twice": duty(1, "hours.days", ["mon", "mon"]),
        "a day that there is not": duty(1, "hours.days", ["Monday"]),
        "hours from 24:00": duty(1, "hours.from", "24:00"),
        "hours until 24:01": duty(1, "hours.to", "24:01"),
        "hours in one digit": duty(1, "hours.from", "8:00"),
        "a zone that begins with a digit": duty(1, "hours.zone", "2Europe"),
        "a zone with an empty part": duty(1, "hours.zone", "Europe//Skopje"),
        "a long zone": duty(1, "hours.zone", "Z" * 61),
        "a new address that is none": made(put("bundle.address", "mk.example")),
        "an origin of another node": made(put("bundle.log.0.origin", "at-1.liaison/1")),
        "an origin in capitals": made(put("bundle.log.0.origin", "MK-1.liaison/1")),
        "incarnation 0": made(put("bundle.log.0.origin", "mk-1.liaison/0")),
        "incarnations out of order": made(lambda b: (grown(b), b.bundles["MK-1"][0]["log"].reverse())),
        "a log key of small order": made(put("bundle.log.0.key", small_order(1))),
        "protocols reversed": made(put("bundle.protocols", [2, 1])),
        "protocol 0": made(put("bundle.protocols", [0, 1])),
        "three protocols": made(put("bundle.protocols", [1, 1, 1])),
        "another type": made(put("bundle.type", "card")),
        "an unknown member": made(lambda b: b.bundles["MK-1"][0].update(extra=1)),
        "a missing member": made(drop("list.members.0.contact")),
        "a null for nothing": made(put(f"{nodes}.address", None)),
        "a number as text": made(put("list.version", "1")),
        "a number with a fraction": made(put("list.version", 1.0)),
        "a truth for a number": made(put("list.version", True)),
        "a time without milliseconds": made(put("list.issued", "2026-03-22T14:02:00Z")),
        "a time of another zone": made(put("list.issued", "2026-03-22T15:02:00.000+01:00")),
        "a day that is not": made(put("list.issued", "2026-02-30T14:02:00.000Z")),
        "a time before 1970": made(put("list.issued", "1969-12-31T23:59:59.999Z")),
        "a digest in capitals": made(put("bundle.tls", lambda old: [old[0].upper()])),
        "base64 without its padding": made(put(identity, lambda old: old.rstrip("="))),
        "compact JSON": made(spelling(lambda b: json.dumps(json.loads(b)).encode())),
        "members in another order": made(spelling(lambda b: pretty(dict(reversed(json.loads(b).items()))))),
        "a line break at the end": made(spelling(lambda b: b + b"\n")),
        "a member twice in JSON": made(spelling(lambda b: b.replace(
            b'"sequence": 1,', b'"sequence": 1,\n  "sequence": 1,'))),
        "an escape that is not needed": made(spelling(lambda b: b.replace(b'"MK-1"', b'"\\u004dK-1"'))),
        "zeros after a member id": made(put("bundle.node", "MK\0-1")),
    }
    out |= {f"an identity key of small order {n}": made(put(identity, small_order(y)))
            for n, y in enumerate((0, 1, P - 1, P, P + 1))}
    out |= {f"text {n}": text(value) for n, value in enumerate(
        ("", " A", "A\u00a0", "A\nB", "A\u202eB", "A\u200bB", "A\U000e0041", "x" * 101, "\u0085A"))}
    out |= {f"address {value!r:.20}": address(value) for value in (
        "a", "a:0", "a:65536", "a:+1", "a:01", ":1", "-a:1", "a-:1", "a..b:1", "a_b:1", "[::1%1]:1",
        "[1.2.3.4]:1", "::1:1", "\u00e4:1", f"{'a' * 64}:1", f"{'a.' * 126}aaaa:1")}
    return out


def thrown_out(bundle: Bundle) -> None:
    """A second root without AT, which AT signs with one other."""
    following = bundle.next_root(("AT", "MK"))
    following["countries"].pop(0)
    bundle.list_signers = by("MK", "SI")


def taken_over(bundle: Bundle) -> None:
    """A second root that replaces everybody, signed by those whom it brings along."""
    following = bundle.next_root(("MK",))
    keys = {name: Key() for name in ("XA", "XB")}
    following["countries"] = [{"member": "MK", "identity": IDENTITY["MK"].text}] + [
        {"member": name, "identity": key.text} for name, key in keys.items()]
    bundle.roots[1][1] += list(keys.items())


def bad_log() -> dict[str, bytes]:
    """Bundles whose log does not hold, signed all the same."""
    last = lambda **other: made(entries(entry(4, **other)))
    number = lambda value, count: value.to_bytes(count, "big")
    return {
        "no bundle names the log": made(lambda b: setattr(b, "origin", "mk-1.liaison/2")),
        "an incarnation that no entry begins": made(then(restored(), entries(entry(2), entry(3), entry(4)))),
        "an incarnation that another entry begins": made(restored(said=3)),
        "an incarnation that begins twice": made(then(restored(), entries(entry(3, event=LOG_OPENED), entry(4)))),
        "an entry that begins no incarnation": made(entries(entry(4, event=LOG_OPENED))),
        "an incarnation that is signed as the one before": made(
            then(restored(), lambda b: b.begun.clear())),
        "an incarnation under the key of the one before": made(
            then(restored(), lambda b: b.log_keys.pop())),
        "an incarnation that begins within a group": made(restored(after=3, said=3)),
        "an incarnation that goes on though it is over": made(named(after=2)),
        "an incarnation that goes on by one entry though it is over": made(named(after=4)),
        "a log of another node's key": made(lambda b: setattr(b, "log_keys", [(0, LOG["AT"])])),
        "a checkpoint by the key that took over later": made(
            then(rotated(), lambda b: setattr(b, "log_keys", [(0, NEXT_LOG)]))),
        "a checkpoint by the key that was handed over": made(
            then(rotated(), lambda b: setattr(b, "log_keys", [(0, LOG["MK"])]))),
        "a checkpoint one entry too early": made(
            then(rotated(after=2), lambda b: setattr(b, "log_keys", [(0, LOG["MK"]), (1, NEXT_LOG)]))),
        "a log that its bundle forgot": made(lambda b: b.bundles.pop("MK-1")),
        "a malformed origin": made(lambda b: setattr(b, "origin", "mk-01.liaison/1")),
        "an entry of version 2": last(version=b"\2"),
        "an entry of kind 0": last(kind=b"\0"),
        "an entry of kind 8": last(kind=b"\x08"),
        "an entry of an unknown event": last(event=number(99, 2)),
        "an entry of role 0": last(role=b"\0"),
        "an entry of role 8": last(role=b"\x08"),
        "an entry from after the last time": last(time=number(253_402_207_200_001, 8)),
        "an entry with a peer in small letters": last(peer=b"si\0\0\0\0\0\0"),
        "an entry with a gap in its peer": last(peer=b"S\0I\0\0\0\0\0"),
        "an entry with a peer of one letter": last(peer=b"S\0\0\0\0\0\0\0"),
        "an entry with a critical extension": last(extensions=extension(0x8001)),
        "an entry with an extension twice": last(extensions=extension(5) * 2),
        "an entry with extensions that descend": last(extensions=extension(6) + extension(5)),
        "an entry with a cut extension": last(extensions=extension(5)[:-1]),
        "an entry with too many extensions": last(extensions=extension(5, bytes(4093))),
        "an entry whose length is wrong": last(length=number(1, 2)),
        "an entry with a byte more": made(entries(entry(4) + b"\0")),
        "an entry with a byte less": made(entries(entry(4)[:-1])),
        "an empty entry": made(entries(b"")),
        "checkpoints out of order": made(lambda b: setattr(b, "groups", [3, 2, 5])),
        "a checkpoint twice": made(lambda b: setattr(b, "groups", [2, 2, 5])),
        "no checkpoint at the head": made(lambda b: setattr(b, "groups", [5, 2])),
        "the head is of fewer entries": spelt(lambda files: [
            (n, dict(files)["checkpoints/2"] if n == "checkpoint" else c) for n, c in files]),
    }


def bad_eyes() -> dict[str, bytes]:
    """Bundles whose people decide as they must not."""
    return {name: made(lambda b, some=some: setattr(b, "entries", some()), 9)
            for name, some in UNRELEASED.items()}


def bad_files() -> dict[str, bytes]:
    """Bundles that were changed after they were signed."""
    names = [name for name, _ in Bundle().files()]
    whole = tar(Bundle().files())
    swap = lambda a, b: lambda files: [files[b if n == a else a if n == b else n]
                                       for n in range(len(files))]
    head = "checkpoint"
    resigned = lambda old: old[:old.rindex("\u2014".encode())]
    out = {
        "nothing": b"",
        "only an end": bytes(1024),
        "cut in the middle": whole[:len(whole) // 2],
        "cut by one block": whole[:-512],
        "a byte after the end": whole + b"\0",
        "two bundles": whole + whole,
        "a file more": spelt(lambda files: files + [("extra", b"")]),
        "padding that is not zeros": whole[:padding_at(whole)] + b"\1" + whole[padding_at(whole) + 1:],
        "a note without its second signature": spelt(file(head, resigned)),
        "a note with a third signature": spelt(file(head, lambda old: old + old[old.rindex(b"\xe2"):])),
        "a note with its signatures reversed": spelt(file(head, reversed_signatures)),
        "a note with a line of text more": spelt(file(head, lambda old: old.replace(b"\n\n", b"\nx\n\n"))),
        "a note with an empty line more": spelt(file(head, lambda old: old + b"\n")),
        "a size with a leading zero": spelt(file(head, lambda old: old.replace(b"\n5\n", b"\n05\n"))),
        "a longer size": spelt(file(head, lambda old: old.replace(b"\n5\n", b"\n6\n"))),
        "a document with other white space": spelt(file("trust/list.json", lambda old: old + b"\n")),
        "a document that is not JSON": spelt(file("trust/list.json", lambda old: old[1:])),
        "a document with a member more": spelt(file("trust/list.json", lambda old: pretty(
            json.loads(old) | {"extra": 1}))),
        "roots that are no list": spelt(file("trust/root.json", lambda old: pretty(json.loads(old)[0]))),
        "no root": spelt(file("trust/root.json", lambda old: b"[]")),
        "a bundle under another name": spelt(lambda files: [
            (n.replace("AT-1", "AT-2"), c) for n, c in files]),
        "bundles in another order": spelt(swap(2, 3)),
        "list before root": spelt(swap(0, 1)),
        "another's bundle": spelt(lambda files: [
            (n, files[3][1] if n == files[2][0] else c) for n, c in files]),
        "an end of other size in a header": whole[:124] + b"00000000000" + whole[135:],
        "an owner in a header": renumbered(whole, 108, b"0000001\0"),
        "a date in a header": renumbered(whole, 136, b"00000000001\0"),
        "a link in a header": renumbered(whole, 156, b"2"),
        "a spare byte in a header": renumbered(whole, 500, b"x"),
    }
    # A bundle may leave out the keys of other nodes, and checkpoints before the last.
    needed = [name for name in names if name not in ("trust/bundles/AT-1.json", "checkpoints/2")]
    out |= {f"without {name}": spelt(lambda files, name=name: [f for f in files if f[0] != name])
            for name in needed}
    out |= {f"{name} twice": spelt(lambda files, name=name: [
        f for pair in files for f in ([pair] * (2 if pair[0] == name else 1))]) for name in names}
    out |= {f"a bit of {name}": spelt(file(name, lambda old: old[:len(old) // 2] + bytes(
        [old[len(old) // 2] ^ 1]) + old[len(old) // 2 + 1:])) for name in names}
    out |= {f"the last byte of {name}": spelt(file(name, lambda old: old[:-1])) for name in names}
    return out


def padding_at(whole: bytes) -> int:
    """The last byte before the second header: padding, as the roots do not fill their block."""
    length = int(whole[124:135], 8)
    assert length % 512
    return 512 + length + (-length % 512) - 1


def reversed_signatures(note: bytes) -> bytes:
    body, signatures = note.split(b"\n\n")
    first, second = signatures.splitlines()
    return body + b"\n\n" + second + b"\n" + first + b"\n"


def renumbered(whole: bytes, at: int, field: bytes) -> bytes:
    """Another field in the first header, under a checksum that holds."""
    block = bytearray(whole[:512])
    block[at:at + len(field)] = field
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block) + whole[512:]


def bad() -> dict[str, bytes]:
    """Every bundle that does not hold, by what is wrong with it."""
    return bad_trust() | bad_log() | bad_eyes() | bad_files() | bad_cosigned()
