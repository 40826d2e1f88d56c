"""scripts/audit, the second opinion: it agrees with `sgproof verify` on honest evidence, and finds what a forger hides (tests/forger.py).
Probes go to hosts that lab/alone.py plays, in a namespace of their own."""
import collections
import importlib.machinery
import importlib.util
import ipaddress
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import unittest

sys.path[:0] = [os.path.join(os.path.dirname(__file__), ".."), os.path.join(os.path.dirname(__file__), "../property")]
import common
import forger
from oracle import estates
from test_evidence import INTENT, loopback_estate
from test_oracle import matching, number_near, source_near
from test_snapshots import permission

AUDIT = common.TOP / "scripts/audit"
ESTATES = int(os.environ.get("AUDIT_ESTATES", "60"))
SEED = common.seed("AUDIT_SEED")
VANTAGES = ["--vantage", "203.0.113.7", "--vantage", "2001:db8:ffff::7"]
CRITICAL = {"open": [443], "open_of": {"198.51.100.20": [22, 443]}, "silent": True}  # 22 is open, and nothing declares it


def estate():
    """An interface with an address of each family, whose group admits 443 and 444, and 443 over IPv6."""
    found = loopback_estate(443)
    interface = found["NetworkInterfaces"][0]
    interface["PrivateIpAddresses"][0]["Association"]["PublicIp"] = "198.51.100.20"
    interface["Ipv6Addresses"] = [{"Ipv6Address": "2001:db8:1::20"}]
    found["SecurityGroups"][0]["IpPermissions"].append(permission("tcp", (443, 443), [], ["::/0"]))
    return found


def audit(*words):
    done = subprocess.run([sys.executable, AUDIT, *map(str, words)], text=True, capture_output=True, timeout=120)
    assert not done.stderr, done.stderr
    return done


def findings(done):
    return [line.split(None, 1)[1] if line.startswith("  CONTRADICTS") else line.strip() for line in done.stdout.splitlines()
            if line.startswith(("  CONTRADICTS", "  not judged"))]


class Evidence(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.path = pathlib.Path(folder.name)
        for name in ("k", "forger"):
            assert common.sgproof("keygen", cls.path / (name + ".pem")).returncode == 0
        cls.key, cls.public = cls.path / "k.pem", cls.path / "k.pub.pem"
        cls.intent = cls.path / "intent.json"
        cls.intent.write_text(json.dumps({**INTENT, "rules": [{**INTENT["rules"][0], "ports": "443-444"}, INTENT["rules"][1]]}))

    @classmethod
    def run_to(cls, name, behaviour, documents=None, *words):
        snapshot = cls.path / (name + ".snapshot")
        snapshot.mkdir()
        estates.write(documents or estate(), snapshot)
        done = common.alone(behaviour, "run", "--snapshot", snapshot, "--intent", cls.intent, "--out", cls.path / name, *VANTAGES, "--no-history",
                            "--only", "198.51.100.0/24", "--only", "2001:db8::/32", "--sign", cls.key, "--timeout", "300", *words)
        assert (cls.path / name / "capture.pcap").exists(), done.stderr
        return cls.path / name

    def verified(self, evidence):
        return common.sgproof("verify", evidence, "--key", self.public)


class Honest(Evidence):
    def test_it_agrees_with_verify_on_the_evidence_of_hosts_of_every_kind(self):
        kinds = {"silent": CRITICAL, "closed": {"open": [22, 443], "udp": [53]}, "late": {"open": [443], "delay": 0.2},
                 "banned": {"open": [443], "silent": True, "ban": 300}, "down": {"open": [443], "down": [0.5, 1.2], "silent": True},
                 "filtered here": {"open": [443], "filter": "reject"}}
        for kind, behaviour, *words in [*kinds.items(), ("asked once", CRITICAL, "--tries", "1")]:
            with self.subTest(kind=kind):
                evidence = self.run_to(kind, behaviour, None, *words)
                self.assertEqual(self.verified(evidence).returncode, 0)
                done = audit(evidence, "--key", self.public)
                self.assertEqual((done.returncode, findings(done)), (0, []))

    def test_what_it_does_not_model_is_not_judged_and_never_contradicts(self):
        balanced = estate()
        balanced["NetworkInterfaces"][0]["Description"] = "ELB app/front/50dc6c495c0c9188"
        balanced["LoadBalancers"] = []
        cases = {"resets": ({"open": [443], "reset": 200, "silent": True}, None, "told as unknown"),
                 "accepts": ({"open": [443], "accept": 100}, None, "accept everything"),
                 "balanced": (CRITICAL, balanced, "what is declared: load balancers")}
        for name, (behaviour, documents, what) in cases.items():
            with self.subTest(name=name):
                evidence = self.run_to(name, behaviour, documents)
                self.assertEqual(self.verified(evidence).returncode, 0)
                done = audit(evidence, "--key", self.public)
                self.assertEqual(done.returncode, 3, done.stdout)
                self.assertIn(what, "\n".join(findings(done)))
                self.assertNotIn("CONTRADICTS", done.stdout)

    def test_what_is_declared_is_what_compute_says_on_random_estates(self):
        module, counts = self.module(), collections.Counter()
        for number in range(ESTATES):
            rng = random.Random(SEED * 1000003 + number)
            with tempfile.TemporaryDirectory() as folder:
                estates.write(estates.make(rng), folder)
                told = {e["address"]: e for e in common.compute(folder)["endpoints"]}
                ours = module.Estate(pathlib.Path(folder), [])
            if ours.why:
                counts["not judged"] += 1
                continue
            where = "seed %d estate %d: " % (SEED, number)
            self.assertEqual({address for address in told if "/" not in address}, {str(place[0]) for place in ours.places.values()}, where)
            for _ in range(30 if ours.places else 0):
                address, _, dormant = estates.pick(rng, list(ours.places.values()))
                protocol = estates.pick(rng, [6, 6, 6, 17, 1 if address.version == 4 else 58])
                value = number_near(rng, protocol) if protocol in (6, 17) else {1: 8, 58: 128}[protocol] * 256
                source = source_near(rng, estates.CIDRS4 + estates.CIDRS6, address.version)
                try:
                    declared = ours.judge(address.packed, protocol, value, ipaddress.ip_address(source))
                except module.NotJudged:
                    counts["not judged"] += 1
                    continue
                found = [] if dormant else matching(told[str(address)], protocol, value, source)
                expected = "unreachable" if not found else found[0]["path"] if found[0]["path"] == "inbound-only" else {
                    "exact": "reachable", "possible": "possible"}[found[0]["certainty"]]
                self.assertEqual(declared, expected, "%s%s %d %d from %s" % (where, address, protocol, value, source))
                counts[declared] += 1
        print("audit: of random packets %s" % dict(counts), file=sys.stderr)
        if ESTATES >= 60:
            self.assertGreater(min(counts[word] for word in module.TABLE and ("reachable", "possible", "inbound-only", "unreachable")), 0)

    def module(self):
        loader = importlib.machinery.SourceFileLoader("audit", str(AUDIT))
        module = sys.modules["audit"] = importlib.util.module_from_spec(importlib.util.spec_from_loader("audit", loader))
        loader.exec_module(module)
        return module

    def test_what_is_odd_absent_or_in_transition_is_judged_as_compute_does_or_not_at_all(self):
        def change(*path, to):
            def changed(documents):
                *way, last = path
                for step in way:
                    documents = documents[step]
                if to is None:
                    del documents[last]
                else:
                    documents[last] = to
            return changed
        rule, entry = ("SecurityGroups", 0, "IpPermissions", 0), ("NetworkAcls", 0, "Entries", 0)
        changes = [
            change("InternetGateways", 0, "Attachments", 0, "State", to="detaching"), change("InternetGateways", to=None),
            change("InternetGateways", 0, "Attachments", to=[]), change("RouteTables", to=None), change("RouteTables", 0, "Routes", 1, "State", to="blackhole"),
            change("RouteTables", 0, "Routes", 1, "State", to="filtered"), change("RouteTables", 0, "Associations", to=[]),
            change("RouteTables", 0, "Associations", to=[{"SubnetId": "subnet-1", "AssociationState": {"State": "failed"}}]),
            change("NetworkAcls", to=None), change(*entry, "RuleNumber", to=101), change(*entry, "Protocol", to="tcp"), change(*entry, "RuleAction", to="pass"),
            change("SecurityGroups", to=None), change(*rule, "IpProtocol", to="TCP"), change(*rule, "FromPort", to=-1), change(*rule, "FromPort", to=None),
            change(*rule, "IpRanges", to=[{"CidrIp": "0.0.0.0/33"}]), change(*rule, "PrefixListIds", to=[{"PrefixListId": "pl-9"}]),
            change("Subnets", to=None), change("NetworkInterfaces", to=None), change("NetworkInterfaces", 0, "Status", to="detaching"),
            change("NetworkInterfaces", 0, "InterfaceType", to="new_kind"), change("NetworkInterfaces", 0, "DenyAllIgwTraffic", to=True),
            change("Reservations", 0, "Instances", 0, "State", "Name", to="pending"), change("Reservations", 0, "Instances", 0, "State", "Name", to="stopped"),
            change("VpcBlockPublicAccessOptions", to={"InternetGatewayBlockMode": "block-ingress", "AwsRegion": "eu-west-3", "AwsAccountId": "111122223333"}),
            change("VpcBlockPublicAccessOptions", to={"InternetGatewayBlockMode": "off", "AwsRegion": "eu-west-1", "AwsAccountId": "111122223333"}),
            change(*entry, "Protocol", to="6"), change(*entry, "Protocol", to="1"), change(*entry, "RuleNumber", to=0), change(*entry, "RuleNumber", to=-1),
            change(*entry, to={"RuleNumber": 90, "Egress": True, "Protocol": "58", "RuleAction": "deny", "Ipv6CidrBlock": "::/0"}),
            change("RouteTables", 0, "Routes", 1, "GatewayId", to="xyz-1"), change("NetworkInterfaces", 0, "Status", to="available"),
            change("InternetGateways", 0, "Attachments", to=[{"State": "available", "VpcId": "vpc-1"}, {"State": "available", "VpcId": "vpc-9"}]),
            change("files", to={"more.json": {"Subnets": [], "NextToken": "x"}}), change("files", to={"more.jsonl": {"SecurityGroups": []}})]
        module, judged = self.module(), 0
        for number, changed in enumerate(changes):
            documents = estate()
            changed(documents)
            with tempfile.TemporaryDirectory() as folder:
                estates.write(documents, folder)
                told = common.compute(folder, "--vantage", "203.0.113.7")
                ours = module.Estate(pathlib.Path(folder), ["203.0.113.7"])
            lane = (ipaddress.ip_address("198.51.100.20").packed, 6)
            for port in (22, 443):
                declared = module.at(ours.declared(lane), port)
                found = [x for e in told["endpoints"] if e["address"] == "198.51.100.20" and not e["dormant"] for x in e["exposures"]
                         if x["protocol"] == "tcp" and x["from_port"] <= port <= x["to_port"]]
                expected = "unreachable" if not found else "inbound-only" if found[0]["path"] == "inbound-only" else {
                    "exact": "reachable", "possible": "possible"}[found[0]["certainty"]]
                self.assertIn(declared, (None, expected), "change %d, port %d" % (number, port))
                judged += declared is not None
        self.assertGreater(judged, len(changes) // 2)

    def test_a_rejection_that_nothing_supports_is_told_as_unknown_which_says_less(self):
        evidence = self.run_to("rejects", {"open": [], "echo": False, "silent": True, "unreachable": [0, 0.2]}, None, "--depth", "declared")
        lines = [json.loads(line) for line in (evidence / "observations.jsonl").read_text().splitlines()[:-1]]
        self.assertIn("unknown", {line["state"] for line in lines})
        self.assertEqual(self.verified(evidence).returncode, 0)
        done = audit(evidence, "--key", self.public)
        self.assertEqual(done.returncode, 3, done.stdout)
        self.assertIn("rejected, but by a router that has no way there", "\n".join(findings(done)))

    def test_documents_are_read_in_the_encodings_that_compute_reads_and_notes_are_none(self):
        module, lane = self.module(), (ipaddress.ip_address("198.51.100.20").packed, 6)
        for encoding in ("utf-16", "utf-8-sig"):
            with tempfile.TemporaryDirectory() as folder:
                folder = pathlib.Path(folder)
                estates.write(estate(), folder)
                for path in folder.glob("*.json"):
                    path.write_text(path.read_text(), encoding=encoding)
                (folder / "note.json").write_text("not JSON at all")
                (folder / "old.json.bak").write_text("{}")
                ours = module.Estate(folder, ["203.0.113.7"])
                self.assertIsNone(ours.why)
                self.assertEqual([module.at(ours.declared(lane), port) for port in (22, 443)], ["unreachable", "reachable"])

    def test_an_auditor_can_read_it(self):
        for path, beside in ((AUDIT, ["audit_beside"]), (AUDIT.with_name("audit_beside.py"), ["audit_flows"]), (AUDIT.with_name("audit_flows.py"), ["audit_heads"]),
                             (AUDIT.with_name("audit_heads.py"), ["ipaddress"])):
            text = path.read_text()
            self.assertLess(len(text.splitlines()), 500)
            imported = re.findall(r"^(?:import|from) (.*)", text, re.M)
            self.assertEqual(len(imported), 1)
            self.assertLessEqual({name.strip() for name in imported[0].split(",")}, sys.stdlib_module_names)
            self.assertEqual(re.findall(r"\bimport (\w+)$", text, re.M), beside)


class Lies(Evidence):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.one = cls.run_to("one", CRITICAL)

    def forge(self, name, key=None):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        return forger.forge(self.one, name, pathlib.Path(folder.name) / name, key or self.key)

    PORT = r"198\.51\.100\.20 tcp 22"
    FOUND = {  # lie: what names it
        "observation_dropped": "observations.jsonl: " + PORT + ": the evidence says nothing, we open",
        "only_declared_told": "the evidence says nothing, we filtered",
        "depth_changed": "packets that neither ask what was planned nor answer it",
        "state_changed": PORT + ": the evidence says filtered, we open",
        "state_unknown": PORT + ": the evidence says unknown, we open",
        "silence_told_as_closed": r"tcp 444: the evidence says closed, we filtered",
        "unstable_claimed": PORT + ": unstable: the evidence says True, we False",
        "plan_leaves_out": "plan.jsonl: does not ask " + PORT,
        "verdict_changed": "verdicts.json: " + PORT + ": verdict: the evidence says enforced, we undeclared",
        "verdict_dropped": "verdicts.json: says nothing of " + PORT,
        "declared_changed": "verdicts.json: " + PORT + ": declared: the evidence says reachable, we unreachable",
        "counts_changed": "manifest.json: ports_by_verdict",
        "summary_changed": "observations.jsonl: summary",
        "complete_claimed": "manifest.json: complete: the evidence says True, we False",
        "packets_of_another_day": "packets of another time than the manifest tells",
        "times_claimed": "packets of another time than the manifest tells",
        "vantage_claimed": PORT + ": verdict: the evidence says undeclared, we unverified",
        "exceptions_never_expire": "judged_on, the day of the first packet",
        "signature_stripped": "nobody signed it",
        "file_added": "before/more.json: size and SHA-256: the evidence says nothing of it",
        "file_changed": "verdicts.json: size and SHA-256",
        "file_removed": "controls.json: size and SHA-256: .* we find no such file",
        "severity_changed": PORT + ": severity: the evidence says info, we critical",
        "report_replaced": "report.html: findings critical undeclared 22/tcp: the evidence says 0, we 1",
        "details_invented": PORT + ": first_sent: the evidence says 2001-01-01T00:00:00.000000Z, we 20",
        "reason_invented": PORT + ": reason: is not that of what is open",
        "pack_changed": "packs/sec-002.json: is not one that is published",
        "exposure_changed": "exposure.json: .*: the evidence says possible, we reachable",
        "sums_stale": "SHA256SUMS: does not hold the files' hashes",
    }
    # Who takes an answer out of the packets leaves nothing to find but that it was asked again in vain, where that unframes other silence.
    SOMETIMES = {"answers_removed"}
    NOT_JUDGED = {"capture_removed": "what answered: there are no packets of it"}
    UNREADABLE = {"link_added": "before/link.json: a link or a device", "path_out_of_the_evidence": "no path inside the evidence",
                  "key_twice": "a key is there twice: state", "word_unknown": "'ajar' is not one of open, closed",
                  "line_in_a_claim": "cannot be read as evidence: ", "speed_left_out": "'timeout_ms'"}
    NOT_LOOKED_AT = {"service_invented": "services",
                     "tool_claimed": "claim", "tries_claimed": "tries: 1"}

    def test_each_lie_is_found_or_named_as_not_judged(self):
        self.assertEqual(set(forger.LIES) | set(forger.BROKEN),
                         {"nothing", *self.SOMETIMES, *self.FOUND, *self.NOT_JUDGED, *self.UNREADABLE, *self.NOT_LOOKED_AT})
        for statuses, lies in (((1,), self.FOUND), ((3,), self.NOT_JUDGED), ((1, 2), self.UNREADABLE)):
            for lie, what in lies.items():
                with self.subTest(lie=lie):
                    done = audit(self.forge(lie), "--key", self.public)
                    self.assertIn(done.returncode, statuses, done.stdout)
                    self.assertRegex("\n".join(findings(done)), what)

    # What `verify` says of them: of all others that it does not hold.
    ONLY_CLAIMED = {"nothing": 0, "tool_claimed": 0, "service_invented": 0}
    NOT_VOUCHED_FOR = {"capture_removed": 3}

    def test_verify_calls_no_lie_holding(self):
        for lie in {**forger.LIES, **forger.BROKEN}:
            with self.subTest(lie=lie):
                done = common.sgproof("verify", self.forge(lie), "--key", self.public)
                expected = {**self.ONLY_CLAIMED, **self.NOT_VOUCHED_FOR}.get(lie, 1)
                self.assertEqual(done.returncode, expected, done.stdout + done.stderr)
                self.assertEqual("The evidence holds." in done.stdout, lie in self.ONLY_CLAIMED)
                self.assertEqual(sum(line.startswith("  ok           signature ") for line in done.stdout.splitlines()) > 1, False)

    def test_verify_prints_claims_as_claims(self):
        said = self.verified(self.forge("tool_claimed")).stdout
        claims = said[said.index("its maker's word"):said.index("  ok ")]
        self.assertIn("by sgproof 9.9.9: run --all", claims)
        self.assertIn("title Everybody is safe", claims)
        self.assertIn("what 1 open port was said to run", self.verified(self.forge("service_invented")).stdout)

    def test_what_it_does_not_look_at_it_says(self):
        for lie, what in self.NOT_LOOKED_AT.items():
            with self.subTest(lie=lie):
                done = audit(self.forge(lie), "--key", self.public)
                self.assertEqual(done.returncode, 0, done.stdout)
                said = [line for line in done.stdout.splitlines() if line.startswith(("  not looked at", "  claim"))]
                self.assertIn(what, "\n".join(said))

    def test_the_forger_forges_well(self):
        """Where nothing is lied about, what it made again is what the program made."""
        forged = self.forge("nothing")
        self.assertEqual(self.verified(forged).returncode, 0)
        self.assertEqual(audit(forged, "--key", self.public).returncode, 0)
        for path in sorted(p for p in self.one.rglob("*") if p.is_file()):
            self.assertEqual((forged / path.relative_to(self.one)).read_bytes(), path.read_bytes(), path)
        derived = forger.Forger(self.one, forged.with_name("derived"))
        derived.derive()
        for name in ("exposure.json", "plan.jsonl", "verdicts.json", "controls.json", "report.html", "manifest.json"):
            self.assertEqual(derived.path(name).read_bytes(), (self.one / name).read_bytes(), name)

    def test_who_vouches_decides_between_agreement_and_none(self):
        for words, status, what in ((["--key", self.public], 0, "key "), ([], 3, "give --key"),
                                    (["--key", self.path / "forger.pub.pem"], 1, "manifest.sig: "),
                                    (["--key", self.intent], 2, "no public key")):
            done = audit(self.one, *words)
            self.assertEqual(done.returncode, status, done.stdout)
            self.assertIn(what, done.stdout)
        forged = self.forge("verdict_changed", self.path / "forger.pem")
        self.assertEqual(audit(forged, "--key", self.public).returncode, 1)
        unsigned = self.forge("nothing")
        (unsigned / "manifest.sig").unlink()
        done = audit(unsigned, "--key", self.public)
        self.assertEqual((done.returncode, findings(done)), (3, ["not judged    who vouches for it: nobody signed it"]))

    def test_a_tar_archive_is_as_good_as_the_folder(self):
        archive = self.path / "one.tar"
        self.assertIn(common.sgproof("report", self.one, "--format", "tar", "-o", archive).returncode, (0, 1))
        done = audit(archive, "--key", self.public)
        self.assertEqual((done.returncode, findings(done)), (0, []), done.stdout)
        for name, kind in (("../out", tarfile.REGTYPE), ("one/link", tarfile.SYMTYPE), ("one/device", tarfile.CHRTYPE), ("two/file", tarfile.REGTYPE)):
            shutil.copy(archive, self.path / "odd.tar")
            with tarfile.open(self.path / "odd.tar", "a") as odd:
                member = tarfile.TarInfo(name)
                member.type, member.linkname = kind, "/etc/hostname" if kind == tarfile.SYMTYPE else ""
                odd.addfile(member)
            self.assertIn(audit(self.path / "odd.tar", "--key", self.public).returncode, (1, 2), name)
            self.assertFalse((self.path / "out").exists())

    def test_no_text_of_the_evidence_adds_a_line_or_an_escape(self):
        forged = forger.Forger(self.one, self.path / "escapes", self.key)
        forged.claim(title="x\x1b[2J\u202e\u2028\n  ok   signed by everybody", command=["\x9b31m"])
        forged.seal()
        done = audit(forged.folder, "--key", self.public)
        self.assertTrue(done.stdout.replace("\n", "").isascii() and done.stdout.replace("\n", "").isprintable())
        self.assertFalse(any(line.startswith("  ok") for line in done.stdout.splitlines()))

    def test_what_is_no_evidence_cannot_be_read(self):
        for words in ([self.path / "nowhere"], [self.path / "one.snapshot"], [self.intent], [], [self.one, "--keys", self.public]):
            self.assertEqual(audit(*words).returncode, 2, words)


class Changes(Evidence):
    """Evidence of a change: an interface whose group admits 22 and 8080 now, and 444 no more; 22 answers."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.one = cls.run_to("one", CRITICAL)
        now = estate()
        now["SecurityGroups"][0]["IpPermissions"] = [permission("tcp", (443, 443), ["0.0.0.0/0"], ["::/0"]), permission("tcp", (22, 22), ["0.0.0.0/0"]),
                                                     permission("tcp", (8080, 8080), ["0.0.0.0/0"])]
        (cls.path / "now").mkdir()
        estates.write(now, cls.path / "now")
        done = common.alone(CRITICAL, "change", cls.one, cls.path / "now", "--intent", cls.intent, "--out", cls.path / "change", *VANTAGES,
                            "--only", "198.51.100.0/24", "--only", "2001:db8::/32", "--sign", cls.key, "--timeout", "300")
        assert (cls.path / "change/change.json").exists(), done.stderr

    def test_an_honest_change_holds_for_both(self):
        for words in (self.path / "change",), (self.one, self.path / "change"):
            self.assertEqual(common.sgproof("verify", *words, "--key", self.public).returncode, 0)
        done = audit(self.path / "change", "--key", self.public)
        self.assertEqual((done.returncode, findings(done)), (0, []))

    def test_lies_about_a_change_hold_for_neither(self):
        def piece(port):
            def find(document):
                return next((group, one) for group in document["groups"] for one in group["pieces"] if one.get("from_port") == port)
            return find
        def dropped(document):
            group, one = piece(22)(document)
            group["pieces"].remove(one)
            document["groups"] = [group for group in document["groups"] if group["pieces"]]
            document["outcomes"][one["outcome"]] -= 1
        def called(port, outcome):
            def change(document):
                _, one = piece(port)(document)
                document["outcomes"][one["outcome"]] -= 1
                document["outcomes"][outcome] += 1
                one["outcome"] = outcome
            return change
        def turned(document):
            group, _ = piece(444)(document)
            group["change"] = "opened"
        for name, change, says in (("dropped", dropped, "does not say that 198.51.100.20 tcp 22 opened"),
                                   ("as planned", called(8080, "as-planned"), "opened, and filtered as planned"),
                                   ("miscounted", lambda document: document["outcomes"].update({"unplanned": 0}), "change.json: outcomes"),
                                   ("seen otherwise", lambda document: piece(22)(document)[1]["observed"].update(after="filtered"), "observed after: the lines say otherwise"),
                                   ("meant", called(22, "as-planned"), "198.51.100.20 tcp 22: as planned, and the intent forbids it"),
                                   ("not known", lambda document: document.update(answers_before=False, complete=True),
                                    "(?s)complete, and not all of before and now is known.*tells what answered before, which is not known"),
                                   ("turned around", turned, "change.json: (does not say|says) that 198.51.100.20 tcp 444")):
            with self.subTest(name=name):
                forged = forger.Forger(self.path / "change", self.path / name, self.key)
                document = forged.json("change.json")
                change(document)
                forged.path("change.json").write_text(json.dumps(document))
                forged.seal()
                self.assertEqual(self.verified(forged.folder).returncode, 1)
                done = audit(forged.folder, "--key", self.public)
                self.assertEqual(done.returncode, 1, done.stdout)
                self.assertRegex("\n".join(findings(done)), says)

    def test_a_state_before_that_is_not_the_one_of_what_it_follows_is_named(self):
        """The change says that it remembers nothing, and that its port was open all along."""
        forged = forger.Forger(self.path / "change", self.path / "other base", self.key)
        for name in ("runs", "verdicts"):
            forged.path("history/%s.json" % name).unlink()
        base = forged.json("base/SecurityGroups.json")
        base["SecurityGroups"][0]["IpPermissions"].append(permission("tcp", (9999, 9999), ["0.0.0.0/0"]))
        forged.path("base/SecurityGroups.json").write_text(json.dumps(base))
        forged.list_files()
        forged.derive()
        forged.seal()
        done = common.sgproof("verify", self.one, forged.folder, "--key", self.public)
        self.assertRegex(done.stdout, "absent +base +base/SecurityGroups.json: is not what .*/one, which it follows, was read before it")

    def test_a_change_without_its_half_is_none(self):
        for name in ("base", "change.json"):
            forged = forger.Forger(self.path / "change", self.path / ("without " + name), self.key)
            path = forged.path(name)
            shutil.rmtree(path) if path.is_dir() else path.unlink()
            forged.seal()
            self.assertEqual(self.verified(forged.folder).returncode, 1)
            self.assertIn("of a change all are there, of a run none", "\n".join(findings(audit(forged.folder, "--key", self.public))))

    def test_an_attestation_of_something_else_is_found(self):
        forged = forger.Forger(self.path / "change", self.path / "attested", self.key)
        forged.seal()
        shutil.copy(self.one / "manifest.dsse.json", forged.path("manifest.dsse.json"))
        done = audit(forged.folder, "--key", self.public)
        self.assertEqual(done.returncode, 1)
        self.assertIn("manifest.dsse.json: manifest.json: the evidence says", "\n".join(findings(done)))
        envelope = json.loads((self.one / "manifest.dsse.json").read_text())
        signature = envelope["signatures"][0]
        for number, members in enumerate(({"approved": True}, {"signatures": [signature, {"keyid": "everybody", "sig": "AAAA"}]}, {"signatures": [{**signature, "keyid": "0" * 64}]})):
            forged = forger.Forger(self.one, self.path / ("attested %d" % number), self.key)
            forged.seal()
            forged.path("manifest.dsse.json").write_text(json.dumps({**envelope, **members}, separators=(",", ":")) + "\n")
            self.assertEqual(self.verified(forged.folder).returncode, 1)
            self.assertIn("is not an envelope of one signature, by this key", "\n".join(findings(audit(forged.folder, "--key", self.public))))


if __name__ == "__main__":
    unittest.main()
