"""A handheld that is enrolled with a code, over a wire that loses requests and answers, at a gateway that is killed.

The production admission and renewal behind their HTTPS: bytes in, answer out. Somebody else may ask with the same code,
and people approve by the digits of whom they see. Keys here are real ones. Answers are random, and stay out of the
trace.
"""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from cryptography.hazmat.primitives.asymmetric import ec

from jobseal import enrolling
from jobseal.enrolling import Grant, Renewal, Request
from jobseal.errors import JobsealError
from jobseal.host.crypto import Ed25519Signer
from jobseal_gateway import admission, ca, home, renewal
from jobseal_gateway.admission import Invited
from jobseal_gateway.authority import GatewayKeys
from tests.system.database import Killed
from tests.system.faults import Faults
from tests.system.gateway import Gateway
from tests.system.ground import LOG_ID, Ground
from tests.system.history import Answers, History
from tests.system.world import START_MS, World

DEVICE = "hh-new"
PERSON = "office@example"
ASK_MOST_MS = 4_000
FATES = ("request lost", "answer lost", "asked twice", "before", "after")
SETTINGS = SimpleNamespace(
    reached_as="gateway.example", mqtt=SimpleNamespace(port=8883), enrolment=SimpleNamespace(port=8443)
)
_CA = ca.found(ec.derive_private_key(7, ec.SECP256R1()), "Simulated", START_MS)


class _Opened(home.Gateway):
    """The gateway as admission is given it; no ingest process waits for its bell."""

    def ring(self) -> None:
        """Nobody listens."""


class Applicant:
    """One handheld that asks with a code until it has an answer for good. ``renewed`` once it has renewed as well."""

    def __init__(self, name: str, token: bytes) -> None:
        seed = sha256(name.encode()).digest()
        self.name = name
        self._signer = Ed25519Signer(seed)
        private = ec.derive_private_key(int.from_bytes(seed[:31], "big"), ec.SECP256R1())
        self._link = ca.public_key(private.public_key()).encode()
        wanted = Request(token=token, key=self._signer.key.encode(), link=self._link, assurance="none")
        self.request = enrolling.sign_request(wanted, self._signer)
        self.answers = Answers(name)

    def renewal(self) -> bytes:
        """Its wish for another certificate, the same bytes each time."""
        wish = Renewal(device=DEVICE, link=self._link, replaces=sha256(min(self.answers.certificates)).digest())
        return enrolling.sign_renewal(wish, self._signer)


class Enrolling:
    """What becomes of one code in a run that has this fault."""

    def __init__(self, world: World, faults: Faults, ground: Ground, gateway: Gateway, history: History) -> None:
        self._world = world
        self._faults = faults
        self._commits = ground.commits
        self._history = history
        public, known = ground.keys.authority, ground.keys
        # What the root says of these keys a handheld would check, and nothing here does.
        keys = GatewayKeys(public, [b"log", b"office"], LOG_ID, known.log, known.office, _CA)
        settings = cast(Any, SETTINGS)
        self._opened = _Opened(cast(Any, Path("/")), settings, ground.engine, keys, cast(Any, gateway))
        self._applicants: list[Applicant] = []

    def begin(self) -> None:
        """Somebody at the office makes a code."""
        if "enrolment" in self._faults.kinds:
            self._world.after(self._world.chance.randrange(20_000), self._invite)

    @property
    def is_at_rest(self) -> bool:
        """Whether everybody who asks has been answered for good."""
        return all(each.answers.is_over for each in self._applicants)

    def _invite(self) -> None:
        in_advance = PERSON if self._world.chance.random() < 0.3 else None
        life_ms = 1 << 40  # what becomes of a code that has expired is no question of faults
        try:
            row = Invited("new", DEVICE)
            (ticket,) = admission.invite(self._opened, [row], PERSON, life_ms, in_advance)
        except JobsealError as problem:  # the gateway's clock
            self._world.say("not invited", problem.code)
            return self._world.after(ASK_MOST_MS, self._invite)
        token = enrolling.parse_code(ticket.code).token
        names = ("first", "second") if self._world.chance.random() < 0.5 else ("first",)
        for name in names:
            applicant = Applicant(name, token)
            self._applicants.append(applicant)
            self._history.answers.append(applicant.answers)
            self._expect(applicant)
        return self._world.after(ASK_MOST_MS, self._approve)

    def _expect(self, applicant: Applicant) -> None:
        self._world.after(self._world.chance.randrange(200, ASK_MOST_MS), lambda: self._step(applicant))

    def _step(self, applicant: Applicant) -> None:
        """Ask once more, for whatever is not answered yet, and now and then for what is."""
        answers = applicant.answers
        ask = self._ask if not answers.grants or self._world.chance.random() < 0.3 else self._renew
        self._exchange(applicant.name, lambda: ask(applicant))
        if not answers.is_over:
            self._expect(applicant)

    def _exchange(self, name: str, ask: Callable[[], Callable[[], None]]) -> None:
        """One request: ``ask`` makes the gateway answer, and what it returns has the answer heard."""
        fate = self._world.chance.choice(FATES) if self._faults.strikes("enrolment") else ""
        if fate == "request lost":
            return self._world.say(name, fate)
        if fate in ("before", "after"):
            self._commits.plan = fate
        try:
            heard = ask()
            if fate == "asked twice":
                heard()
                heard = ask()
            if fate != "answer lost":
                heard()
        except Killed:
            fate = "the gateway is killed"
        except JobsealError as problem:
            self._world.say(name, "is refused", problem.code)
        finally:
            self._commits.plan = None
        return self._world.say(name, "has asked", fate)

    def _ask(self, applicant: Applicant) -> Callable[[], None]:
        answers = applicant.answers
        try:
            answer = admission.ask(self._opened, applicant.request, "192.0.2.1")
        except JobsealError as problem:
            answers.refused = answers.refused or problem.code == "code_used"
            raise
        if isinstance(answer, Grant):
            return lambda: answers.granted(answer)
        return lambda: answers.nonces.add(answer.nonce)

    def _renew(self, applicant: Applicant) -> Callable[[], None]:
        answer = renewal.renew(self._opened, applicant.renewal())
        return lambda: applicant.answers.heard(answer)

    def _approve(self) -> None:
        """A person looks at one of them and types what it shows."""
        seen = self._world.chance.choice(self._applicants)
        if seen.answers.nonces and not seen.answers.grants:
            digits = enrolling.digits(seen.request, min(seen.answers.nonces))
            self._exchange("the office", lambda: self._said_yes(digits))
        if not self.is_at_rest:
            self._world.after(ASK_MOST_MS, self._approve)

    def _said_yes(self, digits: str) -> Callable[[], None]:
        admission.approve(self._opened, DEVICE, digits, PERSON)
        return lambda: None
