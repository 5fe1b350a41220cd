"""The line of a key's events that a job follows. A chain that forked has several, and only one of them can count: two
events with one number contradict each other.

The first-logged line counts, until an operator adopts another one: that takes the place of its parent from the fork
on, in the jobs that it has events of, and nowhere else.
"""

from collections.abc import Iterable, Sequence

from jobseal_gateway.ledger.branches import ADOPTED, FORKED, Branch
from jobseal_gateway.ledger.leaves import Leaf


def chosen(rows: Sequence[Leaf], branches: Sequence[Branch]) -> Branch:
    """The branch that a job with these events of one key follows. ``branches``: all of the key's, canonical first."""
    here = {row.branch_id for row in rows}
    adopted = [branch for branch in branches if branch.standing == ADOPTED and branch.id in here]
    return adopted[-1] if adopted else branches[0]


def along(rows: Iterable[Leaf], branches: Sequence[Branch], head: Branch) -> list[Leaf]:
    """Those of one key's events that lead to the end of the branch ``head``, in the order of ``rows``."""
    ends = _ends(branches, head)
    return [row for row in rows if row.seq is not None and row.seq < ends.get(row.branch_id, 0)]


def unsettled(rows: Iterable[Leaf], branches: Sequence[Branch], head: Branch) -> list[Branch]:
    """The forks that a person has yet to look at: those not adopted, and an adopted one that ``head`` leaves out of a
    job that it has events of."""
    here = {row.branch_id for row in rows}
    followed = _ends(branches, head)
    return [
        branch
        for branch in branches
        if (branch.standing == FORKED and branch.id not in followed)
        or (branch.standing == ADOPTED and branch.id in here and branch.id not in followed)
    ]


def _ends(branches: Sequence[Branch], head: Branch) -> dict[int | None, int]:
    """Branch -> seq from which on it is left, for each branch on the way to ``head``."""
    by_id = {branch.id: branch for branch in branches}
    ends: dict[int | None, int] = {head.id: head.next_seq}
    branch, end = head, head.next_seq
    while branch.parent_id is not None:
        end = min(end, branch.fork_seq)
        branch = by_id[branch.parent_id]
        ends[branch.id] = end
    return ends
