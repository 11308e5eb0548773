"""A network namespace of our own for the run, so that nobody else's sockets, rules or ports are in the way."""
import ctypes
import fcntl
import os
import socket
import struct

CLONE_NEWNET = 0x40000000
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
CONGESTION = "/proc/sys/net/ipv4/tcp_congestion_control"


def loopback_up():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        got = fcntl.ioctl(s, SIOCGIFFLAGS, struct.pack("16sh14x", b"lo", 0))
        flags = struct.unpack("16sh14x", got)[1]
        fcntl.ioctl(s, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | IFF_UP))


def congestion_control():
    return open(CONGESTION).read().strip()


def plain_congestion_control():
    """bbr paces with timers, which on loopback measures the timers. A private namespace may always choose reno."""
    if congestion_control() == "bbr":
        try:
            with open(CONGESTION, "w") as f:
                f.write("reno")
        except OSError:
            pass


def host():
    """Stay where we are; answers a sentence for the report."""
    return "the host's loopback, TCP congestion control %s" % congestion_control()


def separate():
    """Enter a private namespace if we may; answers a sentence for the report. Children inherit it."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET) != 0:
        return "%s (a private one: %s)" % (host(), os.strerror(ctypes.get_errno()))
    loopback_up()
    plain_congestion_control()
    return "loopback of a private namespace, TCP congestion control %s" % congestion_control()
