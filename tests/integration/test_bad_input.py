"""Bad input: one clear line, exit status 2, no output file left."""
import json
import os
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import common
from oracle import estates
from test_snapshots import plain


class BadInput(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = pathlib.Path(self.folder.name)
        self.addCleanup(self.folder.cleanup)

    def refused(self, *words, stdin=None, says=()):
        out = self.path / "out.json"
        done = common.sgproof(*words, "--output", out, stdin=stdin)
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        self.assertTrue(done.stderr.startswith("sgproof: "), done.stderr)
        for text in says:
            self.assertIn(text, done.stderr)
        self.assertEqual(list(self.path.glob("out.json*")), [])

    def snapshot(self, name, text):
        folder = self.path / "snapshot"
        folder.mkdir(exist_ok=True)
        (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return folder

    def beside(self, estate):
        """What compute says of a snapshot with something odd in it: exit 3, and what was not understood."""
        folder = self.path / "snapshot"
        folder.mkdir(exist_ok=True)
        estates.write(estate, folder)
        done = common.sgproof("compute", folder, "--format", "json")
        self.assertEqual(done.returncode, 3, done.stdout + done.stderr)
        return json.loads(done.stdout)

    def test_broken_json_says_file_line_and_column_and_costs_itself(self):
        for text, place in (('{"Vpcs": [\n  {"VpcId": "vpc-1"', "line 2, column 20"), ('{"Vpcs": [],}', "line 1, column 13"),
                            ('{"Vpcs": []} x', "line 1, column 14"), (b'{"Vpcs": ["\xff"]}', "line 1, column 12"),
                            (b'{"Vpcs": [{"a": "\x00"}]}', "line 1, column 18")):
            with self.subTest(text=text[:20]):
                self.snapshot("a.json", text)
                output = self.beside(plain())
                self.assertEqual({u["file"] for u in output["unread"]}, {"a.json"})
                self.assertIn(place, output["unread"][0]["why"])
                self.assertEqual(output["endpoints"], self.good())

    def good(self):
        with tempfile.TemporaryDirectory() as folder:
            estates.write(plain(), folder)
            return common.compute(folder)["endpoints"]

    def test_wrong_types_and_values_say_where_and_cost_what_rests_on_them(self):
        changes = {
            "SecurityGroups[0].GroupId: is a number": lambda e: e["SecurityGroups"][0].update(GroupId=7),
            "SecurityGroups[0].IpPermissions: is missing": lambda e: e["SecurityGroups"][0].pop("IpPermissions"),
            "NetworkAcls[0].Entries: is missing": lambda e: e["NetworkAcls"][0].pop("Entries"),
            "RouteTables: is no array": lambda e: e.update(RouteTables={}),
            "RouteTables[0].Routes: is a string": lambda e: e["RouteTables"][0].update(Routes="x"),
            "IpRanges[0].CidrIp": lambda e: e["SecurityGroups"][0]["IpPermissions"][0]["IpRanges"][0].update(
                CidrIp="999.0.0.0/8"),
            "FromPort: is": lambda e: e["SecurityGroups"][0]["IpPermissions"][0].update(FromPort=1e300),
            "no range of ports": lambda e: e["SecurityGroups"][0]["IpPermissions"][0].update(FromPort=500, ToPort=80),
            "RuleNumber": lambda e: e["NetworkAcls"][0]["Entries"][0].update(RuleNumber=4294967396),
            "RuleAction": lambda e: e["NetworkAcls"][0]["Entries"][0].update(RuleAction="maybe"),
            "IpProtocol": lambda e: e["SecurityGroups"][0]["IpPermissions"][0].update(IpProtocol="256"),
            "PublicIp": lambda e: e["NetworkInterfaces"][0]["PrivateIpAddresses"][0]["Association"].update(
                PublicIp="nowhere"),
            "VpcId": lambda e: e["NetworkInterfaces"][0].pop("VpcId"),
        }
        for says, change in changes.items():
            with self.subTest(says=says):
                estate = plain()
                change(estate)
                output = self.beside(estate)
                unread = "".join("%s: %s: %s\n" % (u["file"], u["path"], u["why"]) for u in output["unread"])
                self.assertIn(says, unread)
                for endpoint in output["endpoints"] if "CidrIp" not in says else []:  # all of these are on the way of the only interface
                    self.assertEqual({x["certainty"] for x in endpoint["exposures"]} - {"possible"}, set())

    def test_an_empty_or_missing_folder_is_refused(self):
        empty = self.path / "empty"
        empty.mkdir()
        self.refused("compute", empty, says=("no describe-* document",))
        self.refused("compute", self.path / "nowhere", says=("nowhere",))
        self.refused("compute", self.snapshot("only.json", '{"Strange": []}'), says=("no describe-* document",))

    def test_bad_usage_is_refused(self):
        for words in (["compute"], ["compute", "a", "b"], ["compute", common.SAMPLE, "--format", "yaml"],
                      ["compute", common.SAMPLE, "--vantage", "here"], ["compute", common.SAMPLE, "--nonsense"],
                      ["explain", common.SAMPLE, "198.51.100.10", "70000/tcp"],
                      ["explain", common.SAMPLE, "198.51.100.10", "80/what"],
                      ["explain", common.SAMPLE, "somewhere", "80/tcp"],
                      ["explain", common.SAMPLE, "198.51.100.99", "80/tcp"],
                      ["plan", common.SAMPLE, "--depth", "deep"], ["run"], ["report"], ["reconcile", common.SAMPLE],
                      ["reconcile", common.SAMPLE, "/dev/null", "--fail-on", "sometimes"]):
            with self.subTest(words=words[:3]):
                self.refused(*words)

    def test_bad_target_lists_say_line_and_column(self):
        for text, place in (("127.0.0.1 tcp 80\nhere tcp 80\n", ":2:1"), ("127.0.0.1 sctp 80\n", ":1:11"),
                            ("127.0.0.1 tcp 80-70\n", ":1:15"), ("127.0.0.1 tcp\n", ":1:14"),
                            ("127.0.0.1 icmp 8\n", ":1:16"), ('{"address": "127.0.0.1"}\n', ":1: protocol"),
                            ('{"address": 1}\n', ":1: address")):
            with self.subTest(text=text):
                self.refused("probe", "--targets", "-", *common.ONLY, stdin=text, says=("-" + place,))

    def test_intent_is_strict(self):
        good = {"schema": "sgproof/intent/v1", "platform": "p", "default": "deny", "rules": [
            {"id": "a", "decision": "allow", "ports": "80"}]}
        for says, change in {
            "colour: unknown key": lambda i: i.update(colour="red"),
            "rules[0].port: unknown key": lambda i: i["rules"][0].update(port="80"),
            "rules[0].select.name: unknown key": lambda i: i["rules"][0].update(select={"name": "x"}),
            "rules[0].ports": lambda i: i["rules"][0].update(ports="80-"),
            "rules[0].expires": lambda i: i["rules"][0].update(expires="tomorrow"),
            "rules[0].sources[0]": lambda i: i["rules"][0].update(sources=["10.0.0.1/8"]),
            "default": lambda i: i.update(default="perhaps"),
            "rules[1].id": lambda i: i["rules"].append({"id": "a", "decision": "deny"}),
            "schema": lambda i: i.update(schema="v2"),
        }.items():
            with self.subTest(says=says):
                intent = json.loads(json.dumps(good))
                change(intent)
                file = self.path / "intent.json"
                file.write_text(json.dumps(intent))
                self.refused("plan", common.SAMPLE, "--intent", file, says=("intent.json: ", says))

    def test_bad_observations_and_verdicts_say_where(self):
        file = self.path / "observations.jsonl"
        for text, place in (('{"address": "198.51.100.10"}\n', ":1: protocol"), ("{}\n{", ":1: address"),
                            ('\n{"address"\n', ":2:"), ("[]\n", ":1: is an array")):
            with self.subTest(text=text):
                file.write_text(text)
                self.refused("reconcile", common.SAMPLE, file, says=("observations.jsonl" + place,))
        file.write_text('{"schema": "sgproof/verdicts/v2"}')
        self.refused("report", file, says=("schema",))


class Output(unittest.TestCase):
    def test_an_output_that_cannot_be_written_is_said_and_leaves_nothing(self):
        for output in ("/nowhere/at/all.json", "/tmp", "/proc/version/x"):
            done = common.sgproof("compute", common.SAMPLE, "--output", output)
            self.assertEqual((done.returncode, done.stdout), (2, ""))  # nothing was done: not even the snapshot was read
            self.assertIn(output, done.stderr)

    def test_a_pipe_or_device_is_written_to_and_never_replaced(self):
        import stat
        import threading
        for words in (["compute", common.SAMPLE, "--format", "json"], ["plan", common.SAMPLE, "--vantage", "203.0.113.7"]):
            with tempfile.TemporaryDirectory() as folder:
                pipe = os.path.join(folder, "pipe")
                os.mkfifo(pipe)
                got = []
                reader = threading.Thread(target=lambda: got.append(open(pipe).read()))
                reader.start()
                done = common.sgproof(*words, "-o", pipe)
                reader.join(30)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertTrue(stat.S_ISFIFO(os.stat(pipe).st_mode))
                self.assertEqual(os.listdir(folder), ["pipe"])
                self.assertEqual(got, [common.sgproof(*words).stdout])

    def test_every_command_has_help_with_examples(self):
        top = common.sgproof("--help")
        self.assertEqual(top.returncode, 0)
        for name in ("compute", "diff", "explain", "plan", "probe", "read", "reconcile", "report", "run"):
            self.assertIn(name, top.stdout)
            done = common.sgproof(name, "--help")
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertGreaterEqual(done.stdout.count("  sgproof %s" % name), 1)
            self.assertIn("Examples:", done.stdout)

    def test_an_evidence_folder_is_never_written_over(self):
        with tempfile.TemporaryDirectory() as folder:
            done = common.sgproof("run", "--snapshot", common.SAMPLE, "--out", folder, *common.ONLY)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertEqual(os.listdir(folder), [])


if __name__ == "__main__":
    unittest.main()
