"""Inside and outbound where something in between sends packets on by an address of its own, or is entered by a subnet of its own."""
import json
import os
import sys
import unittest

sys.path[:0] = [os.path.join(os.path.dirname(__file__), ".."), os.path.dirname(__file__)]
import common
from test_segments import Case, NAT, acl, entry, interface, permission, platform, subnet, two_vpcs
from test_world import documents, folder

PRIVATE = {**{k: v for k, v in NAT.items() if k != "NatGatewayAddresses"}, "NatGatewayId": "nat-9", "ConnectivityType": "private",
           "NatGatewayAddresses": [{"PrivateIp": "10.0.0.60", "NetworkInterfaceId": "eni-nat9", "IsPrimary": True, "Status": "succeeded"}]}


def translated(admitted="10.0.0.60/32"):
    """app reaches vpc-2 by a private NAT gateway in subnet-a, and `other` admits that one's address alone."""
    estate = two_vpcs()
    estate["NatGateways"].append(PRIVATE)
    estate["NetworkInterfaces"].append({**interface("nat9", "subnet-a", "", "10.0.0.60"), "InterfaceType": "nat_gateway", "Attachment": {"Status": "attached"}})
    estate["RouteTables"][0]["Routes"].append({"DestinationCidrBlock": "10.9.0.0/16", "VpcPeeringConnectionId": "pcx-1", "State": "active"})
    estate["RouteTables"][1]["Routes"][-1] = {"DestinationCidrBlock": "10.9.0.0/16", "NatGatewayId": "nat-9", "State": "active"}
    estate["SecurityGroups"][-1]["IpPermissions"] = [permission("tcp", (5432, 5432), [admitted])]
    return estate


def attached(**more):
    """vpc-1 and vpc-2 by a transit gateway instead of a peering connection; attachments lie in subnets of their own, t and u."""
    estate = two_vpcs()
    estate["VpcPeeringConnections"] = []
    for table in estate["RouteTables"][1:]:
        table["Routes"][-1] = {"DestinationCidrBlock": table["Routes"][-1]["DestinationCidrBlock"], "TransitGatewayId": "tgw-1", "State": "active"}
    estate["Subnets"] += [subnet("t", "10.0.9.0/28"), subnet("u", "10.9.9.0/28", "vpc-2")]
    estate["NetworkAcls"] += [acl("t", ["subnet-t"]), acl("u", ["subnet-u"], vpc="vpc-2")]
    estate["TransitGateways"] = [{"TransitGatewayId": "tgw-1", "OwnerId": "111122223333", "State": "available", "Options": {"SecurityGroupReferencingSupport": "enable"}}]
    one = lambda n: {"TransitGatewayAttachmentId": "tgw-attach-%d" % n, "TransitGatewayId": "tgw-1", "State": "available"}
    estate["TransitGatewayAttachments"] = [{**one(n), "TransitGatewayOwnerId": "111122223333", "ResourceOwnerId": "111122223333", "ResourceType": "vpc", "ResourceId": "vpc-%d" % n,
                                            "Association": {"TransitGatewayRouteTableId": "tgw-rtb-0a00000000000001", "State": "associated"}} for n in (1, 2)]
    estate["TransitGatewayVpcAttachments"] = [{**one(n), "VpcId": "vpc-%d" % n, "VpcOwnerId": "111122223333", "SubnetIds": [s], "Options": {
        "SecurityGroupReferencingSupport": "enable", "Ipv6Support": "disable", "ApplianceModeSupport": "disable"}} for n, s in ((1, "subnet-t"), (2, "subnet-u"))]
    estate["TransitGatewayRouteTables"] = [{"TransitGatewayRouteTableId": "tgw-rtb-0a00000000000001", "TransitGatewayId": "tgw-1", "State": "available"}]
    estate.update(more)
    return estate


ROUTES = {"search-transit-gateway-routes.tgw-rtb-0a00000000000001.json": {"Routes": [
    {"DestinationCidrBlock": c, "Type": "propagated", "State": "active", "TransitGatewayAttachments": [
        {"TransitGatewayAttachmentId": "tgw-attach-%d" % n, "ResourceId": "vpc-%d" % n, "ResourceType": "vpc"}]} for n, c in ((1, "10.0.0.0/16"), (2, "10.9.0.0/16"))]}}


class SentOn(Case):
    def explained(self, estate, *words, status=0):
        done = common.sgproof("explain", folder(documents(estate)), *words, "--format", "json")
        self.assertEqual(done.returncode, status, done.stderr)
        document = json.loads(done.stdout)
        return document["verdict"], {h["stage"]: (h["result"], h["text"]) for h in document["hops"]}

    def test_who_is_admitted_only_by_the_address_of_a_private_nat_gateway_is_possible_and_it_is_named(self):
        estate = translated()
        self.assertEqual(self.inside(estate, "app", "other"), {("5432", "possible")})
        [flow] = [f for f in self.segments(estate)["flows"] if (f["from"], f["to"]) == ("sg-app", "sg-other")]
        self.assertIn("nat-9 may send it on by an address of its own", json.dumps(flow["via"]))
        self.assertIn("sg-other:0", common.ids(flow["because"]))
        for words in (("10.9.0.4", "5432/tcp", "--from", "eni-app"), ("eni-app", "5432/tcp", "--to", "10.9.0.4")):
            verdict, hops = self.explained(estate, *words)
            self.assertEqual((verdict, hops["inbound rules"][0]), ("possible", "possible"))
            self.assertIn("nat-9 may send it on by another one, 10.0.0.60", hops["inbound rules"][1])
        for nobody in ("10.0.0.61/32", "10.9.0.0/24"):  # neither the sender's nor the gateway's
            self.assertEqual(self.inside(translated(nobody), "app", "other"), set())
        estate["NetworkAcls"][-1]["Entries"].insert(0, entry(10, False, "deny", "6", "10.0.0.60/32", (5432, 5432)))
        self.assertEqual(self.inside(estate, "app", "other"), set())

    def test_an_appliance_may_send_on_by_whatever_address(self):
        estate = platform()
        estate["RouteTables"][1]["Routes"].append({"DestinationCidrBlock": "10.0.2.0/24", "State": "active", "NetworkInterfaceId": "eni-box"})
        estate["SecurityGroups"][2]["IpPermissions"] = [permission("tcp", (5432, 5432), ["10.0.7.7/32"])]
        self.assertEqual(self.inside(estate, "app", "db"), {("5432", "possible")})
        self.assertEqual(self.explained(estate, "10.0.2.4", "5432/tcp", "--from", "eni-app")[0], "possible")
        self.assertEqual(self.inside(estate, "web", "db"), set())  # by another table, which leads straight

    def test_the_subnets_of_transit_gateway_attachments_are_asked(self):
        reached = lambda estate: {(f["ports"], f["certainty"]) for f in self.routed(estate) if (f["from"], f["to"], f["protocol"]) == ("sg-app", "sg-other", "tcp")}
        self.assertEqual(reached(attached()), {("22,9000", "exact")})
        for name in ("acl-t", "acl-u"):
            estate = attached()
            next(a for a in estate["NetworkAcls"] if a["NetworkAclId"] == name)["Entries"].insert(0, entry(10, False, "deny", "6", "10.0.0.0/8", (22, 22)))
            self.assertEqual(reached(estate), {("22,9000", "possible")})
            self.assertIn("lies, does not let all pass", json.dumps(self.routed(estate)))
        estate = attached()
        estate["RouteTables"].append({"RouteTableId": "rtb-u", "VpcId": "vpc-2", "OwnerId": "111122223333", "Associations": [{"Main": False, "SubnetId": "subnet-u"}], "Routes": [
            {"DestinationCidrBlock": "10.9.0.0/16", "GatewayId": "local", "State": "active"}, {"DestinationCidrBlock": "10.9.0.0/24", "NetworkInterfaceId": "eni-box", "State": "active"}]})
        self.assertEqual(reached(estate), {("22,9000", "possible")})
        self.assertIn("eni-box", json.dumps(self.routed(estate)))
        estate["SecurityGroups"][-1]["IpPermissions"] = [permission("tcp", (22, 22), ["10.9.7.7/32"])]  # the appliance's own
        self.assertEqual(reached(estate), {("22", "possible")})
        del estate["TransitGatewayVpcAttachments"][1]
        self.assertIn("missing: the subnets of transit gateway attachment tgw-attach-2", json.dumps(self.routed(estate, 3)))

    def routed(self, estate, status=0):
        made = folder({**documents(estate), **{"111122223333/eu-west-3/" + name: json.dumps(text) for name, text in ROUTES.items()}})
        done = common.sgproof("segments", made, "--format", "json")
        self.assertEqual(done.returncode, status, done.stderr)
        return json.loads(done.stdout)["flows"]

    def test_a_table_of_the_gateway_that_leads_replies_elsewhere_makes_what_leaves_possible(self):
        estate = platform()
        edge = lambda where: {"RouteTableId": "rtb-edge", "VpcId": "vpc-1", "OwnerId": "111122223333", "Associations": [{"Main": False, "GatewayId": "igw-1"}], "Routes": [
            {"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local", "State": "active"}, {"DestinationCidrBlock": where, "NetworkInterfaceId": "eni-box", "State": "active"}]}
        estate["RouteTables"].append(edge("10.0.0.0/24"))
        self.assertEqual({c for c, _, _ in self.leaves(estate, "web")}, {"possible"})
        self.assertEqual({c for c, _, _ in self.leaves(estate, "app")}, {"possible"})  # its NAT gateway lies there
        self.assertIn("rtb-edge, the route table of igw-1, sends what comes back by it to eni-box", json.dumps(self.segments(estate)["outbound"]))
        estate["RouteTables"][-1] = edge("10.0.1.0/24")  # of a subnet that sends nothing by it itself
        self.assertEqual({c for c, _, _ in self.leaves(estate, "web")}, {"exact"})


if __name__ == "__main__":
    unittest.main()
