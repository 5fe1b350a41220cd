"""The arrows between the packages are a check that fails: import-linter on this tree, and on planted offences."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE_ROOTS = ("protocol", "device", "gateway")


def lint(root: Path) -> subprocess.CompletedProcess[str]:
    """import-linter on the three packages under ``root``, by the contracts in its pyproject.toml."""
    lint_imports = Path(sys.executable).with_name("lint-imports")
    # PYTHONPATH comes before the editable installation of this checkout, so the packages of `root` are judged.
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(str(root / name) for name in PACKAGE_ROOTS)}
    return subprocess.run(
        [lint_imports, "--no-cache", "--no-logo"],
        cwd=root,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the three packages and the contracts, to plant offences in."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for name in PACKAGE_ROOTS:
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def test_an_honest_copy_keeps_every_contract(copy: Path) -> None:
    result = lint(copy)

    assert result.returncode == 0, result.stdout
    assert "0 broken" in result.stdout


@pytest.mark.parametrize(
    ("module", "planted", "contract"),
    [
        ("device/jobseal_device", "jobseal_gateway", "Device and gateway do not know each other"),
        ("gateway/jobseal_gateway", "jobseal_device", "Device and gateway do not know each other"),
        ("protocol/jobseal", "jobseal_gateway", "The protocol knows neither device nor gateway"),
        ("protocol/jobseal/host", "jobseal_device", "The protocol knows neither device nor gateway"),
        ("protocol/jobseal", "jobseal.host.planted", "The protocol's pure modules do not import what needs a host"),
        (
            "protocol/jobseal/host",
            "sqlalchemy",
            "The protocol stands on the standard library and cryptography alone",
        ),
    ],
)
def test_a_planted_import_breaks_its_contract(copy: Path, module: str, planted: str, contract: str) -> None:
    (copy / "protocol/jobseal/host/planted.py").touch()
    (copy / module / "offender.py").write_text(f"import {planted}\n")

    result = lint(copy)

    assert result.returncode == 1, result.stdout
    assert f"{contract} BROKEN" in result.stdout
    assert "offender" in result.stdout
