"""Mistakes with a handheld's line at the gateway: refused runs, holes of one branch, events that follow nothing."""

from tests.system.mutant import Mutant

INGEST = "gateway/jobseal_gateway/ingest"
PLACING = f"{INGEST}/placing.py"
UPLINK = "protocol/jobseal/uplink.py"


def _mutant(name: str, file: str, before: str, after: str, shown_by: str, *caught_by: str) -> Mutant:
    return Mutant(name, ((file, before, after),), shown_by, caught_by)


MUTANTS = (
    _mutant(
        "refused_run_forgotten", f"{INGEST}/settling.py",
        "                refused_runs.keep(self.end.connection, step)\n", "                pass\n",
        "lines.runs", "converges",
    ),
    _mutant(
        "resume_ignored", UPLINK,
        "            self.cursor = signed.resume  #", "            self.cursor = signed.next  #",
        "lines.runs", "converges",
    ),
    _mutant(
        "refused_run_settled_by_anything", f"{INGEST}/line.py",
        "        return last == signed.event.prev\n", "        return last != b\"\"\n",
        "lines.kept_back", "slot_given_away",
    ),
    _mutant(
        "refused_slot_forgotten", f"{INGEST}/key_chain.py", "        if payload is None:  #", "        if False:  #",
        "lines.again", "converges",
    ),
    _mutant(
        "hole_of_the_canonical_branch", PLACING,
        "            self._chain.skip(first, last, number)\n", "            self._chain.skip(first, last)\n",
        "lines.holes", "converges", "honest_delayed",
    ),
    _mutant(
        "hole_ahead_of_its_turn", PLACING,
        "        if position is not None and not first <= position.next <= last:\n", "        if False:\n",
        "lines.holes", "converges", "honest_delayed",
    ),
    _mutant(
        "astray_waits_for_ever", PLACING,
        "        elif placement.verdict == UNLINKED and line.place == signed.event.seq and not line.refused:\n",
        "        elif False:\n",
        "lines.astray", "converges",
    ),
    _mutant(
        "unreadable_believed_unasked", UPLINK,
        "        is_ours = own == signed.head or (own is None and (",
        "        is_ours = own == signed.head or (own is None or (",
        "contract.uplink", "vector",
    ),
    _mutant(
        "receipt_leaves_pause", UPLINK,
        "        self._paused_until = 0  # whoever answers is not overloaded\n", "",
        "contract.uplink", "vector",
    ),
    _mutant(
        "all_come_back_as_one", UPLINK,
        "now + self._jittered(refusal.retry_after * 1000)", "now + refusal.retry_after * 1000",
        "contract.uplink", "vector",
    ),
)  # fmt: skip
