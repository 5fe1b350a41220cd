"""What several want to have written at one moment, and share a transaction for."""

import threading
from collections.abc import Sequence
from pathlib import Path

from jobseal_gateway.group_commit import GroupCommit
from tests.servers import eventually
from tests.system.sentinels import Found

NEIGHBOURS = ("good", "bad", "fine")


def together(_: Path) -> Found:
    """``neighbour_refused``: one of a group fails, and another one of it gets nothing."""
    first, go_on = threading.Event(), threading.Event()

    def write(wanted: Sequence[str]) -> list[str]:
        if not first.is_set():
            first.set()
            go_on.wait(10)
        if "bad" in wanted:
            raise ValueError("bad")
        return list(wanted)

    commits, got = GroupCommit(write, len(NEIGHBOURS)), list[str]()

    def ask(wanted: str) -> None:
        try:
            got.append(commits.do(wanted))
        except ValueError:
            got.append("refused")

    threads = [threading.Thread(target=ask, args=(name,)) for name in ("earlier", *NEIGHBOURS)]
    threads[0].start()
    first.wait(10)
    for thread in threads[1:]:
        thread.start()
    eventually(lambda: len(commits._waiting) == len(NEIGHBOURS))
    go_on.set()
    for thread in threads:
        thread.join()
    if sorted(got) != ["earlier", "fine", "good", "refused"]:
        yield "neighbour_refused", f"beside one that fails, others get {got}"


SENTINELS = {"together": together}
