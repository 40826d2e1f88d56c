"""Seen from inside: what plan --vantage-interface asks and expects, and what reconcile makes of the answers."""
import csv
import json
import os
import pathlib
import shutil
import sys
import tempfile
import unittest

sys.path[:0] = [os.path.join(os.path.dirname(__file__), ".."), os.path.dirname(__file__)]
import common
from test_snapshots import entry, permission
from test_world import documents, each, folder

ACCOUNT = "111122223333"
ALL_OUT = permission("-1", None, ["0.0.0.0/0"], ["::/0"])
WEB, WEB_SECOND, APP, DB, OTHER = "10.0.0.4", "10.0.0.5", "10.0.0.7", "10.0.2.4", "10.9.0.4"
WEB6, DB6 = "2001:db8:a::4", "2001:db8:c::4"
NOTED = {"tries": 1, "rtt_us": 300, "first_sent": "2026-01-01T00:00:00.000000Z", "answered": None}


def refers(ports, *groups):
    return {**permission("tcp", ports), "UserIdGroupPairs": [{"GroupId": g, "UserId": ACCOUNT} for g in groups]}


def group(name, inbound=(), outbound=(ALL_OUT,), vpc="vpc-1"):
    return {"GroupId": "sg-" + name, "GroupName": name, "VpcId": vpc, "OwnerId": ACCOUNT, "IpPermissions": list(inbound),
            "IpPermissionsEgress": list(outbound)}


def interface(name, subnet, address, vpc="vpc-1", ipv6=None, second=None, **more):
    return {"NetworkInterfaceId": "eni-" + name, "VpcId": vpc, "SubnetId": subnet, "OwnerId": ACCOUNT, "AvailabilityZone": "eu-west-3a",
            "InterfaceType": "interface", "Status": "in-use", "Groups": [{"GroupId": "sg-" + name}],
            "Attachment": {"InstanceId": "i-" + name, "DeviceIndex": 0, "Status": "attached"},
            "Ipv6Addresses": [{"Ipv6Address": ipv6}] if ipv6 else [],
            "PrivateIpAddresses": [{"PrivateIpAddress": a, "Primary": a == address} for a in (address, second) if a], **more}


def table(name, subnets, routes=(), vpc="vpc-1", local=("10.0.0.0/16", "2001:db8::/40")):
    locals_ = [{"DestinationIpv6CidrBlock" if ":" in c else "DestinationCidrBlock": c, "GatewayId": "local", "State": "active"} for c in local]
    return {"RouteTableId": "rtb-" + name, "VpcId": vpc, "OwnerId": ACCOUNT, "Routes": [*locals_, *routes],
            "Associations": [{"Main": True}] if subnets is None else [{"Main": False, "SubnetId": s} for s in subnets]}


def acl(name, subnets, entries=None, vpc="vpc-1"):
    opened = [entry(n, e, "allow", cidr=c) for e in (False, True) for n, c in ((100, "0.0.0.0/0"), (101, "::/0"))]
    return {"NetworkAclId": "acl-" + name, "VpcId": vpc, "IsDefault": False, "OwnerId": ACCOUNT,
            "Associations": [{"SubnetId": s} for s in subnets], "Entries": opened if entries is None else entries}


def peering(status="active"):
    sides = [{"VpcId": v, "OwnerId": ACCOUNT, "Region": "eu-west-3", "CidrBlock": c, "CidrBlockSet": [{"CidrBlock": c}]}
             for v, c in (("vpc-1", "10.0.0.0/16"), ("vpc-2", "10.9.0.0/16"))]
    return {"VpcPeeringConnectionId": "pcx-1", "Status": {"Code": status}, "RequesterVpcInfo": sides[0], "AccepterVpcInfo": sides[1]}


def platform():
    """web and app in one subnet, db in another whose ACL lets 5432 and 6379 in; db admits web at 5432 by its group. A peered VPC with other in it."""
    route = {"State": "active", "VpcPeeringConnectionId": "pcx-1"}
    vpc = lambda n, c: {"VpcId": n, "CidrBlock": c, "OwnerId": ACCOUNT, "CidrBlockAssociationSet": [{"CidrBlock": c, "CidrBlockState": {"State": "associated"}}]}
    subnet = lambda n, c, v="vpc-1": {"SubnetId": n, "VpcId": v, "CidrBlock": c, "AvailabilityZone": "eu-west-3a", "OwnerId": ACCOUNT}
    walls = [*(entry(100 + i, False, "allow", "6", c, (low, high)) for i, (c, low, high) in
               enumerate((("10.0.0.0/24", 5432, 5432), ("10.0.0.0/24", 6379, 6379), ("2001:db8:a::/64", 5432, 5432)))),
             entry(100, True, "allow", "6", "10.0.0.0/24", (32768, 60999)), entry(101, True, "allow", "6", "2001:db8:a::/64", (1024, 65535))]
    return {
        "Vpcs": [vpc("vpc-1", "10.0.0.0/16"), vpc("vpc-2", "10.9.0.0/16")],
        "Subnets": [subnet("subnet-a", "10.0.0.0/24"), subnet("subnet-c", "10.0.2.0/24"), subnet("subnet-z", "10.9.0.0/24", "vpc-2")],
        "InternetGateways": [],
        "RouteTables": [table("one", None, [{**route, "DestinationCidrBlock": "10.9.0.0/16"}]),
                        table("two", None, [{**route, "DestinationCidrBlock": "10.0.0.0/16"}], "vpc-2", ["10.9.0.0/16"])],
        "NetworkAcls": [acl("open", ["subnet-a"]), acl("walls", ["subnet-c"], walls), acl("other", ["subnet-z"], vpc="vpc-2")],
        "SecurityGroups": [group("web"), group("app", [refers((8080, 8080), "sg-web"), permission("icmp", (-1, -1), ["10.0.0.0/16"])]),
                           group("db", [refers((5432, 5432), "sg-web"), permission("tcp", (3306, 3306), ["10.0.0.0/16"])]),
                           group("other", [permission("tcp", (22, 22), ["10.0.0.0/16"]), refers((9000, 9000), "sg-web"), refers((9001, 9001), "sg-app")], vpc="vpc-2")],
        "NetworkInterfaces": [interface("web", "subnet-a", WEB, ipv6=WEB6, second=WEB_SECOND), interface("app", "subnet-a", APP),
                              interface("db", "subnet-c", DB, ipv6=DB6), interface("other", "subnet-z", OTHER, "vpc-2"),
                              interface("nat", "subnet-a", "10.0.0.50", InterfaceType="nat_gateway", Groups=[], Attachment={"Status": "attached"})],
        "NatGateways": [], "VpcPeeringConnections": [peering()], "TransitGateways": [], "TransitGatewayAttachments": [],
        "EgressOnlyInternetGateways": [],
        "Reservations": [{"Instances": [{"InstanceId": "i-" + n, "State": {"Name": "running"}, "Tags": [{"Key": "Name", "Value": "the " + n}]}
                                        for n in ("web", "app", "db", "other")]}],
    }


def ports_of(text):
    found = set()
    for part in filter(None, text.split(",")):
        low, _, high = part.partition("-")
        found |= set(range(int(low), int(high or low) + 1))
    return found


class Case(unittest.TestCase):
    maxDiff = None

    def plan(self, estate, *words, vantage="eni-web", status=0):
        done = common.sgproof("plan", folder(documents(estate)), "--vantage-interface", vantage, *words)
        self.assertEqual(done.returncode, status, done.stderr)
        head, *targets = [json.loads(line) for line in done.stdout.splitlines()]
        return head, targets, done.stderr

    def expected(self, targets, address, protocol="tcp"):
        """{port: what is expected} of one address, but for what is unreachable."""
        found = {}
        for target in targets:
            if (target["address"], target["protocol"]) == (address, protocol) and target["expect"] != "unreachable":
                found.update(dict.fromkeys(ports_of(target["ports"]) or {0}, target["expect"]))
        return found


class Plan(Case):
    def test_every_other_private_address_of_its_vpc_and_of_those_joined_to_it_is_asked(self):
        head, targets, said = self.plan(platform())
        self.assertEqual({t["address"] for t in targets}, {APP, DB, DB6, OTHER})
        self.assertEqual(head["vantage_interface"], {"eni_id": "eni-web", "instance_id": "i-web"})
        self.assertEqual(head["vantages"], [{"vantage": a, "learnt": "private address of eni-web in the snapshot"} for a in (WEB, WEB6)])
        self.assertIn("interfaces that are a NAT gateway", said)
        for address in (APP, DB, DB6, OTHER):  # asked as from outside, where nothing is expected too
            asked = set().union(*(ports_of(t["ports"]) for t in targets if (t["address"], t["protocol"]) == (address, "tcp")))
            self.assertLessEqual(set(range(1, 1024)) | {3389, 27017}, asked)
            self.assertEqual(len([t for t in targets if t["address"] == address and t["protocol"].startswith("icmp")]), 1)
        self.assertIn(9001, set().union(*(ports_of(t["ports"]) for t in targets if t["address"] == OTHER)))  # what a rule of its own VPC names
        self.assertNotIn(9001, set().union(*(ports_of(t["ports"]) for t in targets if t["address"] == DB)))

    def test_in_one_subnet_groups_alone_decide(self):
        estate = platform()
        estate["NetworkAcls"][0]["Entries"] = []  # which lets nothing in or out of the subnet
        _, targets, _ = self.plan(estate)
        self.assertEqual(self.expected(targets, APP), {8080: "reachable"})
        self.assertEqual(self.expected(targets, APP, "icmp"), {0: "reachable"})
        self.assertEqual(self.expected(targets, DB), {})

    def test_in_another_subnet_both_acls_decide_and_choose_the_clients_ports(self):
        _, targets, _ = self.plan(platform())
        self.assertEqual(self.expected(targets, DB), {5432: "reachable"})  # 6379 by the ACL alone, 3306 by the group alone
        [five] = [t for t in targets if t["address"] == DB and t["expect"] == "reachable"]
        self.assertEqual((five["ports"], five["client_ports"], five["why"]), ("5432", "32768-60999", ["declared", "rule", "service"]))
        estate = platform()
        estate["NetworkAcls"][0]["Entries"] = [entry(100, True, "allow"), entry(100, False, "allow", "6", ports=(40000, 40009))]
        _, targets, _ = self.plan(estate)
        self.assertEqual([t["client_ports"] for t in targets if t["address"] == DB and t["expect"] == "reachable"], ["40000-40009"])

    def test_its_own_outbound_rules_and_references_in_them_count(self):
        estate = platform()
        estate["SecurityGroups"][0]["IpPermissionsEgress"] = [refers((5432, 5432), "sg-db"), permission("tcp", (22, 22), ["10.9.0.4/32"])]
        _, targets, _ = self.plan(estate)
        self.assertEqual([self.expected(targets, a) for a in (APP, DB, OTHER)], [{}, {5432: "reachable"}, {22: "reachable"}])

    def test_over_a_peering_connection_both_tables_and_its_state_count(self):
        _, targets, _ = self.plan(platform())
        self.assertEqual(self.expected(targets, OTHER), {22: "reachable", 9000: "reachable"})
        estate = platform()
        estate["RouteTables"][1]["Routes"].pop()  # no way back: a packet arrives, and no reply does
        _, targets, _ = self.plan(estate)
        self.assertEqual({t["address"] for t in targets} & {OTHER}, set())
        estate["RouteTables"][1]["Routes"].append({"State": "active", "VpcPeeringConnectionId": "pcx-1", "DestinationCidrBlock": "10.0.2.0/24"})
        _, targets, _ = self.plan(estate)  # a way to another subnet only: asked, and nothing is expected
        self.assertEqual((self.expected(targets, OTHER), OTHER in {t["address"] for t in targets}), ({}, True))
        estate = platform()
        estate["VpcPeeringConnections"] = [peering("pending-acceptance")]
        _, targets, _ = self.plan(estate)
        self.assertEqual(self.expected(targets, OTHER), {})

    def test_ipv6_goes_by_rules_of_its_own(self):
        _, targets, _ = self.plan(platform())
        self.assertEqual(self.expected(targets, DB6), {5432: "reachable"})
        self.assertEqual([t["client_ports"] for t in targets if t["address"] == DB6 and t["expect"] == "reachable"], ["1024-65535"])
        _, targets, said = self.plan(platform(), vantage="eni-app")  # which has no IPv6 address
        self.assertEqual({t["address"] for t in targets}, {WEB, WEB_SECOND, DB, OTHER})
        self.assertIn("IPv6 endpoints (no IPv6 vantage)", said)

    @each((("NetworkAcls", DB, 5432), ("RouteTables", DB, 5432), ("SecurityGroups", APP, 8080), ("VpcPeeringConnections", OTHER, 22), ("Subnets", DB, 5432)))
    def test_without_a_document_what_rests_on_it_is_possible_and_the_plan_incomplete(self, kind, address, port):
        estate = platform()
        del estate[kind]
        _, targets, said = self.plan(estate, status=3)
        self.assertEqual(self.expected(targets, address).get(port), "possible")
        self.assertIn("missing: " + kind, said)

    def test_depths_ask_more_and_more_and_equal_answers_share_a_line(self):
        ports = {}
        for depth in ("declared", "standard", "full"):
            _, targets, _ = self.plan(platform(), "--depth", depth)
            ports[depth] = {(t["address"], p) for t in targets if t["protocol"] == "tcp" for p in ports_of(t["ports"])}
        self.assertEqual(ports["declared"], {(APP, 8080), (DB, 5432), (DB6, 5432), (OTHER, 22), (OTHER, 9000)})
        self.assertLess(ports["declared"], ports["standard"])
        self.assertEqual(len(ports["full"]), 4 * 65535)
        twice = platform()
        twice["NetworkInterfaces"].insert(0, {**interface("db", "subnet-c", "10.0.2.9"), "NetworkInterfaceId": "eni-db2"})
        _, targets, _ = self.plan(twice)
        self.assertEqual(*([{**t, "address": ""} for t in targets if t["address"] == a] for a in (DB, "10.0.2.9")))

    def test_an_instance_or_its_name_stands_for_its_interface(self):
        plans = [self.plan(platform(), vantage=v)[:2] for v in ("eni-web", "i-web", "the web")]
        self.assertEqual(plans[0], plans[1])
        self.assertEqual(plans[0], plans[2])

    @each((("eni-none", "no such interface"), ("i-none", "no such interface"), ("eni-nat", "a NAT gateway"), (WEB, "no such interface")))
    def test_who_is_not_there_or_cannot_ask_is_refused_in_words(self, vantage, said):
        for command in (("plan", folder(documents(platform()))), ("reconcile", folder(documents(platform())), os.devnull)):
            done = common.sgproof(*command, "--vantage-interface", vantage)
            self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)
            self.assertIn(said, done.stderr)
        done = common.sgproof("plan", folder(documents(platform())), "--vantage-interface", "eni-web", "--vantage", "198.51.100.1")
        self.assertEqual(done.returncode, 2)

    def test_the_order_of_records_changes_no_byte(self):
        estate = platform()
        turned = {kind: records[::-1] for kind, records in estate.items()}
        plans = [common.sgproof("plan", folder(documents(e)), "--vantage-interface", "eni-web").stdout for e in (estate, turned)]
        self.assertEqual(*plans)

    @each((("Groups", None), ("VpcId", None), ("SubnetId", None), ("Status", "attaching"), ("InterfaceType", "brand_new")))
    def test_of_a_vantage_interface_that_is_not_known_whole_nothing_is_reachable_for_sure(self, key, value):
        estate = platform()
        estate["NetworkInterfaces"][0].pop(key)
        if value:
            estate["NetworkInterfaces"][0][key] = value
        done = common.sgproof("plan", folder(documents(estate)), "--vantage-interface", "eni-web", "--depth", "declared")
        self.assertIn(done.returncode, (0, 3), done.stderr)
        expected = {json.loads(line).get("expect") for line in done.stdout.splitlines()[1:]}
        self.assertNotIn("reachable", expected, done.stdout)
        self.assertTrue("possible" in expected or done.returncode == 3, (expected, done.stderr))
        with tempfile.TemporaryDirectory() as made:
            path = pathlib.Path(made, "seen.jsonl")
            path.write_text("".join(json.dumps({"address": a, "protocol": "tcp", "from_port": p, "to_port": p, "state": "open", "reason": "syn-ack", "source": WEB, **NOTED})
                                    + "\n" for a in (APP, DB, OTHER) for p in (22, 5432, 8080)))
            done = common.sgproof("reconcile", folder(documents(estate)), path, "--vantage-interface", "eni-web", "--format", "json")
        self.assertIn(done.returncode, (3, 4), done.stderr)
        self.assertEqual([v for v in json.loads(done.stdout)["verdicts"] if v["declared"] == "unreachable" and not v["because"]], [])

    def test_who_sleeps_is_asked_and_expected_to_be_silent(self):
        estate = platform()
        estate["Reservations"][0]["Instances"][2]["State"]["Name"] = "stopped"
        _, targets, _ = self.plan(estate)
        self.assertEqual((self.expected(targets, DB), DB in {t["address"] for t in targets}), ({}, True))


class Probe(Case):
    def test_probe_takes_the_plan_as_any_and_asks_nobody_beside_it(self):
        estate = platform()
        with tempfile.TemporaryDirectory() as made:
            path = pathlib.Path(made, "plan.jsonl")
            done = common.sgproof("plan", folder(documents(estate)), "--vantage-interface", "eni-web", "--depth", "declared", "-o", path)
            self.assertEqual(done.returncode, 0, done.stderr)
            refused = common.sgproof("probe", "--targets", path, "--only", "127.0.0.0/8")  # nothing is sent
            self.assertEqual((refused.returncode, refused.stdout), (2, ""))
            self.assertIn(APP, refused.stderr)
            told = common.sgproof("probe", "--targets", path, "--only", "10.0.0.0/8", "--only", "2001:db8::/32", "--estimate")
            self.assertEqual(told.returncode, 0, told.stderr)


class Reconcile(Case):
    def verdicts(self, estate, lines, *words, vantage="eni-web", status=0):
        with tempfile.TemporaryDirectory() as made:
            path = pathlib.Path(made, "observations.jsonl")
            path.write_text("".join(json.dumps({**NOTED, "source": WEB6 if ":" in line["address"] else WEB, **line}) + "\n" for line in lines))
            done = common.sgproof("reconcile", folder(documents(estate)), path, "--vantage-interface", vantage, "--format", "json", *words)
        self.assertEqual(done.returncode, status, done.stderr)
        return json.loads(done.stdout)

    def of(self, output, address, port):
        [one] = [v for v in output["verdicts"] if v["address"] == address and v["protocol"] == "tcp" and v["from_port"] <= port <= v["to_port"]]
        return one

    def tcp(self, address, port, state, reason="no-answer", **more):
        return {"address": address, "protocol": "tcp", "from_port": port, "to_port": port, "state": state, "reason": reason, **more}

    def whole(self):
        """All that is declared, answered as it is."""
        return [self.tcp(APP, 8080, "open", "syn-ack"), self.tcp(DB, 5432, "open", "syn-ack"), self.tcp(DB6, 5432, "open", "syn-ack"),
                self.tcp(OTHER, 22, "open", "syn-ack"), self.tcp(OTHER, 9000, "open", "syn-ack"),
                {"address": APP, "protocol": "icmp", "state": "open", "reason": "echo-reply"}]

    def test_the_table_of_verdicts_holds_from_inside_and_says_who_asked(self):
        output = self.verdicts(platform(), [*self.whole()[1:], self.tcp(APP, 8080, "closed", "rst"), self.tcp(DB, 3306, "open", "syn-ack"),
                                            self.tcp(APP, 22, "closed", "rst"), self.tcp(DB, 22, "filtered")], status=1)
        got = {(a, p): (v["declared"], v["verdict"], v["severity"]) for a, p in ((DB, 5432), (APP, 8080), (DB, 3306), (APP, 22), (DB, 22), (OTHER, 9000))
               for v in [self.of(output, a, p)]}
        self.assertEqual(got, {(DB, 5432): ("reachable", "confirmed", "info"), (APP, 8080): ("reachable", "latent", "info"),
                               (DB, 3306): ("unreachable", "undeclared", "critical"), (APP, 22): ("unreachable", "undeclared", "high"),
                               (DB, 22): ("unreachable", "enforced", "info"), (OTHER, 9000): ("reachable", "confirmed", "info")})
        for v in output["verdicts"]:
            own = WEB6 if ":" in v["address"] else WEB
            self.assertEqual(v["asked_from"], {"eni_id": "eni-web", "instance_id": "i-web", "address": own})
        self.assertEqual((self.of(output, DB, 5432)["eni_id"], output["vantage"], output["complete"]), ("eni-db", "%s, %s" % (WEB, WEB6), True))
        self.assertEqual(output["vantage_learnt"], ", ".join("%s (private address of eni-web in the snapshot)" % a for a in (WEB, WEB6)))

    def test_csv_and_sarif_say_who_asked_and_know_each_finding_by_it(self):
        made = {}
        for vantage in ("eni-web", "eni-app"):
            made[vantage] = pathlib.Path(tempfile.mkdtemp()) / "verdicts.json"
            self.addCleanup(shutil.rmtree, made[vantage].parent)
            lines = [self.tcp(DB, 3306, "open", "syn-ack")]
            with tempfile.TemporaryDirectory() as folder_:
                path = pathlib.Path(folder_, "observations.jsonl")
                path.write_text("".join(json.dumps({**NOTED, "source": WEB if vantage == "eni-web" else APP, **line}) + "\n" for line in lines))
                common.sgproof("reconcile", folder(documents(platform())), path, "--vantage-interface", vantage, "--format", "json", "-o", made[vantage])
        rows = list(csv.DictReader(common.sgproof("report", made["eni-web"], "--format", "csv").stdout.splitlines()))
        self.assertEqual({row["asked_from"] for row in rows if row["address"]}, {"eni-web (%s)" % WEB, "eni-web (%s)" % WEB6})  # and one of the run, which is incomplete
        prints = set()
        for vantage, path in made.items():
            for result in json.loads(common.sgproof("report", path, "--format", "sarif").stdout)["runs"][0]["results"]:
                if result["ruleId"] == "undeclared":
                    self.assertIn(vantage, result["properties"]["asked_from"])
                    self.assertIn(", asked from " + result["properties"]["asked_from"], result["message"]["text"])
                    prints |= set(result["partialFingerprints"].values())
        self.assertEqual(len(prints), 2)

    def test_because_says_what_admits_on_both_sides_or_what_first_stops(self):
        stops = [(DB, 3306, "acl-walls"), (DB, 6379, "sg-db"), (APP, 22, "sg-app"), (OTHER, 9001, "sg-other")]
        output = self.verdicts(platform(), [*self.whole(), *(self.tcp(a, p, "filtered") for a, p, _ in stops)])
        self.assertEqual([(r["stage"], r["id"]) for r in self.of(output, DB, 5432)["because"]],
                         [("group", "sg-db:0"), ("group", "sg-web:egress:0"), ("acl_in", "acl-walls:100"), ("route", "rtb-one:10.0.0.0/16"),
                          ("acl_out", "acl-open:egress:100")])
        self.assertEqual([(r["stage"], r["id"]) for r in self.of(output, APP, 8080)["because"]],  # in one subnet no ACL is asked
                         [("group", "sg-app:0"), ("group", "sg-web:egress:0"), ("route", "rtb-one:10.0.0.0/16")])
        for address, port, by in stops:
            [why] = self.of(output, address, port)["because"]
            self.assertTrue(why["stops"] and (why.get("id") or "").startswith(by), why)
        estate = platform()
        estate["SecurityGroups"][0]["IpPermissionsEgress"] = [refers((5432, 5432), "sg-db")]
        estate["RouteTables"][1]["Routes"][-1]["DestinationCidrBlock"] = "10.0.2.0/24"
        output = self.verdicts(estate, [self.tcp(DB, 5432, "open", "syn-ack"), self.tcp(DB6, 5432, "open", "syn-ack"), self.tcp(APP, 8080, "filtered"),
                                        self.tcp(OTHER, 22, "filtered")])
        self.assertEqual(common.texts(self.of(output, APP, 8080)["because"]), ["no outbound rule of sg-web admits it"])
        estate["SecurityGroups"][0]["IpPermissionsEgress"] = [ALL_OUT]
        output = self.verdicts(estate, [*self.whole()[:3], self.whole()[-1], self.tcp(OTHER, 22, "filtered")])
        self.assertEqual(common.texts(self.of(output, OTHER, 22)["because"]), ["rtb-two has no route back to it, to vpc-1"])

    def test_without_documents_nothing_is_undeclared_and_it_is_incomplete(self):
        estate = platform()
        del estate["NetworkAcls"]
        output = self.verdicts(estate, [*self.whole(), self.tcp(DB, 3306, "open", "syn-ack")], status=3)
        self.assertEqual([(v["declared"], v["verdict"]) for v in (self.of(output, DB, p) for p in (5432, 3306))], [("possible", "confirmed")] * 2)
        self.assertTrue(self.of(output, DB, 3306)["via"])

    def test_what_left_by_another_address_or_none_told_is_unverified_and_a_second_own_one_has_its_own_answer(self):
        for source, words in (("10.0.0.99", "asked from 10.0.0.99, which is not the vantage 10.0.0.4"), (APP, "which is not the vantage"),
                              (None, "not told from which address")):
            output = self.verdicts(platform(), [*self.whole(), self.tcp(DB, 3306, "open", "syn-ack", source=source)], status=3)
            one = self.of(output, DB, 3306)
            self.assertEqual((one["verdict"], output["complete"]), ("unverified", False))
            self.assertIn(words, one["reason"])
        estate = platform()
        estate["SecurityGroups"][2]["IpPermissions"].append(permission("tcp", (6379, 6379), [WEB_SECOND + "/32"]))
        first = self.of(self.verdicts(estate, [*self.whole(), self.tcp(DB, 6379, "open", "syn-ack")], status=1), DB, 6379)
        self.assertEqual((first["verdict"], first["asked_from"]["address"]), ("undeclared", WEB))
        by_second = [{**line, "source": WEB_SECOND} if line["address"] == DB else line for line in self.whole()]
        second = self.of(self.verdicts(estate, [*by_second, self.tcp(DB, 6379, "open", "syn-ack", source=WEB_SECOND)]), DB, 6379)
        self.assertEqual((second["verdict"], second["declared"], second["asked_from"]["address"]), ("confirmed", "reachable", WEB_SECOND))

    def test_the_same_from_outside_names_the_option(self):
        with tempfile.TemporaryDirectory() as made:
            path = pathlib.Path(made, "observations.jsonl")
            path.write_text(json.dumps({**NOTED, "source": WEB, **self.tcp(DB, 5432, "open", "syn-ack")}) + "\n")
            done = common.sgproof("reconcile", folder(documents(platform())), path)
        self.assertEqual(done.returncode, 2)
        self.assertIn("--vantage-interface", done.stderr)

    def test_rules_of_the_intent_with_from_and_to_judge_and_its_default_says_nothing(self):
        rules = [{"id": "web-to-db", "decision": "allow", "from": {"group": "web"}, "to": {"group": "db"}, "protocol": "tcp", "ports": "5432"},
                 {"id": "no-web-to-other", "decision": "deny", "from": {"group": "web"}, "to": {"vpc": "vpc-2"}}]
        with tempfile.TemporaryDirectory() as made:
            intent = pathlib.Path(made, "intent.json")
            intent.write_text(json.dumps({"schema": "sgproof/intent/v1", "platform": "p", "default": "deny", "rules": rules}))
            output = self.verdicts(platform(), self.whole(), "--intent", intent, status=1)
        got = {(a, p): (v["intent"], v["intent_rule"], v["severity"]) for a, p in ((DB, 5432), (OTHER, 22), (APP, 8080)) for v in [self.of(output, a, p)]}
        self.assertEqual(got, {(DB, 5432): ("expected", "web-to-db", "info"), (OTHER, 22): ("forbidden", "no-web-to-other", "critical"),
                               (APP, 8080): ("unspecified", None, "info")})

    def test_an_earlier_verdict_is_no_news(self):
        with tempfile.TemporaryDirectory() as made:
            base = pathlib.Path(made, "verdicts.json")
            lines = [*self.whole(), self.tcp(DB, 3306, "open", "syn-ack")]
            base.write_text(json.dumps(self.verdicts(platform(), lines, status=1)))
            output = self.verdicts(platform(), lines, "--baseline", base)
            self.assertEqual(output["verdicts"], [])
            other = [{**line, "source": APP} for line in (self.tcp(DB, 3306, "open", "syn-ack"), self.tcp(DB, 5432, "filtered"), self.tcp(OTHER, 22, "open", "syn-ack"),
                                                          self.tcp(OTHER, 9001, "open", "syn-ack"))]
            output = self.verdicts(platform(), other, "--baseline", base, vantage="eni-app", status=1)
            self.assertEqual(self.of(output, DB, 3306)["verdict"], "undeclared")  # that web gets there says nothing of app


if __name__ == "__main__":
    unittest.main()
