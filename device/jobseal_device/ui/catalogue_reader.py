"""Reading a catalogue of several documents without keeping a key waiting: it is decoded on a thread of its own.

Small ones are read at once. Of a large one the documents are fetched here, which is quick, and decoded beside; until
that is done there is none, so no code is flagged. Nothing but the finished catalogue passes between the threads.
"""

from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from threading import Thread

from jobseal_device.ui.catalogue import AWAITED, NONE, Catalogue, read

Read = tuple[Catalogue, str]


class CatalogueReader:
    """``catalogue`` and ``state``: as far as they are known now."""

    def __init__(self) -> None:
        self.catalogue = Catalogue()
        self.state = NONE
        self._named: Sequence[bytes] = []
        self._reading: SimpleQueue[Read] | None = None

    def look(self, named: Sequence[bytes], document: Callable[[bytes], bytes | None]) -> None:
        """``named``: the digests of the documents that it is to consist of; ``document`` gives one, None before it has
        come. Cheap where nothing is new."""
        if named == self._named and (self.state != AWAITED or self._reading is not None):
            return
        self._named, self._reading = list(named), None
        pages = [document(each) for each in named]
        if len(pages) > 1 and None not in pages:
            self.catalogue, self.state = Catalogue(), AWAITED
            self._reading = SimpleQueue()
            Thread(target=_read_into, args=(pages, self._reading), daemon=True).start()
        else:
            self.catalogue, self.state = read(pages)

    def take(self) -> bool:
        """Take up a catalogue that has been read since; whether there was one."""
        if self._reading is None:
            return False
        try:
            self.catalogue, self.state = self._reading.get_nowait()
        except Empty:
            return False
        self._reading = None
        return True


def _read_into(pages: Sequence[bytes | None], done: "SimpleQueue[Read]") -> None:
    done.put(read(pages))
