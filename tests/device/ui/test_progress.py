"""What waits for the office, and how far it has come, in words and as a bar."""

from jobseal_device import upload
from jobseal_device.objects import ObjectStore
from jobseal_device.ui import progress
from jobseal_device.upload import Upload
from tests.device.ui.hand import Hand

JOB = "WO-1002"
PICTURE = b"\xff\xd8\xff" + bytes(100_000)


def with_photo(hand: Hand) -> bytes:
    """A photo is signed and waits; its digest."""
    path = hand.home.folder / "front.jpg"
    path.write_bytes(PICTURE)
    hand.log_in().do(JOB, "Accept job", "Arrive on site").open_job(JOB).choose("Photo").choose("Type a file")
    hand.press(str(path), "Enter", "F1")
    assert hand.message == "Signed: photo."
    (digest, _size) = max(ObjectStore(hand.home).pending(), key=lambda row: row[1])
    return digest


def goes_on(hand: Hand, digest: bytes, sent: int) -> None:
    upload.show(hand.home, Upload(digest, sent, len(PICTURE) + 32))
    assert hand.desk.look()
    hand.navigator.refresh()


def test_a_photo_on_its_way_is_shown_on_its_job_and_in_the_outbox_until_it_is_stored(hand: Hand) -> None:
    digest = with_photo(hand)
    assert "attachment" not in hand.text()  # nobody at work has to know
    goes_on(hand, digest, 65_536)
    hand.press("F6")
    assert "Sending 64 of 98 KiB" in hand.text()
    assert "[######....]" in hand.text()
    hand.press("F3", "F4").choose("Outbox")
    assert "1 attachment waits" in hand.text()
    assert "Sending 64 of 98 KiB" in hand.text()
    ObjectStore(hand.home).mark_stored(digest)
    hand.navigator.refresh()
    assert "Sending" not in hand.text()
    assert "Sending" not in hand.open_job(JOB).text()


def test_a_job_that_is_over_says_what_the_office_does_not_have_of_it(hand: Hand) -> None:
    digest = with_photo(hand)
    hand.do(JOB, "Complete job").open_job(JOB)
    assert "1 attachment waits" in hand.text()
    goes_on(hand, b"\x01" * 32, 32_768)  # of another job
    assert "1 attachment waits" in hand.text()
    ObjectStore(hand.home).mark_stored(digest)
    hand.navigator.refresh()
    assert "attachment" not in hand.text()


def test_a_bar_is_empty_at_the_beginning_and_full_at_the_end() -> None:
    assert progress.bar(0, 10) == "[..........]"
    assert progress.bar(9, 10) == "[#########.]"
    assert progress.bar(10, 10) == progress.bar(0, 0) == "[##########]"
