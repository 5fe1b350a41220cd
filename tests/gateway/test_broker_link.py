"""An operator's own broker is reached over TLS, and in the open only where the settings say so."""

from pathlib import Path

import pytest

from jobseal_gateway import broker_link, home
from jobseal_gateway.errors import GatewayError
from jobseal_gateway.mqtt_session import Will
from tests.servers import mosquitto

WILL = Will("jobseal/1/gateway/state", b"off")


def test_an_external_broker_without_tls_is_reached_by_an_explicit_setting_only(tmp_path: Path) -> None:
    with mosquitto(tmp_path / "broker") as broker:
        outside: dict[str, str | int] = {"mqtt.broker": "external", "mqtt.port": broker.settings.port}
        with home.make(tmp_path / "default", {"organisation": "Test", **outside}) as careful:
            worker = broker_link.worker(careful, "w", WILL)
            with pytest.raises(GatewayError) as refused:
                worker.connect()
            assert refused.value.code == "broker_unreachable"
            assert broker_link.warning(careful.settings.mqtt) == ""
        outside["mqtt.protection"] = "none"
        with home.make(tmp_path / "open", {"organisation": "Test", **outside}) as careless:
            worker = broker_link.worker(careless, "w", WILL)
            worker.connect()
            worker.close()
            assert "without TLS" in broker_link.warning(careless.settings.mqtt)


@pytest.mark.parametrize("setting", ["ca_file", "password_file"])
def test_a_file_that_cannot_be_used_is_named(tmp_path: Path, setting: str) -> None:
    given: dict[str, str | int] = {"organisation": "Test", "mqtt.broker": "external", f"mqtt.{setting}": "nowhere"}
    with home.make(tmp_path, given) as gateway, pytest.raises(GatewayError, match=setting) as refused:
        broker_link.worker(gateway, "w", WILL)
    assert (refused.value.code, refused.value.fault) == ("broker_setting", "operator")
