"""Exchanges with the gateway's door, the HTTPS at which handhelds enrol and renew.

``exchange`` is one, over a connection of its own that is proven first. A ``Line`` is several over one connection, which
may be proven later: whoever enrols learns only from the first answer what the gateway's CA is. TLS has proven by then
that the server holds the key of the certificate that it showed, so what is left to see is whose certificate that is.

An answer that was cut short is none. Nothing is tried again here.
"""

import http.client
import json
import ssl
from types import TracebackType

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509.oid import ExtendedKeyUsageOID

from jobseal.enrolling import GRANT_MAX_BYTES
from jobseal.errors import OPERATOR, OURS, PEER, JobsealError
from jobseal_device.identity import NotEnrolled

ANSWER_TIMEOUT_S = 10.0
BODY_TYPE = "application/cbor"


class GatewayUnreachable(JobsealError):
    """The gateway did not answer, or broke off. The same request may be sent again."""

    def __init__(self, where: str, why: object) -> None:
        super().__init__("gateway_unreachable", f"The gateway at {where} did not answer ({why}).", PEER, False)


def exchange(
    host: str,
    port: int,
    tls: ssl.SSLContext,
    method: str,
    path: str,
    body: bytes | None,
    timeout_s: float = ANSWER_TIMEOUT_S,
) -> tuple[int, bytes]:
    """(status, body) of one request: 200 or 202.

    Raises :class:`GatewayUnreachable`, :class:`NotEnrolled` for a server that is not the gateway's, and what the
    gateway refuses with.
    """
    with Line(host, port, tls, timeout_s) as line:
        return line.exchange(method, path, body, "close")


class Line:
    """One connection, made with the first exchange. ``with Line(host, port, tls) as line`` closes it."""

    def __init__(self, host: str, port: int, tls: ssl.SSLContext, timeout_s: float = ANSWER_TIMEOUT_S) -> None:
        self._where = f"{host}:{port}"
        self._connection = http.client.HTTPSConnection(host, port, timeout=timeout_s, context=tls)

    def __enter__(self) -> "Line":
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the connection up."""
        self._connection.close()

    def exchange(self, method: str, path: str, body: bytes | None, afterwards: str = "keep-alive") -> tuple[int, bytes]:
        """(status, body) of one request; ``afterwards``: what HTTP calls the connection's fate. Raises as the function
        of this name does."""
        try:
            self._connection.request(method, path, body, {"Content-Type": BODY_TYPE, "Connection": afterwards})
            answer = self._connection.getresponse()
            if answer.length is None or answer.length > GRANT_MAX_BYTES:
                raise GatewayUnreachable(self._where, "its answer is no answer")
            data = answer.read()  # all of it: one that was cut short raises IncompleteRead
        except ssl.SSLCertVerificationError as error:
            raise NotEnrolled(f"The server at {self._where} cannot prove that it is the gateway ({error}).") from error
        except (OSError, http.client.HTTPException) as error:
            raise GatewayUnreachable(self._where, error) from error
        return _taken(answer.status, data, self._where)

    def prove(self, ca: bytes, now_ms: int) -> None:
        """See that this connection's server has a certificate of ``ca`` (DER) that has not ended by ``now_ms``, for a
        server: what TLS sees when it is told the CA beforehand.

        Raises :class:`NotEnrolled`, and :class:`GatewayUnreachable` for a connection that is gone.
        """
        socket = self._connection.sock
        shown = socket.getpeercert(binary_form=True) if isinstance(socket, ssl.SSLSocket) else None
        if shown is None:
            raise GatewayUnreachable(self._where, "it broke off")
        why = _is_not_of(shown, ca, now_ms)
        if why:
            raise NotEnrolled(f"The server at {self._where} cannot prove that it is the gateway ({why}).")


def _is_not_of(data: bytes, ca: bytes, now_ms: int) -> str:
    """Why this (DER) is no server's certificate of that CA; empty if it is one."""
    try:
        shown = x509.load_der_x509_certificate(data)
        shown.verify_directly_issued_by(x509.load_der_x509_certificate(ca))
        may = shown.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound) as error:
        return f"its certificate is not the gateway's: {error!r}"
    if ExtendedKeyUsageOID.SERVER_AUTH not in may:
        return "its certificate is not a server's"
    ended = shown.not_valid_after_utc
    return f"its certificate ended on {ended:%Y-%m-%d}" if ended.timestamp() * 1000 < now_ms else ""


def _taken(status: int, data: bytes, where: str) -> tuple[int, bytes]:
    if status in (http.HTTPStatus.OK, http.HTTPStatus.ACCEPTED):
        return status, data
    if status >= http.HTTPStatus.INTERNAL_SERVER_ERROR:
        raise GatewayUnreachable(where, f"it says {status}")
    raise _refusal(status, data)


def _refusal(status: int, data: bytes) -> JobsealError:
    try:
        said = json.loads(data)
        return JobsealError(str(said["code"]), str(said["sentence"]), OPERATOR)
    except (ValueError, KeyError, TypeError):
        return JobsealError("enrolment_refused", f"The gateway refuses this ({status}) and does not say why.", OURS)
