"""Mistakes at the gateway: what is committed when, who is believed, what is billed, what billing may say."""

from tests.system.mutant import SIMULATION, Mutant

GATEWAY = "gateway/jobseal_gateway"
INGEST = f"{GATEWAY}/ingest"
LEDGER = f"{GATEWAY}/ledger"
LOG = f"{GATEWAY}/log.py"
PROJECTOR = f"{GATEWAY}/projector.py"
RELEASE = f"{GATEWAY}/release.py"
PRICING = f"{GATEWAY}/pricing"
ACKNOWLEDGE = f"{GATEWAY}/acknowledge.py"
CHAIN = "protocol/jobseal/chain.py"


def _mutant(name: str, file: str, before: str, after: str, shown_by: str, *caught_by: str) -> Mutant:
    return Mutant(name, ((file, before, after),), shown_by, caught_by)


COMMITTING = (
    _mutant(
        "synchronous_normal", f"{LEDGER}/database.py", '"synchronous": "FULL"', '"synchronous": "NORMAL"',
        "cuts.ledger", "committed_lost", "acknowledged_missing", "log_rewritten", "commit_unsynced",
    ),
    _mutant(
        "receipt_before_commit", LOG,
        "        with writing(self._engine) as connection:\n            end =",
        "        from contextlib import suppress\n"
        "        from jobseal_gateway.ledger.errors import LedgerUnavailable\n"
        "        with suppress(LedgerUnavailable), writing(self._engine) as connection:\n            end =",
        "ledger.commits", "acknowledged_missing",
    ),
    _mutant(
        "tree_learns_before_commit", LOG,
        "            sealed = Sealed(head.size, self._checkpoint(end, head))\n"
        "        if growth is not None:\n            self._tree.admit(growth)\n",
        "            sealed = Sealed(head.size, self._checkpoint(end, head))\n"
        "            if growth is not None:\n                self._tree.admit(growth)\n",
        "ledger.commits", "log_rewritten",
    ),
    _mutant(
        "cache_kept_after_failed_commit", f"{INGEST}/round.py",
        "        self._chains.forget()\n", "        self._chains.release()\n",
        "ledger.commits", "committed_lost", "converges", "acknowledged_missing",
    ),
    Mutant(
        "log_time_runs_back",
        (
            (LOG, "        self.at_ms = max(now_ms, self.found.checkpoint_ms)\n", "        self.at_ms = now_ms\n"),
            (f"{LEDGER}/log.py", '    .where(log_head.c.checkpoint_ms <= bindparam("new_checkpoint_ms"))\n', ""),
        ),
        "ledger.clocks", ("time_ran_back",),
    ),
    _mutant(
        "logs_without_clock", LOG, "            raise ClockUnsynchronised\n", "            now_ms = 0\n",
        "ledger.clocks", "logged_without_clock",
    ),
    _mutant(
        "proof_without_its_start", f"{GATEWAY}/merkle_log.py",
        "        if first:\n            proof.append(self._range(first, end, new_size))\n", "",
        "ledger.grown", "log_rewritten",
    ),
)  # fmt: skip

BELIEVING = (
    _mutant(
        "memory_only_deduplication", f"{INGEST}/key_chain.py",
        "        for leaf in leaves.of_key(self._view(), self.enrolled.id, first, end):",
        "        for leaf in leaves.of_key(self._view(), self.enrolled.id, first, first):",
        "ledger.resent", "duplicate_row", "honest_fork", "converges",
    ),
    _mutant(
        "prev_unchecked", CHAIN, "            if branch.next == seq and branch.head == prev:\n",
        "            if branch.next == seq:\n", "ledger.unlinked", "chain_broken",
    ),
    _mutant(
        "slot_taken_by_unverified_bytes", CHAIN, "        if not bad or bad[-1][0] != signed.event.prev:\n",
        "        if not bad:\n", "strangers.forged", "slot_given_away", "honest_fork",
    ),
    _mutant(
        "signature_unchecked", f"{INGEST}/placing.py", "                check(self.signed)\n", "                pass\n",
        "strangers.forged", "forged_accepted",
    ),
    _mutant(
        "topic_unchecked", f"{INGEST}/round.py", "        if enrolled.device != device:\n", "        if False:\n",
        "strangers.topics", "foreign_topic",
    ),
    _mutant(
        "quarantine_unbounded", f"{LEDGER}/quarantine.py",
        "        if len(kept) < room_items and len(data) <= room_bytes:\n", "        if True:\n",
        "strangers.floods", "quarantine_unbounded",
    ),
    _mutant(
        "refusals_unbounded", f"{INGEST}/allowance.py",
        "        if self._per_minute == 0 or up_ms < self._next_ms.get(link, up_ms):\n            return False\n",
        "        if self._per_minute == 0:\n            return False\n", "strangers.floods", "refusals_unbounded",
    ),
    _mutant(
        "fork_not_suspended", f"{INGEST}/settling.py",
        "            self._suspend_itself(keyed.enrolled)\n", "            pass\n",
        "strangers.holders", "fork_undetected",
    ),
    _mutant(
        "fork_not_logged", CHAIN, "        return self.verdict in (APPEND, FORK, LATE)\n",
        "        return self.verdict in (APPEND, LATE)\n", "strangers.holders", "fork_undetected",
    ),
    _mutant(
        "late_event_dropped", CHAIN, "        return self.verdict in (APPEND, FORK, LATE)\n",
        "        return self.verdict in (APPEND, FORK)\n", "ledger.holes", "late_event_dropped",
    ),
    _mutant(
        "revocation_ignored", f"{INGEST}/settling.py",
        "        if keyed.enrolled.status == keys.REVOKED or", "        if False and",
        "strangers.revoked", "revoked_unsaid",
    ),
    _mutant(
        "registry_not_refreshed", f"{INGEST}/round.py", "                self._registry.refresh(end.connection)\n", "",
        "strangers.revoked", "revoked_unsaid",
    ),
    _mutant(
        "object_unhashed", f"{INGEST}/objects.py",
        "    if hashlib.sha256(objects.content(connection, grown.id)).digest() != grown.digest:\n", "    if False:\n",
        "strangers.contents", "object_forged",
    ),
)  # fmt: skip

BILLING = (
    _mutant(
        "fork_adopted_silently", f"{GATEWAY}/dossier.py", "        if open_forks:\n", "        if False:\n",
        "billing.holders", "forked_billed",
    ),
    _mutant(
        "revoked_billed", f"{GATEWAY}/projection.py", '    if "key_revoked" in logged.verdicts:\n', "    if False:\n",
        "billing.revoked", "revoked_billed",
    ),
    _mutant(
        "close_ignored", "protocol/jobseal/completeness.py", " if not closing.matches and closing.key not in closed]\n",
        " if closing.key == b'']\n", "billing.closes", "released_open",
    ),
    Mutant(
        "delta_without_adjustment",
        (
            (RELEASE, "    if stands:\n        _take_back", "    if False:\n        _take_back"),
            (PROJECTOR, "        while is_due(projected):", "        if is_due(projected):"),
        ),
        "billing.corrections", ("money_wrong",),
    ),
    Mutant(
        "released_twice",
        (
            (RELEASE, "    if newest.kind == VOID or not same or", "    if True or not same or"),
            (PROJECTOR, "        while is_due(projected):", "        if is_due(projected):"),
        ),
        "billing.corrections", ("released_twice",),
    ),
    _mutant(
        "rejected_taken_back", RELEASE,
        "        if released.revision not in projected.dossier.rejected:\n            record =",
        "        if True:\n            record =",
        "billing.corrections", "money_wrong",
    ),
    _mutant(
        "float_money", f"{PRICING}/decimals.py", "    return EXACT.multiply(first, second)\n",
        "    return Decimal(repr(float(first) * float(second)))\n", "billing.sums", "money_wrong",
    ),
    _mutant(
        "amount_rounded_down", f"{PRICING}/charge.py", "charge.per_unit, rule.places, rule.rounding)",
        'charge.per_unit, rule.places, "down")', "billing.sums", "money_wrong",
    ),
    _mutant(
        "rounded_twice", f"{PRICING}/charge.py",
        "    amount = divide(multiply(charge.billed, charge.rate), charge.per_unit, rule.places, rule.rounding)\n",
        "    hours = divide(charge.billed, charge.per_unit, 2, rule.rounding)\n"
        "    amount = divide(multiply(hours, charge.rate), Decimal(1), rule.places, rule.rounding)\n",
        "billing.days", "money_wrong",
    ),
    _mutant(
        "half_to_even", f"{PRICING}/charge.py", "charge.per_unit, rule.places, rule.rounding)",
        'charge.per_unit, rule.places, "half_even")', "billing.sums", "money_wrong",
    ),
    _mutant(
        "increment_cut_off", f"{PRICING}/charge.py",
        "to_step(charge.billed, increment, charge.rule.increment_rounding)",
        'to_step(charge.billed, increment, "down")', "billing.days", "money_wrong",
    ),
    _mutant(
        "minimum_ignored", f"{PRICING}/charge.py", "(measure, raise_to_minimum, fill_increment, waive)",
        "(measure, fill_increment, waive)", "billing.days", "money_wrong",
    ),
    _mutant(
        "warranty_charged", f"{PRICING}/charge.py", "fill_increment, waive)", "fill_increment)",
        "billing.sums", "warranty_billed",
    ),
    Mutant(
        "changed_jobs_unmarked",
        ((f"{INGEST}/settling.py", "        dirty.mark(connection, self.dirty, self.end.at_ms)\n", ""),),
        SIMULATION, ("unbilled",),
    ),
)  # fmt: skip

CONSUMING = (
    _mutant(
        "statement_not_idempotent", ACKNOWLEDGE,
        "        if (each.status, each.external_number, each.reason) == ", "        if () == ",
        "consumers.statements", "not_idempotent",
    ),
    _mutant(
        "digest_unchecked", ACKNOWLEDGE, "    if said.digest != released.digest:\n", "    if False:\n",
        "consumers.statements", "wrong_digest_taken",
    ),
    _mutant(
        "order_of_statements_unchecked", ACKNOWLEDGE, "    if said.status not in NEXT[present]:\n", "    if False:\n",
        "consumers.statements", "out_of_order_taken",
    ),
    _mutant(
        "superseded_acknowledged", ACKNOWLEDGE, "    if newest is not released:\n", "    if False:\n",
        "consumers.revisions", "stale_acknowledged",
    ),
    _mutant(
        "feed_by_subject", f"{LEDGER}/feed.py", ".order_by(feed.c.position).limit", ".order_by(feed.c.subject).limit",
        "consumers.news", "feed_disordered",
    ),
    _mutant(
        "release_not_told", PROJECTOR, "            news.append(self._release(end, job_id, projected))\n",
        "            self._release(end, job_id, projected)\n", "consumers.news", "news_lost",
    ),
    Mutant(
        "consumer_books_again",
        (
            ("tests/system/consumer.py", "        if digest not in [each.digest for each in known]:\n",
             "        if True:\n"),
        ),
        SIMULATION, ("billed_twice",), ("consumer_kill",),
    ),
    Mutant(
        "consumer_remembers_before_booking",
        (
            ("tests/system/consumer.py", "            for entry in entries:\n",
             "            for entry in entries:\n                self.cursor = entry.position\n"),
            ("tests/system/consumer.py", "        known = [each for each in self.books",
             '        if self._faults.strikes("consumer_kill"):\n            return False\n'
             "        known = [each for each in self.books"),
        ),
        SIMULATION, ("books_differ",), ("consumer_kill",),
    ),
)  # fmt: skip

IN_THE_WHOLE = (
    Mutant(
        "smaller_log_unsaid",
        ((f"{INGEST}/round.py", "        if message.size > self._log_size(message.size):\n", "        if False:\n"),),
        SIMULATION, ("deletion_undetected",), ("gateway_restored",), 3,
    ),
    Mutant(
        "log_alarm_unheard",
        (("protocol/jobseal/uplink.py", '            return [("alarm", "log_inconsistent"',
          '            return [] if known else [("alarm", "log_inconsistent"'),),
        SIMULATION, ("deletion_undetected",), ("log_altered",),
    ),
    Mutant(
        "distrust_unheeded",
        (
            (f"{INGEST}/settling.py", "        if keyed.enrolled.status == keys.REVOKED or", "        if False and"),
            (f"{GATEWAY}/projection.py",
             "    elif trust is not None and trust.suspended is not None and logged.index > trust.suspended:\n",
             "    elif False:\n"),
        ),
        SIMULATION, ("revoked_billed",), ("distrust",), 9,
    ),
    Mutant(
        "object_forgotten_when_sent",
        (("protocol/jobseal/uplink.py", '        return [("send", frame.encode(self._message(what)))]\n',
          "        message = self._message(what)\n"
          '        done = [("stored", [message.digest])] if what == OBJECT else []\n'
          '        return [("send", frame.encode(message)), *done]\n'),),
        SIMULATION, ("object_missing",), ("large_object", "loss"),
    ),
)  # fmt: skip

MUTANTS = (*COMMITTING, *BELIEVING, *BILLING, *CONSUMING, *IN_THE_WHOLE)
