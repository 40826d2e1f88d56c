"""Captures that lie by what they hold: answers that answer nothing, more tries than any probe sends, seams, errors of this machine's own. And
captures of a few bytes that would take hours. Packets are drawn up here, or go to hosts that lab/alone.py plays."""
import json
import os
import pathlib
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest

sys.path[:0] = [os.path.join(os.path.dirname(__file__), ".."), os.path.join(os.path.dirname(__file__), "../property")]
import common
import test_audit
from forger import Forger
from test_silence_replay import ipv4, segment

OWN, HOST, ROUTER = "203.0.113.7", "198.51.100.20", "203.0.113.1"
SEAM = b"sgproof: the probe goes on here; of what is above, it knew frames 1 to %d"


def syn(port, own_port, sequence, host=HOST):
    return ipv4(OWN, host, segment(own_port, port, sequence, 0, 2))


def syn_ack(port, own_port, sequence, host=HOST):
    return ipv4(host, OWN, segment(port, own_port, 7, sequence + 1 & 0xffffffff, 0x12))


def rst(port, own_port, sequence):
    return ipv4(HOST, OWN, segment(port, own_port, 0, sequence + 1 & 0xffffffff, 0x14))


def datagram(source, from_port, target, to_port, body):
    return ipv4(source, target, struct.pack("!HHHH", from_port, to_port, 8 + len(body), 0) + body, 17)


def is_of(packet, port, asks):
    """Whether a packet asks a TCP port of the host, or answers from it."""
    place, at = (16, 22) if asks else (12, 20)
    return packet[0] == 0x45 and packet[9] == 6 and packet[place:place + 4] == socket.inet_aton(HOST) and packet[at:at + 2] == struct.pack("!H", port)


class Lies(test_audit.Evidence):
    """The SYN-ACK of the critical port is in the capture, and the port is not to be told as filtered."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.honest = cls.run_to("honest", test_audit.CRITICAL)

    def forge(self, name, change):
        """change(packets without those of port 22) gives those of the lie."""
        forger = Forger(self.honest, self.path / name, self.key)
        base = [one for one in forger.packets() if not is_of(one[2], 22, True) and not is_of(one[2], 22, False)]
        forger.write_packets(change(base))
        return forger

    def verify(self, forger, **claims):
        """(exit status of verify, observed state of port 22), once all that can follow does; claims: of the observations' summary."""
        forger.observe_packets()
        if claims:
            *lines, last = forger.lines("observations.jsonl")
            forger.write_lines("observations.jsonl", [*lines, {"summary": {**last["summary"], **claims}}])
            forger.derive()
        forger.seal()
        states = {line["state"] for line in forger.lines("observations.jsonl")
                  if line.get("protocol") == "tcp" and line["address"] == HOST and line["from_port"] <= 22 <= line["to_port"]}
        done = self.verified(forger.folder)
        return done.returncode, *states, done.stdout

    def spread(self, base, *more):
        """Puts each of `more`, lists of packets, among the others, at even distances."""
        step, told = len(base) // (len(more) + 1), []
        for i, one in enumerate(base):
            told.append(one)
            if i % step == step - 1 and i // step < len(more):
                told += [(one[0], one[1], packet) for packet in more[i // step]]
        return told

    def test_an_answer_before_its_question_is_in_no_capture(self):
        pairs = [[syn_ack(22, 40000 + i, i), syn(22, 40000 + i, i)] for i in range(3)]
        status, state, said = self.verify(self.forge("foretold", lambda base: self.spread(base, *pairs)))
        self.assertEqual((status, state), (1, "unknown"), said)
        self.assertRegex(said, r"capture\.pcap: frame \d+ .*answers what was not asked before it")

    def test_an_answer_to_what_was_never_asked_is_no_silence(self):
        pairs = [[syn(22, 40000 + i, i), syn_ack(22, 40000 + i, i + 1)] for i in range(3)]
        status, state, said = self.verify(self.forge("stranger", lambda base: self.spread(base, pairs[0], [pairs[1][0]], [pairs[2][0]])))
        self.assertEqual((status, state), (0, "unknown"), said)  # live probing keeps the first of them
        status, state, said = self.verify(self.forge("strangers", lambda base: self.spread(base, *pairs)))
        self.assertEqual((status, state), (1, "unknown"), said)

    def test_one_reset_closes_no_port_of_a_host_with_open_ones(self):
        forger = self.forge("reset", lambda base: self.spread(base, [syn(22, 40000, 1), rst(22, 40000, 1)]))
        status, state, said = self.verify(forger)
        self.assertEqual((status, state), (0, "unknown"), said)
        forger.observe(lambda line: {**line, "state": "closed", "reason": "reset"} if line.get("protocol") == "tcp" and line["address"] == HOST
                       and line["from_port"] <= 22 <= line["to_port"] else line)
        forger.derive()
        forger.seal()
        self.assertEqual(self.verified(forger.folder).returncode, 1)
        self.assertIn("198.51.100.20 tcp 22: the evidence says closed, we closed only once, beside open ports",
                      test_audit.audit(forger.folder, "--key", self.public).stdout)

    def test_no_probe_asks_more_than_sixty_times(self):
        tries = [[syn(22, 40000 + i, i)] for i in range(60)]
        status, state, said = self.verify(self.forge("few passes", lambda base: self.spread(base, *tries)), passes=59)
        self.assertEqual((status, state), (1, "filtered"), said)
        self.assertIn("asks 198.51.100.20 tcp 22 60 times, and holds no answer of it: in 59 passes", said)
        status, state, said = self.verify(self.forge("sixty", lambda base: self.spread(base, *tries)), passes=60)
        self.assertEqual((status, state), (0, "filtered"), said)
        tries.append([syn(22, 41000, 61), syn_ack(22, 41000, 61)])
        status, state, said = self.verify(self.forge("more", lambda base: self.spread(base, *tries)))
        self.assertEqual((status, state), (1, "unknown"), said)
        self.assertIn("so often as no probe does", said)

    def test_what_stands_behind_what_a_seam_knows_counts(self):
        def seamed(known):
            def change(base):
                later = [[syn(22, 40000 + i, i)] for i in range(3)]
                head = [syn(22, 39999, 99), syn(9, 39998, 98), syn_ack(22, 39999, 99), SEAM % known]
                return [(base[0][0], base[0][1], packet) for packet in head] + self.spread(base, *later)
            return change
        status, state, said = self.verify(self.forge("seam", seamed(2)))
        self.assertEqual((status, state), (1, "unknown"), said)  # `probe --state` may go on, a run does not
        self.assertIn("frame 4, of ", said)
        self.assertIn("says that the probe was stopped there and gone on with: no run does that", said)
        for known in (0, 4, 5, 1 << 40):
            forger = self.forge("seam %d" % known, seamed(known))
            with self.assertRaisesRegex(AssertionError, "frame 4: "):
                self.verify(forger)
            forger.seal()
            self.assertEqual(self.verified(forger.folder).returncode, 1)

    def test_an_error_of_this_machine_hides_no_answer(self):
        asked = syn(22, 40000, 7)
        error = ipv4(OWN, OWN, struct.pack("!BBHI", 3, 1, 0, 0) + asked[:28], 1)
        for name, order in (("before", (asked, error, syn_ack(22, 40000, 7))), ("after", (asked, syn_ack(22, 40000, 7), error))):
            status, state, said = self.verify(self.forge("error " + name, lambda base: self.spread(base, order)))
            self.assertEqual((status, state), (0, "open"), said)


class Live(test_audit.Evidence):
    """What a host answers otherwise than others do is kept and told, and its evidence verifies."""

    def states(self, evidence, protocol):
        lines = [json.loads(line) for line in (evidence / "observations.jsonl").read_text().splitlines()[:-1]]
        self.assertEqual(self.verified(evidence).returncode, 0)
        done = test_audit.audit(evidence, "--key", self.public)
        self.assertEqual((done.returncode, test_audit.findings(done)), (0, []))
        return {port: line for line in lines if line["protocol"] == protocol and line["address"] == HOST for port in range(line["from_port"], line["to_port"] + 1)}

    def test_a_tftp_server_answers_from_another_port(self):
        found = self.states(self.run_to("tftp", {"open": [443], "silent": True, "tftp": True}), "udp")
        self.assertEqual((found[69]["state"], found[69]["reason"]), ("open", "udp-answer"))
        self.assertEqual({line["state"] for port, line in found.items() if port != 69}, {"filtered"})

    def test_what_answers_nothing_that_was_asked_makes_no_silence(self):
        found = self.states(self.run_to("strange", {"open": [443], "silent": True, "strangers": [25, 26]}), "tcp")
        for port in (25, 26):
            self.assertEqual(found[port]["state"], "unknown")
            self.assertIn("answers no probe known here", found[port]["reason"])
        self.assertEqual({line["state"] for port, line in found.items() if port not in (25, 26, 443)}, {"filtered"})


class Replay(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name)

    def write(self, packets):
        """[(microseconds, packet)]"""
        with open(self.path / "c.pcap", "wb") as file:
            file.write(struct.pack("<IHHiIII", 0xa1b23c4d, 2, 4, 0, 0, 65535, 101))
            for moment, packet in packets:
                seconds, rest = divmod(1764200000 * 10**6 + moment, 10**6)
                file.write(struct.pack("<4I", seconds, rest * 1000, len(packet), len(packet)) + packet)

    def replay(self, targets, status=(0, 3)):
        """Its lines, or what it says; in reasonable time and memory."""
        (self.path / "targets").write_text(targets)
        words = [common.SGPROOF, "probe", "--targets", str(self.path / "targets"), "--from-capture", str(self.path / "c.pcap"), "--only", "198.51.100.0/24", "-q"]
        began = time.monotonic()
        with open(self.path / "out", "wb") as out, open(self.path / "said", "wb") as said:
            process = subprocess.Popen(words, stdout=out, stderr=said)
            _, code, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(code)
        said = (self.path / "said").read_text()
        self.assertIn(process.returncode, status, said)
        self.assertLess(usage.ru_utime, 12, said)
        self.assertLess(usage.ru_maxrss, 900 << 10)
        self.assertLess(time.monotonic() - began, 120)
        return said if process.returncode == 2 else [json.loads(line) for line in (self.path / "out").read_text().splitlines()[:-1]]

    def test_a_datagram_is_told_from_its_answer_by_what_was_asked(self):
        body = b"\0\5\0\1No\0"
        asks = [(i * 10**5, datagram(OWN, 40000, HOST, 69, b"\0\1x\0octet\0")) for i in range(2)]
        for from_port in (50123, 69, 70):
            for targets in ("69", "69,50123", "1-65535"):
                with self.subTest(from_port=from_port, targets=targets):
                    self.write([*asks, (3 * 10**5, datagram(HOST, from_port, OWN, 40000, body))])
                    found = {port: line["state"] for line in self.replay("%s udp %s\n" % (HOST, targets)) for port in range(line["from_port"], line["to_port"] + 1)}
                    self.assertEqual(found[69], "open")
                    self.assertNotIn("open", {state for port, state in found.items() if port != 69})

    def test_on_loopback_both_ends_may_be_asked(self):
        self.write([(0, datagram(HOST, 40000, HOST, 53, b"?")), (1000, datagram(HOST, 53, HOST, 40000, b"!")), (9000, datagram(HOST, 40000, HOST, 53, b"?"))])
        found = self.replay("%s udp 1-65535\n" % HOST)
        self.assertEqual([(line["from_port"], line["to_port"]) for line in found if line["state"] == "open"], [(53, 53)])

    def test_a_port_that_falls_silent_again_and_again_takes_no_hours(self):
        packets, sequence = [], 0

        def ask(port, answered):
            nonlocal sequence
            sequence += 1
            packets.append((sequence * 60000, syn(port, 40000, sequence)))
            if answered:
                packets.append((sequence * 60000, syn_ack(port, 40000, sequence)))
        ask(22, True)
        ask(443, True)
        for _ in range(12000):
            for port, answered in ((22, False), (443, True), (22, False), (443, True), (22, True)):
                ask(port, answered)
        self.write(packets)
        self.assertEqual({line["state"] for line in self.replay("%s tcp 22,80,443\n" % HOST)}, {"open", "unknown"})

    def test_a_small_file_does_not_go_on_with_a_large_plan_for_hours(self):
        targets = "".join("198.51.100.%d tcp 1-65535\n" % (20 + i) for i in range(9))
        packets = [(0, syn(22, 40000, 1)), (1, syn_ack(22, 40000, 1))]
        for i in range(900):
            packets += [(2 + i, syn(80, 40001 + i, i)), (2 + i, SEAM % (3 + 2 * i))]
        self.write(packets)
        self.assertRegex(self.replay(targets, (2,)), r"was gone on with 900 times, which takes too long to replay")
        self.write(packets[:9])  # some parts of any plan
        self.assertIn("open", {line["state"] for line in self.replay(targets)})

    def test_seams_that_do_not_go_together_are_refused(self):
        for seams in ((0,), (3,), (2, 1), (2, 3), (99,)):
            packets = [(0, syn(22, 40000, 1)), (1, syn_ack(22, 40000, 1))] + [(2, SEAM % known) for known in seams]
            self.write(packets)
            self.assertRegex(self.replay("%s tcp 22\n" % HOST, (2,)), r"c\.pcap: frame \d: a probe that went on there cannot have known")
        self.write([(0, syn(22, 40000, 1)), (1, syn_ack(22, 40000, 1)), (2, SEAM % 2), (3, syn(80, 40000, 1)), (4, SEAM % 2), (5, syn(80, 40001, 1))])
        self.assertEqual([line["state"] for line in self.replay("%s tcp 22,80\n" % HOST)], ["open", "unknown"])

    def test_packets_without_end_of_one_port_or_out_of_order_end_in_words(self):
        asks = [(i * 60000, syn(22, 40000, i)) for i in range(30000)]
        self.write([(0, syn(22, 39999, 7)), (1, syn_ack(22, 39999, 7)), *asks, *((10**10 + i, syn_ack(22, 40000, 1)) for i in range(30000))])
        self.assertIn("no probe sends such", self.replay("%s tcp 22\n" % HOST, (2,)))
        backwards = []
        for i in range(60000):
            backwards += [((60000 - i) * 60000, syn(22, 40000, i)), ((60000 - i) * 60000 + 1, syn_ack(22, 40000, i))]
        self.write(backwards)
        self.assertIn("no probe sends such", self.replay("%s tcp 22\n" % HOST, (2,)))

    def test_ports_and_asks_of_each_take_no_hours(self):
        """Each second port is open, and asked again and again: as many lines as ports, and asks of them all."""
        packets = [(0, syn(1, 40000, 1)), (1, syn_ack(1, 40000, 1))]
        for i in range(1, 60000, 2):
            packets += [(i * 10, syn(i, 40000, i)), (i * 10 + 1, syn_ack(i, 40000, i)), (i * 10 + 2, syn(i, 40001, i)), (i * 10 + 3, syn_ack(i, 40001, i))]
        self.write(packets)
        self.assertEqual(sum(line["state"] == "open" for line in self.replay("%s tcp 1-60000\n" % HOST)), 30000)


if __name__ == "__main__":
    unittest.main()
