"""One exchange with the gateway's door, the HTTPS at which handhelds enrol and renew.

An answer that was cut short is none. Nothing is tried again here.
"""

import http.client
import json
import ssl

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
    host: str, port: int, tls: ssl.SSLContext, method: str, path: str, body: bytes | None
) -> tuple[int, bytes]:
    """(status, body) of one request: 200 or 202.

    Raises :class:`GatewayUnreachable`, :class:`NotEnrolled` for a server that is not the gateway's, and what the
    gateway refuses with.
    """
    where = f"{host}:{port}"
    connection = http.client.HTTPSConnection(host, port, timeout=ANSWER_TIMEOUT_S, context=tls)
    try:
        connection.request(method, path, body, {"Content-Type": BODY_TYPE, "Connection": "close"})
        answer = connection.getresponse()
        if answer.length is None or answer.length > GRANT_MAX_BYTES:
            raise GatewayUnreachable(where, "its answer is no answer")
        data = answer.read()  # all of it: one that was cut short raises IncompleteRead
    except ssl.SSLCertVerificationError as error:
        raise NotEnrolled(f"The server at {where} cannot prove that it is the gateway ({error}).") from error
    except (OSError, http.client.HTTPException) as error:
        raise GatewayUnreachable(where, error) from error
    finally:
        connection.close()
    if answer.status in (http.HTTPStatus.OK, http.HTTPStatus.ACCEPTED):
        return answer.status, data
    if answer.status >= http.HTTPStatus.INTERNAL_SERVER_ERROR:
        raise GatewayUnreachable(where, f"it says {answer.status}")
    raise _refusal(answer.status, data)


def _refusal(status: int, data: bytes) -> JobsealError:
    try:
        said = json.loads(data)
        return JobsealError(str(said["code"]), str(said["sentence"]), OPERATOR)
    except (ValueError, KeyError, TypeError):
        return JobsealError("enrolment_refused", f"The gateway refuses this ({status}) and does not say why.", OURS)
