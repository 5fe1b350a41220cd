"""Imports, assignments and snapshots: stored whole, said once, and told to the handhelds that they concern."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobseal import cbor, work
from jobseal.limits import ASSIGNMENT_MAX, DOCUMENT_MAX_BYTES
from jobseal_gateway import prices
from jobseal_gateway.errors import InputRefused
from jobseal_gateway.ledger import assignments, jobs, orders, price_lists, records, schema
from jobseal_gateway.ledger.database import connect, reading, writing
from jobseal_gateway.ledger.folded import RATINGS, Folded
from jobseal_gateway.log import ClockUnsynchronised
from jobseal_gateway.orders import parse_csv
from jobseal_gateway.orders.columns import TARGETS
from jobseal_gateway.orders.work_order import WorkOrder, from_record
from jobseal_gateway.pricing import PriceList, parse_price_lists
from jobseal_gateway.work import WorkRefused, bind, preview, store
from tests.gateway.bureaus import OPERATOR, Bureau

PRICES = b"""price_list,version,currency,valid_from,rule,kind,code,unit,rate
STANDARD,2026-1,EUR,2026-01-01,labour,labour,*,hour,%d
STANDARD,2026-1,EUR,2026-01-01,travel,travel,*,hour,60
"""


def numbered(id: str, revision: int, description: str) -> WorkOrder:
    data = f"id,revision,customer,currency,time_zone,tasks,description\n{id},{revision},C,EUR,UTC,FIT,{description}\n"
    [order], problems = parse_csv(data.encode())
    assert not problems
    return order


def stored(bureau: Bureau, id: str) -> orders.WorkOrder:
    with reading(bureau.engine) as connection:
        found = orders.current(connection, id)
    assert found is not None
    return found


def told_of(bureau: Bureau, device: str) -> list[str]:
    told = bureau.told(device)
    return [] if told is None else [row[0] for row in told.orders]


def rows_everywhere(bureau: Bureau) -> dict[str, int]:
    with reading(bureau.engine) as connection:
        return {table.name: len(connection.execute(table.select()).all()) for table in schema.metadata.sorted_tables}


# Orders


def test_an_imported_order_is_kept_as_it_was_and_handhelds_get_what_concerns_them(bureau: Bureau) -> None:
    data = b"id,customer,currency,time_zone,tasks,budget,ap_contact\nWO-1,C-1,EUR,UTC,FIT|TEST,99.50,Ms Money\n"
    [order], _ = parse_csv(data)
    store(bureau.gateway, [order], "orders.csv", data, OPERATOR)
    row = stored(bureau, "WO-1")
    assert from_record(cbor.decode(row.snapshot, DOCUMENT_MAX_BYTES)) == order
    with reading(bureau.engine) as connection:
        document = orders.pulled(connection, [row.digest])[row.digest]
    assert work.digest(document) == row.digest
    said = cbor.decode(document, DOCUMENT_MAX_BYTES)
    assert (said["id"], said["revision"], said["tasks"]) == ("WO-1", 1, ["FIT", "TEST"])
    assert not {"budget", "ap_contact", "terms"} & set(said)


def test_the_same_file_again_changes_nothing(bureau: Bureau) -> None:
    bureau.enrol("hh-1", "t-1")
    first = bureau.order("WO-1", "t-1")
    bureau.clean()
    before = rows_everywhere(bureau)
    again = bureau.order("WO-1", "t-1")
    assert (first.new, first.told) == (1, ("hh-1",))
    assert (again.new, again.changed, again.unchanged, again.told) == (0, 0, 1, ())
    after = rows_everywhere(bureau)
    assert {name for name in after if after[name] != before[name]} == {"imports"}


def test_other_content_is_another_revision_with_its_number_in_the_document(bureau: Bureau) -> None:
    bureau.orders("WO-1,C-1,EUR,UTC,FIT,")
    done = bureau.orders("WO-1,C-2,EUR,UTC,FIT,", "WO-2,C-1,EUR,UTC,FIT,")
    assert (done.new, done.changed, done.unchanged) == (1, 1, 0)
    row = stored(bureau, "WO-1")
    with reading(bureau.engine) as connection:
        document = cbor.decode(orders.pulled(connection, [row.digest])[row.digest], DOCUMENT_MAX_BYTES)
    assert row.revision == document["revision"] == 2
    assert document["customer"] == "C-2"


def test_the_document_has_the_targets_of_the_service_agreement_and_not_what_the_customer_requires(
    bureau: Bureau,
) -> None:
    data = (
        b"id,customer,currency,time_zone,tasks,respond_by,on_site_by,complete_by,po_required\n"
        b"WO-1,C-1,EUR,Europe/Vienna,FIT,2026-03-05T08:00,2026-03-05T10:00,2026-03-06T18:00,yes\n"
    )
    store(bureau.gateway, parse_csv(data)[0], "orders.csv", data, OPERATOR)
    row = stored(bureau, "WO-1")
    with reading(bureau.engine) as connection:
        document = cbor.decode(orders.pulled(connection, [row.digest])[row.digest], DOCUMENT_MAX_BYTES)
    assert [document[name] for name in TARGETS] == [1_772_694_000_000, 1_772_701_200_000, 1_772_816_400_000]
    assert "po_required" not in document


def test_an_order_from_before_a_column_was_added_is_unchanged_when_it_comes_again(bureau: Bureau) -> None:
    bureau.order("WO-1")
    row = stored(bureau, "WO-1")
    older = {name: value for name, value in cbor.decode(row.snapshot, DOCUMENT_MAX_BYTES).items() if value}
    with writing(bureau.engine) as connection:
        again = cbor.encode(older)
        orders.put(connection, "WO-1", snapshot=again, digest=row.digest, import_id=1, imported_ms=1)
    assert stored(bureau, "WO-1").revision == 2
    assert bureau.order("WO-1").unchanged == 1


def test_technicians_are_assigned_and_withdrawn_by_the_difference(bureau: Bureau) -> None:
    bureau.order("WO-1", "t-1", "t-2")
    done = bureau.order("WO-1", "t-2", "t-3")
    assert (done.changes[0].assigned, done.changes[0].withdrawn) == (("t-3",), ("t-1",))
    with reading(bureau.engine) as connection:
        assert [each.technician for each in assignments.on_order(connection, "WO-1")] == ["t-2", "t-3"]
        assert [(each.technician, each.act) for each in assignments.history(connection, "WO-1")] == [
            ("t-1", "assigned"),
            ("t-2", "assigned"),
            ("t-3", "assigned"),
            ("t-1", "withdrawn"),
        ]


def test_only_what_changed_is_folded_again(bureau: Bureau) -> None:
    bureau.orders("WO-1,C-1,EUR,UTC,FIT,", "WO-2,C-1,EUR,UTC,FIT,")
    assert bureau.dirty() == {"WO-1", "WO-2"}
    bureau.orders("WO-1,C-1,EUR,UTC,FIT,", "WO-2,C-1,EUR,UTC,FIT,t-1")
    assert bureau.dirty() == {"WO-2"}


def test_technicians_without_a_handheld_are_named(bureau: Bureau) -> None:
    bureau.enrol("hh-1", "t-1")
    assert bureau.order("WO-1", "t-1", "t-2").unequipped == ("t-2",)


def test_a_preview_says_what_would_happen_and_stores_nothing(bureau: Bureau) -> None:
    bureau.order("WO-1", "t-1")
    before = rows_everywhere(bureau)
    found, _ = parse_csv(b"id,customer,currency,time_zone,tasks\nWO-1,C-9,EUR,UTC,FIT\nWO-2,C-1,EUR,UTC,FIT\n")
    done = preview(bureau.gateway, found, "orders.csv")
    assert (done.new, done.changed, done.unchanged) == (1, 1, 0)
    assert rows_everywhere(bureau) == before


def test_a_file_that_counts_its_revisions_goes_neither_back_nor_twice_over_one_number(bureau: Bureau) -> None:
    def put(*found: WorkOrder) -> None:
        store(bureau.gateway, found, "orders.csv", b"", OPERATOR)

    put(numbered("WO-1", 3, "three"), numbered("WO-2", 3, "three"), numbered("WO-3", 3, "three"))
    before = rows_everywhere(bureau)
    with pytest.raises(InputRefused) as caught:
        put(numbered("WO-1", 2, "two"), numbered("WO-2", 3, "another three"), numbered("WO-3", 4, "four"))
    assert [(each.name, each.code) for each in caught.value.problems] == [
        ("WO-1", "stale_revision"),
        ("WO-2", "revision_conflict"),
    ]
    assert rows_everywhere(bureau) == before  # the good one neither
    put(numbered("WO-1", 3, "three"), numbered("WO-3", 4, "four"))
    assert stored(bureau, "WO-3").revision == 2  # ours counts what was stored


def test_nothing_is_imported_while_the_clock_is_not_synchronised(bureau: Bureau) -> None:
    bureau.station.now = bureau.station.now._replace(wall_ms=None)
    with pytest.raises(ClockUnsynchronised):
        bureau.order("WO-1")
    assert rows_everywhere(bureau)["work_orders"] == 0


# Handhelds


def test_a_handheld_is_told_the_orders_of_everybody_who_carries_it_by_id(bureau: Bureau) -> None:
    bureau.enrol("hh-1", "t-1", "t-2")
    bureau.orders("WO-3,C,EUR,UTC,FIT,t-1", "WO-1,C,EUR,UTC,FIT,t-2", "WO-2,C,EUR,UTC,FIT,t-9")
    told = bureau.told("hh-1")
    assert told is not None
    assert told.orders == [["WO-1", 1, stored(bureau, "WO-1").digest], ["WO-3", 1, stored(bureau, "WO-3").digest]]


def test_a_version_goes_up_only_with_news(bureau: Bureau) -> None:
    bureau.enrol("hh-1", "t-1")
    versions = []
    steps: list[Callable[[], object]] = [
        lambda: bureau.order("WO-1", "t-1"),
        lambda: bureau.order("WO-1", "t-1"),  # the same
        lambda: bureau.order("WO-2", "t-2"),  # somebody else's
        lambda: bureau.orders("WO-1,C-2,EUR,UTC,FIT,t-1"),  # a revision
        lambda: bureau.orders("WO-1,C-2,EUR,UTC,FIT,"),  # taken away
        lambda: bind(bureau.gateway, "t-1", "hh-1"),  # as it is
        lambda: bind(bureau.gateway, "t-2", "hh-1"),  # with work
    ]
    for step in steps:
        step()
        told = bureau.told("hh-1")
        versions.append(0 if told is None else told.version)
    assert versions == [1, 1, 1, 2, 3, 3, 4]
    assert told_of(bureau, "hh-1") == ["WO-2"]


def test_work_moves_with_the_technician_from_handheld_to_handheld(bureau: Bureau) -> None:
    bureau.enrol("hh-1", "t-1")
    bureau.enrol("hh-2")
    bureau.order("WO-1", "t-1")
    bureau.clean()
    assert bind(bureau.gateway, "t-1", "hh-2") == ("hh-2", "hh-1")
    assert (told_of(bureau, "hh-1"), told_of(bureau, "hh-2")) == ([], ["WO-1"])
    assert bureau.dirty() == {"WO-1"}
    assert bind(bureau.gateway, "t-1", None) == ("hh-2",)
    assert told_of(bureau, "hh-2") == []


def test_only_an_enrolled_handheld_can_be_carried(bureau: Bureau) -> None:
    for technician, device in (("t-1", "hh-9"), ("", None), ("x" * 65, None), ("a\nb", None)):
        with pytest.raises(WorkRefused):
            bind(bureau.gateway, technician, device)
    with reading(bureau.engine) as connection:
        assert assignments.everybody(connection) == {}


def test_a_connected_handheld_pulls_what_it_is_told(bureau: Bureau) -> None:
    device = bureau.enrol("hh-1", "t-1")
    sync = bureau.station.sync(device)
    bureau.station.ingest.new_work()
    bureau.order("WO-1", "t-1")
    for _, data in bureau.station.ingest.new_work():
        sync.hear(data)
    bureau.station.talk(sync)
    assert stored(bureau, "WO-1").digest in device.documents


def test_when_there_is_too_much_for_one_handheld_the_newest_windows_have_it(sqlite_url: str, tmp_path: Path) -> None:
    bureau = Bureau(connect(sqlite_url), tmp_path)
    bureau.enrol("hh-1", "t-1")
    plain = {"customer": "C", "currency": "EUR", "time_zone": "UTC", "tasks": ("FIT",), "technicians": ("t-1",)}
    many = [
        WorkOrder(id=f"{'W' * 58}{number:06}", window_start=number, **plain)  # type: ignore[arg-type]
        for number in range(ASSIGNMENT_MAX + 3)
    ]
    store(bureau.gateway, many, "orders.csv", b"", OPERATOR)
    assert told_of(bureau, "hh-1") == [order.id for order in many[3:]]
    bureau.engine.dispose()


@settings(max_examples=20)
@given(st.lists(st.tuples(st.sampled_from(["WO-1", "WO-2"]), st.sets(st.sampled_from(["t-1", "t-2", "t-3"])))))
def test_whatever_the_imports_each_handheld_knows_exactly_its_own_work(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory, imports: list[tuple[str, set[str]]]
) -> None:
    folder = tmp_path_factory.mktemp("bureau")
    bureau = Bureau(connect(f"sqlite:///{shutil.copy(sqlite_template, folder / 'ledger.db')}"), folder)
    bureau.enrol("hh-1", "t-1", "t-2")
    bureau.enrol("hh-2", "t-3")
    now: dict[str, set[str]] = {}
    for id, technicians in imports:
        bureau.order(id, *sorted(technicians))
        now[id] = technicians
    assert told_of(bureau, "hh-1") == sorted(id for id, people in now.items() if people & {"t-1", "t-2"})
    assert told_of(bureau, "hh-2") == sorted(id for id, people in now.items() if "t-3" in people)
    bureau.engine.dispose()


# Prices


def versions(rate: int) -> list[PriceList]:
    found, problems = parse_price_lists(PRICES % rate)
    assert not problems
    return found


def test_a_price_list_is_stored_in_the_form_that_its_digest_is_of(bureau: Bureau) -> None:
    [version] = versions(85)
    assert prices.store(bureau.gateway, [version], "prices.csv").new == (version,)
    with reading(bureau.engine) as connection:
        [row] = price_lists.every(connection)
    again, _ = parse_price_lists(row.source.encode())
    assert [{**each_fields(each), "rules": set(each.rules)} for each in again] == [
        {**each_fields(version), "rules": set(version.rules)}
    ]


def each_fields(version: PriceList) -> dict[str, object]:
    return {name: getattr(version, name) for name in ("id", "version", "currency", "valid_from", "valid_until")}


def test_new_prices_have_open_jobs_folded_again_and_the_same_prices_do_not(bureau: Bureau) -> None:
    bureau.order("WO-1")
    bureau.clean()
    prices.store(bureau.gateway, versions(85), "prices.csv")
    assert bureau.dirty() == {"WO-1"}
    assert prices.store(bureau.gateway, versions(85), "prices.csv").new == ()
    assert bureau.dirty() == set()


def test_a_job_that_was_released_keeps_its_price(bureau: Bureau) -> None:
    bureau.orders("WO-1,C,EUR,UTC,FIT,", "WO-2,C,EUR,UTC,FIT,")
    release(bureau, "WO-1")
    bureau.clean()
    prices.store(bureau.gateway, versions(85), "prices.csv")
    assert bureau.dirty() == {"WO-2"}


def release(bureau: Bureau, work_order: str) -> None:
    with writing(bureau.engine) as connection:
        records.add(
            connection,
            work_order=work_order,
            revision=1,
            kind="original",
            digest=bytes(32),
            data=b"",
            leaf=0,
            released_ms=0,
        )
        (job_id,) = jobs.numbers(connection, [work_order]).values()
        RATINGS.put(connection, Folded(job_id, "released", b"{}"))


def test_a_version_that_was_taken_never_says_anything_else(bureau: Bureau) -> None:
    prices.store(bureau.gateway, versions(85), "prices.csv")
    for refuse in (prices.store, prices.preview):
        with pytest.raises(InputRefused) as caught:
            refuse(bureau.gateway, versions(86), "prices.csv")
        assert [(each.file, each.code) for each in caught.value.problems] == [("prices.csv", "version_conflict")]


def test_a_preview_of_prices_stores_nothing(bureau: Bureau) -> None:
    assert len(prices.preview(bureau.gateway, versions(85), "prices.csv").new) == 1
    with reading(bureau.engine) as connection:
        assert price_lists.every(connection) == []
