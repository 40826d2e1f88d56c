"""One packet at a time, straight from the documents: what semantics.md says, as plainly as it can be written.

Shares no code and no idea with the engine: no sets, only loops and comparisons on a single packet. Three values: "yes", "maybe"
(something is missing or not modelled), "no"; the least of several conditions holds.
"""
import functools
import ipaddress

RANK = {"no": 0, "maybe": 1, "yes": 2}
# Protocols of target groups by those of the listeners that may forward to them.
# https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-listeners.html
FORWARDS = {"HTTP": ["HTTP", "HTTPS"], "HTTPS": ["HTTP", "HTTPS"], "TCP": ["TCP", "TCP_UDP"], "TLS": ["TCP", "TLS"], "UDP": ["UDP", "TCP_UDP"],
            "TCP_UDP": ["TCP_UDP"], "QUIC": ["QUIC", "TCP_QUIC"], "TCP_QUIC": ["TCP_QUIC"]}


def least(*values):
    return min(values, key=RANK.get)


def most(values):
    return max(values, key=RANK.get, default="no")


ip_network = functools.lru_cache(maxsize=None)(ipaddress.ip_network)  # the same few texts again and again
ip_address = functools.lru_cache(maxsize=1 << 16)(ipaddress.ip_address)


@functools.lru_cache(maxsize=None)
def ends(cidr):
    network = ip_network(cidr)
    return network.version, int(network[0]), int(network[-1])


def holds(cidr, address):
    version, first, last = ends(cidr)
    return version == address.version and first <= int(address) <= last


class Oracle:
    def __init__(self, estate):
        """estate: {"Vpcs": [...], ...} with a key "entries" for prefix list entries; absent kinds are absent keys."""
        self.estate = estate
        self.records = {}  # group and direction -> [(rule with one peer, its text)]
        for record in self.kind("SecurityGroupRules"):
            one = self.one_rule(record)
            self.records.setdefault(record["GroupId"], {True: [], False: []})[record["IsEgress"]].append(one)

    @staticmethod
    def one_rule(record):
        """A record as a permission with one peer."""
        rule = {"IpProtocol": record["IpProtocol"], "FromPort": record["FromPort"], "ToPort": record["ToPort"], "IpRanges": [], "Ipv6Ranges": [],
                "PrefixListIds": [], "UserIdGroupPairs": []}
        for name, key, peer in (("CidrIpv4", "IpRanges", "CidrIp"), ("CidrIpv6", "Ipv6Ranges", "CidrIpv6"), ("PrefixListId", "PrefixListIds", "PrefixListId")):
            if name in record:
                rule[key].append({peer: record[name]})
        if "ReferencedGroupInfo" in record:
            rule["UserIdGroupPairs"].append({"GroupId": record["ReferencedGroupInfo"]["GroupId"]})
        return rule

    @staticmethod
    def same(rule):
        """What two tellings of one rule with one peer have in common."""
        [peer] = [p.get("CidrIp") or p.get("CidrIpv6") or p.get("PrefixListId") or p["GroupId"]
                  for key in ("IpRanges", "Ipv6Ranges", "PrefixListIds", "UserIdGroupPairs") for p in rule[key]]
        if rule["IpProtocol"] in ("tcp", "udp"):
            return rule["IpProtocol"], rule["FromPort"], rule["ToPort"], peer
        if rule["IpProtocol"] in ("icmp", "icmpv6"):
            return rule["IpProtocol"], rule["FromPort"], -1 if rule["FromPort"] == -1 else rule["ToPort"], peer
        return rule["IpProtocol"], peer

    def rules(self, group, egress=False):
        """(rule, whether it is sure) of a group: where its records contradict its permissions neither is."""
        told = group["IpPermissionsEgress" if egress else "IpPermissions"]
        if group["GroupId"] not in self.records:
            return [(rule, True) for rule in told]
        found = []
        for rule in told:
            for key in ("IpRanges", "Ipv6Ranges", "PrefixListIds", "UserIdGroupPairs"):
                found += [{**rule, "IpRanges": [], "Ipv6Ranges": [], "PrefixListIds": [], "UserIdGroupPairs": [], key: [peer]} for peer in rule[key]]
        recorded = self.records[group["GroupId"]][egress]
        ours, theirs = {self.same(r) for r in found}, {self.same(r) for r in recorded}
        return [(r, self.same(r) in theirs) for r in found] + [(r, False) for r in recorded if self.same(r) not in ours]

    def kind(self, name):
        return self.estate.get(name, [])

    def endpoints(self):
        states = {i["InstanceId"]: i["State"]["Name"] for r in self.kind("Reservations") for i in r["Instances"]}
        for eni in self.kind("NetworkInterfaces"):
            state = states.get(eni.get("Attachment", {}).get("InstanceId"), "running")
            if state == "terminated":
                continue
            dormant = state != "running" or not self.attached(eni)
            for private in eni["PrivateIpAddresses"]:
                for key in ("PublicIp", "CarrierIp", "CustomerOwnedIp"):
                    if key in private.get("Association", {}):
                        yield private["Association"][key], private["PrivateIpAddress"], eni, dormant
            for item in eni["Ipv6Addresses"]:
                yield item["Ipv6Address"], item["Ipv6Address"], eni, dormant
            for item in eni.get("Ipv6Prefixes", []):
                yield item["Ipv6Prefix"], item["Ipv6Prefix"].split("/")[0], eni, dormant

    def attached(self, eni):
        return eni["Status"] != "available" or self.moving(eni) and eni["Attachment"]["Status"] != "detached"

    def moving(self, eni):
        """Whether an interface is neither surely attached nor surely not."""
        return (eni["Status"], eni["Attachment"].get("Status", "attached")) not in (("in-use", "attached"), ("available", "detached"))

    NOTHING_IN = ("nat_gateway", "natGateway", "transit_gateway", "gateway_load_balancer", "gateway_load_balancer_endpoint",
                  "vpc_endpoint", "lambda")
    PRIVATE = ("transit_gateway", "gateway_load_balancer", "gateway_load_balancer_endpoint", "vpc_endpoint")  # but by a public IPv4 address
    PLAIN = ("interface", "efa", "trunk", "branch", "load_balancer", "network_load_balancer")
    SERVICES = ("global_accelerator_managed", "api_gateway_managed", "ec2_instance_connect_endpoint")

    def by_other_gateway(self, address, eni):
        return any(address in (p.get("Association", {}).get("CarrierIp"), p.get("Association", {}).get("CustomerOwnedIp"))
                   for p in eni["PrivateIpAddresses"])

    # 1, 2: does anything arrive from the internet at all?
    def gate(self, address, eni, private):
        kind = eni["InterfaceType"]
        opened = kind in self.PRIVATE if ":" not in address else kind == "vpc_endpoint" and eni.get("DenyAllIgwTraffic") is False
        if kind in self.NOTHING_IN and not opened:
            return "no"
        if self.by_other_gateway(address, eni):
            carried = any(address == p.get("Association", {}).get("CarrierIp") for p in eni["PrivateIpAddresses"])
            return "no" if carried and self.unblocked(eni) == "no" else "maybe"
        denied = eni.get("DenyAllIgwTraffic") and not self.denials_differ(eni)
        if denied and ":" in address:
            return "no"
        answer = least(self.gateway(eni), "maybe" if self.moving(eni) or denied else "yes")
        if eni["InterfaceType"] not in self.PLAIN:
            answer = least(answer, "maybe")
        if ":" in address:
            answer = least(answer, self.advertised(eni, private))
        edge = next((t for t in self.kind("RouteTables") if any(a.get("GatewayId") == "igw-1" for a in t["Associations"])), None)
        attached = any(a["VpcId"] == eni["VpcId"] for g in self.kind("InternetGateways") for a in g["Attachments"]
                       if g["InternetGatewayId"] == "igw-1")
        if edge and attached:
            best = max((r for r in edge["Routes"] if holds(r.get("DestinationIpv6CidrBlock") or r["DestinationCidrBlock"], ip_address(private))),
                       key=lambda r: int((r.get("DestinationIpv6CidrBlock") or r["DestinationCidrBlock"]).split("/")[1]), default=None)
            if best and best.get("GatewayId") != "local":
                answer = least(answer, "maybe")
        return answer

    def advertised(self, eni, private):
        """Whether an IPv6 address is of space that is advertised on the internet, as its subnet or else its VPC says."""
        for holder in [s for s in self.kind("Subnets") if s["SubnetId"] == eni["SubnetId"]] + \
                [v for v in self.kind("Vpcs") if v["VpcId"] == eni["VpcId"]]:
            for block in holder.get("Ipv6CidrBlockAssociationSet", []):
                if holds(block["Ipv6CidrBlock"], ip_address(private)):
                    if block["Ipv6AddressAttribute"] == "private":
                        return "no" if holder.get("State", "available") == "available" else "maybe"
                    return "yes" if block["IpSource"] == "amazon" else "maybe"
        return "yes"

    def listens(self, eni, protocol, number, six):
        ours = eni.get("Description", "").startswith("ELB ") or eni.get("RequesterId") == "amazon-elb"
        if not ours or "LoadBalancers" not in self.estate:
            return "yes"
        balancer = self.balancer(eni)
        if balancer is None:
            return "maybe"
        hears = least(self.hears(balancer, protocol, number), "yes" if balancer["State"]["Code"] == "active" else "maybe")
        if balancer["Scheme"] != "internet-facing" and not six:
            return "no"
        if self.denials_differ(eni):
            return least("maybe", hears)
        denies = eni.get("DenyAllIgwTraffic")  # what the interface says of itself, or else the attribute
        if denies is None:
            denies = {"true": True, "false": False}.get(self.attribute("load-balancer", "front", "ipv6.deny_all_igw_traffic"))
        if balancer["Scheme"] != "internet-facing":
            return {None: least("maybe", hears), True: "no", False: hears}[denies]
        if denies is True:
            return "no" if six else least("maybe", hears)
        return hears

    def balancer(self, eni):
        mark = eni.get("Description", "")
        return next((b for b in self.kind("LoadBalancers") if mark.startswith("ELB ") and b["LoadBalancerArn"].endswith(mark[4:])), None)

    def denials_differ(self, eni):
        """Whether an interface and its load balancer's attribute contradict each other."""
        told = self.attribute("load-balancer", "front", "ipv6.deny_all_igw_traffic") if self.balancer(eni) else None
        return told is not None and "DenyAllIgwTraffic" in eni and (told == "true") != eni["DenyAllIgwTraffic"]

    def hears(self, balancer, protocol, number):
        listeners = [x for x in self.kind("Listeners") if x["LoadBalancerArn"] == balancer["LoadBalancerArn"]]
        if not listeners:
            return "maybe"
        if protocol in (1, 58):
            return "yes" if balancer["Type"] == "application" else "maybe"
        return most(self.takes(x, protocol) for x in listeners if x["Port"] == number)

    def takes(self, listener, protocol):
        if listener["Protocol"] == "NEW" and protocol in (6, 17):
            return "maybe"
        names = {6: ("HTTP", "HTTPS", "TLS", "TCP", "TCP_UDP"), 17: ("UDP", "QUIC", "TCP_UDP")}.get(protocol, ())
        return "yes" if listener["Protocol"] in names else "no"

    def attribute(self, kind, name, key):
        for file, document in self.estate.get("files", {}).items():
            if file.startswith("describe-%s-attributes.%s." % (kind, name)):
                for item in document["Attributes"]:
                    if item["Key"] == key:
                        return item["Value"]
        return None

    def gateway(self, eni):
        attached = [g for g in self.kind("InternetGateways") for a in g["Attachments"]
                    if a["VpcId"] == eni["VpcId"] and a["State"] in ("available", "attached")]
        answer = "yes"
        if not attached:
            if "InternetGateways" not in self.estate:
                answer = "maybe"
            else:
                known = {g["InternetGatewayId"] for g in self.kind("InternetGateways")}
                table = self.table(eni)
                tables = [table] if table else self.kind("RouteTables")  # any may be the subnet's
                strange = [r for t in tables for r in t["Routes"] if r.get("GatewayId", "").startswith("igw-")
                           and r["State"] == "active" and r["GatewayId"] not in known]
                answer = "maybe" if strange else "no"
        answer = least(answer, self.unblocked(eni))
        if not self.settled("Subnets", eni["SubnetId"]) or not self.settled("Vpcs", eni["VpcId"]):
            answer = least(answer, "maybe")
        return answer

    def settled(self, kind, id):
        """Whether a subnet or VPC is there, and in no transition."""
        return any(x.get("State", "available") == "available" for x in self.kind(kind) if x[{"Subnets": "SubnetId", "Vpcs": "VpcId"}[kind]] == id)

    def unblocked(self, eni):
        """Whether VPC Block Public Access leaves packets alone."""
        subnet = next((s for s in self.kind("Subnets") if s["SubnetId"] == eni["SubnetId"]), None)
        vpc = next((v for v in self.kind("Vpcs") if v["VpcId"] == eni["VpcId"] and self.settled("Vpcs", v["VpcId"])), {})
        own = (subnet or {}).get("BlockPublicAccessStates")
        options = self.estate.get("VpcBlockPublicAccessOptions")
        here = options if options and options["AwsRegion"] == "eu-west-3" and options["AwsAccountId"] == "111122223333" else None
        says = own or vpc.get("BlockPublicAccessStates")
        moves = here and here["State"] == "update-in-progress"
        if not says and (here is None or moves):
            return "maybe" if options else "yes"  # what tells of another region knows nothing of this one
        mode, region = (says or here)["InternetGatewayBlockMode"], here["InternetGatewayBlockMode"] if says and here and not moves else None
        both = [e for e in self.kind("VpcBlockPublicAccessExclusions") if e["State"] not in ("delete-complete", "disable-complete")]
        of_subnet = [e for e in both if e["ResourceArn"].endswith("/" + eni["SubnetId"])]
        held = of_subnet + [e for e in both if e["ResourceArn"].endswith("/" + eni["VpcId"])]
        lets_in = any(e["InternetGatewayExclusionMode"] == "allow-bidirectional" and e["State"] in ("create-complete", "update-complete") for e in held)
        any_egress = any(e["InternetGatewayExclusionMode"] == "allow-egress" for e in held)
        blunt = here is not None and here.get("ExclusionsAllowed", "allowed") != "allowed"
        if mode == "off":
            if not own and says and any(e["InternetGatewayExclusionMode"] == "allow-egress" for e in of_subnet):
                return "maybe"
            return "yes" if region in (None, "off") or "VpcBlockPublicAccessExclusions" not in self.estate or (lets_in and not any_egress and not blunt) else "maybe"
        if lets_in:  # whether the mode that a place says counts that, no page tells
            return "maybe" if any_egress or (not says and blunt) or own or (says and not of_subnet) else "yes"
        zone = (subnet or {}).get("AvailabilityZone", eni["AvailabilityZone"])
        settled = self.settled("Subnets", eni["SubnetId"]) and (own or self.settled("Vpcs", eni["VpcId"]))
        if any(e["State"] not in ("create-complete", "update-complete") for e in held) or not settled or \
                (mode == "block-ingress" and "-bos-" in zone) or region == "off":
            return "maybe"
        return "no" if own or "VpcBlockPublicAccessExclusions" in self.estate else "maybe"

    # 3, and its mirror in 5
    def acl(self, eni):
        for acl in self.kind("NetworkAcls"):
            if any(a["SubnetId"] == eni["SubnetId"] for a in acl["Associations"]):
                return acl
        if any(s["SubnetId"] == eni["SubnetId"] for s in self.kind("Subnets")):
            for acl in self.kind("NetworkAcls"):
                if acl["IsDefault"] and acl["VpcId"] == eni["VpcId"]:
                    return acl
        return None

    def acl_allows(self, eni, egress, protocol, number, other):
        acl = self.acl(eni)
        if acl is None:
            return "maybe"
        for entry in sorted(acl["Entries"], key=lambda e: e["RuleNumber"]):
            if entry["Egress"] != egress or entry["Protocol"] not in ("-1", str(protocol)):
                continue
            if not holds(entry.get("Ipv6CidrBlock") or entry.get("CidrBlock"), other):
                continue
            if entry["Protocol"] in ("6", "17") and "PortRange" in entry:
                if not entry["PortRange"]["From"] <= number <= entry["PortRange"]["To"]:
                    continue
            if entry["Protocol"] in ("1", "58") and "IcmpTypeCode" in entry:
                kind, code = entry["IcmpTypeCode"]["Type"], entry["IcmpTypeCode"]["Code"]
                if kind != -1 and (kind != number // 256 or code not in (-1, number % 256)):
                    continue
            return "yes" if entry["RuleAction"] == "allow" else "no"
        return "no"

    # 4
    def groups_count(self, eni):
        """Whether groups are known to apply to this kind of interface."""
        return eni["InterfaceType"] in self.PLAIN + self.NOTHING_IN + self.SERVICES

    def groups_admit(self, eni, protocol, number, source):
        if not self.groups_count(eni):
            return "maybe"
        if "Groups" not in eni:
            return "maybe"
        if not eni["Groups"]:
            return "yes"
        return most(self.group_admits(g["GroupId"], protocol, number, source) for g in eni["Groups"])

    def group_admits(self, group_id, protocol, number, source):
        group = next((g for g in self.kind("SecurityGroups") if g["GroupId"] == group_id), None)
        if group is None:
            return "maybe"
        answers = ["no"]
        for rule, sure in self.rules(group):
            name = {6: "tcp", 17: "udp", 1: "icmp", 58: "icmpv6"}.get(protocol, str(protocol))
            if rule["IpProtocol"] not in ("-1", name):
                continue
            if rule["IpProtocol"] in ("tcp", "udp") and not rule["FromPort"] <= number <= rule["ToPort"]:
                continue
            if rule["IpProtocol"] in ("icmp", "icmpv6") and rule["FromPort"] != -1:
                if rule["FromPort"] != number // 256 or rule["ToPort"] not in (-1, number % 256):
                    continue
            cidrs = [r["CidrIp"] for r in rule["IpRanges"]] + [r["CidrIpv6"] for r in rule["Ipv6Ranges"]]
            for item in rule["PrefixListIds"]:
                entries = self.estate["entries"].get(item["PrefixListId"])
                if entries is None:
                    answers.append("maybe")
                else:
                    cidrs += entries
            if any(holds(cidr, source) for cidr in cidrs):
                answers.append("yes" if sure else "maybe")
        return most(answers)

    # 5
    def table(self, eni):
        for table in self.kind("RouteTables"):
            if any(a.get("SubnetId") == eni["SubnetId"] for a in table["Associations"]):
                return table
        if any(s["SubnetId"] == eni["SubnetId"] for s in self.kind("Subnets")):
            for table in self.kind("RouteTables"):
                if table["VpcId"] == eni["VpcId"] and any(a["Main"] for a in table["Associations"]):
                    return table
        return None

    def target_brings_back(self, eni, route):
        if route["State"] != "active":
            return "no"
        gateway = route.get("GatewayId", "")
        if gateway.startswith("igw-"):
            for item in self.kind("InternetGateways"):
                if item["InternetGatewayId"] == gateway:
                    return "yes" if any(a["VpcId"] == eni["VpcId"] and a["State"] in ("available", "attached")
                                        for a in item["Attachments"]) else "no"
            return "maybe"
        if gateway.startswith("vpce-"):
            kinds = [e["VpcEndpointType"] for e in self.kind("VpcEndpoints") if e["VpcEndpointId"] == gateway]
            return "no" if kinds == ["Gateway"] else "maybe"
        if "NetworkInterfaceId" in route:
            return "maybe"
        return "no"

    def reply_leaves(self, eni, source):
        table = self.table(eni)
        if table is None:
            return "maybe"
        best, unknown, equals = None, [], []
        for route in table["Routes"]:
            listed = route.get("DestinationPrefixListId")
            if listed and self.estate["entries"].get(listed) is None:
                unknown.append(self.target_brings_back(eni, route))
                continue
            cidrs = self.estate["entries"][listed] if listed else [
                route.get("DestinationIpv6CidrBlock") or route["DestinationCidrBlock"]]
            for cidr in cidrs:
                if holds(cidr, source):
                    propagated = route.get("Origin") in ("EnableVgwRoutePropagation", "Advertisement")
                    rank = (int(cidr.split("/")[1]), -2 if propagated else -1 if listed else 0)
                    if best is not None and rank == best[0]:
                        equals.append(self.target_brings_back(eni, route))
                    if best is None or rank > best[0]:
                        best, equals = (rank, route), []
        known = self.target_brings_back(eni, best[1]) if best else "no"
        if any(answer != known for answer in equals):
            known = "maybe"  # either may hold
        if all(answer == known for answer in unknown):
            return known
        # Any of them may be the one that counts.
        return "maybe" if RANK[most(unknown + [known])] > 0 else "no"

    def public(self, cidr):
        private = [ip_network(p) for p in ("10.0.0.0/8", "100.64.0.0/10", "198.18.0.0/15", "fc00::/7")]
        network = ip_network(cidr)
        return not any(network.version == p.version and network.subnet_of(p) for p in private)

    def accelerated(self, target, protocol, number, source):
        """By the documents of accelerators: no, possible or exact. `None` where they do not say whose the service's interface in the target's
        subnet is: only endpoints that keep their clients' addresses have one."""
        files, answer, told = self.estate["files"], "no", False
        homes = {i["Attachment"].get("InstanceId"): i for i in self.kind("NetworkInterfaces")}
        for group in files["ga-groups.json"]["EndpointGroups"]:
            listener = next(x for x in files["ga-listeners.json"]["Listeners"] if group["EndpointGroupArn"].startswith(x["ListenerArn"] + "/"))
            accelerator = next(x for x in files["ga-accelerators.json"]["Accelerators"] if listener["ListenerArn"].startswith(x["AcceleratorArn"] + "/"))
            moved = {o["ListenerPort"]: o["EndpointPort"] for o in group["PortOverrides"]}
            ranges = [(r["FromPort"], r["ToPort"]) for r in listener["PortRanges"]]
            comes = any(low <= number <= high for low, high in ranges) and number not in moved or any(
                to == number and any(low <= at <= high for low, high in ranges) for at, to in moved.items())
            for endpoint in group["EndpointDescriptions"]:
                home = homes.get(endpoint["EndpointId"])
                told = told or home and home["SubnetId"] == target["SubnetId"] and endpoint["ClientIPPreservationEnabled"]
                if home is not target or not comes or not accelerator["Enabled"] or listener["Protocol"] != {6: "TCP", 17: "UDP"}[protocol]:
                    continue
                if ":" in source and accelerator["IpAddressType"] == "IPV4":
                    continue
                sure = accelerator["Status"] == "DEPLOYED" and endpoint["Weight"] and group["TrafficDialPercentage"] and ":" not in source
                admitted = self.let_to(target, protocol, number, source, endpoint["ClientIPPreservationEnabled"])
                if admitted == "exact" and not (sure and endpoint["ClientIPPreservationEnabled"]):
                    admitted = "possible"
                answer = admitted if answer == "no" or admitted == "exact" else answer
        return answer if told or answer != "no" else None

    def before_groups(self, target):
        """What is decided of a target to which a service brings clients before its groups are asked: no, possible or exact; None: they decide."""
        states = {i["InstanceId"]: i["State"]["Name"] for r in self.kind("Reservations") for i in r["Instances"]}
        if target["InterfaceType"] in ("nat_gateway", "natGateway", "lambda") + self.SERVICES or not self.attached(target) or \
                states.get(target["Attachment"].get("InstanceId")) == "terminated" or self.gateway(target) == "no":
            return "no"
        if not target["Groups"] or target["InterfaceType"] not in self.PLAIN + self.PRIVATE:
            return "exact" if target["InterfaceType"] in self.PLAIN else "possible"
        return None

    def let_to(self, target, protocol, number, source, keeps):
        """What a target's groups, and AWS's own conditions, say of a client that Global Accelerator brings."""
        decided = self.before_groups(target)
        if decided:
            return decided
        found = "no"
        for group_id in (g["GroupId"] for g in target["Groups"]):
            group = next((g for g in self.kind("SecurityGroups") if g["GroupId"] == group_id), None)
            if group is None:
                return "possible"
            for rule, sure in self.rules(group):
                if not self.matches(rule, protocol, number):
                    continue
                services = [i for i in self.kind("NetworkInterfaces") if i["InterfaceType"] == "global_accelerator_managed"
                            and i["SubnetId"] == target["SubnetId"]]
                own = {g["GroupId"] for i in services for g in i["Groups"]}
                cidrs = [r["CidrIp"] for r in rule["IpRanges"]] + [r["CidrIpv6"] for r in rule["Ipv6Ranges"]]
                for item in rule["PrefixListIds"]:
                    if item["PrefixListId"] not in self.estate["entries"]:
                        found = "possible" if found == "no" else found
                    cidrs += self.estate["entries"].get(item["PrefixListId"], [])
                if own & {p["GroupId"] for p in rule["UserIdGroupPairs"]}:
                    found = "possible" if found == "no" else found
                public = [c for c in cidrs if (":" in c) == (":" in source) and self.public(c)]
                if keeps and public and any(holds(c, ip_address(source)) for c in cidrs):
                    if sure:
                        return "exact"
                    found = "possible"
                inner = [ip_address(p["PrivateIpAddress"]) for i in services for p in i["PrivateIpAddresses"]]
                if not keeps and (public or any(holds(c, address) for c in cidrs for address in inner) or "0.0.0.0/0" in cidrs):
                    found = "possible" if found == "no" else found
        return found

    def originated(self, own, target, number, source):
        """By the documents of VPC origins whose targets are instances: no, possible or exact, of one TCP packet of a viewer. None: they tell of none here."""
        files, answer, told = self.estate["files"], "no", False
        distributions = files["distributions.json"]["DistributionList"]["Items"]
        for origin in (d["VpcOrigin"] for d in files.values() if "VpcOrigin" in d):
            config = origin["VpcOriginEndpointConfig"]
            home = next(i for i in self.kind("NetworkInterfaces") if i["Attachment"].get("InstanceId") == config["Arn"].split("/")[1])
            told = True
            ports = {"http-only": [config["HTTPPort"]], "https-only": [config["HTTPSPort"]]}.get(
                config["OriginProtocolPolicy"], [config["HTTPPort"], config["HTTPSPort"]])
            if home is not target or number not in ports:
                continue
            used = any(o["VpcOriginConfig"]["VpcOriginId"] == origin["Id"] for d in distributions if d["Enabled"] and not d["Staging"] and
                       d["DefaultCacheBehavior"]["TargetOriginId"] == "o" for o in d["Origins"]["Items"])
            admitted = self.admits_origin(own, target, number, config.get("IpAddressType"))
            if admitted == "exact" and (":" in source or not used or origin["Status"] != "Deployed"):
                admitted = "possible"
            answer = admitted if answer == "no" or admitted == "exact" else answer
        return answer if told else None

    @staticmethod
    def asks_by_ipv6(own, target, word=None):
        """The IPv6 addresses by which a service's interface may ask a target; `word`: what its document says of that. None: by one that is not told."""
        theirs = [ip_address(a["Ipv6Address"]) for a in own["Ipv6Addresses"]]
        if word == "ipv4" or not target["Ipv6Addresses"] or (word is None and not theirs):
            return []
        return theirs or [None]

    def admits_origin(self, own, target, number, word):
        """Whether a target lets CloudFront's interface in: its group, its addresses, or everybody. By IPv6 it is never sure."""
        decided = self.before_groups(target)
        if decided:
            return decided
        answers = []
        for group_id in (g["GroupId"] for g in target["Groups"]):
            group = next((g for g in self.kind("SecurityGroups") if g["GroupId"] == group_id), None)
            answers += ["possible"] if group is None else []
            for rule in group["IpPermissions"] if group else []:
                if not self.matches(rule, 6, number):
                    continue
                cidrs = [r["CidrIp"] for r in rule["IpRanges"]]
                for item in rule["PrefixListIds"]:
                    entries = self.estate["entries"].get(item["PrefixListId"])
                    # No estate tells the name of a list: one of internet addresses may be CloudFront's own.
                    answers += ["possible"] * (entries is None or any(not c.startswith("10.") for c in entries))
                    cidrs += self.estate["entries"].get(item["PrefixListId"], [])
                if any(holds(r["CidrIpv6"], a) if a else r["CidrIpv6"] == "::/0" for r in rule["Ipv6Ranges"] for a in self.asks_by_ipv6(own, target, word)) or \
                        any(a and holds(c, a) for c in cidrs for a in self.asks_by_ipv6(own, target, word)):
                    answers.append("possible")
                theirs = [ip_address(p["PrivateIpAddress"]) for p in own["PrivateIpAddresses"]]
                if any(p in rule["UserIdGroupPairs"] or p["GroupId"] in [q["GroupId"] for q in rule["UserIdGroupPairs"]] for p in own["Groups"]) or \
                        any(holds(c, a) for c in cidrs for a in theirs):
                    answers.append("exact")
        return "exact" if "exact" in answers else "possible" if answers else "no"

    def bridged(self, bridge, target, protocol, number, source):
        """Whether a service may bring an internet client by its interface to a target's private address."""
        states = {i["InstanceId"]: i["State"]["Name"] for r in self.kind("Reservations") for i in r["Instances"]}
        accelerator = bridge["InterfaceType"] == "global_accelerator_managed"
        source, owns = ip_address(source), [ip_address(p["PrivateIpAddress"]) for p in bridge["PrivateIpAddresses"]]
        owns += [] if accelerator else self.asks_by_ipv6(bridge, target)
        if target["InterfaceType"] in self.NOTHING_IN + self.SERVICES or not self.attached(target) or \
                states.get(target["Attachment"].get("InstanceId")) == "terminated":
            return False
        if accelerator and (target["SubnetId"] != bridge["SubnetId"] or self.gateway(target) == "no"):
            return False
        if protocol != 6 and not (accelerator and protocol == 17):
            return False
        if self.listens({**target, "DenyAllIgwTraffic": False}, protocol, number, True) == "no":
            return False
        if not target["Groups"] or target["InterfaceType"] not in self.PLAIN:
            return True
        for group_id in (g["GroupId"] for g in target["Groups"]):
            group = next((g for g in self.kind("SecurityGroups") if g["GroupId"] == group_id), None)
            if group is None:
                return True
            for rule, _ in self.rules(group):
                if rule["IpProtocol"] not in ("-1", {6: "tcp", 17: "udp"}[protocol]):
                    continue
                if rule["IpProtocol"] != "-1" and not rule["FromPort"] <= number <= rule["ToPort"]:
                    continue
                if any(p["GroupId"] == g["GroupId"] for p in rule["UserIdGroupPairs"] for g in bridge["Groups"]):
                    return True
                cidrs = [r["CidrIp"] for r in rule["IpRanges"]] + [r["CidrIpv6"] for r in rule["Ipv6Ranges"]]
                for item in rule["PrefixListIds"]:
                    if item["PrefixListId"] not in self.estate["entries"]:
                        return True
                    cidrs += self.estate["entries"][item["PrefixListId"]]
                if any(holds(cidr, own) for cidr in cidrs for own in owns):
                    return True
                public = any(self.public(c) for c in cidrs if (":" in c) == (source.version == 6))  # else it is none for the internet
                if accelerator and public and any(holds(cidr, source) for cidr in cidrs):
                    return True
        return False

    REPLIES = {(1, 8): 0, (1, 13): 14, (58, 128): 129}

    def judge(self, address, private, eni, protocol, number, source, client_port):
        """("two-way" | "inbound-only" | None, "exact" | "possible") for one packet from one client port."""
        source = ip_address(source)
        arrives = least(self.gate(address, eni, private), self.listens(eni, protocol, number, ":" in private), self.acl_allows(eni, False, protocol, number, source),
                        self.groups_admit(eni, protocol, number, source))
        if arrives == "no":
            return None, None
        back = "maybe" if self.by_other_gateway(address, eni) else self.reply_leaves(eni, source)
        if protocol in (1, 58):
            reply = self.REPLIES.get((protocol, number // 256))
            back = "no" if reply is None else least(
                back, self.acl_allows(eni, True, protocol, reply * 256, source))
        else:
            back = least(back, self.acl_allows(eni, True, protocol, client_port, source))
        path = "inbound-only" if back == "no" else "two-way"
        sure = arrives == "yes" and back in ("yes", "no")
        return path, "exact" if sure else "possible"

    # ---- Behind a load balancer: one client, one listener, one target

    EDGES = sorted({p + d for p in (0, 1, 22, 23, 80, 443, 1023, 1024, 3306, 8080, 32767, 32768, 49152, 65534, 65535)
                    for d in (-1, 0, 1) if 0 <= p + d <= 65535})

    def comes_to(self, node, listener, protocol, source):
        """Whether the client reaches the listener two-way at one node, from some port of its choice."""
        answers = []
        for address, private, eni, _ in self.endpoints():
            if eni is not node or (":" in private) != (":" in source) or self.takes(listener, protocol) == "no":
                continue
            for port in self.EDGES:
                path, certainty = self.judge(address, private, eni, protocol, listener["Port"], source, port)
                if path == "two-way":
                    answers.append("yes" if certainty == "exact" else "maybe")
        answers += ["maybe" for _ in self.bring("global_accelerator_managed", node, listener, protocol, source)]
        return most(answers)

    def bring(self, kind, node, listener, protocol, source):
        """The interfaces of services of a kind that bring the client to the listener at one node."""
        for bridge in self.kind("NetworkInterfaces"):
            if bridge is not node and bridge["InterfaceType"] == kind and self.takes(listener, protocol) != "no" and \
                    self.bridged(bridge, node, protocol, listener["Port"], source):
                yield bridge

    def forwards(self, listener, group, source):
        """Whether the listener passes this client on to a target group."""
        arn, address = group["TargetGroupArn"], ip_address(source)
        of = listener["ListenerArn"].replace(":listener/", ":listener-rule/") + "/"
        told = [r for r in self.kind("Rules") if r["RuleArn"].startswith(of)]
        rules = sorted((r for r in told if not r["IsDefault"]), key=lambda r: int(r["Priority"]))
        rules.append({"Conditions": [], "Actions": listener["DefaultActions"]})
        strange = any(a["Type"] == "new-word" for r in rules for a in r["Actions"])
        answer, over, taken, met = "no", False, False, []
        for rule in rules:
            fields = [c["Field"] for c in rule["Conditions"]]
            sources = [v for c in rule["Conditions"] if c["Field"] == "source-ip" for v in c["SourceIpConfig"]["Values"]]
            if over or ("source-ip" in fields and not any(holds(v, address) for v in sources)):
                continue
            asks = [c for c in rule["Conditions"] if c["Field"] != "source-ip"]
            if any(all(c in asks for c in before) for before in met):
                continue  # what meets these conditions met those before
            unknown = any(a["Type"] == "new-word" for a in rule["Actions"])
            login = any(a["Type"] == "authenticate-oidc" for a in rule["Actions"])  # who has none does not get there
            for action in rule["Actions"]:
                config = action.get("ForwardConfig", {})
                weights = {t["TargetGroupArn"]: t["Weight"] for t in config.get("TargetGroups", [])}
                if "TargetGroupArn" in action:
                    weights[action["TargetGroupArn"]] = 1
                if weights.get(arn, 0) > 0:
                    answer = most([answer, "maybe" if unknown or taken or login else "yes"])
                elif arn in weights and (not any(weights.values()) or config.get("TargetGroupStickinessConfig", {}).get("Enabled", True)):
                    answer = most([answer, "maybe"])
            met += [] if unknown else [asks]
            over = not unknown and all(f == "source-ip" for f in fields)
            taken = taken or unknown and all(f == "source-ip" for f in fields)  # it may have sent the client elsewhere
        balancer = next(b for b in self.kind("LoadBalancers") if b["LoadBalancerArn"] == listener["LoadBalancerArn"])
        nodes = [i for i in self.kind("NetworkInterfaces") if i.get("Description") == "ELB " + balancer["LoadBalancerArn"].split(":loadbalancer/")[1]]
        dualstack = balancer["Type"] == "network" and any(i["Ipv6Addresses"] or i.get("Ipv6Prefixes") for i in nodes)
        if not told and (balancer["Type"] == "application" or dualstack) and answer == "yes":
            answer = "maybe"  # a rule may take what comes before the default action does
        named = any(arn in str(x["DefaultActions"]) for x in self.kind("Listeners")) or any(arn in str(r["Actions"]) for r in self.kind("Rules"))
        fits = {"HTTP": ("HTTP", "HTTPS"), "HTTPS": ("HTTP", "HTTPS"), "TLS": ("TCP", "TLS"), "TCP": ("TCP", "TCP_UDP"), "UDP": ("UDP", "TCP_UDP"), "TCP_UDP": ("TCP_UDP",),
                "QUIC": ("QUIC", "TCP_QUIC")}.get(listener["Protocol"])
        if (not told or strange or not named) and (fits is None or group["Protocol"] in fits):
            answer = most([answer, "maybe"])
        return answer

    def serves(self, balancer, node, target, group, registered):
        zone = registered["Target"].get("AvailabilityZone", target["AvailabilityZone"])
        if zone == "all" or zone == node["AvailabilityZone"] == target["AvailabilityZone"]:
            return "yes"
        crosses = self.attribute("target-group", group["TargetGroupName"], "load_balancing.cross_zone.enabled")
        if crosses not in ("true", "false"):
            own = self.attribute("load-balancer", "front", "load_balancing.cross_zone.enabled")
            crosses = "true" if balancer["Type"] == "application" or own == "true" else "false"
        return "yes" if crosses == "true" else "no" if zone == target["AvailabilityZone"] else "maybe"  # AWS finds zones itself

    def matches(self, rule, protocol, port):
        name = {6: "tcp", 17: "udp"}[protocol]
        return rule["IpProtocol"] == "-1" or (rule["IpProtocol"] == name and rule["FromPort"] <= port <= rule["ToPort"])

    def lets_out(self, node, target, address, protocol, port):
        if not node["Groups"]:
            return "yes"
        answers = [] if self.groups_count(node) else ["maybe"]
        for held in node["Groups"]:
            group = next((g for g in self.kind("SecurityGroups") if g["GroupId"] == held["GroupId"]), None)
            if group is None:
                answers.append("maybe")
            elif "IpPermissionsEgress" not in group:
                answers.append("yes")
            for rule, sure in self.rules(group, True) if group and "IpPermissionsEgress" in group else []:
                if not self.matches(rule, protocol, port):
                    continue
                cidrs = [r["CidrIp"] for r in rule["IpRanges"]] + [r["CidrIpv6"] for r in rule["Ipv6Ranges"]]
                for item in rule["PrefixListIds"]:
                    entries = self.estate["entries"].get(item["PrefixListId"])
                    answers.append("maybe") if entries is None else cidrs.extend(entries)
                if any(holds(cidr, address) for cidr in cidrs) or any(p in target["Groups"] or p["GroupId"] in [g["GroupId"] for g in target["Groups"]]
                                                                      for p in rule["UserIdGroupPairs"]):
                    answers.append("yes" if sure else "maybe")
        return most(answers)

    def lets_in(self, balancer, node, target, protocol, port, source):
        theirs = set(balancer["SecurityGroups"]) | {g["GroupId"] for g in node["Groups"]}
        answers = [self.groups_admit(target, protocol, port, source)]
        for held in target["Groups"]:
            for group in self.kind("SecurityGroups"):
                for rule, sure in self.rules(group) if group["GroupId"] == held["GroupId"] else []:
                    if self.matches(rule, protocol, port) and any(p["GroupId"] in theirs for p in rule["UserIdGroupPairs"]):
                        answers.append("yes" if sure else "maybe")
        return most(answers)

    def to_node_ports(self, eni, egress, protocol, other):
        answers = {self.acl_allows(eni, egress, protocol, port, other) for port in self.EDGES if port >= 1024}
        return answers.pop() if len(answers) == 1 else "maybe"

    def straight(self, eni, to):
        """Whether what leaves an interface's subnet goes straight to an address of the VPC, by the most specific route for it."""
        table, found = self.table(eni), []
        if table is None:
            return "maybe"
        for route in table["Routes"]:
            listed = route.get("DestinationPrefixListId")
            gateway = [e for e in self.kind("VpcEndpoints") if e["VpcEndpointId"] == route.get("GatewayId") and e["VpcEndpointType"] == "Gateway"]
            if listed and listed not in self.estate["entries"]:
                found += [(200, 0, False)] if not gateway else []
            for cidr in self.estate["entries"].get(listed, []) if listed else [route.get("DestinationIpv6CidrBlock") or route["DestinationCidrBlock"]]:
                if holds(cidr, to):
                    kind = 2 if route.get("Origin") in ("EnableVgwRoutePropagation", "Advertisement") else 1 if listed else 0
                    found.append((ip_network(cidr).prefixlen, -kind, route.get("GatewayId") == "local"))
        if not found:
            return "yes"
        length, _, local = max(found, key=lambda one: (one[0], one[1], not one[2]))
        blocks = [b for v in self.kind("Vpcs") for b in [v["CidrBlock"]] + [s["Ipv6CidrBlock"] for s in v.get("Ipv6CidrBlockAssociationSet", [])] if holds(b, to)]
        least_of_block = ip_network(blocks[0]).prefixlen if blocks else 16 if to.version == 4 else 44
        return "yes" if local or length < least_of_block else "maybe"

    def hop(self, balancer, node, target, address, protocol, port, preserved, source):
        ways = [self.straight(node, address)]
        if not preserved:
            ways += [self.straight(target, ip_address(a)) for a in (
                [a["PrivateIpAddress"] for a in node["PrivateIpAddresses"]] if address.version == 4 else [a["Ipv6Address"] for a in node["Ipv6Addresses"]])]
        return least(self.passes(balancer, node, target, address, protocol, port, preserved, source), *ways)

    def passes(self, balancer, node, target, address, protocol, port, preserved, source):
        out = self.lets_out(node, target, address, protocol, port)
        between = node["SubnetId"] != target["SubnetId"]
        if preserved:
            answers = [out, self.lets_in(balancer, node, target, protocol, port, source)]
            if between:
                answers.append(self.acl_allows(target, False, protocol, port, source))
                answers.append(most(self.acl_allows(target, True, protocol, p, source) for p in self.EDGES))
                if self.acl_allows(node, True, protocol, port, address) == "no":
                    answers.append("maybe")
            return least(*answers)
        ways = []
        own = [a["PrivateIpAddress"] for a in node["PrivateIpAddresses"]] if address.version == 4 else [a["Ipv6Address"] for a in node["Ipv6Addresses"]]
        for text in own:
            mine = ip_address(text)
            answers = [out, self.lets_in(balancer, node, target, protocol, port, mine)]
            if between:
                answers += [self.acl_allows(node, True, protocol, port, address), self.to_node_ports(node, False, protocol, address),
                            self.acl_allows(target, False, protocol, port, mine), self.to_node_ports(target, True, protocol, mine)]
            ways.append(least(*answers))
        return most(ways)

    def takes_clients(self, balancer, registered, target, group):
        state, reason = registered["TargetHealth"]["State"], registered["TargetHealth"].get("Reason")
        states = {i["InstanceId"]: i["State"]["Name"] for r in self.kind("Reservations") for i in r["Instances"]}
        if state == "unused" and reason == "Target.InvalidState":
            return "yes" if states.get(target["Attachment"].get("InstanceId")) == "stopped" else "maybe"
        if state == "unused" and reason is None:
            return "maybe"  # AWS prints why
        if state == "unused" and reason == "Target.NotInUse":  # of no load balancer, or in no zone of it
            zones = {i["AvailabilityZone"] for i in self.kind("NetworkInterfaces") if i.get("Description") == "ELB " + balancer["LoadBalancerArn"].split(":loadbalancer/")[1]}
            registered = registered["Target"].get("AvailabilityZone", target["AvailabilityZone"])
            return "maybe" if registered == "all" or registered != target["AvailabilityZone"] or registered in zones else "no"
        beside = any(t["TargetHealth"]["State"] == "healthy" for h in self.kind("LoadBalancerTargetHealth") if h["TargetGroupArn"] == group["TargetGroupArn"]
                     for t in h["TargetHealthDescriptions"])  # these are sent all clients
        return {"unused": "no", "draining": "no", "healthy": "yes", "unhealthy": "maybe" if beside else "yes"}.get(state, "maybe")

    @staticmethod
    def delegated(eni, text):
        """Whether a text is an address in a prefix of an interface's."""
        prefixes = [p["Ipv4Prefix"] for p in eni.get("Ipv4Prefixes", [])] + [p["Ipv6Prefix"] for p in eni.get("Ipv6Prefixes", [])]
        return not text.startswith("i-") and any(holds(p, ip_address(text)) for p in prefixes)

    def fits(self, group):
        """Whether each listener that names a target group can forward to its protocol: one that can not contradicts it."""
        of = lambda listener: [r["Actions"] for r in self.kind("Rules") if r["RuleArn"].startswith(listener["ListenerArn"].replace(":listener/", ":listener-rule/") + "/")]
        return all(group["Protocol"] in FORWARDS.get(one["Protocol"], [group["Protocol"]]) for one in self.kind("Listeners")
                   if group["TargetGroupArn"] in str([one["DefaultActions"], *of(one)]))

    def behind(self, balancer, listener, group, registered, target, protocol, source):
        """yes, maybe or no for one client of one listener and one registered target."""
        six = group["IpAddressType"] == "ipv6"
        texts = [a["Ipv6Address"] for a in target["Ipv6Addresses"]] if six else [target["PrivateIpAddresses"][0]["PrivateIpAddress"]]
        if self.delegated(target, registered["Target"]["Id"]):
            texts = [registered["Target"]["Id"]]
        states = {i["InstanceId"]: i["State"]["Name"] for r in self.kind("Reservations") for i in r["Instances"]}
        if not texts or not self.attached(target) or states.get(target["Attachment"].get("InstanceId")) == "terminated":
            return "no"
        address, client = ip_address(texts[0]), ip_address(source)
        wish = self.attribute("target-group", group["TargetGroupName"], "preserve_client_ip.enabled")
        keeps = group["Protocol"] not in ("TCP", "TLS") or wish == "true" or (wish is None and group["TargetType"] == "instance")
        preserves = balancer["Type"] == "network" and keeps
        port, through = registered["Target"]["Port"], []
        for node in self.kind("NetworkInterfaces"):
            if node.get("Description", "") == "ELB " + balancer["LoadBalancerArn"].split(":loadbalancer/")[1]:
                ways = [(self.comes_to(node, listener, protocol, source), client)]
                for bridge in self.bring("api_gateway_managed", node, listener, protocol, source):  # with its own address
                    ways += [("maybe", ip_address(p["PrivateIpAddress"])) for p in bridge["PrivateIpAddresses"]]
                for comes, seen in ways:
                    through.append(least(self.serves(balancer, node, target, group, registered), comes, self.forwards(listener, group, str(seen)),
                                         self.hop(balancer, node, target, address, protocol, port, preserves and seen.version == address.version, seen)))
        if target["InterfaceType"] in self.NOTHING_IN and target["InterfaceType"] not in self.PRIVATE:
            return "no"  # a NAT gateway, or a Lambda function
        if target["InterfaceType"] not in (*self.PLAIN, "vpc_endpoint") or self.moving(target):
            through.append("no")
            through = [least("maybe", way) for way in through]  # its kind brings in, or is not modelled
        return least(most(through), self.takes_clients(balancer, registered, target, group), "yes" if self.fits(group) else "maybe")
