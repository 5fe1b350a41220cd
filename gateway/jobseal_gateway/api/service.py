"""What every route works on: one opened gateway, who may call, and the wait for news."""

from jobseal_gateway import session_key
from jobseal_gateway.api.access import Access
from jobseal_gateway.api.watch import Watch
from jobseal_gateway.home import Gateway
from jobseal_gateway.ledger import feed
from jobseal_gateway.ledger.database import reading
from jobseal_gateway.news import WEB


class Service:
    """Shared by all requests, of which many run at once."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        session_key.make(gateway.home.session_key)  # a home that is older than sessions has none yet
        self.access = Access(gateway)
        self.watch = Watch(gateway.home.run / WEB, self._newest)

    @property
    def source(self) -> str:
        """Who speaks in the feed (CloudEvents ``source``): this gateway, by the id of its log."""
        return f"urn:jobseal:log:{self.gateway.keys.log_id.hex()}"

    def _newest(self) -> int:
        with reading(self.gateway.engine) as connection:
            return feed.last(connection)
