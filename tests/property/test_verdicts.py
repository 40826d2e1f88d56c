"""plan and reconcile on random estates against the verdict table of semantics.md, port by port wherever something changes; nothing here knows
of sets."""
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
from common import sgproof
from oracle import estates

SEED = common.seed("VERDICTS_SEED")
ESTATES = int(os.environ.get("VERDICTS_ESTATES", "12"))
VANTAGES = {4: "203.0.113.7", 6: "2001:db8:aa::1"}
WORDS = [word for vantage in VANTAGES.values() for word in ("--vantage", vantage)]
ECHO = {"icmp": 8, "icmpv6": 128}
ORDER = ["tcp", "udp", "icmp", "icmpv6"]
STATES = ["open", "closed", "rejected", "filtered", "unknown"]


def table(declared, observed, protocol):
    if observed == "unknown":
        return "unverified"
    if declared in ("reachable", "possible"):
        return {"open": "confirmed", "closed": "latent", "rejected": "blocked", "filtered": "unconfirmed" if protocol == "udp" else "blocked"}[observed]
    return "undeclared" if observed in ("open", "closed") else "enforced"


def declared(endpoint, protocol, port):
    """The best that an exposure says of a port, or of an echo."""
    best = "unreachable"
    for x in endpoint["exposures"]:
        low, high = (x.get("from_port"), x.get("to_port")) if protocol in ("tcp", "udp") else (x.get("from_type"), x.get("to_type"))
        if x["protocol"] != protocol or endpoint["dormant"]:
            continue
        if protocol in ECHO and not (low <= ECHO[protocol] <= high and x["from_code"] == 0) or protocol not in ECHO and not low <= port <= high:
            continue
        word = "inbound-only" if x["path"] == "inbound-only" else "reachable" if x["certainty"] == "exact" else "possible"
        order = ["reachable", "possible", "inbound-only", "unreachable"]
        best = min(best, word, key=order.index)
    return best


def spans(text):
    for part in text.split(",") if text else ["0"]:
        low, _, high = part.partition("-")
        yield int(low), int(high or low)


def observe(rng, plan):
    """Lines as a probe writes them, of most of a plan."""
    lanes, lines = {}, []
    for target in plan:
        lanes.setdefault((target["address"], target["protocol"]), []).extend(spans(target["ports"]))
    place = lambda lane: (ipaddress.ip_address(lane[0]).version, int(ipaddress.ip_address(lane[0])), ORDER.index(lane[1]))
    for address, protocol in sorted(lanes, key=place):
        for low, high in sorted(lanes[address, protocol]):
            while low <= high:
                end = min(high, low + rng.choice([0, 1, 9, 300, 65535]))
                line = {"address": address, "protocol": protocol, "from_port": low, "to_port": end, "state": rng.choice(STATES), "reason": "x", "tries": 1,
                        "first_sent": "2026-11-26T10:00:00.000001Z"}
                if rng.random() < 0.9:
                    lines.append(line if protocol not in ECHO else {k: v for k, v in line.items() if not k.endswith("_port")})
                low = end + 1
    return lines


class Verdicts(unittest.TestCase):
    def setUp(self):
        print("verdicts seed %d, %d estates" % (SEED, ESTATES), file=sys.stderr)

    def test_every_port_has_the_verdict_of_the_table_and_none_twice(self):
        rng, checked = random.Random(SEED), 0
        for number in range(ESTATES):
            with tempfile.TemporaryDirectory() as scratch:
                folder, file = pathlib.Path(scratch) / "estate", pathlib.Path(scratch) / "observations.jsonl"
                folder.mkdir()
                estates.write(estates.make(rng), folder)
                plan = [json.loads(line) for line in sgproof("plan", folder, *WORDS, "--depth", rng.choice(["declared", "standard", "full"])).stdout.splitlines()[1:]]
                lines = observe(rng, plan)
                file.write_text("".join(json.dumps(line) + "\n" for line in lines))
                done = sgproof("reconcile", folder, file, *WORDS, "--format", "json")
                self.assertIn(done.returncode, (0, 1, 3, 4), done.stderr)
                verdicts = json.loads(done.stdout)["verdicts"]
                seen = {}
                for version, vantage in VANTAGES.items():
                    for endpoint in common.compute(folder, "--vantage", vantage)["endpoints"]:
                        if ipaddress.ip_address(endpoint["address"].split("/")[0]).version == version:
                            seen.setdefault(endpoint["address"], endpoint)
                checked += self.check(seen, lines, verdicts, "seed %d estate %d" % (SEED, number))
        self.assertGreater(checked, 100)

    def check(self, endpoints, lines, verdicts, where):
        told = {}
        for verdict in verdicts:
            told.setdefault((verdict["address"], verdict["protocol"]), []).append(verdict)
        observed = {}
        for number, line in enumerate(lines, 1):
            observed.setdefault((line["address"], line["protocol"]), []).append((line.get("from_port", 0), line.get("to_port", 0), line["state"], number))
        checked = 0
        for (address, protocol), own in told.items():
            for a, b in zip(own, own[1:]):
                self.assertLess(a.get("to_port", 0), b.get("from_port", 0), (where, address, protocol))
        for address, endpoint in endpoints.items():
            for protocol in ("tcp", "udp", "icmpv6" if ":" in address else "icmp"):
                own, asked = told.get((address, protocol), []), observed.get((address, protocol), [])
                edges = {0} | {edge for v in own for edge in (v.get("from_port", 0), v.get("to_port", 0) + 1)} | {edge for l, h, _, _ in asked for edge in (l, h + 1)}
                if protocol not in ECHO:
                    edges |= {edge for x in endpoint["exposures"] if x["protocol"] == protocol for edge in (x["from_port"], x["to_port"] + 1)}
                for port in sorted(edge for edge in edges if edge <= (65535 if protocol not in ECHO else 0)):
                    line = next((one for one in asked if one[0] <= port <= one[1]), None)
                    verdict = next((v for v in own if v.get("from_port", 0) <= port <= v.get("to_port", 0)), None)
                    meant = declared(endpoint, protocol, port)
                    spot = "%s: %s %s/%d declared %s, observed %s, told %s" % (where, address, protocol, port, meant, line, verdict)
                    if line is None and (meant not in ("reachable", "possible") or endpoint["dormant"] or "/" in address):
                        self.assertIsNone(verdict, spot)
                        continue
                    self.assertIsNotNone(verdict, spot)
                    state = "unknown" if line is None else line[2]
                    self.assertEqual((verdict["declared"], verdict["observed"], verdict["verdict"]), (meant, state, table(meant, state, protocol)), spot)
                    self.assertEqual(line is None or line[3] in verdict["observations"], True, spot)
                    self.assertTrue(verdict["because"], spot)
                    checked += 1
        return checked


if __name__ == "__main__":
    unittest.main()
