"""A short day, played as the demo plays its long one: real processes, a real broker, and everything that goes wrong."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jobseal_gateway import home
from jobseal_gateway.demo.audit import Figures, audit
from jobseal_gateway.demo.play import Play, playing
from jobseal_gateway.demo.report import report, some_record
from jobseal_gateway.demo.scenario import Scenario, parse
from jobseal_gateway.ledger import jobs, leaves, quarantine, records
from jobseal_gateway.ledger.database import reading
from jobseal_gateway.release import decode

ORDERS = b"""id,customer,currency,time_zone,tasks,technicians,required_evidence
WO-1,C-1,EUR,Europe/Vienna,FIT,t-1,photo|signoff
WO-2,C-1,EUR,Europe/Vienna,FIT,t-1|t-2,signoff
WO-3,C-2,EUR,Europe/Vienna,FIT,t-1,photo|signoff
WO-4,C-2,EUR,Europe/Vienna,FIT,t-1,signoff
"""
PRICES = b"""price_list,version,currency,valid_from,rule,kind,code,unit,rate,per
STANDARD,1,EUR,2026-01-01,CALL,callout,*,visit,20,
STANDARD,1,EUR,2026-01-01,FIT,labour,*,flat,80,job
STANDARD,1,EUR,2026-01-01,TRAVEL,travel,*,flat,5,
STANDARD,1,EUR,2026-01-01,PART,part,P-1,each,10,
"""
DAY = b"""
day 2026-03-05 Europe/Vienna pace 900
handheld HH-1 t-1
handheld HH-2 t-2
clone HH-3 of HH-1

visit work $count
  +0 accept
  +1 travel
  +3 arrive
  +4 start FIT
  +5 use P-1 $count each
  +7 stop FIT
  +8 photo after
  +9 complete
end

08:00 HH-1 login
08:00 HH-2 login
08:02 HH-2 offline
08:04 HH-2 work WO-2 1
08:05 HH-1 work WO-1 3
08:15 HH-1 sign WO-1 "A. Lindner"
08:20 HH-1 work WO-2 1
08:25 stranger forgery HH-2
08:28 broker killed
08:30 HH-1 sign WO-2 "A. Lindner"
08:40 HH-1 correct WO-1 use P-1 quantity=2 reason=2
08:50 HH-1 crash
08:51 HH-1 accept WO-3
09:00 HH-1 copied HH-3
09:05 HH-1 travel WO-3
09:05 HH-3 travel WO-3
09:10 HH-1 offline
09:11 HH-3 sync-once
09:12 HH-1 online
09:20 HH-1 arrive WO-3
09:50 HH-2 online
"""
DAY = DAY.replace(b"08:25 stranger forgery HH-2", b"08:25 stranger forgery HH-1\n08:26 stranger noise HH-2")


def read(day: bytes) -> Scenario:
    scenario, problems = parse(day, "day", ["WO-1", "WO-2", "WO-3", "WO-4"])
    assert scenario is not None, problems
    return scenario


class Played:
    """What is left of the day, while its gateway still serves."""

    def __init__(self, play: Play, said: list[str]) -> None:
        self.play = play
        self.said = said
        self.journals: dict[str, list[dict[str, Any]]] = {
            name: handheld.journal() for name, handheld in play.handhelds.items()
        }
        with home.open(play.station.home) as gateway:
            clone = self.journals["HH-3"]
            honest = [self.journals["HH-1"], self.journals["HH-2"]]
            self.figures: Figures = audit(gateway.engine, honest, [clone])
            self.report = report(gateway.engine, self.figures, self.journals, ["HH-3"])
            self.record = some_record(gateway.engine)
            with reading(gateway.engine) as connection:
                self.released = records.after(connection, 0, 100)
                self.refused = quarantine.after(connection, 0, 1000)
                job = jobs.known(connection, ["WO-2"])["WO-2"]
                self.of_two = [leaf for leaf in leaves.of_job(connection, job) if leaf.type == leaves.EVENT]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    said: list[str] = []
    with playing(Play(read(DAY), ORDERS, PRICES, tmp_path_factory.mktemp("day"), said.append)) as play:
        play.set_up()
        play.play()
        play.settle()
        yield Played(play, said)


def test_everything_captured_is_acknowledged_and_logged_and_the_clone_is_the_only_fork(played: Played) -> None:
    found = played.figures
    assert found.captured == sum(len(played.journals[name]) for name in ("HH-1", "HH-2")) > 30
    assert found.captured == found.acknowledged == found.logged
    assert (found.lost, found.billed_twice, found.forged_accepted, found.forks) == (0, 0, 0, 1)
    assert found.hold


def test_an_event_whose_signing_was_killed_is_in_the_journal_once(played: Played) -> None:
    accepted = [row for row in played.journals["HH-1"] if (row["kind"], row["job"]) == ("job.accepted", "WO-3")]
    assert len(accepted) == 1
    assert any("killed (-9) while it signs job.accepted" in line for line in played.said)


def test_a_job_of_two_is_released_only_after_both_have_synced(played: Played) -> None:
    released = [each for each in played.released if each.work_order == "WO-2"]
    assert [each.revision for each in released] == [1]
    assert len({leaf.key_id for leaf in played.of_two}) == 2
    assert released[0].leaf > max(leaf.idx for leaf in played.of_two)


def test_a_correction_after_release_bills_the_difference(played: Played) -> None:
    totals = [decode(each).total for each in played.released if each.work_order == "WO-1"]
    assert totals == ["135.00", "-10.00"]


def test_what_the_stranger_sent_is_in_quarantine_and_not_in_the_log(played: Played) -> None:
    assert {"signature_invalid"} < {item.code for item in played.refused}


def test_the_handheld_and_its_clone_went_on_from_the_same_event_to_different_ones(played: Played) -> None:
    original, clone = played.journals["HH-1"], played.journals["HH-3"]
    shared = [row["hash"] for row in clone[:-1]]
    assert shared == [row["hash"] for row in original[: len(shared)]]
    assert clone[-1]["hash"] != original[len(shared)]["hash"]
    assert clone[-1]["state"] == "acked"


def test_the_broker_was_killed_and_another_took_its_place(played: Played) -> None:
    said = [line for line in played.said if "broker" in line]
    assert len(said) == 2
    assert "has started another broker" in said[1]


def test_the_report_says_where_each_job_stands_and_what_each_handheld_did(played: Played) -> None:
    assert played.record is not None
    for line in ("WO-1", "WO-4", "not begun", "chain_fork", "HH-3", "0 are lost", "chains forked by clones: 1"):
        assert line in played.report


def test_a_record_of_the_day_has_evidence_that_the_gateway_gives_out(played: Played, tmp_path: Path) -> None:
    assert played.record is not None
    answer = played.play.station.command("evidence", played.record, "--out", str(tmp_path / "bundle"))
    assert (tmp_path / "bundle").stat().st_size == answer["bytes"] > 1000
