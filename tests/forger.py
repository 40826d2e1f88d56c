"""Makes evidence that lies: changes it, lets everything follow that the program itself can make follow (tests/derive.c, `sgproof
report`), seals it again and signs it, as whoever made it could. LIES is the list; each is a function of a Forger, and says how it is known.

forger.py EVIDENCE LIE FOLDER [KEY.pem]   one lie, to look at: FOLDER is made; without a key it is unsigned"""
import base64
import hashlib
import json
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile

import common

DERIVE = os.environ.get("DERIVE", str(pathlib.Path(common.SGPROOF).parent / "derive"))
VOUCHING = ("manifest.json", "manifest.sig", "manifest.dsse.json", "manifest.tsr")


def inline(value):
    """As sgproof writes what stands on one line."""
    return json.dumps(value, ensure_ascii=False)


def document(members):
    """As sgproof writes a document: a member a line, and of its lists of objects an object a line."""
    def text(value, depth):
        if isinstance(value, list) and value and isinstance(value[0], dict):
            return "[\n%s\n%s]" % (",\n".join(" " * (depth + 1) + inline(item) for item in value), " " * depth)
        if isinstance(value, dict) and depth == 1 and ("run_id" in value or "tool_version" in value):
            return "{\n%s\n }" % ",\n".join("  %s: %s" % (inline(k), inline(v)) for k, v in value.items())
        return inline(value)
    return "{\n%s\n}\n" % ",\n".join(" %s: %s" % (inline(k), text(v, 1)) for k, v in members.items())


def seal_folder(folder):
    """Makes any folder one whose files are as they were sealed; evidence it is not."""
    files = [{"path": name, "bytes": (folder / name).stat().st_size, "sha256": hashlib.sha256((folder / name).read_bytes()).hexdigest()}
             for name in sorted(p.name for p in folder.iterdir() if p.name != "manifest.json")]
    counts = [dict.fromkeys(words.split(), 0) for words in ("confirmed latent blocked undeclared enforced unconfirmed unverified", "critical high medium low info")]
    manifest = {"schema": "sgproof/manifest/v1", "run_id": "", "derivation": 1,
                "claims": {"tool_version": "", "title": "", "command": [], "begin": "", "end": ""}, "complete": True, "vantage": None, "vantages": [],
                "vantages_learnt": [], "canaries": [], "depth": "declared", "rate": 1, "host_rate": 1, "tries": 1, "timeout_ms": 50, "judged_on": "", "packs": [],
                "ports_by_verdict": counts[0], "ports_by_severity": counts[1], "previous": None, "files": files}
    run_id = hashlib.sha256(document(manifest).encode()).hexdigest()[:16]
    (folder / "manifest.json").write_text(document({**manifest, "run_id": run_id}))


def sign(key, message):
    """64 bytes, Ed25519, by openssl."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(message)
        file.flush()
        return subprocess.run(["openssl", "pkeyutl", "-sign", "-inkey", key, "-rawin", "-in", file.name], check=True, capture_output=True).stdout


class Forger:
    def __init__(self, evidence, folder, key=None):
        """A copy of evidence, to change; key: a private one, or None."""
        shutil.copytree(evidence, folder)
        self.folder, self.key = pathlib.Path(folder), key
        self.manifest = json.loads((self.folder / "manifest.json").read_text())

    # ---- What is there

    def path(self, name):
        return self.folder / name

    def json(self, name):
        return json.loads(self.path(name).read_text())

    def lines(self, name):
        return [json.loads(line) for line in self.path(name).read_text().splitlines()]

    def write_lines(self, name, lines):
        text = "".join(inline(line) + "\n" for line in lines)
        text = re.sub(r'(seconds": )(\d+\.\d+)(?=[,}])', lambda found: "%s%.3f" % (found[1], float(found[2])), text)  # as the program writes them
        self.path(name).write_text(text)

    def replace(self, name, old, new, count=1):
        text = self.path(name).read_text()
        assert old in text, (name, old)
        self.path(name).write_text(text.replace(old, new, count))

    def observe(self, change):
        """change(line) gives the line that takes its place, or None; the summary's counts are made to fit."""
        lines = self.lines("observations.jsonl")
        told = [line for line in (change(dict(line)) for line in lines if "summary" not in line) if line is not None]
        summary = lines[-1]
        for state in ("open", "closed", "rejected", "filtered", "unknown"):
            summary["summary"][state] = sum(line.get("to_port", 0) - line.get("from_port", 0) + 1 for line in told if line["state"] == state)
        self.write_lines("observations.jsonl", told + [summary])

    def packets(self):
        """[(seconds, nanoseconds, bytes)] of the capture."""
        data, at, found = self.path("capture.pcap").read_bytes(), 24, []
        while at < len(data):
            seconds, fraction, size, _ = struct.unpack("<4I", data[at:at + 16])
            found.append((seconds, fraction, data[at + 16:at + 16 + size]))
            at += 16 + size
        return found

    def write_packets(self, packets):
        head = self.path("capture.pcap").read_bytes()[:24]
        self.path("capture.pcap").write_bytes(head + b"".join(
            struct.pack("<4I", seconds, fraction, len(packet), len(packet)) + packet for seconds, fraction, packet in packets))

    # ---- What follows

    def claim(self, **claims):
        """Members of the manifest, or of its claims."""
        for key, value in claims.items():
            (self.manifest["claims"] if key in self.manifest["claims"] else self.manifest)[key] = value
        self.write_manifest()

    def write_manifest(self):
        self.manifest["run_id"] = ""
        self.manifest["run_id"] = hashlib.sha256(document(self.manifest).encode()).hexdigest()[:16]
        self.path("manifest.json").write_text(document(self.manifest))

    def derive(self, keep=()):
        """Lets follow what can, but for what is lied about in the files of `keep`."""
        kept = {name: self.path(name).read_bytes() for name in keep}
        self.write_manifest()
        done = common.program([DERIVE, self.folder])
        assert done.returncode == 0, done.stderr
        for name, data in kept.items():
            self.path(name).write_bytes(data)
        self.count()

    def observe_packets(self):
        """The observations that the packets tell, and what follows; what the maker claims of the probe is as it was."""
        self.derive()
        file, words = self.folder.with_name(self.folder.name + ".observed"), self.manifest
        done = common.sgproof("probe", self.path("plan.jsonl"), "--from-capture", self.path("capture.pcap"), "--tries", words["tries"],
                              "--timeout", words["timeout_ms"], "-o", file, "-q", "--only", "0.0.0.0/0", "--only", "::/0")
        assert done.returncode in (0, 3), done.stderr
        told = {key: value for line in self.lines("observations.jsonl") for key, value in line.get("summary", {}).items()
                if key in ("seconds", "method", "seed", "passes", "dropped", "services")}
        shutil.move(file, self.path("observations.jsonl"))
        self.write_lines("observations.jsonl", [{"summary": {**line["summary"], **told}} if "summary" in line else line for line in self.lines("observations.jsonl")])
        self.derive()

    def count(self):
        """The counts and the vantage of the manifest, from the verdicts; and the report."""
        verdicts = self.json("verdicts.json")
        for key, member in (("ports_by_verdict", "verdict"), ("ports_by_severity", "severity")):
            self.manifest[key] = {word: sum(v.get("to_port", 0) - v.get("from_port", 0) + 1 for v in verdicts["verdicts"] if v[member] == word)
                                  for word in self.manifest[key]}
        self.manifest.update(complete=verdicts["complete"], vantage=verdicts["vantage"])
        self.report()

    def list_files(self):
        there = sorted(p.relative_to(self.folder).as_posix() for p in self.folder.rglob("*") if p.is_file() and not p.is_symlink())
        digest = lambda name: hashlib.sha256(self.path(name).read_bytes()).hexdigest()
        listed = [name for name in there if name not in VOUCHING]
        self.path("SHA256SUMS").write_text("".join("%s  %s\n" % (digest(name), name) for name in listed if name != "SHA256SUMS"))
        self.manifest["files"] = [{"path": name, "bytes": self.path(name).stat().st_size, "sha256": digest(name)} for name in listed]
        self.write_manifest()

    def report(self):
        self.list_files()
        page = self.folder.with_name(self.folder.name + ".html")
        done = common.sgproof("report", self.folder, "--format", "html", "-o", page)
        assert done.returncode in (0, 3), done.stderr
        shutil.move(page, self.path("report.html"))

    def seal(self):
        """Hashes, run_id, signature and attestation, as the program makes them."""
        self.list_files()
        self.sign()

    def sign(self):
        """The manifest as it is: its run_id, signature and attestation."""
        self.write_manifest()
        for name in VOUCHING[1:]:
            self.path(name).unlink(missing_ok=True)
        if self.key is None:
            return
        data = self.path("manifest.json").read_bytes()
        self.path("manifest.sig").write_bytes(sign(self.key, data))
        subjects = [("manifest.json", hashlib.sha256(data).hexdigest())] + [(f["path"], f["sha256"]) for f in self.manifest["files"]]
        statement = document({
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{"name": name, "digest": {"sha256": sha256}} for name, sha256 in subjects],
            "predicateType": "urn:sgproof:evidence:v1",
            "predicate": {key: {**self.manifest, **self.manifest["claims"]}[key]
                          for key in ("run_id", "tool_version", "begin", "end", "complete", "previous")}}).encode()
        kind = b"application/vnd.in-toto+json"
        signature = sign(self.key, b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(statement), statement))
        public = subprocess.run(["openssl", "pkey", "-in", self.key, "-pubout", "-outform", "DER"], check=True, capture_output=True).stdout
        self.path("manifest.dsse.json").write_bytes(
            b'{"payloadType":"%s","payload":"%s","signatures":[{"keyid":"%s","sig":"%s"}]}\n' % (
                kind, base64.b64encode(statement), hashlib.sha256(public).hexdigest().encode(), base64.b64encode(signature)))


# ---- The lies. Of each: `critical` is the place whose open, undeclared port is to be hidden.

LIES = {}


def lie(function):
    LIES[function.__name__] = function
    return function


def is_critical(line):
    return line["protocol"] == "tcp" and line["from_port"] == 22 and line["state"] == "open"


def declared_only(line):
    """Of the sample's lines those of what is declared: 443 and 444 of the IPv4 address, 443 of the other, and echoes."""
    if line["protocol"] in ("icmp", "icmpv6"):
        return line
    declared = (443, 444) if "." in line["address"] else (443,)
    return {**line, "to_port": line["from_port"]} if line["protocol"] == "tcp" and line["from_port"] in declared else None


def without_port(text, port):
    """A list of ports without one that lies in a range of it."""
    parts = []
    for part in text.split(","):
        low, _, high = part.partition("-")
        low, high = int(low), int(high or low)
        pieces = [(low, high)] if not low <= port <= high else [(low, port - 1), (port + 1, high)]
        parts += ["%d" % a if a == b else "%d-%d" % (a, b) for a, b in pieces if a <= b]
    return ",".join(parts)


@lie
def nothing(forger):
    """No lie: sealed and signed again, it holds, or the forger is none."""


@lie
def observation_dropped(forger):
    """E1: the line of the critical port is dropped; the packets still show it."""
    forger.observe(lambda line: None if is_critical(line) else line)
    forger.derive()


@lie
def only_declared_told(forger):
    """E2: of all lines only those of declared ports stay."""
    forger.observe(declared_only)
    forger.derive()


@lie
def depth_changed(forger):
    """E2: the same, and the run is said to have been of the depth `declared`."""
    forger.observe(declared_only)
    forger.claim(depth="declared")
    forger.derive()


@lie
def state_changed(forger):
    """The critical port is told as filtered."""
    forger.observe(lambda line: {**line, "state": "filtered", "reason": "no-answer"} if is_critical(line) else line)
    forger.derive()


@lie
def state_unknown(forger):
    """The critical port is told as unknown, which claims less."""
    forger.observe(lambda line: {**line, "state": "unknown", "reason": "nothing was heard from anybody"} if is_critical(line) else line)
    forger.derive()


@lie
def capture_removed(forger):
    """E5: the packets are gone, and the critical port is told as filtered."""
    forger.path("capture.pcap").unlink()
    state_changed(forger)


@lie
def silence_told_as_closed(forger):
    """A port that said nothing is told as closed."""
    forger.observe(lambda line: {**line, "state": "closed", "reason": "rst"} if line.get("from_port") == 444 and "." in line["address"] else line)
    forger.derive()


@lie
def unstable_claimed(forger):
    """The critical port is told as unstable, so that it is no drift."""
    forger.observe(lambda line: {**line, "unstable": True} if is_critical(line) else line)
    forger.derive()


@lie
def plan_leaves_out(forger):
    """The critical port was never planned, it says, and no line tells of it; all but the plan follows."""
    lines = forger.lines("plan.jsonl")
    for line in lines[1:]:
        if line["protocol"] == "tcp" and "." in line["address"]:
            line["ports"] = without_port(line["ports"], 22)
    forger.observe(lambda line: None if is_critical(line) else line)
    forger.write_lines("plan.jsonl", lines)
    forger.derive(keep=["plan.jsonl"])


@lie
def verdict_changed(forger):
    """The verdict of the critical port is `enforced`."""
    forger.replace("verdicts.json", '"verdict": "undeclared"', '"verdict": "enforced"')
    forger.count()


@lie
def verdict_dropped(forger):
    """There is no verdict of the critical port."""
    lines = forger.path("verdicts.json").read_text().splitlines(True)
    text = "".join(line for line in lines if '"verdict": "undeclared"' not in line)
    forger.path("verdicts.json").write_text(text.replace(",\n ]", "\n ]"))
    forger.count()


@lie
def declared_changed(forger):
    """The critical port is declared reachable, it says, so that it is confirmed."""
    lines = forger.path("verdicts.json").read_text().splitlines(True)
    forger.path("verdicts.json").write_text("".join(
        line.replace('"unreachable"', '"reachable"').replace('"undeclared"', '"confirmed"') if '"verdict": "undeclared"' in line else line
        for line in lines))
    forger.count()


@lie
def exposure_changed(forger):
    """What is declared to the world is less than the documents say."""
    forger.replace("exposure.json", '"certainty": "exact"', '"certainty": "possible"')


@lie
def severity_changed(forger):
    """The critical finding is called info."""
    forger.replace("verdicts.json", '"severity": "critical"', '"severity": "info"')
    forger.count()


@lie
def counts_changed(forger):
    """E4: the manifest counts no undeclared port."""
    forger.claim(ports_by_verdict={**forger.manifest["ports_by_verdict"], "undeclared": 0})


@lie
def summary_changed(forger):
    """The summary of the observations counts no open port."""
    lines = forger.lines("observations.jsonl")
    lines[-1]["summary"]["open"] = 0
    forger.write_lines("observations.jsonl", lines)


@lie
def complete_claimed(forger):
    """E2: a port is not known, and the manifest says that the run is complete."""
    forger.observe(lambda line: {**line, "state": "unknown", "reason": "local: no route"} if line.get("from_port") == 444 and "." in line["address"] else line)
    forger.derive()
    forger.claim(complete=True)


@lie
def packets_of_another_day(forger):
    """E4: the packets are a day older than the run, and so are the times that lines tell."""
    forger.write_packets([(seconds - 86400, fraction, packet) for seconds, fraction, packet in forger.packets()])


@lie
def times_claimed(forger):
    """E4: the run was in 1999, it says."""
    forger.claim(begin="1999-01-01T00:00:00.000000Z", end="1999-01-01T00:10:00.000000Z", judged_on="1999-01-01")
    forger.derive()


@lie
def vantage_claimed(forger):
    """E4: the packets left from another address than the vantage says."""
    forger.claim(vantages=["192.0.2.99"] + forger.manifest["vantages"][1:])
    forger.observe(lambda line: {k: v for k, v in line.items() if k != "source"})
    forger.derive()


@lie
def details_invented(forger):
    """E4: when a port was asked, how long it took and which frames show it are made up."""
    forger.observe(lambda line: {**line, "rtt_us": 1, "frames": [1, 2], "frame_count": 2, "first_sent": "2001-01-01T00:00:00.000000Z",
                                 "answered": "2001-01-01T00:00:01.000000Z"} if is_critical(line) else line)
    forger.derive()


@lie
def reason_invented(forger):
    """E4: what answered is made up."""
    forger.observe(lambda line: {**line, "reason": "syn-ack, and a login page"} if is_critical(line) else line)
    forger.derive()


@lie
def service_invented(forger):
    """E4: what a service said of itself is made up: no packet shows it."""
    forger.observe(lambda line: {**line, "service": {"name": "honeypot", "product": "of the security team"}} if is_critical(line) else line)
    lines = forger.lines("observations.jsonl")
    told = lines[-1]["summary"]
    accepting = told.pop("accepting_everything")
    told.update(services={"identified": 1, "unknown": 0, "not_identified": 0, "reasons": []}, accepting_everything=accepting)  # in the prober's order
    forger.write_lines("observations.jsonl", lines)
    forger.derive()


@lie
def tool_claimed(forger):
    """E4: version, command and title are the maker's claims."""
    forger.claim(tool_version="9.9.9", command=["run", "--all"], title="Everybody is safe")
    forger.derive()


@lie
def report_replaced(forger):
    """E3: the report says that there is nothing."""
    forger.path("report.html").write_text("<!doctype html><title>No findings</title><p>No findings.")


@lie
def pack_changed(forger):
    """E6: a pack of the same id asks for something that always holds."""
    forger.replace("packs/sec-002.json", '"nothing-undeclared"', '"public-interfaces-are-filtered"')
    forger.derive()


@lie
def exceptions_never_expire(forger):
    """E7: the intent was judged on no day."""
    forger.claim(judged_on="")
    forger.derive()


@lie
def line_in_a_claim(forger):
    """E9: a claim that adds a line to what a checker prints."""
    forger.claim(end=forger.manifest["claims"]["end"] + "\n  ok           signature    Ed25519, by the key given")


@lie
def tries_claimed(forger):
    """Silence is believed after one try, it says."""
    forger.claim(tries=1)
    forger.derive()


@lie
def answers_removed(forger):
    """All answers of the critical port are taken out of the capture, and it is told as filtered. It was a sentinel: that it was asked again
    in vain makes the silence around it unknown. Who takes out what asked again, too, leaves nothing to find: the packets are the maker's."""
    def of_critical(packet):
        source, port = packet[12:16], packet[20:22]
        return packet[0] >> 4 == 4 and packet[9] == 6 and source == bytes((198, 51, 100, 20)) and port == bytes((0, 22))
    forger.write_packets([one for one in forger.packets() if not of_critical(one[2])])
    state_changed(forger)


@lie
def speed_left_out(forger):
    """The manifest does not tell how long was waited, as of before there were sentinels: then silence would need no support."""
    for key in ("rate", "host_rate", "vantages_learnt", "canaries", "timeout_ms"):
        del forger.manifest[key]


@lie
def signature_stripped(forger):
    """E8: a critical port is hidden, and nobody signed."""
    forger.key = None
    verdict_changed(forger)


# ---- Lies that no hash covers, or that break the form: made after the seal.

BROKEN = {}


def broken(function):
    BROKEN[function.__name__] = function
    return function


@broken
def sums_stale(forger):
    """SHA256SUMS lists another hash than the manifest; the seal is whole."""
    digest = next(f["sha256"] for f in forger.manifest["files"] if f["path"] == "verdicts.json")
    forger.replace("SHA256SUMS", digest, "0" * 64)
    forger.manifest["files"] = [{**f, "sha256": hashlib.sha256(forger.path(f["path"]).read_bytes()).hexdigest()} for f in forger.manifest["files"]]
    forger.sign()


@broken
def file_added(forger):
    """A file that the manifest does not list."""
    forger.path("before/more.json").write_text("{}")


@broken
def file_changed(forger):
    """A file is not what the manifest has the hash of."""
    forger.replace("verdicts.json", '"verdict": "undeclared"', '"verdict": "enforced"')


@broken
def file_removed(forger):
    """A file of the manifest is not there."""
    forger.path("controls.json").unlink()


@broken
def link_added(forger):
    """A link, which leads out of the evidence."""
    forger.path("before/link.json").symlink_to("/etc/hostname")


@broken
def path_out_of_the_evidence(forger):
    """A path of the manifest leads out of the evidence."""
    forger.replace("manifest.json", '"capture.pcap"', '"../capture.pcap"')


@broken
def key_twice(forger):
    """A key is twice in a line: the program takes the first, which is true, and other readers the last; the seal is whole."""
    forger.replace("observations.jsonl", '"state": "open"', '"state": "open", "state": "filtered"')
    forger.seal()


@broken
def word_unknown(forger):
    """A state that no document names; the seal is whole."""
    forger.replace("observations.jsonl", '"state": "open"', '"state": "ajar"')
    forger.seal()


def forge(evidence, name, folder, key=None):
    """Evidence in `folder` that tells that lie."""
    forger = Forger(evidence, folder, key)
    if name in LIES:
        LIES[name](forger)
        forger.seal()
    else:
        forger.seal()
        BROKEN[name](forger)
    return forger.folder


if __name__ == "__main__":
    if len(sys.argv) not in (4, 5) or sys.argv[2] not in {**LIES, **BROKEN}:
        sys.exit("%s\nLies:\n%s" % (__doc__, "\n".join("  %-28s %s" % (n, f.__doc__) for n, f in {**LIES, **BROKEN}.items())))
    forge(*sys.argv[1:])
