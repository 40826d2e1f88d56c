"""diff --terraform against `segments` of both sides, packet by packet, inside and outwards: random estates as Terraform resources before and after
(oracle/terraform.py), the documents of what AWS makes of them, and the plan. `segments` is judged by test_flows_oracle. More of them: TERRAFORM_FLOWS."""
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
from oracle.estates import pick
from oracle.flows import Packet
from oracle.oracle import holds, ip_address
from test_flows_oracle import RANK, WORDS, Answer, in_ports

PLANS, PACKETS, TOGETHER = int(os.environ.get("TERRAFORM_FLOWS", "200")), 40, 20
SEED = common.seed("TERRAFORM_FLOWS_SEED")
OUTSIDE = ["8.8.8.8", "203.0.113.7", "1.1.1.1"]


class Side:
    def __init__(self, documents, text):
        self.interfaces = {i["NetworkInterfaceId"]: i for i in documents["NetworkInterfaces"]}
        self.answer = Answer(json.loads(text))

    def address(self, eni):
        return self.interfaces[eni]["PrivateIpAddresses"][0]["PrivateIpAddress"]

    def told(self, asker, asked, target, packet):
        """What one interface reaches: by any of its groups, in any of the other's; asked None: outside."""
        if not {asker, asked or asker} <= set(self.interfaces):
            return "no"
        names = lambda eni: [g["GroupId"] for g in self.interfaces[eni]["Groups"]] or ["none"]
        place = lambda eni: self.interfaces[eni]["VpcId"]
        boxes = [box for a in names(asker) for b in (names(asked) if asked else ["internet"])
                 for box in self.answer.boxes("flows" if asked else "outbound", (a, place(asker)), (b, place(asked) if asked else None), self.address(asker), target, packet, client=False)]
        return max((WORDS[b["certainty"]] for b in boxes), key=RANK, default="no")


class TerraformFlows(unittest.TestCase):
    @staticmethod
    def plans():
        for first in range(0, PLANS, TOGETHER):
            made, commands = [], []
            with tempfile.TemporaryDirectory() as folder:
                for number in range(first, min(first + TOGETHER, PLANS)):
                    rng = random.Random(SEED * 1000003 + number)
                    made.append((number, rng, *terraform.make(rng, inside=True)))
                    before, after, plan, source = (pathlib.Path(folder) / (str(number) + end) for end in ("-before", "-after", ".json", "-source"))
                    for path, documents in zip((before, after), made[-1][2:4]):
                        path.mkdir()
                        estates.write(documents, path)
                    plan.write_text(json.dumps(made[-1][4]))
                    configuration.write_indexes(made[-1][4]["configuration"].get("root_module", {}), source)
                    commands += [("segments", before, "--format", "json"), ("segments", after, "--format", "json"),
                                 ("diff", "--terraform", plan, before, "--format", "json", "--source", source)]
                done = common.sgproof_each(commands)
            for i, one in enumerate(made):
                yield *one, [text for _, text in done[3 * i:3 * i + 3]]

    @staticmethod
    def holding(flows, kind, asker, asked, target, packet):
        """The certainties of the movements of a kind that hold a packet."""
        within = lambda cidrs, address: "internet" in cidrs or any(holds(c, ip_address(address)) for c in cidrs)
        return {f["certainty"] for f in flows if f["change"] == kind and (f["direction"] == "outwards") == (asked is None) and f["protocol"] == {6: "tcp", 17: "udp"}[packet.protocol]
                and in_ports(f["ports"], packet.number) and within(f["sources"], asker) and within(f["destinations"], target)}

    def test_every_packet_of_a_plan_moves_as_segments_of_both_sides_say(self):
        print("terraform flows: seed %d, %d plans" % (SEED, PLANS), file=sys.stderr)
        exact = moved = packets = 0
        for number, rng, before, after, plan, texts in self.plans():
            sides, said = (Side(before, texts[0]), Side(after, texts[1])), json.loads(texts[2])
            unsure = bool(said["flows_missing"] + said["unknown"])
            exact += not unsure
            new = {e for e in sides[1].interfaces if e in sides[0].interfaces and sides[0].address(e) != sides[1].address(e)}
            places = sorted(set(sides[0].interfaces) - new)
            for _ in range(PACKETS if places else 0):
                asker, asked = (rng.sample(places, 2) if len(places) > 1 else places * 2)
                asked = None if rng.random() < 0.4 or asker == asked else asked
                target = sides[0].address(asked) if asked else pick(rng, OUTSIDE)
                packet = Packet(pick(rng, [6, 6, 6, 17]), max(0, min(65535, pick(rng, terraform.PORTS) + rng.randrange(-1, 2))), 0)
                was, will = (side.told(asker, asked, target, packet) for side in sides)
                opened, closed, altered = (self.holding(said["flows"], kind, sides[0].address(asker), asked, target, packet) for kind in ("opened", "closed", "altered"))
                text = "TERRAFORM_FLOWS_SEED=%d plan %d: %s -> %s %s %d/%d: %s -> %s" % (SEED, number, asker, asked, target, packet.number, packet.protocol, was, will)
                packets += 1
                moved += was != will
                if will != "no" and was == "no":
                    self.assertTrue(opened or unsure and will == "maybe", text)
                if was == will == "yes":
                    self.assertFalse(opened | closed, text)
                if was == "yes" and will == "no":
                    self.assertTrue(closed or altered or unsure, text)
                    self.assertFalse(opened, text)
                if was == will == "no":
                    self.assertFalse("exact" in opened | closed, text)
                    self.assertTrue(unsure or not opened | closed, text)
        print("terraform flows: %d of %d plans exact, %d packets, %d moved, no difference" % (exact, PLANS, packets, moved), file=sys.stderr)
        self.assertGreater(exact, PLANS // 2)
        self.assertGreater(moved, packets // 50)


if __name__ == "__main__":
    unittest.main()
