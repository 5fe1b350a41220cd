"""Price lists from CSV: one row, one rule; the columns that name list, version and validity stand in every row.

Every mistake is named with line, cell number and column name, all at once. A version with a mistake anywhere in it
is not returned: half a price list would price half of a job.
"""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass

from jobseal_gateway.pricing.price_list import PriceList
from jobseal_gateway.pricing.rule import Rule
from jobseal_gateway.pricing.rule_fields import COLUMNS, REQUIRED, Fields, read_rule
from jobseal_gateway.problem import Problem, in_order
from jobseal_gateway.source.csv_file import Table, read_table
from jobseal_gateway.source.text import decode


@dataclass(frozen=True, slots=True)
class _Head:
    """What every row of one version repeats."""

    id: str
    version: str
    currency: str
    valid_from: datetime.date
    valid_until: datetime.date | None


@dataclass(frozen=True, slots=True)
class _RuleRow:
    line: int
    head: _Head
    rule: Rule


def parse_price_lists(data: bytes, file: str = "prices.csv") -> tuple[list[PriceList], list[Problem]]:
    """The versions in ``data``, in file order, or no list and every mistake. ``file`` is the name in problems."""
    text, problems = decode(data, file)
    if not text:
        return [], problems or [Problem(file, 1, None, "empty_file", "The file is empty.")]
    table, more = read_table(text, file, None, COLUMNS)
    problems += more
    if table is not None:
        problems += _heading_problems(table, file)
    if table is None or not set(REQUIRED) <= set(table.heading):
        return [], in_order(problems)
    rows = list(_rows(table, file, problems))
    problems += _conflicts(rows, file)
    if not problems and not rows:
        sentence = "The file has column names and no rule below them."
        problems.append(Problem(file, table.heading_line, None, "empty_file", sentence))
    return ([] if problems else _versions(rows)), in_order(problems)


def _heading_problems(table: Table, file: str) -> Iterator[Problem]:
    for number, name in enumerate(table.heading, start=1):
        if name and name not in COLUMNS:
            sentence = f"A price list has no such column; these are: {', '.join(COLUMNS)}."
            yield Problem(file, table.heading_line, number, "unknown_column", sentence, name)
    for name in REQUIRED:
        if name not in table.heading:
            sentence = f'There is no column "{name}", which every price list needs.'
            yield Problem(file, table.heading_line, None, "missing_column", sentence)


def _rows(table: Table, file: str, problems: list[Problem]) -> Iterator[_RuleRow]:
    for row in table.rows:
        fields = Fields(dict(zip(table.heading, row.cells, strict=True)))
        head, rule = _read_head(fields), read_rule(fields)
        for name, code, sentence in fields.flaws:
            column = table.heading.index(name) + 1 if name in table.heading else None
            problems.append(Problem(file, row.line, column, code, sentence, name))
        if head is not None and rule is not None and not fields.flaws:
            yield _RuleRow(row.line, head, rule)


def _read_head(fields: Fields) -> _Head | None:
    list_id, version = fields.code("price_list"), fields.code("version")
    currency = fields.currency("currency")
    valid_from, valid_until = fields.day("valid_from"), fields.optional_day("valid_until")
    if valid_from is None:
        return None
    if valid_until is not None and valid_until < valid_from:
        fields.wrong("valid_until", "bad_validity", "The version ends before it begins.")
    return _Head(list_id, version, currency, valid_from, valid_until)


def _conflicts(rows: list[_RuleRow], file: str) -> Iterator[Problem]:
    """Rows that contradict an earlier row of the same version, and versions that begin on the same day."""
    heads: dict[tuple[str, str], _RuleRow] = {}
    starts: dict[tuple[str, str, datetime.date], _RuleRow] = {}
    seen: dict[tuple[object, ...], _RuleRow] = {}
    for row in rows:
        head, rule = row.head, row.rule
        first = heads.setdefault((head.id, head.version), row)
        if first.head != head:
            sentence = (
                f'Version "{head.version}" of "{head.id}" has another currency or validity in line {first.line}. '
                "All rows of a version must agree."
            )
            yield Problem(file, row.line, None, "inconsistent_version", sentence)
        start = starts.setdefault((head.id, head.currency, head.valid_from), row)
        if start.head.version != head.version and first is row:
            sentence = f'Version "{start.head.version}" (line {start.line}) begins on the same day; which one applies?'
            yield Problem(file, row.line, None, "same_start", sentence, "valid_from")
        named = seen.setdefault((head.id, head.version, rule.id), row)
        if named is not row:
            sentence = f'The rule "{rule.id}" is already in line {named.line}.'
            yield Problem(file, row.line, None, "duplicate_rule", sentence, "rule")
        unit = rule.unit if rule.kind == "part" else ""
        same = seen.setdefault((head.id, head.version, rule.kind, rule.code, unit, rule.when), row)
        if same is not row:
            sentence = f'The rule in line {same.line} is already for {rule.kind} "{rule.code}"; which one applies?'
            yield Problem(file, row.line, None, "ambiguous_rule", sentence, "code")


def _versions(rows: list[_RuleRow]) -> list[PriceList]:
    rules: dict[_Head, list[Rule]] = {}
    for row in rows:
        rules.setdefault(row.head, []).append(row.rule)
    return [
        PriceList(head.id, head.version, head.currency, head.valid_from, head.valid_until, tuple(of_head))
        for head, of_head in rules.items()
    ]
