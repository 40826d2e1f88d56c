"""Laws that hold whatever the estate: what must not matter does not, and more rules never shrink what they must not."""
import copy
import ipaddress
import json
import os
import random
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import common
from oracle import estates
from test_oracle import NAMES, in_text, matching, number_near, source_near

ESTATES = int(os.environ.get("METAMORPHIC_ESTATES", "100"))
SEED = common.seed("ORACLE_SEED")


def computed(estate, plain=True):
    with tempfile.TemporaryDirectory() as folder:
        estates.write(estate, folder)
        output = common.compute(folder)
    if plain:  # texts name entries by number and place, which these changes move
        for place in output["endpoints"] + output["indirect"]:
            for item in place["exposures"]:
                item["because"] = item["via"] = None
    return output


def diffed(before, after):
    with tempfile.TemporaryDirectory() as folder:
        for name, estate in (("before", before), ("after", after)):
            os.mkdir(os.path.join(folder, name))
            estates.write(estate, os.path.join(folder, name))
        done = common.sgproof("diff", os.path.join(folder, "before"), os.path.join(folder, "after"), "--format", "json")
    assert done.returncode in (0, 3), done.stderr
    return json.loads(done.stdout)


def halves(cidr):
    network = ipaddress.ip_network(cidr)
    return [str(n) for n in network.subnets()] if network.prefixlen < network.max_prefixlen else [cidr]


class Laws(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        print("metamorphic seed %d, %d estates" % (SEED, ESTATES), file=sys.stderr)

    def each(self):
        for number in range(ESTATES):
            rng = random.Random(SEED * 1000003 + number)
            estate = estates.make(rng)
            yield rng, estate, "seed %d estate %d" % (SEED, number)

    def test_the_order_of_documents_rules_and_entries_does_not_matter(self):
        for rng, estate, where in self.each():
            turned = json.loads(json.dumps(estate))

            def shuffle(value, key=None):
                if isinstance(value, dict):
                    for k, v in value.items():
                        shuffle(v, k)
                elif isinstance(value, list):
                    for v in value:
                        shuffle(v)
                    rng.shuffle(value) if key not in ("IpPermissions", "IpPermissionsEgress") else None
            shuffle(turned)
            self.assertEqual(computed(estate, False), computed(turned, False), where)

    def test_a_cidr_split_in_two_halves_is_the_same(self):
        for rng, estate, where in self.each():
            estate.pop("SecurityGroupRules", None)  # which would tell of the halves, too
            split = copy.deepcopy(estate)
            for group in split.get("SecurityGroups", []):
                for rule in group["IpPermissions"]:
                    for key, cidr in (("IpRanges", "CidrIp"), ("Ipv6Ranges", "CidrIpv6")):
                        rule[key] = [{cidr: half} for item in rule[key] for half in halves(item[cidr])]
            self.assertEqual(computed(estate), computed(split), where)
            for table in split.get("RouteTables", []):
                for key in ("DestinationCidrBlock", "DestinationIpv6CidrBlock"):
                    table["Routes"] = [dict(route, **{key: half}) if key in route else route for route in table["Routes"]
                                       for half in (halves(route[key]) if key in route and not clashes(table, route[key]) else [route.get(key)])]
            self.assertEqual(computed(estate), computed(split), where)

    def test_a_rule_that_never_matches_changes_nothing(self):
        for rng, estate, where in self.each():
            estate.pop("SecurityGroupRules", None)  # which would tell of it, too
            more = copy.deepcopy(estate)
            for group in more.get("SecurityGroups", []):
                group["IpPermissions"].append({"IpProtocol": "-1", "IpRanges": [], "Ipv6Ranges": [], "PrefixListIds": [],
                                               "UserIdGroupPairs": [{"GroupId": "sg-nobodys"}]})
            for acl in more.get("NetworkAcls", []):
                acl["Entries"] += [{"Egress": egress, "Protocol": "-1", "RuleNumber": 32767, "RuleAction": "deny", "CidrBlock": "0.0.0.0/0"}
                                   for egress in (False, True)]
            self.assertEqual(computed(estate, False), computed(more, False), where)

    def test_renamed_ids_change_nothing_but_names(self):
        for rng, estate, where in self.each():
            text = json.dumps(estate)
            for old in ("sg-0", "sg-1", "sg-2", "acl-1", "acl-2", "rtb-1", "rtb-2", "igw-1", "vpc-1", "subnet-1", "subnet-2", "eni-1", "eni-2", "eni-3"):
                text = text.replace('"%s"' % old, '"%sx"' % old).replace("/%s\"" % old, "/%sx\"" % old)
            renamed = json.loads(text)
            found = diffed(estate, renamed)
            for key in ("opened", "closed", "altered"):  # targets are told apart by their interfaces' ids, which are renamed
                self.assertEqual([item for item in found[key] if not item.get("indirect")], [], where)

    def test_an_allow_never_shrinks_and_a_deny_never_grows(self):
        for rng, estate, where in self.each():
            more, less = copy.deepcopy(estate), copy.deepcopy(estate)
            if rng.random() < 0.5 and estate.get("SecurityGroups"):
                estates.pick(rng, more["SecurityGroups"])["IpPermissions"].append(estates.permission(rng))
            elif estate.get("NetworkAcls"):
                acl = estates.pick(rng, more["NetworkAcls"])
                taken = {e["RuleNumber"] for e in acl["Entries"]}
                acl["Entries"].append(dict(estates.acl_entry(rng, estates.pick(rng, [n for n in range(1, 250) if n not in taken])), RuleAction="allow"))
            if estate.get("NetworkAcls"):
                acl = estates.pick(rng, less["NetworkAcls"])
                taken = {e["RuleNumber"] for e in acl["Entries"]}
                acl["Entries"].append(dict(estates.acl_entry(rng, estates.pick(rng, [n for n in range(1, 250) if n not in taken])), RuleAction="deny"))
            self.assertEqual(diffed(estate, more)["closed"], [], where)
            self.assertEqual(diffed(estate, less)["opened"], [], where)

    def test_a_diff_holds_a_packet_exactly_when_it_opened_or_closed(self):
        packets = changed = 0
        for rng, estate, where in self.each():
            other = mutated(rng, estate)
            before, after, found = computed(estate), computed(other), diffed(estate, other)
            sides = [{e["address"]: e for e in side["endpoints"]} for side in (before, after)]
            for _ in range(40):
                address = estates.pick(rng, sorted(set(sides[0]) | set(sides[1]))) if sides[0] or sides[1] else None
                if address is None:
                    break
                protocol = estates.pick(rng, [6, 6, 6, 17, 1, 58, 47])
                number, version = number_near(rng, protocol), 6 if ":" in address else 4
                source = source_near(rng, estates.CIDRS4 + estates.CIDRS6, version)
                levels = [level(side.get(address), protocol, number, source) for side in sides]
                told = {kind: held(found[kind], address, protocol, number, source) for kind in ("opened", "closed")}
                expected = {"opened": levels[1] if levels[1] > levels[0] else 0, "closed": levels[0] if levels[0] > levels[1] else 0}
                self.assertEqual(told, expected, "%s: %s %d/%d from %s" % (where, address, number, protocol, source))
                packets += 1
                changed += levels[0] != levels[1]
        print("diff: %d packets, %d of them changed" % (packets, changed), file=sys.stderr)
        self.assertGreater(changed, 0)


def clashes(table, cidr):
    """Whether the halves of a destination are, or contain what is, a destination already."""
    whole = ipaddress.ip_network(cidr)
    others = [r.get("DestinationCidrBlock") or r.get("DestinationIpv6CidrBlock") for r in table["Routes"]]
    return any(r.get("DestinationPrefixListId") for r in table["Routes"]) or any(
        o and o != cidr and ipaddress.ip_network(o).version == whole.version and ipaddress.ip_network(o) == n for o in others for n in whole.subnets(prefixlen_diff=1)) \
        if whole.prefixlen < whole.max_prefixlen else True


def mutated(rng, estate):
    other = copy.deepcopy(estate)
    for _ in range(rng.randrange(1, 4)):
        draw = rng.randrange(6)
        if draw == 0 and other.get("SecurityGroups"):
            estates.pick(rng, other["SecurityGroups"])["IpPermissions"].append(estates.permission(rng))
        elif draw == 1 and other.get("SecurityGroups"):
            group = estates.pick(rng, other["SecurityGroups"])
            group["IpPermissions"] = group["IpPermissions"][1:]
        elif draw == 2 and other.get("NetworkAcls"):
            acl = estates.pick(rng, other["NetworkAcls"])
            acl["Entries"] = acl["Entries"][1:]
        elif draw == 3 and other.get("RouteTables"):
            table = estates.pick(rng, other["RouteTables"])
            table["Routes"] = table["Routes"][1:]
        elif draw == 4:
            for reservation in other["Reservations"]:
                for instance in reservation["Instances"]:
                    instance["State"]["Name"] = estates.pick(rng, ["running", "stopped"])
        elif other["NetworkInterfaces"]:
            interface = estates.pick(rng, other["NetworkInterfaces"])
            estates.pick(rng, interface["PrivateIpAddresses"]).pop("Association", None)
    return other


def level(endpoint, protocol, number, source):
    """0: nothing arrives today, 1: inbound-only, 2: two-way."""
    if endpoint is None or endpoint["dormant"]:
        return 0
    found = matching(endpoint, protocol, number, source)
    return 0 if not found else 2 if found[0]["path"] == "two-way" else 1


def held(changes, address, protocol, number, source):
    found = matching({"exposures": [c for c in changes if c["address"] == address and not c.get("indirect")]}, protocol, number, source)
    return 0 if not found else 2 if found[0]["path"] == "two-way" else 1


if __name__ == "__main__":
    unittest.main()
