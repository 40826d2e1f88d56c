"""What is said of what others have or brought: a shared VPC's participants, BYOIP ranges, load balancers that moved or translate, paused clusters."""
import os
import sys
import unittest

sys.path[:0] = [os.path.dirname(__file__), os.path.join(os.path.dirname(__file__), "..")]
import common
from test_balancer_targets import Behind
from test_load_balancers import balanced, classic, interface
from test_owners import redshift
from test_snapshots import permission, plain
from test_world import each, named

OTHER = "444455556666"


def of_another(estate, index=0):
    estate["NetworkInterfaces"][index]["OwnerId"] = OTHER
    return estate


def without(estate, *kinds):
    for kind in kinds:
        estate.pop(kind, None)
    return estate


class Guests(Behind):
    def assumed(self, estate):
        estate["Vpcs"][0]["OwnerId"] = "111122223333"
        for kind in ("Subnets", "SecurityGroups"):
            for one in estate[kind]:
                one["OwnerId"] = "111122223333"
        estate["NetworkInterfaces"].append(interface("own", "10.0.0.77"))
        for one in estate["NetworkInterfaces"]:
            one.setdefault("OwnerId", "111122223333")
        return [text for text in self.outcome(estate)["assumptions"] if OTHER in text]

    def test_of_a_participants_load_balancer_it_says_that_none_is_taken_to_be_there(self):
        estate = without(of_another(balanced()), "Listeners", "TargetGroups", "LoadBalancerTargetHealth")
        estate["LoadBalancers"] = []
        [text] = self.assumed(estate)
        self.assertRegex(text, "^LoadBalancers absent in %s/.*: none is taken to be there" % OTHER)

    def test_of_a_participants_classic_one_too(self):
        estate = of_another(classic())
        estate["LoadBalancerDescriptions"] = []
        [text] = self.assumed(estate)
        self.assertRegex(text, "^LoadBalancerDescriptions absent in %s/" % OTHER)

    def test_of_a_participants_instance_that_it_is_taken_as_running(self):
        estate = of_another(plain())
        estate["Reservations"] = [{"Instances": []}]
        [text] = self.assumed(estate)
        self.assertRegex(text, "^Reservations absent in %s/.*: every instance is taken as running" % OTHER)

    def test_nothing_of_an_interface_behind_which_nothing_stands(self):
        estate = of_another(plain())
        estate["Reservations"] = [{"Instances": []}]
        estate["NetworkInterfaces"][0].pop("Attachment", None)
        self.assertEqual(self.assumed(estate), [])


class Brought(Behind):
    def test_ranges_that_their_owner_brought_are_taken_as_advertised_and_that_is_said(self):
        estate = plain()
        estate["Addresses"] = [{"PublicIp": "198.51.100.4", "AssociationId": "a", "PublicIpv4Pool": "ipv4pool-ec2-1"}]
        estate["Vpcs"][0]["Ipv6CidrBlockAssociationSet"] = [{"Ipv6CidrBlock": "2001:db8:1::/56", "IpSource": "byoip", "Ipv6CidrBlockState": {"State": "associated"}}]
        said = [text for text in self.outcome(estate)["assumptions"] if "BYOIP" in text]
        self.assertEqual(sorted(text.split()[0] for text in said), ["2001:db8:1::/56", "ipv4pool-ec2-1"])

    @each([("advertised", "exact"), ("provisioned", "possible"), ("provisioned-not-publicly-advertisable", "possible"), ("pending-withdrawal", "possible"),
           ("a state of tomorrow", "possible"), (None, "possible")])
    def test_a_range_that_is_not_surely_advertised_is_possible_and_named(self, state, certainty):
        for brought in ("198.51.100.0/24", "2001:db8:1::/56"):
            estate = plain()
            estate["Addresses"] = [{"PublicIp": "198.51.100.4", "AssociationId": "a", "PublicIpv4Pool": "ipv4pool-ec2-1"}]
            estate["Vpcs"][0]["Ipv6CidrBlockAssociationSet"] = [{"Ipv6CidrBlock": "2001:db8:1::/56", "IpSource": "byoip", "Ipv6CidrBlockState": {"State": "associated"}}]
            estate["NetworkInterfaces"][0]["Ipv6Addresses"] = [{"Ipv6Address": "2001:db8:1::9"}]
            estate["RouteTables"][0]["Routes"].append({"DestinationIpv6CidrBlock": "::/0", "GatewayId": "igw-1", "State": "active"})
            estate["NetworkAcls"][0]["Entries"] += [{**entry, "Ipv6CidrBlock": "::/0", "RuleNumber": 101} for entry in estate["NetworkAcls"][0]["Entries"]
                                                    if entry["RuleNumber"] == 100]
            for entry in estate["NetworkAcls"][0]["Entries"]:
                if "Ipv6CidrBlock" in entry:
                    entry.pop("CidrBlock", None)
            estate["SecurityGroups"][0]["IpPermissions"] = [permission("tcp", (443, 443), ["0.0.0.0/0"], ["::/0"])]
            estate["ByoipCidrs"] = [{"Cidr": brought, **({"State": state} if state else {})}]
            output = self.outcome(estate, expect=0 if state else 3)
            for endpoint in output["endpoints"]:
                inside = (":" in endpoint["address"]) == (":" in brought)
                self.assertEqual({x["certainty"] for x in endpoint["exposures"]}, {certainty if inside else "exact"}, (brought, endpoint["address"]))
                if inside and certainty == "possible":
                    self.assertIn("%s was brought by its owner (BYOIP)" % brought, str(endpoint["exposures"]))
                    self.assertIn("describe-byoip-cidrs", str(endpoint["exposures"]))
            self.assertEqual(len([text for text in output["assumptions"] if "BYOIP" in text]), 1, "the other one is not told of")

    def test_a_range_that_is_wider_than_anybodys_is_not_understood(self):
        for cidr in ("0.0.0.0/0", "192.0.0.0/7", "::/0", "2000::/3"):
            estate = plain()
            estate["ByoipCidrs"] = [{"Cidr": cidr, "State": "provisioned"}]
            output = self.outcome(estate, expect=3)
            self.assertIn("wider than what anybody has", output["unread"][0]["why"])
            self.assertEqual({x["certainty"] for x in output["endpoints"][0]["exposures"]}, {"exact"})

    def test_ranges_of_global_accelerator_are_others(self):
        estate = plain()
        estate["ByoipCidrs"] = [{"Cidr": "198.51.100.0/24", "State": "READY", "Events": []}]
        self.assertEqual({x["certainty"] for x in self.outcome(estate)["endpoints"][0]["exposures"]}, {"exact"})

    def test_amazons_own_are_not_worth_a_word(self):
        estate = plain()
        estate["Addresses"] = [{"PublicIp": "198.51.100.4", "AssociationId": "a", "PublicIpv4Pool": "amazon"}]
        self.assertFalse([text for text in self.outcome(estate)["assumptions"] if "BYOIP" in text])

    def test_an_address_of_a_regional_nat_gateway_has_no_interface(self):
        estate = plain()
        estate["Addresses"] = [{"PublicIp": "198.51.100.77", "AssociationId": "a", "ServiceManaged": "rnat"}]
        self.assertEqual(self.outcome(estate)["missing"], [])
        estate["Addresses"][0]["ServiceManaged"] = "alb"
        self.assertTrue(named(self.outcome(estate, expect=3), ["missing"], "198.51.100.77"))


class Moved(Behind):
    @each([(balanced, "LoadBalancers", "AvailabilityZones", [{"ZoneName": "eu-west-3a", "SubnetId": "subnet-7"}]), (classic, "LoadBalancerDescriptions", "Subnets", ["subnet-7"])])
    def test_a_node_in_a_subnet_that_is_none_of_its_load_balancers_is_possible(self, make, kind, key, value):
        estate = make()
        estate[kind][0][key] = value
        output = self.outcome(estate, expect=3)
        self.assertEqual({x["certainty"] for x in output["endpoints"][0]["exposures"]}, {"possible"})
        self.assertTrue(named(output, ["unread"], "no subnet of its load balancer"))

    @each([("2001:db8:1:0:8000::/80", "possible"), (None, "possible"), ("2001:db8:9::/80", None), (None, "possible", "on with a new word"), (None, "possible", None),
           (None, None, "off"), ("2001:db8:1:0:8000::/80", "possible", "off")])
    def test_ipv6_targets_asked_from_a_source_nat_prefix(self, prefix, certainty, word="on"):
        estate = balanced("network", "ip", "2001:db8:1:2::4", "UDP")
        estate["LoadBalancers"][0].update(IpAddressType="dualstack", EnablePrefixForIpv6SourceNat="on", AvailabilityZones=[
            {"SubnetId": "subnet-1", **({"SourceNatIpv6Prefixes": [prefix]} if prefix else {})}])
        estate["LoadBalancers"][0].update({"EnablePrefixForIpv6SourceNat": word} if word else {})
        if word is None:
            del estate["LoadBalancers"][0]["EnablePrefixForIpv6SourceNat"]
        estate["Listeners"][0]["Protocol"] = "UDP"
        estate["TargetGroups"][0]["IpAddressType"] = "ipv6"
        estate["NetworkInterfaces"][0]["Ipv6Addresses"] = [{"Ipv6Address": "2001:db8:1::9"}]
        estate["NetworkInterfaces"][1]["Ipv6Addresses"] = [{"Ipv6Address": "2001:db8:1:2::4"}]
        estate["SecurityGroups"][0]["IpPermissions"] = [permission("udp", (443, 443), ["8.0.0.0/8"])]
        estate["SecurityGroups"][1]["IpPermissions"] = [permission("udp", (8080, 8080), v6=["2001:db8:1:0:8000::/80"])]
        self.assertEqual({c for found in self.behind(estate).values() for _, c in found}, {certainty} - {None})

    def test_a_paused_cluster_has_no_interface_to_be_missing(self):
        for status, lacks in (("paused", False), ("available", True)):
            estate = {**plain(), "Clusters": [redshift(ClusterStatus=status, ClusterNodes=[])]}
            self.assertEqual(bool(self.outcome(estate, expect=3 if lacks else 0)["missing"]), lacks, status)


if __name__ == "__main__":
    unittest.main()
