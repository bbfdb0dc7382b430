"""Finds out what this machine lets the rig do. What is missing is said, never passed over."""

import os
import shutil
import tempfile
from pathlib import Path

from .base import RigError, end, is_root, run
from .disk import Pool
from .netspace import Namespaces

# Debian's packages of the programs that the rig calls.
PACKAGES = {"strace": "strace", "mkfs.xfs": "xfsprogs", "mkfs.ext4": "e2fsprogs", "nsenter": "util-linux",
            "ip": "iproute2", "prlimit": "util-linux"}
LIBRARIES = {"libfaketime.so.1": "libfaketime", "libeatmydata.so": "libeatmydata1"}
# What the machine is known not to give, as tests/run explains: in CI everything else has to be there.
ABSENT = {name.strip() for name in os.environ.get("LIAISON_ABSENT", "").split(",") if name.strip()}


def library(name: str) -> Path | None:
    """Where a library to preload lies."""
    for folder in ("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib"):
        for path in (Path(folder) / name, Path(folder) / "faketime" / name):
            if path.exists():
                return path
    return None


def install() -> None:
    """Installs what is missing, where the machine is Debian's and we are root."""
    missing = {package for program, package in PACKAGES.items() if shutil.which(program) is None}
    missing |= {package for name, package in LIBRARIES.items() if library(name) is None}
    if not missing or not is_root() or shutil.which("apt-get") is None:
        return
    quiet = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    run("apt-get", "update", "-qq", check=False, env=quiet)
    run("apt-get", "install", "-y", "-qq", "--no-install-recommends", *sorted(missing),
        check=False, patience=600, env=quiet)


class Abilities:
    """What works here, by name, and why the rest does not."""

    def __init__(self):
        self.there: set[str] = set()
        self.why_not: dict[str, str] = {}
        install()
        for name, probe in (("loop", probe_loop), ("reflink", probe_reflink), ("tun", probe_tun),
                            ("strace", probe_strace), ("prlimit", probe_prlimit),
                            ("faketime", probe_faketime), ("eatmydata", probe_eatmydata)):
            try:
                probe()
                self.there.add(name)
            except (RigError, OSError) as error:
                self.why_not[name] = " ".join(str(error).split())[:200]

    def lacks(self, needs: tuple[str, ...]) -> str | None:
        """Why something with these needs cannot be done here."""
        lacking = [f"{need}: {self.why_not[need]}" for need in needs if need not in self.there]
        return "; ".join(lacking) or None

    def unexpected(self) -> dict[str, str]:
        """What is missing although nobody said that it is absent here."""
        return {name: why for name, why in self.why_not.items() if name not in ABSENT}

    def excused(self, needs: tuple[str, ...]) -> bool:
        """Whether something with these needs is skipped for nothing but what is known to be absent here."""
        missing = [need for need in needs if need not in self.there]
        return bool(missing) and all(need in ABSENT for need in missing)


def need_root() -> None:
    if not is_root():
        raise RigError("needs root")


def probe_loop() -> None:
    """An ext4 on a loop device that can be mounted and shut down."""
    need_root()
    with tempfile.TemporaryDirectory() as folder, Pool(Path(folder), ("loop",)) as pool:
        with pool.disk("probe", 16) as disk:
            disk.shut_down()


def probe_reflink() -> None:
    """An XFS on a loop device whose files can be copied in an instant."""
    need_root()
    with tempfile.TemporaryDirectory() as folder, Pool(Path(folder), ("loop", "reflink")) as pool:
        with pool.disk("probe", 16) as disk:
            disk.freeze()


def probe_tun() -> None:
    """Network namespaces, and a TUN device in one."""
    need_root()
    with Namespaces(["probe"]) as spaces:
        with open("/dev/net/tun", "rb"):
            spaces.run("probe", "ip", "link", "show", "lo")


def probe_strace() -> None:
    """Tracing of a process that runs already and, as a node, is kept from others of its user; with a
    call that is made to fail."""
    import subprocess
    import sys
    not_dumpable = "import ctypes, time; ctypes.CDLL(None).prctl(4, 0, 0, 0, 0); print(flush=True); time.sleep(60)"
    child = subprocess.Popen([sys.executable, "-c", not_dumpable], stdout=subprocess.PIPE)
    try:
        child.stdout.readline()
        run("timeout", "-s", "INT", "1", "strace", "-o", "/dev/null", "-e", "trace=fsync", "-e",
            "inject=fsync:error=EIO", "true")
        tried = run("timeout", "-s", "INT", "1", "strace", "-o", "/dev/null", "-p", child.pid, check=False)
        if "attach" in tried.stderr and "Operation not permitted" in tried.stderr:
            raise RigError(tried.stderr)
    finally:
        end(child)


def probe_prlimit() -> None:
    run("prlimit", "--nofile=64:64", "true")


def probe_faketime() -> None:
    preload = library("libfaketime.so.1")
    if preload is None:
        raise RigError("libfaketime is not installed")
    env = dict(os.environ, LD_PRELOAD=str(preload), FAKETIME="-3650d")
    if run("date", "+%Y", env=env).stdout == run("date", "+%Y").stdout:
        raise RigError("libfaketime changes nothing")


def probe_eatmydata() -> None:
    if library("libeatmydata.so") is None:
        raise RigError("libeatmydata is not installed")
