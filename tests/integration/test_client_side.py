"""What a client brings counts all the way: the port it asks from, through every ACL that its replies pass, and its family; explain asks as one of the internet."""
import json
import os
import sys
import tempfile
import unittest

sys.path[:0] = [os.path.dirname(__file__), os.path.join(os.path.dirname(__file__), "..")]
import common
from oracle import estates
from test_balancer_chains import chain
from test_load_balancers import balanced, classic
from test_snapshots import Case, entry, permission, plain, with_rules
from test_told_bridges import accelerator
from test_told_bridges import estate as accelerated
from test_world import documents, each, folder


def out(number, ports, cidr="0.0.0.0/0"):
    return entry(number, True, "allow", "6", cidr, ports)


def walled(estate, front=None, target=None):
    """The load balancer's and the target's subnets get ACLs of their own; each entry is of what leaves."""
    for subnet, entries in (("subnet-1", front), ("subnet-2", target)):
        if entries is None:
            continue
        for acl in estate["NetworkAcls"]:
            acl["Associations"] = [one for one in acl["Associations"] if one["SubnetId"] != subnet]
        estate["NetworkAcls"].append({"NetworkAclId": "acl-" + subnet, "VpcId": "vpc-1", "IsDefault": False, "Associations": [{"SubnetId": subnet}],
                                      "Entries": [entry(100, False, "allow"), *entries]})
    return estate


def to_targets(number=90):
    return entry(number, True, "allow", cidr="10.0.0.0/16")


def preserving():
    """A network load balancer whose targets see their clients."""
    estate = balanced("network", protocol="TCP")
    estate["SecurityGroups"][1]["IpPermissions"] = [permission("tcp", (8080, 8080), ["0.0.0.0/0"])]
    return estate


class ClientPorts(Case):
    def behind(self, estate, vantage=None, expect=0):
        """{private address: [(client ports, certainty)]}"""
        found = {}
        for one in self.outcome(estate, vantage, expect)["indirect"]:
            for x in one["exposures"]:
                found.setdefault(one["private_address"], []).append((x["client_ports"], x["certainty"]))
        return found

    @each([(balanced, "application"), (preserving, None), (classic, None)])
    def test_what_the_nodes_acl_lets_back_out_counts_behind_it(self, make, kind):
        estate = walled(make(), front=[to_targets(), out(100, (2000, 2000))])
        self.assertEqual(self.behind(estate), {"10.0.2.4": [("2000", "exact")]})
        self.assertEqual(self.behind(estate, "8.8.8.8:32768-60999"), {})
        self.assertEqual(self.behind(estate, "8.8.8.8:1024-60999"), {"10.0.2.4": [("2000", "exact")]})

    def test_of_both_acls_one_port_must_pass_where_the_target_sees_the_client(self):
        estate = walled(preserving(), [to_targets(), out(100, (2000, 2999))], [out(100, (2500, 3999))])
        self.assertEqual(self.behind(estate), {"10.0.2.4": [("2500-2999", "exact")]})
        estate = walled(preserving(), [to_targets(), out(100, (2000, 2999))], [out(100, (3000, 3999))])
        self.assertEqual(self.behind(estate), {})

    def test_the_targets_acl_does_not_see_the_client_behind_an_application_load_balancer(self):
        estate = walled(balanced(), [to_targets(), out(100, (2000, 2999))], [out(100, (1024, 65535), "10.0.0.0/16")])
        self.assertEqual(self.behind(estate), {"10.0.2.4": [("2000-2999", "exact")]})

    def test_clients_with_other_ports_are_told_apart(self):
        estate = walled(balanced(), [to_targets(), out(100, (2000, 2999), "8.0.0.0/9"), out(110, (5000, 5999), "8.128.0.0/9")])
        self.assertEqual(sorted(self.behind(estate)["10.0.2.4"]), [("2000-2999", "exact"), ("5000-5999", "exact")])
        self.assertEqual(self.behind(estate, "8.8.8.8:5000-5999"), {})
        self.assertEqual(self.behind(estate, "8.200.8.8:5000-5999"), {"10.0.2.4": [("5000-5999", "exact")]})

    def test_behind_two_load_balancers_the_outer_ones_ports_count(self):
        estate = walled(chain(), [to_targets(), out(100, (2000, 2999))])
        self.assertEqual(self.behind(estate)["10.0.2.4"], [("2000-2999", "exact")])
        self.assertEqual(self.behind(estate, "8.8.8.8:3000-3999"), {})

    @each([((443, 443), "possible"), ((1024, 65535), "exact"), ((0, 65535), "exact")])
    def test_an_acl_of_the_node_that_does_not_let_in_what_is_answered_to_a_client_whose_address_is_kept(self, ports, certainty):
        estate = balanced("network", protocol="TCP")
        estate["SecurityGroups"][1]["IpPermissions"][0]["IpRanges"] = [{"CidrIp": "8.0.0.0/8"}]
        estate = walled(estate, front=[entry(100, True, "allow"), entry(100, False, "allow", cidr="8.0.0.0/8"), entry(110, False, "allow", "6", "10.0.0.0/16", ports)])
        del estate["NetworkAcls"][-1]["Entries"][0]  # all that comes
        self.assertEqual({x["certainty"] for item in self.outcome(estate)["indirect"] for x in item["exposures"]}, {certainty})

    def test_explain_and_the_text_of_compute_say_so(self):
        estate = walled(balanced(), front=[to_targets(), out(100, (2000, 2000))])
        with tempfile.TemporaryDirectory() as path:
            estates.write(with_rules(estate), path)
            for ports, verdict in ((":32768-60999", "unreachable"), (":2000-2001", "reachable"), ("", "reachable")):
                said = common.sgproof("explain", path, "10.0.2.4", "8080/tcp", "--from", "8.8.8.8" + ports, "--format", "json").stdout
                self.assertEqual(json.loads(said)["verdict"], verdict)
            self.assertIn("8080/tcp from 8.0.0.0/8  [client ports 2000 only]", common.sgproof("compute", path).stdout)


class Explained(Case):
    def verdict(self, estate, address, *words):
        with tempfile.TemporaryDirectory() as path:
            estates.write(estate, path)
            return json.loads(common.sgproof("explain", path, address, "443/tcp", "--format", "json", *words).stdout)

    @each([("198.51.100.4", "2600::1"), ("2001:db8:1::4", "8.8.8.8"), ("2001:db8:1::4", "127.0.0.1")])
    def test_a_client_of_the_other_family_does_not_get_there(self, address, client):
        said = self.verdict(plain(), address, "--from", client)
        self.assertEqual((said["verdict"], said["stopped_by"]["text"]), ("unreachable", "the source is of the other address family"))

    @each([("2001:db8:1::4", "2001:db8:1::/56"), ("198.51.100.4", "198.51.0.0/16")])
    def test_without_a_client_it_asks_as_none_of_the_vpcs_own(self, address, own):
        estate = plain()
        six = ":" in own
        estate["Vpcs"][0]["Ipv6CidrBlockAssociationSet" if six else "CidrBlockAssociationSet"] = [
            {"Ipv6CidrBlock": own, "Ipv6CidrBlockState": {"State": "associated"}} if six else {"CidrBlock": own, "CidrBlockState": {"State": "associated"}}]
        estate["RouteTables"][0]["Routes"].append({"DestinationIpv6CidrBlock" if six else "DestinationCidrBlock": own, "GatewayId": "local", "State": "active"})
        estate["SecurityGroups"][0]["IpPermissions"] = [permission("tcp", (443, 443), *(([], [own]) if six else ([own],)))]
        said = self.verdict(estate, address)
        self.assertEqual(said["verdict"], "unreachable", said)


class Text(unittest.TestCase):
    def test_ports_of_what_is_behind_are_told_whole(self):
        made = accelerated()
        made["SecurityGroups"][0]["IpPermissions"] = [permission("tcp", (0, 65535), ["0.0.0.0/0"])]
        said = common.sgproof("compute", folder({**documents(made), **accelerator(ports=(1, 65535))})).stdout
        self.assertRegex(said, r"1-65535/tcp from 0\.0\.0\.0/0")


if __name__ == "__main__":
    unittest.main()
