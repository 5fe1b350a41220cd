"""Network namespaces that see each other only through us: one TUN device each, and a router in Python between them.

Needs root and /dev/net/tun. A namespace lives as long as the process that holds it, which ends with ours; nothing has
a name, so nothing is left behind and any number of runs go side by side. Everything is set with ioctls (netdevice(7),
Documentation/networking/tuntap.rst), so no package is needed.
"""

import ctypes
import fcntl
import heapq
import os
import select
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tests.torture.network.hand import LIKE_US
from tests.torture.network.shaper import Shaper

TUN = Path("/dev/net/tun")
NETWORK = "10.77.0."
MTU = 1400
MADE_WITHIN_S = 10.0

_CLONE_NEWNET = 0x40000000
_TUNSETIFF, _IFF_TUN, _IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _SIOCSIFADDR, _SIOCSIFNETMASK, _SIOCSIFMTU = 0x8913, 0x8914, 0x8916, 0x891C, 0x8922
_IFF_UP = 1


def missing() -> str | None:
    """Why there can be none on this machine, in words."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    if not TUN.exists():
        return "/dev/net/tun is not there"
    tried = subprocess.run(["unshare", "--net", "true"], capture_output=True, text=True, check=False)
    return None if tried.returncode == 0 else f"unshare --net: {tried.stderr.strip()}"


class Namespace:
    """A network of its own with one address; ``inside`` is what a command is started through to be in it."""

    def __init__(self, number: int) -> None:
        """``number``: 1 to 254, the last byte of its address. Belongs to a thread that lives as long as it does."""
        self.address = f"{NETWORK}{number}"
        self._holder = subprocess.Popen([*LIKE_US, "unshare", "--net", "sleep", "infinity"])
        path = Path(f"/proc/{self._holder.pid}/ns/net")
        self.inside = ("nsenter", f"--net={path}", "--")
        give_up = time.monotonic() + MADE_WITHIN_S
        while path.readlink() == Path("/proc/self/ns/net").readlink():
            if time.monotonic() > give_up:
                raise RuntimeError("the namespace was not made")
            time.sleep(0.002)
        self._namespace = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self.tun = -1
        thread = threading.Thread(target=self._furnish)
        thread.start()
        thread.join()
        if self.tun < 0:
            raise RuntimeError(f"no TUN device for {self.address}")

    def enter(self) -> None:
        """From now on the calling thread opens its sockets in here. There is no way back: let it be a thread's last."""
        if ctypes.CDLL(None, use_errno=True).setns(self._namespace, _CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")

    def close(self) -> None:
        """Gone, with everything that was open in it."""
        self._holder.kill()
        self._holder.wait()
        for descriptor in (self.tun, self._namespace):
            with suppress(OSError):
                os.close(descriptor)

    def _furnish(self) -> None:
        self.enter()
        tun = os.open(TUN, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        fcntl.ioctl(tun, _TUNSETIFF, struct.pack("16sH22x", b"tun0", _IFF_TUN | _IFF_NO_PI))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
            for request, address in ((_SIOCSIFADDR, self.address), (_SIOCSIFNETMASK, "255.255.255.0")):
                named = struct.pack("16sHH4s8x", b"tun0", socket.AF_INET, 0, socket.inet_aton(address))
                fcntl.ioctl(control, request, named)
            fcntl.ioctl(control, _SIOCSIFMTU, struct.pack("16si", b"tun0", MTU))
            for name in (b"lo", b"tun0"):
                flags = struct.unpack("16sH", fcntl.ioctl(control, _SIOCGIFFLAGS, struct.pack("16sH", name, 0)))[1]
                fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sH", name, flags | _IFF_UP))
        self.tun = tun


class Router:
    """Carries packets between namespaces, each through the shaper of its direction, on a thread of its own."""

    def __init__(self, places: list[Namespace], shaper: Callable[[str, str], Shaper]) -> None:
        """``shaper(source, target)`` gives the one for this direction, by addresses; asked once each."""
        self.shapers: dict[tuple[str, str], Shaper] = {}
        self._make = shaper
        self._tuns = {each.address: each.tun for each in places}
        self._due: list[tuple[float, int, int, bytes]] = []
        self._sent = 0
        self._stop, self._stopped = os.pipe2(os.O_CLOEXEC)
        self._began_s = time.monotonic()
        self._thread = threading.Thread(target=self._carry, daemon=True)

    def start(self) -> None:
        """The weather begins now."""
        self._began_s = time.monotonic()
        self._thread.start()

    def stop(self) -> None:
        """Nothing passes any more."""
        os.write(self._stopped, b"!")
        if self._thread.is_alive():
            self._thread.join()
        os.close(self._stop)
        os.close(self._stopped)

    def _carry(self) -> None:
        poller = select.poll()
        for descriptor in (*self._tuns.values(), self._stop):
            poller.register(descriptor, select.POLLIN)
        while True:
            now_s = time.monotonic() - self._began_s
            wait_ms = None if not self._due else max(0, int((self._due[0][0] - now_s) * 1000) + 1)
            for descriptor, _ in poller.poll(wait_ms):
                if descriptor == self._stop:
                    return
                self._take(descriptor)
            self._deliver()

    def _take(self, tun: int) -> None:
        with suppress(BlockingIOError):
            while packet := os.read(tun, 65_536):
                if packet[0] >> 4 != 4:
                    continue  # IPv6 looks for neighbours; there are none
                source, target = socket.inet_ntoa(packet[12:16]), socket.inet_ntoa(packet[16:20])
                if target not in self._tuns:
                    continue
                if (source, target) not in self.shapers:
                    self.shapers[source, target] = self._make(source, target)
                now_s = time.monotonic() - self._began_s
                for at_s, copy in self.shapers[source, target].offer(packet, now_s):
                    self._sent += 1
                    heapq.heappush(self._due, (at_s, self._sent, self._tuns[target], copy))

    def _deliver(self) -> None:
        now_s = time.monotonic() - self._began_s
        while self._due and self._due[0][0] <= now_s:
            _, _, tun, packet = heapq.heappop(self._due)
            with suppress(BlockingIOError, OSError):  # a full queue drops, and a broken header is refused
                os.write(tun, packet)
