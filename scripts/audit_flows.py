"""What audit asks of who reaches whom inside: segments.json, by the documents, one packet at a time.

  9. Who is in which segment, and does each packet between two interfaces of one VPC pass as it is told? By groups, network ACLs and routes; IPv4 and TCP, at the
     ports at which rules begin or end. What is isolated by controls.json is so by segments.json.
 10. Each verdict of what was asked from inside (inside/), by its line, the table and the documents; and what passes there and was not asked.
It is given `audit` (the program beside it) as a module, and adds to what that found. Other VPCs, IPv6, other protocols and what leaves are not judged."""
import collections, datetime, ipaddress, itertools, random
if __name__ != "__main__": import audit_heads
FACTS = {"flows-are-intended", "flows-are-selective", "cde-is-isolated", "cde-not-reached-from-internet", "isolation-is-observed"}
PASS_ON = ("nat_gateway", "natGateway", "transit_gateway", "gateway_load_balancer", "gateway_load_balancer_endpoint")  # are in no segment
PACKETS = 3000  # judged at most, drawn alike each time
TCP, OPEN = 6, range(65536)
def own(eni):  # its primary private address
    return ipaddress.ip_address(next(item["PrivateIpAddress"] for item in eni["PrivateIpAddresses"] if item.get("Primary") or len(eni["PrivateIpAddresses"]) == 1))
class Segments:
    """The document, and who is in which of its segments by `of`."""
    def __init__(self, audit, document, estate, intent):
        self.audit, self.document, self.estate, self.intent = audit, document, estate, intent
        self.tiers = intent.segments if intent and intent.segments else []
        self.boxes, self.addresses = collections.defaultdict(list), {}
        for segment in document["segments"]:
            self.addresses[segment["id"]] = {(part["vpc"], part["family"]): [ipaddress.ip_network(n) for n in part["addresses"]] for part in segment["addresses"]}
        for flow in document["flows"]:
            if (flow["family"], flow["protocol"]) == ("ipv4", "tcp"):
                self.boxes[flow["from"], flow["to"]].append(flow)
    def of(self, eni):
        if not self.tiers:
            return [held["GroupId"] for held in eni["Groups"]] or ["(no group)"]
        address = own(eni)
        return [tier["id"] for tier in self.tiers if self.intent.selects(tier, address, eni)] or ["(others)"]
    def holds(self, told, segment, vpc, address):
        return any(address in network for network in (self.addresses[segment].get((vpc, "ipv4"), []) if told == "all" else map(ipaddress.ip_network, told)))
    def told(self, s, t, port):
        """What the boxes say of a packet: exact, possible or nothing."""
        source, target, found = own(s), own(t), []
        for pair in itertools.product(self.of(s), self.of(t)):
            found += [flow["certainty"] for flow in self.boxes[pair] if flow["from_vpc"] == s["VpcId"] and flow["to_vpc"] == t["VpcId"] and
                      any(low <= port <= high for low, high in spans(flow["ports"])) and
                      self.holds(flow["sources"], pair[0], s["VpcId"], source) and self.holds(flow["destinations"], pair[1], t["VpcId"], target)]
        return "exact" if "exact" in found else found[0] if found else None
def spans(text):
    return [tuple(int(n) for n in (part.split("-") * 2)[:2]) for part in text.split(",")]
def rules_of(audit, estate, eni, egress):
    for held in eni["Groups"]:
        if held["GroupId"] not in estate.kinds["SecurityGroups"]:
            raise audit.NotJudged("groups that are not there")
        yield from estate.kinds["SecurityGroups"][held["GroupId"]]["IpPermissionsEgress" if egress else "IpPermissions"]
def admits(audit, estate, eni, egress, port, peer):
    """Whether some rule of an interface's groups lets the packet through: by address, prefix list, or a group that the peer has."""
    address, held = own(peer), {group["GroupId"] for group in peer["Groups"]}
    if not eni["Groups"]:
        return audit.YES
    ways = [audit.NO]
    for rule in rules_of(audit, estate, eni, egress):
        found, lists = audit.span(TCP, rule), [estate.entries.get(one["PrefixListId"]) for one in rule.get("PrefixListIds", [])]
        if not found or not found[0] <= port <= found[1]:
            continue
        cidrs = [one["CidrIp"] for one in rule.get("IpRanges", [])] + [cidr for one in lists for cidr in one or []]
        named = any(pair["GroupId"] in held for pair in rule.get("UserIdGroupPairs", []))
        ways.append(audit.YES if named or any(audit.within(cidr, address) for cidr in cidrs) else audit.MAYBE if None in lists else audit.NO)
    return max(ways)
def is_local(audit, estate, eni, other):  # the longest route for the other is the VPC's own
    table = estate.of_subnet("RouteTables", eni)
    if table is None or any("DestinationPrefixListId" in route for route in table["Routes"]):
        raise audit.NotJudged("route tables that are not there, or with prefix lists")
    routes = [route for route in table["Routes"] if "DestinationCidrBlock" in route and audit.within(route["DestinationCidrBlock"], other)]
    longest = max(routes, key=lambda route: ipaddress.ip_network(route["DestinationCidrBlock"]).prefixlen, default={})
    if longest.get("GatewayId") != "local":
        raise audit.NotJudged("routes that lead elsewhere within a VPC")
def passes(audit, estate, s, t, port):
    source, target = own(s), own(t)
    lets_out, groups = admits(audit, estate, s, True, port, t), admits(audit, estate, t, False, port, s)
    if s["SubnetId"] == t["SubnetId"] or lets_out == audit.NO:
        return min(lets_out, groups)
    is_local(audit, estate, s, target)  # else what is on the way may send it on by another address, which is admitted
    is_local(audit, estate, t, source)
    groups = min(lets_out, groups)
    if groups == audit.NO:
        return groups
    cuts = sorted(set(estate.cuts(s, False, TCP)) | set(estate.cuts(t, True, TCP)))  # the client's ports at which an ACL's answer may change
    back = max(min(estate.acl(t, True, TCP, client, source), estate.acl(s, False, TCP, client, target)) for client in cuts)
    return min(groups, estate.acl(s, True, TCP, port, target), estate.acl(t, False, TCP, port, source), back)
def ports_of(audit, estate, s, t):
    rules = [*rules_of(audit, estate, s, True), *rules_of(audit, estate, t, False)]
    rules += [entry for acl in estate.kinds["NetworkAcls"].values() for entry in acl["Entries"]]
    return sorted({0} | {n for found in (audit.span(TCP, rule) for rule in rules) if found for n in (found[0], found[1], found[1] + 1) if n in OPEN})
def check_packets(audit, segments, estate, interfaces):
    asked = [(s, t, port) for s, t in itertools.permutations(interfaces, 2) if s["VpcId"] == t["VpcId"] for port in ports_of(audit, estate, s, t)] \
        if len(interfaces) <= 60 else []
    audit.unjudged["segments.json: packets between more than 60 interfaces"] += len(interfaces) > 60
    if len(asked) > PACKETS:
        asked = random.Random(1).sample(asked, PACKETS)
    for s, t, port in asked:
        try:
            ours, told = passes(audit, estate, s, t, port), segments.told(s, t, port)
        except audit.NotJudged as error:
            audit.unjudged["segments.json: %s" % error] += 1
            continue
        what = "segments.json: %s to %s, tcp %d: " % (s["NetworkInterfaceId"], t["NetworkInterfaceId"], port)
        audit.contradictions[what + "is not told, and passes"] += ours != audit.NO and told is None
        audit.contradictions[what + "is told (%s), and does not pass" % told] += ours == audit.NO and told is not None
        audit.contradictions[what + "is told as exact, and is not known"] += ours == audit.MAYBE and told == "exact"
def check_members(audit, segments, interfaces):
    count, held = collections.Counter(), collections.defaultdict(set)
    for eni in interfaces:
        for segment in segments.of(eni):
            count[segment] += 1
            held[segment] |= {(eni["VpcId"], ipaddress.ip_network(item["PrivateIpAddress"])) for item in eni["PrivateIpAddresses"]}
    told = {segment["id"]: segment["interfaces"] for segment in segments.document["segments"]}
    audit.compare("segments.json: interfaces of segments", told, {**dict.fromkeys([t["id"] for t in segments.tiers], 0), **count})
    for segment in set(told) & set(held):
        for vpc in {vpc for vpc, _ in held[segment]}:
            ours = list(ipaddress.collapse_addresses(network for home, network in held[segment] if home == vpc))
            audit.compare("segments.json: addresses of " + segment, [str(n) for n in ipaddress.collapse_addresses(segments.addresses[segment].get((vpc, "ipv4"), []))], [str(n) for n in ours])
def check_isolation(audit, root, segments, ids):
    """What controls.json says of isolation, by the flows that are told: where no interface is in two segments."""
    scopes = {tier["id"]: tier.get("scope", "out-of-scope") for tier in segments.tiers}
    crossing = {"%s to %s" % (flow["from"], flow["to"]) for flow in segments.document["flows"] if flow["certainty"] == "exact" and
                {scopes.get(flow["from"], "out-of-scope"), scopes.get(flow["to"], "out-of-scope")} == {"cde", "out-of-scope"}}
    for pack in audit.parse("controls.json", (root / "controls.json").read_bytes())["packs"]:
        for control in pack["controls"]:
            told = {entry["subject"] for entry in control["evidence"] if (entry["fact"], entry["result"]) == ("cde-is-isolated", "fail")}
            if control["id"] in ids:
                audit.compare("controls.json: %s: what is not isolated" % control["id"], sorted(told), sorted(crossing))
PROBED = b"sgproof: probed with "  # the first record of what `probe --capture` writes is no packet
def check_inside_verdicts(audit, folder, before, plan, seen):
    """Each verdict of what one interface asked: by its line, the table, and, of IPv4 and TCP within its VPC, by the documents; and that nothing is left out."""
    name, verdicts = "inside/%s/verdicts.json" % folder.name, collections.defaultdict(dict)
    interfaces, states = interfaces_of(audit, before)
    asker = next((eni for eni in interfaces if eni["NetworkInterfaceId"] == folder.name), None)
    if not asker:
        raise audit.NotJudged("an interface that asks and is not there")
    by = {(own(eni).packed, TCP): eni for eni in interfaces if eni is not asker and eni["VpcId"] == asker["VpcId"] and
          states.get(eni.get("Attachment", {}).get("InstanceId"), "running") == "running"}
    ours_of = lambda lane, port: ("unreachable", "possible", "reachable")[passes(audit, before, asker, by[lane], port)]
    private = {ipaddress.ip_address(text).packed for eni in before.kinds["NetworkInterfaces"].values() for text in
               [item["PrivateIpAddress"] for item in eni["PrivateIpAddresses"]] + [item["Ipv6Address"] for item in eni.get("Ipv6Addresses", [])]}
    for item in audit.parse(name, (folder / "verdicts.json").read_bytes())["verdicts"]:
        lane, ports = audit.put(name, verdicts, item, item)
        what = "%s: %s: " % (name, audit.name(lane, ports[0]))
        if lane[0] not in private:  # whether those were there, others tell
            audit.unjudged[name + ": verdicts of places outside"] += 1
            continue
        for state in {seen[lane].get(port, {"state": "unknown"})["state"] for port in ports}:
            audit.compare(what + "observed", item["observed"], state)
        verdict = audit.TABLE[item["observed"]][item["declared"] in ("reachable", "possible")]
        verdict = "unconfirmed" if (verdict, item["observed"], lane[1]) == ("blocked", "filtered", audit.UDP) else verdict
        if item["verdict"] != verdict and item["verdict"] in ("unverified", "unconfirmed"):
            audit.unjudged[name + ": verdicts that say less than the table (%s)" % item["verdict"]] += 1
        else:
            audit.compare(what + "verdict", item["verdict"], verdict)
        try:
            for port in (ports[0], ports[-1]) if lane in by else ():
                audit.compare("%s: %s: declared" % (name, audit.name(lane, port)), item["declared"], ours_of(lane, port))
        except audit.NotJudged as error:
            audit.unjudged["%s: what is declared: %s" % (name, error)] += 1
        audit.unjudged[name + ": what is declared but of IPv4 and TCP within the VPC, to instances that run"] += lane not in by
    audit.contradictions.update("%s: says nothing of %s" % (name, audit.name(lane, port)) for lane in seen for port in seen[lane] if port not in verdicts[lane])
    for lane, eni in by.items():
        try:
            audit.unjudged[name + ": what passes, and its plan does not ask"] += sum(
                port not in plan.get(lane, ()) and passes(audit, before, asker, eni, port) == audit.YES for port in ports_of(audit, before, asker, eni))
        except audit.NotJudged as error:
            audit.unjudged["%s: what its plan leaves out: %s" % (name, error)] += 1
def check_inside(audit, folder, before, end):
    """What was asked on one interface inside: the states that are told, by the packets and the plan that are kept beside; and what follows."""
    name = "inside/%s/" % folder.name
    if not (folder / "capture.pcap").exists():
        audit.unjudged[name + "observations.jsonl: there are no packets of it"] += 1
        return
    others, plan = audit.contradictions.copy(), collections.defaultdict(dict)
    audit.contradictions.clear(), audit.strangers.clear()
    for line in audit.lines(folder / "plan.jsonl"):
        if "schema" not in line:
            audit.put("plan.jsonl", plan, line, "canary" if line.get("canary") else line["expect"])
    first = next((packet for _, packet in audit.frames(folder / "capture.pcap")), b"")
    words = first[len(PROBED):].decode().split() if first.startswith(PROBED) else []
    for address, port in (word.rsplit(":", 1) for option, word in zip(words, words[1:]) if option == "--canary"):
        plan[ipaddress.ip_address(address.strip("[]")).packed, audit.TCP].setdefault(int(port), "canary")
    told = dict(zip(words, words[1:]))
    asked = audit.replay(folder / "capture.pcap", plan, 0, end, PROBED)
    seen = audit.check_observations(folder, plan, asked, {"tries": int(told["--tries"]), "timeout_ms": int(told["--timeout"])}, 48 * 3600)
    found = {name + text: count for text, count in audit.contradictions.items()}
    audit.contradictions.clear()
    audit.contradictions.update(others), audit.contradictions.update(found)
    try:
        check_inside_verdicts(audit, folder, before, plan, seen)
    except audit.NotJudged as error:
        audit.unjudged["%sverdicts.json: %s" % (name, error)] += 1
def interfaces_of(audit, before):
    """Those that segments hold, where all are of kinds that are modelled here; and the states of instances."""
    if before.why:
        raise audit.NotJudged(before.why)
    states = {i["InstanceId"]: i["State"]["Name"] for r in before.kinds["Reservations"].values() for i in r["Instances"]}
    interfaces = [eni for eni in before.kinds["NetworkInterfaces"].values() if eni["InterfaceType"] not in PASS_ON and
                  states.get(eni.get("Attachment", {}).get("InstanceId")) != "terminated"]
    if any(eni["InterfaceType"] not in audit.PLAIN or eni.get("Ipv4Prefixes") or eni["Status"] != "in-use" for eni in interfaces):
        raise audit.NotJudged("interfaces of other kinds, delegated prefixes, what is in transition")
    return interfaces, states
def check(audit, root, before, manifest, intent):
    for folder in sorted((root / "inside").iterdir()) if (root / "inside").exists() else ():
        check_inside(audit, folder, before, datetime.datetime.fromisoformat(manifest["claims"]["end"]).timestamp() * 1e6)
    controls = [(control["id"], fact["fact"]) for path in manifest["packs"] for control in audit.parse(path, (root / path).read_bytes())["controls"] for fact in control["facts"]]
    asked = any(fact in FACTS for _, fact in controls)
    there, failed = (root / "segments.json").exists(), any(one["step"] == "controls" for one in manifest.get("failed", ()))
    audit.contradictions["segments.json: is there, and no control asks about flows"] += there and not asked
    audit.unjudged["segments.json: is not there, and controls ask about flows"] += asked and not there
    if not there:
        return
    audit.contradictions["segments.json: is there, and controls were not judged"] += failed
    document = audit.parse("segments.json", (root / "segments.json").read_bytes())
    segments = Segments(audit, document, before, intent)
    interfaces, _ = interfaces_of(audit, before)
    check_members(audit, segments, interfaces)
    check_packets(audit, segments, before, interfaces)
    if all(len(segments.of(eni)) == 1 for eni in interfaces):
        check_isolation(audit, root, segments, {name for name, fact in controls if fact == "cde-is-isolated"})
