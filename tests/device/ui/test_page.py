"""docs/screen.md says what the code does: its configuration is one, and its pictures are of today's screens."""

from pathlib import Path

from jobseal_device.settings import load
from tests.device.ui import pictures

PAGE = (Path(__file__).parents[3] / "docs" / "screen.md").read_text()


def test_the_example_configuration_is_one(tmp_path: Path) -> None:
    (tmp_path / "device.toml").write_text(PAGE.split("```toml\n")[1].split("```")[0])
    chosen = load(tmp_path / "device.toml").screen
    assert chosen.keys["f8"] == "do"
    assert chosen.camera == ("photograph", "{file}")
    assert chosen.scanner_gap_ms == 30


def test_the_pictures_are_of_the_screens_as_they_are() -> None:
    made = pictures.files()
    for name, text in made.items():
        assert (pictures.FOLDER / name).read_text() == text, f"{name}: python -m tests.device.ui.pictures"
    for name in made:
        if name != "outbox-53x20.svg" and name != "today-80x24.svg":
            assert f"screen/{name}" in PAGE
