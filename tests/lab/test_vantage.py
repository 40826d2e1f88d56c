"""From where is asked: own addresses, what the internet sees of them, and answers that are another client's."""
import contextlib
import http.server
import json
import os
import pathlib
import ssl
import subprocess
import sys
import tempfile
import threading
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import common

ONLY = ("--only", "198.51.100.0/24", "--only", "2001:db8:1::/48")
BASTION, OFFICE = "198.51.100.20", "198.51.100.30"
# A second address, from which one host of the sample is asked.
TWO = ["addr add 192.0.2.7/24 dev out0", "route add %s/32 dev out0 src 192.0.2.7" % OFFICE]


def load(path):
    return json.loads(pathlib.Path(path).read_text())


@contextlib.contextmanager
def serving(pages, certificate=None):
    """A server on loopback: (its port, what was asked)."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append((self.command, self.path, self.headers.get("X-aws-ec2-metadata-token")))
            page = pages.get(self.path)
            token = self.command == "PUT" or certificate or self.headers.get("X-aws-ec2-metadata-token") == "TOKEN"
            self.send_response(404 if page is None else 200 if token else 401)
            self.end_headers()
            self.wfile.write((page or "").encode())

        do_PUT = do_GET

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port, asked
        server.shutdown()


INSTANCE = {"/latest/api/token": "TOKEN", "/latest/meta-data/network/interfaces/macs/": "06:00:00:00:00:01/\n06:00:00:00:00:02/",
            "/latest/meta-data/network/interfaces/macs/06:00:00:00:00:01/ipv4-associations/": "203.0.113.50",
            "/latest/meta-data/network/interfaces/macs/06:00:00:00:00:01/ipv4-associations/203.0.113.50": "127.0.0.4",
            "/latest/meta-data/network/interfaces/macs/06:00:00:00:00:02/ipv4-associations/": "203.0.113.51\n203.0.113.52",
            "/latest/meta-data/network/interfaces/macs/06:00:00:00:00:02/ipv4-associations/203.0.113.51": "127.0.0.6",
            "/latest/meta-data/network/interfaces/macs/06:00:00:00:00:02/ipv4-associations/203.0.113.52": "127.0.0.5"}


class Learnt(unittest.TestCase):
    """What --vantage auto finds out; 127.0.0.5 plays the instance's private address."""

    def four(self, folder):
        """The sample without IPv6, of which the metadata's associations say nothing."""
        four = pathlib.Path(folder) / "four"
        four.mkdir(exist_ok=True)
        for file in common.SAMPLE.iterdir():
            document = json.loads(file.read_text())
            for interface in document.get("NetworkInterfaces", ()):
                interface["Ipv6Addresses"] = []
            (four / file.name).write_text(json.dumps(document))
        return four

    def test_what_the_metadata_says_is_the_vantage_of_the_run(self):
        with serving(INSTANCE) as (port, asked), tempfile.TemporaryDirectory() as folder:
            four = self.four(folder)
            env = {"AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://127.0.0.1:%d" % port, "AWS_EC2_METADATA_DISABLED": "false"}
            done = common.sgproof("plan", four, "--vantage", "auto", "--source", "127.0.0.5", env=env)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual([one[0] for one in asked if one[0] == "PUT" or one[2] != "TOKEN"], ["PUT"])  # version 2: by a token alone
            head = json.loads(done.stdout.splitlines()[0])
            self.assertEqual((head["vantage"], head["vantages"]),
                             ("203.0.113.52", [{"vantage": "203.0.113.52", "learnt": "EC2 instance metadata"}]))
            same = common.sgproof("plan", four, "--vantage", "203.0.113.52")
            self.assertEqual(done.stdout.splitlines()[1:], same.stdout.splitlines()[1:])
            done = common.sgproof("plan", four, "--vantage", "auto", "--source", "127.0.0.9", env=env)
            self.assertEqual((done.returncode, done.stdout), (2, ""))  # a NAT gateway's client: nothing is associated with it
            self.assertIn("127.0.0.9", done.stderr)
            self.assertIn("--vantage-url", done.stderr)

    def test_elsewhere_a_url_that_is_named_is_asked_over_each_family_and_believed_where_it_is_an_address_of_the_internet(self):
        with tempfile.TemporaryDirectory() as folder:
            pem = os.path.join(folder, "ca.pem")
            subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext",
                            "subjectAltName=IP:127.0.0.1", "-keyout", pem, "-out", os.path.join(folder, "cert.pem")], check=True, capture_output=True)
            with open(pem, "a") as file:
                file.write(pathlib.Path(folder, "cert.pem").read_text())
            pages = {"/ip": "203.0.113.9\n", "/inner": "10.0.0.1", "/words": "it works!", "/six": "2001:db8::9"}
            with serving(pages, pem) as (port, _):
                def ask(page, **env):
                    return common.sgproof("plan", self.four(folder), "--vantage", "auto", "--source", "127.0.0.5", "--vantage-url",
                                          "https://127.0.0.1:%d%s" % (port, page), env={"AWS_EC2_METADATA_DISABLED": "true", **env})
                good = {"AWS_CA_BUNDLE": pem}
                done = ask("/ip", **good)
                self.assertEqual(done.returncode, 0, done.stderr)
                head = json.loads(done.stdout.splitlines()[0])
                self.assertEqual(head["vantages"], [{"vantage": "203.0.113.9", "learnt": "https://127.0.0.1:%d/ip" % port}])
                self.assertEqual(ask("/ip", **good, https_proxy="http://127.0.0.1:1").stdout, done.stdout)  # a proxy would be told its own address, from which no packet comes
                for page, said in (("/inner", "10.0.0.1"), ("/words", "no address"), ("/six", "no address"), ("/none", "status")):
                    done = ask(page, **good)
                    self.assertEqual((done.returncode, done.stdout), (2, ""), page)
                    self.assertIn(said, done.stderr)
                self.assertEqual(ask("/ip").returncode, 2)  # by an authority that nobody trusts
                self.assertEqual(ask("/ip", AWS_CA_BUNDLE="").stderr, ask("/ip").stderr)  # an empty one is none
            for words, said in ((("--vantage", "auto", "--vantage-url", "http://127.0.0.1/ip"), "https://"),
                                (("--vantage-url", "https://127.0.0.1/ip"), "--vantage auto"),
                                (("--vantage", "auto", "--vantage", "203.0.113.7"), "auto")):
                done = common.sgproof("plan", common.SAMPLE, *words)
                self.assertEqual(done.returncode, 2, words)
                self.assertIn(said, done.stderr)

    def test_an_address_that_the_internet_does_not_see_is_no_vantage_however_it_is_written(self):
        inner = ("10.1.1.1", "100.64.0.1", "169.254.1.1", "192.0.0.1", "198.18.0.1", "224.0.0.1", "fd00::1", "fe80::1", "::ffff:10.0.0.1", "::10.0.0.1", "64:ff9b:1::1",
                 "2001:0:808:808::1", "2001:10::1", "2002:a01:101::1", "2002:c0a8:101::1", "2002:6440:1::1", "[2002:a01:101::1]:1024-2048", "2002:a01:101::1=2001:db8::/32", "64:ff9b::10.0.0.1", "64:ff9b::172.16.0.1", "64:ff9b::169.254.1.1")
        for address in inner:
            done = common.sgproof("plan", common.SAMPLE, "--vantage", address)
            self.assertEqual((done.returncode, done.stdout), (2, ""), address)
            self.assertIn("is no address that the internet sees", done.stderr)
        for seen in ("2002:808:808::1", "64:ff9b::8.8.8.8", "2620:4f:8000::1", "2001:20::1", "192.0.0.9"):
            self.assertEqual(common.sgproof("plan", common.SAMPLE, "--vantage", seen, "--estimate").returncode, 0, seen)

    def test_an_address_or_interface_that_this_machine_has_not_is_refused(self):
        for words, said in ((("--source", "203.0.113.99"), "no address of this machine"), (("--source", "here"), "expected an IPv4"),
                            (("--source", "127.0.0.4", "--source", "127.0.0.5"), "two of the same"), (("--interface", "eth77"), "no such interface")):
            done = common.sgproof("probe", "--targets", "-", *common.ONLY, *words, stdin="127.0.0.1 tcp 9\n")
            self.assertEqual((done.returncode, done.stdout), (2, ""), words)
            self.assertIn(said, done.stderr)


class Sources(unittest.TestCase):
    def test_each_answer_tells_the_source_that_it_left_from_by_each_method(self):
        targets = "%s tcp 22\n%s tcp 22\n%s udp 53\n%s icmp\n" % (BASTION, OFFICE, OFFICE, OFFICE)
        for method in ("syn", "connect"):
            for words, of_bastion, of_office in (((), "203.0.113.7", "192.0.2.7"), (("--source", "192.0.2.7"), "192.0.2.7", "192.0.2.7")):
                with self.subTest(method=method, words=words):
                    done = common.alone({"also": TWO, "open": [22], "udp": [53]}, "probe", "--targets", "-", *ONLY, "--method", method, *words, stdin=targets)
                    self.assertEqual(done.returncode, 0, done.stderr)
                    lines = [json.loads(line) for line in done.stdout.splitlines()][:-1]
                    self.assertEqual({(x["address"], x["protocol"]): (x["state"], x["source"]) for x in lines}, {
                        (BASTION, "tcp"): ("open", of_bastion), **{(OFFICE, p): ("open", of_office) for p in ("tcp", "udp", "icmp")}})

    def test_the_capture_tells_the_same_sources(self):
        targets = "%s tcp 20-25\n%s tcp 22\n" % (BASTION, OFFICE)
        with tempfile.TemporaryDirectory() as folder:
            capture = os.path.join(folder, "c.pcap")
            done = common.alone({"also": TWO, "open": [22]}, "probe", "--targets", "-", *ONLY, "--capture", capture, stdin=targets)
            again = common.sgproof("probe", "--targets", "-", "--from-capture", capture, stdin=targets)
            self.assertEqual([(x["address"], x["from_port"], x["source"]) for x in map(json.loads, again.stdout.splitlines()[:-1])],
                             [(x["address"], x["from_port"], x["source"]) for x in map(json.loads, done.stdout.splitlines()[:-1])])

    def test_several_own_addresses_are_several_vantages_and_the_evidence_says_who_asked_whom(self):
        with tempfile.TemporaryDirectory() as folder:
            out = os.path.join(folder, "evidence")
            done = common.alone({"also": TWO, "open": [22, 443]}, "run", "--snapshot", common.SAMPLE, "--depth", "declared", "--out", out, *ONLY, "--no-history")
            self.assertNotIn("unverified", {x["verdict"] for x in load(out + "/verdicts.json")["verdicts"]}, done.stderr)
            manifest = load(out + "/manifest.json")
            self.assertEqual(manifest["vantages"], ["203.0.113.7", "192.0.2.7=%s/32" % OFFICE, "2001:db8:ffff::7"])
            self.assertEqual(set(manifest["vantages_learnt"]), {"this machine's own address"})
            self.assertIn("What was checked holds", common.sgproof("verify", out).stdout)

    def test_an_answer_to_another_client_than_the_vantage_is_unverified_and_says_so(self):
        with tempfile.TemporaryDirectory() as folder:
            out = os.path.join(folder, "evidence")
            words = ("run", "--snapshot", common.SAMPLE, "--depth", "declared", *ONLY, "--no-history", "--vantage", "203.0.113.7", "--vantage", "2001:db8:ffff::7")
            done = common.alone({"also": TWO, "open": [22, 443]}, *words, "--out", out)
            self.assertEqual(done.returncode, 4, done.stderr)
            verdicts = load(out + "/verdicts.json")["verdicts"]
            self.assertEqual({x["address"] for x in verdicts if x["verdict"] == "unverified"}, {OFFICE})
            self.assertIn("asked from 192.0.2.7, which is not the vantage 203.0.113.7", " ".join(done.stdout.split()))
            self.assertNotIn("WRONG", common.sgproof("verify", out).stdout.upper())
            # From the vantage itself it is judged; and behind a translator what the user says is the vantage.
            again = os.path.join(folder, "again")
            common.alone({"also": TWO, "open": [22, 443]}, *words, "--source", "203.0.113.7", "--out", again)
            self.assertNotIn("unverified", {x["verdict"] for x in load(again + "/verdicts.json")["verdicts"]})
            behind = os.path.join(folder, "behind")
            common.alone({"own": ["10.1.2.3", "fd00::3"], "open": [22, 443]}, *words, "--out", behind)
            self.assertNotIn("unverified", {x["verdict"] for x in load(behind + "/verdicts.json")["verdicts"]})

    def test_observations_of_a_private_address_are_judged_for_nobody(self):
        with tempfile.TemporaryDirectory() as folder:
            plan, observed = os.path.join(folder, "plan"), os.path.join(folder, "observed")
            with open(plan, "w") as file:
                file.write(common.sgproof("plan", common.SAMPLE, "--vantage", "203.0.113.7", "--depth", "declared").stdout)
            common.alone({"own": ["10.1.2.3", "fd00::3"], "open": [22]}, "probe", plan, *ONLY, "-o", observed)
            done = common.sgproof("reconcile", common.SAMPLE, observed)
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertIn("10.1.2.3", done.stderr)
            self.assertIn(common.sgproof("reconcile", common.SAMPLE, observed, "--vantage", "203.0.113.7").returncode, (0, 1, 3))


if __name__ == "__main__":
    unittest.main()
