"""docs/handheld.md says what the code does: its files, its codes, its configuration."""

import re
from pathlib import Path

from jobseal import bodies
from jobseal.limits import EVENT_MAX_BYTES, OBJECT_MAX_BYTES
from jobseal_device.home import Home
from jobseal_device.settings import Settings, load

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "handheld.md").read_text()


def table(heading: str) -> list[list[str]]:
    """The rows of the first table below a heading."""
    section = PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_every_path_of_the_data_folder_is_on_the_page() -> None:
    home = Home(Path("/home"))
    places = [path for path in vars(home).values() if isinstance(path, Path) and path != home.folder]
    paths = [str(path.relative_to(home.folder)) for path in places]
    named = " ".join(row[0] for row in table("The folder"))
    for path in paths:
        if path != "objects":
            assert f"`{path}" in named, path


def test_every_code_on_the_page_is_one_that_the_code_uses() -> None:
    source = "".join(path.read_text() for path in (ROOT / "device").rglob("*.py"))
    source += "".join(path.read_text() for path in (ROOT / "protocol" / "jobseal").glob("*.py"))
    codes = [code for row in table("When something is refused") for code in re.findall(r"`([a-z_]+)`", row[0])]
    assert len(codes) >= 20
    for code in codes:
        assert f'"{code}"' in source, code


def test_the_example_configuration_holds_the_defaults(tmp_path: Path) -> None:
    (tmp_path / "device.toml").write_text(PAGE.split("```toml\n")[1].split("```")[0])
    assert load(tmp_path / "device.toml") == Settings(brokers=(("gateway.example.com", 1883),))


def test_the_kinds_reasons_and_caps_on_the_page_are_those_of_the_protocol() -> None:
    for kind in re.findall(r"jobseal-device capture ([a-z_]+\.[a-z_]+)", PAGE):
        assert kind in bodies.SHAPES
    flat = " ".join(PAGE.split())
    for number, reason in bodies.CORRECTION_REASONS.items():
        assert f"{number} {reason}" in flat
    assert f"{OBJECT_MAX_BYTES // 1048576} MiB" in flat
    assert f"{EVENT_MAX_BYTES:,} bytes" in flat
