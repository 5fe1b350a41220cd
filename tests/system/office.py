"""The office: people who close jobs, override, write off, adopt and revoke, each by a command that is its own process.

They see what the office's commands show them (open exceptions, forks, holes) and act by chance, so that what they do is
sometimes wise and sometimes too early; the checker judges what came of it.
"""

from collections.abc import Callable

from jobseal.errors import JobsealError
from jobseal.exceptions import RULES
from jobseal_gateway.ledger import branches, exceptions, holes, jobs, keys
from jobseal_gateway.ledger.database import reading
from jobseal_gateway.log import LogWriter
from jobseal_gateway.office import COMPROMISED
from jobseal_gateway.office import Office as Commands
from tests.system.database import Killed
from tests.system.faults import Faults
from tests.system.gateway import Gateway
from tests.system.ground import Ground
from tests.system.history import History
from tests.system.world import World

PERSON = "office@example"
REASON = "as agreed by telephone"
JOB_ACTS = ("close", "close for one", "override", "override")
KEY_ACTS = ("write off", "adopt")


class Office:
    """``act`` does one thing, or finds nothing to do."""

    def __init__(self, world: World, faults: Faults, ground: Ground, gateway: Gateway, history: History) -> None:
        self._world = world
        self._faults = faults
        self._ground = ground
        self._gateway = gateway
        self._history = history

    def act(self) -> None:
        """Whatever somebody there has in mind now."""
        chance = self._world.chance
        if self._faults.strikes("office"):
            if chance.random() < 0.5:
                self._about_a_job(chance.choice(list(self._ground.work)), chance.choice(JOB_ACTS))
            else:
                self._about_a_key(chance.choice(self._ground.issued).device, chance.choice(KEY_ACTS))
        if self._faults.strikes("distrust"):
            self._distrust()

    def _about_a_job(self, job: str, what: str) -> None:
        device = self._world.chance.choice(self._ground.issued).device
        if what == "close":
            self._say(what, job, lambda office: office.close(job, REASON, PERSON))
        elif what == "close for one":
            self._say(what, job, lambda office: office.close(job, REASON, PERSON, device))
        else:
            with reading(self._ground.engine) as connection:
                number = jobs.known(connection, [job]).get(job)
                found = [] if number is None else exceptions.of_job(connection, number)
            codes = sorted({each.code for each in found if RULES[each.code].blocks})
            if codes:
                code = self._world.chance.choice(codes)
                self._say(f"override {code}", job, lambda office: office.override(job, code, REASON, PERSON))

    def _about_a_key(self, device: str, what: str) -> None:
        with reading(self._ground.engine) as connection:
            key = keys.of_device(connection, device)[-1]
            lost = holes.of_key(connection, key.id)
            forks = [each for each in branches.of_key(connection, key.id) if each.standing == branches.FORKED]
            is_settled = any(each.standing == branches.ADOPTED for each in branches.of_key(connection, key.id))
        if what == "write off" and lost:
            hole = self._world.chance.choice(lost)
            first, last = hole.first_seq, hole.last_seq
            self._say(what, device, lambda office: office.write_off(device, first, last, REASON, PERSON))
        elif what == "adopt" and forks and not is_settled:
            head = self._world.chance.choice(forks).head_hash.hex()
            self._say(what, device, lambda office: office.adopt(device, head, REASON, PERSON))

    def _distrust(self) -> None:
        chance = self._world.chance
        device, what = chance.choice(self._ground.issued).device, chance.choice(("suspend", "lost", COMPROMISED))
        with reading(self._ground.engine) as connection:
            key = keys.of_device(connection, device)[-1]
        if what == "suspend":
            self._history.distrusted.add(key.kid)
            self._say(what, device, lambda office: office.suspend(device, REASON, PERSON))
        else:
            self._revoke(key, device, what)

    def interfere(self, when: str) -> None:
        """Revoke a key, now that ``when`` is under way: the newest that the gateway knows, or one that has ended."""
        if not self._faults.strikes("revocation"):
            return
        chance = self._world.chance
        device, what = chance.choice(self._ground.issued).device, chance.choice(("lost", COMPROMISED))
        with reading(self._ground.engine) as connection:
            key = chance.choice(keys.of_device(connection, device)[-2:])
        self._world.say("under way:", when)
        self._revoke(key, key.thumbprint.hex(), what)

    def _revoke(self, key: keys.Key, name: str, what: str) -> None:
        self._history.distrusted.add(key.kid)
        if what == COMPROMISED:
            trusted = self._world.chance.randrange(-1, 20)
            self._say(what, key.device, lambda office: office.revoke(name, what, PERSON, trusted))
        else:
            self._say(what, key.device, lambda office: office.revoke(name, what, PERSON))

    def _say(self, what: str, about: str, command: Callable[[Commands], object]) -> None:
        """Run one command in a process of its own."""
        ground = self._ground
        log = LogWriter(ground.engine, ground.keys.log_id, ground.keys.log)
        office = Commands(log, ground.keys.office, self._gateway, lambda: None)
        if self._faults.strikes("office_kill"):
            ground.commits.plan = self._world.chance.choice(("before", "after"))
        try:
            command(office)
            self._world.say("office", what, about)
        except Killed:
            self._world.say("office killed", what, about)
        except JobsealError as problem:
            self._world.say("office", what, about, problem.code)
        finally:
            ground.commits.plan = None
