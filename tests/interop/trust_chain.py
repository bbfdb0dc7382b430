"""Root, list and bundles, written from docs/protocol.md § 4.1 to 4.3 alone."""

import ipaddress
import re
import unicodedata

from trust_documents import (SPKI, Document, Refused, demand, digest, ed25519_holds, from_base64,
                             hex_digest, holds, hybrid_key, in_context, integer, is_country, items,
                             key_id, member_id, members, node_id, receiving_key, time)

HIDDEN = re.compile("[\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
                    "\U000e0000-\U000e007f]")


def versions(payload: dict) -> tuple[int, bytes | None]:
    version = integer(payload["version"], 1, 2**32)
    previous = payload["previous"]
    demand((version == 1) == (previous is None), "exactly the first version has no predecessor")
    return version, None if previous is None else hex_digest(previous)


# § 4.1

class Root:
    def __init__(self, document: Document):
        payload = document.read("root", "version previous issued countries")
        self.digest = document.digest
        self.version, self.previous = versions(payload)
        self.issued = time(payload["issued"])
        self.countries: dict[str, bytes] = {}
        for country in items(payload["countries"], 2, 250):
            members(country, "member identity")
            member, key = member_id(country["member"]), hybrid_key(country["identity"])
            demand(is_country(member), "a country has a two-letter id")
            demand(member not in self.countries, "a country stands twice")
            demand(key not in self.countries.values(), "a key stands twice")
            self.countries[member] = key

    def key(self, member: str, wanted: bytes) -> bytes | None:
        key = self.countries.get(member)
        return key if key is not None and key_id(key) == wanted else None

    def count(self, signers: set[tuple[str, bytes]]) -> int:
        return sum((member, key_id(key)) in signers for member, key in self.countries.items())

    def two_thirds(self) -> int:
        return -(-2 * len(self.countries) // 3)


def chain(documents: list[Document]) -> Root:
    """The last root, where each follows the one before."""
    demand(len(documents) > 0, "there is no root")
    root = Root(documents[0])
    demand(root.version == 1, "the first root has version 1")
    demand(root.count(documents[0].signers("root", root.key)) == len(root.countries),
           "all countries sign the first root")
    for document in documents[1:]:
        following = Root(document)
        demand(following.version == root.version + 1, "a root is not the next")
        demand(following.previous == root.digest, "a root follows another")
        demand(following.issued >= root.issued, "a root was issued before the one before it")
        either = lambda member, key: root.key(member, key) or following.key(member, key)
        signers = document.signers("root", either)
        staying = {(member, key) for member, key in signers if member in following.countries}
        for one, by in ((root, staying), (following, signers)):
            demand(one.count(by) >= one.two_thirds(), "too few countries signed a root")
        root = following
    return root


# § 4.2

def check_text(text: object, most: int) -> None:
    demand(isinstance(text, str) and 0 < len(text) <= most and text.strip() == text
           and not HIDDEN.search(text)
           and not any(unicodedata.category(c) == "Cc" for c in text), "this is no text")


def check_address(address: object) -> None:
    demand(isinstance(address, str) and len(address.encode()) <= 255, "an address is too long")
    host, colon, port = address.rpartition(":")
    demand(colon == ":" and re.fullmatch("[1-9][0-9]{0,4}", port) and int(port) < 65536, "no port")
    if host.startswith("[") and host.endswith("]"):
        try:
            demand("%" not in host, "an address has a zone")
            ipaddress.IPv6Address(host[1:-1])
        except ValueError as error:
            raise Refused("this is no IPv6 address") from error
        return
    label = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
    demand(re.fullmatch(rf"{label}(\.{label})*", host), "this is no host")


class TrustList:
    def __init__(self, document: Document, root: Root):
        names = "version root_version previous issued expires members"
        payload = document.read("trust-list", names)
        self.digest = document.digest
        self.version, _ = versions(payload)
        demand(integer(payload["root_version"], 1, 2**32) == root.version, "made under another root")
        life = time(payload["expires"]) - time(payload["issued"])
        demand(0 < life <= 30 * 86_400_000, "the times are out of order, or too far apart")
        self.identities: dict[tuple[bytes, int], bytes] = {}
        # Since when the keys of a member are said to have been in other hands.
        self.compromised: dict[str, int] = {}
        seen = set()
        for member in items(payload["members"], 0, 500):
            self.take(member, root, seen)
        self.members = seen
        signers = {one for one in document.signers("trust-list", root.key) if one[0] in seen}
        needed = max(len(root.countries) // 2 + 1, 2)
        demand(root.count(signers) >= needed, "too few countries signed the list")

    def take(self, listed: object, root: Root, seen: set[str]) -> None:
        members(listed, "member name kind contact compromised_since? nodes")
        member = member_id(listed["member"])
        demand(member not in seen, "a member stands twice")
        seen.add(member)
        check_text(listed["name"], 100)
        if listed["contact"] != "":
            check_text(listed["contact"], 300)
        if "compromised_since" in listed:
            self.compromised[member] = time(listed["compromised_since"])
        demand(listed["kind"] in ("country", "organisation"), "this is no kind of member")
        country = listed["kind"] == "country"
        demand(not country or is_country(member), "a country has a two-letter id")
        demand(country or member not in root.countries, "a country is listed as an organisation")
        for node in items(listed["nodes"], 1, 2**32):
            members(node, "number identity address?")
            place = member.encode().ljust(8, b"\0"), integer(node["number"], 1, 256)
            key = hybrid_key(node["identity"])
            demand(place not in self.identities, "a node stands twice")
            demand(key not in self.identities.values(), "a key stands twice")
            self.identities[place] = key
            if "address" in node:
                check_address(node["address"])


# § 4.3

LANGUAGE = re.compile("[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def text_like(value: object, form: str) -> None:
    demand(isinstance(value, str) and re.fullmatch(form, value), f"this is not {form}")


def check_duty(duty: object) -> None:
    levels = set()
    for post in items(duty, 1, 12):
        members(post, "level post phone hours? languages")
        demand(post["level"] in ("duty-desk", "head-of-unit", "national-contact"), "no such level")
        levels.add(post["level"])
        check_text(post["post"], 100)
        text_like(post["phone"], r"\+[1-9]( ?[0-9]){5,14}")
        languages = items(post["languages"], 1, 16)
        for language in languages:
            demand(isinstance(language, str) and len(language) <= 35
                   and LANGUAGE.fullmatch(language), "this is no language")
        demand(len(set(languages)) == len(languages), "a language stands twice")
        if "hours" in post:
            check_hours(post["hours"])
    demand("duty-desk" in levels, "there is no duty desk")


def check_hours(hours: object) -> None:
    members(hours, "days? from to zone")
    if "days" in hours:
        days = items(hours["days"], 1, 7)
        demand(all(day in DAYS for day in days) and len(set(days)) == len(days), "no such days")
    clock = "([01][0-9]|2[0-3]):[0-5][0-9]"
    text_like(hours["from"], clock)
    text_like(hours["to"], f"{clock}|24:00")
    demand(isinstance(hours["zone"], str) and len(hours["zone"].encode()) <= 60, "a long zone")
    text_like(hours["zone"], "[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*")


class Bundle:
    def __init__(self, document: Document, listed: TrustList):
        names = ("node sequence issued expires tls recipient log protocols address? duty? "
                 "compromised_since? proof?")
        payload = document.read("bundle", names)
        self.node = node_id(payload["node"])
        sequence = integer(payload["sequence"], 1, 2**64)
        demand(time(payload["expires"]) > time(payload["issued"]), "the times are out of order")
        self.pins = [hex_digest(pin) for pin in items(payload["tls"], 1, 4)]
        demand(len(set(self.pins)) == len(self.pins), "a pin stands twice")
        keys = []
        for one in items(payload["recipient"], 1, 8):
            members(one, "key created not_after")
            keys.append(receiving_key(one["key"]))
            demand(time(one["not_after"]) > time(one["created"]), "the times are out of order")
        demand(len(set(keys)) == len(keys), "a receiving key stands twice")
        # The keys of each log, with the size after which each signs.
        self.logs: dict[str, list[tuple[int, bytes]]] = {}
        # All of them in order, with the origin of each.
        self.turns: list[tuple[int, str, bytes]] = []
        self.log_keys(payload)
        lowest, highest = items(payload["protocols"], 2, 2)
        demand(integer(lowest, 1, 2**16) <= integer(highest, 1, 2**16), "the versions are reversed")
        if "address" in payload:
            check_address(payload["address"])
        if "duty" in payload:
            check_duty(payload["duty"])
        since = payload.get("compromised_since")
        self.compromised = None if "compromised_since" not in payload else time(since)
        self.verify(document, listed)
        self.prove(payload, sequence, listed)

    def log_keys(self, payload: dict) -> None:
        last, known = (0, 0), set()
        for one in items(payload["log"], 1, 64):
            members(one, "origin key from after?")
            time(one["from"])
            after = integer(one["after"], 1, 2**64) if "after" in one else 0
            name = payload["node"].lower() + ".liaison/"
            origin = one["origin"]
            demand(isinstance(origin, str) and origin.startswith(name), "another node's origin")
            number = origin.removeprefix(name)
            demand(re.fullmatch("[1-9][0-9]{0,9}", number) and int(number) < 2**32, "no incarnation")
            place = int(number), after
            demand(place > last and (last[0] > 0 or after == 0), "the log keys do not ascend")
            key = hybrid_key(one["key"])
            demand(key not in known, "a log key stands twice")
            known.add(key)
            last = place
            self.logs.setdefault(origin, []).append((after, key))
            self.turns.append((after, origin, key))
        self.last_log_key = key

    def turn(self, newest: str, size: int) -> tuple[str, bytes]:
        """The incarnation of the log `newest` that the checkpoint of this size is of, and its key."""
        turns, until = [], None
        last = max(at for at, (_, origin, _) in enumerate(self.turns) if origin == newest)
        for after, origin, key in reversed(self.turns[:last + 1]):
            if turns and origin != turns[0][1]:
                until = turns[0][0] if until is None else min(until, turns[0][0])
            if until is None or after < until:
                turns.insert(0, (after, origin, key))
        return [turn[1:] for turn in turns if turn[0] < size or turn is turns[0]][-1]

    def prove(self, payload: dict, sequence: int, listed: TrustList) -> None:
        if "proof" not in payload:
            demand(sequence == 1, "the bundle does not prove that its node holds the keys")
            return
        proof = payload["proof"]
        members(proof, "log tls")
        member, number = self.node
        proved = member + bytes([number]) + key_id(listed.identities[self.node])
        signed = in_context("liaison/possession/v1", proved)
        signature = from_base64(proof["log"])
        demand(len(signature) == 3373, "a signature has the wrong length")
        demand(holds(self.last_log_key, signed, signature), "the log key is not proved")
        shown = []
        for one in items(proof["tls"], 1, 4):
            members(one, "key signature")
            spki, signature = from_base64(one["key"]), from_base64(one["signature"])
            demand(len(spki) == 44 and spki.startswith(SPKI), "this is no TLS key")
            signed = b"liaison/possession/v1/tls\0" + proved
            demand(ed25519_holds(spki[12:], signed, signature), "a TLS key is not proved")
            shown.append(digest(spki))
        demand(shown == self.pins, "the proof is for other TLS keys")

    def verify(self, document: Document, listed: TrustList) -> None:
        identity = listed.identities.get(self.node)
        demand(identity is not None, "the list has no such node")
        member = self.node[0].rstrip(b"\0").decode()
        own = (member, key_id(identity))
        signers = document.signers("bundle", lambda *by: identity if by == own else None)
        demand(len(signers) == 1, "the bundle is not signed by its node")
