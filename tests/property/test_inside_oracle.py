"""plan and reconcile --vantage-interface against the judge of oracle/flows.py, on random estates of several VPCs.

INSIDE_ESTATES: how many. FLOWS_SEED: the seed.
"""
import ipaddress
import json
import os
import pathlib
import random
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import common
from oracle import networks
from oracle.estates import PORTS, pick
from oracle.flows import Judge, Packet
from test_flows_oracle import addresses

ESTATES = int(os.environ.get("INSIDE_ESTATES", "25"))
SEED = common.seed("FLOWS_SEED")
QUESTIONS = 40
EXPECTED = {"yes": "reachable", "maybe": "possible", "no": "unreachable"}
RANK = ["unreachable", "possible", "reachable"].index
NOTED = {"reason": "syn-ack", "tries": 1, "rtt_us": 300, "first_sent": "2026-01-01T00:00:00.000000Z", "answered": None}


def plain(address):
    return str(ipaddress.ip_address(address))


def spans(text):
    for part in text.split(",") if text else []:
        low, _, high = part.partition("-")
        yield int(low), int(high or low)


class Plan:
    def __init__(self, text):
        self.head, *self.targets = [json.loads(line) for line in text.splitlines()]
        self.addresses = {t["address"] for t in self.targets}
        self.of = {}
        for target in self.targets:
            self.of.setdefault((target["address"], target["protocol"]), []).append(target)

    def line(self, address, port):
        return next((t for t in self.of.get((address, "tcp"), ()) if any(low <= port <= high for low, high in spans(t["ports"]))), None)


class InsideOracle(unittest.TestCase):
    def test_what_a_plan_expects_and_reconcile_declares_is_what_the_judge_says_of_each_packet(self):
        counted, stopped = {"yes": 0, "maybe": 0, "no": 0}, 0
        for number in range(ESTATES):
            rng = random.Random((SEED + 7) * 1000003 + number)
            estate, where = networks.make(rng), "seed %d estate %d" % (SEED, number)
            judge = Judge(estate)
            asker = pick(rng, judge.interfaces())
            with tempfile.TemporaryDirectory() as made:
                folder, seen = pathlib.Path(made, "estate"), pathlib.Path(made, "seen.jsonl")
                folder.mkdir()
                networks.write(estate, folder)
                done = common.sgproof("plan", folder, "--vantage-interface", asker["NetworkInterfaceId"], "--depth", "declared")
                if done.returncode == 2:
                    self.assertIn("nobody can ask", done.stderr)
                    continue
                self.assertIn(done.returncode, (0, 3), where + done.stderr)
                plan = Plan(done.stdout)
                sources = [one["vantage"] for one in plan.head["vantages"]]
                held = [plain(a) for one in judge.interfaces() for a, _ in addresses(one)]
                asked = {}
                for _ in range(QUESTIONS):
                    other = pick(rng, judge.interfaces())
                    target = pick(rng, [a for a, _ in addresses(other)])
                    source = next((s for s in sources if (":" in s) == (":" in target)), None)
                    port = max(1, min(65535, pick(rng, PORTS) + rng.randrange(-1, 2)))
                    if other is asker or source is None or held.count(plain(target)) != 1:
                        continue
                    spelled, target = target, plain(target)
                    line = plan.line(target, port)
                    clients = [c for span in spans(line["client_ports"]) for c in span][:4] if line else [0, 1024, 32768, 65535, max(0, pick(rng, PORTS))]
                    said = [judge.inside(asker, source, other, spelled, Packet(6, port, client)) for client in clients]
                    text = "%s: %s -> %s %d from %s" % (where, source, target, port, clients)
                    self.assertEqual(set(said), {next(s for s in said)} if line else {"no"}, text)
                    self.assertEqual(line["expect"] if line else "unreachable", EXPECTED[said[0]], text)
                    counted[said[0]] += 1
                    if target in plan.addresses:
                        asked[(target, port)] = (source, EXPECTED[said[0]])
                seen.write_text("".join(json.dumps({"address": a, "protocol": "tcp", "from_port": p, "to_port": p, "state": "open", "source": s, **NOTED}) + "\n"
                                        for (a, p), (s, _) in sorted(asked.items())))
                done = common.sgproof("reconcile", folder, seen, "--vantage-interface", asker["NetworkInterfaceId"], "--format", "json", "--fail-on", "none")
                self.assertIn(done.returncode, (0, 3), where + done.stderr)
            verdicts = {}
            for one in json.loads(done.stdout)["verdicts"]:
                for port in range(one.get("from_port", 0), one.get("to_port", 0) + 1 if one["observations"] else 0):
                    verdicts[(one["address"], port)] = one
            for place, (source, declared) in asked.items():
                one = verdicts[place]
                self.assertEqual((one["declared"], one["verdict"], one["asked_from"]["address"]),
                                 (declared, "undeclared" if declared == "unreachable" else "confirmed", source), "%s: %s" % (where, place))
                self.assertTrue(one["because"], "%s: %s" % (where, place))
                if declared == "unreachable":
                    self.assertTrue(one["because"][-1]["stops"], "%s: %s %s" % (where, place, one["because"]))
                    stopped += 1
        print("inside: %s, %d stops told, no difference" % (counted, stopped), file=sys.stderr)
        self.assertGreater(min(counted.values()), ESTATES // 5)


if __name__ == "__main__":
    unittest.main()
