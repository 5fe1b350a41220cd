"""Ingest: frames from devices become settled events, objects and signed receipts.

``round`` takes messages together; ``frames`` knows what each kind means; ``placing`` decides, over ``key_chain`` and
``chains``; ``settling`` and ``objects`` write; ``replies`` answers; ``allowance`` bounds what one link may cost.
"""

from jobseal_gateway.ingest.allowance import Bounds
from jobseal_gateway.ingest.moment import Moment, present
from jobseal_gateway.ingest.round import Counts, Ingest, Message, Outcome

__all__ = ["Bounds", "Counts", "Ingest", "Message", "Moment", "Outcome", "present"]
