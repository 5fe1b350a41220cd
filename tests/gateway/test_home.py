"""Making a gateway where it cannot be made: said in a sentence, and finished by the next attempt."""

import errno
import os
from pathlib import Path

import pytest

from jobseal_gateway import durable, home
from jobseal_gateway.command import main

ORGANISATION = ("--organisation", "Workshop")


def test_a_folder_that_cannot_be_made_is_said_and_no_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("in the way")
    assert main(["--home", str(tmp_path / "file" / "shop"), "init", *ORGANISATION]) == 1
    said = capsys.readouterr().err
    assert "home_unwritable" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("nth", range(7))
def test_a_disk_that_fills_up_while_a_gateway_is_made_is_said_and_the_next_attempt_finishes_it(
    tmp_path: Path, nth: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = [nth]

    def full(path: Path) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        sync_folder(path)

    sync_folder = durable.sync_folder
    monkeypatch.setattr(durable, "sync_folder", full)
    folder = tmp_path / "shop"
    with pytest.raises(home.HomeUnwritable, match="No space left"):
        home.make(folder, {"organisation": "Workshop"}).close()
    monkeypatch.undo()
    with home.make(folder, {"organisation": "Workshop"}) as gateway:
        fingerprint = gateway.keys.fingerprint
    with home.open(folder) as gateway:
        assert gateway.keys.fingerprint == fingerprint
