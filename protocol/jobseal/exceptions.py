"""The exceptions: what a person must look at, by stable code. Who owns it, whether it holds the release, what
resolves it.

An exception is raised by a code and the event behind it; everything else follows from this table.
"""

TECHNICIAN, DISPATCHER, OPERATOR, BILLING, OURS = "technician", "dispatcher", "operator", "billing", "ours"
INFO, WARNING, ERROR = "info", "warning", "error"


class Rule:
    """``owner``: whose move it is; ``blocks``: the record stays held until it is resolved or overridden; ``severity``;
    ``sentence``: what happened; ``resolution``: what makes it go away."""

    __slots__ = ("blocks", "code", "owner", "resolution", "sentence", "severity")

    def __init__(self, code: str, owner: str, blocks: bool, severity: str, sentence: str, resolution: str) -> None:
        self.code = code
        self.owner = owner
        self.blocks = blocks
        self.severity = severity
        self.sentence = sentence
        self.resolution = resolution


class Raised:
    """An exception as raised: ``code``; ``event``: hash of the event it is about, or None; ``detail``: what exactly."""

    __slots__ = ("code", "detail", "event")

    def __init__(self, code: str, event: bytes | None, detail: str = "") -> None:
        self.code = code
        self.event = event
        self.detail = detail


_RULES = (
    Rule(
        "signature_invalid", OPERATOR, False, ERROR,
        "A message carried a signature that does not fit its content.",
        "Find out who sent it; the quarantine keeps a copy. Nothing of it counts.",
    ),
    Rule(
        "signature_unverifiable", OPERATOR, True, ERROR,
        "A signature could not be checked here.",
        "Enrol the key, or add what this installation needs to check its algorithm.",
    ),
    Rule(
        "sequence_gap", OPERATOR, True, ERROR,
        "Events of a handheld are missing from its chain.",
        "Let the handheld sync; write the range off with a reason if it never can.",
    ),
    Rule(
        "chain_fork", OPERATOR, True, ERROR,
        "One key signed two different events with one number: a clone, or a restored backup.",
        "Suspend the key, enrol the handheld again, and adopt the branch that should be billed, or leave it.",
    ),
    Rule(
        "chain_broken", OPERATOR, True, ERROR,
        "A validly signed event does not continue what its handheld had signed before.",
        "Enrol the handheld again; override it with a reason, or leave it out of billing.",
    ),
    Rule(
        "key_revoked", OPERATOR, True, ERROR,
        "The event was logged after its key was revoked, or after the last event trusted of it.",
        "Override it with a reason, or leave it out of billing.",
    ),
    Rule(
        "clock_unset", DISPATCHER, True, WARNING,
        "A time is missing because the handheld's clock had never been set.",
        "Correct the event with the time it happened.",
    ),
    Rule(
        "clock_outside_interval", DISPATCHER, True, WARNING,
        "The claimed time is outside of what the log proves, or runs backwards.",
        "Correct the event's time, or override it with a reason.",
    ),
    Rule(
        "illegal_transition", DISPATCHER, True, WARNING,
        "A step was taken that the job's state does not allow.",
        "Strike the event out if it did not happen, or override it with a reason.",
    ),
    Rule(
        "missing_stop", TECHNICIAN, True, WARNING,
        "A time entry was started and never stopped, so it has no duration.",
        "Stop it and correct the stop's time, or strike the start out.",
    ),
    Rule(
        "overlapping_entries", TECHNICIAN, True, WARNING,
        "One person has two time entries that overlap.",
        "Correct the time of one of them, or strike it out.",
    ),
    Rule(
        "unknown_code", BILLING, True, WARNING,
        "The price list has no rule for this code.",
        "Add the code to the price list, or correct the event.",
    ),
    Rule(
        "unknown_kind", OPERATOR, True, WARNING,
        "The event is of a kind that this version does not know.",
        "Upgrade, or override it with a reason: it is kept, and stays out of billing.",
    ),
    Rule(
        "unknown_job", DISPATCHER, True, WARNING,
        "Work was done on a job that no work order describes.",
        "Import the work order under that number, or correct the job.",
    ),
    Rule(
        "missing_po", BILLING, True, WARNING,
        "The customer requires a purchase order number and the work order has none.",
        "Add the number to the work order.",
    ),
    Rule(
        "missing_contract", BILLING, True, WARNING,
        "There is no contract or price list that was valid for this work.",
        "Add one, or name another in the work order.",
    ),
    Rule(
        "over_budget", BILLING, True, WARNING,
        "The record is above the limit that the work order or contract allows.",
        "Have the limit raised, or override it with a reason.",
    ),
    Rule(
        "evidence_missing", TECHNICIAN, True, WARNING,
        "Evidence that this type of job requires is not there.",
        "Reopen the job and add it, or override it with a reason.",
    ),
    Rule(
        "attachment_missing", TECHNICIAN, True, WARNING,
        "An event names an object that has not arrived yet.",
        "Leave the handheld connected until it is sent.",
    ),
    Rule(
        "attachment_mismatch", OPERATOR, True, ERROR,
        "An object arrived that is not the one its event names.",
        "Have the handheld send it again; what arrived was not stored.",
    ),
    Rule(
        "unapproved", DISPATCHER, True, INFO,
        "Time entries or deliverables wait for approval.",
        "Approve or reject them; whoever did the work cannot approve it.",
    ),
    Rule(
        "signoff_missing", TECHNICIAN, True, WARNING,
        "The customer has not signed, and nobody gave a reason for going without.",
        "Obtain the sign-off, or waive it with a reason.",
    ),
    Rule(
        "late_event", BILLING, False, INFO,
        "An event arrived after its turn, or after the record was released.",
        "Look at the delta record that it makes.",
    ),
    Rule(
        "sla_breached", DISPATCHER, False, WARNING,
        "A target of the service agreement was missed.",
        "Nothing can undo it; credits follow from the contract.",
    ),
    Rule(
        "duplicate_part_serial", TECHNICIAN, True, WARNING,
        "A part with the same serial number was used twice without being returned.",
        "Correct or strike out one of the two.",
    ),
    Rule(
        "close_missing", TECHNICIAN, True, WARNING,
        "A handheld that worked on the job, or was assigned to it, has not proven its part complete.",
        "Let it complete the job and sync, or close the job for it with a reason.",
    ),
    Rule(
        "interval_wide", DISPATCHER, False, INFO,
        "The time is proven only to within a wide interval, because the handheld was offline for long.",
        "Check that the claimed times are plausible.",
    ),
    Rule(
        "range_written_off", OPERATOR, False, WARNING,
        "An operator wrote off a range of events that a handheld had lost.",
        "Nothing is to be done; the operator's reason is in the log.",
    ),
    Rule(
        "device_rolled_back", OPERATOR, False, ERROR,
        "A handheld was restored to an earlier state and must not sign with its key again.",
        "Enrol the handheld with a new key.",
    ),
    Rule(
        "log_inconsistent", OURS, True, ERROR,
        "Two statements about the log contradict each other: history may have been rewritten.",
        "Keep both, stop releasing, and compare with copies that others hold.",
    ),
    Rule(
        "malformed_body", OPERATOR, True, WARNING,
        "What the event says does not fit its kind.",
        "Have it corrected on the handheld, or override it with a reason; then check the handheld's version.",
    ),
)  # fmt: skip

RULES = {rule.code: rule for rule in _RULES}
CODES = tuple([rule.code for rule in _RULES])
