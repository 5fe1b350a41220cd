"""Bodies: the table has every kind of the domain, and each finds its objects."""

import hashlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobseal import bodies, cbor
from jobseal.limits import EVENT_MAX_BYTES
from tests.protocol.shapes import fitting

DOMAIN_KINDS = {
    "session.opened", "session.closed", "job.accepted", "travel.started", "travel.stopped", "job.arrived",
    "labour.started", "labour.stopped", "part.used", "part.returned", "expense.added", "note.added", "reading.taken",
    "photo.attached", "checklist.answered", "safety.acknowledged", "job.waiting", "job.resumed", "job.completed",
    "job.signed_off", "signoff.waived", "job.reopened", "job.cancelled", "event.corrected", "position.logged",
    "clock.adjusted", "key.rotated", "range.lost", "job.handed_over",
}  # fmt: skip


def an_object(name: str) -> list[Any]:
    return [hashlib.sha256(name.encode()).digest(), len(name), "text/plain"]


def test_every_kind_of_the_domain_has_a_body_and_no_other_kind() -> None:
    assert set(bodies.SHAPES) == DOMAIN_KINDS


@pytest.mark.parametrize("kind", bodies.SHAPES)
@settings(max_examples=25)  # times the number of kinds
@given(data=st.data())
def test_a_fitting_body_survives_the_wire_and_its_names(kind: str, data: st.DataObject) -> None:
    body = data.draw(fitting(bodies.SHAPES[kind]))
    assert bodies.problem(kind, body) == ""
    encoded = cbor.encode(body)
    again = cbor.decode(encoded, EVENT_MAX_BYTES)
    assert again == body
    assert bodies.SHAPES[kind].keyed(bodies.named(kind, again)) == body


@given(st.sampled_from(sorted(bodies.SHAPES)), fitting(bodies.SHAPES["job.completed"]) | st.integers() | st.none())
def test_whatever_a_body_is_the_answer_is_a_sentence_and_objects_are_only_of_fitting_ones(kind: str, body: Any) -> None:
    wrong = bodies.problem(kind, body)
    assert isinstance(wrong, str)
    if wrong:
        assert bodies.objects(kind, body) == []


def test_an_unknown_kind_fits_nothing_and_names_nothing() -> None:
    assert bodies.problem("drone.landed", {}) == "is of an unknown kind"
    assert bodies.objects("drone.landed", {1: an_object("x")}) == []


@pytest.mark.parametrize(
    ("kind", "body", "expected"),
    [
        ("note.added", {1: an_object("note")}, ["note"]),
        ("job.signed_off", {1: "strokes", 2: an_object("name"), 3: an_object("strokes")}, ["name", "strokes"]),
        ("job.accepted", {1: None, 2: None, 4: an_object("details")}, ["details"]),
        ("job.resumed", {}, []),
        ("event.corrected", {1: 9, 2: None, 4: an_object("why")}, ["why"]),
        ("event.corrected", {1: 2, 2: {1: an_object("note")}, 4: an_object("why")}, ["why", "note"]),
        ("event.corrected", {1: 2, 2: {1: "GASKET", 2: "1"}}, []),
    ],
)
def test_the_objects_of_a_body_are_found_also_in_a_correction(kind: str, body: Any, expected: list[str]) -> None:
    assert bodies.objects(kind, body) == [an_object(name) for name in expected]


def test_every_kind_that_holds_free_text_names_or_positions_holds_them_as_objects() -> None:
    holding = {kind for kind, fields in bodies.OBJECT_FIELDS.items() if fields}
    assert holding == {
        "job.accepted", "expense.added", "note.added", "photo.attached", "job.waiting", "job.signed_off",
        "signoff.waived", "job.reopened", "job.cancelled", "event.corrected", "position.logged",
    }  # fmt: skip


def test_the_reasons_for_a_correction_are_the_numbers_that_its_body_takes() -> None:
    reasons = [number for number in range(-1, 12) if not bodies.problem("event.corrected", {1: number, 2: None})]
    assert reasons == sorted(bodies.CORRECTION_REASONS)
