"""Services that bring the internet to private addresses, and ask these by IPv6: what lets IPv6 alone in is no closed door."""
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import common
from test_constructs_gates import service
from test_snapshots import permission
from test_told_bridges import BALANCER, Told, VpcOrigins, behind_balancer, distributions, origin
from test_world import each, named

OWN, TARGET = "2600:1f18:1:1::77", "2600:1f18:1:1::4"
CLOUDFRONT = {"PrefixListId": "pl-6", "PrefixListName": "com.amazonaws.global.ipv6.cloudfront.origin-facing", "Cidrs": ["2600:9000::/28"]}
OURS = {"PrefixListId": "pl-6", "PrefixListName": "ours", "Cidrs": ["2600:1f18:1::/48"]}
OTHERS = {"PrefixListId": "pl-6", "PrefixListName": "others", "Cidrs": ["2600:1f19::/32"]}

ADMITS = [(permission("tcp", (443, 443), [], ["::/0"]), []), (permission("tcp", (443, 443), [], [OWN + "/128"]), []),
          (permission("tcp", (443, 443), lists=["pl-6"]), [CLOUDFRONT]), (permission("tcp", (443, 443), lists=["pl-6"]), [OURS]),
          (permission("tcp", (443, 443), lists=["pl-6"]), [])]


def of_type(word, **more):
    made = origin(**more)
    if word is not None:
        made["VpcOrigin"]["VpcOriginEndpointConfig"]["IpAddressType"] = word
    return made


class ByIpv6(Told):
    def estate(self, rule, own=OWN, target=TARGET):
        """The interface of a VPC origin, and an instance whose group admits only what `rule` says."""
        made = VpcOrigins.estate(self)
        made["NetworkInterfaces"][0]["Ipv6Addresses"] = [{"Ipv6Address": target}] if target else []
        made["NetworkInterfaces"][1]["Ipv6Addresses"] = [{"Ipv6Address": own}] if own else []
        made["SecurityGroups"][0]["IpPermissions"] = [rule]
        return made

    def reached(self, made, word="dualstack", lists=(), told=True):
        """{(private address, certainty)} of what CloudFront brings viewers to on 443."""
        files = {"pl.json": {"PrefixLists": list(lists)}, **({"o.json": of_type(word), "d.json": distributions()} if told else {})}
        found = self.outcome(made, files)
        self.assertTrue(all(x[2:5] == ("tcp", 443, 443) for x in found), found)
        return {(i["private_address"], x["certainty"]) for i in self.output["indirect"] for x in i["exposures"]}

    @each([(word, rule, lists) for word in ("dualstack", "a-new-word", None) for rule, lists in ADMITS])
    def test_who_admits_ipv6_alone_may_be_reached_by_an_origin_that_may_ask_so(self, word, rule, lists):
        self.assertIn((TARGET, "possible"), self.reached(self.estate(rule), word, lists))
        self.assertNotIn("exact", {certainty for _, certainty in self.reached(self.estate(rule), word, lists)})
        self.assertTrue(named(self.output, ["indirect"], "whether it asks eni-1 by IPv6 is not told"))

    @each([(rule, lists) for rule, lists in ADMITS[:4]])
    def test_one_that_is_told_to_ask_by_ipv4_alone_reaches_nothing_so(self, rule, lists):
        self.assertEqual(self.reached(self.estate(rule), "ipv4", lists), set())

    @each([(rule, lists) for rule, lists in ADMITS])
    def test_without_its_documents_the_address_of_its_interface_tells(self, rule, lists):
        self.assertIn((TARGET, "possible"), self.reached(self.estate(rule), lists=lists, told=False))

    @each([({"own": None}, None, set()), ({"target": None}, "dualstack", set()), ({"own": None}, "dualstack", {(TARGET, "possible")})])
    def test_what_has_no_ipv6_address_asks_by_none_and_is_asked_by_none(self, change, word, reached):
        self.assertEqual(self.reached(self.estate(ADMITS[0][0], **change), word), reached)

    @each([(permission("tcp", (443, 443), [], ["2600:1f19::/32"]), []), (permission("tcp", (443, 443), lists=["pl-6"]), [OTHERS])])
    def test_who_admits_others_alone_is_not_reached(self, rule, lists):
        for told in (True, False):
            self.assertEqual(self.reached(self.estate(rule), lists=lists, told=told), set())

    def test_who_admits_ipv4_is_as_surely_reached_as_before(self):
        self.assertEqual(self.reached(self.estate(permission("tcp", (443, 443), ["0.0.0.0/0"]))), {("10.0.0.4", "exact"), ("10.0.0.4", "possible")})

    def test_what_is_behind_a_load_balancer_that_admits_ipv6_alone_may_be_reached(self):
        made, files = behind_balancer()
        front = made["NetworkInterfaces"][-1]
        front.update(Groups=[{"GroupId": "sg-b"}], DenyAllIgwTraffic=True, Ipv6Addresses=[{"Ipv6Address": TARGET}])
        made["LoadBalancers"][0].update(IpAddressType="dualstack", SecurityGroups=["sg-b"])
        everything = permission("-1", None, ["0.0.0.0/0"], ["::/0"])
        made["SecurityGroups"].append({"GroupId": "sg-b", "GroupName": "b", "VpcId": "vpc-1", "IpPermissions": [ADMITS[0][0]], "IpPermissionsEgress": [everything]})
        made["NetworkInterfaces"][1].update(InterfaceType="interface", Groups=[{"GroupId": "sg-cf"}], Ipv6Addresses=[{"Ipv6Address": OWN}])
        made["SecurityGroups"][1].update(GroupId="sg-cf", GroupName="CloudFront-VPCOrigins-Service-SG")
        for word, behind in (("dualstack", {"eni-b", "eni-1"}), ("ipv4", set())):
            found = self.outcome(made, {**files, "o.json": of_type(word, target=BALANCER), "d.json": distributions()})
            self.assertEqual({x[0] for x in found}, behind)
            self.assertFalse([x for x in found if x[-1] == "exact"])

    @each([("api_gateway_managed", OWN, {TARGET}), ("api_gateway_managed", None, set()), ("ec2_instance_connect_endpoint", OWN, set())])
    def test_interfaces_of_other_services_by_their_own_ipv6_address(self, kind, own, reached):
        made = service(self.estate(ADMITS[1][0], own=None), kind, ["sg-1"])
        made["NetworkInterfaces"] = [i for i in made["NetworkInterfaces"] if i["NetworkInterfaceId"] != "eni-s" or i["InterfaceType"] == kind]
        made["NetworkInterfaces"][-1]["Ipv6Addresses"] = [{"Ipv6Address": own}] if own else []
        made["SecurityGroups"] = made["SecurityGroups"][:1]
        self.outcome(made, {})
        self.assertEqual({i["private_address"] for i in self.output["indirect"]}, reached)

    def test_whatever_the_type_of_its_interface_the_services_group_makes_it_cloudfronts(self):
        made = self.estate(permission("tcp", (443, 443), ["0.0.0.0/0"]))
        for kind in ("api_gateway_managed", "global_accelerator_managed", "ec2_instance_connect_endpoint", "interface"):
            made["NetworkInterfaces"][1]["InterfaceType"] = kind
            self.assertTrue(self.reached(made, told=False), kind)


if __name__ == "__main__":
    unittest.main()
