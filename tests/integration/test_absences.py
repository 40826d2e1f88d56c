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

    def test_law_of_starvation_without_its_kind_of_addresses_its_zones_and_its_attribute_it_is_missing(self):
        lines = [DENY, "missing: the interfaces of internal load balancer int, which may take IPv6"]
        self.assertEqual(self.missing(internal(None, (), IpAddressType=None, AvailabilityZones=None)), lines)
        self.assertEqual(self.missing(internal(None, ("subnet-1",), IpAddressType=None, AvailabilityZones=None)), [DENY])

    @each([("internal",), ("internet-facing",)])
    def test_law_of_starvation_in_which_subnets_it_has_nodes(self, scheme):
        """One node of two is there: without its zones, that it is taken to be all is said; without a subnet of one, it is unread."""
        made = internal("false", ("subnet-1",), kind="network", Scheme=scheme)
        if scheme == "internet-facing":
            made["NetworkInterfaces.json"]["NetworkInterfaces"][-1]["PrivateIpAddresses"][0]["Association"] = {"PublicIp": "198.51.100.70"}
        self.assertEqual(len(self.missing(made)), 1)
        balancer = made["LoadBalancers.json"]["LoadBalancers"][0]
        for zones, key, word in ((None, "assumptions", "subnets of load balancer int are not told: its nodes in the snapshot are taken to be all"),
                                 ([{"SubnetId": "subnet-1"}, {"ZoneName": "eu-west-3b"}], "unread", "AvailabilityZones[1].SubnetId")):
            told = {k: v for k, v in {**balancer, "AvailabilityZones": zones}.items() if v is not None}
            output = self.compute(folder({**made, "LoadBalancers.json": {"LoadBalancers": [told]}}))
            self.assertIn(word, json.dumps(output[key]))

    @each([("ipv4", ()), ("dualstack", ("subnet-1", "subnet-2"))])
    def test_one_of_ipv4_alone_and_one_whose_nodes_are_there_lack_nothing(self, family, nodes):
        self.assertEqual(self.missing(internal("false", nodes, IpAddressType=family)), [])

    def test_an_ipv6_address_that_its_record_tells_is_on_an_interface_of_it(self):
        zones = [{"SubnetId": "subnet-1", "LoadBalancerAddresses": [{"PrivateIPv4Address": "10.0.0.50", "IPv6Address": "2001:db8:1::77"}]}]
        line = "missing: the interface of load balancer int with its address 2001:db8:1::77"
        self.assertEqual(self.missing(internal("false", kind="network", AvailabilityZones=zones)), [line])
        self.assertEqual(self.missing(internal(None, kind="network", AvailabilityZones=zones)), [DENY, line])
        self.assertEqual(self.missing(internal("true", kind="network", AvailabilityZones=zones)), [])


def database(name="db", groups=("sg-1",), subnets=("subnet-1",), zone="eu-west-3a", **more):
    return {"DBInstanceIdentifier": name, "DBInstanceArn": "arn:aws:rds:eu-west-3:111122223333:db:" + name, "PubliclyAccessible": True,
            "AvailabilityZone": zone, "VpcSecurityGroups": [{"VpcSecurityGroupId": g, "Status": "active"} for g in groups],
            "DBSubnetGroup": {"VpcId": "vpc-1", "Subnets": [{"SubnetIdentifier": s} for s in subnets]}, **more}


def managed(at, **more):
    """An interface of a service with a public address."""
    return {"NetworkInterfaceId": "eni-m%d" % at, "VpcId": "vpc-1", "SubnetId": "subnet-1", "OwnerId": "111122223333", "InterfaceType": "interface",
            "AvailabilityZone": "eu-west-3a", "Status": "in-use", "Groups": [{"GroupId": "sg-1"}], "RequesterManaged": True, "Ipv6Addresses": [],
            "PrivateIpAddresses": [{"PrivateIpAddress": "10.0.0.%d" % (60 + at), "Primary": True,
                                    "Association": {"PublicIp": "198.51.100.%d" % (60 + at)}}], **more}


class Databases(Missing):
    LINE = "missing: the interface of publicly accessible database "
    SHARED = " (each that may be its own may be another database's)"

    def lacking(self, databases, interfaces):
        made = world()
        made["NetworkInterfaces"] += [managed(at, Description="RDSNetworkInterface", RequesterId="amazon-rds", **one) for at, one in enumerate(interfaces)]
        return self.missing(documents({**made, "DBInstances": databases}))

    def test_each_public_database_has_an_interface_of_its_own(self):
        two = [database("a"), database("b")]
        self.assertEqual(self.lacking(two, [{}]), [self.LINE + "b" + self.SHARED])
        self.assertEqual(self.lacking(two[::-1], [{}]), [self.LINE + "b" + self.SHARED])
        self.assertEqual(self.lacking(two, [{}, {}]), [])
        self.assertEqual(self.lacking([two[0], two[0]], [{}]), [])  # the same record twice is one

    @each([("VpcSecurityGroups", None), ("VpcSecurityGroups", []), ("VpcSecurityGroups", [{}]), ("AvailabilityZone", None), ("AvailabilityZone", 5)])
    def test_law_of_starvation_what_tells_its_interface_from_others(self, key, value):
        """Of other groups, or another zone, the interface is no database's; where these are not told, it is unread that they are not."""
        one = {**database(groups=("sg-2",), zone="eu-west-3b"), key: value}
        if value is None:
            del one[key]
        made = world()
        made["NetworkInterfaces"].append(managed(0, Description="RDSNetworkInterface", RequesterId="amazon-rds"))
        for told, lacks in ((database(), False), (database(groups=("sg-2",)), True), (one, True), ({**one, "PubliclyAccessible": False}, False)):
            output = self.compute(folder(documents({**made, "DBInstances": [told]})))
            self.assertEqual(bool(output["unread"] or [line for line in common.missing(output) if self.LINE in line]), lacks, told)

    def test_an_interface_is_left_to_the_database_that_can_have_no_other(self):
        narrow, wide = database("b"), database("a", groups=())
        del wide["VpcSecurityGroups"]
        other = {"Groups": [{"GroupId": "sg-2"}]}
        for interfaces in ([{}, other], [other, {}]):
            made = [one for one in self.lacking([wide, narrow], interfaces) if self.LINE in one]
            self.assertEqual(made, [])

    @each([({"groups": ("sg-9",)},), ({"subnets": ("subnet-9",)},), ({"zone": "eu-west-3b"},)])
    def test_an_interface_of_other_groups_another_subnet_or_zone_is_another_databases(self, says):
        self.assertEqual(self.lacking([database(**says)], [{}]), [self.LINE + "db"])

    @each([(True,), (False,)])
    def test_one_without_a_vpc_has_no_interface_and_is_counted(self, public):
        """An internet access gateway is how clients get there."""
        one = database(PubliclyAccessible=public, VPCNetworkingEnabled=False)
        for key in ("DBSubnetGroup", "VpcSecurityGroups"):
            one.pop(key, None)
        output = self.compute(folder(documents({**world(), "DBInstances": [one]})))
        self.assertEqual((output["missing"], output["unread"]), ([], []))
        self.assertEqual(common.not_covered(output), ["1 × database without a VPC (public, no interface): db"])

    def test_one_that_is_not_public_lacks_nothing(self):
        self.assertEqual(self.lacking([database(PubliclyAccessible=False)], []), [])


class Services(Missing):
    ARN = "arn:aws:kafka:%s:111122223333:cluster/bus/0a-1"

    def brokers(self, *clusters, interfaces=1):
        made = world()
        made["NetworkInterfaces"] += [managed(at, Description="DO NOT DELETE - Amazon MSK network interface for cluster " + self.ARN % "eu-west-3")
                                      for at in range(interfaces)]
        return self.missing({**documents(made), **{"%d.json" % at: {"ClusterInfoList": [one]} for at, one in enumerate(clusters)}})

    def cluster(self, region="eu-west-3", **more):
        return {"ClusterName": "bus", "ClusterArn": self.ARN % region, "ClusterType": "PROVISIONED", "State": "ACTIVE", "Provisioned": {
            "BrokerNodeGroupInfo": {"ClientSubnets": ["subnet-1", "subnet-2"], "ConnectivityInfo": {"PublicAccess": {"Type": "SERVICE_PROVIDED_EIPS"}}}, **more}}

    def test_each_broker_of_a_public_cluster_has_an_interface(self):
        self.assertEqual(self.brokers(self.cluster(NumberOfBrokerNodes=3)), ["missing: 2 of the 3 interfaces of publicly accessible MSK cluster bus"])
        self.assertEqual(self.brokers(self.cluster(NumberOfBrokerNodes=3), interfaces=3), [])
        self.assertEqual(self.brokers(self.cluster()), ["missing: 1 of the 2 interfaces of publicly accessible MSK cluster bus"])

    @each([(3, None, 1), ("3", None, 1), (None, None, 1), (None, ["subnet-1"], 1), (None, ["subnet-1"], 0)])
    def test_law_of_starvation_how_many_brokers_a_public_cluster_has(self, count, subnets, unread):
        """Where it is not told, one interface does not do in silence."""
        one = self.cluster()
        one["Provisioned"]["BrokerNodeGroupInfo"].pop("ClientSubnets")
        one["Provisioned"].update({"NumberOfBrokerNodes": count} if count else {})
        one["Provisioned"]["BrokerNodeGroupInfo"].update({"ClientSubnets": subnets} if subnets else {})
        if not unread:
            one["Provisioned"]["BrokerNodeGroupInfo"]["ConnectivityInfo"]["PublicAccess"]["Type"] = "DISABLED"
        made = world()
        made["NetworkInterfaces"].append(managed(0, Description="DO NOT DELETE - Amazon MSK network interface for cluster " + self.ARN % "eu-west-3"))
        output = self.compute(folder({**documents(made), "c.json": {"ClusterInfoList": [one]}}))
        told = [line for line in common.missing(output) if "MSK cluster bus" in line] + [x for x in output["unread"] if "NumberOfBrokerNodes" in x["why"]]
        self.assertEqual(bool(told), bool(unread))

    def test_a_cluster_of_the_same_name_in_another_region_has_interfaces_of_its_own(self):
        found = self.brokers(self.cluster(NumberOfBrokerNodes=1), self.cluster("us-east-1", NumberOfBrokerNodes=1))
        self.assertIn("missing: the interface of publicly accessible MSK cluster bus", found)

    def test_a_public_replication_instance_of_dms_has_its_address_on_an_interface(self):
        one = {"ReplicationInstanceIdentifier": "dms1", "ReplicationInstanceArn": "arn:aws:dms:eu-west-3:111122223333:rep:X", "PubliclyAccessible": True,
               "ReplicationInstanceStatus": "available", "ReplicationInstancePublicIpAddress": "198.51.100.60",
               "ReplicationInstancePublicIpAddresses": ["198.51.100.60"], "ReplicationInstancePrivateIpAddress": "10.0.0.60",
               "ReplicationSubnetGroup": {"VpcId": "vpc-1"}}
        line = "missing: the interface of DMS replication instance dms1 with its public address 198.51.100.60"
        bare = {key: value for key, value in one.items() if "PublicIp" not in key}
        own = world()
        own["NetworkInterfaces"].append(managed(0, Description="DMSNetworkInterface"))
        for made, told, lacks in ((world(), one, [line]), (own, one, []), (own, bare, []), (own, {**one, "PubliclyAccessible": False}, []),
                                  (world(), bare, ["missing: the interface of publicly accessible DMS replication instance dms1"]),
                                  (world(), {**one, "ReplicationInstancePublicIpAddresses": []}, [line])):
            self.assertEqual(self.missing({**documents(made), "r.json": {"ReplicationInstances": [told]}}), lacks)

    def test_a_public_workgroup_of_redshift_serverless_has_an_interface(self):
        one = {"workgroupName": "wg", "workgroupArn": "arn:aws:redshift-serverless:eu-west-3:111122223333:workgroup/x", "publiclyAccessible": True,
               "status": "AVAILABLE", "endpoint": {"address": "wg.x", "port": 5439, "vpcEndpoints": [{"networkInterfaces": [{"networkInterfaceId": "eni-m0"}]}]}}
        line = "missing: the interface of publicly accessible Redshift Serverless workgroup wg"
        own = world()
        own["NetworkInterfaces"].append(managed(0))
        for made, told, lacks in ((world(), one, [line]), (own, one, []), (own, {**one, "endpoint": {}}, [line]), (world(), {**one, "publiclyAccessible": False}, [])):
            self.assertEqual(self.missing({**documents(made), "w.json": {"workgroups": [told]}}), lacks)


if __name__ == "__main__":
    unittest.main()
