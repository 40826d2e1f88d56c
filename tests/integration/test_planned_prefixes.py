"""Private addresses and delegated prefixes of interfaces that a plan, a change set or a plan's prior state tells of: targets are found by them."""
import json
import os
import pathlib
import sys
import tempfile
import unittest

sys.path[:0] = [os.path.dirname(__file__), os.path.join(os.path.dirname(__file__), "..")]
import common
from test_changeset import ARN, resource
from test_delegated_prefixes import IN_FOUR, IN_SIX, POD, blocks, pods
from test_diff import change
from test_load_balancers import balanced
from test_world import documents, each

FOUR, SIX = "10.0.2.64/28", "2001:db8:2:0:1::/80"


class PlannedPrefixes(unittest.TestCase):
    maxDiff = None

    def told(self, estate, changes=None, sets=None):
        with tempfile.TemporaryDirectory() as name:
            path = pathlib.Path(name)
            for file, content in documents(estate).items():
                (path / "estate").mkdir(exist_ok=True)
                (path / "estate" / file).write_text(json.dumps(content))
            plan = {"format_version": "1.2", "terraform_version": "1.9.8", "resource_changes": changes, "configuration": {"root_module": {}}}
            if sets:
                plan = {"ChangeSetId": ARN, "StackName": "web", "Status": "CREATE_COMPLETE", "Changes": sets}
            (path / "plan.json").write_text(json.dumps(plan))
            done = common.sgproof("diff", "--changeset" if sets else "--terraform", path / "plan.json", path / "estate", "--format", "json")
        self.assertIn(done.returncode, (0, 3), done.stderr)
        return json.loads(done.stdout)

    def moved(self, *given, **more):
        """{(list, address, certainty)} of what moved for the internet."""
        return {(one["change"], one["address"], one["certainty"]) for one in common.moved(self.told(*given, **more)) if one["internet"]}

    def made(self, **after):
        """A plan that makes an interface of the target's instance."""
        return [change("aws_network_interface.n", ["create"], None, {"subnet_id": "subnet-2", "security_groups": ["sg-web"], "attachment": [
            {"instance": "i-web", "device_index": 1}], **after}, {"id": True, "private_ip": True})]

    def altered(self, before, after, unknown=None):
        both = {"id": "eni-web", "subnet_id": "subnet-2", "security_groups": ["sg-web"]}
        return [change("aws_network_interface.n", ["update"], {**both, **before}, {**both, **after}, unknown)]

    @each([({"private_ips": ["10.0.2.70"]},), ({"private_ip_list": ["10.0.2.9", "10.0.2.70"], "private_ip_list_enabled": True},), ({"ipv4_prefixes": [FOUR]},)])
    def test_a_target_at_an_address_of_a_planned_interface_is_that_interface(self, after):
        estate = balanced(target_type="ip", target_id=POD[4])
        self.assertEqual(self.moved(estate, self.made(**after)), {("opened", POD[4], "exact")})
        self.assertEqual(self.moved(estate, self.made(private_ips=["10.0.2.71"], ipv4_prefixes=["10.0.2.80/28"])), set())

    def test_a_target_in_an_ipv6_prefix_of_a_planned_interface_is_that_interface(self):
        estate = blocks(pods(6, {}))
        self.assertIn(("opened", POD[6], "exact"), self.moved(estate, self.made(ipv6_prefixes=[SIX])))

    def test_a_planned_ipv6_prefix_is_of_the_internet_too(self):
        estate = blocks(balanced())
        estate["RouteTables"][1]["Routes"].append({"DestinationIpv6CidrBlock": "::/0", "GatewayId": "igw-1", "State": "active"})
        estate["SecurityGroups"][1]["IpPermissions"][0]["Ipv6Ranges"] = [{"CidrIpv6": "::/0"}]
        self.assertEqual(self.moved(estate, self.made(ipv6_prefixes=[SIX])), {("opened", SIX, "exact")})
        self.assertIn("aws_network_interface.n: which IPv6 prefixes are delegated to it only apply tells", self.told(estate, self.made(ipv6_prefix_count=1))["unknown"])

    @each([("ipv4_prefixes", FOUR, pods(4)), ("ipv6_prefixes", SIX, blocks(pods(6)))])
    def test_a_prefix_that_a_plan_takes_away_takes_its_targets(self, key, prefix, estate):
        target = POD[4 if "4" in key else 6]
        self.assertIn(("closed", target, "exact"), self.moved(estate, self.altered({key: [prefix]}, {key: []})))
        unknown = self.moved(estate, self.altered({key: [prefix], "ipv4_prefix_count": 1}, {"ipv4_prefix_count": 2}, {key: True}))
        self.assertEqual({move for move in unknown if move[:2] == ("closed", target)}, set())

    def test_a_prefix_stays_where_a_plan_changes_other_ipv6_addresses(self):
        estate = blocks(pods(6))
        told = self.moved(estate, self.altered({"ipv6_addresses": [], "ipv6_prefixes": [SIX]}, {"ipv6_addresses": ["2001:db8:2::7"], "ipv6_prefixes": [SIX]}))
        self.assertEqual({move for move in told if move[1] in (POD[6], SIX)}, set())

    def test_addresses_that_a_plan_takes_away_take_their_targets(self):
        estate = balanced(target_type="ip", target_id="10.0.2.5")
        estate["NetworkInterfaces"][1]["PrivateIpAddresses"].append({"PrivateIpAddress": "10.0.2.5", "Primary": False})
        self.assertEqual(self.moved(estate, self.altered({"private_ip": "10.0.2.4", "private_ips": ["10.0.2.4", "10.0.2.5"]}, {"private_ip": "10.0.2.4", "private_ips": ["10.0.2.4"]})),
                         {("closed", "10.0.2.5", "exact")})

    @each([({"PrivateIpAddresses": [{"PrivateIpAddress": "10.0.2.4", "Primary": True}, {"PrivateIpAddress": "10.0.2.70", "Primary": False}]},),
           ({"Ipv4Prefixes": [{"Ipv4Prefix": FOUR}]},)])
    def test_of_a_change_set(self, properties):
        estate = balanced(target_type="ip", target_id=POD[4])
        both = {"SubnetId": "subnet-2", "GroupSet": ["sg-web"]}
        sets = [resource("Modify", "N", "EC2::NetworkInterface", both, {**both, **properties}, "eni-web", Replacement="False")]
        self.assertEqual(self.moved(estate, sets=sets), {("opened", POD[4], "exact")})


if __name__ == "__main__":
    unittest.main()
