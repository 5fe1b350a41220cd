"""Evidence: what handhelds signed, what the office logged, and the log over both.

``leaves`` is the hot table and holds one row a statement, whatever its type: one row an event is what keeps
ingest cheap, and every reader of a statement wants the same columns. It has no foreign keys (each would cost a
look-up a row; the writer makes or reads the referred rows in the same transaction) and no index on a hash
(random keys touch a new page a row). ``branches`` give the rows of a key: one branch, until a fork.
"""

from sqlalchemy import CheckConstraint, ForeignKey, Index, PrimaryKeyConstraint, UniqueConstraint

from jobseal_gateway.ledger.schema.columns import (
    EVIDENCE,
    number,
    number_key,
    number_or_null,
    octets,
    octets_or_null,
    row_number,
    table,
    text,
    text_or_null,
)

jobs = table(EVIDENCE, "jobs", row_number(), text("work_order"), UniqueConstraint("work_order"))

# status is active, suspended, revoked or rotated, as the leaf at status_leaf says; trusted_seq is the last seq
# that a revocation for compromise still trusts.
keys = table(
    EVIDENCE,
    "keys",
    row_number(),
    octets("thumbprint"),
    octets("kid"),
    octets("cose_key"),
    text("device"),
    number("enrolment_leaf"),
    octets("enrolment_hash"),
    text("status"),
    number("status_leaf"),
    number_or_null("trusted_seq"),
    UniqueConstraint("thumbprint"),
    UniqueConstraint("kid"),
    Index(None, "device"),
)

# A branch holds the seqs from fork_seq up to, not including, next_seq; what came before a fork is its parent's.
branches = table(
    EVIDENCE,
    "branches",
    row_number(),
    number("key_id", ForeignKey("keys.id")),
    number_or_null("parent_id", ForeignKey("branches.id")),
    number("fork_seq"),
    number("next_seq"),
    octets("head_hash"),
    text("standing"),  # canonical, forked or adopted
    Index(None, "key_id"),
)

# The statement's bytes are null only after their erasure; hash is the SHA-256 of the complete bytes.
leaves = table(
    EVIDENCE,
    "leaves",
    number_key("idx"),
    number("type"),  # leaves.EVENT, OFFICE or HOLE
    octets("hash"),
    number("logged_ms"),
    number_or_null("key_id"),
    number_or_null("branch_id"),
    number_or_null("seq"),
    number_or_null("job_id"),
    octets_or_null("bytes"),
    UniqueConstraint("branch_id", "seq"),
    Index(None, "job_id", "idx"),
)

office = table(
    EVIDENCE,
    "office",
    number_key("leaf"),
    text("kind"),
    text_or_null("subject"),  # what it is about: a device, a work order, a record
    Index(None, "kind", "leaf"),
)

holes = table(
    EVIDENCE,
    "holes",
    number_key("leaf"),
    number("key_id", ForeignKey("keys.id")),
    number("branch_id", ForeignKey("branches.id")),
    number("first_seq"),
    number("last_seq"),
    Index(None, "branch_id", "first_seq"),
)

# What ingest knew of a slot when it settled it, beside the event if there is one (a refused slot has none).
verdicts = table(
    EVIDENCE,
    "verdicts",
    number("branch_id", ForeignKey("branches.id")),
    number("seq"),
    text("code"),
    PrimaryKeyConstraint("branch_id", "seq", "code"),
)

# Slots settled by bytes whose signature does not verify: only their hash, which the event after them names.
refused_slots = table(
    EVIDENCE,
    "refused_slots",
    number("branch_id", ForeignKey("branches.id")),
    number("seq"),
    octets("hash"),
    PrimaryKeyConstraint("branch_id", "seq"),
)

# Refused bytes, one right after the other, that no valid event has named yet: they stand behind what hashes to base,
# from first_seq up to, not including, next_seq, and last_hash is that of the last of them. A few for each key.
refused_runs = table(
    EVIDENCE,
    "refused_runs",
    row_number(),
    number("key_id", ForeignKey("keys.id")),
    octets("base"),
    number("first_seq"),
    number("next_seq"),
    octets("last_hash"),
    Index(None, "key_id"),
)

# Size counts the salt and the bytes, as they travel and are stored.
objects = table(
    EVIDENCE,
    "objects",
    row_number(),
    octets("digest"),
    number("size"),
    text("media_type"),
    number("received"),  # bytes kept so far: the offset that is wanted next
    text("state"),  # wanted, stored or erased
    UniqueConstraint("digest"),
)

object_refs = table(
    EVIDENCE,
    "object_refs",
    number("object_id", ForeignKey("objects.id")),
    number("leaf"),
    number("key_id", ForeignKey("keys.id")),
    PrimaryKeyConstraint("object_id", "leaf"),
    Index(None, "leaf"),
)

object_chunks = table(
    EVIDENCE,
    "object_chunks",
    number("object_id", ForeignKey("objects.id")),
    number("position"),
    octets("bytes"),
    PrimaryKeyConstraint("object_id", "position"),
)

quarantine = table(
    EVIDENCE,
    "quarantine",
    row_number(),
    text("link"),
    number("received_ms"),
    text("code"),
    octets("bytes"),
    Index(None, "link", "id"),
)

# Per link identity and UTC day: what was kept, and what beyond the bounds was only counted.
quarantine_days = table(
    EVIDENCE,
    "quarantine_days",
    text("link"),
    number("day"),
    number("kept_items"),
    number("kept_bytes"),
    number("dropped_items"),
    number("dropped_bytes"),
    PrimaryKeyConstraint("link", "day"),
)

# Roots of complete tiles, by level of the tree: one at level 8 covers 256 leaves, at level 16 65,536, and so on.
log_tiles = table(
    EVIDENCE,
    "log_tiles",
    number("level"),
    number("idx"),
    octets("hash"),
    PrimaryKeyConstraint("level", "idx"),
)

# One row. Whoever appends to the log locks it first; checkpoint_ms never decreases.
log_head = table(
    EVIDENCE,
    "log_head",
    number_key("id"),
    number("size"),
    octets("frontier"),
    octets_or_null("checkpoint"),
    number("checkpoint_ms"),
    CheckConstraint("id = 1", name="one_row"),
)

# Every checkpoint that left the house: an event names one by its digest.
checkpoints = table(
    EVIDENCE,
    "checkpoints",
    row_number(),
    number("size"),
    number("at_ms"),
    octets("digest"),
    octets("bytes"),
    UniqueConstraint("digest"),
    Index(None, "size"),
)
