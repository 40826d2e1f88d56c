"""The plan's head and what a run would cost: nothing is sent for it."""
import json
import os
import pathlib
import re
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import common
from common import sgproof

VANTAGE = ("--vantage", "203.0.113.7", "--vantage", "2001:db8:ffff::7")
LAB = ("--only", "198.51.100.0/24", "--only", "2001:db8:1::/48")


class Plan(unittest.TestCase):
    def head(self, *words):
        done = sgproof("plan", common.SAMPLE, *VANTAGE, *words)
        self.assertEqual(done.returncode, 0, done.stderr)
        head, *lines = map(json.loads, done.stdout.splitlines())
        return head, lines

    def test_the_first_line_tells_the_vantage_and_counts_what_the_others_hold(self):
        head, lines = self.head()
        self.assertEqual((head["schema"], head["vantage"], [one["learnt"] for one in head["vantages"]]),
                         ("sgproof/plan/v1", "203.0.113.7, 2001:db8:ffff::7", ["given", "given"]))
        places = set()
        for line in lines:
            for part in line["ports"].split(",") if line["ports"] else ["0"]:
                low, _, high = part.partition("-")
                places |= {(line["address"], line["protocol"], port) for port in range(int(low), int(high or low) + 1)}
        self.assertEqual((head["targets"], head["questions"]), (len(lines), len(places)))

    def test_all_rounds_count_and_what_is_expected_to_answer_is_asked_once(self):
        once, _ = self.head("--tries", "1")
        thrice, lines = self.head("--tries", "3")
        self.assertEqual((once["packets"] - 1) // 1.01 // 100, once["questions"] // 100)
        self.assertGreater(thrice["packets"], 2.9 * once["packets"])
        slow, _ = self.head("--rate", "100")
        self.assertGreaterEqual(slow["seconds"], slow["packets"] / 1.01 / 100)
        wait, _ = self.head("--timeout", "11000")
        self.assertAlmostEqual(wait["seconds"] - thrice["seconds"], 10, places=2)  # one timeout, not one a round

    def test_estimate_and_dry_run_say_so_and_stop(self):
        with tempfile.TemporaryDirectory() as folder:
            out = pathlib.Path(folder) / "evidence"
            said = [sgproof("run", "--snapshot", common.SAMPLE, *VANTAGE, word, "--out", out, *LAB) for word in ("--estimate", "--dry-run")]
            said.append(sgproof("plan", common.SAMPLE, *VANTAGE, "--estimate", "--format", "text"))
            self.assertEqual({(done.returncode, done.stdout) for done in said}, {(0, said[0].stdout)})
            self.assertRegex(said[0].stdout, r"^8 addresses, \d+ questions: about \d+ packets, about \d+ s at 10000 packets/s \(2000 to one address\), up to \d+ s more where what proves nothing is asked again; nothing was sent\n"
                                             r"from 203.0.113.7 \(given\)\n")
            done = sgproof("run", "--snapshot", common.SAMPLE, *VANTAGE, "--estimate", "--out", out, *LAB, "--format", "json")
            self.assertEqual(json.loads(done.stdout)["schema"], "sgproof/plan/v1")
            done = sgproof("run", "--snapshot", common.SAMPLE, *VANTAGE, "--estimate", "--out", out, *common.ONLY)
            self.assertEqual((done.returncode, done.stdout, os.listdir(folder)), (2, "", []))  # the scope lock holds for it too
            self.assertFalse(out.exists())
        done = sgproof("plan", common.SAMPLE, *VANTAGE, "--estimate")
        self.assertEqual((done.stdout.count("\n"), json.loads(done.stdout)["schema"]), (1, "sgproof/plan/v1"))
        done = sgproof("probe", "--targets", "-", *common.ONLY, "--dry-run", stdin="127.0.0.1 tcp 1-100\n")
        self.assertEqual((done.returncode, done.stdout[:28]), (0, "1 address, 100 questions: ab"))
        done = sgproof("probe", "--targets", "-", *common.ONLY, "--estimate", stdin="198.51.100.4 tcp 1-100\n")
        self.assertEqual((done.returncode, done.stdout), (2, ""))  # the scope lock holds for it too

    def test_without_a_terminal_a_line_tells_from_time_to_time_how_far_it_is_and_what_is_left_of_all_rounds(self):
        words = ("probe", "--targets", "-", *common.ONLY, "--method", "connect", "--rate", "50")
        targets = "127.0.0.1 tcp 1-100\n127.0.0.1 udp 1-50\n"  # nobody answers a UDP port of ours in time: all rounds
        said = sgproof(*words, "--progress", "1", stdin=targets).stderr
        lines = re.findall(r"^sgproof: probe: round (\d+), \d+ % of it, (\d+) of 150 answered, \d+ packets/s, (\d+) s left$", said, re.M)
        self.assertGreaterEqual(len(lines), 2, said)
        self.assertGreater(int(lines[0][2]), int(lines[-1][2]) if len(lines) > 2 else 0)
        self.assertNotIn("probe: round", sgproof(*words, "--progress", "0", stdin="127.0.0.1 tcp 1-60\n").stderr)
        self.assertNotIn("probe: round", sgproof(*words, "-q", "--progress", "1", stdin="127.0.0.1 tcp 1-60\n").stderr)

    def test_a_head_of_another_version_is_refused_and_a_plan_without_one_is_read(self):
        plan = sgproof("plan", common.SAMPLE, *VANTAGE).stdout
        done = sgproof("probe", "--targets", "-", *common.ONLY, "--estimate", stdin=plan.replace("plan/v1", "plan/v9", 1))
        self.assertEqual(done.returncode, 2)
        self.assertIn("expected sgproof/plan/v1", done.stderr)
        line = '{"address": "127.0.0.1", "protocol": "tcp", "ports": "9", "client_ports": "0-65535", "expect": "unreachable", "why": []}\n'
        self.assertEqual(sgproof("probe", "--targets", "-", *common.ONLY, "--estimate", stdin=line).returncode, 0)

    def test_standard_asks_what_rules_of_the_endpoints_own_vpc_name(self):
        """And what groups name that an endpoint has, wherever they are, or of which no VPC is known."""
        rule = lambda port: {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
        group = lambda name, port, vpc: {"GroupId": "sg-" + name, "GroupName": name, "OwnerId": "111122223333", **({"VpcId": vpc} if vpc else {}), "IpPermissions": [rule(port)]}
        documents = {
            "Vpcs": [{"VpcId": "vpc-%d" % v, "OwnerId": "111122223333"} for v in (1, 2)],
            "Subnets": [{"SubnetId": "subnet-%d" % v, "VpcId": "vpc-%d" % v, "OwnerId": "111122223333"} for v in (1, 2)],
            "InternetGateways": [{"InternetGatewayId": "igw-%d" % v, "OwnerId": "111122223333", "Attachments": [{"VpcId": "vpc-%d" % v, "State": "available"}]} for v in (1, 2)],
            "RouteTables": [{"RouteTableId": "rtb-%d" % v, "VpcId": "vpc-%d" % v, "Associations": [{"Main": True}],
                             "Routes": [{"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-%d" % v, "State": "active"}]} for v in (1, 2)],
            "NetworkAcls": [{"NetworkAclId": "acl-%d" % v, "VpcId": "vpc-%d" % v, "IsDefault": True, "Associations": [], "Entries": [
                {"Egress": out, "Protocol": "-1", "RuleNumber": 100, "RuleAction": "allow", "CidrBlock": "0.0.0.0/0"} for out in (True, False)]} for v in (1, 2)],
            "SecurityGroups": [group("a", 10010, "vpc-1"), group("b", 10020, "vpc-2"), group("unused", 10030, "vpc-1"), group("nowhere", 10040, None),
                               group("shared", 10050, "vpc-2")],
            "NetworkInterfaces": [{"NetworkInterfaceId": "eni-%d" % v, "VpcId": "vpc-%d" % v, "SubnetId": "subnet-%d" % v, "OwnerId": "111122223333", "Status": "in-use",
                                   "InterfaceType": "interface", "Groups": [{"GroupId": "sg-" + g} for g in groups], "Ipv6Addresses": [],
                                   "PrivateIpAddresses": [{"PrivateIpAddress": "10.%d.0.4" % v, "Association": {"PublicIp": "198.51.100.%d" % v}}]}
                                  for v, groups in ((1, ["a", "shared"]), (2, ["b"]))],
        }
        with tempfile.TemporaryDirectory() as folder:
            for key, value in documents.items():
                (pathlib.Path(folder) / (key + ".json")).write_text(json.dumps({key: value}))
            lines = [json.loads(line) for line in sgproof("plan", folder, *VANTAGE).stdout.splitlines()[1:]]
        named = {address: {int(port) for line in lines if line["address"] == address and "rule" in line["why"] for port in line["ports"].split(",")}
                 for address in ("198.51.100.1", "198.51.100.2")}
        self.assertEqual(named, {"198.51.100.1": {10010, 10030, 10040, 10050}, "198.51.100.2": {10020, 10040, 10050}})

    def test_a_canary_is_a_line_of_the_plan_and_no_question(self):
        head, lines = self.head("--canary", "203.0.113.77:443")
        self.assertEqual(head["questions"], self.head()[0]["questions"])
        self.assertEqual(lines[-1], {"address": "203.0.113.77", "protocol": "tcp", "ports": "443", "client_ports": "0-65535", "expect": "possible",
                                     "why": ["canary"], "canary": True})


if __name__ == "__main__":
    unittest.main()
