"""Transit gateways' own route tables, as adversarial snapshots tell of them: associations that are not read, blackholes, routes in doubt, two attachments."""
import json
import os
import sys
import unittest

sys.path[:0] = [os.path.join(os.path.dirname(__file__), ".."), os.path.dirname(__file__)]
import common
from test_segments import Case, two_vpcs
from test_world import documents, each, folder

TABLE = "tgw-rtb-0a1b2c3d4e5f6a7b8"
ROUTES, LINKS = "search-transit-gateway-routes.%s.json" % TABLE, "get-transit-gateway-route-table-associations.%s.json" % TABLE
LED, BACK = "10.9.0.0/16", "10.0.0.0/16"


def attachment(n, **more):
    return {"TransitGatewayAttachmentId": "tgw-attach-%d" % n, "TransitGatewayId": "tgw-1", "State": "available", "ResourceType": "vpc", "ResourceId": "vpc-%d" % n,
            "ResourceOwnerId": "111122223333", "TransitGatewayOwnerId": "111122223333",
            "Association": {"TransitGatewayRouteTableId": TABLE, "State": "associated"}, **more}


def route(cidr, n, type="propagated", state="active", **more):
    return {"DestinationCidrBlock": cidr, "Type": type, "State": state, "TransitGatewayAttachments": [] if n is None else [
        {"TransitGatewayAttachmentId": "tgw-attach-%d" % n, "ResourceId": "vpc-%d" % n, "ResourceType": "vpc"}], **more}


def hub(*routes, back=True):
    """app in vpc-1 and other in vpc-2, joined by a transit gateway; vpc-3 is attached too, and has nothing in it that is told."""
    estate = two_vpcs()
    estate["VpcPeeringConnections"] = []
    for table in estate["RouteTables"]:
        for one in table["Routes"]:
            if one.pop("VpcPeeringConnectionId", None):
                one["TransitGatewayId"] = "tgw-1"
    options = {"SecurityGroupReferencingSupport": "enable", "Ipv6Support": "enable", "ApplianceModeSupport": "disable"}
    estate["TransitGateways"] = [{"TransitGatewayId": "tgw-1", "State": "available", "Options": {"SecurityGroupReferencingSupport": "enable"}}]
    estate["TransitGatewayAttachments"] = [attachment(n) for n in (1, 2, 3)]
    estate["TransitGatewayVpcAttachments"] = [
        {"TransitGatewayAttachmentId": "tgw-attach-%d" % n, "TransitGatewayId": "tgw-1", "State": "available", "VpcId": "vpc-%d" % n, "VpcOwnerId": "111122223333",
         "SubnetIds": subnets, "Options": options} for n, subnets in ((1, ["subnet-a", "subnet-b", "subnet-c"]), (2, ["subnet-z"]), (3, ["subnet-y"]))]
    estate["TransitGatewayRouteTables"] = [{"TransitGatewayRouteTableId": TABLE, "TransitGatewayId": "tgw-1", "State": "available"}]
    link = lambda n: {"TransitGatewayAttachmentId": "tgw-attach-%d" % n, "ResourceId": "vpc-%d" % n, "ResourceType": "vpc", "State": "associated"}
    files = {ROUTES: {"Routes": [*routes, *([route(BACK, 1)] if back else [])]}, LINKS: {"Associations": [link(n) for n in (1, 2, 3)]}}
    return estate, files


class Tables(Case):
    def reaches(self, estate, files, status=0):
        """Certainty of what app reaches in other by SSH, or None."""
        self.done = common.sgproof("segments", folder({**documents(estate), **files}), "--format", "json")
        self.assertEqual(self.done.returncode, status, self.done.stderr + self.done.stdout[-1500:])
        self.output = json.loads(self.done.stdout)
        found = {f["certainty"] for f in self.output["flows"] if (f["from"], f["to"], f["protocol"]) == ("sg-app", "sg-other", "tcp") and "22" in f["ports"].split(",")}
        self.assertLessEqual(len(found), 1)
        return next(iter(found), None)

    @each([([route(LED, 2)], "exact"), ([route(LED, 2, "static")], "exact"), ([], None), ([route(LED, None, "static", "blackhole")], None), ([route("0.0.0.0/0", 2, "static")], "exact"),
           # The longest prefix, then a static route before a propagated one, a blackhole too.
           ([route(LED, 2), route("10.9.0.0/24", None, "static", "blackhole")], None), ([route(LED, 2), route(LED, None, "static", "blackhole")], None),
           ([route(LED, None, "static", "blackhole"), route("10.9.0.0/24", 2)], "exact"), ([route(LED, 2, "static"), route(LED, 3)], "exact"),
           ([route(LED, 3, "static"), route(LED, 2)], "possible"),  # what is behind vpc-3 is not told
           # In transition: it, and what holds without it.
           ([route(LED, 2, state="pending")], "possible"), ([route(LED, 2, state="deleting")], "possible"), ([route(LED, 2, state="deleted")], None),
           ([route(LED, 2), route("10.9.0.0/24", 3, "static", "pending")], "possible"), ([route(LED, 2), route(LED, 3, "static", "deleting")], "possible"),
           ([route(LED, 2), route("10.9.0.0/24", 3, "static", "deleted")], "exact"), ([route(LED, 2), route("10.9.0.0/24", 3, "static", "a-new-word")], "possible"),
           ([route(LED, None, "static", "blackhole"), route("10.9.0.0/24", 2, state="pending")], "possible"),
           ([route("10.8.0.0/15", None, "static", "blackhole"), route(LED, 3, "static", "pending"), route(LED, 2)], "possible"),
           # Two of one prefix and one kind, of which either may hold.
           ([route(LED, 2), route(LED, 3)], "possible"), ([route(LED, 2, "static"), route(LED, None, "static", "blackhole")], "possible"),
           ([route(LED, 3), route(LED, 2), route(LED, None, "static", "blackhole")], None)])
    def test_the_route_that_holds_says_where_packets_go(self, routes, certainty):
        for told in (routes, routes[::-1]):
            self.assertEqual(self.reaches(*hub(*told)), certainty, self.done.stdout[-3000:])

    @each([([None], "exact", 0), ([route(LED, 2)], "exact", 0)])
    def test_a_static_route_comes_before_one_of_a_prefix_list(self, first, certainty, status):
        estate, files = hub(route(LED, 2, "static"), {**route(LED, 3, "static"), "PrefixListId": "pl-1"})
        del files[ROUTES]["Routes"][1]["DestinationCidrBlock"]
        estate["PrefixLists"] = [{"PrefixListId": "pl-1", "PrefixListName": "mine", "Cidrs": [LED], "State": "create-complete"}]
        self.assertEqual(self.reaches(estate, files, status), certainty)

    @each([("10.0.1.0/24", None, "static", "blackhole", None), ("10.0.1.0/24", 3, "static", "pending", "possible"), ("10.0.2.0/24", None, "static", "blackhole", "exact")])
    def test_the_way_back_goes_by_the_same_tables(self, cidr, n, type, state, certainty):
        self.assertEqual(self.reaches(*hub(route(LED, 2), route(cidr, n, type, state))), certainty)
        self.assertIsNone(self.reaches(*hub(route(LED, 2), back=False)))

    def test_associations_that_are_not_read_leave_it_possible(self):
        estate, files = hub(route(LED, 2))
        for one in estate["TransitGatewayAttachments"]:
            del one["Association"]
        self.assertEqual(self.reaches(estate, files), "exact")  # the table's own document tells
        del files[LINKS]
        self.assertEqual(self.reaches(estate, files, 3), "possible")
        del estate["TransitGatewayAttachments"]
        self.assertEqual(self.reaches(estate, files, 3), "possible")

    @each([("associating",), ("disassociating",), ("disassociated",), ("a-new-word",), (None,)])
    def test_an_association_in_transition_leaves_it_possible(self, state):
        estate, files = hub(route(LED, 2))
        estate["TransitGatewayAttachments"][0]["Association"]["State"] = state
        del files[LINKS]
        self.assertEqual(self.reaches(estate, files, 3 if state in ("disassociated", None) else 0), "possible", state)

    def test_an_attachment_of_a_policy_table_is_possible(self):
        estate, files = hub(route(LED, 2))
        estate["TransitGatewayAttachments"][0]["Association"] = {"TransitGatewayPolicyTableId": "tgw-ptb-1", "State": "associated"}
        del files[LINKS]
        self.assertEqual(self.reaches(estate, files, 3), "possible")
        self.assertIn("policy table tgw-ptb-1, which is not read", self.done.stdout)
        estate["TransitGatewayAttachments"][0]["Association"] = {"State": "associated"}
        self.assertEqual(self.reaches(estate, files, 3), "possible")

    def test_two_tables_that_claim_an_attachment_leave_it_possible(self):
        estate, files = hub(route(LED, 2))
        files[LINKS.replace("7b8.", "7b9.")] = files[LINKS]
        self.assertEqual(self.reaches(estate, files, 3), "possible")

    def test_two_attachments_of_one_vpc_leave_it_possible(self):
        estate, files = hub(route(LED, 2))
        estate["TransitGatewayAttachments"].append({**attachment(4), "ResourceId": "vpc-1"})
        del estate["TransitGatewayAttachments"][-1]["Association"]
        estate["TransitGatewayVpcAttachments"].append({**estate["TransitGatewayVpcAttachments"][0], "TransitGatewayAttachmentId": "tgw-attach-4"})
        self.assertEqual(self.reaches(estate, files), "possible")
        estate["TransitGatewayAttachments"][-1]["State"] = estate["TransitGatewayVpcAttachments"][-1]["State"] = "deleted"
        self.assertEqual(self.reaches(estate, files), "exact")

    @each([("SearchTransitGatewayRoutes",), ("more",)])
    def test_routes_that_are_not_all_told_leave_it_possible(self, how):
        estate, files = hub(route(LED, None, "static", "blackhole"))
        if how == "more":
            files[ROUTES]["AdditionalRoutesAvailable"] = True
        else:
            del files[ROUTES]
        self.assertEqual(self.reaches(estate, files, 3), "possible")


if __name__ == "__main__":
    unittest.main()
