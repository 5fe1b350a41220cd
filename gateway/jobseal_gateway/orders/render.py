"""Work orders as the files that the parsers read: for templates, for moving them, and as the parsers' inverse.

Text that came in through the parsers begins with no formula, so what goes out is safe to open in a spreadsheet.
"""

import csv
import datetime
import io
import json
from collections.abc import Iterable

from jobseal_gateway.orders import columns
from jobseal_gateway.orders.columns import COLUMNS
from jobseal_gateway.orders.mapping import PLAIN
from jobseal_gateway.orders.work_order import Plain, WorkOrder

_MS = datetime.timedelta(milliseconds=1)
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


def render_csv(orders: Iterable[WorkOrder]) -> bytes:
    """UTF-8 CSV with every column; ``parse_csv`` gives the same orders back."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for order in orders:
        record = order.record()
        writer.writerow([_cell_text(name, record[name]) for name in COLUMNS])
    return out.getvalue().encode()


def render_json(orders: Iterable[WorkOrder]) -> bytes:
    """UTF-8 JSON without absent values; ``parse_json`` gives the same orders back."""
    rows = [
        {name: _json_value(name, value) for name, value in order.record().items() if value not in (None, [], {})}
        for order in orders
    ]
    return json.dumps(rows, indent=2, ensure_ascii=False).encode() + b"\n"


def _json_value(name: str, value: Plain) -> Plain:
    if COLUMNS[name].kind == columns.TIME and isinstance(value, int):
        return _iso(value)
    return value


def _cell_text(name: str, value: Plain) -> str:
    if value is None:
        return ""
    if COLUMNS[name].kind == columns.TIME and isinstance(value, int):
        return _iso(value)
    if isinstance(value, bool):
        return columns.YES if value else columns.NO
    if isinstance(value, dict):
        return PLAIN.list_separator.join(f"{system}={reference}" for system, reference in value.items())
    if isinstance(value, list):
        return PLAIN.list_separator.join(value)
    return str(value)


def _iso(unix_ms: int) -> str:
    return (_EPOCH + unix_ms * _MS).isoformat()
