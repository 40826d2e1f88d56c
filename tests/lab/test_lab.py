"""The demo's network, end to end: every verdict, exactly, both ways. Packets stay in namespaces that the lab made."""
import hashlib
import itertools
import json
import os
import re
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import common

LAB = str(common.TOP / "scripts/lab")
NAME = "test-%d" % os.getpid()
ENV = {**os.environ, "SGPROOF_LAB": NAME}
RANGES = ["--only", "198.51.100.0/24", "--only", "2001:db8:1::/48"]
VANTAGE = ["--vantage", "203.0.113.7", "--vantage", "2001:db8:ffff::7"]
WEB1, WEB2, BASTION, OFFICE = "198.51.100.10", "198.51.100.11", "198.51.100.20", "198.51.100.30"
WEB1_6, WEB2_6 = "2001:db8:1:1::10", "2001:db8:1:1::11"
os.environ["SGPROOF_LAB"] = NAME


def up(truth):
    return subprocess.run([LAB, "up", str(common.SAMPLE), "--truth", str(truth)], env=ENV, text=True, capture_output=True,
                          timeout=60)


def down():
    subprocess.run([LAB, "down"], env=ENV, check=True)


def need_lab():
    done = up(str(common.SAMPLE) + ".truth.json")
    if done.returncode != 0:
        raise unittest.SkipTest("no lab here: " + done.stderr.strip())


def spread(items, *keys):
    """{(address, protocol, port): values of keys} for every single port."""
    found = {}
    for item in items:
        for port in range(item.get("from_port", 0), item.get("to_port", 0) + 1):
            place = (item["address"], item["protocol"], port)
            assert place not in found, "twice: %s" % (place,)
            found[place] = tuple(item[key] for key in keys)
    return found


class Sample(unittest.TestCase):
    """The sample's network as the truth file has it, and a folder."""

    @classmethod
    def setUpClass(cls):
        need_lab()
        cls.addClassCleanup(down)
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)


class Demo(Sample):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.bundle = pathlib.Path(cls.folder.name) / "evidence"
        cls.done = common.sgproof(
            "run", "--snapshot", common.SAMPLE, "--intent", str(common.SAMPLE) + ".intent.json", "--out", cls.bundle,
            *RANGES, *VANTAGE, before=(LAB, "in"))
        assert cls.done.returncode == 1, cls.done.stderr
        cls.verdicts = json.loads((cls.bundle / "verdicts.json").read_text())

    def test_every_verdict_is_as_the_truth_says_nothing_missing_nothing_more(self):
        ok = ("confirmed", "reachable", "open", "expected", "info")
        expected = {
            (WEB1, "tcp", 80): ok, (WEB1, "tcp", 443): ok, (WEB1, "tcp", 9100): ok, (WEB1, "icmp", 0): ok,
            (WEB2, "tcp", 80): ok, (WEB2, "icmp", 0): ok,
            (WEB1_6, "tcp", 80): ok, (WEB1_6, "tcp", 443): ok, (WEB2_6, "tcp", 80): ok, (WEB2_6, "tcp", 443): ok,
            (WEB2, "tcp", 443): ("latent", "reachable", "closed", "expected", "low"),
            (WEB2, "tcp", 8443): ("undeclared", "unreachable", "open", "forbidden", "critical"),
            (OFFICE, "tcp", 443): ("blocked", "reachable", "filtered", "expected", "medium"),
            (OFFICE, "tcp", 8080): ("confirmed", "reachable", "open", "forbidden", "critical"),
        }
        found = spread(self.verdicts["verdicts"], "verdict", "declared", "observed", "intent", "severity")
        self.assertEqual({place: is_ for place, is_ in found.items() if is_[0] != "enforced"}, expected)
        for place, is_ in found.items():
            if is_[0] == "enforced":
                self.assertEqual(is_[1:3], ("unreachable", "filtered"), place)
        self.assertTrue(self.verdicts["complete"])
        self.assertFalse(any(v["unstable"] for v in self.verdicts["verdicts"]))

    def test_every_planned_port_has_one_verdict_and_no_other_has(self):
        planned = set()
        head, *lines = (self.bundle / "plan.jsonl").read_text().splitlines()
        self.assertEqual(json.loads(head)["vantage"], "203.0.113.7, 2001:db8:ffff::7")
        for line in lines:
            target = json.loads(line)
            for part in target["ports"].split(",") if target["ports"] else ["0"]:
                low, _, high = part.partition("-")
                planned |= {(target["address"], target["protocol"], p) for p in range(int(low), int(high or low) + 1)}
        self.assertEqual(set(spread(self.verdicts["verdicts"], "verdict")), planned)
        self.assertEqual({p[0] for p in planned}, {WEB1, WEB2, BASTION, OFFICE, "198.51.100.40", "198.51.100.50", WEB1_6, WEB2_6})

    def test_every_verdict_names_its_reason_and_its_observations(self):
        lines = (self.bundle / "observations.jsonl").read_text().splitlines()
        for verdict in self.verdicts["verdicts"]:
            self.assertTrue(verdict["because"], verdict)
            self.assertTrue(verdict["observations"], verdict)
            for number in verdict["observations"]:
                seen = json.loads(lines[number - 1])
                self.assertEqual((seen["address"], seen["protocol"], seen["state"]),
                                 (verdict["address"], verdict["protocol"], verdict["observed"]))

    def test_the_manifest_holds_the_hash_of_every_file(self):
        manifest = json.loads((self.bundle / "manifest.json").read_text())
        listed = {item["path"]: item for item in manifest["files"]}
        there = {str(p.relative_to(self.bundle)) for p in self.bundle.rglob("*") if p.is_file()} - {"manifest.json"}
        self.assertEqual(set(listed), there)
        for path, item in listed.items():
            data = (self.bundle / path).read_bytes()
            self.assertEqual((item["sha256"], item["bytes"]), (hashlib.sha256(data).hexdigest(), len(data)), path)
        for name in ("plan.jsonl", "observations.jsonl", "exposure.json", "verdicts.json", "report.html",
                     "before/describe-network-interfaces.json", "after/describe-network-interfaces.json"):
            self.assertIn(name, listed)
        self.assertTrue(manifest["complete"])

    def test_the_evidence_holds_and_a_changed_observation_does_not(self):
        done = common.sgproof("verify", self.bundle)
        self.assertEqual(done.returncode, 3, done.stdout)  # nobody signed it
        self.assertIn("every question of the plan is answered as the packets say", done.stdout)
        changed = pathlib.Path(self.folder.name) / "changed"
        shutil.copytree(self.bundle, changed)
        observations = changed / "observations.jsonl"
        observations.write_text(observations.read_text().replace('"state": "open"', '"state": "closed"', 1))
        done = common.sgproof("verify", changed)
        self.assertEqual(done.returncode, 1)
        self.assertIn("observations.jsonl: is not what the manifest holds the hash of", done.stdout)
        self.assertRegex(done.stdout, r'WRONG +capture +observations.jsonl: line \d+: the packets say .*"state": "open"')
        self.assertIn("verdicts.json: verdicts[", done.stdout)

    def test_the_stages_alone_give_what_the_run_gives(self):
        again = common.sgproof("reconcile", common.SAMPLE, self.bundle / "observations.jsonl", "--intent",
                               str(common.SAMPLE) + ".intent.json", *VANTAGE, "--format", "json")
        self.assertEqual(again.returncode, 1, again.stderr)
        self.assertEqual(json.loads(again.stdout)["verdicts"], self.verdicts["verdicts"])
        exposure = common.sgproof("compute", common.SAMPLE, "--format", "json").stdout
        self.assertEqual(exposure, (self.bundle / "exposure.json").read_text())
        plan = common.sgproof("plan", common.SAMPLE, *VANTAGE, "--intent", str(common.SAMPLE) + ".intent.json")
        head, rest = plan.stdout.split("\n", 1)
        head, (told, *asked) = json.loads(head), (self.bundle / "plan.jsonl").read_text().splitlines(True)
        self.assertIn(["198.51.100.10", "2001:db8:1:1::10"], head.pop("hosts"))  # whose shards keep together: a run has none
        self.assertEqual((head, rest), (json.loads(told), "".join(asked)))

    def test_reports_say_it_in_text_json_and_html(self):
        text = common.sgproof("report", self.bundle)
        self.assertEqual(text.returncode, 0, text.stderr)
        self.assertEqual(text.stdout.count("undeclared   198.51.100.11   8443/tcp"), 1)
        self.assertEqual(common.sgproof("report", self.bundle, "--format", "json").stdout,
                         (self.bundle / "verdicts.json").read_text())
        html = (self.bundle / "report.html").read_text()
        self.assertIn("8443/tcp", html)
        for said in (text.stdout, re.sub("<[^>]*>", "", html)):
            self.assertRegex(said, r"Silence:?\s*\d+ of \d+ sentinels answered")
        for outside in ("http:", "https:", "src=", "url("):
            self.assertNotIn(outside, html)

    def test_fail_on_moves_the_exit_status(self):
        words = ["reconcile", common.SAMPLE, self.bundle / "observations.jsonl", *VANTAGE]
        self.assertEqual(common.sgproof(*words, "--fail-on", "none").returncode, 0)
        self.assertEqual(common.sgproof(*words, "--fail-on", "info").returncode, 1)


PYTHON = common.python_with_moto()


@unittest.skipUnless(PYTHON, "moto, boto3 and awscli are not installed, and could not be")
class Live(Sample):
    """The whole job against a live API: moto serves the sample on the loopback of the vantage point's namespace."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = subprocess.Popen([LAB, "in", PYTHON, str(common.TOP / "scripts/moto"), str(common.SAMPLE)], env=ENV,
                                      stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        cls.addClassCleanup(cls.stop)
        cls.url = cls.server.stdout.readline().strip()
        cls.env = {**{n: v for n, v in ENV.items() if not n.startswith("AWS_")}, "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
                   "AWS_SECRET_ACCESS_KEY": "moto", "AWS_CONFIG_FILE": "/dev/null", "AWS_DEFAULT_REGION": "eu-west-3"}

    @classmethod
    def stop(cls):
        cls.server.kill()
        cls.server.wait()
        cls.server.stdout.close()

    def aws(self, *words):
        done = subprocess.run([LAB, "in", PYTHON, "-m", "awscli", "--endpoint-url", self.url, "--output", "json", *words],
                              env=self.env, text=True, capture_output=True, check=True)
        return json.loads(done.stdout)

    def begin(self, *words):
        self.bundle = pathlib.Path(self.folder.name) / self.id().rpartition(".")[2]
        process = subprocess.Popen(
            [LAB, "in", common.SGPROOF, "run", "--endpoint-url", self.url, "--region", "eu-west-3", "--intent",
             str(common.SAMPLE) + ".intent.json", "--out", self.bundle, "-o", "/dev/null", *RANGES, *VANTAGE, *words],
            env=self.env, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.stderr.close)
        return process

    def verdicts(self):
        return json.loads((self.bundle / "verdicts.json").read_text())

    def test_a_live_run_finds_what_the_documents_and_the_network_say(self):
        running = self.begin()
        said = running.stderr.read()
        self.assertEqual(running.wait(120), 1, said)
        again = common.sgproof("reconcile", common.SAMPLE, self.bundle / "observations.jsonl", "--intent",
                               str(common.SAMPLE) + ".intent.json", *VANTAGE, "--format", "json")
        keys = ("declared", "observed", "verdict", "intent", "intent_rule", "severity", "unstable", "name")
        live, documented = (spread(v, *keys) for v in (self.verdicts()["verdicts"], json.loads(again.stdout)["verdicts"]))
        self.assertEqual({p for p, is_ in live.items() if is_[2] == "undeclared"}, {(WEB2, "tcp", 8443)})
        self.assertEqual(live, documented)
        self.assertTrue(self.verdicts()["complete"])
        for when in ("before", "after"):
            record = json.loads((self.bundle / when / "snapshot.json").read_text())
            self.assertEqual((record["account_id"], record["unread"]), ("111122223333", []))
        self.assertEqual(common.sgproof("verify", self.bundle).returncode, 3)  # it holds, and nobody signed it
        controls = {c["id"]: c["result"] for p in json.loads((self.bundle / "controls.json").read_text())["packs"] for c in p["controls"]}
        self.assertEqual((controls["sec-002/nothing-undeclared"], controls["sec-002/only-intended"], controls["sec-002/root-mfa"],
                          controls["fsbp-exposure/RDS.2"]), ("fail", "fail", "fail", "not-applicable"))

    def test_what_changes_between_the_two_readings_is_unstable(self):
        running = self.begin("--depth", "declared", "--rate", "2")  # slow: the change falls between the readings
        for line in running.stderr:
            if "probing" in line:
                break
        group = self.aws("ec2", "describe-security-groups", "--filters", "Name=group-name,Values=back-office")
        rule = ["--group-id", group["SecurityGroups"][0]["GroupId"], "--protocol", "tcp", "--port", "8080",
                "--cidr", "0.0.0.0/0"]
        self.aws("ec2", "revoke-security-group-ingress", *rule)
        self.addCleanup(self.aws, "ec2", "authorize-security-group-ingress", *rule)
        running.stderr.read()
        self.assertEqual(running.wait(120), 1)
        self.assertEqual({p for p, is_ in spread(self.verdicts()["verdicts"], "unstable").items() if is_[0]},
                         {(OFFICE, "tcp", 8080)})
        self.assertEqual(common.sgproof("verify", self.bundle).returncode, 3)  # it holds, and nobody signed it


class Answers(unittest.TestCase):
    """Open, closed, rejected, filtered and unknown, both families."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        truth = pathlib.Path(cls.folder.name) / "truth.json"
        rejected = [{"address": address, "port": port, "with": how, "by": by}
                    for address in (WEB1, WEB1_6)
                    for port, how, by in ((81, "admin-prohibited", "gateway"), (82, "port-unreachable", "gateway"),
                                          (83, "host-unreachable", "gateway"))]
        rejected += [{"address": address, "port": 80, "with": "port-unreachable", "by": "host"} for address in (WEB2, WEB2_6)]
        truth.write_text(json.dumps({"rejected": rejected, "latent": [
            {"address": WEB1, "port": 443}, {"address": WEB1_6, "port": 443}]}))
        done = up(truth)
        if done.returncode != 0:
            raise unittest.SkipTest("no lab here: " + done.stderr.strip())
        cls.addClassCleanup(down)

    def probe(self, targets, *words, status=0):
        done = common.sgproof("probe", "--targets", "-", *RANGES, *words, stdin=targets, before=(LAB, "in"))
        self.assertEqual(done.returncode, status, done.stderr)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertIn("summary", lines[-1])
        return lines[:-1], lines[-1]["summary"]

    def test_each_answer_is_told_apart_in_both_families(self):
        families = ((WEB1, WEB2, "203.0.113.1", ("3/13", "3/3", "3/1")),
                    (WEB1_6, WEB2_6, "2001:db8:ffff::1", ("1/1", "1/4", "1/3")))
        for (one, two, gateway, icmp), method in itertools.product(families, ("syn", "connect")):
            lines, _ = self.probe("%s tcp 80-83,443,9\n%s tcp 80\n" % (one, two), "--method", method)
            found = {(x["address"], x["from_port"]): (x["state"], x["reason"], x.get("from")) for x in lines}
            self.assertEqual(found, {
                (one, 9): ("filtered", "no-answer", None), (one, 80): ("open", "syn-ack", None),
                (one, 81): ("rejected", "icmp:" + icmp[0], gateway), (one, 82): ("rejected", "icmp:" + icmp[1], gateway),
                (one, 83): ("rejected", "icmp:" + icmp[2], gateway), (one, 443): ("closed", "rst", None),
                # The outbound ACL of the web subnet lets ICMP out but no ICMPv6: there the host's word is not heard.
                (two, 80): ("closed", "icmp:3/3", two) if two == WEB2 else ("filtered", "no-answer", None)})

    def test_a_packet_that_dies_on_the_way_is_rejected_by_who_let_it_die(self):
        rules = ("table inet dying {\nchain out { type filter hook output priority 0;"
                 " ip daddr %s tcp dport 84 ip ttl set 1; ip6 daddr %s tcp dport 84 ip6 hoplimit set 1;\n}\n}\n" % (WEB1, WEB1_6))
        subprocess.run([LAB, "in", "nft", "-f", "-"], input=rules, text=True, check=True, env=ENV)
        self.addCleanup(subprocess.run, [LAB, "in", "nft", "delete", "table", "inet", "dying"], check=True, env=ENV)
        for method in ("syn", "connect"):
            lines, _ = self.probe("%s tcp 80,84\n%s tcp 80,84\n" % (WEB1, WEB1_6), "--method", method, "--timeout", "300")
            self.assertEqual([(x["state"], x["reason"], x.get("from")) for x in lines if x["from_port"] == 84],
                             [("rejected", "icmp:11/0", "203.0.113.1"), ("rejected", "icmp:3/0", "2001:db8:ffff::1")], method)
            # Where nobody answers otherwise, a loop of routes may be all there is, and the line be down.
            lines, _ = self.probe("%s tcp 84\n%s tcp 84\n" % (WEB1, WEB1_6), "--method", method, "--timeout", "300", status=3)
            self.assertEqual({x["state"] for x in lines}, {"unknown"}, method)

    def test_every_icmp_error_of_router_and_target_is_understood_and_no_other(self):
        """SAYS answers at the gateway; ports as in its table. Extension headers and IP options are no hindrance."""
        says = subprocess.Popen([LAB, "at", "gateway", sys.executable, str(common.TOP / "tests/lab/says.py")], env=ENV, stdout=subprocess.PIPE, text=True)
        self.addCleanup(lambda: (says.kill(), says.wait(), says.stdout.close()))
        self.assertEqual(says.stdout.readline(), "up\n")
        for target, gateway, kinds, port_unreachable in (
                (WEB1, "203.0.113.1", [(3, code) for code in (0, 1, 2, 3, 5, 6, 9, 10, 13)] + [(11, 0), (12, 0), (12, 2)], (3, 3)),
                (WEB1_6, "2001:db8:ffff::1", [(1, code) for code in range(7)] + [(3, 0), (4, 0), (4, 1), (4, 2)], (1, 4))):
            want = {10000: "open syn-ack None", 10001: "filtered no-answer None", 10002: "filtered no-answer None"}
            for type_, code in kinds:
                for port, sender in ((20000, gateway), (30000, target)):
                    state = "closed" if sender == target and (type_, code) == port_unreachable else "rejected"
                    want[port + 100 * type_ + code] = "%s icmp:%d/%d %s" % (state, type_, code, sender)
            for method in ("syn", "connect"):
                lines, _ = self.probe("%s tcp %s\n" % (target, ",".join(map(str, want))), "--method", method, "--timeout", "300")
                self.assertEqual({p: "%s %s %s" % (x["state"], x["reason"], x.get("from")) for x in lines
                                  for p in range(x["from_port"], x["to_port"] + 1)}, want, method)

    def test_silence_is_asked_as_often_as_tries_says_or_more_and_an_answer_once(self):
        lines, summary = self.probe("%s tcp 9,80\n" % WEB1, "--tries", "2", "--timeout", "100")
        tries = {x["from_port"]: x["tries"] for x in lines}
        self.assertEqual(tries[80], 1)
        self.assertIn(tries[9], range(2, 7))  # more, where few sentinels could be asked among so few probes
        self.assertEqual((summary["sent"], summary["received"]), (sum(tries.values()), 1))

    def test_echo_answers_where_declared(self):
        lines, _ = self.probe("%s icmp\n%s icmp\n" % (WEB1, BASTION), "--timeout", "200")
        self.assertEqual([(x["address"], x["state"]) for x in lines], [(WEB1, "open"), (BASTION, "filtered")])

    def test_few_descriptors_slow_down_and_their_many_uses_change_no_answer(self):
        """A socket is used again whatever became of it before, but where the source port is chosen: nothing of one answer is left in the next."""
        kinds = {WEB1: ("203.0.113.1", "3/13", "3/3", "3/1"), WEB1_6: ("2001:db8:ffff::1", "1/1", "1/4", "1/3")}
        for source_ports in (("0-65535", "0-65535"), ("0-65535", "33000-60000")):
            targets = "".join(json.dumps({"address": address, "protocol": "tcp", "ports": "1-400,443", "client_ports": ports,
                                          "expect": "reachable", "why": []}) + "\n" for address, ports in zip(kinds, source_ports))
            done = common.sgproof("probe", "--targets", "-", *RANGES, "--timeout", "200", "--tries", "2", "--rate", "100000", "--host-rate", "100000",
                                  "--method", "connect", stdin=targets, before=(LAB, "in", "prlimit", "--nofile=140:140"))
            self.assertEqual(done.returncode, 0, done.stderr)
            lines = [json.loads(line) for line in done.stdout.splitlines()][:-1]
            found = {(x["address"], p): (x["state"], x["reason"], x.get("from")) for x in lines for p in range(x["from_port"], x["to_port"] + 1)}
            want = {(address, p): ("filtered", "no-answer", None) for address in kinds for p in range(1, 401)}
            for address, (gateway, *icmp) in kinds.items():
                want.update({(address, 80): ("open", "syn-ack", None), (address, 443): ("closed", "rst", None)})
                want.update({(address, 81 + i): ("rejected", "icmp:" + kind, gateway) for i, kind in enumerate(icmp)})
            self.assertEqual(found, want)

    def test_the_scope_lock_refuses_before_sending_anything(self):
        for target in ("203.0.113.1 tcp 80", "127.0.0.1 tcp 80", "0.0.0.0 tcp 80", "224.0.0.1 tcp 80", "255.255.255.255 tcp 80",
                       ":: tcp 80", "::ffff:198.51.100.10 tcp 80", "ff02::1 tcp 80", "198.51.101.0 tcp 80"):
            with self.subTest(target=target):
                done = common.sgproof("probe", "--targets", "-", *RANGES, stdin="%s tcp 80\n%s\n" % (WEB1, target),
                                      before=(LAB, "in"))
                self.assertEqual((done.returncode, done.stdout), (2, ""))
                self.assertIn("nothing was sent", done.stderr)

    def test_an_interrupt_ends_cleanly_with_what_is_known(self):
        process = subprocess.Popen(
            [LAB, "in", common.SGPROOF, "probe", "--targets", "-", *RANGES, "--rate", "50", "--tries", "1"], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENV)
        process.stdin.write("%s tcp 1-1000\n" % WEB1)
        process.stdin.close()
        common.wait_until_it_runs(process)
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        out = process.stdout.read()
        self.assertEqual(process.wait(20), 3, process.stderr.read())
        process.stdout.close()
        process.stderr.close()
        summary = json.loads(out.splitlines()[-1])["summary"]
        self.assertTrue(summary["interrupted"])
        self.assertEqual(summary["vantage_ipv4"], "203.0.113.7")
        self.assertEqual(sum(summary[s] for s in ("open", "closed", "rejected", "filtered", "unknown")), 1000)

    def test_client_ports_of_the_plan_are_kept_to(self):
        plan = json.dumps({"address": WEB1, "protocol": "tcp", "ports": "80", "client_ports": "40000-40003",
                           "expect": "reachable", "why": []}) + "\n"
        lines, _ = self.probe(plan)
        self.assertEqual(lines[0]["state"], "open")
        # The web subnet's outbound ACL lets no reply out to ports below 32768 (but 443): the same port, asked from there.
        echo = json.dumps({"address": WEB1, "protocol": "icmp", "ports": "", "client_ports": "", "expect": "reachable", "why": []}) + "\n"
        lines, _ = self.probe(plan.replace("40000-40003", "20000-20003") + echo, "--timeout", "200")
        self.assertEqual({line["protocol"]: line["state"] for line in lines}, {"tcp": "filtered", "icmp": "open"})


class Cleaning(unittest.TestCase):
    def test_a_lab_that_is_killed_or_fails_leaves_nothing(self):
        need_lab()
        state = pathlib.Path("/tmp/sgproof-lab-%d-%s" % (os.getuid(), NAME))
        holder = int((state / "holder").read_text())
        down()
        self.assertFalse(state.exists())
        self.assertRaises(ProcessLookupError, os.kill, holder, 0)
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run([LAB, "up", folder], env=ENV, text=True, capture_output=True)
            self.assertNotEqual(done.returncode, 0)
        self.assertFalse(state.exists())

    def test_an_ordinary_user_can_raise_it_where_the_kernel_allows(self):
        if os.getuid() != 0:
            self.skipTest("the other tests have run as an ordinary user already")
        words = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        env = {**ENV, "HOME": "/tmp"}
        if subprocess.run([*words, "unshare", "-Urn", "true"], capture_output=True).returncode != 0:
            self.skipTest("this kernel gives ordinary users no namespaces")
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o755)
            # The checkout may not be readable for everybody: a copy is.
            copy = pathlib.Path(folder) / "lab"
            copy.write_bytes(pathlib.Path(LAB).read_bytes())
            copy.chmod(0o755)
            sample = pathlib.Path(folder) / "sample"
            subprocess.run(["cp", "-r", str(common.SAMPLE), str(sample)], check=True)
            subprocess.run(["chmod", "-R", "a+rX", folder], check=True)
            python = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else sys.executable
            run = [*words, python, str(copy)]
            try:
                done = subprocess.run([*run, "up", str(sample)], env=env, text=True, capture_output=True, cwd="/")
                self.assertEqual(done.returncode, 0, done.stderr)
                seen = subprocess.run([*run, "in", "ip", "addr"], env=env, text=True, capture_output=True, cwd="/")
                self.assertIn("203.0.113.7", seen.stdout, seen.stderr)
            finally:
                subprocess.run([*run, "down"], env=env, check=True, cwd="/")


if __name__ == "__main__":
    unittest.main()
