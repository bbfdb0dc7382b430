"""Shows that the rig catches what it is there to catch: each control breaks a promise on purpose, and
fails where the checks find nothing."""

import json
import random
import shutil

from .base import Unsettled, say, until
from .faults import power
from .ledger import Asked
from .probe import library
from .promises import Findings, Listed, check_attachments, check_listed, check_logs
from .stage import Stage
from .world import WITNESSED_AFTER

# What a busy machine may take beside one witness interval, in seconds: links come up, and states are asked for.
MARGIN = 20
# A cut may by chance fall between two acknowledgements; so many are tried.
CUTS = 8


def no_sync(stage: Stage) -> tuple[bool, str]:
    """Nodes that acknowledge before anything is durable: every sync does nothing. The rig must report loss."""
    stage.open({"LD_PRELOAD": str(library("libeatmydata.so"))})
    try:
        for number in range(CUTS):
            stage.some_traffic(30)
            power.cut_offices(stage.world.offices)
            gone = []
            for office in stage.world.offices:
                office.start()
                if not office.comes_up():
                    gone.append(f"{office}: {office.last_words()[:160]}")
                    office.ends_by_itself(1)
            stage.traffic.gate.close()
            if gone:
                return True, f"after {number + 1} cuts what was acknowledged is in no log that opens: {gone[0]}"
            findings = Findings(quiet=True)
            check_listed(Listed(stage.world), stage.ledger, findings)
            lost = findings.counts["lost"]
            if lost:
                return True, f"{lost} lost after {number + 1} cuts of {stage.ledger.acknowledged()} acknowledged"
        return False, f"nothing was lost in {CUTS} cuts"
    finally:
        stage.close(checked=False)


def doubled(stage: Stage) -> tuple[bool, str]:
    """One request that takes effect twice, as at a receiver that remembers no ids: it is asked again
    under the same reference, which the nodes, rightly, take for a second one."""
    stage.open()
    try:
        chance = random.Random(7)
        sender, recipient = stage.world.offices[:2]
        for _ in range(2):
            stage.traffic.send(sender, "asked once", recipient.member, chance, b"file")
        until("both have come", lambda: True if not any((stage.world.waiting() or {"": 1}).values()) else None)
        findings = Findings(quiet=True)
        check_listed(Listed(stage.world), stage.ledger, findings)
        return findings.counts["doubled"] > 0, f"doubled: {findings.counts['doubled']}"
    finally:
        stage.close(checked=False)


def not_anchored(stage: Stage) -> tuple[bool, str]:
    """A log whose head nothing remembers: log, anchor and cosigned head are all put back together to an
    earlier state, so that the folder agrees with itself. The rig must report heads that were taken
    back; and what the nodes' own witnesses say is told beside it."""
    stage.open()
    try:
        office = stage.world.offices[0]
        stage.some_traffic(20)
        stage.traffic.gate.close()
        office.stop()
        kept = stage.world.logs / "earlier"
        shutil.copytree(office.dir, kept)
        office.serve()
        stage.world.linked()
        stage.some_traffic(40)
        stage.traffic.gate.close()
        health = office.health()
        stage.ledger.note_head(office.member, health["log_size"], health["log_root"])
        office.stop()
        shutil.rmtree(office.dir)
        shutil.copytree(kept, office.dir)
        office.serve()
        findings = Findings(quiet=True)
        health = office.health()
        wrong = stage.ledger.note_head(office.member, health["log_size"], health["log_root"])
        check_logs(stage.world, stage.ledger, findings)
        try:
            alarm = until("a witness notices", lambda: next(
                (a["code"] for one in stage.world.offices if (told := one.health())
                 for a in told["alarms"] if a["code"].startswith("log-")), None), WITNESSED_AFTER + MARGIN)
        except Unsettled:
            alarm = f"none within {WITNESSED_AFTER + MARGIN} s"
        caught = wrong is not None and findings.counts["forks"] > 0
        return caught and alarm.startswith("log-"), f"{wrong}; heads not in the log: " \
            f"{findings.counts['forks']}; the witnesses' alarm: {alarm}"
    finally:
        stage.close(checked=False)


def altered(stage: Stage) -> tuple[bool, str]:
    """An attachment that a node gives with other bytes than were sent: the digest that was noted is
    changed, so that a right download looks like a wrong one."""
    stage.open()
    try:
        chance = random.Random(11)
        sender, recipient = stage.world.offices[:2]
        stage.traffic.send(sender, "with a file", recipient.member, chance, b"as sent")
        asked: Asked = stage.ledger.asked["with a file"]
        asked.attached = "00" * 32
        findings = Findings(quiet=True)
        check_attachments(stage.world, stage.ledger, findings, again=True)
        return findings.counts["undetected_damage"] > 0, json.dumps(findings.counts)
    finally:
        stage.close(checked=False)


CONTROLS = (("a store that acknowledges before the sync", no_sync, ("loop", "reflink", "eatmydata")),
            ("a receiver without memory of duplicates", doubled, ()),
            ("a log whose head is not anchored", not_anchored, ()),
            ("an attachment with other bytes", altered, ()))


def run(stage: Stage, skipped: dict[str, str]) -> list[dict]:
    """Runs all controls that this machine allows; gives each with whether it was caught. One that was
    skipped was not, and is `excused` where what it needs is known to be absent here."""
    outcomes = []
    for name, control, needs in CONTROLS:
        lacking = stage.place.abilities.lacks(needs)
        if lacking:
            skipped[name] = lacking
            outcomes.append({"control": name, "caught": False, "how": f"skipped: {lacking}",
                             "excused": stage.place.abilities.excused(needs)})
            continue
        caught, how = control(stage)
        say(f"{'caught' if caught else 'NOT CAUGHT'}: {name}: {how}")
        outcomes.append({"control": name, "caught": caught, "how": how, "excused": False})
    return outcomes


def failed(outcomes: list[dict]) -> bool:
    """Whether a control was not caught that had to be, or none was."""
    return not any(one["caught"] for one in outcomes) or any(
        not one["caught"] and not one["excused"] for one in outcomes)
