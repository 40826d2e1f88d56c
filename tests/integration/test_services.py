"""What answers at open ports: real exchanges with servers on 127.0.0.1, friendly and hostile."""
import datetime
import hashlib
import json
import os
import pathlib
import random
import shutil
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

    def __init__(self, speak, port=0):
        self.listener = socket.create_server(("127.0.0.1", port))
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


class Services(unittest.TestCase):
    maxDiff = None

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

    def tls_server(self, folder, subject, names, version=ssl.TLSVersion.TLSv1_3, http=True, old=False):
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
                    inside.sendall(b"HTTP/1.0 200 OK\r\nServer: shop\r\n\r\n")
                inside.recv(1)
        server = Server(speak)
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

    def test_hostile_peers_end_in_bounded_time_and_memory(self):
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
        found = self.identify(drip, flood, garbage, shut, silent, tls_garbage, endless_header, half_mysql)
        self.assertEqual([s["name"] for s in found][:6], ["unknown"] * 6)
        self.assertEqual(found[6]["name"], "http")
        for service in found:
            self.assertLess(len(json.dumps(service)), 2000)
        self.assertLess(self.took, 60)  # nine trials of at most two seconds, with room for a slow machine

    def test_only_open_ports_are_asked_and_few_times(self):
        counted = Server(says(b"SSH-2.0-a\r\n"))
        mute = Server(lambda connection: connection.recv(1000))
        self.identify(counted, mute)
        self.assertLessEqual(counted.connections, 3)  # the probe's own, one to ask, one for the host key
        self.assertLessEqual(mute.connections, 10)

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


if __name__ == "__main__":
    unittest.main()
