"""Mistakes in the shared language: bytes, signatures, tree, chain, and what a device believes of a receipt."""

from tests.system.mutant import Edit, Mutant

CBOR = "protocol/jobseal/cbor.py"
COSE = "protocol/jobseal/cose.py"
MERKLE = "protocol/jobseal/merkle.py"
CHAIN = "protocol/jobseal/chain.py"
UPLINK = "protocol/jobseal/uplink.py"
OFFICE = "protocol/jobseal/office.py"
RESTART = "protocol/jobseal/restart.py"


def _mutant(name: str, file: str, before: str, after: str, shown_by: str, *caught_by: str) -> Mutant:
    edit: Edit = (file, before, after)
    return Mutant(name, (edit,), shown_by, caught_by or ("vector",))


MUTANTS = (
    # Bytes
    _mutant(
        "duplicate_keys_accepted", CBOR, "        if encoded == previous:\n", "        if False:\n", "contract.cbor"
    ),
    _mutant("unsorted_keys_accepted", CBOR, "        if encoded < previous:\n", "        if False:\n", "contract.cbor"),
    _mutant("trailing_bytes_accepted", CBOR, "    if pos != len(data):\n", "    if False:\n", "contract.cbor"),
    _mutant("long_integers_accepted", CBOR, "    if n < 1 << (4 * width):\n", "    if False:\n", "contract.cbor"),
    _mutant(
        "bad_utf8_replaced",
        CBOR,
        'return chunk.decode("utf-8"), end',
        'return chunk.decode("utf-8", "replace"), end',
        "contract.cbor",
    ),
    _mutant(
        "depth_unbounded",
        CBOR,
        '    if depth == 0:\n        raise Malformed("cbor_depth"',
        '    if False:\n        raise Malformed("cbor_depth"',
        "contract.cbor",
    ),
    _mutant(
        "size_uncapped",
        CBOR,
        "    if len(data) > max_bytes:\n",
        "    if False:\n",
        "contract.cbor",
    ),
    # Signatures
    _mutant(
        "domain_ignored", COSE, "    aad = domain.encode()\n", '    aad = b"jobseal/1/event"\n', "contract.receipt"
    ),
    _mutant("high_s_accepted", COSE, "0 < s <= _P256_HALF_ORDER", "0 < s < P256_ORDER", "contract.cose"),
    _mutant(
        "kid_from_unprotected",
        COSE,
        "    size = len(data)\n",
        '    if data[16:19] == b"\\xa1\\x04\\x48":\n'
        '        moved = parse(data[:16] + b"\\xa0" + data[27:], max_bytes)\n'
        "        moved.kid = data[19:27]\n"
        "        return moved\n"
        "    size = len(data)\n",
        "contract.cose",
    ),
    _mutant(
        "algorithm_believed",
        COSE,
        "    if envelope.alg != key.alg or envelope.kid != key.kid:\n",
        "    if envelope.kid != key.kid:\n",
        "contract.cose",
    ),
    _mutant("kid_unchecked", COSE, " or envelope.kid != key.kid:\n", ":\n", "contract.cose"),
    _mutant(
        "weak_key_enrolled",
        "protocol/jobseal/enrolment.py",
        "        edwards.check_public_key(key.x)\n",
        "        pass\n",
        "contract.key",
    ),
    _mutant(
        "mixed_order_enrolled",
        "protocol/jobseal/edwards.py",
        "    if not _is_identity(_multiply(ORDER, point)):\n",
        "    if False:\n",
        "contract.key",
    ),
    _mutant(
        "office_restarts_log",
        OFFICE,
        "    if statement.kind == RESTART:\n        raise",
        "    if False:\n        raise",
        "contract.office",
    ),
    # The tree
    _mutant(
        "hash_length_unchecked",
        MERKLE,
        "isinstance(value, bytes) and len(value) == HASH_BYTES",
        "isinstance(value, bytes)",
        "belief.hashes",
        "hash_length",
    ),
    _mutant(
        "leaf_is_node",
        MERKLE,
        '    return hashlib.sha256(b"\\x00" + data).digest()',
        '    return hashlib.sha256(b"\\x01" + data).digest()',
        "contract.merkle",
    ),
    _mutant(
        "inclusion_proof_cut",
        MERKLE,
        "    return last == 0 and result == root_hash\n",
        "    return result == root_hash\n",
        "belief.hashes",
        "size_unbound",
    ),
    _mutant(
        "consistency_of_new_root_alone",
        MERKLE,
        "    return last == 0 and old_result == old_root and new_result == new_root\n",
        "    return last == 0 and new_result == new_root\n",
        "belief.rewritten",
        "log_rewritten",
    ),
    _mutant(
        "same_size_other_root",
        MERKLE,
        "        return not proof and old_root == new_root\n",
        "        return not proof\n",
        "belief.rewritten",
        "log_rewritten",
    ),
    # The chain
    _mutant(
        "early_event_appended",
        CHAIN,
        "            if branch.next == seq and branch.head == prev:\n",
        "            if branch.next <= seq and branch.head == prev:\n",
        "ledger.unlinked",
        "chain_broken",
    ),
    _mutant(
        "second_content_is_duplicate",
        CHAIN,
        "            if known.hash == signed.hash or known.payload",
        "            if True or known.payload",
        "contract.chain",
    ),
    _mutant(
        "later_range_lost",
        CHAIN,
        "        if first <= last < event.seq:",
        "        if first <= last:",
        "contract.chain",
    ),
    _mutant(
        "close_digest_unchecked",
        "protocol/jobseal/completeness.py",
        "last.close == expected and",
        "last.close[0] == expected[0] and",
        "belief.closes",
        "close_unchecked",
    ),
    _mutant(
        "uptime_across_boots",
        "protocol/jobseal/interval.py",
        " if first.boot == second.boot else 0\n",
        "\n",
        "belief.intervals",
        "interval_wrong",
    ),
    _mutant(
        "wall_clock_measures",
        "protocol/jobseal/measure.py",
        "    if same_boot and elapsed >= 0 and not moved:\n",
        "    if start.at is None and same_boot and not moved:\n",
        "contract.job",
    ),
    # What a device believes
    _mutant(
        "consistency_unchecked",
        UPLINK,
        "        if known is not None and not consistent(known, newest, signed.proof):\n",
        "        if False:\n",
        "belief.rewritten",
        "log_rewritten",
    ),
    _mutant(
        "receipt_unverified",
        UPLINK,
        "        signed = receipt.verify(data, self.identity.authority.log, self._verifier)\n",
        "        from jobseal import cose\n"
        "        signed = receipt.Receipt.decode(cose.parse(data, 1 << 20).payload, 1 << 20)\n",
        "belief.receipts",
        "forged_receipt",
    ),
    _mutant(
        "receipt_of_another_key",
        UPLINK,
        "if signed.key != self.identity.thumbprint or signed.session",
        "if signed.session",
        "belief.receipts",
        "foreign_receipt",
    ),
    _mutant(
        "receipt_of_another_session",
        UPLINK,
        " or signed.session != self.session:\n            return []  # for",
        ":\n            return []  # for",
        "belief.receipts",
        "foreign_receipt",
    ),
    _mutant(
        "receipt_head_unchecked",
        UPLINK,
        " or not (is_ours or self._is_announced(signed)):\n",
        ":\n",
        "belief.receipts",
        "other_history",
    ),
    _mutant(
        "superseded_ignored",
        UPLINK,
        "        if signed.superseded and last > newest:\n",
        "        if False:\n",
        "belief.set_back",
        "set_back_undetected",
    ),
    # A restarted log
    _mutant(
        "restart_unsigned",
        RESTART,
        "        act = declared(data, authority.reigns, verifier)\n",
        "        act = office.read(data)\n",
        "contract.uplink",
    ),
    _mutant(
        "restart_size_and_root_unchecked",
        RESTART,
        " or not shows(act, data, path, newest):\n",
        ":\n",
        "contract.uplink",
    ),
    _mutant(
        "restart_root_unchecked",
        RESTART,
        '    return bool(merkle.root_before(body["size"], newest.size, path) == body["root"])\n',
        "    return True\n",
        "contract.uplink",
    ),
    _mutant(
        "restart_of_any_log_followed",
        RESTART,
        ' or said.get("earlier_log") not in known:\n',
        ":\n",
        "contract.uplink",
    ),
    _mutant(
        "restarted_past_unchecked",
        UPLINK,
        "        if proven is not None and not merkle.verify_consistency(\n",
        "        if proven is None and not merkle.verify_consistency(\n",
        "contract.uplink",
    ),
    _mutant(
        "acknowledged_over_a_restart",
        UPLINK,
        "signed, None, 0, None, 0\n",
        "signed, state.receipt, state.next, state.head, 0\n",
        "contract.uplink",
    ),
    Mutant(
        "puback_trusted",
        (
            (
                UPLINK,
                "        batch = self._source.events(self.cursor, BATCH_MAX_EVENTS, room)\n",
                "        batch = self._source.events(self.cursor, BATCH_MAX_EVENTS, room)\n"
                "        self.cursor += len(batch)\n",
            ),
            (UPLINK, "        self.cursor = signed.next\n", "        self.cursor = max(self.cursor, signed.next)\n"),
        ),
        "belief.sent",
        ("unreceipted_believed",),
    ),
)
