"""Which accounts are read, of an organization, its units or a list, and by which role: against a scripted server. Loopback only."""
import json
import os
import sys
import unittest

sys.path[:0] = [os.path.dirname(__file__), os.path.join(os.path.dirname(__file__), "..")]
import common
from test_read import KEYS, Script, keys_of_role, sgproof

OWN, A, B, C, GONE = "111122223333", "222233334444", "333344445555", "444455556666", "555566667777"
# Unit: the accounts right in it, and the units right below it.
TREE = {"r-ab12": ([OWN], ["ou-ab12-aaaaaaaa", "ou-ab12-bbbbbbbb"]), "ou-ab12-aaaaaaaa": ([A], ["ou-ab12-cccccccc"]),
        "ou-ab12-bbbbbbbb": ([B, GONE], []), "ou-ab12-cccccccc": ([C], [])}


class Organization(Script):
    def setUp(self):
        super().setUp()
        listed = lambda ids: {"Accounts": [{"Id": i, "Status": "SUSPENDED" if i == GONE else "ACTIVE"} for i in ids]}
        answer = lambda value: (200, {}, json.dumps(value))
        unknown = (400, {}, json.dumps({"__type": "ParentNotFoundException", "Message": "no such parent"}))
        self.script["ListAccounts"] = [answer(listed([OWN, A, B, C, GONE]))]
        self.script["ListAccountsForParent"] = lambda form: answer(listed(TREE[form["ParentId"]][0])) if form["ParentId"] in TREE else unknown
        self.script["ListOrganizationalUnitsForParent"] = lambda form: answer({"OrganizationalUnits": [{"Id": i} for i in TREE[form["ParentId"]][1]]})
        self.script["AssumeRole"] = lambda form: keys_of_role(form, "ASIAX")
        self.folders = 0

    def entered(self, *words, status=0):
        """The accounts that were read, and the requests for roles."""
        self.seen.clear()
        self.folders += 1
        done = self.read("--network-only", *words, folder="estate%d" % self.folders)
        self.assertEqual(done.returncode, status, done.stderr)
        folder = self.path / ("estate%d" % self.folders)
        read = sorted(p.name for p in folder.iterdir() if p.is_dir()) if status != 2 else []
        return read, [form for action, form, _ in self.seen if action == "AssumeRole"]

    def test_a_unit_is_read_with_those_below_it_and_nothing_else(self):
        self.assertEqual(self.entered("--org-unit", "ou-ab12-aaaaaaaa", "--role-name", "r")[0], [A, C])
        self.assertEqual(self.entered("--org-unit", "ou-ab12-cccccccc", "--org-unit", "ou-ab12-bbbbbbbb", "--role-name", "r")[0], [B, C])
        self.assertEqual(self.entered("--org-unit", "r-ab12", "--role-name", "r")[0], [OWN, A, B, C])
        self.assertEqual(self.tries("ListAccounts"), 0)

    def test_units_that_go_round_in_a_circle_are_asked_once(self):
        self.script["ListOrganizationalUnitsForParent"] = [(200, {}, json.dumps({"OrganizationalUnits": [{"Id": "ou-ab12-aaaaaaaa"}]}))]
        self.assertEqual(self.entered("--org-unit", "ou-ab12-aaaaaaaa", "--role-name", "r")[0], [A])

    def test_what_is_left_out_is_not_entered_and_told_in_the_record(self):
        self.assertEqual(self.entered("--org", "--org-exclude", A, "--role-name", "r")[0], [OWN, B, C])
        self.assertEqual(self.record("estate1")["excluded_accounts"], [A, GONE])
        self.assertIn("accounts that were left out when the others were read (snapshot.json): %s, %s" % (A, GONE), common.compute(self.path / "estate1")["not_covered"])
        self.assertEqual(self.entered("--org", "--org-exclude", "ou-ab12-aaaaaaaa", "--org-exclude", OWN, "--role-name", "r")[0], [B])
        self.assertEqual(self.record("estate2")["excluded_accounts"], [OWN, A, C, GONE])
        done = self.read("--org-unit", "ou-ab12-bbbbbbbb", "--org-exclude", C, "--role-name", "r", "--network-only")
        self.assertIn("account %s, which is to be left out, is none of those that are read" % C, done.stderr)
        self.assertEqual(self.record()["excluded_accounts"], [GONE])
        self.assertEqual(self.entered("--org-unit", "ou-ab12-bbbbbbbb", "--org-exclude", B, "--role-name", "r", status=2)[0], [])

    def test_what_is_told_of_twice_once_as_closed_is_read_and_not_left_out(self):
        for states in (("ACTIVE", "SUSPENDED"), ("SUSPENDED", "ACTIVE")):
            self.script["ListAccounts"] = [(200, {}, json.dumps({"Accounts": [{"Id": OWN, "State": "ACTIVE"}, *({"Id": A, "State": state} for state in states)]}))]
            self.assertEqual(self.entered("--org", "--role-name", "r")[0], [OWN, A])
            self.assertEqual(self.record("estate%d" % self.folders)["excluded_accounts"], [])

    def test_a_unit_that_cannot_be_asked_for_ends_the_reading_before_it_begins(self):
        for words in (["--org-unit", "ou-ab12-dddddddd"], ["--org", "--org-exclude", "ou-ab12-dddddddd"]):
            self.assertEqual(self.entered(*words, "--role-name", "r", status=2), ([], []))
        done = self.read("--org-unit", "ou-ab12-dddddddd", "--role-name", "r")
        self.assertIn("ListAccountsForParent: ParentNotFoundException: no such parent", done.stderr)
        self.script["ListOrganizationalUnitsForParent"] = [(200, {}, "{}")]
        self.assertEqual(self.entered("--org-unit", "ou-ab12-aaaaaaaa", "--role-name", "r", status=2)[0], [])

    def test_the_role_is_named_by_its_name_its_path_or_a_pattern(self):
        for words, arn in ((["--role-name", "audit/sgproof"], "arn:aws:iam::%s:role/audit/sgproof" % B),
                           (["--role-name", "/audit/sgproof"], "arn:aws:iam::%s:role/audit/sgproof" % B), (["--role-name", "/r"], "arn:aws:iam::%s:role/r" % B),
                           (["--role-arn", "arn:{partition}:iam::{account}:role/x-{account}"], "arn:aws:iam::%s:role/x-%s" % (B, B)),
                           (["--role-arn", "arn:aws-cn:iam::{account}:role/x"], "arn:aws-cn:iam::%s:role/x" % B)):
            read, roles = self.entered("--org-unit", "ou-ab12-bbbbbbbb", *words)
            self.assertEqual((read, [role["RoleArn"] for role in roles]), ([B], [arn]))

    def test_one_role_is_assumed_whosever_account_it_is_of(self):
        for account in (B, OWN):
            read, [role] = self.entered("--role-arn", "arn:aws:iam::%s:role/audit" % account)
            self.assertEqual((read, role["RoleArn"]), ([account], "arn:aws:iam::%s:role/audit" % account))
            self.assertEqual({headers["Authorization"].split("=")[1].split("/")[0] for action, _, headers in self.seen if action == "DescribeVpcs"}, {"ASIAX"})

    def test_who_reads_by_one_role_is_that_role(self):
        identity = lambda who, account: (200, {}, self.IDENTITY.replace("arn:aws:iam::111122223333:user/x", who).replace(OWN, account))
        words = ["--whoami", "--role-arn", "arn:aws:iam::%s:role/audit" % B]
        self.script["GetCallerIdentity"] = [(200, {}, self.IDENTITY), identity("arn:aws:sts::%s:assumed-role/audit/sgproof" % B, B)]
        self.script["AssumeRole"] = lambda form: keys_of_role(form, "ASIAX", "2099-01-01T00:00:00Z")
        told = json.loads(self.read(*words, "--format", "json").stdout)
        self.assertEqual((told["account_id"], told["arn"], told["expires"], told["credentials_from"]), (
            B, "arn:aws:sts::%s:assumed-role/audit/sgproof" % B, "2099-01-01T00:00:00.000000Z", "environment (AWS_ACCESS_KEY_ID), role assumed by --role-arn"))
        self.assertIn("until 2099-01-01T00:00:00", self.read(*words).stdout)
        self.script["AssumeRole"] = [(403, {}, "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>")]
        self.script["GetCallerIdentity"] = [(200, {}, self.IDENTITY)]
        done = self.read(*words)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("AssumeRole: AccessDenied: no", done.stderr)

    def test_the_external_id_and_the_sessions_name_are_sent_and_sent_again(self):
        self.script["AssumeRole"] = lambda form: keys_of_role(form, "ASIAX", "2000-01-01T00:00:00Z")  # so keys are asked for anew
        roles = self.entered("--org-unit", "ou-ab12-bbbbbbbb", "--role-name", "r", "--external-id", "a:b/c-1", "--role-session-name", "night@ci")[1]
        self.assertGreater(len(roles), 1)
        self.assertEqual({(role["ExternalId"], role["RoleSessionName"]) for role in roles}, {("a:b/c-1", "night@ci")})
        self.assertNotIn("ExternalId", self.entered("--org-unit", "ou-ab12-bbbbbbbb", "--role-name", "r")[1][0])

    def test_options_that_do_not_go_together_or_name_nothing_are_refused_before_anything_is_asked(self):
        role = "arn:aws:iam::%s:role/audit" % B
        for words, said in ((["--org-exclude", A], "--org-exclude goes with --org or --org-unit"), (["--org", "--role-name", "r", "--org-exclude", "12"], "--org-exclude 12: expected"),
                            (["--org-unit", "ou ab", "--role-name", "r"], "--org-unit ou ab: expected"), (["--role-name", "r"], "--role-name goes with --org"),
                            (["--org", "--role-arn", role], "a --role-arn that has {account} in it"), (["--role-arn", "arn:aws:iam::{account}:role/x"], "a role of an account of 12 digits"),
                            (["--role-arn", "arn:aws:iam::{acount}:role/x", "--org"], "expected a role's ARN"), (["--role-arn", "arn:aws:iam::%s:user/x" % B], "expected a role's ARN"),
                            (["--role-name", "audit/", "--org"], "--role-name audit/: expected a role's name behind its path"), (["--role-name", "/", "--org"], "--role-name /: expected a role's name"),
                            (["--role-arn", role + "/"], "audit/: expected a role's name behind its path"),
                            (["--role-name", "r", "--role-arn", role], "exclude each other"), (["--external-id", "abc"], "go with --role-name or --role-arn"),
                            (["--role-arn", role, "--external-id", "x"], "--external-id: expected 2 to 1224"), (["--role-arn", role, "--role-session-name", "a b"], "--role-session-name: expected"),
                            (["--org", "--role-name", "a&b"], "--role-name: expected")):
            with self.subTest(words=words):
                done = self.read(*words)
                self.assertEqual(done.returncode, 2)
                self.assertIn(said, done.stderr)
        self.assertEqual(self.seen, [])


if __name__ == "__main__":
    unittest.main()
