"""The low-water mark is about the file system under the data folder, whatever else is free elsewhere."""

import os
from pathlib import Path

import pytest

from jobseal_gateway.ledger.space import free_bytes, is_low


def test_a_folder_is_low_below_the_mark_and_not_above_it(tmp_path: Path) -> None:
    free = free_bytes(tmp_path)

    assert is_low(tmp_path, free * 2)
    assert not is_low(tmp_path, free // 2)


def test_what_is_kept_back_for_root_does_not_count_as_free(tmp_path: Path) -> None:
    status = os.statvfs(tmp_path)

    assert abs(free_bytes(tmp_path) - status.f_bavail * status.f_frsize) < 64 * 1024 * 1024


def test_a_folder_that_is_not_there_is_an_error_and_not_plenty(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        is_low(tmp_path / "missing")
