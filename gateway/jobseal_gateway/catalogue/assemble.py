"""Raw entries, from whatever files, to entries: every value read, every entry and the catalogue as a whole checked.

Checks across entries: what is there twice, a question of a task that is not there, a safety rule that is not there, a
checklist that nobody would work through.
"""

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal

from jobseal_gateway.catalogue.columns import CHECKLIST, COLUMNS, ITEMS_MAX, KINDS, PART, REASON, SAFETY, TASK
from jobseal_gateway.catalogue.entry import Entry, Value
from jobseal_gateway.catalogue.fields import read
from jobseal_gateway.catalogue.raw import RawEntry
from jobseal_gateway.orders.cell import Cell, Flaw
from jobseal_gateway.problem import Problem, in_order

_OF = {CHECKLIST: "task", REASON: "of"}


def assemble(raws: Iterable[RawEntry]) -> tuple[list[Entry], list[Problem]]:
    """The entries in file order, and every mistake. With a mistake the entries are those without one."""
    problems: list[Problem] = []
    found: list[tuple[RawEntry, Entry]] = []
    first: dict[tuple[str, str, str], RawEntry] = {}
    for raw in raws:
        problems += raw.problems
        entry = None if raw.problems else _entry(raw, problems)
        if entry is None:
            continue
        before = first.setdefault(entry.key, raw)
        if before is raw:
            found.append((raw, entry))
        else:
            place = f"line {before.line}" + ("" if before.file == raw.file else f" of {before.file}")
            sentence = f'The {entry.kind} "{entry.code}" is already in {place}. Delete one of the two.'
            problems.append(_problem(raw, "code", Flaw("duplicate_code", sentence)))
    if not problems:  # else what is missed may only be spoiled
        _check_together(found, problems)
    return [entry for _, entry in found], in_order(problems)


def _entry(raw: RawEntry, problems: list[Problem]) -> Entry | None:
    flaws: list[Problem] = []
    kind = _kind(raw, flaws)
    if kind is not None:
        _check_columns(raw, kind, flaws)
    said: dict[str, Value] = {}
    for name, cell in raw.cells.items():
        wrong: list[Flaw] = []
        if name != "kind":
            said[name] = read(COLUMNS[name], cell, wrong)
        flaws += [_problem(raw, name, flaw) for flaw in wrong]
    if not flaws:
        _check_limits(raw, said, flaws)
    problems += flaws
    if flaws or kind is None:
        return None
    code, of = str(said.pop("code")), str(said.pop(_OF[kind])) if kind in _OF else ""
    return Entry(kind, code, of, tuple(sorted(said.items())))


def _kind(raw: RawEntry, flaws: list[Problem]) -> str | None:
    cell = raw.cells.get("kind")
    if cell is None:
        return PART
    wrong: list[Flaw] = []
    kind = str(read(COLUMNS["kind"], cell, wrong))
    flaws += [_problem(raw, "kind", flaw) for flaw in wrong]
    return None if wrong else kind


def _check_columns(raw: RawEntry, kind: str, flaws: list[Problem]) -> None:
    for name in ("code", *KINDS[kind].must):
        if name not in raw.cells:
            sentence = f'There is no "{name}", which every {kind} needs.'
            flaws.append(Problem(raw.file, raw.line, raw.column, "missing_value", sentence, raw.name))
    for name in raw.cells:
        if name not in ("kind", "code", *KINDS[kind].must, *KINDS[kind].may):
            sentence = f'A {kind} has no "{name}". Empty the cell, or correct the kind.'
            flaws.append(_problem(raw, name, Flaw("not_of_kind", sentence)))


def _check_limits(raw: RawEntry, said: dict[str, Value], flaws: list[Problem]) -> None:
    low, high = said.get("low"), said.get("high")
    if isinstance(low, str) and isinstance(high, str) and Decimal(high) < Decimal(low):
        flaws.append(_problem(raw, "high", Flaw("bad_limits", f'This is below "low", {low}. Correct one of the two.')))
    has_limits = low is not None or high is not None
    if "answer" in said and said["answer"] != "number" and has_limits:
        name = "low" if low is not None else "high"
        sentence = f'An answer of the form "{said["answer"]}" has no limits; only a number has.'
        flaws.append(_problem(raw, name, Flaw("bad_limits", sentence)))


def _check_together(found: list[tuple[RawEntry, Entry]], problems: list[Problem]) -> None:
    there = {(entry.kind, entry.code) for _, entry in found}
    items = Counter(entry.of for _, entry in found if entry.kind == CHECKLIST)
    for raw, entry in found:
        if entry.kind == CHECKLIST and (TASK, entry.of) not in there:
            sentence = f'There is no task "{entry.of}". Add it as an entry of the kind {TASK}, or correct this one.'
            problems.append(_problem(raw, "task", Flaw("unknown_task", sentence)))
        rules = dict(entry.said).get("safety", ())
        for code in rules if isinstance(rules, tuple) else ():
            if (SAFETY, code) not in there:
                sentence = f'There is no safety rule "{code}". Add it as an entry of the kind {SAFETY}.'
                problems.append(_problem(raw, "safety", Flaw("unknown_safety", sentence)))
        if entry.kind == TASK and items[entry.code] > ITEMS_MAX:
            sentence = f"Its checklist has {items[entry.code]} questions; at most {ITEMS_MAX} are allowed."
            problems.append(_problem(raw, "code", Flaw("too_long", sentence)))


def _problem(raw: RawEntry, name: str, flaw: Flaw) -> Problem:
    cell = raw.cells.get(name) or Cell(raw.line, raw.column, raw.name)
    return Problem(raw.file, cell.line, cell.column, flaw.code, flaw.sentence, cell.name)
