"""What has been tried of one campaign on one state of the source, kept so that a release run goes on where it stopped.

One JSON file a campaign under ``var/torture/<state>/``, written whole and durably after every slice: temporary file,
fsync, rename, fsync of the folder. A crash leaves the former file or the new one. A tree with changes has a state of
its own, made from what was changed, so figures never mix two sources. Documents are no source: a release run goes on
behind a commit that only writes its figures down.
"""

import hashlib
import json
import os
import re
import subprocess
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.torture.campaign import Finding, Tally

_SOURCE = (".", ":(exclude)docs", ":(exclude)*.md")


@dataclass
class Done:
    """A finished slice: how many units it was asked for, what came out, seconds it took."""

    count: int
    seconds: float
    tally: Tally


@dataclass
class Progress:
    """The finished slices of a campaign by their first unit."""

    path: Path
    name: str
    slices: dict[int, Done] = field(default_factory=dict)

    def record(self, first: int, done: Done) -> None:
        """Keep the outcome of a slice; on return it survives a power cut."""
        self.slices[first] = done
        _write(self.path, json.dumps({"campaign": self.name, "slices": {n: asdict(s) for n, s in self.slices.items()}}))

    def left(self, units: int, slice_size: int) -> list[tuple[int, int]]:
        """The slices (first, count) of the first ``units`` units that have not been done."""
        wanted = [(first, min(slice_size, units - first)) for first in range(0, units, slice_size)]
        return [(first, count) for first, count in wanted if self._count(first) < count]

    def total(self) -> Tally:
        """Everything so far, added up."""
        whole = Tally(0)
        for _, done in sorted(self.slices.items()):
            whole.ran += done.tally.ran
            whole.findings += done.tally.findings
            for figure, value in done.tally.figures.items():
                whole.figures[figure] = whole.figures.get(figure, 0) + value
        return whole

    def seconds(self) -> float:
        """Processor-seconds, roughly: how long the slices took, one after the other."""
        return sum(done.seconds for done in self.slices.values())

    def _count(self, first: int) -> int:
        return self.slices[first].count if first in self.slices else 0


def load(folder: Path, name: str) -> Progress:
    """What the folder knows of that campaign; nothing if the file is not there or not readable as progress."""
    path = folder / (re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") + ".json")
    progress = Progress(path, name)
    try:
        kept = json.loads(path.read_text())["slices"]
        progress.slices = {int(first): _done(each) for first, each in kept.items()}
    except (OSError, ValueError, KeyError, TypeError):
        progress.slices = {}
    return progress


def state(root: Path) -> str:
    """The name of the source as it stands: the commit that changed it last, and a digest of the changes if there are
    any.

    Raises ``OSError`` or ``CalledProcessError`` where there is no git or no commit.
    """
    commit = _git(root, "log", "-1", "--abbrev=12", "--format=%h", "--", *_SOURCE).decode().strip()
    changes = _git(root, "diff", "HEAD", "--binary", "--", *_SOURCE)
    for name in _git(root, "ls-files", "--others", "--exclude-standard", "-z", "--", *_SOURCE).split(b"\0"):
        path = root / os.fsdecode(name)
        if name and path.is_file():
            changes += name + b"\0" + hashlib.sha256(path.read_bytes()).digest()
    return commit + (f"-changed-{hashlib.sha256(changes).hexdigest()[:12]}" if changes else "")


def _git(root: Path, *arguments: str) -> bytes:
    return subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, check=True).stdout


def _done(kept: dict[str, object]) -> Done:
    tally = kept["tally"]
    assert isinstance(tally, dict)
    findings = [Finding(**each) for each in tally["findings"]]
    return Done(int(str(kept["count"])), float(str(kept["seconds"])), Tally(tally["ran"], findings, tally["figures"]))


def _write(path: Path, words: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".new")
    with beside.open("w") as file:
        file.write(words)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
