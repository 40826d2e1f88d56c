"""What would exhaust the machine is left out, in words: possible, and exit status 3."""
import json
import os
import pathlib
import struct
import subprocess
import time
import sys
import tempfile
import unittest
from resource import RUSAGE_CHILDREN, getrusage

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import common
from oracle import estates
from test_snapshots import lets_out as plain, permission


def source(i):
    return "%d.%d.%d.0/24" % (100 + i // 65536, i // 256 % 256, i % 256)


def nested_rules(count):
    estate = plain()
    estate["SecurityGroups"][0]["IpPermissions"] = [permission("tcp", (1 + i, 60000 - i), [source(i)]) for i in range(count)]
    return estate


def nested_entries(count, ports=True):
    estate = plain()
    acl = estate["NetworkAcls"][0]
    pattern = next(e for e in acl["Entries"] if not e["Egress"])
    acl["Entries"] = [e for e in acl["Entries"] if e["Egress"]] + [
        {**pattern, "RuleNumber": i + 1, "Protocol": "6" if ports else "-1", "CidrBlock": source(i), "RuleAction": "deny" if i % 2 else "allow",
         **({"PortRange": {"From": 1 + i, "To": 60000 - i}} if ports else {})} for i in range(count)]
    return estate


def nested_groups(groups, rules):
    """Groups of one interface, each light by itself: together their rules overlap in as many ways."""
    estate = plain()
    estate["SecurityGroups"] = [{**estate["SecurityGroups"][0], "GroupId": "sg-%d" % g, "IpPermissions": [
        permission("tcp", (1 + g * rules + r, 60000 - g * rules - r), [source((g * rules + r) * 10 + i) for i in range(10)]) for r in range(rules)]} for g in range(groups)]
    estate["NetworkInterfaces"][0]["Groups"] = [{"GroupId": "sg-%d" % g} for g in range(groups)]
    return estate


def nested_records(count):
    """Rules that DescribeSecurityGroupRules alone tells of."""
    estate = plain()
    estate["SecurityGroupRules"] = [{"SecurityGroupRuleId": "sgr-%08x" % i, "GroupId": estate["SecurityGroups"][0]["GroupId"], "GroupOwnerId": "111122223333", "IsEgress": False,
                                     "IpProtocol": "tcp", "FromPort": 1 + i, "ToPort": 60000 - i, "CidrIpv4": source(i), "Tags": []} for i in range(count)]
    return estate


def resource(kind, name, after, before=None):
    return {"address": "%s.%s" % (kind, name), "mode": "managed", "type": kind, "name": name, "provider_name": "hashicorp/aws",
            "change": {"actions": ["update" if before else "create"], "before": before, "after": after, "after_unknown": {}}}


def nested_port_range(i):
    return {"protocol": "tcp", "from_port": 1 + i, "to_port": 60000 - i}


def planned_rules(count, group):
    return [resource("aws_security_group_rule", "r%d" % i, {"type": "ingress", **nested_port_range(i), "cidr_blocks": [source(i)], "security_group_id": group}) for i in range(count)]


def planned_block(count, group):
    return [resource("aws_security_group", "g", {"id": group, "ingress": [{**nested_port_range(i), "cidr_blocks": [source(i)]} for i in range(count)]}, {"id": group})]


def planned_entries(count, acl):
    return [resource("aws_network_acl_rule", "r%d" % i, {"network_acl_id": acl, "egress": False, "rule_number": i + 1, "rule_action": "allow" if i % 2 else "deny",
                                                         **nested_port_range(i), "cidr_block": source(i)}) for i in range(count)]


def planned_routes(count, table):
    return [resource("aws_route", "r%d" % i, {"route_table_id": table, "destination_cidr_block": source(i), "vpc_peering_connection_id": "pcx-1"}) for i in range(count)]


def many_routes(count):
    estate = plain()
    estate["RouteTables"][0]["Routes"] += [{"DestinationCidrBlock": "%d.%d.%d.0/23" % (20 + i // 32768, i // 128 % 256, i % 128 * 2),
                                            "GatewayId": "igw-1" if i % 2 else "local", "State": "active" if i % 3 else "blackhole"} for i in range(count)]
    return estate


class Budgets(unittest.TestCase):
    def compute(self, estate):
        with tempfile.TemporaryDirectory() as folder:
            estates.write(estate, folder)
            return common.compute(folder)

    def test_what_aws_admits_is_exact(self):
        for estate in (nested_rules(300), nested_entries(100), nested_entries(300, ports=False), nested_groups(5, 20), many_routes(1000)):
            found = self.compute(estate)
            self.assertEqual(found["unread"], [])
            self.assertEqual({x["certainty"] for e in found["endpoints"] for x in e["exposures"]}, {"exact"})

    def test_ten_thousand_that_overlap_are_possible_and_said(self):
        for estate, what in ((nested_rules(10000), "10000 inbound rules that overlap"), (nested_entries(10000), "entries that overlap"),
                             (nested_entries(20000, ports=False), "entries that overlap"), (nested_groups(60, 40), "59 other groups of an interface"),
                             (many_routes(20000), "20003 routes, more than are worked out")):
            with self.subTest(what=what):
                found = self.compute(estate)
                self.assertIn(what, found["unread"][0]["why"])
                tcp = [x for e in found["endpoints"] if e["family"] == "ipv4" for x in e["exposures"] if x["protocol"] == "tcp"]
                self.assertTrue(tcp)
                self.assertEqual({x["certainty"] for x in tcp}, {"possible"})

    def test_ten_thousand_rules_of_records_alone_are_possible_and_said(self):
        began = time.monotonic()
        for count in (10000, 2000):
            found = self.compute(nested_records(count))
            self.assertIn("inbound rules that overlap", found["unread"][-1]["why"])
            tcp = [x for e in found["endpoints"] if e["family"] == "ipv4" for x in e["exposures"] if x["protocol"] == "tcp"]
            self.assertTrue(tcp)
            self.assertEqual({x["certainty"] for x in tcp}, {"possible"})
        self.assertLess(time.monotonic() - began, 20)

    def diff(self, changes, option="--terraform"):
        with tempfile.TemporaryDirectory() as folder:
            os.mkdir(folder + "/snapshot")
            estates.write(plain(), folder + "/snapshot")
            with open(folder + "/plan.json", "w") as file:
                json.dump({"format_version": "1.2", "terraform_version": "1.9", "resource_changes": changes} if option == "--terraform" else changes, file)
            done = common.sgproof("diff", folder + "/snapshot", option, folder + "/plan.json", "--format", "json")
            self.assertIn(done.returncode, (0, 1, 3), done.stderr)
            return done.returncode, json.loads(done.stdout)

    def test_what_plans_bring_has_the_same_budget(self):
        estate = plain()
        group, acl, table = (estate[kind][0][key] for kind, key in (("SecurityGroups", "GroupId"), ("NetworkAcls", "NetworkAclId"), ("RouteTables", "RouteTableId")))
        stack = {"ChangeSetId": "arn:aws:cloudformation:eu-west-3:111122223333:changeSet/x/1", "StackName": "s", "Status": "CREATE_COMPLETE", "Changes": [
            {"Type": "Resource", "ResourceChange": {"Action": "Add", "LogicalResourceId": "R%d" % i, "ResourceType": "AWS::EC2::SecurityGroupIngress", "AfterContext": json.dumps(
                {"Properties": {"GroupId": group, "IpProtocol": "tcp", "FromPort": 1 + i, "ToPort": 60000 - i, "CidrIp": source(i)}})}} for i in range(3000)]}
        began = time.monotonic()
        for changes, option, words in ((planned_rules(10000, group), "--terraform", "inbound rules that overlap"), (planned_block(5000, group), "--terraform", "inbound rules that overlap"),
                                       (planned_entries(3000, acl), "--terraform", "entries that overlap"), (planned_routes(6000, table), "--terraform", "routes, more than are worked out"),
                                       (stack, "--changeset", "inbound rules that overlap")):
            with self.subTest(words=words, option=option):
                status, told = self.diff(changes, option)
                self.assertEqual(status, 3)
                self.assertIn(words, json.dumps(told["unknown"]))
                self.assertEqual({x["certainty"] for x in told["opened"]} - {"possible"}, set())
        self.assertLess(time.monotonic() - began, 60)

    def test_rules_of_any_new_group_are_not_multiplied_by_all_of_them(self):
        """Three thousand groups, and as many rules of which nobody knows whose they are."""
        groups = [resource("aws_security_group", "g%d" % i, {"name": "g%d" % i, "ingress": [], "vpc_id": "vpc-1"}) for i in range(3000)]
        rules = planned_rules(3000, None)
        for i, one in enumerate(rules):
            one["change"]["after_unknown"] = {"security_group_id": True}
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            os.mkdir(folder + "/snapshot")
            estates.write(plain(), folder + "/snapshot")
            with open(folder + "/plan.json", "w") as file:
                json.dump({"format_version": "1.2", "terraform_version": "1.9", "resource_changes": groups + rules, "planned_values": {"root_module": {"resources": []}},
                           "configuration": {"root_module": {}}}, file)
            process = subprocess.Popen([common.SGPROOF, "diff", folder + "/snapshot", "--terraform", folder + "/plan.json", "--format", "json"], stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE)
            out, said = process.stdout.read(), process.stderr.read()
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            process.stdout.close(), process.stderr.close()
        self.assertEqual(process.returncode, 3, said)
        self.assertLess(usage.ru_maxrss, 900 << 10)
        self.assertLess(time.monotonic() - began, 60)

    def test_a_plan_of_what_aws_admits_is_exact(self):
        status, told = self.diff(planned_rules(300, plain()["SecurityGroups"][0]["GroupId"]))
        self.assertEqual((status, told["unknown"]), (0, []))
        self.assertIn("exact", {x["certainty"] for x in told["opened"]})

    def test_a_device_without_an_end_is_no_file(self):
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            estates.write(plain(), folder)

            def of_zeros(*words, **env):
                with open("/dev/zero", "rb") as zeros:
                    return subprocess.run([common.SGPROOF, *words], stdin=zeros, capture_output=True, text=True, env={**os.environ, **env})
            for name in ("-", "/dev/stdin"):
                done = of_zeros("reconcile", folder, name)
                self.assertEqual(done.returncode, 2)
                self.assertIn(name + ":1: is longer than a line of JSON is taken", done.stderr)
            for variable in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
                done = of_zeros("read", "--region", "eu-west-3", "--out", folder + "/never", **{variable: "/dev/stdin"})
                self.assertEqual(done.returncode, 2)
                self.assertIn("/dev/stdin: larger than 16 MiB", done.stderr)
        self.assertLess(time.monotonic() - began, 20)

    def test_records_that_say_nothing_cost_next_to_nothing(self):
        """What is told of the first thousand is not made of each of the rest."""
        with tempfile.TemporaryDirectory() as folder:
            with open(folder + "/x.json", "w") as file:
                file.write('{"NetworkInterfaces":[%s]}' % ",".join(["{}"] * 500000))
            process = subprocess.Popen([common.SGPROOF, "compute", folder, "--format", "json"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            told = json.load(process.stdout)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            process.stdout.close()
        self.assertEqual((process.returncode, len(told["unread"]), told["unread"][999]["path"]), (3, 1000, "NetworkInterfaces[999].NetworkInterfaceId"))
        self.assertLess(usage.ru_utime, 3)

    def test_thousands_of_rules_and_accounts_take_seconds(self):
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            estate = plain()
            pattern = estate["NetworkInterfaces"][0]
            estate["NetworkInterfaces"] += [{"NetworkInterfaceId": "eni-%d" % i, "OwnerId": "%012d" % i, "VpcId": pattern["VpcId"]} for i in range(3000)]
            estates.write(estate, folder)
            self.assertEqual(common.sgproof("compute", folder, "--format", "json").returncode, 3)
            intent = folder + ".intent.json"
            with open(intent, "w") as file:
                json.dump({"schema": "sgproof/intent/v1", "platform": "p", "default": "deny", "rules": [
                    {"id": "r%d" % i, "decision": "allow", "protocol": "tcp", "ports": str(i + 1), "owner": "us", "reason": "x"} for i in range(8000)]}, file)
            observations = folder + ".observations"
            with open(observations, "w") as file:
                file.write('{"address": "198.51.100.20", "protocol": "tcp", "from_port": 443, "to_port": 443, "state": "open", "reason": "syn-ack"}\n')
            done = common.sgproof("reconcile", folder, observations, "--vantage", "203.0.113.7", "--intent", intent)
            self.assertIn(done.returncode, (1, 3, 4), done.stderr)
            os.unlink(intent)
            os.unlink(observations)
        self.assertLess(time.monotonic() - began, 60)

    def test_time_grows_with_what_there_is_and_not_by_its_square(self):
        """Four times as much takes some four times as long, not sixteen: accounts, VPCs whose tables are not there, rules of one port, intent rules of one port, what several vantages miss."""
        growth = {"__file__": str(common.TOP / "tests/bench/engine/growth"), "__name__": "growth"}
        arguments, sys.argv = sys.argv, ["growth", common.SGPROOF]
        try:
            exec(compile((common.TOP / "tests/bench/engine/growth").read_text(), "growth", "exec"), growth)
        finally:
            sys.argv = arguments
        for shape, count in (("accounts", 2000), ("VPCs without tables", 4000), ("instances of accounts", 4000), ("rules told one by one", 6000), ("intent of one port", 5000), ("gaps of two vantages", 6000)):
            with self.subTest(shape=shape):
                few, many = (growth["measure"](shape, n)[0] for n in (count, 4 * count))
                self.assertLess(many, 9 * few + 1, (few, many))

    def test_a_plan_of_more_questions_than_a_capture_can_tell_of_is_not_replayed(self):
        """A plan of 2 MB may ask each port of 20,000 hosts: 1.3 billion questions, of a capture without a packet."""
        with tempfile.TemporaryDirectory() as folder:
            plan, capture = os.path.join(folder, "plan"), os.path.join(folder, "capture.pcap")
            with open(plan, "w") as file:
                file.writelines("10.%d.%d.%d tcp 0-65535\n" % (i >> 16, i >> 8 & 255, i & 255) for i in range(20000))
            with open(capture, "wb") as file:
                file.write(struct.pack("<IHHiIII", 0xa1b23c4d, 2, 4, 0, 0, 65535, 101))
            began = time.monotonic()
            done = common.sgproof("probe", "--targets", plan, "--from-capture", capture, "--only", "10.0.0.0/8")
            self.assertEqual(done.returncode, 3, done.stderr)
            self.assertRegex(done.stderr, "capture.pcap: has 0 frames, and the plan 1310720000 questions: of so few frames 268435456 are replayed at most")
            self.assertLess(time.monotonic() - began, 30)

    def test_reconcile_refuses_observations_that_tell_twice_of_a_port(self):
        """With both lines, whatever their order; what is not in order is put in order."""
        line = lambda low, high: '{"address": "198.51.100.10", "protocol": "tcp", "from_port": %d, "to_port": %d, "state": "filtered", "reason": "no-answer", "tries": 3}\n' % (low, high)
        words = ("--vantage", "203.0.113.7", "--format", "json")
        done = common.sgproof("reconcile", common.SAMPLE, "-", *words, stdin=line(80, 90) + line(1, 79) + line(90, 95))
        self.assertEqual(done.returncode, 2)
        self.assertIn("-:3: tells of ports that line 1 tells of too, expected each port once", done.stderr)
        ordered, other = (common.sgproof("reconcile", common.SAMPLE, "-", *words, stdin=text).stdout.replace('"observations": [1]', "").replace('"observations": [2]', "")
                          for text in (line(1, 79) + line(80, 90), line(80, 90) + line(1, 79)))
        self.assertTrue(ordered)
        self.assertEqual(len(ordered), len(other))
        many = "".join(line(port, port) for port in range(65536))
        self.assertIn(common.sgproof("reconcile", common.SAMPLE, "-", *words, stdin=many).returncode, (3, 4))
        done = common.sgproof("reconcile", common.SAMPLE, "-", *words, stdin=line(0, 65535) * 20000)
        self.assertEqual((done.returncode, done.stdout), (2, ""))

    def test_observations_that_overlap_are_refused_by_verify_and_never_take_long(self):
        """10,000 lines of all ports each."""
        from test_evidence import Bundles, reseal
        Bundles.setUpClass()
        self.addCleanup(Bundles.doClassCleanups)
        line = '{"address": "127.0.0.1", "protocol": "tcp", "from_port": 0, "to_port": 65535, "state": "filtered", "reason": "no-answer", "tries": 3}\n'
        (Bundles.one / "observations.jsonl").write_text(line * 10000)
        reseal(Bundles.one)
        done = common.sgproof("verify", Bundles.one)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("observations.jsonl: line 2: ports that a line before it tells of", done.stdout)


def together(count, groups=True):
    """Interfaces of one subnet, each with a group of its own, or all with one."""
    estate = plain()
    interface, group = estate["NetworkInterfaces"][0], estate["SecurityGroups"][0]
    estate["SecurityGroups"] = [{**group, "GroupId": "sg-%05d" % i, "GroupName": "g%d" % i} for i in range(count if groups else 1)]
    estate["NetworkInterfaces"] = [{**interface, "NetworkInterfaceId": "eni-%05d" % i, "Groups": [{"GroupId": "sg-%05d" % (i if groups else 0)}], "Ipv6Addresses": [],
                                    "Attachment": {"InstanceId": "i-%05d" % i, "Status": "attached"},
                                    "PrivateIpAddress": "10.0.%d.%d" % (i // 250, 4 + i % 250), "PrivateIpAddresses": [{
                                        "PrivateIpAddress": "10.0.%d.%d" % (i // 250, 4 + i % 250), "Association": {"PublicIp": "198.%d.%d.7" % (20 + i // 256, i % 256)}}]} for i in range(count)]
    estate["Subnets"][0]["CidrBlock"] = "10.0.0.0/16"
    estate["Reservations"] = [{"Instances": [{"InstanceId": "i-%05d" % i, "State": {"Name": "running"}} for i in range(count)]}]
    return estate


class Growth(unittest.TestCase):
    """By processor time: what has many of one thing takes as much longer as there is more of it, not by its square."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def snapshot(self, name, estate):
        (self.folder / name).mkdir()
        estates.write(estate, str(self.folder / name))
        return self.folder / name

    def cost(self, *words):
        before = getrusage(RUSAGE_CHILDREN)
        done = subprocess.run([common.SGPROOF, *map(str, words)], capture_output=True, text=True)  # a child of ours, and none of the standby's
        after = getrusage(RUSAGE_CHILDREN)
        self.assertIn(done.returncode, (0, 1, 3, 4), done.stderr)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout

    def test_a_rule_for_each_endpoint_costs_about_what_no_intent_costs(self):
        count = 3000
        for select in ("address", "instance", "group"):
            estate = together(count)
            snapshot = self.snapshot(select, estate)
            observations, intent = self.folder / (select + ".jsonl"), self.folder / (select + ".json")
            value = {"address": lambda one: one["PrivateIpAddresses"][0]["Association"]["PublicIp"], "instance": lambda one: one["Attachment"]["InstanceId"],
                     "group": lambda one: one["Groups"][0]["GroupId"]}[select]
            observations.write_text("".join(json.dumps({"address": one["PrivateIpAddresses"][0]["Association"]["PublicIp"], "protocol": "tcp", "from_port": 443, "to_port": 443,
                                                        "state": "open", "reason": "syn-ack", "tries": 1}) + "\n" for one in estate["NetworkInterfaces"]))
            intent.write_text(json.dumps({"schema": "sgproof/intent/v1", "platform": "p", "default": "deny", "rules": [
                {"id": "r%d" % i, "decision": "allow", "select": {select: value(one)}, "protocol": "tcp", "ports": str(443 + i)} for i, one in enumerate(estate["NetworkInterfaces"])]}))
            words = ("reconcile", snapshot, observations, "--vantage", "203.0.113.7", "--format", "json")
            without, _ = self.cost(*words)
            judged, out = self.cost(*words, "--intent", intent)
            expected = [v["intent_rule"] for v in json.loads(out)["verdicts"] if v["intent"] == "expected"]
            self.assertEqual(expected, ["r0"])  # the others allow another port
            self.assertLess(judged, 5 * without, select)

    def test_flows_of_many_groups_in_one_segment_are_joined_in_time_that_is_theirs(self):
        costs = []
        for count in (150, 300):
            cost, out = self.cost("segments", self.snapshot("groups%d" % count, together(count)), "--by", "vpc", "--format", "json")
            costs.append(cost)
            flow = next(f for f in json.loads(out)["flows"] if f["protocol"] == "tcp")
            self.assertEqual(flow["ports"], "443")
            self.assertEqual(len([r for r in flow["because"] if r["text"].startswith("tcp 443 from ")]), count)  # a rule of each group
        self.assertLess(costs[1], 8 * costs[0])  # four times as many flows

    def test_elastic_addresses_behind_an_accelerator_cost_what_there_is_of_them(self):
        costs, arn = [], "arn:aws:globalaccelerator::111122223333:accelerator/a"
        for count in (400, 800):
            estate = together(count, groups=False)
            estate["Addresses"] = [{"PublicIp": one["PrivateIpAddresses"][0]["Association"]["PublicIp"], "AllocationId": "eipalloc-%017x" % i, "AssociationId": "eipassoc-%d" % i, "NetworkInterfaceId": one["NetworkInterfaceId"], "Domain": "vpc"}
                                   for i, one in enumerate(estate["NetworkInterfaces"])]
            estate["Accelerators"] = [{"AcceleratorArn": arn, "Name": "a", "IpAddressType": "IPV4", "Enabled": True, "Status": "DEPLOYED", "IpSets": [{"IpFamily": "IPv4", "IpAddresses": ["75.2.1.1"]}]}]
            snapshot = self.snapshot("eips%d" % count, estate)
            for name, document in (("list-listeners", {"Listeners": [{"ListenerArn": arn + "/listener/l", "PortRanges": [{"FromPort": 443, "ToPort": 443}], "Protocol": "TCP", "ClientAffinity": "NONE"}]}),
                                   ("list-endpoint-groups", {"EndpointGroups": [{
                                       "EndpointGroupArn": arn + "/listener/l/endpoint-group/g", "EndpointGroupRegion": "eu-west-3", "TrafficDialPercentage": 100.0, "HealthCheckPort": 443,
                                       "EndpointDescriptions": [{"EndpointId": "eipalloc-%017x" % i, "Weight": 128, "HealthState": "HEALTHY", "ClientIPPreservationEnabled": False} for i in range(count)]}]})):
                (snapshot / (name + ".json")).write_text(json.dumps(document))
            cost, out = self.cost("compute", snapshot, "--format", "json")
            costs.append(cost)
            self.assertEqual(len({e["private_address"] for e in json.loads(out)["indirect"]}), count)
        self.assertLess(costs[1], 5 * costs[0])


if __name__ == "__main__":
    unittest.main()
