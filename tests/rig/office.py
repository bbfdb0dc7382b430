"""One office: its folder on a disk of its own, and its node as a process of its own."""

import json
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

from .api import Api, Cut, Problem
from .base import Broken, Unsettled, end, run, until

# How long a node may take to serve, to stop in order, and to end by itself, in seconds.
STARTING, STOPPING, ENDING = 180.0, 90.0, 90.0
# What decides nothing here, and must not come from the machine's settings.
FOREIGN = ("LIAISON_TOKEN_FILE", "LIAISON_PASSPHRASE_FILE", "LIAISON_LOG", "CREDENTIALS_DIRECTORY")


class Office:
    """An office. `space` is its network namespace, if it has one."""

    def __init__(self, world, member: str, address: str):
        self.world, self.member, self.address = world, member, address
        self.disk, self.child, self.starts, self.slowest = None, None, 0, 0.0
        # The latest backup, with the shares that open it.
        self.backup: tuple | None = None
        self.tokens: dict[str, str] = {}
        # How the next start differs from a plain one: words before the program, its environment.
        self.prefix: list[str] = []
        self.extra: dict[str, str] = {}

    def __repr__(self) -> str:
        return self.member

    @property
    def dir(self) -> Path:
        return self.disk.path / "node"

    def environment(self) -> dict[str, str]:
        env = {name: value for name, value in os.environ.items() if name not in FOREIGN}
        return {**env, "TZ": "UTC", **self.extra}

    # The node.

    def log_file(self) -> Path:
        return self.world.logs / f"{self.member.lower()}.{self.starts:03}.log"

    def start(self) -> None:
        """Starts the node, and gives at once."""
        assert self.child is None, f"{self.member} runs already"
        self.starts += 1
        with open(self.log_file(), "wb") as log:
            words = [*self.world.into(self), *self.prefix, self.world.program, "serve", "--dir", self.dir,
                     "--stop-with-stdin"]
            self.child = subprocess.Popen([str(word) for word in words], stdin=subprocess.PIPE,
                                          stdout=log, stderr=log, env=self.environment(),
                                          start_new_session=True)

    def serve(self, patience: float = STARTING) -> None:
        """Starts the node and waits until it serves."""
        began = time.monotonic()
        self.start()
        if not self.comes_up(patience):
            raise Broken("not_started", f"{self.member} ended with {self.child.returncode} instead of "
                                        f"serving: {self.last_words()}")
        self.slowest = max(self.slowest, time.monotonic() - began)

    def comes_up(self, patience: float = STARTING) -> bool:
        """Whether the node that was started serves; false where it ends before."""
        def there():
            if self.child.poll() is not None:
                return False
            return True if self.health() is not None else None
        return until(f"{self.member} serves or ends", there, patience)

    def says_it_serves(self, patience: float = STARTING) -> bool:
        """As `comes_up`, by what the node says: nobody may be able to ask it."""
        def there():
            if self.child.poll() is not None:
                return False
            return True if 'event="serving"' in self.said() else None
        return until(f"{self.member} serves or ends", there, patience)

    def said(self) -> str:
        """What the node has said since its last start."""
        return self.log_file().read_text(errors="replace")

    def explained(self) -> bool:
        """Whether the node said why it ended, and what to do."""
        said = self.said()
        return "why:" in said and "next:" in said

    def last_words(self) -> str:
        return " | ".join(self.said().strip().splitlines()[-3:])[-600:]

    def fate(self) -> str:
        """What became of a node that does not answer."""
        code = self.child.poll() if self.child else None
        does = "does not answer" if code is None else f"ended with {code}"
        return f"{does}: {self.last_words()}"

    def runs(self) -> bool:
        return self.child is not None and self.child.poll() is None

    def kill(self) -> None:
        """Kills the node: it gets no word."""
        end(self.child)
        self.forget()

    def stop(self) -> None:
        """Stops the node in order."""
        self.child.stdin.close()
        try:
            code = self.child.wait(timeout=STOPPING)
        except subprocess.TimeoutExpired:
            raise Broken("not_stopped", f"{self.member} does not stop within {STOPPING:.0f} s: "
                                        f"{self.last_words()}") from None
        self.forget()
        if code != 0:
            raise Broken("not_stopped", f"{self.member} stopped with {code}: {self.last_words()}")

    def ends_by_itself(self, patience: float = ENDING) -> int | None:
        """The node's exit code; none where it goes on."""
        try:
            code = until(f"{self.member} ends", self.child.poll, patience)
        except Unsettled:
            return None
        self.forget()
        return code

    def forget(self) -> None:
        if not self.child.stdin.closed:
            self.child.stdin.close()
        self.child = None

    def stand_still(self) -> None:
        """Stops every thread of the node where it is, as the moment of a power cut does."""
        self.child.send_signal(signal.SIGSTOP)
        tasks = Path(f"/proc/{self.child.pid}/task")

        def still():
            states = [(task / "stat").read_text().rsplit(")", 1)[1].split()[0] for task in tasks.iterdir()]
            return True if all(state in "tTZ" for state in states) else None
        until(f"{self.member} stands still", still, 30)

    def go_on(self) -> None:
        """Lets the node go on where it was stopped."""
        self.child.send_signal(signal.SIGCONT)

    # The API.

    def socket(self) -> socket.socket:
        return self.world.socket(self)

    def api(self, role: str) -> Api:
        """The running node's API; `Cut` while its address is not known."""
        try:
            addresses = json.loads((self.dir / "run" / "addresses.json").read_bytes())
        except (OSError, ValueError) as error:
            raise Cut(str(error)) from error
        return Api(addresses["api"], self.tokens[role], self.socket)

    def health(self) -> dict | None:
        """The node's state; none while it does not answer."""
        try:
            return self.api("auditor").health()
        except (Cut, Problem):
            return None

    # The command line.

    def command(self, command: str, *words, check: bool = False):
        """A command on this office's folder, with `--json`."""
        return run(*self.world.into(self), self.world.program, *command.split(), "--dir", self.dir, *words,
                   "--json", check=check, env=self.environment(), patience=600)

    def files(self) -> list[Path]:
        """All files of the folder, in order."""
        return sorted(path for path in self.dir.rglob("*") if path.is_file())
