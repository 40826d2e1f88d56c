"""Random estates as Terraform resources, before and after; what AWS makes of them, as documents; and the plan that leads from one to the other.

Shares nothing with the product: `Aws` does what AWS does when the resources are applied, and `plan` marks unknown what the provider marks: every computed attribute
of what is created, every reference to what is new; of what is updated, computed attributes keep what they were.
"""
import copy
import ipaddress

from oracle.estates import pick

CIDRS = ["0.0.0.0/0", "0.0.0.0/0", "0.0.0.0/1", "203.0.113.0/24", "8.8.8.0/24", "198.18.0.0/15"]
PORTS = [22, 80, 443, 1024, 3306, 8080, 32768]

# Attributes that AWS chooses where the configuration does not (Optional and Computed, and the computed ones that matter).
COMPUTED = {
    "aws_vpc": ["id", "default_route_table_id", "main_route_table_id", "default_network_acl_id", "default_security_group_id", "ipv6_cidr_block"],
    "aws_internet_gateway": ["id", "vpc_id"],
    "aws_subnet": ["id", "ipv6_cidr_block_association_id"],
    "aws_route_table": ["id", "route", "owner_id"],
    "aws_default_route_table": ["id", "route", "vpc_id"],
    "aws_route": ["id", "instance_id", "network_interface_id", "origin", "state"],
    "aws_route_table_association": ["id"],
    "aws_main_route_table_association": ["id", "original_route_table_id"],
    "aws_network_acl": ["id", "ingress", "egress", "subnet_ids", "owner_id"],
    "aws_default_network_acl": ["id", "vpc_id"],
    "aws_network_acl_rule": ["id"],
    "aws_network_acl_association": ["id"],
    "aws_security_group": ["id", "ingress", "egress", "owner_id"],
    "aws_default_security_group": ["id", "ingress", "egress", "name"],
    "aws_security_group_rule": ["id", "source_security_group_id", "security_group_rule_id"],
    "aws_vpc_security_group_ingress_rule": ["id", "security_group_rule_id"],
    "aws_instance": ["id", "arn", "subnet_id", "vpc_security_group_ids", "security_groups", "associate_public_ip_address", "network_interface", "ipv6_addresses",
                     "ipv6_address_count", "private_ip", "public_ip", "primary_network_interface_id", "availability_zone"],
    "aws_network_interface": ["id", "attachment", "security_groups", "private_ip", "private_ips", "ipv6_addresses", "ipv6_address_count", "interface_type"],
    "aws_eip": ["id", "allocation_id", "association_id", "instance", "network_interface", "private_ip", "public_ip", "domain"],
    "aws_eip_association": ["id", "allocation_id", "instance_id", "network_interface_id", "private_ip_address", "public_ip"],
}
# What cannot be changed in place.
FORCES = {"aws_security_group_rule": None, "aws_route_table_association": ["subnet_id"], "aws_network_acl_rule": None, "aws_network_acl_association": None,
          "aws_instance": ["subnet_id", "associate_public_ip_address"], "aws_eip_association": None, "aws_subnet": ["cidr_block"], "aws_route": ["destination_cidr_block"]}


class Ref:
    def __init__(self, address, attribute="id"):
        self.address, self.attribute = address, attribute

    def __eq__(self, other):
        return isinstance(other, Ref) and (self.address, self.attribute) == (other.address, other.attribute)

    __hash__ = None


def type_of(address):
    return bare(address).split(".")[0]


def bare(address):
    """Without its module and its key."""
    return (address[len("module.net."):] if address.startswith("module.net.") else address).split("[")[0]


def key_of(address):
    return address[address.index("["):] if "[" in address else ""


class Aws:
    """What AWS holds when a world, {address: arguments}, is applied. `ids` remembers what earlier worlds were given."""

    def __init__(self, world, ids):
        self.world, self.ids = world, ids
        self.vpcs = [a for a in world if type_of(a) == "aws_vpc"]
        self.build()

    def number(self, *key):
        return self.ids.setdefault(key, len(self.ids) + 1)

    def id(self, address):
        kind = type_of(address)
        if kind == "aws_default_route_table":
            return self.value(self.world[address]["default_route_table_id"])
        if kind == "aws_default_network_acl":
            return self.value(self.world[address]["default_network_acl_id"])
        return "%s-%d" % ({"aws_vpc": "vpc", "aws_subnet": "subnet", "aws_instance": "i", "aws_network_interface": "eni", "aws_internet_gateway": "igw", "aws_eip": "eipalloc",
                           "aws_route_table": "rtb", "aws_network_acl": "acl", "aws_security_group": "sg"}.get(kind, "x"), self.number("id", address))

    def value(self, value):
        if isinstance(value, list):
            return [self.value(v) for v in value]
        if isinstance(value, dict):
            return {k: self.value(v) for k, v in value.items()}
        if not isinstance(value, Ref):
            return value
        own = self.id(value.address)
        made = {"default_route_table_id": "rtb-of-", "main_route_table_id": "rtb-of-", "default_network_acl_id": "acl-of-", "default_security_group_id": "sg-of-"}
        return made[value.attribute] + own if value.attribute in made else own

    def of(self, *types):
        return [(a, self.value(args)) for a, args in self.world.items() if type_of(a) in types]

    def build(self):
        local = lambda vpc: {"cidr_block": vpc["cidr_block"], "gateway_id": "local"}
        self.vpc = {self.id(a): args for a, args in self.of("aws_vpc")}
        self.subnets = {self.id(a): args for a, args in self.of("aws_subnet")}
        self.gateways = {self.id(a): args.get("vpc_id") for a, args in self.of("aws_internet_gateway")}
        self.tables = {"rtb-of-" + v: {"vpc": v, "routes": [local(args)], "subnets": []} for v, args in self.vpc.items()}
        self.main = {v: "rtb-of-" + v for v in self.vpc}
        for a, args in self.of("aws_route_table"):
            self.tables[self.id(a)] = {"vpc": args["vpc_id"], "routes": [local(self.vpc[args["vpc_id"]])] + args.get("route", []), "subnets": []}
        for a, args in self.of("aws_default_route_table"):
            table = self.tables[args["default_route_table_id"]]
            table["routes"] = table["routes"][:1] + args.get("route", [])
        for a, args in self.of("aws_route"):
            self.tables[args["route_table_id"]]["routes"].append({"cidr_block": args["destination_cidr_block"], "gateway_id": args["gateway_id"]})
        for a, args in self.of("aws_route_table_association"):
            self.tables[args["route_table_id"]]["subnets"].append(args["subnet_id"])
        for a, args in self.of("aws_main_route_table_association"):
            self.main[args["vpc_id"]] = args["route_table_id"]
        self.build_acls()
        self.build_groups()
        self.build_hosts()

    def build_acls(self):
        everything = lambda: [{"rule_no": 100, "action": "allow", "protocol": "-1", "from_port": 0, "to_port": 0, "cidr_block": "0.0.0.0/0"}]
        self.acls = {"acl-of-" + v: {"vpc": v, "ingress": everything(), "egress": everything(), "default": True} for v in self.vpc}
        self.acl_of = {}
        for a, args in self.of("aws_network_acl"):
            self.acls[self.id(a)] = {"vpc": args["vpc_id"], "ingress": list(args.get("ingress", [])), "egress": list(args.get("egress", [])), "default": False}
            self.acl_of.update({s: self.id(a) for s in args.get("subnet_ids", [])})
        for a, args in self.of("aws_default_network_acl"):
            self.acls[args["default_network_acl_id"]].update(ingress=args.get("ingress", []), egress=args.get("egress", []))
        for a, args in self.of("aws_network_acl_rule"):
            entry = {"rule_no": args["rule_number"], "action": args["rule_action"], **{k: args[k] for k in ("protocol", "from_port", "to_port", "cidr_block")}}
            self.acls[args["network_acl_id"]]["egress" if args["egress"] else "ingress"].append(entry)
        for a, args in self.of("aws_network_acl_association"):
            self.acl_of[args["subnet_id"]] = args["network_acl_id"]

    def build_groups(self):
        self.groups = {"sg-of-" + v: {"vpc": v, "name": "default", "rules": []} for v in self.vpc}
        for a, args in self.of("aws_security_group"):
            self.groups[self.id(a)] = {"vpc": args["vpc_id"], "name": args["name"], "rules": list(args.get("ingress", [])), "egress": args.get("egress", [])}
        for a, args in self.of("aws_default_security_group"):
            self.groups["sg-of-" + args["vpc_id"]]["rules"] = list(args.get("ingress", []))
        for a, args in self.of("aws_security_group_rule"):
            if args["type"] == "ingress":
                kept = {k: args[k] for k in ("protocol", "from_port", "to_port")}
                peer = {"cidr_blocks": args["cidr_blocks"]} if "cidr_blocks" in args else {"cidr_blocks": [], "security_groups": [args["source_security_group_id"]]}
                self.groups[args["security_group_id"]]["rules"].append({**kept, **peer})
        for a, args in self.of("aws_vpc_security_group_ingress_rule"):
            self.groups[args["security_group_id"]]["rules"].append(
                {"protocol": args["ip_protocol"], "from_port": args["from_port"], "to_port": args["to_port"], "cidr_blocks": [args["cidr_ipv4"]]})

    def has_a_rule_twice(self):
        """AWS refuses that (InvalidPermission.Duplicate), so no such world is there."""
        told = [(g, r["protocol"], r["from_port"], r["to_port"], c) for g, one in self.groups.items() for r in one["rules"] for c in r["cidr_blocks"] + r.get("security_groups", [])]
        return len(told) != len(set(told))

    def build_hosts(self):
        self.interfaces = {}  # id: subnet, groups, instance, public
        for a, args in self.of("aws_network_interface"):
            vpc = self.subnets[args["subnet_id"]]["vpc_id"]
            self.interfaces[self.id(a)] = {"subnet": args["subnet_id"], "groups": args.get("security_groups") or ["sg-of-" + vpc], "instance": None, "public": None, "number": self.number("eni", a)}
        self.primary = {}
        for a, args in self.of("aws_instance"):
            if args.get("network_interface"):
                interface = args["network_interface"][0]["network_interface_id"]
                self.interfaces[interface]["instance"] = self.id(a)
            else:
                subnet = self.subnets[args["subnet_id"]]
                public = args.get("associate_public_ip_address", subnet["map_public_ip_on_launch"])
                interface = "eni-of-" + self.id(a)
                self.interfaces[interface] = {"subnet": args["subnet_id"], "groups": args.get("vpc_security_group_ids") or ["sg-of-" + subnet["vpc_id"]], "instance": self.id(a),
                                              "public": "198.51.100.%d" % self.number("public", a) if public and ("lost", a) not in self.ids else None,
                                              "number": self.number("eni", a)}
            self.primary[self.id(a)] = interface
        self.on = {}  # address of an EIP: interface
        for a, args in self.of("aws_eip"):
            target = args.get("network_interface") or self.primary.get(args.get("instance"))
            self.associate(a, target)
        for a, args in self.of("aws_eip_association"):
            eip = next(e for e in self.world if type_of(e) == "aws_eip" and self.id(e) == args["allocation_id"])
            self.associate(eip, args.get("network_interface_id") or self.primary.get(args.get("instance_id")))

    def associate(self, eip, interface):
        if interface:  # the automatic address is lost; whether AWS gives another one when the Elastic IP goes, it alone knows
            self.interfaces[interface]["public"] = self.elastic(eip)
            self.ids.update({("lost", a): 0 for a, args in self.of("aws_instance") if self.primary.get(self.id(a)) == interface})
            self.on[self.elastic(eip)] = interface

    def elastic(self, eip):
        return "203.0.113.%d" % self.number("eip", eip)

    # ---- As documents

    def documents(self):
        place = {"OwnerId": "111122223333"}
        names = {self.id(a): args["tags"]["Name"] for a, args in self.of("aws_instance")}
        ports = lambda r: {} if r["protocol"] == "-1" else {"FromPort": r["from_port"], "ToPort": r["to_port"]}
        permissions = lambda rules: [{"IpProtocol": r["protocol"], **ports(r), "IpRanges": [{"CidrIp": c} for c in r["cidr_blocks"]], "Ipv6Ranges": [], "PrefixListIds": [],
                                      "UserIdGroupPairs": [{"GroupId": g, "UserId": "111122223333"} for g in r.get("security_groups", [])]} for r in rules]
        interfaces, instances = [], []
        for eni, one in self.interfaces.items():
            private = "10.0.0.%d" % one["number"]
            association = {"Association": {"PublicIp": one["public"], "IpOwnerId": "amazon"}} if one["public"] else {}
            interfaces.append({
                "NetworkInterfaceId": eni, "SubnetId": one["subnet"], "VpcId": self.subnets[one["subnet"]]["vpc_id"], "InterfaceType": "interface", **place,
                "Status": "in-use" if one["instance"] else "available", "AvailabilityZone": "eu-west-3a", "Description": "", "RequesterManaged": False,
                "Groups": [{"GroupId": g, "GroupName": g} for g in one["groups"]], "PrivateIpAddress": private, "Ipv6Addresses": [],
                "PrivateIpAddresses": [{"Primary": True, "PrivateIpAddress": private, **association}], "TagSet": [],
                "Attachment": {"DeviceIndex": 0, "InstanceId": one["instance"], "Status": "attached"} if one["instance"] else {"Status": "detached"}})
            if one["instance"]:
                instances.append({"InstanceId": one["instance"], "State": {"Name": "running"}, "VpcId": self.subnets[one["subnet"]]["vpc_id"],
                                  "Tags": [{"Key": "Name", "Value": names[one["instance"]]}], "SecurityGroups": [], "NetworkInterfaces": []})
        tables = []
        for table, one in self.tables.items():
            seen = [{"Main": False, "SubnetId": s, "RouteTableId": table, "AssociationState": {"State": "associated"}} for s in one["subnets"]]
            seen += [{"Main": True, "RouteTableId": table, "AssociationState": {"State": "associated"}} for v, m in self.main.items() if m == table]
            tables.append({"RouteTableId": table, "VpcId": one["vpc"], "Associations": seen, "PropagatingVgws": [], "Routes": [
                {"DestinationCidrBlock": r["cidr_block"], ("NatGatewayId" if r.get("nat_gateway_id") else "GatewayId"): r.get("nat_gateway_id") or r["gateway_id"],
                 "State": "active", "Origin": "CreateRoute"} for r in one["routes"]]})
        acls = []
        for acl, one in self.acls.items():
            entries = [{"RuleNumber": e["rule_no"], "Egress": egress, "RuleAction": e["action"], "Protocol": e["protocol"], "CidrBlock": e["cidr_block"],
                        **({} if e["protocol"] == "-1" else {"PortRange": {"From": e["from_port"], "To": e["to_port"]}})}
                       for egress in (False, True) for e in one["egress" if egress else "ingress"]]
            acls.append({"NetworkAclId": acl, "VpcId": one["vpc"], "IsDefault": one["default"], "Entries": entries, "Associations": [
                {"NetworkAclAssociationId": "aclassoc-" + s, "NetworkAclId": acl, "SubnetId": s} for s, args in self.subnets.items()
                if self.acl_of.get(s, "acl-of-" + args["vpc_id"]) == acl]})
        return {
            "Vpcs": [{"VpcId": v, "CidrBlock": args["cidr_block"], "Ipv6CidrBlockAssociationSet": [], "IsDefault": False, **place,
                      "CidrBlockAssociationSet": [{"CidrBlock": args["cidr_block"], "CidrBlockState": {"State": "associated"}}]} for v, args in self.vpc.items()],
            "Subnets": [{"SubnetId": s, "VpcId": args["vpc_id"], "CidrBlock": args["cidr_block"], "MapPublicIpOnLaunch": args["map_public_ip_on_launch"],
                         "Ipv6CidrBlockAssociationSet": [], "AvailabilityZone": "eu-west-3a", **place} for s, args in self.subnets.items()],
            "InternetGateways": [{"InternetGatewayId": g, "Attachments": [{"VpcId": v, "State": "available"}] if v else [], **place} for g, v in self.gateways.items()],
            "RouteTables": tables, "NetworkAcls": acls, "NetworkInterfaces": interfaces, "Reservations": [{"Instances": instances, **place}],
            "SecurityGroups": [{"GroupId": g, "GroupName": one["name"], "VpcId": one["vpc"], **place,
                                "IpPermissionsEgress": permissions(one.get("egress", [])), "IpPermissions": permissions(one["rules"])} for g, one in self.groups.items()]}

    # ---- As Terraform's state

    def state(self, address):
        """All attributes after a refresh: those of the configuration, and what AWS tells of the computed ones."""
        kind, args, own = type_of(address), self.value(self.world[address]), self.id(address)
        told = {"id": own}
        inner = lambda acl, way: [dict(e) for e in self.acls[acl][way]]
        if kind in ("aws_security_group", "aws_default_security_group"):
            group = own if kind == "aws_security_group" else "sg-of-" + args["vpc_id"]
            told.update(id=group, ingress=[dict(r, description="", self=False) for r in self.groups[group]["rules"]])
        elif kind in ("aws_route_table", "aws_default_route_table"):
            told.update(route=[dict(r) for r in self.tables[own]["routes"][1:]])
        elif kind in ("aws_network_acl", "aws_default_network_acl"):
            told.update(ingress=inner(own, "ingress"), egress=inner(own, "egress"), subnet_ids=sorted(s for s, a in self.acl_of.items() if a == own))
        elif kind == "aws_main_route_table_association":
            told.update(original_route_table_id="rtb-of-" + args["vpc_id"])
        elif kind == "aws_instance":
            eni = self.primary[own]
            one = self.interfaces[eni]
            told.update(subnet_id=one["subnet"], vpc_security_group_ids=one["groups"], public_ip=one["public"] or "", primary_network_interface_id=eni,
                        associate_public_ip_address=bool(one["public"]), network_interface=[], ipv6_addresses=[], ipv6_address_count=0, security_groups=[])
        elif kind == "aws_network_interface":
            one = self.interfaces[own]
            told.update(security_groups=one["groups"], ipv6_addresses=[], attachment=[{"instance": one["instance"], "device_index": 0}] if one["instance"] else [])
        elif kind == "aws_eip":
            eni = self.on.get(self.elastic(address))
            told.update(allocation_id=own, public_ip=self.elastic(address), network_interface=eni or "", instance=self.interfaces[eni]["instance"] or "" if eni else "")
        elif kind == "aws_eip_association":
            eip = next(e for e in self.world if type_of(e) == "aws_eip" and self.id(e) == args["allocation_id"])
            eni = self.on[self.elastic(eip)]
            told.update(public_ip=self.elastic(eip), network_interface_id=eni, instance_id=self.interfaces[eni]["instance"] or "")
        return {**told, **args}


# ---- The plan

def planned(value, aws, new):
    """(value, whether unknown) of an argument: what refers to something new is unknown, and its value is left out."""
    if isinstance(value, Ref):
        return (None, True) if value.address in new else (aws.value(value), False)
    if isinstance(value, list):
        pairs = [planned(v, aws, new) for v in value]
        if any(u is True for _, u in pairs):
            return None, True  # of a set one unknown element makes all so
        return [v for v, _ in pairs], [u for _, u in pairs]
    if isinstance(value, dict):
        pairs = {k: planned(v, aws, new) for k, v in value.items()}
        return {k: v for k, (v, u) in pairs.items() if u is not True}, {k: u for k, (_, u) in pairs.items() if u}
    return value, False


def change_of(address, before, after, was, new_aws, new):
    kind = type_of(address)
    if address not in after:
        return {"actions": ["delete"], "before": was, "after": None, "after_unknown": {}}
    values, unknown = {}, {}
    for key, value in after[address].items():
        known, mark = planned(value, new_aws, new)
        if mark is not True:
            values[key] = known
        if mark:
            unknown[key] = mark
    if was is None or address in new:
        unknown.update({k: True for k in COMPUTED[kind] if k not in after[address]})
        return {"actions": ["create"] if was is None else ["delete", "create"], "before": was, "after": values, "after_unknown": unknown}
    values = {**{k: v for k, v in was.items() if k not in unknown or k in values}, **values}
    if before[address] == after[address] and "True" not in str(unknown):
        return {"actions": ["no-op"], "before": was, "after": values, "after_unknown": {}}
    return {"actions": ["update"], "before": was, "after": values, "after_unknown": unknown}


def references(rng, address, target, opaque):
    """How the configuration of `address` refers to `target`; and what the module's call and outputs must hold for that."""
    name, attribute = target.address, target.attribute
    local = name[len("module.net."):] if name.startswith("module.net.") else name
    forms = [local + "." + attribute, local] + ([local.split("[")[0]] if "[" in local else [])
    label = local.replace(".", "_").replace("[", "_").replace("]", "").replace('"', "") + "_" + attribute
    inside, target_inside = address.startswith("module.net."), name.startswith("module.net.")
    if opaque:
        return ["local.%s" % label], {}, {}
    if inside == target_inside:
        return forms, {}, {}
    if inside:
        return ["var." + label], {label: {"references": forms}}, {}
    return ["module.net." + label, "module.net"], {}, {label: {"expression": {"references": forms}}}


def find_refs(value):
    if isinstance(value, Ref):
        return [value]
    if isinstance(value, list):
        return [r for v in value for r in find_refs(v)]
    return [r for v in value.values() for r in find_refs(v)] if isinstance(value, dict) else []


def configuration(rng, world, opaque_share):
    resources, call, outputs = {}, {}, {}
    for address in world:
        resources.setdefault((address.startswith("module.net."), bare(address)), []).append(address)
    lists = {False: [], True: []}
    for (inside, name), addresses in resources.items():
        expressions, extra = {}, {}
        for key in {k for a in addresses for k in world[a]}:
            of = [(a, find_refs(world[a].get(key))) for a in addresses]
            flat = [r for _, refs in of for r in refs]
            if not flat:
                expressions[key] = {"constant_value": world[addresses[0]].get(key)}
                continue
            counted = all(len(refs) == 1 and key_of(refs[0].address) != "" != key_of(a) and bare(refs[0].address) == bare(flat[0].address) and
                                                 refs[0].address.startswith("module.net.") == inside for a, refs in of)
            plain = counted and all(key_of(refs[0].address) == key_of(a) for a, refs in of)
            if plain or counted and rng.random() < 0.5:  # else each has its index written out
                extra["count_expression"] = {"constant_value": len(addresses)}
                expressions[key] = {"references": [bare(flat[0].address), "count.index"],
                                    "text": "%s[%s].id" % (bare(flat[0].address), "count.index" if plain else "(count.index + 1) % 2")}
                continue
            found = []
            for ref in flat:
                refs, inputs, told = references(rng, addresses[0], ref, rng.random() < opaque_share)
                found += [r for r in refs if r not in found]
                call.update(inputs)
                outputs.update(told)
            expressions[key] = {"references": found}
        lists[inside].append({"address": name, "mode": "managed", "type": name.split(".")[0], "name": name.split(".")[1], "expressions": expressions, **extra})
    module = {"source": "./net", "expressions": call, "module": {"outputs": outputs, "resources": lists[True]}}
    return {"root_module": {"resources": lists[False], "module_calls": {"net": module} if lists[True] else {}}}


def replaced(before, after):
    """Addresses that are created, or made anew because something changes that cannot in place, or because what it stands on is made anew."""
    new = {a for a in after if a not in before}
    changed = True
    while changed:
        changed = False
        for address in after:
            if address in new:
                continue
            force = FORCES.get(type_of(address), [])
            keys = set(before[address]) | set(after[address]) if force is None else force
            differ = [k for k in keys if before[address].get(k) != after[address].get(k) or any(r.address in new for r in find_refs(after[address].get(k)))]
            if differ:
                new.add(address)
                changed = True
    return new


def make(rng, inside=False):
    """(documents before, documents after, the plan). `inside`: that moves what gets out and who reaches whom inside, too."""
    opaque_share = pick(rng, [0, 0, 0, 0, 0.1, 0.4])  # of references, those that no plan tells where they lead
    before = world_before(rng, inside)
    after = world_after(rng, before, inside)
    ids = {}
    old = Aws(before, ids)
    documents, states = old.documents(), {a: old.state(a) for a in before}
    new = replaced(before, after)
    for address in new & set(before):  # what is made anew is given other ids
        for key in [k for k in ids if k[1] == address]:
            ids[("was",) + key] = ids.pop(key)
    fresh = Aws(after, ids)
    if old.has_a_rule_twice() or fresh.has_a_rule_twice():
        return make(rng, inside)
    changes = [{"address": address, "mode": "managed", "type": type_of(address), "name": bare(address).split(".")[1],
                "provider_name": "hashicorp/aws", "change": change_of(address, before, after, states.get(address), fresh, new),
                **({"module_address": "module.net"} if address.startswith("module.net.") else {})} for address in sorted(set(before) | set(after))]
    rng.shuffle(changes)
    told = configuration(rng, after, opaque_share)
    if rng.random() < 0.05:
        told = {}
    elif rng.random() < 0.1:  # that of one resource is lost
        told["root_module"]["resources"] = told["root_module"]["resources"][1:]
    return documents, fresh.documents(), {"format_version": "1.2", "terraform_version": "1.9.8", "resource_changes": changes,
                                          "configuration": told, "applyable": True, "complete": True, "errored": False}


# ---- Worlds

def rule(rng, cidrs=CIDRS):
    low, high = sorted((pick(rng, PORTS), pick(rng, PORTS)))
    if rng.random() < 0.1:
        return {"protocol": "-1", "from_port": 0, "to_port": 0, "cidr_blocks": [pick(rng, cidrs)]}
    return {"protocol": pick(rng, ["tcp", "tcp", "udp"]), "from_port": low, "to_port": high, "cidr_blocks": [pick(rng, cidrs)]}


def entry(rng, number):
    low, high = sorted((pick(rng, PORTS), pick(rng, PORTS)))
    whole = rng.random() < 0.6
    return {"rule_no": number, "action": "allow" if rng.random() < 0.75 else "deny", "protocol": "-1" if whole else "6", "from_port": 0 if whole else low,
            "to_port": 0 if whole else high, "cidr_block": pick(rng, CIDRS)}


def entries(rng):
    return [entry(rng, n) for n in sorted(rng.sample(range(1, 90), rng.randrange(3)))] + (
        [{"rule_no": 100, "action": "allow", "protocol": "-1", "from_port": 0, "to_port": 0, "cidr_block": "0.0.0.0/0"}] if rng.random() < 0.8 else [])


INSIDE = ["10.0.0.0/8", "10.0.0.0/16", "10.0.0.0/28", "10.0.0.8/30", "10.0.0.7/32", "10.0.0.9/32", "10.0.0.10/32", "0.0.0.0/0"]
EVERYTHING = {"protocol": "-1", "from_port": 0, "to_port": 0, "cidr_blocks": ["0.0.0.0/0"]}


class World:
    """`inside`: groups say what they let out, by rules of the groups, refer to each other, and name addresses inside."""

    def __init__(self, rng, resources=None, inside=False):
        self.rng, self.all, self.next, self.inside = rng, resources or {}, 100 * bool(resources), inside

    def a_rule(self):
        return rule(self.rng, CIDRS + INSIDE) if self.inside else rule(self.rng)

    def lets_out(self):
        return [EVERYTHING] if self.rng.random() < 0.6 else [self.a_rule() for _ in range(self.rng.randrange(3))]

    def add(self, name, args, inside=False):
        address = ("module.net." if inside else "") + name
        self.all[address] = args
        return address

    def named(self, kind, letter):
        self.next += 1
        return "%s.%s%d" % (kind, letter, self.next)

    def of(self, *types):
        return [a for a in self.all if type_of(a) in types]

    def subnet_vpc(self, subnet):
        return self.all[subnet]["vpc_id"].address

    # A VPC with its gateway and all that; its subnets may be counted, and it may lie in a module.
    def network(self, octet):
        rng, inside = self.rng, self.rng.random() < 0.4
        vpc = self.add(self.named("aws_vpc", "v"), {"cidr_block": "10.%d.0.0/16" % octet}, inside and rng.random() < 0.7)
        gateway = self.add(self.named("aws_internet_gateway", "g"), {"vpc_id": Ref(vpc)}, inside)
        name = self.named("aws_subnet", "s")
        count = rng.randrange(1, 3)
        keys = ["[%d]" % i for i in range(count)] if rng.random() < 0.5 else None
        subnets = [self.add(name + (keys[i] if keys else "_%d" % i), {
            "vpc_id": Ref(vpc), "cidr_block": "10.%d.%d.0/24" % (octet, i), "map_public_ip_on_launch": rng.random() < 0.7}, inside) for i in range(count)]
        route = {"cidr_block": pick(rng, ["0.0.0.0/0"] * 4 + ["203.0.113.0/24"]), "gateway_id": Ref(gateway)}
        draw = rng.random()
        if draw < 0.3:
            self.add(self.named("aws_default_route_table", "d"), {"default_route_table_id": Ref(vpc, "default_route_table_id"), "route": [route] if rng.random() < 0.8 else []}, inside)
        if draw > 0.2:
            inline = rng.random() < 0.4
            table = self.add(self.named("aws_route_table", "t"), {"vpc_id": Ref(vpc), **({"route": [route]} if inline else {})}, inside)
            if not inline and rng.random() < 0.9:
                self.add(self.named("aws_route", "r"), {"route_table_id": Ref(table), "destination_cidr_block": route["cidr_block"], "gateway_id": Ref(gateway)}, inside)
            associations = self.named("aws_route_table_association", "a")
            if rng.random() < 0.2:
                self.add(self.named("aws_main_route_table_association", "m"), {"vpc_id": Ref(vpc), "route_table_id": Ref(table)}, inside)
            elif keys or rng.random() < 0.9:
                of = subnets[1:] if keys and rng.random() < 0.4 else subnets  # the first of fewer is not of the first
                for i, subnet in enumerate(of):
                    self.add(associations + (keys[i] if keys else "_%d" % i), {"subnet_id": Ref(subnet), "route_table_id": Ref(table)}, inside)
        if rng.random() < 0.2:
            self.add(self.named("aws_default_network_acl", "n"), {"default_network_acl_id": Ref(vpc, "default_network_acl_id"), "ingress": entries(rng), "egress": entries(rng)}, inside)
        if rng.random() < 0.3:
            self.acl(vpc, subnets, inside)
        if rng.random() < 0.3:
            self.add(self.named("aws_default_security_group", "q"), {"vpc_id": Ref(vpc), **({"ingress": [rule(rng)]} if rng.random() < 0.6 else {})}, inside)
        for _ in range(rng.randrange(1, 3)):
            self.group(vpc)

    def acl(self, vpc, subnets, inside):
        rng = self.rng
        inline = rng.random() < 0.5
        by_association = rng.random() < 0.4
        args = {"vpc_id": Ref(vpc)}
        if inline:
            args.update(ingress=entries(rng), egress=entries(rng))
        if not by_association:
            args["subnet_ids"] = [Ref(s) for s in subnets if rng.random() < 0.7]
        acl = self.add(self.named("aws_network_acl", "c"), args, inside)
        if by_association:
            self.add(self.named("aws_network_acl_association", "x"), {"network_acl_id": Ref(acl), "subnet_id": Ref(pick(rng, subnets))}, inside)
        for egress in (False, True) if not inline else ():
            for e in entries(rng):
                self.add(self.named("aws_network_acl_rule", "e"), {"network_acl_id": Ref(acl), "rule_number": e["rule_no"], "rule_action": e["action"], "egress": egress,
                                                                  **{k: e[k] for k in ("protocol", "from_port", "to_port", "cidr_block")}}, inside)

    def group(self, vpc):
        rng = self.rng
        inline = rng.random() < 0.4
        group = self.add(self.named("aws_security_group", "w"), {"vpc_id": Ref(vpc), "name": "w%d" % self.next, **({"ingress": [self.a_rule() for _ in range(rng.randrange(3))]} if inline else {}),
                                                                       **({"egress": self.lets_out()} if self.inside else {})})
        for _ in range(0 if inline else rng.randrange(3)):
            self.rule(group)
        return group

    def rule(self, group):
        one = self.a_rule()
        if self.inside and self.rng.random() < 0.5:
            del one["cidr_blocks"]
            other = pick(self.rng, self.groups_in(self.all[group]["vpc_id"].address))
            self.add(self.named("aws_security_group_rule", "u"), {"type": "ingress", "security_group_id": Ref(group), **one, "source_security_group_id": Ref(other)})
        elif self.rng.random() < 0.5:
            self.add(self.named("aws_security_group_rule", "u"), {"type": "ingress", "security_group_id": Ref(group), **one})
        else:
            self.add(self.named("aws_vpc_security_group_ingress_rule", "p"), {"security_group_id": Ref(group), "ip_protocol": one["protocol"], "from_port": one["from_port"],
                                                                             "to_port": one["to_port"], "cidr_ipv4": one["cidr_blocks"][0]})

    def groups_in(self, vpc):
        return [g for g in self.of("aws_security_group") if self.all[g]["vpc_id"].address == vpc]

    def host(self):
        rng = self.rng
        subnet = pick(rng, self.of("aws_subnet"))
        groups = [Ref(g) for g in self.groups_in(self.subnet_vpc(subnet)) if rng.random() < 0.7]
        name = self.named("aws_instance", "i")
        args = {"ami": "ami-1", "tags": {"Name": name}}
        if rng.random() < 0.25:
            interface = self.add(self.named("aws_network_interface", "f"), {"subnet_id": Ref(subnet), **({"security_groups": groups} if groups else {})})
            args["network_interface"] = [{"device_index": 0, "network_interface_id": Ref(interface)}]
            target = ("network_interface", "network_interface_id", interface)
        else:
            args.update(subnet_id=Ref(subnet), **({"vpc_security_group_ids": groups} if groups else {}))
            if rng.random() < 0.4:
                args["associate_public_ip_address"] = rng.random() < 0.7
            target = ("instance", "instance_id", name)
        self.add(name, args)
        if rng.random() < 0.4:
            self.address(target)

    def address(self, target):
        if self.rng.random() < 0.6:
            self.add(self.named("aws_eip", "z"), {"domain": "vpc", target[0]: Ref(target[2])})
        else:
            eip = self.add(self.named("aws_eip", "z"), {"domain": "vpc"})
            self.add(self.named("aws_eip_association", "y"), {"allocation_id": Ref(eip), target[1]: Ref(target[2])})

    # ---- Changes

    def drop(self, address):
        """With all that refers to it."""
        del self.all[address]
        for other in [a for a in self.all if any(r.address == address for r in find_refs(self.all[a]))]:
            if other not in self.all:
                continue
            args, kept = self.all[other], {}
            if type_of(other) in ("aws_instance", "aws_network_interface", "aws_network_acl"):  # lists that shrink
                for key, value in args.items():
                    kept[key] = [r for r in value if not (isinstance(r, Ref) and r.address == address)] if isinstance(value, list) else value
                if kept != args and not any(isinstance(v, Ref) and v.address == address for v in args.values()) and not (
                        args.get("network_interface") and find_refs(args["network_interface"])[0].address == address):
                    self.all[other] = {k: v for k, v in kept.items() if v != [] or k not in ("vpc_security_group_ids", "security_groups")}
                    continue
            self.drop(other)

    def change(self):
        rng = self.rng
        if self.inside and rng.random() < 0.4 and self.of("aws_security_group"):
            group = pick(rng, self.of("aws_security_group"))
            self.all[group] = dict(self.all[group], egress=self.lets_out())
            return
        draw = rng.randrange(16)
        types = {0: ["aws_security_group_rule", "aws_vpc_security_group_ingress_rule"], 1: ["aws_network_acl_rule"], 2: ["aws_route"], 3: ["aws_route_table_association"],
                 4: ["aws_instance"], 5: ["aws_eip", "aws_eip_association"], 6: ["aws_network_acl", "aws_network_acl_association", "aws_main_route_table_association"]}
        if draw in types and self.of(*types[draw]):
            self.drop(pick(rng, self.of(*types[draw])))
        elif draw in (7, 8) and self.of("aws_security_group"):
            group = pick(rng, self.of("aws_security_group"))
            args = dict(self.all[group], tags={"team": str(rng.random())})
            if "ingress" in args:
                args["ingress"] = [self.a_rule() for _ in range(rng.randrange(3))]
            else:
                self.rule(group)
            self.all[group] = args
        elif draw == 9:
            self.host()
        elif draw == 10 and self.of("aws_network_acl", "aws_default_network_acl", "aws_route_table"):
            one = pick(rng, self.of("aws_network_acl", "aws_default_network_acl", "aws_route_table"))
            args = dict(self.all[one], tags={"team": str(rng.random())})
            if "ingress" in args:
                args.update(ingress=entries(rng), egress=entries(rng))
            if args.get("subnet_ids") and rng.random() < 0.5:
                args["subnet_ids"] = args["subnet_ids"][1:]
            self.all[one] = args
        elif draw == 11 and len(self.of("aws_instance")) > 1:
            eips = [e for e in self.of("aws_eip") if self.all[e].get("instance")]
            hosts = [i for i in self.of("aws_instance") if "subnet_id" in self.all[i] and not any(self.all[e].get("instance") == Ref(i) for e in eips)
                     and not any(self.all[y].get("instance_id") == Ref(i) for y in self.of("aws_eip_association"))]
            if eips and hosts:
                eip = pick(rng, eips)
                self.all[eip] = dict(self.all[eip], instance=Ref(pick(rng, hosts)))
        elif draw == 12 and self.of("aws_instance"):
            host = pick(rng, self.of("aws_instance"))
            if "subnet_id" in self.all[host]:
                groups = [Ref(g) for g in self.groups_in(self.subnet_vpc(self.all[host]["subnet_id"].address)) if rng.random() < 0.6]
                if groups:
                    self.all[host] = dict(self.all[host], vpc_security_group_ids=groups)
        elif draw == 13 and self.of("aws_instance"):
            host = pick(rng, self.of("aws_instance"))
            if "subnet_id" in self.all[host]:  # made anew
                self.all[host] = dict(self.all[host], associate_public_ip_address=not self.all[host].get("associate_public_ip_address", False))
        elif draw == 14:
            self.network(50 + self.next % 100)
            self.host()
        elif draw == 15 and self.of("aws_security_group_rule", "aws_vpc_security_group_ingress_rule"):
            one = pick(rng, self.of("aws_security_group_rule", "aws_vpc_security_group_ingress_rule"))
            self.all[one] = dict(self.all[one], to_port=max(self.all[one]["from_port"], pick(rng, PORTS)))


def world_before(rng, inside=False):
    world = World(rng, inside=inside)
    world.network(0)
    for _ in range(rng.randrange(1, 4)):
        world.host()
    return world.all


def world_after(rng, before, inside=False):
    world = World(rng, copy.deepcopy(before), inside)
    for _ in range(rng.randrange(1, 5)):
        world.change()
    return world.all
