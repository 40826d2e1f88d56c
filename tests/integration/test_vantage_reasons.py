"""The reasons of an answer for one client are those of that client: rules, entries and routes that admit others are not named."""
import json
import os
import sys
import unittest

sys.path[:0] = [os.path.join(os.path.dirname(__file__), ".."), os.path.dirname(__file__)]
import common
from test_constructs_gates import world
from test_load_balancers import balanced
from test_snapshots import entry, permission
from test_told_bridges import accelerator, estate as accelerated
from test_world import V4, V6, documents, each, folder

NEAR, FAR = "203.0.113.9", "198.18.0.9"  # of two clients


class VantageReasons(unittest.TestCase):
    maxDiff = None

    def exposures(self, estate, vantage, lists="endpoints", address=None, files=()):
        done = common.sgproof("compute", folder({**documents(estate), **dict(files)}), "--vantage", vantage, "--format", "json")
        self.assertIn(done.returncode, (0, 3), done.stderr)
        return [x for one in json.loads(done.stdout)[lists] for x in one["exposures"] if address is None or one.get("address") == address]

    def because(self, estate, vantage, **more):
        """The ids of the reasons of the only answer."""
        [x] = self.exposures(estate, vantage, **more)
        return common.ids(x["because"])

    def groups(self, *rules):
        made = world()
        made["SecurityGroups"][0]["IpPermissions"] = [permission("tcp", *rule) for rule in rules]
        return made

    @each([("203.0.113.9", "sg-1:0"), ("203.0.114.9", "sg-1:1")])
    def test_a_rule_that_does_not_admit_the_client_is_not_named(self, vantage, rule):
        made = self.groups(((443, 443), ["203.0.113.0/24"]), ((443, 443), ["203.0.114.0/24"]))
        [x] = self.exposures(made, "0.0.0.0") or self.exposures(made, vantage, address=V4)
        self.assertEqual([one for one in common.ids(x["because"]) if one.startswith("sg-")], [rule])

    def test_of_the_internet_at_large_every_rule_is_named(self):
        made = self.groups(((443, 443), ["203.0.113.0/24"]), ((443, 443), ["203.0.114.0/24"]))
        [x] = [x for one in common.compute(folder(documents(made)))["endpoints"] if one["address"] == V4 for x in one["exposures"]]
        self.assertLessEqual({"sg-1:0", "sg-1:1"}, set(common.ids(x["because"])))

    def test_rules_that_admit_the_client_make_one_answer_where_others_cut_it(self):
        made = self.groups(((1, 100), ["0.0.0.0/0"]), ((50, 60), ["192.0.2.0/24"]))
        [x] = self.exposures(made, "8.8.8.8", address=V4)
        self.assertEqual((x["from_port"], x["to_port"], [one for one in common.ids(x["because"]) if one.startswith("sg-")]), (1, 100, ["sg-1:0"]))

    @each([("203.0.113.9", ["acl-1:10"]), ("8.8.8.8", ["acl-1:30"])])
    def test_an_inbound_entry_that_others_come_by_is_not_named(self, vantage, entries):
        made = self.groups(((443, 443), ["0.0.0.0/0"]))
        made["NetworkAcls"][0]["Entries"] = [entry(10, False, "allow", cidr="203.0.113.0/24"), entry(20, False, "allow", "6", "203.0.113.0/24", (443, 443)),
                                             entry(30, False, "allow"), entry(10, True, "allow")]
        [x] = self.exposures(made, vantage, address=V4)
        self.assertEqual([why["id"] for why in x["because"] if why["stage"] == "acl_in"], entries)

    @each([("203.0.113.9", ["acl-1:egress:10"]), ("8.8.8.8", ["acl-1:egress:20"]), ("8.8.8.8:50000-50000", ["acl-1:egress:20"]),
           ("8.8.8.8:2000-2000", ["acl-1:egress:30"]), ("8.8.8.8:1-1", [])])
    def test_of_outbound_entries_those_to_the_clients_own_ports_are_named(self, vantage, entries):
        made = self.groups(((443, 443), ["0.0.0.0/0"]))
        made["NetworkAcls"][0]["Entries"] = [entry(10, False, "allow"), entry(10, True, "allow", cidr="203.0.113.0/24"),
                                             entry(20, True, "allow", "6", ports=(32768, 65535)), entry(30, True, "allow", "6", ports=(1024, 32767))]
        if ":" not in vantage and vantage == "8.8.8.8":
            entries = entries + ["acl-1:egress:30"]
        [x] = self.exposures(made, vantage, address=V4)
        self.assertEqual([why["id"] for why in x["because"] if why["stage"] == "acl_out"], entries)
        self.assertEqual([why["id"] for why in x["because"] if why["stage"] == "route"], ["rtb-1:0.0.0.0/0"] if entries else [])
        self.assertEqual(x["path"], "two-way" if entries else "inbound-only")

    def test_of_an_echo_the_entry_that_lets_its_reply_out_is_named(self):
        made = world()
        made["SecurityGroups"][0]["IpPermissions"] = [permission("icmp", (8, -1), ["0.0.0.0/0"])]
        made["NetworkAcls"][0]["Entries"] = [entry(10, False, "allow"), entry(10, True, "allow", "1", icmp=(0, -1), cidr="203.0.113.0/24"),
                                             entry(20, True, "allow", "1", icmp=(0, -1))]
        for vantage, named in ((NEAR, "acl-1:egress:10"), (FAR, "acl-1:egress:20")):
            [x] = self.exposures(made, vantage, address=V4)
            self.assertEqual([why["id"] for why in x["because"] if why["stage"] == "acl_out"], [named])

    def routes(self, *routes):
        made = self.groups(((443, 443), ["0.0.0.0/0"]))
        made["RouteTables"][0]["Routes"] += [{"DestinationCidrBlock": cidr, "State": "active", **target} for cidr, target in routes]
        return made

    @each([("203.0.113.9", ["rtb-1:203.0.113.0/24"]), ("8.8.8.8", ["rtb-1:0.0.0.0/0"])])
    def test_the_route_back_to_the_client_alone_is_named(self, vantage, routes):
        [x] = self.exposures(self.routes(("203.0.113.0/24", {"GatewayId": "igw-1"})), vantage, address=V4)
        self.assertEqual([why["id"] for why in x["because"] if why["stage"] == "route"], routes)

    @each([("203.0.113.9", "eni-a"), ("203.0.114.9", "eni-b"), ("203.0.115.9", "eni-a")])
    def test_the_appliance_on_the_clients_own_way_alone_is_named(self, vantage, appliance):
        made = self.routes(("203.0.113.0/24", {"NetworkInterfaceId": "eni-a"}), ("203.0.114.0/24", {"NetworkInterfaceId": "eni-b"}),
                           ("203.0.115.0/24", {"NetworkInterfaceId": "eni-a"}))
        [x] = self.exposures(made, vantage, address=V4)
        self.assertEqual((x["certainty"], [why["id"] for why in x["via"]]), ("possible", [appliance]))

    def test_what_is_not_known_of_a_rule_is_named_for_every_client(self):
        made = self.groups(((443, 443), ["203.0.113.0/24"]), ((443, 443), (), (), ["pl-1"]))
        [x] = self.exposures(made, FAR, address=V4)
        self.assertEqual((x["certainty"], [one for one in common.ids(x["because"]) if one.startswith("sg-")]), ("possible", ["sg-1:1"]))
        self.assertIn("missing: entries of prefix list pl-1", common.texts(x["via"]))

    @each([("8.8.8.8", ["sg-front:0"]), ("9.9.9.9", ["sg-front:1"])])
    def test_of_a_load_balancers_groups_those_of_the_client_are_named_and_of_its_targets_those_of_the_node(self, vantage, front):
        made = balanced()
        made["SecurityGroups"][0]["IpPermissions"] = [permission("tcp", (443, 443), [cidr]) for cidr in ("8.0.0.0/8", "9.0.0.0/8")]
        made["SecurityGroups"][1]["IpPermissions"] = [permission("tcp", (8080, 8080), [cidr]) for cidr in ("8.8.8.8/32", "10.0.0.0/24", "10.0.2.0/24")]
        named = self.because(made, vantage, lists="indirect")
        self.assertEqual([one for one in named if one.startswith(("sg-front", "sg-web"))], front + ["sg-web:1"])

    @each([("8.8.8.8", ["sg-front:0", "sg-web:0"]), ("9.9.9.9", ["sg-front:1", "sg-web:1"])])
    def test_of_a_target_that_sees_its_clients_the_rules_of_the_client_are_named(self, vantage, rules):
        made = balanced("network", protocol="TCP")
        made["SecurityGroups"][0]["IpPermissions"] = [permission("tcp", (443, 443), [cidr]) for cidr in ("8.0.0.0/8", "9.0.0.0/8")]
        made["SecurityGroups"][1]["IpPermissions"] = [permission("tcp", (8080, 8080), [cidr]) for cidr in ("8.0.0.0/8", "9.0.0.0/8")]
        named = self.because(made, vantage, lists="indirect")
        self.assertEqual([one for one in named if one.startswith(("sg-front", "sg-web"))], rules)

    @each([("8.8.8.8", ["sg-1:0"]), ("9.9.9.9", ["sg-1:1"])])
    def test_of_an_accelerators_endpoint_the_rules_of_the_client_are_named(self, vantage, rules):
        made = accelerated()
        made["SecurityGroups"][0]["IpPermissions"] = [permission("tcp", (443, 443), [cidr]) for cidr in ("8.0.0.0/8", "9.0.0.0/8")]
        named = self.because(made, vantage, lists="indirect", files=accelerator().items())
        self.assertEqual([one for one in named if one.startswith("sg-1:")], rules)

    def test_explain_of_a_private_address_names_the_rules_of_the_client_that_is_given(self):
        made = balanced("network", protocol="TCP")
        for group, port in zip(made["SecurityGroups"], (443, 8080)):
            group["IpPermissions"] = [permission("tcp", (port, port), [cidr]) for cidr in ("8.0.0.0/8", "9.0.0.0/8")]
        done = common.sgproof("explain", folder(documents(made)), "10.0.2.4", "8080/tcp", "--from", "9.9.9.9", "--format", "json")
        [way] = json.loads(done.stdout)["ways"]
        named = [why["id"] for hop in way["hops"] for why in hop["reasons"] if hop["stage"] == "security groups"]
        self.assertEqual([one for one in named if one.startswith(("sg-front:", "sg-web:")) and "egress" not in one], ["sg-front:1", "sg-web:1"])


if __name__ == "__main__":
    unittest.main()
