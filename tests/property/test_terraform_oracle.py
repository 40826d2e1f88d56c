"""diff --terraform against an oracle, packet by packet: random estates as Terraform resources before and after (oracle/terraform.py), the documents of what AWS makes
of them, and the plan as the provider marks it. More of them: TERRAFORM_PLANS."""
import ipaddress
import json
import os
import pathlib
import random
import sys
import tempfile
import unittest

sys.path[:0] = [os.path.dirname(__file__), os.path.join(os.path.dirname(__file__), "..")]
import common
from oracle import configuration, estates, terraform
from oracle.oracle import Oracle
from test_oracle import estates_hold

PLANS = int(os.environ.get("TERRAFORM_PLANS", "1000"))
PACKETS, TOGETHER = 60, 25  # a plan; plans of one process
SEED = common.seed("TERRAFORM_SEED")
CLIENTS = sorted({max(0, min(65535, p + d)) for p in terraform.PORTS + [0, 65535] for d in (0, 1)})
NEW = "(known after apply)"


class Side:
    def __init__(self, documents):
        self.oracle, self.ports = Oracle(documents), {}
        names = {i["InstanceId"]: i["Tags"][0]["Value"] for r in documents["Reservations"] for i in r["Instances"]}
        self.places = {}
        for address, private, eni, dormant in self.oracle.endpoints():
            if not dormant:
                self.places[address, eni["NetworkInterfaceId"]] = (address, private, eni, names.get(eni["Attachment"].get("InstanceId")))

    def reached(self, place, protocol, port, source):
        if place not in self.places:
            return False
        address, private, eni, _ = self.places[place]
        for client in self.clients(eni, protocol, source):
            path, certainty = self.oracle.judge(address, private, eni, protocol, port, source, client)
            assert certainty in (None, "exact"), certainty
            if path != "inbound-only":  # what arrives does not depend on the client's port
                return path == "two-way"
        return False

    def clients(self, eni, protocol, source):
        """One port of the client's of each answer that the ACL gives to replies."""
        key = eni["SubnetId"], protocol, source
        if key not in self.ports:
            answers = {}
            for port in CLIENTS:
                answers.setdefault(self.oracle.acl_allows(eni, True, protocol, port, ipaddress.ip_address(source)), port)
            self.ports[key] = sorted(answers.values())
        return self.ports[key]


class TerraformOracle(unittest.TestCase):
    def setUp(self):
        print("terraform oracle: seed %d, %d plans" % (SEED, PLANS), file=sys.stderr)

    def holding(self, changes, side, place, known, protocol, port, source):
        """The certainties of the changes that hold a packet."""
        address, _, eni, name = side.places[place]
        found = set()
        for one in changes:
            if one["path"] != "two-way" or one["protocol"] != {6: "tcp", 17: "udp"}[protocol] or not one["from_port"] <= port <= one["to_port"]:
                continue
            here = one["eni_id"] == place[1] or not one["eni_id"].startswith("eni-") and one["name"] == name  # a new interface goes by its Terraform address
            unplaced = one["name"] is None and one["instance_id"] is None  # what it is on only apply tells
            if one["address"] == (address if known else NEW) and (here or unplaced) and any(estates_hold(c, source) for c in one["sources"]):
                found.add(one["certainty"])
        return found

    @staticmethod
    def plans():
        """(number, random generator, before, after, plan, exit status, what is said) of each."""
        for first in range(0, PLANS, TOGETHER):
            made, commands = [], []
            with tempfile.TemporaryDirectory() as folder:
                for number in range(first, min(first + TOGETHER, PLANS)):
                    rng = random.Random(SEED * 1000003 + number)
                    made.append((number, rng, *terraform.make(rng)))
                    here = pathlib.Path(folder) / str(number)
                    here.mkdir()
                    estates.write(made[-1][2], here)
                    (pathlib.Path(folder) / ("%d.json" % number)).write_text(json.dumps(made[-1][4]))
                    configuration.write_indexes(made[-1][4]["configuration"].get("root_module", {}), pathlib.Path(folder) / ("%d-source" % number))
                    source = ["--source", pathlib.Path(folder) / ("%d-source" % number)] if rng.random() < 0.7 else []
                    commands.append(("diff", "--terraform", "%s.json" % here, here, "--format", "json", *source))
                done = common.sgproof_each(commands)
            for one, (status, text) in zip(made, done):
                yield *one, status, text

    def test_every_packet_of_a_plan_is_judged_as_the_oracle_judges_it(self):
        exact = moved = packets = 0
        for number, rng, before, after, plan, status, text in self.plans():
            where = "TERRAFORM_SEED=%d plan %d" % (SEED, number)
            self.assertIn(status, (0, 3), where)
            said = json.loads(text)
            unsure = status == 3
            self.assertEqual(unsure, bool(said["unknown"] + said["missing_after"]), where)
            exact += not unsure
            sides = Side(before), Side(after)
            places = sorted(set(sides[0].places) | set(sides[1].places))
            known = {a for a, _ in sides[0].places} | self.told(plan)
            for _ in range(PACKETS if places else 0):
                place = estates.pick(rng, places)
                protocol, source = estates.pick(rng, [6, 6, 6, 17]), estates.pick(rng, ["8.8.8.8", "203.0.113.7", "198.18.5.5", "1.1.1.1", "200.1.2.3"])
                port = max(0, min(65535, estates.pick(rng, terraform.PORTS) + rng.randrange(-1, 2)))
                was, will = (side.reached(place, protocol, port, source) for side in sides)
                packet = "%s: %s %d/%d from %s: %s -> %s" % (where, place, port, protocol, source, was, will)
                is_known = place[0] in known
                holds = lambda kind, side: self.holding(said[kind], side, place, is_known, protocol, port, source) if place in side.places else set()
                opened, closed, altered = holds("opened", sides[1]), holds("closed", sides[0]), holds("altered", sides[1])
                packets += 1
                moved += was != will
                if will and not was:
                    self.assertTrue(opened, packet)
                if was and will:
                    self.assertFalse(opened | closed, packet)
                if was and not will:
                    self.assertTrue(closed or altered or unsure, packet)
                    self.assertFalse(opened, packet)
                if not was and not will:
                    self.assertFalse("exact" in opened | closed, packet)
                    self.assertTrue(unsure or not opened | closed, packet)
                if "possible" in opened:
                    self.assertTrue(unsure, packet)
        print("terraform oracle: %d of %d plans exact, %d packets, %d moved, no difference" % (exact, PLANS, packets, moved), file=sys.stderr)
        self.assertGreater(exact, PLANS // 2)
        self.assertGreater(moved, packets // 100)

    @staticmethod
    def told(plan):
        return {c["change"]["after"].get("public_ip") for c in plan["resource_changes"] if c["change"]["after"] and c["type"] in ("aws_eip", "aws_instance")} - {None, ""}


if __name__ == "__main__":
    unittest.main()
