"""Objects are wanted only when a logged event names them, grow in order, and can be forgotten without a trace."""

from collections.abc import Callable

import pytest
from sqlalchemy import Connection, Engine

from jobseal_gateway.ledger import leaves, objects
from jobseal_gateway.ledger.database import reading, writing
from jobseal_gateway.ledger.objects import Named, Object
from tests.gateway.ledger.ledger_rows import Chain, digest, enrolled, event, job

PHOTO = Named(digest("photo"), size=10, media_type="image/jpeg")
NOTE = Named(digest("note"), size=4, media_type="text/plain")


def named(engine: Engine) -> Chain:
    """An event of one key that names both objects; the key's chain."""
    with writing(engine) as connection:
        chain = enrolled(connection)
        leaves.append(connection, [event(0, chain.branch, 0, job(connection))])
        objects.name(connection, 0, chain.key.id, [PHOTO, NOTE])
    return chain


def test_only_the_key_whose_event_names_an_object_may_bring_it(engine: Engine) -> None:
    chain = named(engine)
    with writing(engine) as connection:
        stranger = enrolled(connection, "van-2", 9).key

    with reading(engine) as connection:
        found = objects.named_by(connection, chain.key.id, PHOTO.digest)
        assert found is not None
        assert found[1:] == (PHOTO.digest, 10, "image/jpeg", 0, objects.WANTED)
        assert objects.named_by(connection, stranger.id, PHOTO.digest) is None
        assert objects.named_by(connection, chain.key.id, digest("other")) is None


def test_naming_an_object_again_changes_nothing_of_what_is_stored(engine: Engine) -> None:
    chain = named(engine)
    with writing(engine) as connection:
        known = objects.by_digests(connection, [NOTE.digest])[NOTE.digest]
        objects.add_chunk(connection, known, b"salt")
        objects.complete(connection, known.id)

    with writing(engine) as connection:
        leaves.append(connection, [event(1, chain.branch, 1, job(connection, "WO-2"))])
        objects.name(connection, 1, chain.key.id, [NOTE._replace(size=99), NOTE])
        objects.name(connection, 1, chain.key.id, [])

    with reading(engine) as connection:
        again = objects.by_digests(connection, [NOTE.digest])[NOTE.digest]
        assert again == known._replace(received=4, state=objects.STORED)
        assert len(objects.jobs_naming(connection, known.id)) == 2
        branch = chain.branch.id
        assert objects.events_naming(connection, known.id, chain.key.id) == [(branch, 0), (branch, 1)]
        assert objects.events_naming(connection, known.id, chain.key.id + 1) == []


def test_pieces_are_put_together_in_order(engine: Engine) -> None:
    named(engine)
    with writing(engine) as connection:
        known = objects.by_digests(connection, [PHOTO.digest])[PHOTO.digest]
        for piece in (b"0123", b"", b"45678", b"9"):
            known = objects.add_chunk(connection, known, piece)
        objects.complete(connection, known.id)

    with reading(engine) as connection:
        assert objects.content(connection, known.id) == b"0123456789"
        found = objects.by_digests(connection, [PHOTO.digest, NOTE.digest])
        assert {each.digest: (each.received, each.state) for each in found.values()} == {
            PHOTO.digest: (10, objects.STORED),
            NOTE.digest: (0, objects.WANTED),
        }


def test_a_piece_that_was_added_meanwhile_is_not_added_twice(engine: Engine) -> None:
    named(engine)
    with writing(engine) as connection:
        stale = objects.by_digests(connection, [PHOTO.digest])[PHOTO.digest]
        grown = objects.add_chunk(connection, stale, b"01234")

    with writing(engine) as connection:
        answer = objects.add_chunk(connection, stale, b"01234")

    assert answer == grown
    with reading(engine) as connection:
        assert objects.content(connection, stale.id) == b"01234"


def test_bytes_beyond_the_named_size_are_refused(engine: Engine) -> None:
    named(engine)
    with writing(engine) as connection:
        known = objects.by_digests(connection, [NOTE.digest])[NOTE.digest]
        with pytest.raises(ValueError, match="size"):
            objects.add_chunk(connection, known, b"salt+")

        assert objects.content(connection, known.id) == b""


@pytest.mark.parametrize(("forget", "state"), [(objects.discard, objects.WANTED), (objects.erase, objects.ERASED)])
def test_what_is_forgotten_is_gone_and_only_a_discarded_object_is_wanted_again(
    engine: Engine, forget: Callable[[Connection, int], None], state: str
) -> None:
    named(engine)
    with writing(engine) as connection:
        known = objects.by_digests(connection, [NOTE.digest])[NOTE.digest]
        objects.add_chunk(connection, known, b"bad!")
        forget(connection, known.id)

    with writing(engine) as connection:
        after: Object = objects.by_digests(connection, [NOTE.digest])[NOTE.digest]
        assert (after.received, after.state) == (0, state)
        assert objects.content(connection, known.id) == b""
        grown = objects.add_chunk(connection, after, b"salt")
        assert grown.received == (4 if state == objects.WANTED else 0)
