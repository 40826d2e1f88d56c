"""diff of what gets out and of who reaches whom inside: exact sets by segments, causes, the intent's rules with from and to, plans, and what was not compared."""
import copy
import json
import os
import pathlib
import sys
import unittest
import xml.etree.ElementTree as xml

sys.path[:0] = [os.path.join(os.path.dirname(__file__), ".."), os.path.dirname(__file__)]
import common
from test_diff import change
from test_segments import ALL_OUT, NAT, group, interface, platform, refers, two_vpcs
from test_snapshots import entry, permission
from test_world import documents, folder

DENIES = {"id": "no-ssh", "decision": "deny", "from": {"group": "sg-web"}, "to": {"group": "sg-db"}, "protocol": "tcp", "ports": "22"}


def with_ssh(estate=None):
    """The platform, whose database admits ssh from the web tier, too."""
    made = estate or platform()
    made["SecurityGroups"][2]["IpPermissions"].append(refers("tcp", (22, 22), "sg-web"))
    return made


def intent(*rules, **members):
    return folder({"intent.json": {"schema": "sgproof/intent/v1", "platform": "shop", "default": "allow", "rules": list(rules), **members}}) / "intent.json"


class FlowDiff(unittest.TestCase):
    maxDiff = None

    def run_diff(self, before, after, *words, status=0):
        done = common.sgproof("diff", folder(documents(before)), folder(documents(after)), *words)
        self.assertEqual(done.returncode, status, done.stderr + done.stdout[-3000:])
        return done.stdout

    def diff(self, before, after, *words, status=0):
        self.output = json.loads(self.run_diff(before, after, "--format", "json", *words, status=status))
        return {(f["direction"], f["change"], f["from"], f["to"], f["protocol"], f["ports"], f["certainty"]) for f in self.output["flows"]}

    def both(self, before, after, *expected):
        """What opens on the way there closes on the way back."""
        turned = {"opened": "closed", "closed": "opened"}
        self.assertEqual(self.diff(before, after), set(expected))
        there = self.output
        self.assertEqual(self.diff(after, before), {(d, turned[c], *rest) for d, c, *rest in expected})
        return there, self.output

    def test_a_rule_opens_exactly_what_it_admits_inside_and_nothing_else(self):
        there, back = self.both(platform(), with_ssh(), ("inside", "opened", "sg-web", "sg-db", "tcp", "22", "exact"))
        [flow] = there["flows"]
        self.assertEqual((flow["sources"], flow["destinations"], flow["from_name"], flow["way"]), (["10.0.0.4/32"], ["10.0.2.4/32"], "web", "local"))
        self.assertEqual(common.texts(flow["causes"]), ["inbound rules: sg-db:1 (tcp 22 from sg-web) (before: no inbound rule of sg-db admits it)"])
        self.assertEqual(common.texts(back["flows"][0]["causes"]), ["inbound rules: no inbound rule of sg-db admits it (before: sg-db:1 (tcp 22 from sg-web))"])
        self.assertEqual((there["opened"], there["closed"], there["segments_by"]), ([], [], "group"))
        self.assertEqual(self.diff(platform(), platform(), "--exit-code"), set())
        self.assertEqual(len(self.diff(platform(), with_ssh(), "--exit-code", status=1)), 1)

    def test_what_closes_and_opens_outwards_names_its_route_acl_or_gateway(self):
        for alter, cause in ((lambda e: e["RouteTables"][1]["Routes"].pop(), "route: rtb-private has no route to it"),
                             (lambda e: e["NetworkAcls"][0]["Entries"].append(entry(50, True, "deny", "-1", "0.0.0.0/0")), "network acl out: acl-default:egress:50"),
                             (lambda e: e.update(NatGateways=[{**NAT, "State": "deleted"}]), "NAT gateway: it does not get through nat-1")):
            after = platform()
            alter(after)
            closed = self.diff(platform(), after)
            self.assertIn(("outwards", "closed", "sg-app", "internet", "tcp", "0-65535", "exact"), closed)
            self.assertEqual({c for _, c, *_ in closed}, {"closed"})
            [flow] = [f for f in self.output["flows"] if (f["from"], f["to"], f["protocol"]) == ("sg-app", "internet", "tcp")]
            self.assertIn(cause, flow["causes"][0]["text"])
            self.assertEqual(flow["destinations"], ["internet"])

    def test_what_a_rule_of_one_port_less_leaves_is_cut_exactly(self):
        before, after = platform(), platform()
        for estate, ports in ((before, (80, 90)), (after, (85, 95))):
            estate["SecurityGroups"][2]["IpPermissions"] = [permission("tcp", ports, ["10.0.0.0/16"])]
        self.assertEqual({(f[1], f[2], f[5]) for f in self.diff(before, after)},
                         {(c, s, p) for s in ("sg-web", "sg-app") for c, p in (("opened", "91-95"), ("closed", "80-84"))})

    def test_other_ids_of_groups_and_vpcs_and_equal_groups_move_nothing(self):
        renamed = json.loads(json.dumps(with_ssh()).replace("sg-db", "sg-0aa").replace("vpc-1", "vpc-9"))
        self.both(with_ssh(), renamed)
        twin = with_ssh()
        twin["SecurityGroups"].append({**copy.deepcopy(twin["SecurityGroups"][2]), "GroupId": "sg-db2", "GroupName": "db2"})
        twin["NetworkInterfaces"][2]["Groups"] = [{"GroupId": "sg-db2"}]
        self.both(with_ssh(), twin)

    def test_a_new_interface_opens_what_it_reaches_and_is_the_cause(self):
        after = platform()
        after["NetworkInterfaces"].append(interface("app2", "subnet-b", "sg-app", "10.0.1.5"))
        after["Reservations"][0]["Instances"].append({"InstanceId": "i-app2", "State": {"Name": "running"}})
        there, _ = self.both(platform(), after, ("inside", "opened", "sg-app", "sg-db", "tcp", "5432", "exact"), ("inside", "opened", "sg-web", "sg-app", "tcp", "8080", "exact"),
                             ("inside", "opened", "sg-app", "sg-web", "tcp", "443", "exact"), *(("outwards", "opened", "sg-app", "internet", p, n, "exact") for p, n in (("tcp", "0-65535"), ("udp", "0-65535"), ("icmp", "8,13"))))
        self.assertEqual({t for f in there["flows"] for t in common.texts(f["causes"])}, {"eni-app2 (10.0.1.5) is new"})

    def test_a_peering_that_becomes_active_joins_two_vpcs(self):
        self.both(two_vpcs("pending-acceptance"), two_vpcs(), ("inside", "opened", "sg-app", "sg-other", "tcp", "22,9000", "exact"),
                  ("inside", "opened", "sg-db", "sg-other", "tcp", "22", "exact"))

    def test_what_is_less_sure_is_altered_and_what_lacks_is_named(self):
        after = with_ssh()
        del after["NatGateways"]
        moved = self.diff(with_ssh(), after)
        self.assertTrue(any("NatGateways" in text for text in self.output["flows_missing"]))
        self.assertIn("\nnot known inside and outwards: after: missing: NatGateways", self.run_diff(with_ssh(), after))
        self.assertEqual(self.diff(with_ssh(), after, "--intent", str(intent(DENIES)), status=3), moved)  # its rule rests on it
        self.assertEqual({(d, c, s, x) for d, c, _, s, *_, x in moved}, {("outwards", "altered", "internet", "possible")})
        self.assertTrue(any("NatGateways" in text for text in self.output["missing_after"]))
        self.assertIn("is altered outwards", self.run_diff(with_ssh(), after).splitlines()[-1].replace("are altered", "is altered"))

    def test_that_nothing_moves_is_said_only_where_all_is_known(self):
        without = platform()
        del without["NatGateways"]
        for estate, moves, opens in ((platform(), "nothing moves", "nothing opens or closes"),
                                     (without, "nothing is known to move", "nothing opens or closes for the internet; inside and outwards not all is known")):
            self.assertEqual(self.diff(estate, estate), set())
            self.assertIn("inside and outwards, by group: %s\n" % moves, self.run_diff(estate, estate))
            self.assertIn(" %s\n" % opens, self.run_diff(estate, estate, "--format", "markdown"))
        self.assertIn("Not all is known inside and outwards: before: missing: NatGateways", self.run_diff(without, without, "--format", "markdown"))

    def test_a_side_that_tells_of_no_interfaces_leaves_unknown_what_would_open(self):
        before = platform()
        del before["NetworkInterfaces"], before["Reservations"]
        self.assertEqual(self.diff(before, platform(), status=3), set())
        self.assertTrue(any("NetworkInterfaces" in text and text.startswith("not known before") for text in self.output["unknown"]))
        self.assertIn("nothing is known to move", self.run_diff(before, platform(), status=3))

    def test_the_gate_fails_for_what_a_rule_of_flows_forbids_and_tells_of_the_rest(self):
        rules = [DENIES, {"id": "no-way-out", "decision": "deny", "from": {"group": "sg-db"}, "to": "internet", "protocol": "all"}]
        self.diff(platform(), with_ssh(), "--intent", str(intent(*rules)), status=1)
        [flow] = self.output["flows"]
        self.assertEqual((flow["severity"], flow["why"], self.output["findings"]), ("high", "the intent's rule no-ssh forbids it", 1))
        self.diff(with_ssh(), platform(), "--intent", str(intent(*rules)))  # what closes is information
        self.diff(platform(), with_ssh(), "--intent", str(intent({**DENIES, "id": "for-now", "decision": "allow"}, DENIES)))
        self.assertEqual((self.output["flows"][0]["severity"], self.output["flows"][0]["why"]), ("info", "the intent's rule for-now allows it"))
        shut = platform()
        shut["SecurityGroups"][2]["IpPermissionsEgress"] = []
        self.diff(shut, platform(), "--intent", str(intent(*rules)), status=1)
        self.assertEqual({(f["direction"], f["from"], f["severity"]) for f in self.output["flows"]}, {("outwards", "sg-db", "high"), ("inside", "sg-db", "info")})

    def test_a_rule_without_an_end_inside_says_nothing_of_what_leaves(self):
        allow = {"id": "web-inside", "decision": "allow", "from": {"group": "sg-web"}, "protocol": "all"}
        out = {"id": "no-way-out", "decision": "deny", "from": {"group": "sg-web"}, "to": "internet", "protocol": "all"}
        done = common.sgproof("segments", folder(documents(platform())), "--intent", str(intent(allow, out)), "--format", "json")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertEqual({f["rule"] for f in json.loads(done.stdout)["findings"]}, {"no-way-out"})

    def test_an_opening_is_cut_where_the_intent_decides_otherwise_and_by_its_tiers(self):
        after = platform()
        after["SecurityGroups"][2]["IpPermissions"].append(refers("tcp", (20, 25), "sg-web"))
        tiers = [{"id": name, "select": {"group": "sg-" + name}} for name in ("web", "app", "db")]
        file = intent({**DENIES, "from": "web", "to": "db"}, segments=tiers)
        self.assertEqual({(f[2], f[3], f[5]) for f in self.diff(platform(), after, "--intent", str(file), status=1)}, {("web", "db", "22"), ("web", "db", "20-21,23-25")})
        self.assertEqual({f["ports"]: f["severity"] for f in self.output["flows"]}, {"22": "high", "20-21,23-25": "info"})
        self.assertEqual(self.output["segments_by"], "intent")

    def test_text_markdown_junit_and_sarif_tell_of_it(self):
        words = ("--intent", str(intent(DENIES)))
        text = self.run_diff(platform(), with_ssh(), *words, status=1)
        self.assertIn("opened   inside web to db tcp 22, 10.0.0.4/32 to 10.0.2.4/32  [high: the intent's rule no-ssh forbids it]\n", text)
        self.assertIn("inside and outwards, by group: 1 opens inside\n", text)
        self.assertIn("inside and outwards, by group: nothing moves\n", self.run_diff(platform(), platform()))
        markdown = self.run_diff(platform(), with_ssh(), *words, "--format", "markdown", status=1)
        self.assertIn("1 opens inside: 1 at or above high", markdown)
        self.assertIn("| high | opened inside | web to db | tcp 22 | 10.0.0.4/32 to 10.0.2.4/32 |", markdown)
        suite = xml.fromstring(self.run_diff(platform(), with_ssh(), *words, "--format", "junit", status=1)).find("testsuite")
        self.assertEqual((suite.get("tests"), suite.get("failures"), len(suite.findall("testcase"))), ("2", "1", 2))
        [result] = json.loads(self.run_diff(platform(), with_ssh(), *words, "--format", "sarif", status=1))["runs"][0]["results"]
        self.assertEqual((result["ruleId"], result["level"]), ("opened-inside", "error"))


RULE = {"type": "egress", "security_group_id": "sg-db", "protocol": "tcp", "from_port": 443, "to_port": 443, "cidr_blocks": ["0.0.0.0/0"], "ipv6_cidr_blocks": None,
        "prefix_list_ids": None, "self": False, "source_security_group_id": None}


# The web tier admits 443 from everywhere.
OPENS_443 = {("outwards", "opened", "sg-db", "internet", "tcp", "443", "exact"), ("inside", "opened", "sg-db", "sg-web", "tcp", "443", "exact")}


class Plans(unittest.TestCase):
    """What a Terraform plan, or a change set, makes of these directions."""
    maxDiff = None

    def shut(self):
        """The platform, whose database asks for nothing."""
        estate = platform()
        estate["SecurityGroups"][2]["IpPermissionsEgress"] = []
        return estate

    def planned(self, changes, estate=None, status=0, root=None, more=()):
        made = folder(documents(estate or self.shut()))
        plan = {"format_version": "1.2", "terraform_version": "1.9.5", "resource_changes": changes}
        if root:
            plan["configuration"] = {"root_module": {"resources": root}}
        file = folder({"plan.json": plan}) / "plan.json"
        done = common.sgproof("diff", "--terraform", file, made, "--format", "json", *more)
        self.assertEqual(done.returncode, status, done.stderr + done.stdout[-3000:])
        self.output = json.loads(done.stdout)
        return {(f["direction"], f["change"], f["from"], f["to"], f["protocol"], f["ports"], f["certainty"]) for f in self.output["flows"]}

    def test_an_outbound_rule_opens_outwards_by_its_resource(self):
        out = change("aws_security_group_rule.out", ["create"], None, RULE, {"id": True})
        self.assertEqual(self.planned([out]), OPENS_443)
        flow = self.output["flows"][1]
        self.assertEqual([r["address"] for r in flow["resources"]], ["aws_security_group_rule.out"])
        self.assertIn("sg-db:egress:0", flow["causes"][0]["text"])
        own = change("aws_vpc_security_group_egress_rule.out", ["create"], None, {"security_group_id": "sg-db", "ip_protocol": "tcp", "from_port": 443, "to_port": 443,
                                                                                 "cidr_ipv4": "0.0.0.0/0"}, {"id": True})
        self.assertEqual(self.planned([own]), OPENS_443)
        estate = self.shut()
        estate["SecurityGroups"][2]["IpPermissionsEgress"] = [permission("tcp", (443, 443), ["0.0.0.0/0"])]
        gone = change("aws_security_group_rule.out", ["delete"], RULE, None)
        self.assertEqual(self.planned([gone], estate), {(d, "closed", *rest) for d, _, *rest in OPENS_443})

    def test_references_to_groups_open_inside_and_close(self):
        rule = dict(RULE, type="ingress", from_port=22, to_port=22, cidr_blocks=None, source_security_group_id="sg-web")
        self.assertEqual(self.planned([change("aws_security_group_rule.ssh", ["create"], None, rule, {"id": True})]),
                         {("inside", "opened", "sg-web", "sg-db", "tcp", "22", "exact")})
        self.assertEqual(self.planned([change("aws_security_group_rule.ssh", ["delete"], rule, None)], with_ssh(self.shut())),
                         {("inside", "closed", "sg-web", "sg-db", "tcp", "22", "exact")})
        estate = self.shut()
        estate["NetworkInterfaces"].append(interface("web2", "subnet-a", "sg-web", "10.0.0.5"))
        estate["Reservations"][0]["Instances"].append({"InstanceId": "i-web2", "State": {"Name": "running"}})
        own = dict(rule, security_group_id="sg-web", source_security_group_id=None, self=True)
        self.assertEqual(self.planned([change("aws_security_group_rule.own", ["create"], None, own, {"id": True})], estate),
                         {("inside", "opened", "sg-web", "sg-web", "tcp", "22", "exact")})

    def test_a_new_group_lets_out_what_it_says_and_nothing_of_itself(self):
        block = {"protocol": "tcp", "from_port": 443, "to_port": 443, "cidr_blocks": ["0.0.0.0/0"], "ipv6_cidr_blocks": [], "prefix_list_ids": [], "security_groups": [], "self": False}
        source = folder({})
        (source / "main.tf").write_text('resource "aws_network_interface" "db" {\n  security_groups = [aws_security_group.g.id]\n}\nresource "aws_security_group" "g" {\n}\n')
        for egress, expected in (([block], "443"), ([], None)):
            made = change("aws_security_group.g", ["create"], None, {"name": "g", "vpc_id": "vpc-1", "ingress": [], "egress": egress}, {"id": True})
            moves = change("aws_network_interface.db", ["update"], {"id": "eni-db", "security_groups": ["sg-db"]}, {"id": "eni-db"}, {"security_groups": True})
            root = [{"address": "aws_network_interface.db", "expressions": {"security_groups": {"references": ["aws_security_group.g.id", "aws_security_group.g"]}}}]
            found = self.planned([made, moves], root=root, more=["--source", source])
            self.assertEqual({f for f in found if f[0] == "outwards"}, {("outwards", "opened", "aws_security_group.g", "internet", "tcp", expected, "exact")} if expected else set())
            self.assertIn(("inside", "closed", "sg-app", "sg-db", "tcp", "5432", "exact"), found)

    def test_a_nat_gateway_and_a_route_to_it_open_outwards(self):
        estate = platform()
        estate["RouteTables"][1]["Routes"].pop()
        estate["NatGateways"] = []
        nat = change("aws_nat_gateway.n", ["create"], None, {"subnet_id": "subnet-a", "connectivity_type": "public"}, {"id": True, "public_ip": True})
        route = change("aws_route.out", ["create"], None, {"route_table_id": "rtb-private", "destination_cidr_block": "0.0.0.0/0"}, {"id": True, "nat_gateway_id": True})
        root = [{"address": "aws_route.out", "expressions": {"nat_gateway_id": {"references": ["aws_nat_gateway.n.id", "aws_nat_gateway.n"]}}}]
        found = self.planned([nat, route], estate, root=root)
        self.assertEqual({(d, c, s, x) for d, c, s, _, _, _, x in found}, {("outwards", "opened", s, "exact") for s in ("sg-app", "sg-db")})
        self.assertIn("aws_route.out", json.dumps(self.output["flows"][0]["resources"]))
        self.assertEqual({c for _, c, *_ in self.planned([change("aws_nat_gateway.n", ["delete"], {"id": "nat-1", "subnet_id": "subnet-a"}, None)], platform())}, {"closed"})

    def test_a_new_instance_stands_in_its_subnet(self):
        made = change("aws_instance.app", ["create"], None, {"subnet_id": "subnet-b", "vpc_security_group_ids": ["sg-app"], "associate_public_ip_address": False},
                      {"id": True, "private_ip": True})
        self.assertIn(("inside", "opened", "sg-app", "sg-db", "tcp", "5432", "exact"), self.planned([made]))
        self.assertIn("is new", json.dumps(self.output["flows"][0]["causes"]))

    def test_an_interface_of_its_own_outlives_its_instance_and_closes_where_it_is_deleted_itself(self):
        own = {"id": "eni-db", "subnet_id": "subnet-c", "private_ips": ["10.0.2.4"], "security_groups": ["sg-db"], "attachment": [{"instance": "i-db", "device_index": 0}]}
        host = change("aws_instance.db", ["delete"], {"id": "i-db", "subnet_id": "subnet-c"}, None)
        kept, gone = change("aws_network_interface.db", ["no-op"], own, own), change("aws_network_interface.db", ["delete"], own, None)
        asks = ("inside", "closed", "sg-app", "sg-db", "tcp", "5432", "exact")
        self.assertEqual(self.planned([host, kept]), set())
        for changes in ([host, gone], [gone], [host]):  # an interface that is no resource went with its instance
            self.assertIn(asks, self.planned(changes))
            self.assertIn("eni-db is gone", json.dumps(self.output["flows"]))

    def test_what_an_outbound_rule_says_only_after_apply_is_a_doubt_of_these_directions_alone(self):
        out = change("aws_security_group_rule.out", ["create"], None, dict(RULE, cidr_blocks=None), {"id": True, "cidr_blocks": True})
        moved = self.planned([out])
        self.assertEqual({(d, c, x) for d, c, *_, x in moved}, {("inside", "opened", "possible"), ("outwards", "opened", "possible")})
        self.assertEqual(self.output["unknown"], [])
        self.assertIn("aws_security_group_rule.out: cidr_blocks is known after apply", self.output["flows_missing"])
        self.assertEqual(self.planned([out], status=3, more=("--intent", str(intent(DENIES)))), moved)
        self.assertEqual(self.output["unknown"], ["aws_security_group_rule.out: cidr_blocks is known after apply"])

    def test_what_carries_packets_and_is_not_modelled_is_named(self):
        for kind, after in (("aws_vpc_peering_connection", {"vpc_id": "vpc-1", "peer_vpc_id": "vpc-2"}), ("aws_ec2_transit_gateway_vpc_attachment", {"subnet_ids": ["subnet-a"]}),
                            ("aws_db_instance", {"publicly_accessible": False, "vpc_security_group_ids": ["sg-db"]}), ("aws_lambda_function", {"vpc_config": [{"subnet_ids": ["subnet-b"]}]})):
            self.assertEqual(self.planned([change(kind + ".x", ["create"], None, after)]), set())
            self.assertIn(kind + ".x: ", self.output["flows_missing"][0])
            self.planned([change(kind + ".x", ["create"], None, after)], status=3, more=("--intent", str(intent(DENIES))))
            self.assertIn(kind + ".x: ", self.output["unknown"][0])
        for kind, after in (("aws_lambda_function", {"vpc_config": []}), ("aws_db_subnet_group", {"subnet_ids": ["subnet-a"]})):
            self.assertEqual(self.planned([change(kind + ".x", ["create"], None, after)]), set())
            self.assertEqual(self.output["flows_missing"], [])

    def test_change_sets_tell_outbound_rules_and_the_default_of_aws(self):
        context = lambda properties: json.dumps({"Properties": properties})
        rule = {"GroupId": "sg-db", "IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": "0.0.0.0/0"}
        entry_ = {"Type": "Resource", "ResourceChange": {"Action": "Add", "LogicalResourceId": "Out", "ResourceType": "AWS::EC2::SecurityGroupEgress", "Scope": [], "Details": [],
                                                         "AfterContext": context(rule)}}
        document = {"ChangeSetName": "c", "ChangeSetId": "arn:aws:cloudformation:eu-west-3:111122223333:changeSet/c/1", "StackName": "s", "Status": "CREATE_COMPLETE", "Changes": [entry_]}
        file = folder({"set.json": document}) / "set.json"
        done = common.sgproof("diff", "--changeset", file, folder(documents(self.shut())), "--format", "json")
        self.assertEqual(done.returncode, 0, done.stderr + done.stdout[-2000:])
        self.assertEqual([(f["direction"], f["ports"], f["resources"][0]["address"]) for f in json.loads(done.stdout)["flows"]], [("inside", "443", "Out"), ("outwards", "443", "Out")])


if __name__ == "__main__":
    unittest.main()
