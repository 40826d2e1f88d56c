"""The one wrapper of HTTP: a library that does not heed a setting sends nothing, nothing but HTTP is spoken, no redirect is followed, sizes and times are bounded. Loopback only."""
import gzip
import http.server
import os
import shutil
import subprocess
import sys
import threading
import time
import unittest

sys.path[:0] = [os.path.dirname(__file__), os.path.join(os.path.dirname(__file__), "..")]
from test_read import KEYS, REGION, SECRET, Script, sgproof

# The n-th call of a kind that can fail fails, and its name is told; n 0: none.
SHIM = r"""
#define _GNU_SOURCE
#include <curl/curl.h>
#undef curl_easy_setopt
#undef curl_multi_setopt
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
static int calls, told, inside; // what libcurl asks of itself is not ours
__attribute__((constructor)) static void begin(void) // later the program may write nowhere
{
    told = open(getenv("TOLD"), O_CREAT | O_WRONLY | O_APPEND, 0600);
}
static int fails(const char *kind, int what)
{
    if (inside)
        return 0;
    int this = ++calls == atoi(getenv("FAILS"));
    dprintf(told, "%s %d\n", kind, what);
    return this;
}
#define NEXT(name) (name##_next *)dlsym(RTLD_NEXT, #name)
typedef CURLcode curl_easy_setopt_next(CURL *, CURLoption, ...);
typedef CURLMcode curl_multi_setopt_next(CURLM *, CURLMoption, ...);
typedef CURLMcode curl_multi_add_handle_next(CURLM *, CURL *);
CURLcode curl_easy_setopt(CURL *easy, CURLoption option, ...)
{
    va_list arguments;
    va_start(arguments, option);
    void *value = va_arg(arguments, void *);
    va_end(arguments);
    return fails("easy", option) ? CURLE_UNKNOWN_OPTION : (NEXT(curl_easy_setopt))(easy, option, value);
}
CURLMcode curl_multi_setopt(CURLM *multi, CURLMoption option, ...)
{
    va_list arguments;
    va_start(arguments, option);
    void *value = va_arg(arguments, void *);
    va_end(arguments);
    return fails("multi", option) ? CURLM_UNKNOWN_OPTION : (NEXT(curl_multi_setopt))(multi, option, value);
}
typedef CURLcode curl_easy_perform_next(CURL *);
CURLcode curl_easy_perform(CURL *easy)
{
    inside = 1;
    CURLcode code = (NEXT(curl_easy_perform))(easy);
    inside = 0;
    return code;
}
CURLMcode curl_multi_add_handle(CURLM *multi, CURL *easy)
{
    return fails("add", 0) ? CURLM_INTERNAL_ERROR : (NEXT(curl_multi_add_handle))(multi, easy);
}
"""
GIVEN = '{"AccessKeyId": "ASIAC", "SecretAccessKey": "%s", "Token": "t", "Expiration": "2099-01-01T00:00:00Z"}' % SECRET


class Wrapper(Script):
    def whoami(self, url=None, **env):
        return sgproof("read", "--whoami", "--region", REGION, "--endpoint-url", url or self.url, "--max-attempts", "1", env=env)

    def keys_from(self, path="/keys", answer=(200, {}, GIVEN)):
        self.script["GET " + path] = [answer]
        return {"AWS_CONTAINER_CREDENTIALS_FULL_URI": self.url + path}

    @unittest.skipUnless(shutil.which("cc"), "no compiler here")
    def test_each_setting_that_libcurl_does_not_heed_ends_the_exchange_before_anything_is_sent(self):
        source, shim, told = self.path / "shim.c", self.path / "shim.so", self.path / "told"
        source.write_text(SHIM)
        subprocess.run(["cc", "-shared", "-fPIC", "-o", shim, source, "-ldl"], check=True)

        def run(n):
            told.unlink(missing_ok=True)
            self.seen.clear()
            done = self.whoami(**self.keys_from(), LD_PRELOAD=str(shim), TOLD=str(told), FAILS=str(n), ASAN_OPTIONS="verify_asan_link_order=0:detect_leaks=0",
                               AWS_CA_BUNDLE="/etc/ssl/certs/ca-certificates.crt", AWS_CONTAINER_AUTHORIZATION_TOKEN="t")
            return done, told.read_text().splitlines()
        done, calls = run(0)
        self.assertEqual((done.returncode, [seen[0] for seen in self.seen]), (0, ["GET /keys", "GetCallerIdentity"]), done.stderr)
        for n, call in enumerate(calls, 1):
            with self.subTest(call=call):
                done, made = run(n)
                sent = [seen[0] for seen in self.seen]
                self.assertIn(done.returncode, (2, 3), done.stderr)
                self.assertIn("libcurl", done.stderr)
                self.assertNotIn("GetCallerIdentity", sent)
                self.assertIn(sent, ([], ["GET /keys"]))

    def test_nothing_but_http_is_spoken(self):
        for url in ("file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1:9/", "dict://127.0.0.1:9/"):
            with self.subTest(url=url):
                self.assertEqual(self.whoami(url=url, **KEYS).returncode, 2)
                self.assertEqual(self.whoami(AWS_CONTAINER_CREDENTIALS_FULL_URI=url).returncode, 2)
        self.assertEqual(self.seen, [])

    def test_no_redirect_is_followed(self):
        for status in (301, 302, 303, 307, 308):
            with self.subTest(status=status):
                self.seen.clear()
                away = (status, {"Location": self.url + "/elsewhere"}, "")
                done = self.whoami(**self.keys_from(answer=away))
                self.assertIn("status %d" % status, done.stderr)
                self.script["GetCallerIdentity"] = [away]
                done = self.whoami(**KEYS)
                self.assertIn("a redirect, which is not followed", done.stderr)
                self.assertEqual([seen[0] for seen in self.seen], ["GET /keys", "GetCallerIdentity"])

    def test_an_answer_that_is_too_large_is_not_taken_in(self):
        large = b"x" * (2 << 20)
        for headers, body in (({}, large), ({"Content-Encoding": "gzip"}, gzip.compress(large))):
            done = self.whoami(**self.keys_from(answer=(200, headers, body)))
            self.assertEqual(done.returncode, 2)
            self.assertIn("did not answer: its answer is too large", done.stderr)

    def test_who_gives_keys_is_asked_without_a_proxy_and_aws_through_one(self):
        asked = []

        class Proxy(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                asked.append(self.path)
                self.send_error(502)
            do_GET = do_CONNECT = do_POST

            def log_message(self, *_):
                pass
        proxy = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        try:
            done = self.whoami(**self.keys_from(), http_proxy="http://127.0.0.1:%d" % proxy.server_port)
        finally:
            proxy.shutdown()
            proxy.server_close()
        self.assertEqual(done.returncode, 2)
        self.assertEqual([seen[0] for seen in self.seen], ["GET /keys"])
        self.assertEqual(asked, [self.url + "/"])

    def test_a_server_that_says_nothing_is_waited_for_no_longer_than_its_time(self):
        class Silent(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                time.sleep(4)

            def log_message(self, *_):
                pass
        silent = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Silent)
        threading.Thread(target=silent.serve_forever, daemon=True).start()
        began = time.monotonic()
        done = self.whoami(AWS_CONTAINER_CREDENTIALS_FULL_URI="http://127.0.0.1:%d/" % silent.server_port)
        self.assertEqual(done.returncode, 2)
        self.assertIn("Timeout was reached", done.stderr)
        self.assertLess(time.monotonic() - began, 15)  # three tries of two seconds
        silent.shutdown()
        silent.server_close()


if __name__ == "__main__":
    unittest.main()
