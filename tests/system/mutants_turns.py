"""Mistakes that show only while things go wrong around a key: as it gives way, is revoked, or is enrolled."""

from tests.system.mutant import SIMULATION, Mutant

DEVICE = "device/jobseal_device"
GATEWAY = "gateway/jobseal_gateway"


def _mutant(
    name: str, file: str, before: str, after: str, caught_by: tuple[str, ...], wanted: tuple[str, ...], seed: int = 0
) -> Mutant:
    return Mutant(name, ((file, before, after),), SIMULATION, caught_by, wanted, seed)


MUTANTS = (
    _mutant(
        "ended_journals_head_unsynced",
        f"{DEVICE}/capture.py",
        "        self.journal.seal()\n",
        "",
        ("converges", "committed_lost"),
        ("rotation", "power_cut", "device_kill"),
        22,
    ),
    _mutant(
        "losses_unsaid_at_the_end",
        f"{DEVICE}/capture.py",
        "        self._losses.look_again()  # what this key does not say of them, no other can\n",
        "",
        ("converges", "committed_lost"),
        ("rotation", "distrust", "power_cut"),
        242,
    ),
    _mutant(
        "revoked_key_goes_on",
        f"{GATEWAY}/ingest/settling.py",
        "        if keyed.enrolled.status == keys.REVOKED or ",
        "        if ",
        ("revoked_unsaid",),
        ("revocation",),
    ),
    _mutant(
        "another_takes_the_code",
        f"{GATEWAY}/admission.py",
        "    if asked.data != data:\n",
        "    if False:\n",
        ("code_used_twice",),
        ("enrolment",),
    ),
    _mutant(
        "other_digits_when_asked_again",
        f"{GATEWAY}/admission.py",
        "        return Waiting(nonce=asked.nonce,",
        "        return Waiting(nonce=secrets.token_bytes(NONCE_BYTES),",
        ("answers_differ",),
        ("enrolment",),
    ),
    _mutant(
        "revoked_from_its_first_event",
        f"{GATEWAY}/office.py",
        "keys.set_status(desk.connection, key.id, keys.REVOKED, act.leaf, last_trusted_seq)",
        "keys.set_status(desk.connection, key.id, keys.REVOKED, act.leaf, -1)",
        ("revoked_unbilled",),
        ("revocation",),
        32,
    ),
    _mutant(
        "another_certificate_when_asked_again",
        f"{GATEWAY}/renewal.py",
        "gateway.now_ms(), hashlib.sha256(data).digest()",
        "gateway.now_ms(), hashlib.sha256(data + gateway.now_ms().to_bytes(8)).digest()",
        ("answers_differ",),
        ("enrolment",),
    ),
)
