"""Reading and computing: documents nobody here wrote, and what scanners before us got wrong, by name."""
import copy
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import common
from oracle import estates

INTERNET = "8.8.8.8"


def entry(number, egress, action, protocol="-1", cidr="0.0.0.0/0", ports=None, icmp=None):
    made = {"RuleNumber": number, "Egress": egress, "RuleAction": action, "Protocol": protocol,
            "Ipv6CidrBlock" if ":" in cidr else "CidrBlock": cidr}
    if ports:
        made["PortRange"] = {"From": ports[0], "To": ports[1]}
    if icmp:
        made["IcmpTypeCode"] = {"Type": icmp[0], "Code": icmp[1]}
    return made


def permission(protocol, ports=None, v4=(), v6=(), lists=()):
    made = {"IpProtocol": protocol, "IpRanges": [{"CidrIp": c} for c in v4],
            "Ipv6Ranges": [{"CidrIpv6": c} for c in v6], "PrefixListIds": [{"PrefixListId": p} for p in lists],
            "UserIdGroupPairs": []}
    if ports:
        made["FromPort"], made["ToPort"] = ports
    return made


def plain():
    """One instance in a public subnet, all open but the group, which admits tcp 443 from everywhere."""
    return {
        "entries": {},
        "Vpcs": [{"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16"}],
        "Subnets": [{"SubnetId": "subnet-1", "VpcId": "vpc-1", "CidrBlock": "10.0.0.0/24"}],
        "InternetGateways": [{"InternetGatewayId": "igw-1", "Attachments": [{"VpcId": "vpc-1", "State": "available"}]}],
        "RouteTables": [{"RouteTableId": "rtb-1", "VpcId": "vpc-1", "Associations": [{"Main": True}], "Routes": [
            {"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local", "State": "active"},
            {"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1", "State": "active"},
            {"DestinationIpv6CidrBlock": "::/0", "GatewayId": "igw-1", "State": "active"}]}],
        "NetworkAcls": [{"NetworkAclId": "acl-1", "VpcId": "vpc-1", "IsDefault": True,
                         "Associations": [{"SubnetId": "subnet-1"}],
                         "Entries": [entry(100, e, "allow") for e in (False, True)] +
                                    [entry(101, e, "allow", cidr="::/0") for e in (False, True)]}],
        "SecurityGroups": [{"GroupId": "sg-1", "GroupName": "web", "VpcId": "vpc-1",
                            "IpPermissions": [permission("tcp", (443, 443), ["0.0.0.0/0"], ["::/0"])]}],
        "NetworkInterfaces": [{
            "NetworkInterfaceId": "eni-1", "VpcId": "vpc-1", "SubnetId": "subnet-1", "OwnerId": "111122223333",
            "AvailabilityZone": "eu-west-3a", "InterfaceType": "interface", "Status": "in-use",
            "Groups": [{"GroupId": "sg-1"}], "Attachment": {"InstanceId": "i-1", "Status": "attached"},
            "PrivateIpAddresses": [{"PrivateIpAddress": "10.0.0.4", "Association": {"PublicIp": "198.51.100.4"}}],
            "Ipv6Addresses": [{"Ipv6Address": "2001:db8:1::4"}]}],
        "Reservations": [{"Instances": [{"InstanceId": "i-1", "State": {"Name": "running"}}]}],
    }


def lets_out():
    """plain(), whose group tells of AWS's own outbound rule: what gets out is known, too."""
    made = plain()
    made["SecurityGroups"][0]["IpPermissionsEgress"] = [permission("-1", None, ["0.0.0.0/0"], ["::/0"])]
    return made


def with_rules(estate):
    """The same with what DescribeRules tells of application load balancers that no other rules are told of: a listener's default
    actions. None as "Rules": that document is not there."""
    listeners = estate.get("Listeners")
    if "Rules" in estate or not isinstance(listeners, list):
        return {k: v for k, v in estate.items() if k != "Rules" or v is not None}
    told, rules = [], []
    for i, one in enumerate(listeners):
        balancer = one.get("LoadBalancerArn") if isinstance(one, dict) else None
        if isinstance(balancer, str) and ":loadbalancer/app/" in balancer and ":listener/" in str(one.get("ListenerArn", ":listener/")):
            one = {"ListenerArn": balancer.replace(":loadbalancer/", ":listener/") + "/l%d" % i, **one}
            rules.append({"RuleArn": one["ListenerArn"].replace(":listener/", ":listener-rule/") + "/default", "Priority": "default",
                          "IsDefault": True, "Conditions": [], "Actions": one.get("DefaultActions") or []})
        told.append(one)
    return {**estate, "Listeners": told, "Rules": rules} if rules else estate


class Case(unittest.TestCase):
    maxDiff = None

    def outcome(self, estate, vantage=None, expect=0):
        with tempfile.TemporaryDirectory() as folder:
            estates.write(with_rules(estate), folder)
            done = common.sgproof("compute", folder, "--format", "json", *(["--vantage", vantage] if vantage else []))
        self.assertEqual(done.returncode, expect, done.stderr)
        output = json.loads(done.stdout)
        common.check_reasons(self, output)
        return output

    def exposures(self, estate, vantage=INTERNET, address="198.51.100.4", expect=0):
        """What one client reaches two-way at an address: {(protocol, from, to): certainty}."""
        output = self.outcome(estate, vantage, expect)
        endpoint = next(e for e in output["endpoints"] if e["address"] == address)
        return {(x["protocol"], x.get("from_port"), x.get("to_port")): x["certainty"]
                for x in endpoint["exposures"] if x["path"] == "two-way"}


class WhatScannersGotWrong(Case):
    HTTPS = {("tcp", 443, 443): "exact"}

    def test_the_plain_estate_is_reachable_on_443_only(self):
        self.assertEqual(self.exposures(plain()), self.HTTPS)
        self.assertEqual(self.exposures(plain(), "2600::1", "2001:db8:1::4"), self.HTTPS)

    def test_a_nacl_entry_below_a_broad_allow_denies_and_one_above_it_does_not(self):
        estate = plain()
        estate["NetworkAcls"][0]["Entries"].append(entry(99, False, "deny", "6", ports=(443, 443)))
        self.assertEqual(self.exposures(estate), {})
        estate["NetworkAcls"][0]["Entries"][-1]["RuleNumber"] = 150
        self.assertEqual(self.exposures(estate), self.HTTPS)

    def test_all_ports_from_one_odd_range_are_not_open_to_the_world_but_two_halves_of_the_world_are(self):
        estate = plain()
        estate["SecurityGroups"][0]["IpPermissions"] = [permission("tcp", (0, 65535), ["198.18.0.0/24"])]
        self.assertEqual(self.exposures(estate), {})
        estate["SecurityGroups"][0]["IpPermissions"] = [permission("tcp", (22, 22), ["0.0.0.0/1", "128.0.0.0/1"])]
        halves = self.outcome(estate)
        estate["SecurityGroups"][0]["IpPermissions"] = [permission("tcp", (22, 22), ["0.0.0.0/0"])]
        whole = self.outcome(estate)
        for exposure in halves["endpoints"][0]["exposures"] + whole["endpoints"][0]["exposures"]:
            exposure["because"] = common.ids(exposure["because"])  # their texts say what each rule says
        self.assertEqual(halves, whole)

    def test_protocol_47_and_all_protocols_are_no_tcp_ports(self):
        estate = plain()
        estate["SecurityGroups"][0]["IpPermissions"] = [permission("47", None, ["0.0.0.0/0"])]
        self.assertEqual(self.exposures(estate), {("47", None, None): "exact"})
        estate["SecurityGroups"][0]["IpPermissions"] = [permission("-1", None, ["0.0.0.0/0"])]
        self.assertEqual(set(self.exposures(estate)), {
            ("tcp", 0, 65535), ("udp", 0, 65535), ("icmp", None, None), ("icmpv6", None, None), ("0", None, None), ("2-5", None, None),
            ("7-16", None, None), ("18-57", None, None), ("59-255", None, None)})

    def test_icmp_types_are_no_ports(self):
        estate = plain()
        estate["SecurityGroups"][0]["IpPermissions"] = [permission("icmp", (8, -1), ["0.0.0.0/0"])]
        self.assertEqual(self.exposures(estate), {("icmp", None, None): "exact"})
        [item] = self.outcome(estate, INTERNET)["endpoints"][0]["exposures"]
        self.assertEqual((item["from_type"], item["to_type"], item["from_code"], item["to_code"]), (8, 8, 0, 255))

    def test_private_sources_on_a_public_interface_are_listed_but_are_not_the_internet(self):
        estate = plain()
        estate["SecurityGroups"][0]["IpPermissions"] = [permission("tcp", (22, 22), ["10.0.0.0/8"])]
        v4 = self.outcome(estate)["endpoints"][0]
        self.assertTrue(v4["exposures"])
        self.assertFalse(any(item["internet"] for item in v4["exposures"]))

    def test_ipv6_is_seen_without_a_public_ipv4(self):
        estate = plain()
        del estate["NetworkInterfaces"][0]["PrivateIpAddresses"][0]["Association"]
        self.assertEqual(self.exposures(estate, "2600::1", "2001:db8:1::4"), self.HTTPS)

    def test_a_subnet_is_public_by_its_effective_route_table_be_it_the_main_one(self):
        estate = plain()
        self.assertEqual(self.exposures(estate), self.HTTPS)
        estate["RouteTables"].append({"RouteTableId": "rtb-2", "VpcId": "vpc-1", "Routes": [],
                                      "Associations": [{"Main": False, "SubnetId": "subnet-1"}]})
        self.assertEqual(self.exposures(estate), {})

    def test_secondary_addresses_and_interfaces_count(self):
        estate = plain()
        estate["NetworkInterfaces"][0]["PrivateIpAddresses"].append(
            {"PrivateIpAddress": "10.0.0.5", "Association": {"PublicIp": "198.51.100.5"}})
        second = copy.deepcopy(estate["NetworkInterfaces"][0])
        second.update(NetworkInterfaceId="eni-2", Ipv6Addresses=[], PrivateIpAddresses=[
            {"PrivateIpAddress": "10.0.0.6", "Association": {"PublicIp": "198.51.100.6"}}])
        estate["NetworkInterfaces"].append(second)
        for address in ("198.51.100.4", "198.51.100.5", "198.51.100.6"):
            self.assertEqual(self.exposures(estate, address=address), self.HTTPS)

    def test_a_blackhole_route_or_a_detached_gateway_is_not_public(self):
        estate = plain()
        estate["RouteTables"][0]["Routes"][1]["State"] = "blackhole"
        self.assertEqual(self.exposures(estate), {})
        estate = plain()
        estate["InternetGateways"][0]["Attachments"] = []
        self.assertEqual(self.exposures(estate), {})
        self.assertEqual(self.outcome(estate)["endpoints"][0]["exposures"], [])

    def test_the_outbound_nacl_limits_client_ports(self):
        estate = plain()
        estate["NetworkAcls"][0]["Entries"][1] = entry(100, True, "allow", "6", ports=(1024, 65535))
        [item] = self.outcome(estate, INTERNET)["endpoints"][0]["exposures"]
        self.assertEqual(item["client_ports"], "1024-65535")
        [item] = self.outcome(estate, INTERNET + ":1-1023")["endpoints"][0]["exposures"]
        self.assertEqual(item["path"], "inbound-only")

    def test_a_way_back_for_some_sources_only_serves_those(self):
        estate = plain()
        estate["RouteTables"][0]["Routes"].append(
            {"DestinationCidrBlock": "8.8.0.0/16", "TransitGatewayId": "tgw-1", "State": "active"})
        self.assertEqual(self.exposures(estate), {})
        self.assertEqual(self.exposures(estate, "8.9.0.1"), self.HTTPS)

    def test_prefix_lists_are_what_they_hold(self):
        estate = plain()
        estate["SecurityGroups"][0]["IpPermissions"] = [permission("tcp", (443, 443), lists=["pl-1"])]
        estate["entries"] = {"pl-1": ["8.8.8.0/24"]}
        self.assertEqual(self.exposures(estate), self.HTTPS)
        self.assertEqual(self.exposures(estate, "8.8.9.1"), {})

    def test_a_stopped_instance_is_dormant_and_a_terminated_one_is_not_there(self):
        estate = plain()
        estate["Reservations"][0]["Instances"][0]["State"]["Name"] = "stopped"
        self.assertTrue(all(e["dormant"] for e in self.outcome(estate)["endpoints"]))
        self.assertEqual(self.exposures(estate), self.HTTPS)
        estate["Reservations"][0]["Instances"][0]["State"]["Name"] = "terminated"
        self.assertEqual(self.outcome(estate)["endpoints"], [])

    def test_an_interface_that_is_attached_to_nothing_is_dormant_and_every_command_says_why(self):
        estate = plain()
        estate["NetworkInterfaces"][0].update(Status="available")
        estate["NetworkInterfaces"][0].pop("Attachment", None)
        estate["Reservations"] = []
        with tempfile.TemporaryDirectory() as folder:
            estates.write(estate, folder)
            [endpoint] = {e["address"] for e in self.outcome(estate)["endpoints"] if ":" not in e["address"]}
            for words in (("compute", folder), ("explain", folder, endpoint, "443/tcp")):
                self.assertIn("dormant: it is attached to nothing", common.sgproof(*words).stdout)


class WhatTheSnapshotLacks(Case):
    def test_each_kind_that_is_absent_makes_the_answer_possible_names_it_and_exits_3(self):
        for kind in ("Subnets", "RouteTables", "NetworkAcls", "InternetGateways", "SecurityGroups"):
            with self.subTest(kind=kind):
                estate = plain()
                del estate[kind]
                found = self.exposures(estate, expect=3)
                self.assertEqual(found.get(("tcp", 443, 443), found.get(("tcp", 0, 65535))), "possible")
                self.assertIn(kind, json.dumps(self.outcome(estate, expect=3)["missing"]))

    def test_an_empty_kind_is_not_an_absent_one(self):
        estate = plain()
        estate["InternetGateways"] = []
        estate["RouteTables"][0]["Routes"] = estate["RouteTables"][0]["Routes"][:1]
        self.assertEqual(self.exposures(estate), {})

    def test_a_missing_group_prefix_list_or_gateway_is_named_and_makes_the_answer_possible(self):
        for change, name in ((lambda e: e["NetworkInterfaces"][0]["Groups"].append({"GroupId": "sg-gone"}), "sg-gone"),
                             (lambda e: e["SecurityGroups"][0]["IpPermissions"].append(
                                 permission("tcp", (22, 22), lists=["pl-gone"])), "pl-gone"),
                             (lambda e: e["InternetGateways"].clear(), "igw-1")):
            with self.subTest(name=name):
                estate = plain()
                change(estate)
                found = self.exposures(estate, expect=3)
                self.assertIn("possible", found.values())
                output = self.outcome(estate, expect=3)
                self.assertIn(name, json.dumps(output["missing"]))
                self.assertIn(name, json.dumps([x["via"] for x in output["endpoints"][0]["exposures"]]))

    def test_interfaces_nested_in_reservations_serve_where_there_is_no_other_document(self):
        estate = plain()
        [interface] = estate.pop("NetworkInterfaces")
        estate["Reservations"][0]["Instances"][0]["NetworkInterfaces"] = [interface]
        self.assertEqual(self.exposures(estate), {("tcp", 443, 443): "exact"})


class Size(Case):
    def most_memory(self, folder):
        """Peak resident memory of compute, in bytes, asked for by a small process: a child begins with its parent's."""
        ask = ("import os, sys; pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ); "
               "_, status, usage = os.wait4(pid, 0); print(status, usage.ru_maxrss)")
        done = subprocess.run([sys.executable, "-c", ask, common.SGPROOF, "compute", folder, "-q", "-o", os.path.join(folder, "out")],
                              text=True, capture_output=True, env={**os.environ, "ASAN_OPTIONS": "quarantine_size_mb=0:detect_leaks=0"})
        status, kilobytes = map(int, done.stdout.split())
        self.assertEqual(status, 0, done.stderr)
        return kilobytes * 1024

    def test_memory_does_not_grow_with_a_document(self):
        with tempfile.TemporaryDirectory() as folder:
            estate = plain()
            del estate["Vpcs"]
            estates.write(estate, folder)
            small = self.most_memory(folder)
            vpc = json.dumps({"VpcId": "vpc-1", "Tags": [{"Key": "k%d" % i, "Value": "v" * 50} for i in range(50)]}, indent=4)
            with open(os.path.join(folder, "more.json"), "w") as out:
                out.write('{"Vpcs": [' + ",".join([vpc] * 10000) + "]}")
            size = os.path.getsize(os.path.join(folder, "more.json"))
            self.assertLess(self.most_memory(folder) - small, size // 4)


class Hostile(Case):
    def test_names_cannot_steer_the_terminal_nor_break_the_json(self):
        estate = plain()
        name = "evil \x1b[2J\x9b\x07 \"<b>&"
        estate["Reservations"][0]["Instances"][0]["Tags"] = [{"Key": "Name", "Value": name}]
        self.assertEqual(self.outcome(estate)["endpoints"][0]["name"], name)
        with tempfile.TemporaryDirectory() as folder:
            estates.write(estate, folder)
            for words in (["compute", folder], ["explain", folder, "198.51.100.4", "443/tcp"]):
                shown = common.sgproof(*words).stdout
                self.assertFalse([c for c in shown if c != "\n" and (ord(c) < 32 or 127 <= ord(c) < 160)], words)


class Metamorphic(Case):
    def test_order_of_everything_does_not_matter(self):
        estate, turned = plain(), plain()
        estate["SecurityGroups"][0]["IpPermissions"].append(permission("tcp", (22, 80), ["0.0.0.0/1"]))
        turned["SecurityGroups"][0]["IpPermissions"].append(permission("tcp", (22, 80), ["0.0.0.0/1"]))
        for kind in ("RouteTables", "NetworkAcls"):
            for item in turned[kind]:
                item.get("Routes", item.get("Entries")).reverse()
        turned["NetworkInterfaces"].reverse()
        self.assertEqual(self.outcome(estate), self.outcome(turned))

    def test_the_same_input_gives_the_same_bytes(self):
        outputs = {common.sgproof("compute", common.SAMPLE, "--format", "json").stdout for _ in range(2)}
        self.assertEqual(len(outputs), 1)


@unittest.skipUnless(common.SHARED.is_dir(), "../shared/data/estates is not here")
class RealDocuments(Case):
    def endpoints(self, name, *words, lacking=()):
        lacking = list(lacking)
        output = common.compute(common.SHARED / name, *words)
        self.assertEqual(common.missing(output), lacking)
        return {e["address"]: e["exposures"] for e in output["endpoints"]}

    def test_public_subnet_denies_80_to_8_8_8_8(self):
        found = self.endpoints("public-subnet", "--vantage", "8.8.8.8")
        self.assertEqual([(x["protocol"], x["from_port"], x["to_port"]) for x in found["18.216.80.133"]],
                         [("tcp", 22, 22)])

    def test_a_nat_gateway_takes_nothing_in(self):
        self.assertEqual(self.endpoints("nat-gateway")["3.135.127.225"], [])

    def test_load_balancer_has_one_public_address_the_jump_host(self):
        self.assertEqual(list(self.endpoints("load-balancer")), ["3.17.39.193"])

    def test_hybrid_cloud_is_unreachable(self):
        """A public database is in a region of which there are no interfaces and no groups: that is said."""
        region = "028403472736/us-west-2 (no such document in the snapshot)"
        self.assertEqual(self.endpoints("hybrid-cloud", lacking=[
            "missing: NetworkInterfaces of %s, and no Reservations" % region, "missing: SecurityGroups of %s" % region,
            "missing: the interface of publicly accessible database test-rds"]), {})


if __name__ == "__main__":
    unittest.main()
