"""Lines of observations and verdicts that are read by comparing bytes, without a tree of JSON, against the same ones read the long way."""
import json
import os
import pathlib
import random
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import common
from common import sgproof
from oracle import estates

SEED = common.seed("ALIKE_SEED")
WORDS = ["--vantage", "203.0.113.7", "--vantage", "2001:db8:aa::1", "--format", "json"]


def observe(rng, plan):
    """Lines with every member that a prober writes, of a plan's targets."""
    lines = []
    for target in plan:
        base = {"address": target["address"], "protocol": target["protocol"]}
        for part in target["ports"].split(",") if target["ports"] else [None]:
            line = dict(base)
            if part is not None:
                low, _, high = part.partition("-")
                line.update(from_port=int(low), to_port=int(high or low))
            state = rng.choice(["open", "closed", "rejected", "filtered", "unknown"])
            line.update(state=state, reason=rng.choice(["syn-ack", "rst", "no-answer"]))
            if state == "rejected":
                line["from"] = "192.0.2.%d" % rng.randrange(1, 9)
            line["source"] = rng.choice(["203.0.113.7", "203.0.113.7", "198.51.100.3"])
            if rng.random() < 0.2:
                line["unstable"] = True
            if rng.random() < 0.2:
                line["accepts_everything"] = True
            line["tries"] = rng.randrange(4)
            if state in ("open", "closed"):
                line["rtt_us"] = rng.randrange(10**6)
            line["first_sent"] = "2026-11-26T10:00:%02d.%06dZ" % (rng.randrange(60), rng.randrange(10**6))
            if state in ("open", "closed"):
                line.update(answered="2026-11-26T10:01:00Z", frames=[rng.randrange(1, 2**32) for _ in range(rng.randrange(1, 9))], frame_count=10)
            lines.append(line)
    return lines


def otherwise(rng, line):
    """The same line as JSON that no prober of ours writes."""
    text = json.dumps(line, separators=(rng.choice([",", " , "]), rng.choice([":", " : "])))
    members = list(line.items())
    rng.shuffle(members)
    return rng.choice(["{ " + json.dumps(line)[1:], json.dumps(line) + "\r", text, json.dumps(dict(members)),
                       json.dumps(line).replace('"state"', '"\\u0073tate"'), json.dumps({**line, "service": None})])


BROKEN = {  # what is done to a line, and what is said of it
    "from_port": (lambda line: {**line, "from_port": 65535, "to_port": 1}, "to_port"),
    "port": (lambda line: {**line, "to_port": 65536}, "to_port"),
    "tries": (lambda line: {**line, "tries": 1000001}, "tries"),
    "state": (lambda line: {**line, "state": "ope"}, "state"),
    "moment": (lambda line: {**line, "first_sent": "2026-02-30T10:00:00Z"}, "first_sent"),
    "frames": (lambda line: {**line, "frames": [0], "frame_count": 1}, "frames"),
    "boolean": (lambda line: {**line, "unstable": 1}, "unstable"),
    "family": (lambda line: {**line, "protocol": "icmpv6"}, "icmpv6"),
    "text": (lambda line: {**line, "reason": 5}, "reason"),
    "unknown": (lambda line: {**line, "frame_counts": 1}, "frame_counts"),
}


class Alike(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        print("alike seed %d" % SEED, file=sys.stderr)
        cls.rng, cls.scratch = random.Random(SEED), tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.scratch.cleanup)
        cls.folder = pathlib.Path(cls.scratch.name) / "estate"
        cls.lines = []
        while len(cls.lines) < 20:
            folder = cls.folder.with_name("estate%d" % len(os.listdir(cls.scratch.name)))
            folder.mkdir()
            estates.write(estates.make(cls.rng), folder)
            cls.folder = folder
            plan = [json.loads(line) for line in sgproof("plan", folder, *WORDS[:4]).stdout.splitlines()[1:]]
            cls.lines = observe(cls.rng, plan)
        cls.verdicts = cls.reconcile([json.dumps(line) for line in cls.lines])

    @classmethod
    def reconcile(cls, lines):
        file = pathlib.Path(cls.scratch.name) / "observations.jsonl"
        file.write_text("".join(line + "\n" for line in lines))
        return sgproof("reconcile", cls.folder, file, *WORDS)

    def report(self, text):
        file = pathlib.Path(self.scratch.name) / "verdicts.json"
        file.write_text(text)
        return sgproof("report", file, "--format", "json")

    def test_lines_that_are_written_otherwise_give_the_same_verdicts(self):
        self.assertIn(self.verdicts.returncode, (0, 1, 3, 4), self.verdicts.stderr)
        done = self.reconcile([otherwise(self.rng, line) for line in self.lines])
        self.assertEqual((done.returncode, done.stdout), (self.verdicts.returncode, self.verdicts.stdout), done.stderr)

    def test_a_line_that_is_wrong_is_refused_by_its_number_and_member(self):
        at = next(i for i, line in enumerate(self.lines) if line["protocol"] == "tcp" and ":" not in line["address"])
        whole = [json.dumps(line) for line in self.lines]
        for name, (broken, said) in BROKEN.items():
            with self.subTest(name):
                done = self.reconcile(whole[:at] + [json.dumps(broken(self.lines[at]))] + whole[at + 1:])
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertIn("observations.jsonl:%d" % (at + 1), done.stderr)
                self.assertIn(said, done.stderr)
        for name, text in {"twice": whole[at][:-1] + ', "tries": 1}', "behind": whole[at] + " 1", "zero": whole[at].replace('"tries": ', '"tries": 0')}.items():
            with self.subTest(name):
                done = self.reconcile(whole[:at] + [text] + whole[at + 1:])
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertIn("observations.jsonl:%d" % (at + 1), done.stderr)

    def test_verdicts_that_are_written_otherwise_read_the_same(self):
        done = self.report(json.dumps(json.loads(self.verdicts.stdout), indent=2))
        self.assertEqual(done.stdout, self.verdicts.stdout, done.stderr)
        self.assertEqual(self.report(self.verdicts.stdout).stdout, self.verdicts.stdout)

    FEW = ("text", "markdown", "csv", "sarif", "junit", "metrics")  # formats that do not hold all verdicts

    def as_format(self, name, text, *words):
        file = pathlib.Path(self.scratch.name) / "verdicts.json"
        file.write_text(text)
        return sgproof("report", file, "--format", name, *words)

    def test_formats_that_hold_few_verdicts_tell_what_they_tell_of_all(self):
        empty = pathlib.Path(self.scratch.name) / "empty.json"  # what is compared with something is read whole
        empty.write_text(json.dumps({**json.loads(self.verdicts.stdout), "verdicts": []}))
        for name in self.FEW:
            with self.subTest(name):
                few, all = (self.as_format(name, self.verdicts.stdout, *words) for words in ((), ("--baseline", empty)))
                self.assertEqual((few.returncode, few.stdout), (all.returncode, all.stdout), few.stderr)
        counts = dict.fromkeys(("confirmed", "latent", "blocked", "undeclared", "enforced", "unconfirmed", "unverified"), 0)
        for one in json.loads(self.verdicts.stdout)["verdicts"]:
            counts[one["verdict"]] += one.get("to_port", 0) - one.get("from_port", 0) + 1
        told = " ".join(self.as_format("text", self.verdicts.stdout).stdout.split())
        self.assertIn("Ports: " + ", ".join("%d %s" % (count, word) for word, count in counts.items()), told)
        self.assertGreater(counts["enforced"], 0)

    def test_a_head_that_stands_behind_the_verdicts_tells_the_same(self):
        whole = json.loads(self.verdicts.stdout)
        turned = json.dumps({"verdicts": whole.pop("verdicts"), **whole})
        for name in (*self.FEW, "json"):
            with self.subTest(name):
                one, other = self.as_format(name, self.verdicts.stdout), self.as_format(name, turned)
                self.assertEqual((one.returncode, one.stdout), (other.returncode, other.stdout), other.stderr)

    def test_a_verdict_that_breaks_off_leaves_no_report(self):
        cut, out = self.verdicts.stdout[:-20], pathlib.Path(self.scratch.name) / "out"
        for name in (*self.FEW, "json", "html"):
            with self.subTest(name):
                done = self.as_format(name, cut, "-o", out)
                self.assertEqual((done.returncode, out.exists()), (2, False), done.stderr)
                self.assertIn("verdicts.json:", done.stderr)

    def elements(self):
        """A document's head, three verdicts of one host that are written alike, and its end."""
        lines = self.verdicts.stdout.splitlines()
        first = next(i for i, line in enumerate(lines) if '"protocol": "tcp"' in line)
        return lines[:next(i for i, line in enumerate(lines) if line.startswith(' "verdicts"')) + 1], lines[first].rstrip(","), lines[-2:]

    def test_a_verdict_like_those_before_it_is_refused_where_it_alone_would_be(self):
        head, one, end = self.elements()
        document = lambda *elements: "\n".join(head + [element + "," for element in elements[:-1]] + [elements[-1]] + end) + "\n"
        place, rest = one.split('"protocol"')
        owned = '"protocol"' + rest.replace('"severity"', '"intent_owner": "a", "severity"')
        both = document(place + owned, place + '"intent_owner": "b", "protocol"' + rest, place + '"intent_owner": "b", ' + owned)
        number, line = one.replace('"from_port": ', '"from_port": 0'), one.replace("]}", ", 01]}").replace("[, ", "[1, ")
        for said, text in {"intent_owner": both, "number": document(one, one, number), "is no number": document(one, one, line)}.items():
            with self.subTest(said):
                self.assertIn(self.report(document(one, one)).returncode, (0, 3))
                done = self.report(text)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertIn(said, done.stderr)
                self.assertIn(":%d" % (len(head) + 3) if said != "intent_owner" else "[2]", done.stderr)


if __name__ == "__main__":
    unittest.main()
