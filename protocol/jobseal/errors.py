"""Failure as a value: every refusal has a stable code, somebody it is attributed to, and a sentence.

The code is the contract (SPEC.md lists them all); the sentence may change. ``fault`` says whose move it is:
``peer`` (whoever sent the bytes), ``ours`` (this program or machine) or ``operator`` (a person's setting).
``final`` tells a verdict that settles from one that a retry may change.
"""

PEER = "peer"
OURS = "ours"
OPERATOR = "operator"


class JobsealError(Exception):
    """The one base of every error that Jobseal raises on purpose."""

    def __init__(self, code: str, sentence: str, fault: str = PEER, final: bool = True) -> None:
        super().__init__(code + ": " + sentence)
        self.code = code
        self.sentence = sentence
        self.fault = fault
        self.final = final


class Malformed(JobsealError):
    """Bytes that are not what the specification allows: wrong encoding, wrong shape, too large."""


class SignatureInvalid(JobsealError):
    """The signature was checked and is wrong: these bytes were not signed by that key in that domain."""

    def __init__(self, sentence: str, code: str = "signature_invalid") -> None:
        super().__init__(code, sentence)


class SignatureUnverifiable(JobsealError):
    """The signature could not be checked here: an unknown key or an algorithm this verifier lacks."""

    def __init__(self, sentence: str, code: str = "signature_unverifiable") -> None:
        super().__init__(code, sentence, PEER, False)
