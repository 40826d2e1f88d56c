"""The HTML report in a real browser: read, filtered, printed, hostile names, ten thousand findings."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import browser
import common
from test_controls import guarded, write_account
from test_evidence import Bundles
from test_formats import HOSTILE, with_service

WORDS = ("Complete", "Declared × observed", "Findings", "Endpoints", "Changes", "Controls", "Trend", "Coverage", "How to verify")


def verdict(address, port, kind, declared, observed, severity, name=None, because=(), intent="forbidden"):
    return {"address": address, "account_id": "111122223333", "region": "eu-west-3", "eni_id": "eni-1", "instance_id": "i-1", "name": name,
            "protocol": "tcp", "from_port": port, "to_port": port, "declared": declared, "observed": observed, "reason": "syn-ack",
            "verdict": kind, "unstable": False, "intent": intent, "intent_rule": None, "severity": severity, "because": list(because),
            "observations": []}


def reason(stage, which, text):
    return {"stage": stage, "id": which, "text": text}


def document(verdicts):
    return {"schema": "sgproof/verdicts/v1", "complete": True, "vantage": "203.0.113.7", "coverage": {
        "endpoints": 1, "asked": len(verdicts), "not_asked": [], "missing": []}, "verdicts": verdicts}


@unittest.skipUnless(browser.CHROMIUM, "chromium is not installed")
class Report(Bundles):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.chromium = browser.Browser()
        cls.addClassCleanup(cls.chromium.close)
        write_account(cls.snapshot, guarded())
        cls.full = cls.run_to("full", "--sign", cls.key)

    def page(self, verdicts):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = pathlib.Path(folder.name)
        (path / "v.json").write_text(json.dumps(document(verdicts)))
        done = common.sgproof("report", path / "v.json", "--format", "html", "-o", path / "r.html")
        self.assertEqual(done.returncode, 0, done.stderr)
        return "file://%s/r.html" % path

    def shown(self):
        return self.chromium.run("[...document.querySelectorAll('details.f')].filter(e => e.checkVisibility()).length")

    def clean(self):
        self.assertEqual(self.chromium.complaints(), [])
        self.assertEqual([u for u in self.chromium.requests() if not u.startswith("file://") or not u.endswith(".html")], [])

    def test_it_reads_without_request_or_complaint(self):
        self.chromium.open("file://%s/report.html" % self.full)
        text = self.chromium.run("document.body.innerText")
        for word in (*WORDS, "%d/tcp" % self.port, "SEC-002", "loopback"):
            self.assertIn(word, text)
        self.assertEqual(self.chromium.run("document.scripts.length"), 1)
        self.clean()
        html = (self.full / "report.html").read_text()
        for outside in ("<script ", "src=", "url(", "@import", "style=", "onload", "onclick"):
            self.assertNotIn(outside, html)
        policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)[1]
        self.assertRegex(policy, r"^default-src 'none'; style-src 'sha256-[A-Za-z0-9+/=]+'; script-src 'sha256-[A-Za-z0-9+/=]+'; base-uri 'none'; form-action 'none'$")

    def test_the_matrix_and_severities_filter_the_list_by_mouse_and_keyboard(self):
        self.chromium.open(self.page([
            verdict("198.51.100.1", 80, "confirmed", "reachable", "open", "critical"),
            verdict("198.51.100.1", 81, "confirmed", "reachable", "open", "info"),
            verdict("198.51.100.1", 82, "latent", "reachable", "closed", "high"),
            verdict("198.51.100.1", 83, "undeclared", "unreachable", "open", "critical"),
            verdict("198.51.100.1", 84, "enforced", "unreachable", "filtered", "info")]))
        self.assertEqual(self.shown(), 4)
        self.chromium.run("document.getElementById('matrix').open = true")
        pick = lambda label: self.chromium.run("document.querySelector('label[for=\"%s\"]').click()" % label)
        pick("c-0-0")
        self.assertEqual(self.shown(), 2)
        self.assertEqual(self.chromium.run("document.querySelector('label[for=\"c-0-0\"]').innerText"), "2")
        pick("s-critical")
        self.assertEqual(self.shown(), 1)
        pick("every-cell")
        self.assertEqual(self.shown(), 2)
        pick("every-severity")
        self.assertEqual(self.shown(), 4)
        self.assertIsNone(self.chromium.run("document.querySelector('label[for=\"c-3-3\"]')"))  # nothing of it is listed
        self.chromium.run("document.getElementById('every-severity').focus()")
        self.chromium.key("ArrowRight", "ArrowRight", 39)
        self.assertEqual(self.shown(), 2)
        self.chromium.run("document.querySelectorAll('details.f').forEach(d => d.open = false)")
        self.chromium.run("document.querySelector('details.f summary').focus()")
        self.chromium.key("Enter", "Enter", 13, "\r")
        self.assertIn("What to do", self.chromium.run("document.querySelector('details.f').innerText"))
        self.clean()

    def test_the_path_is_drawn_with_what_admits_or_stops_it(self):
        self.chromium.open(self.page([
            verdict("198.51.100.1", 80, "confirmed", "reachable", "open", "critical", because=[
                reason("group", "sg-1:0", "tcp 80 from 0.0.0.0/0"), reason("acl_in", "acl-1:100", "allows everything from 0.0.0.0/0"),
                reason("route", "rtb-1:0.0.0.0/0", "to igw-1"), reason("acl_out", "acl-1:egress:110", "allows everything to 0.0.0.0/0"),
                reason("gateway", "igw-1", "attached to vpc-1")]),
            verdict("198.51.100.1", 81, "undeclared", "unreachable", "open", "critical", because=[
                {**reason("group", "sg-1", "no rule of sg-1 admits it"), "stops": True}])]))
        self.chromium.run("document.querySelectorAll('details.f').forEach(d => d.open = true)")
        hops = lambda n: self.chromium.run("[...document.querySelectorAll('details.f')[%d].querySelectorAll('ol.path li')].map("
                                           "e => e.className + ': ' + e.innerText.replace(/\\n/g, ' '))" % n)
        self.assertEqual(hops(0), ["pass: Internet 203.0.113.7", "pass: Internet gateway ✓ igw-1 (attached to vpc-1)",
                                   "pass: Network ACL, in ✓ acl-1:100 (allows everything from 0.0.0.0/0)",
                                   "pass: Security groups ✓ sg-1:0 (tcp 80 from 0.0.0.0/0)", "pass: Interface eni-1",
                                   "pass: Listener 80/tcp: open (syn-ack)", "pass: Route back ✓ rtb-1:0.0.0.0/0 (to igw-1)",
                                   "pass: Network ACL, out ✓ acl-1:egress:110 (allows everything to 0.0.0.0/0)"])
        stopped = hops(1)
        self.assertIn("stop: Security groups ✕ no rule of sg-1 admits it", stopped)
        self.assertIn("idle: Route back an answer came back", stopped)

    def test_hostile_names_are_text_and_nothing_else(self):
        hostile = HOSTILE + "<img src=x onerror=alert(1)>\u202e</style></title><svg onload=alert(1)>"
        self.chromium.open(self.page([verdict("198.51.100.1", 80, "confirmed", "reachable", "open", "critical", name=hostile,
                                              because=[hostile])]))
        self.assertIn("<script>alert(1)</script>", self.chromium.run("document.querySelector('details.f summary').innerText"))
        nothing = "document.images.length + document.scripts.length - 1 + document.querySelectorAll('[onload],[onerror]').length"
        self.assertEqual(self.chromium.run(nothing), 0)
        self.clean()
        served = with_service(self.full, self.path / "served")
        done = common.sgproof("report", served, "--format", "html", "-o", self.path / "again.html")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.chromium.open("file://%s/again.html" % self.path)
        self.chromium.run("document.querySelectorAll('details.f').forEach(d => d.open = true)")
        text = self.chromium.run("document.body.innerText")
        self.assertIn("Service: https, =cmd|", text)
        self.assertIn("Certificate: CN==cmd|", text)
        self.assertEqual(self.chromium.run(nothing), 0)
        self.clean()

    def test_it_prints_with_everything_open(self):
        self.chromium.open("file://%s/report.html" % self.full)
        path = self.path / "report.pdf"
        self.chromium.pdf(path)
        if shutil.which("pdftotext") is None:
            self.skipTest("pdftotext is not installed")
        text = subprocess.run(["pdftotext", path, "-"], capture_output=True, text=True, check=True).stdout
        for word in ("Internet gateway", "What to do", "igw-1", "denied", "Observed", "Root", "How to verify"):
            self.assertIn(word.lower(), re.sub(r"\s+", " ", text.lower()))
        self.assertNotIn("every severity", text)

    def test_text_has_the_contrast_that_wcag_aa_asks_in_light_and_dark(self):
        css = (common.TOP / "src/report/report.css").read_text()
        blocks = re.findall(r":root \{(.*?)\}", css, re.S)[:2]

        def light(colour):
            parts = [int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5)]
            linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
            return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

        for block in blocks:
            colours = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", block))
            for ink in ("ink", "soft", "link", "critical", "high", "medium", "low", "info", "good"):
                for ground in ("paper", "panel"):
                    a, b = sorted((light(colours[ink]), light(colours[ground])))
                    self.assertGreaterEqual((b + 0.05) / (a + 0.05), 4.5, (ink, ground))

    def test_severity_is_a_word_and_the_page_has_structure(self):
        self.chromium.open("file://%s/report.html" % self.full)
        self.assertEqual(self.chromium.run("document.documentElement.lang"), "en")
        self.assertEqual(self.chromium.run("document.querySelectorAll('h1').length"), 1)
        self.assertEqual(self.chromium.run("[...document.querySelectorAll('svg')].filter(s => !s.getAttribute('aria-label')).length"), 0)
        self.assertEqual(self.chromium.run("[...document.querySelectorAll('input')].filter(i => !i.labels.length || !i.ariaLabel).length"), 0)
        self.assertTrue(self.chromium.run("[...document.querySelectorAll('details.f summary')].every("
                                          "s => /critical|high|medium|low|info/.test(s.innerText))"))
        self.assertEqual(self.chromium.run("[...document.querySelectorAll('a[href^=\"#\"]')].filter("
                                           "a => !document.getElementById(a.getAttribute('href').slice(1))).length"), 0)

    def test_it_fits_a_telephone_and_both_schemes(self):
        for scheme in ("light", "dark"):
            self.chromium.scheme(scheme)
            self.chromium.open("file://%s/report.html" % self.full)
            self.chromium.call("Emulation.setDeviceMetricsOverride", width=390, height=800, deviceScaleFactor=1, mobile=True)
            self.assertLessEqual(self.chromium.run("document.documentElement.scrollWidth"), 400)
            self.chromium.call("Emulation.clearDeviceMetricsOverride")
        self.chromium.call("Emulation.setEmulatedMedia", features=[])

    def test_of_controls_those_that_failed_come_first_and_the_more_severe_of_them(self):
        results, severities = ("fail", "not-evaluated", "excepted", "pass", "not-applicable"), ("critical", "high", "medium", "low", "info")
        packs = json.loads((self.full / "controls.json").read_text())["packs"]
        weight = lambda one: (results.index(one["result"]), severities.index(one["severity"]))
        in_order = lambda controls: [one["id"] for one in sorted(controls, key=weight)]
        self.chromium.open("file://%s/report.html" % self.full)
        drawn = self.chromium.run("[...document.querySelectorAll('table.controls')].map(t => [...t.querySelectorAll('td:nth-child(3) > span.code')].map(c => c.textContent))")
        self.assertEqual(drawn, [in_order(pack["controls"]) for pack in packs])
        every = [one for pack in packs for one in pack["controls"]]
        failed = [one for one in every if one["result"] == "fail"]
        self.assertGreater(len({one["severity"] for one in failed}), 1)
        text = common.sgproof("report", self.full, "--format", "text").stdout
        told = re.findall(r"^  FAIL  (\S+)", text, re.M)
        self.assertEqual(told, in_order(failed)[:len(told)])
        markdown = re.findall(r"^\| \*\*fail\*\* \| (\S+)", common.sgproof("report", self.full, "--format", "markdown").stdout, re.M)
        self.assertEqual(markdown, in_order(failed))
        self.assertGreater(len(told), 2)

    def test_no_table_of_it_is_cut_off_on_a_telephone(self):
        self.chromium.open("file://%s/report.html" % self.full)
        self.assertEqual(self.chromium.on_a_telephone(), [390, [], []])

    @unittest.skipUnless(shutil.which("pdftotext"), "pdftotext is not installed")
    def test_no_heading_ends_a_page_whatever_the_paper(self):
        self.chromium.open("file://%s/report.html" % self.full)
        # [heading, the paragraphs between it and what it is the heading of]; what ends within those says nothing yet.
        headings = self.chromium.run("""[...document.querySelectorAll('h2, main h3')].map(h => {
            let text = '';
            for (let e = h.nextElementSibling; e && e.tagName === 'P'; e = e.nextElementSibling) text += e.textContent;
            return [h.textContent, text].map(t => t.replace(/\\s/g, ''));
        })""")
        self.assertGreater(len(headings), 8)
        for tenths in range(80, 140, 8):  # of an inch: where pages end moves on
            self.chromium.pdf(self.path / "o.pdf", paperWidth=8.27, paperHeight=tenths / 10)
            pages = subprocess.run(["pdftotext", "-layout", self.path / "o.pdf", "-"], capture_output=True, text=True, check=True).stdout.split("\f")[:-1]
            for number, page in enumerate(pages[:-1], 1):
                lines = [re.sub(r"\s", "", line) for line in page.splitlines() if line.strip()][:-1]  # above the foot
                alone = [heading for heading, text in headings for at in (n for n, line in enumerate(lines) if line == heading)
                         if text.startswith("".join(lines[at + 1:])) and text != "Thereisnoearlierruntocomparewith."]
                self.assertEqual(alone, [], "page %d of %d, %s" % (number, len(pages), tenths))

    def test_ten_thousand_findings_are_all_there(self):
        verdicts = [verdict("10.%d.%d.%d" % (n >> 16, n >> 8 & 255, n & 255), 443, "confirmed", "reachable", "open", "critical",
                            name="web-%d" % n, because=[
                                reason("group", "sg-1:0", "tcp 443 from 0.0.0.0/0"), reason("acl_in", "acl-1:100", "allows everything from 0.0.0.0/0"),
                                reason("route", "rtb-1:0.0.0.0/0", "to igw-1"), reason("gateway", "igw-1", "attached to vpc-1"),
                                reason("acl_out", "acl-1:egress:110", "allows everything to 0.0.0.0/0")])
                    for n in range(10000)]
        took = self.chromium.open(self.page(verdicts))
        self.assertEqual(self.chromium.run("document.querySelectorAll('details.f').length"), 10000)
        print("# ten thousand findings painted after %.2f s" % took)  # told, never asserted: these machines are noisy
        self.clean()


PICTURES = common.TOP / "tests/data/report"


def apart(one, other):
    """How far two pictures of the same size are apart: the mean difference of 8 x 8 blocks, 0 to 255; 255 of two sizes."""
    (width, height, a), (width2, height2, b) = one, other
    if (width, height) != (width2, height2):
        return 255
    blocks = [(x, y) for y in range(0, height - 7, 8) for x in range(0, width - 7, 8)]
    mean = lambda rows, x, y: sum(sum(rows[(y + i) * width + x:(y + i) * width + x + 8]) for i in range(8)) / 64
    return sum(abs(mean(a, x, y) - mean(b, x, y)) for x, y in blocks) / len(blocks)


@unittest.skipUnless(browser.CHROMIUM, "chromium is not installed")
class Looks(unittest.TestCase):
    """The page of one document, as a person sees it: pictures beside those of tests/data/report (`PICTURES=1` makes them anew, to be looked at), and what the script adds."""
    @classmethod
    def setUpClass(cls):
        cls.chromium = browser.Browser()
        cls.addClassCleanup(cls.chromium.close)
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.path = pathlib.Path(folder.name)
        admitted = [reason("group", "sg-1:0", "tcp 443 from 0.0.0.0/0"), reason("gateway", "igw-1", "attached to vpc-1")]
        cls.verdicts = [verdict("198.51.100.%d" % (1 + n), port, *kind, severity, name="web-%d" % n, because=admitted)
                        for n, (port, kind, severity) in enumerate((
                            (22, ("confirmed", "reachable", "open"), "critical"), (443, ("confirmed", "reachable", "open"), "info"),
                            (8443, ("undeclared", "unreachable", "open"), "critical"), (5432, ("latent", "reachable", "closed"), "high"),
                            (80, ("blocked", "reachable", "filtered"), "medium"), (9100, ("unverified", "reachable", "unknown"), "low")))]
        cls.verdicts[0]["suggested"] = ["aws ec2 revoke-security-group-ingress --group-id sg-1"]
        told = document(cls.verdicts)
        told["coverage"].update(endpoints=7, not_asked=[{"what": "TCP ports outside the plan's depth", "count": 458738}, {"what": "UDP ports outside the plan", "count": 458752}])
        told["endpoints"] = [{"address": "198.51.100.%d" % (1 + n), "eni_id": "eni-%d" % n, "account_id": "111122223333", "region": "eu-west-3",
                              "vpc_id": "vpc-1", "subnet_id": "subnet-%d" % (n // 4), "dormant": n == 6} for n in range(7)]
        (cls.path / "v.json").write_text(json.dumps(told))
        common.sgproof("report", cls.path / "v.json", "--format", "html", "--title", "Souvenirs </style>", "-o", cls.path / "r.html")
        cls.page = "file://%s/r.html" % cls.path

    def look(self, name, picture, most=6):
        """Like the picture that is kept, and unlike a page without its colours or without its lower half."""
        width, height, rows = picture
        file = PICTURES / (name + ".pgm")
        if os.environ.get("PICTURES"):
            PICTURES.mkdir(exist_ok=True)
            file.write_bytes(b"P5 %d %d 255\n" % (width, height) + bytes(rows))
        head, _, kept = file.read_bytes().partition(b"\n")
        kept = (*map(int, head.split()[1:3]), list(kept))
        self.assertLess(apart(picture, kept), most, name)
        self.assertGreater(apart((width, height, [255 - one for one in rows]), kept), 60, name)
        half = width * (height // 2)
        self.assertGreater(apart((width, height, rows[:half] + [rows[0]] * (len(rows) - half)), kept), most, name)

    def test_it_looks_as_it_did_on_a_screen_a_telephone_in_the_dark_and_on_paper(self):
        for name, width, height, scheme in (("wide", 1280, 1600, "light"), ("dark", 1280, 1600, "dark"), ("phone", 390, 1200, "light")):
            with self.subTest(name):
                self.chromium.open(self.page)
                self.look(name, self.chromium.small(width, height, scheme))
        if shutil.which("pdftoppm") is None:
            self.skipTest("pdftoppm is not installed")
        self.chromium.open(self.page)
        self.chromium.pdf(self.path / "r.pdf")
        subprocess.run(["pdftoppm", "-r", "16", "-gray", "-f", "1", "-l", "1", self.path / "r.pdf", self.path / "paper"], check=True)
        page, = self.path.glob("paper-*.pgm")
        fields = page.read_bytes().split(maxsplit=4)
        width, height = int(fields[1]), int(fields[2])
        self.look("paper", (width, height, list(page.read_bytes()[-width * height:])), 2)

    def test_each_printed_page_says_what_it_is_a_page_of(self):
        self.chromium.open(self.page)
        self.chromium.pdf(self.path / "p.pdf")
        if shutil.which("pdftotext") is None:
            self.skipTest("pdftotext is not installed")
        pages = subprocess.run(["pdftotext", "-layout", self.path / "p.pdf", "-"], capture_output=True, text=True, check=True).stdout.split("\f")[:-1]
        for n, page in enumerate(pages):
            self.assertIn("Souvenirs </style>, account 111122223333", page)
            self.assertRegex(page.strip(), r"%d ?/ ?%d$" % (n + 1, len(pages)))
        self.assertLess(len(pages), len(self.verdicts))  # several findings on one
        for heading in ("Findings and exposure", "Map", "Endpoints", "Trend", "How to verify"):
            page, = [page for page in pages if re.search(r"^\s*%s$" % heading, page, re.M)]
            self.assertGreater(len(page.split(heading)[1].strip().splitlines()), 2, heading)  # more than the foot stands below it

    def test_the_head_says_whose_it_is_and_what_was_not_asked(self):
        self.chromium.open(self.page)
        head = self.chromium.run("document.querySelector('header').innerText")
        for words in ("111122223333", "eu-west-3", "203.0.113.7", "7 public endpoints", "458738 TCP ports", "458752 UDP ports"):
            self.assertIn(words, head)

    def test_a_finding_opens_with_what_to_do_and_the_command(self):
        self.chromium.open(self.page)
        first = self.chromium.run("document.querySelector('details.f[open] .inside').innerText")
        self.assertRegex(first, r"^What to do: Remove the rule")
        self.assertLess(first.index("aws ec2 revoke"), first.index("Internet gateway"))
        closed = self.chromium.run("document.querySelector('details.f:not([open])').innerText")
        self.assertIn("→ Remove the rule that admits it: only something outside", closed)

    def test_the_map_is_drawn_from_outside_to_interface(self):
        self.chromium.open(self.page)
        self.assertEqual(self.chromium.run("[...document.querySelectorAll('.vpc')].map(v => [...v.querySelectorAll('.subnet')].map(s => s.querySelectorAll('.nic').length))"), [[4, 3]])
        drawn = self.chromium.run("[...document.querySelectorAll('.nic')].map(n => n.innerText.split('\\n').join(' '))")
        self.assertIn("◆ 8443/tcp", drawn[2])
        self.assertEqual(drawn[6], "eni-6 198.51.100.7 (stopped) not asked")

    def test_shape_is_verdict_and_colour_is_severity(self):
        self.chromium.open(self.page)
        marks = self.chromium.run("[...document.querySelectorAll('svg.strip text')].map(t => [t.textContent, t.getAttribute('class')])")
        self.assertEqual(marks, [["●", "critical"], ["●", "info"], ["◆", "critical"], ["○", "high"], ["■", "medium"], ["?", "low"]])
        self.assertEqual(self.chromium.run("getComputedStyle(document.querySelector('svg.strip text.info')).fill"),
                         self.chromium.run("getComputedStyle(document.querySelector('.legend .info')).color"))

    def test_the_script_searches_orders_copies_and_follows_links(self):
        self.chromium.open(self.page)
        shown = "[...document.querySelectorAll('details.f')].filter(f => f.checkVisibility()).map(f => f.querySelector('code').textContent)"
        self.chromium.run("(s => { s.value = 'WEB-3 tcp'; s.dispatchEvent(new Event('input')); })(document.querySelector('input[type=search]'))")
        self.assertEqual(self.chromium.run(shown), ["5432/tcp"])
        self.chromium.run("(s => { s.value = ''; s.dispatchEvent(new Event('input')); })(document.querySelector('input[type=search]'))")
        self.chromium.run("(s => { s.selectedIndex = 1; s.dispatchEvent(new Event('change')); })(document.querySelector('select'))")
        self.assertEqual(self.chromium.run(shown), ["22/tcp", "80/tcp", "443/tcp", "5432/tcp", "8443/tcp", "9100/tcp"])
        self.chromium.run("(s => { s.selectedIndex = 0; s.dispatchEvent(new Event('change')); })(document.querySelector('select'))")
        self.assertEqual(self.chromium.run(shown)[:2], ["22/tcp", "8443/tcp"])
        def soon(what):  # events come when the browser has time
            return self.chromium.run("new Promise(r => { (function look() { %s ? r(true) : setTimeout(look, 20); })(); setTimeout(() => r(false), 5000); })" % what)
        self.assertTrue(soon("document.querySelector('details.f[open]').innerText.includes('copy link')"))
        which = self.chromium.run("document.querySelector('details.f:not([open])').id")
        self.chromium.run("location.hash = '%s'" % which)
        self.assertTrue(soon("document.getElementById('%s').open" % which))
        self.assertEqual(self.chromium.complaints(), [])

    def test_without_the_script_nothing_is_missing(self):
        html = (self.path / "r.html").read_text()
        (self.path / "bare.html").write_text(re.sub(r"script-src '[^']*'; ", "", html))  # so that the policy refuses it
        text = "(document.querySelectorAll('details').forEach(d => d.open = true), document.body.innerText)"
        self.chromium.open("file://%s/bare.html" % self.path)
        bare = self.chromium.run(text)
        self.assertEqual(self.chromium.run("document.querySelectorAll('button, select, input[type=search]').length"), 0)
        for words in ("What to do", "aws ec2 revoke", "Map", "subnet-1", "8443/tcp", "Trend"):
            self.assertIn(words, bare)
        self.chromium.run("document.querySelector('label[for=\"s-high\"]').click()")
        self.assertEqual(self.chromium.run("[...document.querySelectorAll('details.f')].filter(f => f.checkVisibility()).length"), 1)

    def test_tables_stack_on_a_telephone(self):
        self.chromium.call("Emulation.setDeviceMetricsOverride", width=390, height=800, deviceScaleFactor=1, mobile=True)
        self.chromium.open(self.page)
        self.assertEqual(self.chromium.run("getComputedStyle(document.querySelector('table.runs td')).display"), "inline-block")
        self.assertEqual(self.chromium.run("[...document.querySelectorAll('.wide')].filter(w => w.scrollWidth > w.clientWidth).length"), 0)
        self.chromium.call("Emulation.clearDeviceMetricsOverride")


class Causes(unittest.TestCase):
    """Text and Markdown: of findings that one cause has, the cause is told once; what fails comes first."""

    def setUp(self):
        rule = [{"stage": "group", "id": "sg-1:0", "text": "tcp 22-443 from 0.0.0.0/0"}]
        other = [{"stage": "group", "id": "sg-2:0", "text": "tcp 8080 from 0.0.0.0/0"}]
        listed = [verdict("198.51.100.1", 22, "confirmed", "reachable", "open", "high", because=rule), verdict("198.51.100.2", 8080, "confirmed", "reachable", "open", "high", because=other),
                  verdict("198.51.100.3", 22, "confirmed", "reachable", "open", "high", because=rule), verdict("198.51.100.4", 22, "confirmed", "reachable", "open", "medium", because=rule)]
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = pathlib.Path(folder.name) / "v.json"
        self.file.write_text(json.dumps(document(listed)))

    def told(self, form):
        return common.sgproof("report", self.file, "--format", form).stdout

    def test_text_tells_a_cause_once_behind_all_that_it_opens(self):
        told = self.told("text")
        self.assertEqual(told.count("sg-1:0"), 2)  # once a severity
        places = [told.index("198.51.100.%d" % last) for last in (1, 3, 2, 4)]
        self.assertEqual(places, sorted(places))
        self.assertLess(places[1], told.index("sg-1:0"))
        self.assertLess(told.index("sg-1:0"), places[2])

    def test_markdown_has_a_table_a_cause(self):
        told = self.told("markdown")
        headings = [line for line in told.splitlines() if line.startswith("### ")]
        self.assertEqual(headings, ["### high: confirmed", "### high: confirmed", "### medium: confirmed"])
        first = told.split("### ")[1]
        self.assertIn("198.51.100.1 ", first)
        self.assertIn("198.51.100.3 ", first)
        self.assertNotIn("198.51.100.2 ", first)
        self.assertTrue(told.startswith("## ❌ "))
        for block in told.split("\n\n"):
            rows = [line.count("|") for line in block.splitlines() if line.startswith("|")]
            self.assertLessEqual(len(set(rows)), 1, block)


if __name__ == "__main__":
    unittest.main()
