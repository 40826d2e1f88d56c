"""diff as a gate before applying: intents, severities, where the configuration says it, several plans, and a plan's own prior state as the base."""
import copy
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as xml

sys.path[:0] = [os.path.dirname(__file__), os.path.join(os.path.dirname(__file__), "..")]
import common
from oracle import estates
from test_diff import WORLD, block, change
from test_formats import CONSUMERS, SARIF, has
from test_snapshots import lets_out as plain

RULE = {"id": "sgrule-1", "type": "ingress", "security_group_id": "sg-1", "protocol": "tcp", "from_port": 443, "to_port": 443,
        "cidr_blocks": [WORLD], "ipv6_cidr_blocks": None, "prefix_list_ids": None, "self": False, "source_security_group_id": None}


def opens(port=22, address="aws_security_group_rule.ssh", **keys):
    rule = {k: v for k, v in {**RULE, "from_port": port, "to_port": port, **keys}.items() if k != "id"}
    return change(address, ["create"], None, rule, {"id": True, "security_group_rule_id": True}, type="aws_security_group_rule")


def closes(address="aws_security_group_rule.web"):
    return change(address, ["delete"], dict(RULE, ipv6_cidr_blocks=["::/0"]))


def allow(port, sources=None, **keys):
    rule = {"id": "allow-%s" % port, "decision": "allow", "select": {}, "protocol": "tcp", "ports": str(port), **keys}
    return dict(rule, sources=sources) if sources else rule


class Gate(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = pathlib.Path(self.folder.name)
        (self.path / "estate").mkdir()
        estates.write(plain(), self.path / "estate")

    def plan(self, changes, name="plan.json", **keys):
        (self.path / name).write_text(json.dumps({"format_version": "1.2", "terraform_version": "1.9.5", "resource_changes": changes, **keys}))
        return name

    def intent(self, *rules, default="deny"):
        (self.path / "intent.json").write_text(json.dumps({"schema": "sgproof/intent/v1", "platform": "shop", "default": default, "rules": list(rules)}))
        return ["--intent", "intent.json"]

    def run_diff(self, *words, status=0, base="estate"):
        plans = [w for w in words if str(w).endswith(".json") and str(w).startswith("plan")]
        rest = [w for w in words if w not in plans]
        done = common.sgproof("diff", *[x for p in plans for x in ("--terraform", p)], *([base] if base else []), *rest, cwd=self.path)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done

    def found(self, *words, status=0, base="estate"):
        return json.loads(self.run_diff(*words, "--format", "json", status=status, base=base).stdout)

    def judged(self, found, kind="opened"):
        return sorted((x["from_port"], x["severity"], (WORLD,) if "128.0.0.0/1" in x["sources"] else tuple(x["sources"])) for x in found[kind] if x["internet"] and x["path"] == "two-way")

    # ---- Intents and severities

    def test_an_opening_that_the_intent_does_not_allow_fails_the_gate(self):
        plan = self.plan([opens()])
        self.assertNotIn("findings", self.found(plan))
        found = self.found(plan, *self.intent(allow(443)), status=1)
        self.assertEqual((self.judged(found), found["findings"], found["fail_on"]), ([(22, "high", (WORLD,))], 1, "high"))
        self.assertEqual(found["opened"][0]["why"], "the intent does not allow it")
        self.assertIn("[high: the intent does not allow it]", self.run_diff(plan, "--intent", "intent.json", status=1).stdout)
        self.assertEqual(self.judged(self.found(plan, *self.intent(allow(22)))), [(22, "info", (WORLD,))])
        found = self.found(plan, *self.intent({"id": "no-ssh", "decision": "deny", "select": {}, "protocol": "tcp", "ports": "22"}, default="allow"), status=1)
        self.assertEqual(found["opened"][0]["why"], "the intent's rule no-ssh forbids it")

    def test_what_the_intent_allows_in_part_is_cut_exactly(self):
        plan = self.plan([opens(cidr_blocks=["203.0.112.0/23"]), opens(8000, "aws_security_group_rule.b", to_port=8002)])
        found = self.found(plan, *self.intent(allow(22, ["203.0.113.0/24"]), allow(8001)), status=1)
        self.assertEqual(self.judged(found), [(22, "high", ("203.0.112.0/24",)), (22, "info", ("203.0.113.0/24",)),
                                              (8000, "high", (WORLD,)), (8001, "info", (WORLD,)), (8002, "high", (WORLD,))])

    def test_fail_on_says_from_which_severity_on(self):
        plan, intent = self.plan([opens()]), self.intent(allow(443))
        for words, status in ((["--fail-on", "critical"], 0), (["--fail-on", "none"], 0), (["--fail-on", "low"], 1), (["--fail-on", "critical,high"], 1)):
            self.run_diff(plan, *intent, *words, status=status)
        for wrong in ("undeclared", "control:x", "hgih"):
            self.assertRegex(self.run_diff(plan, "--fail-on", wrong, status=2).stderr, "--fail-on %s: .*expected critical, high, medium, low, info," % wrong)

    def test_without_an_intent_ports_of_administration_for_all_are_high(self):
        self.assertEqual(self.judged(self.found(self.plan([opens()]), "--fail-on", "high", status=1)), [(22, "high", (WORLD,))])
        for rule in (opens(8080), opens(22, cidr_blocks=["203.0.113.0/24"])):
            self.assertEqual(self.judged(self.found(self.plan([rule]), "--fail-on", "high"))[0][1], "medium")
            self.run_diff("plan.json", "--fail-on", "medium", status=1)

    def test_an_exception_that_has_expired_is_medium(self):
        plan, intent = self.plan([opens()]), self.intent(allow(22, expires="2026-01-31"), default="allow")
        found = self.found(plan, *intent, "--date", "2026-02-01")
        self.assertEqual((self.judged(found)[0][1], found["opened"][0]["why"]), ("medium", "the intent's rule allow-22 has expired on 2026-01-31"))
        self.assertEqual(self.judged(self.found(plan, *intent, "--date", "2026-01-31"))[0][1], "info")
        self.assertEqual(self.judged(self.found(plan, *self.intent(allow(22, expires="2026-01-31")), "--date", "2026-02-01", status=1))[0][1], "high")

    def test_closings_fail_only_where_the_intent_expects_the_service(self):
        plan = self.plan([closes()])
        self.assertEqual({x[1] for x in self.judged(self.found(plan, *self.intent()), "closed")}, {"info"})
        self.assertEqual({x[1] for x in self.judged(self.found(plan, *self.intent(default="allow")), "closed")}, {"info"})
        for least in ("info", "low"):
            for words in ([], self.intent(), self.intent(default="allow")):
                found = self.found(plan, *words, "--fail-on", least)
                self.assertEqual((found["findings"], {x[1] for x in self.judged(found, "closed")}), (0, {"info"}))
        found = self.found(plan, *self.intent(allow(443)), status=1)
        self.assertEqual({x[1] for x in self.judged(found, "closed")}, {"high"})
        self.assertEqual({x["why"] for x in found["closed"] if x["internet"]}, {"the intent's rule allow-443 expects it"})

    def test_incomplete_with_findings_is_4_and_without_3(self):
        database = change("aws_db_instance.d", ["create"], None, {"publicly_accessible": True})
        self.run_diff(self.plan([opens(), database]), *self.intent(), status=4)
        self.run_diff(self.plan([database]), *self.intent(), status=3)

    def test_two_snapshots_are_judged_alike(self):
        estate = plain()
        estate["SecurityGroups"][0]["IpPermissions"][0].update(FromPort=22, ToPort=443)
        (self.path / "after").mkdir()
        estates.write(estate, self.path / "after")
        found = json.loads(self.run_diff("after", *self.intent(allow(443)), "--format", "json", status=1).stdout)
        self.assertEqual({(x["from_port"], x["to_port"], x["severity"]) for x in found["opened"] if x["internet"]}, {(22, 442, "high")})
        self.assertNotIn("resources", found["opened"][0])

    # ---- Where it is written

    def test_causes_have_addresses_files_and_lines(self):
        files = {"main.tf": '# resource "aws_eip" "no" {\n/* resource "x" "y" {} */\nlocals {\n  a = "${join("}", ["{"])} \\" {"\n  b = <<-EOT\n    resource "aws_security_group_rule" "ssh" {\n  EOT\n}\n'
                            'resource "aws_security_group_rule" "ssh" {\n  type = "ingress"\n}\nmodule "net" {\n  source = "./modules/net"\n}\nmodule "far" {\n  source = "terraform-aws-modules/vpc/aws"\n}\n',
                 "modules/net/acl.tf": '\nresource aws_security_group_rule "all" {}\n'}
        for name, text in files.items():
            (self.path / "infra" / name).parent.mkdir(parents=True, exist_ok=True)
            (self.path / "infra" / name).write_text(text)
        plan = self.plan([opens(22), opens(23, 'module.net["x"].aws_security_group_rule.all[0]'), opens(25, "module.far.aws_security_group_rule.x"), opens(26, "aws_security_group_rule.lost")])
        found = self.found(plan, "--source", "infra")
        told = {x["from_port"]: x["resources"] for x in found["opened"] if x["internet"]}
        self.assertEqual(told, {22: [{"address": "aws_security_group_rule.ssh", "file": "infra/main.tf", "line": 9}],
                                23: [{"address": 'module.net["x"].aws_security_group_rule.all[0]', "file": "infra/modules/net/acl.tf", "line": 2}],
                                25: [{"address": "module.far.aws_security_group_rule.x", "file": "infra/main.tf", "line": 15}],
                                26: [{"address": "aws_security_group_rule.lost", "file": None}]})
        self.assertIn("by aws_security_group_rule.ssh (infra/main.tf:9)", self.run_diff(plan, "--source", "infra").stdout)
        self.assertEqual(self.found(plan, "--source", self.path / "infra")["opened"], found["opened"])
        self.assertIn("is no folder", self.run_diff(plan, "--source", "infra/main.tf", status=2).stderr)

    def test_configurations_in_json_have_files_and_lines_too(self):
        infra = self.path / "infra"
        (infra / "net").mkdir(parents=True)
        (infra / "main.tf.json").write_text('{"terraform": [{"required_version": "1"}],\n "resource": {"aws_security_group_rule": {\n  "ssh": {"type": "ingress", "x": "{\\"}"},\n'
                                            '  "web": [{}]}},\n "module": [{"far": {"source": "a/b/c"}},\n  {"net": {"source": "./net"}}]}\n')
        (infra / "net/all.tofu").write_text('\nresource "aws_security_group_rule" "all" {}\n')
        found = self.found(self.plan([opens(22), opens(23, "module.net.aws_security_group_rule.all"), opens(24, "module.far.aws_security_group_rule.x"), opens(25, "aws_security_group_rule.web")]), "--source", "infra")
        told = {x["from_port"]: (x["resources"][0]["file"], x["resources"][0].get("line")) for x in found["opened"] if x["internet"]}
        self.assertEqual(told, {22: ("infra/main.tf.json", 3), 23: ("infra/net/all.tofu", 2), 24: ("infra/main.tf.json", 5), 25: ("infra/main.tf.json", 4)})

    def test_templates_have_files_and_lines(self):
        """In YAML and, as CDK writes them, in JSON. A logical id that two of them have is of neither."""
        out = self.path / "cdk.out"
        out.mkdir()
        (out / "a.yaml").write_text("Parameters:\n  Ssh: {Type: String}\nResources:\n\n  # Ssh:\n  'Ssh':\n    Type: AWS::EC2::SecurityGroupIngress\n    Properties:\n      Text: |\n        Web:\n  Both: {}\nOutputs:\n  Web: {}\n")
        (out / "b.template.json").write_text('{"Outputs": {"Web": 1},\n "Resources": {\n  "Web": {"Properties": {"Ssh": 1}},\n  "Both": {}}}')
        ingress = lambda port, id: {"Type": "Resource", "ResourceChange": {
            "Action": "Add", "LogicalResourceId": id, "ResourceType": "AWS::EC2::SecurityGroupIngress",
            "AfterContext": json.dumps({"Properties": {"GroupId": "sg-1", "IpProtocol": "tcp", "FromPort": port, "ToPort": port, "CidrIp": WORLD}})}}
        (self.path / "set.json").write_text(json.dumps({"Changes": [ingress(22, "Ssh"), ingress(23, "Web"), ingress(24, "Both"), ingress(25, "None")]}))
        found = json.loads(self.run_diff("--changeset", "set.json", "--source", "cdk.out", "--format", "json").stdout)
        told = {x["from_port"]: (x["resources"][0]["file"], x["resources"][0].get("line")) for x in found["opened"] if x["internet"]}
        self.assertEqual(told, {22: ("cdk.out/a.yaml", 6), 23: ("cdk.out/b.template.json", 3), 24: (None, None), 25: (None, None)})

    def test_the_configuration_shows_what_a_plan_hides(self):
        """A dynamic block over what only apply tells is in no plan: of a new group that has no rules of its own all is possible, unless --source shows that there is none."""
        group = change("aws_security_group.g", ["create"], None, {"name": "g", "vpc_id": "vpc-1"}, {"id": True, "ingress": True, "egress": True})
        host = change("aws_instance.h", ["create"], None, {"subnet_id": "subnet-1", "associate_public_ip_address": True}, {"id": True, "vpc_security_group_ids": True})
        refer = {"address": "aws_instance.h", "expressions": {"vpc_security_group_ids": {"references": ["aws_security_group.g.id", "aws_security_group.g"]}}}
        plan = self.plan([group, host], configuration={"root_module": {"resources": [refer, {"address": "aws_security_group.g", "expressions": {}}]}})
        self.assertEqual({x["certainty"] for x in self.found(plan, status=3)["opened"]}, {"possible"})
        block = 'resource "aws_security_group" "g" {\n  name = "g"\n  %s\n}\nresource "aws_instance" "h" {\n  dynamic "ingress" {}\n  vpc_security_group_ids = [aws_security_group.g.id]\n}\n'
        (self.path / "infra").mkdir()
        for text, status in (('dynamic "ingress" {\n    for_each = local.x\n    content {}\n  }', 3), ('# dynamic "ingress" {}', 0), ('dynamic "egress" {\n    content {\n      dynamic "ingress" {}\n    }\n  }', 0)):
            (self.path / "infra/main.tf").write_text(block % text)
            found = self.found(plan, "--source", "infra", status=status)
            self.assertEqual([bool(found["opened"]), "aws_security_group.g: ingress is known after apply" in found["unknown"]], [status == 3] * 2)
        os.remove(self.path / "infra/main.tf")
        for inner, status in (('"dynamic": {"ingress": {"content": {}}}', 3), ('"tags": {"dynamic": "ingress"}', 0)):
            (self.path / "infra/main.tf.json").write_text('{"resource": {"aws_security_group": {"g": {%s}}, "aws_instance": {"h": {"vpc_security_group_ids": ["${aws_security_group.g.id}"]}}}}' % inner)
            self.assertEqual(bool(self.found(plan, "--source", "infra", status=status)["opened"]), status == 3)

    def test_the_configuration_shows_ids_that_are_written_out_beside_what_is_new(self):
        group = change("aws_security_group.g", ["create"], None, {"name": "g", "vpc_id": "vpc-1", "ingress": [block("tcp", 22, 22, ["10.0.0.0/8"])]}, {"id": True})
        host = change("aws_instance.h", ["create"], None, {"subnet_id": "subnet-1", "associate_public_ip_address": True}, {"id": True, "vpc_security_group_ids": True})
        refer = {"address": "aws_instance.h", "expressions": {"vpc_security_group_ids": {"references": ["aws_security_group.g.id", "aws_security_group.g"]}}}
        plan = self.plan([group, host], configuration={"root_module": {"resources": [refer]}})
        (self.path / "infra").mkdir()
        (self.path / "infra/main.tf").write_text('resource "aws_instance" "h" {\n  tags = { x = "sg-3" }\n  vpc_security_group_ids = concat([aws_security_group.g.id], [\n    "sg-1", # web\n  ])\n  subnet_id = "subnet-1"\n}\n')
        self.assertEqual({(x["from_port"], x["certainty"]) for x in self.found(plan, "--source", "infra")["opened"] if x["internet"]}, {(443, "exact")})

    def test_an_intent_selects_by_all_tags_of_what_a_plan_makes(self):
        host = change("aws_instance.h", ["create"], None, {"subnet_id": "subnet-1", "associate_public_ip_address": True, "vpc_security_group_ids": ["sg-1"], "tags": {"role": "web"},
                                                           "tags_all": {"role": "web", "team": "shop"}}, {"id": True})
        for tag, status in (("role=web", 0), ("team=shop", 0), ("team=other", 1)):
            self.run_diff(self.plan([host]), *self.intent(allow(443, id="web", select={"tag": tag})), status=status)

    def test_closings_routes_entries_and_hosts_name_their_resources(self):
        gone = change("aws_route.out", ["delete"], {"id": "r", "route_table_id": "rtb-1", "destination_cidr_block": WORLD, "gateway_id": "igw-1"})
        deny = change("aws_network_acl_rule.d", ["create"], None, {"network_acl_id": "acl-1", "rule_number": 50, "egress": False, "protocol": "tcp", "rule_action": "deny",
                                                                  "cidr_block": WORLD, "from_port": 443, "to_port": 443})
        host = change("aws_instance.h", ["create"], None, {"subnet_id": "subnet-1", "vpc_security_group_ids": ["sg-1"], "associate_public_ip_address": True}, {"id": True})
        address = change("aws_eip.e", ["create"], None, {"network_interface": "eni-1", "domain": "vpc"}, {"id": True, "public_ip": True})
        for one, kind in ((gone, "closed"), (deny, "closed"), (closes(), "closed"), (host, "opened"), (address, "opened")):
            found = self.found(self.plan([one]))
            named = {r["address"] for x in found[kind] if x["internet"] for r in x["resources"]}
            self.assertEqual(named, {one["address"]})

    # ---- Formats

    def hostile(self):
        evil = 'aws_security_group_rule.x["| @here <b> \x1b[31m\u202e"]'
        return self.plan([opens(22, evil), closes()])

    def test_markdown_tells_what_opens_and_closes_by_cause(self):
        plan = self.plan([opens(), closes()])
        text = self.run_diff(plan, *self.intent(allow(443)), "--format", "markdown", status=1).stdout
        self.assertTrue(text.startswith("<!-- sgproof diff -->\n## ❌ 1 opens, 2 close: 3 at or above high\n"), text)
        self.assertIn("**Opens** by aws&#95;security&#95;group&#95;rule.ssh: ", text)
        self.assertIn("| **high** | eni-1 198.51.100.4 | 22/tcp | 0.0.0.0/0 except 10.0.0.0/16 | the intent does not allow it |", text)
        self.assertIn("## ✅ nothing opens or closes\n", self.run_diff(self.plan([]), "--format", "markdown").stdout)
        self.assertIn("## ⚠️ ", self.run_diff(self.plan([change("aws_db_instance.d", ["create"], None, {"publicly_accessible": True})]), "--format", "markdown", status=3).stdout)
        text = self.run_diff(self.hostile(), "--format", "markdown").stdout
        self.assertNotRegex(text, "@here|<b>|\x1b|\u202e")

    def test_sarif_points_into_the_repository_and_leaves_passes_out(self):
        (self.path / "infra x").mkdir()
        (self.path / "infra x" / "a.tf").write_text('\nresource "aws_security_group_rule" "ssh" {\n}\n')
        plan = self.plan([opens(), opens(443, "aws_security_group_rule.ok"), opens(80, "aws_security_group_rule.web80"), closes("aws_security_group_rule.old")])
        document = json.loads(self.run_diff(plan, *self.intent(allow(80)), "--source", "infra x", "--format", "sarif", status=1).stdout)
        [result] = document["runs"][0]["results"]
        self.assertEqual((result["ruleId"], result["level"], result["properties"]["severity"]), ("opened", "error", "high"))
        self.assertEqual(result["locations"], [{"physicalLocation": {"artifactLocation": {"uri": "infra%20x/a.tf"}, "region": {"startLine": 2}}}])
        self.assertEqual(result["message"]["text"], "198.51.100.4 22/tcp eni-1 from 0.0.0.0/0 except 10.0.0.0/16 opens: the intent does not allow it, by aws_security_group_rule.ssh.")
        document = json.loads(self.run_diff(self.hostile(), "--format", "sarif", "--fail-on", "high", status=1).stdout)
        self.assertEqual(document["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "plan.json")
        self.assertNotRegex(json.dumps(document, ensure_ascii=False), "\x1b|\u202e|\\\\u001b")

    @unittest.skipUnless(os.access(SARIF, os.X_OK), "Microsoft's SARIF validator is not installed, and could not be")
    def test_sarif_passes_the_validator(self):
        done = self.run_diff(self.plan([opens(), change("aws_db_instance.d", ["create"], None, {"publicly_accessible": True})]), *self.intent(), "--format", "sarif", status=4)
        (self.path / "out.sarif").write_text(done.stdout)
        done = subprocess.run([SARIF, "validate", "out.sarif"], capture_output=True, text=True, cwd=self.path, timeout=120,
                              env={**os.environ, "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"})
        self.assertNotRegex(done.stdout, r": error ", done.stdout)
        self.assertIn("1 files scanned", done.stdout)

    def test_junit_counts_findings_and_what_is_not_known(self):
        for changes, failures, status in (([opens()], 1, 1), ([opens(443), closes()], 0, 0), ([change("aws_db_instance.d", ["create"], None, {"publicly_accessible": True})], 1, 3)):
            text = self.run_diff(self.plan(changes), *self.intent(allow(80)), "--format", "junit", status=status).stdout
            suite = xml.fromstring(text).find("testsuite")
            cases = suite.findall("testcase")
            self.assertEqual((int(suite.get("tests")), int(suite.get("failures"))), (len(cases), failures))
            self.assertEqual(sum(c.find("failure") is not None for c in cases), failures)
        xml.fromstring(self.run_diff(self.hostile(), "--format", "junit").stdout)

    @unittest.skipUnless(has("junitparser"), "junitparser is not installed, and could not be")
    def test_junit_is_read(self):
        (self.path / "out.xml").write_text(self.run_diff(self.plan([opens()]), *self.intent(), "--format", "junit", status=1).stdout)
        read = "import sys, junitparser; print([(s.name, s.tests, s.failures) for s in junitparser.JUnitXml.fromfile(sys.argv[1])])"
        done = subprocess.run([CONSUMERS, "-c", read, self.path / "out.xml"], capture_output=True, text=True)
        self.assertEqual(done.stdout, "[('diff', 2, 1)]\n", done.stderr)

    def test_the_same_input_gives_the_same_bytes(self):
        plan, intent = self.hostile(), self.intent()
        for form in ("text", "json", "markdown", "sarif", "junit"):
            first, again = (self.run_diff(plan, *intent, "--format", form, status=1).stdout for _ in range(2))
            self.assertEqual(first, again)

    # ---- Several plans

    def test_plans_are_applied_in_turn(self):
        a, b = self.plan([opens(22)], "plan-a.json"), self.plan([opens(8443, "aws_security_group_rule.b")], "plan-b.json")
        found = self.found(a, b)
        self.assertEqual([(x["from_port"], x["resources"][0]["address"]) for x in found["opened"] if x["internet"]],
                         [(22, "aws_security_group_rule.ssh"), (8443, "aws_security_group_rule.b")])

    def test_conflicts_between_plans_are_named(self):
        host = change("aws_instance.h", ["create"], None, {"subnet_id": "subnet-1", "vpc_security_group_ids": ["sg-1"], "associate_public_ip_address": True}, {"id": True})
        a, b = self.plan([host], "plan-a.json"), self.plan([host], "plan-b.json")
        found = self.found(a, b, status=3)
        self.assertEqual(len([x for x in found["opened"] if x["internet"]]), 2)
        self.assertIn("aws_instance.h: plan-a.json and plan-b.json both create it", found["unknown"][0])
        group = {"id": "sg-1", "name": "web", "vpc_id": "vpc-1", "ingress": [block("tcp", 443, 443, [WORLD], ["::/0"])]}
        for plan, port in (("plan-a.json", 22), ("plan-b.json", 25)):
            self.plan([change("aws_security_group.web", ["update"], group, dict(group, ingress=[block("tcp", port, port, [WORLD])]))], plan)
        found = self.found("plan-a.json", "plan-b.json", status=3)
        self.assertIn("aws_security_group.web: plan-a.json and plan-b.json both change sg-1", found["unknown"][0])
        self.assertEqual({x["from_port"] for x in found["opened"] if x["internet"]}, {22, 25})  # the provider takes away what its plan knew

    # ---- Without a snapshot

    def state(self):
        arn = {"arn": "arn:aws:ec2:eu-west-3:111122223333:x/y", "owner_id": "111122223333"}
        held = lambda address, **values: {"address": address, "mode": "managed", "type": address.split(".")[0], "values": {**arn, **values}}
        return [held("aws_vpc.v", id="vpc-1", cidr_block="10.0.0.0/16", main_route_table_id="rtb-0"),
                held("aws_subnet.s", id="subnet-1", vpc_id="vpc-1", cidr_block="10.0.0.0/24", map_public_ip_on_launch=True),
                held("aws_internet_gateway.g", id="igw-1", vpc_id="vpc-1"),
                held("aws_route_table.t", id="rtb-1", vpc_id="vpc-1", route=[{"cidr_block": WORLD, "gateway_id": "igw-1"}]),
                held("aws_route_table_association.a", id="rtbassoc-1", route_table_id="rtb-1", subnet_id="subnet-1"),
                held("aws_default_network_acl.d", id="acl-1", vpc_id="vpc-1", subnet_ids=["subnet-1"],
                     ingress=[{"rule_no": 100, "action": "allow", "protocol": "-1", "cidr_block": WORLD, "from_port": 0, "to_port": 0}],
                     egress=[{"rule_no": 100, "action": "allow", "protocol": "-1", "cidr_block": WORLD, "from_port": 0, "to_port": 0}]),
                held("aws_security_group.web", id="sg-1", name="web", vpc_id="vpc-1", ingress=[block("tcp", 443, 443, [WORLD])], egress=[]),
                held("aws_instance.i", id="i-1", subnet_id="subnet-1", vpc_security_group_ids=["sg-1"], private_ip="10.0.0.4", public_ip="198.51.100.4",
                     primary_network_interface_id="eni-1", instance_state="running", tags={"Name": "web-1"}, ipv6_addresses=[])]

    def alone(self, changes, state, status, *words):
        plan = self.plan(changes, prior_state={"format_version": "1.0", "values": {"root_module": {"child_modules": [{"address": "module.m", "resources": state}]}}})
        return self.found(plan, *words, status=status, base=None)

    def test_a_plan_stands_on_its_prior_state(self):
        found = self.alone([opens()], self.state(), 3)
        self.assertEqual([(x["address"], x["from_port"], x["certainty"], x["name"]) for x in found["opened"] if x["internet"]], [("198.51.100.4", 22, "exact", "web-1")])
        self.assertEqual(found["before"], "prior_state")
        self.assertIn("give a snapshot", json.dumps(found["missing_before"]))
        found = self.alone([closes()], self.state(), 3)
        self.assertEqual([(x["address"], x["from_port"]) for x in found["closed"] if x["internet"]], [("198.51.100.4", 443)])
        self.alone([opens()], self.state(), 4, *self.intent())

    def test_delegated_prefixes_of_a_prior_state_are_read(self):
        state = self.state()
        state[4]["values"]["route_table_id"] = "rtb-1"
        state[3]["values"]["route"].append({"ipv6_cidr_block": "::/0", "gateway_id": "igw-1"})
        for way in ("ingress", "egress"):
            state[5]["values"][way].append({"rule_no": 101, "action": "allow", "protocol": "-1", "ipv6_cidr_block": "::/0", "from_port": 0, "to_port": 0})
        state.append({"address": "aws_network_interface.n", "mode": "managed", "type": "aws_network_interface", "values": {
            "id": "eni-2", "subnet_id": "subnet-1", "private_ip": "10.0.0.9", "private_ips": ["10.0.0.9"], "security_groups": ["sg-1"], "interface_type": "interface",
            "ipv4_prefixes": ["10.0.0.64/28"], "ipv6_prefixes": ["2001:db8:1:0:1::/80"], "attachment": [{"instance": "i-1", "device_index": 1}]}})
        found = self.alone([change("aws_security_group_rule.six", ["create"], None, {"security_group_id": "sg-1", "type": "ingress", "protocol": "tcp", "from_port": 22,
                                                                                    "to_port": 22, "ipv6_cidr_blocks": ["::/0"]})], state, 3)
        self.assertIn(("2001:db8:1:0:1::/80", 22), [(x["address"], x["from_port"]) for x in found["opened"] if x["internet"]])

    def test_block_public_access_of_a_prior_state_is_heeded(self):
        place = {"aws_account_id": "111122223333", "aws_region": "eu-west-3"}
        options = lambda mode: {"address": "aws_vpc_block_public_access_options.b", "mode": "managed", "type": "aws_vpc_block_public_access_options",
                                "values": {"id": "eu-west-3", "internet_gateway_block_mode": mode, **place}}
        exclusion = lambda mode, what, id: {"address": "aws_vpc_block_public_access_exclusion.e", "mode": "managed", "type": "aws_vpc_block_public_access_exclusion", "values": {
            "id": "vpcbpa-exclude-1", "internet_gateway_exclusion_mode": mode, what + "_id": id, "resource_arn": "arn:aws:ec2:eu-west-3:111122223333:%s/%s" % (what, id)}}
        elsewhere = options("block-bidirectional")
        elsewhere["values"]["aws_region"] = "us-east-1"
        for more, opened in (([options("off")], {"exact"}), ([elsewhere], {"possible"}), ([options("block-ingress")], {"possible"}), ([options("block-bidirectional")], {"possible"}),
                             ([options("block-ingress"), exclusion("allow-bidirectional", "subnet", "subnet-1")], {"exact"}),
                             ([options("block-bidirectional"), exclusion("allow-bidirectional", "vpc", "vpc-1")], {"exact"})):
            found = self.alone([opens()], self.state() + more, 3)  # of exclusions, a state tells those of its own
            self.assertEqual({x["certainty"] for x in found["opened"] if x["internet"]}, opened, more)

    def test_a_vpc_of_a_prior_state_reaches_its_own_blocks_by_itself(self):
        state = self.state()
        state[0]["values"]["ipv6_cidr_block"] = "2001:db8:1::/56"
        state[1]["values"]["ipv6_cidr_block"] = "2001:db8:1::/64"
        state[3]["values"]["route"].append({"ipv6_cidr_block": "::/0", "gateway_id": "igw-1"})
        for way in ("ingress", "egress"):
            state[5]["values"][way].append({"rule_no": 101, "action": "allow", "protocol": "-1", "ipv6_cidr_block": "::/0", "from_port": 0, "to_port": 0})
        state[7]["values"]["ipv6_addresses"] = ["2001:db8:1::4"]
        state.append({"address": "aws_vpc_ipv4_cidr_block_association.c", "mode": "managed", "type": "aws_vpc_ipv4_cidr_block_association", "values": {"id": "a", "vpc_id": "vpc-1", "cidr_block": "8.8.0.0/16"}})
        opening = opens(cidr_blocks=[WORLD], ipv6_cidr_blocks=["2001:db8:1::/56", "2001:db8:2::/56"])
        found = self.alone([opening], state, 3)
        self.assertEqual([x["sources"] for x in found["opened"] if x["path"] == "two-way" and x["address"] == "2001:db8:1::4"], [["2001:db8:2::/56"]])
        self.assertIn("8.8.0.0/16", [c for x in found["opened"] if x["path"] == "inbound-only" for c in x["sources"]])

    def test_an_interface_of_a_prior_state_has_the_address_that_its_instance_tells(self):
        state = self.state()
        state.append({"address": "aws_network_interface.n", "mode": "managed", "type": "aws_network_interface", "values": {
            "id": "eni-1", "subnet_id": "subnet-1", "private_ip": "10.0.0.4", "private_ips": ["10.0.0.4"], "security_groups": ["sg-1"], "interface_type": "interface"}})
        found = self.alone([opens()], state, 3)
        self.assertEqual([(x["address"], x["certainty"]) for x in found["opened"] if x["internet"]], [("198.51.100.4", "exact")])

    def test_what_the_state_does_not_hold_makes_it_possible(self):
        for without in ("aws_default_network_acl.d", "aws_internet_gateway.g", "aws_route_table_association.a", "aws_subnet.s", "aws_security_group.web"):
            state = [x for x in self.state() if x["address"] != without]
            found = self.alone([opens()], state, 3)
            opened = {x["certainty"] for x in found["opened"] if x["internet"] and x["from_port"] == 22}
            if without == "aws_security_group.web":
                self.assertIn("sg-1 is not in the snapshot", json.dumps(found["unknown"]))
            else:
                self.assertEqual(opened, {"possible"}, without)

    def test_a_new_stack_is_known_whole(self):
        new = {"id": True, "arn": True}
        reference = lambda address, **keys: {"address": address, "expressions": {k: {"references": [v + ".id", v]} for k, v in keys.items()}}
        changes = [change("aws_vpc.v", ["create"], None, {"cidr_block": "10.0.0.0/16"}, {**new, "ipv6_cidr_block": True, "main_route_table_id": True}),
                   change("aws_subnet.s", ["create"], None, {"cidr_block": "10.0.0.0/24", "map_public_ip_on_launch": True}, {**new, "vpc_id": True}),
                   change("aws_internet_gateway.g", ["create"], None, {}, {**new, "vpc_id": True}),
                   change("aws_route_table.t", ["create"], None, {}, {**new, "vpc_id": True, "route": True}),
                   change("aws_route.r", ["create"], None, {"destination_cidr_block": WORLD}, {**new, "route_table_id": True, "gateway_id": True}),
                   change("aws_route_table_association.a", ["create"], None, {}, {**new, "route_table_id": True, "subnet_id": True}),
                   change("aws_security_group.w", ["create"], None, {"name": "w", "ingress": [block("tcp", 22, 22, [WORLD])]}, {**new, "vpc_id": True, "egress": True}),
                   change("aws_instance.i", ["create"], None, {}, {**new, "subnet_id": True, "vpc_security_group_ids": True, "public_ip": True, "associate_public_ip_address": True})]
        resources = [{"address": "aws_vpc.v", "expressions": {}}, reference("aws_subnet.s", vpc_id="aws_vpc.v"), reference("aws_internet_gateway.g", vpc_id="aws_vpc.v"),
                     reference("aws_route_table.t", vpc_id="aws_vpc.v"), reference("aws_route.r", route_table_id="aws_route_table.t", gateway_id="aws_internet_gateway.g"),
                     reference("aws_route_table_association.a", route_table_id="aws_route_table.t", subnet_id="aws_subnet.s"), reference("aws_security_group.w", vpc_id="aws_vpc.v"),
                     reference("aws_instance.i", subnet_id="aws_subnet.s", vpc_security_group_ids="aws_security_group.w")]
        plan = self.plan(changes, configuration={"root_module": {"resources": resources}})
        found = self.found(plan, base=None)
        self.assertEqual([(x["from_port"], x["certainty"]) for x in found["opened"] if x["internet"]], [(22, "exact")])
        self.assertEqual([r["address"] for r in found["opened"][0]["resources"]], ["aws_instance.i"])
        self.found(plan, *self.intent(), status=1, base=None)

    def test_a_plan_that_changes_nothing_of_a_network_is_complete_on_its_own(self):
        role = change("aws_iam_role.r", ["create"], None, {"name": "r"})
        found = self.alone([role], self.state(), 0)
        self.assertEqual((found["opened"], found["unknown"], found["missing_after"]), ([], [], []))

    def test_starvation_of_a_prior_state_never_hides_an_opening_without_a_word(self):
        state = self.state()
        for i, one in enumerate(state):
            for key in list(one["values"]):
                cut = copy.deepcopy(state)
                del cut[i]["values"][key]
                found = self.alone([opens()], cut, 3)
                opened = any(x["internet"] and x["from_port"] <= 22 <= x["to_port"] for x in found["opened"] if "from_port" in x)
                self.assertTrue(opened or found["unknown"] or found["missing_after"], (one["address"], key))


if __name__ == "__main__":
    unittest.main()
