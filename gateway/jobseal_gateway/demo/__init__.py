"""The demo: a working day of three handhelds and a stolen copy of one, played by the real programs in about a minute.

``scenario`` reads the day, ``play`` puts it on: ``station`` is the gateway, ``handheld`` a handheld with its two
processes, ``technician`` and ``stranger`` do what is written, ``billing`` listens to the feed. ``audit`` counts
afterwards, from journals and evidence alone, and ``report`` says it to people.
"""

import json
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from types import FrameType

from jobseal.errors import JobsealError
from jobseal_gateway import home
from jobseal_gateway.demo.audit import Figures, audit
from jobseal_gateway.demo.play import Play, playing
from jobseal_gateway.demo.report import further, report, some_record, while_serving
from jobseal_gateway.demo.scenario import Scenario, parse
from jobseal_gateway.errors import InputRefused
from jobseal_gateway.orders import parse_csv

FOLDER = Path("var") / "demo"


def main(arguments: Sequence[str] = ()) -> int:
    """Play the day in a folder of its own and report; the exit status says whether everything held.

    With ``--exit`` it ends by itself, and its last line is one JSON object; else the gateway serves until Ctrl-C.
    """
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        scenario, orders, prices = _read()
        folder = _folder()
        _say(f"The demo's folders are in {folder}")
        with playing(Play(scenario, orders, prices, folder, _say)) as play:
            figures = _run(play, scenario)
            if "--exit" in arguments:
                play.close()
                _say(json.dumps(figures.as_json()))
            else:
                _serve_on(play)
    except JobsealError as error:
        print(f"demo: {error.sentence} [{error.code}]", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0 if figures.hold else 1


def _read() -> tuple[Scenario, bytes, bytes]:
    """The scenario, the orders and the prices. Raises InputRefused with every mistake."""
    folder = files("jobseal_gateway.demo.scenario")
    day, orders, prices = ((folder / name).read_bytes() for name in ("day.scenario", "orders.csv", "prices.csv"))
    known, problems = parse_csv(orders)
    scenario, more = parse(day, "day.scenario", [order.id for order in known])
    if scenario is None or problems:
        raise InputRefused(problems + more)
    return scenario, orders, prices


def _folder() -> Path:
    name = datetime.now().strftime("%Y%m%d-%H%M%S")
    try:
        FOLDER.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=FOLDER.absolute()))
    except OSError:
        return Path(tempfile.mkdtemp(prefix="jobseal-demo-"))


def _run(play: Play, scenario: Scenario) -> Figures:
    started_s = time.monotonic()
    _say("Setting up a gateway and its handhelds")
    play.set_up()
    _say(f"The day begins; one second is {scenario.day.pace // 60} minutes of it")
    play.play()
    _say("The day is over; everybody syncs")
    play.settle()
    journals = {name: handheld.journal() for name, handheld in play.handhelds.items()}
    clones = list(scenario.clones)
    with home.open(play.station.home) as gateway:
        honest = [journal for name, journal in journals.items() if name not in clones]
        figures = audit(gateway.engine, honest, [journals[name] for name in clones])
        _say("\n" + report(gateway.engine, figures, journals, clones))
        _say("\n" + further(play.station, some_record(gateway.engine)))
    _say(f"\nAll of this took {time.monotonic() - started_s:.0f} s.")
    return figures


def _serve_on(play: Play) -> None:
    _say("\n" + while_serving(play.station))
    try:
        signal.pause()
    except KeyboardInterrupt:
        _say("Stopping.")


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _say(line: str) -> None:
    print(line, flush=True)


__all__ = ["main"]
