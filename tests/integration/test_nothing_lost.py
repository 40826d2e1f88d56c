"""What was gathered is kept, whatever fails afterwards; what dead runs left is removed. Probes go to 127.0.0.1 only."""
import fcntl
import json
import os
import pathlib
import random
import re
import resource
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest

sys.path[:0] = [os.path.join(os.path.dirname(__file__), ".."), os.path.dirname(__file__)]
import common
from test_evidence import Authority, Bundles
from test_read import CLEAN, KEYS, NOWHERE, REGION, Script

LOCK = ".sgproof-lock"


def left(folder):
    """What is in a folder that no finished run leaves there."""
    return [p.name for p in folder.iterdir() if ".tmp-" in p.name]


class Here(Bundles):
    """A folder `here` for each test, and runs into it that can be met while they probe, by connect: no packets are kept."""

    @classmethod
    def words_of_run(cls, name):
        return [*super().words_of_run(name), "--method", "connect"]

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.here = pathlib.Path(folder.name)

    def words(self, name="out", *more, snapshot=None):
        words = [str(w) for w in self.words_of_run(name)]
        words[words.index("--out") + 1] = str(self.here / name)
        if snapshot is not None:
            words[words.index("--snapshot") + 1] = str(snapshot)
        return [common.SGPROOF, *words, *map(str, more)]

    def start(self, *words, **how):
        """A run at a packet a second."""
        rate = [] if "--rate" in words else ["--rate", "1"]
        process = subprocess.Popen([*words, *rate], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **how)
        self.addCleanup(lambda: (process.poll() is None and process.kill(), process.wait(), process.stdout.close(), process.stderr.close()))
        return process

    def meet(self, process):
        """Waits until it has begun to probe."""
        said = ""
        for line in process.stderr:
            said += line
            if "probing" in line:
                time.sleep(0.7)  # the first packet is on its way
                return process
        self.fail(said)

    def begin(self, *words, **how):
        return self.meet(self.start(*words, **how))

    def end(self, process, status):
        out, said = process.communicate(timeout=120)
        self.assertNotIn("Sanitizer", said)
        if status is not None:
            self.assertEqual(process.returncode, status, out + said)
        return out, said

    def holds_incomplete(self, bundle, step, *words):
        """The evidence names the failed step everywhere, and verifies."""
        manifest = json.loads((bundle / "manifest.json").read_text())
        verdicts = json.loads((bundle / "verdicts.json").read_text())
        self.assertFalse(manifest["complete"])
        self.assertFalse(verdicts["complete"])
        self.assertEqual([f["step"] for f in manifest["failed"]], [step])
        self.assertTrue([m for m in verdicts["coverage"]["missing"] if m.startswith(step + ": ")], verdicts["coverage"])
        if (bundle / "report.html").exists():
            self.assertIn(step + ": ", (bundle / "report.html").read_text())
        checks, = self.verify(bundle, *words)
        self.assertEqual((checks["derivation"][0], checks["steps"][0]), ("ok", "absent"))
        self.assertIn(step, checks["steps"][1])
        return manifest, verdicts


class Before(Here):
    def test_whatever_can_be_checked_is_checked_before_anything_is_done(self):
        bad = self.here / "bad"
        bad.write_text("no document of ours")
        folder = self.here / "folder"
        folder.mkdir()
        damaged = self.here / "damaged.sqlite"
        damaged.write_bytes(b"this is no database, but it is longer than a header of one would be" * 20)
        cases = [["--baseline", bad], ["--baseline", self.here / "nowhere"], ["--previous", folder], ["--pack", bad], ["--intent", bad],
                 ["-o", "/nowhere/at/all"], ["-o", folder], ["--sign", bad], ["--sign", self.key, "--passphrase-file", self.here / "no"],
                 ["--timestamp", "ftp://127.0.0.1/"], ["--timestamp", "tsa"], ["--depth", "deep"], ["--only", "127.0.0.1/8"],
                 ["--method", "guess"], ["--timeout", "1"], ["--vantage", "here"], ["--fail-on", "sometimes"], ["--history", damaged],
                 ["--history", "/proc/nowhere/h.sqlite"], ["--format", "yaml"]]
        for words in cases:
            with self.subTest(words=[str(w) for w in words]):
                run = self.words()
                if words[0] in ("--intent", "--depth", "--method", "--vantage"):
                    at = run.index(words[0])
                    del run[at:at + 2]
                if words[0] == "--history":
                    run.remove("--no-history")
                done = subprocess.run([*run, *map(str, words)], text=True, capture_output=True)
                self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)
                self.assertNotIn("probing", done.stderr)
                self.assertEqual(sorted(p.name for p in self.here.iterdir()), ["bad", "damaged.sqlite", "folder"])

    def test_the_place_of_the_evidence_is_checked_before_aws_is_asked(self):
        for out in (self.path / "one", self.here / "no/such/folder", "/proc/x"):
            done = common.sgproof("run", "--region", REGION, "--endpoint-url", "http://127.0.0.1:9/", "--out", out, "--no-history", *common.ONLY,
                                  env={**NOWHERE, **KEYS})
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(str(out), done.stderr)
            self.assertNotIn("GetCallerIdentity", done.stderr)

    def test_a_signal_before_the_probe_leaves_nothing(self):
        listener = socket.create_server(("127.0.0.1", 0))  # never answers
        self.addCleanup(listener.close)
        for number in (signal.SIGINT, signal.SIGTERM):
            for command in (["run", "--out", str(self.here / "out"), "--no-history", *common.ONLY], ["read", str(self.here / "out")]):
                process = subprocess.Popen([common.SGPROOF, *command, "--region", REGION, "--endpoint-url",
                                            "http://127.0.0.1:%d/" % listener.getsockname()[1]],
                                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**CLEAN, **NOWHERE, **KEYS},
                                           preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))  # a shell's "&" ignores it
                connection, _ = listener.accept()
                self.assertEqual(len(left(self.here)), 1)
                process.send_signal(number)
                self.assertEqual(process.wait(60), -number)
                connection.close()
                self.assertEqual(list(self.here.iterdir()), [])


class After(Here):
    def test_a_second_reading_that_fails_leaves_stability_unknown(self):
        for way in ("gone", "useless"):
            with self.subTest(way=way):
                snapshot = self.here / ("s-" + way)
                shutil.copytree(self.snapshot, snapshot)
                process = self.begin(*self.words(way, snapshot=snapshot))
                shutil.rmtree(snapshot)
                if way == "useless":
                    snapshot.mkdir()
                    (snapshot / "x.json").write_text('{"Strange": []}')
                out, said = self.end(process, 3)
                self.assertIn("second reading: ", said)
                self.assertIn("INCOMPLETE", out)
                _, verdicts = self.holds_incomplete(self.here / way, "second reading")
                self.assertEqual({v["unstable"] for v in verdicts["verdicts"]}, {None})
                self.assertEqual({v["verdict"] for v in verdicts["verdicts"]}, {"confirmed", "latent"})
                rows = common.sgproof("report", self.here / way, "--format", "csv").stdout
                self.assertIn(",unknown,", rows)
                # A missing second reading is none that nobody lost.
                copy = self.copy(self.here / way)
                text = (copy / "manifest.json").read_text()
                (copy / "manifest.json").write_text(re.sub(r'"failed": \[.*?\],\s*"files"', '"files"', text, flags=re.S))
                self.assertEqual(common.sgproof("verify", copy).returncode, 1)

    def test_a_second_reading_that_lacks_what_the_first_one_had_is_incomplete(self):
        snapshot = self.here / "s"
        shutil.copytree(self.snapshot, snapshot)
        process = self.begin(*self.words("out", snapshot=snapshot))
        next(p for p in snapshot.iterdir() if "NetworkAcls" in p.read_text()).unlink()
        self.end(process, 3)
        verdicts = json.loads((self.here / "out/verdicts.json").read_text())
        self.assertTrue([m for m in verdicts["coverage"]["missing"] if m.startswith("second reading: ") and "NetworkAcls" in m])
        checks, = self.verify(self.here / "out")
        self.assertEqual(checks["derivation"][0], "ok")

    def test_an_authority_that_fails_is_told_in_the_evidence(self):
        folder = self.here / "tsa"
        folder.mkdir()
        authority = Authority(folder)
        old = (self.one / "manifest.json").read_bytes()
        for number, (status, other) in enumerate(((500, None), (200, b"nonsense"), (200, old), (None, None))):
            authority.status, authority.other = status, other
            if status is None:
                authority.close()
            name = "t%d" % number
            url = authority.url.replace("://", "://me:hush@")
            done = subprocess.run(self.words(name, "--sign", self.key, "--timestamp", url), text=True, capture_output=True)
            self.assertEqual(done.returncode, 3, done.stderr)
            self.assertIn("timestamp: ", done.stderr)
            manifest, _ = self.holds_incomplete(self.here / name, "timestamp", "--key", self.public)
            self.assertFalse((self.here / name / "manifest.tsr").exists())
            for file in (self.here / name).rglob("*"):
                self.assertNotIn(b"hush", file.read_bytes() if file.is_file() else b"")
        done = subprocess.run(self.words("found", "--timestamp", authority.url, "--fail-on", "info"), text=True, capture_output=True)
        self.assertEqual(done.returncode, 4, done.stderr)

    def test_a_history_that_is_damaged_meanwhile_is_told_in_the_evidence(self):
        words = self.words("out")
        words[words.index("--no-history")] = "--history=%s" % (self.here / "h.sqlite")
        subprocess.run([w.replace(str(self.here / "out"), str(self.here / "first")) for w in words], check=True, capture_output=True)
        process = self.begin(*words)
        with sqlite3.connect(self.here / "h.sqlite") as database:
            database.execute("DROP TABLE interval")
        _, said = self.end(process, 3)
        self.assertIn("history: ", said)
        self.assertIn("h.sqlite: no such table: interval", said)
        self.assertTrue(json.loads((self.here / "out/manifest.json").read_text())["complete"])  # it had looked back by then
        self.verify(self.here / "out")
        with sqlite3.connect(self.here / "h.sqlite") as database:
            self.assertEqual(database.execute("SELECT count(*) FROM run").fetchone()[0], 1)

    def test_a_history_that_cannot_be_understood_is_told_in_the_evidence(self):
        words = self.words("out")
        words[words.index("--no-history")] = "--history=%s" % (self.here / "h.sqlite")
        subprocess.run([w.replace(str(self.here / "out"), str(self.here / "first")) for w in words], check=True, capture_output=True)
        with sqlite3.connect(self.here / "h.sqlite") as database:
            database.execute("UPDATE interval SET declared = 'sideways'")
        done = subprocess.run(words, text=True, capture_output=True)
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn('declared: "sideways"', done.stderr)
        self.assertIn("history: ", done.stdout)
        manifest, _ = self.holds_incomplete(self.here / "out", "history")
        self.assertIsNone(manifest["previous"])

    def test_an_output_that_can_no_longer_be_written_takes_nothing_away(self):
        (self.here / "results").mkdir()
        process = self.begin(*self.words("out", "-o", self.here / "results/out.txt"))
        (self.here / "results").rmdir()
        _, said = self.end(process, 3)
        self.assertIn("output: ", said)
        self.verify(self.here / "out")
        self.assertEqual(left(self.here), [])

    def test_an_interrupted_probe_leaves_its_evidence(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            name = "i%d" % number
            process = self.begin(*self.words(name))
            time.sleep(0.3)
            process.send_signal(number)
            self.end(process, 3)
            self.verify(self.here / name)
            self.assertIn('"interrupted": true', (self.here / name / "observations.jsonl").read_text())
        self.assertEqual(left(self.here), [])

    def test_two_runs_with_one_place_both_keep_their_evidence(self):
        processes = [self.start(*self.words("out")) for _ in range(3)]
        for process in processes:
            self.meet(process)
        ended = [p.communicate(timeout=120) + (p.returncode,) for p in processes]
        self.assertEqual(sorted(e[2] for e in ended), [0, 3, 3], ended)
        self.assertEqual(sorted(p.name for p in self.here.iterdir()), ["out", "out-2", "out-3"])
        runs = set()
        for name in ("out", "out-2", "out-3"):
            self.verify(self.here / name)
            runs.add(json.loads((self.here / name / "manifest.json").read_text())["run_id"])
        self.assertEqual(len(runs), 3)
        for out, said, status in ended:
            self.assertEqual("another run was faster" in said and "evidence: " in out, status == 3, said + out)

    def test_a_place_that_is_gone_leaves_what_was_gathered_where_it_says(self):
        (self.here / "a").mkdir()
        process = self.begin(*self.words("a/out"))
        (self.here / "a").rename(self.here / "b")
        out, said = self.end(process, 3)
        kept = pathlib.Path(re.search(r"what was gathered is kept in (\S+)", said)[1])
        self.assertEqual(kept.parent.parent, self.here / "b")
        self.assertTrue((kept / "before").is_dir())
        rescued = pathlib.Path(re.search(r"the observations are kept in (\S+)", said)[1])
        self.addCleanup(rescued.unlink)
        self.assertIn('"state": "open"', rescued.read_text())
        self.assertIn("INCOMPLETE", out)
        subprocess.run(self.words("b/out"), check=True, capture_output=True)  # and the next run lets it be
        self.assertTrue((kept / "before").is_dir())
        shutil.rmtree(self.here / "b")
        (self.here / "a").mkdir()
        process = self.begin(*self.words("a/out"))
        shutil.rmtree(self.here / "a")
        out, said = self.end(process, 3)
        rescued = pathlib.Path(re.search(r"the observations are kept in (\S+)", said)[1])
        self.addCleanup(rescued.unlink)
        self.assertIn('"state": "open"', rescued.read_text())

    def mounted(self, size):
        disk = self.here / "disk"
        disk.mkdir()
        if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=%s" % size, "none", disk], capture_output=True).returncode != 0:
            self.skipTest("no file system can be mounted here")
        self.addCleanup(subprocess.run, ["umount", "-l", disk], check=True)
        return disk

    def fill(self, disk, leaving):
        with open(disk / "filler", "wb", buffering=0) as filler:
            try:
                while True:
                    filler.write(bytes(4096))
            except OSError:
                filler.truncate(max(0, filler.tell() - leaving))

    def test_a_disk_that_is_full_at_the_end_keeps_what_was_gathered(self):
        disk = self.mounted("4m")
        process = self.begin(*self.words("disk/out"))
        self.fill(disk, 0)
        out, said = self.end(process, 3)
        self.assertIn("No space left", said)
        self.assertFalse((disk / "out").exists())
        kept = pathlib.Path(re.search(r"what was gathered is kept in (\S+)", said)[1])
        self.assertTrue((kept / "plan.jsonl").is_file())
        rescued = pathlib.Path(re.search(r"the observations are kept in (\S+)", said)[1])
        self.addCleanup(rescued.unlink)
        self.assertIn('"state": "open"', rescued.read_text())
        self.assertIn("confirmed", out)

    def test_a_disk_that_has_room_for_some_files_gets_those(self):
        disk = self.mounted("4m")
        process = self.begin(*self.words("disk/out"))
        self.fill(disk, 60 << 10)  # the second reading, the verdicts and the manifest fit, the report and the controls do not
        out, said = self.end(process, 3)
        manifest = json.loads((disk / "out/manifest.json").read_text())
        steps = [f["step"] for f in manifest["failed"]]
        self.assertIn("report", steps)
        self.assertFalse((disk / "out/report.html").exists())
        self.assertTrue(all("No space left" in f["why"] and f["why"].startswith(("controls.json", "report.html")) for f in manifest["failed"]), steps)
        checks, = self.verify(disk / "out", status=3)
        self.assertEqual((checks["files"][0], checks["derivation"][0]), ("ok", "not-checked"))
        self.assertIn("controls.json", checks["derivation"][1])  # what is not there is not vouched for

    def test_whatever_room_is_left_the_evidence_holds_or_is_kept(self):
        disk = self.mounted("4m")
        seen = set()
        for room in (4, 12, 24, 36, 48, 72, 84, 96, 140, 320):
            with self.subTest(room=room):
                process = self.begin(*self.words("disk/out", "--rate", "2", "--format", "json"))
                self.fill(disk, room << 10)
                out, said = self.end(process, None)
                self.assertEqual({v["verdict"] for v in json.loads(out)["verdicts"]}, {"confirmed", "latent"}, said)
                for rescued in re.findall(r"the observations are kept in (\S+)", said):
                    os.unlink(rescued)
                if process.returncode == 0:
                    seen.add("whole")
                    self.verify(disk / "out")
                elif (disk / "out").exists():
                    seen.add("part")
                    self.assertEqual(process.returncode, 3, said)
                    derived = all((disk / "out" / name).exists() for name in ("verdicts.json", "controls.json", "report.html"))
                    checks, = self.verify(disk / "out", status=3)
                    self.assertEqual((checks["derivation"][0], checks["steps"][0]), ("ok" if derived else "not-checked", "absent"))
                else:
                    seen.add("kept")
                    self.assertEqual(process.returncode, 3, said)
                    kept = pathlib.Path(re.search(r"what was gathered is kept in (\S+)", said)[1])
                    shutil.rmtree(kept.parent)
                (disk / "filler").unlink()
                shutil.rmtree(disk / "out", ignore_errors=True)
        self.assertEqual(seen, {"whole", "part", "kept"})

    def test_a_history_that_cannot_take_the_run_takes_nothing_away(self):
        disk = self.mounted("4m")
        words = self.words("out")
        words[words.index("--no-history")] = "--history=%s" % (disk / "h.sqlite")
        process = self.begin(*words)
        self.fill(disk, 0)
        out, said = self.end(process, 3)
        self.assertRegex(said, "history: (?s:.*)full")
        self.assertRegex(out, "history: (?s:.*)full")
        self.verify(self.here / "out")
        self.assertTrue(json.loads((self.here / "out/manifest.json").read_text())["complete"])

    def test_a_capture_that_outgrows_the_disk_costs_itself(self):
        """A limit on the size of files, which the packets reach, and nothing else does."""
        if os.geteuid() != 0:
            self.skipTest("raw sockets are not permitted")
        words = self.words("out")
        del words[words.index("--method"):words.index("--method") + 2]
        words[words.index("--depth") + 1] = "full"
        done = subprocess.run([*words, "--rate", "100000", "--host-rate", "100000"], text=True, capture_output=True, timeout=300,
                              preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (3 << 20, 3 << 20)))
        self.assertIn(done.returncode, (3, 4), done.stderr)
        self.assertIn("capture.pcap: cannot be written: File too large", done.stderr)
        manifest = json.loads((self.here / "out/manifest.json").read_text())
        self.assertEqual([f["step"] for f in manifest["failed"]], ["capture"])
        self.assertNotIn("capture.pcap", [f["path"] for f in manifest["files"]])
        self.assertNotIn('"frames"', (self.here / "out/observations.jsonl").read_text())
        self.assertEqual(self.verify(self.here / "out")[0]["derivation"][0], "ok")


class Probe(Here):
    """`probe` alone."""

    def begin_probe(self, *words):
        process = subprocess.Popen([common.SGPROOF, "probe", "--targets", "-", "--method", "connect", "--rate", "2", *common.ONLY, *map(str, words)],
                                   text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        process.stdin.write("127.0.0.1 tcp %d,%d\n" % (self.port, self.port + 1))
        process.stdin.close()
        process.stdin = None
        common.wait_until_it_runs(process)
        time.sleep(0.5)
        return process

    def test_an_output_or_state_that_can_no_longer_be_written_takes_nothing_away(self):
        for option, file in (("-o", "x/out.jsonl"), ("--state", "x/state")):
            (self.here / "x").mkdir()
            process = self.begin_probe(option, self.here / file)
            (self.here / "x").rmdir()
            out, said = self.end(process, 3)
            self.assertIn(str(self.here / file), said)
            self.assertEqual([json.loads(line).get("state") for line in out.splitlines()], ["open", "closed", None])

    def test_places_are_checked_before_anything_is_sent(self):
        for option in ("-o", "--state", "--capture"):
            for place in (self.here, self.here / "no/file"):
                done = common.sgproof("probe", "--targets", "-", *common.ONLY, option, place, stdin="127.0.0.1 tcp 1\n")
                self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)
                self.assertIn(str(place), done.stderr)


class Aws(Script):
    """A whole run whose second reading fails, against a server that misbehaves the second time."""

    def run_words(self):
        return [common.SGPROOF, "run", "--region", REGION, "--endpoint-url", self.url, "--out", str(self.path / "out"), "--vantage", "203.0.113.7",
                "--no-history", "--max-attempts", "1", *common.ONLY]

    def test_a_change_without_a_state_after_reads_aws(self):
        done = subprocess.run(self.run_words(), text=True, capture_output=True, env={**CLEAN, **NOWHERE, **KEYS}, timeout=60)
        asked = self.tries("GetCallerIdentity")
        words = [common.SGPROOF, "change", str(self.path / "out"), "--region", REGION, "--endpoint-url", self.url, "--out", str(self.path / "change"),
                 "--vantage", "203.0.113.7", "--max-attempts", "1", "--format", "json", *common.ONLY]
        change = subprocess.run(words, text=True, capture_output=True, env={**CLEAN, **NOWHERE, **KEYS}, timeout=60)
        self.assertEqual(change.returncode, done.returncode, change.stderr)
        self.assertGreaterEqual(self.tries("GetCallerIdentity"), asked + 2)  # before the probe and after it
        self.assertEqual(json.loads(change.stdout)["groups"], [])
        self.assertEqual(common.sgproof("verify", self.path / "change").returncode, 3)  # nobody signed it

    def test_credentials_that_expire_before_the_second_reading(self):
        expired = (403, {}, self.ERROR % "ExpiredToken")
        self.script["GetCallerIdentity"] = [(200, {}, self.IDENTITY), expired]
        done = subprocess.run(self.run_words(), text=True, capture_output=True, env={**CLEAN, **NOWHERE, **KEYS}, timeout=60)
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("second reading: GetCallerIdentity: ExpiredToken", done.stderr)
        manifest = json.loads((self.path / "out/manifest.json").read_text())
        self.assertEqual([f["step"] for f in manifest["failed"]], ["second reading"])
        self.assertFalse((self.path / "out/after").exists())
        self.assertEqual(common.sgproof("verify", self.path / "out").returncode, 3)  # nobody signed it

    def test_a_signal_in_the_second_reading_ends_that_and_keeps_the_evidence(self):
        hang = lambda form: (time.sleep(30), (200, {}, self.IDENTITY))[1]
        first = [True]

        def identity(form):
            if first:
                first.pop()
                return 200, {}, self.IDENTITY
            return hang(form)
        self.script["GetCallerIdentity"] = identity
        process = subprocess.Popen(self.run_words(), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**CLEAN, **NOWHERE, **KEYS})
        for _ in range(200):
            if self.tries("GetCallerIdentity") == 2:
                break
            time.sleep(0.1)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
        self.assertLess(time.monotonic() - began, 20)
        self.assertEqual(process.returncode, 3, said)
        self.assertIn("second reading: ", said)
        self.assertEqual(common.sgproof("verify", self.path / "out").returncode, 3)  # nobody signed it
        self.assertEqual(left(self.path), [])


class Dead(Here):
    def test_what_a_killed_run_left_is_removed_by_the_next(self):
        random.seed(5)
        for i in range(8):
            process = subprocess.Popen(self.words("k%d" % i, "--rate", "2"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(random.uniform(0.05, 2.5))
            process.kill()
            process.wait()
        subprocess.run(self.words("out"), check=True, capture_output=True)
        self.assertEqual(left(self.here), [])
        self.verify(self.here / "out")

    def test_what_is_held_or_is_not_ours_is_let_be(self):
        elsewhere = self.here / "elsewhere"
        elsewhere.mkdir()
        (elsewhere / LOCK).write_text("")
        (elsewhere / "dear").write_text("x")
        (self.here / "a.tmp-000000").mkdir()  # no lock file
        (self.here / "a.tmp-000000/dear").write_text("x")
        (self.here / "b.tmp-000000").symlink_to(elsewhere)
        (self.here / "c.tmp-1234").mkdir()  # another name
        (self.here / "c.tmp-1234" / LOCK).write_text("")
        (self.here / "d.tmp-000000").mkdir()  # its lock is a link
        (self.here / "d.tmp-000000" / LOCK).symlink_to(elsewhere / LOCK)
        (self.here / "e.tmp-000000").write_text("x")
        (self.here / "f.tmp-000000").mkdir()  # somebody holds it
        held = open(self.here / "f.tmp-000000" / LOCK, "w")
        self.addCleanup(held.close)
        fcntl.flock(held, fcntl.LOCK_EX)
        (self.here / "g.tmp-000000").mkdir()  # dead, with links that lead out
        (self.here / "g.tmp-000000" / LOCK).write_text("")
        (self.here / "g.tmp-000000/deep").mkdir()
        (self.here / "g.tmp-000000/deep/link").symlink_to(elsewhere)
        (self.here / "g.tmp-000000/link").symlink_to(elsewhere / "dear")
        if os.geteuid() == 0:
            (self.here / "h.tmp-000000").mkdir()  # somebody else's
            (self.here / "h.tmp-000000" / LOCK).write_text("")
            os.chown(self.here / "h.tmp-000000", 1234, 1234)
        before = {p.name for p in self.here.iterdir()} - {"g.tmp-000000"}
        subprocess.run(self.words("out"), check=True, capture_output=True)
        self.assertEqual({p.name for p in self.here.iterdir()}, before | {"out"})
        self.assertEqual((elsewhere / "dear").read_text(), "x")
        self.assertEqual((self.here / "a.tmp-000000/dear").read_text(), "x")

    def test_a_run_that_goes_on_is_not_taken_for_a_dead_one(self):
        process = self.begin(*self.words("slow"))
        for name in ("one", "two"):
            subprocess.run(self.words(name), check=True, capture_output=True)
        self.end(process, 0)
        self.verify(self.here / "slow")
        self.assertEqual(left(self.here), [])


if __name__ == "__main__":
    unittest.main()
