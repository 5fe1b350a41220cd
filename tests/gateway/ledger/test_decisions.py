"""Decisions are added and never changed; what holds now is the newest, and saying the same again says nothing new."""

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

from jobseal_gateway.ledger import acknowledgements, assignments, jobs, orders, overrides, price_lists, records
from jobseal_gateway.ledger.acknowledgements import Acknowledgement
from jobseal_gateway.ledger.assignments import ASSIGNED, WITHDRAWN, Snapshot
from jobseal_gateway.ledger.database import reading, writing
from jobseal_gateway.ledger.overrides import Override
from jobseal_gateway.ledger.price_lists import PriceList
from jobseal_gateway.ledger.records import Released, Status
from tests.gateway.ledger.ledger_rows import NOW_MS, digest, job


def released(engine: Engine, work_order: str = "WO-1", revision: int = 1) -> Released:
    with writing(engine) as connection:
        return records.add(
            connection,
            work_order=work_order,
            revision=revision,
            kind="original",
            digest=digest(work_order, revision),
            data=b"signed",
            leaf=7,
            released_ms=NOW_MS,
        )


def imported(engine: Engine, name: str = "orders.csv") -> int:
    with writing(engine) as connection:
        return orders.add_import(
            connection, at_ms=NOW_MS, source=name, digest=digest(name), person="ada", summary='{"rows":2}'
        )


def test_a_job_keeps_its_number_whoever_names_it(engine: Engine) -> None:
    names = [f"WO-{index}" for index in range(1_200)]
    with writing(engine) as connection:
        first = jobs.numbers(connection, ["WO-7", "WO-3", "WO-7"])
    with writing(engine) as connection:
        every = jobs.numbers(connection, names)

    with reading(engine) as connection:
        assert {name: every[name] for name in first} == first
        assert len(set(every.values())) == len(names)
        assert jobs.known(connection, ["WO-3", "nobody's"]) == {"WO-3": first["WO-3"]}
        assert jobs.work_order(connection, every["WO-99"]) == "WO-99"
        assert dict(jobs.every(connection)) == {number: name for name, number in every.items()}


def test_an_order_gets_a_revision_for_each_change_and_none_for_the_same_again(engine: Engine) -> None:
    first_import, second_import = imported(engine), imported(engine, "again.csv")
    with writing(engine) as connection:
        put = [
            orders.put(connection, "WO-1", snapshot=snapshot, digest=document, import_id=import_id, imported_ms=NOW_MS)
            for snapshot, document, import_id in [
                (b"one", digest("a"), first_import),
                (b"one", digest("a"), second_import),
                (b"two", digest("a"), second_import),
                (b"one", digest("a"), second_import),
                (b"one", digest("b"), second_import),
            ]
        ]
        other = orders.put(
            connection, "WO-0", snapshot=b"other", digest=digest("o"), import_id=first_import, imported_ms=NOW_MS
        )

    assert [order.revision for order in put] == [1, 1, 2, 3, 4]
    assert put[1].import_id == first_import
    with reading(engine) as connection:
        assert orders.current(connection, "WO-1") == put[-1]
        assert orders.current(connection, "WO-9") is None
        assert orders.revisions(connection, "WO-1") == [put[0], *put[2:]]
        assert orders.every(connection) == [other, put[-1]]


def test_documents_are_pulled_by_digest(engine: Engine) -> None:
    with writing(engine) as connection:
        for name, kind in (("a", orders.ORDER), ("b", orders.CATALOGUE), ("c", orders.CATALOGUE), ("b", "catalogue")):
            orders.keep_document(connection, digest(name), kind, name.encode())

    with reading(engine) as connection:
        assert orders.pulled(connection, [digest("a"), digest("c"), digest("x")]) == {
            digest("a"): b"a",
            digest("c"): b"c",
        }


def test_an_assignment_holds_until_it_is_withdrawn(engine: Engine) -> None:
    said = [
        ("WO-1", "t1", ASSIGNED),
        ("WO-1", "t2", ASSIGNED),
        ("WO-2", "t1", ASSIGNED),
        ("WO-1", "t1", WITHDRAWN),
        ("WO-2", "t1", WITHDRAWN),
        ("WO-2", "t1", ASSIGNED),
    ]
    with writing(engine) as connection:
        for order, technician, act in said:
            assignments.say(connection, order, technician, act, at_ms=NOW_MS)

    with reading(engine) as connection:
        assert [each.technician for each in assignments.on_order(connection, "WO-1")] == ["t2"]
        assert [each.order_id for each in assignments.of_technician(connection, "t1")] == ["WO-2"]
        assert assignments.of_technician(connection, "t3") == []
        history = [(each.technician, each.act) for each in assignments.history(connection, "WO-1")]
        assert history == [("t1", ASSIGNED), ("t2", ASSIGNED), ("t1", WITHDRAWN)]


def test_a_technician_carries_the_handheld_that_was_said_last(engine: Engine) -> None:
    with writing(engine) as connection:
        for technician, device in [("t1", "van-1"), ("t2", "van-1"), ("t1", "van-2"), ("t3", "van-3"), ("t3", None)]:
            assignments.bind(connection, technician, device, NOW_MS)

    with reading(engine) as connection:
        assert assignments.everybody(connection) == {"t1": "van-2", "t2": "van-1", "t3": None}
        assert assignments.device_of(connection, "t1") == "van-2"
        assert assignments.device_of(connection, "t3") is None
        assert assignments.carriers(connection, "van-1") == ["t2"]
        assert assignments.carriers(connection, "van-3") == []


def test_a_handheld_is_told_each_version_once(engine: Engine) -> None:
    first, second = (Snapshot("van-1", version, b"signed %d" % version, NOW_MS) for version in (1, 2))
    with writing(engine) as connection:
        assignments.add_snapshot(connection, first)
        assignments.add_snapshot(connection, second)
        assignments.add_snapshot(connection, first._replace(device="van-2"))

    with reading(engine) as connection:
        assert assignments.newest_snapshot(connection, "van-1") == second
        assert assignments.newest_snapshot(connection, "van-3") is None
    with pytest.raises(IntegrityError), writing(engine) as connection:
        assignments.add_snapshot(connection, second._replace(bytes=b"other"))


def test_a_price_lists_version_never_says_anything_else(engine: Engine) -> None:
    first = PriceList("standard", "2026-1", digest("one"), "[rules]", NOW_MS)
    second = PriceList("standard", "2026-2", digest("two"), "[rules] # new", NOW_MS)
    with writing(engine) as connection:
        added = [price_lists.add(connection, each) for each in (first, second, first._replace(at_ms=NOW_MS + 1))]
        with pytest.raises(ValueError, match="2026-1"):
            price_lists.add(connection, first._replace(digest=digest("other"), source="other"))

    assert added == [True, True, False]
    with reading(engine) as connection:
        assert price_lists.version(connection, "standard", "2026-1") == first
        assert price_lists.version(connection, "standard", "2027-1") is None
        assert price_lists.newest(connection, "standard") == second
        assert price_lists.every(connection) == [first, second]


def test_a_revision_of_a_work_order_is_released_once_for_ever(engine: Engine) -> None:
    first, second = released(engine), released(engine, revision=2)
    other = released(engine, "WO-2")

    with pytest.raises(IntegrityError):
        released(engine, revision=2)

    with reading(engine) as connection:
        assert records.of_work_order(connection, "WO-1") == [first, second]
        assert records.revision(connection, "WO-1", 2) == second
        assert records.revision(connection, "WO-1", 3) is None
        assert records.after(connection, first.id, 9) == [second, other]


def test_a_records_statuses_are_kept_in_order(engine: Engine) -> None:
    record, other = released(engine), released(engine, "WO-2")
    said = [Status("released", "", NOW_MS), Status("rejected", "no PO", NOW_MS), Status("acknowledged", "", NOW_MS)]
    with writing(engine) as connection:
        for status in said:
            records.add_status(connection, record.id, status)

    with reading(engine) as connection:
        assert records.statuses(connection, record.id) == said
        assert records.statuses(connection, other.id) == []


def test_the_same_acknowledgement_again_is_a_success_and_no_news(engine: Engine) -> None:
    record = released(engine)
    said = Acknowledgement(record.id, record.digest, "invoiced", "INV-9", "", NOW_MS)
    paid = said._replace(status="paid")
    with writing(engine) as connection:
        news = [acknowledgements.add(connection, each) for each in (said, paid, said._replace(at_ms=NOW_MS + 5), paid)]

    assert news == [True, True, False, False]
    with reading(engine) as connection:
        assert acknowledgements.of_record(connection, record.id) == [said, paid]


def test_an_override_names_its_job_person_and_reason(engine: Engine) -> None:
    with writing(engine) as connection:
        job_id, other = job(connection, "WO-1"), job(connection, "WO-2")
        override = Override(job_id, "missing_po", "", "ada", "ordered by phone", 12, NOW_MS)
        overrides.add(connection, override)

    with reading(engine) as connection:
        assert overrides.of_job(connection, job_id) == [override]
        assert overrides.of_job(connection, other) == []
