"""The prober against a network that loses, limits, forges and goes away. Packets stay in namespaces that the lab made."""
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.path[:0] = [os.path.join(os.path.dirname(__file__), ".."), os.path.join(os.path.dirname(__file__), "../integration")]
import common
from oracle import estates
from test_snapshots import permission, plain

LAB = str(common.TOP / "scripts/lab")
ENV = {**os.environ, "SGPROOF_LAB": "prober-%d" % os.getpid()}
HOST = "198.51.100.4"  # the address of the plain estate
RANGES = ["--only", "198.51.100.0/24"]
OPEN = [80, 443, *range(8000, 8020)]  # closed below 1024, open these, silent the others
FAST = ["--rate", "100000", "--host-rate", "100000"]

UDP_SERVER = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("198.51.100.4", 123))
print("up", flush=True)
while True:
    data, peer = s.recvfrom(2000)
    s.sendto(data, peer)
"""
FORGER = """
import socket, struct, sys, time
sys.path.insert(0, %r)
from says import packet
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
print("up", flush=True)
end = time.time() + 4
src, dst = socket.inet_aton("198.51.100.4"), socket.inet_aton("203.0.113.7")
while time.time() < end:
    for flags in (0x12, 0x14):
        for port in range(61000, 65536, 3):
            head = struct.pack("!HHIIBBHHH", 40000, port, 7, 12345, 0x50, flags, 1000, 0, 0)
            s.sendto(packet(4, src, dst, 6, head, 16), ("203.0.113.7", 0))
""" % os.path.dirname(os.path.abspath(__file__))


def at(namespace, *words, check=True):
    return subprocess.run([LAB, "at", namespace, *words], env=ENV, text=True, capture_output=True, check=check)


def packets(data):
    """The packets of a capture file."""
    place = 24
    while place < len(data):
        size = int.from_bytes(data[place + 8:place + 12], "little")
        yield data[place + 16:place + 16 + size]
        place += 16 + size


class Prober(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.path = pathlib.Path(cls.folder.name)
        estate = plain()
        estate["SecurityGroups"][0]["IpPermissions"] = [
            permission("tcp", (1, 1023), ["0.0.0.0/0"]), permission("udp", (1, 1023), ["0.0.0.0/0"]),
            *(permission("tcp", (port, port), ["0.0.0.0/0"]) for port in OPEN)]
        (cls.path / "estate").mkdir()
        estates.write(estate, cls.path / "estate")
        (cls.path / "truth").write_text(json.dumps({"latent": [{"address": HOST, "port": p} for p in (1, 1023)]}))
        cls.raised = subprocess.run([LAB, "up", str(cls.path / "estate"), "--truth", str(cls.path / "truth")], env=ENV,
                                    text=True, capture_output=True, timeout=60)
        if cls.raised.returncode != 0:
            raise unittest.SkipTest("no lab here: " + cls.raised.stderr.strip())
        cls.addClassCleanup(subprocess.run, [LAB, "down"], env=ENV)

    def run_probe(self, targets, *words, status=0, before=()):
        done = subprocess.run([LAB, "in", *before, common.SGPROOF, "probe", "--targets", "-", *RANGES, *words], env=ENV,
                              input=targets, text=True, capture_output=True, timeout=120)
        self.assertNotIn("Sanitizer", done.stderr)
        self.assertNotIn("runtime error", done.stderr)
        self.assertEqual(done.returncode, status, done.stderr)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        return lines[:-1], lines[-1]["summary"], done.stderr

    def begin_probe(self, targets, *words):
        """A probe under way, of 100 packets a second."""
        process = subprocess.Popen([LAB, "in", common.SGPROOF, "probe", "--targets", "-", *RANGES, "--rate", "100", *words],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENV)
        self.addCleanup(lambda: (process.stdout.close(), process.stderr.close()))
        process.stdin.write(targets)
        process.stdin.close()
        common.wait_until_it_runs(process)
        return process

    def end_probe(self, process):
        """What an incomplete probe said."""
        lines = [json.loads(line) for line in process.stdout.read().splitlines()]
        process.stderr.read()
        self.assertEqual(process.wait(60), 3)
        return lines

    def on_hosts(self, program):
        """Runs a Python program beside the hosts until the test ends; it has printed a line when it is ready."""
        process = subprocess.Popen([LAB, "at", "hosts", sys.executable, "-c", program], env=ENV, stdout=subprocess.PIPE, text=True)
        self.addCleanup(lambda: (process.kill(), process.wait(), process.stdout.close()))
        process.stdout.readline()

    def states(self, lines):
        return {(x["protocol"], port): x["state"] for x in lines
                for port in range(x.get("from_port", 0), x.get("to_port", 0) + 1)}

    def truth(self, ports):
        return {("tcp", p): "open" if p in OPEN else "closed" if p < 1024 else "filtered" for p in ports}

    def impair(self, *words):
        """Delay, jitter in ms, loss and duplicates in percent, each way; see impair.py."""
        process = subprocess.Popen([LAB, "at", "gateway", sys.executable, str(common.TOP / "tests/lab/impair.py"), *map(str, words)],
                                   env=ENV, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.addCleanup(lambda: (process.kill(), process.wait(), process.stdout.close(), [
            at("gateway", "ip", family, "rule", "del", "iif", link, check=False) for family in ("-4", "-6") for link in ("out1", "in1")]))
        if process.stdout.readline() != "up\n":
            self.skipTest("no TUN device here")

    def test_both_methods_see_every_port_as_it_is(self):
        for method in ("syn", "connect"):
            lines, summary, _ = self.run_probe("%s tcp 1-3000,8000-8100\n" % HOST, "--method", method, *FAST)
            self.assertEqual(self.states(lines), self.truth([*range(1, 3001), *range(8000, 8101)]))
            self.assertEqual(summary["method"], method)

    def test_lines_may_name_the_same_ports(self):
        for method in ("syn", "connect"):
            lines, summary, _ = self.run_probe("%s tcp 70-90,8000\n%s tcp 85-100\n" % (HOST, HOST), "--method", method)
            self.assertEqual(self.states(lines), self.truth([*range(70, 101), 8000]))
            self.assertEqual(summary["sent"], 32)

    def test_loss_delay_duplicates_and_reordering_change_no_state(self):
        self.impair(10, 3, 4, 2)
        ports = [*range(500, 1500), *OPEN]
        lines, summary, _ = self.run_probe("%s tcp 500-1499,80,443,8000-8019\n" % HOST, "--method", "syn", *FAST)
        self.assertEqual(self.states(lines), self.truth(ports))
        self.assertGreater(summary["late"], 0)
        self.assertGreater(summary["passes"], 3)
        self.assertFalse(any("unstable" in x for x in lines))
        self.assertGreater(min(x["rtt_us"] for x in lines if "rtt_us" in x), 13000)  # twice 10 ms, less the jitter

    def test_a_host_that_limits_its_resets_is_asked_slowly_and_seen_right(self):
        at("hosts", "nft", "add table inet limits; add chain inet limits out { type filter hook output priority 0; }; "
                           "add rule inet limits out tcp flags rst limit rate over 200/second burst 20 packets drop")
        self.addCleanup(at, "hosts", "nft", "delete table inet limits")
        lines, summary, _ = self.run_probe("%s tcp 400-999,2000,8000-8003\n" % HOST, "--method", "syn", *FAST)
        self.assertEqual(self.states(lines), self.truth([*range(400, 1000), 2000, *range(8000, 8004)]))

    def test_udp_open_closed_and_silent_are_told_apart_by_both_methods(self):
        self.on_hosts(UDP_SERVER)
        # The kernel's own limit: one ICMP error a second to one peer, after a few at once.
        at("hosts", "sh", "-c", "echo 1000 > /proc/sys/net/ipv4/icmp_ratelimit")
        self.addCleanup(at, "hosts", "sh", "-c", "echo 0 > /proc/sys/net/ipv4/icmp_ratelimit")
        for method in ("syn", "connect"):
            lines, _, _ = self.run_probe("%s udp 53,100-107,123,5353\n" % HOST, "--method", method)
            states = self.states(lines)
            self.assertEqual(states, {("udp", 123): "open", ("udp", 5353): "filtered",
                                      **{("udp", p): "closed" for p in (53, *range(100, 108))}}, method)
            closed = [x for x in lines if x["state"] == "closed"]
            self.assertEqual({(x["reason"], x["from"]) for x in closed}, {("icmp:3/3", HOST)})

    def test_forged_answers_open_nothing_and_their_port_is_not_silent(self):
        self.on_hosts(FORGER)
        lines, summary, _ = self.run_probe("%s tcp 40000,80\n" % HOST, "--method", "syn", status=3)
        self.assertEqual(self.states(lines), {("tcp", 80): "open", ("tcp", 40000): "unknown"})
        self.assertEqual(summary["received"], 1)

    def test_a_capture_holds_the_probe_and_gives_the_same_observations_again(self):
        self.impair(10, 3, 3, 2)
        targets = "%s tcp 900-1100,80,8000-8019\n%s icmp\n%s udp 53,123,5000\n" % (HOST, HOST, HOST)
        capture = self.path / "capture.pcap"
        lines, summary, _ = self.run_probe(targets, "--capture", str(capture), *FAST)
        done = common.sgproof("probe", "--targets", "-", "--from-capture", capture, stdin=targets)
        self.assertEqual(done.returncode, 0, done.stderr)
        again = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([pair for pair in zip(again, lines) if pair[0] != pair[1]][:3], [])
        self.assertEqual(len(again), len(lines) + 1)
        self.assertEqual(again[-1]["summary"]["sent"], summary["sent"])
        self.assertTrue(all(x["frames"] for x in lines))
        data = capture.read_bytes()
        self.assertEqual(data[:4], b"\x4d\x3c\xb2\xa1", "nanosecond pcap")
        peers = {frozenset((packet[12:16], packet[16:20])) for packet in packets(data) if packet[:7] != b"sgproof"}
        self.assertEqual(peers, {frozenset((bytes([203, 0, 113, 7]), bytes([198, 51, 100, 4])))})
        changed = bytearray(data)
        changed[24 + 16 + 20] ^= 1  # another source port in the first packet: its answer, if any, has no probe any more
        (self.path / "changed.pcap").write_bytes(changed[:len(changed) - 7])
        done = common.sgproof("probe", "--targets", "-", "--from-capture", self.path / "changed.pcap", stdin=targets)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("changed.pcap: frame", done.stderr)

    def test_the_order_is_the_seeds(self):
        def order(name, seed):
            self.run_probe("%s tcp 80-99\n" % HOST, "--capture", str(self.path / name), "--seed", seed)
            asked = [int.from_bytes(packet[22:24], "big") for packet in packets((self.path / name).read_bytes()) if packet[33] == 2]
            return list(dict.fromkeys(asked))  # what has answered is asked again among the others
        one = order("a.pcap", "7")
        self.assertEqual(one, order("b.pcap", "7"))
        self.assertNotEqual(one, order("c.pcap", "8"))
        self.assertEqual(sorted(one), list(range(80, 100)))

    def test_an_interrupted_probe_goes_on_where_it_was(self):
        state = str(self.path / "state")
        targets = "%s tcp 1-300\n" % HOST
        process = self.begin_probe(targets, "--state", state)
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        first = self.end_probe(process)
        known = first[-1]["summary"]["closed"] + first[-1]["summary"]["open"]
        self.assertTrue(0 < known < 300, known)
        lines, summary, _ = self.run_probe(targets, "--state", state)
        self.assertEqual(self.states(lines), self.truth(range(1, 301)))
        self.assertEqual(summary["sent"], 300 - known)
        self.assertEqual(sum(summary[s] for s in ("open", "closed", "filtered", "unknown", "rejected")), 300)
        _, summary, _ = self.run_probe(targets, "--state", state)
        self.assertEqual(summary["sent"], 0)
        done = common.sgproof("probe", "--targets", "-", "--state", state, *RANGES, stdin="%s tcp 1-301\n" % HOST)
        self.assertEqual(done.returncode, 2)
        self.assertIn("another plan", done.stderr)

    def test_a_killed_probe_goes_on_from_what_was_kept_and_its_last_tries_are_not_called_silence(self):
        state = self.path / "kept"
        targets = "%s tcp 1-600,2000-2400\n" % HOST
        process = self.begin_probe(targets, "--tries", "1", "--state", str(state))
        for _ in range(100):
            time.sleep(0.1)
            if state.exists():
                break
        process.kill()
        process.wait(10)
        kept = [json.loads(line) for line in state.read_text().splitlines()[1:]]
        known = sum(x["to_port"] - x["from_port"] + 1 for x in kept)
        self.assertTrue(0 < known < 600, known)  # what is closed is not known before it was asked once more
        self.assertLessEqual({x["state"] for x in kept}, {"open", "closed"})
        lines, summary, _ = self.run_probe(targets, "--tries", "1", "--state", str(state), *FAST)
        self.assertEqual(self.states(lines), self.truth([*range(1, 601), *range(2000, 2401)]))
        self.assertEqual(summary["sent"], 1001 - known)

    def replayed(self, targets, capture, *words):
        done = common.sgproof("probe", "--targets", "-", "--from-capture", capture, *words, stdin=targets)
        self.assertIn(done.returncode, (0, 3), done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()][:-1]

    def frames_are_right(self, lines, capture):
        """Every frame that an observation names is a packet of its host and one of its ports."""
        frames = list(packets(capture.read_bytes()))
        for line in lines:
            self.assertTrue(line["frames"], line)
            for number in line["frames"]:
                packet = frames[number - 1]
                ours = packet[12:16] == bytes([203, 0, 113, 7])
                port = int.from_bytes(packet[22:24] if ours else packet[20:22], "big")
                self.assertTrue(packet[0] == 0x45 and line["from_port"] <= port <= line["to_port"], (number, port, line))

    def test_a_probe_that_goes_on_appends_to_its_capture(self):
        state, capture = self.path / "joined", self.path / "joined.pcap"
        words = ["--state", str(state), "--capture", str(capture), "--tries", "2"]
        targets = "%s tcp 1-200,2000-2100,8000-8005\n" % HOST
        process = self.begin_probe(targets, *words)
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        first = self.end_probe(process)
        before = capture.read_bytes()
        self.frames_are_right([x for x in first[:-1] if x["state"] != "unknown"], capture)
        lines, summary, _ = self.run_probe(targets, *words, *FAST)
        self.assertEqual(self.states(lines), self.truth([*range(1, 201), *range(2000, 2101), *range(8000, 8006)]))
        self.assertEqual(capture.read_bytes()[:len(before)], before)
        self.frames_are_right(lines, capture)
        again = self.replayed(targets, capture, "--tries", "2")
        self.assertEqual(self.states(again), self.states(lines))
        self.frames_are_right(again, capture)
        # Nothing is left to ask: nothing is added, and what is known stays as it is.
        whole = capture.read_bytes()
        same, summary, _ = self.run_probe(targets, *words, *FAST)
        self.assertEqual((same, summary["sent"], capture.read_bytes()), (lines, 0, whole))
        # Another capture than the one that the state tells of is refused, and left as it is.
        for other in (b"", whole[:200], whole[:24] + whole[24 + 16 + 44:], b"\xd4\xc3\xb2\xa1" + whole[4:]):
            (self.path / "other.pcap").write_bytes(other)
            done = subprocess.run([LAB, "in", common.SGPROOF, "probe", "--targets", "-", *RANGES, "--state", str(state), "--capture",
                                   str(self.path / "other.pcap")], env=ENV, input=targets, text=True, capture_output=True, timeout=120)
            self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)
            self.assertIn("other.pcap: is not the capture", done.stderr)
            self.assertEqual((self.path / "other.pcap").read_bytes(), other)

    def test_a_probe_that_is_killed_again_and_again_has_one_capture_that_gives_what_it_found(self):
        state, capture = self.path / "again", self.path / "again.pcap"
        words = ["--state", str(state), "--capture", str(capture), "--tries", "1"]
        targets = "%s tcp 1-900,2000-2200,8000-8005\n" % HOST
        def is_kept_anew(before):
            return state.exists() and state.stat().st_mtime_ns != before

        for knows in (True, False, True):  # what is known is kept every five seconds
            before, size = (state.stat().st_mtime_ns, capture.stat().st_size) if state.exists() else (0, 0)
            process = self.begin_probe(targets, *words)
            ends = time.monotonic() + 60
            while time.monotonic() < ends and not (is_kept_anew(before) if knows else capture.stat().st_size > size):
                time.sleep(0.1)
            time.sleep(0.5)
            process.kill()
            process.wait(10)
            with open(capture, "ab") as torn:
                torn.write(b"\0\0\0\0\1\2\3\4\x28\0\0\0\x28\0\0\0\x45")  # a record that was being written
        kept = json.loads(state.read_text().splitlines()[0])
        self.assertGreater(kept["capture_frames"], 200)
        # One that sends nothing knows no more of the capture than before.
        nowhere = subprocess.run(["unshare", "-n", common.SGPROOF, "probe", "--targets", "-", *RANGES, *words, *FAST], input=targets, text=True,
                                 capture_output=True, timeout=120)
        self.assertEqual(nowhere.returncode, 3, nowhere.stderr)
        self.assertEqual(json.loads(state.read_text().splitlines()[0]), kept)
        lines, _, _ = self.run_probe(targets, *words, *FAST)
        self.assertEqual(self.states(lines), self.truth([*range(1, 901), *range(2000, 2201), *range(8000, 8006)]))
        self.frames_are_right(lines, capture)
        again = self.replayed(targets, capture, "--tries", "1")
        self.assertEqual(self.states(again), self.states(lines))
        self.assertEqual(sum(b"the probe goes on here" in packet for packet in packets(capture.read_bytes())), 3)

    def test_what_one_part_of_a_capture_heard_does_not_light_the_silence_of_another(self):
        """The host falls silent between two parts: that it answered before shows nothing of the second one's silence."""
        state, capture = self.path / "dark", self.path / "dark.pcap"
        words = ["--state", str(state), "--capture", str(capture), "--tries", "1"]
        targets = "%s tcp 1-300,2000-2050\n" % HOST
        process = self.begin_probe(targets, *words)
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        self.end_probe(process)
        at("hosts", "nft", "add table inet ban; add chain inet ban in { type filter hook input priority -10; policy drop; }")
        try:
            lines, _, _ = self.run_probe(targets, *words, *FAST, status=3)
        finally:
            at("hosts", "nft", "delete table inet ban")
        again = self.replayed(targets, capture, "--tries", "1")
        self.assertEqual(self.states(again), self.states(lines))
        self.assertIn("unknown", self.states(again).values())
        self.assertNotIn("filtered", {s for (_, port), s in self.states(again).items() if port < 1024})
        lines, _, _ = self.run_probe(targets, *words, *FAST)  # it is back
        self.assertEqual(self.states(lines), self.truth([*range(1, 301), *range(2000, 2051)]))
        self.assertEqual(self.states(self.replayed(targets, capture, "--tries", "1")), self.states(lines))

    def test_without_the_right_to_raw_sockets_it_connects_and_says_so(self):
        bare = ("setpriv", "--bounding-set=-net_raw", "--inh-caps=-all", "--ambient-caps=-all")
        lines, summary, said = self.run_probe("%s tcp 80,81\n" % HOST, before=bare)
        self.assertEqual((summary["method"], self.states(lines)), ("connect", self.truth([80, 81])))
        self.assertEqual(said.count("CAP_NET_RAW"), 1)
        done = subprocess.run([LAB, "in", *bare, common.SGPROOF, "probe", "--targets", "-", *RANGES, "--method", "syn"], env=ENV,
                              input="%s tcp 80\n" % HOST, text=True, capture_output=True)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("--method connect", done.stderr)

    def test_a_host_that_accepts_everything_is_said_to(self):
        at("hosts", "nft", "add table ip lure; add chain ip lure in { type nat hook prerouting priority -100; }; "
                           "add rule ip lure in tcp dport 1-1023 dnat to 198.51.100.4:8000")
        self.addCleanup(at, "hosts", "nft", "delete table ip lure")
        _, summary, said = self.run_probe("%s tcp 100-300\n" % HOST)
        self.assertEqual(summary["accepting_everything"], [HOST])
        self.assertIn("accepts every TCP port", said)

    def test_an_interface_that_goes_down_is_not_called_filtered(self):
        process = self.begin_probe("%s tcp 2000-2299\n" % HOST)
        time.sleep(1)
        at("outside", "ip", "link", "set", "out0", "down")
        try:
            lines = self.end_probe(process)
        finally:
            at("outside", "ip", "link", "set", "out0", "up")
            at("outside", "ip", "route", "add", "default", "via", "203.0.113.1", check=False)
        self.assertEqual(lines[-1]["summary"]["filtered"], 0)
        self.assertEqual(lines[-1]["summary"]["unknown"], 300)


if __name__ == "__main__":
    unittest.main()
