"""The golden vectors: made the same way every time, true on CPython, and covering what there is to say."""

import json
from pathlib import Path
from typing import Any

import pytest

from jobseal import bodies, cose, frame, office
from jobseal.host.crypto import Verifier
from tests.vectors import check, make

FILES = {path.stem: json.loads(path.read_text()) for path in sorted(make.FOLDER.glob("*.json"))}


def entries(noun: str) -> list[dict[str, Any]]:
    """The vectors of one file."""
    found: list[dict[str, Any]] = FILES[noun]["vectors"]
    return found


def test_making_the_vectors_again_gives_the_same_files_byte_by_byte() -> None:
    made = make.texts()
    assert {path.name for path in make.FOLDER.iterdir()} == set(made)
    for name, content in made.items():
        assert (make.FOLDER / name).read_text() == content, f"{name}: run `python -m tests.vectors.make`"


@pytest.mark.parametrize("noun", FILES)
def test_every_vector_comes_out_right_on_cpython(noun: str) -> None:
    ran, failures = check.run(FILES[noun], Verifier())
    print(f"vectors {noun} {ran}")
    assert failures == []
    assert ran == len(entries(noun)) > 0


@pytest.mark.parametrize("noun", FILES)
def test_every_file_shows_what_is_taken_and_what_is_refused(noun: str) -> None:
    assert FILES[noun]["noun"] == noun
    outcomes = [entry["valid"] for entry in entries(noun)]
    assert True in outcomes
    assert False in outcomes or noun in ("interval", "job", "uplink")  # what follows from events, whatever they are
    assert all(entry["shows"] and entry["name"] for entry in entries(noun))


def test_every_event_kind_has_valid_and_invalid_bodies_and_a_signed_event() -> None:
    valid = {entry["kind"] for entry in entries("bodies") if entry["valid"]}
    invalid = {entry["kind"] for entry in entries("bodies") if not entry["valid"]}
    signed = {dict(entry["value"]["m"])[6] for entry in entries("event") if entry["valid"]}
    assert valid == set(bodies.SHAPES)
    assert invalid >= set(bodies.SHAPES)
    assert signed >= set(bodies.SHAPES)


def test_every_field_of_every_event_body_is_there_at_least_once() -> None:
    seen: dict[str, set[int]] = {}
    for entry in entries("bodies"):
        if entry["valid"]:
            seen.setdefault(entry["kind"], set()).update(key for key, _ in entry["value"]["m"])
    assert {kind: shape.by_key.keys() for kind, shape in bodies.SHAPES.items()} == seen


def test_every_act_of_the_office_has_a_valid_vector() -> None:
    kinds = {dict(entry["value"]["m"])[1] for entry in entries("office") if entry["valid"]}
    assert kinds == set(office.SHAPES)


def test_every_message_that_travels_has_a_valid_vector() -> None:
    names = {
        noun: {entry["value"][0] for entry in entries(noun) if entry["valid"]} for noun in {*frame.UP, *frame.DOWN}
    }
    assert names == {noun: {noun} for noun in names}
    assert {entry["value"][0] for entry in entries("frame") if entry["valid"]} == {frame.RECEIPT, frame.ASSIGNMENT}


def test_every_domain_has_vectors_that_were_signed_in_another() -> None:
    domains = [name for name in dir(cose) if isinstance(getattr(cose, name), str) and name.isupper()]
    for domain in domains:
        codes = [entry["code"] for entry in entries(domain.lower()) if not entry["valid"]]
        assert "signature_invalid" in codes, domain


def test_every_refusal_of_the_decoder_has_a_vector() -> None:
    source = (Path(cose.__file__).parent / "cbor.py").read_text()
    codes = {entry["code"] for entry in entries("cbor") if not entry["valid"]}
    assert codes == {part.split('"')[0] for part in source.split('Malformed("')[1:]}


def _changed(noun: str, name: str, **changes: Any) -> list[str]:
    """What the checker says of one vector with something changed in it."""
    (entry,) = [entry for entry in entries(noun) if entry["name"] == name]
    _, failures = check.run({"noun": noun, "vectors": [{**entry, **changes}]}, Verifier())
    return failures


def test_the_checker_finds_what_is_wrong() -> None:
    assert _changed("cbor", "zero") == []
    assert _changed("cbor", "zero", value=1)
    assert _changed("cbor", "true", value=1)
    assert _changed("cbor", "zero", hex="1800")
    assert _changed("cbor", "tag", hex="00")
    assert _changed("cbor", "tag", code="cbor_utf8")
    assert _changed("event", "van-07-06-labour.started", hash="00" * 32)
    assert _changed("event", "one-bit", code="envelope")
    assert _changed("key", "rfc9679", thumbprint="00" * 32)
    assert _changed("object", "note", content="")
    assert _changed("bodies", "note.added-15", objects=[])
    assert _changed("merkle", "consistency-3-7", old_size=4)
    assert _changed("chain", "in-order", branches=[[5, "00" * 32]])
    assert _changed("chain", "clone", steps=[])
    assert _changed("job", "day", state="complete")
    assert _changed("job", "day", problems=["missing_stop"])
    assert _changed("job", "day", quantities=[])
    assert _changed("interval", "anchored", since=0, logged=[4, 4, 4, None])
    assert _changed("uplink", "first-sync", acked=1)
    assert _changed("uplink", "first-sync", size=2)
    assert _changed("uplink", "first-sync", session="00" * 8)
    assert _changed("uplink", "forged", steps=[])
    assert _changed("bundle", "unplanned-job", trusted="00" * 32)
    assert _changed("authority", "log-and-office", office="00" * 32)
    with pytest.raises(KeyError):
        check.run({"noun": "poem", "vectors": []}, Verifier())
