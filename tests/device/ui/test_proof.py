"""The proof's codes, as a camera sees them: painted as characters, decoded by a program that nobody here wrote."""

import base64
from collections.abc import Sequence
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image, ImageDraw

from jobseal import cose, event
from jobseal.host.crypto import Verifier
from jobseal_device import identity
from jobseal_device.screen_settings import ScreenSettings
from jobseal_device.ui import proof
from jobseal_device.ui.layout import Size
from tests.device.ui.gallery import FILTERS, morning
from tests.device.ui.hand import Hand
from tests.device.ui.snapshots import rows_of

CELL = {"8x16": (8, 16), "12x24": (12, 24)}
HALVES = {"█": (True, True), "▀": (True, False), "▄": (False, True)}


def seen(rows: Sequence[str], cell: tuple[int, int]) -> Image.Image:
    """The character grid on a black screen; light blocks are white, text is a grey smear beside them."""
    width, height = cell
    image = Image.new("L", (max(map(len, rows)) * width, len(rows) * height), 0)
    draw = ImageDraw.Draw(image)
    for y, row in enumerate(rows):
        for x, character in enumerate(row):
            left, top = x * width, y * height
            upper, lower = HALVES.get(character, (False, False))
            if upper:
                draw.rectangle((left, top, left + width - 1, top + height // 2 - 1), fill=255)
            if lower:
                draw.rectangle((left, top + height // 2, left + width - 1, top + height - 1), fill=255)
            if character.isalnum():
                draw.rectangle((left + 2, top + 4, left + width - 3, top + height - 5), fill=150)
    return image


def decoded(hand: Hand, cell: tuple[int, int]) -> str:
    rows = ["".join(text for text, _tone in row.parts) for row in rows_of(hand)]
    found = zxingcpp.read_barcodes(seen(rows, cell))
    assert len(found) == 1, "\n".join(rows)
    return str(found[0].text)


@pytest.mark.parametrize("cell", CELL)
@pytest.mark.parametrize("size", [Size(40, 13), Size(40, 15), Size(53, 20), Size(80, 24)])
def test_every_code_on_the_screen_can_be_read_from_it(tmp_path: Path, size: Size, cell: str) -> None:
    hand = morning(tmp_path, size)
    hand.open_job(FILTERS).choose("Proof")
    signed = hand.desk.event(max(each.seq for each in hand.events(FILTERS) if each.close is not None))
    link = decoded(hand, CELL[cell])
    assert link.startswith("JS:")
    digest = link.rpartition(":")[2]
    assert base64.b32encode(signed.hash).decode().startswith(digest)
    assert len(digest) >= 20
    pieces: dict[int, str] = {}
    hand.press("F4")
    while True:
        head, _colon, text = decoded(hand, CELL[cell]).partition(":")
        number, _slash, count = head.removeprefix("JS").partition("/")
        pieces[int(number)] = text
        if len(pieces) == int(count):
            break
        hand.press("F4")
    data = proof.from_base45("".join(pieces[number] for number in sorted(pieces)))
    again = event.parse(data)
    assert again.hash == signed.hash
    assert again.event.close is not None
    cose.verify(again.envelope, cose.EVENT, identity.signer(hand.home).key, Verifier())
    hand.close()


def test_a_link_of_the_shops_own_is_used_where_it_fits(tmp_path: Path) -> None:
    hand = Hand(tmp_path, Size(80, 24), ScreenSettings(proof_link="https://jobs.example.com/p/"))
    hand.log_in().do(FILTERS, "Accept job", "Arrive on site").open_job(FILTERS).choose("Complete").press("F1")
    hand.choose("Proof")
    assert decoded(hand, CELL["8x16"]).startswith("https://jobs.example.com/p/")
    hand.close()


@pytest.mark.parametrize("data", [b"", b"A", b"AB", bytes(range(256)), b"\xff" * 33])
def test_base45_comes_back(data: bytes) -> None:
    assert proof.from_base45(proof.base45(data)) == data


def test_base45_is_that_of_rfc_9285() -> None:
    assert proof.base45(b"Hello!!") == "%69 VD92EX0"
    assert proof.base45(b"ietf!") == "QED8WEX0"
