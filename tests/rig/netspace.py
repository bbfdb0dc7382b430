"""Network namespaces: each office on a machine of its own, as far as the network goes."""

import ctypes
import os
import socket
import threading

from .base import run

CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)


def enter(descriptor: int) -> None:
    """Moves the calling thread to a network namespace."""
    if LIBC.setns(descriptor, CLONE_NEWNET) != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


class Namespaces:
    """Namespaces by name, removed when left. Their names hold our process id."""

    def __init__(self, names: list[str]):
        self.full = {name: f"soak-{os.getpid()}-{name.lower()}" for name in names}
        self.open: dict[str, int] = {}
        self.home = os.open(f"/proc/{os.getpid()}/ns/net", os.O_RDONLY)
        self.lock = threading.Lock()
        for name, full in self.full.items():
            run("ip", "netns", "add", full)
            run("ip", "-n", full, "link", "set", "lo", "up")
            self.open[name] = os.open(self.path(name), os.O_RDONLY)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for descriptor in (*self.open.values(), self.home):
            os.close(descriptor)
        for full in self.full.values():
            run("ip", "netns", "del", full, check=False)

    def path(self, name: str) -> str:
        return f"/run/netns/{self.full[name]}"

    def prefix(self, name: str) -> list[str]:
        """The words that start a program there; it keeps the process id."""
        return ["nsenter", f"--net={self.path(name)}"]

    def run(self, name: str, *words):
        return run(*self.prefix(name), *words)

    def socket(self, name: str) -> socket.socket:
        """A TCP socket that belongs there, for use from here."""
        enter(self.open[name])
        try:
            return socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        finally:
            enter(self.home)
