"""A change of the sample, proved by packets: did what was opened open, did what was closed close, and nothing else move? Packets stay in
namespaces that the lab made."""
import json
import os
import pathlib
import shutil
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
sys.path.insert(0, os.path.dirname(__file__))
import common
from test_lab import LAB, OFFICE, RANGES, VANTAGE, WEB1, WEB2, down, need_lab
import test_lab

WEB_GROUP = "sg-0a1f5e00000000a1"
TRUTH = json.loads(pathlib.Path(str(common.SAMPLE) + ".truth.json").read_text())


def rule(port):
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": "0.0.0.0/0"}], "Ipv6Ranges": [],
            "PrefixListIds": [], "UserIdGroupPairs": []}


class Change(unittest.TestCase):
    """A: the web group opens 12345. B: 12345 is revoked and 8081 opened."""

    @classmethod
    def setUpClass(cls):
        need_lab()
        cls.addClassCleanup(down)
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.here = pathlib.Path(folder.name)
        cls.a, cls.b = cls.state("a", 12345), cls.state("b", 8081)
        cls.raise_lab(cls.a)
        cls.before = cls.here / "before"
        done = common.sgproof("run", "--snapshot", cls.a, "--out", cls.before, "--depth", "declared", "--no-history", "--fail-on", "none",
                              *RANGES, *VANTAGE, before=(LAB, "in"))
        assert done.returncode == 0, done.stderr
        assert common.sgproof("keygen", cls.here / "k.pem").returncode == 0

    @classmethod
    def state(cls, name, *ports):
        snapshot = cls.here / name
        shutil.copytree(common.SAMPLE, snapshot)
        file = snapshot / "describe-security-groups.json"
        document = json.loads(file.read_text())
        next(g for g in document["SecurityGroups"] if g["GroupId"] == WEB_GROUP)["IpPermissions"] += [rule(port) for port in ports]
        file.write_text(json.dumps(document))
        return snapshot

    @classmethod
    def raise_lab(cls, snapshot, **more):
        truth = cls.here / "truth.json"
        truth.write_text(json.dumps({kind: TRUTH[kind] + more.get(kind, []) for kind in TRUTH}))
        test_lab.down()
        done = test_lab.subprocess.run([LAB, "up", str(snapshot), "--truth", str(truth)], env=test_lab.ENV, text=True, capture_output=True,
                                       timeout=60)
        assert done.returncode == 0, done.stderr

    def change(self, name, *words, before=None, after=None, status=0):
        out = self.here / name
        began = time.monotonic()
        done = common.sgproof("change", before or self.before, after or self.b, "--out", out, "--format", "json", "--sign", self.here / "k.pem",
                              *RANGES, *VANTAGE, *words, before=(LAB, "in"))
        self.seconds = time.monotonic() - began
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        self.assertEqual((out / "change.json").read_text(), done.stdout)
        verified = common.sgproof("verify", out, "--key", self.here / "k.pub.pem")
        self.assertEqual(verified.returncode, 0, verified.stdout)
        self.document = json.loads(done.stdout)
        return sorted((group["change"], p["outcome"], p["address"], p.get("from_port")) for group in self.document["groups"] for p in group["pieces"])

    PLANNED = [("closed", "as-planned", WEB1, 12345), ("closed", "as-planned", WEB2, 12345),
               ("opened", "as-planned", WEB1, 8081), ("opened", "as-planned", WEB2, 8081)]

    def test_a_change_of_two_ports_is_proved_within_15_seconds(self):
        self.raise_lab(self.b)
        self.assertEqual(self.change("good"), self.PLANNED)
        self.assertLess(self.seconds, 15)
        self.assertEqual(len(self.document["groups"]), 2)  # one cause each
        self.assertEqual(self.document["outcomes"]["as-planned"], 4)

    def test_what_is_not_in_force_is_found(self):
        self.raise_lab(self.b, undeclared=[{"address": WEB1, "port": 12345}], blocked=[{"address": WEB2, "port": 8081}])
        wrong = [x for x in self.change("bad", status=1) if x[1] != "as-planned"]
        self.assertEqual(wrong, [("closed", "not-in-force", WEB1, 12345), ("opened", "not-in-force", WEB2, 8081)])

    def test_what_moved_elsewhere_is_found(self):
        self.raise_lab(self.b, latent=[{"address": WEB1, "port": 443}], undeclared=[{"address": OFFICE, "port": 9999}])
        found = self.change("elsewhere", "--intent", str(common.SAMPLE) + ".intent.json", status=1)
        self.assertEqual([x for x in found if x[1] == "elsewhere"], [("closed", "elsewhere", WEB1, 443)])
        why = [p["why"] for g in self.document["groups"] for p in g["pieces"] if (p["outcome"], p.get("from_port")) == ("elsewhere", 443)]
        self.assertEqual(why, ["stopped answering, an outage, and nothing declared moved"])

    def test_a_state_that_nobody_probed_before_says_what_it_cannot_tell(self):
        self.raise_lab(self.b)
        self.assertEqual(self.change("unprobed", before=self.a, status=3), self.PLANNED)
        self.assertFalse(self.document["answers_before"] or self.document["complete"])
        self.assertTrue(any("what answered before is not known" in text for text in self.document["missing"]))

    def run_again(self, snapshot, name, *words):
        out = self.here / name
        done = common.sgproof("run", "--snapshot", snapshot, "--out", out, "--depth", "declared", "--no-history", "--intent",
                              str(common.SAMPLE) + ".intent.json", *RANGES, *VANTAGE, *words, before=(LAB, "in"))
        return out, done

    def moved(self, before, after):
        return [(x["change"], x["address"], x.get("from_port")) for x in common.moved(json.loads(common.sgproof("diff", before, after, "--format", "json").stdout))]

    def test_a_closing_that_did_not_take_effect_is_never_called_closed(self):
        """people.md, D1."""
        self.raise_lab(self.b, undeclared=[{"address": WEB1, "port": 12345}])
        after, done = self.run_again(self.b, "d1", "--previous", self.before)
        self.assertEqual(done.returncode, 1, done.stderr)
        found = self.moved(self.before, after)
        self.assertIn(("altered", WEB1, 12345), found)  # confirmed -> undeclared: it still answers
        self.assertIn(("closed", WEB2, 12345), found)
        self.assertIn(("first_seen", WEB1, 8081), found)
        blind, done = self.run_again(self.b, "d1-blind")
        self.assertIn(("not_asked", WEB2, 12345), self.moved(self.before, blind))
        self.assertEqual([x for x in self.moved(self.before, blind) if x[0] == "closed"], [])

    def test_a_service_whose_rule_went_is_an_outage_that_quiet_does_not_hide(self):
        """people.md, D3."""
        shut = self.state("shut")
        file = shut / "describe-security-groups.json"
        document = json.loads(file.read_text())
        for group in document["SecurityGroups"]:
            group["IpPermissions"] = [p for p in group["IpPermissions"] if p.get("FromPort") != 443]
        file.write_text(json.dumps(document))
        self.raise_lab(shut)
        after, done = self.run_again(shut, "d3", "-q", "--baseline", self.before, "--fail-on", "undeclared,high")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("high      outage       %s   443/tcp" % WEB1, done.stdout)
        self.assertIn(("outages", WEB1, 443), self.moved(self.before, after))
        self.assertIn("<strong>Outage.</strong>", (after / "report.html").read_text())

    def test_when_all_is_dark_that_is_not_known_and_not_silent(self):
        """D3 to the end: no route back. Nothing of the family answers, so that its silence proves nothing without a canary."""
        dark = self.state("dark")
        file = dark / "describe-route-tables.json"
        document = json.loads(file.read_text())
        for table in document["RouteTables"]:
            table["Routes"] = [r for r in table["Routes"] if not (r.get("DestinationCidrBlock") == "0.0.0.0/0" and str(r.get("GatewayId", "")).startswith("igw-"))]
        file.write_text(json.dumps(document))
        self.raise_lab(dark)
        after, done = self.run_again(dark, "d3-dark", "-q", "--baseline", self.before, "--fail-on", "undeclared,high")
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertTrue(done.stdout.startswith("INCOMPLETE"))
        self.assertIn(("not_asked", WEB1, 443), self.moved(self.before, after))
        self.assertEqual([x for x in self.moved(self.before, after) if x[0] == "closed" and "." in x[1]], [])


if __name__ == "__main__":
    unittest.main()
