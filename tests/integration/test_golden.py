"""Evidence of each release is verified by every later build, or it names the version that can. Made by scripts/golden."""
import json
import lzma
import os
import pathlib
import re
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import common

EVIDENCE = common.TOP / "tests/data/evidence"
DERIVATION = int(re.search(r"DERIVATION = (\d+)", (common.TOP / "src/evidence/manifest.h").read_text())[1])


class Golden(unittest.TestCase):
    def test_evidence_of_every_release_holds_or_names_who_can_tell(self):
        releases = sorted(EVIDENCE.iterdir())
        self.assertTrue(releases)
        current = 0
        for release in releases:
            with self.subTest(release=release.name), tempfile.TemporaryDirectory() as folder:
                archives = []
                for packed in sorted(release.glob("*.tar.xz")):
                    archives.append(pathlib.Path(folder) / packed.stem)
                    archives[-1].write_bytes(lzma.open(packed).read())
                done = common.sgproof("verify", *archives, "--key", release / "key.pub.pem", "--format", "json")
                bundles = json.loads(done.stdout)["bundles"]
                self.assertEqual(len(bundles), len(archives))
                checks = [{c["check"]: c["state"] for c in b["checks"]} for b in bundles]
                self.assertEqual({c["signature"] for c in checks}, {"ok"})
                if done.returncode == 0:
                    current += 1
                    self.assertEqual({(c["derivation"], c["capture"]) for c in checks}, {("ok", "ok")})
                    continue
                self.assertEqual(done.returncode, 3, done.stdout)
                for bundle in bundles:
                    told = next(c["detail"] for c in bundle["checks"] if c["check"] == "derivation")
                    made = re.fullmatch(r"made by derivation (\d+), and this is %d: sgproof (\S+), which made it, can verify it" % DERIVATION, told)
                    self.assertIsNotNone(made, told)
                    self.assertNotEqual(int(made[1]), DERIVATION)
                    self.assertEqual(made[2], release.name)
        self.assertGreater(current, 0, "no golden evidence of this derivation: run scripts/golden")


if __name__ == "__main__":
    unittest.main()
