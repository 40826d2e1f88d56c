"""Between two runs: what answered before is asked again, silence of what is expected is an outage, and only what both sides know is
compared (semantics.md). Probes go to 127.0.0.1 only."""
import json
import os
import shutil
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import common
from oracle import estates
from test_evidence import INTENT, loopback_estate, reseal
from test_history import Kept
from test_snapshots import permission


class Drift(Kept):
    def setUp(self):
        super().setUp()
        self.listener = common.open_port()
        self.addCleanup(self.listener.close)
        self.service = self.listener.getsockname()[1]

    def opened(self, *ports):
        snapshot = self.here / ("with" + "-".join(map(str, ports)))
        snapshot.mkdir()
        estate = loopback_estate(self.port)
        for port in ports:
            estate["SecurityGroups"][0]["IpPermissions"].append(permission("tcp", (port, port), ["0.0.0.0/0"]))
        estates.write(estate, snapshot)
        return snapshot

    def at(self, bundle, port):
        return next((v for v in json.loads((bundle / "verdicts.json").read_text())["verdicts"]
                     if v["protocol"] == "tcp" and v["from_port"] <= port <= v["to_port"]), None)

    def why(self, bundle, port):
        lines = [json.loads(line) for line in (bundle / "plan.jsonl").read_text().splitlines()[1:]]
        return [line["why"] for line in lines if str(port) in line["ports"].split(",")]

    def moved(self, a, b, status=0):
        done = common.sgproof("diff", a, b, "--format", "json")
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return [(x["change"], x.get("from_port")) for x in common.moved(json.loads(done.stdout))]

    def test_a_port_whose_rule_went_is_asked_again_and_found_open(self):
        one = self.again(snapshot=self.opened(self.service))
        for words in ([], ["--no-history", "--previous", one], ["--no-history", "--baseline", one],
                      ["--no-history", "--baseline", one / "verdicts.json"]):
            with self.subTest(words=words):
                two = self.again(*words, status=1)
                self.assertEqual(self.why(two, self.service), [["previous"]])
                self.assertEqual((self.at(two, self.service)["verdict"], self.at(two, self.service)["observed"]), ("undeclared", "open"))
                self.assertEqual(self.moved(one, two), [("altered", self.service)])
                self.verify(two)
        three = self.again("--no-history")
        self.assertIsNone(self.at(three, self.service))  # nobody told it
        # Of two evidence folders as of two runs of a history: what one did not ask is neither closed nor opened.
        self.assertEqual(self.moved(one, three, 3), [("not_asked", self.service)])
        self.assertEqual(self.moved(three, one), [("first_seen", self.service)])
        text = common.sgproof("diff", one, three)
        self.assertEqual((text.returncode, "0 opened, 0 closed" in text.stdout, "1 not asked" in text.stdout), (3, True, True), text.stdout)
        elsewhere = three.parent / "elsewhere"  # where the address is no longer among what was asked
        shutil.copytree(three, elsewhere)
        verdicts = json.loads((elsewhere / "verdicts.json").read_text())
        verdicts["verdicts"] = [v for v in verdicts["verdicts"] if v["address"] != "127.0.0.1"]
        (elsewhere / "verdicts.json").write_text(json.dumps(verdicts))
        reseal(elsewhere)
        found = json.loads(common.sgproof("diff", one, elsewhere, "--format", "json").stdout)
        self.assertEqual({x["change"] for x in common.moved(found)}, {"not_asked", "endpoints_gone"}, found)

    def test_a_closing_is_tested_and_then_said(self):
        one = self.again(snapshot=self.opened(self.service))
        self.listener.close()
        two = self.again("--fail-on", "critical")
        self.assertEqual(self.at(two, self.service)["observed"], "closed")
        self.assertIn(("outages", self.service), self.moved(one, two))
        page = (two / "report.html").read_text()
        self.assertIn("outage", page)

    def test_what_is_not_known_for_a_while_is_asked_for_again(self):
        """A run of the series that could not ask it changes nothing of what was last known."""
        empty = self.here / "empty"
        empty.mkdir()
        estate = loopback_estate(self.port)
        estate["NetworkInterfaces"][0]["PrivateIpAddresses"][0].pop("Association")
        estates.write(estate, empty)
        self.again("--series", "s", snapshot=self.opened(self.service))
        self.again("--series", "s", snapshot=empty)
        last = self.again("--series", "s", status=1)
        self.assertEqual((self.why(last, self.service), self.at(last, self.service)["verdict"]), ([["previous"]], "undeclared"))
        self.verify(last)

    def test_previous_carries_what_was_known_before_it(self):
        one = self.again("--no-history", snapshot=self.opened(self.service))
        two = self.again("--no-history", "--previous", one, status=1)
        document = json.loads((two / "verdicts.json").read_text())
        document["verdicts"] = [v for v in document["verdicts"] if v.get("from_port") != self.service]
        forgot = self.copy(two)
        (forgot / "verdicts.json").write_text(json.dumps(document))
        reseal(forgot)
        three = self.again("--no-history", "--previous", forgot, status=1)
        self.assertEqual(self.why(three, self.service), [["previous"]])

    def test_an_expected_service_that_stops_is_an_outage_until_it_answers(self):
        snapshot = self.opened(self.service)
        one = self.again(snapshot=snapshot)
        self.listener.close()
        two, three = self.again(snapshot=snapshot, status=1), self.again(snapshot=snapshot, status=1)
        for bundle in (two, three):
            verdict = self.at(bundle, self.service)
            self.assertEqual((verdict["verdict"], verdict["severity"], verdict.get("outage")), ("latent", "high", True))
            self.verify(bundle)
        self.assertEqual(self.moved(one, two), [("outages", self.service)])
        self.assertEqual(self.moved(two, three), [])
        page = (two / "report.html").read_text()
        self.assertIn("<strong>Outage.</strong> 1 port that the intent expects to answer did before, and does not now:", page)
        self.assertIn('<b class="high">high</b><b>outage</b>', page)
        text = common.sgproof("report", two).stdout
        self.assertIn("high      outage", text)
        self.assertIn("outage 127.0.0.1 %d/tcp" % self.service, text)
        # Loud with -q, by the baseline alone too; told again as a count where it is known.
        words = ["run", "--snapshot", snapshot, "--intent", self.intent, "--vantage", "203.0.113.7", "--depth", "declared", "--no-history",
                 "-q", *common.ONLY]
        new = common.sgproof(*words, "--baseline", one, "--out", self.here / "new")
        self.assertEqual(new.returncode, 1, new.stderr)
        self.assertIn("outage", new.stdout)
        known = common.sgproof(*words, "--baseline", two, "--out", self.here / "known")
        self.assertEqual((known.returncode, known.stdout), (0, "Still there, as in the baseline: 0 ports critical, 1 high\n"))
        self.assertIn("Still there", common.sgproof("report", two, "--baseline", two).stdout)
        again = socket.create_server(("127.0.0.1", self.service))
        self.addCleanup(again.close)
        four = self.again(snapshot=snapshot)
        self.assertNotIn("outage", self.at(four, self.service))
        self.assertEqual(self.moved(three, four), [("opened", self.service)])

    def test_what_previous_names_is_what_it_is_compared_with(self):
        """Whatever runs of the series came after it."""
        snapshot = self.opened(self.service)
        one = self.again(snapshot=snapshot)
        self.listener.close()
        words = ["--fail-on", "none"]
        two = self.again(*words, snapshot=snapshot)
        three = self.again(*words, "--previous", one, snapshot=snapshot)
        runs = [json.loads((b / "history/runs.json").read_text())["runs"] for b in (two, three)]
        self.assertEqual(*([r["run_id"] for r in told] for told in runs))
        seen = {b.name: json.loads((b / "manifest.json").read_text())["run_id"] for b in (one, two)}
        self.assertEqual([r["run_id"] for r in runs[1]], [seen[one.name]])
        self.assertIn(seen[one.name], (three / "report.html").read_text())
        self.assertNotIn(seen[two.name], (three / "report.html").read_text())
        self.verify(three)
        four = self.again(*words, snapshot=snapshot)
        self.assertEqual(len(json.loads((four / "history/runs.json").read_text())["runs"]), 3)

    def test_what_nobody_expects_and_what_only_a_default_allows_is_no_outage(self):
        snapshot = self.opened(self.service)
        for intent in ({**INTENT, "rules": []}, {**INTENT, "default": "allow", "rules": []}):
            self.intent = self.here / ("intent-" + intent["default"])
            self.intent.write_text(json.dumps(intent))
            words = ["--no-history", "--fail-on", "none"]
            listener = self.listener if self.listener.fileno() >= 0 else socket.create_server(("127.0.0.1", self.service))
            one = self.again(*words, snapshot=snapshot)
            listener.close()
            two = self.again(*words, "--previous", one, snapshot=snapshot)
            self.assertNotIn("outage", self.at(two, self.service))
            self.assertEqual(self.moved(one, two), [("closed", self.service)])

    def test_what_was_remembered_is_an_input_that_verify_derives_from(self):
        one = self.again(snapshot=self.opened(self.service))
        self.listener.close()
        two = self.copy(self.again(status=1, snapshot=self.opened_again()))
        told = json.loads((two / "history/answered.json").read_text())
        self.assertEqual(told["schema"], "sgproof/answered/v1")
        self.assertEqual([a["open"] for a in told["answered"]], [",".join(map(str, sorted((self.port, self.service))))])
        told["answered"] = []
        (two / "history/answered.json").write_text(json.dumps(told))
        reseal(two)
        checks, = self.verify(two, status=1)
        self.assertEqual(checks["derivation"][0], "wrong")

    def opened_again(self):
        return self.here / ("with%d" % self.service)

    def test_plan_takes_what_earlier_evidence_saw_answer(self):
        one = self.again("--no-history", snapshot=self.opened(self.service))
        for depth in ("declared", "standard"):
            done = common.sgproof("plan", self.snapshot, "--vantage", "203.0.113.7", "--depth", depth, "--previous", one)
            self.assertEqual(done.returncode, 0, done.stderr)
            asked = [json.loads(line) for line in done.stdout.splitlines()[1:]]
            self.assertEqual([(x["ports"], x["expect"]) for x in asked if x["why"] == ["previous"]], [(str(self.service), "unreachable")])
        self.assertEqual(common.sgproof("plan", self.snapshot, "--previous", self.here / "none").returncode, 2)

    def test_an_estimate_counts_what_is_asked_again(self):
        self.again(snapshot=self.opened(self.service))
        counts = [json.loads(common.sgproof("run", "--snapshot", self.snapshot, "--vantage", "203.0.113.7", "--depth", "declared", "--estimate",
                                            "--format", "json", *history, *common.ONLY).stdout)["questions"]
                  for history in (["--history", self.file], ["--no-history"], ["--history", self.here / "none.sqlite"])]
        self.assertEqual(counts[0], counts[1] + 1)
        self.assertEqual(counts[1], counts[2])
        self.assertFalse((self.here / "none.sqlite").exists())

    def test_states_and_runs_have_one_shape(self):
        one, two = self.again("--no-history"), self.again("--no-history")
        runs = json.loads(common.sgproof("diff", one, two, "--format", "json").stdout)
        states = json.loads(common.sgproof("diff", self.snapshot, self.snapshot, "--format", "json").stdout)
        self.assertEqual((runs["schema"], runs["of"], states["of"]), ("sgproof/diff/v1", "runs", "states"))
        self.assertEqual(set(runs), set(states))


if __name__ == "__main__":
    import unittest
    unittest.main()
