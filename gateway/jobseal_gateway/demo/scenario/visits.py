"""Visits: what usually happens at a customer's, told once and called by name."""

import re
from dataclasses import dataclass

from jobseal_gateway.demo.scenario.verbs import CORRECT, DEEDS, TURNS
from jobseal_gateway.demo.scenario.words import Word, Wrong

_AFTER = re.compile(r"\+(\d{1,3})")
_PARAMETER = re.compile(r"\$\w+")


@dataclass(frozen=True, slots=True)
class Visit:
    """``body``: (minutes after its start, verb and words)."""

    parameters: tuple[str, ...]
    body: list[tuple[int, list[Word]]]

    @property
    def minutes(self) -> int:
        """How long it takes."""
        return self.body[-1][0] if self.body else 0


class Visits:
    """Takes definitions from ``visit`` to ``end``, and writes them out where they are called."""

    def __init__(self, wrong: Wrong) -> None:
        self._wrong = wrong
        self._known: dict[str, Visit] = {}
        self._open: tuple[Word, Visit] | None = None

    def names(self) -> list[str]:
        """The visits told so far."""
        return list(self._known)

    @property
    def is_open(self) -> bool:
        """Whether the lines at hand belong to a definition."""
        return self._open is not None

    def begin(self, found: list[Word]) -> None:
        """``visit NAME $WHAT ...``"""
        name = found[1] if len(found) > 1 else found[0]
        if len(found) < 2:
            self._wrong(name, "bad_value", "Write: visit NAME $WHAT ...")
        elif name.text in (*self._known, *DEEDS, *TURNS, CORRECT):
            self._wrong(name, "duplicate_name", "There is a verb or a visit of this name.")
        for each in found[2:]:
            if _PARAMETER.fullmatch(each.text) is None:
                self._wrong(each, "bad_value", "What a visit is told has a name that begins with $.")
        visit = Visit(tuple(each.text for each in found[2:]), [])
        self._known.setdefault(name.text, visit)
        self._open = name, visit

    def take(self, found: list[Word]) -> None:
        """A line of the open definition: ``+MINUTES VERB WORDS ...`` or ``end``."""
        if self._open is None or found[0].text == "end":
            self._open = None
            return
        name, visit = self._open
        after = _AFTER.fullmatch(found[0].text)
        if after is None or len(found) < 2:
            self._wrong(found[0], "bad_time", "Inside a visit a line is +MINUTES and a verb; the last one is: end")
            return
        minute = int(after[1])
        if minute < visit.minutes:
            self._wrong(found[0], "time_backwards", f"The line before it is at +{visit.minutes}.")
        if found[1].text not in DEEDS or not DEEDS[found[1].text].of_job:
            known = [verb for verb, deed in DEEDS.items() if deed.of_job]
            self._wrong(found[1], "unknown_verb", f"A visit is made of: {', '.join(known)}.")
            return
        for word in found[2:]:
            for unknown in set(_PARAMETER.findall(word.text)) - set(visit.parameters):
                self._wrong(word, "unknown_name", f"Visit {name.text} is not told {unknown}.")
        visit.body.append((minute, found[1:]))

    def finish(self) -> None:
        """The file ends here."""
        if self._open is not None:
            self._wrong(self._open[0], "unfinished_visit", "This visit has no line that says end.")

    def minutes(self, name: str) -> int:
        """How long a visit takes."""
        return self._known[name].minutes

    def written_out(self, name: Word, values: list[Word]) -> list[tuple[int, list[Word]]]:
        """The lines of a visit called with these values; what does not fit is wrong where it is called."""
        visit = self._known[name.text]
        if len(values) != len(visit.parameters):
            told = " ".join(visit.parameters) or "nothing more"
            self._wrong(name, "missing_argument", f"Behind its job, {name.text} is told: {told}.")
            return []
        meaning = {parameter: word.text for parameter, word in zip(visit.parameters, values, strict=True)}
        return [(after, _said(line, meaning, name)) for after, line in visit.body]


def _said(line: list[Word], meaning: dict[str, str], at: Word) -> list[Word]:
    """A line with its $names replaced. It then stands where the visit is called: so do its mistakes."""
    if not any("$" in word.text for word in line):
        return line
    texts = [_PARAMETER.sub(lambda found: meaning.get(found[0], found[0]), word.text) for word in line]
    return [Word(text, at.line, at.column, word.quoted) for text, word in zip(texts, line, strict=True)]
