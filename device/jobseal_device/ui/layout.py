"""The layout: a page in so many columns and rows. Pure.

From top to bottom: status, title, body, message, keys. From ``WIDE_COLUMNS`` on the body is a list with its detail
beside it. What does not fit is paged, never cut off without a sign.
"""

from collections.abc import Sequence
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size

from jobseal_device.ui.page import (
    BLOCKS,
    CHOSEN,
    DIM,
    HEAD,
    KEYS,
    MESSAGE,
    PLAIN,
    SECRET,
    STROKES,
    STRUCK,
    TITLE,
    TYPED,
    WARNING,
    Entry,
    Frame,
    Line,
    Page,
)
from jobseal_device.ui.words import _

WIDE_COLUMNS = 72
LEAST_COLUMNS, LEAST_ROWS = 24, 8
CHOICES_LEAST = 4  # rows that a menu keeps for itself under a long text
DIGITS = 9
MESSAGE_MOST = 4  # rows
CURSOR = "_"

Part = tuple[str, str]  # text, tone


class Size(NamedTuple):
    """Of the terminal, in cells."""

    columns: int
    rows: int


class Row(NamedTuple):
    """One row of the screen. ``place``: the choice that a finger on it chooses, or -1."""

    parts: Sequence[Part]
    place: int = -1


class Screenful(NamedTuple):
    """``body``: the rows between title and message, or all below the status when a poster needs them (``is_full``);
    ``visible``: places of the choices that digits choose; ``row``, ``top``: highlighted choice and page number."""

    body: list[Row]
    visible: list[int]
    row: int
    top: int
    pages: int
    is_full: bool = False


def compose(page: Page, frame: Frame, size: Size, said: Sequence[Row] = ()) -> Screenful:
    """The body of a page. ``frame`` gives ``row``, ``top`` (None: where the row is) and ``text``; ``said``: the
    message's rows, which take their room."""
    height = max(1, size.rows - 3 - max(1, len(said)))
    if page.poster is not None:
        made = _poster(page, size, height)
        if made is not None:
            return made
    width = _list_width(page, size)
    if page.entry is not None and page.entry.kind == STROKES:
        return Screenful(_canvas(frame, size.columns, height), [], 0, 0, 1)
    sheets = _sheets(page, frame, width, height)
    row = _row(page, frame)
    top = frame.get("top")
    if top is None:
        top = next((number for number, sheet in enumerate(sheets) if row in _places(sheet)), 0)
    top = min(max(0, top), len(sheets) - 1)
    places = _places(sheets[top])
    if places and row not in places:
        row = places[0]
    body = [item if isinstance(item, Row) else _choice(page, item, places, row, width) for item in sheets[top]]
    if len(sheets) > 1:
        body += [Row([])] * (height - 1 - len(body))
        body.append(_more(top, len(sheets), width))
    body += [Row([])] * (height - len(body))
    if size.columns >= WIDE_COLUMNS:
        body = _beside(body, _aside(page, row), width, size.columns)
    return Screenful(body, places[:DIGITS], row, top, len(sheets))


def turned(page: Page, frame: Frame, size: Size, by: int) -> tuple[int, int]:
    """Highlighted choice and page number after turning ``by`` pages, round and round."""
    made = compose(page, frame, size)
    top = (made.top + by) % made.pages
    there = compose(page, {**frame, "top": top}, size)
    return there.row, top


def title(page: Page, size: Size) -> Row:
    """The second row."""
    mark = f" {page.mark} " if page.mark else ""
    if cell_len(mark) > size.columns // 2:
        mark = fit(mark, size.columns // 2)
    return Row([(fit(" " + page.title, size.columns - cell_len(mark)) + mark, TITLE)])


def message(text: str, is_wrong: bool, size: Size) -> list[Row]:
    """The rows above the keys, as few as it takes; wrong ones begin with a sign."""
    tone = WARNING if is_wrong else MESSAGE
    rows = wrapped(("! " if is_wrong else "") + text, size.columns)
    if len(rows) > MESSAGE_MOST:
        rows = [*rows[: MESSAGE_MOST - 1], rows[MESSAGE_MOST - 1] + " .."]
    return [Row([(fit(row, size.columns), tone)]) for row in rows]


def keys(page: Page, size: Size) -> Row:
    """The last row: what F1 to F4 do here."""
    widths = _key_widths(page, size)
    parts = [(fit(text, width - 1) + " ", KEYS) for text, width in zip(_key_texts(page), widths, strict=True)]
    return Row([*parts, (" " * (size.columns - sum(widths)), KEYS)])


def key_at(page: Page, size: Size, x: int) -> int:
    """Which of F1 to F4 (0 to 3) a finger at this column of the last row means."""
    widths = _key_widths(page, size)
    return next((place for place in range(len(widths)) if x < sum(widths[: place + 1])), len(widths) - 1)


def _key_texts(page: Page) -> list[str]:
    return [f"F{number} {word}" for number, word in enumerate(key_words(page), 1)]


def _key_widths(page: Page, size: Size) -> list[int]:
    """Evenly, unless a word is too long for that and the others leave it room."""
    lengths = [cell_len(text) + 1 for text in _key_texts(page)]
    even, spare = size.columns // len(lengths), size.columns - sum(lengths)
    if max(lengths) <= even or spare < 0:
        return [even] * len(lengths)
    return [length + spare // len(lengths) for length in lengths]


def key_words(page: Page) -> tuple[str, str, str, str]:
    """F1 to F4 in words."""
    opens = _("Open") if page.choices else _("OK")
    return (
        page.do_word or (opens if page.do is None and (page.entry is None or page.choices) else _("OK")),
        page.clear_word or _("Clear"),
        _("Back"),
        page.next_word or _("Next"),
    )


def fit(text: str, width: int) -> str:
    """Exactly ``width`` cells; what is cut off ends in two dots."""
    if cell_len(text) > width:
        return set_cell_size(set_cell_size(text, max(0, width - 2)).rstrip() + "..", width)
    return set_cell_size(text, width)


def wrapped(text: str, width: int) -> list[str]:
    """The text in rows of at most ``width`` cells, broken at spaces where there are any."""
    rows: list[str] = []
    for paragraph in text.split("\n"):
        row = ""
        for word in paragraph.split(" "):
            joined = f"{row} {word}" if row else word
            if cell_len(joined) <= width:
                row = joined
                continue
            if row:
                rows.append(row)
            while cell_len(word) > width:
                head = set_cell_size(word, width)
                rows.append(head)
                word = word[len(head.rstrip()) :] if head.rstrip() else ""
            row = word
        rows.append(row)
    return rows


# The body, as items: a Line's row, an Entry's row, or the place of a choice


def _list_width(page: Page, size: Size) -> int:
    if size.columns < WIDE_COLUMNS or (page.entry is not None and page.entry.kind == STROKES):
        return size.columns
    return size.columns // 2 - 1 if page.aside or _has_aside(page) else size.columns


def _has_aside(page: Page) -> bool:
    return bool(page.choices) and page.choices[0].aside is not None


def _row(page: Page, frame: Frame) -> int:
    return min(max(0, frame.get("row") or 0), max(0, len(page.choices) - 1))


def _sheets(page: Page, frame: Frame, width: int, height: int) -> list[list[Row | int]]:
    """The body in pages of ``height``; the last row of each is left for "more" where there are several."""
    text = [row for line in page.lines for row in _paragraph(line, width)]
    if page.entry is not None:
        asked = _entry_rows(page.entry, frame.get("text", ""), width)
        room = height - len(asked)
        if len(text) <= room:
            return [[*text, *asked]]
        step = max(1, room - 1)
        parts: list[list[Row | int]] = [[*text[at : at + step], *asked] for at in range(0, len(text), step)]
        return parts
    count = len(page.choices)
    if len(text) + count <= height and count <= DIGITS:
        return [[*text, *range(count)]]
    rest: list[Row] = []
    if count:
        room = max(2, height - 1 - min(CHOICES_LEAST, count))
        if len(text) > room:
            text, rest = [*text[: room - 1], Row([("...", DIM)])], text[room - 1 :]
    step = max(1, height - 1)
    return _paged(text, count, height - 1) + [list(rest[at : at + step]) for at in range(0, len(rest), step)]


def _paged(text: list[Row], count: int, height: int) -> list[list[Row | int]]:
    first = min(DIGITS, max(0, height - len(text))) if count else 0
    if not count:
        step = max(1, height)
        return [list(text[at : at + step]) for at in range(0, max(1, len(text)), step)]
    sheets: list[list[Row | int]] = [[*text, *range(first)]]
    step = max(1, min(DIGITS, height))
    sheets += [list(range(at, min(count, at + step))) for at in range(first, count, step)]
    return sheets


def _places(sheet: Sequence[Row | int]) -> list[int]:
    return [item for item in sheet if isinstance(item, int)]


def _choice(page: Page, place: int, places: Sequence[int], row: int, width: int) -> Row:
    choice, digit, is_chosen = page.choices[place], places.index(place) + 1, place == row
    head = f"{'>' if is_chosen else ' '}{digit if digit <= DIGITS else ' '} "
    mark = f" {choice.mark}" if choice.mark else ""
    room = width - cell_len(head) - cell_len(mark)
    if room < width // 3:
        mark = fit(mark, width // 3)
        room = width - cell_len(head) - cell_len(mark)
    label = fit(_visible(choice.label, choice.tone), room)
    if is_chosen:
        return Row([(head + label + mark, CHOSEN)], place)
    return Row([(head, DIM), (label, choice.tone), (mark, choice.mark_tone)], place)


def _more(top: int, pages: int, width: int) -> Row:
    """The row that says that there is more."""
    return Row([(fit(_("0 more {page}/{pages}").format(page=top + 1, pages=pages), width), DIM)])


def _visible(text: str, tone: str) -> str:
    """Struck through by a character of its own too: the Linux console cannot draw a line through a text."""
    return f"x {text}" if tone == STRUCK else text


def _paragraph(line: Line, width: int) -> list[Row]:
    mark = f" {line.mark}" if line.mark else ""
    rows = wrapped(_visible(line.text, line.tone), max(8, width - cell_len(mark)) if mark else width)
    if not mark:
        return [Row([(row, line.tone)]) for row in rows]
    last = set_cell_size(rows[-1], max(0, width - cell_len(mark)))
    return [Row([(row, line.tone)]) for row in rows[:-1]] + [Row([(last, line.tone), (mark, line.mark_tone)])]


def _entry_rows(entry: Entry, text: str, width: int) -> list[Row | int]:
    """Prompt, input and hint; of a long text the end is shown, where the cursor is."""
    shown = "*" * len(text) if entry.kind == SECRET else text
    room = width - 3
    if cell_len(shown) > room:
        while cell_len(shown) > room - 2:
            shown = shown[max(1, (cell_len(shown) - room) // 2) :]
        shown = ".." + shown
    rows: list[Row | int] = [Row([(row, HEAD)]) for row in wrapped(entry.prompt, width)]
    rows.append(Row([("> ", DIM), (set_cell_size(shown + CURSOR, width - 2), TYPED)]))
    rows += [Row([(row, DIM)]) for row in (wrapped(entry.hint, width) if entry.hint else [])]
    return rows


def _canvas(frame: Frame, width: int, height: int) -> list[Row]:
    """What was drawn, in cells, with a line to sign on."""
    cells = [[" "] * width for _row_number in range(height)]
    base = height - 2
    if base >= 0:
        cells[base] = list("x" + "." * (width - 1))
    for stroke in frame.get("strokes", []):
        for x, y in stroke:
            if 0 <= x < width and 0 <= y < height:
                cells[y][x] = "#"
    return [Row([("".join(row), PLAIN)]) for row in cells]


def _beside(body: list[Row], aside: Sequence[Line], width: int, columns: int) -> list[Row]:
    """List and detail, with a rule between them."""
    if not aside or width >= columns:
        return body
    room = columns - width - 3
    detail = [row for line in aside for row in _paragraph(line, room)]
    if len(detail) > len(body):
        detail = [*detail[: len(body) - 1], Row([("...", DIM)])]
    detail += [Row([])] * (len(body) - len(detail))
    joined = []
    for left, right in zip(body, detail, strict=True):
        used = sum(cell_len(text) for text, _tone in left.parts)
        joined.append(Row([*left.parts, (" " * (width - used), PLAIN), (" | ", DIM), *right.parts], left.place))
    return joined


def _aside(page: Page, row: int) -> Sequence[Line]:
    if page.choices:
        aside = page.choices[row].aside
        if aside is not None:
            return aside()
    return page.aside


def _poster(page: Page, size: Size, height: int) -> Screenful | None:
    """Blocks at the left; beside them, or under them, what the page says. It takes title, message and keys along if
    there is no other way to fit."""
    assert page.poster is not None
    for room, is_full in ((height, False), (size.rows - 1, True)):
        blocks = page.poster(size.columns, room)
        if blocks is None:
            continue
        wide = max(cell_len(row) for row in blocks)
        beside = size.columns - wide - 1
        said = [] if beside < 8 else [row for line in page.lines for row in _paragraph(line, beside)]
        if is_full and beside >= 8:
            keys = [f"F{number} {word}" for number, word in enumerate(key_words(page), 1) if number != 2]
            head = [Row([(fit(page.title, beside), HEAD)])]
            foot = [Row([(fit(key, beside), DIM)]) for key in keys]
            said = head + said[: max(0, room - len(head) - len(foot))] + foot
        said = said[:room] + [Row([])] * (room - len(said))
        rows = [*blocks, *[""] * (room - len(blocks))]
        body = [
            Row([(row, BLOCKS), (" " * (wide - cell_len(row) + 1), PLAIN), *text.parts])
            for row, text in zip(rows, said, strict=True)
        ]
        return Screenful(body, [], 0, 0, 1, is_full)
    return None
