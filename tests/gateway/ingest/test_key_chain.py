"""A key's chain between rounds: what was looked up of it once is kept as long as nobody else appends to the log."""

import pytest
from sqlalchemy import event

from tests.gateway.ingest.talk import send
from tests.gateway.rotations import named_by
from tests.stations import Station

ENROLMENTS_OF_THE_DEVICE = "WHERE keys.device ="


@pytest.mark.parametrize("has_ended", [False, True])
def test_where_a_key_has_ended_is_looked_up_once_and_not_in_each_round(station: Station, has_ended: bool) -> None:
    """Of a key that has ended, and of one with two holders that has not."""
    device = station.enrol("van-1")
    copy = device.clone()
    device.capture()
    copy.capture(job="WO-2")
    if has_ended:
        named_by(device, "own")
    for each in (device, copy):
        send(station, each, each.events(0, 2, 9999))
    asked = []

    @event.listens_for(station.engine, "before_cursor_execute")
    def count(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    for seq in range(len(device.frames), len(device.frames) + 3):
        device.capture()
        send(station, device, device.events(seq, 1, 9999))
    assert not [each for each in asked if ENROLMENTS_OF_THE_DEVICE in each]
    assert asked
