"""Load balancers: their own ports, and what is exposed behind them."""
import json
import os
import pathlib
import sys
import tempfile
import unittest

sys.path[:0] = [os.path.dirname(__file__), os.path.join(os.path.dirname(__file__), "..")]
import common
from oracle import estates
from test_snapshots import Case, INTERNET, permission, plain

ARN = "arn:aws:elasticloadbalancing:eu-west-3:111122223333:loadbalancer/%s"
GROUP_ARN = "arn:aws:elasticloadbalancing:eu-west-3:111122223333:targetgroup/%s"


def interface(name, private, subnet="subnet-1", groups=(), public=None, instance=None, mark=None):
    made = {"NetworkInterfaceId": "eni-" + name, "VpcId": "vpc-1", "SubnetId": subnet, "OwnerId": "111122223333",
            "AvailabilityZone": "eu-west-3a", "InterfaceType": "interface", "Status": "in-use", "Groups": [{"GroupId": g} for g in groups],
            "PrivateIpAddresses": [{"PrivateIpAddress": private, "Primary": True}], "Ipv6Addresses": []}
    if public:
        made["PrivateIpAddresses"][0]["Association"] = {"PublicIp": public}
    if instance:
        made["Attachment"] = {"InstanceId": instance, "Status": "attached", "DeviceIndex": 0}
    if mark:
        made.update(Description="ELB " + mark, RequesterManaged=True)
    return made


def balanced(kind="application", target_type="instance", target_id="i-web", protocol=None, listener=443):
    """An internet-facing load balancer in subnet-1 before one target in subnet-2, which has no way out by itself."""
    estate = plain()
    mark = {"application": "app", "network": "net", "gateway": "gwy"}[kind] + "/front/0123456789abcdef"
    estate["Subnets"].append({"SubnetId": "subnet-2", "VpcId": "vpc-1"})
    estate["RouteTables"].append({"RouteTableId": "rtb-2", "VpcId": "vpc-1", "Associations": [{"Main": False, "SubnetId": "subnet-2"}],
                                  "Routes": [{"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local", "State": "active"}]})
    estate["NetworkAcls"][0]["Associations"].append({"SubnetId": "subnet-2"})
    estate["SecurityGroups"] = [
        {"GroupId": "sg-front", "VpcId": "vpc-1", "IpPermissions": [permission("tcp", (0, 65535), ["8.0.0.0/8"])]},
        {"GroupId": "sg-web", "VpcId": "vpc-1", "IpPermissions": [permission("tcp", (8080, 8080))]}]
    estate["SecurityGroups"][1]["IpPermissions"][0]["UserIdGroupPairs"] = [{"GroupId": "sg-front"}]
    estate["NetworkInterfaces"] = [
        interface("front", "10.0.0.9", groups=["sg-front"], public="198.51.100.9", mark=mark),
        interface("web", "10.0.2.4", subnet="subnet-2", groups=["sg-web"], instance="i-web")]
    estate["Reservations"] = [{"Instances": [{"InstanceId": "i-web", "State": {"Name": "running"}, "Tags": [{"Key": "Name", "Value": "web"}]}]}]
    estate["LoadBalancers"] = [{"LoadBalancerArn": ARN % mark, "LoadBalancerName": "front", "Type": kind, "Scheme": "internet-facing",
                                "VpcId": "vpc-1", "SecurityGroups": ["sg-front"], "State": {"Code": "active"}}]
    estate["Listeners"] = [{"LoadBalancerArn": ARN % mark, "Port": listener, "Protocol": {"application": "HTTPS", "network": "TCP"}.get(kind, "GENEVE"),
                            "DefaultActions": [{"Type": "forward", "TargetGroupArn": GROUP_ARN % "web/1"}]}]
    estate["TargetGroups"] = [{"TargetGroupArn": GROUP_ARN % "web/1", "TargetGroupName": "web", "TargetType": target_type,
                               "Protocol": {"application": "HTTP", "network": "TCP"}.get(kind, "GENEVE") if protocol is None else protocol,
                               "Port": 8080, "VpcId": "vpc-1", "LoadBalancerArns": [ARN % mark]}]
    estate["LoadBalancerTargetHealth"] = [{"TargetGroupArn": GROUP_ARN % "web/1", "TargetHealthDescriptions": [
        {"Target": {"Id": target_id, "Port": 8080}, "TargetHealth": {"State": "healthy"}}]}]
    return estate


def classic():
    estate = balanced()
    for key in ("LoadBalancers", "Listeners", "TargetGroups", "LoadBalancerTargetHealth"):
        del estate[key]
    estate["NetworkInterfaces"][0]["Description"] = "ELB old"
    estate["LoadBalancerDescriptions"] = [{
        "LoadBalancerName": "old", "VPCId": "vpc-1", "Scheme": "internet-facing", "SecurityGroups": ["sg-front"],
        "ListenerDescriptions": [{"Listener": {"Protocol": "HTTP", "LoadBalancerPort": 80, "InstanceProtocol": "HTTP", "InstancePort": 8080}}],
        "Instances": [{"InstanceId": "i-web"}]}]
    return estate


class LoadBalancers(Case):
    def behind(self, estate, expect=0):
        """{(private address, port): (sources, certainty)} of what is exposed behind load balancers."""
        found = {}
        for item in self.outcome(estate, expect=expect)["indirect"]:
            for x in item["exposures"]:
                found[item["private_address"], x["from_port"]] = (x["sources"], x["certainty"])
        return found

    def test_a_load_balancer_is_reached_on_its_listeners_ports_only(self):
        for kind in ("application", "network"):
            self.assertEqual(self.exposures(balanced(kind), address="198.51.100.9"), {("tcp", 443, 443): "exact"})
        estate = balanced("network", protocol="UDP")
        estate["Listeners"][0]["Protocol"] = "UDP"
        self.assertEqual(self.exposures(estate, address="198.51.100.9"), {})

    def test_no_group_on_a_network_load_balancer_means_no_filter(self):
        estate = balanced("network")
        estate["NetworkInterfaces"][0]["Groups"] = estate["LoadBalancers"][0]["SecurityGroups"] = []
        self.assertEqual(self.exposures(estate, "9.9.9.9", "198.51.100.9"), {
            ("tcp", 443, 443): "exact", ("icmp", None, None): "possible", ("icmpv6", None, None): "possible"})

    def test_an_internal_load_balancer_takes_nothing_in(self):
        estate = balanced()
        estate["LoadBalancers"][0]["Scheme"] = "internal"
        del estate["NetworkInterfaces"][0]["PrivateIpAddresses"][0]["Association"]
        output = self.outcome(estate)
        self.assertEqual((output["endpoints"], output["indirect"], output["missing"]), ([], [], []))

    def test_of_an_internal_load_balancer_with_a_public_address_neither_is_believed(self):
        for estate in (balanced(), balanced("network"), classic()):
            own = estate.get("LoadBalancers") or estate["LoadBalancerDescriptions"]
            own[0]["Scheme"] = "internal"
            output = self.outcome(estate, expect=3)
            self.assertIn("eni-front has the public address 198.51.100.9, but its load balancer %s is said to be internal" % own[0]["LoadBalancerName"], str(output["unread"]))
            self.assertEqual({x["certainty"] for e in output["endpoints"] for x in e["exposures"] if x["protocol"] == "tcp"}, {"possible"})
            self.assertEqual({c for _, c in self.behind(estate, expect=3).values()}, {"possible"})

    def test_listeners_that_the_snapshot_lacks_make_every_port_possible_and_are_named(self):
        estate = balanced()
        del estate["Listeners"]
        self.assertEqual(self.exposures(estate, address="198.51.100.9", expect=3), {("tcp", 0, 65535): "possible"})
        self.assertIn("missing: listeners of load balancer front", common.missing(self.outcome(estate, expect=3)))

    def test_without_any_load_balancer_document_an_assumption_says_so(self):
        estate = balanced()
        for key in ("LoadBalancers", "Listeners", "TargetGroups", "LoadBalancerTargetHealth"):
            del estate[key]
        output = self.outcome(estate)
        self.assertTrue([a for a in output["assumptions"] if a.startswith("LoadBalancers absent")])

    def test_a_target_is_exposed_behind_its_listener_with_path_and_health(self):
        [item] = self.outcome(balanced())["indirect"]
        self.assertEqual((item["eni_id"], item["instance_id"], item["name"], item["private_address"], item["listener"], item["health"]),
                         ("eni-web", "i-web", "web", "10.0.2.4", "443/HTTPS", "healthy"))
        [exposure] = item["exposures"]
        self.assertEqual((exposure["protocol"], exposure["from_port"], exposure["sources"], exposure["internet"], exposure["certainty"]),
                         ("tcp", 8080, ["8.0.0.0/8"], True, "exact"))
        self.assertEqual(common.texts(exposure["via"]), ["load balancer front 443/HTTPS", "target group web: healthy"])
        self.assertIn("sg-web:0", common.ids(exposure["because"]))

    def test_a_target_whose_group_does_not_admit_the_load_balancer_is_not_exposed(self):
        estate = balanced()
        estate["SecurityGroups"][1]["IpPermissions"][0]["UserIdGroupPairs"] = [{"GroupId": "sg-other"}]
        self.assertEqual(self.behind(estate), {})
        estate["SecurityGroups"][1]["IpPermissions"][0]["IpRanges"] = [{"CidrIp": "10.0.0.0/24"}]
        self.assertEqual(self.behind(estate), {("10.0.2.4", 8080): (["8.0.0.0/8"], "exact")})

    def test_the_targets_acl_counts_between_subnets(self):
        estate = balanced()
        estate["NetworkAcls"].append({"NetworkAclId": "acl-2", "VpcId": "vpc-1", "IsDefault": False, "Entries": [],
                                      "Associations": [{"SubnetId": "subnet-2"}]})
        estate["NetworkAcls"][0]["Associations"].pop()
        self.assertEqual(self.behind(estate), {})
        estate["NetworkInterfaces"][1]["SubnetId"] = "subnet-1"
        estate["Subnets"][0]["CidrBlock"] = "10.0.0.0/16"
        self.assertEqual(self.behind(estate), {("10.0.2.4", 8080): (["8.0.0.0/8"], "exact")})

    def test_client_addresses_are_preserved_by_target_type_and_attribute(self):
        def with_client_rule(*words, **more):
            estate = balanced("network", *words, **more)
            estate["SecurityGroups"][1]["IpPermissions"] = [permission("tcp", (8080, 8080), ["8.8.0.0/16"])]
            return estate
        preserved = {("10.0.2.4", 8080): (["8.8.0.0/16"], "exact")}
        self.assertEqual(self.behind(with_client_rule(protocol="TCP")), preserved)
        # ip targets over TCP see the load balancer's own address, which the rule does not admit
        self.assertEqual(self.behind(with_client_rule("ip", "10.0.2.4", "TCP")), {})
        for wanted, result in (("true", preserved), ("false", {})):
            estate = with_client_rule("ip", "10.0.2.4", "TCP")
            estate["Attributes"] = [{"Key": "preserve_client_ip.enabled", "Value": wanted}]
            self.assertEqual(self.behind_with_attributes(estate), result)

    def behind_with_attributes(self, estate):
        attributes = estate.pop("Attributes")
        with tempfile.TemporaryDirectory() as folder:
            estates.write(estate, folder)
            (pathlib.Path(folder) / "describe-target-group-attributes.web.json").write_text(json.dumps({"Attributes": attributes}))
            output = common.compute(folder)
        return {(i["private_address"], x["from_port"]): (x["sources"], x["certainty"]) for i in output["indirect"] for x in i["exposures"]}

    def test_a_rule_that_refers_to_the_network_load_balancers_group_admits_preserved_clients(self):
        self.assertEqual(self.behind(balanced("network", protocol="TCP")), {("10.0.2.4", 8080): (["8.0.0.0/8"], "exact")})

    def test_a_network_load_balancer_before_an_application_one(self):
        estate = balanced("network", "alb", ARN % "app/inner/fedcba9876543210", "TCP")
        estate["TargetGroups"][0]["Port"] = 80
        estate["LoadBalancerTargetHealth"][0]["TargetHealthDescriptions"][0]["Target"]["Port"] = 80
        estate["NetworkInterfaces"].append(interface("inner", "10.0.0.20", groups=["sg-inner"], mark="app/inner/fedcba9876543210"))
        estate["SecurityGroups"].append({"GroupId": "sg-inner", "VpcId": "vpc-1", "IpPermissions": [permission("tcp", (80, 80), ["8.8.8.0/24"])]})
        estate["SecurityGroups"][1]["IpPermissions"][0]["UserIdGroupPairs"] = [{"GroupId": "sg-inner"}]
        estate["LoadBalancers"].append({"LoadBalancerArn": ARN % "app/inner/fedcba9876543210", "LoadBalancerName": "inner", "State": {"Code": "active"}, "Type": "application",
                                        "Scheme": "internal", "VpcId": "vpc-1", "SecurityGroups": ["sg-inner"]})
        estate["Listeners"].append({"LoadBalancerArn": ARN % "app/inner/fedcba9876543210", "Port": 80, "Protocol": "HTTP", "DefaultActions": [
            {"Type": "forward", "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": GROUP_ARN % "app/2", "Weight": 1}]}}]})
        estate["TargetGroups"].append({"TargetGroupArn": GROUP_ARN % "app/2", "TargetGroupName": "app", "TargetType": "instance", "Protocol": "HTTP",
                                       "Port": 8080, "VpcId": "vpc-1", "LoadBalancerArns": [ARN % "app/inner/fedcba9876543210"]})
        estate["LoadBalancerTargetHealth"].append({"TargetGroupArn": GROUP_ARN % "app/2", "TargetHealthDescriptions": [
            {"Target": {"Id": "i-web"}, "TargetHealth": {"State": "unhealthy"}}]})
        self.assertEqual(self.behind(estate), {("10.0.0.20", 80): (["8.8.8.0/24"], "exact"), ("10.0.2.4", 8080): (["8.8.8.0/24"], "exact")})
        node, item = self.outcome(estate)["indirect"]
        self.assertEqual(common.texts(node["exposures"][0]["via"]), ["load balancer front 443/TCP", "target group web: healthy"])
        self.assertEqual(common.texts(item["exposures"][0]["via"]), ["load balancer front 443/TCP", "target group web", "load balancer inner 80/HTTP",
                                                                     "target group app: unhealthy"])

    def test_a_classic_load_balancer(self):
        estate = classic()
        self.assertEqual(self.exposures(estate, address="198.51.100.9"), {("tcp", 80, 80): "exact"})
        self.assertEqual(self.behind(estate), {("10.0.2.4", 8080): (["8.0.0.0/8"], "exact")})
        del estate["LoadBalancerDescriptions"][0]["Scheme"]  # then it may be internal
        [front] = [e for e in self.outcome(estate, expect=3)["endpoints"] if e["address"] == "198.51.100.9"]
        self.assertEqual({x["certainty"] for x in front["exposures"]}, {"possible"})

    def test_a_gateway_load_balancer_has_no_port_of_its_own(self):
        estate = balanced("gateway")
        estate["NetworkInterfaces"][0]["InterfaceType"] = "gateway_load_balancer"
        estate["Listeners"] = [{"LoadBalancerArn": estate["LoadBalancers"][0]["LoadBalancerArn"], "ListenerArn": "arn", "DefaultActions": []}]
        self.assertEqual(self.exposures(estate, address="198.51.100.9"), {})
        del estate["LoadBalancers"][0]["Scheme"]  # as AWS prints it
        del estate["NetworkInterfaces"][0]
        self.assertEqual(self.outcome(estate)["unread"], [])

    def test_targets_that_the_snapshot_lacks_are_named(self):
        estate = balanced()
        del estate["LoadBalancerTargetHealth"]
        self.assertIn("missing: targets of target group web", common.missing(self.outcome(estate, expect=3)))

    def test_a_group_that_only_listener_rules_forward_to_is_possible(self):
        estate = balanced()
        estate["Listeners"][0]["DefaultActions"] = [{"Type": "fixed-response"}]
        self.assertEqual(self.behind(estate), {("10.0.2.4", 8080): (["8.0.0.0/8"], "possible")})

    def test_a_load_balancer_is_known_by_its_interface_whoever_is_told_to_own_that(self):
        estate = balanced()
        estate["NetworkInterfaces"][0]["OwnerId"] = "444455556666"
        estate["Vpcs"] = [{"VpcId": "vpc-1", "OwnerId": "111122223333"}]
        self.assertIn(("10.0.2.4", 8080), self.behind(estate))

    def test_a_target_that_starts_is_possible_and_one_that_stands_still_dormant(self):
        for state, dormant, certainty in (("running", False, "exact"), ("pending", False, "possible"), ("stopped", True, "exact")):
            estate = balanced()
            estate["Reservations"][0]["Instances"][0]["State"]["Name"] = state
            [item] = self.outcome(estate)["indirect"]
            self.assertEqual((item["dormant"], item["exposures"][0]["certainty"]), (dormant, certainty), state)

    def test_explain_names_the_listener(self):
        with tempfile.TemporaryDirectory() as folder:
            estates.write(balanced(), folder)
            self.assertIn("front:443/HTTPS (listens on 443/HTTPS)", common.sgproof("explain", folder, "198.51.100.9", "443/tcp", "--from", INTERNET).stdout)
            self.assertIn("front has no listener there", common.sgproof("explain", folder, "198.51.100.9", "22/tcp", "--from", INTERNET).stdout)


class Firewalls(Case):
    def test_a_route_to_a_network_firewall_endpoint_is_possible_and_names_the_firewall(self):
        estate = plain()
        estate["RouteTables"][0]["Routes"][1] = {"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "vpce-0fire", "State": "active"}
        firewall = {"Firewall": {"FirewallName": "edge", "VpcId": "vpc-1"}, "FirewallStatus": {"SyncStates": {"eu-west-3a": {"Attachment": {
            "SubnetId": "subnet-9", "EndpointId": "vpce-0fire", "Status": "READY"}}}}}
        with tempfile.TemporaryDirectory() as folder:
            estates.write(estate, folder)
            (pathlib.Path(folder) / "describe-firewall.edge.json").write_text(json.dumps(firewall))
            output = common.compute(folder)
        endpoint = next(e for e in output["endpoints"] if e["address"] == "198.51.100.4")
        self.assertEqual({(x["certainty"], tuple(common.texts(x["via"]))) for x in endpoint["exposures"] if x["internet"]},
                         {("possible", ("replies are routed to vpce-0fire of AWS Network Firewall edge: what it lets through is not modelled",))})


class Classic(Case):
    """Every word of the classic API that decides: Listener.Protocol and LoadBalancerDescription.Scheme, and words that are new."""

    def sure(self, protocol="HTTP", scheme="internet-facing", status=0):
        estate = classic()
        estate["LoadBalancerDescriptions"][0]["Scheme"] = scheme
        estate["LoadBalancerDescriptions"][0]["ListenerDescriptions"][0]["Listener"]["Protocol"] = protocol
        output = self.outcome(estate, expect=status)
        own, behind = (sorted({x["certainty"] for one in output[kind] for x in one["exposures"] if x["path"] == "two-way"}) for kind in ("endpoints", "indirect"))
        return own, behind

    def test_each_protocol_is_decided_and_one_that_is_new_is_possible(self):
        for protocol in ("HTTP", "HTTPS", "TCP", "SSL"):
            self.assertEqual(self.sure(protocol), (["exact"], ["exact"]), protocol)
        self.assertEqual(self.sure("HTTP9"), (["possible"], ["possible"]))
        self.assertEqual(self.sure("UDP", status=3)[0], ["possible"])  # which no classic one has

    def test_a_scheme_that_is_new_or_contradicts_the_nodes_address_is_possible(self):
        for scheme in ("internal", "sideways"):
            self.assertEqual(self.sure(scheme=scheme, status=3), (["possible"], ["possible"]), scheme)


class Ranges(Case):
    def test_from_narrows_to_what_a_range_reaches(self):
        estate = plain()
        estate["SecurityGroups"][0]["IpPermissions"] = [permission("tcp", (22, 22), ["8.8.0.0/16", "9.9.9.9/32"]), permission("tcp", (80, 80), ["7.0.0.0/8"])]
        with tempfile.TemporaryDirectory() as folder:
            estates.write(estate, folder)
            found = common.compute(folder, "--from", "8.8.8.0/24", "--from", "9.9.9.0/24")
            self.assertEqual([[(x["from_port"], x["sources"]) for x in e["exposures"]] for e in found["endpoints"]],
                             [[(22, ["8.8.8.0/24", "9.9.9.9/32"])]])
            self.assertEqual(common.sgproof("compute", folder, "--from", "8.8.8.8/24").returncode, 2)
            self.assertEqual(common.sgproof("compute", folder, "--from", "8.8.8.8", "--vantage", "8.8.8.8").returncode, 2)


if __name__ == "__main__":
    unittest.main()
