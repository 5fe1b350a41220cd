"""Fuzzing: bytes that nobody foresaw, at every place where the project takes bytes from somebody else.

``targets`` say what is fed and what must hold; ``plan`` gives each its share of the executions; ``engine`` feeds one,
guided by coverage where it can be; ``watch`` judges one execution; ``campaign`` is what the driver calls.

    python -m tests.torture.fuzz run cbor --runs 100000        one target
    python -m tests.torture.fuzz replay cbor --hex a10102      one input again, with its traceback
"""

from tests.torture.campaign import Campaign
from tests.torture.fuzz.campaign import Executions
from tests.torture.fuzz.requests import ApiRequests

CAMPAIGNS: tuple[Campaign, ...] = (Executions(), ApiRequests())
