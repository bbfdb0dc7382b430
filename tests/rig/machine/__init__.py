"""A machine with a kernel and a disk of its own, which loses its power in traffic: qemu, killed."""

import json
import os
import queue
import shutil
import subprocess
import threading
import time
from pathlib import Path

from .. import probe
from ..base import Broken, RigError, end, is_root, run
from ..ledger import Asked, Ledger
from ..traffic import REQUEST
from ..world import MEMBERS, PEOPLE

# Debian's packages of the programs, and the one whose files are unpacked and not installed.
PACKAGES = {"qemu-system-x86_64": "qemu-system-x86", "busybox": "busybox-static", "mkfs.ext4": "e2fsprogs"}
KERNEL = "linux-image-cloud-amd64"
# Each after those that it needs.
MODULES = ("virtio_ring", "virtio", "virtio_pci_legacy_dev", "virtio_pci_modern_dev", "virtio_pci", "virtio_blk")
MEMORY_MIB, DISK_MIB = 1536, 1024
# How long a machine may take until its first office serves, in seconds: nothing of it runs natively.
BOOTING = 300.0


def install(folder: Path) -> Path:
    """Installs what is missing, and unpacks a kernel of Debian's; gives the folder with it."""
    missing = sorted(package for program, package in PACKAGES.items() if shutil.which(program) is None)
    if missing and not is_root():
        raise RigError(f"install {', '.join(missing)}, or run this as root")
    quiet = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    if missing:
        run("apt-get", "update", "-qq", env=quiet)
        run("apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing, patience=600, env=quiet)
    kernel = folder / "kernel"
    if not kernel.exists():
        folder.mkdir(parents=True, exist_ok=True)
        depends = run("apt-cache", "depends", KERNEL).stdout
        package = next(word for word in depends.split() if word.startswith("linux-image-") and word != KERNEL)
        run("apt-get", "download", package, cwd=folder, patience=600, env=quiet)
        run("dpkg-deb", "-x", next(folder.glob(f"{package}_*.deb")), kernel)
    return kernel


class Machine:
    """A machine whose disk holds the offices of a pattern. `preload` is a library for all its nodes."""

    def __init__(self, folder: Path, place, kernel: Path, preload: Path | None = None):
        self.folder, self.preload, self.life, self.child = folder, preload, 0, None
        self.kernel = next((kernel / "boot").glob("vmlinuz-*"))
        self.start_files = self.make_start_files(place, kernel)
        self.disk = folder / "disk.ext4"
        content = folder / "content"
        for member in MEMBERS:
            shutil.copytree(place.pattern / member, content / member)
        with open(self.disk, "wb") as file:
            file.truncate(DISK_MIB << 20)
        run("mkfs.ext4", "-q", "-m", "0", "-E", "lazy_itable_init=0,lazy_journal_init=0", "-d", content, self.disk)
        shutil.rmtree(content)

    def make_start_files(self, place, kernel: Path) -> Path:
        """The file system in memory that it starts from."""
        root = self.folder / "root"
        for name in ("bin", "proc", "sys", "dev", "disk", "modules", "tokens"):
            (root / name).mkdir(parents=True)
        shutil.copy(Path(__file__).parent / "init", root / "init")
        shutil.copy(shutil.which("busybox"), root / "bin" / "busybox")
        shutil.copy(place.program, root / "liaison")
        shutil.copy(place.passphrase, root / "passphrase")
        (root / "modules" / "order").write_text("\n".join(MODULES))
        for module in MODULES:
            shutil.copy(next((kernel / "lib" / "modules").rglob(f"{module}.ko")), root / "modules")
        programs = [place.program, *([self.preload] if self.preload else [])]
        libraries = {Path(word) for program in programs for word in run("ldd", program).stdout.split()
                     if word.startswith("/")}
        for needed in (*libraries, *([self.preload] if self.preload else [])):
            to = root / needed.relative_to("/")
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(needed, to)
        for member in MEMBERS:
            for role in PEOPLE:
                shutil.copy(place.pattern / f"{member}.{role}", root / "tokens")
        request = {**REQUEST, "reference": "@REFERENCE@"}
        (root / "request.json").write_text(json.dumps({"to": ["@TO@"], "request": request}))
        packed = self.folder / "start-files"
        names = "\n".join(str(path.relative_to(root)) for path in sorted(root.rglob("*")))
        with open(packed, "wb") as file:
            subprocess.run(["busybox", "cpio", "-o", "-H", "newc"], cwd=root, input=names.encode(), stdout=file,
                           stderr=subprocess.DEVNULL, check=True)
        shutil.rmtree(root)
        return packed

    def start(self) -> None:
        """Switches it on."""
        self.life += 1
        words = f"console=ttyS0 quiet panic=-1 life={self.life} seconds={int(time.time())}"
        if self.preload:
            words += f" preload={self.preload}"
        self.child = subprocess.Popen(
            ["qemu-system-x86_64", "-accel", "tcg,thread=multi", "-smp", "2", "-m", str(MEMORY_MIB), "-nodefaults",
             "-no-reboot", "-display", "none", "-serial", "stdio", "-kernel", self.kernel, "-initrd", self.start_files,
             "-append", words, "-drive", f"file={self.disk},format=raw,if=virtio,cache=writeback"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.lines: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=self.listen, args=(self.child.stdout,), daemon=True).start()

    def listen(self, stream) -> None:
        with open(self.folder / f"machine.{self.life:03}.log", "wb") as log:
            for line in stream:
                log.write(line)
                # The power may have gone in the middle of the last one.
                if line.endswith(b"\n"):
                    self.lines.put(line.decode(errors="replace").strip())
        self.lines.put(None)

    def lives(self, ledger: Ledger, seconds: float) -> None:
        """Notes what its people are told, for so long after the first of them was told something."""
        deadline, begun = time.monotonic() + BOOTING, False
        while (left := deadline - time.monotonic()) > 0:
            try:
                line = self.lines.get(timeout=left)
            except queue.Empty:
                break
            if line is None:
                self.lines.put(None)
                raise RigError("the machine ended by itself")
            if self.note(ledger, line.split()) and not begun:
                deadline, begun = time.monotonic() + seconds, True
        if not begun:
            raise RigError(f"nobody was told anything on the machine within {BOOTING:.0f} s")

    def note(self, ledger: Ledger, words: list[str]) -> bool:
        """Notes a line; whether it says that a request was acknowledged."""
        match words:
            case ["asks", _, _, reference]:
                with ledger.lock:
                    ledger.in_doubt.add(reference)
            case ["asked", sender, recipient, reference, message]:
                ledger.note_asked(Asked(reference, message, sender, recipient, False, None, time.monotonic()))
                return True
            case ["seen", _, reference]:
                ledger.note_seen(reference)
            case ["head", member, size, root]:
                if wrong := ledger.note_head(member, int(size), root):
                    raise Broken("forks", wrong)
            case ["ended", member, *why]:
                raise Broken("not_started", f"{member} does not serve on the machine: {' '.join(why)}")
        return False

    def cut(self, ledger: Ledger) -> None:
        """Takes its power, and notes what was said until then."""
        end(self.child)
        while (line := self.lines.get(timeout=30)) is not None:
            self.note(ledger, line.split())

    def content(self, to: Path) -> None:
        """The disk as the next start finds it, in a folder: its journal is replayed on a copy."""
        copy = self.folder / "copy.ext4"
        run("cp", "--sparse=always", self.disk, copy)
        checked = run("e2fsck", "-fy", copy, check=False)
        if checked.returncode > 1:
            raise RigError(f"the disk's file system is damaged: {checked.stdout}")
        to.mkdir()
        for member in MEMBERS:
            run("debugfs", "-R", f"rdump /{member} {to}", copy)
        copy.unlink()


def no_sync() -> Path:
    """A library under which no sync does anything."""
    probe.install()
    found = probe.library("libeatmydata.so")
    if found is None:
        raise RigError("libeatmydata is not installed")
    return found
