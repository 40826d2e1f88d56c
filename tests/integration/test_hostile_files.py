"""Files: nothing that documents, answers or other people's links say leads us to write where we were not told to.
Probes go to 127.0.0.1 only."""
import json
import os
import pathlib
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path[:0] = [os.path.dirname(__file__), os.path.join(os.path.dirname(__file__), "..")]
import common
from test_evidence import Bundles
from test_read import KEYS, REGION, Script, sgproof as quiet

COMPUTE = ["compute", str(common.SAMPLE), "--format", "json"]


def mode(path):
    return stat.S_IMODE(os.lstat(path).st_mode)


def tree(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*"))


class Answers(Script):
    """Parts of paths and of host names that AWS's answers give."""

    def identity(self, account):
        return [(200, {}, self.IDENTITY.replace("<Account>111122223333", "<Account>" + account))]

    def test_an_account_that_is_none_is_refused_and_nothing_is_written(self):
        (self.path / "a/b").mkdir(parents=True)
        for account in ("../../PWNED3", "..", "/tmp/PWNED", "12345678901", "1111222233334", "11112222333a", "111122223333/..", "111122223333&#10;"):
            with self.subTest(account=account):
                self.script["GetCallerIdentity"] = self.identity(account)
                done = self.read("--max-attempts", "1", folder="a/b/c")
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertIn("expected 12 digits", done.stderr)
                self.assertEqual(tree(self.path), ["a", "a/b"])

    def test_an_arn_and_a_profile_s_name_add_no_line(self):
        self.script["GetCallerIdentity"] = [(200, {}, self.IDENTITY.replace("</Arn>", "&#10;FORGED ok&#x2028;</Arn>"))]
        for words in (["--whoami"], [self.path / "a"]):
            done = quiet("read", *words, "--region", REGION, "--endpoint-url", self.url, "--max-attempts", "1", env=KEYS)
            self.assertIn(done.returncode, (0, 3), done.stderr)
            self.assertIn("?FORGED ok?", done.stdout)

    def regions(self, *names):
        return [(200, {}, "<DescribeRegionsResponse><regionInfo>%s</regionInfo></DescribeRegionsResponse>" % "".join(
            "<item><regionName>%s</regionName></item>" % name for name in names))]

    def test_a_region_that_is_none_is_unread_and_the_others_are_read(self):
        (self.path / "a/b").mkdir(parents=True)
        self.script["DescribeRegions"] = self.regions("../../../PWNED2", REGION, "..", "x/y", "evil.example/", "UPPER", "a" * 64)
        done = quiet("read", self.path / "a/b/c", "--region", "all", "--endpoint-url", self.url, "--max-attempts", "1", env=KEYS)
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertEqual([p.name for p in self.path.iterdir()], ["a"])
        self.assertEqual([p.name for p in (self.path / "a/b").iterdir()], ["c"])
        self.assertEqual(sorted(p.name for p in (self.path / "a/b/c/111122223333").iterdir()), [REGION, "global"])
        told = [u["message"] for u in json.loads((self.path / "a/b/c/snapshot.json").read_text())["unread"] if u["operation"] == "DescribeRegions"]
        self.assertEqual(len(told), 6)
        self.assertTrue(all(m.endswith("expected a name such as eu-west-3") for m in told), told)

    def test_accounts_of_an_organization_that_are_none_are_unread(self):
        self.script["ListAccounts"] = [(200, {}, json.dumps({"Accounts": [
            {"Id": "../../PWNED", "Status": "ACTIVE"}, {"Id": "111122223333", "Status": "ACTIVE"}]}))]
        (self.path / "a").mkdir()
        done = self.read("--max-attempts", "1", "--org", "--role-name", "audit", folder="a/b")
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("../../PWNED", self.unread_in("a/b")["ListAccounts"]["message"])
        self.assertEqual([p.name for p in self.path.iterdir()], ["a"])
        self.assertFalse([form for action, form, _ in self.seen if action == "AssumeRole"])

    def unread_in(self, folder):
        return {u["operation"]: u for u in self.record(folder)["unread"]}

    def test_ids_of_prefix_lists_name_files_in_the_region_only(self):
        names = ["../../../PWNED", "..", "pl-1/../../..", "/etc/x", "x" * 300]
        self.script["DescribeManagedPrefixLists"] = [(200, {}, "<DescribeManagedPrefixListsResponse><prefixListSet>%s</prefixListSet>"
                                                      "</DescribeManagedPrefixListsResponse>" % "".join(
                                                          "<item><prefixListId>%s</prefixListId></item>" % name for name in names))]
        (self.path / "a").mkdir()
        done = self.read("--max-attempts", "1", folder="a/b")
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertEqual([p.name for p in self.path.iterdir()], ["a"])
        here = self.path / "a/b"
        for path in here.rglob("*"):
            self.assertLessEqual(len(path.relative_to(here).parts), 3)
        self.assertIn("cannot name a file", self.unread_in("a/b")["GetManagedPrefixListEntries"]["message"])  # 300 letters
        self.assertEqual(len([p for p in here.rglob("get-managed-prefix-list-entries*")]), 4)

    def test_a_region_of_the_environment_or_profile_is_a_name_too(self):
        config = self.path / "config"
        config.write_text("[default]\nregion = evil.example/\nsso_start_url = https://x\nsso_region = evil.example/#\nsso_account_id = 111122223333\n"
                          "sso_role_name = r\n")
        for env, words in (({"AWS_REGION": "evil.example/", **KEYS}, ["--region", "all"]), ({"AWS_CONFIG_FILE": str(config), **KEYS}, []),
                           ({"AWS_CONFIG_FILE": str(config)}, ["--region", REGION])):
            done = quiet("read", self.path / "estate", *words, "--endpoint-url", self.url, env=env)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn("expected a name such as eu-west-3", done.stderr)
        self.assertEqual(self.seen, [])

    def test_a_snapshot_is_its_owners(self):
        self.read("--max-attempts", "1")
        for path in [self.path / "estate", *(self.path / "estate").rglob("*")]:
            self.assertEqual(mode(path), 0o700 if path.is_dir() else 0o600, path)


class Outputs(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.here = pathlib.Path(folder.name)
        self.whole = common.sgproof(*COMPUTE).stdout
        old = os.umask(0o022)
        self.addCleanup(os.umask, old)

    def write(self, path, status=None, **more):
        done = subprocess.run([common.SGPROOF, *COMPUTE, "-o", path], text=True, capture_output=True, cwd=self.here, timeout=60, **more)
        self.assertNotIn("Sanitizer", done.stderr)
        self.assertIn(done.returncode, (0, 3) if status is None else (status,), done.stderr)
        return done

    def test_what_is_planted_under_a_temporary_name_is_neither_followed_nor_in_the_way(self):
        victim = self.here / "victim"
        victim.write_text("dear")
        for pid in range(300, 40000):  # the names that were once used
            (self.here / ("out.tmp-%d" % pid)).symlink_to(victim)
        self.write(self.here / "out")
        self.assertEqual((self.here / "out").read_text(), self.whole)
        self.assertEqual(victim.read_text(), "dear")
        self.assertFalse((self.here / "out").is_symlink())

    def test_modes_are_kept_and_new_files_are_the_umasks(self):
        for given in (0o600, 0o640, 0o644, 0o660, 0o400):
            out = self.here / ("out%o" % given)
            out.write_text("before")
            out.chmod(given)
            self.write(out)
            self.assertEqual((mode(out), out.read_text()), (given, self.whole))
        self.write(self.here / "new")
        self.assertEqual(mode(self.here / "new"), 0o644)

    def test_relative_places_are_of_the_current_folder(self):
        (self.here / "below").mkdir()
        (self.here / "link").symlink_to("below/there")
        for path, there in (("out", "out"), ("./out2", "out2"), ("below/out", "below/out"), ("below/../out3", "out3"), ("link", "below/there")):
            self.write(path)
            self.assertEqual((self.here / there).read_text(), self.whole)

    @unittest.skipUnless(os.geteuid() == 0, "only root gives files away")
    def test_what_was_anothers_is_root_s_alone_as_nothing_may_be_given_away(self):
        """Root's right over owners is given up like all others; the group of what is root's is no longer known."""
        out = self.here / "out"
        out.write_text("before")
        out.chmod(0o664)
        os.chown(out, 1234, 1235)
        self.write(out)
        self.assertEqual((out.stat().st_uid, out.stat().st_gid, mode(out), out.read_text()), (0, 0, 0o600, self.whole))

    def test_a_link_stays_and_what_it_points_to_is_written(self):
        (self.here / "there").mkdir()
        target, chain = self.here / "there/target", [self.here / ("link%d" % i) for i in range(4)]
        target.write_text("before")
        target.chmod(0o600)
        chain[0].symlink_to("there/target")
        for i in range(1, 4):
            chain[i].symlink_to(chain[i - 1] if i % 2 else chain[i - 1].name)
        for link in chain:
            target.write_text("before")
            self.write(link)
            self.assertTrue(link.is_symlink())
            self.assertEqual((target.read_text(), mode(target)), (self.whole, 0o600))
        self.assertEqual(tree(self.here / "there"), ["target"])
        fresh = self.here / "fresh"
        fresh.symlink_to("there/new")  # to what is not there yet
        self.write(fresh)
        self.assertTrue(fresh.is_symlink())
        self.assertEqual((self.here / "there/new").read_text(), self.whole)
        for name, to in (("loop", "loop"), ("nowhere", "no/such/folder/x")):
            (self.here / name).symlink_to(to)
            self.assertIn("cannot be written", self.write(self.here / name, 2).stderr)
            self.assertTrue((self.here / name).is_symlink())

    @unittest.skipUnless(os.geteuid() == 0, "only root gives links away")
    def test_somebody_elses_link_in_a_folder_that_all_may_write_to_is_not_followed(self):
        shared, victim = self.here / "shared", self.here / "victim"
        shared.mkdir()
        shared.chmod(0o1777)
        victim.write_text("dear")
        (shared / "out").symlink_to(victim)
        os.lchown(shared / "out", 1234, 1234)
        self.assertIn("is somebody else's link", self.write(shared / "out", 2).stderr)
        self.assertEqual(victim.read_text(), "dear")
        os.lchown(shared / "out", 0, 0)
        self.write(shared / "out")
        self.assertEqual(victim.read_text(), self.whole)

    @unittest.skipUnless(os.geteuid() == 0, "only root gives links away")
    def test_somebody_elses_link_in_such_a_folder_is_no_history(self):
        shared, victim = self.here / "all", self.here / "victim.sqlite"
        shared.mkdir()
        shared.chmod(0o1777)
        for name in ("h.sqlite", "h.sqlite-wal", "h.sqlite-shm", "h.sqlite-journal"):
            (shared / name).symlink_to(victim)
            os.lchown(shared / name, 1234, 1234)
            done = common.sgproof("history", "--history", shared / "h.sqlite")
            self.assertEqual(done.returncode, 2)
            self.assertIn("is somebody else's link", done.stderr)
            self.assertFalse(victim.exists())
            (shared / name).unlink()

    def test_devices_and_pipes_are_written_to_and_stay(self):
        pipe = self.here / "pipe"
        os.mkfifo(pipe)
        link = self.here / "link"
        link.symlink_to(pipe)
        for path in (pipe, link):
            heard = []
            reader = threading.Thread(target=lambda: heard.append(pipe.read_text()))
            reader.start()
            self.write(path)
            reader.join(30)
            self.assertEqual(heard, [self.whole])
            self.assertTrue(stat.S_ISFIFO(os.lstat(pipe).st_mode) and link.is_symlink())
        waiting = subprocess.Popen([common.SGPROOF, *map(str, COMPUTE), "-o", pipe], stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
        self.assertIn("is a named pipe that nobody reads: waiting for a reader", waiting.stderr.readline())
        self.assertEqual(pipe.read_text(), self.whole)
        waiting.communicate(timeout=30)
        null = os.stat("/dev/null")
        self.write("/dev/null")
        self.assertEqual(os.stat("/dev/null").st_rdev, null.st_rdev)
        self.assertTrue(stat.S_ISCHR(os.stat("/dev/null").st_mode))

    def test_stdout_by_its_name_is_stdout_whatever_it_is(self):
        before = os.lstat("/dev/stdout")
        for path in ("/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"):
            with self.subTest(path=path, to="pipe"):
                self.assertEqual(self.write(path).stdout, self.whole)
            out = self.here / "redirected"
            for how, first in (("wb", b""), ("ab", b"first\n")):
                out.write_bytes(b"" if how == "wb" else first)
                with self.subTest(path=path, to=how), open(out, how) as file:
                    done = subprocess.run([common.SGPROOF, *COMPUTE, "-o", path], stdout=file, stderr=subprocess.PIPE, text=True)
                    self.assertIn(done.returncode, (0, 3), done.stderr)
                    self.assertEqual(out.read_bytes(), first + self.whole.encode())
        with open(self.here / "gone", "w+b") as file:  # a file without a name
            os.unlink(self.here / "gone")
            subprocess.run([common.SGPROOF, *COMPUTE, "-o", "/dev/stdout"], stdout=file, check=False)
            file.seek(0)
            self.assertEqual(file.read().decode(), self.whole)
        after = os.lstat("/dev/stdout")
        self.assertEqual((before.st_ino, before.st_mode), (after.st_ino, after.st_mode))
        self.assertEqual([p for p in os.listdir("/dev") if ".tmp-" in p], [])

    def test_a_descriptor_that_takes_nothing_is_told_before_anything_is_done(self):
        with open(os.devnull, "rb") as nothing:
            for path in ("/dev/fd/77", "/dev/stdin"):
                self.assertIn("cannot be written", self.write(path, 2, stdin=nothing).stderr)

    def test_names_at_the_limit_can_be_written(self):
        for name in ("n" * 255, "\u00e9" * 127):
            self.write(self.here / name)
            self.assertEqual((self.here / name).read_text(), self.whole)
        self.assertIn("cannot be written", self.write(self.here / ("n" * 256), 2).stderr)
        self.assertEqual([p for p in tree(self.here) if ".tmp-" in p], [])

    def test_folders_are_no_files(self):
        for path in (self.here, str(self.here) + "/", "/", "."):
            self.write(path, 2)

    def test_the_folder_is_synced_after_the_name_is_given(self):
        if not os.path.exists("/usr/bin/strace"):
            self.skipTest("strace is not installed")
        done = subprocess.run(["strace", "-f", "-e", "trace=fsync,rename,renameat,renameat2", common.SGPROOF, *COMPUTE, "-o", self.here / "out"],
                              text=True, capture_output=True, env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})
        calls = [line.split("(")[0].split()[-1] for line in done.stderr.splitlines() if "(" in line and "= 0" in line]
        self.assertEqual(calls[-3:], ["fsync", "renameat", "fsync"], done.stderr[-2000:])


class Evidence(Bundles):
    def test_evidence_and_what_a_run_prints_are_their_owners(self):
        old = os.umask(0o022)
        self.addCleanup(os.umask, old)
        with tempfile.TemporaryDirectory() as folder:
            out, history = pathlib.Path(folder) / "e", pathlib.Path(folder) / "h/h.sqlite"
            done = common.sgproof("run", "--snapshot", self.snapshot, "--out", out, "--vantage", "203.0.113.7", "--depth", "declared",
                                  "--history", history, "--sign", self.key, "-o", out.parent / "printed", *common.ONLY)
            self.assertIn(done.returncode, (0, 1), done.stderr)
            for path in [out, *out.rglob("*"), history, history.parent, out.parent / "printed"]:
                self.assertEqual(mode(path), 0o700 if path.is_dir() else 0o600, path)

    def test_what_is_evidence_beside_a_bundle_is_its_owners_too(self):
        old = os.umask(0o022)
        self.addCleanup(os.umask, old)
        with tempfile.TemporaryDirectory() as folder:
            here = pathlib.Path(folder)
            done = common.sgproof("probe", "--targets", "-", *common.ONLY, "-o", here / "seen", "--state", here / "state", "--capture", here / "pcap",
                                  "--method", "auto" if os.geteuid() == 0 else "connect", "--timeout", "100", stdin="127.0.0.1 tcp %d\n" % self.port)
            self.assertIn(done.returncode, (0, 3) if os.geteuid() == 0 else (2,), done.stderr)
            self.assertEqual(common.sgproof("report", self.one, "--format", "tar", "-o", here / "one.tar").returncode, 0)
            made = sorted(here.iterdir())
            self.assertIn(here / "one.tar", made)
            self.assertEqual({path.name: mode(path) for path in made}, {path.name: 0o600 for path in made})

    def test_nothing_is_written_into_evidence(self):
        inside, before = self.one / "x.html", tree(self.one)
        link = self.path / "by-link"
        link.symlink_to(self.one / "report.html")
        self.addCleanup(link.unlink)
        for words in (["report", self.one, "-o", inside], ["report", self.one, "-o", self.one / "report.html"],
                      ["report", self.one, "-o", self.one / "before" / "x"], ["report", self.one, "-o", link],
                      ["compute", self.snapshot, "-o", self.one / "manifest.json"],
                      ["probe", "--targets", os.devnull, "--capture", self.one / "capture.pcap", *common.ONLY],
                      ["probe", "--targets", os.devnull, "--state", self.one / "state", *common.ONLY],
                      ["keygen", self.one / "key.pem"], ["keygen", "key.pem", "--public", self.one / "key.pub.pem"],
                      ["run", "--snapshot", self.snapshot, "--out", self.one / "again", "--no-history", *common.ONLY],
                      ["run", "--snapshot", self.snapshot, "--out", link.parent / "again", "--history", self.one / "h.sqlite", *common.ONLY],
                      ["run", "--snapshot", self.snapshot, "--out", link.parent / "again", "--history", self.one / "nd" / "h.sqlite", *common.ONLY],
                      ["run", "--snapshot", self.snapshot, "--out", link.parent / "again", "--history", self.one / "n" / "d" / "h.sqlite", *common.ONLY],
                      ["read", self.one / "estate", "--region", REGION, "--endpoint-url", "http://127.0.0.1:9"]):
            with self.subTest(words=[str(w) for w in words]):
                done = common.sgproof(*words, cwd=link.parent)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertIn("lies in the evidence folder", done.stderr)
                self.assertEqual(tree(self.one), before)
        self.verify(self.one, "--key", self.public)

    def test_pipes_and_links_in_evidence_are_not_opened(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in ("manifest.json", "verdicts.json"):
                for made in ("pipe", "link"):
                    copy = pathlib.Path(folder) / (name + made)
                    shutil.copytree(self.one, copy)
                    (copy / name).unlink()
                    os.mkfifo(copy / name) if made == "pipe" else (copy / name).symlink_to(self.one / name)
                    run = ["run", "--snapshot", self.snapshot, "--out", copy.parent / "out", "--no-history", *common.ONLY]
                    for words in (["report", copy], ["verify", copy], *([["diff", self.one, copy], [*run, "--baseline", copy]] if name == "verdicts.json" else
                                                                        [[*run, "--previous", copy]])):
                        with self.subTest(name=name, made=made, words=[str(w) for w in words]):
                            done = common.sgproof(*words)
                            self.assertIn(done.returncode, (1, 2), done.stdout + done.stderr)
                            self.assertRegex(done.stdout + done.stderr, "no regular file|is no file of the manifest")
                            self.assertFalse((copy.parent / "out").exists())

    def test_pipes_sockets_and_devices_are_no_inputs(self):
        """Nobody waits for who may never write, or reads without end."""
        with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as made:
            pipe, there = folder + "/pipe", folder + "/socket"
            os.mkfifo(pipe, 0o600)
            made.bind(there)
            plan, run = self.one / "plan.jsonl", ["run", "--snapshot", self.snapshot, "--out", folder + "/out", "--no-history", *common.ONLY]
            aws = ["read", folder + "/estate", "--region", REGION, "--endpoint-url", "http://127.0.0.1:9"]
            for name, kind in ((pipe, "a pipe"), (there, "a socket"), ("/dev/zero", "a device")):
                for words, env in [(words, None) for words in (
                        ["plan", self.snapshot, "--vantage", "203.0.113.7", "--intent", name], ["reconcile", self.snapshot, name], ["report", name],
                        ["diff", self.snapshot, "--terraform", name], ["probe", name, *common.ONLY], ["probe", plan, "--from-capture", name, *common.ONLY],
                        ["probe", "--targets", name, *common.ONLY], ["account", self.snapshot, "--pack", name], ["verify", self.one, "--key", name],
                        [*run, "--sign", name], [*run, "--sign", self.key, "--passphrase-file", name], [*aws, "--ca-bundle", name])] + [
                        (aws, {variable: name}) for variable in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CA_BUNDLE")]:
                    with self.subTest(words=[str(w) for w in words], env=env):
                        done = common.sgproof(*words, env={**KEYS, **(env or {})})
                        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
                        self.assertIn("%s: is %s, expected a file" % (name, kind), done.stderr)

    def test_what_a_shell_opens_is_read(self):
        """<(...), /dev/stdin and -: the bytes may come late."""
        intent = json.dumps({"schema": "sgproof/intent/v1", "platform": "late", "default": "deny", "rules": []}).encode()
        plan = ["plan", str(self.snapshot), "--vantage", "203.0.113.7", "--intent"]
        for path in ("/dev/stdin", "-", "/dev/fd/%d", "/proc/self/fd/%d"):
            out, into = os.pipe()
            with self.subTest(path=path), subprocess.Popen([common.SGPROOF, *plan, path % out if "%" in path else path], stdin=out, pass_fds=[out], stderr=subprocess.PIPE,
                                                           stdout=subprocess.PIPE) as process:
                os.close(out)
                os.write(into, intent[:20])
                time.sleep(0.2)
                os.write(into, intent[20:])
                os.close(into)
                said = process.communicate(timeout=60)
                self.assertEqual(process.returncode, 0, said)
        self.assertEqual(common.sgproof("reconcile", self.snapshot, os.devnull).returncode, common.sgproof("reconcile", self.snapshot, "-", stdin="").returncode)

    def test_a_folder_with_another_programs_manifest_is_none(self):
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "manifest.json").write_text('{"name": "a web page"}')
            self.assertEqual(common.sgproof(*COMPUTE, "-o", pathlib.Path(folder) / "x").returncode, common.sgproof(*COMPUTE).returncode)

    def test_a_snapshots_record_names_no_file_outside(self):
        with tempfile.TemporaryDirectory() as folder:
            here = pathlib.Path(folder)
            for path in pathlib.Path(self.snapshot).rglob("*.json"):
                (here / path.name).write_bytes(path.read_bytes())
            for name in ("../../../../etc/passwd", "/etc/passwd", "."):
                (here / "snapshot.json").write_text(json.dumps({"schema": "sgproof/snapshot/v1", "complete": True, "unread": [],
                                                                "files": [{"file": name, "sha256": "00"}]}))
                self.assertIn("names a file outside of its folder", json.dumps(common.compute(here)["unread"]))


if __name__ == "__main__":
    unittest.main()
