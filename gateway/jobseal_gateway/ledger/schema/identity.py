"""Decisions about who may connect: invitations, what was asked with them, what was decided, and link certificates.

A token is kept as its hash. A request and a certificate are kept as their bytes, so that whoever asks again is given
what was given before.
"""

from sqlalchemy import ForeignKey, Index, UniqueConstraint

from jobseal_gateway.ledger.schema.columns import (
    DECISION,
    number,
    octets,
    row_number,
    table,
    text,
    text_or_null,
)

# technicians is one to a line; approved_by is who approved in advance whatever comes with the token, or null.
invitations = table(
    DECISION,
    "invitations",
    row_number(),
    octets("token_hash"),
    text("device"),
    text("label"),
    text("technicians"),
    number("made_ms"),
    text("made_by"),
    number("expires_ms"),
    text_or_null("approved_by"),
    UniqueConstraint("token_hash"),
)

# An invitation takes one request. source is where it came from, in the words of the network.
enrolment_requests = table(
    DECISION,
    "enrolment_requests",
    row_number(),
    number("invitation_id", ForeignKey("invitations.id")),
    octets("bytes"),
    octets("nonce"),
    text("source"),
    number("at_ms"),
    UniqueConstraint("invitation_id"),
)

enrolment_verdicts = table(
    DECISION,
    "enrolment_verdicts",
    number("request_id", ForeignKey("enrolment_requests.id")),
    text("verdict"),  # approved or denied
    text("person"),
    number("at_ms"),
    UniqueConstraint("request_id"),
)

# asked is the SHA-256 of the request or renewal that it answers; serial is hex, longer than a number here may be.
link_certificates = table(
    DECISION,
    "link_certificates",
    row_number(),
    text("serial"),
    text("device"),
    number("key_id", ForeignKey("keys.id")),
    octets("asked"),
    octets("bytes"),
    number("issued_ms"),
    number("ends_ms"),
    UniqueConstraint("serial"),
    UniqueConstraint("asked"),
    Index(None, "device"),
)

link_revocations = table(
    DECISION,
    "link_revocations",
    row_number(),
    number("certificate_id", ForeignKey("link_certificates.id")),
    text("reason"),
    number("at_ms"),
    UniqueConstraint("certificate_id"),
)
