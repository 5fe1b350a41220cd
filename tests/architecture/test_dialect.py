"""The protocol's pure modules import nothing but hashlib and each other, and say nothing that MicroPython lacks."""

import shutil
from pathlib import Path

import pytest

from tests.architecture.dialect import offences_in, offences_in_folder

PROTOCOL = Path(__file__).parents[2] / "protocol" / "jobseal"


def test_every_pure_module_of_the_protocol_keeps_to_the_allowed_imports_and_to_micropython() -> None:
    assert offences_in_folder(PROTOCOL) == []


def test_an_import_of_time_planted_in_the_protocol_is_found(tmp_path: Path) -> None:
    package = shutil.copytree(PROTOCOL, tmp_path / "jobseal")
    planted = package / "errors.py"
    planted.write_text(planted.read_text() + "\nimport time\n")

    (offence,) = offences_in_folder(package)

    assert offence.startswith("errors.py:")
    assert offence.endswith("imports time")


@pytest.mark.parametrize(
    "source",
    [
        "import os",
        "import random",
        "import os.path as p",
        "import typing",
        "from dataclasses import dataclass",
        "from __future__ import annotations",
        "from cryptography.hazmat.primitives import hashes",
        "import jobseal_gateway",
        "import jobseal.host.crypto",
        "from jobseal import host",
        "from jobseal.host import crypto",
        "from . import cbor",
        "def late():\n    import time",
        "try:\n    import time\nexcept ImportError:\n    pass",
        "MYPY = False\nif not MYPY:\n    import time",
        "MYPY = False\nif MYPY:\n    pass\nimport typing",
        "MYPY = False\nif MYPY:\n    pass\nelse:\n    import time",
        "text = open('x')",
        "clock = __import__('time')",
        "bits = (5).bit_length()",
        "data = (5).to_bytes(2, 'big', signed=True)",
        "pairs = zip(a, b, strict=True)",
        "match x:\n    case _:\n        pass",
        "raise ValueError('x') from error",
        "def f(a, /): pass",
        "a = [*b, 1]",
        "a = {**b}",
        "a = b[::-1]",
        "try:\n    pass\nexcept UnicodeDecodeError:\n    pass",
    ],
)
def test_each_thing_a_pure_module_must_not_say_is_found(source: str, tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text(source)

    assert offences_in(module)


@pytest.mark.parametrize(
    "source",
    [
        "import hashlib",
        "from jobseal import cbor, cose",
        "from jobseal.errors import Malformed",
        "MYPY = False\nif MYPY:\n    from typing import Protocol",
        "def f(a: 'list[bytes] | None', *, b: bytes | None = None) -> 'tuple[int, ...]': return f(*a)",
        "if (n := 3) > 2: print(f'{n!r}')",
        "first, *rest = b'abc'[1:]",
    ],
)
def test_what_micropython_can_do_is_let_through(source: str, tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text(source)

    assert offences_in(module) == []
