"""Mutants: known mistakes, planted one at a time in a copy of the source, to show that the checks can see.

Each is a few replacements of text that must be there exactly once, so a mutant whose place has changed fails loudly
instead of testing nothing. It is run in a process of its own; the checks that may catch it are named beside it, and
one that is caught by another check only counts as a survivor.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PACKAGES = ("protocol/jobseal", "device/jobseal_device", "gateway/jobseal_gateway")
SEEDS = 25  # tried for each before it counts as survived
TIMEOUT_S = 240


class Mutant(NamedTuple):
    """``edits``: (file, what stands there, what the mistake makes of it); ``wanted``: faults that provoke it."""

    name: str
    edits: tuple[tuple[str, str, str], ...]
    caught_by: tuple[str, ...]
    wanted: tuple[str, ...] = ()


UPLINK = "protocol/jobseal/uplink.py"
CHAIN = "protocol/jobseal/chain.py"
DURABLE = "device/jobseal_device/durable.py"
INGEST = "gateway/jobseal_gateway/ingest"

MUTANTS = (
    Mutant(
        "puback_trusted",
        (
            (UPLINK, "batch = self._source.events(self.cursor, BATCH_MAX_EVENTS, room)\n",
             "batch = self._source.events(self.cursor, BATCH_MAX_EVENTS, room)\n"
             "        self.cursor += len(batch)\n"),
            (UPLINK, "self.cursor = signed.next\n", "self.cursor = max(self.cursor, signed.next)\n"),
        ),
        ("converges", "committed_lost"),
        ("loss",),
    ),
    Mutant(
        "memory_only_deduplication",
        ((f"{INGEST}/key_chain.py", "for leaf in leaves.of_key(self._view(), self.enrolled.id, first, end):",
          "for leaf in leaves.of_key(self._view(), self.enrolled.id, first, first):"),),
        ("duplicate_row", "defect", "converges", "honest_fork"),
        ("ingest_kill_before_reply", "redelivery", "duplication"),
    ),
    Mutant(
        "prev_unchecked",
        ((CHAIN, "if branch.next == seq and (branch.head is None or branch.head == prev):", "if branch.next == seq:"),),
        ("chain_broken",),
        ("clone", "restore"),
    ),
    Mutant(
        "slot_taken_by_unverified_bytes",
        ((CHAIN, "if not bad or bad[-1][0] != signed.event.prev:", "if not bad:"),),
        ("honest_fork", "committed_lost", "acknowledged_missing"),
        ("stranger",),
    ),
    Mutant(
        "signature_unchecked",
        ((f"{INGEST}/placing.py", "                check(self.signed)\n", "                pass\n"),),
        ("forged_accepted",),
        ("stranger",),
    ),
    Mutant(
        "superseded_ignored",
        ((UPLINK, "if signed.superseded and last > newest:", "if False:"),),
        ("set_back_undetected", "converges", "fork_undetected"),
        ("restore",),
    ),
    Mutant(
        "append_without_sync",
        ((DURABLE, "        files.fdatasync(fd)\n    except OSError as error:\n"
          '        raise StorageFailed(_unconfirmed("The entry", error)) from error',
          "        pass\n    except OSError as error:\n"
          '        raise StorageFailed(_unconfirmed("The entry", error)) from error'),),
        ("committed_lost", "honest_stopped", "honest_fork"),
        ("power_cut",),
    ),
    Mutant(
        "fork_not_suspended",
        ((f"{INGEST}/settling.py", "if enrolled.status != keys.ACTIVE:", "if True:"),),
        ("fork_undetected",),
        ("clone", "restore"),
    ),
    Mutant(
        "changed_jobs_unmarked",
        ((f"{INGEST}/settling.py", "dirty.mark(connection, self.dirty, self.end.at_ms)", "pass"),),
        ("unbilled",),
    ),
    Mutant(
        "cache_kept_after_failed_commit",
        ((f"{INGEST}/round.py", "        self._chains.forget()\n", "        self._chains.release()\n"),),
        ("acknowledged_missing", "committed_lost", "chain_broken", "defect", "converges"),
        ("commit_unknown", "gateway_clock"),
    ),
    Mutant(
        "amount_rounded_down",
        (("gateway/jobseal_gateway/pricing/charge.py", "charge.per_unit, rule.places, rule.rounding)",
          'charge.per_unit, rule.places, "down")'),),
        ("money_wrong",),
    ),
)  # fmt: skip


def main(names: list[str] | None = None) -> int:
    """Run all of them, or these, and print a line for each; 1 if any survived."""
    survived = []
    for mutant in MUTANTS:
        if names and mutant.name not in names:
            continue
        caught = hunt(mutant)
        print(f"{mutant.name:34} {caught or 'SURVIVED'}", flush=True)
        if not caught:
            survived.append(mutant.name)
    print(f"{len(survived)} survived" + (": " + ", ".join(survived) if survived else ""))
    return 1 if survived else 0


def hunt(mutant: Mutant) -> str:
    """The check that caught it and with which seed, or nothing."""
    with tempfile.TemporaryDirectory(prefix="jobseal-mutant-") as folder:
        for package in PACKAGES:
            shutil.copytree(ROOT / package, Path(folder, package), ignore=shutil.ignore_patterns("__pycache__"))
        plant(mutant, Path(folder))
        places = [str(Path(folder, package).parent) for package in PACKAGES]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([*places, str(ROOT)])}
        asked = json.dumps([mutant.caught_by, mutant.wanted])
        done = subprocess.run(
            [sys.executable, "-m", "tests.system.mutant_run", asked, folder],
            cwd=ROOT, env=environment, capture_output=True, text=True, timeout=TIMEOUT_S, check=False,
        )  # fmt: skip
    if done.returncode not in (0, 1):
        raise RuntimeError(f"{mutant.name} could not be run:\n{done.stderr[-2000:]}")
    return done.stdout.strip()


def plant(mutant: Mutant, root: Path) -> None:
    """Apply its edits below this folder. Raises if the text is not there exactly once."""
    for name, before, after in mutant.edits:
        path = root / name
        text = path.read_text()
        if text.count(before) != 1:
            raise LookupError(f"{mutant.name}: {name} has {text.count(before)} times: {before!r}")
        path.write_text(text.replace(before, after))
