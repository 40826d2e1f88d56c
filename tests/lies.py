"""More lies of a maker (tests/forger.py has the first): about times, vantages, canaries, rates, files and what is counted. Of each: what `verify` says of it,
and what scripts/audit does. Packets that are changed are replayed, so that all that can follow does."""
import contextlib
import datetime
import hashlib
import json
import shutil

import common
from forger import without_port

LIES = {}


def lie(verify, audit):
    """verify, audit: what is said, as a regular expression."""
    def take(function):
        LIES[function.__name__] = (function, verify, audit)
        return function
    return take


def moment(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def first_second(forger):
    return forger.packets()[0][0]


def replayed(forger):
    """Everything follows again: from the packets as they are now, too. What no packet tells stays."""
    forger.derive()
    claims = {key: forger.lines("observations.jsonl")[-1]["summary"][key] for key in ("method", "seed", "passes", "dropped", "seconds")}
    done = common.sgproof("probe", forger.path("plan.jsonl"), "--from-capture", forger.path("capture.pcap"), "--tries", forger.manifest["tries"],
                          "--timeout", forger.manifest["timeout_ms"], "-q", "--only", "0.0.0.0/0", "--only", "::/0")
    assert done.returncode in (0, 3), done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    lines[-1]["summary"].update(claims)
    forger.write_lines("observations.jsonl", lines)
    forger.derive()


def summary(forger, **members):
    lines = forger.lines("observations.jsonl")
    told = lines[-1]["summary"]
    told.update(members)
    if "services" in members:  # where the program has it
        behind = ("accepting_everything", "shard")
        told.update({key: told.pop(key) for key in behind if key in told})
    forger.write_lines("observations.jsonl", lines)
    with contextlib.suppress(AssertionError):  # what cannot be read has nothing that follows
        forger.derive()


# ---- Times

@lie('judged_on: "2001-01-01" is not the day on which the first packet left', "judged_on")
def judged_before_it_expired(forger):
    """Exceptions of the intent are judged on a day on which they held, and the run is said to have begun then."""
    forger.claim(begin="2001-01-01T00:00:00.000000Z", judged_on="2001-01-01")
    forger.derive()


@lie("begin: .* is more than a day before the first packet", "begin: is more than a day before")
def begun_long_before(forger):
    forger.claim(begin=moment(first_second(forger) - 3 * 86400))
    forger.derive()


@lie("end: .* is more than two days after the last packet", "end: is more than two days after")
def ended_long_after(forger):
    """What was seen a month ago is said to hold until today."""
    forger.claim(end=moment(first_second(forger) + 30 * 86400))
    forger.derive()


@lie("before/snapshot.json: was read until .*, after the first packet", "before/snapshot.json: was read after the first packet")
def read_after_the_packets(forger):
    """The configuration of before is that of after."""
    forger.path("before/snapshot.json").write_text(json.dumps({"schema": "sgproof/snapshot/v1", "ended": moment(first_second(forger) + 7200)}))
    forger.derive()


def record(forger, side, asked=-60, keep=None, **members):
    """What `sgproof read` would have said of the documents as they are."""
    first, top = first_second(forger), forger.path(side)
    files = [{"file": path.relative_to(top).as_posix(), "sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "service": "ec2", "operation": "DescribeVpcs",
              "asked": moment(first + asked) if isinstance(asked, int) else asked, "request_ids": ["a-b-c"]} for path in sorted(top.glob("**/*.json")) if path.name != "snapshot.json"]
    (top / "snapshot.json").write_text(json.dumps({"schema": "sgproof/snapshot/v1", "account_id": "111122223333", "read_by": "arn:aws:iam::111122223333:user/x",
        "began": moment(first - 90), "ended": moment(first - 30), "complete": True, "unread": [], "unavailable": [], "files": files[:keep], **members}))


def second_record(forger):
    """And of the second reading, behind the packets."""
    first = first_second(forger)
    record(forger, "after", asked=20, began=moment(first + 10), ended=moment(first + 30))


@lie("before/SecurityGroups.json: is not what before/snapshot.json says was read: its SHA-256 is another", "before/snapshot.json: SecurityGroups.json: SHA-256")
def rule_added_after_the_reading(forger):
    """The record tells of the true document; a rule that nobody had made admits what was undeclared."""
    for side in ("before", "after"):
        record(forger, side)
        path = forger.path(side + "/SecurityGroups.json")
        documents = json.loads(path.read_text())
        rules = documents["SecurityGroups"][0]["IpPermissions"]
        rules.append({**rules[0], "FromPort": 22, "ToPort": 22})
        path.write_text(json.dumps(documents))
    forger.derive()


def nested(forger, side, **times):
    """The reading lies in a folder of its account's, with its record."""
    top, inner = forger.path(side), forger.path(side + "/111122223333")
    paths = sorted(top.iterdir())
    inner.mkdir()
    for path in paths:
        path.rename(inner / path.name)
    record(forger, side + "/111122223333", **times)


@lie("before/111122223333/snapshot.json: was read until .*, after the first packet", "before/111122223333/snapshot.json: was read after the first packet")
def account_read_after_the_packets(forger):
    first = first_second(forger)
    nested(forger, "before", asked=7200, began=moment(first + 7100), ended=moment(first + 7300))
    forger.claim(end=moment(first + 20 * 3600))
    forger.derive()


@lie("after/111122223333/snapshot.json: was read from .*, before the last packet", "after/111122223333/snapshot.json: was read before the last packet")
def account_asked_before_the_packets(forger):
    """Of its second reading one document is of before the packets."""
    first = first_second(forger)
    nested(forger, "after", asked=-7200, began=None, ended=moment(first + 30))
    forger.derive()


@lie("base/snapshot.json: was read until .*, after the first packet", "of a change all are there, of a run none")
def base_read_after_the_packets(forger):
    """What a change is compared with is younger than what was asked."""
    shutil.copytree(forger.path("before"), forger.path("base"))
    record(forger, "base", asked=7200, began=moment(first_second(forger) + 7100), ended=moment(first_second(forger) + 7300))
    forger.claim(end=moment(first_second(forger) + 20 * 3600))
    with contextlib.suppress(AssertionError):
        forger.derive()


@lie("before/snapshot.json: .* was asked for before it began, or after it ended", "before/snapshot.json: .*: asked for at another time")
def asked_long_after(forger):
    record(forger, "before", asked=300 * 86400)
    forger.derive()


@lie('before/snapshot.json: asked: "tomorrow" is no moment', "Invalid isoformat string")
def asked_at_no_moment(forger):
    record(forger, "before", asked="tomorrow")
    forger.derive()


def read_by(name, arn):
    LIES[name] = (lambda forger: (record(forger, "before", read_by=arn), forger.derive()), "before/snapshot.json: read_by is of another account than account_id",
                  "before/snapshot.json: account of read_by|list index out of range")


read_by("read_by_another_account", "arn:aws:iam::999900001111:user/x")
read_by("read_by_a_name_that_holds_the_account", "arn:aws:iam::999900001111:user/a:111122223333:b")
read_by("read_by_nobody", "111122223333")


def readings(before=(), after=()):
    """before/ and after/ say when they were read: seconds from the first packet, or words."""
    def told(forger):
        first = first_second(forger)
        for side, times in (("before", before), ("after", after)):
            said = {key: moment(first + time) if isinstance(time, int) else time for key, time in zip(("began", "ended"), times)}
            forger.path(side + "/snapshot.json").write_text(json.dumps({"schema": "sgproof/snapshot/v1", **said}))
        forger.derive()
    return told


for name, told, says, audited in (
        ("after_read_before_before", readings((-120, -60), (-86400 * 30, -86400 * 30 + 9)), "after/snapshot.json: was read before before/", "after/snapshot.json: was read before before/"),
        ("after_of_the_future", readings((-120, -60), (20, 86400 * 200)), "after/snapshot.json: was read until after the run ended", "after/snapshot.json: was read after the run ended"),
        ("after_that_ended_before_it_began", readings((), (20, 10)), "after/snapshot.json: ended before it began", "after/snapshot.json: ended before it began"),
        ("after_read_before_the_packets", readings((-7200, -7100), (-7000, -6900)), "after/snapshot.json: was read from .* on, before the last packet", "after/snapshot.json: was read before the last packet"),
        ("reading_at_no_moment", readings(("yesterday", -60)), 'before/snapshot.json: began: "yesterday" is no moment', "Invalid isoformat string"),
        ("reading_that_ended_at_no_moment", readings((-120, "not a time")), 'before/snapshot.json: ended: "not a time" is no moment', "Invalid isoformat string")):
    LIES[name] = (told, says, audited)


@lie("before/snapshot.json: was read until .*, after the first packet", "before/snapshot.json: was read after the first packet")
def read_after_the_packets_in_another_zone(forger):
    readings((-60, moment(first_second(forger) + 86400 * 400)[:-1] + "+01:00"))(forger)


@lie("begin or end is no moment", "cannot be read as evidence: time data")
def begun_behind_a_space(forger):
    """It sorts before all others."""
    forger.claim(begin=" " + forger.manifest["claims"]["begin"])
    forger.derive()


@lie("frame 1, of .* was sent or heard before the run is said to have begun", "packets of another time")
def begun_a_moment_too_late(forger):
    """By a millionth of a second."""
    seconds, nanoseconds, _ = forger.packets()[0]
    forger.claim(begin=moment(seconds)[:-8] + ".%06dZ" % (nanoseconds // 1000 + 1))
    forger.derive()


@lie("frame 1, of 1970-01-01.*, has no time", "packets of another time")
def packets_without_times(forger):
    forger.write_packets([(0, 0, packet) for _, _, packet in forger.packets()])
    replayed(forger)


@lie("frame 40, of .*, was sent or heard before the run", "packets of another time")
def packet_of_another_year(forger):
    """One frame in the middle is twenty years older."""
    packets = forger.packets()
    packets[39] = (packets[39][0] - 20 * 31557600, *packets[39][1:])
    forger.write_packets(packets)
    replayed(forger)


@lie("frame 40, of .*, was sent or heard after the run", "packets of another time")
def packet_of_next_year(forger):
    packets = forger.packets()
    packets[39] = (packets[39][0] + 31557600, *packets[39][1:])
    forger.write_packets(packets)
    replayed(forger)


@lie("frame 40, of .*, stands behind packets of a later time", "packets a second behind those of a later time")
def packet_out_of_order(forger):
    """One frame in the middle is older than the first, and the run is said to have begun before it."""
    packets = forger.packets()
    packets[39] = (packets[39][0] - 20, *packets[39][1:])
    forger.write_packets(packets)
    forger.claim(begin=moment(first_second(forger) - 30))
    replayed(forger)


# ---- Vantages

@lie("vantages: there are none, and packets left from somewhere", "vantages: there are none")
def no_vantage(forger):
    """Judged for the internet at large, what the vantage cannot reach is declared all the same."""
    forger.claim(vantages=[], vantages_learnt=[])
    replayed(forger)


@lie("vantages: --vantage: two of the same address family", "vantages: two of a family")
def vantage_of_a_family_twice(forger):
    forger.claim(vantages=["192.0.2.9", *forger.manifest["vantages"]], vantages_learnt=["given"] * 3)


@lie("vantages: --vantage 10.0.0.1: is no address that the internet sees", "vantages: .*no address that the internet sees")
def private_vantage(forger):
    """And the packets left from it."""
    old, new = bytes((203, 0, 113, 7)), bytes((10, 0, 0, 1))
    forger.write_packets([(seconds, fraction, packet.replace(old, new)) for seconds, fraction, packet in forger.packets()])
    forger.claim(vantages=["10.0.0.1", forger.manifest["vantages"][1]])


@lie('vantages_learnt: "confirmed by AWS" is not how one is known', "vantages_learnt: is not how vantages are known")
def learnt_from_nobody(forger):
    forger.claim(vantages_learnt=["confirmed by AWS"] * 2)
    with contextlib.suppress(AssertionError):
        forger.derive()


@lie('depth: "moved" is that of a change, and this is none', "of a change all are there, of a run none")
def depth_of_a_change(forger):
    forger.claim(depth="moved")
    with contextlib.suppress(AssertionError):
        forger.derive()


@lie("left from port [0-9]+, which is none of its vantage's", "left from ports that are none of its vantage's")
def ports_of_the_vantage(forger):
    forger.claim(vantages=["203.0.113.7:1", forger.manifest["vantages"][1]])
    replayed(forger)


@lie("vantages: .203.0.113.7:0-65535. is not how a vantage is written", "vantages: is not how a vantage is written")
def vantage_written_otherwise(forger):
    forger.claim(vantages=["203.0.113.7:0-65535", forger.manifest["vantages"][1]])


@lie("previous: is no SHA-256", "previous: is no SHA-256")
def previous_in_words(forger):
    """What it follows is nothing that anybody could give."""
    forger.claim(previous="the run of last month, which was clean, too")


# ---- Canaries and rates

@lie("--canary: 198.51.100.20 is itself asked about", "canary .* is a public address of the documents")
def canary_of_the_estate(forger):
    """An endpoint is called a canary, so that what answers there has no verdict."""
    forger.claim(canaries=["198.51.100.20:22"])
    lines = forger.lines("plan.jsonl")
    for line in lines[1:]:
        if line["protocol"] == "tcp" and "." in line["address"]:
            line["ports"] = without_port(line["ports"], 22)
    lines.append({"address": "198.51.100.20", "protocol": "tcp", "ports": "22", "client_ports": "0-65535", "expect": "possible", "why": ["canary"],
                  "canary": True})
    forger.write_lines("plan.jsonl", lines)


@lie("plan.jsonl: line 1 does not follow", "manifest.json: canaries: ")
def canary_of_no_plan(forger):
    """A place of the maker's own is said to have answered all the while."""
    forger.claim(canaries=["192.0.2.1:443"])


@lie("observations.jsonl: summary.canaries: the packets say otherwise", "observations.jsonl: summary: canaries: ")
def canary_that_was_never_asked(forger):
    forger.claim(canaries=["192.0.2.1:443"])
    forger.derive()


@lie("claims: begin or end is no moment", "cannot be read as evidence: .*2026")
def begun_in_another_zone(forger):
    forger.claim(begin=forger.manifest["claims"]["begin"].replace("Z", "+00:00"))


@lie(r"holds \d+ probes of .*, more than a host_rate of 1 a second", "more probes of 198.51.100.20 tcp 0 than its host_rate")
def slowness_claimed(forger):
    forger.claim(host_rate=1)
    forger.derive()


# ---- What the summary counts

@lie(r"summary\.dropped: ", "summary: counts that cannot be")
def dropped_below_nothing(forger):
    summary(forger, dropped=-5)


@lie(r"summary\.passes: ", "summary: counts that cannot be")
def passes_in_words(forger):
    summary(forger, passes="all")


@lie(r"summary\.seed: ", "summary: counts that cannot be")
def no_seed(forger):
    summary(forger, seed=None)


@lie(r"summary\.seconds: ", "summary: counts that cannot be")
def seconds_below_nothing(forger):
    summary(forger, seconds=-1)


@lie(r"summary\.seconds: ", "summary: counts that cannot be")
def longer_than_the_run(forger):
    summary(forger, seconds=9999.0)


@lie(r"summary\.method: ", "summary: counts that cannot be")
def method_without_packets(forger):
    summary(forger, method="connect")


@lie(r"summary\.method: ", "summary: counts that cannot be")
def method_invented(forger):
    summary(forger, method="by hand")


@lie("observations.jsonl:[0-9]+: service: is of open ports of tcp alone", "observations.jsonl: services of ports that are not open")
def service_of_silence(forger):
    """A port that answers nothing runs something all the same."""
    forger.observe(lambda line: {**line, "service": {"name": "ssh"}} if line["state"] == "filtered" else line)
    with contextlib.suppress(AssertionError):
        summary(forger, services={"identified": 2207, "unknown": 0, "not_identified": 0, "reasons": []})


@lie(r"summary\.services: ", "observations.jsonl: summary.services")
def services_counted(forger):
    summary(forger, services={"identified": 7, "unknown": 0, "not_identified": 0, "reasons": []})


# ---- Steps that failed

def failed_step(name, step, verify, audit, why="the disk was full"):
    def told(forger):
        files = forger.manifest.pop("files")
        forger.manifest.update(complete=False, failed=[{"step": step, "why": why}], files=files)
        with contextlib.suppress(AssertionError):
            forger.derive()
    LIES["failed_" + name] = (told, verify, audit)


failed_step("step_of_none", "approval by AWS", 'failed\\[0\\].step: "approval by AWS" is no step of a run', "failed: approval by AWS is no step of a run")
failed_step("for_no_reason", "services", "failed\\[0\\]: does not say why", "failed: services is no step of a run, or does not say why", why="")
for name in ("controls", "report"):
    failed_step(name + "_that_is_there", name, "failed: says that %s.* was not made, and it is there" % name, "failed: says that %s.* was not made, and it is there" % name)


@lie(r"summary\.passes: ", "summary: counts that cannot be")
def passes_without_end(forger):
    summary(forger, passes=1000000)


@lie("summary: is not written as its values are", "summary: counts that cannot be")
def passes_written_otherwise(forger):
    summary(forger, passes=float(forger.lines("observations.jsonl")[-1]["summary"]["passes"]))


@lie(r"summary\.seed: ", "summary: counts that cannot be")
def seed_too_large(forger):
    summary(forger, seed=2**32)


# ---- Packs that pass for others

def own_pack(name, edit, verify, audit):
    """A pack of the maker's own, whose controls fail where the built-in one's do."""
    def added(forger):
        path = forger.manifest["packs"][0]
        pack, judged = forger.json(path), forger.json("controls.json")
        edit(pack)
        judged["packs"][0].update(id=pack["id"])
        for told, control in zip(judged["packs"][0]["controls"], pack["controls"]):
            told.update(id=control["id"])
        forger.path("packs/own.json").write_text(json.dumps(pack))
        forger.path(path).unlink()
        forger.manifest["packs"][0] = "packs/own.json"
        forger.list_files()
        forger.path("controls.json").write_text(json.dumps(judged))
    added.__name__ = "pack_" + name
    lie(verify, audit)(added)


own_pack("with_controls_of_another", lambda pack: pack.update(id="own"), r'packs/own.json: controls\[0\]: id: "sec-002/.*" is a control of sec-002', "own: has controls of a published pack")
own_pack("in_capitals", lambda pack: pack.update(id=pack["id"].upper()), 'id: "SEC-002", expected small letters', "SEC-002: is no id of a pack")
own_pack("in_other_letters", lambda pack: pack.update(id="s\u0435c-002"), "expected small letters", "is no id of a pack")


# ---- Files

def add_file(name, text):
    def added(forger):
        forger.path(name).parent.mkdir(exist_ok=True)
        forger.path(name).write_text(text)
    added.__name__ = "file_added_" + name.replace("/", "_").replace(".", "_")
    lie(name + ": is no file of evidence", name + ": is no file of evidence")(added)


add_file("index.html", "<h1>No findings. All ports filtered.</h1>")
add_file("Report.html", "<h1>No findings.</h1>")
add_file("history/verdicts.json", "{}")
add_file("packs/more.json", "{}")
add_file("before/z.json.bak", '{"NetworkAcls": []}')
add_file("before/README.txt", "No open ports.")


# ---- What is judged, and what is said of it

@lie("segments.json: .*does not follow", "segments.json: interfaces of segments")
def segments_without_an_interface(forger):
    found = forger.json("segments.json")
    found["segments"][0]["interfaces"] = 0
    forger.path("segments.json").write_text(json.dumps(found))


def control(name, edit, audited):
    def edited(forger):
        found = forger.json("controls.json")
        edit(found["packs"][0]["controls"])
        forger.path("controls.json").write_text(json.dumps(found))
        forger.report()
    edited.__name__ = "control_" + name
    lie("controls.json: .*does not follow", audited)(edited)


def failed(controls):
    return next(one for one in controls if one["result"] == "fail")


control("passed", lambda controls: failed(controls).update(result="pass"), "result: the evidence says pass, we fail")
control("left_out", lambda controls: controls.remove(failed(controls)), "controls of sec-002")
control("in_other_words", lambda controls: failed(controls).update(title="Everything is in order"), "title: the evidence says Everything is in order")
control("of_another_weight", lambda controls: failed(controls).update(severity="low"), "severity: the evidence says low")
control("of_other_facts", lambda controls: failed(controls)["evidence"][0].update(fact="nothing-undeclared-at-all"), "evidence of facts that it does not ask")


def without_undeclared(controls):
    one = next(one for one in controls if one["id"] == "sec-002/nothing-undeclared")
    one.update(result="pass", evidence=[{**one["evidence"][0], "subject": "2212 ports", "result": "pass"}])


control("of_nothing_undeclared", without_undeclared, "sec-002/nothing-undeclared: what came through undeclared")


@lie("verdicts.json: .*does not follow", "intent: the evidence says expected, we forbidden")
def meant_so(forger):
    """What answers undeclared is said to be expected."""
    forger.replace("verdicts.json", '"intent": "forbidden"', '"intent": "expected"')
    forger.count()


@lie("verdicts.json: .*does not follow", "severity: the evidence says info, we critical")
def weighed_less(forger):
    forger.replace("verdicts.json", '"severity": "critical"', '"severity": "info"')
    forger.count()


@lie("verdicts.json: .*does not follow", "intent_rule: the evidence says")
def rule_of_another(forger):
    forger.replace("verdicts.json", '"intent_rule": "web"', '"intent_rule": "ping"')
    forger.count()


@lie("report.html: .*does not follow", "report.html: findings critical undeclared 22/tcp: the evidence says 0, we 1")
def finding_left_out_of_the_report(forger):
    page = forger.path("report.html").read_text()
    at = page.index("<code>22/tcp</code>")
    start, end = page.rindex("<details", 0, at), page.index("</details>", at) + len("</details>")
    forger.path("report.html").write_text(page[:start] + page[end:])


@lie("report.html: .*does not follow", "report.html: has a program or loads something")
def report_that_runs(forger):
    forger.replace("report.html", "<main>", '<main><img src=x onerror="document.body.textContent=String()">')


def signer(name, told, verify):
    def claimed(forger):
        forger.manifest["claims"]["signer"] = told
        forger.derive()
    LIES["signer_" + name] = (claimed, verify, "claims: signer: is not the key given")


signer("of_another_key", "ab" * 32, "claims: signer: is not the key that signed it, SHA256:[0-9a-f]{64}")
signer("in_words", "the auditor's", "claims: signer is no fingerprint of a key")


import lies_of_packets  # noqa: E402  which add to them
import lies_of_steps  # noqa: E402, F401
