"""Who reads, beside botocore: profiles, chains, processes, web identities, IAM Identity Center, containers, instances and the environment, drawn at random and asked of one server on loopback that
makes of each key what tells who asked for it. As the same identity, or refused in words. IDENTITIES: how many; IDENTITIES_SEED: the seed."""
import hashlib
import http.server
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import threading
import unittest
import urllib.parse

sys.path[:0] = [os.path.join(os.path.dirname(__file__), "..")]
import common

PYTHON = common.python_with_moto()
IDENTITIES = int(os.environ.get("IDENTITIES", "80"))
SEED = common.seed("IDENTITIES_SEED")
FIND = """
import json, os, sys
import botocore.loaders, botocore.session
own, loader = dict(os.environ), botocore.loaders.Loader()
for line in sys.stdin:
    option, environment = json.loads(line)
    os.environ.clear()
    os.environ.update({**own, **environment})
    try:
        session = botocore.session.Session(profile=option)
        session.register_component("data_loader", loader)
        found = session.get_credentials()
        print(json.dumps([found and found.get_frozen_credentials().access_key, None]), flush=True)
    except Exception as error:
        print(json.dumps([None, "%s: %s" % (type(error).__name__, error)]), flush=True)
"""
UNTIL = "2099-01-01T00:00:00Z"
PORTAL = "https://x.awsapps.com/start"
PROFILES = ["default", "a", "b", "c"]
# Where SDKs take one identity or the other, and where botocore wants of a profile what has no bearing on who reads.
REFUSED = ("stand for two identities", "AWS_WEB_IDENTITY_TOKEN_FILE is set, but not AWS_ROLE_ARN", "of which SDKs take one or the other")
FAILS_THERE = ("is configured to use the SSO token provider", "Infinite loop in credential configuration")


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *_):  # who has found its keys goes away
        pass


class Giver(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def say(self, body):
        self.send_response_only(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def do_POST(self):
        form = dict(urllib.parse.parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
        signed, action = re.search("Credential=([^/]+)/", self.headers.get("Authorization", "")), form["Action"]
        key = signed[1] if signed else "web." + form["WebIdentityToken"]
        if action == "GetCallerIdentity":
            self.server.asked.append(key)
            who = "sts::111122223333:assumed-role/%s/s" % key.split(".")[1] if key.startswith("role.") else "iam::111122223333:user/x"
            inner = "<Arn>arn:aws:%s</Arn><Account>111122223333</Account>" % who
        else:
            role = form["RoleArn"].split("/")[-1]
            inner = ("<Credentials><AccessKeyId>role.%s.%s.%s</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>%s</Expiration></Credentials><AssumedRoleUser>"
                     "<AssumedRoleId>A:s</AssumedRoleId><Arn>arn:aws:sts::111122223333:assumed-role/%s/%s</Arn></AssumedRoleUser>" % (
                         role, form.get("ExternalId", ""), key, UNTIL, role, form["RoleSessionName"]))
        self.say('<%sResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><%sResult>%s</%sResult></%sResponse>' % (action, action, inner, action, action))

    def do_PUT(self):
        self.say("the-token")

    def do_GET(self):
        keys = lambda key: json.dumps({"Code": "Success", "AccessKeyId": key, "SecretAccessKey": "s", "Token": "t", "Expiration": UNTIL})
        asked = urllib.parse.urlsplit(self.path)
        if asked.path.startswith("/federation"):
            key = "center.%s.%s" % (dict(urllib.parse.parse_qsl(asked.query))["role_name"], self.headers["x-amz-sso_bearer_token"])
            self.say(json.dumps({"roleCredentials": {"accessKeyId": key, "secretAccessKey": "s", "sessionToken": "t", "expiration": 4070908800000}}))
        else:
            self.say("r" if asked.path.endswith("security-credentials/") else keys("container" if asked.path == "/keys" else "instance"))

    def log_message(self, *_):
        pass


class Draw:
    def __init__(self, drawn, folder):
        self.random, self.folder = drawn, folder

    def often(self, chance):
        return self.random.random() < chance

    def role(self):
        return "arn:aws:iam::111122223333:role/" + self.random.choice(["one", "two", "three"])

    def profile(self, name, file):
        lines, role = [], self.often(0.45)
        if self.often(0.35 if file == "config" else 0.7):
            lines += ["aws_access_key_id = %s.%s" % (file, name)] + ["aws_secret_access_key = s"] * self.often(0.95) + ["aws_session_token = t"] * self.often(0.3)
        lines += ["role_arn = " + self.role()] * role
        way = self.random.random()
        if way < (0.6 if role else 0.1):
            lines.append("source_profile = " + self.random.choice([other for other in PROFILES if other != name] * 3 + [name, "nobody"]))
        if way > (0.65 if role else 0.97):
            lines.append("credential_source = " + self.random.choice(["Environment", "Ec2InstanceMetadata", "EcsContainer"] * 5 + ["Nothing"]))
        if self.often(0.15 if role else 0.03):
            lines.append("web_identity_token_file = %s/%s" % (self.folder, self.random.choice(["token-1", "token-2"])))
        if self.often(0.15):
            lines.append("credential_process = %s/program %s" % (self.folder, self.random.choice("xyz")))
        if self.often(0.15):
            lines += ["sso_session = " + self.random.choice(["first", "second"] * 4 + ["none"])] * self.often(0.5)
            lines += [line for line in ("sso_start_url = " + PORTAL, "sso_region = us-east-1", "sso_account_id = 111122223333", "sso_role_name = reader") if self.often(0.96)]
        lines += ["external_id = xx"] * self.often(0.1) + ["role_session_name = named"] * self.often(0.1) + ["region = eu-west-3"] * self.often(0.3)
        self.random.shuffle(lines)
        return lines

    def case(self, url):
        config, shared, environment = [], [], {}
        for name in self.random.sample(PROFILES, self.random.randint(0, 4)):
            config += ["[default]" if name == "default" and self.often(0.8) else "[profile %s]" % name] + self.profile(name, "config")
        for session in ("first", "second"):
            config += ["[sso-session %s]" % session, "sso_start_url = " + PORTAL, "sso_region = us-east-1"] * self.often(0.95)
        for name in self.random.sample(PROFILES, self.random.randint(0, 3)):
            shared += ["[%s]" % name] + (self.profile(name, "shared") if self.often(0.3) else ["aws_access_key_id = shared." + name, "aws_secret_access_key = s"])
        for chance, given in ((0.2, {"AWS_ACCESS_KEY_ID": "environment", "AWS_SECRET_ACCESS_KEY": "s"}), (0.2, {"AWS_SESSION_TOKEN": "t"}), (0.15, {"AWS_ROLE_ARN": self.role()}),
                              (0.5, {self.random.choice(["AWS_PROFILE", "AWS_DEFAULT_PROFILE"]): self.random.choice(PROFILES)}), (0.3, {"AWS_EC2_METADATA_DISABLED": "true"}),
                              (0.15, {"AWS_WEB_IDENTITY_TOKEN_FILE": self.folder + "/token-1"}), (0.3, {"AWS_CONTAINER_CREDENTIALS_FULL_URI": url + "/keys"})):
            environment.update(given if self.often(chance) else {})
        return "\n".join(config) + "\n", "\n".join(shared) + "\n", environment, self.random.choice(PROFILES) if self.often(0.3) else None


@unittest.skipUnless(PYTHON, "moto, boto3 and awscli are not installed, and could not be")
class Identities(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.home = pathlib.Path(folder.name)
        cache = self.home / ".aws/sso/cache"
        cache.mkdir(parents=True)
        for name in (PORTAL, "first", "second"):
            (cache / ("%s.json" % hashlib.sha1(name.encode()).hexdigest())).write_text(json.dumps({"accessToken": name[:6].strip(":/"), "expiresAt": UNTIL, "startUrl": PORTAL, "region": "us-east-1"}))
        for name in ("token-1", "token-2"):
            (self.home / name).write_text(name)
        (self.home / "program").write_text('#!/bin/sh\necho \'{"Version": 1, "AccessKeyId": "program.\'$1\'", "SecretAccessKey": "s", "SessionToken": "t", "Expiration": "%s"}\'\n' % UNTIL)
        (self.home / "program").chmod(0o755)
        self.server = Server(("127.0.0.1", 0), Giver)
        self.server.asked = []
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        url = "http://127.0.0.1:%d" % self.server.server_port
        self.given = {"HOME": str(self.home), "AWS_CONFIG_FILE": str(self.home / "config"), "AWS_SHARED_CREDENTIALS_FILE": str(self.home / "credentials"), "AWS_ENDPOINT_URL": url,
                      "AWS_EC2_METADATA_SERVICE_ENDPOINT": url, "AWS_REGION": "eu-west-3", "AWS_DEFAULT_REGION": "eu-west-3", "AWS_MAX_ATTEMPTS": "1"}
        self.url = url
        self.botocore = subprocess.Popen([PYTHON, "-c", FIND], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                         env={**{name: value for name, value in os.environ.items() if not name.startswith("AWS_")}, "HOME": str(self.home)})
        self.addCleanup(self.botocore.stdout.close)
        self.addCleanup(self.botocore.wait)
        self.addCleanup(self.botocore.stdin.close)

    def of_botocore(self, option, environment):
        self.botocore.stdin.write(json.dumps([option, environment]) + "\n")
        self.botocore.stdin.flush()
        return json.loads(self.botocore.stdout.readline())

    def of_ours(self, option, environment):
        self.server.asked.clear()
        done = common.sgproof("read", "--whoami", *(["--profile", option] if option else []), env=environment)
        self.assertEqual((done.returncode, len(self.server.asked)), (0, 1) if done.returncode == 0 else (2, 0), done.stderr)
        return (self.server.asked or [None])[0], done.stderr

    def test_who_reads_is_who_reads_by_botocore_or_nobody(self):
        draw, same = Draw(random.Random(SEED), str(self.home)), 0
        for number in range(IDENTITIES):
            config, shared, environment, option = draw.case(self.url)
            (self.home / "config").write_text(config)
            (self.home / "credentials").write_text(shared)
            environment = {**self.given, **environment}
            theirs, failure = self.of_botocore(option, environment)
            ours, said = self.of_ours(option, environment)
            same += ours is not None and ours == theirs
            right = ours == theirs or (ours is None and any(words in said for words in REFUSED)) or (theirs is None and any(words in str(failure) for words in FAILS_THERE))
            self.assertTrue(right, "IDENTITIES_SEED=%d, %d: %s beside %s (%s)\n%s\n--profile %s %s\n%s\n-- credentials\n%s" % (
                SEED, number, ours, theirs, failure, said, option, environment, config, shared))
        self.assertGreater(same, IDENTITIES / 4)


if __name__ == "__main__":
    unittest.main()
