"""Reports for programs, read by programs that are not ours. Probes go to 127.0.0.1 only."""
import csv
import io
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import common
from oracle import estates
from test_evidence import Bundles, INTENT, loopback_estate, reseal
from test_snapshots import permission

CONSUMERS = str(common.TOP / ".venv/bin/python")
SARIF = common.TOP / ".venv/sarif/package/Sarif.Multitool"
HOSTILE = "=cmd|' /C calc'!A0 <script>alert(1)</script> & \"quoted\", \x1b[31mred \u4e16\U0001f600 ]]> \x01\x7f\ufffe"


def has(module):
    return os.access(CONSUMERS, os.X_OK) and subprocess.run([CONSUMERS, "-c", "import " + module], capture_output=True).returncode == 0


SENT = "".join(c for c in HOSTILE if " " <= c <= "~")  # as the prober writes what others send
HOSTILE_SERVICE = {"name": "https", "product": SENT, "banner": SENT, "tls": {
    "version": "TLSv1.3", "cipher": "x", "certificate": {
        "subject": "CN=" + SENT, "issuer": "CN=" + SENT, "names": [SENT], "not_before": "2026-01-01T00:00:00Z",
        "not_after": "2026-12-31T00:00:00Z", "sha256": "00" * 32, "self_issued": True}}}


def with_service(bundle, into, service=HOSTILE_SERVICE):
    """A copy in which what answers at the open port has been identified."""
    shutil.copytree(bundle, into, dirs_exist_ok=True)
    lines = [json.loads(line) for line in (bundle / "observations.jsonl").read_text().splitlines()]
    for line in lines:
        if line.get("state") == "open" and line["protocol"] == "tcp":
            line["service"] = service
    (into / "observations.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    reseal(into)
    return into


class Formats(Bundles):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        estate = loopback_estate(cls.port)
        estate["NetworkInterfaces"][0]["TagSet"] = [{"Key": "Name", "Value": HOSTILE}]
        estate["Reservations"][0]["Instances"][0]["Tags"] = [{"Key": "Name", "Value": HOSTILE}]
        estate["SecurityGroups"][0]["GroupName"] = HOSTILE
        snapshot = cls.path / "hostile-estate"
        snapshot.mkdir()
        estates.write(estate, snapshot)
        cls.bundle = cls.path / "hostile"
        intent = {**INTENT, "platform": HOSTILE, "rules": [{**INTENT["rules"][1], "owner": HOSTILE, "reason": HOSTILE}]}
        (cls.path / "hostile.json").write_text(json.dumps(intent))
        done = common.sgproof("run", "--snapshot", snapshot, "--intent", cls.path / "hostile.json", "--out", cls.bundle, "--vantage",
                              "203.0.113.7", "--depth", "declared", "--method", "connect", "--no-history", *common.ONLY)
        assert done.returncode == 1, done.stderr
        cls.verdicts = json.loads((cls.bundle / "verdicts.json").read_text())["verdicts"]
        assert {v["verdict"] for v in cls.verdicts} == {"confirmed", "latent"}, cls.verdicts

    def report(self, name, of=None, status=0):
        done = common.sgproof("report", of or self.bundle, "--format", name)
        self.assertEqual(done.returncode, status, done.stderr)
        again = common.sgproof("report", of or self.bundle, "--format", name)
        self.assertEqual(again.stdout, done.stdout)
        return done.stdout

    def written(self, name, of=None):
        path = self.path / ("report." + name)
        path.write_text(self.report(name, of))
        return path

    def test_csv_is_a_row_a_verdict_and_no_cell_is_a_formula(self):
        every = list(csv.DictReader(io.StringIO(self.report("csv"), newline="")))
        rows = [r for r in every if not r["control"]]
        self.assertEqual(every[:len(rows)], rows)  # controls come behind
        controls = [c for p in json.loads((self.bundle / "controls.json").read_text())["packs"] for c in p["controls"]]
        self.assertEqual([(r["control"], r["result"], r["verdict"]) for r in every[len(rows):]], [(c["id"], c["result"], "") for c in controls])
        self.assertEqual([(r["verdict"], r["address"], r["from_port"], r["severity"]) for r in rows],
                         [(v["verdict"], v["address"], str(v.get("from_port", "")), v["severity"]) for v in self.verdicts])
        for row in every:
            for cell in row.values():
                self.assertNotRegex(cell, r"^[=+\-@\t\r]")
        self.assertIn(re.sub("[\x00-\x1f\x7f\ufffe]", "?", HOSTILE), rows[0]["name"])

    @unittest.skipUnless(os.access(SARIF, os.X_OK), "Microsoft's SARIF validator is not installed, and could not be")
    def test_sarif_passes_the_validator_with_its_schema(self):
        path = self.path / "report.sarif"
        path.write_text(self.report("sarif"))
        done = subprocess.run([SARIF, "validate", path], capture_output=True, text=True, cwd=self.path, timeout=120,
                              env={**os.environ, "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"})
        self.assertNotRegex(done.stdout, r": error ", done.stdout)
        self.assertIn("1 files scanned", done.stdout)
        document = json.loads(path.read_text())
        results = document["runs"][0]["results"]
        self.assertEqual({r["ruleId"] for r in results if "/" not in r["ruleId"]}, {"confirmed", "latent"})
        self.assertIn("fsbp-exposure/EC2.9", {r["ruleId"] for r in results})
        prints = [r["partialFingerprints"]["finding/v1"] for r in results]
        self.assertEqual(len(prints), len(set(prints)))

    @unittest.skipUnless(has("junitparser"), "junitparser is not installed, and could not be")
    def test_junit_is_read_and_counts_agree(self):
        path = self.written("junit")
        read = ("import sys, json, junitparser; x = junitparser.JUnitXml.fromfile(sys.argv[1]);"
                "print(json.dumps([[s.name, s.tests, s.failures, s.skipped, [[c.name, [type(r).__name__ for r in c.result]] for c in s]] for s in x]))")
        done = subprocess.run([CONSUMERS, "-c", read, path], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        suites = json.loads(done.stdout)
        self.assertEqual([s[0] for s in suites], ["exposure", "sec-002", "fsbp-exposure", "cis-aws-5.0"])
        for name, tests, failures, skipped, cases in suites:
            kinds = [kind for _, results in cases for kind in results]
            self.assertEqual((tests, failures, skipped), (len(cases), kinds.count("Failure"), kinds.count("Skipped")), name)
        self.assertEqual(suites[0][2], sum(v["severity"] != "info" for v in self.verdicts))

    @unittest.skipUnless(has("py_ocsf_models"), "py-ocsf-models is not installed, and could not be")
    def test_ocsf_is_read_by_its_models(self):
        path = self.written("ocsf")
        read = ("import sys, json\n"
                "from py_ocsf_models.events.findings.compliance_finding import ComplianceFinding\n"
                "from py_ocsf_models.events.findings.detection_finding import DetectionFinding\n"
                "for e in json.load(open(sys.argv[1])):\n"
                "    m = {2003: ComplianceFinding, 2004: DetectionFinding}[e['class_uid']].model_validate(e)\n"
                "    print(e['class_uid'], m.metadata.version, m.type_uid.value, m.severity_id.name)\n")
        done = subprocess.run([CONSUMERS, "-c", read, path], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = done.stdout.split("\n")[:-1]
        self.assertEqual({line.split()[1] for line in lines}, {"1.5.0"})
        self.assertEqual(sum(line.startswith("2004 1.5.0 200401") for line in lines), len(self.verdicts))
        self.assertGreater(sum(line.startswith("2003 1.5.0 200301") for line in lines), 30)

    @unittest.skipUnless(common.python_with_moto(), "moto and boto3 are not installed, and could not be")
    def test_asff_is_taken_by_security_hub_in_batches(self):
        many = self.path / "many"
        shutil.copytree(self.bundle, many, dirs_exist_ok=True)
        document = json.loads((many / "verdicts.json").read_text())
        document["verdicts"] = [{**self.verdicts[0], "from_port": port, "to_port": port} for port in range(1, 251)]
        (many / "verdicts.json").write_text(json.dumps(document))
        reseal(many)
        path = self.path / "asff.jsonl"
        path.write_text(self.report("asff", many))
        take = ("import sys, json, boto3\nfrom moto import mock_aws\n"
                "with mock_aws():\n"
                "    hub = boto3.client('securityhub', region_name='eu-west-3', aws_access_key_id='x', aws_secret_access_key='y')\n"
                "    for line in open(sys.argv[1]):\n"
                "        batch = json.loads(line)\n"
                "        answer = hub.batch_import_findings(**batch)\n"
                "        print(len(batch['Findings']), answer['SuccessCount'], answer['FailedCount'])\n")
        done = subprocess.run([common.python_with_moto(), "-c", take, path], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        sizes = [line.split() for line in done.stdout.splitlines()]
        self.assertTrue(all(size == good and int(size) <= 100 and bad == "0" for size, good, bad in sizes), sizes)
        self.assertEqual([int(s[0]) for s in sizes][:2], [100, 100])
        findings = [f for line in path.read_text().splitlines() for f in json.loads(line)["Findings"]]
        self.assertEqual(len({f["Id"] for f in findings}), len(findings))
        for finding in findings:
            self.assertLessEqual(len(finding["Title"]), 256)
            self.assertLessEqual(len(finding["Description"]), 1024)
            self.assertEqual(finding["AwsAccountId"], "111122223333")

    def test_asff_takes_the_account_of_controls_from_a_verdict_that_it_does_not_show(self):
        first = self.path / "first-enforced"
        shutil.copytree(self.bundle, first, dirs_exist_ok=True)
        document = json.loads((first / "verdicts.json").read_text())
        enforced = {**self.verdicts[0], "protocol": "tcp", "from_port": 0, "to_port": 0, "declared": "unreachable", "observed": "filtered",
                    "verdict": "enforced", "severity": "info", "unstable": False, "suggested": []}
        document["verdicts"] = [{**enforced, "account_id": "unknown"}, {**enforced, "account_id": "222222222222", "region": "us-west-2",
                                                                       "from_port": 1, "to_port": 1}, *self.verdicts]
        (first / "verdicts.json").write_text(json.dumps(document))
        reseal(first)
        findings = [f for line in self.report("asff", first).splitlines() for f in json.loads(line)["Findings"] if not f["Id"].endswith("/run-complete")]
        accounts = {kind: {f["AwsAccountId"] for f in findings if ("Standards" in f["Types"][0]) == kind} for kind in (True, False)}
        self.assertEqual(accounts, {True: {"222222222222"}, False: {"111122223333"}})

    def test_an_incomplete_run_is_told_in_every_format_and_what_is_unstable_passes_nowhere(self):
        bundle = self.path / "incomplete"
        shutil.copytree(self.bundle, bundle, dirs_exist_ok=True)
        document = json.loads((bundle / "verdicts.json").read_text())
        place = ("198.51.100.99", 4000)
        document["verdicts"].append({**self.verdicts[0], "address": place[0], "from_port": place[1], "to_port": place[1], "severity": "info", "unstable": True})
        document.update(complete=False)
        document["coverage"]["missing"] = ["missing: network-acl acl-%d" % n for n in range(7)]
        (bundle / "verdicts.json").write_text(json.dumps(document))
        reseal(bundle)
        for form in ("text", "markdown", "html", "csv", "sarif", "junit", "ocsf", "asff"):
            with self.subTest(form):
                told = self.report(form, bundle, 3)
                self.assertRegex(told, "(?i)incomplete|not everything could be read" if form != "sarif" else '"executionSuccessful": false')
                self.assertNotRegex(self.report(form), "(?i)incomplete" if form != "sarif" else '"executionSuccessful": false')
                self.assertIn("acl-0", told)
        case, = [c for c in xml.etree.ElementTree.fromstring(self.report("junit", bundle, 3)).iter("testcase") if c.get("name") == "%s %d/tcp" % place]
        self.assertIn("unstable", case.find("skipped").get("message"))
        findings = {f["Id"].rsplit("/", 1)[1]: f for line in self.report("asff", bundle, 3).splitlines() for f in json.loads(line)["Findings"]}
        self.assertEqual(findings["run-complete"]["Compliance"], {"Status": "WARNING"})
        self.assertEqual([f["Compliance"]["Status"] for f in findings.values() if "of 4000/tcp" in f["Title"]], ["WARNING"])
        whole = [f for line in self.report("asff").splitlines() for f in json.loads(line)["Findings"] if f["Id"].endswith("/run-complete")]
        self.assertEqual([(f["Compliance"]["Status"], f["Workflow"]["Status"]) for f in whole], [("PASSED", "RESOLVED")])

    def test_text_and_markdown_tell_what_each_group_allows_and_first_what_came_through_where_it_denies(self):
        bundle = self.path / "accesses"
        shutil.copytree(self.bundle, bundle, dirs_exist_ok=True)
        document = json.loads((bundle / "controls.json").read_text())
        allowed = [a for a in document["platform"] if a["decision"] == "allow"]
        denied, = [a for a in document["platform"] if a["decision"] == "deny" and a["direction"] == "inbound"]
        for heard in (False, True):
            denied["observed"].update({"open": int(heard)})
            (bundle / "controls.json").write_text(json.dumps(document))
            reseal(bundle)
            rows = re.findall(r"^  (allows|DENIES)  ", self.report("text", bundle), re.M)
            self.assertEqual(rows, ["DENIES"] * heard + ["allows"] * len(allowed))
            rows = re.findall(r"^\| [^|]* \| (allows|\*\*denies\*\*) \| ", self.report("markdown", bundle), re.M)
            self.assertEqual(rows, ["**denies**"] * heard + ["allows"] * len(allowed))

    @unittest.skipUnless(has("prometheus_client"), "prometheus-client is not installed, and could not be")
    def test_metrics_pass_the_openmetrics_parser_and_count_ports(self):
        text = self.report("metrics")
        read = "import sys\nfrom prometheus_client.openmetrics.parser import text_string_to_metric_families\nprint(len(list(text_string_to_metric_families(sys.stdin.read()))))"
        done = subprocess.run([CONSUMERS, "-c", read], input=text, capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout), (0, "7\n"), done.stderr)
        if shutil.which("promtool"):  # of Debian's prometheus, which starts a server where it is installed
            done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
            self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))
        self.assertTrue(text.endswith("# EOF\n"))
        values = {m[1]: float(m[2]) for m in re.finditer(r"^(\w+(?:\{.*\})?) (\S+)$", text, re.M)}
        self.assertEqual(values['sgproof_exposures{verdict="confirmed",severity="critical"}'],
                         sum(v["severity"] == "critical" and v["verdict"] == "confirmed" for v in self.verdicts))
        self.assertEqual(values["sgproof_incomplete"], 0)
        self.assertGreater(values["sgproof_last_complete_run_timestamp_seconds"], 1.7e9)

    @unittest.skipUnless(shutil.which("xmllint") and os.path.exists("/usr/share/nmap/nmap.dtd"), "xmllint or nmap's DTD is not installed")
    def test_nmap_xml_is_valid_by_nmaps_dtd(self):
        path = self.written("nmap", with_service(self.bundle, self.path / "served"))
        done = subprocess.run(["xmllint", "--noout", "--dtdvalid", "/usr/share/nmap/nmap.dtd", path], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        ports = {(p.get("protocol"), int(p.get("portid"))): p.find("state").get("state")
                 for p in xml.etree.ElementTree.parse(path).iter("port")}
        self.assertEqual(ports, {("tcp", self.port): "open", ("tcp", self.port + 1): "closed"})
        service, = xml.etree.ElementTree.parse(path).iter("service")
        self.assertEqual((service.get("name"), service.get("tunnel")), ("https", "ssl"))
        self.assertIn("<script>", service.get("product"))

    def test_a_service_that_was_not_identified_is_told_so_and_never_as_a_finding_of_nothing(self):
        reason = "the deadline of 300 s was over"
        bundle = with_service(self.bundle, self.path / "late", {"name": "unknown", "not_identified": reason})
        self.assertIn("unknown, not identified: " + reason, self.written("html", bundle).read_text())
        self.assertNotIn("<service", self.written("nmap", bundle).read_text())

    def test_text_fits_80_columns_and_holds_no_control_character(self):
        wide = json.loads((self.bundle / "verdicts.json").read_text())
        wide["vantage"] = "2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff, 203.0.113.7"
        wide["verdicts"] += [{**v, "address": "2001:db8:1111:2222:3333:4444:5555:%x" % n, "name": "a-rather-long-name-of-an-instance " * 3,
                              "because": ["security groups: no rule of " + ", ".join("sg-0a1f5e00000000%02x" % i for i in range(20))]}
                             for n, v in enumerate(self.verdicts * 20)]
        path = self.path / "wide.json"
        path.write_text(json.dumps(wide))
        for of in (self.bundle, path):
            text = self.report("text", of)
            self.assertNotRegex(text, r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")
            self.assertEqual([line for line in text.splitlines() if len(line) > 80], [])
        self.assertIn("that are as intended", text)

    def test_xml_formats_are_well_formed_whatever_the_names(self):
        for name in ("junit", "nmap"):
            xml.etree.ElementTree.fromstring(self.report(name).encode())

    def test_each_format_is_in_the_table_and_told_in_its_documents(self):
        table = re.findall(r'\{\.name = "(\w+)"', (common.TOP / "src/report/formats.c").read_text())
        self.assertEqual({*common.formats("report")}, {*table, "tar"})
        for page in ("docs/commands.md", "docs/sgproof.1"):
            text = (common.TOP / page).read_text()
            self.assertEqual([name for name in table if not re.search(r"\b%s\b" % name, text, re.I)], [], page)

    def test_formats_that_need_evidence_say_so(self):
        need = ("ocsf", "asff", "nmap", "tar")
        for name in need:
            done = common.sgproof("report", self.bundle / "verdicts.json", "--format", name)
            self.assertEqual(done.returncode, 2)
            self.assertIn("needs an evidence folder", done.stderr)
        for name in set(common.formats("report")) - {*need}:
            self.report(name, self.bundle / "verdicts.json")
        done = common.sgproof("report", self.bundle, "--format", "pdf")
        self.assertEqual(done.returncode, 2)

    def test_a_baseline_leaves_nothing_in_any_format(self):
        done = common.sgproof("report", self.bundle, "--format", "csv", "--baseline", self.bundle)
        self.assertEqual([r for r in csv.DictReader(io.StringIO(done.stdout)) if not r["control"]], [])


if __name__ == "__main__":
    unittest.main()
