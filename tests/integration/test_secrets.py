"""Secrets: in no evidence, message or log, given to no host but those that SDKs trust. Loopback only."""
import http.server
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

sys.path[:0] = [os.path.dirname(__file__), os.path.join(os.path.dirname(__file__), "..")]
import common
from test_evidence import Bundles
from test_read import KEYS, REGION, SECRET, Script, sgproof

HIDDEN = "HushHush"
URIS = ["http://user:p@%s@127.0.0.1:9/", "http://user:%s@@127.0.0.1:9/x", "http://user:a/%s?b#c@127.0.0.1:9/", "http://user:a b%s c@127.0.0.1:9/",
        "https://127.0.0.1:9/?X-Amz-Signature=%s&a=b", "https://127.0.0.1:9/?a=b&token=%s", "https://127.0.0.1:9/?sig=%s", "user:x@%s@127.0.0.1:9",
        "https://127.0.0.1:9/?password=%s#x", "pkcs11:token=t;object=o?pin-value=%s", "pkcs11:object=o?module-name=m&pin-source=%s",
        "pkcs11:object=o;pin-value=%s", "pkcs11:object=o?pin%%2Dvalue=1;%s", "https://127.0.0.1:9/#access_token=%s",
        "https://127.0.0.1:9/#%s", "https://127.0.0.1:9#%s", "http://127.0.0.1:9/?%s", "http://127.0.0.1:9/?x=%s&y=1#z", "http://127.0.0.1:9/x?y#a=%s",
        "HTTPS://127.0.0.1:9/?%s=", "127.0.0.1:9/?token=%s"]


class Redacted(Bundles):
    def test_no_secret_of_the_command_is_in_the_evidence(self):
        for number, uri in enumerate(URIS):
            for words in (["--endpoint-url", uri % HIDDEN], ["--endpoint-url=" + uri % HIDDEN], ["--role-session-name", uri % HIDDEN]):
                with self.subTest(words=words):
                    out = self.path / ("redacted-%d-%d" % (number, len(words[0])))
                    done = common.sgproof("run", "--snapshot", self.snapshot, "--out", out, "--vantage", "203.0.113.7", "--depth", "declared",
                                          "--no-history", *words, *common.ONLY)
                    self.assertIn(done.returncode, (0, 1), done.stderr)
                    self.assertNotIn(HIDDEN, done.stdout + done.stderr)
                    command = json.loads((out / "manifest.json").read_text())["claims"]["command"]
                    self.assertTrue(any("***" in word for word in command), command)
                    self.assertIn("--vantage", command)
                    for path in out.rglob("*"):
                        self.assertNotIn(HIDDEN.encode(), path.read_bytes() if path.is_file() else b"")
                    shutil.rmtree(out)

    def test_no_secret_of_the_command_is_in_an_error_or_a_log(self):
        here = self.path
        for uri in URIS:
            secret = uri % HIDDEN
            for words in (["run", "--snapshot", self.snapshot, "--out", here / "none", "--no-history", "--sign", secret, *common.ONLY],
                          ["run", "--snapshot", self.snapshot, "--out", here / "none", "--no-history", "--timestamp", secret, "--sign", here / "nowhere", *common.ONLY],
                          ["run", "--snapshot", secret, "--out", here / "none", "--no-history", *common.ONLY], ["verify", secret], ["compute", secret],
                          ["run", "--snapshot", self.snapshot, "--out", here / "none", "--series", secret, "--history", here / "h.sqlite", *common.ONLY],
                          ["run", "--snapshot", self.snapshot, "--out", here / "none", "--timestamp=" + secret, "--no-history", *common.ONLY],
                          ["plan", self.snapshot, "--vantage", "auto", "--vantage-url", secret], [secret], ["read", "--" + secret],
                          ["plan", self.snapshot, "--vantage-url=" + secret], ["run", "--snapshot", self.snapshot, "--canary", secret, *common.ONLY],
                          ["read", here / "none", "--region", secret], ["read", here / "none", "--region", REGION, "--endpoint-url", secret, "--max-attempts", "1"]):
                for form in ("text", "json"):
                    done = sgproof(*words, *([] if len(words) == 1 else ["--log-format", form]), env=KEYS)
                    self.assertNotEqual(done.returncode, 0)
                    if len(words) > 2 or " " not in secret:  # a mistyped word may be anything
                        self.assertNotIn(HIDDEN, done.stdout + done.stderr, words)
            self.assertEqual(sorted(here.glob("h.sqlite*")), [])

    def test_no_secret_of_an_endpoint_in_the_environment_or_a_profile_is_told(self):
        config = self.path / "config"
        for number, uri in enumerate(URIS):
            secret = uri % HIDDEN
            config.write_text("[default]\nendpoint_url = %s\nservices = s\n[services s]\nec2 =\n  endpoint_url = %s\n" % (secret, secret))
            for env in ({"AWS_ENDPOINT_URL": secret}, {"AWS_ENDPOINT_URL_STS": secret}, {"AWS_ENDPOINT_URL_EC2": secret, "AWS_ENDPOINT_URL": "http://127.0.0.1:9/"},
                        {"AWS_CONFIG_FILE": str(config)}, {"AWS_ENDPOINT_URL": secret, "AWS_USE_FIPS_ENDPOINT": "true"},
                        {"AWS_ENDPOINT_URL": "http://127.0.0.1:9/", "https_proxy": secret, "http_proxy": secret, "NO_PROXY": ""}):
                for words in [["read", self.path / "none"], ["read", "--whoami"], ["run", "--out", self.path / "none", "--no-history", *common.ONLY]][number % 3:][:1]:
                    done = sgproof(*words, "-v", "--region", REGION, "--max-attempts", "1", env={**KEYS, **env})
                    self.assertNotEqual(done.returncode, 0)
                    self.assertNotIn(HIDDEN, done.stdout + done.stderr, (env, words))
                    for path in self.path.rglob("*"):
                        if path != config:
                            self.assertNotIn(HIDDEN.encode(), path.read_bytes() if path.is_file() else b"")
                    shutil.rmtree(self.path / "none", True)


class Keys(Bundles):
    def sign(self, key, *before):
        out = self.path / "signed"
        shutil.rmtree(out, ignore_errors=True)
        return common.sgproof("run", "--snapshot", self.snapshot, "--out", out, "--vantage", "203.0.113.7", "--depth", "declared", "--no-history",
                              "--fail-on", "none", "--sign", key, *common.ONLY, before=before)

    def test_a_key_that_others_can_read_is_refused_and_what_to_type_is_said(self):
        for mode in (0o644, 0o640, 0o604, 0o660, 0o620, 0o602, 0o666, 0o601, 0o777):
            for form in ("%s", "file:%s", "file://%s"):
                with self.subTest(mode=oct(mode), form=form):
                    key = self.copy(mode)
                    done = self.sign(form % key)
                    self.assertEqual(done.returncode, 2, done.stderr)
                    self.assertIn("chmod 600 %s" % key, done.stderr)
                    self.assertFalse((self.path / "signed").exists())
        for mode in (0o600, 0o400):
            self.assertEqual(self.sign(self.copy(mode)).returncode, 0)

    def test_a_passphrase_that_others_can_read_is_refused(self):
        secret = self.path / "secret"
        secret.write_text("correct horse\n")
        for mode in (0o644, 0o640, 0o604, 0o620, 0o666):
            secret.chmod(mode)
            for words in (["keygen", self.path / "never.pem"], ["run", "--snapshot", self.snapshot, "--out", self.path / "never", "--sign", self.key, *common.ONLY]):
                done = common.sgproof(*words, "--passphrase-file", secret)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertIn("%s: others may read or write this passphrase (mode %04o): chmod 600 %s" % (secret, mode, secret), done.stderr)
                self.assertEqual(list(self.path.glob("never*")), [])
        piped = subprocess.run("%s keygen %s --passphrase-file <(echo correct horse)" % (common.SGPROOF, self.path / "piped.pem"), shell=True,
                               executable="/bin/bash", capture_output=True, text=True)
        self.assertEqual(piped.returncode, 0, piped.stderr)

    def copy(self, mode):
        key = self.path / "copy.pem"
        key.unlink(missing_ok=True)
        shutil.copy(self.key, key)
        key.chmod(mode)
        return key

    def test_what_keygen_makes_is_its_owners(self):
        with tempfile.TemporaryDirectory() as folder:
            old = os.umask(0)
            try:
                common.sgproof("keygen", pathlib.Path(folder) / "a.pem")
            finally:
                os.umask(old)
            self.assertEqual(os.stat(folder + "/a.pem").st_mode & 0o777, 0o600)

    @unittest.skipUnless(shutil.which("strace"), "strace is not installed")
    def test_neither_cores_nor_other_processes_see_a_key(self):
        """Before the key is opened, or one is made, or keys of AWS are looked for."""
        with tempfile.TemporaryDirectory() as folder:
            here = pathlib.Path(folder)
            (here / "credentials").write_text("[default]\naws_access_key_id = AKIA\naws_secret_access_key = %s\n" % SECRET)
            (here / "passphrase").write_text("hush\n")
            (here / "passphrase").chmod(0o600)
            snapshot = ["--snapshot", self.snapshot, "--out", here / "out", "--vantage", "203.0.113.7", "--depth", "declared", "--no-history", *common.ONLY]
            for words, opened in ((["run", *snapshot, "--sign", self.key], "k.pem"),
                                  (["run", *snapshot, "--sign", self.key, "--passphrase-file", here / "passphrase"], "passphrase"),
                                  (["keygen", here / "new.pem"], "new.pem"),
                                  (["read", here / "estate", "--region", REGION, "--endpoint-url", "http://127.0.0.1:9/", "--max-attempts", "1"], "credentials")):
                shutil.rmtree(here / "out", ignore_errors=True)
                done = subprocess.run(["strace", "-f", "-e", "trace=openat,prctl,setrlimit,prlimit64", common.SGPROOF, *map(str, words)], text=True,
                                      capture_output=True, env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0", "AWS_CONFIG_FILE": str(here / "config"),
                                                                "AWS_SHARED_CREDENTIALS_FILE": str(here / "credentials"), "AWS_EC2_METADATA_DISABLED": "true"})
                lines = done.stderr.splitlines()
                at = lambda pattern: next((i for i, line in enumerate(lines) if re.search(pattern, line)), None)
                first = at(r'openat\(.*%s"' % opened)
                self.assertIsNotNone(first, done.stderr[-3000:])
                for guard in (r"prctl\(PR_SET_DUMPABLE, SUID_DUMP_DISABLE", r"RLIMIT_CORE, \{rlim_cur=0, rlim_max=0\}"):
                    self.assertIsNotNone(at(guard), guard)
                    self.assertLess(at(guard), first)


class Container(Script):
    def local(self, family=socket.AF_INET, host="127.0.0.1"):
        answer = json.dumps({"AccessKeyId": "AKIACONTAINER", "SecretAccessKey": SECRET, "Token": "t", "Expiration": "2030-01-01T00:00:00Z"}).encode()
        asked = []

        class Local(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                asked.append(self.headers.get("Authorization"))
                self.send_response(200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        class Listening(http.server.ThreadingHTTPServer):
            address_family = family

        server = Listening((host, 0), Local)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return server.server_port, asked

    def whoami(self, **env):
        done = sgproof("read", "--whoami", "--region", REGION, "--endpoint-url", self.url, env=env)
        self.assertNotIn(HIDDEN, done.stdout + done.stderr)
        return done

    def test_only_hosts_that_the_sdks_trust_get_the_token(self):
        token = {"AWS_CONTAINER_AUTHORIZATION_TOKEN": HIDDEN}
        port, asked = self.local()
        for host in ("127.0.0.1", "localhost"):
            done = self.whoami(AWS_CONTAINER_CREDENTIALS_FULL_URI="http://%s:%d/get" % (host, port), **token)
            self.assertIn("credentials from container endpoint", done.stdout, done.stderr)
        self.assertEqual(asked, [HIDDEN, HIDDEN])
        if socket.has_ipv6:
            try:
                six, asked_six = self.local(socket.AF_INET6, "::1")
            except OSError:
                six = None
            if six:
                done = self.whoami(AWS_CONTAINER_CREDENTIALS_FULL_URI="http://[::1]:%d/get" % six, **token)
                self.assertIn("credentials from container endpoint", done.stdout, done.stderr)
        del asked[:]
        for url in ("http://example.org/", "http://10.0.0.1/", "http://169.254.169.254/", "http://169.254.170.3/", "http://[fd00:ec2::24]/", "http://[::2]/",
                    "http://127.0.0.1@192.0.2.1/", "http://192.0.2.1#@127.0.0.1/", "http://localhost.example.org/", "http://0.0.0.0:%d/" % port,
                    "http://[::ffff:192.0.2.1]/", "http://user:%s@127.0.0.1:%d/" % (HIDDEN, port), "file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1/",
                    "127.0.0.1:%d/" % port + "@192.0.2.1/", "", "http://", "not a url"):
            with self.subTest(url=url):
                done = self.whoami(AWS_CONTAINER_CREDENTIALS_FULL_URI=url, **token)
                self.assertEqual(done.returncode, 2, done.stdout)
                if url:
                    self.assertIn("is not asked, as it would be given the token", done.stderr)
        for path in ("@192.0.2.1/x", ".example.org/x", ":80@192.0.2.1/", "x"):
            done = self.whoami(AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=path, **token)
            self.assertEqual(done.returncode, 2)
            self.assertIn("is not asked, as it would be given the token", done.stderr)
        self.assertEqual(asked, [])

    def test_a_token_file_is_read_and_a_token_adds_no_header(self):
        port, asked = self.local()
        url = "http://127.0.0.1:%d/get" % port
        file = self.path / "config"  # of the names that may hold a secret here
        file.write_text("Bearer %s\n" % HIDDEN)
        done = self.whoami(AWS_CONTAINER_CREDENTIALS_FULL_URI=url, AWS_CONTAINER_AUTHORIZATION_TOKEN="other", AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=str(file))
        self.assertIn("credentials from container endpoint", done.stdout, done.stderr)
        self.assertEqual(asked, ["Bearer " + HIDDEN])
        for bad in ("a\r\nX-Other: b", "a\nb"):
            file.write_text(bad)
            self.assertEqual(self.whoami(AWS_CONTAINER_CREDENTIALS_FULL_URI=url, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=str(file)).returncode, 2)
            self.assertEqual(self.whoami(AWS_CONTAINER_CREDENTIALS_FULL_URI=url, AWS_CONTAINER_AUTHORIZATION_TOKEN=bad).returncode, 2)
        self.assertEqual(self.whoami(AWS_CONTAINER_CREDENTIALS_FULL_URI=url, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE="/nowhere").returncode, 2)
        self.assertEqual(len(asked), 1)


SHIM = r"""
#define _GNU_SOURCE
#include <curl/curl.h>
#undef curl_easy_setopt
#include <dlfcn.h>
#include <stdarg.h>
#include <stdlib.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
static int told;
__attribute__((constructor)) static void begin(void) // later the program may write nowhere
{
    told = open(getenv("TOLD"), O_CREAT | O_WRONLY, 0600);
}
CURLcode curl_easy_setopt(CURL *easy, CURLoption option, ...)
{
    va_list arguments;
    va_start(arguments, option);
    void *value = va_arg(arguments, void *);
    va_end(arguments);
    if (option == CURLOPT_AWS_SIGV4)
        return CURLE_NOT_BUILT_IN;
    if (option == CURLOPT_USERPWD || option == CURLOPT_HTTPHEADER)
        dprintf(told, "a key\n");
    return ((CURLcode (*)(CURL *, CURLoption, ...))dlsym(RTLD_NEXT, "curl_easy_setopt"))(easy, option, value);
}
"""


class Unsigned(Script):
    @unittest.skipUnless(shutil.which("cc"), "cc is not installed")
    def test_a_libcurl_that_cannot_sign_is_given_no_key(self):
        source, shim, told = self.path / "shim.c", self.path / "shim.so", self.path / "told"
        source.write_text(SHIM)
        subprocess.run(["cc", "-shared", "-fPIC", "-o", shim, source, "-ldl"], check=True)
        done = sgproof("read", self.path / "estate", "--region", REGION, "--endpoint-url", self.url, "--max-attempts", "3", env={
            **KEYS, "AWS_SESSION_TOKEN": HIDDEN, "LD_PRELOAD": str(shim), "TOLD": str(told), "ASAN_OPTIONS": "verify_asan_link_order=0:detect_leaks=0"})
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("is it built with AWS SigV4?", done.stderr)
        self.assertEqual(told.read_text(), "")
        self.assertEqual(self.seen, [])
        self.assertFalse((self.path / "estate").exists())


class Messages(Script):
    def test_a_url_with_a_password_is_in_no_snapshot(self):
        """What could not be read is written down with the URL that failed."""
        for url in (self.url.replace("http://", "http://user:a@%s@" % HIDDEN), self.url + "/?%s" % HIDDEN, self.url + "/#%s" % HIDDEN):
            for words, env in ((["--endpoint-url", url], {}), ([], {"AWS_ENDPOINT_URL": url})):
                self.script["DescribeVpcs"] = [(200, {}, None)]
                done = sgproof("read", self.path / "estate", "-v", "--region", REGION, *words, "--max-attempts", "1", env={**KEYS, **env})
                self.assertNotIn(HIDDEN, done.stdout + done.stderr)
                for path in self.path.rglob("*"):
                    self.assertNotIn(HIDDEN.encode(), path.read_bytes() if path.is_file() else b"")
                shutil.rmtree(self.path / "estate", True)


if __name__ == "__main__":
    unittest.main()
