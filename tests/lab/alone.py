#!/usr/bin/env python3
"""Runs a command in a network namespace of its own, before hosts that this program plays: it answers every address behind a TUN device
as it is told to. Nothing can leave: the namespace has no other link.

alone.py BEHAVIOUR COMMAND...     exits as the command does; 77 where there is no such device here
BEHAVIOUR is JSON: link (tun, or dead: nobody answers ARP, or void: everything is lost, or none), own (this machine's two
addresses), also (ip commands), events ([seconds since the first packet, ip commands]), strict (true: a SYN with a wrong checksum is not answered), filter (what this machine's own firewall does with what leaves: drop, reject), filter_ports (with these TCP ports only),
queue (bytes a second, bytes: how fast this machine's own queue empties, and how much it holds),
count (a file: packets that came);
open (TCP ports; the others are closed), open_of (the same by address), silent (true: the others say nothing), udp (ports
that answer; the others are closed), udp_silent (true: those others are silent), tftp (true: port 69 answers from another one),
strangers (TCP ports that acknowledge what was not sent),
echo (false: pings are not answered), delay (seconds that every answer takes),
late (seconds that an open port takes instead), stops ([ports, seconds]: they are closed from then on);
mute (true: what hosts answer is lost on the way back), down ([from, to] in seconds since the first packet: the line is
dead), down_of (to this address only), ban (packets after which all is dropped), ban_seconds (for so long), ban_of (of this address only), ban_spares (these TCP ports are not), limit (answers
a second, the others are lost), bucket ([SYNs a second, of which so many at once, what becomes of the others: drop, reset, prohibit, accept]), bucket_of (protocols: not SYNs fill it, but packets of those, and the others are prohibited), window ([seconds, SYNs: of each so many seconds, what comes after so many SYNs is reset]), every (2: every second packet is answered), loss
(share of the packets that are lost on the way there, and of the answers on the way back), resets ([from, to] in SYNs: those are reset), reset (SYNs after which every port is reset), prohibit (the same, by ICMP), unreachable ([from, to] in
seconds since the first packet: a router says so of every packet), rejects (what is not open is rejected by a router), rejects_of (of this address only), rejected (these TCP ports only), rejects_acks (true: what comes behind a SYN is), errors (of a router, so many a second), reset_of
(this address only), codes (true: a router rejects each TCP port by the code that its last two digits are, and from 1100 on says that time is exceeded), table (so many flows pass, new ones are dropped from then on; of which protocol), refuse (packets after which every UDP port is unreachable), accept (SYNs after which every port is open), accept_of (of this address only)."""
import fcntl
import heapq
import json
import os
import random
import select
import socket
import struct
import subprocess
import sys
import time

OWN4, OWN6 = "203.0.113.7", "2001:db8:ffff::7"


def run(*words):
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def packet(source, target, protocol, body, place):
    """An IP packet; the body's checksum lies at `place`."""
    if len(source) == 4:
        pseudo = source + target + struct.pack("!BBH", 0, protocol, len(body)) if protocol != 1 else b""
        body = body[:place] + struct.pack("!H", checksum(pseudo + body)) + body[place + 2:]
        head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(body), 0, 0, 60, protocol, 0, source, target)
        return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + body
    pseudo = source + target + struct.pack("!IHBB", len(body), 0, 0, protocol)
    body = body[:place] + struct.pack("!H", checksum(pseudo + body)) + body[place + 2:]
    return struct.pack("!IHBB16s16s", 6 << 28, len(body), protocol, 60, source, target) + body


def name_of(address):
    return socket.inet_ntop(socket.AF_INET if len(address) == 4 else socket.AF_INET6, address)


class Hosts:
    def __init__(self, behaviour):
        self.of = behaviour
        self.delay = behaviour.get("delay", 0)
        self.packets = self.syns = 0
        self.first = self.banned = None
        self.tokens, self.filled = 5.0, time.monotonic()
        self.errors, self.told = 6.0, time.monotonic()
        self.turn = self.in_turn = 0
        self.flows = set()
        self.left, self.poured = self.of.get("bucket", (0, 0))[1], time.monotonic()

    def is_lost(self, now, target, port):
        self.first = self.first or now
        down = self.of.get("down")
        if down and down[0] <= now - self.first < down[1] and target == self.of.get("down_of", target):
            return True
        if target != self.of.get("ban_of", target) or port in self.of.get("ban_spares", ()):
            return False
        self.packets += 1
        if self.packets % self.of.get("every", 1):
            return True
        if "ban" not in self.of or self.packets <= self.of["ban"]:
            return False
        self.banned = self.banned or now
        return now - self.banned < self.of.get("ban_seconds", 1e9)

    def is_no_flow(self, protocol, source, target, body):
        """As a table of connections that is full has it, of a router or of a translator."""
        most, of = self.of.get("table", (0, 0))
        if protocol != of:
            return False
        flow = (source, target, body[:4])
        if len(self.flows) < most:
            self.flows.add(flow)
        return flow not in self.flows

    def is_too_fast(self, now):
        """A bucket of SYNs, whatever they ask."""
        if "window" in self.of:
            turn = int(now / self.of["window"][0])
            self.turn, self.in_turn = turn, 1 + (self.in_turn if turn == self.turn else 0)
            return self.in_turn > self.of["window"][1]
        if "bucket" not in self.of:
            return False
        self.left, self.poured = min(self.of["bucket"][1], self.left + (now - self.poured) * self.of["bucket"][0]), now
        if self.left < 1:
            return True
        self.left -= 1
        return False

    def rejection(self, source, target, whole, code4, code6, exceeded=False):
        """By a router in the path; so many a second where it is limited."""
        now = time.monotonic()
        self.errors = min(6.0, self.errors + (now - self.told) * self.of.get("errors", 1e9))
        self.told = now
        if self.errors < 1:
            return None
        self.errors -= 1
        kind, router = ((1, 3, code4), socket.inet_aton("203.0.113.1")) if len(source) == 4 else ((58, 1, code6), socket.inet_pton(socket.AF_INET6, "2001:db8:ffff::1"))
        head = struct.pack("!BBHI", {3: 11, 1: 3}[kind[1]] if exceeded else kind[1], kind[2], 0, 0) + whole[:28 if len(source) == 4 else 100]
        return 0, packet(router, source, kind[0], head, 2)

    def tcp(self, source, target, segment, whole):
        own, port, sequence, _, _, flags = struct.unpack("!HHIIBB", segment[:14])
        if self.of.get("strict") and checksum(source + target + struct.pack("!HH", 6, len(segment)) + segment):
            return None
        if flags & 0x12 != 2:
            return self.rejection(source, target, whole, 13, 1) if self.of.get("rejects_acks") and flags & 0x14 == 0x10 else None
        if self.of.get("codes"):
            return self.rejection(source, target, whole, port % 100, port % 100, port >= 1100)
        over = "bucket_of" not in self.of and self.is_too_fast(time.monotonic()) and self.of.get("bucket", (0, 0, "reset"))[2]
        if over == "drop":
            return None
        if over == "prohibit":
            return self.rejection(source, target, whole, 13, 1)
        ours = self.of.get("accept_of", self.of.get("reset_of")) in (None, name_of(target))
        self.syns += ours
        if ours and self.syns > self.of.get("prohibit", 1e9):
            return self.rejection(source, target, whole, 13, 1)
        first, last = self.of.get("resets", (1e9, 0))
        if over == "reset" or first <= self.syns < last or (ours and self.syns > self.of.get("reset", 1e9)):
            head = struct.pack("!HHIIBBHHH", port, own, 0, sequence + 1 & 0xffffffff, 0x50, 0x14, 0, 0, 0)
            return 0, packet(target, source, 6, head, 16)
        if port in self.of.get("strangers", ()):
            return self.delay, packet(target, source, 6, struct.pack("!HHIIBBHHH", port, own, 1000, sequence + 2 & 0xffffffff, 0x50, 0x12, 65535, 0, 0), 16)
        is_open = port in self.of.get("open_of", {}).get(name_of(target), self.of.get("open", ())) or over == "accept" or (ours and self.syns > self.of.get("accept", 1e9))
        stops = self.of.get("stops")
        is_open = is_open and not (stops and port in stops[0] and time.monotonic() - self.first > stops[1])
        if not is_open and (self.of.get("rejects") or port in self.of.get("rejected", ())) and name_of(target) == self.of.get("rejects_of", name_of(target)):
            return self.rejection(source, target, whole, 13, 1)
        if not is_open and self.of.get("silent"):
            return None
        head = struct.pack("!HHIIBBHHH", port, own, 1000 if is_open else 0, sequence + 1 & 0xffffffff, 0x50, 0x12 if is_open else 0x14,
                           65535 if is_open else 0, 0, 0)
        return self.of.get("late", self.delay) if is_open else self.delay, packet(target, source, 6, head, 16)

    def udp(self, source, target, segment, whole):
        own, port = struct.unpack("!HH", segment[:4])
        if port == 69 and self.of.get("tftp"):
            body = b"\0\5\0\1File not found\0"
            return self.delay, packet(target, source, 17, struct.pack("!HHHH", 50123, own, 8 + len(body), 0) + body, 6)
        if port in self.of.get("udp", ()) and self.packets <= self.of.get("refuse", 1e9):
            return self.delay, packet(target, source, 17, struct.pack("!HHHH", port, own, 12, 0) + b"pong", 6)
        if self.of.get("silent") or (self.of.get("udp_silent") and self.packets <= self.of.get("refuse", 1e9)):
            return None
        kind = (1, 3, 3) if len(source) == 4 else (58, 1, 4)
        return self.delay, packet(target, source, kind[0], struct.pack("!BBHI", kind[1], kind[2], 0, 0) + whole[:28 if len(source) == 4 else 100], 2)

    def is_over_the_limit(self, now):
        """A bucket of five answers, filled at the limit."""
        if "limit" not in self.of:
            return False
        self.tokens, self.filled = min(5.0, self.tokens + (now - self.filled) * self.of["limit"]), now
        if self.tokens < 1:
            return True
        self.tokens -= 1
        return False

    def answer(self, whole):
        """What comes back to a packet: (seconds, packet), or None."""
        if whole[0] >> 4 == 4:
            protocol, source, target, body = whole[9], whole[12:16], whole[16:20], whole[(whole[0] & 15) * 4:]
        else:
            protocol, source, target, body = whole[6], whole[8:24], whole[24:40], whole[40:]
        if protocol not in (1, 6, 17, 58) or (protocol == 58 and body[0] not in (128,)) or self.is_lost(time.monotonic(), name_of(target), struct.unpack("!H", body[2:4])[0] if protocol == 6 else 0):
            return None
        if self.is_no_flow(protocol, source, target, body):
            return None
        gone = self.of.get("unreachable")
        if gone and gone[0] <= time.monotonic() - self.first < gone[1]:
            return self.rejection(source, target, whole, 1, 3)
        if protocol in self.of.get("bucket_of", ()) and self.is_too_fast(time.monotonic()):
            return self.rejection(source, target, whole, 13, 1)
        if protocol == 6:
            told = self.tcp(source, target, body, whole)
            return None if told and self.is_over_the_limit(time.monotonic()) else told
        if protocol == 17:
            return self.udp(source, target, body, whole)
        if not self.of.get("echo", True):
            return None
        return self.delay, packet(target, source, protocol, bytes([0 if protocol == 1 else 129, 0, 0, 0]) + body[4:], 2)


def wait_for_link(tun, family, own, address):
    """The kernel drops what comes in, and what is sent, before it has brought a new address and link up, which it does in its own time."""
    whose, ends = socket.inet_pton(family, address), time.monotonic() + 10
    while time.monotonic() < ends:
        with socket.socket(family, socket.SOCK_DGRAM) as itself:
            try:
                itself.bind((own, 0))
                itself.sendto(b"", itself.getsockname())
            except OSError:
                time.sleep(0.01)
                continue
            if select.select([itself], [], [], 0.05)[0]:
                break
    with socket.socket(family, socket.SOCK_DGRAM) as sender:
        while time.monotonic() < ends:
            sender.sendto(b"", (address, 9))
            while select.select([tun], [], [], 0.01)[0]:
                if whose in os.read(tun, 65536):
                    return


def open_link(kind, own4=OWN4, own6=OWN6):
    run("ip", "link", "set", "lo", "up")
    if kind == "none":
        return None
    if kind != "tun":
        run("ip", "link", "add", "out0", "type", "veth", "peer", "name", "in0")
        run("ip", "link", "set", "out0", "up")
        run("ip", "link", "set", "in0", "up")
    else:
        tun = os.open("/dev/net/tun", os.O_RDWR)
        fcntl.ioctl(tun, 0x400454CA, struct.pack("16sH", b"out0", 1 | 0x1000))
        run("ip", "link", "set", "out0", "up", "txqueuelen", "100000")
    run("ip", "addr", "add", own4 + "/24", "dev", "out0")
    run("ip", "-6", "addr", "add", own6 + "/64", "dev", "out0", "nodad")
    via = () if kind == "tun" else ("via",)
    run("ip", "route", "add", "default", *via, *([("203.0.113.1")] if via else []), "dev", "out0")
    run("ip", "-6", "route", "add", "default", *via, *([("2001:db8:ffff::1")] if via else []), "dev", "out0")
    for gateway in ("203.0.113.1", "2001:db8:ffff::1") if kind == "void" else ():
        run("ip", "neigh", "add", gateway, "lladdr", "02:00:00:00:00:01", "dev", "out0")  # it is nobody's
    if kind != "tun":
        return None
    for family, own, address in ((socket.AF_INET, own4, "192.0.2.99"), (socket.AF_INET6, own6, "2001:db8:2::99")):
        wait_for_link(tun, family, own, address)
    return tun


def main():
    behaviour = json.loads(sys.argv[1])
    try:
        tun = open_link(behaviour.get("link", "tun"), *behaviour.get("own", (OWN4, OWN6)))
    except (OSError, subprocess.CalledProcessError) as error:
        print("alone: %s" % error, file=sys.stderr)
        sys.exit(77)
    for words in behaviour.get("also", ()):
        run("ip", *words.split())
    if "queue" in behaviour:
        rate, limit = behaviour["queue"]
        run("tc", "qdisc", "replace", "dev", "out0", "root", "tbf", "rate", "%dbps" % rate, "burst", "1600", "limit", str(limit))
    if "filter" in behaviour:
        ports = behaviour.get("filter_ports")
        what = "tcp dport { %s }" % ", ".join(map(str, ports)) if ports else "meta l4proto { tcp, udp, icmp, ipv6-icmp }"
        run("nft", "add table inet own; add chain inet own out { type filter hook output priority 0; }; "
                   "add rule inet own out %s ct state new %s" % (what, behaviour["filter"]))
    hosts, waiting, number, events = Hosts(behaviour), [], 0, sorted(behaviour.get("events", []))
    process = subprocess.Popen(sys.argv[2:])
    while process.poll() is None:
        now = time.monotonic()
        while waiting and waiting[0][0] <= now:
            os.write(tun, heapq.heappop(waiting)[2])
        while events and hosts.first and now - hosts.first >= events[0][0]:
            for words in events.pop(0)[1:]:
                run("ip", *words.split())
        ready = select.select([tun] if tun else [], [], [], min(0.02, max(0, waiting[0][0] - now)) if waiting else 0.02)[0]
        if not ready:
            continue
        lost, asked = behaviour.get("loss", 0), os.read(tun, 65536)
        answer = hosts.answer(asked) if random.random() >= lost else None
        answer = answer if random.random() >= lost else None
        if answer and answer[0]:
            heapq.heappush(waiting, (time.monotonic() + answer[0], number, answer[1]))
            number += 1
        elif answer and not behaviour.get("mute"):
            os.write(tun, answer[1])
    if "count" in behaviour:
        with open(behaviour["count"], "w") as file:
            file.write(str(hosts.packets))
    sys.exit(process.returncode)


if __name__ == "__main__":
    main()
