"""Forms: from what a person gives (names and texts) to the body of an event, by the shape of its kind.

The screens and the command line fill the same forms. Objects are given as text, or as ``@path`` for a file (``@@`` for
a text that begins with ``@``); what follows from the handheld's own knowledge (the order's digest, a completion's
totals) is filled in. Nothing is written here: objects stay in memory until their event is signed.
"""

import mimetypes
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from jobseal import bodies, cbor, quantity, shape
from jobseal.card import Card
from jobseal.errors import OPERATOR, JobsealError
from jobseal.job import Job
from jobseal.limits import OBJECT_MAX_BYTES
from jobseal_device import given_file
from jobseal_device.objects import Attachment
from jobseal_device.work_file import WorkFile

Attach = Callable[[bytes, str], Attachment]

OWN_KINDS = ("job.handed_over", "key.rotated", "range.lost")  # what a handheld says of itself, and nobody else may
TOTALS_MOST_BYTES = 2048  # of an event that holds 4,096
_WORDS = {"true": True, "yes": True, "false": False, "no": False}
_OF_CORRECTION = ("reason", "at", "note")
_NEW = "new."


class FormError(JobsealError):
    """What was typed does not fit the form; nothing was signed."""

    def __init__(self, kind: str, wrong: str) -> None:
        super().__init__("malformed_body", f"{kind}: {wrong}; nothing was signed.", OPERATOR)


class Filled(NamedTuple):
    """A body that fits its kind, and the objects that it names."""

    body: dict[int, Any]
    attachments: list[Attachment]


class Field(NamedTuple):
    """One field that a person fills in: its name, what it takes in words, and whether it must be there."""

    name: str
    takes: str
    required: bool


def fields(kind: str) -> list[Field]:
    """The fields of a kind that a person fills in. Raises ``unknown_kind``."""
    if kind == "event.corrected":
        own = [_described(field) for field in _shape(kind).fields if field.name in _OF_CORRECTION]
        return [*own, Field("strike", "yes, to take the event back", False)]
    return [_described(field) for field in _shape(kind).fields if _takes(field.name, field.of)]


def fill(kind: str, given: dict[str, str], job: Job | None, attach: Attach, work: WorkFile) -> Filled:
    """The form of ``kind``. ``job``: the one it belongs to, as far as it has come.

    Raises :class:`FormError`, ``unknown_kind``, ``file_unreadable``, ``file_too_large``.
    """
    if kind in OWN_KINDS:
        raise FormError(kind, "this is what a handheld says by itself")
    if kind == "event.corrected":
        raise FormError(kind, "a correction names its job and the event that it corrects")
    return _filled(kind, _known(kind, job, work), given, attach)


def fill_correction(given: dict[str, str], job: Job, amends: bytes, attach: Attach) -> Filled:
    """The form of a correction: ``reason``, ``at`` and ``note`` are its own fields, ``strike=yes`` takes the event
    back, and every other field replaces that of the event that it amends, as that stands now. Where that has a field
    of one of these names, it goes by ``new.reason`` and so on.

    Raises as :func:`fill`, ``unknown_event``.
    """
    kind, standing = _amended(job, amends)
    own = {name: text for name, text in given.items() if name in _OF_CORRECTION}
    other = {name.removeprefix(_NEW): text for name, text in given.items() if name not in own and name != "strike"}
    strikes = _word("event.corrected", "strike", given.get("strike", "no"))
    if strikes and (other or "at" in own):
        raise FormError("event.corrected", "an event that is taken back has no other fields")
    if not (strikes or other or "at" in own):
        raise FormError("event.corrected", "it changes nothing: give a field of the event, at=, or strike=yes")
    new = None if strikes else _filled(kind, standing, other, attach)
    filled = _filled("event.corrected", {"body": None if new is None else new.body}, own, attach)
    return Filled(filled.body, filled.attachments + ([] if new is None else new.attachments))


def _amended(job: Job, amends: bytes) -> tuple[str, dict[str, Any]]:
    """Kind and present body, by names, of the event that a correction of ``amends`` bears on."""
    card = Card(job)
    for item in card.items:
        if amends in item.hashes() and item.fact.kind != "event.corrected":
            return item.fact.kind or "", dict(item.body)
    sentence = f"Job {job.id} has no such event to correct; nothing was signed."
    raise JobsealError("unknown_event", sentence, OPERATOR)


def _filled(kind: str, named: dict[str, Any], given: dict[str, str], attach: Attach) -> Filled:
    form = _shape(kind)
    named = dict(named)
    attachments: list[Attachment] = []
    objects: list[str] = []  # read last: a mistake elsewhere is found before a large file is
    for name, text in given.items():
        if name not in form.by_name or not _takes(name, form.by_name[name].of):
            known = ", ".join(field.name for field in fields(kind)) or "none"
            raise FormError(kind, f"there is no field {name} to fill in; its fields are: {known}")
        if form.by_name[name].of is bodies.OBJECT:
            objects.append(name)
        else:
            named[name] = _value(kind, name, form.by_name[name].of, text)
    for field in form.fields:
        if field.required and field.name not in named and field.name not in objects:
            raise FormError(kind, f"{field.name} is missing: {_takes(field.name, field.of)}")
    for name in objects:
        attachments.append(_object(kind, name, given[name], attach))
        named[name] = attachments[-1].named
    body: dict[int, Any] = form.keyed(named)
    wrong = form.problem(body)
    if wrong:
        raise FormError(kind, wrong)
    return Filled(body, attachments)


def _described(field: Any) -> Field:
    return Field(field.name, _takes(field.name, field.of), field.required)


def _takes(name: str, of: Any) -> str:
    """What a field takes, in words; "" for what the handheld fills in."""
    if of is bodies.OBJECT:
        return "@ and the path of a picture" if name == "photo" else "a text, or @ and the path of a file"
    if of is shape.TIME:
        return "a time such as 2026-03-05T10:30+01:00, or Unix milliseconds"
    if isinstance(of, shape.OneOf):
        return " | ".join(of.values)
    if isinstance(of, shape.Text):
        return f"a text of {of.low} to {of.high} characters"
    if isinstance(of, shape.Decimal):
        return "a decimal number such as 12.5"
    if isinstance(of, shape.Integer):
        return f"a whole number{_limits(of)}"
    if isinstance(of, shape.Boolean):
        return "yes | no"
    if isinstance(of, shape.Either) and isinstance(of.first, shape.Boolean):
        return "yes | no, a whole number, or a text of up to 64 characters"
    return ""


def _limits(of: shape.Integer) -> str:
    if of.high < shape.UINT.high:
        return f" from {of.low} to {of.high}"
    return "" if of.low < 0 else ", 0 or more"


def _shape(kind: str) -> Any:
    if kind not in bodies.SHAPES:
        raise JobsealError("unknown_kind", f"There is no event kind {kind}; nothing was signed.", OPERATOR)
    return bodies.SHAPES[kind]


def _known(kind: str, job: Job | None, work: WorkFile) -> dict[str, Any]:
    """The fields that this handheld knows by itself."""
    if kind == "job.accepted" and job is not None:
        try:
            order = work.order(job.id)
        except JobsealError:
            order = None  # what happens here does not wait for a file to be whole again
        if order is None:
            return {"order": None, "revision": None}
        return {"order": bytes.fromhex(order["digest"]), "revision": order["revision"]}
    if kind == "job.completed" and job is not None:
        return {"totals": totals(job)}
    return {}


def totals(job: Job) -> list[list[Any]]:
    """[kind, code, unit, amount] of what the job used so far, for its completion; for people, who see it before they
    sign. Rows that an event cannot hold are left out: the quantities themselves follow from the job's events."""
    rows: list[list[Any]] = []
    field = bodies.SHAPES["job.completed"].by_name["totals"]
    for row in quantity.totals(quantity.quantities(job)):
        longer = [*rows, row]
        if not field.of.problem(longer) and len(cbor.encode(longer)) <= TOTALS_MOST_BYTES:
            rows = longer
    return rows


def _value(kind: str, name: str, of: Any, text: str) -> Any:
    value: Any = text
    if isinstance(of, shape.Boolean) or (isinstance(of, shape.Either) and text.lower() in _WORDS):
        value = _word(kind, name, text)
    elif of is shape.TIME:
        value = _time(text)
    elif _is_whole(text) and (isinstance(of, shape.Integer) or (isinstance(of, shape.Either) and _is_plain(text))):
        value = int(text)
    wrong = of.problem(value)
    if wrong:
        why = "has a control character" if "control character" in wrong else f"takes {_takes(name, of)}"
        raise FormError(kind, f"{name} {why}")
    return value


def _word(kind: str, name: str, text: str) -> bool:
    if text.lower() not in _WORDS:
        raise FormError(kind, f"{name} takes yes | no")
    return _WORDS[text.lower()]


def _is_whole(text: str) -> bool:
    digits = text.removeprefix("-")
    return digits.isascii() and digits.isdigit() and len(digits) <= 16


def _is_plain(text: str) -> bool:
    """Whether a number is written so that nothing of it is lost: 007 may be a code."""
    return str(int(text)) == text


def _time(text: str) -> int | None:
    """Unix ms; None for what is no time, or one without its offset from UTC."""
    if _is_whole(text):
        return int(text)
    try:
        moment = datetime.fromisoformat(text)
        return None if moment.tzinfo is None else round(moment.timestamp() * 1000)
    except (ValueError, OverflowError):
        return None


def _object(kind: str, name: str, text: str, attach: Attach) -> Attachment:
    if text.startswith("@") and not text.startswith("@@"):
        path = Path(text[1:])
        media = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        content = given_file.read(path, OBJECT_MAX_BYTES)
    else:
        media = "text/plain"
        try:
            content = text.removeprefix("@").encode() if text.startswith("@@") else text.encode()
        except UnicodeEncodeError:
            raise FormError(kind, f"{name} is not valid text") from None
    if name == "photo" and not media.startswith("image/"):
        raise FormError(kind, f"{name} takes @ and the path of a picture, such as @front.jpg")
    if not content:
        raise FormError(kind, f"{name} is empty")
    return attach(content, media)
