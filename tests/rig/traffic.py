"""What the offices do while faults come: they ask, answer, refuse and alert, and note what they are told."""

import copy
import hashlib
import json
import random
import threading
import time
import tomllib
from pathlib import Path

from .api import Cut, Problem
from .ledger import Asked, Ledger, Published

EXAMPLES = Path(__file__).parents[2] / "deploy" / "examples"
# Pauses of a person between two deeds, and of one who looks whether there is something to do, in seconds.
BETWEEN, LOOKING = 0.15, 0.4
# A file that a request has or not, by chance.
BY_CHANCE = b"by chance"
# One request in so many has an attachment, is urgent, goes by the command line; one deed in so many is an alert.
ATTACHED, URGENT, BY_COMMAND, ALERT = 6, 4, 40, 20


def example(name: str) -> dict:
    with open(EXAMPLES / name, "rb") as file:
        return tomllib.load(file)


REQUEST, ALERT_TEXT = example("request-at.toml"), example("alert.toml")
URGENT_REQUEST = {**REQUEST, "urgency": "urgent", "urgency_reason": "U1"}
# An answer to the one question of both.
ANSWER = example("answer.toml")
ANSWER["answers"] = ANSWER["answers"][:1]


class Gate:
    """Lets deeds through, or not; closing waits until none is under way."""

    def __init__(self):
        self.state = threading.Condition()
        self.is_open, self.over, self.inside, self.begun = False, False, 0, 0

    def enter(self) -> bool:
        """Waits until deeds are let through; false when the traffic is over."""
        with self.state:
            self.state.wait_for(lambda: self.is_open or self.over)
            if self.over:
                return False
            self.inside += 1
            self.begun += 1
            return True

    def leave(self) -> None:
        with self.state:
            self.inside -= 1
            self.state.notify_all()

    def open(self) -> None:
        with self.state:
            self.is_open = True
            self.state.notify_all()

    def close(self) -> None:
        with self.state:
            self.is_open = False
            self.state.wait_for(lambda: self.inside == 0)

    def end(self) -> None:
        with self.state:
            self.over = True
            self.state.notify_all()

    def wait_for_begun(self, more: int, patience: float) -> None:
        """Waits until so many more deeds have begun, or for a while."""
        with self.state:
            goal = self.begun + more
        deadline = time.monotonic() + patience
        while self.begun < goal and time.monotonic() < deadline:
            time.sleep(0.002)


class Traffic:
    """The people of all offices, each a thread."""

    def __init__(self, world, seed: int):
        self.world, self.seed, self.ledger, self.gate = world, seed, Ledger(), Gate()
        self.resting: set[str] = set()
        # Offices whose nodes serve what was, for a while.
        self.unwatched: set[str] = set()
        # What a watcher found wrong with a head.
        self.wrong_heads: list[str] = []
        self.enough = threading.Event()
        self.threads = [threading.Thread(target=work, args=(office,), daemon=True)
                        for office in world.offices for work in (self.ask, self.respond, self.watch)]
        for thread in self.threads:
            thread.start()

    def close(self) -> None:
        self.gate.end()
        self.enough.set()
        for thread in self.threads:
            thread.join(timeout=60)

    def deeds(self, office, pause: float):
        """One turn after another while there is traffic, with a pause between two."""
        while True:
            if not self.gate.enter():
                return
            try:
                if office.member not in self.resting:
                    yield
            finally:
                self.gate.leave()
            self.enough.wait(pause)

    # Officers.

    def ask(self, office) -> None:
        chance = random.Random(f"{self.seed} {office.member} asks")
        others = [other.member for other in self.world.others(office)]
        for number, _ in enumerate(self.deeds(office, BETWEEN), 1):
            name = f"{office.member}-{number:06}"
            if chance.randrange(ALERT) == 0:
                self.publish(office, f"{name} routes shift")
            else:
                self.send(office, name, others[chance.randrange(len(others))], chance)

    def send(self, office, reference: str, to: str, chance: random.Random, file: bytes | None = BY_CHANCE,
             urgent: bool | None = None) -> str:
        """One request, whose outcome is noted. Gives `acknowledged`, `cut off`, or the code of the refusal."""
        by_command = False
        if urgent is None:
            urgent = chance.randrange(URGENT) == 0
        request = copy.deepcopy(URGENT_REQUEST if urgent else REQUEST)
        request["reference"] = reference
        request["subjects"][0] = {"connection": "Received it", "account": {
            "provider": "Example Bank", "identifier": f"MK07{chance.randrange(10**14):014}"}}
        if file is BY_CHANCE:
            file = chance.randbytes(chance.randrange(1, 60_000)) if chance.randrange(ATTACHED) == 0 else None
            by_command = file is None and not urgent and chance.randrange(BY_COMMAND) == 0
        with self.ledger.lock:
            # Until its outcome is known it may have been sent.
            self.ledger.in_doubt.add(reference)
        try:
            if by_command:
                exchange = self.send_by_command(office, reference, to)
            else:
                exchange = office.api("officer").send(to, request, file)["id"]
        except Cut:
            self.ledger.calls["cut off"] += 1
            return "cut off"
        except Problem as problem:
            self.note(problem, f"request {reference}", reference)
            return problem.code
        digest = hashlib.sha256(file).hexdigest() if file is not None else None
        self.ledger.note_asked(Asked(reference, exchange, office.member, to, urgent, digest, time.monotonic()))
        return "acknowledged"

    def send_by_command(self, office, reference: str, to: str, *files: Path) -> str:
        """The same by `liaison rfi send`, with these files; gives the exchange's id."""
        text = (EXAMPLES / "request-at.toml").read_text().replace("AT-BK-2026-1188", reference)
        folder = self.world.logs
        file, token = folder / f"{reference}.toml", folder / f"{office.member}.token"
        file.write_text(text)
        token.write_text(office.tokens["officer"])
        attached = [word for path in files for word in ("--attach", path)]
        done = office.command("rfi send", "--to", to, "--file", file, *attached, "--token-file", token)
        file.unlink()
        if done.returncode != 0:
            raise Cut(done.stderr)
        return json.loads(done.stdout)["exchanges"][0]["id"]

    def publish(self, office, headline: str) -> None:
        alert = {**copy.deepcopy(ALERT_TEXT), "headline": headline}
        with self.ledger.lock:
            self.ledger.in_doubt.add(headline)
        try:
            told = office.api("contact").json("POST", "/alerts", {"audience": "all", "alert": alert})
        except Cut:
            self.ledger.calls["cut off"] += 1
            return
        except Problem as problem:
            self.note(problem, f"alert {headline}", headline)
            return
        self.ledger.note_published(Published(told["id"], office.member, headline))

    # Contact points.

    def respond(self, office) -> None:
        chance = random.Random(f"{self.seed} {office.member} responds")
        for _ in self.deeds(office, LOOKING):
            for state in ("delivered", "read", "accepted"):
                try:
                    query = {"direction": "incoming", "state": state, "limit": 8}
                    items = office.api("contact").json("GET", "/exchanges", query=query)["items"]
                    for exchange in items:
                        self.answer(office, exchange, chance)
                except Cut:
                    break
                except Problem as problem:
                    self.note(problem, f"{office.member} lists")
                    break

    def answer(self, office, listed: dict, chance: random.Random) -> None:
        """The next step of an exchange: it is accepted or refused, and then answered."""
        exchange = listed["id"]
        if listed["state"] == "accepted":
            verb, word, body = "answer", "answered", {"answer": ANSWER}
        elif chance.randrange(10) == 0:
            verb, word, body = "refuse", "refused", {"ground": "f2", "reason": "An investigation runs."}
        else:
            verb, word, body = "accept", "accepted", {"access": "direct"}
        try:
            said = office.api("contact").say(exchange, verb, body)
        except Cut:
            self.ledger.calls["cut off"] += 1
            raise
        except Problem as problem:
            self.note(problem, f"{office.member} {verb} {exchange}")
            return
        if said["state"] != word:
            self.ledger.odd.append(f"{exchange}: {verb} made it {said['state']}")
        self.ledger.note_said(exchange, word)

    def note(self, problem: Problem, what: str, sent: str | None = None) -> None:
        """A call that the node refused: for want of room, for now, or as it should not have."""
        self.ledger.calls[f"refused: {problem.code or problem.status}"] += 1
        if problem.status == 507 and sent is not None:
            with self.ledger.lock:
                self.ledger.in_doubt.discard(sent)
                self.ledger.refused.add(sent)
        elif problem.status < 500 and problem.status != 409:
            with self.ledger.lock:
                self.ledger.odd.append(f"{what}: {problem}")

    # Those who watch.

    def watch(self, office) -> None:
        """Notes heads as they are disclosed, and requests as they come, also while nobody acts."""
        while not self.enough.wait(LOOKING):
            if office.member in self.unwatched:
                continue
            try:
                health = office.api("auditor").health()
                wrong = self.ledger.note_head(office.member, health["log_size"], health["log_root"])
                if wrong:
                    self.wrong_heads.append(wrong)
                query = {"direction": "incoming", "limit": 30}
                for exchange in office.api("officer").json("GET", "/exchanges", query=query)["items"]:
                    self.ledger.note_seen(exchange["reference"])
            except (Cut, Problem):
                continue
