"""The security log: read again as it was written, bounded, and in nobody's way."""

import asyncio
from pathlib import Path

from jobseal_gateway import security_log
from jobseal_gateway.security_log import API, BROKER, ENROLMENT, SecurityLog, tended
from jobseal_gateway.tally import MINUTE_MS


def test_what_each_part_refused_is_read_in_order(tmp_path: Path) -> None:
    now = [1_000]
    logs = {part: SecurityLog(tmp_path / "security", part, lambda: now[0]) for part in (BROKER, ENROLMENT, API)}
    for part in (API, BROKER, ENROLMENT):
        now[0] += 1
        assert logs[part].note("d1", "topic_refused", "sends to x") == ["refused d1: sends to x [topic_refused]"]
    assert [part for part, _ in security_log.read(tmp_path / "security")] == [API, BROKER, ENROLMENT]
    logs[API].note("d1", "topic_refused", "again")
    now[0] += MINUTE_MS
    assert logs[API].tend() == ["refused d1: again [topic_refused]"]
    found = security_log.read(tmp_path / "security")
    assert security_log.counts(found, 0) == {BROKER: 1, ENROLMENT: 1, API: 2}
    assert security_log.counts(found, 1_002) == {BROKER: 1, ENROLMENT: 1, API: 1}


def test_a_flood_fills_two_files_and_no_disk(tmp_path: Path) -> None:
    now = [0]
    log = SecurityLog(tmp_path, API, lambda: now[0], most_bytes=10_000)
    for number in range(5_000):
        now[0] += 1_000
        log.note(f"10.0.{number >> 8}.{number & 255}", "unauthorized", "x" * 500)
    sizes = [path.stat().st_size for path in tmp_path.iterdir()]
    assert len(sizes) == 2
    assert sum(sizes) <= 20_000
    assert security_log.read(tmp_path)[-1].line.who.startswith("10.0.19.")


def test_where_it_cannot_be_written_the_gateway_goes_on_and_says_so_aloud(tmp_path: Path) -> None:
    (tmp_path / "security").write_text("in the way")
    log = SecurityLog(tmp_path / "security", BROKER, lambda: None)
    assert log.note("d1", "x", "y") == ["refused d1: y [x]"]


def test_a_line_that_a_power_cut_tore_hides_none_of_the_others(tmp_path: Path) -> None:
    log = SecurityLog(tmp_path, BROKER, lambda: 5)
    log.note("d1", "x", "y")
    with (tmp_path / "broker.log").open("ab") as file:
        file.write(b'{"at_ms": 7, "who"\n[1]\n\xff\n')
    log.note("d2", "x", "y")
    assert [line.who for _, line in security_log.read(tmp_path)] == ["d1", "d2"]


def times(folder: Path) -> list[int]:
    return [line.times for _, line in security_log.read(folder)]


def test_repetitions_are_seen_when_their_minute_is_over_though_nobody_else_is_refused(tmp_path: Path) -> None:
    now, said = [1_000], list[str]()
    log = SecurityLog(tmp_path, API, lambda: now[0])

    async def serving() -> None:
        async with tended(log, said.append, every_s=0.001):
            for _ in range(8):
                log.note("10.0.0.7", "unauthorized", "GET /v1/feed")
            await asyncio.sleep(0.05)
            assert times(tmp_path) == [1], "one minute makes no more lines for being looked at often"
            now[0] += MINUTE_MS
            for _ in range(1_000):
                await asyncio.sleep(0.005)
                if len(times(tmp_path)) > 1:
                    break
            assert times(tmp_path) == [1, 7]
            assert said == ["refused 10.0.0.7: GET /v1/feed [unauthorized], 7 times"]

    asyncio.run(serving())


def test_a_part_that_stops_writes_what_it_has_only_counted_and_one_that_is_killed_loses_no_first_refusal(
    tmp_path: Path,
) -> None:
    stopped, killed = (SecurityLog(tmp_path / name, API, lambda: 1_000) for name in ("stopped", "killed"))

    async def serving() -> None:
        async with tended(stopped, lambda _: None):
            for log in (stopped, killed):
                for _ in range(5):
                    log.note("10.0.0.7", "unauthorized", "GET /v1/feed")

    asyncio.run(serving())
    assert times(tmp_path / "stopped") == [1, 4]
    assert times(tmp_path / "killed") == [1]
