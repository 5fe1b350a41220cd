"""What every route works on: one opened gateway, who may call, and the wait for news."""

from jobseal_gateway import restarts, session_key
from jobseal_gateway.api.access import Access
from jobseal_gateway.api.watch import Watch
from jobseal_gateway.feed import Sources
from jobseal_gateway.home import Gateway
from jobseal_gateway.ledger import feed
from jobseal_gateway.ledger.database import reading
from jobseal_gateway.news import WEB
from jobseal_gateway.restarts import FEED_TYPE


class Service:
    """Shared by all requests, of which many run at once."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        session_key.make(gateway.home.session_key)  # a home that is older than sessions has none yet
        self.access = Access(gateway)
        self.watch = Watch(gateway.home.run / WEB, self._newest)
        self._sources: Sources | None = None

    def sources(self) -> Sources:
        """Who speaks in the feed. Read once: a log is restarted only while nobody serves it."""
        if self._sources is None:
            with reading(self.gateway.engine) as connection:
                told = feed.of_type(connection, FEED_TYPE) if restarts.every(connection) else []
            self._sources = Sources(self.gateway.keys.log_id, told)
        return self._sources

    def _newest(self) -> int:
        with reading(self.gateway.engine) as connection:
            return feed.last(connection)
