"""One entry of a catalogue: a part, a task, a question of its checklist, and so on. Plain values, checked by whoever
built it.
"""

from dataclasses import dataclass

Value = str | bool | int | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """``kind`` and ``code``; ``of``: the task of a question, what a reason is for, empty for all else; ``said``: the
    other columns by name, without those that are absent. Decimals are text."""

    kind: str
    code: str
    of: str
    said: tuple[tuple[str, Value], ...]

    @property
    def key(self) -> tuple[str, str, str]:
        """What may be there once."""
        return (self.kind, self.of, self.code)
