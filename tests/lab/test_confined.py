"""What a running probe or run may still do, as the kernel tells it, and who has the private key. Loopback only."""
import base64
import contextlib
import fcntl
import json
import os
import pathlib
import platform
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.path[:0] = [os.path.dirname(__file__), os.path.join(os.path.dirname(__file__), ".."),
                os.path.join(os.path.dirname(__file__), "../integration")]
import common
from test_evidence import Bundles

CAPABILITIES = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")
CALLS = {"x86_64": (317, 444, 157), "aarch64": (277, 444, 167)}.get(platform.machine())  # seccomp, landlock_create_ruleset, prctl
NOT_THERE = """
import ctypes, os, struct, sys
def jump(code, k, yes, no): return struct.pack("=HBBI", code, yes, no, k)
seccomp, landlock, prctl = map(int, sys.argv[1].split(","))
lines = [jump(0x20, 0, 0, 0), jump(0x15, seccomp, 4, 0), jump(0x15, landlock, 3, 0), jump(0x15, prctl, 0, 3), jump(0x20, 16, 0, 0),
         jump(0x15, 22, 0, 1), jump(0x06, 0x50000 | 38, 0, 0), jump(0x06, 0x7fff0000, 0, 0)]
libc, filter = ctypes.CDLL(None), ctypes.create_string_buffer(b"".join(lines))
program = struct.pack("@HP", len(lines), ctypes.addressof(filter))
if libc.prctl(38, 1, 0, 0, 0) != 0 or libc.prctl(22, 2, program, 0, 0) != 0:
    sys.exit(77)
os.execv(sys.argv[2], sys.argv[2:])
"""  # a kernel without seccomp and Landlock: both are ENOSYS; 77 where there is none to begin with


def status_of(process):
    lines = pathlib.Path("/proc/%d/status" % process).read_text().splitlines()
    return {line.split(":")[0]: line.split(":")[1].strip() for line in lines}


def children_of(process):
    return [int(child) for child in pathlib.Path("/proc/%d/task/%d/children" % (process, process)).read_text().split()]


def holds(process, *needles):
    """Which of these bytes are in the memory of a process."""
    found = set()
    with open("/proc/%d/maps" % process) as maps, open("/proc/%d/mem" % process, "rb", 0) as memory:
        for line in maps:
            low, high = (int(x, 16) for x in line.split()[0].split("-"))
            if line.split()[1][0] != "r" or high - low > 1 << 29:  # a sanitizer's shadow
                continue
            try:
                memory.seek(low)
                data = memory.read(high - low)
            except (OSError, ValueError, OverflowError):
                continue  # [vvar] and its like
            found |= {needle for needle in needles if needle in data}
    return found


class Confined(Bundles):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.said = common.sgproof("compute", cls.snapshot, "-v").stderr
        cls.seccomp = "confined: seccomp" in cls.said and "not confined to its system calls" not in cls.said
        cls.slow = ["--rate", "20", "--tries", "1", "--depth", "full"]

    def begin(self, *words, **options):
        process = subprocess.Popen([common.SGPROOF, *map(str, words)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   text=True, **options)
        self.addCleanup(self.end, process)
        return process

    def end(self, process):
        if process.poll() is None:
            process.kill()
        process.communicate()

    def wait_until_it_probes(self, process, out):
        for _ in range(1000):
            if any(out.parent.glob(out.name + ".tmp-*/evidence/plan.jsonl")) or process.poll() is not None:
                break
            time.sleep(0.02)
        common.wait_until_it_runs(process)
        time.sleep(0.5)
        self.assertIsNone(process.poll(), process.stderr.read() if process.poll() is not None else "")

    def check_rights(self, process):
        status = status_of(process)
        for name in CAPABILITIES if os.geteuid() == 0 else CAPABILITIES[:3]:
            self.assertEqual(int(status[name], 16), 0, name)
        self.assertEqual(status["NoNewPrivs"], "1")
        self.assertEqual(len(set(status["Uid"].split()[:3])), 1, status["Uid"])
        if self.seccomp:
            self.assertEqual(status["Seccomp"], "2")

    def test_a_probe_has_no_capability_and_is_confined(self):
        for method in ("syn", "connect"):
            with self.subTest(method=method), tempfile.TemporaryDirectory() as folder:
                state = pathlib.Path(folder) / "state"
                process = self.begin("probe", "--targets", "-", *common.ONLY, "--method", method, "--state", state, "--rate", "20")
                process.stdin.write("127.0.0.1 tcp 1-60000\n127.0.0.1 icmp\n")
                process.stdin.close()
                process.stdin = None
                common.wait_until_it_runs(process)
                time.sleep(1)
                if process.poll() is not None and "CAP_NET_RAW" in process.stderr.read():
                    self.skipTest("raw sockets are not permitted here")
                self.assertIsNone(process.poll())
                self.check_rights(process.pid)
                kinds = [os.readlink(fd) for fd in pathlib.Path("/proc/%d/fd" % process.pid).iterdir()]
                raw = pathlib.Path("/proc/net/raw").read_text() + pathlib.Path("/proc/net/packet").read_text()
                held = [kind for kind in kinds if kind.startswith("socket:") and kind[8:-1] in raw]
                self.assertEqual(len(held) > 1, method == "syn", held)  # what is not needed is closed

    def run_slowly(self, out, *words, **options):
        process = self.begin("run", "--snapshot", self.snapshot, "--out", out, "--vantage", "203.0.113.7", "--no-history", "--fail-on", "none",
                             *self.slow, *common.ONLY, *words, **options)
        self.wait_until_it_probes(process, out)
        return process

    def test_a_run_has_no_capability_and_only_its_child_has_the_key(self):
        pem = self.key.read_text()
        seed = base64.b64decode("".join(pem.splitlines()[1:-1]))[-32:]
        with tempfile.TemporaryDirectory() as folder:
            passphrase = b"hush hush, nobody knows of it"
            (pathlib.Path(folder) / "passphrase").write_bytes(passphrase + b"\n")
            (pathlib.Path(folder) / "passphrase").chmod(0o600)
            locked = pathlib.Path(folder) / "locked.pem"
            common.sgproof("keygen", locked, "--passphrase-file", folder + "/passphrase")
            for number, (words, secrets) in enumerate((
                    (["--sign", self.key], [seed, pem.splitlines()[1].encode()]),
                    (["--sign", locked, "--passphrase-file", folder + "/passphrase"], [passphrase]))):
                process = self.run_slowly(pathlib.Path(folder) / ("out-%d" % number), *words)
                self.check_rights(process.pid)
                child, = children_of(process.pid)
                self.check_rights(child)
                try:
                    self.assertEqual(holds(process.pid, *secrets), set())
                    if number == 0:
                        self.assertIn(seed, holds(child, seed))  # where it is, it is found
                except PermissionError:
                    self.skipTest("memory of other processes may not be read here")
                self.assertEqual(pathlib.Path("/proc/%d/limits" % child).read_text().split("Max core file size")[1].split()[:2], ["0", "0"])
                sockets = [fd.name for fd in pathlib.Path("/proc/%d/fd" % child).iterdir() if os.readlink(fd).startswith("socket:")]
                self.assertEqual(sockets, ["3"])

    def test_nothing_is_read_before_the_process_is_confined(self):
        """Neither files that options name nor those of AWS's settings; who signs waits for its key confined."""
        if not self.seccomp:
            self.skipTest("no seccomp here")
        with tempfile.TemporaryDirectory() as folder:
            here = pathlib.Path(folder)
            out, into = os.pipe()  # a named one is no input
            fcntl.fcntl(into, fcntl.F_SETPIPE_SZ, 4096)
            pipe = "/dev/fd/%d" % out
            run = ["run", "--out", here / "out", "--no-history", "--sign", self.key, *common.ONLY]
            none = {"AWS_CONFIG_FILE": "/nowhere", "AWS_SHARED_CREDENTIALS_FILE": "/nowhere", "AWS_EC2_METADATA_DISABLED": "true"}
            for words, env in ((run + ["--intent", pipe], none), (run + ["--snapshot", self.snapshot, "--intent", pipe], none), (run, {**none, "AWS_CONFIG_FILE": pipe}),
                               (["read", here / "estate", "--region", "eu-west-3"], {**none, "AWS_SHARED_CREDENTIALS_FILE": pipe}),
                               (["probe", pipe, *common.ONLY], none),
                               (["plan", self.snapshot, "--vantage", "203.0.113.7", "--intent", pipe], none), (["account", self.snapshot, "--pack", pipe], none)):
                with self.subTest(words=words[0], env=env):
                    process = self.begin(*words, env={**os.environ, **none, **env}, pass_fds=[out])
                    os.write(into, b" " * 4097)  # waits until some of it was read
                    for one in [process.pid, *children_of(process.pid)]:
                        self.assertEqual(status_of(one)["Seccomp"], "2", status_of(one)["Name"])
                        self.assertEqual(int(status_of(one)["CapEff"], 16) & ~(1 << 10), 0)  # but to bind, of who binds
                    self.end(process)
                    os.set_blocking(out, False)
                    with contextlib.suppress(BlockingIOError):
                        while os.read(out, 4096):
                            pass
                    os.set_blocking(out, True)
            os.close(out), os.close(into)

    def test_who_signs_survives_the_signals_that_end_a_probe_and_ends_with_the_run(self):
        with tempfile.TemporaryDirectory() as folder:
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                out = pathlib.Path(folder) / ("out-%d" % number)
                process = self.run_slowly(out, "--sign", self.key, start_new_session=True,  # not as nohup has it
                                          preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL))
                child, = children_of(process.pid)
                os.killpg(process.pid, number)  # as a terminal's Ctrl-C, and systemd
                said = process.communicate(timeout=60)[1]
                self.assertEqual(process.returncode, 3, said)
                done = common.sgproof("verify", out, "--key", self.public)
                self.assertRegex(done.stdout, r"(?s)ok +signature.*ok +capture")  # what is there by then follows
                self.assertFalse(os.path.exists("/proc/%d" % child))
            process = self.run_slowly(pathlib.Path(folder) / "killed", "--sign", self.key)
            child, = children_of(process.pid)
            process.kill()
            process.communicate()
            for _ in range(100):
                if not os.path.exists("/proc/%d" % child):
                    break
                time.sleep(0.05)
            self.assertFalse(os.path.exists("/proc/%d" % child))

    def test_where_who_signs_is_gone_the_evidence_is_there_and_says_so(self):
        with tempfile.TemporaryDirectory() as folder:
            out = pathlib.Path(folder) / "out"
            process = self.run_slowly(out, "--sign", self.key)
            os.kill(children_of(process.pid)[0], signal.SIGKILL)
            process.send_signal(signal.SIGINT)
            said = process.communicate(timeout=60)[1]
            self.assertEqual(process.returncode, 3)
            self.assertIn("signature: the process that signs did not", said)
            failed = json.loads((out / "manifest.json").read_text())["failed"]
            self.assertIn("signature", [step["step"] for step in failed])
            self.assertFalse((out / "manifest.sig").exists())

    def test_with_v_it_says_what_is_in_force(self):
        with tempfile.TemporaryDirectory() as folder:
            words = ["run", "--snapshot", self.snapshot, "--vantage", "203.0.113.7", "--depth", "declared", "--no-history", "--fail-on", "none",
                     "--sign", self.key, *common.ONLY]
            said = common.sgproof(*words, "--out", folder + "/out", "-v").stderr
            for what in (r"confined: seccomp: no other program", r"confined: Landlock \(version \d+\): writes to %s/out\.tmp-\w+, %s \(folders only\)" % (folder, folder),
                         r"signer: process \d+: seccomp: reads and writes what is open"):
                if "not confined" not in said:
                    self.assertRegex(said, what)
            self.assertNotIn("confined", common.sgproof(*words, "--out", folder + "/quiet").stderr)

    @unittest.skipUnless(CALLS, "the numbers of the system calls are not known here")
    def test_a_kernel_without_seccomp_and_landlock_is_said_and_the_work_is_done(self):
        before = (sys.executable, "-c", NOT_THERE, ",".join(map(str, CALLS)))
        with tempfile.TemporaryDirectory() as folder:
            for words in (["compute", self.snapshot, "-o", folder + "/exposure"],
                          ["run", "--snapshot", self.snapshot, "--vantage", "203.0.113.7", "--depth", "declared", "--no-history", "--fail-on", "none",
                           "--sign", self.key, "--out", folder + "/out", *common.ONLY]):
                done = common.sgproof(*words, "-v", before=before)
                if done.returncode == 77:
                    self.skipTest("no seccomp here to play such a kernel with")
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertIn("not confined to its system calls: ", done.stderr)
                self.assertIn("not confined to its places: ", done.stderr)
            done = common.sgproof("verify", folder + "/out", "--key", self.public, before=before)
            self.assertRegex(done.stdout, r"ok +signature")

    @unittest.skipUnless(os.geteuid() == 0, "only root makes what is another's")
    def test_root_has_no_right_to_files_of_others_and_is_told_before_the_first_packet(self):
        with tempfile.TemporaryDirectory() as folder:
            os.chown(folder, 1234, 1234)
            os.chmod(folder, 0o755)
            for words in (["compute", self.snapshot, "-o", folder + "/exposure"],
                          ["probe", "--targets", "-", "--capture", folder + "/capture", *common.ONLY],
                          ["run", "--snapshot", self.snapshot, "--vantage", "203.0.113.7", "--no-history", "--out", folder + "/out", *common.ONLY]):
                done = common.sgproof(*words, stdin="127.0.0.1 tcp 9\n")
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertIn("Permission denied", done.stderr)
                self.assertIn("gives up root's right to files of others", done.stderr)
                self.assertEqual(os.listdir(folder), [])


class Binding(unittest.TestCase):
    @unittest.skipUnless(os.geteuid() == 0, "only root binds to such ports")
    def test_udp_leaves_from_source_ports_below_1024_though_who_reads_the_plan_may_not_bind_to_them(self):
        plan = "".join('{"address": "%s", "protocol": "udp", "ports": "53,124", "client_ports": "53", "expect": "reachable", "why": []}\n' % address
                       for address in ("198.51.100.10", "2001:db8:1::10"))
        for method in ("syn", "connect"):
            done = common.alone({"udp": [53]}, "probe", "-", "--only", "198.51.100.0/24", "--only", "2001:db8::/32", "--method", method, stdin=plan)
            self.assertEqual(done.returncode, 0, done.stderr)
            states = [(json.loads(line)["from_port"], json.loads(line)["state"]) for line in done.stdout.splitlines()[:-1]]
            self.assertEqual(states, [(53, "open"), (124, "closed")] * 2, method)
        with tempfile.TemporaryDirectory() as folder:
            common.alone({"udp": [53]}, "probe", "-", "--only", "198.51.100.0/24", "--only", "2001:db8::/32", "--capture", folder + "/c", stdin=plan)
            data, sent = pathlib.Path(folder + "/c").read_bytes(), set()
            at = 24
            while at < len(data):
                size = int.from_bytes(data[at + 8:at + 12], sys.byteorder)
                packet = data[at + 16:at + 16 + size]
                head = 20 if packet[0] >> 4 == 4 else 40
                if packet[9 if head == 20 else 6] == 17:
                    sent.add((head, tuple(sorted((int.from_bytes(packet[head + i:head + i + 2], "big") for i in (0, 2))))))
                at += 16 + size
            self.assertEqual(sent, {(20, (53, 53)), (20, (53, 124)), (40, (53, 53)), (40, (53, 124))})


class Starting(Bundles):
    """credential_process: the only program that is ever started."""

    def test_a_credential_process_is_started_and_its_files_are_its_own(self):
        with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as elsewhere:
            here = pathlib.Path(folder)
            script = here / "credentials.sh"
            script.write_text("#!/bin/sh\ndate > %s/cache\ngrep -E '^(CapEff|NoNewPrivs|Seccomp):' /proc/self/status >> %s/cache\n"
                              "echo '{\"Version\": 1, \"AccessKeyId\": \"AKIA\", \"SecretAccessKey\": \"s\"}'\n" % (elsewhere, elsewhere))
            script.chmod(0o755)
            (here / "config").write_text("[profile p]\nregion = eu-west-3\ncredential_process = %s\n" % script)
            env = {"AWS_CONFIG_FILE": str(here / "config"), "AWS_SHARED_CREDENTIALS_FILE": str(here / "none"), "AWS_EC2_METADATA_DISABLED": "true"}
            done = common.sgproof("read", here / "estate", "--profile", "p", "--endpoint-url", "http://127.0.0.1:9/", "--max-attempts", "1", "-v", env=env)
            self.assertNotIn("credential_process ended", done.stderr)
            self.assertIn("not confined to its places: a credential_process may be started", done.stderr)
            cache = (pathlib.Path(elsewhere) / "cache").read_text()
            self.assertRegex(cache, r"CapEff:\s+0+\n")
            self.assertRegex(cache, r"NoNewPrivs:\s+1\n")


if __name__ == "__main__":
    unittest.main()
