"""How far something has come, as rows: what waits, and the attachment that is on its way in pieces."""

from jobseal.lifecycle import DONE
from jobseal_device.ui import words
from jobseal_device.ui.desk import Desk, JobView
from jobseal_device.ui.page import DIM, PLAIN, Line
from jobseal_device.ui.words import _, counted

CELLS = 10


def bar(done: int, of: int) -> str:
    """A bar of ten characters; full where there is nothing to do."""
    filled = CELLS if of == 0 else done * CELLS // of
    return "[" + "#" * filled + "." * (CELLS - filled) + "]"


def kib(size: int) -> str:
    """A number of KiB, never 0."""
    return words.number(str(max(1, -(-size // 1024))))


def of_job(desk: Desk, view: JobView) -> list[Line]:
    """What of a job's attachments the office does not have yet, while one is on its way or the job is over; nothing
    once it has them all."""
    count, done, total = desk.uploads(view) if view.lane is not None else (0, 0, 0)
    if not count or not (done or view.state in DONE):
        return []
    if not done:
        return [Line(counted("{count} attachment waits", "{count} attachments wait", count), DIM, f"{kib(total)} KiB")]
    return [Line(_("Sending {done} of {total} KiB").format(done=kib(done), total=kib(total)), PLAIN, bar(done, total))]


def of_all(desk: Desk) -> list[Line]:
    """The same for the whole handheld."""
    count, total = desk.waiting_objects()
    if not count:
        return []
    lines = [Line(counted("{count} attachment waits", "{count} attachments wait", count), PLAIN, f"{kib(total)} KiB")]
    under_way = desk.upload
    if under_way is not None and desk.is_waiting(under_way.digest):
        said = _("Sending {done} of {total} KiB").format(done=kib(under_way.sent), total=kib(under_way.total))
        lines.append(Line(said, PLAIN, bar(under_way.sent, under_way.total)))
    return lines
