"""Required evidence: what an order's words ask for, and what a job still lacks. The gateway holds the release by the
same table; a test compares the two."""

from jobseal.card import Card
from jobseal_device.ui.words import N_

EVIDENCE_KINDS = {
    "photo": ("photo.attached",),
    "signoff": ("job.signed_off", "signoff.waived"),
    "checklist": ("checklist.answered",),
    "reading": ("reading.taken",),
    "safety": ("safety.acknowledged",),
    "note": ("note.added",),
}
WORDS = {
    "photo": N_("photo"),
    "signoff": N_("sign-off"),
    "checklist": N_("checklist"),
    "reading": N_("reading"),
    "safety": N_("safety"),
    "note": N_("note"),
}
AFTER_COMPLETION = ("signoff",)  # nobody signs what is not finished


def missing(required: list[str], card: Card) -> list[str]:
    """The words that no event of the job answers yet, in the order's order."""
    return [word for word in required if word in EVIDENCE_KINDS and not card.of(*EVIDENCE_KINDS[word])]
