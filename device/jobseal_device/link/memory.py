"""A broker and its links inside one process, in virtual time, with faults on order: for tests and the simulator.

``MemoryBroker`` behaves as mosquitto does where ``Link`` promises something: QoS 1 between clean sessions, retained
messages, last wills, a second client of one name taking over from the first, shared subscriptions, nothing kept over
a restart. Everything happens in the order of the calls and at the broker's own time, so one run equals the next.
Not for several threads: whoever uses it steps all parties in one.
"""

import select
from bisect import insort
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from jobseal_device.link.contract import LinkDown, LinkRefused, Presence, Wake, refuse_oversize

ANSWER_TIMEOUT_MS = 10_000


@dataclass(frozen=True, slots=True)
class Publication:
    """One publish as the broker sees it: who sends what to where, at which virtual millisecond."""

    at_ms: int
    sender: str
    topic: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of one publication.

    ``copies`` reach each subscriber, ``delay_ms`` after the publish; the sender gets its PUBACK or, if ``puback`` is
    false, waits for it in vain; with ``cut`` the sender's connection ends instead of either.
    """

    copies: int = 1
    delay_ms: int = 0
    puback: bool = True
    cut: bool = False


DELIVERED = Fate()
DUPLICATED = Fate(copies=2)
LOST = Fate(copies=0, puback=False)  # never reached the broker
LOST_BY_BROKER = Fate(copies=0)  # acknowledged, then forgotten
PUBACK_LOST = Fate(puback=False)  # arrived, and the sender cannot know
CUT_BEFORE = Fate(copies=0, cut=True)
CUT_AFTER = Fate(cut=True)


class Script:
    """Fates in order, one for each publication that ``matching`` picks; afterwards everything is delivered."""

    def __init__(
        self, fates: Iterable[Fate], matching: Callable[[Publication], bool] = lambda _publication: True
    ) -> None:
        self._fates = iter(fates)
        self._matching = matching

    def __call__(self, publication: Publication) -> Fate:
        return next(self._fates, DELIVERED) if self._matching(publication) else DELIVERED


class MemoryBroker:
    """The broker. ``fate`` decides about every publication of a client; replace it at any time."""

    def __init__(self, fate: Callable[[Publication], Fate] = lambda _publication: DELIVERED) -> None:
        self.fate = fate
        self.now_ms = 0
        self.running = True
        self.refused: set[str] = set()  # client ids that are told no
        self._sessions: dict[str, _Session] = {}
        self._retained: dict[str, bytes] = {}
        self._shared_turns: dict[str, int] = {}
        self._arrivals = 0

    def link(
        self, client_id: str, presence: Presence | None = None, answer_timeout_ms: int = ANSWER_TIMEOUT_MS
    ) -> "MemoryLink":
        """A new, disconnected link to this broker."""
        return MemoryLink(self, client_id, presence, answer_timeout_ms)

    def advance(self, ms: int) -> None:
        """Let virtual time pass; nobody sleeps."""
        self.now_ms += ms

    def stop(self) -> None:
        """Die as by kill -9: every connection ends, retained messages are gone, wills are never published."""
        self.running = False
        self._retained.clear()
        for session in self._sessions.values():
            session.lose("the broker died", self.now_ms)
        self._sessions.clear()

    def start(self) -> None:
        """Run again, empty."""
        self.running = True

    def cut(self, client_id: str, why: str = "the connection was cut") -> None:
        """End a client's connection without a goodbye, so that its last will is published."""
        session = self._sessions.pop(client_id, None)
        if session is not None:
            session.lose(why, self.now_ms)
            if session.presence is not None:
                self._retain(session.presence.topic, session.presence.offline)

    def retained(self, topic: str) -> bytes | None:
        """The payload retained for ``topic``, if any."""
        return self._retained.get(topic)

    def _open(self, client_id: str, presence: Presence | None) -> "_Session":
        if not self.running:
            raise LinkDown("the broker in memory is stopped")
        if client_id in self.refused:
            raise LinkRefused(f"the broker in memory refuses {client_id}")
        self.cut(client_id, "another client of that name took over")
        session = self._sessions[client_id] = _Session(client_id, presence)
        if presence is not None:
            self._retain(presence.topic, presence.online)
        return session

    def _leave(self, session: "_Session") -> None:
        if self._sessions.get(session.client_id) is session:
            del self._sessions[session.client_id]
            if session.presence is not None:
                self._retain(session.presence.topic, session.presence.offline)

    def _subscribe(self, session: "_Session", topic_filter: str) -> None:
        group, wanted = _split_shared(topic_filter)
        session.filters.append((group, wanted))
        if group is None:
            for topic, payload in self._retained.items():
                if topic_matches(wanted, topic):
                    self._deliver(session, topic, payload, self.now_ms)

    def _publish(self, session: "_Session", topic: str, payload: bytes) -> Fate:
        fate = self.fate(Publication(self.now_ms, session.client_id, topic, payload))
        for _ in range(fate.copies):
            self._route(topic, payload, self.now_ms + fate.delay_ms)
        if fate.cut:
            self.cut(session.client_id)
        return fate

    def _retain(self, topic: str, payload: bytes) -> None:
        self._retained[topic] = payload
        self._route(topic, payload, self.now_ms)

    def _route(self, topic: str, payload: bytes, due_ms: int) -> None:
        shared: dict[str, list[_Session]] = {}
        for session in self._sessions.values():
            covering = [group for group, wanted in session.filters if topic_matches(wanted, topic)]
            if None in covering:
                self._deliver(session, topic, payload, due_ms)  # once, however many of its filters cover it
            for group in covering:
                if group is not None:
                    shared.setdefault(group, []).append(session)
        for group, members in shared.items():
            turn = self._shared_turns.get(group, 0)
            self._shared_turns[group] = turn + 1
            self._deliver(members[turn % len(members)], topic, payload, due_ms)

    def _deliver(self, session: "_Session", topic: str, payload: bytes, due_ms: int) -> None:
        self._arrivals += 1
        insort(session.inbox, (due_ms, self._arrivals, topic, payload))


class MemoryLink:
    """``Link`` to a ``MemoryBroker``. Waiting moves the broker's virtual time, and only waiting does: ``poll`` goes on
    to the next message due or to its timeout, ``publish`` without a PUBACK to the end of the answer timeout."""

    def __init__(self, broker: MemoryBroker, client_id: str, presence: Presence | None, answer_timeout_ms: int) -> None:
        self._broker = broker
        self._client_id = client_id
        self._presence = presence
        self._answer_timeout_ms = answer_timeout_ms
        self._session: _Session | None = None

    def connect(self, timeout_s: float) -> None:
        """See ``Link.connect``. A stopped broker refuses at once, as a port without a listener does."""
        del timeout_s
        session, self._session = self._session, None
        if session is not None and session.lost is None:
            self._broker.cut(self._client_id)
        self._session = self._broker._open(self._client_id, self._presence)

    def publish(self, topic: str, payload: bytes) -> bool:
        """See ``Link.publish``."""
        refuse_oversize(payload)
        session = self._connected()
        if session.lost is not None:
            raise self._down(session.lost)
        fate = self._broker._publish(session, topic, payload)
        if session.lost is not None:
            raise self._down(session.lost)
        if not fate.puback:
            self._broker.advance(self._answer_timeout_ms)
        return fate.puback

    def subscribe(self, topic: str) -> None:
        """See ``Link.subscribe``."""
        session = self._connected()
        if session.lost is not None:
            raise self._down(session.lost)
        self._broker._subscribe(session, topic)

    def poll(self, timeout_ms: int, wake: Wake | None = None) -> tuple[str, bytes] | None:
        """See ``Link.poll``."""
        session = self._connected()
        patience_ms = 0 if wake is not None and _is_readable(wake) else timeout_ms
        deadline_ms = self._broker.now_ms + patience_ms
        if session.inbox and session.inbox[0][0] <= deadline_ms:
            due_ms, _, topic, payload = session.inbox.pop(0)
            self._broker.now_ms = max(self._broker.now_ms, due_ms)
            return topic, payload
        if session.lost is not None:
            raise self._down(session.lost)
        self._broker.now_ms = deadline_ms
        return None

    def close(self) -> None:
        """See ``Link.close``."""
        session, self._session = self._session, None
        if session is not None:
            self._broker._leave(session)

    def _connected(self) -> "_Session":
        if self._session is None:
            raise LinkDown("not connected to the broker in memory")
        return self._session

    def _down(self, why: str) -> LinkDown:
        self._session = None
        return LinkDown(f"the connection to the broker in memory ended: {why}")


class _Session:
    """One connection: what it asked for and what waits for it, by due time and then by arrival."""

    def __init__(self, client_id: str, presence: Presence | None) -> None:
        self.client_id = client_id
        self.presence = presence
        self.filters: list[tuple[str | None, str]] = []  # (share group, topic filter)
        self.inbox: list[tuple[int, int, str, bytes]] = []
        self.lost: str | None = None

    def lose(self, why: str, now_ms: int) -> None:
        """End: what has arrived may still be read, what was under way is gone."""
        self.lost = why
        self.inbox = [arrival for arrival in self.inbox if arrival[0] <= now_ms]


def topic_matches(topic_filter: str, topic: str) -> bool:
    """Whether a filter covers a topic (MQTT 3.1.1 section 4.7); wildcards do not reach topics that start with $."""
    if topic.startswith("$") and topic_filter[:1] in ("+", "#"):
        return False
    wanted, levels = topic_filter.split("/"), topic.split("/")
    for position, name in enumerate(wanted):
        if name == "#":
            return True
        if position >= len(levels) or name not in ("+", levels[position]):
            return False
    return len(wanted) == len(levels)


def _split_shared(topic_filter: str) -> tuple[str | None, str]:
    if not topic_filter.startswith("$share/"):
        return None, topic_filter
    _, group, wanted = topic_filter.split("/", 2)
    return group, wanted


def _is_readable(wake: Wake) -> bool:
    poller = select.poll()
    poller.register(wake.fileno(), select.POLLIN)
    return bool(poller.poll(0))
