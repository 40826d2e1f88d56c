"""Control policies of the organization (SCP, RCP) and permission sets of IAM Identity Center, as the AWS CLI prints them into files, in what principals reach.

Evaluation: https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html"""
import json
import os
import pathlib
import sys
import tempfile
import unittest

sys.path[:0] = [os.path.dirname(__file__), os.path.join(os.path.dirname(__file__), "..")]
import common
from test_access import ACCOUNT, ARN, EVERYTHING, allow, policy, role, trust, user

MANAGEMENT, UNIT, ROOT = "999988887777", "ou-ab12-cdef3456", "r-ab12"
OF = "arn:aws:organizations::%s:" % MANAGEMENT
SCP, RCP = "SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"
FULL = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def deny(actions, resources="*", **more):
    return {"Effect": "Deny", "Action": actions, "Resource": resources, **more}


def summary(name, kind=SCP):
    return {"Id": name, "Arn": OF + "policy/o-abcdefghij/%s/%s" % (kind.lower(), name), "Name": "named-" + name, "Type": kind, "AwsManaged": False}


AWS_FULL = {"Id": "p-FullAWSAccess", "Arn": "arn:aws:organizations::aws:policy/service_control_policy/p-FullAWSAccess", "Name": "FullAWSAccess", "Type": SCP,
            "AwsManaged": True}
RCP_FULL = {"Id": "p-RCPFullAWSAccess", "Arn": "arn:aws:organizations::aws:policy/resource_control_policy/p-RCPFullAWSAccess", "Name": "RCPFullAWSAccess",
            "Type": RCP, "AwsManaged": True}


def organization(service=None, resource=None, account=ACCOUNT, management=MANAGEMENT):
    """Documents: policies by target, each {name: statements}; AWS's own that allows all stands beside them where a name ends with "+"."""
    files = {"describe-organization.json": {"Organization": {"Id": "o-abcdefghij", "Arn": OF + "organization/o-abcdefghij", "FeatureSet": "ALL", "MasterAccountId": management}},
             "list-parents.%s.json" % account: {"Parents": [{"Id": UNIT, "Type": "ORGANIZATIONAL_UNIT"}]},
             "list-parents.%s.json" % UNIT: {"Parents": [{"Id": ROOT, "Type": "ROOT"}]}}
    for kind, given, full in ((SCP, service or {}, AWS_FULL), (RCP, resource or {}, RCP_FULL)):
        for target in (account, UNIT, ROOT):
            here = given.get(target, {"+": None})
            files["list-policies-for-target.%s.%s.json" % (target, kind)] = {"Policies": [full if name == "+" else summary(name, kind) for name in here]}
            for name, statements in here.items():
                if name != "+":
                    files["describe-policy.%s.json" % name] = {"Policy": {"PolicySummary": summary(name, kind), "Content": json.dumps(policy(*statements))}}
    return files


def judge(files, users=(), roles=(), groups=(), policies=(), place="%s/global" % ACCOUNT):
    """(JSON of `account`, exit status)"""
    files = {**files, "get-account-authorization-details.json": {
        "UserDetailList": list(users), "GroupDetailList": list(groups), "RoleDetailList": list(roles), "Policies": list(policies)}}
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / place
        path.mkdir(parents=True, exist_ok=True)
        for name, document in files.items():
            if document is not None:
                (path / name).write_text(document if isinstance(document, str) else json.dumps(document))
        done = common.sgproof("account", folder, "--format", "json", "--pack", "sec-002")
    assert done.returncode in (0, 1, 3, 4), done.stderr
    return json.loads(done.stdout)


def levels(files, *words, **more):
    return {one["principal"].split("/")[-1]: one["level"] for one in judge(files, *words, **more)["principals"]}


def least_privilege(told):
    return next(c for p in told["packs"] for c in p["controls"] if c["id"] == "sec-002/least-privilege")


ANN = user("ann", allow(["s3:*", "ec2:RunInstances"]))


class ServiceControlPolicies(unittest.TestCase):
    maxDiff = None

    def level(self, service, who=ANN, **more):
        return levels(organization(service), users=[who], **more)[who["UserName"]]

    def test_an_organization_with_consolidated_billing_only_has_no_policies(self):
        files = organization({ACCOUNT: {"p-deny0001": [deny("*")], "+": None}})
        self.assertEqual(levels(files, users=[ANN])["ann"], "none")
        files["describe-organization.json"]["Organization"]["FeatureSet"] = "CONSOLIDATED_BILLING"
        self.assertEqual(levels(files, users=[ANN])["ann"], "write")
        del files["describe-organization.json"]["Organization"]["FeatureSet"]  # which of the two it is, is not known
        self.assertEqual(levels(files, users=[ANN])["ann"], "write")

    def test_a_deny_that_certainly_applies_takes_away_at_each_level(self):
        for target in (ACCOUNT, UNIT, ROOT):
            with self.subTest(target=target):
                self.assertEqual(self.level({target: {"+": None, "p-one": [deny("ec2:*")]}}), "write")
                self.assertEqual(self.level({target: {"+": None, "p-one": [deny(["ec2:*", "s3:Put*", "s3:Delete*", "s3:Create*"])]}}), "write")
                changes = [deny("ec2:*"), {"Effect": "Deny", "NotAction": ["s3:Get*", "s3:List*"], "Resource": "*"}]
                self.assertEqual(self.level({target: {"+": None, "p-one": changes}}), "read")
                self.assertEqual(self.level({target: {"+": None, "p-one": [deny("*")]}}), "none")

    def test_a_deny_on_a_condition_or_a_part_of_the_resources_leaves_may(self):
        condition = {"Condition": {"StringNotEquals": {"aws:RequestedRegion": "eu-west-3"}}}
        self.assertEqual(self.level({ROOT: {"+": None, "p-one": [deny("*", **condition)]}}), "write")
        self.assertEqual(self.level({ROOT: {"+": None, "p-one": [deny("*", "arn:aws:s3:::logs/*")]}}), "write")

    def test_what_no_allow_of_a_level_grants_is_taken_away(self):
        for target in (ACCOUNT, UNIT, ROOT):
            with self.subTest(target=target):
                self.assertEqual(self.level({target: {"p-list": [allow(["s3:Get*", "s3:List*"])]}}), "read")
                self.assertEqual(self.level({target: {"p-list": [allow("ec2:*")]}}), "write")
                self.assertEqual(self.level({target: {"p-list": [allow("sqs:*")]}}), "none")
                self.assertEqual(self.level({target: {"p-list": [allow("sqs:*")], "p-more": [allow("s3:*")]}}), "write")
        # Each level must grant it; two that have nothing in common leave nothing.
        self.assertEqual(self.level({ROOT: {"p-a": [allow("s3:*")]}, UNIT: {"p-b": [allow("ec2:*")]}}), "none")
        self.assertEqual(self.level({ROOT: {"p-a": [allow("s3:*")]}, UNIT: {"p-b": [allow(["ec2:*", "s3:Get*"])]}}), "read")
        not_iam = {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}
        self.assertEqual(self.level({ROOT: {"p-a": [not_iam]}}, user("eve", EVERYTHING)), "write")

    def test_a_condition_or_a_resource_of_an_allow_narrows_nothing(self):
        self.assertEqual(self.level({ROOT: {"p-a": [allow("s3:*", "arn:aws:s3:::logs/*")]}}), "write")
        self.assertEqual(self.level({ROOT: {"p-a": [allow("s3:*", Condition={"Bool": {"aws:SecureTransport": "true"}})]}}), "write")

    def test_an_action_that_is_not_listed_is_known_not_to_be_allowed_where_no_allow_has_it(self):
        who = user("ann", allow("quantumthing:Do"))
        self.assertEqual(self.level({}, who), "unknown")
        self.assertEqual(self.level({ROOT: {"p-a": [allow("s3:*")]}}, who), "none")
        self.assertEqual(self.level({ROOT: {"p-a": [allow(["s3:*", "Quantumthing:*"])]}}, who), "unknown")

    def test_escalations_are_within_what_the_organization_leaves(self):
        who = user("ann", allow("iam:PutUserPolicy", ARN + "user/ann"))
        self.assertEqual(self.level({}, who), "escalates")
        self.assertEqual(self.level({ROOT: {"+": None, "p-a": [deny("iam:Put*")]}}, who), "none")
        admin = role("admin", EVERYTHING, trusts=trust(AWS=ARN + "user/ann"))
        found = lambda service: levels(organization(service), users=[user("ann")], roles=[admin])
        self.assertEqual(found({}), {"ann": "administrator", "admin": "administrator"})
        self.assertEqual(found({ROOT: {"+": None, "p-a": [deny("sts:AssumeRole")]}}), {"ann": "none", "admin": "administrator"})
        self.assertEqual(found({ROOT: {"p-a": [{"Effect": "Allow", "NotAction": "sts:*", "Resource": "*"}]}}), {"ann": "none", "admin": "administrator"})

    def test_neither_the_management_account_nor_service_linked_roles_are_limited(self):
        linked = role("AWSServiceRoleForX", EVERYTHING)
        linked["Arn"] = ARN + "role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX"
        closed = {ROOT: {"+": None, "p-one": [deny("*")]}}
        self.assertEqual(levels(organization(closed), users=[ANN], roles=[linked]), {"ann": "none", "AWSServiceRoleForX": "administrator"})
        self.assertEqual(levels(organization(closed, management=ACCOUNT), users=[ANN])["ann"], "write")

    def test_what_is_not_there_takes_nothing_away_and_is_named(self):
        files = organization({ROOT: {"+": None, "p-root": [deny(["ec2:*", "s3:*"])]}, UNIT: {"p-unit": [allow("ec2:*")]}})
        self.assertEqual(levels(files, users=[ANN])["ann"], "none")
        reader = user("rea", allow("s3:Get*"))
        said = lambda files: json.dumps(least_privilege(judge(files, users=[reader]))["evidence"])
        self.assertIn("named-p-unit, named-p-root", said(files))
        self.assertNotIn("for want of", said(files))
        # Without the policy at the root, what the unit grants is left; without the list of it, all but what the root denies...
        for name, level, lack in (("describe-policy.p-root.json", "write", "describe-policy of p-root"),
                                  ("describe-policy.p-unit.json", "none", "describe-policy of p-unit"),
                                  ("list-policies-for-target.%s.%s.json" % (ROOT, SCP), "write", "list-policies-for-target of " + ROOT),
                                  ("list-policies-for-target.%s.%s.json" % (UNIT, SCP), "none", "list-policies-for-target of " + UNIT),
                                  ("list-parents.%s.json" % UNIT, "write", "list-parents of " + UNIT),
                                  ("list-parents.%s.json" % ACCOUNT, "write", "list-parents of " + ACCOUNT),
                                  ("describe-organization.json", "write", "describe-organization")):
            with self.subTest(name=name):
                self.assertEqual(levels({**files, name: None}, users=[ANN])["ann"], level)
                self.assertIn(lack, said({**files, name: None}))
        self.assertIn("the organization's SCP and RCP are not looked at", said({}))

    def test_starvation_no_document_that_is_taken_away_or_damaged_makes_it_cleaner(self):
        order = ["none", "read", "unknown", "write", "escalates", "administrator"]
        files = organization({ROOT: {"+": None, "p-root": [deny("s3:*")]}, UNIT: {"p-unit": [allow(["ec2:*", "s3:*"])], "p-two": [allow("sqs:*")]},
                              ACCOUNT: {"+": None, "p-own": [deny("ec2:Start*")]}})
        people = [ANN, user("bob", allow(["sqs:*", "iam:*"])), user("rea", allow("s3:Get*"))]
        whole = levels(files, users=people)
        self.assertEqual(whole, {"ann": "write", "bob": "write", "rea": "none"})
        for name, document in files.items():
            text = json.dumps(document)
            ways = {"gone": None, "empty": "", "cut off": text[:len(text) // 2], "a page of more": {**document, "NextToken": "t"}, "not an object": [document["Policies"]]
                    if "Policies" in document else "null", "null": {key: None for key in document}, "odd": {key: 7 for key in document}}
            if "Policies" in document:
                ways["odd records"] = {"Policies": [7 for _ in document["Policies"]]}
                ways["without ids"] = {"Policies": [{k: v for k, v in p.items() if k != "Id"} for p in document["Policies"]]}
                ways["without ARNs"] = {"Policies": [{k: v for k, v in p.items() if k != "Arn"} for p in document["Policies"]]}
            if "Policy" in document:
                ways["no content"] = {"Policy": {"PolicySummary": document["Policy"]["PolicySummary"]}}
                ways["half a content"] = {"Policy": {**document["Policy"], "Content": document["Policy"]["Content"][:20]}}
                ways["odd content"] = {"Policy": {**document["Policy"], "Content": json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow"}]})}}
                ways["no statement"] = {"Policy": {**document["Policy"], "Content": json.dumps({"Version": "2012-10-17", "Statement": []})}}
            for way, instead in ways.items():
                with self.subTest(name=name, way=way):
                    left = levels({**files, name: instead}, users=people)
                    for who, level in left.items():
                        self.assertGreaterEqual(order.index(level), order.index(whole[who]), who)

    def test_documents_in_one_folder_are_of_the_account_that_there_is(self):
        closed = {ROOT: {"+": None, "p-one": [deny("*")]}}
        told = judge(organization(closed), users=[ANN], place=".")
        self.assertEqual([one["level"] for one in told["principals"]], ["none"])
        self.assertNotIn("account unknown", json.dumps(told))
        self.assertEqual(levels(organization(closed, management=ACCOUNT), users=[ANN], place=".")["ann"], "write")

    def test_two_documents_that_differ_take_nothing_away(self):
        files = organization({ROOT: {"+": None, "p-root": [deny("*")]}})
        other = {"Policy": {"PolicySummary": summary("p-root"), "Content": json.dumps(policy(deny("sqs:*")))}}
        self.assertEqual(levels({**files, "describe-policy.p-root.2.json": other}, users=[ANN])["ann"], "write")
        self.assertEqual(levels({**files, "again.list-policies-for-target.%s.%s.json" % (ROOT, SCP): {"Policies": [AWS_FULL]}}, users=[ANN])["ann"], "write")
        self.assertEqual(levels({**files, "again.list-parents.%s.json" % UNIT: {"Parents": [{"Id": "r-zz99", "Type": "ROOT"}]}}, users=[ANN])["ann"], "write")
        same = {"again." + name: document for name, document in files.items()}
        self.assertEqual(levels({**files, **same}, users=[ANN])["ann"], "none")

    def test_other_policies_of_organizations_and_lists_without_a_target_decide_nothing(self):
        files = organization()
        files["list-policies-for-target.%s.TAG_POLICY.json" % ACCOUNT] = {"Policies": [summary("p-tags", "TAG_POLICY")]}
        files["describe-policy.p-tags.json"] = {"Policy": {"PolicySummary": summary("p-tags", "TAG_POLICY"), "Content": "{\"tags\": {}}"}}
        files["list-policies.json"] = {"Policies": [summary("p-not-attached")]}
        self.assertEqual(levels(files, users=[ANN])["ann"], "write")


class ResourceControlPolicies(unittest.TestCase):
    def test_what_keeps_everyone_from_a_role_does_and_what_may_not_does_not(self):
        people, admin = [user("ann", allow(["sts:AssumeRole", "iam:UpdateAssumeRolePolicy"]))], role("admin", EVERYTHING)
        everyone = lambda **more: {"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole", "Resource": "*", **more}
        found = lambda *statements: levels(organization(resource={UNIT: {"+": None, "p-r": statements}}), users=people, roles=[admin])["ann"]
        self.assertEqual(found(everyone(Action="s3:*")), "administrator")
        self.assertEqual(found(everyone()), "write")  # its trust policy can be written, to no end
        self.assertEqual(found(everyone(Resource=ARN + "role/adm*")), "write")
        self.assertEqual(found(everyone(Resource=ARN + "role/other")), "administrator")
        self.assertEqual(found(everyone(Condition={"BoolIfExists": {"aws:PrincipalIsAWSService": "false"}})), "administrator")
        self.assertEqual(found(everyone(Principal={"AWS": ARN + "user/bob"})), "administrator")

    def test_what_spares_the_organization_alone_keeps_strangers_out(self):
        everyone = lambda **condition: {"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole", "Resource": "*", "Condition": condition}
        ours, people = {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-abcdefghij"}}, {"BoolIfExists": {"aws:PrincipalIsAWSService": "false"}}
        open_role = role("open", EVERYTHING, trusts=trust(AWS="*"))
        token = role("token", EVERYTHING, trusts=trust({"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRoleWithWebIdentity"}))
        for name, statement, out in (
                ("theirs", everyone(**ours), ["token"]), ("but for services", everyone(**ours, **people), ["token"]),
                ("with tokens", {**everyone(**ours), "Action": "sts:*"}, []),
                ("of another role", {**everyone(**ours), "Resource": ARN + "role/other"}, ["open", "token"]),
                ("on another condition too", everyone(**ours, Bool={"aws:SecureTransport": "false"}), ["open", "token"]),
                ("services alone", everyone(Bool={"aws:PrincipalIsAWSService": "true"}), ["open", "token"]),
                ("all but services", everyone(**people), ["token"]),
                ("of any organization", everyone(StringNotLikeIfExists={"aws:PrincipalOrgID": "o-*"}), ["open", "token"]),
                ("transport", everyone(Bool={"aws:SecureTransport": "false"}), ["open", "token"])):
            with self.subTest(name=name):
                files = organization(resource={ROOT: {"+": None, "p-r": [statement]}})
                said = least_privilege(judge(files, users=[user("rea", allow("s3:Get*"))], roles=[open_role, token]))["evidence"]
                self.assertEqual(sorted(e["subject"].split("/")[-1] for e in said if e["result"] == "fail" and ":role/" in e["subject"]), out)

    def test_they_are_named(self):
        told = judge(organization(resource={ROOT: {"+": None, "p-r": [{"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}]}}),
                     users=[user("rea", allow("s3:Get*"))])
        self.assertIn("resource control policies (RCP) taken into account: named-p-r;", json.dumps(least_privilege(told)["evidence"]))


class IdentityCenter(unittest.TestCase):
    SET = "arn:aws:sso:::permissionSet/ssoins-1234567890abcdef/ps-1234567890abcdef"

    def reserved(self, name, *statements):
        made = role("AWSReservedSSO_%s_0123456789abcdef" % name, *statements)
        return {**made, "Arn": ARN + "role/aws-reserved/sso.amazonaws.com/eu-west-3/" + made["RoleName"]}

    def files(self):
        return {"describe-permission-set.json": {"PermissionSet": {"Name": "Team_Admin", "PermissionSetArn": self.SET}},
                "list-account-assignments.json": {"AccountAssignments": [
                    {"AccountId": ACCOUNT, "PermissionSetArn": self.SET, "PrincipalType": kind, "PrincipalId": ident} for kind, ident in (("USER", "u-2"), ("GROUP", "g-1"))]}}

    def test_roles_are_told_by_their_permission_set_and_who_may_take_it(self):
        roles = [self.reserved("Team_Admin", EVERYTHING), self.reserved("Look", allow("s3:Get*")), role("AWSReservedSSO_Fake_0123456789abcdef")]
        found = {one["principal"].split("_", 1)[-1]: (one.get("permission_set"), one.get("assigned")) for one in judge(self.files(), roles=roles)["principals"]}
        self.assertEqual(found, {"Team_Admin_0123456789abcdef": ("Team_Admin", ["GROUP g-1", "USER u-2"]), "Look_0123456789abcdef": ("Look", []), "Fake_0123456789abcdef": (None, None)})

    def test_an_account_without_users_says_where_they_are(self):
        roles = [self.reserved("Team_Admin", EVERYTHING)]
        said = lambda files, roles: least_privilege(judge(files, roles=roles))
        self.assertEqual(said(self.files(), roles)["result"], "not-applicable")
        self.assertIn("people sign in by IAM Identity Center (Team_Admin, administrator, for GROUP g-1 and USER u-2); users of IAM Identity Center are not looked at",
                      said(self.files(), roles)["decided"])
        self.assertIn("(Team_Admin, administrator)", said({}, roles)["decided"])
        self.assertIn("(Team_Admin, whose role is not told, for GROUP g-1", said(self.files(), [])["decided"])
        only = {k: v for k, v in self.files().items() if "assign" in k}
        self.assertIn("ps-1234567890abcdef, whose role is not told, for GROUP g-1", said(only, [])["decided"])
        self.assertNotIn("sign in by", said({}, [])["decided"])


if __name__ == "__main__":
    unittest.main()
