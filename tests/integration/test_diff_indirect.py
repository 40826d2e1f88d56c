"""Two snapshots compared behind load balancers and services: what both know is compared, and what one does not know is said."""
import copy
import json
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import common
from test_balancer_targets import two_listeners
from test_load_balancers import balanced
from test_snapshots import permission
from test_told_bridges import VpcOrigins, accelerator, distributions, estate, origin
from test_world import documents, each, folder


def lets_out(files):
    """The same with AWS's own outbound rule in groups that tell of none: what their members reach is whole too."""
    whole = copy.deepcopy(files)
    for document in whole.values():
        for group in document.get("SecurityGroups", []) if isinstance(document, dict) else []:
            group.setdefault("IpPermissionsEgress", [permission("-1", None, ["0.0.0.0/0"], ["::/0"])])
    return whole


class Compared(unittest.TestCase):
    maxDiff = None

    def between(self, before, after, status=0):
        made = [folder(lets_out(before)), folder(lets_out(after))]
        done = common.sgproof("diff", *made, "--format", "json")
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        self.text = common.sgproof("diff", *made).stdout
        self.output = output = json.loads(done.stdout)
        self.unknown = output["unknown"]
        return {kind: sorted((x["address"], x["from_port"], x["to_port"], x["certainty"]) for x in output[kind] if x["indirect"]) for kind in ("opened", "closed")}

    def both(self, before, after, **expected):
        forth, back = self.between(before, after), self.between(after, before)
        self.assertEqual(self.unknown, [])
        wanted = {"opened": [], "closed": [], **expected}
        self.assertEqual((forth, back), (wanted, {"opened": wanted["closed"], "closed": wanted["opened"]}))


class Balancers(Compared):
    def closed_target(self):
        """balanced() whose target admits nobody."""
        made = balanced()
        made["SecurityGroups"] = [{**g, "IpPermissions": [] if g["GroupId"] == made["NetworkInterfaces"][1]["Groups"][0]["GroupId"] else g["IpPermissions"]}
                                  for g in made["SecurityGroups"]]
        return made

    def test_what_turns_possible_behind_a_load_balancer_is_altered(self):
        sure, unsure = balanced(), balanced()
        unsure["RouteTables"][0]["Routes"].append({"DestinationCidrBlock": "10.0.2.0/24", "NetworkInterfaceId": "eni-box", "State": "active"})
        for before, after, certainty, words in ((sure, unsure, "possible", "possible (before: certain)"), (unsure, sure, "exact", "certain (before: possible)")):
            self.assertEqual(self.between(documents(before), documents(after)), {"opened": [], "closed": []})
            [one] = [x for x in self.output["altered"] if x["indirect"]]
            self.assertEqual((one["address"], one["from_port"], one["certainty"], common.texts(one["causes"])[0]), ("10.0.2.4", 8080, certainty, words))
            self.assertEqual("eni-box" in str(one["causes"]), certainty == "possible")
            self.assertIn("1 altered", self.text)
        self.between(documents(sure), documents(sure))
        self.assertEqual(self.output["altered"], [])

    def test_without_rules_of_listeners_on_both_sides_what_opened_and_closed_is_told(self):
        shut, open_ = documents({**self.closed_target(), "Rules": None}), documents({**balanced(), "Rules": None})
        self.assertFalse([name for name in open_ if "Rules.json" == name])
        forth = self.between(shut, open_)
        self.assertEqual((len(forth["opened"]), forth["closed"], self.unknown), (1, [], []))
        self.both(shut, open_, opened=forth["opened"])
        self.assertIn("[behind a load balancer]", self.text)

    def test_rules_that_one_side_alone_has_leave_unknown_what_they_would_decide(self):
        told = documents(two_listeners())  # by its rules, 80 for 9.0.0.0/8 reaches no target
        untold = {name: file for name, file in told.items() if name != "Rules.json"}
        for before, after, side in ((untold, told, "before"), (told, untold, "after")):
            self.assertEqual(self.between(before, after, 3), {"opened": [], "closed": []})
            self.assertTrue([line for line in self.unknown if "not known %s" % side in line and "Rules" in line], self.unknown)
        other = two_listeners()
        other["SecurityGroups"][0]["IpPermissions"].append(permission("tcp", (443, 443), ["7.0.0.0/8"]))
        other["Rules"] = None  # the default action of 443 is the listener's own, and a rule may stand before it
        self.assertEqual(self.between(untold, documents(other)), {"opened": [("10.0.2.4", 8080, 8080, "possible")], "closed": []})

    @each([("LoadBalancers",), ("Listeners",), ("TargetGroups",), ("LoadBalancerTargetHealth",)])
    def test_another_kind_that_one_side_lacks_is_unknown(self, kind):
        whole = documents(balanced())
        part = {name: file for name, file in whole.items() if name != kind + ".json"}
        self.assertEqual(self.between(whole, part, 3), {"opened": [], "closed": []})
        self.assertTrue(self.unknown or kind == "Listeners")  # without which the target stays possible


class Services(Compared):
    def test_accelerators_are_compared_port_by_port_whatever_is_known_of_classic_load_balancers(self):
        made = documents(estate())
        before, after = accelerator(ports=(443, 443)), accelerator(ports=(22, 443))
        self.both({**made, **before}, {**made, **after}, opened=[("10.0.0.4", 22, 22, "exact")])
        self.assertIn("[behind AWS Global Accelerator]", self.text)
        two = accelerator(ports=(20, 500))
        self.both({**made, **accelerator(ports=(80, 80))}, {**made, **two}, opened=[("10.0.0.4", 22, 22, "exact"), ("10.0.0.4", 443, 443, "exact")])

    def test_documents_of_a_service_that_one_side_lacks_leave_unknown_what_they_decide(self):
        made = documents(estate())
        told = {**made, **accelerator()}
        self.assertEqual(self.between(made, told, 3), {"opened": [], "closed": []})
        self.assertTrue([line for line in self.unknown if "not known before" in line and "Accelerators" in line], self.unknown)
        self.assertEqual(self.between(told, made, 3), {"opened": [], "closed": []})
        self.assertEqual(self.between(made, made), {"opened": [], "closed": []})

    def test_vpc_origins_are_compared(self):
        made = documents(VpcOrigins.estate(self))
        files = lambda policy: {**made, "o.json": origin(policy=policy), "d.json": distributions()}
        forth = self.between(files("https-only"), files("match-viewer"))
        self.assertEqual(forth["opened"], [("10.0.0.4", 80, 80, "exact"), ("10.0.0.4", 80, 80, "possible")])  # IPv4 and IPv6 clients
        self.both(files("https-only"), files("match-viewer"), opened=forth["opened"])


if __name__ == "__main__":
    unittest.main()
