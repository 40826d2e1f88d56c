"""explain of what begins inside: one answer by --from and --to; at public addresses of the snapshot, over the internet, and of each address."""
import json
import os
import sys
import unittest

sys.path[:0] = [os.path.join(os.path.dirname(__file__), ".."), os.path.dirname(__file__)]
import common
from test_segments import Case, acl, entry, permission, platform, two_vpcs
from test_world import documents, folder


def over_internet():
    """vpc-1 and vpc-2 without a peering connection; web and other have IPv6 addresses and a route to an internet gateway each."""
    estate = two_vpcs()
    estate["VpcPeeringConnections"] = []
    for one in estate["RouteTables"][1:]:
        one["Routes"] = [r for r in one["Routes"] if "VpcPeeringConnectionId" not in r]
    for n, vpc in ((1, estate["Vpcs"][0]), (2, estate["Vpcs"][1])):
        vpc["Ipv6CidrBlockAssociationSet"] = [{"Ipv6CidrBlock": "2001:db8:%d::/56" % n, "Ipv6CidrBlockState": {"State": "associated"}}]
    estate["InternetGateways"].append({"InternetGatewayId": "igw-2", "Attachments": [{"VpcId": "vpc-2", "State": "available"}]})
    estate["RouteTables"][0]["Routes"].append({"DestinationIpv6CidrBlock": "::/0", "GatewayId": "igw-1", "State": "active"})
    estate["RouteTables"][2]["Routes"] += [{"DestinationIpv6CidrBlock": "::/0", "GatewayId": "igw-2", "State": "active"}, {"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-2", "State": "active"}]
    at = lambda name: next(i for i in estate["NetworkInterfaces"] if i["NetworkInterfaceId"] == "eni-" + name)
    at("web")["Ipv6Addresses"], at("other")["Ipv6Addresses"] = [{"Ipv6Address": "2001:db8:1::4"}], [{"Ipv6Address": "2001:db8:2::4"}]
    at("other")["PrivateIpAddresses"][0]["Association"] = {"PublicIp": "198.51.100.9"}
    estate["SecurityGroups"][-1]["IpPermissions"] = [permission("tcp", (443, 443), ["198.51.100.4/32"], ["2001:db8:1::/64"]),
                                                     permission("tcp", (22, 22), ["198.51.100.50/32"])]
    return estate


class Meeting(Case):
    def explained(self, estate, *words, status=0):
        done = common.sgproof("explain", folder(documents(estate)), *words, "--format", "json")
        self.assertEqual(done.returncode, status, done.stderr)
        document = json.loads(done.stdout)
        return document["verdict"], [h["stage"] for h in document["hops"] if h["result"] == "stop"], document

    def both_ways(self, estate, source, port, target, status=0):
        answers = [self.explained(estate, *words, status=status) for words in ((source, port, "--to", target), (target, port, "--from", source))]
        self.assertEqual(answers[0][:2], answers[1][:2])
        return answers[0][:2]

    def test_a_public_address_of_the_snapshot_is_asked_for_its_own_groups_and_acl(self):
        estate = over_internet()
        self.assertEqual(self.both_ways(estate, "eni-web", "443/tcp", "198.51.100.9"), ("reachable", []))
        self.assertEqual(self.both_ways(estate, "eni-web", "22/tcp", "198.51.100.9"), ("unreachable", ["there: security groups"]))
        self.assertEqual(self.explained(estate, "eni-web", "443/tcp", "--to", "198.51.100.9")[2]["to_eni_id"], "eni-other")
        self.assertEqual(self.both_ways(estate, "eni-app", "22/tcp", "198.51.100.9"), ("reachable", []))  # by the NAT gateway's address
        self.assertEqual(self.both_ways(estate, "10.0.1.4", "443/tcp", "198.51.100.9"), ("unreachable", ["there: security groups"]))
        next(a for a in estate["NetworkAcls"] if a["NetworkAclId"] == "acl-other")["Entries"].insert(0, entry(10, False, "deny", "6", "198.51.100.4/32", (443, 443)))
        self.assertEqual(self.both_ways(estate, "eni-web", "443/tcp", "198.51.100.9"), ("unreachable", ["there: network acl in"]))
        self.assertEqual(self.explained(estate, "eni-web", "443/tcp", "--to", "8.8.8.8")[0], "reachable")

    def test_where_no_address_is_told_by_which_it_is_seen_what_anybody_gets_in_by_is_possible(self):
        estate = over_internet()
        estate["NatGateways"][0]["NatGatewayAddresses"] = []
        self.assertEqual(self.both_ways(estate, "eni-app", "22/tcp", "198.51.100.9"), ("possible", []))
        self.assertEqual(self.both_ways(estate, "eni-app", "25/tcp", "198.51.100.9"), ("unreachable", ["there"]))
        estate["SecurityGroups"][1]["IpPermissionsEgress"] = []
        verdict, stops = self.both_ways(estate, "eni-app", "22/tcp", "198.51.100.9")
        self.assertEqual((verdict, stops[0]), ("unreachable", "outbound rules"))

    def test_ipv6_of_two_vpcs_meets_over_the_internet_and_segments_explain_and_plan_say_so(self):
        estate = over_internet()
        reached = lambda: {(f["ports"], f["certainty"], f["way"], f["family"]) for f in self.segments(estate)["flows"] if (f["from"], f["to"]) == ("sg-web", "sg-other")}
        self.assertEqual(reached(), {("443", "exact", "internet-gateway", "ipv6")})
        self.assertEqual(self.both_ways(estate, "2001:db8:1::4", "443/tcp", "2001:db8:2::4"), ("reachable", []))
        self.assertEqual(self.both_ways(estate, "2001:db8:1::4", "22/tcp", "2001:db8:2::4"), ("unreachable", ["inbound rules"]))
        done = common.sgproof("plan", folder(documents(estate)), "--vantage-interface", "eni-web", "--depth", "declared")
        self.assertIn(("2001:db8:2::4", "443", "reachable"), {(t["address"], t.get("ports"), t.get("expect")) for t in map(json.loads, done.stdout.splitlines()) if "address" in t})
        estate["NetworkInterfaces"][-1]["DenyAllIgwTraffic"] = True
        self.assertEqual(reached(), set())
        self.assertEqual(self.both_ways(estate, "2001:db8:1::4", "443/tcp", "2001:db8:2::4"), ("unreachable", ["gateway in"]))
        del estate["NetworkInterfaces"][-1]["DenyAllIgwTraffic"]
        estate["RouteTables"][2]["Routes"].pop(-2)
        self.assertEqual(self.both_ways(estate, "2001:db8:1::4", "443/tcp", "2001:db8:2::4"), ("unreachable", ["route back"]))
        self.assertEqual(reached(), set())

    def test_an_id_stands_for_all_addresses_and_an_address_for_itself(self):
        estate = platform()
        estate["NetworkInterfaces"][2]["PrivateIpAddresses"].append({"PrivateIpAddress": "10.0.2.5"})
        estate["SecurityGroups"][1]["IpPermissionsEgress"] = [permission("tcp", (5432, 5432), ["10.0.2.5/32"])]
        done = common.sgproof("explain", folder(documents(estate)), "eni-db", "5432/tcp", "--from", "eni-app")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("to 10.0.2.4 (eni-db): unreachable", done.stdout)
        self.assertIn("to 10.0.2.5 (eni-db): reachable", done.stdout)
        self.assertEqual(self.explained(estate, "10.0.2.5", "5432/tcp", "--from", "eni-app")[0], "reachable")
        done = common.sgproof("explain", folder(documents(estate)), "eni-db", "5432/tcp", "--from", "eni-app", "--format", "json")
        self.assertEqual(done.returncode, 2)
        self.assertIn("10.0.2.4, 10.0.2.5: JSON is of one packet", done.stderr)

    def test_what_arrives_and_gets_no_answer_back_goes_one_way(self):
        estate = platform()
        estate["NetworkAcls"][0]["Associations"] = [{"SubnetId": "subnet-a"}, {"SubnetId": "subnet-b"}]
        estate["NetworkAcls"].append(acl("mute", ["subnet-c"], [entry(100, False, "allow")]))
        verdict, stops, document = self.explained(estate, "10.0.2.4", "5432/tcp", "--from", "eni-app")
        self.assertEqual((verdict, stops, document["one_way"]), ("unreachable", ["reply: acl out"], True))
        self.assertFalse(self.explained(estate, "10.0.2.4", "22/tcp", "--from", "eni-app")[2]["one_way"])
        self.assertIn("one way: it arrives", common.sgproof("explain", folder(documents(estate)), "10.0.2.4", "5432/tcp", "--from", "eni-app").stdout)

    def test_what_lacks_ends_explain_as_it_ends_segments(self):
        estate = two_vpcs()
        del estate["VpcPeeringConnections"]
        self.assertEqual(self.explained(estate, "10.9.0.4", "22/tcp", "--from", "eni-app", status=3)[0], "possible")
        self.segments(estate, status=3)
        estate = platform()
        estate["RouteTables"][1]["Routes"].append({"DestinationCidrBlock": "8.8.8.0/24", "GatewayId": "vgw-1", "State": "active"})
        estate["VpnGateways"] = []
        self.assertIn("missing: virtual private gateway vgw-1", [m["text"] for m in self.segments(estate, status=3)["missing"]])
        self.assertEqual(self.explained(estate, "eni-app", "443/tcp", "--to", "8.8.8.8", status=3)[0], "possible")


if __name__ == "__main__":
    unittest.main()
