"""The screen's catalogues: what has to be translated, what is, and the compiled files that the screen reads.

``python -m tests.device.ui.catalogues`` extracts every marked text, merges it into ``locale/*/LC_MESSAGES/*.po`` and
compiles those. Babel is needed for that only; a handheld has none.
"""

import io
import sys
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from jobseal_device.ui.words import DOMAIN, FOLDER, LANGUAGES

SOURCE = FOLDER.parent
TRANSLATED = tuple(language for language in LANGUAGES if language != "en")
_BEGUN = datetime(2026, 1, 1, tzinfo=UTC)  # the same each time: what did not change is not written as changed
_KEYWORDS = {"_": None, "N_": None, "words.N_": None, "counted": (1, 2)}


def extracted() -> Catalog:
    """Every text that is marked for translation."""
    catalogue = Catalog(project="jobseal", charset="utf-8", creation_date=_BEGUN)
    found = extract_from_dir(SOURCE, [("**.py", "python")], keywords=_KEYWORDS)
    for name, _line, message, _comments, _context in sorted(found, key=lambda row: (row[0], row[1])):
        catalogue.add(message, locations=[(name, 0)])
    return catalogue


def po_path(language: str) -> Path:
    return FOLDER / language / "LC_MESSAGES" / f"{DOMAIN}.po"


def known(language: str) -> Catalog:
    """What is translated."""
    with po_path(language).open("rb") as file:
        return read_po(file, locale=language)


def compiled(catalogue: Catalog) -> bytes:
    """As the screen reads it."""
    out = io.BytesIO()
    write_mo(out, catalogue)
    return out.getvalue()


def main() -> int:
    wanted, missing = extracted(), 0
    for language in TRANSLATED:
        path = po_path(language)
        path.parent.mkdir(parents=True, exist_ok=True)
        catalogue = known(language) if path.exists() else Catalog(locale=language, project="jobseal")
        catalogue.update(wanted, no_fuzzy_matching=True)
        catalogue.obsolete.clear()
        with path.open("wb") as file:
            write_po(file, catalogue, width=110, sort_output=True, omit_header=False, no_location=True)
        path.with_suffix(".mo").write_bytes(compiled(catalogue))
        left = [message.id for message in catalogue if message.id and not message.string]
        missing += len(left)
        print(f"{language}: {len(catalogue)} texts, {len(left)} not translated")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
