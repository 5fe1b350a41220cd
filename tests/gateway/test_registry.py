"""The registry: what other processes enrol and revoke is seen within a quarter of a second, at little cost."""

from sqlalchemy import event

from jobseal_gateway.ledger import keys
from jobseal_gateway.registry import CHECK_EVERY_MS, Registry
from tests.stations import Station


def test_enrolled_keys_are_found_by_kid(station: Station) -> None:
    device = station.enrol("van-1")
    registry = Registry(station.engine)
    found = registry.find(device.key.kid, 0)
    assert found is not None
    assert (found.device, found.genesis, found.status) == ("van-1", device.genesis, keys.ACTIVE)
    assert found.key.thumbprint == device.key.thumbprint
    assert registry.knows_device("van-1")
    assert not registry.knows_device("van-2")


def test_a_key_enrolled_elsewhere_is_found_at_once_when_it_is_asked_for(station: Station) -> None:
    registry = Registry(station.engine)
    registry.watch(0)
    device = station.enrol("van-1")
    assert registry.find(device.key.kid, 1) is not None


def test_a_revocation_elsewhere_is_seen_at_the_next_look(station: Station) -> None:
    device = station.enrol("van-1")
    registry = Registry(station.engine)
    registry.watch(0)
    station.revoke(device)
    registry.watch(CHECK_EVERY_MS - 1)
    known = registry.find(device.key.kid, CHECK_EVERY_MS - 1)
    assert known is not None
    assert known.status == keys.ACTIVE
    registry.watch(CHECK_EVERY_MS)
    assert known.status == keys.REVOKED


def test_a_flood_of_unknown_kids_asks_the_ledger_four_times_a_second(station: Station) -> None:
    registry = Registry(station.engine)
    registry.watch(0)
    asked = []

    @event.listens_for(station.engine, "before_cursor_execute")
    def count(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    for up_ms in range(1_000):
        for n in range(3):
            assert registry.find(n.to_bytes(8, "big"), up_ms) is None
    assert len([each for each in asked if "keys" in each]) == 4


def test_what_was_read_in_a_transaction_that_was_undone_is_read_again(station: Station) -> None:
    device = station.enrol("van-1")
    registry = Registry(station.engine)
    found = registry.find(device.key.kid, 0)
    assert found is not None
    found.status = keys.SUSPENDED  # as a round does before its commit
    registry.forget()
    registry.watch(1)
    assert found.status == keys.ACTIVE
