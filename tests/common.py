"""What the Python tests share."""
import atexit
import datetime
import functools
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest

import standby

TOP = pathlib.Path(__file__).resolve().parent.parent
SGPROOF = os.environ.get("SGPROOF", str(TOP / "build-test" / "sgproof"))
SAMPLE = TOP / "tests/data/estates/souvenirs"
SHARED = TOP.parent / "shared/data/estates"
ONLY = ["--only", "127.0.0.0/8"]


os.environ["XDG_STATE_HOME"] = tempfile.mkdtemp(prefix="sgproof-state-")  # nothing of a test is remembered
atexit.register(shutil.rmtree, os.environ["XDG_STATE_HOME"], True)


def program(words, before=(), looked=False, **more):
    """What a program of the build did; one that is loaded already, where it can be. `looked`: leaks are looked for in each case."""
    ready = None if before or any(name.startswith(("LD_", "ASAN_", "LSAN_", "UBSAN_")) for name in more.get("env") or {} if more["env"][name] != os.environ.get(name)) \
        else standby.of(SGPROOF)
    if ready:
        return standby.run(ready, [pathlib.Path(words[0]).name, *words[1:]], looked=looked, **more)
    given = more.pop("stdin", None)
    return subprocess.run([*before, *words], input=given, text=True, capture_output=True, **more)


def sgproof(*words, stdin=None, cwd=None, before=(), env=None, looked=False, timeout=180):
    done = program([SGPROOF, *map(str, words)], before, looked, stdin=stdin, cwd=cwd, env=None if env is None else {**os.environ, **env}, timeout=timeout)
    # A sanitizer's report is a failure whatever the exit status.
    assert "Sanitizer" not in done.stderr and "runtime error" not in done.stderr, done.stderr
    if os.environ.get("SGPROOF_SCHEMAS"):  # what any test has printed is held against docs/schemas
        import schemas
        assert not schemas.wrong_of(done.stdout), (words, schemas.wrong_of(done.stdout))
    return done


def sgproof_each(commands):
    """[(exit status, what it printed)] of commands that only read files, in one process; their messages are not told apart."""
    ready = standby.of(SGPROOF)
    if not ready:
        return [(done.returncode, done.stdout) for done in (sgproof(*words) for words in commands)]
    done = standby.run(ready, ["each", *(str(word) for words in commands for word in (";", *words))])
    assert done.returncode == 0 and "Sanitizer" not in done.stderr and "runtime error" not in done.stderr, done.stderr
    parts = done.stdout.split("\f")
    statuses = [int(part.partition("\n")[0]) for part in parts[1:]]
    assert len(statuses) == len(commands), done.stderr
    return list(zip(statuses, [parts[0], *(part.partition("\n")[2] for part in parts[1:])]))


@functools.cache
def formats(command):
    """The formats that a command writes, as its help tells them."""
    told = re.sub(r"\|\n +", "|", sgproof(command, "--help").stdout)
    return tuple(re.search(r"--format ([a-z]+(?:\|[a-z]+)+)", told)[1].split("|"))


def seed(variable):
    """What random tests begin with: of the environment, or today's, so that each day tries other cases, and a day's run can be had again."""
    return int(os.environ.get(variable, datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%d")))


def alone(behaviour, *words, stdin=None, before=()):
    """sgproof in a namespace of its own, before the hosts of lab/alone.py."""
    unshare = ("unshare", "-n") if os.geteuid() == 0 else ("unshare", "-Urn")
    done = subprocess.run([*unshare, sys.executable, str(TOP / "tests/lab/alone.py"), json.dumps(behaviour), *before, SGPROOF, *map(str, words)],
                          input=stdin, text=True, capture_output=True, timeout=300)
    if done.returncode == 77 or "unshare" in done.stderr:
        raise unittest.SkipTest("no namespace with a TUN device here: " + done.stderr.strip())
    assert "Sanitizer" not in done.stderr and "runtime error" not in done.stderr, done.stderr
    return done


def in_a_network_of_its_own(test):
    """Runs a test of a file in a network namespace that has a loopback and nothing else: no name is found in it, and none is asked for."""
    @functools.wraps(test)
    def run(self):
        if os.environ.get("SGPROOF_ALONE") == self.id():
            return test(self)
        unshare = ("unshare", "-n") if os.geteuid() == 0 else ("unshare", "-Urn")
        done = subprocess.run([*unshare, "sh", "-c", 'ip link set lo up || exit 77; exec "$0" -m unittest "$1"', sys.executable, self.id()], text=True, capture_output=True, timeout=120,
                              env={**os.environ, "SGPROOF_ALONE": self.id(), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))})
        if done.returncode == 77 or "unshare:" in done.stderr:
            raise unittest.SkipTest("no network namespace here: " + done.stderr.strip())
        self.assertEqual(done.returncode, 0, done.stderr)
    return run


def open_port():
    """A listener that nobody accepts from: its queue holds all that a class of tests connects. A full one drops SYNs, and the port is silent."""
    return socket.create_server(("127.0.0.1", 0), backlog=4096)


def wait_until_it_runs(process, most=30):
    """Waits until a program has begun to confine itself: however busy the machine, what is slept after it is slept while it works."""
    end = time.monotonic() + most
    while process.poll() is None and time.monotonic() < end:
        try:
            if "\nSeccomp:\t2\n" in pathlib.Path("/proc/%d/status" % process.pid).read_text():
                return
        except OSError:
            pass  # it ends just now
        time.sleep(0.02)


def compute(folder, *words):
    done = sgproof("compute", folder, "--format", "json", *words)
    assert done.returncode in (0, 3), done.stderr
    return json.loads(done.stdout)


def moved(difference):
    """Everything in the lists of a sgproof/diff/v1, each with the name of its list."""
    lists = ("endpoints_new", "endpoints_gone", "opened", "outages", "closed", "altered", "first_seen", "not_asked")
    return [{**one, "change": name} for name in lists for one in difference[name]]


def texts(reasons):
    return [reason["text"] for reason in reasons]


def ids(reasons):
    return [reason.get("id") for reason in reasons]


def check_reasons(case, output):
    """Every exposure says why; what is only possible, what would settle it, and what of it is missing is listed; behind a load balancer or service that is no probe of the target's own address."""
    for item in output["endpoints"] + output["indirect"]:
        for x in item["exposures"]:
            case.assertTrue(x["because"] and (x["certainty"] == "exact" or any("settle" in why for why in x["via"])), x)
            case.assertEqual([why for why in texts(x["via"] + x["because"]) if why.startswith("missing: ") and why not in missing(output)], [], x)
    for x in [x for one in output["indirect"] for x in one["exposures"]]:
        case.assertFalse([why for why in x["via"] if "probe it" in why.get("settle", "")], x)


def not_covered(output):
    """What is said under not_covered of this snapshot, beside what every one lacks that holds no such documents."""
    return [line for line in output["not_covered"] if not line.startswith(("places of AWS's own", "not in the snapshot"))]


def missing(output):
    """The texts of what an exposure document says is missing."""
    return [one["text"] for one in output["missing"]]


def python_with_moto():
    """A Python that has moto (an AWS API server that is not ours), or None."""
    for python in (str(TOP / ".venv/bin/python"), sys.executable):
        if os.access(python, os.X_OK) and subprocess.run([python, "-c", "import importlib.util, sys; sys.exit(None in map(importlib.util.find_spec, sys.argv[1:]))",
                                                          "moto", "flask", "flask_cors", "boto3", "awscli"], capture_output=True).returncode == 0:
            return python
    return None
