#!/usr/bin/env python3
"""The n-th allocation, open, read, write, sync, close, mmap, socket, call on a socket or rename fails (shim.c), once and from then
on: every command ends, by no signal, with an exit status of the contract; where it fails it says so in words; a result is whole or
not there, and the earlier one still is; nothing is called good, complete or false for it (scene.py).

torture.py [--most N] [--seed S] [--only COMMAND] [KIND...]   every n of each command and kind, or N of them drawn by the seed"""
import argparse
import random
import sys
import tempfile

from scene import KINDS, Scene


def drawn(calls, most, random_):
    """Which n are tried: all, or so many: the first ones, the last, and others between."""
    if most is None or calls <= most:
        return list(range(1, calls + 1))
    edges = {1, 2, 3, calls}
    return sorted(edges | set(random_.sample(range(1, calls + 1), max(0, most - len(edges)))))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--most", type=int)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10 ** 9))
    parser.add_argument("--only", action="append")
    parser.add_argument("kinds", nargs="*", default=KINDS)
    options = parser.parse_args()
    print("seed %d" % options.seed, flush=True)
    wrong = tried = 0
    with tempfile.TemporaryDirectory() as folder:
        scene = Scene(folder)
        for name in options.only or scene.commands:
            for kind in options.kinds or KINDS:
                calls, before = scene.calls(name, kind), wrong
                numbers = drawn(calls, options.most, random.Random("%d %s %s" % (options.seed, name, kind)))
                for n in numbers:
                    for plus in ("", "+"):
                        told = scene.wrong(name, "%s:%d%s" % (kind, n, plus))
                        tried += 1
                        wrong += told is not None
                        if told:
                            print(told, flush=True)
                print("%s %s: %d calls, %d of them, %d wrong" % (name, kind, calls, len(numbers), wrong - before), flush=True)
    print("%d tried, %d wrong" % (tried, wrong))
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
