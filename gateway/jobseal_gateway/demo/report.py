"""The report at the end of the day: every job with where it stands, why, and what it costs; what each handheld did."""

import json
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from textwrap import wrap
from typing import Any

from sqlalchemy import Engine

from jobseal.exceptions import RULES
from jobseal_gateway.commands.answer import count, table
from jobseal_gateway.demo.audit import Figures, Journal, logged_hashes
from jobseal_gateway.demo.station import Station
from jobseal_gateway.ledger import job_list, quarantine
from jobseal_gateway.ledger.database import reading
from jobseal_gateway.ledger.job_list import Listed
from jobseal_gateway.policy import COLLECTING, HELD, READY
from jobseal_gateway.projector import RELEASED

JOBS_MOST = 1_000
CUSTOMER_MOST = 26
TEXT_COLUMNS = 100
_COPY = "a copy; what it had before is its original's"
_STANDINGS = {RELEASED: "released", READY: "ready", HELD: "held", COLLECTING: "in progress"}
_UNTOUCHED = "created"


def report(engine: Engine, figures: Figures, journals: Mapping[str, Journal], clones: Iterable[str]) -> str:
    """All of it, as text. ``journals`` by handheld, ``clones`` among them."""
    found = logged_hashes(engine)
    with reading(engine) as connection:
        jobs = job_list.after(connection, 0, JOBS_MOST)
        refused = sum(day.kept_items + day.dropped_items for day in quarantine.days(connection))
    jobs.sort(key=lambda job: job.work_order)
    parts = [
        "Jobs",
        table(("job", "customer", "job is", "billing", "because", "EUR"), [_row(job) for job in jobs]),
        "",
        _sums(jobs),
        "",
        "Held, and what resolves it",
        *_reasons(jobs),
        "",
        "Handhelds",
        table(
            ("handheld", "captured", "acknowledged", "logged", ""),
            [(name, *_counts(journal, found), _COPY if name in clones else "") for name, journal in journals.items()],
        ),
        "",
        f"Of {figures.captured} events of the honest handhelds {figures.acknowledged} are acknowledged and "
        f"{figures.logged} logged; {figures.lost} are lost.",
        f"{figures.records} records were released; {figures.billed_twice} things are billed twice.",
        f"{count(refused, 'message')} of the stranger's {'is' if refused == 1 else 'are'} in quarantine; "
        f"{figures.forged_accepted} forged events were accepted; chains forked by clones: {figures.forks}.",
    ]
    return "\n".join(parts)


def further(station: Station, record: str | None) -> str:
    """How to look further. ``record``: the id of one that was released, if any was."""
    gateway = f"{_program('jobseal-gateway')} --home {_shown(station.home)}"
    verifier = _program("jobseal")
    lines = ["To look further:", f"  {gateway} status", f"  {gateway} quarantine"]
    if record is not None:
        lines += [
            f"  {gateway} status --job {record.rpartition('~')[0]}",
            f"  {gateway} evidence {record} --out evidence.cbor",
            f"  {verifier} verify evidence.cbor --trust {station.fingerprint}",
            f"  {verifier} inspect evidence.cbor",
        ]
    return "\n".join(lines)


def while_serving(station: Station) -> str:
    """What the running gateway answers to."""
    return "\n".join(
        [
            f"The gateway goes on serving on {station.address}:",
            f"  curl -H 'Authorization: Bearer {station.token}' '{station.address}/v1/feed?after=0'",
            f"  curl -H 'Authorization: Bearer {station.token}' '{station.address}/v1/jobs?standing=held'",
            "Ctrl-C ends it.",
        ]
    )


def some_record(engine: Engine) -> str | None:
    """The id of a record to begin with: the first that was released, in its newest revision."""
    with reading(engine) as connection:
        for job in job_list.of_standing(connection, RELEASED, 0, 1):
            return f"{job.work_order}~{_rating(job)['released_revisions'][-1]}"
    return None


def _program(name: str) -> str:
    """How to call one of our commands from here."""
    beside = Path(sys.executable).with_name(name)
    return name if shutil.which(name) or not beside.exists() else str(_shown(beside))


def _shown(path: Path) -> Path:
    """The path as it is called from here."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _row(job: Listed) -> Sequence[object]:
    rating = _rating(job)
    card = json.loads(job.card)
    customer = card["customer_name"] or card["customer"] or ""
    why = ", ".join(rating["blocking"]) if job.standing == HELD else ""
    billing = "" if job.state == _UNTOUCHED else _STANDINGS[job.standing]
    revisions = len(rating.get("released_revisions", ()))
    if job.standing == RELEASED and revisions > 1:
        why = f"revision {revisions}"
    amount = rating.get("total") if job.state != _UNTOUCHED else None
    return job.work_order, customer[:CUSTOMER_MOST], _state(job.state), billing, why, amount


def _state(state: str) -> str:
    return "not begun" if state == _UNTOUCHED else state.replace("_", " ")


def _sums(jobs: Sequence[Listed]) -> str:
    begun = [job for job in jobs if job.state != _UNTOUCHED]
    rows: list[Sequence[object]] = []
    for standing, word in _STANDINGS.items():
        found = [job for job in begun if job.standing == standing]
        if found:
            rows.append((word, len(found), _total(found)))
    rows.append(("not begun", len(jobs) - len(begun), None))
    rows.append(("all", len(jobs), _total(begun)))
    return table(("", "jobs", "EUR"), rows)


def _total(jobs: Iterable[Listed]) -> str:
    amounts = [_rating(job).get("total") for job in jobs]
    return f"{sum((Decimal(amount) for amount in amounts if amount is not None), Decimal()):.2f}"


def _reasons(jobs: Sequence[Listed]) -> list[str]:
    by_code: dict[str, list[str]] = {}
    for job in jobs:
        for code in _rating(job)["blocking"] if job.standing == HELD else ():
            by_code.setdefault(code, []).append(job.work_order)
    if not by_code:
        return ["  nothing"]
    lines = []
    for code, held in sorted(by_code.items()):
        lines.append(f"  {code}: {', '.join(held)}")
        if code in RULES:
            lines += ["    " + line for line in wrap(f"{RULES[code].sentence} {RULES[code].resolution}", TEXT_COLUMNS)]
    return lines


def _counts(journal: Journal, logged: set[bytes]) -> tuple[int, int, int]:
    """Captured, acknowledged, logged (on whatever branch)."""
    acknowledged = sum(row["state"] == "acked" for row in journal)
    return len(journal), acknowledged, sum(bytes.fromhex(row["hash"]) in logged for row in journal)


def _rating(job: Listed) -> dict[str, Any]:
    rating: dict[str, Any] = json.loads(job.rating)
    return rating
