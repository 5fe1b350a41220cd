"""A test that could not run is a failed test: nothing here passes by being left out."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).parents[1] / "conftest.py"


@pytest.mark.parametrize(
    "source",
    [
        "import pytest\ndef test_a(): pytest.skip('no broker here')",
        "import pytest\n@pytest.mark.skip(reason='no broker here')\ndef test_a(): pass",
        "import pytest\npytest.skip('no broker here', allow_module_level=True)",
        "import pytest\npytest.importorskip('no_broker_here')",
    ],
)
def test_a_skip_anywhere_fails_the_run(source: str, tmp_path: Path) -> None:
    shutil.copy(CONFTEST, tmp_path)
    (tmp_path / "test_skipping.py").write_text(f"{source}\n\n\ndef test_that_passes(): pass\n")

    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", tmp_path, tmp_path],
        text=True,
        stdout=subprocess.PIPE,
        check=False,
    )

    assert result.returncode != 0, result.stdout
    assert "skipped, which no" in result.stdout
