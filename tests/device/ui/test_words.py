"""Everything that is said is said in three languages, and numbers, money and dates are written as each locale does."""

import ast
import gettext
import io
import re
from pathlib import Path

import pytest
from babel import Locale, numbers
from babel.dates import get_date_format

import jobseal_device
from jobseal import bodies
from jobseal.exceptions import RULES
from jobseal_device.ui import kinds, verdicts, words
from tests.device.ui import catalogues

PLACE = re.compile(r"\{(\w+)\}")
AGAIN = "python -m tests.device.ui.catalogues"
MONDAY_MS = 1_767_600_000_000
MARKS = ("_", "N_", "counted")


@pytest.fixture(autouse=True)
def _english() -> object:
    yield
    words.use("en")
    words.use_zone(None)


@pytest.mark.parametrize("language", catalogues.TRANSLATED)
def test_every_marked_text_is_translated_with_the_same_places_to_fill(language: str) -> None:
    known = {message.id: message.string for message in catalogues.known(language) if message.id}
    for message in catalogues.extracted():
        if not message.id:
            continue
        assert message.id in known, f"{message.id}: {AGAIN}"
        said = known[message.id]
        forms = [said] if isinstance(said, str) else list(said)
        source = message.id if isinstance(message.id, str) else message.id[1]
        for form in forms:
            assert form, f"{language}: {message.id!r} is not translated"
            assert set(PLACE.findall(form)) == set(PLACE.findall(source)), (language, message.id)


@pytest.mark.parametrize("language", catalogues.TRANSLATED)
def test_what_the_screen_reads_is_compiled_from_what_was_translated(language: str) -> None:
    path = catalogues.po_path(language).with_suffix(".mo")
    fresh = gettext.GNUTranslations(io.BytesIO(catalogues.compiled(catalogues.known(language))))
    kept = gettext.GNUTranslations(io.BytesIO(path.read_bytes()))
    for message in catalogues.extracted():
        if isinstance(message.id, str) and message.id:
            assert kept.gettext(message.id) == fresh.gettext(message.id), AGAIN


_SENTENCE = re.compile(r"[A-Za-z]{2,}[ ,][ A-Za-z]|^[A-Z][a-z]+[ .!?]")
_NOT_SAID = ("<", "fill=", "Voucher |")  # pictures, an annotation


def _is_marked_text(node: ast.AST) -> bool:
    """Whether it is ``_("...")``."""
    return isinstance(node, ast.Call) and getattr(node.func, "id", "") == "_" and isinstance(node.args[0], ast.Constant)


def sentences(path: Path) -> list[str]:
    """Texts in a module that look like something a person reads, and that nobody marked."""
    tree = ast.parse(path.read_text())
    marked: set[int] = set()
    for node in ast.walk(tree):
        name = getattr(getattr(node, "func", None), "id", None) or getattr(getattr(node, "func", None), "attr", None)
        if isinstance(node, ast.Call) and name in (*MARKS, "JobsealError", "namedtuple"):
            marked |= {id(each) for each in ast.walk(node)}
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            marked |= {id(each) for each in ast.walk(node.body[0])}
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):  # the extraction does not look inside of f-strings
            found += [f"{path.name}:{node.lineno}: in an f-string" for each in ast.walk(node) if _is_marked_text(each)]
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in marked:
            text = node.value
            if _SENTENCE.search(text) and not text.startswith(_NOT_SAID):
                found.append(f"{path.name}:{node.lineno}: {text}")
    return found


def test_no_sentence_of_the_screen_is_left_unmarked() -> None:
    source = catalogues.SOURCE
    plain = ("demo.py", "theme.py", "asks.py", "strokes.py", "scanner.py", "app.py", "face.py", "words.py")
    found = [line for path in sorted(source.rglob("*.py")) if path.name not in plain for line in sentences(path)]
    assert not found, "\n".join(found)


def test_an_unmarked_sentence_would_be_found(tmp_path: Path) -> None:
    (tmp_path / "page.py").write_text('"""Docs are not said."""\nX = _("This is marked.")\nY = "This is not."\n')
    assert [line.partition(": ")[2] for line in sentences(tmp_path / "page.py")] == ["This is not."]


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_numbers_are_those_of_the_cldr(language: str) -> None:
    words.use(language)
    for text in ("0", "7", "1234", "12345", "1234567", "-4.5", "0.125", "-1234.5"):
        assert words.number(text) == numbers.format_decimal(text, "#,##0.#########", language), text


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_money_is_in_the_order_of_the_cldr(language: str) -> None:
    words.use(language)
    ours = words.money("1234.5", "EUR")
    theirs = numbers.format_currency(
        1234.5, "EUR", "\u00a4\u00a4#,##0.00" if language == "en" else None, locale=language
    )
    plain = theirs.replace("\u00a0", " ").replace("\u20ac", "EUR")
    assert ours.replace(" ", "") == plain.replace(" ", "")


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_dates_have_the_order_and_the_separator_of_the_cldr(language: str) -> None:
    words.use(language)
    words.use_zone(words.zone_named("UTC"))
    pattern = get_date_format("short", Locale(language)).pattern
    theirs = [field[0] for field in re.findall(r"[dMy]+", pattern)]
    parts = {"d": "05", "M": "01", "y": "2026"}
    separator = re.sub(r"[dMy]", "", pattern)[0]
    assert words.day(MONDAY_MS) == separator.join(parts[field] for field in theirs)


def test_a_catalogue_cut_in_half_leaves_the_screen_in_english(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = catalogues.po_path("de").with_suffix(".mo").read_bytes()
    place = tmp_path / "de" / "LC_MESSAGES"
    place.mkdir(parents=True)
    monkeypatch.setattr(words, "FOLDER", tmp_path)
    for length in (0, 3, 27, 1000, len(whole) // 2, len(whole) - 1):
        path = place / f"{words.DOMAIN}.mo"
        path.write_bytes(whole[:length])
        gettext._translations.clear()  # type: ignore[attr-defined]
        words.use("de")
        assert words._("Back") in ("Back", "Zurück")
    gettext._translations.clear()  # type: ignore[attr-defined]


def test_times_of_day_are_taken_as_people_type_them() -> None:
    words.use_zone(words.zone_named("Europe/Vienna"))
    assert words.clock(MONDAY_MS) == "09:00"
    for text, shown in (("7", "07:00"), ("745", "07:45"), ("07:45", "07:45"), ("7.45", "07:45"), ("2359", "23:59")):
        there = words.from_clock(text, MONDAY_MS)
        assert words.clock(there) == shown
    for text in ("", "25", "1260", "abc", "12345", "-1"):
        assert words.from_clock(text, MONDAY_MS) is None


def test_what_no_calendar_can_say_is_no_time_and_no_traceback() -> None:
    assert words.clock(None) == words.clock(1 << 62) == words.clock(-(1 << 62)) == "--:--"
    assert words.day(None) == "no date"


def _codes(pattern: str, *paths: str) -> set[str]:
    """What ``pattern`` finds in the modules of a package's folder."""
    root = Path(jobseal_device.__file__).parents[2]
    found: set[str] = set()
    for place in paths:
        for path in sorted(root.glob(place)):
            found |= set(re.findall(pattern, path.read_text()))
    assert found, paths
    return found


def test_every_verdict_of_the_gateway_has_words_of_the_technicians_own() -> None:
    assert set(RULES) <= set(verdicts.VERDICTS)


def test_whatever_keeps_sync_from_working_has_words_of_the_technicians_own() -> None:
    said = set(verdicts.TROUBLES) | set(verdicts.ERRORS)
    assert _codes(r'super\(\).__init__\(\s*"(\w+)"', "device/jobseal_device/link/contract.py") <= said
    assert _codes(r'raise_alarm\("(\w+)"', "device/jobseal_device/*.py") <= said
    assert _codes(r'Malformed\("(\w+)"', "gateway/jobseal_gateway/ingest/round.py") <= said
    assert _codes(r'"alarm", "(\w+)"', "protocol/jobseal/uplink.py") <= said


def test_a_trouble_is_told_in_the_language_of_the_screen_and_an_unknown_one_as_it_came() -> None:
    words.use("de")
    assert verdicts.told({"code": "link_down", "sentence": "raw"}).startswith("Gerade kein Weg")
    assert verdicts.told({"code": "new_in_2031", "sentence": "as it came"}) == "as it came"


def test_every_kind_and_every_field_of_it_has_a_name() -> None:
    assert set(bodies.SHAPES) <= set(kinds.DONE)
    named = {field.name for shape in bodies.SHAPES.values() for field in shape.fields}
    assert named - set(kinds.UNSAID) <= set(kinds.FIELDS)


def test_what_is_missing_of_a_job_is_said_word_by_word() -> None:
    rows = [["photo", "not-possible"], ["reading", "equipment"], ["note", "other"]]
    assert kinds.value("missing", rows) == "photo (not-possible), reading (equipment), note (other)"
    assert kinds.value("photo", [bytes(32), 2048, "image/png"]) == "2,048 bytes"
