"""Snapshots as the world leaves them: an oddity costs what rests on it and is named; nothing is missing in silence."""
import itertools
import json
import os
import pathlib
import stat
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import common
from test_controls import guarded, row, write_account
from test_load_balancers import balanced
from test_snapshots import entry, permission, plain, with_rules

FIELD = common.TOP.parent / "shared/field/snapshots"
RECORDED = common.TOP.parent / "shared/data/recorded"
KINDS = ("NetworkInterfaces", "Subnets", "RouteTables", "NetworkAcls", "InternetGateways", "SecurityGroups")
BEARING = {*KINDS, "Reservations", "Vpcs", "Addresses", "PrefixLists", "VpcEndpoints", "NatGateways", "LoadBalancers", "Listeners",
           "TargetGroups", "TargetHealthDescriptions", "LoadBalancerDescriptions", "DBInstances"}
V4, V6 = "198.51.100.4", "2001:db8:1::4"  # the endpoints of plain()
REACHED, MAYBE = {V4: "exact", V6: "exact"}, {V4: "possible", V6: "possible"}
TEMPORARY = tempfile.TemporaryDirectory(prefix="sgproof-world-")
LISTS = ("missing", "unread", "ignored", "notes")
SAID = ("missing", "unread", "assumptions", "not_covered", "endpoints", "indirect")  # all but ignored and notes
DENIED = "\nAn error occurred (UnauthorizedOperation) when calling the DescribeX operation: You are not authorized.\n"


def documents(estate, where=""):
    """Files by name, one document each."""
    return {where + kind + ".json": {kind: records} for kind, records in with_rules(estate).items() if kind != "entries"}


def second(account="111122223333", zone="us-east-1a"):
    """plain() once more, elsewhere: every id ends in -2, the public address is 198.51.100.5."""
    ids = [('"%s-1"' % kind, '"%s-2"' % kind) for kind in ("vpc", "subnet", "igw", "rtb", "acl", "sg", "eni", "i")]
    text = json.dumps(plain())
    for old, new in (*ids, (V4, "198.51.100.5"), ("2001:db8:1:", "2001:db8:2:"), ("111122223333", account), ("eu-west-3a", zone)):
        text = text.replace(old, new)
    return json.loads(text)


def reach(output, address, port=443):
    """How the internet reaches the TCP port, two-way: exact, possible, exact+possible, no, or absent (no such endpoint)."""
    found = [e for e in output["endpoints"] if e["address"] == address]
    words = {x["certainty"] for e in found for x in e["exposures"] if x["protocol"] == "tcp" and x["path"] == "two-way" and
             x["internet"] and x["from_port"] <= port <= x["to_port"]}
    return "+".join(sorted(words)) or ("no" if found else "absent")


def named(output, lists, words):
    """Whether one item of these lists of the output holds every one of the words."""
    return any(all(word in json.dumps(item) for word in words.split()) for key in lists for item in output[key])


def places(value, path=()):
    """The path of each member and element inside a value."""
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield (*path, key)
        yield from places(inner, (*path, key))


def changed(path, to):
    """plain() with another value at the path, or ("drop") without what is there."""
    estate = holder = plain()
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = to
    if to == "drop":
        del holder[path[-1]]
    return estate


def each(rows):
    """Decorates a test that is run with each of these rows of arguments, as subtests."""
    def decorate(test, rows=tuple(rows)):
        def every(self):
            for row in rows:
                with self.subTest(row=row):
                    test(self, *row)
        return every
    return decorate


def folder(files):
    """A new folder of files by name: text, bytes, or a value to be written as JSON; None is no file."""
    made = pathlib.Path(tempfile.mkdtemp(dir=TEMPORARY.name))
    for name, content in files.items():
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        if content is not None:
            text = json.dumps(content) if isinstance(content, (dict, list)) else content
            (made / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return made


def beside(files):
    """A folder of plain() with more files, or others in their place."""
    return folder({**documents(plain()), **files})


class Case(unittest.TestCase):
    maxDiff = None

    def compute(self, read):
        done = common.sgproof("compute", read, "--format", "json", looked=True, timeout=20)
        self.assertIn(done.returncode, (0, 3), done.stderr)
        output = json.loads(done.stdout)
        self.assertLessEqual({*SAID, *LISTS}, set(output))
        common.check_reasons(self, output)
        self.assertEqual(done.returncode, 3 if output["missing"] or output["unread"] else 0)
        return output

    def check(self, read, status, answers, **says):
        """says: for a list of the output, the words that one item of it holds."""
        output = self.compute(read)
        self.assertEqual({address: reach(output, address) for address in answers}, answers)
        for key, words in says.items():
            self.assertTrue(named(output, [key], words), (key, words, output[key]))
        self.assertEqual(3 if output["missing"] or output["unread"] else 0, status, (output["missing"], output["unread"]))
        return output

    def same(self, read, other=None):
        """The folder reads exactly like another, or plain(), but for notes."""
        output, wanted = self.compute(read), self.compute(other or beside({}))
        self.assertEqual({key: output[key] for key in SAID}, {key: wanted[key] for key in SAID})
        return output

    def refused(self, read):
        """Exit 2, in words, with one of its files named."""
        done, names = common.sgproof("compute", read), [f.name for f in read.rglob("*")]
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertRegex(done.stderr, r"\A(sgproof: .+\n)+\Z")
        self.assertTrue(any(name in done.stderr for name in [*names, read.name]), done.stderr)


FOUR, SIX = "198.51.100.7", "2001:db8::10"  # the endpoints of 01-control-32767
ANSWERS = {  # exit status, how 443 is reached at FOUR, and at SIX or (05*) at 198.51.100.8; -: whatever
    "0 exact exact":
        "01-control-32767 01-ipv6-acl-rule-32768 20-format-empty-file 20-format-nul-byte 20-format-package-json-beside 30-ipv6-upper",
    "0 exact absent":
        "03-shutting-down-instance 04-cidr-host-bits 08-empty-file-of-a-denied-call 30-blackhole-route 30-carrier-beside "
        "30-eni-Groups-empty-interface 30-eni-available-with-eip 30-ports-as-float-443.0 30-protocol-all 30-protocol-upper "
        "30-route-server-advertisement",
    "0 possible absent": "30-eni-pending-instance 30-igw-attaching",
    "0 absent absent": "11-explicit-deny",
    "3 exact possible":
        "05-region-without-gateways 05b-region-without-gateways-and-tables 05d-region-without-groups 05e-default-acl-elsewhere",
    "3 possible possible": "12-two-states 20-format-bare-list-query 20-format-trailing-comma 20-format-truncated",
    "3 possible absent":
        "30-acl-rulenumber-as-string 30-cidr-leading-space 30-cidr-without-length 30-eni-Groups-as-strings 30-eni-Groups-null "
        "30-eni-without-Groups 30-group-IpPermissions-null 30-group-without-IpPermissions 30-ports-as-string 30-protocol-number "
        "30-route-trailing-space",
    "3 absent absent": "20-format-yaml 20-format-yaml-named-json",
    "3 - -": "02a-instances-without-interfaces 02b-alb-without-interfaces 07a-first-page-only-NextToken",
}
NAMED = (  # folders by how their names begin; the words that one item of missing, unread, ignored or notes holds
    ("02", "NetworkInterfaces"), ("02a", "198.51.100.7"), ("02b", "shop"), ("04", "203.0.113.5/28"), ("07a", "NetworkInterfaces"),
    ("05-", "InternetGateways 111122223333 us-east-1"), ("05b", "InternetGateways 111122223333 us-east-1"), ("12", "eni-0aa"),
    ("05b", "RouteTables 111122223333 us-east-1"), ("05d", "SecurityGroups 111122223333 us-east-1"), ("08", "describe-db-instances.json"),
    ("05e", "NetworkAcls 111122223333 us-east-1"), ("20-format-bare", "groups.json"), ("20-format-bare", "SecurityGroups"),
    ("20-format-empty-file", "extra.json"), ("20-format-package", "package.json"), ("20-format-tr", "groups.json"),
    ("20-format-yaml", "enis."), ("20-format-yaml", "NetworkInterfaces"), ("30-acl", "acls.json NetworkAcls[0].Entries[0].RuleNumber"),
    ("30-eni-Groups-as", "NetworkInterfaces[0].Groups[0]"), ("30-protocol-number", "SecurityGroups[0].IpPermissions[0].IpProtocol"),
    ("30-cidr-", "groups.json SecurityGroups[0].IpPermissions[0].IpRanges[0].CidrIp"), ("30-eni-Groups-null", "Groups"),
    ("30-group", "groups.json SecurityGroups[0].IpPermissions"), ("30-ports-as-string", "SecurityGroups[0].IpPermissions[0].FromPort"),
    ("30-route-t", "routes.json RouteTables[0].Routes[1].DestinationCidrBlock"), ("30-eni-without", "Groups"))
LIKE_PLAIN = ("plain array-of-docs bom boto3 concatenated crlf empty-object jsonl jsonl-named-json one-object-all-keys "
              "pages-concatenated placebo same-doc-twice").split()
REFUSED = ("bare-list-all config-item config-snapshot gzip-named-gz gzip-named-json lowercase-keys-js-sdk no-extension steampipe "
           "steampipe-rows tfstate txt-ext upper-ext").split()  # nothing in them is usable
NEVER_NO = {  # more than one right answer: 443 is not refused, and the file that costs something is named
    "20-format-NaN": "x.json", "20-format-deep-nest": "deep.json", "20-format-dup-key": "", "20-format-latin1-tag": "enis.json",
    "20-format-ansi-pager": "enis.json", "30-eni-only-Association": "", "30-eni-two-public": "enis.json", "30-ipv6-as-string": "enis.json",
    "10-conflict-get-managed-prefix-list-entries": "get-managed-prefix-list-entries.json"}


@unittest.skipUnless(FIELD.is_dir(), "../shared/field/snapshots is not here")
class Field(Case):
    @each([(name, *key.split()) for key, names in ANSWERS.items() for name in names.split()])
    def test_each_folder_has_its_answer_and_names_what_costs_it(self, name, status, *words):
        addresses = (FOUR, "198.51.100.8" if name.startswith("05") else SIX)
        output = self.check(FIELD / name, int(status), {a: word for a, word in zip(addresses, words) if word != "-"})
        self.assertTrue("available" not in name or output["endpoints"][0]["dormant"])  # it is on nothing
        for wanted in [wanted for start, wanted in NAMED if name.startswith(start)]:
            self.assertTrue(named(output, LISTS, wanted), (wanted, output))

    @each([("20-format-" + name, "01-control-32767", "") for name in LIKE_PLAIN] + [("06-target-group-called-target", "06-control", "")] +
          [(f.name, "01-control-32767", "" if "credential-report" in f.name else f.name[len("10-conflict-"):])  # may as well be read
           for f in FIELD.glob("10-*") if f.name not in NEVER_NO])
    def test_other_forms_and_other_services_files_change_nothing_but_a_note(self, name, usual, ignored):
        output = self.same(FIELD / name, FIELD / usual)
        self.assertTrue(reach(output, FOUR) == "exact" and (not ignored or named(output, ["ignored"], ignored)), output)

    @each([("09-account-documents-only",)] + [("20-format-" + name,) for name in REFUSED])
    def test_a_folder_in_which_nothing_is_usable_is_refused_in_words(self, name):
        self.refused(FIELD / name)

    @each(NEVER_NO.items())
    def test_where_two_answers_are_right_neither_is_a_silent_no(self, name, word):
        output = self.compute(FIELD / name)
        self.assertTrue(word == "" or named(output, LISTS, word), output)
        self.assertTrue(reach(output, FOUR) in ("exact", "possible") or
                        word == "enis.json" and named(output, ["missing"], "NetworkInterfaces"), output)

    def test_account_documents_alone_serve_account(self):
        shown = common.sgproof("account", FIELD / "09-account-documents-only").stdout
        self.assertRegex(shown, r"(?s)FAIL +high +cloudtrail: CloudTrail records.*pass +critical +root-access-keys: The root user has no access keys")

    @each([("01-ipv6-acl-rule-32768", SIX, 443, "exact", "::/0"), ("30-ipv6-upper", SIX, 443, "exact", "2001:db8::/32"),
           ("30-blackhole-route", FOUR, 443, "exact", "203.0.112.0/24", "203.0.114.0/23"),
           ("04-cidr-host-bits", FOUR, 443, "exact", "203.0.113.0/28"), ("30-eni-two-public", "198.51.100.9", 443, "possible"),
           ("30-protocol-all", FOUR, 22, "exact"), ("30-eni-Groups-empty-interface", FOUR, 22, "exact")])
    def test_sources_other_ports_and_other_addresses_are_right_too(self, name, address, port, answer, *sources):
        output = self.compute(FIELD / name)
        exposures = [x for e in output["endpoints"] if e["address"] == address for x in e["exposures"] if x["path"] == "two-way"]
        self.assertEqual(reach(output, address, port), answer)
        self.assertLessEqual(set(sources), {source for x in exposures for source in x["sources"]})


@unittest.skipUnless(RECORDED.is_dir(), "../shared/data/recorded is not here")
class Recorded(Case):
    @each([(f,) for f in sorted(RECORDED.glob("*")) if f.is_dir()])
    def test_every_folder_is_read_by_every_command_or_refused_in_words(self, recorded):
        found = [json.loads(f.read_text()) for f in recorded.rglob("*.json")]
        usable = any(isinstance(d.get(kind), list) and all(isinstance(r, dict) for r in d[kind]) for d in found for kind in BEARING)
        for words, good in ((("compute", recorded), (0, 3)), (("account", recorded), (0, 1, 3, 4)), (("diff", recorded, recorded), (0, 3)),
                            (("plan", recorded, "--vantage", "203.0.113.7"), (0, 3))):
            done = common.sgproof(*words)
            self.assertIn(done.returncode, good if usable else (2,), (words, done.stderr))
            self.assertIn("" if usable else "sgproof: ", done.stderr)
            self.assertIn("0 opened, 0 closed" if usable and words[0] == "diff" else "", done.stdout)


class Files(Case):
    @each([(b"\xef\xbb\xbf", "utf-8", "\r\n"), (b"\xff\xfe", "utf-16-le", "\r\n"), (b"\xfe\xff", "utf-16-be", "\n"),
           (b"", "utf-16-le", "\n"), (b"", "utf-16-be", "\r\n")])
    def test_each_encoding_is_read(self, mark, code, end):
        files = documents(changed(("Reservations", 0, "Instances", 0, "Tags"), [{"Key": "Name", "Value": "café 🏪"}]))
        texts = {name: json.dumps(made, indent=1, ensure_ascii=False).replace("\n", end) for name, made in files.items()}
        made = folder({name: mark + text.encode(code) for name, text in texts.items()})
        self.assertEqual(self.same(made, folder(files))["endpoints"][0]["name"], "café 🏪")

    def test_several_documents_in_one_file_are_read_whichever_way_they_are_joined(self):
        made = list(documents(plain()).values())
        boto3 = [{**d, "ResponseMetadata": {"RequestId": "r", "HTTPStatusCode": 200, "RetryAttempts": 0}} for d in made]
        placebo, pages = [{"status_code": 200, "data": d} for d in boto3], [page for d in made for page in (d, dict.fromkeys(d, []))]
        ways = [joint.join(json.dumps(d, indent=indent) for d in which) for which in (made, boto3, placebo, pages)
                for joint, indent in (("", None), ("\n", None), ("\r\n", None), ("\n\n", 4))]
        ways += [json.dumps(made), json.dumps(placebo, indent=2), json.dumps(boto3[:3]) + "\n" + json.dumps(made[3:]),
                 json.dumps({kind: records for d in boto3 for kind, records in d.items()})]
        for (number, way), name in itertools.product(enumerate(ways), ("all.json", "all.jsonl")):
            with self.subTest(way=way[:60], number=number, name=name):
                self.same(folder({name: way}))

    @each([(content,) for content in (
        "", " \n\r\n", DENIED, "<html>502</html>", "user,arn\nann,arn:aws:iam::1:user/ann\n", [1], ["a"], [{"foo": 1}], [], "null", '"a"',
        {"name": "x", "version": "1"}, {"SecurityGroups": ["sg-1"], "Id": "1"}, {"Reservations": [{"ReservationArn": "a"}]},
        {"Policies": {"a": "{}"}}, {"Policies": [{"PolicyId": "p", "State": "ENABLED"}]}, {"Policies": [{"Id": "p-1", "Type": "x"}]},
        {"Entries": [{"Name": "eth0"}], "TypeName": "AWS:Network"}, {"Entries": [{"Arn": "arn:aws:cloudwatch:x"}]},
        {"Content": "{}", "ModelCardArn": "a"}, {"Content": {"Location": "https://x"}, "LayerArn": "a"}, {"Attributes": {"QueueArn": "a"}},
        {"Addresses": [{"AddressId": "ADID1"}]}, {"TargetGroups": [{"DBProxyName": "p", "TargetGroupArn": "arn:aws:rds:x"}]})])
    def test_what_is_no_document_of_ours_is_ignored_by_name_and_changes_nothing_else(self, content):
        self.assertTrue(named(self.same(beside({"odd.json": content})), ["ignored"], "odd.json"))

    @each(itertools.product(KINDS[1:], (("missing", None), ("ignored", ""), ("ignored", DENIED), ("unread", "list"), ("unread", 0.1),
                                        ("unread", 0.5), ("unread", 0.9), ("unread", 0.999))))
    def test_what_stands_in_place_of_a_document_is_named_and_its_kind_is_missing_once(self, kind, case):
        where, content = case
        text = json.dumps({kind: plain()[kind]}, indent=1)
        content = plain()[kind] if content == "list" else text[:int(len(text) * content)] if isinstance(content, float) else content
        output = self.check(beside({kind + ".json": content}), 3, MAYBE, **{where: kind})
        self.assertIn([m["kind"] for m in output["missing"]], [[kind]] if where != "unread" else [[kind], []])

    @each([("groups.yaml",), ("groups.json.gz",), ("groups.JSON",), ("groups.txt",), ("groups",)])
    def test_documents_whose_name_keeps_them_from_being_read_are_named(self, name):
        files = {"SecurityGroups.json": None, name: documents(plain())["SecurityGroups.json"]}
        self.check(beside(files), 3, MAYBE, missing="SecurityGroups", ignored=name)

    @each([("a.json", "[]"), ("a.json", "{}"), ("a.json", ""), ("a.txt", '{"Vpcs": []}'), ("a.json", '{"Subnets": ['), ("a.json", None)])
    def test_nothing_usable_is_refused_in_words(self, name, text):
        self.refused(folder({name: text}))

    @each([("file.json", lambda path: path.symlink_to(folder(documents(second())) / "NetworkInterfaces.json")),
           ("folder", lambda path: path.symlink_to(folder(documents(second())))), ("loop", lambda path: path.symlink_to(".")),
           ("dangling.json", lambda path: path.symlink_to("nowhere")), ("self.json", lambda path: path.symlink_to("self.json")),
           ("pipe.json", os.mkfifo), ("zero.json", lambda path: os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 5)))])
    def test_links_pipes_and_devices_are_named_and_not_opened(self, name, make):
        made = beside({})
        try:
            make(made / name)
        except PermissionError:
            self.skipTest("only root makes devices")
        self.assertTrue(named(self.same(made), ["ignored"], name))


class Records(Case):
    @each(itertools.product(places(plain()), ("drop", None, 17, "odd")))
    def test_any_field_dropped_null_or_of_another_type_is_named_or_refuses_nothing(self, path, to):
        optional = path[-1] in ("Association", "Ipv6Addresses")  # AWS leaves them out: their absence tells that nothing is there
        odd_vpc = path == ("InternetGateways", 0, "Attachments", 0, "VpcId") and to == "odd"  # the id of another VPC is no oddity
        if odd_vpc or path[0] == "entries" or to == "drop" and isinstance(path[-1], int) or to in ("drop", None) and optional:
            return
        output = self.compute(folder(documents(changed(path, to))))
        if {reach(output, address) for address in REACHED} & {"no", "absent"}:
            self.assertTrue(named(output, ["missing", "unread"], path[0]), output)

    @each(itertools.product(sorted(BEARING - {"NatGateways"}), ([None], [17, "x"], [[]], [{}], [{"odd": [1]}])))
    def test_records_of_nonsense_in_any_kind_leave_the_good_answers(self, kind, records):
        output = self.compute(beside({"odd.json": {kind: records}}))
        self.assertIn(reach(output, V4), ("exact", "possible"))
        self.assertTrue(isinstance(records[0], dict) or named(output, LISTS, "odd.json"), output)

    @each([(32767, 32768, "exact"), (32768, 32767, "no"), (9, 10, "exact")])
    def test_rule_numbers_go_up_to_the_last_ones_of_aws_in_order(self, allow, deny, answer):
        entries = [entry(allow, False, "allow"), entry(deny, False, "deny"), *plain()["NetworkAcls"][0]["Entries"][1:]]
        self.check(folder(documents(changed(("NetworkAcls", 0, "Entries"), entries))), 0, {V4: answer, V6: "exact"})

    @each([("quantum_link", "NetworkInterfaces", 0, "InterfaceType"), ("dozing", "NetworkInterfaces", 0, "Status"),
           ("warming", "InternetGateways", 0, "Attachments", 0, "State"), ("held", "RouteTables", 0, "Routes", 1, "State"),
           ("log", "NetworkAcls", 0, "Entries", 0, "RuleAction")])
    def test_words_not_yet_known_are_possible(self, word, *path):
        self.assertEqual(reach(self.compute(folder(documents(changed(path, word)))), V4), "possible")

    @each([("pending",), ("shutting-down",), ("stopping",), ("stopped",), ("terminated",)])
    def test_nested_interfaces_of_instances_that_come_and_go_are_no_interfaces_yet_or_any_more(self, state):
        files, nested = documents(plain()), {"NetworkInterfaceId": "eni-9", "Status": "in-use", "OwnerId": "111122223333"}
        files["more.json"] = {"Reservations": [{"Instances": [
            {"InstanceId": "i-9", "State": {"Name": state}, "NetworkInterfaces": [nested]}]}]}
        self.check(folder(files), 0, REACHED)
        files["Reservations.json"]["Reservations"][0]["Instances"][0].update(files.pop("NetworkInterfaces.json"))
        output = self.check(folder(files), 0, REACHED)  # nested ones serve in place of a document of their own
        self.assertIn("NetworkInterfaces absent", " ".join(output["assumptions"]))

    @each([("0.0.0.1/0", "SecurityGroups", 0, "IpPermissions", 0, "IpRanges", 0, "CidrIp"),
           ("::1/0", "SecurityGroups", 0, "IpPermissions", 0, "Ipv6Ranges", 0, "CidrIpv6"),
           ("0.0.0.1/0", "NetworkAcls", 0, "Entries", 0, "CidrBlock"), ("::1/0", "NetworkAcls", 0, "Entries", 3, "Ipv6CidrBlock"),
           ("0.0.0.1/0", "RouteTables", 0, "Routes", 1, "DestinationCidrBlock"), ("10.0.0.9/24", "Subnets", 0, "CidrBlock"),
           ("::1/0", "RouteTables", 0, "Routes", 2, "DestinationIpv6CidrBlock")])
    def test_host_bits_are_masked_and_noted(self, cidr, *path):
        self.check(folder(documents(changed(path, cidr))), 0, REACHED, notes=cidr)

    def test_host_bits_of_a_prefix_list_are_masked_and_noted(self):
        files = documents(changed(("SecurityGroups", 0, "IpPermissions"), [permission("tcp", (443, 443), lists=["pl-1"])]))
        files["get-managed-prefix-list-entries.pl-1.json"] = {"Entries": [{"Cidr": "0.0.0.1/0"}, {"Cidr": "2000::1/3"}]}
        self.assertTrue(named(self.check(folder(files), 0, REACHED, notes="0.0.0.1/0"), ["notes"], "2000::1/3"))

    @each(itertools.product(
        (("SecurityGroups", {"IpPermissions": []}), ("NetworkAcls", {"Entries": []}), ("RouteTables", {"Routes": []}),
         ("NetworkInterfaces", {"PrivateIpAddresses": [{"PrivateIpAddress": "10.0.0.4"}], "Ipv6Addresses": []}),
         ("Subnets", {"VpcId": "vpc-9"}), ("InternetGateways", {"Attachments": []}), ("Reservations", {"State": {"Name": "stopped"}})),
        ("A.json", "z.json"), (False, True)))
    def test_one_id_with_two_contents_is_possible_and_the_same_record_twice_is_one(self, case, name, differs):
        kind, [record] = case[0], plain()[case[0]]
        of = record["Instances"][0] if kind == "Reservations" else record
        of.update(case[1] if differs else {})
        again = json.dumps({kind: [dict(reversed(record.items()))]}, indent=3)  # order and layout make no difference
        output = self.check(beside({name: again}), 3 if differs else 0, MAYBE if differs else REACHED)
        self.assertTrue(not differs or named(output, ["missing", "unread"], next(of[key] for key in of if key.endswith("Id"))), output)


class Completeness(Case):
    @each(itertools.product((*KINDS, "Reservations", "LoadBalancers", "LoadBalancerDescriptions", "DBInstances", "Addresses"),
                            ({"NextToken": "t"}, {"IsTruncated": True, "Marker": "t"}, {"NextMarker": "t"})))
    def test_a_token_without_the_next_page_is_a_page_missing_and_with_it_none(self, kind, token):
        page = {kind: plain().get(kind, []), **token}
        output = self.compute(beside({kind + ".json": page}))
        self.assertTrue(named(output, ["missing"] if kind in KINDS else ["missing", "assumptions", "notes"], kind), output)
        self.assertIn(reach(output, V4), ("exact", "possible"))
        more = {kind + ".json": page, kind + ".2.json": {kind: [], "NextToken": None, "IsTruncated": False}}
        self.same(beside(more), beside({kind + ".json": {kind: page[kind]}}))

    @each(itertools.product(KINDS, (("111122223333", "us-east-1"), ("444455556666", "eu-west-3"))))
    def test_each_kind_is_judged_for_each_account_and_region(self, kind, place):
        other = second(place[0], place[1] + "a")
        del other[kind]
        output = self.check(folder({**documents(plain(), "111122223333/eu-west-3/"), **documents(other, "%s/%s/" % place)}), 3, REACHED)
        self.assertEqual([(m["kind"], m["account"], m["region"]) for m in output["missing"]], [(kind, *place)])
        self.assertEqual(reach(output, "198.51.100.5"), "absent" if kind == "NetworkInterfaces" else "possible")

    @each([(kind,) for kind in KINDS[1:]])
    def test_two_regions_in_one_folder_without_the_seconds_records_of_a_kind(self, kind):
        both = {k: records + ([] if k == kind else second()[k]) for k, records in plain().items() if k != "entries"}
        self.check(folder(documents(both)), 3, {**REACHED, "198.51.100.5": "possible"})

    LB = {"LoadBalancerArn": "arn:aws:elasticloadbalancing:eu-west-3:111122223333:loadbalancer/app/away/50dc6c495c0c9188",
          "LoadBalancerName": "away", "Scheme": "internet-facing", "VpcId": "vpc-1", "State": {"Code": "active"}, "IpAddressType": "ipv4"}
    USED = {"PublicIp": "198.51.100.99", "AssociationId": "eipassoc-1", "NetworkInterfaceId": "eni-9", "PrivateIpAddress": "10.0.0.9"}
    AWAY = {"InstanceId": "i-9", "VpcId": "vpc-1", "SubnetId": "subnet-1", "State": {"Name": "running"}}

    @each([("away", "LoadBalancers", {**LB, "Type": "application"}, {**LB, "Type": "application", "Scheme": "internal"}),
           ("away", "LoadBalancers", {**LB, "Type": "network"}, {**LB, "Type": "network", "Scheme": "internal"}),
           ("away", "LoadBalancerDescriptions", {"LoadBalancerName": "away", "Scheme": "internet-facing"},
            {"LoadBalancerName": "away", "Scheme": "internal"}),
           ("away", "DBInstances", {"DBInstanceIdentifier": "away", "PubliclyAccessible": True},
            {"DBInstanceIdentifier": "away", "PubliclyAccessible": False}),
           ("198.51.100.99", "Addresses", USED, {"PublicIp": "198.51.100.99", "AllocationId": "eipalloc-1"}),
           ("198.51.100.99", "Addresses", USED, {**USED, "PublicIp": V4, "NetworkInterfaceId": "eni-1", "PrivateIpAddress": "10.0.0.4"}),
           ("198.51.100.99", "Reservations", {"Instances": [{**AWAY, "PublicIpAddress": "198.51.100.99"}]}, {"Instances": [AWAY]})])
    def test_public_things_without_an_interface_are_missing(self, word, kind, public, private):
        self.check(beside({"away.json": {kind: [public]}}), 3, REACHED, missing=word)
        output = self.compute(beside({"away.json": {kind: [private]}}))
        self.assertFalse(named(output, ["missing"], word) or named(output, ["missing"], V4), output["missing"])


class BlockPublicAccess(Case):
    OPTIONS = {"AwsAccountId": "111122223333", "AwsRegion": "eu-west-3", "InternetGatewayBlockMode": "block-bidirectional",
               "State": "update-complete"}
    VPC = "arn:aws:ec2:eu-west-3:111122223333:vpc/vpc-1"

    def blocked(self, status, answers, exclusions=(), subnet=None, **options):
        estate = plain()
        if subnet is not None:
            estate["Subnets"][0]["BlockPublicAccessStates"] = {"InternetGatewayBlockMode": subnet}
        files = {**documents(estate), "options.json": {"VpcBlockPublicAccessOptions": {**self.OPTIONS, **options}},
                 "exclusions.json": {"VpcBlockPublicAccessExclusions": [{"ResourceArn": self.VPC, **one} for one in exclusions]}}
        self.check(folder(files), status, answers)

    NONE = {V4: "no", V6: "no"}

    @each([("update-complete", 0, NONE), ("default-state", 0, NONE), ("update-in-progress", 0, MAYBE), ("update-failed", 0, MAYBE),
           ("a-new-word", 0, MAYBE), (None, 3, MAYBE), (17, 3, MAYBE)])
    def test_a_mode_that_is_not_settled_is_possible(self, state, status, answers):
        self.blocked(status, answers, State=state)

    @each([("create-complete", "allow-bidirectional", REACHED), ("update-complete", "allow-bidirectional", REACHED),
           ("create-complete", "allow-egress", NONE), ("delete-complete", "allow-bidirectional", NONE),
           ("disable-complete", "allow-bidirectional", NONE), ("create-in-progress", "allow-bidirectional", MAYBE),
           ("delete-in-progress", "allow-bidirectional", MAYBE), ("create-failed", "allow-bidirectional", MAYBE),
           ("create-complete", "a-new-mode", MAYBE), ("a-new-state", "allow-bidirectional", MAYBE)])
    def test_an_exclusion_lets_in_once_it_is_complete(self, state, mode, answers):
        self.blocked(0, answers, [{"State": state, "InternetGatewayExclusionMode": mode}])

    @each([("off", "block-bidirectional", 3, MAYBE), ("block-ingress", "off", 3, MAYBE), ("block-bidirectional", "off", 3, MAYBE),
           ("block-ingress", "block-bidirectional", 0, NONE), ("off", "off", 0, REACHED)])
    def test_what_the_subnet_says_decides_but_where_its_region_says_otherwise(self, subnet, mode, status, answers):
        self.blocked(status, answers, subnet=subnet, InternetGatewayBlockMode=mode)


class Contradictions(Case):
    @each([("RouteTables", "RouteTableId", "route table", {"Routes": []}), ("NetworkAcls", "NetworkAclId", "network ACL", {"Entries": []})])
    def test_a_table_or_acl_of_another_vpc_takes_over_no_subnet(self, kind, key, name, holds):
        for vpc in ({"VpcId": "vpc-9"}, {}):
            other = {key: "other-9", **vpc, **holds, "Associations": [{"SubnetId": "subnet-1", "Main": False}]}
            self.check(beside({"a.json": {kind: [other]}}), 3, MAYBE, unread=name)

    @each([("VpcId", "vpc-9"), ("SubnetId", "subnet-9"), ("InterfaceType", "nat_gateway")])
    def test_an_interface_that_is_told_to_be_elsewhere_is_possible_whichever_record_comes_first(self, key, value):
        for name in ("A.json", "z.json"):
            other = {**plain()["NetworkInterfaces"][0], key: value}
            self.check(beside({name: {"NetworkInterfaces": [other]}}), 3, MAYBE, unread="eni-1")

    def test_an_interface_without_its_vpc_is_in_that_of_its_subnet(self):
        self.check(folder(documents(changed(("NetworkInterfaces", 0, "VpcId"), "drop"))), 3, MAYBE, unread="VpcId")

    @each([("drop",), (None,), (17,)])
    def test_a_gateway_whose_attachments_are_not_told_may_be_attached(self, to):
        self.check(folder(documents(changed(("InternetGateways", 0, "Attachments"), to))), 3, MAYBE, unread="Attachments")

    @each([(["8.8.0.0/16"], [], 3), (["8.8.8.0/24"], [], 3), (["8.8.8.0/24", "9.9.9.0/24"], ["8.8.8.0/24"], 3), ([], ["8.8.0.0/16"], 0),
           (["9.9.9.0/24", "8.8.0.0/16"], ["8.8.0.0/16", "9.9.9.0/24"], 0)])
    def test_two_answers_about_one_prefix_list_are_pages_or_agree_or_neither_is_believed(self, first, second, status):
        entries = [{"Entries": [{"Cidr": cidr} for cidr in cidrs]} for cidrs in (first, second)]
        if first == []:  # a page, and the last one
            entries[0].update(Entries=[{"Cidr": "9.9.9.0/24"}], NextToken="t")
        made = changed(("SecurityGroups", 0, "IpPermissions", 0, "IpRanges"), [])
        made["SecurityGroups"][0]["IpPermissions"][0]["PrefixListIds"] = [{"PrefixListId": "pl-1"}]
        for order in (1, -1) if first else (1,):
            read = folder({**documents(made), **{name: entry for name, entry in zip(("pl-1.a.json", "pl-1.b.json")[::order], entries)}})
            self.check(read, status, {V4: "possible" if status else "exact"}, **({"unread": "pl-1"} if status else {}))

    def test_two_answers_about_an_attribute_of_a_target_group(self):
        estate = balanced("network")
        for order in (1, -1):
            values = [[{"Key": "preserve_client_ip.enabled", "Value": word}] for word in ("true", "false")][::order]
            read = folder({**documents(estate), **{"target-group-attributes.web.%d.json" % i: {"Attributes": value} for i, value in enumerate(values)}})
            output = self.compute(read)
            self.assertTrue(named(output, ["unread"], "Attributes target group"), output["unread"])
            self.assertTrue(all(x["certainty"] == "possible" for item in output["indirect"] for x in item["exposures"]))
            self.assertTrue(output["indirect"])

    def test_two_routes_to_one_destination_are_possible(self):
        routes = [*plain()["RouteTables"][0]["Routes"], {"DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": "nat-1", "State": "active"}]
        self.check(folder(documents(changed(("RouteTables", 0, "Routes"), routes))), 3, MAYBE, unread="0.0.0.0/0")

    def test_what_leaves_and_names_decide_nothing_of_what_comes_in(self):
        for path, to in ((("SecurityGroups", 0, "GroupName"), None), (("SecurityGroups", 0, "IpPermissionsEgress"), [{"IpProtocol": "quic"}])):
            self.check(folder(documents(changed(path, to))), 3, REACHED, unread=path[2])

    def test_an_instance_that_starts_may_run_already(self):
        for state in ("pending", "a-new-state"):
            path = ("Reservations", 0, "Instances", 0, "State", "Name")
            output = self.check(folder(documents(changed(path, state))), 0, MAYBE)
            self.assertFalse(any(e["dormant"] for e in output["endpoints"]))


LONE = [words.split() for words in (  # two members that tell a record without the key of its list, and that key
    "NetworkInterfaceId PrivateIpAddresses NetworkInterfaces", "RouteTableId Routes RouteTables", "NetworkAclId Entries NetworkAcls",
    "InternetGatewayId Attachments InternetGateways", "GroupId IpPermissions SecurityGroups", "InstanceId ImageId Reservations",
    "VpcId InstanceTenancy Vpcs", "SubnetId CidrBlock Subnets", "PrefixListId PrefixListName PrefixLists",
    "VpcEndpointId VpcEndpointType VpcEndpoints", "LoadBalancerArn Scheme LoadBalancers", "ListenerArn DefaultActions Listeners",
    "LoadBalancerName ListenerDescriptions LoadBalancerDescriptions", "TargetGroupArn TargetType TargetGroups",
    "DBInstanceIdentifier DBInstanceClass DBInstances", "TrailARN HomeRegion trailList", "ReservationId Instances Reservations",
    "UserName GroupList UserDetailList", "GroupName GroupPolicyList GroupDetailList", "RoleName AssumeRolePolicyDocument RoleDetailList")]
PAGE = "get-managed-prefix-list-entries.pl-1.1.json"


class Siblings(Case):
    @each([("CidrIp", '"0.0.0.0/0', '"10.0.0.0/8\\u0000,0.0.0.0/0'), ("IpPermissions", '"IpPermissions', '"IpPermissions\\u0000x": [], "x'),
           ("InterfaceType", '"interface"', '"nat_gateway\\u0000x"'),
           ("State", '"active', '"blackhole\\u0000x')])
    def test_a_nul_cuts_no_text(self, name, old, new):
        files = {n: json.dumps(d).replace(old, new) for n, d in documents(plain()).items()}
        self.assertTrue(any("u0000" in text for text in files.values()), name)
        output = self.compute(folder(files))
        self.assertFalse({"absent", "no"} & {reach(output, V4), reach(output, V6)}, name)

    @each([(17,), ({"a": 1},), (True,), ("t",), ([],)])
    def test_a_mark_of_any_type_says_that_a_page_is_missing(self, mark):
        for key in ("NextToken", "IsTruncated"):
            self.check(beside({"NetworkInterfaces.json": {**documents(plain())["NetworkInterfaces.json"], key: mark}}), 3, REACHED,
                       missing="NetworkInterfaces")

    @each([("CidrIp", "10.0.0.0/8"), ("FromPort", 22), ("IpPermissions", []), ("GroupId", "sg-9")])
    def test_a_key_twice_in_one_record_counts_neither_way(self, key, other):
        text = json.dumps({"SecurityGroups": plain()["SecurityGroups"]})
        for many in ("", ", ".join('"k%d": 0' % i for i in range(100)) + ", "):
            made = text.replace('"%s": ' % key, '%s"%s": %s, "%s": ' % (many, key, json.dumps(other), key), 1)
            self.assertNotEqual(made, text)
            self.check(folder({**documents(plain()), "SecurityGroups.json": made}), 3, MAYBE, unread=key)

    @each([("[[{}]]",), ('[[{"InstanceId": "i-1"}], []]',), ("[[]]",), ("[[[1]]]",)])
    def test_lists_of_lists_cost_only_their_file(self, text):
        self.assertTrue(named(self.same(beside({"odd.json": text})), ["ignored"], "odd.json --query"))

    def test_an_array_of_documents_may_hold_null(self):
        self.same(folder({"all.json": json.dumps([None, *documents(plain()).values(), None])}))

    @each([("LoadBalancers",), ("Reservations",), ("Addresses",), ("DBInstances",)])
    def test_a_key_of_ours_that_holds_no_list_is_unread(self, kind):
        self.check(beside({kind + ".json": {kind: 7}}), 3, {V4: "exact"}, unread=kind)

    @each([("", "holds nothing"), (DENIED, "holds an error"), ([], "not what"), ([["eni-1"]], "not what"), ({"Error": {"Code": "x"}}, "holds an error")])
    def test_what_the_file_of_a_call_holds_instead_is_no_default(self, content, says):
        for call, kind in (("describe-load-balancers", "LoadBalancers"), ("describe-vpc-block-public-access-options", "VpcBlockPublicAccessOptions"),
                           ("describe-network-interfaces", "NetworkInterfaces")):
            files = documents(plain())
            if kind == "NetworkInterfaces":
                files["Reservations.json"]["Reservations"][0]["Instances"][0].update(files.pop("NetworkInterfaces.json"))
            self.check(folder({**files, call + ".json": content}), 3, {V4: "exact"}, missing=kind + " " + says)

    @each([(1,), (2,)])
    def test_a_record_without_the_key_of_its_list_is_unread(self, count):
        files = documents(plain())
        nested = files.pop("NetworkInterfaces.json")["NetworkInterfaces"]
        files["Reservations.json"]["Reservations"][0]["Instances"][0]["NetworkInterfaces"] = nested
        files["eni.json"] = "\n".join([json.dumps(nested[0])] * count)
        self.check(folder(files), 3, {V4: "exact"}, unread="eni.json NetworkInterfaces")

    @each(LONE)
    def test_a_record_of_any_kind_without_the_key_of_its_list_is_told(self, one, two, kind):
        output = self.compute(beside({"extra.json": {one: "x-1", two: "x"}}))
        self.assertTrue(named(output, ["unread"], "extra.json " + kind), output["unread"])

    @each([([None],), ([{}],), ([{"State": "available"}],), ([17],)])
    def test_an_attachment_that_is_not_understood_may_be_of_this_vpc(self, attachments):
        self.check(folder(documents(changed(("InternetGateways", 0, "Attachments"), attachments))), 3, MAYBE, unread="Attachments[0]")

    @each([("VpcId",), ("SubnetId",)])
    def test_an_interface_whose_subnet_is_not_known_may_be_let_off_from_block_public_access(self, key):
        files = documents(changed(("NetworkInterfaces", 0, key), "drop"))
        files["options.json"] = {"VpcBlockPublicAccessOptions": BlockPublicAccess.OPTIONS}
        files["exclusions.json"] = {"VpcBlockPublicAccessExclusions": [
            {"ResourceArn": BlockPublicAccess.VPC.replace("vpc/vpc-1", "subnet/subnet-1"), "State": "create-complete",
             "InternetGatewayExclusionMode": "allow-bidirectional"}]}
        output = self.compute(folder(files))
        self.assertIn(reach(output, V4), ("exact", "possible"))
        self.assertTrue(output["unread"] or output["missing"])

    @each([(None,), ({},), (17,)])
    def test_a_listener_that_is_not_understood_may_be_any_port(self, odd):
        estate, arn = plain(), Completeness.LB["LoadBalancerArn"]
        estate["NetworkInterfaces"][0].update(Description="ELB " + arn.split("loadbalancer/")[1], RequesterManaged=True)
        listener = {"ListenerArn": arn + "/1", "LoadBalancerArn": arn, "Port": 80, "Protocol": "HTTP", "DefaultActions": []}
        estate.update(LoadBalancers=[{**Completeness.LB, "Type": "application"}], Listeners=[odd, listener])
        self.check(folder(documents(estate)), 3, {V4: "possible"}, unread="Listeners[0]")
        estate["Listeners"] = [{**listener, "Port": 443, "Protocol": "HTTPS"}]
        again = {"Listeners": [{**estate["Listeners"][0], "Port": 8443}]}
        self.check(folder(documents(estate)), 0, {V4: "exact"})
        self.check(folder({**documents(estate), "again.json": again}), 3, {}, unread=arn + "/1")

    def test_a_page_of_managed_prefix_lists_is_not_made_up_for_by_awss_own(self):
        files = {**documents(plain()), "describe-managed-prefix-lists.json": {"PrefixLists": [], "NextToken": "more"},
                 "describe-prefix-lists.json": {"PrefixLists": [{"PrefixListId": "pl-6", "PrefixListName": "com.amazonaws.eu-west-3.s3", "Cidrs": []}]}}
        self.assertTrue([text for text in common.missing(self.compute(folder(files))) if "describe-managed-prefix-lists.json" in text])

    def test_the_page_mark_of_eks_counts_too(self):
        output = self.compute(folder({**documents(plain()), "list-clusters.eks.json": {"clusters": [], "nextToken": "more"}}))
        self.assertTrue([text for text in common.missing(output) if "list-clusters.eks.json says that another page follows" in text], output["missing"])

    def test_folders_that_cannot_be_looked_into_are_unread(self):
        self.check(beside({"d/" * 40 + "more.json": {"Vpcs": []}}), 3, REACHED, unread="deep")

    @each([("", ""), ("OwnerId", ""), ("", "111122223333/")])
    def test_a_region_that_has_all_but_interfaces_is_named(self, owner, above):
        def where(estate):
            text = json.dumps({k: v for k, v in estate.items() if k != "Reservations"})
            return json.loads(text if owner else text.replace('"OwnerId": "111122223333", ', ""))
        other = where(second())
        del other["NetworkInterfaces"]
        made = folder({**documents(where(plain()), above + "eu-west-3/"), **documents(other, above + "us-east-1/")})
        self.check(made, 3, REACHED, missing="NetworkInterfaces us-east-1")

    def test_a_regions_folder_of_empty_files_is_a_region_that_is_missing(self):
        made = folder({**documents(plain(), "111122223333/eu-west-3/"), "111122223333/us-east-1/enis.json": ""})
        self.check(made, 3, REACHED, missing="NetworkInterfaces us-east-1")

    def test_two_whole_regions_in_one_folder_lack_nothing(self):
        both = {}
        for kind, records in plain().items():
            both[kind] = records + second()[kind] if kind != "entries" else {}
        for gateway in both["InternetGateways"]:
            gateway["OwnerId"] = "111122223333"
        self.check(folder(documents(both)), 0, {**REACHED, "198.51.100.5": "exact"})

    def test_empty_tables_of_one_account_say_nothing_of_a_network_that_another_shares(self):
        estate = plain()
        estate["Subnets"][0].update(OwnerId="444455556666", AvailabilityZone="eu-west-3a")
        estate["Vpcs"][0]["OwnerId"] = "444455556666"
        estate["SecurityGroups"][0]["OwnerId"] = "111122223333"
        estate.update(RouteTables=[], NetworkAcls=[], InternetGateways=[])
        self.check(folder(documents(estate)), 3, MAYBE, missing="RouteTables 444455556666")

    def test_a_call_that_was_denied_is_missing_though_instances_tell_of_interfaces(self):
        files = documents(plain())
        nested = files.pop("NetworkInterfaces.json")
        files["Reservations.json"]["Reservations"][0]["Instances"][0].update(nested)
        files["describe-network-interfaces.json"] = DENIED.replace("DescribeX", "DescribeNetworkInterfaces")
        self.check(folder(files), 3, REACHED, missing="NetworkInterfaces")

    @each([("InternetGateways", "Attachments", "VpcId", "VpcId empty"), ("NetworkAcls", "Associations", "SubnetId", "SubnetId empty"),
           ("RouteTables", "Associations", "SubnetId", "neither table main")])
    def test_an_attachment_or_association_of_an_empty_id_is_unread_and_what_rests_on_it_possible(self, kind, key, inner, said):
        made = plain()
        if kind == "RouteTables":
            made[kind][0][key].append({"RouteTableId": made[kind][0]["RouteTableId"], "Main": False, inner: ""})
        else:
            made[kind][0][key] = [{**made[kind][0][key][0], inner: ""}]
        self.check(folder(documents(made)), 3, MAYBE, unread=said)

    @each([("Description", 7), ("Description", ["ELB app/web/1"]), ("RequesterId", {})])
    def test_an_interface_of_aws_whose_description_is_no_text_is_unread_and_possible(self, key, value):
        made = changed(("NetworkInterfaces", 0, key), value)
        made["NetworkInterfaces"][0]["RequesterManaged"] = True
        self.check(folder(documents(made)), 3, MAYBE, unread=key)
        self.same(beside({}))

    # A file of another load balancer, by its name or id, decides nothing of the one that is there.
    @each([("web", True), ("web.0123456789abcdef", True), ("0123456789abcdef", True), ("web.2", True), ("-web", True), ("app_web_0123456789abcdef", True),
           ("web-old", False), ("old-web", False), ("old.web", False), ("web.1111111111111111", False), ("web.old", False), ("we", False)])
    def test_a_file_named_after_another_load_balancer_or_target_group_decides_nothing(self, name, own):
        arn = "arn:aws:elasticloadbalancing:eu-west-3:111122223333:loadbalancer/app/web/0123456789abcdef"
        made = changed(("NetworkInterfaces", 0, "Description"), "ELB app/web/0123456789abcdef")
        made["NetworkInterfaces"][0].update(RequesterManaged=True)
        made["NetworkInterfaces"][0]["PrivateIpAddresses"][0].pop("Association")
        made["LoadBalancers"] = [{"LoadBalancerArn": arn, "LoadBalancerName": "web", "Type": "application", "Scheme": "internal", "VpcId": "vpc-1",
                                  "IpAddressType": "dualstack", "SecurityGroups": ["sg-1"]}]
        made["Listeners"] = [{"LoadBalancerArn": arn, "Port": 443, "Protocol": "HTTPS", "DefaultActions": [{"Type": "fixed-response"}]}]
        denies = {"Attributes": [{"Key": "ipv6.deny_all_igw_traffic", "Value": "true"}]}
        join = "" if name.startswith("-") else "."
        read = folder({**documents(made), "describe-load-balancer-attributes%s%s.json" % (join, name): denies})
        self.check(read, 0 if own else 3, {V6: "no" if own else "possible"}, **({} if own else {"missing": "ipv6.deny_all_igw_traffic web"}))
        behind = balanced()
        text = json.dumps(behind).replace("targetgroup/web/1", "targetgroup/web/0123456789abcdef")
        behind = json.loads(text)
        del behind["LoadBalancerTargetHealth"]
        behind = documents(behind)
        name = name.replace("app_", "targetgroup_")
        output = self.check(folder({**behind, "describe-target-health%s%s.json" % (join, name): {"TargetHealthDescriptions": []}}), 0 if own else 3, {})
        self.assertEqual(named(output, ["missing"], "targets of target group web"), not own)

    def test_a_file_named_after_a_load_balancer_is_that_of_its_folders_region(self):
        made, read = {}, {}
        for region, letter, address in (("eu-west-3", "e", "2001:db8:e::1"), ("us-east-1", "u", "2001:db8:f::1")):
            arn = "arn:aws:elasticloadbalancing:%s:111122223333:loadbalancer/app/web/%s123456789abcdef" % (region, letter)
            made = changed(("NetworkInterfaces", 0, "Description"), "ELB app/web/%s123456789abcdef" % letter)
            made["NetworkInterfaces"][0].update(RequesterManaged=True, Ipv6Addresses=[{"Ipv6Address": address}])
            made["NetworkInterfaces"][0]["PrivateIpAddresses"][0].pop("Association")
            made["LoadBalancers"] = [{"LoadBalancerArn": arn, "LoadBalancerName": "web", "Type": "application", "Scheme": "internal", "VpcId": "vpc-1",
                                      "IpAddressType": "dualstack", "SecurityGroups": ["sg-1"]}]
            made["Listeners"] = [{"LoadBalancerArn": arn, "Port": 443, "Protocol": "HTTPS", "DefaultActions": [{"Type": "fixed-response"}]}]
            text = json.dumps(documents(made)).replace("eu-west-3a", region + "a")
            for word in ("vpc-1", "subnet-1", "sg-1", "igw-1", "acl-1", "rtb-1", "eni-1"):
                text = text.replace('"%s"' % word, '"%s%s"' % (word, letter))
            read.update({"111122223333/%s/%s" % (region, name): content for name, content in json.loads(text).items()})
        denies = {"Attributes": [{"Key": "ipv6.deny_all_igw_traffic", "Value": "true"}]}
        read["111122223333/us-east-1/describe-load-balancer-attributes.web.json"] = denies
        output = self.check(folder(read), 3, {"2001:db8:f::1": "no", "2001:db8:e::1": "possible"}, missing="ipv6.deny_all_igw_traffic web")
        self.assertEqual([m for m in common.missing(output) if "us-east-1" in str(m)], [])

    def test_each_public_address_of_a_load_balancer_has_an_interface_or_is_missing(self):
        zone = {"ZoneName": "eu-west-3a", "SubnetId": "subnet-1", "LoadBalancerAddresses": [{"IpAddress": "203.0.113.10"}]}
        balancer = {**Completeness.LB, "Type": "network", "AvailabilityZones": [zone]}
        self.check(beside({"lb.json": {"LoadBalancers": [balancer]}}), 3, REACHED, missing="203.0.113.10")

    def test_whose_address_a_target_sees_is_told_as_assumed_where_no_attribute_says_it(self):
        arn = "arn:aws:elasticloadbalancing:eu-west-3:111122223333:targetgroup/ntcp/73e2d6bc24d8a067"
        files = {"groups-of-targets.json": {"TargetGroups": [{"TargetGroupArn": arn, "TargetGroupName": "ntcp", "Protocol": "TCP", "Port": 9000,
                                                              "TargetType": "instance", "VpcId": "vpc-1", "LoadBalancerArns": []}]}}
        told = {"Attributes": [{"Key": "preserve_client_ip.enabled", "Value": "false"}]}
        self.check(beside(files), 0, REACHED, assumptions="ntcp")
        output = self.check(beside({**files, "describe-target-group-attributes.ntcp.73e2d6bc24d8a067.json": told}), 0, REACHED)
        self.assertFalse(named(output, ["assumptions"], "ntcp"))

    def test_a_load_balancer_that_only_its_listeners_name_is_missing(self):
        listener = {"ListenerArn": Completeness.LB["LoadBalancerArn"].replace("loadbalancer", "listener") + "/1", "Port": 443,
                    "LoadBalancerArn": Completeness.LB["LoadBalancerArn"], "Protocol": "HTTPS", "DefaultActions": []}
        self.check(beside({"listeners.json": {"Listeners": [listener]}}), 3, REACHED, missing="app/away")

    def test_a_name_makes_no_line_of_its_own_and_turns_none(self):
        name = "web\n\n203.0.113.1  safe  eni-0\n  nothing arrives\u202e\u2066"
        made = folder(documents(changed(("Reservations", 0, "Instances", 0, "Tags"), [{"Key": "Name", "Value": name}])))
        for shown in (common.sgproof("compute", made).stdout, common.sgproof("diff", made, beside({"eni.json": None})).stdout):
            self.assertFalse([line for line in shown.splitlines() if line.strip().startswith(("203.0.113.1", "nothing"))], shown)
            self.assertFalse({"\u202e", "\u2066"} & set(shown))

    @each([(None,), ("region",), ("damaged",), ("balancers",), ("health",)])
    def test_what_one_side_does_not_tell_of_neither_opened_nor_closed(self, lacking):
        if lacking in ("balancers", "health"):
            whole = documents(balanced())
            gone = ("LoadBalancers", "Listeners", "TargetGroups", "LoadBalancerTargetHealth") if lacking == "balancers" else whole.keys() - {
                kind + ".json" for kind in balanced() if kind != "LoadBalancerTargetHealth"}
            part = {name: file for name, file in whole.items() if name not in gone and name[:-5] not in gone}
        else:
            here, there = plain(), second()
            for one in (here, there):
                one["SecurityGroups"][0]["IpPermissionsEgress"] = []
            whole = {**documents(here, "111122223333/eu-west-3/"), **documents(there, "111122223333/us-east-1/")}
            part = {name: file for name, file in whole.items() if lacking != "region" or "us-east-1" not in name}
            if lacking == "damaged":
                part["111122223333/us-east-1/NetworkInterfaces.json"] = {"NetworkInterfaces": [17]}
        for sides, side in (((whole, part), "after"), ((part, whole), "before")):
            made = [folder(files) for files in sides]
            done, text = common.sgproof("diff", *made, "--format", "json"), common.sgproof("diff", *made)
            output = json.loads(done.stdout)
            self.assertEqual(done.returncode, 3 if lacking else 0, done.stderr)
            moved = [(x["address"], x["from_port"]) for x in output["closed" if side == "after" else "opened"]]
            self.assertEqual(moved, [], side)
            self.assertEqual(any("not known " + side in line for line in output["unknown"]), bool(lacking))
            self.assertEqual("UNKNOWN" in text.stdout, bool(lacking))

    @each([("x.json.gz", b"\x1f\x8b"), ("x.yaml", "NetworkInterfaces:\n"), ("x.json", "")])
    def test_a_regions_folder_of_files_that_are_not_read_is_a_region_that_is_missing(self, name, content):
        files = {**documents(plain(), "111122223333/eu-west-3/"), "111122223333/us-east-1/" + name: content}
        self.check(folder(files), 3, REACHED, missing="NetworkInterfaces 111122223333 us-east-1")

    @each([({"unread": "x"},), ({"complete": False, "unread": []},), ({"files": [{"file": "gone.json"}]},)])
    def test_what_the_readers_own_record_says_is_missing_is(self, record):
        self.check(beside({"snapshot.json": {"schema": "sgproof/snapshot/v1", **record}}), 3, REACHED, unread="snapshot.json")

    @each([({}, "schema: is missing"), ({"schema": "sgproof/snapshot/v2"}, 'schema: "sgproof/snapshot/v2", expected "sgproof/snapshot/v1"'),
           ({"schema": "sgproof/snapshot/v1", "note": "audited"}, "note: unknown key"), ({"schema": "sgproof/snapshot/v1", "unavailable": {}}, "unavailable: is an object"),
           ({"schema": "sgproof/snapshot/v1", "unread": [{"operation": "DescribeVpcs", "harmless": True}]}, "unread[0].harmless: unknown key"),
           ({"schema": "sgproof/snapshot/v1", "files": ["x"]}, "files[0]: is a string")])
    def test_a_record_that_is_not_in_our_form_is_unread(self, record, why):
        output = self.check(beside({"snapshot.json": record}), 3, REACHED, unread="snapshot.json")
        self.assertIn(why, json.dumps(output["unread"]).replace('\\"', '"'))

    @each([("application",), ("network",)])
    def test_an_internet_facing_load_balancer_has_a_public_node_in_each_of_its_subnets_or_is_missing(self, kind):
        estate = balanced(kind)
        estate["LoadBalancers"][0]["AvailabilityZones"] = [{"SubnetId": "subnet-1"}]
        self.assertEqual(self.compute(folder(documents(estate)))["missing"], [])
        estate["LoadBalancers"][0]["AvailabilityZones"].append({"SubnetId": "subnet-9"})
        self.assertTrue(named(self.compute(folder(documents(estate))), ["missing"], "front subnet-9"))
        del estate["NetworkInterfaces"][0]["PrivateIpAddresses"][0]["Association"]
        self.assertTrue(named(self.compute(folder(documents(estate))), ["missing"], "interfaces front"))

    @each([(DENIED,), ("",), ({},), ("[]",), ({"NextToken": "x"},), ({"Entries": [{}], "NextToken": "x"},), ('{"Entries',)])
    def test_a_page_of_a_prefix_list_that_tells_nothing_is_a_page_missing(self, page):
        made = changed(("SecurityGroups", 0, "IpPermissions", 0, "IpRanges"), [])
        made["SecurityGroups"][0]["IpPermissions"][0]["PrefixListIds"] = [{"PrefixListId": "pl-1"}]
        last = {"Entries": [{"Cidr": "9.9.9.0/24"}]}
        self.check(folder({**documents(made), PAGE.replace(".1.", ".2."): last, PAGE: page}), 3, {V4: "possible"}, unread="pl-1.1.json")

    @each([("describe-target-health.web.json", '{"TargetHealthDescriptions": [{"Target": {"Id": "i-web",}}]}'),
           ("describe-target-health.web.json", DENIED), ("describe-target-health.web.json", "{}"),
           *(("describe-target-group-attributes.web.json", content) for content in (
               DENIED, "", {}, {"Attributes": [{}]}, {"Attributes": [{"Key": 7, "Value": "true"}]}, '{"Attributes": [{"Key" 1}]}',
               {"Attributes": [{"Key": "preserve_client_ip.enabled", "Value": "True"}]}))])
    def test_a_file_named_for_a_target_group_that_tells_nothing_of_it_is_unread(self, name, content):
        estate = balanced("network")
        if "health" in name:
            del estate["LoadBalancerTargetHealth"]
        output = self.compute(folder({**documents(estate), name: content}))
        self.assertTrue(named(output, ["unread"], name), output["unread"])
        self.assertFalse(any(x["certainty"] == "exact" for item in output["indirect"] for x in item["exposures"]))

    def test_target_groups_and_load_balancers_that_others_name_are_missing(self):
        estate = balanced()
        del estate["TargetGroups"]
        estate["Listeners"][0]["DefaultActions"] = [{"Type": "fixed-response"}]
        self.assertTrue(named(self.compute(folder(documents(estate))), ["missing"], "TargetGroups"))
        estate = balanced()
        for kind in ("LoadBalancers", "Listeners"):
            del estate[kind]
        self.assertTrue(named(self.compute(folder(documents(estate))), ["missing"], "load balancer app/front"))

    @each([([{}],), ([{"Type": "forward"}],), ([{"Type": "forward", "ForwardConfig": {}}],),
           ([{"Type": "forward", "ForwardConfig": {"TargetGroups": [{"Weight": 1}]}}],)])
    def test_an_action_that_is_not_understood_may_forward_to_any_group_of_its_load_balancer(self, actions):
        estate = balanced()
        estate["Listeners"][0]["DefaultActions"] = actions
        output = self.compute(folder(documents(estate)))
        self.assertTrue(named(output, ["unread"], "DefaultActions"))
        self.assertEqual([x["certainty"] for item in output["indirect"] for x in item["exposures"]], ["possible"])

    @each([("",), ("prod/",), ("EU-WEST-3/",), ("eu-west-3/",)])
    def test_a_participant_of_a_shared_vpc_without_its_interfaces_is_missing_in_any_layout(self, below):
        owner, participant = plain(), plain()
        owner["Vpcs"] = [{"VpcId": "vpc-1", "OwnerId": "111122223333"}]
        for kind in ("Subnets", "RouteTables", "NetworkAcls", "InternetGateways"):
            for record in owner[kind]:
                record["OwnerId"] = "111122223333"
        for kind in ("NetworkInterfaces", "SecurityGroups", "Reservations"):
            owner[kind] = []
            for record in participant[kind]:
                record["OwnerId"] = "444455556666"
        participant = {"Subnets": owner["Subnets"], **{k: participant[k] for k in ("NetworkInterfaces", "SecurityGroups", "Reservations")}}
        files = {**documents(owner, "111122223333/" + below), **documents(participant, "444455556666/" + below)}
        self.assertNotIn(reach(self.compute(folder(files)), V4), ("no", "absent"))
        self.assertFalse(named(self.compute(folder(files)), ["missing"], "NetworkInterfaces"))
        del files["444455556666/%sNetworkInterfaces.json" % below], files["444455556666/%sReservations.json" % below]
        self.assertTrue(named(self.compute(folder(files)), ["missing"], "NetworkInterfaces 444455556666"))

    @each([([],), ([{"PrivateIpAddress": "10.0.2.99", "Primary": True}],)])
    def test_two_records_of_a_private_interface_that_differ_in_addresses_are_believed_neither(self, addresses):
        estate = balanced()
        other = {**estate["NetworkInterfaces"][1], "PrivateIpAddresses": addresses}
        for name in ("A.json", "z.json"):
            output = self.compute(folder({**documents(estate), name: {"NetworkInterfaces": [other]}}))
            self.assertTrue(named(output, ["unread"], "eni-web"))
            self.assertFalse(any(x["certainty"] == "exact" for item in output["indirect"] for x in item["exposures"]))

    def test_half_a_pair_in_utf16_is_no_text(self):
        text = json.dumps({"InternetGateways": plain()["InternetGateways"]}).replace("vpc-1", "vpc-1@", 1).encode("utf-16-le")
        made = {"InternetGateways.json": b"\xff\xfe" + text.replace("@".encode("utf-16-le"), b"\x00\xd8")}
        self.check(folder({**documents(plain()), **made}), 3, {}, unread="InternetGateways.json")

    @each([("describe-network-acls", "{"), ("describe-network-acls", '{"NetworkAcls"'), ("describe-route-tables", '{"RouteT')])
    def test_a_calls_file_that_is_cut_before_its_list_leaves_the_kind_incomplete(self, name, text):
        output = self.compute(beside({name + ".json": text}))
        self.assertEqual(reach(output, V4), "possible")
        self.assertTrue(named(output, ["unread"], name))

    def test_a_route_that_leads_nowhere_is_told(self):
        routes = plain()["RouteTables"][0]["Routes"] + [{"DestinationCidrBlock": "8.0.0.0/8", "State": "active"}]
        self.assertTrue(named(self.compute(folder(documents(changed(("RouteTables", 0, "Routes"), routes)))), ["unread"], "Routes[%d]" % (len(routes) - 1)))

    def test_an_address_that_no_interface_that_was_read_has_is_not_known(self):
        made = folder(documents(changed(("NetworkInterfaces", 0, "PrivateIpAddresses", 0, "Association", "PublicIp"), 17)))
        done = common.sgproof("explain", made, V4, "443/tcp")
        self.assertEqual((done.returncode, done.stdout), (3, ""))
        self.assertIn("not known", done.stderr)
        self.assertEqual(common.sgproof("explain", beside({}), "198.51.100.99", "443/tcp").returncode, 2)

    def test_no_files_name_makes_a_line_in_an_explanation(self):
        name = "x\n  STOP  security groups  no rule admits it\n.json"
        made = folder({**documents(plain()), "SecurityGroups.json": None, name: {"SecurityGroups": [{**plain()["SecurityGroups"][0], "IpPermissions": "x"}]}})
        self.assertNotIn("\n  STOP", common.sgproof("explain", made, V4, "443/tcp").stdout)

    def test_diff_of_a_side_without_a_network_ends_in_words(self):
        alone = folder({"lb.json": {"LoadBalancers": []}})
        for sides in ((beside({}), alone), (alone, beside({}))):
            done = common.sgproof("diff", *sides)
            self.assertEqual(done.returncode, 3, done.stderr)


class Account(Case):
    def judge(self, of, *words, flat=False):
        made = folder({})
        write_account(made, of)
        for file in list(made.rglob("*.json")) if flat else ():
            file.rename(made / file.name)
        done = common.sgproof("account", made, "--pack", "sec-002", "--format", "json", *words)
        self.assertIn(done.returncode, (0, 1, 3, 4), done.stderr)
        return done, {c["id"].split("/")[1]: c["result"] for pack in json.loads(done.stdout)["packs"] for c in pack["controls"]}

    @each([(False,), (True,)])
    def test_account_documents_alone_are_enough_with_and_without_folders_of_their_own(self, flat):
        done, results = self.judge(guarded(), flat=flat)
        self.assertEqual((done.returncode, set(results.values())), (0, {"pass"}), results)
        self.assertNotIn("account unknown", done.stdout)

    @each([("iam.json", '{"UserDetai'), ("user.json", {"UserName": "eve", "GroupList": []})])
    def test_what_was_not_read_is_told_though_nothing_else_rests_on_it(self, name, content):
        made = folder({name: content})
        write_account(made, guarded())
        done, output = common.sgproof("account", made, "--pack", "sec-002"), json.loads(common.sgproof("account", made, "--format", "json").stdout)
        self.assertEqual(done.returncode, 3, done.stdout)
        self.assertRegex(done.stdout, "UNREAD +" + name)
        self.assertEqual([item["file"] for item in output["unread"]], [name])

    def test_an_account_of_which_nothing_tells_how_it_is_guarded_is_named(self):
        made = folder(documents(plain(), "222233334444/eu-west-3/"))
        write_account(made, guarded())
        done = common.sgproof("account", made, "--pack", "sec-002")
        self.assertEqual(done.returncode, 3)
        self.assertIn("get-account-summary of account 222233334444", done.stdout)

    def test_answers_about_another_trail_are_not_this_ones(self):
        for change in (lambda d: d.update({"get-trail-status.other": d.pop("get-trail-status.all")}),
                       lambda d: d.update({"get-event-selectors.other": d.pop("get-event-selectors.all")}),
                       lambda d: d["get-event-selectors.all"].update(TrailARN="arn:aws:cloudtrail:eu-west-3:111122223333:trail/other"),
                       lambda d: d.update({"get-event-selectors.all.2": {"EventSelectors": [
                           {"ReadWriteType": "WriteOnly", "IncludeManagementEvents": True}]}})):
            made = guarded()
            change(made)
            self.assertEqual(self.judge(made)[1]["cloudtrail"], "not-evaluated")

    def test_a_page_missing_of_the_users_leaves_what_rests_on_them_open(self):
        made = guarded()
        made["get-account-authorization-details"].update(IsTruncated=True, Marker="t")
        self.assertEqual([self.judge(made)[1][c] for c in ("least-privilege", "dedicated-users")], ["not-evaluated"] * 2)

    def test_the_age_of_a_key_counts_to_the_reports_own_time_and_it_says_so(self):
        made = guarded()
        made["get-credential-report"]["GeneratedTime"] = "2026-01-31T10:00:00+00:00"
        made["get-credential-report"]["Content"][2] = row(
            "bob", access_key_1_active="true", access_key_1_last_rotated="2026-01-01T08:00:00+00:00")
        shown = self.judge(made, "--date", "2027-06-30")[0].stdout
        self.assertTrue("30 days old" in shown and "2026-01-31" in shown, shown)


class Text(Case):
    def test_each_thing_is_told_once_without_v_and_the_vpcs_own_space_has_no_row(self):
        estate = changed(("SecurityGroups", 0, "IpPermissions", 0, "IpRanges"), [{"CidrIp": "0.0.0.0/0"}, {"CidrIp": "nowhere"}])
        made = folder({**documents(estate), "RouteTables.json": None, "error.json": DENIED})
        output, done = self.compute(made), common.sgproof("compute", made)
        lines = (done.stdout + done.stderr).splitlines()
        for word in ("RouteTables", "IpRanges[1].CidrIp", "error.json"):
            self.assertIn(sum(word in line and line[0] != " " for line in lines if line), (1, 2), lines)  # on stdout, stderr or both
        self.assertTrue(any("assum" in line.lower() for line in lines) or not output["assumptions"], lines)
        self.assertTrue(any("not covered" in line.lower() for line in lines) or not output["not_covered"], lines)
        shown = common.sgproof("compute", beside({})).stdout
        self.assertTrue("443" in shown and "[not internet]" not in shown and "[inbound-only]" not in shown, shown)


if __name__ == "__main__":
    unittest.main()
