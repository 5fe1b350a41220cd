"""Files that people write: price lists, orders with their mapping, settings. All mistakes named, or values that last.

A problem can be shown on a terminal whatever stands in the file, names a place that is in it, and the same file gives
the same answer.
"""

from random import Random

from jobseal import cbor
from jobseal_gateway.orders import PLAIN, WorkOrder, parse_csv, parse_json, parse_mapping, render_csv, render_json
from jobseal_gateway.orders.work_order import from_record
from jobseal_gateway.pricing import canonical, digest, parse_price_lists, render_price_lists
from jobseal_gateway.problem import Problem, in_order, render
from jobseal_gateway.settings import SETTINGS, parse_settings, template
from tests.torture.fuzz import mutation
from tests.torture.fuzz.targets.contract import ROOT, hold
from tests.torture.fuzz.targets.work_done import PRICES

SPLIT = b"\n===\n"  # between mapping and orders


def shown(problems: list[Problem], data: bytes, name: str) -> None:
    """Check what every list of problems promises."""
    hold(problems == in_order(problems), "problems_order")
    hold(len({each.code for each in problems} - {""}) > 0 or not problems, "problem_code")
    lines = data.count(b"\n") + data.count(b"\r") + 1
    for each in problems:
        text = str(each)
        hold(each.file == name and bool(each.sentence), "problem_empty", repr(text))
        hold(text.isprintable(), "problem_unprintable", repr(text))
        hold(each.line is None or 0 < each.line <= lines, "problem_line", repr(text))
        hold(each.column is None or each.column > 0, "problem_column", repr(text))
    render(problems).encode()


class Prices:
    """A price list."""

    most_bytes = 4_096
    limit_s = 1.0

    def seeds(self) -> list[bytes]:
        plain = PRICES.splitlines(keepends=True)
        rows = [plain[0] + row for row in plain[1:]]
        full = render_price_lists(parse_price_lists(PRICES)[0])
        dearer = PRICES + PRICES.replace(b"STANDARD,1,", b"STANDARD,2,").split(b"\n", 1)[1].replace(b"1970", b"2020")
        return [PRICES, full, dearer, PRICES.replace(b",", b";"), b"\xef\xbb\xbf" + full.replace(b"\n", b"\r\n"), *rows]

    def mutate(self, data: bytes, chance: Random) -> bytes:
        return mutation.text(data, chance, PRICE_WORDS)

    def run(self, data: bytes) -> None:
        lists, problems = parse_price_lists(data, "prices.csv")
        hold(bool(lists) != bool(problems), "prices_neither", "there are both lists and problems, or neither")
        shown(problems, data, "prices.csv")
        if lists:
            written = render_price_lists(lists)
            hold(parse_price_lists(written, "again.csv") == (lists, []), "prices_change", repr(written))
            for each in lists:
                kept, wrong = parse_price_lists(canonical(each))
                hold(not wrong and len(kept) == 1, "canonical_refused", repr(wrong))
                hold(digest(kept[0]) == digest(each), "canonical_changes")


class Orders:
    """A mapping, ``===`` on a line, and a file of orders: JSON where it begins with a bracket."""

    most_bytes = 4_096
    limit_s = 1.0

    def seeds(self) -> list[bytes]:
        full, problems = parse_csv(ORDERS)
        assert full, problems
        return [
            SPLIT + ORDERS,
            SPLIT + b"id,customer,currency,time_zone,tasks\nW-1,C-7,EUR,Europe/Vienna,INSPECT\n",
            SPLIT + b"[" + render_json(full[:1])[2:],
            SPLIT + b'{"orders": ' + render_json(full) + b"}",
            MAPPING + SPLIT + b"Auftrag;customer;tasks;Von\nW-1;C-7;A|B;05.03.2026 08:00\n",
            MAPPING.replace(b"utf-8", b"utf-16") + SPLIT + "Auftrag;customer;tasks\nW-1;C-7;A\n".encode("utf-16"),
            b'encoding = "cp1252"' + SPLIT + ORDERS.replace(b"Post", b"P\xf6st"),
        ]

    def mutate(self, data: bytes, chance: Random) -> bytes:
        return mutation.text(data, chance, ORDER_WORDS)

    def run(self, data: bytes) -> None:
        head, _, body = data.partition(SPLIT)
        mapping, wrong = parse_mapping(head, "mapping.toml")
        hold((mapping is None) == bool(wrong), "mapping_neither")
        shown(sorted(wrong, key=lambda each: (each.line or 0, each.column or 0, each.code)), head, "mapping.toml")
        parse = parse_json if body[:1] in (b"[", b"{") else parse_csv
        orders, problems = parse(body, mapping or PLAIN, "orders")
        hold(bool(orders) or bool(problems), "orders_neither", "neither an order nor a problem")
        if mapping is None or mapping.encoding != "utf-16":
            shown(problems, body, "orders")
        hold(len({each.id for each in orders}) == len(orders), "order_twice")
        self._last(orders)

    def _last(self, orders: list[WorkOrder]) -> None:
        for each in orders:
            hold(from_record(each.record()) == each, "order_record")
            cbor.encode(each.snapshot())
            cbor.encode(each.record())
        if orders:
            hold(parse_json(render_json(orders)) == (orders, []), "orders_change_json", repr(render_json(orders)))
            if not any("|" in text for each in orders for text in _listed(each)):
                hold(parse_csv(render_csv(orders)) == (orders, []), "orders_change_csv", repr(render_csv(orders)))


class Mappings:
    """How a shop's columns are named."""

    most_bytes = 8_192
    limit_s = 1.0

    def seeds(self) -> list[bytes]:
        return [MAPPING, b'columns."Auftrag" = "id"\n', b"values = {tasks = {Montage = 'FIT'}}\nignore = ['*']\n", DEEP]

    def mutate(self, data: bytes, chance: Random) -> bytes:
        return mutation.text(data, chance, ORDER_WORDS)

    def run(self, data: bytes) -> None:
        found, problems = parse_mapping(data, "mapping.toml")
        hold((found is None) == bool(problems), "mapping_neither")
        shown(in_order(problems), data, "mapping.toml")
        if found is not None:
            parse_csv(ORDERS, found)
            parse_json(b'[{"id": "W-1", "window_start": "2026-03-05T08:00"}]', found)


class SettingsFile:
    """A gateway's settings."""

    most_bytes = 8_192
    limit_s = 1.0

    def seeds(self) -> list[bytes]:
        full = template({("organisation",): "Test"}).encode()
        short = b"\n".join(line for line in full.split(b"\n") if not line.startswith(b"#"))
        return [b'organisation = "Test"\n', b'organisation = "T"\n[mqtt]\nport = 1883\n', short]

    def mutate(self, data: bytes, chance: Random) -> bytes:
        return mutation.text(data, chance, SETTINGS_WORDS)

    def run(self, data: bytes) -> None:
        found, problems = parse_settings(data, "gateway.toml", ROOT)
        hold((found is None) == bool(problems), "settings_neither")
        shown(problems, data, "gateway.toml")


def _listed(order: WorkOrder) -> list[str]:
    """Every text that stands in a list of the order."""
    pairs = [text for pair in order.external_references for text in pair]
    return [*order.tasks, *order.technicians, *pairs]


MAPPING = b"""encoding = "utf-8"
separator = ";"
list_separator = "|"
time_formats = ["%d.%m.%Y %H:%M"]
ignore = ["Intern"]
[columns]
"Auftrag" = "id"
"Von" = "window_start"
[values.tasks]
"Montage" = "FIT"
[defaults]
currency = "EUR"
time_zone = "Europe/Vienna"
"""
DEEP = b"x = " + b"[" * 300 + b"]" * 300
LONG = b"9" * 4_301  # digits that Python makes no integer of
ORDERS = (
    b"id,revision,customer,customer_name,site,site_address,site_contact,asset,description,contract,terms,po_number,"
    b"po_required,ap_contact,currency,budget,time_zone,tasks,technicians,window_start,window_end,respond_by,"
    b"on_site_by,complete_by,parent,external_references,required_evidence,approval_required\n"
    b'W/1,3,C-7,"Hotel ""Post""",S-1,"Weg 1\n1010 Wien",+43 1 234,A-9,- ring twice,K-1,STANDARD,PO 77,'
    b"yes,ap@post.example,EUR,1500.50,Europe/Vienna,INSPECT|REPAIR,t-1|t-2,2026-03-05T08:00,2026-03-05 10:30,"
    b"2026-03-05T07:30,2026-03-05T09:00+01:00,2026-03-06T18:00,W-0,"
    b"sap=4500012|crm=a=b,photo|signoff,no\n"
    b"W-2,,C-8,,,,,,,,,,no,,CHF,,UTC,FIT,,,,,,,W/1,,,\n"
)
PRICE_WORDS = (
    b"", b"STANDARD", b"labour", b"part", b"expense", b"travel", b"callout", b"waiting", b"*", b"hour", b"minute",
    b"visit", b"flat", b"EUR", b"CHF", b"JPY", b"1", b"0", b"-1", b"1e5", b"0.000000001", b"999999999.999999999",
    b"1000000000", b"half_up", b"half_even", b"up", b"down", b"entry", b"job", b"always", b"completed", b"cancelled",
    b"2026-01-31", b"0000-00-00", b"9999-12-31", b'"', b'""', b"\t", b"\x1b[2J", b"\xc2\x85", b"\xe2\x80\xa8",
    b"markup", b"places", b"rounding", b"when", b"per", b"valid_until", b"description", b"increment_rounding",
)  # fmt: skip
ORDER_WORDS = (
    b"", b"id", b"parent", b"W-1", b"EUR", b"UTC", b"Europe/Vienna", b"../../etc/passwd", b"America", b"a=b", b"sap=",
    b"=1+1", b"@", b"#REF!", b"1E+10", b"photo", b"signoff", b"2026-03-29T02:30", b"2026-10-25T02:30",
    b"2026-03-05T08:00+23:59", b"05.03.2026 08:00", b'"%Y%Y-%m-%d %H:%M"', b'"%s"', b'"%c"', b"[1]", b"{}", b"null",
    b"true", b"1.5", b"123456789012345678", b"NaN", b'"\\ud800"', b'"\\u0000"', b'"\\u001b[2J"', b"\x1b[2J",
    b"\xe2\x80\xa8", b"\xc2\x85", b"\xff\xfe", b"\xef\xbb\xbf", b"orders", b"defaults", b"values.id", b"'''", b'"""',
    LONG, b'time_formats = ["%H:%M %d.%m.%Y"]', b"%Y", b"%y", b"%M", b"%z",
    b"1979-05-27 07:32:00", b"0x_", b"[[columns]]", b"inf", b"|", b"===",
)  # fmt: skip
SETTINGS_WORDS = (
    *(".".join(map(str, each.path)).encode() for each in SETTINGS), b"0", b"-1", b"99999999999999999999", b"1e400",
    LONG, b'""', b'"\\u0000"', b"true", b"[]", b"{}", b"embedded", b"external", b'"UTC"', b'"../../x"', b"[mqtt]",
    b"[[http]]", b"1979-05-27", b"''", b'"sqlite:///x"', b'"postgresql://x"', b'"\\u001b[2J"',
)  # fmt: skip
