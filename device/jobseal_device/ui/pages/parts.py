"""Parts: scan, scan, scan, F1. What was scanned is a list in draft; F4 opens it to change quantities and the rest.

A code that is scanned again counts up. An unknown one is taken and flagged: the part is in the technician's hand.
"""

from functools import partial

from jobseal_device.errors import EventInDoubt
from jobseal_device.ui import kinds, words
from jobseal_device.ui.asks import CODE_MOST
from jobseal_device.ui.catalogue import UNREADABLE
from jobseal_device.ui.desk import Desk
from jobseal_device.ui.page import (
    BACK,
    BAD,
    DRAFT,
    GOOD_BELL,
    HEAD,
    PLAIN,
    WRONG_BELL,
    Choice,
    Entry,
    Frame,
    Line,
    Move,
    Page,
    stay,
    wrong,
)
from jobseal_device.ui.signing import leave, shelf_name, take_up
from jobseal_device.ui.typed import decimal
from jobseal_device.ui.verdicts import error_sentence
from jobseal_device.ui.words import _, counted

SHOWN_MOST = 20
Item = dict[str, str]
_CHANGED = ("quantity", "unit", "source", "serial", "warranty", "billable")
_CHOSEN = {"source": ("van", "site", "customer"), "warranty": ("yes", "no"), "billable": ("yes", "no")}


def parts(desk: Desk, frame: Frame) -> Page:
    """The list in draft: scanning, or one of its parts, or one field of that."""
    take_up(desk, frame)
    frame.setdefault("items", [])
    scanned = frame.pop("scanned", None)
    basket = _Parts(desk, frame)
    said = basket.add(scanned) if scanned is not None else stay()
    place = frame.get("part")
    if place is None or not 0 <= place < len(frame["items"]):
        page = basket.list_page() if frame.get("is_list") else basket.scan_page()
    elif frame.get("field") in _CHANGED:
        page = basket.field_page(place, frame["field"])
    else:
        page = basket.part_page(place)
    page.say = said.say or page.say
    return page


class _Parts:
    """One look at the parts of a job."""

    def __init__(self, desk: Desk, frame: Frame) -> None:
        self.desk = desk
        self.frame = frame
        self.items: list[Item] = frame["items"]

    def add(self, text: str) -> Move:
        """Take a code."""
        code = text.strip()
        if not code:
            return wrong(_("Scan or type a part first."))
        if len(code) > CODE_MOST:
            return wrong(_("{count} characters are too many: {most} at most.").format(count=len(code), most=CODE_MOST))
        self.frame["text"] = ""
        catalogue = self.desk.catalogue
        if self.items and self.items[-1]["code"] == code and "serial" not in self.items[-1]:
            self.items[-1]["quantity"] = _plus_one(self.items[-1]["quantity"])
        else:
            unit = catalogue.unit("parts", code) or "pc"
            self.items.append({"code": code, "quantity": "1", "unit": unit, "source": "van"})
        said = _line(self.desk, self.items[-1])
        if not catalogue.knows("parts", code):
            return stay(_("{part}: not in the catalogue, taken all the same.").format(part=said), GOOD_BELL)
        return stay(said, GOOD_BELL)

    def scan_page(self) -> Page:
        newest = list(reversed(self.items))[:SHOWN_MOST]
        return Page(
            title=_("Parts"),
            mark=self.frame["job"],
            say=_("Scan the next part. F1 signs all.") if self.items else self.advice(),
            lines=[_row(self.desk, item) for item in newest],
            entry=Entry(_("Scan or type the part"), self.add, most=CODE_MOST),
            do=self.sign,
            do_word=_("Sign"),
            next=self.open_list,
            next_word=_("List"),
            back=lambda: leave(self.desk, self.frame, bool(self.items or self.frame.get("text"))),
            scan=self.add,
        )

    def advice(self) -> str:
        if self.desk.catalogue_state == UNREADABLE:
            return _("The catalogue cannot be read: codes are taken as they are.")
        return _("Scan or type the part.")

    def open_list(self) -> Move:
        if not self.items:
            return wrong(_("The list is empty: scan a part first."))
        self.frame.update(is_list=True, row=len(self.items) - 1, top=None)
        return stay()

    def close_list(self) -> Move:
        self.frame.update(is_list=False, row=0, top=None)
        return stay()

    def list_page(self) -> Page:
        return Page(
            title=_("Parts in draft"),
            mark=self.frame["job"],
            say=_("Choose a part to change it."),
            choices=[self._item_choice(place) for place in range(len(self.items))],
            back=self.close_list,
            scan=self.add,
        )

    def _item_choice(self, place: int) -> Choice:
        def open_part() -> Move:
            self.frame.update(part=place, row=0, top=None)
            return stay()

        return Choice(_line(self.desk, self.items[place]), open_part, mark=_("draft"), mark_tone=DRAFT)

    def part_page(self, place: int) -> Page:
        item = self.items[place]

        def remove() -> Move:
            del self.items[place]
            self.frame.update(part=None, row=0, is_list=bool(self.items), top=None)
            return stay(_("Taken off the list. Nothing was signed."))

        return Page(
            title=item["code"],
            mark=_("draft"),
            say=_("Choose what to change."),
            choices=[
                *[self._field_choice(name, item) for name in _CHANGED],
                Choice(_("Take it off the list"), remove),
            ],
            back=self.close_part,
        )

    def _field_choice(self, name: str, item: Item) -> Choice:
        def change() -> Move:
            self.frame.update(field=name, text="", row=0, top=None)
            return stay()

        text = item.get(name, "")
        shown = {"yes": _("yes"), "no": _("no")}.get(text) or (kinds.value(name, text) if text else "-")
        return Choice(kinds.field(name), change, mark=shown, mark_tone=PLAIN)

    def close_part(self) -> Move:
        self.frame.update(part=None, is_list=True, top=None)
        return stay()

    def field_page(self, place: int, name: str) -> Page:
        item = self.items[place]

        def take(text: str) -> Move:
            text = text.strip()
            if name == "quantity":
                found = decimal(text, words.point())
                if found is None:
                    return wrong(_("{text} is not a number.").format(text=text[:20]))
                text = found
            if len(text) > (16 if name == "unit" else CODE_MOST):
                return wrong(_("That is too long."))
            if text:
                item[name] = text
            elif name == "unit":
                return wrong(_("{field} is needed.").format(field=kinds.field(name)))
            else:
                item.pop(name, None)
            return done()

        def done() -> Move:
            self.frame.update(field=None, text="", row=_CHANGED.index(name), top=None)
            return stay()

        page = Page(title=item["code"], mark=_("draft"), say=_("Enter takes it."), back=done, scan=take)
        if name in _CHOSEN:
            page.lines = [Line(kinds.field(name), HEAD)]
            page.scan = None
            page.choices = [
                Choice(
                    {"yes": _("yes"), "no": _("no")}.get(value) or kinds.value(name, value),
                    partial(take, value),
                )
                for value in _CHOSEN[name]
            ]
        else:
            page.entry = Entry(kinds.field(name), take, most=CODE_MOST)
        return page

    def sign(self) -> Move:
        """Sign one event a part, in the order of the scans; what was signed leaves the list at once."""
        if self.frame.get("text", "").strip():
            said = self.add(self.frame["text"])
            if said.bell == WRONG_BELL:
                return said
        if not self.items:
            return wrong(_("Scan or type a part first."))
        count = 0
        while self.items:
            try:
                self.desk.sign("part.used", dict(self.items[0]), self.frame["job"])
            except EventInDoubt as doubt:
                del self.items[0]
                return Move("stay", None, error_sentence(doubt), WRONG_BELL)
            del self.items[0]
            count += 1
        self.desk.drafts.shelf.pop(shelf_name(self.frame), None)
        return Move(BACK, None, counted("Signed: {count} part.", "Signed: {count} parts.", count), GOOD_BELL)


def _line(desk: Desk, item: Item) -> str:
    name = desk.catalogue.name("parts", item["code"])
    return f"{words.number(item['quantity'])} {item['unit']} {item['code']} {name}".rstrip()


def _row(desk: Desk, item: Item) -> Line:
    known = desk.catalogue.knows("parts", item["code"])
    return Line(_line(desk, item), PLAIN, _("draft") if known else _("unknown"), DRAFT if known else BAD)


def _plus_one(quantity: str) -> str:
    whole, dot, fraction = quantity.partition(".")
    return f"{int(whole) + 1}{dot}{fraction}"
