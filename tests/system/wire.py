"""The wire: an expendable broker in virtual time, which loses, doubles, delays and forgets, and links to it.

Towards the gateway a frame waits in ``inbox`` until a round takes it. A link is what the production pump is given; it
never blocks, because here waiting is the world's business.
"""

from collections.abc import Callable

from jobseal_device.link.contract import LinkDown, Wake
from tests.system.faults import Faults
from tests.system.world import World

QUICK_MS = 40
LATE_MS = 9_000
CUT_MS = 60_000
RESTART_MS = 3_000


class Wire:
    """``inbox``: (topic, payload) for the gateway; ``arrived`` is called when there is more of it;
    ``overtaken`` makes what a stranger gets in before a frame."""

    def __init__(self, world: World, faults: Faults) -> None:
        self._world = world
        self._faults = faults
        self.inbox: list[tuple[str, bytes]] = []
        self.seen_up: list[tuple[str, bytes]] = []  # what an eavesdropper has
        self.arrived: Callable[[], None] = lambda: None
        self.overtaken: Callable[[str, bytes], list[tuple[str, bytes]]] = lambda _topic, _payload: []
        self._links: dict[str, list[SimulatedLink]] = {}
        self._cut_until: dict[str, int] = {}
        self._down_until = 0
        self._era = 0

    def link(self, holder: str, topic: str, wake: Callable[[], None]) -> "SimulatedLink":
        """A link of this holder; ``topic`` is where its device hears."""
        return SimulatedLink(self, holder, topic, wake)

    def is_up_for(self, holder: str) -> bool:
        return self._world.now_ms >= max(self._down_until, self._cut_until.get(holder, 0))

    def heal(self) -> None:
        """From now on everything arrives."""
        self._cut_until, self._down_until = {}, 0

    def up(self, holder: str, topic: str, payload: bytes) -> None:
        """A device publishes."""
        if self._faults.strikes("partition"):
            self._cut_until[holder] = self._world.now_ms + self._world.chance.randrange(CUT_MS)
            self._world.say("partition", holder)
            for each in self._every_link():
                if each.holder == holder:
                    each.lose()
        self._forget_perhaps()
        self.seen_up.append((topic, payload))
        if self._faults.strikes("stranger"):
            self.inbox += self.overtaken(topic, payload)
            self.arrived()
        for delay_ms in self._fates():
            self._world.after(delay_ms, lambda era=self._era: self._arrive_up(era, topic, payload))

    def down(self, topic: str, payload: bytes) -> None:
        """The gateway publishes."""
        for link in self._links.get(topic, ()):
            for delay_ms in self._fates():
                self._world.after(delay_ms, lambda to=link, session=link.session: to.arrive(session, topic, payload))

    def _fates(self) -> list[int]:
        """The delay of each copy that arrives."""
        if self._faults.strikes("loss"):
            return []
        copies = 2 if self._faults.strikes("duplication") else 1
        late = [self._faults.strikes("delay") for _ in range(copies)]
        return [self._world.chance.randrange(1, LATE_MS if each else QUICK_MS) for each in late]

    def _arrive_up(self, era: int, topic: str, payload: bytes) -> None:
        if era == self._era:
            self.inbox.append((topic, payload))
            self.arrived()

    def _forget_perhaps(self) -> None:
        if self._faults.strikes("amnesia"):
            self._world.say("amnesia")
            self._era += 1
            self._down_until = self._world.now_ms + self._world.chance.randrange(RESTART_MS)
            for link in self._every_link():
                link.lose()

    def _every_link(self) -> list["SimulatedLink"]:
        return [link for links in list(self._links.values()) for link in list(links)]

    def join(self, link: "SimulatedLink", topic: str) -> None:
        self._links.setdefault(topic, []).append(link)

    def leave(self, link: "SimulatedLink") -> None:
        for links in self._links.values():
            if link in links:
                links.remove(link)


class SimulatedLink:
    """``Link`` for the production pump."""

    def __init__(self, wire: Wire, holder: str, topic: str, wake: Callable[[], None]) -> None:
        self._wire = wire
        self.holder = holder
        self._topic = topic
        self._wake = wake
        self.session = 0
        self._connected = False
        self._arrived: list[tuple[str, bytes]] = []

    def connect(self, timeout_s: float) -> None:
        del timeout_s
        self.close()
        if not self._wire.is_up_for(self.holder):
            raise LinkDown("the simulated broker cannot be reached")
        self.session += 1
        self._connected = True

    def publish(self, topic: str, payload: bytes) -> bool:
        self._need()
        self._wire.up(self.holder, topic, payload)
        self._need()
        return True  # a PUBACK proves nothing

    def subscribe(self, topic: str) -> None:
        self._need()
        self._wire.join(self, topic)

    def poll(self, timeout_ms: int, wake: Wake | None = None) -> tuple[str, bytes] | None:
        del timeout_ms, wake
        if self._arrived:
            return self._arrived.pop(0)
        self._need()
        return None

    def close(self) -> None:
        self._connected = False
        self._arrived = []
        self._wire.leave(self)

    def arrive(self, session: int, topic: str, payload: bytes) -> None:
        if self._connected and session == self.session:
            self._arrived.append((topic, payload))
            self._wake()

    def lose(self) -> None:
        """The connection ends without a goodbye."""
        self._connected = False
        self._wire.leave(self)
        self._wake()

    def _need(self) -> None:
        if not self._connected:
            raise LinkDown("the simulated connection ended")
