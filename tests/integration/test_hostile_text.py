"""No text from any file adds a line, an escape or a turn of direction to what people read, in any format."""
import csv
import io
import json
import os
import sys
import unittest
import xml.etree.ElementTree

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import common
from test_intent import intent, rule, seen
from test_load_balancers import balanced
from test_report import document, verdict
from test_told_bridges import accelerator, estate as accelerated
from test_world import V4, documents, folder

FORGED = "FORGED ok signature"
STEERING = "\x01\t\x1b[31m\x7f\x85\x9b2J\u00ad\u061c\u200b\u200d\u200e\u2028\u2029\u202e\u2060\u2066\ufeff\ufff9\U000e0041"
HOSTILE = "a" + STEERING + "\n%s\r\n%s\u2028%s" % (FORGED, FORGED, FORGED)
HIDDEN = {*STEERING} - {*"[31m2J"}


def poison(value, key=None):
    """The same with hostile text behind every text that AWS lets people write, and behind words of no fixed set."""
    free = ("Value", "GroupName", "Description", "LoadBalancerName", "TargetGroupName", "Name", "DNSName", "DnsName", "Message", "Reason")
    if isinstance(value, dict):
        return {k: poison(v, k) for k, v in value.items()}
    if isinstance(value, list):
        return [poison(v, key) for v in value]
    return value + HOSTILE if isinstance(value, str) and key in free and not value.startswith("ELB ") else value


class HostileText(unittest.TestCase):
    def check(self, text, own="\n"):
        self.assertFalse({c for c in text if c in HIDDEN and c not in own}, text)
        self.assertFalse([line for line in text.replace("\r", "\n").split("\n") if line.lstrip(' "').startswith("FORGED")], text)

    def test_the_text_of_each_command_and_the_log(self):
        told = 0
        for made, files in ((balanced(), {}), (accelerated(), accelerator())):
            for interface in made["NetworkInterfaces"]:
                interface.setdefault("TagSet", [{"Key": "Name", "Value": "n"}])
            made["SecurityGroups"][0]["IpPermissions"][0]["IpRanges"][0]["Description"] = "d"
            whole = folder(poison({**documents(made), **files}))
            less = folder(poison({n: d for n, d in {**documents(made), **files}.items() if n not in ("SecurityGroups.json", "g.json", "l.json")}))
            odd = folder({**poison(documents(made)), HOSTILE.replace("/", "") + ".json": {"NetworkInterfaces": [{HOSTILE: HOSTILE}], "Vpcs": 5}})
            wanted = whole / "intent.json"
            wanted.write_text(json.dumps(intent(rule("r" + HOSTILE, owner=HOSTILE, reason=HOSTILE, expires="2020-01-01"), rule("s", protocol="tcp", ports="443", owner=HOSTILE))))
            observed = whole / "seen.jsonl"
            observed.write_text("".join(json.dumps(line) + "\n" for line in (seen(V4, "tcp", 443), {"summary": {}})))
            for words in (["compute", whole], ["compute", less, "-v"], ["compute", odd, "-v"], ["compute", odd, "--log-format", "json"], ["compute", whole / HOSTILE[:40]],
                          ["explain", less, V4, "443/tcp"], ["diff", whole, less, "-v"], ["diff", less, whole, "-v"], ["diff", odd, less, "-v"],
                          ["plan", odd, "--format", "text", "--intent", wanted, "--vantage", "8.8.8.8"], ["compute", odd, "--format", "json"], ["compute", odd, "--as-intent"],
                          ["reconcile", odd, observed, "--vantage", "8.8.8.8", "--intent", wanted, "-v"], ["plan", odd, "--estimate", "--vantage", HOSTILE]):
                with self.subTest(words=words[0]):
                    done = common.sgproof(*words)
                    told += (done.stdout + done.stderr).count(FORGED)
                    self.check(done.stdout)
                    self.check(done.stderr)
        self.assertGreater(told, 100)

    def test_ids_too_in_each_answer_about_what_begins_inside(self):
        """Ids are texts of others as names are: each with a line behind it, the same wherever it stands, so that all still fits together."""
        behind = "\n%s\x1b[2J" % FORGED

        def marked(value, key=""):
            if isinstance(value, dict):
                return {k: marked(v, k) for k, v in value.items()}
            if isinstance(value, list):
                return [marked(v, key) for v in value]
            return value + behind if isinstance(value, str) and key.endswith("Id") and key != "OwnerId" else value
        made = folder(marked(documents(balanced())))
        interfaces = json.loads((made / "NetworkInterfaces.json").read_text())["NetworkInterfaces"]
        ends = [i["NetworkInterfaceId"] for i in interfaces][:2]
        for words in (["explain", made, ends[0], "443/tcp", "--to", "8.8.8.8"], ["explain", made, ends[1], "80/tcp", "--to", "8.8.8.8"],
                      ["explain", made, interfaces[1]["PrivateIpAddresses"][0]["PrivateIpAddress"], "80/tcp", "--from", ends[0]],
                      *(["segments", made, "--by", by, "--format", form] for by in ("group", "subnet", "vpc") for form in common.formats("segments")),
                      ["compute", made], ["diff", made, folder(documents(balanced()))]):
            with self.subTest(words=words[::2]):
                done = common.sgproof(*words)
                self.assertIn(done.returncode, (0, 1, 3), done.stderr)
                self.assertIn(FORGED, done.stdout + done.stderr)
                self.check(done.stdout)
                self.check(done.stderr)

    def reported(self):
        one = verdict("198.51.100.1", 443, "confirmed", "possible", "open", "critical", name=HOSTILE)
        says = {"stage": "group", "id": HOSTILE, "text": HOSTILE}
        one.update(account_id=HOSTILE, region=HOSTILE, eni_id=HOSTILE, instance_id=HOSTILE, reason=HOSTILE, intent_rule=HOSTILE, intent_owner=HOSTILE, intent_reason=HOSTILE,
                   because=[says], via=[{**says, "settle": HOSTILE}], suggested=[HOSTILE], **{"from": HOSTILE},
                   owner={"service": HOSTILE, "kind": HOSTILE, "id": HOSTILE, "name": HOSTILE, "by": "document"})
        made = document([one, {**one, "name": None, "from_port": 444, "to_port": 444}])
        made["coverage"].update(missing=[HOSTILE], not_asked=[{"what": HOSTILE, "count": 1}], not_covered=[HOSTILE])
        made["endpoints"] = [{"address": HOSTILE, "eni_id": HOSTILE, "account_id": HOSTILE, "region": HOSTILE, "vpc_id": HOSTILE, "subnet_id": HOSTILE, "dormant": True}]
        made.update(vantage_learnt=HOSTILE, complete=False)
        return folder({"v.json": made}) / "v.json"

    def test_each_format_of_a_report(self):
        file = self.reported()
        for form in set(common.formats("report")) - {"tar"}:
            with self.subTest(form=form):
                done = common.sgproof("report", file, "--format", form)
                self.assertIn(done.returncode, (0, 1, 2, 3, 4), done.stderr)
                self.check(done.stdout, "\n\r" if form == "csv" else "\n")
                self.check(done.stderr)
                if form in ("text", "html", "csv", "junit", "sarif", "json"):
                    self.assertIn("FORGED", done.stdout)
                if form in ("html", "junit"):
                    for element in xml.etree.ElementTree.fromstring(done.stdout).iter() if form == "junit" else ():
                        self.check(" " + "".join(element.itertext()) + " ".join(element.attrib.values()))

    def test_in_markdown_it_is_no_markup_and_ends_no_cell(self):
        told = common.sgproof("report", self.reported(), "--format", "markdown").stdout
        rows = [line for line in told.splitlines() if line.startswith("|")]
        self.assertTrue(any("FORGED" in row for row in rows), told)
        tables = {row.count("|") for row in rows if "FORGED" in row}
        self.assertEqual(tables, {6})
        self.assertNotRegex(told, r"<\w|\]\(|@\w")

    def test_json_holds_every_character_as_it_was(self):
        done = common.sgproof("report", self.reported(), "--format", "json")
        self.assertEqual(json.loads(done.stdout)["verdicts"][0]["name"], HOSTILE)

    def test_csv_has_a_line_a_verdict(self):
        done = common.sgproof("report", self.reported(), "--format", "csv")
        rows = list(csv.reader(io.StringIO(done.stdout, newline="")))
        self.assertEqual((len(rows), len(done.stdout.splitlines())), (4, 4))  # and one that it is incomplete
        self.assertIn("?[31m", rows[1][9])
