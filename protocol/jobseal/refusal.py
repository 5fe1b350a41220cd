"""The refusal: the gateway's unsigned, rate-limited word that it could not take a frame, and what to do."""

from jobseal.limits import RETRY_AFTER_MAX_S
from jobseal.message import Message
from jobseal.shape import NONCE, Integer, Map, Text, must, optional


class Refusal(Message):
    """``session``: of the refused frame, None if it could not be read; ``code`` and ``sentence`` as in the errors;
    ``retry_after``: seconds to wait before trying again, None when trying again is no use."""

    __slots__ = ("code", "retry_after", "sentence", "session")
    SHAPE = Map(
        must(1, "session", optional(NONCE)),
        must(2, "code", Text(1, 32)),
        must(3, "sentence", Text(0, 256)),
        must(4, "retry_after", optional(Integer(0, RETRY_AFTER_MAX_S))),
    )
    session: "bytes | None"
    code: str
    sentence: str
    retry_after: "int | None"
