"""Between two damaged places an event is found by what it says of itself: none that can be read is given up."""

from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobseal import event
from jobseal.event import Event
from jobseal_device.journal import Journal
from jobseal_device.journal_frames import HEADER_BYTES, encode
from jobseal_device.journal_numbers import said
from jobseal_device.journal_reader import JournalReader
from tests.devices import signer_of

COUNT = 24
SIGNER = signer_of("numbers")


def chain(count: int, prev: bytes = bytes(32)) -> list[bytes]:
    """Real events, each with the hash of the one before."""
    made: list[bytes] = []
    for seq in range(count):
        step = Event(seq=seq, prev=prev, at=None, up=seq, boot=bytes(8), kind="note.added", body={1: str(seq)}, job="J")
        made.append(event.sign(step, SIGNER))
        prev = sha256(made[-1]).digest()
    return made


EVENTS = chain(COUNT)


def damaged(folder: Path, lost: set[int], segment_bytes: int) -> JournalReader:
    """A journal of all the events in which these cannot be read any more."""
    journal = Journal.open(folder, segment_bytes=segment_bytes)
    for each in EVENTS:
        journal.append(each)
    journal.close()
    for path in folder.glob("*"):
        data = path.read_bytes()
        for seq in lost:
            at = data.find(EVENTS[seq])
            if at >= 0:
                data = data[:at] + b"\xff" + data[at + 1 :]
        path.write_bytes(data)
    return JournalReader(folder)


@given(
    st.sets(st.integers(0, COUNT - 1)),
    st.sampled_from([4 * (len(EVENTS[0]) + HEADER_BYTES), 10_000, 1_000_000]),
)
def test_whichever_events_are_damaged_every_other_one_is_read(
    tmp_path_factory: pytest.TempPathFactory, lost: set[int], segment_bytes: int
) -> None:
    reader = damaged(tmp_path_factory.mktemp("numbers") / "journal", lost, segment_bytes)
    found = dict(reader.readable())
    assert found.items() <= dict(enumerate(EVENTS)).items()
    gone = set(range(COUNT)) - set(found)
    assert gone == lost
    assert {seq for first, last in reader.lost(0, COUNT) for seq in range(first, last + 1)} == lost


def test_what_does_not_follow_one_another_has_no_number() -> None:
    frames = [encode(each) for each in EVENTS]
    whole = b"".join(frames[3:6])
    bounds = [sum(map(len, frames[3 : 3 + nth])) for nth in range(4)]
    assert said(whole, bounds) == 3
    other = chain(5, b"\x01" * 32)
    mixed = frames[3] + encode(other[4])
    assert said(mixed, [0, len(frames[3]), len(mixed)]) is None
    text = encode(b"no event")
    assert said(text, [0, len(text)]) is None
