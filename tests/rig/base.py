"""Words that every part of the rig uses: waiting for a condition, running a program, what went wrong."""

import os
import signal
import subprocess
import sys
import time

# How often a condition is asked for, in seconds.
PAUSE = 0.025
# How long an outcome may take on a slow and busy machine, in seconds.
PATIENCE = 180.0


class RigError(Exception):
    """The rig itself failed, or a fault that it injected had no effect: nothing was proved."""


class Broken(Exception):
    """A promise of the product broke. The key is one of the table's."""

    def __init__(self, key: str, what: str):
        super().__init__(what)
        self.key, self.what = key, what


class Unsettled(Exception):
    """What was waited for did not come in time."""


def until(what: str, ask, patience: float = PATIENCE):
    """Asks until there is an outcome that is not None, and gives it."""
    deadline = time.monotonic() + patience
    while True:
        outcome = ask()
        if outcome is not None:
            return outcome
        if time.monotonic() > deadline:
            raise Unsettled(f"no sign within {patience:.0f} s that {what}")
        time.sleep(PAUSE)


def run(*words, check: bool = True, patience: float = PATIENCE, env=None, **more) -> subprocess.CompletedProcess:
    """Runs a program to its end, without a shell."""
    words = [str(word) for word in words]
    done = subprocess.run(words, capture_output=True, text=True, errors="replace", timeout=patience,
                          stdin=subprocess.DEVNULL, env=env, check=False, start_new_session=True, **more)
    if check and done.returncode != 0:
        raise RigError(f"`{' '.join(words)}` ended with {done.returncode}: {done.stdout}{done.stderr}")
    return done


def end(child: subprocess.Popen, how: int = signal.SIGKILL, patience: float = 30.0) -> int:
    """Ends a process that the rig started, and gives its exit code."""
    if child.poll() is None:
        child.send_signal(how)
    return child.wait(timeout=patience)


def say(text: str) -> None:
    """A line about what the rig does, on standard error."""
    print(text, file=sys.stderr, flush=True)


def is_root() -> bool:
    return os.geteuid() == 0
