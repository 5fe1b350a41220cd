"""Names in a path may be anything; what is not there is answered as not there, on either kind of database."""

from tests.gateway.api.billing import Billing

NAMES = ("%00", "a%00b", "%ff", "%ED%A0%80", "%0A", "..%2f..", "~", "x~99999999999999999999")


def test_a_name_that_nothing_has_is_not_found(billing: Billing) -> None:
    for name in NAMES:
        for path in ("jobs/{}", "records/{}", "records/{}~1", "records/{}~1/evidence"):
            answer = billing.get("/v1/" + path.format(name))
            assert (answer.status_code, answer.json()["fault"]) == (404, "peer"), (path, name)
