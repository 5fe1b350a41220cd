"""Work orders from the files of a shop's own system: CSV or JSON in, work orders or a list of problems out.

``parse_mapping`` says how their columns are named, ``parse_csv`` and ``parse_json`` do the rest. All pure: a dry
run is a parse whose result is thrown away. Nothing here stores, assigns or prices anything.
"""

from jobseal_gateway.orders.from_csv import parse_csv
from jobseal_gateway.orders.from_json import parse_json
from jobseal_gateway.orders.mapping import PLAIN, Mapping, parse_mapping
from jobseal_gateway.orders.render import render_csv, render_json
from jobseal_gateway.orders.work_order import WorkOrder

__all__ = [
    "PLAIN",
    "Mapping",
    "WorkOrder",
    "parse_csv",
    "parse_json",
    "parse_mapping",
    "render_csv",
    "render_json",
]
