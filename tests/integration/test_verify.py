"""Whatever happens to a run, its evidence verifies: the observations follow from the capture, byte for byte. Each run has a namespace of its
own, before hosts of alone.py."""
import concurrent.futures
import json
import os
import pathlib
import shutil
import sys
import tempfile
import unittest

sys.path[:0] = [os.path.join(os.path.dirname(__file__), ".."), os.path.join(os.path.dirname(__file__), "../integration")]
import common
from oracle import estates
from test_evidence import reseal
from test_snapshots import plain

ONLY = ("--only", "198.51.100.0/24", "--only", "2001:db8::/32")
CASES = {  # behaviour, more words, exit status of the run
    "answering": ({}, (), 0),
    "silent": ({"silent": True}, (), 0),
    "banned": ({"ban": 60}, ("--timeout", "300"), 3),
    "accepting": ({"accept": 0}, (), 1),
    "a filter of this machine's own": ({"silent": True, "filter": "drop", "filter_ports": [25, 443]}, (), 3),
    "no route": ({"link": "none"}, (), 3),
    "a gap": ({"silent": True, "down": [0.05, 0.8]}, (), 0),
    "services": ({}, ("--services", "--services-deadline", "2"), 0),
    "late": ({"late": 0.4}, (), 0),
}


class Verified(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.path = pathlib.Path(folder.name)
        cls.snapshot = cls.path / "snapshot"
        cls.snapshot.mkdir()
        estates.write(plain(), cls.snapshot)
        cls.key, cls.public = cls.path / "k.pem", cls.path / "k.pub.pem"
        assert common.sgproof("keygen", cls.key).returncode == 0

    def run_to(self, name, behaviour, *words):
        out = self.path / name
        done = common.alone({"open": [443], "delay": 0.01, **behaviour}, "run", "--snapshot", self.snapshot, "--out", out, "--vantage", "203.0.113.7",
                            "--vantage", "2001:db8:ffff::7", "--no-history", "--method", "syn", "--sign", self.key, "--fail-on", "none", *ONLY, *words)
        return out, done

    def checks(self, *words):
        done = common.sgproof("verify", *words, "--format", "json")
        bundle, = json.loads(done.stdout)["bundles"]
        return done.returncode, {c["check"]: (c["state"], c["detail"]) for c in bundle["checks"]}

    def test_what_a_run_observed_follows_from_its_packets_whatever_happened_to_it(self):
        def case(item):
            name, (behaviour, words, status) = item
            return name, status, *self.run_to(name, behaviour, *words)
        with concurrent.futures.ThreadPoolExecutor(len(CASES)) as pool:
            ended = list(pool.map(case, CASES.items()))
        for name, status, out, done in ended:
            with self.subTest(case=name):
                self.assertIn(done.returncode, (0, 3) if status == 1 else (status,), done.stderr)
                code, checks = self.checks(out, "--key", self.public)
                self.assertEqual(checks["capture"][0], "ok", checks)
                self.assertEqual(code, 0, checks)

    def test_what_the_maker_says_it_could_not_send_hides_no_answer(self):
        """The line of an open port is told as unknown, by this machine's own fault; all that follows is made to follow."""
        out, done = self.run_to("honest", {})
        self.assertEqual(done.returncode, 0, done.stderr)
        for reason in ("local: not permitted", "interrupted", "nothing was heard from anybody"):
            with self.subTest(reason=reason):
                lie = self.path / ("lie " + reason.replace(":", ""))
                shutil.copytree(out, lie)
                lines = (lie / "observations.jsonl").read_text().splitlines(True)
                changed = ['{"address": "%s", "protocol": "tcp", "from_port": 443, "to_port": 443, "state": "unknown", "reason": "%s", "tries": 0}\n'
                           % (json.loads(line)["address"], reason) if '"protocol": "tcp", "from_port": 443,' in line else line for line in lines]
                self.assertNotEqual(lines, changed)
                (lie / "observations.jsonl").write_text("".join(changed))
                reseal(lie)
                code, checks = self.checks(lie)
                self.assertEqual((code, checks["capture"][0]), (1, "wrong"), checks)
                self.assertRegex(checks["capture"][1], r'observations\.jsonl: line \d+: the packets say \{"address": .*"from_port": 443, .*"state": "open"')


if __name__ == "__main__":
    unittest.main()
