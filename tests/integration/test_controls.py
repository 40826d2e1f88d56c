"""Controls: a clean estate passes them all, and each change fails exactly the controls that ask about it."""
import base64
import copy
import json
import os
import pathlib
import random
import shutil
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import common
from oracle import estates
from test_evidence import Bundles
from test_snapshots import entry, permission, plain

ACCOUNT = "111122223333"
ARN = "arn:aws:iam::%s:" % ACCOUNT
TODAY = time.strftime("%Y-%m-%dT00:00:00+00:00", time.gmtime())
COLUMNS = ("user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,mfa_active,access_key_1_active,"
           "access_key_1_last_rotated,access_key_1_last_used_date,access_key_2_active,access_key_2_last_rotated,"
           "access_key_2_last_used_date").split(",")


def allow(actions, resources="*", **more):
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": resources, **more}]}


def trust(**principal):
    """A role's trust policy; the account itself where nobody is named."""
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": principal or {"AWS": ARN + "root"}, "Action": "sts:AssumeRole"}]}


def managed(name, document):
    return {"PolicyName": name, "Arn": ARN + "policy/" + name, "PolicyVersionList": [
        {"VersionId": "v1", "IsDefaultVersion": False, "Document": allow("*")},
        {"VersionId": "v2", "IsDefaultVersion": True, "Document": document}]}


def row(user, **more):
    values = {"user": user, "arn": ARN + ("root" if user == "<root_account>" else "user/" + user), "password_enabled": "true",
              "mfa_active": "true", "access_key_1_active": "false", "access_key_2_active": "false", **more}
    return [values.get(name, "N/A") for name in COLUMNS]


def guarded():
    """An account as it should be: files by name."""
    return {
        "get-account-summary": {"SummaryMap": {"AccountMFAEnabled": 1, "AccountAccessKeysPresent": 0, "Users": 2,
                                               "GlobalEndpointTokenVersion": 2}},
        "get-account-password-policy": {"PasswordPolicy": {
            "MinimumPasswordLength": 14, "RequireSymbols": True, "RequireNumbers": True, "RequireUppercaseCharacters": True,
            "RequireLowercaseCharacters": False}},
        "get-account-authorization-details": {
            "UserDetailList": [
                {"UserName": "ann", "Arn": ARN + "user/ann", "GroupList": ["readers"], "AttachedManagedPolicies": []},
                {"UserName": "bob", "Arn": ARN + "user/bob", "GroupList": ["readers"], "AttachedManagedPolicies": []}],
            "GroupDetailList": [{"GroupName": "readers", "Arn": ARN + "group/readers", "GroupPolicyList": [
                {"PolicyName": "self", "PolicyDocument": allow(["iam:ChangePassword", "iam:EnableMFADevice"],
                                                               ARN + "user/${aws:username}")}], "AttachedManagedPolicies": [
                {"PolicyName": "look", "PolicyArn": ARN + "policy/look"},
                {"PolicyName": "SecurityAudit", "PolicyArn": "arn:aws:iam::aws:policy/SecurityAudit"}]}],
            "RoleDetailList": [
                {"RoleName": "viewer", "Arn": ARN + "role/viewer", "AssumeRolePolicyDocument": trust(), "AttachedManagedPolicies": [], "RolePolicyList": [
                    {"PolicyName": "v", "PolicyDocument": allow("s3:Get*")}]},
                {"RoleName": "deployer", "Arn": ARN + "role/deployer", "AssumeRolePolicyDocument": trust(), "AttachedManagedPolicies": [], "RolePolicyList": [
                    {"PolicyName": "d", "PolicyDocument": allow("ec2:*")}]}],
            "Policies": [managed("look", allow(["ec2:Describe*", "iam:List*"])), managed("cap", allow("ec2:Describe*")),
                         managed("all", allow("*"))]},
        "get-credential-report": {"Content": [row("<root_account>"), row("ann"), row("bob")], "ReportFormat": "text/csv"},
        "list-virtual-mfa-devices": {"VirtualMFADevices": [
            {"SerialNumber": ARN + "mfa/root-account-mfa-device", "User": {"Arn": ARN + "root"}}]},
        "describe-trails": {"trailList": [{"Name": "all", "TrailARN": "arn:aws:cloudtrail:eu-west-3:%s:trail/all" % ACCOUNT,
                                           "HomeRegion": "eu-west-3", "IsMultiRegionTrail": True,
                                           "LogFileValidationEnabled": True}]},
        "get-trail-status.all": {"IsLogging": True, "LatestDeliveryTime": TODAY, "LatestDigestDeliveryTime": TODAY},
        "get-event-selectors.all": {"TrailARN": "...", "EventSelectors": [
            {"ReadWriteType": "All", "IncludeManagementEvents": True}]},
    }


def write_account(folder, documents, today=None):
    for name, document in documents.items():
        regional = "trail" in name or "selectors" in name
        path = pathlib.Path(folder) / ACCOUNT / ("eu-west-3" if regional else "global")
        path.mkdir(parents=True, exist_ok=True)
        document = copy.deepcopy(document)
        if isinstance(document, dict) and "Content" in document:
            lines = "\n".join(",".join(line) for line in [COLUMNS, *document["Content"]])
            document["Content"] = base64.b64encode(lines.encode()).decode()
            document.setdefault("GeneratedTime", TODAY if today is None else today + "T00:00:00+00:00")
        text = json.dumps(document)
        (path / (name + ".json")).write_text(text if today is None else text.replace(TODAY, today + "T00:00:00+00:00"))


DETAILS = "get-account-authorization-details"
FAULTS = {  # by the control that each fails
    "root-mfa": [lambda d: d["get-account-summary"]["SummaryMap"].update(AccountMFAEnabled=0)],
    "root-access-keys": [lambda d: d["get-account-summary"]["SummaryMap"].update(AccountAccessKeysPresent=1)],
    "root-not-used": [lambda d: d["get-credential-report"]["Content"].__setitem__(
        0, row("<root_account>", password_last_used="2026-06-01T00:00:00+00:00"))],
    "dedicated-users": [
        lambda d: d[DETAILS]["UserDetailList"][0].update(GroupList=[]) or
        d[DETAILS]["UserDetailList"][0].update(AttachedManagedPolicies=[{"PolicyArn": ARN + "policy/look"}]),
        lambda d: d[DETAILS]["UserDetailList"][0].update(UserName="Shared-build"),
        lambda d: d[DETAILS]["UserDetailList"][0].update(UserPolicyList=[{"PolicyName": "p", "PolicyDocument": allow("s3:GetObject")}]),
        lambda d: d[DETAILS]["UserDetailList"][0].update(AttachedManagedPolicies=[{"PolicyArn": ARN + "policy/look"}])],
    "user-mfa": [lambda d: d["get-credential-report"]["Content"].__setitem__(1, row("ann", mfa_active="false"))],
    "temporary-credentials": [
        lambda d: d["get-credential-report"]["Content"].__setitem__(2, row("bob", access_key_2_active="true"))],
    "password-policy": [
        lambda d: d["get-account-password-policy"]["PasswordPolicy"].update(MinimumPasswordLength=7),
        lambda d: d["get-account-password-policy"]["PasswordPolicy"].update(RequireNumbers=False)],
    "cloudtrail": [
        lambda d: d["describe-trails"]["trailList"][0].update(IsMultiRegionTrail=False),
        lambda d: d["describe-trails"]["trailList"][0].update(LogFileValidationEnabled=False),
        lambda d: d["get-trail-status.all"].update(IsLogging=False),
        lambda d: d["get-trail-status.all"].update(LatestDeliveryError="AccessDenied"),
        lambda d: d["get-trail-status.all"].update(LatestDigestDeliveryError="AccessDenied"),
        lambda d: d["get-event-selectors.all"]["EventSelectors"][0].update(ReadWriteType="WriteOnly"),
        lambda d: d["get-event-selectors.all"]["EventSelectors"][0].update(IncludeManagementEvents=False),
        lambda d: d.update({"describe-trails": {"trailList": []}})],
}
FAULTS["least-privilege"] = [
    *(lambda d, document=document: d[DETAILS]["UserDetailList"][0].update(UserPolicyList=[{"PolicyName": "p", "PolicyDocument": document}])
      for document in (allow("*"), {"Statement": {"Effect": "Allow", "NotAction": "support:*", "Resource": "*"}},
                       allow("sts:AssumeRole", ARN + "role/deployer"))),
    lambda d: d[DETAILS]["UserDetailList"][0].update(AttachedManagedPolicies=[{"PolicyArn": ARN + "policy/all"}]),
    lambda d: d[DETAILS]["GroupDetailList"][0].update(GroupPolicyList=[{"PolicyName": "g", "PolicyDocument": allow("s3:PutObject")}]),
    lambda d: d[DETAILS]["RoleDetailList"][1].update(AssumeRolePolicyDocument=trust(AWS="*"))]
# Members that AWS leaves out where there is nothing.
MAY_BE_ABSENT = ("UserPolicyList", "GroupPolicyList", "RolePolicyList")


def places(value, path=()):
    """The paths of all members and elements of a document."""
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        if path or key != "get-credential-report":
            yield (*path, key)
            yield from places(inner, (*path, key))


class Account(unittest.TestCase):
    maxDiff = None

    def judge(self, documents=None, intent=None, words=("--pack", "sec-002"), status=None):
        with tempfile.TemporaryDirectory() as folder:
            estates.write(plain(), folder)
            write_account(folder, guarded() if documents is None else documents, today="2026-06-30")
            more = []
            if intent is not None:
                path = pathlib.Path(folder) / "intent"
                path.write_text(json.dumps({"schema": "sgproof/intent/v1", "platform": "p", "default": "deny", "rules": [],
                                            **intent}))
                more = ["--intent", path]
            done = common.sgproof("account", folder, "--format", "json", "--date", "2026-06-30", *words, *more)
        self.assertIn(done.returncode, (0, 1, 3, 4) if status is None else (status,), done.stderr)
        return {control["id"].split("/")[1]: control for pack in json.loads(done.stdout)["packs"] for control in pack["controls"]}

    def failing(self, change, intent=None):
        documents = guarded()
        change(documents)
        controls = self.judge(documents, intent)
        for control in controls.values():
            if control["result"] == "fail":
                self.assertTrue(any(e["result"] == "fail" and e["detail"] and e["subject"] for e in control["evidence"]), control)
        return {name: control["result"] for name, control in controls.items() if control["result"] != "pass"}

    def test_a_guarded_account_passes_every_control(self):
        controls = self.judge(status=0)
        self.assertEqual({name: c["result"] for name, c in controls.items()}, dict.fromkeys(
            ("root-mfa", "root-access-keys", "root-not-used", "dedicated-users", "least-privilege", "user-mfa", "temporary-credentials",
             "password-policy", "cloudtrail", "sts-tokens"), "pass"))
        self.assertIn("virtual", controls["root-mfa"]["evidence"][0]["detail"])
        self.assertEqual(controls["root-mfa"]["evidence"][0]["reference"],
                         ACCOUNT + "/global/get-account-summary.json#/SummaryMap/AccountMFAEnabled")

    def test_each_fault_fails_its_control_and_no_other(self):
        for control, changes in FAULTS.items():
            for number, change in enumerate(changes):
                with self.subTest(control=control, number=number):
                    documents = guarded()
                    change(documents)
                    ann = documents[DETAILS]["UserDetailList"][0]
                    also = {"dedicated-users": "fail"} if ann.get("UserPolicyList") or ann["AttachedManagedPolicies"] else {}
                    self.assertEqual(self.failing(change), {control: "fail", **also})

    def test_what_is_cut_out_of_a_failing_account_lets_nothing_pass(self):
        rng, cuts = random.Random(os.environ.get("STARVATION_SEED", "1")), []
        for control, change in [(control, change) for control, changes in FAULTS.items() for change in changes]:
            documents = guarded()
            change(documents)
            cuts += [(control, documents, path, to) for path in places(documents) for to in ("drop", None, ["odd"])
                     if not (to == "drop" and (isinstance(path[-1], int) or path[-1] in MAY_BE_ABSENT))]
        for control, documents, path, to in rng.sample(cuts, 250):
            documents = holder = copy.deepcopy(documents)
            for key in path[:-1]:
                holder = holder[key]
            holder[path[-1]] = to
            if to == "drop":
                del holder[path[-1]]
            with self.subTest(control=control, path=path, to=to):
                self.assertIn(self.judge(documents)[control]["result"], ("fail", "not-evaluated"))

    def test_what_the_snapshot_lacks_is_not_evaluated_and_named(self):
        gone = {
            "get-account-summary": {"root-mfa", "root-access-keys", "sts-tokens"},
            "get-account-password-policy": {"password-policy"},
            "get-account-authorization-details": {"dedicated-users", "least-privilege"},
            "get-credential-report": {"root-not-used", "user-mfa", "temporary-credentials"},
            "describe-trails": {"cloudtrail"}, "get-trail-status.all": {"cloudtrail"}, "get-event-selectors.all": {"cloudtrail"},
        }
        for name, controls in gone.items():
            with self.subTest(name=name):
                documents = guarded()
                del documents[name]
                found = self.judge(documents, status=3)
                self.assertEqual({n for n, c in found.items() if c["result"] == "not-evaluated"}, controls)
                for control in controls:
                    self.assertIn(name.split(".")[0], " ".join(found[control]["missing"]))

    def test_least_privilege_is_worked_out_from_every_policy_that_reaches_a_user(self):
        def user(**more):
            return lambda d: d["get-account-authorization-details"]["UserDetailList"][0].update(**more)

        def inline(*documents):
            return user(UserPolicyList=[{"PolicyName": "p%d" % i, "PolicyDocument": p} for i, p in enumerate(documents)])

        def group(document):
            return lambda d: d["get-account-authorization-details"]["GroupDetailList"][0].update(
                GroupPolicyList=[{"PolicyName": "g", "PolicyDocument": document}])

        one = lambda effect, **statement: {"Statement": {"Effect": effect, **statement}}
        cases = {
            "admin inline": (inline(allow("*")), True),
            "admin spelled otherwise": (inline(allow(["ec2:Describe*", "*:*"])), True),
            "all of IAM": (inline(allow("iam:*")), True),
            "all but one": (inline(one("Allow", NotAction="support:*", Resource="*")), True),
            "admin attached": (user(AttachedManagedPolicies=[{"PolicyArn": ARN + "policy/all"}]), True),
            "AWS's administrator": (user(AttachedManagedPolicies=[{"PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}]), True),
            "writes by its group": (group(allow("s3:PutObject")), True),
            "a wildcard over verbs": (inline(allow("ec2:*")), True),
            "on one resource": (inline(allow("s3:DeleteObject", "arn:aws:s3:::b/*")), True),
            "percent-encoded": (inline("%7B%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22s3%3A%2A%22%2C%22Resource%22%3A%22%2A%22%7D%5D%7D"), True),
            "a role that writes": (inline(allow("sts:AssumeRole", ARN + "role/deployer")), True),
            "a role that is not known": (inline(allow("sts:AssumeRole", "arn:aws:iam::444455556666:role/x")), True),
            "any role": (inline(allow("sts:AssumeRole")), True),
            "another's password": (inline(allow("iam:ChangePassword", ARN + "user/bob")), True),
            "a denial alone": (inline(one("Deny", Action="*", Resource="*")), False),
            "reads": (inline(allow(["s3:GetObject", "dynamodb:Query", "iam:GenerateCredentialReport", "EC2:describe*"])), False),
            "a role that reads": (inline(allow("sts:AssumeRole", ARN + "role/viewer")), False),
            "within a boundary that reads": (lambda d: (inline(allow("ec2:*"))(d), user(PermissionsBoundary={
                "PermissionsBoundaryArn": ARN + "policy/cap"})(d)), False),
            "a version that is not the default": (user(AttachedManagedPolicies=[{"PolicyArn": ARN + "policy/look"}]), False),
        }
        for name, (change, fails) in cases.items():
            with self.subTest(name=name):
                self.assertEqual(self.failing(change).get("least-privilege", "pass"), "fail" if fails else "pass")
        # Named in the intent they may hold it, through groups only where it is everything.
        named = {"administrators": [ARN + "user/a*", ARN + "user/bob"]}
        self.assertEqual(self.failing(group(allow("*")), named), {})
        self.assertEqual(self.failing(inline(allow("s3:*")), named), {"dedicated-users": "fail"})
        self.assertEqual(self.failing(inline(allow("*")), named), {"least-privilege": "fail", "dedicated-users": "fail"})
        self.assertEqual(self.failing(group(allow("*")), {"administrators": [ARN + "user/a*"]}), {"least-privilege": "fail"})
        # A policy whose document is not there is not taken as harmless.
        unknown = user(AttachedManagedPolicies=[{"PolicyArn": "arn:aws:iam::aws:policy/Something"}])
        self.assertEqual(self.failing(unknown), {"least-privilege": "not-evaluated", "dedicated-users": "fail"})

    def test_a_group_that_only_its_users_name_is_missing(self):
        self.assertEqual(self.failing(lambda d: d[DETAILS]["UserDetailList"][0].update(GroupList=["odd"])),
                         {"dedicated-users": "not-evaluated", "least-privilege": "not-evaluated"})

    def test_a_cell_of_the_credential_report_that_is_neither_yes_nor_no_is_told(self):
        for control, column in (("user-mfa", "mfa_active"), ("temporary-credentials", "access_key_1_active")):
            for word in ("TRUE", "1", ""):
                documents = guarded()
                documents["get-credential-report"]["Content"][1] = row("ann", **{column: word})
                control_of = self.judge(documents)[control]
                self.assertIn(control_of["result"], ("fail", "not-evaluated"), (column, word))
                self.assertIn(column, " ".join(control_of["missing"]))

    def test_a_user_of_whom_another_document_tells_is_missing_where_it_is_not(self):
        for name, change, controls in (
                ("the details", lambda d: d[DETAILS]["UserDetailList"].pop(), {"dedicated-users", "least-privilege"}),
                ("the report", lambda d: d["get-credential-report"]["Content"].pop(), {"user-mfa", "temporary-credentials"}),
                ("all but the summary", lambda d: (d[DETAILS]["UserDetailList"].pop(), d["get-credential-report"]["Content"].pop()),
                 {"dedicated-users", "least-privilege", "user-mfa", "temporary-credentials"})):
            with self.subTest(name=name):
                self.assertEqual(self.failing(change), dict.fromkeys(controls, "not-evaluated"))

    def test_keys_are_told_with_age_and_last_use(self):
        documents = guarded()
        documents["get-credential-report"]["Content"][1] = row(
            "ann", access_key_1_active="true", access_key_1_last_rotated="2026-03-01T00:00:00+00:00",
            access_key_1_last_used_date="2026-06-01T10:00:00+00:00")
        detail = self.judge(documents)["temporary-credentials"]["evidence"][0]["detail"]
        self.assertEqual(detail, "access key 1 is active, 121 days old on 2026-06-30, last used 2026-06-01: a role gives temporary credentials")

    def test_another_trail_may_be_the_one(self):
        documents = guarded()
        documents["describe-trails"]["trailList"].insert(0, {"Name": "al", "TrailARN": "arn:x", "HomeRegion": "eu-west-3"})
        self.assertEqual(self.judge(documents)["cloudtrail"]["result"], "pass")
        documents["get-event-selectors.all"] = {"TrailARN": "x", "AdvancedEventSelectors": [
            {"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]}]}
        self.assertEqual(self.judge(documents)["cloudtrail"]["result"], "pass")
        documents["get-event-selectors.all"]["AdvancedEventSelectors"][0]["FieldSelectors"].append(
            {"Field": "readOnly", "Equals": ["false"]})
        self.assertEqual(self.judge(documents)["cloudtrail"]["result"], "not-evaluated")  # the other's state is not known

    def test_trails_record_together_and_exclusions_count(self):
        every = {"ReadWriteType": "All", "IncludeManagementEvents": True}
        half = lambda which, **more: {"ReadWriteType": which, "IncludeManagementEvents": True, **more}
        field = lambda name, **more: {"Field": name, **more}
        management = field("eventCategory", Equals=["Management"])
        kms = {"ExcludeManagementEventSources": ["kms.amazonaws.com"]}
        basic = {
            "all": ([every], "pass"), "b03: reads and writes": ([half("ReadOnly"), half("WriteOnly")], "pass"), "reads": ([half("ReadOnly")], "fail"),
            "b02: without KMS": ([{**every, **kms}], "fail"), "without KMS, and with": ([{**every, **kms}, every], "pass"),
            "without KMS, and its writes": ([{**every, **kms}, half("WriteOnly")], "fail"),
            "without KMS, and without the Data API": ([{**every, **kms}, {**every, "ExcludeManagementEventSources": ["rdsdata.amazonaws.com"]}], "pass"),
            "b08: none": ([], "not-evaluated"), "a word that is new": ([half("Most")], "not-evaluated"),
        }
        advanced = {
            "b06: management": ([[management]], "pass"), "data": ([[field("eventCategory", Equals=["Data"])]], "fail"),
            "reads and writes": ([[management, field("readOnly", Equals=["true"])], [management, field("readOnly", Equals=["false"])]], "pass"),
            "reads": ([[management, field("readOnly", Equals=["true"])]], "fail"), "both in one": ([[management, field("readOnly", Equals=["true", "false"])]], "pass"),
            "without KMS": ([[management, field("eventSource", NotEquals=["kms.amazonaws.com"])]], "fail"),
            "of KMS": ([[management, field("eventSource", Equals=["kms.amazonaws.com"])]], "fail"),
            "without some by their beginning": ([[management, field("eventSource", NotStartsWith=["kms"])]], "fail"),
            "without KMS, and of KMS": ([[management, field("eventSource", NotEquals=["kms.amazonaws.com"])], [management, field("eventSource", Equals=["kms.amazonaws.com"])]], "pass"),
            "without KMS, and of its reads": ([[management, field("eventSource", NotEquals=["kms.amazonaws.com"])],
                                               [management, field("eventSource", Equals=["kms.amazonaws.com"]), field("readOnly", Equals=["true"])]], "fail"),
            "without two, and of one": ([[management, field("eventSource", NotEquals=["rdsdata.amazonaws.com", "kms.amazonaws.com"])],
                                         [management, field("eventSource", Equals=["rdsdata.amazonaws.com", "ec2.amazonaws.com"])]], "fail"),
            "of two": ([[management, field("eventSource", Equals=["ec2.amazonaws.com"])], [management, field("eventSource", Equals=["iam.amazonaws.com"])]], "fail"),
            "of none but some": ([[management, field("eventSource", Equals=["ec2.amazonaws.com"], NotEquals=["ec2.amazonaws.com"])]], "fail"),
            # By names of events, or callers, two may come to all; one does not.
            "of a name, and of the others": ([[management, field("eventName", Equals=["Decrypt"])], [management, field("eventName", NotEquals=["Decrypt"])]], "not-evaluated"),
            "excluded, and of names": ([[management, field("eventSource", NotEquals=["rdsdata.amazonaws.com"])], [management, field("eventName", StartsWith=["E", "B"])]], "not-evaluated"),
            "reads, and of names": ([[management, field("readOnly", Equals=["true"])], [management, field("eventName", NotEquals=["Decrypt"])]], "fail"),
        }
        for kind, cases in (("EventSelectors", basic), ("AdvancedEventSelectors", advanced)):
            for name, (selectors, result) in cases.items():
                with self.subTest(kind=kind, name=name):
                    documents = guarded()
                    documents["get-event-selectors.all"] = {"TrailARN": "...", kind: selectors if kind == "EventSelectors" else [{"FieldSelectors": s} for s in selectors]}
                    control = self.judge(documents)["cloudtrail"]
                    self.assertEqual(control["result"], result, control)
                    if "KMS" in name and result == "fail" and name != "of KMS":
                        self.assertIn("kms.amazonaws.com", control["evidence"][0]["detail"])
                    if result == "not-evaluated" and not selectors:
                        self.assertIn("no selector", control["missing"][0])
        # Two trails that cover one half each; and the same where one of them is of one region, or fails to deliver.
        for wrong, result in (({}, "pass"), ({"IsMultiRegionTrail": False}, "fail"), ({"error": True}, "fail")):
            documents = guarded()
            documents["describe-trails"]["trailList"].append({**documents["describe-trails"]["trailList"][0], "Name": "other", "TrailARN": "arn:aws:cloudtrail:eu-west-3:%s:trail/other" % ACCOUNT,
                                                              "IsOrganizationTrail": True, **{k: v for k, v in wrong.items() if k != "error"}})
            documents["get-event-selectors.all"]["EventSelectors"] = [half("ReadOnly")]
            documents["get-event-selectors.other"] = {"EventSelectors": [half("WriteOnly")]}
            documents["get-trail-status.other"] = {"IsLogging": True, "LatestDeliveryTime": "2026-06-29T12:00:00Z", "LatestDigestDeliveryTime": TODAY, **({"LatestDeliveryError": "NoSuchBucket"} if "error" in wrong else {})}
            control = self.judge(documents)["cloudtrail"]
            self.assertEqual(control["result"], result, wrong)
            said = " ".join(e["detail"] for e in control["evidence"])
            self.assertIn("NoSuchBucket" if "error" in wrong else "of one region" if wrong else "of the organization, last delivered 2026-06-29", said)

    def test_a_file_named_after_another_trail_tells_nothing_of_this_one(self):
        for name, result in (("all", "pass"), ("all.2", "pass"), ("all-old", "not-evaluated"), ("old-all", "not-evaluated"), ("old.all", "not-evaluated"), ("all.old", "not-evaluated")):
            documents = guarded()
            documents["get-trail-status." + name] = documents.pop("get-trail-status.all")
            self.assertEqual(self.judge(documents)["cloudtrail"]["result"], result, name)

    def test_commands_that_mend_keep_what_is_set(self):
        documents = guarded()
        documents["get-account-password-policy"] = {"PasswordPolicy": {
            "MinimumPasswordLength": 10, "MaxPasswordAge": 90, "HardExpiry": True, "AllowUsersToChangePassword": True, "PasswordReusePrevention": 3}}
        documents["get-account-summary"]["SummaryMap"]["GlobalEndpointTokenVersion"] = 1
        documents["get-event-selectors.all"]["EventSelectors"] = [
            {"ReadWriteType": "WriteOnly", "IncludeManagementEvents": True, "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}]}]
        documents["get-credential-report"]["Content"][1] = row("ann", access_key_1_active="true", access_key_2_active="true")
        ann = documents[DETAILS]["UserDetailList"][0]
        ann["AttachedManagedPolicies"], ann["UserPolicyList"] = [], [{"PolicyName": "own", "PolicyDocument": allow("s3:Get*")}]
        fixes = lambda control: [e["fix"] for e in control["evidence"] if e.get("fix")]
        told = self.judge(documents, words=("--pack", "cis-aws-5.0"))
        kept = (" --minimum-password-length 14 ", " --password-reuse-prevention 24 ", " --max-password-age 90 ", " --hard-expiry ", " --allow-users-to-change-password")
        for control in ("1.7", "1.8"):  # the one does not undo the other
            for words in kept:
                self.assertIn(words, fixes(told[control])[0])
        self.assertIn("--user-name ann --status Inactive", fixes(told["1.12"])[0])
        self.assertEqual(fixes(told["1.14"])[0], "aws iam delete-user-policy --user-name ann --policy-name own")
        self.assertIn("--query EventSelectors | jq '. + [{\"ReadWriteType\": \"All\"", fixes(told["3.1"])[0])
        trail = documents["describe-trails"]["trailList"][0]
        for owner, named in ((ACCOUNT, True), ("999999999999", False)):  # an organization's, of this account and of another
            trail.update(IsOrganizationTrail=True, TrailARN="arn:aws:cloudtrail:eu-west-3:%s:trail/all" % owner, LogFileValidationEnabled=False)
            self.assertEqual([" --name arn:aws:cloudtrail:" in one for one in fixes(self.judge(documents, words=("--pack", "cis-aws-5.0"))["3.2"])], [True] * named)
        documents["describe-trails"] = {"trailList": []}
        self.assertIn("create-trail", fixes(self.judge(documents)["cloudtrail"])[0])

    def test_a_selector_with_what_is_not_understood_or_contradicts_itself_covers_nothing(self):
        management = {"Field": "eventCategory", "Equals": ["Management"]}
        field = lambda name, **more: {"Field": name, **more}
        every = {"ReadWriteType": "All", "IncludeManagementEvents": True}
        cases = {
            "a field for both": ([management, field("eventSource", Contains=["kms"])], "not-evaluated", "Contains: unknown key"),
            "two categories": ([field("eventCategory", Equals=["Management", "Data"])], "not-evaluated", "more than one eventCategory"),
            "a category and another": ([management, field("eventCategory", Equals=["Data"])], "not-evaluated", "more than one eventCategory"),
            "a category that it is not": ([field("eventCategory", Equals=["Management"], NotEquals=["Management"])], "not-evaluated", "more than one eventCategory"),
            "reads that are writes": ([management, field("readOnly", Equals=["true"]), field("readOnly", Equals=["false"])], "fail", ""),
            "a name": ([management], "pass", ""),
        }
        for name, (fields, result, says) in cases.items():
            with self.subTest(name=name):
                documents = guarded()
                documents["get-event-selectors.all"] = {"TrailARN": "...", "AdvancedEventSelectors": [{"Name": "n", "FieldSelectors": fields}]}
                control = self.judge(documents)["cloudtrail"]
                self.assertEqual(control["result"], result, control)
                self.assertIn(says, " ".join(control["missing"]))
        for selectors in ({"EventSelectors": [{**every, "ExcludeManagementEventNames": ["CreateUser"]}]},
                          {"AdvancedEventSelectors": [{"FieldSelectors": [management], "ExcludeFieldSelectors": []}]}):
            documents = guarded()
            documents["get-event-selectors.all"] = {"TrailARN": "...", **selectors}
            self.assertEqual(self.results(documents, "cloudtrail"), ("not-evaluated",), selectors)

    def test_a_trail_of_another_account_is_ours_only_where_it_is_of_the_organization(self):
        for organization, result in ((True, "pass"), (False, "not-evaluated")):
            documents = guarded()
            documents["describe-trails"]["trailList"][0].update(TrailARN="arn:aws:cloudtrail:eu-west-3:999988887777:trail/all", IsOrganizationTrail=organization)
            self.assertEqual(self.results(documents, "cloudtrail"), (result,))

    def test_a_figure_that_is_no_count_is_not_known(self):
        for value in (-1, 0.5, 1.5, "1", True, None):
            documents = guarded()
            documents["get-account-summary"]["SummaryMap"].update(AccountMFAEnabled=value, AccountAccessKeysPresent=value)
            self.assertEqual(self.results(documents, "root-mfa", "root-access-keys"), ("not-evaluated", "not-evaluated"), value)

    def test_a_flag_of_the_summary_that_is_neither_0_nor_1_is_not_known(self):
        documents = guarded()
        summary = documents["get-account-summary"]["SummaryMap"]
        summary.update(AccountMFAEnabled=2)
        self.assertEqual(self.results(documents, "root-mfa"), ("not-evaluated",))
        summary.update(AccountMFAEnabled=0, AccountPasswordPresent=2)
        self.assertEqual(self.results(documents, "root-mfa"), ("fail",))
        summary.update(AccountMFAEnabled=1, AccountPasswordPresent=1, AccountSigningCertificatesPresent=2)
        self.assertEqual(self.results(documents, "root-access-keys"), ("fail",))

    def test_a_password_policy_that_iam_does_not_take_is_not_known(self):
        # https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAccountPasswordPolicy.html
        for member, value in (("MinimumPasswordLength", 129), ("MinimumPasswordLength", 10**9), ("PasswordReusePrevention", 25), ("MaxPasswordAge", 1096)):
            documents = guarded()
            documents["get-account-password-policy"]["PasswordPolicy"][member] = value
            self.assertEqual(self.results(documents, "password-policy"), ("not-evaluated",), member)
        documents["get-account-password-policy"]["PasswordPolicy"].update(MinimumPasswordLength=128, PasswordReusePrevention=24, MaxPasswordAge=1095)
        self.assertEqual(self.results(documents, "password-policy"), ("pass",))

    def test_a_selector_narrowed_by_an_event_name_leaves_out_no_half(self):
        documents = guarded()
        documents["get-event-selectors.all"] = {"AdvancedEventSelectors": [{"FieldSelectors": [
            {"Field": "eventCategory", "Equals": ["Management"]}, {"Field": "eventName", "NotEquals": ["ConsoleLogin"]}]}]}
        said = self.judge(documents)["cloudtrail"]["evidence"][0]["detail"]
        self.assertIn("narrowed by other fields", said)
        self.assertNotIn("those that only read", said)

    def test_a_policy_that_is_attached_to_more_than_are_told_lacks_somebody(self):
        asked = ("dedicated-users", "least-privilege", "1.14", "1.15")

        def results(*counts, holders=()):
            documents = guarded()
            for policy, count in zip(documents[DETAILS]["Policies"], counts):
                policy.update({} if count is None else {"AttachmentCount": count})
            for place in holders:  # of "all", which allows everything
                documents[DETAILS][place][0]["AttachedManagedPolicies"].append({"PolicyArn": ARN + "policy/all"})
            found = self.judge(documents, words=("--pack", "sec-002", "--pack", "cis-aws-5.0"))
            return [found[name]["result"] for name in asked], " ".join(" ".join(found[name]["missing"]) for name in asked)

        for good in ((), (1, 0, 0), (0, 0, 0), (None, 0)):  # "look" is the readers'; a count that is too low lacks nobody
            self.assertEqual(results(*good)[0], ["pass"] * 4, good)
        for bad, says in (((2,), "of 1 users, groups or roles that have policy %spolicy/look" % ARN), ((1, 0, 1), "policy/all: its AttachmentCount is 1"),
                          ((1, 3), "of 3 users, groups or roles"), (("1",), "AttachmentCount"), ((-1,), "AttachmentCount")):
            got, missing = results(*bad)
            self.assertEqual(got, ["not-evaluated"] * 4, bad)
            self.assertIn(says, missing)
        # Held by one who is told, of each kind.
        for place in ("UserDetailList", "GroupDetailList", "RoleDetailList"):
            got, missing = results(1, 0, 1, holders=[place])
            self.assertEqual((got[-1], missing.strip()), ("fail", ""), place)

    def test_a_trail_that_logs_and_was_stopped_last_is_not_known(self):
        older, newer = "2026-01-01T00:00:00Z", "2026-02-01T00:00:00+01:00"
        cases = (({"StartLoggingTime": older, "StopLoggingTime": newer}, True), ({"StartLoggingTime": 1767225600.5, "StopLoggingTime": 1769904000}, True),
                 ({"StartLoggingTime": newer, "StopLoggingTime": older}, False),
                 ({"StartLoggingTime": newer}, None), ({"StartLoggingTime": newer, "TimeLoggingStopped": ""}, None), ({"StopLoggingTime": newer}, None))
        for more, contradicts in cases:
            for logs in (True, False):
                documents = guarded()
                documents["get-trail-status.all"].update(more, IsLogging=logs)
                result = "not-evaluated" if contradicts is logs else "pass" if logs else "fail"
                self.assertEqual(self.results(documents, "cloudtrail"), (result,), (more, logs))

    def test_event_data_stores_are_named(self):
        documents = guarded()
        documents["describe-trails"] = {"trailList": []}
        self.assertIn("were not looked at", self.judge(documents)["cloudtrail"]["evidence"][0]["detail"])
        documents["list-event-data-stores-of-trails"] = {"EventDataStores": [{"EventDataStoreArn": "arn:aws:cloudtrail:eu-west-3:%s:eventdatastore/x" % ACCOUNT,
            "Name": "lake", "MultiRegionEnabled": True, "OrganizationEnabled": True, "Status": "ENABLED"}]}
        control = self.judge(documents)["cloudtrail"]
        self.assertEqual(control["result"], "fail")
        self.assertIn("event data store lake (ENABLED, every region, of the organization)", control["evidence"][0]["detail"])

    def test_root_without_credentials_has_none_to_guard(self):
        nothing = {"AccountMFAEnabled": 0, "AccountPasswordPresent": 0, "AccountAccessKeysPresent": 0}
        for change, mfa, keys in (({}, "not-applicable", "pass"), ({"AccountPasswordPresent": 1}, "fail", "pass"), ({"AccountAccessKeysPresent": 1}, "fail", "fail"),
                                  ({"AccountSigningCertificatesPresent": 1}, "fail", "fail")):
            documents = guarded()
            documents["get-account-summary"]["SummaryMap"].update({**nothing, **change})
            documents["get-credential-report"]["Content"][0] = row("<root_account>", password_enabled="not_supported", mfa_active="false")
            found = self.judge(documents)
            self.assertEqual((found["root-mfa"]["result"], found["root-access-keys"]["result"]), (mfa, keys), change)
        documents["get-account-summary"]["SummaryMap"].update(AccountMFAEnabled=1, AccountSigningCertificatesPresent=0)
        self.assertIn("by the credential report", self.judge(documents)["root-mfa"]["evidence"][0]["detail"])
        documents["get-credential-report"]["Content"][0] = row("<root_account>", access_key_1_active="true", access_key_1_last_used_date="2026-06-29T00:00:00+00:00")
        found = self.judge(documents)
        self.assertEqual((found["root-access-keys"]["result"], found["root-not-used"]["result"]), ("fail", "fail"))

    def test_the_field_inputs_have_their_right_answers(self):
        right = {"b01-root-centralized": {"root-mfa": "not-applicable", "root-not-used": "not-applicable"}, "b02-trail-exclude-kms": {"cloudtrail": "fail"},
                 "b03-trail-two-selectors": {"cloudtrail": "pass"}, "b06-adv-mgmt": {"cloudtrail": "pass"}, "b07-lake-only": {"cloudtrail": "fail"},
                 "b08-no-selectors": {"cloudtrail": "not-evaluated"}, "b10-pw-len8": {"password-policy": "pass"},
                 "b11-keys": {"temporary-credentials": "fail", "user-mfa": "fail"}, "b12-root-key-cert": {"root-access-keys": "fail", "root-mfa": "pass"}}
        folder = common.TOP.parent / "shared/field/account"
        if not folder.is_dir():
            self.skipTest("no field inputs here")
        for name, results in right.items():
            with tempfile.TemporaryDirectory() as copied:
                shutil.copytree(folder / name, copied, dirs_exist_ok=True)
                for status in pathlib.Path(copied).rglob("get-trail-status*"):  # they are about selectors: none says when it delivered
                    status.write_text(json.dumps({**json.loads(status.read_text()), "LatestDeliveryTime": "2026-11-27T10:00:00Z", "LatestDigestDeliveryTime": "2026-11-27T10:00:00Z"}))
                done = common.sgproof("account", copied, "--format", "json", "--pack", "sec-002", "--date", "2026-11-27")
            found = {c["id"].split("/")[1]: c["result"] for c in json.loads(done.stdout)["packs"][0]["controls"]}
            self.assertEqual({control: found[control] for control in results}, results, name)

    def test_version_1_tokens_fail_only_where_a_region_that_was_opted_into_is_used(self):
        documents = guarded()
        documents["get-account-summary"]["SummaryMap"]["GlobalEndpointTokenVersion"] = 1
        self.assertEqual(self.judge(documents)["sts-tokens"]["result"], "not-evaluated")  # describe-regions is not there
        with tempfile.TemporaryDirectory() as folder:
            estates.write(plain(), folder)
            write_account(folder, documents)
            (pathlib.Path(folder) / ACCOUNT / "eu-south-1").mkdir()
            (pathlib.Path(folder) / ACCOUNT / "eu-south-1/describe-trails.json").write_text('{"trailList": []}')
            done = common.sgproof("account", folder, "--format", "json")
        self.assertIn("not valid in eu-south-1", done.stdout)
        self.assertIn("set-security-token-service-preferences --global-endpoint-token-version v2Token", done.stdout)

    def test_an_account_without_a_password_policy_has_the_default_one(self):
        documents = guarded()
        del documents["get-account-password-policy"]
        with tempfile.TemporaryDirectory() as folder:
            estates.write(plain(), folder)
            write_account(folder, documents)
            (pathlib.Path(folder) / "snapshot.json").write_text(json.dumps({"schema": "sgproof/snapshot/v1", "unread": [], "unavailable": [
                {"account_id": ACCOUNT, "region": "x", "service": "iam", "operation": "GetAccountPasswordPolicy", "code": "NoSuchEntity"}]}))
            done = common.sgproof("account", folder, "--pack", "sec-002")
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_users_told_by_their_names_alone_are_no_other_services(self):
        for record, ours in (({"UserName": "eve"}, True), ({"UserName": "eve", "UserId": "AIDA"}, True), ({"UserName": "eve", "IdentityStoreId": "d-1"}, False),
                             ({"UserName": "eve", "Status": "active"}, False)):
            with self.subTest(record=record), tempfile.TemporaryDirectory() as folder:
                write_account(folder, {**guarded(), "list-users": {"Users": [record]}})
                told = json.loads(common.sgproof("account", folder, "--format", "json").stdout)
                self.assertEqual(["Users[0].Arn" in str(told[key]) for key in ("unread", "ignored")], [ours, False])
                self.assertEqual("another service's" in str(told["ignored"]), not ours)

    def test_what_aws_would_not_have_written_lets_nothing_pass(self):
        """Policies, credentials and lists of users that somebody changed, or that a newer AWS writes."""
        ann = lambda d: d[DETAILS]["UserDetailList"][0]
        inline = lambda document: lambda d: ann(d).update(UserPolicyList=[{"PolicyName": "p", "PolicyDocument": document}])
        denied = lambda **more: {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*", **more}, allow("*")["Statement"][0]]}
        report = lambda **more: lambda d: d["get-credential-report"]["Content"].__setitem__(1, row("ann", **more))
        of_aws = lambda name, document: lambda d: (d[DETAILS]["Policies"].append({**managed(name, document), "Arn": "arn:aws:iam::aws:policy/" + name}),
                                                   ann(d).update(AttachedManagedPolicies=[{"PolicyArn": "arn:aws:iam::aws:policy/" + name}]))
        once = "bool", {"aws:MultiFactorAuthPresent": "false"}
        policies = [(inline(denied(**{key: dict([once])})), key + ": unknown key") for key in ("condition", "CONDITION", "Conditions", "Condition ")]
        policies += [(inline(denied(Condition=None)), "has null for a Condition"), (inline(denied(NotAction="iam:*")), "has Action and NotAction"),
                     (inline(denied(NotResource="*")), "has Resource and NotResource"), (inline(denied(Principal={"AWS": ARN + "user/x"})), "names a principal"),
                     (inline(allow("ec2:Describe*", NotAction="ec2:x")), "has Action and NotAction"), (inline(allow("ec2:Describe*", notAction="ec2:x")), "notAction: unknown key"),
                     (inline({**allow("ec2:Describe*"), "Version": "2030-01-01"}), "is of Version 2030-01-01"),
                     (inline({**allow("ec2:Describe*"), "statement": []}), "statement: unknown key"),
                     *((of_aws(name, allow("ec2:Describe*")), "is AWS's own %s" % name) for name in ("AdministratorAccess", "IAMFullAccess", "PowerUserAccess"))]
        users = {"Users": [{"UserName": name, "UserId": name, "Arn": ARN + "user/" + name} for name in ("ann", "bob", "eve")]}
        later, before = "2026-07-09T00:00:00+00:00", "2026-05-01T00:00:00+00:00"
        cases = [("least-privilege", change, says) for change, says in policies]
        cases += [("least-privilege", lambda d: d.update({"list-users": users}), "user/eve, whom list-users names"),
                  ("user-mfa", lambda d: d.update({"list-users": users}), "user/eve, whom list-users names"),
                  ("user-mfa", report(password_last_used=later), "password_last_used is 2026-07-09T00:00:00+00:00, and the report was made"),
                  ("user-mfa", report(access_key_1_last_rotated=later), "access_key_1_last_rotated is"), ("user-mfa", report(user_creation_time=later), "user_creation_time is"),
                  ("user-mfa", report(user_creation_time="2026-06-01T00:00:00+00:00", access_key_2_last_used_date=before), "access_key_2_last_used_date is 2026-05-01T00:00:00+00:00, and the user was created"),
                  ("user-mfa", lambda d: d["get-credential-report"].update(GeneratedTime="2099-02-02T20:02:02+00:00"), "it was made on 2099-02-02, later"),
                  ("root-not-used", lambda d: d["get-credential-report"]["Content"].__setitem__(0, row("<root_account>", password_last_used=later)), "password_last_used is")]
        for control, change, says in cases:
            with self.subTest(control=control, says=says):
                documents = guarded()
                change(documents)
                found = self.judge(documents)[control]
                self.assertIn(found["result"], ("not-evaluated", "fail") if control == "root-not-used" else ("not-evaluated",))
                self.assertIn(says, " ".join(found["missing"]))
        for odd in ("whenever", "2026-13-45T00:00:00+00:00", ""):
            documents = guarded()
            report(password_last_used=odd)(documents)
            with tempfile.TemporaryDirectory() as folder:
                estates.write(plain(), folder)
                write_account(folder, documents, today="2026-06-30")
                done = common.sgproof("account", folder, "--pack", "sec-002", "--date", "2026-06-30")
            self.assertEqual(done.returncode, 3)
            self.assertIn("password_last_used of ann is %s, expected a moment" % (odd or "empty"), " ".join(done.stdout.split()))

    def results(self, documents, *names):
        found = self.judge(documents)
        return tuple(found[name]["result"] for name in names)

    def test_of_two_documents_that_contradict_each_other_neither_is_believed(self):
        summary = lambda **more: {"SummaryMap": {**guarded()["get-account-summary"]["SummaryMap"], **more}}
        cases = [({"AccountMFAEnabled": 0}, "root-mfa"), ({"AccountAccessKeysPresent": 1}, "root-access-keys"), ({"GlobalEndpointTokenVersion": 1}, "sts-tokens"),
                 ({"Users": 9}, "least-privilege"), ({"AccountSigningCertificatesPresent": 1}, "root-access-keys")]
        for more, control in cases:
            for first, second in ((more, {}), ({}, more)):
                documents = {**guarded(), "get-account-summary": summary(**{"AccountSigningCertificatesPresent": 0, **first}),
                             "get-account-summary.2": summary(**{"AccountSigningCertificatesPresent": 0, **second})}
                with self.subTest(control=control, first=first):
                    found = self.judge(documents)[control]
                    self.assertEqual(found["result"], "not-evaluated", found)
                    self.assertIn("another document says", " ".join(found["missing"]))
        # Whether root has a password decides whether that MFA is off is a fault.
        none = {"AccountMFAEnabled": 0, "AccountAccessKeysPresent": 0}
        documents = {**guarded(), "get-account-summary": summary(**none, AccountPasswordPresent=1), "get-account-summary.2": summary(**none, AccountPasswordPresent=0)}
        self.assertEqual(self.results(documents, "root-mfa"), ("not-evaluated",))
        documents = {**guarded(), "get-account-summary.2": guarded()["get-account-summary"], "get-account-password-policy.2": guarded()["get-account-password-policy"]}
        self.assertEqual(self.results(documents, "root-mfa", "password-policy"), ("pass", "pass"))  # they say the same
        documents["get-account-password-policy.2"] = {"PasswordPolicy": {**guarded()["get-account-password-policy"]["PasswordPolicy"], "MinimumPasswordLength": 6}}
        self.assertEqual(self.results(documents, "password-policy"), ("not-evaluated",))
        report = guarded()["get-credential-report"]
        for other in ({"Content": [row("<root_account>", password_last_used="2026-06-20T00:00:00+00:00"), *report["Content"][1:]]},
                      {**report, "GeneratedTime": "2026-06-29T00:00:00+00:00"}):
            documents = {**guarded(), "get-credential-report.2": other}
            self.assertEqual(self.judge(documents)["user-mfa"]["result"], "not-evaluated")
        documents = {**guarded(), "get-trail-status.all.2": {"IsLogging": True, "LatestDeliveryTime": "2025-01-01T00:00:00Z"}}
        self.assertEqual(self.results(documents, "cloudtrail"), ("not-evaluated",))

    def test_what_a_list_does_not_hold_is_not_taken_for_none(self):
        details = lambda change: lambda d: change(d[DETAILS])
        cases = {
            "groups that only the summary counts": (lambda d: d["get-account-summary"]["SummaryMap"].update(Groups=2), {"dedicated-users", "least-privilege"}),
            "no list of groups": (details(lambda d: (d.pop("GroupDetailList"), [u.update(GroupList=[]) for u in d["UserDetailList"]])), {"least-privilege"}),
            "no list of roles": (details(lambda d: d.pop("RoleDetailList")), {"dedicated-users", "least-privilege"}),
            "a user that only the report names": (lambda d: (d["get-account-summary"]["SummaryMap"].pop("Users"), d["get-credential-report"]["Content"].append(row("eve"))),
                                                  {"dedicated-users", "least-privilege"}),
            **{"attached policies of " + kind: (details(lambda d, kind=kind: d[kind][0].pop("AttachedManagedPolicies")), {"least-privilege"})
               for kind in ("UserDetailList", "GroupDetailList", "RoleDetailList")}}
        for name, (change, controls) in cases.items():
            with self.subTest(name=name):
                documents = guarded()
                change(documents)
                found = self.judge(documents)
                self.assertEqual({found[control]["result"] for control in controls}, {"not-evaluated"},
                                 {control: found[control]["decided"] for control in controls})
        hardware = ("--pack", "cis-aws-5.0")
        for more in ({}, {"IsTruncated": True, "Marker": "m"}, {"NextToken": "n"}):
            documents = {**guarded(), "list-virtual-mfa-devices": {"VirtualMFADevices": [], **more}}
            self.assertEqual(self.judge(documents, words=hardware)["1.5"]["result"], "not-evaluated" if more else "pass")

    def test_what_was_told_long_ago_is_not_so_now(self):
        delivered = lambda when: {**guarded(), "get-trail-status.all": {"IsLogging": True, "LatestDigestDeliveryTime": TODAY, **({} if when is None else {"LatestDeliveryTime": when})}}
        for when, result in (("2026-06-29T01:00:00Z", "pass"), (1782777600, "pass"), ("2026-06-28T23:00:00Z", "not-evaluated"), (1735689600.5, "not-evaluated"),
                             (None, "not-evaluated"), ("2026-07-01T10:00:00+02:00", "pass"), ("2026-07-02T00:00:00Z", "not-evaluated"), ("", "not-evaluated"),
                             ("soon", "not-evaluated"), ("2026-06-31", "not-evaluated")):
            self.assertEqual(self.results(delivered(when), "cloudtrail"), (result,), when)
            documents = guarded()
            documents["get-trail-status.all"].update(LatestDigestDeliveryTime=when)
            if when is None:
                del documents["get-trail-status.all"]["LatestDigestDeliveryTime"]
            self.assertEqual(self.results(documents, "cloudtrail"), (result,), ("digest", when))
            documents["describe-trails"]["trailList"][0]["LogFileValidationEnabled"] = False  # CIS asks 3.1 of it all the same, without digests
            if result == "pass" or when is None:
                self.assertEqual(self.judge(documents, words=("--pack", "cis-aws-5.0"))["3.1"]["result"], "pass", ("digest", when))
        for made, result in (("2026-05-31T00:00:00Z", "pass"), ("2026-05-30T00:00:00Z", "not-evaluated")):
            documents = guarded()
            documents["get-credential-report"]["GeneratedTime"] = made
            self.assertEqual(set(self.results(documents, "root-not-used", "user-mfa", "temporary-credentials")), {result})

    def test_root_that_was_used_before_it_lost_its_credentials_was_used(self):
        documents = guarded()
        documents["get-account-summary"]["SummaryMap"].update(AccountMFAEnabled=0, AccountPasswordPresent=0, AccountAccessKeysPresent=0)
        documents["get-credential-report"]["Content"][0] = row("<root_account>", password_enabled="not_supported", mfa_active="false", password_last_used="2026-06-23T00:00:00+00:00")
        self.assertEqual(self.results(documents, "root-mfa", "root-not-used"), ("not-applicable", "fail"))

    def test_what_a_groups_deny_takes_away_is_not_on_the_user(self):
        documents = guarded()
        documents[DETAILS]["UserDetailList"][0]["UserPolicyList"] = [{"PolicyName": "p", "PolicyDocument": allow("*")}]
        documents[DETAILS]["GroupDetailList"][0]["GroupPolicyList"] = [{"PolicyName": "no", "PolicyDocument": {"Version": "2012-10-17", "Statement": [
            {"Effect": "Deny", "Action": "*", "Resource": "*"}]}}]
        self.assertEqual(self.results(documents, "least-privilege"), ("pass",))

    def test_what_contradicts_itself_or_says_something_unknown_passes_nothing(self):
        def change(control, edit, says):
            documents = guarded()
            edit(documents)
            told = self.judge(documents)[control]
            self.assertEqual(told["result"], "not-evaluated", told)
            self.assertIn(says, " ".join(told["missing"]))

        both = {"AdvancedEventSelectors": [{"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Data"]}]}]}
        change("cloudtrail", lambda d: d["get-event-selectors.all"].update(both), "basic and advanced selectors, and a trail takes either")
        change("cloudtrail", lambda d: d["get-trail-status.all"].update(LatestDigestDeliveryTime="2026-06-01T00:00:00+00:00"), "a recent digest of trail all")
        change("root-not-used", lambda d: d["get-credential-report"]["Content"].__setitem__(0, row("<root_account>", password_last_used="yesterday")),
               "the columns of last use in get-credential-report")
        for made in ("2026-07-03T00:00:00+00:00", "2027-06-30T00:00:00+00:00"):
            for control in ("root-not-used", "user-mfa", "temporary-credentials"):
                change(control, lambda d, made=made: d["get-credential-report"].update(GeneratedTime=made), "of 2026-06-30 or before: it was made on " + made[:10])
        for length in ("14", None):
            change("password-policy", lambda d, length=length: d["get-account-password-policy"]["PasswordPolicy"].update(MinimumPasswordLength=length), "MinimumPasswordLength")
        change("password-policy", lambda d: d["get-account-password-policy"]["PasswordPolicy"].pop("MinimumPasswordLength"), "has no MinimumPasswordLength")

    def test_a_signing_certificate_is_a_long_lived_credential(self):
        COLUMNS.extend(["cert_1_active", "cert_2_active"])
        try:
            documents = guarded()
            documents["get-credential-report"]["Content"] = [row("<root_account>"), row("ann", cert_2_active="true"), row("bob", cert_1_active="false")]
            told = self.judge(documents)["temporary-credentials"]
        finally:
            del COLUMNS[-2:]
        self.assertEqual([(e["subject"], e["result"]) for e in told["evidence"] if e["result"] == "fail"], [(ARN + "user/ann", "fail")])
        self.assertIn("X.509 signing certificate", told["decided"])

    def test_regions_that_were_opted_into_count_though_nothing_of_them_was_read(self):
        documents = guarded()
        by_default = ("ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-southeast-1 ap-southeast-2 ca-central-1 eu-central-1 eu-north-1 eu-west-1 "
                      "eu-west-2 eu-west-3 sa-east-1 us-east-1 us-east-2 us-west-1 us-west-2").split()
        documents["get-account-summary"]["SummaryMap"]["GlobalEndpointTokenVersion"] = 1
        self.assertIn("describe-regions", self.judge(documents)["sts-tokens"]["missing"][0])
        told = [{"RegionName": name, "OptInStatus": "opt-in-not-required"} for name in by_default]
        documents["describe-regions"] = {"Regions": [*told, {"RegionName": "me-south-1", "OptInStatus": "opted-in"}]}
        self.assertIn("not valid in me-south-1", self.judge(documents)["sts-tokens"]["decided"])
        documents["describe-regions"]["Regions"][-1]["OptInStatus"] = "not-opted-in"
        self.assertEqual(self.results(documents, "sts-tokens"), ("pass",))
        # A list that leaves one out was filtered; one without states says nothing.
        documents["describe-regions"] = {"Regions": told[:-1]}
        self.assertIn("does not tell of us-west-2", self.judge(documents)["sts-tokens"]["missing"][0])
        documents["describe-regions"] = {"Regions": [{"RegionName": name} for name in by_default]}
        self.assertEqual(self.results(documents, "sts-tokens"), ("not-evaluated",))
        documents["get-account-summary"]["SummaryMap"]["GlobalEndpointTokenVersion"] = 3
        self.assertIn("1 and 2 are known", self.judge(documents)["sts-tokens"]["missing"][0])

    def test_what_asks_nothing_here_is_refused(self):
        pack = {"schema": "sgproof/pack/v1", "id": "mixed", "title": "Mixed", "source": "us", "controls": [
            {"id": "mixed/both", "title": "Both", "text": "t", "source": "us", "severity": "low",
             "facts": [{"fact": "no-direct-administrators"}, {"fact": "groups-define-inbound"}]}]}
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "pack.json"
            path.write_text(json.dumps(pack))
            self.assertEqual(self.judge(words=("--pack", path), status=3)["both"]["result"], "not-evaluated")
            write_account(folder, guarded())
            for words, says in ((("--pack", "fsbp-exposure"), "none of its controls is of the account"), (("--fail-on", "hgih"), "no control judged here"),
                                (("--fail-on", "control:sec-002/least-privilige"), "sec-002/least-privilege"), (("--fail-on", "least-privilege"), "did you mean sec-002/least-privilege"),
                                (("--fail-on", "sec-002/groups-*"), "no control judged here")):
                done = common.sgproof("account", folder, *words)
                self.assertEqual((done.returncode, says in done.stderr), (2, True), done.stderr)
            intent = pathlib.Path(folder) / "intent"
            exception = {"id": "x", "control": "*", "owner": "ops", "reason": "why", "expires": "2030-01-01"}
            for key in ("owner", "reason"):
                intent.write_text(json.dumps({"schema": "sgproof/intent/v1", "platform": "p", "default": "deny", "rules": [], "exceptions": [{**exception, key: " "}]}))
                done = common.sgproof("account", folder, "--intent", intent)
                self.assertEqual((done.returncode, key + ": is empty" in done.stderr), (2, True), done.stderr)
        done = common.sgproof("reconcile", "a", "b", "--fail-on", "control:nope")
        self.assertEqual((done.returncode, "no controls are judged here" in done.stderr), (2, True), done.stderr)

    def test_own_packs_and_their_mistakes(self):
        pack = {"schema": "sgproof/pack/v1", "id": "mine", "title": "Mine", "source": "us", "controls": [
            {"id": "mine/length", "title": "Long", "text": "t", "source": "us", "severity": "low",
             "facts": [{"fact": "password-policy", "minimum_length": 20}]}]}
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "pack.json"
            path.write_text(json.dumps(pack))
            self.assertEqual(self.judge(words=("--pack", path), status=1)["length"]["result"], "fail")
            self.assertEqual(self.judge(words=("--pack", path, "--fail-on", "none"), status=0)["length"]["result"], "fail")
            self.assertEqual(self.judge(words=("--pack", path, "--fail-on", "control:mine/l*"), status=1)["length"]["result"], "fail")
            for says, change in (("controls[0].facts[0].fact: \"x\" is no fact", lambda p: p["controls"][0]["facts"][0].update(fact="x")),
                                 ("controls[0].facts[0].size: password-policy has no such parameter",
                                  lambda p: p["controls"][0]["facts"][0].update(size=1)),
                                 ("controls[0].facts: is empty", lambda p: p["controls"][0].update(facts=[])),
                                 ("unknown key", lambda p: p.update(more=1)),
                                 ("severity", lambda p: p["controls"][0].update(severity="bad")),
                                 ("ports: \"many\" is no list of ports", lambda p: p["controls"][0].update(
                                     facts=[{"fact": "groups-closed-to-anywhere", "ports": "many"}])),
                                 ("expected small letters", lambda p: p.update(id="../x"))):
                wrong = copy.deepcopy(pack)
                change(wrong)
                path.write_text(json.dumps(wrong))
                done = common.sgproof("account", common.SAMPLE, "--pack", path)
                self.assertEqual(done.returncode, 2, says)
                self.assertIn(says, done.stderr)

    def test_text_fits_a_terminal(self):
        with tempfile.TemporaryDirectory() as folder:
            estates.write(plain(), folder)
            documents = guarded()
            documents["get-account-authorization-details"]["UserDetailList"][0].update(
                GroupList=[], UserName="x\x1b[31m", UserPolicyList=[{"PolicyName": "p", "PolicyDocument": allow("*")}])
            write_account(folder, documents)
            done = common.sgproof("account", folder)
        self.assertTrue(all(len(line) <= 80 for line in done.stdout.splitlines()), done.stdout)
        self.assertNotIn("\x1b", done.stdout)
        self.assertIn("FAIL", done.stdout)


# `cis-aws-network` is what cis-aws-3.0 was called.
PACKS = [word for name in ("sec-002", "cis-aws-network", "fsbp-exposure", "security-hub-exposure", "pci-dss-exposure")
         for word in ("--pack", name)]


class Network(Bundles):
    """Controls of the network, in evidence: probes go to 127.0.0.1 only."""

    def controls(self, estate):
        with tempfile.TemporaryDirectory() as folder:
            snapshot, out = pathlib.Path(folder) / "s", pathlib.Path(folder) / "out"
            snapshot.mkdir()
            estates.write(estate, snapshot)
            done = common.sgproof("run", "--no-history", "--snapshot", snapshot, "--intent", self.intent, "--out", out, "--vantage", "203.0.113.7",
                                  "--depth", "declared", "--method", "connect", *PACKS, *common.ONLY)
            self.assertIn(done.returncode, (0, 1, 3, 4), done.stderr)
            document = json.loads((out / "controls.json").read_text())
        return {c["id"]: c for p in document["packs"] for c in p["controls"]}, document["platform"]

    def estate(self):
        """Closed but for one port, which listens."""
        from test_evidence import loopback_estate
        estate = loopback_estate(self.port)
        group = estate["SecurityGroups"][0]
        group["IpPermissionsEgress"] = [permission("tcp", (443, 443), ["10.0.0.0/8"])]
        estate["SecurityGroups"].append({"GroupId": "sg-default", "GroupName": "default", "VpcId": "vpc-1", "IpPermissions": [],
                                         "IpPermissionsEgress": []})
        estate["Reservations"][0]["Instances"][0]["MetadataOptions"] = {"HttpTokens": "required"}
        estate["DBInstances"] = [{"DBInstanceIdentifier": "db", "PubliclyAccessible": False, "DBSubnetGroup": {"Subnets": []}}]
        estate["LaunchTemplateVersions"] = [{"LaunchTemplateId": "lt-1", "DefaultVersion": True, "LaunchTemplateData": {}}]
        estate["LoadBalancers"] = []
        estate["VpcBlockPublicAccessOptions"] = {"InternetGatewayBlockMode": "off", "State": "default-state"}
        for acl in estate["NetworkAcls"]:
            acl.update(IsDefault=False, Associations=[{"SubnetId": s["SubnetId"], "NetworkAclId": acl["NetworkAclId"]} for s in estate["Subnets"]])
            acl["Entries"] += [{**entry(60 + n, False, "deny", "17", **more), "PortRange": {"From": low, "To": high}}
                               for n, (low, high, more) in enumerate(((22, 22, {}), (3389, 3389, {}), (22, 3389, {"cidr": "::/0"})))]
            acl["Entries"].insert(0, {**entry(50, False, "deny", "6"), "PortRange": {"From": 22, "To": 22}})
            acl["Entries"].insert(0, {**entry(51, False, "deny", "6"), "PortRange": {"From": 3389, "To": 3389}})
            acl["Entries"].insert(0, {**entry(52, False, "deny", "6", cidr="::/0"), "PortRange": {"From": 22, "To": 3389}})
        return estate

    def test_a_closed_estate_and_each_fault(self):
        clean, _ = self.controls(self.estate())
        # Documents of other services, and of the account, are not in this estate (test_packs.py, class Account).
        results = {name: c["result"] for name, c in clean.items() if c["result"] not in ("pass", "not-evaluated")}
        port = "fsbp-exposure/EC2.18"  # the test's own port is open to anywhere
        self.assertEqual(results, {port: "fail", "fsbp-exposure/EC2.9": "fail", "fsbp-exposure/EC2.172": "fail",
                                   "cis-aws-3.0/1.18": "fail",
                                   **dict.fromkeys(("fsbp-exposure/ELB.1", "fsbp-exposure/ELB.18", "fsbp-exposure/EMR.1"),
                                                   "not-applicable")})
        group = lambda e: e["SecurityGroups"][0]["IpPermissions"]
        faults = {
            "EC2.13 EC2.19 EC2.53 5.2": lambda e: group(e).append(permission("tcp", (20, 22), ["0.0.0.0/0"])),
            "EC2.13 EC2.19 EC2.53 5.2 ": lambda e: group(e).append(permission("tcp", (22, 22), ["0.0.0.0/1", "128.0.0.0/1"])),
            "EC2.14 EC2.19 EC2.54 5.3 !EC2.14": lambda e: group(e).append(permission("tcp", (3389, 3389), [], ["::/0"])),
            "EC2.14 EC2.19 EC2.53 5.2": lambda e: group(e).append(permission("udp", (3389, 3389), ["0.0.0.0/0"])),
            "EC2.13 EC2.19 EC2.54 5.3": lambda e: group(e).append(permission("tcp", (22, 22), [], ["2000::/3"])),
            # All but one block of it.
            "EC2.13 EC2.19 EC2.53 5.2  ": lambda e: group(e).append(permission("tcp", (22, 22), [
                "128.0.0.0/1", "64.0.0.0/2", "32.0.0.0/3", "16.0.0.0/4", "0.0.0.0/5", "12.0.0.0/6", "10.0.0.0/7", "9.0.0.0/8"])),
            "5.1": lambda e: e["NetworkAcls"][0]["Entries"].remove(next(x for x in e["NetworkAcls"][0]["Entries"] if x["RuleNumber"] == 61)),
            "": lambda e: group(e).append(permission("tcp", (22, 22), ["0.0.0.0/1"])),
            " ": lambda e: group(e).append(permission("tcp", (22, 22), ["10.0.0.0/8"])),
            "EC2.2 5.4": lambda e: e["SecurityGroups"][1]["IpPermissionsEgress"].append(permission("tcp", (1, 1), ["10.0.0.0/8"])),
            "EC2.8 5.6": lambda e: e["Reservations"][0]["Instances"][0]["MetadataOptions"].update(HttpTokens="optional"),
            "EC2.15": lambda e: e["Subnets"][0].update(MapPublicIpOnLaunch=True),
            "EC2.21 5.1": lambda e: e["NetworkAcls"][0]["Entries"].pop(1),
            "EC2.25": lambda e: e["LaunchTemplateVersions"][0].update(LaunchTemplateData={
                "NetworkInterfaces": [{"AssociatePublicIpAddress": True}]}),
            "RDS.2 2.3.3 1.4.4": lambda e: e["DBInstances"][0].update(PubliclyAccessible=True),
            "RDS.46 1.4.4": lambda e: e["DBInstances"][0]["DBSubnetGroup"]["Subnets"].append({"SubnetIdentifier": "subnet-1"}),
            "groups-outbound landing-zone-outbound 1.3.2": lambda e: e["SecurityGroups"][0]["IpPermissionsEgress"].append(permission("-1", None, ["0.0.0.0/0"])),
        }
        for names, fault in faults.items():
            with self.subTest(names=names):
                estate = self.estate()
                fault(estate)
                found, _ = self.controls(estate)
                new = {name.split("/")[1] for name, c in found.items() if c["result"] == "fail" and clean[name]["result"] != "fail"}
                self.assertEqual(new, {n for n in names.split() if not n.startswith("!")})

    def test_where_nothing_is_public_no_scan_is_called_one(self):
        estate = self.estate()
        self.assertEqual(self.controls(estate)[0]["pci-dss-exposure/11.3.2"]["result"], "pass")
        for address in (a for interface in estate["NetworkInterfaces"] for a in interface["PrivateIpAddresses"]):
            address.pop("Association", None)
        scan = self.controls(estate)[0]["pci-dss-exposure/11.3.2"]
        self.assertEqual(scan["result"], "not-applicable", scan)

    def test_everything_from_everywhere(self):
        estate = self.estate()
        estate["SecurityGroups"][0]["IpPermissions"].append(permission("-1", None, ["0.0.0.0/0"]))
        estate["Reservations"][0]["Instances"][0]["State"]["Name"] = "stopped"  # so that not every port is asked
        found, _ = self.controls(estate)
        for name in ("sec-002/groups-inbound", "pci-dss-exposure/1.4.1", "fsbp-exposure/EC2.19", "cis-aws-3.0/5.2"):
            self.assertEqual(found[name]["result"], "fail", name)

    def test_the_platform_table_says_what_each_group_allows_and_what_was_seen(self):
        _, table = self.controls(self.estate())
        mine = [line for line in table if line["group_id"] == "sg-1"]
        self.assertEqual([(l["direction"], l["decision"], l["protocol"], l["ports"], l["peer"]) for l in mine], [
            ("inbound", "allow", "tcp", "%d-%d" % (self.port, self.port + 1), "0.0.0.0/0"),
            ("inbound", "allow", "icmp", "type 8", "0.0.0.0/0"), ("inbound", "deny", "all", "all", "anywhere else"),
            ("outbound", "allow", "tcp", "443", "10.0.0.0/8"), ("outbound", "deny", "all", "all", "anywhere else")])
        web = mine[0]
        self.assertEqual((web["addresses"], web["declared_reachable"], web["observed"]["open"], web["observed"]["closed"]), (1, 1, 1, 1))
        self.assertEqual(mine[1]["observed"]["open"], 1)
        self.assertEqual([l["group_id"] for l in table if l["group_name"] == "default"], ["sg-default"] * 2)

    def test_without_intent_what_needs_it_is_not_evaluated(self):
        bundle = self.path / "nointent"
        common.sgproof("run", "--snapshot", self.snapshot, "--out", bundle, "--vantage", "203.0.113.7", "--depth", "declared",
                       "--method", "connect", "--pack", "pci-dss-exposure", *common.ONLY)
        controls = {c["id"]: c for p in json.loads((bundle / "controls.json").read_text())["packs"] for c in p["controls"]}
        self.assertEqual(controls["pci-dss-exposure/1.2.5"]["result"], "not-evaluated")
        self.assertIn("intent", controls["pci-dss-exposure/1.2.5"]["missing"][0])


if __name__ == "__main__":
    unittest.main()
