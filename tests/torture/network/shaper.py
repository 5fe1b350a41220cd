"""One direction of a bad network, as a pure decision: a packet and the time in, what arrives when out.

Packets are IPv4, complete. Damage comes in two kinds: what the receiver's checksum finds, so that TCP sends it again,
and, rarely, what it does not find: the last bytes of a large segment are changed and the checksum is made to fit, as by
a bad router. Over TLS that ends a connection; without it, it reaches the program.
"""

import random
import struct
from typing import NamedTuple

FORGED_FROM_BYTES = 200  # only segments that carry a batch or a receipt, and not MQTT's own framing
FORGED_LAST_BYTES = 96
QUEUE_MOST_S = 2.0  # a router drops what would wait longer
_TCP = 6


class Weather(NamedTuple):
    """Chances are per packet. ``outages`` are (begin, end) in seconds after the beginning, in which nothing passes;
    ``reorder`` is the chance to be overtaken; ``forge`` to be changed in a way that no checksum finds."""

    delay_s: float = 0.0
    jitter_s: float = 0.0
    loss: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0
    corrupt: float = 0.0
    forge: float = 0.0
    bytes_per_s: float = 0.0  # 0: without limit
    outages: tuple[tuple[float, float], ...] = ()


CLEAR = Weather()


class Shaper:
    """One direction between two places; ``weather`` may change at any time. ``counts`` are packets by what was done."""

    def __init__(self, weather: Weather, seed: int) -> None:
        self.weather = weather
        self.counts = dict.fromkeys(("passed", "lost", "duplicated", "reordered", "corrupted", "forged"), 0)
        self._chance = random.Random(seed)
        self._free_at_s = 0.0

    def offer(self, packet: bytes, now_s: float) -> list[tuple[float, bytes]]:
        """A packet comes at ``now_s`` (seconds after the beginning): each copy of it that arrives, and when."""
        weather, chance = self.weather, self._chance
        if any(begin <= now_s < end for begin, end in weather.outages) or chance.random() < weather.loss:
            self.counts["lost"] += 1
            return []
        leaves_s = max(now_s, self._free_at_s)
        if weather.bytes_per_s:
            if leaves_s - now_s > QUEUE_MOST_S:
                self.counts["lost"] += 1
                return []
            leaves_s += len(packet) / weather.bytes_per_s
            self._free_at_s = leaves_s
        copies = 1
        if chance.random() < weather.duplicate:
            self.counts["duplicated"] += 1
            copies = 2
        arrivals = [(self._arrival(leaves_s), self._damaged(packet)) for _ in range(copies)]
        self.counts["passed"] += len(arrivals)
        return arrivals

    def _arrival(self, leaves_s: float) -> float:
        weather = self.weather
        late_s = weather.delay_s + self._chance.random() * weather.jitter_s
        if self._chance.random() < weather.reorder:
            self.counts["reordered"] += 1
            late_s += weather.delay_s + self._chance.random() * 0.05
        return leaves_s + late_s

    def _damaged(self, packet: bytes) -> bytes:
        if self._chance.random() < self.weather.forge and _is_large_segment(packet):
            self.counts["forged"] += 1
            place = len(packet) - 1 - self._chance.randrange(FORGED_LAST_BYTES)
            return with_checksum(_flipped(packet, place, self._chance.randrange(8)))
        if self._chance.random() < self.weather.corrupt:
            self.counts["corrupted"] += 1
            return _flipped(packet, self._chance.randrange(len(packet)), self._chance.randrange(8))
        return packet


def with_checksum(packet: bytes) -> bytes:
    """This IPv4 packet with the TCP checksum that its content asks for (RFC 9293 section 3.1)."""
    header = (packet[0] & 15) * 4
    segment = bytearray(packet[header:])
    segment[16:18] = b"\0\0"
    pseudo = packet[12:20] + struct.pack("!HH", _TCP, len(segment))
    segment[16:18] = struct.pack("!H", _checksum(pseudo + segment))
    return packet[:header] + bytes(segment)


def _checksum(data: bytes) -> int:
    """The internet checksum (RFC 1071)."""
    padded = data + b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(padded) // 2}H", padded))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _is_large_segment(packet: bytes) -> bool:
    return len(packet) >= FORGED_FROM_BYTES + FORGED_LAST_BYTES and packet[0] >> 4 == 4 and packet[9] == _TCP


def _flipped(packet: bytes, place: int, bit: int) -> bytes:
    changed = bytearray(packet)
    changed[place] ^= 1 << bit
    return bytes(changed)
