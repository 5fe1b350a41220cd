"""A work order has two plain forms, and the files that it is written to are read back as the same order."""

import datetime
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobseal import cbor
from jobseal.requirement import EVIDENCE_KINDS
from jobseal_gateway.orders import WorkOrder, parse_csv, parse_json, render_csv, render_json
from jobseal_gateway.orders.columns import COLUMNS
from jobseal_gateway.orders.junk import junk
from jobseal_gateway.orders.work_order import OFFICE_ONLY, from_record

ZONES = st.sampled_from(["UTC", "Europe/Vienna", "America/New_York"])
ID = st.from_regex(r"[A-Za-z0-9._/-]{1,64}", fullmatch=True).filter(lambda text: junk(text, "") is None)
LETTERS = st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp"), exclude_characters="|=")


def line(most: int) -> st.SearchStrategy[str]:
    texts = st.text(LETTERS, min_size=1, max_size=min(most, 20)).map(str.strip)
    return texts.filter(lambda text: bool(text) and junk(text, "") is None)


def maybe(strategy: st.SearchStrategy[str]) -> st.SearchStrategy[str | None]:
    return st.none() | strategy


def several(strategy: st.SearchStrategy[str], least: int) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(strategy, unique=True, min_size=least, max_size=4).map(tuple)


SECOND_MS = 1000
STARTS = st.integers(1_000_000_000, 3_000_000_000).map(lambda seconds: seconds * SECOND_MS)
TARGETS = st.lists(STARTS, min_size=3, max_size=3).map(sorted)
WINDOWS = st.just((None, None)) | st.tuples(STARTS, st.none()) | STARTS.map(lambda start: (start, start + 3_600_000))


@st.composite
def orders(draw: st.DrawFn) -> WorkOrder:
    order_id = draw(ID)
    start, end = draw(WINDOWS)
    respond_by, on_site_by, complete_by = draw(TARGETS)
    return WorkOrder(
        id=order_id,
        customer=draw(line(64)),
        currency=draw(st.sampled_from(["EUR", "JPY", "KWD"])),
        time_zone=draw(ZONES),
        tasks=draw(several(line(64), 1)),
        revision=draw(st.none() | st.integers(1, 1_000_000)),
        customer_name=draw(maybe(line(160))),
        site_address=draw(maybe(line(400).map(lambda text: text + "\nand more"))),
        description=draw(maybe(line(4000))),
        terms=draw(maybe(line(64))),
        po_number=draw(maybe(line(64))),
        po_required=draw(st.none() | st.booleans()),
        approval_required=draw(st.none() | st.booleans()),
        ap_contact=draw(maybe(line(160))),
        budget=draw(maybe(st.just("1500.50"))),
        technicians=draw(several(line(64), 0)),
        window_start=start,
        window_end=end,
        respond_by=draw(st.none() | st.just(respond_by)),
        on_site_by=draw(st.none() | st.just(on_site_by)),
        complete_by=draw(st.none() | st.just(complete_by)),
        parent=draw(maybe(ID.filter(lambda text: text != order_id))),
        external_references=tuple(sorted(draw(st.dictionaries(line(64), line(64), max_size=3)).items())),
        required_evidence=draw(several(st.sampled_from(sorted(EVIDENCE_KINDS)), 0)),
    )


@settings(max_examples=40)
@given(orders())
def test_rendering_and_parsing_csv_gives_the_same_order(order: WorkOrder) -> None:
    assert parse_csv(render_csv([order])) == ([order], [])


@settings(max_examples=40)
@given(orders())
def test_rendering_and_parsing_json_gives_the_same_order(order: WorkOrder) -> None:
    assert parse_json(render_json([order])) == ([order], [])


@settings(max_examples=40)
@given(orders())
def test_the_record_gives_the_order_back_also_through_json(order: WorkOrder) -> None:
    assert from_record(order.record()) == order
    assert from_record(json.loads(json.dumps(order.record()))) == order


@settings(max_examples=40)
@given(orders())
def test_the_snapshot_can_be_encoded_by_the_protocol_and_holds_nothing_for_the_office_only(order: WorkOrder) -> None:
    snapshot = order.snapshot()
    assert cbor.decode(cbor.encode(snapshot), 98304) == snapshot
    assert set(snapshot) == set(COLUMNS) - OFFICE_ONLY


def test_every_column_is_a_field_and_every_field_a_column() -> None:
    assert set(WorkOrder.__dataclass_fields__) == set(COLUMNS)


@pytest.mark.parametrize("text", ["2026-03-05T08:00:00+00:00"])
def test_times_are_rendered_with_their_offset(text: str) -> None:
    at = int(datetime.datetime.fromisoformat(text).timestamp() * 1000)
    order = WorkOrder("a", "c", "EUR", "UTC", ("t",), window_start=at)
    assert text.encode() in render_csv([order])
