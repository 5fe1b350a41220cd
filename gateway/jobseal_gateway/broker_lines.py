"""What mosquitto says (2.0, with ``log_type debug`` and ``connection_messages``), and whom it turned away by that.

Pure: lines in, refusals out. mosquitto names clients in some lines and says in others what they did, one after the
other from its one thread, so what is said next belongs to the client that was named last:

    New connection from ADDRESS:PORT on port PORT.
    OpenSSL Error[0]: error:0A000086:SSL routines::certificate verify failed
    Client <unknown> disconnected: Protocol error.

    New client connected from ADDRESS:PORT as d1 (p2, c1, k60, u'd1').
    Will message specified (3 bytes) (r0, q1).
            jobseal/1/d2/state
    Received SUBSCRIBE from d1
            jobseal/1/d2/down (QoS 1)
    Denied PUBLISH from d1 (d0, q1, r0, m1, 'jobseal/1/d2/up', ... (1 bytes))

A subscription to another's topic is granted and then never served (as brokers of MQTT 3.1.1 do), so it counts here
although mosquitto does not call it refused. Where TLS fails no client has a name yet: the address
is that of the one connection that had not said who it is, or of each where there were several.

Whoever asks for another's client id is given his own, and throws out nobody but himself. A second connection of one
identity is otherwise a handheld that came again before its old connection was noticed dead; several within minutes are
two who have one certificate, or somebody trying.
"""

import re
from typing import TypeVar

from jobseal_gateway.tally import Refused

PENDING_MOST = 256
CLIENTS_MOST = 1024
OWN_ADDRESS = "socket/"  # the gateway's own processes come through the Unix socket, and have its password
SAID_MOST_CHARACTERS = 4096
TWICE_MOST = 3  # within TWICE_WITHIN_MS, of one identity, before it is said
TWICE_WITHIN_MS = 600_000

Value = TypeVar("Value")

_STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d: ")
_ARRIVED = re.compile(r"New connection from (.+):(\d+) on port \d+\.$")
_NAMED = re.compile(r"New client connected from (.+):(\d+) as (\S+) \(p")
_FAILED = re.compile(r"Client connection from (.+) failed: (?:error:[0-9A-F]*:)?(.*?)\.?$")
_TLS = re.compile(r"OpenSSL Error\[\d+\]: (?:error:[0-9A-F]*:)?(.*)$")
_NAMELESS_LEFT = re.compile(r"Client <unknown> (.*?)\.?$")
_DENIED = re.compile(r"Denied PUBLISH from (\S+) \(d\d, q\d, r\d, m\d+, '(.*)', \.\.\. \(\d+ bytes\)\)$")
_SUBSCRIBES = re.compile(r"Received SUBSCRIBE from (\S+)$")
_WILL = re.compile(r"Will message specified ")
_TOPIC = re.compile(r"\t(.*?)(?: \(QoS \d\))?$")
_TWICE = re.compile(r"Client (\S+) already connected, closing old connection\.$")
_NOISE = re.compile(r"(?:Received|Sending|No will message|Will message|Denied PUBLISH|\t|New c|Client )")

_TLS_CODES = {
    "did not return a certificate": "certificate_missing",
    "certificate verify failed": "certificate_refused",  # ended, revoked or another CA's: mosquitto does not say which
    "unsupported protocol": "tls_too_old",
    "version too low": "tls_too_old",
}
_ONLY_KNOCKED = "unexpected eof"
_MAY_HEAR = ("jobseal/1/gateway/state", "jobseal/1/gateway/checkpoint", "jobseal/1/{}/down")
_MAY_LEAVE = "jobseal/1/{}/state"


def unstamped(line: str) -> str:
    """The line without the time that mosquitto put before it."""
    found = _STAMP.match(line)
    return line[found.end() :] if found else line


def tls_code(words: str) -> str:
    """Which kind of TLS failure OpenSSL means by these words of its."""
    return next((code for said, code in _TLS_CODES.items() if said in words), "tls_refused")


def is_noise(line: str) -> bool:
    """Whether this (without its time) is about one client or message, and nothing for the broker's own log."""
    return _NOISE.match(line) is not None


class BrokerLines:
    """One life of a broker, line by line."""

    def __init__(self) -> None:
        self._pending: dict[str, str] = {}  # "address:port" -> address, of connections that have not said who they are
        self._own: dict[str, None] = {}  # clients that came through the socket
        self._error = ""  # of a handshake
        self._client, self._doing = "", ""  # who the next topics are of, and what is done with them
        self._connected = ""
        self._replaced = ""
        self._twice: dict[str, list[int]] = {}  # identity -> when its connection was replaced by another

    def hear(self, line: str, now_ms: int) -> list[Refused]:
        """What one line (without its time) says about refusals; ``now_ms``: of any clock."""
        line = line[:SAID_MOST_CHARACTERS]
        if self._doing and (found := _TOPIC.match(line)):
            return self._topic(found[1])
        self._doing = ""
        if line.startswith(("Received PUBLISH", "Sending", "Received PUBACK", "Received PING")):
            return []  # nearly all of them
        return self._of_handshake(line) or self._of_client(line, now_ms)

    def _of_handshake(self, line: str) -> list[Refused]:
        if found := _ARRIVED.match(line):
            self._error = ""
            _remember(self._pending, f"{found[1]}:{found[2]}", found[1], PENDING_MOST)
        elif found := _FAILED.match(line):
            error = _words(found[2])
            return [Refused(found[1], tls_code(error), error)] if error else []
        elif found := _TLS.match(line):
            self._error = _words(found[1])
        elif found := _NAMELESS_LEFT.match(line):
            who, error, self._error = self._nameless(), self._error, ""
            if error:
                return [Refused(who, tls_code(error), error)]
            if "not authorised" in found[1]:
                return [Refused(who, "password_refused", "a user name or password that the broker does not know")]
        return []

    def _nameless(self) -> str:
        addresses = list(dict.fromkeys(self._pending.values()))
        if self._pending:
            del self._pending[next(iter(self._pending))]
        return ", ".join(addresses[:3]) + (", ..." if len(addresses) > 3 else "") or "somebody"

    def _of_client(self, line: str, now_ms: int) -> list[Refused]:
        if found := _NAMED.match(line):
            self._pending.pop(f"{found[1]}:{found[2]}", None)
            return self._named(found[3], found[1], now_ms)
        if found := _DENIED.match(line):
            return [Refused(found[1], "topic_refused", f"sends to {found[2]}")]
        if found := _SUBSCRIBES.match(line):
            self._client, self._doing = found[1], "hears"
        elif _WILL.match(line):
            self._client, self._doing = self._connected, "leaves"
        elif found := _TWICE.match(line):
            self._replaced = found[1]
        return []

    def _named(self, client: str, address: str, now_ms: int) -> list[Refused]:
        self._connected = client
        replaced, self._replaced = self._replaced == client, ""
        self._own.pop(client, None)
        if address.startswith(OWN_ADDRESS):
            _remember(self._own, client, None, CLIENTS_MOST)
        elif replaced:
            times = [*self._twice.pop(client, [])[1 - TWICE_MOST :], now_ms]
            _remember(self._twice, client, times, CLIENTS_MOST)
            if len(times) == TWICE_MOST and now_ms - times[0] < TWICE_WITHIN_MS:
                words = f"connects again and again while it is connected, now from {address}: a copy may be about"
                return [Refused(client, "second_connection", words)]
        return []

    def _topic(self, topic: str) -> list[Refused]:
        client, doing = self._client, self._doing
        if doing == "leaves":
            self._doing = ""
            allowed: tuple[str, ...] = (_MAY_LEAVE,)
        else:
            allowed = _MAY_HEAR
        if client in self._own or topic in [each.format(client) for each in allowed]:
            return []
        words = "wants its last will at" if doing == "leaves" else "wants to hear"
        return [Refused(client, "topic_refused", f"{words} {topic}")]


def _words(said: str) -> str:
    """OpenSSL's own words, without the library before them; none where somebody only knocked and went."""
    words = said.rpartition("::")[2] or said
    return "" if words.startswith(_ONLY_KNOCKED) else words


def _remember(kept: dict[str, Value], name: str, value: Value, most: int) -> None:
    """Keep this one, and of all only the newest."""
    kept[name] = value
    if len(kept) > most:
        del kept[next(iter(kept))]
