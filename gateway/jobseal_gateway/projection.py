"""The projection: one job's dossier to its card, its exceptions, its rating and its standing. Pure.

Folding again gives the same bytes, so nothing here may depend on when it runs, on a random number or on the order of a
set. What a person sees of a job anywhere comes from here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from jobseal import bodies, exceptions, interval, quantity
from jobseal.card import Card, Item
from jobseal.event import SignedEvent
from jobseal.exceptions import Raised
from jobseal.interval import Interval
from jobseal.job import Job
from jobseal.lifecycle import CANCELLED, HANDED_OVER, OF_THE_DEVICE
from jobseal_gateway import contract
from jobseal_gateway.dossier import Dossier, Logged
from jobseal_gateway.lacking import lacking
from jobseal_gateway.orders.work_order import WorkOrder
from jobseal_gateway.policy import APPROVAL, FIRM, Found, standing
from jobseal_gateway.pricing.decimals import decimal_text
from jobseal_gateway.pricing.line import Rating
from jobseal_gateway.pricing.price_list import PriceList
from jobseal_gateway.pricing.rating import Terms, rate
from jobseal_gateway.service_level import ServiceLevel, service_levels

CLAIM_TOLERANCE_MS = 60_000  # two clocks that are both right differ by less
# What ingest says of an event and the fold says better: it knows corrections, adoptions and what came since.
_FOLD_KNOWS = frozenset({"chain_fork", "unknown_kind", "malformed_body", "attachment_mismatch"})
# Said of bytes that held the place of an event before it came: it has verified, and these are not its own.
_OF_WHAT_STOOD_THERE = frozenset({"signature_invalid", "chain_broken"})


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
    no price list applies; ``standing``: collecting, held or ready, as if nothing had been released;
    ``service_levels``: the targets that the order names, met or missed."""

    dossier: Dossier
    job: Job
    card: Card
    state: str
    closed: dict[bytes, bytes]
    exceptions: tuple[Open, ...]
    prices: PriceList | None
    rating: Rating | None
    standing: str
    service_levels: tuple[ServiceLevel, ...] = ()

    @property
    def blocking(self) -> list[str]:
        """The codes that hold the release, each once."""
        return list(dict.fromkeys(each.raised.code for each in self.exceptions if each.blocks))


def project(dossier: Dossier, job: Job, rules: Rules) -> Projected:
    """What follows from one job. ``job``: the dossier's events, folded."""
    card = Card(job)
    closed = _closed_by_office(dossier, job)
    state = job.state(tuple(dossier.assigned), tuple(closed))
    prices = contract.prices(dossier, card, rules.prices, rules.terms)
    rating = None
    if prices is not None:
        outcome = "cancelled" if state == CANCELLED else "completed"
        rating = rate(quantity.of_card(card), Terms(prices, outcome))
    proven = _proven(dossier)
    order = None if dossier.order is None else dossier.order.content
    levels = () if order is None else tuple(service_levels(order, card, state, proven, CLAIM_TOLERANCE_MS))
    found = _exceptions(dossier, card, rules, proven)
    found += lacking(dossier, job, card, state, closed)
    found += _missed(levels)
    found += _money(dossier, rules, rating)
    settled = tuple(Open(each.raised, _override(dossier, each)) for each in found)
    blocking = [each.raised.code for each in settled if each.blocks]
    status = standing(state, blocking)
    return Projected(dossier, job, card, state, closed, settled, prices, rating, status, levels)


def _closed_by_office(dossier: Dossier, job: Job) -> dict[bytes, bytes]:
    """The keys that the office closed, with the act. It took the job as it stood then: what a key says of it later,
    and who is assigned later, is not closed by that."""
    newest = {logged.key: logged.index for logged in dossier.events}
    closed: dict[bytes, bytes] = {}
    for said in dossier.acts:
        if said.act.kind != "job.closed_by_office":
            continue
        named = said.act.named().get("key")
        for key in [lane.key for lane in job.lanes]:
            if named in (None, key) and newest[key] < said.index:
                closed[key] = said.hash
        for key, assigned_ms in dossier.assigned.items():
            if named == key or (named is None and assigned_ms <= said.act.at):
                closed[key] = said.hash
    return closed


def _exceptions(dossier: Dossier, card: Card, rules: Rules, proven: dict[bytes, Interval]) -> list[Found]:
    """What is wrong with what happened, as far as it has not been put right since."""
    found = [] if dossier.order is not None else [Found(Raised("unknown_job", None, "no such order was imported"), -1)]
    items = {item.fact.hash: item for item in card.items}
    newest = {hash: _newest(item) for hash, item in items.items()}
    raised: list[Raised] = []
    for logged in dossier.events:
        raised += _standing(dossier, logged)
        raised += _verdicts(dossier, logged, items[logged.hash])
        raised += _handing_over(dossier, logged)
    said = {(each.code, each.event) for each in raised}
    raised += [each for each in card.exceptions() if (each.code, each.event) not in said]
    raised += _times(proven, items, rules)
    return found + [Found(each, newest.get(each.event or b"", -1)) for each in raised]


def _newest(item: Item) -> int:
    """Where in the log the last word on this event stands: its own, or that of a correction."""
    return max(fact.index or 0 for fact in [item.fact, *item.corrections])


def _standing(dossier: Dossier, logged: Logged) -> list[Raised]:
    """Whether the key that signed it could be trusted with it."""
    found: list[Raised] = []
    fork, trust = dossier.forked.get(logged.key), dossier.trust.get(logged.key)
    if fork is not None and logged.seq >= fork:
        found.append(Raised("chain_fork", logged.hash))
    if "key_revoked" in logged.verdicts:
        found.append(Raised("key_revoked", logged.hash))
    elif trust is not None and trust.last_seq is not None and logged.seq > trust.last_seq:
        found.append(Raised("key_revoked", logged.hash, "behind the last event that is trusted of its key"))
    elif trust is not None and trust.suspended is not None and logged.index > trust.suspended:
        found.append(Raised("key_revoked", logged.hash, "logged after its key was suspended"))
    if dossier.released and logged.index > dossier.released[0].leaf and "late_event" not in logged.verdicts:
        found.append(Raised("late_event", logged.hash, "logged after a record was released"))
    return found


def _verdicts(dossier: Dossier, logged: Logged, item: Item) -> list[Raised]:
    """What ingest found, as far as it still holds; what the card raises itself is left to it."""
    known = _FOLD_KNOWS | {"key_revoked"}
    if "late_event" in logged.verdicts:
        known |= _OF_WHAT_STOOD_THERE
    found = [Raised(code, logged.hash) for code in logged.verdicts if code not in known]
    if "attachment_mismatch" in logged.verdicts and not item.struck and logged.signed is not None:
        named = bodies.objects(logged.signed.event.kind, logged.signed.event.body)
        if any(each[0] not in dossier.stored | dossier.erased for each in named):
            found.append(Raised("attachment_mismatch", logged.hash))
    # Events about the handheld itself are nothing to the card; one that cannot be read is something to a person.
    kind = item.fact.kind
    if "malformed_body" in logged.verdicts and kind in OF_THE_DEVICE and not item.struck and not item.corrections:
        found.append(Raised("malformed_body", logged.hash))
    return found


def _proven(dossier: Dossier) -> dict[bytes, Interval]:
    """When each event happened, as far as the log proves it; by its hash, in the order of its key's chain."""
    timeline = interval.Timeline(list(dossier.checkpoints))
    chains: dict[bytes, list[tuple[Logged, SignedEvent]]] = {}
    for logged in dossier.events:
        if logged.signed is not None:
            chains.setdefault(logged.key, []).append((logged, logged.signed))
    found: dict[bytes, Interval] = {}
    for key, chain in chains.items():
        chain.sort(key=lambda each: each[0].seq)
        said, indices = [signed.event for _, signed in chain], [logged.index for logged, _ in chain]
        proven = interval.intervals(said, list(indices), timeline, dossier.enrolled.get(key))
        found |= {logged.hash: between for (logged, _), between in zip(chain, proven, strict=True)}
    return found


def _times(proven: dict[bytes, Interval], items: dict[bytes, Item], rules: Rules) -> list[Raised]:
    """Claims against what the log proves; an event whose time was corrected is judged by the correction."""
    found: list[Raised] = []
    for hash, between in proven.items():
        item = items[hash]
        codes = [] if item.struck else between.codes(item.at, CLAIM_TOLERANCE_MS, rules.wide_after_ms)
        found += [Raised(code, hash) for code in codes]
    return found


def _missed(levels: Sequence[ServiceLevel]) -> list[Found]:
    """The targets of the service agreement that were missed."""
    late = [(level.late.item, level.sentence()) for level in levels if level.late is not None]
    return [Found(Raised("sla_breached", item.fact.hash, sentence), _newest(item)) for item, sentence in late]


def _handing_over(dossier: Dossier, logged: Logged) -> list[Raised]:
    """A key may hand its jobs over to the key after it, and to no other that has events of this one."""
    signed = logged.signed
    if signed is None or signed.event.kind != HANDED_OVER or bodies.problem(HANDED_OVER, signed.event.body):
        return []
    heir = signed.event.body[1]
    if heir not in dossier.enrolled or dossier.follows.get(heir) == logged.key:
        return []
    return [Raised("illegal_transition", logged.hash, "handed over to a key that does not follow this one")]


def _money(dossier: Dossier, rules: Rules, rating: Rating | None) -> list[Found]:
    if dossier.order is None:
        return []
    found = _purchase_order(dossier.order.content)
    if rating is None:
        named = dossier.order.content.terms or rules.terms
        return [*found, Found(Raised("missing_contract", None, f"no version of price list {named} applies"), -1)]
    places = {logged.hash: logged.index for logged in dossier.events}
    newest = max(places.values(), default=-1)
    for unrated in rating.exceptions:
        about = unrated.events[0] if len(unrated.events) == 1 else None
        since = max((places.get(hash, -1) for hash in unrated.events), default=-1)
        found.append(Found(Raised(unrated.code, about, unrated.sentence), since))
    budget = dossier.order.content.budget
    if budget is not None and rating.total > Decimal(budget):
        found.append(Found(Raised("over_budget", None, f"{decimal_text(rating.total)} of {budget}"), newest))
    return found


def _purchase_order(order: WorkOrder) -> list[Found]:
    """A customer who pays only what names their purchase order, and has given none."""
    if not order.po_required or order.po_number is not None:
        return []
    return [Found(Raised("missing_po", None, f"customer {order.customer}"), -1)]


def _override(dossier: Dossier, found: Found) -> bytes | None:
    """The hash of the newest act that sets this exception aside. It was said of what was there to be seen: not of an
    event, or of a correction, that came later."""
    raised = found.raised
    if raised.code in FIRM:
        return None
    for said in reversed(dossier.acts):
        if said.act.kind != "exception.overridden" or said.index < found.since:
            continue
        if raised.code == APPROVAL and said.act.operator in dossier.performers:
            continue  # nobody approves what they did themselves
        body = said.act.named()
        about, subject = body.get("event"), body.get("subject")
        if body["code"] == raised.code and about in (None, raised.event) and subject in (None, raised.detail):
            return said.hash
    return None
