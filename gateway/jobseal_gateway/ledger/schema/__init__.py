"""Every table, grouped by how its rows came to be: ``evidence``, ``decisions``, ``projections``.
``access``, ``users`` and ``people`` hold decisions too: about who may call, sign in, and log in on handhelds.

Each table's ``info["kind"]`` names its group, so that dropping what can be rebuilt is a loop, not a list.
"""

from jobseal_gateway.ledger.schema.access import api_token_ends, api_tokens, audit
from jobseal_gateway.ledger.schema.columns import DECISION, EVIDENCE, PROJECTION, metadata
from jobseal_gateway.ledger.schema.decisions import (
    acknowledgements,
    assignments,
    documents,
    feed,
    feed_head,
    imports,
    overrides,
    price_lists,
    record_statuses,
    released_records,
    snapshots,
    technicians,
    work_orders,
)
from jobseal_gateway.ledger.schema.evidence import (
    branches,
    checkpoints,
    holes,
    jobs,
    keys,
    leaves,
    log_head,
    log_tiles,
    object_chunks,
    object_refs,
    objects,
    office,
    quarantine,
    quarantine_days,
    refused_slots,
    verdicts,
)
from jobseal_gateway.ledger.schema.identity import (
    enrolment_requests,
    enrolment_verdicts,
    invitations,
    link_certificates,
    link_revocations,
)
from jobseal_gateway.ledger.schema.people import people
from jobseal_gateway.ledger.schema.projections import cards, dirty_jobs, exceptions, ratings
from jobseal_gateway.ledger.schema.users import users, web_sessions, wrong_passwords

__all__ = [
    "DECISION",
    "EVIDENCE",
    "PROJECTION",
    "acknowledgements",
    "api_token_ends",
    "api_tokens",
    "assignments",
    "audit",
    "branches",
    "cards",
    "checkpoints",
    "dirty_jobs",
    "documents",
    "enrolment_requests",
    "enrolment_verdicts",
    "exceptions",
    "feed",
    "feed_head",
    "holes",
    "imports",
    "invitations",
    "jobs",
    "keys",
    "leaves",
    "link_certificates",
    "link_revocations",
    "log_head",
    "log_tiles",
    "metadata",
    "object_chunks",
    "object_refs",
    "objects",
    "office",
    "overrides",
    "people",
    "price_lists",
    "quarantine",
    "quarantine_days",
    "ratings",
    "record_statuses",
    "refused_slots",
    "released_records",
    "snapshots",
    "technicians",
    "users",
    "verdicts",
    "web_sessions",
    "work_orders",
    "wrong_passwords",
]
