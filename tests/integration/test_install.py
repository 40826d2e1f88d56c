"""What is installed: all of it in its place, what the program says of itself, and nothing left once it is uninstalled."""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path[:0] = [os.path.join(os.path.dirname(__file__), "..")]
import common
from test_command_line import COMMANDS

BUILD = pathlib.Path(common.SGPROOF).resolve().parent
IS_CONFIGURED = (BUILD / "build.ninja").is_file()


@unittest.skipUnless(IS_CONFIGURED, "the program under test lies in no build folder")
class Install(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)

    def install(self, *words, **environment):
        done = subprocess.run([common.TOP / "scripts/install", *words], capture_output=True, text=True,
                              env={**os.environ, "BUILD": str(BUILD), "DESTDIR": str(self.root), **environment})
        return done

    def files(self):
        return {str(path.relative_to(self.root / "usr/local")) for path in self.root.rglob("*") if path.is_file()}

    def test_all_is_in_its_place_and_goes_again(self):
        stranger = self.root / "usr/local/share/doc/other/README"
        stranger.parent.mkdir(parents=True)
        stranger.touch()
        done = self.install()
        self.assertEqual(done.returncode, 0, done.stderr)
        files = self.files()
        self.assertLessEqual({"share/man/man1/sgproof-%s.1" % name for name in COMMANDS} | {"share/man/man1/sgproof.1", "share/man/man1/sgproof-nightly.1", "bin/sgproof", "bin/sgproof-nightly", "lib/systemd/system/sgproof.service", "lib/systemd/system/sgproof.timer"}, files)
        self.assertLessEqual({"share/sgproof/packs/" + path.name for path in (common.TOP / "rules/packs").glob("*.json")
                              if '"sgproof/pack/v1"' in path.read_text()}, files)
        self.assertLessEqual({"share/doc/sgproof/" + name for name in ("LICENSE", "NOTICE", "README.md", "formats.md", "schemas/intent.json", "schemas/verdicts.json", "examples/intent.json", "examples/souvenirs/describe-vpcs.json")}, files)
        for shell, place in {"bash": "bash-completion/completions/sgproof.bash", "zsh": "zsh/site-functions/_sgproof", "fish": "fish/vendor_completions.d/sgproof.fish"}.items():
            self.assertEqual((self.root / "usr/local/share" / place).read_text(), common.sgproof("completion", shell).stdout)
        program = self.root / "usr/local/bin/sgproof"
        self.assertEqual(subprocess.run([program, "version"], capture_output=True, text=True).stdout, "sgproof 0.1.0\n")
        policy = (self.root / "usr/local/share/sgproof/iam-policy.json").read_text()
        self.assertEqual(common.sgproof("read", "--iam-policy").stdout, policy)
        again = self.install()
        self.assertEqual((again.returncode, self.files()), (0, files))
        gone = self.install("uninstall")
        self.assertEqual(gone.returncode, 0, gone.stderr)
        self.assertEqual(self.files(), {"share/doc/other/README"})
        self.assertFalse((self.root / "usr/local/share/sgproof").exists())

    def test_bad_usage_does_nothing(self):
        for words, environment in ((["remove"], {}), (["uninstall", "x"], {}), ([], {"PREFIX": "relative"})):
            done = self.install(*words, **environment)
            self.assertEqual((done.returncode, os.listdir(self.root)), (2, []), done.stderr)


class Build(unittest.TestCase):
    def test_it_says_how_far_it_is_and_how_long_it_took(self):
        """With a meson and a ninja that take 11 seconds, on no source of ours."""
        with tempfile.TemporaryDirectory() as folder:
            tools = pathlib.Path(folder, "bin")
            tools.mkdir()
            for name, text in {"meson": "mkdir -p \"$2\"; : >\"$2/build.ninja\"", "ninja": "echo '[3/7] Compiling x'; sleep 11; echo '[7/7] Linking'"}.items():
                (tools / name).write_text("#!/bin/sh\n%s\n" % text)
                (tools / name).chmod(0o755)
            done = subprocess.run([common.TOP / "scripts/build", folder + "/b"], capture_output=True, text=True, env={**os.environ, "PATH": "%s:%s" % (tools, os.environ["PATH"])})
            self.assertEqual((done.returncode, done.stdout), (0, ""))
            self.assertRegex(done.stderr, r"^build: \S+/b: step 3 of 7, 1\d s\nbuild: \S+/b is built, 1\d s\n$")

    def test_each_tool_that_a_bare_machine_lacks_is_named_with_what_brings_it(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in ("dirname", "cc", "meson", "ninja", "pkg-config"):
                pathlib.Path(folder, name).symlink_to(shutil.which(name))
            for name in ("cc", "meson", "ninja", "pkg-config"):
                pathlib.Path(folder, name).rename(pathlib.Path(folder, "away"))
                done = subprocess.run(["/bin/sh", common.TOP / "scripts/build", folder + "/b"], capture_output=True, text=True, env={"PATH": folder})
                self.assertEqual((done.returncode, done.stdout), (1, ""))
                self.assertRegex(done.stderr, "^build: %s lacks: type scripts/setup first [^\n]*\n$" % name)
                pathlib.Path(folder, "away").rename(pathlib.Path(folder, name))


if __name__ == "__main__":
    unittest.main()
