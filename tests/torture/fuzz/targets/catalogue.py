"""Catalogue files that people write: all mistakes named, or entries that last to the handheld's own lookup."""

from random import Random

from jobseal.limits import CATALOGUE_MAX, DOCUMENT_MAX_BYTES
from jobseal_device.ui import catalogue as screen
from jobseal_gateway.catalogue import Entry, TooLarge, documents, entries, parse
from jobseal_gateway.catalogue.columns import COLUMNS, KINDS
from tests.torture.fuzz import mutation
from tests.torture.fuzz.targets.contract import hold
from tests.torture.fuzz.targets.paper import shown

FULL = b"""kind,code,name,unit,serial,safety,task,answer,low,high,mandatory,version,of
,P-1,Filter,pc,no,,,,,,,,
task,INSPECT,Inspection,,,POWER,,,,,,,
checklist,leaks,Any leaks?,,,,INSPECT,,,,yes,,
checklist,bar,Pressure,,,,INSPECT,number,1.5,8,no,,
safety,POWER,Switch off,,,,,,,,,3,
reading,T,Temperature,C,,,,,-20,90,,,
expense,PARKING,Parking,,,,,,,,,,
reason,no-access,Nobody opened,,,,,,,,,,cancel
"""
WORDS = (
    *(name.encode() for name in (*COLUMNS, *KINDS)), b"", b"yes", b"no", b"true", b"null", b"P-1", b"INSPECT", b"POWER",
    b"1.5", b"-0", b"1e5", b"999999999999999", b"0.0000000001", b'"', b"[]", b"{}", b"|", b"=1+1", b"\x1b[2J", b"#REF!",
    b"\xe2\x80\xa8", b"\xff\xfe", b"\xef\xbb\xbf", b"catalogue", b"\t", b"\xc2\x85", b'"\\ud800"', b"leaks",
)  # fmt: skip


class Catalogues:
    """A catalogue: JSON where it begins with a bracket."""

    most_bytes = 4_096
    limit_s = 1.0

    def seeds(self) -> list[bytes]:
        return [
            FULL,
            FULL.replace(b",", b";"),
            b"code,name\nP-1,Filter\n",
            b'[{"code": "P-1", "serial": true}, {"kind": "safety", "code": "S", "name": "x", "version": 2}]',
            b'{"catalogue": [{"kind": "task", "code": "T", "safety": []}, {"code": "P", "name": null}]}',
        ]

    def mutate(self, data: bytes, chance: Random) -> bytes:
        return mutation.text(data, chance, WORDS)

    def run(self, data: bytes) -> None:
        name = "parts.json" if data[:1] in (b"[", b"{") else "parts.csv"
        found, problems = parse([(name, data)])
        hold(bool(found) != bool(problems), "catalogue_neither", "there are both entries and problems, or neither")
        shown(problems, data, name)
        if found:
            self._last(found)

    def _last(self, found: list[Entry]) -> None:
        hold(len({each.key for each in found}) == len(found), "entry_twice")
        try:
            pages = documents(found)
        except TooLarge:
            return
        hold(len(pages) <= CATALOGUE_MAX and max(map(len, pages)) <= DOCUMENT_MAX_BYTES, "document_too_large")
        hold(entries(pages) == sorted(found, key=lambda each: each.key), "entries_change", repr(found))
        catalogue, state = screen.read([*pages])
        hold(state == screen.HERE, "catalogue_unreadable")
        for each in found:
            if each.kind == "part":
                hold(catalogue.knows("parts", each.code), "part_unknown", each.code)
