"""The command line as people type it: help, manual pages and completions of the option tables, typos, habits of other tools."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path[:0] = [os.path.dirname(__file__), os.path.join(os.path.dirname(__file__), "..")]
import common
from oracle import estates
from test_evidence import loopback_estate

COMMANDS = re.findall(r"^  (\w+) {2,}\S", common.sgproof("help").stdout.split("Commands:\n")[1].split("\n\n")[0], re.M)


def options_of(command):
    return re.findall(r"^  (?:-\w, |    )--([\w-]+)", common.sgproof("help", command).stdout.split("\nExamples:")[0], re.M)


class Help(unittest.TestCase):
    def test_it_fits_a_terminal_and_groups_the_options_of_run(self):
        for words in [["help"]] + [["help", name] for name in COMMANDS]:
            done = common.sgproof(*words)
            self.assertEqual((done.returncode, done.stderr), (0, ""), words)
            self.assertEqual([line for line in done.stdout.splitlines() if len(line) > 80], [], words)
        run = common.sgproof("help", "run").stdout
        for heading in ("What is read", "From where is asked", "What is asked, and how", "How it is judged", "Evidence", "Earlier runs", "Output and messages"):
            self.assertIn("\n%s:\n" % heading, run)
        self.assertLess(run.index("What is read:"), run.index("  --snapshot"))

    def test_it_is_the_same_however_it_is_asked_for(self):
        self.assertIn("keygen", COMMANDS)
        for name in COMMANDS:
            self.assertEqual(common.sgproof("help", name).stdout, common.sgproof(name, "--help").stdout)
        for words in (["--help"], ["-h"], ["help"], ["help", "version"]):
            self.assertEqual(common.sgproof(*words).stdout, common.sgproof("help").stdout)
        versions = {common.sgproof(word).stdout for word in ("version", "--version", "-V")}
        self.assertEqual(versions, {"sgproof 0.1.0\n"})

    def test_a_long_example_is_broken_as_a_shell_takes_it(self):
        text = common.sgproof("help", "run").stdout
        example = text[text.index("  sgproof run --region"):].split("\n  sgproof")[0]
        self.assertEqual(len(example.splitlines()), 2)
        done = subprocess.run(["sh", "-c", "sgproof() { printf '%s ' \"$@\"; }; " + example], capture_output=True, text=True)
        self.assertEqual(done.stdout.split(), "run --region eu-west-3 --profile audit --intent intent.json --out evidence/".split())


class Manual(unittest.TestCase):
    def test_each_command_has_a_page_that_tells_all_its_options(self):
        for name in COMMANDS:
            page = common.sgproof("help", "--man", name)
            self.assertEqual((page.returncode, page.stderr), (0, ""))
            told = [one.replace("\\-", "-") for one in re.findall(r"^(?:\\fB\\-\w\\fR, )?\\fB\\-\\-([\w\\-]+)\\fR", page.stdout, re.M)]
            self.assertEqual(told, options_of(name), name)
            self.assertIn(".SH EXAMPLES", page.stdout, name)

    def test_the_page_of_the_program_names_every_command(self):
        page = (common.TOP / "docs/sgproof.1").read_text()
        for name in COMMANDS:
            self.assertRegex(page, r'(?m)^\.B[RI]? "?%s\b' % name)

    @unittest.skipUnless(shutil.which("man"), "man is not installed")
    def test_groff_finds_nothing_wrong_with_them(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in COMMANDS:
                file = pathlib.Path(folder, name + ".1")
                file.write_text(common.sgproof("help", "--man", name).stdout)
                done = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", file], capture_output=True, text=True, env={**os.environ, "MANROFFSEQ": ""})
                self.assertEqual((done.returncode, done.stderr), (0, ""), name)
                self.assertIn("SYNOPSIS", done.stdout)


class Completion(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def script(self, shell):
        done = common.sgproof("completion", shell)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        file = pathlib.Path(self.folder, shell)
        file.write_text(done.stdout)
        return file

    def bash(self, *words):
        text = 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _sgproof; printf "%s\\n" "${COMPREPLY[@]}"'
        done = subprocess.run(["bash", "-c", text, "bash", self.script("bash"), "sgproof", *words], capture_output=True, text=True, cwd=self.folder)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout.split()

    def test_bash_offers_commands_options_words_and_files(self):
        self.assertEqual(self.bash("")[:len(COMMANDS)], COMMANDS)
        for name in COMMANDS:
            self.assertEqual(self.bash(name, "--"), ["--" + one for one in options_of(name)], name)
        self.assertEqual(self.bash("report", "--format", "j"), ["json", "junit"])
        self.assertEqual(self.bash("report", "--format", "=", "s"), ["sarif"])
        self.assertEqual(self.bash("plan", "estate", "--depth", "f"), ["full"])
        self.assertEqual(self.bash("run", "--rate", ""), [])
        pathlib.Path(self.folder, "intent.json").touch()
        self.assertEqual(self.bash("run", "--intent", "int"), ["intent.json"])
        self.assertEqual(self.bash("help", "ver"), ["verify", "version"])

    @unittest.skipUnless(shutil.which("fish"), "fish is not installed")
    def test_fish_offers_the_same(self):
        def fish(line):
            done = subprocess.run(["fish", "--no-config", "-c", 'source "$argv[1]"; complete -C "$argv[2]"', self.script("fish"), line], capture_output=True, text=True, cwd=self.folder)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            return {one.split("\t")[0] for one in done.stdout.splitlines()}
        self.assertEqual(fish("sgproof ") & set(COMMANDS), set(COMMANDS))
        self.assertEqual(fish("sgproof run --"), {"--" + one for one in options_of("run")})
        self.assertEqual(fish("sgproof report --format j"), {"json", "junit"})

    @unittest.skipUnless(shutil.which("zsh"), "zsh is not installed")
    def test_zsh_takes_the_script_and_it_tells_every_option(self):
        file = self.script("zsh")
        done = subprocess.run(["zsh", "-f", "-c", 'autoload -U compinit; compinit -u -D; source "$1"; print ${_comps[sgproof]}', "zsh", file], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "_sgproof\n", ""))
        parts = re.split(r"^    (\w+)\)\n", file.read_text(), flags=re.M)[1:]
        told = {name: re.findall(r"^        '\*?--([\w-]+)=?\[", text, re.M) for name, text in zip(parts[::2], parts[1::2])}
        self.assertEqual(told, {name: options_of(name) for name in COMMANDS})

    def test_every_word_that_it_offers_is_taken(self):
        for name in COMMANDS:
            for option, words in re.findall(r"^  (?:-\w, |    )--([\w-]+) ([a-z0-9]+(?:\|[a-z0-9]+)+)$", common.sgproof("help", name).stdout, re.M):
                for word in words.split("|"):
                    done = common.sgproof(name, "--%s=%s" % (option, word))
                    self.assertNotIn("sgproof: --%s %s" % (option, word), done.stderr)
                done = common.sgproof(name, "--%s=nothing" % option)
                self.assertEqual(done.returncode, 2)
                self.assertIn("--%s nothing: expected one of: %s" % (option, words.replace("|", " ")), done.stderr)


class Typos(unittest.TestCase):
    def refused(self, say, *words):
        done = common.sgproof(*words)
        self.assertEqual((done.returncode, done.stdout), (2, ""), words)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        self.assertIn(say, done.stderr)

    def test_the_nearest_right_word_is_named(self):
        self.refused("unknown command comput; did you mean compute? sgproof help", "comput", "estate")
        self.refused("did you mean reconcile?", "reconsile")
        self.refused("did you mean verify?", "help", "verfiy")
        self.refused("unknown option --verbos; did you mean --verbose? see sgproof help compute", "compute", "--verbos")
        self.refused("unknown option --pin; see sgproof help keygen", "keygen", "k.pem", "--pin=S3CR3T")  # and not what may be a secret
        self.refused("did you mean --region?", "run", "--regions=x")
        self.refused("did you mean json?", "compute", "estate", "--format", "JSON")
        self.refused("did you mean standard?", "plan", "estate", "--depth", "standart")
        self.refused("did you mean high?", "run", "--fail-on", "undeclared,hihg")
        self.refused("did you mean undeclared?", "reconcile", "a", "b", "--fail-on", "undeclard")

    def test_what_is_near_to_nothing_gets_no_guess(self):
        for words in (["xyzzy"], ["x"], ["compute", "--xyzzy"], ["compute", "--format", "x"], ["compute", "-"+ "x" * 5], ["compute", "--=x"]):
            done = common.sgproof(*words)
            self.assertEqual(done.returncode, 2)
            self.assertNotIn("did you mean", done.stderr)

    def test_switches_may_stand_in_one_word(self):
        loud = common.sgproof("compute", common.SAMPLE, "-v")
        self.assertEqual(common.sgproof("compute", common.SAMPLE, "-vv").stdout, loud.stdout)
        self.assertEqual(common.sgproof("compute", common.SAMPLE, "-vq").stderr, "")
        self.refused("-vo: give short options one by one", "compute", common.SAMPLE, "-vo", "x")

    def test_a_format_is_no_file(self):
        with tempfile.TemporaryDirectory() as folder:
            done = common.sgproof("compute", common.SAMPLE, "-o", "json", cwd=folder)
            self.assertEqual(done.returncode, 2)
            self.assertIn("--format json", done.stderr)
            self.assertEqual(os.listdir(folder), [])
            self.assertEqual(common.sgproof("compute", common.SAMPLE, "-o", "./json", cwd=folder).returncode, 0)
            self.assertEqual(os.listdir(folder), ["json"])


class Habits(unittest.TestCase):
    refused = Typos.refused

    def test_words_of_other_tools_name_what_to_type(self):
        self.refused("run reads, probes and judges", "scan")
        self.refused("--format json", "compute", "estate", "--json")
        self.refused("type --exit-code", "diff", "a", "b", "--detailed-exitcode")
        self.refused("NO_COLOR=1", "report", "e", "--no-color")
        self.refused("NO_COLOR=1", "report", "e", "--color=never")
        self.refused("type -v", "run", "--debug")
        self.refused("type --key", "verify", "e", "--pubkey", "k")
        self.refused("type --last", "history", "--limit=3")
        self.refused("sgproof probe --targets -", "probe", "127.0.0.1", "-p", "22")
        self.refused("sgproof probe --targets -", "probe", "127.0.0.1", "-p22")
        self.refused("repeat --region", "read", "x", "--region", "eu-west-3,eu-west-1")

    def test_an_address_that_is_to_be_probed_is_answered_with_a_command_that_works(self):
        done = common.sgproof("probe", "127.0.0.1")
        self.assertEqual(done.returncode, 2)
        told = re.search(r"type: (echo .*? --only \S+);", done.stderr)[1]
        self.assertIn("sgproof probe", told)
        again = subprocess.run(["sh", "-c", told.replace("sgproof probe", '"$SGPROOF" probe')], capture_output=True, text=True, env={**os.environ, "SGPROOF": common.SGPROOF})
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assertEqual([json.loads(line).get("address") for line in again.stdout.splitlines()[:2]], ["127.0.0.1"] * 2)

    def test_evidence_and_snapshots_are_told_from_each_other(self):
        for name in ("verify", "report"):
            self.refused("is a snapshot, expected evidence: sgproof run --snapshot", name, common.SAMPLE)
        with tempfile.TemporaryDirectory() as folder:
            snapshot, evidence = pathlib.Path(folder, "snapshot"), pathlib.Path(folder, "evidence")
            snapshot.mkdir()
            estates.write(loopback_estate(9), snapshot)
            done = common.sgproof("run", "--snapshot", snapshot, "--out", evidence, "--vantage", "203.0.113.7", "--depth", "declared", "--method", "connect", "--no-history", *common.ONLY)
            self.assertTrue((evidence / "before").is_dir(), done.stderr)
            for words in (["compute"], ["account"], ["plan"], ["explain", "1.2.3.4", "443"]):
                self.refused("is evidence, expected a snapshot: type %s/before" % evidence, words[0], evidence, *words[1:])
            self.assertNotEqual(common.sgproof("compute", evidence / "before").returncode, 2)
            self.refused("%s/manifest.json: cannot be opened" % folder, "verify", folder)
            self.refused_kinds(evidence, snapshot)

    def refused_kinds(self, evidence, snapshot):
        """A file of ours in the place of another kind is told by what it is, and what to type; the right kind is taken."""
        verdicts, observations, plan = evidence / "verdicts.json", evidence / "observations.jsonl", evidence / "plan.jsonl"
        for words, told in ((["report", observations], "is observations, expected an evidence folder, or verdicts: sgproof reconcile SNAPSHOT"),
                            (["report", plan], "is a plan, expected an evidence folder, or verdicts: sgproof probe"),
                            (["report", evidence / "exposure.json"], "is what a snapshot declares, expected"), (["report", evidence / "manifest.json"], "type the folder of"),
                            (["verify", verdicts], "is verdicts, expected an evidence folder or archive: sgproof report"),
                            (["reconcile", snapshot, plan], "is a plan, expected observations: sgproof probe"), (["reconcile", snapshot, verdicts], "is verdicts, expected observations"),
                            (["merge", plan], "is a plan, expected observations"), (["probe", verdicts, *common.ONLY], "is verdicts, expected a plan, or a list of targets"),
                            (["probe", observations, *common.ONLY], "is observations, expected a plan"), (["compute", evidence / "exposure.json"], "expected a snapshot folder"),
                            (["diff", snapshot, verdicts], "is verdicts, expected a snapshot folder: sgproof report"), (["plan", verdicts], "expected a snapshot folder")):
            with self.subTest(words):
                self.refused(told, *words)
        for words in (["report", verdicts], ["reconcile", snapshot, observations, "--vantage", "203.0.113.7"], ["probe", plan, "--estimate", *common.ONLY]):
            self.assertNotEqual(common.sgproof(*words).returncode, 2, words)
        key = snapshot.parent / "key.pem"
        common.sgproof("keygen", key)
        self.refused("is a private key, expected its public half", "verify", evidence, "--key", key)


class Explain(unittest.TestCase):
    def explain(self, *words, status=0):
        done = common.sgproof("explain", common.SAMPLE, *words)
        self.assertEqual(done.returncode, status, done.stderr)
        return done.stdout if status == 0 else done.stderr

    def test_a_port_is_taken_as_people_write_it(self):
        usual = self.explain("198.51.100.10", "443/tcp")
        for words in (["198.51.100.10", "443"], ["198.51.100.10", "tcp/443"], ["198.51.100.10", "https"], ["198.51.100.10:443"], ["198.51.100.10:https"], ["198.51.100.10:443/tcp"]):
            self.assertEqual(self.explain(*words), usual, words)
        self.assertEqual(self.explain("[2001:db8:1:1::10]:443"), self.explain("2001:db8:1:1::10", "443/tcp"))
        self.assertTrue(self.explain("198.51.100.10", "22").startswith("22/tcp from "))
        self.assertTrue(self.explain("198.51.100.10", "/47").startswith("/47 from "))
        self.assertIn("198.51.100.10 443", self.explain("198.51.100.10", status=2))
        self.assertIn("expected a port such as 443", self.explain("198.51.100.10", "web", status=2))

    def test_a_name_or_an_id_stands_for_its_addresses(self):
        both = self.explain("198.51.100.10", "443") + "\n" + self.explain("2001:db8:1:1::10", "443")
        instance = next(one["InstanceId"] for group in json.loads((common.SAMPLE / "describe-instances.json").read_text())["Reservations"] for one in group["Instances"]
                        if {"Key": "Name", "Value": "web-1"} in one["Tags"])
        for name in ("web-1", instance, "eni-0a1f5e0000000010"):
            self.assertEqual(self.explain(name, "443"), both)
        self.assertEqual(self.explain("web-1:443"), both)
        self.assertIn("type one of 198.51.100.10, 2001:db8:1:1::10", self.explain("web-1", "443", "--format", "json", status=2))
        self.assertIn("which is private", self.explain("db-1", "postgres"))
        self.assertIn("nosuch: no interface of this snapshot has", self.explain("nosuch", "443", status=2))

    def test_what_is_not_whole_does_not_know_that_a_name_is_not_there(self):
        with tempfile.TemporaryDirectory() as folder:
            shutil.copytree(common.SAMPLE, folder, dirs_exist_ok=True)
            os.remove(os.path.join(folder, "describe-subnets.json"))
            done = common.sgproof("explain", folder, "nosuch", "443")
            self.assertEqual(done.returncode, 3)
            self.assertIn("nosuch: not known", done.stderr)


if __name__ == "__main__":
    unittest.main()
