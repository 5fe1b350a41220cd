"""The projection: one job's dossier to its card, its exceptions, its rating and its standing. Pure.

Folding again gives the same bytes, so nothing here may depend on when it runs, on a random number or on the order of a
set. What a person sees of a job anywhere comes from here.
"""

import datetime
from dataclasses import dataclass
from decimal import Decimal
from zoneinfo import ZoneInfo

from jobseal import completeness, exceptions, interval, quantity
from jobseal.card import Card, Item
from jobseal.exceptions import Raised
from jobseal.job import Job
from jobseal.lifecycle import CANCELLED, COMPLETED, DONE
from jobseal_gateway.dossier import Dossier, Logged
from jobseal_gateway.policy import EVIDENCE_KINDS, standing
from jobseal_gateway.pricing.decimals import decimal_text
from jobseal_gateway.pricing.line import Rating
from jobseal_gateway.pricing.price_list import PriceList, choose
from jobseal_gateway.pricing.rating import Terms, rate

CLAIM_TOLERANCE_MS = 60_000  # two clocks that are both right differ by less
UTC = "UTC"


@dataclass(frozen=True, slots=True)
class Rules:
    """``prices``: every version of every price list; ``terms``: the list of orders that name none; ``wide_after_ms``:
    a wider proven interval is an exception."""

    prices: tuple[PriceList, ...]
    terms: str
    wide_after_ms: int


@dataclass(frozen=True, slots=True)
class Open:
    """An exception of the job: ``raised``, and the hash of the act that overrode it, if any."""

    raised: Raised
    overridden_by: bytes | None

    @property
    def blocks(self) -> bool:
        """Whether it holds the release."""
        return self.overridden_by is None and exceptions.RULES[self.raised.code].blocks


@dataclass(frozen=True, slots=True)
class Projected:
    """``job`` and ``card``: the fold; ``closed``: keys closed by the office, with the act's hash; ``rating`` None where
    no price list applies; ``standing``: collecting, held or ready, as if nothing had been released."""

    dossier: Dossier
    job: Job
    card: Card
    state: str
    closed: dict[bytes, bytes]
    exceptions: tuple[Open, ...]
    prices: PriceList | None
    rating: Rating | None
    standing: str

    @property
    def blocking(self) -> list[str]:
        """The codes that hold the release, each once."""
        return list(dict.fromkeys(each.raised.code for each in self.exceptions if each.blocks))


def project(dossier: Dossier, rules: Rules) -> Projected:
    """Fold one job."""
    job = _fold(dossier)
    card = Card(job)
    closed = _closed_by_office(dossier, job)
    state = job.state(dossier.assigned, tuple(closed))
    prices = _prices(dossier, rules)
    rating = None
    if prices is not None:
        outcome = "cancelled" if state == CANCELLED else "completed"
        rating = rate(quantity.of_card(card), Terms(prices, outcome))
    found = _exceptions(dossier, job, card, state, closed, rules)
    found += _money(dossier, rules, rating)
    settled = tuple(Open(raised, _override(dossier, raised)) for raised in found)
    blocking = [each.raised.code for each in settled if each.blocks]
    return Projected(dossier, job, card, state, closed, settled, prices, rating, standing(state, blocking))


def _fold(dossier: Dossier) -> Job:
    job = Job(dossier.id)
    for logged in dossier.events:
        if logged.signed is None:
            job.add_erased(logged.hash, logged.seq, logged.key, logged.index)
        else:
            job.add(logged.signed, logged.key, logged.index)
    return job


def _closed_by_office(dossier: Dossier, job: Job) -> dict[bytes, bytes]:
    closed: dict[bytes, bytes] = {}
    everybody = [lane.key for lane in job.lanes] + list(dossier.assigned)
    for said in dossier.acts:
        if said.act.kind == "job.closed_by_office":
            key = said.act.named().get("key")
            closed.update(dict.fromkeys(everybody if key is None else [key], said.hash))
    return closed


def _prices(dossier: Dossier, rules: Rules) -> PriceList | None:
    order = dossier.order
    if order is None:
        return None
    if dossier.priced_by is not None:
        return next((each for each in rules.prices if (each.id, each.version) == dossier.priced_by), None)
    day = _day(dossier, order.content.time_zone)
    return choose(rules.prices, order.content.terms or rules.terms, order.content.currency, day)


def _day(dossier: Dossier, zone: str) -> datetime.date:
    """The day of the work where it was done: the first time that anybody claimed, else the planned one, else when the
    order came."""
    claims = [logged.signed.event.at for logged in dossier.events if logged.signed is not None]
    known = [at for at in claims if at is not None]
    order = dossier.order
    planned = 0 if order is None else order.content.window_start or order.imported_ms
    at = min(known) if known else planned
    try:
        return datetime.datetime.fromtimestamp(at / 1000, ZoneInfo(zone or UTC)).date()
    except (OverflowError, ValueError, OSError):
        return datetime.date(1970, 1, 1)


def _exceptions(
    dossier: Dossier, job: Job, card: Card, state: str, closed: dict[bytes, bytes], rules: Rules
) -> list[Raised]:
    found = [] if dossier.order is not None else [Raised("unknown_job", None, "no such order was imported")]
    for logged in dossier.events:
        found += [Raised(code, logged.hash) for code in logged.verdicts]
        fork = dossier.forked.get(logged.key)
        if fork is not None and logged.seq >= fork and "chain_fork" not in logged.verdicts:
            found.append(Raised("chain_fork", logged.hash))
        if "key_revoked" not in logged.verdicts and _not_trusted(dossier, logged):
            found.append(Raised("key_revoked", logged.hash))
    said = {(raised.code, raised.event) for raised in found}
    found += [raised for raised in card.exceptions() if (raised.code, raised.event) not in said]
    found += _times(dossier, card, rules)
    found += _missing(dossier, job, card, state, closed)
    return found


def _not_trusted(dossier: Dossier, logged: Logged) -> bool:
    """Whether it lies beyond what a compromised key is still trusted for, or was logged after a suspension."""
    trusted, halted = dossier.trusted.get(logged.key), dossier.halted.get(logged.key)
    return (trusted is not None and logged.seq > trusted) or (halted is not None and logged.index > halted)


def _times(dossier: Dossier, card: Card, rules: Rules) -> list[Raised]:
    """Claims against what the log proves; an event whose time was corrected is judged by the correction."""
    timeline = interval.Timeline(list(dossier.checkpoints))
    items = {item.fact.hash: item for item in card.items}
    found: list[Raised] = []
    for key in dict.fromkeys(logged.key for logged in dossier.events):
        chain = sorted(
            (logged for logged in dossier.events if logged.key == key and logged.signed is not None),
            key=lambda logged: logged.seq,
        )
        said = [logged.signed.event for logged in chain if logged.signed is not None]
        proven = interval.intervals(said, [logged.index for logged in chain], timeline, dossier.enrolled.get(key))
        for logged, between in zip(chain, proven, strict=True):
            found += _time(logged, items[logged.hash], between, rules)
    return found


def _time(logged: Logged, item: Item, between: interval.Interval, rules: Rules) -> list[Raised]:
    if item.struck:
        return []
    codes = between.codes(item.at, CLAIM_TOLERANCE_MS, rules.wide_after_ms)
    return [Raised(code, logged.hash) for code in codes]


def _missing(dossier: Dossier, job: Job, card: Card, state: str, closed: dict[bytes, bytes]) -> list[Raised]:
    """What the job still lacks: closes, evidence, attachments, the customer's word."""
    found: list[Raised] = []
    if any(lane.state in DONE for lane in job.lanes):
        for key in completeness.missing(job, dossier.assigned, tuple(closed)):
            found.append(Raised("close_missing", None, "key " + key[:8].hex()))
        if not closed:
            found += [Raised("close_missing", None, "technician " + person) for person in dossier.unequipped]
    if state in COMPLETED:
        if card.signoff() is None:
            found.append(Raised("signoff_missing", None))
        required = () if dossier.order is None else dossier.order.content.required_evidence
        for word in required:
            if word != "signoff" and not card.of(*EVIDENCE_KINDS[word]):
                found.append(Raised("evidence_missing", None, word))
    if state in COMPLETED or state == CANCELLED:
        lacking = [named for named in job.objects() if named[0] not in dossier.stored]
        found += [Raised("attachment_missing", None, named[0].hex()) for named in lacking]
    return found


def _money(dossier: Dossier, rules: Rules, rating: Rating | None) -> list[Raised]:
    if dossier.order is None:
        return []
    if rating is None:
        named = dossier.order.content.terms or rules.terms
        return [Raised("missing_contract", None, f"no version of price list {named} applies")]
    found = []
    for unrated in rating.exceptions:
        about = unrated.events[0] if len(unrated.events) == 1 else None
        found.append(Raised(unrated.code, about, unrated.sentence))
    budget = dossier.order.content.budget
    if budget is not None and rating.total > Decimal(budget):
        found.append(Raised("over_budget", None, f"{decimal_text(rating.total)} of {budget}"))
    return found


def _override(dossier: Dossier, raised: Raised) -> bytes | None:
    """The hash of the newest act that sets this exception aside."""
    for said in reversed(dossier.acts):
        if said.act.kind != "exception.overridden":
            continue
        body = said.act.named()
        about, subject = body.get("event"), body.get("subject")
        if body["code"] == raised.code and about in (None, raised.event) and subject in (None, raised.detail):
            return said.hash
    return None
