"""The locks pin everything by hash, hold no download address, and still fit what pyproject.toml asks for."""

import json
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PYTHON_LOCK = ROOT / ".ci/requirements.lock"
SUPPLY_LOCK = ROOT / ".ci/supply.lock"
NODE_LOCKS = [ROOT / "tests" / folder / "package-lock.json" for folder in ("micropython", "oidc")]
UNLOCKED = ("tpm",)  # compiles against headers that only who has a TPM needs
PIN = re.compile(r"^([a-z0-9-]+)==(\S+)", re.MULTILINE)


def requirements() -> list[Requirement]:
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text())
    project = pyproject["project"]
    extras = {name: lines for name, lines in project["optional-dependencies"].items() if name not in UNLOCKED}
    stated = [*project["dependencies"], *pyproject["build-system"]["requires"]]
    return [Requirement(line) for line in stated + [line for extra in extras.values() for line in extra]]


@pytest.mark.parametrize("lock", [PYTHON_LOCK, SUPPLY_LOCK, *NODE_LOCKS], ids=lambda path: "/".join(path.parts[-2:]))
def test_a_lock_holds_no_download_address(lock: Path) -> None:
    assert "://" not in lock.read_text()


@pytest.mark.parametrize("requirement", requirements(), ids=str)
def test_the_lock_satisfies_what_the_project_asks_for(requirement: Requirement) -> None:
    pinned = dict(PIN.findall(PYTHON_LOCK.read_text()))

    assert requirement.specifier.contains(pinned[canonicalize_name(requirement.name)])


@pytest.mark.parametrize("lock", [PYTHON_LOCK, SUPPLY_LOCK], ids=lambda path: path.name)
def test_every_pinned_python_package_has_hashes(lock: Path) -> None:
    entries = re.split(r"\n(?=\S)", lock.read_text().strip())

    assert len(entries) > 40
    assert [entry for entry in entries if not re.search(r"--hash=sha256:[0-9a-f]{64}", entry)] == []


@pytest.mark.parametrize("lock", NODE_LOCKS, ids=lambda path: path.parent.name)
def test_every_pinned_node_package_has_its_integrity(lock: Path) -> None:
    packages = json.loads(lock.read_text())["packages"]
    installed = {name: package for name, package in packages.items() if name}

    assert installed
    assert [name for name, package in installed.items() if "integrity" not in package] == []
