"""Packages: lintian is content, the same source gives the same bytes, and what is installed in a clean root works.

Builds whole releases and installs from the network, so only with SGPROOF_PACKAGE=1: scripts/test-packages runs it."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path[:0] = [os.path.join(os.path.dirname(__file__), "..")]
import common

PATH = os.environ["PATH"] + ":/usr/sbin:/sbin"
ROOTS = os.environ.get("SGPROOF_PACKAGE_ROOTS", "")  # a folder with clean roots by name (bookworm, trixie), else debootstrap makes them


def run(*words, **more):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, **{"env": {**os.environ, "PATH": PATH, "DEBFULLNAME": "sgproof", "DEBEMAIL": "sgproof@debian.org"}, **more})
    assert done.returncode == 0, (words, done.stdout[-3000:], done.stderr[-3000:])
    return done.stdout


@unittest.skipUnless(os.environ.get("SGPROOF_PACKAGE"), "builds releases: scripts/test-packages runs it")
class Debian(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.path = pathlib.Path(cls.folder.name)
        run(common.SGPROOF, "keygen", cls.path / "key.pem")
        run(common.TOP / "scripts/package", "deb", "--sign", cls.path / "key.pem", cls.path / "dist")
        cls.package, = (cls.path / "dist").glob("*.deb")

    def test_lintian_finds_nothing(self):
        if not shutil.which("lintian"):
            self.skipTest("lintian is not installed")
        self.assertEqual(run("lintian", "--allow-root", "--fail-on", "error,warning", self.package), "")

    def test_built_again_elsewhere_it_has_the_same_bytes(self):
        with tempfile.TemporaryDirectory(prefix="build-", dir=common.TOP) as again:
            os.rmdir(again)
            env = {**os.environ, "BUILD": again, "DEBFULLNAME": "sgproof", "DEBEMAIL": "sgproof@debian.org"}
            try:
                run(common.TOP / "scripts/package", "deb", self.path / "again", env=env)
            finally:
                os.makedirs(again, exist_ok=True)
        self.assertEqual((self.path / "again" / self.package.name).read_bytes(), self.package.read_bytes())

    def test_its_sums_are_signed_by_a_key_of_keygen(self):
        dist = self.path / "dist"
        run("sha256sum", "--check", "--strict", "SHA256SUMS", cwd=dist)
        run("openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", self.path / "key.pub.pem", "-in", dist / "SHA256SUMS", "-sigfile", dist / "SHA256SUMS.sig")

    def installed(self, suite):
        root = pathlib.Path(ROOTS, suite) if ROOTS else self.path / suite
        if not root.is_dir():
            if not shutil.which("debootstrap", path=PATH) or os.geteuid() != 0:
                self.skipTest("debootstrap, and root, are needed for a clean root")
            run("debootstrap", "--variant=minbase", suite, root)
        shutil.copy(self.package, root / "tmp")
        shutil.copytree(common.SAMPLE, root / "tmp/souvenirs", dirs_exist_ok=True)
        env = {"PATH": PATH, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
        run("chroot", root, "apt-get", "update", "-qq", env=env)
        run("chroot", root, "apt-get", "install", "-y", "-qq", "--no-install-recommends", "/tmp/" + self.package.name, env=env)
        self.assertEqual(run("chroot", root, "sgproof", "version", env=env), "sgproof 0.1.0\n")
        self.assertEqual(run("chroot", root, "sgproof", "compute", "/tmp/souvenirs", "--format", "json", env=env), common.sgproof("compute", common.SAMPLE, "--format", "json").stdout)
        self.assertTrue((root / "usr/share/man/man1/sgproof-run.1.gz").is_file())
        run("chroot", root, "apt-get", "purge", "-y", "-qq", "sgproof", env=env)
        self.assertEqual([path for path in root.glob("usr/**/*sgproof*")], [])

    def test_it_installs_runs_and_goes_in_a_clean_debian_12(self):
        self.installed("bookworm")

    def test_it_installs_runs_and_goes_in_a_clean_debian_13(self):
        self.installed("trixie")


if __name__ == "__main__":
    unittest.main()
