"""What the broker in memory adds to the contract: virtual time, faults on order, and mosquitto's ways."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.client import topic_matches_sub

from jobseal_device.link.contract import LinkDown, LinkRefused, Presence
from jobseal_device.link.memory import (
    CUT_AFTER,
    CUT_BEFORE,
    DELIVERED,
    DUPLICATED,
    LOST,
    LOST_BY_BROKER,
    PUBACK_LOST,
    Fate,
    MemoryBroker,
    MemoryLink,
    Script,
    topic_matches,
)

UP = "jobseal/1/d1/up"
ANSWER_MS = 10_000


def connected(broker: MemoryBroker, client_id: str, *filters: str) -> MemoryLink:
    link = broker.link(client_id, answer_timeout_ms=ANSWER_MS)
    link.connect(1)
    for topic_filter in filters:
        link.subscribe(topic_filter)
    return link


def drained(link: MemoryLink, timeout_ms: int = 0) -> list[bytes]:
    payloads = []
    while (message := link.poll(timeout_ms)) is not None:
        payloads.append(message[1])
    return payloads


@pytest.mark.parametrize(
    ("fate", "acknowledged", "copies"),
    [
        (DELIVERED, True, 1),
        (DUPLICATED, True, 2),
        (LOST, False, 0),
        (LOST_BY_BROKER, True, 0),
        (PUBACK_LOST, False, 1),
        (CUT_BEFORE, None, 0),
        (CUT_AFTER, None, 1),
    ],
)
def test_each_fate_shows_at_both_ends(fate: Fate, acknowledged: bool | None, copies: int) -> None:
    broker = MemoryBroker(Script([fate]))
    gateway, handheld = connected(broker, "gateway", "jobseal/1/+/up"), connected(broker, "d1")

    if acknowledged is None:
        with pytest.raises(LinkDown):
            handheld.publish(UP, b"batch")
        handheld.connect(1)
    else:
        assert handheld.publish(UP, b"batch") is acknowledged

    assert drained(gateway) == [b"batch"] * copies
    assert handheld.publish(UP, b"after the script")
    assert drained(gateway) == [b"after the script"]


def test_a_script_counts_only_what_it_is_about() -> None:
    broker = MemoryBroker(Script([LOST], lambda publication: publication.sender == "d1"))
    gateway, handheld = connected(broker, "gateway", "jobseal/1/+/up"), connected(broker, "d1", "jobseal/1/d1/down")

    assert gateway.publish("jobseal/1/d1/down", b"receipt")
    assert not handheld.publish(UP, b"batch")
    assert drained(handheld) == [b"receipt"]


def test_waiting_moves_virtual_time_and_nobody_sleeps() -> None:
    broker = MemoryBroker(Script([Fate(delay_ms=40_000), LOST]))
    gateway, handheld = connected(broker, "gateway", "jobseal/1/+/up"), connected(broker, "d1")
    began = time.monotonic()

    handheld.publish(UP, b"late")
    assert gateway.poll(30_000) is None
    assert broker.now_ms == 30_000
    assert gateway.poll(30_000) == (UP, b"late")
    assert broker.now_ms == 40_000
    handheld.publish(UP, b"lost")
    assert broker.now_ms == 40_000 + ANSWER_MS
    assert time.monotonic() - began < 5


def test_a_delayed_message_is_overtaken_by_a_prompt_one() -> None:
    broker = MemoryBroker(Script([Fate(delay_ms=100)]))
    gateway, handheld = connected(broker, "gateway", "jobseal/1/+/up"), connected(broker, "d1")
    handheld.publish(UP, b"first")
    handheld.publish(UP, b"second")
    assert drained(gateway, 1_000) == [b"second", b"first"]


def test_what_is_still_under_way_when_a_connection_ends_never_arrives() -> None:
    broker = MemoryBroker(Script([Fate(delay_ms=100)]))
    gateway, handheld = connected(broker, "gateway", "jobseal/1/+/up"), connected(broker, "d1")
    handheld.publish(UP, b"batch")
    broker.cut("gateway")
    with pytest.raises(LinkDown):
        gateway.poll(1_000)


def test_a_restarted_broker_remembers_nothing() -> None:
    broker = MemoryBroker()
    presence = Presence("jobseal/1/d1/state", b"on", b"off")
    broker.link("d1", presence).connect(1)
    assert broker.retained(presence.topic) == b"on"
    broker.stop()
    broker.start()
    assert broker.retained(presence.topic) is None


def test_a_refused_client_is_told_so() -> None:
    broker = MemoryBroker()
    broker.refused.add("d1")
    with pytest.raises(LinkRefused):
        broker.link("d1").connect(1)


def test_a_shared_subscription_gives_each_message_to_one_worker_in_turn() -> None:
    broker = MemoryBroker()
    workers = [connected(broker, f"worker-{number}", "$share/ingest/jobseal/1/+/up") for number in range(2)]
    onlooker, handheld = connected(broker, "onlooker", "jobseal/1/#", "jobseal/1/+/up"), connected(broker, "d1")
    for number in range(4):
        handheld.publish(UP, b"%d" % number)
    assert [drained(worker) for worker in workers] == [[b"0", b"2"], [b"1", b"3"]]
    assert drained(onlooker) == [b"0", b"1", b"2", b"3"]


LEVELS = st.sampled_from(["jobseal", "1", "up", "$SYS", "a"])
TOPICS = st.lists(LEVELS, min_size=1, max_size=4).map("/".join)
FILTERS = st.tuples(
    st.lists(st.one_of(LEVELS, st.just("+")), min_size=1, max_size=4), st.sampled_from([[], ["#"]])
).map(lambda parts: "/".join(parts[0] + parts[1]))


@given(st.one_of(FILTERS, st.just("#")), TOPICS)
def test_filters_cover_the_topics_that_an_independent_client_says(topic_filter: str, topic: str) -> None:
    assert topic_matches(topic_filter, topic) == topic_matches_sub(topic_filter, topic)
