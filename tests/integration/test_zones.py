"""Availability Zones behind load balancers, as ids, names and registered targets tell of them; what accounts that share a VPC see differently."""
import json
import os
import pathlib
import sys
import tempfile

sys.path[:0] = [os.path.dirname(__file__), os.path.join(os.path.dirname(__file__), "..")]
import common
from test_balancer_targets import NET, WEB, Behind, listener_arn, rule
from test_load_balancers import GROUP_ARN, balanced, classic
from test_snapshots import permission, plain
from test_world import each

OWNER, PARTICIPANT = "111122223333", "444455556666"
REACHED = {("443/TCP", WEB[0]): {("8.0.0.0/8", "exact")}}
POSSIBLE = {("443/TCP", WEB[0]): {("8.0.0.0/8", "possible")}}


def zoned(node, target, registered=None):
    """A network load balancer whose nodes keep to their zones: (name, id) of its node's subnet and of its target's."""
    estate = balanced("network", "instance" if registered is None else "ip", "i-web" if registered is None else WEB[0], protocol="TCP")
    estate["TargetGroups"][0]["Protocol"] = "TCP"
    estate["files"] = {"describe-load-balancer-attributes.front.0123456789abcdef.json": {"Attributes": [{"Key": "load_balancing.cross_zone.enabled", "Value": "false"}]},
                       "describe-target-group-attributes.web.1.json": {"Attributes": [{"Key": "preserve_client_ip.enabled", "Value": "false"}]}}
    for interface, (name, id) in zip(estate["NetworkInterfaces"], (node, target)):
        interface["AvailabilityZone"] = name
        subnet = next(s for s in estate["Subnets"] if s["SubnetId"] == interface["SubnetId"])
        subnet.update({k: v for k, v in (("AvailabilityZone", name), ("AvailabilityZoneId", id)) if v})
    if registered:
        estate["LoadBalancerTargetHealth"][0]["TargetHealthDescriptions"][0]["Target"]["AvailabilityZone"] = registered
    return estate


class Zones(Behind):
    def why(self, estate):
        output = self.outcome(estate, expect=3)
        lines = [line for line in common.missing(output) if "Availability Zone" in line]
        self.assertEqual([w for w in common.texts(output["indirect"][0]["exposures"][0]["via"]) if "Availability Zone" in w], lines)
        return lines

    @each([(("eu-west-3a", None), ("eu-west-3a", None), REACHED), (("eu-west-3a", None), ("eu-west-3b", None), {}),
           (("eu-west-3a", "euw3-az1"), ("eu-west-3b", "euw3-az2"), {}), (("eu-west-3a", "euw3-az1"), ("eu-west-3a", None), REACHED)])
    def test_zones_are_compared_by_ids_and_names(self, node, target, expected):
        self.assertEqual(self.behind(zoned(node, target)), expected)

    @each([("euw3-az1", "euw3-az1", "eu-west-3b"), ("euw3-az1", "euw3-az2", "eu-west-3a")])
    def test_ids_and_names_that_contradict_each_other_decide_nothing(self, id, other, name):
        estate = zoned(("eu-west-3a", id), (name, other))
        self.assertEqual(self.behind(estate, expect=3), POSSIBLE)
        self.assertEqual(self.why(estate), ["missing: whether eni-front and eni-web lie in one Availability Zone: documents contradict each other in that"])

    @each([("eu-west-3a", "eu-west-3b"), ("eu-west-3b", "eu-west-3a"), ("eu-west-3a", "eu-west-3c")])
    def test_a_target_registered_in_another_zone_than_its_interfaces_is_possible(self, zone, registered):
        """It is the same zone wherever AWS found it itself."""
        estate = zoned(("eu-west-3a", None), (zone, None), registered)
        self.assertEqual(self.behind(estate, expect=3), POSSIBLE)
        self.assertEqual(self.why(estate), ["missing: the Availability Zone of target eni-web: it is registered in %s, and its subnet subnet-2 is said to lie in another one" % registered])
        estate["LoadBalancerTargetHealth"][0]["TargetHealthDescriptions"][0]["Target"]["AvailabilityZone"] = zone
        self.assertEqual(self.behind(estate), REACHED if zone == "eu-west-3a" else {})

    def test_what_a_load_balancers_record_says_of_a_zone_counts_beside_its_subnets(self):
        estate = zoned(("eu-west-3a", None), ("eu-west-3b", None))
        estate["LoadBalancers"][0]["AvailabilityZones"] = [{"ZoneName": "eu-west-3a", "SubnetId": "subnet-1"}]
        self.assertEqual(self.behind(estate), {})
        estate["LoadBalancers"][0]["AvailabilityZones"][0]["ZoneName"] = "eu-west-3b"
        self.assertEqual(self.behind(estate, expect=3), POSSIBLE)


class NetworkRules(Behind):
    """Listener rules of network load balancers, by the clients' family: dualstack ones may have some."""
    SURE, PERHAPS = ({("443/TCP", WEB[0]): {("8.0.0.0/8", certainty)}} for certainty in ("exact", "possible"))

    def front(self, kind, ipv6=False, rules=None):
        estate = balanced("network", protocol="TCP")
        estate["SecurityGroups"][1]["IpPermissions"] = [permission("tcp", (8080, 8080), ["0.0.0.0/0"])]
        if kind:
            estate["LoadBalancers"][0]["IpAddressType"] = kind
        if ipv6:
            estate["NetworkInterfaces"][0]["Ipv6Addresses"] = [{"Ipv6Address": "2001:db8:1::9"}]
        listener = estate["Listeners"][0]
        listener["ListenerArn"] = listener_arn("net/front/0123456789abcdef", "a")
        if rules is not None:
            estate["Rules"] = [rule(listener["ListenerArn"], 1, [{"Type": "forward", "TargetGroupArn": GROUP_ARN % "six/2"}],
                                    {"Field": "source-ip", "SourceIpConfig": {"IpAddressType": rules}}),
                               rule(listener["ListenerArn"], "default", listener["DefaultActions"])]
            estate["TargetGroups"].append({**estate["TargetGroups"][0], "TargetGroupArn": GROUP_ARN % "six/2", "TargetGroupName": "six"})
            estate["LoadBalancerTargetHealth"].append({"TargetGroupArn": GROUP_ARN % "six/2", "TargetHealthDescriptions": []})
        return estate

    @each([("ipv4", True, None, "exact"), ("dualstack", True, None, "possible"), ("dualstack-a-new-word", True, None, "possible"), (None, True, None, "possible"),
           (None, False, None, "exact"), ("a-new-word", True, None, "possible"), ("dualstack", True, "ipv6", "exact"), ("dualstack", True, "ipv4", None)])
    def test_without_its_rules_the_default_action_of_one_that_may_have_some_is_possible(self, kind, ipv6, rules, certainty):
        found = self.behind(self.front(kind, ipv6, rules))
        self.assertEqual(found, {"exact": self.SURE, "possible": self.PERHAPS, None: {}}[certainty])


ATTRIBUTES = "describe-load-balancer-attributes.classic.old.json"


def crossing(enabled, zone="eu-west-3b", name=ATTRIBUTES):
    """A classic load balancer in one zone before an instance in another, and whether it passes on to other zones."""
    estate = classic()
    estate["NetworkInterfaces"][1]["AvailabilityZone"] = zone
    estate["files"] = {name: {"LoadBalancerAttributes": {"CrossZoneLoadBalancing": {"Enabled": enabled}, "AccessLog": {"Enabled": False}}}}
    return estate


class Classic(Behind):
    SURE, PERHAPS = ({("80/HTTP", WEB[0]): {("8.0.0.0/8", certainty)}} for certainty in ("exact", "possible"))

    @each([(True, "eu-west-3b", True), (False, "eu-west-3b", False), (True, "eu-west-3a", True), (False, "eu-west-3a", True)])
    def test_its_attributes_say_whether_it_passes_on_to_other_zones(self, enabled, zone, reached):
        self.assertEqual(self.behind(crossing(enabled, zone)), self.SURE if reached else {})
        if not reached:
            self.assertIn("target i-web of classic load balancer old: no client reaches a node of load balancer old in its zone, and nodes keep to their zones",
                          self.outcome(crossing(enabled, zone))["notes"])

    @each([("yes",), (None,), ("drop",)])
    def test_an_attribute_that_is_not_understood_is_possible(self, value):
        estate = crossing(value)
        if value == "drop":
            del estate["files"][ATTRIBUTES]["LoadBalancerAttributes"]["CrossZoneLoadBalancing"]["Enabled"]
        self.assertEqual(self.behind(estate, expect=3), self.PERHAPS)

    def test_attributes_without_that_one_and_none_are_possible(self):
        estate = crossing(True)
        del estate["files"][ATTRIBUTES]["LoadBalancerAttributes"]["CrossZoneLoadBalancing"]
        self.assertEqual(self.behind(estate), self.PERHAPS)
        self.assertIn("elb describe-load-balancer-attributes of old", json.dumps(self.outcome(estate)["indirect"]))
        assumed = " of classic load balancer old absent (elb describe-load-balancer-attributes): that its nodes reach targets of other zones is possible"
        self.assertIn("CrossZoneLoadBalancing" + assumed, self.outcome(estate)["assumptions"])
        del estate["files"][ATTRIBUTES]
        self.assertEqual(self.behind(estate), self.PERHAPS)
        self.assertIn("attributes" + assumed, self.outcome(estate)["assumptions"])

    def test_two_documents_that_differ_are_possible(self):
        estate = crossing(True)
        estate["files"][ATTRIBUTES.replace("json", "2.json")] = {"LoadBalancerAttributes": {"CrossZoneLoadBalancing": {"Enabled": False}}}
        self.assertEqual(self.behind(estate, expect=3), self.PERHAPS)

    @each([("describe-load-balancer-attributes.old.json", True), ("describe-load-balancer-attributes.classic.old-web.json", False),
           ("describe-load-balancer-attributes.classic.json", False)])
    def test_the_files_name_says_whose_they_are(self, name, read):
        self.assertEqual(self.behind(crossing(True, name=name), expect=0 if read else 3), self.SURE if read else self.PERHAPS)

    def test_an_empty_answer_or_an_error_is_missing(self):
        for text in ("", "An error occurred (AccessDenied) when calling the DescribeLoadBalancerAttributes operation: no"):
            estate = crossing(True)
            estate["files"][ATTRIBUTES] = text
            self.assertEqual(self.behind(estate, expect=3), self.PERHAPS, text)


class NotTold(Behind):
    """Attributes that are told, but for the one that decides: AWS's default is taken, and that is said of the attribute."""

    def assumed(self, word, balancer=(), group=()):
        estate = zoned(("eu-west-3a", None), ("eu-west-3b", None))
        estate["files"] = {"describe-load-balancer-attributes.front.0123456789abcdef.json": {"Attributes": [{"Key": k, "Value": v} for k, v in balancer]},
                           "describe-target-group-attributes.web.1.json": {"Attributes": [{"Key": k, "Value": v} for k, v in group]}}
        return sorted(line for line in self.outcome(estate)["assumptions"] if word in line)

    def test_cross_zone(self):
        key, other = "load_balancing.cross_zone.enabled", ("deletion_protection.enabled", "false")
        front = key + " of load balancer front is not told: its nodes reach targets of their own zone only, as is AWS's default"
        web = key + " of target group web is not told: as of load balancer front, as is AWS's default"
        self.assertEqual(self.assumed("zone", [other], [other]), [front, web])
        self.assertEqual(self.assumed("zone", [other], [(key, "use_load_balancer_configuration")]), [front])
        self.assertEqual(self.assumed("zone", [(key, "false")], [other]), [web])
        self.assertEqual(self.assumed("zone", [(key, "false")], [(key, "false")]), [])

    def test_whose_address_targets_see(self):
        key, other = "preserve_client_ip.enabled", ("deregistration_delay.timeout_seconds", "300")
        self.assertEqual(self.assumed("see the", group=[other]), [key + " of target group web is not told: its targets see the client's address, as is AWS's default"])
        self.assertEqual(self.assumed("see the", group=[(key, "false")]), [])


class Shared(Behind):
    """One VPC, as its owner and those with whom it is shared tell of it."""

    def sure(self, change, other=PARTICIPANT):
        """The certainties, and whether something is unread, where what another snapshot says is changed."""
        files = {}
        for nth, (account, estate) in enumerate(((OWNER, plain()), (other, plain()))):
            estate["Subnets"][0].update(AvailabilityZone="eu-west-3a", AvailabilityZoneId="euw3-az1", OwnerId=OWNER)
            if nth:
                change(estate)
            for key in ("Subnets", "NetworkInterfaces", "Vpcs", "SecurityGroups", "RouteTables", "NetworkAcls", "InternetGateways"):
                files["%s/eu-west-3/%s%d.json" % (account, key, nth)] = {key: estate[key]}
        with tempfile.TemporaryDirectory() as folder:
            for name, document in files.items():
                path = pathlib.Path(folder, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(json.dumps(document))
            output = common.compute(folder)
        return {x["certainty"] for e in output["endpoints"] for x in e["exposures"]}, bool(output["unread"])

    def test_tags_are_of_the_account_that_set_them(self):
        def tagged(estate):
            estate["NetworkInterfaces"][0]["TagSet"] = [{"Key": "Name", "Value": "theirs"}]
        self.assertEqual(self.sure(lambda estate: None), ({"exact"}, False))
        self.assertEqual(self.sure(tagged), ({"exact"}, False))
        self.assertEqual(self.sure(tagged, other=OWNER), ({"possible"}, True))

    @each([("eu-west-3b", "euw3-az1", "exact"), ("eu-west-3b", "euw3-az2", "possible"), ("eu-west-3a", "euw3-az2", "possible"), ("eu-west-3b", None, "possible")])
    def test_a_zone_that_has_one_id_may_have_a_name_for_each_account(self, name, id, certainty):
        def named(estate):
            estate["Subnets"][0].update(AvailabilityZone=name, AvailabilityZoneId=id)
            if id is None:
                del estate["Subnets"][0]["AvailabilityZoneId"]
        self.assertEqual(self.sure(named), ({certainty}, certainty == "possible"))
