"""How the AWS client takes answers that are none, failures in all their places, and clocks and quotas: the defects of shared/field/client.md by name."""
import base64
import datetime
import email.utils
import gzip
import hashlib
import http.server
import json
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
import unittest

sys.path[:0] = [os.path.dirname(__file__), os.path.join(os.path.dirname(__file__), "..")]
from test_read import KEYS, REGION, SECRET, Script, keys_of_role, sgproof


class Client(Script):
    def document(self, name, region=REGION):
        return json.loads((self.path / "estate/111122223333" / region / name).read_text())

    def quick(self, *words, **more):
        return self.read("--max-attempts", "1", *words, **more)

    def test_defect_1_an_organization_without_accounts_is_a_failure_and_not_complete(self):
        for body in ("{}", "[]", "null", '"x"', '{"Accounts":[]}', '{"Accounts":{}}', '{"__type":"InternalServerError"}', '{"Accounts":[{"Id":"222233334444","Status":"SUSPENDED"}]}'):
            with self.subTest(body=body):
                self.script["ListAccounts"] = [(200, {}, body)]
                done = self.quick("--org", "--role-name", "r")
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertIn("ListAccounts", done.stderr)
                self.assertFalse((self.path / "estate").exists())

    def test_defect_1_what_is_no_answer_of_an_operation_is_no_empty_list(self):
        for n, (body, word) in enumerate((("[]", "no object"), ("null", "no object"), ("{}", "without the list"), ('{"Firewalls":{"a":1}}', "without the list"),
                                          ('{"clusterArns":[]}', "without the list"), ('{"__type":"aws#InternalServerError"}', "no more was said"))):
            with self.subTest(body=body):
                self.script["ListFirewalls"] = [(200, {}, body)]
                done = self.quick("--network-only", folder="estate%d" % n)
                self.assertEqual(done.returncode, 3, done.stderr)
                [unread] = self.record("estate%d" % n)["unread"]
                self.assertEqual(unread["operation"], "ListFirewalls")
                self.assertIn(word, unread["message"])

    def test_a_null_where_the_list_is_to_be_is_no_empty_list(self):
        self.script["DescribeTrails"] = [(200, {}, '{"trailList": null}')]
        self.script["GET /2021-01-01/domain"] = [(200, {}, '{"DomainNames": null}')]
        self.script["GET /clusters"] = [(200, {}, '{"clusters": ["c"]}')]
        self.script["GET /clusters/c"] = [(200, {}, '{"cluster": null}')]
        self.assertEqual(self.quick().returncode, 3)
        self.assertEqual({(one["operation"], one["message"]) for one in self.record()["unread"]} & {(name, "status 200, but without anything that its answer has") for name in (
            "DescribeTrails", "ListDomainNames", "DescribeCluster")}, {(name, "status 200, but without anything that its answer has") for name in ("DescribeTrails", "ListDomainNames", "DescribeCluster")})
        self.assertFalse((self.path / "estate/111122223333" / REGION / "describe-trails.json").exists())

    def test_an_answer_about_another_thing_than_was_asked_is_none(self):
        wall = "arn:aws:network-firewall:eu-west-3:111122223333:firewall/"
        self.script.update({"ListFirewalls": [(200, {}, json.dumps({"Firewalls": [{"FirewallName": "a", "FirewallArn": wall + "a"}]}))],
                            "GET /clusters": [(200, {}, '{"clusters": ["a"]}')], "GET /2021-01-01/domain": [(200, {}, '{"DomainNames": [{"DomainName": "a"}]}')]})
        for name in "ab":
            self.script.update({"DescribeFirewall": [(200, {}, json.dumps({"Firewall": {"FirewallName": name, "FirewallArn": wall + name}}))],
                                "GET /clusters/a": [(200, {}, json.dumps({"cluster": {"name": name}}))],
                                "GET /2021-01-01/opensearch/domain/a": [(200, {}, json.dumps({"DomainStatus": {"DomainName": name}}))]})
            self.quick("--network-only", folder=name)
            told = {one["operation"]: one["message"] for one in self.record(name)["unread"]}
            self.assertEqual(told, {} if name == "a" else {"DescribeFirewall": "it is about %sb, asked about %sa" % (wall, wall), "DescribeCluster": "it is about b, asked about a",
                                                           "DescribeDomain": "it is about b, asked about a"})

    def test_what_ecs_tells_only_a_part_of_is_not_whole(self):
        cluster, task, service = ("arn:aws:ecs:eu-west-3:111122223333:%s" % rest for rest in ("cluster/main", "task/main/%d", "service/main/web"))
        tasks, web = [{"taskArn": task % n} for n in (1, 2)], [{"serviceArn": service, "serviceName": "web"}]
        self.script["ListClusters"] = [(200, {}, json.dumps({"clusterArns": [cluster]}))]
        self.script["ListTasks"] = [(200, {}, json.dumps({"taskArns": [one["taskArn"] for one in tasks]}))]
        self.script["ListServices"] = [(200, {}, json.dumps({"serviceArns": [service]}))]
        denied, gone = [{"arn": task % 2, "reason": "ACCESS_DENIED", "detail": "not yours"}], [{"arn": task % 2, "reason": "MISSING"}]
        for n, (operation, answer, said) in enumerate((
                ("DescribeTasks", {"tasks": tasks, "failures": []}, None), ("DescribeTasks", {"tasks": tasks}, None), ("DescribeTasks", {"tasks": tasks, "failures": None}, None),
                ("DescribeTasks", {"tasks": tasks[:1], "failures": gone}, None),
                ("DescribeTasks", {"tasks": tasks[:1], "failures": denied}, "nothing of %s: ACCESS_DENIED, not yours" % (task % 2)),
                ("DescribeTasks", {"tasks": tasks[:1], "failures": [{"arn": task % 2}]}, "nothing of %s: without a reason" % (task % 2)),
                ("DescribeTasks", {"tasks": tasks[:1], "failures": []}, "it tells of 1 of the 2 tasks that were asked"), ("DescribeTasks", {"tasks": []}, "it tells of 0 of the 2 tasks that were asked"),
                ("DescribeTasks", {"failures": []}, "status 200, but without the list that its answer has"), ("DescribeTasks", {"tasks": None, "failures": gone}, "status 200, but without the list that its answer has"),
                ("DescribeServices", {"services": [], "failures": [{"arn": service, "reason": "INTERNAL"}]}, "nothing of %s: INTERNAL" % service),
                ("DescribeServices", {"services": [], "failures": [{"arn": service, "reason": "MISSING"}]}, None), ("DescribeServices", {"failures": []}, "status 200, but without the list that its answer has"))):
            with self.subTest(answer=answer):
                self.script.update({"DescribeTasks": [(200, {}, json.dumps({"tasks": tasks}))], "DescribeServices": [(200, {}, json.dumps({"services": web}))], operation: [(200, {}, json.dumps(answer))]})
                self.assertEqual(self.quick("--network-only", folder="estate%d" % n).returncode, 3 if said else 0)
                self.assertEqual([(one["operation"], one["message"]) for one in self.record("estate%d" % n)["unread"]], [(operation, said)] if said else [])

    def test_what_answers_another_service_of_the_same_operation_is_no_empty_list(self):
        bodies = {"2012-06-01": "LoadBalancers", "2015-12-01": "LoadBalancerDescriptions"}
        wrap = "<DescribeLoadBalancersResponse><DescribeLoadBalancersResult><%s/></DescribeLoadBalancersResult></DescribeLoadBalancersResponse>"
        self.script["DescribeLoadBalancers"] = lambda form: (200, {}, wrap % bodies[form["Version"]])
        self.script["DescribeVpcs"] = [(200, {}, "<DescribeVpcsResponse><requestId>r</requestId></DescribeVpcsResponse>")]
        self.script["DescribeAddresses"] = [(200, {}, "<DescribeAddressesResponse/>")]
        self.script["DescribeSubnets"] = [(200, {}, "<DescribeSubnetsResponse><subnetSet/><subnetSet><item><subnetId>s</subnetId></item></subnetSet></DescribeSubnetsResponse>")]
        self.script["ListFirewalls"] = [(200, {}, '{"Firewalls": [], "Firewalls": [{}]}')]
        self.assertEqual(self.quick("--network-only").returncode, 3)
        self.assertEqual(sorted((one["service"], one["operation"], one["message"].split(": ")[-1].split(", but ")[-1]) for one in self.record()["unread"]), [
            ("ec2", "DescribeAddresses", "without anything that its answer has"), ("ec2", "DescribeSubnets", "one of its lists is there twice"),
            ("ec2", "DescribeVpcs", "without the list that its answer has"), ("elb", "DescribeLoadBalancers", "without the list that its answer has"),
            ("elbv2", "DescribeLoadBalancers", "without the list that its answer has"), ("network-firewall", "ListFirewalls", "one of its lists is there twice")])

    def test_texts_among_elements_and_failures_in_an_answer_are_no_empty_lists(self):
        vpcs = lambda inside: ("DescribeVpcs", "<DescribeVpcsResponse>%s</DescribeVpcsResponse>" % inside)
        groups = lambda inside: ("DescribeSecurityGroups", "<DescribeSecurityGroupsResponse><securityGroupInfo><item>%s</item></securityGroupInfo></DescribeSecurityGroupsResponse>" % inside)
        for n, ((operation, body), headers, word) in enumerate((
                (vpcs("<vpcSet>all of them</vpcSet>"), {}, "a text where elements are to be"),
                (vpcs("<vpcSet><item>vpc-1</item></vpcSet>"), {}, "a text where elements are to be"),
                (groups("<groupId>sg-1</groupId><ipPermissions>0.0.0.0/0</ipPermissions>"), {}, "a text where elements are to be"),
                (groups("<groupId>sg-1<of>vpc-1</of></groupId>"), {}, "elements where a text is to be"),
                (vpcs("<vpcSet/><NextToken>abc</NextToken>"), {}, "in other letters"),
                (vpcs("<vpcSet/><Errors><Error><Code>InternalError</Code><Message>half of it</Message></Error></Errors>"), {}, "half of it"),
                (vpcs("<vpcSet/><Error><Code>InternalError</Code><Message>half of it</Message></Error>"), {}, "half of it"),
                (("ListFirewalls", '{"Firewalls": [], "nextToken": "abc"}'), {}, "in other letters"),
                (("ListFirewalls", '{"Firewalls": [], "code": "InternalServerError", "message": "half of it"}'), {}, "half of it"),
                (("ListFirewalls", '{"Firewalls": []}'), {"x-amzn-ErrorType": "InternalServerError"}, "no more was said"))):
            with self.subTest(body=body, headers=headers):
                self.script[operation] = [(200, headers, body)]
                self.assertEqual(self.quick("--network-only", folder="estate%d" % n).returncode, 3)
                [unread] = self.record("estate%d" % n)["unread"]
                self.assertEqual(unread["operation"], operation)
                self.assertIn(word, unread["message"])
                del self.script[operation]

    def test_members_in_other_letters_that_hold_nothing_are_none(self):
        self.script["ListFirewalls"] = [(200, {}, '{"Firewalls": [], "nextToken": null}')]
        self.script["DescribeVpcs"] = [(200, {}, "<DescribeVpcsResponse><vpcSet/><NextToken/></DescribeVpcsResponse>")]
        done = self.quick("--network-only")
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_blanks_between_elements_are_no_text(self):
        self.script["DescribeVpcs"] = [(200, {}, "<DescribeVpcsResponse>\n <vpcSet>\n  <item>\n <vpcId>vpc-1</vpcId> <tagSet>\n </tagSet> </item>\n </vpcSet>\n</DescribeVpcsResponse>")]
        done = self.quick("--network-only")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.document("describe-vpcs.json"), {"Vpcs": [{"VpcId": "vpc-1", "Tags": []}]})

    def test_what_is_large_is_kept_in_files_and_a_cut_answer_leaves_nothing(self):
        """An answer of 80 MB in few records, four lists over two pages, and one that is cut before it comes whole."""
        text, groups = "x" * 400000, range(200)
        group = "<item><groupId>sg-%d</groupId><groupDescription>%s</groupDescription></item>"
        whole = "<DescribeSecurityGroupsResponse><securityGroupInfo>%s</securityGroupInfo></DescribeSecurityGroupsResponse>" % "".join(group % (i, text) for i in groups)
        packed = gzip.compress(whole.encode(), 1)
        self.script["DescribeSecurityGroups"] = [(200, {"Content-Encoding": "gzip"}, packed)]
        vpc = "<item><vpcId>vpc-%d</vpcId><cidrBlock>%s</cidrBlock></item>"
        vpcs = "<DescribeVpcsResponse><vpcSet>%s</vpcSet></DescribeVpcsResponse>" % "".join(vpc % (i, text) for i in range(5))
        self.script["DescribeVpcs"] = [(200, {}, vpcs[:-1000]), (200, {"Content-Encoding": "gzip"}, gzip.compress(vpcs.encode())[:1000]), (200, {}, vpcs)]
        self.script["DescribeSubnets"] = [(200, {}, "<DescribeSubnetsResponse><subnetSet>%s</subnetSet>" % ("<item><subnetId>%s</subnetId></item>" % text * 5))]
        named = lambda kind, n: "".join("<member><%sName>%s%d</%sName></member>" % (kind, text, i, kind) for i in range(n))
        page = lambda users, roles, more: (200, {}, "<GetAccountAuthorizationDetailsResponse><GetAccountAuthorizationDetailsResult><UserDetailList>%s</UserDetailList><GroupDetailList/><Policies/><RoleDetailList>%s"
                                           "</RoleDetailList>%s</GetAccountAuthorizationDetailsResult></GetAccountAuthorizationDetailsResponse>" % (named("User", users), named("Role", roles), more))
        self.script["GetAccountAuthorizationDetails"] = [page(3, 4, "<Marker>m</Marker>"), page(1, 0, "")]
        done = self.read("--max-attempts", "3")
        self.assertEqual((done.returncode, list(self.unread())), (3, ["DescribeSubnets"]), done.stderr)
        self.assertEqual((self.tries("DescribeVpcs"), self.tries("DescribeSubnets")), (3, 3))
        self.assertEqual(self.document("describe-security-groups.json"), {"SecurityGroups": [{"GroupId": "sg-%d" % i, "Description": text} for i in groups]})
        self.assertEqual(self.document("describe-vpcs.json"), {"Vpcs": [{"VpcId": "vpc-%d" % i, "CidrBlock": text} for i in range(5)]})
        users = [{"UserName": text + str(i)} for i in (0, 1, 2, 0)]
        self.assertEqual(self.document("get-account-authorization-details.json", "global"), {
            "UserDetailList": users, "GroupDetailList": [], "RoleDetailList": [{"RoleName": text + str(i)} for i in range(4)], "Policies": []})
        told = {one["file"]: one["sha256"] for one in self.record()["files"]}
        there = {str(p.relative_to(self.path / "estate")): hashlib.sha256(p.read_bytes()).hexdigest() for p in (self.path / "estate").rglob("*") if p.is_file()}
        self.assertEqual(told, {name: digest for name, digest in there.items() if name != "snapshot.json"})  # and nothing beside

    def test_defect_4_a_role_is_assumed_once_by_its_source_whose_keys_soon_expire(self):
        until = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=200)).strftime("%Y-%m-%dT%H:%M:%SZ")
        printed = json.dumps({"Version": 1, "AccessKeyId": "AKIAPROC", "SecretAccessKey": SECRET, "SessionToken": "t", "Expiration": until})
        (self.path / "config").write_text("[profile p]\ncredential_process = printf '%%s' '%s'\n[profile a]\nrole_arn = arn:aws:iam::1:role/a\nsource_profile = p\n" % printed)
        self.script["AssumeRole"] = lambda form: keys_of_role(form, "ASIAA")
        done = self.read("--whoami", "--profile", "a", env={"AWS_CONFIG_FILE": str(self.path / "config")})
        self.assertEqual(done.returncode, 0, done.stderr)
        signed = [(a, headers["Authorization"].split("=")[1].split("/")[0]) for a, _, headers in self.seen]
        self.assertEqual(signed, [("AssumeRole", "AKIAPROC"), ("GetCallerIdentity", "ASIAA")])

    def test_whoever_gives_credentials_has_no_more_time_than_the_reading(self):
        """A process that does not end, one that closes its output and does not, and IAM Identity Center that does not answer."""
        silent = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(silent.close)
        (self.path / "lasts").write_text("#!/bin/sh\nexec sleep 60 >&-\n")
        (self.path / "lasts").chmod(0o755)
        cache = self.path / ".aws/sso/cache"
        cache.mkdir(parents=True)
        (cache / (hashlib.sha1(b"corp").hexdigest() + ".json")).write_text('{"accessToken": "t", "expiresAt": "2099-01-01T00:00:00Z"}')
        (self.path / "config").write_text("[profile p]\ncredential_process = sleep 60\n[profile q]\ncredential_process = %s\n[profile s]\nsso_session = corp\n"
                                          "sso_account_id = 111122223333\nsso_role_name = r\n[sso-session corp]\nsso_start_url = https://x\nsso_region = eu-west-3\n" % (self.path / "lasts"))
        env = {"AWS_CONFIG_FILE": str(self.path / "config"), "HOME": str(self.path), "AWS_ENDPOINT_URL_SSO": "http://127.0.0.1:%d" % silent.getsockname()[1]}
        for profile, said in (("p", "did not end in the time for the whole reading"), ("q", "did not end in the time for the whole reading"), ("s", "does not answer")):
            began = time.monotonic()
            done = self.read("--whoami", "--profile", profile, "--deadline", "1", env=env)
            self.assertEqual((done.returncode, self.seen), (2, []), done.stderr)
            self.assertIn(said, done.stderr)
            self.assertLess(time.monotonic() - began, 8)

    def test_keys_that_are_renewed_are_of_the_same_account(self):
        """Those of a process that gives another account's the second time."""
        until = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=304)).strftime("%Y-%m-%dT%H:%M:%SZ")
        printed = '{"Version": 1, "AccessKeyId": "AKIA%s", "SecretAccessKey": "s", "SessionToken": "t", "Expiration": "%s"}'
        (self.path / "keys").write_text("#!/bin/sh\n[ -e %s/again ] && echo '%s' || echo '%s'\ntouch %s/again\n" % (
            self.path, printed % ("OTHER", "2099-01-01T00:00:00Z"), printed % ("FIRST", until), self.path))
        (self.path / "keys").chmod(0o755)
        (self.path / "config").write_text("[default]\ncredential_process = %s\n" % (self.path / "keys"))

        def identity(form):
            if self.tries("GetCallerIdentity") > 1:
                return (200, {}, self.IDENTITY.replace("111122223333", "222233334444"))
            time.sleep(5)
            return (200, {}, self.IDENTITY)
        self.script["GetCallerIdentity"] = identity
        done = self.quick("--network-only", env={"AWS_CONFIG_FILE": str(self.path / "config")})
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("new keys are of account 222233334444, expected 111122223333", done.stderr)
        signed = {action: headers["Authorization"].split("=")[1].split("/")[0] for action, _, headers in self.seen if "Authorization" in headers}
        self.assertEqual({key for action, key in signed.items() if action != "GetCallerIdentity"}, {"AKIAFIRST"})

    def test_keys_that_a_role_is_renewed_by_are_renewed_before(self):
        """Ours have less than five minutes left by the time the role's are renewed."""
        moment = lambda seconds: (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
        printed = '{"Version": 1, "AccessKeyId": "AKIA%s", "SecretAccessKey": "s", "SessionToken": "t", "Expiration": "%s"}'
        (self.path / "keys").write_text("#!/bin/sh\n[ -e %s/again ] && echo '%s' || echo '%s'\ntouch %s/again\n" % (
            self.path, printed % ("SECOND", "2099-01-01T00:00:00Z"), printed % ("FIRST", moment(304)), self.path))
        (self.path / "keys").chmod(0o755)
        (self.path / "config").write_text("[default]\ncredential_process = %s\n" % (self.path / "keys"))

        def assume(form):
            again = self.tries("AssumeRole") > 1
            time.sleep(0 if again else 5)
            return keys_of_role(form, "ASIAROLE2" if again else "ASIAROLE1", moment(3600 if again else 60))
        self.script["AssumeRole"] = assume
        done = self.quick("--network-only", "--role-arn", "arn:aws:iam::222233334444:role/r", env={"AWS_CONFIG_FILE": str(self.path / "config")})
        self.assertEqual(done.returncode, 0, done.stderr)
        signed = [(action, headers["Authorization"].split("=")[1].split("/")[0]) for action, _, headers in self.seen if "Authorization" in headers]
        self.assertEqual([key for action, key in signed if action == "AssumeRole"], ["AKIAFIRST", "AKIASECOND"])
        self.assertEqual({key for action, key in signed if action == "DescribeVpcs"}, {"ASIAROLE2"})

    def test_keys_of_another_account_than_whoever_gave_them_says_are_refused(self):
        for account, said in (("111122223333", None), ("", None), ("222233334444", "the keys are of account 111122223333, expected 222233334444, which credential_process of profile default says")):
            printed = json.dumps({"Version": 1, "AccessKeyId": "AKIAPROC", "SecretAccessKey": SECRET, "AccountId": account})
            (self.path / "config").write_text("[default]\ncredential_process = printf '%%s' '%s'\n" % printed)
            done = self.read("--whoami", env={"AWS_CONFIG_FILE": str(self.path / "config")})
            self.assertEqual(done.returncode, 2 if said else 0, done.stderr)
            self.assertIn(said or "", done.stderr)
        asked, _, env = self.portal(account="222233334444")
        done = self.read("--whoami", "--profile", "p", env=env)
        self.assertEqual((done.returncode, len(asked)), (2, 2), done.stderr)
        self.assertIn("expected 222233334444, which IAM Identity Center, profile p says", done.stderr)

    def test_a_services_section_that_is_not_there_is_refused_and_not_passed_over(self):
        (self.path / "config").write_text("[default]\nservices = mistyped\nendpoint_url = %s\n[services local]\nec2 =\n  endpoint_url = %s\n" % (self.url, self.url))
        words, env = ("read", "--whoami", "--region", REGION), {**KEYS, "AWS_CONFIG_FILE": str(self.path / "config")}
        done = sgproof(*words, env=env)
        self.assertEqual((done.returncode, self.seen), (2, []))
        self.assertIn("profile default names services = mistyped, but the config file has no [services mistyped]", done.stderr)
        self.assertEqual(sgproof(*words, env={**env, "AWS_ENDPOINT_URL": self.url}).returncode, 0)

    def test_an_empty_web_identity_token_asks_nobody(self):
        for text in ("", "\n"):
            (self.path / "token").write_text(text)
            done = self.read("--whoami", env={"AWS_WEB_IDENTITY_TOKEN_FILE": str(self.path / "token"), "AWS_ROLE_ARN": "arn:aws:iam::1:role/r"})
            self.assertEqual((done.returncode, self.seen), (2, []))
            self.assertIn("token: is empty", done.stderr)

    def test_credentials_that_have_expired_are_none_and_a_role_lasts_as_long_as_its_profile_says(self):
        printed = json.dumps({"Version": 1, "AccessKeyId": "AKIAPROC", "SecretAccessKey": SECRET, "SessionToken": "t", "Expiration": "%s"})
        role = "[profile p]\ncredential_process = printf '%%s' '%s'\n[profile a]\nrole_arn = arn:aws:iam::1:role/a\nsource_profile = p\nduration_seconds = %s\n"
        self.script["AssumeRole"] = lambda form: keys_of_role(form, "ASIAA")
        for until, duration, said in (("2001-01-01T00:00:00Z", "900", "expired at 2001-01-01T00:00:00Z"), ("2099-01-01T00:00:00Z", "899", "expected a number from 900 to 43200"),
                                      ("2099-01-01T00:00:00Z", "1h", "expected a number from"), ("2099-01-01T00:00:00Z", "900", None)):
            (self.path / "config").write_text(role % (printed % until, duration))
            done = self.read("--whoami", "--profile", "a", env={"AWS_CONFIG_FILE": str(self.path / "config")})
            self.assertEqual(done.returncode, 2 if said else 0, done.stderr)
            self.assertIn(said or "", done.stderr)
        self.assertEqual([form.get("DurationSeconds") for action, form, _ in self.seen if action == "AssumeRole"], ["900"])

    def test_defect_7_one_services_throttling_leaves_the_others_their_retries(self):
        balancers = "".join("<member><LoadBalancerArn>arn:aws:elasticloadbalancing:eu-west-3:1:loadbalancer/app/a/%d</LoadBalancerArn></member>" % i for i in range(104))
        whole = "<DescribeLoadBalancersResponse><DescribeLoadBalancersResult>%s</DescribeLoadBalancersResult></DescribeLoadBalancersResponse>"
        classic = [(503, {}, ""), (200, {}, whole % "<LoadBalancerDescriptions/>")]

        def load_balancers(form):  # those of the classic kind, whose requests are signed for by the same name, are told once the others have no tries left
            if form["Version"] != "2012-06-01":
                return 200, {}, whole % "<LoadBalancers>%s</LoadBalancers>" % balancers
            late = time.monotonic() + 20
            while self.tries("DescribeListeners") + self.tries("DescribeLoadBalancerAttributes") < 104 + 104 + 100 and time.monotonic() < late:
                time.sleep(0.05)
            return classic.pop(0)
        self.script["DescribeLoadBalancers"] = load_balancers
        self.script["DescribeListeners"] = self.script["DescribeLoadBalancerAttributes"] = [(400, {}, "<ErrorResponse><Error><Code>Throttling</Code></Error></ErrorResponse>")]
        empty = "<DescribeInstancesResponse><reservationSet/></DescribeInstancesResponse>"
        answered = []

        def instances(form):
            answered.append(time.monotonic())
            return (503, {}, self.ERROR % "Unavailable") if len(answered) < 2 else (200, {}, empty)
        self.script["DescribeInstances"] = instances
        self.read("--network-only", "--max-attempts", "2")
        self.assertNotIn("DescribeInstances", self.unread())
        self.assertIn("DescribeListeners", self.unread())
        self.assertNotIn("DescribeLoadBalancers", self.unread())
        self.assertEqual(classic, [])

    def test_defect_8_a_marker_beside_no_more_pages_is_not_followed(self):
        self.script["ListVirtualMFADevices"] = [(200, {}, "<ListVirtualMFADevicesResponse><ListVirtualMFADevicesResult><VirtualMFADevices/><IsTruncated>false</IsTruncated>"
                                                 "<Marker>more</Marker></ListVirtualMFADevicesResult></ListVirtualMFADevicesResponse>")]
        self.quick()
        self.assertEqual(self.tries("ListVirtualMFADevices"), 1)

    def test_defect_17_a_region_given_twice_is_read_once(self):
        done = self.quick("--region", REGION, "--region", REGION, "--network-only")
        self.assertEqual(done.returncode, 0, done.stderr)
        files = [one["file"] for one in self.record()["files"]]
        self.assertEqual((len(files), self.tries("DescribeVpcs")), (len(set(files)), 1))

    def test_defect_18_a_server_that_fails_on_an_optional_call_leaves_it_unread(self):
        self.script["DescribeSecurityGroupVpcAssociations"] = [(500, {}, "<html>oops</html>")]
        self.assertEqual(self.quick("--network-only").returncode, 0)  # --endpoint-url: moto's answer to what it does not know
        words = ["read", self.path / "aws", "--region", REGION, "--max-attempts", "1", "--network-only"]
        self.assertEqual(sgproof(*words, env={**KEYS, "AWS_ENDPOINT_URL": self.url}).returncode, 3)
        self.assertEqual([u["operation"] for u in self.record("aws")["unread"]], ["DescribeSecurityGroupVpcAssociations"])

    def test_defect_21_what_passes_is_tried_again_and_what_is_asked_is_waited(self):
        vpcs = (200, {}, "<DescribeVpcsResponse><vpcSet/></DescribeVpcsResponse>")
        self.script["DescribeVpcs"] = [(429, {"x-amz-retry-after": "2500"}, ""), vpcs]
        began = time.monotonic()
        self.assertEqual(self.read("--network-only").returncode, 0)
        self.assertGreater(time.monotonic() - began, 2.4)
        self.assertEqual(self.tries("DescribeVpcs"), 2)

    def test_defect_21_a_token_that_its_issuer_could_not_check_is_tried_again(self):
        (self.path / "token").write_text("t")
        good = keys_of_role({"RoleArn": "arn:aws:iam::1:role/r", "RoleSessionName": "s"}, "ASIAWEB", web=True)
        self.script["AssumeRoleWithWebIdentity"] = [(400, {}, "<ErrorResponse><Error><Code>IDPCommunicationError</Code></Error></ErrorResponse>"), good]
        done = self.read("--whoami", env={"AWS_WEB_IDENTITY_TOKEN_FILE": str(self.path / "token"), "AWS_ROLE_ARN": "arn:aws:iam::1:role/r"})
        self.assertEqual((done.returncode, self.tries("AssumeRoleWithWebIdentity")), (0, 2), done.stderr)

    def test_defect_21_how_often_is_a_number_from_one(self):
        for value in ("abc", "0", "-1", "3x"):
            done = self.read("--whoami", env={**KEYS, "AWS_MAX_ATTEMPTS": value})
            self.assertEqual(done.returncode, 2)
            self.assertIn("expected a number from 1", done.stderr)
        self.assertEqual(self.read("--whoami", env={**KEYS, "AWS_MAX_ATTEMPTS": "200", "AWS_RETRY_MODE": "adaptive"}).returncode, 0)
        self.assertIn("AWS_RETRY_MODE or retry_mode wild: expected legacy, standard or adaptive", self.read("--whoami", env={**KEYS, "AWS_RETRY_MODE": "wild"}).stderr)
        (self.path / "config").write_text("[default]\nmax_attempts = 2\n")
        self.script["GetCallerIdentity"] = [(503, {}, "")]
        self.read("--whoami", env={**KEYS, "AWS_CONFIG_FILE": str(self.path / "config")})
        self.assertEqual(self.tries("GetCallerIdentity"), 1 + 2)

    def test_defect_21_a_clock_that_aws_refuses_is_corrected_by_its_own(self):
        ahead = time.time() + 3600
        date = {"Date": email.utils.formatdate(ahead, usegmt=True)}
        self.script["GetCallerIdentity"] = [(403, date, "<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code></Error></ErrorResponse>"), (200, date, self.IDENTITY)]
        done = self.read("--whoami")
        self.assertEqual((done.returncode, self.tries("GetCallerIdentity")), (0, 2), done.stderr)
        stamps = [datetime.datetime.strptime({k.lower(): v for k, v in headers.items()}["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc).timestamp()
                  for _, _, headers in self.seen]
        self.assertLess(abs(stamps[0] - time.time()), 60)
        self.assertLess(abs(stamps[1] - ahead), 60)
        self.assertIn("clock differs", done.stderr)

    def test_keys_are_renewed_by_the_clock_of_who_judges_them(self):
        ahead = 3600
        dated = {"Date": email.utils.formatdate(time.time() + ahead, usegmt=True)}
        moment = lambda seconds: (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
        self.script["GetCallerIdentity"] = [(403, dated, "<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code></Error></ErrorResponse>"), (200, dated, self.IDENTITY)]
        self.script["AssumeRole"] = lambda form: keys_of_role(form, "ASIAROLE%d" % self.tries("AssumeRole"), moment(ahead + (60 if self.tries("AssumeRole") == 1 else 3600)))
        done = self.read("--max-attempts", "2", "--network-only", "--role-arn", "arn:aws:iam::222233334444:role/r")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.tries("AssumeRole"), 2)
        self.assertEqual({headers["Authorization"].split("=")[1].split("/")[0] for action, _, headers in self.seen if action == "DescribeVpcs"}, {"ASIAROLE2"})

    def test_defect_22_the_code_of_a_failure_is_known_wherever_it_stands(self):
        places = (({}, '{"__type":"AccessDeniedException"}'), ({}, '{"__type":"com.amazon#AccessDeniedException:http://internal.amazon.com/#x"}'),
                  ({}, '{"code":"AccessDeniedException"}'), ({"x-amzn-errortype": "AccessDeniedException:http://internal.amazon.com/coral/"}, "{}"),
                  ({"x-amzn-errortype": "AccessDeniedException"}, ""))
        for n, (headers, body) in enumerate(places):
            with self.subTest(headers=headers, body=body):
                self.script["ListFirewalls"] = [(400, headers, body)]
                self.quick("--network-only", folder="estate%d" % n)
                [unread] = self.record("estate%d" % n)["unread"]
                self.assertEqual((unread["code"], unread["iam_action"]), ("AccessDeniedException", "network-firewall:ListFirewalls"))

    def test_defect_24_what_is_no_number_stays_a_text(self):
        self.script["DescribeLaunchTemplateVersions"] = [(200, {}, "<DescribeLaunchTemplateVersionsResponse><launchTemplateVersionSet><item><launchTemplateData>"
            "<instanceRequirements><memoryGiBPerVCpu><min>NaN</min><max>2.5</max></memoryGiBPerVCpu></instanceRequirements></launchTemplateData></item>"
            "</launchTemplateVersionSet></DescribeLaunchTemplateVersionsResponse>")]
        self.quick()
        [version] = self.document("describe-launch-template-versions.json")["LaunchTemplateVersions"]
        self.assertEqual(version["LaunchTemplateData"]["InstanceRequirements"]["MemoryGiBPerVCpu"], {"Min": "NaN", "Max": 2.5})

    def test_defect_9_fips_beside_an_endpoint_of_ones_own_is_refused_before_anything_is_asked(self):
        for name in ("AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT"):
            done = self.read("--whoami", env={**KEYS, name: "true"})
            self.assertEqual((done.returncode, self.seen), (2, []))
            self.assertIn("endpoints are asked for", done.stderr)

    def portal(self, certificate=None, account="111122223333"):
        """A server of IAM Identity Center, what it was asked, and a profile that has a token for it, which has expired."""
        asked, keys = [], {"accessKeyId": "ASIASSO", "secretAccessKey": SECRET, "sessionToken": "t", "expiration": 4070908800000}

        class Portal(http.server.BaseHTTPRequestHandler):
            def answer(self, body):
                body = json.dumps(body).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                asked.append((self.path.split("?")[0], self.headers["x-amz-sso_bearer_token"]))
                self.answer({"roleCredentials": keys})

            def do_POST(self):
                asked.append((self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"])))["refreshToken"]))
                self.answer({"accessToken": "new", "expiresIn": 3600, "refreshToken": "r-2"})

            def log_message(self, *_):
                pass
        (self.path / "config").write_text("[profile p]\nsso_session = us\nsso_account_id = " + account + "\nsso_role_name = r\n"
                                          "[sso-session us]\nsso_region = eu-west-1\nsso_start_url = https://x.awsapps.com/start\n")
        cached = self.path / ".aws/sso/cache" / (hashlib.sha1(b"us").hexdigest() + ".json")
        cached.parent.mkdir(parents=True, exist_ok=True)
        cached.write_text(json.dumps({"accessToken": "old", "expiresAt": "2020-01-01T00:00:00Z", "refreshToken": "r-1", "clientId": "c", "clientSecret": "s",
                                      "registrationExpiresAt": "2099-01-01T00:00:00Z"}))
        portal = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Portal)
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            portal.socket = context.wrap_socket(portal.socket, server_side=True)
            portal.handle_error = lambda *_: None
        self.addCleanup(portal.server_close)
        self.addCleanup(portal.shutdown)
        threading.Thread(target=portal.serve_forever, daemon=True).start()
        url = "http%s://127.0.0.1:%d" % ("s" if certificate else "", portal.server_port)
        return asked, cached, {"HOME": str(self.path), "AWS_CONFIG_FILE": "~/config", "AWS_ENDPOINT_URL_SSO": url, "AWS_ENDPOINT_URL_SSO_OIDC": url}

    def test_defect_14_a_token_of_identity_center_that_has_expired_is_refreshed_and_kept(self):
        asked, cached, env = self.portal()
        done = self.read("--whoami", "--profile", "p", env=env)
        self.assertEqual((done.returncode, asked), (0, [("/token", "r-1"), ("/federation/credentials", "new")]), done.stderr)
        kept = json.loads(cached.read_text())
        self.assertEqual((kept["accessToken"], kept["refreshToken"], kept["clientId"]), ("new", "r-2", "c"))
        self.assertNotIn("not kept", done.stderr)

    def test_defect_14_the_authorities_that_are_given_are_trusted_for_identity_center_too(self):
        key, certificate = str(self.path / "credentials"), str(self.path / "ca.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=x", "-addext",
                        "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
        given = [("/token", "r-1"), ("/federation/credentials", "new")]
        for how, trusted in ((None, False), ("variable", True), ("option", True), ("requests", True), ("profile", True)):
            with self.subTest(how=how):
                asked, _, env = self.portal((certificate, key))
                if how in ("variable", "requests"):
                    env["AWS_CA_BUNDLE" if how == "variable" else "REQUESTS_CA_BUNDLE"] = certificate
                elif how == "profile":
                    config = self.path / "config"
                    config.write_text(config.read_text().replace("[profile p]\n", "[profile p]\nca_bundle = ~/ca.pem\n"))
                done = self.read("--whoami", "--profile", "p", *(["--ca-bundle", certificate] if how == "option" else []), env=env)
                self.assertEqual((done.returncode, asked), (0, given) if trusted else (2, []), done.stderr)

    def test_a_file_of_authorities_that_is_none_is_refused_before_anything_is_asked(self):
        config = self.path / "config"
        for name, word in (("none.pem", "No such file"), ("", "is a folder")):
            config.write_text("[default]\nca_bundle = %s\n" % (self.path / name))
            for how in ({"AWS_CA_BUNDLE": str(self.path / name)}, {"REQUESTS_CA_BUNDLE": str(self.path / name)}, {"AWS_CONFIG_FILE": str(config)}):
                done = self.read("--whoami", env={**KEYS, **how})
                self.assertEqual((done.returncode, self.seen), (2, []), done.stderr)
                self.assertIn("certificate authorities %s" % (self.path / name), done.stderr)
                self.assertIn(word, done.stderr)

    def test_defect_15_each_partitions_hosts_are_asked_and_no_others(self):
        connected = []

        class Proxy(http.server.BaseHTTPRequestHandler):
            def do_CONNECT(self):
                connected.append(self.path)
                self.send_error(502)

            def log_message(self, *_):
                pass
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as proxy:
            threading.Thread(target=proxy.serve_forever, daemon=True).start()
            for region, fips, host in (("eusc-de-east-1", "", "sts.eusc-de-east-1.amazonaws.eu"), ("us-iso-east-1", "", "sts.us-iso-east-1.c2s.ic.gov"),
                                       ("us-isob-east-1", "", "sts.us-isob-east-1.sc2s.sgov.gov"), ("eu-isoe-west-1", "", "sts.eu-isoe-west-1.cloud.adc-e.uk"),
                                       ("us-isof-south-1", "", "sts.us-isof-south-1.csp.hci.ic.gov"), ("cn-north-1", "", "sts.cn-north-1.amazonaws.com.cn"),
                                       ("us-gov-west-1", "", "sts.us-gov-west-1.amazonaws.com"), ("fips-us-east-1", "", "sts-fips.us-east-1.amazonaws.com"),
                                       ("us-west-2-fips", "", "sts-fips.us-west-2.amazonaws.com"), ("us-east-1", "true", "sts-fips.us-east-1.amazonaws.com")):
                with self.subTest(region=region):
                    connected.clear()
                    done = sgproof("read", "--whoami", "--region", region, "--max-attempts", "1",
                                   env={**KEYS, "https_proxy": "http://127.0.0.1:%d" % proxy.server_port, **({"AWS_USE_FIPS_ENDPOINT": fips} if fips else {})})
                    self.assertEqual((done.returncode, connected), (2, [host + ":443"]), done.stderr)
            proxy.shutdown()

    def test_an_answer_of_another_region_or_account_is_not_taken_for_the_one_that_was_asked(self):
        subnet = "<DescribeSubnetsResponse><subnetSet><item><subnetId>subnet-1</subnetId><availabilityZone>%s</availabilityZone><subnetArn>%s</subnetArn></item></subnetSet></DescribeSubnetsResponse>"
        balancer = ("<DescribeLoadBalancersResponse><DescribeLoadBalancersResult><LoadBalancers><member><LoadBalancerArn>arn:aws:elasticloadbalancing:%s:%s:loadbalancer/app/a/1</LoadBalancerArn>"
                    "</member></LoadBalancers></DescribeLoadBalancersResult></DescribeLoadBalancersResponse>")
        arn = "arn:aws:ec2:%s:222233334444:subnet/subnet-1"  # shared by another account
        for n, (operation, body, said) in enumerate((
                ("DescribeSubnets", subnet % (REGION + "a", arn % REGION), None), ("DescribeSubnets", subnet % (REGION + "-lax-1a", ""), None), ("DescribeSubnets", subnet % ("", ""), None),
                ("DescribeSubnets", subnet % ("eu-west-1a", ""), "a record is of zone eu-west-1a, asked of eu-west-3"), ("DescribeSubnets", subnet % ("eu-west-33a", ""), "zone eu-west-33a"),
                ("DescribeSubnets", subnet % (REGION + "a", arn % "us-east-1"), "a record is of region us-east-1, asked of eu-west-3"),
                ("DescribeLoadBalancers", balancer % (REGION, "111122223333"), None),
                ("DescribeLoadBalancers", balancer % ("us-east-1", "111122223333"), "region us-east-1"),
                ("DescribeLoadBalancers", balancer % (REGION, "222233334444"), "a record is of account 222233334444, asked of 111122223333"))):
            with self.subTest(body=body):
                classic = (200, {}, "<DescribeLoadBalancersResponse><DescribeLoadBalancersResult><LoadBalancerDescriptions/></DescribeLoadBalancersResult></DescribeLoadBalancersResponse>")
                self.script[operation] = lambda form: classic if form["Version"] == "2012-06-01" else (200, {}, body)
                done = self.quick("--network-only", folder="estate%d" % n)
                unread = {one["message"] for one in self.record("estate%d" % n)["unread"] if one["operation"] == operation}
                self.assertEqual((done.returncode, bool(unread)), (3 if said else 0, bool(said)), done.stderr)
                self.assertIn(said or "", "".join(unread))
                name = "describe-subnets.json" if operation == "DescribeSubnets" else "describe-load-balancers.json"
                self.assertEqual((self.path / ("estate%d" % n) / "111122223333" / REGION / name).exists(), not said)
                del self.script[operation]

    def test_records_of_another_account_fail_their_call_in_every_service(self):
        """All calls in one reading, whose records are of our account, and then in one, whose are of another one."""
        def answers(account):
            arn = lambda service, rest, region=REGION: "arn:aws:%s:%s:%s:%s" % (service, region, account, rest)
            query = lambda name, inner: (200, {}, "<%sResponse><%sResult>%s</%sResult></%sResponse>" % (name, name, inner, name, name))
            report = "user,arn,user_creation_time\nx,%s,2026-01-01T00:00:00+00:00\n" % arn("iam", "user/x", "")
            return {
                "DescribeInstances": (200, {}, "<DescribeInstancesResponse><reservationSet><item><ownerId>%s</ownerId><instancesSet><item><instanceId>i-1</instanceId><networkInterfaceSet><item>"
                                      "<ownerId>333344445555</ownerId></item></networkInterfaceSet></item></instancesSet></item></reservationSet></DescribeInstancesResponse>" % account),
                "DescribeDBInstances": query("DescribeDBInstances", "<DBInstances><DBInstance><DBInstanceArn>%s</DBInstanceArn></DBInstance></DBInstances>" % arn("rds", "db:a")),
                "DescribeClusters": query("DescribeClusters", "<Clusters><Cluster><ClusterNamespaceArn>%s</ClusterNamespaceArn></Cluster></Clusters>" % arn("redshift", "namespace:a")),
                "ListClusters": (200, {}, json.dumps({"clusterArns": [arn("ecs", "cluster/a")]})),
                "GET /clusters": (200, {}, '{"clusters": ["c"]}'),
                "GET /clusters/c": (200, {}, json.dumps({"cluster": {"name": "c", "arn": arn("eks", "cluster/c"), "roleArn": "arn:aws:iam::333344445555:role/r"}})),
                "GET /api/v2/clusters": (200, {}, json.dumps({"clusterInfoList": [{"clusterArn": arn("kafka", "cluster/a/1")}]})),
                "GET /2021-01-01/domain": (200, {}, '{"DomainNames": [{"DomainName": "d"}]}'),
                "GET /2021-01-01/opensearch/domain/d": (200, {}, json.dumps({"DomainStatus": {"DomainName": "d", "ARN": arn("es", "domain/d")}})),
                "GET /2020-05-31/distribution": (200, {}, "<DistributionList><Quantity>1</Quantity><IsTruncated>false</IsTruncated><Items><DistributionSummary><ARN>%s</ARN></DistributionSummary>"
                                                 "</Items></DistributionList>" % arn("cloudfront", "distribution/E1", "")),
                "ListAccelerators": (200, {}, json.dumps({"Accelerators": [{"AcceleratorArn": arn("globalaccelerator", "accelerator/a", "")}]})),
                "GetAccountAuthorizationDetails": query("GetAccountAuthorizationDetails", "<RoleDetailList><member><Arn>%s</Arn></member></RoleDetailList><UserDetailList/><GroupDetailList/><Policies>"
                                                        "<member><Arn>arn:aws:iam::aws:policy/ReadOnlyAccess</Arn></member></Policies>" % arn("iam", "role/r", "")),
                "GetCredentialReport": query("GetCredentialReport", "<Content>%s</Content>" % base64.b64encode(report.encode()).decode())}
        failed = {}
        for account in ("111122223333", "222233334444"):
            self.script.update({operation: [answer] for operation, answer in answers(account).items()})
            self.quick(folder=account)
            failed[account] = {one["operation"]: one["message"] for one in self.record(account)["unread"] if "a record is of" in one["message"]}
        self.assertEqual(failed["111122223333"], {})
        self.assertEqual(failed["222233334444"], dict.fromkeys((
            "DescribeInstances", "DescribeDBInstances", "DescribeClusters", "ListClusters", "DescribeCluster", "ListClustersV2", "DescribeDomain", "ListDistributions", "ListAccelerators",
            "GetAccountAuthorizationDetails", "GetCredentialReport"), "a record is of account 222233334444, asked of 111122223333"))

    def test_records_tell_their_place_by_arns_regions_and_border_groups_too(self):
        arn = lambda place, rest: "arn:aws:ec2:%s:%s" % (place, rest)
        one = lambda operation, holder, inner: (operation, "<%sResponse><%s><item>%s</item></%s></%sResponse>" % (operation, holder, inner, holder, operation))
        rule = lambda place: one("DescribeSecurityGroupRules", "securityGroupRuleSet", "<securityGroupRuleArn>%s</securityGroupRuleArn>" % arn(place, "security-group-rule/sgr-1"))
        prefixes = lambda place: one("DescribeManagedPrefixLists", "prefixListSet", "<prefixListId>pl-1</prefixListId><prefixListArn>%s</prefixListArn>" % arn(place, "prefix-list/pl-1"))
        transit = lambda place: one("DescribeTransitGateways", "transitGatewaySet", "<transitGatewayArn>%s</transitGatewayArn>" % arn(place, "transit-gateway/tgw-1"))
        connect = lambda place: one("DescribeInstanceConnectEndpoints", "instanceConnectEndpointSet",
                                    "<instanceConnectEndpointArn>%s</instanceConnectEndpointArn>" % arn(place, "instance-connect-endpoint/eice-1"))
        spared = lambda place: one("DescribeVpcBlockPublicAccessExclusions", "vpcBlockPublicAccessExclusionSet", "<resourceArn>%s</resourceArn>" % arn(place, "vpc/vpc-1"))
        address = lambda group: one("DescribeAddresses", "addressesSet", "<publicIp>203.0.113.1</publicIp><networkBorderGroup>%s</networkBorderGroup>" % group)
        offered = lambda zone: one("DescribeVpcEndpointServiceConfigurations", "serviceConfigurationSet", "<availabilityZoneSet><item>%s</item></availabilityZoneSet>" % zone)
        block = lambda account, region: ("DescribeVpcBlockPublicAccessOptions", (
            "<DescribeVpcBlockPublicAccessOptionsResponse><vpcBlockPublicAccessOptions><awsAccountId>%s</awsAccountId><awsRegion>%s</awsRegion></vpcBlockPublicAccessOptions>"
            "</DescribeVpcBlockPublicAccessOptionsResponse>" % (account, region)))
        ours, other = "111122223333", "222233334444"
        shared, abroad, asked = REGION + ":" + other, "us-east-1:" + ours, "a record is of region us-east-1, asked of " + REGION
        for n, (bodies, said) in enumerate((
                ((rule(REGION + ":" + ours), prefixes(REGION + ":aws"), transit(shared), connect(REGION + ":" + ours), spared(shared), address(REGION), offered(REGION + "b"), block(ours, REGION)), None),
                ((rule(shared), prefixes(shared), address(REGION + "-lax-1"), offered(REGION + "-lax-1a")), None),
                ((rule(abroad), prefixes(abroad), transit(abroad), connect(abroad), spared(abroad), block(ours, "us-east-1")), asked), ((prefixes("us-east-1:aws"),), asked),
                ((address("us-east-1"),), "a record is of network border group us-east-1, asked of " + REGION),
                ((address(REGION + "3"),), "a record is of network border group eu-west-33, asked of " + REGION),
                ((offered("us-east-1a"),), "a record is of zone us-east-1a, asked of " + REGION), ((block(other, REGION),), "a record is of account 222233334444, asked of 111122223333"))):
            with self.subTest(bodies=bodies):
                self.script.update({operation: [(200, {}, body)] for operation, body in bodies})
                self.quick(folder="estate%d" % n)
                unread = {failed["operation"]: failed["message"] for failed in self.record("estate%d" % n)["unread"]}
                self.assertEqual({operation: unread.get(operation) for operation, _ in bodies}, dict.fromkeys((operation for operation, _ in bodies), said))
                for operation, _ in bodies:
                    del self.script[operation]

    def test_a_classic_load_balancer_is_of_the_region_by_its_zones(self):
        inner = {"2012-06-01": "<LoadBalancerDescriptions><member><LoadBalancerName>a</LoadBalancerName><AvailabilityZones><member>%s</member></AvailabilityZones></member></LoadBalancerDescriptions>", "2015-12-01": "<LoadBalancers/>"}
        wrap = "<DescribeLoadBalancersResponse><DescribeLoadBalancersResult>%s</DescribeLoadBalancersResult></DescribeLoadBalancersResponse>"
        for zone, said in ((REGION + "a", []), ("us-east-1a", ["a record is of zone us-east-1a, asked of eu-west-3"])):
            self.script["DescribeLoadBalancers"] = lambda form: (200, {}, (wrap % inner[form["Version"]]).replace("%s", zone))
            self.quick("--network-only", folder=zone)
            self.assertEqual([one["message"] for one in self.record(zone)["unread"]], said)

    def test_a_tag_that_looks_like_a_zone_is_none(self):
        self.script["DescribeVpcs"] = [(200, {}, "<DescribeVpcsResponse><vpcSet><item><vpcId>vpc-1</vpcId><tagSet><item><key>AvailabilityZone</key>"
                                        '<value>"AvailabilityZone": "us-east-1a"</value></item></tagSet></item></vpcSet></DescribeVpcsResponse>')]
        self.assertEqual(self.quick("--network-only").returncode, 0)

    def test_an_identity_that_contradicts_itself_or_the_region_is_none(self):
        answer = "<GetCallerIdentityResponse><GetCallerIdentityResult>%s</GetCallerIdentityResult></GetCallerIdentityResponse>"
        both = "<Arn>%s</Arn><Account>%s</Account>"
        for n, (body, said) in enumerate((("", 'without anything'), ("<Account>111122223333</Account>", 'Arn ""'), (both % ("arn:aws:iam::1:user/x", "12"), 'Account "12"'),
                                          (both % ("arn:aws:iam::222233334444:user/x", "111122223333"), "expected an ARN of its account"),
                                          (both % ("arn:aws-cn:iam::111122223333:user/x", "111122223333"), "expected one of partition aws, which eu-west-3 is in"))):
            with self.subTest(body=body):
                self.script["GetCallerIdentity"] = [(200, {}, answer % body)]
                for words in (["--whoami"], ["--network-only"]):
                    done = self.quick(*words, folder="estate%d" % n)
                    self.assertEqual(done.returncode, 2)
                    self.assertIn(said, done.stderr)
                self.assertFalse((self.path / ("estate%d" % n)).exists())
        self.assertEqual({seen[0] for seen in self.seen}, {"GetCallerIdentity"})

    def test_a_role_that_was_not_asked_for_is_not_entered(self):
        (self.path / "accounts").write_text("222233334444\n")
        asked = {"RoleArn": "arn:aws:iam::222233334444:role/path/r", "RoleSessionName": "s"}
        good = keys_of_role(asked, "A")[2]
        for n, (body, why) in enumerate((
                (keys_of_role({**asked, "RoleArn": "arn:aws:iam::333344445555:role/r"}, "A")[2], "a role of account 333344445555, asked for one of 222233334444"),
                (keys_of_role({**asked, "RoleArn": "arn:aws:iam::222233334444:role/rr"}, "A")[2], "keys of arn:aws:sts::222233334444:assumed-role/rr/s, asked for those of"),
                (good.replace("assumed-role/r/s", "federated-user/r"), "federated-user/r, asked for those of"),
                (good.replace("Arn>", "AssumedRoleId>"), "it does not say which role its keys are of"))):
            self.script["AssumeRole"] = [(200, {}, body)]
            done = self.quick("--accounts", str(self.path / "accounts"), "--role-arn", "arn:aws:iam::{account}:role/path/r", folder="estate%d" % n)
            self.assertEqual((done.returncode, self.tries("DescribeVpcs")), (3, 0), done.stderr)
            self.assertIn(why, done.stderr)
        self.script["AssumeRole"] = [(200, {}, good)]
        self.assertEqual(self.quick("--accounts", str(self.path / "accounts"), "--role-arn", "arn:aws:iam::{account}:role/path/r", "--network-only").returncode, 0)

    def test_who_reads_is_told_as_json_and_before_anything_is_read(self):
        done = self.read("--whoami", "--format", "json")
        self.assertEqual(json.loads(done.stdout), {"schema": "sgproof/identity/v1", "arn": "arn:aws:iam::111122223333:user/x", "account_id": "111122223333",
                                                   "partition": "aws", "credentials_from": "environment (AWS_ACCESS_KEY_ID)", "expires": None})
        self.assertEqual(self.read("--whoami", "--format", "xml").returncode, 2)
        self.assertEqual(self.read("--format", "json").returncode, 2)
        self.assertIn("reads as arn:aws:iam::111122223333:user/x, account 111122223333, by credentials from environment", self.quick("--network-only").stderr)


del Script  # its subclass runs
if __name__ == "__main__":
    unittest.main()
