"""Law of starvation, member by member: what services and load balancers print always, taken away, null or of another type, is named, and no answer becomes surer."""
import copy
import os
import sys
import unittest

sys.path[:0] = [os.path.dirname(__file__), os.path.join(os.path.dirname(__file__), "..")]
import common
from test_balancer_targets import APP, Behind, condition, forward, listener_arn, rule, two_listeners
from test_load_balancers import ARN, GROUP_ARN, balanced
from test_requests import ACL, DENY, LISTENER, header, query
from test_told_bridges import Told, VpcOrigins, accelerator, distributions, estate, origin
from test_world import each, named

GONE = object()
GROUP, ENDPOINT = ("g.json", "EndpointGroups", 0), ("g.json", "EndpointGroups", 0, "EndpointDescriptions", 0)
ONE, DEFAULT = ("d.json", "DistributionList", "Items", 0), ("d.json", "DistributionList", "Items", 0, "DefaultCacheBehavior")
OFF, NONE = {"Enabled": False, "Quantity": 0}, {"Quantity": 0}


def put(files, path, value):
    """The files with another value at a path, or without what is there."""
    made = copy.deepcopy(files)
    holder = made
    for key in path[:-1]:
        holder = holder[key]
    if value is GONE:
        del holder[path[-1]]
    else:
        holder[path[-1]] = value
    return made


class Fields(Told):
    def starve(self, made, files, path, doubtful):
        """Where the member's value makes an answer possible, none in its place makes it exact; and what lacks it is said."""
        files = put(files, path, doubtful)
        whole = self.outcome(made, files)
        self.assertIn("possible", {one[-1] for one in whole})
        for odd in (GONE, None, ["odd"] if isinstance(doubtful, (str, dict)) else "odd"):
            left = self.outcome(made, put(files, path, odd))
            self.assertTrue(self.output["missing"] or self.output["unread"], (path, odd))
            self.assertLessEqual({one[:-1] for one in whole}, {one[:-1] for one in left}, (path, odd))
            self.assertFalse({one for one in left if one[-1] == "exact" and (*one[:-1], "exact") not in whole}, (path, odd))

    @each([((*GROUP, "TrafficDialPercentage"), 0.0), ((*GROUP, "EndpointGroupRegion"), "us-east-1"), ((*ENDPOINT, "Weight"), 0), ((*ENDPOINT, "HealthState"), "INITIAL"),
           ((*ENDPOINT, "ClientIPPreservationEnabled"), False), (("a.json", "Accelerators", 0, "Status"), "IN_PROGRESS"), (("l.json", "Listeners", 0, "Protocol"), "NEW")])
    def test_of_accelerators(self, path, doubtful):
        self.starve(estate(), accelerator(), path, doubtful)

    @each([((*GROUP, "TrafficDialPercentage"), 101), ((*ENDPOINT, "Weight"), 256), ((*ENDPOINT, "Weight"), "0")])
    def test_a_number_that_aws_does_not_print_is_none(self, path, value):
        self.assertFalse([one for one in self.outcome(estate(), put(accelerator(), path, value)) if one[-1] == "exact"])
        self.assertTrue(named(self.output, ["unread"], path[-1]))

    @each([((*ONE, "WebACLId"), "arn:x"), ((*ONE, "Enabled"), False), ((*ONE, "Status"), "InProgress"), ((*ONE, "Staging"), True), ((*ONE, "ConnectionMode"), "tenant-only"),
           ((*ONE, "IsIPV6Enabled"), False), ((*ONE, "Restrictions"), {"GeoRestriction": {"RestrictionType": "whitelist"}}),
           ((*DEFAULT, "TrustedSigners"), {"Enabled": True, "Quantity": 1}), ((*DEFAULT, "TrustedKeyGroups"), {"Enabled": True, "Quantity": 1}),
           ((*DEFAULT, "FunctionAssociations"), {"Quantity": 1, "Items": [{}]}), ((*DEFAULT, "LambdaFunctionAssociations"), {"Quantity": 1, "Items": [{}]}),
           ((*DEFAULT, "TargetOriginId"), "bucket"),
           ((*ONE, "CacheBehaviors"), {"Quantity": 1, "Items": [{"TargetOriginId": "bucket", "PathPattern": "*"}]})])
    def test_of_distributions(self, path, doubtful):
        self.starve(VpcOrigins.estate(self), {"o.json": origin(), "d.json": distributions()}, path, doubtful)

    @each([("Items", GONE), ("Items", []), ("Items", [None])])
    def test_cache_behaviors_are_as_many_as_quantity_says(self, key, value):
        files = {"o.json": origin(), "d.json": put(distributions(), ONE[1:] + ("CacheBehaviors",), {"Quantity": 1, "Items": [{"TargetOriginId": "bucket", "PathPattern": "*"}]})}
        found = self.outcome(VpcOrigins.estate(self), put(files, (*ONE, "CacheBehaviors", key), value))
        self.assertEqual({one[-1] for one in found}, {"possible"})
        self.assertTrue(named(self.output, ["unread"], "CacheBehaviors"))

    @each([({"WebACLId": "arn:x"},), ({"Origins": {"Items": [{"Id": "bucket"}]}},), ({"Comment": "another"},)])
    def test_two_records_of_one_distribution_that_differ_are_named_and_neither_is_believed(self, change):
        whole = {"o.json": origin(), "d.json": distributions(), "e.json": distributions()}
        self.assertIn("exact", {one[-1] for one in self.outcome(VpcOrigins.estate(self), whole)})
        self.assertFalse(self.output["unread"])
        for changed in ("d.json", "e.json"):
            found = self.outcome(VpcOrigins.estate(self), {**whole, changed: distributions(**change)})
            self.assertEqual({one[-1] for one in found}, {"possible"})
            self.assertTrue(named(self.output, ["unread"], "is another record of E1 than the one in d.json"))

    @each([("mode",), ("function",)])
    def test_what_a_distribution_says_of_certificates_and_functions_is_heeded_whatever_its_form(self, which):
        key = {"mode": "ViewerMtlsConfig", "function": "ConnectionFunctionAssociation"}[which]
        for odd in ({}, None, "odd"):
            self.assertEqual({one[-1] for one in self.outcome(VpcOrigins.estate(self), {"o.json": origin(), "d.json": distributions(**{key: odd})})}, {"possible"})


class WebAcls(Told):
    OTHER = {**ACL, "ARN": ACL["ARN"][:-1] + "2", "Name": "other"}

    def told(self, files):
        found = self.outcome(balanced(), files)
        return {one[-1] for one in found}, [a for a in self.output["assumptions"] if "list-web-acls" in a or "is empty" in a]

    @each([(GONE,), (None,), (7,), ("odd",), ("",)])
    def test_without_its_arn_one_may_be_associated_with_any_load_balancer(self, arn):
        self.assertEqual(self.told({"list-web-acls.json": {"WebACLs": [put(ACL, ("ARN",), arn)]}})[0], {"possible"})
        self.assertTrue(named(self.output, ["unread"], "ARN"))

    @each([({"Name": "shop"}, True), ({"Name": "shop", "Description": ""}, True), ({"Name": "shop", "WebACLId": "1"}, False),
           ({"Name": "shop", "WebACLArn": "arn:aws:waf-regional:eu-west-3:111122223333:webacl/1"}, False)])
    def test_one_told_by_its_name_alone_is_no_other_services(self, record, ours):
        self.assertEqual(self.told({"acls.json": {"WebACLs": [record]}})[0], {"possible" if ours else "exact"})
        self.assertEqual(named(self.output, ["unread"], "WebACLs[0].ARN"), ours)
        self.assertEqual(named(self.output, ["ignored"], "another service's"), not ours)

    def test_a_page_of_them_that_is_missing_leaves_it_open(self):
        self.assertEqual(self.told({"list-web-acls.json": {"WebACLs": [], "NextMarker": "m"}})[0], {"possible"})

    def test_an_empty_answer_is_of_a_scope_and_of_a_type_that_are_assumed(self):
        self.assertEqual(self.told({"list-web-acls.json": {"WebACLs": []}}), ({"exact"}, ["web ACLs of AWS WAF: list-web-acls tells of none, and is taken as asked with scope REGIONAL"]))
        acl = {"list-web-acls.json": {"WebACLs": [ACL]}}
        self.assertEqual(self.told({**acl, "list-resources-for-web-acl.json": {"ResourceArns": []}}),
                         ({"exact"}, ["list-resources-for-web-acl.json is empty, and is taken as asked of application load balancers"]))
        for kind in ("API_GATEWAY", "appsync", "cognito-user-pool"):
            self.assertEqual(self.told({**acl, "list-resources-for-web-acl.%s.json" % kind: {"ResourceArns": []}})[0], {"possible"})
        self.assertEqual(self.told({**acl, "list-resources-for-web-acl.json": {"ResourceArns": ["arn:aws:apigateway:eu-west-3::/restapis/a/stages/b"]}})[0], {"possible"})

    def test_an_answer_is_of_one_of_several_only_where_its_files_name_says_which(self):
        two, answer = {"list-web-acls.json": {"WebACLs": [ACL, self.OTHER]}}, {"ResourceArns": [ARN % "app/far/1"]}
        self.assertEqual(self.told({**two, "list-resources-for-web-acl.a.json": answer, "list-resources-for-web-acl.b.json": answer})[0], {"possible"})
        self.assertEqual(self.told({**two, "list-resources-for-web-acl.shop.json": answer})[0], {"possible"})
        self.assertEqual(self.told({**two, "list-resources-for-web-acl.shop.json": answer, "list-resources-for-web-acl.other.json": answer})[0], {"exact"})
        self.assertEqual(self.told({**two, "list-resources-for-web-acl.shop.json": answer, "r.json": {"ResourceArns": [ARN % APP]}})[0], {"possible"})


class Balancers(Behind):
    def rules(self, *conditions, default=DENY, expect=3):
        """What is behind port 443 by a rule with these conditions, before a default action."""
        estate = two_listeners()
        estate["Listeners"][0]["DefaultActions"] = estate["Rules"][0]["Actions"] = default
        estate["Rules"].append(rule(LISTENER, 5, [forward("web/1")] if default == DENY else DENY, *conditions))
        return {c for (listener, _), found in self.behind(estate, expect=expect).items() if listener == "443/HTTPS" for _, c in found}

    @each([(condition("path-pattern"),), ({"Field": "host-header"},), ({"Field": "path-pattern", "PathPatternConfig": {}},), ({"Field": "http-header", "HttpHeaderConfig": {"Values": ["a"]}},),
           (header("", "a"),), (header(None, "a"),), (header("x", *[7]),), ({"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "x", "Values": "a"}},),
           (query(("k", None)),), ({"Field": "query-string", "QueryStringConfig": {"Values": ["k"]}},), (condition("path-pattern", {"Key": "k", "Value": "v"}),)])
    def test_a_condition_that_does_not_tell_what_it_asks_for_is_named_and_its_rule_possible(self, one):
        self.assertEqual(self.rules(one), {"possible"})

    def test_whether_a_path_pattern_without_a_leading_slash_matches_is_possible(self):
        self.assertEqual(self.rules(condition("path-pattern", "a/*"), expect=0), {"possible"})
        self.assertEqual(self.rules(condition("path-pattern", "*/a", "?a"), expect=0), {"exact"})
        self.assertEqual(self.rules(condition("path-pattern", "a/*"), default=[forward("web/1")], expect=0), {"exact"})
        estate = two_listeners()
        estate["Listeners"][0]["DefaultActions"] = estate["Rules"][0]["Actions"] = DENY
        estate["Rules"] += [rule(LISTENER, 5, DENY, condition("path-pattern", "a/*")), rule(LISTENER, 6, [forward("web/1")], condition("path-pattern", "/a/b"))]
        self.assertEqual({c for found in self.behind(estate).values() for _, c in found}, {"possible"})  # what that one leaves

    def test_of_several_target_groups_one_without_a_weight_is_named(self):
        for weight in (GONE, None, "0"):
            estate = two_listeners()
            one = forward("web/1", "other/1", weight=1)
            one["ForwardConfig"]["TargetGroups"][0] = put(one["ForwardConfig"]["TargetGroups"][0], ("Weight",), weight)
            estate["Listeners"][0]["DefaultActions"] = estate["Rules"][0]["Actions"] = [one]
            self.assertEqual({c for found in self.behind(estate, expect=3).values() for _, c in found}, {"possible"}, weight)
            self.assertTrue(named(self.outcome(estate, expect=3), ["unread"], "Weight"))
        estate["Listeners"][0]["DefaultActions"] = estate["Rules"][0]["Actions"] = [{"Type": "forward", "ForwardConfig": {"TargetGroups": [
            {"TargetGroupArn": GROUP_ARN % "web/1"}], "TargetGroupStickinessConfig": {"Enabled": False}}}]  # as a network load balancer's are told
        self.sure(estate)

    def test_a_node_whose_groups_its_load_balancer_contradicts_keeps_its_targets_possible(self):
        estate = balanced()
        estate["LoadBalancers"][0]["SecurityGroups"] = ["sg-other"]
        self.assertEqual({c for found in self.behind(estate, expect=3).values() for _, c in found}, {"possible"})
        self.assertTrue(named(self.outcome(estate, expect=3), ["unread"], "eni-front and its load balancer front tell of different security groups"))

    def test_a_public_address_of_one_that_has_none_contradicts_it(self):
        estate = balanced()
        estate["LoadBalancers"][0]["IpAddressType"] = "dualstack-without-public-ipv4"
        self.assertEqual({c for found in self.behind(estate, expect=3).values() for _, c in found}, {"possible"})
        self.assertEqual(set(self.exposures(estate, address="198.51.100.9", expect=3).values()), {"possible"})
        self.assertTrue(named(self.outcome(estate, expect=3), ["unread"], "is said to be dualstack-without-public-ipv4"))

    def test_what_aws_prints_of_each_load_balancer_or_listener_is_missed_where_another_has_it(self):
        estate = balanced()
        other = ARN % "app/other/1"
        estate["LoadBalancers"].append({**estate["LoadBalancers"][0], "LoadBalancerArn": other, "LoadBalancerName": "other", "Scheme": "internal", "IpAddressType": "ipv4"})
        estate["Listeners"][0].update(ListenerArn=LISTENER, MutualAuthentication={"Mode": "off"})
        estate["Listeners"].append({**estate["Listeners"][0], "LoadBalancerArn": other, "ListenerArn": listener_arn("app/other/1", "o")})
        estate["TargetGroups"][0]["LoadBalancerArns"] = [b["LoadBalancerArn"] for b in estate["LoadBalancers"]]
        self.assertEqual({c for found in self.behind(estate).values() for _, c in found}, {"exact"})
        for kind, member, value in (("LoadBalancers", "State", {"Code": "active"}), ("Listeners", "MutualAuthentication", {"Mode": "off"})):
            del estate[kind][0][member]
            estate[kind][1][member] = value
            self.assertEqual({c for found in self.behind(estate, expect=3).values() for _, c in found}, {"possible"})
            self.assertTrue(named(self.outcome(estate, expect=3), ["unread"], "has no " + member))
            estate[kind][0][member] = value

    @each([("HTTP", 3), ("HTTPS", 3), ("TCP", 0)])
    def test_the_version_of_http_of_a_target_group_is_missed_where_another_has_it(self, protocol, status):
        estate = balanced("network" if protocol == "TCP" else "application", protocol=protocol)
        estate["TargetGroups"].append({**estate["TargetGroups"][0], "TargetGroupArn": GROUP_ARN % "other/2", "TargetGroupName": "other",
                                       "Protocol": "HTTP", "LoadBalancerArns": []})
        self.assertEqual({c for found in self.behind(estate).values() for _, c in found}, {"exact"})
        self.assertEqual(named(self.outcome(estate), ["assumptions"], "ProtocolVersion of target group web is not told"), bool(status))
        estate["TargetGroups"][1]["ProtocolVersion"] = "HTTP1"
        self.assertEqual({c for found in self.behind(estate, expect=status).values() for _, c in found}, {"possible" if status else "exact"})
        self.assertEqual(named(self.outcome(estate, expect=status), ["unread"], "has no ProtocolVersion"), bool(status))
        estate["TargetGroups"][0]["ProtocolVersion"] = "HTTP1"
        self.assertEqual({c for found in self.behind(estate).values() for _, c in found}, {"exact"})

    def test_an_override_without_its_state_is_named(self):
        estate = balanced()
        estate["LoadBalancerTargetHealth"][0]["TargetHealthDescriptions"][0]["AdministrativeOverride"] = {}
        self.assertEqual({c for found in self.behind(estate, expect=3).values() for _, c in found}, {"possible"})


class Files(Told):
    BALANCER = "arn:aws:elasticloadbalancing:%s:111122223333:loadbalancer/app/front/0123456789abcdef"

    @each([("accelerator", "g.json"), ("origin", "o.json")])
    def test_an_arn_that_contradicts_its_load_balancers_is_unread_in_the_file_that_names_it(self, what, file):
        files = accelerator(self.BALANCER % "us-east-1") if what == "accelerator" else {"o.json": origin(self.BALANCER % "us-east-1"), "z.json": distributions()}
        self.outcome(balanced(), files)
        self.assertEqual([u["file"] for u in self.output["unread"] if "neither is believed alone" in u["why"]], [file])


if __name__ == "__main__":
    unittest.main()
