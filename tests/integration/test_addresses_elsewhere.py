"""Public addresses of load balancers, clusters and NAT gateways that are found on an interface of something else: they are not seen."""
import json
import os
import sys
import unittest

sys.path[:0] = [os.path.join(os.path.dirname(__file__), ".."), os.path.dirname(__file__)]
import common
from test_balancer_targets import Behind
from test_load_balancers import balanced, interface
from test_owners import managed, redshift
from test_constructs_gates import world
from test_world import V4, documents, each, folder, reach

THEIRS = "198.51.100.77"


class AddressesElsewhere(Behind):
    def lacks(self, estate, status=3):
        return common.missing(self.outcome(estate, expect=status))

    def network(self, address):
        estate = balanced("network")
        estate["LoadBalancers"][0]["AvailabilityZones"] = [
            {"ZoneName": "eu-west-3a", "SubnetId": "subnet-1", "LoadBalancerAddresses": [{"IpAddress": "198.51.100.9"}, {"IpAddress": address}]}]
        return estate

    def test_an_address_of_a_load_balancer_on_an_interface_of_something_else_is_missing(self):
        estate = self.network(THEIRS)
        self.assertEqual(self.lacks(estate), ["missing: the interface of load balancer front with its address " + THEIRS])
        estate["NetworkInterfaces"].append(interface("3", "10.0.0.30", groups=["sg-front"], public=THEIRS))
        self.assertEqual(self.lacks(estate), ["missing: the interface of load balancer front with its address %s, which is on eni-3" % THEIRS])

    def test_an_address_of_a_load_balancer_on_a_node_of_another_one_is_missing(self):
        estate = self.network(THEIRS)
        estate["NetworkInterfaces"].append(interface("3", "10.0.0.30", groups=["sg-front"], public=THEIRS, mark="net/other/0123456789abcdef"))
        self.assertIn("missing: the interface of load balancer front with its address %s, which is on eni-3" % THEIRS, self.lacks(estate))

    def test_an_address_of_a_load_balancer_on_its_node_is_seen(self):
        estate = self.network(THEIRS)
        estate["NetworkInterfaces"].append(interface("3", "10.0.0.30", groups=["sg-front"], public=THEIRS, mark="net/front/0123456789abcdef"))
        self.assertEqual(self.lacks(estate, 0), [])

    @each([({"Attachment": {"InstanceId": "i-1", "Status": "attached", "DeviceIndex": 0}},), ({"Description": "ELB net/x/1", "RequesterManaged": True},),
           ({"RequesterId": "amazon-rds", "RequesterManaged": True},), ({},)])
    def test_an_address_of_a_cluster_on_an_interface_of_something_else_is_missing(self, changes):
        estate = {**world(**changes), "Clusters": [redshift(ClusterNodes=[{"PrivateIPAddress": "10.0.0.86", "PublicIPAddress": V4}])]}
        line = "missing: the interface of Redshift cluster house with its public address %s, which is on eni-1" % V4
        self.assertIn(line, self.lacks(estate))

    @each([({"Description": "RedshiftNetworkInterface"},), ({"RequesterId": "amazon-redshift"},), ({"RequesterId": "123456789012"},)])
    def test_an_address_of_a_cluster_on_an_interface_that_may_be_its_own_is_seen(self, told):
        nodes = [{"PrivateIPAddress": "10.0.0.86", "PublicIPAddress": V4}]
        self.assertEqual(self.lacks({**managed(**told), "Clusters": [redshift(ClusterNodes=nodes)]}, 0), [])

    def test_an_address_of_a_nat_gateway_on_another_interface_than_its_own_is_missing(self):
        estate = world()
        estate["NetworkInterfaces"].append({**interface("nat", "10.0.0.40", public="198.51.100.40"), "InterfaceType": "nat_gateway"})
        gateway = {"NatGatewayId": "nat-1", "VpcId": "vpc-1", "SubnetId": "subnet-1", "State": "available", "ConnectivityType": "public",
                   "NatGatewayAddresses": [{"NetworkInterfaceId": "eni-nat", "PrivateIp": "10.0.0.40", "PublicIp": "198.51.100.40"}]}
        estate["NatGateways"] = [gateway]
        self.assertEqual(self.lacks(estate, 0), [])
        gateway["NatGatewayAddresses"][0]["PublicIp"] = V4
        [line] = self.lacks(estate)
        self.assertIn("with its public address %s, which is on eni-1" % V4, line)

    def certainties(self, estate, address, port=443):
        """How the internet reaches it, and why not surely."""
        output = self.outcome(estate, expect=3)
        whys = [why["text"] for e in output["endpoints"] if e["address"] == address for x in e["exposures"] for why in x["via"]]
        return reach(output, address, port), sorted(set(whys))

    def test_an_interface_whose_address_a_load_balancer_claims_is_possible_there_and_nowhere_else(self):
        estate = self.network(THEIRS)
        estate["NetworkInterfaces"].append(interface("3", "10.0.0.30", groups=["sg-front"], public=THEIRS))
        estate["NetworkInterfaces"][-1]["PrivateIpAddresses"].append({"PrivateIpAddress": "10.0.0.31", "Association": {"PublicIp": "198.51.100.78"}})
        why = "198.51.100.77 is said to be on eni-3 and, by another record, of load balancer front: neither is believed alone"
        self.assertEqual(self.certainties(estate, THEIRS), ("possible", [why]))
        self.assertEqual(self.certainties(estate, "198.51.100.78"), ("exact", []))
        done = common.sgproof("explain", folder(documents(estate)), THEIRS, "443/tcp", "--from", "8.8.8.8")
        self.assertIn(": possible\n", done.stdout)
        self.assertIn(why, done.stdout)

    def test_an_interface_whose_address_a_nat_gateway_or_a_cluster_claims_is_possible(self):
        estate = world()
        estate["NetworkInterfaces"].append({**interface("nat", "10.0.0.40", public="198.51.100.40"), "InterfaceType": "nat_gateway"})
        estate["NatGateways"] = [{"NatGatewayId": "nat-1", "VpcId": "vpc-1", "SubnetId": "subnet-1", "State": "available", "ConnectivityType": "public",
                                  "NatGatewayAddresses": [{"NetworkInterfaceId": "eni-nat", "PrivateIp": "10.0.0.40", "PublicIp": V4}]}]
        nat = "%s is said to be on eni-1 and, by another record, on eni-nat, of NAT gateway nat-1: neither is believed alone" % V4
        self.assertEqual(self.certainties(estate, V4), ("possible", [nat]))
        clusters = [redshift(ClusterNodes=[{"PrivateIPAddress": "10.0.0.86", "PublicIPAddress": V4}])]
        attached = world(Attachment={"InstanceId": "i-1", "Status": "attached", "DeviceIndex": 0})
        house = "%s is said to be on eni-1 and, by another record, of Redshift cluster house: neither is believed alone" % V4
        self.assertEqual(self.certainties({**attached, "Clusters": clusters}, V4), ("possible", [house]))
        both = house.replace("house:", "house, on eni-nat, of NAT gateway nat-1:")
        for order in (("Clusters", "NatGateways"), ("NatGateways", "Clusters")):
            made = {**{key: value for key, value in estate.items() if key not in order}, **{key: estate.get(key, clusters) for key in order}}
            self.assertEqual(self.certainties(made, V4), ("possible", [both]))

    def test_a_plan_that_takes_the_claimant_away_leaves_the_address_to_its_interface(self):
        estate = self.network(THEIRS)
        estate["NetworkInterfaces"].append(interface("3", "10.0.0.30", groups=["sg-front"], public=THEIRS))
        read = folder(documents(estate))
        arn = estate["LoadBalancers"][0]["LoadBalancerArn"]
        before = {"arn": arn, "id": arn, "name": "front", "internal": False, "load_balancer_type": "network", "vpc_id": "vpc-1"}
        plan = read / "plan.json"
        plan.write_text(json.dumps({"format_version": "1.2", "terraform_version": "1.9.0", "resource_changes": [
            {"address": "aws_lb.front", "mode": "managed", "type": "aws_lb", "name": "front",
             "change": {"actions": ["delete"], "before": before, "after": None, "after_unknown": {}}}]}))
        told = json.loads(common.sgproof("diff", read, "--terraform", plan, "--format", "json").stdout)
        self.assertIn((THEIRS, "exact"), [(one["address"], one["certainty"]) for one in told["altered"]])


if __name__ == "__main__":
    unittest.main()
