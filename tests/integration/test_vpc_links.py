"""VPC links of API Gateway: those of REST APIs bring clients to network load balancers, those of HTTP APIs have interfaces."""
import json
import os
import sys
import unittest

sys.path[:0] = [os.path.dirname(__file__), os.path.join(os.path.dirname(__file__), "..")]
import common
from test_constructs_gates import hidden, service
from test_told_bridges import BALANCER, Told, behind_balancer
from test_world import each, named

PLACE = "111122223333/eu-west-3/"
REST = PLACE + "get-vpc-links.rest.json"
HTTP = PLACE + "get-vpc-links.http.json"


def rest(**more):
    return {REST: {"items": [{"id": "lk1", "name": "orders", "targetArns": [BALANCER], "status": "AVAILABLE", **more}]}}


def http(**more):
    return {HTTP: {"Items": [{"VpcLinkId": "v2", "Name": "shop", "SecurityGroupIds": ["sg-1"], "SubnetIds": ["subnet-1"], "VpcLinkStatus": "AVAILABLE",
                              "VpcLinkVersion": "V2", **more}]}}


def inside(**more):
    """An internal network load balancer before an instance, without an accelerator's interface."""
    made, files = behind_balancer()
    made["NetworkInterfaces"] = [i for i in made["NetworkInterfaces"] if i["NetworkInterfaceId"] not in ("eni-s", "eni-2")]
    made["LoadBalancers"][0].update(IpAddressType="ipv4", AvailabilityZones=[{"SubnetId": "subnet-1"}], **more)
    return made, files


def endpoint_service(*arns, key="NetworkLoadBalancerArns", **more):
    return {PLACE + "describe-vpc-endpoint-service-configurations.json": {"ServiceConfigurations": [
        {"ServiceId": "vpce-svc-1", "ServiceName": "com.amazonaws.vpce.eu-west-3.vpce-svc-1", "ServiceState": "Available", key: list(arns), **more}]}}


class PrivateLink(Told):
    def both(self, documents, **more):
        made, files = inside(**more)
        found = self.outcome(made, {**files, **documents})
        return {f for f in found if f[0] == "eni-b"}, ("eni-1", "4", "tcp", 8080, 8080, "possible") in found

    def test_a_network_load_balancer_behind_a_service_and_what_is_behind_it_are_possible(self):
        self.assertEqual(self.both(endpoint_service(BALANCER)), ({("eni-b", family, "tcp", 443, 443, "possible") for family in "46"}, True))
        self.assertTrue(named(self.output, ["indirect"], "AWS PrivateLink by vpce-svc-1: endpoint service com.amazonaws.vpce.eu-west-3.vpce-svc-1"))
        self.assertTrue(named(self.output, ["indirect"], "ec2 describe-vpc-endpoint-service-permissions vpce-svc-1"))
        self.assertFalse(named(self.output, ["assumptions"], "PrivateLink"))

    @each([(endpoint_service(BALANCER, ServiceState="Deleted"),), ({PLACE + "describe-vpc-endpoint-service-configurations.json": {"ServiceConfigurations": []}},)])
    def test_where_no_service_names_it_none_comes(self, documents):
        self.assertEqual(self.both(documents), (set(), False))
        self.assertFalse(named(self.output, ["assumptions"], "PrivateLink"))

    def test_a_service_whose_load_balancer_has_no_interface_here_is_missing(self):
        self.both(endpoint_service(BALANCER.replace("net/int", "net/gone")))
        self.assertTrue(named(self.output, ["missing"], "the interface of loadbalancer/net/gone behind endpoint service vpce-svc-1"))
        self.both(endpoint_service(BALANCER.replace("net/int", "gwy/int"), key="GatewayLoadBalancerArns"))
        self.assertTrue(named(self.output, ["not_covered"], "whose packets endpoint service vpce-svc-1 brings to it is not judged"))

    def test_a_state_that_is_not_available_is_told(self):
        self.assertTrue(self.both(endpoint_service(BALANCER, ServiceState="Pending"))[1])
        self.assertTrue(named(self.output, ["indirect"], "endpoint service vpce-svc-1 is Pending"))


class RestLinks(Told):
    NODE = {("eni-b", family, "tcp", 443, 443, "possible") for family in "46"}

    def test_a_network_load_balancer_that_a_link_names_and_what_is_behind_it_are_possible(self):
        made, files = inside()
        found = self.outcome(made, {**files, **rest()})
        self.assertEqual({f for f in found if f[0] == "eni-b"}, self.NODE)
        self.assertIn(("eni-1", "4", "tcp", 8080, 8080, "possible"), found)
        self.assertTrue(named(self.output, ["indirect"], "API Gateway VPC link by lk1: VPC link orders of REST APIs"))
        self.assertTrue(named(self.output, ["indirect"], "which APIs use the link, and whom they let call, is not read"))
        self.assertFalse(named(self.output, ["assumptions"], "VPC links"))

    def test_where_no_document_tells_of_links_that_is_assumed(self):
        made, files = inside()
        self.assertEqual(self.outcome(made, files), set())
        self.assertTrue(named(self.output, ["assumptions"], "apigateway get-vpc-links absent: none is taken to bring clients to a network load balancer"))
        self.assertEqual(self.outcome(made, {**files, REST: {"items": []}}), set())
        self.assertTrue(named(self.output, ["assumptions"], "describe-vpc-endpoint-service-configurations absent: none is taken"))
        self.assertFalse(named(self.output, ["assumptions"], "VPC links"))
        self.outcome(made, {**files, PLACE + "get-rest-apis.json": {"items": []}})  # of what, nothing says
        self.assertTrue(named(self.output, ["assumptions"], "VPC links") and named(self.output, ["ignored"], "get-rest-apis.json"))
        del made["LoadBalancers"], made["Listeners"], made["TargetGroups"]
        self.outcome(made, files)
        self.assertFalse(named(self.output, ["assumptions"], "VPC links"))
        self.assertFalse(named(self.output, ["assumptions"], "PrivateLink"))

    @each([("get-vpc-links.rest.json", True, True), ("apigateway.GetVpcLinks.json", True, True), ("get-vpc-links.json", True, True),
           ("get-vpc-links.http.json", False, True), ("apigatewayv2.GetVpcLinks.json", False, True),
           ("get-vpc-links.rest.json", True, False), ("get-vpc-links.http.json", False, False)])
    def test_links_that_were_asked_for_and_not_answered_are_missing_and_those_of_another_service_assumed(self, name, of_rest, error):
        made, files = inside()
        denied = "\nAn error occurred (AccessDeniedException) when calling the GetVpcLinks operation: no\n" if error else ""
        self.outcome(made, {**files, PLACE + name: denied})
        self.assertEqual(named(self.output, ["missing"], name), of_rest)
        self.assertEqual(named(self.output, ["assumptions"], "VPC links of API Gateway's REST APIs"), not of_rest)

    def test_block_public_access_of_another_region_is_named(self):
        made, files = inside()
        options = {"AwsAccountId": "111122223333", "AwsRegion": "eu-west-3", "InternetGatewayBlockMode": "off", "State": "default-state"}
        name = PLACE + "VpcBlockPublicAccessOptions.json"
        self.outcome(made, {**files, name: {"VpcBlockPublicAccessOptions": options}})
        self.assertFalse(named(self.output, ["unread"], "AwsRegion"))
        wrong = {**files, name: {"VpcBlockPublicAccessOptions": {**options, "AwsRegion": "eu-west-1"}}}
        self.outcome(made, wrong)
        self.assertTrue(named(self.output, ["unread"], "AwsRegion is eu-west-1, file's path says"))

    @each([("on", False), ("off", True), ("a-new-word", True), (None, True)])
    def test_its_groups_are_asked_where_that_is_on(self, enforced, reached):
        made, files = inside(SecurityGroups=["sg-none"], **({"EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic": enforced} if enforced else {}))
        made["SecurityGroups"].append({"GroupId": "sg-none", "GroupName": "none", "VpcId": "vpc-1", "IpPermissions": []})
        next(i for i in made["NetworkInterfaces"] if i["NetworkInterfaceId"] == "eni-b")["Groups"] = [{"GroupId": "sg-none"}]
        found = self.outcome(made, {**files, **rest()})
        self.assertEqual({f for f in found if f[0] == "eni-b"}, self.NODE if reached else set())

    def test_a_target_that_is_not_there_is_missing(self):
        made, files = inside()
        self.outcome(made, {**files, **rest(targetArns=[BALANCER.replace("/int/", "/gone/")])})
        self.assertTrue(named(self.output, ["missing"], "net/gone/0123456789abcdef, target of VPC link orders"))

    @each([(None,), ("x",), ([7],)])
    def test_a_record_that_is_not_understood_is_unread(self, targets):
        made, files = inside()
        links = rest()
        links[REST]["items"][0]["targetArns"] = targets
        self.outcome(made, {**files, **links})
        self.assertTrue(named(self.output, ["unread"], "targetArns"))
        del links[REST]["items"][0]["targetArns"]
        self.outcome(made, {**files, **links})
        self.assertTrue(named(self.output, ["unread"], "targetArns"))

    def test_a_page_that_is_missing_is_missing(self):
        made, files = inside()
        links = rest()
        links[REST]["position"] = "next"
        self.outcome(made, {**files, **links})
        self.assertTrue(named(self.output, ["missing"], "another page follows"))

    def test_lists_of_other_services_are_theirs(self):
        made, files = inside()
        for name, items in (("get-rest-apis.json", [{"id": "a", "name": "b", "createdDate": "2026-01-01T00:00:00Z"}]), ("get-resources.json", [{"id": "a", "path": "/"}])):
            self.outcome(made, {**files, name: {"items": items}})
            self.assertTrue(named(self.output, ["ignored"], name) and not self.output["unread"])
        self.outcome(made, {**files, "scan.json": {"Items": [{"id": {"S": "a"}}], "Count": 1}})
        self.assertTrue(named(self.output, ["ignored"], "scan.json") and not self.output["unread"])


class HttpLinks(Told):
    def estate(self):
        made = service(hidden(), "api_gateway_managed", ["sg-1"])
        made["SecurityGroups"][0]["IpPermissions"][0]["IpRanges"] = [{"CidrIp": "10.0.0.0/8"}]
        return made

    def test_its_document_names_its_interface_and_what_it_reaches_stays_possible(self):
        found = self.outcome(self.estate(), http())
        self.assertEqual({f[-1] for f in found}, {"possible"})
        self.assertEqual(found, self.outcome(self.estate(), {}))
        self.outcome(self.estate(), http())
        self.assertTrue(named(self.output, ["indirect"], "API Gateway VPC link by eni-s: VPC link shop, the integrations of whose APIs are not read"))
        self.assertTrue(named(self.output, ["indirect"], "apigatewayv2 get-integrations of each API with VPC link v2"))
        self.assertFalse(self.output["missing"] + self.output["unread"])

    @each([("SubnetIds", ["subnet-9"]), ("SecurityGroupIds", ["sg-9"]), ("SecurityGroupIds", ["sg-1", "sg-9"])])
    def test_a_link_whose_interface_is_not_there_is_missing(self, key, value):
        self.outcome(self.estate(), http(**{key: value}))
        self.assertTrue(named(self.output, ["missing"], "missing: the interface of VPC link shop"))
        for status in ("INACTIVE", "PENDING", "DELETING", "FAILED", "a-new-word"):
            self.outcome(self.estate(), http(VpcLinkStatus=status, **{key: value}))
            self.assertFalse(self.output["missing"], status)

    @each([("SubnetIds",), ("SecurityGroupIds",), ("VpcLinkId",)])
    def test_a_record_that_lacks_a_member_is_unread(self, key):
        links = http()
        del links[HTTP]["Items"][0][key]
        self.outcome(self.estate(), links)
        self.assertTrue(named(self.output, ["unread"], key))

    def test_of_two_links_that_fit_none_is_named(self):
        links = http()
        links[HTTP]["Items"].append({**links[HTTP]["Items"][0], "VpcLinkId": "v3", "Name": "other"})
        self.outcome(self.estate(), links)
        self.assertFalse(named(self.output, ["indirect"], "VPC link shop") or named(self.output, ["indirect"], "VPC link other"))


if __name__ == "__main__":
    unittest.main()
