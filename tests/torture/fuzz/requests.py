"""The campaign "API requests": what schemathesis makes from our OpenAPI document, sent to a real server.

The same requests as in the tests of the API, and many more of them: every operation, made-up and known names, as the
contract has it and not as it has it.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tests.torture.campaign import Finding, Tally


class ApiRequests:
    """A unit is one request. A slice draws its share for each kind of request, from its own number."""

    name = "API requests"
    quick = 400
    release: int | None = 20_000
    slice = 1_000
    alone = False

    def units(self) -> int | None:
        return None

    def missing(self) -> str | None:
        try:
            import schemathesis  # noqa: F401
        except ImportError as error:
            return f"schemathesis cannot be imported: {error}"
        return None

    def run(self, first: int, count: int) -> Tally:
        from tests.gateway.api.billing import TOKEN, Billing
        from tests.gateway.api.requests_by_contract import kinds, send

        tally = Tally(0)
        with _api() as (port, record):
            billing = Billing(port)
            every = list(kinds(billing.contract, {"record": record, "job": record.partition("~")[0]}))
            billing.http.close()
            while tally.ran < count and not tally.findings:
                share = max(1, (count - tally.ran) // len(every))
                for kind in every:
                    if tally.ran >= count:
                        break
                    try:
                        tally.ran += send(kind, f"http://127.0.0.1:{port}", TOKEN, share, first + tally.ran)
                    except Exception as error:  # whatever schemathesis makes of a bad answer
                        again = (
                            f".venv/bin/python -m tests.torture --only '{self.name}' --first {first} --count {count}"
                        )
                        tally.findings.append(Finding(f"{first} on", f"{kind}", _words(error), again))
        return tally


def _words(error: BaseException) -> str:
    """What it says, and what those inside it say."""
    inner = getattr(error, "exceptions", ())
    return "; ".join([str(error), *(_words(each) for each in inner)])[:2_000]


@contextmanager
def _api() -> Iterator[tuple[int, str]]:
    """A port with an API that has one released record, and that record's id."""
    from jobseal_gateway.ledger.database import connect, migrate
    from tests.field import Office, Phone
    from tests.gateway.api.billing import gateway_of, serving
    from tests.gateway.billed import PRICES

    with tempfile.TemporaryDirectory(prefix="jobseal-api-", ignore_cleanup_errors=True) as name:
        engine = connect(f"sqlite:///{Path(name, 'ledger.db')}")
        migrate(engine)
        office = Office(engine, Path(name))
        office.prices(PRICES)
        office.order("WO-1", ("t-1",))
        phone = Phone(office, "hh-1", "t-1")
        phone.work()
        phone.sync()
        office.project()
        gateway = gateway_of(office)
        at_once = replace(gateway.settings, intervals=replace(gateway.settings.intervals, long_poll_s=0))
        with serving(replace(gateway, settings=at_once)) as port:
            yield port, "WO-1~1"
        office.close()
        engine.dispose()
