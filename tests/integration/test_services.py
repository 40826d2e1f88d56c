"""What answers at open ports: real exchanges with servers on 127.0.0.1, friendly and hostile."""
import datetime
import hashlib
import json
import os
import pathlib
import random
import re
import resource
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import common


class Server:
    """Serves each connection by `speak(connection)` in a thread of its own until closed."""

    def __init__(self, speak, port=0, host="127.0.0.1"):
        self.listener = socket.create_server((host, port), backlog=128)
        self.host = host
        self.port = self.listener.getsockname()[1]
        self.connections = 0
        self.speak = speak
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            self.last = time.monotonic()
            threading.Thread(target=self.one, args=(connection,), daemon=True).start()

    def one(self, connection):
        with connection:
            try:
                self.speak(connection)
            except OSError:
                pass

    def close(self):
        self.listener.close()


def says(data):
    """Speaks first."""
    def speak(connection):
        connection.sendall(data)
        while connection.recv(4096):
            pass
    return speak


def answers(*pairs, otherwise=b""):
    """Waits for a request that begins so, and answers it."""
    def speak(connection):
        request = b""
        while True:
            part = connection.recv(4096)
            if not part:
                return
            request += part
            for start, answer in pairs:
                if request.startswith(start):
                    connection.sendall(answer(request) if callable(answer) else answer)
                    request = b""
                    break
            else:
                if otherwise:
                    connection.sendall(otherwise)
                    return
    return speak


def mongodb(request):
    body = b"\x00\x00\x00\x00\x00" + b"\x1f\x00\x00\x00\x10maxWireVersion\x00\x15\x00\x00\x00\x00"
    return (16 + len(body)).to_bytes(4, "little") + b"\x07\x00\x00\x00" + request[4:8] + b"\xdd\x07\x00\x00" + body


def smb(request):
    header = b"\xfeSMB" + b"\x40\x00" + bytes(58)
    body = b"\x41\x00\x01\x00" + b"\x02\x03" + bytes(60)
    packet = header + body
    return len(packet).to_bytes(4, "big") + packet


MYSQL = b"\x4a\x00\x00\x00\x0a" + b"8.0.36-0ubuntu0.22.04.1\x00" + bytes(44)
RDP = bytes.fromhex("030000130ed000001234000209080002000000")
LDAP = bytes.fromhex("3026020101642104003019301704116e616d696e67436f6e7465787473310231003000") + bytes.fromhex("300c02010165070a010004000400")


class Mute:
    """Takes connections, which nobody accepts, and says nothing."""

    def __init__(self, host="127.0.0.1", port=0):
        self.listener = socket.create_server((host, port), backlog=128)
        self.host, self.port = host, self.listener.getsockname()[1]

    def close(self):
        self.listener.close()


HTTP_PORTS = (8888, 9100, 9200, 15672, 5601, 8008, 8081, 8088)  # HTTP is asked for there first
TLS_PORTS = (9443, 8443, 6443, 10250, 2376)


def at_a_port_of(ports, speak, host="127.0.0.1"):
    for port in ports:
        try:
            return Server(speak, port, host)
        except OSError:
            continue
    raise unittest.SkipTest("each of these ports is in use")


def http(connection):
    if connection.recv(4096).startswith(b"GET "):
        connection.sendall(b"HTTP/1.0 200 OK\r\nServer: small\r\n\r\n<title>x</title>")


# ---- Hostile peers

def drip(connection):
    while True:
        connection.sendall(b"a")
        time.sleep(0.2)


def flood(connection):
    while True:
        connection.sendall(b"\x00" * 65536)


def garbage(connection):
    connection.sendall(random.Random(3).randbytes(100000))
    connection.recv(10)


def shut(connection):
    pass


def silent(connection):
    time.sleep(60)


def tls_garbage(connection):
    connection.recv(4096)
    connection.sendall(b"\x16\x03\x03\x40\x00" + b"\x02" * 70000)
    time.sleep(60)


def endless_header(connection):
    connection.recv(4096)
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        connection.sendall(b"X-Long: " + b"y" * 60000)


def half_mysql(connection):
    connection.sendall(b"\xff\xff\x00\x00\x0a")
    time.sleep(60)


def hello_requests(connection):  # which OpenSSL passes over, however many there are
    connection.recv(4096)
    while True:
        connection.sendall((b"\x16\x03\x03\x40\x00" + bytes(16384)) * 4)


def handshake_byte_by_byte(connection):
    connection.recv(4096)
    for byte in b"\x16\x03\x03\x40\x00" + bytes(1000):
        connection.sendall(bytes([byte]))
        time.sleep(0.2)


class Asking(unittest.TestCase):
    maxDiff = None

    def begin(self, servers, *words, **more):
        """Starts the probe of what `servers` listen to."""
        for server in servers:
            self.addCleanup(server.close)
        command = [common.SGPROOF, "probe", "--targets", "-", "--method", "connect", "--services", *common.ONLY, *words]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)
        process.stdin.write("".join("%s tcp %d\n" % (server.host, server.port) for server in servers))
        process.stdin.close()
        process.stdin = None
        self.addCleanup(process.kill)
        return process

    def end(self, process, servers, status=0):
        """What it said of each of them, and its summary."""
        self.output, self.said = process.communicate(timeout=120)
        self.assertNotIn("Sanitizer", self.said)
        self.assertNotIn("runtime error", self.said)
        self.assertEqual(process.returncode, status, self.said)
        *lines, last = map(json.loads, self.output.splitlines())
        found = {(line["address"], line["from_port"]): line["service"] for line in lines}
        return [found[server.host, server.port] for server in servers], last["summary"]["services"]

    def ask(self, servers, *words, status=0):
        began = time.monotonic()
        answer = self.end(self.begin(servers, *words), servers, status)
        self.took = time.monotonic() - began
        return answer


class Services(Asking):
    def identify(self, *speaks, words=()):
        servers = [speak if isinstance(speak, Server) else Server(speak) for speak in speaks]
        for server in servers:
            self.addCleanup(server.close)
        targets = "".join("127.0.0.1 tcp %d\n" % server.port for server in servers)
        began = time.monotonic()
        done = common.sgproof("probe", "--targets", "-", "--method", "connect", "--services", *common.ONLY, *words, stdin=targets)
        self.took = time.monotonic() - began
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = {line["from_port"]: line for line in map(json.loads, done.stdout.splitlines()[:-1])}
        self.output = done.stdout
        return [lines[server.port]["service"] for server in servers]

    def test_each_service_is_known_by_its_first_exchange(self):
        found = self.identify(
            says(b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n"), says(b"220 mail.example.org ESMTP Postfix\r\n"),
            says(b"220 (vsFTPd 3.0.3)\r\n"), says(b"+OK Dovecot ready.\r\n"), says(b"* OK [CAPABILITY IMAP4rev1] ready\r\n"),
            says(MYSQL), says(b"RFB 003.008\n"), says(b"\xff\xfd\x18\xff\xfd\x20"),
            answers((b"GET / HTTP/1.0\r\n", b"HTTP/1.1 301 Moved\r\nDate: x\r\nServer: nginx/1.22.1\r\n\r\n<html><TITLE>The shop</title>")),
            answers((b"PING\r\n", b"+PONG\r\n")), answers((b"PING\r\n", b"-NOAUTH Authentication required.\r\n")),
            answers((b"\x00\x00\x00\x08\x04\xd2\x16\x2f", b"S")), answers((b"\x00\x00\x00\x08\x04\xd2\x16\x2f", b"N")),
            answers((b"5\x00\x00\x00\x01", mongodb)), answers((b"\x03\x00\x00\x13", RDP)), answers((b"0%\x02\x01\x01", LDAP)),
            answers((b"\x00\x00\x00\x6c\xfeSMB", smb)))
        self.assertEqual([(s["name"], s.get("product"), s.get("note")) for s in found], [
            ("ssh", "OpenSSH_9.2p1 Debian-2+deb12u3", None), ("smtp", None, None), ("ftp", None, None), ("pop3", None, None),
            ("imap", None, None), ("mysql", "8.0.36-0ubuntu0.22.04.1", None), ("vnc", None, None), ("telnet", None, None),
            ("http", "nginx/1.22.1", None), ("redis", None, "answers without authentication"),
            ("redis", None, "asks for authentication"), ("postgresql", None, "offers TLS"), ("postgresql", None, "offers no TLS"),
            ("mongodb", None, None), ("rdp", None, "asks for network level authentication"),
            ("ldap", None, "shows its root entry without authentication"), ("smb", "SMB 3.0", None)])
        self.assertEqual((found[8]["banner"], found[8]["title"]), ("HTTP/1.1 301 Moved", "The shop"))
        self.assertEqual(found[1]["banner"], "220 mail.example.org ESMTP Postfix")

    def tls_server(self, folder, subject, names, version=ssl.TLSVersion.TLSv1_3, http=True, old=False, ports=(0,)):
        key, certificate = folder + "/k.pem", folder + "/c.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-subj", subject,
                        "-addext", "subjectAltName=" + names, "-days", "30", "-utf8"], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        context.maximum_version = version
        if old:
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.set_ciphers("ALL:@SECLEVEL=0")

        def speak(connection):
            with context.wrap_socket(connection, server_side=True) as inside:
                if inside.recv(4096).startswith(b"GET ") and http:
                    inside.sendall(b"HTTP/1.0 200 OK\r\nServer: shop\r\n\r\n<title>Shop</title>")
                inside.recv(1)
        server = at_a_port_of(ports, speak)
        self.addCleanup(server.close)
        return server.port

    def tls(self, port):
        done = common.sgproof("probe", "--targets", "-", "--method", "connect", "--services", *common.ONLY, stdin="127.0.0.1 tcp %d\n" % port)
        return json.loads(done.stdout.splitlines()[0])["service"]

    def test_tls_is_told_with_version_cipher_and_certificate(self):
        for version, most in (("TLSv1.3", ssl.TLSVersion.TLSv1_3), ("TLSv1.2", ssl.TLSVersion.TLSv1_2)):
            with self.subTest(version=version), tempfile.TemporaryDirectory() as folder:
                port = self.tls_server(folder, "/CN=shop.example.org/O=Souvenirs", "DNS:shop.example.org,DNS:*.example.org,IP:198.51.100.7", most)
                service = self.tls(port)
                tls = service["tls"]
                self.assertEqual((service["name"], service["product"], tls["version"]), ("https", "shop", version))
                certificate = tls["certificate"]
                self.assertEqual(certificate["subject"], "O=Souvenirs,CN=shop.example.org")
                self.assertEqual(certificate["names"], ["shop.example.org", "*.example.org", "198.51.100.7"])
                self.assertTrue(certificate["self_issued"])
                self.assertEqual((tls["trust"], tls.get("oldest")), ("self-signed certificate", None))
                der = subprocess.run(["openssl", "x509", "-in", folder + "/c.pem", "-outform", "DER"], capture_output=True, check=True).stdout
                self.assertEqual(certificate["sha256"], hashlib.sha256(der).hexdigest())
                left = datetime.datetime.fromisoformat(certificate["not_after"].replace("Z", "+00:00")) - datetime.datetime.now(datetime.timezone.utc)
                self.assertIn(left.days, (29, 30))

    def test_a_page_that_comes_in_pieces_is_read_beside_ports_that_speak_no_tls(self):
        with tempfile.TemporaryDirectory() as folder:
            self.tls_server(folder, "/CN=shop", "DNS:shop")
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(folder + "/c.pem", folder + "/k.pem")

            def pieces(connection):
                with context.wrap_socket(connection, server_side=True) as inside:
                    if inside.recv(4096).startswith(b"GET "):
                        for piece in (b"HTTP/1.0 200 OK\r\nServer: shop\r\n\r\n", b"<title>In ", b"pieces</title>"):
                            inside.sendall(piece)
                            time.sleep(0.3)

            def no_tls(wait):
                def speak(connection):
                    if connection.recv(4096)[:1] == b"\x16":  # a handshake: its failure is told while pieces are waited for
                        time.sleep(wait)
                    connection.sendall(b"?\r\n")
                return speak
            found = self.identify(Server(pieces), *[no_tls(0.1 * n) for n in range(20)])
        self.assertEqual((found[0]["name"], found[0].get("title")), ("https", "In pieces"))

    def test_old_tls_that_is_still_spoken_is_told(self):
        with tempfile.TemporaryDirectory() as folder:
            port = self.tls_server(folder, "/CN=old", "DNS:old", ssl.TLSVersion.TLSv1_2, old=True)
            tls = self.tls(port)["tls"]
        self.assertEqual((tls["version"], tls["oldest"]), ("TLSv1.2", "TLSv1.1"))

    @unittest.skipUnless(shutil.which("dropbear"), "dropbear is not installed")
    def test_the_host_key_of_a_real_ssh_server_is_what_its_own_tool_says(self):
        for kind in ("ed25519", "ecdsa", "rsa"):
            with self.subTest(kind=kind), tempfile.TemporaryDirectory() as folder:
                key = folder + "/key"
                said = subprocess.run(["dropbearkey", "-t", kind, "-f", key], check=True, capture_output=True, text=True).stdout
                with socket.create_server(("127.0.0.1", 0)) as free:
                    port = free.getsockname()[1]
                server = subprocess.Popen(["dropbear", "-F", "-E", "-s", "-p", "127.0.0.1:%d" % port, "-r", key, "-P", folder + "/pid"],
                                          stderr=subprocess.DEVNULL)
                try:
                    for _ in range(100):
                        with socket.socket() as trial:
                            if trial.connect_ex(("127.0.0.1", port)) == 0:
                                break
                        time.sleep(0.05)
                    service = self.tls(port)
                finally:
                    server.kill()
                    server.wait()
                self.assertEqual(service["name"], "ssh")
                self.assertTrue(service["product"].startswith("dropbear_"), service)
                self.assertIn(service["host_key"].split()[1], said)

    def test_hostile_certificate_names_and_banners_are_printable_ascii(self):
        with tempfile.TemporaryDirectory() as folder:
            port = self.tls_server(folder, "/CN=<script>alert(1)<\\/script>\x1b[31m\u202e\u4e16", "DNS:x.example", http=False)
            service = self.tls(port)
        self.assertEqual(service["name"], "tls")
        self.assertIn("\\<script\\>alert(1)", service["tls"]["certificate"]["subject"])
        found, = self.identify(says(b"SSH-2.0-x\x1b]0;owned\x07\xff\xfe\x00<script>\r\n"))
        self.assertEqual(found["name"], "ssh")
        for text in (json.dumps(service), self.output):
            for value in json.loads(text.splitlines()[0]).items() if text is self.output else [("", text)]:
                self.assertTrue(all(0x20 <= ord(c) < 0x7f for c in json.dumps(value[1], ensure_ascii=False)), value)
        self.assertIn("\\x1b]0;owned\\x07\\xff\\xfe\\x00<script>", found["banner"])

    def test_only_open_ports_are_asked_and_few_times(self):
        counted = Server(says(b"SSH-2.0-a\r\n"))
        mute = Server(lambda connection: connection.recv(1000))
        self.identify(counted, mute)
        sentinels = 2  # that a machine under load may ask, of either
        self.assertLessEqual(counted.connections, 3 + sentinels)  # the probe's own, one to ask, one for the host key
        self.assertLessEqual(mute.connections, 10 + sentinels)
        self.assertLessEqual(counted.connections + mute.connections, 13 + sentinels)

    def test_neighbouring_open_ports_are_told_apart(self):
        for _ in range(50):
            first = Server(says(b"SSH-2.0-first\r\n"))
            try:
                second = Server(says(b"SSH-2.0-second\r\n"), first.port + 1)
            except OSError:
                first.close()
                continue
            break
        found = self.identify(first, second)
        self.assertEqual([s["product"] for s in found], ["first", "second"])

    def test_without_the_option_nothing_is_said_to_anybody(self):
        heard = []

        def listen(connection):
            data = connection.recv(1000)
            if data:
                heard.append(data)
        server = Server(listen)
        self.addCleanup(server.close)
        done = common.sgproof("probe", "--targets", "-", "--method", "connect", *common.ONLY, stdin="127.0.0.1 tcp %d\n" % server.port)
        self.assertNotIn("service", json.loads(done.stdout.splitlines()[0]))
        self.assertEqual(heard, [])

    def test_many_at_once(self):
        speaks = [says(b"SSH-2.0-n%d\r\n" % n) for n in range(40)]
        found = self.identify(*speaks)
        self.assertEqual([s["product"] for s in found], ["n%d" % n for n in range(40)])

    def test_the_deadline_ends_it_and_what_is_not_identified_says_so(self):
        servers = [Mute() for _ in range(40)] + [at_a_port_of(HTTP_PORTS, http)]
        found, summary = self.ask(servers, "--services-deadline", "1")
        reason = "the deadline of 1 s was over"
        self.assertEqual(found[-1]["product"], "small")
        self.assertEqual(found[:-1], [{"name": "unknown", "not_identified": reason}] * 40)
        self.assertEqual(summary, {"identified": 1, "unknown": 0, "not_identified": 40, "reasons": [{"what": reason, "count": 40}]})
        self.assertEqual(self.said.count("services of 40 open ports are not identified: " + reason), 1, self.said)
        self.assertLess(self.took, 8)
        for wrong in ("0", "86401", "soon"):
            self.assertEqual(common.sgproof("probe", "--targets", "-", "--services-deadline", wrong, *common.ONLY, stdin="").returncode, 2)

    def test_after_an_interruption_nothing_is_connected_any_more(self):
        servers = [Server(lambda connection: None) for _ in range(60)]  # hang up at once
        process = self.begin(servers, "--rate", "1000")
        while sum(server.connections for server in servers) < 2 * len(servers):
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        interrupted = time.monotonic()
        found, summary = self.end(process, servers)
        self.assertLess(time.monotonic() - interrupted, 2)
        time.sleep(0.3)
        self.assertLess(max(server.last for server in servers) - interrupted, 0.3)
        self.assertEqual(summary["reasons"], [{"what": "interrupted", "count": summary["not_identified"]}])
        self.assertGreater(summary["not_identified"], 30)
        self.assertEqual(summary["unknown"] + summary["not_identified"], 60)

    def test_an_interrupted_probe_asks_no_service(self):
        server = Server(lambda connection: None)
        silent = [Mute("127.0.0.1")]
        silent[0].listener.listen(0)
        fillers = [socket.socket() for _ in range(4)]  # the queue of one listener is full: its port stays silent
        for filler in fillers:
            self.addCleanup(filler.close)
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", silent[0].port))
        process = self.begin([server, *silent], "--timeout", "20000", "--tries", "2")
        while server.connections == 0:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        output, said = process.communicate(timeout=60)
        line = next(line for line in map(json.loads, output.splitlines()) if line.get("from_port") == server.port)
        self.assertEqual(line["service"], {"name": "unknown", "not_identified": "interrupted"}, said)
        sentinels = json.loads(output.splitlines()[-1])["summary"]["sentinels"]
        self.assertEqual(server.connections, 1 + sentinels["asked"])  # the probe's, and what it asked again: none to identify

    def test_what_this_machine_cannot_do_is_no_answer_of_the_port(self):
        servers = [Server(lambda connection: connection.recv(1)) for _ in range(3)]
        process = self.begin(servers, env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})  # which needs descriptors
        while sum(server.connections for server in servers) < 2 * len(servers):  # the probe's own, and one to ask
            time.sleep(0.02)
        resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (3, 3))
        found, summary = self.end(process, servers, status=3)
        self.assertEqual(found, [{"name": "unknown", "not_identified": "local: Too many open files"}] * 3)

    def test_a_port_that_accepts_no_connection_any_more_is_given_up(self):
        server = Server(lambda connection: server.listener.shutdown(socket.SHUT_RDWR))
        found, _ = self.ask([server])
        self.assertEqual(found, [{"name": "unknown", "not_identified": "it accepts no connection any more"}])
        self.assertLess(self.took, 3)

    def test_more_ports_than_sockets_are_identified_all_the_same(self):
        def banner(text):
            return lambda connection: connection.sendall(text)
        servers = [Server(banner(b"SSH-2.0-n%d\r\n" % n)) for n in range(40)]
        process = self.begin(servers, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (20, 20)))
        found, _ = self.end(process, servers)
        self.assertEqual([s.get("product") for s in found], ["n%d" % n for n in range(40)])

    def test_chains_and_names_without_end_are_bounded(self):
        with tempfile.TemporaryDirectory() as folder:
            names = ",".join("DNS:%s.%d.example" % ("n" * 60, n) for n in range(300))
            port = self.tls_server(folder, "/CN=many", names, ports=TLS_PORTS)
            certificate = self.tls(port)["tls"]["certificate"]
            self.assertLessEqual(len(certificate["names"]), 20)
            pem = pathlib.Path(folder, "c.pem").read_text()
            chain, key = folder + "/chain.pem", folder + "/k.pem"
            pathlib.Path(chain).write_text(pem * 8)  # more than 64 KiB
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(chain, key)

            def speak(connection):
                with context.wrap_socket(connection, server_side=True) as inside:
                    inside.recv(1)
            found, _ = self.ask([Server(speak)])  # and not its handshake, which would be unbounded too
        self.assertEqual(found, [{"name": "unknown"}])

    def test_a_redirect_is_told_and_not_followed(self):
        def redirect(connection):
            request = connection.recv(4096)
            if request.startswith(b"GET "):
                connection.sendall(b"HTTP/1.0 302 Found\r\nLocation: http://127.0.0.1:%d/more\r\n\r\n" % server.port)
        server = at_a_port_of(HTTP_PORTS, redirect)
        found, _ = self.ask([server])
        self.assertEqual(found, [{"name": "http", "banner": "HTTP/1.0 302 Found"}])
        self.assertEqual(server.connections, 2)  # the probe's own, and one to ask

    def most_memory(self, speak):
        """KiB that were resident at once while 16 such peers were asked."""
        servers = [at_a_port_of(HTTP_PORTS, speak, "127.0.0.%d" % host) for host in range(2, 18)]
        process = self.begin(servers, env={**os.environ, "ASAN_OPTIONS": "quarantine_size_mb=1:" + os.environ.get("ASAN_OPTIONS", "")})
        most = 0
        while process.poll() is None:
            status = pathlib.Path("/proc/%d/status" % process.pid).read_text()
            most = max([most, *map(int, re.findall(r"VmRSS:\s+(\d+)", status))])
            time.sleep(0.01)
        found, _ = self.end(process, servers)
        self.assertEqual({s["title"] for s in found}, {"end"})
        return most

    def test_an_answer_byte_by_byte_costs_no_more_memory_than_another(self):
        page = b"HTTP/1.0 200 OK\r\nServer: " + b"s" * 300 + b"\r\n\r\n" + b"x" * 4000 + b"<title>end</title>"

        def speak_in(size):
            def speak(connection):
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                if connection.recv(4096).startswith(b"GET "):
                    for at in range(0, len(page), size):
                        connection.sendall(page[at:at + size])
                        time.sleep(0.0002)
            return speak
        # What a sanitizer keeps differs from run to run.
        self.assertTrue(any(self.most_memory(speak_in(1)) < self.most_memory(speak_in(1000)) + 10000 for _ in range(4)))

    def test_what_is_said_of_services_is_read_again_as_it_was_written(self):
        with tempfile.TemporaryDirectory() as folder:
            port = self.tls_server(folder, "/CN=kept", "DNS:kept.example", ports=TLS_PORTS)
            lines = "127.0.0.1 tcp %d\n" % port
            servers = [Mute() for _ in range(2)] + [Server(lambda connection: connection.sendall(b"SSH-2.0-kept\r\n"))]
            for server in servers:
                self.addCleanup(server.close)
                lines += "127.0.0.1 tcp %d\n" % server.port
            words = ("probe", "--targets", "-", "--method", "connect", "--services", "--services-deadline", "2", "--state", folder + "/state",
                     *common.ONLY)
            first, again = (common.sgproof(*words, stdin=lines).stdout.splitlines() for _ in range(2))
        self.assertEqual(first[:-1], again[:-1])
        for word in ("not_identified", "SSH-2.0-kept", "kept.example", "self_issued"):
            self.assertIn(word, "".join(first))


class Bounds(Asking):
    """Peers that would keep one busy for long, all in one probe."""
    @classmethod
    def setUpClass(cls):
        cls.hostile = [Server(speak) for speak in (drip, flood, garbage, shut, silent, tls_garbage, endless_header, half_mysql,
                                                   hello_requests, handshake_byte_by_byte)]
        cls.mute = [Mute("127.0.0.2") for _ in range(40)]
        cls.beside = at_a_port_of(HTTP_PORTS, http, "127.0.0.2")
        cls.few = [Mute("127.0.0.3") for _ in range(6)] + [Server(http, host="127.0.0.3")]
        servers = [*cls.hostile, *cls.mute, cls.beside, *cls.few]
        one = cls("ask")
        found, cls.summary = one.ask(servers)
        one.doCleanups()
        cls.took = one.took
        cls.found = dict(zip(servers, found))

    def of(self, servers):
        return [self.found[server] for server in servers]

    def test_hostile_peers_end_in_bounded_time_and_memory(self):
        found = self.of(self.hostile)
        self.assertEqual([s["name"] for s in found][:6], ["unknown"] * 6)
        self.assertEqual(found[6]["name"], "http")
        for service in found:
            self.assertLess(len(json.dumps(service)), 2000)
        self.assertLess(self.took, 40)  # nine trials of a second or two, with room for a slow machine

    def test_tls_that_never_comes_to_an_end_is_bounded_in_bytes(self):
        requests, slow = self.of(self.hostile[-2:])
        self.assertEqual(requests, {"name": "unknown", "not_identified": "it sent 128 KiB of nothing known"})
        self.assertNotIn("tls", slow)

    def test_a_host_that_says_nothing_is_not_asked_port_by_port_but_where_its_ports_have_a_hint(self):
        found = self.of(self.mute)
        asked = [service for service in found if "not_identified" not in service]
        passed = [service for service in found if "not_identified" in service]
        self.assertGreaterEqual(len(asked), 4)
        self.assertGreater(len(passed), 20)
        self.assertEqual(passed, [{"name": "unknown", "not_identified": "the host's open ports say nothing"}] * len(passed))
        self.assertIn({"what": passed[0]["not_identified"], "count": len(passed)}, self.summary["reasons"])
        self.assertEqual(self.of([self.beside])[0]["name"], "http")

    def test_a_host_with_few_open_ports_is_asked_at_each_of_them(self):
        self.assertEqual([s["name"] for s in self.of(self.few)], ["unknown"] * 6 + ["http"])
        self.assertFalse(any("not_identified" in s for s in self.of(self.few)))


if __name__ == "__main__":
    unittest.main()
