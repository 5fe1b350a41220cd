"""The catalogue from a shop's files: CSV or JSON in, the documents that handhelds pull out, or a list of problems.

``parse`` reads files into entries, ``documents`` packs those for the wire, ``entries`` unpacks them again. All pure: a
dry run is a parse whose result is thrown away. Nothing here stores or tells anybody.
"""

from jobseal_gateway.catalogue.entry import Entry
from jobseal_gateway.catalogue.pages import TooLarge, documents, entries
from jobseal_gateway.catalogue.parse import parse

__all__ = ["Entry", "TooLarge", "documents", "entries", "parse"]
