"""What a document names as open to the internet and no interface of the snapshot shows: missing, with exit status 3."""
import json
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import common
from test_constructs_gates import world
from test_world import Case, documents, each, folder

ATTRIBUTES = "describe-load-balancer-attributes.int.0123456789abcdef.json"
DENY = "missing: ipv6.deny_all_igw_traffic of load balancer int"


def internal(deny="false", nodes=("subnet-1",), ipv6=True, zones=("subnet-1", "subnet-2"), kind="application", **more):
    """Documents of an internal dualstack load balancer with nodes in these subnets; ipv6: whether they have an IPv6 address."""
    mark = {"application": "app", "network": "net"}[kind] + "/int/0123456789abcdef"
    arn = "arn:aws:elasticloadbalancing:eu-west-3:111122223333:loadbalancer/" + mark
    made = world()
    made["Subnets"].append({**made["Subnets"][0], "SubnetId": "subnet-2", "CidrBlock": "10.0.1.0/24"})
    for at, subnet in enumerate(nodes):
        made["NetworkInterfaces"].append({
            "NetworkInterfaceId": "eni-n%d" % at, "VpcId": "vpc-1", "SubnetId": subnet, "OwnerId": "111122223333", "InterfaceType": "interface",
            "AvailabilityZone": "eu-west-3a", "Status": "in-use", "Groups": [{"GroupId": "sg-1"}], "Description": "ELB " + mark,
            "RequesterManaged": True, "PrivateIpAddresses": [{"PrivateIpAddress": "10.0.%d.50" % at, "Primary": True}],
            "Ipv6Addresses": [{"Ipv6Address": "2001:db8:1::5%d" % at}] if ipv6 else []})
    balancer = {"LoadBalancerArn": arn, "LoadBalancerName": "int", "Type": kind, "Scheme": "internal", "VpcId": "vpc-1", "State": {"Code": "active"},
                "IpAddressType": "dualstack", "SecurityGroups": ["sg-1"], "AvailabilityZones": [{"SubnetId": s} for s in zones], **more}
    made["LoadBalancers"] = [{key: value for key, value in balancer.items() if value is not None}]
    made["Listeners"] = [{"LoadBalancerArn": arn, "Port": 443, "Protocol": "HTTPS" if kind == "application" else "TCP",
                          "DefaultActions": [{"Type": "fixed-response"}]}]
    files = documents(made)
    if deny is not None:
        files[ATTRIBUTES] = {"Attributes": [{"Key": "ipv6.deny_all_igw_traffic", "Value": deny}]}
    return files


class Missing(Case):
    def missing(self, files):
        return common.missing(self.compute(folder(files)))


class InternalBalancers(Missing):
    BOTH = ["missing: the interface of internal load balancer int, which may take IPv6, in subnet-1",
            "missing: the interface of internal load balancer int, which may take IPv6, in subnet-2"]
    SIX = ["missing: the IPv6 address of dualstack load balancer int in subnet-1", "missing: the IPv6 address of dualstack load balancer int in subnet-2"]

    @each([("false", (), True, BOTH), ("false", ("subnet-1",), True, BOTH[1:]), ("false", ("subnet-1", "subnet-2"), False, SIX),
           ("false", ("subnet-1", "subnet-2"), True, []), ("true", (), True, []), ("true", ("subnet-1",), False, []),
           (None, (), True, [DENY] + BOTH), (None, ("subnet-1", "subnet-2"), False, sorted(SIX + [DENY]))])
    def test_an_internal_balancer_that_lets_ipv6_in_has_a_node_with_ipv6_in_each_subnet(self, deny, nodes, ipv6, lacks):
        for kind in ("application", "network"):
            self.assertEqual(self.missing(internal(deny, nodes, ipv6, kind=kind)), lacks)

    @each([("IpAddressType",), ("AvailabilityZones",), ("Scheme",), ("State",), ("Type",)])
    def test_law_of_starvation_a_key_less_leaves_it_missing(self, key):
        for deny in ("false", None):
            self.assertTrue(self.missing(internal(deny, (), **{key: None})), (key, deny))

    @each([("ipv4", ()), ("dualstack", ("subnet-1", "subnet-2"))])
    def test_one_of_ipv4_alone_and_one_whose_nodes_are_there_lack_nothing(self, family, nodes):
        self.assertEqual(self.missing(internal("false", nodes, IpAddressType=family)), [])

    def test_an_ipv6_address_that_its_record_tells_is_on_an_interface_of_it(self):
        zones = [{"SubnetId": "subnet-1", "LoadBalancerAddresses": [{"PrivateIPv4Address": "10.0.0.50", "IPv6Address": "2001:db8:1::77"}]}]
        line = "missing: the interface of load balancer int with its address 2001:db8:1::77"
        self.assertEqual(self.missing(internal("false", kind="network", AvailabilityZones=zones)), [line])
        self.assertEqual(self.missing(internal(None, kind="network", AvailabilityZones=zones)), [DENY, line])
        self.assertEqual(self.missing(internal("true", kind="network", AvailabilityZones=zones)), [])


if __name__ == "__main__":
    unittest.main()
