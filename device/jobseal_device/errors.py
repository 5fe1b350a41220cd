"""What can go wrong in the handheld's own storage, each with a stable code and a sentence for the technician.

``disk_full`` promises that nothing happened; ``storage_failed`` promises the opposite of nothing: what was being
written may or may not be on the disk. Callers tell the two apart by class, never by wording.
"""

from jobseal.errors import OPERATOR, OURS, JobsealError


class StorageError(JobsealError):
    """The handheld's own disk refused or failed. Worth trying again: never final."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(code, sentence, OURS, final=False)


class DiskFull(StorageError):
    """No space left. Nothing of what was being written remains; the state before it still holds."""

    def __init__(self, what: str) -> None:
        super().__init__("disk_full", f"{what} was not saved: the disk is full. Free some space and try again.")


class StorageFailed(StorageError):
    """A write or a sync failed: whether the bytes are on the disk is unknown, and the file is not trusted again."""

    def __init__(self, sentence: str) -> None:
        super().__init__("storage_failed", sentence)


class EventInDoubt(StorageError):
    """An event is signed, and the disk did not confirm it. This process keeps it and commits it before any other; if
    the process ends first, the journal shows on its next opening whether it is there."""

    def __init__(self, kind: str, why: str) -> None:
        sentence = f"{kind} is signed, but not safe yet. {why} Look at the journal before entering it again."
        super().__init__("event_in_doubt", sentence)


class JournalInUse(JobsealError):
    """Another process writes this journal. One writer only: two would sign the same number twice."""

    def __init__(self) -> None:
        sentence = "Another capture already runs on this handheld. Close it first."
        super().__init__("journal_in_use", sentence, OPERATOR, final=False)


class JournalDamaged(JobsealError):
    """Events that were on the disk cannot be read any more. The bytes are left as they are.

    ``lost``: the unreadable sequence numbers (first, last), both included, which the next event can state as
    ``range.lost``; None when it is unknown which numbers were used, so that nothing may be signed.
    """

    def __init__(self, sentence: str, lost: tuple[int, int] | None = None) -> None:
        super().__init__("journal_damaged", sentence, OURS)
        self.lost = lost


class DeviceRolledBack(JobsealError):
    """The journal is older than what this handheld has already signed: its key must never sign again."""

    def __init__(self, why: str) -> None:
        sentence = f"{why}. This handheld was set back to an older state; it needs a new enrolment."
        super().__init__("device_rolled_back", sentence, OPERATOR)


class DocumentsDamaged(JobsealError):
    """A document file is not what was written. It was not changed; its owner sets it aside and starts a new one."""

    def __init__(self, name: str, why: str) -> None:
        sentence = f"The file {name} cannot be read: {why}. It is kept as it is; set it aside to go on without it."
        super().__init__("documents_damaged", sentence, OURS)
