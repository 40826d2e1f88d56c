"""What clients ask load balancers for: rules that take all only together, load balancers in a row, and what stands before them."""
import os
import sys
import unittest

sys.path[:0] = [os.path.dirname(__file__), os.path.join(os.path.dirname(__file__), "..")]
import common
from test_balancer_chains import WEB, add, chain, listed, mark
from test_balancer_targets import APP, Behind, condition, forward, listener_arn, rule, two_listeners
from test_constructs_gates import service
from test_load_balancers import ARN, balanced
from test_snapshots import permission
from test_told_bridges import distributions, origin
from test_world import each, named

DENY = [{"Type": "fixed-response"}]
LISTENER = listener_arn(APP, "a")
ACL = {"Id": "1", "ARN": "arn:aws:wafv2:eu-west-3:111122223333:regional/webacl/shop/1", "Name": "shop"}


def header(name, *values):
    return {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": name, "Values": list(values)}}


def query(*pairs):
    return {"Field": "query-string", "QueryStringConfig": {"Values": [{"Key": k, "Value": v} if k else {"Value": v} for k, v in pairs]}}


def expression(field, config, *values, **more):
    return {"Field": field, config: {"RegexValues": list(values), **more}}


class Together(Behind):
    """Rules before one, whose conditions leave it nothing, or something."""

    def certainty(self, before, *own, expect=0):
        estate = two_listeners()
        estate["Rules"] += [rule(LISTENER, n + 1, DENY, *conditions) for n, conditions in enumerate(before)]
        if own:
            estate["Rules"] += [rule(LISTENER, 900, [forward("web/1")], *own), rule(LISTENER, 901, DENY, condition("path-pattern", "/*"))]
        return {c for found in self.behind(estate, expect=expect).values() for _, c in found}

    @each([([[condition("path-pattern", "/", "/?*")]], "possible"), ([[condition("path-pattern", "/")], [condition("path-pattern", "/?*")]], "possible"),
           ([[condition("path-pattern", "/?*")]], "exact"), ([[condition("path-pattern", "/a*", "/b*")]], "exact"),
           ([[condition("host-header", "*")]], "possible"), ([[condition("host-header", "*.*")]], "exact"), ([[condition("host-header", "*.*")], [condition("host-header", "?*")]], "possible"),
           ([[condition("http-request-method", "GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS")]], "exact"),
           ([[header("X-A", "*")]], "exact"), ([[query(("", "*"))]], "exact"), ([[condition("path-pattern", "/*"), condition("host-header", "a.example")]], "exact"),
           ([[expression("path-pattern", "PathPatternConfig", "^/.*$")]], "possible"), ([[expression("http-header", "HttpHeaderConfig", ".*", HttpHeaderName="x-a")]], "exact")])
    def test_what_rules_before_leave_to_the_default_action(self, before, certainty):
        self.assertEqual(self.certainty(before), {certainty})

    @each([([[condition("path-pattern", "/a/")], [condition("path-pattern", "/a/?*")]], [condition("path-pattern", "/a/*")], "possible"),
           ([[condition("path-pattern", "/a/b*")]], [condition("path-pattern", "/a/*")], "exact"), ([[condition("path-pattern", "/a/*")]], [condition("path-pattern", "/a/b*")], None),
           ([[condition("path-pattern", "/a/x")]], [condition("path-pattern", "/a/x", "/a/y")], "exact"), ([[condition("path-pattern", "/\\*")]], [condition("path-pattern", "/\\*", "/b")], "exact"),
           ([[header("x-a", "1")], [header("x-a", "2")]], [header("X-A", "1", "2")], "possible"), ([[header("x-a", "1")]], [header("X-A", "1", "2")], "exact"),
           ([[query(("v", "1"))], [query(("v", "2"))]], [query(("v", "1"), ("v", "2"))], "possible"), ([[query(("v", "1"))]], [query(("w", "1"))], "exact"),
           ([[query(("", "1"))]], [query(("w", "1"))], "possible"), ([[condition("host-header", "A.example")]], [condition("host-header", "a.example")], None),
           ([[condition("http-request-method", "GET")], [condition("http-request-method", "POST")]], [condition("http-request-method", "GET", "POST")], "possible"),
           ([[condition("http-request-method", "ZQ", "GET")]], [condition("http-request-method", "POST")], "exact"),
           ([[condition("path-pattern", "/v*")]], [expression("path-pattern", "PathPatternConfig", "^/v[0-9]+$")], "possible"),
           ([[condition("host-header", "a.example")]], [expression("path-pattern", "PathPatternConfig", "^/v[0-9]+$")], "exact")])
    def test_what_rules_before_leave_to_a_rule(self, before, own, certainty):
        self.assertEqual(self.certainty(before, *own), {certainty} - {None})

    def test_sources_that_no_rule_before_takes_any_of_are_left_all(self):
        estate = two_listeners()
        some = {"Field": "source-ip", "SourceIpConfig": {"Values": ["8.0.0.0/9"]}}
        estate["Rules"] += [rule(LISTENER, n, DENY, some, condition("path-pattern", path)) for n, path in ((1, "/"), (2, "/?*"))]
        self.assertEqual(self.behind(estate), {("443/HTTPS", WEB): {("8.128.0.0/9", "exact"), ("8.0.0.0/9", "possible")}})

    def test_of_more_rules_than_are_compared_what_is_left_is_possible(self):
        for count, certainty in ((999, "exact"), (1001, "possible")):
            self.assertEqual(self.certainty([[condition("path-pattern", "/x%d" % n)] for n in range(count)]), {certainty})


class Rows(Behind):
    """front forwards some requests to inner, which forwards some of them to web."""

    def row(self, outer=None, inner=None, before=(), more=(), kind="application", files=(), port=443, default=(), expect=0):
        estate = chain(kind, protocol="HTTP" if kind == "application" else "TCP")
        front, at = (listener_arn({"application": APP}.get(kind, "net/front/1"), "a"), listener_arn(mark("inner", "app"), "l"))
        estate["Listeners"][0]["ListenerArn"] = front
        estate["Listeners"][0]["DefaultActions"] = DENY if outer else estate["Listeners"][0]["DefaultActions"]
        estate["Listeners"][1]["DefaultActions"] = DENY if inner else estate["Listeners"][1]["DefaultActions"]
        estate["Rules"] = [rule(front, "default", estate["Listeners"][0]["DefaultActions"]), rule(at, "default", estate["Listeners"][1]["DefaultActions"])]
        estate["Rules"] += [{**rule(front, 50 + n, [forward("web/1")], *c), **dict(more)} for n, c in enumerate(outer or ())]
        estate["Rules"] += [rule(at, 50 + n, [forward("inner/1")], *c) for n, c in enumerate(inner or ())]
        estate["Rules"] += [rule(at, n + 1, DENY, *c) for n, c in enumerate(before)]
        estate["Rules"][0].update(default)
        estate["Listeners"][0]["Port"] = port
        estate["files"] = dict(files)
        return {c for (listener, _), found in self.behind(estate, expect=expect).items() if listener == "80/HTTP" for _, c in found}

    PATH = staticmethod(lambda *values: [condition("path-pattern", *values)])
    HOST = staticmethod(lambda *values: [condition("host-header", *values)])

    def test_conditions_that_exclude_each_other_let_nothing_through(self):
        self.assertEqual(self.row([self.PATH("/a/*")], [self.PATH("/b/*")]), set())
        self.assertEqual(self.row([self.HOST("a.example")], [self.HOST("b.example", "c.example")]), set())
        self.assertEqual(self.row([[condition("http-request-method", "GET")]], [[condition("http-request-method", "PUT")]]), set())
        self.assertEqual(self.row([self.PATH("/a/*")], None, [self.PATH("/a*")]), set())  # the default action of the inner one

    def test_conditions_that_one_request_meets_let_it_through_surely(self):
        self.assertEqual(self.row([self.PATH("/a/*")], [self.PATH("/a/b/*", "/c")]), {"exact"})
        self.assertEqual(self.row([self.PATH("/a/*")], [self.HOST("b.example")]), {"exact"})
        self.assertEqual(self.row([self.PATH("/a/*"), self.PATH("/b/*")], [self.PATH("/b/c")]), {"exact"})
        self.assertEqual(self.row([self.PATH("/a/*")], None, [self.PATH("/a/b*")]), {"exact"})
        self.assertEqual(self.row([self.PATH("/a/*")]), {"exact"})
        self.assertEqual(self.row(None, [self.PATH("/b/*")]), {"exact"})

    def test_where_none_is_found_that_does_it_is_possible(self):
        self.assertEqual(self.row([self.PATH("/*a")], [self.PATH("/b*", "/c*")], [self.PATH("/b*")]), {"possible"})
        self.assertEqual(self.row([[expression("path-pattern", "PathPatternConfig", "^/a")]], [self.PATH("/b*")]), {"possible"})
        self.assertEqual(self.row([self.PATH("/a/*")], [self.PATH("/b/*")], more={"Transforms": [{"Type": "url-rewrite"}]}), {"possible"})

    def test_headers_that_the_load_balancer_before_writes_are_not_the_clients_to_choose(self):
        for name in ("X-Forwarded-Proto", "x-forwarded-port", "X-Forwarded-For", "X-Amzn-Trace-Id", "X-Amzn-Oidc-Identity", "Connection", "x_odd"):
            self.assertEqual(self.row(None, [[header(name, "http")]]), {"possible"})
            self.assertEqual(self.row(None, None, [[header(name, "http")]]), {"possible"})  # it may take all
            self.assertEqual(self.row(None, [[header(name, "http")]], kind="network"), {"exact"})
        self.assertEqual(self.row([[header("X-Forwarded-Proto", "a")]]), {"exact"})  # at the first one, the client's
        self.assertEqual(self.row([[header("X-Forwarded-Proto", "a")]], None, [[header("X-Forwarded-Proto", "a")]]), {"possible"})
        self.assertEqual(self.row(None, None, [[header("X-Forwarded-Proto", "http"), *self.PATH("/a*")]]), {"exact"})  # other paths are left
        self.assertEqual(self.row(None, [[header("X-A", "1")]]), {"exact"})
        self.assertEqual(self.row(None, [[header("X-Forwarded-Proto", "http")]], [[header("X-Forwarded-Proto", "http")]]), set())

    @each([("true", "x_odd", "possible"), ("false", "x_odd", "exact"), (None, "x_odd", "exact"), ("true", "X-Even", "exact")])
    def test_a_header_that_the_load_balancer_drops_may_meet_no_rule(self, drops, name, certainty):
        files = [] if drops is None else [("describe-load-balancer-attributes.front.0123456789abcdef.json", {"Attributes": [
            {"Key": "routing.http.drop_invalid_header_fields.enabled", "Value": drops}]})]
        estate = two_listeners()
        estate["files"] = dict(files)
        estate["Listeners"][0]["DefaultActions"] = DENY
        estate["Rules"] = [rule(LISTENER, "default", DENY), rule(listener_arn(APP, "b"), "default", DENY), rule(LISTENER, 5, [forward("web/1")], header(name, "1"))]
        self.assertEqual({c for found in self.behind(estate).values() for _, c in found}, {certainty})

    def test_which_header_it_passes_on_as_it_came_its_attributes_say(self):
        attribute = lambda key, value: {"describe-load-balancer-attributes.front.0123456789abcdef.json": {"Attributes": [{"Key": "routing.http." + key, "Value": value}]}}
        for mode, certainty in (("preserve", "exact"), ("append", "possible"), ("remove", "possible"), ("new", "possible")):
            self.assertEqual(self.row(None, [[header("X-Forwarded-For", "1.2.3.4")]], files=attribute("xff_header_processing.mode", mode)), {certainty})
        for port, keeps, certainty in ((443, "false", "exact"), (8443, "false", "possible"), (8443, "true", "exact")):
            files = attribute("preserve_host_header.enabled", keeps)
            self.assertEqual(self.row(None, [self.HOST("b.example")], files=files, port=port), {certainty})
            self.assertEqual(self.row([self.HOST("a.example")], [self.HOST("b.example")], files=files, port=port), {certainty} - {"exact"})
        self.assertEqual(self.row(None, [self.HOST("b.example")], port=8443), {"possible"})

    def test_a_default_action_that_rewrites_leaves_open_what_is_asked_for_behind_it(self):
        for transforms in ([{"Type": "host-header-rewrite"}], [{"Type": "url-rewrite"}]):
            self.assertEqual(self.row(None, [self.PATH("/b/*")], default={"Transforms": transforms}), {"possible"})
        self.assertEqual(self.row(None, [self.PATH("/b/*")], default={"Transforms": "odd"}, expect=3), {"possible"})

    def test_a_network_load_balancer_before_limits_nothing(self):
        self.assertEqual(self.row(None, [self.PATH("/b/*")], kind="network"), {"exact"})

    def test_load_balancers_in_a_circle_with_conditions_come_to_an_end(self):
        estate = chain(target=("ip", "10.0.0.21", 80))
        add(estate, "second", node="10.0.0.21", target=("ip", "10.0.0.20", 80))
        estate["LoadBalancerTargetHealth"][-1]["TargetHealthDescriptions"].append({"Target": {"Id": WEB, "Port": 8080}, "TargetHealth": {"State": "healthy"}})
        estate["Rules"] = []
        for name in ("inner", "second"):
            at = listener_arn(mark(name, "app"), "l")
            estate["Rules"] += [rule(at, "default", [forward(name + "/1")]), rule(at, 1, [forward(name + "/1")], condition("path-pattern", "/%s/*" % name))]
        self.assertIn(("80/HTTP", WEB), self.behind(estate))


class Versions(Behind):
    """Target groups of gRPC take POST alone."""

    def grpc(self, *own, before=(), version="GRPC", expect=0, protocol="HTTPS"):
        estate = two_listeners()
        estate["TargetGroups"][0]["ProtocolVersion"] = version
        estate["Listeners"][0].update(Protocol=protocol, DefaultActions=DENY if own else estate["Listeners"][0]["DefaultActions"])
        estate["Rules"][0]["Actions"] = estate["Listeners"][0]["DefaultActions"]
        estate["Rules"] += [rule(LISTENER, 50, [forward("web/1")], *own)] if own else []
        estate["Rules"] += [rule(LISTENER, n + 1, DENY, *c) for n, c in enumerate(before)]
        self.output = self.outcome(estate, expect=expect)
        return {c for found in self.behind(estate, expect=expect).values() for _, c in found}

    def test_what_is_left_of_post_decides(self):
        method = lambda *values: condition("http-request-method", *values)
        for version, certainty in (("GRPC", set()), ("HTTP1", {"exact"}), ("HTTP2", {"exact"})):
            self.assertEqual(self.grpc(method("GET"), version=version), certainty)
            self.assertEqual(self.grpc(before=[[method("POST")]], version=version), certainty)
        self.assertEqual(self.grpc(method("GET")), set())
        self.assertTrue(named(self.output, ["notes"], "target group web takes gRPC, by POST alone"))
        self.assertEqual(self.grpc(method("GET", "POST")), {"exact"})
        self.assertEqual(self.grpc(), {"exact"})
        self.assertEqual(self.grpc(condition("path-pattern", "/pkg.Service/*"), before=[[method("GET")], [condition("path-pattern", "/a*")]]), {"exact"})

    def test_where_http_2_may_not_come_it_is_possible(self):
        for version in ("GRPC", "HTTP2"):
            self.assertEqual(self.grpc(version=version, protocol="HTTP"), {"possible"})
        self.assertEqual(self.grpc(version="HTTP3"), {"possible"})
        self.assertEqual(self.grpc(version=None, expect=3), {"possible"})
        for outer, certainty in (("HTTP1", "possible"), ("HTTP2", "exact"), (None, "possible")):
            estate = chain("application", protocol="HTTP", listens=(80, "HTTPS"))
            estate["TargetGroups"][0].update({"ProtocolVersion": outer} if outer else {})
            estate["TargetGroups"][1]["ProtocolVersion"] = "GRPC"
            found = self.behind(estate, expect=0 if outer else 3)
            self.assertEqual({c for (_, address), all in found.items() if address == WEB for _, c in all}, {certainty})


class Edge(Behind):
    """A CloudFront VPC origin, whose documents tell all, before an internal application load balancer."""

    def behind_edge(self, *conditions, before=()):
        estate = balanced()
        estate["LoadBalancers"][0]["Scheme"] = "internal"
        estate["NetworkInterfaces"][0]["PrivateIpAddresses"][0].pop("Association", None)
        estate["Listeners"][0].update(ListenerArn=LISTENER, Port=80, Protocol="HTTP")
        estate["Listeners"][0]["DefaultActions"] = DENY if conditions else estate["Listeners"][0]["DefaultActions"]
        estate["Rules"] = [rule(LISTENER, "default", estate["Listeners"][0]["DefaultActions"])]
        estate["Rules"] += [rule(LISTENER, 5, [forward("web/1")], *conditions)] if conditions else []
        estate["Rules"] += [rule(LISTENER, 1, DENY, c) for c in before]
        service(estate, "interface", ["sg-s"])
        estate["SecurityGroups"].append({"GroupId": "sg-s", "VpcId": "vpc-1", "GroupName": "CloudFront-VPCOrigins-Service-SG", "IpPermissions": []})
        estate["SecurityGroups"][0]["IpPermissions"] = [{**permission("tcp", (80, 80)), "UserIdGroupPairs": [{"GroupId": "sg-s"}]}]
        estate["files"] = {"o.json": origin(ARN % APP, policy="http-only"), "d.json": distributions()}
        found = self.outcome(estate)["indirect"]
        return {x["certainty"] for i in found if i["private_address"] == WEB for x in i["exposures"] if i["family"] == "ipv4"}, found

    @each([(condition("host-header", "a.example"),), (condition("path-pattern", "/a/*"),), (header("x-a", "1"),), (query(("v", "1")),), (condition("http-request-method", "PUT"),)])
    def test_what_it_asks_for_is_not_the_clients_to_choose(self, one):
        certain, found = self.behind_edge(one)
        self.assertEqual(certain, {"possible"})
        self.assertTrue(named({"i": found}, ["i"], "whether what CloudFront VPC origin asks for"))
        self.assertEqual(self.behind_edge(before=[one])[0], {"possible"})

    def test_what_depends_on_no_request_is_sure(self):
        self.assertEqual(self.behind_edge()[0], {"exact"})
        self.assertEqual(self.behind_edge({"Field": "source-ip", "SourceIpConfig": {"Values": ["10.0.0.0/8"]}})[0], {"exact"})


class WebAcls(Behind):
    ABSENT = "web ACLs of AWS WAF (wafv2 list-web-acls and list-resources-for-web-acl) absent"

    def told(self, files, kind="application"):
        estate = balanced(kind, protocol="HTTP" if kind == "application" else "TCP")
        if kind == "network":
            estate["SecurityGroups"][1]["IpPermissions"][0]["IpRanges"] = [{"CidrIp": "8.0.0.0/8"}]
        estate["files"] = files
        return {c for found in self.behind(estate).values() for _, c in found}, any(a.startswith(self.ABSENT) for a in self.outcome(estate)["assumptions"])

    def test_without_a_document_none_is_taken_to_be_there_and_that_is_said(self):
        self.assertEqual(self.told({}), ({"exact"}, True))
        self.assertEqual(self.told({}, "network"), ({"exact"}, False))

    def test_what_is_behind_one_that_is_associated_is_possible(self):
        self.assertEqual(self.told({"r.json": {"ResourceArns": [ARN % APP]}}), ({"possible"}, False))
        for other in ([], ["arn:aws:s3:::logs"]):  # an answer of whom it may be
            self.assertEqual(self.told({"r.json": {"ResourceArns": other}, "list-web-acls.json": {"WebACLs": [ACL]}}), ({"possible"}, False))
        self.assertEqual(self.told({"list-resources-for-web-acl.json": {"ResourceArns": []}, "list-web-acls.json": {"WebACLs": [ACL]}}), ({"exact"}, False))
        self.assertEqual(self.told({"r.json": {"ResourceArns": [ARN % "app/other/1"]}, "list-web-acls.json": {"WebACLs": [ACL]}}), ({"exact"}, False))

    def test_one_of_which_it_is_not_told_what_it_is_associated_with_may_be(self):
        self.assertEqual(self.told({"list-web-acls.json": {"WebACLs": [ACL]}}), ({"possible"}, False))
        self.assertEqual(self.told({"get-web-acl-for-resource.json": {"WebACL": ACL}}), ({"possible"}, False))
        for elsewhere in ({**ACL, "ARN": ACL["ARN"].replace("eu-west-3", "us-east-1")}, {**ACL, "ARN": "arn:aws:wafv2:us-east-1:111122223333:global/webacl/cf/1"}):
            self.assertEqual(self.told({"list-web-acls.json": {"WebACLs": [elsewhere]}}), ({"exact"}, True))
        self.assertEqual(self.told({"list-web-acls.json": {"WebACLs": []}})[0], {"exact"})


if __name__ == "__main__":
    unittest.main()
