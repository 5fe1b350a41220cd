"""What the words of an order's required evidence are called on the screen, and which of them wait for the end."""

from jobseal_device.ui.words import N_

WORDS = {
    "photo": N_("photo"),
    "signoff": N_("sign-off"),
    "checklist": N_("checklist"),
    "reading": N_("reading"),
    "safety": N_("safety"),
    "note": N_("note"),
}
AFTER_COMPLETION = ("signoff",)  # nobody signs what is not finished
