"""What every route works on: one opened gateway, the token that callers show, and the wait for news."""

from dataclasses import dataclass

from jobseal_gateway.api.watch import Watch
from jobseal_gateway.home import Gateway


@dataclass(frozen=True, slots=True)
class Service:
    """``token``: the bearer token, without white space around it. Shared by all requests, of which many run at once."""

    gateway: Gateway
    token: str
    watch: Watch

    @property
    def source(self) -> str:
        """Who speaks in the feed (CloudEvents ``source``): this gateway, by the id of its log."""
        return f"urn:jobseal:log:{self.gateway.keys.log_id.hex()}"
