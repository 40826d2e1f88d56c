"""Captures drawn at random, of answers, losses, bans and what routers say in outages: no silence is called filtered, and no port rejected, without its frame, whatever came in whichever order;
and where all was alive all the time it is. The rules are taken from shared/semantics.md and know nothing of how the product does it."""
import bisect
import itertools
import json
import os
import pathlib
import random
import socket
import struct
import sys
import tempfile
import unittest

sys.path[:0] = [os.path.join(os.path.dirname(__file__), ".."), os.path.join(os.path.dirname(__file__), "../lab")]
import alone
import common

ROUTER = "203.0.113.1"
OWN, HOSTS, PORTS, TIMEOUT, TRIES = "203.0.113.7", ("198.51.100.4", "198.51.100.5", "198.51.100.6"), 12, 1.0, 3
CLOSE = 0.06  # so much before the first answer of all is as good as with it


def ipv4(source, target, segment, protocol=6):
    place = {1: 2, 6: 16, 17: 6}[protocol]  # of the checksum
    return alone.packet(socket.inet_aton(source), socket.inet_aton(target), protocol, segment, place)


def segment(from_port, to_port, sequence, acknowledged, flags):
    return struct.pack("!HHIIBBHHH", from_port, to_port, sequence, acknowledged, 0x50, flags, 65535, 0, 0)


class World:
    """What was sent, and what of it was answered: packets by time, and the answered and unanswered ones of each host."""

    def __init__(self, seed, alive):
        draw = random.Random(seed)
        self.packets, self.beats, self.tries, self.vain, self.told = [], {}, {}, {}, {}
        listening = {(host, port) for host in HOSTS for port in range(1, PORTS + 1) if draw.random() < 0.4}
        bans = {} if alive else {host: sorted(draw.uniform(0, 14) for _ in range(2)) for host in HOSTS if draw.random() < 0.6}
        outages = {} if alive else {host: sorted(draw.uniform(0, 8) for _ in range(2)) for host in HOSTS if draw.random() < 0.5}
        refused = {place for place in itertools.product(HOSTS, range(1, PORTS + 1)) if place not in listening and draw.random() < 0.3}
        down = None if alive or draw.random() < 0.5 else sorted(draw.uniform(0, 14) for _ in range(2))
        loss, now, own_port, answered = 0 if alive else draw.choice((0, 0, 0.1)), 100.0, 20000, set()
        schedule = [(host, port) for _ in range(TRIES + 1) for host in HOSTS for port in range(1, PORTS + 1)]
        if not alive:
            draw.shuffle(schedule)
            schedule = schedule[:draw.randrange(len(schedule) // 2, len(schedule) + 1)]
        begin = now
        while schedule or now - begin < 12:
            now += draw.uniform(0.02, 0.12)
            asks = sorted(answered)
            if schedule and (not asks or draw.random() < 0.7):
                place = schedule.pop(0)
            elif asks and (alive or draw.random() < 0.7):
                place = asks[len(self.packets) % len(asks)] if alive else draw.choice(asks)
            else:
                continue
            host, port = place
            own_port += 1
            sequence = draw.getrandbits(32)
            self.packets.append((now, ipv4(OWN, host, segment(own_port, port, sequence, 0, 2))))
            was_answered, at = place in answered, now - begin
            dead = (host in bans and bans[host][0] <= at < bans[host][1]) or (down and down[0] <= at < down[1]) or draw.random() < loss
            says = not dead and (place in refused or (host in outages and outages[host][0] <= at < outages[host][1]))
            if says and draw.random() < 0.9:
                self.packets.append((now + 0.01, ipv4(ROUTER, OWN, struct.pack("!BBHI", 3, 1, 0, 0) + self.packets[-1][1][:28], 1)))
                if place not in answered:
                    self.told.setdefault(place, now + 0.01)
            if place in listening and not dead and not says:
                answered.add(place)
                self.packets.append((now + 0.01, ipv4(host, OWN, segment(port, own_port, 7, sequence + 1 & 0xffffffff, 0x12))))
                self.beats.setdefault(host, []).append(now)
            elif was_answered:
                self.vain.setdefault(host, []).append(now)
            if place not in answered or not was_answered:
                self.tries.setdefault(place, []).append(now)
        self.packets.sort(key=lambda one: one[0])
        self.answered = answered

    def write(self, path):
        with open(path, "wb") as file:
            file.write(struct.pack("<IHHiIII", 0xa1b23c4d, 2, 4, 0, 0, 65535, 101))
            for moment, packet in self.packets:
                file.write(struct.pack("<IIII", int(moment), int(moment % 1 * 1e9), len(packet), len(packet)) + packet)

    def is_framed(self, host, moment, always=False):
        """Something answered before it and after its whole wait: of the host itself from its first answer on, else of anybody; and between two
        neighbours of those answers the host did not leave two asks unanswered."""
        own = self.beats.get(host, [])
        of_host = bool(own) and (always or own[0] <= moment)
        beats = sorted(own if of_host else [beat for some in self.beats.values() for beat in some])
        if not beats or moment < beats[0] - CLOSE:
            return False
        first, last = bisect.bisect_right(beats, moment) - 1, bisect.bisect_left(beats, moment + TIMEOUT - 0.001)
        if last == len(beats):
            return False
        vain = self.vain.get(host, []) if of_host else []
        return all(sum(before + 0.06 < ask < after for ask in vain) < 2 for before, after in zip(beats[max(first, 0):last], beats[max(first, 0) + 1:last + 1]))

    def is_rejected(self, place):
        """Asked once more, a second after it was rejected, while the host showed to be alive; or, if it never did, somebody."""
        return any(moment >= self.told[place] + 0.999 and self.is_framed(place[0], moment, True) for moment in self.tries[place])

    def framed_apart(self, place):
        """How many tries have a frame, and something answered between each and the one before: else both may be lost to one gap."""
        own = self.beats.get(place[0], [])
        everybody = sorted(beat for some in self.beats.values() for beat in some)
        count, counted = 0, None
        for moment in sorted(self.tries.get(place, ())):
            beats = own if own and own[0] <= moment else everybody
            if self.is_framed(place[0], moment) and (counted is None or any(counted < beat <= moment for beat in beats)):
                count, counted = count + 1, moment
        return count


def told_of(test, world, ports):
    targets = "".join("%s tcp 1-%d\n" % (host, ports) for host in HOSTS)
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "c.pcap"
        world.write(path)
        done = common.sgproof("probe", "--targets", "-", "--from-capture", path, "--timeout", int(TIMEOUT * 1000), "--tries", TRIES, stdin=targets)
    test.assertIn(done.returncode, (0, 3), done.stderr)
    return {(x["address"], port): x["state"] for x in map(json.loads, done.stdout.splitlines()[:-1]) for port in range(x["from_port"], x["to_port"] + 1)}


class Silence(unittest.TestCase):
    def states(self, world):
        return told_of(self, world, PORTS)

    def test_no_silence_is_called_filtered_without_its_frame(self):
        filtered = unknown = rejected = 0
        for seed in range(200):
            world = World(seed, False)
            states = self.states(world)
            for place, state in states.items():
                self.assertEqual(state == "open", place in world.answered, (seed, place))
                filtered += state == "filtered"
                unknown += state == "unknown"
                rejected += state == "rejected"
                if state == "rejected":
                    self.assertTrue(world.is_rejected(place), (seed, place))
                if state == "filtered":
                    self.assertGreaterEqual(world.framed_apart(place), TRIES, (seed, place))
        self.assertGreater(min(filtered, unknown, rejected), 150)  # both are there to be told apart

    def test_where_all_is_alive_all_the_time_every_silence_is_earned(self):
        for seed in range(30):
            world = World(seed, True)
            states = self.states(world)
            last = max(max(beats) for beats in world.beats.values())
            for place, state in states.items():
                if place in world.told:
                    self.assertIn(state, ("rejected", "unknown"), (seed, place))
                elif place not in world.answered and world.tries[place][-1] + TIMEOUT < last and len(world.beats.get(place[0], ())) > 0 and \
                        world.tries[place][-1] + TIMEOUT < max(world.beats[place[0]]) and world.tries[place][0] > min(world.beats[place[0]]):
                    self.assertEqual(state, "filtered", (seed, place))


class Resets(World):
    """A host of open and of closed ports, and somebody who resets all that is asked in some stretches of time. What was answered is asked again."""

    def __init__(self, seed):
        draw = random.Random(seed)
        self.packets, self.closed, self.opened, now = [], {}, [], 100.0
        self.listening = set(draw.sample(range(1, PORTS * 3 + 1), draw.randrange(1, PORTS)))
        begins = [100 + draw.uniform(0, 8) for _ in range(draw.choice((0, 1, 2)))]
        own_port, answered = 20000, []
        first = draw.sample(range(1, PORTS * 3 + 1), PORTS * 3)
        later = [port for port in first if draw.random() < 0.9]
        for port in first + later:
            for asked in [port] + ([draw.choice(answered)] if answered and draw.random() < 0.9 else []):
                now, own_port, sequence = now + draw.uniform(0.01, 0.1), own_port + 1, draw.getrandbits(32)
                self.packets.append((now, ipv4(OWN, HOSTS[0], segment(own_port, asked, sequence, 0, 2))))
                is_open = asked in self.listening and not any(begin <= now < begin + 1.5 for begin in begins)
                head = segment(asked, own_port, 7 if is_open else 0, sequence + 1 & 0xffffffff, 0x12 if is_open else 0x14)
                self.packets.append((now + 0.002, ipv4(HOSTS[0], OWN, head)))
                if is_open:
                    self.opened.append(now)
                    answered.append(asked)
                else:
                    self.closed.setdefault(asked, []).append(now)


class Closed(unittest.TestCase):
    def test_of_a_host_with_open_ports_nothing_is_closed_that_was_not_closed_twice_with_an_open_port_between(self):
        told = {"open": 0, "closed": 0, "unknown": 0, "reset": 0}
        for seed in range(40):
            world = Resets(seed)
            for (host, port), state in told_of(self, world, PORTS * 3).items():
                if host != HOSTS[0] or not world.opened:
                    continue
                told[state] += 1
                if state == "closed":
                    times = world.closed[port]
                    self.assertTrue(any(times[0] < moment < times[-1] for moment in world.opened), (seed, port))
                    told["reset"] += port in world.listening
        self.assertGreater(min(told["open"], told["closed"], told["unknown"]), 50, told)
        self.assertLess(told["reset"], 10, told)  # asked in two such stretches, and no open port beside it


if __name__ == "__main__":
    unittest.main()
