"""Several vantages that asked the same: each is judged by itself, and what answers one and not another is one finding. No packet is sent."""
import csv
import io
import json
import pathlib
import tempfile
import unittest
from xml.etree import ElementTree

import common

A, B = "203.0.113.99", "198.51.100.200"


def probed(source, states, vantage=True):
    """Observations as a probe writes them: (address, protocol, low, high) -> state."""
    told = {"open": "syn-ack", "closed": "rst", "filtered": "no-answer", "rejected": "icmp:3/13", "unknown": "local: no route"}
    lines = []
    for (address, protocol, low, high), state in sorted(states.items()):
        ports = {} if protocol == "icmp" else {"from_port": low, "to_port": high}
        lines.append({"address": address, "protocol": protocol, **ports, "state": state, "reason": told[state], "source": source, "tries": 1,
                      "first_sent": "2026-11-25T01:02:03.000004Z"})
    count = {state: sum(line["state"] == state for line in lines) for state in told}
    lines.append({"summary": {**count, "sent": 1, "received": 1, "seconds": 1.5, "method": "syn", "interrupted": False,
                              "vantage_ipv4": source if vantage else None, "vantage_ipv6": None}})
    return "".join(json.dumps(line) + "\n" for line in lines)


class Apart(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.path = pathlib.Path(folder.name)
        cls.asked = cls.declared(A)
        assert cls.asked == cls.declared(B)  # the sample admits both alike

    @classmethod
    def declared(cls, vantage):
        """What the plan asks, all of it open."""
        done = common.sgproof("plan", common.SAMPLE, "--vantage", vantage, "--depth", "declared")
        cls.plan = done.stdout
        asked = {}
        for line in map(json.loads, done.stdout.splitlines()[1:]):
            for part in line["ports"].split(","):
                low, _, high = part.partition("-")
                asked[line["address"], line["protocol"], int(low or 0), int(high or low or 0)] = "open"
        return asked

    def write(self, name, source, **kept):
        states = {**self.asked, **kept.get("states", {})}
        path = self.path / name
        path.write_text(probed(source, states, kept.get("vantage", True)))
        return path

    def judge(self, *words, status=0, form="json"):
        fail_on = () if "--fail-on" in words else ("--fail-on", "none")
        done = common.sgproof("reconcile", common.SAMPLE, *words, *fail_on, "--format", form)
        self.assertEqual(done.returncode, status, done.stderr)
        return json.loads(done.stdout) if form == "json" and done.stdout else done.stdout + done.stderr

    def alone(self, file, vantage):
        return self.judge(file, "--vantage", vantage)

    def silent(self):
        return {place: "filtered" for place in self.asked if place[0] == "198.51.100.10"}

    def test_each_is_judged_as_it_would_be_alone(self):
        a, b = self.write("a", A), self.write("b", B, states=self.silent())
        both, alone = self.judge(a, b, status=0), {A: self.alone(a, A), B: self.alone(b, B)}
        for vantage in (A, B):
            mine = [dict(v) for v in both["verdicts"] if v["asked_from"]["address"] == vantage]
            for verdict in mine:
                self.assertEqual(verdict.pop("asked_from"), {"eni_id": None, "instance_id": None, "address": vantage})
            self.assertEqual(mine, alone[vantage]["verdicts"])
        self.assertEqual([(v["vantage"], v["complete"], v["asked"]) for v in both["vantages"]], [(v, alone[v]["complete"], alone[v]["coverage"]["asked"]) for v in (A, B)])
        self.assertEqual(both["coverage"]["asked"], sum(one["coverage"]["asked"] for one in alone.values()))

    def test_a_region_that_is_blocked_is_one_finding(self):
        a, b = self.write("a", A), self.write("b", B, states=self.silent())
        both = self.judge(a, b)
        self.assertEqual(len(both["disagreements"]), 1)
        found = both["disagreements"][0]
        self.assertEqual((found["heard"], found["severity"]), (["open", "silent"], "medium"))
        self.assertEqual({(p["address"], p["protocol"], p.get("from_port", 0), p.get("to_port", 0)) for p in found["places"]}, set(self.silent()))
        self.assertEqual(found["ports"], sum(high - low + 1 for _, _, low, high in self.silent()))
        said = " ".join(self.judge(a, b, form="text").split())
        self.assertEqual(said.count("Vantages disagree: %d ports open to %s; silent to %s" % (found["ports"], A, B)), 1, said)
        self.judge(a, b, "--fail-on", "medium", status=1)

    def test_what_is_not_known_or_silent_of_itself_disagrees_with_nothing(self):
        for state in ("open", "unknown"):
            a, b = self.write("a", A), self.write("b", B, states={place: state for place in self.silent()})
            both = self.judge(a, b, status=0 if state == "open" else 3)
            self.assertEqual((both["disagreements"], both["complete"]), ([], state == "open"))
        udp = {("198.51.100.10", "udp", 53, 53): "open"}
        a, b = self.write("a", A, states=udp), self.write("b", B, states={place: "filtered" for place in udp})
        self.assertEqual(self.judge(a, b)["disagreements"], [])

    def test_of_one_that_asked_less_it_is_said_and_not_clean(self):
        a, b = self.write("a", A), self.path / "less"
        b.write_text(probed(B, {place: "open" for place in self.asked if place not in self.silent()}))
        both = self.judge(a, b, status=3)
        self.assertEqual([v["complete"] for v in both["vantages"]], [True, False])
        self.assertIn("from %s: " % B, " ".join(both["coverage"]["missing"]))
        self.assertEqual(both["disagreements"], [])

    def test_ports_are_compared_one_by_one_whatever_the_lines_they_stand_in(self):
        wide = {("198.51.100.11", "tcp", 8000, 8010): "filtered"}
        a = self.write("a", A, states=wide)
        b = self.write("b", B, states={("198.51.100.11", "tcp", 8000, 8003): "filtered", ("198.51.100.11", "tcp", 8004, 8005): "closed", ("198.51.100.11", "tcp", 8006, 8010): "filtered"})
        found = self.judge(a, b)["disagreements"]
        self.assertEqual([(d["heard"], d["ports"], d["places"][0]["from_port"], d["places"][0]["to_port"]) for d in found], [(["silent", "closed"], 2, 8004, 8005)])

    def test_merge_keeps_each_apart(self):
        a, b, merged = self.write("a", A), self.write("b", B, states=self.silent()), self.path / "merged"
        (self.path / "plan").write_text(self.plan)
        for words in ((a, b), (b, a, "--plan", self.path / "plan")):
            done = common.sgproof("merge", *words, "-o", merged)
            self.assertEqual(done.returncode, 0, done.stderr)
            lines = [json.loads(line) for line in merged.read_text().splitlines()]
            self.assertEqual({(line["vantage"], line["source"]) for line in lines[:-1]}, {(A, A), (B, B)})
            self.assertEqual(len(lines) - 1, 2 * len(self.asked))
            both = self.judge(merged)
            self.assertEqual({v["vantage"] for v in both["vantages"]}, {A, B})
            self.assertEqual(len(both["disagreements"]), 1)
            self.assertEqual(both["disagreements"][0]["heard"][[v["vantage"] for v in both["vantages"]].index(A)], "open")

    def test_merge_refuses_what_one_of_them_did_not_ask(self):
        a, b = self.write("a", A), self.path / "less"
        b.write_text(probed(B, {place: "open" for place in list(self.asked)[1:]}))
        (self.path / "plan").write_text(self.plan)
        done = common.sgproof("merge", a, b, "--plan", self.path / "plan")
        self.assertEqual(done.returncode, 2)
        self.assertIn("the plan asks it, and no file tells of it", done.stderr)
        done = common.sgproof("merge", a, self.write("again", A))  # one vantage, twice
        self.assertEqual(done.returncode, 2)

    def test_nobody_else_takes_them_for_one_probes(self):
        a, b, merged = self.write("a", A), self.write("b", B), self.path / "merged"
        self.assertEqual(common.sgproof("merge", a, b, "-o", merged).returncode, 0)
        done = common.sgproof("merge", merged, "--plan", self.path / "plan")
        self.assertEqual((done.returncode, "of several vantages" in done.stderr), (2, True), done.stderr)

    def test_behind_a_translator_each_is_named(self):
        a, b = self.write("a", "10.0.0.5"), self.write("b", "10.0.0.5", states=self.silent())  # two clouds, one private address
        self.assertIn("not the one that the internet sees", self.judge(a, b, status=2))
        both = self.judge(a, b, "--vantage", A, "--vantage", B)
        self.assertEqual(([v["vantage"] for v in both["vantages"]], len(both["disagreements"])), ([A, B], 1))
        self.assertIn("expected one for each", self.judge(a, b, "--vantage", A, status=2))
        self.assertIn("no CIDR", self.judge(a, b, "--vantage", A + "=198.51.100.0/24", "--vantage", B, status=2))
        self.assertIn("--baseline", self.judge(a, b, "--vantage", A, "--vantage", B, "--baseline", self.verdicts(a), status=2))

    def verdicts(self, *files):
        path = self.path / "verdicts.json"
        common.sgproof("reconcile", common.SAMPLE, *files, "--vantage", A, *(["--vantage", B] if len(files) > 1 else []), "--format", "json", "-o", path)
        return path

    def test_reports_tell_of_it(self):
        path = self.verdicts(self.write("a", A), self.write("b", B, states=self.silent()))
        same = common.sgproof("report", path, "--format", "json")
        self.assertEqual(same.stdout, path.read_text())
        for form in ("text", "markdown", "html", "sarif", "junit", "csv"):
            with self.subTest(form):
                said = " ".join(common.sgproof("report", path, "--format", form).stdout.split())
                self.assertEqual(said.count("Vantages disagree: "), 1)
        sarif = json.loads(common.sgproof("report", path, "--format", "sarif").stdout)["runs"][0]
        self.assertEqual([r["ruleId"] for r in sarif["results"]].count("vantages-disagree"), 1)
        self.assertIn("vantages-disagree", [r["id"] for r in sarif["tool"]["driver"]["rules"]])
        self.assertEqual(len({r["partialFingerprints"]["sgproof/v1"] if "sgproof/v1" in r["partialFingerprints"] else str(r["partialFingerprints"]) for r in sarif["results"]}), len(sarif["results"]))

    def test_csv_has_a_row_of_it(self):
        path = self.verdicts(self.write("a", A), self.write("b", B, states=self.silent()))
        rows = list(csv.DictReader(io.StringIO(common.sgproof("report", path, "--format", "csv").stdout)))
        found, = [row for row in rows if row["verdict"] == "vantages-disagree"]
        self.assertEqual((found["severity"], found["address"], found[None] if None in found else None), ("medium", "", None))
        self.assertIn("silent to %s" % B, found["because"])
        self.assertIn("of 198.51.100.10", found["because"])

    def test_junit_has_a_case_for_vantages_that_hear_the_same(self):
        """It passes where all was compared only: not where one did not ask, where its answer is not known, nor of a document that does not tell."""
        less = {place: state for place, state in self.asked.items() if place not in self.silent()}
        ports = sum(high - low + 1 for _, _, low, high in self.silent())
        silent_udp, place = {**self.asked, ("198.51.100.10", "udp", 53, 53): "filtered"}, ("198.51.100.10", "udp", 53, 53)
        for name, a, b, failures, skipped in (
                ("blocked", self.asked, {**self.asked, **self.silent()}, ["vantages disagree"], None),
                ("alike", self.asked, self.asked, [], None),
                ("silent over UDP to both", silent_udp, silent_udp, [], None),
                ("silent over UDP to one", {**silent_udp, place: "open"}, silent_udp, [], 1),
                ("not asked by one", self.asked, less, [], ports),
                ("not known to one", self.asked, {**self.asked, **{place: "unknown" for place in self.silent()}}, [], ports),
                ("known to none", *2 * [{place: "unknown" for place in self.asked}], [], sum(high - low + 1 for _, _, low, high in self.asked)),
                ("blocked, and not asked by one", {**self.asked, **self.silent()}, {**dict(list(self.asked.items())[1:])}, ["vantages disagree"], None)):
            with self.subTest(name):
                for file, source, states in (("a", A, a), ("b", B, b)):
                    (self.path / file).write_text(probed(source, states))
                self.told(self.verdicts(self.path / "a", self.path / "b"), failures, skipped)
        older = json.loads(self.verdicts(self.write("a", A), self.write("b", B)).read_text())
        self.assertEqual(older.pop("not_compared"), 0)
        (self.path / "older").write_text(json.dumps(older))
        self.told(self.path / "older", [], "does not tell")

    def told(self, path, failures, skipped):
        """What JUnit's case of `path` is; `skipped`: how many ports were not compared, or why that is not known, which people's formats say too."""
        suite = ElementTree.fromstring(common.sgproof("report", path, "--format", "junit").stdout).find("testsuite[@name='exposure']")
        case, = suite.findall("testcase[@name='all vantages hear the same']")
        self.assertEqual([f.get("message") for f in case.findall("failure")], failures)
        reasons = [s.get("message") for s in case.findall("skipped")]
        self.assertEqual(len(reasons), 0 if skipped is None else 1)
        self.assertEqual([int(suite.get(n)) for n in ("tests", "failures", "skipped")], [len(suite), len(suite.findall("testcase/failure")), len(reasons)])
        words = "Not compared between the vantages: %d port" % skipped if isinstance(skipped, int) else skipped
        if skipped is not None:
            self.assertIn(words, reasons[0])
        for form in ("text", "markdown", "html") if not failures else ():
            said = " ".join(common.sgproof("report", path, "--format", form).stdout.split())
            self.assertEqual("Not compared between the vantages" in said and (words or "") in said, skipped is not None, form)


if __name__ == "__main__":
    unittest.main()
