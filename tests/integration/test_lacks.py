"""Whatever an exposure says is missing stands under `missing`, and costs exit status 3."""
import concurrent.futures
import copy
import os
import sys
import unittest

sys.path[:0] = [os.path.join(os.path.dirname(__file__), ".."), os.path.dirname(__file__)]
import common
from test_balancer_targets import classic, two_listeners
from test_load_balancers import balanced
import test_told_bridges
from test_told_bridges import BALANCER, accelerator, behind_balancer, distributions, estate, origin
from test_snapshots import plain
from test_world import V4, Case, beside, documents, each, folder


def rich():
    """Estates by name, as documents by file name: each way in that is not an interface's own."""
    made, health = behind_balancer()
    own = estate()
    return {"application": documents(two_listeners()), "network": documents(balanced("network", protocol="TCP")), "classic": documents(classic()),
            "accelerator": {**documents(own), **accelerator()}, "accelerator before a balancer": {**documents(made), **health, **accelerator(BALANCER)},
            "origin": {**documents(test_told_bridges.VpcOrigins.estate(None)), "o.json": origin(), "d.json": distributions()}}


def members(value, path=()):
    """The path of each member of each object inside a value."""
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        if isinstance(value, dict):
            yield (*path, key)
        yield from members(inner, (*path, key))


def without(files, path):
    files = copy.deepcopy(files)
    holder = files
    for key in path[:-1]:
        holder = holder[key]
    del holder[path[-1]]
    return files


class Lacks(Case):
    # Of `aws elb` and `aws elbv2`, which have an operation of one name each.
    @each([("describe-load-balancers.classic.json", {"LoadBalancerDescriptions"}), ("describe-load-balancers.json", {"LoadBalancerDescriptions", "LoadBalancers"}),
           ("classic.json", {"LoadBalancerDescriptions", "LoadBalancers"}), ("elasticloadbalancing.DescribeLoadBalancers_1.json", {"LoadBalancerDescriptions", "LoadBalancers"})])
    def test_an_error_of_an_operation_that_two_services_have_may_be_of_each_that_its_files_name_may_mean(self, name, kinds):
        denied = "\nAn error occurred (AccessDenied) when calling the DescribeLoadBalancers operation: no\n"
        for there in ({}, {"other.json": {"LoadBalancers": []}}, {"other.json": {"LoadBalancerDescriptions": []}}):
            output = self.check(beside({name: denied, **there}), 3, {})
            told = {key for document in there.values() for key in document}
            self.assertEqual({m["kind"] for m in output["missing"]} - told, kinds - told)

    def test_what_any_exposure_says_is_missing_is_listed_whatever_is_taken_away(self):
        def judge(one):
            name, path, files = one
            done = common.sgproof("compute", folder(files), "--format", "json")
            if done.returncode == 2:
                return None
            try:
                output = common.json.loads(done.stdout)
                common.check_reasons(self, output)
                self.assertEqual(done.returncode, 3 if output["missing"] or output["unread"] else 0)
            except AssertionError as error:
                return "%s without %s: %s" % (name, path, error)
        cuts = [(name, path, without(files, path)) for name, files in rich().items() for path in members(files)]
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            failed = [bad for bad in pool.map(judge, cuts) if bad]
        self.assertEqual(failed[:5], [], "%d of %d" % (len(failed), len(cuts)))

    @each([("associated", 0), ("disassociated", 0), ("associating", 3), ("disassociating", 3), ("failed", 3), ("a-new-word", 3)])
    def test_an_association_of_a_gateways_table_in_each_of_its_states(self, state, status):
        made = plain()
        made["RouteTables"].append({"RouteTableId": "rtb-e", "VpcId": "vpc-1", "Routes": [], "Associations": [
            {"Main": False, "GatewayId": "igw-1", "AssociationState": {"State": state}}]})
        says = {"missing": "an association of rtb-e is " + state} if status else {}
        self.check(folder(documents(made)), status, {V4: "possible" if status else "exact"}, **says)

    @each([(["subnet-1"], 0), (["subnet-1", "subnet-2"], 3)])
    def test_a_classic_load_balancer_has_a_node_in_each_of_its_subnets(self, subnets, status):
        made = classic()
        made["LoadBalancerDescriptions"][0]["Subnets"] = subnets
        self.check(folder(documents(made)), status, {}, **({"missing": "load balancer old subnet-2"} if status else {}))

    @each([("ipv4", [], 0), ("dualstack", [], 3), ("dualstack", ["2001:db8:1::9"], 0)])
    def test_a_dualstack_load_balancers_node_has_an_ipv6_address(self, family, addresses, status):
        made = balanced()
        made["LoadBalancers"][0].update(IpAddressType=family, AvailabilityZones=[{"ZoneName": "eu-west-3a", "SubnetId": "subnet-1"}])
        made["NetworkInterfaces"][0]["Ipv6Addresses"] = [{"Ipv6Address": one} for one in addresses]
        self.check(folder(documents(made)), status, {}, **({"missing": "IPv6 address of dualstack load balancer front subnet-1"} if status else {}))

    @each([("regional", [], 0), ("regional", ["eni-9"], 0), ("zonal", ["eni-9"], 3), (None, ["eni-9"], 3), ("a-new-word", ["eni-9"], 3)])
    def test_a_regional_nat_gateway_has_no_interface_and_is_named_and_so_is_no_elastic_ip_address_of_its(self, mode, interfaces, status):
        made = plain()
        address = {"PublicIp": "198.51.100.9", "AllocationId": "eipalloc-9", "AssociationId": "eipassoc-9"}
        made["NatGateways"] = [{"NatGatewayId": "nat-1", "VpcId": "vpc-1", "State": "available", **({"AvailabilityMode": mode} if mode else {}),
                                "NatGatewayAddresses": [{**address, **({"NetworkInterfaceId": interfaces[0]} if interfaces else {})}]}]
        made["Addresses"] = [address]
        says = {"missing": "198.51.100.9"} if status else {"not_covered": "regional NAT gateway nat-1 198.51.100.9"}
        self.check(folder(documents(made)), status, {V4: "exact"}, **says)

    @each([(None, 3), ("associated", 3), ("disassociated", 0)])
    def test_a_route_table_of_a_pool_of_public_addresses_is_named_and_costs_nothing_else(self, state, status):
        made = plain()
        made["RouteTables"].append({"RouteTableId": "rtb-p", "VpcId": "vpc-1", "Routes": [], "Associations": [
            {"Main": False, "PublicIpv4Pool": "ipv4pool-ec2-1", **({"AssociationState": {"State": state}} if state else {})}]})
        self.check(folder(documents(made)), status, {V4: "exact"}, **({"missing": "ipv4pool-ec2-1 rtb-p"} if status else {}))

    def test_listeners_of_a_balancer_behind_an_accelerator_that_are_not_there_are_missing(self):
        made, health = behind_balancer()
        del made["Listeners"]
        output = self.compute(folder({**documents(made), **accelerator(BALANCER), **health}))
        self.assertTrue([text for text in common.missing(output) if "isteners" in text], output["missing"])


if __name__ == "__main__":
    unittest.main()
