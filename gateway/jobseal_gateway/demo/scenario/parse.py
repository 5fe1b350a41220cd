"""A scenario file to a scenario, or to every mistake in it."""

from collections.abc import Callable, Iterable

from jobseal_gateway.demo.scenario.cast import Cast
from jobseal_gateway.demo.scenario.script import TIME, Script
from jobseal_gateway.demo.scenario.step import Scenario
from jobseal_gateway.demo.scenario.visits import Visits
from jobseal_gateway.demo.scenario.words import Word, words
from jobseal_gateway.problem import Problem, in_order
from jobseal_gateway.source.text import decode


def parse(data: bytes, file: str, orders: Iterable[str]) -> tuple[Scenario | None, list[Problem]]:
    """The scenario in ``data``, or None and every mistake. ``file`` is its name in sentences, ``orders`` the ids of
    the work orders that there are."""
    text, problems = decode(data, file)

    def wrong(word: Word, code: str, sentence: str) -> None:
        problems.append(Problem(file, word.line, word.column, code, sentence, word.text))

    cast, visits = Cast(orders, wrong), Visits(wrong)
    script = Script(cast, visits, wrong)
    definitions: dict[str, Callable[[list[Word]], None]] = {
        "day": cast.take_day,
        "handheld": cast.take_handheld,
        "clone": cast.take_clone,
        "unplanned": cast.take_unplanned,
        "visit": visits.begin,
    }
    for number, line in enumerate(text.splitlines(), 1):
        found, stray = words(line, number)
        if stray is not None:
            wrong(stray, "unterminated_quote", "This quote is never closed.")
        elif not found:
            continue
        elif visits.is_open:
            visits.take(found)
        elif found[0].text in definitions:
            definitions[found[0].text](found)
        elif TIME.fullmatch(found[0].text):
            script.take(found)
        else:
            wrong(found[0], *_misplaced(found[0].text, definitions))
    visits.finish()
    script.finish()
    if not cast.day_is_told:
        sentence = "A scenario needs a line such as: day 2026-03-05 Europe/Vienna pace 700"
        problems.append(Problem(file, None, None, "missing_day", sentence))
    if problems or cast.day is None:
        return None, in_order(problems)
    steps = tuple(sorted(script.steps, key=lambda step: step.minute))
    return Scenario(cast.day, cast.handhelds, cast.clones, tuple(cast.unplanned), steps), []


def _misplaced(text: str, definitions: Iterable[str]) -> tuple[str, str]:
    if text[:1].isdigit():
        return "bad_time", "A time is written HH:MM, from 00:00 to 23:59."
    return "unknown_word", f"A line begins with a time, or with one of: {', '.join(definitions)}."
