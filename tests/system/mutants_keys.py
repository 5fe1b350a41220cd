"""Mistakes where one key gives way to another: a handheld's, or the gateway's root."""

from tests.system.mutant import Mutant

INGEST = "gateway/jobseal_gateway/ingest"
ROTATING = "protocol/jobseal/rotating.py"
ROOT_LINE = "protocol/jobseal/root_line.py"
PARSED = "cose.parse({}, STATEMENT_MAX_BYTES).payload"


def _mutant(name: str, file: str, before: str, after: str, shown_by: str, check: str) -> Mutant:
    return Mutant(name, ((file, before, after),), f"keys.{shown_by}", (check,))


MUTANTS = (
    _mutant(
        "old_key_goes_on",
        f"{INGEST}/settling.py",
        " == keys.REVOKED or _is_over(keyed, entry):",
        " == keys.REVOKED:",
        "endings",
        "old_key_accepted",
    ),
    _mutant(
        "heir_of_a_revoked_key_trusted",
        f"{INGEST}/rotation.py",
        "    if before == keys.REVOKED:\n",
        "    if False:\n",
        "heirs",
        "revoked_inherited",
    ),
    _mutant(
        "heir_of_a_revoked_key_dropped",
        f"{INGEST}/rotation.py",
        "    if keys.by_kid(connection, key.kid) is not None:\n",
        "    if before == keys.REVOKED:\n",
        "heirs",
        "heir_lost",
    ),
    _mutant(
        "heir_of_a_fork_reinstated",
        "gateway/jobseal_gateway/office.py",
        "    if succession.is_aside(connection, key):\n",
        "    if False:\n",
        "heirs",
        "two_heirs",
    ),
    _mutant(
        "two_heirs_of_one_key",
        "gateway/jobseal_gateway/office.py",
        "    other = succession.rival(connection, key) or _active_beside(connection, key)\n",
        "    other = None\n",
        "heirs",
        "two_heirs",
    ),
    _mutant(
        "unknown_turn_waited_for",
        "device/jobseal_device/turns.py",
        " or is_there(turn.passed_over, files)",
        "",
        "turns_left",
        "held_up",
    ),
    _mutant(
        "no_word_of_the_ended_key",
        "device/jobseal_device/rotating.py",
        "        renewing.leave_word(home, signer, files)\n",
        "",
        "words",
        "no_way_back",
    ),
    _mutant(
        "words_of_one_key",
        "device/jobseal_device/renewing.py",
        "        home = home.earlier_turn()\n",
        "        return found\n",
        "words",
        "no_way_back",
    ),
    _mutant(
        "unknown_turn_left_in_silence",
        "device/jobseal_device/passed_over.py",
        "    work.raise_alarm(ALARM, sentence, [])\n",
        "",
        "turns_left",
        "left_in_silence",
    ),
    _mutant(
        "succession_unproven",
        ROTATING,
        "    cose.verify(envelope, cose.SUCCESSION, key, verifier)\n",
        "",
        "endings",
        "stranger_enrolled",
    ),
    _mutant(
        "succession_of_another_key",
        ROTATING,
        "    if said.earlier != earlier or key.thumbprint",
        "    if key.thumbprint",
        "endings",
        "stranger_enrolled",
    ),
    _mutant(
        "heir_of_a_fork_trusted",
        f"{INGEST}/rotation.py",
        "    elif is_suspended:\n",
        "    elif False:\n",
        "endings",
        "fork_inherited",
    ),
    _mutant(
        "assurance_as_claimed",
        f"{INGEST}/rotation.py",
        'max(assurance, was["assurance"], key=ASSURANCE.values.index)',
        "assurance",
        "endings",
        "assurance_raised",
    ),
    _mutant(
        "root_by_the_next_alone",
        ROOT_LINE,
        "cose.open_signed(by_earlier, STATEMENT_MAX_BYTES, cose.ROOT, earlier, verifier)",
        PARSED.format("by_earlier"),
        "roots",
        "root_by_one",
    ),
    _mutant(
        "root_by_the_earlier_alone",
        ROOT_LINE,
        "cose.open_signed(by_next, STATEMENT_MAX_BYTES, cose.ROOT, following, verifier)",
        PARSED.format("by_next"),
        "roots",
        "root_by_one",
    ),
    _mutant(
        "ended_root_declares_restarts",
        "protocol/jobseal/restart.py",
        "    if until is not None and act.at > until:\n",
        "    if False:\n",
        "roots",
        "ended_root_declares",
    ),
    _mutant(
        "restarts_of_the_newest_root_alone",
        "protocol/jobseal/restart.py",
        "        if root.kid == kid:\n",
        "        if False:\n",
        "roots",
        "root_of_the_day_unheard",
    ),
    _mutant(
        "root_of_another_line",
        ROOT_LINE,
        "        if before.thumbprint != earlier.thumbprint or following",
        "        if following",
        "roots",
        "root_line_broken",
    ),
    _mutant(
        "ended_key_opens_again",
        "device/jobseal_device/capture.py",
        "            raise KeyEnded\n",
        "            return\n",
        "handhelds",
        "old_key_signs",
    ),
    _mutant(
        "ended_key_proven",
        "protocol/jobseal/proof_record.py",
        "        if heir.earlier == key and heir.ended_at is not None and",
        "        if False and",
        "proofs",
        "ended_key_proven",
    ),
    _mutant(
        "anybody_takes_a_job_over",
        "protocol/jobseal/proof_events.py",
        "    if heir is not None and heir.earlier != logged.key:\n",
        "    if False:\n",
        "proofs",
        "foreign_heir_proven",
    ),
)
