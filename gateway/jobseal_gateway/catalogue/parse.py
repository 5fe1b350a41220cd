"""The files of a catalogue, together, to its entries: what one file names another may define."""

from collections.abc import Sequence

from jobseal_gateway.catalogue import from_csv, from_json
from jobseal_gateway.catalogue.assemble import assemble
from jobseal_gateway.catalogue.entry import Entry
from jobseal_gateway.catalogue.raw import RawEntry
from jobseal_gateway.problem import Problem, in_order
from jobseal_gateway.source.text import decode


def parse(files: Sequence[tuple[str, bytes]]) -> tuple[list[Entry], list[Problem]]:
    """``files``: (name, contents) each; a name that ends in ``.json`` is JSON, any other CSV. The entries and no
    problem, or no entry and every mistake."""
    raws: list[RawEntry] = []
    problems: list[Problem] = []
    for name, data in files:
        text, unreadable = decode(data, name)
        problems += unreadable
        if text:
            rows = from_json.rows if name.lower().endswith(".json") else from_csv.rows
            found, wrong = rows(text, name)
            raws += found
            problems += wrong
        elif not unreadable:
            problems.append(Problem(name, 1, None, "empty_file", "The file is empty."))
    entries, of_entries = assemble(raws)
    problems = in_order(problems + of_entries)
    return ([] if problems else entries), problems
