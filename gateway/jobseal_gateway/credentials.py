"""What the gateway's servers show: certificates made anew at each start, the revocation list, the workers' password.

A server's key never leaves its process or, for the broker, the broker's folder, and lives no longer than until the next
start or the next look at the revocation list. So there is nothing to renew by hand and no old key to lose.
"""

import secrets
from collections.abc import Mapping
from contextlib import suppress

from jobseal_gateway import ca, durable
from jobseal_gateway.ca import Revoked
from jobseal_gateway.home import Gateway, Home
from jobseal_gateway.ledger import links
from jobseal_gateway.ledger.database import reading
from jobseal_gateway.ledger.errors import LedgerUnavailable
from jobseal_gateway.mosquitto import SOCKET_NAME, Identity, MosquittoSettings, closed_files
from jobseal_gateway.settings import Settings, is_everywhere

PASSWORD_BYTES = 32


def names(settings: Settings) -> list[str]:
    """The host names and addresses that handhelds may know this gateway's servers by; the preferred one first."""
    listening = [host for host in (settings.mqtt.host, settings.enrolment.host) if not is_everywhere(host)]
    return list(dict.fromkeys([settings.reached_as, *listening, "localhost", "127.0.0.1"]))


def server(gateway: Gateway, now_ms: int) -> tuple[bytes, bytes]:
    """(private key, certificate), PEM both, of a server of this gateway that begins now (Unix ms UTC)."""
    private = ca.new_key()
    issued = gateway.keys.ca.issue_server(names(gateway.settings), private.public_key(), now_ms)
    return ca.key_pem(private), ca.pem(issued)


def workers_password(home: Home) -> str:
    """The password that the gateway's processes show the embedded broker; made the first time that it is asked for."""
    with suppress(FileExistsError):
        durable.create(home.broker_password, secrets.token_urlsafe(PASSWORD_BYTES).encode())
    return home.broker_password.read_text("ascii")


def workers_socket(home: Home) -> str:
    """The path of the Unix socket through which they reach it."""
    return str(home.mosquitto / SOCKET_NAME)


class BrokerFiles:
    """What the embedded broker is started with; each call makes it anew.

    ``version`` is that of the revocations in the newest list, ``made_ms`` when that was made. While the ledger does not
    answer, the revocations last read stand: a broker that starts again must not wait for a database.
    """

    def __init__(self, gateway: Gateway, settings: MosquittoSettings) -> None:
        self._gateway = gateway
        self._settings = settings
        self._revoked: list[Revoked] | None = None
        self.version = 0
        self.made_ms = 0

    def __call__(self) -> Mapping[str, bytes]:
        now_ms = self._gateway.now_ms()
        key, certificate = server(self._gateway, now_ms)
        rows, keys = self._rows(now_ms), self._gateway.keys
        accepted = [keys.ca, *keys.earlier_cas]  # a list of each: what has none is refused with all its certificates
        crl = b"".join(each.revocation_list(rows, self.version, now_ms) for each in accepted)
        self.made_ms = now_ms
        password = workers_password(self._gateway.home)
        return closed_files(
            self._settings, Identity(certificate, key, b"".join(each.pem for each in accepted), crl, password)
        )

    def _rows(self, now_ms: int) -> list[Revoked]:
        try:
            with reading(self._gateway.engine) as connection:
                self.version, ended = links.version(connection), links.ended(connection)
        except LedgerUnavailable:
            if self._revoked is None:
                raise
            return self._revoked
        self._revoked = [Revoked(int(each.serial, 16), each.at_ms) for each in ended if each.ends_ms > now_ms]
        return self._revoked
