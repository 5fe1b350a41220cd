"""The campaign "fuzz executions": every target in its turn, each in a process of its own.

The first million executions begin with the committed seeds alone and are the same on every machine; later ones also
begin with what earlier ones found, which is kept in var/fuzz/corpus.
"""

import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from hashlib import sha256
from pathlib import Path

from tests.torture.campaign import Finding, Tally
from tests.torture.fuzz import plan
from tests.torture.fuzz.plan import Part

ROOT = Path(__file__).parents[3]
CORPUS = ROOT / "var/fuzz/corpus"
FOUND = ROOT / "var/fuzz/found"
CORPUS_MOST = 3_000  # inputs kept of a target
HEX_MOST_BYTES = 1_500  # longer inputs are replayed from a file
RUN_MOST_S = 1_500


class Executions:
    """A unit is one execution of one target."""

    name = "fuzz executions"
    quick = 1_000_000
    release: int | None = 20_000_000
    slice = 100_000
    alone = False

    def units(self) -> int | None:
        return None

    def missing(self) -> str | None:
        return None

    def run(self, first: int, count: int) -> Tally:
        tally = Tally(0, [], {"unguided": 0})
        for part in plan.parts(first, count):
            _run(part, tally)
        return tally


def _run(part: Part, tally: Tally) -> None:
    corpus = CORPUS / part.place.name
    with tempfile.TemporaryDirectory(prefix="jobseal-fuzz-") as folder:
        grown = [corpus] if part.round > 0 and corpus.is_dir() else []
        command = [sys.executable, "-m", "tests.torture.fuzz", "run", part.place.name]
        command += ["--runs", str(part.count), "--seed", str(part.unit + 1), "--folder", folder]
        command += [str(word) for each in grown for word in ("--corpus", each)]
        said = Path(folder, "said")
        with said.open("wb") as out:
            done = subprocess.run(
                command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=out, stderr=out, timeout=RUN_MOST_S, check=False,
                env={**os.environ, "PYTHONHASHSEED": "0", "TMPDIR": folder},
            )  # fmt: skip
        result = Path(folder, "result.json")
        if result.exists():
            kept = json.loads(result.read_text())
            tally.ran += kept["ran"]
            tally.figures["unguided"] += kept["ran"] if kept["how"] == "unguided" else 0
            for each in kept["failures"]:
                tally.findings.append(_finding(part, each["place"], each["words"], bytes.fromhex(each["data"])))
        else:
            tally.findings.append(_ended(part, Path(folder), done.returncode, said))
        _grow(Path(folder, "fresh"), corpus)


def _finding(part: Part, check: str, words: str, data: bytes) -> Finding:
    unit = f"{part.place.name} from {part.unit}"
    return Finding(unit, f"{part.place.name}: {check}", words, _replay(part.place.name, data))


def _ended(part: Part, folder: Path, status: int, said: Path) -> Finding:
    """It died: by the input that libFuzzer kept, if there is one."""
    tail = said.read_bytes()[-2_000:].decode(errors="replace")
    kept = sorted(folder.glob("artifact-*"))
    if kept:
        return _finding(part, kept[0].name.split("-")[1], tail, kept[0].read_bytes())
    again = f".venv/bin/python -m tests.torture.fuzz run {part.place.name} --runs {part.count} --seed {part.unit + 1}"
    return Finding(f"{part.place.name} from {part.unit}", f"{part.place.name}: ended with {status}", tail, again)


def _replay(name: str, data: bytes) -> str:
    """The command that shows it again; the input is kept under var/ in any case."""
    kept = FOUND / name / sha256(data).hexdigest()[:16]
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_bytes(data)
    command = f".venv/bin/python -m tests.torture.fuzz replay {name} "
    if len(data) <= HEX_MOST_BYTES:
        return command + f"--hex {data.hex() or repr('')}"
    return command + f"--file {shlex.quote(str(kept.relative_to(ROOT)))}"


def _grow(fresh: Path, corpus: Path) -> None:
    """Keep what reached something new, up to a bound."""
    corpus.mkdir(parents=True, exist_ok=True)
    room = CORPUS_MOST - len(os.listdir(corpus))
    for path in sorted(fresh.glob("*"))[: max(0, room)]:
        shutil.copy(path, corpus / path.name)
