"""An office with prices, its API on a real port, and a billing system that calls it; on each kind of database."""

from collections.abc import Iterator

import pytest

from jobseal_gateway.home import Gateway
from tests.field import Office, Phone
from tests.gateway.api.billing import Billing, gateway_of, serving


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
