"""Stable codes in the technician's words: what the gateway says of an event, and what a refusal means.

A code that is not here keeps the English sentence that it came with, which is still true.
"""

from typing import Any

from jobseal.errors import JobsealError
from jobseal.exceptions import RULES
from jobseal_device.ui.words import N_, _

VERDICTS = {
    "signature_invalid": N_("The signature does not fit. The office has to look."),
    "signature_unverifiable": N_("The office cannot check this signature."),
    "sequence_gap": N_("Events of this handheld are missing."),
    "chain_fork": N_("Two different events have one number: the office has to look."),
    "chain_broken": N_("It does not continue this handheld's chain: it needs a new enrolment."),
    "key_revoked": N_("This handheld's key was revoked."),
    "clock_unset": N_("The time is missing: correct it."),
    "clock_outside_interval": N_("The time cannot be right: correct it."),
    "illegal_transition": N_("This step did not fit the job's state."),
    "missing_stop": N_("A time was started and never stopped."),
    "overlapping_entries": N_("Two times of one person overlap."),
    "unknown_code": N_("The price list does not know this code."),
    "unknown_kind": N_("The office's software is older than this one."),
    "unknown_job": N_("The office has no order for this job yet."),
    "missing_po": N_("The order number of the customer is missing."),
    "missing_contract": N_("There is no contract for this work."),
    "over_budget": N_("This is above the customer's limit."),
    "evidence_missing": N_("Something that this job requires is missing."),
    "attachment_missing": N_("A photo or note has not arrived yet."),
    "attachment_mismatch": N_("A photo or note arrived damaged."),
    "unapproved": N_("Waits for approval in the office."),
    "signoff_missing": N_("The customer has not signed."),
    "late_event": N_("It arrived after the job was billed: the office sees it."),
    "sla_breached": N_("The agreed time was missed."),
    "duplicate_part_serial": N_("This serial number was used before."),
    "close_missing": N_("The job is not completed on every handheld."),
    "interval_wide": N_("The time is proven roughly only: offline for long."),
    "range_written_off": N_("The office wrote lost events off."),
    "device_rolled_back": N_("This handheld was set back: it needs a new enrolment."),
    "log_inconsistent": N_("The office's log contradicts itself. Tell the office."),
    "malformed_body": N_("Something in it does not fit: correct it."),
}

ERRORS = {
    "illegal_transition": N_("That cannot happen next in this job. Nothing was signed."),
    "unknown_event": N_("That event is not in this job. Nothing was signed."),
    "file_unreadable": N_("The file cannot be read."),
    "file_too_large": N_("The file is too large (8 MiB at most)."),
    "too_large": N_("That is too much for one event. Make it shorter."),
    "disk_full": N_("The disk is full. Nothing was signed. Free some space."),
    "storage_failed": N_("The disk failed. Nothing was signed. Try again."),
    "event_in_doubt": N_("Signed, but the disk has not confirmed it. Look at the history before entering it again."),
    "key_ended": N_("This key has ended: a new one follows it. Close the screen and open it again."),
    "settled": N_("The disk has confirmed what was in doubt. Look, then press again."),
    "device_rolled_back": N_("This handheld was set back and must not sign. It needs a new enrolment."),
    "journal_damaged": N_("The journal cannot be read. This handheld needs a new enrolment."),
    "unknown_technician": N_("That id is not on this handheld's roster. Ask the office."),
    "no_roster": N_("No roster has come yet. Let this handheld sync once."),
    "no_pin": N_("You have no PIN yet. Ask the office for one."),
    "wrong_pin": N_("The PIN is wrong."),
    "pin_wait": N_("Too many wrong PINs."),
    "pin_locked": N_("The PIN is locked on this handheld."),
    "not_admitted": N_("The PIN is right, but new here."),
    "not_supervisor": N_("That is not a supervisor."),
    "documents_damaged": N_("A file with orders cannot be read. Sync sets it aside and fetches it again."),
}

# What keeps sync from working, and what a person has to look at.
TROUBLES = {
    "link_down": N_("No way to the office just now. It goes by itself."),
    "link_refused": N_("The office does not let this handheld in. Tell the office."),
    "link_untrusted": N_("What answered is not the office. Tell the office."),
    "link_payload_too_large": N_("Something is too large to be sent. Tell the office."),
    "log_inconsistent": N_("The office's log contradicts itself. Tell the office."),
    "log_restarted": N_("The office's log is shorter than it was. Tell the office."),
    "gateway_restored": N_("The office was restored from a backup. What it lost is sent again."),
    "device_rolled_back": N_("This handheld was set back, or copied. It needs a new enrolment."),
    "key_passed_over": N_("The office does not take what an earlier key of this handheld signed. Tell the office."),
    "uplink_damaged": N_("A file of sync was damaged and is set aside. Nothing signed is lost."),
    "unknown_kid": N_("The office does not know this handheld's key. It needs a new enrolment."),
    "foreign_key": N_("This key belongs to another handheld. Tell the office."),
    "foreign": N_("Work came that is for another handheld. Tell the office."),
    "object_unnamed": N_("The office does not take a photo or note: no event names it."),
    "attachment_mismatch": N_("A photo or note arrived damaged."),
    "overloaded": N_("The office has too much to do. It goes on by itself."),
    "space_low": N_("The office's disk is nearly full. It goes on by itself."),
}


def verdict(code: str) -> str:
    """What the gateway says of an event, in words."""
    if code in VERDICTS:
        return _(VERDICTS[code])
    return RULES[code].sentence if code in RULES else code


def told(row: dict[str, Any]) -> str:
    """A trouble or an alarm of sync's, by its code and the sentence that came with it."""
    said = {**ERRORS, **TROUBLES}.get(row["code"])
    return str(row["sentence"]) if said is None else _(said)


def error_sentence(error: JobsealError) -> str:
    """What went wrong, and what to do."""
    return _(ERRORS[error.code]) if error.code in ERRORS else error.sentence
