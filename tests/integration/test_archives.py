"""Archives and folders of evidence that somebody edited: readers of tar archives that differ never find different evidence in one that `verify` takes, and
what other commands read of an evidence folder is what was sealed."""
import io
import lzma
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import unittest

sys.path[:0] = [os.path.join(os.path.dirname(__file__), "..")]
import common

GOLDEN = common.TOP / "tests/data/evidence/0.1.0"


def header(name, size, kind=b"0", magic=b"ustar\x0000", prefix=b""):
    block = bytearray(512)
    for at, value in ((0, name), (100, b"0000644"), (108, b"0000000"), (116, b"0000000"), (124, b"%011o" % size), (136, b"%011o" % 0), (148, b" " * 8),
                      (156, kind), (257, magic), (345, prefix)):
        block[at:at + len(value)] = value
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def member(name, data, **fields):
    return header(name, len(data), **fields) + data + b"\0" * (-len(data) % 512)


def sized(name, data, size):
    """Whose header writes its size so."""
    block = bytearray(member(name, data))
    block[124:136] = size
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block[:512])
    return bytes(block)


def pax(*records, kind=b"x"):
    out = b""
    for key, value in records:
        body, length = b" %s=%s\n" % (key, value), 0
        while length != len(b"%d" % length) + len(body):
            length = len(b"%d" % length) + len(body)
        out += b"%d%s" % (length, body)
    return member(b"p", out, kind=kind)


def long_name(name):
    return member(b"././@LongLink", name + b"\0", kind=b"L")


class Golden(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.path = pathlib.Path(folder.name)
        with tarfile.open(fileobj=io.BytesIO(lzma.decompress((GOLDEN / "one.tar.xz").read_bytes()))) as tar:
            tar.extractall(cls.path, filter="data")
        cls.evidence, = [path.parent for path in cls.path.glob("*/manifest.json")]


class Archives(Golden):
    def archive(self, special, before=b"", behind=b"\0" * 1024):
        """The evidence as ustar, but for what special(name, path in the archive, bytes) gives in the place of a member."""
        out = before
        for path in sorted(p for p in self.evidence.rglob("*") if p.is_file()):
            name, data = path.relative_to(self.evidence).as_posix(), path.read_bytes()
            out += special(name, b"ev/" + name.encode(), data) or member(b"ev/" + name.encode(), data)
        (self.path / "odd.tar").write_bytes(out + behind)
        return common.sgproof("verify", self.path / "odd.tar", "--key", GOLDEN / "key.pub.pem")

    def audited(self):
        """What scripts/audit says of that archive: its exit status."""
        done = subprocess.run([sys.executable, common.TOP / "scripts/audit", self.path / "odd.tar", "--key", GOLDEN / "key.pub.pem"], capture_output=True, text=True)
        self.assertEqual(done.stderr, "")
        return done.returncode

    @staticmethod
    def of_report(made):
        return lambda name, path, data: made(path, data) if name == "report.html" else None

    def test_what_other_programs_write_is_taken(self):
        cases = {"ustar": ({"special": lambda *_: None}), "pax": ({"special": self.of_report(lambda path, data: pax((b"mtime", b"1.5"), (b"path", path)) + member(b"p", data))}),
                 "git": {"special": lambda *_: None, "before": pax((b"comment", b"a commit"), kind=b"g")},
                 "gnu": ({"special": self.of_report(lambda path, data: long_name(path) + member(b"x", data, magic=b"ustar  \0"))}),
                 "of another version": {"special": self.of_report(lambda path, data: member(path, data, magic=b"ustar\0\0\0"))},
                 "of another GNU version": {"special": self.of_report(lambda path, data: member(path, data, magic=b"ustar 0\0"))},
                 "a size in base 256": {"special": self.of_report(lambda path, data: sized(path, data, b"\x80" + len(data).to_bytes(11, "big")))},
                 "prefix": ({"special": self.of_report(lambda path, data: member(path[3:], data, prefix=b"ev"))})}
        for name, words in cases.items():
            with self.subTest(name=name):
                done = self.archive(**words)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                self.assertIn(self.audited(), (0, 3))

    def test_what_readers_of_archives_read_differently_is_refused(self):
        at_report = self.of_report
        cases = {
            "a name for all": {"special": lambda *_: None, "before": pax((b"path", b"ev/x"), kind=b"g")},
            "a size for all": {"special": lambda *_: None, "before": pax((b"size", b"20"), kind=b"g")},
            "a link for all": {"special": lambda *_: None, "before": pax((b"linkpath", b"/etc"), kind=b"g")},
            "pax, then GNU": {"special": at_report(lambda path, data: pax((b"path", b"ev/other")) + long_name(path) + member(b"z", data))},
            "GNU, then pax": {"special": at_report(lambda path, data: long_name(b"ev/other") + pax((b"path", path)) + member(b"z", data))},
            "pax twice": {"special": at_report(lambda path, data: pax((b"path", b"ev/other")) + pax((b"path", path)) + member(b"z", data))},
            "two names in one": {"special": at_report(lambda path, data: pax((b"path", b"ev/other"), (b"path", path)) + member(b"z", data))},
            "a NUL in a pax name": {"special": at_report(lambda path, data: pax((b"path", path + b"\0z")) + member(b"z", data))},
            "a NUL in a GNU name": {"special": at_report(lambda path, data: long_name(path + b"\0z") + member(b"z", data))},
            "a GNU head with a prefix": {"special": at_report(lambda path, data: member(path, data, magic=b"ustar  \0", prefix=b"deep"))},
            "an unknown magic": {"special": at_report(lambda path, data: member(path, data, magic=b"ustar1\0\0"))},
            "another size": {"special": at_report(lambda path, data: pax((b"size", b"20")) + member(path, data))},
            "sparse by another name": {"special": at_report(lambda path, data: pax((b"SCHILY.realsize", b"20")) + member(path, data))},
            "a file with a folder's name": {"special": at_report(lambda path, data: member(path + b"/", data))},
            "a name for nothing": {"special": lambda *_: None, "behind": pax((b"path", b"ev/x")) + b"\0" * 1024},
            "a time that not every reader has": {"special": at_report(lambda path, data: pax((b"mtime", b"-99999999999999999999")) + member(path, data))},
            "a time that is none": {"special": at_report(lambda path, data: pax((b"mtime", b"soon")) + member(path, data))},
            "a folder where a file was": {"special": lambda *_: None, "behind": member(b"ev/report.html/", b"", kind=b"5") + b"\0" * 1024},
            "a file where a folder was": {"special": lambda *_: None, "behind": member(b"ev/report.html/x", b"x") + b"\0" * 1024},
            "a size below nothing": {"special": at_report(lambda path, data: sized(path, data, b"\xff" * 12))},
            "a link's own data": {"special": at_report(lambda path, data: member(path, data, kind=b"1"))},
            "a sparse file": {"special": at_report(lambda path, data: member(path, data, kind=b"S", magic=b"ustar  \0"))},
            "nothing between two slashes": {"special": at_report(lambda path, data: member(b"ev//report.html", data))},
            "a dot on the way": {"special": at_report(lambda path, data: member(b"ev/./report.html", data))},
            **{"a size with %s" % what: {"special": at_report(lambda path, data, form=form: sized(path, data, (form % len(data)).ljust(12, b"\0")))}
               for what, form in (("a sign", b"+%o"), ("a prefix", b"0o%o"), ("a line", b"0_%o"), ("a NUL before it", b"\0%o"), ("digits behind a NUL", b"%o\0007"))},
            "no end": {"special": lambda *_: None, "behind": b""},
            "something behind": {"special": lambda *_: None, "behind": b"\0" * 1024 + b"x"},
        }
        for name, words in cases.items():
            with self.subTest(name=name):
                done = self.archive(**words)
                self.assertEqual(done.returncode, 2, done.stdout)
                self.assertIn("odd.tar: block ", done.stderr)
                self.assertIn(self.audited(), (1, 2))

    def test_an_archive_that_finds_no_room_is_not_begun(self):
        """Most of it is a hole: it takes a block, and says that it has 8 TiB."""
        file = self.path / "holes.tar"
        file.write_bytes(member(b"ev/manifest.json", b""))
        os.truncate(file, 8 << 40)
        if shutil.disk_usage(self.path).free > 8 << 40:
            self.skipTest("there is room for it")
        done = common.sgproof("verify", file)
        self.assertEqual(done.returncode, 3)
        self.assertRegex(done.stderr, r"holes.tar: has 8796093022208 bytes, and .* has room for [0-9]+ ")

    def test_many_entries_are_no_evidence(self):
        file = self.path / "many.tar"
        file.write_bytes(member(b"e", b"", kind=b"5") * 100001)
        done = common.sgproof("verify", file)
        self.assertEqual(done.returncode, 2)
        self.assertIn("more files and folders than evidence has", done.stderr)


class Edited(Golden):
    """Other commands take evidence folders too: edited ones they refuse, as `report` does."""

    def copied(self):
        copy = self.path / "edited"
        shutil.rmtree(copy, True)
        shutil.copytree(self.evidence, copy)
        return copy

    def edited(self, name, old, new):
        copy = self.copied()
        text = (copy / name).read_text()
        self.assertIn(old, text)
        (copy / name).write_text(text.replace(old, new, 1))
        return copy

    def commands(self, folder):
        snapshot = self.evidence / "before"
        return {"baseline": ["reconcile", snapshot, self.evidence / "observations.jsonl", "--vantage", "203.0.113.7", "--baseline", folder],
                "report": ["report", folder], "report's baseline": ["report", self.evidence, "--baseline", folder],
                "before": ["diff", folder, self.evidence], "after": ["diff", self.evidence, folder],
                "run's baseline": ["run", "--snapshot", snapshot, "--only", "127.0.0.0/8", "--no-history", "--vantage", "203.0.113.7", "--estimate",
                                   "--out", self.path / "never", "--baseline", folder],
                "previous": ["run", "--snapshot", snapshot, "--only", "127.0.0.0/8", "--no-history", "--vantage", "203.0.113.7", "--estimate",
                             "--out", self.path / "never", "--previous", folder]}

    def test_the_second_opinion_takes_the_same_archives(self):
        judged = []
        for form, inside, takes in ((tarfile.USTAR_FORMAT, "", True), (tarfile.USTAR_FORMAT, "e/", True), (tarfile.GNU_FORMAT, "e/", True), ("v7", "e/", False)):
            archive = self.path / "of a form.tar"
            with tarfile.open(archive, "w", format=tarfile.USTAR_FORMAT if form == "v7" else form) as tar:
                for path in sorted(p for p in self.evidence.rglob("*") if p.is_file()):
                    tar.add(path, inside + path.relative_to(self.evidence).as_posix())
            if form == "v7":
                data = bytearray(archive.read_bytes())
                for at in (one.offset for one in tarfile.open(archive).getmembers()):
                    data[at + 257:at + 345] = bytes(88)
                    data[at + 148:at + 156] = b" " * 8
                    data[at + 148:at + 156] = b"%06o\0 " % sum(data[at:at + 512])
                archive.write_bytes(data)
            ours = common.sgproof("verify", archive, "--key", GOLDEN / "key.pub.pem").returncode
            theirs = subprocess.run([sys.executable, common.TOP / "scripts/audit", archive, "--key", GOLDEN / "key.pub.pem"], capture_output=True).returncode
            judged.append((form, inside, (ours == 2, theirs == 2), takes))
        for form, inside, refused, takes in judged:
            self.assertEqual(refused, (not takes, not takes), (form, inside))

    def test_an_edited_folder_is_refused_by_all_and_a_whole_one_by_none(self):
        for edit, says in ((("verdicts.json", '"observed": "open"', '"observed": "closed"'), "is not what the manifest holds the hash of"),
                           (("manifest.json", '"complete": true', '"complete": false'), "run_id is not its own hash")):
            folder = self.edited(*edit)
            for name, words in self.commands(folder).items():
                with self.subTest(edit=edit[0], name=name):
                    done = common.sgproof(*words)
                    self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
                    self.assertIn(says, done.stderr)
        for name, words in self.commands(self.evidence).items():
            with self.subTest(name=name):
                done = common.sgproof(*words)
                if words[0] == "run":  # the folder was taken, and nothing may be sent
                    self.assertIn("lies outside --only: nothing was sent", done.stderr)
                else:
                    self.assertNotEqual(done.returncode, 2, done.stderr)

    def named(self, folder):
        """Commands that are given one file, or folder, of an evidence folder: which it is, and the words."""
        at, clean, only = (lambda name: str(folder / name)), self.evidence / "before", ["--only", "127.0.0.0/8"]
        run = ["run", "--snapshot", clean, *only, "--no-history", "--vantage", "203.0.113.7", "--estimate", "--out", self.path / "never"]
        document = min(path.relative_to(folder).as_posix() for path in (folder / "before").glob("*.json"))
        return [("observations.jsonl", ["reconcile", clean, at("observations.jsonl")]), ("observations.jsonl", ["reconcile", clean, "--observations", at("observations.jsonl")]),
                ("observations.jsonl", ["reconcile", clean, os.path.relpath(at("observations.jsonl"))]), ("verdicts.json", ["report", at("verdicts.json")]),
                ("verdicts.json", ["report", self.evidence, "--baseline", at("verdicts.json")]), ("verdicts.json", ["plan", clean, "--previous", at("verdicts.json")]),
                ("verdicts.json", [*run, "--baseline", at("verdicts.json")]), ("intent.json", ["plan", clean, "--intent", at("intent.json")]), ("intent.json", [*run, "--intent", at("intent.json")]),
                ("packs/sec-002.json", ["account", clean, "--pack", at("packs/sec-002.json")]), ("packs/sec-002.json", [*run, "--pack", at("packs/sec-002.json")]),
                ("plan.jsonl", ["probe", at("plan.jsonl"), *only]), ("plan.jsonl", ["probe", "--targets", at("plan.jsonl"), *only]),
                ("capture.pcap", ["probe", at("plan.jsonl"), *only, "--from-capture", at("capture.pcap")]),
                (document, ["compute", at("before")]), (document, ["diff", clean, at("before")]), (document, ["compute", at("before/../before/.")]),
                ("packs/sec-002.json", ["compute", at("packs")]), (document, ["run", "--snapshot", at("before"), *only, "--no-history", "--vantage", "203.0.113.7", "--estimate", "--out", self.path / "never"])]

    def test_a_file_inside_an_evidence_folder_is_held_against_its_manifest(self):
        for number, (name, command) in enumerate(self.named(self.evidence)):
            copy = self.copied()
            with self.subTest(name=name, command=command):
                whole = common.sgproof(*command)
                self.assertNotIn("is not what the manifest holds the hash of", whole.stderr)
                there = (copy / name).read_bytes()
                (copy / name).write_bytes(there + b"\n" if not name.endswith(".pcap") else there[:-1])
                done = common.sgproof(*self.named(copy)[number][1])
                self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
                self.assertIn("%s: is not what the manifest holds the hash of: see sgproof verify" % (copy / name), done.stderr)
                self.assertEqual(done.stdout, "")
                linked = self.path / "linked"
                linked.unlink(missing_ok=True)
                linked.symlink_to(copy)
                self.assertIn("is not what the manifest holds the hash of", common.sgproof(*self.named(linked)[number][1]).stderr)

    def test_the_second_opinion_finds_an_empty_folder_too(self):
        folder = self.copied()
        for name in ("before/No findings", "after/audited", "history"):
            (folder / name).mkdir()
            done = subprocess.run([sys.executable, common.TOP / "scripts/audit", folder, "--key", GOLDEN / "key.pub.pem"], capture_output=True, text=True)
            self.assertIn("CONTRADICTS   %s: an empty folder" % name, done.stdout)
            done = common.sgproof("verify", folder, "--key", GOLDEN / "key.pub.pem")
            self.assertEqual(done.returncode, 1)
            self.assertIn(name + ": an empty folder", done.stdout)
            (folder / name).rmdir()

    def test_an_empty_folder_is_no_part_of_the_evidence(self):
        copy = self.copied()
        (copy / "No open ports.").mkdir()
        done = common.sgproof("verify", copy, "--key", GOLDEN / "key.pub.pem")
        self.assertEqual(done.returncode, 1)
        self.assertIn("No open ports.: an empty folder", done.stdout)

    def test_a_file_that_the_manifest_does_not_list_is_none_of_the_evidence(self):
        copy = self.copied()
        shutil.copy(copy / "observations.jsonl", copy / "mine.jsonl")
        done = common.sgproof("reconcile", self.evidence / "before", copy / "mine.jsonl")
        self.assertEqual(done.returncode, 2)
        self.assertIn("mine.jsonl: is no file of the manifest", done.stderr)
        (copy / "manifest.json").write_text((copy / "manifest.json").read_text().replace('"complete": true', '"complete": false'))
        done = common.sgproof("reconcile", self.evidence / "before", copy / "observations.jsonl")
        self.assertEqual(done.returncode, 2)
        self.assertIn("run_id is not its own hash", done.stderr)
        (copy / "manifest.json").write_text("{}")  # somebody else's
        self.assertNotEqual(common.sgproof("reconcile", self.evidence / "before", copy / "mine.jsonl").returncode, 2)


if __name__ == "__main__":
    unittest.main()
