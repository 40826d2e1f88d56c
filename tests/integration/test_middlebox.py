"""Routes between a load balancer and its targets, more specific than the local one or in its place: possible, named."""
import os
import sys
import unittest

sys.path[:0] = [os.path.join(os.path.dirname(__file__), ".."), os.path.dirname(__file__)]
import common
from test_load_balancers import balanced
import test_told_bridges
from test_world import Case, documents, each, folder

TO_TARGET, TO_NODE = "10.0.2.0/24", "10.0.0.0/24"
TARGETS = {"appliance": {"NetworkInterfaceId": "eni-box"}, "endpoint": {"GatewayId": "vpce-1"}, "NAT gateway": {"NatGatewayId": "nat-1"},
           "blackhole": {"NetworkInterfaceId": "eni-box", "State": "blackhole"}}


def routed(table, route, kind="application", **more):
    """balanced() with one more route in the table of the node's subnet (0) or of the target's (1)."""
    made = balanced(kind, **more)
    made["RouteTables"][table]["Routes"].append({"State": "active", **route})
    return made


class Middleboxes(Case):
    def behind(self, made, files=None, status=0):
        output = self.compute(folder({**documents(made), **(files or {})}))
        self.assertEqual(3 if output["missing"] or output["unread"] else 0, status, (output["missing"], output["unread"]))
        return {x["certainty"] for i in output["indirect"] for x in i["exposures"]}, " ".join(
            text for i in output["indirect"] for x in i["exposures"] for text in common.texts(x["via"]))

    @each((table, target, name) for table, to in ((0, TO_TARGET), (1, TO_NODE)) for name, target in
          ((name, {"DestinationCidrBlock": to, **target}) for name, target in TARGETS.items()))
    def test_a_route_more_specific_than_the_local_one_is_possible_and_named_in_either_direction(self, table, route, name):
        certainty, via = self.behind(routed(table, route))
        self.assertEqual(certainty, {"possible"})
        named = next(value for key, value in route.items() if key.endswith("Id"))
        self.assertIn("between them a route of rtb-%d sends %s to %s" % (table + 1, route["DestinationCidrBlock"], named), via)
        self.assertEqual("(blackhole)" in via, name == "blackhole")

    @each([(0, "10.0.1.0/24"), (0, "10.0.0.0/8"), (1, "0.0.0.0/0"), (1, "10.0.3.0/24"), (1, "10.0.2.0/24")])
    def test_a_route_that_does_not_hold_the_other_or_is_wider_than_the_local_one_changes_nothing(self, table, to):
        self.assertEqual(self.behind(routed(table, {"DestinationCidrBlock": to, "NatGatewayId": "nat-1"}))[0], {"exact"})

    def test_the_local_route_may_have_another_target(self):
        made = balanced()
        made["RouteTables"][0]["Routes"][0] = {"DestinationCidrBlock": "10.0.0.0/16", "NetworkInterfaceId": "eni-box", "State": "active"}
        self.assertIn("to eni-box", self.behind(made)[1])
        del made["Vpcs"]  # then how large its block is, is not told
        self.assertIn("to eni-box", self.behind(made)[1])

    def test_a_table_without_a_local_route_has_one(self):
        made = balanced()
        del made["RouteTables"][1]["Routes"][0]
        self.assertEqual(self.behind(made)[0], {"exact"})

    def test_a_target_that_answers_its_client_answers_by_the_load_balancer(self):
        made = routed(1, {"DestinationCidrBlock": TO_NODE, "NetworkInterfaceId": "eni-box"}, "network", protocol="TCP")
        made["SecurityGroups"][1]["IpPermissions"][0]["IpRanges"] = [{"CidrIp": "0.0.0.0/0"}]
        self.assertEqual(self.behind(made)[0], {"exact"})  # it sees the client's address
        made["RouteTables"][0]["Routes"].append({"DestinationCidrBlock": TO_TARGET, "NetworkInterfaceId": "eni-box", "State": "active"})
        self.assertEqual(self.behind(made)[0], {"possible"})

    def test_a_firewall_on_the_way_is_named(self):
        made = routed(0, {"DestinationCidrBlock": TO_TARGET, "GatewayId": "vpce-1"})
        firewall = {"Firewall": {"FirewallName": "fw", "FirewallArn": "arn:aws:network-firewall:eu-west-3:111122223333:firewall/fw", "VpcId": "vpc-1"},
                    "FirewallStatus": {"SyncStates": {"eu-west-3a": {"Attachment": {"EndpointId": "vpce-1", "SubnetId": "subnet-1"}}}}}
        self.assertIn("vpce-1 of AWS Network Firewall fw", self.behind(made, {"firewall.json": firewall})[1])

    @each([(["10.0.2.4/32"], "eni-box", {"possible"}, 0), (["10.0.3.0/24"], "eni-box", {"exact"}, 0), (None, "eni-box", {"possible"}, 3), (None, "vpce-s3", {"exact"}, None)])
    def test_a_prefix_list_of_which_some_entry_holds_it_or_may(self, entries, target, certainty, status):
        key = "GatewayId" if target.startswith("vpce") else "NetworkInterfaceId"
        made = routed(1, {"DestinationPrefixListId": "pl-1", key: target})
        made["RouteTables"][1]["Routes"][-1]["DestinationPrefixListId"] = "pl-1"
        made["RouteTables"][1]["Routes"][-1].pop("DestinationCidrBlock", None)
        if entries and "10.0.2.4/32" in entries:
            entries = ["10.0.0.9/32"]  # the node's
        made["PrefixLists"] = [{"PrefixListId": "pl-1", "PrefixListName": "x", "State": "create-complete", **({"Cidrs": entries} if entries else {})}]
        made["VpcEndpoints"] = [{"VpcEndpointId": "vpce-s3", "VpcEndpointType": "Gateway", "VpcId": "vpc-1"}]
        output = self.compute(folder(documents(made)))
        self.assertEqual({x["certainty"] for i in output["indirect"] for x in i["exposures"]}, certainty, output["indirect"])

    def test_a_table_that_is_not_told_is_possible_and_missing(self):
        made = balanced()
        made["RouteTables"][1]["Associations"] = [{"Main": False, "SubnetId": "subnet-2", "AssociationState": {"State": "associating"}}]
        self.assertEqual(self.behind(made, status=3)[0], {"possible"})

    def test_the_way_from_a_cloudfront_vpc_origin_too(self):
        made = test_told_bridges.VpcOrigins.estate(None)
        files = {"o.json": test_told_bridges.origin(), "d.json": test_told_bridges.distributions()}
        self.assertIn("exact", self.behind(made, files)[0])
        made["RouteTables"][0]["Routes"].append({"DestinationCidrBlock": "10.0.0.0/25", "NetworkInterfaceId": "eni-box", "State": "active"})
        self.assertEqual(self.behind(made, files)[0], {"possible"})


if __name__ == "__main__":
    unittest.main()
