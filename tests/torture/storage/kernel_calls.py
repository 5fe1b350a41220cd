"""The few kernel calls that Python has no name for: mounts of this process's own, and loop devices.

Nothing outlives the process, however it ends: mounts are made in a mount namespace of its own, and a loop device is
let go of by the kernel with its last user. Needs root.
"""

import ctypes
import errno
import fcntl
import os
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

CLONE_NEWNS = 0x00020000
MS_REC, MS_PRIVATE, MNT_DETACH = 0x4000, 0x40000, 2
LOOP_CTL_GET_FREE, LOOP_CONFIGURE, LO_FLAGS_AUTOCLEAR = 0x4C82, 0x4C0A, 4
_LOOP_CONFIG = struct.Struct("=II52xI176x64x")  # fd, block size; in loop_info64: flags at 52 of 232 bytes; 64 reserved
_BUSY_TRIES = 50
_BUSY_S = 0.02

_libc = ctypes.CDLL(None, use_errno=True)


def own_mounts() -> None:
    """From here on, mounts of this process and its children are seen by nobody else. Raises OSError."""
    _check(_libc.unshare(CLONE_NEWNS))
    mount("none", Path("/"), None, MS_REC | MS_PRIVATE, "")


def mount(source: str, target: Path, kind: str | None, flags: int, data: str) -> None:
    """mount(2). Raises OSError."""
    named = None if kind is None else kind.encode()
    _check(_libc.mount(source.encode(), str(target).encode(), named, ctypes.c_ulong(flags), data.encode()))


def unmount(target: Path) -> None:
    """umount2(2), patient with somebody who is just closing a file there. Raises OSError."""
    for _ in range(_BUSY_TRIES):
        try:
            return _check(_libc.umount2(str(target).encode(), 0))
        except OSError as error:
            if error.errno != errno.EBUSY:
                raise
            time.sleep(_BUSY_S)
    return _check(_libc.umount2(str(target).encode(), MNT_DETACH))


@contextmanager
def mounted(image: Path, target: Path, kind: str, options: str = "") -> Iterator[Path]:
    """The file system in this file, through a loop device. Raises OSError when it cannot be mounted."""
    device = loop_device(image)
    try:
        mount(device.name, target, kind, 0, options)
    finally:
        os.close(device.fd)  # the mount keeps it, if there is one
    try:
        yield target
    finally:
        unmount(target)


class LoopDevice:
    """``name`` stands for it as long as ``fd`` is open or it is mounted."""

    def __init__(self, name: str, fd: int) -> None:
        self.name = name
        self.fd = fd


def loop_device(image: Path) -> LoopDevice:
    """A free loop device over this file. Raises OSError."""
    backing = os.open(image, os.O_RDWR | os.O_CLOEXEC)
    control = os.open("/dev/loop-control", os.O_RDWR | os.O_CLOEXEC)
    try:
        for _ in range(_BUSY_TRIES):
            name = f"/dev/loop{fcntl.ioctl(control, LOOP_CTL_GET_FREE)}"
            with suppress(FileNotFoundError):
                fd = os.open(name, os.O_RDWR | os.O_CLOEXEC)
                try:
                    fcntl.ioctl(fd, LOOP_CONFIGURE, _LOOP_CONFIG.pack(backing, 512, LO_FLAGS_AUTOCLEAR))
                    return LoopDevice(name, fd)
                except OSError as error:
                    os.close(fd)
                    if error.errno != errno.EBUSY:  # somebody else was faster
                        raise
            time.sleep(_BUSY_S)
        raise OSError(errno.EBUSY, "no loop device became free")
    finally:
        os.close(control)
        os.close(backing)


def _check(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
