"""Job files for a fleet: what schedulers' own schemas take; and, by scripts/test-packages, a real Slurm cluster of one machine. Probes go to 127.0.0.0/8 only."""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.path[:0] = [os.path.dirname(__file__), os.path.join(os.path.dirname(__file__), "..")]
import common
from test_packaging import PACKAGING, PYTHON, READ_YAML, has, parsed
from test_shards import lines, states

BOTOCORE = """
import json, sys, botocore.session, botocore.validate
model = botocore.session.get_session().get_service_model("batch").operation_model(sys.argv[1]).input_shape
report = botocore.validate.ParamValidator().validate(json.load(open(sys.argv[2])), model)
print(json.dumps(report.generate_report()))
"""


def batch(operation, path):
    done = subprocess.run([common.python_with_moto(), "-c", BOTOCORE, operation, path], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


class Jobs(unittest.TestCase):
    @unittest.skipUnless(common.python_with_moto(), "botocore is not installed, and could not be")
    def test_aws_batch_takes_the_job_definition(self):
        path = PACKAGING / "fleet/aws-batch-job.json"
        self.assertEqual(batch("RegisterJobDefinition", path), "")
        with tempfile.TemporaryDirectory() as folder:
            wrong = pathlib.Path(folder, "wrong.json")
            wrong.write_text(path.read_text().replace('"jobDefinitionName"', '"jobName"'))
            self.assertIn("jobDefinitionName", batch("RegisterJobDefinition", wrong))
        script = json.loads(path.read_text())["containerProperties"]["command"]
        self.assertEqual(script[:2], ["sh", "-c"])
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "sgproof").write_text('#!/bin/sh\necho "$@"\n')
            pathlib.Path(folder, "sgproof").chmod(0o755)
            pathlib.Path(folder, "mkdir").symlink_to(folder + "/sgproof")
            done = subprocess.run(script, capture_output=True, text=True, env={"AWS_BATCH_JOB_ARRAY_INDEX": "5", "PATH": folder + ":/bin"})
        self.assertEqual(done.stdout, "-p /work/shards\nprobe /work/plan.jsonl --shard auto --state /work/shards/5.state -o /work/shards/5.jsonl\n")

    @unittest.skipUnless(has("kubernetes_validate"), "kubernetes-validate is not installed, and could not be")
    def test_kubernetes_takes_the_job(self):
        program = "import json, sys, kubernetes_validate as k; k.validate(json.loads(sys.stdin.read()), '1.31', strict=True)"
        job = parsed(READ_YAML, PACKAGING / "fleet/kubernetes.yaml")
        def check(job):
            return subprocess.run([PYTHON, "-c", program], input=json.dumps(job), capture_output=True, text=True)
        done = check(job)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotEqual(check({**job, "spec": {**job["spec"], "completion": 8}}).returncode, 0)
        pod = job["spec"]["template"]["spec"]
        user = re.search(r"^USER (\d+):\1$", (PACKAGING / "Containerfile").read_text(), re.M)[1]
        self.assertEqual(str(pod["securityContext"]["fsGroup"]), user)  # who else could write to the claim?
        words = pod["containers"][0]["args"]
        self.assertEqual({os.path.dirname(word.replace("$(JOB_COMPLETION_INDEX)", "0")) for word in words if word.startswith("/work")}, {pod["containers"][0]["volumeMounts"][0]["mountPath"]})
        self.assertIn("/%d" % job["spec"]["completions"], words)


@unittest.skipUnless(os.environ.get("SGPROOF_PACKAGE"), "starts a cluster: scripts/test-packages runs it")
class Slurm(unittest.TestCase):
    """Of one machine, on loopback, with its own ports, folders and key; stopped by its pid files."""

    CONF = """ClusterName=sgproof
SlurmctldHost=%(host)s(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=%(folder)s/munge.socket
CryptoType=crypto/munge
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmctldPort=27817
SlurmdPort=27818
SlurmctldPidFile=%(folder)s/slurmctld.pid
SlurmdPidFile=%(folder)s/slurmd.pid
StateSaveLocation=%(folder)s/state
SlurmdSpoolDir=%(folder)s/spool
SlurmctldLogFile=%(folder)s/slurmctld.log
SlurmdLogFile=%(folder)s/slurmd.log
JobRequeue=1
ReturnToService=2
MinJobAge=300
SchedulerParameters=batch_sched_delay=0,sched_interval=1
NodeName=%(host)s NodeAddr=127.0.0.1 CPUs=%(cpus)d RealMemory=4096 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP OverSubscribe=FORCE:8
"""

    def setUp(self):
        missing = [name for name in ("slurmctld", "slurmd", "sbatch", "munged") if not shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin")]
        if missing or os.geteuid() != 0:
            self.skipTest("root, and slurm-wlm and munge, are needed for a cluster (%s)" % ", ".join(missing))
        folder = tempfile.TemporaryDirectory(prefix="slurm-")
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name)
        self.path.chmod(0o755)
        host = os.uname().nodename.split(".")[0]
        for name in ("state", "spool"):
            (self.path / name).mkdir()
        (self.path / "slurm.conf").write_text(self.CONF % {"folder": self.path, "host": host, "cpus": os.cpu_count()})
        key = self.path / "munge.key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o600)
        self.environment = {**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin", "SLURM_CONF": str(self.path / "slurm.conf"), "LC_ALL": "C"}
        self.start("munge.pid", "munged", "--force", "--key-file", key, "--socket", self.path / "munge.socket", "--pid-file", self.path / "munge.pid", "--log-file", self.path / "munge.log", "--seed-file", self.path / "munge.seed")
        self.start("slurmctld.pid", "slurmctld")
        self.start("slurmd.pid", "slurmd", "-N", host)
        for _ in range(60):
            if "idle" in self.slurm("sinfo", "-h", "-o", "%t"):
                break
            time.sleep(0.5)

    def start(self, pid_file, *words):
        self.slurm(*words)
        self.addCleanup(self.stop, self.path / pid_file)

    def stop(self, pid_file):
        if not pid_file.exists():
            return
        number = int(pid_file.read_text())
        try:
            os.kill(number, signal.SIGTERM)
            for _ in range(100):
                os.kill(number, 0)
                time.sleep(0.1)
        except ProcessLookupError:
            pass

    def slurm(self, *words):
        done = subprocess.run([str(word) for word in words], capture_output=True, text=True, env=self.environment, cwd=self.path, timeout=120)
        self.assertEqual(done.returncode, 0, (words, done.stdout, done.stderr))
        return done.stdout

    def test_eight_shards_of_which_one_is_killed_and_queued_again_are_what_one_probe_sees(self):
        (self.path / "bin").mkdir()
        (self.path / "bin/sgproof").symlink_to(os.path.abspath(common.SGPROOF))
        self.environment["PATH"] = "%s:%s" % (self.path / "bin", self.environment["PATH"])
        targets = self.path / "targets"
        targets.write_text("".join("127.0.1.%d tcp %d-%d\n" % (last, 30000, 30000 + 40 * last) for last in range(1, 25)))
        slow = ("--method", "connect", "--only", "127.0.0.0/8", "--rate", "200")
        job = self.slurm("sbatch", "--parsable", "--array=0-7", "--mem=1", "--output=%s/task-%%a.out" % self.path, PACKAGING / "fleet/slurm.sh", targets, self.path / "shards", *slow).strip()
        state = self.path / "shards/shard-3.state"
        for _ in range(600):
            if state.exists():
                break
            time.sleep(0.1)
        self.assertTrue(state.exists(), self.slurm("squeue"))
        known = len(lines(state.read_text())) - 1
        self.slurm("scontrol", "requeue", "%s_3" % job)
        for _ in range(1200):
            if not self.slurm("squeue", "-h"):
                break
            time.sleep(0.25)
        told = "".join(path.read_text() for path in sorted(self.path.glob("task-*.out")))
        shards = sorted((self.path / "shards").glob("*.jsonl"))
        self.assertEqual(len(shards), 8, told)
        self.assertGreater(known, 0)
        self.assertIn("requeue", self.slurm("scontrol", "show", "job", "%s_3" % job).lower())
        merged = common.sgproof("merge", *shards, "--plan", targets)
        self.assertEqual(merged.returncode, 0, merged.stderr)
        one = common.sgproof("probe", "--targets", targets, "--method", "connect", *common.ONLY)
        self.assertEqual(states(merged.stdout), states(one.stdout))
        asked = lines(shards[3].read_text())[-1]["summary"]["sent"]
        whole = len(states(shards[3].read_text()))
        self.assertLess(asked, whole, "what was known before it was killed was asked again")


if __name__ == "__main__":
    unittest.main()
