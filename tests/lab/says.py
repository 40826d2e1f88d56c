#!/usr/bin/env python3
"""Stands where a lab's gateway takes packets in and answers TCP SYNs as no kernel of the lab would, both families. Run in the gateway's
namespace; prints "up" when it works, ends when it is killed. What it says depends on the port:

10000: SYN-ACK behind an IPv6 destination options header, or IPv4 options      10001: too big (fragmentation needed)
10002: what tells nothing of the port (IPv4 source quench, IPv6 redirect)
20000 + 100 * type + code: that ICMP error, from the gateway itself            30000 + the same: from the target"""
import socket
import struct

GATEWAY = {4: socket.inet_pton(socket.AF_INET, "203.0.113.1"), 6: socket.inet_pton(socket.AF_INET6, "2001:db8:ffff::1")}


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return struct.pack("!H", ~total & 0xffff)


def packet(version, source, to, protocol, body, at, extended=False):
    """The IP packet; the body's own checksum goes to offset `at`. ICMP over IPv4 covers no addresses."""
    over = b"" if version == 4 and protocol == 1 else source + to + struct.pack("!II", len(body), protocol)
    body = body[:at] + checksum(over + body[:at] + b"\0\0" + body[at + 2:]) + body[at + 2:]
    if version == 6:
        options = bytes((protocol, 0, 1, 4, 0, 0, 0, 0)) if extended else b""
        return struct.pack("!IHBB", 6 << 28, len(options + body), 60 if extended else protocol, 64) + source + to + options + body
    options = b"\1\1\1\1" if extended else b""
    size = 20 + len(options)
    head = struct.pack("!BBHHHBBH", 0x40 + size // 4, 0, size + len(body), 7, 0, 64, protocol, 0) + source + to + options
    return head[:10] + checksum(head) + head[12:] + body


def answer(asked):
    """What is said to one packet, or None."""
    version = asked[0] >> 4
    start = (asked[0] & 15) * 4 if version == 4 else 40
    if len(asked) < start + 20 or asked[9 if version == 4 else 6] != 6 or asked[start + 13] & 0x17 != 2:
        return None
    us, target = (asked[12:16], asked[16:20]) if version == 4 else (asked[8:24], asked[24:40])
    client, port, sequence = struct.unpack("!HHI", asked[start:start + 8])
    if port == 10000:
        body = struct.pack("!HHIIBBHHH", port, client, 7, (sequence + 1) & 0xffffffff, 0x50, 0x12, 1000, 0, 0)
        return packet(version, target, us, 6, body, 16, extended=True)
    type_, code = ({10001: (3, 4), 10002: (4, 0)} if version == 4 else {10001: (2, 0), 10002: (137, 0)}).get(port, divmod(port % 10000, 100))
    if port not in (10001, 10002) and port // 10000 not in (2, 3):
        return None
    rest = struct.pack("!I", 1280) if port == 10001 else bytes(4)
    body = bytes((type_, code, 0, 0)) + rest + asked[:1000]
    return packet(version, target if port // 10000 == 3 else GATEWAY[version], us, 1 if version == 4 else 58, body, 2)


def main():
    link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    link.bind(("out1", 3))
    print("up", flush=True)
    while True:
        frame, where = link.recvfrom(65536)
        said = answer(frame[14:]) if where[2] != socket.PACKET_OUTGOING and frame[12:14] in (b"\x08\x00", b"\x86\xdd") else None
        if said is not None:
            link.send(frame[6:12] + frame[:6] + frame[12:14] + said)


if __name__ == "__main__":
    main()
