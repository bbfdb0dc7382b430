"""Disks of an office's own, which can lose power, fill up, fail and become read-only.

A disk is an ext4 on a loop device. Where the machine has XFS with reflinks its image lies on one, so
that a copy of the image, taken in an instant while the node stands still, is the disk as a power cut
leaves it: what ext4 had not written is gone. Without XFS a disk loses power by ext4's own shutdown,
which drops everything that is not in its journal or on the disk. Without loop devices a disk is a
small tmpfs, and without root a folder.
"""

import ctypes
import errno
import fcntl
import os
import random
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .base import RigError, run

# ext4's and XFS's ioctl GOINGDOWN, and its flag to drop the log instead of flushing it.
GOING_DOWN, NO_LOG_FLUSH = 0x8004587D, 2
# Room of the file system that holds all images, in MiB; it is sparse.
POOL_MIB = 8192
# Long enough that ext4 writes nothing by itself between two syncs of the node.
OPTIONS = "loop,noatime,commit=300"
# Sizes and names reach the journal without what they stand for.
TEARING = f"{OPTIONS},data=writeback,nodelalloc"
# With it a file is written page by page, and not in the pieces that it came in.
FEATURES = ("-O", "verity")
PAGE = 4096
# What a node holds back for itself, and gives up where its disk is full, in bytes.
BALLAST = 8 << 20
# Linux's sync_file_range: wait for what is under way, write, and wait for it.
WRITE_AND_WAIT = 1 | 2 | 4
# Pages of the file by which a torn cut is known for one.
TORN_CANARY = 64


class Pool:
    """The place of all disks. Leaving it unmounts and removes everything."""

    def __init__(self, place: Path, abilities):
        self.place, self.disks = place, []
        self.loop, self.reflink = "loop" in abilities, "reflink" in abilities
        self.images = place / "images"
        self.images.mkdir(parents=True, exist_ok=True)
        if self.reflink:
            image = place / "pool.xfs"
            with open(image, "wb") as file:
                file.truncate(POOL_MIB << 20)
            run("mkfs.xfs", "-q", "-m", "reflink=1", image)
            run("mount", "-o", "loop", image, self.images)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for disk in list(self.disks):
            disk.remove()
        if self.reflink:
            run("umount", "-l", self.images, check=False)
            (self.place / "pool.xfs").unlink(missing_ok=True)

    def disk(self, name: str, mib: int) -> "Disk":
        """A new, empty disk."""
        disk = Disk(self, name, mib)
        self.disks.append(disk)
        return disk


class Disk:
    """One disk, mounted at `path`."""

    def __init__(self, pool: Pool, name: str, mib: int):
        self.pool, self.name = pool, name
        self.path = pool.place / "disks" / name
        self.image = pool.images / f"{name}.ext4"
        self.cut_image = pool.images / f"{name}.cut"
        self.options = OPTIONS
        self.path.mkdir(parents=True)
        if pool.loop:
            with open(self.image, "wb") as file:
                file.truncate(mib << 20)
            run("mkfs.ext4", "-q", "-m", "0", *FEATURES, "-E", "lazy_itable_init=0,lazy_journal_init=0", self.image)
            self.mount()
        elif os.geteuid() == 0 and run("mount", "-t", "tmpfs", "-o", f"size={mib}m", "soak",
                                       self.path, check=False).returncode == 0:
            self.tmpfs = True

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.remove()

    def mount(self, image: Path | None = None) -> None:
        run("mount", "-o", self.options, image or self.image, self.path)

    def mount_again(self, options: str) -> None:
        """Mounts it in another way. Nobody may have it open."""
        self.unmount()
        self.options = options
        self.mount()

    def unmount(self) -> None:
        run("umount", self.path)

    def remove(self) -> None:
        """Unmounts it and removes what is left of it."""
        run("umount", "-l", self.path, check=False)
        for file in (self.image, *self.pool.images.glob(f"{self.name}.cut*")):
            file.unlink(missing_ok=True)
        shutil.rmtree(self.path, ignore_errors=True)
        self.pool.disks.remove(self)

    def sync(self) -> None:
        """Writes out all that waits, as before the rig hands the disk to a node."""
        folder = os.open(self.path, os.O_RDONLY)
        try:
            os.fsync(folder)
            os.sync()
        finally:
            os.close(folder)

    # Power cuts. A canary that was not synced must be gone afterwards, and one that was must be there.

    def plant(self) -> None:
        """Writes the canaries: the second is what an unsynced write is."""
        for name, synced in (("canary-synced", True), ("canary-unsynced", False)):
            with open(self.path / name, "wb") as file:
                file.write(os.urandom(8192).hex().encode())
                file.flush()
                if synced:
                    os.fsync(file.fileno())

    def freeze(self) -> None:
        """Keeps the disk as it would be found after a power cut now. Whoever writes must stand still."""
        self.keep(self.cut_image)

    def keep(self, image: Path) -> None:
        if run("cp", "--reflink=always", self.image, image, check=False).returncode != 0:
            raise RigError("the images lie on no file system with reflinks")

    def thaw(self) -> None:
        """Puts the frozen disk in place of the one that ran on. Nobody may have it open."""
        self.unmount()
        self.cut_image.rename(self.image)
        self.mount()

    # Cuts that tear: a disk mounted with `TEARING`.

    def write_some(self, chance: random.Random) -> "Canary":
        """Writes a part of chance of what waits, page by page, and sizes and names or not: what a disk
        has done by itself when its power fails. Whoever writes must stand still."""
        libc = ctypes.CDLL(None, use_errno=True)
        libc.sync_file_range.argtypes = [ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint]
        page, written = chance.randbytes(PAGE), set()
        canary = self.path / "canary-torn"
        canary.write_bytes(page * TORN_CANARY)
        for file in sorted(path for path in self.path.rglob("*") if path.is_file()):
            share = 0.5 if file == canary else chance.choice((0.0, 0.2, 0.5, 0.8, 1.0))
            with open(file, "rb") as opened:
                for at in range(-(-os.fstat(opened.fileno()).st_size // PAGE)):
                    if chance.random() >= share:
                        continue
                    if libc.sync_file_range(opened.fileno(), at * PAGE, PAGE, WRITE_AND_WAIT) != 0:
                        raise RigError(f"sync_file_range: {os.strerror(ctypes.get_errno())}")
                    if file == canary:
                        written.add(at)
        if chance.random() < 0.3:
            return Canary(page, None)
        # One sync takes the whole journal with it.
        with open(self.path / "journalled", "wb") as opened:
            os.fsync(opened.fileno())
        return Canary(page, frozenset(written))

    def keep_torn(self, number: int) -> Path:
        """Keeps the disk as it would be found after a power cut now; gives its image."""
        image = self.pool.images / f"{self.name}.cut-{number}"
        self.keep(image)
        return image

    @contextmanager
    def as_cut(self, image: Path, canary: "Canary"):
        """The disk as a cut left it, for a while. Nobody may have it open, before or afterwards."""
        self.unmount()
        try:
            self.mount(image)
            try:
                canary.check(self.read("canary-torn"))
                yield
            finally:
                self.unmount()
        finally:
            image.unlink()
            self.mount()

    def shut_down(self) -> None:
        """The disk is gone from one moment to the next: every write fails, and what waited is lost."""
        folder = os.open(self.path, os.O_RDONLY)
        try:
            fcntl.ioctl(folder, GOING_DOWN, NO_LOG_FLUSH.to_bytes(4, "little"))
        finally:
            os.close(folder)

    def come_back(self) -> None:
        """Mounts a disk that was shut down, which replays its journal."""
        self.unmount()
        self.mount()

    def was_cut(self) -> None:
        """Checks by the canaries that the cut dropped what was not synced, and only that."""
        whole = {name: len(self.read(name)) == 16384 for name in ("canary-synced", "canary-unsynced")}
        for name in whole:
            (self.path / name).unlink(missing_ok=True)
        if not whole["canary-synced"]:
            raise RigError("the cut lost what was synced: the disk is no disk")
        if whole["canary-unsynced"]:
            raise RigError("the cut dropped nothing: it was no cut")

    def read(self, name: str) -> bytes:
        try:
            return (self.path / name).read_bytes()
        except FileNotFoundError:
            return b""

    # Full and failing disks.

    def fill(self, leave: int) -> None:
        """Takes all room but `leave` bytes."""
        hog = self.path / "hog"
        room = os.statvfs(self.path)
        take = room.f_bavail * room.f_frsize - leave
        with open(hog, "ab") as file:
            # What the file's own bookkeeping takes is found out by trying.
            while take > 0:
                try:
                    os.posix_fallocate(file.fileno(), os.fstat(file.fileno()).st_size, take)
                    break
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise RigError(f"the disk could not be filled: {error}") from error
                    take -= 4096
            os.fsync(file.fileno())
        # A node may have given up its ballast already.
        if self.room() > leave + BALLAST + (64 << 10):
            raise RigError(f"the disk could not be filled: {self.room()} bytes are left")

    def room(self) -> int:
        """Bytes that are free."""
        room = os.statvfs(self.path)
        return room.f_bavail * room.f_frsize

    def empty(self) -> None:
        """Gives the room back."""
        (self.path / "hog").unlink(missing_ok=True)

    def make_read_only(self) -> None:
        """What ext4 does on a disk with errors: it becomes read-only under the node."""
        run("mount", "-o", "remount,abort", self.path)

    def mend(self) -> None:
        """Checks the disk as a start of the machine would, and mounts it writable."""
        self.unmount()
        checked = run("e2fsck", "-p", "-f", self.image, check=False)
        if checked.returncode > 1:
            raise RigError(f"e2fsck: {checked.stdout}")
        self.mount()


@dataclass(frozen=True)
class Canary:
    """A file of the same page over and over: which of them a cut keeps; not known where the journal was
    not written."""

    page: bytes
    written: frozenset[int] | None

    def check(self, content: bytes) -> None:
        """Checks that the cut kept the pages that were written, and no others."""
        if self.written is None:
            return
        kept = {at for at in range(TORN_CANARY) if content[at * PAGE:(at + 1) * PAGE] == self.page}
        if kept != self.written:
            raise RigError(f"the cut kept {len(kept)} pages where {len(self.written)} were written")
