"""Options of a file: --config, $SGPROOF_CONFIG, and the one below $XDG_CONFIG_HOME."""
import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

sys.path[:0] = [os.path.dirname(__file__), os.path.join(os.path.dirname(__file__), "..")]
import common
from oracle import estates
from test_evidence import loopback_estate


class Config(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name)

    def config(self, content, name="config.json"):
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content if isinstance(content, str) else json.dumps(content))
        return file

    def plan(self, *words, **environment):
        done = common.sgproof("plan", common.SAMPLE, "--vantage", "203.0.113.7", *words, cwd=self.path, env=environment)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_what_it_gives_is_as_if_it_were_typed_and_what_is_typed_wins(self):
        self.assertNotEqual(self.plan("--depth", "declared"), self.plan())
        file = self.config({"common": {"depth": "full", "rate": 50, "key": "of verify alone"}, "plan": {"depth": "declared"}, "run": {"region": ["a", "b"]}})
        self.assertEqual(self.plan("--config", file), self.plan("--depth", "declared", "--rate", "50"))
        self.assertEqual(self.plan("--config", file, "--depth", "standard"), self.plan("--rate", "50"))
        self.assertEqual(self.plan("--config", self.config({"common": {"depth": "declared"}, "plan": {"dry-run": False}})), self.plan("--depth", "declared"))
        self.assertEqual(self.plan("--config", self.config({"plan": {"dry-run": True}})), self.plan("--dry-run"))
        twice = self.config({"plan": {"canary": ["203.0.113.1:1", "203.0.113.2:2"]}})
        self.assertEqual(self.plan("--config", twice), self.plan("--canary", "203.0.113.1:1", "--canary", "203.0.113.2:2"))

    def test_it_is_looked_for_in_the_environment_and_never_in_the_current_folder(self):
        wanted = self.plan("--depth", "declared")
        other = self.config({"plan": {"depth": "full"}}, "xdg/sgproof/config.json")
        file = self.config({"plan": {"depth": "declared"}})
        home = self.config({"plan": {"depth": "declared"}}, "home/.config/sgproof/config.json")
        self.assertEqual(self.plan(XDG_CONFIG_HOME="", HOME="/nonexistent"), self.plan("--config", ""))
        self.assertEqual(self.plan(SGPROOF_CONFIG=str(file), XDG_CONFIG_HOME=str(self.path / "xdg")), wanted)
        self.assertEqual(self.plan("--config", file, SGPROOF_CONFIG=str(other)), wanted)
        self.assertEqual(self.plan(XDG_CONFIG_HOME=str(self.path / "xdg")), self.plan("--depth", "full"))
        self.assertEqual(self.plan(XDG_CONFIG_HOME="", HOME=str(home.parents[2])), wanted)
        self.assertEqual(self.plan("--config", os.devnull, XDG_CONFIG_HOME=str(self.path / "xdg")), self.plan("--config", ""))

    @unittest.skipUnless(os.geteuid() == 0, "only root gives a file capabilities")
    def test_a_program_with_a_capability_of_its_own_takes_it_too(self):
        """`setcap cap_net_raw+ep`, as docs/troubleshooting.md has it: the C library then calls the environment unsafe, and `only` must not get lost with it."""
        place = pathlib.Path(tempfile.mkdtemp(dir="/var/tmp"))  # /tmp and /dev/shm may be mounted nosuid
        self.addCleanup(shutil.rmtree, place)
        if os.statvfs(place).f_flag & os.ST_NOSUID:
            self.skipTest("/var/tmp is mounted nosuid")
        place.chmod(0o755)
        program, estate, targets = place / "sgproof", place / "estate", place / "targets"
        shutil.copy(common.SGPROOF, program)
        shutil.copytree(common.SAMPLE, estate)
        targets.write_text("127.0.0.1 tcp 1\n")
        config = place / "xdg/sgproof/config.json"
        config.parent.mkdir(parents=True)
        config.write_text(json.dumps({"probe": {"only": ["127.0.0.2/32"]}}))
        for granted in (False, True):
            if granted:  # cap_net_raw=ep, version 2 of linux/capability.h
                os.setxattr(program, "security.capability", struct.pack("<5I", 0x02000001, 1 << 13, 0, 0, 0))
            for environment in ({"SGPROOF_CONFIG": str(config)}, {"XDG_CONFIG_HOME": str(place / "xdg")}):
                with self.subTest(granted=granted, **environment):
                    done = subprocess.run([program, "probe", "--targets", targets], capture_output=True, text=True, user=65534, group=65534, extra_groups=[], cwd=place, env={"PATH": os.environ["PATH"], **environment})
                    self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)
                    self.assertIn("127.0.0.1", done.stderr)

    def test_one_that_others_may_write_to_is_not_taken_by_itself(self):
        file = self.config({"plan": {"depth": "declared"}}, "xdg/sgproof/config.json")
        file.chmod(0o666)
        done = common.sgproof("plan", common.SAMPLE, "--vantage", "203.0.113.7", env={"XDG_CONFIG_HOME": str(self.path / "xdg")})
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("others may write to it", done.stderr)
        self.assertEqual(self.plan("--config", file), self.plan("--depth", "declared"))

    def test_what_is_wrong_in_it_is_told_with_its_place(self):
        for content, say in (('{"plan": {"depht": "full"}}', "plan.depht: unknown key, expected a long option of plan; did you mean depth?"),
                             ('{"common": {"xyzzy": 1}}', "common.xyzzy: unknown key, expected a long option"),
                             ('{"plna": {}}', "plna: unknown section, expected a command or common; did you mean plan?"),
                             ('{"probe": {"intent": "x"}}', "probe.intent: unknown key, expected a long option of probe"),
                             ('{"plan": {"depth": "ful"}}', "plan.depth: --depth ful: expected one of: declared standard full; did you mean full?"),
                             ('{"plan": {"depth": ["full"]}}', "plan.depth: is an array, expected one value"),
                             ('{"plan": {"dry-run": "yes"}}', "expected true or false"),
                             ('{"plan": {"rate": 1.5}}', "expected text or a whole number"),
                             ('{"plan": {"canary": ["a", {}]}}', "plan.canary[1]: is an object, expected text"),
                             ('{"plan": {"intent": null}}', "plan.intent: is null"),
                             ('{"plan": {"help": true}}', "plan.help: unknown key"),
                             ('{"common": {"config": "x"}}', "common.config: unknown key"),
                             ('{"plan": {"rate": 1, "rate": 2}}', 'the key "rate" is there twice'),
                             ('{"plan": []}', "plan: is an array, expected an object"),
                             ("[]", "expected an object"),
                             ("{", "config.json:1:1: ")):
            done = common.sgproof("plan", common.SAMPLE, "--config", self.config(content))
            self.assertEqual((done.returncode, done.stdout, done.stderr.count("\n")), (2, "", 1), (content, done.stderr))
            self.assertIn(say, done.stderr)
        done = common.sgproof("plan", common.SAMPLE, "--config", self.path / "nothere")
        self.assertEqual(done.returncode, 2)
        self.assertIn("nothere: cannot be opened", done.stderr)

    def test_the_evidence_records_what_was_in_force(self):
        snapshot = self.path / "snapshot"
        snapshot.mkdir()
        estates.write(loopback_estate(9), snapshot)
        given = {"common": {"vantage": "203.0.113.7", "only": ["127.0.0.0/8"]}, "run": {"depth": "declared", "method": "connect", "no-history": True,
                                                                                        "out": str(self.path / "evidence"), "snapshot": str(snapshot), "intent": str(self.path / "not in force")}}
        intent = self.config({"schema": "sgproof/intent/v1", "platform": "x", "default": "deny", "rules": []}, "intent.json")
        done = common.sgproof("run", "--config", self.config(given), "--intent", intent)
        self.assertNotIn(done.returncode, (2,), done.stderr)
        command = json.loads((self.path / "evidence/manifest.json").read_text())["claims"]["command"]
        self.assertEqual(command[:5], ["run", "--config", str(self.path / "config.json"), "--intent", str(intent)])
        self.assertEqual(sorted(command[5:]), sorted(["--depth", "declared", "--method", "connect", "--no-history", "--out", str(self.path / "evidence"), "--snapshot", str(snapshot),
                                                      "--vantage", "203.0.113.7", "--only", "127.0.0.0/8"]))

    def test_places_of_its_output_are_writable_and_its_quiet_is_quiet(self):
        file = self.config({"plan": {"output": str(self.path / "plan.jsonl"), "quiet": True, "depth": "declared"}})
        done = common.sgproof("plan", common.SAMPLE, "--vantage", "203.0.113.7", "--config", file)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))
        self.assertEqual((self.path / "plan.jsonl").read_text(), self.plan("--depth", "declared"))


if __name__ == "__main__":
    unittest.main()
