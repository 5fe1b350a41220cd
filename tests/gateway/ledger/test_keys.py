"""Keys, branches, holes and verdicts: what the log says about each handheld's chain."""

import pytest
from sqlalchemy import Engine

from jobseal.errors import PEER
from jobseal_gateway.ledger import branches, holes, keys, leaves, refused, verdicts
from jobseal_gateway.ledger.database import reading, writing
from jobseal_gateway.ledger.errors import KeyTaken
from jobseal_gateway.ledger.holes import Hole
from jobseal_gateway.ledger.refused import Refused
from jobseal_gateway.ledger.verdicts import Verdict
from tests.gateway.ledger.ledger_rows import digest, enrolled, event, job


def test_a_key_is_found_by_the_first_8_bytes_of_its_thumbprint(engine: Engine) -> None:
    with writing(engine) as connection:
        key = enrolled(connection, "van-1", 0).key
        other = enrolled(connection, "van-2", 1).key
        replaced = enrolled(connection, "van-1", 2).key

    with reading(engine) as connection:
        assert keys.by_kid(connection, key.thumbprint[:8]) == key
        assert keys.by_kid(connection, bytes(8)) is None
        assert keys.by_id(connection, other.id) == other
        assert keys.every(connection) == [key, other, replaced]
        assert keys.of_device(connection, "van-1") == [key, replaced]
        assert (key.status, key.status_leaf, key.trusted_seq) == (keys.ACTIVE, 0, None)


@pytest.mark.parametrize("tail", [b"", b"\xff" * 24])
def test_a_second_key_with_the_same_first_8_bytes_is_refused(engine: Engine, tail: bytes) -> None:
    with writing(engine) as connection:
        first = enrolled(connection, "van-1", 0).key
    thumbprint = first.thumbprint[:8] + tail if tail else first.thumbprint

    with pytest.raises(KeyTaken) as refusal, writing(engine) as connection:
        keys.enrol(
            connection,
            thumbprint=thumbprint,
            cose_key=b"other",
            device="van-2",
            enrolment_leaf=1,
            enrolment_hash=digest("other"),
        )

    assert (refusal.value.code, refusal.value.fault) == ("kid_taken", PEER)
    with reading(engine) as connection:
        assert keys.every(connection) == [first]


def test_a_keys_standing_follows_what_the_log_says(engine: Engine) -> None:
    with writing(engine) as connection:
        key = enrolled(connection).key
        other = enrolled(connection, "van-2", 1).key
        keys.set_status(connection, key.id, keys.REVOKED, leaf=9, trusted_seq=41)

    with reading(engine) as connection:
        found = keys.by_id(connection, key.id)
        assert found == key._replace(status=keys.REVOKED, status_leaf=9, trusted_seq=41)
        assert keys.by_id(connection, other.id) == other


def test_the_keys_version_grows_with_every_enrolment_and_change_of_standing(engine: Engine) -> None:
    with writing(engine) as connection:
        versions = [keys.version(connection)]
        key = enrolled(connection, "van-1", 0).key
        versions.append(keys.version(connection))
        enrolled(connection, "van-2", 4)
        versions.append(keys.version(connection))
        keys.set_status(connection, key.id, keys.SUSPENDED, leaf=9)
        versions.append(keys.version(connection))

    assert versions == [-1, 0, 4, 9]


def test_a_slot_is_settled_as_refused_once_by_the_hash_that_was_named_first(engine: Engine) -> None:
    with writing(engine) as connection:
        branch, other = enrolled(connection, "van-1", 0).branch, enrolled(connection, "van-2", 1).branch
        slots = [Refused(branch.id, 3, digest("bad")), Refused(branch.id, 8, digest("worse"))]
        refused.add(connection, slots[::-1])
        refused.add(connection, [Refused(branch.id, 3, digest("another"))])
        refused.add(connection, [])

    with reading(engine) as connection:
        assert refused.of_branches(connection, [branch.id, other.id]) == slots
        assert refused.of_branches(connection, [other.id]) == []


def test_branches_remember_how_far_each_chain_is_settled(engine: Engine) -> None:
    with writing(engine) as connection:
        key, branch = enrolled(connection, "van-1", 0)
        other = enrolled(connection, "van-2", 1)
        fork = branches.fork(connection, branch, 3, digest("before 3"))
        settled = [
            branch._replace(next_seq=5, head_hash=digest("head")),
            fork._replace(next_seq=4, head_hash=digest("fork's head")),
        ]
        branches.advance(connection, settled)
        branches.advance(connection, [])

    assert (branch.fork_seq, branch.next_seq, branch.head_hash) == (0, 0, key.enrolment_hash)
    assert (fork.parent_id, fork.fork_seq, fork.next_seq) == (branch.id, 3, 3)
    with reading(engine) as connection:
        assert branches.of_keys(connection, [other.key.id, key.id]) == {key.id: settled, other.key.id: [other.branch]}
        assert [each.standing for each in branches.of_key(connection, key.id)] == ["canonical", "forked"]
        assert branches.of_key(connection, 99) == []


def test_an_adopted_fork_stays_adopted_and_the_first_branch_canonical(engine: Engine) -> None:
    with writing(engine) as connection:
        key, branch = enrolled(connection)
        fork = branches.fork(connection, branch, 0, digest("prev"))
        branches.adopt(connection, fork.id)

    with reading(engine) as connection:
        standings = [each.standing for each in branches.of_key(connection, key.id)]

    assert standings == [branches.CANONICAL, branches.ADOPTED]


def test_a_seq_inside_a_hole_is_told_from_one_beside_it(engine: Engine) -> None:
    with writing(engine) as connection:
        key, branch = enrolled(connection)
        fork = branches.fork(connection, branch, 0, digest("prev"))
        hole = Hole(leaf=4, key_id=key.id, branch_id=branch.id, first_seq=10, last_seq=12)
        holes.add(connection, hole)

    with reading(engine) as connection:
        around = {seq: holes.around(connection, branch.id, seq) for seq in (9, 10, 12, 13)}
        assert around == {9: None, 10: hole, 12: hole, 13: None}
        assert holes.around(connection, fork.id, 11) is None
        assert holes.of_key(connection, key.id) == [hole]


def test_verdicts_come_lowest_seq_first_and_each_once(engine: Engine) -> None:
    with writing(engine) as connection:
        branch = enrolled(connection, "van-1", 0).branch
        fork = branches.fork(connection, branch, 0, digest("prev"))
        other = enrolled(connection, "van-2", 1).branch
        found = [
            Verdict(branch.id, 7, "unknown_kind"),
            Verdict(fork.id, 3, "chain_fork"),
            Verdict(branch.id, 3, "malformed_body"),
            Verdict(other.id, 1, "clock_unset"),
        ]
        verdicts.add(connection, found)
        verdicts.add(connection, found[:1])
        verdicts.add(connection, [])

    with reading(engine) as connection:
        both = [branch.id, fork.id]
        assert verdicts.of_branches(connection, both, 0, 16) == [found[2], found[1], found[0]]
        assert verdicts.of_branches(connection, both, 4, 16) == [found[0]]
        assert verdicts.last_seq(connection, both) == 7
        assert verdicts.last_seq(connection, [99]) == -1
        assert verdicts.of_branches(connection, both, 0, 2) == [found[2], found[1]]


def test_a_jobs_verdicts_are_those_of_its_own_events(engine: Engine) -> None:
    with writing(engine) as connection:
        branch = enrolled(connection).branch
        job_id = job(connection)
        leaves.append(connection, [event(0, branch, 0, job_id), event(1, branch, 1), event(2, branch, 2, job_id)])
        verdicts.add(
            connection,
            [
                Verdict(branch.id, 0, "malformed_body"),
                Verdict(branch.id, 0, "clock_unset"),
                Verdict(branch.id, 1, "unknown_kind"),
                Verdict(branch.id, 5, "signature_invalid"),
            ],
        )

    with reading(engine) as connection:
        assert verdicts.of_job(connection, job_id) == {0: ["clock_unset", "malformed_body"]}
