"""The language of the screen: what is said, and how numbers, money, dates and times are written.

gettext from the standard library; the catalogues in ``locale`` are compiled by ``python -m
tests.device.ui.catalogues``. How a locale writes numbers and dates is text in its catalogue, like everything else that
differs, and a test compares it with the CLDR.
"""

import gettext
import os
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

LANGUAGES = {"en": "English", "de": "Deutsch", "es": "Español"}
DOMAIN = "jobseal_device"
FOLDER = Path(__file__).parent / "locale"
MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class _Speaking:
    """The language in use: one for the whole process, as there is one person before the screen."""

    def __init__(self) -> None:
        self.language = "en"
        self.catalogue = gettext.NullTranslations()
        self.zone: tzinfo | None = None


_speaking = _Speaking()


def use(language: str) -> None:
    """Speak this language from now on; English where there is no catalogue, or one that cannot be read."""
    _speaking.language = language if language in LANGUAGES else "en"
    try:
        _speaking.catalogue = gettext.translation(DOMAIN, FOLDER, [_speaking.language])
    except Exception:  # a catalogue cut in half fails in many ways; none of them is worth a screen
        _speaking.catalogue = gettext.NullTranslations()


def use_zone(zone: tzinfo | None) -> None:
    """Show times as in this zone; None for the machine's own."""
    _speaking.zone = zone


def language() -> str:
    """The one in use."""
    return _speaking.language


def from_environment() -> str:
    """The language that the machine is set to."""
    named = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or "en"
    return named[:2].lower() if named[:2].lower() in LANGUAGES else "en"


def _(text: str) -> str:
    """``text`` in the language in use."""
    return _speaking.catalogue.gettext(text) if text else ""


def counted(one: str, many: str, count: int) -> str:
    """``one`` or ``many``, with ``{count}`` filled in."""
    return _speaking.catalogue.ngettext(one, many, count).format(count=count)


def N_(text: str) -> str:
    """Marks a text in a table for translation; it is translated where it is shown."""
    return text


# Numbers


def point() -> str:
    """The decimal point."""
    return _(".")


def number(text: str) -> str:
    """Decimal text as this locale writes it, with its groups of thousands."""
    sign, digits = ("-", text[1:]) if text.startswith("-") else ("", text)
    whole, dot, fraction = digits.partition(".")
    if len(whole) > 3:
        whole = f"{int(whole):,}".replace(",", _(","))
    return sign + whole + (point() + fraction if dot else "")


def money(amount: str, currency: str) -> str:
    """An amount in a currency by its ISO 4217 code."""
    whole, _dot, fraction = amount.partition(".")
    return _("{currency} {amount}").format(currency=currency, amount=number(f"{whole}.{fraction:0<2}"))


# Times


def clock(at: int | None) -> str:
    """The time of day of Unix ms, as HH:MM."""
    moment = _local(at)
    return "--:--" if moment is None else f"{moment:%H:%M}"


def day(at: int | None) -> str:
    """The date of Unix ms, short."""
    moment = _local(at)
    if moment is None:
        return _("no date")
    return _("{month}/{day}/{year}").format(day=f"{moment:%d}", month=f"{moment:%m}", year=f"{moment:%Y}")


def moment(at: int | None, now: int | None) -> str:
    """Date and time; the time alone for today."""
    if at is None:
        return _("no time")
    there, here = _local(at), _local(now)
    if there is not None and here is not None and there.date() == here.date():
        return clock(at)
    return f"{day(at)} {clock(at)}"


def duration(ms: int) -> str:
    """Hours and minutes as H:MM."""
    minutes = abs(ms) // MINUTE_MS
    return f"{'-' if ms < 0 else ''}{minutes // 60}:{minutes % 60:02}"


def long_duration(ms: int) -> str:
    """Hours and minutes; whole days from two days on."""
    return duration(ms) if ms < 2 * DAY_MS else counted("{count} day", "{count} days", ms // DAY_MS)


def zone_named(name: object) -> tzinfo | None:
    """The time zone of that IANA name, or None."""
    try:
        return ZoneInfo(name) if isinstance(name, str) else None
    except (KeyError, ValueError, OSError):
        return None


def _local(at: int | None) -> datetime | None:
    try:
        return None if at is None else (_EPOCH + timedelta(milliseconds=at)).astimezone(_speaking.zone)
    except (OverflowError, ValueError, OSError):
        return None


def from_clock(text: str, near: int) -> int | None:
    """Unix ms of a time of day typed as HH:MM, HHMM or H, on the day of ``near``; None for anything else."""
    here = _local(near)
    digits = text.strip().replace(":", "").replace(".", "")
    if here is None or not (digits.isascii() and digits.isdigit() and 1 <= len(digits) <= 4):
        return None
    hour, minute = (int(digits), 0) if len(digits) <= 2 else (int(digits[:-2]), int(digits[-2:]))
    if hour > 23 or minute > 59:
        return None
    there = here.replace(hour=hour, minute=minute, second=0, microsecond=0)
    return round(there.timestamp() * 1000)
