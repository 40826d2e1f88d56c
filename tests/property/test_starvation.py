"""The law of starvation: take something away, and the answer never becomes cleaner without saying so. And its mirrors.

STARVATION_SEED: the seed. SGPROOF_ALL=1: every cut of every estate, instead of some drawn at random.
"""
import copy
import json
import os
import random
import re
import sys
import tempfile
import unittest

sys.path[:0] = [os.path.join(os.path.dirname(__file__), name) for name in (".", "..", "../integration")]
import common
from oracle import estates
from test_service_models import (GOOD, Drawing, answer, culprit, folder_of, in_threads, model, models, passing, refused, run, told)

SEED = common.seed("STARVATION_SEED")
ALL = os.environ.get("SGPROOF_ALL") == "1"
CUTS, ESTATES = 500, 60  # cuts of each kind of estate; how many random estates
NETWORK = set("Vpcs Subnets RouteTables NetworkAcls InternetGateways SecurityGroups NetworkInterfaces Reservations".split())
KNOWN = NETWORK | set("""EgressOnlyInternetGateways NatGateways SecurityGroupRules SecurityGroupVpcAssociations PrefixLists Entries
    VpcEndpoints VpcBlockPublicAccessOptions VpcBlockPublicAccessExclusions Addresses LaunchTemplateVersions LoadBalancers Listeners
    Rules TargetGroups TargetHealthDescriptions Attributes LoadBalancerDescriptions Firewalls Firewall DBInstances Accelerators
    EndpointGroups VpcOriginList VpcOrigin InstanceConnectEndpoints TransitGatewayAttachments FunctionUrlConfigs Clusters serviceArns ReplicationInstances LaunchConfigurations workgroups BlockPublicAccessConfiguration
    ServiceConfigurations WebACLs WebACL ResourceArns Servers Server ServiceSummaryList Service BrokerSummaries ResourceRecordSets clusterArns taskArns tasks clusters cluster DomainNames
    DomainStatus DomainStatusList ClusterInfoList DistributionList""".split())


class Estate:
    def __init__(self, name, files):
        self.name, self.files, self.documents = name, files, {}
        for path, content in files.items():
            document = json.loads(content) if path.endswith(".json") else None
            if isinstance(document, dict) and KNOWN & set(document):
                self.documents[path] = document
        self.status, self.output, _ = answer(files)
        self.passing = passing(self.output) if self.output else {}

    def cuts(self):
        """(self, file, path in it, way) of all that can be cut; the path () is the whole file."""
        for name, document in self.documents.items():
            yield self, name, (), "drop"
            for path, value in places(document, ()):
                for way in ("drop", "null", "mistype") if value is not None else ("drop", "mistype"):
                    yield self, name, path, way


def places(value, path):
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield (*path, key), inner
        yield from places(inner, (*path, key))


def at(document, path):
    for key in path:
        document = document[key]
    return document


def general(path):
    """NetworkInterfaces[].Groups[].GroupId"""
    return re.sub(r"\.\[", "[", ".".join("[]" if isinstance(key, int) else key for key in path))


def mistyped(value):
    return 7 if isinstance(value, str) or value is None else [value] if isinstance(value, dict) else "odd"


def cut(document, path, way):
    document = copy.deepcopy(document)
    holder = at(document, path[:-1])
    if way == "drop":
        del holder[path[-1]]
    else:
        holder[path[-1]] = None if way == "null" else mistyped(holder[path[-1]])
    return document


# --- what no reader can see: (what is dropped, why nobody can tell, what must hold for that besides)

def told_elsewhere(*keys):
    """Whether an id or address that stands in what is dropped, under one of these keys, stands elsewhere in the estate too."""
    def asked(estate, name, path, value):
        whole, part = json.dumps(estate.documents), json.dumps(value)
        words = ['"%s"' % text for at_, text in places(value, ()) if at_[-1] in keys and isinstance(text, str)]
        return any(whole.count(word) > part.count(word) for word in words)
    return asked


def records(estate, key):
    return [r for d in estate.documents.values() for r in d.get(key) or []]


def no_default_acl(estate, name, path, value):
    """Whether the subnets that lose their ACL have no default one to fall back on: then they have none, which shows."""
    acl = at(estate.documents[name], path[:2])
    others = [other for other in records(estate, "NetworkAcls") if other is not acl]
    return not any(other.get("IsDefault") and other.get("VpcId") == acl.get("VpcId") for other in others)


def is_main(estate, name, path, value):
    """Whether what is dropped makes a table its VPC's main one: then the VPC has none, which shows."""
    return any(association.get("Main") is True for association in value.get("Associations", [value]))


def is_main_or_told(*words):
    return is_main(*words) or told_elsewhere("RouteTableId")(*words)


def instance_says_so(estate, name, path, value):
    """Whether the interface's instance tells of that group again (its groups are those of its first interface)."""
    interface = at(estate.documents[name], path[:-2])
    instances = [i for r in records(estate, "Reservations") for i in r["Instances"]]
    mine = [i for i in instances if i["InstanceId"] == interface.get("Attachment", {}).get("InstanceId")]
    return value["GroupId"] in [group["GroupId"] for i in mine for group in i.get("SecurityGroups", [])]


def others_have_it(estate, name, path, value):
    """Whether other interfaces tell their IPv6 addresses, or the subnet has an IPv6 block."""
    interface, listed = at(estate.documents[name], path[:-1]), at(estate.documents[name], path[:-2])
    blocks = [s for s in records(estate, "Subnets") if s["SubnetId"] == interface.get("SubnetId") and s.get("Ipv6CidrBlockAssociationSet")]
    return bool(blocks) or any("Ipv6Addresses" in other for other in listed if other is not interface)


ADDRESSES = "PublicIp", "Ipv6Address", "Ipv6Prefix"
INTERFACE = "NetworkInterfaceId", "PrivateIpAddress", *ADDRESSES
UNSEEN = [  # only what is dropped: what is null or of another type can always be seen
    (r".*(IpPermissions|IpRanges|Ipv6Ranges|PrefixListIds)\[\]", "nothing counts or refers to the rules of a group and their sources", None),
    (r"NetworkAcls\[\]\.Entries\[\]", "nothing counts entries, and their numbers have holes", None),
    (r"RouteTables\[\]\.Routes\[\]", "nothing counts or refers to routes", None),
    (r"RouteTables\[\]\.Routes\[\]\.Origin", "older documents and the local route of some tools have none; it breaks ties only", None),
    (r"Entries\[\]|PrefixLists\[\]\.Cidrs\[\]", "nothing counts the entries of a prefix list (MaxEntries is a limit)", None),
    (r"Listeners\[\]|LoadBalancerDescriptions\[\]\.ListenerDescriptions\[\]", "nothing counts or refers to listeners", None),
    (r"VpcBlockPublicAccessExclusions\[\]", "nothing counts or refers to exclusions", None),
    (r"InternetGateways\[\]\.Attachments\[\]", "so is a gateway printed that is attached to nothing", None),
    (r"RouteTables\[\]\.Associations\[\]", "a subnet that no table names is on the main table", is_main),
    (r"RouteTables\[\]", "the same", is_main_or_told),
    (r"NetworkAcls\[\](\.Associations\[\])?", "a subnet that no ACL names is taken to be on the default one", no_default_acl),
    (r".*NetworkInterfaces\[\]\.Groups\[\]", "nothing else tells which groups an interface has", instance_says_so),
    (r".*NetworkInterfaces\[\]", "nothing refers to that interface", told_elsewhere(*INTERFACE)),
    (r"Reservations\[\](\.Instances\[\])?", "nothing refers to that instance", told_elsewhere("InstanceId", *INTERFACE)),
    (r".*PrivateIpAddresses\[\]", "nothing else tells of that address", told_elsewhere("PrivateIpAddress", *ADDRESSES)),
    (r".*(Association|Ipv6Addresses\[\]|Ipv6Prefixes(\[\])?)", "nothing else tells of that address", told_elsewhere(*ADDRESSES)),
    (r".*Ipv6Addresses", "AWS prints it always, but only a comparison shows that", others_have_it),
]


def unseen(estate, name, path, way):
    """Why nobody can see this cut, or None."""
    value = at(estate.documents[name], path)
    if not path:  # a file of records whose kind other files tell of as well is so many records
        same = [d for n, d in estate.documents.items() if n != name and set(d) & set(value) & KNOWN]
        return "another file of that kind is there" if same and not told_elsewhere("InstanceId", *INTERFACE)(estate, name, path, value) else None
    for pattern, why, but in UNSEEN:
        if way == "drop" and re.fullmatch(pattern, general(path)) and not (but and but(estate, name, path, value)):
            return why
    return None


@told
def problem(estate, name, path, way):
    files = {n: content for n, content in estate.files.items() if n != name}
    if path:
        files[name] = json.dumps(cut(estate.documents[name], path, way)).encode()
    status, output, said = answer(files)
    if status == 2:
        others = [n for n, document in estate.documents.items() if n != name and NETWORK & set(document)]
        return "exit 2: " + said if others else None
    if status == 3 and (output["missing"], output["unread"]) != (estate.output["missing"], estate.output["unread"]):
        return None
    if output["endpoints"] == estate.output["endpoints"]:
        return None
    lost = refused(estate.passing, passing(output))
    return "exit %d, nothing named, refused now: %s" % (status, lost) if lost and not unseen(estate, name, path, way) else None


def sampled(rng, cuts):
    """Some cuts, of as many kinds of place as possible."""
    if ALL:
        return cuts
    rng.shuffle(cuts)
    kinds = {}
    for one in cuts:
        kinds.setdefault((general(one[2]) or next(iter(one[0].documents[one[1]])), one[3]), []).append(one)
    ordered = []
    for turn in range(max(map(len, kinds.values()))):
        ordered += [listed[turn] for listed in kinds.values() if turn < len(listed)]
    return ordered[:CUTS]


class Starvation(unittest.TestCase):
    longMessage = False

    def setUp(self):
        print("starvation seed %d" % SEED, file=sys.stderr)
        self.rng = random.Random(SEED)

    def starve(self, what, found):
        read = [estate for estate in found if estate.status != 2]
        every = [one for estate in read for one in estate.cuts()]
        cuts = sampled(self.rng, every)
        failed = ["%s: %s %s in %s: %s" % (one[0].name, one[3], general(one[2]) + " %s" % (one[2],) if one[2] else "the file", one[1], bad)
                  for one, bad in zip(cuts, in_threads(lambda one: problem(*one), cuts)) if bad]
        print("starvation: %d of %d cuts of %d %s (%d refused as they are): %d failed" % (
            len(cuts), len(every), len(read), what, len(found) - len(read), len(failed)), file=sys.stderr)
        self.assertTrue(cuts)
        self.assertFalse(failed, "%d of %d cuts, seed %d:\n%s" % (len(failed), len(cuts), SEED, "\n".join(failed[:60])))

    def folders(self, name):
        top = common.TOP.parent / "shared/data" / name
        if not top.is_dir():
            self.skipTest("%s is not there" % top)
        return in_threads(lambda path: Estate(path.name, folder_of(path)), sorted(p for p in top.iterdir() if p.is_dir()))

    def test_the_sample_estate_starved(self):
        self.starve("sample", [Estate("souvenirs", GOOD)])

    def test_real_estates_starved(self):
        self.starve("real estates", self.folders("estates"))

    def test_recorded_answers_starved(self):
        self.starve("recorded folders", self.folders("recorded"))

    def test_random_estates_starved(self):
        def one(number):
            with tempfile.TemporaryDirectory() as folder:
                estates.write(estates.make(random.Random(SEED * 1000003 + number)), folder)
                return Estate("random estate %d" % number, folder_of(folder))
        self.starve("random estates", in_threads(one, range(ESTATES)))


class Pages(unittest.TestCase):
    BALANCERS = {"%s.json" % key: json.dumps({key: []}).encode()
                 for key in ("LoadBalancers", "LoadBalancerDescriptions", "Listeners", "TargetGroups")}

    def test_a_page_that_is_missing_is_named(self):
        files = {**GOOD, **self.BALANCERS}
        self.assertEqual(answer(files)[0], 0)
        for name, content in sorted(files.items()):
            document = json.loads(content)
            key = next(iter(document))
            if not isinstance(document[key], list):
                continue
            for marker in ["NextToken"] + ["NextMarker"] * (name in self.BALANCERS):
                with self.subTest(file=name, marker=marker):
                    status, output, said = answer({**files, name: json.dumps({**document, marker: "eyJOZXh0IjogMX0="}).encode()})
                    self.assertEqual(status, 3, said)
                    self.assertTrue(any(m["kind"].endswith(key) or m["id"] and m["id"] in name for m in output["missing"]), output["missing"])

    def test_a_list_of_users_that_is_truncated_is_named(self):
        from test_controls import guarded, write_account
        details = "get-account-authorization-details"
        for more, expected in (({}, 0), ({"IsTruncated": False}, 0), ({"IsTruncated": True, "Marker": "AAE="}, 3)):
            documents = guarded()
            documents[details].update(more)
            with tempfile.TemporaryDirectory() as folder:
                write_account(folder, documents)
                done = run({**GOOD, **folder_of(folder)}, "account", "--pack", "sec-002")
            with self.subTest(**more):
                self.assertEqual(done.returncode, expected, done.stdout)
                self.assertEqual(bool(re.search(details + "|GetAccountAuthorizationDetails|UserDetailList", done.stdout + done.stderr)), expected == 3)


# What sgproof reads; docdb and neptune, which are rds by another name; config, which wraps our records on purpose.
OURS = set("""ec2 elb elbv2 iam cloudtrail network-firewall rds docdb neptune config redshift ecs eks opensearch es kafka cloudfront
    globalaccelerator lambda""".split())
# Of services that are not read otherwise: what others saved is judged (docs/formats.md).
OURS_TOO = {("apigateway", "GetVpcLinks"), ("apigatewayv2", "GetVpcLinks"), ("apigateway", "GetRestApis"), ("apigatewayv2", "GetApis"), ("mq", "ListBrokers"),
            *(("wafv2", name) for name in ("ListWebACLs", "GetWebACL", "GetWebACLForResource", "ListResourcesForWebACL")),
            *(("transfer", name) for name in ("ListServers", "DescribeServer")),
            *(("apprunner", name) for name in ("ListServices", "DescribeService", "CreateService", "UpdateService", "DeleteService", "PauseService", "ResumeService")), ("dms", "DescribeReplicationInstances"), ("autoscaling", "DescribeLaunchConfigurations"), ("redshift-serverless", "ListWorkgroups"),
            ("emr", "GetBlockPublicAccessConfiguration"), ("route53", "ListResourceRecordSets"),
            *(("organizations", name) for name in ("DescribeOrganization", "CreateOrganization", "ListParents", "ListPolicies", "ListPoliciesForTarget", "DescribePolicy", "CreatePolicy", "UpdatePolicy")),
            *(("sso-admin", name) for name in ("ListInstances", "ListPermissionSets", "DescribePermissionSet", "CreatePermissionSet", "ListManagedPoliciesInPermissionSet",
                                               "GetInlinePolicyForPermissionSet", "ListAccountAssignments", "ListAccountAssignmentsForPrincipal"))}
SHARED_KEYS = KNOWN | set("""Policies Content Users Groups MFADevices VirtualMFADevices SummaryMap PasswordPolicy UserDetailList trailList
    EventSelectors AdvancedEventSelectors IsLogging""".split())


def foreign(rng):
    """{file name: bytes}: answers of services that sgproof does not read, those that share a key with ours first of all."""
    found, shared = {}, 0
    for service in sorted(path.name for path in models().iterdir() if path.is_dir() and path.name not in OURS):
        if not list(models().glob(service + "/*/service-2.json*")):
            continue
        for operation, described in sorted(model(service)["operations"].items()):
            if (service, operation) in OURS_TOO:
                continue
            output = described.get("output", {}).get("shape")
            same = output and SHARED_KEYS & set(model(service)["shapes"][output]["members"])
            count = 10 if same else output and (ALL or rng.random() < 0.25)
            shared += bool(same)
            for number in range(count or 0):
                document = Drawing(rng, service, False).value(output)
                found["foreign/%s.%s.%d.json" % (service, operation, number)] = json.dumps(document).encode()
        model.cache_clear()  # all models at once are a gigabyte
    return found, shared


class Mirror(unittest.TestCase):
    longMessage = False

    @told
    def problem(self, extra):
        found, before = answer({**GOOD, **extra}), self.before
        if found[0] != before[0]:
            return "exit %d: %s" % (found[0], found[2])
        changed = [key for key in ("missing", "unread", "endpoints") if found[1][key] != before[1][key]]
        return "%s changed: %s" % (changed, [found[1][key] for key in changed][:1]) if changed else None

    def test_files_of_other_services_change_nothing_but_notes(self):
        if models() is None:
            self.skipTest("botocore is not installed, and could not be")
        rng, self.before = random.Random(SEED), answer(GOOD)
        files, shared = foreign(rng)
        names = sorted(files)
        rng.shuffle(names)
        sets = [{name: files[name] for name in names[n:n + 100]} for n in range(0, len(names), 100)]
        print("mirror seed %d: %d files, %d operations that share a key with ours" % (SEED, len(files), shared), file=sys.stderr)
        failed = [part for part, bad in zip(sets, in_threads(self.problem, sets)) if bad]
        self.assertFalse(failed, "%d of %d folders, seed %d:\n%s" % (
            len(failed), len(sets), SEED, "\n".join(culprit(part, self.problem) for part in failed[:5])))


if __name__ == "__main__":
    unittest.main()
