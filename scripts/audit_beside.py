"""The other half of scripts/audit: what stands beside packets and documents. Like it, it shares nothing with sgproof.

  5. What is meant?          Each verdict's intent and severity, by intent.json and the tables of semantics.md and docs/formats.md.
  6. What was judged?        controls.json holds the controls of the packs as they are, each with the result that its evidence comes to.
  7. What moved?             change.json against base/ and before/, for the vantage, and against what answered.
  8. What vouches for it?    The attestation and the timestamp are of this manifest, SHA256SUMS and report.html of these files, and times go together.
It reads archives (1.) and documents (3.) too, and judges exposure.json, vantages and rates. Of the facts of controls it judges what is observed; what a plan meant, what services are,
and who the timestamp authority is, it does not."""
import base64, collections, datetime, fnmatch, hashlib, html, ipaddress, json, pathlib, re, subprocess, tempfile
if __name__ != "__main__": import audit_flows
RECORD = "schema tool_version account_id read_by began ended complete excluded_accounts unread unavailable not_read left_out files".split()  # of snapshot.json
CALL, LOST = set("account_id region service operation code message iam_action".split()), {"path", "why"}
LISTS = {"unread": CALL, "unavailable": CALL, "not_read": LOST, "left_out": LOST, "files": set("file sha256 service operation asked request_ids".split())}
CLOCKS = 15 * 60  # seconds by which two machines may differ
SEVERITY = {"confirmed": ("info", "critical", "medium"), "latent": ("low", "high", "low"), "blocked": ("medium", "medium", "low"),
            "enforced": ("medium", "info", "info"), "unconfirmed": ("low", "medium", "low"), "unverified": ("low", "medium", "low")}
INTENTS = ("expected", "forbidden", "unspecified")
SELECTS = {"instance", "group", "tag", "subnet", "vpc", "account", "address"}
RULE = {"id", "decision", "select", "protocol", "ports", "sources", "owner", "reason", "expires"}
def moment(text):  # RFC 3339, in seconds
    return datetime.datetime.fromisoformat(text).timestamp()
# ---- Beside 1.: archives
HARMLESS = r"(uid|gid|uname|gname|comment|SCHILY\.(fflags|dev|ino|nlink|xattr\..*|acl\..*)|LIBARCHIVE\.(creationtime|xattr\..*))=.*|[mac]time=\d{1,12}(\.\d{0,12})?"
def records(text):  # of a pax header: "LENGTH KEY=VALUE\n" each
    while text:
        length = int(re.match(rb"\d+(?= )", text)[0])
        if length > len(text) or text[length - 1:length] != b"\n" or b"\0" in text[:length]:
            raise ValueError("a header that cannot be read")
        yield text[:length - 1].partition(b" ")[2].decode("utf-8", "surrogateescape")
        text = text[length:]
def entries(data):
    """(name, whether it is a folder, bytes) of each entry of a tar archive: ustar and pax (IEEE Std 1003.1), and GNU. What its readers may
    take differently is refused: sizes and names for all files, two names of one, NULs, links, an end that is none."""
    at, names = 0, None  # what a header before an entry tells: of its name, if anything
    while (head := data[at:at + 512]).strip(b"\0") or len(head) < 512:
        field = lambda low, high: head[low:high].partition(b"\0")[0]
        octal = lambda low, high: int(re.fullmatch(rb" *([0-7]+)[ \0]*", head[low:high])[1], 8)  # and no sign, no _, nothing behind a NUL
        size = int.from_bytes(head[125:136], "big") if head[124:125] == b"\x80" else octal(124, 136)
        posix, kind, body, at = head[257:263] == b"ustar\0", head[156:157], data[at + 512:at + 512 + size], at + 512 + -(-size // 512) * 512
        good = sum(head[:148] + b" " * 8 + head[156:]) == octal(148, 156)
        if not good or len(body) < size or at > len(data) or not posix and head[257:263] != b"ustar " or kind not in b"05xgL\0" or not posix and head[345:346] != b"\0" and kind != b"L":
            raise ValueError("an entry of no POSIX or GNU archive, or neither a file nor a folder")
        if kind in b"xgL" and kind:
            told = [body.removesuffix(b"\0").decode("utf-8", "surrogateescape")] if kind == b"L" else []
            for record in records(body) if kind != b"L" else ():
                if record.startswith("path=") and kind == b"x":
                    told.append(record[5:])
                elif not re.fullmatch(HARMLESS, record, re.S):
                    raise ValueError("a header that readers take differently")
            if names is not None or len(told) > 1 or any("\0" in one for one in told):
                raise ValueError("two names of one file, or one that ends twice")
            names = names if kind == b"g" else told
            continue
        own = (field(345, 500) + b"/" if posix and head[345:346] != b"\0" else b"") + field(0, 100)
        yield names[0] if names else own.decode("utf-8", "surrogateescape"), kind == b"5", body
        names = None
    if names is not None or data[at:].strip(b"\0"):
        raise ValueError("a name of nothing, or something behind its end")
def unpacked(audit, archive, folder):  # the folder of an archive, whose files are written below `folder`
    try:
        if not pathlib.Path(archive).is_file():
            raise ValueError("no folder and no file")
        for name, is_folder, body in entries(pathlib.Path(archive).read_bytes()):
            path = pathlib.PurePosixPath(name)
            there = folder / path
            if path.is_absolute() or ".." in path.parts or re.search(r"//+[^/]|/\.(/|$)", re.sub(r"^(\./)+", "", name)) or not is_folder and (name.endswith("/") or there.exists()) or is_folder and (body or there.is_file()):
                raise ValueError("%s: leads out of it, is there twice, or is no such thing" % name)
            (there if is_folder else there.parent).mkdir(parents=True, exist_ok=True)
            if not is_folder:
                there.write_bytes(body)
    except (ValueError, TypeError) as error:
        raise audit.Unusable("%s: is no archive of evidence: %s" % (archive, error))
    top = [folder] if (folder / "manifest.json").exists() else list(folder.iterdir())
    if len(top) != 1 or not top[0].is_dir():
        raise audit.Unusable("%s: not all below one folder" % archive)
    return top[0]
# ---- Beside 2.: packets that nobody takes
def taken(found, packet):
    """What audit's ip() found in a packet, or None: its checksum is wrong (RFC 9293, 3.1; RFC 768; RFC 792; RFC 4443, 2.3), or it asks as no
    probe does: with a time to live that ends on the way, as a fragment, with flags beside SYN. A sum of the pseudo-header alone is
    one that hardware was to complete."""
    if found is None:
        return None
    source, target, protocol, body = found
    old = len(source) == 4
    size = int.from_bytes(packet[2:4] if old else packet[4:6], "big") + (0 if old else 40)
    fragment, hops = packet[6] & 0x20 if old else packet[6] in (43, 44), packet[8 if old else 7]
    if protocol == 6 and len(body) >= 20 and body[13] & 0x16 == 2 and (body[13] & 0x3f != 2 or hops < 32 or fragment or not 20 <= (body[12] >> 4) * 4 <= len(body)):
        return None
    if size > len(packet) or fragment or protocol not in (1, 6, 17, 58) or size < 20:
        return found  # it can't be told
    words = lambda data: int.from_bytes(data + bytes(len(data) % 2), "big")  # of which the sum is taken modulo 65535, where 65536 is 1 (RFC 1071)
    fold = lambda number: (number - 1) % 0xffff + 1 if number else 0
    at = {6: 16, 17: 6}.get(protocol, 2)
    told = int.from_bytes(body[at:at + 2], "big")
    pseudo = words(source + target) + protocol + len(body) if protocol != 1 else 0
    good = fold(pseudo + words(body)) == 0xffff or protocol != 1 and told == fold(pseudo) or protocol == 17 and old and told == 0
    return found if good else None
# ---- Beside 3.: which documents there are
WRAPPERS = ("data", "Data", "result", "Result", "response", "Response", "output")  # what other tools put around an answer
def values(audit, path):
    """The JSON values of a file: one, or several one after the other, in UTF-8 or UTF-16, of which the zero of the first character tells
    where there is no byte order mark (RFC 8259, 7464; RFC 4627, 3)."""
    data, found, at = path.read_bytes(), [], 0
    wide = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-16-le" if data[1:2] == b"\0" else "utf-16-be" if data[:1] == b"\0" else None
    if not re.match(rb"[\s\x1e\0\xef\xbb\xbf\xff\xfe]*[{[]", data) and not any(kind.encode() in data.replace(b"\0", b"") for kind in audit.KINDS):
        return []  # a note of somebody's, and no document
    text, strict = data.decode(wide or "utf-8-sig"), json.JSONDecoder(object_pairs_hook=audit.once, parse_constant=().index)
    while (at := re.compile("[ \t\r\n\x1e]*").match(text, at).end()) < len(text):
        value, at = strict.raw_decode(text, at)
        found.append(value)
    return found
def documents(audit, folder):
    """(file, document) of every document below a folder: of an array each, of a wrapper what is in it. A list or a record without the key
    of its list is any document of that kind, which is not judged."""
    for path in sorted(path for path in folder.rglob("*") if path.suffix in (".json", ".jsonl", ".ndjson")):
        try:
            found = values(audit, path)
        except (ValueError, RecursionError) as error:
            raise audit.Unusable("%s: %s" % (path.name, error))
        for value in found:
            for document in value if isinstance(value, list) else [value]:
                if not isinstance(document, dict):
                    if any(isinstance(one, dict) and set(one) & set(audit.KINDS) for one in value if isinstance(value, list)):
                        continue
                    raise audit.NotJudged("lists of what are no documents (%s)" % path.name)
                inner = [document[key] for key in document if key in WRAPPERS and isinstance(document[key], dict)]
                members = audit.once([pair for part in (document, *inner) for pair in part.items()])
                odd = {kind.lower() for kind in audit.KINDS} & {key.lower() for key in members if isinstance(members[key], list) and key not in audit.KINDS}
                if odd or not set(members) & set(audit.KINDS) and {"OwnerId", *audit.KINDS.values()} & set(members):
                    raise audit.NotJudged("records without the key of their list (%s)" % path.name)
                yield path, members
def check_exposure(audit, root, before):
    """exposure.json tells of the public addresses of the documents, and of packets from the vantage and some sources of its own what these do."""
    told = {one["address"]: one["exposures"] for one in audit.parse("exposure.json", (root / "exposure.json").read_bytes())["endpoints"] if "/" not in one["address"]}
    if before.why:
        return  # said already
    audit.compare("exposure.json: addresses", sorted(told), sorted(str(address) for address, _, _ in before.places.values()))
    for packed, (address, eni, dormant) in before.places.items():
        exposures = told.get(str(address), []) if not dormant else []
        sources = [audit.vantage_for(before.vantages, address)[0], *map(ipaddress.ip_address, sorted({x["sources"][0].split("/")[0] for x in exposures})[:2])]
        for protocol, word in ((number, word) for word, number in audit.PROTOCOLS.items() if not dormant and (number, address.version) not in ((1, 6), (58, 4))):
            for source, number in ((s, n) for s in sources if s for n in ([(8 if protocol == 1 else 128) * 256] if protocol in (1, 58) else before.cuts(eni, False, protocol))):
                try:
                    ours = before.judge(packed, protocol, number, source)
                except (audit.NotJudged, *audit.ODD) as error:
                    audit.unjudged["exposure.json: %s" % error] += 1
                    continue
                there = [x for x in exposures if x["protocol"] == word and any(audit.within(cidr, source) for cidr in x["sources"]) and (
                    x["from_port"] <= number <= x["to_port"] if protocol in (6, 17) else x["from_type"] <= number >> 8 <= x["to_type"] and x["from_code"] == 0)]
                what = there[0]["path"].replace("two-way", {"exact": "reachable"}.get(there[0]["certainty"], "possible")) if there else "unreachable"
                audit.compare("exposure.json: %s %s %d from %s" % (address, word, number, source), what, ours)
# ---- 5. What is meant?
def ranges(text):  # of "22,80-90" the ends of each part
    return [tuple(int(n) for n in (part.split("-") * 2)[:2]) for part in text.split(",")]
class Intent:
    def __init__(self, audit, document, estate, today):
        self.audit, self.estate, self.today = audit, estate, today
        self.segments, self.rules = document.get("segments", []), [rule for rule in document["rules"] if not {"from", "to"} & set(rule)]
        self.default = audit.word(document["default"], ("allow", "deny"))
        for rule in self.rules:
            if set(rule) - RULE or set(rule.get("select", {})) - SELECTS:
                raise audit.NotJudged("rules of the intent with members that are not known")
            audit.word(rule["decision"], ("allow", "deny"))
    def matches(self, pattern, *values):  # fnmatch(3): where the two may differ, nothing is said
        if "\\" in pattern or "[" in pattern:
            raise self.audit.NotJudged("patterns of the intent with [ or \\")
        return any(value is not None and fnmatch.fnmatchcase(value, pattern) for value in values)
    def selects(self, rule, address, eni):
        select, groups = rule.get("select", {}), self.estate.kinds["SecurityGroups"]
        instance = next((i for r in self.estate.kinds["Reservations"].values() for i in r["Instances"]
                         if i["InstanceId"] == eni.get("Attachment", {}).get("InstanceId")), {})
        held = [name for group in eni["Groups"] for name in (group["GroupId"], groups.get(group["GroupId"], {}).get("GroupName"))]
        key, _, value = select.get("tag", "=").partition("=")
        tags = [tag for tag in eni.get("TagSet", []) + instance.get("Tags", []) if tag["Key"] == key]
        return all((
            "instance" not in select or self.matches(select["instance"], eni.get("Attachment", {}).get("InstanceId")),
            "group" not in select or self.matches(select["group"], *held),
            "tag" not in select or self.matches(value, *(tag["Value"] for tag in tags)),
            "subnet" not in select or self.matches(select["subnet"], eni["SubnetId"]),
            "vpc" not in select or self.matches(select["vpc"], eni["VpcId"]),
            "account" not in select or self.matches(select["account"], eni["OwnerId"]),
            "address" not in select or self.audit.within(select["address"], address)))
    def decides(self, lane, port, source):  # (the rule that decides, or None; the first before it that allowed and has expired, or None)
        address, eni, _ = self.estate.places[lane[0]]
        expired = None
        for rule in self.rules:
            protocol = rule.get("protocol", "any")
            number = self.audit.PROTOCOLS.get(protocol, protocol)
            ports = ranges(rule["ports"]) if "ports" in rule and lane[1] in (6, 17) else [(0, 65535)]
            if protocol not in ("any", "-1", "all") and str(number) != str(lane[1]) or not any(low <= port <= high for low, high in ports):
                continue
            if "sources" in rule and not any(self.audit.within(cidr, source) for cidr in rule["sources"]) or not self.selects(rule, address, eni):
                continue
            if rule["decision"] == "allow" and rule.get("expires") and self.today > rule["expires"]:
                expired = expired or rule
                continue
            return rule, expired
        return None, expired
    def cuts(self, lane, low, high):  # the ports of a verdict from which on another rule may decide
        ends = {end for rule in self.rules if "ports" in rule and lane[1] in (6, 17) for a, b in ranges(rule["ports"]) for end in (a, b + 1)}
        return [low] + sorted(end for end in ends if low < end <= high)
def severity_of(item, intent, rule, expired, dormant):
    if item["verdict"] == "undeclared":
        return "critical" if item["observed"] == "open" else "high"
    if item["verdict"] == "enforced" and intent != "unspecified" and (rule is None or dormant):
        return "info"  # nobody wonders
    told = SEVERITY[item["verdict"]][INTENTS.index(intent)]
    return "medium" if expired and item["verdict"] != "enforced" and told in ("low", "info") else told
def intent_of(audit, root, before, manifest):
    path = root / "intent.json"
    return Intent(audit, audit.parse("intent.json", path.read_bytes()), before, manifest["judged_on"]) if path.exists() else None
def check_meant(audit, root, before, manifest):
    verdicts = audit.parse("verdicts.json", (root / "verdicts.json").read_bytes())["verdicts"]
    intent = intent_of(audit, root, before, manifest)
    for item in verdicts:
        lane, ports = audit.place(item)
        source = audit.vantage_for(before.vantages, ipaddress.ip_address(lane[0]))[0]
        if lane[0] not in before.places or not source or item.get("accepts_everything") or item.get("outage"):
            audit.unjudged["intent and severity where there is no vantage or no such interface, of outages, and of hosts that accept everything"] += 1
            continue
        for port in intent.cuts(lane, ports[0], ports[-1]) if intent else ports[:1]:
            rule, expired = intent.decides(lane, port, source) if intent else (None, None)
            means = "unspecified" if not intent else "expected" if (rule["decision"] if rule else intent.default) == "allow" else "forbidden"
            what, ours = "verdicts.json: " + audit.name(lane, port), severity_of(item, means, rule, expired, before.places[lane[0]][2])
            audit.compare(what + ": intent", item["intent"], means)
            audit.compare(what + ": intent_rule", item["intent_rule"], rule["id"] if rule else None)
            if (means, item["verdict"], item["observed"], item["severity"]) == ("unspecified", "confirmed", "open", "high") and lane[1] in (6, 17):
                audit.unjudged["whether all of the internet reaches a port of administration or a database, which is high"] += 1
            else:
                audit.compare(what + ": severity", item["severity"], ours)
# ---- 6. What was judged?
def result_of(control):  # as its evidence comes to
    found = {"excepted" if entry["result"] == "fail" and entry.get("exception") is not None else entry["result"] for entry in control["evidence"]}
    return ("fail" if "fail" in found else "not-evaluated" if control["missing"] else
            "excepted" if "excepted" in found else "pass" if "pass" in found else "not-applicable")
def exception_of(audit, exceptions, control, subject, today):  # the id of the one that counts, or None
    for one in exceptions:
        patterns = [(one["control"], control)] + ([(one["subject"], subject)] if one.get("subject") is not None else [])
        if any("\\" in pattern or "[" in pattern for pattern, _ in patterns):
            raise audit.NotJudged("patterns of the intent with [ or \\")
        if all(fnmatch.fnmatchcase(value, pattern) for pattern, value in patterns) and today <= one["expires"]:
            return one["id"]
    return None
def asked_of(item):  # "22/tcp", "echo/icmp" of a verdict or a line
    return "echo/" + item["protocol"] if "from_port" not in item else "%s/%s" % ("-".join(map(str, sorted({item["from_port"], item["to_port"]}))), item["protocol"])
def check_facts(audit, root, told, facts, failed_steps):
    """Of what is observed, which the verdicts tell: that nothing undeclared came through, and that all was asked."""
    document = audit.parse("verdicts.json", (root / "verdicts.json").read_bytes())
    failed = sorted(e["subject"] for e in told["evidence"] if (e["fact"], e["result"]) == ("nothing-undeclared", "fail"))
    if "nothing-undeclared" in facts and not any(item.get("accepts_everything") or item.get("answers_on_every_port") for item in document["verdicts"]):
        audit.compare("controls.json: %s: what came through undeclared" % told["id"], failed,
                      sorted("%s %s" % (item["address"], asked_of(item)) for item in document["verdicts"] if item["verdict"] == "undeclared"))
        audit.contradictions["controls.json: %s: passes, and not all is known" % told["id"]] += told["result"] == "pass" and not document["complete"] and not failed_steps
    if "scanned-from-outside" in facts and not failed_steps:  # steps that fail later make it incomplete later
        passed = any((e["fact"], e["result"]) == ("scanned-from-outside", "pass") for e in told["evidence"])
        audit.compare("controls.json: %s: scanned-from-outside passes" % told["id"], passed, document["complete"])
def check_services(audit, root):  # what answers say of themselves is of open ports, and counted as it is told
    *lines, last = audit.lines(root / "observations.jsonl")
    told = [line for line in lines if "service" in line]
    kinds = collections.Counter()
    for line in told:
        kind = "not_identified" if line["service"].get("not_identified") else "unknown" if line["service"].get("name") == "unknown" else "identified"
        kinds[kind] += line.get("to_port", 0) - line.get("from_port", 0) + 1
    audit.contradictions["observations.jsonl: services of ports that are not open"] += any(line["state"] != "open" for line in told)
    counted = last["summary"].get("services")
    if counted or told:
        audit.compare("observations.jsonl: summary.services", {kind: (counted or {}).get(kind) for kind in ("identified", "unknown", "not_identified")},
                      {kind: kinds[kind] for kind in ("identified", "unknown", "not_identified")})
def check_controls(audit, root, manifest):
    document = audit.parse("controls.json", (root / "controls.json").read_bytes())
    packs = [audit.parse(path, (root / path).read_bytes()) for path in manifest["packs"]]
    ours = [json.loads(path.read_bytes()) for path in sorted((pathlib.Path(audit.__file__).resolve().parents[1] / "rules/packs").glob("*.json"))]
    known = {control["id"]: pack["id"] for pack in ours for control in pack.get("controls", ())}
    for pack in packs:
        audit.contradictions["%s: is no id of a pack" % pack["id"]] += not re.fullmatch("[a-z0-9_][a-z0-9._-]*", pack["id"])
        audit.contradictions["%s: has controls of a published pack" % pack["id"]] += any(known.get(control["id"], pack["id"]) != pack["id"] for control in pack["controls"])
    intent = root / "intent.json"
    exceptions = audit.parse("intent.json", intent.read_bytes()).get("exceptions", []) if intent.exists() else []
    audit.compare("controls.json: judged_on", document["judged_on"], manifest["judged_on"])
    audit.compare("controls.json: packs", [pack["id"] for pack in document["packs"]], [pack["id"] for pack in packs])
    for told, pack in zip(document["packs"], packs):
        for key in ("title", "source"):
            audit.compare("controls.json: %s: %s" % (pack["id"], key), told.get(key), pack.get(key))
        audit.compare("controls.json: controls of " + pack["id"], [c["id"] for c in told["controls"]], [c["id"] for c in pack["controls"]])
        for ours, asked in zip(told["controls"], pack["controls"]):
            for key in ("title", "text", "source", "severity"):
                audit.compare("controls.json: %s: %s" % (asked["id"], key), ours.get(key), asked.get(key))
            facts = {fact["fact"] for fact in asked["facts"]}
            check_facts(audit, root, ours, facts, manifest.get("failed"))
            audit.contradictions["controls.json: %s: evidence of facts that it does not ask" % asked["id"]] += any(e["fact"] not in facts for e in ours["evidence"])
            audit.compare("controls.json: %s: result" % asked["id"], ours["result"], result_of(ours))
            for entry in ours["evidence"]:
                wanted = exception_of(audit, exceptions, asked["id"], entry["subject"], manifest["judged_on"]) if entry["result"] == "fail" else None
                audit.compare("controls.json: %s: exception for %s" % (asked["id"], entry["subject"]), entry.get("exception"), wanted)
# ---- 7. What moved?
def check_change(audit, root, before, told, manifest):
    document = audit.parse("change.json", (root / "change.json").read_bytes())
    base = audit.Estate(root / "base", manifest["vantages"])
    groups, counts, moved = document["groups"], collections.Counter(), collections.defaultdict(set)
    pieces = [(group["change"], piece) for group in groups for piece in group["pieces"]]
    counts.update(piece["outcome"] for _, piece in pieces)
    audit.compare("change.json: outcomes", document["outcomes"], {outcome: counts[outcome] for outcome in document["outcomes"]})
    audit.unjudged["what the plan meant"] += bool(document["planned"])
    verdicts, meant = audit.parse("verdicts.json", (root / "verdicts.json").read_bytes()), collections.defaultdict(dict)
    for item in verdicts["verdicts"]:
        audit.put("verdicts.json", meant, item, item["intent"])
    whole = document["answers_before"] and verdicts["complete"] and not document["missing"]
    audit.contradictions["change.json: complete, and not all of before and now is known"] += document["complete"] and not whole
    audit.unjudged["what moved: " + str(base.why)] += bool(base.why)
    for change, piece in [*pieces, *((piece["change"], piece) for piece in document["not_internet"])]:
        if piece["indirect"] or "from_port" not in piece or piece["protocol"] not in audit.PROTOCOLS:
            continue
        lane, ports = audit.place(piece)
        known, forbidden = piece["observed"]["before"] is not None, any(meant[lane].get(port) == "forbidden" for port in ports)
        audit.contradictions["change.json: %s: tells what answered before, which is not known" % audit.name(lane, ports[0])] += known and not document["answers_before"]
        audit.contradictions["change.json: %s: as planned, and the intent forbids it" % audit.name(lane, ports[0])] += (
            not document["planned"] and (change, piece.get("outcome")) == ("opened", "as-planned") and forbidden)
        source, what = audit.vantage_for(before.vantages, ipaddress.ip_address(lane[0]))[0], "change.json: %s: " % audit.name(lane, ports[0])
        states = {line["state"] for line in (told[lane].get(port) for port in ports) if line}
        after, outcome = piece["observed"]["after"], piece.get("outcome")
        if after is not None and piece.get("certainty") is not None:
            audit.contradictions[what + "observed after: the lines say otherwise"] += states != {after}
        wrong = outcome == "as-planned" and (change, after) in (("closed", "open"), ("opened", "filtered"), ("opened", "rejected"), ("opened", "unknown"))
        audit.contradictions[what + "%s, and %s as planned" % (change, after)] += wrong and piece["protocol"] == "tcp"
        if source and outcome not in ("not-done", "elsewhere") and any(audit.within(cidr, source) for cidr in piece["sources"]):
            moved[change] |= {(lane, port) for port in ports}
    for lane in {(packed, protocol) for packed in {**base.places, **before.places} for protocol in (6, 17)} if not base.why and not before.why else ():
        then, now = base.declared(lane), before.declared(lane)
        if (None in {what for _, what in then + now}) or lane[0] not in base.places or lane[0] not in before.places:
            continue  # of new and gone interfaces, more than the port moved
        cuts = sorted({low for low, _ in then + now} | {0})
        for port in cuts:
            there = audit.at(then, port), audit.at(now, port)
            for change, pair in (("opened", ("unreachable", "reachable")), ("closed", ("reachable", "unreachable"))):
                audit.contradictions["change.json: does not say that %s %s" % (audit.name(lane, port), change)] += there == pair and (lane, port) not in moved[change]
                audit.contradictions["change.json: says that %s %s" % (audit.name(lane, port), change)] += there == pair[::-1] and (lane, port) in moved[change]
# ---- 8. What vouches for it?
def check_attestation(audit, root, key, manifest):
    envelope = audit.parse("manifest.dsse.json", (root / "manifest.dsse.json").read_bytes())
    payload, kind = base64.b64decode(envelope["payload"], validate=True), envelope["payloadType"]
    subjects = {one["name"]: one["digest"]["sha256"] for one in audit.parse("manifest.dsse.json: payload", payload)["subject"]}
    ours = {item["path"]: item["sha256"] for item in manifest["files"]} | {"manifest.json": hashlib.sha256((root / "manifest.json").read_bytes()).hexdigest()}
    if (root / "manifest.tsr").exists():
        ours["manifest.tsr"] = hashlib.sha256((root / "manifest.tsr").read_bytes()).hexdigest()
    for name in sorted(set(subjects) | set(ours)):
        audit.compare("manifest.dsse.json: " + name, subjects.get(name, "nothing of it"), ours.get(name, "know no such file"))
    public = subprocess.run(["openssl", "pkey", "-pubin", "-in", key, "-pubout", "-outform", "DER"], capture_output=True).stdout
    whole = {"payloadType": "application/vnd.in-toto+json", "payload": envelope["payload"],
             "signatures": [{"keyid": hashlib.sha256(public).hexdigest(), "sig": (envelope["signatures"] or [{"sig": None}])[0].get("sig")}]}
    audit.contradictions["manifest.dsse.json: is not an envelope of one signature, by this key"] += envelope != whole
    with tempfile.NamedTemporaryFile() as message, tempfile.NamedTemporaryFile() as signature:  # DSSE, version 1: what is signed
        message.write(b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(payload), payload))
        signature.write(base64.b64decode(envelope["signatures"][0]["sig"], validate=True))
        message.flush(), signature.flush()
        good = subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", key, "-rawin", "-in", message.name, "-sigfile", signature.name],
                              capture_output=True).returncode == 0
    audit.compare("manifest.dsse.json", "that this key signed it", "that this key signed it" if good else "that it did not")
def check_timestamp(audit, root, end):
    said = subprocess.run(["openssl", "ts", "-reply", "-in", root / "manifest.tsr", "-text"], capture_output=True, text=True, errors="replace").stdout
    dump = "".join(re.findall(r"^    [0-9a-f]{4} - ((?:[0-9a-f]{2}[ -])+)", said, re.M))
    audit.compare("manifest.tsr: of which", re.sub("[ -]", "", dump), hashlib.sha256((root / "manifest.json").read_bytes()).hexdigest())
    when = re.search(r"^Time stamp: (\w+ +\d+ [\d:]+)(?:\.\d+)? (\d+) GMT", said, re.M)
    stamped = datetime.datetime.strptime(" ".join(when.groups()), "%b %d %H:%M:%S %Y").replace(tzinfo=datetime.timezone.utc).timestamp() if when else 0
    audit.contradictions["manifest.tsr: is of before the run ended"] += stamped + CLOCKS < end
    audit.contradictions["manifest.tsr: no authority granted it"] += not re.search("^Status: Granted", said, re.M)
    audit.unjudged["who stamped the time: sgproof verify --tsa-ca tells"] += 1
def check_chain(audit, root, previous, first, manifest):
    """What it follows is that, and had ended; history/ tells the same of it."""
    data = (pathlib.Path(previous) / "manifest.json").read_bytes()
    there, sha256, history = audit.parse("manifest.json", data), hashlib.sha256(data).hexdigest(), root / "history/runs.json"
    audit.compare("manifest.json: previous", manifest["previous"], sha256)
    audit.contradictions["manifest.json: previous: had not ended when the first packet left"] += moment(there["claims"]["end"]) > first / 1e6 + CLOCKS
    for row in (row for row in (audit.parse("history/runs.json", history.read_bytes())["runs"] if history.exists() else ()) if sha256 == row["manifest_sha256"] or there["run_id"] == row["run_id"]):
        for key, ours in {**{key: there[key] for key in ("run_id", "complete", "vantage", "ports_by_verdict", "ports_by_severity")}, "manifest_sha256": sha256,
                          "begin": there["claims"]["begin"], "end": there["claims"]["end"]}.items():
            audit.compare("history/runs.json: %s of what it follows" % key, row[key], ours)
def check_packets(audit, asked, vantages, manifest):
    """No more probes than the rates allow (a machine that was busy sends some at once), from the ports of the vantage."""
    sent = {lane: [probe for probes, _ in ports.values() for probe in probes] for lane, ports in asked.items()}
    for what, rate, times in [(audit.name(lane, 0), "host_rate", [p[0] for p in probes]) for lane, probes in sent.items()] + [("all", "rate", [p[0] for p in sum(sent.values(), [])])]:
        audit.contradictions["capture.pcap: holds more probes of %s than its %s" % (what, rate)] += bool(times) and len(times) > 2 * manifest[rate] * ((max(times) - min(times)) / 1e6 + 1) + 500
    for lane, probes in sent.items():
        ports = set(audit.vantage_for(vantages, ipaddress.ip_address(lane[0]))[1] or range(65536)) if lane[1] in (6, 17) else range(65536)
        audit.contradictions["capture.pcap: probes of %s left from ports that are none of its vantage's" % audit.name(lane, 0)] += any(probe[2] not in ports for probe in probes)
REASONS = {("open", 6): "syn-ack", ("open", 17): "udp-answer", ("open", 1): "echo-reply", ("open", 58): "echo-reply"}
def check_lines(audit, told, asked):
    """A line says when its first port was first asked, from where, and what answered."""
    lines = {id(line): (lane, line) for lane, ports in told.items() for line in ports.values()}
    for lane, line in lines.values():
        what, low = "observations.jsonl: " + audit.name(lane, line.get("from_port", 0)), line.get("from_port", 0)
        sent = [probe for port in range(low, line.get("to_port", low) + 1) for probe in asked.get(lane, {}).get(port, ((), ()))[0]]
        first = (datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=min(p[0] for p in sent))).strftime("%FT%T.%fZ") if sent else None
        audit.compare(what + ": first_sent", line.get("first_sent"), first)
        audit.contradictions[what + ": source"] += bool(sent) and any(str(ipaddress.ip_address(p[1])) not in (line.get("source") or "") for p in sent)
        wanted = "no-answer" if line["state"] == "filtered" else r"icmp:\d+/\d+" if line["state"] == "rejected" or lane[1] == 17 else "rst|icmp:.*"
        found = REASONS.get((line["state"], lane[1]), wanted)
        audit.contradictions["%s: reason: is not that of what is %s" % (what, line["state"])] += line["state"] != "unknown" and not re.fullmatch(found, line["reason"])
def check_vantages(audit, manifest):
    """One of a family, but for those that ask some only; of the internet, or this machine's own; and known as one can be."""
    vantages, learnt = audit.vantages_of(manifest["vantages"]), manifest["vantages_learnt"]
    whole = [address.version for address, _, targets in vantages if not targets]
    public = lambda address: address.is_global or address.is_loopback or any(audit.within(cidr, address) for cidr in audit.DOCUMENTATION)
    audit.contradictions["manifest.json: vantages: two of a family, or no address that the internet sees"] += len(set(whole)) < len(whole) or not all(public(v[0]) for v in vantages)
    audit.contradictions["manifest.json: vantages: is not how a vantage is written"] += any(str(v[0]) not in text or ":0-65535" in text for v, text in zip(vantages, manifest["vantages"]))
    audit.contradictions["manifest.json: vantages_learnt: is not how vantages are known"] += len(learnt) != len(vantages) or any(
        word not in ("given", "this machine's own address", "EC2 instance metadata") and not re.fullmatch(r"(?i)https://\S+", word) for word in learnt)
def check_times(audit, root, capture, begin, end):
    first = last = last_of_all = None
    for when, _ in audit.frames(capture) if capture else ():  # a machine that is busy captures some a little out of order
        audit.contradictions["capture.pcap: holds packets a second behind those of a later time"] += last is not None and when + 1e6 < last
        first, last, last_of_all = first or when, when, max(last_of_all or when, when)
    if first is not None:
        audit.contradictions["manifest.json: begin: is more than a day before the first packet"] += begin < first / 1e6 - 86400
        audit.contradictions["manifest.json: end: is more than two days after the last packet"] += end > last / 1e6 + 2 * 86400
    read = {}
    for path in sorted(path for side in ("base", "before", "after") for path in (root / side).rglob("snapshot.json")):
        name, told = path.relative_to(root).as_posix(), audit.parse(path.name, path.read_bytes())
        side, _, inside = name.partition("/")
        odd = {member for key in LISTS for one in told.get(key) or () for member in one if member not in LISTS[key] or not isinstance(one[member], list if member == "request_ids" else str | None)}
        strange = sorted(odd | {"excluded_accounts" for one in told.get("excluded_accounts") or () if not isinstance(one, str)} | {key for key in told if key not in RECORD or not isinstance(told[key], {"complete": bool, "excluded_accounts": list, **dict.fromkeys(LISTS, list)}.get(key, str) | None)})
        if told.get("schema") != "sgproof/snapshot/v1" or strange:
            audit.unjudged["%s: what it can do without: schema %s, and members that we do not know, or not of that type: %s" % (name, told.get("schema"), ", ".join(strange) or "none")] += 1
        began, ended = (moment(told[key]) if told.get(key) else None for key in ("began", "ended"))
        if isinstance(told.get("account_id"), str) and isinstance(told.get("read_by"), str):
            audit.compare(name + ": account of read_by", told["read_by"].split(":")[4], told["account_id"])
        asked = []
        for one in told.get("files") or ():
            file, what = path.parent / one["file"], "%s: %s: " % (name, one["file"])
            if file.is_file() and not {"..", "/"} & set(pathlib.PurePath(one["file"]).parts) and one.get("sha256"):
                audit.compare(what + "SHA-256", one["sha256"], hashlib.sha256(file.read_bytes()).hexdigest())
            asked += [moment(one["asked"])] if one.get("asked") else []
            audit.contradictions[what + "asked for at another time"] += bool(one.get("asked")) and not (began or 0) - CLOCKS <= asked[-1] <= (ended or end) + CLOCKS
        times = [time for time in (began, ended, *asked) if time is not None]
        same = side == "after" and (root / "before" / inside).is_file() and (root / "before" / inside).read_bytes() == path.read_bytes()
        audit.contradictions[name + ": ended before it began"] += None not in (began, ended) and ended < began
        if times:
            read[name] = max(times)
            audit.contradictions[name + ": was read after the run ended"] += max(times) > end + CLOCKS
            audit.contradictions[name + ": was read after the first packet"] += side != "after" and first is not None and max(times) > first / 1e6 + CLOCKS
            audit.contradictions[name + ": was read before the last packet"] += side == "after" and not same and first is not None and min(times) < last_of_all / 1e6 - CLOCKS
    audit.unjudged.update("after/%s: is not there: when after/ was read, and what of it, nothing tells" % inside for inside in (path.relative_to(root / "before") for path in (root / "before").rglob("snapshot.json")) if any((root / "after").rglob("*.json")) and not (root / "after" / inside).is_file())
    audit.contradictions.update(name + ": was read before before/" for name in read if name.startswith("after/") and read[name] + CLOCKS < read.get("before/" + name[6:], 0))
PROGRAM = "718e01cc17416a25bfc6b295bffacc4a3d8b6c733f13da18ca9fc3144e198a3f"  # SHA-256 of the script of a report, with its tags: src/report/report.js
def check_report(audit, root):
    """Each finding of note is in the report once, as often as the verdicts hold one; it loads nothing, and runs what sgproof's reports run alone."""
    text = (root / "report.html").read_text(encoding="utf-8")
    verdicts, tags = audit.parse("verdicts.json", (root / "verdicts.json").read_bytes())["verdicts"], re.findall(r"<(\w+)([^>]*)>", text)
    audit.contradictions["report.html: has a program or loads something"] += any(hashlib.sha256(one.encode()).hexdigest() != PROGRAM for one in re.findall(r"<script[^>]*>.*?(?:</script>|$)", text, re.S | re.I)) or any(tag in ("iframe", "img", "link", "object", "embed", "form", "base")
                                                                                or re.search(r"\b(src|on\w+|action)\s*=|href\s*=\s*\"(?!#|https://|\w[\w./%-]*\")", attributes) for tag, attributes in tags)
    if "more are not shown one by one" in text or any(item.get("accepts_everything") for item in verdicts):
        audit.unjudged["findings of a report that holds some of them, or of hosts that accept everything"] += 1
        return
    summaries = collections.Counter(re.findall(r'class="f [^"]*s-(\w+)"><summary><b[^>]*>\w+</b><b>(\w+)</b><code>([^<]*)</code>', text))
    ours = collections.Counter((item["severity"], "outage" if item.get("outage") else item["verdict"], html.escape(asked_of(item))) for item in verdicts if item["severity"] in ("critical", "high", "medium"))
    for finding in {**ours, **summaries}:
        if finding[0] in ("critical", "high", "medium"):
            audit.compare("report.html: findings %s" % " ".join(finding), summaries[finding], ours[finding])
    for item in verdicts:
        audit.contradictions["report.html: does not name %s" % item["address"]] += item["severity"] in ("critical", "high", "medium") and item["address"] not in text
def check_sums(audit, root, manifest):
    if any(set("\\\n\r") & set(item["path"]) for item in manifest["files"]):
        audit.unjudged["SHA256SUMS, of names with backslashes or line ends"] += 1
        return
    ours = "".join("%s  %s\n" % (item["sha256"], item["path"]) for item in manifest["files"] if item["path"] != "SHA256SUMS")
    audit.contradictions["SHA256SUMS: does not hold the files' hashes"] += (root / "SHA256SUMS").read_text() != ours
def check(audit, root, key, previous, before, asked, told, capture, begin, end, manifest):
    """begin, end: in microseconds. What a part cannot judge is named, and costs the other parts nothing."""
    there = lambda name: (root / name).exists()
    moved = there("change.json") or any(one["step"] == "change" for one in manifest.get("failed", ()))
    audit.contradictions["manifest.json: depth, base/ and change.json: of a change all are there, of a run none"] += moved != there("base") or manifest["depth"] == "moved" and not moved
    steps = {"verdicts": "verdicts.json", "controls": "controls.json", "change": "change.json", "report": "report.html", "history": "history/runs.json",
             "capture": "capture.pcap", "timestamp": "manifest.tsr", "signature": "manifest.sig"}
    for one in manifest.get("failed", ()):
        known = one["step"] in (*steps, "services", "second reading") and one["why"]
        audit.contradictions["manifest.json: failed: %s is no step of a run, or does not say why" % one["step"]] += not known
        audit.contradictions["manifest.json: failed: says that %s was not made, and it is there" % steps.get(one["step"])] += one["step"] in steps and there(steps[one["step"]])
    for name in ("exposure.json", "controls.json", "report.html", "SHA256SUMS", *(["change.json"] if moved else [])):
        excused = any(steps.get(one["step"]) == name for one in manifest.get("failed", ()))
        audit.contradictions[name + ": is missing"] += not there(name) and not excused
        audit.unjudged[name + ": is not there, for the run could not make it"] += not there(name) and excused
    parts = [(True, "vantages", lambda: (audit_flows.audit_heads.check(audit, root, before, manifest), check_vantages(audit, manifest), check_packets(audit, asked, before.vantages, manifest), capture and check_lines(audit, told, asked))),
             (there("exposure.json"), "exposure", lambda: check_exposure(audit, root, before)),
             (previous, "the chain", lambda: check_chain(audit, root, previous, next(audit.frames(capture), (begin,))[0] if capture else begin, manifest)),
             (True, "intent and severities", lambda: check_meant(audit, root, before, manifest)),
             (there("controls.json"), "controls", lambda: check_controls(audit, root, manifest)),
             (True, "services", lambda: check_services(audit, root)),
             (True, "segments.json", lambda: audit_flows.check(audit, root, before, manifest, intent_of(audit, root, before, manifest))),
             (there("change.json"), "what moved", lambda: check_change(audit, root, before, told, manifest)),
             (key and there("manifest.dsse.json"), "the attestation", lambda: check_attestation(audit, root, key, manifest)),
             (there("manifest.tsr"), "the timestamp", lambda: check_timestamp(audit, root, end / 1e6)),
             (True, "times", lambda: check_times(audit, root, capture, begin / 1e6, end / 1e6)),
             (there("report.html"), "the report", lambda: check_report(audit, root)),
             (there("SHA256SUMS"), "SHA256SUMS", lambda: check_sums(audit, root, manifest))]
    for _, what, part in (one for one in parts if one[0]):
        try:
            part()
        except audit.NotJudged as error:
            audit.unjudged["%s: %s" % (what, error)] += 1
