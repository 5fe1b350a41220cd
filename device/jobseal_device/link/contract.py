"""What the pump may expect of a link to a broker, whatever carries it: MQTT 3.1.1, QoS 1, clean session.

A link moves payloads and nothing else: it knows no frame, no receipt, no schedule. It never retries, never queues
for later and never reconnects by itself; the pump owns back-off and resend. One thread uses a link, and no
implementation starts another. It is small enough for a microcontroller's blocking client to offer as well.

Delivery is at least once and may stop at any moment: a message can come twice, late or never, in both directions.
"""

from dataclasses import dataclass
from typing import Protocol

from jobseal.errors import OPERATOR, OURS, PEER, JobsealError
from jobseal.limits import FRAME_MAX_BYTES


class LinkDown(JobsealError):
    """There is no connection, or there is none any more. ``connect`` again, when the pump's back-off says so."""

    def __init__(self, sentence: str) -> None:
        super().__init__("link_down", sentence, PEER, final=False)


class LinkRefused(JobsealError):
    """The broker answered and said no: to this client, or to a subscription. Its operator has to look."""

    def __init__(self, sentence: str) -> None:
        super().__init__("link_refused", sentence, OPERATOR, final=False)


class LinkUntrusted(JobsealError):
    """Something answered that could not prove to be the broker: its certificate does not hold."""

    def __init__(self, sentence: str) -> None:
        super().__init__("link_untrusted", sentence, PEER, final=False)


class PayloadTooLarge(JobsealError):
    """A payload beyond ``FRAME_MAX_BYTES``: no broker of ours would carry it, so it is not tried."""

    def __init__(self, size: int) -> None:
        super().__init__(
            "link_payload_too_large", f"{size} bytes exceed the {FRAME_MAX_BYTES} that one message holds", OURS
        )


@dataclass(frozen=True, slots=True)
class Presence:
    """The retained state of one client: ``online`` from each connect on, ``offline`` when it goes or vanishes."""

    topic: str
    online: bytes
    offline: bytes


class Wake(Protocol):
    """Anything that a wait can watch beside the broker, such as a bound Unix socket: readable means woken."""

    def fileno(self) -> int:
        """A descriptor that becomes readable when somebody wants the waiting thread."""
        ...


class Link(Protocol):
    """A blocking transport between one client and one broker.

    Constructed with its client id, its address and its ``Presence``; born disconnected. After any ``LinkDown`` it is
    disconnected again and everything but ``connect`` and ``close`` raises ``LinkDown``.
    """

    def connect(self, timeout_s: float) -> None:
        """Open a new, clean session and publish ``Presence.online``, dropping the session before it, if any.

        Subscriptions do not survive it. Raises ``LinkDown`` when nothing usable answers within about ``timeout_s``
        seconds, ``LinkRefused`` when the broker says no, ``LinkUntrusted`` when it cannot prove who it is.
        """
        ...

    def publish(self, topic: str, payload: bytes) -> bool:
        """Send one message at QoS 1 and wait for its PUBACK; what arrives meanwhile is kept for ``poll``.

        True: a PUBACK came in time, which proves only that a broker once held the message. False: none came in time;
        the message may arrive all the same, and is never sent again from here. Raises ``LinkDown`` when the
        connection ends first (the message may have arrived), ``PayloadTooLarge``.
        """
        ...

    def subscribe(self, topic: str) -> None:
        """Ask for a topic filter at QoS 1, for this connection. Raises ``LinkDown``, ``LinkRefused``.

        A broker can grant what its access list forbids: only a message that arrives proves the subscription.
        """
        ...

    def poll(self, timeout_ms: int, wake: Wake | None = None) -> tuple[str, bytes] | None:
        """The next message as (topic, payload), or None after ``timeout_ms`` or as soon as ``wake`` is readable.

        What has arrived is handed out before a wake-up or the loss of the connection is reported. ``wake`` is only
        watched: emptying it is the caller's. Keep-alive happens in here, so call it at least every few seconds'
        worth of the keep-alive time. Raises ``LinkDown``.
        """
        ...

    def close(self) -> None:
        """Publish ``Presence.offline``, say goodbye if that is possible at once, and let go. Never raises."""
        ...


def refuse_oversize(payload: bytes) -> None:
    """Raise ``PayloadTooLarge`` for a payload that exceeds ``FRAME_MAX_BYTES``."""
    if len(payload) > FRAME_MAX_BYTES:
        raise PayloadTooLarge(len(payload))
