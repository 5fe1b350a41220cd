"""Bursts are scans and fingers are fingers, whatever the scanner sends around its codes."""

import random

import pytest

from jobseal_device.ui.scanner import MOST_CHARACTERS, STALL_S, Pressed, Scan, Scanner, Token
from jobseal_device.ui.typed import clean, decimal

FAST, SLOW = 0.002, 0.120
NAMES = {"\r": "enter", "\n": "ctrl+j", "\t": "tab", "\x1d": "ctrl+right_square_bracket"}


class Line:
    """A line from keyboard and scanner; ``now`` is when the next character comes."""

    def __init__(self, scanner: Scanner | None = None) -> None:
        self.scanner = scanner or Scanner()
        self.now = 10.0
        self.out: list[Token] = []

    def send(self, text: str, every: float = FAST) -> "Line":
        for character in text:
            self.now += every
            if every > self.scanner.gap_s:
                self.out += self.scanner.idle(self.now)
            self.out += self.scanner.press(Pressed(NAMES.get(character, character), character, self.now))
        return self

    def rest(self) -> list[str]:
        """Scans as ``[code]``, pressed keys by name."""
        self.out += self.scanner.idle(self.now + 1)
        return [f"[{token.code}]" if isinstance(token, Scan) else token.key for token in self.out]


@pytest.mark.parametrize("suffix", ["\r", "\n", "\r\n", "\t", "\x1d"])
def test_whatever_ends_a_code_it_is_one_scan(suffix: str) -> None:
    assert Line().send(f"4006381333931{suffix}").rest() == ["[4006381333931]"]


def test_scans_in_one_write_are_told_apart() -> None:
    assert Line().send("AAAA\rBBBB\r\nCCCC\tDDDD\n").rest() == ["[AAAA]", "[BBBB]", "[CCCC]", "[DDDD]"]


@pytest.mark.parametrize("held_up_after", range(1, 10))
def test_a_terminal_that_is_held_up_within_a_series_of_scans_tears_none_of_them(held_up_after: int) -> None:
    line = Line().send("PART-0994\r").send("PART-0995"[:held_up_after])
    line.now += STALL_S - 0.01
    line.out += line.scanner.idle(line.now)
    assert line.send("PART-0995"[held_up_after:] + "\r").rest() == ["[PART-0994]", "[PART-0995]"]


def test_a_burst_without_an_end_is_typing_after_a_while() -> None:
    assert Line().send("ABCDE").rest() == ["A", "B", "C", "D", "E"]


def test_fingers_type_digits_one_by_one() -> None:
    assert Line().send("12345\r", SLOW).rest() == ["1", "2", "3", "4", "5", "enter"]


def test_three_quick_characters_are_not_a_scan() -> None:
    assert Line().send("123\r").rest() == ["1", "2", "3", "enter"]


def test_a_separator_inside_a_code_is_kept() -> None:
    assert Line().send("0104012345\x1d2112\r").rest() == ["[0104012345\x1d2112]"]
    assert clean("0104012345\x1d2112") == "0104012345|2112"


def test_a_prefix_is_taken_off_and_a_suffix_can_be_insisted_on() -> None:
    line = Line(Scanner(prefix="]C1", suffix="tab"))
    assert line.send("]C1ABCD\t").rest() == ["[ABCD]"]
    assert Line(Scanner(suffix="tab")).send("ABCD\r").rest() == ["A", "B", "C", "D", "enter"]
    assert Line(Scanner(suffix="none")).send("ABCDEF").rest() == ["[ABCDEF]"]


def test_a_very_long_code_is_cut_and_never_typed() -> None:
    found = Line().send("X" * 10_000 + "\r").out
    assert [len(token.code) for token in found if isinstance(token, Scan)] == [MOST_CHARACTERS]


def test_no_character_is_ever_lost_between_fingers_and_scanner() -> None:
    for seed in range(300):
        source = random.Random(seed)
        line, sent = Line(), ""
        for _piece in range(source.randrange(1, 12)):
            text = "".join(source.choice("ABC123") for _each in range(source.randrange(1, 9)))
            text += source.choice(["", "\r", "\n", "\t"])
            line.now += SLOW
            line.out += line.scanner.idle(line.now)
            line.send(text, source.choice([FAST, SLOW]))
            sent += "".join(character for character in text if character.isalnum())
        line.out += line.scanner.idle(line.now + 1)
        got = "".join(
            token.code
            if isinstance(token, Scan)
            else (token.character or "")
            if token.key not in NAMES.values()
            else ""
            for token in line.out
        )
        assert got == sent, seed


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("a\x1b[31mb", "a[31mb"),
        ("\u202eEVIL\u2066", "EVIL"),
        ("caf\u00e9 \U0001f600", "caf\u00e9 \U0001f600"),
        ("\u05e9\u05dc\u05d5\u05dd", "\u05e9\u05dc\u05d5\u05dd"),
        ("a\x00b\x7fc\ud800", "abc"),
        ("line\none", "line one"),
    ],
)
def test_what_nobody_can_see_is_taken_out(text: str, kept: str) -> None:
    assert clean(text) == kept


@pytest.mark.parametrize(
    ("text", "point", "value"),
    [
        ("2,5", ",", "2.5"),
        ("2.5", ",", "2.5"),
        ("007", ".", "7"),
        ("-0", ".", "0"),
        (" 1 ", ".", "1"),
        ("+3", ".", "3"),
        ("", ".", None),
        ("1.", ".", None),
        ("1e5", ".", None),
        ("NaN", ".", None),
        ("1,2,3", ",", None),
        ("-", ".", None),
        ("\u0663", ".", None),
        ("0.0000000001", ".", None),
    ],
)
def test_numbers_are_taken_as_people_write_them(text: str, point: str, value: str | None) -> None:
    assert decimal(text, point) == value
