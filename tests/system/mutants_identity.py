"""Mistakes about who may come in, and about what is to be known of those who did or tried."""

from tests.system.mutant import Mutant

GATEWAY = "gateway/jobseal_gateway"
PROOF = "protocol/jobseal/proof_fork.py"


def _mutant(name: str, file: str, before: str, after: str, shown_by: str, *caught_by: str) -> Mutant:
    return Mutant(name, ((file, before, after),), shown_by, caught_by)


MUTANTS = (
    _mutant(
        "key_half_checked", "protocol/jobseal/host/curve.py",
        '    return product == u.to_bytes(_BYTES, "little")\n', "    return True\n",
        "intruders.weak_keys", "weak_key_taken",
    ),
    _mutant(
        "server_unproven", "device/jobseal_device/door.py", "        if why:\n", "        if False:\n",
        "intruders.gateways", "other_server_believed",
    ),
    _mutant(
        "server_of_any_date", "device/jobseal_device/door.py",
        "if ended.timestamp() * 1000 < now_ms else", "if False else",
        "intruders.gateways", "other_server_believed",
    ),
    _mutant(
        "every_refusal_a_line", f"{GATEWAY}/tally.py", "        elif len(self._kinds) < self._most:\n",
        "        elif True:\n", "intruders.refusals", "refusals_unbounded",
    ),
    _mutant(
        "refusals_in_one_endless_file", f"{GATEWAY}/security_log.py",
        "self._path.stat().st_size + len(data) > self._most_bytes", "False",
        "intruders.refusals", "refusals_unbounded",
    ),
    _mutant(
        "counts_lost_at_a_stop", f"{GATEWAY}/security_log.py",
        "        for line in security.close():\n", "        for line in ():\n",
        "intruders.refusals", "refusal_unsaid",
    ),
    _mutant(
        "foreign_subscription_unsaid", f"{GATEWAY}/broker_lines.py",
        "            allowed = _MAY_HEAR\n", "            allowed = (topic,)\n",
        "intruders.refusals", "refusal_unsaid",
    ),
    _mutant(
        "refused_message_unsaid", f"{GATEWAY}/broker_lines.py",
        '            return [Refused(found[1], "topic_refused", f"sends to {found[2]}")]\n', "            return []\n",
        "intruders.refusals", "refusal_unsaid",
    ),
    _mutant(
        "doubt_unsaid", f"{GATEWAY}/projector.py",
        "            news += _flag_news(projected, flagged, end.at_ms)\n", "",
        "intruders.doubts", "doubt_unsaid",
    ),
    _mutant(
        "copy_forgiven_for_good", f"{GATEWAY}/ingest/settling.py",
        "            self._go_on(keyed)\n", "            pass\n",
        "intruders.copies", "doubt_unmarked",
    ),
    _mutant(
        "fork_of_two_numbers", PROOF,
        "    if first.key != second.key or first.seq != second.seq:\n", "    if first.key != second.key:\n",
        "contract.fork", "vector",
    ),
    _mutant(
        "fork_not_in_log", PROOF,
        "        proof_log.included(evidence, logged.where, merkle.ENTRY_EVENT, logged.hash, index, proof)\n", "",
        "contract.fork", "vector",
    ),
    _mutant(
        "fork_unsigned", PROOF,
        "    checked(where, cose.verify, signed.envelope, cose.EVENT, enrolled.key, evidence.verifier)\n", "",
        "contract.fork", "vector",
    ),
    _mutant(
        "fork_under_any_root", PROOF, "    if trusted is not None and trusted != root.thumbprint:\n", "    if False:\n",
        "contract.fork", "vector",
    ),
    _mutant(
        "grants_fail_together", f"{GATEWAY}/group_commit.py",
        "            if len(taken) > 1 and not _is_everybodys(error):\n", "            if False:\n",
        "commits.together", "neighbour_refused",
    ),
)  # fmt: skip
