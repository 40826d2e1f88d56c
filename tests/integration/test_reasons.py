"""Reasons are values: stage, id and text from the rules to every format; what is possible says what would settle it."""
import csv
import io
import ipaddress
import json
import os
import pathlib
import shlex
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import common
from oracle import estates
from test_report import document, reason, verdict
from test_snapshots import entry, permission, plain

WORLD = "0.0.0.0/0"


class Case(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def write(self, estate, name="estate"):
        path = pathlib.Path(tempfile.mkdtemp(dir=self.folder)) / name
        path.mkdir()
        estates.write(estate, path)
        return path

    def text(self, *words, status=0):
        done = common.sgproof(*words)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout

    def exposure(self, estate, port=443, status=0):
        output = json.loads(self.text("compute", self.write(estate), "--format", "json", status=status))
        [exposure] = [x for x in output["endpoints"][0]["exposures"]
                      if x["internet"] and x["protocol"] == "tcp" and x["from_port"] <= port <= x["to_port"]]
        return exposure


class Values(Case):
    def test_because_holds_objects_with_stage_id_and_text(self):
        self.assertEqual(self.exposure(plain())["because"], [
            {"stage": "group", "id": "sg-1:0", "group": "sg-1", "text": "tcp 443 from 0.0.0.0/0, ::/0"},
            {"stage": "acl_in", "id": "acl-1:100", "text": "allows everything from 0.0.0.0/0"},
            {"stage": "route", "id": "rtb-1:0.0.0.0/0", "text": "to igw-1"},
            {"stage": "acl_out", "id": "acl-1:egress:100", "text": "allows everything to 0.0.0.0/0"},
            {"stage": "gateway", "id": "igw-1", "text": "attached to vpc-1"}])

    def test_a_rule_of_many_peers_names_some_and_counts_the_rest(self):
        estate = plain()
        estate["SecurityGroups"][0]["IpPermissions"] = [permission("tcp", (443, 443), ["8.%d.0.0/16" % n for n in range(9)])]
        self.assertEqual(self.exposure(estate)["because"][0]["text"],
                         "tcp 443 from 8.0.0.0/16, 8.1.0.0/16, 8.2.0.0/16, 8.3.0.0/16 and 5 more")

    def test_a_rule_is_described_where_all_its_peers_are_and_alike(self):
        for descriptions, told in ((("web", "web"), ', "web"'), (("web", "shop"), ""), (("web", None), ""), ((None, "web"), ""), (("", ""), "")):
            estate = plain()
            estate["SecurityGroups"][0]["IpPermissions"] = [rule] = [permission("tcp", (443, 443), ["8.0.0.0/8", "9.0.0.0/8"])]
            for item, description in zip(rule["IpRanges"], descriptions):
                item.update({"Description": description} if description is not None else {})
            self.assertEqual(self.exposure(estate)["because"][0]["text"], "tcp 443 from 8.0.0.0/8, 9.0.0.0/8" + told)

    def test_explain_gives_the_reasons_of_each_hop_and_what_stops_it(self):
        estate = plain()
        estate["NetworkAcls"][0]["Entries"].append(entry(50, False, "deny"))
        path = self.write(estate)
        told = json.loads(self.text("explain", path, "198.51.100.4", "443/tcp", "--format", "json"))
        self.assertEqual(told["stopped_by"], {"stage": "acl_in", "id": "acl-1:50", "text": "denies everything from 0.0.0.0/0", "stops": True})
        hops = {hop["stage"]: hop for hop in told["hops"]}
        self.assertEqual(hops["security groups"]["reasons"],
                         [{"stage": "group", "id": "sg-1:0", "group": "sg-1", "text": "tcp 443 from 0.0.0.0/0, ::/0"}])

    def test_sets_read_as_ranges_that_people_write(self):
        self.assertIn("from 0.0.0.0/0 except 10.0.0.0/16", self.text("compute", self.write(plain())))


def record(which, protocol, ports, description=None, egress=False, group="sg-1", **peer):
    """One of DescribeSecurityGroupRules."""
    return {"SecurityGroupRuleId": which, "GroupId": group, "GroupOwnerId": "111122223333", "IsEgress": egress, "IpProtocol": protocol,
            "FromPort": ports[0], "ToPort": ports[1], **peer, **({"Description": description} if description else {})}


class RuleIds(Case):
    """Rules are named by what DescribeSecurityGroupRules tells of them; where it contradicts IpPermissions neither is believed."""

    def named(self, permissions, records, port=443):
        estate = plain()
        estate["SecurityGroups"][0]["IpPermissions"] = permissions
        plainly = self.exposure(estate, port)
        estate["SecurityGroupRules"] = records
        exposure = self.exposure(estate, port)
        strip = lambda x: {k: v for k, v in x.items() if k != "because"}
        self.assertEqual(strip(exposure), strip(plainly))
        return [x for x in exposure["because"] if x["stage"] == "group"]

    def test_a_rule_is_named_by_its_id_with_what_it_admits_and_its_description(self):
        self.assertEqual(
            self.named([permission("tcp", (443, 443), [WORLD])], [record("sgr-1", "tcp", (443, 443), "web", CidrIpv4=WORLD)]),
            [{"stage": "group", "id": "sgr-1", "group": "sg-1", "text": 'tcp 443 from 0.0.0.0/0, "web"'}])

    def test_each_peer_of_a_permission_is_a_rule_of_its_own(self):
        told = self.named([permission("tcp", (443, 443), ["8.0.0.0/8", "9.0.0.0/8", "11.0.0.0/8"])],
                          [record("sgr-%d" % n, "tcp", (443, 443), CidrIpv4=cidr) for n, cidr in ((2, "9.0.0.0/8"), (1, "8.0.0.0/8"), (3, "11.0.0.0/8"))])
        self.assertEqual([x["id"] for x in told], ["sgr-1", "sgr-2", "sgr-3"])

    CLIENTS = ("8.1.1.1", "9.9.9.9", "11.1.1.1")

    def contradicting(self, permissions, records, egress=None, **more):
        """Exit status, {(port, client): certainty}, what is unread, the output."""
        estate = plain()
        estate["SecurityGroups"][0]["IpPermissions"] = permissions
        if egress is not None:
            estate["SecurityGroups"][0]["IpPermissionsEgress"] = egress
        folder = self.write(estate)
        (folder / "describe-security-group-rules.json").write_text(json.dumps({"SecurityGroupRules": records, **more}))
        done = common.sgproof("compute", folder, "--format", "json")
        output = json.loads(done.stdout)
        found = {(x["from_port"], client): x["certainty"] for e in output["endpoints"] if e["family"] == "ipv4" for x in e["exposures"]
                 if x["protocol"] == "tcp" for client in self.CLIENTS for cidr in x["sources"] if ipaddress.ip_address(client) in ipaddress.ip_network(cidr)}
        return done.returncode, found, [u["why"] for u in output["unread"]], output

    def everyone(self, port, certainty="exact"):
        return {(port, client): certainty for client in self.CLIENTS}

    def test_a_rule_that_only_its_record_tells_of_is_possible_and_the_two_are_unread(self):
        both = record("sgr-1", "tcp", (443, 443), CidrIpv4=WORLD)
        status, found, unread, output = self.contradicting([permission("tcp", (443, 443), [WORLD])], [both, record("sgr-2", "tcp", (22, 22), CidrIpv4="8.0.0.0/8")])
        self.assertEqual((status, found), (3, {**self.everyone(443), (22, "8.1.1.1"): "possible"}))  # nothing else is touched
        self.assertTrue([why for why in unread if why.startswith("IpPermissions of sg-1 do not tell of sgr-2")])
        self.assertIn("ec2 describe-security-groups of sg-1", json.dumps(output["endpoints"]))

    def test_a_peer_that_only_ip_permissions_tell_of_is_possible_and_the_others_are_not(self):
        permissions = [permission("tcp", (443, 443), ["8.0.0.0/8", "11.0.0.0/8"]), permission("tcp", (22, 22), [WORLD])]
        records = [record("sgr-1", "tcp", (443, 443), CidrIpv4="8.0.0.0/8")]
        status, found, unread, _ = self.contradicting(permissions, records)
        sure = {(443, "8.1.1.1"): "exact", (443, "11.1.1.1"): "exact", **self.everyone(22)}
        self.assertEqual((status, found), (3, {**sure, (443, "11.1.1.1"): "possible", **self.everyone(22, "possible")}))
        self.assertEqual([why[:14] for why in sorted(unread)], ["rule 0 of sg-1", "rule 1 of sg-1"])
        # A record that is not understood, or is on a page that is missing, may be theirs.
        self.assertEqual(self.contradicting(permissions, records + [{"SecurityGroupRuleId": 7}])[:3], (0, sure, []))
        self.assertEqual(self.contradicting(permissions, records, NextToken="x")[1], sure)

    def test_rules_of_a_group_without_any_record_are_as_they_were(self):
        found = self.contradicting([permission("tcp", (443, 443), [WORLD])], [record("sgr-1", "tcp", (1, 1), group="sg-2", CidrIpv4=WORLD)])
        self.assertEqual(found[:2], (0, self.everyone(443)))

    def test_outbound_rules_are_compared_where_both_tell_of_them(self):
        out = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": WORLD}], "Ipv6Ranges": [], "PrefixListIds": [], "UserIdGroupPairs": []}
        both = [record("sgr-1", "tcp", (443, 443), CidrIpv4=WORLD), record("sgr-2", "-1", (-1, -1), egress=True, CidrIpv4=WORLD)]
        for egress, records, status in ((None, both, 0), ([out], both, 0), ([], both, 3), ([out], both[:1], 3)):
            self.assertEqual(self.contradicting([permission("tcp", (443, 443), [WORLD])], records, egress)[:2], (status, self.everyone(443)))

    def test_the_record_of_other_ports_protocol_direction_group_or_peer_names_nothing(self):
        right = record("sgr-2", "tcp", (443, 443), CidrIpv4=WORLD)
        self.assertEqual(self.named([permission("tcp", (443, 443), [WORLD])], [right])[0]["id"], "sgr-2")
        for wrong in (record("sgr-1", "tcp", (443, 444), CidrIpv4=WORLD), record("sgr-1", "udp", (443, 443), CidrIpv4=WORLD),
                      record("sgr-1", "tcp", (443, 443), egress=True, CidrIpv4=WORLD), record("sgr-1", "tcp", (443, 443), CidrIpv6="::/0"),
                      record("sgr-1", "tcp", (443, 443), group="sg-2", CidrIpv4=WORLD), record("sgr-1", "tcp", (443, 443), PrefixListId="pl-1")):
            found = [i for e in self.contradicting([permission("tcp", (443, 443), [WORLD])], [wrong])[3]["endpoints"] for x in e["exposures"]
                     if x.get("from_port") == 443 for i in x["because"]]
            self.assertIn("sg-1:0", [i.get("id") for i in found], wrong)

    def test_all_protocols_and_icmp_are_told_otherwise_than_in_permissions(self):
        [told] = self.named([permission("-1", None, [WORLD])], [record("sgr-1", "-1", (-1, -1), CidrIpv4=WORLD)])
        self.assertEqual((told["id"], told["text"]), ("sgr-1", "everything from 0.0.0.0/0"))

    def test_a_prefix_list_is_matched_by_its_id(self):
        estate = plain()
        estate["SecurityGroups"][0]["IpPermissions"] = [{**permission("tcp", (443, 443), []), "PrefixListIds": [{"PrefixListId": "pl-1"}]}]
        estate["PrefixLists"] = [{"PrefixListId": "pl-1", "PrefixListName": "friends", "Cidrs": ["8.0.0.0/8"]}]
        estate["SecurityGroupRules"] = [record("sgr-1", "tcp", (443, 443), PrefixListId="pl-1")]
        self.assertEqual(self.exposure(estate)["because"][0], {"stage": "group", "id": "sgr-1", "group": "sg-1", "text": "tcp 443 from pl-1"})

    def test_two_records_of_one_id_that_differ_name_nothing_and_the_same_twice_is_one(self):
        one, other = (record("sgr-1", "tcp", (443, 443), text, CidrIpv4=WORLD) for text in ("web", "shop"))
        self.assertEqual(self.named([permission("tcp", (443, 443), [WORLD])], [one, other])[0]["id"], "sg-1:0")
        self.assertEqual(self.named([permission("tcp", (443, 443), [WORLD])], [one, one])[0]["id"], "sgr-1")

    def test_a_record_that_is_not_understood_costs_its_name_and_is_noted(self):
        estate = plain()
        estate["SecurityGroupRules"] = [{"SecurityGroupRuleId": 7}, record("sgr-1", "tcp", (443, 443), CidrIpv4=WORLD)]
        output = json.loads(self.text("compute", self.write(estate), "--format", "json"))
        self.assertIn("SecurityGroupRules[0].SecurityGroupRuleId", json.dumps(output["notes"]))
        self.assertIn("sgr-1", json.dumps(output["endpoints"]))

    def test_the_order_of_records_does_not_matter(self):
        records = [record("sgr-%d" % n, "tcp", (443, 443), CidrIpv4="%d.0.0.0/8" % n) for n in (8, 9, 11)]
        permissions = [permission("tcp", (443, 443), ["8.0.0.0/8", "9.0.0.0/8", "11.0.0.0/8"])]
        self.assertEqual(self.named(permissions, records), self.named(permissions, records[::-1]))

    def test_explain_and_diff_name_it(self):
        before, after = plain(), plain()
        for one in (before, after):
            one["SecurityGroups"][0]["IpPermissionsEgress"] = []
        after["SecurityGroups"][0]["IpPermissions"].append(permission("tcp", (22, 22), [WORLD]))
        after["SecurityGroupRules"] = [record("sgr-9", "tcp", (22, 22), "door", CidrIpv4=WORLD), record("sgr-1", "tcp", (443, 443), CidrIpv4=WORLD),
                                       record("sgr-6", "tcp", (443, 443), CidrIpv6="::/0")]
        one, other = self.write(before, "before"), self.write(after, "after")
        self.assertIn('sgr-9 (tcp 22 from 0.0.0.0/0, "door") admits', self.text("explain", other, "198.51.100.4", "22/tcp"))
        [cause] = json.loads(self.text("diff", one, other, "--format", "json"))["opened"][0]["causes"]
        self.assertEqual((cause["stage"], cause["id"]), ("group", "sgr-9"))


class Formats(Case):
    """One document of verdicts with every kind of reason, in each format."""
    REASONS = [{"stage": "group", "id": "sgr-1", "group": "sg-1", "text": "tcp 443 from 0.0.0.0/0, \"web\""},
               {"stage": "acl_in", "id": "acl-1:100", "text": "allows everything from 0.0.0.0/0"}]
    DOUBT = {"stage": "appliance", "id": "vpce-1", "text": "vpce-1", "settle": "cannot be settled from documents: probe it"}

    def setUp(self):
        super().setUp()
        self.file = self.folder / "v.json"
        possible = verdict("198.51.100.1", 443, "confirmed", "possible", "open", "critical", because=self.REASONS)
        possible["via"] = [self.DOUBT]
        self.file.write_text(json.dumps(document([possible])))

    def written(self, form):
        return self.text("report", self.file, "--format", form)

    def test_json_gives_back_what_it_was_given(self):
        [told] = json.loads(self.written("json"))["verdicts"]
        self.assertEqual((told["because"], told["via"]), (self.REASONS, [self.DOUBT]))

    def test_sarif_holds_them_as_values(self):
        [result] = json.loads(self.written("sarif"))["runs"][0]["results"]
        self.assertEqual((result["properties"]["because"], result["properties"]["via"]), (self.REASONS, [self.DOUBT]))

    def test_text_junit_html_and_csv_say_them_in_words(self):
        self.assertEqual(next(csv.DictReader(io.StringIO(self.written("csv"))))["because"],
                         'sgr-1 (tcp 443 from 0.0.0.0/0, "web"); acl-1:100 (allows everything from 0.0.0.0/0)')
        for form in ("text", "junit", "html"):
            flat = " ".join(self.written(form).replace("&quot;", '"').replace("&#34;", '"').split())
            self.assertIn('sgr-1 (tcp 443 from 0.0.0.0/0, "web")', flat, form)
            self.assertIn("possible: vpce-1 (to settle it: cannot be settled from documents: probe it)", flat, form)

    def test_verdicts_of_before_whose_reasons_are_texts_are_read(self):
        old = verdict("198.51.100.1", 443, "confirmed", "reachable", "open", "critical", because=["sg-1:0", "igw-1"])
        self.file.write_text(json.dumps(document([old])))
        [told] = json.loads(self.written("json"))["verdicts"]
        self.assertEqual(told["because"], [{"text": "sg-1:0"}, {"text": "igw-1"}])
        self.assertIn("sg-1:0, igw-1", self.written("text"))
        page = self.written("html")
        self.assertIn("sg-1:0, igw-1", page)
        self.assertNotIn("lets it through", page)  # at which stage each decides is not known

    def test_a_reason_of_an_unknown_stage_or_shape_is_refused_by_its_place(self):
        for wrong, words in (({"stage": "moon", "text": "x"}, "because[0].stage"), ({"stage": "group"}, "because[0].text"), (7, "because[0]")):
            self.file.write_text(json.dumps(document([verdict("198.51.100.1", 443, "confirmed", "reachable", "open", "critical", because=[wrong])])))
            done = common.sgproof("report", self.file, "--format", "json")
            self.assertEqual(done.returncode, 2)
            self.assertIn(words, done.stderr)


class Settled(Case):
    """What is possible says what would settle it: a call of AWS, or a probe."""

    def doubts(self, change, status=0):
        estate = plain()
        change(estate)
        exposure = self.exposure(estate, status=status)
        self.assertEqual(exposure["certainty"], "possible")
        return [(x["stage"], x.get("id"), x["settle"]) for x in exposure["via"]]

    def test_an_appliance_by_a_probe(self):
        def change(estate):
            estate["RouteTables"][0]["Routes"][1] = {"DestinationCidrBlock": WORLD, "GatewayId": "vpce-1", "State": "active"}
        self.assertEqual(self.doubts(change), [("appliance", "vpce-1", "cannot be settled from documents: probe it")])

    def test_a_missing_group_by_describe_security_groups(self):
        self.assertEqual(self.doubts(lambda e: e["SecurityGroups"][0].update(GroupId="sg-9"), 3),
                         [("group", "sg-1", "ec2 describe-security-groups of sg-1")])

    def test_a_missing_kind_by_its_call_of_account_and_region(self):
        [(stage, _, settle)] = self.doubts(lambda e: e.pop("NetworkAcls"), 3)
        self.assertEqual(stage, "acl_in")
        self.assertRegex(settle, r"^ec2 describe-network-acls of \S+ in \S+$")

    def test_a_prefix_list_by_its_entries(self):
        def change(estate):
            estate["SecurityGroups"][0]["IpPermissions"] = [{**permission("tcp", (443, 443), []), "PrefixListIds": [{"PrefixListId": "pl-1"}]}]
        self.assertEqual(self.doubts(change, 3), [("group", "pl-1", "ec2 get-managed-prefix-list-entries of pl-1")])

    def test_an_instance_or_interface_in_transition_by_its_own_call(self):
        self.assertEqual(self.doubts(lambda e: e["Reservations"][0]["Instances"][0]["State"].update(Name="pending")),
                         [("gateway", "eni-1", "ec2 describe-instances of i-1")])
        self.assertEqual(self.doubts(lambda e: e["NetworkInterfaces"][0].update(Status="attaching")),
                         [("gateway", "eni-1", "ec2 describe-network-interfaces of eni-1")])

    def test_a_kind_of_interface_that_is_not_modelled_by_a_probe(self):
        self.assertEqual(self.doubts(lambda e: e["NetworkInterfaces"][0].update(InterfaceType="evs")),
                         [("gateway", "eni-1", "cannot be settled from documents: probe it")])
        self.assertEqual(self.doubts(lambda e: e["NetworkInterfaces"][0].update(InterfaceType="global_accelerator_managed")),
                         [("gateway", "eni-1", "cannot be settled from documents: probe it")])

    def test_a_vpc_that_two_records_tell_otherwise_by_the_interface(self):
        doubts = self.doubts(lambda e: e["Subnets"][0].update(VpcId="vpc-2"), 3)
        self.assertIn(("gateway", "eni-1", "ec2 describe-network-interfaces of eni-1"), doubts)
        self.assertEqual([one for one in doubts if "describe-vpcs" in one[2]], [])

    def test_block_public_access_in_transition_by_its_call(self):
        def change(estate):
            estate["VpcBlockPublicAccessOptions"] = {
                "AwsAccountId": "111122223333", "AwsRegion": "eu-west-3", "InternetGatewayBlockMode": "block-ingress", "State": "update-in-progress"}
        [(stage, _, settle)] = self.doubts(change)
        self.assertEqual(stage, "block_public_access")
        self.assertRegex(settle, "^ec2 describe-vpc-block-public-access-options of ")

    def test_text_of_compute_and_explain_say_it(self):
        estate = plain()
        estate["RouteTables"][0]["Routes"][1] = {"DestinationCidrBlock": WORLD, "GatewayId": "vpce-1", "State": "active"}
        path = self.write(estate)
        for words in (("compute", path), ("explain", path, "198.51.100.4", "443/tcp")):
            self.assertIn("to settle it: cannot be settled from documents: probe it", self.text(*words))


class Suggested(Case):
    """Commands that together would close a finding: applied to the estate, they do."""
    START = "aws ec2 revoke-security-group-ingress --region eu-west-3 --group-id sg-1 "

    def verdict(self, estate, intent=None, port=443, state="open"):
        path = self.write(estate)
        (self.folder / "o.jsonl").write_text(json.dumps({
            "address": "198.51.100.4", "protocol": "tcp", "from_port": port, "to_port": port, "state": state, "reason": "syn-ack", "from": None,
            "tries": 1, "rtt_us": 400, "first_sent": "2026-11-24T10:00:00.000000Z", "answered": "2026-11-24T10:00:00.000400Z"}) + "\n")
        words = ["--intent", self.folder / "i.json"] if intent else []
        if intent:
            (self.folder / "i.json").write_text(json.dumps(intent))
        done = common.sgproof("reconcile", path, self.folder / "o.jsonl", "--vantage", "203.0.113.7", "--format", "json", "--fail-on", "none", *words)
        self.assertIn(done.returncode, (0, 1, 3, 4), done.stderr)
        self.said = done.stdout
        [told] = [v for v in json.loads(done.stdout)["verdicts"] if v["protocol"] == "tcp" and v["from_port"] == port and v["address"] == "198.51.100.4"]
        return told

    def suggested(self, *words, **more):
        return self.verdict(*words, **more).get("suggested", [])

    def estate(self, permissions=None, records=()):
        estate = plain()
        if permissions is not None:
            estate["SecurityGroups"][0]["IpPermissions"] = permissions
        estate["SecurityGroupRules"] = list(records)
        return estate

    def test_a_rule_with_an_id_is_revoked_by_it(self):
        self.assertEqual(self.suggested(self.estate(None, [record("sgr-1", "tcp", (443, 443), CidrIpv4=WORLD)])),
                         [self.START + "--security-group-rule-ids sgr-1"])

    def test_a_rule_of_another_accounts_group_is_not_this_ones_to_revoke(self):
        for owner, count in (("222233334444", 0), ("111122223333", 1)):
            estate = self.estate(None, [record("sgr-1", "tcp", (443, 443), CidrIpv4=WORLD)])
            estate["SecurityGroups"][0]["OwnerId"] = owner
            estate["NetworkInterfaces"][0]["OwnerId"] = "111122223333"
            self.assertEqual(len(self.suggested(estate)), count, owner)

    def test_a_rule_without_one_is_revoked_by_what_it_says_to_this_client_alone(self):
        self.assertEqual(self.suggested(self.estate([permission("tcp", (440, 450), ["203.0.113.0/24", "8.0.0.0/8"])])),
                         [self.START + """--ip-permissions '[{"IpProtocol": "tcp", "FromPort": 440, "ToPort": 450, "IpRanges": [{"CidrIp": "203.0.113.0/24"}]}]'"""])
        self.assertEqual(self.suggested(self.estate([permission("-1", None, [WORLD])])),
                         [self.START + """--ip-permissions '[{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]'"""])

    def test_of_several_rules_that_admit_it_all_are_named(self):
        estate = self.estate([permission("tcp", (443, 443), [WORLD]), permission("tcp", (0, 65535), ["203.0.113.0/24"]), permission("-1", None, ["9.0.0.0/8"])],
                             [record("sgr-1", "tcp", (443, 443), CidrIpv4=WORLD), record("sgr-2", "-1", (-1, -1), CidrIpv4="9.0.0.0/8")])
        self.assertEqual(self.suggested(estate), [
            self.START + "--security-group-rule-ids sgr-1",
            self.START + """--ip-permissions '[{"IpProtocol": "tcp", "FromPort": 0, "ToPort": 65535, "IpRanges": [{"CidrIp": "203.0.113.0/24"}]}]'"""])
        estate["SecurityGroups"][0]["IpPermissions"] = [permission("-1", None, ["9.0.0.0/8"])]  # as the commands leave it
        estate["SecurityGroupRules"] = estate["SecurityGroupRules"][1:]
        self.assertEqual(self.verdict(estate)["declared"], "unreachable")

    def test_a_permission_of_which_some_peers_have_an_id_is_revoked_in_two_parts(self):
        estate = self.estate([permission("tcp", (443, 443), [WORLD, "203.0.113.0/24"])], [record("sgr-1", "tcp", (443, 443), CidrIpv4=WORLD)])
        self.assertEqual(self.suggested(estate), [
            self.START + "--security-group-rule-ids sgr-1",
            self.START + """--ip-permissions '[{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "203.0.113.0/24"}]}]'"""])

    def test_nothing_is_suggested_where_it_would_not_close_it_or_is_meant_to_be(self):
        estate = self.estate()
        estate["NetworkInterfaces"][0]["Groups"].append({"GroupId": "sg-9"})  # a group that may admit it and is not known
        estate["NetworkAcls"][0]["Entries"] = [entry(40000, False, "allow"), entry(40000, True, "allow")]
        self.assertEqual(self.suggested(estate), [])
        intent = {"schema": "sgproof/intent/v1", "platform": "x", "default": "deny", "rules": [
            {"id": "web", "decision": "allow", "select": {}, "protocol": "tcp", "ports": "443"}]}
        self.assertEqual(self.suggested(self.estate(), intent), [])
        self.assertEqual(self.suggested(self.estate(), port=8443), [])  # nothing admits it: undeclared

    def test_where_no_group_filters_an_acl_entry_denies_these_ports_alone(self):
        estate = self.estate()
        estate["NetworkInterfaces"][0]["Groups"] = []
        command = ("aws ec2 create-network-acl-entry --region eu-west-3 --network-acl-id acl-1 --ingress --rule-number %d --rule-action deny "
                   "--protocol 6 --port-range From=443,To=443 --cidr-block 0.0.0.0/0")
        self.assertEqual(self.suggested(estate), [command % 99])
        estate["NetworkAcls"][0]["Entries"].append(entry(98, False, "deny", cidr="9.9.9.0/24"))
        self.assertEqual(self.suggested(estate), [command % 99])
        estate["NetworkAcls"][0]["Entries"].append(entry(99, False, "deny", cidr="9.9.9.0/24"))
        self.assertEqual(self.suggested(estate), [])  # no number is free
        for number in (99, 97):
            estate["NetworkAcls"][0]["Entries"] = [one for one in estate["NetworkAcls"][0]["Entries"] if one["RuleNumber"] not in (98, 99)]
            estate["NetworkAcls"][0]["Entries"] += [entry(n, False, "deny", cidr="::/0") for n in range(99, number, -1)]
            self.assertEqual(self.suggested(estate), [command % number])  # of the other family they decide nothing here

    def test_where_a_group_is_not_known_nothing_surely_closes_it(self):
        estate = self.estate()
        estate["NetworkInterfaces"][0]["Groups"] = [{"GroupId": "sg-9"}]
        self.assertEqual(self.suggested(estate), [])

    def test_an_id_that_a_shell_would_read_otherwise_is_never_printed_in_a_command(self):
        for bad in ("sg-1;reboot", "sg-$(id)", "--profile", "sg 1"):
            estate = self.estate()
            estate["SecurityGroups"][0]["GroupId"] = estate["NetworkInterfaces"][0]["Groups"][0]["GroupId"] = bad
            estate["NetworkAcls"][0]["NetworkAclId"] = bad
            self.assertEqual(self.suggested(estate), [], bad)
        self.assertEqual(self.suggested(self.estate(None, [record("sgr-1`id`", "tcp", (443, 443), CidrIpv4=WORLD)])), [])

    def test_a_command_in_text_is_one_that_a_shell_takes_as_it_stands(self):
        self.verdict(self.estate())
        (self.folder / "v.json").write_text(self.said)
        [command] = json.loads(self.said)["verdicts"][0]["suggested"]
        lines = self.text("report", self.folder / "v.json", "--format", "text").splitlines()
        first = next(i for i, line in enumerate(lines) if "aws ec2" in line)
        words = next(w for n in range(1, 9) for w in [self.split("\n".join(lines[first:first + n]))] if w)
        self.assertEqual(words[:-1], shlex.split(command)[:-1])
        self.assertEqual(json.loads(words[-1]), json.loads(shlex.split(command)[-1]))

    @staticmethod
    def split(text):
        try:
            return None if text.endswith("\\") else shlex.split(text.replace("\\\n", " "))
        except ValueError:  # within quotes
            return None

    def test_text_junit_sarif_and_html_mark_it_as_a_suggestion(self):
        self.verdict(self.estate(None, [record("sgr-1", "tcp", (443, 443), CidrIpv4=WORLD), record("sgr-6", "tcp", (443, 443), CidrIpv6="::/0")]))
        file = self.folder / "v.json"
        file.write_text(self.said)
        for form in ("text", "junit", "html"):
            told = " ".join(self.text("report", file, "--format", form).replace("\\\n", " ").split())
            self.assertRegex(told, "Suggestion: to judge first; it closes all else that it names, too:(</p><pre>| )" + self.START + "--security-group-rule-ids sgr-1", form)
        self.assertIn(self.START + "--security-group-rule-ids sgr-1", self.text("report", file, "--format", "sarif"))


if __name__ == "__main__":
    unittest.main()
