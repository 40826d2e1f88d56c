"""Controls by flows: the landing zone of SEC-002 and PCI DSS's segmentation, in evidence that verifies. Nothing is probed but 127.0.0.0/8."""
import datetime
import hashlib
import http.server
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import unittest
from xml.etree import ElementTree

sys.path[:0] = [os.path.join(os.path.dirname(__file__), ".."), os.path.dirname(__file__)]
import browser
import common
from test_nightly import Receiver
from test_segments import documents, folder, group, interface, platform, refers
from test_snapshots import permission

AUDIT = pathlib.Path(__file__).parents[2] / "scripts" / "audit"
PCI = "pci-dss-segmentation/"
TIERS = [{"id": "web", "select": {"group": "web"}}, {"id": "app", "select": {"group": "app"}, "scope": "connected"},
         {"id": "db", "select": {"group": "db"}, "scope": "cde"}]
FACTS = {"flows-are-intended", "flows-are-selective", "cde-is-isolated", "cde-not-reached-from-internet", "isolation-is-observed"}
RULES = [{"id": "web-app", "decision": "allow", "from": "web", "to": "app", "protocol": "tcp", "ports": "8080"},
         {"id": "app-db", "decision": "allow", "from": "app", "to": "db", "protocol": "tcp", "ports": "5432"},
         {"id": "updates", "decision": "allow", "from": "app", "to": "internet", "protocol": "tcp", "ports": "443"}]


def isolated():
    """web asks app 8080, app asks db 5432 and the internet 443; nothing else passes. No address is public, so that nothing is probed."""
    estate = platform()
    estate["SecurityGroups"] = [group("web", outbound=[refers("tcp", (8080, 8080), "sg-app")]),
                                group("app", [refers("tcp", (8080, 8080), "sg-web")], [refers("tcp", (5432, 5432), "sg-db"), permission("tcp", (443, 443), ["0.0.0.0/0"])]),
                                group("db", [refers("tcp", (5432, 5432), "sg-app")], [])]
    estate["NatGateways"][0]["NatGatewayAddresses"][0]["PublicIp"] = "127.0.0.5"
    estate["NetworkInterfaces"][0]["PrivateIpAddresses"][0].pop("Association")
    estate["NetworkInterfaces"][3]["PrivateIpAddresses"][0]["Association"]["PublicIp"] = "127.0.0.5"
    return estate


def at(document, pointer):
    for part in filter(None, pointer.split("/")):
        document = document[int(part) if isinstance(document, list) else part]
    return document


class Segmentation(unittest.TestCase):
    maxDiff = None

    def judge(self, estate, tiers=TIERS, rules=RULES, packs=("sec-002", "pci-dss-segmentation"), more=()):
        """Controls by id; the evidence is self.out, and each reference of a fact of flows leads somewhere in it."""
        made = tempfile.TemporaryDirectory()
        self.addCleanup(made.cleanup)
        intent, self.out = pathlib.Path(made.name, "intent.json"), pathlib.Path(made.name, "out")
        intent.write_text(json.dumps({"schema": "sgproof/intent/v1", "platform": "p", "default": "deny", "segments": tiers, "rules": rules}))
        done = common.sgproof("run", "--no-history", "--snapshot", folder(documents(estate)), "--intent", intent, "--out", self.out, "--vantage", "203.0.113.7",
                              "--depth", "declared", "--method", "connect", *[w for p in packs for w in ("--pack", p)], *more, *common.ONLY)
        self.assertIn(done.returncode, (0, 1, 3, 4), done.stderr)
        self.status, self.told = done.returncode, done.stdout
        found = {c["id"]: c for p in json.loads((self.out / "controls.json").read_text())["packs"] for c in p["controls"]}
        for control in found.values():
            for entry in control["evidence"]:
                if entry["reference"] and not entry["reference"].startswith("before/"):
                    path, pointer = entry["reference"].split("#")
                    at(json.loads((self.out / path).read_text()), pointer)
        return found

    def failing(self, control):
        return {(e["subject"], e["detail"]) for e in control["evidence"] if e["result"] == "fail" and e["fact"] in FACTS}

    def derives(self):
        done = common.sgproof("verify", self.out, "--format", "json")
        return next((c["state"], c["detail"]) for c in json.loads(done.stdout)["bundles"][0]["checks"] if c["check"] == "derivation")

    def audit(self, changed=None):
        """What the second opinion says; the manifest lists a changed file as it is."""
        manifest = json.loads((self.out / "manifest.json").read_text())
        if changed:
            next(f for f in manifest["files"] if f["path"] == changed.name).update(
                bytes=changed.stat().st_size, sha256=hashlib.sha256(changed.read_bytes()).hexdigest())
            (self.out / "manifest.json").write_text(json.dumps(manifest))
        done = subprocess.run([AUDIT, self.out], capture_output=True, text=True)
        return done.stdout + done.stderr

    # ---- What passes

    def test_what_the_intent_allows_passes_and_the_evidence_holds_the_flows(self):
        found = self.judge(isolated())
        for name in ("sec-002/landing-zone-inside", "sec-002/landing-zone-outbound", "sec-002/flows-intended", PCI + "1.3.2", PCI + "1.4.4"):
            self.assertEqual(found[name]["result"], "pass", found[name])
        [computed] = [e for e in found[PCI + "11.4.5"]["evidence"] if e["fact"] == "cde-is-isolated"]
        self.assertEqual((computed["result"], computed["subject"], computed["reference"]), ("pass", "1 segment out of scope", "segments.json#/flows"))
        self.assertEqual(found[PCI + "11.4.5"]["result"], "not-evaluated")  # nobody asked from inside
        self.assertEqual(found[PCI + "11.4.5"]["missing"], ["observations from inside: nothing was asked from an interface of web"])
        kept = (self.out / "segments.json").read_text()
        same = common.sgproof("segments", self.out / "before", "--intent", self.out / "intent.json", "--format", "json")
        self.assertEqual(kept, same.stdout)
        self.assertEqual(self.derives(), ("ok", "exposure, plan, verdicts, controls, segments, report and counts follow, byte for byte"))
        self.assertNotIn("CONTRADICTS", self.audit())
        changed = self.out / "segments.json"
        changed.write_text(kept.replace('"5432"', '"5433"'))
        self.assertEqual(self.derives()[0], "wrong")
        said = self.audit(changed)
        self.assertIn("segments.json: eni-app to eni-db, tcp 5432: is not told, and passes", said)
        self.assertIn("segments.json: eni-app to eni-db, tcp 5433: is told (exact), and does not pass", said)

    def test_packs_that_ask_about_no_flow_leave_no_flows_in_the_evidence(self):
        self.judge(isolated(), packs=("cis-aws-3.0",))
        self.assertFalse((self.out / "segments.json").exists())
        self.assertEqual(self.derives()[1], "exposure, plan, verdicts, controls, report and counts follow, byte for byte")
        (self.out / "segments.json").write_text("{}\n")
        manifest = json.loads((self.out / "manifest.json").read_text())
        manifest["files"] = sorted([*manifest["files"], {"path": "segments.json", "bytes": 3, "sha256": "0" * 64}], key=lambda f: f["path"])
        (self.out / "manifest.json").write_text(json.dumps(manifest))
        self.assertEqual(self.derives(), ("wrong", "segments.json does not follow from what was read and observed"))

    def test_by_group_the_evidence_holds_the_flows_without_their_reasons(self):
        self.judge(isolated(), tiers=[], rules=[], packs=("sec-002",))
        kept = json.loads((self.out / "segments.json").read_text())
        whole = json.loads(common.sgproof("segments", self.out / "before", "--format", "json").stdout)
        for flow in [*whole["flows"], *whole["outbound"]]:
            self.assertTrue(flow.pop("because"))
        self.assertEqual((kept, kept["by"], self.derives()[0]), (whole, "group", "ok"))

    # ---- What fails

    def test_a_flow_that_no_rule_allows_fails_and_one_that_a_rule_forbids_says_which(self):
        estate = isolated()
        estate["SecurityGroups"][0]["IpPermissionsEgress"].append(refers("tcp", (5432, 5432), "sg-db"))
        estate["SecurityGroups"][2]["IpPermissions"].append(permission("tcp", (5432, 5432), ["10.0.0.0/24"]))
        estate["SecurityGroups"][2]["IpPermissionsEgress"].append(permission("udp", (53, 53), ["0.0.0.0/0"]))
        rules = [{"id": "no-dns", "decision": "deny", "from": "db", "to": "internet", "reason": "it resolves nothing"}, *RULES]
        found = self.judge(estate, rules=rules)
        web, dns = ("web to db", "tcp 5432: no rule of the intent allows it"), ("db to internet", "udp 53: the intent's rule no-dns forbids it")
        self.assertEqual(self.failing(found["sec-002/flows-intended"]), {web, dns})
        self.assertEqual([self.failing(found[PCI + n]) for n in ("1.3.1", "1.3.2")], [{web}, {dns}])
        [(pair, detail)] = self.failing(found[PCI + "11.4.5"])
        self.assertEqual((pair, detail), ("web to db", "tcp 5432: the configuration lets it pass, and one of the two is out of scope"))
        [flow] = [e["reference"] for e in found[PCI + "11.4.5"]["evidence"] if e["result"] == "fail"]
        told = at(json.loads((self.out / "segments.json").read_text()), flow.split("#")[1])
        self.assertEqual((told["from"], told["to"], told["ports"]), ("web", "db", "5432"))
        self.assertNotIn("controls.json", "".join(line for line in self.audit().splitlines(True) if "CONTRADICTS" in line))
        document = json.loads((self.out / "controls.json").read_text())
        for pack in document["packs"]:
            for control in pack["controls"]:
                control["evidence"] = [e for e in control["evidence"] if e["subject"] != "web to db" or e["fact"] != "cde-is-isolated"]
        (self.out / "controls.json").write_text(json.dumps(document))
        self.assertIn("11.4.5: what is not isolated: the evidence says [], we ['web to db']", self.audit(self.out / "controls.json"))
        self.assertEqual(found["sec-002/landing-zone-inside"]["result"], "pass")  # it selects

    def test_a_rule_that_has_expired_allows_nothing_any_more(self):
        rules = [{**r, "owner": "ann", "reason": "r", "expires": "2020-01-01"} if r["id"] == "app-db" else r for r in RULES]
        found = self.judge(isolated(), rules=rules)
        self.assertEqual(self.failing(found["sec-002/flows-intended"]), {("app to db", "tcp 5432: no rule of the intent allows it")})

    def test_who_is_in_no_segment_is_out_of_scope_and_counts(self):
        estate = isolated()
        estate["SecurityGroups"].append(group("rogue", [], [permission("tcp", (5432, 5432), ["10.0.0.0/16"])]))
        estate["SecurityGroups"][2]["IpPermissions"].append(refers("tcp", (5432, 5432), "sg-rogue"))
        estate["NetworkInterfaces"].append(interface("rogue", "subnet-b", "sg-rogue", "10.0.1.9"))
        estate["Reservations"][0]["Instances"].append({"InstanceId": "i-rogue", "State": {"Name": "running"}})
        found = self.judge(estate)
        self.assertEqual({pair for pair, _ in self.failing(found[PCI + "11.4.5"])}, {"(others) to db"})
        self.assertIn(("(others) to db", "tcp 5432: no rule of the intent allows it"), self.failing(found["sec-002/flows-intended"]))

    def test_what_is_of_two_segments_is_in_scope_where_one_of_them_is(self):
        tiers = [*TIERS, {"id": "all", "select": {"vpc": "vpc-1"}}]
        rules = [*RULES, {"id": "all", "decision": "allow", "from": "all", "to": "all"}, {"id": "all-out", "decision": "allow", "from": "all", "to": "internet"}]
        found = self.judge(isolated(), tiers=tiers, rules=rules)
        self.assertEqual(self.failing(found[PCI + "11.4.5"]), set())
        self.assertEqual(found["sec-002/flows-intended"]["result"], "pass", found["sec-002/flows-intended"])

    def test_where_every_port_passes_groups_and_vpc_define_nothing(self):
        estate = isolated()
        estate["SecurityGroups"][1]["IpPermissions"] += [permission("-1", None, ["10.0.0.0/24"])]
        # Two rules and two groups come to everything together; on the internet by a NAT gateway, over TCP and UDP.
        estate["SecurityGroups"][0]["IpPermissionsEgress"] = [permission("tcp", (0, 32767), ["10.0.0.0/8"]), permission("tcp", (32768, 65535), ["0.0.0.0/0"]),
                                                             permission("udp", (0, 65535), ["10.0.0.0/8"])]
        estate["SecurityGroups"][1]["IpPermissionsEgress"] = [permission("-1", None, ["0.0.0.0/1", "128.0.0.0/1"])]
        found = self.judge(estate, packs=("sec-002",))
        self.assertEqual(self.failing(found["sec-002/landing-zone-inside"]), {("web to app", "every TCP and UDP port passes")})
        self.assertEqual(self.failing(found["sec-002/landing-zone-outbound"]), {("app to internet", "every TCP and UDP port passes, to everywhere")})
        estate["NetworkAcls"][0]["Entries"].insert(0, {"RuleNumber": 50, "Egress": False, "RuleAction": "deny", "Protocol": "17", "CidrBlock": "10.0.0.0/24",
                                                       "PortRange": {"From": 53, "To": 53}})
        found = self.judge(estate, packs=("sec-002",))  # one port that an ACL stops is a selection
        self.assertEqual(self.failing(found["sec-002/landing-zone-inside"]), {("web to app", "every TCP port passes")})
        del estate["NetworkAcls"][0]["Entries"][0]
        for ports in ((1, 65535), (0, 65534)):  # nobody listens on port 0
            estate["SecurityGroups"][0]["IpPermissionsEgress"] = [permission("tcp", ports, ["10.0.0.0/8"])]
            found = self.judge(estate, packs=("sec-002",))
            self.assertEqual(self.failing(found["sec-002/landing-zone-inside"]), {("web to app", "every TCP port passes")} if ports[0] else set())

    def test_one_interface_does_not_stand_for_all_that_are_in_no_segment(self):
        estate = isolated()
        other = json.loads(json.dumps(estate["NetworkInterfaces"][0]))
        other.update(NetworkInterfaceId="eni-stray", PrivateIpAddresses=[{"PrivateIpAddress": "10.0.0.9"}], Groups=[{"GroupId": "sg-stray"}], TagSet=[])
        estate["SecurityGroups"].append({**estate["SecurityGroups"][0], "GroupId": "sg-stray", "GroupName": "stray", "IpPermissions": [], "IpPermissionsEgress": []})
        other["Attachment"] = {"Status": "attached"}
        estate["NetworkInterfaces"].append(other)
        tiers = [{**TIERS[0], "select": {"instance": "i-nobody"}}, *TIERS[1:]]
        tiers = [t if t["id"] != "app" else {**t, "select": {"instance": "i-app"}} for t in tiers]
        control = self.judge(estate, tiers=tiers, more=self.asked(estate, "eni-web"))[PCI + "11.4.5"]
        self.assertEqual(control["result"], "not-evaluated", control)
        self.assertIn("observations from inside: nothing was asked from eni-stray, in no segment, or one of the same groups and subnet", control["missing"])

    def test_an_interface_of_the_environment_that_the_internet_reaches_fails(self):
        estate = isolated()
        estate["RouteTables"][1]["Routes"][1] = {"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1", "State": "active"}
        estate["NetworkInterfaces"][2]["PrivateIpAddresses"][0]["Association"] = {"PublicIp": "127.0.0.6"}
        self.assertEqual(self.judge(estate)[PCI + "1.4.4"]["result"], "pass")  # it has an address, and nothing is admitted
        estate["SecurityGroups"][2]["IpPermissions"].append(permission("tcp", (9999, 9999), ["198.51.100.0/24"]))
        control = self.judge(estate)[PCI + "1.4.4"]
        self.assertEqual(control["result"], "fail", control)
        [entry] = [e for e in control["evidence"] if e["result"] == "fail"]
        self.assertEqual(at(json.loads((self.out / "exposure.json").read_text()), entry["reference"].split("#")[1])["eni_id"], "eni-db")

    def fronted(self, kind, target, protocol="TCP"):
        """isolated(), whose database a load balancer in a public subnet, of the connected segment, has as its target; the database admits everybody."""
        estate, mark = isolated(), {"network": "net", "application": "app"}[kind] + "/front/0123456789abcdef"
        arn, group_arn = ["arn:aws:elasticloadbalancing:eu-west-3:111122223333:" + name for name in ("loadbalancer/" + mark, "targetgroup/db/1")]
        estate["NetworkInterfaces"].append({**interface("front", "subnet-a", "sg-app", "10.0.0.9", "127.0.0.9"), "Description": "ELB " + mark, "RequesterManaged": True,
                                            "RequesterId": "amazon-elb", "Attachment": {"Status": "attached"}})
        estate["SecurityGroups"][1]["IpPermissions"].append(permission("tcp", (443, 443), ["0.0.0.0/0"]))
        estate["SecurityGroups"][2]["IpPermissions"].append(permission("tcp", (5432, 5432), ["0.0.0.0/0"]))
        estate["LoadBalancers"] = [{"LoadBalancerArn": arn, "LoadBalancerName": "front", "Type": kind, "Scheme": "internet-facing", "VpcId": "vpc-1", "SecurityGroups": ["sg-app"],
                                    "State": {"Code": "active"}, "IpAddressType": "ipv4", "AvailabilityZones": [{"SubnetId": "subnet-a", "ZoneName": "eu-west-3a"}]}]
        estate["Listeners"] = [{"LoadBalancerArn": arn, "ListenerArn": arn + "/1", "Port": 443, "Protocol": "TCP" if kind == "network" else "HTTPS",
                                "DefaultActions": [{"Type": "forward", "TargetGroupArn": group_arn}]}]
        estate["TargetGroups"] = [{"TargetGroupArn": group_arn, "TargetGroupName": "db", "TargetType": "ip" if target[0].isdigit() else "instance", "Port": 5432, "VpcId": "vpc-1",
                                   "Protocol": "TCP" if kind == "network" else "HTTP", "IpAddressType": "ipv4", "LoadBalancerArns": [arn]}]
        estate["LoadBalancerTargetHealth"] = [{"TargetGroupArn": group_arn, "TargetHealthDescriptions": [{"Target": {"Id": target, "Port": 5432}, "TargetHealth": {"State": "healthy"}}]}]
        return estate

    def test_what_keeps_the_clients_addresses_stands_between_nothing_and_what_asks_by_its_own_is_counted(self):
        kept, own = "the internet reaches it by front, which keeps the clients' addresses, and eni-db is of the cardholder environment", "1 place of it"
        for kind, target, failing in (("network", "i-db", {("10.0.2.4", kept)}), ("network", "10.0.2.4", set()), ("application", "i-db", set())):
            with self.subTest(kind=kind, target=target):
                control = self.judge(self.fronted(kind, target), packs=("pci-dss-segmentation",))[PCI + "1.4.4"]
                self.assertEqual(self.failing(control), failing)
                self.assertEqual(own in [e["subject"] for e in control["evidence"]], not failing)
                self.assertEqual(control["result"], "fail" if failing else "pass")
                [entry] = [e for e in control["evidence"] if "/indirect" in (e["reference"] or "")]
                indirect = at(json.loads((self.out / "exposure.json").read_text()), entry["reference"].split("#")[1])
                self.assertEqual((indirect if failing else indirect[0])["eni_id"], "eni-db")
                self.assertEqual(self.derives()[0], "ok")
        accelerated = isolated()
        accelerated["SecurityGroups"][2]["IpPermissions"].append(permission("tcp", (5432, 5432), ["0.0.0.0/0"]))
        accelerated["NetworkInterfaces"].append({**interface("ga", "subnet-c", "sg-db", "10.0.2.9"), "InterfaceType": "global_accelerator_managed", "Attachment": {"Status": "attached"}})
        control = self.judge(accelerated, packs=("pci-dss-segmentation",))[PCI + "1.4.4"]
        self.assertEqual((control["result"], self.failing(control)), ("not-evaluated", set()))
        self.assertTrue([m for m in control["missing"] if m.startswith("whether the internet reaches 10.0.2.4 of eni-db by ") and m.endswith("with the clients' addresses")], control["missing"])

    # ---- Observed from inside

    def asked(self, estate, eni, open_ports=(), silent=(), day=None, depth="standard", sentinels=12, outside=()):
        """--inside ENI=FILE: what a probe would write on that interface, where all but open_ports is silent (or, of addresses in `silent`, not known)."""
        made = tempfile.TemporaryDirectory()
        self.addCleanup(made.cleanup)
        done = common.sgproof("plan", folder(documents(estate)), "--vantage-interface", eni, "--depth", depth)
        head, *targets = [json.loads(line) for line in done.stdout.splitlines()]
        day = day or datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d")
        told = {"source": head["vantages"][0]["vantage"], "tries": 3, "rtt_us": None, "first_sent": day + "T00:00:00.000000Z", "answered": None}
        lines = []
        for target in targets:
            for part in filter(None, target["ports"].split(",") if target.get("ports") else ["0"]):
                low, high = (int(n) for n in (part.split("-") * 2)[:2])
                for a, b in self.cut(low, high, [p for address, p in open_ports if address == target["address"] and target["protocol"] == "tcp"]):
                    state = ("open", "syn-ack") if (target["address"], a) in open_ports and a == b and target["protocol"] == "tcp" else \
                            ("unknown", "sentinel silent") if target["address"] in silent else ("filtered", "no-answer")
                    ports = {} if target["protocol"].startswith("icmp") else {"from_port": a, "to_port": b}
                    lines.append({"address": target["address"], "protocol": target["protocol"], **ports, "state": state[0], "reason": state[1], **told})
        path = pathlib.Path(made.name, "seen.jsonl")
        for address, port, state in outside:
            lines.append({"address": address, "protocol": "tcp", "from_port": port, "to_port": port, "state": state, "reason": "syn-ack" if state == "open" else "no-answer",
                          **told, "source": next(v["vantage"] for v in head["vantages"] if (":" in v["vantage"]) == (":" in address))})
        if sentinels is not None:
            lines.append({"summary": {"sentinels": {"asked": sentinels, "answered": sentinels, "longest_gap_seconds": 0.5 if sentinels else 0}}})
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
        return ("--inside", "%s=%s" % (eni, path))

    def test_what_is_severe_from_inside_is_counted_first_told_and_posted(self):
        estate = isolated()
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
        server.got, server.status = [], 200
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        for severe in (0, 2):
            server.got.clear()
            self.judge(estate, more=[*self.asked(estate, "eni-web", open_ports={("10.0.2.4", 22), ("10.0.2.4", 23)} if severe else ()),
                                     "--notify", "http://127.0.0.1:%d/x" % server.server_address[1], "--fail-on", "high"])
            inside = [v for v in json.loads((self.out / "inside/eni-web/verdicts.json").read_text())["verdicts"] if v["severity"] in ("critical", "high")]
            outside = [v for v in json.loads((self.out / "verdicts.json").read_text())["verdicts"] if v["severity"] in ("critical", "high")]
            count = lambda verdicts: sum(v.get("to_port", 0) - v.get("from_port", 0) + 1 for v in verdicts)
            self.assertEqual(count(inside), severe)
            page = (self.out / "report.html").read_text()
            tile, = re.findall(r'href="#(?:findings|inside)"><b class="(\w+)">(\d+)</b>', page)
            self.assertEqual(tile[1], str(count(inside) + count(outside)))
            self.assertEqual(tile[0] == "critical", count(inside) + count(outside) > 0)
            self.assertIn('<a href="#inside">', page)
            suite, = ElementTree.fromstring(common.sgproof("report", self.out, "--format", "junit").stdout).findall("testsuite[@name='inside']")
            self.assertEqual((int(suite.get("failures")), len(suite.findall("testcase/failure[@type='critical']"))), (severe > 0,) * 2)
            results = json.loads(common.sgproof("report", self.out, "--format", "sarif").stdout)["runs"][0]["results"]
            self.assertEqual([(r["level"], r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]) for r in results if r["ruleId"] == "inside"],
                             [("error", "inside/eni-web/verdicts.json")] if severe else [])
            metrics = common.sgproof("report", self.out, "--format", "metrics").stdout
            self.assertIn('sgproof_inside_severe{severity="critical"} %d\n' % severe, metrics)
            self.assertIn('sgproof_inside_ports{verdict="undeclared"} %d\n' % severe, metrics)
            told = common.sgproof("report", self.out, "--format", "markdown").stdout
            self.assertRegex(told, r"\n### Asked from inside\n\n.*\n.*\n\| web \| eni-web \| \w+ \| %s" % ("undeclared 2, enforced \\d+; 2 critical \\|" if severe else ""))
            if severe:
                self.assertTrue(told.startswith("## ❌"))
            if severe:
                self.assertIn(self.status, (1, 4))
                first = re.search(r'<table class="flows">.*?<tbody>\n<tr>(.*?)</tr>', page, re.S)[1]
                self.assertIn("2 critical", first)
                self.assertRegex(self.told, r"Asked from inside: ports by verdict\n  \S.*; 2 critical\n")
                (_, _, told), = server.got
                self.assertIn("%d ports critical" % count([v for v in inside + outside if v["severity"] == "critical"]), told["text"])

    @staticmethod
    def cut(low, high, alone):
        ends = sorted({low} | {n for p in alone if low <= p <= high for n in (p, p + 1)} - {high + 1})
        return [(a, b - 1) for a, b in zip(ends, [*ends[1:], high + 1])]

    def test_isolation_is_proved_by_sets_and_by_what_was_asked_from_each_segment_out_of_scope(self):
        estate = isolated()
        control = self.judge(estate, more=self.asked(estate, "eni-web"))[PCI + "11.4.5"]
        self.assertEqual((control["result"], control["missing"]), ("pass", []), control)
        [seen] = [e for e in control["evidence"] if e["fact"] == "isolation-is-observed"]
        self.assertEqual((seen["subject"], seen["reference"]), ("eni-web", "inside/eni-web/verdicts.json#/verdicts"))
        self.assertRegex(seen["detail"], r"^\d+ ports of 1 addresses of the cardholder environment were asked")
        self.assertEqual(self.derives()[0], "ok")
        done = common.sgproof("verify", self.out)
        self.assertIn("NOT CHECKED  inside", done.stdout)
        self.assertIn("of what was asked from eni-web no packets are kept", done.stdout)
        self.assertNotIn("CONTRADICTS", self.audit())
        self.assertIn("inside/eni-web/observations.jsonl: there are no packets of it", self.audit())
        self.assertIn("<td>web</td><td class=\"code\">eni-web</td><td>db</td>", (self.out / "report.html").read_text())
        self.assertEqual(common.sgproof("report", self.out, "--format", "html").stdout, (self.out / "report.html").read_text())  # and not without it
        if browser.CHROMIUM:
            chromium = browser.Browser()
            self.addCleanup(chromium.close)
            chromium.open("file://%s/report.html" % self.out)
            self.assertEqual(chromium.on_a_telephone(), [390, [], []])
        self.assertRegex(common.sgproof("report", self.out, "--format", "text").stdout, "\nAsked from inside: ports by verdict\n(.*\n)*  web .eni-web. to db: enforced ")
        verdicts = self.out / "inside/eni-web/verdicts.json"
        sealed = verdicts.read_text()
        verdicts.write_text(sealed.replace('"enforced"', '"confirmed"', 1))
        done = common.sgproof("report", self.out, "--format", "html")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("inside/eni-web/verdicts.json: is not what the manifest holds the hash of", done.stderr)
        verdicts.write_text(sealed)
        observations = self.out / "inside" / "eni-web" / "observations.jsonl"  # a lie about an answer no longer derives
        kept = observations.read_text()
        observations.write_text(kept.replace('"filtered"', '"open"', 1))
        self.assertEqual(self.derives()[0], "wrong")
        observations.write_text(kept)
        self.assertEqual(self.derives()[0], "ok")

    def test_a_packet_that_comes_through_from_out_of_scope_fails_whatever_the_configuration_says(self):
        estate = isolated()
        found = self.judge(estate, more=self.asked(estate, "eni-web", open_ports={("10.0.2.4", 22)}))
        self.assertEqual(self.failing(found[PCI + "11.4.5"]), {("10.0.2.4 22/tcp from eni-web", "a packet came through from what is out of scope: open")})
        [place] = [e["reference"] for e in found[PCI + "11.4.5"]["evidence"] if e["result"] == "fail"]
        path, pointer = place.split("#")
        verdict = at(json.loads((self.out / path).read_text()), pointer)
        self.assertEqual((verdict["address"], verdict["from_port"], verdict["verdict"], verdict["severity"]), ("10.0.2.4", 22, "undeclared", "critical"))
        self.assertEqual(self.status, 1)  # and the run ends with it

    def test_silence_that_proves_nothing_what_was_not_asked_and_what_is_old_pass_nothing(self):
        estate = isolated()
        for words, status, said in ((self.asked(estate, "eni-web", silent={"10.0.2.4"}), (3, 4), "silence that proves nothing"),
                                    (self.asked(estate, "eni-web", depth="declared"), (0, 1), "answers of TCP ports 1-1023 of 10.0.2.4 of eni-db, which were not asked from eni-web"),
                                    (self.asked(estate, "eni-web", sentinels=0), (0, 1), "no sentinel answered, by what inside/eni-web/verdicts.json tells"),
                                    (self.asked(estate, "eni-web", sentinels=None), (0, 1), "no sentinel answered"),
                                    (self.asked(estate, "eni-app"), (0, 1), "nothing was asked from an interface of web"),
                                    (self.asked(estate, "eni-web", day="2024-01-01"), (0, 1), "of the last 366 days: these are of 2024-01-01")):
            control = self.judge(estate, more=words)[PCI + "11.4.5"]
            self.assertEqual(control["result"], "not-evaluated", control)
            self.assertIn(said, " ".join(control["missing"]))
        half_a_year = (datetime.date.today() - datetime.timedelta(days=250)).isoformat()
        found = self.judge(estate, more=self.asked(estate, "eni-web", day=half_a_year))
        self.assertEqual([found[PCI + n]["result"] for n in ("11.4.5", "11.4.6")], ["pass", "not-evaluated"])

    def test_several_interfaces_inside_are_judged_each_by_itself_in_one_evidence(self):
        estate = isolated()
        self.judge(estate, more=[*self.asked(estate, "eni-web", open_ports={("10.0.1.4", 8080)}), *self.asked(estate, "eni-app", open_ports={("10.0.2.4", 5432)})])
        kinds = {}
        for eni in ("eni-web", "eni-app"):
            for verdict in json.loads((self.out / "inside" / eni / "verdicts.json").read_text())["verdicts"]:
                self.assertEqual(verdict["asked_from"]["eni_id"], eni)
                kinds.setdefault((eni, verdict["verdict"]), set()).add((verdict["address"], verdict.get("from_port")))
        self.assertEqual([kinds[e, "confirmed"] for e in ("eni-web", "eni-app")], [{("10.0.1.4", 8080)}, {("10.0.2.4", 5432)}])
        self.assertNotIn(("eni-web", "undeclared"), kinds)
        self.assertEqual(self.derives()[0], "ok")
        (self.out / "inside" / "eni-app" / "verdicts.json").write_text("{}\n")
        self.assertEqual(self.derives()[0], "wrong")

    def outbound(self, eni):
        """{(address, port): (declared, observed, verdict)} of what that interface asked on the internet, by the evidence."""
        verdicts = json.loads((self.out / "inside" / eni / "verdicts.json").read_text())["verdicts"]
        return {(v["address"], v["from_port"]): (v["declared"], v["observed"], v["verdict"], v["intent_rule"], v["severity"]) for v in verdicts if v["name"] == "internet"}

    def test_what_leaves_is_observed_at_places_that_the_user_names(self):
        place, estate = "198.51.100.99", isolated()
        rules = [{"id": "no-way-out", "decision": "deny", "from": "web", "to": "internet"}, *RULES]
        app = self.asked(estate, "eni-app", {("10.0.2.4", 5432)}, outside=[(place, 443, "open"), (place, 25, "filtered")])
        web = self.asked(estate, "eni-web", outside=[(place, 443, "filtered"), (place, 25, "filtered")])
        found = self.judge(estate, rules=rules, more=[*app, *web])
        # That the way out is shut shows only where the place was there: app heard it at 443, and nobody at 25.
        self.assertEqual(self.outbound("eni-app"), {(place, 443): ("reachable", "open", "confirmed", "updates", "info"),
                                                    (place, 25): ("unreachable", "unknown", "unverified", None, "low")})
        self.assertEqual(self.outbound("eni-web"), {(place, 443): ("unreachable", "filtered", "enforced", "no-way-out", "info"),
                                                    (place, 25): ("unreachable", "unknown", "unverified", "no-way-out", "medium")})
        self.assertEqual((self.status, found[PCI + "11.4.5"]["result"]), (4 if any(c["result"] == "fail" for c in found.values()) else 3, "not-evaluated"))
        self.assertIn("app (eni-app) to internet: confirmed 1, unverified 1\n", self.told)
        self.assertIn("1 port of %s: silent, and nothing shows that it answered anybody about then" % place, (self.out / "verdicts.json").read_text())
        self.assertEqual(self.derives()[0], "ok")
        self.judge(estate, rules=rules, more=self.asked(estate, "eni-web", outside=[(place, 443, "open")]))
        self.assertEqual(self.outbound("eni-web"), {(place, 443): ("unreachable", "open", "undeclared", "no-way-out", "critical")})
        self.judge(estate, more=[*self.asked(estate, "eni-app", outside=[(place, 443, "open")], day="2026-01-01"), *self.asked(estate, "eni-web", outside=[(place, 443, "filtered")])])
        self.assertEqual(self.outbound("eni-web")[place, 443][2], "unverified")  # it was there some other day

    def test_what_came_through_from_inside_and_is_not_declared_or_is_forbidden_fails_where_it_is_asked_about(self):
        place, estate = "198.51.100.99", isolated()
        fact = lambda control: {(e["result"], e["subject"], e["detail"]) for e in control["evidence"] if e["fact"] == "nothing-undeclared-inside"}
        none = {("not-applicable", "inside", "nothing of it was asked from inside")}
        found = self.judge(estate, packs=("pci-dss-segmentation",))
        self.assertEqual((fact(found[PCI + "1.3.1"]), fact(found[PCI + "1.3.2"]), found[PCI + "1.3.2"]["result"]), (none, none, "pass"))
        # The database gets out, where its groups let nothing out.
        found = self.judge(estate, packs=("pci-dss-segmentation",), more=self.asked(estate, "eni-db", outside=[(place, 443, "open")]))
        self.assertEqual(fact(found[PCI + "1.3.1"]), none)
        self.assertIn(("fail", "%s 443/tcp from eni-db" % place, "a packet came through (open) where the configuration says none can"), fact(found[PCI + "1.3.2"]))
        self.assertEqual(found[PCI + "1.3.2"]["result"], "fail")
        self.assertEqual(self.derives()[0], "ok")
        [entry] = [e for e in found[PCI + "1.3.2"]["evidence"] if e["fact"] == "nothing-undeclared-inside" and e["result"] == "fail"]
        path, pointer = entry["reference"].split("#")
        self.assertEqual(at(json.loads((self.out / path).read_text()), pointer)["address"], place)
        # web reaches the database, where nothing is declared; app does, where that is declared, and now forbidden.
        found = self.judge(estate, packs=("pci-dss-segmentation",), more=self.asked(estate, "eni-web", {("10.0.2.4", 5432)}))
        self.assertIn(("fail", "10.0.2.4 5432/tcp from eni-web", "a packet came through (open) where the configuration says none can"), fact(found[PCI + "1.3.1"]))
        self.assertEqual(fact(found[PCI + "1.3.2"]), none)
        asked = self.asked(estate, "eni-app", {("10.0.2.4", 5432)})
        self.assertEqual({r for r, *_ in fact(self.judge(estate, packs=("pci-dss-segmentation",), more=asked)[PCI + "1.3.1"])}, {"pass"})
        rules = [{"id": "stop", "decision": "deny", "from": "app", "to": "db"}, *RULES]
        self.assertIn(("fail", "10.0.2.4 5432/tcp from eni-app", "a packet came through (open), which rule stop of the intent forbids"),
                      fact(self.judge(estate, rules=rules, packs=("pci-dss-segmentation",), more=asked)[PCI + "1.3.1"]))

    def test_an_address_in_a_vpc_that_no_interface_has_is_no_place_outside(self):
        estate = isolated()
        estate["Vpcs"][0]["CidrBlockAssociationSet"].append({"CidrBlock": "192.0.2.0/24", "CidrBlockState": {"State": "associated"}})
        self.judge(estate, more=self.asked(estate, "eni-web", outside=[("192.0.2.77", 443, "open")]))
        self.assertEqual(self.outbound("eni-web"), {})
        told = json.loads((self.out / "inside/eni-web/verdicts.json").read_text())["coverage"]["not_asked"]
        self.assertIn({"what": "observations of addresses that are no endpoint of the snapshot", "count": 1}, told)

    def test_places_to_ask_outside_are_planned_as_what_leaves_is_computed(self):
        estate = isolated()
        estate["Vpcs"][0]["CidrBlockAssociationSet"].append({"CidrBlock": "192.0.2.0/24", "CidrBlockState": {"State": "associated"}})
        for eni, expected in (("eni-app", ["reachable", "unreachable"]), ("eni-web", ["unreachable", "unreachable"])):
            done = common.sgproof("plan", folder(documents(estate)), "--vantage-interface", eni, "--outbound", "198.51.100.99:443", "--outbound", "198.51.100.99:25")
            lines = [line for line in map(json.loads, done.stdout.splitlines()) if line.get("why") == ["outbound"]]
            self.assertEqual([(line["address"], line["ports"], line["expect"]) for line in lines], list(zip(["198.51.100.99"] * 2, ["443", "25"], expected)))
        for words, said in ((("eni-app", "10.9.0.1:443"), "is no address of the internet"), (("eni-app", "127.0.0.5:443"), "is no address of the internet"), (("eni-app", "192.0.2.77:443"), "lies in a VPC of it"), (("eni-app", "198.51.100.99"), "expected ADDRESS:PORT"),
                            (("eni-app", "[2001:db8:9::9]:443"), "has no address of that family"), (("eni-app", "198.51.100.99:443", "198.51.100.99:443"), "is there twice")):
            done = common.sgproof("plan", folder(documents(estate)), "--vantage-interface", words[0], *[w for place in words[1:] for w in ("--outbound", place)])
            self.assertEqual((done.returncode, said in done.stderr), (2, True), done.stderr)
        done = common.sgproof("plan", folder(documents(estate)), "--vantage", "203.0.113.7", "--outbound", "198.51.100.99:443")
        self.assertEqual((done.returncode, "give --vantage-interface too" in done.stderr), (2, True), done.stderr)

    def test_mistakes_about_who_was_asked_from_are_told_before_anything_is_done(self):
        estate = isolated()
        flag, told = self.asked(estate, "eni-web")
        path = told.partition("=")[2]
        for words, said in ((("--inside", path), "expected ENI=FILE"), (("--inside", "eni-none=" + path), "the snapshot has no such interface"),
                            (("--inside", "eni-web=/nowhere.jsonl"), "/nowhere.jsonl"), ((flag, told, flag, told), "is given twice"),
                            (("--inside", "../x=" + path), "expected the id of a network interface"), (("--inside", "eni-nat=" + path), "NAT gateway")):
            out = pathlib.Path(path).parent / "out"
            done = common.sgproof("run", "--no-history", "--snapshot", folder(documents(estate)), "--out", out, "--vantage", "203.0.113.7", "--depth", "declared",
                                  "--method", "connect", *words, *common.ONLY)
            self.assertEqual((done.returncode, out.exists()), (2, False), done.stderr)
            self.assertIn(said, done.stderr)

    # ---- What is not known

    def test_without_what_the_intent_must_say_nothing_is_evaluated(self):
        found = self.judge(isolated(), tiers=[{k: v for k, v in t.items() if k != "scope"} for t in TIERS], rules=[r for r in RULES if False])
        for name in ("1.3.1", "1.3.2", "1.4.4", "11.4.5", "11.4.6"):
            self.assertEqual(self.failing(found[PCI + name]), set())
            self.assertTrue(found[PCI + name]["missing"], found[PCI + name])
            self.assertFalse([e for e in found[PCI + name]["evidence"] if e["fact"] in FACTS])
        self.assertIn("which is the cardholder environment", found[PCI + "11.4.5"]["missing"][0])
        self.assertIn("rules have `from` and `to`", found["sec-002/flows-intended"]["missing"][0])
        found = self.judge(isolated(), tiers=[{**TIERS[2], "select": {"group": "dbb"}}, *TIERS[:2]], rules=RULES)
        self.assertIn("interfaces of the cardholder environment: the segment db holds none", found[PCI + "11.4.5"]["missing"])

    def test_without_a_document_nothing_passes_and_it_is_named(self):
        for kind in ("NetworkAcls", "RouteTables", "SecurityGroups"):
            estate = isolated()
            del estate[kind]
            found = self.judge(estate)
            for name in ("sec-002/landing-zone-inside", "sec-002/flows-intended", PCI + "11.4.5", PCI + "1.3.2"):
                with self.subTest(kind=kind, control=name):
                    self.assertNotEqual(found[name]["result"], "pass")
                    self.assertIn(kind, " ".join(found[name]["missing"]))

    def test_what_lies_behind_a_gateway_to_elsewhere_is_not_known_to_be_isolated(self):
        for route, said in (({"GatewayId": "vgw-1"}, "what is behind vgw-1, to which rtb-private leads"),
                            ({"TransitGatewayId": "tgw-1"}, "what is behind tgw-1, to which rtb-private leads: no attachment of it is told"),
                            ({"VpcPeeringConnectionId": "pcx-9"}, "what is behind pcx-9, to which rtb-private leads"),
                            ({"NetworkInterfaceId": "eni-9"}, "who comes by eni-9, to which rtb-private leads: it may send on by an address of its own")):
            estate = isolated()
            estate["RouteTables"][1]["Routes"].append({"DestinationCidrBlock": "172.16.0.0/12", "State": "active", **route})
            found = self.judge(estate, packs=("pci-dss-segmentation",))
            self.assertIn(said, found[PCI + "11.4.5"]["missing"])

    def test_who_comes_by_an_address_of_somebody_else_is_not_known_to_be_kept_out(self):
        service = {"ServiceType": [{"ServiceType": "Interface"}], "ServiceId": "vpce-svc-9", "ServiceName": "com.amazonaws.vpce.eu-west-3.vpce-svc-9", "ServiceState": "Available",
                   "NetworkLoadBalancerArns": ["arn:aws:elasticloadbalancing:eu-west-3:111122223333:loadbalancer/net/n/1"]}
        control = {"id": "own/isolated", "title": "t", "text": "t", "source": "s", "severity": "high", "facts": [{"fact": "cde-is-isolated"}]}
        made = tempfile.TemporaryDirectory()
        self.addCleanup(made.cleanup)
        pack = pathlib.Path(made.name, "pack.json")
        pack.write_text(json.dumps({"schema": "sgproof/pack/v1", "id": "own", "title": "t", "source": "s", "controls": [control]}))
        self.assertEqual(self.judge(isolated(), packs=(pack,))["own/isolated"]["result"], "pass")
        for direction, name, said in (("IpPermissions", "com.amazonaws.eu-west-3.vpc-lattice", "who comes by Amazon VPC Lattice, whose addresses sg-db admits"),
                                      ("IpPermissionsEgress", "com.amazonaws.eu-west-3.ipv6.vpc-lattice", "what is asked by Amazon VPC Lattice, whose addresses sg-db admits"),
                                      ("IpPermissions", "com.amazonaws.eu-west-3.s3", None)):
            estate = isolated()
            estate["SecurityGroups"][2][direction].append({**permission("tcp", (443, 443)), "PrefixListIds": [{"PrefixListId": "pl-9"}]})
            estate["PrefixLists"] = [{"PrefixListId": "pl-9", "PrefixListName": name, "Cidrs": ["169.254.171.0/24"]}]
            found = self.judge(estate, packs=(pack,))["own/isolated"]
            self.assertEqual((found["result"], found["missing"]), ("not-evaluated", ["%s (%s)" % (said, name)]) if said else ("pass", []))
        for private in (False, True):
            estate = isolated()
            if private:
                nat = json.loads(json.dumps(estate["NatGateways"][0]))
                nat.update(NatGatewayId="nat-9", ConnectivityType="private")
                nat["NatGatewayAddresses"][0].pop("PublicIp")
                estate["NatGateways"].append(nat)
                estate["RouteTables"][1]["Routes"].append({"DestinationCidrBlock": "172.16.0.0/12", "State": "active", "NatGatewayId": "nat-9"})
            else:
                estate["ServiceConfigurations"] = [service]
            found = self.judge(estate, packs=(pack,))["own/isolated"]
            self.assertEqual(found["result"], "not-evaluated", private)
            self.assertIn("who comes by nat-9, to which rtb-private leads: it may send on by an address of its own" if private else "who comes by endpoint service vpce-svc-9",
                          found["missing"])

    def test_mistakes_of_intent_and_packs_are_told(self):
        with tempfile.TemporaryDirectory() as made:
            path = pathlib.Path(made, "intent.json")
            path.write_text(json.dumps({"schema": "sgproof/intent/v1", "platform": "p", "default": "deny", "rules": [], "segments": [{**TIERS[2], "scope": "pci"}]}))
            done = common.sgproof("segments", folder(documents(isolated())), "--intent", path)
            self.assertEqual(done.returncode, 2)
            self.assertIn("segments[0].scope", done.stderr)
            pack = {"schema": "sgproof/pack/v1", "id": "mine", "title": "Mine", "source": "us", "controls": [
                {"id": "mine/flows", "title": "t", "text": "t", "source": "us", "severity": "low", "facts": [{"fact": "flows-are-intended", "to": "db"}]}]}
            path.write_text(json.dumps(pack))
            done = common.sgproof("account", made, "--pack", path)
            self.assertEqual(done.returncode, 2)
            self.assertIn('controls[0].facts[0].to: "db", expected any|inside|internet|cde', done.stderr)


if __name__ == "__main__":
    unittest.main()
