"""An office with prices, its API on a real port, and a billing system that calls it; on each kind of database."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from jobseal_gateway.home import Gateway
from tests.field import Office, Phone
from tests.gateway.api.billing import Billing, gateway_of, serving

PRICES = b"""price_list,version,currency,valid_from,rule,kind,code,unit,rate,minimum,increment
STANDARD,2026-1,EUR,2020-01-01,labour,labour,*,hour,90.00,30,15
STANDARD,2026-1,EUR,2020-01-01,travel,travel,*,hour,60.00,,
STANDARD,2026-1,EUR,2020-01-01,callout,callout,*,visit,25.00,,
STANDARD,2026-1,EUR,2020-01-01,filter,part,P-1,pc,12.50,,
"""


@pytest.fixture
def office(engine: Engine, tmp_path: Path) -> Iterator[Office]:
    found = Office(engine, tmp_path)
    found.prices(PRICES)
    yield found
    found.close()


@pytest.fixture
def phone(office: Office) -> Phone:
    """One technician's handheld."""
    return Phone(office, "hh-1", "t-1")


@pytest.fixture
def gateway(office: Office) -> Gateway:
    """The office's gateway, as the API opens it."""
    return gateway_of(office)


@pytest.fixture
def billing(gateway: Gateway) -> Iterator[Billing]:
    with serving(gateway) as port:
        found = Billing(port)
        yield found
        found.http.close()


@pytest.fixture
def released(office: Office, phone: Phone) -> str:
    """A work order that was done, signed off and released; the record's id."""
    office.order("WO-1", ("t-1",))
    phone.work()
    phone.sync()
    office.project()
    return "WO-1~1"
