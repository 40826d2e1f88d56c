"""Seen from inside, end to end: a VPC of namespaces is asked from one of its instances, and each difference is found. Packets stay in them."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path[:0] = [os.path.join(os.path.dirname(__file__), ".."), os.path.join(os.path.dirname(__file__), "..", "integration")]
import common
from test_seen_inside import ACCOUNT, acl, group, interface, ports_of, refers, table
from test_snapshots import entry, permission
from test_world import documents, folder

LAB = str(common.TOP / "tests/lab/inside_lab.py")
WEB, WEB6, APP, APP6, DB, DB6 = "198.51.100.10", "2001:db8:1:1::10", "198.51.100.20", "2001:db8:1:1::20", "198.51.100.70", "2001:db8:1:2::70"
ONLY = ["--only", "198.51.100.0/24", "--only", "2001:db8:1::/48"]
# The web tier gets at the database behind AWS's back; the app tier's second service is down.
TRUTH = {"undeclared": [{"from": WEB, "address": DB, "port": 6379}], "latent": [{"address": APP, "port": 8081}]}


def platform():
    """web and app in one subnet, db in another: web asks app, app asks db; web is not to reach the database."""
    subnets = [{"SubnetId": "subnet-" + n, "VpcId": "vpc-1", "CidrBlock": c, "AvailabilityZone": "eu-west-3a", "OwnerId": ACCOUNT,
                "Ipv6CidrBlockAssociationSet": [{"Ipv6CidrBlock": c6, "Ipv6CidrBlockState": {"State": "associated"}}]}
               for n, c, c6 in (("front", "198.51.100.0/26", "2001:db8:1:1::/64"), ("back", "198.51.100.64/26", "2001:db8:1:2::/64"))]
    walls = [entry(100, False, "allow", "6", "198.51.100.0/26", (5432, 5432)), entry(101, False, "allow", "6", "2001:db8:1:1::/64", (5432, 5432)),
             entry(102, False, "allow", "1", "198.51.100.0/26", icmp=(8, -1)),
             entry(100, True, "allow", "6", "198.51.100.0/26", (1024, 65535)), entry(101, True, "allow", "6", "2001:db8:1:1::/64", (1024, 65535)),
             entry(102, True, "allow", "1", "198.51.100.0/26", icmp=(0, -1))]
    return {"Vpcs": [{"VpcId": "vpc-1", "CidrBlock": "198.51.100.0/24", "OwnerId": ACCOUNT,
                      "CidrBlockAssociationSet": [{"CidrBlock": "198.51.100.0/24", "CidrBlockState": {"State": "associated"}}]}],
            "Subnets": subnets, "InternetGateways": [], "RouteTables": [table("one", None, local=("198.51.100.0/24", "2001:db8:1::/56"))],
            "NetworkAcls": [acl("front", ["subnet-front"]), acl("walls", ["subnet-back"], walls)],
            "SecurityGroups": [group("web"), group("app", [refers((8080, 8081), "sg-web"), permission("icmp", (8, -1), ["198.51.100.0/24"])]),
                               group("db", [refers((5432, 5432), "sg-app"), permission("icmp", (8, -1), ["198.51.100.0/24"])])],
            "NetworkInterfaces": [interface("web", "subnet-front", WEB, ipv6=WEB6), interface("app", "subnet-front", APP, ipv6=APP6),
                                  interface("db", "subnet-back", DB, ipv6=DB6)],
            "NatGateways": [], "VpcPeeringConnections": [], "TransitGateways": [], "TransitGatewayAttachments": [], "EgressOnlyInternetGateways": [],
            "Reservations": [{"Instances": [{"InstanceId": "i-" + n, "State": {"Name": "running"}} for n in ("web", "app", "db")]}]}


class Inside(unittest.TestCase):
    maxDiff = None

    def ask(self, made, estate, truth, asker, *words):
        """Plans for one interface, probes from its namespace and reconciles: (the plan's lines, status, verdicts)."""
        estate_file, plan, seen = (pathlib.Path(made, name) for name in ("estate.json", "plan.jsonl", "seen.jsonl"))
        estate_file.write_text(json.dumps(estate))
        snapshot = folder(documents(estate))
        done = common.sgproof("plan", snapshot, "--vantage-interface", asker, "-o", plan, *words)
        self.assertEqual(done.returncode, 0, done.stderr)
        user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
        lab = ["unshare", *user, "--mount", "--net", "--pid", "--fork", "--kill-child=KILL", sys.executable, LAB, str(estate_file), json.dumps(truth), asker]
        path = os.environ["PATH"] + ":/usr/sbin:/sbin"
        done = subprocess.run([*lab, common.SGPROOF, "probe", "--targets", str(plan), *ONLY, "--timeout", "300", "--rate", "20000", "--host-rate", "20000", "-q", "-o", str(seen),
                               "--capture", str(seen.with_suffix(".pcap"))],
                              text=True, capture_output=True, timeout=120, env={**os.environ, "PATH": path})
        if done.returncode == 77 or "unshare" in done.stderr:
            raise unittest.SkipTest("no namespaces here: " + done.stderr.strip())
        self.assertIn(done.returncode, (0, 3), done.stderr)
        self.assertNotIn("Sanitizer", done.stderr)
        done = common.sgproof("reconcile", snapshot, seen, "--vantage-interface", asker, "--format", "json")
        return plan.read_text(), done.returncode, json.loads(done.stdout)

    def ports(self, output, *kinds):
        return {(v["address"], v["protocol"], p): v["verdict"] for v in output["verdicts"] if v["verdict"] in kinds
                for p in range(v.get("from_port", 0), v.get("to_port", 0) + 1)}

    def evidence_of(self, made):
        """What was asked is evidence with its plan and its packets, and derives from them; another line, or one packet less, does not."""
        snapshot, out = folder(documents(platform())), made / "out"
        run = ["run", "--no-history", "--snapshot", snapshot, "--vantage", "203.0.113.7", "--method", "connect", *ONLY]
        files = [made / name for name in ("seen.jsonl", "plan.jsonl", "seen.pcap")]
        done = common.sgproof(*run, "--out", out, "--inside", "eni-web=" + ",".join(map(str, files)))
        self.assertIn(done.returncode, (1, 4), done.stderr)
        self.assertEqual(self.check(out)[0], "ok")
        self.assertRegex(self.check(out)[1], "^every question of the plans that it holds is answered as the packets say: eni-web from 20.*Z to 20.*Z$")
        audit = subprocess.run([common.TOP / "scripts/audit", out], text=True, capture_output=True).stdout
        self.assertNotIn("CONTRADICTS", audit)
        self.assertNotIn("there are no packets", audit)
        kept = {one: one.read_bytes() for one in (out / "inside/eni-web").iterdir()}
        seen, plan, capture = (out / "inside/eni-web" / name for name in ("observations.jsonl", "plan.jsonl", "capture.pcap"))
        lies = ((seen, kept[seen].replace(b'"state": "open"', b'"state": "closed"', 1), "observations.jsonl: line"),
                (capture, kept[capture][:-len(kept[capture]) // 3], "capture.pcap: is cut off"), (capture, b"", "is no capture"),
                (plan, b"".join(line for line in kept[plan].splitlines(True) if DB.encode() not in line), "DB"))
        for path, lie, said in lies:
            path.write_bytes(lie)
            self.assertEqual(self.check(out)[0], "wrong", said)
            if path == seen:
                self.assertIn("eni-web: observations.jsonl: line", self.check(out)[1])
                audit = subprocess.run([common.TOP / "scripts/audit", out], text=True, capture_output=True).stdout
                self.assertIn("inside/eni-web/observations.jsonl: ", audit)
            path.write_bytes(kept[path])
        files[0].write_bytes(kept[seen].replace(b'"state": "open"', b'"state": "closed"', 1))
        for given, said in ((files, "its capture and what was told differ: observations.jsonl: line"), (files[:2], "expected ENI=FILE, or ENI=FILE,PLAN,CAPTURE")):
            done = common.sgproof(*run, "--out", made / "never", "--inside", "eni-web=" + ",".join(map(str, given)))
            self.assertEqual((done.returncode, (made / "never").exists()), (2, False))
            self.assertIn(said, done.stderr)

    def check(self, out):
        done = common.sgproof("verify", out, "--format", "json")
        return next((c["state"], c["detail"]) for c in json.loads(done.stdout)["bundles"][0]["checks"] if c["check"] == "inside")

    def test_a_tier_that_reaches_the_database_behind_awss_back_and_a_service_that_is_down_are_found(self):
        if not all(shutil.which(tool, path=os.environ["PATH"] + ":/usr/sbin:/sbin") for tool in ("ip", "nft", "unshare")):
            raise unittest.SkipTest("iproute2, nftables and unshare are needed")
        with tempfile.TemporaryDirectory() as made:
            plan, status, output = self.ask(made, platform(), TRUTH, "eni-web")
            asked = {(t["address"], p) for t in map(json.loads, plan.splitlines()[1:]) if t["protocol"] == "tcp" for p in ports_of(t["ports"])}
            self.assertEqual(self.ports(output, "confirmed", "latent", "undeclared", "blocked", "unconfirmed"),
                             {(APP, "tcp", 8080): "confirmed", (APP, "tcp", 8081): "latent", (APP6, "tcp", 8080): "confirmed", (APP6, "tcp", 8081): "confirmed",
                              (APP, "icmp", 0): "confirmed", (DB, "icmp", 0): "confirmed", (DB, "tcp", 6379): "undeclared"})
            found = {p[:1] + p[2:]: v for p, v in self.ports(output, "enforced", "unverified").items() if p[1] == "tcp"}
            self.assertEqual(set(found), asked - {(APP, 8080), (APP, 8081), (APP6, 8080), (APP6, 8081), (DB, 6379)})
            self.assertEqual({p for p, v in found.items() if v == "unverified"}, set())
            [wrong] = [v for v in output["verdicts"] if v["verdict"] == "undeclared"]
            self.assertEqual((status, wrong["severity"], wrong["eni_id"], wrong["asked_from"]["eni_id"], wrong["asked_from"]["address"]),
                             (1, "critical", "eni-db", "eni-web", WEB))
            self.assertEqual([(r["stage"], r["stops"]) for r in wrong["because"]], [("acl_in", True)])
            self.evidence_of(pathlib.Path(made))
            _, status, output = self.ask(made, platform(), TRUTH, "eni-app", "--depth", "declared")  # another vantage of the same network
            self.assertEqual((status, self.ports(output, "confirmed", "latent", "undeclared", "blocked", "enforced")),
                             (0, {(DB, "tcp", 5432): "confirmed", (DB6, "tcp", 5432): "confirmed", (DB, "icmp", 0): "confirmed", (WEB, "icmp", 0): "enforced",
                                  (WEB6, "icmpv6", 0): "enforced", (DB6, "icmpv6", 0): "enforced"}))


if __name__ == "__main__":
    unittest.main()
