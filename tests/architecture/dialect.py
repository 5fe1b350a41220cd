"""What a pure protocol module may contain: an allow-list of imports, and nothing that MicroPython 1.27 lacks.

Judges source text, so a planted offence is found without being run. An offence is one line of text that begins
with the file's name and the line's number. The list of missing features was tried out on MicroPython 1.27.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

ALLOWED_IMPORTS = ("hashlib", "jobseal")
HOST_PACKAGE = "jobseal.host"

# Built-ins that would let a pure module reach files, or import what the list above does not show.
FORBIDDEN_NAMES = {
    "open": "opens files",
    "input": "reads the terminal",
    "__import__": "imports unseen",
    "eval": "runs code unseen",
    "exec": "runs code unseen",
    "UnicodeDecodeError": "does not exist on MicroPython (UnicodeError does)",
}
ABSENT_METHODS = {"bit_length", "bit_count", "isascii", "removeprefix", "removesuffix", "zfill", "hexdigest"}
ABSENT_KEYWORDS = {("to_bytes", "signed"), ("from_bytes", "signed"), ("zip", "strict")}


def offences_in_folder(package: Path) -> list[str]:
    """The offences in every module directly in ``package``; its sub-packages (``host``) are not pure."""
    return [offence for path in sorted(package.glob("*.py")) for offence in offences_in(path)]


def offences_in(path: Path) -> list[str]:
    """The offences in one module."""
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    return [f"{path.name}:{line}: {what}" for node in _executed(tree) for line, what in _judge(node)]


def _executed(node: ast.AST) -> Iterator[ast.AST]:
    """Every node below ``node``, but for annotations (never run as types there) and what `if MYPY:` guards."""
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if not isinstance(child, ast.AST):
                continue
            if isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "MYPY":
                child = ast.Module(body=child.orelse, type_ignores=[])
            yield child
            yield from _executed(child)


def _judge(node: ast.AST) -> Iterator[tuple[int, str]]:
    line = getattr(node, "lineno", 0)
    match node:
        case ast.Import(names=names):
            yield from ((line, f"imports {alias.name}") for alias in names if not _allowed(alias.name))
        case ast.ImportFrom(level=level) if level:
            yield line, "imports relatively; name the module in full"
        case ast.ImportFrom(module=str(module), names=names):
            modules = [f"jobseal.{alias.name}" if module == "jobseal" else module for alias in names]
            yield from ((line, f"imports {name}") for name in modules if not _allowed(name))
        case ast.Name(id=name) if name in FORBIDDEN_NAMES:
            yield line, f"{name} {FORBIDDEN_NAMES[name]}"
        case ast.Attribute(attr=name) if name in ABSENT_METHODS:
            yield line, f".{name} does not exist on MicroPython"
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), keywords=keywords):
            given = [keyword.arg for keyword in keywords if (name, keyword.arg) in ABSENT_KEYWORDS]
            yield from ((line, f"{name}({keyword}=) does not exist on MicroPython") for keyword in given)
        case ast.Match():
            yield line, "match does not exist on MicroPython"
        case ast.Raise(cause=ast.expr()):
            yield line, "raise ... from does not exist on MicroPython"
        case ast.arguments(posonlyargs=[argument, *_]):
            yield argument.lineno, "positional-only arguments do not exist on MicroPython"
        case ast.List(elts=items, ctx=ast.Load()) | ast.Tuple(elts=items, ctx=ast.Load()) | ast.Set(elts=items):
            if any(isinstance(item, ast.Starred) for item in items):
                yield line, "unpacking inside a literal does not exist on MicroPython"
        case ast.Dict(keys=keys) if None in keys:
            yield line, "unpacking inside a literal does not exist on MicroPython"
        case ast.Slice(step=ast.expr()):
            yield line, "slices with a step do not exist on MicroPython"


def _allowed(module: str) -> bool:
    if module == HOST_PACKAGE or module.startswith(HOST_PACKAGE + "."):
        return False
    return module.split(".")[0] in ALLOWED_IMPORTS
