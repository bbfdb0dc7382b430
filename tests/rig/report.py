"""The table at the end of a run."""

from collections import Counter

# Findings that are counted under the names of the table; all others are named as they are.
TABLE = ("lost", "doubled", "forks", "undetected_damage")
# What was accepted, and what became of it: the first is the sum of the others.
ACCOUNTS = ("accepted", "receipted", "pending", "dead_lettered")


class Report:
    """What was done, and what it came to."""

    def __init__(self, seed: int, program: str):
        self.seed, self.program = seed, program
        self.rounds: Counter = Counter()
        self.details: list[dict] = []
        self.skipped: dict[str, str] = {}
        self.rig_errors: list[str] = []

    def add(self, number: int, fault: str, details: dict, held: bool, took: float) -> None:
        self.rounds[fault] += 1
        self.details.append({"number": number, "fault": fault, "held": held, "took_s": round(took, 1), **details})

    def as_json(self, stage, took: float) -> dict:
        """The one object of `--json`."""
        counts, figures = stage.findings.counts, stage.figures
        damages = Counter(one["outcome"] for one in stage.damages)
        return {
            "faults": sum(self.rounds.values()),
            "acknowledged": figures["acknowledged"],
            **{key: counts[key] for key in TABLE},
            "worst_delay_s": figures["worst_delay_s"],
            "worst_recovery_s": figures["worst_recovery_s"],
            "slowest_start_s": figures["slowest_start_s"],
            "broken": counts.total(),
            "other_broken": {key: count for key, count in counts.items() if key not in TABLE},
            "findings": stage.findings.list,
            "rounds": dict(sorted(self.rounds.items())),
            "kills": sum(one.get("kills", 0) for one in self.details),
            "power_cuts": sum(one.get("cuts", 0) for one in self.details),
            "damaged_files": len(stage.damages),
            "damage_outcomes": dict(damages),
            "calls_cut_off": figures["cut_off"],
            "attachments_compared": figures["attachments_compared"],
            "heads_compared": figures["heads_compared"],
            **{what: figures[what] for what in ACCOUNTS},
            "duplicates_absorbed": figures["duplicates_absorbed"],
            "log_entries": figures["log_entries"],
            "worlds": figures["worlds"],
            "alarms": stage.alarms,
            "skipped": self.skipped,
            "rig_errors": self.rig_errors,
            "seed": self.seed,
            "minutes": round(took / 60, 1),
            "details": self.details,
            "damages": stage.damages,
        }


def table(told: dict) -> str:
    """The same for people."""
    rows = [(key, told[key]) for key in ("faults", "acknowledged", *TABLE, "worst_delay_s", "worst_recovery_s",
                                         "slowest_start_s", "kills", "power_cuts", "damaged_files",
                                         "attachments_compared", "heads_compared", "log_entries", *ACCOUNTS, "duplicates_absorbed",
                                         "calls_cut_off", "seed", "minutes")]
    rows += list(told["other_broken"].items())
    lines = [f"{key.replace('_', ' '):24} {value:>10}" for key, value in rows]
    lines += [f"{len(told['skipped'])} skipped"] if told["skipped"] else []
    lines += [f"  {name}: {why}" for name, why in told["skipped"].items()]
    lines += [f"the rig failed: {error}" for error in told["rig_errors"]]
    lines += [f"BROKEN {one['key']}: {one['what']} (after {one['after']})" for one in told["findings"]]
    return "\n".join(lines)
