"""The nightly run: its units, its script through several nights, and every block of docs/nightly.md as it stands. Probes go to 127.0.0.1 only."""
import email
import email.policy
import fcntl
import hashlib
import http.server
import json
import os
import pathlib
import re
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
from oracle import estates
from test_evidence import loopback_estate
from test_snapshots import permission

SYSTEMD = common.TOP / "packaging/systemd"
GUIDE = (common.TOP / "docs/nightly.md").read_text()


def blocks(language):
    return re.findall(r"^```%s\n(.*?)^```$" % language, GUIDE, re.M | re.S)


# The AWS CLI before moto, in one process: nothing leaves it.
AWS = """#!%s
import os, sys
from contextlib import redirect_stdout
from moto import mock_aws
import awscli.clidriver
os.environ.update(AWS_ACCESS_KEY_ID="x", AWS_SECRET_ACCESS_KEY="y", AWS_DEFAULT_REGION="eu-west-3")
with mock_aws(), open(os.environ["STATE"] + "/imported", "a") as told, redirect_stdout(told):
    status = awscli.clidriver.create_clidriver().main(sys.argv[1:])
sys.exit(status)
"""


class Nightly(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name)
        self.listen()
        self.port = self.listeners[0].getsockname()[1]
        snapshot = self.path / "snapshot"
        snapshot.mkdir()
        (self.path / "bin").mkdir()
        (self.path / "bin/sgproof").symlink_to(os.path.abspath(common.SGPROOF))
        (self.path / "bin/sgproof-nightly").symlink_to(SYSTEMD / "sgproof-nightly")
        self.stand_in("systemctl", 'echo "$@" >>"$STATE/systemctl"')
        self.admit(self.port)
        rule = {"id": "web", "decision": "allow", "protocol": "tcp", "ports": str(self.port), "owner": "us", "reason": "a test"}
        (self.path / "intent.json").write_text(json.dumps({"schema": "sgproof/intent/v1", "platform": "loopback", "default": "deny", "rules": [
            rule, {"id": "ping", "decision": "allow", "protocol": "icmp", "owner": "us", "reason": "a test"}]}))
        (self.path / "config.json").write_text(json.dumps({"run": {"snapshot": str(snapshot), "vantage": "203.0.113.7", "depth": "declared", "method": "connect", "no-history": True,
                                                                   "intent": str(self.path / "intent.json"), "only": ["127.0.0.0/8"]}}))
        self.environment = {**os.environ, "PATH": "%s:%s" % (self.path / "bin", os.environ["PATH"]), "SGPROOF_CONFIG": str(self.path / "config.json"),
                            "ETC": str(self.path), "STATE": str(self.path)}

    def admit(self, last):
        """The group admits the ports up to this one."""
        estate = loopback_estate(self.port)
        estate["SecurityGroups"][0]["IpPermissions"][0] = permission("tcp", (self.port, last), ["0.0.0.0/0"])
        estates.write(estate, self.path / "snapshot")

    def stand_in(self, name, text):
        (self.path / "bin" / name).write_text("#!/bin/sh\n%s\n" % text)
        (self.path / "bin" / name).chmod(0o755)

    def listen(self):
        """On a port whose next one is free."""
        for _ in range(100):
            first = socket.create_server(("127.0.0.1", 0))
            with socket.socket() as second:
                try:
                    second.bind(("127.0.0.1", first.getsockname()[1] + 1))
                except OSError:
                    first.close()
                    continue
            self.listeners = [first]
            self.addCleanup(first.close)
            return
        self.fail("no two ports beside each other are free")

    def night(self, *words, status=0, **environment):
        done = subprocess.run(["sgproof-nightly", self.path / "evidence", *words], capture_output=True, text=True, env={**self.environment, **environment}, timeout=120)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def evidence(self):
        return sorted(path.name for path in (self.path / "evidence").iterdir() if path.name[0] in "0123456789")

    def test_it_is_silent_while_nothing_is_wrong_tells_what_is_new_once_and_keeps_so_many(self):
        self.assertEqual(self.night("2"), "")
        first, = self.evidence()
        self.assertEqual(os.readlink(self.path / "evidence/latest"), first)
        (self.path / "evidence/20200101T000000Z").mkdir()  # no evidence: somebody's own
        (self.path / "evidence/notes").mkdir()
        self.admit(self.port + 1)
        new = socket.create_server(("127.0.0.1", self.port + 1))
        self.addCleanup(new.close)
        told = self.night("3", status=1)
        self.assertIn("%d/tcp" % (self.port + 1), told)
        self.assertIn("critical", told)
        again = self.night("3")
        self.assertRegex(again, r"^Still there, as in the baseline: 1 ports critical, 0 high\n$")
        newest = self.evidence()[-2:]
        self.assertEqual(self.night("--keep", "2"), again)
        self.assertEqual(self.evidence(), ["20200101T000000Z", newest[-1], os.readlink(self.path / "evidence/latest")])
        self.assertTrue((self.path / "evidence/notes").is_dir())
        self.assertFalse((self.path / "evidence" / first).exists())
        hashes = [json.loads((self.path / "evidence" / name / "manifest.json").read_text()) for name in self.evidence()[1:]]
        self.assertEqual(hashes[1]["previous"], hashlib.sha256((self.path / "evidence" / newest[-1] / "manifest.json").read_bytes()).hexdigest())

    def test_a_night_that_fails_leaves_the_last_one_as_it_is(self):
        self.night()
        last = self.evidence()
        self.assertIn("nothere", self.night("30", "--intent", "nothere", status=2))
        for words in (["0"], ["--keep", "0"], ["--keep=x"], ["--keep"], [""]):
            self.assertIn("expected a number from 1 on", self.night(*words, status=2))
        self.assertEqual((self.evidence(), os.readlink(self.path / "evidence/latest")), (last, last[0]))
        with open(self.path / "evidence/.lock") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.assertIn("another run is under way", self.night(status=2))
        self.assertIn("cannot", self.night(status=3, SGPROOF_TEXTFILE="/nonexistent/x.prom"))

    def test_every_block_of_the_guide_runs_as_it_stands(self):
        said = json.loads(blocks("json")[0])
        self.assertEqual(common.sgproof("plan", common.SAMPLE, "--vantage", "203.0.113.7", "--depth", "declared", "--config", self.as_file(json.dumps({"run": said["run"]}))).returncode, 0)
        self.stand_in("sendmail", 'cat >>"$STATE/mail"; [ "$*" = -t ]')
        python = common.python_with_moto()
        (self.path / "bin/aws").write_text(AWS % python if python else '#!/bin/sh\necho "$@" >>"$STATE/imported"\n')
        (self.path / "bin/aws").chmod(0o755)
        for text in blocks("sh"):
            if "sendmail" in text:  # something is to be told
                self.admit(self.port + 1)
                new = socket.create_server(("127.0.0.1", self.port + 1))
            done = subprocess.run(["bash", "-eu", "-o", "pipefail", "-c", text], env=self.environment, capture_output=True, text=True, timeout=120)
            self.assertEqual(done.returncode, 0, text + done.stdout + done.stderr)
            if "sendmail" in text:
                new.close()
                self.admit(self.port)
        self.assertEqual((self.path / "systemctl").read_text().splitlines()[1], "enable --now sgproof.timer")
        self.assertIn("sgproof_run_end_timestamp_seconds", (self.path / "sgproof.prom").read_text())
        self.assertEqual(len(self.evidence()), 3)
        self.assertEqual(stat.S_IMODE((self.path / "sgproof.prom").stat().st_mode), 0o644)  # the collector is another user
        mail = email.message_from_string((self.path / "mail").read_text(), policy=email.policy.default)
        self.assertEqual((mail["To"], mail["Subject"]), ("security@example.com", "sgproof: exit status 1"))
        self.assertIn("%d/tcp" % (self.port + 1), mail.get_content())
        imported = (self.path / "imported").read_text()
        self.assertTrue(imported.startswith("0\n") if python else "--cli-input-json" in imported, imported)
        self.assertEqual(json.loads((self.path / "sgproof.sarif").read_text())["version"], "2.1.0")
        self.assertTrue((self.path / "sgproof.xml").read_text().startswith("<?xml"))
        shutil.rmtree(self.path / "evidence")  # in which a service was seen that is gone
        entry = re.search(r"^17 2 \* \* \* sgproof (.*)$", blocks("cron")[0], re.M)[1]
        entry = entry.replace("/etc/sgproof", str(self.path)).replace("/var/lib/sgproof", str(self.path))
        done = subprocess.run(["sh", "-c", entry], env=self.environment, capture_output=True, text=True, timeout=120)
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))

    def as_file(self, text):
        (self.path / "given.json").write_text(text)
        return self.path / "given.json"


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.server.got.append((self.headers["Content-Type"], self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
        if self.server.status:
            self.send_response(self.server.status)
            self.end_headers()
        else:
            self.server.over.wait(60)  # no answer

    def log_message(self, *_):
        pass


class Notify(Nightly):
    test_it_is_silent_while_nothing_is_wrong_tells_what_is_new_once_and_keeps_so_many = None
    test_a_night_that_fails_leaves_the_last_one_as_it_is = None
    test_every_block_of_the_guide_runs_as_it_stands = None

    def receiver(self, status):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
        server.got, server.status, server.over = [], status, threading.Event()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.addCleanup(server.over.set)
        return server, "http://127.0.0.1:%d/services/SECRET" % server.server_address[1]

    def test_it_posts_once_how_many_findings_there_are_and_no_evidence(self):
        server, url = self.receiver(200)
        self.night("30", "--notify", url)
        self.assertEqual(server.got, [])
        self.admit(self.port + 1)
        with socket.create_server(("127.0.0.1", self.port + 1)):
            self.night("30", "--notify=" + url, status=1)
            self.assertEqual(server.got, [("application/json", "/services/SECRET", {"text": "sgproof: loopback: 1 ports critical, 0 high (exit status 1)"})])
            self.night("30", "--notify", url)  # it is known
        self.assertEqual(len(server.got), 1)
        for manifest in (self.path / "evidence").glob("2*/manifest.json"):
            command = json.loads(manifest.read_text())["claims"]["command"]
            self.assertTrue("--notify=***" in command or command[command.index("--notify") + 1] == "***", command)
        self.assertEqual([file for file in (self.path / "evidence").rglob("*") if file.is_file() and b"SECRET" in file.read_bytes()], [])

    def test_that_nobody_was_told_is_said_with_status_4_and_the_evidence_is_there(self):
        self.admit(self.port + 1)
        refused, _ = self.receiver(503)
        silent, _ = self.receiver(None)
        for number, (port, say) in enumerate(((refused.server_address[1], "HTTP status 503"), (silent.server_address[1], "nobody was told"), (1, "nobody was told")), 1):
            shutil.rmtree(self.path / "evidence", ignore_errors=True)
            began = time.monotonic()
            told = self.night("30", "--notify", "http://127.0.0.1:%d/services/SECRET" % port, status=4)
            self.assertLess(time.monotonic() - began, 30)
            self.assertIn(say, told)
            self.assertNotIn("SECRET", told)
            self.assertEqual(len(self.evidence()), 1)
        self.assertEqual((len(refused.got), len(silent.got)), (1, 1))

    def test_what_is_no_url_is_refused_before_anything_is_done(self):
        for url in ("hooks.example/x", "ftp://127.0.0.1/SECRET", ""):
            told = self.night("30", "--notify", url, status=2)
            self.assertIn("--notify: expected a URL", told)
            self.assertNotIn("SECRET", told)
        self.assertEqual(self.evidence(), [])


class Units(unittest.TestCase):
    @unittest.skipUnless(shutil.which("systemd-analyze"), "systemd-analyze is not installed")
    def test_systemd_finds_nothing_wrong_with_them(self):
        with tempfile.TemporaryDirectory() as folder:
            place = pathlib.Path(folder)
            shutil.copy(SYSTEMD / "sgproof-nightly", place)
            (place / "sgproof.service").write_text((SYSTEMD / "sgproof.service.in").read_text().replace("@bindir@", folder))
            shutil.copy(SYSTEMD / "sgproof.timer", place)
            done = subprocess.run(["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", place / "sgproof.service", place / "sgproof.timer"], capture_output=True, text=True)
            ours = [line for line in done.stderr.splitlines() if "sgproof" in line]
            self.assertEqual((done.returncode, ours), (0, []), done.stderr)
            done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", place / "sgproof.service"], capture_output=True, text=True)
            level = re.search(r"Overall exposure level for sgproof.service: ([\d.]+)", done.stdout)
            self.assertTrue(level, done.stdout + done.stderr)
            self.assertLess(float(level[1]), 2.5, done.stdout)

    def test_the_service_has_one_capability_and_calls_a_script_that_is_installed(self):
        text = (SYSTEMD / "sgproof.service.in").read_text()
        self.assertEqual(set(re.findall(r"^(?:Ambient|Bounding|CapabilityBounding)\w*=(.*)$", text, re.M)), {"CAP_NET_RAW"})
        self.assertIn("packaging/systemd/sgproof-nightly", (common.TOP / "meson.build").read_text())


if __name__ == "__main__":
    unittest.main()
