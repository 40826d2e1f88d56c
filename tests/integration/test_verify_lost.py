"""What a run could not copy of a snapshot is told in its evidence, and whatever it was given, its evidence holds. Probes go to 127.0.0.1 only."""
import gzip
import json
import os
import pathlib
import shutil
import sys
import unittest

sys.path[:0] = [os.path.dirname(__file__), os.path.join(os.path.dirname(__file__), "..")]
import common
from test_evidence import Bundles

MORE = json.dumps({"SecurityGroups": []})


def add(path, text=MORE):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def locked(snapshot):
    """Another account's folder, which is somebody else's."""
    add(snapshot / "b/groups.json")
    if os.geteuid() == 0:
        os.chown(snapshot / "b", 65534, 65534)
    (snapshot / "b").chmod(0o700 if os.geteuid() == 0 else 0)


def named(snapshot):
    """A name that is no UTF-8, and a folder of such a name."""
    for name in (b"x\xff.json", b"f\xfe/y.json"):
        path = os.path.join(os.fsencode(snapshot), name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(MORE)


LOST = {
    "locked": (locked, r"unread: b: is a folder that cannot be read: Permission denied"),
    "deep": (lambda snapshot: add(snapshot.joinpath(*["d"] * 33, "groups.json")), r"unread: (d/){32}d: lies too deep: 32 folders are looked into"),
    "named": (named, r"unread: x\\xff\.json: is not read: its name is no UTF-8 text"),
    "named as the record": (lambda snapshot: (add(snapshot / "not-read/snapshot.json", '{"schema": "sgproof/snapshot/v1", "complete": true, "files": []}'), add(snapshot / "not-read-more/x.json"), named(snapshot)),
                            r"unread: f\\xfe: is not read: its name is no UTF-8 text"),
}


class Lost(Bundles):
    def lose(self, name, change):
        snapshot = self.path / ("snapshot " + name)
        shutil.copytree(self.snapshot, snapshot)
        change(snapshot)
        self.addCleanup(lambda: (snapshot / "b").exists() and (snapshot / "b").chmod(0o700))
        return snapshot

    def words(self, name):
        more = ["--fail-on", "none"] if name.startswith("run ") else []
        return ["--out", self.path / name, "--vantage", "203.0.113.7", "--sign", self.key, *more, *common.ONLY]

    def test_a_run_tells_what_compute_tells_of_what_could_not_be_read(self):
        for name, (change, text) in LOST.items():
            with self.subTest(name=name):
                snapshot = self.lose(name, change)
                computed = common.sgproof("compute", snapshot, "--format", "json")
                self.assertEqual(computed.returncode, 3)
                done = common.sgproof("run", "--snapshot", snapshot, "--depth", "declared", "--no-history", *self.words("run " + name))
                self.assertEqual(done.returncode, 3, done.stderr)
                evidence = self.path / ("run " + name)
                verdicts = json.loads((evidence / "verdicts.json").read_text())
                self.assertFalse(verdicts["complete"])
                self.assertRegex("\n".join(verdicts["coverage"]["missing"]), text)
                self.assertEqual(json.loads((evidence / "exposure.json").read_text())["unread"], json.loads(computed.stdout)["unread"])
                self.verify(evidence, "--key", self.public)
                self.assertEqual(common.sgproof("report", evidence).returncode, 3)

    def test_so_does_a_change(self):
        snapshot = self.lose("base", locked)
        done = common.sgproof("change", snapshot, self.snapshot, *self.words("change"))
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("before: unread: b: is a folder", "\n".join(json.loads((self.path / "change/change.json").read_text())["missing"]))
        self.verify(self.path / "change", "--key", self.public)

    def test_what_is_only_left_out_is_a_note_of_the_evidence_too(self):
        def left(snapshot):
            (snapshot / "old.json.gz").write_bytes(gzip.compress(MORE.encode()))
            (snapshot / "link.json").symlink_to("/etc/hostname")
        snapshot = self.lose("left", left)
        done = common.sgproof("run", "--snapshot", snapshot, "--depth", "declared", "--no-history", *self.words("run left"))
        self.assertEqual(done.returncode, 0, done.stderr)
        record = json.loads((self.path / "run left/before/not-read/snapshot.json").read_text())
        self.assertEqual([one["path"] for one in record["left_out"]], ["link.json", "old.json.gz"])
        self.verify(self.path / "run left", "--key", self.public)

    def test_words_that_are_no_utf_8_make_evidence_that_holds(self):
        out = os.fsencode(self.path) + b"/o\xffut"
        done = common.sgproof("run", "--snapshot", self.snapshot, "--depth", "declared", "--series", os.fsdecode(b"s\xfe"), "--history", self.path / "h.sqlite",
                              *[os.fsdecode(out) if word == self.path / "run w" else word for word in self.words("run w")])
        self.assertEqual(done.returncode, 0, done.stderr)
        evidence = pathlib.Path(os.fsdecode(out))
        self.verify(evidence, "--key", self.public)
        self.assertIn(r"o\xffut", " ".join(json.loads((evidence / "manifest.json").read_text())["claims"]["command"]))


if __name__ == "__main__":
    unittest.main()
