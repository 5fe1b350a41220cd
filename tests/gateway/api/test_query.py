"""A parameter that a route does not know is refused, so that a typo never reads as if nothing had been asked."""

import pytest

from tests.field import Office
from tests.gateway.api.billing import Billing, gateway_of, serving


@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        ("/v1/feed?afer=41", "query.afer: There is no such parameter; these are: after, limit, wait."),
        ("/v1/feed?After=41", "query.After: There is no such parameter; these are: after, limit, wait."),
        ("/v1/feed?after=0&afer=1&limmit=2", "query.afer: There is no such parameter; these are: after, limit, wait. "
         "(and 1 more)"),
        ("/v1/jobs?after=0&state=held", "query.state: There is no such parameter; these are: standing, after, limit."),
        ("/v1/jobs/WO-1?after=0", "query.after: There is no such parameter; this place takes none."),
        ("/v1/records/WO-1~1/evidence?x", "query.x: There is no such parameter; this place takes none."),
        ("/v1/session?x=1", "query.x: There is no such parameter; this place takes none."),
        ("/healthz?verbose=1", "query.verbose: There is no such parameter; this place takes none."),
    ],
)  # fmt: skip
def test_a_typo_in_a_parameter_is_told_and_not_passed_over(billing: Billing, place: str, sentence: str) -> None:
    answer = billing.checked(billing.http.get(place))
    assert (answer.status_code, answer.json()["code"]) == (422, "request_invalid")
    assert answer.json()["sentence"] == sentence


def test_what_a_route_knows_is_taken_in_any_order_and_twice(office: Office) -> None:
    with serving(gateway_of(office)) as port:
        billing = Billing(port)
        for place in ("/v1/feed?limit=1&after=0", "/v1/feed?after=0&after=0", "/v1/feed?", "/v1/jobs?standing=held"):
            assert billing.checked(billing.http.get(place)).status_code == 200, place
        billing.http.close()
