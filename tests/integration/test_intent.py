"""Intent: what is meant to be public, and what the file itself deserves to be told."""
import fnmatch
import ipaddress
import json
import os
import pathlib
import random
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import common
from oracle import estates
from test_snapshots import permission, plain


def rule(name, decision="allow", **more):
    return {"id": name, "decision": decision, **more}


def intent(*rules, default="deny", **more):
    return {"schema": "sgproof/intent/v1", "platform": "test", "default": default, "rules": list(rules), **more}


def seen(address, protocol, port, state="open"):
    line = {"address": address, "protocol": protocol, "state": state, "reason": "syn-ack", "tries": 1}
    if protocol in ("tcp", "udp"):
        line.update(from_port=port, to_port=port)
    return line


class Intent(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name)

    def judge(self, what, estate=None, observations=None, date="2026-06-01", words=()):
        snapshot = self.path / "snapshot"
        snapshot.mkdir(exist_ok=True)
        estates.write(estate or plain(), snapshot)
        lines = observations or [seen("198.51.100.4", "tcp", 443), seen("2001:db8:1::4", "tcp", 443)]
        (self.path / "o.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        (self.path / "i.json").write_text(json.dumps(what))
        done = common.sgproof("reconcile", snapshot, self.path / "o.jsonl", "--intent", self.path / "i.json", "--date", date,
                              "--vantage", "203.0.113.7", "--vantage", "2001:db8:ffff::7", "--format", "json", *words)
        self.assertIn(done.returncode, (0, 1, 3, 4), done.stderr)
        document = json.loads(done.stdout)
        document["status"] = done.returncode
        return document

    def review(self, *rules, **more):
        return {(n["rule"], n["state"]): n["detail"] for n in self.judge(intent(*rules), **more).get("intent_review", [])}

    def test_owner_and_reason_go_with_the_verdict(self):
        document = self.judge(intent(rule("web", owner="shop", reason="customers")))
        for verdict in document["verdicts"]:
            self.assertEqual((verdict["intent"], verdict["intent_rule"], verdict["intent_owner"], verdict["intent_reason"],
                              verdict["severity"]), ("expected", "web", "shop", "customers", "info"))

    def test_without_an_intent_databases_and_administration_that_answer_the_world_are_high(self):
        def severities(sources, seen_as="open"):
            estate = plain()
            estate["SecurityGroups"][0]["IpPermissions"] = [permission("tcp", (1, 65535), sources)]
            snapshot = self.path / "world"
            snapshot.mkdir(exist_ok=True)
            estates.write(estate, snapshot)
            line = {**seen("198.51.100.4", "tcp", 3000), "to_port": 3400, "state": seen_as}
            (self.path / "w.jsonl").write_text(json.dumps(line) + "\n" + json.dumps({**line, "from_port": 5432, "to_port": 5432}) + "\n")
            done = common.sgproof("reconcile", snapshot, self.path / "w.jsonl", "--vantage", "203.0.113.7", "--format", "json")
            return {(v["from_port"], v["to_port"]): v["severity"] for v in json.loads(done.stdout)["verdicts"] if v["observed"] == seen_as}, done.returncode
        medium = {(3000, 3267): "medium", (3268, 3269): "high", (3270, 3305): "medium", (3306, 3306): "high", (3307, 3388): "medium", (3389, 3389): "high", (3390, 3400): "medium", (5432, 5432): "high"}
        self.assertEqual(severities(["0.0.0.0/0"]), (medium, 4))  # what was not asked is incomplete, and there is a finding
        self.assertEqual(severities(["0.0.0.0/1", "128.0.0.0/1"]), (medium, 4))
        for sources in (["203.0.113.0/24"], ["128.0.0.0/1"]):
            self.assertEqual(severities(sources), ({(3000, 3400): "medium", (5432, 5432): "medium"}, 3))
        self.assertNotIn("high", severities(["0.0.0.0/0"], "closed")[0].values())

    def test_an_exception_that_has_expired_is_a_finding_and_names_its_owner(self):
        what = intent(rule("for-now", owner="ann", reason="migration", expires="2026-03-31"))
        good = self.judge(what, date="2026-03-31")
        self.assertEqual([v["severity"] for v in good["verdicts"]], ["info", "info"])
        self.assertEqual(good["status"], 0)
        bad = self.judge(what, date="2026-04-01")
        for verdict in bad["verdicts"]:
            self.assertEqual((verdict["intent"], verdict["severity"], verdict["intent_expired"], verdict["intent_owner"]),
                             ("forbidden", "critical", "for-now", "ann"))
        self.assertEqual(bad["status"], 1)
        allowed = self.judge({**what, "default": "allow"}, date="2026-04-01")
        self.assertEqual({v["severity"] for v in allowed["verdicts"]}, {"medium"})
        self.assertEqual(bad["intent_review"], [{"rule": "for-now", "state": "expired", "owner": "ann",
                                                 "detail": "on 2026-03-31; it no longer allows"}])

    def test_rules_that_select_nothing_are_unused(self):
        for select in ({"instance": "i-9"}, {"group": "db"}, {"tag": "a=b"}, {"subnet": "subnet-9"}, {"vpc": "vpc-9"},
                       {"account": "9*"}, {"address": "198.51.100.0/30"}):
            with self.subTest(select=select):
                self.assertEqual(self.review(rule("a", select=select)), {("a", "unused"): "it selects no endpoint"})
        for select in ({"instance": "i-*"}, {"group": "w?b"}, {"group": "sg-1"}, {"subnet": "subnet-1"}, {"vpc": "vpc-1"},
                       {"account": "111122223333"}, {"address": "198.51.100.0/29"}):
            with self.subTest(select=select):
                self.assertEqual(self.review(rule("a", select=select)), {})

    def test_rules_that_earlier_ones_decide_whole_are_shadowed_and_by_which(self):
        wide = rule("wide", protocol="tcp", ports="1-1000")
        self.assertEqual(self.review(wide, rule("b", protocol="tcp", ports="443")),
                         {("b", "shadowed"): "earlier rules decide all of it: wide"})
        self.assertEqual(self.review(wide, rule("b", protocol="tcp", ports="443,2000")), {})
        self.assertEqual(self.review(wide, rule("b", protocol="udp", ports="443")), {})
        halves = [rule("low", protocol="tcp", sources=["0.0.0.0/1"]), rule("high", protocol="tcp", sources=["128.0.0.0/1", "::/0"])]
        self.assertEqual(self.review(*halves, rule("c", decision="deny", protocol="tcp")),
                         {("c", "shadowed"): "earlier rules decide all of it: low, high"})
        self.assertEqual(self.review(*halves, rule("c", decision="deny")), {})
        self.assertEqual(self.review(halves[0], rule("c", protocol="tcp", sources=["10.0.0.0/8"])),
                         {("c", "shadowed"): "earlier rules decide all of it: low"})
        # What has expired decides nothing.
        self.assertEqual(self.review({**wide, "expires": "2020-01-01"}, rule("b", protocol="tcp", ports="443")),
                         {("wide", "expired"): "on 2020-01-01; it no longer allows"})
        # Shadowed at one endpoint only is not shadowed.
        self.assertEqual(self.review(rule("a", select={"address": "198.51.100.4"}), rule("b", protocol="tcp")), {})

    def test_as_intent_judges_todays_state_clean(self):
        for name, estate in (("plain", plain()), ("wide", self.wide())):
            with self.subTest(name=name):
                snapshot = self.path / "snapshot"
                snapshot.mkdir(exist_ok=True)
                estates.write(estate, snapshot)
                start = self.path / "start.json"
                done = common.sgproof("compute", snapshot, "--as-intent", "-o", start)
                self.assertEqual(done.returncode, 0, done.stderr)
                what = json.loads(start.read_text())
                lines = [seen("198.51.100.4", "tcp", p) for p in (22, 443)] if name == "wide" else None
                if lines:
                    lines += [seen("198.51.100.4", "udp", 53), seen("198.51.100.4", "icmp", 0)]
                document = self.judge(what, estate, lines)
                self.assertEqual({v["intent"] for v in document["verdicts"] if v["verdict"] == "confirmed"}, {"expected"})
                self.assertEqual({v["severity"] for v in document["verdicts"] if v["verdict"] == "confirmed"}, {"info"})
                self.assertNotIn("intent_review", document)
                # and nothing more: what opens tomorrow is a finding
                estate["SecurityGroups"][0]["IpPermissions"].append(permission("tcp", (8080, 8080), ["0.0.0.0/0"]))
                more = self.judge(what, estate, [seen("198.51.100.4", "tcp", 8080)])
                self.assertIn("critical", {v["severity"] for v in more["verdicts"]})

    @staticmethod
    def wide():
        estate = plain()
        estate["NetworkInterfaces"][0]["Ipv6Addresses"] = []
        estate["SecurityGroups"][0]["IpPermissions"] = [
            permission("tcp", (443, 443), ["0.0.0.0/0"]), permission("tcp", (22, 22), ["203.0.113.0/28", "192.0.2.0/24"]),
            permission("udp", (53, 53), ["0.0.0.0/0"]), permission("icmp", (8, -1), ["0.0.0.0/0"]),
            permission("47", None, ["0.0.0.0/0"])]
        return estate

    def test_the_first_rule_about_an_endpoint_decides_by_whatever_it_names_it(self):
        number = common.seed("SEED")
        rng, cases = random.Random(number), 0
        for draw in range(12):
            estate = plain()
            first = estate["NetworkInterfaces"].pop()
            group = estate["SecurityGroups"].pop()
            for g in range(4):  # a group may be called as another's id is, or as an instance
                estate["SecurityGroups"].append({**group, "GroupId": "sg-%d" % g, "GroupName": rng.choice(["web", "db", "sg-0", "i-1", "198.51.100.11"])})
            named = {g["GroupId"]: g["GroupName"] for g in estate["SecurityGroups"]}
            estate["Reservations"] = [{"Instances": [{"InstanceId": "i-%d" % i, "State": {"Name": "running"}} for i in range(6)]}]
            for i in range(6):
                estate["NetworkInterfaces"].append({
                    **first, "NetworkInterfaceId": "eni-%d" % i, "Groups": [{"GroupId": g} for g in sorted(rng.sample(sorted(named), rng.randrange(1, 3)))],
                    "Attachment": {"InstanceId": "i-%d" % i, "Status": "attached"}, "TagSet": [{"Key": "tier", "Value": "t%d" % (i % 3)}], "Ipv6Addresses": [{"Ipv6Address": "2001:db8:1::%d" % (i + 1)}],
                    "PrivateIpAddresses": [{"PrivateIpAddress": "10.0.0.%d" % (4 + i), "Association": {"PublicIp": "198.51.100.%d" % (10 + i)}}]})
            rules = [rule("r%d" % i, rng.choice(["allow", "deny"]), select=dict(rng.sample([
                ("address", rng.choice(["198.51.100.%d" % rng.randrange(10, 17), "198.51.100.%d/31" % rng.choice([10, 12]), "2001:db8:1::%d" % rng.randrange(1, 8)])),
                ("instance", rng.choice(["i-%d" % rng.randrange(7), "i-[0-2]", "i-?"])), ("group", rng.choice(["sg-%d" % rng.randrange(5), "web", "db", "i-1", "w*"])),
                ("tag", "tier=t%d" % rng.randrange(3)), ("vpc", "vpc-1")], rng.choice([1, 1, 1, 2]))),
                **({"ports": "%d-%d" % (port, port + rng.randrange(3))} if (port := rng.randrange(440, 446)) % 2 else {}), protocol="tcp") for i in range(rng.choice([3, 40]))]

            def about(select, one, place):
                groups = [g["GroupId"] for g in one["Groups"]]
                held = {"address": lambda v: ipaddress.ip_address(place) in ipaddress.ip_network(v), "vpc": lambda v: v == "vpc-1", "tag": lambda v: v == "tier=" + one["TagSet"][0]["Value"],
                        "instance": lambda v: fnmatch.fnmatchcase(one["Attachment"]["InstanceId"], v),
                        "group": lambda v: any(fnmatch.fnmatchcase(name, v) for g in groups for name in (g, named[g]))}
                return all(held[key](value) for key, value in select.items())
            places = {place: one for one in estate["NetworkInterfaces"] for place in (one["PrivateIpAddresses"][0]["Association"]["PublicIp"], one["Ipv6Addresses"][0]["Ipv6Address"])}
            document = self.judge(intent(*rules), estate=estate, observations=[{**seen(place, "tcp", 440), "to_port": 447} for place in places])
            for place, one in places.items():
                for port in range(440, 448):
                    wanted = next((r["id"] for r in rules if about(r["select"], one, place) and ("ports" not in r or port in range(int(r["ports"][:3]), int(r["ports"][4:]) + 1))), None)
                    found = [v["intent_rule"] for v in document["verdicts"] if v["address"] == place and v["from_port"] <= port <= v["to_port"]]
                    self.assertEqual(found, [wanted], (number, draw, place, port))
                    cases += 1
            unused = {n["rule"] for n in document.get("intent_review", []) if n["state"] == "unused"}
            self.assertEqual(unused, {r["id"] for r in rules if not any(about(r["select"], one, place) for place, one in places.items())}, (number, draw))
        self.assertEqual(cases, 12 * 12 * 8)

    def test_administrators_are_arns(self):
        for wrong in ([1], ["ann"], "arn:aws:iam::1:user/a"):
            (self.path / "i.json").write_text(json.dumps(intent(administrators=wrong)))
            done = common.sgproof("plan", common.SAMPLE, "--vantage", "203.0.113.7", "--intent", self.path / "i.json")
            self.assertEqual(done.returncode, 2)
            self.assertIn("administrators", done.stderr)
        self.judge(intent(administrators=["arn:aws:iam::*:user/ann"]))


if __name__ == "__main__":
    unittest.main()
