"""Prefixes delegated to interfaces, as EKS gives them to its nodes for their pods: whose their addresses are as targets."""
import copy
import os
import sys
import unittest

sys.path[:0] = [os.path.dirname(__file__), os.path.join(os.path.dirname(__file__), "..")]
import common
from test_balancer_targets import Behind
from test_load_balancers import balanced, interface
from test_world import documents, each, folder

IN_FOUR, IN_SIX = {"Ipv4Prefixes": [{"Ipv4Prefix": "10.0.2.64/28"}]}, {"Ipv6Prefixes": [{"Ipv6Prefix": "2001:db8:2:0:1::/80"}]}
POD = {4: "10.0.2.70", 6: "2001:db8:2:0:1::9"}


def pods(family, told=None):
    """An application load balancer before the address of a pod."""
    estate = balanced(target_type="ip", target_id=POD[family])
    estate["NetworkInterfaces"][1].update(told if told is not None else {**IN_FOUR, **IN_SIX})
    if family == 6:
        estate["TargetGroups"][0]["IpAddressType"] = "ipv6"
        estate["NetworkInterfaces"][0]["Ipv6Addresses"] = [{"Ipv6Address": "2001:db8:1::9"}]
    return estate


def blocks(estate, vpc="2001:db8:2::/56", subnet="2001:db8:2::/64"):
    for record, block in ((estate["Vpcs"][0], vpc), (estate["Subnets"][1], subnet)):
        if block:
            record["Ipv6CidrBlockAssociationSet"] = [{"Ipv6CidrBlock": block, "Ipv6CidrBlockState": {"State": "associated"}}]
    return estate


class DelegatedPrefixes(Behind):
    def lacks(self, estate):
        output = self.outcome(estate, expect=3)
        self.assertEqual([item for item in output["indirect"] if item["exposures"][0]["certainty"] == "exact"], [])
        return common.missing(output)

    @each([(4,), (6,)])
    def test_a_target_in_a_prefix_of_an_interface_is_that_interface(self, family):
        estate = pods(family)
        self.assertEqual(self.behind(estate), {("443/HTTPS", POD[family]): {("8.0.0.0/8", "exact")}})
        self.assertEqual([item["eni_id"] for item in self.outcome(estate)["indirect"]], ["eni-web"])

    @each([(4,), (6,)])
    def test_the_groups_of_that_interface_decide(self, family):
        estate = pods(family)
        estate["SecurityGroups"][1]["IpPermissions"] = []
        self.assertEqual(self.behind(estate), {})

    @each([(4,), (6,)])
    def test_explain_knows_an_address_in_a_prefix_and_the_way_to_it(self, family):
        text = common.sgproof("explain", folder(documents(pods(family))), POD[family], "8080/tcp").stdout
        self.assertIn("Behind front 443/HTTPS, at eni-web: reachable\n", text)
        alone = common.sgproof("explain", folder(documents(pods(family))), POD[family].replace("70", "71"), "22/tcp")
        self.assertEqual(alone.returncode, 0, alone.stderr)

    @each([(4,), (6,)])
    def test_an_address_beside_every_prefix_is_nobodys(self, family):
        estate = blocks(pods(family))
        estate["LoadBalancerTargetHealth"][0]["TargetHealthDescriptions"][0]["Target"]["Id"] = {4: "10.0.2.80", 6: "2001:db8:2:0:2::9"}[family]
        self.assertEqual(len(self.lacks(estate)), 1)

    @each([(4,), (6,)])
    def test_an_address_of_one_interface_in_a_prefix_of_another_is_of_neither_alone(self, family):
        estate = pods(family)
        other = interface("other", POD[4] if family == 4 else "10.0.2.5", subnet="subnet-2", groups=["sg-web"])
        if family == 6:
            other["Ipv6Addresses"] = [{"Ipv6Address": POD[6]}]
        estate["NetworkInterfaces"].append(other)
        self.assertIn("missing: whose address %s is: of eni-other and of eni-web alike" % POD[family], self.lacks(estate))
        output = self.outcome(estate, expect=3)
        self.assertEqual({(i["eni_id"], i["exposures"][0]["certainty"]) for i in output["indirect"]}, {("eni-other", "possible"), ("eni-web", "possible")})

    def test_two_interfaces_with_one_private_address_in_one_vpc_are_believed_neither(self):
        estate = balanced(target_type="ip", target_id="10.0.2.4")
        estate["NetworkInterfaces"].append(interface("twin", "10.0.2.4", subnet="subnet-2", groups=["sg-web"]))
        self.assertIn("missing: whose address 10.0.2.4 is: of eni-twin and of eni-web alike", self.lacks(estate))

    def test_records_of_an_interface_that_differ_in_its_prefixes_are_believed_neither(self):
        estate = pods(4)
        estate["NetworkInterfaces"].append({**copy.deepcopy(estate["NetworkInterfaces"][1]), "Ipv4Prefixes": [{"Ipv4Prefix": "10.0.2.96/28"}]})
        self.assertEqual({(i["eni_id"], i["exposures"][0]["certainty"]) for i in self.outcome(estate, expect=3)["indirect"]}, {("eni-web", "possible")})

    def test_a_prefix_that_only_the_instance_tells_of_makes_its_interface_possible(self):
        estate = pods(4, {})
        estate["Reservations"][0]["Instances"][0]["NetworkInterfaces"] = [{**copy.deepcopy(estate["NetworkInterfaces"][1]), **IN_FOUR}]
        self.assertEqual({(i["eni_id"], i["exposures"][0]["certainty"]) for i in self.outcome(estate, expect=3)["indirect"]}, {("eni-web", "possible")})

    @each([([{"Ipv4Prefix": "10.0.2.64/33"}],), ([{}],), ("10.0.2.64/28",), ([{"Ipv4Prefix": "2001:db8::/80"}],)])
    def test_a_prefix_that_is_not_understood_is_unread(self, told):
        self.assertTrue(self.outcome(pods(4, {"Ipv4Prefixes": told}), expect=3)["unread"])


class OutsideTheSnapshot(Behind):
    """A target that no interface of the snapshot has."""

    @each([("2001:db8:2::/56", "2001:db8:2::/64"), ("2001:db8:2::/56", None), (None, "2001:db8:2::/64"), (None, None)])
    def test_an_ipv6_target_in_the_vpcs_blocks_is_missing(self, vpc, subnet):
        output = self.outcome(blocks(pods(6, {}), vpc, subnet), expect=3)
        self.assertEqual(common.missing(output), ["missing: the interface of target %s of target group web" % POD[6]])

    @each([("2001:db8:3::/56", "2001:db8:3::/64"), ("2001:db8:3::/56", None), (None, "2001:db8:3::/64")])
    def test_an_ipv6_target_in_none_of_the_vpcs_blocks_is_not_covered(self, vpc, subnet):
        output = self.outcome(blocks(pods(6, {}), vpc, subnet))
        self.assertIn("target %s of target group web is no interface of this snapshot" % POD[6], output["not_covered"])

    def test_an_ipv4_target_in_a_block_of_the_vpc_of_which_no_subnet_is_told_is_missing(self):
        estate = pods(4, {})
        estate["Vpcs"][0]["CidrBlockAssociationSet"] = [{"CidrBlock": "10.0.0.0/16"}]
        for subnet in estate["Subnets"]:
            subnet["CidrBlock"] = {"subnet-1": "10.0.0.0/24"}.get(subnet["SubnetId"], "10.0.2.0/27")
        output = self.outcome(estate, expect=3)
        self.assertEqual(common.missing(output), ["missing: the interface of target 10.0.2.70 of target group web"])


if __name__ == "__main__":
    unittest.main()
