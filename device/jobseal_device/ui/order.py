"""A work order as a handheld got it: a document that may be missing, older or newer than this software."""

from typing import Any

TEXT_MOST = 4000


class Order:
    """``id``; ``is_here``: the document has arrived; ``is_assigned``: it is still this handheld's."""

    def __init__(self, row: dict[str, Any]) -> None:
        """``row``: as :meth:`WorkFile.orders` gives it."""
        document = row.get("document")
        self.id: str = str(row["order"])
        self.revision = row.get("revision")
        self.is_assigned = bool(row.get("assigned", True))
        self.is_here = isinstance(document, dict)
        self._document: dict[Any, Any] = document if isinstance(document, dict) else {}

    def text(self, name: str) -> str:
        """A text field, "" where there is none."""
        value = self._document.get(name)
        return value[:TEXT_MOST] if isinstance(value, str) else ""

    def time(self, name: str) -> int | None:
        """A time, Unix ms."""
        value = self._document.get(name)
        return value if type(value) is int else None

    def texts(self, name: str) -> list[str]:
        """A list of texts."""
        value = self._document.get(name)
        return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []

    @property
    def customer(self) -> str:
        return self.text("customer_name") or self.text("customer")
