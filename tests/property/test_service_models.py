"""What AWS's own service models allow is read: documents drawn from botocore's output shapes, beside a good estate.

Also home of what test_starvation shares with it: running on documents held in memory, exposures as sets, drawing documents.
SERVICE_MODELS_DOCUMENTS: how many (10,000 each run). SERVICE_MODELS_SEED: the seed. Where botocore is not there: skipped.
"""
import base64
import concurrent.futures
import functools
import gzip
import ipaddress
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import unittest
import urllib.parse

sys.path[:0] = [os.path.join(os.path.dirname(__file__), *words) for words in (("..",), ("..", "integration"))]
import common
from test_world import LONE

DOCUMENTS = int(os.environ.get("SERVICE_MODELS_DOCUMENTS", "10000"))
SEED = common.seed("SERVICE_MODELS_SEED")
A_FOLDER = 100
ALONE = 1000  # of them, each beside the good estate without the others: only so can the answer be whole

READ = {
    "ec2": """DescribeVpcs DescribeSubnets DescribeRouteTables DescribeInternetGateways DescribeEgressOnlyInternetGateways
        DescribeNatGateways DescribeNetworkAcls DescribeSecurityGroups DescribeSecurityGroupRules
        DescribeSecurityGroupVpcAssociations DescribeManagedPrefixLists DescribePrefixLists DescribeVpcEndpoints
        DescribeVpcBlockPublicAccessOptions DescribeVpcBlockPublicAccessExclusions DescribeInstances DescribeAddresses
        DescribeNetworkInterfaces DescribeInstanceConnectEndpoints DescribeTransitGatewayAttachments DescribeLaunchTemplateVersions GetManagedPrefixListEntries
        DescribeByoipCidrs DescribeVpcPeeringConnections DescribeTransitGateways DescribeTransitGatewayVpcAttachments
        DescribeTransitGatewayRouteTables SearchTransitGatewayRoutes GetTransitGatewayRouteTableAssociations
        GetTransitGatewayRouteTablePropagations DescribeVpnGateways DescribeVpnConnections""",
    "elbv2": """DescribeLoadBalancers DescribeListeners DescribeRules DescribeTargetGroups DescribeTargetHealth
        DescribeTargetGroupAttributes DescribeLoadBalancerAttributes""",
    "elb": "DescribeLoadBalancers",
    "network-firewall": "ListFirewalls DescribeFirewall",
    "iam": """GetAccountSummary GetAccountPasswordPolicy GetAccountAuthorizationDetails GetCredentialReport
        ListVirtualMFADevices ListUsers ListMFADevices""",
    "cloudtrail": "DescribeTrails GetTrailStatus GetEventSelectors",
    "rds": "DescribeDBInstances",
    "redshift": "DescribeClusters",
    "lambda": "ListFunctionUrlConfigs",
    "ecs": "DescribeTasks",
    "eks": "DescribeCluster",
    "opensearch": "DescribeDomain DescribeDomains",
    "kafka": "ListClustersV2",
    "cloudfront": "ListDistributions ListVpcOrigins GetVpcOrigin",
    "globalaccelerator": "ListAccelerators ListEndpointGroups"}


# --- sgproof on documents held in memory

def folder_of(path):
    """The files of a folder, as {relative path: bytes}."""
    path = pathlib.Path(path)
    return {str(p.relative_to(path)): p.read_bytes() for p in sorted(path.rglob("*")) if p.is_file()}


def run(files, command, *words):
    """sgproof COMMAND on a folder of these files. A crash and a sanitizer's report are failures."""
    with tempfile.TemporaryDirectory(prefix="sgproof-") as folder:
        for name, content in files.items():
            path = pathlib.Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        done = common.sgproof(command, folder, *words)
    assert done.returncode in (0, 1, 2, 3, 4), "%s ended with %d: %s" % (command, done.returncode, done.stderr)
    return done


def answer(files):
    """(exit status, what compute says of these files, or None after status 2, stderr)"""
    done = run(files, "compute", "--format", "json")
    output = json.loads(done.stdout) if done.returncode in (0, 3) else None
    named = output and len(output["missing"] + output["unread"])
    assert output is None or (done.returncode == 3) == (named > 0), "exit %d, but %d missing or unread" % (done.returncode, named)
    return done.returncode, output, done.stderr


def told(problem):
    """For a function that tells in words what is wrong with an answer, or None: tells of an exception as well."""
    def asked(*words):
        try:
            return problem(*words)
        except (AssertionError, ValueError, KeyError, subprocess.TimeoutExpired) as error:
            return "%s: %s" % (type(error).__name__, error)
    return asked


def in_threads(function, items):
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(function, items))


def culprit(files, problem):
    """The least part of these files, found by halving, that still has a problem. Several where only their sum has it."""
    names = sorted(files)
    while len(names) > 1:
        halves = names[:len(names) // 2], names[len(names) // 2:]
        smaller = next((half for half in halves if problem({name: files[name] for name in half})), None)
        if smaller is None:
            break
        names = smaller
    found = problem({name: files[name] for name in names})
    return "%s\n%s" % (found, "\n".join("%s: %s" % (name, files[name].decode()[:4000]) for name in names[:3]))


# --- exposures as sets: {address: {axis: [(first, last, sources)]}}, sources as disjoint sorted (first, last)

@functools.lru_cache(None)
def interval(cidr):
    network = ipaddress.ip_network(cidr)
    return int(network[0]), int(network[-1])


def union(intervals):
    found = []
    for first, last in sorted(intervals):
        if found and first <= found[-1][1] + 1:
            found[-1] = found[-1][0], max(last, found[-1][1])
        else:
            found.append((first, last))
    return found


def ranges(item):
    """(axis, intervals on it): ports, type * 256 + code, or protocol numbers."""
    if "from_port" in item:
        return item["protocol"], [(item["from_port"], item["to_port"])]
    if "from_type" in item:
        types, codes = (item["from_type"], item["to_type"]), (item["from_code"], item["to_code"])
        return item["protocol"], ([(types[0] * 256, types[1] * 256 + 255)] if codes == (0, 255) else
                                  [(t * 256 + codes[0], t * 256 + codes[1]) for t in range(types[0], types[1] + 1)])
    parts = [part.partition("-") for part in item["protocol"].split(",")]
    return "protocol", [(int(low), int(high or low)) for low, _, high in parts]


def passing(output, certain=("exact", "possible")):
    """What passes two-way today."""
    found = {}
    for endpoint in output["endpoints"]:
        axes = found.setdefault(endpoint["address"], {})
        for item in [] if endpoint["dormant"] else endpoint["exposures"]:
            if item["path"] == "two-way" and item["certainty"] in certain:
                axis, intervals = ranges(item)
                axes.setdefault(axis, []).extend((*i, union(map(interval, item["sources"]))) for i in intervals)
    return found


def refused(before, after):
    """A packet that passes in `before` and not in `after`, in words, or None."""
    for address, axes in before.items():
        for axis, boxes in axes.items():
            others = after.get(address, {}).get(axis, [])
            edges = {edge for low, high, _ in others for edge in (low, high + 1)}
            for low, high, sources in boxes:
                for at in sorted({low} | {edge for edge in edges if low < edge <= high}):
                    admitted = union(s for l, h, listed in others if l <= at <= h for s in listed)
                    for first, last in sources:
                        for begin, end in admitted:
                            if begin <= first <= end:
                                first = end + 1
                        if first <= last:
                            kind = ipaddress.IPv6Address if ":" in address else ipaddress.IPv4Address
                            return "%s %s %d from %s" % (address, axis, at, kind(first))
    return None


# --- documents drawn from botocore's models

@functools.lru_cache(None)
def models():
    """botocore's folder of service models, or None."""
    for python in (sys.executable, str(common.TOP / ".venv/bin/python")):
        if os.access(python, os.X_OK):
            done = subprocess.run([python, "-c", "import botocore; print(botocore.__path__[0])"], text=True, capture_output=True)
            if done.returncode == 0:
                return pathlib.Path(done.stdout.strip(), "data")
    return None


@functools.lru_cache(None)
def model(service):
    path = max(models().glob(service + "/*/service-2.json*"))  # the newest
    return json.loads(gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes())


PREFIXES = {"Vpc": "vpc", "Subnet": "subnet", "Group": "sg", "SecurityGroup": "sg", "RouteTable": "rtb", "NetworkAcl": "acl",
            "InternetGateway": "igw", "EgressOnlyInternetGateway": "eigw", "NatGateway": "nat", "NetworkInterface": "eni",
            "Instance": "i", "PrefixList": "pl", "DestinationPrefixList": "pl", "VpcEndpoint": "vpce", "Gateway": "igw",
            "SecurityGroupRule": "sgr", "TransitGateway": "tgw", "Allocation": "eipalloc", "LaunchTemplate": "lt",
            "VpcPeeringConnection": "pcx", "VpcBlockPublicAccessExclusion": "vpcbpa-exclude"}
CIDRS = ["0.0.0.0/0", "::/0", "192.0.2.0/24", "2001:db8:ffff::/64", "10.1.2.3/8", "10.0.0.0/33", "2001:db8::/129", "10.0.0.0", "/", "::/-1"]
ADDRESSES = ["192.0.2.%d" % n for n in range(8)] + ["10.200.0.%d" % n for n in range(8)] + ["2001:db8:ffff::%d" % n for n in range(8)]
STRANGE = ["", " ", " in spaces ", "ünï 漢字 \U0001f642", "\u0000", "\u2028", "\n", '"', "\\", "%s%n", "../..", "null", "-1", "0",
           "99999999999999999999", "256.1.1.1", "fe80::1%eth0", "x" * 3000, "1e9", "local", "vpc-", "arn:aws:", *CIDRS]
NUMBERS = [0, 1, -1, 22, 255, 256, 32766, 32767, 32768, 65535, 65536, 2 ** 31 - 1, -2 ** 31]
LARGE = NUMBERS + [2 ** 32, 2 ** 53 + 1, 2 ** 63 - 1, -2 ** 63]
WORDS = {"Protocol": ["-1", "6", "17", "58", "41", "TCP"], "IpProtocol": ["-1", "tcp", "icmpv6", "41", "udp"],
         "AwsRegion": ["eu-west-3", "us-east-1", "xx-north-9"], "AvailabilityZone": ["eu-west-3a", "us-east-1b"]}
MARKERS = ("NextToken", "NextMarker", "Marker", "IsTruncated")


class Drawing:
    """Documents of one service. odd: with the edges of every type; else plain words, half of the members at least, and those that it
    prints always."""

    def __init__(self, rng, service, odd):
        self.rng, self.service, self.odd, self.shapes = rng, service, odd, model(service)["shapes"]

    def value(self, name, member="", depth=0):
        if self.odd and depth and self.rng.random() < 0.02:
            return None
        shape = self.shapes[name]
        return getattr(self, shape["type"])(shape, member, depth)

    def structure(self, shape, member, depth):
        members = sorted(shape["members"]) if depth < 8 else []
        if self.odd:
            kept = 0.95 if depth == 0 else self.rng.choice([0.3, 0.8, 0.95, 1])
            chosen = [m for m in members if self.rng.random() < (0.1 if m in MARKERS else kept)]
        else:
            chosen = self.rng.sample(members, self.rng.randint((len(members) + 1) // 2, len(members)))
            chosen += [m for m in members if m in shape.get("required", ()) and m not in chosen]
        return {m: self.value(shape["members"][m]["shape"], m, depth + 1) for m in chosen}

    def list(self, shape, member, depth):
        # An empty list of another service is, byte for byte, an empty list of ours: the plain ones hold something.
        least = 0 if depth > 1 or self.odd and self.rng.random() < 0.1 else 1
        count = self.rng.randint(least, 3 if depth < 5 else 1)
        return [self.value(shape["member"]["shape"], member, depth + 1) for _ in range(count)]

    def map(self, shape, member, depth):
        return {self.string(self.shapes[shape["key"]["shape"]], "", depth): self.value(shape["value"]["shape"], member, depth + 1)
                for _ in range(self.rng.randrange(3))}

    def string(self, shape, member, depth):
        pick = self.rng.choice
        if "enum" in shape:
            return pick(shape["enum"] + ["not-yet-known"]) if self.odd else pick(shape["enum"])
        if not self.odd:
            return "arn:aws:%s:eu-west-3:111122223333:thing/%s" % (self.service, member) if "arn" in member.lower() else pick(
                ["word", "two words", "203.0.113.9", "name-1", "443"])
        if self.rng.random() < 0.15:
            return pick(STRANGE)
        if member in WORDS:
            return pick(WORDS[member])
        if re.fullmatch("OwnerId|.*AccountId|UserId", member):
            return "444455556666"
        if member.endswith(("Id", "Ids", "Target")):
            return "%s-0bad%013x" % (PREFIXES.get(re.sub("Ids?$", "", member), pick(sorted(PREFIXES.values()))), self.rng.randrange(6))
        if "Arn" in member or "ARN" in member:
            return "arn:aws:elasticloadbalancing:eu-west-3:444455556666:%s/app/drawn/0bad%d" % (
                "targetgroup" if "Target" in member else "loadbalancer", self.rng.randrange(4))
        if "Cidr" in member or "Ipv6Prefix" in member:
            return pick(CIDRS)
        if "Ip" in member or "Address" in member:
            return pick(ADDRESSES)
        if "Document" in member:
            policy = json.dumps({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})
            return pick([policy, urllib.parse.quote(policy), json.loads(policy)])
        return pick(["word", "true", "1", "available", "active", "internet-facing"])

    def integer(self, shape, member, depth):
        return self.rng.choice(NUMBERS if self.odd else NUMBERS[:5])

    def long(self, shape, member, depth):
        return self.rng.choice(LARGE if self.odd else NUMBERS[:5])

    def float(self, shape, member, depth):
        return self.rng.choice([0.5, -0.0, 1e300, 3])

    def boolean(self, shape, member, depth):
        return self.rng.random() < 0.5

    def timestamp(self, shape, member, depth):
        return self.rng.choice(["2026-01-02T03:04:05+00:00", "2026-01-02T03:04:05.678Z", 1767323045, "0001-01-01T00:00:00Z"])

    def blob(self, shape, member, depth):
        if not self.odd:
            return "AAAA"
        report = "user,arn,mfa_active\n<root_account>,arn:aws:iam::444455556666:root," + self.rng.choice(["true", "N/A", "\n,,"])
        return self.rng.choice([base64.b64encode(report.encode()).decode(), report, "", "%%%", "AAAA"])

    double, character = float, string


CALLS = [(service, operation) for service, words in READ.items() for operation in words.split()]


def drawn(number):
    """Document `number` of this seed: (file name, bytes)."""
    rng = random.Random(SEED * 1000003 + number)
    service, operation = CALLS[number % len(CALLS)]
    name = re.sub("(?<=[a-z])(?=[A-Z])", "-", operation).lower()
    of = rng.choice(["", "", ".pl-0bad%013x" % rng.randrange(6), ".drawn"])
    if re.search("Transit.*Route", operation):  # of which table, the file's name says
        of = rng.choice(["", ".tgw-rtb-0bad%013x" % rng.randrange(3)])
    known = model(service)["operations"].get(operation)  # an older botocore does not know every one
    document = Drawing(rng, service, True).value(known["output"]["shape"]) if known else {}
    return "drawn/%s.%d%s.json" % (name, number, of), json.dumps(document, ensure_ascii=rng.random() < 0.5).encode()


GOOD = folder_of(common.SAMPLE)


class ServiceModels(unittest.TestCase):
    longMessage = False

    @classmethod
    def setUpClass(cls):
        if models() is None:
            raise unittest.SkipTest("botocore is not installed, and could not be")
        print("service models seed %d, %d documents" % (SEED, DOCUMENTS), file=sys.stderr)
        cls.good = answer(GOOD)[1]

    @told
    def computed(self, extra):
        """What is wrong with the answer for the good estate with these files beside it, or None."""
        status, output, said = answer({**GOOD, **extra})
        if status == 2:
            return "exit 2: " + said
        gone = {e["address"] for e in self.good["endpoints"]} - {e["address"] for e in output["endpoints"]}
        if gone:
            return "not there any more: %s" % sorted(gone)
        before, after = passing(self.good), passing(output)
        lost = refused(before, after)
        if lost is None and status == 0:  # all was understood: then the answers are the same, and as sure
            lost = refused({address: after[address] for address in before}, before) or refused(
                passing(self.good, ("exact",)), passing(output, ("exact",)))
        return lost and "other answer (exit %d): %s" % (status, lost)

    @told
    def judged(self, extra):
        for words in (("account",), ("plan", "--vantage", "203.0.113.7")):
            done = run({**GOOD, **extra}, *words)
            if done.returncode == 2:
                return "%s: exit 2: %s" % (words[0], done.stderr)

    def none_has_a_problem(self, sets, problem):
        found = in_threads(lambda numbers: problem(dict(map(drawn, numbers))), sets)
        failed = [dict(map(drawn, numbers)) for numbers, bad in zip(sets, found) if bad]
        self.assertFalse(failed, "seed %d, %d of %d failed:\n%s" % (
            SEED, len(failed), len(sets), "\n".join(culprit(files, problem) for files in failed[:3])))

    def test_documents_of_every_shape_cost_no_more_than_themselves(self):
        sets = [range(n, min(n + A_FOLDER, DOCUMENTS)) for n in range(0, DOCUMENTS, A_FOLDER)]
        self.none_has_a_problem(sets, self.computed)

    def test_no_answer_of_aws_has_the_two_members_that_tell_a_record_without_its_list(self):
        for service in sorted(path.name for path in models().iterdir() if list(path.glob("*/service-2.json*"))):
            shapes = model(service)
            for name, operation in shapes["operations"].items():
                members = shapes["shapes"][operation["output"]["shape"]]["members"] if "output" in operation else ()
                found = [kind for one, two, kind in LONE if one in members and two in members]
                self.assertEqual(found, ["Reservations"] if name in ("RunInstances",) else [], (service, name))  # it answers with one

    def test_one_document_alone_costs_no_more_than_itself(self):
        self.none_has_a_problem([[n] for n in range(min(ALONE, DOCUMENTS))], self.computed)

    def test_account_and_plan_end_well_beside_documents_of_every_shape(self):
        sets = [range(n, min(n + A_FOLDER, DOCUMENTS)) for n in range(0, DOCUMENTS, 10 * A_FOLDER)]
        self.none_has_a_problem(sets, self.judged)


if __name__ == "__main__":
    unittest.main()
