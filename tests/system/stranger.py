"""A stranger on the wire: hears what is sent up and sends what he likes, without anybody's key.

What he can do to the real thing: flip bits of an event and be first with it, send a device's frames under another
name, put somebody else's event into a batch, repeat old frames, and send noise.
"""

from jobseal import frame
from jobseal.batch import Batch
from jobseal.errors import JobsealError
from tests.system.wire import Wire
from tests.system.world import World


def speak(world: World, wire: Wire) -> None:
    """Put one malicious frame before the gateway, ahead of everything that waits there."""
    if not wire.seen_up:
        return
    topic, data = world.chance.choice(wire.seen_up[-20:])
    kind = world.chance.choice(("noise", "replay", "elsewhere", "flipped", "flipped", "flipped", "flipped payload"))
    made = _made(world, kind, topic, data)
    if made is not None:
        world.say("stranger", kind)
        wire.inbox.insert(0, made)


def _made(world: World, kind: str, topic: str, data: bytes) -> tuple[str, bytes] | None:
    if kind == "noise":
        return topic, world.bytes(world.chance.randrange(1, 200))
    if kind == "replay":
        return topic, data
    if kind == "elsewhere":
        return frame.up_topic(world.chance.choice(("hh-1", "hh-2", "nobody"))), data
    try:
        message = frame.decode_up(data)
    except JobsealError:
        return None
    if not isinstance(message, Batch) or not message.events:
        return None
    place = -5 if kind == "flipped" else -90  # in the signature, or in what it covers
    flipped = []
    for each in message.events:
        bad = bytearray(each)
        bad[max(place, -len(bad))] ^= 1 << world.chance.randrange(8)
        flipped.append(bytes(bad))
    # The last one stays whole: behind bytes that do not verify it could make them look like the device's own.
    if len(flipped) > 1 and world.chance.random() < 0.5:
        flipped[-1] = message.events[-1]
    message.events = flipped
    return topic, frame.encode(message)


def overtake(topic: str, data: bytes) -> list[tuple[str, bytes]]:
    """The same batch with one bit of its last event but one flipped, to be there before the original.

    What follows the flipped bytes is genuine: whoever takes them for the device's own only because something valid
    comes behind them gives their slot away.
    """
    try:
        message = frame.decode_up(data)
    except JobsealError:
        return []
    if not isinstance(message, Batch) or len(message.events) < 2:
        return []
    bad = bytearray(message.events[-2])
    bad[-5] ^= 1
    message.events = [*message.events[:-2], bytes(bad), message.events[-1]]
    return [(topic, frame.encode(message))]
