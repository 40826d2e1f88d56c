"""What is tortured: each command on a loopback estate, and what must hold whatever fails beneath it."""
import http.server
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tarfile
import threading
import urllib.parse

sys.path[:0] = [os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."), os.path.join(os.path.dirname(os.path.abspath(__file__)), "../integration")]
import common
from oracle import estates
from test_budgets import planned_rules
from test_evidence import INTENT, loopback_estate

KINDS = ("alloc", "open", "read", "write", "sync", "close", "map", "socket", "net", "rename")
PROGRAM = os.environ.get("TORTURED", str(common.TOP / "build/sgproof"))  # without sanitizers, which have a malloc of their own
SHIM = str(pathlib.Path(os.environ.get("SGPROOF", str(common.TOP / "build-test/sgproof"))).resolve().parent / "libtorture.so")
PATIENCE = 60  # seconds
EARLIER = b"what an earlier run left\n"
FORMATS = common.formats("report")


class Answers(http.server.ThreadingHTTPServer):
    """An endpoint on loopback that answers with a seed of the fuzz target `collect`, its first page of each operation."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answering)
        parts = (common.TOP / "tests/fuzz/corpus/collect/network").read_text().split("\n=")
        self.answers = {"/notify": "ok", **dict(part.lstrip("=").split("\n", 1) for part in parts)}
        threading.Thread(target=self.serve_forever, daemon=True).start()
        self.url = "http://127.0.0.1:%d" % self.server_port

    def handle_error(self, request, address):
        pass  # a client that went away


class Answering(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        name = self.headers.get("X-Amz-Target", "").rpartition(".")[2] or urllib.parse.parse_qs(body).get("Action", [self.path])[0]
        answer = self.server.answers.get(name, "").encode()
        self.send_response(200 if answer else 501)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST

    def log_message(self, *words):
        pass


class Scene:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.closed = []  # the ports below and above: bound, so that nobody else's test listens there
        while not self.closed:
            self.listener = common.open_port()
            held = [socket.socket(), socket.socket()]
            try:
                for one, step in zip(held, (-1, 1)):
                    one.bind(("127.0.0.1", self.listener.getsockname()[1] + step))
                self.closed = held
            except OSError:
                for one in (*held, self.listener):
                    one.close()
        threading.Thread(target=self.take, daemon=True).start()
        self.answers = Answers()
        self.port = str(self.listener.getsockname()[1])
        (self.folder / "estate").mkdir()
        estates.write(loopback_estate(int(self.port)), self.folder / "estate")
        shutil.copytree(self.folder / "estate", self.folder / "later")
        document = next((self.folder / "later").rglob("*ecurity*roups*.json"))
        document.write_text(document.read_text().replace(self.port, str(int(self.port) - 1)))
        (self.folder / "intent.json").write_text(json.dumps(INTENT))
        group = loopback_estate(int(self.port))["SecurityGroups"][0]["GroupId"]
        (self.folder / "plan.json").write_text(json.dumps({"format_version": "1.2", "terraform_version": "1.9", "resource_changes": planned_rules(3, group),
                                                           "planned_values": {"root_module": {}}, "configuration": {"root_module": {}}}))
        probe = ["--method", "connect", "--timeout", "50", "--tries", "1", "--seed", "1", *common.ONLY]
        run = ["run", "--snapshot", "estate", "--intent", "intent.json", "--vantage", "203.0.113.7", "--depth", "declared", *probe]
        self.plain("keygen", "key", done=0)
        self.plain(*run, "--out", "evidence", "--history", "history", "--sign", "key")
        self.plain("plan", "estate", "--vantage", "203.0.113.7", "--depth", "declared", "-o", "plan", done=0)
        golden = next(common.TOP.glob("tests/data/evidence/*/one.tar.xz"))
        with tarfile.open(golden) as archive:  # a capture of a machine with raw sockets
            archive.extractall(self.folder / "golden")
        captured = next((self.folder / "golden").iterdir()).relative_to(self.folder)
        self.commands = {  # words; the file that it makes, which was there before
            "read": ["read", "made", "--endpoint-url", self.answers.url, "--region", "eu-west-3", "--max-attempts", "1"],
            "compute": ["compute", "estate", "--format", "json", "-o", "out"],
            "explain": ["explain", "estate", "127.0.0.1", self.port + "/tcp", "-o", "out"],
            "plan": ["plan", "estate", "--vantage", "203.0.113.7", "--intent", "intent.json", "-o", "out"],
            "diff": ["diff", "estate", "later", "--format", "json", "-o", "out"],
            "diff_runs": ["diff", "evidence", "evidence", "--format", "json", "-o", "out"],
            "account": ["account", "estate", "-o", "out"],
            "probe": ["probe", "plan", *probe, "-o", "out", "--state", "state"],
            "replay": ["probe", str(captured / "plan.jsonl"), "--from-capture", str(captured / "capture.pcap"), "-o", "out"],
            "merge": ["merge", "evidence/observations.jsonl", "--plan", "evidence/plan.jsonl", "-o", "out"],
            "reconcile": ["reconcile", "estate", "evidence/observations.jsonl", "--vantage", "203.0.113.7", "--intent", "intent.json",
                          "--format", "json", "-o", "out"],
            **{"report_" + form: ["report", "evidence", "--format", form, "-o", "out"] for form in FORMATS},
            "verify": ["verify", "evidence", "--key", "key.pub.pem", "-o", "out"],
            "verify_golden": ["verify", str(captured), "-o", "out"],
            "history": ["history", "show", "127.0.0.1", "--history", "history", "-o", "out"],
            "history_list": ["history", "list", "--history", "history", "--format", "json", "-o", "out"],
            "keygen": ["keygen", "made"],
            "segments": ["segments", "estate", "--format", "json", "-o", "out"],
            "explain_flow": ["explain", "estate", "127.0.0.1", self.port + "/tcp", "--from", "127.0.0.1", "-o", "out"],
            "diff_plan": ["diff", "estate", "--terraform", "plan.json", "--format", "json", "-o", "out"],
            "run": [*run, "--out", "made", "--history", "runs", "--sign", "key"],
            "run_notify": [*run, "--out", "made", "--no-history", "--fail-on", "info", "--notify", self.answers.url + "/notify"],
            "change": ["change", "evidence", "later", "--intent", "intent.json", "--vantage", "203.0.113.7", *probe, "--out", "made",
                       "--sign", "key", "--format", "json", "-o", "out"],
        }
        self.verdicts, self.honest = {}, {}
        for name in self.commands:
            self.honest[name] = self.once(name)
            if name.startswith(("run", "change")):
                self.verdicts[name] = verdicts_of(self.folder / "made")
        for name, (done, made, _) in self.honest.items():
            assert done.returncode in (0, 1, 3) and made != EARLIER, (name, done)

    def take(self):
        """A queue of connections that nobody takes is full one day, and then the port is silent."""
        try:
            while True:
                self.listener.accept()[0].close()
        except OSError:
            pass  # it is closed

    def close(self):
        self.answers.shutdown()
        self.answers.server_close()
        self.listener.close()
        for one in self.closed:
            one.close()

    def plain(self, *words, done=None):
        ended = subprocess.run([PROGRAM, *words], cwd=self.folder, text=True, capture_output=True, timeout=60, env=self.environment())
        assert done in (None, ended.returncode), ended
        return ended

    def environment(self, **more):
        return {**os.environ, "XDG_STATE_HOME": str(self.folder / "homeless"), "TMPDIR": str(self.folder), "HOME": str(self.folder),
                "AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", **more}

    def clean(self):
        for path in [*self.folder.glob("out*"), *self.folder.glob("made*"), *self.folder.glob("runs*"), *self.folder.glob("state*"),
                     *self.folder.glob("sgproof-*")]:
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    def once(self, name, torture=None):
        """(done, what its output file holds then, how many calls there were)"""
        self.clean()
        words = self.commands[name]
        counted = self.folder / "count"
        counted.unlink(missing_ok=True)
        out = self.folder / "out" if "out" in words else None
        if out:
            out.write_bytes(EARLIER)
        more = {} if torture is None else {"LD_PRELOAD": SHIM, "TORTURE": torture, "TORTURE_COUNT": str(counted)}
        try:
            done = subprocess.run([PROGRAM, *words], cwd=self.folder, text=True, capture_output=True, timeout=PATIENCE,
                                  env=self.environment(**more), errors="replace")
        except subprocess.TimeoutExpired:
            done = subprocess.CompletedProcess(words, -99, "", "it did not end in %d s" % PATIENCE)
        made = out.read_bytes() if out and out.is_file() else None
        return done, made, int(counted.read_text() or 0) if counted.exists() else 0

    def calls(self, name, kind):
        return self.once(name, kind + ":0")[2]

    def wrong(self, name, torture):
        """What is wrong with how a command took it, in words; None where nothing is."""
        done, made, _ = self.once(name, torture)
        problem = self.problem(name, done, made)
        return None if problem is None else "%s %s: %s" % (name, torture, problem)

    def problem(self, name, done, made):
        honest, whole, _ = self.honest[name]
        if done.returncode not in (0, 1, 2, 3, 4):
            return "ended with %d: %s" % (done.returncode, done.stderr[-300:])
        if done.returncode in (2, 3, 4) and not (done.stderr.strip() or done.stdout.strip() or made not in (None, EARLIER)):
            return "failed without a word"
        if whole is not None and made is None:
            return "the earlier output is lost"
        if done.returncode == 2 and made not in (None, EARLIER):
            return "made something, and said that nothing was done: %s" % done.stderr[-300:]
        if done.returncode in (0, 1) and done.returncode != honest.returncode:
            return "ended with %d, in peace with %d: %s" % (done.returncode, honest.returncode, (made or done.stdout.encode())[-600:])
        check = getattr(self, "check_" + name.partition("_")[0], None)
        if check is not None:
            return check(name, done, made)
        if made in (EARLIER, whole):
            return None if made == whole or done.returncode != 0 else "said 0, and made nothing"
        if done.returncode in (0, 1):
            return "made something else, and said %d" % done.returncode
        return not_whole(name, made)

    def check_report(self, name, done, made):
        _, whole, _ = self.honest[name]
        if made in (EARLIER, whole):
            return None if made == whole or done.returncode != 0 else "said 0, and made nothing"
        return "made something else, and said %d" % done.returncode  # evidence tells the same, or nothing

    def check_probe(self, name, done, made):
        """A state is the true one or unknown; what is unknown is said by the status."""
        if made == EARLIER:
            return "said 0, and made nothing" if done.returncode == 0 else None
        truth, told = states(self.honest[name][1]), states(made)
        if told is None:
            return "left half a file"
        for place, state in told.items():
            if state not in (truth[place], "unknown"):
                return "calls %s %s, it is %s" % (place, state, truth[place])
        if done.returncode == 0 and told != truth:
            return "said 0, and does not tell all"
        return None

    def check_replay(self, name, done, made):
        return self.check_probe(name, done, made)

    def check_verify(self, name, done, made):
        _, whole, _ = self.honest[name]
        if made == EARLIER:
            return "said 0, and made nothing" if done.returncode == 0 else None
        if done.returncode == 1:
            return "calls good evidence false: %s" % made[-600:].decode()
        if done.returncode == 0 and made != whole:
            return "made something else, and said 0"
        return None

    def check_keygen(self, name, done, made):
        key, public = self.folder / "made", self.folder / "made.pub.pem"
        if done.returncode == 0:
            return None if key.read_text().endswith("-----END PRIVATE KEY-----\n") and "PUBLIC KEY" in public.read_text() else "half a key"
        alone = key.exists() and not public.exists()
        if "out of memory" in done.stderr:  # then nothing is tidied up, but no half has a name
            alone = alone and not key.read_text().endswith("-----END PRIVATE KEY-----\n")
        return "a private key is left: %s" % done.stderr if alone else None

    def check_read(self, name, done, made):
        record = self.folder / "made/snapshot.json"
        if (self.folder / "made").exists() and not record.exists():
            return "half a snapshot has its name"
        if not record.exists():
            return "said 0, and made nothing" if done.returncode == 0 else None
        told = json.loads(record.read_text())
        for one in told["files"]:
            if not (self.folder / "made" / one["file"]).exists():
                return "%s is recorded and not there" % one["file"]
        if done.returncode == 0 and not told["complete"]:
            return "said 0 of a reading that is not complete"
        return None

    def check_run(self, name, done, made):
        if not (self.folder / "made/manifest.json").exists():
            if (self.folder / "made").exists():
                return "evidence without a manifest has its name"
            kept = "what was gathered is kept in" in done.stderr  # of a run that ends with 4, findings and all
            return "said %d, and made nothing" % done.returncode if done.returncode in (0, 1) or done.returncode == 4 and not kept else None
        manifest = json.loads((self.folder / "made/manifest.json").read_text())
        unsigned = name == "run_notify" or any(step["step"] == "signature" for step in manifest.get("failed", []))
        if unsigned and any((self.folder / "made" / vouching).exists() for vouching in ("manifest.sig", "manifest.dsse.json")):
            return "left a signature of a manifest that is not there"
        verified = self.plain("verify", "made", *(() if unsigned else ("--key", "key.pub.pem")))
        if verified.returncode not in (0, 3):
            return "left evidence that does not hold: " + verified.stdout
        if done.returncode in (0, 1) and not manifest["complete"]:
            return "said %d of evidence that is not complete" % done.returncode
        if manifest["complete"] and verdicts_of(self.folder / "made") != self.verdicts[name]:
            return "is called complete, and says %s" % verdicts_of(self.folder / "made")
        return None

    def check_change(self, name, done, made):
        """What is told of a change is what its evidence holds."""
        told = self.check_run(name, done, made)
        if told is not None or made == EARLIER:
            return told or ("said 0, and made nothing" if done.returncode == 0 else None)
        kept = self.folder / "made/change.json"
        if done.returncode in (0, 1) and (not kept.exists() or json.loads(kept.read_text()) != json.loads(made)):
            return "tells of a change what its evidence does not hold"
        return not_whole(name, made)


def verdicts_of(bundle):
    told = json.loads((bundle / "verdicts.json").read_text())
    return [[one.get(key) for key in ("address", "protocol", "from_port", "to_port", "verdict")] for one in told["verdicts"]]


def states(made):
    """{(address, protocol, port): state} of observations; None where they are no lines of JSON that end with a summary."""
    found = {}
    try:
        lines = [json.loads(line) for line in made.decode().splitlines()]
    except ValueError:
        return None
    if not lines or "summary" not in lines[-1] or not made.endswith(b"\n"):
        return None
    for one in lines[:-1]:
        for port in range(one.get("from_port", 0), one.get("to_port", 0) + 1):
            found[one["address"], one["protocol"], port] = one["state"]
    return found


def not_whole(name, made):
    """Of what was made with less, and said so: half a document."""
    if made.startswith(b"{"):
        try:
            for line in [made] if name not in ("plan",) else made.splitlines():
                json.loads(line)
        except ValueError:
            return "left half a document"
    return None if made.endswith(b"\n") else "left half a file"
