"""A stranger that breaks the rules of QUIC, written with aioquic, against a node that serves.

    hostile_stranger.py LIAISON DEMO

LIAISON is the program, DEMO the folder of a demo that has ended. A copy of one of its nodes is served.
The stranger cannot authenticate: aioquic has no hybrid key exchange. What it can do is all that comes
before: it is sent through Retry, and then sends, in Initial packets that are otherwise right, frames
that do not exist, do not belong there, or are not whole, and what is no packet at all. The node must
go on serving, at no more than 8 MiB of memory.
"""

import asyncio
import json
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

from aioquic.asyncio.client import connect
from aioquic.buffer import Buffer, encode_uint_var
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.crypto import CryptoPair
from aioquic.quic.packet import QuicHeader, QuicPacketType, QuicProtocolVersion, pull_quic_header

from api_conforms import address_of

VERSION = QuicProtocolVersion.VERSION_1
LONGEST = 2**62 - 1
PINNED_AT_MOST = 8 << 20
# What a datagram with an Initial packet is filled up to (RFC 9000 § 14.1).
SHORTEST = 1_200


def number(*values: int) -> bytes:
    return b"".join(encode_uint_var(value) for value in values)


# Frames in an Initial packet, by what is wrong with them (RFC 9000 § 12.4 and 19).
FRAMES = {
    "a frame that there is not": number(0x3f),
    "a frame of an extension that nobody agreed on": number(0x30, 5),
    "CRYPTO at a huge offset": number(0x06, 2**40, 4) + b"abcd",
    "CRYPTO beyond what can be said": number(0x06, LONGEST, 4) + b"abcd",
    "CRYPTO that says it is longer than its packet": number(0x06, 0, 60_000) + b"abcd",
    "CRYPTO that is no TLS": number(0x06, 0, 64) + b"\xff" * 64,
    "an ACK of what was never sent": number(0x02, 1_000_000, 0, 0, 0),
    "an ACK whose ranges go below zero": number(0x02, 5, 0, 3, 5, 9, 9, 9, 9, 9, 9),
    "an ACK with more ranges than fit": number(0x02, 5, 0, LONGEST, 1),
    "HANDSHAKE_DONE from a client": number(0x1e),
    "a STREAM before there are keys": number(0x0a, 0, 4) + b"abcd",
    "a STREAM over the limit": number(0x0a, LONGEST - 3, 4) + b"abcd",
    "a STREAM whose final size changes": number(0x0f, 0, 8, 1) + b"a" + number(0x0f, 0, 0, 1) + b"a",
    "MAX_STREAMS beyond 2^60": number(0x12, LONGEST),
    "MAX_DATA": number(0x10, LONGEST),
    "NEW_TOKEN from a client": number(0x07, 4) + b"abcd",
    "NEW_CONNECTION_ID": number(0x18, 1, 0) + b"\x08" + b"i" * 8 + b"t" * 16,
    "RETIRE_CONNECTION_ID": number(0x19, LONGEST),
    "PATH_CHALLENGE": number(0x1a) + b"8 bytes.",
    "the close of an application": number(0x1d, 5, 0),
    "a close with a longer reason than there is": number(0x1c, 10, 6, 5_000) + b"because",
    "half a frame": number(0x06)[:1],
    "nothing": b"",
}
# Whoever closes is not answered (RFC 9000 § 10.2.2).
UNANSWERED = ["the close of an application"]


class Stranger:
    """One that has been sent through Retry, from an address of its own."""

    def __init__(self, node: tuple[str, int], chance: random.Random):
        self.node, self.chance = node, chance
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.source, self.token = chance.randbytes(8), b""
        self.destination = chance.randbytes(8)
        header = self.retry()
        self.token, self.destination = header.token, header.source_cid

    def retry(self) -> QuicHeader:
        """The header of the Retry that the node answers with. As every client's, its first
        datagram is sent again while nothing comes (RFC 9002 § 6.2.2): a full socket drops it."""
        self.socket.settimeout(1)
        for _ in range(10):
            self.initial(number(0x06, 0, 64) + b"\x01" * 64)
            try:
                while True:
                    answer, _ = self.socket.recvfrom(2_048)
                    header = pull_quic_header(Buffer(data=answer), host_cid_length=8)
                    if header.packet_type == QuicPacketType.RETRY:
                        return header
            except TimeoutError:
                continue
        raise AssertionError("nobody is asked to show that the address is theirs")

    def initial(self, frames: bytes) -> None:
        """Sends an Initial packet with these frames, filled up to a whole datagram."""
        keys = CryptoPair()
        keys.setup_initial(cid=self.destination, is_client=True, version=VERSION)
        start = bytes([0xc3]) + VERSION.to_bytes(4, "big") + bytes([8]) + self.destination \
            + bytes([8]) + self.source + number(len(self.token)) + self.token
        # Its length is two bytes, its number four, its tag sixteen.
        room = SHORTEST - len(start) - 2 - 4 - 16
        payload = frames + bytes(max(0, room - len(frames))) if frames else b""
        length = (4 + len(payload) + 16) | 0x4000
        header = start + length.to_bytes(2, "big") + self.chance.randrange(1000).to_bytes(4, "big")
        packet = keys.encrypt_packet(header, payload, int.from_bytes(header[-4:], "big"))
        self.socket.sendto(packet.ljust(SHORTEST, b"\0"), self.node)

    def is_answered(self) -> bool:
        """Whether the node says anything, as it does where it has read what came."""
        self.socket.settimeout(2)
        try:
            return bool(self.socket.recv(2_048))
        except TimeoutError:
            return False

    def noise(self) -> None:
        """Sends what only begins as a packet."""
        length = self.chance.randrange(1, 1_500)
        first = self.chance.choice([0xc0, 0xd0, 0xe0, 0xf0, 0x40, 0x00])
        version = self.chance.choice([1, 0, 2, 0x6b3343cf, 0xffffffff]).to_bytes(4, "big")
        self.socket.sendto((bytes([first]) + version + self.chance.randbytes(length))[:1_472], self.node)

    def close(self) -> None:
        self.socket.close()


async def classical(node: tuple[str, int]) -> bool:
    """Whether the node talks to a client that has classical key exchanges alone."""
    configuration = QuicConfiguration(is_client=True, alpn_protocols=["liaison/1"], verify_mode=0,
                                      server_name="mk-1.liaison")
    try:
        async with connect(*node, configuration=configuration) as connection:
            await asyncio.wait_for(connection.wait_connected(), 10)
        return True
    except (ConnectionError, asyncio.TimeoutError):
        return False


def resident(child: subprocess.Popen) -> int:
    """Bytes of the process's own memory."""
    status = pathlib.Path(f"/proc/{child.pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("RssAnon")) << 10


def main(liaison: str, demo: str) -> None:
    chance = random.Random(20261128)
    with tempfile.TemporaryDirectory() as folder:
        place = pathlib.Path(folder) / "mk"
        shutil.copytree(pathlib.Path(demo) / "mk", place)
        child = subprocess.Popen([liaison, "serve", "--dir", place], stdout=subprocess.DEVNULL,
                                 stderr=subprocess.PIPE)
        try:
            address_of(place, child)
            host, port = json.loads((place / "run" / "addresses.json").read_bytes())["exchange"].split(":")
            node = (host.replace("0.0.0.0", "127.0.0.1"), int(port))
            assert not asyncio.run(classical(node)), "a classical key exchange is let in"
            before = resident(child)
            for what, frames in FRAMES.items():
                for turn in range(20):
                    stranger = Stranger(node, chance)
                    stranger.initial(frames)
                    if turn == 0 and what not in UNANSWERED:
                        assert stranger.is_answered(), f"{what}: the node has not read it"
                    stranger.close()
            stranger = Stranger(node, chance)
            for _ in range(20_000):
                stranger.noise()
            # Whoever is answered once more has been listened to.
            Stranger(node, chance).close()
            more = resident(child) - before
            # Asked for last, since each thread of the node that makes the API's description keeps what that took.
            address_of(place, child)
            assert more <= PINNED_AT_MOST, f"{more} bytes more are held"
            assert child.poll() is None, "the node ended"
        finally:
            child.send_signal(signal.SIGTERM)
            said = child.communicate(timeout=60)[1].decode()
        assert child.returncode == 0, said
        assert "panicked" not in said, said
    print(f"{len(FRAMES)} broken frames 20 times each and 20,000 datagrams of noise: {more} bytes more")


if __name__ == "__main__":
    main(*sys.argv[1:])
