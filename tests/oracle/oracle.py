"""One packet at a time, straight from the documents: what semantics.md says, as plainly as it can be written.

Shares no code and no idea with the engine: no sets, only loops and comparisons on a single packet. Three values: "yes", "maybe"
(something is missing or not modelled), "no"; the least of several conditions holds.
"""
import ipaddress

RANK = {"no": 0, "maybe": 1, "yes": 2}


def least(*values):
    return min(values, key=RANK.get)


def most(values):
    return max(values, key=RANK.get, default="no")


def holds(cidr, address):
    network = ipaddress.ip_network(cidr)
    return network.version == address.version and address in network


class Oracle:
    def __init__(self, estate):
        """estate: {"Vpcs": [...], ...} with a key "entries" for prefix list entries; absent kinds are absent keys."""
        self.estate = estate

    def kind(self, name):
        return self.estate.get(name, [])

    def endpoints(self):
        states = {i["InstanceId"]: i["State"]["Name"] for r in self.kind("Reservations") for i in r["Instances"]}
        for eni in self.kind("NetworkInterfaces"):
            state = states.get(eni.get("Attachment", {}).get("InstanceId"), "running")
            if state == "terminated":
                continue
            dormant = state != "running" or eni["Status"] == "available"
            for private in eni["PrivateIpAddresses"]:
                if "Association" in private:
                    yield private["Association"]["PublicIp"], private["PrivateIpAddress"], eni, dormant
            for item in eni["Ipv6Addresses"]:
                yield item["Ipv6Address"], item["Ipv6Address"], eni, dormant
            for item in eni.get("Ipv6Prefixes", []):
                yield item["Ipv6Prefix"], item["Ipv6Prefix"].split("/")[0], eni, dormant

    # 1, 2: does anything arrive from the internet at all?
    def gate(self, eni, private):
        answer = self.gateway(eni)
        edge = next((t for t in self.kind("RouteTables") if any(a.get("GatewayId") == "igw-1" for a in t["Associations"])), None)
        attached = any(a["VpcId"] == eni["VpcId"] for g in self.kind("InternetGateways") for a in g["Attachments"]
                       if g["InternetGatewayId"] == "igw-1")
        if edge and attached:
            best = max((r for r in edge["Routes"] if holds(r.get("DestinationIpv6CidrBlock") or r["DestinationCidrBlock"], ipaddress.ip_address(private))),
                       key=lambda r: int((r.get("DestinationIpv6CidrBlock") or r["DestinationCidrBlock"]).split("/")[1]), default=None)
            if best and best.get("GatewayId") != "local":
                answer = least(answer, "maybe")
        return answer

    def listens(self, eni, protocol, number):
        mark = eni.get("Description", "")
        if not mark.startswith("ELB ") or "LoadBalancers" not in self.estate:
            return "yes"
        balancer = next((b for b in self.kind("LoadBalancers") if b["LoadBalancerArn"].endswith(mark[4:])), None)
        if balancer is None:
            return "maybe"
        if balancer["Scheme"] != "internet-facing":
            return "no"
        listeners = [x for x in self.kind("Listeners") if x["LoadBalancerArn"] == balancer["LoadBalancerArn"]]
        if not listeners:
            return "maybe"
        names = {6: ("HTTP", "TLS", "TCP", "TCP_UDP"), 17: ("UDP", "TCP_UDP")}.get(protocol, ())
        return "yes" if any(x["Port"] == number and x["Protocol"] in names for x in listeners) else "no"

    def gateway(self, eni):
        if eni["InterfaceType"] == "nat_gateway":
            return "no"
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
        options = self.estate.get("VpcBlockPublicAccessOptions")
        if options and options["InternetGatewayBlockMode"] != "off" and options["AwsRegion"] == "eu-west-3" and \
                options["AwsAccountId"] == eni["OwnerId"]:
            let = [e for e in self.kind("VpcBlockPublicAccessExclusions")
                   if e["InternetGatewayExclusionMode"] == "allow-bidirectional" and e["State"] == "create-complete"
                   and e["ResourceArn"].split("/")[1] in (eni["SubnetId"], eni["VpcId"])]
            known = any(s["SubnetId"] == eni["SubnetId"] for s in self.kind("Subnets"))
            if not let and known:
                return "no"
            if not let:  # the subnet may say a mode of its own
                answer = least(answer, "maybe")
        if not any(s["SubnetId"] == eni["SubnetId"] for s in self.kind("Subnets")):
            answer = least(answer, "maybe")
        return answer

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
    def groups_admit(self, eni, protocol, number, source):
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
        for rule in group["IpPermissions"]:
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
                answers.append("yes")
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
        best, unknown = None, []
        for route in table["Routes"]:
            listed = route.get("DestinationPrefixListId")
            if listed and self.estate["entries"].get(listed) is None:
                unknown.append(self.target_brings_back(eni, route))
                continue
            cidrs = self.estate["entries"][listed] if listed else [
                route.get("DestinationIpv6CidrBlock") or route["DestinationCidrBlock"]]
            for cidr in cidrs:
                if holds(cidr, source):
                    propagated = route.get("Origin") == "EnableVgwRoutePropagation"
                    rank = (int(cidr.split("/")[1]), -2 if propagated else -1 if listed else 0)
                    if best is None or rank > best[0]:
                        best = (rank, route)
        known = self.target_brings_back(eni, best[1]) if best else "no"
        if all(answer == known for answer in unknown):
            return known
        # Any of them may be the one that counts.
        return "maybe" if RANK[most(unknown + [known])] > 0 else "no"

    REPLIES = {(1, 8): 0, (1, 13): 14, (58, 128): 129}

    def judge(self, address, private, eni, protocol, number, source, client_port):
        """("two-way" | "inbound-only" | None, "exact" | "possible") for one packet from one client port."""
        source = ipaddress.ip_address(source)
        arrives = least(self.gate(eni, private), self.listens(eni, protocol, number), self.acl_allows(eni, False, protocol, number, source),
                        self.groups_admit(eni, protocol, number, source))
        if arrives == "no":
            return None, None
        back = self.reply_leaves(eni, source)
        if protocol in (1, 58):
            reply = self.REPLIES.get((protocol, number // 256))
            back = "no" if reply is None else least(
                back, self.acl_allows(eni, True, protocol, reply * 256, source))
        else:
            back = least(back, self.acl_allows(eni, True, protocol, client_port, source))
        path = "inbound-only" if back == "no" else "two-way"
        sure = arrives == "yes" and back in ("yes", "no")
        return path, "exact" if sure else "possible"
