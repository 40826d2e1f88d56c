"""History: runs kept, what moved between them, and nothing lost. Probes go to 127.0.0.1 only."""
import json
import os
import pathlib
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import common
import forger
from oracle import estates
from test_evidence import Bundles, reseal
from test_snapshots import permission


class Kept(Bundles):
    """Runs of a small estate, and the history that keeps them."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.here = pathlib.Path(folder.name)
        self.file = self.here / "h.sqlite"
        self.count = 0

    def again(self, *words, status=0, snapshot=None):
        self.count += 1
        out = self.here / ("run%d" % self.count)
        done = common.sgproof("run", "--snapshot", snapshot or self.snapshot, "--intent", self.intent, "--out", out, "--vantage",
                              "203.0.113.7", "--depth", "declared", "--history", self.file,
                              *common.ONLY, *words)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return out

    def ask(self, *words):
        done = common.sgproof("history", *words, "--history", self.file, "--format", "json")
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def rows(self, table):
        with sqlite3.connect(self.file) as database:
            return database.execute("SELECT count(*) FROM " + table).fetchone()[0]


class History(Kept):
    def opened(self, port):
        """The estate with one more port declared."""
        from test_evidence import loopback_estate
        snapshot = self.here / ("s%d" % port)
        snapshot.mkdir()
        estate = loopback_estate(self.port)
        estate["SecurityGroups"][0]["IpPermissions"].append(permission("tcp", (port, port), ["0.0.0.0/0"]))
        estates.write(estate, snapshot)
        return snapshot

    def test_a_steady_estate_adds_a_row_a_run_and_nothing_else(self):
        self.again()
        endpoints, intervals = self.rows("endpoint"), self.rows("interval")
        for _ in range(4):
            self.again()
        self.assertEqual((self.rows("run"), self.rows("endpoint"), self.rows("interval")), (5, endpoints, intervals))
        runs = self.ask()["runs"]
        self.assertEqual(len({r["run_id"] for r in runs}), 5)
        self.assertEqual({r["series"] for r in runs}, {"111122223333 from 203.0.113.7"})
        self.assertEqual({r["ports_by_verdict"]["confirmed"] for r in runs}, {2})

    def test_runs_chain_to_the_one_before_them(self):
        runs = [self.again("--sign", self.key) for _ in range(3)]
        self.verify(*runs, "--key", self.public)
        other = self.again("--sign", self.key, "--series", "another")
        self.assertIsNone(json.loads((other / "manifest.json").read_text())["previous"])
        self.assertIsNone(json.loads((self.again("--no-history") / "manifest.json").read_text())["previous"])

    def test_the_report_follows_from_the_bundle_with_what_it_tells_of_earlier_runs(self):
        for snapshot in (None, None, self.opened(1)):
            last = self.again("--sign", self.key, **({"snapshot": snapshot} if snapshot else {}))
        page = (last / "report.html").read_text()
        self.assertIn("Since run", page)
        self.assertIn("history/runs.json", {f["path"] for f in json.loads((last / "manifest.json").read_text())["files"]})
        self.assertEqual(len(json.loads((last / "history/runs.json").read_text())["runs"]), 2)
        again = self.here / "again.html"
        common.sgproof("report", last, "--format", "html", "-o", again)
        self.assertEqual(again.read_text(), page)
        self.verify(last, "--key", self.public)
        (last / "report.html").write_text(page.replace("Since run", "Before run"))
        reseal(last)
        checks, = self.verify(last, status=1)
        self.assertIn("report.html", checks["derivation"][1])

    def test_diff_says_what_opened_and_closed_and_nothing_of_what_stayed(self):
        listener = common.open_port()
        port = listener.getsockname()[1]
        more = self.opened(port)
        one, same = self.again(), self.again()
        two = self.again(snapshot=more)
        listener.close()
        three = self.again(snapshot=more, status=1)  # the intent expects it

        def diff(a, b, status=0, words=()):
            done = common.sgproof("diff", a, b, "--format", "json", "--history", self.file, *words)
            self.assertEqual(done.returncode, status, done.stderr)
            return [(c["change"], c.get("from_port"), c["before"] and c["before"]["verdict"], c["after"] and c["after"]["verdict"])
                    for c in common.moved(json.loads(done.stdout))]

        ids = [r["run_id"] for r in self.ask()["runs"]]
        for a, b, c, d in ((one, same, two, three), ids):
            self.assertEqual(diff(a, b), [])
            self.assertEqual(diff(a, b, 0, ["--exit-code"]), [])
            self.assertEqual(diff(b, c), [("first_seen", port, None, "confirmed")])
            self.assertEqual(diff(b, c, 1, ["--exit-code"]), [("first_seen", port, None, "confirmed")])
            self.assertEqual(diff(c, d), [("outages", port, "confirmed", "latent")])
            self.assertEqual(diff(b, d), [("first_seen", port, None, "latent")])
            self.assertEqual(diff(c, b, 3), [("not_asked", port, "confirmed", None)])  # whether it closed is not known
            self.assertEqual(diff(c, b, 4, ["--exit-code"]), [("not_asked", port, "confirmed", None)])
        text = common.sgproof("diff", one, same)
        self.assertEqual(text.stdout, "0 opened, 0 closed, 0 outages, 0 changed; 0 first seen, 0 not asked; 0 endpoints new, 0 gone\n")
        # The intervals of the address, with first and last sight.
        seen = [i for i in self.ask("show", "127.0.0.1")["intervals"] if i["place"] == "%d/tcp" % port]
        begins = [r["begin"] for r in self.ask()["runs"]]
        self.assertEqual([(i["verdict"], i["first_seen"], i["last_seen"], i["gone"]) for i in seen],
                         [("confirmed", begins[2], begins[2], begins[3]), ("latent", begins[3], begins[3], None)])
        self.assertEqual([i["ended"] for i in seen], ["changed", None])
        # What is not asked any more is not said to be over.
        empty = self.here / "empty"
        empty.mkdir()
        from test_evidence import loopback_estate
        estate = loopback_estate(self.port)
        estate["NetworkInterfaces"][0]["PrivateIpAddresses"][0].pop("Association")
        estates.write(estate, empty)
        self.again("--series", self.ask()["runs"][0]["series"], snapshot=empty)
        seen = [i for i in self.ask("show", "127.0.0.1")["intervals"] if i["place"] == "%d/tcp" % port]
        self.assertEqual([i["ended"] for i in seen], ["changed", "not asked"])
        self.assertIn(", then not asked\n", common.sgproof("history", "show", "127.0.0.1", "--history", self.file).stdout)

    def test_an_endpoint_that_comes_and_goes_is_one_line(self):
        empty = self.here / "empty"
        empty.mkdir()
        from test_evidence import loopback_estate
        estate = loopback_estate(self.port)
        estate["NetworkInterfaces"][0]["PrivateIpAddresses"][0].pop("Association")
        estates.write(estate, empty)
        without, with_ = self.again("--series", "s", snapshot=empty), self.again("--series", "s")
        for a, b, kind in ((without, with_, "endpoints_new"), (with_, without, "endpoints_gone")):
            changes = common.moved(json.loads(common.sgproof("diff", a, b, "--format", "json").stdout))
            self.assertEqual([c["change"] for c in changes if c["change"].startswith("endpoint")], [kind])

    def test_diff_agrees_with_a_comparison_port_by_port(self):
        random.seed(os.environ.get("SEED", "drift"))
        kinds = [("confirmed", "reachable", "open"), ("latent", "reachable", "closed"), ("enforced", "unreachable", "filtered"),
                 ("undeclared", "unreachable", "open"), ("blocked", "reachable", "filtered"), ("unverified", "reachable", "unknown"),
                 ("unverified", "unreachable", "unknown"), ("confirmed", "possible", "open")]
        intents = [("expected", "web"), ("expected", None), ("forbidden", "no"), ("unspecified", None)]

        def draw():
            verdicts, ports = [], {}
            for address in random.sample(["198.51.100.1", "198.51.100.2", "198.51.100.3"], random.randint(0, 3)):
                for protocol in ("tcp", "udp"):
                    port = random.randint(1, 4)
                    while port < 40:
                        high = port + random.randint(0, 8)
                        verdict, declared, observed = random.choice(kinds)
                        intent, rule = random.choice(intents)
                        verdicts.append({"address": address, "protocol": protocol, "from_port": port, "to_port": high, "verdict": verdict,
                                         "declared": declared, "observed": observed, "reason": "x", "unstable": False, "intent": intent, "intent_rule": rule,
                                         "severity": "low", "because": [], "observations": []})
                        ports.update({(address, protocol, p): (verdict, declared, observed, intent == "expected" and rule is not None) for p in range(port, high + 1)})
                        port = high + random.randint(1, 4)
            order = lambda v: (v["address"], v["protocol"], v["from_port"])
            return {"schema": "sgproof/verdicts/v1", "complete": True, "vantage": None, "coverage": {
                "endpoints": 0, "asked": 0, "not_asked": [], "missing": []}, "verdicts": sorted(verdicts, key=order)}, ports

        for _ in range(60):
            sides, folders = [], []
            for name in ("a", "b"):
                document, ports = draw()
                folder = self.here / name
                folder.mkdir(exist_ok=True)
                (folder / "verdicts.json").write_text(json.dumps(document))
                forger.seal_folder(folder)
                sides.append(ports)
                folders.append(folder)
            before, after = sides
            expected = {}
            for place in {*before, *after}:
                was, is_ = before.get(place), after.get(place)
                knew, knows = was is not None and was[2] != "unknown", is_ is not None and is_[2] != "unknown"
                if knew != knows:  # one side alone tells: neither opened nor closed
                    if (was if knew else is_)[0] != "enforced":
                        expected[place] = "not_asked" if knew else "first_seen"
                elif knew and was[:3] != is_[:3]:
                    was_open, is_open = was[2] == "open", is_[2] == "open"
                    expected[place] = ("opened" if is_open and not was_open else "altered" if was_open == is_open else
                                       "outages" if is_[3] else "closed")
            gone = {p[0] for p in before} - {p[0] for p in after}
            undecided = any(kind == "not_asked" and before[p][2] == "open" and p[0] not in gone for p, kind in expected.items())
            found = {}
            done = common.sgproof("diff", *folders, "--format", "json")
            self.assertEqual(done.returncode, 3 if undecided else 0)
            for change in common.moved(json.loads(done.stdout)):
                if change["change"].startswith("endpoint"):
                    where = after if change["change"] == "endpoints_new" else before
                    self.assertIn(change["address"], {p[0] for p in where})
                    continue
                for port in range(change["from_port"], change["to_port"] + 1):
                    place = (change["address"], change["protocol"], port)
                    self.assertNotIn(place, found)
                    found[place] = change["change"]
            self.assertEqual(found, expected)

    def test_a_history_run_is_what_its_bundle_says(self):
        bundle = self.again()
        kept = self.ask("show", self.ask()["runs"][0]["run_id"][:6])
        said = json.loads((bundle / "verdicts.json").read_text())
        brief = lambda d: [(v["address"], v["protocol"], v.get("from_port"), v.get("to_port"), v["verdict"], v["declared"],
                            v["observed"], v["severity"], v["intent"]) for v in d["verdicts"]]
        self.assertEqual(brief(kept), brief(said))

    def test_only_what_is_new_since_a_baseline_is_reported_and_fails(self):
        listener = common.open_port()
        self.addCleanup(listener.close)
        more = self.opened(listener.getsockname()[1])
        base = self.again("--fail-on", "info", status=1)
        self.again("--fail-on", "info", "--baseline", base)  # nothing new: exit status 0
        self.again("--fail-on", "info", "--baseline", "last")  # by the history
        done = common.sgproof("run", "--snapshot", self.snapshot, "--out", self.here / "never", "--no-history", "--baseline", "last", "--vantage", "203.0.113.7", *common.ONLY)
        self.assertEqual(done.returncode, 2)
        self.assertIn("--no-history does not go with it", done.stderr)
        self.again("--fail-on", "info", "--baseline", "last", "--series", "another", status=1)  # the first of its series has none
        for fail_on in ("info", "none"):
            done = common.sgproof("run", "--snapshot", self.snapshot, "--intent", self.intent, "--out", self.here / ("q" + fail_on), "--vantage",
                                  "203.0.113.7", "--depth", "declared", "--no-history", "--fail-on", fail_on,
                                  "--baseline", base, "-q", *common.ONLY)
            self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))
        out = self.here / "new"
        done = common.sgproof("run", "--snapshot", more, "--intent", self.intent, "--out", out, "--vantage", "203.0.113.7", "--depth",
                              "declared", "--method", "connect", "--no-history", "--fail-on", "info", "--baseline", base,
                              "--format", "json", *common.ONLY)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertEqual([v["from_port"] for v in json.loads(done.stdout)["verdicts"]], [listener.getsockname()[1]])
        self.assertIn("as in the baseline", done.stderr)
        self.assertGreater(len(json.loads((out / "verdicts.json").read_text())["verdicts"]), 1)  # the evidence has all

    def test_fail_on_takes_severities_verdicts_and_controls(self):
        for words, status in ((["info"], 1), (["high"], 0), (["latent"], 1), (["undeclared,blocked"], 0), (["undeclared,latent"], 1),
                              (["none"], 0), (["control:fsbp-exposure/EC2.9"], 1), (["control:sec-002/only-intended"], 0),
                              (["control:*"], 1), (["none", "--fail-on", "confirmed"], 1)):
            with self.subTest(words=words):
                self.again("--no-history", "--fail-on", *words, status=status)
        done = common.sgproof("reconcile", self.snapshot, self.one / "observations.jsonl", "--fail-on", "sometimes")
        self.assertEqual(done.returncode, 2)
        self.assertIn("--fail-on sometimes", done.stderr)

    def test_incomplete_is_3_and_incomplete_with_findings_4(self):
        nothing = self.here / "nothing.jsonl"
        nothing.write_text("")
        for fail_on, status in (("none", 3), ("critical", 3), ("unverified", 4), ("info", 4)):
            done = common.sgproof("reconcile", self.snapshot, nothing, "--fail-on", fail_on)
            self.assertEqual(done.returncode, status, done.stderr)

    def test_questions_without_answers(self):
        done = common.sgproof("history", "--history", self.here / "none.sqlite")
        self.assertEqual(done.returncode, 2)
        self.assertIn("there is no history", done.stderr)
        self.again()
        for words in (["show"], ["show", "ffff"], ["guess"], ["list", "more"]):
            self.assertEqual(common.sgproof("history", *words, "--history", self.file).returncode, 2, words)
        for words in ([], ["trend"], ["show", "127.0.0.1"], ["show", self.ask()["runs"][0]["run_id"]]):
            done = common.sgproof("history", *words, "--history", self.file)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertTrue(all(len(line) <= 100 for line in done.stdout.splitlines()))

    def test_a_newer_schema_is_refused_and_no_database_is_an_error(self):
        self.again()
        with sqlite3.connect(self.file) as database:
            database.execute("PRAGMA user_version = 99")
        self.again(status=2)
        for beside in ("-wal", "-shm"):
            pathlib.Path(str(self.file) + beside).unlink(missing_ok=True)
        self.file.write_bytes(b"this is no database, but it is longer than a header of one would be" * 20)
        self.again(status=2)
        self.assertEqual(self.file.read_bytes()[:4], b"this")

    def test_a_relative_state_folder_is_ignored_and_an_absolute_one_used(self):
        out = self.here / "x"
        common.sgproof("run", "--snapshot", self.snapshot, "--out", out, "--vantage", "203.0.113.7", "--depth", "declared", "--method",
                       "connect", *common.ONLY, env={"XDG_STATE_HOME": str(self.here / "state"), "HOME": "/nonexistent"})
        self.assertTrue((self.here / "state/sgproof/history.sqlite").exists())

    def test_concurrent_runs_are_all_kept(self):
        processes = [subprocess.Popen(
            [common.SGPROOF, "run", "--snapshot", self.snapshot, "--out", self.here / ("c%d" % i), "--vantage", "203.0.113.7",
             "--depth", "declared", "--history", self.file, "--fail-on", "none", *common.ONLY],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) for i in range(6)]
        for process in processes:
            error = process.communicate(timeout=120)[1]
            self.assertEqual(process.returncode, 0, error)
        self.assertEqual(self.rows("run"), 6)
        intervals = self.rows("interval")
        self.again("--fail-on", "none", words := "--no-history")
        self.assertEqual(self.rows("interval"), intervals)

    def test_killed_at_any_moment_nothing_recorded_is_lost(self):
        self.again()
        random.seed(7)
        command = [common.SGPROOF, "run", "--snapshot", self.snapshot, "--vantage", "203.0.113.7", "--depth", "declared", "--method",
                   "connect", "--history", self.file, *common.ONLY]
        began = time.monotonic()
        self.again()
        long = time.monotonic() - began
        kept = 2
        for i in range(25):
            out = self.here / ("k%d" % i)
            process = subprocess.Popen([*command, "--out", out], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(random.uniform(0.6, 1.05) * long)
            process.send_signal(signal.SIGKILL)
            process.wait()
            with sqlite3.connect(self.file) as database:
                self.assertEqual(database.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
                now = database.execute("SELECT count(*) FROM run").fetchone()[0]
                self.assertIn(now, (kept, kept + 1))
                kept = now
                self.assertEqual(database.execute("SELECT count(*) FROM interval WHERE first > (SELECT max(number) FROM run)").fetchone()[0], 0)
            if out.exists():  # it appeared whole
                self.assertTrue((out / "manifest.json").exists())
        self.again()
        self.assertEqual(self.rows("run"), kept + 1)

    def test_a_full_disk_is_told_before_anything_is_sent(self):
        """A limit on file sizes is what a full disk is to SQLite."""
        for _ in range(3):
            self.again()
        limit = os.path.getsize(self.file)
        done = subprocess.run([common.SGPROOF, "run", "--snapshot", self.snapshot, "--out", self.here / "full", "--vantage", "203.0.113.7",
                               "--depth", "declared", "--history", self.file, *common.ONLY],
                              capture_output=True, text=True,
                              preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)))
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertNotIn("probing", done.stderr)
        self.assertEqual(self.rows("run"), 3)
        self.assertGreaterEqual(os.path.getsize(self.file), limit)
        self.assertEqual([p.name for p in self.here.glob("full*")], [])


if __name__ == "__main__":
    unittest.main()
