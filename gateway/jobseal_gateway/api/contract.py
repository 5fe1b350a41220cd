"""The documents of the API, as its OpenAPI contract states them.

Amounts and quantities are decimal text, times Unix milliseconds UTC (``*_ms``), hashes lower-case hex. A field that
is there may be relied on; new ones may come.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Sha256 = Annotated[
    str,
    Field(
        pattern="^[0-9a-f]{64}$",
        examples=["5b0f1c9e0d6a4f6f8e2f5f0a3c0d7b6c1e9a8d7c6b5a49382716050f4e3d2c1b"],
    ),
]
Amount = Annotated[str, Field(pattern=r"^-?[0-9]+(\.[0-9]+)?$", examples=["187.20"])]
Milliseconds = Annotated[int, Field(examples=[1_772_697_600_000])]
RecordId = Annotated[str, Field(examples=["WO-1001~1"])]

_ONE_LINE = r"^[^\x00-\x1f\x7f]*$"

AckStatus = Literal["acknowledged", "rejected", "invoiced", "paid", "overdue"]
RecordStatus = Literal["released", "acknowledged", "rejected", "invoiced", "paid", "overdue"]
Standing = Literal["collecting", "held", "ready", "released"]
Fault = Literal["peer", "ours", "operator"]


class Document(BaseModel):
    """Anything below: what it does not name is not in it."""

    model_config = ConfigDict(extra="forbid")


class Reason(Document):
    """Why something does not work."""

    code: str = Field(examples=["space_low"], description="Stable; programs may match it.")
    sentence: str = Field(description="What happened and what to do, for a person; may change.")
    fault: Fault = Field(description="Whose move it is: the caller's (peer), the gateway's (ours), its operator's.")


class Problem(Reason):
    """An error (RFC 9457). What a particular code adds is in the members that follow ``fault``."""

    type: str = Field(examples=["urn:jobseal:problem:revision_stale"])
    title: str = Field(examples=["Conflict"])
    status: int = Field(examples=[409])
    current: RecordId | None = Field(None, description="revision_stale, revision_mismatch: the record that stands.")
    digest: Sha256 | None = Field(None, description="digest_mismatch: the digest of the record that stands here.")
    present: RecordStatus | None = Field(None, description="status_out_of_order: what became of the record so far.")
    possible: list[AckStatus] | None = Field(None, description="status_out_of_order: what may be said next.")
    last: int | None = Field(None, description="cursor_ahead: the newest position of the feed.")
    reasons: list[Reason] | None = Field(None, description="not_ready: every reason.")
    mistakes: list["Mistake"] | None = Field(None, description="request_invalid: every mistake in the request.")


class Mistake(Document):
    """One thing wrong with a request."""

    place: str = Field(examples=["query.after"])
    sentence: str


class Alive(Document):
    """The process answers."""

    status: Literal["alive"] = "alive"


class Ready(Document):
    """Everything works."""

    status: Literal["ready"] = "ready"


class SigningIn(Document):
    """Who wants to sign in."""

    name: str = Field(max_length=256, examples=["anna"])
    password: str = Field(max_length=1024, json_schema_extra={"format": "password"})


class Session(Document):
    """Who has signed in, and what that opens."""

    name: str = Field(examples=["anna"])
    roles: list[str] = Field(examples=[["viewer", "approver"]])
    scopes: list[str] = Field(examples=[["feed:read", "jobs:read", "records:read"]])
    csrf_token: str = Field(
        description="What a request that changes something shows in the header Jobseal-CSRF-Token beside the cookie."
    )


class SignedOut(Document):
    """The session is over."""

    status: Literal["signed_out"] = "signed_out"


class FeedEvent(Document):
    """One entry of the feed: a CloudEvents 1.0 event in structured form."""

    specversion: Literal["1.0"]
    id: str = Field(examples=["42"], description="Its position in the feed: the cursor to come back with.")
    source: str = Field(
        examples=["urn:jobseal:log:0f1e2d3c4b5a69788796a5b4c3d2e1f0"], description="This gateway, by its log."
    )
    type: str = Field(examples=["record.released"], description="See the feed; more may come.")
    subject: str = Field(examples=["WO-1001"], description="The work order.")
    time: str = Field(examples=["2026-03-05T08:00:00.000Z"], description="When it was said (RFC 3339, UTC).")
    sequence: str = Field(
        examples=["00000000000000000042"], description="The position again, as text that sorts in feed order."
    )
    datacontenttype: Literal["application/json"]
    data: dict[str, Any] = Field(description="By type; byte for byte the same each time it is read.")


class Line(Document):
    """One charge: ``raw`` follows from the signed ``events``, ``billed`` from it by ``steps``, ``amount`` is ``billed``
    times ``rate``, rounded once."""

    number: int = Field(examples=[1])
    kind: str = Field(examples=["labour"])
    code: str = Field(examples=["REPAIR"])
    description: str = Field(examples=["Repair"])
    raw: Amount = Field(examples=["3723000"])
    raw_unit: str = Field(examples=["ms"])
    billed: Amount = Field(examples=["1.25"])
    unit: str = Field(examples=["hour"])
    rate: Amount = Field(examples=["85.00"])
    amount: Amount = Field(examples=["106.25"])
    rule: str = Field(examples=["LABOUR"], description="The rule of the price list.")
    steps: list[str] = Field(examples=[["raw 3723000 ms", "increment 15 min up -> 75 min"]])
    events: list[Sha256] = Field(description="The events behind it, by the SHA-256 of their signed bytes.")


class Close(Document):
    """What proves one handheld's part of the job complete."""

    key: Sha256 = Field(description="Thumbprint of the handheld's signing key.")
    count: int = Field(description="How many of its events the job has.")
    digest: Sha256 = Field(description="Over their ordered hashes.")
    hash: Sha256 = Field(description="The event, or the office's act, that says so.")


class PriceList(Document):
    """Which version of which price list."""

    id: str = Field(examples=["STANDARD"])
    version: str = Field(examples=["2026-1"])
    digest: Sha256


class Override(Document):
    """An exception that a person set aside."""

    code: str = Field(examples=["evidence_missing"])
    act: Sha256 = Field(description="The office's signed act, by its hash.")


class StatusChange(Document):
    """What became of the record, and when."""

    status: RecordStatus
    reason: str | None
    external_number: str | None = Field(description="The billing system's own number.")
    at_ms: Milliseconds


class Flag(Document):
    """Why a released record is in doubt: events that it rests on have an exception since."""

    code: str = Field(examples=["key_revoked"], description="key_revoked or chain_fork; more may come.")
    sentence: str
    events: list[Sha256]


class Record(Document):
    """A released billing record: the signed content, its digest, and what became of it."""

    id: RecordId
    work_order: str = Field(examples=["WO-1001"])
    revision: int = Field(examples=[1])
    kind: Literal["original", "delta", "void"]
    digest: Sha256 = Field(description="SHA-256 of the signed record: what an acknowledgement names.")
    status: RecordStatus
    current: RecordId = Field(description="The newest revision: the only one that may still be acknowledged.")
    supersedes: Sha256 | None = Field(description="Digest of the revision before.")
    customer: str = Field(examples=["C-100"])
    po_number: str | None
    currency: str = Field(examples=["EUR"])
    total: Amount
    job_total: Amount = Field(
        description="What the job costs in all by this record: total without the adjustment. Book the difference to "
        "what you have booked of the work order."
    )
    log: str = Field(
        examples=["0f1e2d3c4b5a69788796a5b4c3d2e1f0"],
        description="The log that it was released in: ids of records are unique within one.",
    )
    lines: list[Line]
    state: str = Field(examples=["signed_off"], description="The job's state at release.")
    price_list: PriceList
    order_revision: int | None
    closes: list[Close]
    overrides: list[Override]
    released_ms: Milliseconds
    released_by: str = Field(examples=["auto"], description="auto, or the person.")
    history: list[StatusChange] = Field(description="Oldest first.")
    flags: list[Flag] = Field(description="Empty while nothing casts doubt on it; never part of what was signed.")


class Acknowledging(Document):
    """What the billing system says of a record."""

    revision: int = Field(ge=0, le=2**53 - 1, examples=[1])
    digest: Sha256 = Field(description="Of the record as the billing system has it.")
    status: AckStatus
    external_number: Annotated[str, Field(max_length=160, pattern=_ONE_LINE)] | None = Field(
        None, examples=["INV-2026-0007"], description="Its own number, if any."
    )
    reason: Annotated[str, Field(max_length=500, pattern=_ONE_LINE)] | None = Field(
        None, examples=[None], description="Why; required for rejected."
    )


class Acknowledged(Document):
    """What was said, and when it was said first: saying it again gives the same answer."""

    record: RecordId
    revision: int = Field(examples=[1])
    digest: Sha256
    status: AckStatus
    external_number: str | None
    reason: str | None
    at_ms: Milliseconds


class Proof(Document):
    """What is known of an event whose digest a customer holds. Times are those of the gateway's clock."""

    kind: str | None = Field(examples=["job.signed_off"], description="What the handheld said; null once it is erased.")
    logged_ms: Milliseconds = Field(description="Since when the log has it.")
    released_ms: Milliseconds | None = Field(description="When a record that covers it was released; null: not yet.")
    superseded: bool = Field(description="The handheld signed more about the job since, or another record followed.")
    log_id: str = Field(examples=["0f1e2d3c4b5a69788796a5b4c3d2e1f0"])
    log_size: int = Field(examples=[1842], description="Entries of the log now.")


class JobRow(Document):
    """One job in a list."""

    id: str = Field(examples=["WO-1001"], description="The work order.")
    state: str = Field(examples=["on_site"], description="Of the job card.")
    standing: Standing = Field(description="How far it is on its way to billing.")
    customer: str | None = Field(examples=["C-100"])
    blocking: list[str] = Field(examples=[["close_missing"]], description="Codes of the exceptions that hold it.")
    currency: str | None = Field(examples=["EUR"])
    total: Amount | None = Field(description="What it would bill now; null while no price list applies.")
    records: list[RecordId] = Field(description="Its released records.")
    flagged: list[RecordId] = Field(description="Those of them that are in doubt: see their flags.")


class JobList(Document):
    """A page of jobs, in the order in which they were first heard of."""

    jobs: list[JobRow]
    next: int | None = Field(examples=[17], description="Ask again with this as ``after``; null on the last page.")


class JobDocument(Document):
    """One job: what happened, and what it would bill."""

    id: str = Field(examples=["WO-1001"])
    state: str
    standing: Standing
    card: dict[str, Any] = Field(description="The job card, folded from the signed events; exceptions included.")
    rating: dict[str, Any] = Field(description="Lines, total, and what holds it.")
    records: list[RecordId]
