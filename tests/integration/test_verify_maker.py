"""Lies of whoever made evidence, signed and sealed (tests/lies.py): `sgproof verify` calls none of them holding, and scripts/audit agrees where it looks."""
import base64
import concurrent.futures
import contextlib
import hashlib
import json
import os
import pathlib
import re
import shutil
import sys
import tempfile
import time
import unittest

sys.path[:0] = [os.path.join(os.path.dirname(__file__), ".."), os.path.join(os.path.dirname(__file__), "../property")]
import common
import forger
import lies
from test_audit import CRITICAL, Evidence, audit, findings


class Lies(Evidence):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.one = cls.run_to("one", CRITICAL)

    def forge(self, change):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        forged = forger.Forger(self.one, pathlib.Path(folder.name) / "forged", self.key)
        change(forged)
        forged.seal()
        return forged.folder

    def test_verify_calls_no_lie_holding_and_the_second_opinion_agrees(self):
        def judged(name):
            change, _, audit_says = lies.LIES[name]
            evidence = self.forge(change)
            return name, self.verified(evidence), audit(evidence, "--key", self.public)
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            ended = list(pool.map(judged, lies.LIES))
        for name, verified, audited in ended:
            with self.subTest(lie=name):
                _, verify_says, audit_says = lies.LIES[name]
                self.assertEqual(verified.returncode, 1, verified.stdout + verified.stderr)
                self.assertNotIn("The evidence holds.", verified.stdout)
                self.assertRegex("\n".join(line for line in verified.stdout.splitlines() if line.startswith("  WRONG")), verify_says)
                self.assertIn(audited.returncode, (1, 2), audited.stdout)
                self.assertRegex("\n".join(findings(audited)), audit_says)

    def test_what_neither_can_judge_neither_calls_good(self):
        """A report that could not be written, what another version derived; a second reading that failed is incomplete for both, whatever after/ holds."""
        def record(**more):
            return lambda forged: (lies.record(forged, "before", **more), forged.derive())

        def failed(step, *gone):
            def told(forged):
                files = forged.manifest.pop("files")
                forged.manifest.update(complete=False, failed=[{"step": step, "why": "the disk was full"}], files=files)
                forged.derive()
                for name in gone:
                    forged.path(name).unlink()
            return told
        for change, status, says in ((failed("report", "report.html"), 3, "report.html: (is )?not there"), (lambda forged: forged.claim(derivation=2), 3, "made by derivation 2"),
                                     (record(schema="sgproof/snapshot/v2"), 3, "before/snapshot.json: .*schema.*sgproof/snapshot/v2"), (record(note="audited"), 3, "before/snapshot.json: .*note"),
                                     (failed("second reading"), 0, "second reading|looked at")):
            evidence = self.forge(change)
            for done in (self.verified(evidence), audit(evidence, "--key", self.public)):
                self.assertEqual(done.returncode, status, done.stdout)
                self.assertRegex(done.stdout, says)

    def test_heads_and_whose_a_verdict_is_are_judged_by_both(self):
        def head(**members):
            def change(forged):
                first, *rest = forged.lines("plan.jsonl")
                forged.write_lines("plan.jsonl", [{**first, **members}, *rest])
            return change

        def of_verdict(key, value):
            def change(forged):
                document = forged.json("verdicts.json")
                document["verdicts"][0][key] = value
                forged.path("verdicts.json").write_text(forger.document(document))
            return change

        def vantage(forged):
            forged.path("verdicts.json").write_text(forger.document({**forged.json("verdicts.json"), "vantage": "203.0.113.250"}))
        for says, change in (("plan.jsonl: head: rate", head(rate=7)), ("plan.jsonl: head: questions", head(questions=0)), ("plan.jsonl: head: targets", head(targets=1)),
                             ("plan.jsonl: head: timeout_ms", head(timeout_ms=9999)), ("plan.jsonl: head: vantages", head(vantages=[])), ("verdicts.json: vantage", vantage),
                             ("verdicts.json: .*: eni_id", of_verdict("eni_id", "eni-of-another")), ("verdicts.json: .*: instance_id", of_verdict("instance_id", "i-other")),
                             ("names line 99999", of_verdict("observations", [99999])), ("names no line", of_verdict("observations", []))):
            with self.subTest(says=says):
                evidence = self.forge(change)
                self.assertEqual(self.verified(evidence).returncode, 1)
                self.assertRegex("\n".join(findings(audit(evidence, "--key", self.public))), says)

    def test_a_signature_of_which_the_report_knows_nothing_is_told_as_one(self):
        evidence = self.forge(lambda forged: (forged.manifest["claims"].pop("signer", None), forged.derive()))
        self.assertIn("none: unsigned", (evidence / "report.html").read_text())
        done, honest = self.verified(evidence), self.verified(self.one)
        self.assertRegex(done.stdout, r"  ok +signature +Ed25519, by the key given, SHA256:[0-9a-f]{64}; it was signed later than it was made: its report says that nobody did\n")
        self.assertEqual((done.returncode, honest.returncode), (0, 0), done.stdout)
        self.assertRegex(honest.stdout, r"by the key given, SHA256:[0-9a-f]{64}\n")

    def test_what_services_are_is_claimed_in_the_prober_s_own_form(self):
        """No packet shows it: so it is read as strictly as can be."""
        tls = {"version": "TLSv1.3", "cipher": "x", "certificate": {
            "subject": "CN=a", "issuer": "CN=a", "names": [], "not_before": None, "not_after": None, "sha256": "0" * 64, "self_issued": False}}
        for service, says in (({"name": ""}, "service.name: is empty"), ({"name": "ssh\n  ok"}, "service.name: expected printable ASCII"), ({"name": "x", "verdict": "safe"}, "unknown key"),
                              ({"name": "ssh", "banner": "A" * 1201}, "service.banner: expected printable ASCII, 1200 characters at most"),
                              ({"name": "tls", "tls": {**tls, "version": "TLS 9"}}, 'service.tls.version: "TLS 9" is no version of TLS'),
                              ({"name": "tls", "tls": {**tls, "certificate": {**tls["certificate"], "sha256": "0"}}}, "service.tls.certificate.sha256: is no SHA-256"),
                              ({"name": "tls", "tls": tls}, None)):
            def told(forged):
                forged.observe(lambda line: {**line, "service": service} if (line["protocol"], line.get("from_port")) == ("tcp", 443) and "." in line["address"] else line)
                with contextlib.suppress(AssertionError):
                    lies.summary(forged, services={"identified": 1, "unknown": 0, "not_identified": 0, "reasons": []})
            done = self.verified(self.forge(told))
            self.assertEqual(done.returncode, 1 if says else 0, done.stdout)
            self.assertIn(says or "what 1 open port was said to run", done.stdout)

    def test_no_title_begins_a_line_where_the_terminal_ends_one(self):
        """Blanks up to the width of a terminal, and then what looks like a line of verify's own."""
        for blank in (" ", "\u3000", "\xa0"):
            evidence = self.forge(lambda forged: (forged.claim(title="audit" + 60 * blank + "ok" + 11 * blank + "signature    Ed25519, by the key given"), forged.derive()))
            for said in (self.verified(evidence).stdout, audit(evidence, "--key", self.public).stdout):
                line = next(line for line in said.splitlines() if "audit" in line and "Ed25519, by" in line)
                self.assertNotRegex(line.strip().partition("title")[2], "[ \u3000\xa0]{2}")

    def test_one_run_is_not_counted_as_two(self):
        """The same packets once more, with the first run as what they follow."""
        def again(forged):
            files = forged.manifest.pop("files")
            forged.manifest.update(previous=hashlib.sha256((self.one / "manifest.json").read_bytes()).hexdigest(), files=files)
            forged.claim(title="The next night")
            forged.derive()
        done = common.sgproof("verify", self.one, self.forge(again), "--key", self.public)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("its packets are those of ", done.stdout)  # of one begin: in order of their names

    def test_two_runs_from_one_vantage_do_not_probe_at_once(self):
        """The last packets of the first run are of ten seconds later, when the one that follows it had begun long before."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        long = forger.Forger(self.one, pathlib.Path(folder.name) / "a", self.key)
        packets = long.packets()
        long.write_packets([(seconds + 10 * (i >= len(packets) - 3), *rest) for i, (seconds, *rest) in enumerate(packets)])
        long.claim(end=lies.moment(packets[-1][0] + 12))
        lies.replayed(long)
        long.seal()

        def next_one(forged):
            files = forged.manifest.pop("files")
            forged.manifest.update(previous=hashlib.sha256(long.path("manifest.json").read_bytes()).hexdigest(), files=files)
            forged.derive()
        after = forger.Forger(self.one, pathlib.Path(folder.name) / "b", self.key)
        next_one(after)
        after.seal()
        done = common.sgproof("verify", long.folder, after.folder, "--key", self.public)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertRegex(done.stdout, "WRONG +chain +%s was still probing, until .*, when this one, from the same vantage, sent its first packet" % long.folder)

    def test_a_key_that_anybody_can_sign_for_vouches_for_nothing(self):
        prefix = bytes.fromhex("302a300506032b6570032100")  # RFC 8410, section 4
        for number in (0, 1, 2**255 - 19, 2**255 - 20, 2**255 + 1, int.from_bytes(bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little")):
            weak = self.path / "weak.pub.pem"
            weak.write_text("-----BEGIN PUBLIC KEY-----\n%s\n-----END PUBLIC KEY-----\n" % base64.b64encode(prefix + number.to_bytes(32, "little")).decode())
            done = common.sgproof("verify", self.one, "--key", weak)
            self.assertEqual(done.returncode, 2, done.stdout)
            self.assertIn("a key that anybody can sign for", done.stderr)

    def test_lists_that_cost_what_they_name_again_and_again_are_refused(self):
        for name, items in (("packs", lambda forged: 2 * forged.manifest["packs"]), ("canaries", lambda _: ["192.0.2.1:%d" % port for port in range(1, 258)])):
            done = self.verified(self.forge(lambda forged: forged.manifest.update({name: items(forged)})))
            self.assertEqual(done.returncode, 1, done.stdout)
            self.assertRegex(done.stdout, "WRONG        manifest     .*%s: (has .* twice|has more than 256 items)" % name)

    def test_what_is_to_be_trusted_with_timestamps_must_hold_certificates(self):
        done = common.sgproof("verify", self.one, "--key", self.public, "--tsa-ca", self.public)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("holds no CA certificates in PEM", done.stderr)

    def test_replayed_honestly_it_holds(self):
        """The forger forges well: what it lets follow is what follows."""
        evidence = self.forge(lies.replayed)
        self.assertEqual(self.verified(evidence).returncode, 0)
        for path in sorted(p for p in self.one.rglob("*") if p.is_file() and p.suffix != ".html"):
            self.assertEqual((evidence / path.relative_to(self.one)).read_bytes(), path.read_bytes(), path)

    def test_both_read_documents_in_every_form(self):
        """Each document in another form: all of them are what `compute` reads."""
        forms = [("wide", lambda text: text.encode("utf-16")), ("unmarked", lambda text: text.encode("utf-16-be")), ("marked", lambda text: b"\xef\xbb\xbf" + text.encode()),
                 ("wrapped", lambda text: json.dumps({"status_code": 200, "data": json.loads(text)}).encode()), ("listed", lambda text: b"[null, %s]" % text.encode()),
                 ("followed", lambda text: text.encode() + b"\n{}\n"), ("twice", lambda text: (text + "\n" + text).encode()), ("separated", lambda text: b"\x1e" + text.encode())]
        for shift in (0, 3):
            def change(forged):
                for side in ("before", "after"):
                    for number, path in enumerate(sorted(forged.path(side).glob("*.json"))):
                        path.write_bytes(forms[(number + shift) % len(forms)][1](path.read_text()))
                forged.path("intent.json").write_bytes(b"\xef\xbb\xbf"[:shift] + forged.path("intent.json").read_bytes())
                forged.list_files()
                forged.derive()
            evidence = self.forge(change)
            done, audited = self.verified(evidence), audit(evidence, "--key", self.public)
            self.assertEqual((done.returncode, audited.returncode, findings(audited)), (0, 0, []), done.stdout + audited.stdout)

    def test_what_only_one_of_them_could_read_is_not_judged(self):
        for form in (lambda text: json.dumps({"securityGroups": json.loads(text)["SecurityGroups"]}), lambda text: json.dumps(json.loads(text)["SecurityGroups"][0]),
                     lambda text: text + " x", lambda text: json.dumps([json.loads(text)["SecurityGroups"]])):
            def change(forged):
                for side in ("before", "after"):
                    path = forged.path(side + "/SecurityGroups.json")
                    path.write_text(form(path.read_text()))
                forged.list_files()
                lies.replayed(forged)
            audited = audit(self.forge(change), "--key", self.public)
            self.assertNotIn("verdicts.json", "".join(one for one in findings(audited) if not one.startswith("not judged")))
            self.assertIn("what is declared: before: ", audited.stdout)

    def test_files_that_no_record_lists_are_told(self):
        """A snapshot made by hand has no record, and holds; one that lies beside what was read is named."""
        def some(forged):
            lies.record(forged, "before", keep=3)
            lies.second_record(forged)
            forged.derive()
        done = self.verified(self.forge(some))
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertRegex(done.stdout, "absent +readings +5 files are in no record of what was read, the first is before/Reservations.json")
        def whole(forged):
            lies.record(forged, "before")
            lies.second_record(forged)
            forged.derive()
        evidence = self.forge(whole)
        done, audited = self.verified(evidence), audit(evidence, "--key", self.public)
        self.assertEqual((done.returncode, audited.returncode), (0, 0), done.stdout + audited.stdout)
        self.assertNotIn("readings", done.stdout)

    def test_what_a_record_leaves_out_is_named(self):
        """What nothing tells vouches for nothing, and verify says of what."""
        def less(forged):
            lies.record(forged, "before")
            told = forged.json("before/snapshot.json")
            del told["files"][1]["sha256"], told["files"][2]["asked"], told["files"][3]["sha256"], told["read_by"]
            forged.path("before/snapshot.json").write_text(json.dumps(told))
            forged.path("after/snapshot.json").write_text("{")
            forged.derive()
        done = self.verified(self.forge(less))
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertRegex(done.stdout, "absent +readings +before/snapshot.json: does not tell read_by: nothing does")
        self.assertRegex(done.stdout, "absent +readings +before/snapshot.json: tells no sha256 of 2 of its files, the first is NetworkAcls.json")
        self.assertRegex(done.stdout, "absent +readings +before/snapshot.json: tells no asked of 1 of its files")
        self.assertRegex(done.stdout, "absent +readings +after/snapshot.json: is no record that can be read")

    def test_a_second_reading_without_its_record_vouches_for_nothing(self):
        """`read` says in it what it could not read: without it, a reading in part looks whole."""
        def without(forged):
            lies.record(forged, "before")
            forged.derive()
        evidence = self.forge(without)
        done, audited = self.verified(evidence), audit(evidence, "--key", self.public)
        self.assertEqual((done.returncode, audited.returncode), (3, 3), done.stdout + audited.stdout)
        self.assertRegex(done.stdout, "NOT CHECKED +readings +after/snapshot.json: is not there, and before/snapshot.json is: when after/ was read")
        self.assertRegex(audited.stdout, "not judged +after/snapshot.json: is not there")

    def test_what_made_evidence_of_another_derivation_is_named(self):
        own = forger.Forger(self.one, self.path / "own").manifest["claims"]["tool_version"]
        for version, says in ((own, "though it says that sgproof %s made it, which this is too: the build" % own), ("99.1.0", "sgproof 99.1.0, which made it, can verify it")):
            self.assertIn(says, self.verified(self.forge(lambda forged: forged.claim(derivation=2, tool_version=version))).stdout)

    def test_a_second_reading_that_is_the_first_one_is_named(self):
        def same(forged):
            lies.record(forged, "before")
            shutil.copy(forged.path("before/snapshot.json"), forged.path("after/snapshot.json"))
            forged.derive()
        evidence = self.forge(same)
        done, audited = self.verified(evidence), audit(evidence, "--key", self.public)
        self.assertEqual((done.returncode, audited.returncode), (0, 0), done.stdout + audited.stdout)
        self.assertRegex(done.stdout, "absent +readings +after/snapshot.json: is the record of before/ once more, of .*: that nothing changed")

    def test_what_only_the_maker_says_is_told_as_that(self):
        def told(forged):
            intent = forged.json("intent.json")
            intent.update(exceptions=[{"id": "e", "owner": "us", "reason": "known", "control": "*", "expires": "2099-01-01"}], administrators=["arn:aws:iam::*:role/x"])
            forged.path("intent.json").write_text(json.dumps(intent))
            forged.path("history").mkdir()
            forged.path("history/answered.json").write_text(json.dumps({"schema": "sgproof/answered/v1", "answered": [
                {"address": "198.51.100.20", "protocol": "tcp", "open": "443-444"}]}))
            forged.list_files()
            forged.derive()
            forged.observe(lambda line: {key: line[key] for key in ("address", "protocol", "from_port", "to_port", "tries")} | {"state": "unknown", "reason": "local: no route"}
                           if line.get("from_port") == 444 and "." in line["address"] else line)
            lies.summary(forged, dropped=9999)
        done = self.verified(self.forge(told))
        for words in ("that intent.json is what is meant: platform loopback, by default deny, 2 rules, 1 exception, 1 administrator (SHA-256 ", "judged on 20",
                      "that 2 ports answered before (history/answered.json)", "that its machine could not ask ",
                      "passes; 9999 packets that arrived were dropped for want of room",
                      "that the packets were sent and heard, and that no answer was left out of them: nothing shows what is not there"):
            self.assertRegex(done.stdout, "\n {15}.*" + re.escape(words))

    def test_that_nothing_is_meant_is_a_claim_too(self):
        """Without the intent what was forbidden is unspecified, and all follows."""
        def without(forged):
            forged.path("intent.json").unlink()
            forged.list_files()
            forged.derive()
        done = self.verified(self.forge(without))
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("that nobody says what is meant, and so nothing is forbidden: there is no intent.json", done.stdout)
        self.assertNotIn("nobody says", self.verified(self.one).stdout)

    def test_accounts_that_were_left_out_are_named(self):
        """The record tells of them, and so do answers and verify."""
        def told(excluded):
            return lambda forged: (lies.record(forged, "before", excluded_accounts=excluded), lies.second_record(forged), forged.derive())
        evidence = self.forge(told(["222233334444", "333344445555"]))
        says = "accounts that were left out when the others were read (snapshot.json): 222233334444, 333344445555"
        done = self.verified(evidence)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertRegex(done.stdout, "\n  not covered +" + re.escape(says))
        self.assertIn(says, json.loads((evidence / "exposure.json").read_text())["not_covered"])
        self.assertNotIn("left out when", self.verified(self.forge(told([]))).stdout)

    def test_a_record_of_other_types_than_read_writes_says_nothing(self):
        """Which of it stands for what, nobody knows: "false" is not that it is whole."""
        call = {"account_id": "111122223333", "region": "eu-west-3", "service": "ec2", "operation": "DescribeVpcs", "code": "x", "message": None, "iam_action": None}
        for members, says in (({"complete": "false"}, "complete: .* a string"), ({"complete": 0}, "complete: .* a number"), ({"account_id": 5}, "account_id: .* a number"),
                              ({"began": []}, "began: .* an array"), ({"excluded_accounts": "222233334444"}, "excluded_accounts: .* a string"),
                              ({"excluded_accounts": [1]}, r"excluded_accounts\[0\]: expected a string"), ({"unavailable": [{**call, "service": 7}]}, r"unavailable\[0\].service: .* a number"),
                              ({"unread": "none"}, "unread: .* a string")):
            with self.subTest(members=members):
                evidence = self.forge(lambda forged: (lies.record(forged, "before", **members), forged.derive()))
                done, audited = self.verified(evidence), audit(evidence, "--key", self.public)
                self.assertIn(done.returncode, (1, 3), done.stdout)
                self.assertIn(audited.returncode, (1, 3), audited.stdout)
                self.assertRegex(done.stdout, "NOT CHECKED +readings +before/snapshot.json: a record of what was read: " + says)
                self.assertRegex(done.stdout, "coverage .*; INCOMPLETE")
        for members in ({"complete": None}, {"read_by": None}, {"unavailable": [call]}, {"excluded_accounts": None}):
            done = self.verified(self.forge(lambda forged: (lies.record(forged, "before", **members), lies.second_record(forged), forged.derive())))
            self.assertEqual(done.returncode, 0, done.stdout)

    def test_a_document_that_is_not_as_it_was_read_is_unread_in_words(self):
        evidence = self.forge(lies.LIES["rule_added_after_the_reading"][0])
        done = common.sgproof("compute", self.loose(evidence / "before"), "--format", "json")
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn({"file": "snapshot.json", "path": "files", "why": "SecurityGroups.json is not as it was read: its SHA-256 is another than the one here"},
                      json.loads(done.stdout)["unread"])

    def loose(self, folder):
        copy = tempfile.TemporaryDirectory()
        self.addCleanup(copy.cleanup)
        return shutil.copytree(folder, pathlib.Path(copy.name) / "snapshot")

    def excepted(self, *exceptions):
        def change(forged):
            intent = {"schema": "sgproof/intent/v1", "platform": "p", "default": "deny", "rules": []}
            if forged.path("intent.json").exists():
                intent = forged.json("intent.json")
            intent["exceptions"] = [{"id": "e%d" % i, "owner": "us", "reason": "known", **one} for i, one in enumerate(exceptions)]
            forged.path("intent.json").write_text(json.dumps(intent))
            forged.derive()
        return self.forge(change)

    def test_the_second_opinion_knows_exceptions(self):
        for exceptions in (({"control": "fsbp-exposure/EC2.18", "expires": "2099-01-01"},), ({"control": "*", "expires": "2099-01-01"},),
                           ({"control": "sec-002/*", "expires": "2001-01-01"}, {"control": "*", "subject": "sg-*", "expires": "2099-01-01"})):
            evidence = self.excepted(*exceptions)
            done, audited = self.verified(evidence), audit(evidence, "--key", self.public)
            self.assertIn('"excepted"', (evidence / "controls.json").read_text())
            self.assertEqual((done.returncode, audited.returncode), (0, 0), done.stdout + audited.stdout)

    def test_readings_of_different_accounts_show_nothing_of_what_stayed(self):
        def other(forged):
            for path in forged.path("after").glob("**/*.json"):
                path.write_text(path.read_text().replace("111122223333", "999900001111"))
            forged.derive()

        def emptied(forged):
            for path in forged.path("after").glob("**/*.json"):
                path.write_text(json.dumps(dict.fromkeys(json.loads(path.read_text()), [])))
            forged.derive()
        for change in (other, emptied):
            evidence = self.forge(change)
            done, audited = self.verified(evidence), audit(evidence, "--key", self.public)
            self.assertEqual((done.returncode, audited.returncode), (3, 3), done.stdout + audited.stdout)
            self.assertRegex(done.stdout, "NOT CHECKED +readings +after/ tells nothing of 111122223333 in ")
            self.assertIn("after/ tells nothing of an account that before/ does", audited.stdout)

    def test_lists_of_the_manifest_take_no_time_by_their_square(self):
        began = time.monotonic()
        many = self.forge(lambda forged: (forged.claim(command=["x"] * 50000), forged.derive()))
        self.assertEqual(self.verified(many).returncode, 0)
        vantages = self.forge(lambda forged: forged.claim(vantages=["192.0.2.1=198.51.%d.%d/32" % (i // 256, i % 256) for i in range(20000)], vantages_learnt=["given"] * 20000))
        done = self.verified(vantages)
        self.assertEqual(done.returncode, 1)
        self.assertIn("there are more than 256", done.stdout)
        self.assertLess(time.monotonic() - began, 60)

    def test_a_run_does_not_take_a_reading_that_is_of_no_time(self):
        for number, ended in enumerate(("not a time", lies.moment(time.time() + 86400), 7)):
            snapshot = self.path / ("when%d" % number)
            shutil.copytree(self.one / "before", snapshot)
            (snapshot / "snapshot.json").write_text(json.dumps({"schema": "sgproof/snapshot/v1", "ended": ended}))
            done = common.sgproof("run", "--snapshot", snapshot, "--out", self.path / "never", "--no-history", "--only", "127.0.0.0/8")
            self.assertEqual(done.returncode, 2)
            self.assertRegex(done.stderr, "snapshot.json: (ended: .* is no moment|was read until .*, in the future)")
            self.assertFalse((self.path / "never").exists())

    def test_a_run_does_not_take_documents_that_are_not_those_that_were_read(self):
        """Its evidence would not hold."""
        for number, (where, change, says) in enumerate((("", {}, "SecurityGroups.json: is not what snapshot.json says was read: its SHA-256 is another"),
                                                         ("111122223333/", {}, "111122223333/SecurityGroups.json: is not what 111122223333/snapshot.json says was read"),
                                                         ("", {"read_by": "arn:aws:iam::999900001111:user/x"}, "snapshot.json: read_by is of another account"))):
            forged = forger.Forger(self.one, self.path / ("taken%d" % number))
            lies.nested(forged, "before") if where else lies.record(forged, "before", **change)
            snapshot = forged.path("before")
            run = ["run", "--snapshot", snapshot, "--out", self.path / "never", "--no-history", "--only", "198.51.100.0/24", "--only", "2001:db8::/32", "--estimate",
                   "--vantage", "203.0.113.7", "--vantage", "2001:db8:ffff::7"]
            shutil.copytree(snapshot, self.path / ("loose%d" % number))  # a folder of evidence is held against its manifest
            run[2] = self.path / ("loose%d" % number)
            if not change:
                self.assertEqual(common.sgproof(*run).returncode, 0)
                path = run[2] / where / "SecurityGroups.json"
                path.write_text(path.read_text() + "\n")
            done = common.sgproof(*run)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(says, done.stderr)
            self.assertFalse((self.path / "never").exists())

    def test_what_a_vantage_was_not_to_ask_and_how_it_is_known_is_said(self):
        def scoped(forged):
            forged.write_packets([one for one in forged.packets() if one[2][0] >> 4 == 6])
            forged.claim(vantages=["203.0.113.7=198.51.100.99/32", forged.manifest["vantages"][1]])
            lies.replayed(forged)
        done = self.verified(self.forge(scoped))
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("203.0.113.7=198.51.100.99/32 (given)", done.stdout)
        self.assertIn("1 × IPv4 endpoints (no vantage is to ask them)", done.stdout)


class Vantages(Evidence):
    def test_honest_runs_with_ports_or_a_scope_hold_for_both(self):
        for name, vantage in (("ports", "203.0.113.7:40000-50000"), ("scope", "203.0.113.7=198.51.100.0/24")):
            with self.subTest(name=name):
                evidence = self.run_with(name, vantage)
                self.assertEqual(self.verified(evidence).returncode, 0, self.verified(evidence).stdout)
                done = audit(evidence, "--key", self.public)
                self.assertEqual((done.returncode, findings(done)), (0, []))
        ports = {int.from_bytes(p[20:22], "big") for _, _, p in forger.Forger(self.path / "ports", self.path / "copy").packets()
                 if p[0] >> 4 == 4 and p[9] in (6, 17) and p[12:16] == bytes((203, 0, 113, 7))}
        self.assertTrue(ports and ports <= set(range(40000, 50001)), sorted(ports)[:5])

    def run_with(self, name, vantage):
        old, sys.modules["test_audit"].VANTAGES = sys.modules["test_audit"].VANTAGES, ["--vantage", vantage, "--vantage", "2001:db8:ffff::7"]
        try:
            return self.run_to(name, CRITICAL)
        finally:
            sys.modules["test_audit"].VANTAGES = old

    def test_a_canary_is_no_endpoint(self):
        snapshot = self.path / "canary.snapshot"
        snapshot.mkdir()
        from oracle import estates
        from test_audit import estate
        estates.write(estate(), snapshot)
        words = ["--vantage", "203.0.113.7", "--canary", "198.51.100.20:22"]
        for done in (common.sgproof("plan", snapshot, *words),
                     common.alone(CRITICAL, "run", "--snapshot", snapshot, "--out", self.path / "canaried", "--no-history", "--only", "198.51.100.0/24", *words),
                     common.sgproof("probe", "--targets", "-", "--only", "127.0.0.0/8", "--canary", "127.0.0.1:9", stdin="127.0.0.1 tcp 10\n")):
            self.assertEqual(done.returncode, 2, done.stdout)
            self.assertIn("is itself asked about", done.stderr)
        self.assertFalse((self.path / "canaried").exists())

    def test_canaries_of_an_honest_run_are_as_both_count_them(self):
        """One that answers, and one of the other family, written in another way, that does not."""
        evidence = self.run_to("canaries", CRITICAL, None, "--only", "203.0.113.0/24", "--canary", "203.0.113.78:443", "--canary", "[2001:DB8:0::78]:444")
        told = {one["address"]: one["answered"] > 0 for one in forger.Forger(evidence, self.path / "canaries.copy", self.key).lines("observations.jsonl")[-1]["summary"]["canaries"]}
        self.assertEqual(told, {"203.0.113.78": True, "2001:db8::78": False})
        done, audited = self.verified(evidence), audit(evidence, "--key", self.public)
        self.assertEqual((done.returncode, audited.returncode), (0, 0), done.stdout + audited.stdout)


class Chain(Evidence):
    """Two runs that follow each other, and what the second one remembers of the first."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        from oracle import estates
        from test_audit import VANTAGES, estate
        snapshot = cls.path / "snapshot"
        snapshot.mkdir()
        estates.write(estate(), snapshot)
        for name, depth in (("one", "standard"), ("two", "declared")):
            done = common.alone(CRITICAL, "run", "--snapshot", snapshot, "--out", cls.path / name, *VANTAGES, "--history", cls.path / "h.sqlite",
                                "--only", "198.51.100.0/24", "--only", "2001:db8::/32", "--sign", cls.key, "--timeout", "300", "--depth", depth)
            assert (cls.path / name / "manifest.json").exists(), done.stderr

    def both(self, second):
        return common.sgproof("verify", self.path / "one", second, "--key", self.public)

    def test_what_is_remembered_is_what_that_run_s_evidence_says(self):
        done = self.both(self.path / "two")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertRegex(done.stdout, "ok +history +1 of the 1 earlier runs are given")
        alone = common.sgproof("verify", self.path / "two", "--key", self.public)
        self.assertEqual(alone.returncode, 0)
        self.assertRegex(alone.stdout, "absent +history +none of the 1 earlier runs")

    def test_a_history_that_its_own_chain_contradicts_does_not_hold(self):
        def row(**members):
            def change(forged):
                runs = forged.json("history/runs.json")
                runs["runs"][-1].update(members)
                forged.path("history/runs.json").write_text(json.dumps(runs))
            return change

        def verdicts(forged):
            forged.replace("history/verdicts.json", '"observed": "open"', '"observed": "filtered"')
            forged.replace("history/verdicts.json", '"verdict": "confirmed"', '"verdict": "blocked"')
        counts = json.loads((self.path / "two/history/runs.json").read_text())["runs"][-1]["ports_by_verdict"]
        for name, change, what in (("counts", row(ports_by_verdict={**counts, "confirmed": 0}), "its counts"), ("asked", row(asked=7), "its counts"),
                                   ("whole", row(complete=False), "complete"), ("vantage", row(vantage="192.0.2.1"), "vantage"),
                                   ("time", row(begin="2001-01-01T00:00:00.000000Z"), "begin or end"),
                                   ("manifest", row(manifest_sha256="0" * 64), "another manifest"), ("run", row(run_id="0" * 16), "run_id"),
                                   ("verdicts", verdicts, "what it saw")):
            with self.subTest(name=name):
                forged = forger.Forger(self.path / "two", self.path / ("lie " + name), self.key)
                change(forged)
                forged.derive()
                forged.seal()
                done = self.both(forged.folder)
                self.assertEqual(done.returncode, 1, done.stdout)
                self.assertRegex(done.stdout, "WRONG +history +.*" + what)

    def test_runs_that_the_history_leaves_out_are_named(self):
        """A row of somebody's in the place of the run before: a history may be another one, so it is said."""
        forged = forger.Forger(self.path / "two", self.path / "left out", self.key)
        runs = forged.json("history/runs.json")
        runs["runs"][-1].update(run_id="0123456789abcdef", manifest_sha256="1" * 64)
        forged.path("history/runs.json").write_text(json.dumps(runs))
        forged.derive()
        forged.seal()
        done = self.both(forged.folder)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertRegex(done.stdout, "absent +history +history/runs.json tells nothing of 1 of the given ones before it, the first is .*/one")
        self.assertNotIn("tells nothing of", self.both(self.path / "two").stdout)

    def test_the_second_opinion_knows_what_it_follows(self):
        audited = audit(self.path / "two", "--key", self.public, "--previous", self.path / "one")
        self.assertEqual((audited.returncode, findings(audited)), (0, []))
        audited = audit(self.path / "two", "--key", self.public, "--previous", self.path / "two")
        self.assertEqual(audited.returncode, 1)
        self.assertIn("manifest.json: previous: the evidence says", audited.stdout)
        for row in ({"complete": False}, {"begin": "2001-01-01T00:00:00.000000Z"}, {"run_id": "0" * 16}, {"vantage": "192.0.2.1"}):
            with self.subTest(row=row):
                audited = audit(self.told("second %s" % list(row), **row), "--key", self.public, "--previous", self.path / "one")
                self.assertEqual(audited.returncode, 1)
                self.assertIn("history/runs.json: %s of what it follows" % list(row)[0], "\n".join(findings(audited)))

    def test_nobody_follows_what_had_not_ended(self):
        """The manifest of the first one is younger than the packets of the second, which names it."""
        first = forger.Forger(self.path / "one", self.path / "ended later", self.key)
        first.claim(end=lies.moment(first.packets()[-1][0] + 86400))
        first.derive()
        first.seal()
        second = forger.Forger(self.path / "two", self.path / "follows it", self.key)
        second.claim(previous=hashlib.sha256(first.path("manifest.json").read_bytes()).hexdigest())
        for name in ("runs", "verdicts"):
            second.path("history/%s.json" % name).unlink()
        second.list_files()
        second.derive()
        second.seal()
        done = common.sgproof("verify", first.folder, second.folder, "--key", self.public)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertRegex(done.stdout, "WRONG +chain +.*ended later had not ended, .*, when this one sent its first packet, ")

    def told(self, name, **members):
        """Evidence whose last row says otherwise."""
        forged = forger.Forger(self.path / "two", self.path / ("told " + name), self.key)
        runs = forged.json("history/runs.json")
        again = runs["runs"] if members.pop("twice", False) else []
        runs["runs"] = again + [{**runs["runs"][-1], **members}]
        forged.path("history/runs.json").write_text(json.dumps(runs))
        forged.derive()
        forged.seal()
        return forged.folder

    def test_what_is_remembered_is_no_contradiction_of_itself(self):
        """Without the runs that it tells of, by what is beside it."""
        counts = json.loads((self.path / "two/history/runs.json").read_text())["runs"][-1]["ports_by_verdict"]
        for name, members, what in (("counts", {"ports_by_verdict": {**counts, "undeclared": 777}}, "ports_by_verdict: history/verdicts.json says otherwise"),
                                    ("endpoints", {"endpoints": 99}, "endpoints: history/verdicts.json says otherwise"),
                                    ("whole", {"complete": False}, "complete: history/verdicts.json says otherwise"),
                                    ("vantage", {"vantage": "192.0.2.1"}, "vantage: history/verdicts.json says otherwise"),
                                    ("later", {"end": "2086-01-01T00:00:00.000000Z"}, "end: is after what follows it"),
                                    ("backwards", {"end": "2016-01-01T00:00:00.000000Z"}, "end: is before its begin"),
                                    ("when", {"begin": "yesterday"}, "begin or end: is no moment"), ("id", {"run_id": "run 1"}, "run_id: is none"),
                                    ("manifest", {"manifest_sha256": "0"}, "manifest_sha256: is none"), ("again", {"twice": True}, "is a run that is there already")):
            with self.subTest(name=name):
                done = self.verified(self.told(name, **members))
                self.assertEqual(done.returncode, 1, done.stdout)
                self.assertRegex(done.stdout, r"WRONG +history +history/runs.json: runs\[\d\]: " + what)

    def test_no_text_of_the_history_steers_a_report(self):
        lie = "x\x1b[2J\u202e\x9b1m\nNothing was found.\n"
        for key in ("run_id", "begin", "end", "series", "vantage", "manifest_sha256"):
            with self.subTest(key=key):
                done = common.sgproof("report", self.told("text " + key, **{key: lie}))
                self.assertNotRegex(done.stdout, "[\x1b\x9b\u202e]")
                self.assertNotIn("Nothing was found.", done.stdout.splitlines())

    def test_what_the_last_run_saw_answer_is_asked_again(self):
        """The lie: history/answered.json leaves out the critical port, at a depth at which nothing else asks it."""
        def silent(packet):
            return packet[9] == 6 and packet[0] >> 4 == 4 and b"\x00\x16" in (packet[20:22], packet[22:24])

        forged = forger.Forger(self.path / "two", self.path / "lie forgets", self.key)
        known = forged.json("history/answered.json")
        for place in known["answered"]:
            for state in {"open", "closed"} & set(place):
                place[state] = ",".join(port for port in place[state].split(",") if port != "22")
        known["answered"] = [{k: v for k, v in place.items() if v} for place in known["answered"]]
        forged.path("history/answered.json").write_text(json.dumps(known))
        forged.write_packets([one for one in forged.packets() if not silent(one[2])])
        lies.replayed(forged)
        forged.seal()
        self.assertNotIn("22", [str(v.get("from_port")) for v in forged.json("verdicts.json")["verdicts"]])
        without = forger.Forger(forged.folder, self.path / "lie forgets all", self.key)
        without.path("history/answered.json").unlink()
        without.list_files()
        lies.replayed(without)
        without.seal()
        done = self.verified(without.folder)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertRegex(done.stdout, "WRONG +history +history/answered.json: leaves out 198.51.100.20 tcp 22,")
        for beside in ((), (self.path / "one",)):
            done = common.sgproof("verify", *beside, forged.folder, "--key", self.public)
            self.assertEqual(done.returncode, 1, done.stdout)
            self.assertRegex(done.stdout, "WRONG +history +history/answered.json: leaves out 198.51.100.20 tcp 22")


if __name__ == "__main__":
    unittest.main()
