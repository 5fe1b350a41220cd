"""Text that no person meant: control characters, broken Unicode, formulas and spreadsheet errors.

A formula in an order would come out again in somebody's export and run in their spreadsheet, so it is refused
here and the person who can correct it is told. Signs that open honest text are let through: ``+43 1 234``,
``- ring twice``.
"""

import re
import unicodedata

from jobseal_gateway.orders.cell import Flaw

LINE_BREAKS = "\r\n"

_ERRORS = ("#REF!", "#N/A", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!", "#SPILL!", "#CALC!")
_FORMULA = re.compile(r"[=@\t]|[+-].*(?:\||[A-Z]{2,}\(|![$A-Z]+[0-9])", re.DOTALL)
_SPREADSHEET_NUMBER = re.compile(r"[0-9]+[.,]?[0-9]*[eE]\+[0-9]+")


def junk(text: str, allowed: str) -> Flaw | None:
    """What makes ``text`` unusable, or None. ``allowed`` are control characters that its column may hold."""
    wrong = _bad_character(text, allowed)
    if wrong:
        sentence = f"The text holds {wrong}. Delete it; this column allows none."
        return Flaw("control_character", sentence)
    if text in _ERRORS:
        return Flaw("spreadsheet_error", f"{text} is a spreadsheet's error message. Correct its formula.")
    if _SPREADSHEET_NUMBER.fullmatch(text):
        sentence = f"{text} is a number that a spreadsheet shortened; format the column as text and export again."
        return Flaw("spreadsheet_number", sentence)
    if _FORMULA.match(text):
        sentence = f'The text begins like a spreadsheet formula ("{text[:20]}"). Write it without the first sign.'
        return Flaw("formula", sentence)
    return None


def _bad_character(text: str, allowed: str) -> str:
    if text.isprintable():  # nearly always, and much faster than looking
        return ""
    for character in text:
        category = unicodedata.category(character)
        if category in ("Cc", "Cs", "Zl", "Zp") and character not in allowed:
            if character in "\r\n":
                return "a line break"
            return f"the control character U+{ord(character):04X}"
    return ""
