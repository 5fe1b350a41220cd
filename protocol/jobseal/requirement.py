"""Required evidence: what the words of an order ask for, and what a job still lacks of it.

The handheld says what is missing before it is too late, the gateway holds the release by the same table.
"""

MYPY = False
if MYPY:
    from jobseal.card import Card

# Each word asks for one event of one of these kinds.
EVIDENCE_KINDS = {
    "photo": ("photo.attached",),
    "signoff": ("job.signed_off", "signoff.waived"),
    "checklist": ("checklist.answered",),
    "reading": ("reading.taken",),
    "safety": ("safety.acknowledged",),
    "note": ("note.added",),
}


def missing(required: "list[str]", card: "Card") -> "list[str]":
    """The words that no event of the job answers yet, in the order's order; a word that nobody knows asks nothing."""
    return [word for word in required if word in EVIDENCE_KINDS and not card.of(*EVIDENCE_KINDS[word])]
