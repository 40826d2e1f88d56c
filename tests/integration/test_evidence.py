"""Evidence: whole, signed, stamped, chained, and derived again. Probes go to 127.0.0.1 only."""
import base64
import contextlib
import datetime
import glob
import hashlib
import http.server
import json
import os
import pathlib
import re
import resource
import shutil
import stat
import subprocess
import sys
import tarfile
import tempfile
import threading
import unittest
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import common
import forger
from oracle import estates
from test_snapshots import entry, permission, plain


def loopback_estate(port):
    """plain() at 127.0.0.1, where the group admits one port and the next."""
    estate = plain()
    interface = estate["NetworkInterfaces"][0]
    interface["PrivateIpAddresses"][0]["Association"]["PublicIp"] = "127.0.0.1"
    interface["Ipv6Addresses"] = []
    estate["SecurityGroups"][0]["IpPermissions"] = [permission("tcp", (port, port + 1), ["0.0.0.0/0"]),
                                                    permission("icmp", (8, -1), ["0.0.0.0/0"])]
    return estate


INTENT = {"schema": "sgproof/intent/v1", "platform": "loopback", "default": "deny", "rules": [
    {"id": "web", "decision": "allow", "select": {"group": "web"}, "protocol": "tcp", "ports": "1-65535", "owner": "us",
     "reason": "the test's own"},
    {"id": "ping", "decision": "allow", "protocol": "icmp", "owner": "us", "reason": "the test's own"}]}


def reseal(bundle):
    """What a forger without the key can do: make every hash, and run_id, right again."""
    manifest = json.loads((bundle / "manifest.json").read_text())
    text = (bundle / "manifest.json").read_text()
    digests = {f["path"]: hashlib.sha256((bundle / f["path"]).read_bytes()).hexdigest() for f in manifest["files"]}
    (bundle / "SHA256SUMS").write_text("".join("%s  %s\n" % (d, p) for p, d in digests.items() if p != "SHA256SUMS"))
    for item in manifest["files"]:
        data = (bundle / item["path"]).read_bytes()
        text = text.replace('"bytes": %d, "sha256": "%s"' % (item["bytes"], item["sha256"]),
                            '"bytes": %d, "sha256": "%s"' % (len(data), hashlib.sha256(data).hexdigest()))
    blank = text.replace(manifest["run_id"], "")
    text = text.replace(manifest["run_id"], hashlib.sha256(blank.encode()).hexdigest()[:16])
    (bundle / "manifest.json").write_text(text)
    for name in ("manifest.sig", "manifest.dsse.json"):
        (bundle / name).unlink(missing_ok=True)


class Bundles(unittest.TestCase):
    """A folder with an estate on loopback, keys, and a signed bundle `one`."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.path = pathlib.Path(folder.name)
        listener = common.open_port()
        cls.addClassCleanup(listener.close)
        cls.port = listener.getsockname()[1]
        cls.snapshot = cls.path / "snapshot"
        cls.snapshot.mkdir()
        estates.write(loopback_estate(cls.port), cls.snapshot)
        cls.intent = cls.path / "intent.json"
        cls.intent.write_text(json.dumps(INTENT))
        cls.key = cls.path / "k.pem"
        cls.public = cls.path / "k.pub.pem"
        assert common.sgproof("keygen", cls.key).returncode == 0
        cls.one = cls.run_to("one", "--sign", cls.key)
        cls.kept = (cls.one / "capture.pcap").exists()  # where raw sockets may be opened

    @classmethod
    def words_of_run(cls, name):
        return ["run", "--snapshot", cls.snapshot, "--intent", cls.intent, "--out", cls.path / name, "--vantage", "203.0.113.7",
                "--depth", "declared", "--no-history", *common.ONLY]

    @classmethod
    def run_to(cls, name, *words, status=0):
        done = common.sgproof(*cls.words_of_run(name), *words)
        assert done.returncode == status, done.stdout + done.stderr
        return cls.path / name

    def copy(self, of=None):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        copy = pathlib.Path(folder.name) / "copy"
        shutil.copytree(of or self.one, copy)
        return copy

    def verify(self, *words, status=0):
        """Its checks. What is to hold (0) is status 3 where no key is given, and where no packets were kept."""
        done = common.sgproof("verify", *words, "--format", "json")
        status = status or (0 if self.kept and "--key" in words else 3)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return [{c["check"]: (c["state"], c["detail"]) for c in b["checks"]}
                for b in json.loads(done.stdout)["bundles"]]


class Keys(Bundles):
    def test_the_private_key_is_ours_alone_and_never_written_over(self):
        self.assertEqual(stat.S_IMODE(self.key.stat().st_mode), 0o600)
        before = self.key.read_bytes()
        done = common.sgproof("keygen", self.key)
        self.assertEqual(done.returncode, 2)
        self.assertIn("File exists", done.stderr)
        self.assertEqual(self.key.read_bytes(), before)

    def test_a_key_that_others_can_read_signs_nothing_however_it_is_named(self):
        seen = self.path / "seen.pem"
        shutil.copyfile(self.key, seen)
        seen.chmod(0o666)
        number = 0
        for mode in (0o666, 0o600):
            seen.chmod(mode)
            for name in ("%s", "file:%s", "FILE:%s", "file://%s", "File://localhost%s", "FILE://LOCALHOST%s"):
                number += 1
                with self.subTest(mode=mode, name=name):
                    done = common.sgproof(*self.words_of_run("named%d" % number), "--sign", name % seen)
                    self.assertEqual(done.returncode, 2 if mode == 0o666 else 0, done.stderr)
                    self.assertEqual("others may read or write this private key" in done.stderr, mode == 0o666)
        for name in ("file://elsewhere%s", "file:////%s", "file:%s.not", "file:seen.pem", "file:///%%2e%s"):
            done = common.sgproof(*self.words_of_run("never"), "--sign", name % seen if "%s" in name else name, cwd=self.path)
            self.assertEqual(done.returncode, 2, name)
            self.assertRegex(done.stderr, "is no file that is there")

    def test_a_passphrase_protects_the_key(self):
        secret, wrong = self.path / "pass", self.path / "wrong"
        secret.write_text("correct horse\n")
        wrong.write_text("battery staple\n")
        secret.chmod(0o600)
        wrong.chmod(0o600)
        key = self.path / "locked.pem"
        self.assertEqual(common.sgproof("keygen", key, "--passphrase-file", secret).returncode, 0)
        self.assertIn("ENCRYPTED", key.read_text())
        bundle = self.run_to("locked", "--sign", key, "--passphrase-file", secret)
        self.verify(bundle, "--key", self.path / "locked.pub.pem")
        for words in (["--passphrase-file", wrong], []):
            done = common.sgproof("run", "--snapshot", self.snapshot, "--out", self.path / "never", "--sign", key, *words,
                                  *common.ONLY, stdin="")
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn("passphrase", done.stderr)
            self.assertFalse((self.path / "never").exists())
        for file in bundle.rglob("*"):
            self.assertNotIn(b"correct horse", file.read_bytes() if file.is_file() else b"")

    def test_the_makers_own_pack_is_named_as_such(self):
        pack = self.path / "pack.json"
        pack.write_text(json.dumps({"schema": "sgproof/pack/v1", "id": "mine", "title": "Mine", "source": "us", "controls": [
            {"id": "mine/mfa", "title": "MFA", "text": "t", "source": "us", "severity": "low", "facts": [{"fact": "users-have-mfa"}]}]}))
        bundle = self.run_to("own", "--sign", self.key, "--pack", pack, "--pack", "sec-002")
        checks, = self.verify(bundle, "--key", self.public)
        self.assertEqual(checks["packs"], ("ok", "sec-002 as they come with sgproof; the maker's own, which vouch for nothing: mine"))

    def test_a_key_in_a_token_signs(self):
        """PKCS #11 by OpenSSL's provider of that name, which Debian has since version 13; the token is SoftHSM's."""
        provider, module = (next(iter(glob.glob("/usr/lib/" + where)), None) for where in ("*/ossl-modules/pkcs11.so", "softhsm/libsofthsm2.so"))
        program = common.TOP / "build/sgproof"  # not one with sanitizers: the provider's way of loading a module is not for them
        if provider is None or module is None or shutil.which("pkcs11-tool") is None or not program.exists():
            self.skipTest("no pkcs11-provider, softhsm2 and opensc here")
        (self.path / "tokens").mkdir()
        (self.path / "softhsm.conf").write_text("directories.tokendir = %s/tokens\n" % self.path)
        (self.path / "openssl.cnf").write_text(
            "openssl_conf = init\n[init]\nproviders = all\n[all]\ndefault = one\npkcs11 = two\n[one]\nactivate = 1\n[two]\nactivate = 1\n"
            "module = %s\npkcs11-module-path = %s\n" % (provider, module))
        env = {"SOFTHSM2_CONF": str(self.path / "softhsm.conf")}
        tool = ["pkcs11-tool", "--module", module, "--login", "--pin", "1234", "--token-label", "t"]
        def run(*words):
            return subprocess.run(words, check=True, text=True, capture_output=True, env={**os.environ, **env}).stdout
        run("softhsm2-util", "--init-token", "--free", "--label", "t", "--pin", "1234", "--so-pin", "5678")
        made = run(*tool, "--keypairgen", "--key-type", "EC:edwards25519", "--label", "k", "--id", "01")
        point = re.search(r"EC_POINT:\s+0420([0-9a-f]{64})", made).group(1)
        public = self.path / "token.pub.pem"
        subprocess.run(["openssl", "pkey", "-pubin", "-inform", "DER", "-out", public], check=True,
                       input=bytes.fromhex("302a300506032b6570032100" + point))
        for pin, status in (("1234", 0), ("9999", 2)):
            (self.path / "pin").write_text(pin + "\n")
            (self.path / "pin").chmod(0o600)
            done = subprocess.run([program, *self.words_of_run("token" + pin), "--sign", "pkcs11:token=t;object=k;type=private",
                                   "--passphrase-file", self.path / "pin"], text=True, capture_output=True,
                                  env={**os.environ, **env, "OPENSSL_CONF": str(self.path / "openssl.cnf")})
            self.assertEqual(done.returncode, status, done.stderr)
        self.verify(self.path / "token1234", "--key", public)
        self.assertFalse((self.path / "token9999").exists())

    def test_only_ed25519_keys_sign(self):
        rsa = self.path / "rsa.pem"
        subprocess.run(["openssl", "genrsa", "-out", rsa, "2048"], check=True, capture_output=True)
        done = common.sgproof("run", "--snapshot", self.snapshot, "--out", self.path / "never", "--sign", rsa, *common.ONLY)
        self.assertEqual(done.returncode, 2)
        self.assertIn("another kind of key", done.stderr)


class Verify(Bundles):
    def test_good_evidence_holds_and_says_what_was_checked(self):
        checks, = self.verify(self.one, "--key", self.public)
        self.assertEqual({k: v[0] for k, v in checks.items()},
                         {"manifest": "ok", "files": "ok", "signature": "ok", "attestation": "ok", "timestamp": "absent",
                          "chain": "absent", "capture": "ok" if self.kept else "not-checked", "derivation": "ok", "packs": "ok"})
        text = common.sgproof("verify", self.one, "--key", self.public).stdout
        self.assertIn("The evidence holds." if self.kept else "NOT CHECKED is not vouched for", text)
        for line in ("accounts     111122223333; regions: eu-west-3", "vantage      203.0.113.7", "1 endpoints, 3 ports asked, depth declared, silence after 3 tries of 1000 ms; complete",
                     "its maker's word", "title loopback", "by sgproof 0.1.0: run --snapshot"):
            self.assertIn(line, text)
        der = subprocess.run(["openssl", "pkey", "-pubin", "-in", self.public, "-outform", "DER"], capture_output=True, check=True).stdout
        self.assertIn("SHA256:" + hashlib.sha256(der).hexdigest(), text)

    def test_sha256sum_checks_the_files_too(self):
        done = subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=self.one, capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))
        listed = {line.split("  ", 1)[1] for line in (self.one / "SHA256SUMS").read_text().splitlines()}
        self.assertEqual(listed, {f["path"] for f in json.loads((self.one / "manifest.json").read_text())["files"]} - {"SHA256SUMS"})

    def test_what_nobody_signed_nobody_vouches_for(self):
        bundle = self.run_to("nobody")
        for words in ((), ("--key", self.public)):
            done = common.sgproof("verify", bundle, *words)
            self.assertEqual(done.returncode, 1 if words else 3, done.stdout)
        self.assertIn("manifest.sig: is missing", done.stdout)

    def test_a_signature_that_nobody_checked_is_not_called_good(self):
        checks, = self.verify(self.one, status=3)
        self.assertEqual(checks["signature"][0], "not-checked")

    def test_another_key_did_not_sign_it(self):
        other = self.path / "other.pem"
        common.sgproof("keygen", other)
        checks, = self.verify(self.one, "--key", self.path / "other.pub.pem", status=1)
        self.assertEqual(checks["signature"][0], "wrong")
        self.assertEqual(checks["attestation"][0], "wrong")

    def test_a_flipped_bit_in_any_file_is_caught(self):
        files = [p.relative_to(self.one) for p in sorted(self.one.rglob("*")) if p.is_file()]
        self.assertIn(pathlib.Path("manifest.sig"), files)
        for file in files:
            size = (self.one / file).stat().st_size
            for place in {0, size // 2, size - 1}:
                with self.subTest(file=str(file), place=place):
                    copy = self.copy()
                    data = bytearray((copy / file).read_bytes())
                    data[place] ^= 1
                    (copy / file).write_bytes(data)
                    done = common.sgproof("verify", copy, "--key", self.public)
                    self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
                    named = "manifest" if str(file).startswith("manifest") else str(file)
                    self.assertIn(named, done.stdout)

    def test_every_bit_of_an_unsigned_manifest_is_sealed(self):
        bundle = self.run_to("unsigned")
        data = (bundle / "manifest.json").read_bytes()
        copy = self.copy(bundle)
        for place in range(0, len(data), max(1, len(data) // 60)):
            (copy / "manifest.json").write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1:])
            done = common.sgproof("verify", copy)
            self.assertEqual(done.returncode, 1, (place, data[place:place + 20], done.stdout))

    def test_removed_and_added_files_are_caught(self):
        for file in ("exposure.json", "before/SecurityGroups.json", "manifest.sig", "manifest.dsse.json"):
            copy = self.copy()
            if not (copy / file).exists():
                file = sorted(str(p.relative_to(copy)) for p in copy.glob("before/*"))[0]
            (copy / file).unlink()
            done = common.sgproof("verify", copy, "--key", self.public)
            self.assertEqual(done.returncode, 1)
            self.assertIn(file + ": is missing", done.stdout)
        for file in ("note.txt", "before/more.json", ".hidden"):
            copy = self.copy()
            (copy / file).write_text("{}")
            done = common.sgproof("verify", copy, "--key", self.public)
            self.assertEqual(done.returncode, 1)
            self.assertIn(file + ": is no file of the manifest", done.stdout)
        copy = self.copy()
        (copy / "link").symlink_to("/etc/hostname")
        self.assertEqual(common.sgproof("verify", copy, "--key", self.public).returncode, 1)

    def test_what_is_no_file_is_not_opened(self):
        for name in ("before/pipe.json", "exposure.json", "manifest.sig"):
            copy = self.copy()
            (copy / name).unlink(missing_ok=True)
            os.mkfifo(copy / name)
            done = common.sgproof("verify", copy, "--key", self.public)  # and does not wait for anybody to write there
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIn(name + ": is no file of the manifest", done.stdout)
        copy = self.copy()
        (copy / "manifest.json").unlink()
        os.mkfifo(copy / "manifest.json")
        self.assertEqual(common.sgproof("verify", copy).returncode, 2)

    def test_a_forger_who_mends_every_hash_is_caught_by_the_derivation(self):
        copy = self.copy()
        reseal(copy)
        self.verify(copy, status=3)  # nothing but resealed: all derives, and nobody vouches for it
        verdicts = copy / "verdicts.json"
        verdicts.write_text(verdicts.read_text().replace('"verdict": "latent"', '"verdict": "enforced"', 1))
        shutil.copy(self.one / "manifest.sig", copy)
        shutil.copy(self.one / "manifest.dsse.json", copy)
        reseal(copy)
        checks, = self.verify(copy, status=1)
        self.assertEqual((checks["files"][0], checks["manifest"][0], checks["derivation"][0]), ("ok", "ok", "wrong"))
        self.assertRegex(checks["derivation"][1], r"^verdicts\.json: verdicts\[\d+\]\.verdict does not follow")

    def test_a_swapped_snapshot_is_caught(self):
        copy = self.copy()
        other = loopback_estate(self.port)
        other["SecurityGroups"][0]["IpPermissions"] = [permission("tcp", (1, 1), ["0.0.0.0/0"])]
        for side in ("before", "after"):
            shutil.rmtree(copy / side)
            (copy / side).mkdir()
            estates.write(other, copy / side)
        reseal(copy)
        checks, = self.verify(copy, status=1)
        self.assertEqual((checks["files"][0], checks["derivation"][0]), ("ok", "wrong"))
        self.assertIn("exposure.json: endpoints[0].exposures[0]", checks["derivation"][1])

    def test_what_is_no_bundle_is_bad_input(self):
        done = common.sgproof("verify", self.snapshot)
        self.assertEqual(done.returncode, 2)
        self.assertIn("manifest.json: cannot be opened", done.stderr)

    def test_paths_out_of_the_bundle_are_refused(self):
        for path in ("../outside", "/etc/hostname", "a/../../b", "a//b", "."):
            copy = self.copy()
            text = (copy / "manifest.json").read_text()
            (copy / "manifest.json").write_text(text.replace('"exposure.json"', json.dumps(path), 1))
            done = common.sgproof("verify", copy)
            self.assertEqual(done.returncode, 1, path)
            self.assertIn("no path inside the bundle", done.stdout)


def with_capture(cls, name):
    """A bundle that holds its packets: SYN packets to 127.0.0.1, where raw sockets may be opened."""
    if not cls.kept:
        raise unittest.SkipTest("raw sockets are not permitted")
    return cls.run_to(name)


class Large(Bundles):
    SIZE = 1200 << 20

    def test_a_capture_larger_than_a_gibibyte_is_checked_and_packed_in_little_memory(self):
        bundle = with_capture(self, "large")
        header = (self.path / "large/capture.pcap").read_bytes()[:24]
        self.assertEqual(header[:4], b"\x4d\x3c\xb2\xa1")
        # An answer again and again, as long as a packet may be: what follows its IP length is nobody's.
        data, at = (self.path / "large/capture.pcap").read_bytes(), 24
        while not (data[at + 16 + 9] == 6 and data[at + 16 + 33] & 0x10):  # TCP, with an acknowledgement
            at += 16 + int.from_bytes(data[at + 8:at + 12], "little")
        packet = data[at + 16:at + 16 + int.from_bytes(data[at + 8:at + 12], "little")]
        frame = data[at:at + 8] + (65000).to_bytes(4, "little") * 2 + packet + bytes(65000 - len(packet))
        with open(bundle / "capture.pcap", "ab") as capture:
            for _ in range(self.SIZE // (len(frame) * 64) + 1):
                capture.write(frame * 64)
        size = (bundle / "capture.pcap").stat().st_size
        self.assertGreater(size, self.SIZE)
        text = (bundle / "manifest.json").read_text()
        item = next(f for f in json.loads(text)["files"] if f["path"] == "capture.pcap")
        with open(bundle / "capture.pcap", "rb") as capture:
            digest = hashlib.file_digest(capture, "sha256").hexdigest()
        sums = (bundle / "SHA256SUMS").read_text()
        text = text.replace(hashlib.sha256(sums.encode()).hexdigest(), hashlib.sha256(sums.replace(item["sha256"], digest).encode()).hexdigest())
        (bundle / "SHA256SUMS").write_text(sums.replace(item["sha256"], digest))
        text = text.replace('"bytes": %d, "sha256": "%s"' % (item["bytes"], item["sha256"]), '"bytes": %d, "sha256": "%s"' % (size, digest))
        run_id = json.loads(text)["run_id"]
        text = text.replace(run_id, hashlib.sha256(text.replace(run_id, "").encode()).hexdigest()[:16])
        (bundle / "manifest.json").write_text(text)
        checks, = self.verify(bundle, status=3)
        self.assertEqual((checks["files"][0], checks["capture"][0]), ("ok", "ok"), checks)
        tar = self.path / "large.tar"
        self.assertEqual(common.sgproof("report", bundle, "--format", "tar", "-o", tar).returncode, 0)
        with tarfile.open(tar) as archive:
            member = next(m for m in archive if m.name.endswith("/capture.pcap"))
            self.assertEqual(member.size, size)
            self.assertEqual(hashlib.file_digest(archive.extractfile(member), "sha256").hexdigest(), digest)
        tar.unlink()
        (bundle / "capture.pcap").unlink()
        # In kibibytes, of the largest child so far: no file was in memory as a whole.
        self.assertLess(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, 900 << 10)


class Chain(Bundles):
    def test_a_chain_holds_and_a_cut_one_does_not(self):
        two = self.run_to("two", "--sign", self.key, "--previous", self.one)
        three = self.run_to("three", "--sign", self.key, "--previous", two)
        names = [self.one, three, two]
        done = common.sgproof("verify", *names, "--key", self.public)
        self.assertEqual(done.returncode, 0 if self.kept else 3, done.stdout)
        self.assertIn("it follows " + str(two), done.stdout)
        checks = self.verify(self.one, three, "--key", self.public, status=1)
        self.assertEqual(checks[1]["chain"][0], "wrong")
        self.assertIn("cut", checks[1]["chain"][1])
        alone, = self.verify(two, "--key", self.public)
        self.assertIn("was not given", alone["chain"][1])
        loose = self.run_to("zloose", "--sign", self.key)
        self.assertEqual(self.verify(three, loose, "--key", self.public, status=1)[1]["chain"][0], "wrong")


class Public(Bundles):
    """Checked by tools that are not ours."""

    def openssl(self, message, signature):
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "m").write_bytes(message)
            pathlib.Path(folder, "s").write_bytes(signature)
            return subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", self.public, "-rawin", "-in",
                                   folder + "/m", "-sigfile", folder + "/s"], capture_output=True).returncode == 0

    def test_openssl_checks_the_signature(self):
        manifest = (self.one / "manifest.json").read_bytes()
        signature = (self.one / "manifest.sig").read_bytes()
        self.assertTrue(self.openssl(manifest, signature))
        self.assertFalse(self.openssl(manifest + b" ", signature))

    def test_the_envelope_is_dsse_and_its_statement_names_every_file(self):
        envelope = json.loads((self.one / "manifest.dsse.json").read_text())
        payload = base64.b64decode(envelope["payload"], validate=True)
        kind = envelope["payloadType"].encode()
        encoded = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)
        self.assertTrue(self.openssl(encoded, base64.b64decode(envelope["signatures"][0]["sig"], validate=True)))
        statement = json.loads(payload)
        self.assertEqual(statement["_type"], "https://in-toto.io/Statement/v1")
        subjects = {s["name"]: s["digest"]["sha256"] for s in statement["subject"]}
        there = {str(p.relative_to(self.one)) for p in self.one.rglob("*") if p.is_file()}
        self.assertEqual(set(subjects), there - {"manifest.sig", "manifest.dsse.json"})
        for name, digest in subjects.items():
            self.assertEqual(digest, hashlib.sha256((self.one / name).read_bytes()).hexdigest())

    def test_the_archive_is_deterministic_and_unpacks_to_the_bundle(self):
        archives = []
        for name in ("a.tar", "b.tar"):
            done = common.sgproof("report", self.one, "--format", "tar", "-o", self.path / name)
            self.assertEqual(done.returncode, 0, done.stderr)
            archives.append((self.path / name).read_bytes())
        self.assertEqual(*archives)
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(["tar", "xf", self.path / "a.tar", "-C", folder], check=True)
            top, = pathlib.Path(folder).iterdir()
            self.verify(top, "--key", self.public)
        with tarfile.open(self.path / "a.tar") as archive:
            self.assertTrue(all(m.mtime == 0 and m.uid == 0 for m in archive))


class Archives(Bundles):
    def test_a_run_without_raw_sockets_earns_what_is_closed_as_a_probe_does(self):
        """A capture is made where there may be one: moments are those of our own sending where there is none."""
        estate, snapshot, bundle = loopback_estate(self.port), self.path / "many ports", self.path / "by connect"
        estate["SecurityGroups"][0]["IpPermissions"][0].update(FromPort=self.port - 20, ToPort=self.port + 20)
        snapshot.mkdir()
        estates.write(estate, snapshot)
        done = common.sgproof("run", "--snapshot", snapshot, "--out", bundle, "--vantage", "203.0.113.7", "--depth", "declared", "--no-history",
                              "--method", "connect", *common.ONLY)
        states = {line["state"] for line in map(json.loads, (bundle / "observations.jsonl").read_text().splitlines()) if "state" in line}
        self.assertEqual(states, {"open", "closed"})
        self.assertNotIn("are not known", done.stderr)

    def test_names_of_more_than_100_bytes_are_cut_at_a_slash_or_refused(self):
        deep = "accounts/" + "/".join(["111122223333-of-the-platform-team"] * 3)
        for folder, fits in ((deep, True), ("a" * 101, False)):
            snapshot, bundle, tar = (self.path / ("%s of %s" % (what, fits)) for what in ("snapshot", "deep", "archive"))
            if fits:
                shutil.copytree(self.snapshot, snapshot / folder)
            else:
                shutil.copytree(self.snapshot, snapshot)
                file = next(snapshot.iterdir())
                file.rename(snapshot / (folder + file.name))
            done = common.sgproof(*[snapshot if word is self.snapshot else bundle if word == self.path / "-" else word for word in self.words_of_run("-")], "--sign", self.key)
            self.assertEqual(done.returncode, 0, done.stderr)
            done = common.sgproof("report", bundle, "--format", "tar", "-o", tar)
            self.assertEqual(done.returncode, 0 if fits else 2, done.stderr)
            if fits:
                self.verify(tar, "--key", self.public)
                with tarfile.open(tar) as archive:
                    names = archive.getnames()
                self.assertTrue([name for name in names if deep in name and len(name) > 100], names)
            else:
                self.assertIn("the name is too long for a tar archive", done.stderr)
                self.assertFalse(tar.exists())

    def tar(self, name, *words, of=None):
        archive = self.path / name
        subprocess.run(["tar", "cf", archive, *words, "-C", (of or self.one).parent, (of or self.one).name], check=True)
        return archive

    def test_an_archive_is_verified_as_it_is_whoever_made_it(self):
        self.assertEqual(common.sgproof("report", self.one, "--format", "tar", "-o", self.path / "own.tar").returncode, 0)
        deep = self.path / ("d" * 90) / ("e" * 60) / "one"  # a name that needs an extended header
        deep.parent.mkdir(parents=True)
        shutil.copytree(self.one, deep)
        inside = self.path / "inside.tar"
        subprocess.run(["tar", "cf", inside, "-C", self.one, "."], check=True)
        python = self.path / "python.tar"
        with tarfile.open(python, "w") as archive:
            archive.add(self.one, "evidence")
        long = self.path / "long.tar"
        with tarfile.open(long, "w", format=tarfile.GNU_FORMAT) as archive:
            archive.add(self.one, "x" * 150)
        for archive in (self.path / "own.tar", self.tar("gnu.tar", "--format=gnu"), self.tar("pax.tar", "--format=pax"),
                        self.tar("ustar.tar", "--format=ustar"), inside, python, long):
            with self.subTest(archive=archive.name):
                checks, = self.verify(archive, "--key", self.public)
                self.assertEqual(checks["files"][0], "ok")
        self.assertEqual([p.name for p in pathlib.Path(tempfile.gettempdir()).glob("sgproof-verify*")], [])

    def test_a_chain_of_archives_and_folders(self):
        two = self.run_to("archived", "--sign", self.key, "--previous", self.one)
        self.verify(self.tar("one.tar"), two, "--key", self.public)

    def test_what_is_changed_in_an_archive_is_caught_as_in_a_folder(self):
        copy = self.copy()
        (copy / "more").write_text("x")
        checks, = self.verify(self.tar("more.tar", of=copy), "--key", self.public, status=1)
        self.assertIn("more: is no file of the manifest", checks["files"][1])

    def test_what_no_evidence_needs_is_refused(self):
        def add(name, kind=tarfile.REGTYPE, link=""):
            archive = self.tar("odd%s.tar" % hashlib.sha256((name + str(kind)).encode()).hexdigest()[:8])
            with tarfile.open(archive, "a") as odd:
                member = tarfile.TarInfo(name)
                member.type, member.linkname = kind, link
                odd.addfile(member)
            return archive
        packed = self.path / "packed.tar.gz"
        subprocess.run(["tar", "czf", packed, "-C", self.path, "one"], check=True)
        cut = self.path / "cut.tar"
        cut.write_bytes(self.tar("whole.tar").read_bytes()[:20000])
        behind = self.path / "behind.tar"
        behind.write_bytes(self.tar("whole.tar").read_bytes() + b"x" * 512)
        empty = self.path / "empty.tar"
        empty.write_bytes(bytes(10240))
        (self.path / "text").write_text("no archive\n" * 100)
        for archive, what in ((add("../led-out"), "leads out"), (add("/tmp/led-out"), "leads out"), (add("one/a/../../../led-out"), "leads out"),
                              (add("one/link", tarfile.SYMTYPE, "/etc/hostname"), "neither a regular file nor a folder"),
                              (add("one/hard", tarfile.LNKTYPE, "one/manifest.json"), "neither a regular file"), (add("one/device", tarfile.CHRTYPE), "neither"),
                              (add("one/pipe", tarfile.FIFOTYPE), "neither"), (add("one/manifest.json"), "there already"), (add("other/file"), "more than one folder"),
                              (packed, "decompress it first"), (cut, "ends in its middle"), (behind, "behind the archive's end"), (empty, "holds no manifest.json"),
                              (self.intent, "is an intent, expected an evidence folder or archive"), (self.path / "text", "neither an evidence folder nor a tar archive")):
            with self.subTest(what=what, archive=archive.name):
                done = common.sgproof("verify", archive, "--key", self.public)
                self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
                self.assertIn(what, done.stderr)
                self.assertFalse((self.path.parent / "led-out").exists())
        self.assertEqual([p.name for p in pathlib.Path(tempfile.gettempdir()).glob("sgproof-verify*")], [])


class Strict(Bundles):
    """Our own formats have one meaning for all who read them."""

    def test_what_readers_would_take_differently_is_an_error_with_its_place(self):
        intent, observations = self.path / "odd-intent.json", self.path / "odd.jsonl"
        text, lines = json.dumps(INTENT), (self.one / "observations.jsonl").read_text()
        for old, new, what in (('"decision": "allow"', '"decision": "deny", "decision": "allow"', '"decision" is there twice'),
                               ('"platform": "loopback"', '"platform": "loop\\u0000back"', "\\u0000 in a string"),
                               ('"platform": "loopback"', '"platform": "loop\tback"', "a control character in a string"),
                               ('"decision": "allow"', '"decision": "maybe"', "maybe")):
            intent.write_text(text.replace(old, new, 1))
            done = common.sgproof("plan", self.snapshot, "--intent", intent, "--vantage", "203.0.113.7")
            self.assertEqual((done.returncode, done.stdout), (2, ""), what)
            self.assertIn("odd-intent.json:", done.stderr)
            self.assertIn(what, done.stderr)
        for old, new, what in (('"state": "open"', '"state": "filtered", "state": "open"', '"state" is there twice'), ('"state": "open"', '"state": "ajar"', "ajar"),
                               ('"tries": 1', '"tries": -1', "tries"), ('"protocol": "tcp"', '"protocol": "tcp\\u0000 but only udp"', "\\u0000 in a string"),
                               ('"frames": [', '"frames": [0, ', "frames"), ('"from_port": %d' % self.port, '"from_port": 65536', "from_port")):
            if old not in lines:
                continue  # no packets were kept
            observations.write_text(lines.replace(old, new, 1))
            done = common.sgproof("reconcile", self.snapshot, observations, "--vantage", "203.0.113.7")
            self.assertEqual((done.returncode, done.stdout), (2, ""), what + done.stderr)
            self.assertRegex(done.stderr, r"odd\.jsonl:\d+")
            self.assertIn(what, done.stderr)


class Authority:
    """A timestamp authority on loopback: openssl ts -reply behind HTTP."""

    CONFIG = """
[req]
distinguished_name = dn
[dn]
[ca]
basicConstraints = critical,CA:TRUE
[tsa]
extendedKeyUsage = critical,timeStamping
[tsa_config]
serial = serial
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
ess_cert_id_alg = sha256
ordering = no
tsa_name = no
"""

    def __init__(self, folder):
        self.folder = folder
        self.status = 200
        self.other = None
        (folder / "c.cnf").write_text(self.CONFIG)
        (folder / "serial").write_text("01\n")
        self.call("req", "-x509", "-newkey", "ed25519", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=test ca",
                  "-config", "c.cnf", "-extensions", "ca", "-days", "2")
        self.call("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "tsa.key", "-out", "tsa.csr", "-subj", "/CN=test tsa",
                  "-config", "c.cnf")
        self.call("x509", "-req", "-in", "tsa.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out", "tsa.pem",
                  "-extfile", "c.cnf", "-extensions", "tsa", "-days", "2")
        authority = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                request = self.rfile.read(int(self.headers["Content-Length"]))
                assert self.headers["Content-Type"] == "application/timestamp-query"
                (folder / "q.tsq").write_bytes(request)
                if authority.other is None:
                    authority.call("ts", "-reply", "-queryfile", "q.tsq", "-inkey", "tsa.key", "-signer", "tsa.pem",
                                   "-out", "r.tsr", "-config", "c.cnf", "-section", "tsa_config")
                answer = authority.other or (folder / "r.tsr").read_bytes()
                self.send_response(authority.status)
                self.send_header("Content-Type", "application/timestamp-reply")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *words):
                pass

        self.server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = "http://127.0.0.1:%d/" % self.server.server_port

    def call(self, *words):
        subprocess.run(["openssl", *words], cwd=self.folder, check=True, capture_output=True)

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Timestamp(Bundles):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder = cls.path / "tsa"
        folder.mkdir()
        cls.authority = Authority(folder)
        cls.addClassCleanup(cls.authority.close)
        cls.stamped = cls.run_to("stamped", "--sign", cls.key, "--timestamp", cls.authority.url)

    def test_a_timestamp_is_kept_and_checked(self):
        ca = self.authority.folder / "ca.pem"
        checks, = self.verify(self.stamped, "--key", self.public, "--tsa-ca", ca)
        self.assertEqual(checks["timestamp"][0], "ok")
        done = subprocess.run(["openssl", "ts", "-verify", "-in", self.stamped / "manifest.tsr", "-data",
                               self.stamped / "manifest.json", "-CAfile", ca], capture_output=True, text=True)
        self.assertIn("Verification: OK", done.stdout)
        self.assertEqual([line for line in self.audited(self.stamped) if "tsr" in line], [])
        unknown, = self.verify(self.stamped, "--key", self.public, status=3)
        self.assertEqual(unknown["timestamp"][0], "not-checked")

    def test_a_flipped_bit_or_another_authority_is_caught(self):
        ca = self.authority.folder / "ca.pem"
        data = (self.stamped / "manifest.tsr").read_bytes()
        copy = self.copy(self.stamped)
        for place in range(0, len(data), len(data) // 40):
            (copy / "manifest.tsr").write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1:])
            checks, = self.verify(copy, "--key", self.public, "--tsa-ca", ca, status=1)
            # Some bits of a response its authority does not sign; the attestation covers all of it.
            self.assertEqual(checks["attestation"][0], "wrong", place)
        with tempfile.TemporaryDirectory() as folder:
            other = Authority(pathlib.Path(folder))
            other.close()
            checks, = self.verify(self.stamped, "--key", self.public, "--tsa-ca", folder + "/ca.pem", status=1)
            self.assertEqual(checks["timestamp"][0], "wrong")

    def test_nothing_is_stamped_before_it_has_ended(self):
        """The run is said to have ended tomorrow, and what says so was stamped today."""
        forged = forger.Forger(self.stamped, self.path / "tomorrow", self.key)
        tomorrow = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=20)
        forged.claim(end=tomorrow.strftime("%Y-%m-%dT%H:%M:%S.%fZ"))
        forged.seal()
        query = subprocess.run(["openssl", "ts", "-query", "-data", forged.path("manifest.json"), "-sha256", "-cert"], check=True, capture_output=True)
        request = urllib.request.Request(self.authority.url, query.stdout, {"Content-Type": "application/timestamp-query"})
        with urllib.request.urlopen(request, timeout=20) as answer:
            forged.path("manifest.tsr").write_bytes(answer.read())
        for words in ((), ("--tsa-ca", self.authority.folder / "ca.pem")):
            checks, = self.verify(forged.folder, "--key", self.public, *words, status=1)
            self.assertEqual(checks["timestamp"][0], "wrong")
            self.assertRegex(checks["timestamp"][1], "is of .*, and the run is said to have ended " + tomorrow.strftime("%F"))
        self.assertIn("manifest.tsr: is of before the run ended", self.audited(forged.folder))

    def audited(self, evidence):
        """What contradicts, as the second opinion has it."""
        done = subprocess.run([sys.executable, common.TOP / "scripts/audit", evidence, "--key", self.public], capture_output=True, text=True)
        self.assertEqual(done.stderr, "")
        return [line.split(None, 1)[1] for line in done.stdout.splitlines() if line.startswith("  CONTRADICTS")]

    def test_a_stamp_of_something_else_or_a_refusal_is_none(self):
        """Of another manifest, and what an authority answers that does not stamp it."""
        forged = forger.Forger(self.stamped, self.path / "other", self.key)
        stamp = forged.path("manifest.tsr").read_bytes()
        forged.claim(title="All is well")
        with contextlib.suppress(AssertionError):
            forged.derive()
        forged.seal()
        for answer in (stamp, bytes.fromhex("3005300302010230"[:14]), b"", b"no stamp"):
            forged.path("manifest.tsr").write_bytes(answer)
            checks, = self.verify(forged.folder, "--key", self.public, status=1)
            self.assertEqual(checks["timestamp"][0], "wrong", checks["timestamp"])
            self.assertTrue([line for line in self.audited(forged.folder) if line.startswith("manifest.tsr: of which")])

    def test_an_answer_to_another_request_is_no_timestamp(self):
        self.authority.other = (self.stamped / "manifest.tsr").read_bytes()
        try:
            failed = self.run_to("failed", "--timestamp", self.authority.url, status=3)
        finally:
            self.authority.other = None
        self.assertFalse((failed / "manifest.tsr").exists())


if __name__ == "__main__":
    unittest.main()
