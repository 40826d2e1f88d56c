"""Plans, observations and intent are read strictly: what they cannot mean is refused, with its place; and what documents repeat without end
takes no hours."""
import json
import os
import pathlib
import resource
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import common
from oracle import estates
from test_snapshots import plain

TARGET = {"address": "127.0.0.1", "protocol": "tcp", "ports": "1", "client_ports": "0-65535", "expect": "reachable", "why": ["declared"]}
HEAD = {"schema": "sgproof/plan/v1", "vantage": "203.0.113.7", "vantages": [{"vantage": "203.0.113.7", "learnt": "told"}], "targets": 1, "questions": 1,
        "packets": 3, "seconds": 1.5, "rate": 10000, "host_rate": 2000, "tries": 3, "timeout_ms": 1000}
SEEN = {"address": "198.51.100.4", "protocol": "tcp", "from_port": 22, "to_port": 22, "state": "open", "reason": "syn-ack", "source": "203.0.113.7",
        "tries": 1, "rtt_us": 120, "first_sent": "2026-11-27T02:40:45.223568Z", "answered": "2026-11-27T02:40:45.223688Z", "frames": [1, 2], "frame_count": 2}
SUMMARY = {"sentinels": {"asked": 1, "answered": 1, "longest_gap_seconds": 0.5, "unknown_for_want_of_them": 0}, "canaries": [], "open": 1, "sent": 3,
           "seconds": 1.5, "method": "syn", "interrupted": False, "vantage_ipv4": "203.0.113.7", "vantage_ipv6": None,
           "not_asked": [{"what": "local: no route", "count": 1}], "accepting_everything": ["198.51.100.4"]}


class Strict(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name)
        self.snapshot = self.path / "snapshot"
        self.snapshot.mkdir()
        estates.write(plain(), self.snapshot)

    def lines(self, *lines):
        (self.path / "lines").write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))
        return self.path / "lines"

    def refused(self, place, *words):
        done = common.sgproof(*words)
        self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)
        self.assertRegex(done.stderr, place)

    def plan(self, *lines):
        return ("probe", self.lines(*lines), "--estimate", "--only", "127.0.0.0/8", "--only", "::1/128", "-q")

    def observed(self, *lines):
        return ("reconcile", self.snapshot, "--observations", self.lines(*lines), "--vantage", "203.0.113.7", "--format", "json", "-q")

    def test_a_plan_says_nothing_that_cannot_be(self):
        done = common.sgproof(*self.plan(HEAD, TARGET))
        self.assertEqual(done.returncode, 0, done.stderr)
        for change, place in (({"questions": -1}, "questions: is -1, expected"), ({"rate": 0.5}, "rate: is 0.5"), ({"seconds": "many"}, "seconds: is no number"),
                              ({"approved_by": "AWS"}, "approved_by: unknown key"), ({"vantages": [{"vantage": 7}]}, r"vantages\[0\].vantage: is a number"),
                              ({"vantages": [{"ok": "yes"}]}, r"vantages\[0\].ok: unknown key"), ({"vantage": 7}, "vantage: is a number")):
            with self.subTest(change=change):
                self.refused("lines:1: " + place, *self.plan({**HEAD, **change}, TARGET))
        for change, place in (({"portz": "1"}, "portz: unknown key"), ({"why": "declared"}, "why: is a string"), ({"why": [7]}, "why: expected texts"),
                              ({"schema": "sgproof/plan/v1"}, "schema: unknown key"), ({"protocol": "47", "ports": ""}, 'protocol: "47" is not'),
                              ({"protocol": "icmpv6", "ports": ""}, 'protocol: "icmpv6" of an IPv4 address, expected icmp$'),
                              ({"protocol": "icmp", "ports": "", "address": "::1"}, 'protocol: "icmp" of an IPv6 address, expected icmpv6')):
            with self.subTest(change=change):
                self.refused("(?m)lines:2: " + place, *self.plan(HEAD, {**TARGET, **change}))
        self.refused("lines:1:11: icmpv6 of an IPv4 address, expected icmp", "probe", "--targets", self.lines("127.0.0.1 icmpv6"), "--estimate")
        done = common.sgproof("probe", "--targets", self.lines("::1 icmp", "127.0.0.1 icmp", "::1 icmpv6"), "--estimate")
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_observations_say_nothing_that_cannot_be(self):
        for lines in ((SEEN,), ({**SEEN, "source": "203.0.113.7, 203.0.113.9", "from": "203.0.113.1"},), (SEEN, {"summary": SUMMARY}), ({"summary": {}},)):
            done = common.sgproof(*self.observed(*lines))
            self.assertIn(done.returncode, (0, 1, 3, 4), done.stderr)
        for change, place in (({"first_sent": "yesterday"}, 'first_sent: "yesterday" is no moment'), ({"answered": "2026-02-30T00:00:00Z"}, "answered: "),
                              ({"answered": "2026-02-03 00:00:00Z"}, "answered: "), ({"triez": 1}, "triez: unknown key"), ({"frames": [1.5]}, "frames: "),
                              ({"service": {"name": "ssh", "port": 1}}, "service.port: unknown key"), ({"service": {"name": "x", "tls": {"x": 1}}}, "service.tls.x: unknown key"),
                              ({"protocol": "icmpv6"}, 'protocol: "icmpv6" of an IPv4 address'), ({"protocol": "icmp"}, "ports are for tcp and udp"),
                              ({"source": "zzz"}, 'source: "zzz" is no address'), ({"source": ""}, "source: "), ({"source": "203.0.113.7, "}, "source: "),
                              ({"source": "203.0.113.7,203.0.113.8"}, "source: "), ({"source": "203.0.113.0/24"}, "source: "), ({"from": "the host"}, 'from: "the host" is no address'),
                              ({"protocol": "gre"}, 'protocol: "gre" is not'), ({"protocol": "47"}, 'protocol: "47" is not')):
            with self.subTest(change=change):
                self.refused("lines:1: " + place, *self.observed({**SEEN, **change}))
        for change, place in (({"dropped": -5}, "dropped: is -5"), ({"seconds": -1}, "seconds: "), ({"passes": "all"}, "passes: is a string"), ({"vantage_ipv4": "home"}, 'vantage_ipv4: "home" is no address'),
                              ({"vantage_ipv6": "::1/128"}, "vantage_ipv6: "),
                              ({"vantage": "203.0.113.7"}, "vantage: unknown key"), ({"not_asked": [{"what": 1}]}, r"not_asked\[0\].what: is a number"),
                              ({"accepting_everything": ["everybody"]}, r"accepting_everything\[0\]: is no address"),
                              ({"canaries": [{"address": "198.51.100.4", "port": 70000}]}, r"canaries\[0\].port: is 70000"),
                              ({"services": {"identified": -1}}, "services.identified: is -1"), ({"sentinels": {"asked": 1, "answered": 1}}, "longest_gap_seconds: ")):
            with self.subTest(change=change):
                self.refused(r"lines:2: summary\.([a-z]+\.)?" + place, *self.observed(SEEN, {"summary": {**SUMMARY, **change}}))
        self.refused("lines:2: stands behind the summary", *self.observed({"summary": SUMMARY}, {"summary": SUMMARY}))
        self.refused("lines:2: stands behind the summary", *self.observed({"summary": SUMMARY}, SEEN))
        self.refused("lines:2: note: unknown key", *self.observed(SEEN, {"summary": SUMMARY, "note": 1}))

    def test_a_number_is_one_as_json_has_them(self):
        line = json.dumps(SEEN)
        for number in ("022", "-022", "22.", "22e", "22e+", "--22", "2-2", "+22", "0x16", "22.e1", "2 2"):
            with self.subTest(number=number):
                self.refused(r"lines:1:\d+: ", *self.observed(line.replace('"to_port": 22', '"to_port": ' + number)))
        self.refused(r"lines:1:76: is no number as JSON has them", *self.observed(line.replace('"to_port": 22', '"to_port": 022')))
        for number in ("22", "22.0", "2.2e1", "220E-1", "22e0"):
            done = common.sgproof(*self.observed(line.replace('"to_port": 22', '"to_port": ' + number)))
            self.assertNotEqual(done.returncode, 2, done.stderr)

    def test_a_day_is_one_of_the_calendar(self):
        def words(day):
            rule = {"id": "web", "decision": "allow", "select": {}, "protocol": "tcp", "ports": "443", "sources": ["0.0.0.0/0"], "owner": "a", "reason": "b", "expires": day}
            intent = self.path / "intent.json"
            intent.write_text(json.dumps({"schema": "sgproof/intent/v1", "platform": "demo", "default": "deny", "rules": [rule]}))
            return "plan", self.snapshot, "--vantage", "203.0.113.7", "--intent", intent, "-q"
        for day in ("2026-02-30", "2026-02-29", "2100-02-29", "2026-04-31", "2026-00-10", "2026-13-10", "2026-01-00", "2026-1-01", "2026-01-011"):
            with self.subTest(day=day):
                self.refused(r'rules\[0\].expires: "%s" is no day' % day, *words(day))
        for day in ("2028-02-29", "2000-02-29", "2026-12-31"):
            done = common.sgproof(*words(day))
            self.assertEqual(done.returncode, 0, done.stderr)

    def test_what_a_document_repeats_without_end_takes_no_hours(self):
        texts = {"nuls": '{"Vpcs": [{"VpcId": "vpc-1", "Tags": [{"Key": "Name", "Value": "%s"}]}]}' % ("\\u0000" * 300000),
                 "broken": '{"Vpcs": [%s]}' % ",\n".join(["{x}"] * 300000), "strings": '{"Vpcs": [%s]}' % ", ".join(['{"VpcId": "vpc-1", "a": "\\u0000"}'] * 50000)}
        for name, text in texts.items():
            with self.subTest(name=name):
                (self.snapshot / "x.json").write_text(text)
                before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
                done = common.sgproof("compute", self.snapshot, "--format", "json")
                self.assertIn(done.returncode, (0, 3), done.stderr)
                self.assertLess(resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before, 15)


if __name__ == "__main__":
    unittest.main()
