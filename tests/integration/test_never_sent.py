"""Whom listeners send where: rules that others leave nothing to, address types; targets that take nothing; records that differ in what decides nothing."""
import json
import os
import sys
import unittest

sys.path[:0] = [os.path.dirname(__file__), os.path.join(os.path.dirname(__file__), "..")]
import common
from test_balancer_targets import APP, NET, WEB, Behind, condition, forward, listener_arn, rule
from test_load_balancers import ARN, GROUP_ARN, balanced, interface
from test_snapshots import permission, plain
from test_world import beside, each, reach

FIXED = [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "403"}}]
OTHER = ("10.0.2.5", 8080)


def two_groups(kind="application", protocol="HTTP"):
    """The default action forwards to web, and there is a group of another instance that rules may forward to."""
    estate = balanced(kind, protocol=protocol)
    mark = {"application": APP, "network": NET}[kind]
    estate["Listeners"][0]["ListenerArn"] = listener_arn(mark, "a")
    estate["NetworkInterfaces"].append(interface("other", OTHER[0], subnet="subnet-2", groups=["sg-web"], instance="i-other"))
    estate["Reservations"].append({"Instances": [{"InstanceId": "i-other", "State": {"Name": "running"}}]})
    estate["TargetGroups"].append({**estate["TargetGroups"][0], "TargetGroupArn": GROUP_ARN % "other/1", "TargetGroupName": "other"})
    estate["LoadBalancerTargetHealth"].append({"TargetGroupArn": GROUP_ARN % "other/1", "TargetHealthDescriptions": [
        {"Target": {"Id": "i-other", "Port": 8080}, "TargetHealth": {"State": "healthy"}}]})
    return estate


def ruled(*rules, estate=None):
    """Each rule is (actions, *conditions), by priority."""
    estate = estate or two_groups()
    arn = estate["Listeners"][0]["ListenerArn"]
    estate["Rules"] = [rule(arn, n + 1, actions, *conditions) for n, (actions, *conditions) in enumerate(rules)]
    estate["Rules"].append(rule(arn, "default", estate["Listeners"][0]["DefaultActions"]))
    return estate


def path(*values):
    return {"Field": "path-pattern", "PathPatternConfig": {"Values": list(values)}}


def query(*pairs):
    return {"Field": "query-string", "QueryStringConfig": {"Values": [{"Key": k, "Value": v} if k else {"Value": v} for k, v in pairs]}}


def header(name, *values):
    return {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": name, "Values": list(values)}}


def expression(field, value, **more):
    config = {"host-header": "HostHeaderConfig", "path-pattern": "PathPatternConfig", "http-header": "HttpHeaderConfig"}[field]
    return {"Field": field, config: {"RegexValues": [value], **more}}


class Rules(Behind):
    def surely(self, estate, expect=0):
        """Addresses that somebody reaches behind the load balancer, surely."""
        return sorted({address for (_, address), found in self.behind(estate, expect).items() for _, certainty in found if certainty == "exact"})

    @each([("*",), ("/*",), ("/a", "*")])
    def test_what_any_path_meets_leaves_nothing_to_the_default_action(self, *patterns):
        estate = ruled((FIXED, path(*patterns)), ([forward("other/1")], path("/x")))
        self.assertEqual(self.surely(estate), [])
        self.assertTrue(any("take all that comes" in note for note in self.outcome(estate)["notes"]))

    # (conditions of the first rule, of the second): the second one never gets a client...
    SHADOWED = [
        ([path("/admin*")], [path("/admin*")]),
        ([path("/admin*")], [path("/admin/x", "/admin?")]),
        ([path("/a*", "/b*")], [path("/b/c")]),
        ([path("/?")], [path("/a")]),
        ([condition("host-header", "*.Example.com")], [condition("host-header", "a.example.COM")]),
        ([path("/a")], [path("/a"), condition("host-header", "a.example.com")]),
        ([header("X-A", "1", "2")], [header("X-A", "2")]),
        ([condition("http-request-method", "PUT", "POST")], [condition("http-request-method", "PUT")]),
        ([header("X-A", "1")], [header("x-a", "1")]),
        ([header("X-A", "a*")], [header("X-A", "Abc")]),
        ([query(("a", "1"))], [query(("a", "1"))]),
        ([query(("v", "1*"))], [query(("v", "12"))]),
        ([query(("", "1?"))], [query(("", "12"))]),
        ([{"Field": "path-pattern", "PathPatternConfig": {"RegexValues": ["^/a"]}}], [{"Field": "path-pattern", "PathPatternConfig": {"RegexValues": ["^/a"]}}])]
    # ...and here it does.
    OPEN = [
        ([path("/admin*")], [path("/adm*")]),
        ([path("/a?")], [path("/a*")]),
        ([path("/Admin*")], [path("/admin")]),
        ([path("/a"), condition("host-header", "a.example.com")], [path("/a")]),
        ([path("/a")], [condition("host-header", "/a")]),
        ([header("X-A", "1")], [header("X-B", "1")]),
        ([header("X-A", "1*")], [header("X-A", "12*", "3")]),
        ([query(("a", "1"))], [query(("b", "1"))]),
        ([path("/a\\*")], [path("/a\\?")]),
        ([condition("http-request-method", "GET")], [condition("http-request-method", "get")]),
        ([query(("a=b", "c"))], [query(("a", "b=c"))]),
        ([query(("*", "1"))], [query(("a", "b=1"))]),
        ([query(("v", "1*"))], [query(("v", "21"))]),
        ([expression("http-header", "^a", HttpHeaderName="X-A")], [path("/a")]),
        ([expression("path-pattern", "^/a"), path("/b")], [path("/a")]),
        ([query(("", "a=c"))], [query(("a", "c"))]),
        ([query(("a", "c"))], [query(("", "a=c"))])]

    @each([(*rows, False) for rows in SHADOWED] + [(*rows, True) for rows in OPEN])
    def test_a_rule_gets_what_no_rule_before_it_takes(self, first, second, gets):
        found = self.surely(ruled((FIXED, *first), ([forward("other/1")], *second)))
        self.assertEqual(OTHER[0] in found, gets, (first, second))

    @each([([expression("path-pattern", ".*")], [path(".*")]),
           ([condition("host-header", "*")], [path("*")]),
           ([expression("path-pattern", ".*")], [header("X-A", "1")]),
           ([expression("host-header", r"^\D+$")], [expression("host-header", r"^\d+$")]),
           ([expression("path-pattern", r"^/\S$")], [expression("path-pattern", r"^/\s$")]),
           ([expression("http-header", "^a", HttpHeaderName="X-A")], [header("x-a", "abc")]),
           ([expression("http-header", r"^\W$", HttpHeaderName="X-A")], [expression("http-header", r"^\w$", HttpHeaderName="X-A")])])
    def test_after_an_expression_that_is_not_evaluated_it_is_possible(self, first, second):
        """So it is after a rule for any host: whether a request without one counts, AWS's pages do not say."""
        found = self.behind(ruled((FIXED, *first), ([forward("other/1")], *second)))["443/HTTPS", OTHER[0]]
        self.assertEqual({certainty for _, certainty in found}, {"possible"})

    @each([(["/a", 5],), ([{"Value": "/a"}, {"Key": "x"}],), ({"Values": ["/b"], "RegexValues": ["^/a$"]},)])
    def test_a_value_of_a_condition_that_is_not_understood_is_unread_and_possible(self, values):
        config = values if isinstance(values, dict) else {"Values": values}
        odd = {"Field": "path-pattern", "PathPatternConfig": config}
        first = expression("path-pattern", "^/a$") if isinstance(values, dict) else path("/a")
        estate = ruled((FIXED, first), ([forward("other/1")], odd))
        self.assertEqual({certainty for _, certainty in self.behind(estate, 3)["443/HTTPS", OTHER[0]]}, {"possible"})
        self.assertTrue(self.outcome(estate, expect=3)["unread"])

    def test_sources_and_conditions_count_together(self):
        source = condition("source-ip", "8.0.0.0/9")
        estate = ruled((FIXED, path("/x"), source), ([forward("other/1")], path("/x")))
        self.assertEqual(self.behind(estate)["443/HTTPS", OTHER[0]], {("8.128.0.0/9", "exact")})

    @each([("Values", []), ("Nothing", 1)])
    def test_after_a_rule_that_is_not_understood_nothing_is_sure(self, key, value):
        estate = ruled(([forward("other/1")], {"Field": "source-ip", "SourceIpConfig": {key: value}}))
        self.assertEqual(self.surely(estate, 3), [])
        self.assertEqual({address for _, address in self.behind(estate, 3)}, {WEB[0], OTHER[0]})

    @each([(None,), ([],)])
    def test_a_rule_without_conditions_is_unread_and_takes_nothing_surely(self, conditions):
        estate = ruled(([forward("other/1")],))
        estate["Rules"][0]["Conditions"] = conditions
        if conditions is None:
            del estate["Rules"][0]["Conditions"]
        self.assertEqual(self.surely(estate, 3), [])
        self.assertEqual({address for _, address in self.behind(estate, 3)}, {WEB[0], OTHER[0]})
        self.assertIn("Conditions", str(self.outcome(estate, expect=3)["unread"]))

    def test_a_rule_whose_priority_is_not_told_is_unread_and_nothing_behind_its_listener_is_sure(self):
        estate = ruled((FIXED, path("/a")), ([forward("other/1")], path("/x")))
        estate["Listeners"][0]["DefaultActions"] = estate["Rules"][2]["Actions"] = FIXED  # as the first rule's
        self.assertEqual(self.surely(estate), [OTHER[0]])
        del estate["Rules"][0]["Priority"]
        self.assertEqual(self.surely(estate, 3), [])
        self.assertIn("Priority", str(self.outcome(estate, expect=3)["unread"]))

    def test_but_for_what_it_cannot_take(self):
        estate = ruled(([forward("other/1")], {"Field": "source-ip", "SourceIpConfig": {"Values": []}}, path("/x")))
        self.assertEqual(self.surely(estate, 3), [WEB[0]])

    @each([("ipv6", [WEB[0]]), ("ipv4", [OTHER[0]])])
    def test_clients_are_told_apart_by_their_addresses_type(self, family, reached):
        estate = ruled(([forward("other/1")], {"Field": "source-ip", "SourceIpConfig": {"IpAddressType": family}}), estate=two_groups("network", "TCP"))
        self.assertEqual(self.surely(estate), reached)

    def test_another_address_type_is_not_understood(self):
        estate = ruled(([forward("other/1")], {"Field": "source-ip", "SourceIpConfig": {"IpAddressType": "ipv8"}}), estate=two_groups("network", "TCP"))
        self.assertEqual(self.surely(estate, 3), [])


class Certificates(Behind):
    @each([("off", "exact"), ("passthrough", "exact"), ("verify", "possible"), ("newmode", "possible"), ("", "possible"), (None, "possible")])
    def test_where_the_load_balancer_asks_clients_for_certificates_what_is_behind_is_possible(self, mode, certainty):
        estate = balanced()
        estate["Listeners"][0]["MutualAuthentication"] = {} if mode is None else {"Mode": mode}
        self.assertEqual(self.behind(estate), {("443/HTTPS", WEB[0]): {("8.0.0.0/8", certainty)}})
        self.assertEqual(self.exposures(estate, address="198.51.100.9"), {("tcp", 443, 443): "exact"})  # it answers itself


class Targets(Behind):
    @each([("no_override", "exact"), ("zonal_shift_active", None), ("zonal_shift_delegated_to_dns", "possible"), ("unknown", "possible"), ("new_one", "possible")])
    def test_an_administrators_override_counts_in_place_of_health(self, state, certainty):
        estate = balanced()
        estate["LoadBalancerTargetHealth"][0]["TargetHealthDescriptions"][0]["AdministrativeOverride"] = {"State": state}
        self.assertEqual(self.behind(estate), {("443/HTTPS", WEB[0]): {("8.0.0.0/8", certainty)}} if certainty else {})

    @each([("lambda", None), ("nat_gateway", None), ("vpc_endpoint", "exact"), ("transit_gateway", "possible"), ("gateway_load_balancer_endpoint", "possible"),
           ("efa-only", "possible"), ("quicksight", "possible"), ("trunk", "exact")])
    def test_an_address_that_is_another_kind_of_interfaces_by_now(self, kind, certainty):
        estate = balanced("application", "ip", WEB[0])
        estate["NetworkInterfaces"][1].update(InterfaceType=kind, Attachment={"Status": "attached", "InstanceOwnerId": "amazon-aws"})
        estate["Reservations"] = [{"Instances": []}]
        found = {one["certainty"] for item in self.outcome(estate)["indirect"] for one in item["exposures"]}
        self.assertEqual(found, {certainty} if certainty else set())


def outcome(snapshot, status):
    done = common.sgproof("compute", snapshot, "--format", "json")
    assert done.returncode == status, done.stdout + done.stderr
    return json.loads(done.stdout)


class TwoViews(unittest.TestCase):
    """A VPC's owner and those it is shared with see the same things, but not the same tags."""

    @each([("Vpcs", {"Tags": [{"Key": "Name", "Value": "main"}]}), ("Vpcs", {"DhcpOptionsId": "dopt-1"}), ("Subnets", {"Tags": [{"Key": "a", "Value": "b"}]}),
           ("Subnets", {"AvailableIpAddressCount": 7}), ("RouteTables", {"Tags": []}), ("SecurityGroups", {"Tags": [{"Key": "Name", "Value": "web"}]}),
           ("NetworkAcls", {"Tags": [{"Key": "Name", "Value": "x"}]}), ("InternetGateways", {"Tags": [{"Key": "Name", "Value": "x"}]})])
    def test_what_decides_nothing_makes_no_contradiction(self, kind, more):
        seen = plain()[kind]
        output = outcome(beside({"theirs/%s.json" % kind: {kind: [{**seen[0], **more}]}}), 0)
        self.assertEqual((reach(output, "198.51.100.4"), output["unread"]), ("exact", []))

    def test_what_decides_does(self):
        route = plain()["RouteTables"][0]
        route["Routes"] = route["Routes"][:1]
        output = outcome(beside({"theirs/RouteTables.json": {"RouteTables": [route]}}), 3)
        self.assertEqual(reach(output, "198.51.100.4"), "possible")


if __name__ == "__main__":
    unittest.main()
