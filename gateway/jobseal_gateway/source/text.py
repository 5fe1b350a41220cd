"""Bytes of a file that a person saved, as text; or a sentence that says which program saved it wrongly.

A wrong encoding is reported once, at its first byte, and the rest is still read (as Windows-1252, which is what
it nearly always is), so that the mistakes behind it are named in the same run. The caller must not keep
values from such a file: whoever gets a problem from here gets no trustworthy text.
"""

from jobseal_gateway.problem import Problem

FILE_MAX_BYTES = 32 * 1024 * 1024
SAMPLE_BYTES = 4096  # enough of a file to tell UTF-16 from text with a stray zero

_SIGNATURES = (
    (b"PK\x03\x04", "an Excel or LibreOffice workbook (or a zip file)"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"%PDF", "a PDF"),
)
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
ENCODINGS = ("utf-8", "cp1252", "iso-8859-1", "iso-8859-15", "utf-16")


def decode(data: bytes, file: str, encoding: str = "utf-8") -> tuple[str, list[Problem]]:
    """The text of ``data`` without a byte order mark, and at most one problem of the file as a whole."""
    if len(data) > FILE_MAX_BYTES:
        size = f"The file has {len(data)} bytes; the most that is read is {FILE_MAX_BYTES}. Split it."
        return "", [Problem(file, None, None, "file_too_large", size)]
    for signature, what in _SIGNATURES:
        if data.startswith(signature):
            sentence = f"This is {what}, not text. Save it as CSV (UTF-8) and import that."
            return "", [Problem(file, None, None, "not_text", sentence)]
    if encoding != "utf-16" and (data.startswith(_UTF16_MARKS) or _every_other_byte_is_zero(data)):
        sentence = 'The file looks like UTF-16 ("Unicode text"), not UTF-8. Save it as CSV UTF-8.'
        return "", [Problem(file, 1, None, "wrong_encoding", sentence)]
    try:
        return data.decode("utf-8-sig" if encoding == "utf-8" else encoding), []
    except UnicodeDecodeError as error:
        return data.decode("cp1252", errors="replace"), [_undecodable(data, file, encoding, error.start)]


def _every_other_byte_is_zero(data: bytes) -> bool:
    start = data[:SAMPLE_BYTES]
    return start.count(0) * 3 > len(start)


def _undecodable(data: bytes, file: str, encoding: str, at: int) -> Problem:
    line_start = data.rfind(b"\n", 0, at) + 1
    line = data.count(b"\n", 0, at) + 1
    column = len(data[line_start:at].decode("utf-8", errors="replace")) + 1
    guess = data[at : at + 1].decode("cp1252", errors="replace")
    sentence = (
        f"The byte 0x{data[at]:02X} is not {encoding.upper()}; the file was probably saved as Latin-1 or "
        f'Windows-1252 (there it is "{guess}"). Save it as UTF-8, or name the encoding in the mapping file.'
    )
    return Problem(file, line, column, "wrong_encoding", sentence)
