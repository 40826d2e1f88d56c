"""Where records say that things are, beside each other: what contradicts another record is not believed alone."""
import os
import sys
import unittest

sys.path[:0] = [os.path.join(os.path.dirname(__file__), ".."), os.path.dirname(__file__)]
from test_constructs_gates import advertised, world
from test_load_balancers import ARN, balanced
from test_snapshots import permission
from test_told_bridges import estate, origin
from test_world import MAYBE, REACHED, V4, Case, documents, each, folder

SUBNET = "arn:aws:ec2:%s:%s:subnet/%s"
GROUP = "arn:aws:elasticloadbalancing:%s:%s:targetgroup/web/1"


class Places(Case):
    @each([("us-east-1", "111122223333", "subnet-1", 3), ("eu-west-3", "444455556666", "subnet-1", 3), ("eu-west-3", "111122223333", "subnet-9", 3),
           ("eu-west-3", "111122223333", "subnet-1", 0)])
    def test_the_arn_of_a_subnet_that_is_not_of_its_record(self, region, account, name, status):
        made = world()
        made["Subnets"][0]["SubnetArn"] = SUBNET % (region, account, name)
        self.check(folder(documents(made)), status, MAYBE if status else REACHED, **({"unread": "SubnetArn subnet-1"} if status else {}))

    def test_a_subnet_of_another_region_than_its_interface(self):
        made = world()
        made["Subnets"][0]["AvailabilityZone"] = "us-east-1a"
        output = self.compute(folder(documents(made)))
        self.assertEqual({x["certainty"] for e in output["endpoints"] for x in e["exposures"]}, {"possible"})

    # https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html; moto gives such addresses
    @each((change, inside, routed) for change in ("first", "second", "ipv6", "prefix") for inside in (True, False) for routed in (True, False))
    def test_an_address_in_no_block_of_the_subnet_that_its_interface_is_said_to_be_in(self, change, inside, routed):
        made = world()
        one = made["NetworkInterfaces"][0]
        made["Subnets"][0].update(CidrBlock="10.0.0.0/24", Ipv6CidrBlockAssociationSet=[
            {"Ipv6CidrBlock": block, "Ipv6CidrBlockState": {"State": "associated"}} for block in ("2001:db8:7::/64", "2001:db8:1::/64")])
        if change == "prefix":
            one["Ipv6Prefixes"] = [{"Ipv6Prefix": "2001:db8:1::/80" if inside else "2001:db8:2::/80"}]
        elif change == "ipv6":
            one["Ipv6Addresses"].append({"Ipv6Address": "2001:db8:7::9" if inside else "2001:db8:8::9"})
        elif change == "second":
            one["PrivateIpAddresses"].append({"PrivateIpAddress": "10.0.0.255" if inside else "10.0.1.0", "Primary": False})
        elif not inside:
            made["Subnets"][0]["CidrBlock"] = "10.0.0.8/29"
        if not routed:
            made["RouteTables"][0]["Routes"] = []
        output = self.compute(folder(documents(made)))
        found = {(x["path"], x["certainty"]) for e in output["endpoints"] for x in e["exposures"] if x["internet"]}
        self.assertEqual((found, output["unread"]), ({("two-way" if routed else "inbound-only", "exact")}, []))
        said = "1 interface has an address in no block of its subnet, the first is %s in subnet-1 by" % one["NetworkInterfaceId"]
        self.assertEqual([text.startswith(said) for text in output["assumptions"] if "no block" in text], [] if inside else [True])

    def test_blocks_that_are_not_told_hold_any_address(self):
        made = world()
        del made["Subnets"][0]["CidrBlock"]
        self.check(folder(documents(made)), 0, REACHED)

    @each([({"VpcId": "vpc-9"}, "is said to be in vpc-9"), ({"LoadBalancerArns": []}, "do not name it"),
           ({"LoadBalancerArns": [ARN % "app/other/0123456789abcdef"]}, "do not name it"),
           ({"TargetGroupArn": GROUP % ("us-east-1", "111122223333")}, "another account or region"),
           ({"TargetGroupArn": GROUP % ("eu-west-3", "444455556666")}, "another account or region"), ({}, None)])
    def test_a_target_group_that_is_not_where_the_load_balancer_is_that_forwards_to_it(self, changes, words):
        made = balanced()
        made["TargetGroups"][0].update(changes)
        arn = made["TargetGroups"][0]["TargetGroupArn"]
        made["Listeners"][0]["DefaultActions"][0]["TargetGroupArn"] = made["LoadBalancerTargetHealth"][0]["TargetGroupArn"] = arn
        output = self.compute(folder(documents(made)))
        self.assertEqual({x["certainty"] for i in output["indirect"] for x in i["exposures"]}, {"possible"} if words else {"exact"})
        self.assertEqual([words in one["why"] for one in output["unread"]], [True] if words else [])

    # https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-listeners.html
    @each([("application", "HTTP", "HTTP HTTPS"), ("application", "HTTPS", "HTTP HTTPS"), ("network", "TCP", "TCP TCP_UDP"), ("network", "TLS", "TCP TLS"),
           ("network", "UDP", "UDP TCP_UDP"), ("network", "TCP_UDP", "TCP_UDP"), ("network", "QUIC", "QUIC TCP_QUIC"), ("network", "TCP_QUIC", "TCP_QUIC")])
    def test_a_target_group_of_a_protocol_that_its_listener_can_not_forward_to(self, kind, listener, fits):
        for group in ("HTTP", "HTTPS", "TCP", "TLS", "UDP", "TCP_UDP", "QUIC", "TCP_QUIC", "GENEVE"):
            made = balanced(kind, protocol=group)
            made["Listeners"][0]["Protocol"] = listener
            made["SecurityGroups"][1]["IpPermissions"] = made["SecurityGroups"][0]["IpPermissions"] = [permission("-1", None, ["0.0.0.0/0"])]
            output = self.compute(folder(documents(made)))
            self.assertEqual({x["certainty"] for i in output["indirect"] for x in i["exposures"]}, {"exact"} if group in fits.split() else {"possible"}, group)
            self.assertEqual(["target group web is of %s, to which a listener of load balancer front that names it can not forward" % group == one["why"] for one in output["unread"]],
                             [] if group in fits.split() else [True], group)

    def served(self, *services):
        made = balanced("network", protocol="TCP")
        output = self.compute(folder(documents({**made, "ServiceConfigurations": list(services)})))
        return output, [i for i in output["indirect"] if "PrivateLink" in str(i)]

    def test_an_endpoint_service_without_a_load_balancer_may_have_any(self):
        output, through = self.served({"ServiceId": "vpce-svc-1", "ServiceState": "Available"})
        self.assertTrue(through and "vpce-svc-1" in str(output["unread"]), output["unread"])
        output, through = self.served({"ServiceId": "vpce-svc-1", "ServiceState": "Deleted"})
        self.assertEqual((through, output["unread"]), ([], []))

    def test_two_records_of_an_endpoint_service_that_differ_are_unread(self):
        one = {"ServiceId": "vpce-svc-1", "ServiceState": "Available", "NetworkLoadBalancerArns": [ARN % "net/front/0123456789abcdef"]}
        for other, told in (({**one, "ServiceState": "Deleted"}, True), (dict(one), False)):
            for pair in ((one, other), (other, one)):
                output, through = self.served(*pair)
                self.assertTrue(through)
                self.assertEqual("vpce-svc-1" in str(output["unread"]), told)

    @each([("network", "describe-vpc-endpoint-service-configurations", "ServiceConfigurations"),
           ("application", "list-web-acls", "WebACLs")])
    def test_what_was_asked_for_and_not_answered_is_no_default(self, kind, call, key):
        denied = "\nAn error occurred (AccessDeniedException) when calling the X operation: no\n"
        made = documents(balanced(kind))
        self.assertEqual(self.compute(folder(made))["missing"], [])
        self.assertTrue(self.compute(folder({**made, call + ".json": denied}))["missing"], key)

    def test_a_vpc_origin_that_two_answers_tell_otherwise_of(self):
        for listed, own in (("Deploying", "Deployed"), ("Deployed", "Deploying")):
            answer = origin()
            answer["VpcOrigin"]["Status"] = own
            summary = {"VpcOriginList": {"Items": [{"Id": "vo_1", "Arn": answer["VpcOrigin"]["Arn"], "AccountId": "111122223333", "Status": listed,
                                                    "OriginEndpointArn": answer["VpcOrigin"]["VpcOriginEndpointConfig"]["Arn"]}]}}
            for files in ({"1.json": summary, "2.json": answer}, {"1.json": answer, "2.json": summary}):
                output = self.compute(folder({**documents(estate()), **files}))
                self.assertTrue([one for one in output["unread"] if "vo_1 is Deploy" in one["why"]], output["unread"])


if __name__ == "__main__":
    unittest.main()
