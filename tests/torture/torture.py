"""The n-th allocation, open, write, sync, socket or rename fails (shim.c): every command ends, by no signal, with an exit status of
the contract; where it fails it says so in words; a result is whole or not there; evidence that is there verifies.

torture.py [KIND...]   every n of each command and kind; it takes an hour or so"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.path[:0] = [os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."), os.path.join(os.path.dirname(os.path.abspath(__file__)), "../integration")]
import common
from oracle import estates
from test_evidence import INTENT, loopback_estate
import json
import socket

KINDS = ("alloc", "open", "write", "sync", "socket", "rename")
PROGRAM = os.environ.get("TORTURED", str(common.TOP / "build/sgproof"))  # without sanitizers, which have a malloc of their own
SHIM = str(pathlib.Path(os.environ.get("SGPROOF", str(common.TOP / "build-test/sgproof"))).parent / "libtorture.so")


class Torture:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.listener = socket.create_server(("127.0.0.1", 0))
        (self.folder / "estate").mkdir()
        estates.write(loopback_estate(self.listener.getsockname()[1]), self.folder / "estate")
        (self.folder / "intent.json").write_text(json.dumps(INTENT))
        port = str(self.listener.getsockname()[1])
        run = ["run", "--snapshot", "estate", "--intent", "intent.json", "--vantage", "203.0.113.7", "--depth", "declared", "--method", "connect",
               "--timeout", "50", "--tries", "1", "--seed", "1", *common.ONLY]
        self.plain(*run, "--out", "evidence", "--history", "history")
        self.plain("plan", "estate", "--vantage", "203.0.113.7", "-o", "plan")
        self.commands = {  # words; the file or folder that it makes
            "compute": (["compute", "estate", "--format", "json", "-o", "out"], "out"),
            "explain": (["explain", "estate", "127.0.0.1", port + "/tcp", "-o", "out"], "out"),
            "plan": (["plan", "estate", "--vantage", "203.0.113.7", "--intent", "intent.json", "-o", "out"], "out"),
            "diff": (["diff", "estate", "estate", "-o", "out"], "out"),
            "account": (["account", "estate", "-o", "out"], "out"),
            "probe": (["probe", "plan", "--method", "connect", "--timeout", "50", "--tries", "1", *common.ONLY, "-o", "out"], None),
            "reconcile": (["reconcile", "estate", "evidence/observations.jsonl", "--vantage", "203.0.113.7", "--format", "json", "-o", "out"], "out"),
            "report": (["report", "evidence", "--format", "html", "-o", "out"], "out"),
            "tar": (["report", "evidence", "--format", "tar", "-o", "out"], "out"),
            "verify": (["verify", "evidence", "-o", "out"], "out"),
            "history": (["history", "show", "127.0.0.1", "--history", "history", "-o", "out"], "out"),
            "keygen": (["keygen", "out"], None),
            "run": ([*run, "--out", "out", "--history", "runs"], None),
        }
        self.honest = {name: self.once(name) for name in self.commands}

    def plain(self, *words):
        return subprocess.run([PROGRAM, *words], cwd=self.folder, text=True, capture_output=True, timeout=60)

    def clean(self):
        for name in ("out", "out.pub.pem", "runs"):
            path = self.folder / name
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        for left in [*self.folder.glob("out*tmp*"), *self.folder.glob("runs-*")]:
            shutil.rmtree(left) if left.is_dir() else left.unlink()

    def once(self, name, torture=None):
        """(done, what it made, how many calls there were)"""
        self.clean()
        words, result = self.commands[name]
        counted = self.folder / "count"
        counted.unlink(missing_ok=True)
        env = {**os.environ, **({} if torture is None else {"LD_PRELOAD": SHIM, "TORTURE": torture, "TORTURE_COUNT": str(counted)}),
               "XDG_STATE_HOME": str(self.folder / "state"), "TMPDIR": str(self.folder)}
        try:
            done = subprocess.run([PROGRAM, *words], cwd=self.folder, text=True, capture_output=True, timeout=30, env=env, errors="replace")
        except subprocess.TimeoutExpired:
            done = subprocess.CompletedProcess(words, -99, "", "it did not end in 30 s")
        made = self.folder / (result or "nothing")
        return done, made.read_bytes() if made.is_file() else None, int(counted.read_text() or 0) if counted.exists() else 0

    def calls(self, name, kind):
        return self.once(name, kind + ":0")[2]

    def wrong(self, name, torture):
        """What is wrong with how a command took it, in words; None where nothing is."""
        done, made, _ = self.once(name, torture)
        told = "%s %s: " % (name, torture)
        if done.returncode not in (0, 1, 2, 3, 4):
            return told + "ended with %d: %s" % (done.returncode, done.stderr[-300:])
        if done.returncode in (2, 3, 4) and not (done.stderr.strip() or done.stdout.strip() or made):
            return told + "failed without a word"
        if made is not None and made != self.honest[name][1] and done.returncode in (0, 1):
            return told + "made something else, and said %d" % done.returncode
        if name == "run" and (self.folder / "out/manifest.json").exists():
            verified = self.plain("verify", "out")
            if verified.returncode != 3:
                return told + "left evidence that does not hold: " + verified.stdout
        return None


def main():
    kinds = sys.argv[1:] or KINDS
    wrong = tried = 0
    with tempfile.TemporaryDirectory() as folder:
        torture = Torture(folder)
        for name in torture.commands:
            for kind in kinds:
                calls = torture.calls(name, kind)
                for n in range(1, calls + 1):
                    for plus in ("", "+"):
                        told = torture.wrong(name, "%s:%d%s" % (kind, n, plus))
                        tried += 1
                        wrong += told is not None
                        if told:
                            print(told, flush=True)
                print("%s %s: %d calls" % (name, kind, calls), flush=True)
    print("%d tried, %d wrong" % (tried, wrong))
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
