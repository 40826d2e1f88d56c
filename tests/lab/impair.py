#!/usr/bin/env python3
"""Delays, loses, doubles and reorders what a lab's gateway forwards, where the kernel has no netem: every packet makes a detour through
a TUN device, and this program is what lies behind it. Run in the gateway's namespace; prints "up" when it works, ends when it is killed.

impair.py DELAY_MS JITTER_MS LOSS_PERCENT DUPLICATE_PERCENT: of each direction. Jitter reorders."""
import fcntl
import heapq
import os
import random
import select
import struct
import subprocess
import sys
import time

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 1, 0x1000
TABLE, NAME = "77", "impair0"


def run(*words, check=True):
    subprocess.run(words, check=check, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL if not check else None)


def set_up(links):
    tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH", NAME.encode(), IFF_TUN | IFF_NO_PI))
    run("ip", "link", "set", NAME, "up", "txqueuelen", "100000")
    for family in ("-4", "-6"):
        run("ip", family, "route", "replace", "default", "dev", NAME, "table", TABLE)
        for link in links:
            run("ip", family, "rule", "add", "iif", link, "lookup", TABLE)
    for link in (*links, NAME, "all"):
        run("sh", "-c", "echo 0 > /proc/sys/net/ipv4/conf/%s/rp_filter" % link, check=False)
    return tun


def main():
    delay, jitter, loss, duplicate = (float(word) for word in sys.argv[1:5])
    tun = set_up(("out1", "in1"))
    print("up", flush=True)
    waiting, number = [], 0
    while True:
        now = time.monotonic()
        while waiting and waiting[0][0] <= now:
            try:
                os.write(tun, heapq.heappop(waiting)[2])
            except OSError:  # what the kernel refuses to forward is lost
                pass
        select.select([tun], [], [], max(0, waiting[0][0] - now) if waiting else None)
        for _ in range(256):
            try:
                packet = os.read(tun, 65536)
            except BlockingIOError:
                break
            if random.random() * 100 < loss:
                continue
            for _ in range(2 if random.random() * 100 < duplicate else 1):
                due = time.monotonic() + (delay + random.uniform(-jitter, jitter)) / 1000
                heapq.heappush(waiting, (due, number, packet))
                number += 1


if __name__ == "__main__":
    main()
