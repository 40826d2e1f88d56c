"""Load balancers behind load balancers, and which address stands for a client before the targets behind them."""
import os
import sys
import unittest

sys.path[:0] = [os.path.dirname(__file__), os.path.join(os.path.dirname(__file__), "..")]
import common
from test_balancer_targets import Behind, forward, listener_arn, rule
from test_constructs_gates import service
from test_load_balancers import ARN, GROUP_ARN, balanced, interface
from test_snapshots import permission
from test_told_bridges import distributions, origin
from test_world import each, named

WEB = "10.0.2.4"
PRESERVE = {"Key": "preserve_client_ip.enabled"}


def mark(name, kind):
    return "%s/%s/%016x" % (kind, name, sum(name.encode()))


def add(estate, name, kind="app", target=("ip", WEB, 8080), node="10.0.0.20", listens=(80, "HTTP"), scheme="internal", sources=("0.0.0.0/0",)):
    """A load balancer with one node before one target; its group admits `sources`."""
    of, group = mark(name, kind), "sg-" + name
    protocol = {"app": "HTTP", "net": "TCP"}[kind]
    estate["NetworkInterfaces"].append(interface(name, node, groups=[group], mark=of))
    estate["SecurityGroups"].append({"GroupId": group, "VpcId": "vpc-1", "IpPermissions": [permission("tcp", (0, 65535), list(sources))]})
    estate["LoadBalancers"].append({"LoadBalancerArn": ARN % of, "LoadBalancerName": name, "Type": {"app": "application", "net": "network"}[kind],
                                    "Scheme": scheme, "VpcId": "vpc-1", "SecurityGroups": [group], "State": {"Code": "active"}})
    estate["Listeners"].append({"LoadBalancerArn": ARN % of, "ListenerArn": listener_arn(of, "l"), "Port": listens[0],
                                "Protocol": listens[1] if kind == "app" else "TCP", "DefaultActions": [forward(name + "/1")]})
    estate["TargetGroups"].append({"TargetGroupArn": GROUP_ARN % (name + "/1"), "TargetGroupName": name, "TargetType": target[0], "Protocol": protocol,
                                   "IpAddressType": "ipv4", "Port": target[2], "VpcId": "vpc-1", "LoadBalancerArns": [ARN % of]})
    estate["LoadBalancerTargetHealth"].append({"TargetGroupArn": GROUP_ARN % (name + "/1"), "TargetHealthDescriptions": [
        {"Target": {"Id": target[1], "Port": target[2]}, "TargetHealth": {"State": "healthy"}}]})
    return estate


def chain(kind="network", inner="app", protocol="TCP", **more):
    """front -> 10.0.0.20:80, which is a node of inner -> web."""
    estate = balanced(kind, "ip", "10.0.0.20", protocol)
    estate["LoadBalancerTargetHealth"][0]["TargetHealthDescriptions"][0]["Target"]["Port"] = 80
    estate["SecurityGroups"][1]["IpPermissions"] = [permission("tcp", (8080, 8080), ["10.0.0.0/24"])]
    return add(estate, "inner", inner, **more)


def listed(sources, certainty="exact", front="443/TCP", inner="80/HTTP", node="10.0.0.20", web=WEB):
    return {(front, node): {(sources, certainty)}, (inner, web): {(sources, certainty)}}


class Chains(Behind):
    def test_a_load_balancer_whose_node_is_registered_by_its_address_is_followed_on(self):
        for kind, front in (("network", "443/TCP"), ("application", "443/HTTPS")):
            estate = chain(kind, protocol={"network": "TCP", "application": "HTTP"}[kind])
            self.assertEqual(self.behind(estate), listed("8.0.0.0/8", front=front))
        via = [x["via"] for i in self.outcome(estate)["indirect"] if i["private_address"] == WEB for x in i["exposures"]]
        self.assertEqual(common.texts(via[0]), ["load balancer front 443/HTTPS", "target group web", "load balancer inner 80/HTTP", "target group inner: healthy"])

    def test_the_inner_one_listens_on_its_listeners_ports_only(self):
        estate = chain(listens=(81, "HTTP"))
        self.assertEqual(self.behind(estate), {})
        self.assertIn("load balancer inner has no TCP listener on port 80 of 10.0.0.20: not reached", self.outcome(estate)["notes"])

    def test_sixty_behind_each_other_are_followed_and_more_than_that_are_missing(self):
        for count, status in ((60, 0), (80, 3)):
            estate = chain(target=("ip", "10.0.1.1", 80))
            estate["Subnets"][0]["CidrBlock"] = "10.0.0.0/16"
            for n in range(1, count):
                last = n == count - 1
                add(estate, "b%d" % n, target=("ip", WEB if last else "10.0.1.%d" % (n + 1), 8080 if last else 80), node="10.0.1.%d" % n)
            estate["SecurityGroups"][1]["IpPermissions"] = [permission("tcp", (8080, 8080), ["10.0.0.0/16"])]
            found = self.behind(estate, expect=status)
            self.assertEqual(("80/HTTP", WEB) in found, count == 60)
            self.assertEqual(bool(named(self.outcome(estate, expect=status), ["missing"], "what is behind load balancer")), count == 80)

    def test_a_circle_of_load_balancers_ends(self):
        estate = chain(target=("ip", "10.0.0.21", 80))
        add(estate, "second", node="10.0.0.21", target=("ip", "10.0.0.20", 80))
        estate["LoadBalancerTargetHealth"][-1]["TargetHealthDescriptions"].append({"Target": {"Id": WEB, "Port": 8080}, "TargetHealth": {"State": "healthy"}})
        self.assertIn(("80/HTTP", WEB), self.behind(estate))
        add(estate, "self", node="10.0.0.22", target=("ip", "10.0.0.22", 80))
        estate["LoadBalancerTargetHealth"][-1]["TargetHealthDescriptions"].append({"Target": {"Id": "10.0.0.20", "Port": 80}, "TargetHealth": {"State": "healthy"}})
        self.assertIn(("80/HTTP", WEB), self.behind(estate))

    def test_two_ways_to_one_target_are_in_one_order_whatever_that_of_the_documents(self):
        estate = chain(target=("ip", "10.0.0.30", 80))
        estate["LoadBalancerTargetHealth"][0]["TargetHealthDescriptions"].append({"Target": {"Id": "10.0.0.21", "Port": 80}, "TargetHealth": {"State": "healthy"}})
        add(estate, "other", node="10.0.0.21", target=("ip", "10.0.0.30", 80))
        add(estate, "last", node="10.0.0.30")
        before = self.outcome(estate)["indirect"]
        self.assertEqual(len([i for i in before if i["private_address"] == WEB]), 2)
        for key in ("LoadBalancers", "Listeners", "TargetGroups", "LoadBalancerTargetHealth", "NetworkInterfaces"):
            estate[key].reverse()
        for health in estate["LoadBalancerTargetHealth"]:
            health["TargetHealthDescriptions"].reverse()
        self.assertEqual(self.outcome(estate)["indirect"], before)

    @each([("state", "possible"), ("listeners", "possible"), ("health", "possible")])
    def test_what_is_not_sure_of_the_inner_one_makes_it_possible(self, what, certainty):
        estate = chain()
        if what == "state":
            estate["LoadBalancers"][1]["State"] = {"Code": "provisioning"}
        if what == "health":
            estate["LoadBalancerTargetHealth"][0]["TargetHealthDescriptions"][0]["TargetHealth"]["State"] = "initial"
        if what == "listeners":
            del estate["Listeners"][1]
            found = self.behind(estate, expect=3)
            self.assertEqual(found[("unknown", WEB)], {("8.0.0.0/8", "possible")})
            return
        self.assertEqual(self.behind(estate), listed("8.0.0.0/8", certainty))

    def test_an_inner_one_that_no_document_knows_is_missing(self):
        estate = chain()
        del estate["LoadBalancers"][1], estate["Listeners"][1]
        self.assertEqual(set(self.behind(estate, expect=3)), {("443/TCP", "10.0.0.20")})
        self.assertTrue(named(self.outcome(estate, expect=3), ["missing"], "load balancer inner"))

    def test_an_application_one_as_target_is_listed_at_each_of_its_nodes(self):
        inner = mark("inner", "app")
        estate = add(balanced("network", "alb", ARN % inner, "TCP"), "inner")
        estate["LoadBalancerTargetHealth"][0]["TargetHealthDescriptions"][0]["Target"]["Port"] = 80
        estate["SecurityGroups"][1]["IpPermissions"] = [permission("tcp", (8080, 8080), ["10.0.0.0/24"])]
        estate["NetworkInterfaces"].append(interface("inner2", "10.0.0.21", groups=["sg-inner"], mark=inner))
        self.assertEqual(self.behind(estate), {**listed("8.0.0.0/8"), ("443/TCP", "10.0.0.21"): {("8.0.0.0/8", "exact")}})


class Addresses(Behind):
    """front passes its clients on with its own address, or with theirs; the inner one sees no other."""

    def preserving(self, estate, group, value="true"):
        estate.setdefault("files", {})["describe-target-group-attributes.%s.1.json" % group] = {"Attributes": [{**PRESERVE, "Value": value}]}
        return estate

    def test_rules_by_source_and_groups_of_the_inner_one_see_the_outer_ones_address(self):
        for sources, reached in ((["8.0.0.0/8"], False), (["10.0.0.9/32"], True), (["10.0.0.0/8"], True)):
            self.assertEqual(self.behind(chain(sources=sources)), listed("8.0.0.0/8") if reached else {}, sources)
            estate = chain()
            estate["Listeners"][1]["DefaultActions"] = [{"Type": "fixed-response"}]
            of = mark("inner", "app")
            estate["Rules"] = [rule(listener_arn(of, "l"), "default", estate["Listeners"][1]["DefaultActions"]),
                               rule(listener_arn(of, "l"), 1, [forward("inner/1")], {"Field": "source-ip", "SourceIpConfig": {"Values": sources}})]
            node = {("443/TCP", "10.0.0.20"): {("8.0.0.0/8", "exact")}}
            self.assertEqual(self.behind(estate), listed("8.0.0.0/8") if reached else node, sources)

    def test_with_its_clients_addresses_kept_it_sees_those(self):
        estate = self.preserving(chain(sources=["8.8.0.0/16"]), "web")
        self.assertEqual(self.behind(estate), listed("8.8.0.0/16"))

    def test_a_network_one_behind_another_keeps_the_address_that_it_sees(self):
        for outer, admits, sources in (("true", "8.8.0.0/16", "8.8.0.0/16"), ("true", "10.0.0.0/24", ""), ("false", "10.0.0.9/32", "8.0.0.0/8"),
                                       ("false", "8.0.0.0/8", ""), ("false", "10.0.0.20/32", "")):
            estate = self.preserving(self.preserving(chain(inner="net", listens=(80, "TCP")), "inner"), "web", outer)
            estate["SecurityGroups"][1]["IpPermissions"] = [permission("tcp", (8080, 8080), [admits])]
            found = self.behind(estate).get(("80/TCP", WEB))
            self.assertEqual(found, {(sources, "exact")} if sources else None, (outer, admits))

    def behind_service(self, kind, admits, files=None, preserve="true"):
        """A service's interface 10.0.0.99 before an internal load balancer that passes addresses on, before web."""
        estate = chain(inner="net", listens=(80, "TCP"))
        estate["LoadBalancers"][0]["Scheme"] = "internal"
        estate["NetworkInterfaces"][0]["PrivateIpAddresses"][0].pop("Association", None)
        service(estate, kind, ["sg-s"])
        estate["SecurityGroups"].append({"GroupId": "sg-s", "VpcId": "vpc-1", "GroupName": "CloudFront-VPCOrigins-Service-SG" if kind == "interface" else "s",
                                         "IpPermissions": []})
        estate["SecurityGroups"][2]["IpPermissions"] = [{**permission("tcp", (80, 80)), "UserIdGroupPairs": [{"GroupId": "sg-s"}]}]
        estate["SecurityGroups"][1]["IpPermissions"] = [permission("tcp", (8080, 8080), [admits])]
        self.preserving(estate, "inner", preserve)
        estate["files"].update(files or {})
        return {(x["certainty"], tuple(x["sources"])) for i in self.outcome(estate)["indirect"] if i["private_address"] == WEB for x in i["exposures"]
                if i["family"] == "ipv4"}

    @each([("api_gateway_managed",), ("interface",)])
    def test_clients_of_a_service_stand_before_the_targets_with_the_services_address(self, kind):
        everyone = {("possible", ("0.0.0.0/0",))}
        self.assertEqual(self.behind_service(kind, "10.0.0.99/32"), everyone)
        self.assertEqual(self.behind_service(kind, "10.0.0.0/24"), everyone)
        self.assertEqual(self.behind_service(kind, "8.0.0.0/8"), set())
        self.assertEqual(self.behind_service(kind, "10.0.0.20/32"), set())
        self.assertEqual(self.behind_service(kind, "10.0.0.20/32", preserve="false"), everyone)

    def test_a_vpc_origin_that_its_documents_tell_of_brings_them_surely(self):
        arn = ARN % mark("inner", "net")
        files = {"o.json": origin(arn, policy="http-only"), "d.json": distributions()}
        self.assertEqual(self.behind_service("interface", "10.0.0.99/32", files), {("exact", ("0.0.0.0/0",))})
        self.assertEqual(self.behind_service("interface", "8.0.0.0/8", files), set())


class Instances(Behind):
    def both(self, *indexes):
        """The target instance with interfaces of these device indexes."""
        estate = balanced()
        estate["TargetGroups"][0]["IpAddressType"] = "ipv4"
        web = estate["NetworkInterfaces"].pop()
        for n, index in enumerate(indexes):
            one = {**web, "NetworkInterfaceId": "eni-w%d" % n, "PrivateIpAddresses": [{"PrivateIpAddress": "10.0.2.%d" % (4 + n), "Primary": True}],
                   "Attachment": {"InstanceId": "i-web", "Status": "attached", **dict(index if isinstance(index, dict) else {} if index is None else {"DeviceIndex": index})}}
            estate["NetworkInterfaces"].append(one)
        return estate

    @each([((0, 1), {"10.0.2.4": "exact"}, 0), ((1, 0), {"10.0.2.5": "exact"}, 0), ((1,), {}, 3), ((1, 2), {}, 3), ((None,), {"10.0.2.4": "exact"}, 0),
           ((None, None), {"10.0.2.4": "possible", "10.0.2.5": "possible"}, 0), ((None, 1), {"10.0.2.4": "possible"}, 0)])
    def test_a_target_by_its_instance_is_the_primary_interface_alone(self, indexes, reached, status):
        estate = self.both(*indexes)
        wanted = {("443/HTTPS", address): {("8.0.0.0/8", certainty)} for address, certainty in reached.items()}
        self.assertEqual(self.behind(estate, expect=status), wanted)
        self.assertEqual(bool(named(self.outcome(estate, expect=status), ["missing"], "the primary interface of target i-web")), status == 3)

    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InstanceNetworkInterfaceSpecification.html
    @each([((0, 0), (1, 0), {"10.0.2.4": "exact"}, 0), ((1, 0), (0, 0), {"10.0.2.5": "exact"}, 0), ((0, 0), (None, 0), {"10.0.2.4": "possible", "10.0.2.5": "possible"}, 0),
           ((1, 0), (0, 1), {}, 3), ((1, 0), (None, None), {"10.0.2.5": "possible"}, 0), ((0, 0), ("0", 0), {"10.0.2.4": "exact"}, 3)])
    def test_of_several_network_cards_the_first_one_has_the_primary_interface(self, first, second, reached, status):
        estate = self.both(*({k: v for k, v in zip(("NetworkCardIndex", "DeviceIndex"), one) if v is not None} for one in (first, second)))
        self.assertEqual(self.behind(estate, expect=status), {("443/HTTPS", address): {("8.0.0.0/8", certainty)} for address, certainty in reached.items()})

    def test_a_classic_load_balancers_instance_too(self):
        estate = self.both(1)
        for key in ("LoadBalancers", "Listeners", "TargetGroups", "LoadBalancerTargetHealth"):
            del estate[key]
        estate["NetworkInterfaces"][0]["Description"] = "ELB old"
        estate["LoadBalancerDescriptions"] = [{
            "LoadBalancerName": "old", "VPCId": "vpc-1", "Scheme": "internet-facing", "SecurityGroups": ["sg-front"], "Instances": [{"InstanceId": "i-web"}],
            "ListenerDescriptions": [{"Listener": {"Protocol": "HTTP", "LoadBalancerPort": 80, "InstanceProtocol": "HTTP", "InstancePort": 8080}}]}]
        self.assertEqual(self.behind(estate, expect=3), {})
        self.assertTrue(named(self.outcome(estate, expect=3), ["missing"], "the primary interface of target i-web of classic load balancer old"))

    def test_a_target_group_that_does_not_tell_its_family_matters_where_a_target_has_both(self):
        estate = self.both(0)
        del estate["TargetGroups"][0]["IpAddressType"]
        self.sure(estate)
        for one in estate["NetworkInterfaces"]:
            one["Ipv6Addresses"] = [{"Ipv6Address": "2001:db8:1::%s" % one["PrivateIpAddresses"][0]["PrivateIpAddress"].split(".")[-1]}]
        found = {address: certainty for (_, address), [(_, certainty)] in ((k, list(v)) for k, v in self.behind(estate, expect=3).items())}
        self.assertEqual(found, {WEB: "possible", "2001:db8:1::4": "possible"})
        self.assertTrue(named(self.outcome(estate, expect=3), ["missing"], "IpAddressType of target group web"))


if __name__ == "__main__":
    unittest.main()
