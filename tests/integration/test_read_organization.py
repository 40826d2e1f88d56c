"""Control policies and IAM Identity Center, read from moto (an AWS API server that is not ours) and from a scripted server. Loopback only."""
import json
import os
import sys
import unittest

sys.path[:0] = [os.path.dirname(__file__), os.path.join(os.path.dirname(__file__), "..")]
from test_read import KEYS, OnMoto, PYTHON, REGION, Script, keys_of_role, sgproof

OWN, OTHER = "111122223333", "222233334444"
MAKE = """
import json, sys, boto3
endpoint, region = sys.argv[1:]
make = lambda service: boto3.client(service, endpoint_url=endpoint, region_name=region)
org, sso = make("organizations"), make("sso-admin")
made = org.create_organization(FeatureSet="ALL")["Organization"]
root = org.list_roots()["Roots"][0]["Id"]
org.enable_policy_type(RootId=root, PolicyType="SERVICE_CONTROL_POLICY")
unit = org.create_organizational_unit(ParentId=root, Name="apps")["OrganizationalUnit"]["Id"]
org.move_account(AccountId="123456789012", SourceParentId=root, DestinationParentId=unit)
content = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}]})
policy = org.create_policy(Content=content, Description="no S3", Name="no-s3", Type="SERVICE_CONTROL_POLICY")["Policy"]["PolicySummary"]["Id"]
org.attach_policy(PolicyId=policy, TargetId=unit)
instance = sso.list_instances()["Instances"][0]["InstanceArn"]
granted = sso.create_permission_set(Name="Look", InstanceArn=instance, Description="reads")["PermissionSet"]["PermissionSetArn"]
sso.put_inline_policy_to_permission_set(InstanceArn=instance, PermissionSetArn=granted, InlinePolicy=content)
sso.attach_managed_policy_to_permission_set(InstanceArn=instance, PermissionSetArn=granted, ManagedPolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
sso.create_account_assignment(InstanceArn=instance, TargetId="123456789012", TargetType="AWS_ACCOUNT", PermissionSetArn=granted, PrincipalType="GROUP", PrincipalId="g-1")
print(json.dumps({"root": root, "unit": unit, "policy": policy, "instance": instance, "set": granted}))
"""


@unittest.skipUnless(PYTHON, "moto, boto3 and awscli are not installed, and could not be")
class Moto(OnMoto):
    made_by = ("-c", MAKE)

    def test_what_is_read_is_what_the_aws_cli_prints_and_is_understood(self):
        done = self.read("--max-attempts", "1")
        self.assertEqual(done.returncode, 0, done.stderr)
        made, folder = self.made, self.path / "estate" / "123456789012"
        short = made["set"].split("/")[-1]
        at = ["--instance-arn", made["instance"], "--permission-set-arn", made["set"]]
        instance, both = made["instance"].split("/")[-1], None
        asked = {"global/describe-organization.json": ["organizations", "describe-organization"],
                 "global/list-parents.123456789012.json": ["organizations", "list-parents", "--child-id", "123456789012"],
                 "global/list-parents.%s.json" % made["unit"]: ["organizations", "list-parents", "--child-id", made["unit"]],
                 "global/describe-policy.%s.json" % made["policy"]: ["organizations", "describe-policy", "--policy-id", made["policy"]]}
        for target in ("123456789012", made["unit"], made["root"]):
            asked["global/list-policies-for-target.%s.SERVICE_CONTROL_POLICY.json" % target] = [
                "organizations", "list-policies-for-target", "--target-id", target, "--filter", "SERVICE_CONTROL_POLICY"]
        for path, words in asked.items():
            with self.subTest(path=path):
                self.assertEqual(json.loads((folder / path).read_text()), self.aws(*words))
        found = {p.name.split(".")[0]: json.loads(p.read_text()) for p in (folder / REGION).iterdir() if p.name.endswith("%s.json" % short) or short + "." in p.name}
        self.assertEqual(set(found), {"describe-permission-set", "list-managed-policies-in-permission-set", "get-inline-policy-for-permission-set", "list-account-assignments"})
        self.assertEqual(found["list-managed-policies-in-permission-set"], self.aws("sso-admin", "list-managed-policies-in-permission-set", *at))
        self.assertEqual(found["get-inline-policy-for-permission-set"], self.aws("sso-admin", "get-inline-policy-for-permission-set", *at))
        self.assertEqual(found["list-account-assignments"], self.aws("sso-admin", "list-account-assignments", *at, "--account-id", "123456789012"))
        self.assertEqual(found["describe-permission-set"]["PermissionSet"]["Name"], "Look")
        told = sgproof("account", self.path / "estate", "--format", "json", "--pack", "sec-002")
        self.assertIn("people sign in by IAM Identity Center (Look, whose role is not told, for GROUP g-1); ", told.stdout)
        self.assertEqual(json.loads(told.stdout)["unread"], [])


class Scripted(Script):
    """Whose keys ask, what is asked once, and what a refusal costs."""
    TREE = {OWN: "r-ab12", OTHER: "ou-ab12-aaaaaaaa", "ou-ab12-aaaaaaaa": "r-ab12"}

    def setUp(self):
        super().setUp()
        answer = lambda value: (200, {}, json.dumps(value))
        self.script["ListAccounts"] = [answer({"Accounts": [{"Id": i, "Status": "ACTIVE"} for i in (OWN, OTHER)]})]
        self.script["AssumeRole"] = lambda form: keys_of_role(form, "ASIAX")
        self.script["DescribeOrganization"] = [answer({"Organization": {"Id": "o-abcdefghij", "MasterAccountId": OWN}})]
        self.script["ListParents"] = lambda form: answer({"Parents": [{"Id": self.TREE[form["ChildId"]], "Type": "ROOT"}]})
        self.script["ListPoliciesForTarget"] = lambda form: answer({"Policies": [{"Id": "p-one", "Arn": "arn:aws:organizations::%s:policy/o/p-one" % OWN, "Type": form["Filter"]}]})
        self.script["DescribePolicy"] = [answer({"Policy": {"PolicySummary": {"Id": "p-one", "Type": "SERVICE_CONTROL_POLICY"}, "Content": "{}"}})]

    def asked(self, *actions):
        return sorted((action, form.get("TargetId") or form.get("ChildId") or form.get("PolicyId"), headers["Authorization"].split("=")[1].split("/")[0][:4])
                      for action, form, headers in self.seen if action in actions)

    def test_each_unit_is_asked_about_once_and_with_the_keys_of_who_reads(self):
        self.assertEqual(self.read("--org", "--role-name", "r").returncode, 0)
        self.assertEqual(self.asked("ListParents", "DescribePolicy"), [("DescribePolicy", "p-one", "AKIA"), ("ListParents", OWN, "AKIA"), ("ListParents", OTHER, "AKIA"),
                                                                      ("ListParents", "ou-ab12-aaaaaaaa", "AKIA")])
        self.assertEqual(self.asked("ListPoliciesForTarget"), sorted(("ListPoliciesForTarget", t, "AKIA") for t in (OWN, OTHER, "ou-ab12-aaaaaaaa", "r-ab12") for _ in (1, 2)))
        self.assertEqual([key for _, _, key in self.asked("DescribeOrganization")], ["AKIA", "ASIA"])
        self.assertTrue((self.path / "estate" / OTHER / "global" / ("list-parents.%s.json" % OTHER)).is_file())

    def test_what_is_refused_is_named_and_costs_nothing_else(self):
        refused = (400, {}, json.dumps({"__type": "AccessDeniedException", "Message": "only the management account may"}))
        for action in ("ListParents", "ListPoliciesForTarget", "ListInstances"):
            self.script[action] = [refused]
        done = self.read()
        self.assertEqual((done.returncode, self.record()["unread"]), (0, []), done.stderr)
        self.assertEqual({(u["operation"], u["iam_action"]) for u in self.record()["unavailable"] if u["code"] == "AccessDeniedException"},
                         {("ListParents", "organizations:ListParents"), ("ListPoliciesForTarget", "organizations:ListPoliciesForTarget"), ("ListInstances", "sso:ListInstances")})

    def test_an_account_in_no_organization_is_asked_no_further_and_says_so(self):
        self.script["DescribeOrganization"] = [(400, {}, json.dumps({"__type": "AWSOrganizationsNotInUseException", "Message": "no"}))]
        self.assertEqual(self.read().returncode, 0)
        self.assertEqual(self.asked("ListParents", "ListPoliciesForTarget"), [])
        self.assertIn("AWSOrganizationsNotInUseException", {u["code"] for u in self.record()["unavailable"]})

    def test_what_an_answer_names_that_is_no_unit_is_not_asked_about(self):
        self.script["ListParents"] = [(200, {}, json.dumps({"Parents": [{"Id": "../../x"}, {"Id": "r-" + "a" * 100}]}))]
        self.script["ListPoliciesForTarget"] = [(200, {}, json.dumps({"Policies": [{"Id": "p-/../x"}, {"Id": "q"}]}))]
        self.script["ListInstances"] = [(200, {}, json.dumps({"Instances": [{"InstanceArn": "ssoins-1"}, {"OwnerAccountId": OWN}]}))]
        self.assertEqual(self.read().returncode, 3)
        self.assertEqual(self.asked("ListParents", "DescribePolicy"), [("ListParents", OWN, "AKIA")])
        self.assertEqual({(u["operation"], u["message"]) for u in self.record()["unread"]}, {(operation, "\"%s\" is no %s: it could not be asked about" % (name, what)) for operation, name, what in (
            ("ListParents", "../../x", "organizational unit or root"), ("ListParents", "r-" + "a" * 62, "organizational unit or root"), ("ListPoliciesForTarget", "p-/../x", "policy"),
            ("ListPoliciesForTarget", "q", "policy"), ("ListInstances", "ssoins-1", "instance of IAM Identity Center"), ("ListInstances", "", "instance of IAM Identity Center"))})


if __name__ == "__main__":
    unittest.main()
