"""Shards of a plan and their merging: what is probed apart is asked once, and comes to what one probe sees. Probes go to 127.0.0.0/8 only."""
import json
import os
import pathlib
import re
import socket
import struct
import sys
import tempfile
import unittest

sys.path[:0] = [os.path.dirname(__file__), os.path.join(os.path.dirname(__file__), "..")]
import common

HOSTS = ["127.0.0.%d" % last for last in range(2, 9)]
SCHEDULERS = ({"SLURM_ARRAY_TASK_ID": "%d", "SLURM_ARRAY_TASK_COUNT": "3", "SLURM_ARRAY_TASK_MIN": "0"}, {"AWS_BATCH_JOB_ARRAY_INDEX": "%d", "AWS_BATCH_JOB_ARRAY_SIZE": "3"})


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


def states(text):
    """Each port and what became of it."""
    return sorted((o["address"], o["protocol"], port, o["state"], o["reason"]) for o in lines(text) if "state" in o for port in range(o.get("from_port", 0), o.get("to_port", 0) + 1))


class Shards(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.path = pathlib.Path(folder.name)
        listener = socket.create_server(("0.0.0.0", 0))
        cls.addClassCleanup(listener.close)
        cls.port = listener.getsockname()[1]
        (cls.path / "targets").write_text("".join("%s tcp %d-%d\n" % (host, cls.port - number % 2, cls.port) for number, host in enumerate(HOSTS)))
        cls.one = cls.probe()
        cls.parts = []
        for index in range(3):
            cls.parts.append(cls.path / ("shard-%d" % index))
            cls.parts[-1].write_text(cls.probe("--shard", "%d/3" % (index + 1)))

    @classmethod
    def probe(cls, *words, env=None):
        done = common.sgproof("probe", "--targets", cls.path / "targets", "--method", "connect", "--timeout", "200", "--tries", "1", *common.ONLY, *words, env=env)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def merge(self, *words, status=0):
        done = common.sgproof("merge", *words)
        self.assertEqual(done.returncode, status, done.stderr)
        return done.stdout if status == 0 else done.stderr

    def test_merged_shards_are_what_one_probe_sees(self):
        merged, one = lines(self.merge(*self.parts)), lines(self.one)
        self.assertEqual(states(self.merge(*reversed(self.parts), "--plan", self.path / "targets")), states(self.one))
        self.assertEqual([line for line in merged[:-1] if "frames" in line], [])
        for member in ("open", "closed", "rejected", "filtered", "unknown", "method", "vantage_ipv4", "interrupted", "not_asked", "accepting_everything"):
            self.assertEqual(merged[-1]["summary"][member], one[-1]["summary"][member], member)
        self.assertEqual(merged[-1]["summary"]["open"], len(HOSTS))
        self.assertEqual(merged[-1]["summary"]["sent"], sum(lines(part.read_text())[-1]["summary"]["sent"] for part in self.parts))

    def test_no_host_is_in_two_shards_and_all_are_in_one(self):
        asked = [{o[0] for o in states(part.read_text())} for part in self.parts]
        self.assertEqual(sorted(host for part in asked for host in part), sorted(HOSTS))
        sizes = [len(states(part.read_text())) for part in self.parts]
        self.assertLessEqual(max(sizes) - min(sizes), 2, sizes)

    def test_of_a_plan_the_addresses_of_one_machine_stay_together(self):
        whole = lines(common.sgproof("plan", common.SAMPLE, "--vantage", "203.0.113.7", "--vantage", "2001:db8:ffff::7").stdout)
        machine = whole[0]["hosts"]
        self.assertTrue(machine and all(len(group) > 1 for group in machine), machine)
        (self.path / "plan").write_text("".join(json.dumps(line) + "\n" for line in whole))
        told, where = [], {}
        for index in range(1, 5):
            part = lines(common.sgproof("plan", common.SAMPLE, "--vantage", "203.0.113.7", "--vantage", "2001:db8:ffff::7", "--shard", "%d/4" % index).stdout)
            self.assertEqual((part[0]["shard"]["index"], part[0]["shard"]["of"], part[0]["targets"]), (index, 4, len(part) - 1))
            told += part[1:]
            where.update({line["address"]: index for line in part[1:]})
            estimated = common.sgproof("probe", self.path / "plan", "--shard", "%d/4" % index, "--estimate", "--only", "198.51.100.0/24", "--only", "2001:db8::/32")
            self.assertIn(" %d questions" % part[0]["questions"], estimated.stdout + estimated.stderr)
        self.assertEqual(sorted(map(json.dumps, told)), sorted(map(json.dumps, whole[1:])))
        for group in machine:
            self.assertEqual(len({where[address] for address in group if address in where}), 1, group)
        (self.path / "part").write_text("".join(json.dumps(line) + "\n" for line in part))
        again = common.sgproof("probe", self.path / "part", "--shard", "1/2", "--estimate")
        self.assertEqual(again.returncode, 2)
        self.assertIn("is shard 4 of 4 already", again.stderr)

    def test_a_scheduler_says_which_shard_it_is(self):
        for scheduler in SCHEDULERS:
            for task in range(3):
                told = self.probe("--shard", "auto", env={name: value.replace("%d", str(task)) for name, value in scheduler.items()})
                self.assertEqual(states(told), states(self.parts[task].read_text()))
        self.assertEqual(states(self.probe("--shard", "/3", env={"JOB_COMPLETION_INDEX": "2"})), states(self.parts[2].read_text()))
        for words, env, said in ((("/3",), {"JOB_COMPLETION_INDEX": "3"}, "tasks of 3 are 0 to 2"), (("auto",), {"JOB_COMPLETION_INDEX": "1"}, "give /N"), (("auto",), {}, "give K/N"),
                                 (("auto",), {"SLURM_ARRAY_TASK_ID": "4", "SLURM_ARRAY_TASK_COUNT": "1", "SLURM_ARRAY_TASK_MIN": "4"}, "give /N"), (("0/3",), {}, "expected K/N"), (("4/3",), {}, "expected K/N"),
                                 (("1",), {}, "expected K/N"), (("1/3x",), {}, "expected K/N"), (("1/0",), {}, "expected K/N"),
                                 (("/3",), {"JOB_COMPLETION_INDEX": "1", "AWS_BATCH_JOB_ARRAY_INDEX": "2"}, "both")):
            done = common.sgproof("probe", "--targets", self.path / "targets", *common.ONLY, "--shard", *words, env=env)
            self.assertEqual((done.returncode, done.stdout), (2, ""), words)
            self.assertIn(said, done.stderr, words)

    def test_gaps_overlaps_and_what_is_of_another_plan_are_refused_in_words(self):
        first, second, third = self.parts
        self.assertIn("shard 2 of 3 is missing", self.merge(first, third, status=2))
        self.assertIn("are both shard 1 of 3", self.merge(first, second, third, first, status=2))
        other = self.path / "other"
        other.write_text(self.probe("--shard", "1/2"))
        self.assertIn("expected parts of one whole", self.merge(first, other, status=2))
        changed = self.path / "changed"
        changed.write_text(re.sub(r'"plan_sha256": "\w{8}', '"plan_sha256": "00000000', third.read_text()))
        self.assertIn("of another plan", self.merge(first, second, changed, status=2))
        cut = self.path / "cut"
        cut.write_text("".join(third.read_text().splitlines(True)[:-1]))
        self.assertIn("its probe did not end", self.merge(first, second, cut, status=2))
        whole = self.path / "whole"
        whole.write_text(self.one)
        self.assertIn("give the whole plan", self.merge(whole, status=2))
        self.assertEqual(states(self.merge(whole, "--plan", self.path / "targets")), states(self.one))
        self.assertIn("two files tell of it", self.merge(whole, other, "--plan", self.path / "targets", status=2))
        fewer = self.path / "fewer"
        fewer.write_text("".join((self.path / "targets").read_text().splitlines(True)[1:]))
        self.assertIn("the plan does not ask it", self.merge(whole, "--plan", fewer, status=2))
        lacking = self.path / "lacking"
        lacking.write_text("".join(self.one.splitlines(True)[1:]))
        self.assertIn("no file tells of it", self.merge(lacking, "--plan", self.path / "targets", status=2))

    def test_captures_go_together_and_frames_are_counted_through(self):
        head = struct.pack("=IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 101)
        captures, framed = [], []
        for number, part in enumerate(self.parts):
            captures.append(self.path / ("capture-%d" % number))
            captures[-1].write_bytes(head + b"".join(struct.pack("=IIII", number, frame, 2, 2) + b"xy" for frame in range(number + 1)))
            told = lines(part.read_text())
            told[0].update(frames=[number + 1], frame_count=1)
            framed.append(self.path / ("framed-%d" % number))
            framed[-1].write_text("".join(json.dumps(line) + "\n" for line in told))
        words = [word for capture in captures for word in ("--captures", capture)]
        merged = lines(self.merge(*framed, *words, "--capture", self.path / "capture"))
        self.assertEqual((self.path / "capture").read_bytes(), head + b"".join(capture.read_bytes()[24:] for capture in captures))
        self.assertEqual(sorted(line["frames"][0] for line in merged if "frames" in line), [1, 1 + 2, 1 + 2 + 3])
        captures[1].write_bytes(captures[1].read_bytes()[:-1])
        self.assertIn("ends amid frame 2", self.merge(*framed, *words, "--capture", self.path / "never", status=2))
        self.assertFalse((self.path / "never").exists())
        evidence = self.path / "evidence"
        evidence.mkdir()
        (evidence / "manifest.json").write_text('{"schema": "sgproof/manifest/v1"}')
        self.assertIn("lies in the evidence folder", self.merge(*framed, *words, "--capture", evidence / "report.html", status=2))
        self.assertIn("are the same", self.merge(*framed, *words, "--capture", self.path / "never", "--output", self.path / "never", status=2))
        self.assertIn("once for each file", self.merge(*framed, "--captures", captures[0], "--capture", self.path / "never", status=2))

    def test_what_is_unknown_in_one_shard_is_unknown_in_all(self):
        doubtful = self.path / "doubtful"
        doubtful.write_text(self.parts[0].read_text().replace('"state": "open"', '"state": "unknown"', 1))
        done = common.sgproof("merge", doubtful, *self.parts[1:])
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertEqual(lines(done.stdout)[-1]["summary"]["unknown"], 1)


if __name__ == "__main__":
    unittest.main()
