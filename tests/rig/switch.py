"""The network between the offices: a process that carries packets between TUN devices, and loses,
delays, reorders, doubles or blocks them as it is told. The kernels of these machines have no netem.

    python3 -m rig.switch ADDRESS=NAMESPACE...      rules on standard input, a line of JSON each

Rules are by ordered pair of addresses, `"*"` for all: `loss` and `twice` (chance, 0 to 1), `delay`
and `jitter` (seconds each way; jitter reorders), `rate` (bits a second), `mtu` (longer packets
vanish), `udp` (false: blocked), `up` ([seconds up, seconds of a period], and which second of it is the
first, if not 0), `cut` (true: nothing passes).
Besides, `moved` gives addresses others: their packets come from there, and nothing reaches the old one, as
where a provider gives a line another address and a NAT forgets what went over it.
Each line is answered with the counts since the line before.
"""

import fcntl
import heapq
import json
import os
import random
import select
import struct
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
UDP, TCP = 17, 6
# Where the addresses stand in a packet.
SOURCE, TARGET = 12, 16
# Bytes that may queue before a link of limited rate.
QUEUE = 64 * 1024


class Switch:
    """The other end: starts the process, and tells it the rules."""

    def __init__(self, addresses: dict[str, str], seed: int):
        words = [f"{address}={space}" for address, space in addresses.items()]
        self.child = subprocess.Popen(
            [sys.executable, "-m", "rig.switch", str(seed), *words], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(__file__).parent.parent,
            start_new_session=True)
        self.rules({})

    def rules(self, rules: dict) -> Counter:
        """Puts rules in force in place of those before; gives what happened under the latter."""
        self.child.stdin.write(json.dumps(rules) + "\n")
        self.child.stdin.flush()
        return Counter(json.loads(self.child.stdout.readline()))

    def close(self) -> None:
        self.child.stdin.close()
        self.child.wait(timeout=10)


def tun(space: str, address: str) -> int:
    """Opens a TUN device with this address in a namespace."""
    from .netspace import enter
    home = os.open(f"/proc/{os.getpid()}/ns/net", os.O_RDONLY)
    there = os.open(space, os.O_RDONLY)
    enter(there)
    try:
        device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH", b"net", IFF_TUN | IFF_NO_PI))
        for words in (["addr", "add", f"{address}/24", "dev", "net"], ["link", "set", "net", "up"]):
            subprocess.run(["ip", *words], check=True)
    finally:
        enter(home)
        os.close(there)
        os.close(home)
    return device


def readdressed(packet: bytes, at: int, address: str) -> bytes:
    """The packet with another address, and with the checksums that it has then (RFC 1624)."""
    old, new = packet[at:at + 4], bytes(map(int, address.split(".")))
    changed = bytearray(packet)
    changed[at:at + 4] = new
    header = (packet[0] & 15) * 4
    places = [10]
    if packet[9] == TCP:
        places.append(header + 16)
    elif packet[9] == UDP and packet[header + 6:header + 8] != bytes(2):
        places.append(header + 6)
    for place in places:
        total = ~int.from_bytes(packet[place:place + 2]) & 0xFFFF
        for word in (0, 2):
            total += (~int.from_bytes(old[word:word + 2]) & 0xFFFF) + int.from_bytes(new[word:word + 2])
        while total >> 16:
            total = (total & 0xFFFF) + (total >> 16)
        changed[place:place + 2] = (~total & 0xFFFF).to_bytes(2)
    return bytes(changed)


class Carrier:
    """Carries packets by the rules."""

    def __init__(self, devices: dict[str, int], seed: int):
        self.devices, self.chance = devices, random.Random(seed)
        self.rules: dict[str, dict] = {}
        self.counts: Counter = Counter()
        # When, tie break, to whom, what.
        self.waiting: list[tuple[float, int, str, bytes]] = []
        self.number, self.began = 0, time.monotonic()
        # When a link of limited rate is free again.
        self.free: dict[tuple[str, str], float] = {}

    def rule(self, source: str, target: str) -> dict:
        for key in (f"{source}>{target}", f"{source}>*", f"*>{target}", "*"):
            if key in self.rules:
                return self.rules[key]
        return {}

    def take(self, packet: bytes, now: float) -> None:
        """Judges a packet that a device gave."""
        if len(packet) < 20 or packet[0] >> 4 != 4:
            return
        source, target = (".".join(map(str, packet[at:at + 4])) for at in (SOURCE, TARGET))
        moved = self.rules.get("moved", {})
        if target in moved:
            self.counts["to-the-old-address"] += 1
            return
        for old, new in moved.items():
            if target == new:
                target, packet = old, readdressed(packet, TARGET, old)
        if target not in self.devices:
            return
        if source in moved:
            self.counts["moved"] += 1
            packet = readdressed(packet, SOURCE, moved[source])
        rule = self.rule(source, target)
        self.counts["carried"] += 1
        up, period, *at = rule.get("up", (1, 1))
        if rule.get("cut") or (now - self.began + sum(at)) % period >= up:
            self.counts["cut"] += 1
        elif rule.get("udp") is False and packet[9] == UDP:
            self.counts["blocked"] += 1
        elif len(packet) > rule.get("mtu", 65536):
            self.counts["too-long"] += 1
        elif self.chance.random() < rule.get("loss", 0):
            self.counts["lost"] += 1
        else:
            self.queue(source, target, packet, rule, now)
            if self.chance.random() < rule.get("twice", 0):
                self.counts["twice"] += 1
                self.queue(source, target, packet, rule, now)

    def queue(self, source: str, target: str, packet: bytes, rule: dict, now: float) -> None:
        when = now + rule.get("delay", 0) + self.chance.random() * rule.get("jitter", 0)
        if rate := rule.get("rate"):
            begins = max(now, self.free.get((source, target), now))
            self.counts["queued"] += begins > now
            if (begins - now) * rate / 8 > QUEUE:
                self.counts["overflowed"] += 1
                return
            self.free[source, target] = begins + len(packet) * 8 / rate
            when += self.free[source, target] - now
        if rule.get("delay") or rule.get("jitter") or rate:
            self.counts["delayed"] += 1
            self.number += 1
            heapq.heappush(self.waiting, (when, self.number, target, packet))
        else:
            self.give(target, packet)

    def give(self, target: str, packet: bytes) -> None:
        try:
            os.write(self.devices[target], packet)
        except OSError:
            self.counts["not-taken"] += 1

    def due(self, now: float) -> float | None:
        """Gives what is due, and the seconds until the next is."""
        while self.waiting and self.waiting[0][0] <= now:
            _, _, target, packet = heapq.heappop(self.waiting)
            self.give(target, packet)
        return max(self.waiting[0][0] - now, 0) if self.waiting else None


def main(words: list[str]) -> None:
    devices = {}
    for word in words[1:]:
        address, space = word.split("=")
        devices[address] = tun(space, address)
    carrier, said = Carrier(devices, int(words[0])), b""
    by_descriptor = set(devices.values())
    while True:
        wait = carrier.due(time.monotonic())
        ready, _, _ = select.select([0, *by_descriptor], [], [], wait)
        for descriptor in ready:
            if descriptor in by_descriptor:
                # A few at a time, so that no office has the switch for itself.
                for _ in range(32):
                    try:
                        packet = os.read(descriptor, 65536)
                    except BlockingIOError:
                        break
                    carrier.take(packet, time.monotonic())
                continue
            piece = os.read(0, 65536)
            if not piece:
                return
            said += piece
            while b"\n" in said:
                line, said = said.split(b"\n", 1)
                carrier.rules, counts = json.loads(line), carrier.counts
                carrier.counts, carrier.free, carrier.began = Counter(), {}, time.monotonic()
                print(json.dumps(counts), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
