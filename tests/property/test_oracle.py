"""compute and explain against the oracle, packet by packet, on random estates."""
import functools
import ipaddress
import os
import random
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import common
from oracle import estates
from oracle.oracle import Oracle, holds, ip_address, ip_network

ESTATES = int(os.environ.get("ORACLE_ESTATES", "1000"))
PACKETS = 40
SEED = common.seed("ORACLE_SEED")
NAMES = {6: "tcp", 17: "udp", 1: "icmp", 58: "icmpv6"}


def source_near(rng, cidrs, version):
    network = ip_network(estates.pick(rng, [c for c in cidrs if (":" in c) == (version == 6)]))
    first, last = int(network[0]), int(network[-1])
    value = estates.pick(rng, [first, last, rng.randint(first, last), first - 1, last + 1])
    return str(ipaddress.ip_address(max(0, min(value, 2 ** (32 if version == 4 else 128) - 1))
                                    if version == 4 else ipaddress.IPv6Address(max(0, min(value, 2 ** 128 - 1)))))


def number_near(rng, protocol):
    if protocol in (6, 17):
        return max(0, min(65535, estates.pick(rng, estates.PORTS) + rng.randrange(-1, 2)))
    if protocol in (1, 58):
        return estates.pick(rng, [0, 3, 8, 13, 14, 128, 129, 254, 255]) * 256 + estates.pick(rng, [0, 0, 1, 255])
    return 0


def in_text(text, value):
    for part in text.split(",") if text else []:
        low, _, high = part.partition("-")
        if int(low) <= value <= int(high or low):
            return True
    return False


def matching(endpoint, protocol, number, source):
    """Rectangles of the output that hold a packet."""
    found = []
    for item in endpoint["exposures"]:
        name = item["protocol"]
        if protocol in NAMES:
            if name != NAMES[protocol]:
                continue
        elif name in NAMES.values() or not in_text(name, protocol):
            continue
        if protocol in (6, 17) and not item["from_port"] <= number <= item["to_port"]:
            continue
        if protocol in (1, 58) and not (item["from_type"] <= number // 256 <= item["to_type"] and
                                        item["from_code"] <= number % 256 <= item["to_code"]):
            continue
        if any(estates_hold(cidr, source) for cidr in item["sources"]):
            found.append(item)
    return found


STAGES = {"group", "acl_in", "gateway", "block_public_access", "route", "acl_out", "balancer", "appliance"}


def estates_hold(cidr, source):
    return holds(cidr, ip_address(source))


@functools.lru_cache(None)
def are_as_few_as_can_be(sources):
    networks = [ip_network(one) for one in sources]
    return networks == list(ipaddress.collapse_addresses(networks))


class OracleTest(unittest.TestCase):
    def setUp(self):
        print("oracle seed %d, %d estates" % (SEED, ESTATES), file=sys.stderr)

    def test_every_packet_is_judged_as_the_oracle_judges_it(self):
        packets = explained = bridged = 0
        for number in range(ESTATES):
            rng = random.Random(SEED * 1000003 + number)
            estate = estates.make(rng)
            oracle = Oracle(estate)
            with tempfile.TemporaryDirectory() as folder:
                estates.write(estate, folder)
                output = common.compute(folder)
                self.check_sets(output)
                self.check_reasons(output, "seed %d estate %d" % (SEED, number))
                bridged += self.check_bridges(rng, estate, oracle, output, "seed %d estate %d" % (SEED, number))
                listed = {(e["eni_id"], e["address"]): e for e in output["endpoints"]}
                expected = list(oracle.endpoints())
                self.assertEqual(set(listed), {(eni["NetworkInterfaceId"], a) for a, _, eni, _ in expected},
                                 "seed %d estate %d" % (SEED, number))
                for step in range(PACKETS if expected else 0):
                    address, private, eni, dormant = estates.pick(rng, expected)
                    version = 6 if ":" in address else 4
                    protocol = estates.pick(rng, [6, 6, 6, 17, 1, 58, 47, 48, 50])
                    value = number_near(rng, protocol)
                    source = source_near(rng, estates.CIDRS4 + estates.CIDRS6, version)
                    client = number_near(rng, 6)
                    endpoint = listed[eni["NetworkInterfaceId"], address]
                    where = "seed %d estate %d: %s %s %s from %s:%d" % (
                        SEED, number, address, protocol, value, source, client)
                    self.assertEqual(endpoint["dormant"], dormant, where)
                    found = matching(endpoint, protocol, value, source)
                    self.assertLessEqual(len(found), 1, where)
                    path, certainty = oracle.judge(address, private, eni, protocol, value, source, client)
                    ours = (None, None)
                    if found:
                        ours = (found[0]["path"], found[0]["certainty"])
                        if ours[0] == "two-way" and not in_text(found[0]["client_ports"], client):
                            ours = ("inbound-only", ours[1])
                            if certainty == "exact" or path == "two-way":
                                # With this client port no reply: as sure as the arrival is.
                                self.assertEqual(path, "inbound-only", where)
                            path, certainty = ours if path == "inbound-only" else (path, certainty)
                    self.assertEqual(ours, (path, certainty), where)
                    packets += 1
                    if step == 0 and protocol in (6, 17) and "/" not in address:
                        done = common.sgproof("explain", folder, address, "%d/%s" % (value, NAMES[protocol]), "--from",
                                              "%s:%d" % ("[%s]" % source if version == 6 else source, client),
                                              "--format", "json")
                        explanation = common.json.loads(done.stdout)
                        told = {None: "unreachable", "two-way": "reachable", "inbound-only": "inbound-only"}[path]
                        if certainty == "possible":
                            told = "possible" if path == "two-way" else "possibly inbound-only"
                        self.assertEqual(explanation["verdict"], told, where)
                        stops = [hop for hop in explanation["hops"] if hop["result"] == "stop"]
                        self.assertEqual(bool(stops), path != "two-way", where)
                        explained += 1
        print("oracle: %d packets, %d explained, %d brought by services, no difference" % (packets, explained, bridged), file=sys.stderr)
        self.assertGreater(packets, ESTATES * PACKETS // 2)

    def check_reasons(self, output, where):
        """What is only possible says what would settle it, and what is exact has nothing to settle; all have a stage."""
        for place in output["endpoints"] + output["indirect"]:
            for item in place["exposures"]:
                self.assertEqual(any("settle" in reason for reason in item["via"]), item["certainty"] == "possible", where)
                self.assertTrue(item["because"] or item["certainty"] == "possible", where)
                for reason in item["because"] + item["via"]:
                    self.assertIn(reason["stage"], STAGES, where)

    def check_bridges(self, rng, estate, oracle, output, where):
        """What services may bring to private addresses; how many packets came."""
        interfaces = estate["NetworkInterfaces"]
        came = 0
        for bridge in (i for i in interfaces if i["InterfaceType"] in ("global_accelerator_managed", "api_gateway_managed")):
            for target in interfaces:
                for _ in range(8):
                    protocol, number = estates.pick(rng, [6, 17]), number_near(rng, 6)
                    source = estates.pick(rng, ["8.8.8.9", "203.0.113.7", "203.0.113.200", "2001:db8:aa::1", "2600::5"])
                    found = [x for i in output["indirect"] if (i["listener"], i["eni_id"]) == (bridge["NetworkInterfaceId"], target["NetworkInterfaceId"])
                             for x in matching(i, protocol, number, source)]
                    expected = target is not bridge and oracle.bridged(bridge, target, protocol, number, source)
                    self.assertEqual({x["certainty"] for x in found}, {"possible"} if expected else set(), "%s: %s by %s: %d %d from %s" % (
                        where, target["NetworkInterfaceId"], bridge["NetworkInterfaceId"], protocol, number, source))
                    came += expected
        return came

    def brought(self, what, prime, add, ask):
        """Of random estates with something of a service's documents, what a client is brought to. Whether it comes is the oracle's word; that it
        surely does, only where the oracle is sure too. `ask` yields targets, what they are asked, in words, and the oracle's word."""
        exact = possible = nothing = 0
        for number in range(ESTATES // 3):
            rng = random.Random(SEED * prime + number)
            estate = estates.make(rng)
            add(rng, estate)
            with tempfile.TemporaryDirectory() as folder:
                estates.write(estate, folder)
                output = common.compute(folder)
            for target, (protocol, port, source), expected in ask(rng, estate, Oracle(estate)):
                found = {x["certainty"] for i in output["indirect"] if i["eni_id"] == target["NetworkInterfaceId"] and
                         i["load_balancer"] == what for x in matching(i, protocol, port, source)}
                where = "seed %d estate %d: %s %d %d from %s: %s, we %s" % (SEED, number, target["NetworkInterfaceId"], protocol, port, source, expected, found)
                self.assertEqual(bool(found), expected != "no", where)
                self.assertTrue("exact" not in found or expected == "exact", where)
                exact += "exact" in found
                possible += found == {"possible"}
                nothing += not found
        print("oracle: of %s %d exact, %d possible, %d nothing" % (what, exact, possible, nothing), file=sys.stderr)
        self.assertGreater(min(possible, nothing), 0)

    def test_what_accelerators_bring_by_their_documents_is_what_the_oracle_says(self):
        def ask(rng, estate, oracle):
            subnets = {i["SubnetId"] for i in estate["NetworkInterfaces"] if i["InterfaceType"] == "global_accelerator_managed"}
            for target in estate["NetworkInterfaces"]:
                for _ in range(12):
                    protocol, port = estates.pick(rng, [6, 6, 17]), number_near(rng, 6)
                    source = estates.pick(rng, ["8.8.8.9", "203.0.113.7", "203.0.113.200", "2001:db8:aa::1", "2600::5"])
                    expected = oracle.accelerated(target, protocol, port, source)
                    if expected is not None or target["SubnetId"] not in subnets:  # else as without documents, which another test holds
                        yield target, (protocol, port, source), expected or "no"
        self.brought("AWS Global Accelerator", 1000033, estates.add_accelerators, ask)

    def test_what_vpc_origins_bring_by_their_documents_is_what_the_oracle_says(self):
        def ask(rng, estate, oracle):
            own = next(i for i in estate["NetworkInterfaces"] if "TagSet" in i)
            for target in (i for i in estate["NetworkInterfaces"] if i is not own):
                for port in [22, 80, 443, 8080, number_near(rng, 6)]:
                    source = estates.pick(rng, ["8.8.8.9", "203.0.113.7", "203.0.113.200", "2001:db8:aa::1"])
                    expected = oracle.originated(own, target, port, source)
                    if expected is not None:  # else as without documents
                        yield target, (6, port, source), expected
        self.brought("CloudFront VPC origin", 1000037, estates.add_origins, ask)

    def test_every_client_of_a_load_balancer_reaches_the_targets_that_the_oracle_says(self):
        asked, answers = 0, {"yes": 0, "maybe": 0, "no": 0}
        for number in range(ESTATES):
            rng = random.Random(SEED * 1000003 + number)
            estate = estates.make(rng)
            if not estate.get("LoadBalancerTargetHealth"):
                continue
            oracle = Oracle(estate)
            with tempfile.TemporaryDirectory() as folder:
                estates.write(estate, folder)
                output = common.compute(folder)
            cases = self.registered(estate)
            for _ in range(PACKETS if cases else 0):
                listener, group, registered, target = estates.pick(rng, cases)
                version, protocol = estates.pick(rng, [4, 4, 6]), estates.pick(rng, [6, 6, 17])
                source = source_near(rng, estates.CIDRS4 + estates.CIDRS6, version)
                where = "seed %d estate %d: %s/%s %s %s from %s" % (SEED, number, listener["Port"], listener["Protocol"],
                                                                    group["TargetGroupName"], registered, source)
                found = set()
                for item in output["indirect"]:
                    if (item["eni_id"], item["target_group"], item["listener"]) != (
                            target["NetworkInterfaceId"], group["TargetGroupName"], "%d/%s" % (listener["Port"], listener["Protocol"])):
                        continue
                    found |= {x["certainty"] for x in item["exposures"] if x["protocol"] == NAMES[protocol] and
                              x["from_port"] == registered["Target"]["Port"] and any(estates_hold(c, source) for c in x["sources"])}
                self.assertLessEqual(len(found), 1, where)
                told = {"exact": "yes", "possible": "maybe"}[found.pop()] if found else "no"
                self.assertEqual(told, oracle.behind(estate["LoadBalancers"][0], listener, group, registered, target, protocol, source), where)
                answers[told] += 1
                asked += 1
        print("oracle: %d clients of load balancers, %s, no difference" % (asked, answers), file=sys.stderr)

    def registered(self, estate):
        """Each listener with each registered target."""
        cases = []
        health = {h["TargetGroupArn"]: h["TargetHealthDescriptions"] for h in estate["LoadBalancerTargetHealth"]}
        for group in estate["TargetGroups"]:
            for one in health[group["TargetGroupArn"]]:
                for eni in estate["NetworkInterfaces"]:
                    names = [eni.get("Attachment", {}).get("InstanceId")] + [a["PrivateIpAddress"] for a in eni["PrivateIpAddresses"]] + \
                        [a["Ipv6Address"] for a in eni["Ipv6Addresses"]]
                    if one["Target"]["Id"] in names or Oracle.delegated(eni, one["Target"]["Id"]):
                        cases += [(listener, group, one, eni) for listener in estate["Listeners"]]
        return cases

    def check_sets(self, output):
        for endpoint in output["endpoints"]:
            for item in endpoint["exposures"]:
                self.assertTrue(are_as_few_as_can_be(tuple(item["sources"])), "sources are sorted and as few as can be: %s" % item["sources"])


if __name__ == "__main__":
    unittest.main()
