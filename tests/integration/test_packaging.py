"""The roles of a fleet in packaging/: as docs/iam-policy.json has it and no more, and what their own tools take."""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

sys.path[:0] = [os.path.dirname(__file__), os.path.join(os.path.dirname(__file__), "..")]
import common

PACKAGING = common.TOP / "packaging"
PYTHON = common.TOP / ".venv/bin/python"
POLICY = json.loads((common.TOP / "docs/iam-policy.json").read_text())
OF_READER = ("SgproofOrganization", "SgproofOtherAccounts")
READ_YAML = """
import json, sys, yaml
class Loader(yaml.SafeLoader):
    pass
Loader.add_multi_constructor("!", lambda loader, tag, node: {tag: node.value})
print(json.dumps(yaml.load(open(sys.argv[1]), Loader)))
"""
READ_HCL = "import hcl2, json, sys; print(json.dumps(hcl2.load(open(sys.argv[1]))))"

MOVERS = """
import botocore.session, json, re
session = botocore.session.get_session()
names = {name for service in ("ec2", "elb", "elbv2") for name in session.get_service_model(service).operation_names}
print(json.dumps(sorted(n for n in names if not re.match("Describe|Get|Search|List|Export|Reset(?!Network)|Update.*Descriptions", n) and re.search(
    "SecurityGroup|NetworkAcl|Route|Address|InternetGateway|PrefixListVersion|ModifyManagedPrefixList|NetworkInterface(s|Attribute)?$|VpcBlockPublic|CidrBlock|NatGateway"
    "|^(Run|Start|Stop|Terminate)Instances|Listener|LoadBalancer$|LoadBalancerTo|LoadBalancerFrom|FromLoadBalancer|ToLoadBalancer|Targets|(Create|Modify|Delete)Rule|SetRule|SetSubnets", n))))
"""
# Calls of these kinds that leave what the internet reaches as it is: of VPNs, transit and local gateways, of what stands empty until
# another call fills it, of names and certificates.
BESIDE = ("ClientVpn|TransitGateway|LocalGateway|Vpn|EgressOnly|^(Create|Delete)(SecurityGroup|InternetGateway)$|^(Enable|Disable)AddressTransfer|ModifyAddressAttribute"
          "|ListenerCertificates|ListenerSSL|LoadBalancerPolic|PoliciesOf|StickinessPolicy|ModifyPrivateDnsNameOptions|SecurityGroupReferences|Permission")


def has(module):
    return PYTHON.exists() and subprocess.run([PYTHON, "-c", "import " + module], capture_output=True).returncode == 0


def parsed(program, path):
    done = subprocess.run([PYTHON, "-c", program, path], text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def bare(value):
    """What python-hcl2 makes of a text or a name, without its quotes."""
    return json.loads(json.dumps(value).replace('\\"', ""))


class Roles(unittest.TestCase):
    def test_they_are_what_the_script_makes_of_the_policy(self):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([common.TOP / "scripts/make-roles", folder], check=True)
            made = sorted(p for p in pathlib.Path(folder).rglob("*") if p.is_file())
            self.assertEqual(len(made), 6)
            for path in made:
                self.assertEqual(path.read_text(), (PACKAGING / path.relative_to(folder)).read_text(), path)

    def test_all_that_is_allowed_reads(self):
        for one in POLICY["Statement"]:
            for action in one["Action"]:
                self.assertRegex(action, r"^[a-z0-9-]+:(Describe|Get|List|GenerateCredentialReport$|SearchTransitGatewayRoutes$)|^apigateway:GET$|^sts:AssumeRole$")

    def test_of_api_gateway_nothing_but_vpc_links_is_read(self):
        (one,) = [one for one in POLICY["Statement"] if any(action.startswith("apigateway:") for action in one["Action"])]
        self.assertEqual((one["Action"], one["Resource"]), (["apigateway:GET"], ["arn:*:apigateway:*::/vpclinks", "arn:*:apigateway:*::/v2/vpclinks"]))

    def test_the_modules_policies_are_the_documented_one(self):
        document = json.loads((PACKAGING / "terraform/role/policy.json").read_text())
        self.assertEqual(document["Statement"], [s for s in POLICY["Statement"] if s["Sid"] not in OF_READER])
        template = (PACKAGING / "terraform/reader/policy.json.tftpl").read_text()
        self.assertEqual(json.loads(template.replace("${partition}", "aws").replace("${role_name}", "sgproof")), POLICY)
        self.assertLess(len(json.dumps(POLICY, separators=(",", ":"))), 6144)  # the quota of a managed policy
        self.assertLess(len(json.dumps(document, separators=(",", ":"))), 10240)  # of a role's own ones

    @unittest.skipUnless(has("yaml"), "PyYAML is not installed, and could not be")
    def test_the_templates_allow_what_is_documented_and_trust_one_reader_with_an_external_id(self):
        role = parsed(READ_YAML, PACKAGING / "cloudformation/role.yaml")["Resources"]
        self.assertEqual(list(role), ["Role"])
        about = role["Role"]["Properties"]
        [policy] = about["Policies"]
        self.assertEqual(policy["PolicyDocument"]["Statement"], [s for s in POLICY["Statement"] if s["Sid"] not in OF_READER])
        self.assertEqual(about["AssumeRolePolicyDocument"]["Statement"], [{
            "Effect": "Allow", "Principal": {"AWS": {"Ref": "ReaderArn"}}, "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"sts:ExternalId": {"Ref": "ExternalId"}}}}])
        self.assertFalse({"ManagedPolicyArns"} & set(about))
        reader = parsed(READ_YAML, PACKAGING / "cloudformation/reader.yaml")["Resources"]
        self.assertEqual(list(reader), ["Policy"])
        expected = json.loads(json.dumps(POLICY["Statement"]))
        expected[-1]["Resource"] = {"Sub": "arn:${AWS::Partition}:iam::*:role/${RoleName}"}
        self.assertEqual(reader["Policy"]["Properties"]["PolicyDocument"]["Statement"], expected)

    @unittest.skipUnless(has("cfnlint"), "cfn-lint is not installed, and could not be")
    def test_cfn_lint_has_nothing_to_say_of_the_templates(self):
        for name in ("role", "reader", "on-change"):
            done = subprocess.run([PYTHON, "-c", "from cfnlint.runner import main; main()", "--include-checks", "I", "--", PACKAGING / ("cloudformation/%s.yaml" % name)], text=True, capture_output=True)
            self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)

    @unittest.skipUnless(has("yaml") and common.python_with_moto(), "PyYAML or botocore is not installed, and could not be")
    def test_the_rule_hears_every_call_that_moves_groups_acls_routes_and_addresses(self):
        pattern = parsed(READ_YAML, PACKAGING / "cloudformation/on-change.yaml")["Resources"]["Rule"]["Properties"]["EventPattern"]
        self.assertLess(len(json.dumps(pattern, separators=(",", ":"))), 2048)  # EventBridge's quota
        told = pattern["detail"]["eventName"]
        prefixes = tuple(one["prefix"] for one in told if isinstance(one, dict))
        exact = [one for one in told if isinstance(one, str)]
        calls = json.loads(subprocess.run([common.python_with_moto(), "-c", MOVERS], capture_output=True, text=True, check=True).stdout)
        self.assertEqual([name for name in calls if not (name.startswith(prefixes) or name in exact or re.search(BESIDE, name))], [])
        for one in (*prefixes, *exact):
            self.assertTrue(any(name == one or name.startswith(one) and one in prefixes for name in calls + ["ModifyInstanceAttribute", "SetIpAddressType"]), one)

    @unittest.skipUnless(has("yaml"), "PyYAML is not installed, and could not be")
    def test_the_task_that_it_starts_knows_by_whose_address_it_asks_and_takes_no_events(self):
        resources = parsed(READ_YAML, PACKAGING / "cloudformation/on-change.yaml")["Resources"]
        override, = resources["Run"]["Properties"]["Definition"]["States"]["Change"]["Parameters"]["Overrides"]["ContainerOverrides"]
        words = re.findall(r"'([^']*)'", override["Command.$"]["Sub"])
        self.assertEqual((words[:3], words[words.index("--vantage") + 1]), (["sgproof", "change", "/evidence/latest"], "auto"))
        self.assertIn("--vantage-url", words)  # in a task nobody else knows the address that the internet sees
        options = common.sgproof("change", "--help").stdout
        self.assertEqual([word for word in words if word.startswith("--") and word not in options], [])
        # An execution takes 262,144 characters, and a burst may be 10,000 events.
        target = resources["Pipe"]["Properties"]
        self.assertLess(target["SourceParameters"]["SqsQueueParameters"]["BatchSize"] * (len(target["TargetParameters"]["InputTemplate"]) + 1), 262144)

    @unittest.skipUnless(has("check_jsonschema"), "check-jsonschema is not installed, and could not be")
    def test_the_schemas_of_github_and_gitlab_take_the_jobs_of_a_pipeline(self):
        def check(schema, *paths):
            return subprocess.run([PYTHON, "-m", "check_jsonschema", "--builtin-schema", "vendor." + schema, *paths], capture_output=True, text=True)
        actions = sorted((PACKAGING / "ci").glob("*/action.yml"))
        self.assertEqual([path.parent.name for path in actions], ["change", "gate", "nightly"])
        for schema, paths in (("github-actions", actions), ("gitlab-ci", [PACKAGING / "ci/gitlab.yml"])):
            done = check(schema, *paths)
            self.assertEqual(done.returncode, 0, done.stdout)
        with tempfile.TemporaryDirectory() as folder:
            wrong = pathlib.Path(folder, "action.yml")
            wrong.write_text(actions[0].read_text().replace("using: composite", "using: composit"))
            self.assertNotEqual(check("github-actions", wrong).returncode, 0)

    @unittest.skipUnless(has("hcl2"), "python-hcl2 is not installed, and could not be")
    def test_the_modules_are_hcl_that_trusts_one_reader_with_an_external_id(self):
        module = bare(parsed(READ_HCL, PACKAGING / "terraform/role/main.tf"))
        self.assertEqual(sorted(next(iter(v)) for v in module["variable"]), ["external_id", "reader_arn", "role_name"])
        resources = {kind: about for one in module["resource"] for kind, about in one.items()}
        self.assertEqual(sorted(resources), ["aws_iam_role", "aws_iam_role_policy"])
        trust = resources["aws_iam_role"]["sgproof"]["assume_role_policy"]
        for part in ("var.reader_arn", "sts:ExternalId", "var.external_id", "sts:AssumeRole"):
            self.assertIn(part, trust)
        self.assertIn("policy.json", resources["aws_iam_role_policy"]["read"]["policy"])
        reader = bare(parsed(READ_HCL, PACKAGING / "terraform/reader/main.tf"))
        [resource] = reader["resource"]
        self.assertIn("policy.json.tftpl", resource["aws_iam_policy"]["reader"]["policy"])
        for one in (module, reader):
            used = set(re.findall(r"var\.(\w+)", json.dumps(one)))
            self.assertEqual(used, {next(iter(v)) for v in one["variable"]})

    def test_what_they_name_are_options_of_read(self):
        said = common.sgproof("read", "--help").stdout
        for option in ("--external-id", "--role-name", "--org-unit", "--org-exclude"):
            self.assertIn(option, said)
            self.assertIn(option, (PACKAGING / "README.md").read_text())


if __name__ == "__main__":
    unittest.main()
