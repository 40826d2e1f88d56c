"""The one wrapper of HTTP: a library that does not heed a setting sends nothing, nothing but HTTP is spoken, no redirect is followed, sizes and times are bounded. Loopback only."""
import base64
import gzip
import http.server
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import unittest

sys.path[:0] = [os.path.dirname(__file__), os.path.join(os.path.dirname(__file__), "..")]
import common
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

    @unittest.skipUnless(shutil.which("cc"), "cc is not installed")
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

    def test_who_gives_keys_is_asked_without_a_proxy_and_aws_through_the_one_that_the_sdks_take(self):
        """As botocore reads the environment, but for ports of NO_PROXY, which it compares only where the URL has one."""
        asked = []

        class Proxy(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                asked.append((self.command, self.path, self.headers.get("Proxy-Authorization")))
                self.send_error(502)
            do_GET = do_CONNECT = do_POST

            def log_message(self, *_):
                pass
        proxy = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        place, nobody = "127.0.0.1:%d" % proxy.server_port, "http://127.0.0.1:1"
        port = self.url.rsplit(":", 1)[1]
        plain, tls = ("POST", self.url + "/", None), ("CONNECT", "127.0.0.1:1", None)
        by = "http://" + place
        try:
            for env, way in (
                    ({"http_proxy": by}, plain), ({"HTTP_PROXY": by}, plain), ({"HTTP_PROXY": place}, plain), ({"HTTP_PROXY": "//" + place}, plain), ({"https_proxy": by}, tls),
                    ({"http_proxy": by, "HTTP_PROXY": nobody}, plain), ({"http_proxy": "", "HTTP_PROXY": by}, None), ({"HTTP_PROXY": by, "REQUEST_METHOD": "GET"}, None),
                    ({"http_proxy": by, "REQUEST_METHOD": "GET"}, plain), ({"ALL_PROXY": by}, None), ({"all_proxy": by}, None),
                    ({"HTTP_PROXY": "http://u%40x:p%3A@" + place}, (*plain[:2], "Basic " + base64.b64encode(b"u@x:p:").decode())),
                    ({"HTTP_PROXY": by, "NO_PROXY": "127.0.0.1"}, None), ({"HTTP_PROXY": by, "NO_PROXY": " x.example , 127.0.0.1 "}, None), ({"HTTP_PROXY": by, "NO_PROXY": "*"}, None),
                    ({"HTTP_PROXY": by, "NO_PROXY": "x.example 127.0.0.1"}, plain), ({"HTTP_PROXY": by, "NO_PROXY": "127.0.0.1:" + port}, None),
                    ({"HTTP_PROXY": by, "NO_PROXY": "127.0.0.1:1"}, plain), ({"HTTP_PROXY": by, "NO_PROXY": "7.0.0.1"}, plain), ({"HTTP_PROXY": by, "NO_PROXY": ""}, plain),
                    ({"HTTP_PROXY": by, "no_proxy": "x.example", "NO_PROXY": "127.0.0.1"}, plain), ({"HTTP_PROXY": by, "no_proxy": "", "NO_PROXY": "127.0.0.1"}, plain),
                    ({"HTTPS_PROXY": by}, tls), ({"https_proxy": place}, tls), ({"https_proxy": "", "HTTPS_PROXY": by}, None), ({"HTTPS_PROXY": by, "NO_PROXY": "127.0.0.1"}, None),
                    ({"ALL_PROXY": by, "no_proxy": "x.example"}, None)):
                with self.subTest(**env):
                    secure = way == tls or "https_proxy" in {name.lower() for name in env}
                    self.seen.clear()
                    asked.clear()
                    done = self.whoami("https://127.0.0.1:1" if secure else self.url, **self.keys_from(), **env)
                    self.assertEqual((asked, self.seen[0][0]), ([way] if way else [], "GET /keys"), done.stderr)
                    self.assertEqual(done.returncode, 2 if way or secure else 0, done.stderr)
                    self.assertIn("the proxy of HTTPS_PROXY refuses to connect" if way == tls else "", done.stderr)
        finally:
            proxy.shutdown()
            proxy.server_close()

    @common.in_a_network_of_its_own
    def test_a_proxy_without_a_port_is_asked_at_that_of_its_scheme_and_names_go_by_their_end(self):
        host, came = "sts.%s.amazonaws.com" % REGION, []
        listeners = {port: socket.create_server(("127.0.0.1", port)) for port in (80, 443, 1080)}

        def take(port):
            while True:
                one = listeners[port].accept()[0]
                came.append((port, one.recv(100).split(b"\r\n")[0]))
                one.close()
        for port in listeners:
            threading.Thread(target=take, args=(port,), daemon=True).start()
        connect = [(80, b"CONNECT %s:443 HTTP/1.1" % host.encode())]
        for proxy, without, way in (("127.0.0.1", None, connect), ("http://127.0.0.1", None, connect), ("//127.0.0.1/", None, connect), ("https://127.0.0.1", None, [443]),
                                    ("http://127.0.0.1:1080", None, [(1080, connect[0][1])]),
                                    ("127.0.0.1", "amazonaws.com", []), ("127.0.0.1", ".AMAZONAWS.com", []), ("127.0.0.1", host + ":443", []), ("127.0.0.1", "com", []),
                                    ("127.0.0.1", "*.amazonaws.com", connect), ("127.0.0.1", "zonaws.com", connect), ("127.0.0.1", host + ":80", connect), ("127.0.0.1", "sts", connect)):
            with self.subTest(proxy=proxy, without=without):
                came.clear()
                done = sgproof("read", "--whoami", "--region", REGION, "--max-attempts", "1", env={**KEYS, "HTTPS_PROXY": proxy, **({"NO_PROXY": without} if without else {})})
                self.assertEqual(([port for port, _ in came] if way == [443] else came), way, done.stderr)
                self.assertIn("" if way else "host-unknown", done.stderr)

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
