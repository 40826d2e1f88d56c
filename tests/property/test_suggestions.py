"""The law of suggestions: what they say, done to the estate, closes the finding. On random estates."""
import ipaddress
import json
import os
import pathlib
import random
import shlex
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import common
from oracle import estates

ESTATES = int(os.environ.get("SUGGESTIONS_ESTATES", "60"))
SEED = common.seed("ORACLE_SEED")
PEERS = (("IpRanges", "CidrIp", "CidrIpv4"), ("Ipv6Ranges", "CidrIpv6", "CidrIpv6"), ("PrefixListIds", "PrefixListId", "PrefixListId"))


def same(a, b):
    return a == b or ("/" in str(a) and ipaddress.ip_network(a, False) == ipaddress.ip_network(b, False))


def alike(rule, other):
    numbers = lambda r: [-1 if r.get(k) is None else r[k] for k in ("FromPort", "ToPort")]
    name = lambda r: {"6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6"}.get(r["IpProtocol"].lower(), r["IpProtocol"].lower())
    whole = lambda r: numbers(r) in ([-1, -1], [0, 65535], [-1, 0]) or name(r) not in ("tcp", "udp", "icmp", "icmpv6")
    return name(rule) == name(other) and (numbers(rule) == numbers(other) or (whole(rule) and whole(other)))


def revoke(group, rule, key, member, peer):
    """Takes one peer out of the permissions of a group. As AWS does, it fails where there is no such one."""
    for permission in group["IpPermissions"]:
        for item in permission[key] if alike(permission, rule) else []:
            if same(item[member], peer):
                permission[key].remove(item)
                return
    raise AssertionError("no such rule: %s %s in %s" % (rule, peer, group))


def apply(estate, command):
    words = shlex.split(command)
    option = lambda name: words[words.index(name) + 1]
    if words[2] == "revoke-security-group-ingress":
        [group] = [g for g in estate["SecurityGroups"] if g["GroupId"] == option("--group-id")]
        if "--ip-permissions" in words:
            for rule in json.loads(option("--ip-permissions")):
                for key, member, _ in PEERS:
                    for item in rule.get(key, []):
                        revoke(group, rule, key, member, item[member])
        for which in words[words.index("--security-group-rule-ids") + 1:] if "--security-group-rule-ids" in words else []:
            [record] = [r for r in estate["SecurityGroupRules"] if r["SecurityGroupRuleId"] == which]
            for key, member, name in PEERS:
                if name in record:
                    revoke(group, record, key, member, record[name])
            estate["SecurityGroupRules"].remove(record)
        return
    [acl] = [a for a in estate["NetworkAcls"] if a["NetworkAclId"] == option("--network-acl-id")]
    assert words[2] == "create-network-acl-entry" and "--ingress" in words
    number, ports = int(option("--rule-number")), dict(part.split("=") for part in option("--port-range").split(","))
    assert not any(e["RuleNumber"] == number and not e["Egress"] for e in acl["Entries"])
    block, key = ("--cidr-block", "CidrBlock") if "--cidr-block" in words else ("--ipv6-cidr-block", "Ipv6CidrBlock")
    acl["Entries"].append({"RuleNumber": number, "Egress": False, "Protocol": option("--protocol"), "RuleAction": option("--rule-action"),
                           key: option(block), "PortRange": {"From": int(ports["From"]), "To": int(ports["To"])}})


def without_repetition(estate):
    """AWS takes no rule that a group has already."""
    estate = json.loads(json.dumps(estate))  # its parts may be shared
    for group in estate.get("SecurityGroups", []):
        for permissions in (group["IpPermissions"], group.get("IpPermissionsEgress", [])):
            for n, rule in enumerate(permissions):
                for key, member, _ in PEERS:
                    before = [item[member] for other in permissions[:n] if alike(other, rule) for item in other[key]]
                    kept = []
                    for item in rule[key]:
                        if not any(same(item[member], peer) for peer in before + [k[member] for k in kept]):
                            kept.append(item)
                    rule[key] = kept
    if "SecurityGroupRules" in estate and "SecurityGroups" in estate:
        estate["SecurityGroupRules"] = list(estates.rule_records(estate))[::2]
    return estate


class Suggestions(unittest.TestCase):
    def verdict(self, estate, address, port, source):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder)
            (path / "estate").mkdir()
            estates.write(estate, path / "estate")
            (path / "o.jsonl").write_text(json.dumps({
                "address": address, "protocol": "tcp", "from_port": port, "to_port": port, "state": "open", "reason": "syn-ack", "from": None,
                "tries": 1, "rtt_us": 400, "first_sent": "2026-11-24T10:00:00.000000Z", "answered": "2026-11-24T10:00:00.000400Z"}) + "\n")
            done = common.sgproof("reconcile", path / "estate", path / "o.jsonl", "--vantage", source, "--format", "json")
        self.assertIn(done.returncode, (0, 1, 3, 4), done.stderr)
        return next((v for v in json.loads(done.stdout)["verdicts"] if v["protocol"] == "tcp" and v["address"] == address and v["from_port"] == port), None)

    def asked(self, rng, estate):
        """Some (address, port, source) that the estate exposes."""
        with tempfile.TemporaryDirectory() as folder:
            estates.write(estate, folder)
            output = common.compute(folder)
        found = [(e["address"], x["from_port"], x["sources"]) for e in output["endpoints"] if "/" not in e["address"] and not e["dormant"]
                 for x in e["exposures"] if x["protocol"] == "tcp" and x["path"] == "two-way" and x["internet"]]
        for address, port, sources in rng.sample(found, min(2, len(found))):
            hosts = [str(n[0]) for n in map(ipaddress.ip_network, sources)
                     if n[0].is_global and not n[0].is_multicast and not n[0].is_reserved and (n.version == 4 or n[0] in ipaddress.ip_network("2000::/3"))]
            if hosts:
                yield address, port, rng.choice(hosts)

    def test_what_is_suggested_closes_the_finding(self):
        print("suggestions seed %d, %d estates" % (SEED, ESTATES), file=sys.stderr)
        kinds = {}
        for number in range(ESTATES):
            rng = random.Random(SEED * 1000003 + number)
            estate = without_repetition(estates.make(rng))
            for address, port, source in self.asked(rng, estate):
                where = "seed %d estate %d: %s %d from %s" % (SEED, number, address, port, source)
                found = self.verdict(estate, address, port, source)
                for command in found.get("suggested", []):
                    kinds[command.split()[2]] = kinds.get(command.split()[2], 0) + 1
                if "suggested" in found:
                    after = json.loads(json.dumps(estate))  # estates share parts, which a deep copy keeps
                    for command in found["suggested"]:
                        apply(after, command)
                    left = self.verdict(after, address, port, source)
                    self.assertIn(left["declared"], ("unreachable", "inbound-only"), "%s: %s" % (where, found["suggested"]))
        print("suggestions: %s" % kinds, file=sys.stderr)
        self.assertGreater(kinds.get("revoke-security-group-ingress", 0), 0)


if __name__ == "__main__":
    unittest.main()
