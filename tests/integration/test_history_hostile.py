"""A history that others wrote into: refused or told row by row, never a crash, and no run loses its evidence by it.
Probes go to 127.0.0.1 only."""
import contextlib
import json
import os
import pathlib
import sqlite3
import stat
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import common
from test_history import Kept

DECLARED = ["reachable", "possible", "inbound-only", "unreachable"]
OBSERVED = ["open", "closed", "rejected", "filtered", "unknown"]
VERDICTS = ["confirmed", "latent", "blocked", "undeclared", "enforced", "unconfirmed", "unverified"]
INTENTS = ["expected", "forbidden", "unspecified"]
SEVERITIES = ["critical", "high", "medium", "low", "info"]
PROTOCOLS = {"icmp": 1, "tcp": 6, "udp": 17, "icmpv6": 58}

VERSION_1 = """
CREATE TABLE run (number INTEGER PRIMARY KEY, run_id TEXT NOT NULL UNIQUE, series TEXT NOT NULL, begin TEXT NOT NULL,
 end TEXT NOT NULL, complete INTEGER NOT NULL, vantage TEXT, bundle TEXT, manifest_sha256 TEXT,
 endpoints INTEGER NOT NULL, asked INTEGER NOT NULL, by_verdict TEXT NOT NULL, by_severity TEXT NOT NULL);
CREATE INDEX run_of_series ON run (series, number);
CREATE TABLE endpoint (number INTEGER PRIMARY KEY, series TEXT NOT NULL, address TEXT NOT NULL, eni_id TEXT,
 instance_id TEXT, name TEXT, UNIQUE (series, address));
CREATE TABLE interval (endpoint INTEGER NOT NULL REFERENCES endpoint (number), protocol INTEGER NOT NULL,
 low INTEGER NOT NULL, high INTEGER NOT NULL, declared INTEGER NOT NULL, observed INTEGER NOT NULL,
 verdict INTEGER NOT NULL, intent INTEGER NOT NULL, severity INTEGER NOT NULL,
 first INTEGER NOT NULL REFERENCES run (number), gone INTEGER REFERENCES run (number));
CREATE INDEX interval_of_endpoint ON interval (endpoint, gone);
CREATE INDEX interval_by_run ON interval (first, gone);
PRAGMA user_version = 1;
"""


class Hostile(Kept):
    def put(self, whole):
        """The file as given, or none."""
        for beside in ("", "-wal", "-shm"):
            pathlib.Path(str(self.file) + beside).unlink(missing_ok=True)
        if whole:
            self.file.write_bytes(whole)

    def change(self, *statements):
        with sqlite3.connect(self.file) as database:
            for statement in statements:
                database.execute(statement)

    def as_version_1(self):
        """The history as the first version would have written it."""
        new = sqlite3.connect(self.file)
        runs, endpoints = new.execute("SELECT * FROM run").fetchall(), new.execute("SELECT * FROM endpoint").fetchall()
        intervals = new.execute("SELECT endpoint, protocol, low, high, declared, observed, verdict, intent, severity, first, gone"
                                " FROM interval").fetchall()
        new.close()
        self.put(None)
        with sqlite3.connect(self.file) as old:
            old.executescript(VERSION_1)
            for run in runs:
                counts = [" ".join(str(json.loads(run[at]).get(word, 0)) for word in words) for at, words in ((11, VERDICTS), (12, SEVERITIES))]
                old.execute("INSERT INTO run VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)", (*run[:11], *counts))
            old.executemany("INSERT INTO endpoint VALUES (?,?,?,?,?,?)", endpoints)
            for endpoint, protocol, low, high, declared, observed, verdict, intent, severity, first, gone in intervals:
                old.execute("INSERT INTO interval VALUES (?,?,?,?,?,?,?,?,?,?,?)", (
                    endpoint, PROTOCOLS[protocol], low, high, DECLARED.index(declared), OBSERVED.index(observed), VERDICTS.index(verdict),
                    INTENTS.index(intent), SEVERITIES.index(severity), first, gone))

    def refused(self, *words, say=()):
        done = common.sgproof("history", *words, "--history", self.file)
        self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)
        for word in (str(self.file), *say):
            self.assertIn(word, done.stderr)

    def evidence_in_spite(self, say):
        """A run goes on without what it cannot read, and says so in its evidence."""
        with sqlite3.connect(self.file) as database:
            before = database.execute("SELECT count(*) FROM run").fetchone()
        out = self.again(status=3)
        self.assertIn(say, json.dumps(json.loads((out / "manifest.json").read_text())["failed"]))
        self.assertTrue((out / "report.html").exists())
        with sqlite3.connect(self.file) as database:
            self.assertEqual(database.execute("SELECT count(*) FROM run").fetchone(), before)

    def test_it_stores_words_and_the_version_that_ran(self):
        self.again()
        with sqlite3.connect(self.file) as database:
            words = database.execute("SELECT DISTINCT protocol, declared, observed, verdict, intent, severity FROM interval").fetchall()
            run = database.execute("SELECT by_verdict, by_severity, tool_version, derivation FROM run").fetchone()
        for protocol, declared, observed, verdict, intent, severity in words:
            self.assertTrue(protocol in PROTOCOLS and declared in DECLARED and observed in OBSERVED and verdict in VERDICTS
                            and intent in INTENTS and severity in SEVERITIES, words)
        self.assertEqual(json.loads(run[0])["confirmed"], 2)
        self.assertLessEqual(set(json.loads(run[1])), set(SEVERITIES))
        version = common.sgproof("--version").stdout.split()[1]
        self.assertEqual(run[2:], (version, 1))
        self.assertEqual(self.ask()["runs"][0]["tool_version"], version)

    def test_a_history_of_version_1_is_brought_up_to_date_and_says_the_same(self):
        for _ in range(2):
            self.again()
        questions = (["list"], ["show", "127.0.0.1"], ["show", self.ask()["runs"][1]["run_id"]])
        before = [self.ask(*words) for words in questions]
        self.as_version_1()
        for run in before[0]["runs"]:
            run["tool_version"] = None  # version 1 did not tell it
        self.assertEqual([self.ask(*words) for words in questions], before)
        intervals = self.rows("interval")
        self.again()
        self.assertEqual((self.rows("run"), self.rows("interval")), (3, intervals))

    def test_numbers_that_version_1_did_not_know_are_told_with_their_row(self):
        self.again()
        self.as_version_1()
        self.change("UPDATE interval SET verdict = -1 WHERE rowid = 1", "UPDATE interval SET severity = -7 WHERE rowid = 2")
        self.refused("show", "127.0.0.1", say=['table interval, row 1: verdict: "-1"', "expected one of: confirmed, latent"])
        self.evidence_in_spite('table interval, row 1: verdict')

    def test_each_column_that_is_wrong_is_told_with_table_and_row(self):
        self.again()
        with open(self.file, "rb") as file:
            whole = file.read()
        run_id = self.ask()["runs"][0]["run_id"]
        for table, column, value, question in (
                ("interval", "verdict", "-1", ["show", "127.0.0.1"]), ("interval", "verdict", "'Confirmed'", ["show", run_id]),
                ("interval", "severity", "-1", ["show", run_id]), ("interval", "severity", "99", ["show", run_id]),
                ("interval", "declared", "x'00'", ["show", run_id]), ("interval", "observed", "''", ["show", run_id]),
                ("interval", "intent", "1e300", ["show", run_id]), ("interval", "protocol", "'256'", ["show", run_id]),
                ("interval", "protocol", "'-1'", ["show", run_id]), ("interval", "low", "-1", ["show", run_id]),
                ("interval", "low", "70000", ["show", run_id]), ("interval", "high", "-9223372036854775808", ["show", run_id]),
                ("interval", "high", "65536", ["show", run_id]), ("endpoint", "address", "'nowhere'", ["show", run_id]),
                ("endpoint", "name", "x'ff'", ["show", run_id]), ("endpoint", "eni_id", "cast(x'610062' AS TEXT)", ["show", run_id]),
                ("run", "begin", "'yesterday'", ["list"]), ("run", "end", "'2026'", ["trend"]), ("run", "complete", "2", ["list"]),
                ("run", "manifest_sha256", "'../../etc'", ["list"]), ("run", "endpoints", "-1", ["list"]), ("run", "asked", "-1", ["list"]),
                ("run", "by_verdict", "'1 2 3'", ["list"]), ("run", "by_verdict", "'{\"confirmed\":-1}'", ["trend"]),
                ("run", "by_severity", "'{\"terrible\":1}'", ["list"]), ("run", "by_severity", "'[]'", ["list"]),
                ("run", "series", "cast(x'ff' AS TEXT)", ["list"]), ("run", "derivation", "-1", ["list"]),
                ("run", "vantage", "x'07'", ["list"])):
            with self.subTest(table=table, column=column, value=value):
                self.put(whole)
                self.change("UPDATE %s SET %s = %s" % (table, column, value))
                done = common.sgproof("history", *question, "--history", self.file)
                self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)
                self.assertRegex(done.stderr, r"%s: table %s, row \d+: %s: .*, expected " % (self.file, table, column))

    def test_a_row_that_is_wrong_costs_no_run_its_evidence(self):
        self.again()
        with open(self.file, "rb") as file:
            whole = file.read()
        for statement in ("UPDATE interval SET verdict = -1", "UPDATE interval SET severity = -1", "UPDATE run SET by_verdict = 'x'",
                          "UPDATE endpoint SET address = ''", "UPDATE run SET manifest_sha256 = NULL"):
            with self.subTest(statement=statement):
                self.put(whole)
                self.change(statement)
                self.evidence_in_spite("row 1: ")

    def test_rows_that_refer_to_none_are_damage_and_told_before_anything_is_done(self):
        self.again()
        self.change("UPDATE interval SET endpoint = 77 WHERE number = 2")
        self.refused("show", "127.0.0.1", say=["table interval, row 2: refers to a row of table endpoint that is not there"])
        self.again(status=2)

    def test_versions_that_cannot_be_are_refused(self):
        self.again()
        for version in (-1, -2147483648, 0, 3, 2147483647):
            self.change("PRAGMA user_version = %d" % version)
            self.refused(say=["version"])
            self.again(status=2)

    def test_databases_of_others_are_refused_and_left_as_they_are(self):
        cases = {"tables": ["CREATE TABLE bookmarks (url TEXT)"],
                 "ours by name": ["CREATE TABLE run (a)", "CREATE TABLE endpoint (b)", "CREATE TABLE interval (c)", "PRAGMA user_version = 1"],
                 "version 2 without our mark": ["CREATE TABLE run (a)", "PRAGMA user_version = 2"],
                 "another's mark": ["PRAGMA application_id = 252006674"],
                 "only a version": ["PRAGMA user_version = 1"]}
        for name, statements in cases.items():
            with self.subTest(name):
                self.put(None)
                self.change(*statements)
                before = self.file.read_bytes()
                self.refused(say=["is no history of sgproof", "--history"])
                self.again(status=2)
                self.assertEqual(self.file.read_bytes(), before)

    def test_triggers_and_views_are_refused(self):
        for statement in ("CREATE TRIGGER more AFTER INSERT ON run BEGIN DELETE FROM interval; END", "CREATE VIEW other AS SELECT 1"):
            self.put(None)
            self.again()
            self.change(statement)
            self.refused(say=["holds a trigger or a view"])
            self.again(status=2)

    def test_the_file_is_its_owners_and_no_pipe_or_folder(self):
        self.file = self.here / "new/folder/h.sqlite"
        self.again()
        modes = [stat.S_IMODE(path.stat().st_mode) for path in (self.file, self.file.parent, self.file.parent.parent)]
        self.assertEqual(modes, [0o600, 0o700, 0o700])
        self.file.chmod(0o640)  # whoever shares it said so
        self.again()
        self.assertEqual(stat.S_IMODE(self.file.stat().st_mode), 0o640)
        self.file = self.here / "pipe"
        os.mkfifo(self.file)
        self.refused(say=["is no regular file"])
        self.again(status=2)
        self.file = self.here
        self.refused(say=["is no regular file"])
        self.file = self.here / "empty"
        for drop in (False, True):  # as SQLite has an empty database, and as it writes one
            self.file.write_bytes(b"")
            if drop:
                with contextlib.closing(sqlite3.connect(self.file, isolation_level=None)) as database:
                    database.executescript("CREATE TABLE x (y); DROP TABLE x; VACUUM;")
            empty = self.file.read_bytes()
            self.assertEqual(bool(empty), drop)
            for command in (("list",), ("show", "198.51.100.7")):
                done = common.sgproof("history", *command, "--history", self.file)
                self.assertEqual(done.returncode, 2)
                self.assertIn("there is no history in it", done.stderr)
            self.assertEqual((self.file.read_bytes(), sorted(self.here.glob("empty-*"))), (empty, []))
        self.again()  # a run begins it
        self.file = self.here / "dangling"
        self.file.symlink_to(self.here / "nowhere")
        self.again(status=2)
        self.assertFalse((self.here / "nowhere").exists())


if __name__ == "__main__":
    unittest.main()
