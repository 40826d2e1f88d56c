"""Automated Internet Firewall: a firewall between a VPC and its internet gateway, which no route leads to."""
import json
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import common
from test_constructs_gates import SHUT, Gates, hidden, world
from test_world import MAYBE, REACHED, documents, each, folder, named

ARN = "arn:aws:network-firewall:eu-west-3:111122223333:firewall/edge"


def guarded(mode="enforce", status="active", treatment=None, estate=None, told=True):
    """world() behind a firewall: its VPC says so, or its routes alone."""
    estate = estate or world()
    if told:
        estate["Vpcs"][0]["NetworkFirewallAssociations"] = [{key: value for key, value in (
            ("FirewallArn", ARN), ("FirewallMode", mode), ("FirewallOnboardingStatus", status)) if value}]
    if treatment:
        estate["Subnets"][0]["NetworkFirewallConnectivityType"] = treatment
    for route in estate["RouteTables"][0]["Routes"]:
        if route.get("GatewayId", "").startswith("igw-"):
            route["IgwFirewall"] = {"FirewallArn": ARN, "Status": status or "active"}
    return estate


class InternetFirewall(Gates):
    @each([("enforce", "active", None, MAYBE), ("enforce", "pending", None, MAYBE), ("enforce", "disabling", None, MAYBE), ("enforce", "a-new-word", None, MAYBE),
           ("monitor", "active", None, REACHED), ("monitor", "pending", None, REACHED), ("monitor", "a-new-word", None, MAYBE), ("a-new-word", "active", None, MAYBE),
           (None, "active", None, MAYBE), ("enforce", None, None, MAYBE), ("monitor", None, None, MAYBE),
           ("enforce", "active", "exclude", REACHED), ("enforce", "active", "az-unsupported", REACHED), ("enforce", "active", "bidirectional", MAYBE),
           ("enforce", "active", "flexible", MAYBE), ("enforce", "active", "outbound-only", MAYBE), ("enforce", "active", "a-new-word", MAYBE)])
    def test_what_it_may_drop_is_possible_and_names_it(self, mode, status, treatment, answer):
        says = {"endpoints": "AWS Network Firewall edge"} if answer == MAYBE else {}
        self.verdict(guarded(mode, status, treatment), answer, **says)

    def test_where_only_the_routes_tell_of_it_it_is_possible(self):
        estate = guarded(told=False)
        self.verdict(estate, MAYBE, endpoints="AWS Network Firewall edge rtb-1")
        del estate["Vpcs"]
        self.verdict(estate, MAYBE, endpoints="AWS Network Firewall edge rtb-1")

    def test_a_vpc_without_one_and_a_vpc_without_a_gateway(self):
        estate = world()
        estate["Vpcs"][0]["NetworkFirewallAssociations"] = []
        self.verdict(estate, REACHED)
        self.verdict({**guarded(), "InternetGateways": [{"InternetGatewayId": "igw-1", "Attachments": []}]}, SHUT)

    @each([("x",), (None,), ([None],), ([{"FirewallArn": 7, "FirewallMode": "monitor"}],)])
    def test_what_is_not_understood_of_it_is_possible(self, value):
        estate = world()
        estate["Vpcs"][0]["NetworkFirewallAssociations"] = value
        self.verdict(estate, MAYBE, 3, unread="NetworkFirewallAssociations")

    @each([("flexible", "possible"), ("outbound-only", "possible"), (None, "possible"), ("a-new-word", "possible"), ("bidirectional", None), ("exclude", None), ("az-unsupported", None)])
    def test_what_has_no_public_address_gets_out_perhaps_where_it_translates_addresses(self, treatment, certainty):
        for mode in ("enforce", "monitor"):
            estate = guarded(mode, treatment=treatment, estate=hidden())
            estate["SecurityGroups"][0]["IpPermissionsEgress"] = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}], "Ipv6Ranges": [], "PrefixListIds": [], "UserIdGroupPairs": []}]
            output = json.loads(common.sgproof("segments", folder(documents(estate)), "--by", "group", "--format", "json").stdout)
            self.assertEqual({flow["certainty"] for flow in output["outbound"]}, {certainty} - {None}, output["outbound"])
            if certainty:
                self.assertTrue(named(output, ["outbound"], "may translate the addresses of subnet-1"))
            done = common.sgproof("explain", folder(documents(estate)), "8.8.8.8", "443/tcp", "--from", "eni-1")
            self.assertEqual("it has no public address" in done.stdout, certainty is None, done.stdout)


if __name__ == "__main__":
    unittest.main()
