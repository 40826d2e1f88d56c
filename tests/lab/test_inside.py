"""Seen from inside, end to end: a platform with tiers, as namespaces, is asked from three of its instances, and each difference is found.

What passes is decided by scripts/lab-inside, which reads the same documents and shares nothing with sgproof. Packets stay in its namespaces."""
import ipaddress
import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

sys.path[:0] = [os.path.join(os.path.dirname(__file__), ".."), os.path.join(os.path.dirname(__file__), "..", "integration")]
import common
import forger
from test_seen_inside import ACCOUNT, acl, group, interface, ports_of, refers, table
from test_snapshots import entry, permission
from test_world import documents, folder

LAB = common.TOP / "scripts/lab-inside"
WEB, WEB6, APP, APP6, DB, DB6 = "198.51.100.10", "2001:db8:1:1::10", "198.51.100.20", "2001:db8:1:1::20", "198.51.100.70", "2001:db8:1:2::70"
LOG, WALL, PLACE = "198.51.100.130", "198.51.100.200", "203.0.113.9"
ONLY = ["--only", "198.51.100.0/24", "--only", "2001:db8:1::/48", "--only", PLACE + "/32"]
# The web tier gets at the database behind AWS's back, and the database out where it should not; the app tier's second service is
# down, and the appliance swallows the second of the log's ports.
TRUTH = {"undeclared": [{"from": WEB, "address": DB, "port": 6379}], "outbound": [{"from": DB, "address": PLACE, "port": 25}],
         "latent": [{"address": APP, "port": 8081}], "swallowed": [{"address": LOG, "port": 6515}], "canaries": [PLACE + ":443", PLACE + ":25"]}


def platform():
    """web and app in one subnet, db in another: web asks app, app asks db; web is not to reach the database. app has a public address, db a NAT gateway,
    and an ACL that lets it out at 443; the log is behind an appliance."""
    subnets = [{"SubnetId": "subnet-" + n, "VpcId": "vpc-1", "CidrBlock": c, "AvailabilityZone": "eu-west-3a", "OwnerId": ACCOUNT,
                "Ipv6CidrBlockAssociationSet": [{"Ipv6CidrBlock": c6, "Ipv6CidrBlockState": {"State": "associated"}}] if c6 else []}
               for n, c, c6 in (("front", "198.51.100.0/26", "2001:db8:1:1::/64"), ("back", "198.51.100.64/26", "2001:db8:1:2::/64"),
                                ("far", "198.51.100.128/26", None), ("wall", "198.51.100.192/26", None))]
    walls = [entry(100, False, "allow", "6", "198.51.100.0/26", (5432, 5432)), entry(101, False, "allow", "6", "2001:db8:1:1::/64", (5432, 5432)),
             entry(102, False, "allow", "1", "198.51.100.0/26", icmp=(8, -1)), entry(103, False, "allow", "6", PLACE + "/32", (1024, 65535)),
             entry(100, True, "allow", "6", "198.51.100.0/26", (1024, 65535)), entry(101, True, "allow", "6", "2001:db8:1:1::/64", (1024, 65535)),
             entry(102, True, "allow", "1", "198.51.100.0/26", icmp=(0, -1)), entry(103, True, "allow", "6", PLACE + "/32", (443, 443))]
    route = lambda cidr, **to: {"DestinationCidrBlock": cidr, "State": "active", "Origin": "CreateRoute", **to}
    local = ("198.51.100.0/24", "2001:db8:1::/56")
    wall = {"NetworkInterfaceId": "eni-wall", "InstanceId": "i-wall", "InstanceOwnerId": ACCOUNT}
    app = interface("app", "subnet-front", APP, ipv6=APP6)
    app["PrivateIpAddresses"][0]["Association"] = {"PublicIp": "203.0.113.20", "IpOwnerId": ACCOUNT}
    nat = interface("nat", "subnet-front", "198.51.100.50", InterfaceType="nat_gateway", Groups=[], Attachment={"Status": "attached"})
    nat["PrivateIpAddresses"][0]["Association"] = {"PublicIp": "203.0.113.50", "IpOwnerId": ACCOUNT}
    return {"Vpcs": [{"VpcId": "vpc-1", "CidrBlock": "198.51.100.0/24", "OwnerId": ACCOUNT,
                      "CidrBlockAssociationSet": [{"CidrBlock": "198.51.100.0/24", "CidrBlockState": {"State": "associated"}}]}],
            "Subnets": subnets, "InternetGateways": [{"InternetGatewayId": "igw-1", "OwnerId": ACCOUNT, "Attachments": [{"VpcId": "vpc-1", "State": "available"}]}],
            "RouteTables": [table("one", None, local=local), table("far", ["subnet-far"], [route("198.51.100.0/26", **wall)], local=local),
                            table("front", ["subnet-front"], [route("0.0.0.0/0", GatewayId="igw-1"), route("198.51.100.128/26", **wall)], local=local),
                            table("back", ["subnet-back"], [route("0.0.0.0/0", NatGatewayId="nat-1")], local=local)],
            "NetworkAcls": [acl("front", ["subnet-front", "subnet-far", "subnet-wall"]), acl("walls", ["subnet-back"], walls)],
            "SecurityGroups": [group("web"), group("app", [refers((8080, 8081), "sg-web"), permission("icmp", (8, -1), ["198.51.100.0/24"])]),
                               group("db", [refers((5432, 5432), "sg-app"), permission("icmp", (8, -1), ["198.51.100.0/24"])]),
                               group("log", [permission("tcp", (6514, 6515), ["198.51.100.0/26"])]), group("wall", [permission("tcp", (6514, 6515), ["198.51.100.0/24"])])],
            "NetworkInterfaces": [interface("web", "subnet-front", WEB, ipv6=WEB6), app, interface("db", "subnet-back", DB, ipv6=DB6),
                                  interface("log", "subnet-far", LOG), interface("wall", "subnet-wall", WALL, SourceDestCheck=False), nat],
            "NatGateways": [{"NatGatewayId": "nat-1", "VpcId": "vpc-1", "SubnetId": "subnet-front", "State": "available", "ConnectivityType": "public",
                             "NatGatewayAddresses": [{"NetworkInterfaceId": "eni-nat", "PrivateIp": "198.51.100.50", "PublicIp": "203.0.113.50", "IsPrimary": True}]}],
            "VpcPeeringConnections": [], "TransitGateways": [], "TransitGatewayAttachments": [], "EgressOnlyInternetGateways": [],
            "Reservations": [{"Instances": [{"InstanceId": "i-" + n, "State": {"Name": "running"}} for n in ("web", "app", "db", "log", "wall")]}]}


class Inside(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        """Each asks from its own namespace: plan, observations and packets of eni-web, eni-app and eni-db."""
        if not all(shutil.which(tool, path=os.environ["PATH"] + ":/usr/sbin:/sbin") for tool in ("ip", "nft", "unshare")):
            raise unittest.SkipTest("iproute2, nftables or unshare is not installed")
        made = tempfile.TemporaryDirectory()
        cls.addClassCleanup(made.cleanup)
        cls.made, cls.snapshot = pathlib.Path(made.name), folder(documents(platform()))
        (cls.made / "estate.json").write_text(json.dumps(platform()))
        (cls.made / "truth.json").write_text(json.dumps(TRUTH))
        asking = []
        for eni, more in (("eni-web", ()), ("eni-app", ("--depth", "declared")), ("eni-db", ("--depth", "declared"))):
            files = cls.files(eni)
            done = common.sgproof("plan", cls.snapshot, "--vantage-interface", eni, "-o", files[1], *[w for c in TRUTH["canaries"] for w in ("--outbound", c)], *more)
            assert done.returncode == 0, done.stderr
            asking.append(subprocess.Popen([LAB, cls.made / "estate.json", "--truth", cls.made / "truth.json", eni, common.SGPROOF, "probe", "--targets", files[1], *ONLY,
                                            "--timeout", "300", "--rate", "20000", "--host-rate", "20000", "-q", "-o", files[0], "--capture", files[2]],
                                           text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT))
        for process in asking:
            said, _ = process.communicate(timeout=120)
            if process.returncode == 77 or "unshare" in said:
                raise unittest.SkipTest("no namespaces here: " + said.strip())
            assert process.returncode in (0, 3) and "Sanitizer" not in said, said

    @classmethod
    def files(cls, eni):
        return [cls.made / (eni + end) for end in (".jsonl", ".plan", ".pcap")]

    def run_with(self, name, *enis, at="outside", vantage="203.0.113.7", more=()):
        """A run from there, with what these interfaces asked from inside: what it said, and its evidence."""
        out = self.made / name
        inside = [word for eni in enis for word in ("--inside", "%s=%s" % (eni, ",".join(map(str, self.files(eni)))))]
        done = subprocess.run([LAB, self.made / "estate.json", "--truth", self.made / "truth.json", at, common.SGPROOF, *self.run_words(vantage), *more, "--out", out, *inside],
                              text=True, capture_output=True, timeout=120)
        return done, out

    def run_words(self, vantage="203.0.113.7"):
        return ["run", "--no-history", "--snapshot", self.snapshot, "--vantage", vantage, "--depth", "declared", "--timeout", "50", *ONLY, "--only", "203.0.113.20/32", "--only", "203.0.113.50/32"]

    def judged(self, eni):
        done = common.sgproof("reconcile", self.snapshot, self.files(eni)[0], "--vantage-interface", eni, "--format", "json")
        return done.returncode, json.loads(done.stdout)

    def ports(self, output, *kinds):
        return {(v["address"], v["protocol"], p): v["verdict"] for v in output["verdicts"] if v["verdict"] in kinds
                for p in range(v.get("from_port", 0), v.get("to_port", 0) + 1)}

    def test_a_tier_that_reaches_the_database_behind_awss_back_and_a_service_that_is_down_are_found(self):
        status, output = self.judged("eni-web")
        asked = {(t["address"], p) for t in map(json.loads, self.files("eni-web")[1].read_text().splitlines()[1:]) if t["protocol"] == "tcp" for p in ports_of(t["ports"])}
        passes = {(APP, "tcp", 8080): "confirmed", (APP, "tcp", 8081): "latent", (APP6, "tcp", 8080): "confirmed", (APP6, "tcp", 8081): "confirmed",
                  (APP, "icmp", 0): "confirmed", (DB, "icmp", 0): "confirmed", (DB, "tcp", 6379): "undeclared", (WALL, "tcp", 6514): "confirmed", (WALL, "tcp", 6515): "confirmed",
                  (LOG, "tcp", 6514): "confirmed", (LOG, "tcp", 6515): "blocked"}  # these two by an appliance: they were possible
        found = self.ports(output, "confirmed", "latent", "undeclared", "blocked", "unconfirmed")
        self.assertEqual(found, passes)
        kept = {p[:1] + p[2:]: v for p, v in self.ports(output, "enforced", "unverified").items() if p[1] == "tcp"}
        self.assertEqual(set(kept), {(a, p) for a, p in asked if (a, "tcp", p) not in found})
        self.assertEqual({p for p, v in kept.items() if v == "unverified"}, {(PLACE, 443), (PLACE, 25)})  # nobody else was heard
        [wrong] = [v for v in output["verdicts"] if v["verdict"] == "undeclared"]
        self.assertEqual((status, wrong["severity"], wrong["eni_id"], wrong["asked_from"]["eni_id"], wrong["asked_from"]["address"]),
                         (4, "critical", "eni-db", "eni-web", WEB))
        self.assertEqual([(r["stage"], r["stops"]) for r in wrong["because"]], [("acl_in", True)])
        self.assertEqual({v["declared"] for v in output["verdicts"] if v["address"] == LOG and v["verdict"] in ("confirmed", "blocked")}, {"possible"})

    def test_what_leaves_by_a_public_address_by_a_nat_gateway_and_by_none_is_observed_as_it_is(self):
        _, output = self.judged("eni-app")
        self.assertEqual({p: v for p, v in self.ports(output, "confirmed", "latent", "undeclared", "blocked").items() if p[0] in (PLACE, DB, DB6)},
                         {(DB, "tcp", 5432): "confirmed", (DB6, "tcp", 5432): "confirmed", (DB, "icmp", 0): "confirmed", (PLACE, "tcp", 443): "confirmed", (PLACE, "tcp", 25): "confirmed"})
        status, output = self.judged("eni-db")
        self.assertEqual({p: v for p, v in self.ports(output, *"confirmed latent undeclared blocked unverified enforced".split()).items() if p[0] == PLACE},
                         {(PLACE, "tcp", 443): "confirmed", (PLACE, "tcp", 25): "undeclared"})
        [wrong] = [v for v in output["verdicts"] if v["verdict"] == "undeclared"]
        self.assertEqual((status, wrong["severity"], wrong["eni_id"], wrong["name"], [r["id"] for r in wrong["because"] if r.get("stops")]), (4, "critical", None, "internet", ["acl-walls"]))

    def test_in_one_evidence_they_derive_from_their_packets_and_no_lie_about_them_does(self):
        done, out = self.run_with("out", "eni-web", "eni-app", "eni-db")
        self.assertIn(done.returncode, (1, 4), done.stderr)
        for line in ("web (eni-web) to db: confirmed 1, undeclared 1, ", "app (eni-app) to internet: confirmed 2\n", "db (eni-db) to internet: confirmed 1, undeclared 1; 1 critical\n",
                     "web (eni-web) to internet: enforced 2\n"):  # what the others heard was there: its silence is the way's
            self.assertIn(line, done.stdout)
        # The platform's table: for each group, in and out, what is declared and what was observed.
        lines = {(p["group_name"], p["direction"], p["decision"], p["ports"]): p["inside"] for p in json.loads((out / "controls.json").read_text())["platform"] if "inside" in p}
        told = lambda *key: (lines[key]["declared_reachable"], {state: n for state, n in lines[key]["observed"].items() if n and state != "filtered"})
        self.assertEqual(told("db", "inbound", "allow", "5432"), (2, {"open": 2}))  # by app, at both addresses; web was never let in by that rule
        self.assertEqual(told("db", "inbound", "deny", "all"), (0, {"open": 1}))  # web at 6379
        self.assertEqual(told("app", "inbound", "allow", "8080-8081"), (4, {"open": 3, "closed": 1}))
        self.assertEqual(told("log", "inbound", "allow", "6514-6515"), (4, {"open": 2}))  # the appliance swallows the other
        self.assertEqual(told("db", "outbound", "allow", "all"), (1, {"open": 2, "unknown": 2}))  # its ACL lets out less
        self.assertIn("inside: 0 of ", (out / "report.html").read_text())
        self.assertEqual(self.check(out)[0], "ok", self.check(out))
        self.assertRegex(self.check(out)[1], "^every question of the plans that it holds is answered as the packets say: "
                         r"eni-app \(depth declared: standard asks \d+ more, as .*\) from 20.*Z to 20.*Z, eni-db .*, eni-web \(depth standard: full asks \d+ more, .*\) from")
        audit = subprocess.run([common.TOP / "scripts/audit", out], text=True, capture_output=True).stdout
        self.assertNotIn("CONTRADICTS", audit)
        self.assertNotIn("there are no packets", audit)
        kept = {one: one.read_bytes() for one in (out / "inside/eni-web").iterdir()}
        seen, plan, capture = (out / "inside/eni-web" / name for name in ("observations.jsonl", "plan.jsonl", "capture.pcap"))
        lies = ((seen, kept[seen].replace(b'"state": "open"', b'"state": "closed"', 1)), (capture, kept[capture][:-len(kept[capture]) // 3]), (capture, b""),
                (plan, b"".join(line for line in kept[plan].splitlines(True) if DB.encode() not in line)))
        for path, lie in lies:
            path.write_bytes(lie)
            self.assertEqual(self.check(out)[0], "wrong", path)
            if path == seen:
                self.assertIn("eni-web: observations.jsonl: line", self.check(out)[1])
                self.assertIn("inside/eni-web/observations.jsonl: ", subprocess.run([common.TOP / "scripts/audit", out], text=True, capture_output=True).stdout)
            path.write_bytes(kept[path])
        false = self.made / "false.jsonl"
        false.write_bytes(kept[seen].replace(b'"state": "open"', b'"state": "closed"', 1))
        files = self.files("eni-web")
        for given, said in (([false, *files[1:]], "its capture and what was told differ: observations.jsonl: line"), (files[:2], "expected ENI=FILE, or ENI=FILE,PLAN,CAPTURE")):
            done = common.sgproof(*self.run_words(), "--out", self.made / "never", "--inside", "eni-web=" + ",".join(map(str, given)))  # nothing is sent
            self.assertEqual((done.returncode, (self.made / "never").exists()), (2, False))
            self.assertIn(said, done.stderr)

    def asked_less(self, out, drop):
        """The evidence of a maker who asks from eni-web all but what drop(address, protocol, port) takes out, with its packets, and lets all else follow."""
        forged = forger.Forger(out, self.made / ("less-%d" % len(list(self.made.glob("less-*")))))
        seen, plan, capture = ("inside/eni-web/" + name for name in ("observations.jsonl", "plan.jsonl", "capture.pcap"))
        head, *targets = forged.lines(plan)
        for t in targets:
            t["ports"] = ",".join(str(p) for p in sorted(ports_of(t["ports"]) if t["ports"] else [0]) if not drop(t["address"], t["protocol"], p))
        left = [{**t, "ports": "" if "icmp" in t["protocol"] else t["ports"]} for t in targets if t["ports"]]
        forged.write_lines(plan, [{**head, "targets": len(left)}, *left])
        data, at, packets = forged.path(capture).read_bytes(), 24, []
        while at < len(data):
            size = struct.unpack("<I", data[at + 8:at + 12])[0]
            packets, at = [*packets, data[at:at + 16 + size]], at + 16 + size

        def dropped(packet):
            ip = packet[16:]
            four = ip[0] >> 4 == 4
            ends = [str(ipaddress.ip_address(a)) for a in ((ip[12:16], ip[16:20]) if four else (ip[8:24], ip[24:40]))]
            protocol, rest = {6: "tcp", 17: "udp", 1: "icmp", 58: "icmpv6"}.get(ip[9] if four else ip[6], "icmp"), ip[20:] if four else ip[40:]
            ports = (0, 0) if "icmp" in protocol else struct.unpack(">HH", rest[:4])
            return any(drop(a, protocol, p) for a, p in zip(ends, ports))
        forged.path(capture).write_bytes(data[:24] + b"".join(p for p in packets if not dropped(p)))
        forged.seal()
        again = forged.folder.with_name(forged.folder.name + ".jsonl")
        done = common.sgproof("probe", forged.path(plan), "--from-capture", forged.path(capture), "-o", again, "-q", "--timeout", "300", *ONLY)
        self.assertIn(done.returncode, (0, 3), done.stderr)
        claimed = forged.lines(seen)[-1]["summary"]  # as the maker of the whole did
        shutil.move(again, forged.path(seen))
        *lines, last = forged.lines(seen)
        last["summary"].update({k: claimed[k] for k in ("seconds", "method", "seed", "passes", "dropped", "services") if k in claimed})
        forged.write_lines(seen, [*lines, last])
        forged.derive()
        forged.seal()
        return forged.folder

    def test_what_a_plan_leaves_out_is_told_and_of_what_is_declared_nobody_vouches(self):
        _, out = self.run_with("whole", "eni-web")
        undeclared = (DB, "tcp", 6379)
        for name, drop, state, says in (("nothing", lambda *place: False, "ok", r"eni-web \(depth standard: full asks"),
                                        ("the port behind AWS's back", lambda *place: place == undeclared, "ok", r"eni-web \(depth declared: standard asks 1 more, as %s tcp 6379\)" % DB),
                                        ("a host of which nothing is declared", lambda a, *_: a == DB6, "not-checked", "depth declared asks 1 more, as %s icmpv6$" % DB6),
                                        ("what is declared", lambda *place: place == (APP, "tcp", 8080), "not-checked", "^eni-web: its plan leaves questions out: depth declared asks 1 more, as %s tcp 8080$" % APP),
                                        ("an echo", lambda a, protocol, _: (a, protocol) == (APP, "icmp"), "not-checked", "depth declared asks 1 more, as %s icmp$" % APP),
                                        ("a host", lambda a, *_: a == APP6, "not-checked", r"depth declared asks \d+ more, as %s tcp 808" % APP6)):
            with self.subTest(left_out=name):
                less = self.asked_less(out, drop)
                told, audited = self.check(less), self.audited(less)
                self.assertEqual(told[0], state, told)
                self.assertRegex(told[1], says)
                self.assertNotIn("WRONG", common.sgproof("verify", less).stdout)
                self.assertNotRegex(audited, "CONTRADICTS|cannot be read")
                self.assertEqual("what passes, and its plan does not ask" in audited, name == "what is declared", audited)

    def audited(self, out):
        return subprocess.run([common.TOP / "scripts/audit", out], text=True, capture_output=True).stdout

    def test_the_second_opinion_judges_each_verdict_of_what_was_asked_from_inside(self):
        _, out = self.run_with("judged", "eni-web")
        self.assertNotRegex(self.audited(out), "CONTRADICTS|cannot be read")
        verdicts = json.loads((out / "inside/eni-web/verdicts.json").read_text())["verdicts"]
        of = lambda address, port: next(n for n, v in enumerate(verdicts) if v["address"] == address and v["protocol"] == "tcp" and v["from_port"] <= port <= v["to_port"])
        for place, says, change in (((DB, 6379), "verdict", {"verdict": "enforced"}), ((DB, 6379), "observed", {"observed": "filtered", "verdict": "enforced"}),
                                    ((DB, 6379), "declared", {"declared": "reachable", "verdict": "confirmed"}), ((APP, 8080), "declared", {"declared": "unreachable", "verdict": "undeclared"}),
                                    ((APP, 8081), "observed", {"observed": "open", "verdict": "confirmed"}), ((APP, 22), "declared", {"declared": "possible", "verdict": "blocked"}),
                                    ((DB, 6379), "says nothing of", None)):
            with self.subTest(change=change, place=place):
                forged = forger.Forger(out, self.made / ("judged-%d" % len(list(self.made.glob("judged-*")))))
                document = forged.json("inside/eni-web/verdicts.json")
                one = document["verdicts"][of(*place)]
                if change is None:
                    document["verdicts"].remove(one)
                else:
                    one.update(change)
                forged.path("inside/eni-web/verdicts.json").write_text(forger.document(document))
                forged.seal()
                self.assertRegex(self.audited(forged.folder), r"CONTRADICTS +inside/eni-web/verdicts.json: .*" + says)
                self.assertEqual(common.sgproof("verify", forged.folder).returncode, 1)

    def test_a_canary_of_the_run_shows_that_a_place_was_there(self):
        done, out = self.run_with("canary", "eni-web", at="eni-app", vantage="203.0.113.20", more=("--canary", PLACE + ":443"))
        self.assertIn(done.returncode, (3, 4), done.stderr)
        verdicts = json.loads((out / "inside/eni-web/verdicts.json").read_text())["verdicts"]
        self.assertEqual({v["from_port"]: v["verdict"] for v in verdicts if v["address"] == PLACE}, {443: "enforced", 25: "unverified"})
        self.assertEqual(self.check(out)[0], "ok", self.check(out))

    def check(self, out):
        done = common.sgproof("verify", out, "--format", "json")
        return next((c["state"], c["detail"]) for c in json.loads(done.stdout)["bundles"][0]["checks"] if c["check"] == "inside")


if __name__ == "__main__":
    unittest.main()
