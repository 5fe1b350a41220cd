"""A file that a person named: read whole up to a cap, and never more than that, whatever it turns out to be."""

from pathlib import Path

from jobseal.errors import OPERATOR, JobsealError


def read(path: Path, most_bytes: int) -> bytes:
    """The file's bytes. Raises ``file_unreadable`` or ``file_too_large`` (fault ``operator``)."""
    try:
        with path.open("rb") as file:
            data = file.read(most_bytes + 1)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise JobsealError("file_unreadable", f"{path} cannot be read: {why}.", OPERATOR) from error
    if len(data) > most_bytes:
        sentence = f"{path} has more than {most_bytes} bytes ({most_bytes // 1048576} MiB): take a smaller one."
        raise JobsealError("file_too_large", sentence, OPERATOR)
    return data


def write(path: Path, data: bytes) -> None:
    """Write a file for a person to take away. Raises ``file_unwritable`` (fault ``operator``)."""
    try:
        path.write_bytes(data)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise JobsealError("file_unwritable", f"{path} cannot be written: {why}.", OPERATOR) from error
