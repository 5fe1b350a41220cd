"""Sentinels: small scenarios on the production code, each with checks that have names. One is silent as long as all is
well, and takes a fraction of a second, so that a mistake can be planted and looked for fifty times a minute.

``find("storage.power_cuts")`` is the function of that name; it gets an empty folder and yields (check, sentence).
"""

from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

Found = Iterator[tuple[str, str]]
Sentinel = Callable[[Path], Found]
MODULES = (
    "contract",
    "belief",
    "storage",
    "capturing",
    "ledger",
    "lines",
    "strangers",
    "billing",
    "consumers",
    "people",
    "callers",
    "terms",
    "keys",
    "intruders",
    "commits",
)


def find(name: str) -> Sentinel:
    """The sentinel ``module.function``; ``contract.NOUN`` are the golden vectors of that noun."""
    module, _, function = name.partition(".")
    return module_of(module)[function]


def every() -> list[str]:
    """The names of all that need no rights of a process's own; ``cuts`` does."""
    return [f"{module}.{function}" for module in MODULES for function in module_of(module)]


def module_of(name: str) -> dict[str, Sentinel]:
    """The sentinels of a module by name."""
    found: dict[str, Sentinel] = import_module(f"{__name__}.{name}").SENTINELS
    return found
