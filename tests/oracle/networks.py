"""Random estates of several VPCs: groups that refer to each other, network ACLs, prefix lists, peering, NAT, transit gateways, what
is in between and what is absent. Most of each is open, so that one thing in the way decides."""
import json
import pathlib

from oracle.estates import pick, port_range

ACCOUNT, HOME, ABROAD = "111122223333", "eu-west-3", "eu-west-1"
INTERNET4 = ["203.0.113.0/24", "203.0.113.128/25", "203.0.113.7/32", "8.8.8.0/24", "198.51.100.0/24", "0.0.0.0/1", "128.0.0.0/1"]
INTERNET6 = ["2001:db8:ffff::/48", "2001:db8:ffff::1/128", "2600::/12", "2000::/3"]
LISTS = {"pl-0a000001": ["203.0.113.0/24", "10.1.0.0/20"], "pl-0a000002": ["8.8.8.0/24", "10.2.1.0/24"], "pl-0a000003": None,
         "pl-0a000009": ["198.51.100.0/25"]}  # the last is a service's
TABLE = "tgw-rtb-0a0000000000000%d"


def everyone(rng):
    return {"IpProtocol": "-1", "UserIdGroupPairs": [], "IpRanges": [{"CidrIp": "0.0.0.0/0"}], "Ipv6Ranges": [{"CidrIpv6": "::/0"}], "PrefixListIds": []}


class Maker:
    def __init__(self, rng):
        self.rng, self.estate = rng, {}
        self.vpcs = [{"n": n, "id": "vpc-%d" % n, "region": HOME, "subnets": [], "tables": [], "groups": [], "acls": []} for n in (1, 2, 3)]
        if rng.random() < 0.35:
            self.vpcs[2]["region"] = ABROAD
        self.pl = sorted(LISTS)

    def add(self, kind, record, region=HOME):
        self.estate.setdefault((region, kind), []).append(record)
        return record

    def chance(self, p):
        return self.rng.random() < p

    # ---- Rules

    def cidr4(self, own=None):
        inside = ["10.%d.0.0/16" % n for n in (1, 2, 3)] + ["10.%d.%d.0/24" % (n, k) for n in (1, 2, 3) for k in (0, 1, 2)]
        inside += ["10.%d.%d.%d/32" % (n, k, h) for n in (1, 2, 3) for k in (0, 1) for h in (10, 11)] + ["10.0.0.0/8", "0.0.0.0/0"]
        return pick(self.rng, inside + INTERNET4)

    def cidr6(self):
        return pick(self.rng, ["2001:db8:%d::/48" % n for n in (1, 2, 3)] + ["2001:db8:%d:%d::/64" % (n, k) for n in (1, 2, 3) for k in (0, 1)] +
                    ["::/0"] + INTERNET6)

    def permission(self, vpc):
        rng = self.rng
        protocol = pick(rng, ["tcp", "tcp", "tcp", "udp", "icmp", "icmpv6", "-1", "47"])
        rule = {"IpProtocol": protocol, "UserIdGroupPairs": [], "IpRanges": [], "Ipv6Ranges": [], "PrefixListIds": []}
        if protocol in ("tcp", "udp"):
            rule["FromPort"], rule["ToPort"] = port_range(rng)
        elif protocol in ("icmp", "icmpv6"):
            rule["FromPort"] = pick(rng, [-1, 8, 128, 0])
            rule["ToPort"] = -1 if rule["FromPort"] == -1 else pick(rng, [-1, 0])
        for _ in range(rng.randrange(3)):
            rule["IpRanges"].append({"CidrIp": self.cidr4()})
        for _ in range(rng.randrange(2)):
            rule["Ipv6Ranges"].append({"CidrIpv6": self.cidr6()})
        if self.chance(0.2):
            rule["PrefixListIds"].append({"PrefixListId": pick(rng, self.pl)})
        if self.chance(0.55):
            group = pick(rng, ["sg-%d%d" % (n, k) for n in (1, 2, 3) for k in (0, 1, 2)])
            rule["UserIdGroupPairs"].append({"GroupId": group, "UserId": ACCOUNT})
        return rule

    def groups(self, vpc):
        for k in range(3):
            group = {"GroupId": "sg-%d%d" % (vpc["n"], k), "GroupName": "g%d%d" % (vpc["n"], k), "VpcId": vpc["id"], "OwnerId": ACCOUNT}
            for key in ("IpPermissions", "IpPermissionsEgress"):
                group[key] = [self.permission(vpc) for _ in range(self.rng.randrange(1, 4))]
                if self.chance(0.45 if key == "IpPermissions" else 0.6):
                    group[key].append(everyone(self.rng))
            vpc["groups"].append(group["GroupId"])
            if not self.chance(0.03):
                self.add("SecurityGroups", group, vpc["region"])

    def acl_entry(self, number):
        protocol = pick(self.rng, ["-1", "-1", "6", "6", "17", "1", "58", "47"])
        entry = {"Egress": self.chance(0.5), "Protocol": protocol, "RuleNumber": number, "RuleAction": "allow" if self.chance(0.5) else "deny"}
        if self.chance(0.7):
            entry["CidrBlock"] = self.cidr4()
        else:
            entry["Ipv6CidrBlock"] = self.cidr6()
        if protocol in ("6", "17"):
            low, high = port_range(self.rng)
            entry["PortRange"] = {"From": low, "To": high}
        if protocol in ("1", "58"):
            entry["IcmpTypeCode"] = {"Type": pick(self.rng, [-1, 0, 8, 128, 129]), "Code": -1}
        return entry

    def acls(self, vpc):
        for k in range(2):
            entries = [self.acl_entry(10 * i + 10) for i in range(self.rng.randrange(3) if self.chance(0.6) else 0)]
            entries += [{"Egress": egress, "Protocol": "-1", "RuleNumber": 900 + six, "RuleAction": "allow", **({"Ipv6CidrBlock": "::/0"} if six else {"CidrBlock": "0.0.0.0/0"})}
                        for egress in (False, True) for six in (0, 1) if self.chance(0.95)]
            self.rng.shuffle(entries)
            named = [{"SubnetId": s["SubnetId"]} for s in vpc["subnets"] if k == 1 and self.chance(0.5)]
            vpc["acls"].append(self.add("NetworkAcls", {"NetworkAclId": "acl-%d%d" % (vpc["n"], k), "VpcId": vpc["id"], "OwnerId": ACCOUNT, "IsDefault": k == 0,
                                                        "Entries": entries, "Associations": named}, vpc["region"]))

    # ---- Places

    def network(self, vpc):
        n, region = vpc["n"], vpc["region"]
        self.add("Vpcs", {"VpcId": vpc["id"], "OwnerId": ACCOUNT, "State": "available", "CidrBlock": "10.%d.0.0/16" % n,
                          "Ipv6CidrBlockAssociationSet": [{"Ipv6CidrBlock": "2001:db8:%d::/48" % n, "Ipv6CidrBlockState": {"State": "associated"}}]}, region)
        for k in range(3):
            vpc["subnets"].append(self.add("Subnets", {
                "SubnetId": "subnet-%d%d" % (n, k), "VpcId": vpc["id"], "OwnerId": ACCOUNT, "State": "available", "CidrBlock": "10.%d.%d.0/24" % (n, k),
                "AvailabilityZone": region + pick(self.rng, "ab"), "Ipv6CidrBlockAssociationSet": [
                    {"Ipv6CidrBlock": "2001:db8:%d:%d::/64" % (n, k), "Ipv6CidrBlockState": {"State": "associated"}}]}, region))
        self.groups(vpc)
        self.acls(vpc)
        if self.chance(0.85):
            self.add("InternetGateways", {"InternetGatewayId": "igw-%d" % n, "OwnerId": ACCOUNT, "Attachments": [] if self.chance(0.1) else [
                {"VpcId": vpc["id"], "State": "available"}]}, region)
        if self.chance(0.7):
            self.add("EgressOnlyInternetGateways", {"EgressOnlyInternetGatewayId": "eigw-%d" % n, "Attachments": [
                {"VpcId": vpc["id"], "State": pick(self.rng, ["attached"] * 5 + ["attaching", "detached"])}]}, region)
        for k in range(2):
            self.nat(vpc, k)

    def nat(self, vpc, k):
        subnet = vpc["subnets"][2 if k == 0 else self.rng.randrange(3)]
        public = k == 0 or self.chance(0.3)
        private = subnet["CidrBlock"].replace("0/24", "%d" % (200 + k))
        address = {"PrivateIp": private, "NetworkInterfaceId": "eni-nat%d%d" % (vpc["n"], k), "IsPrimary": True, "Status": "succeeded"}
        if public:
            address["PublicIp"] = "192.0.2.%d" % (vpc["n"] * 10 + k)
        if self.chance(0.1):
            return
        self.add("NatGateways", {"NatGatewayId": "nat-%d%d" % (vpc["n"], k), "VpcId": vpc["id"], "SubnetId": subnet["SubnetId"],
                                 "ConnectivityType": "public" if public else "private", "State": pick(self.rng, ["available"] * 8 + ["pending", "deleted", "failed", "molten"]),
                                 "NatGatewayAddresses": [address]}, vpc["region"])

    def route(self, vpc, where, target, state="active"):
        key = "DestinationPrefixListId" if where.startswith("pl-") else "DestinationIpv6CidrBlock" if ":" in where else "DestinationCidrBlock"
        return {key: where, target[0]: target[1], "State": state, "Origin": "CreateRoute"}

    def tables(self, vpc):
        n, rng = vpc["n"], self.rng
        for k in range(3):
            routes = {"10.%d.0.0/16" % n: ("GatewayId", "local"), "2001:db8:%d::/48" % n: ("GatewayId", "local")}
            out = [("GatewayId", "igw-%d" % n)] * 4 + [("NatGatewayId", "nat-%d0" % n)] * 3 + [("NatGatewayId", "nat-%d1" % n)] + [
                ("TransitGatewayId", "tgw-1"), ("NetworkInterfaceId", "eni-appliance"), ("GatewayId", "vgw-1"), ("GatewayId", "igw-9"), ("VpcPeeringConnectionId", "pcx-12")]
            if k == 2:
                out = out[:4]  # the subnet that NAT gateways are in
            out6 = [("GatewayId", "igw-%d" % n)] * 4 + [("EgressOnlyInternetGatewayId", "eigw-%d" % n)] * 3 + [("NetworkInterfaceId", "eni-appliance")]
            state = lambda: "active" if rng.random() < 0.95 else "blackhole"
            states = {}
            if self.chance(0.9):
                routes["0.0.0.0/0"] = pick(rng, out)
            if self.chance(0.8):
                routes["::/0"] = pick(rng, out6)
            for _ in range(rng.randrange(3) if self.chance(0.4) else 0):
                routes[pick(rng, INTERNET4)] = pick(rng, out)
            if self.chance(0.15):
                routes[pick(rng, ["pl-0a000001", "pl-0a000003", "pl-0a000002"])] = pick(rng, out)
            if self.chance(0.3):
                routes["pl-0a000009"] = ("GatewayId", "vpce-%d" % n)
            for other in self.vpcs:
                if other is vpc:
                    continue
                a, b = sorted((n, other["n"]))
                ways = [("VpcPeeringConnectionId", "pcx-%d%d" % (a, b))] * 3 + [("TransitGatewayId", "tgw-1")] * 3 + [("NetworkInterfaceId", "eni-appliance"), ("GatewayId", "vgw-1")]
                for where in ("10.%d.0.0/16" % other["n"], "2001:db8:%d::/48" % other["n"], "10.%d.1.0/24" % other["n"]):
                    if self.chance(0.12 if where.endswith("/24") else 0.5 if ":" in where else 0.8):
                        routes[where] = pick(rng, ways)
            if self.chance(0.12):  # between its own subnets
                routes["10.%d.%d.0/24" % (n, rng.randrange(3))] = pick(rng, [("NetworkInterfaceId", "eni-appliance"), ("GatewayId", "vpce-9")])
            listed = [self.route(vpc, where, target, state() if target[1] != "local" else "active") for where, target in routes.items()]
            rng.shuffle(listed)
            associations = [{"Main": True, "RouteTableId": "rtb-%d%d" % (n, k), "RouteTableAssociationId": "m%d" % n}] if k == 0 else []
            for s, subnet in enumerate(vpc["subnets"]):
                if (k == 2 and s == 2) or (k == 1 and s == 1 and self.chance(0.7)):
                    associations.append({"SubnetId": subnet["SubnetId"], "RouteTableId": "rtb-%d%d" % (n, k), "RouteTableAssociationId": "a%d%d" % (n, k), "Main": False})
            vpc["tables"].append(self.add("RouteTables", {"RouteTableId": "rtb-%d%d" % (n, k), "VpcId": vpc["id"], "OwnerId": ACCOUNT, "Routes": listed,
                                                          "Associations": associations, "PropagatingVgws": []}, vpc["region"]))

    def edge(self, vpc):
        """A table that is associated with the internet gateway, and leads what comes by it through something."""
        n, subnet = vpc["n"], pick(self.rng, vpc["subnets"])
        routes = {"10.%d.0.0/16" % n: ("GatewayId", "local"), "2001:db8:%d::/48" % n: ("GatewayId", "local"),
                  pick(self.rng, [subnet["CidrBlock"], subnet["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"]]): pick(self.rng, [("NetworkInterfaceId", "eni-appliance"), ("GatewayId", "vpce-9")])}
        self.add("RouteTables", {"RouteTableId": "rtb-%d9" % n, "VpcId": vpc["id"], "OwnerId": ACCOUNT, "PropagatingVgws": [],
                                 "Routes": [self.route(vpc, where, target) for where, target in routes.items()],
                                 "Associations": [{"Main": False, "GatewayId": "igw-%d" % n, "RouteTableId": "rtb-%d9" % n, "RouteTableAssociationId": "e%d" % n}]}, vpc["region"])

    def interfaces(self, vpc):
        for k in range(3):
            s = self.rng.randrange(3) if k else 0
            subnet, n = vpc["subnets"][s], vpc["n"]
            private = subnet["CidrBlock"].replace("0/24", "%d" % (10 + k))
            address = {"PrivateIpAddress": private, "Primary": True}
            if self.chance(0.4):
                address["Association"] = {"PublicIp": "198.51.100.%d" % (200 + n * 10 + k), "IpOwnerId": "amazon"}
            others = [g for v in self.vpcs for g in v["groups"]]
            held = self.rng.sample(vpc["groups"], self.rng.randrange(1, 3))
            self.add("NetworkInterfaces", {
                "NetworkInterfaceId": "eni-%d%d" % (n, k), "VpcId": vpc["id"], "SubnetId": subnet["SubnetId"], "OwnerId": ACCOUNT, "Status": "in-use", "InterfaceType": "interface",
                "AvailabilityZone": subnet["AvailabilityZone"], "Attachment": {"Status": "attached", "AttachmentId": "eni-attach-%d%d" % (n, k), "DeviceIndex": 0,
                                                                             "InstanceOwnerId": "amazon-x"},
                "SourceDestCheck": True, "PrivateIpAddress": private, "PrivateIpAddresses": [address], "Groups": [{"GroupId": g} for g in sorted(held)],
                "Ipv6Addresses": [{"Ipv6Address": "2001:db8:%d:%d::%x" % (n, s, 0x10 + k)}] if self.chance(0.5) else []}, vpc["region"])

    # ---- Between VPCs

    def peerings(self):
        for a, b in ((1, 2), (1, 3), (2, 3)):
            if self.chance(0.15):
                continue
            sides = [{"VpcId": "vpc-%d" % n, "OwnerId": ACCOUNT, "Region": self.vpcs[n - 1]["region"], "CidrBlock": "10.%d.0.0/16" % n,
                      "CidrBlockSet": [{"CidrBlock": "10.%d.0.0/16" % n}], "Ipv6CidrBlockSet": [{"Ipv6CidrBlock": "2001:db8:%d::/48" % n}]} for n in (a, b)]
            if self.chance(0.5):
                sides.reverse()
            record = {"VpcPeeringConnectionId": "pcx-%d%d" % (a, b), "RequesterVpcInfo": sides[0], "AccepterVpcInfo": sides[1],
                      "Status": {"Code": pick(self.rng, ["active"] * 8 + ["pending-acceptance", "deleted", "provisioning", "curious"])}}
            for region in {side["Region"] for side in sides}:
                self.add("VpcPeeringConnections", record, region)

    def transit(self):
        on = lambda p: "enable" if self.chance(p) else "disable"
        rng = self.rng
        self.add("TransitGateways", {"TransitGatewayId": "tgw-1", "OwnerId": ACCOUNT, "State": pick(rng, ["available"] * 9 + ["modifying"]), "Options": {
            "SecurityGroupReferencingSupport": on(0.7)}})
        attached, tables = [], {1: [], 2: []}
        for vpc in self.vpcs:
            if vpc["region"] != HOME or self.chance(0.1):
                continue
            n, state = vpc["n"], pick(rng, ["available"] * 9 + ["deleted", "modifying"])
            subnets = [s["SubnetId"] for s in vpc["subnets"] if self.chance(0.6)] or [vpc["subnets"][0]["SubnetId"]]
            one = {"TransitGatewayAttachmentId": "tgw-attach-%d" % n, "TransitGatewayId": "tgw-1", "State": state}
            where = pick(rng, [1, 1, 2, None])
            if where:
                tables[where].append(n)
            self.add("TransitGatewayAttachments", {**one, "TransitGatewayOwnerId": ACCOUNT, "ResourceOwnerId": ACCOUNT, "ResourceType": "vpc", "ResourceId": vpc["id"],
                                                   **({"Association": {"TransitGatewayRouteTableId": TABLE % where, "State": "associated"}} if where else {})})
            self.add("TransitGatewayVpcAttachments", {**one, "VpcId": vpc["id"], "VpcOwnerId": ACCOUNT, "SubnetIds": subnets, "Options": {
                "SecurityGroupReferencingSupport": on(0.7), "Ipv6Support": on(0.8), "ApplianceModeSupport": "disable"}})
            attached.append(n)
        self.estate.setdefault((HOME, "TransitGatewayAttachments"), [])
        self.estate.setdefault((HOME, "TransitGatewayVpcAttachments"), [])
        for t in (1, 2):
            self.add("TransitGatewayRouteTables", {"TransitGatewayRouteTableId": TABLE % t, "TransitGatewayId": "tgw-1", "State": "available"})
            routes = {}
            for n in attached:
                for where in ("10.%d.0.0/16" % n, "2001:db8:%d::/48" % n):
                    if self.chance(0.85):
                        routes[where, "propagated" if self.chance(0.6) else "static"] = (n, "active")
                if self.chance(0.15):
                    routes["10.%d.0.0/16" % n, "static"] = (pick(rng, attached), pick(rng, ["active", "blackhole"]))
                if self.chance(0.12):
                    routes["10.%d.1.0/24" % n, "static"] = (pick(rng, attached), pick(rng, ["active", "blackhole", "pending", "deleting"]))
                if self.chance(0.12):  # beside a propagated one to the same place
                    routes["10.%d.0.0/16" % n, "propagated"], routes["10.%d.0.0/16" % n, "static"] = (n, "active"), (pick(rng, attached), pick(rng, ["active", "blackhole", "pending"]))
            if attached and self.chance(0.3):
                routes["0.0.0.0/0", "static"] = (pick(rng, attached), pick(rng, ["active", "active", "blackhole"]))
            told = [{"DestinationCidrBlock": where, "Type": kind, "State": state, "TransitGatewayAttachments": [] if state == "blackhole" else [
                {"TransitGatewayAttachmentId": "tgw-attach-%d" % n, "ResourceId": "vpc-%d" % n, "ResourceType": "vpc"}]} for (where, kind), (n, state) in routes.items()]
            link = lambda n, word: {"TransitGatewayAttachmentId": "tgw-attach-%d" % n, "ResourceId": "vpc-%d" % n, "ResourceType": "vpc", "State": word}
            files = {"search-transit-gateway-routes": {"Routes": told}, "get-transit-gateway-route-table-associations": {
                "Associations": [link(n, "associated") for n in tables[t]]}, "get-transit-gateway-route-table-propagations": {
                "TransitGatewayRouteTablePropagations": [link(n, "enabled") for n in attached]}}
            for name, document in files.items():
                self.estate.setdefault("files", {})["%s.%s" % (name, TABLE % t)] = document

    def shield(self):
        if self.chance(0.35):
            self.estate[HOME, "VpcBlockPublicAccessOptions"] = {
                "AwsAccountId": ACCOUNT, "AwsRegion": HOME, "State": pick(self.rng, ["update-complete"] * 6 + ["update-in-progress"]),
                "InternetGatewayBlockMode": pick(self.rng, ["block-bidirectional", "block-bidirectional", "block-ingress", "off"]), "ExclusionsAllowed": "allowed"}
            exclusions = [{"ExclusionId": "vpcbpa-exclude-%d" % i, "State": pick(self.rng, ["create-complete"] * 5 + ["delete-complete", "create-in-progress"]),
                           "InternetGatewayExclusionMode": pick(self.rng, ["allow-bidirectional", "allow-egress"]),
                           "ResourceArn": "arn:aws:ec2:%s:%s:%s/%s" % (HOME, ACCOUNT, "vpc" if name.startswith("vpc") else "subnet", name)}
                          for i, name in enumerate(self.rng.sample(["vpc-1", "vpc-2", "subnet-10", "subnet-12", "subnet-20", "subnet-22"], self.rng.randrange(4)))]
            self.estate[HOME, "VpcBlockPublicAccessExclusions"] = exclusions
        if any(v["region"] == ABROAD for v in self.vpcs) and (HOME, "VpcBlockPublicAccessOptions") in self.estate:
            self.estate[ABROAD, "VpcBlockPublicAccessOptions"] = {"AwsAccountId": ACCOUNT, "AwsRegion": ABROAD, "State": "default-state",
                                                                  "InternetGatewayBlockMode": "off", "ExclusionsAllowed": "allowed"}
            self.estate[ABROAD, "VpcBlockPublicAccessExclusions"] = []

    ABSENT = ["NetworkAcls", "RouteTables", "InternetGateways", "SecurityGroups", "NatGateways", "EgressOnlyInternetGateways", "VpcPeeringConnections", "VpcEndpoints",
              "TransitGateways", "TransitGatewayAttachments", "TransitGatewayVpcAttachments", "TransitGatewayRouteTables", "Subnets", "PrefixLists"]

    def make(self):
        for vpc in self.vpcs:
            self.network(vpc)
        for vpc in self.vpcs:
            self.tables(vpc)
            if self.chance(0.12):
                self.edge(vpc)
            self.interfaces(vpc)
            self.add("VpcEndpoints", {"VpcEndpointId": "vpce-%d" % vpc["n"], "VpcEndpointType": "Gateway", "VpcId": vpc["id"], "ServiceName": "com.amazonaws.%s.s3" % vpc["region"],
                                      "State": "available", "OwnerId": ACCOUNT, "RouteTableIds": [t["RouteTableId"] for t in vpc["tables"] if any(
                                          r.get("GatewayId") == "vpce-%d" % vpc["n"] for r in t["Routes"])]}, vpc["region"])
        self.peerings()
        self.transit()
        self.shield()
        regions = {v["region"] for v in self.vpcs}
        for region in sorted(regions):
            self.estate[region, "PrefixLists"] = [{"PrefixListId": i, "PrefixListName": "list-" + i, "State": "create-complete", "OwnerId": ACCOUNT} for i in sorted(LISTS)]
            for kind in ("InternetGateways", "EgressOnlyInternetGateways", "NatGateways", "VpcPeeringConnections", "SecurityGroups", "Reservations", "Addresses", "LoadBalancers",
                         "LoadBalancerDescriptions", "DBInstances", "VpnGateways", "VpnConnections", "TransitGateways", "TransitGatewayAttachments",
                         "TransitGatewayVpcAttachments", "TransitGatewayRouteTables"):
                self.estate.setdefault((region, kind), [])
        for region in sorted(regions) if self.chance(0.25) else []:
            kind = pick(self.rng, self.ABSENT)
            self.estate.pop((region, kind), None)
            if kind.startswith("TransitGateway") and self.chance(0.5):
                for name in [n for n in self.estate["files"] if n.startswith(pick(self.rng, ["search", "get"]))]:
                    del self.estate["files"][name]
        return self.estate


def make(rng):
    """{(region, kind): records, "files": {name: document of the home region}}"""
    return Maker(rng).make()


def write(estate, folder):
    for key, records in estate.items():
        if key == "files":
            for name, document in records.items():
                path = pathlib.Path(folder, ACCOUNT, HOME, name + ".json")
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(json.dumps(document))
            continue
        region, kind = key
        path = pathlib.Path(folder, ACCOUNT, region, kind + ".json")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({kind: records}))
        if kind == "PrefixLists":
            for listed in records:
                entries = LISTS[listed["PrefixListId"]]
                if entries is not None:
                    pathlib.Path(folder, ACCOUNT, region, "get-managed-prefix-list-entries.%s.json" % listed["PrefixListId"]).write_text(
                        json.dumps({"Entries": [{"Cidr": c} for c in entries]}))
