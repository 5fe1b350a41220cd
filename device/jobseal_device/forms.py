"""Forms: from what a person gives (names and texts) to the body of an event, by the shape of its kind.

The screens and the command line fill the same forms. Objects are given as text, or as ``@path`` for a file; what
follows from the handheld's own knowledge (the order's digest, a completion's totals) is filled in.
"""

import mimetypes
from pathlib import Path
from typing import Any

from jobseal import bodies, quantity, shape
from jobseal.errors import OPERATOR, JobsealError
from jobseal_device.capture import Capture
from jobseal_device.identity import read_file
from jobseal_device.work_file import WorkFile

_WORDS = {"true": True, "yes": True, "false": False, "no": False}


class FormError(JobsealError):
    """What was typed does not fit the form; nothing was signed."""

    def __init__(self, kind: str, wrong: str) -> None:
        super().__init__("malformed_body", f"{kind}: {wrong}; nothing was signed.", OPERATOR)


def fields(kind: str) -> list[tuple[str, str, bool]]:
    """(name, what it takes, required) of each field that a person fills in. Raises ``unknown_kind``."""
    rows = [(field.name, describe(field.of), field.required) for field in _shape(kind).fields]
    return [row for row in rows if row[1]]


def fill(kind: str, given: dict[str, str], job: str | None, capture: Capture, work: WorkFile) -> dict[int, Any]:
    """The body. Raises :class:`FormError`, ``unknown_kind``, ``file_unreadable``, :class:`StorageError`."""
    return _filled(kind, dict(_known(kind, job, capture, work)), given, capture)


def fill_correction(given: dict[str, str], job: str, amends: bytes, capture: Capture) -> dict[int, Any]:
    """The body of a correction: ``reason``, ``at`` and ``note`` are its own fields, ``strike=yes`` takes the event
    back, and every other field replaces that of the event that it amends. Raises as :func:`fill`, ``unknown_event``."""
    facts = {fact.hash: fact for fact in capture.fold.job(job).facts}
    if amends not in facts:
        raise JobsealError("unknown_event", f"Job {job} has no such event to correct; nothing was signed.", OPERATOR)
    amended = facts[amends]
    while amended.kind == "event.corrected" and amended.amends in facts:
        amended = facts[amended.amends]
    own = {name: text for name, text in given.items() if name in ("reason", "at", "note")}
    other = {name: text for name, text in given.items() if name not in own and name != "strike"}
    strike = _WORDS.get(given.get("strike", "no").lower(), False)
    kind = amended.kind or ""
    standing = {} if strike or amended.body is None else bodies.named(kind, amended.body)
    replacement = None if strike else _filled(kind, standing, other, capture)
    return _filled("event.corrected", {"body": replacement}, own, capture)


def _filled(kind: str, named: dict[str, Any], given: dict[str, str], capture: Capture) -> dict[int, Any]:
    form = _shape(kind)
    for name, text in given.items():
        if name not in form.by_name:
            known = ", ".join(form.by_name) or "none"
            raise FormError(kind, f"there is no field {name}; its fields are: {known}")
        named[name] = _value(kind, name, form.by_name[name].of, text, capture)
    body: dict[int, Any] = form.keyed(named)
    wrong = form.problem(body)
    if wrong:
        raise FormError(kind, wrong)
    return body


def describe(of: Any) -> str:
    """What a field takes, in words; "" for what the handheld fills in."""
    if of is bodies.OBJECT:
        return "a text, or @ and the path of a file"
    if isinstance(of, shape.OneOf):
        return " | ".join(of.values)
    if isinstance(of, shape.Text):
        return "text"
    if isinstance(of, shape.Decimal):
        return "a decimal number"
    if isinstance(of, shape.Integer):
        return "a whole number"
    if isinstance(of, shape.Boolean):
        return "yes | no"
    if isinstance(of, shape.Either) and isinstance(of.first, shape.Boolean):
        return "yes | no, a whole number, or text"
    return ""


def _shape(kind: str) -> Any:
    if kind not in bodies.SHAPES:
        raise JobsealError("unknown_kind", f"There is no event kind {kind}.", OPERATOR)
    return bodies.SHAPES[kind]


def _known(kind: str, job: str | None, capture: Capture, work: WorkFile) -> list[tuple[str, Any]]:
    """The fields that this handheld knows by itself."""
    if kind == "job.accepted":
        order = None if job is None else work.order(job)
        digest = None if order is None else bytes.fromhex(order["digest"])
        return [("order", digest), ("revision", None if order is None else order["revision"])]
    if kind == "job.completed" and job is not None:
        return [("totals", totals(capture, job))]
    return []


def totals(capture: Capture, job: str) -> list[list[Any]]:
    """[kind, code, unit, amount] of what the job used so far, one row each, for its completion."""
    return quantity.totals(quantity.quantities(capture.fold.job(job)))[:64]


def _value(kind: str, name: str, of: Any, text: str, capture: Capture) -> Any:
    if of is bodies.OBJECT:
        return _object(text, capture)
    if isinstance(of, shape.Boolean) or (isinstance(of, shape.Either) and text.lower() in _WORDS):
        if text.lower() not in _WORDS:
            raise FormError(kind, f"{name} is yes or no")
        return _WORDS[text.lower()]
    if isinstance(of, shape.Integer):
        return _whole(kind, name, text)
    if isinstance(of, shape.Bytes):
        return bytes.fromhex(text)
    if isinstance(of, shape.Either) and text.lstrip("-").isdigit():
        return _whole(kind, name, text)
    return text


def _whole(kind: str, name: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise FormError(kind, f"{name} is a whole number") from None


def _object(text: str, capture: Capture) -> list[Any]:
    if not text.startswith("@"):
        return capture.attach(text.encode(), "text/plain")
    path = Path(text[1:])
    media = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return capture.attach(read_file(path), media)
