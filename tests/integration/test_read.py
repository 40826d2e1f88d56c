"""read against moto (an AWS API server that is not ours) and against a scripted server that misbehaves. Loopback only."""
import datetime
import gzip
import http.client
import http.server
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.parse
import urllib.request

sys.path[:0] = [os.path.dirname(__file__), os.path.join(os.path.dirname(__file__), "..")]
import common

REGION = "eu-west-3"
SECRET = "s3cretS3CRETs3cretS3CRETs3cretS3CRETs3cr"
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "BOTO_", "REQUESTS_"))}
KEYS = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": SECRET}
NOWHERE = {"AWS_CONFIG_FILE": "/nonexistent/config", "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent/credentials", "AWS_EC2_METADATA_DISABLED": "true"}


PYTHON = common.python_with_moto()
http.server.ThreadingHTTPServer.request_queue_size = 128  # or connections are lost, and tried again seconds later


def keys_of_role(form, key_id, expires="", secret=SECRET, web=False):
    """STS's answer to who may assume the role that a form names."""
    call = "AssumeRoleWithWebIdentity" if web else "AssumeRole"
    account, name = form["RoleArn"].split(":")[4], form["RoleArn"].split("/")[-1]
    return (200, {}, "<%(c)sResponse><%(c)sResult><AssumedRoleUser><Arn>arn:aws:sts::%(a)s:assumed-role/%(n)s/%(s)s</Arn></AssumedRoleUser><Credentials><AccessKeyId>%(k)s</AccessKeyId>"
            "<SecretAccessKey>%(secret)s</SecretAccessKey><SessionToken>t</SessionToken>%(e)s</Credentials></%(c)sResult></%(c)sResponse>" % {
                "c": call, "a": account, "n": name, "s": form["RoleSessionName"], "k": key_id, "secret": secret, "e": "<Expiration>%s</Expiration>" % expires if expires else ""})


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def sgproof(*words, env=None, before=()):
    done = common.program([common.SGPROOF, *map(str, words)], before, timeout=120, env={**CLEAN, **NOWHERE, **(env or {})})
    assert "Sanitizer" not in done.stderr and "runtime error" not in done.stderr, done.stderr
    return done


class Server(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = pathlib.Path(self.folder.name)

    def tearDown(self):
        written = b"".join(p.read_bytes() for p in self.path.rglob("*") if p.is_file() and p.name not in ("config", "credentials"))
        self.assertNotIn(SECRET.encode(), written, "a secret was written")
        self.folder.cleanup()

    def read(self, *words, env=KEYS, folder="estate", **more):
        done = sgproof("read", self.path / folder, "--region", REGION, "--endpoint-url", self.url, *words, env=env, **more)
        self.assertNotIn(SECRET, done.stdout + done.stderr)
        return done

    def record(self, folder="estate"):
        return json.loads((self.path / folder / "snapshot.json").read_text())


class OnMoto(Server):
    made_by = ()  # words of Python: what makes there what is read; it is told endpoint and region, and prints JSON

    @classmethod
    def setUpClass(cls):
        port = free_port()
        cls.url = "http://127.0.0.1:%d" % port
        cls.env = {**CLEAN, **KEYS, **NOWHERE, "AWS_ENDPOINT_URL": cls.url, "AWS_DEFAULT_REGION": REGION}
        cls.server = subprocess.Popen([PYTHON, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)], stdout=subprocess.DEVNULL,
                                      stderr=subprocess.DEVNULL, env=CLEAN)
        for _ in range(600):
            try:
                urllib.request.urlopen(cls.url + "/moto-api/", timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        made = subprocess.run([PYTHON, *cls.made_by, cls.url, REGION], text=True, capture_output=True, env=cls.env)
        assert made.returncode == 0, made.stderr
        cls.made = json.loads(made.stdout)
        cls.cli = subprocess.Popen([PYTHON, str(common.TOP / "tests/awscli_many.py")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=cls.env)

    @classmethod
    def tearDownClass(cls):
        with cls.cli:
            cls.cli.stdin.close()
        cls.server.send_signal(signal.SIGTERM)
        cls.server.wait()

    def aws(self, *words):
        self.cli.stdin.write(json.dumps([*words, "--output", "json"]) + "\n")
        self.cli.stdin.flush()
        status, out, complaints = json.loads(self.cli.stdout.readline())
        self.assertEqual(status, 0, complaints)
        return json.loads(out) if out else None


@unittest.skipUnless(PYTHON, "moto, boto3 and awscli are not installed, and could not be")
class Moto(OnMoto):
    made_by = (str(common.TOP / "tests/moto_estate.py"),)

    def test_what_is_read_is_what_the_aws_cli_prints(self):
        """But for times, which version 1 of the CLI prints as they came and version 2, and we, as ISO 8601 with an offset."""
        self.read("--max-attempts", "1")
        region = self.path / "estate" / "123456789012" / REGION
        asked = [("ec2", name[:-5], name) for name in os.listdir(region) if name.startswith("describe-") and name.count(".") == 1 and
                 name not in ("describe-load-balancers.json", "describe-target-groups.json", "describe-trails.json",
                                  "describe-db-instances.json", "describe-launch-template-versions.json", "describe-clusters.json")]
        arn = "arn:aws:cloudtrail:%s:123456789012:trail/all" % REGION
        trails = [("cloudtrail", ["describe-trails"], "describe-trails.json"), ("cloudtrail", ["get-trail-status", "--name", arn], "get-trail-status.all.json"),
                  ("cloudtrail", ["get-event-selectors", "--trail-name", arn], "get-event-selectors.all.json")]
        trails += [("rds", ["describe-db-instances"], "describe-db-instances.json"),
                   ("redshift", ["describe-clusters"], "describe-clusters.json"), ("ecs", ["list-clusters"], "list-clusters.ecs.json"),
                   ("eks", ["list-clusters"], "list-clusters.eks.json"),
                   ("ec2", ["describe-launch-template-versions", "--versions", "$Default"], "describe-launch-template-versions.json")]
        asked += [("elbv2", "describe-load-balancers", "describe-load-balancers.json"), ("elbv2", "describe-target-groups", "describe-target-groups.json"),
                  ("elb", "describe-load-balancers", "describe-load-balancers.classic.json")]
        asked = [(service, [call], name) for service, call, name in asked] + trails
        asked += [("iam", [call], "../global/%s.json" % call) for call in (
            "get-account-summary", "get-account-authorization-details", "list-virtual-mfa-devices", "get-credential-report", "list-users")]
        asked += [("iam", ["list-mfa-devices", "--user-name", "ann@example.org"], "../global/list-mfa-devices.ann%40example.org.json")]
        balancer, targets = self.made["balancer"], self.made["targets"]
        asked += [("elbv2", ["describe-listeners", "--load-balancer-arn", balancer], "describe-listeners.front.%s.json" % balancer.split("/")[-1])]
        [listener] = self.aws("elbv2", "describe-listeners", "--load-balancer-arn", balancer)["Listeners"]
        asked += [("elbv2", ["describe-rules", "--listener-arn", listener["ListenerArn"]], "describe-rules.%s.json" % ".".join(listener["ListenerArn"].split("/")[-2:]))]
        asked += [("elbv2", [call, "--target-group-arn", targets], "%s.web.%s.json" % (call, targets.split("/")[-1]))
                  for call in ("describe-target-health", "describe-target-group-attributes")]
        asked += [("elbv2", ["describe-load-balancer-attributes", "--load-balancer-arn", balancer], "describe-load-balancer-attributes.front.%s.json" % balancer.split("/")[-1])]
        asked += [("ec2", ["get-managed-prefix-list-entries", "--prefix-list-id", self.made["prefix_list"]],
                   "get-managed-prefix-list-entries.%s.json" % self.made["prefix_list"])]
        asked += [("ec2", [call, "--transit-gateway-route-table-id", self.made["transit_table"], *more], "%s.%s.json" % (call, self.made["transit_table"])) for call, *more in (
            ("search-transit-gateway-routes", "--filters", "Name=type,Values=static,propagated"),
            ("get-transit-gateway-route-table-associations",), ("get-transit-gateway-route-table-propagations",))]
        asked += [("elb", ["describe-load-balancer-attributes", "--load-balancer-name", "old"], "describe-load-balancer-attributes.classic.old.json"),
                  ("apigateway", ["get-vpc-links"], "get-vpc-links.rest.json"), ("apigatewayv2", ["get-vpc-links"], "get-vpc-links.http.json")]
        self.assertGreater(len(asked), 40)

        def moment(value):
            if isinstance(value, float):  # seconds: of the JSON protocol
                value = datetime.datetime.fromtimestamp(value, datetime.timezone.utc).isoformat()
            return re.sub(r"\.(\d*?)0*$", lambda m: "." + m[1] if m[1] else "", re.sub(r"(Z|\+00:00)$", "", value))

        def timeless(value):
            if isinstance(value, dict):
                return {k: moment(float(v)) if k.endswith("Time") and isinstance(v, int) else timeless(v) for k, v in value.items()
                        if k != "GeneratedTime" and not re.match("Latest(Delivery.*|Restorable)Time$", k)}  # moto answers now
            if isinstance(value, list):
                return [timeless(v) for v in value]
            if isinstance(value, float) or isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", value):
                return moment(value)
            return value
        for service, call, name in asked:
            with self.subTest(name=name):
                told = self.aws(service, *call)
                for connection in told.get("VpnConnections", []):  # what we leave out
                    self.assertIn("pre_shared_key", connection.pop("CustomerGatewayConfiguration"))
                    for tunnel in connection.get("Options", {}).get("TunnelOptions", []):
                        tunnel.pop("PreSharedKey", None)
                self.assertEqual(timeless(json.loads((region / name).read_text())), timeless(told))

    def test_the_snapshot_computes(self):
        self.read("--max-attempts", "1")
        output = common.compute(self.path / "estate", "--vantage", "8.8.8.8")
        [endpoint] = [e for e in output["endpoints"] if e["address"] == self.made["address"]]
        self.assertEqual([(x["protocol"], x.get("from_port")) for x in endpoint["exposures"]], [("tcp", 443), ("icmp", None)])
        self.assertEqual(endpoint["account_id"], "123456789012")

    def test_the_record_says_what_was_read_and_what_was_not(self):
        done = self.read("--max-attempts", "1")
        record = self.record()
        self.assertEqual((done.returncode, record["complete"], record["unread"]), (0, True, []), done.stderr)
        self.assertEqual((record["account_id"], record["schema"]), ("123456789012", "sgproof/snapshot/v1"))
        # What moto does not know, and the password policy that nobody has set, are no failures, and are told.
        self.assertEqual({u["operation"] for u in record["unavailable"]},
                         {"DescribeSecurityGroupVpcAssociations", "DescribeVpcBlockPublicAccessOptions", "DescribeVpcBlockPublicAccessExclusions", "GetAccountPasswordPolicy",
                          "DescribeInstanceConnectEndpoints", "DescribeByoipCidrs", "ListAccelerators", "ListCustomRoutingAccelerators", "ListVpcOrigins", "DescribeOrganization"})
        import hashlib
        for item in record["files"]:
            self.assertEqual(hashlib.sha256((self.path / "estate" / item["file"]).read_bytes()).hexdigest(), item["sha256"])

    def test_whoami_names_the_identity_and_where_it_was_found(self):
        done = sgproof("read", "--whoami", "--region", REGION, "--endpoint-url", self.url, env=KEYS)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("account 123456789012\ncredentials from environment (AWS_ACCESS_KEY_ID)", done.stdout)

    def test_the_account_is_left_out_where_only_the_network_is_wanted(self):
        self.assertEqual(self.read("--max-attempts", "1", "--network-only").returncode, 0)
        self.assertEqual({f["service"] for f in self.record()["files"]},
                         {"ec2", "elb", "elbv2", "network-firewall", "rds", "cloudfront", "ecs", "eks", "kafka", "opensearch", "redshift", "apigateway", "apigatewayv2"})

    def test_more_interfaces_than_a_page_has_are_read_whole(self):
        line = http.client.HTTPConnection(urllib.parse.urlsplit(self.url).netloc)  # boto3 takes as long again for each
        head = {"Content-Type": "application/x-www-form-urlencoded",
                "Authorization": "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20261127/eu-north-1/ec2/aws4_request, SignedHeaders=host, Signature=0"}

        def made_id(action, element, **words):
            line.request("POST", "/", urllib.parse.urlencode({"Action": action, "Version": "2016-11-15", **words}), head)
            return re.search("<%s>([^<]+)<" % element, line.getresponse().read().decode())[1]

        vpc = made_id("CreateVpc", "vpcId", CidrBlock="10.0.0.0/16")
        subnet = made_id("CreateSubnet", "subnetId", VpcId=vpc, CidrBlock="10.0.0.0/17")
        made = [made_id("CreateNetworkInterface", "networkInterfaceId", SubnetId=subnet) for _ in range(1500)]
        line.close()
        done = self.read("--max-attempts", "1", "--network-only", "--region", "eu-north-1")
        self.assertEqual(done.returncode, 0, done.stderr)
        document = json.loads((self.path / "estate/123456789012/eu-north-1/describe-network-interfaces.json").read_text())
        self.assertEqual(sorted(eni["NetworkInterfaceId"] for eni in document["NetworkInterfaces"]), sorted(made))
        self.assertEqual(len(made), 1500)

    def test_a_whole_run_reads_before_and_after_probing(self):
        """moto's own public addresses lie in 127.0.0.0/8: the probe asks this machine, and what it finds is its own."""
        done = sgproof("run", "--region", REGION, "--endpoint-url", self.url, "--max-attempts", "1", "--out", self.path / "evidence", *common.ONLY,
                       "--vantage", "127.0.0.1", "--depth", "declared", env=KEYS)
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("reads as arn:aws:", done.stderr)
        evidence = self.path / "evidence"
        for side in ("before", "after"):
            self.assertTrue((evidence / side / "snapshot.json").is_file())
            self.assertTrue((evidence / side / "123456789012" / REGION / "describe-network-interfaces.json").is_file())
        verdicts = json.loads((evidence / "verdicts.json").read_text())
        # moto makes no interfaces for VPC links, databases and load balancers: they are missed, and nothing else is.
        self.assertEqual([text.split()[-1] for text in verdicts["coverage"]["missing"]], ["shop", "orders", "orders", "front", "old"])
        self.assertEqual({v["address"] for v in verdicts["verdicts"]}, {self.made["address"]})

    def test_a_folder_that_is_there_is_not_written_over(self):
        (self.path / "estate").mkdir()
        done = self.read()
        self.assertEqual((done.returncode, list((self.path / "estate").iterdir())), (2, []))

    def profile(self, config="", credentials=""):
        (self.path / "config").write_text(config)
        (self.path / "credentials").write_text(credentials)
        return {"AWS_CONFIG_FILE": str(self.path / "config"), "AWS_SHARED_CREDENTIALS_FILE": str(self.path / "credentials")}

    def whoami(self, *words, env=None):
        done = sgproof("read", "--whoami", "--region", REGION, "--endpoint-url", self.url, *words, env=env)
        self.assertNotIn(SECRET, done.stdout + done.stderr)
        return done

    def test_each_source_of_credentials(self):
        keys = "aws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = %s\n" % SECRET
        printed = json.dumps({"Version": 1, "AccessKeyId": "AKIAIOSFODNN7EXAMPLE", "SecretAccessKey": SECRET, "SessionToken": "token"})
        cases = {
            "profile default": ("", "[default]\n" + keys, []),
            "profile dev": ("", "# mine\n[default]\naws_access_key_id=x\naws_secret_access_key=y\n[dev]\n" + keys, ["--profile", "dev"]),
            "profile other": ("[profile  other]\nregion = eu-west-1\ns3 =\n  max = 1\n" + keys, "", ["--profile", "other"]),
            "credential_process of profile made": ("[profile made]\ncredential_process = printf %s '" + printed + "'\n", "", ["--profile", "made"]),
        }
        for name, (config, credentials, words) in cases.items():
            with self.subTest(source=name):
                done = self.whoami(*words, env=self.profile(config, credentials))
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertIn("credentials from " + name, done.stdout)

    def test_a_role_is_assumed_with_its_source_profile(self):
        keys = "aws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = %s\n" % SECRET
        env = self.profile(config="[profile audit]\nrole_arn = arn:aws:iam::123456789012:role/audit\nsource_profile = base\nrole_session_name = check\n",
                           credentials="[base]\n" + keys)
        done = self.whoami("--profile", "audit", env=env)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("assumed-role/audit/check", done.stdout)
        self.assertIn("role assumed by profile audit", done.stdout)
        env = self.profile(config="[profile audit]\nrole_arn = r\nsource_profile = base\nmfa_serial = arn:aws:iam::1:mfa/x\n", credentials="[base]\n" + keys)
        self.assertIn("MFA", self.whoami("--profile", "audit", env=env).stderr)

    def test_no_credentials_say_where_was_looked(self):
        done = self.whoami(env={})
        self.assertEqual(done.returncode, 2)
        for place in ("AWS_ACCESS_KEY_ID", "profile default", "container", "metadata"):
            self.assertIn(place, done.stderr)
        self.assertIn("profile nobody is in neither", self.whoami("--profile", "nobody", env={}).stderr)

    def test_signatures_and_policies_are_checked(self):
        """With moto's IAM enforcement: the right key reads what it may, a denied call names its action, a wrong secret reads nothing."""
        iam = lambda *words: self.aws("iam", *words)
        iam("create-user", "--user-name", "reader")
        policy = json.loads((common.TOP / "docs/iam-policy.json").read_text())
        self.assertEqual(sgproof("read", "--iam-policy").stdout, (common.TOP / "docs/iam-policy.json").read_text())
        iam_key = iam("create-access-key", "--user-name", "reader")["AccessKey"]

        def allow(document):
            iam("put-user-policy", "--user-name", "reader", "--policy-name", "p", "--policy-document", json.dumps(document))
        enforce = lambda count: urllib.request.urlopen(urllib.request.Request(
            self.url + "/moto-api/reset-auth", data=str(count).encode(), method="POST", headers={"Content-Type": "text/plain"})).close()
        env = {"AWS_ACCESS_KEY_ID": iam_key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": iam_key["SecretAccessKey"]}
        try:
            allow(policy)
            enforce(0)
            done = self.read("--max-attempts", "1", env=env, folder="whole")
            self.assertFalse([u for u in self.record("whole")["unread"] if u["iam_action"]], done.stderr)
            enforce(10 ** 6)
            narrow = json.loads(json.dumps(policy))
            narrow["Statement"][0]["Action"] = [a for a in narrow["Statement"][0]["Action"] if a != "ec2:DescribeRouteTables"]
            allow(narrow)
            enforce(0)
            done = self.read("--max-attempts", "1", env=env, folder="narrow")
            self.assertEqual(done.returncode, 3)
            self.assertEqual([u["iam_action"] for u in self.record("narrow")["unread"] if u["iam_action"]], ["ec2:DescribeRouteTables"])
            self.assertIn("needs ec2:DescribeRouteTables", done.stderr)
            self.assertIn("missing: RouteTables", json.dumps(common.compute(self.path / "narrow")["missing"]))
            done = self.read(env={**env, "AWS_SECRET_ACCESS_KEY": "wrong"}, folder="wrong")
            self.assertEqual(done.returncode, 2)
            self.assertIn("SignatureDoesNotMatch", done.stderr)
            self.assertFalse((self.path / "wrong").exists())
        finally:
            enforce(10 ** 6)


def empty_answers():
    """{(operation, version of the API where its answers are XML): one with an empty list in it, or with something else of its own}."""
    for service in json.loads((common.TOP / "src/aws/read/models.json").read_text()).values():
        for name, about in service["operations"].items():
            members = service["shapes"][about["output"]][1]
            lists = [wire for wire, shape in members.values() if service["shapes"].get(shape, " ")[0] == "l"]
            first = (lists + [wire for wire, _ in members.values()])[0] if members else ""
            if service["target"]:
                yield (name, None), json.dumps({lists[0]: []} if lists else {})
            elif "xml" not in service["protocol"]:
                inside = "".join("<%s/>" % list for list in about["lists"]) if len(about["lists"]) > 1 else "<%s/>" % first if first else ""
                yield (name, service["version"]), "<%sResponse>%s</%sResponse>" % (name, "<%s>%s</%s>" % (about["wrapper"], inside, about["wrapper"]) if about["wrapper"] else inside, name)


EMPTY = dict(empty_answers())


class Script(Server):
    """A server that answers each action by a script: a list of (status, headers, body), the last of which is repeated."""
    IDENTITY = ("<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::111122223333:user/x</Arn><Account>111122223333</Account>"
                "</GetCallerIdentityResult></GetCallerIdentityResponse>")
    ERROR = "<Response><Errors><Error><Code>%s</Code><Message>so it is</Message></Error></Errors><RequestID>r-1</RequestID></Response>"

    def setUp(self):
        super().setUp()
        self.script, self.seen, test = {}, [], self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                if "X-Amz-Target" in self.headers:
                    action, form = self.headers["X-Amz-Target"].split(".")[-1], json.loads(body)
                    plain = EMPTY.get((action, None), "{}")
                else:
                    form = dict(urllib.parse.parse_qsl(body))
                    action = form["Action"]
                    plain = EMPTY[action, form["Version"]]
                self.answer(action, form, (200, {}, plain))

            def do_GET(self):  # of the REST protocols, by path
                asked = urllib.parse.urlsplit(self.path)
                self.answer("GET " + asked.path, asked.query, (501, {}, ""))

            def answer(self, action, form, default):
                test.seen.append((action, form, dict(self.headers)))
                steps = test.script.get(action, [default])
                if callable(steps):
                    steps = [steps(form)]
                status, headers, body = steps.pop(0) if len(steps) > 1 else steps[0]
                if body is None:
                    self.close_connection = True
                    return
                body = body if isinstance(body, bytes) else body.encode()
                self.send_response_only(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                try:
                    self.wfile.write(body)
                except OSError:  # the client has given up
                    headers = {"Connection": "close"}
                self.close_connection = "Connection" in headers

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d" % self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.script["GetCallerIdentity"] = [(200, {}, self.IDENTITY)]
        self.script["DescribeOrganization"] = [(400, {}, json.dumps({"__type": "AWSOrganizationsNotInUseException", "message": "in none"}))]
        self.script["GenerateCredentialReport"] = [(200, {}, "<GenerateCredentialReportResponse><GenerateCredentialReportResult><State>COMPLETE</State>"
                                                    "</GenerateCredentialReportResult></GenerateCredentialReportResponse>")]

    def tearDown(self):
        self.server.shutdown()
        self.server.server_close()
        super().tearDown()

    def unread(self):
        return {u["operation"]: u for u in self.record()["unread"]}

    def tries(self, action):
        return sum(seen[0] == action for seen in self.seen)


class Scripted(Script):
    def test_pages_are_followed_and_joined(self):
        page = lambda ids, token: (200, {}, "<DescribeVpcsResponse><vpcSet>%s</vpcSet>%s</DescribeVpcsResponse>" % (
            "".join("<item><vpcId>%s</vpcId></item>" % i for i in ids), "<nextToken>%s</nextToken>" % token if token else ""))
        self.script["DescribeVpcs"] = [page(["vpc-1", "vpc-2"], "a+b/c="), page([], "d"), page(["vpc-3"], None)]
        self.assertEqual(self.read().returncode, 0)
        document = json.loads((self.path / "estate/111122223333" / REGION / "describe-vpcs.json").read_text())
        self.assertEqual(document, {"Vpcs": [{"VpcId": "vpc-1"}, {"VpcId": "vpc-2"}, {"VpcId": "vpc-3"}]})
        self.assertEqual([form.get("NextToken") for action, form, _ in self.seen if action == "DescribeVpcs"], [None, "a+b/c=", "d"])
        self.assertEqual({form["MaxResults"] for action, form, _ in self.seen if action == "DescribeVpcs"}, {"1000"})

    def test_pages_that_go_round_in_a_circle_end_the_call_in_words(self):
        page = lambda token: (200, {}, "<DescribeVpcsResponse><vpcSet><item><vpcId>vpc-1</vpcId></item></vpcSet><nextToken>%s</nextToken></DescribeVpcsResponse>" % token)
        self.script["DescribeVpcs"] = [page("a"), page("b"), page("c"), page("a")]
        self.assertEqual(self.read().returncode, 3)
        self.assertEqual(self.tries("DescribeVpcs"), 4)
        self.assertIn("go round in a circle", self.unread()["DescribeVpcs"]["message"])
        self.assertFalse((self.path / "estate/111122223333" / REGION / "describe-vpcs.json").exists())

    def test_an_answer_that_swells_is_left_unread(self):
        swollen = gzip.compress(b"<DescribeManagedPrefixListsResponse><prefixListSet>" + b"<item><prefixListName>" + b"x" * 70000000, 1)
        text = gzip.compress(b"<DescribeInstancesResponse><reservationSet><item><ownerId>" + b"1" * (17 << 20) + b"</ownerId></item></reservationSet></DescribeInstancesResponse>", 1)
        record = gzip.compress(b'{"Accelerators": [{"Name": "' + b"x" * (17 << 20) + b'"}]}', 1)
        self.script["DescribeInstances"] = [(200, {"Content-Encoding": "gzip"}, text)]
        self.script["ListAccelerators"] = [(200, {"Content-Encoding": "gzip"}, record)]
        many = gzip.compress(b"<DescribeSubnetsResponse><subnetSet>" + b"<a/>" * 1000001 + b"</subnetSet></DescribeSubnetsResponse>", 1)
        self.script["DescribeManagedPrefixLists"] = [(200, {"Content-Encoding": "gzip"}, swollen)]
        self.script["DescribeSubnets"] = [(200, {"Content-Encoding": "gzip"}, many)]
        self.script["ListFirewalls"] = [(200, {"Content-Encoding": "gzip"}, gzip.compress(b'{"Firewalls": [[' + b"0," * 1000000 + b"0]]}"))]
        self.assertEqual(self.read("--max-attempts", "1", "--network-only").returncode, 3)
        unread = self.unread()
        self.assertEqual({k: v["code"] for k, v in unread.items()}, dict.fromkeys(("DescribeManagedPrefixLists", "DescribeSubnets", "ListFirewalls", "DescribeInstances", "ListAccelerators"), "answer"))
        self.assertIn("a text longer than any answer has", unread["DescribeInstances"]["message"])
        self.assertIn("more values than any answer has", unread["ListAccelerators"]["message"])
        self.assertIn("more values than any answer has", unread["ListFirewalls"]["message"])
        self.assertIn("larger than 64 MiB", unread["DescribeManagedPrefixLists"]["message"])
        self.assertIn("more elements than any answer has", unread["DescribeSubnets"]["message"])

    def test_requests_are_signed_with_the_session_token(self):
        self.read(env={**KEYS, "AWS_SESSION_TOKEN": "the-token"})
        _, _, headers = next(s for s in self.seen if s[0] == "DescribeVpcs")
        headers = {k.lower(): v for k, v in headers.items()}
        self.assertEqual(headers["x-amz-security-token"], "the-token")
        self.assertRegex(headers["authorization"], r"^AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/\d{8}/eu-west-3/ec2/aws4_request, SignedHeaders=\S*x-amz-security-token")

    def test_throttling_is_waited_for_and_given_up_at_last(self):
        throttled = (503, {}, self.ERROR % "RequestLimitExceeded")
        self.script["DescribeVpcs"] = [throttled, throttled, (200, {}, "<DescribeVpcsResponse><vpcSet/></DescribeVpcsResponse>")]
        self.script["DescribeSubnets"] = [throttled]
        done = self.read()
        self.assertEqual((done.returncode, list(self.unread())), (3, ["DescribeSubnets"]))
        self.assertEqual((self.tries("DescribeVpcs"), self.tries("DescribeSubnets")), (3, 3))
        self.assertEqual(self.unread()["DescribeSubnets"]["code"], "RequestLimitExceeded")

    def test_what_is_denied_unsupported_or_broken_is_told_apart(self):
        self.script["DescribeVpcs"] = [(403, {}, self.ERROR % "UnauthorizedOperation")]
        self.script["DescribeSubnets"] = [(400, {}, self.ERROR % "InvalidAction")]
        self.script["DescribeRouteTables"] = [(200, {}, "<DescribeRouteTablesResponse><routeTableSet><item>")]
        self.script["DescribeNetworkAcls"] = [(200, {}, "<DescribeVpcsResponse/>")]
        self.script["DescribeAddresses"] = [(302, {"Location": "http://127.0.0.1:1/"}, "")]
        self.script["DescribeInstances"] = [(200, {}, None)]
        done = self.read("--max-attempts", "1")
        unread = self.unread()
        self.assertEqual(done.returncode, 3)
        self.assertEqual({k: (v["code"], v["iam_action"]) for k, v in unread.items()}, {
            "DescribeVpcs": ("UnauthorizedOperation", "ec2:DescribeVpcs"), "DescribeSubnets": ("InvalidAction", None),
            "DescribeRouteTables": ("answer", None), "DescribeNetworkAcls": ("answer", None), "DescribeAddresses": ("HTTP 302", None),
            "DescribeInstances": ("connection", None)})

    def test_what_was_not_read_makes_answers_incomplete(self):
        self.script["DescribeSecurityGroups"] = [(403, {}, self.ERROR % "UnauthorizedOperation")]
        self.script["GetAccountSummary"] = [(403, {}, "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>")]
        self.assertEqual(self.read("--max-attempts", "1").returncode, 3)
        self.assertEqual(self.unread()["GetAccountSummary"]["iam_action"], "iam:GetAccountSummary")
        done = sgproof("compute", self.path / "estate", "--format", "json")
        self.assertEqual(done.returncode, 3)
        missing = common.missing(json.loads(done.stdout))
        self.assertIn("missing: SecurityGroups of 111122223333/%s (ec2 DescribeSecurityGroups: UnauthorizedOperation)" % REGION, missing)
        self.assertNotIn("GetAccountSummary", json.dumps(missing))  # exposure does not rest on it

    def test_a_role_answered_without_keys_is_not_entered_with_ours(self):
        (self.path / "accounts").write_text("111122223333\n222233334444\n")
        self.script["AssumeRole"] = [(200, {}, "<AssumeRoleResponse><AssumeRoleResult><Credentials/></AssumeRoleResult></AssumeRoleResponse>")]
        done = self.read("--accounts", str(self.path / "accounts"), "--role-name", "audit")
        self.assertEqual((done.returncode, os.listdir(self.path / "estate/111122223333") != [], (self.path / "estate/222233334444").exists()), (3, True, False))
        self.assertEqual([(u["account_id"], u["operation"]) for u in self.record()["unread"]], [("222233334444", "AssumeRole")])

    def test_the_whole_reading_ends_at_its_deadline(self):
        def slow(form):
            time.sleep(30)
            return (200, {}, "")
        self.script["DescribeVpcs"] = slow
        began = time.monotonic()
        done = self.read("--deadline", "2")
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertEqual(self.unread()["DescribeVpcs"]["code"], "deadline")
        self.assertLess(time.monotonic() - began, 20)

    def test_what_does_not_probe_holds_no_right_to(self):
        """Of the capabilities those over files alone may stay."""
        held = []

        def look(form):
            for status in pathlib.Path("/proc").glob("[0-9]*/status"):
                try:
                    text = status.read_text()
                    if b"read" in (status.parent / "cmdline").read_bytes().split(b"\0") and "Name:\tsgproof" in text:
                        held.append({key: int(value, 16) for key, value in re.findall(r"^(Cap(?:Prm|Eff|Inh)):\s*(\S+)", text, re.M)})
                except OSError:
                    continue
            return (200, {}, "<DescribeVpcsResponse><vpcSet/></DescribeVpcsResponse>")
        self.script["DescribeVpcs"] = look
        self.assertEqual(self.read(before=("/usr/bin/env",)).returncode, 0)  # a process of its own
        self.assertTrue(held)
        files = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 3  # CHOWN, DAC_OVERRIDE, DAC_READ_SEARCH, FOWNER
        self.assertTrue(all((one["CapPrm"] | one["CapEff"]) & ~files == 0 and one["CapInh"] == 0 for one in held), held)

    def test_a_credential_report_is_waited_for_and_users_asked_one_by_one_where_details_are_denied(self):
        answer = lambda action, body: (200, {}, "<%sResponse><%sResult>%s</%sResult></%sResponse>" % (action, action, body, action, action))
        self.script["GenerateCredentialReport"] = [answer("GenerateCredentialReport", "<State>%s</State>" % s) for s in ("STARTED", "COMPLETE")]
        self.script["GetAccountAuthorizationDetails"] = [(403, {}, "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>")]
        self.script["ListUsers"] = [answer("ListUsers", "<Users><member><UserName>ann</UserName></member><member><UserName>bob</UserName></member></Users>"
                                           "<IsTruncated>false</IsTruncated>")]
        self.script["ListGroupsForUser"] = [answer("ListGroupsForUser", "<Groups><member><GroupName>ops</GroupName></member></Groups>")]
        self.assertEqual(self.read("--max-attempts", "1").returncode, 3)
        self.assertEqual({a: self.tries(a) for a in ("GenerateCredentialReport", "GetCredentialReport", "ListMFADevices", "ListGroupsForUser",
                                                     "ListAttachedUserPolicies", "ListAttachedGroupPolicies")},
                         {"GenerateCredentialReport": 2, "GetCredentialReport": 1, "ListMFADevices": 2, "ListGroupsForUser": 2,
                          "ListAttachedUserPolicies": 2, "ListAttachedGroupPolicies": 1})
        self.assertEqual(list(self.unread()), ["GetAccountAuthorizationDetails"])

    def test_lists_that_pages_split_side_by_side_are_joined(self):
        page = lambda user, policy, more: (200, {}, "<GetAccountAuthorizationDetailsResponse><GetAccountAuthorizationDetailsResult><UserDetailList><member><UserName>%s"
            "</UserName></member></UserDetailList><GroupDetailList/><RoleDetailList/><Policies><member><PolicyName>%s</PolicyName></member></Policies>%s</GetAccountAuthorizationDetailsResult>"
            "</GetAccountAuthorizationDetailsResponse>" % (user, policy, "<Marker>m</Marker>" if more else ""))
        self.script["GetAccountAuthorizationDetails"] = [page("ann", "p", True), page("bob", "q", False)]
        self.assertEqual(self.read().returncode, 0)
        document = json.loads((self.path / "estate/111122223333/global/get-account-authorization-details.json").read_text())
        self.assertEqual(document, {"UserDetailList": [{"UserName": "ann"}, {"UserName": "bob"}], "GroupDetailList": [], "RoleDetailList": [],
                                    "Policies": [{"PolicyName": "p"}, {"PolicyName": "q"}]})

    def test_an_organization_is_read_account_by_account(self):
        """One account refuses the role: it costs only itself, and is in the record."""
        accounts = lambda ids, **more: (200, {}, json.dumps({"Accounts": [{"Id": i, "Status": s} for i, s in ids], **more}))
        self.script["ListAccounts"] = [accounts([("111122223333", "ACTIVE"), ("222233334444", "ACTIVE")], NextToken="n"),
                                       accounts([("333344445555", "ACTIVE"), ("444455556666", "SUSPENDED")])]

        def assume(form):
            if "333344445555" in form["RoleArn"]:
                return (403, {}, "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>")
            return keys_of_role(form, "ASIA2222")
        self.script["AssumeRole"] = assume
        done = self.read("--org", "--role-name", "audit")
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertEqual(sorted(os.listdir(self.path / "estate")), ["111122223333", "222233334444", "snapshot.json"])
        [unread] = self.record()["unread"]
        self.assertEqual((unread["account_id"], unread["operation"], unread["code"]), ("333344445555", "AssumeRole", "AccessDenied"))
        self.assertEqual([form.get("NextToken") for action, form, _ in self.seen if action == "ListAccounts"], [None, "n"])
        self.assertEqual(sorted(form["RoleArn"] for action, form, _ in self.seen if action == "AssumeRole"),
                         ["arn:aws:iam::222233334444:role/audit", "arn:aws:iam::333344445555:role/audit"])
        self.assertEqual({headers["Authorization"].split("=")[1].split("/")[0] for action, _, headers in self.seen if action == "DescribeVpcs"},
                         {"AKIAIOSFODNN7EXAMPLE", "ASIA2222"})
        self.assertIn("of 2 accounts", done.stdout)

    def test_a_list_of_accounts_must_be_one(self):
        (self.path / "accounts").write_text("111122223333 # us\n\n12345\n")
        done = self.read("--accounts", str(self.path / "accounts"), "--role-name", "audit")
        self.assertEqual(done.returncode, 2)
        self.assertIn("accounts:3: 12345: expected an account of 12 digits", done.stderr)
        for line in ("222222222222\t333333333333", "222222222222 333333333333 # two", "222222222222 x"):
            (self.path / "accounts").write_text("111122223333\n%s\n" % line)
            done = self.read("--accounts", str(self.path / "accounts"), "--role-name", "audit")
            self.assertEqual(done.returncode, 2, line)
            self.assertRegex(done.stderr, 'accounts:2: "222222222222[^"]*": expected one account, of 12 digits, a line')
        self.assertIn("--role-name goes with", self.read("--org").stderr)
        (self.path / "accounts").write_text("111122223333\n")
        self.assertEqual(self.read("--accounts", str(self.path / "accounts"), "--role-name", "audit").returncode, 0)
        self.assertEqual(self.tries("AssumeRole"), 0)  # our own account

    def test_rules_are_asked_of_each_listener_and_their_pages_joined(self):
        arn = "arn:aws:elasticloadbalancing:%s:111122223333:%%s/app/front/0123456789abcdef%%s" % REGION
        balancer, listener = arn % ("loadbalancer", ""), arn % ("listener", "/a1")
        answer = lambda action, inner: (200, {}, "<%sResponse><%sResult>%s</%sResult></%sResponse>" % ((action,) * 2 + (inner,) + (action,) * 2))
        self.script["DescribeLoadBalancers"] = lambda form: answer("DescribeLoadBalancers", "<LoadBalancerDescriptions/>" if form["Version"] == "2012-06-01" else (
            "<LoadBalancers><member><LoadBalancerArn>%s</LoadBalancerArn></member></LoadBalancers>" % balancer))
        self.script["DescribeListeners"] = [answer("DescribeListeners", "<Listeners><member><ListenerArn>%s</ListenerArn></member></Listeners>" % listener)]
        rule = "<Rules><member><RuleArn>%s</RuleArn><Priority>%s</Priority></member></Rules>"
        self.script["DescribeRules"] = [answer("DescribeRules", rule % ("r/1", "1") + "<NextMarker>m</NextMarker>"), answer("DescribeRules", rule % ("r/2", "default"))]
        done = self.read()
        self.assertEqual(done.returncode, 0, done.stderr)
        document = json.loads((self.path / "estate/111122223333" / REGION / "describe-rules.0123456789abcdef.a1.json").read_text())
        self.assertEqual(document, {"Rules": [{"RuleArn": "r/1", "Priority": "1"}, {"RuleArn": "r/2", "Priority": "default"}]})
        self.assertEqual([(form["ListenerArn"], form.get("Marker")) for action, form, _ in self.seen if action == "DescribeRules"], [(listener, None), (listener, "m")])
        self.script["DescribeRules"] = [(403, {}, self.ERROR % "AccessDenied")]
        self.assertEqual(self.read("--max-attempts", "1", folder="denied").returncode, 3)
        self.assertEqual([u["iam_action"] for u in self.record("denied")["unread"]], ["elasticloadbalancing:DescribeRules"])

    def test_network_firewalls_are_read(self):
        self.script["ListFirewalls"] = [(200, {}, json.dumps({"Firewalls": [{"FirewallName": "edge", "FirewallArn": "arn:aws:network-firewall:eu-west-3:1:firewall/edge"}]}))]
        document = {"Firewall": {"FirewallName": "edge"}, "FirewallStatus": {"SyncStates": {"a": {"Attachment": {"EndpointId": "vpce-1"}}}}, "UpdateToken": "u"}
        self.script["DescribeFirewall"] = [(200, {}, json.dumps(document))]
        self.assertEqual(self.read().returncode, 0)
        self.assertEqual(json.loads((self.path / "estate/111122223333" / REGION / "describe-firewall.edge.json").read_text()), document)
        _, form, headers = next(seen for seen in self.seen if seen[0] == "DescribeFirewall")
        self.assertEqual(form, {"FirewallArn": "arn:aws:network-firewall:eu-west-3:1:firewall/edge"})
        self.assertIn("/network-firewall/aws4_request", headers["Authorization"])
        self.script["ListFirewalls"] = [(400, {}, json.dumps({"__type": "com.amazon#AccessDeniedException", "Message": "no"}))]
        self.assertEqual(self.read(folder="denied").returncode, 3)
        [unread] = self.record("denied")["unread"]
        self.assertEqual((unread["code"], unread["iam_action"]), ("AccessDeniedException", "network-firewall:ListFirewalls"))

    def test_rest_services_are_asked_by_path_page_by_page(self):
        """EKS and MSK answer JSON whose members the CLI names otherwise, CloudFront XML whose root is a member of the answer."""
        say = lambda value: (200, {}, json.dumps(value))
        self.script["GET /clusters"] = lambda query: say({"clusters": ["data"]} if "nextToken" in query else {"clusters": ["shop"], "nextToken": "a/b="})
        for name in ("shop", "data"):
            self.script["GET /clusters/" + name] = [say({"cluster": {"name": name, "arn": "arn:aws:eks:eu-west-3:111122223333:cluster/" + name,
                                                                    "createdAt": 1.5, "resourcesVpcConfig": {"endpointPublicAccess": True}}})]
        self.script["GET /api/v2/clusters"] = [say({"clusterInfoList": [{"clusterName": "bus", "clusterArn": "arn:aws:kafka:eu-west-3:1:cluster/bus/0-1",
            "creationTime": "2026-01-01T00:00:00Z",
            "provisioned": {"brokerNodeGroupInfo": {"connectivityInfo": {"publicAccess": {"type": "DISABLED"}}}}}]})]
        self.script["GET /2021-01-01/domain"] = [say({"DomainNames": [{"DomainName": "logs", "EngineType": "OpenSearch"}]})]
        self.script["GET /2021-01-01/opensearch/domain/logs"] = [say({"DomainStatus": {"DomainName": "logs", "ARN": "arn:aws:es:eu-west-3:1:domain/logs"}})]
        item = "<DistributionSummary><Id>%s</Id><Enabled>true</Enabled><Aliases><Quantity>1</Quantity><Items><CNAME>a.example</CNAME></Items></Aliases></DistributionSummary>"
        page = lambda id, next: (200, {}, "<?xml version='1.0'?><DistributionList xmlns='http://cloudfront.amazonaws.com/doc/2020-05-31/'>%s"
                                 "<IsTruncated>%s</IsTruncated><Quantity>1</Quantity><Items>%s</Items></DistributionList>" % (next, str(bool(next)).lower(), item % id))
        self.script["GET /2020-05-31/distribution"] = lambda query: page("E2", "") if "Marker" in query else page("E1", "<NextMarker>E1</NextMarker>")
        self.read("--network-only")
        region, everywhere = self.path / "estate/111122223333" / REGION, self.path / "estate/111122223333/global"
        read = lambda path: json.loads(path.read_text())
        self.assertEqual(read(region / "list-clusters.eks.json"), {"clusters": ["shop", "data"]})
        self.assertEqual(read(region / "describe-cluster.data.json")["cluster"]["createdAt"], "1970-01-01T00:00:01.500000+00:00")
        self.assertEqual(read(region / "list-clusters-v2.json")["ClusterInfoList"], [{
            "ClusterArn": "arn:aws:kafka:eu-west-3:1:cluster/bus/0-1", "ClusterName": "bus", "CreationTime": "2026-01-01T00:00:00+00:00",
            "Provisioned": {"BrokerNodeGroupInfo": {"ConnectivityInfo": {"PublicAccess": {"Type": "DISABLED"}}}}}])
        self.assertEqual(read(region / "describe-domain.logs.json")["DomainStatus"]["DomainName"], "logs")
        items = read(everywhere / "list-distributions.json")["DistributionList"]["Items"]
        self.assertEqual([(i["Id"], i["Enabled"], i["Aliases"]["Items"]) for i in items], [("E1", True, ["a.example"]), ("E2", True, ["a.example"])])
        self.assertEqual([form for action, form, _ in self.seen if action == "GET /clusters"], ["maxResults=100", "maxResults=100&nextToken=a%2Fb%3D"])
        (signed,) = {h["Authorization"].split("/", 1)[1].split(",")[0].split("/", 1)[1] for a, _, h in self.seen if a == "GET /2020-05-31/distribution"}
        self.assertEqual(signed, "us-east-1/cloudfront/aws4_request")
        output = common.compute(self.path / "estate")
        self.assertTrue(any("2 × EKS cluster's API" in line for line in output["not_covered"]), output["not_covered"])

    def test_a_rest_service_that_denies_says_so_by_a_header_and_costs_no_answer(self):
        self.script["GET /clusters"] = [(403, {"x-amzn-ErrorType": "AccessDeniedException:http://internal.amazon.com/"}, '{"message": "no"}')]
        self.script["GET /2020-05-31/distribution"] = [(403, {}, "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>")]
        done = self.read("--network-only")
        self.assertEqual((done.returncode, {u["operation"]: (u["code"], u["iam_action"]) for u in self.record()["unread"]}), (3, {
            "ListClusters": ("AccessDeniedException", "eks:ListClusters"), "ListDistributions": ("AccessDenied", "cloudfront:ListDistributions")}))
        output = common.compute(self.path / "estate")
        self.assertNotIn("luster", json.dumps(output["missing"] + output["unread"]))
        self.assertEqual(sum("was not answered" in line for line in output["not_covered"]), 2)

    def test_accelerators_and_vpc_origins_are_read_once_an_account_and_decide(self):
        arn = "arn:aws:globalaccelerator::111122223333:accelerator/0a-1"
        self.script["ListAccelerators"] = [(200, {}, json.dumps({"Accelerators": [{"AcceleratorArn": arn, "Name": "shop", "Enabled": True,
                                                                                   "Status": "DEPLOYED", "CreatedTime": 1.0}]}))]
        self.script["ListListeners"] = lambda form: (200, {}, json.dumps({"Listeners": [{"ListenerArn": form["AcceleratorArn"] + "/listener/2b",
            "Protocol": "TCP", "PortRanges": [{"FromPort": 443, "ToPort": 443}]}]}))
        self.script["ListEndpointGroups"] = [(200, {}, '{"EndpointGroups": []}')]
        custom = arn.replace("0a-1", "0c-3")
        self.script["ListCustomRoutingAccelerators"] = [(200, {}, json.dumps({"Accelerators": [{"AcceleratorArn": custom, "Name": "games", "Enabled": True}]}))]
        self.script["ListCustomRoutingListeners"] = lambda form: (200, {}, json.dumps({"Listeners": [
            {"ListenerArn": form["AcceleratorArn"] + "/listener/4d", "PortRanges": [{"FromPort": 5000, "ToPort": 6000}]}]}))
        self.script["ListCustomRoutingEndpointGroups"] = lambda form: (200, {}, json.dumps({"EndpointGroups": [
            {"EndpointGroupArn": form["ListenerArn"] + "/endpoint-group/5e", "EndpointDescriptions": [{"EndpointId": "subnet-1"}]}]}))
        page = ("<VpcOriginList xmlns='http://cloudfront.amazonaws.com/doc/2020-05-31/'><IsTruncated>false</IsTruncated><Items><VpcOriginSummary><Id>vo_1</Id>"
                "<Status>Deployed</Status></VpcOriginSummary></Items></VpcOriginList>")
        one = ("<VpcOrigin><Id>vo_1</Id><Status>Deployed</Status><VpcOriginEndpointConfig><Name>o</Name><Arn>arn:aws:ec2:eu-west-3:1:instance/i-1</Arn>"
               "<HTTPPort>80</HTTPPort><HTTPSPort>443</HTTPSPort><OriginProtocolPolicy>https-only</OriginProtocolPolicy></VpcOriginEndpointConfig></VpcOrigin>")
        self.script["GET /2020-05-31/vpc-origin"] = [(200, {}, page)]
        self.script["GET /2020-05-31/vpc-origin/vo_1"] = [(200, {}, one)]
        self.read("--network-only", "--region", "us-east-1")
        everywhere = self.path / "estate/111122223333/global"
        read = lambda name: json.loads((everywhere / name).read_text())
        self.assertEqual(read("list-listeners.accelerator.0a-1.json")["Listeners"][0]["ListenerArn"], arn + "/listener/2b")
        self.assertEqual(read("list-endpoint-groups.listener.2b.json"), {"EndpointGroups": []})
        self.assertEqual(read("get-vpc-origin.vo_1.json")["VpcOrigin"]["VpcOriginEndpointConfig"]["HTTPSPort"], 443)
        self.assertEqual(read("list-custom-routing-accelerators.json")["Accelerators"][0]["Name"], "games")
        self.assertEqual(read("list-custom-routing-listeners.accelerator.0c-3.json")["Listeners"][0]["ListenerArn"], custom + "/listener/4d")
        self.assertEqual(read("list-custom-routing-endpoint-groups.listener.4d.json")["EndpointGroups"][0]["EndpointDescriptions"], [{"EndpointId": "subnet-1"}])
        self.assertEqual([form for action, form, _ in self.seen if action == "ListAccelerators"], [{"MaxResults": 100}])  # not one a region
        (signed,) = {h["Authorization"].split("/", 1)[1].split(",")[0].split("/", 1)[1] for a, _, h in self.seen if a == "ListEndpointGroups"}
        self.assertEqual(signed, "us-west-2/globalaccelerator/aws4_request")
        self.assertEqual([u for u in self.record()["unread"] if "celerator" in json.dumps(u)], [])

    def test_tasks_of_ecs_are_asked_for_a_hundred_at_a_time(self):
        cluster = "arn:aws:ecs:eu-west-3:111122223333:cluster/main"
        tasks = ["arn:aws:ecs:eu-west-3:111122223333:task/main/%d" % n for n in range(150)]
        self.script["ListClusters"] = [(200, {}, json.dumps({"clusterArns": [cluster]}))]
        self.script["ListTasks"] = lambda form: (200, {}, json.dumps(
            {"taskArns": tasks[100:]} if "nextToken" in form else {"taskArns": tasks[:100], "nextToken": "n"}))
        self.script["DescribeTasks"] = lambda form: (200, {}, json.dumps(
            {"tasks": [{"taskArn": arn, "group": "service:web"} for arn in form["tasks"]], "failures": []}))
        self.read("--network-only")
        asked = [form for action, form, _ in self.seen if action == "DescribeTasks"]
        self.assertEqual({(form["cluster"], len(form["tasks"])) for form in asked}, {(cluster, 100), (cluster, 50)})  # side by side
        self.assertEqual(len(asked), 2)
        self.assertEqual([form["maxResults"] for action, form, _ in self.seen if action == "ListTasks"], [100, 100])
        kept = [json.loads((self.path / "estate/111122223333" / REGION / ("describe-tasks.cluster.main.%d.json" % n)).read_text()) for n in (1, 2)]
        self.assertEqual([t["taskArn"] for one in kept for t in one["tasks"]], tasks)
        self.assertTrue(common.sgproof("compute", self.path / "estate", "--format", "json").stdout)

    def test_services_of_ecs_are_asked_for_ten_at_a_time(self):
        cluster = "arn:aws:ecs:eu-west-3:111122223333:cluster/main"
        services = ["arn:aws:ecs:eu-west-3:111122223333:service/main/%d" % n for n in range(23)]
        self.script["ListClusters"] = [(200, {}, json.dumps({"clusterArns": [cluster]}))]
        self.script["ListServices"] = [(200, {}, json.dumps({"serviceArns": services}))]
        self.script["DescribeServices"] = lambda form: (200, {}, json.dumps(
            {"services": [{"serviceArn": arn, "serviceName": arn.split("/")[-1]} for arn in form["services"]], "failures": []}))
        self.read("--network-only")
        asked = [form for action, form, _ in self.seen if action == "DescribeServices"]
        self.assertEqual(sorted((form["cluster"], len(form["services"])) for form in asked), [(cluster, 3), (cluster, 10), (cluster, 10)])
        self.assertEqual([form for action, form, _ in self.seen if action == "ListServices"], [{"cluster": cluster, "maxResults": 100}])
        kept = [json.loads((self.path / "estate/111122223333" / REGION / ("describe-services.cluster.main.%d.json" % n)).read_text()) for n in (1, 2, 3)]
        self.assertEqual([s["serviceArn"] for one in kept for s in one["services"]], services)

    def test_hostile_xml_is_refused(self):
        bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><DescribeVpcsResponse><vpcSet>&b;</vpcSet></DescribeVpcsResponse>'
        self.script["DescribeVpcs"] = [(200, {}, bomb)]
        self.script["DescribeSubnets"] = [(200, {}, "<a>" * 100000)]
        self.script["DescribeRouteTables"] = [(200, {}, b"<DescribeRouteTablesResponse>\xff\xfe</DescribeRouteTablesResponse>")]
        self.assertEqual(self.read("--max-attempts", "1").returncode, 3)
        unread = self.unread()
        self.assertIn("document type", unread["DescribeVpcs"]["message"])
        self.assertIn("deep", unread["DescribeSubnets"]["message"])
        self.assertEqual(unread["DescribeRouteTables"]["code"], "answer")

    def test_a_connection_cut_or_refused_is_tried_again(self):
        self.script["DescribeVpcs"] = [(200, {}, None), (200, {}, "<DescribeVpcsResponse><vpcSet/></DescribeVpcsResponse>")]
        self.assertEqual(self.read().returncode, 0)
        self.assertEqual(self.tries("DescribeVpcs"), 2)
        done = sgproof("read", self.path / "none", "--region", REGION, "--endpoint-url", "http://127.0.0.1:%d" % free_port(), "--max-attempts", "1", env=KEYS)
        self.assertEqual(done.returncode, 2)
        self.assertFalse((self.path / "none").exists())

    def test_a_clock_that_differs_is_reported(self):
        self.script["GetCallerIdentity"] = [(403, {"Date": "Wed, 01 Jan 2020 00:00:00 GMT"}, "<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code>"
                                             "<Message>Signature expired</Message></Error></ErrorResponse>")]
        done = self.read()
        self.assertEqual(done.returncode, 2)
        self.assertIn("clock", done.stderr)

    def test_container_and_instance_endpoints_give_credentials(self):
        answer = json.dumps({"AccessKeyId": "AKIACONTAINER", "SecretAccessKey": SECRET, "Token": "t", "Expiration": "2030-01-01T00:00:00Z"}).encode()
        asked = []

        class Local(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                asked.append((self.path, self.headers.get("Authorization"), self.headers.get("X-aws-ec2-metadata-token")))
                body = b"auditor\n" if self.path.endswith("security-credentials/") else answer
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_PUT(self):
                asked.append((self.path, None, self.headers.get("X-aws-ec2-metadata-token-ttl-seconds")))
                self.send_response(200)
                self.send_header("Content-Length", "5")
                self.end_headers()
                self.wfile.write(b"TOKEN")

            def log_message(self, *_):
                pass

        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Local) as local:
            threading.Thread(target=local.serve_forever, daemon=True).start()
            base = "http://127.0.0.1:%d" % local.server_port
            done = sgproof("read", "--whoami", "--region", REGION, "--endpoint-url", self.url, env={
                "AWS_CONTAINER_CREDENTIALS_FULL_URI": base + "/get", "AWS_CONTAINER_AUTHORIZATION_TOKEN": "Bearer x"})
            self.assertIn("credentials from container endpoint", done.stdout, done.stderr)
            self.assertEqual(asked[-1], ("/get", "Bearer x", None))
            done = sgproof("read", "--whoami", "--region", REGION, "--endpoint-url", self.url, env={
                "AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": base})
            self.assertIn("credentials from instance metadata", done.stdout, done.stderr)
            self.assertEqual(asked[-1], ("/latest/meta-data/iam/security-credentials/auditor", None, "TOKEN"))
            local.shutdown()
        with socket.create_server(("127.0.0.1", 0)) as silent:  # what a hop limit too low looks like: connected, but no answer
            done = sgproof("read", "--whoami", "--region", REGION, "--endpoint-url", self.url, env={
                "AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://127.0.0.1:%d" % silent.getsockname()[1]})
            self.assertEqual(done.returncode, 2)
            self.assertIn("HttpPutResponseHopLimit", done.stderr)

    def roles(self, lasting):
        """AssumeRole gives keys named after the role, which last so many seconds each time."""
        def assume(form):
            until = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=lasting.pop(0) if len(lasting) > 1 else lasting[0])
            return keys_of_role(form, "ASIA%s%d" % (form["RoleArn"].split("/")[-1].upper(), self.tries("AssumeRole")), expires=until.strftime("%Y-%m-%dT%H:%M:%SZ"))
        self.script["AssumeRole"] = assume

    def signed_with(self, action):
        return [headers["Authorization"].split("=")[1].split("/")[0] for a, _, headers in self.seen if a == action]

    def test_roles_are_assumed_one_on_the_other(self):
        self.roles([3600])
        (self.path / "credentials").write_text("[base]\naws_access_key_id = AKIABASE\naws_secret_access_key = %s\n" % SECRET)
        config = self.path / "config"
        config.write_text("[profile one]\nrole_arn = arn:aws:iam::1:role/one\nsource_profile = base\n"
                          "[profile two]\nrole_arn = arn:aws:iam::2:role/two\nsource_profile = one\nexternal_id = x\n"
                          "[profile loop]\nrole_arn = arn:aws:iam::3:role/loop\nsource_profile = pool\n[profile pool]\nrole_arn = r\nsource_profile = loop\n")
        env = {"AWS_CONFIG_FILE": str(config), "AWS_SHARED_CREDENTIALS_FILE": str(self.path / "credentials")}
        done = self.read("--whoami", "--profile", "two", env=env)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.signed_with("AssumeRole") + self.signed_with("GetCallerIdentity"), ["AKIABASE", "ASIAONE1", "ASIATWO2"])
        self.assertIn("role assumed by profile one, role assumed by profile two", done.stdout)
        self.assertIn("loop", self.read("--whoami", "--profile", "loop", env=env).stderr)

    def test_keys_are_renewed_before_they_expire(self):
        self.roles([60, 3600])
        (self.path / "credentials").write_text("[base]\naws_access_key_id = AKIABASE\naws_secret_access_key = %s\n" % SECRET)
        (self.path / "config").write_text("[profile one]\nrole_arn = arn:aws:iam::1:role/one\nsource_profile = base\n")
        done = self.read("--profile", "one", env={"AWS_CONFIG_FILE": str(self.path / "config"), "AWS_SHARED_CREDENTIALS_FILE": str(self.path / "credentials")})
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual((self.tries("AssumeRole"), set(self.signed_with("DescribeVpcs"))), (2, {"ASIAONE2"}))
        self.seen.clear()
        self.roles([3600, 60, 3600])  # ours lasts; the other account's is renewed
        (self.path / "accounts").write_text("222233334444\n")
        done = self.read("--profile", "one", "--accounts", str(self.path / "accounts"), "--role-name", "other", folder="other", env={
            "AWS_CONFIG_FILE": str(self.path / "config"), "AWS_SHARED_CREDENTIALS_FILE": str(self.path / "credentials")})
        self.assertEqual((done.returncode, set(self.signed_with("DescribeVpcs"))), (0, {"ASIAOTHER3"}), done.stderr)

    def test_a_web_identity_token_assumes_its_role_unsigned(self):
        (self.path / "token").write_text("a.b+c\n")
        self.script["AssumeRoleWithWebIdentity"] = lambda form: keys_of_role(form, "ASIAWEB", web=True)
        done = sgproof("read", "--whoami", "--region", REGION, "--endpoint-url", self.url, env={
            "AWS_WEB_IDENTITY_TOKEN_FILE": str(self.path / "token"), "AWS_ROLE_ARN": "arn:aws:iam::1:role/r", "AWS_ROLE_SESSION_NAME": "s"})
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("credentials from web identity token", done.stdout)
        (_, form, headers), (_, _, after) = self.seen
        self.assertEqual((form["WebIdentityToken"], form["RoleArn"], form["RoleSessionName"]), ("a.b+c", "arn:aws:iam::1:role/r", "s"))
        self.assertNotIn("Authorization", headers)
        self.assertIn("Credential=ASIAWEB/", after["Authorization"])

    def test_a_cached_identity_center_token_gives_a_roles_credentials(self):
        import hashlib
        asked = []

        class Portal(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                asked.append((self.path, self.headers["x-amz-sso_bearer_token"]))
                body = json.dumps({"roleCredentials": {"accessKeyId": "ASIASSO", "secretAccessKey": SECRET, "sessionToken": "t", "expiration": 4070908800000}}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass
        (self.path / "config").write_text("[profile p]\nsso_session = us\nsso_account_id = 111122223333\nsso_role_name = Read Only\n"
                                          "[sso-session us]\nsso_region = eu-west-1\nsso_start_url = https://x.awsapps.com/start\n")
        cache = self.path / ".aws/sso/cache"
        cache.mkdir(parents=True)
        token = lambda year: (cache / (hashlib.sha1(b"us").hexdigest() + ".json")).write_text(
            json.dumps({"accessToken": "the-token", "expiresAt": "%d-01-01T00:00:00Z" % year}))
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Portal) as portal:
            threading.Thread(target=portal.serve_forever, daemon=True).start()
            env = {"HOME": str(self.path), "AWS_CONFIG_FILE": str(self.path / "config"), "AWS_ENDPOINT_URL_SSO": "http://127.0.0.1:%d" % portal.server_port}
            words = ["read", "--whoami", "--region", REGION, "--endpoint-url", self.url, "--profile", "p"]
            self.assertIn("run aws sso login --profile p", sgproof(*words, env=env).stderr)
            token(2020)
            self.assertIn("run aws sso login --profile p", sgproof(*words, env=env).stderr)
            token(2037)
            done = sgproof(*words, env=env)
            portal.shutdown()
        self.assertIn("credentials from IAM Identity Center, profile p", done.stdout, done.stderr)
        self.assertEqual(asked, [("/federation/credentials?role_name=Read%20Only&account_id=111122223333", "the-token")])
        self.assertNotIn("the-token", done.stdout + done.stderr)

    def test_a_reference_to_what_was_not_there_yet_is_read_again_once(self):
        interface = ("<item><networkInterfaceId>eni-1</networkInterfaceId><vpcId>vpc-1</vpcId><subnetId>subnet-1</subnetId><ownerId>111122223333</ownerId>"
                     "<availabilityZone>eu-west-3a</availabilityZone><status>in-use</status><groupSet><item><groupId>sg-new</groupId></item></groupSet></item>")
        answer = lambda action, key, items: (200, {}, "<%sResponse><%s>%s</%s></%sResponse>" % (action, key, items, key, action))
        group = "<item><groupId>%s</groupId><ipPermissions/></item>"
        self.script["DescribeNetworkInterfaces"] = [answer("DescribeNetworkInterfaces", "networkInterfaceSet", interface)]
        self.script["DescribeSubnets"] = [answer("DescribeSubnets", "subnetSet", "")]
        self.script["DescribeSecurityGroups"] = [answer("DescribeSecurityGroups", "securityGroupInfo", group % "sg-old"),
                                                 answer("DescribeSecurityGroups", "securityGroupInfo", group % "sg-old" + group % "sg-new")]
        self.assertEqual(self.read().returncode, 0)
        self.assertEqual((self.tries("DescribeSecurityGroups"), self.tries("DescribeSubnets"), self.tries("DescribeRouteTables")), (2, 2, 1))
        groups = json.loads((self.path / "estate/111122223333" / REGION / "describe-security-groups.json").read_text())["SecurityGroups"]
        self.assertEqual([g["GroupId"] for g in groups], ["sg-old", "sg-new"])
        files = [f["file"] for f in self.record()["files"]]
        self.assertEqual(len(files), len(set(files)))

    def test_what_is_there_is_not_read_again_and_what_a_rule_names_is_not_there(self):
        answer = lambda action, inside: (200, {}, "<%sResponse>%s</%sResponse>" % (action, inside, action))
        interface = ("<networkInterfaceSet><item><networkInterfaceId>eni-1</networkInterfaceId><subnetId>subnet-1</subnetId><attachment><instanceId>i-1</instanceId></attachment>"
                     "<groupSet><item><groupId>sg-1</groupId></item></groupSet></item></networkInterfaceSet>")
        self.script["DescribeNetworkInterfaces"] = [answer("DescribeNetworkInterfaces", interface)]
        self.script["DescribeSubnets"] = [answer("DescribeSubnets", "<subnetSet><item><subnetId>subnet-1</subnetId></item></subnetSet>")]
        self.script["DescribeInstances"] = [answer("DescribeInstances", "<reservationSet><item><instancesSet><item><instanceId>i-1</instanceId></item></instancesSet></item></reservationSet>")]
        group = "<securityGroupInfo><item><groupId>%s</groupId><ipPermissions><item><groups><item><groupId>%s</groupId></item></groups></item></ipPermissions></item></securityGroupInfo>"
        for own, named, again in (("sg-1", "sg-2", 1), ("sg-2", "sg-1", 2)):
            self.seen.clear()
            self.script["DescribeSecurityGroups"] = [answer("DescribeSecurityGroups", group % (own, named))]
            self.read("--network-only", folder=own)
            self.assertEqual([self.tries(one) for one in ("DescribeSubnets", "DescribeInstances", "DescribeSecurityGroups")], [1, 1, again])

    def test_bad_usage_says_so(self):
        for words, says in (([], "expected one folder"), (["--region", "EU West", "x"], "expected a name"), (["x"], "no region"),
                            (["--region", "all", "--region", "eu-west-1", "x"], "excludes")):
            done = sgproof("read", *words, env=KEYS)
            self.assertEqual(done.returncode, 2)
            self.assertIn(says, done.stderr)
        (self.path / "config").write_text("[default]\nnonsense\n")
        done = sgproof("read", "x", "--region", REGION, env={"AWS_CONFIG_FILE": str(self.path / "config")})
        self.assertIn("config:2: expected KEY = VALUE", done.stderr)


@unittest.skipUnless(shutil.which("openssl"), "openssl is not installed")
class Tls(unittest.TestCase):
    def test_certificates_are_verified(self):
        import ssl
        with tempfile.TemporaryDirectory() as folder:
            def openssl(*words):
                subprocess.run(["openssl", *words], check=True, capture_output=True, cwd=folder)
            openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=test ca")
            long = ["-days", "2"]
            dated = "-not_after" in subprocess.run(["openssl", "x509", "-help"], text=True, capture_output=True).stderr  # since OpenSSL 3.4
            over = ["-not_before", "20200101000000Z", "-not_after", "20200102000000Z"] if dated else ["-days", "-1"]
            for name, subject, dates in (("good", "IP:127.0.0.1", long), ("wrong", "DNS:example.org", long), ("old", "IP:127.0.0.1", over)):
                openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", name + ".key", "-out", name + ".csr", "-subj", "/CN=x")
                pathlib.Path(folder, name + ".ext").write_text("subjectAltName=" + subject)
                openssl("x509", "-req", "-in", name + ".csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out", name + ".pem", *dates,
                        "-extfile", name + ".ext")

            class Handler(http.server.BaseHTTPRequestHandler):
                def do_POST(self):
                    body = Scripted.IDENTITY.encode()
                    self.send_response(200)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)

                def log_message(self, *_):
                    pass
            for name, bundle, code in (("good", "ca.pem", 0), ("good", None, 2), ("wrong", "ca.pem", 2), ("old", "ca.pem", 2)):
                with self.subTest(certificate=name, bundle=bundle), http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
                    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                    context.load_cert_chain(os.path.join(folder, name + ".pem"), os.path.join(folder, name + ".key"))
                    server.socket = context.wrap_socket(server.socket, server_side=True)
                    server.handle_error = lambda *_: None
                    threading.Thread(target=server.serve_forever, daemon=True).start()
                    words = ["--ca-bundle", os.path.join(folder, bundle)] if bundle else []
                    done = sgproof("read", "--whoami", "--region", REGION, "--endpoint-url", "https://127.0.0.1:%d" % server.server_port,
                                   "--max-attempts", "1", *words, env=KEYS)
                    self.assertEqual(done.returncode, code, done.stdout + done.stderr)
                    server.shutdown()


if __name__ == "__main__":
    unittest.main()
