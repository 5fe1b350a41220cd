"""What goes wrong in a run: each kind of fault by name, and how often a seed wants it.

A seed draws the faults of its run from this table; a run can be told to leave kinds out, which is how a failing seed
is shrunk. Rates are chances per occasion (a frame, a round, a step, a commit), not per second.
"""

import random

# kind: (share of the seeds that have it at all, chance per occasion in those)
KINDS = {
    "loss": (0.7, 0.15),  # a frame is lost on its way, in either direction
    "duplication": (0.7, 0.15),
    "delay": (0.7, 0.30),  # and with it reordering
    "partition": (0.5, 0.02),  # a handheld is cut off for a while
    "amnesia": (0.4, 0.01),  # the broker restarts and has forgotten everything
    "redelivery": (0.4, 0.20),  # the broker hands over again what the gateway never acknowledged
    "device_kill": (0.5, 0.06),  # both processes of a handheld end in the middle of a system call
    "power_cut": (0.5, 0.04),  # and what was not synced is gone, or half there
    "sync_kill": (0.5, 0.04),
    "disk_full": (0.3, 0.05),
    "disk_error": (0.2, 0.02),  # a sync fails once, and what it was to save is gone
    "ingest_kill_before_commit": (0.5, 0.06),
    "ingest_kill_after_commit": (0.5, 0.06),  # before anything in memory knows of it
    "ingest_kill_before_reply": (0.5, 0.06),
    "commit_unknown": (0.4, 0.04),  # the database committed, and the answer to that is lost
    "projector_kill": (0.4, 0.10),
    "consumer_kill": (0.5, 0.25),  # between booking a record and remembering that
    "gateway_clock": (0.2, 0.005),  # the gateway's clock is not synchronised for a while
    "clock_jump": (0.3, 0.05),
    "clock_unset": (0.1, 0.02),
    "correction": (0.6, 0.30),  # of a part, after the completion
    "clock_drift": (0.3, 0.8),  # of a handheld, for good: up to a second in half an hour
    "interleaved": (0.3, 0.20),  # another worker appends while a round is between reading and writing
    "large_object": (0.2, 0.40),  # an attachment that goes in chunks
    "cancelled": (0.2, 0.06),  # a job is called off
    "office": (0.3, 0.30),  # somebody there closes, overrides, writes off, adopts
    "office_kill": (0.4, 0.20),  # and that command is killed around its COMMIT
    "distrust": (0.08, 0.10),  # the office suspends or revokes a key
    "unreadable": (0.12, 0.10),  # a committed event turns bad on the handheld's disk
    "gateway_restored": (0.05, 0.05),  # from an earlier backup
    "log_altered": (0.05, 0.05),  # two leaves change places
    "stranger": (0.5, 0.10),  # flipped, foreign and meaningless frames
    "clone": (0.10, 0.03),  # another holder of the same key, with everything as it was
    "restore": (0.15, 0.15),  # a handheld set back to an earlier state
}
# Drawn apart from the others, in this order, so that a seed of before has the faults that it always had.
LATER_KINDS = {
    "gateway_restarted": (0.08, 0.04),  # from an earlier backup, and the root key says so
    "rotation": (0.25, 0.06),  # a handheld goes on with its next signing key
    "revocation": (0.10, 0.01),  # of a key, while frames of its handheld or receipts for it are under way
    "enrolment": (0.10, 0.40),  # of another handheld: requests and answers are lost, asked for again, cut off by a kill
}
_RATES = {**KINDS, **LATER_KINDS}

# What does not happen in one run with a kind, unless it is asked for; then those do not.
APART = {
    # What was granted may be gone, and its code is good again.
    "enrolment": ("gateway_restored", "gateway_restarted"),
}

DIVERGES = ("clone", "restore")  # such a run may end with keys that nobody believes any more
REWRITES = ("gateway_restored", "log_altered")  # the log is not what it was, and somebody must notice
# A job may end held for a person to look at, or as a person said.
UNBILLABLE = (*DIVERGES, *REWRITES, "clock_jump", "clock_unset", "office", "distrust", "unreadable", "revocation")


class Faults:
    """The faults of one run. ``active`` is False once healing begins; ``left_out`` names kinds that never
    happen, ``wanted`` those that may whatever the seed draws."""

    def __init__(
        self, chance: random.Random, left_out: frozenset[str] = frozenset(), wanted: frozenset[str] = frozenset()
    ) -> None:
        self._chance = chance
        self.active = True
        # Drawn for every kind, also for those left out: shrinking changes as little else as it can.
        drawn = {kind: chance.random() < share for kind, (share, _) in KINDS.items()}
        apart = random.Random()
        apart.setstate(chance.getstate())
        drawn |= {kind: apart.random() < share for kind, (share, _) in LATER_KINDS.items()}
        self.kinds = {kind for kind, has in drawn.items() if (has or kind in wanted) and kind not in left_out}
        for kind in APART.keys() & self.kinds:
            if kind in wanted:
                self.kinds.difference_update(APART[kind])
            elif not self.kinds.isdisjoint(APART[kind]):
                self.kinds.discard(kind)
        self.happened: dict[str, int] = {}

    def strikes(self, kind: str) -> bool:
        """Whether this fault happens now."""
        if not self.active or kind not in self.kinds or self._chance.random() >= _RATES[kind][1]:
            return False
        self.happened[kind] = self.happened.get(kind, 0) + 1
        return True
