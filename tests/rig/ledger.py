"""What people were told while faults came, to be held against what is true afterwards."""

import threading
import time
from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Asked:
    """A request that was acknowledged to an officer."""

    reference: str
    id: str
    sender: str
    recipient: str
    urgent: bool
    # SHA-256 of its attachment.
    attached: str | None
    at: float
    # When it was first seen at its recipient.
    seen: float | None = None
    attachment_checked: bool = False


@dataclass
class Published:
    """An alert that was acknowledged to an officer."""

    id: str
    sender: str
    headline: str


@dataclass(frozen=True)
class Held:
    """What an office has to hold from a moment on, by what people were told."""

    # Requests that it sent or listed, each with its direction.
    exchanges: frozenset[tuple[str, str]]
    alerts: frozenset[str]
    # The last word that its contact point was told in an exchange.
    said: dict[str, str]
    # Roots that it disclosed, by size.
    heads: dict[int, str]


@dataclass
class Ledger:
    """Everything that was acknowledged, refused, or cut off. All threads write to it."""

    asked: dict[str, Asked] = field(default_factory=dict)
    published: dict[str, Published] = field(default_factory=dict)
    # References and headlines whose call was cut off: they may have been sent, once.
    in_doubt: set[str] = field(default_factory=set)
    # Those that the node refused: they must not have been sent.
    refused: set[str] = field(default_factory=set)
    # The last word that was acknowledged in an exchange.
    said: dict[str, str] = field(default_factory=dict)
    # Roots that each node disclosed, by size.
    heads: dict[str, dict[int, str]] = field(default_factory=dict)
    calls: Counter = field(default_factory=Counter)
    # Calls that failed as none should.
    odd: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def acknowledged(self) -> int:
        """Requests, alerts, acceptances, answers and refusals that were acknowledged."""
        return self.calls["acknowledged"]

    def note_asked(self, asked: Asked) -> None:
        with self.lock:
            self.in_doubt.discard(asked.reference)
            self.asked[asked.reference] = asked
            self.calls["acknowledged"] += 1

    def note_published(self, published: Published) -> None:
        with self.lock:
            self.in_doubt.discard(published.headline)
            self.published[published.id] = published
            self.calls["acknowledged"] += 1

    def note_said(self, exchange: str, word: str) -> None:
        with self.lock:
            self.said[exchange] = word
            self.calls["acknowledged"] += 1

    def note_seen(self, reference: str) -> None:
        with self.lock:
            asked = self.asked.get(reference)
            if asked and asked.seen is None:
                asked.seen = time.monotonic()

    def note_head(self, member: str, size: int, root: str) -> str | None:
        """Notes a head; gives what is wrong with it."""
        with self.lock:
            heads = self.heads.setdefault(member, {})
            largest = max(heads, default=0)
            before = heads.setdefault(size, root)
        if before != root:
            return f"{member} disclosed two heads over {size} entries"
        if size < largest:
            return f"{member} disclosed {largest} entries, and now serves {size}"
        return None

    def held_by(self, member: str) -> Held:
        """What was acknowledged to an office's people, or disclosed by it, up to now."""
        with self.lock:
            asked = self.asked.values()
            sent = {(one.id, "outgoing") for one in asked if one.sender == member}
            seen = {(one.id, "incoming") for one in asked if one.recipient == member and one.seen}
            own = {one.id for one in asked if one.recipient == member}
            return Held(
                exchanges=frozenset(sent | seen),
                alerts=frozenset(one.id for one in self.published.values() if one.sender == member),
                said={exchange: word for exchange, word in self.said.items() if exchange in own},
                heads=dict(self.heads.get(member, {})))

    def goes_on_from(self, member: str, size: int) -> None:
        """A log goes on in a new incarnation: what was disclosed beyond that is of the one before."""
        with self.lock:
            heads = self.heads.get(member, {})
            self.heads[member] = {at: root for at, root in heads.items() if at <= size}

    def worst_delay(self) -> float:
        """The longest time from a request's acknowledgement until its recipient listed it, in seconds."""
        with self.lock:
            return max((one.seen - one.at for one in self.asked.values() if one.seen), default=0.0)
