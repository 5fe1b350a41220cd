"""Forms: every kind can be filled in by a person, and every mistake is a sentence before anything is signed."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobseal import bodies, decimal_text, lifecycle, shape
from jobseal.errors import JobsealError
from jobseal.job import Job
from jobseal.limits import OBJECT_MAX_BYTES
from jobseal_device import forms, given_file
from jobseal_device.home import Home
from jobseal_device.objects import Attachment, ObjectStore, attachment
from jobseal_device.work_file import WorkFile
from tests.device.workbench import MONDAY_MS, Workbench


def attach(content: bytes, media: str) -> Attachment:
    return attachment(content, media, bytes(32))


@pytest.fixture
def work(tmp_path: Path) -> WorkFile:
    return WorkFile(Home(tmp_path))


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    made = Workbench(tmp_path)
    made.arrive()
    yield made
    made.close()


def plausible(name: str, of: Any, picture: Path) -> str:
    """What a person might type into a field."""
    if name == "photo":
        return f"@{picture}"
    if isinstance(of, shape.OneOf):
        return str(of.values[0])
    if isinstance(of, shape.Boolean):
        return "yes"
    if isinstance(of, shape.Integer):
        return "5" if of is not shape.TIME else "2026-03-05T10:30+01:00"
    if isinstance(of, shape.Decimal):
        return "12.5"
    return "EUR" if name == "currency" else "text"


@pytest.mark.parametrize("kind", [kind for kind in bodies.SHAPES if kind not in forms.OWN_KINDS])
@pytest.mark.parametrize("which", ["required", "all"])
def test_every_kind_can_be_filled_in_from_what_its_form_asks_for(
    kind: str, which: str, bench: Workbench, work: WorkFile, tmp_path: Path
) -> None:
    picture = tmp_path / "front.png"
    picture.write_bytes(b"PNG")
    of = {field.name: field.of for field in bodies.SHAPES[kind].fields}
    asked = [field for field in forms.fields(kind) if field.required or which == "all"]
    values = {field.name: plausible(field.name, of[field.name], picture) for field in asked if field.name in of}
    job = bench.capture.fold.job("WO-1")
    if kind == "event.corrected":
        arrived = bench.signed[1].hash
        filled = forms.fill_correction({**values, "site": "S-2"}, job, arrived, attach)
        assert filled.body[2] == {1: "S-2"}
    else:
        filled = forms.fill(kind, values, job, attach, work)
    assert bodies.problem(kind, filled.body) == ""
    assert [each.named for each in filled.attachments] == [
        named for named in bodies.objects(kind, filled.body) if named in [each.named for each in filled.attachments]
    ]


def test_every_step_of_the_lifecycle_has_a_form() -> None:
    for kind in lifecycle.KINDS:
        for field in forms.fields(kind):
            assert field.takes, f"{kind} {field.name}"


@pytest.mark.parametrize(
    ("kind", "given_fields", "sentence"),
    [
        ("labour.started", {}, "task is missing: a text of 1 to 64 characters"),
        ("labour.started", {"task": ""}, "task takes a text of 1 to 64 characters"),
        ("labour.started", {"task": "x" * 65}, "task takes a text of 1 to 64 characters"),
        ("labour.started", {"task": "a\x07b"}, "task has a control character"),
        ("labour.started", {"task": "FIT", "taks": "x"}, "there is no field taks to fill in; its fields are: task"),
        ("travel.started", {"x": "y"}, "there is no field x to fill in; its fields are: none"),
        ("travel.stopped", {"distance_m": "1.5"}, "distance_m takes a whole number, 0 or more"),
        ("travel.stopped", {"distance_m": "-1"}, "distance_m takes a whole number, 0 or more"),
        ("travel.stopped", {"distance_m": "9" * 5000}, "distance_m takes a whole number, 0 or more"),
        ("travel.stopped", {"distance_m": "1_000"}, "distance_m takes a whole number, 0 or more"),
        ("part.used", {"code": "P", "quantity": "1,5", "unit": "pc", "source": "van"}, "such as 12.5"),
        ("part.used", {"code": "P", "quantity": "1e3", "unit": "pc", "source": "van"}, "quantity takes a decimal"),
        ("part.used", {"code": "P", "quantity": "1", "unit": "pc", "source": "truck"}, "van | site | customer"),
        (
            "part.used",
            {"code": "P", "quantity": "1", "unit": "pc", "source": "van", "warranty": "perhaps"},
            "warranty takes yes | no",
        ),
        ("photo.attached", {"photo": "a view"}, "photo takes @ and the path of a picture"),
        ("photo.attached", {"photo": "@notes.txt"}, "cannot be read"),
        ("note.added", {"note": ""}, "note is empty"),
        ("note.added", {"note": "@/nowhere/at/all"}, "/nowhere/at/all cannot be read: No such file or directory"),
        ("note.added", {"note": "@/"}, "cannot be read: Is a directory"),
        ("note.added", {"note": "@a\0b"}, "cannot be read"),
        ("note.added", {"note": "\udcff"}, "note is not valid text"),
        ("job.accepted", {"order": "00"}, "there is no field order to fill in; its fields are: site, details"),
        ("job.completed", {"totals": "none"}, "there is no field totals to fill in"),
        ("session.opened", {"follows": "zz"}, "there is no field follows to fill in; its fields are: software"),
        ("range.lost", {"from": "1", "to": "2"}, "this is what a handheld says by itself"),
        ("key.rotated", {}, "this is what a handheld says by itself"),
        ("event.corrected", {"reason": "1"}, "names its job and the event that it corrects"),
        ("drone.launched", {}, "There is no event kind drone.launched"),
    ],
)
def test_a_mistake_is_a_sentence_about_the_field(
    kind: str, given_fields: dict[str, str], sentence: str, work: WorkFile
) -> None:
    with pytest.raises(JobsealError) as refused:
        forms.fill(kind, given_fields, Job("WO-1"), attach, work)
    assert sentence in refused.value.sentence
    assert refused.value.fault == "operator"


@given(
    kind=st.sampled_from(sorted(bodies.SHAPES)),
    fields=st.dictionaries(st.sampled_from([*sorted({f.name for s in bodies.SHAPES.values() for f in s.fields}), "x"]),
                           st.text(st.characters(codec=None), max_size=80), max_size=6),
)  # fmt: skip
def test_whatever_is_typed_is_a_body_that_fits_or_a_sentence(kind: str, fields: dict[str, str]) -> None:
    nowhere = WorkFile(Home(Path("/nowhere")))
    fields = {name: text.lstrip("@") for name, text in fields.items()}
    with suppress(JobsealError):
        assert bodies.problem(kind, forms.fill(kind, fields, Job("WO-1"), attach, nowhere).body) == ""


def test_answers_may_be_yes_a_number_or_a_text_and_codes_keep_their_zeros(work: WorkFile) -> None:
    answers = {"yes": True, "No": False, "12": 12, "-3": -3, "007": "007", "--5": "--5", "²": "²", "worn": "worn"}
    for text, value in answers.items():
        filled = forms.fill("checklist.answered", {"item": "1", "answer": text}, None, attach, work)
        assert filled.body[2] == value
        assert type(filled.body[2]) is type(value)


def test_a_text_that_begins_with_an_at_sign_can_be_written(work: WorkFile) -> None:
    filled = forms.fill("note.added", {"note": "@@anna says hello"}, None, attach, work)
    assert filled.attachments[0].data[32:] == b"@anna says hello"


@pytest.mark.parametrize(
    ("text", "ms"),
    [("2026-01-05T08:00+00:00", MONDAY_MS), ("2026-01-05T10:00:00.5+02:00", MONDAY_MS + 500), ("-5", -5)],
)
def test_a_corrected_time_is_typed_as_people_write_it(text: str, ms: int, bench: Workbench) -> None:
    filled = forms.fill_correction(
        {"reason": "3", "at": text}, bench.capture.fold.job("WO-1"), bench.signed[0].hash, attach
    )
    assert filled.body[3] == ms
    with pytest.raises(forms.FormError, match="at takes a time such as"):  # where would that be?
        bench.sign("event.corrected", amends=bench.signed[0].hash, reason="3", at="2026-01-05T08:00")


# Photos and other files


def test_a_file_is_taken_whole_up_to_the_cap_and_not_a_byte_beyond(bench: Workbench, tmp_path: Path) -> None:
    path = tmp_path / "large.jpg"
    path.write_bytes(bytes(OBJECT_MAX_BYTES))
    bench.sign("photo.attached", photo=f"@{path}")
    path.write_bytes(bytes(OBJECT_MAX_BYTES + 1))
    with pytest.raises(JobsealError, match=r"more than 8388608 bytes \(8 MiB\): take a smaller one") as refused:
        bench.sign("photo.attached", photo=f"@{path}")
    assert refused.value.code == "file_too_large"
    assert len(ObjectStore(bench.home).pending()) == 1


def test_an_endless_file_does_not_fill_the_memory() -> None:
    with pytest.raises(JobsealError) as refused:
        given_file.read(Path("/dev/zero"), 1000)
    assert refused.value.code == "file_too_large"


def test_a_mistake_in_one_field_keeps_nothing_of_the_others(bench: Workbench) -> None:
    with pytest.raises(forms.FormError):
        bench.sign("expense.added", code="parking", amount="x", currency="EUR", receipt="a receipt")
    with pytest.raises(JobsealError):
        bench.sign("job.signed_off", method="typed", name="too early")
    store = ObjectStore(bench.home)
    assert (store.pending(), store.unsigned()) == ([], [])


# What the handheld knows by itself


def test_a_damaged_work_file_does_not_keep_a_job_from_being_accepted(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.work.write_text("{")
    filled = forms.fill("job.accepted", {}, Job("WO-1"), attach, WorkFile(home))
    assert filled.body == {1: None, 2: None}


def test_a_completion_says_what_was_used_by_code_and_unit(bench: Workbench) -> None:
    for quantity in ("2", "0.5"):
        bench.sign("part.used", code="P-1", quantity=quantity, unit="m", source="van")
    bench.sign("part.returned", code="P-1", quantity="1", unit="m", source="van")
    bench.sign("expense.added", code="parking", amount="4.20", currency="EUR")
    assert bench.sign("job.completed").event.body[1] == [
        ["visit", "visit", "visit", "1"],
        ["part", "P-1", "m", "1.5"],
        ["expense", "parking", "EUR", "4.20"],
    ]


def test_a_job_with_more_codes_than_an_event_holds_can_still_be_completed(bench: Workbench) -> None:
    for number in range(70):
        bench.sign(
            "part.used", code=f"{number:064d}", quantity="999999999999999.123456789", unit="u" * 16, source="van"
        )
    totals = bench.sign("job.completed").event.body[1]
    assert 15 <= len(totals) <= 64
    bench.sign("job.signed_off", method="typed", name="R. Customer")


def test_a_sum_that_no_decimal_holds_is_left_out(bench: Workbench) -> None:
    for _ in range(2):
        bench.sign("part.used", code="P", quantity="999999999999999", unit="pc", source="van")
    assert decimal_text.add("999999999999999", "1") == "1000000000000000"
    assert [row[0] for row in bench.sign("job.completed").event.body[1]] == ["visit"]


# Corrections


def part(bench: Workbench) -> bytes:
    return bench.sign("part.used", code="P-1", quantity="1", unit="pc", source="van", serial="S").hash


def test_a_correction_replaces_fields_and_keeps_the_others(bench: Workbench) -> None:
    used = part(bench)
    said = bench.sign("event.corrected", amends=used, reason="2", quantity="3").event
    assert (said.amends, said.body) == (used, {1: 2, 2: {1: "P-1", 2: "3", 3: "pc", 4: "van", 5: "S"}})


def test_a_second_correction_builds_on_the_first_whichever_of_them_it_names(bench: Workbench) -> None:
    used = part(bench)
    first = bench.sign("event.corrected", amends=used, reason="2", quantity="3").hash
    second = bench.sign("event.corrected", amends=used, reason="1", code="P-2").event
    assert second.body[2] == {1: "P-2", 2: "3", 3: "pc", 4: "van", 5: "S"}
    third = bench.sign("event.corrected", amends=first, reason="9", unit="box").event
    assert third.body[2] == {1: "P-2", 2: "3", 3: "box", 4: "van", 5: "S"}


def test_an_event_is_taken_back_by_striking_it(bench: Workbench) -> None:
    used = part(bench)
    assert bench.sign("event.corrected", amends=used, reason="6", strike="yes", note="twice").event.body[2] is None
    assert forms.totals(bench.capture.fold.job("WO-1")) == [["visit", "visit", "visit", "1"]]


def test_a_field_with_the_name_of_one_of_the_corrections_own_goes_by_new(bench: Workbench) -> None:
    waits = bench.sign("job.waiting", reason="parts", note="pump").hash
    said = bench.sign("event.corrected", amends=waits, reason="1", note="misheard", **{"new.reason": "access"}).event
    assert said.body[2][1] == "access"
    note = bench.sign("note.added", note="wrnog").hash
    said = bench.sign("event.corrected", amends=note, reason="9", **{"new.note": "wrong"}).event
    stored = ObjectStore(bench.home).read(said.body[2][1][0], 32, 99)
    assert stored == b"wrong"


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"reason": "2"}, "it changes nothing"),
        ({"quantity": "3"}, "reason is missing: a whole number from 1 to 9"),
        ({"reason": "10", "quantity": "3"}, "reason takes a whole number from 1 to 9"),
        ({"reason": "2", "quantity": "x"}, "quantity takes a decimal number"),
        ({"reason": "2", "site": "S"}, "there is no field site"),
        ({"reason": "2", "strike": "perhaps"}, "strike takes yes | no"),
        ({"reason": "2", "strike": "yes", "quantity": "3"}, "taken back has no other fields"),
        ({"reason": "2", "body": "x"}, "there is no field body"),
    ],
)
def test_a_mistake_in_a_correction_is_a_sentence(bench: Workbench, fields: dict[str, str], sentence: str) -> None:
    used = part(bench)
    with pytest.raises(JobsealError) as refused:
        bench.sign("event.corrected", amends=used, **fields)
    assert sentence in refused.value.sentence
    assert bench.capture.journal.next_seq == 3


@pytest.mark.parametrize("amends", [None, bytes(32)])
def test_a_correction_of_nothing_is_refused(bench: Workbench, amends: bytes | None) -> None:
    with pytest.raises(JobsealError, match=r"no such event|names its job and the event"):
        bench.sign("event.corrected", amends=amends, reason="2", quantity="3")


def test_an_event_of_another_job_is_not_corrected_here(bench: Workbench) -> None:
    other = bench.sign("job.accepted", "WO-2").hash
    with pytest.raises(JobsealError, match="Job WO-1 has no such event"):
        bench.sign("event.corrected", amends=other, reason="4", strike="yes")
