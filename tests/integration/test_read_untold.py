"""What read takes for nothing although it was told something else, or nothing at all: each is a failure of its call, and no secret is shown."""
import hashlib
import json
import os
import re
import sys
import unittest

sys.path[:0] = [os.path.dirname(__file__), os.path.join(os.path.dirname(__file__), "..")]
import common
from test_read import EMPTY, KEYS, REGION, SECRET, Script, keys_of_role, sgproof

OTHER = "222233334444"


class Untold(Script):
    def quick(self, *words, **more):
        return self.read("--max-attempts", "1", *words, **more)

    def told(self, number, *words):
        """The status, and why a call was not read, by operation."""
        done = self.quick("--network-only", *words, folder="estate%d" % number)
        self.assertIn(done.returncode, (0, 3), done.stderr)
        return done.returncode, {u["operation"]: (u["code"], u["message"]) for u in self.record("estate%d" % number)["unread"]}

    def test_a_setting_that_goes_on_over_an_indented_line_is_neither_shown_nor_sent(self):
        keys = "aws_access_key_id = AKIAIOSFODNN7EXAMPLE\n"
        secret = "  aws_secret_access_key = %s\n" % SECRET
        for text, name in (("region = eu-west-3\n" + secret, "region"), ("region =\n" + secret, "region"), ("source_profile = b\n" + secret, "source_profile"),
                           ("source_profile = b\nrole_arn = arn:aws:iam::222233334444:role/A\n" + secret, "role_arn"), ("services = x\n" + secret, "services"),
                           ("sso_session = x\n" + secret, "sso_session"), ("role_arn = arn:aws:iam::222233334444:role/A\nduration_seconds = 900\n" + secret, "duration_seconds")):
            with self.subTest(text=text):
                (self.path / "config").write_text("[default]\n" + keys + text + "[profile b]\n" + keys + secret.strip() + "\n")
                done = sgproof("read", "--whoami", "--endpoint-url", self.url, env={"AWS_CONFIG_FILE": str(self.path / "config")})
                self.assertEqual((done.returncode, self.seen), (2, []), done.stderr)
                self.assertIn("%s: %s of [profile default] goes on over an indented line" % (self.path / "config", name), done.stderr.replace("[default]", "[profile default]"))
                self.assertNotIn(SECRET, done.stdout + done.stderr)

    def test_an_accounts_state_counts_and_one_that_is_not_known_is_a_failure(self):
        self.script["AssumeRole"] = lambda form: keys_of_role(form, "ASIAX")
        own = {"Id": "111122223333", "State": "ACTIVE"}
        for n, (other, unread, excluded) in enumerate((({"Id": OTHER, "State": "ACTIVE"}, [], []), ({"Id": OTHER, "State": "ACTIVE", "Status": "SUSPENDED"}, [], []),
                                                       ({"Id": OTHER, "Status": "ACTIVE"}, [], []), ({"Id": OTHER, "State": "SUSPENDED", "Status": "ACTIVE"}, [], [OTHER]),
                                                       ({"Id": OTHER, "State": "CLOSED"}, [], [OTHER]), ({"Id": OTHER}, ["ListAccounts"], []),
                                                       ({"Id": OTHER, "State": "NEW"}, ["ListAccounts"], []))):
            with self.subTest(other=other):
                self.script["ListAccounts"] = [(200, {}, json.dumps({"Accounts": [own, other]}))]
                status, why = self.told(n, "--org", "--role-name", "r")
                self.assertEqual((status, list(why)), (3 if unread else 0, unread))
                self.assertEqual(self.record("estate%d" % n)["excluded_accounts"], excluded)
                self.assertEqual((self.path / ("estate%d" % n) / OTHER).exists(), not unread and not excluded)
        self.script["ListAccounts"] = [(200, {}, json.dumps({"Accounts": [own, None]}))]
        self.assertEqual(self.quick("--org", "--role-name", "r", folder="null").returncode, 2)

    def test_a_token_that_is_no_text_and_one_that_lacks_are_no_end(self):
        vpcs = "<DescribeVpcsResponse><vpcSet/><nextToken><a>b</a></nextToken></DescribeVpcsResponse>"
        self.script["DescribeVpcs"] = [(200, {}, vpcs)]
        for n, token in enumerate((5, {}, True, [])):
            self.script["ListFirewalls"] = [(200, {}, json.dumps({"Firewalls": [], "NextToken": token}))]
            status, why = self.told(n)
            self.assertEqual((status, sorted(why)), (3, ["DescribeVpcs", "ListFirewalls"]))
            self.assertIn("a page's token that is no text", why["ListFirewalls"][1])
            self.script["ListAccounts"] = [(200, {}, json.dumps({"Accounts": [{"Id": "111122223333", "State": "ACTIVE"}], "NextToken": token}))]
            done = self.quick("--org", "--role-name", "r", folder="none")
            self.assertEqual(done.returncode, 2, done.stderr)
        for n, marker in enumerate(("", "<Marker/>")):
            self.script["ListVirtualMFADevices"] = [(200, {}, "<ListVirtualMFADevicesResponse><ListVirtualMFADevicesResult><VirtualMFADevices/><IsTruncated>true</IsTruncated>"
                                                     "%s</ListVirtualMFADevicesResult></ListVirtualMFADevicesResponse>" % marker)]
            self.quick(folder="whole%d" % n)
            self.assertIn("no token of the next page", {u["operation"]: u["message"] for u in self.record("whole%d" % n)["unread"]}["ListVirtualMFADevices"])

    def test_each_list_of_an_answer_must_be_there(self):
        """One that lacks is not an empty one: roles that nobody told of would be none."""
        lists = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")
        for n, left_out in enumerate((None, *lists)):
            told = "".join("<%s/>" % name for name in lists if name != left_out)
            self.script["GetAccountAuthorizationDetails"] = [(200, {}, "<GetAccountAuthorizationDetailsResponse><GetAccountAuthorizationDetailsResult>%s<IsTruncated>false</IsTruncated>"
                                                              "</GetAccountAuthorizationDetailsResult></GetAccountAuthorizationDetailsResponse>" % told)]
            self.quick(folder="lists%d" % n)
            why = {u["operation"]: u["message"] for u in self.record("lists%d" % n)["unread"]}
            self.assertEqual("without the list" in why.get("GetAccountAuthorizationDetails", ""), left_out is not None, (left_out, why))

    def test_api_gateway_is_asked_for_plain_json(self):
        """Else it answers in HAL: https://smithy.io/2.0/aws/customizations/apigateway-customizations.html"""
        self.quick("--network-only")
        accepts = {headers.get("Accept") for action, _, headers in self.seen if "vpclinks" in str(action).lower()}
        self.assertEqual(accepts, {"application/json"})
        self.assertNotIn("application/json", {headers.get("Accept") for action, _, headers in self.seen if action == "DescribeVpcs"})

    def test_that_something_is_not_there_is_believed_of_what_can_be_absent_alone(self):
        absent = (400, {}, self.ERROR % "NoSuchEntity")
        self.script["DescribeSecurityGroups"] = [absent]
        self.assertEqual(self.told(0), (3, {"DescribeSecurityGroups": ("NoSuchEntity", "so it is")}))
        self.script["DescribeSecurityGroups"], self.script["AssumeRole"] = [(200, {}, "<DescribeSecurityGroupsResponse><securityGroupInfo/></DescribeSecurityGroupsResponse>")], [absent]
        self.script["ListAccounts"] = [(200, {}, json.dumps({"Accounts": [{"Id": i, "State": "ACTIVE"} for i in ("111122223333", OTHER)]}))]
        status, why = self.told(1, "--org", "--role-name", "r")
        self.assertEqual((status, list(why)), (3, ["AssumeRole"]))
        self.script["GetAccountPasswordPolicy"] = [(404, {}, "<ErrorResponse><Error><Code>NoSuchEntity</Code></Error></ErrorResponse>")]
        self.quick(folder="whole")
        self.assertIn("GetAccountPasswordPolicy", {u["operation"] for u in self.record("whole")["unavailable"]})

    def test_a_name_that_does_not_resolve_leaves_its_service_unread(self):
        env = {**KEYS, "AWS_ENDPOINT_URL_ECS": "http://%s.invalid" % ("a" * 64),  # no resolver asks for so long a label
               "AWS_ENDPOINT_URL_EC2": self.url, "AWS_ENDPOINT_URL": self.url}
        done = sgproof("read", self.path / "estate", "--region", REGION, "--network-only", "--max-attempts", "1", env=env)
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertEqual({(u["service"], u["code"]) for u in self.record()["unread"]}, {("ecs", "host-unknown")})

    @common.in_a_network_of_its_own
    def test_a_service_that_a_region_does_not_have_is_unavailable_where_its_host_is_not_found(self):
        """Nothing is asked for names here: in this network nobody is. MSK is none of us-iso-west-1's services, and ECS is one."""
        names = ("EC2", "STS", "IAM", "ORGANIZATIONS", "RDS", "REDSHIFT", "EKS", "OPENSEARCH", "NETWORK_FIREWALL", "CLOUDTRAIL", "CLOUDFRONT", "GLOBAL_ACCELERATOR", "SSO_ADMIN", "API_GATEWAY",
                 "APIGATEWAYV2", "ELASTIC_LOAD_BALANCING", "ELASTIC_LOAD_BALANCING_V2")
        self.script["GetCallerIdentity"] = [(200, {}, self.IDENTITY.replace("arn:aws:", "arn:aws-iso:"))]
        read = lambda folder, **more: sgproof("read", self.path / folder, "--region", "us-iso-west-1", "--network-only", "--max-attempts", "1",
                                              env={**KEYS, **{"AWS_ENDPOINT_URL_" + name: self.url for name in names}, **more})
        done = read("estate")
        self.assertEqual(done.returncode, 3, done.stderr)
        record = self.record()
        self.assertEqual([(u["service"], u["code"]) for u in record["unread"]], [("ecs", "host-unknown")])
        self.assertEqual([(u["operation"], u["message"]) for u in record["unavailable"] if u["code"] == "not-in-region"],
                         [("ListClustersV2", "its host is not found, and botocore 1.44.8 lists none of it in this region")])
        self.script.update({name: [(400, {}, self.ERROR % "Unheard")] for name, _ in EMPTY if name != "GetCallerIdentity"})
        self.assertEqual(read("none").returncode, 3)  # nothing of the region answered
        self.assertIn(("kafka", "host-unknown"), [(u["service"], u["code"]) for u in self.record("none")["unread"]])
        self.script["DescribeVpcs"] = [(200, {}, "<DescribeVpcsResponse><vpcSet/></DescribeVpcsResponse>")]
        self.assertEqual(read("own", AWS_ENDPOINT_URL_KAFKA="http://%s.invalid" % ("a" * 64)).returncode, 3)  # whoever names its place says that it is there
        self.assertIn(("kafka", "host-unknown"), [(u["service"], u["code"]) for u in self.record("own")["unread"]])

    def test_no_region_at_all_is_a_failure(self):
        self.script["DescribeRegions"] = [(200, {}, "<DescribeRegionsResponse><regionInfo/></DescribeRegionsResponse>")]
        done = sgproof("read", self.path / "estate", "--region", "all", "--endpoint-url", self.url, env={**KEYS, "AWS_REGION": REGION})
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("DescribeRegions: no region in the answer", done.stderr)

    def test_a_role_whose_keys_are_another_accounts_is_refused(self):
        self.script["AssumeRole"] = lambda form: keys_of_role(form, "ASIAX")
        done = sgproof("read", "--whoami", "--region", REGION, "--endpoint-url", self.url, "--role-arn", "arn:aws:iam::%s:role/r" % OTHER, env=KEYS)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("are of account 111122223333, expected %s" % OTHER, done.stderr)

    def test_numbers_that_are_none_and_members_that_are_there_twice_fail_their_call(self):
        group = ("<DescribeSecurityGroupsResponse><securityGroupInfo><item><groupId>sg-1</groupId><ipPermissions><item><ipProtocol>tcp</ipProtocol><fromPort>%s</fromPort>"
                 "<toPort>22</toPort><ipRanges><item><cidrIp>0.0.0.0/0</cidrIp></item></ipRanges>%s</item></ipPermissions></item></securityGroupInfo></DescribeSecurityGroupsResponse>")
        twice = "<ipRanges><item><cidrIp>10.0.0.0/8</cidrIp></item></ipRanges>"
        for n, (port, more, word) in enumerate((("22", "", None), ("-1", "", None), ("abc", "", "number"), ("", "", "number"), ("22abc", "", "number"), ("0x16", "", "number"),
                                                ("9223372036854775808", "", "number"), (" 22", "", "number"), ("22", twice, "twice"))):
            with self.subTest(port=port, more=more):
                self.script["DescribeSecurityGroups"] = [(200, {}, group % (port, more))]
                status, why = self.told(n)
                self.assertEqual((status, list(why)), (3, ["DescribeSecurityGroups"]) if word else (0, []))
                self.assertIn(word or "", str(why))

    def test_what_is_neither_true_nor_false_fails_its_call(self):
        subnet = "<DescribeSubnetsResponse><subnetSet><item><subnetId>subnet-1</subnetId><mapPublicIpOnLaunch>%s</mapPublicIpOnLaunch></item></subnetSet></DescribeSubnetsResponse>"
        for n, (text, good) in enumerate((("true", True), ("false", True), ("maybe", False), ("True", False), ("", False), (" true", False), ("1", False))):
            self.script["DescribeSubnets"] = [(200, {}, subnet % text)]
            status, why = self.told(n)
            self.assertEqual((status, list(why)), (0, []) if good else (3, ["DescribeSubnets"]))
            self.assertIn("" if good else "what is to be true or false is neither", str(why))
        self.script["DescribeSubnets"] = [(200, {}, subnet % "true")]
        for n, (enabled, good) in enumerate(((True, True), (False, True), (None, True), ("true", False), (1, False))):
            self.script["ListAccelerators"] = [(200, {}, json.dumps({"Accelerators": [{"AcceleratorArn": "arn:aws:globalaccelerator::111122223333:accelerator/a", "Enabled": enabled}]}))]
            self.assertEqual(list(self.told(10 + n)[1]), [] if good else ["ListAccelerators"])

    def test_elements_of_another_kind_fail_their_call(self):
        wall = "arn:aws:network-firewall:eu-west-3:111122223333:firewall/a"
        self.script["DescribeFirewall"] = [(200, {}, json.dumps({"Firewall": {"FirewallName": "a", "FirewallArn": wall}}))]
        for n, firewalls in enumerate(([{"FirewallName": "a", "FirewallArn": wall}], [None], [5], ["a"], [[]], {}, [{"FirewallName": {}}])):
            with self.subTest(firewalls=firewalls):
                self.script["ListFirewalls"] = [(200, {}, json.dumps({"Firewalls": firewalls}))]
                status, why = self.told(n)
                self.assertEqual((status, list(why)), (3, ["ListFirewalls"]) if n else (0, []))
        for n, names in enumerate(([None], [5], [{}])):
            self.script["ListFirewalls"], self.script["ListClusters"] = [(200, {}, '{"Firewalls": []}')], [(200, {}, json.dumps({"clusterArns": names}))]
            self.assertEqual(list(self.told(10 + n)[1]), ["ListClusters"])

    def answers(self, **answers):
        """Each operation's answer: an object is JSON, a text what is in an XML answer."""
        for operation, one in answers.items():
            result = lambda of, text: (200, {}, "<%sResponse><%sResult>%s</%sResult></%sResponse>" % (of, of, text, of, of))
            self.script[operation] = [result(operation, one) if isinstance(one, str) else (200, {}, json.dumps(one))]

    # What is listed, and answers about it of which each is put for another thing's too.
    ACCELERATOR, CLUSTER = "arn:aws:globalaccelerator::111122223333:accelerator/%s", "arn:aws:ecs:eu-west-3:111122223333:cluster/%s"
    TRAIL, ELB, SET = "arn:aws:cloudtrail:eu-west-3:111122223333:trail/%s", "arn:aws:elasticloadbalancing:eu-west-3:111122223333:", "arn:aws:sso:::permissionSet/ssoins-1/ps-%s"
    listeners = staticmethod(lambda n: "<Listeners><member><ListenerArn>%slistener/app/%s/1/2</ListenerArn><LoadBalancerArn>%sloadbalancer/app/%s/1</LoadBalancerArn></member></Listeners>" % (
        Untold.ELB, n, Untold.ELB, n))
    LISTS = {"ListAccelerators": {"Accelerators": [{"AcceleratorArn": ACCELERATOR % "a"}]}, "ListCustomRoutingAccelerators": {"Accelerators": [{"AcceleratorArn": ACCELERATOR % "a"}]},
             "ListClusters": {"clusterArns": [CLUSTER % "a"]}, "DescribeTrails": {"trailList": [{"TrailARN": TRAIL % "a", "Name": "a", "HomeRegion": REGION}]},
             "ListUsers": "<Users><member><UserName>a</UserName></member></Users><IsTruncated>false</IsTruncated>",
             "DescribeLoadBalancers": "<LoadBalancers><member><LoadBalancerArn>%sloadbalancer/app/a/1</LoadBalancerArn></member></LoadBalancers><LoadBalancerDescriptions/>" % ELB,
             "DescribeOrganization": {"Organization": {"Id": "o-abcdefghij"}}, "ListParents": {"Parents": []}, "ListPoliciesForTarget": {"Policies": [{"Id": "p-a"}]},
             "ListInstances": {"Instances": [{"InstanceArn": "arn:aws:sso:::instance/ssoins-1"}]}, "ListPermissionSets": {"PermissionSets": [SET % "a"]}}
    ABOUT = {"ListListeners": lambda n: {"Listeners": [{"ListenerArn": Untold.ACCELERATOR % n + "/listener/1"}]},
             "ListEndpointGroups": lambda n: {"EndpointGroups": [{"EndpointGroupArn": Untold.ACCELERATOR % n + "/listener/1/endpoint-group/2"}]},
             "ListCustomRoutingListeners": lambda n: {"Listeners": [{"ListenerArn": Untold.ACCELERATOR % n + "/listener/1"}]},
             "ListCustomRoutingEndpointGroups": lambda n: {"EndpointGroups": [{"EndpointGroupArn": Untold.ACCELERATOR % n + "/listener/1/endpoint-group/2"}]},
             "ListTasks": lambda n: {"taskArns": ["arn:aws:ecs:eu-west-3:111122223333:task/%s/1" % n]}, "ListServices": lambda n: {"serviceArns": ["arn:aws:ecs:eu-west-3:111122223333:service/%s/1" % n]},
             "DescribeTasks": lambda n: {"tasks": [{"taskArn": "arn:aws:ecs:eu-west-3:111122223333:task/%s/1" % n, "clusterArn": Untold.CLUSTER % n}]},
             "DescribeServices": lambda n: {"services": [{"serviceArn": "arn:aws:ecs:eu-west-3:111122223333:service/%s/1" % n, "clusterArn": Untold.CLUSTER % n}]},
             "GetEventSelectors": lambda n: {"TrailARN": Untold.TRAIL % n, "EventSelectors": []}, "ListMFADevices": lambda n: "<MFADevices><member><UserName>%s</UserName></member></MFADevices>" % n,
             "DescribeListeners": lambda n: Untold.listeners(n), "DescribeRules": lambda n: "<Rules><member><RuleArn>%slistener-rule/app/%s/1/2/3</RuleArn></member></Rules>" % (Untold.ELB, n),
             "DescribePolicy": lambda n: {"Policy": {"PolicySummary": {"Id": "p-" + n}, "Content": "{}"}}, "DescribePermissionSet": lambda n: {"PermissionSet": {"PermissionSetArn": Untold.SET % n}},
             "ListAccountAssignments": lambda n: {"AccountAssignments": [{"AccountId": "111122223333" if n == "a" else OTHER, "PermissionSetArn": Untold.SET % "a"}]}}

    def test_an_answer_about_another_thing_than_was_asked_is_none_in_each_service(self):
        for other in (None, *self.ABOUT):
            with self.subTest(other=other):
                self.answers(**self.LISTS, **{operation: about("b" if operation == other else "a") for operation, about in self.ABOUT.items()})
                self.quick(folder="of-%s" % other)
                unread = {u["operation"]: u["message"] for u in self.record("of-%s" % other)["unread"]}
                told = {operation: message for operation, message in unread.items() if "asked" in message}
                self.assertEqual(list(told), [other] if other else [])
                self.assertRegex(told.get(other, "it is about "), "it is about |it tells of 0 of the 1 ")
                self.assertFalse(set(self.ABOUT) - {other} & set(unread), unread)

    def test_what_does_not_tell_what_to_ask_about_it_by_is_unread(self):
        member = "<member><VpcId>x</VpcId></member>"
        for n, (operation, answer, said) in enumerate((
                ("ListAccelerators", {"Accelerators": [{"Name": "a"}]}, "AcceleratorArn: ListListeners"), ("ListAccelerators", {"Accelerators": [{"AcceleratorArn": ""}]}, "AcceleratorArn: ListListeners"),
                ("ListFirewalls", {"Firewalls": [{"FirewallName": "a"}]}, "FirewallArn: DescribeFirewall"), ("ListClusters", {"clusterArns": [""]}, "a name: List(Tasks|Services)"),
                ("DescribeTargetGroups", "<TargetGroups>%s</TargetGroups>" % member, "TargetGroupArn: DescribeTargetGroupAttributes"),
                ("DescribeLoadBalancers", "<LoadBalancers>%s</LoadBalancers><LoadBalancerDescriptions/>" % member, "LoadBalancerArn: DescribeLoadBalancerAttributes"),
                ("DescribeLoadBalancers", "<LoadBalancerDescriptions>%s</LoadBalancerDescriptions><LoadBalancers/>" % member, "LoadBalancerName: DescribeLoadBalancerAttributes"))):
            with self.subTest(answer=answer):
                self.script.pop("DescribeLoadBalancers", None)
                self.answers(**{operation: answer})
                status, why = self.told(n)
                self.assertEqual((status, list(why)[-1]), (3, operation))
                self.assertRegex(why[operation][1], "^one of [A-Za-z]+ without %s could not be asked about it$" % said)
                del self.script[operation]

    def test_what_a_list_tells_of_twice_is_asked_once_and_has_one_file(self):
        self.answers(**self.LISTS, **{operation: about("a") for operation, about in self.ABOUT.items()})
        for operation in ("DescribeLoadBalancers", "ListUsers"):
            status, headers, body = self.script[operation][0]
            self.script[operation] = [(status, headers, re.sub("(<member>.*</member>)", r"\1\1", body))]
        self.answers(ListAccelerators={"Accelerators": [{"AcceleratorArn": self.ACCELERATOR % "a"}] * 2})
        self.quick()
        files = [one["file"] for one in self.record()["files"]]
        self.assertEqual(sorted(set(files)), sorted(files))
        self.assertEqual([self.tries(operation) for operation in ("DescribeListeners", "DescribeRules", "ListMFADevices", "ListListeners", "ListEndpointGroups")], [1] * 5)

    def test_two_names_that_end_alike_have_each_a_file_of_its_own(self):
        self.answers(ListAccelerators={"Accelerators": [{"AcceleratorArn": self.ACCELERATOR % n} for n in "ab"]})
        self.script["ListListeners"] = lambda form: (200, {}, json.dumps({"Listeners": [{"ListenerArn": form["AcceleratorArn"] + "/listener/1"}]}))
        self.script["ListEndpointGroups"] = lambda form: (200, {}, json.dumps({"EndpointGroups": [{"EndpointGroupArn": form["ListenerArn"] + "/endpoint-group/1"}]}))
        self.assertEqual(self.told(0), (0, {}))
        held = [json.loads(path.read_text())["EndpointGroups"][0]["EndpointGroupArn"] for path in (self.path / "estate0").rglob("list-endpoint-groups.*")]
        self.assertEqual(sorted(held), [self.ACCELERATOR % n + "/listener/1/endpoint-group/1" for n in "ab"])

    def test_a_list_that_counts_more_than_it_tells_of_is_unread(self):
        root = "<%s xmlns='http://cloudfront.amazonaws.com/doc/2020-05-31/'>%s<IsTruncated>%s</IsTruncated><Quantity>%d</Quantity><Items>%s</Items></%s>"
        about = {"distribution": ("ListDistributions", "DistributionList", "DistributionSummary"), "vpc-origin": ("ListVpcOrigins", "VpcOriginList", "VpcOriginSummary")}
        for number, (path, (operation, name, item)) in enumerate(about.items()):
            for n, (counts, held, wrong) in enumerate((((1,), (1,), None), ((2,), (1,), "1 of the 2"), ((5,), (0,), "0 of the 5"), ((1, 1), (1, 1), None), ((2, 2), (1, 1), None), ((3, 3), (1, 1), "2 of the 3"),
                                                       ((1, 2), (1, 0), "1 of the 2"))):
                def page(query):
                    k = int("Marker" in query)
                    last = k == len(counts) - 1
                    items = "".join("<%s><Id>%s%d%d</Id></%s>" % (item, "E", k, i, item) for i in range(held[k]))
                    return 200, {}, root % (name, "" if last else "<NextMarker>m</NextMarker>", "false" if last else "true", counts[k], items, name)
                self.script["GET /2020-05-31/" + path] = page
                with self.subTest(operation=operation, counts=counts, held=held):
                    told = self.told(number * 10 + n)[1].get(operation)
                    self.assertEqual(told and told[1], "it tells of %s that it counts" % wrong if wrong else None)

    def test_a_token_that_holds_a_lines_end_goes_into_no_header(self):
        (self.path / "config").write_text("[default]\nsso_start_url = https://x.awsapps.com/start\nsso_region = eu-west-3\nsso_account_id = 111122223333\nsso_role_name = r\n")
        cache = self.path / ".aws/sso/cache"
        cache.mkdir(parents=True)
        for token in ("token\r\nX-Other: 1", "token\n", "to ken"):
            cache.joinpath(hashlib.sha1(b"https://x.awsapps.com/start").hexdigest() + ".json").write_text(json.dumps({"accessToken": token, "expiresAt": "2099-01-01T00:00:00Z"}))
            done = sgproof("read", "--whoami", "--region", REGION, env={"AWS_ENDPOINT_URL": self.url, "HOME": str(self.path), "AWS_CONFIG_FILE": str(self.path / "config")})
            self.assertEqual((done.returncode, self.seen), (2, []), done.stderr)
            self.assertIn("accessToken: a blank or a line's end in it", done.stderr)


if __name__ == "__main__":
    unittest.main()
