"""diff --changeset: CloudFormation's change sets by the walk of Terraform's plans. What is known only after apply is possible, and named."""
import json
import os
import pathlib
import sys
import tempfile
import unittest

sys.path[:0] = [os.path.dirname(__file__), os.path.join(os.path.dirname(__file__), "..")]
import common
from oracle import estates
from test_snapshots import lets_out as plain
import test_terraform_siblings as siblings

WORLD = "0.0.0.0/0"
NEW = "{{changeSet:KNOWN_AFTER_APPLY}}"
ARN = "arn:aws:cloudformation:eu-west-3:111122223333:changeSet/c/1"


def resource(action, id, type, before=None, after=None, physical=None, **keys):
    """One change, as the API tells it: contexts are JSON in texts."""
    change = {"Action": action, "LogicalResourceId": id, "ResourceType": "AWS::" + type, "Scope": [], "Details": [], **keys}
    if physical:
        change["PhysicalResourceId"] = physical
    for key, properties in (("BeforeContext", before), ("AfterContext", after)):
        if properties is not None:
            change[key] = json.dumps({"Properties": properties})
    return {"Type": "Resource", "ResourceChange": change}


def rule(port, cidr=WORLD, **keys):
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "CidrIp": cidr, **keys}


def group(*rules):
    return {"GroupDescription": "web", "VpcId": "vpc-1", "SecurityGroupIngress": list(rules)}


class ChangeSets(unittest.TestCase):
    maxDiff = None

    def run_set(self, changes, status, words=(), estate=None, sets=None, **keys):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder)
            (path / "estate").mkdir()
            estates.write(estate or plain(), path / "estate")
            given = []
            for i, one in enumerate(sets or [{"ChangeSetId": ARN, "StackName": "web", "Status": "CREATE_COMPLETE", "Changes": changes, **keys}]):
                (path / ("set%d.json" % i)).write_text(json.dumps(one))
                given += ["--changeset", "set%d.json" % i]
            done = common.sgproof("diff", *given, "estate", *words, cwd=folder)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done

    def found(self, changes, status=0, **keys):
        return json.loads(self.run_set(changes, status, ["--format", "json"], **keys).stdout)

    def ports(self, found, kind="opened"):
        return sorted({(x["address"], x.get("from_port"), x["certainty"]) for x in found[kind] if x["internet"] and x["path"] == "two-way" and x["protocol"] == "tcp"})

    # ---- Groups

    def test_rules_within_a_group_come_and_go_and_others_stay(self):
        found = self.found([resource("Modify", "Web", "EC2::SecurityGroup", group(rule(443)), group(rule(443), rule("22")), "sg-1", Replacement="False")])
        self.assertEqual(self.ports(found), [("198.51.100.4", 22, "exact")])
        self.assertEqual((found["closed"], found["unknown"]), ([], []))
        self.assertEqual(found["opened"][0]["resources"], [{"address": "Web.SecurityGroupIngress[1]", "file": None}])
        found = self.found([resource("Modify", "Web", "EC2::SecurityGroup", group(rule(443)), group(), "sg-1", Replacement="False")])
        self.assertEqual(self.ports(found, "closed"), [("198.51.100.4", 443, "exact")])
        self.assertEqual(self.ports(self.found([resource("Modify", "Web", "EC2::SecurityGroup", group(rule(80)), group(), "sg-1", Replacement="False")], 3), "closed"), [])

    def test_rules_of_their_own(self):
        own = dict(rule(22), GroupId="sg-1")
        self.assertEqual(self.ports(self.found([resource("Add", "Ssh", "EC2::SecurityGroupIngress", None, own)])), [("198.51.100.4", 22, "exact")])
        gone = self.found([resource("Remove", "Web", "EC2::SecurityGroupIngress", dict(rule(443), GroupId="sg-1"), None, "sgr-1")])
        self.assertEqual(self.ports(gone, "closed"), [("198.51.100.4", 443, "exact")])
        kept = self.found([resource("Remove", "Web", "EC2::SecurityGroupIngress", dict(rule(443), GroupId="sg-1"), None, "sgr-1", PolicyAction="Retain")])
        self.assertEqual((kept["opened"], kept["closed"]), ([], []))
        moved = self.found([resource("Modify", "Web", "EC2::SecurityGroupIngress", dict(rule(443), GroupId="sg-1"), dict(rule(8443), GroupId="sg-1"), "sgr-1", Replacement="True")])
        self.assertEqual((self.ports(moved), self.ports(moved, "closed")), ([("198.51.100.4", 8443, "exact")], [("198.51.100.4", 443, "exact")]))
        self.assertEqual(self.found([resource("Add", "Out", "EC2::SecurityGroupEgress", None, own)])["unknown"], [])

    def test_a_prefix_list_of_the_stack_admits_its_entries(self):
        entries = {"PrefixListName": "all", "AddressFamily": "IPv4", "MaxEntries": 2, "Entries": [{"Cidr": "0.0.0.0/1"}, {"Cidr": "128.0.0.0/1"}]}
        listed = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "SourcePrefixListId": "pl-1", "GroupId": "sg-1"}
        found = self.found([resource("Modify", "Some", "EC2::PrefixList", dict(entries, Entries=[]), entries, "pl-1"),
                            resource("Add", "Ssh", "EC2::SecurityGroupIngress", None, listed)], 3)
        self.assertEqual(self.ports(found), [("198.51.100.4", 22, "exact")])
        self.assertEqual(found["unknown"], ["Some: prefix list pl-1 is not in the snapshot: another account, region or time?"])

    def test_what_is_known_after_apply_is_possible_and_named(self):
        for changes, port, named in (
                ([resource("Add", "Ssh", "EC2::SecurityGroupIngress", None, dict(rule(22, NEW), GroupId="sg-1"))], 22, "Ssh: cidr_ipv4 is known after apply"),
                ([resource("Add", "Ssh", "EC2::SecurityGroupIngress", None, dict(rule(NEW), GroupId="sg-1"))], 0, "Ssh: from_port is known after apply"),
                ([resource("Modify", "Web", "EC2::SecurityGroup", group(rule(443)), group(rule(443), rule(22, NEW)), "sg-1", Replacement="False")], 22,
                 "Web.SecurityGroupIngress[1]: cidr_ipv4 is known after apply"),
                ([resource("Modify", "Web", "EC2::SecurityGroup", group(rule(443)), dict(group(rule(443)), Tags=[]), "sg-1", Replacement="False"),
                  resource("Add", "Ssh", "EC2::SecurityGroupIngress", None, dict(rule(22), GroupId=NEW))], 22, "Ssh: security_group_id is known after apply"),
                ([resource("Add", "Host", "EC2::Instance", None, {"SubnetId": NEW, "SecurityGroupIds": ["sg-1"]})], 443, "Host: subnet_id is known after apply")):
            found = self.found(changes, 3)
            self.assertIn(named, found["unknown"])
            self.assertEqual(sorted({(x[1], x[2]) for x in self.ports(found)})[0], (port, "possible"), named)
            self.assertEqual({x[2] for x in self.ports(found)}, {"possible"}, named)
        found = self.found([resource("Modify", "Web", "EC2::SecurityGroup", group(rule(443)), dict(group(), SecurityGroupIngress=NEW), "sg-1", Replacement="False")], 3)
        self.assertIn("Web: SecurityGroupIngress is known after apply", found["unknown"])
        found = self.found([resource("Modify", "Host", "EC2::Instance", {"SecurityGroupIds": ["sg-1"]}, {"SecurityGroupIds": [NEW]}, "i-1", Replacement="False")], 3)
        self.assertEqual({x["certainty"] for x in found["opened"]}, {"possible"})

    # ---- The other kinds

    def test_acls_routes_and_gateways(self):
        closed = [("198.51.100.4", 443, "exact")]
        deny = {"NetworkAclId": "acl-1", "RuleNumber": 50, "Protocol": 6, "RuleAction": "deny", "Egress": False, "CidrBlock": WORLD, "PortRange": {"From": 443, "To": 443}}
        for changes in ([resource("Add", "Deny", "EC2::NetworkAclEntry", None, deny)],
                        [resource("Add", "Deny", "EC2::NetworkAclEntry", None, dict(deny, Egress="false", Protocol="-1"))],
                        [resource("Remove", "Out", "EC2::Route", {"RouteTableId": "rtb-1", "DestinationCidrBlock": WORLD, "GatewayId": "igw-1"}, None, "r")],
                        [resource("Modify", "Out", "EC2::Route", {"RouteTableId": "rtb-1", "DestinationCidrBlock": WORLD, "GatewayId": "igw-1"},
                                  {"RouteTableId": "rtb-1", "DestinationCidrBlock": WORLD, "NatGatewayId": "nat-1"}, "r", Replacement="False")],
                        [resource("Add", "Acl", "EC2::NetworkAcl", None, {"VpcId": "vpc-1"}, None),
                         resource("Add", "Its", "EC2::SubnetNetworkAclAssociation", None, {"SubnetId": "subnet-1", "NetworkAclId": "acl-9"})]):
            done = self.found(changes, 3 if len(changes) > 1 else 0)
            if len(changes) == 1:
                self.assertEqual(self.ports(done, "closed"), closed, changes)
            else:
                self.assertTrue(done["unknown"])
        both = [("198.51.100.4", 443, "exact"), ("2001:db8:1::4", 443, "exact")]
        found = self.found([resource("Remove", "At", "EC2::VPCGatewayAttachment", {"VpcId": "vpc-1", "InternetGatewayId": "igw-1"}, None, "IGW|vpc-1")])
        self.assertEqual(self.ports(found, "closed"), both)
        table = [resource("Add", "T", "EC2::RouteTable", None, {"VpcId": "vpc-1"}), resource("Add", "A", "EC2::SubnetRouteTableAssociation", None, {"SubnetId": "subnet-1", "RouteTableId": NEW})]
        self.assertIn("A: route_table_id is known after apply", self.found(table, 3)["unknown"])

    def test_instances_interfaces_and_addresses(self):
        device = {"DeviceIndex": "0", "SubnetId": "subnet-1", "GroupSet": ["sg-1"], "AssociatePublicIpAddress": True}
        found = self.found([resource("Add", "Host", "EC2::Instance", None, {"NetworkInterfaces": [device], "Tags": [{"Key": "Name", "Value": "web-9"}]})])
        self.assertEqual([(x["name"], x["from_port"], x["resources"][0]["address"]) for x in found["opened"] if x["internet"]], [("web-9", 443, "Host")])
        self.assertEqual(self.found([resource("Add", "Host", "EC2::Instance", None, {"NetworkInterfaces": [dict(device, AssociatePublicIpAddress="false")]})])["opened"], [])
        self.assertEqual(self.ports(self.found([resource("Remove", "Host", "EC2::Instance", {"SubnetId": "subnet-1"}, None, "i-1")]), "closed"),
                         [("198.51.100.4", 443, "exact"), ("2001:db8:1::4", 443, "exact")])
        found = self.found([resource("Add", "Ip", "EC2::EIP", None, {"Domain": "vpc", "InstanceId": "i-1"})])
        self.assertEqual(self.ports(found), [("(known after apply)", 443, "exact")])
        found = self.found([resource("Add", "Ip", "EC2::EIP", None, {"Domain": "vpc"}), resource("Add", "On", "EC2::EIPAssociation", None, {"AllocationId": NEW, "NetworkInterfaceId": "eni-1"})], 3)
        self.assertEqual([x[1] for x in self.ports(found)], [443])
        found = self.found([resource("Modify", "I", "EC2::NetworkInterface", {"SubnetId": "subnet-1", "GroupSet": ["sg-1"]}, {"SubnetId": "subnet-1", "GroupSet": ["sg-2"]}, "eni-1", Replacement="False")],
                           estate=dict(plain(), SecurityGroups=plain()["SecurityGroups"] + [{"GroupId": "sg-2", "GroupName": "b", "VpcId": "vpc-1", "IpPermissions": [], "IpPermissionsEgress": []}]))
        self.assertEqual(len(self.ports(found, "closed")), 2)
        more = {"NetworkInterfaces": [device, {"DeviceIndex": "1", "NetworkInterfaceId": "eni-1"}]}
        self.assertIn("Host.NetworkInterfaces[1]: a further network interface", self.found([resource("Add", "Host", "EC2::Instance", None, more)], 3)["unknown"][0])

    def test_an_instance_that_is_stopped_for_a_change_is_given_another_automatic_address(self):
        told = lambda **keys: {"SubnetId": "subnet-1", "SecurityGroupIds": ["sg-1"], "InstanceType": "t3.micro", **keys}
        larger = [resource("Modify", "Host", "EC2::Instance", told(), told(InstanceType="t3.large"), "i-1", Replacement="False")]
        found = self.found(larger)
        self.assertEqual((self.ports(found), self.ports(found, "closed")), ([("(known after apply)", 443, "exact")], [("198.51.100.4", 443, "exact")]))
        estate = plain()
        estate["NetworkInterfaces"][0]["PrivateIpAddresses"][0]["Association"]["AllocationId"] = "eipalloc-1"
        found = self.found(larger, estate=estate)
        self.assertEqual((found["opened"], found["closed"]), ([], []))
        found = self.found([resource("Modify", "Host", "EC2::Instance", told(), told(Tags=[{"Key": "a", "Value": "b"}]), "i-1", Replacement="False")])
        self.assertEqual((found["opened"], found["closed"]), ([], []))
        without = told()
        del without["SecurityGroupIds"]
        found = self.found([resource("Modify", "Host", "EC2::Instance", told(), without, "i-1", Replacement="False")], 3)
        self.assertEqual({x["certainty"] for x in found["opened"]}, {"possible"})

    def test_block_public_access_that_goes_is_off_in_the_region_of_the_stack(self):
        estate = siblings.blocked()
        gone = [resource("Remove", "B", "EC2::VPCBlockPublicAccessOptions", {"InternetGatewayBlockMode": "block-bidirectional"}, None, "111122223333")]
        found = self.found(gone, estate=estate, StackId=ARN.replace("changeSet/c", "stack/web"))
        self.assertEqual((self.ports(found), {r["address"] for x in found["opened"] for r in x["resources"]}), ([("198.51.100.4", 443, "exact")], {"B"}))
        elsewhere = "arn:aws:cloudformation:us-east-1:111122223333:stack/web/1"
        found = self.found(gone, 3, estate=estate, StackId=elsewhere)
        self.assertEqual((found["opened"], found["unknown"][0]), ([], "the change set is of account 111122223333 in us-east-1, of which the snapshot holds nothing"))

    def test_services_of_tasks_are_placed(self):
        def told(public="DISABLED", **keys):
            return {"TaskDefinition": "web:1", "DesiredCount": "2", "NetworkConfiguration": {"AwsvpcConfiguration": {"AssignPublicIp": public, "Subnets": ["subnet-1"], "SecurityGroups": ["sg-1"]}}, **keys}
        deployed = lambda **keys: [resource("Modify", "S", "ECS::Service", told(**keys), told(**{**keys, "TaskDefinition": NEW}), "s", Replacement="False"),
                                   resource("Modify", "T", "ECS::TaskDefinition", {"Cpu": "1"}, {"Cpu": "2"}, "web:1", Replacement="True")]
        estate = siblings.base()  # without IPv6, of which each task would be given an address
        found = self.found(deployed(), estate=estate)
        self.assertEqual((found["opened"], found["unknown"]), ([], []))
        found = self.found(deployed(public="ENABLED"), 3, estate=estate)
        self.assertEqual((self.ports(found), found["unknown"]), ([("(known after apply)", 443, "possible")], ["S: the tasks that it launches"]))
        for network in (NEW, {"AwsvpcConfiguration": NEW}, {"AwsvpcConfiguration": {"AssignPublicIp": NEW, "Subnets": ["subnet-1"], "SecurityGroups": ["sg-1"]}},
                        {"AwsvpcConfiguration": {"AssignPublicIp": "ENABLED", "Subnets": [NEW], "SecurityGroups": ["sg-1"]}}):
            found = self.found([resource("Add", "S", "ECS::Service", None, told(NetworkConfiguration=network))], 3, estate=estate)
            self.assertEqual({x[2] for x in self.ports(found)}, {"possible"}, network)
        without = told()
        del without["NetworkConfiguration"]
        self.assertEqual(self.found([resource("Add", "S", "ECS::Service", None, without)], estate=estate)["unknown"], [])

    def test_a_property_that_goes_is_a_change(self):
        gone = [resource("Modify", "X", "Some::Thing", {"Public": "no", "Tags": []}, {"Tags": [{"Key": "a"}]}, "x", Replacement="False")]
        self.assertIn("X: AWS::Some::Thing can bear on what is exposed", self.found(gone, 3)["unknown"][0])
        version = [resource("Modify", "D", "RDS::DBInstance", {"PubliclyAccessible": True, "EngineVersion": "15.4"}, {"PubliclyAccessible": True, "EngineVersion": "15.5"}, "d", Replacement="False")]
        self.assertEqual(self.found(version)["unknown"], [])

    def test_load_balancers_are_placed_and_what_they_forward_is_named(self):
        balancer = {"Scheme": "internet-facing", "Subnets": ["subnet-1"], "SecurityGroups": ["sg-1"]}
        listener = {"LoadBalancerArn": NEW, "Port": 443, "Protocol": "HTTPS", "DefaultActions": [{"Type": "forward"}]}
        found = self.found([resource("Add", "Lb", "ElasticLoadBalancingV2::LoadBalancer", None, balancer), resource("Add", "L", "ElasticLoadBalancingV2::Listener", None, listener)], 3)
        self.assertEqual({x[2] for x in self.ports(found)}, {"possible"})
        self.assertIn("L: what it forwards to is not modelled", found["unknown"])
        self.assertEqual(self.found([resource("Add", "Lb", "ElasticLoadBalancingV2::LoadBalancer", None, dict(balancer, Scheme="internal"))])["opened"], [])

    # ---- What is not whole

    def test_what_can_expose_is_named_and_what_cannot_is_one_count(self):
        found = self.found([resource("Add", "Role", "IAM::Role", None, {}), resource("Add", "Key", "KMS::Key", None, {}), resource("Add", "Db", "RDS::DBInstance", None, {"PubliclyAccessible": "false"})])
        self.assertEqual((found["unknown"], found["not_considered"]), ([], ["3 changing resources of 3 types that expose nothing"]))
        for type, after in (("RDS::DBInstance", {"PubliclyAccessible": True}), ("RDS::DBInstance", {}), ("RDS::DBInstance", {"PubliclyAccessible": NEW}), ("EKS::Cluster", {}),
                            ("AutoScaling::AutoScalingGroup", {}), ("Some::Thing", {}), ("EC2::VPCEndpointService", {}), ("EC2::VPCEndpointServicePermissions", {})):
            self.assertIn("X: AWS::%s can bear on what is exposed" % type, self.found([resource("Add", "X", type, None, after)], 3)["unknown"][0])

    def test_a_filter_of_requests_that_goes_or_changes_is_named_and_a_new_one_is_not(self):
        for type in ("WAFv2::WebACLAssociation", "WAFv2::WebACL", "WAFv2::IPSet", "WAFRegional::WebACL"):
            self.assertEqual(self.found([resource("Add", "X", type, None, {"Name": "x"})])["unknown"], [])
            for changes in ([resource("Remove", "X", type, {"Name": "x"}, None, "x")], [resource("Modify", "X", type, {"Rules": []}, {"Rules": [{"Name": "a"}]}, "x", Replacement="False")]):
                self.assertIn("X: AWS::%s can bear on what is exposed" % type, self.found(changes, 3)["unknown"][0])

    def test_another_block_of_a_vpc_comes_and_goes(self):
        block = {"VpcId": "vpc-1", "CidrBlock": "8.8.0.0/16"}
        found = self.found([resource("Add", "B", "EC2::VPCCidrBlock", None, block)])
        self.assertEqual([(x["sources"], x["from_port"]) for x in found["closed"] if x["internet"]], [(["8.8.0.0/16"], 443)])
        estate = plain()
        estate["RouteTables"][0]["Routes"].append({"DestinationCidrBlock": "8.8.0.0/16", "GatewayId": "local", "State": "active"})
        found = self.found([resource("Remove", "B", "EC2::VPCCidrBlock", block, None, "vpc-cidr-assoc-1")], estate=estate)
        self.assertEqual([(x["sources"], x["from_port"]) for x in found["opened"] if x["internet"]], [(["8.8.0.0/16"], 443)])
        self.assertEqual(self.found([resource("Add", "B", "EC2::VPCCidrBlock", None, {"VpcId": "vpc-1", "AmazonProvidedIpv6CidrBlock": True})])["closed"], [])

    def test_a_change_that_does_not_say_what_it_is_about_is_named(self):
        for changes, named in (([resource("Remove", "At", "EC2::VPCGatewayAttachment", {"VpcId": "vpc-1"}, None, "IGW|vpc-1")], "At: neither its InternetGatewayId nor its VpnGatewayId is told"),
                               ([resource("Add", "As", "EC2::EIPAssociation", None, {"AllocationId": "eipalloc-1"})], "As: its instance or network interface is not told"),
                               ([resource("Add", "R", "EC2::SecurityGroupIngress", None, {"GroupId": "sg-1", "IpProtocol": "tcp", "FromPort": 80, "CidrIp": WORLD})], "R: a port of a rule is not told")):
            self.assertIn(named, self.found(changes, 3)["unknown"])

    def test_a_change_set_that_is_not_whole_is_incomplete(self):
        open_22 = resource("Add", "Ssh", "EC2::SecurityGroupIngress", None, dict(rule(22), GroupId="sg-1"))
        for keys, named in ((dict(NextToken="x"), "another page follows"), (dict(Status="FAILED", StatusReason="no rights"), "FAILED (no rights)"), (dict(Status="CREATE_IN_PROGRESS"), "CREATE_IN_PROGRESS")):
            found = self.found([open_22], 3, **keys)
            self.assertIn(named, found["unknown"][0])
            self.assertEqual(self.ports(found), [("198.51.100.4", 22, "exact")])
        self.assertEqual(self.found([], Status="FAILED", StatusReason="The submitted information didn't contain changes. Submit different information to create a change set.")["unknown"], [])
        for one, named in ((resource("Add", "G", "EC2::SecurityGroup"), "--include-property-values"), (resource("Dynamic", "G", "EC2::SecurityGroup", {}, {}, "sg-1"), "is not determined (Dynamic)"),
                           (resource("Modify", "G", "EC2::SecurityGroup", group(), group(), "sg-1", Replacement="Conditional"), "whether it is replaced"),
                           (resource("Modify", "G", "EC2::SecurityGroup", group(rule(1)), group(), "sg-7", Replacement="False"), "sg-7 is not in the snapshot")):
            self.assertIn(named, json.dumps(self.found([one], 3)["unknown"]))
        self.assertEqual(self.found([resource("Import", "G", "EC2::SecurityGroup", None, group(rule(22)), "sg-1")])["unknown"], [])

    def test_nested_stacks_are_named_unless_their_change_sets_are_given(self):
        nested = resource("Modify", "Net", "CloudFormation::Stack", {}, {}, "arn:stack", ChangeSetId=ARN + "-net")
        self.assertIn("Net: what changes in this nested stack", self.found([nested], 3)["unknown"][0])
        inner = resource("Add", "Ssh", "EC2::SecurityGroupIngress", None, dict(rule(22), GroupId="sg-1"))
        found = self.found(None, 0, sets=[{"ChangeSetId": ARN, "Changes": [nested]}, {"ChangeSetId": ARN + "-net", "Changes": [inner]}])
        self.assertEqual((self.ports(found), found["unknown"]), ([("198.51.100.4", 22, "exact")], []))
        # Two deep; a nested one of which the set is not given; and a nested one alone.
        within = resource("Modify", "Deep", "CloudFormation::Stack", {}, {}, "arn:deep", ChangeSetId=ARN + "-deep")
        sets = [{"ChangeSetId": ARN, "Changes": [nested]}, {"ChangeSetId": ARN + "-net", "ParentChangeSetId": ARN, "Changes": [within]},
                {"ChangeSetId": ARN + "-deep", "ParentChangeSetId": ARN + "-net", "RootChangeSetId": ARN, "Changes": [inner]}]
        found = self.found(None, 0, sets=sets)
        self.assertEqual((self.ports(found), found["unknown"]), ([("198.51.100.4", 22, "exact")], []))
        self.assertIn("Deep: what changes in this nested stack", self.found(None, 3, sets=sets[:2])["unknown"][0])
        self.assertIn("what changes in its parent", self.found(None, 3, sets=sets[1:])["unknown"][0])

    def test_siblings_that_were_judged_by_hand(self):
        web, changed = "198.51.100.4", {"GroupDescription": "x", "VpcId": "vpc-1", "SecurityGroupIngress": [rule(8443)]}
        moved = lambda groups: dict({"SubnetId": "subnet-1"}, SecurityGroupIds=groups)
        for name, changes, status, opened, closed in (
                ("a group replaced", [resource("Modify", "G", "EC2::SecurityGroup", group(rule(443)), changed, "sg-1", Replacement="True"),
                                      resource("Modify", "H", "EC2::Instance", moved(["sg-1"]), moved([NEW]), "i-1", Replacement="False")], 3, "possible", None),
                ("a rule replaced, the old one retained", [resource("Modify", "R", "EC2::SecurityGroupIngress", dict(rule(443), GroupId="sg-1"), dict(rule(22), GroupId="sg-1"), "sgr-1",
                                                                    Replacement="True", PolicyAction="ReplaceAndRetain")], 0, [(web, 22, "exact")], []),
                ("a rule replaced", [resource("Modify", "R", "EC2::SecurityGroupIngress", dict(rule(443), GroupId="sg-1"), dict(rule(22), GroupId="sg-1"), "sgr-1",
                                              Replacement="True", PolicyAction="ReplaceAndDelete")], 0, [(web, 22, "exact")], [(web, 443, "exact")]),
                ("a host in a subnet that only the execution tells", [resource("Add", "H", "EC2::Instance", None, {"SubnetId": NEW, "SecurityGroupIds": ["sg-1"]})], 3, "possible", []),
                ("a custom resource", [resource("Add", "C", "CloudFormation::CustomResource", None, {"ServiceToken": "x"})], 3, [], []),
                ("what launches later", [resource("Add", "S", "AutoScaling::ScheduledAction", None, {"DesiredCapacity": 2})], 3, [], []),
                ("a development endpoint", [resource("Add", "D", "Glue::DevEndpoint", None, {})], 3, [], []),
                ("a job", [resource("Add", "J", "Glue::Job", None, {})], 0, [], [])):
            with self.subTest(name):
                found = self.found(changes, status)
                if opened == "possible":
                    self.assertEqual({x["certainty"] for x in found["opened"]}, {"possible"})
                else:
                    self.assertEqual(self.ports(found), opened)
                if closed is not None:
                    self.assertEqual(self.ports({"closed": [x for x in found["closed"] if ":" not in x["address"]]}, "closed"), closed)

    def test_what_is_no_change_set_is_refused_with_its_place(self):
        for sets, place in (([{"resource_changes": []}], "set0.json: Changes: is no array"), ([{"Changes": [{"Type": "Resource", "ResourceChange": {"Action": "Add"}}]}], "Changes[0].ResourceChange.LogicalResourceId"),
                            ([{"Changes": [{"Type": "Resource", "ResourceChange": {"Action": "Add", "LogicalResourceId": "a", "ResourceType": "AWS::EC2::VPC", "AfterContext": "{"}}]}], "AfterContext: holds no JSON object")):
            self.assertIn(place, self.run_set(None, 2, sets=sets).stderr)
        done = common.sgproof("diff", "--changeset", "x.json")
        self.assertEqual((done.returncode, "a change set tells no state" in done.stderr), (2, True))

    def test_starvation_of_a_change_set_never_hides_an_opening_without_a_word(self):
        whole = [resource("Modify", "Web", "EC2::SecurityGroup", group(rule(443)), group(rule(443), rule(22)), "sg-1", Replacement="False"),
                 resource("Add", "Host", "EC2::Instance", None, {"NetworkInterfaces": [{"DeviceIndex": "0", "GroupSet": ["sg-1"], "SubnetId": "subnet-1", "AssociatePublicIpAddress": True}]})]
        for i in range(2):
            for key in ("SecurityGroupIngress", "SubnetId", "NetworkInterfaces", "VpcId"):
                cut = json.loads(json.dumps(whole))
                context = json.loads(cut[i]["ResourceChange"]["AfterContext"])
                if key not in context["Properties"]:
                    continue
                context["Properties"][key] = NEW
                cut[i]["ResourceChange"]["AfterContext"] = json.dumps(context)
                done = self.run_set(cut, 3 if key != "VpcId" else 0, ["--format", "json"])
                self.assertTrue(json.loads(done.stdout)["unknown"] or key == "VpcId", (i, key))
            for key in ("AfterContext", "PhysicalResourceId"):
                cut = json.loads(json.dumps(whole))
                if cut[i]["ResourceChange"].pop(key, None) is not None:
                    self.assertTrue(json.loads(self.run_set(cut, 3, ["--format", "json"]).stdout)["unknown"], (i, key))


if __name__ == "__main__":
    unittest.main()
