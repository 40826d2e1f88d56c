"""What load balancers answer themselves, and which of their targets who reaches: rules, weights, zones, health, ACLs, groups both ways."""
import json
import os
import pathlib
import sys
import tempfile
import unittest

sys.path[:0] = [os.path.dirname(__file__), os.path.join(os.path.dirname(__file__), "..")]
import common
from oracle import estates
from test_load_balancers import ARN, GROUP_ARN, balanced, classic, interface
from test_world import each, named
from test_snapshots import Case, entry, permission

WEB = ("10.0.2.4", 8080)
ALL = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}], "Ipv6Ranges": [{"CidrIpv6": "::/0"}], "PrefixListIds": [], "UserIdGroupPairs": []}
APP, NET = "app/front/0123456789abcdef", "net/front/0123456789abcdef"


def condition(field, *values):
    return {"Field": field, "Values": list(values)}


def forward(*names, weight=None):
    if weight is None and len(names) == 1:
        return {"Type": "forward", "TargetGroupArn": GROUP_ARN % names[0]}
    return {"Type": "forward", "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": GROUP_ARN % n, "Weight": 1 if weight is None else weight} for n in names],
                                                 "TargetGroupStickinessConfig": {"Enabled": False}}}


def rule(listener, priority, actions, *conditions):
    return {"RuleArn": listener.replace(":listener/", ":listener-rule/") + "/r%s" % priority, "Priority": str(priority), "IsDefault": priority == "default",
            "Conditions": list(conditions), "Actions": actions}


def listener_arn(mark, name):
    return ARN.replace(":loadbalancer/", ":listener/") % (mark + "/" + name)


def two_listeners():
    """443 for 8.0.0.0/8 forwards to the group; 80 for everybody answers 404 itself."""
    estate = balanced()
    estate["Listeners"][0]["ListenerArn"] = listener_arn(APP, "a")
    estate["Listeners"].append({"LoadBalancerArn": ARN % APP, "ListenerArn": listener_arn(APP, "b"), "Port": 80, "Protocol": "HTTP",
                                "DefaultActions": [{"Type": "fixed-response"}]})
    estate["SecurityGroups"][0]["IpPermissions"].append(permission("tcp", (80, 80), ["9.0.0.0/8"]))
    estate["Rules"] = [rule(listener_arn(APP, "a"), "default", estate["Listeners"][0]["DefaultActions"]),
                       rule(listener_arn(APP, "b"), "default", estate["Listeners"][1]["DefaultActions"])]
    return estate


class Behind(Case):
    def behind(self, estate, expect=0):
        """{(listener, private address): {(sources, certainty)}}"""
        found = {}
        for item in self.outcome(estate, expect=expect)["indirect"]:
            for x in item["exposures"]:
                found.setdefault((item["listener"], item["private_address"]), set()).add((",".join(x["sources"]), x["certainty"]))
        return found

    def sure(self, estate, listener="443/HTTPS", sources="8.0.0.0/8"):
        self.assertEqual(self.behind(estate), {(listener, WEB[0]): {(sources, "exact")}})


class OwnAnswers(Behind):
    def ping(self, estate, address="198.51.100.9"):
        estate["SecurityGroups"][0]["IpPermissions"].append(permission("icmp", (8, -1), ["0.0.0.0/0"]))
        return {k: v for k, v in self.exposures(estate, address=address).items() if k[0] == "icmp"}

    def test_an_application_load_balancer_answers_the_ping_that_its_groups_admit(self):
        self.assertEqual(self.exposures(balanced(), address="198.51.100.9").get(("icmp", None, None)), None)
        self.assertEqual(self.ping(balanced()), {("icmp", None, None): "exact"})

    def test_a_classic_load_balancer_answers_the_ping_that_its_groups_admit(self):
        self.assertEqual(self.ping(classic()), {("icmp", None, None): "exact"})

    def test_whether_a_network_load_balancer_answers_ping_is_possible(self):
        self.assertEqual(self.ping(balanced("network")), {("icmp", None, None): "possible"})
        self.assertEqual(self.ping(balanced("gateway")), {})

    def test_explain_says_of_ping_what_compute_says(self):
        for kind, verdict in (("application", "reachable"), ("network", "possible")):
            estate = balanced(kind)
            estate["SecurityGroups"][0]["IpPermissions"].append(permission("icmp", (8, -1), ["0.0.0.0/0"]))
            with tempfile.TemporaryDirectory() as folder:
                estates.write(estate, folder)
                done = common.sgproof("explain", folder, "198.51.100.9", "icmp", "--from", "8.8.8.8", "--format", "json")
            self.assertEqual(json.loads(done.stdout)["verdict"], verdict, done.stdout)

    def dualstack(self, attribute, scheme="internal"):
        estate = balanced()
        estate["LoadBalancers"][0].update(Scheme=scheme, IpAddressType="dualstack")
        estate["NetworkInterfaces"][0]["Ipv6Addresses"] = [{"Ipv6Address": "2001:db8:1::9"}]
        estate["SecurityGroups"][0]["IpPermissions"].append(permission("tcp", (443, 443), v6=["::/0"]))
        if attribute:
            estate["files"] = {"describe-load-balancer-attributes.front.0123456789abcdef.json": {"Attributes": [
                {"Key": "ipv6.deny_all_igw_traffic", "Value": attribute}]}}
        untold = 3 if scheme == "internal" and attribute is None else 0
        if scheme == "internal":
            del estate["NetworkInterfaces"][0]["PrivateIpAddresses"][0]["Association"]
        six = self.exposures(estate, "2600::1", "2001:db8:1::9", expect=untold)
        return six, {} if scheme == "internal" else self.exposures(estate, address="198.51.100.9", expect=untold)

    def test_an_internal_dualstack_load_balancer_that_does_not_deny_the_gateway_is_reached_over_ipv6(self):
        self.assertEqual(self.dualstack("false"), ({("tcp", 443, 443): "exact"}, {}))
        self.assertEqual(self.dualstack("true"), ({}, {}))
        self.assertEqual(self.dualstack(None), ({("tcp", 443, 443): "possible"}, {}))  # nobody says so

    def test_an_internet_facing_load_balancer_that_denies_the_gateway_is_not_reached_over_ipv6(self):
        self.assertEqual(self.dualstack("true", "internet-facing"), ({}, {("tcp", 443, 443): "possible"}))
        self.assertEqual(self.dualstack("false", "internet-facing"), ({("tcp", 443, 443): "exact"},) * 2)

    def test_a_scheme_that_is_not_told_is_possible(self):
        estate = balanced()
        del estate["LoadBalancers"][0]["Scheme"]
        self.assertEqual(set(self.exposures(estate, address="198.51.100.9", expect=3).values()), {"possible"})
        self.assertEqual(self.behind(estate, expect=3), {("443/HTTPS", WEB[0]): {("8.0.0.0/8", "possible")}})

    def test_each_listener_protocol_is_decided_and_one_that_is_new_is_possible(self):
        for protocol, expected in (("HTTP", {"tcp"}), ("HTTPS", {"tcp"}), ("TCP", {"tcp"}), ("TLS", {"tcp"}), ("UDP", {"udp"}), ("QUIC", {"udp"}),
                                   ("TCP_UDP", {"tcp", "udp"}), ("TCP_QUIC", {"tcp", "udp"}), ("GENEVE", set())):
            estate = balanced({"HTTP": "application", "HTTPS": "application", "GENEVE": "gateway"}.get(protocol, "network"), protocol=protocol)
            estate["Listeners"][0]["Protocol"] = protocol
            estate["SecurityGroups"][0]["IpPermissions"].append(permission("udp", (0, 65535), ["8.0.0.0/8"]))
            self.assertEqual(self.exposures(estate, address="198.51.100.9"), {(p, 443, 443): "exact" for p in expected}, protocol)
        estate = balanced("network")
        estate["SecurityGroups"][0]["IpPermissions"].append(permission("udp", (0, 65535), ["8.0.0.0/8"]))
        estate["Listeners"][0]["Protocol"] = "SCTP2"
        self.assertEqual(self.exposures(estate, address="198.51.100.9"), {(p, 443, 443): "possible" for p in ("tcp", "udp")})


class NewWords(Behind):
    """Words of an enum that are not known here, and where none is told."""

    @each([("network", "TCP", "exact", 0), ("network", "TCP_UDP", "exact", 0), ("network", "UDP", "possible", 3), ("network", "SCTP", "possible", 0), ("network", "", "possible", 0),
           ("network", None, "exact", 0), ("application", "HTTP", "exact", 0), ("application", "HTTP3", "possible", 0)])
    def test_what_is_behind_a_target_group_of_a_protocol_that_is_new_is_possible(self, kind, protocol, certainty, status):
        estate = balanced(kind, protocol=protocol)
        if protocol is None:
            del estate["TargetGroups"][0]["Protocol"]
        estate["SecurityGroups"][1]["IpPermissions"] = [permission("tcp", (8080, 8080), ["0.0.0.0/0"])]
        self.assertEqual({c for found in self.behind(estate, status).values() for _, c in found}, {certainty})

    # The target's group admits the load balancer's nodes alone, or 8.8.0.0/16, and the attribute says that it sees those.
    @each([("SCTP", "10.0.0.0/24", "possible", 0), ("SCTP", "8.8.0.0/16", "possible", 0), ("TCP", "10.0.0.0/24", "exact", 0), ("TCP", "8.8.0.0/16", None, 0),
           ("TCP_UDP", "10.0.0.0/24", None, 0), ("TCP_UDP", "8.8.0.0/16", "exact", 0), (None, "10.0.0.0/24", "possible", 3), (None, "8.8.0.0/16", "possible", 3)])
    def test_whose_address_a_target_sees_is_not_known_of_a_protocol_that_is_new_or_not_told(self, protocol, admitted, certainty, status):
        estate = balanced("network", protocol=protocol)
        if protocol is None:
            del estate["TargetGroups"][0]["Protocol"]
        estate["SecurityGroups"][1]["IpPermissions"] = [permission("tcp", (8080, 8080), [admitted])]
        estate["files"] = {"describe-target-group-attributes.web.1.json": {"Attributes": [{"Key": "preserve_client_ip.enabled", "Value": "false"}]}}
        self.assertEqual({c for found in self.behind(estate, status).values() for _, c in found}, {certainty} - {None})
        if status:
            self.assertIn("missing: Protocol of target group web", common.missing(self.outcome(estate, expect=3)))

    def test_a_group_of_a_protocol_that_is_new_may_be_behind_a_listener_whose_rules_are_not_told(self):
        estate = two_listeners()
        estate["Rules"] = None
        estate["TargetGroups"][0]["Protocol"] = "HTTP3"
        self.assertEqual(set(self.behind(estate)), {("443/HTTPS", WEB[0]), ("80/HTTP", WEB[0])})

    @each([("ipv4", 0), ("dualstack", 3), ("dualstack-without-public-ipv4", 3), ("sixstack", 3)])
    def test_a_node_of_an_address_type_that_is_new_may_have_an_ipv6_address(self, kind, status):
        estate = balanced()
        estate["LoadBalancers"][0].update(IpAddressType=kind, AvailabilityZones=[{"SubnetId": "subnet-1"}])
        self.assertEqual(bool(common.missing(self.outcome(estate, expect=status))), status == 3)


class Rules(Behind):
    def test_a_rule_of_one_listener_forwards_to_the_group_that_is_the_default_of_another(self):
        estate = two_listeners()
        self.sure(estate)
        estate["Rules"].append(rule(listener_arn(APP, "b"), 1, [forward("web/1")], condition("path-pattern", "/*")))
        self.assertEqual(self.behind(estate), {("443/HTTPS", WEB[0]): {("8.0.0.0/8", "exact")}, ("80/HTTP", WEB[0]): {("8.0.0.0/7", "exact")}})

    def test_without_rules_a_group_is_possible_behind_each_listener_and_that_is_assumed(self):
        estate = two_listeners()
        estate["Rules"] = None  # which may take what comes before any default action does
        self.assertEqual(self.behind(estate), {("443/HTTPS", WEB[0]): {("8.0.0.0/8", "possible")}, ("80/HTTP", WEB[0]): {("8.0.0.0/7", "possible")}})
        for listener in ("443/HTTPS", "80/HTTP"):
            self.assertTrue([a for a in self.outcome(estate)["assumptions"] if a.startswith("rules of listener %s of load balancer front absent" % listener)])

    def test_a_network_one_has_default_actions_alone(self):
        estate = balanced("network", protocol="TCP")
        estate["SecurityGroups"][1]["IpPermissions"][0]["IpRanges"] = [{"CidrIp": "8.0.0.0/8"}]
        estate["Rules"] = None
        self.sure(estate, "443/TCP")

    def test_rules_of_one_listener_only_leave_the_other_ones_missing(self):
        estate = two_listeners()
        estate["Rules"].pop()
        self.assertEqual(self.behind(estate, expect=3)[("80/HTTP", WEB[0])], {("8.0.0.0/7", "possible")})
        self.assertIn("missing: rules of listener 80/HTTP of load balancer front", common.missing(self.outcome(estate, expect=3)))

    def test_rules_that_were_denied_or_of_which_a_page_is_missing_are_possible_and_missing(self):
        estate = two_listeners()
        rules = estate.pop("Rules")
        for document in ({"Rules": rules[1:], "NextMarker": "x"}, "An error occurred (AccessDenied) when calling the DescribeRules operation: no"):
            with tempfile.TemporaryDirectory() as folder:
                estates.write(estate, folder)
                (pathlib.Path(folder) / "describe-rules.b.json").write_text(document if isinstance(document, str) else json.dumps(document))
                done = common.sgproof("compute", folder, "--format", "json")
            found = {(i["listener"], x["certainty"]) for i in json.loads(done.stdout)["indirect"] for x in i["exposures"]}
            self.assertEqual((done.returncode, found), (3, {("443/HTTPS", "possible"), ("80/HTTP", "possible")}), done.stderr)

    def test_a_condition_on_sources_narrows_who_is_forwarded_and_who_is_left_to_the_rules_behind_it(self):
        estate = two_listeners()
        allow = rule(listener_arn(APP, "b"), 1, [forward("web/1")], {"Field": "source-ip", "SourceIpConfig": {"Values": ["9.9.0.0/16"]}})
        estate["Rules"].append(allow)
        self.assertEqual(self.behind(estate)[("80/HTTP", WEB[0])], {("9.9.0.0/16", "exact")})
        deny = rule(listener_arn(APP, "a"), 5, [{"Type": "fixed-response"}], condition("source-ip", "8.0.0.0/9"))
        estate["Rules"].append(deny)
        self.assertEqual(self.behind(estate)[("443/HTTPS", WEB[0])], {("8.128.0.0/9", "exact")})
        deny["Conditions"].append(condition("path-pattern", "/admin"))  # the client may ask for another path
        self.assertEqual(self.behind(estate)[("443/HTTPS", WEB[0])], {("8.0.0.0/8", "exact")})

    @each([(0, 1), (1, 0)])
    def test_of_two_rules_of_one_priority_neither_is_known_to_be_asked_first(self, first, second):
        estate = two_listeners()
        rules = [rule(listener_arn(APP, "a"), 5, actions, condition("path-pattern", "*")) for actions in ([{"Type": "fixed-response"}], [forward("web/1")])]
        rules[first]["RuleArn"] += "a"
        rules[second]["RuleArn"] += "b"
        estate["Rules"] += rules
        self.assertEqual(self.behind(estate, expect=3)[("443/HTTPS", WEB[0])], {("8.0.0.0/8", "possible")})
        self.assertIn("both have priority 5", str(self.outcome(estate, expect=3)["unread"]))

    def test_a_network_load_balancers_rule_by_source(self):
        estate = balanced("network", protocol="TCP")
        estate["Listeners"][0].update(ListenerArn=listener_arn(NET, "a"))
        estate["Rules"] = [rule(listener_arn(NET, "a"), "default", estate["Listeners"][0]["DefaultActions"]),
                           rule(listener_arn(NET, "a"), 1, [forward("other/2")], condition("source-ip", "8.8.0.0/16"))]
        estate["TargetGroups"].append(dict(estate["TargetGroups"][0], TargetGroupArn=GROUP_ARN % "other/2", TargetGroupName="other"))
        estate["LoadBalancerTargetHealth"].append({"TargetGroupArn": GROUP_ARN % "other/2", "TargetHealthDescriptions": []})
        [(sources, certainty)] = self.behind(estate)[("443/TCP", WEB[0])]
        self.assertNotIn("8.8.0.0/16", sources)
        self.assertEqual(certainty, "exact")

    def test_fixed_responses_and_redirects_reach_no_target_and_a_login_before_a_forward_does(self):
        for actions, reached in (([{"Type": "fixed-response"}], False), ([{"Type": "redirect", "RedirectConfig": {"Protocol": "HTTPS"}}], False),
                                 ([{"Type": "authenticate-oidc", "Order": 1}, dict(forward("web/1"), Order=2)], True),
                                 ([{"Type": "authenticate-cognito", "Order": 1}, dict(forward("web/1"), Order=2)], True),
                                 ([{"Type": "jwt-validation", "Order": 1}, dict(forward("web/1"), Order=2)], True)):
            estate = two_listeners()
            estate["Rules"].append(rule(listener_arn(APP, "b"), 1, actions, condition("path-pattern", "/x")))
            self.assertEqual(("80/HTTP", WEB[0]) in self.behind(estate), reached, actions)

    @each([("authenticate-oidc", "AuthenticateOidcConfig", None, "possible"), ("authenticate-oidc", "AuthenticateOidcConfig", "deny", "possible"),
           ("authenticate-oidc", "AuthenticateOidcConfig", "authenticate", "possible"), ("authenticate-oidc", "AuthenticateOidcConfig", "allow", "exact"),
           ("authenticate-cognito", "AuthenticateCognitoConfig", "allow", "exact"), ("authenticate-cognito", "AuthenticateCognitoConfig", "new", "possible"),
           ("authenticate-oidc", "AuthenticateCognitoConfig", "allow", "possible"), ("jwt-validation", "JwtValidationConfig", "allow", "possible")])
    def test_behind_a_login_or_a_token_it_is_possible_as_behind_a_certificate(self, kind, config, word, certainty):
        estate = two_listeners()
        login = {"Type": kind, "Order": 1, config: {"OnUnauthenticatedRequest": word} if word else {}}
        estate["Rules"].append(rule(listener_arn(APP, "b"), 1, [login, dict(forward("web/1"), Order=2)], condition("path-pattern", "/x")))
        self.assertEqual(self.behind(estate)[("80/HTTP", WEB[0])], {("8.0.0.0/7", certainty)})
        via = [common.texts(x["via"]) for i in self.outcome(estate)["indirect"] if i["listener"] == "80/HTTP" for x in i["exposures"]]
        self.assertEqual(["only clients whom its action %s lets through are sent there" % kind in one for one in via], [certainty == "possible"])

    def test_an_action_or_a_condition_that_is_new_is_possible(self):
        for actions, field in (([{"Type": "teleport"}], "path-pattern"), ([forward("web/1")], "moon-phase")):
            estate = two_listeners()
            estate["Rules"].append(rule(listener_arn(APP, "b"), 1, actions, condition(field, "x")))
            self.assertEqual(self.behind(estate)[("80/HTTP", WEB[0])], {("8.0.0.0/7", "possible")}, field)

    def test_a_group_of_weight_zero_takes_no_client_and_that_is_said(self):
        estate = two_listeners()
        action = forward("web/1", "next/2", weight=0)
        action["ForwardConfig"]["TargetGroups"][1]["Weight"] = 1
        estate["TargetGroups"].append({**estate["TargetGroups"][0], "TargetGroupArn": GROUP_ARN % "next/2", "TargetGroupName": "next"})
        estate["LoadBalancerTargetHealth"].append({"TargetGroupArn": GROUP_ARN % "next/2", "TargetHealthDescriptions": []})
        estate["Listeners"][0]["DefaultActions"] = estate["Rules"][0]["Actions"] = [action]
        self.assertEqual(self.behind(estate), {})
        self.assertIn("target group web has weight 0 at front 443/HTTPS: not reached", self.outcome(estate)["notes"])
        estate["Rules"].append(rule(listener_arn(APP, "b"), 1, [forward("web/1", weight=7)], condition("path-pattern", "/x")))
        self.assertEqual(self.behind(estate), {("80/HTTP", WEB[0]): {("8.0.0.0/7", "exact")}})

    @each([(1,), (2,)])
    def test_where_no_group_of_a_rule_has_a_weight_what_becomes_of_its_clients_is_possible(self, count):
        estate = two_listeners()
        estate["TargetGroups"].append({**estate["TargetGroups"][0], "TargetGroupArn": GROUP_ARN % "next/2", "TargetGroupName": "next"})
        estate["LoadBalancerTargetHealth"].append({"TargetGroupArn": GROUP_ARN % "next/2", "TargetHealthDescriptions": []})
        estate["TargetGroups"][1]["LoadBalancerArns"] = [ARN % APP] if count == 2 else []
        estate["Listeners"][0]["DefaultActions"] = estate["Rules"][0]["Actions"] = [forward(*["web/1", "next/2"][:count], weight=0)]
        self.assertEqual(self.behind(estate), {("443/HTTPS", WEB[0]): {("8.0.0.0/8", "possible")}})
        self.assertIn("its weight is 0, and so is that of every target group beside it", json.dumps(self.outcome(estate)["indirect"]))

    @each([({"Enabled": True, "DurationSeconds": 60},), ({},), (None,)])
    def test_a_cookie_may_keep_a_client_at_a_group_of_weight_zero(self, stickiness):
        estate = two_listeners()
        action = forward("web/1", weight=0)
        action["ForwardConfig"]["TargetGroupStickinessConfig"] = stickiness
        if stickiness is None:  # then it may be on
            del action["ForwardConfig"]["TargetGroupStickinessConfig"]
        estate["Listeners"][0]["DefaultActions"] = estate["Rules"][0]["Actions"] = [action]
        self.assertEqual(self.behind(estate), {("443/HTTPS", WEB[0]): {("8.0.0.0/8", "possible")}})

    def test_a_default_rule_that_differs_from_its_listeners_record_is_believed_by_neither(self):
        estate = two_listeners()
        estate["Rules"][1]["Actions"] = [forward("web/1")]
        self.assertEqual(self.behind(estate, expect=3)[("80/HTTP", WEB[0])], {("8.0.0.0/7", "possible")})

    def test_a_load_balancer_whose_arn_tells_no_account_is_its_nodes(self):
        text = json.dumps(balanced()).replace(ARN % APP, "x:loadbalancer/" + APP)
        estate = json.loads(text)
        estate["Listeners"][0]["DefaultActions"] = [{"Type": "fixed-response"}]
        self.assertEqual(self.behind(estate), {("443/HTTPS", WEB[0]): {("8.0.0.0/8", "possible")}})

    def test_targets_behind_listeners_that_the_snapshot_lacks_are_possible(self):
        estate = balanced()
        del estate["Listeners"]
        self.assertEqual(self.behind(estate, expect=3), {("unknown", WEB[0]): {("8.0.0.0/8", "possible")}})


class Ways(Behind):
    def test_a_load_balancer_whose_groups_let_nothing_out_reaches_no_target(self):
        estate = balanced()
        for egress, reached in (([], False), ([ALL], True), ([permission("tcp", (443, 443), ["0.0.0.0/0"])], False),
                                ([permission("tcp", (8080, 8080), ["10.0.2.0/24"])], True), ([permission("udp", (8080, 8080), ["0.0.0.0/0"])], False),
                                ([dict(permission("tcp", (8080, 8080)), UserIdGroupPairs=[{"GroupId": "sg-web"}])], True),
                                ([dict(permission("tcp", (8080, 8080)), UserIdGroupPairs=[{"GroupId": "sg-front"}])], False)):
            estate["SecurityGroups"][0]["IpPermissionsEgress"] = egress
            self.assertEqual(self.behind(estate), {("443/HTTPS", WEB[0]): {("8.0.0.0/8", "exact")}} if reached else {}, egress)

    def test_a_network_load_balancers_groups_count_too_and_no_group_is_no_filter(self):
        estate = balanced("network", protocol="TCP")
        estate["SecurityGroups"][0]["IpPermissionsEgress"] = []
        self.assertEqual(self.behind(estate), {})
        estate["NetworkInterfaces"][0]["Groups"] = estate["LoadBalancers"][0]["SecurityGroups"] = []
        estate["SecurityGroups"][1]["IpPermissions"] = [permission("tcp", (8080, 8080), ["8.0.0.0/8"])]
        self.sure(estate, "443/TCP")

    def test_outbound_rules_that_are_not_told_are_an_assumption_and_a_prefix_list_without_entries_is_possible(self):
        estate = balanced()
        self.assertTrue([a for a in self.outcome(estate)["assumptions"] if a.startswith("outbound rules of security group sg-front absent")])
        estate["SecurityGroups"][0]["IpPermissionsEgress"] = [permission("tcp", (8080, 8080), lists=["pl-9"])]
        self.assertEqual(self.behind(estate, expect=3), {("443/HTTPS", WEB[0]): {("8.0.0.0/8", "possible")}})
        estate["entries"] = {"pl-9": ["10.0.2.0/24"]}
        self.sure(estate)

    def with_acls(self, nodes, targets):
        estate = balanced()
        estate["NetworkAcls"] = [{"NetworkAclId": "acl-%d" % i, "VpcId": "vpc-1", "IsDefault": i == 1, "Entries": entries,
                                  "Associations": [{"SubnetId": "subnet-%d" % i}]} for i, entries in ((1, nodes), (2, targets))]
        return estate

    def test_replies_must_come_back_to_the_nodes_ports(self):
        free = [entry(100, e, "allow") for e in (False, True)]
        inward, outward = free
        clients = [inward, entry(90, True, "allow", "6", "8.0.0.0/8", (0, 65535))]

        def way(*ports):
            return [entry(100, True, "allow", "6", "10.0.0.0/24", ports)]
        sure, part = {("443/HTTPS", WEB[0]): {("8.0.0.0/8", "exact")}}, {("443/HTTPS", WEB[0]): {("8.0.0.0/8", "possible")}}
        for nodes, targets, expected in (
                (free, free, sure), (free, [inward] + way(443, 443), {}), (free, [inward] + way(1024, 65535), sure), (free, [inward] + way(32768, 60999), part),
                (free, [outward, entry(1, False, "allow", "6", "10.0.0.0/24", (8080, 8080))], sure),
                (free, [outward, entry(1, False, "allow", "6", "10.0.0.0/24", (80, 80))], {}),
                (clients, free, {}), (clients + [entry(91, True, "allow", "6", "10.0.2.0/24", (8080, 8080))], free, sure),
                ([outward, entry(1, False, "allow", "6", "8.0.0.0/8", (443, 443))], free, {}),
                ([outward, entry(1, False, "allow", "6", "8.0.0.0/8", (443, 443)), entry(2, False, "allow", "6", "10.0.2.0/24", (1024, 65535))], free, sure)):
            self.assertEqual(self.behind(self.with_acls(nodes, targets)), expected, (nodes, targets))

    def apart(self, kind, *attributes, group=()):
        """The node in one zone, the target in another."""
        estate = balanced(kind, protocol="TCP" if kind == "network" else "HTTP")
        estate["NetworkInterfaces"][1]["AvailabilityZone"] = "eu-west-3b"
        estate["files"] = {}
        for name, told in (("load-balancer-attributes.front.0123456789abcdef", attributes), ("target-group-attributes.web.1", group)):
            if told:
                estate["files"]["describe-%s.json" % name] = {"Attributes": [{"Key": "load_balancing.cross_zone.enabled", "Value": v} for v in told]}
        return estate

    def test_a_network_load_balancers_nodes_keep_to_their_zones_unless_told_otherwise(self):
        self.assertEqual(self.behind(self.apart("network")), {})
        output = self.outcome(self.apart("network"))
        self.assertTrue([n for n in output["notes"] if n.startswith("target i-web of target group web: no client reaches a node")])
        self.assertTrue([a for a in output["assumptions"] if a.startswith("attributes of load balancer front absent")])
        for attributes, group, reached in ((("true",), (), True), (("false",), (), False), (("true",), ("false",), False), (("false",), ("true",), True),
                                           (("true",), ("use_load_balancer_configuration",), True), (("false",), ("use_load_balancer_configuration",), False)):
            found = self.behind(self.apart("network", *attributes, group=group))
            self.assertEqual(found, {("443/TCP", WEB[0]): {("8.0.0.0/8", "exact")}} if reached else {}, (attributes, group))

    def test_an_application_load_balancers_nodes_do_not_unless_the_target_group_says_so(self):
        self.sure(self.apart("application"))
        self.assertEqual(self.behind(self.apart("application", group=("false",))), {})

    def test_a_zone_that_is_not_told_is_possible_and_a_target_of_all_zones_is_reached(self):
        estate = self.apart("network")
        del estate["NetworkInterfaces"][1]["AvailabilityZone"]
        self.assertEqual(self.behind(estate), {("443/TCP", WEB[0]): {("8.0.0.0/8", "possible")}})
        estate = self.apart("network")
        estate["TargetGroups"][0].update(TargetType="ip", Protocol="UDP")
        estate["Listeners"][0]["Protocol"] = "UDP"
        for group in estate["SecurityGroups"]:
            group["IpPermissions"].append(permission("udp", (0, 65535), ["8.0.0.0/8"]))
        target = estate["LoadBalancerTargetHealth"][0]["TargetHealthDescriptions"][0]["Target"]
        for zone, reached in (("all", True), ("eu-west-3b", False)):
            target.update(Id="10.0.2.4", AvailabilityZone=zone)
            self.assertEqual(bool(self.behind(estate)), reached, zone)

    def test_an_attribute_of_an_odd_value_is_unread_and_possible(self):
        self.assertEqual(self.behind(self.apart("network", "maybe"), expect=3), {})
        estate = self.apart("network", "true", group=("perhaps",))
        self.assertEqual(self.behind(estate, expect=3), {("443/TCP", WEB[0]): {("8.0.0.0/8", "possible")}})


class Targets(Behind):
    def test_each_state_of_health_is_decided(self):
        """Every value of botocore's TargetHealthStateEnum, and one that is new."""
        import botocore.loaders
        model = botocore.loaders.Loader().load_service_model("elbv2", "service-2")
        decided = {"healthy": "exact", "unhealthy": "exact", "unhealthy.draining": "possible", "initial": "possible", "unavailable": "possible",
                   "unused": None, "draining": None}
        self.assertEqual(set(decided), set(model["shapes"]["TargetHealthStateEnum"]["enum"]))
        for state, certainty in {**decided, "dizzy": "possible"}.items():
            estate = balanced()
            estate["LoadBalancerTargetHealth"][0]["TargetHealthDescriptions"][0]["TargetHealth"].update(State=state, Reason="Target.NotRegistered")
            self.assertEqual(self.behind(estate), {("443/HTTPS", WEB[0]): {("8.0.0.0/8", certainty)}} if certainty else {}, state)
            self.assertEqual("target i-web of target group web is %s: not reached" % state in self.outcome(estate)["notes"], certainty is None)

    @each([("healthy", "possible"), ("unhealthy", "exact"), ("initial", "exact"), ("draining", "exact")])
    def test_one_that_is_unhealthy_beside_one_that_is_healthy_may_be_sent_nobody(self, other, certainty):
        estate = balanced()
        targets = estate["LoadBalancerTargetHealth"][0]["TargetHealthDescriptions"]
        targets[0]["TargetHealth"]["State"] = "unhealthy"
        targets.append({"Target": {"Id": "i-other", "Port": 8080}, "TargetHealth": {"State": other}})
        estate["Reservations"][0]["Instances"].append({"InstanceId": "i-other", "State": {"Name": "running"}})
        estate["NetworkInterfaces"].append({**estate["NetworkInterfaces"][1], "NetworkInterfaceId": "eni-other", "Attachment": {"InstanceId": "i-other", "DeviceIndex": 0},
                                            "PrivateIpAddresses": [{"PrivateIpAddress": "10.0.2.77", "Primary": True}]})
        self.assertEqual(self.behind(estate)[("443/HTTPS", WEB[0])], {("8.0.0.0/8", certainty)})

    def test_an_unused_target_is_not_reached_unless_its_reason_is_none_that_holds(self):
        for reason, certainty in (("Target.NotRegistered", None), ("Target.IpUnusable", None), ("Target.InvalidState", "possible"),
                                  ("Target.MoonPhase", "possible"), (None, "possible")):  # the instance runs
            estate = balanced()
            estate["LoadBalancerTargetHealth"][0]["TargetHealthDescriptions"][0]["TargetHealth"] = {"State": "unused", **({"Reason": reason} if reason else {})}
            self.assertEqual(self.behind(estate), {("443/HTTPS", WEB[0]): {("8.0.0.0/8", certainty)}} if certainty else {}, reason)

    @each([("eu-west-3a", "eu-west-3b", None, None), ("eu-west-3a", "eu-west-3a", None, "possible"), ("eu-west-3a", None, None, "possible"),
           ("eu-west-3a", "eu-west-3b", "all", "possible"), ("eu-west-3a", "eu-west-3b", "eu-west-3b", None), ("eu-west-3a", "eu-west-3b", "eu-west-3a", "possible")])
    def test_a_target_that_is_said_to_be_of_no_load_balancer_is_one_only_of_a_zone_that_has_none(self, node, target, registered, certainty):
        estate = balanced()
        for subnet, zone in zip(estate["Subnets"], (node, target)):
            subnet.update({"AvailabilityZone": zone} if zone else {})
        for interface, zone in zip(estate["NetworkInterfaces"], (node, target)):
            interface.update({"AvailabilityZone": zone} if zone else {})
            if zone is None:
                del interface["AvailabilityZone"]
        one = estate["LoadBalancerTargetHealth"][0]["TargetHealthDescriptions"][0]
        one["TargetHealth"] = {"State": "unused", "Reason": "Target.NotInUse"}
        one["Target"].update({"AvailabilityZone": registered} if registered else {})
        found = self.outcome(estate)
        self.assertEqual({x["certainty"] for i in found["indirect"] for x in i["exposures"]}, {certainty} if certainty else set())

    def test_health_that_is_not_told_is_possible(self):
        estate = balanced()
        del estate["LoadBalancerTargetHealth"][0]["TargetHealthDescriptions"][0]["TargetHealth"]
        self.assertEqual(self.behind(estate), {("443/HTTPS", WEB[0]): {("8.0.0.0/8", "possible")}})

    def test_a_target_that_is_unused_because_it_is_stopped_is_dormant(self):
        estate = balanced()
        estate["Reservations"][0]["Instances"][0]["State"]["Name"] = "stopped"
        estate["LoadBalancerTargetHealth"][0]["TargetHealthDescriptions"][0]["TargetHealth"] = {"State": "unused", "Reason": "Target.InvalidState"}
        [item] = self.outcome(estate)["indirect"]
        self.assertTrue(item["dormant"])

    def test_a_target_group_of_ipv6_reaches_its_instances_ipv6_address(self):
        estate = balanced()
        estate["TargetGroups"][0]["IpAddressType"] = "ipv6"
        self.assertEqual(self.behind(estate), {})
        self.assertIn("target i-web of target group web has no IPv6 address: not reached", self.outcome(estate)["notes"])
        estate["NetworkInterfaces"][0]["Ipv6Addresses"] = [{"Ipv6Address": "2001:db8:1::9"}]
        estate["NetworkInterfaces"][1]["Ipv6Addresses"] = [{"Ipv6Address": "2001:db8:2::4"}]
        self.assertEqual(self.behind(estate), {("443/HTTPS", "2001:db8:2::4"): {("8.0.0.0/8", "exact")}})
        estate["NetworkInterfaces"][1]["Ipv6Addresses"].append({"Ipv6Address": "2001:db8:2::5"})
        self.assertEqual(self.behind(estate), {("443/HTTPS", "2001:db8:2::%d" % n): {("8.0.0.0/8", "possible")} for n in (4, 5)})

    @each([((True, False), {4: "exact"}), ((False, True), {5: "exact"}), ((None, False), {4: "exact"}), ((True, None), {4: "exact"}),
           ((False, False), {4: "possible", 5: "possible"}), ((None, None), {4: "possible", 5: "possible"}), ((True, True), {4: "possible", 5: "possible"})])
    def test_which_ipv6_address_is_primary_decides_where_a_target_is(self, told, answers):
        estate = balanced()
        estate["TargetGroups"][0]["IpAddressType"] = "ipv6"
        estate["NetworkInterfaces"][0]["Ipv6Addresses"] = [{"Ipv6Address": "2001:db8:1::9"}]
        estate["NetworkInterfaces"][1]["Ipv6Addresses"] = [
            {"Ipv6Address": "2001:db8:2::%d" % n, **({} if says is None else {"IsPrimaryIpv6": says})} for n, says in zip((4, 5), told)]
        self.assertEqual(self.behind(estate), {("443/HTTPS", "2001:db8:2::%d" % n): {("8.0.0.0/8", word)} for n, word in answers.items()})
        if "possible" in answers.values():
            self.assertEqual(bool(named(self.outcome(estate), ["indirect"], "ec2 describe-network-interfaces of eni-web")), None in told)

    def test_a_classic_load_balancers_instance_that_the_snapshot_lacks_is_missing(self):
        estate = classic()
        estate["LoadBalancerDescriptions"][0]["Instances"].append({"InstanceId": "i-gone"})
        self.assertEqual(self.behind(estate, expect=3), {("80/HTTP", WEB[0]): {("8.0.0.0/8", "exact")}})
        self.assertIn("missing: the interface of target i-gone of classic load balancer old", common.missing(self.outcome(estate, expect=3)))

    def test_a_classic_load_balancer_before_another_zone_is_possible(self):
        estate = classic()
        estate["NetworkInterfaces"][1]["AvailabilityZone"] = "eu-west-3b"
        self.assertEqual(self.behind(estate), {("80/HTTP", WEB[0]): {("8.0.0.0/8", "possible")}})

    def test_a_target_in_another_vpc_is_possible_and_one_on_premises_is_named(self):
        estate = balanced(target_type="ip", target_id="10.9.2.30")
        self.assertEqual(self.behind(estate, expect=3), {})  # a subnet of the VPC does not say its range: it may lie there
        estate["Subnets"][1]["CidrBlock"] = "10.0.2.0/24"
        self.assertEqual(self.behind(estate), {})
        self.assertIn("target 10.9.2.30 of target group web is no interface of this snapshot", self.outcome(estate)["not_covered"])
        estate["Subnets"].append({"SubnetId": "subnet-9", "VpcId": "vpc-9", "CidrBlock": "10.9.2.0/24"})
        estate["NetworkAcls"].append({"NetworkAclId": "acl-9", "VpcId": "vpc-9", "IsDefault": True, "Associations": [{"SubnetId": "subnet-9"}],
                                      "Entries": [entry(100, e, "allow") for e in (False, True)]})
        estate["NetworkInterfaces"].append(dict(interface("far", "10.9.2.30", subnet="subnet-9", groups=["sg-web"]), VpcId="vpc-9"))
        [item] = self.outcome(estate)["indirect"]
        self.assertEqual((item["eni_id"], item["exposures"][0]["certainty"]), ("eni-far", "possible"))
        self.assertIn("the way from vpc-1 to vpc-9 is not modelled", common.texts(item["exposures"][0]["via"]))

    # What the snapshot tells of vpc-1's range: its subnet's, its own, or neither.
    @each([("subnet", "10.0.2.31"), ("vpc", "10.0.2.31"), (None, "10.9.2.31")])
    def test_a_target_of_this_vpc_is_not_the_one_of_its_address_in_another(self, told, address):
        estate = balanced(target_type="ip", target_id=address)
        if told == "subnet":
            estate["Subnets"][1]["CidrBlock"] = "10.0.2.0/24"
        if told == "vpc":
            estate["Vpcs"][0]["CidrBlockAssociationSet"] = [{"CidrBlock": "10.0.0.0/16"}]
        estate["Subnets"].append({"SubnetId": "subnet-9", "VpcId": "vpc-9", "CidrBlock": address[:-2] + "0/24"})
        estate["NetworkAcls"].append({"NetworkAclId": "acl-9", "VpcId": "vpc-9", "IsDefault": True, "Associations": [{"SubnetId": "subnet-9"}],
                                      "Entries": [entry(100, e, "allow") for e in (False, True)]})
        estate["NetworkInterfaces"].append(dict(interface("far", address, subnet="subnet-9", groups=["sg-web"]), VpcId="vpc-9"))
        output = self.outcome(estate, expect=3)
        self.assertEqual(common.missing(output), ["missing: the interface of target %s of target group web" % address])
        self.assertEqual([(i["eni_id"], x["certainty"]) for i in output["indirect"] for x in i["exposures"]], [] if told else [("eni-far", "possible")])
        if not told:
            self.assertIn("whether target %s lies in vpc-1 is not told" % address, common.texts(output["indirect"][0]["exposures"][0]["via"]))

    @each([("10.9.2.30", "all", 0), ("10.9.2.30", "eu-west-3a", 3), ("10.0.2.30", "all", 3), ("10.8.2.30", "all", 3)])
    def test_an_address_of_zone_all_outside_the_vpcs_blocks_is_on_premises(self, address, zone, status):
        estate = balanced(target_type="ip", target_id=address)
        estate["Vpcs"][0]["CidrBlockAssociationSet"] = [{"CidrBlock": "10.0.0.0/16"}, {"CidrBlock": "10.8.0.0/16"}]
        estate["LoadBalancerTargetHealth"][0]["TargetHealthDescriptions"][0]["Target"]["AvailabilityZone"] = zone
        output = self.outcome(estate, expect=status)
        line = "target %s of target group web is no interface of this snapshot" % address
        self.assertEqual((bool(output["missing"]), line in output["not_covered"]), (status == 3, status == 0))

    def test_an_application_load_balancer_behind_a_network_one_goes_by_its_own_rules_and_zones(self):
        inner = "app/inner/fedcba9876543210"
        estate = balanced("network", "alb", ARN % inner, "TCP")
        estate["TargetGroups"][0]["Port"] = estate["LoadBalancerTargetHealth"][0]["TargetHealthDescriptions"][0]["Target"]["Port"] = 80
        estate["NetworkInterfaces"].append(interface("inner", "10.0.0.20", groups=["sg-inner"], mark=inner))
        estate["SecurityGroups"].append({"GroupId": "sg-inner", "VpcId": "vpc-1", "IpPermissions": [permission("tcp", (80, 80), ["0.0.0.0/0"])]})
        estate["SecurityGroups"][1]["IpPermissions"][0]["UserIdGroupPairs"] = [{"GroupId": "sg-inner"}]
        estate["LoadBalancers"].append({"LoadBalancerArn": ARN % inner, "LoadBalancerName": "inner", "State": {"Code": "active"}, "Type": "application", "Scheme": "internal",
                                        "VpcId": "vpc-1", "SecurityGroups": ["sg-inner"]})
        estate["Listeners"].append({"LoadBalancerArn": ARN % inner, "ListenerArn": listener_arn(inner, "x"), "Port": 80, "Protocol": "HTTP",
                                    "DefaultActions": [{"Type": "fixed-response"}]})
        estate["TargetGroups"].append(dict(estate["TargetGroups"][0], TargetGroupArn=GROUP_ARN % "app/2", TargetGroupName="app", Protocol="HTTP",
                                           TargetType="instance", Port=8080, LoadBalancerArns=[ARN % inner]))
        estate["LoadBalancerTargetHealth"].append({"TargetGroupArn": GROUP_ARN % "app/2", "TargetHealthDescriptions": [
            {"Target": {"Id": "i-web"}, "TargetHealth": {"State": "healthy"}}]})
        estate["Rules"] = [rule(listener_arn(inner, "x"), "default", estate["Listeners"][1]["DefaultActions"]),
                           rule(listener_arn(inner, "x"), 3, [forward("app/2")], condition("source-ip", "8.8.0.0/16"))]
        node = {("443/TCP", "10.0.0.20"): {("8.0.0.0/8", "exact")}}
        self.assertEqual(self.behind(estate), {**node, ("80/HTTP", WEB[0]): {("8.8.0.0/16", "exact")}})
        estate["NetworkInterfaces"][2].update(SubnetId="subnet-3", AvailabilityZone="eu-west-3c")
        estate["Subnets"].append({"SubnetId": "subnet-3", "VpcId": "vpc-1"})
        node = {("443/TCP", "10.0.0.20"): {("8.0.0.0/8", "possible")}}
        self.assertEqual(self.behind(estate), {**node, ("80/HTTP", WEB[0]): {("8.8.0.0/16", "possible")}})  # AWS does not say it
        estate["LoadBalancerTargetHealth"][0]["TargetHealthDescriptions"][0]["TargetHealth"].update(State="unused", Reason="Target.NotRegistered")
        self.assertEqual(self.behind(estate), {})

    def test_a_lambda_function_is_named(self):
        estate = balanced(target_type="lambda", target_id="arn:aws:lambda:eu-west-3:111122223333:function:f")
        self.assertEqual(self.behind(estate), {})
        self.assertIn("arn:aws:lambda:eu-west-3:111122223333:function:f, target of target group web", self.outcome(estate)["not_covered"])
        del estate["LoadBalancerTargetHealth"]
        self.assertIn("the Lambda function behind target group web", self.outcome(estate)["not_covered"])

    def test_a_target_type_that_is_new_and_target_groups_that_are_absent_are_missing(self):
        estate = balanced()
        estate["TargetGroups"][0]["TargetType"] = "satellite"
        self.assertIn("missing: targets of target group web", common.missing(self.outcome(estate, expect=3)))
        del estate["TargetGroups"], estate["LoadBalancerTargetHealth"]
        self.assertTrue([m for m in common.missing(self.outcome(estate, expect=3)) if m.startswith("missing: targets of target group arn:")])

    def test_client_addresses_are_always_preserved_of_udp_and_quic(self):
        for protocol in ("UDP", "TCP_UDP", "QUIC", "TCP_QUIC"):
            estate = balanced("network", "ip", "10.0.2.4", protocol)
            estate["Listeners"][0]["Protocol"] = protocol
            for group, sources in zip(estate["SecurityGroups"], ("8.0.0.0/8", "8.8.0.0/16")):
                group["IpPermissions"] = [permission("udp", (0, 65535), [sources])]
            self.sure(estate, "443/" + protocol, "8.8.0.0/16")

    def test_two_target_groups_of_one_id_are_told_apart_by_their_names(self):
        estate = balanced()
        health = estate.pop("LoadBalancerTargetHealth")[0]["TargetHealthDescriptions"]
        estate["TargetGroups"][0]["TargetGroupArn"] = GROUP_ARN % "web/0000000000000001"
        estate["TargetGroups"].append(dict(estate["TargetGroups"][0], TargetGroupArn=GROUP_ARN % "api/0000000000000001", TargetGroupName="api"))
        estate["Listeners"][0]["DefaultActions"] = [forward("web/0000000000000001")]
        estate["files"] = {"describe-target-health.web.0000000000000001.json": {"TargetHealthDescriptions": health},
                           "describe-target-health.api.0000000000000001.json": {"TargetHealthDescriptions": []}}
        self.sure(estate)


if __name__ == "__main__":
    unittest.main()
