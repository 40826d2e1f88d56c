"""What principals reach by IAM, beside a brute-force evaluator (oracle/iam.py): ACCESS_ACCOUNTS random accounts (1,000), ACCESS_SEED."""
import json
import os
import pathlib
import random
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import common
from oracle import iam


class Oracle(unittest.TestCase):
    def test_levels_are_those_of_the_oracle(self):
        seed, total = common.seed("ACCESS_SEED"), int(os.environ.get("ACCESS_ACCOUNTS", "1000"))
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
        self.assertGreaterEqual(set(seen), {"none", "read", "write", "escalates", "administrator"})


if __name__ == "__main__":
    unittest.main()
