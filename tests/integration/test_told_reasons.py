"""Why what is behind a load balancer or a service is reached, by what, and what would settle what is only possible."""
import copy
import json
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import common
from test_balancer_targets import rule
from test_constructs_gates import blocked
from test_load_balancers import balanced, interface
from test_reasons import record
from test_snapshots import entry, permission, plain
from test_told_bridges import BALANCER, Told, VpcOrigins, accelerator, behind_balancer, distributions, estate, origin
from test_world import documents, each, folder

BEHIND = "cannot be settled from documents: ask what brings clients to it, since its own address is not on the internet"


class Because(Told):
    def because(self, made, files, eni="eni-1", family="ipv4"):
        self.outcome(made, files)
        [x] = [x for i in self.output["indirect"] for x in i["exposures"] if i["eni_id"] == eni and i["family"] == family]
        self.exposure = x
        return [(why["stage"], why.get("id")) for why in x["because"]]

    def test_only_the_rules_of_its_ports_and_the_gateway_are_told(self):
        self.assertEqual(self.because(estate(), accelerator()), [("group", "sg-1:0"), ("gateway", "igw-1")])
        self.assertEqual(self.because(VpcOrigins.estate(self), {"o.json": origin(), "d.json": distributions()}), [("group", "sg-1:1"), ("gateway", "igw-1")])

    def test_no_group_is_told(self):
        made = estate()
        made["NetworkInterfaces"][0]["Groups"] = []
        self.assertEqual(self.because(made, accelerator()), [("group", "eni-1"), ("gateway", "igw-1")])
        self.assertEqual(self.exposure["because"][0]["text"], "no security group")

    @each([([], "because", "no security group"), (None, "via", "missing: Groups of %s")])
    def test_of_several_interfaces_without_groups_each_is_named_by_its_own_id(self, groups, where, text):
        made = plain()
        made["NetworkInterfaces"] = [interface("w%d" % n, "10.0.0.%d" % n, public="198.51.100.%d" % n, instance="i-%d" % n) for n in (4, 5, 6)]
        made["Reservations"] = [{"Instances": [{"InstanceId": "i-%d" % n, "State": {"Name": "running"}}]} for n in (4, 5, 6)]
        for one in made["NetworkInterfaces"]:
            one["Groups"] = groups
            if groups is None:
                del one["Groups"]
        read = folder(documents(made))
        for one in self.compute(read)["endpoints"]:
            wanted = text % one["eni_id"] if "%s" in text else text
            told = [{why["id"] for why in x[where] if why["text"] == wanted} for x in one["exposures"]]
            self.assertTrue(told)
            self.assertEqual(told, [{one["eni_id"]}] * len(told))
        for n in (6, 4, 5):  # explain says it of each, too
            chain = common.sgproof("explain", read, "198.51.100.%d" % n, "443/tcp", "--from", "8.8.8.8", "--format", "json").stdout
            self.assertEqual({m for m in ("eni-w4", "eni-w5", "eni-w6") if m in chain}, {"eni-w%d" % n})

    def test_the_listener_is_told(self):
        made, health = behind_balancer()
        self.assertEqual(self.because(made, {**accelerator(BALANCER), **health}, "eni-b"), [("balancer", "int:443/TCP"), ("group", "sg-1:0"), ("gateway", "igw-1")])

    def test_what_is_behind_a_load_balancer_behind_an_accelerator_names_both_in_their_order(self):
        made, health = behind_balancer()
        because = self.because(made, {**accelerator(BALANCER), **health})
        self.assertEqual(because[:3], [("balancer", "int:443/TCP"), ("group", "sg-1:0"), ("gateway", "igw-1")])
        self.assertIn(("group", "sg-2:0"), because)
        self.assertEqual([why["text"] for why in self.exposure["via"]],
                         ["AWS Global Accelerator by eni-s: accelerator shop, 443/TCP", "load balancer int 443/TCP", "target group tg: healthy"])

    def test_an_accelerator_that_brings_nobody_new_to_a_load_balancer_is_not_on_the_way(self):
        made, health = behind_balancer()
        made["LoadBalancers"][0]["Scheme"] = "internet-facing"
        made["NetworkInterfaces"][-1]["PrivateIpAddresses"][0]["Association"] = {"PublicIp": "198.51.100.9"}
        self.because(made, {**accelerator(BALANCER), **health})
        self.assertEqual([why["text"] for why in self.exposure["via"]], ["load balancer int 443/TCP", "target group tg: healthy"])

    @each([("10.0.0.99/32", True), ("0.0.0.0/0", False)])
    def test_a_service_is_on_the_way_where_only_its_address_is_let_on_whoever_comes_without_it(self, admits, rules):
        made, health = behind_balancer()
        made["NetworkInterfaces"][1].update(InterfaceType="interface", Groups=[{"GroupId": "sg-cf"}])
        made["SecurityGroups"][1].update(GroupId="sg-cf", GroupName="CloudFront-VPCOrigins-Service-SG")
        made["SecurityGroups"][0]["IpPermissions"][0]["UserIdGroupPairs"] = [{"GroupId": "sg-cf"}]
        arn = BALANCER.replace("/net/", "/app/")
        made = json.loads(json.dumps(made).replace(BALANCER, arn).replace("ELB net/", "ELB app/"))
        made["LoadBalancers"][0].update(Type="application", Scheme="internet-facing")
        made["NetworkInterfaces"][-1]["PrivateIpAddresses"][0]["Association"] = {"PublicIp": "198.51.100.9"}
        made["Listeners"][0].update(ListenerArn=arn.replace("loadbalancer", "listener") + "/1", Protocol="HTTPS")
        made["TargetGroups"][0]["Protocol"] = "HTTP"
        away = [{"Type": "fixed-response"}]
        listener, forward = made["Listeners"][0]["ListenerArn"], made["Listeners"][0]["DefaultActions"]
        if rules:
            made["Listeners"][0]["DefaultActions"] = away
            made["Rules"] = [rule(listener, "default", away), rule(listener, 1, forward, {"Field": "source-ip", "SourceIpConfig": {"Values": [admits]}})]
            del health["describe-rules.1.json"]
        self.because(made, {"o.json": origin(arn), "d.json": distributions(), **health})
        self.assertEqual((self.exposure["certainty"], [why["text"] for why in self.exposure["via"]]), ("exact",
            ["CloudFront VPC origin by eni-s: origin vo_1 of distribution E1, 443/TCP"] * rules + ["load balancer int 443/HTTPS", "target group tg: healthy"]))

    def test_an_outbound_rule_of_a_balancer_is_told_with_its_group_and_what_it_admits(self):
        made = balanced()
        made["SecurityGroups"][0]["IpPermissionsEgress"] = [permission("tcp", (1024, 65535), ["10.0.0.0/8"])]
        output = self.compute(folder(documents(made)))
        whys = [why for i in output["indirect"] for x in i["exposures"] for why in x["because"] if ":egress:" in why.get("id", "") and why["stage"] == "group"]
        self.assertTrue(whys)
        group = made["SecurityGroups"][0]["GroupId"]
        for why in whys:
            self.assertEqual((why["id"], why["group"], why["text"]), (group + ":egress:0", group, "tcp 1024-65535 to 10.0.0.0/8"))


class Settles(Told):
    def settles(self, made, files, eni="eni-1", family="ipv4"):
        self.outcome(made, files)
        return [why["settle"] for i in self.output["indirect"] for x in i["exposures"] for why in x["via"]
                if i["eni_id"] == eni and i["family"] == family and "settle" in why]

    @each([({"weight": 0}, BEHIND), ({"dial": 0}, BEHIND), ({"Status": "IN_PROGRESS"}, "globalaccelerator list-accelerators of shop"), ({"keeps": False}, BEHIND),
           ({"keeps": None}, "globalaccelerator list-endpoint-groups")])
    def test_of_an_accelerator_the_call_that_tells_or_what_brings_clients(self, change, settle):
        self.assertEqual(set(self.settles(estate(), accelerator(**change))), {settle})
        untold = accelerator()
        del untold["g.json"]["EndpointGroups"][0]["EndpointDescriptions"][0]["ClientIPPreservationEnabled"]
        self.assertEqual(set(self.settles(estate(), untold)), {"globalaccelerator list-endpoint-groups"})

    def test_of_an_accelerator_that_is_not_told_the_first_call_that_is_not_there(self):
        whole = accelerator()
        for files, settle in (({}, "globalaccelerator list-accelerators"), ({"a.json": whole["a.json"]}, "globalaccelerator list-listeners of shop"),
                              ({"a.json": whole["a.json"], "l.json": whole["l.json"]}, "globalaccelerator list-endpoint-groups")):
            self.assertEqual(set(self.settles(estate(), files)), {settle})

    def test_of_an_accelerator_without_an_interface_there_the_interfaces_where_they_are_not_whole(self):
        made = estate()
        made["NetworkInterfaces"][1]["SubnetId"] = "subnet-9"
        made["Subnets"].append({**made["Subnets"][0], "SubnetId": "subnet-9", "CidrBlock": "10.0.0.0/24"})
        self.assertEqual(self.settles(made, accelerator()), [BEHIND])
        name = next(name for name, one in documents(made).items() if "NetworkInterfaces" in one)
        self.assertIn("ec2 describe-network-interfaces of subnet-1", self.settles(made, {**accelerator(), name: {**documents(made)[name], "NextToken": "x"}}))

    def test_of_an_accelerator_of_custom_routing_its_listeners_and_endpoint_groups(self):
        custom = {"list-custom-routing-accelerators.json": accelerator()["a.json"]}
        for name, files in (("shop", custom), ("shop", {**accelerator(), "list-custom-routing-accelerators.json": {"Accelerators": [
                {**custom["list-custom-routing-accelerators.json"]["Accelerators"][0], "AcceleratorArn": "arn:aws:globalaccelerator::111122223333:accelerator/cr"}]}})):
            self.assertEqual(set(self.settles(estate(), files)), {"globalaccelerator list-custom-routing-listeners of %s, and list-custom-routing-endpoint-groups of each" % name})
            self.assertTrue([t for t in self.texts() if t.endswith("whose own documents do not tell all")])

    def test_of_a_vpc_origins_interface_what_lacks_of_its_documents(self):
        made, theirs = VpcOrigins.estate(self), origin()
        theirs["VpcOrigin"]["AccountId"] = "999988887777"
        self.assertEqual(set(self.settles(made, {"o.json": theirs, "d.json": distributions()})), {BEHIND})
        self.assertTrue([t for t in self.texts() if t.endswith("which no VPC origin of the snapshot explains")])
        listed = {"l.json": {"VpcOriginList": {"IsTruncated": False, "Marker": "", "MaxItems": 100, "Quantity": 1, "Items": [
            {"Id": "vo_2", "Arn": "arn:aws:cloudfront::111122223333:vpcorigin/vo_2", "AccountId": "111122223333", "Status": "Deployed",
             "OriginEndpointArn": origin()["VpcOrigin"]["VpcOriginEndpointConfig"]["Arn"]}]}}}
        self.assertEqual(set(self.settles(made, {**listed, "d.json": distributions("vo_2")})), {"cloudfront get-vpc-origin of vo_2"})

    def test_of_a_vpc_link_the_calls_that_tell_of_its_integrations(self):
        made = estate()
        made["NetworkInterfaces"][1].update(InterfaceType="api_gateway_managed")
        made["SecurityGroups"][0]["IpPermissions"][0]["IpRanges"] = [{"CidrIp": "10.0.0.0/8"}]
        self.assertEqual(set(self.settles(made, {})), {"apigatewayv2 get-vpc-links, and get-integrations of each API"})

    def texts(self):
        return [why["text"] for i in self.output["indirect"] for x in i["exposures"] for why in x["via"]]

    def test_of_a_vpc_origin(self):
        made, o = VpcOrigins.estate(self), {"o.json": origin()}
        self.assertEqual(set(self.settles(made, {})), {"cloudfront list-vpc-origins, and get-vpc-origin of each"})
        self.assertEqual(self.settles(made, o), ["cloudfront list-distributions"])
        self.assertEqual(self.settles(made, {**o, "d.json": distributions(WebACLId="arn:x")}), [BEHIND])
        self.assertEqual(self.settles(made, {"o.json": origin(Status="Deploying"), "d.json": distributions()}), ["cloudfront get-vpc-origin of vo_1"])
        self.assertEqual(set(self.settles(made, {**o, "d.json": distributions()}, family="ipv6")), {BEHIND})

    def test_of_groups_and_prefix_lists_that_are_not_there_their_calls_and_they_are_missing(self):
        made = estate()
        made["SecurityGroups"] = made["SecurityGroups"][1:]
        self.assertEqual(self.settles(made, accelerator()), ["ec2 describe-security-groups of sg-1"])
        self.assertTrue([m for m in self.output["missing"] if m["id"] == "sg-1"])
        made = estate(())
        made["SecurityGroups"][0]["IpPermissions"] = [{**permission("tcp", (443, 443)), "PrefixListIds": [{"PrefixListId": "pl-1"}]}]
        self.assertEqual(self.settles(made, accelerator()), ["ec2 get-managed-prefix-list-entries of pl-1"])

    def test_of_an_endpoint_whose_health_is_not_sure_its_group_and_of_an_instance_without_indexes_its_interfaces(self):
        files = accelerator()
        files["g.json"]["EndpointGroups"][0]["EndpointDescriptions"][0]["HealthState"] = "INITIAL"
        self.assertEqual(set(self.settles(estate(), files)), {"globalaccelerator list-endpoint-groups of shop"})
        made = estate()
        made["NetworkInterfaces"][2]["Attachment"]["InstanceId"] = "i-1"
        for n in (0, 2):
            made["NetworkInterfaces"][n]["Attachment"].pop("DeviceIndex", None)
        self.assertEqual(set(self.settles(made, accelerator())), {"ec2 describe-network-interfaces of i-1"})
        made = VpcOrigins.estate(self)
        made["NetworkInterfaces"][2]["Attachment"]["InstanceId"] = "i-1"
        for n in (0, 2):
            made["NetworkInterfaces"][n]["Attachment"].pop("DeviceIndex", None)
        self.assertEqual(set(self.settles(made, {"o.json": origin(), "d.json": distributions()})), {"ec2 describe-network-interfaces of i-1"})

    def test_of_a_load_balancer_whose_state_is_not_sure_its_own_call_and_its_listeners_count(self):
        made, health = behind_balancer()
        made["LoadBalancers"][0]["State"] = {"Code": "failed"}
        self.assertEqual(self.settles(made, {**accelerator(BALANCER), **health}, "eni-b"), ["elbv2 describe-load-balancers of int"])
        self.assertIn("elbv2 describe-load-balancers of int", self.settles(made, {**accelerator(BALANCER), **health}))
        self.assertEqual({x["from_port"] for i in self.output["indirect"] for x in i["exposures"] if i["eni_id"] == "eni-b"}, {443})

    def test_of_a_rule_that_contradicts_its_records_the_groups_at_its_own_ports_only(self):
        for port, found in ((443, []), (22, ["ec2 describe-security-groups of sg-1"])):
            made = estate()
            made["SecurityGroups"][0]["IpPermissions"] = [permission("tcp", (p, p), ["0.0.0.0/0"]) for p in (443, 22)]
            made["SecurityGroupRules"] = [record("sgr-1", "tcp", (port, port), CidrIpv4="0.0.0.0/0")]
            self.assertEqual(self.settles(made, accelerator()), found)

    def test_of_acls_and_gates(self):
        made = estate()
        made["NetworkAcls"][0]["Entries"] = [entry(100, True, "allow", "6", ports=(1024, 65535)), entry(100, False, "allow")]
        self.assertEqual(self.settles(made, accelerator()), [BEHIND])
        made = {**estate(), **{key: value for key, value in blocked("block-ingress", State="update-in-progress").items() if key.startswith("VpcBlock")}}
        self.assertRegex(self.settles(made, accelerator())[0], "^ec2 describe-vpc-block-public-access-options of ")


class SettlesBalancers(Told):
    def settles(self, files):
        output = self.compute(folder({**documents(balanced("network")), **files}))
        return {why["settle"] for one in output["endpoints"] + output["indirect"] for x in one["exposures"] for why in x["via"] if "settle" in why}

    @each([("describe-load-balancer-attributes.front.0123456789abcdef.json", {"Attributes": [{"Key": "load_balancing.cross_zone.enabled", "Value": "maybe"}]},
            "elbv2 describe-load-balancer-attributes of front"),
           ("describe-load-balancer-attributes.front.0123456789abcdef.json", {"x": 1}, "elbv2 describe-load-balancer-attributes of front"),
           ("describe-target-group-attributes.web.json", {"Attributes": [{"Key": "preserve_client_ip.enabled", "Value": "maybe"}]},
            "elbv2 describe-target-group-attributes of web"),
           ("describe-target-health.web.json", {"TargetHealthDescriptions": [{"Target": {"Id": 5}}]}, "elbv2 describe-target-health of web")])
    def test_what_is_not_understood_is_settled_by_the_call_of_its_document(self, name, document, settle):
        self.assertIn(settle, self.settles({name: document}))


if __name__ == "__main__":
    unittest.main()
