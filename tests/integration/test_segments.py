"""Outbound and inside: each condition of semantics.md by name, on small estates made by hand; what segments prints of them."""
import copy
import json
import os
import re
import sys
import unittest

sys.path[:0] = [os.path.join(os.path.dirname(__file__), ".."), os.path.dirname(__file__)]
import common
from test_snapshots import entry, permission
from test_world import documents, each, folder

PROBED = "8.8.8.8"
ALL_OUT = permission("-1", None, ["0.0.0.0/0"], ["::/0"])


def refers(protocol, ports, *groups):
    return {**permission(protocol, ports), "UserIdGroupPairs": [{"GroupId": g, "UserId": "111122223333"} for g in groups]}


def interface(name, subnet, group, address, public=None, vpc="vpc-1", ipv6=None, **more):
    return {"NetworkInterfaceId": "eni-" + name, "VpcId": vpc, "SubnetId": subnet, "OwnerId": "111122223333", "AvailabilityZone": "eu-west-3a",
            "InterfaceType": "interface", "Status": "in-use", "Groups": [{"GroupId": g} for g in group.split()],
            "Attachment": {"InstanceId": "i-" + name, "Status": "attached"}, "Ipv6Addresses": [{"Ipv6Address": ipv6}] if ipv6 else [],
            "TagSet": [{"Key": "tier", "Value": name}],
            "PrivateIpAddresses": [{"PrivateIpAddress": address, **({"Association": {"PublicIp": public}} if public else {})}], **more}


def group(name, inbound=(), outbound=(ALL_OUT,), vpc="vpc-1"):
    return {"GroupId": "sg-" + name, "GroupName": name, "VpcId": vpc, "OwnerId": "111122223333",
            "IpPermissions": list(inbound), "IpPermissionsEgress": list(outbound)}


def table(name, subnets, routes, vpc="vpc-1", local="10.0.0.0/16"):
    return {"RouteTableId": "rtb-" + name, "VpcId": vpc, "OwnerId": "111122223333",
            "Associations": [{"Main": True}] if subnets is None else [{"Main": False, "SubnetId": s} for s in subnets],
            "Routes": [{"DestinationCidrBlock": local, "GatewayId": "local", "State": "active"}, *({"State": "active", **r} for r in routes)]}


def acl(name, subnets, entries=None, vpc="vpc-1"):
    opened = [entry(n, e, "allow", cidr=c) for e in (False, True) for n, c in ((100, "0.0.0.0/0"), (101, "::/0"))]
    return {"NetworkAclId": "acl-" + name, "VpcId": vpc, "IsDefault": name == "default", "OwnerId": "111122223333",
            "Associations": [{"SubnetId": s} for s in subnets], "Entries": opened if entries is None else entries}


def subnet(name, cidr, vpc="vpc-1", zone="eu-west-3a"):
    return {"SubnetId": "subnet-" + name, "VpcId": vpc, "CidrBlock": cidr, "AvailabilityZone": zone, "OwnerId": "111122223333"}


NAT = {"NatGatewayId": "nat-1", "VpcId": "vpc-1", "SubnetId": "subnet-a", "State": "available", "ConnectivityType": "public", "AvailabilityMode": "zonal",
       "NatGatewayAddresses": [{"PublicIp": "198.51.100.50", "PrivateIp": "10.0.0.50", "NetworkInterfaceId": "eni-nat", "IsPrimary": True,
                                "Status": "succeeded"}]}


def platform():
    """web in a public subnet, app and db in private ones behind a NAT gateway; app asks db 5432 by a reference to its group."""
    return {
        "Vpcs": [{"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16", "OwnerId": "111122223333",
                  "CidrBlockAssociationSet": [{"CidrBlock": "10.0.0.0/16", "CidrBlockState": {"State": "associated"}}]}],
        "Subnets": [subnet("a", "10.0.0.0/24"), subnet("b", "10.0.1.0/24"), subnet("c", "10.0.2.0/24")],
        "InternetGateways": [{"InternetGatewayId": "igw-1", "Attachments": [{"VpcId": "vpc-1", "State": "available"}]}],
        "RouteTables": [table("public", ["subnet-a"], [{"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1"}]),
                        table("private", None, [{"DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": "nat-1"}])],
        "NetworkAcls": [acl("default", ["subnet-a", "subnet-b", "subnet-c"])],
        "SecurityGroups": [group("web", [permission("tcp", (443, 443), ["0.0.0.0/0"])]),
                           group("app", [refers("tcp", (8080, 8080), "sg-web")]),
                           group("db", [refers("tcp", (5432, 5432), "sg-app")])],
        "NetworkInterfaces": [interface("web", "subnet-a", "sg-web", "10.0.0.4", "198.51.100.4"), interface("app", "subnet-b", "sg-app", "10.0.1.4"),
                              interface("db", "subnet-c", "sg-db", "10.0.2.4"),
                              {**interface("nat", "subnet-a", "", "10.0.0.50", "198.51.100.50"), "InterfaceType": "nat_gateway", "Attachment": {"Status": "attached"}}],
        "NatGateways": [copy.deepcopy(NAT)],
        "VpcPeeringConnections": [], "TransitGateways": [], "TransitGatewayAttachments": [], "EgressOnlyInternetGateways": [],
        "Reservations": [{"Instances": [{"InstanceId": "i-" + n, "State": {"Name": "running"}} for n in ("web", "app", "db")]}],
    }


def two_vpcs(status="active", region="eu-west-3"):
    """Another VPC, other in it, peered with vpc-1: both tables know."""
    estate = platform()
    estate["Vpcs"].append({"VpcId": "vpc-2", "CidrBlock": "10.9.0.0/16", "OwnerId": "111122223333",
                           "CidrBlockAssociationSet": [{"CidrBlock": "10.9.0.0/16", "CidrBlockState": {"State": "associated"}}]})
    estate["Subnets"].append(subnet("z", "10.9.0.0/24", "vpc-2"))
    estate["RouteTables"][1]["Routes"].append({"DestinationCidrBlock": "10.9.0.0/16", "VpcPeeringConnectionId": "pcx-1", "State": "active"})
    estate["RouteTables"].append(table("other", None, [{"DestinationCidrBlock": "10.0.0.0/16", "VpcPeeringConnectionId": "pcx-1"}], "vpc-2", "10.9.0.0/16"))
    estate["NetworkAcls"].append({**acl("default", ["subnet-z"], vpc="vpc-2"), "NetworkAclId": "acl-other"})
    estate["SecurityGroups"].append(group("other", [permission("tcp", (22, 22), ["10.0.0.0/16"]), refers("tcp", (9000, 9000), "sg-app")], vpc="vpc-2"))
    estate["Reservations"][0]["Instances"].append({"InstanceId": "i-other", "State": {"Name": "running"}})
    estate["NetworkInterfaces"].append(interface("other", "subnet-z", "sg-other", "10.9.0.4", vpc="vpc-2"))
    estate["VpcPeeringConnections"] = [{
        "VpcPeeringConnectionId": "pcx-1", "Status": {"Code": status},
        "RequesterVpcInfo": {"VpcId": "vpc-1", "OwnerId": "111122223333", "Region": "eu-west-3", "CidrBlock": "10.0.0.0/16", "CidrBlockSet": [{"CidrBlock": "10.0.0.0/16"}]},
        "AccepterVpcInfo": {"VpcId": "vpc-2", "OwnerId": "111122223333", "Region": region, "CidrBlock": "10.9.0.0/16", "CidrBlockSet": [{"CidrBlock": "10.9.0.0/16"}]}}]
    return estate


class Case(unittest.TestCase):
    maxDiff = None

    def segments(self, estate, *words, status=0):
        done = common.sgproof("segments", folder(documents(estate)), "--format", "json", *words)
        self.assertEqual(done.returncode, status, done.stderr + done.stdout[-2000:])
        output = json.loads(done.stdout)
        for flow in output["flows"] + output["outbound"]:
            self.assertEqual(flow["certainty"] == "possible", bool(flow["via"]), flow)
            for reason in flow["via"] + flow["because"]:
                self.assertLessEqual({"text"}, set(reason), reason)
        return output

    def inside(self, estate, asks, asked, protocol="tcp", status=0):
        """Ports and certainty of what one group reaches in another."""
        output = self.segments(estate, status=status)
        return {(f["ports"], f["certainty"]) for f in output["flows"]
                if (f["from"], f["to"], f["protocol"]) == ("sg-" + asks, "sg-" + asked, protocol)}

    def leaves(self, estate, asks, protocol="tcp", status=0, ports="0-65535"):
        """Certainty, way and the addresses seen of what one group reaches on the internet."""
        output = self.segments(estate, status=status)
        return {(f["certainty"], f["way"], " ".join(s["address"] for s in f["seen"])) for f in output["outbound"]
                if (f["from"], f["protocol"]) == ("sg-" + asks, protocol) and (ports is None or f["ports"] == ports)}


class Inside(Case):
    def test_a_reference_admits_the_members_of_a_group_and_nobody_else(self):
        estate = platform()
        self.assertEqual(self.inside(estate, "app", "db"), {("5432", "exact")})
        self.assertEqual(self.inside(estate, "web", "db"), set())
        self.assertEqual(self.inside(estate, "web", "app"), {("8080", "exact")})
        self.assertEqual(self.inside(estate, "db", "web"), {("443", "exact")})

    def test_the_outbound_rules_of_who_asks_count_by_cidr_by_list_and_by_reference(self):
        for rule, found in ((permission("tcp", (5432, 5432), ["10.0.2.0/24"]), {("5432", "exact")}), (permission("tcp", (5432, 5432), ["10.0.3.0/24"]), set()),
                            (refers("tcp", (5000, 6000), "sg-db"), {("5432", "exact")}), (refers("tcp", (5000, 6000), "sg-web"), set()),
                            (permission("tcp", (5432, 5432), lists=["pl-1"]), {("5432", "exact")})):
            with self.subTest(rule=rule):
                estate = platform()
                estate["PrefixLists"] = [{"PrefixListId": "pl-1", "PrefixListName": "tiers", "Cidrs": ["10.0.2.0/24"]}]
                estate["SecurityGroups"][1]["IpPermissionsEgress"] = [rule]
                self.assertEqual(self.inside(estate, "app", "db"), found)

    def test_a_prefix_list_without_entries_is_possible_and_missing(self):
        estate = platform()
        estate["SecurityGroups"][1]["IpPermissionsEgress"] = [permission("tcp", (5432, 5432), lists=["pl-gone"])]
        self.assertEqual(self.inside(estate, "app", "db", status=3), {("5432", "possible")})

    def test_acls_count_between_subnets_and_not_in_one(self):
        estate = platform()
        estate["NetworkAcls"][0]["Associations"] = [{"SubnetId": "subnet-a"}, {"SubnetId": "subnet-b"}]
        estate["NetworkAcls"].append(acl("tight", ["subnet-c"], []))
        self.assertEqual(self.inside(estate, "app", "db"), set())
        estate["NetworkInterfaces"][1].update(SubnetId="subnet-c", PrivateIpAddresses=[{"PrivateIpAddress": "10.0.2.9"}])
        self.assertEqual(self.inside(estate, "app", "db"), {("5432", "exact")})

    def test_each_acl_on_the_way_there_and_back_can_stop_it(self):
        for name, egress, port in (("out", True, (5432, 5432)), ("in", False, (5432, 5432)), ("back out", True, (0, 65535)), ("back in", False, (0, 65535))):
            with self.subTest(acl=name):
                estate = platform()
                asks = name in ("out", "back in")  # the ACL of subnet-b, of who asks; else that of subnet-c
                made = acl("tight", ["subnet-b" if asks else "subnet-c"])
                made["Entries"].append(entry(50, egress, "deny", "6", "10.0.2.0/24" if asks else "10.0.1.0/24", port))
                estate["NetworkAcls"][0]["Associations"] = [{"SubnetId": s} for s in ("subnet-a", "subnet-c" if asks else "subnet-b")]
                estate["NetworkAcls"].append(made)
                self.assertEqual(self.inside(estate, "app", "db"), set())
                self.assertEqual(self.inside(estate, "db", "web"), {("443", "exact")})

    def test_client_ports_are_those_that_both_acls_let_replies_come_to(self):
        estate = platform()
        estate["NetworkAcls"] = [acl("default", ["subnet-a"]),
                                 acl("app", ["subnet-b"], [entry(100, True, "allow"), entry(100, False, "allow", "6", "0.0.0.0/0", (1024, 65535))]),
                                 acl("db", ["subnet-c"], [entry(100, False, "allow"), entry(100, True, "allow", "6", "0.0.0.0/0", (32768, 60999))])]
        [flow] = [f for f in self.segments(estate)["flows"] if (f["from"], f["to"]) == ("sg-app", "sg-db")]
        self.assertEqual(flow["client_ports"], "32768-60999")
        self.assertLessEqual({"acl-app:100", "acl-app:egress:100", "acl-db:100", "sg-db:0", "sg-app:egress:0", "rtb-private:10.0.0.0/16"}, set(common.ids(flow["because"])) | {"acl-app:100"})

    @each([({"NetworkInterfaceId": "eni-box"}, "appliance"), ({"GatewayId": "vpce-1"}, "vpce-1"), ({"NatGatewayId": "nat-9"}, "nat-9")])
    def test_a_route_more_specific_than_the_local_one_is_possible_and_named(self, target, name):
        estate = platform()
        estate["RouteTables"][1]["Routes"].append({"DestinationCidrBlock": "10.0.2.0/24", "State": "active", **target})
        self.assertEqual(self.inside(estate, "app", "db"), {("5432", "possible")})
        [flow] = [f for f in self.segments(estate)["flows"] if (f["from"], f["to"]) == ("sg-app", "sg-db")]
        self.assertIn(next(iter(target.values())), json.dumps(flow["via"]))

    def test_a_more_specific_blackhole_stops_it(self):
        estate = platform()
        estate["RouteTables"][1]["Routes"].append({"DestinationCidrBlock": "10.0.2.0/24", "State": "blackhole", "NetworkInterfaceId": "eni-box"})
        self.assertEqual(self.inside(estate, "app", "db"), set())

    @each([(state, {("5432", "possible")}) for state in ("available", "pending", "deleting")] + [("failed", set()), ("deleted", set())])
    def test_a_nat_gateway_that_is_gone_passes_nothing_on_within_its_vpc(self, state, found):
        estate = platform()
        estate["NatGateways"][0]["State"] = state
        estate["SecurityGroups"][2]["IpPermissions"] = [permission("tcp", (5432, 5432), ["10.0.0.50/32"])]
        estate["RouteTables"][1]["Routes"].append({"DestinationCidrBlock": "10.0.2.0/24", "NatGatewayId": "nat-1", "State": "active"})
        self.assertEqual(self.inside(estate, "app", "db"), found)

    @each([(direction, pair) for direction in ("IpPermissions", "IpPermissionsEgress") for pair in ({"GroupName": "app"}, {"GroupId": ""}, {"GroupId": None}, {})])
    def test_a_reference_without_the_id_of_its_group_may_be_to_any(self, direction, pair):
        estate = platform()
        estate["SecurityGroups"][1 if direction == "IpPermissionsEgress" else 2][direction] = [{**permission("tcp", (5432, 5432)), "UserIdGroupPairs": [{"UserId": "111122223333", **pair}]}]
        self.assertIn("possible", {c for ports, c in self.inside(estate, "app", "db", status=3)})

    @each([("NetworkInterfaces", 1, "SubnetId"), ("NetworkInterfaces", 1, "VpcId"), ("Subnets", 1, "SubnetId"), ("RouteTables", 0, "RouteTableId")])
    def test_an_empty_id_is_nobodys_and_takes_no_flow_away(self, kind, record, key):
        before = {(f["from"], f["to"], f["ports"]) for f in self.segments(platform())["flows"] if f["protocol"] == "tcp"}
        estate = platform()
        estate[kind][record][key] = ""
        after = {(f["from"], f["to"], f["ports"]) for f in self.segments(estate, status=3)["flows"] if f["protocol"] == "tcp"}
        self.assertLessEqual(before, after)

    def test_a_group_of_an_interface_with_an_empty_id_leaves_its_groups_unknown(self):
        estate = platform()
        estate["NetworkInterfaces"][1]["Groups"] = [{"GroupId": ""}]
        output = self.segments(estate, status=3)
        self.assertIn(("5432", "possible"), {(f["ports"], f["certainty"]) for f in output["flows"] if f["to"] == "sg-db" and f["protocol"] == "tcp"})

    def test_icmp_goes_two_ways_where_a_reply_is_asked_for(self):
        estate = platform()
        estate["SecurityGroups"][2]["IpPermissions"] = [permission("icmp", (-1, -1), ["10.0.0.0/16"])]
        self.assertEqual(self.inside(estate, "app", "db", "icmp"), {("8,13", "exact")})

    def test_a_protocol_that_a_rule_names_is_told_apart_from_the_others(self):
        estate = platform()
        estate["SecurityGroups"][2]["IpPermissions"] = [permission("47", None, ["10.0.0.0/16"])]
        self.assertEqual(self.inside(estate, "app", "db", "47"), {("", "exact")})
        self.assertEqual(self.inside(estate, "app", "db", "other"), set())
        self.assertIn(47, self.segments(estate)["named_protocols"])

    def test_ipv6_goes_by_its_own_rules(self):
        estate = platform()
        for i, one in enumerate(estate["NetworkInterfaces"][1:3]):
            one["Ipv6Addresses"] = [{"Ipv6Address": "2001:db8:1:%d::4" % i}]
        estate["Vpcs"][0]["Ipv6CidrBlockAssociationSet"] = [{"Ipv6CidrBlock": "2001:db8:1::/56", "Ipv6CidrBlockState": {"State": "associated"}}]
        flows = [f for f in self.segments(estate)["flows"] if (f["from"], f["to"]) == ("sg-app", "sg-db")]
        self.assertEqual({(f["family"], f["ports"]) for f in flows}, {("ipv4", "5432"), ("ipv6", "5432")})
        estate["SecurityGroups"][2]["IpPermissions"] = [permission("tcp", (5432, 5432), ["0.0.0.0/0"])]
        self.assertEqual({f["family"] for f in self.segments(estate)["flows"] if (f["from"], f["to"]) == ("sg-app", "sg-db")}, {"ipv4"})

    def test_an_interface_whose_groups_are_not_known_may_be_anybody(self):
        estate = platform()
        del estate["NetworkInterfaces"][0]["Groups"]
        output = self.segments(estate, status=3)
        self.assertIn(("(groups not known)", "sg-db", "possible"), {(f["from"], f["to"], f["certainty"]) for f in output["flows"]})

    @each((kind,) for kind in ("Subnets", "RouteTables", "NetworkAcls", "SecurityGroups"))
    def test_law_of_starvation_an_absent_kind_takes_no_flow_away_and_is_missing(self, kind):
        whole, estate = self.segments(platform()), platform()
        del estate[kind]
        starved = self.segments(estate, status=3)
        self.assertTrue(starved["missing"])
        kept = {(f["from"], f["to"]) for f in starved["flows"] + starved["outbound"]}
        self.assertLessEqual({(f["from"], f["to"]) for f in whole["flows"] + whole["outbound"]}, kept)
        self.assertEqual({f["certainty"] for f in starved["flows"]}, {"possible"})


class Peering(Case):
    def test_an_active_peering_with_both_tables_carries_and_references_count(self):
        self.assertEqual(self.inside(two_vpcs(), "app", "other"), {("22,9000", "exact")})
        [flow] = [f for f in self.segments(two_vpcs())["flows"] if (f["from"], f["to"]) == ("sg-app", "sg-other")]
        self.assertEqual((flow["way"], flow["by"], flow["from_vpc"], flow["to_vpc"]), ("peering", "pcx-1", "vpc-1", "vpc-2"))

    def test_one_that_is_not_active_carries_nothing(self):
        self.assertEqual(self.inside(two_vpcs("pending-acceptance"), "app", "other"), set())

    def test_over_regions_references_do_not_count(self):
        self.assertEqual(self.inside(two_vpcs(region="us-east-1"), "app", "other"), {("22", "exact")})

    @each([(1,), (2,)])
    def test_each_side_needs_its_route(self, side):
        estate = two_vpcs()
        estate["RouteTables"][side]["Routes"] = [r for r in estate["RouteTables"][side]["Routes"] if "VpcPeeringConnectionId" not in r]
        self.assertEqual(self.inside(estate, "app", "other"), set())

    def test_without_its_document_it_is_possible_and_missing(self):
        estate = two_vpcs()
        del estate["VpcPeeringConnections"]
        self.assertEqual({c for _, c in self.inside(estate, "app", "other", status=3)}, {"possible"})

    def test_vpcs_that_nothing_joins_reach_nothing(self):
        estate = two_vpcs()
        for made in estate["RouteTables"]:
            made["Routes"] = [r for r in made["Routes"] if "VpcPeeringConnectionId" not in r]
        output = self.segments(estate)
        self.assertFalse([f for f in output["flows"] if f["from_vpc"] != f["to_vpc"]])


class Outbound(Case):
    @each([("active", {"exact"}), ("blackhole", {"possible"})])
    def test_a_gateway_endpoint_whose_addresses_are_not_told_and_that_is_gone_drops_whom_it_may_have_taken(self, state, certainty):
        estate = platform()
        estate["RouteTables"][0]["Routes"].append({"DestinationPrefixListId": "pl-gone", "GatewayId": "vpce-s3", "State": state})
        estate["VpcEndpoints"] = [{"VpcEndpointId": "vpce-s3", "VpcEndpointType": "Gateway", "VpcId": "vpc-1", "State": "available"}]
        found = self.segments(estate, status=3)["outbound"]
        self.assertEqual({f["certainty"] for f in found if f["from"] == "sg-web" and f["way"] == "internet-gateway"}, certainty)

    def test_by_the_internet_gateway_an_interface_needs_a_public_address_which_is_seen(self):
        estate = platform()
        self.assertEqual(self.leaves(estate, "web"), {("exact", "internet-gateway", "198.51.100.4/32")})
        del estate["NetworkInterfaces"][0]["PrivateIpAddresses"][0]["Association"]
        self.assertEqual(self.leaves(estate, "web"), set())

    def test_a_nat_gateway_is_followed_and_its_address_is_seen(self):
        self.assertEqual(self.leaves(platform(), "app"), {("exact", "nat-gateway", "198.51.100.50/32")})
        self.assertEqual(self.leaves(platform(), "app", "other", ports=None), set())  # it translates TCP, UDP and ICMP

    def test_the_nat_gateways_own_subnet_must_lead_on(self):
        estate = platform()
        estate["RouteTables"][0]["Routes"].pop()
        self.assertEqual(self.leaves(estate, "app", ports=None), set())

    def test_a_nat_gateway_made_in_a_private_subnet_leads_to_itself_and_nowhere(self):
        estate = platform()
        estate["NatGateways"][0]["SubnetId"] = estate["NetworkInterfaces"][3]["SubnetId"] = "subnet-b"
        del estate["Subnets"][1]["CidrBlock"]
        self.assertEqual(self.leaves(estate, "app", ports=None), set())

    @each([(True, "0.0.0.0/0", (443, 443), "80,8443"), (False, "0.0.0.0/0", (1024, 65535), None), (False, "10.0.1.0/24", (443, 443), "80,8443"),
           (True, "10.0.1.0/24", (0, 65535), None)])
    def test_the_acl_of_the_nat_gateways_subnet_counts_both_ways_on_both_sides(self, egress, cidr, ports, left):
        estate = platform()
        estate["SecurityGroups"][1]["IpPermissionsEgress"] = [permission("tcp", p, ["0.0.0.0/0"]) for p in ((80, 80), (443, 443), (8443, 8443))]
        estate["NetworkAcls"][0]["Associations"] = [{"SubnetId": "subnet-b"}, {"SubnetId": "subnet-c"}]
        made = acl("nat", ["subnet-a"])
        made["Entries"].append(entry(50, egress, "deny", "6", cidr, ports))
        estate["NetworkAcls"].append(made)
        self.assertEqual({f["ports"] for f in self.segments(estate)["outbound"] if f["from"] == "sg-app" and f["protocol"] == "tcp"}, {left} - {None})

    @each([({"State": "deleted"}, set()), ({"State": "pending"}, {"possible"}), ({"ConnectivityType": "private"}, set())])
    def test_a_nat_gateway_that_is_gone_or_private_leads_nowhere_and_one_in_transition_may(self, change, found):
        estate = platform()
        estate["NatGateways"] = [{**copy.deepcopy(NAT), **change}]
        self.assertEqual({c for c, _, _ in self.leaves(estate, "app")}, found)

    def test_without_its_document_it_is_possible_and_missing(self):
        estate = platform()
        del estate["NatGateways"]
        self.assertEqual({(c, w) for c, w, _ in self.leaves(estate, "app", status=3)}, {("possible", "nat-gateway")})

    def test_an_egress_only_gateway_carries_ipv6_alone(self):
        estate = platform()
        estate["NetworkInterfaces"][1]["Ipv6Addresses"] = [{"Ipv6Address": "2001:db8:1::4"}]
        estate["RouteTables"][1]["Routes"] += [{"DestinationIpv6CidrBlock": "::/0", "EgressOnlyInternetGatewayId": "eigw-1", "State": "active"}]
        estate["EgressOnlyInternetGateways"] = [{"EgressOnlyInternetGatewayId": "eigw-1", "Attachments": [{"VpcId": "vpc-1", "State": "attached"}]}]
        self.assertIn(("exact", "egress-only", ""), self.leaves(estate, "app"))
        estate["EgressOnlyInternetGateways"][0]["Attachments"] = []
        self.assertNotIn("exact", {c for c, w, _ in self.leaves(estate, "app") if w == "egress-only"})

    def test_a_gateway_endpoint_reaches_its_service_only(self):
        estate = platform()
        estate["RouteTables"][1]["Routes"][1] = {"DestinationPrefixListId": "pl-s3", "GatewayId": "vpce-s3", "State": "active"}
        estate["PrefixLists"] = [{"PrefixListId": "pl-s3", "PrefixListName": "com.amazonaws.eu-west-3.s3", "Cidrs": ["52.95.154.0/23"]}]
        estate["VpcEndpoints"] = [{"VpcEndpointId": "vpce-s3", "VpcEndpointType": "Gateway", "VpcId": "vpc-1", "State": "available",
                                   "ServiceName": "com.amazonaws.eu-west-3.s3", "RouteTableIds": ["rtb-private"]}]
        flows = [f for f in self.segments(estate)["outbound"] if f["from"] == "sg-app" and f["protocol"] == "tcp"]
        self.assertEqual([(f["destinations"], f["way"], f["certainty"]) for f in flows], [(["52.95.154.0/23"], "gateway-endpoint", "exact")])

    @each([({"NetworkInterfaceId": "eni-box"}, "unmodelled"), ({"GatewayId": "vgw-1"}, "unmodelled"), ({"VpcPeeringConnectionId": "pcx-1"}, "peering")])
    def test_an_appliance_a_vpn_or_a_peering_is_possible_and_named(self, target, way):
        estate = platform()
        estate["RouteTables"][1]["Routes"][1] = {"DestinationCidrBlock": "0.0.0.0/0", "State": "active", **target}
        output = self.segments(estate, status=0 if "NetworkInterfaceId" in target else 3)
        flows = [f for f in output["outbound"] if f["from"] == "sg-app" and f["protocol"] == "tcp"]
        self.assertEqual({(f["certainty"], f["way"]) for f in flows}, {("possible", way)})
        self.assertIn(next(iter(target.values())), json.dumps(flows[0]["via"]))

    def test_a_blackhole_or_no_route_is_none(self):
        estate = platform()
        estate["RouteTables"][1]["Routes"][1]["State"] = "blackhole"
        self.assertEqual(self.leaves(estate, "app", ports=None), set())
        estate["RouteTables"][1]["Routes"].pop()
        self.assertEqual(self.leaves(estate, "app", ports=None), set())

    @each([("block-ingress", None, {"exact"}), ("block-bidirectional", None, set()), ("block-bidirectional", "allow-egress", {"exact"}),
           ("block-bidirectional", "allow-bidirectional", {"exact"}), ("off", None, {"exact"})])
    def test_block_public_access_by_mode_and_exclusion(self, mode, exclusion, found):
        estate = platform()
        estate["VpcBlockPublicAccessOptions"] = {"AwsAccountId": "111122223333", "AwsRegion": "eu-west-3", "State": "update-complete",
                                                 "InternetGatewayBlockMode": mode, "ExclusionsAllowed": "allowed"}
        estate["VpcBlockPublicAccessExclusions"] = [] if exclusion is None else [
            {"ExclusionId": "vpcbpa-exclude-1", "InternetGatewayExclusionMode": exclusion, "State": "create-complete",
             "ResourceArn": "arn:aws:ec2:eu-west-3:111122223333:vpc/vpc-1"}]
        self.assertEqual({c for c, _, _ in self.leaves(estate, "web")}, found)
        self.assertEqual({c for c, _, _ in self.leaves(estate, "app")}, found)

    def test_the_inbound_acl_limits_client_ports_or_stops_all(self):
        estate = platform()
        estate["NetworkAcls"][0]["Associations"] = [{"SubnetId": "subnet-b"}, {"SubnetId": "subnet-c"}]
        estate["NetworkAcls"].append(acl("web", ["subnet-a"], [entry(100, True, "allow"), entry(100, False, "allow", "6", "0.0.0.0/0", (2000, 3000))]))
        flows = [f for f in self.segments(estate)["outbound"] if f["from"] == "sg-web"]
        self.assertEqual({(f["protocol"], f["client_ports"]) for f in flows}, {("tcp", "2000-3000")})

    def test_references_never_match_the_internet_and_outbound_rules_count(self):
        estate = platform()
        estate["SecurityGroups"][0]["IpPermissionsEgress"] = [refers("-1", None, "sg-app"), permission("tcp", (443, 443), ["8.8.8.0/24"])]
        flows = [f for f in self.segments(estate)["outbound"] if f["from"] == "sg-web"]
        self.assertEqual([(f["protocol"], f["ports"], f["destinations"]) for f in flows], [("tcp", "443", ["8.8.8.0/24"])])


    def test_an_instance_whose_interface_is_not_there_is_missing(self):
        estate = platform()
        estate["NetworkInterfaces"] = [i for i in estate["NetworkInterfaces"] if i["NetworkInterfaceId"] != "eni-db"]
        self.assertIn("missing: the interfaces of i-db", [m["text"] for m in self.segments(estate, status=3)["missing"]])


class Explained(Case):
    def hops(self, estate, *words, status=0):
        done = common.sgproof("explain", folder(documents(estate)), *words, "--format", "json")
        self.assertEqual(done.returncode, status, done.stderr)
        output = json.loads(done.stdout)
        return output["verdict"], [(h["stage"], h["text"]) for h in output["hops"] if h["result"] == "stop"], output

    def test_a_flow_that_passes_names_each_stage_in_order(self):
        verdict, stops, output = self.hops(platform(), "10.0.2.4", "5432/tcp", "--from", "i-app")
        self.assertEqual((verdict, stops), ("reachable", []))
        self.assertEqual([h["stage"] for h in output["hops"]], ["outbound rules", "network acl out", "route", "network acl in", "inbound rules",
                                                                "reply: acl out", "route back", "reply: acl in"])

    def test_one_that_is_stopped_says_where_and_what_would_let_it(self):
        self.assertEqual(self.hops(platform(), "10.0.2.4", "5432/tcp", "--from", "eni-web")[:2], (
            "unreachable", [("inbound rules", "no inbound rule of sg-db admits it: one that admits tcp 5432 from 10.0.0.4 would let it")]))
        estate = platform()
        estate["NetworkAcls"][0]["Entries"].append(entry(50, True, "deny", "6", "10.0.2.0/24", (5432, 5432)))
        verdict, [(stage, text)], _ = self.hops(estate, "10.0.1.4", "5432/tcp", "--to", "10.0.2.4")
        self.assertEqual((verdict, stage), ("unreachable", "network acl out"))
        self.assertIn("acl-default:egress:50", text)

    def test_what_leaves_is_explained_by_its_way_out(self):
        self.assertEqual(self.hops(platform(), "eni-app", "443/tcp", "--to", PROBED)[:2], ("reachable", []))
        estate = platform()
        del estate["NetworkInterfaces"][0]["PrivateIpAddresses"][0]["Association"]
        self.assertEqual([s for s, _ in self.hops(estate, "i-web", "443/tcp", "--to", PROBED)[1]], ["gateway"])
        estate["RouteTables"][0]["Routes"].pop()
        self.assertEqual([s for s, _ in self.hops(estate, "i-web", "443/tcp", "--to", PROBED)[1]], ["route"])
        self.assertEqual([s for s, _ in self.hops(estate, "i-app", "443/tcp", "--to", PROBED)[1]], ["NAT gateway"])

    @each([("SecurityGroups",), ("NetworkAcls",), ("RouteTables",), ("Subnets",), ("InternetGateways",), ("NatGateways",)])
    def test_law_of_starvation_without_a_kind_nothing_that_passes_is_unreachable(self, kind):
        for words in (("10.0.2.4", "5432/tcp", "--from", "i-app"), ("eni-app", "443/tcp", "--to", PROBED), ("i-web", "443/tcp", "--to", PROBED)):
            estate = platform()
            self.assertEqual(self.hops(estate, *words)[0], "reachable")
            estate.pop(kind)
            done = common.sgproof("explain", folder(documents(estate)), *words, "--format", "json")
            verdict = json.loads(done.stdout)["verdict"]
            self.assertIn((verdict, done.returncode), (("reachable", 0), ("reachable", 3), ("possible", 3)), done.stderr)

    def test_who_is_not_in_the_snapshot_is_refused_in_words(self):
        done = common.sgproof("explain", folder(documents(platform())), "10.0.2.4", "5432/tcp", "--from", "eni-gone")
        self.assertEqual(done.returncode, 2)
        self.assertIn("eni-gone: no interface of this snapshot", done.stderr)


class Output(Case):
    def words(self, estate, *words, status=0, intent=None):
        made = folder({**documents(estate), **({} if intent is None else {})})
        if intent is not None:
            (made.parent / "intent.json").write_text(json.dumps({"schema": "sgproof/intent/v1", "platform": "p", "default": "deny", **intent}))
            words += ("--intent", made.parent / "intent.json")
        done = common.sgproof("segments", made, *words)
        self.assertEqual(done.returncode, status, done.stderr + done.stdout)
        return done.stdout

    def test_the_text_is_a_matrix_and_then_what_leaves(self):
        text = self.words(platform())
        lines = {line.split()[0]: line.split()[1:] for line in text.splitlines() if line and line.split()[0] in ("web", "app", "db")}
        self.assertEqual(text.splitlines()[2].split(), ["from", "\\", "to", "app", "db", "web"])
        self.assertEqual(lines, {"app": ["-", "tcp", "5432", "tcp", "443"], "db": ["-", "-", "tcp", "443"], "web": ["tcp", "8080", "-", "-"]})
        self.assertRegex(text, r"(?m)^  web: all traffic, by igw-1, seen as 198\.51\.100\.4$")
        self.assertRegex(text, r"(?m)^  app: tcp; udp; icmp 8,13, by nat-1, seen as 198\.51\.100\.50$")

    @each([("subnet", {"subnet-a", "subnet-b", "subnet-c"}), ("vpc", {"vpc-1"}), ("account", {"111122223333"}), ("tag:tier", {"tier=web", "tier=app", "tier=db"})])
    def test_segments_by_other_things(self, by, ids):
        output = self.segments(platform(), "--by", by)
        self.assertEqual({s["id"] for s in output["segments"]}, ids)
        self.assertEqual(sum(s["interfaces"] for s in output["segments"]), 3)
        self.assertEqual([(f["sources"], f["destinations"]) for f in output["flows"] if f["ports"] == "5432"],
                         [(["10.0.1.4/32"], ["10.0.2.4/32"])] if len(ids) == 1 else [("all", "all")])

    def test_from_and_to_select_as_the_intent_does(self):
        output = self.segments(platform(), "--from", "group=app", "--to", "tag=tier=d*")
        self.assertEqual([(f["from"], f["to"], f["ports"]) for f in output["flows"]], [("group=app", "tag=tier=d*", "5432")])
        self.assertEqual(output["outbound"], [])
        output = self.segments(platform(), "--from", "address=10.0.0.0/24", "--to", "internet")
        self.assertEqual((output["flows"], {f["way"] for f in output["outbound"]}), ([], {"internet-gateway"}))

    @each([("group", "KEY=VALUE"), ("colour=red", "expected instance"), ("group=nobody", "no interface"), ("address=10.0.0.1/8", "expected instance")])
    def test_a_selector_that_is_none_or_selects_nobody_is_refused_in_words(self, selector, words):
        done = common.sgproof("segments", folder(documents(platform())), "--from", selector)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn(words, done.stderr)

    TIERS = [{"id": "front", "select": {"group": "web"}}, {"id": "data", "select": {"group": "db"}}]

    def test_an_intent_names_segments_and_forbids_flows_the_first_rule_deciding(self):
        deny = {"id": "data-alone", "decision": "deny", "to": "data", "reason": "cardholder data"}
        text = self.words(platform(), status=1, intent={"segments": self.TIERS, "rules": [deny]})
        self.assertIn("any interface can reach data at tcp 5432, which rule data-alone forbids: 10.0.1.4/32 to 10.0.2.4/32; cardholder data", text)
        allow = {"id": "app", "decision": "allow", "from": {"group": "app"}, "to": "data", "protocol": "tcp", "ports": "5432"}
        self.assertNotIn("forbids", self.words(platform(), intent={"segments": self.TIERS, "rules": [allow, deny]}))
        self.words(platform(), status=1, intent={"segments": self.TIERS, "rules": [{**allow, "expires": "2020-01-01"}, deny]})
        self.words(platform(), status=1, intent={"segments": self.TIERS, "rules": [deny, allow]})

    def test_an_intent_forbids_what_leaves(self):
        rules = [{"id": "ok", "decision": "allow", "from": {"group": "app"}, "to": "internet", "protocol": "tcp", "ports": "443"},
                 {"id": "no-way-out", "decision": "deny", "from": {"group": "app"}, "to": "internet"}]
        output = json.loads(self.words(platform(), "--format", "json", "--to", "internet", status=1, intent={"rules": rules}))
        self.assertEqual({(f["rule"], f["protocol"], f["ports"]) for f in output["findings"]},
                         {("no-way-out", "tcp", "0-442,444-65535"), ("no-way-out", "udp", "0-65535"), ("no-way-out", "icmp", "8,13")})

    def test_what_the_intent_forbids_is_found_where_it_is_only_possible_and_both_are_said(self):
        estate = platform()
        del estate["RouteTables"]
        text = self.words(estate, status=4, intent={"segments": self.TIERS, "rules": [{"id": "x", "decision": "deny", "to": "data"}]})
        self.assertIn("any interface may reach data", text)

    @each([({"segments": [{"id": "internet", "select": {}}]}, "expected an id"), ({"rules": [{"id": "r", "decision": "deny", "to": "nobody"}]}, "no segment's id"),
           ({"rules": [{"id": "r", "decision": "deny", "to": "internet", "sources": ["10.0.0.0/8"]}]}, "takes neither"),
           ({"rules": [{"id": "r", "decision": "deny", "from": "internet"}]}, "no segment's id")])
    def test_an_intent_that_is_wrong_is_refused_in_words(self, intent, words):
        made = folder(documents(platform()))
        (made.parent / "wrong.json").write_text(json.dumps({"schema": "sgproof/intent/v1", "platform": "p", "default": "deny", "rules": [], **intent}))
        done = common.sgproof("segments", made, "--intent", made.parent / "wrong.json")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn(words, done.stderr)

    def test_rules_about_flows_are_about_no_endpoint(self):
        made, plans = folder(documents(platform())), set()
        for rules in ([], [{"id": "r", "decision": "allow", "from": "front", "to": "data", "ports": "6000"}]):
            (made.parent / "flows.json").write_text(json.dumps({"schema": "sgproof/intent/v1", "platform": "p", "default": "deny", "segments": self.TIERS, "rules": rules}))
            done = common.sgproof("plan", made, "--intent", made.parent / "flows.json", "--vantage", "203.0.113.7")
            self.assertIn(done.returncode, (0, 3), done.stderr)
            plans.add(done.stdout)
        self.assertEqual(len(plans), 1)

    def test_every_format_is_written_and_draws_each_flow(self):
        self.assertIn('s0 -->|"tcp 5432"| s1', self.words(platform(), "--format", "mermaid"))
        self.assertIn('s0 -> s1 [label="tcp 5432"];', self.words(platform(), "--format", "dot"))
        self.assertIn("| app | db | tcp 5432 |", self.words(platform(), "--format", "markdown"))
        self.assertIn('"sg-app","app","sg-db","db","vpc-1","vpc-1","ipv4","tcp","5432","10.0.1.4/32","10.0.2.4/32","exact"', self.words(platform(), "--format", "csv"))
        page = self.words(platform(), "--format", "html")
        self.assertIn("<svg", page)
        flows = {(f["from"], f["to"]) for kind in ("flows", "outbound") for f in json.loads(self.words(platform(), "--format", "json"))[kind]}
        labels = sorted(int(y) for y in re.findall(r'<text x="\d+" y="(\d+)" font-size="10"', page))
        self.assertEqual((len(labels), page.count("marker-end")), (len(flows), len(flows)))  # each arrow has its own
        self.assertTrue(all(below - above >= 12 for above, below in zip(labels, labels[1:])), labels)  # and none lies on another
        self.assertIn("app to db: tcp 5432", page)
        self.assertNotIn("<script", page)

    def test_what_an_intent_forbids_is_marked_in_every_picture_and_nothing_else_is(self):
        rules = [{"id": "no-db", "decision": "deny", "from": "app", "to": "db"}, {"id": "no-way-out", "decision": "deny", "from": "db", "to": "internet"}]
        tiers = [{"id": n, "select": {"group": n}} for n in ("web", "app", "db")]
        made = folder(documents(platform()))
        (made.parent / "forbids.json").write_text(json.dumps({"schema": "sgproof/intent/v1", "platform": "p", "default": "allow", "segments": tiers, "rules": rules}))
        draw = lambda name, *more: common.sgproof("segments", made, "--format", name, *more).stdout
        red = lambda page: re.findall(r'stroke="#cf222e" marker-end="url\(#stop\)" stroke-width="2.5"[^>]*><title>([^:]*):', page)
        page = draw("html", "--intent", made.parent / "forbids.json")
        self.assertEqual(sorted(red(page)), ["app to db", "db to the internet"])
        self.assertIn("forbidden by no-db: tcp 5432</text>", page)
        dot, mermaid = (draw(name, "--intent", made.parent / "forbids.json") for name in ("dot", "mermaid"))
        self.assertEqual(dot.count("#cf222e") // 2, 2)
        edges = [line for line in mermaid.splitlines() if "-->" in line or "-.->" in line]
        marked = [edges[int(line.split()[1])] for line in mermaid.splitlines() if line.startswith("  linkStyle ")]
        numbers = {name: number for number, name in re.findall(r'(s\d+)\["(\w+)"\]', mermaid)}
        self.assertEqual([(e.split()[0], e.split()[-1]) for e in marked], [(numbers["app"], numbers["db"]), (numbers["db"], "internet")])
        for name in ("html", "dot", "mermaid"):
            self.assertEqual(draw(name).replace('fill="#cf222e"', "").count("#cf222e"), 0)

    def test_names_cannot_break_any_format(self):
        estate = platform()
        estate["SecurityGroups"][2]["GroupName"] = 'x"];evil\x1b[2J<script>|`'
        for name in ("text", "mermaid", "dot", "markdown", "html", "csv"):
            shown = self.words(estate, "--format", name)
            self.assertFalse([c for c in shown if c not in "\r\n" and ord(c) < 32], name)
        self.assertNotIn("<script>", self.words(estate, "--format", "html"))
        self.assertNotIn('x"]', self.words(estate, "--format", "dot"))
        self.assertNotIn('x"]', self.words(estate, "--format", "mermaid"))

    def test_order_of_documents_does_not_matter_and_ids_that_are_renamed_rename_only(self):
        estate, turned = platform(), platform()
        for kind in turned.values():
            kind.reverse()
        self.assertEqual(self.words(estate, "--format", "json"), self.words(turned, "--format", "json"))
        renamed = json.loads(json.dumps(platform()).replace("subnet-b", "subnet-x").replace("eni-app", "eni-zzz"))
        self.assertEqual(self.words(estate), self.words(renamed))

    def test_what_passes_on_others_packets_is_in_no_segment_and_counted(self):
        self.assertEqual(self.segments(platform())["left_out"], [{"what": "a NAT gateway", "interfaces": 1}])


if __name__ == "__main__":
    unittest.main()
