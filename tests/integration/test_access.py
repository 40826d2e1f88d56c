"""What a principal can reach by IAM: each published escalation path, with what it needs and without, and constructs that were judged wrongly.

Sources of paths: Rhino Security Labs, AWS-IAM-Privilege-Escalation (by number), and Datadog's pathfinding.cloud (by id)."""
import json
import os
import pathlib
import re
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import common

ACCOUNT = "111122223333"
ARN = "arn:aws:iam::%s:" % ACCOUNT


def allow(actions, resources="*", **more):
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **more}


def policy(*statements):
    return {"Version": "2012-10-17", "Statement": list(statements)}


def inline(*statements):
    return [{"PolicyName": "p%d" % i, "PolicyDocument": policy(one)} for i, one in enumerate(statements)]


def trust(*statements, **principal):
    return {"Version": "2012-10-17", "Statement": list(statements) or [{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}]}


def user(name, *statements, groups=(), attached=(), boundary=None):
    return {"UserName": name, "Arn": ARN + "user/" + name, "GroupList": list(groups), "UserPolicyList": inline(*statements),
            "AttachedManagedPolicies": [{"PolicyArn": arn} for arn in attached],
            **({"PermissionsBoundary": {"PermissionsBoundaryArn": boundary}} if boundary else {})}


def role(name, *statements, trusts=None, attached=(), boundary=None):
    return {"RoleName": name, "Arn": ARN + "role/" + name, "AssumeRolePolicyDocument": trusts or trust(AWS=ARN + "root"),
            "RolePolicyList": inline(*statements), "AttachedManagedPolicies": [{"PolicyArn": arn} for arn in attached],
            **({"PermissionsBoundary": {"PermissionsBoundaryArn": boundary}} if boundary else {})}


def group(name, *statements, attached=()):
    return {"GroupName": name, "Arn": ARN + "group/" + name, "GroupPolicyList": inline(*statements),
            "AttachedManagedPolicies": [{"PolicyArn": arn} for arn in attached]}


def managed(name, *statements, others=()):
    return {"PolicyName": name, "Arn": ARN + "policy/" + name, "DefaultVersionId": "v1", "PolicyVersionList": [
        {"VersionId": "v1", "IsDefaultVersion": True, "Document": policy(*statements)},
        *({"VersionId": "v%d" % (i + 2), "IsDefaultVersion": False, "Document": policy(one)} for i, one in enumerate(others))]}


def principals(users=(), roles=(), groups=(), policies=()):
    """What the account's JSON says of each, by name."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / ACCOUNT / "global"
        path.mkdir(parents=True)
        (path / "get-account-authorization-details.json").write_text(json.dumps(
            {"UserDetailList": list(users), "GroupDetailList": list(groups), "RoleDetailList": list(roles), "Policies": list(policies)}))
        done = common.sgproof("account", folder, "--format", "json", "--pack", "sec-002")
    assert done.returncode in (0, 1, 3, 4), done.stderr
    return {one["principal"].split("/")[-1]: one for one in json.loads(done.stdout)["principals"]}


def levels(*words, **more):
    return {name: one["level"] for name, one in principals(*words, **more).items()}


EVERYTHING = allow("*")
ADMIN = role("admin", EVERYTHING)
ON = {"ann": ARN + "user/ann", "bob": ARN + "user/bob", "all": "*"}
ROOT_USER = user("bob", EVERYTHING)
# Paths of IAM itself: id, statements of ann, what else the account holds.
OF_IAM = {
    "iam-001, Rhino 1: a new version of her policy": ([allow("iam:CreatePolicyVersion", ARN + "policy/look")], {"attached": True}),
    "Rhino 2: another version of her policy": ([allow("iam:SetDefaultPolicyVersion", ARN + "policy/look")], {"attached": True}),
    "iam-002, Rhino 4: keys of another": ([allow("iam:CreateAccessKey", ARN + "user/bob")], {}),
    "iam-003: keys of another that has two": ([allow(["iam:CreateAccessKey", "iam:DeleteAccessKey"], ARN + "user/bob")], {}),
    "iam-004, Rhino 5: a password for another": ([allow("iam:CreateLoginProfile", ARN + "user/bob")], {}),
    "iam-006, Rhino 6: another's password": ([allow("iam:UpdateLoginProfile", ARN + "user/bob")], {}),
    "iam-007, Rhino 10": ([allow("iam:PutUserPolicy", ARN + "user/ann")], {}),
    "iam-008, Rhino 7": ([allow("iam:AttachUserPolicy", ARN + "user/${aws:username}")], {}),
    "iam-010, Rhino 8": ([allow("iam:AttachGroupPolicy", ARN + "group/readers")], {}),
    "iam-011, Rhino 11": ([allow("iam:PutGroupPolicy", ARN + "group/readers")], {}),
    "iam-012, Rhino 14": ([allow("iam:UpdateAssumeRolePolicy", ARN + "role/closed")], {}),
    "iam-013, Rhino 13": ([allow("iam:AddUserToGroup", ARN + "group/admins")], {}),
    "iam-014, Rhino 9": ([allow(["iam:AttachRolePolicy", "sts:AssumeRole"], ARN + "role/look")], {}),
    "iam-015": ([allow("iam:AttachUserPolicy", ARN + "user/carl"), allow("iam:CreateAccessKey", ARN + "user/carl")], {}),
    "iam-016": ([allow("iam:CreatePolicyVersion", ARN + "policy/of-role"), allow("sts:AssumeRole", ARN + "role/look")], {}),
    "iam-017, Rhino 12": ([allow("iam:PutRolePolicy", ARN + "role/look"), allow("sts:AssumeRole", ARN + "role/look")], {}),
    "iam-018": ([allow("iam:PutUserPolicy", ARN + "user/carl"), allow("iam:CreateAccessKey", ARN + "user/carl")], {}),
    "iam-019": ([allow(["iam:AttachRolePolicy", "iam:UpdateAssumeRolePolicy"], ARN + "role/shut")], {}),
    "iam-020": ([allow("iam:CreatePolicyVersion", ARN + "policy/of-shut"), allow("iam:UpdateAssumeRolePolicy", ARN + "role/shut")], {}),
    "iam-021": ([allow(["iam:PutRolePolicy", "iam:UpdateAssumeRolePolicy"], ARN + "role/shut")], {}),
    "a new user": ([allow(["iam:CreateUser", "iam:AttachUserPolicy", "iam:CreateAccessKey"], ARN + "user/temp*")], {}),
    "a new role": ([allow(["iam:CreateRole", "iam:PutRolePolicy"], ARN + "role/temp*")], {}),
    "her boundary taken off": ([EVERYTHING], {"boundary": [allow(["s3:Get*", "iam:DeleteUserPermissionsBoundary"])]}),
    "her boundary written": ([EVERYTHING], {"boundary": [allow(["s3:Get*", "iam:CreatePolicyVersion"])]}),
}


def account_of(statements, attached=False, boundary=None):
    read = allow("s3:GetObject")
    return dict(
        users=[user("ann", *statements, groups=["readers"], attached=[ARN + "policy/look"] if attached else [], boundary=ARN + "policy/cap" if boundary else None),
               ROOT_USER, user("carl", read)],
        roles=[role("closed", EVERYTHING, trusts=trust(Service="states.amazonaws.com")), role("look", read, attached=[ARN + "policy/of-role"]),
               role("shut", read, attached=[ARN + "policy/of-shut"], trusts=trust(Service="states.amazonaws.com"))],
        groups=[group("readers", read), group("admins", EVERYTHING)],
        policies=[managed("look", read, others=[EVERYTHING]), managed("of-role", read), managed("of-shut", read), managed("cap", *(boundary or [read]))])


def launches():
    """The table of launches, as the program has it."""
    text = (common.TOP / "rules/access/launches.c").read_text()
    for ident, service, passes, actions in re.findall(r'\{\s*"([a-z0-9, -]+)",\s*"([a-z0-9.-]+)",\s*(true|false),\s*\{([^}]*)\}', text):
        yield ident, service, passes == "true", re.findall(r'"([^"]+)"', actions)


def trusting(service):
    """A trust policy for what a row of the table names."""
    providers = {"saml-provider": ARN + "saml-provider/idp", "identity-center": ARN + "saml-provider/AWSSSO_0123_DO_NOT_DELETE",
                 "cognito-identity": "cognito-identity.amazonaws.com", "oidc.eks": ARN + "oidc-provider/oidc.eks.eu-west-3.amazonaws.com/id/0123"}
    if service in providers:
        call = "sts:AssumeRoleWithSAML" if "saml-provider/" in providers[service] else "sts:AssumeRoleWithWebIdentity"
        return trust({"Effect": "Allow", "Principal": {"Federated": providers[service]}, "Action": call})
    return trust(Service=service + ".amazonaws.com")


# The paths of pathfinding.cloud on 4 August 2026: ids alone.
PATHFINDING = ["%s-%03d" % (name, i) for name, last in {
    "apprunner": 2, "batch": 3, "bedrock": 7, "braket": 1, "cloudformation": 5, "codebuild": 4, "codedeploy": 1, "cognitoidentity": 1,
    "datapipeline": 1, "ec2": 5, "ecs": 9, "emr": 1, "emrserverless": 1, "gamelift": 1, "glue": 7, "iam": 21, "imagebuilder": 1,
    "kinesisanalytics": 1, "lambda": 6, "omics": 1, "sagemaker": 5, "ssm": 3, "sts": 1}.items() for i in range(1, last + 1)]


class Access(unittest.TestCase):
    maxDiff = None

    def test_each_published_path_of_iam_escalates_and_nothing_less_does(self):
        for name, (statements, more) in OF_IAM.items():
            with self.subTest(name=name):
                found = principals(**account_of(statements, **more))["ann"]
                self.assertEqual(found["level"], "escalates", found)
                self.assertTrue(found["path"].startswith("user ann → policy"), found)
                for action in sum(([s["Action"]] if isinstance(s["Action"], str) else s["Action"] for s in statements), []):
                    if action not in ("iam:DeleteAccessKey", "*"):
                        denied = [*statements, {"Effect": "Deny", "Action": action, "Resource": "*"}]
                        self.assertNotIn(levels(**account_of(denied, **more))["ann"], ("escalates", "administrator"), action)

    def test_paths_of_a_role_to_itself(self):
        for name, statement in (("iam-005", allow("iam:PutRolePolicy", ARN + "role/r")), ("iam-009", allow("iam:AttachRolePolicy", ARN + "role/r"))):
            self.assertEqual(levels(roles=[role("r", statement)])["r"], "escalates", name)
            self.assertEqual(levels(roles=[role("q", statement)])["q"], "write", name)

    def test_each_published_way_to_launch_a_role(self):
        """All rows in one account: a user with what a row needs, and for each of its actions one with all but it."""
        rows = [(ident, service, set(actions) | ({"iam:PassRole"} if passes else set())) for ident, service, passes, actions in launches()]
        self.assertEqual(len(rows), 230)
        services = {service: "admin-" + service.replace(".", "-") for _, service, _ in rows}
        users, expected = [], {}
        for i, (ident, service, needed) in enumerate(rows):
            users.append(user("all-%d" % i, allow(sorted(needed))))
            for j, one in enumerate(sorted(needed)):
                rest = needed - {one}
                users.append(user("less-%d-%d" % (i, j), allow(sorted(rest) or ["s3:PutObject"])))
                # Less of it is no path, but where what is left is one of its own: another row.
                expected["less-%d-%d" % (i, j)] = (ident, one, any(other <= rest for _, _, other in rows))
        found = principals(users=users, roles=[role(name, EVERYTHING, trusts=trusting(service)) for service, name in services.items()])
        for i, (ident, service, needed) in enumerate(rows):
            with self.subTest(path=ident, needed=sorted(needed)):
                self.assertEqual(found["all-%d" % i]["level"], "escalates")
                self.assertRegex(found["all-%d" % i]["path"], "→ role (%s)" % "|".join(
                    services[s] for _, s, other in rows if other <= needed) + ("|admin-identity-center" if service == "saml-provider" else ""))
        for name, (ident, one, own) in expected.items():
            self.assertIn(found[name]["level"], ("escalates",) if own else ("write", "read"), (ident, one))
        # A role that trusts none of the services, and roles that only read.
        everyone = [one for one in users if one["UserName"].startswith("all-")]
        for roles in ([role("admin", EVERYTHING, trusts=trust(Service="none.amazonaws.com"))],
                      [role(name, allow("s3:Get*"), trusts=trusting(service)) for service, name in services.items()]):
            self.assertEqual({name: level for name, level in levels(users=everyone, roles=roles).items() if name.startswith("all-")},
                             {"all-%d" % i: "read" if ident == "own-credentials" else "write" for i, (ident, _, _) in enumerate(rows)})

    def test_each_published_path_is_in_the_documents(self):
        text = (common.TOP / "docs/access.md").read_text()
        told = set(re.findall(r"[a-z0-9]+-[0-9]{3}", text)) | {"iam-%03d" % i for i in (3, 4, 6, *range(7, 22))}
        self.assertEqual([one for one in PATHFINDING if one not in told], [])
        for ident, service, passes, actions in launches():
            needs = ", ".join("`%s`" % one for one in ["iam:PassRole"] * passes + actions)
            self.assertIn("| %s | `%s` | %s |" % (ident, service, needs), text)
        known = {one for row in launches() for one in row[0].split(", ")} | set(re.findall(r"(?:iam|sts)-[0-9]{3}", text)) | {"iam-%03d" % i for i in (3, 4, 6, *range(7, 22))}
        self.assertEqual([one for one in PATHFINDING if one not in known and one != "datapipeline-001"], [])

    def test_another_version_of_a_policy_counts_with_all_that_it_leads_to(self):
        default, read = allow("iam:SetDefaultPolicyVersion"), allow("s3:Get*")
        look, assume = ARN + "policy/look", allow("sts:AssumeRole", ARN + "role/look")
        mine = lambda *more: user("ann", default, *more, attached=[look])
        others = lambda *more: user("ann", default, *more)
        of_lambda = trust(Service="lambda.amazonaws.com")
        cases = {
            "hers": (mine(), EVERYTHING, "escalates"), "hers reads": (mine(), read, "write"),
            "hers assumes": (mine(), allow("sts:AssumeRole", ARN + "role/admin"), "escalates"),
            "hers puts policies": (mine(), allow("iam:PutUserPolicy", ARN + "user/ann"), "escalates"),
            "half is hers already": (mine(allow(["lambda:CreateFunction", "lambda:InvokeFunction"])), allow("iam:PassRole"), "escalates"),
            "of a role that she assumes": (others(assume), EVERYTHING, "escalates"),
            "of one that assumes on": (others(assume), allow("sts:AssumeRole", ARN + "role/admin"), "escalates"),
            "of one that she launches": (others(allow(["iam:PassRole", "lambda:*"], [ARN + "role/look", "arn:aws:lambda:*"])), EVERYTHING, "escalates"),
            "of one whose trust she writes": (others(allow("iam:UpdateAssumeRolePolicy", ARN + "role/look")), EVERYTHING, "escalates"),
            "of another user": (others(allow("iam:CreateAccessKey", ARN + "user/bob")), EVERYTHING, "escalates"),
            "of one that she cannot become": (others(), EVERYTHING, "write"),
        }
        for name, (ann, version, level) in cases.items():
            with self.subTest(name=name):
                found = principals(users=[ann, user("bob", read, attached=[look])], policies=[managed("look", read, others=[version])],
                                   roles=[role("look", read, attached=[look], trusts=None if "assumes" in name else of_lambda),
                                          role("admin", EVERYTHING, trusts=of_lambda if "half" in name else None)])
                self.assertEqual(found["ann"]["level"], level, found["ann"])
                self.assertEqual("SetDefaultPolicyVersion to v2" in found["ann"]["path"], level == "escalates", found["ann"])
        for version, level in ((EVERYTHING, "escalates"), (allow("ec2:*"), "none")):
            found = principals(users=[user("ann", allow(["s3:*", "iam:PutUserPolicy"]), allow("iam:SetDefaultPolicyVersion"), boundary=look)],
                               policies=[managed("look", allow("iam:SetDefaultPolicyVersion"), others=[version])])["ann"]
            self.assertEqual(found["level"], "write" if level == "none" else level, found)
        joins = user("ann", allow("iam:AddUserToGroup"), allow("iam:CreatePolicyVersion", look))
        self.assertEqual(levels(users=[joins], groups=[group("team", attached=[look])], policies=[managed("look", read)])["ann"], "escalates")
        # Another version of a policy of a group that she may join, with all that it leads to; and without one of the two rights.
        sets, joins = allow("iam:SetDefaultPolicyVersion", look), allow("iam:AddUserToGroup", ARN + "group/team")
        for name, rights, version, groups, level in (
                ("joins", [sets, joins], EVERYTHING, [], "escalates"), ("assumes", [sets, joins], allow("sts:AssumeRole", ARN + "role/admin"), [], "escalates"),
                ("half is hers", [sets, joins, allow(["lambda:CreateFunction", "lambda:InvokeFunction"])], allow("iam:PassRole"), [], "escalates"),
                ("reads", [sets, joins], read, [], "write"), ("joins nothing", [sets], EVERYTHING, [], "write"), ("sets nothing", [joins], EVERYTHING, [], "write"),
                ("joins another", [sets, allow("iam:AddUserToGroup", ARN + "group/other")], EVERYTHING, [], "write"), ("is in it", [sets], EVERYTHING, ["team"], "escalates"),
                ("sets another's", [allow("iam:SetDefaultPolicyVersion", ARN + "policy/other"), joins], EVERYTHING, [], "write")):
            found = principals(users=[user("ann", *rights, groups=groups)], groups=[group("team", attached=[look])], policies=[managed("look", read, others=[version])],
                               roles=[role("admin", EVERYTHING, trusts=of_lambda if "half" in name else None)])["ann"]
            self.assertEqual(found["level"], level, (name, found))
        role_joins = role("own", sets, joins)  # a role is in no group
        self.assertEqual(levels(roles=[role_joins], groups=[group("team", attached=[look])], policies=[managed("look", read, others=[EVERYTHING])])["own"], "write")

    def test_what_denies_it_and_it_can_take_off_itself_does_not_count(self):
        star = {"Effect": "Deny", "Resource": "*"}
        spares = lambda *actions: {**star, "NotAction": list(actions)}
        both = policy(EVERYTHING, spares("iam:DeleteUserPolicy"))
        one_policy = {**user("ann"), "UserPolicyList": [{"PolicyName": "p0", "PolicyDocument": both}]}
        deny, look = managed("deny", spares("iam:DetachUserPolicy", "iam:DetachRolePolicy")), ARN + "policy/deny"
        cases = {
            "delete the policy (d07)": (user("ann", EVERYTHING, spares("iam:DeleteUserPolicy", "s3:Get*")), "escalates", "iam:DeleteUserPolicy of policy p1"),
            "write it anew": (user("ann", allow("iam:PutUserPolicy"), spares("iam:PutUserPolicy"), {
                "Effect": "Deny", "Action": "iam:*", "NotResource": ARN + "user/ann"}), "escalates", "iam:PutUserPolicy of policy p1"),
            "detach it": (user("ann", EVERYTHING, attached=[look]), "escalates", "iam:DetachUserPolicy of policy deny"),
            "leave the group (d08)": (user("ann", EVERYTHING, groups=["leave"]), "escalates", "iam:RemoveUserFromGroup of group leave"),
            "delete the group's policy": (user("ann", EVERYTHING, groups=["delete"]), "escalates", "iam:DeleteGroupPolicy of policy p0"),
            "one behind the other": (user("ann", EVERYTHING, spares("iam:DeleteUserPolicy"), groups=["both"]), "escalates", "iam:DeleteUserPolicy of policy p1"),
            "and then a role": (user("ann", allow(["sts:AssumeRole", "iam:DeleteUserPolicy"]), {**star, "Action": "sts:*"}), "escalates", "iam:DeleteUserPolicy of policy p1"),
            "of another user only": (user("ann", allow("s3:*"), allow("iam:DeleteUserPolicy", ARN + "user/bob"), {**star, "Action": "s3:*"}), "write", ""),
            "its rights go with it": (one_policy, "write", ""),
            "denied as well": (user("ann", EVERYTHING, {**star, "Action": "*"}), "none", None),
            "the group stays": (user("ann", EVERYTHING, groups=["stay"]), "none", None),
        }
        groups = [group("leave", spares("iam:RemoveUserFromGroup")), group("delete", spares("iam:DeleteGroupPolicy")), group("stay", {**star, "Action": "*"}),
                  group("both", spares("iam:DeleteUserPolicy", "iam:RemoveUserFromGroup"))]
        for name, (who, level, step) in cases.items():
            with self.subTest(name=name):
                found = principals(users=[who], groups=groups, policies=[deny], roles=[ADMIN])["ann"]
                self.assertEqual(found["level"], level, found)
                self.assertIn(step or "", found.get("path") or "")
        self.assertEqual(levels(roles=[role("r", EVERYTHING, attached=[look])], policies=[deny])["r"], "escalates")

    def test_roles_are_assumed_as_aws_evaluates_it(self):
        assume = allow("sts:AssumeRole", ARN + "role/admin")
        deny = {"Effect": "Deny", "Action": "sts:AssumeRole", "Resource": ARN + "role/*"}
        named = trust(AWS=ARN + "user/ann")
        condition = {"Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}
        cap = managed("cap", allow("s3:Get*"))
        cases = {
            "sts-001, by her policy and the account's trust": (user("ann", assume), role("admin", EVERYTHING), "administrator"),
            "the trust alone, of the account": (user("ann"), role("admin", EVERYTHING), "none"),
            "by her policy, and the trust names another": (user("ann", assume), role("admin", EVERYTHING, trusts=trust(AWS=ARN + "user/bob")), "none"),
            "by a trust that names her": (user("ann"), role("admin", EVERYTHING, trusts=named), "administrator"),
            "the same, and a boundary without it": (user("ann", boundary=ARN + "policy/cap"), role("admin", EVERYTHING, trusts=named), "administrator"),
            "the same, and a Deny of hers": (user("ann", deny), role("admin", EVERYTHING, trusts=named), "none"),
            "the same, and a Deny of the trust's": (user("ann"), role("admin", EVERYTHING, trusts=trust(
                named["Statement"][0], {"Effect": "Deny", "Principal": {"AWS": ARN + "root"}, "Action": "sts:*"})), "none"),
            "a Deny on a condition": (user("ann", assume, {**deny, **condition}), role("admin", EVERYTHING), "administrator"),
            "an Allow on a condition": (user("ann", {**assume, **condition}), role("admin", EVERYTHING), "administrator"),
            "a boundary without it": (user("ann", assume, boundary=ARN + "policy/cap"), role("admin", EVERYTHING), "none"),
            "everyone": (user("ann"), role("admin", EVERYTHING, trusts=trust(
                {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"})), "administrator"),
            "by a trust of another account": (user("ann", assume), role("admin", EVERYTHING, trusts=trust(AWS="arn:aws:iam::444455556666:root")), "none"),
            "the account's number": (user("ann", assume), role("admin", EVERYTHING, trusts=trust(AWS=ACCOUNT)), "administrator"),
            "a service only": (user("ann", assume), role("admin", EVERYTHING, trusts=trust(Service="ec2.amazonaws.com")), "none"),
            "a trust for SAML's call": (user("ann", assume), role("admin", EVERYTHING, trusts=trust(
                {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRoleWithSAML"})), "none"),
            "a pattern": (user("ann", allow("sts:Assume*", ARN + "role/a*n")), role("admin", EVERYTHING), "administrator"),
            "a pattern of others": (user("ann", allow("sts:AssumeRole", ARN + "role/b*")), role("admin", EVERYTHING), "none"),
        }
        for name, (who, what, level) in cases.items():
            with self.subTest(name=name):
                self.assertEqual(levels(users=[who], roles=[what], policies=[cap])["ann"], level)

    def test_a_chain_of_roles_is_told_step_by_step(self):
        chain = [role("r%d" % i, allow("sts:AssumeRole", ARN + "role/r%d" % (i + 1))) for i in range(5)] + [role("r5", EVERYTHING)]
        found = principals(users=[user("ann", groups=["team"])], roles=chain, groups=[group("team", allow("sts:AssumeRole", ARN + "role/r0"))])["ann"]
        self.assertEqual(found["level"], "administrator")
        self.assertEqual(found["path"], "user ann → group team → policy p0 → sts:AssumeRole → " + "".join(
            "role r%d → policy p0 → sts:AssumeRole → " % i for i in range(5)) + "role r5: policy p0 allows * on *")
        self.assertIn("#/GroupDetailList/0", found["reference"])

    def test_a_path_says_what_a_statement_leaves_out(self):
        found = principals(users=[user("ann", {"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::b/*"}),
                                  user("bob", {"Effect": "Allow", "NotAction": ["iam:*", "organizations:*"], "Resource": "*"})])
        self.assertIn("allows * on all but arn:aws:s3:::b/*", found["ann"]["path"])
        self.assertIn("allows all but iam:*, organizations:* on *", found["bob"]["path"])

    def test_a_ring_of_roles_ends(self):
        ring = [role("r%d" % i, allow("sts:AssumeRole", ARN + "role/r%d" % ((i + 1) % 3))) for i in range(3)]
        self.assertEqual(set(levels(roles=ring).values()), {"none"})
        self.assertEqual(set(levels(roles=[*ring[:2], role("r2", allow("sts:AssumeRole", ARN + "role/r0"), allow("s3:PutObject"))]).values()), {"write"})

    def test_what_is_administrator_and_what_is_not(self):
        deny = lambda *actions, **more: {"Effect": "Deny", "Action": list(actions), "Resource": "*", **more}
        cases = {
            "everything": ([EVERYTHING], "administrator"),
            "on every ARN": ([allow("*", "arn:aws:*")], "administrator"),
            "all of IAM on the account's": ([allow("iam:*", ARN + "*")], "administrator"),
            "all of IAM, some denied": ([allow("iam:*"), deny("iam:CreateUser", "iam:PutUserPolicy")], "administrator"),
            "all of IAM by parts": ([allow(["iam:%s*" % letter for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"])], "administrator"),
            "everything, all denied": ([EVERYTHING, deny("*")], "none"),
            "everything, IAM denied": ([EVERYTHING, deny("iam:*")], "write"),
            "everything, all but reading denied": ([EVERYTHING, {"Effect": "Deny", "NotAction": "s3:Get*", "Resource": "*"}], "read"),
            "everything but IAM": ([{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}], "write"),
            "everything but nothing": ([{"Effect": "Allow", "NotAction": "*", "Resource": "*"}], "none"),
            "everything but support": ([{"Effect": "Allow", "NotAction": "support:*", "Resource": "*"}], "administrator"),
            "on all but a bucket": ([{"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::b/*"}], "administrator"),
            "on a bucket": ([allow("*", "arn:aws:s3:::b/*")], "write"),
            "denied outside of a bucket": ([EVERYTHING, {"Effect": "Deny", "Action": "*", "NotResource": "arn:aws:s3:::b/*"}], "write"),
            "granted outside of what is denied": ([allow("s3:PutObject", "arn:aws:s3:::b/*"), {"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::b*"}], "none"),
            "granted where a part is denied": ([allow("s3:PutObject", "arn:aws:s3:::b/*"), {"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::b/x"}], "write"),
            "a letter in between": ([allow("s3:PutObject", "arn:aws:s3:::b?"), {"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::b*"}], "none"),
            "reads": ([allow(["S3:getobject", "ec2:Describe*", "iam:GenerateCredentialReport"])], "read"),
            "sounds like reading": ([allow("redshift:GetClusterCredentials")], "write"),
            "her own keys and devices": ([allow(["iam:*AccessKey*", "iam:*LoginProfile", "iam:EnableMFADevice"], "arn:aws:iam::*:user/${aws:username}"),
                                          allow(["iam:CreateVirtualMFADevice", "iam:DeleteVirtualMFADevice"], "arn:aws:iam::*:mfa/${aws:username}")], "read"),
            "another's keys": ([allow("iam:DeleteAccessKey", ARN + "user/bob")], "write"),
            "all of IAM on herself": ([allow("iam:*", ARN + "user/${aws:username}")], "escalates"),
            "a Deny on a variable that is not known": ([allow("s3:PutObject", "arn:aws:s3:::b/x"), {"Effect": "Deny", "Action": "*", "Resource": "arn:aws:s3:::${aws:PrincipalTag/team}*"}], "write"),
            "a Deny on her name": ([allow("s3:PutObject", "arn:aws:s3:::b/ann"), {"Effect": "Deny", "Action": "*", "Resource": "arn:aws:s3:::b/${aws:username}"}], "none"),
            "an action that nobody lists": ([allow("s3:GrowLegs")], "unknown"),
            "the same, denied": ([allow("s3:GrowLegs"), deny("s3:*")], "none"),
            "a service that nobody lists": ([allow("teapots:*")], "unknown"),
        }
        found = None
        for name, (statements, level) in cases.items():
            with self.subTest(name=name):
                found = principals(users=[user("ann", *statements)])["ann"]
                self.assertEqual(found["level"], level, found)
                self.assertEqual(found["unknown"] is not None, level == "unknown")

    def test_a_variable_in_a_policy_of_2008_is_plain_text(self):
        old = [{"PolicyName": "p", "PolicyDocument": {"Version": "2008-10-17", "Statement": [
            {"Effect": "Deny", "Action": "*", "Resource": "arn:aws:s3:::b/${aws:username}"}]}}]
        ann = user("ann", allow("s3:PutObject", "arn:aws:s3:::b/ann"))
        ann["UserPolicyList"] += old
        self.assertEqual(levels(users=[ann])["ann"], "write")

    def test_a_session_that_a_trust_policy_names_is_not_limited_by_its_roles_boundary(self):
        session = "arn:aws:sts::%s:assumed-role/mid/s" % ACCOUNT
        for named, level in ((session, "administrator"), (ARN + "role/mid", "read")):
            found = principals(users=[user("ann", allow("sts:AssumeRole", ARN + "role/mid"))], policies=[managed("cap", allow("s3:GetObject"))], roles=[
                role("mid", allow("s3:GetObject"), boundary=ARN + "policy/cap"), role("admin", allow("*"), trusts=trust(AWS=named))])
            self.assertEqual(found["ann"]["level"], level, named)

    def test_a_role_is_passed_to_an_instance_by_a_profile_only(self):
        starts = allow(["iam:PassRole", "ec2:RunInstances"])
        for profiles, more, level in (([], (), "write"), (None, (), "escalates"), ([{"Arn": ARN + "instance-profile/web"}], (), "escalates"),
                                      ([], (allow("iam:AddRoleToInstanceProfile"),), "escalates")):
            admin = role("admin", allow("*"), trusts=trust(Service="ec2.amazonaws.com"))
            if profiles is not None:  # else the document does not tell
                admin["InstanceProfileList"] = profiles
            self.assertEqual(principals(users=[user("ann", starts, *more)], roles=[admin])["ann"]["level"], level, (profiles, more))

    def test_an_escaped_sign_is_that_sign(self):
        for pattern, level in (("user/${*}", "write"), ("user/*", "escalates")):
            self.assertEqual(principals(users=[user("ann", allow("iam:AttachUserPolicy", ARN + pattern))])["ann"]["level"], level, pattern)

    def test_a_boundary_in_doubt_takes_nothing_away(self):
        denies = {"Effect": "Deny", "Action": "*", "Resource": "*"}
        cap = lambda *statements: managed("cap", *statements)
        for name, policies in {"two that differ": [cap(denies), cap(EVERYTHING)], "a key that IAM does not have": [cap({**denies, "condition": {}}, EVERYTHING)],
                               "no default version": [{**cap(denies), "DefaultVersionId": "v9"}]}.items():
            with self.subTest(name=name):
                self.assertEqual(levels(users=[user("ann", EVERYTHING, boundary=ARN + "policy/cap")], policies=policies)["ann"], "administrator")
        self.assertEqual(levels(users=[user("ann", EVERYTHING, boundary=ARN + "policy/cap")], policies=[cap(denies)])["ann"], "none")

    def test_boundaries_take_away(self):
        cap = lambda *statements: [managed("cap", *statements)]
        bound = ARN + "policy/cap"
        for name, statements, boundary, level in (
                ("reads only", [EVERYTHING], [allow("s3:Get*")], "read"),
                ("nothing", [allow("s3:Put*")], [allow("s3:Get*")], "none"),
                ("another part", [allow("s3:*", "arn:aws:s3:::a/*")], [allow("s3:*", "arn:aws:s3:::b/*")], "none"),
                ("a part of both", [allow("s3:*", "arn:aws:s3:::*/x")], [allow("s3:*", "arn:aws:s3:::b/*")], "write"),
                ("a Deny of the boundary's", [EVERYTHING], [EVERYTHING, {"Effect": "Deny", "Action": "iam:*", "Resource": "*"}], "write"),
                ("she puts a policy on herself", [allow("iam:PutUserPolicy", ARN + "user/ann")], [allow(["s3:*", "iam:PutUserPolicy"])], "write"),
                ("all of IAM within it", [EVERYTHING], [allow("iam:*")], "administrator")):
            with self.subTest(name=name):
                self.assertEqual(levels(users=[user("ann", *statements, boundary=bound)], policies=cap(*boundary))["ann"], level)
        self.assertEqual(levels(users=[user("ann", EVERYTHING, boundary=bound)])["ann"], "administrator")  # not known: takes nothing away

    def test_what_is_not_known_of_a_role_is_not_known_of_who_may_assume_it(self):
        unknown = role("r", attached=["arn:aws:iam::aws:policy/Something"])
        found = principals(users=[user("ann", allow("sts:AssumeRole", ARN + "role/r")), user("bob")], roles=[unknown])
        self.assertEqual((found["ann"]["level"], found["bob"]["level"]), ("unknown", "none"))
        self.assertIn("policy/Something", found["ann"]["unknown"])
        self.assertIn("role/gone", principals(users=[user("ann", allow("sts:AssumeRole", ARN + "role/gone"))])["ann"]["unknown"])
        untold = role("r", EVERYTHING)
        del untold["AssumeRolePolicyDocument"]
        self.assertIn("trust policy of role r", principals(users=[user("bob")], roles=[untold])["bob"]["unknown"])

    def test_the_field_inputs_have_their_right_answers(self):
        right = {"a01-plain": None, "a02b-noboundary": "administrator", "a03-self-put": "escalates", "a03c-s3-home": "write", "a04-role-chain": "administrator",
                 "a06-checkout": "write", "a07-get-session": "read", "a08-notaction-star": "none", "a09-notaction-iam-assume": "administrator",
                 "a10-res-arnall": "administrator", "a11-readonly-deny": "none", "a12-awsmanaged-unknown": "unknown", "a13-boundary-managed-ro": "read",
                 "a16-escalate": "write", "a17-lowercase": "read", "a18-get-wild": "write"}
        folder = common.TOP.parent / "shared/field/account"
        if not folder.is_dir():
            self.skipTest("no field inputs here")
        for name, level in right.items():
            if level is not None:
                done = common.sgproof("account", folder / name, "--format", "json", "--pack", "sec-002")
                found = [p["level"] for p in json.loads(done.stdout)["principals"] if p["principal"].endswith("user/ann")]
                self.assertEqual(found, [level], name)

    def test_thousands_of_users_and_roles_take_seconds(self):
        roles = [role("r%d" % i, allow("sts:AssumeRole", ARN + "role/r%d" % (i + 1))) for i in range(3000)] + [role("r3000", EVERYTHING)]
        users = [user("u%d" % i, allow("sts:AssumeRole", ARN + "role/r%d" % i), allow("s3:Get*", "arn:aws:s3:::%d/*" % i)) for i in range(2000)]
        began = time.monotonic()
        found = levels(users=users, roles=roles)
        self.assertEqual(set(found.values()), {"administrator"})
        self.assertLess(time.monotonic() - began, 60)  # with sanitizers; without, 5,000 of each take 2 s


if __name__ == "__main__":
    unittest.main()
