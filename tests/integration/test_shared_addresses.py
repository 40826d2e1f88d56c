"""One public address that two interfaces are said to have: neither is believed alone, by any command."""
import json
import os
import sys
import unittest

sys.path[:0] = [os.path.join(os.path.dirname(__file__), ".."), os.path.dirname(__file__)]
import common
from test_load_balancers import interface
from test_snapshots import permission
from test_constructs_gates import world
from test_world import V4, documents, each, folder

VANTAGE = "203.0.113.9"


def shared(first=(), second=((22, 22),), states=("running", "running")):
    """V4 on eni-1, whose groups admit the ports `first`, and on eni-2, whose groups admit `second`."""
    made = world()
    made["SecurityGroups"] = [{"GroupId": "sg-%d" % n, "VpcId": "vpc-1", "IpPermissions": [permission("tcp", ports, ["0.0.0.0/0"]) for ports in admitted]}
                              for n, admitted in ((1, first), (2, second))]
    made["NetworkInterfaces"] = [interface(str(n), "10.0.0.%d" % n, groups=["sg-%d" % n], public=V4, instance="i-%d" % n) for n in (1, 2)]
    made["Reservations"] = [{"Instances": [{"InstanceId": "i-%d" % n, "State": {"Name": state}} for n, state in enumerate(states, 1)]}]
    return folder(documents(made))


class SharedAddresses(unittest.TestCase):
    maxDiff = None

    def lines(self, *words):
        done = common.sgproof(*words)
        self.assertEqual(done.returncode, 3, done.stdout + done.stderr)
        return done.stdout

    def explain(self, read, asked="22/tcp"):
        return json.loads(self.lines("explain", read, V4, asked, "--format", "json"))

    def plan(self, read):
        """{port: [expectations]} of TCP."""
        found = {}
        for line in map(json.loads, self.lines("plan", read, "--vantage", VANTAGE, "--depth", "standard").splitlines()[1:]):
            for part in line["ports"].split(",") if line["protocol"] == "tcp" else []:
                low, _, high = part.partition("-")
                for port in range(int(low), int(high or low) + 1):
                    found.setdefault(port, []).append(line["expect"])
        return found

    def verdicts(self, read, *ports):
        """{port: [(verdict, declared, interface)]} where each of the ports has answered."""
        observed = os.path.join(read, "..", os.path.basename(read) + ".jsonl")
        with open(observed, "w") as out:
            for port in ports:
                out.write(json.dumps({"address": V4, "protocol": "tcp", "from_port": port, "to_port": port, "state": "open", "reason": "syn-ack", "from": V4,
                                      "tries": 1, "first_sent": "2026-11-27T06:00:00.000000Z", "answered": "2026-11-27T06:00:00.000400Z"}) + "\n")
        done = common.sgproof("reconcile", read, observed, "--vantage", VANTAGE, "--format", "json")
        self.assertIn(done.returncode, (3, 4), done.stderr)
        found = {}
        for item in json.loads(done.stdout)["verdicts"]:
            found.setdefault(item["from_port"], []).append((item["verdict"], item["declared"], item["eni_id"]))
        return found

    @each([(((), ((22, 22),)), "eni-2", "eni-1"), ((((22, 22),), ()), "eni-1", "eni-2")])
    def test_explain_tells_of_both_and_first_of_the_one_that_lets_more_in(self, admitted, first, second):
        read = shared(*admitted)
        told = self.explain(read)
        self.assertEqual((told["verdict"], told["eni_id"]), ("possible", first))
        [other] = told["others"]
        self.assertEqual((other["verdict"], other["eni_id"], other["stopped_by"]["stage"]), ("unreachable", second, "group"))
        text = self.lines("explain", read, V4, "22/tcp")
        self.assertIn("to %s, at %s: possible\n" % (V4, first), text)
        self.assertIn("to %s, at %s: unreachable\n" % (V4, second), text)
        self.assertLess(text.index(first), text.index("at " + second))

    @each([((), ((22, 22),)), (((22, 22),), ()), (((22, 22),), ((22, 22),))])
    def test_plan_asks_each_port_once_and_expects_what_any_lets_in(self, first, second):
        plan = self.plan(shared(first, second))
        self.assertEqual({port for port, expected in plan.items() if len(expected) > 1}, set())
        self.assertEqual({port: expected[0] for port, expected in plan.items() if port in (22, 443)}, {22: "possible", 443: "unreachable"})

    def test_plan_asks_the_ports_that_rules_of_either_vpc_name(self):
        self.assertLessEqual({7777, 8889}, set(self.plan(shared(((7777, 7777),), ((8889, 8889),)))))

    def test_an_answer_that_either_lets_in_is_not_undeclared(self):
        self.assertEqual(self.verdicts(shared(), 22, 443), {22: [("confirmed", "possible", "eni-2")], 443: [("undeclared", "unreachable", "eni-1")]})
        self.assertEqual(self.verdicts(shared(((22, 22),), ((443, 443),)), 22, 443),
                         {22: [("confirmed", "possible", "eni-1")], 443: [("confirmed", "possible", "eni-2")]})

    def test_what_was_not_asked_is_unverified_once(self):
        self.assertEqual(self.verdicts(shared(((22, 22),), ((22, 22),)), 443)[22], [("unverified", "possible", "eni-1")])

    def test_one_that_sleeps_declares_nothing_beside_one_that_is_awake(self):
        self.assertEqual(self.verdicts(shared(((443, 443),), ((22, 22),), ("stopped", "running")), 22, 443),
                         {22: [("confirmed", "possible", "eni-2")], 443: [("undeclared", "unreachable", "eni-2")]})
        self.assertEqual(self.plan(shared(((22, 22),), ((443, 443),), ("stopped", "stopped")))[22], ["unreachable"])


if __name__ == "__main__":
    unittest.main()
