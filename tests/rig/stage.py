"""The stage of a run: one world with traffic at a time, and what is checked when a fault is over."""

import random
import time

from . import promises
from .base import Broken, Unsettled
from .promises import Findings, Listed
from .traffic import Traffic
from .world import DISK_MIB, Place, World


class Stage:
    """A place, the world on it, and what broke so far."""

    def __init__(self, place: Place, seed: int):
        self.place, self.seed, self.findings = place, seed, Findings()
        self.world: World | None = None
        self.traffic: Traffic | None = None
        self.worlds = self.tries = 0
        # What became of the requests of this world that were accepted, when it was last checked.
        self.accounts: dict[str, int] = {}
        # Figures of worlds that are gone, and of the one that is.
        self.figures = {"acknowledged": 0, "cut_off": 0, "worst_delay_s": 0.0, "worst_recovery_s": 0.0,
                        "slowest_start_s": 0.0, "attachments_compared": 0, "heads_compared": 0,
                        "log_entries": 0, "worlds": 0, "duplicates_absorbed": 0, "accepted": 0,
                        "receipted": 0, "pending": 0, "dead_lettered": 0}
        self.alarms: dict[str, int] = {}
        # How long it took until nothing waited when the latest fault was over, in seconds.
        self.recovery: float | None = None
        # What goes round from fault to fault, such as which file is damaged next.
        self.decks: dict[str, list] = {}
        # Each file that was damaged, and what the node made of it.
        self.damages: list[dict] = []

    @property
    def ledger(self):
        return self.traffic.ledger

    def open(self, extra: dict[str, str] | None = None, disk_mib: int = DISK_MIB) -> None:
        """A new world, serving and linked, with traffic that waits to be let through."""
        self.worlds += 1
        self.world = World(self.place, f"world-{self.worlds}", disk_mib)
        for office in self.world.offices:
            office.extra = dict(extra or {})
        self.network({})
        self.world.all_serve()
        self.world.linked()
        self.traffic = Traffic(self.world, self.seed + self.worlds)

    def network(self, rules: dict):
        """Puts rules for packets in force; gives what happened under the ones before."""
        return self.place.switch.rules(rules) if self.place.switch else {}

    def close(self, checked: bool = True) -> None:
        """Ends the world, after the last checks where it is in a state to be checked."""
        if self.world is None:
            return
        try:
            if checked and self.traffic is not None:
                self.settle(at_rest=True)
        finally:
            if self.traffic is not None:
                self.traffic.close()
                self.note_figures()
            self.world.close()
            self.world = self.traffic = None

    def note_figures(self) -> None:
        figures, ledger = self.figures, self.ledger
        figures["acknowledged"] += ledger.acknowledged()
        figures["cut_off"] += ledger.calls["cut off"]
        figures["heads_compared"] += sum(map(len, ledger.heads.values()))
        figures["worst_delay_s"] = max(figures["worst_delay_s"], round(ledger.worst_delay(), 1))
        figures["slowest_start_s"] = max(figures["slowest_start_s"],
                                         *(round(office.slowest, 1) for office in self.world.offices))
        figures["worlds"] += 1
        for what, count in self.accounts.items():
            figures[what] = figures.get(what, 0) + count
        self.accounts = {}

    def acknowledged(self) -> int:
        return self.figures["acknowledged"] + (self.ledger.acknowledged() if self.traffic else 0)

    # Between faults.

    def in_traffic(self, chance: random.Random) -> None:
        """Waits for a moment of chance in the middle of traffic."""
        self.traffic.gate.open()
        self.traffic.gate.wait_for_begun(chance.randrange(2, 14), 10)
        moment = time.monotonic() + chance.random() * 0.03
        while time.monotonic() < moment:
            pass

    def some_traffic(self, deeds: int, patience: float = 60.0) -> None:
        """Lets so many deeds begin, whatever becomes of them."""
        self.traffic.gate.open()
        self.traffic.gate.wait_for_begun(deeds, patience)

    def settle(self, at_rest: bool = False) -> bool:
        """The fault is over: all serve, all drains, and every promise is checked. Gives whether it held."""
        before = self.findings.counts.total()
        began, self.recovery = time.monotonic(), None
        try:
            self.world.all_serve()
            self.traffic.gate.close()
            if promises.drain(self.world, self.findings):
                self.recovery = round(time.monotonic() - began, 1)
                self.figures["worst_recovery_s"] = max(self.figures["worst_recovery_s"], self.recovery)
                self.check(at_rest)
        except (Broken, Unsettled) as error:
            self.findings.add(getattr(error, "key", "stuck"), str(error))
        return self.findings.counts.total() == before

    def check(self, at_rest: bool) -> None:
        """Holds the promises against what is there. Nothing may be under way."""
        ledger, findings = self.ledger, self.findings
        for wrong in self.traffic.wrong_heads:
            findings.add("forks", wrong)
        for odd in ledger.odd:
            findings.add("refused_wrongly", odd)
        listed = Listed(self.world)
        for exchanges in listed.exchanges.values():
            for exchange in exchanges:
                ledger.note_seen(exchange["reference"])
        promises.check_listed(listed, ledger, findings)
        self.accounts = dict(promises.check_accounts(listed, ledger, findings))
        if self.accounts["pending"]:
            # Nothing waits in any outbox.
            findings.add("unaccounted", f"requests are queued that no outbox holds: {self.accounts}")
        chance = random.Random(f"{self.seed} {len(ledger.asked)}")
        most = promises.READ_AT_REST if at_rest else promises.READ_AFTER_FAULT
        promises.check_events(self.world, listed, ledger, findings, most, chance)
        self.figures["attachments_compared"] += promises.check_attachments(
            self.world, ledger, findings, again=at_rest)
        self.alarms.update(promises.check_alarms(self.world, findings))
        if at_rest:
            entries = promises.check_logs(self.world, ledger, findings)
            self.figures["log_entries"] += sum(entries.values())
