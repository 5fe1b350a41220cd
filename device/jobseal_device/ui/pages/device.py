"""The handheld itself: clock, disk, key, versions, link; how the screen looks and speaks; a test for the scanner."""

from functools import partial
from importlib.metadata import PackageNotFoundError, version

from jobseal_device.ui import catalogue, machine, status, verdicts, words
from jobseal_device.ui.desk import Desk
from jobseal_device.ui.page import (
    BAD,
    DIM,
    GOOD_BELL,
    HEAD,
    PLAIN,
    Choice,
    Entry,
    Frame,
    Line,
    Move,
    Page,
    back,
    go,
    stay,
)
from jobseal_device.ui.words import N_, _, counted

SCANS_SHOWN = 20
_CATALOGUE = {
    catalogue.NONE: N_("none; every code is taken"),
    catalogue.AWAITED: N_("not here yet"),
    catalogue.HERE: N_("here"),
    catalogue.UNREADABLE: N_("cannot be read; every code is taken"),
}
MIB = 1048576


def device(desk: Desk, frame: Frame) -> Page:
    """Facts, then what can be changed."""
    del frame
    light = desk.drafts.preferences.get("theme", desk.settings.theme) == "light"

    def turn() -> Move:
        desk.drafts.preferences["theme"] = "dark" if light else "light"
        return stay(_("The colours are changed."), GOOD_BELL)

    facts = _facts(desk)
    return Page(
        title=_("Device"),
        mark=desk.device,
        say=_("Choose by digit. F3 goes back."),
        lines=facts[:3],
        choices=[
            Choice(_("Black on white") if not light else _("Light on dark"), turn, aside=lambda: facts),
            Choice(_("Language"), lambda: go("language"), mark=words.LANGUAGES[words.language()], aside=lambda: facts),
            Choice(_("Scanner test"), lambda: go("scanner_test"), aside=lambda: facts),
            Choice(_("All facts"), lambda: go("help", topic="facts"), aside=lambda: facts),
        ],
    )


def facts(desk: Desk) -> list[Line]:
    """Everything that somebody on the telephone may ask for."""
    return _facts(desk)


def _facts(desk: Desk) -> list[Line]:
    standing = desk.standing()
    free = desk.free_bytes
    clock = {
        status.TRUSTED: _("set by the network"),
        status.UNCONFIRMED: _("nobody vouches for it"),
        status.BEHIND: _("behind the office's: set it"),
        status.UNSET: _("never set"),
    }[standing.clock]
    link = status.link_words(standing) if desk.trouble is None else verdicts.told(desk.trouble)
    low = free is not None and free < machine.LOW_DISK_BYTES
    disk = _("unknown") if free is None else _("{free} MiB free").format(free=words.number(str(free // MIB)))
    return [
        Line(
            _("Clock: {state}").format(state=clock),
            BAD if standing.clock == status.BEHIND else PLAIN,
            words.clock(standing.now),
        ),
        Line(_("Disk: {state}").format(state=disk), BAD if low else PLAIN),
        Line(_("Link: {state}").format(state=link), PLAIN if desk.trouble is None else BAD),
        Line(
            _("Catalogue: {state}").format(state=_(_CATALOGUE[desk.catalogue_state])),
            BAD if desk.catalogue_state == catalogue.UNREADABLE else PLAIN,
        ),
        Line(_("Handheld: {name}").format(name=desk.device)),
        Line(_("Key: {key}").format(key=desk.key)),
        Line(_("Version: {version}").format(version=_version())),
        Line(counted("{count} event signed", "{count} events signed", desk.signed)),
    ]


def _version() -> str:
    try:
        return version("jobseal")
    except PackageNotFoundError:
        return "?"


def language(desk: Desk, frame: Frame) -> Page:
    """The languages by their own names."""
    del frame

    def choose(code: str) -> Move:
        desk.drafts.preferences["language"] = code
        words.use(code)
        return back(_("This is the language now."), GOOD_BELL)

    return Page(
        title=_("Language"),
        say=_("Choose by digit."),
        choices=[
            Choice(name, partial(choose, code), mark="*" if code == words.language() else "")
            for code, name in words.LANGUAGES.items()
        ],
    )


def scanner_test(desk: Desk, frame: Frame) -> Page:
    """Shows what the scanner sends, and how often; nothing is signed."""
    del desk
    scans: list[str] = frame.setdefault("scans", [])

    def scanned(code: str) -> Move:
        scans.append(code)
        return stay(_("{count} characters").format(count=len(code)), GOOD_BELL)

    def clear() -> Move:
        scans.clear()
        frame["text"] = ""
        return stay()

    return Page(
        title=_("Scanner test"),
        mark=str(len(scans)),
        say=_("Scan anything. F2 clears."),
        lines=[
            Line(code if len(code) <= 60 else code[:60] + "...", PLAIN if number else HEAD, str(len(code)), DIM)
            for number, code in enumerate(list(reversed(scans))[:SCANS_SHOWN])
        ],
        entry=Entry(_("Typed (what a scanner should not do)"), lambda _text: stay(_("That was typed, not scanned."))),
        clear=clear,
        scan=scanned,
    )
