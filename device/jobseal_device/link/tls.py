"""TLS to the gateway: its own CA and nothing else, and dates judged by what this handheld knows of the time.

OpenSSL checks chain, purpose and signatures; its check of dates is off (X509_V_FLAG_NO_CHECK_TIME, which Python has no
name for), because a handheld whose clock was never set must still connect. Here only the end of the server's
certificate is judged, by the latest of clock, build time and newest checkpoint: a lower bound of the time, which can
prove that something ended and never that it has not begun. The CA's own end is judged in the same way when a context is
made.

What remains: a handheld that knows no better may accept a server certificate that ended after its build and its last
checkpoint, whose key somebody has. Nothing that is sent over a link is believed for the link's sake.
"""

import ssl
from collections.abc import Callable
from typing import Any

from cryptography import x509

from jobseal_device.link.contract import LinkUntrusted

NO_CHECK_TIME = 0x200000  # X509_V_FLAG_NO_CHECK_TIME, openssl/x509_vfy.h


class Context(ssl.SSLContext):
    """A client's context that trusts ``ca`` alone; ``latest_ms()``: the latest time that it is known to be."""

    latest_ms: Callable[[], int]

    def __new__(cls, ca: bytes, latest_ms: Callable[[], int]) -> "Context":
        """``ca``: the CA's certificate, DER. Raises :class:`LinkUntrusted` when it has ended or is none."""
        self = super().__new__(cls, ssl.PROTOCOL_TLS_CLIENT)
        self.latest_ms = latest_ms
        self.check_hostname = False  # whatever this CA calls a server is the gateway, by any name or forwarded port
        self.sslsocket_class = _Socket
        self.minimum_version = ssl.TLSVersion.TLSv1_2
        self.verify_flags |= NO_CHECK_TIME
        try:
            until_ms = int(x509.load_der_x509_certificate(ca).not_valid_after_utc.timestamp()) * 1000
            self.load_verify_locations(cadata=ca)
        except ValueError as error:
            raise LinkUntrusted("the gateway's CA certificate is damaged here: enrol this handheld again") from error
        if until_ms < latest_ms():
            raise LinkUntrusted("the gateway's CA has ended by this handheld's clock: check the clock, or enrol again")
        return self

    def __init__(self, ca: bytes, latest_ms: Callable[[], int]) -> None:
        """Everything is done where the object is made: ``ssl.SSLContext`` works that way."""


class _Socket(ssl.SSLSocket):
    """A socket that judges when the server's certificate ends, and does not outlive a failed handshake."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
            self._judge()
        except BaseException:
            self.close()
            raise

    def _judge(self) -> None:
        shown: Any = self.getpeercert()
        context = self.context
        if shown and isinstance(context, Context):
            ended = shown["notAfter"]
            if ssl.cert_time_to_seconds(ended) * 1000 < context.latest_ms():
                raise ssl.SSLCertVerificationError(f"the server's certificate ended on {ended}")
