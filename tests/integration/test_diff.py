"""diff: what opened and what closed between two snapshots or by a Terraform plan, and what did it."""
import copy
import json
import os
import pathlib
import sys
import tempfile
import unittest

sys.path[:0] = [os.path.dirname(__file__), os.path.join(os.path.dirname(__file__), "..")]
import common
from oracle import estates
from test_snapshots import Case, entry, lets_out as plain, permission

WORLD = "0.0.0.0/0"


class Diff(Case):
    def between(self, before, after, expect=0, words=()):
        with tempfile.TemporaryDirectory() as folder:
            for name, estate in (("before", before), ("after", after)):
                os.mkdir(os.path.join(folder, name))
                estates.write(estate, os.path.join(folder, name))
            done = common.sgproof("diff", os.path.join(folder, "before"), os.path.join(folder, "after"), "--format", "json", *words)
        self.assertEqual(done.returncode, expect, done.stderr)
        return json.loads(done.stdout)

    def internet(self, changes):
        return [(x["address"], x["protocol"], x.get("from_port"), x.get("to_port")) for x in changes if x["internet"]]

    def only_change(self, change):
        """Applies one change to the plain estate, IPv4 only, and gives the diff."""
        before = plain()
        before["NetworkInterfaces"][0]["Ipv6Addresses"] = []
        after = copy.deepcopy(before)
        change(after)
        return self.between(before, after), self.between(after, before)

    def closes(self, change, cause):
        forth, back = self.only_change(change)
        self.assertEqual(self.internet(forth["closed"]), [("198.51.100.4", "tcp", 443, 443)])
        self.assertEqual(forth["opened"], [])
        self.assertIn(cause, json.dumps([x["causes"] for x in forth["closed"] if x["internet"]]))
        self.assertEqual(self.internet(back["opened"]), [("198.51.100.4", "tcp", 443, 443)])
        self.assertEqual(back["closed"], [])
        return common.texts(back["opened"][0]["causes"])

    def test_no_change_is_an_empty_diff_and_exit_code_tells(self):
        self.assertEqual(self.between(plain(), plain(), words=["--exit-code"])["opened"], [])
        after = plain()
        after["SecurityGroups"][0]["IpPermissions"] = []
        self.between(plain(), after, 1, ["--exit-code"])

    def test_public_places_that_one_side_tells_of_are_named(self):
        before, after = plain(), plain()
        url = lambda name, auth: {"FunctionArn": "arn:aws:lambda:eu-west-3:111122223333:function:" + name, "FunctionUrl": "https://%s.example/" % auth}
        before["FunctionUrlConfigs"] = [url("hook", "a"), url("old", "b")]
        after["FunctionUrlConfigs"] = [url("hook", "c"), url("new", "d")]
        self.assertEqual(self.between(before, after)["public_places"], [
            "first told of: Lambda function URL new (https://d.example/)", "no longer told of: Lambda function URL old (https://b.example/)",
            "told of otherwise: Lambda function URL hook (https://c.example/), before https://a.example/"])
        self.assertEqual(self.between(before, before)["public_places"], [])

    def test_a_rule_added_opens_exactly_its_ports_and_sources(self):
        forth, back = self.only_change(lambda e: e["SecurityGroups"][0]["IpPermissions"].append(permission("tcp", (440, 450), ["8.8.0.0/16"])))
        self.assertEqual([(x["from_port"], x["to_port"], x["sources"], x["certainty"]) for x in forth["opened"]],
                         [(440, 442, ["8.8.0.0/16"], "exact"), (444, 450, ["8.8.0.0/16"], "exact")])
        self.assertEqual(forth["opened"][0]["causes"], [{"stage": "group", "id": "sg-1:1", "text":
                         "security groups: sg-1:1 (tcp 440-450 from 8.8.0.0/16) admits (before: no rule of sg-1 admits it)"}])
        self.assertEqual([x["to_port"] for x in back["closed"]], [442, 450])

    def test_an_acl_entry_that_denies_closes(self):
        causes = self.closes(lambda e: e["NetworkAcls"][0]["Entries"].append(entry(50, False, "deny")), "acl-1:50 (denies everything from 0.0.0.0/0)")
        self.assertEqual(causes, ["network acl in: acl-1:100 (allows everything from 0.0.0.0/0) (before: acl-1:50 (denies everything from 0.0.0.0/0))"])

    def test_an_outbound_acl_entry_that_denies_leaves_inbound_only(self):
        forth, _ = self.only_change(lambda e: e["NetworkAcls"][0]["Entries"].append(entry(50, True, "deny")))
        self.assertEqual(self.internet(forth["closed"]), [("198.51.100.4", "tcp", 443, 443)])
        self.assertIn("network acl out: acl-1:egress:50 (denies everything to 0.0.0.0/0)", json.dumps(forth["closed"]))

    def test_a_route_moved_closes(self):
        def change(estate):
            estate["RouteTables"][0]["Routes"][1] = {"DestinationCidrBlock": WORLD, "NatGatewayId": "nat-1", "State": "active"}
        self.closes(change, "route back: rtb-1:0.0.0.0/0 to nat-1")

    def test_a_gateway_detached_closes(self):
        self.closes(lambda e: e["InternetGateways"][0].update(Attachments=[]), "gateway: vpc-1 has no internet gateway attached")

    def test_an_address_associated_opens(self):
        causes = self.closes(lambda e: e["NetworkInterfaces"][0]["PrivateIpAddresses"][0].pop("Association"), "address 198.51.100.4 taken from eni-1")
        self.assertEqual(causes, ["address 198.51.100.4 associated with eni-1"])

    def test_an_instance_started_opens(self):
        causes = self.closes(lambda e: e["Reservations"][0]["Instances"][0]["State"].update(Name="stopped"), "instance i-1 stopped")
        self.assertEqual(causes, ["instance i-1 started"])

    def test_two_causes_are_told_apart(self):
        """A rule and a route change at once: each piece of what opened has the causes that it needs."""
        before = plain()
        before["RouteTables"][0]["Routes"].append({"DestinationCidrBlock": "8.0.0.0/8", "TransitGatewayId": "tgw-1", "State": "active"})
        after = plain()
        after["SecurityGroups"][0]["IpPermissions"].append(permission("tcp", (22, 22), ["7.0.0.0/8", "8.0.0.0/8"]))
        opened = [x for x in self.between(before, after)["opened"] if x["path"] == "two-way"]
        told = {(x["from_port"], tuple(x["sources"])): sorted(c["stage"] for c in x["causes"]) for x in opened}
        self.assertEqual(told, {(22, ("7.0.0.0/8",)): ["group"], (22, ("8.0.0.0/8",)): ["group", "route"],
                                (443, ("8.0.0.0/8",)): ["route"]})

    def test_what_turns_possible_is_altered_not_opened(self):
        forth, _ = self.only_change(lambda e: e["RouteTables"][0]["Routes"].__setitem__(1, {
            "DestinationCidrBlock": WORLD, "GatewayId": "vpce-1", "State": "active"}))
        self.assertEqual((forth["opened"], forth["closed"]), ([], []))
        self.assertEqual([common.texts(x["causes"]) for x in forth["altered"] if x["internet"]], [["possible (before: certain)", "replies are routed to vpce-1: what it lets through is not modelled"]])

    def test_renamed_ids_reordered_documents_and_split_rules_make_no_difference(self):
        before, after = plain(), plain()
        text = json.dumps(after)
        for old in ("sg-1", "acl-1", "rtb-1", "igw-1", "vpc-1", "subnet-1", "eni-1", "i-1"):
            text = text.replace('"%s"' % old, '"%s"' % (old + "new"))
        after = json.loads(text)
        after["NetworkAcls"][0]["Entries"].reverse()
        after["SecurityGroups"][0]["IpPermissions"] = [permission("tcp", (443, 443), ["128.0.0.0/1"]), permission("tcp", (443, 443), [], ["::/0"]),
                                                       permission("tcp", (443, 443), ["0.0.0.0/2", "64.0.0.0/2"])]
        found = self.between(before, after)
        self.assertEqual((found["opened"], found["closed"], found["altered"]), ([], [], []))


def change(address, actions, before=None, after=None, unknown=None, type=None):
    return {"address": address, "mode": "managed", "type": type or address.split("[")[0].split(".")[-2], "name": address.split(".")[-1],
            "change": {"actions": actions, "before": before, "after": after, "after_unknown": unknown or {}}}


def block(protocol, low, high, cidrs=(), v6=()):
    return {"cidr_blocks": list(cidrs), "description": "", "from_port": low, "ipv6_cidr_blocks": list(v6), "prefix_list_ids": [], "protocol": protocol,
            "security_groups": [], "self": False, "to_port": high}


class Terraform(Case):
    def planned(self, changes, configuration=None, expect=0, estate=None):
        plan = {"format_version": "1.2", "terraform_version": "1.9.5", "resource_changes": changes,
                "configuration": {"root_module": {"resources": configuration or []}}}
        with tempfile.TemporaryDirectory() as folder:
            os.mkdir(os.path.join(folder, "estate"))
            estates.write(estate or plain(), os.path.join(folder, "estate"))
            (pathlib.Path(folder) / "plan.json").write_text(json.dumps(plan))
            done = common.sgproof("diff", "--terraform", os.path.join(folder, "plan.json"), os.path.join(folder, "estate"), "--format", "json")
        self.assertEqual(done.returncode, expect, done.stderr)
        return json.loads(done.stdout)

    def told(self, changes):
        return sorted({(x["address"], x["from_port"], x["to_port"], tuple(x["sources"]), x["certainty"]) for x in changes if x["internet"]})

    def test_a_group_with_inline_rules(self):
        before = {"id": "sg-1", "name": "web", "vpc_id": "vpc-1", "ingress": [block("tcp", 443, 443, [WORLD], ["::/0"])]}
        after = dict(before, ingress=[block("tcp", 443, 443, [WORLD], ["::/0"]), block("tcp", 22, 22, ["8.8.0.0/16"])])
        found = self.planned([change("aws_security_group.web", ["update"], before, after)])
        self.assertEqual(self.told(found["opened"]), [("198.51.100.4", 22, 22, ("8.8.0.0/16",), "exact")])
        self.assertEqual((found["closed"], found["not_considered"]), ([], []))
        found = self.planned([change("aws_security_group.web", ["update"], before, dict(before, ingress=[]))])
        self.assertEqual({x["address"] for x in found["closed"] if x["internet"]}, {"198.51.100.4", "2001:db8:1::4"})

    def test_rule_resources_old_and_new(self):
        old = {"id": "sgrule-1", "type": "ingress", "security_group_id": "sg-1", "protocol": "tcp", "from_port": 443, "to_port": 443,
               "cidr_blocks": [WORLD], "ipv6_cidr_blocks": None, "prefix_list_ids": None, "self": False, "source_security_group_id": None}
        new = {"security_group_id": "sg-1", "ip_protocol": "tcp", "from_port": 8443, "to_port": 8443, "cidr_ipv4": "8.8.8.0/24", "cidr_ipv6": None,
               "prefix_list_id": None, "referenced_security_group_id": None}
        found = self.planned([change("aws_security_group_rule.a", ["delete"], old), change("aws_vpc_security_group_ingress_rule.b", ["create"], None, new),
                              change("aws_security_group_rule.out", ["create"], None, dict(old, type="egress", from_port=1, to_port=1))])
        self.assertEqual([(x["from_port"], x["address"]) for x in found["closed"] if x["internet"]], [(443, "198.51.100.4")])
        self.assertEqual(self.told(found["opened"]), [("198.51.100.4", 8443, 8443, ("8.8.8.0/24",), "exact")])

    def test_unknown_sources_are_possible(self):
        rule = {"type": "ingress", "security_group_id": "sg-1", "protocol": "tcp", "from_port": 22, "to_port": 22, "prefix_list_ids": None}
        found = self.planned([change("aws_security_group_rule.a", ["create"], None, rule, {"cidr_blocks": [True], "id": True})], expect=3)
        self.assertEqual({(x["from_port"], x["certainty"]) for x in found["opened"] if x["internet"]}, {(22, "possible")})
        self.assertIn("known after apply", json.dumps(found["missing_after"]))

    def test_acls_and_their_rules(self):
        rule = {"network_acl_id": "acl-1", "rule_number": 50, "egress": False, "protocol": "tcp", "rule_action": "deny", "cidr_block": WORLD,
                "from_port": 443, "to_port": 443, "ipv6_cidr_block": None, "icmp_type": None, "icmp_code": None}
        found = self.planned([change("aws_network_acl_rule.a", ["create"], None, rule)])
        self.assertEqual([(x["address"], x["from_port"]) for x in found["closed"] if x["internet"]], [("198.51.100.4", 443)])
        inline = {"rule_no": 10, "action": "allow", "protocol": "6", "from_port": 22, "to_port": 22, "cidr_block": WORLD, "ipv6_cidr_block": "", "icmp_type": 0, "icmp_code": 0}
        found = self.planned([change("aws_network_acl.a", ["create"], None, {"vpc_id": "vpc-1", "subnet_ids": ["subnet-1"], "ingress": [inline], "egress": []})])
        self.assertEqual(len([x for x in found["closed"] if x["internet"] and x["path"] == "two-way"]), 2)

    def test_routes_tables_and_associations(self):
        found = self.planned([change("aws_route.a", ["create"], None, {"route_table_id": "rtb-1", "destination_cidr_block": "8.0.0.0/8", "transit_gateway_id": "tgw-1"})])
        self.assertEqual([x["sources"] for x in found["closed"] if x["internet"]], [["8.0.0.0/8"]])
        table = {"vpc_id": "vpc-1", "route": []}
        found = self.planned(
            [change("aws_route_table.private", ["create"], None, table, {"id": True}),
             change("aws_route_table_association.a", ["create"], None, {"subnet_id": "subnet-1"}, {"route_table_id": True, "id": True})],
            [{"address": "aws_route_table_association.a", "expressions": {"route_table_id": {"references": ["aws_route_table.private.id", "aws_route_table.private"]}}}])
        self.assertEqual(len([x for x in found["closed"] if x["internet"]]), 2)

    def test_a_route_to_a_new_gateway_opens(self):
        estate = plain()
        estate["InternetGateways"] = []
        estate["RouteTables"][0]["Routes"] = estate["RouteTables"][0]["Routes"][:1]
        found = self.planned(
            [change("aws_internet_gateway.main", ["create"], None, {"vpc_id": "vpc-1"}, {"id": True}),
             change("aws_route.out", ["create"], None, {"route_table_id": "rtb-1", "destination_cidr_block": WORLD}, {"gateway_id": True})],
            [{"address": "aws_route.out", "expressions": {"gateway_id": {"references": ["aws_internet_gateway.main.id", "aws_internet_gateway.main"]}}}],
            estate=estate)
        self.assertEqual([(x["address"], x["from_port"], x["certainty"]) for x in found["opened"] if x["path"] == "two-way"], [("198.51.100.4", 443, "exact")])

    def test_a_new_instance_in_a_new_network(self):
        refer = lambda address, **keys: {"address": address, "expressions": {k: {"references": v} for k, v in keys.items()}}
        found = self.planned(
            [change("aws_vpc.v", ["create"], None, {"cidr_block": "10.1.0.0/16"}, {"id": True}),
             change("aws_internet_gateway.g", ["create"], None, {}, {"id": True, "vpc_id": True}),
             change("aws_subnet.s[0]", ["create"], None, {"cidr_block": "10.1.0.0/24", "map_public_ip_on_launch": True}, {"id": True, "vpc_id": True}),
             change("aws_route_table.t", ["create"], None, {"route": [{"cidr_block": WORLD, "gateway_id": ""}]}, {"id": True, "vpc_id": True, "route": [{"gateway_id": True}]}),
             change("aws_route.r", ["create"], None, {"destination_cidr_block": WORLD}, {"route_table_id": True, "gateway_id": True}),
             change("aws_route_table_association.a", ["create"], None, {}, {"subnet_id": True, "route_table_id": True}),
             change("aws_security_group.w", ["create"], None, {"name": "w", "ingress": [block("tcp", 80, 80, [WORLD])]}, {"id": True, "vpc_id": True}),
             change("aws_instance.i", ["create"], None, {"tags": {"Name": "new"}}, {"id": True, "subnet_id": True, "vpc_security_group_ids": True, "public_ip": True})],
            [refer("aws_internet_gateway.g", vpc_id=["aws_vpc.v.id", "aws_vpc.v"]), refer("aws_subnet.s", vpc_id=["aws_vpc.v.id", "aws_vpc.v"]),
             {"address": "aws_route_table.t", "expressions": {"vpc_id": {"references": ["aws_vpc.v.id"]}, "route": {"references": ["aws_internet_gateway.g.id"]}}}, refer("aws_route.r", route_table_id=["aws_route_table.t.id"], gateway_id=["aws_internet_gateway.g.id"]),
             refer("aws_route_table_association.a", subnet_id=["aws_subnet.s[0].id", "aws_subnet.s[0]", "aws_subnet.s"], route_table_id=["aws_route_table.t.id"]),
             refer("aws_security_group.w", vpc_id=["aws_vpc.v.id"]),
             refer("aws_instance.i", subnet_id=["aws_subnet.s[0].id"], vpc_security_group_ids=["aws_security_group.w.id", "aws_security_group.w"])])
        [opened] = [x for x in found["opened"] if x["internet"]]
        self.assertEqual((opened["address"], opened["name"], opened["from_port"], opened["certainty"], common.texts(opened["causes"])),
                         ("(known after apply)", "new", 80, "exact", ["network interface aws_instance.i primary interface with (known after apply) is new"]))

    def test_addresses_instances_and_interfaces(self):
        eip = {"id": "eipalloc-1", "public_ip": "198.51.100.4", "network_interface": "eni-1", "instance": "i-1"}
        found = self.planned([change("aws_eip.a", ["delete"], eip)])
        self.assertEqual([x["address"] for x in found["closed"] if x["internet"]], ["198.51.100.4"])
        found = self.planned([change("aws_instance.a", ["delete"], {"id": "i-1"})])
        self.assertEqual({x["address"] for x in found["closed"] if x["internet"]}, {"198.51.100.4", "2001:db8:1::4"})
        found = self.planned([change("aws_instance.a", ["update"], {"id": "i-1", "vpc_security_group_ids": ["sg-1"]}, {"id": "i-1", "vpc_security_group_ids": ["sg-2"]}),
                              change("aws_security_group.b", ["create"], None, {"name": "b", "ingress": []}, {"id": True})], expect=3)
        self.assertIn("missing: security group sg-2", found["missing_after"])
        found = self.planned([change("aws_eip.b", ["create"], None, {"network_interface": "eni-1"}, {"public_ip": True})])
        self.assertEqual([x["address"] for x in found["opened"] if x["internet"]], ["(known after apply)"])

    def test_what_can_expose_something_and_is_not_modelled_is_named(self):
        harmless = [change(kind + ".x", ["create"], None, {}) for kind in ("aws_iam_role", "aws_kms_key", "aws_s3_bucket", "random_id")]
        found = self.planned(harmless + [change("aws_s3_bucket.c", ["no-op"], {}, {})])
        self.assertEqual((found["not_considered"], found["unknown"]), (["4 changing resources of 4 types that expose nothing"], []))
        tagged = change("aws_eks_cluster.t", ["update"], {"id": "c", "tags": {}}, {"id": "c", "tags": {"a": "b"}})
        self.assertEqual(self.planned([tagged])["unknown"], [])
        private = {"publicly_accessible": False}
        found = self.planned(harmless + [change("aws_db_instance.p", ["create"], None, private)])
        self.assertEqual(found["unknown"], [])
        for kind, after in (("aws_db_instance", {"publicly_accessible": True}), ("aws_eks_cluster", {"vpc_config": [{}]}), ("aws_lightsail_instance", {}),
                            ("aws_new_thing", {}), ("kubernetes_service", {}), ("aws_rds_cluster_instance", {})):
            found = self.planned(harmless + [change(kind + ".x", ["create"], None, after)], expect=3)
            self.assertIn("%s.x: %s can bear on what is exposed, and is not modelled" % (kind, kind), found["unknown"])

    def test_what_is_no_plan_is_refused_with_its_place(self):
        with tempfile.TemporaryDirectory() as folder:
            os.mkdir(os.path.join(folder, "estate"))
            estates.write(plain(), os.path.join(folder, "estate"))
            for text, says in (("{}", "resource_changes: is missing"), ('{"resource_changes": [{"type": "x"}]}', "resource_changes[0].address: is missing"),
                               *((json.dumps({"resource_changes": [change(kind + ".x", ["delete"], None, {"cidr_block": "10.9.0.0/16"})]}),
                                  "resource_changes[0].change.after: is an object") for kind in (
                                      "aws_vpc", "aws_subnet", "aws_security_group", "aws_default_security_group", "aws_network_interface",
                                      "aws_instance", "aws_route_table", "aws_network_acl", "aws_internet_gateway")), ("[", "plan.json:1:")):
                (pathlib.Path(folder) / "plan.json").write_text(text)
                done = common.sgproof("diff", "--terraform", os.path.join(folder, "plan.json"), os.path.join(folder, "estate"))
                self.assertEqual((done.returncode, done.stdout), (2, ""))
                self.assertIn(says, done.stderr)


if __name__ == "__main__":
    unittest.main()
