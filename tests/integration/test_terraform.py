"""diff --terraform by kinds of resource and of input: what is placed, what is possible, and what is named with exit status 3."""
import json
import os
import pathlib
import sys
import tempfile
import unittest

sys.path[:0] = [os.path.dirname(__file__), os.path.join(os.path.dirname(__file__), "..")]
import common
from oracle import configuration, estates
from test_diff import WORLD, block, change
from test_snapshots import Case, lets_out as plain

NEW = "(known after apply)"
INSTANCE = {"id": True, "subnet_id": True, "vpc_security_group_ids": True, "security_groups": True, "associate_public_ip_address": True, "network_interface": True,
            "ipv6_addresses": True, "ipv6_address_count": True, "private_ip": True, "public_ip": True}


def refer(address, **keys):
    return {"address": address, "expressions": {key: {"references": to} for key, to in keys.items()}}


def instance(address, unknown=(), **after):
    """As the provider marks it: all that is computed and not told is unknown."""
    marks = {k: True for k in INSTANCE if k not in after}
    return change(address, ["create"], None, dict({"tags": {"Name": "new"}}, **after), dict(marks, **dict.fromkeys(unknown, True)), type="aws_instance")


class Plans(Case):
    def run_plan(self, changes, root=None, estate=None, raw=None, said=False, **keys):
        plan = {"format_version": "1.2", "terraform_version": "1.9.8", "resource_changes": changes, **keys}
        if root is not None:
            plan["configuration"] = {"root_module": root if isinstance(root, dict) else {"resources": root}}
        with tempfile.TemporaryDirectory() as folder:
            os.mkdir(os.path.join(folder, "estate"))
            estates.write(estate or plain(), os.path.join(folder, "estate"))
            words = []
            if said:
                configuration.write(plan["configuration"]["root_module"], os.path.join(folder, "source"))
                words = ["--source", os.path.join(folder, "source")]
            (pathlib.Path(folder) / "plan.json").write_bytes(raw(json.dumps(plan)) if raw else json.dumps(plan).encode())
            return common.sgproof("diff", "--terraform", os.path.join(folder, "plan.json"), os.path.join(folder, "estate"), *words, "--format", "json")

    def planned(self, changes, root=None, expect=0, **keys):
        done = self.run_plan(changes, root, **keys)
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        return json.loads(done.stdout)

    def ports(self, changes):
        return sorted({(x["address"], x["from_port"], x["to_port"], x["certainty"]) for x in changes
                       if x["internet"] and x["path"] == "two-way" and x["protocol"] == "tcp" and not x["indirect"]})

    # ---- Following references

    def subnets(self, keys, module=""):
        return [change(module + "aws_subnet.s" + key, ["create"], None, {"vpc_id": "vpc-1", "cidr_block": "10.0.9.0/24", "map_public_ip_on_launch": key != "[1]"}, {"id": True})
                for key in keys]

    def opens(self, changes, root, expect=0, **keys):
        found = self.planned(changes, root, expect, **keys)
        return self.ports(found["opened"])

    def test_an_id_is_followed_by_index_key_count_and_each(self):
        host = lambda key="": instance("aws_instance.i" + key, vpc_security_group_ids=["sg-1"])
        exact = [(NEW, 443, 443, "exact")]
        for keys, own, references, extra, right in (
                (["[0]", "[1]"], "", ["aws_subnet.s[0].id", "aws_subnet.s[0]", "aws_subnet.s"], {}, exact),
                (["[0]", "[1]"], "", ["aws_subnet.s[1].id", "aws_subnet.s[1]", "aws_subnet.s"], {}, []),
                (['["a.b]"]', '["c"]'], "", ['aws_subnet.s["a.b]"].id', 'aws_subnet.s["a.b]"]', "aws_subnet.s"], {}, exact),
                ([""], "", ["aws_subnet.s.id", "aws_subnet.s"], {}, exact),
                (["[0]"], "[0]", ["aws_subnet.s", "count.index"], {}, exact),
                (['["x"]'], '["x"]', ["aws_subnet.s", "each.key"], {}, exact),
                (['["x"]', '["y"]'], '["x"]', ["each.value.id", "each.value"], {"for_each_expression": {"references": ["aws_subnet.s"]}}, exact),
                ([""], "", ["local.subnet_id"], {}, exact)):
            entry = refer("aws_instance.i", subnet_id=references)
            entry.update(extra)
            self.assertEqual(self.opens(self.subnets(keys) + [host(own)], [refer("aws_subnet.s"), entry]), right, references)

    def test_an_index_that_is_an_expression_is_not_guessed(self):
        known, which = "subnet_id is known after apply", "which of 2 its subnet_id is a plan does not tell, --source may"
        for keys, references, why in ((["[0]", "[1]"], ["aws_subnet.s", "var.which"], known), (["[0]", "[1]"], ["aws_subnet.s", "count.index"], which), (["[0]", "[1]"], ["local.subnet_id"], known)):
            found = self.planned(self.subnets(keys) + [instance("aws_instance.i[0]", vpc_security_group_ids=["sg-1"])], [refer("aws_subnet.s"), refer("aws_instance.i", subnet_id=references)], 3)
            self.assertEqual(self.ports(found["opened"]), [(NEW, 443, 443, "possible")])
            self.assertIn("aws_instance.i[0]: " + why, found["unknown"])

    def test_inputs_and_outputs_of_modules_are_followed(self):
        call = {"expressions": {"subnet": {"references": ["aws_subnet.s.id", "aws_subnet.s"]}},
                "module": {"resources": [refer("aws_instance.i", subnet_id=["var.subnet"])]}}
        host = instance("module.app[0].aws_instance.i", vpc_security_group_ids=["sg-1"])
        self.assertEqual(self.opens(self.subnets([""]) + [host], {"resources": [refer("aws_subnet.s")], "module_calls": {"app": call}}), [(NEW, 443, 443, "exact")])
        net = {"module": {"resources": [refer("aws_subnet.s")], "outputs": {"ids": {"expression": {"references": ["aws_subnet.s"]}}}}}
        root = {"resources": [refer("aws_instance.i", subnet_id=["module.net.ids[1]", "module.net.ids", "module.net"])], "module_calls": {"net": net}}
        host = instance("aws_instance.i", vpc_security_group_ids=["sg-1"])
        # "reverse(aws_subnet.s[*].id)" refers to the same: of several only --source tells
        self.assertEqual(self.opens(self.subnets(["[0]", "[1]"], "module.net.") + [host], root, 3), [(NEW, 443, 443, "possible")])
        root["resources"] = [refer("aws_instance.i", subnet_id=["module.net.ids[0]", "module.net.ids", "module.net"])]
        self.assertEqual(self.opens(self.subnets(["[0]"], "module.net.") + [host], root), [(NEW, 443, 443, "exact")])
        root["resources"] = [refer("aws_instance.i", subnet_id=['module.net.ids["a"]', "module.net.ids", "module.net"])]
        self.assertEqual(self.opens(self.subnets(['["a"]', '["b"]'], "module.net.") + [host], root), [(NEW, 443, 443, "exact")])

    def test_what_is_set_to_something_known_and_unknown_all_the_same_is_null_so_aws_chooses(self):
        """terraform-aws-modules hand every argument on by a variable whose default is null."""
        entry = refer("aws_instance.i", subnet_id=["var.subnet"], associate_public_ip_address=["var.public"], ipv6_address_count=["var.six"], network_interface=["var.blocks"])
        call = {"expressions": {"subnet": {"references": ["aws_subnet.s.id", "aws_subnet.s"]}, "public": {"constant_value": None}}, "module": {"resources": [entry]}}
        root = {"resources": [refer("aws_subnet.s")], "module_calls": {"app": call}}
        host = instance("module.app.aws_instance.i", vpc_security_group_ids=["sg-1"])
        self.assertEqual(self.opens(self.subnets([""]) + [host], root), [(NEW, 443, 443, "exact")])
        call["expressions"]["public"] = {"references": ["aws_subnet.s.arn", "aws_subnet.s"]}
        self.assertEqual(self.opens(self.subnets([""]) + [host], root, 3), [(NEW, 443, 443, "possible")])

    def test_a_local_of_a_module_is_of_the_only_thing_that_it_can_be_of(self):
        """As terraform-aws-modules/security-group has it: two calls, each with a group and its rules."""
        resources, calls = [], {}
        for name, port in (("a", 22), ("b", 80)):
            resources += [change("module.%s.aws_security_group.this[0]" % name, ["create"], None, {"name": name, "vpc_id": "vpc-1"}, {"id": True, "ingress": True, "egress": True}),
                          change("module.%s.aws_security_group_rule.r[0]" % name, ["create"], None, {"type": "ingress", "protocol": "tcp", "from_port": port, "to_port": port,
                                 "cidr_blocks": [WORLD]}, {"security_group_id": True, "id": True})]
            calls[name] = {"expressions": {"vpc_id": {"constant_value": "vpc-1"}}, "module": {
                "resources": [refer("aws_security_group.this"), refer("aws_security_group_rule.r", security_group_id=["local.id"])],
                "outputs": {"id": {"expression": {"references": ["local.id"]}}}}}
        calls["a"]["module"]["outputs"]["id"]["expression"]["references"] = ["aws_security_group.this[0].id", "aws_security_group.this[0]", "aws_security_group.this"]
        host = instance("aws_instance.i", subnet_id="subnet-1", associate_public_ip_address=True)
        root = {"resources": [refer("aws_instance.i", vpc_security_group_ids=["module.a.id", "module.a"])], "module_calls": calls}
        self.assertEqual(self.opens(resources + [host], root, said=True), [(NEW, 22, 22, "exact")])
        calls["a"]["expressions"]["other"] = {"references": ["module.b.id", "module.b"]}  # then the local may be that
        self.assertEqual(self.opens(resources + [host], root, 3, said=True)[0][3], "possible")

    def test_known_members_of_an_unknown_list_of_groups_are_found(self):
        group = change("aws_security_group.g", ["create"], None, {"name": "g", "vpc_id": "vpc-1", "ingress": [block("tcp", 22, 22, [WORLD])]}, {"id": True})
        host = instance("aws_instance.i", subnet_id="subnet-1", associate_public_ip_address=True)
        own = ["aws_security_group.g.id", "aws_security_group.g"]
        prior = {"values": {"root_module": {"resources": [{"address": "data.aws_security_group.d", "values": {"id": "sg-1"}}]}}}
        for more, keys in ((["var.more"], {"variables": {"more": {"value": ["sg-1"]}}}), (["data.aws_security_group.d.id", "data.aws_security_group.d"], {"prior_state": prior})):
            found = self.planned([group, host], [refer("aws_security_group.g"), refer("aws_instance.i", vpc_security_group_ids=own + more)], **keys)
            self.assertEqual([x[1] for x in self.ports(found["opened"])], [22, 443])
        for more in (["local.more"], ["data.aws_security_group.other.id"]):  # nobody knows what else
            found = self.planned([group, host], [refer("aws_security_group.g"), refer("aws_instance.i", vpc_security_group_ids=own + more)], 3)
            self.assertIn((NEW, 22, 22, "exact"), self.ports(found["opened"]))
            self.assertIn("possible", {x[3] for x in self.ports(found["opened"])})

    def test_a_plan_without_configuration_leaves_what_is_unknown_possible(self):
        found = self.planned(self.subnets([""]) + [instance("aws_instance.i", vpc_security_group_ids=["sg-1"])], expect=3)
        self.assertEqual(self.ports(found["opened"]), [(NEW, 443, 443, "possible")])

    # ---- Kinds of resource

    def test_groups_by_name_attachments_and_prefix_lists(self):
        host = instance("aws_instance.i", subnet_id="subnet-1", associate_public_ip_address=True, security_groups=["web"])
        self.assertEqual(self.opens([host], [refer("aws_instance.i")]), [(NEW, 443, 443, "exact")])
        group = change("aws_security_group.g", ["create"], None, {"name": "g", "vpc_id": "vpc-1", "ingress": [block("tcp", 22, 22, [WORLD])]}, {"id": True})
        attach = change("aws_network_interface_sg_attachment.a", ["create"], None, {"network_interface_id": "eni-1"}, {"security_group_id": True})
        root = [refer("aws_security_group.g"), refer("aws_network_interface_sg_attachment.a", security_group_id=["aws_security_group.g.id"])]
        self.assertEqual([x[1:] for x in self.opens([group, attach], root)], [(22, 22, "exact")])
        listed = change("aws_ec2_managed_prefix_list.l", ["create"], None, {"entry": [{"cidr": "8.8.8.0/24"}]}, {"id": True})
        more = change("aws_ec2_managed_prefix_list_entry.e", ["create"], None, {"cidr": "9.9.9.0/24"}, {"prefix_list_id": True})
        rule = change("aws_vpc_security_group_ingress_rule.r", ["create"], None, {"security_group_id": "sg-1", "ip_protocol": "tcp", "from_port": 25, "to_port": 25}, {"prefix_list_id": True})
        found = self.planned([listed, more, rule], [refer("aws_ec2_managed_prefix_list.l"), *(refer(a, prefix_list_id=["aws_ec2_managed_prefix_list.l.id"]) for a in (
            "aws_ec2_managed_prefix_list_entry.e", "aws_vpc_security_group_ingress_rule.r"))])
        self.assertEqual([x["sources"] for x in found["opened"] if x["internet"]], [["8.8.8.0/24", "9.9.9.0/24"]])

    def test_block_public_access_closes_and_its_exclusion_opens(self):
        mode = lambda value: {"internet_gateway_block_mode": value, "id": "x"}
        shut = change("aws_vpc_block_public_access_options.b", ["create"], None, mode("block-ingress"), {"id": True})
        estate = dict(plain(), VpcBlockPublicAccessExclusions=[])
        for one in estate["NetworkInterfaces"]:
            one["OwnerId"] = "111122223333"
            one["AvailabilityZone"] = "eu-west-3a"
        found = self.planned([shut], [], estate=estate)
        self.assertEqual([x[1] for x in self.ports(found["closed"])], [443, 443])
        let = change("aws_vpc_block_public_access_exclusion.e", ["create"], None, {"vpc_id": "vpc-1", "internet_gateway_exclusion_mode": "allow-bidirectional"}, {"id": True})
        self.assertEqual(self.ports(self.planned([shut, let], [], estate=estate)["closed"]), [])

    def test_load_balancers_open_where_they_listen_and_what_is_behind_is_named(self):
        for kind, extra in (("application", {"security_groups": ["sg-1"]}), ("network", {})):
            balancer = change("aws_lb.b", ["create"], None, {"internal": False, "load_balancer_type": kind, "subnets": ["subnet-1"], **extra}, {"id": True, "arn": True})
            listener = change("aws_lb_listener.l", ["create"], None, {"port": 443, "protocol": "HTTPS"}, {"id": True, "load_balancer_arn": True})
            root = [refer("aws_lb.b"), refer("aws_lb_listener.l", load_balancer_arn=["aws_lb.b.arn", "aws_lb.b"])]
            found = self.planned([balancer, listener], root, 3)
            self.assertEqual(self.ports(found["opened"]), [(NEW, 443, 443, "exact")])
            self.assertIn("aws_lb_listener.l: what it forwards to is not modelled", found["unknown"])
            balancer["change"]["after"]["internal"] = True
            self.assertEqual(self.ports(self.planned([balancer, listener], root, 3)["opened"]), [])
        classic = change("aws_elb.c", ["create"], None, {"internal": False, "subnets": ["subnet-1"], "security_groups": ["sg-1"],
                         "listener": [{"lb_port": 443, "lb_protocol": "tcp", "instance_port": 80, "instance_protocol": "tcp"}]}, {"id": True})
        self.assertEqual(self.ports(self.planned([classic], [refer("aws_elb.c")], 3)["opened"]), [(NEW, 443, 443, "exact")])
        for kind in ("aws_lb_target_group_attachment", "aws_lb_listener_rule", "aws_elb_attachment"):
            self.assertIn(kind + ".x", self.planned([change(kind + ".x", ["create"], None, {})], [], 3)["unknown"][0])

    def test_what_is_launched_later_is_possible(self):
        template = change("aws_launch_template.t", ["create"], None, {"network_interfaces": [{"associate_public_ip_address": "true", "security_groups": ["sg-1"]}]}, {"id": True})
        group = change("aws_autoscaling_group.g", ["create"], None, {"vpc_zone_identifier": ["subnet-1"], "launch_template": [{}]}, {"id": True, "launch_template": [{"id": True}]})
        root = [refer("aws_launch_template.t"), {"address": "aws_autoscaling_group.g", "expressions": {"launch_template": [{"id": {"references": ["aws_launch_template.t.id"]}}]}}]
        found = self.planned([template, group], root, 3)
        self.assertEqual(self.ports(found["opened"]), [(NEW, 443, 443, "possible")])
        template["change"]["after"]["network_interfaces"][0]["associate_public_ip_address"] = "false"
        found = self.planned([template, group], root)  # all of its versions are told
        self.assertEqual((self.ports(found["opened"]), found["flows_missing"]), ([], ["aws_autoscaling_group.g: the instances that it launches"]))
        service = change("aws_ecs_service.s", ["create"], None, {"network_configuration": [{"assign_public_ip": True, "subnets": ["subnet-1"], "security_groups": ["sg-1"]}]}, {"id": True})
        self.assertEqual(self.ports(self.planned([service], [refer("aws_ecs_service.s")], 3)["opened"]), [(NEW, 443, 443, "possible")])
        service["change"]["after"]["network_configuration"][0]["assign_public_ip"] = False
        self.assertEqual(self.planned([service], [refer("aws_ecs_service.s")])["unknown"], [])

    def test_an_instance_that_loses_its_elastic_address_or_starts_may_be_given_another_one(self):
        eip = {"id": "eipalloc-1", "public_ip": "198.51.100.4", "network_interface": "eni-1", "instance": "i-1"}
        estate = plain()
        for launch, status in ((False, 0), (True, 3)):
            estate["Subnets"][0]["MapPublicIpOnLaunch"] = launch
            found = self.planned([change("aws_eip.a", ["delete"], eip)], [], status, estate=estate)
            self.assertEqual(found["unknown"], ["instance i-1: AWS may give it a public address again, as its Elastic IP address goes"] if launch else [])
        estate["Reservations"][0]["Instances"][0]["State"]["Name"] = "stopped"
        estate["NetworkInterfaces"][0]["PrivateIpAddresses"][0].pop("Association")
        started = change("aws_ec2_instance_state.s", ["create"], None, {"instance_id": "i-1", "state": "running"}, {"id": True})
        self.assertIn((NEW, 443, 443, "possible"), self.ports(self.planned([started], [], 3, estate=estate)["opened"]))
        resized = change("aws_instance.i", ["update"], {"id": "i-1", "public_ip": "198.51.100.4", "instance_type": "a"}, {"id": "i-1", "instance_type": "b"}, {"public_ip": True})
        found = self.planned([resized], [refer("aws_instance.i")])
        self.assertEqual((self.ports(found["opened"]), self.ports(found["closed"])), ([(NEW, 443, 443, "exact")], [("198.51.100.4", 443, 443, "exact")]))

    def test_what_cannot_be_placed_is_possible_at_whatever_is_new(self):
        rule = change("aws_security_group_rule.r", ["create"], None, {"type": "ingress", "protocol": "tcp", "from_port": 22, "to_port": 22, "cidr_blocks": [WORLD]}, {"security_group_id": True})
        groups = [change("aws_security_group.g[%d]" % i, ["create"], None, {"name": "g", "vpc_id": "vpc-1"}, {"id": True, "ingress": True}) for i in (0, 1)]
        host = instance("aws_instance.i", subnet_id="subnet-1", associate_public_ip_address=True)
        root = [refer("aws_security_group.g"), refer("aws_instance.i", vpc_security_group_ids=["aws_security_group.g[1].id", "aws_security_group.g[1]", "aws_security_group.g"]),
                refer("aws_security_group_rule.r", security_group_id=["aws_security_group.g", "var.n"])]
        found = self.planned(groups + [host, rule], root, 3, said=True)
        self.assertEqual(self.ports(found["opened"]), [(NEW, 22, 22, "possible")])
        eip = change("aws_eip.e", ["create"], None, {"domain": "vpc"}, {"id": True, "public_ip": True, "instance": True, "network_interface": True})
        self.assertIn("possible", {x[3] for x in self.opens([eip], [refer("aws_eip.e", instance=["local.instance"])], 3)})
        self.assertEqual(self.planned([eip], [refer("aws_eip.e")])["opened"], [])  # a NAT gateway's

    # ---- Plans that are not whole, and snapshots that are others'

    def test_an_errored_or_deferred_plan_is_not_clean(self):
        for keys, says in (({"errored": True}, "the plan is errored"), ({"complete": False}, "not complete"), (
                {"deferred_changes": [{"reason": "provider_config_unknown", "resource_change": {"address": "aws_instance.later"}}]}, "aws_instance.later: its change is deferred")):
            self.assertIn(says, self.planned([], [], 3, **keys)["unknown"][0])

    def test_what_the_snapshot_does_not_hold_is_said(self):
        for kind, before, after in (
                ("aws_security_group", {"id": "sg-9", "ingress": []}, {"id": "sg-9", "ingress": [block("tcp", 22, 22, [WORLD])]}),
                ("aws_instance", {"id": "i-9"}, None), ("aws_subnet", {"id": "subnet-9"}, {"id": "subnet-9", "map_public_ip_on_launch": True}),
                ("aws_network_acl", {"id": "acl-9"}, None), ("aws_route_table", {"id": "rtb-9"}, {"id": "rtb-9", "route": []}),
                ("aws_route", {"id": "r", "route_table_id": "rtb-9", "destination_cidr_block": WORLD}, None), ("aws_lb", {"id": "arn:lb"}, None),
                ("aws_security_group_rule", {"security_group_id": "sg-1", "type": "ingress", "protocol": "tcp", "from_port": 1, "to_port": 1, "cidr_blocks": [WORLD]}, None),
                ("aws_eip", {"id": "eipalloc-9", "public_ip": "198.51.100.99", "instance": "i-9"}, None)):
            found = self.planned([change(kind + ".x", ["update" if after else "delete"], before, after)], [], 3)
            self.assertIn("is not in the snapshot", found["unknown"][0], kind)

    # ---- Files

    def test_utf16_byte_order_marks_and_wrapper_lines_are_read(self):
        rule = change("aws_vpc_security_group_ingress_rule.b", ["create"], None, {"security_group_id": "sg-1", "ip_protocol": "tcp", "from_port": 22, "to_port": 22, "cidr_ipv4": WORLD})
        for raw in (lambda t: t.encode("utf-16"), lambda t: t.encode("utf-16-be"), lambda t: b"\xef\xbb\xbf" + t.encode(), lambda t: ("[command]/usr/bin/terraform-bin show -json plan\n%s\n\n::debug::done\n" % t).encode()):
            found = self.planned([rule], [], raw=raw)
            self.assertEqual([x[1] for x in self.ports(found["opened"])], [22])

    def test_what_is_no_plan_is_refused_with_what_to_type(self):
        for raw, says in ((b'{"format_version": "1.0", "values": {}}', "is a state, not a plan; type: terraform plan -out"),
                          (b'{"version": 4, "serial": 1, "lineage": "x", "resources": []}', "is a state"), (b"PK\x03\x04...", "which only Terraform reads; type: terraform show -json"),
                          (b'{"@level":"info","@message":"x"}\n{"@level":"info","@message":"y"}\n', "messages of terraform plan -json"),
                          (b'{"format_version": "2.0", "resource_changes": []}', "format_version: is 2.0"), (b'{"format_version": "1.2", "resource_changes": []} trailing', "plan.json:1:")):
            done = self.run_plan([], raw=lambda t: raw)
            self.assertEqual((done.returncode, done.stdout), (2, ""), raw)
            self.assertIn(says, done.stderr)

    def test_references_that_go_in_circles_end(self):
        call = {"expressions": {"a": {"references": ["module.m.b", "module.m"]}}, "module": {"resources": [], "outputs": {"b": {"expression": {"references": ["var.a"]}}}}}
        root = {"resources": [refer("aws_instance.i", subnet_id=["module.m.b", "module.m"])], "module_calls": {"m": call}}
        self.planned([instance("aws_instance.i", vpc_security_group_ids=["sg-1"])], root, 3)


if __name__ == "__main__":
    unittest.main()
