"""The files that an operator names on the command line: read whole, written whole, or refused with a sentence."""

from pathlib import Path

from jobseal.errors import OPERATOR
from jobseal_gateway.errors import GatewayError

INPUT_MAX_BYTES = 64 * 1024 * 1024  # of what a person hands in; a hundred thousand orders are a fifth of it


class FileUnusable(GatewayError):
    """A file cannot be read or written as it was named."""

    def __init__(self, sentence: str) -> None:
        super().__init__("file_unusable", sentence, OPERATOR)


def read(path: Path) -> bytes:
    """The contents of a file. Raises FileUnusable."""
    try:
        with path.open("rb") as file:
            data = file.read(INPUT_MAX_BYTES + 1)
    except OSError as error:
        raise FileUnusable(f"{path} cannot be read: {error.strerror}.") from error
    if len(data) > INPUT_MAX_BYTES:
        raise FileUnusable(f"{path} is larger than {INPUT_MAX_BYTES} bytes; split it.")
    return data


def write(path: Path, data: bytes) -> None:
    """Make ``data`` the contents of ``path``. Raises FileUnusable."""
    try:
        path.write_bytes(data)
    except OSError as error:
        raise FileUnusable(f"{path} cannot be written: {error.strerror}.") from error
