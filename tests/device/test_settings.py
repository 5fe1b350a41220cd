"""The handheld's configuration: everything optional, every mistake named at once with its line."""

from pathlib import Path

import pytest

from jobseal.errors import JobsealError
from jobseal_device import settings
from jobseal_device.session import IDLE_S
from jobseal_device.settings import Settings, load


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "device.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize("text", ["", "[sync]\n", "# nothing\n"])
def test_what_is_not_there_is_as_it_comes(tmp_path: Path, text: str) -> None:
    assert load(tmp_path / "nothing.toml") == load(written(tmp_path, text)) == Settings()


def test_everything_can_be_set(tmp_path: Path) -> None:
    text = """[sync]
    brokers = ["gateway.example.com:1883", "[::1]:8883"]
    resend_first_s = 1.5
    resend_most_s = 5
    hello_s = 60
    outage_first_retry_s = 0
    reconnect_most_s = 1
    """
    chosen = load(written(tmp_path, text))
    assert chosen == Settings((("gateway.example.com", 1883), ("::1", 8883)), 1.5, 5.0, 60.0, 0.0, 1.0)
    delays = chosen.delays()
    assert (delays.resend_first, delays.resend_most, delays.hello) == (1500, 5000, 60_000)


def test_the_documented_example_is_the_default_but_for_its_brokers(tmp_path: Path) -> None:
    _, example = (settings.__doc__ or "").split("\n\n", 1)
    chosen = load(written(tmp_path, example))
    assert chosen == Settings(brokers=(("gateway.example.com", 1883),))


def test_every_mistake_is_named_at_once_with_its_line(tmp_path: Path) -> None:
    text = """[sync]
# resend_first_s = 3
hello_s = "often"
resend_first_s = 0
resend = 3
outage_first_retry_s = true
reconnect_most_s = nan
brokers = ["nowhere"]

[snyc]
"""
    with pytest.raises(JobsealError) as refused:
        load(written(tmp_path, text))
    assert (refused.value.code, refused.value.fault) == ("settings", "operator")
    for said in (
        "line 3: hello_s is a number of seconds",
        "line 4: resend_first_s is a number of seconds from 0.05 to 86400",
        "line 5: there is no setting resend",
        "line 6: outage_first_retry_s is a number",
        "line 7: reconnect_most_s is a number",
        'line 8: brokers is a list of 1 to 8 texts such as "host:1883"',
        "line 10: there is no snyc here",
    ):
        assert said in refused.value.sentence


@pytest.mark.parametrize("text", ["[sync", "sync = 3", "x = 1\n", "[sync]\nbrokers = [1]", "[sync]\nbrokers = []"])
def test_what_is_no_configuration_is_a_sentence(tmp_path: Path, text: str) -> None:
    with pytest.raises(JobsealError, match=r"device\.toml"):
        load(written(tmp_path, text))


@pytest.mark.parametrize("broker", ["host", "host:", ":1883", "host:0", "host:65536", "host:x", "host:²"])
def test_a_broker_is_a_host_and_a_port(tmp_path: Path, broker: str) -> None:
    with pytest.raises(JobsealError, match="brokers is a list"):
        load(written(tmp_path, f'[sync]\nbrokers = ["{broker}"]'))


def test_a_file_that_cannot_be_read_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "device.toml").mkdir()
    with pytest.raises(JobsealError, match=r"device\.toml"):
        load(tmp_path / "device.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(JobsealError, match=r"bytes\.toml"):
        load(tmp_path / "bytes.toml")


def test_the_time_until_the_screen_locks_is_a_setting_with_the_default_of_sessions(tmp_path: Path) -> None:
    assert load(tmp_path / "none.toml").screen.lock_after_s == IDLE_S
    assert load(written(tmp_path, "[screen]\nlock_after_s = 0")).screen.lock_after_s == 0


@pytest.mark.parametrize("value", ["-1", "86401", "true", "2.5", '"5"'])
def test_a_time_until_it_locks_that_makes_no_sense_is_a_sentence(tmp_path: Path, value: str) -> None:
    with pytest.raises(JobsealError, match="lock_after_s is a number of seconds"):
        load(written(tmp_path, f"[screen]\nlock_after_s = {value}"))
