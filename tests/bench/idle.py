"""The sync process at rest: connected, nothing to do. How much memory it keeps for that."""

import time
from collections.abc import Iterator

from tests.bench.ground import folder, rss_mb
from tests.bench.row import AT_MOST, Row
from tests.bench.site import TECHNICIAN, Site
from tests.servers import eventually

REST_S = {True: 1.0, False: 10.0}


def rows(quick: bool) -> Iterator[Row]:
    """The resident memory of ``jobseal-device sync``."""
    with folder("idle") as place, Site(place) as site:
        handheld = site.handheld("HH-1")
        sync = handheld.sync()
        handheld.command("capture", "session.opened", "--by", TECHNICIAN)
        eventually(handheld.is_acknowledged)
        time.sleep(REST_S[quick])
        at_rest = rss_mb(sync.pid)
    note = "real gateway and broker; its orders received, one event acknowledged, then silence"
    yield Row("sync_idle_rss", at_rest, None, None, f"{AT_MOST} 40", "MB", note)
