"""One target, so many executions, one process: under atheris where it is installed, else by mutation alone.

Repeatable: the same target, seed, number and corpus give the same inputs. A guided run never returns to its caller (nor
does libFuzzer), so this runs in a process of its own and leaves its result in a file.
"""

import json
import os
import sys
import time
from contextlib import suppress
from dataclasses import asdict
from functools import cache
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from tests.torture.fuzz import plan

if TYPE_CHECKING:
    from tests.torture.fuzz.targets.contract import Target
    from tests.torture.fuzz.watch import Watch

try:
    import atheris
except ImportError:
    atheris = None

OURS = ["jobseal", "jobseal_gateway", "jobseal_device"]
HANGS_AFTER_S = 120
MEMORY_MOST_MIB = 3_072
MEMORY_OF_CHANCE = 4_000  # inputs that an unguided run draws from


class Order(NamedTuple):
    """What is asked: ``corpus``: folders of inputs to begin with; ``fresh``: where those that reached something new are
    put; ``result``: the file for what came of it."""

    place: plan.Place
    seed: int
    runs: int
    corpus: list[Path]
    fresh: Path
    result: Path


def why_unguided() -> str:
    """Why runs are not guided by coverage here; empty where they are."""
    return "" if atheris is not None else f"atheris is not installed for this Python ({sys.version.split()[0]})"


def fuzz(order: Order) -> None:
    """Do it. Returns only where it is unguided."""
    if atheris is None:
        _remember_good_keys()
        _unguided(order)
        return
    with atheris.instrument_imports(include=OURS, enable_loader_override=False):
        target = plan.target(order.place)
    _remember_good_keys()
    watch = _watch(target)
    chance = Random()

    def one(data: bytes) -> None:
        watch(data)
        if watch.ran == order.runs:
            _write(order, watch, "guided")
            os._exit(0)

    def mutated(data: bytes, most: int, seed: int) -> bytes:
        chance.seed(seed)
        out = target.mutate(data, chance) if chance.random() < 0.7 else atheris.Mutate(data, most)
        return out[:most]

    seeds = order.fresh.parent / "seeds"
    _keep(target.seeds(), seeds)
    options = {
        "seed": order.seed % (1 << 31) or 1,
        "runs": order.runs + 10,
        "max_len": target.most_bytes,
        "len_control": 0,
        "reload": 0,  # it would look at the clock, and no two runs were the same
        "timeout": HANGS_AFTER_S,
        "rss_limit_mb": MEMORY_MOST_MIB,
        "artifact_prefix": f"{order.fresh.parent}/artifact-",
    }
    folders = [str(order.fresh), str(seeds), *map(str, order.corpus)]
    arguments = ["fuzz", *(f"-{name}={value}" for name, value in options.items()), *folders]
    atheris.Setup(arguments, one, custom_mutator=mutated)
    atheris.Fuzz()


def _unguided(order: Order) -> None:
    target = plan.target(order.place)
    watch = _watch(target)
    chance = Random(order.seed)
    pool = target.seeds() + [path.read_bytes() for folder in order.corpus for path in sorted(folder.iterdir())]
    begin = len(pool)
    while watch.ran < order.runs:
        data = chance.choice(pool)
        for _ in range(chance.choice((1, 1, 2, 3))):
            data = target.mutate(data, chance)[: target.most_bytes]
        watch(data)
        if len(pool) < MEMORY_OF_CHANCE:  # some go on from where they are, guided by nothing
            pool.append(data)
        else:
            pool[chance.randrange(begin, MEMORY_OF_CHANCE)] = data
    _write(order, watch, "unguided")


def _remember_good_keys() -> None:
    """Let the check of a public key, which is slow and pure, be done once for each key."""
    from jobseal import edwards

    edwards.check_public_key = cache(edwards.check_public_key)


def _watch(target: "Target") -> "Watch":
    from tests.torture.fuzz.watch import Watch

    return Watch(target.run, target.limit_s)


def _keep(inputs: list[bytes], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(inputs):
        (folder / f"{number:04}").write_bytes(data)


def _write(order: Order, watch: "Watch", how: str) -> None:
    ran = watch.ran
    failures = [{**asdict(each), "data": each.data.hex()} for each in watch.minimised()]
    for each in sys.stdout, sys.stderr:
        with suppress(OSError):
            each.flush()
    result = {"ran": ran, "how": how, "cpu_s": round(time.process_time(), 1), "failures": failures}
    order.result.write_text(json.dumps(result))
