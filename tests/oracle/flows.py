"""What leaves, and who reaches whom inside, one packet at a time, straight from the documents: shared/semantics.md, "Outbound" and
"Inside", as plainly as it can be written. Shares no code and no idea with the engine: loops and comparisons on a single packet.

A packet is protocol, number (port; of ICMP type * 256 + code) and the client's port. Answers are "yes", "maybe" (something is missing, in
transition or not modelled) and "no"; of several conditions the least counts.
"""

import ipaddress

from oracle.networks import HOME, LISTS, TABLE
from oracle.oracle import holds, ip_address, ip_network, least, most

NAMES = {"tcp": 6, "udp": 17, "icmp": 1, "icmpv6": 58}
REPLIES = {(1, 8 * 256): 0, (1, 13 * 256): 14 * 256, (58, 128 * 256): 129 * 256}


def number_of(protocol):
    return NAMES[protocol] if protocol in NAMES else int(protocol)


def make_address(number, family):
    return (ipaddress.IPv4Address if family == 4 else ipaddress.IPv6Address)(number)


def cidr_of(route):
    return route.get("DestinationIpv6CidrBlock") or route.get("DestinationCidrBlock")


class Packet:
    def __init__(self, protocol, number, client):
        self.protocol, self.number, self.client = protocol, number, client

    def reply(self):
        """What entries are asked of the way back, or None where nothing comes back."""
        if self.protocol in (1, 58):
            return REPLIES.get((self.protocol, self.number))
        return self.client if self.protocol in (6, 17) else 0


class Judge:
    def __init__(self, estate):
        self.estate = estate
        self.known = {}
        self.regions = sorted({key[0] for key in estate if key != "files"})
        self.vpcs = {v["VpcId"]: (v, region) for region in self.regions for v in estate[region, "Vpcs"]}

    def kind(self, region, name):
        """The records of a kind in a region, or None where no document tells of it."""
        return self.estate.get((region, name))

    def region_of(self, eni):
        return self.vpcs[eni["VpcId"]][1]

    def interfaces(self):
        return [eni for region in self.regions for eni in self.estate[region, "NetworkInterfaces"]]

    # ---- Network ACLs

    def acl_of(self, region, subnet_id, vpc_id):
        acls = self.kind(region, "NetworkAcls")
        if acls is None:
            return None
        named = [a for a in acls if any(s["SubnetId"] == subnet_id for s in a["Associations"])]
        if not named and self.kind(region, "Subnets") is None:
            return None
        return (named or [a for a in acls if a["VpcId"] == vpc_id and a["IsDefault"]])[0]

    def acl(self, region, subnet_id, vpc_id, egress, address, protocol, number):
        acl = self.acl_of(region, subnet_id, vpc_id)
        if acl is None:
            return "maybe"
        for entry in sorted(acl["Entries"], key=lambda e: e["RuleNumber"]):
            cidr = entry.get("Ipv6CidrBlock") or entry["CidrBlock"]
            if entry["Egress"] != egress or not holds(cidr, ip_address(address)):
                continue
            if entry["Protocol"] != "-1":
                if int(entry["Protocol"]) != protocol:
                    continue
                if protocol in (6, 17) and not entry["PortRange"]["From"] <= number <= entry["PortRange"]["To"]:
                    continue
                if protocol in (1, 58):
                    wanted = entry["IcmpTypeCode"]
                    if wanted["Type"] != -1 and (wanted["Type"] != number // 256 or wanted["Code"] not in (-1, number % 256)):
                        continue
            return "yes" if entry["RuleAction"] == "allow" else "no"
        return "no"

    def acl_at(self, eni, egress, address, packet, reply=False):
        number = packet.reply() if reply else packet.number
        if number is None:
            return "no"
        return self.acl(self.region_of(eni), eni["SubnetId"], eni["VpcId"], egress, address, packet.protocol, number)

    # ---- Security groups

    def entries(self, region, list_id):
        return LISTS[list_id] if any(self.kind(r, "PrefixLists") is not None for r in self.regions) else None  # an id is one list's

    def in_list(self, region, list_id, address):
        entries = self.entries(region, list_id)
        return "maybe" if entries is None else "yes" if any(holds(c, ip_address(address)) for c in entries) else "no"

    def groups(self, eni, egress, address, packet, refers):
        """Whether a group of an interface admits a packet to or from an address; `refers` tells of a group's id whether it is the other side's."""
        region, answers = self.region_of(eni), []
        for held in eni["Groups"]:
            group = next((g for g in self.kind(region, "SecurityGroups") or [] if g["GroupId"] == held["GroupId"]), None)
            if group is None:
                answers.append("maybe")
                continue
            for rule in group["IpPermissionsEgress" if egress else "IpPermissions"]:
                if not self.rule_is_of(rule, packet):
                    continue
                answers += ["yes" for key, name in (("IpRanges", "CidrIp"), ("Ipv6Ranges", "CidrIpv6")) for p in rule[key] if holds(p[name], ip_address(address))]
                answers += [self.in_list(region, p["PrefixListId"], address) for p in rule["PrefixListIds"]]
                answers += [refers(p["GroupId"]) for p in rule["UserIdGroupPairs"]]
        return most(answers)

    def rule_is_of(self, rule, packet):
        if rule["IpProtocol"] == "-1":
            return True
        if number_of(rule["IpProtocol"]) != packet.protocol:
            return False
        if packet.protocol in (6, 17):
            return rule["FromPort"] <= packet.number <= rule["ToPort"]
        if packet.protocol in (1, 58):
            return rule["FromPort"] == -1 or (rule["FromPort"] == packet.number // 256 and rule["ToPort"] in (-1, packet.number % 256))
        return True

    # ---- Routes

    def table_of(self, region, subnet_id, vpc_id):
        tables = self.kind(region, "RouteTables")
        if tables is None:
            return None
        named = [t for t in tables if any(a.get("SubnetId") == subnet_id for a in t["Associations"])]
        if not named and self.kind(region, "Subnets") is None:
            return None
        return (named or [t for t in tables if t["VpcId"] == vpc_id and any(a["Main"] for a in t["Associations"])])[0]

    def routes_to(self, region, subnet_id, vpc_id, address):
        """The routes of which one carries what goes to an address: several where it is not known which; None stands for no route."""
        table = self.table_of(region, subnet_id, vpc_id)
        if table is None:
            return None
        fixed, listed, unsure = [], [], []
        for route in table["Routes"]:
            if "DestinationPrefixListId" not in route:
                if holds(cidr_of(route), ip_address(address)):
                    fixed.append((ip_network(cidr_of(route)).prefixlen, 1, route))
                continue
            entries = self.entries(region, route["DestinationPrefixListId"])
            if entries is None:
                unsure.append(route)
            listed += [(ip_network(c).prefixlen, 0, route) for c in entries or () if holds(c, ip_address(address))]
        best = max(fixed + listed, key=lambda one: one[:2], default=(0, 0, None))[2]
        return [best] + unsure

    @staticmethod
    def several(answers):
        """Which of several ways it is is not known."""
        answers = list(answers)
        return answers[0] if len(answers) == 1 else "no" if set(answers) == {"no"} else "maybe"

    @staticmethod
    def is_endpoint(route):
        """Of a gateway endpoint, whose service's addresses are no VPC's."""
        return route is not None and route.get("GatewayId", "").startswith("vpce-") and "DestinationPrefixListId" in route

    # ---- From one VPC to another one, or within one

    def way(self, eni, other, address, family):
        """[(answer, kind of way, its id)]: how what an interface sends to an address of `other` gets into that one's VPC."""
        region = self.region_of(eni)
        routes = self.routes_to(region, eni["SubnetId"], eni["VpcId"], address)
        if routes is None:
            return [("maybe", "unknown", None)]
        routes = routes[:1] + [r for r in routes[1:] if not self.is_endpoint(r) or self.kind(region, "VpcEndpoints") is None]
        return [self.one_way(region, eni, other, address, family, route) for route in routes]

    def one_way(self, region, eni, other, address, family, route):
        if route is None or route["State"] == "blackhole":
            return "no", "none", None
        if route.get("GatewayId") == "local":
            return ("yes" if eni["VpcId"] == other["VpcId"] else "no"), "local", None
        if "NatGatewayId" in route and self.is_gone(region, route["NatGatewayId"]):
            return "no", "none", None
        if eni["VpcId"] == other["VpcId"]:
            return "maybe", "unmodelled", None
        if "VpcPeeringConnectionId" in route:
            return self.peered(region, eni["VpcId"], other["VpcId"], route["VpcPeeringConnectionId"]), "peering", route["VpcPeeringConnectionId"]
        if "TransitGatewayId" in route:
            return self.transited(region, eni, other, address, family), "transit", route["TransitGatewayId"]
        if "NatGatewayId" in route:
            return least("maybe", self.through_nat(region, other, address, family, route["NatGatewayId"])), "unmodelled", None
        if "NetworkInterfaceId" in route or route.get("GatewayId", "").startswith(("vpce-", "vgw-")):
            return "maybe", "unmodelled", None
        if family == 4:
            return "no", "outside", None
        stands = self.first_of(region, eni["SubnetId"])  # IPv6 meets over the internet
        shield = self.shielded(region, eni["SubnetId"], eni["VpcId"])
        if "EgressOnlyInternetGatewayId" in route:
            return least(shield, self.egress_only(region, eni["VpcId"], route["EgressOnlyInternetGatewayId"])), "egress-only", None
        return least(shield, self.gateway_is_there(region, eni["VpcId"], route["GatewayId"]), self.edge_or_maybe(region, eni["VpcId"], stands)), "internet", None

    def first_of(self, region, subnet_id):
        one = next((s for s in self.kind(region, "Subnets") or [] if s["SubnetId"] == subnet_id), None)
        return None if one is None else str(ip_network(one["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"]).network_address)

    def edge_or_maybe(self, region, vpc_id, address):
        gateway = "igw-" + vpc_id.split("-")[1]
        return "maybe" if address is None else self.edge(region, gateway, address)

    def enters(self, other, address):
        """Whether a packet of the internet gets in to an IPv6 address."""
        region, vpc_id = self.region_of(other), other["VpcId"]
        listed = self.kind(region, "InternetGateways")
        table = self.table_of(region, other["SubnetId"], vpc_id)
        tables = [table] if table is not None else [t for t in self.kind(region, "RouteTables") or [] if t["VpcId"] == vpc_id]
        named = [r["GatewayId"] for t in tables for r in t["Routes"] if r["State"] == "active" and r.get("GatewayId", "").startswith("igw-")]
        answer = "maybe" if listed is None else "yes" if any(a["VpcId"] == vpc_id for g in listed for a in g["Attachments"]) else (
            "no" if set(named) <= {g["InternetGatewayId"] for g in listed} else "maybe")  # of one that no document tells, it may be attached
        return least(answer, self.lets_in(region, other["SubnetId"], vpc_id), self.edge(region, "igw-" + vpc_id.split("-")[1], address))

    def lets_in(self, region, subnet_id, vpc_id):
        """Block Public Access, of what begins outside."""
        options = self.kind(region, "VpcBlockPublicAccessOptions")
        if options is None:
            return "yes" if all(self.kind(r, "VpcBlockPublicAccessOptions") is None for r in self.regions) else "maybe"
        sure = options["State"] in ("update-complete", "default-state")
        if sure and options["InternetGatewayBlockMode"] == "off":
            return "yes"
        found = [e for e in self.kind(region, "VpcBlockPublicAccessExclusions")
                 if e["ResourceArn"].split("/")[-1] in (subnet_id, vpc_id) and e["State"] != "delete-complete" and
                 (e["InternetGatewayExclusionMode"] == "allow-bidirectional" or e["State"] != "create-complete")]  # of one in transition the mode may be another yet
        if sure and any(e["State"] == "create-complete" for e in found):
            return "yes"
        return "maybe" if found or not sure or self.kind(region, "Subnets") is None else "no"

    def is_gone(self, region, nat_id):
        record = next((n for n in self.kind(region, "NatGateways") or [] if n["NatGatewayId"] == nat_id), None)
        return record is not None and record["State"] in ("deleted", "failed")

    @staticmethod
    def answering(way, back):
        """Of what came by one way, whether the answer gets back by another one."""
        over = way[1] in ("internet", "egress-only")
        answer, kind, _ = back
        return "no" if kind == "egress-only" else least(answer, "maybe") if over != (kind == "internet") else answer

    def through_nat(self, region, other, address, family, nat_id):
        """Whether a NAT gateway may lead on to another VPC: as the table of its own subnet says."""
        record = next((n for n in self.kind(region, "NatGateways") or [] if n["NatGatewayId"] == nat_id), None)
        if record is None:
            return "maybe"
        if family == 6:
            return "maybe"
        routes = self.routes_to(region, record["SubnetId"], record["VpcId"], address)
        stands = {"VpcId": record["VpcId"], "SubnetId": record["SubnetId"], "AvailabilityZone": self.zone(record["SubnetId"], region)}
        return "maybe" if routes is None else self.several(
            "no" if self.is_endpoint(route) else "maybe" if route and "NatGatewayId" in route and not self.is_gone(region, route["NatGatewayId"]) else self.one_way(region, stands, other, address, family, route)[0] for route in routes)

    def peering(self, region, peering_id):
        return next((p for r in self.regions for p in self.kind(r, "VpcPeeringConnections") or [] if p["VpcPeeringConnectionId"] == peering_id), None)

    def peered(self, region, a, b, peering_id):
        record = self.peering(region, peering_id)
        if record is None:
            return "maybe"
        sides, state = {record["RequesterVpcInfo"]["VpcId"], record["AccepterVpcInfo"]["VpcId"]}, record["Status"]["Code"]
        state = {"active": "yes", "pending-acceptance": "no", "deleted": "no"}.get(state, "maybe")
        return "no" if a in sides and b not in sides else least(state, "yes" if a in sides else "maybe")

    STATES = {"available": "yes", "deleted": "no"}

    def attachment(self, vpc_id):
        """(answer, record with subnets and options or None) of a VPC's attachment to tgw-1."""
        listed, of_vpcs = self.kind(HOME, "TransitGatewayAttachments"), self.kind(HOME, "TransitGatewayVpcAttachments")
        one = next((a for a in of_vpcs or [] if a["VpcId"] == vpc_id), None)
        plain = next((a for a in listed or [] if a["ResourceId"] == vpc_id), None)
        if one is None and plain is None:
            return "maybe", None  # its route is active, so that there is one
        return self.STATES.get((one or plain)["State"], "maybe"), one

    def zone(self, subnet_id, region=HOME):
        """As the subnet, or an interface in it, tells."""
        told = (self.kind(region, "Subnets") or []) + self.estate[region, "NetworkInterfaces"]
        return next((s["AvailabilityZone"] for s in told if s["SubnetId"] == subnet_id), None)

    def enters_transit(self, eni, family):
        """Whether what an interface sends to the gateway gets there: only from zones in which the attachment has a subnet."""
        answer, one = self.attachment(eni["VpcId"])
        if answer == "no":  # but its route is active: there may be another one
            return "maybe"
        if one is None:
            return least(answer, "maybe")
        if family == 6 and one["Options"]["Ipv6Support"] != "enable":
            return "no"
        zones = {self.zone(s) for s in one["SubnetIds"]}
        if eni["AvailabilityZone"] in zones:
            return answer
        return "maybe" if None in zones else "no"

    def transit_table(self, vpc_id):
        """(answer, number of the table or None) that what comes from a VPC goes by."""
        plain = next((a for a in self.kind(HOME, "TransitGatewayAttachments") or [] if a["ResourceId"] == vpc_id), None)
        answer, one = self.attachment(vpc_id)
        if answer == "no" or (plain is None and one is None):
            return "maybe", None
        if plain is not None and "Association" in plain:
            return "yes", next(t for t in (1, 2) if TABLE % t == plain["Association"]["TransitGatewayRouteTableId"])
        for t in (1, 2):
            document = self.estate.get("files", {}).get("get-transit-gateway-route-table-associations." + TABLE % t)
            for link in (document or {}).get("Associations", []):
                if link["ResourceId"] == vpc_id:
                    return "yes", t
        return "maybe", None  # its owner may see more

    def transited(self, region, eni, other, address, family):
        return most([self.transited_by(one, other, address, family) for one in self.transit_leads(region, eni, address, family)] or ["no"])

    def straight(self, region, subnet_id, vpc_id, address):
        """Whether what enters a VPC in a subnet surely goes on to an address of it, past nothing else."""
        routes = self.routes_to(region, subnet_id, vpc_id, address)
        if routes is not None:
            routes = routes[:1] + [r for r in routes[1:] if not self.is_endpoint(r) or self.kind(region, "VpcEndpoints") is None]
        return routes is not None and len(routes) == 1 and routes[0] is not None and routes[0].get("GatewayId") == "local"

    def enters_straight(self, vpc_id, address):
        """The same of all subnets in which the VPC's attachment lies."""
        state, one = self.attachment(vpc_id)
        return state != "no" and one is not None and all(self.straight(HOME, s, vpc_id, address) for s in one["SubnetIds"])

    def lets_all(self, *words):
        if words not in self.known:
            self.known[words] = self.tries_all(*words)
        return self.known[words]

    def tries_all(self, region, subnet_id, vpc_id, protocol, family):
        """Whether a subnet's ACL lets everything of a protocol pass, both ways: one packet for each place between which no entry begins or ends."""
        acl = self.acl_of(region, subnet_id, vpc_id)
        if acl is None:
            return False
        places, numbers = set(), {0, 65535}
        for entry in acl["Entries"]:
            network = ip_network(entry.get("Ipv6CidrBlock") or entry["CidrBlock"])
            if network.version == family:
                first, last = int(network.network_address), int(network.broadcast_address)
                places |= {first - 1, first, last, last + 1}
            if "PortRange" in entry:
                numbers |= {entry["PortRange"]["From"] - 1, entry["PortRange"]["From"], entry["PortRange"]["To"], entry["PortRange"]["To"] + 1}
            if "IcmpTypeCode" in entry:
                numbers |= {max(entry["IcmpTypeCode"]["Type"], 0) * 256 + c for c in (-1, 0, 255, 256)}
        top = 2 ** (32 if family == 4 else 128) - 1
        texts = [str(make_address(p, family)) for p in places | {0, top} if 0 <= p <= top]
        return all(self.acl(region, subnet_id, vpc_id, egress, t, protocol, n) == "yes" for egress in (False, True) for t in texts for n in numbers if 0 <= n <= 65535)

    def passes_subnets(self, a, b, packet, family):
        """Of the subnets in which the attachments of two VPCs lie, the ACLs: followed only where they let everything pass."""
        for vpc_id in (a["VpcId"], b["VpcId"]):
            state, one = self.attachment(vpc_id)
            if state != "no" and one is not None and not all(self.lets_all(HOME, s, vpc_id, packet.protocol, family) for s in one["SubnetIds"]):
                return "maybe"
        return "yes"

    def ways(self, eni, other, address, family, packet):
        return [(least(a, self.passes_subnets(eni, other, packet, family)) if kind == "transit" else a, kind, i) for a, kind, i in self.way(eni, other, address, family)]

    # ---- What sends on by an address of its own

    def senders(self, region, eni, other, address, family, route, deep=False):
        """By which addresses what a route leads to may send packets on instead of the sender's: a list, "outside" (any that is none of the other VPC), "all"."""
        same = eni["VpcId"] == other["VpcId"]
        any_one = "all" if same else "outside"
        if route is None or route["State"] == "blackhole" or route.get("GatewayId") == "local":
            return []
        if "NatGatewayId" in route:
            record = next((n for n in self.kind(region, "NatGateways") or [] if n["NatGatewayId"] == route["NatGatewayId"]), None)
            if record is None or record["State"] != "available" or family == 6:
                return any_one
            own = [a["PrivateIp"] for a in record["NatGatewayAddresses"]]
            if same or deep:
                return own
            routes = self.routes_to(region, record["SubnetId"], record["VpcId"], address)
            stands = {"VpcId": record["VpcId"], "SubnetId": record["SubnetId"], "AvailabilityZone": self.zone(record["SubnetId"], region)}
            for one in [any_one] if routes is None else [self.senders(region, stands, other, address, family, r, True) for r in routes if not self.is_endpoint(r)]:
                own = one if isinstance(one, str) else own if isinstance(own, str) else own + one
            return own
        if same:
            return any_one
        if "VpcPeeringConnectionId" in route:
            return []
        if "TransitGatewayId" in route:
            found = []
            for answer, led in self.transit_leads(region, eni, address, family):
                if answer == "no" or found == "all" or self.transited_by((answer, led), other, address, family) == "no":
                    continue
                if led == other["VpcId"] and not self.enters_straight(led, address):
                    found = "all"
                elif led != other["VpcId"] or (self.attachment(led)[1] is None and led not in [a["ResourceId"] for a in self.kind(HOME, "TransitGatewayAttachments") or []]):
                    found = "outside" if self.enters_straight(other["VpcId"], address) else "all"
            return found
        if "NetworkInterfaceId" in route or route.get("GatewayId", "").startswith(("vpce-", "vgw-")):
            return any_one
        return []

    def places_of(self, other, family, senders):
        """One address of each kind that the rules and entries of an interface tell apart."""
        if not isinstance(senders, str):
            return [s for s in senders if ip_address(s).version == family]
        region, cidrs, places = self.region_of(other), [], set()
        for held in other["Groups"]:
            for group in self.kind(region, "SecurityGroups") or []:
                for rule in group["IpPermissions"] if group["GroupId"] == held["GroupId"] else ():
                    cidrs += [p["CidrIp"] for p in rule["IpRanges"]] + [p["CidrIpv6"] for p in rule["Ipv6Ranges"]]
                    cidrs += [c for p in rule["PrefixListIds"] for c in self.entries(region, p["PrefixListId"]) or ()]
        acl = self.acl_of(region, other["SubnetId"], other["VpcId"])
        cidrs += [e.get("Ipv6CidrBlock") or e["CidrBlock"] for e in (acl or {"Entries": []})["Entries"]]
        record = self.vpcs[other["VpcId"]][0]
        own = record["CidrBlock"] if family == 4 else record["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"]
        for cidr in cidrs + [own]:
            network = ip_network(cidr)
            if network.version == family:
                first, last = int(network.network_address), int(network.broadcast_address)
                places |= {first - 1, first, last, last + 1}
        top = 2 ** (32 if family == 4 else 128) - 1
        texts = [str(make_address(p, family)) for p in places | {0, top} if 0 <= p <= top]
        return [t for t in texts if senders == "all" or not holds(own, ip_address(t))]

    def is_own_group(self, other, group_id):
        group = next((g for g in self.kind(self.region_of(other), "SecurityGroups") or [] if g["GroupId"] == group_id), None)
        return group is not None and group["VpcId"] == other["VpcId"]

    def takes_from(self, eni, other, packet, family, senders):
        """Whether who is asked lets one of the senders in, and answers it, by some port of its own."""
        same = eni["VpcId"] == other["VpcId"]
        refers = lambda group: "no" if not isinstance(senders, str) or (not same and self.is_own_group(other, group)) else "maybe"
        for place in self.places_of(other, family, senders):
            if self.groups(other, False, place, packet, refers) == "no":
                continue
            if not isinstance(senders, str) and all(a == "no" for a, _, _ in self.way(other, eni, place, family)):
                continue
            if same or (self.acl_at(other, False, place, packet) != "no" and self.answers_some(other, place, packet)):
                return True
        return False

    def answers_some(self, other, place, packet):
        acl = self.acl_of(self.region_of(other), other["SubnetId"], other["VpcId"])
        ports = {0}
        for entry in (acl or {"Entries": []})["Entries"]:
            if "PortRange" in entry:
                ports |= {entry["PortRange"]["From"], entry["PortRange"]["To"] + 1}
        return any(self.acl_at(other, True, place, Packet(packet.protocol, packet.number, port), True) != "no" for port in ports if port <= 65535)

    def sent_on(self, eni, source, other, target, packet, family, there):
        """Whether it may pass by an address of something in between."""
        region = self.region_of(eni)
        routes = self.routes_to(region, eni["SubnetId"], eni["VpcId"], target)
        if routes is not None:
            routes = routes[:1] + [r for r in routes[1:] if not self.is_endpoint(r) or self.kind(region, "VpcEndpoints") is None]
        for way, route in zip(there, [None] if routes is None else routes):
            senders = ("all" if eni["VpcId"] == other["VpcId"] else "outside") if routes is None else self.senders(region, eni, other, target, family, route)
            answer, kind, way_id = way
            if answer != "no" and senders and self.takes_from(eni, other, packet, family, senders) and self.groups(
                    eni, True, target, packet, self.reference((kind, answer, way_id), eni, other, True)) != "no":
                return "maybe"
        return "no"

    def transited_by(self, one, other, address, family):
        answer, led = one
        if led is None or answer == "no":
            return answer
        if led != other["VpcId"]:  # what is there may send it on
            return least(answer, "maybe", self.attachment(led)[0])
        there, attached = self.attachment(other["VpcId"])
        if attached is not None and family == 6 and attached["Options"]["Ipv6Support"] != "enable":
            return "no"
        return least(answer, there, "yes" if self.enters_straight(other["VpcId"], address) else "maybe")

    def transit_leads(self, region, eni, address, family):
        """[(answer, to which VPC or None)] of what an interface sends to the gateway: where a route is not yet, or no more, the next one may hold."""
        gateway = next((g for g in self.kind(HOME, "TransitGateways") or [] if g["TransitGatewayId"] == "tgw-1"), None)
        answer = "maybe" if gateway is None else self.STATES.get(gateway["State"], "maybe")
        answer = least(answer, self.enters_transit(eni, family))
        sure, table = self.transit_table(eni["VpcId"])
        if answer == "no" or table is None:
            return [(least(answer, sure), None)]
        document = self.estate.get("files", {}).get("search-transit-gateway-routes." + TABLE % table)
        if document is None:
            return [(least(answer, "maybe"), None)]
        found = sorted(((ip_network(r["DestinationCidrBlock"]).prefixlen, r["Type"] == "static", i, r) for i, r in enumerate(document["Routes"])
                    if holds(r["DestinationCidrBlock"], ip_address(address))), reverse=True)
        leads = []
        for *_, route in found:
            unsure = route["State"] not in ("active", "blackhole")
            if route["State"] != "blackhole":
                leads.append((least(answer, "maybe") if unsure or leads else answer, route["TransitGatewayAttachments"][0]["ResourceId"]))
            if not unsure:
                break
        return leads

    def reference(self, way, owner, other, egress):
        """For groups(): whether a rule of `owner` that names a group admits members of it in `other`, when packets go by this way."""
        kind, answer, way_id = way

        def refers(group_id):
            if group_id not in [g["GroupId"] for g in other["Groups"]]:
                return "no"
            if owner["VpcId"] == other["VpcId"]:
                return "yes"
            if kind in ("unknown", "unmodelled"):  # which may send it on over what counts
                return "maybe"
            if kind == "peering":
                record = self.peering(self.region_of(owner), way_id)
                abroad = record and record["RequesterVpcInfo"]["Region"] != record["AccepterVpcInfo"]["Region"]
                return "no" if abroad else answer
            if kind == "transit":
                return "no" if egress else self.referencing(owner, other)
            return "no"
        return refers

    # Inbound rules only: https://docs.aws.amazon.com/vpc/latest/tgw/tgw-transit-gateways.html
    def referencing(self, owner, other):
        gateway = next((g for g in self.kind(HOME, "TransitGateways") or [] if g["TransitGatewayId"] == "tgw-1"), None)
        answers = ["maybe" if gateway is None else "yes" if gateway["Options"]["SecurityGroupReferencingSupport"] == "enable" else "no"]
        for side in (owner, other):
            state, one = self.attachment(side["VpcId"])
            answers.append("maybe" if one is None or state == "no" else "yes" if one["Options"]["SecurityGroupReferencingSupport"] == "enable" else "no")
        return least(*answers)

    def admitted(self, eni, source, other, target, packet, way):
        """By one way there: whether it leads there, and the groups of both sides let it pass."""
        answer, kind, way_id = way
        return least(answer, self.groups(eni, True, target, packet, self.reference((kind, answer, way_id), eni, other, True)),
                     self.groups(other, False, source, packet, self.reference((kind, answer, way_id), other, eni, False)))

    def inside(self, eni, source, other, target, packet):
        family = ip_address(source).version
        if packet.reply() is None:
            return "no"
        subnets = [eni["SubnetId"], other["SubnetId"]]
        there, back = self.ways(eni, other, target, family, packet), self.ways(other, eni, source, family, packet)
        answer = self.several(least(self.admitted(eni, source, other, target, packet, way), self.enters(other, target) if way[1] in ("internet", "egress-only") else "yes",
                                    self.several(self.answering(way, one) for one in back)) for way in there)
        sent_on = self.sent_on(eni, source, other, target, packet, family, there)
        if self.kind(self.region_of(eni), "Subnets") is None or self.kind(self.region_of(other), "Subnets") is None:
            answer = least(answer, "maybe")
        if subnets[0] != subnets[1]:
            own = (self.acl_at(eni, True, target, packet), self.acl_at(eni, False, target, packet, True))
            answer, sent_on = least(answer, *own, self.acl_at(other, False, source, packet), self.acl_at(other, True, source, packet, True)), least(sent_on, *own)
        return most([answer, sent_on])

    # ---- The internet

    def gateway_is_there(self, region, vpc_id, gateway_id):
        listed = self.kind(region, "InternetGateways")
        if listed is None:
            return "maybe"
        at = [g["InternetGatewayId"] for g in listed if any(a["VpcId"] == vpc_id for a in g["Attachments"])]
        return "yes" if gateway_id in at else "no" if gateway_id in [g["InternetGatewayId"] for g in listed] else "maybe"

    def shielded(self, region, subnet_id, vpc_id):
        """Block Public Access: whether it lets out."""
        options = self.kind(region, "VpcBlockPublicAccessOptions")
        if options is None:
            return "yes" if all(self.kind(r, "VpcBlockPublicAccessOptions") is None for r in self.regions) else "maybe"
        sure = options["State"] in ("update-complete", "default-state")
        if sure and options["InternetGatewayBlockMode"] != "block-bidirectional":
            return "yes"
        states = [e["State"] for e in self.kind(region, "VpcBlockPublicAccessExclusions")
                  if e["ResourceArn"].split("/")[-1] in (subnet_id, vpc_id) and e["State"] != "delete-complete"]
        if sure and "create-complete" in states:
            return "yes"
        return "maybe" if states or not sure or self.kind(region, "Subnets") is None else "no"  # a subnet tells too

    def nat(self, region, eni, source, target, packet, nat_id):
        """(answer, the address seen) by a NAT gateway."""
        listed = self.kind(region, "NatGateways")
        record = next((n for n in listed or [] if n["NatGatewayId"] == nat_id), None)
        if ":" not in target and packet.protocol not in (1, 6, 17):  # nat-gateway-basics.html
            return "no", None
        if record is None:
            return "maybe", None
        answer = {"available": "yes", "deleted": "no", "failed": "no"}.get(record["State"], "maybe")
        if ":" in target:  # what is translated to IPv4 is not modelled
            return least(answer, "maybe"), None
        own, subnet = record["NatGatewayAddresses"][0], record["SubnetId"]
        routes = self.routes_to(region, subnet, record["VpcId"], target)
        if routes is None:
            answer = least(answer, "maybe")
        else:
            told = [self.from_nat(region, record, route, target) for route in routes]
            answer = least(answer, "yes" if set(told) == {"yes"} and all(self.is_endpoint(r) for r in routes[1:]) else self.several(told))
        stands = {"VpcId": record["VpcId"], "SubnetId": subnet, "AvailabilityZone": self.zone(subnet, region)}
        answer = least(answer, self.several(a for a, _, _ in self.way(stands, eni, source, 4)))  # back to who asked
        acl = lambda egress, address, number: self.acl(region, subnet, record["VpcId"], egress, address, packet.protocol, number)
        answer = least(answer, acl(True, target, packet.number))
        if packet.protocol in (6, 17):  # the gateway takes a port of these
            answer = least(answer, self.part(acl(False, target, number) for number in self.ports_of_nat(region, record)))
        else:
            answer = least(answer, acl(False, target, packet.reply()))
        if eni["SubnetId"] != subnet:
            answer = least(answer, acl(False, source, packet.number), acl(True, source, packet.reply()))
        return answer, own.get("PublicIp")

    def ports_of_nat(self, region, record):
        """One of each run of ports, 1024 to 65535, between which no entry of its ACL begins or ends."""
        acl = self.acl_of(region, record["SubnetId"], record["VpcId"])
        cuts = {1024}
        for entry in (acl or {"Entries": []})["Entries"]:
            if "PortRange" in entry:
                cuts |= {entry["PortRange"]["From"], entry["PortRange"]["To"] + 1}
        return sorted(c for c in cuts if 1024 <= c <= 65535)

    @staticmethod
    def part(answers):
        answers = list(answers)
        return "yes" if set(answers) == {"yes"} else "no" if set(answers) == {"no"} else "maybe"

    def from_nat(self, region, record, route, target):
        if route is None or route["State"] == "blackhole" or route.get("GatewayId") == "local":
            return "no"
        if route.get("GatewayId", "").startswith("igw-"):  # which drops what has no public address
            return "no" if record["ConnectivityType"] == "private" else least(
                self.shielded(region, record["SubnetId"], record["VpcId"]), self.gateway_is_there(region, record["VpcId"], route["GatewayId"]),
                self.edge(region, route["GatewayId"], record["NatGatewayAddresses"][0]["PrivateIp"]))
        if route.get("NatGatewayId") == record["NatGatewayId"]:  # to itself
            return "no"
        if self.is_endpoint(route):
            return "maybe" if self.kind(region, "VpcEndpoints") is None else "yes"
        if "TransitGatewayId" in route:
            zone = self.zone(record["SubnetId"])
            return least("maybe", self.transit_outside(region, {"VpcId": record["VpcId"], "AvailabilityZone": zone}, target))
        if "VpcPeeringConnectionId" in route:
            return least("maybe", self.peered_at_all(region, route))
        return "maybe"

    def peered_at_all(self, region, route):
        record = self.peering(region, route["VpcPeeringConnectionId"])
        return "maybe" if record is None else {"active": "yes", "pending-acceptance": "no", "deleted": "no"}.get(record["Status"]["Code"], "maybe")

    def transit_outside(self, region, eni, target):
        """Whether a transit gateway may carry it on: what its own tables surely drop does not leave."""
        return "maybe" if any(answer != "no" for answer, _ in self.transit_leads(region, eni, target, ip_address(target).version)) else "no"

    def leaves(self, region, eni, source, public, target, packet, route):
        """(answer, the address seen) of what goes by one route."""
        if route is None or route["State"] == "blackhole" or route.get("GatewayId") == "local":
            return "no", None
        shield = self.shielded(region, eni["SubnetId"], eni["VpcId"])
        if route.get("GatewayId", "").startswith("igw-"):
            if ":" not in source and public is None:
                return "no", None
            return least(shield, self.gateway_is_there(region, eni["VpcId"], route["GatewayId"]), self.edge(region, route["GatewayId"], source)), public or source
        if "NatGatewayId" in route:
            return self.nat(region, eni, source, target, packet, route["NatGatewayId"])
        if "EgressOnlyInternetGatewayId" in route:
            if ":" not in target:
                return "no", None
            return least(shield, self.egress_only(region, eni["VpcId"], route["EgressOnlyInternetGatewayId"])), source
        if route.get("GatewayId", "").startswith("vpce-") and "DestinationPrefixListId" in route:
            return ("maybe" if self.kind(region, "VpcEndpoints") is None else "yes"), None
        if "TransitGatewayId" in route:
            return self.transit_outside(region, eni, target), None
        if "VpcPeeringConnectionId" in route:
            return least("maybe", self.peered_at_all(region, route)), None
        return "maybe", None

    def edge(self, region, gateway_id, address):
        """Whether the route table that is associated with a gateway leads replies straight to an address."""
        tables = [t for t in self.kind(region, "RouteTables") or [] if any(a.get("GatewayId") == gateway_id for a in t["Associations"])]
        routes = [r for t in tables for r in t["Routes"] if holds(cidr_of(r), ip_address(address))]
        return "yes" if all(r.get("GatewayId") == "local" for r in routes) else "maybe"

    def egress_only(self, region, vpc_id, gateway_id):
        listed = self.kind(region, "EgressOnlyInternetGateways")
        record = next((g for g in listed or [] if g["EgressOnlyInternetGatewayId"] == gateway_id), None)
        if record is None:
            return "maybe"
        states = [a["State"] for a in record["Attachments"] if a["VpcId"] == vpc_id]
        return "no" if not states else {"attached": "yes", "detached": "no"}.get(states[0], "maybe")

    def outbound(self, eni, source, public, target, packet):
        """(answer, the address by which the internet sees it, where one is known)."""
        region = self.region_of(eni)
        if packet.reply() is None:
            return "no", None
        routes = self.routes_to(region, eni["SubnetId"], eni["VpcId"], target)
        if routes is None:
            answer, seen = "maybe", None
        else:
            told = [self.leaves(region, eni, source, public, target, packet, route) for route in routes]
            services = all(self.is_endpoint(route) for route in routes[1:])  # whatever is a service's leaves by it, all else as before
            answer, seen = "yes" if services and {a for a, _ in told} == {"yes"} else self.several(a for a, _ in told), told[0][1]
        if self.kind(region, "Subnets") is None:
            answer = least(answer, "maybe")
        answer = least(answer, self.groups(eni, True, target, packet, lambda group: "no"),
                       self.acl_at(eni, True, target, packet), self.acl_at(eni, False, target, packet, True))
        return answer, seen
