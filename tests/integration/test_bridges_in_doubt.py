"""Services that may bring the internet to private addresses, where the documents leave open whether they do."""
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import common
from test_constructs_gates import hidden, service
from test_snapshots import permission
from test_told_bridges import ANY, Told, accelerator, estate, without_service
from test_world import each, named

SERVICE_GROUP = "CloudFront-VPCOrigins-Service-SG"
LIST = {"PrefixListId": "pl-cf", "PrefixListName": "com.amazonaws.global.cloudfront.origin-facing"}
UNNAMED = "missing: the name of prefix list pl-cf"


def origin(record=True, name=None, rule="group", **more):
    """A private instance that admits the group of an interface, or CloudFront's prefix list, on 443."""
    made = service(hidden(), groups=["sg-cf"], RequesterManaged=True, **more)
    if name is not None:
        made["NetworkInterfaces"][-1]["Groups"][0]["GroupName"] = name
    admits = permission("tcp", (443, 443), lists=["pl-cf"] if rule == "list" else ())
    if rule == "group":
        admits["UserIdGroupPairs"] = [{"GroupId": "sg-cf"}]
    made["SecurityGroups"][0]["IpPermissions"] = [admits]
    if record:
        made["SecurityGroups"].append({"GroupId": "sg-cf", "GroupName": SERVICE_GROUP, "VpcId": "vpc-1", "IpPermissions": []})
    return made


def entries(*cidrs):
    return {"get-managed-prefix-list-entries.pl-cf.json": {"Entries": [{"Cidr": cidr} for cidr in cidrs]}}


class Origins(Told):
    POSSIBLE = {("eni-1", family, "tcp", 443, 443, "possible") for family in "46"}

    def test_an_interfaces_own_record_names_the_group_of_the_service(self):
        self.assertEqual(self.outcome(origin(), {}), self.POSSIBLE)
        self.assertEqual(self.outcome(origin(record=False, name=SERVICE_GROUP), {}), self.POSSIBLE)
        self.assertTrue(named(self.output, ["indirect"], "CloudFront VPC origin by eni-s, whose own documents are not read"))

    def test_an_interface_of_a_group_that_is_not_told_may_be_one_and_the_group_is_missing(self):
        self.assertEqual(self.outcome(origin(record=False), {}), self.POSSIBLE)
        self.assertEqual(common.missing(self.output), ["missing: security group sg-cf"])
        self.assertTrue(named(self.output, ["indirect"], "eni-s may be of a CloudFront VPC origin: the name of its security group sg-cf is not told"))
        self.assertTrue(named(self.output, ["indirect"], "ec2 describe-security-groups of sg-cf"))

    def test_it_is_none_where_the_vpcs_group_of_the_service_or_another_owner_is_known(self):
        other = origin()
        other["SecurityGroups"][-1]["GroupId"] = "sg-real"
        self.outcome(other, {})
        self.assertFalse(named(self.output, ["indirect"], "may be of a CloudFront VPC origin"))
        for more in ({"type": "network_load_balancer"}, {"Description": "RDSNetworkInterface"}, {"Attachment": {"InstanceId": "i-9", "Status": "attached"}}):
            self.outcome(origin(record=False, **more), {})
            self.assertFalse(named(self.output, ["indirect"], "may be of a CloudFront VPC origin"), more)

    def test_law_of_starvation_a_list_whose_name_is_not_told_may_be_cloudfronts(self):
        whole = {"describe-managed-prefix-lists.json": {"PrefixLists": [LIST]}, **entries("203.0.113.0/24")}
        self.assertEqual(self.outcome(origin(rule="list"), whole), self.POSSIBLE)
        self.assertEqual(common.missing(self.output), [])
        for files in (entries("203.0.113.0/24"), {**whole, "describe-managed-prefix-lists.json": {"PrefixLists": [{"PrefixListId": "pl-cf"}]}}):
            self.assertEqual(self.outcome(origin(rule="list"), files), self.POSSIBLE)
            self.assertEqual(common.missing(self.output), [UNNAMED])
            self.assertTrue(named(self.output, ["indirect"], "ec2 describe-managed-prefix-lists of pl-cf"))

    @each([("10.9.0.0/16", None), ("203.0.113.0/24", "mine")])
    def test_a_list_of_private_addresses_or_of_another_name_is_not_cloudfronts(self, cidr, name):
        lists = {} if name is None else {"describe-managed-prefix-lists.json": {"PrefixLists": [{"PrefixListId": "pl-cf", "PrefixListName": name}]}}
        self.assertEqual(self.outcome(origin(rule="list"), {**lists, **entries(cidr)}), set())
        self.assertEqual(common.missing(self.output), [])


class Accelerators(Told):
    def test_an_interfaces_own_record_names_the_group_of_the_service(self):
        made = origin(record=False, name="GlobalAccelerator", rule="any")
        made["SecurityGroups"][0]["IpPermissions"] = [permission("tcp", (443, 443), ["0.0.0.0/0"])]
        self.assertEqual({one[0] for one in self.outcome(made, {})}, {"eni-1"})
        self.assertTrue(named(self.output, ["indirect"], "AWS Global Accelerator by eni-s"))

    @each([({"keeps": False}, ()), ({"keeps": False, "Enabled": False}, ()), ({"keeps": None}, ()),
           ({"endpoint": "arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/app/far/0123456789abcdef", "Enabled": False}, ()),
           ({"Enabled": False}, ("l.json", "g.json"))])
    def test_an_interface_that_no_endpoint_explains_is_another_accelerators_and_decides_nothing(self, says, gone):
        files = {name: document for name, document in accelerator(**says).items() if name not in gone}
        self.assertLessEqual(ANY, self.outcome(estate(), files))
        self.assertFalse(named(self.output, ["assumptions"], "eni-s accelerators of the snapshot alone"))
        told = says.get("keeps", True) is not None
        self.assertEqual(named(self.output, ["indirect"], "AWS Global Accelerator by eni-s, which no accelerator of the snapshot explains"), told)

    def test_an_interface_beside_an_account_without_accelerators_is_not_settled_by_their_documents(self):
        self.assertEqual(self.outcome(estate(), {"a.json": {"Accelerators": []}}), ANY)
        self.assertTrue(named(self.output, ["indirect"], "which no accelerator of the snapshot explains"))
        self.assertFalse(named(self.output, ["indirect"], "globalaccelerator list-"))


class VerifiedAccess(Told):
    ARN = "arn:aws:elasticloadbalancing:eu-west-3:111122223333:loadbalancer/net/int/0123456789abcdef"

    def endpoint(self, **options):
        return {"v.json": {"VerifiedAccessEndpoints": [{"VerifiedAccessEndpointId": "vae-1", "Status": {"Code": "active"}, **options}]}}

    @each([({"NetworkInterfaceOptions": {"NetworkInterfaceId": "eni-1", "Protocol": "tcp", "Port": 443}}, {443}),
           ({"NetworkInterfaceOptions": {"NetworkInterfaceId": "eni-1", "PortRanges": [{"FromPort": 20, "ToPort": 30}]}}, {22}),
           ({"NetworkInterfaceOptions": {"NetworkInterfaceId": "eni-1"}}, {22, 443}),
           ({"CidrOptions": {"Cidr": "10.0.0.4/32", "PortRanges": [{"FromPort": 443, "ToPort": 443}]}}, {443}),
           ({"CidrOptions": {"Cidr": "10.9.0.0/16"}}, set())])
    def test_what_an_endpoint_names_as_its_target_is_possible_and_named(self, options, ports):
        made = without_service(estate())
        found = self.outcome(made, self.endpoint(**options))
        self.assertEqual({(one[0], one[3], one[5]) for one in found}, {("eni-1", port, "possible") for port in ports})
        if ports:
            self.assertTrue(named(self.output, ["indirect"], "Verified Access by vae-1: endpoint vae-1"))
            self.assertTrue(named(self.output, ["indirect"], "whom its policies let in is not judged"))
            self.assertEqual(self.output["missing"], [])

    def test_a_rule_for_its_group_admits_it_and_a_vpc_without_a_gateway_does_not_stop_it(self):
        made = without_service(estate())
        made["InternetGateways"] = []
        made["SecurityGroups"][0]["IpPermissions"] = [{**permission("tcp", (22, 22)), "UserIdGroupPairs": [{"GroupId": "sg-va"}]}]
        found = self.outcome(made, self.endpoint(NetworkInterfaceOptions={"NetworkInterfaceId": "eni-1", "Port": 22}))
        self.assertEqual({(one[0], one[3], one[5]) for one in found}, {("eni-1", 22, "possible")})

    @each([({"NetworkInterfaceOptions": {"NetworkInterfaceId": "eni-9"}},), ({"LoadBalancerOptions": {"LoadBalancerArn": ARN}},)])
    def test_a_target_that_is_not_there_is_missing(self, options):
        self.outcome(without_service(estate()), self.endpoint(**options))
        self.assertTrue(named(self.output, ["missing"], "target of Verified Access endpoint vae-1"))

    @each([("2001:db8:1::/64", {"Ipv6Addresses": [{"Ipv6Address": "2001:db8:1::4"}]}), ("10.0.0.112/30", {"Ipv4Prefixes": [{"Ipv4Prefix": "10.0.0.112/28"}]}),
           ("2001:db8:1::/120", {"Ipv6Prefixes": [{"Ipv6Prefix": "2001:db8:1::/80"}]}),
           ("10.0.0.9/32", {"PrivateIpAddresses": [{"PrivateIpAddress": "10.0.0.4", "Primary": True}, {"PrivateIpAddress": "10.0.0.9"}]})])
    def test_a_block_holds_every_kind_of_address_that_an_interface_has(self, cidr, has):
        made = without_service(estate())
        endpoint = self.endpoint(CidrOptions={"Cidr": cidr, "PortRanges": [{"FromPort": 443, "ToPort": 443}]})
        self.assertEqual(self.outcome(made, endpoint), set())
        made["NetworkInterfaces"][0].update(has)
        self.assertEqual({(one[0], one[3], one[5]) for one in self.outcome(made, endpoint)}, {("eni-1", 443, "possible")})

    @each([("RDSNetworkInterface", True), ("Network interface for DBProxy orders", True), ("ours", False)])
    def test_databases_and_proxies_are_what_rds_options_name(self, description, is_database):
        made = without_service(estate())
        made["NetworkInterfaces"][0].update(Description=description, RequesterManaged=True, Attachment={"Status": "attached"})
        made["Reservations"] = []
        found = self.outcome(made, self.endpoint(RdsOptions={"Protocol": "tcp", "Port": 443, "RdsDbProxyArn": "arn:aws:rds:eu-west-3:111122223333:db-proxy:prx-1"}))
        self.assertEqual({(one[0], one[3], one[5]) for one in found}, {("eni-1", 443, "possible")} if is_database else set())
        self.assertEqual(named(self.output, ["missing"], "a database target of Verified Access endpoint vae-1"), not is_database)

    TARGETS = {"NetworkInterfaceOptions": {"NetworkInterfaceId": "eni-1"}, "LoadBalancerOptions": {"LoadBalancerArn": ARN}, "CidrOptions": {"Cidr": "10.0.0.0/24"}}

    @each((options, emptied) for options in TARGETS for emptied in ({}, None, {"Protocol": "tcp"}))
    def test_law_of_starvation_one_that_does_not_tell_its_target_may_have_any(self, options, emptied):
        self.outcome(without_service(estate()), self.endpoint(**{options: emptied}))
        self.assertTrue(named(self.output, ["unread"], "does not tell what endpoint vae-1 sends clients to"))
        self.assertEqual({x["certainty"] for i in self.output["indirect"] for x in i["exposures"]}, {"possible"})


if __name__ == "__main__":
    unittest.main()
