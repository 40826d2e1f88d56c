"""Config and credentials files drawn from a grammar: what we read of them, beside botocore's own loader. SHARED_FILES: how many; SHARED_FILES_SEED: the seed.

Left out of the grammar is where the SDKs' written rules and botocore part: comments behind values, sections and keys that are there twice, names that are neither
identifiers nor in quotes, ":" in place of "=", blank lines within a value, an indented key right below a section, blanks before a section's name."""
import json
import os
import random
import subprocess
import sys
import tempfile
import unittest

sys.path[:0] = [os.path.join(os.path.dirname(__file__), "..")]
import common

PYTHON = common.python_with_moto()
FILES = int(os.environ.get("SHARED_FILES", "10000"))
SEED = common.seed("SHARED_FILES_SEED")
LOAD = """
import json, os, sys, tempfile
import botocore.configloader, botocore.exceptions
folder = tempfile.mkdtemp(dir="/dev/shm" if os.path.isdir("/dev/shm") else None)
paths = [os.path.join(folder, name) for name in ("config", "credentials")]
flat = lambda value: "\\n" + "\\n".join("%s = %s" % pair for pair in value.items()) if isinstance(value, dict) else value
flat_all = lambda sections: {name: {key: flat(value) for key, value in keys.items()} for name, keys in sections.items()}
cases = []
for line in sys.stdin:
    case = json.loads(line)
    for path, name in zip(paths, ("config", "credentials")):
        with open(path, "w", newline="", encoding="utf-8") as file:
            file.write(case[name])
    try:
        config, shared = botocore.configloader.load_config(paths[0]), botocore.configloader.raw_config_parse(paths[1])
        profiles = config["profiles"]
        for name, keys in shared.items():
            profiles.setdefault(name, {}).update(keys)
        case.update(profiles=flat_all(profiles), sessions=flat_all(config.get("sso_sessions", {})))
    except botocore.exceptions.ConfigParseError:
        case["error"] = ""
    cases.append(case)
print(json.dumps(cases))
for path in paths:
    os.unlink(path)
os.rmdir(folder)
"""
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


class Draw:
    def __init__(self, drawn):
        self.random = drawn

    def word(self, more="", least=1, most=8):
        return "".join(self.random.choice(LETTERS + more) for _ in range(self.random.randint(least, most)))

    def blank(self):
        return self.random.choice(["", "", " ", "  ", "\t"])

    def value(self):
        words = [self.word("=/+:,.\u00e9\u4e16-_'\"[]{}$%&") + self.random.choice(["", "", ";x", "#x"]) for _ in range(self.random.randint(0, 3))]
        return self.random.choice([" ", "  ", "\t"]).join(words)

    def key(self, taken):
        key = self.word("_-.%@/+", 1, 6)
        return key if key.lower() not in taken and not taken.add(key.lower()) else self.key(taken)

    def properties(self):
        lines, taken = [], set()
        for _ in range(self.random.randint(0, 4)):
            key, value = self.key(taken), self.value()
            lines.append(key + self.blank() + "=" + self.blank() + value + self.blank())
            indented = lambda: self.random.choice([" ", "    ", "\t", "\t  "])
            if value == "" and self.random.random() < 0.7:
                below = set()
                lines += [indented() + self.word("_ ", 1, 6).strip().lower().rjust(1, "k") + str(len(below)) + " = " + self.word() + self.blank() for _ in range(self.random.randint(1, 3))
                          if not below.add(len(below))]
            elif value != "" and self.random.random() < 0.2:
                lines += [indented() + self.value_that_goes_on() for _ in range(self.random.randint(1, 3))]
            if self.random.random() < 0.15:
                lines.append(self.random.choice(["# c = d", ";[profile no]", "  # indented", "\t; so too"]))
            if self.random.random() < 0.1:
                lines += ["", "# behind a blank line"]
        if self.random.random() < 0.02:
            lines.append(self.random.choice(["no equals sign", "= no key"]))
        return lines

    def value_that_goes_on(self):
        value = self.value()
        return value if value and value[0] not in "#;" else "more" + value

    def file(self, heads):
        lines = self.random.choice([[], ["# top"], ["", "; top"]])
        for head in heads:
            lines = lines + ["[%s]" % head + self.random.choice(["", "", " # c", " ; c"])] + self.properties()
        return self.random.choice(["\n", "\n", "\r\n"]).join(lines) + self.random.choice(["", "\n"])

    def case(self, number):
        names = list({self.word("-_.", 1, 6) for _ in range(self.random.randint(0, 3))} - {"default"})
        spaced = ["%s %s" % (self.word(), self.word())] if self.random.random() < 0.2 else []
        heads = ["profile%s%s%s" % (self.random.choice([" ", "  ", "\t"]), name, self.blank()) for name in names]
        heads += ['profile "%s"' % name for name in spaced] + self.random.choice([[], ["default"], ["profile default"]])
        heads += ["sso-session " + name for name in names[:self.random.randint(0, 2)]] + self.random.choice([[], ["preview"], ["services s"]])
        self.random.shuffle(heads)
        known = names + spaced + ["default", self.word()]
        shared = list(dict.fromkeys(self.random.choice(known) for _ in range(self.random.randint(0, 3))))
        return {"case": "file %d" % number, "config": self.file(heads), "credentials": self.file(shared)}


@unittest.skipUnless(PYTHON, "moto, boto3 and awscli are not installed, and could not be")
class SharedFiles(unittest.TestCase):
    def test_files_are_read_as_botocore_reads_them(self):
        draw = Draw(random.Random(SEED))
        drawn = "\n".join(json.dumps(draw.case(number)) for number in range(FILES))
        done = subprocess.run([PYTHON, "-c", LOAD], input=drawn, text=True, capture_output=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        cases = json.loads(done.stdout)
        self.assertGreater(sum("error" not in case for case in cases), FILES / 2)
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            file.write(done.stdout)
            file.flush()
            done = subprocess.run([os.path.join(os.path.dirname(common.SGPROOF), "test_client"), "shared-files", file.name], text=True, capture_output=True)
        wrong = [line for line in done.stderr.splitlines() if line.startswith("file ")]
        detail = [(line, case) for line in wrong[:2] for case in cases if line.startswith(case["case"] + ":")]
        self.assertEqual((done.returncode, wrong[:5]), (0, []), "SHARED_FILES_SEED=%d: %s\n%s" % (SEED, detail, done.stdout))


if __name__ == "__main__":
    unittest.main()
