"""docs/schemas: every document that sgproof writes is as its schema says, and what people write is refused by both or by none.
Probes go to 127.0.0.1 only."""
import copy
import json
import lzma
import os
import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import common
import schemas
import test_evidence

FORMATS = {path.stem for path in schemas.FOLDER.glob("*.json")}
GOLDEN = common.TOP / "tests/data/evidence"
PACK = {"schema": "sgproof/pack/v1", "id": "mine", "title": "Mine", "source": "us", "version": "1", "scope": "all", "controls": [
    {"id": "mine/a", "title": "A", "text": "t", "source": "us", "severity": "low", "crosswalk": {"soc2": ["CC6.1"]},
     "facts": [{"fact": "groups-closed-to-anywhere", "ports": "22,3389", "services": False, "family": "both", "protocols": "tcp"}, {"fact": "root-not-used", "days": 90}]}]}
FULL = {"schema": "sgproof/intent/v1", "platform": "shop", "default": "deny", "administrators": ["arn:aws:iam::*:role/x"],
        "segments": [{"id": "web", "select": {"group": "web"}, "scope": "connected"}],
        "rules": [{"id": "a", "decision": "allow", "select": {"instance": "i-*", "group": "web", "tag": "k=v", "subnet": "s", "vpc": "v", "account": "1", "address": "203.0.113.0/24"},
                   "protocol": "tcp", "ports": "80,443", "sources": ["0.0.0.0/0", "::/0"], "owner": "us", "reason": "why", "expires": "2030-01-01"},
                  {"id": "b", "decision": "deny", "from": "web", "to": "internet"}, {"id": "c", "decision": "deny", "from": {"tag": "a=b"}, "to": {"vpc": "v"}}],
        "exceptions": [{"id": "x", "control": "*/EC2.13", "subject": "sg-1", "owner": "us", "reason": "why", "expires": "2030-01-01"}]}


def documents(folder):
    """[(name, document)] of all files of evidence that a schema is for."""
    found = []
    for path in sorted(pathlib.Path(folder).rglob("*.json*")):
        lines = path.suffix == ".jsonl"
        for text in path.read_text().splitlines() if lines else [path.read_text()]:
            document = json.loads(text)
            if lines or str(document.get("schema", "")).startswith("sgproof/"):
                found.append((path.stem if lines else document["schema"].split("/")[1], document))
    return found


def changed(document, path=()):
    """[(where, a copy in which one value is left out, of another type, or a key more is)] for all places of a document."""
    found = []
    at = document
    for key in path:
        at = at[key]
    for key, value in list(at.items() if isinstance(at, dict) else enumerate(at)):
        place = (*path, key)
        others = [None, 7.5, "~", [], {}, True, [{}], {"~": 1}]
        for other in others if not (isinstance(at, list) and key > 0) else []:
            found.append((place, other, changed_at(document, place, lambda inner, key, other=other: inner.__setitem__(key, other))))
        if isinstance(at, dict):
            found.append((place, "left out", changed_at(document, place, lambda inner, key: inner.__delitem__(key))))
        if isinstance(value, (dict, list)):
            found += changed(document, place)
    if isinstance(at, dict):
        found.append((path, "a key more", changed_at(document, (*path, "unheard-of"), lambda inner, key: inner.__setitem__(key, "~"))))
    return found


def changed_at(document, place, change):
    new = copy.deepcopy(document)
    inner = new
    for key in place[:-1]:
        inner = inner[key]
    change(inner, place[-1])
    return new


class Refused(unittest.TestCase):
    def refused(self, name, document, read, kept=re.compile("(?!)")):
        """What a schema refuses for its type is refused by the reader, too. Readers can do without what is left out or null, and of what programs write skip keys they do not know."""
        self.assertEqual((schemas.wrong(document, name), read(document)), (None, False))
        asked = 0
        for place, what, other in changed(document):
            if what in (None, "left out", "a key more", {}, [{}], {"~": 1}) or kept.search("/".join(map(str, place)) + " " + str(what)) or not schemas.wrong(other, name):
                continue
            asked += 1
            self.assertTrue(read(other), "%s: %s: the reader takes it" % (place, what))
        self.assertGreater(asked, 20)


class Schemas(Refused):
    def test_schemas_are_of_the_standard_and_as_the_source_has_it(self):
        for name in sorted(FORMATS):
            schemas.jsonschema.Draft202012Validator.check_schema(schemas.schema(name))
            self.assertEqual(schemas.schema(name)["$id"], "urn:sgproof:%s:v1" % name)
            self.assertTrue(schemas.schema(name)["title"] and schemas.schema(name)["description"], name)
        done = subprocess.run([common.TOP / "scripts/schemas", common.SGPROOF, "--check"], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout.strip(), done.stderr), (0, "", ""), "run scripts/schemas BUILD/sgproof")

    def test_every_format_of_the_source_has_a_schema_that_its_page_links(self):
        source = "".join(path.read_text() for top in ("src", "rules", "probe") for path in (common.TOP / top).rglob("*.[ch]"))
        named = set(re.findall(r"sgproof/([a-z-]+)/v1", source))
        self.assertEqual(named | {"observations", "log", "config"}, FORMATS)
        page = (common.TOP / "docs/formats.md").read_text()
        self.assertEqual([name for name in sorted(FORMATS) if "(schemas/%s.json)" % name not in page], [])

    def test_what_commands_print_is_as_the_schemas_say(self):
        with tempfile.TemporaryDirectory() as folder:
            intent, other = pathlib.Path(folder) / "intent.json", pathlib.Path(folder) / "other"
            intent.write_text(json.dumps(FULL))
            subprocess.run(["cp", "-r", common.SAMPLE, other], check=True)
            for path in other.rglob("*security-groups.json"):
                document = json.loads(path.read_text())
                document["SecurityGroups"][0]["IpPermissions"] = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}], "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}]
                path.write_text(json.dumps(document))
            exposure = common.compute(common.SAMPLE)
            endpoint, json_words = exposure["endpoints"][0], ("--format", "json")
            commands = [("compute", common.SAMPLE), ("compute", common.SAMPLE, "--vantage", "203.0.113.7"), ("compute", common.SAMPLE, "--as-intent"), ("segments", common.SAMPLE),
                        ("segments", common.SAMPLE, "--by", "vpc", "--intent", intent), ("account", common.SAMPLE, "--fail-on", "none"), ("diff", common.SAMPLE, other), ("diff", other, common.SAMPLE, "--fail-on", "high"),
                        ("diff", common.SAMPLE, other, "--intent", intent),
                        ("explain", common.SAMPLE, endpoint["address"], "443"), ("explain", common.SAMPLE, endpoint["private_address"], "443"),
                        ("explain", common.SAMPLE, endpoint["private_address"], "443", "--to", "198.51.100.1"), ("plan", common.SAMPLE, "--vantage", "203.0.113.7", "--intent", intent), ("plan", common.SAMPLE, "--vantage-interface", endpoint["eni_id"]),
                        ("plan", common.SAMPLE, "--vantage", "203.0.113.7", "--estimate")]
            for words in commands:
                done = common.sgproof(*words, *(() if words[0] == "plan" or "--as-intent" in words else json_words))
                self.assertTrue(done.stdout.startswith("{"), (words, done.stderr))
                self.assertIsNone(schemas.wrong_of(done.stdout), words)
            log = common.sgproof("compute", common.SAMPLE, "-v", "--log-format", "json").stderr.splitlines()
            self.assertTrue(log)
            self.assertEqual([one for one in (schemas.wrong(json.loads(line), "log") for line in log) if one], [])

    def test_golden_evidence_is_as_the_schemas_say(self):
        told = set()
        for release in sorted(GOLDEN.iterdir()):
            for packed in sorted(release.glob("*.tar.xz")):
                with tempfile.TemporaryDirectory() as folder, lzma.open(packed) as archive, tarfile.open(fileobj=archive) as tar:
                    tar.extractall(folder)
                    for name, document in documents(folder):
                        told.add(name)
                        self.assertIsNone(schemas.wrong(document, name), packed)
        self.assertLessEqual({"manifest", "exposure", "plan", "observations", "verdicts", "controls", "intent", "pack"}, told)

    def test_verdicts_that_are_read_and_written_again_are_the_same_bytes(self):
        for packed in sorted(GOLDEN.glob("*/*.tar.xz")):
            with tempfile.TemporaryDirectory() as folder, lzma.open(packed) as archive, tarfile.open(fileobj=archive) as tar:
                tar.extractall(folder)
                for path in sorted(pathlib.Path(folder).rglob("verdicts.json")):
                    self.assertEqual(common.sgproof("report", path, "--format", "json").stdout, path.read_text(), packed)

    def test_packs_that_are_built_in_are_as_the_schema_says(self):
        packs = sorted((common.TOP / "rules/packs").glob("*.json"))
        told = [schemas.wrong(document) for document in (json.loads(path.read_text()) for path in packs) if document.get("schema") == "sgproof/pack/v1"]
        self.assertGreater(len(told), 8)
        self.assertEqual([one for one in told if one], [])

    def agree(self, document, name, read, only_reader):
        """Each document that differs in one place is refused by schema and reader, or by none; `only_reader` says what a schema cannot know."""
        self.assertIsNone(schemas.wrong(document, name))
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "document.json"
            path.write_text(json.dumps(document))
            self.assertNotIn(": ", read(path), "the document itself is refused")
            for place, what, other in changed(document):
                path.write_text(json.dumps(other))
                refused, says = schemas.wrong(other, name), read(path)
                if bool(refused) != bool(says) and not (says and only_reader.search(says)):
                    self.fail("%s: %s: schema: %s; reader: %s" % (place, what, refused, says or "takes it"))

    def test_intents_are_refused_by_schema_and_reader_alike(self):
        def read(path):
            done = common.sgproof("segments", common.SAMPLE, "--intent", path, "--format", "json")
            return done.stderr.strip() if done.returncode == 2 else ""
        self.agree(FULL, "intent", read, re.compile(r"is no segment's id|not a protocol|not an address|expected an address|is the id of another"))

    def test_packs_are_refused_by_schema_and_reader_alike(self):
        def read(path):
            done = common.sgproof("account", common.SAMPLE, "--pack", path, "--fail-on", "none")
            return done.stderr.strip() if done.returncode == 2 else ""
        self.agree(PACK, "pack", read, re.compile(r"expected small letters|none of its controls|is empty: no fact|no control"))

    def test_values_of_a_packs_parameters_that_nothing_knows_are_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "pack.json"
            for fact, name, value in (("groups-closed-to-anywhere", "family", "ipv5"), ("groups-closed-to-anywhere", "protocols", "TCP"), ("groups-closed-to-anywhere", "services", "yes"),
                                      ("root-mfa", "hardware", "yes"), ("users-have-mfa", "console_only", 1), ("root-not-used", "days", "ninety"), ("root-not-used", "days", -1), ("root-not-used", "days", 7.5),
                                      ("password-policy", "minimum_length", True), ("vpc-block-public-access", "mode", "block"), ("listeners-encrypt", "type", "clasic"), ("flows-are-selective", "to", "cde"),
                                      ("acls-closed-to-anywhere", "defaults", 0), ("sources-not-wide", "ipv4_addresses", 1e12), ("users-are-persons", "generic_names", 5), ("groups-open-only-on", "tcp_ports", True)):
                pack = copy.deepcopy(PACK)
                pack["controls"][0]["facts"] = [{"fact": fact, name: value}]
                path.write_text(json.dumps(pack))
                with self.subTest(fact=fact, name=name, value=value):
                    done = common.sgproof("account", common.SAMPLE, "--pack", path)
                    self.assertEqual((done.returncode, "controls[0].facts[0].%s: " % name in done.stderr), (2, True), done.stderr)
                    self.assertIsNotNone(schemas.wrong(pack))

    def test_options_by_default_are_refused_by_schema_and_reader_alike(self):
        def read(path):
            done = common.sgproof("compute", common.SAMPLE, "--config", path)
            return done.stderr.strip() if done.returncode == 2 else ""
        config = {"common": {"quiet": True, "format": "json"}, "compute": {"vantage": "203.0.113.7"}, "run": {"region": ["eu-west-3"], "rate": 100}}
        self.agree(config, "config", read, re.compile("--vantage |--format"))

    def test_what_a_schema_refuses_of_plans_observations_and_verdicts_no_reader_takes(self):
        with tempfile.TemporaryDirectory() as folder, lzma.open(max(GOLDEN.glob("*/one.tar.xz"))) as archive, tarfile.open(fileobj=archive) as tar:
            tar.extractall(folder)
            top, file = next(pathlib.Path(folder).iterdir()), pathlib.Path(folder) / "file"
            plan, lines = ([json.loads(line) for line in (top / name).read_text().splitlines()] for name in ("plan.jsonl", "observations.jsonl"))
            verdicts = json.loads((top / "verdicts.json").read_text())
            verdicts["verdicts"] = [next(one for one in verdicts["verdicts"] if "from_port" in one), next(one for one in verdicts["verdicts"] if "from_port" not in one)]
            verdicts["coverage"]["not_asked"] = [{"what": "x", "count": 1}]

            def refuses(printed, *words):
                file.write_text(printed)
                return common.sgproof(*words).returncode == 2

            def bad_line(before, after):
                return lambda line: refuses("".join(json.dumps(one) + "\n" for one in (*before, line, *after)), "reconcile", top / "before", file)

            def bad_plan(before, after):  # a plan that is read is refused for its addresses: nothing is ever sent
                def read(line):
                    file.write_text("".join(json.dumps(one) + "\n" for one in (*before, line, *after)))
                    return "lies outside --only" not in common.sgproof("probe", file, "--only", "127.99.0.0/16").stderr
                return read
            self.refused("observations", lines[0], bad_line([], lines[-1:]))
            self.refused("observations", lines[-1], bad_line(lines[:1], []))
            self.refused("plan", plan[0], bad_plan([], plan[1:2]))
            self.refused("plan", plan[1], bad_plan(plan[:1], []), re.compile("why/0 ~"))
            bad_verdicts = lambda document: refuses(json.dumps(document), "report", file)
            self.refused("verdicts", verdicts, bad_verdicts, re.compile("because/0 ~|via/0 ~|coverage/not_covered"))
            for at, change in ((0, {"from_port": 5, "to_port": 4}), (0, {"from_port": None}), (0, {"to_port": None}), (1, {"from_port": 5, "to_port": 5}), (0, {"observations": [7.5]})):
                other = copy.deepcopy(verdicts)
                other["verdicts"][at].update(change)
                self.assertTrue(bad_verdicts(other), change)
            # As it is written, where all but the ports is known already: the short way of reading takes no more.
            text = json.dumps(verdicts["verdicts"][0])
            one, other = (re.sub('"from_port": [0-9]+, "to_port": [0-9]+', '"from_port": %d, "to_port": %d' % ports, text) for ports in ((5, 6), (8, 7)))
            whole = '{"schema": "sgproof/verdicts/v1", "complete": true, "vantage": null, "coverage": {"endpoints": 1, "asked": 1, "not_asked": [], "missing": []}, "verdicts": [\n  %s\n ]}\n'
            self.assertFalse(refuses(whole % ",\n  ".join((one, one)), "report", file))
            self.assertTrue(refuses(whole % ",\n  ".join((one, other)), "report", file))


class Evidence(test_evidence.Bundles, Refused):
    def test_what_a_schema_refuses_of_controls_no_reader_takes(self):
        bundle = self.copy()
        controls = json.loads((bundle / "controls.json").read_text())
        one = controls["packs"][0]["controls"]
        one[:] = [next(control for control in one if control["evidence"])]
        one[0].update(missing=["x"], crosswalk={"soc2": ["CC6.1"]}, evidence=one[0]["evidence"][:1])
        controls.update(packs=controls["packs"][:1], platform=controls["platform"][:1], exceptions=[
            {"id": "x", "control": "*", "subject": None, "owner": "us", "reason": "why", "expires": "2030-01-01", "expired": False, "excepts": 1}])
        controls["platform"][0]["verdicts"] = [0]

        def read(document):
            (bundle / "controls.json").write_text(json.dumps(document))
            test_evidence.reseal(bundle)
            done = common.sgproof("report", bundle, "--format", "csv")
            self.assertNotIn("is not what the manifest holds", done.stderr)
            return done.returncode == 2
        self.refused("controls", controls, read, re.compile("expires ~|judged_on ~"))

    def test_evidence_of_a_run_and_what_is_printed_of_it(self):
        found = documents(self.path / "one")
        self.assertLessEqual({"manifest", "exposure", "plan", "observations", "verdicts", "controls", "intent"}, {name for name, _ in found})
        self.assertEqual([one for one in (schemas.wrong(document, name) for name, document in found) if one], [])
        for words in (("verify", self.path / "one", "--format", "json"), ("report", self.path / "one", "--format", "json"), ("diff", self.path / "one", self.path / "one", "--format", "json")):
            done = common.sgproof(*words)
            self.assertTrue(done.stdout.startswith("{"), done.stderr)
            self.assertIsNone(schemas.wrong_of(done.stdout), words)


if __name__ == "__main__":
    unittest.main()
