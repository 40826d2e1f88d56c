"""Packages: lintian is content, the same source gives the same bytes, and what is installed in a clean root works.

Builds whole releases and installs from the network, so only with SGPROOF_PACKAGE=1: scripts/test-packages runs it."""
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest

sys.path[:0] = [os.path.join(os.path.dirname(__file__), "..")]
sys.path[:0] = [os.path.dirname(__file__)]
import common
from oracle import estates
from test_snapshots import plain

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


@unittest.skipUnless(os.environ.get("SGPROOF_PACKAGE"), "builds releases and libraries: scripts/test-packages runs it")
class Static(unittest.TestCase):
    """One program that asks nothing of the machine, in a root that holds nothing else."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.path = pathlib.Path(folder.name)
        run(common.SGPROOF, "keygen", cls.path / "key.pem")
        cls.build("dist", "--sign", cls.path / "key.pem")
        cls.program, = (cls.path / "dist").glob("sgproof-*")

    @classmethod
    def build(cls, name, *words):
        """Each time in a folder of its own, its libraries too; what was compiled before is not taken from a cache."""
        run(common.TOP / "scripts/package", "static", *words, cls.path / name, env={**os.environ, "PATH": PATH, "BUILD": str(cls.path / ("build of " + name).replace(" ", "-")), "CCACHE_DISABLE": "1"})

    def alone(self, *words):
        """In a root that holds the program, the sample and nothing else, as nobody in particular."""
        root = self.path / "root"
        if not root.exists():
            (root / "tmp").mkdir(parents=True)
            (root / "tmp").chmod(0o1777)
            shutil.copy(self.program, root / "sgproof")
            shutil.copytree(common.SAMPLE, root / "souvenirs")
        if os.geteuid() != 0:
            self.skipTest("root is needed for chroot")
        return subprocess.run(["chroot", "--userspec=65534:65534", root, "/sgproof", *words], capture_output=True, text=True)

    def test_it_asks_for_no_library_and_computes_in_an_empty_root(self):
        self.assertNotIn("NEEDED", run("readelf", "-d", self.program))
        done = self.alone("compute", "/souvenirs", "--format", "json", "-v")
        self.assertEqual((done.returncode, done.stdout), (0, common.sgproof("compute", common.SAMPLE, "--format", "json").stdout), done.stderr)
        self.assertIn("confined: seccomp", done.stderr)

    def test_it_probes_and_resolves_names_without_the_machines_libraries(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
            (self.path / "targets").write_text("127.0.0.1 tcp %d\n" % port)
            self.alone("version")
            shutil.copy(self.path / "targets", self.path / "root/targets")
            done = self.alone("probe", "--targets", "/targets", "--only", "127.0.0.0/8", "--method", "connect")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn('"state": "open"', done.stdout)
        done = self.alone("read", "/tmp/estate", "--region", "eu-west-3", "--endpoint-url", "http://localhost:%d" % port, "--max-attempts", "1")
        self.assertNotIn("resolve", done.stderr.lower())  # localhost is known; nobody listens there any more

    def test_built_again_elsewhere_it_has_the_same_bytes(self):
        self.build("again")
        self.assertEqual((self.path / "again" / self.program.name).read_bytes(), self.program.read_bytes())

    def test_its_sums_are_signed_by_a_key_of_keygen(self):
        run("sha256sum", "--check", "--strict", "SHA256SUMS", cwd=self.path / "dist")
        run("openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", self.path / "key.pub.pem", "-in", self.path / "dist/SHA256SUMS", "-sigfile", self.path / "dist/SHA256SUMS.sig")

    def test_the_image_of_the_container_holds_it(self):
        if not shutil.which("buildah"):
            self.skipTest("buildah is not installed")
        if not (self.path / "dist/ca-certificates.crt").exists():
            self.skipTest("ca-certificates is not installed")
        buildah = ["buildah", "--root", self.path / "images", "--runroot", self.path / "running", "--storage-driver", "vfs"]
        run(*buildah, "bud", "--isolation", "chroot", "-t", "sgproof", "-f", common.TOP / "packaging/Containerfile", self.path / "dist")
        container = run(*buildah, "from", "sgproof").strip()
        mounted = pathlib.Path(run(*buildah, "mount", container).strip())
        self.assertEqual((mounted / "usr/bin/sgproof").read_bytes(), self.program.read_bytes())
        about = json.loads(run(*buildah, "inspect", "--type", "image", "sgproof"))["OCIv1"]["config"]
        self.assertEqual((about["User"], about["Cmd"]), ("65532:65532", ["sgproof", "help"]))


LINUX = ("linux/capability.h linux/errqueue.h linux/filter.h linux/if_packet.h linux/landlock.h linux/magic.h sys/epoll.h sys/prctl.h "
         "sys/statfs.h sys/syscall.h sys/sysmacros.h sys/vfs.h seccomp.h byteswap.h").split()


@unittest.skipUnless(os.environ.get("SGPROOF_PACKAGE"), "builds a whole program: scripts/test-packages runs it")
class WithoutProber(unittest.TestCase):
    """-Dprobe=disabled: no header that is Linux's alone is taken, and what follows from files is the same."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.path = pathlib.Path(folder.name)
        for header in LINUX:
            path = cls.path / "hidden" / header
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("#error %s is Linux's alone\n" % header)
        cls.build = cls.path / "build"
        run("meson", "setup", cls.build, common.TOP, "-Dprobe=disabled", "-Dtests=disabled", "-Doptimization=0", "-Dc_args=-isystem%s" % (cls.path / "hidden"))
        run("ninja", "-C", cls.build, "sgproof")
        cls.program = cls.build / "sgproof"
        cls.evidence = cls.path / "evidence"
        run(common.SGPROOF, "keygen", cls.path / "key.pem")
        (cls.path / "snapshot").mkdir()
        estates.write(plain(), cls.path / "snapshot")
        done = common.alone({"open": [443], "delay": 0.01}, "run", "--snapshot", cls.path / "snapshot", "--out", cls.evidence, "--vantage", "203.0.113.7", "--vantage", "2001:db8:ffff::7",
                            "--no-history", "--method", "syn", "--sign", cls.path / "key.pem", "--fail-on", "none", "--only", "198.51.100.0/24", "--only", "2001:db8::/32")
        assert done.returncode == 0, done.stderr

    def without(self, *words):
        return subprocess.run([str(word) for word in (self.program, *words)], capture_output=True, text=True, cwd=self.path)

    def test_what_follows_from_files_is_the_same_byte_for_byte(self):
        for words in (("compute", common.SAMPLE, "--format", "json"), ("diff", common.SAMPLE, self.path / "snapshot"), ("plan", common.SAMPLE, "--vantage", "203.0.113.7"),
                      ("segments", common.SAMPLE), ("account", common.SAMPLE), ("report", self.evidence, "--format", "sarif"), ("report", self.evidence, "--format", "html"),
                      ("verify", self.evidence, "--key", "key.pub.pem", "--format", "json"), ("probe", self.evidence / "plan.jsonl", "--from-capture", self.evidence / "capture.pcap"),
                      ("reconcile", common.SAMPLE, self.evidence / "observations.jsonl", "--vantage", "203.0.113.7")):
            with self.subTest(words[0]):
                whole, without = common.sgproof(*words, cwd=self.path), self.without(*words)
                self.assertEqual((without.returncode, without.stdout), (whole.returncode, whole.stdout), without.stderr)
                self.assertNotEqual(whole.stdout, "")

    def test_evidence_that_was_changed_is_wrong_here_too(self):
        shutil.copytree(self.evidence, self.path / "changed")
        capture = self.path / "changed/capture.pcap"
        capture.write_bytes(capture.read_bytes()[:-100])
        self.assertEqual(self.without("verify", self.evidence, "--key", "key.pub.pem").returncode, 0)
        self.assertEqual(self.without("verify", "changed", "--key", "key.pub.pem").returncode, 1)

    def test_what_sends_says_that_it_cannot_and_does_nothing(self):
        for words in (("run", "--snapshot", "snapshot", "--out", "out"), ("change", "snapshot", "snapshot", "--out", "out"), ("probe", self.evidence / "plan.jsonl", "-o", "out")):
            done = self.without(*words)
            self.assertEqual((done.returncode, done.stdout), (2, ""), words)
            self.assertIn("built without what sends packets", done.stderr)
            self.assertFalse((self.path / "out").exists())
        self.assertEqual(self.without("run", "--help").returncode, 0)


if __name__ == "__main__":
    unittest.main()
