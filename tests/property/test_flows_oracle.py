"""segments against the judge of oracle/flows.py, packet by packet, on random estates of several VPCs.

FLOWS_ESTATES: how many. FLOWS_SEED: the seed.
"""
import ipaddress
import json
import os
import pathlib
import random
import re
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import common
from oracle import networks
from oracle.estates import PORTS, pick
from oracle.flows import Judge, Packet
from oracle.oracle import holds, ip_address

ESTATES = int(os.environ.get("FLOWS_ESTATES", "150"))
SEED = common.seed("FLOWS_SEED")
INSIDE, OUTSIDE = 40, 30
NAMES = {6: "tcp", 17: "udp", 1: "icmp", 58: "icmpv6"}
# What answers rest on. Interfaces are what is asked about; without documents of Block Public Access it is taken as off.
STARVED = ("Subnets", "RouteTables", "NetworkAcls", "SecurityGroups", "InternetGateways", "EgressOnlyInternetGateways", "NatGateways", "VpcPeeringConnections",
           "TransitGateways", "TransitGatewayAttachments", "TransitGatewayVpcAttachments", "TransitGatewayRouteTables", "PrefixLists", "VpcEndpoints")
WORDS = {"exact": "yes", "possible": "maybe"}


def segments(folder, *words):
    done = common.sgproof("segments", folder, "--format", "json", *words)
    assert done.returncode in (0, 3), done.stderr
    return done.returncode, json.loads(done.stdout)


def in_ports(text, value):
    for part in text.split(",") if text else []:
        low, _, high = part.partition("-")
        if int(low) <= value <= int(high or low):
            return True
    return False


def in_types(text, number):
    """Of ICMP: types, or TYPE.CODE, or TYPE.CODE-TYPE.CODE."""
    value = lambda end, code: int(end.split(".")[0]) * 256 + (int(end.split(".")[1]) if "." in end else code)
    for part in text.split(",") if text else []:
        low, _, high = part.partition("-")
        if value(low, 0) <= number <= value(high or low, 255):
            return True
    return False


class Answer:
    """One document of segments, asked packet by packet."""

    def __init__(self, document):
        self.document = document
        self.addresses = {(s["id"], a["vpc"], a["family"]): a["addresses"] for s in document["segments"] for a in s["addresses"]}
        self.named = {str(p) for p in document.get("named_protocols", [])}
        self.flows = {}
        for kind in ("flows", "outbound"):
            for flow in document[kind]:
                self.flows.setdefault((kind, flow["from"], flow["to"], flow["from_vpc"], flow.get("to_vpc"), flow["family"]), []).append(flow)

    def holds(self, places, address, segment, vpc, family):
        if places == "all":
            places = self.addresses.get((segment, vpc, family), [])
        if places == "internet":
            return True
        return any(holds(p, ip_address(address)) for p in places)

    def protocol(self, flow, packet):
        name = NAMES.get(packet.protocol, str(packet.protocol))
        if flow["protocol"] == "other":
            return name not in self.named and str(packet.protocol) not in self.named
        return flow["protocol"] == name

    def boxes(self, kind, start, end, source, target, packet, client=True):
        """Flows that hold a packet. start, end: (segment, VPC)."""
        family = "ipv6" if ":" in source else "ipv4"
        found = []
        for flow in self.flows.get((kind, start[0], end[0], start[1], end[1], family), []):
            if not self.protocol(flow, packet) or not self.holds(flow["sources"], source, start[0], start[1], family) or not self.holds(
                    flow["destinations"], target, end[0], end[1], family):
                continue
            if packet.protocol in (6, 17) and not (in_ports(flow["ports"], packet.number) and (not client or in_ports(flow["client_ports"], packet.client))):
                continue
            if packet.protocol in (1, 58) and not in_types(flow["ports"], packet.number):
                continue
            found.append(flow)
        return found

    def told(self, *words):
        return max((WORDS[f["certainty"]] for f in self.boxes(*words)), key=["maybe", "yes"].index, default="no")


BY = {"group": lambda eni: [g["GroupId"] for g in eni["Groups"]], "subnet": lambda eni: [eni["SubnetId"]], "vpc": lambda eni: [eni["VpcId"]]}


def addresses(eni):
    """(private address, public one or None)"""
    for one in eni["PrivateIpAddresses"]:
        yield one["PrivateIpAddress"], one.get("Association", {}).get("PublicIp")
    for one in eni["Ipv6Addresses"]:
        yield one["Ipv6Address"], None


def packet_near(rng, version):
    protocol = pick(rng, [6, 6, 6, 17, 1 if version == 4 else 58, 47, 50])
    near = lambda: max(0, min(65535, pick(rng, PORTS) + rng.randrange(-1, 2)))
    number = near() if protocol in (6, 17) else {1: 8 * 256, 58: 128 * 256}.get(protocol, 0)
    return Packet(protocol, number, near())


def internet_near(rng, version):
    network = ipaddress.ip_network(pick(rng, networks.INTERNET4[:5] if version == 4 else networks.INTERNET6[:3]))
    return str(network[rng.randrange(min(network.num_addresses, 256))])


def inside_questions(rng, judge, by, count):
    """(interface, address, other interface, address, packet, what Answer.told() is asked)"""
    interfaces = judge.interfaces()
    for _ in range(count):
        eni, other = rng.sample(interfaces, 2)
        source = pick(rng, [a for a, _ in addresses(eni)])
        targets = [a for a, _ in addresses(other) if (":" in a) == (":" in source)]
        if targets:
            target, packet = pick(rng, targets), packet_near(rng, 6 if ":" in source else 4)
            yield eni, source, other, target, packet, ("flows", (pick(rng, BY[by](eni)), eni["VpcId"]), (pick(rng, BY[by](other)), other["VpcId"]), source, target, packet)


def outside_questions(rng, judge, by, count):
    """The same of the internet: (interface, address, its public address or None, address there, packet, what is asked)"""
    for _ in range(count):
        eni = pick(rng, judge.interfaces())
        source, public = pick(rng, list(addresses(eni)))
        version = 6 if ":" in source else 4
        target, packet = internet_near(rng, version), packet_near(rng, version)
        yield eni, source, public, target, packet, ("outbound", (pick(rng, BY[by](eni)), eni["VpcId"]), ("internet", None), source, target, packet)


def in_words(words):
    kind, start, end, source, target, packet = words
    return "%s %s %s -> %s %s protocol %d number %d from %d" % (kind, start[0], source, end[0], target, packet.protocol, packet.number, packet.client)


def asked(estate, *words, name=lambda text: text):
    """(exit status, Answer) of an estate; `name` is done to each document's text and to its file's name."""
    with tempfile.TemporaryDirectory() as folder:
        networks.write(estate, folder)
        for path in [p for p in pathlib.Path(folder).rglob("*.json") if name(p.read_text()) != p.read_text() or name(p.name) != p.name]:
            text = name(path.read_text())
            path.unlink()
            path.with_name(name(path.name)).write_text(text)
        status, document = segments(folder, *words)
    return status, Answer(document)


RANK = ["no", "maybe", "yes"].index


class FlowsOracle(unittest.TestCase):
    def each_estate(self, salt, share=1):
        print("flows seed %d, %d estates" % (SEED, ESTATES // share), file=sys.stderr)
        for number in range(ESTATES // share):
            rng = random.Random((SEED + salt) * 1000003 + number)
            estate = networks.make(rng)
            yield "seed %d estate %d" % (SEED, number), rng, estate, Judge(estate), pick(rng, sorted(BY))

    def test_every_packet_inside_is_judged_as_the_judge_judges_it(self):
        counted = {"yes": 0, "maybe": 0, "no": 0}
        for where, rng, estate, judge, by in self.each_estate(0):
            _, answer = asked(estate, "--by", by)
            for eni, source, other, target, packet, words in inside_questions(rng, judge, by, INSIDE):
                expected = judge.inside(eni, source, other, target, packet)
                self.assertEqual(answer.told(*words), expected, "%s: %s" % (where, in_words(words)))
                counted[expected] += 1
        print("flows: inside %s, no difference" % counted, file=sys.stderr)
        self.assertGreater(min(counted.values()), ESTATES)

    def test_every_packet_that_leaves_is_judged_as_the_judge_judges_it(self):
        counted, seen = {"yes": 0, "maybe": 0, "no": 0}, 0
        for where, rng, estate, judge, by in self.each_estate(1):
            _, answer = asked(estate, "--by", by)
            for eni, source, public, target, packet, words in outside_questions(rng, judge, by, OUTSIDE):
                expected, by_address = judge.outbound(eni, source, public, target, packet)
                text = "%s: %s" % (where, in_words(words))
                self.assertEqual(answer.told(*words), expected, text)
                counted[expected] += 1
                for flow in answer.boxes(*words) if expected == "yes" and by_address and ":" not in source else ():
                    told = {s["address"] for s in flow["seen"] if s["source"] in (None, source, source + "/32")}
                    self.assertEqual(told, set() if flow["way"] == "gateway-endpoint" else {by_address + "/32"}, text)
                    seen += 1
        print("flows: outbound %s, seen by %d, no difference" % (counted, seen), file=sys.stderr)
        self.assertGreater(min(counted.values()), ESTATES)

    def questions(self, rng, judge, by):
        return [one[-1] for one in [*inside_questions(rng, judge, by, INSIDE), *outside_questions(rng, judge, by, OUTSIDE)]]

    def test_what_is_taken_away_never_takes_a_flow_away(self):
        """A document, a record that others refer to, or a file about one table: what was reached, or may have been, is no less."""
        taken = 0
        for where, rng, estate, judge, by in self.each_estate(2, 2):
            poorer = {key: dict(value) if key == "files" else list(value) if isinstance(value, list) else value for key, value in estate.items()}
            kinds = sorted(key for key in estate if key != "files" and key[1] in STARVED and estate[key])
            if rng.random() < 0.2 and poorer["files"]:
                what = pick(rng, sorted(poorer["files"]))
                del poorer["files"][what]
            else:
                key = what = pick(rng, kinds)
                if rng.random() < 0.5 or key[1] in ("NetworkAcls", "RouteTables"):  # whose are which, only they themselves say
                    del poorer[key]
                else:
                    poorer[key].pop(rng.randrange(len(poorer[key])))
            (_, before), (status, after) = asked(estate, "--by", by), asked(poorer, "--by", by)
            for words in self.questions(rng, judge, by):
                had, has = before.told(*words), after.told(*words)
                self.assertFalse(had != "no" and has == "no", "%s without %s: %s was %s" % (where, what, in_words(words), had))
                if had != has:
                    self.assertEqual((status, has), (3, "maybe"), "%s without %s: %s" % (where, what, in_words(words)))
                    taken += 1
        print("flows: %d answers were not sure any more" % taken, file=sys.stderr)
        self.assertGreater(taken, 0)

    def test_order_of_records_and_documents_decides_nothing(self):
        for where, rng, estate, judge, by in self.each_estate(3, 3):
            other = {}
            for key in rng.sample(sorted(estate, key=str), len(estate)):
                value = estate[key]
                other[key] = rng.sample(value, len(value)) if isinstance(value, list) else value
            documents = [answer.document for _, answer in (asked(estate, "--by", by), asked(other, "--by", by))]
            for document in documents:
                document.pop("unread", None)
            self.assertEqual(documents[0], documents[1], where)

    def test_names_decide_nothing(self):
        """Each id is another one, in another order: each packet is judged as before."""
        renamed = lambda text: re.sub(r"\b(vpc|subnet|sg|acl|rtb|igw|eigw|nat|eni|pcx|tgw-attach|vpce)-(\d+)\b", lambda m: "%s-%03d" % (m[1], 500 - int(m[2])), text)
        for where, rng, estate, judge, by in self.each_estate(4, 3):
            (_, before), (_, after) = asked(estate, "--by", by), asked(estate, "--by", by, name=renamed)
            for words in self.questions(rng, judge, by):
                kind, start, end, *packet = words
                there = tuple(renamed(w) if w else w for w in end)
                self.assertEqual(before.told(*words), after.told(kind, tuple(map(renamed, start)), there, *packet), "%s: %s" % (where, in_words(words)))

    def test_a_rule_more_takes_nothing_away(self):
        for where, rng, estate, judge, by in self.each_estate(5, 3):
            wider = json.loads(json.dumps({"|".join(key) if key != "files" else key: value for key, value in estate.items()}))
            wider = {tuple(key.split("|")) if key != "files" else key: value for key, value in wider.items()}
            groups = [g for key in wider if key[1] == "SecurityGroups" for g in wider[key]]
            if not groups:
                continue
            pick(rng, groups)[pick(rng, ["IpPermissions", "IpPermissionsEgress"])].append(networks.everyone(rng))
            (_, before), (_, after) = asked(estate, "--by", by), asked(wider, "--by", by)
            for words in self.questions(rng, judge, by):
                self.assertLessEqual(RANK(before.told(*words)), RANK(after.told(*words)), "%s: %s" % (where, in_words(words)))

    def test_a_difference_is_what_one_side_reaches_and_the_other_does_not(self):
        """Of each packet: opened, closed, more or less sure, or in no list, by what `segments` says of both sides."""
        moved = 0
        for where, rng, estate, judge, _ in self.each_estate(6, 10):
            other = json.loads(json.dumps({"|".join(key) if key != "files" else key: value for key, value in estate.items()}))
            other = {tuple(key.split("|")) if key != "files" else key: value for key, value in other.items()}
            for _ in range(rng.randrange(1, 8)):
                lists = [value for key in sorted(other, key=str) if key != "files" and key[1] in ("SecurityGroups", "NetworkAcls", "RouteTables") for record in other[key]
                         for value in (record.get(k) for k in ("IpPermissions", "IpPermissionsEgress", "Entries", "Routes")) if value]
                chosen = pick(rng, lists)
                chosen.pop(rng.randrange(len(chosen)))
            sides = [estate, other] if rng.random() < 0.5 else [other, estate]
            answers = [asked(side, "--by", "group")[1] for side in sides]
            with tempfile.TemporaryDirectory() as folder:
                for name, side in zip("ab", sides):
                    os.mkdir(os.path.join(folder, name))
                    networks.write(side, os.path.join(folder, name))
                done = common.sgproof("diff", folder + "/a", folder + "/b", "--format", "json")
            assert done.returncode in (0, 3), done.stderr
            document = json.loads(done.stdout)
            kinds = {}
            for kind in ("opened", "closed", "altered"):
                flows = [{**f, "destinations": "internet" if f["destinations"] == ["internet"] else f["destinations"]} for f in document["flows"] if f["change"] == kind]
                kinds[kind] = Answer({"segments": [], "named_protocols": sorted(answers[0].named | answers[1].named),
                                      "flows": [f for f in flows if f["direction"] == "inside"], "outbound": [f for f in flows if f["direction"] == "outwards"]})
            for words in self.questions(rng, judge, "group"):
                was, now = (max((WORDS[f["certainty"]] for f in a.boxes(*words, client=False)), key=RANK, default="no") for a in answers)
                expected = None if was == now else "opened" if was == "no" else "closed" if now == "no" else "altered"
                found = {kind: answer.boxes(*words, client=False) for kind, answer in kinds.items()}
                self.assertEqual({kind for kind, boxes in found.items() if boxes}, {expected} - {None}, "%s: %s was %s, is %s" % (where, in_words(words), was, now))
                if expected in ("opened", "altered"):
                    self.assertEqual(max((WORDS[f["certainty"]] for f in found[expected]), key=RANK), now)
                moved += expected is not None
        print("flows: %d packets moved, no difference" % moved, file=sys.stderr)
        self.assertGreater(moved, 0)


if __name__ == "__main__":
    unittest.main()
