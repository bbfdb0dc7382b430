"""Offices that trust each other, made by the program's own commands, with disks and a network."""

import shutil
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .base import run, until
from .disk import Pool
from .netspace import Namespaces
from .office import Office
from .switch import Switch

MEMBERS = ("MK", "TR", "AT")
PEOPLE = ("officer", "contact", "auditor", "admin")
# How long new entries wait for witnesses, in seconds: so that a fork is noticed while the rig still looks.
WITNESSED_AFTER = 10
SETTINGS = {
    "interval_seconds = 60": f"interval_seconds = {WITNESSED_AFTER}",
    # What comes in hours here is more than an office sends in a day.
    "messages_a_day = 20000": "messages_a_day = 4000000000",
}
# Room of an office's disk, where nothing needs more.
DISK_MIB = 1024


class Place:
    """What all worlds of a run share: the program, abilities, disks, network, and the pattern."""

    def __init__(self, folder: Path, program: Path, abilities, seed: int):
        self.folder, self.program, self.abilities = folder, program, abilities
        self.logs = folder / "logs"
        self.logs.mkdir(parents=True, exist_ok=True)
        self.passphrase = folder / "passphrase"
        self.passphrase.write_text("six random words would be better\n")
        self.pool = Pool(folder, abilities.there)
        self.spaces = self.switch = None
        self.addresses = {member: f"127.0.0.1:{free_port()}" for member in MEMBERS}
        if "tun" in abilities.there:
            self.spaces = Namespaces(list(MEMBERS))
            hosts = {member: f"10.77.0.{at}" for at, member in enumerate(MEMBERS, 1)}
            self.addresses = {member: f"{host}:4433" for member, host in hosts.items()}
            self.switch = Switch({host: self.spaces.path(m) for m, host in hosts.items()}, seed)
        self.pattern = folder / "pattern"
        self.root = self.worlds = None

    def close(self) -> None:
        """Takes everything down that was set up."""
        if self.switch:
            self.switch.close()
        if self.spaces:
            self.spaces.__exit__()
        self.pool.__exit__()

    def make_pattern(self) -> None:
        """Makes the offices once, as their people would; worlds are copies of it."""
        self.pattern.mkdir()
        with ThreadPoolExecutor() as pool:
            list(pool.map(self.settle_in, MEMBERS))
        proposal = self.pattern / "trust-list"
        cards = [word for m in MEMBERS for word in ("--card", self.pattern / f"{m}.card")]
        self.liaison("trust", "propose", *cards, "--out", proposal)
        for member in MEMBERS:
            self.liaison("trust", "sign", "--dir", self.pattern / member, "--file", proposal)
        for member in MEMBERS:
            self.liaison("trust", "install", "--dir", self.pattern / member, "--file", proposal)

    def liaison(self, *words):
        return run(self.program, *words, "--json")

    def liaison_tried(self, *words):
        return run(self.program, *words, "--json", check=False)

    def settle_in(self, member: str) -> None:
        folder = self.pattern / member
        self.init(folder, member)
        config = folder / "liaison.toml"
        text = config.read_text()
        for setting, instead in SETTINGS.items():
            assert setting in text, setting
            text = text.replace(setting, instead)
        config.write_text(text)
        for role in PEOPLE:
            self.liaison("user", "add", "--dir", folder, "--name", role, "--role", role,
                         "--token-file", self.pattern / f"{member}.{role}")
        self.liaison("member", "card", "--dir", folder, "--out", self.pattern / f"{member}.card")

    def init(self, folder: Path, member: str) -> None:
        address = self.addresses[member]
        self.liaison("init", "--dir", folder, "--member", member, "--name", f"Liaison Office {member}",
                     "--contact", "this machine", "--listen", address, "--address", address,
                     "--api-listen", "127.0.0.1:0", "--passphrase-file", self.passphrase,
                     "--name-passphrase-file")


class World:
    """Offices with folders of their own, none of which serves yet. Closed, their nodes end."""

    def __init__(self, place: Place, name: str, disk_mib: int = DISK_MIB):
        self.place, self.name, self.program, self.disk_mib = place, name, place.program, disk_mib
        self.logs = place.logs / name
        self.logs.mkdir(parents=True)
        if not place.pattern.exists():
            place.make_pattern()
        self.offices = [Office(self, member, place.addresses[member]) for member in MEMBERS]
        for office in self.offices:
            office.disk = place.pool.disk(f"{name}-{office.member.lower()}", disk_mib)
            shutil.copytree(place.pattern / office.member, office.dir)
            office.disk.sync()
            for role in PEOPLE:
                office.tokens[role] = (place.pattern / f"{office.member}.{role}").read_text().strip()

    def into(self, office: Office) -> list[str]:
        return self.place.spaces.prefix(office.member) if self.place.spaces else []

    def socket(self, office: Office) -> socket.socket:
        if self.place.spaces:
            return self.place.spaces.socket(office.member)
        return socket.socket(socket.AF_INET, socket.SOCK_STREAM)

    def office(self, member: str) -> Office:
        return next(office for office in self.offices if office.member == member)

    def others(self, office: Office) -> list[Office]:
        return [other for other in self.offices if other is not office]

    def all_serve(self) -> None:
        """Starts what does not run, and waits until it serves."""
        starting = [office for office in self.offices if office.child is None]
        with ThreadPoolExecutor() as pool:
            list(pool.map(Office.serve, starting))

    def linked(self) -> None:
        """Waits until each office is linked to all others."""
        for office in self.offices:
            def linked(office=office):
                health = office.health()
                up = sum(peer["connected"] for peer in health["peers"]) if health else 0
                return True if up + 1 == len(self.offices) else None
            until(f"{office} is linked to all", linked)

    def waiting(self) -> dict[str, int] | None:
        """What waits in each outbox; none while a node does not answer."""
        states = {office.member: office.health() for office in self.offices}
        if None in states.values():
            return None
        return {member: sum(peer["waiting"] for peer in state["peers"]) for member, state in states.items()}

    def close(self) -> None:
        for office in self.offices:
            if office.child is not None:
                office.kill()
            office.disk.remove()


def free_port() -> int:
    """A port of loopback for TCP and UDP that nobody uses now."""
    while True:
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            tcp.bind(("127.0.0.1", 0))
            try:
                udp.bind(("127.0.0.1", tcp.getsockname()[1]))
                return tcp.getsockname()[1]
            except OSError:
                continue
