"""The order of files and records decides nothing, nor does which of two records of one id comes first; and where two
differ, the answer is never cleaner than by either of them alone.

ORDER_SEED: the seed. ORDER_TWINS: how many records get a twin that differs in one member.
"""
import copy
import json
import os
import random
import re
import sys
import unittest

sys.path[:0] = [os.path.join(os.path.dirname(__file__), name) for name in (".", "..", "../integration")]
import common
from test_constructs_gates import advertised, blocked
from test_lacks import rich
from test_service_models import answer, in_threads, interval, told, union
from test_snapshots import permission
from test_world import documents

SEED = common.seed("ORDER_SEED")
TWINS = int(os.environ.get("ORDER_TWINS", "250"))
WORDS = {"Type": ["application", "network", "gateway", "forward", "fixed-response"], "Scheme": ["internal", "internet-facing"], "Code": ["active", "failed"],
         "State": ["available", "running", "stopped", "healthy", "draining", "unused", "active", "blackhole", "associating", "create-complete", "update-failed"],
         "TargetType": ["instance", "ip", "alb", "lambda"], "Protocol": ["TCP", "UDP", "HTTP", "TLS", "6", "17", "-1"], "Status": ["in-use", "available", "DEPLOYED", "Deployed"],
         "InterfaceType": ["interface", "vpc_endpoint", "lambda", "nat_gateway", "evs"], "VpcId": ["vpc-1", "vpc-9"], "SubnetId": ["subnet-1", "subnet-2", "subnet-9"],
         "InternetGatewayBlockMode": ["off", "block-ingress", "block-bidirectional"], "OwnerId": ["111122223333", "444455556666"], "IpAddressType": ["ipv4", "ipv6", "dualstack"],
         "GroupId": ["sg-1", "sg-web", "sg-front", "sg-9"], "GroupName": ["GlobalAccelerator", "CloudFront-VPCOrigins-Service-SG", "other"], "Value": ["true", "false"],
         "AvailabilityZone": ["eu-west-3a", "eu-west-3b"], "Ipv6AddressAttribute": ["public", "private"], "GatewayId": ["igw-1", "igw-9", "local"],
         "Description": ["ELB app/front/0123456789abcdef", "mine"], "InternetGatewayExclusionMode": ["allow-egress", "allow-bidirectional"]}
IDS = {"Vpcs": "VpcId", "Subnets": "SubnetId", "RouteTables": "RouteTableId", "NetworkAcls": "NetworkAclId", "InternetGateways": "InternetGatewayId",
       "SecurityGroups": "GroupId", "NetworkInterfaces": "NetworkInterfaceId", "LoadBalancers": "LoadBalancerArn", "LoadBalancerDescriptions": "LoadBalancerName",
       "Listeners": "ListenerArn", "Rules": "RuleArn", "TargetGroups": "TargetGroupArn", "LoadBalancerTargetHealth": "TargetGroupArn", "Accelerators": "AcceleratorArn",
       "EndpointGroups": "EndpointGroupArn", "Reservations": None, "TargetHealthDescriptions": None, "Attributes": None, "VpcBlockPublicAccessExclusions": "ResourceArn",
       "PrefixLists": "PrefixListId"}


def gated():
    """An estate of gates: Block Public Access with exclusions, private IPv6 space, states and zones."""
    made = blocked(exclusions=[("subnet/subnet-1", "bidirectional", "create-complete")])
    made["Subnets"][0].update(Ipv6CidrBlockAssociationSet=advertised("public", "amazon"), State="available")
    made["Vpcs"][0].update(OwnerId="111122223333", State="available")
    made["RouteTables"][0]["OwnerId"] = made["NetworkAcls"][0]["OwnerId"] = "111122223333"
    made["SecurityGroups"][0]["IpPermissions"].append(permission("tcp", (22, 22), lists=["pl-1"]))
    made["PrefixLists"] = [{"PrefixListId": "pl-1", "PrefixListName": "ours", "State": "create-complete", "Cidrs": ["203.0.113.0/24"]}]
    return documents(made)


def estates():
    found = {**rich(), "gates": gated()}
    for name in ("application", "network"):
        files = found[name]
        files["describe-target-group-attributes.web.1.json"] = {"Attributes": [
            {"Key": "preserve_client_ip.enabled", "Value": "true"}, {"Key": "load_balancing.cross_zone.enabled", "Value": "true"}]}
        files["describe-load-balancer-attributes.front.0123456789abcdef.json"] = {"Attributes": [
            {"Key": "ipv6.deny_all_igw_traffic", "Value": "false"}, {"Key": "load_balancing.cross_zone.enabled", "Value": "true"}]}
    return found


def split(files):
    """Each record in a file of its own: {name: document}."""
    found = {}
    for name, document in files.items():
        keys = [key for key in document if key in IDS and isinstance(document[key], list)]
        for key in keys:
            stem = name[:-len(".json")]
            for n, record in enumerate(document[key]):
                found["%s.r%d.json" % (stem, n)] = {key: [record]}
            if not document[key]:
                found[name] = {key: []}
        if not keys:
            found[name] = document
    return found


def outcome(named, order):
    """What compute says of files in an order, which their folders give them: exit status, and the output without what tells where a thing stood."""
    places = {name: at for at, name in enumerate(order)}
    files = {"d%03d/%s" % (places[name], name): json.dumps(document).encode() for name, document in named.items()}
    status, output, said = answer(files)
    if output is None:
        return status, None, None
    text = re.sub(r"d\d\d\d/", "", json.dumps(output, ensure_ascii=False))
    text = re.sub(r'"(unread: |incomplete: )(\\.|[^"\\])*"', '"unread"', text)  # which of several doubts is named
    text = re.sub(r"[\w.-]*\.twin\.json", lambda found: found[0].replace(".twin", ""), text)
    plain = json.loads(text)
    for key in ("unread", "ignored", "notes", "missing", "assumptions"):
        plain[key] = sorted(plain[key], key=json.dumps)
    plain["unread"] = sorted(one["why"] for one in plain["unread"])  # of two that differ, where the second one stands
    return status, plain, output


def places(value, path=()):
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield (*path, key), inner
        yield from places(inner, (*path, key))


def mutated(rng, key, record):
    """A twin of a record that differs in one member, and that member's path; None where there is none."""
    found = [(path, value) for path, value in places(record) if path[-1] not in (IDS[key], "InstanceId", "Id", "Key", "NetworkInterfaceId", "Priority",
                                                                                 "Cidrs")]  # of a prefix list one document may tell, another not
    if not found:
        return None, None
    path, value = rng.choice(found)
    twin = holder = copy.deepcopy(record)
    for step in path[:-1]:
        holder = holder[step]
    member = next((step for step in reversed(path) if isinstance(step, str)), "")
    others = [word for word in WORDS.get(member, []) if word != value]
    if isinstance(value, bool):
        holder[path[-1]] = not value
    elif isinstance(value, str) and others:
        holder[path[-1]] = rng.choice(others)
    elif isinstance(value, int):
        holder[path[-1]] = value + 1 if value else 8
    elif isinstance(value, str) and re.fullmatch(r"[0-9a-f.:]+/\d+", value):
        holder[path[-1]] = "10.99.0.0/16" if "." in value else "2001:db8:99::/64"
    else:
        del holder[path[-1]]
    return twin, path


def boxes(output):
    """{what: [(low, high, sources)]} of all that may be reached, dormant or not, directly and behind."""
    found = {}
    for one in output["endpoints"] + output["indirect"]:
        for x in one["exposures"]:
            if x["path"] != "two-way" or "from_port" not in x:
                continue
            what = one.get("address") or (one["eni_id"], one["private_address"])
            found.setdefault((what, x["protocol"]), []).append((x["from_port"], x["to_port"], union(map(interval, x["sources"]))))
    return found


def lost(before, after):
    """What one output reaches and another does not, in words, or None."""
    for what, listed in before.items():
        others = after.get(what, [])
        for low, high, sources in listed:
            for at in sorted({low, high} | {edge for l, h, _ in others for edge in (l, h, h + 1) if low <= edge <= high}):
                admitted = union(s for l, h, found in others if l <= at <= h for s in found)
                if any(not any(begin <= first and last <= end for begin, end in admitted) for first, last in sources):
                    return "%s %d" % (what, at)
    return None


class Order(unittest.TestCase):
    longMessage = False

    def setUp(self):
        print("order seed %d" % SEED, file=sys.stderr)

    def test_the_order_of_files_and_records_changes_no_byte(self):
        def judge(one):
            name, files, order = one
            first = outcome(files, sorted(files))
            return None if outcome(files, order)[:2] == first[:2] else "%s: in the order %s" % (name, order)
        cases = []
        for name, files in estates().items():
            named = split(files)
            for turn in range(6):
                order = sorted(named)
                random.Random(SEED + turn).shuffle(order)
                cases.append((name, named, order if turn else order[::-1]))
        failed = [bad for bad in in_threads(told(judge), cases) if bad]
        self.assertEqual(failed[:3], [], "%d of %d: %s" % (len(failed), len(cases), failed[:3]))

    def test_of_two_records_of_one_id_that_differ_neither_is_believed_in_whatever_order(self):
        rng, cases = random.Random(SEED), []
        named = {name: split(files) for name, files in estates().items()}
        records = {}
        for name, files in named.items():
            for file, document in files.items():
                for key in [key for key in document if key in IDS and document[key]]:
                    records.setdefault((name, key), []).append((file, document[key][0]))
        kinds = sorted(records)
        for turn in range(TWINS):
            name, key = kinds[turn % len(kinds)]
            file, record = rng.choice(records[name, key])
            twin, path = mutated(rng, key, record)
            if twin is not None:
                cases.append((name, named[name], file, key, twin, path))
        untwinned = dict(zip(named, in_threads(lambda files: outcome(files, sorted(files))[2], named.values())))

        @told
        def judge(case):
            name, files, file, key, twin, path = case
            where = "%s: %s with another %s (%s)" % (name, file, ".".join(map(str, path)), json.dumps(twin)[:700])
            other = file.replace(".json", ".twin.json")
            both = {**files, other: {key: [twin]}}
            rest = sorted(set(files) - {file})
            orders = [[file, other, *rest], [other, file, *rest], [file, *rest, other], [other, *rest, file]]
            found = [outcome(both, order) for order in orders]
            if any(one[:2] != found[0][:2] for one in found):
                differ = [key for one in found for key in (one[1] or {}) if found[0][1] and one[1][key] != found[0][1][key]]
                return "%s: depends on the order (%s)" % (where, sorted(set(differ)))
            if found[0][1] is None:
                return None
            for single, what in ((untwinned[name], "the first"), (outcome({**files, file: {key: [twin]}}, sorted(files))[2], "the second")):
                less = single and lost(boxes(single), boxes(found[0][2]))
                named = single and len(found[0][2]["missing"]) > len(single["missing"])
                if less and not (named and less.startswith("((")):  # what is behind something that is said to be missing
                    return "%s: by %s alone there is also %s" % (where, what, less)
            return None
        failed = [bad for bad in in_threads(judge, cases) if bad]
        print("order: %d twins" % len(cases), file=sys.stderr)
        self.assertEqual(failed[:3], [], "seed %d: %d of %d\n%s" % (SEED, len(failed), len(cases), "\n".join(failed[:8])))


if __name__ == "__main__":
    unittest.main()
