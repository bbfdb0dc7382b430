"""The faults, by name: what each does to the offices, and what it needs of the machine."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from ..world import DISK_MIB
from . import backup, clock, damage, limits, network, power, process, storage


@dataclass(frozen=True)
class Fault:
    """A fault. `run` injects it in traffic and takes it away again; the checks follow."""

    name: str
    run: Callable
    needs: tuple[str, ...] = ()
    # Whether the world is not gone on with afterwards.
    own_world: bool = False
    # Whether a round of it is part of continuous integration.
    quick: bool = True
    # That round, where the whole fault takes too long.
    short: Callable | None = None
    # Whether it takes so long that it comes only where it is named.
    by_name: bool = False
    # Room of each office's disk, in MiB.
    disk_mib: int = DISK_MIB

    def in_round(self, quick: bool) -> "Fault":
        """The fault as it is injected in a run of short ones, or of whole ones."""
        return replace(self, run=self.short, disk_mib=DISK_MIB) if quick and self.short else self


FAULTS = [
    Fault("kill", process.kill),
    Fault("kill-twice", process.kill_twice),
    Fault("kill-all", process.kill_all),
    Fault("kill-large", process.kill_large, quick=False, by_name=True, disk_mib=4096),
    Fault("two-nodes", process.two_nodes),
    Fault("power-cut", power.cut, ("loop", "reflink")),
    Fault("power-cut-all", power.cut_all, ("loop", "reflink")),
    Fault("power-cut-torn", power.cut_torn, ("loop", "reflink")),
    Fault("power-cut-fresh", power.cut_fresh, ("loop", "reflink"), quick=False),
    Fault("disk-gone", power.gone, ("loop",)),
    Fault("disk-full-sending", storage.full_sending, ("loop",)),
    Fault("disk-full-receiving", storage.full_receiving, ("loop",)),
    Fault("disk-full-rebuilding", storage.full_rebuilding, ("loop",)),
    Fault("io-error", storage.io_error, ("strace",)),
    Fault("log-write-error", storage.log_write_error, ("strace",)),
    Fault("log-sync-error", storage.log_sync_error, ("strace",)),
    Fault("no-space-error", storage.no_space_error, ("strace",)),
    Fault("read-only", storage.read_only, ("loop",)),
    Fault("attachments-gone", storage.attachments_gone, ("loop",)),
    Fault("few-files", limits.few_files, ("prlimit",)),
    Fault("little-memory", limits.little_memory, ("prlimit",)),
    Fault("clock-ahead", clock.ahead, ("faketime",), own_world=True),
    Fault("clock-behind", clock.behind, ("faketime",)),
    Fault("clock-step", clock.step_back, ("faketime",)),
    Fault("clock-decade", clock.decade, ("faketime",), own_world=True, quick=False),
    Fault("damage", damage.damage),
    Fault("restored", backup.restored, quick=False),
    Fault("far-link", network.far_link, ("tun",), short=partial(network.far_link, tried=20)),
    Fault("three-links", network.three_links, ("tun",)),
    Fault("bad-link", network.bad_link, ("tun",), quick=False),
    Fault("bad-link-long", network.bad_link_long, ("tun",), quick=False, by_name=True),
    Fault("reordering", network.reordering, ("tun",)),
    Fault("slow-link", network.slow_link, ("tun",), quick=False),
    Fault("flapping-link", network.flapping, ("tun",), quick=False),
    Fault("partition", network.partition, ("tun",)),
    Fault("one-way-partition", network.one_way, ("tun",)),
    Fault("backlog-partition", network.backlog_partition, ("tun",),
          short=partial(network.backlog_partition, waiting=100, cut_for=10)),
    Fault("long-partition", network.long_partition, ("tun",), quick=False, by_name=True),
    Fault("stick", network.stick, ("tun",)),
    Fault("gigabyte", network.gigabyte, ("tun",), quick=False, disk_mib=4096),
    Fault("address-change", network.address_change, ("tun",),
          short=partial(network.address_change, size=2_500_000)),
    Fault("udp-blocked", network.udp_blocked, ("tun",)),
    Fault("mtu-1228", network.small_packets, ("tun",)),
]
BY_NAME = {fault.name: fault for fault in FAULTS}
