"""sgproof change: what moved × what was meant × what answers. Probes go to 127.0.0.1 only."""
import contextlib
import copy
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time
import tempfile
import unittest
import xml.etree.ElementTree as ET

sys.path[:0] = [os.path.dirname(__file__), os.path.join(os.path.dirname(__file__), "..")]
import common
import forger
import lies
from oracle import estates
from test_diff import WORLD, block, change
from test_evidence import INTENT, Bundles, loopback_estate, reseal
from test_snapshots import permission
from test_terraform import instance


def loopback(port):
    """loopback_estate(), whose group tells of AWS's own outbound rule: what gets out is known, too."""
    estate = loopback_estate(port)
    estate["SecurityGroups"][0]["IpPermissionsEgress"] = [permission("-1", None, [WORLD])]
    return estate


class Change(Bundles):
    """Before: the group admits the test's port and `gone`; now: the test's port and `new`. Both have listeners unless a test stops them."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.here = pathlib.Path(folder.name)
        self.listeners = [common.open_port() for _ in range(2)]
        for one in self.listeners:
            self.addCleanup(one.close)
        self.gone, self.new = [one.getsockname()[1] for one in self.listeners]
        self.then, self.now = self.state("then", self.gone), self.state("now", self.new)
        self.count = 0

    def state(self, name, *ports, sources=WORLD):
        snapshot = self.here / name
        snapshot.mkdir()
        estate = loopback(self.port)
        estate["SecurityGroups"][0]["IpPermissions"] += [permission("tcp", (port, port), [sources]) for port in ports]
        estates.write(estate, snapshot)
        return snapshot

    def words(self, name):
        return ["--out", self.here / name, "--vantage", "203.0.113.7", *common.ONLY]

    def evidence(self, snapshot=None, *words):
        self.count += 1
        name = "before%d" % self.count
        done = common.sgproof("run", "--snapshot", snapshot or self.then, "--depth", "declared", "--no-history", "--fail-on", "none",
                              *self.words(name), *words)
        self.assertEqual(done.returncode, 0, done.stderr)
        return self.here / name

    def change(self, before, now, *words, status=0, form="json"):
        self.count += 1
        self.out = self.here / ("change%d" % self.count)
        done = common.sgproof("change", before, now, "--format", form, *self.words(self.out.name), *words)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        if (self.out / "change.json").exists():
            self.verify(self.out)
        self.said = done.stdout
        if form != "json":
            return done.stdout
        self.document = json.loads(done.stdout)
        self.assertEqual((self.out / "change.json").read_text(), done.stdout)
        return sorted(((g["change"], p["outcome"], p.get("from_port")) for g in self.document["groups"] for p in g["pieces"]), key=str)

    def plan(self, *ports, **more):
        """What would make of `then` a group with these ports beside the test's own."""
        def group(ports):
            return {"id": "sg-1", "name": "web", "vpc_id": "vpc-1",
                    "ingress": [block("tcp", self.port, self.port + 1, [WORLD]), {**block("icmp", 8, -1, [WORLD])}] +
                               [block("tcp", port, port, [WORLD]) for port in ports]}
        file = self.here / "plan.json"
        file.write_text(json.dumps({"format_version": "1.2", "terraform_version": "1.9.5", "configuration": {"root_module": {"resources": []}},
                                    "resource_changes": [change("aws_security_group.web", ["update"], group([self.gone]), group(ports))], **more}))
        return ["--terraform", file]

    def stop(self, index):
        self.listeners[index].close()

    def test_what_moves_inside_and_outwards_is_told_and_what_was_not_planned_is(self):
        """Outwards: 443 alone before, all now. By the plan, by the intent, and by neither."""
        only = [permission("tcp", (443, 443), [WORLD])]
        for path, rules in ((self.then, only), (self.now, [permission("tcp", (443, 444), [WORLD])])):
            document = json.loads((path / "SecurityGroups.json").read_text())
            document["SecurityGroups"][0].update(IpPermissionsEgress=rules, IpPermissions=document["SecurityGroups"][0]["IpPermissions"][:2])
            (path / "SecurityGroups.json").write_text(json.dumps(document))
        before = self.evidence()
        told = lambda: [(f["direction"], f["change"], f["ports"], f["severity"], f["why"]) for f in self.document["flows"]]
        self.change(before, self.now)
        self.assertEqual((told(), self.document["segments_by"]), ([("outwards", "opened", "444", "info", None)], "group"))
        intent = self.here / "flows.json"
        intent.write_text(json.dumps(dict(INTENT, rules=INTENT["rules"] + [{"id": "out", "decision": "deny", "from": {"group": "web"}, "to": "internet", "protocol": "tcp", "ports": "444"}])))
        text = self.change(before, self.now, "--intent", intent, status=1, form="text")
        self.assertIn("Not as planned: ", text)
        self.assertIn("[high: unplanned: the intent's rule out forbids it]", text)
        rule = {"type": "egress", "security_group_id": "sg-1", "protocol": "tcp", "cidr_blocks": [WORLD], "ipv6_cidr_blocks": None, "prefix_list_ids": None, "self": False,
                "source_security_group_id": None}
        for port, expected in ((444, [("outwards", "opened", "444", "info", None)]),
                               (445, [("outwards", "opened", "444", "high", "unplanned: the plan does not say so"),
                                      ("outwards", "opened", "445", "high", "not-done: planned, and it did not move")])):
            plan = self.here / ("out%d.json" % port)
            plan.write_text(json.dumps({"format_version": "1.2", "resource_changes": [change("aws_security_group_rule.o", ["create"], None, dict(rule, from_port=port, to_port=port))]}))
            self.change(before, self.now, "--terraform", plan, status=0 if port == 444 else 1)
            self.assertEqual(told(), expected)
        plan.write_text(json.dumps({"format_version": "1.2", "resource_changes": [change("aws_db_instance.d", ["create"], None, {"publicly_accessible": False, "vpc_security_group_ids": ["sg-1"]})]}))
        self.change(before, self.then, "--terraform", plan)
        self.assertIn("aws_db_instance.d: ", self.document["flows_missing"][0])
        self.assertIn("As planned, and nothing else: nothing moved; inside and outwards not all is known", " ".join(self.change(before, self.then, "--terraform", plan, form="text").split()))
        self.assertIn("Not verified: ", self.change(before, self.then, "--terraform", plan, "--intent", intent, status=3, form="text"))  # its rule rests on it

    def test_declared_and_observed_agree(self):
        """On loopback nothing is filtered, so that a closed port answers: it is still reachable, and so a closing is not in force."""
        before = self.evidence()
        self.assertEqual(self.change(before, self.now, status=1),
                         [("closed", "not-in-force", self.gone), ("opened", "as-planned", self.new)])
        self.assertEqual(self.change(before, self.then), [])
        self.assertEqual((self.document["complete"], self.document["planned"], self.document["answers_before"]), (True, False, True))
        opened = self.state("opened", self.gone, self.new)
        self.assertEqual(self.change(before, opened), [("opened", "as-planned", self.new)])
        group, = self.document["groups"]
        self.assertEqual((group["causes"][0]["stage"], group["causes"][0]["id"]), ("group", "sg-1:3"))
        self.assertEqual(group["pieces"][0]["observed"], {"before": None, "after": "open"})
        self.stop(1)
        self.assertEqual(self.change(before, opened), [("opened", "as-planned", self.new)])  # a reset came back: the way is open
        self.assertEqual(self.document["groups"][0]["pieces"][0]["why"], "is reachable, nothing listens yet")

    def test_a_change_of_two_ports_takes_less_than_15_seconds(self):
        before = self.evidence()
        began = time.monotonic()
        self.change(before, self.now, status=1)
        self.assertLess(time.monotonic() - began, 15)

    def test_evidence_that_was_edited_is_compared_with_nothing(self):
        """Whatever is read of evidence is as it was sealed, or the command ends before anything is done."""
        def edited(name, file, old="0.0.0.0/0", new="10.0.0.0/8"):
            copy_of = self.here / name
            shutil.copytree(honest, copy_of)
            text = (copy_of / file).read_text()
            self.assertIn(old, text)
            (copy_of / file).write_text(text.replace(old, new))
            return copy_of
        honest = self.evidence()
        group = next(p.name for p in (honest / "before").iterdir() if "0.0.0.0/0" in p.read_text())
        before, after = (edited("edited " + side, "%s/%s" % (side, group)) for side in ("before", "after"))
        seen = edited("edited seen", "verdicts.json", '"open"', '"filtered"')
        added = self.here / "added"
        shutil.copytree(honest, added)
        (added / "before/more.json").write_text('{"SecurityGroups": []}')
        words = self.words("never")
        for command in (["change", before, self.now, *words], ["change", seen, self.now, *words], ["change", added, self.now, *words],
                        ["change", honest, after, *words], ["change", honest / "before", before / "before", *words], ["diff", before, self.now],
                        ["diff", self.then, before / "before"], ["compute", before / "before"], ["plan", before / "before"],
                        ["run", "--snapshot", before / "before", "--no-history", *words], ["plan", self.then, "--previous", seen],
                        ["run", "--snapshot", self.then, "--no-history", "--baseline", seen, *words], ["account", before]):
            with self.subTest(command=list(map(str, command))):
                done = common.sgproof(*command)
                self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
                self.assertRegex(done.stderr, "is not what the manifest holds the hash of|is no file of the manifest")
                self.assertFalse((self.here / "never").exists())
        self.assertEqual(common.sgproof("compute", honest / "before").returncode, 0)

    def test_what_a_change_is_compared_with_is_what_the_evidence_before_it_holds(self):
        before = self.evidence()
        self.change(before, self.then)
        done = common.sgproof("verify", before, self.out)
        self.assertRegex(done.stdout, "ok +base +it is the before/ of")
        alone = common.sgproof("verify", self.out)
        self.assertIn("that base/ is AWS's answers of before the change", alone.stdout)
        forged = forger.Forger(self.out, self.here / "forged")
        group = next(p for p in forged.path("base").iterdir() if "SecurityGroups" in p.read_text())
        document = json.loads(group.read_text())
        document["SecurityGroups"][0]["IpPermissions"] = []
        group.write_text(json.dumps(document))
        forged.derive()
        with contextlib.suppress(AssertionError):
            lies.replayed(forged)
        forged.seal()
        lied = common.sgproof("verify", before, forged.folder)
        self.assertEqual(lied.returncode, 1, lied.stdout)
        self.assertRegex(lied.stdout, "WRONG +base +base/%s: is not what .*before1, which the change follows, was read before it" % group.name)

    def test_evidence_serves_as_the_state_now(self):
        before, after = self.evidence(), self.evidence(self.now)
        self.assertEqual(self.change(before, after, status=1), [("closed", "not-in-force", self.gone), ("opened", "as-planned", self.new)])

    def test_a_plan_says_what_is_meant(self):
        before = self.evidence()
        both = self.state("both", self.gone, self.new)
        self.assertEqual(self.change(before, both, *self.plan(self.gone, self.new)), [("opened", "as-planned", self.new)])
        self.assertTrue(self.document["planned"])
        self.assertTrue((self.out / "terraform.json").exists())
        self.assertEqual(self.change(before, both, *self.plan(self.gone), status=1), [("opened", "unplanned", self.new)])
        self.assertEqual(self.change(before, self.then, *self.plan(self.gone, self.new), status=1),
                         [("opened", "elsewhere", self.new), ("opened", "not-done", self.new)])  # nothing filters on loopback: it answers, undeclared
        self.assertEqual(self.change(before, self.then, *self.plan(), status=1), [("closed", "not-done", self.gone)])
        # More sources than planned: that part alone.
        wide = self.plan(self.gone, self.new)
        text = wide[1].read_text().replace(json.dumps(block("tcp", self.new, self.new, [WORLD])), json.dumps(block("tcp", self.new, self.new, ["203.0.113.0/24"])))
        wide[1].write_text(text)
        found = self.change(before, both, *wide, status=1)
        self.assertEqual([x for x in found if x[1] == "as-planned"], [("opened", "as-planned", self.new)])
        self.assertEqual({x[1] for x in found}, {"as-planned", "unplanned"})

    def test_several_plans_and_change_sets_are_one_change(self):
        """Each is an input of the evidence; what moved as one of them says names its resource there."""
        before, third = self.evidence(), self.new + 1 if self.new < 65535 else self.new - 1
        now = self.state("three", self.gone, self.new, third)
        second = self.here / "second.json"
        rule = {"type": "ingress", "security_group_id": "sg-1", "protocol": "tcp", "from_port": third, "to_port": third, "cidr_blocks": [WORLD]}
        second.write_text(json.dumps({"format_version": "1.2", "resource_changes": [change("aws_security_group_rule.third", ["create"], None, rule, {"id": True})]}))
        words = [*self.plan(self.gone, self.new), "--terraform", second]
        self.assertEqual(self.change(before, now, *words), sorted([("opened", "as-planned", self.new), ("opened", "as-planned", third)], key=str))
        by = {p["from_port"]: [r["address"] for r in p["resources"]] for g in self.document["groups"] for p in g["pieces"]}
        self.assertEqual(by, {self.new: ["aws_security_group.web"], third: ["aws_security_group_rule.third"]})
        self.assertEqual((self.out / "terraform-2.json").read_bytes(), second.read_bytes())
        self.assertIn("that terraform-2.json is the plan of this change", common.sgproof("verify", self.out).stdout)
        allowed = lambda *ports: [{"IpProtocol": "tcp", "FromPort": p, "ToPort": p, "CidrIp": WORLD} for p in ports]
        group = lambda *ports: json.dumps({"Properties": {"VpcId": "vpc-1", "SecurityGroupIngress": allowed(*ports)}})
        sets = self.here / "set.json"
        sets.write_text(json.dumps({"Changes": [{"Type": "Resource", "ResourceChange": {
            "Action": "Modify", "LogicalResourceId": "Web", "PhysicalResourceId": "sg-1", "ResourceType": "AWS::EC2::SecurityGroup", "Replacement": "False",
            "BeforeContext": group(self.gone), "AfterContext": group(self.gone, self.new)}}]}))
        text = self.change(before, now, "--changeset", sets, "--terraform", second, form="text")
        self.assertRegex(text, r"by Web\.SecurityGroupIngress\[\d\]\n")
        self.assertIn("by aws_security_group_rule.third\n", text)
        self.assertTrue((self.out / "changeset.json").exists())
        self.assertIn("**opened** by aws&#95;security&#95;group&#95;rule.third: ", self.change(before, now, *words, form="markdown"))

    def grown(self, name, more=1):
        """`then` with instances more, from 127.0.0.2 on."""
        snapshot = self.state(name, self.gone)
        estate = loopback(self.port)
        estate["SecurityGroups"][0]["IpPermissions"] += [permission("tcp", (self.gone, self.gone), [WORLD])]
        for n in range(2, 2 + more):
            interface = copy.deepcopy(estate["NetworkInterfaces"][0])
            interface.update({"NetworkInterfaceId": "eni-%d" % n, "Attachment": {"InstanceId": "i-%d" % n, "Status": "attached"}})
            interface["PrivateIpAddresses"] = [{"PrivateIpAddress": "10.0.0.%d" % (3 + n), "Association": {"PublicIp": "127.0.0.%d" % n}}]
            estate["NetworkInterfaces"].append(interface)
            estate["Reservations"][0]["Instances"].append({"InstanceId": "i-%d" % n, "State": {"Name": "running"}})
        shutil.rmtree(snapshot)
        snapshot.mkdir()
        estates.write(estate, snapshot)
        return snapshot

    def test_an_address_that_only_apply_tells_is_one_that_is_new(self):
        before = self.evidence()
        plan = self.plan(self.gone)
        document = json.loads(plan[1].read_text())
        document["resource_changes"].append(instance("aws_instance.more", subnet_id="subnet-1", vpc_security_group_ids=["sg-1"],
                                                     associate_public_ip_address=True))
        plan[1].write_text(json.dumps(document))
        found = self.change(before, self.grown("grown"), *plan)
        self.assertEqual(set(found), {("opened", "as-planned", None), ("opened", "as-planned", self.port), ("opened", "as-planned", self.gone)})
        found = self.change(before, self.grown("twice", 2), *plan, status=1)
        addresses = {p["outcome"]: p["address"] for g in self.document["groups"] for p in g["pieces"]}
        self.assertEqual(addresses, {"as-planned": "127.0.0.2", "unplanned": "127.0.0.3"})
        self.assertLessEqual({("opened", "not-done", self.port), ("opened", "not-done", self.gone)},
                             set(self.change(before, self.then, *plan, status=1)))
        self.assertLessEqual({("opened", "unplanned", self.port)}, set(self.change(before, self.grown("again"), *self.plan(self.gone), status=1)))

    def test_the_second_opinion_finds_nothing_against_it(self):
        before = self.evidence()
        self.change(before, self.now, *self.plan(self.new), status=1)
        done = subprocess.run([str(common.TOP / "scripts/audit"), str(self.out)], text=True, capture_output=True)
        self.assertEqual(done.returncode, 3, done.stdout)  # no key was given
        self.assertNotIn("contradiction", done.stdout)
        self.assertNotIn("cannot be read", done.stdout)

    def test_what_a_plan_does_not_tell_is_exit_3(self):
        before = self.evidence()
        errored = self.plan(self.gone, self.new, errored=True)
        self.assertEqual(self.change(before, self.state("both", self.gone, self.new), *errored, status=3), [("opened", "as-planned", self.new)])
        self.assertFalse(self.document["complete"])
        self.assertTrue(any(text.startswith("plan: ") for text in self.document["missing"]))

    def test_the_intent_forbids_and_expects(self):
        before = self.evidence()
        intent = self.here / "intent.json"
        rules = [{**INTENT["rules"][0], "ports": str(self.port)}, INTENT["rules"][1]]
        intent.write_text(json.dumps({**INTENT, "rules": rules}))
        found = self.change(before, self.state("both", self.gone, self.new), "--intent", intent, status=1)
        self.assertEqual(found, [("opened", "unplanned", self.new)])
        self.assertEqual(self.document["groups"][0]["pieces"][0]["why"], "the intent does not allow it")
        intent.write_text(json.dumps({**INTENT, "rules": [{**rules[0], "ports": "1-65535"}, rules[1]]}))
        self.assertEqual(self.change(before, self.now, "--intent", intent, status=1),
                         [("closed", "unplanned", self.gone), ("opened", "as-planned", self.new)])
        self.assertEqual([p["why"] for g in self.document["groups"] for p in g["pieces"] if g["change"] == "closed"],
                         ["the intent's rule web expects it"])

    def test_an_answer_that_stops_where_nothing_moved_is_elsewhere(self):
        before = self.evidence()
        self.stop(0)
        self.assertEqual(self.change(before, self.state("both", self.gone, self.new), status=1),
                         [("closed", "elsewhere", self.gone), ("opened", "as-planned", self.new)])

    def test_what_this_vantage_cannot_see_is_unverified(self):
        before = self.evidence()
        other = self.state("other", self.gone)
        document = loopback(self.port)
        document["SecurityGroups"][0]["IpPermissions"] += [permission("tcp", (self.gone, self.gone), [WORLD]),
                                                           permission("tcp", (self.new, self.new), ["8.8.8.0/24"]),
                                                           permission("47", (None, None), [WORLD])]
        shutil.rmtree(other)
        other.mkdir()
        estates.write(document, other)
        found = self.change(before, other, status=3)
        self.assertEqual({x[1] for x in found}, {"unverified"})
        why = {p["why"] for g in self.document["groups"] for p in g["pieces"]}
        self.assertIn("the vantage is not one of its sources", why)
        self.assertIn("no probe can ask its protocol", why)

    def test_a_state_that_was_not_probed_cannot_tell_of_all_else(self):
        both = self.state("both", self.gone, self.new)
        self.assertEqual(self.change(self.then, both, status=3), [("opened", "as-planned", self.new)])
        self.assertIn("what answered before is not known", json.dumps(self.document["missing"]))
        before = self.evidence()
        self.count += 1
        done = common.sgproof("change", before, both, "--format", "json", "--out", self.here / "far", "--vantage", "203.0.113.8", *common.ONLY)
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("was seen from 203.0.113.7: it cannot be compared", json.dumps(json.loads(done.stdout)["missing"]))

    def test_evidence_before_that_is_incomplete_cannot_tell_of_all(self):
        process = common.sgproof("run", "--snapshot", self.then, "--depth", "declared", "--no-history", "--fail-on", "none", "--timestamp",
                                 "http://127.0.0.1:1/", *self.words("partial"))
        self.assertEqual(process.returncode, 3, process.stderr)
        self.assertEqual(self.change(self.here / "partial", self.state("both", self.gone, self.new), status=3), [("opened", "as-planned", self.new)])
        self.assertIn("not wholly known", json.dumps(self.document["missing"]))

    def test_the_formats_say_the_same(self):
        before = self.evidence()
        text = self.change(before, self.now, status=1, form="text")
        self.assertTrue(text.startswith("Not as planned: 1 not-in-force, 1 as-planned\n"), text)
        self.assertTrue(all(len(line) <= 80 for line in text.splitlines()), text)
        self.assertLess(len(text.splitlines()), 24)
        markdown = self.change(before, self.now, status=1, form="markdown")
        self.assertIn("## ❌ Not as planned: 1 not-in-force, 1 as-planned", markdown)
        self.assertIn("| **not-in-force** |", markdown)
        root = ET.fromstring(self.change(before, self.now, status=1, form="junit"))
        suite, = root
        self.assertEqual((suite.get("tests"), suite.get("failures")), ("3", "1"))
        self.assertEqual([f.get("type") for f in suite.iter("failure")], ["not-in-force"])
        sarif = json.loads(self.change(before, self.now, status=1, form="sarif"))
        self.assertEqual([(r["ruleId"], r["level"]) for r in sarif["runs"][0]["results"]], [("not-in-force", "error")])
        quiet = self.change(before, self.then, "-q", form="text")
        self.assertEqual(quiet, "")

    def test_names_cannot_break_the_comment_of_a_pull_request(self):
        for folder in (self.then, self.now):
            file = folder / "describe-network-interfaces.json"
            file = file if file.exists() else next(f for f in folder.rglob("*.json") if "NetworkInterfaces" in f.read_text())
            document = json.loads(file.read_text())
            for interface in document["NetworkInterfaces"]:
                interface["TagSet"] = [{"Key": "Name", "Value": "a | @all <img src=x> `b`\n# c"}]
            file.write_text(json.dumps(document))
        markdown = self.change(self.evidence(), self.now, status=1, form="markdown")
        self.assertFalse(set("@<`") & set(markdown.replace("**", "")))
        rows = [line for line in markdown.splitlines() if line.startswith("| ")]
        self.assertEqual({line.count("|") for line in rows}, {6})

    def test_all_of_it_is_derived_again(self):
        before = self.evidence()
        self.change(before, self.now, *self.plan(self.new), status=1)
        evidence = self.out
        manifest = json.loads((evidence / "manifest.json").read_text())
        self.assertLessEqual({"base", "before", "after", "history", "terraform.json", "change.json"}, {f["path"].split("/")[0] for f in manifest["files"]})
        self.assertEqual(manifest["depth"], "moved")
        for name, old, new in (("change.json", "not-in-force", "as-planned"), ("terraform.json", str(self.new), str(self.gone)),
                               ("history/verdicts.json", '"observed": "open"', '"observed": "closed"')):
            with self.subTest(name=name):
                copy = self.copy(evidence)
                text = (copy / name).read_text()
                self.assertIn(old, text)
                (copy / name).write_text(text.replace(old, new))
                reseal(copy)
                checks, = self.verify(copy, status=1)
                self.assertEqual(checks["derivation"][0], "wrong", checks)
        copy = self.copy(evidence)
        for file in (copy / "base").rglob("*"):
            if file.is_file():
                file.write_text(file.read_text().replace(str(self.gone), str(self.new)))
        reseal(copy)
        checks, = self.verify(copy, status=1)
        self.assertEqual(checks["derivation"][0], "wrong", checks)

    def test_verify_tells_what_became_of_a_change_and_whether_it_has_a_plan(self):
        """That the verdicts are complete does not say that the change is."""
        before = self.evidence()
        self.change(before, self.now, *self.plan(self.gone, self.new, errored=True), status=4)
        self.assertTrue(json.loads((self.out / "manifest.json").read_text())["complete"])
        said = common.sgproof("verify", self.out)
        self.assertRegex(said.stdout, r"\n  change +Not as planned: .*1 unplanned.*; INCOMPLETE: \d+ things are missing\n")
        self.assertNotIn("has no plan", said.stdout)
        told = json.loads(common.sgproof("verify", self.out, "--format", "json").stdout)["bundles"][0]["change"]
        self.assertEqual((told["complete"], told["outcomes"]), (False, json.loads((self.out / "change.json").read_text())["outcomes"]))
        self.change(before, self.now, status=1)
        said = common.sgproof("verify", self.out)
        self.assertRegex(said.stdout, r"\n  change +Not as planned: .*1 not-in-force, 1 as-planned")
        self.assertNotRegex(said.stdout, r"\n  change .*INCOMPLETE")
        self.assertIn("that the change has no plan, and so all that moved counts as meant\n", said.stdout)
        self.assertNotRegex(common.sgproof("verify", before).stdout, "\n  change|has no plan")

    def test_a_plan_is_of_the_evidence_though_change_json_could_not_be_written(self):
        self.change(self.evidence(), self.now, *self.plan(self.new), status=1)
        forged = forger.Forger(self.out, self.here / "not written")
        files = forged.manifest.pop("files")
        forged.manifest.update(complete=False, failed=[{"step": "change", "why": "the disk was full"}], files=files)
        forged.derive()
        forged.path("change.json").unlink()
        forged.report()
        forged.seal()
        done = common.sgproof("verify", forged.folder)
        self.assertEqual(done.returncode, 3, done.stdout)
        self.assertIn("change.json: not there, for the run could not write it", done.stdout)

    def test_a_chain_goes_on_from_the_evidence_before(self):
        before = self.evidence(None, "--sign", self.key)
        self.change(before, self.now, "--sign", self.key, status=1)
        self.verify(before, self.out, "--key", self.public)

    def test_bad_input_is_exit_2_and_does_nothing(self):
        before = self.evidence()
        bad = self.here / "bad.json"
        bad.write_text("{")
        for words in ([], [self.here / "none", self.now], [before, self.here / "none"], [before, self.now, "--terraform", bad],
                      [before, self.now, "--depth", "deep"], [before, self.now, before], [before, self.now, "--format", "html"]):
            done = common.sgproof("change", *words, *self.words("nothing"))
            self.assertEqual(done.returncode, 2, (words, done.stderr))
            self.assertFalse((self.here / "nothing").exists())

    def test_an_estimate_sends_nothing(self):
        done = common.sgproof("change", self.evidence(), self.now, "--estimate", *self.words("nothing"))
        self.assertEqual((done.returncode, (self.here / "nothing").exists()), (0, False))
        self.assertIn("nothing was sent", done.stdout)

    def test_it_is_no_run_of_the_series(self):
        before = self.evidence()
        self.change(before, self.now, status=1)
        done = common.sgproof("history")
        self.assertNotIn(str(self.out), done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
