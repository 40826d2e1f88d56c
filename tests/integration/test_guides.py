"""Guides: every block of docs/verify-a-change.md and docs/first-look.md is run as it stands, against stand-ins for what talks to others. Probes go to 127.0.0.1 only."""
import json
import os
import pathlib
import re
import stat
import subprocess
import sys
import tempfile
import unittest

sys.path[:0] = [os.path.dirname(__file__), os.path.join(os.path.dirname(__file__), "..")]
import common
from oracle import estates
from test_changeset import resource, rule
from test_diff import WORLD, change
from test_evidence import loopback_estate
from test_snapshots import permission

try:
    import yaml
except ImportError:
    yaml = None

GUIDE = common.TOP / "docs" / "verify-a-change.md"
PACKAGING = common.TOP / "packaging/ci"
# `read` hands out what AWS would tell before the change, or after; what sends packets sends them to loopback only.
STANDINS = {
    "sgproof": """case $1 in
read) case $2 in after*) cp -r "$WORLD_AFTER" "$2" ;; *) cp -r "$WORLD_BEFORE" "$2" ;; esac ;;
run) shift 3; "$SGPROOF_REAL" run --snapshot "$WORLD_BEFORE" "$@" --depth declared --no-history --only 127.0.0.0/8 --method connect ;;
change) "$SGPROOF_REAL" "$@" --only 127.0.0.0/8 --method connect ;;
*) "$SGPROOF_REAL" "$@" ;;
esac""",
    "terraform": """case $1 in show) cat "$WORLD_PLAN" ;; plan | apply) echo "$1" ;; *) exit 9 ;; esac""",
    "cdk": "[ $1 = deploy ] && mkdir -p cdk.out",
    "aws": """case "$1 $2" in "cloudformation describe-change-set") cat "$WORLD_CHANGESET" ;; "cloudformation execute-change-set" | "cloudformation wait") ;; *) exit 9 ;; esac""",
    "gh": """[ "$1 $2" = "pr comment" ] && test -s comment.md""",
    "glab": """[ "$1 $2" = "mr note" ] && [ -n "$4" ]""",
}


def blocks(language, guide=GUIDE):
    return re.findall(r"^```%s\n(.*?)^```$" % language, guide.read_text(), re.M | re.S)


class Guides(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name)
        self.here = self.path / "work"
        listeners = [common.open_port() for _ in range(2)]
        for one in listeners:
            self.addCleanup(one.close)
        self.port, self.new = (one.getsockname()[1] for one in listeners)
        for name in ("here", "before", "after", "bin"):
            (self.path / ("work" if name == "here" else name)).mkdir()
        estate = loopback_estate(self.port)
        estate["SecurityGroups"][0]["IpPermissionsEgress"] = [permission("-1", None, [WORLD])]
        estates.write(estate, self.path / "before")
        estate["SecurityGroups"][0]["IpPermissions"].append(permission("tcp", (self.new, self.new), [WORLD]))
        estates.write(estate, self.path / "after")
        planned = {"type": "ingress", "security_group_id": "sg-1", "protocol": "tcp", "from_port": self.new, "to_port": self.new, "cidr_blocks": [WORLD]}
        (self.path / "plan").write_text(json.dumps({"format_version": "1.2", "resource_changes": [change("aws_security_group_rule.new", ["create"], None, planned, {"id": True})]}))
        (self.path / "changeset").write_text(json.dumps({"Status": "CREATE_COMPLETE", "Changes": [resource("Add", "New", "EC2::SecurityGroupIngress", None, dict(rule(self.new), GroupId="sg-1"))]}))
        (self.here / "main.tf").write_text('resource "aws_security_group_rule" "new" {\n}\n')
        for name, body in STANDINS.items():
            file = self.path / "bin" / name
            file.write_text("#!/bin/sh\nset -eu\n%s\n" % body)
            file.chmod(file.stat().st_mode | stat.S_IXUSR)
        self.environment = {**os.environ, "PATH": "%s:%s" % (self.path / "bin", os.environ["PATH"]), "SGPROOF_REAL": os.path.abspath(common.SGPROOF),
                            **{"WORLD_" + name.upper(): str(self.path / name) for name in ("before", "after", "plan", "changeset")}}

    def run_block(self, text, expect=0):
        done = subprocess.run(["bash", "-eu", "-o", "pipefail", "-c", text], cwd=self.here, env=self.environment, capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, expect, text + done.stdout + done.stderr)
        return done.stdout

    def allow_new(self):
        """The reader adds the service that the change opens."""
        file = self.here / "intent.json"
        intent = json.loads(file.read_text())
        intent["rules"].append({"id": "new", "decision": "allow", "select": {"group": "web"}, "protocol": "tcp", "ports": str(self.new)})
        file.write_text(json.dumps(intent))

    def test_every_block_for_a_shell_runs_as_it_stands(self):
        first, *rest = blocks("sh")
        self.run_block(first)
        gate = next(text for text in rest if "--source . --format sarif" in text)
        self.assertIn("the intent does not allow it", self.run_block(gate, 1))  # before the intent says so
        self.allow_new()
        for text in rest:
            self.run_block(text)
        self.assertIn("main.tf:1", (self.here / "comment.md").read_text().replace("&#95;", "_"))
        self.assertEqual(json.loads((self.here / "sgproof.sarif").read_text())["version"], "2.1.0")
        for name in ("change", "change-1", "change-2"):
            report = json.loads((self.here / name / "change.json").read_text())
            self.assertEqual((report["complete"], report["outcomes"]["as-planned"], sum(report["outcomes"].values())), (True, 1, 1), name)

    def test_every_block_of_a_first_look_runs_as_it_stands(self):
        """run is given to the program as it stands there, but for the method: it asks loopback alone."""
        stand_in = self.path / "bin/sgproof"
        stand_in.write_text("""#!/bin/sh
case "$*" in
"read --whoami") echo somebody ;;
read*) cp -r "$WORLD_BEFORE" "$2" ;;
run*) exec "$SGPROOF_REAL" "$@" --depth declared --no-history --method connect ;;
*) exec "$SGPROOF_REAL" "$@" ;;
esac
""")
        said = [self.run_block(text) for text in blocks("sh", GUIDE.parent / "first-look.md")]
        self.assertEqual(len(said), 5)
        self.assertRegex(said[1], r"(?m)^  tcp +%d\b" % self.port)
        self.assertIn("443/tcp from", said[2])
        self.assertNotIn("exit status 2", said[4])
        self.assertIn("%d/tcp" % self.port, said[4])
        for name in ("exposure.json", "intent.json", "evidence/manifest.json", "evidence/report.html"):
            self.assertTrue((self.here / name).stat().st_size > 0, name)

    def test_every_block_for_auditors_organisations_vantages_and_trouble_runs_as_it_stands(self):
        """One evidence for all of them."""
        self.run_block('"$SGPROOF_REAL" keygen audit.pem; "$SGPROOF_REAL" run --snapshot "$WORLD_BEFORE" --vantage 203.0.113.7 --depth declared --no-history --only 127.0.0.0/8 --method connect '
                       '--sign audit.pem --out evidence --fail-on none || [ $? = 3 ]; cp -r "$WORLD_BEFORE" estate-there; mkdir scripts; cp %s/scripts/audit* scripts/' % common.TOP)
        docs = GUIDE.parent
        sealed, derived, audited = blocks("sh", docs / "audit.md")
        self.assertIn("Signature Verified Successfully", self.run_block(sealed))
        self.assertIn("What was checked holds", self.run_block(derived, 3))  # probed by connect: no packets were kept
        self.assertNotIn("CONTRADICTS", self.run_block(audited))
        listed = json.loads((self.here / "evidence/manifest.json").read_text())["files"]
        with open(self.here / "evidence" / next(one["path"] for one in listed if one["path"] == "verdicts.json"), "a") as file:
            file.write(" ")
        self.run_block(sealed, 1)  # said by sha256sum
        for guide in ("organisations.md", "vantage.md", "troubleshooting.md"):
            for text in blocks("sh", docs / guide):
                self.run_block(text.replace("web-1", "eni-1"))

    def test_every_page_is_reached_from_the_first_one_and_leads_nowhere_else(self):
        pages = {path.name for path in GUIDE.parent.glob("*.md")}
        linked = lambda path: set(re.findall(r"\]\((?:docs/)?([\w-]+\.md)\)|docs/([\w-]+\.md)", path.read_text()))
        told = {name for path in [common.TOP / "README.md", *GUIDE.parent.glob("*.md")] for pair in linked(path) for name in pair if name}
        self.assertEqual(pages - {name for pair in linked(common.TOP / "README.md") for name in pair} - {"bench.md", "threats.md"}, set())
        self.assertEqual(told - pages - {path.name for path in common.TOP.glob("*.md")}, set())

    def test_every_command_that_any_page_tells_has_the_options_that_it_tells(self):
        """Of the blocks that are not run, too: nobody types what there is not."""
        options, told = {}, 0
        for page in [common.TOP / "README.md", common.TOP / "packaging/README.md", *GUIDE.parent.glob("*.md")]:
            lines = re.sub(r"\\\\\n\s*", " ", page.read_text()).split("\n")
            fenced = False
            for line in lines:
                fenced ^= line.startswith("```")
                for name, words in re.findall(r"(?:^|[;&|(] *|\$ )sgproof ([a-z]+)((?: [^;&|#\n]*)?)", line.strip()) if fenced or line.startswith("    ") else ():
                    known = options.setdefault(name, set(re.findall(r"--[a-z][a-z0-9-]*", common.sgproof("help", name).stdout)))
                    asked = set(re.findall(r"(?<=\s)--[a-z][a-z0-9-]*", re.split(r"\s{3,}", words)[0]))
                    self.assertEqual(asked - known, set(), (page.name, line))
                    self.assertTrue(known, (page.name, line))
                    told += 1
        self.assertGreater(told, 70)

    def test_every_block_of_the_fleet_runs_as_it_stands(self):
        self.environment["ONLY"] = "--only 127.0.0.0/8 --method connect"
        self.run_block("cp -r $WORLD_BEFORE estate")
        (self.path / "bin/sgproof").unlink()
        (self.path / "bin/sgproof").symlink_to(self.environment["SGPROOF_REAL"])
        plan, probe, judge = blocks("sh", GUIDE.parent / "fleet.md")
        self.assertIn("questions", self.run_block(plan))
        self.run_block(probe)
        self.assertEqual(len(list((self.here / "shards").iterdir())), 8)
        self.assertIn("%d/tcp" % self.port, self.run_block(judge))
        self.assertTrue((self.here / "observations.jsonl").stat().st_size > 0)

    def action(self, name, expect, **inputs):
        """A composite action of packaging/ci, as the runner would run it."""
        about = yaml.safe_load((PACKAGING / name / "action.yml").read_text())
        given = {**{key: one.get("default", "") for key, one in about["inputs"].items()}, **inputs}
        for step in about["runs"]["steps"]:
            self.environment.update({key: given[value[len("${{ inputs."):-len(" }}")]] for key, value in step["env"].items()}, GITHUB_STEP_SUMMARY=str(self.here / "summary.md"))
            self.run_block(step["run"], expect)
        return (self.here / "summary.md").read_text()

    @unittest.skipUnless(yaml, "PyYAML is not installed, and could not be")
    def test_the_actions_and_jobs_to_include_gate_prove_and_watch(self):
        self.run_block("cp -r $WORLD_BEFORE estate; cp $WORLD_PLAN plan.json; \"$SGPROOF_REAL\" compute estate --as-intent -o intent.json")
        (self.path / "bin/sgproof").write_text("""#!/bin/sh
case $1 in
run) exec "$SGPROOF_REAL" "$@" --depth declared --no-history --method connect ;;
change) exec "$SGPROOF_REAL" "$@" --method connect ;;
*) exec "$SGPROOF_REAL" "$@" ;;
esac
""")
        (self.path / "bin/sgproof-nightly").symlink_to(common.TOP / "packaging/systemd/sgproof-nightly")
        asked = {"intent": "intent.json", "vantage": "203.0.113.7", "only": "127.0.0.0/8"}
        told = self.action("gate", 1, plan="plan.json", snapshot="estate", intent="intent.json")
        self.assertIn("## ❌ 1 opens", told)
        self.assertEqual(json.loads((self.here / "sgproof-gate.sarif").read_text())["version"], "2.1.0")
        self.action("nightly", 0, snapshot="estate", **asked)
        self.allow_new()
        self.action("gate", 0, plan="plan.json", snapshot="estate", intent="intent.json")
        self.run_block("cp -r $WORLD_AFTER estate-after")
        self.assertIn("as-planned", self.action("change", 0, before="sgproof-evidence/latest", after="estate-after", plan="plan.json", **asked))
        told = self.action("nightly", 0, snapshot="estate", **asked)
        self.assertTrue((self.here / "sgproof-nightly.sarif").stat().st_size > 0)
        jobs = yaml.safe_load((PACKAGING / "gitlab.yml").read_text())
        self.environment.update(SGPROOF_INTENT="intent.json", SGPROOF_PLAN="plan.json", SGPROOF_SNAPSHOT="estate", SGPROOF_BEFORE="sgproof-evidence/latest", SGPROOF_AFTER="estate-after",
                                SGPROOF_VANTAGE="203.0.113.7", SGPROOF_ONLY="127.0.0.0/8")
        self.run_block("rm -rf sgproof-change")
        for name in (".sgproof-gate", ".sgproof-change", ".sgproof-nightly"):
            self.run_block("\n".join(jobs[name]["script"]))
            self.assertTrue((self.here / jobs[name]["artifacts"]["reports"]["junit"]).read_text().startswith("<?xml"), name)

    @unittest.skipUnless(yaml, "PyYAML is not installed, and could not be")
    def test_every_step_of_the_pipelines_runs_as_it_stands(self):
        github, gitlab = (yaml.safe_load(text) for text in blocks("yaml"))
        scripts = {"github " + name: "\n".join(step["run"] for step in job["steps"] if "run" in step) for name, job in github["jobs"].items()}
        scripts.update({"gitlab " + name: "\n".join(job["script"]) for name, job in gitlab.items() if isinstance(job, dict) and "script" in job})
        self.assertEqual(set(scripts), {"github gate", "github prove", "gitlab gate", "gitlab prove"})
        self.run_block(blocks("sh")[0])
        for name, text in scripts.items():
            if "gate" in name:
                self.run_block(text.replace("estate-", "refused-"), 1)  # before the intent says so
        self.allow_new()
        for text in scripts.values():
            self.run_block(text)
        for name in ("gate.xml", "change.xml", "comment.md", "sgproof.sarif"):
            self.assertTrue((self.here / name).stat().st_size > 0, name)


if __name__ == "__main__":
    unittest.main()
