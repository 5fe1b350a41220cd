"""What mosquitto 2.0 says, as it says it, and whom it turned away by that."""

import pytest

from jobseal_gateway.broker_lines import TWICE_WITHIN_MS, BrokerLines, is_noise, unstamped
from jobseal_gateway.tally import Refused

ARRIVED = "New connection from 10.0.0.7:44888 on port 8883."
OTHER_ARRIVED = "New connection from 10.0.0.8:44890 on port 8883."
FAILED = "OpenSSL Error[0]: error:0A0000C7:SSL routines::peer did not return a certificate"
LEFT = "Client <unknown> disconnected: Protocol error."
D1 = "New client connected from 10.0.0.7:44888 as d1 (p2, c1, k60, u'd1')."
OWN = "New client connected from socket/workers.sock:0 as d1 (p2, c1, k10, u'jobseal-gateway')."
WORKER = "New client connected from socket/workers.sock:0 as w (p2, c1, k10, u'jobseal-gateway')."
TWICE = "Client d1 already connected, closing old connection."


def refusals(*lines: str, step_ms: int = 0) -> list[Refused]:
    heard = BrokerLines()
    return [refused for number, line in enumerate(lines) for refused in heard.hear(line, number * step_ms)]


@pytest.mark.parametrize(
    ("lines", "who", "code", "what"),
    [
        ([ARRIVED, FAILED, LEFT], "10.0.0.7", "certificate_missing", "peer did not return a certificate"),
        ([OTHER_ARRIVED, ARRIVED, FAILED, LEFT], "10.0.0.8, 10.0.0.7", "certificate_missing", None),
        (
            ["Client connection from 10.0.0.9 failed: error:0A000102:SSL routines::unsupported protocol."],
            "10.0.0.9",
            "tls_too_old",
            "unsupported protocol",
        ),
        (
            [ARRIVED, D1, "Denied PUBLISH from d1 (d0, q1, r0, m1, 'jobseal/1/d2/up', ... (1 bytes))"],
            "d1",
            "topic_refused",
            "sends to jobseal/1/d2/up",
        ),
        (
            [D1, "Received SUBSCRIBE from d1", "\tjobseal/1/d1/down (QoS 1)", "\t# (QoS 1)"],
            "d1",
            "topic_refused",
            "wants to hear #",
        ),
        (
            [D1, "Will message specified (3 bytes) (r1, q1).", "\tjobseal/1/d2/state"],
            "d1",
            "topic_refused",
            "wants its last will at jobseal/1/d2/state",
        ),
        (
            ["New connection from socket/workers.sock:0 on port 0.", "Client <unknown> disconnected, not authorised."],
            "socket/workers.sock",
            "password_refused",
            None,
        ),
    ],
)
def test_whoever_is_turned_away_is_named(lines: list[str], who: str, code: str, what: str | None) -> None:
    [refused] = refusals(*lines)
    assert (refused.who, refused.code) == (who, code)
    assert what in (None, refused.what)


@pytest.mark.parametrize(
    "lines",
    [
        [ARRIVED, D1, "Received SUBSCRIBE from d1", "\tjobseal/1/d1/down (QoS 1)", "d1 1 jobseal/1/d1/down"],
        [
            D1,
            "Received SUBSCRIBE from d1",
            "\tjobseal/1/gateway/state (QoS 1)",
            "\tjobseal/1/gateway/checkpoint (QoS 1)",
        ],
        [D1, "Will message specified (3 bytes) (r1, q1).", "\tjobseal/1/d1/state", "Sending CONNACK to d1 (0, 0)"],
        [D1, "Received PUBLISH from d1 (d0, q1, r0, m1, 'Denied PUBLISH from d2 (', ... (1 bytes))"],
        [WORKER, "Received SUBSCRIBE from w", "\t$share/ingest/jobseal/1/+/up (QoS 1)"],
        ["Client connection from 10.0.0.9 failed: error:0A000126:SSL routines::unexpected eof while reading."],
        [D1, "OpenSSL Error[0]: error:0A000126:SSL routines::unexpected eof while reading", "Client d1 disconnected."],
        [TWICE, OWN],
    ],
)
def test_an_honest_handheld_and_the_gateway_itself_are_not(lines: list[str]) -> None:
    assert refusals(*lines) == []


def test_one_identity_that_connects_again_and_again_is_told_of_and_one_that_came_back_is_not() -> None:
    again = (TWICE, D1)
    assert refusals(*again, *again) == []
    [refused] = refusals(*again, *again, *again)
    assert (refused.who, refused.code) == ("d1", "second_connection")
    assert refusals(*again, *again, *again, step_ms=TWICE_WITHIN_MS) == []


def test_the_brokers_own_log_is_about_the_broker() -> None:
    stamped = "2026-11-22T21:57:17: mosquitto version 2.0.11 running"
    assert unstamped(stamped) == "mosquitto version 2.0.11 running"
    assert not is_noise(unstamped(stamped))
    assert not is_noise(FAILED)
    assert is_noise(D1)
    assert is_noise("Sending PUBACK to d1 (m1, rc0)")
