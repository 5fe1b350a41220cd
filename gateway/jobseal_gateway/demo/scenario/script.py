"""The script: the lines that begin with a time, as steps."""

import re
from itertools import pairwise
from typing import NamedTuple

from jobseal_gateway.demo.scenario import verbs
from jobseal_gateway.demo.scenario.cast import Cast
from jobseal_gateway.demo.scenario.step import Step, clock_text
from jobseal_gateway.demo.scenario.verbs import Turn
from jobseal_gateway.demo.scenario.visits import Visits
from jobseal_gateway.demo.scenario.words import Word, Wrong

TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
_NAMED = re.compile(r"[a-z][a-z0-9_]*=")
_MINUTES = re.compile(r"-?\d{1,4}")
_DAY_MINUTES = 24 * 60


class _Busy(NamedTuple):
    """A visit of somebody: from and to which minute, and where it is called."""

    start: int
    end: int
    at: Word


class Script:
    """Takes ``TIME ACTOR VERB ...`` lines; ``steps`` in the order of the file."""

    def __init__(self, cast: Cast, visits: Visits, wrong: Wrong) -> None:
        self._cast = cast
        self._visits = visits
        self._wrong = wrong
        self.steps: list[Step] = []
        self._busy: dict[str, list[_Busy]] = {}
        self._latest: dict[str, int] = {}

    def take(self, found: list[Word]) -> None:
        """One line; its first word is a time."""
        if len(found) < 3:
            self._wrong(found[0], "missing_argument", "Behind the time stand who it is and what happens.")
            return
        time, actor, verb = found[0], found[1].text, found[2].text
        if actor not in self._cast.everybody():
            self._cast.unknown(found[1], self._cast.everybody())
            return
        minute = self._minute(time, actor)
        if actor == verbs.BROKER:
            self._turn(minute, actor, found[2:], verbs.BROKER_TURNS)
        elif actor == verbs.STRANGER:
            self._turn(minute, actor, found[2:], verbs.STRANGER_TURNS)
        elif verb in self._visits.names():
            self._visit(minute, actor, found[2:])
        elif verb == verbs.CORRECT:
            self._correction(minute, actor, found[2:])
        elif verb in verbs.DEEDS:
            self._single(minute, actor, found[2:])
        else:
            self._turn(minute, actor, found[2:], verbs.TURNS)

    def finish(self) -> None:
        """The file ends here: nobody can be in two places."""
        for visits in self._busy.values():
            for before, behind in pairwise(visits):
                if behind.start < before.end:
                    sentence = f"The visit of line {before.at.line} goes on until {clock_text(before.end)}."
                    self._wrong(behind.at, "overlapping_visits", sentence)

    def _minute(self, time: Word, actor: str) -> int:
        minute = int(time.text[:2]) * 60 + int(time.text[3:])
        latest = self._latest.get(actor, 0)
        if minute < latest:
            self._wrong(time, "time_backwards", f"{actor} is at {clock_text(latest)} already.")
        self._latest[actor] = max(minute, latest)
        return minute

    def _visit(self, minute: int, actor: str, found: list[Word]) -> None:
        job = self._cast.job(found)
        for after, line in self._visits.written_out(found[0], found[2:]):
            self._deed(minute + after, actor, line, job, line[1:])
        end = minute + self._visits.minutes(found[0].text)
        self._busy.setdefault(actor, []).append(_Busy(minute, end, found[0]))
        if end >= _DAY_MINUTES:
            self._wrong(found[0], "bad_time", "This visit ends after midnight.")

    def _single(self, minute: int, actor: str, found: list[Word]) -> None:
        if verbs.DEEDS[found[0].text].of_job:
            self._deed(minute, actor, found, self._cast.job(found), found[2:])
        else:
            self._deed(minute, actor, found, None, found[1:])

    def _deed(self, minute: int, actor: str, line: list[Word], job: str | None, said: list[Word]) -> None:
        verb = line[0]
        deed = verbs.DEEDS[verb.text]
        fields = {**deed.given, **self._values(deed.words, said)}
        wrong = deed.problem(fields)
        if wrong is not None:
            self._wrong(verb, *wrong)
        self.steps.append(Step(minute, actor, verb.text, job, fields, verb.line))

    def _values(self, names: tuple[str, ...], said: list[Word]) -> dict[str, str]:
        plain = [word for word in said if word.quoted or not _NAMED.match(word.text)]
        for word in plain[len(names) :]:
            self._wrong(word, "extra_argument", f"All that is said here is: {' '.join(names) or 'name=value'}.")
        values = dict(zip(names, (word.text for word in plain), strict=False))
        for word in said:
            if word not in plain:
                name, _, value = word.text.partition("=")
                values[name] = value
        return values

    def _correction(self, minute: int, actor: str, found: list[Word]) -> None:
        """``correct JOB VERB FIRST-WORD name=value ...``"""
        job = self._cast.job(found)
        if len(found) < 3 or found[2].text not in verbs.DEEDS:
            at = found[2] if len(found) > 2 else found[0]
            self._wrong(at, "unknown_verb", f"What is corrected is one of: {', '.join(verbs.DEEDS)}.")
            return
        deed = verbs.DEEDS[found[2].text]
        plain = [word.text for word in found[3:4] if deed.words and not _NAMED.match(word.text)]
        fields = {"reason": "9", **self._values((), found[3 + len(plain) :])}
        replaced = {name: text for name, text in fields.items() if name not in verbs.CORRECTION_FIELDS}
        wrong = deed.misfit(replaced)
        if wrong is not None:
            self._wrong(found[2], *wrong)
        about = (found[2].text, "".join(plain))
        self.steps.append(Step(minute, actor, verbs.CORRECT, job, fields, found[0].line, about))

    def _turn(self, minute: int, actor: str, found: list[Word], turns: dict[str, Turn]) -> None:
        verb, said = found[0], found[1:]
        if verb.text not in turns:
            others = [*verbs.DEEDS, verbs.CORRECT, *self._visits.names()] if turns is verbs.TURNS else []
            self._wrong(verb, "unknown_verb", f"{actor} can: {', '.join([*turns, *others])}.")
            return
        turn = turns[verb.text]
        if len(said) != len(turn.words):
            wanted = " ".join(turn.words) or "nothing more"
            self._wrong(verb, "missing_argument", f"{verb.text} ({turn.meaning}) is told: {wanted}.")
            return
        for name, word in zip(turn.words, said, strict=True):
            self._check_word(name, word, actor)
        fields = {name: word.text for name, word in zip(turn.words, said, strict=True)}
        self.steps.append(Step(minute, actor, verb.text, None, fields, verb.line))

    def _check_word(self, name: str, word: Word, actor: str) -> None:
        if name == "minutes":
            if _MINUTES.fullmatch(word.text) is None:
                self._wrong(word, "bad_value", "Minutes are a whole number, negative for back.")
            return
        known = list(self._cast.handhelds)
        if name == "clone":
            known = [clone for clone, original in self._cast.clones.items() if original == actor]
        if word.text not in known:
            self._cast.unknown(word, known)
