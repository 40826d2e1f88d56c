"""diff --terraform on reduced real plans, each with its right answer (../shared/field/terraform.md): what opens and closes, how sure, and whether anything is missing."""
import json
import os
import sys
import tempfile
import unittest

sys.path[:0] = [os.path.dirname(__file__), os.path.join(os.path.dirname(__file__), "..")]
import common
from oracle import configuration

FIELD = common.TOP.parent / "shared/field/terraform"
BASES = {"09": "base-09", "22": "base-acl", "30": "base-30"}
WEB, NEW = "198.51.100.10", "(known after apply)"

# plan: exit status; what opens; what closes, as (address, port, certainty)
RIGHT = {
    "01-instance-without-subnet": (3, {(NEW, 22, "possible"), (NEW, 443, "possible"), (NEW, 8080, "possible")}, set()),
    "02-instance-in-module-subnet": (0, {(NEW, 443, "exact")}, set()),
    "04-eip-on-instance": (0, {(NEW, 443, "exact")}, set()),
    "04b-eip-on-existing-instance": (0, {(NEW, 22, "exact"), (NEW, 443, "exact")}, {(WEB, 22, "exact"), (WEB, 443, "exact")}),
    "05-eni-eip-instance": (0, {(NEW, 443, "exact")}, set()),
    "06-default-route-table": (0, {(NEW, 22, "exact")}, set()),
    "07-inline-route": (0, {(NEW, 22, "exact")}, set()),
    "07c-inline-route-in-set": (0, {(NEW, 22, "exact")}, set()),
    "08-default-acl-denies": (0, set(), set()),
    "08b-adopt-default-acl": (0, set(), {(WEB, 22, "exact"), (WEB, 443, "exact")}),
    "09-adopt-default-group": (0, set(), {("198.51.100.9", 3389, "exact")}),
    "10-rule-deleted-and-group-tagged": (0, set(), {(WEB, 22, "exact")}),
    "10b-rule-narrowed-and-group-tagged": (0, set(), {(WEB, 22, "exact")}),
    "12-dynamic-ingress-unknown": (3, {(WEB, 0, "possible"), (WEB, 23, "possible"), (WEB, 444, "possible")}, set()),
    "12c-unknown-port": (3, {(WEB, 0, "possible"), (WEB, 23, "possible"), (WEB, 444, "possible")}, set()),
    "13-count-association": (0, {(NEW, 22, "exact")}, set()),
    "14-ipv6-on-creation": (3, {(NEW, 443, "exact")}, set()),
    "15-db-publicly-accessible": (3, set(), set()),
    "15d-launch-template-and-asg": (3, {(NEW, 0, "possible")}, set()),
    "15g-security-group-rules-exclusive": (3, set(), set()),
    "16-resources-not-in-snapshot": (3, set(), set()),
    "17b-errored-plan": (3, set(), set()),
    "19-deposed-twin": (3, {(WEB, 8443, "exact")}, set()),
    "20-instance-deleted": (0, set(), {(WEB, 22, "exact"), (WEB, 443, "exact")}),
    "20b-instance-replaced": (3, {(NEW, 443, "possible")}, {(WEB, 22, "exact"), (WEB, 443, "exact")}),
    "20c-instance-stopped": (0, set(), {(WEB, 22, "exact"), (WEB, 443, "exact")}),
    "21-auto-address-and-eip": (0, {(NEW, 443, "exact")}, set()),
    "22-acl-loses-subnet": (0, {(WEB, 22, "exact"), (WEB, 443, "exact")}, set()),
    "23-for-each-rules": (0, {(WEB, 80, "exact"), (WEB, 8080, "exact")}, set()),
    "24-peer-cidr-unknown-list-partial": (3, {(WEB, 9000, "possible"), (WEB, 9000, "exact")}, set()),
    "25-moved-and-tags": (0, set(), set()),
    "25b-import": (0, set(), set()),
    "26-forget": (0, set(), set()),
    "30-eip-moves": (3, {(WEB, 443, "exact")}, {(WEB, 22, "exact"), (WEB, 443, "exact")}),
    "31-rule-updated-in-place": (0, {(WEB, 2222, "exact")}, {(WEB, 22, "exact")}),
    "32-group-replaced": (3, {(WEB, 9443, "exact")}, {(WEB, 22, "exact")}),
    "34-default-table-updated": (0, {(NEW, 443, "exact")}, set()),
    "35-main-association-deleted": (0, {(NEW, 443, "exact")}, set()),
}
# The same with the configuration beside them: then it is known that no id is written out beside what is new.
SAID = {
    "01-instance-without-subnet": (3, {(NEW, 8080, "possible")}, set()),
    "14-ipv6-on-creation": (0, {(NEW, 443, "exact")}, set()),
    "19-deposed-twin": (0, {(WEB, 8443, "exact")}, {(WEB, 22, "exact"), (WEB, 443, "exact")}),
    "32-group-replaced": (0, {(WEB, 9443, "exact")}, {(WEB, 22, "exact"), (WEB, 443, "exact")}),
}
REFUSED = {"17-state-instead-of-plan": "terraform show -json plan.out > plan.json", "17d-future-format": "9.0", "40-delete-with-after": "is an object"}


def told(changes):
    return {(x["address"], x["from_port"], x["certainty"]) for x in changes
            if x["internet"] and x["path"] == "two-way" and x["protocol"] == "tcp"}


@unittest.skipUnless(FIELD.is_dir(), "../shared/field/terraform is not here")
class Plans(unittest.TestCase):
    def diff(self, name, base, *words):
        return common.sgproof("diff", "--terraform", FIELD / "plans" / (name + ".json"), FIELD / base, "--format", "json", *words)

    def test_each_plan_has_its_right_answer(self):
        self.answers(RIGHT, lambda name: [])

    def test_with_the_configuration_it_is_known_what_is_written_out(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in SAID:
                plan = json.loads((FIELD / "plans" / (name + ".json")).read_text())
                configuration.write(plan["configuration"]["root_module"], os.path.join(folder, name))
            self.answers(SAID, lambda name: ["--source", os.path.join(folder, name)])

    def test_every_plan_of_the_field_is_judged(self):
        self.assertEqual(sorted(one.stem for one in (FIELD / "plans").glob("*.json")), sorted([*RIGHT, *REFUSED]))

    def answers(self, right, words):
        for name, (status, opened, closed) in right.items():
            with self.subTest(name):
                done = self.diff(name, BASES.get(name.split("-")[0], "base"), *words(name))
                self.assertEqual(done.returncode, status, done.stdout + done.stderr)
                found = json.loads(done.stdout)
                self.assertEqual((told(found["opened"]), told(found["closed"])), (opened, closed))
                self.assertEqual(status == 3, bool(found["unknown"] + found["missing_after"]))

    def test_what_is_no_plan_is_refused_with_what_to_type(self):
        for name, says in REFUSED.items():
            done = self.diff(name, "base")
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertIn(says, done.stderr)


if __name__ == "__main__":
    unittest.main()
