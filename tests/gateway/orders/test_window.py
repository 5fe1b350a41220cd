"""Wall-clock times become instants without a guess: what a zone skips or repeats is refused."""

import datetime
import zoneinfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobseal_gateway.orders.cell import Flaw
from jobseal_gateway.orders.window import read_time

ZONES = ("Europe/Vienna", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia", "UTC")


@pytest.mark.parametrize(
    ("text", "formats", "iso"),
    [
        ("2026-03-05T08:00", (), "2026-03-05T07:00+00:00"),
        ("2026-07-05 08:00:30", (), "2026-07-05T06:00:30+00:00"),
        ("2026-07-05T08:00Z", (), "2026-07-05T08:00+00:00"),
        ("2026-07-05T08:00-05:00", (), "2026-07-05T13:00+00:00"),
        ("2026-10-25T02:30+02:00", (), "2026-10-25T00:30+00:00"),
        ("2026-10-25T02:30+01:00", (), "2026-10-25T01:30+00:00"),
        ("5.7.2026 8:00", ("%d.%m.%Y %H:%M",), "2026-07-05T06:00+00:00"),
        ("07/05/26 08:00 PM", ("%d.%m.%Y %H:%M", "%m/%d/%y %I:%M %p"), "2026-07-05T18:00+00:00"),
    ],
)
def test_times_in_vienna_are_read_in_their_written_form(text: str, formats: tuple[str, ...], iso: str) -> None:
    flaws: list[Flaw] = []
    expected = datetime.datetime.fromisoformat(iso).timestamp() * 1000
    assert read_time(text, "Europe/Vienna", formats, flaws) == expected
    assert flaws == []


@given(st.datetimes(datetime.datetime(2000, 1, 1), datetime.datetime(2099, 12, 31)), st.sampled_from(ZONES))
def test_a_time_is_refused_exactly_when_the_zone_does_not_show_it_once(wall: datetime.datetime, zone_name: str) -> None:
    wall = wall.replace(second=0, microsecond=0)
    zone = zoneinfo.ZoneInfo(zone_name)
    around = (wall.replace(tzinfo=datetime.UTC) + datetime.timedelta(minutes=15 * n) for n in range(-110, 111))
    shown = [each for each in around if each.astimezone(zone).replace(tzinfo=None) == wall]
    flaws: list[Flaw] = []
    found = read_time(wall.isoformat(), zone_name, (), flaws)
    if len(shown) == 1:
        assert found == shown[0].timestamp() * 1000
    else:
        assert found is None
        assert [flaw.code for flaw in flaws] == ["ambiguous_time" if shown else "no_such_time"]
