"""Group commit: what waits together is written together, answered after its COMMIT, and fails by itself."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from jobseal.enrolling import Grant, Request, Waiting, parse_code, sign_request
from jobseal.host.crypto import Ed25519Signer
from jobseal_device import link_identity
from jobseal_gateway import admission, home
from jobseal_gateway.admission import Invited
from jobseal_gateway.enrol import EnrolmentRefused
from jobseal_gateway.group_commit import GroupCommit
from jobseal_gateway.ledger import keys, leaves, log
from jobseal_gateway.ledger.database import reading, writing
from jobseal_gateway.ledger.errors import LedgerUnavailable
from tests.servers import eventually

WITHIN_S = 30.0


class Held:
    """A ``write`` that stands still in its first call until it is let go, and remembers what it was given."""

    def __init__(self, write: Callable[[str], str]) -> None:
        self.groups: list[list[str]] = []
        self.began, self.let_go = threading.Event(), threading.Event()
        self._write = write

    def __call__(self, wanted: Sequence[str]) -> list[str]:
        self.groups.append(list(wanted))
        if len(self.groups) == 1:
            self.began.set()
            assert self.let_go.wait(WITHIN_S)
        return [self._write(each) for each in wanted]


def results(held: Held, wanted: Sequence[str], most: int = 8) -> list[str]:
    """What each got or was refused with, where all but the first came while that one was being written."""
    commits = GroupCommit(held, most)
    found: dict[str, str] = {}

    def ask(each: str) -> None:
        try:
            found[each] = commits.do(each)
        except Exception as error:
            found[each] = repr(error)

    threads = [threading.Thread(target=ask, args=(each,)) for each in wanted]
    threads[0].start()
    assert held.began.wait(WITHIN_S)
    for number, thread in enumerate(threads[1:], 1):
        thread.start()
        eventually(lambda so_many=number: len(commits._waiting) == so_many)  # type: ignore[misc]
    assert found == {}, "nobody is answered before the write that has his share has returned"
    held.let_go.set()
    for thread in threads:
        thread.join(WITHIN_S)
    return [found[each] for each in wanted]


def test_who_comes_while_another_is_written_shares_the_next_write() -> None:
    held = Held(str.upper)
    assert results(held, "abcd") == ["A", "B", "C", "D"]
    assert held.groups == [["a"], ["b", "c", "d"]]


def test_a_group_is_never_larger_than_it_may_be_and_first_come_is_first_served() -> None:
    held = Held(str.upper)
    assert results(held, "abcdef", most=2) == ["A", "B", "C", "D", "E", "F"]
    assert held.groups == [["a"], ["b", "c"], ["d", "e"], ["f"]]


def test_a_failing_one_takes_none_of_its_neighbours_down() -> None:
    def write(each: str) -> str:
        if each == "c":
            raise ValueError(each)
        return each.upper()

    held = Held(write)
    assert results(held, "abcd") == ["A", "B", "ValueError('c')", "D"]
    assert held.groups == [["a"], ["b", "c", "d"], ["b"], ["c"], ["d"]]


def test_where_the_ledger_is_gone_everybody_hears_it_once_and_nobody_tries_again() -> None:
    def write(_each: str) -> str:
        raise LedgerUnavailable("gone")

    held = Held(write)
    assert all("LedgerUnavailable" in each for each in results(held, "abcd"))
    assert held.groups == [["a"], ["b", "c", "d"]]


def test_a_write_that_answers_too_few_leaves_nobody_waiting_and_is_not_done_again() -> None:
    class Short(Held):
        def __call__(self, wanted: Sequence[str]) -> list[str]:
            return super().__call__(wanted)[:1]

    held = Short(str.upper)
    found = results(held, "abcd")
    assert found[0] == "A"
    assert all("3 were to be written together, and 1 were answered" in each for each in found[1:])
    assert held.groups == [["a"], ["b", "c", "d"]]


@pytest.fixture
def gateway(tmp_path: Path) -> home.Gateway:
    return home.make(tmp_path / "gateway", {"organisation": "Test", "enrolment.port": 4444})


def request_with(code: str, name: str) -> bytes:
    signer = Ed25519Signer(name.encode().ljust(32, b"."))
    wanted = Request(
        token=parse_code(code).token,
        key=signer.key.encode(),
        link=link_identity.new_key().key.encode(),
        assurance="pin",
    )
    return sign_request(wanted, signer)


def test_grants_that_wait_for_the_ledger_share_a_commit_and_the_one_that_is_over_is_refused_alone(
    gateway: home.Gateway,
) -> None:
    """Nine handhelds whose codes were approved; that of the fifth has ended by the time that its turn comes."""
    names = [f"hh-{number}" for number in range(9)]
    invited = [Invited(name, name, [f"t-{name}"]) for name in names]
    tickets = admission.invite(gateway, invited, "op", 60_000, "boss")
    [tickets[4]] = admission.invite(gateway, [Invited("late", "hh-late")], "op", -1, "boss")
    requests, answers = admission.Requests(gateway), dict[str, object]()

    def ask(name: str, data: bytes) -> None:
        try:
            answers[name] = requests.ask(data, "10.0.0.7")
        except EnrolmentRefused as error:
            answers[name] = error.code

    threads = [
        threading.Thread(target=ask, args=(name, request_with(ticket.code, name)))
        for name, ticket in zip(names, tickets, strict=True)
    ]
    with writing(gateway.engine):  # whoever is first waits for this, and the others behind it
        threads[0].start()
        eventually(lambda: requests._commits._turn.locked())
        for thread in threads[1:]:
            thread.start()
        eventually(lambda: len(requests._commits._waiting) == len(names) - 1)
        assert answers == {}
    for thread in threads:
        thread.join(WITHIN_S)
    assert answers.pop("hh-4") == "code_expired"
    assert all(isinstance(answer, Grant) for answer in answers.values())
    with reading(gateway.engine) as connection:
        enrolled = keys.every(connection)
        logged = [leaves.at(connection, row.enrolment_leaf) for row in enrolled]
    assert sorted(row.device for row in enrolled) == sorted(answers)
    assert all(leaf is not None and leaf.hash == row.enrolment_hash for leaf, row in zip(logged, enrolled, strict=True))
    gateway.close()


def together(gateway: home.Gateway, asking: Sequence[bytes]) -> tuple[list[int], list[Grant | Waiting]]:
    """(how many were in each transaction that was tried, the answers) where all but the first request wait for it."""
    requests, groups = admission.Requests(gateway), list[int]()
    write = requests._commits._write
    answers: dict[int, Grant | Waiting] = {}

    def counted(wanted: Sequence[admission._Asking]) -> list[Grant | Waiting]:
        groups.append(len(wanted))
        return write(wanted)

    def ask(number: int) -> None:
        answers[number] = requests.ask(asking[number], "10.0.0.7")

    requests._commits._write = counted
    threads = [threading.Thread(target=ask, args=(number,)) for number in range(len(asking))]
    with writing(gateway.engine):
        threads[0].start()
        eventually(lambda: requests._commits._turn.locked())
        for number, thread in enumerate(threads[1:], 1):
            thread.start()
            eventually(lambda so_many=number: len(requests._commits._waiting) == so_many)  # type: ignore[misc]
    for thread in threads:
        thread.join(WITHIN_S)
    return groups, [answers[number] for number in range(len(asking))]


def test_many_grants_at_once_take_fewer_commits(gateway: home.Gateway) -> None:
    names = [f"hh-{number}" for number in range(admission.AT_ONCE + 1)]
    tickets = admission.invite(gateway, [Invited(name, name) for name in names], "op", 60_000, "boss")
    asking = [request_with(ticket.code, name) for ticket, name in zip(tickets, names, strict=True)]
    assert together(gateway, asking)[0] == [1, admission.AT_ONCE]
    with reading(gateway.engine) as connection:
        enrolled = keys.every(connection)
        signed = {log.checkpoint_covering(connection, row.enrolment_leaf) for row in enrolled}
    assert len(enrolled) == len(names)
    assert len(signed) == 2, "one over the first alone, and one over all others"
    gateway.close()


def test_a_request_that_comes_twice_into_one_commit_is_answered_twice_by_it(gateway: home.Gateway) -> None:
    """A handheld that gave up waiting for its first answer has asked again; and one has two codes for its one key."""
    rows = [Invited("first", "hh-1"), Invited("second", "hh-2"), Invited("second", "hh-2")]
    first, code, other_code = [each.code for each in admission.invite(gateway, rows, "op", 60_000, "boss")]
    again, otherwise = request_with(code, "hh-2"), request_with(other_code, "hh-2")
    groups, answers = together(gateway, [request_with(first, "hh-1"), again, otherwise, again])
    assert groups == [1, 3]
    assert answers[1].encode() == answers[3].encode()
    assert isinstance(answers[2], Grant)
    with reading(gateway.engine) as connection:
        assert [row.device for row in keys.every(connection)] == ["hh-1", "hh-2"]
    gateway.close()
