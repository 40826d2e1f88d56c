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
                for key in ("PublicIp", "CarrierIp", "CustomerOwnedIp"):
                    if key in private.get("Association", {}):
                        yield private["Association"][key], private["PrivateIpAddress"], eni, dormant
            for item in eni["Ipv6Addresses"]:
                yield item["Ipv6Address"], item["Ipv6Address"], eni, dormant
            for item in eni.get("Ipv6Prefixes", []):
                yield item["Ipv6Prefix"], item["Ipv6Prefix"].split("/")[0], eni, dormant

    NOTHING_IN = ("nat_gateway", "natGateway", "transit_gateway", "gateway_load_balancer", "gateway_load_balancer_endpoint",
                  "vpc_endpoint", "lambda")
    PLAIN = ("interface", "efa", "trunk", "branch", "load_balancer", "network_load_balancer")
    SERVICES = ("global_accelerator_managed", "api_gateway_managed", "ec2_instance_connect_endpoint")

    def by_other_gateway(self, address, eni):
        return any(address in (p.get("Association", {}).get("CarrierIp"), p.get("Association", {}).get("CustomerOwnedIp"))
                   for p in eni["PrivateIpAddresses"])

    # 1, 2: does anything arrive from the internet at all?
    def gate(self, address, eni, private):
        if eni["InterfaceType"] in self.NOTHING_IN:
            return "no"
        if self.by_other_gateway(address, eni):
            return "maybe"
        if eni.get("DenyAllIgwTraffic"):
            return "no"
        answer = self.gateway(eni)
        if eni["InterfaceType"] not in self.PLAIN:
            answer = least(answer, "maybe")
        if ":" in address:
            answer = least(answer, self.advertised(eni, private))
        edge = next((t for t in self.kind("RouteTables") if any(a.get("GatewayId") == "igw-1" for a in t["Associations"])), None)
        attached = any(a["VpcId"] == eni["VpcId"] for g in self.kind("InternetGateways") for a in g["Attachments"]
                       if g["InternetGatewayId"] == "igw-1")
        if edge and attached:
            best = max((r for r in edge["Routes"] if holds(r.get("DestinationIpv6CidrBlock") or r["DestinationCidrBlock"], ipaddress.ip_address(private))),
                       key=lambda r: int((r.get("DestinationIpv6CidrBlock") or r["DestinationCidrBlock"]).split("/")[1]), default=None)
            if best and best.get("GatewayId") != "local":
                answer = least(answer, "maybe")
        return answer

    def advertised(self, eni, private):
        """Whether an IPv6 address is of space that is advertised on the internet, as its subnet or else its VPC says."""
        for holder in [s for s in self.kind("Subnets") if s["SubnetId"] == eni["SubnetId"]] + \
                [v for v in self.kind("Vpcs") if v["VpcId"] == eni["VpcId"]]:
            for block in holder.get("Ipv6CidrBlockAssociationSet", []):
                if holds(block["Ipv6CidrBlock"], ipaddress.ip_address(private)):
                    return {("private", "none"): "no", ("public", "amazon"): "yes"}.get(
                        (block["Ipv6AddressAttribute"], block["IpSource"]), "maybe")
        return "yes"

    def listens(self, eni, protocol, number, six):
        mark = eni.get("Description", "")
        if not mark.startswith("ELB ") or "LoadBalancers" not in self.estate:
            return "yes"
        balancer = next((b for b in self.kind("LoadBalancers") if b["LoadBalancerArn"].endswith(mark[4:])), None)
        if balancer is None:
            return "maybe"
        if balancer["Scheme"] != "internet-facing" and not (six and eni.get("DenyAllIgwTraffic") is False):
            return "no"
        listeners = [x for x in self.kind("Listeners") if x["LoadBalancerArn"] == balancer["LoadBalancerArn"]]
        if not listeners:
            return "maybe"
        names = {6: ("HTTP", "TLS", "TCP", "TCP_UDP"), 17: ("UDP", "TCP_UDP")}.get(protocol, ())
        return "yes" if any(x["Port"] == number and x["Protocol"] in names for x in listeners) else "no"

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
        if not any(s["SubnetId"] == eni["SubnetId"] for s in self.kind("Subnets")):
            answer = least(answer, "maybe")
        return answer

    def unblocked(self, eni):
        """Whether VPC Block Public Access leaves packets alone."""
        subnet = next((s for s in self.kind("Subnets") if s["SubnetId"] == eni["SubnetId"]), None)
        vpc = next((v for v in self.kind("Vpcs") if v["VpcId"] == eni["VpcId"]), {})
        own = (subnet or {}).get("BlockPublicAccessStates")
        if own:
            return "yes" if own["InternetGatewayBlockMode"] == "off" else "no"
        options = self.estate.get("VpcBlockPublicAccessOptions")
        here = options and options["AwsRegion"] == "eu-west-3" and options["AwsAccountId"] == "111122223333"
        told = vpc.get("BlockPublicAccessStates") or (options if here else None)
        if told is None:
            return "maybe" if options else "yes"  # what tells of another region knows nothing of this one
        both = [e for e in self.kind("VpcBlockPublicAccessExclusions") if e["State"] not in ("delete-complete", "disable-complete")]
        of_subnet = [e for e in both if e["ResourceArn"].endswith("/" + eni["SubnetId"])]
        of_vpc = [e for e in both if e["ResourceArn"].endswith("/" + eni["VpcId"])]
        says_vpc = "BlockPublicAccessStates" in vpc
        if told["InternetGatewayBlockMode"] == "off":
            egress = [e for e in of_subnet if e["InternetGatewayExclusionMode"] == "allow-egress"]
            return "maybe" if says_vpc and egress else "yes"
        sure_in = [e for e in of_subnet + of_vpc if e["InternetGatewayExclusionMode"] == "allow-bidirectional" and
                   e["State"] in ("create-complete", "update-complete")]
        any_egress = [e for e in of_subnet + of_vpc if e["InternetGatewayExclusionMode"] == "allow-egress"]
        moving = [e for e in of_subnet + of_vpc if e["State"] not in ("create-complete", "update-complete")]
        if sure_in:
            blunt = not says_vpc and options.get("ExclusionsAllowed", "allowed") != "allowed"
            return "maybe" if any_egress or blunt or (says_vpc and not of_subnet) else "yes"
        zone = (subnet or {}).get("AvailabilityZone", eni["AvailabilityZone"])
        if moving or subnet is None or (told["InternetGatewayBlockMode"] == "block-ingress" and zone != "eu-west-3a"):
            return "maybe"
        return "no" if "VpcBlockPublicAccessExclusions" in self.estate else "maybe"

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
        if eni["InterfaceType"] not in self.PLAIN + self.NOTHING_IN + self.SERVICES:
            return "maybe"  # they may not apply
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

    def bridged(self, bridge, target, protocol, number, source):
        """Whether a service may bring an internet client by its interface to a target's private address."""
        states = {i["InstanceId"]: i["State"]["Name"] for r in self.kind("Reservations") for i in r["Instances"]}
        accelerator = bridge["InterfaceType"] == "global_accelerator_managed"
        source, owns = ipaddress.ip_address(source), [ipaddress.ip_address(p["PrivateIpAddress"]) for p in bridge["PrivateIpAddresses"]]
        if target["InterfaceType"] in self.NOTHING_IN + self.SERVICES or target["Status"] == "available" or \
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
            for rule in group["IpPermissions"]:
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
                if any(any(holds(cidr, own) for own in owns) or (accelerator and holds(cidr, source)) for cidr in cidrs):
                    return True
        return False

    REPLIES = {(1, 8): 0, (1, 13): 14, (58, 128): 129}

    def judge(self, address, private, eni, protocol, number, source, client_port):
        """("two-way" | "inbound-only" | None, "exact" | "possible") for one packet from one client port."""
        source = ipaddress.ip_address(source)
        arrives = least(self.gate(address, eni, private), self.listens(eni, protocol, number, source.version == 6), self.acl_allows(eni, False, protocol, number, source),
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
