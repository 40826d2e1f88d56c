"""What principals reach by IAM, beside a brute-force evaluator (oracle/iam.py): ACCESS_ACCOUNTS random accounts (1,000), ACCESS_SEED."""
import json
import os
import pathlib
import random
import sys
import tempfile
import unittest
import unittest.mock

sys.path[:0] = [os.path.join(os.path.dirname(__file__), *words) for words in (("..",), ("..", "integration"))]
import common
from oracle import iam
from test_control_policies import ROOT, UNIT, organization


class Oracle(unittest.TestCase):
    def test_levels_are_those_of_the_oracle(self):
        seen = self.compare(int(os.environ.get("ACCESS_ACCOUNTS", "1000")))
        self.assertGreaterEqual(set(seen), {"none", "read", "write", "escalates", "administrator"})

    def test_rights_that_lead_on_only_together_do(self):
        """Rare where all rights are drawn: versions of policies of groups that one may join."""
        few = ["iam:SetDefaultPolicyVersion", "iam:AddUserToGroup"] * 2 + ["s3:Get*", "*", "sts:AssumeRole", "iam:PutUserPolicy", "lambda:*", "iam:PassRole", "s3:*", "iam:CreateAccessKey"]
        with unittest.mock.patch.object(iam, "ACTION_PATTERNS", few):
            self.compare(int(os.environ.get("ACCESS_ACCOUNTS", "1000")) // 4)

    def compare(self, total):
        """How often each level is, where all are the oracle's."""
        seed = common.seed("ACCESS_SEED")
        print("ACCESS_SEED=%d" % seed)
        rng, told, seen = random.Random(seed), 0, {}
        for begin in range(0, total, 50):
            accounts = {"%012d" % (100000000000 + i): None for i in range(begin, min(begin + 50, total))}
            with tempfile.TemporaryDirectory() as folder:
                for account in accounts:
                    accounts[account] = iam.random_account(rng, account)
                    path = pathlib.Path(folder) / account / "global"
                    path.mkdir(parents=True)
                    (path / "get-account-authorization-details.json").write_text(json.dumps(accounts[account]))
                done = common.sgproof("account", folder, "--format", "json", "--pack", "sec-002")
            self.assertIn(done.returncode, (0, 1, 3, 4), done.stderr)
            found = {one["principal"]: one for one in json.loads(done.stdout)["principals"]}
            for account, details in accounts.items():
                for arn, level in iam.Account(account, details).levels().items():
                    told += 1
                    seen[level] = seen.get(level, 0) + 1
                    self.assertEqual(found[arn]["level"], level, "ACCESS_SEED=%d: %s by %s in %s" % (seed, arn, found[arn]["path"], json.dumps(details)))
        self.assertEqual(told, total * 5)
        return seen

    def test_levels_within_service_control_policies_are_those_of_the_oracle(self):
        seed, total = common.seed("ACCESS_SEED"), int(os.environ.get("ACCESS_ACCOUNTS", "1000")) // 4
        print("ACCESS_SEED=%d" % seed)
        rng, lower = random.Random(seed), 0
        for number in range(total):
            account = "%012d" % (200000000000 + number)
            details = iam.random_account(rng, account)
            given = {}
            for target in rng.sample([account, UNIT, ROOT], rng.randint(1, 3)):
                made = [iam.statement(rng, account) for _ in range(rng.randint(1, 3))]
                for one in made:  # as most are: on every resource
                    one.update({"Resource": ["*"]} if "Resource" in one and rng.random() < 0.6 else {})
                given[target] = {**({"+": None} if rng.random() < 0.5 else {}), "p-%s" % target[-4:]: made}
            levels = [[one for name, made in here.items() for one in ([{"Effect": "Allow", "Action": ["*"], "Resource": ["*"]}] if name == "+" else made)] for here in given.values()]
            with tempfile.TemporaryDirectory() as folder:
                path = pathlib.Path(folder) / account / "global"
                path.mkdir(parents=True)
                for name, document in {**organization(given, account=account), "get-account-authorization-details.json": details}.items():
                    (path / name).write_text(json.dumps(document))
                done = common.sgproof("account", folder, "--format", "json", "--pack", "sec-002")
            self.assertIn(done.returncode, (0, 1, 3, 4), done.stderr)
            found = {one["principal"]: one for one in json.loads(done.stdout)["principals"]}
            free = iam.Account(account, details).levels()
            for arn, level in iam.Account(account, details, levels).levels().items():
                lower += level != free[arn]
                self.assertEqual(found[arn]["level"], level, "ACCESS_SEED=%d: %s by %s in %s under %s" % (seed, arn, found[arn]["path"], json.dumps(details), json.dumps(given)))
        self.assertGreater(lower, total // 4)


if __name__ == "__main__":
    unittest.main()
