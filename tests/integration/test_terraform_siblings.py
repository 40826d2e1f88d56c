"""diff --terraform on plans of our own, each judged by hand before it was tried: what opens and closes at whom, how sure, and when nothing may be called clean.
The base: web (198.51.100.4, 443 open) in a public subnet, behind (198.51.100.5, 22 in its group) in one whose table has no way out but a NAT gateway."""
import json
import os
import pathlib
import random
import re
import shutil
import sys
import tempfile
import unittest

sys.path[:0] = [os.path.dirname(__file__), os.path.join(os.path.dirname(__file__), "..")]
import common
from oracle import configuration, estates
from oracle.terraform import COMPUTED
from test_snapshots import entry, permission

WORLD, NEW, WEB, BEHIND = "0.0.0.0/0", "(known after apply)", "198.51.100.4", "198.51.100.5"
ROUTE = {"id": "r-1", "route_table_id": "rtb-2", "destination_cidr_block": WORLD, "nat_gateway_id": "nat-1", "gateway_id": "", "state": "active"}
RULE = {"id": "sgr-1", "security_group_id": "sg-1", "ip_protocol": "tcp", "from_port": 443, "to_port": 443, "cidr_ipv4": WORLD}
HOST = {"subnet_id": "subnet-1", "associate_public_ip_address": True, "vpc_security_group_ids": ["sg-1"]}


def base(**keys):
    interface = lambda n, group: {
        "NetworkInterfaceId": "eni-%d" % n, "VpcId": "vpc-1", "SubnetId": "subnet-%d" % n, "OwnerId": "111122223333", "AvailabilityZone": "eu-west-3a", "InterfaceType": "interface",
        "Status": "in-use", "Groups": [{"GroupId": group}], "Attachment": {"InstanceId": "i-%d" % n, "DeviceIndex": 0, "Status": "attached"}, "Ipv6Addresses": [],
        "PrivateIpAddresses": [{"Primary": True, "PrivateIpAddress": "10.0.%d.%d" % (2 if n == 2 else 1, 3 + n), "Association": {"PublicIp": "198.51.100.%d" % (3 + n)}}]}
    route = lambda to, **by: {"DestinationCidrBlock": to, "State": "active", **by}
    group = lambda id, name, *rules: {"GroupId": id, "GroupName": name, "VpcId": "vpc-1", "IpPermissions": list(rules),
                                        "IpPermissionsEgress": [permission("-1", None, [WORLD], ["::/0"])]}
    subnet = lambda n: {"SubnetId": "subnet-%d" % n, "VpcId": "vpc-1", "CidrBlock": "10.0.%d.0/24" % n, "MapPublicIpOnLaunch": False, "AssignIpv6AddressOnCreation": False}
    return {
        "entries": {"pl-1": ["203.0.113.0/24"]}, "Vpcs": [{"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16"}], "Subnets": [subnet(1), subnet(2)],
        "NatGateways": [{"NatGatewayId": "nat-1", "VpcId": "vpc-1", "SubnetId": "subnet-1", "State": "available", "ConnectivityType": "public",
                         "NatGatewayAddresses": [{"PrivateIp": "10.0.0.9", "NetworkInterfaceId": "eni-9", "PublicIp": "198.51.100.9", "IsPrimary": True, "Status": "succeeded"}]}],
        "InternetGateways": [{"InternetGatewayId": "igw-1", "Attachments": [{"VpcId": "vpc-1", "State": "available"}]}],
        "RouteTables": [
            {"RouteTableId": "rtb-1", "VpcId": "vpc-1", "Associations": [{"Main": True}], "Routes": [route("10.0.0.0/16", GatewayId="local"), route(WORLD, GatewayId="igw-1"),
             {"DestinationIpv6CidrBlock": "::/0", "GatewayId": "igw-1", "State": "active"}]},
            {"RouteTableId": "rtb-2", "VpcId": "vpc-1", "Associations": [{"SubnetId": "subnet-2"}], "Routes": [route("10.0.0.0/16", GatewayId="local"), route(WORLD, NatGatewayId="nat-1")]}],
        "NetworkAcls": [{"NetworkAclId": "acl-1", "VpcId": "vpc-1", "IsDefault": True, "Associations": [{"SubnetId": "subnet-1"}, {"SubnetId": "subnet-2"}],
                         "Entries": [entry(100, e, "allow") for e in (False, True)] + [entry(101, e, "allow", cidr="::/0") for e in (False, True)]}],
        "SecurityGroups": [group("sg-1", "web", permission("tcp", (443, 443), [WORLD])), group("sg-2", "closed"), group("sg-3", "ssh", permission("tcp", (22, 22), [WORLD])),
                           group("sg-d", "default"), group("sg-4", "listed", {"IpProtocol": "tcp", "FromPort": 9000, "ToPort": 9000, "IpRanges": [], "Ipv6Ranges": [],
                                                                             "UserIdGroupPairs": [], "PrefixListIds": [{"PrefixListId": "pl-1"}]})],
        "NetworkInterfaces": [interface(1, "sg-1"), interface(2, "sg-3"), {**interface(6, ""), "NetworkInterfaceId": "eni-9", "SubnetId": "subnet-1", "InterfaceType": "nat_gateway",
                                                                           "Groups": [], "Attachment": {"Status": "attached"}}],
        "Reservations": [{"Instances": [{"InstanceId": "i-%d" % n, "State": {"Name": "running"}, "PublicIpAddress": "198.51.100.%d" % (3 + n)} for n in (1, 2)]}], **keys}


def with_ipv6():
    estate = base()
    estate["Vpcs"][0]["Ipv6CidrBlockAssociationSet"] = [{"Ipv6CidrBlock": "2001:db8::/56", "Ipv6CidrBlockState": {"State": "associated"}}]
    estate["Subnets"][0]["Ipv6CidrBlockAssociationSet"] = [{"Ipv6CidrBlock": "2001:db8::/64", "Ipv6CidrBlockState": {"State": "associated"}}]
    estate["SecurityGroups"][0]["IpPermissions"] = [permission("tcp", (443, 443), [WORLD], ["::/0"])]
    return estate


def blocked(mode="block-bidirectional"):
    return base(VpcBlockPublicAccessOptions={"AwsAccountId": "111122223333", "AwsRegion": "eu-west-3", "InternetGatewayBlockMode": mode, "State": "update-complete"},
                VpcBlockPublicAccessExclusions=[])


def denied():
    """The web's subnet has an ACL that lets nothing in."""
    estate = base()
    acl = estate["NetworkAcls"][0]
    acl["Associations"].pop(0)
    estate["NetworkAcls"].append({**acl, "NetworkAclId": "acl-2", "IsDefault": False, "Associations": [{"SubnetId": "subnet-1"}], "Entries": []})
    return estate


def behind_endpoint():
    """Replies to the entries of a list go by a gateway endpoint."""
    estate = base()
    estate["RouteTables"][0]["Routes"].append({"DestinationPrefixListId": "pl-1", "GatewayId": "vpce-1", "State": "active"})
    estate["VpcEndpoints"] = [{"VpcEndpointId": "vpce-1", "VpcId": "vpc-1", "VpcEndpointType": "Gateway", "ServiceName": "com.amazonaws.eu-west-3.s3", "State": "available", "RouteTableIds": ["rtb-1"]}]
    return estate


BALANCER, LISTENER = ("arn:aws:elasticloadbalancing:eu-west-3:111122223333:%s/app/pub/1" % kind for kind in ("loadbalancer", "listener"))
PUBLIC = {"id": BALANCER, "arn": BALANCER, "internal": False, "load_balancer_type": "application", "subnets": ["subnet-1"], "security_groups": ["sg-1"], "tags": {}}
HTTPS = {"id": LISTENER + "/2", "arn": LISTENER + "/2", "load_balancer_arn": BALANCER, "port": 443, "protocol": "HTTPS", "default_action": [{"type": "fixed-response"}], "ssl_policy": "a"}


def balanced():
    """A load balancer in the public subnet (198.51.100.30), which answers by itself on 443."""
    estate = base()
    node = {**estate["NetworkInterfaces"][0], "NetworkInterfaceId": "eni-30", "Description": "ELB app/pub/1", "RequesterId": "amazon-elb", "Attachment": {"Status": "attached", "InstanceOwnerId": "amazon-elb", "DeviceIndex": 1},
            "PrivateIpAddresses": [{"Primary": True, "PrivateIpAddress": "10.0.1.30", "Association": {"PublicIp": "198.51.100.30", "IpOwnerId": "amazon-elb"}}]}
    estate["NetworkInterfaces"].append(node)
    estate["LoadBalancers"] = [{"LoadBalancerArn": BALANCER, "LoadBalancerName": "pub", "Scheme": "internet-facing", "Type": "application", "VpcId": "vpc-1", "IpAddressType": "ipv4", "State": {"Code": "active"},
                                "AvailabilityZones": [{"ZoneName": "eu-west-3a", "SubnetId": "subnet-1"}], "SecurityGroups": ["sg-1"]}]
    answers = [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}]
    estate["Listeners"] = [{"ListenerArn": LISTENER + "/2", "LoadBalancerArn": BALANCER, "Port": 443, "Protocol": "HTTPS", "DefaultActions": answers}]
    estate["Rules"] = [{"RuleArn": LISTENER.replace("listener", "listener-rule") + "/2/3", "Priority": "default", "IsDefault": True, "Conditions": [], "Actions": answers}]
    estate["TargetGroups"], estate["TargetHealthDescriptions"] = [], []
    return estate


def allocated():
    estate = base()
    estate["NetworkInterfaces"][0]["PrivateIpAddresses"][0]["Association"]["AllocationId"] = "eipalloc-1"
    return estate


def told_by_all():
    """What describe-instances and describe-addresses tell of the addresses, too, as AWS's own documents do."""
    estate = base()
    estate["NetworkInterfaces"][0]["PrivateIpAddresses"][0]["Association"].update(AllocationId="eipalloc-1", AssociationId="eipassoc-1")
    estate["Addresses"] = [{"PublicIp": WEB, "AllocationId": "eipalloc-1", "AssociationId": "eipassoc-1", "Domain": "vpc", "InstanceId": "i-1", "NetworkInterfaceId": "eni-1", "PrivateIpAddress": "10.0.0.4"},
                           {"PublicIp": "198.51.100.99", "AllocationId": "eipalloc-9", "Domain": "vpc"}]
    return estate


EIP = {"id": "eipalloc-1", "allocation_id": "eipalloc-1", "public_ip": WEB, "instance": "i-1", "network_interface": "eni-1", "private_ip": "10.0.0.4", "domain": "vpc"}


class Plan:
    """A plan as the provider marks it. `by`: references of arguments, which are unknown then; `unknown`: what else is."""

    def __init__(self):
        self.changes, self.root, self.keys = [], {"resources": []}, {}

    def module(self, path):
        at = self.root
        for name in re.findall(r"module\.(\w+)\.", path):
            at = at.setdefault("module_calls", {}).setdefault(name, {"expressions": {}, "module": {"resources": []}})["module"]
        return at

    def call(self, path, **by):
        parent, _, name = path.rpartition("module.")
        self.module(path + ".")
        self.module(parent)["module_calls"][name]["expressions"].update({k: {"references": v} for k, v in by.items()})
        return self

    def output(self, path, **by):
        self.module(path + ".").setdefault("outputs", {}).update({k: {"expression": {"references": v}} for k, v in by.items()})
        return self

    def put(self, address, actions, before, after, unknown, by, **keys):
        bare = re.sub(r"\[(?:\d+|\"[^\"]*\")\]", "", address)
        path, name = re.fullmatch(r"((?:module\.\w+\.)*)(.*)", bare).groups()
        told = self.module(path)["resources"]
        if after is not None and not any(one["address"] == name for one in told):
            provider = keys.pop("provider", "aws")
            told.append({"address": name, "provider_config_key": provider, "expressions": {**{k: {"constant_value": v} for k, v in after.items() if k not in COMPUTED.get(name.split(".")[0], [])},
                                                                                        **{k: {"references": v} for k, v in by.items()}}})
        keys.pop("provider", None)
        change = {"actions": actions, "before": before, "after": after, "after_unknown": unknown, **keys.pop("change", {})}
        self.changes.append({"address": address, "mode": "managed", "type": name.split(".")[0], "name": name.split(".")[1], "change": change, **keys})
        return self

    def new(self, address, /, by=None, unknown=None, actions=("create",), before=None, keys=None, **after):
        kind = re.sub(r"(module\.\w+(\[[^\]]*\])?\.)*", "", address, count=1).split(".")[0]
        marks = {k: True for k in COMPUTED.get(kind, ["id"]) if k not in after}
        return self.put(address, list(actions), before, after, {**marks, **{k: True for k in by or {}}, **(unknown or {})}, by or {}, **(keys or {}))

    def update(self, address, before, by=None, unknown=None, keys=None, **after):
        known = {k: v for k, v in {**before, **after}.items() if k not in (by or {}) and k not in (unknown or {})}
        return self.put(address, ["update"], before, known, {**{k: True for k in by or {}}, **(unknown or {})}, by or {}, **(keys or {}))

    def gone(self, address, before, **keys):
        return self.put(address, ["delete"], before, None, {}, {}, **keys)

    def and_(self, **keys):
        self.keys.update(keys)
        return self

    def text(self):
        root = {**self.keys.pop("configuration", {}), "root_module": self.root}
        return json.dumps({"format_version": "1.2", "terraform_version": "1.14.0", "resource_changes": self.changes, "configuration": root, **self.keys})


def rule(plan, port, address="aws_vpc_security_group_ingress_rule.r", by=None, **keys):
    known = {} if by else {"security_group_id": keys.pop("group", "sg-1")}
    return plan.new(address, by, ip_protocol="tcp", from_port=port, to_port=port, **{"cidr_ipv4": WORLD, **known, **keys})


def group(plan, address="aws_security_group.g", port=None, **keys):
    inline = {} if port is None else {"ingress": [{"protocol": "tcp", "from_port": port, "to_port": port, "cidr_blocks": [WORLD], "ipv6_cidr_blocks": [], "self": False}]}
    return plan.new(address, name="g", vpc_id="vpc-1", **inline, **keys)


def host(plan, address="aws_instance.h", by=None, **keys):
    return plan.new(address, by, **{k: v for k, v in {**HOST, **keys}.items() if k not in (by or {}) and v is not None})


def by_new_template(plan):
    plan.new("aws_launch_template.t", vpc_security_group_ids=["sg-3"])
    host(plan, launch_template=[{"version": "$Latest"}], vpc_security_group_ids=None, unknown={"launch_template": [{"id": True}]})
    plan.root["resources"][-1]["expressions"]["launch_template"] = [{"id": {"references": ref("aws_launch_template.t")}}]
    return plan


TEMPLATE = {"id": "lt-1", "image_id": "ami-1", "vpc_security_group_ids": ["sg-1"], "network_interfaces": [], "default_version": 1, "latest_version": 1}
PRIVATE_FLEET = {"id": "asg", "vpc_zone_identifier": ["subnet-2"], "min_size": 1, "max_size": 3, "desired_capacity": 1, "target_group_arns": [], "load_balancers": [],
                 "launch_template": [{"id": "lt-1", "version": "1"}], "mixed_instances_policy": []}


def private_fleet(plan, before=None):
    """A scaling group in the subnet that gives no addresses, by the template's latest version."""
    if before:
        plan.update("aws_autoscaling_group.a", before, launch_template=[{"id": "lt-1"}], unknown={})
        plan.changes[-1]["change"]["after_unknown"] = {"launch_template": [{"version": True}]}
    else:
        plan.new("aws_autoscaling_group.a", vpc_zone_identifier=["subnet-2"], min_size=1, max_size=1, launch_template=[{}], unknown={"launch_template": [{"id": True, "version": True}]})
    plan.root["resources"][-1]["expressions"]["launch_template"] = [{"id": {"references": ref("aws_launch_template.t")}, "version": {"references": ["aws_launch_template.t.latest_version", "aws_launch_template.t"]}}]
    return plan


def propagating():
    """The entry of a list is reached by a VPN, whose routes a virtual private gateway puts into the public table."""
    estate = base()
    estate["RouteTables"][0].update(PropagatingVgws=[{"GatewayId": "vgw-1"}])
    estate["RouteTables"][0]["Routes"].append({"DestinationCidrBlock": "203.0.113.0/24", "GatewayId": "vgw-1", "State": "active", "Origin": "EnableVgwRoutePropagation"})
    return estate


def two_groups(plan, more):
    group(group(plan, port=8080), "aws_security_group.other", 8081)
    return host(plan, by={"vpc_security_group_ids": [*more, *ref("aws_security_group.g"), *ref("aws_security_group.other")]})


def tasks(plan):
    group(plan, port=8080)
    plan.new("aws_ecs_service.s", unknown={"network_configuration": [{"security_groups": True}]}, network_configuration=[{"subnets": ["subnet-1"], "assign_public_ip": True}], desired_count=1)
    plan.root["resources"][-1]["expressions"]["network_configuration"] = [{"security_groups": {"references": ref("aws_security_group.g")}}]
    return plan


def ref(address, attribute="id"):
    bare = address.split("[")[0] if address.endswith("]") else None
    return ["%s.%s" % (address, attribute), address] + ([bare] if bare else [])


def region(plan, **provider):
    """A whole VPC with a host in it."""
    keys = {"keys": {"provider": "aws.far"}} if not provider else {}
    plan.new("aws_vpc.v", cidr_block="10.9.0.0/16", **provider, **keys)
    plan.new("aws_internet_gateway.g", {"vpc_id": ref("aws_vpc.v")}, **provider, **keys)
    plan.new("aws_subnet.s", {"vpc_id": ref("aws_vpc.v")}, cidr_block="10.9.0.0/24", map_public_ip_on_launch=True, assign_ipv6_address_on_creation=False, **provider, **keys)
    plan.new("aws_route.r", {"route_table_id": ref("aws_vpc.v", "main_route_table_id"), "gateway_id": ref("aws_internet_gateway.g")}, destination_cidr_block=WORLD, **provider, **keys)
    plan.new("aws_security_group.g", {"vpc_id": ref("aws_vpc.v")}, name="g", ingress=[{"protocol": "tcp", "from_port": 443, "to_port": 443, "cidr_blocks": [WORLD]}], **provider, **keys)
    return plan.new("aws_instance.h", {"subnet_id": ref("aws_subnet.s"), "vpc_security_group_ids": ref("aws_security_group.g")}, **provider, **keys)


def ipv6(plan, **instance):
    plan.new("aws_vpc.v", cidr_block="10.9.0.0/16", assign_generated_ipv6_cidr_block=True)
    plan.new("aws_internet_gateway.g", {"vpc_id": ref("aws_vpc.v")})
    on = not instance
    plan.new("aws_subnet.s", {"vpc_id": ref("aws_vpc.v"), "ipv6_cidr_block": ref("aws_vpc.v", "ipv6_cidr_block")}, cidr_block="10.9.0.0/24", map_public_ip_on_launch=False,
             assign_ipv6_address_on_creation=on)
    plan.new("aws_route.r", {"route_table_id": ref("aws_vpc.v", "main_route_table_id"), "gateway_id": ref("aws_internet_gateway.g")}, destination_ipv6_cidr_block="::/0")
    plan.new("aws_security_group.g", {"vpc_id": ref("aws_vpc.v")}, name="g", ingress=[{"protocol": "tcp", "from_port": 443, "to_port": 443, "cidr_blocks": [], "ipv6_cidr_blocks": ["::/0"]}])
    return plan.new("aws_instance.h", {"subnet_id": ref("aws_subnet.s"), "vpc_security_group_ids": ref("aws_security_group.g")}, **instance)


def perhaps_ipv6(plan):
    """Beside its host one in either of two subnets."""
    ipv6(plan).new("aws_subnet.o", {"vpc_id": ref("aws_vpc.v")}, cidr_block="10.9.1.0/24", map_public_ip_on_launch=False, assign_ipv6_address_on_creation=False)
    return plan.new("aws_instance.u", {"subnet_id": ["local.subnet"], "vpc_security_group_ids": ref("aws_security_group.g")})


def deep(plan):
    for path in ("module.a", "module.a.module.b", "module.a.module.b.module.c"):
        plan.call(path, sg=ref("aws_security_group.g") if path == "module.a" else ["var.sg"])
    group(plan)
    rule(plan, 8080, 'module.a["x"].module.b[0].module.c.aws_vpc_security_group_ingress_rule.r', {"security_group_id": ["var.sg"]})
    return host(plan, by={"vpc_security_group_ids": ref("aws_security_group.g")})


def deep_out(plan):
    """The subnet of a module three deep, by outputs."""
    plan.new("module.a.module.b.module.c.aws_subnet.s[0]", vpc_id="vpc-1", cidr_block="10.0.7.0/24", map_public_ip_on_launch=True, assign_ipv6_address_on_creation=False)
    plan.output("module.a.module.b.module.c", ids=["aws_subnet.s"]).output("module.a.module.b", ids=["module.c.ids", "module.c"]).output("module.a", ids=["module.b.ids", "module.b"])
    return host(plan, by={"subnet_id": ["module.a.ids[0]", "module.a.ids", "module.a"]}, associate_public_ip_address=None)


def service(plan, before=None, **keys):
    block = [{"subnets": keys.pop("subnets", ["subnet-1"]), "security_groups": ["sg-1"], "assign_public_ip": keys.pop("public", True)}]
    told = {"id": "svc", "network_configuration": block, "desired_count": 2, "task_definition": "web:1", "load_balancer": [], **keys}
    return plan.update("aws_ecs_service.s", {**told, **before}, desired_count=told["desired_count"], task_definition=told["task_definition"]) if before else plan.new(
        "aws_ecs_service.s", **{k: v for k, v in told.items() if k != "id"})


FLEET = {"id": "asg", "vpc_zone_identifier": ["subnet-1"], "min_size": 1, "max_size": 3, "desired_capacity": 1, "target_group_arns": [], "load_balancers": [], "launch_template": [],
         "mixed_instances_policy": [{"launch_template": [{"launch_template_specification": [{"launch_template_id": "lt-1", "version": "$Default"}]}]}]}
DATABASE = {"id": "db", "publicly_accessible": False, "vpc_security_group_ids": ["sg-1"]}
INSTANCE = {"id": "i-1", "subnet_id": "subnet-1", "vpc_security_group_ids": ["sg-1"], "public_ip": WEB, "associate_public_ip_address": True, "ipv6_addresses": [], "tags": {}}
GROUP = {"id": "sg-1", "name": "web", "vpc_id": "vpc-1", "tags": {}, "egress": [],
         "ingress": [{"protocol": "tcp", "from_port": 443, "to_port": 443, "cidr_blocks": [WORLD], "ipv6_cidr_blocks": [], "prefix_list_ids": [], "security_groups": [], "self": False}]}
EXTRA = {**GROUP["ingress"][0], "from_port": 8443, "to_port": 8443}
LIST = {"id": "pl-1,198.18.0.0/15", "prefix_list_id": "pl-1", "cidr": "198.18.0.0/15"}
ON_LIST = lambda p: p.update("aws_instance.w", INSTANCE, vpc_security_group_ids=["sg-4"])
TABLE = {"id": "rtb-2", "vpc_id": "vpc-1", "route": [{"cidr_block": WORLD, "nat_gateway_id": "nat-1"}], "propagating_vgws": ["vgw-1"]}
EXACT = lambda *ports, at=NEW: {(at, p, "exact") for p in ports}
DEPLOYMENT = {"id": "default/d", "spec": [{"replicas": 2, "template": [{"spec": [{"host_network": False, "container": [{"name": "a", "image": "a:1", "port": [{"container_port": 80}]}]}]}]}]}
MAYBE = "some possible"  # at least one opening, all of them possible
READ = {"mode": "data", "address": "data.aws_security_group.d", "type": "aws_security_group", "name": "d",
        "change": {"actions": ["read"], "before": None, "after": {"name": "ssh"}, "after_unknown": {"id": True}}}

# name: what makes the plan; exit status; what opens to the internet by TCP, both ways; what closes; the base
CASES = {
    # ---- Modules, keys, counts
    "a rule in a module three deep": (deep, 0, EXACT(8080), set()),
    "a subnet by outputs three deep": (deep_out, 0, EXACT(443), set()),
    "rules for each of a set, with odd keys": (lambda p: rule(rule(p, 80, 'aws_vpc_security_group_ingress_rule.r["a.b]"]'), 81, 'aws_vpc_security_group_ingress_rule.r["c[0]"]'), 0, EXACT(80, 81, at=WEB), set()),
    "a group by count from none to one": (lambda p: host(rule(group(p, "aws_security_group.g[0]"), 8080, by={"security_group_id": ["aws_security_group.g[0].id", "aws_security_group.g[0]", "aws_security_group.g"]}),
                                                         by={"vpc_security_group_ids": ["aws_security_group.g"]}), 0, EXACT(8080), set()),
    "an address by count on a host that is there": (lambda p: p.new("aws_eip.e[0]", instance="i-1"), 0, EXACT(443), EXACT(443, at=WEB)),
    # ---- What no plan tells of a list: ids that are written out beside what is new, and which of several a condition means
    "a host in a new group, and perhaps in others": (lambda p: host(group(p, port=8080), by={"vpc_security_group_ids": ref("aws_security_group.g")}), 3,
                                                     {(NEW, 8080, "exact"), (NEW, 443, "possible"), (NEW, 22, "possible"), (NEW, 9000, "possible")}, set()),
    "a host that is there is given a new group, and perhaps keeps its own": (lambda p: group(p, port=8080).update("aws_instance.w", INSTANCE, {"vpc_security_group_ids": ref("aws_security_group.g")}), 3,
                                                                             {(WEB, 8080, "exact"), (WEB, 22, "possible"), (WEB, 9000, "possible")}, set()),
    "a host in a new group of a new VPC, where none was": (lambda p: region(p, region="eu-west-3"), 0, EXACT(443), set()),
    "a host by a condition between two groups": (lambda p: two_groups(p, ["var.one"]).and_(variables={"one": {"value": True}}), 3, MAYBE, set()),
    "a host by a condition on something of which there is none": (lambda p: two_groups(p, ["aws_security_group.extra"]), 3, MAYBE, set()),
    "a host by a condition on a list without anything in it": (lambda p: two_groups(p, ["var.extra"]).and_(variables={"extra": {"value": []}}), 3, MAYBE, set()),
    "a host by a condition on one of two groups": (lambda p: two_groups(p, ["aws_security_group.g"]), 3, MAYBE, set()),
    "a host in two groups": (lambda p: two_groups(p, []), 3, EXACT(8080) | {(NEW, 443, "possible"), (NEW, 22, "possible"), (NEW, 9000, "possible")}, set()),
    "a private host in a new group, and perhaps in others": (lambda p: host(group(p, port=8080), by={"vpc_security_group_ids": ref("aws_security_group.g")}, associate_public_ip_address=False), 0, set(), set()),
    "an ACL of a new subnet, and perhaps of others": (lambda p: p.new("aws_subnet.s", vpc_id="vpc-1", cidr_block="10.0.7.0/24", map_public_ip_on_launch=False, assign_ipv6_address_on_creation=False).new(
        "aws_network_acl.a", {"subnet_ids": ref("aws_subnet.s")}, vpc_id="vpc-1", ingress=[], egress=[]), 3, set(), set()),
    "tasks in a new group, and perhaps in others": (lambda p: tasks(p), 3, {(NEW, 8080, "possible"), (NEW, 443, "possible"), (NEW, 22, "possible"), (NEW, 9000, "possible")}, set()),
    "a host in one of two subnets, of which one gives IPv6 addresses": (perhaps_ipv6, 3, EXACT(443) | {(NEW, 443, "possible")}, set()),
    # ---- Blocks
    "a dynamic block over something new": (lambda p: p.update("aws_security_group.g", GROUP, {"ingress": ["local.rules"]}), 3, MAYBE, set()),
    "a dynamic block that is known": (lambda p: p.update("aws_security_group.g", GROUP, ingress=GROUP["ingress"] + [EXTRA]), 0, EXACT(8443, at=WEB), set()),
    "a new group, of which no plan tells whether a dynamic block says its rules": (lambda p: host(group(p), by={"vpc_security_group_ids": ref("aws_security_group.g")}), 3, MAYBE, set()),
    "a new group with rules for others": (lambda p: host(rule(group(p), 80, by={"security_group_id": ref("aws_security_group.g")}, cidr_ipv4="10.0.0.0/8"), by={"vpc_security_group_ids": ref("aws_security_group.g")}), 0, set(), set()),
    "a new group that nothing has": (lambda p: group(p), 0, set(), set()),
    "a new table, of which no plan tells whether a dynamic block says its routes": (lambda p: p.new("aws_route_table.t", vpc_id="vpc-1").update(
        "aws_route_table_association.a", {"id": "rtbassoc-1", "subnet_id": "subnet-2", "route_table_id": "rtb-2"}, {"route_table_id": ref("aws_route_table.t")}), 3, MAYBE, set()),
    "inline and separate rules of a new group": (lambda p: host(rule(group(p, port=22), 80, by={"security_group_id": ref("aws_security_group.g")}), by={"vpc_security_group_ids": ref("aws_security_group.g")}), 0, EXACT(22, 80), set()),
    "inline rules that take separate ones away, and one that comes": (lambda p: rule(p.update("aws_security_group.g", GROUP, ingress=[EXTRA]), 80), 0, EXACT(80, 8443, at=WEB), EXACT(443, at=WEB)),
    "inline rules left over from before": (lambda p: rule(p.update("aws_security_group.g", GROUP, tags={"a": "b"}), 80), 0, EXACT(80, at=WEB), set()),
    # ---- Lists of which the plan knew others than the snapshot has: what it does not know of stays, and that is named
    "a group with a rule that the plan does not know": (lambda p: p.update("aws_security_group.g", {**GROUP, "ingress": []}, ingress=[EXTRA]), 3, EXACT(8443, at=WEB), set()),
    "a group without a rule that the plan takes away": (lambda p: p.update("aws_security_group.g", {**GROUP, "ingress": GROUP["ingress"] + [EXTRA]}, ingress=GROUP["ingress"]), 3, set(), set()),
    "a default group with a rule that the plan does not know": (lambda p: p.update("aws_default_security_group.d", {**GROUP, "name": "default", "ingress": [EXTRA]}, ingress=[]), 3, set(), set()),
    "a list with an entry that the plan does not know": (lambda p: ON_LIST(p.update("aws_ec2_managed_prefix_list.l", {"id": "pl-1", "entry": []}, entry=[{"cidr": "198.18.0.0/15", "description": ""}])), 3,
                                                         EXACT(9000, at=WEB), EXACT(443, at=WEB)),
    "an ACL with entries that the plan does not know": (lambda p: p.update("aws_default_network_acl.a", {"id": "acl-1", "vpc_id": "vpc-1", "subnet_ids": [], "egress": [], "ingress": []}, ingress=[
        {"rule_no": 50, "action": "deny", "protocol": "tcp", "from_port": 80, "to_port": 80, "cidr_block": WORLD}]), 3, set(), set()),
    "an ACL without an entry that the plan takes away": (lambda p: p.update("aws_default_network_acl.a", {"id": "acl-1", "vpc_id": "vpc-1", "subnet_ids": [], "egress": [], "ingress": [
        {"rule_no": 50, "action": "deny", "protocol": "tcp", "from_port": 80, "to_port": 80, "cidr_block": WORLD}]}, ingress=[]), 3, set(), set()),
    "a table with a route that the plan does not know": (lambda p: p.update("aws_default_route_table.t", {"id": "rtb-1", "route": [], "propagating_vgws": []}, route=[{"cidr_block": "10.9.0.0/16", "vpc_peering_connection_id": "pcx-1"}]),
                                                         3, set(), set()),
    "a table without a route that the plan takes away": (lambda p: p.update("aws_route_table.t", {**TABLE, "route": TABLE["route"] + [{"cidr_block": "8.8.8.0/24", "gateway_id": "igw-1"}]}, route=TABLE["route"]), 3, set(), set()),
    # ---- Moved, imported, forgotten
    "moved across modules": (lambda p: p.put("module.a.aws_vpc_security_group_ingress_rule.r", ["no-op"], RULE, RULE, {}, {}, previous_address="aws_vpc_security_group_ingress_rule.r"), 0, set(), set()),
    "moved and changed": (lambda p: p.update("module.a.aws_vpc_security_group_ingress_rule.r", RULE, from_port=444, to_port=444, keys={"previous_address": "aws_vpc_security_group_ingress_rule.r"}), 0, EXACT(444, at=WEB), EXACT(443, at=WEB)),
    "imported": (lambda p: p.put("aws_security_group.g", ["no-op"], GROUP, GROUP, {}, {}, change={"importing": {"id": "sg-1"}}), 0, set(), set()),
    "imported and changed": (lambda p: p.update("aws_security_group.g", GROUP, ingress=[EXTRA], keys={"change": {"importing": {"id": "sg-1"}}}), 0, EXACT(8443, at=WEB), EXACT(443, at=WEB)),
    "forgotten": (lambda p: p.put("aws_vpc_security_group_ingress_rule.r", ["forget"], RULE, None, {}, {}), 0, set(), set()),
    "replaced, and the old one forgotten": (lambda p: rule(p, 444, actions=("create", "forget"), before=RULE), 0, EXACT(444, at=WEB), set()),
    # ---- Plans that are not whole
    "of a mode that is new": (lambda p: p.gone("aws_vpc_security_group_ingress_rule.r", RULE, mode="listed"), 3, set(), set()),
    "new, and there before": (lambda p: rule(p, 444, actions=("create",), before=RULE), 3, EXACT(444, at=WEB), set()),
    "deferred": (lambda p: p.and_(complete=False, deferred_changes=[{"reason": "provider_config_unknown", "resource_change": {"address": "aws_vpc_security_group_ingress_rule.r"}}]), 3, set(), set()),
    "errored": (lambda p: rule(p, 80).and_(errored=True), 3, EXACT(80, at=WEB), set()),
    "actions that are invoked": (lambda p: p.and_(action_invocations=[{"address": "action.aws_lambda_invoke.a", "type": "aws_lambda_invoke", "name": "a"}]), 3, set(), set()),
    "planned, and of no change": (lambda p: p.and_(planned_values={"root_module": {"child_modules": [{"address": "module.a", "resources": [
        {"address": "module.a.aws_security_group.g", "mode": "managed", "type": "aws_security_group", "values": {"name": "g"}}]}]}}), 3, set(), set()),
    "a new stack in a VPC of its own, and no snapshot": (lambda p: region(p, region="eu-west-3"), 0, EXACT(443), set(), None),
    "a host in a new VPC's default group, and no snapshot": (lambda p: region(p, region="eu-west-3").new("aws_instance.d", {"subnet_id": ref("aws_subnet.s")}), 0, EXACT(443), set(), None),
    "planned as it was, refreshed only": (lambda p: p.and_(planned_values={"root_module": {"resources": [{"address": "aws_security_group.g", "mode": "managed", "type": "aws_security_group", "values": GROUP}]}}, prior_state={
        "values": {"root_module": {"resources": [{"address": "aws_security_group.g", "mode": "managed", "type": "aws_security_group", "values": GROUP}]}}}), 0, set(), set()),
    "a deposed instance": (lambda p: p.gone("aws_instance.h", {"id": "i-0", "subnet_id": "subnet-1"}, deposed="a1b2c3d4"), 0, set(), set()),
    "a rule that the snapshot does not hold": (lambda p: p.gone("aws_vpc_security_group_ingress_rule.r", {**RULE, "from_port": 1, "to_port": 1}), 3, set(), set()),
    "a subnet that the snapshot does not hold": (lambda p: host(p, subnet_id="subnet-9"), 3, MAYBE, set()),
    # ---- Regions and accounts
    "a VPC here, where access is blocked": (lambda p: region(p, region="eu-west-3"), 0, set(), set(), blocked),
    "a VPC in another region, by its own argument": (lambda p: region(p, region="us-east-1"), 3, MAYBE, set(), blocked),
    "a VPC in another region, by its provider": (lambda p: region(p).and_(configuration={"provider_config": {"aws.far": {"name": "aws", "alias": "far", "expressions": {"region": {"constant_value": "us-east-1"}}}}}), 3, MAYBE, set(), blocked),
    "a VPC in another region, by a variable": (lambda p: region(p).and_(variables={"far": {"value": "us-east-1"}}, configuration={
        "provider_config": {"aws.far": {"name": "aws", "alias": "far", "expressions": {"region": {"references": ["var.far"]}}}}}), 3, MAYBE, set(), blocked),
    "a VPC of another account, perhaps": (lambda p: rule(region(p), 80).and_(configuration={"provider_config": {
        "aws": {"name": "aws", "expressions": {"region": {"constant_value": "eu-west-3"}}},
        "aws.far": {"name": "aws", "alias": "far", "expressions": {"region": {"constant_value": "eu-west-3"}, "assume_role": [{"role_arn": {"constant_value": "arn:aws:iam::444455556666:role/x"}}]}}}}),
        3, MAYBE, set(), blocked),
    "another region is used for what exposes nothing": (lambda p: rule(p, 80).new("aws_acm_certificate.c", keys={"provider": "aws.far"}, domain_name="a.example").and_(configuration={"provider_config": {
        "aws": {"name": "aws", "expressions": {"region": {"references": ["local.region"]}}}, "aws.far": {"name": "aws", "alias": "far", "expressions": {"region": {"constant_value": "us-east-1"}}}}}),
        0, EXACT(80, at=WEB), set()),
    "a rule of TCP without its last port": (lambda p: p.new("aws_vpc_security_group_ingress_rule.r", security_group_id="sg-1", ip_protocol="tcp", from_port=80, to_port=None, cidr_ipv4=WORLD), 3, MAYBE, set()),
    "a rule of TCP without its first port": (lambda p: p.new("aws_security_group_rule.r", type="ingress", security_group_id="sg-1", protocol="tcp", from_port=None, to_port=80, cidr_blocks=[WORLD]), 3, MAYBE, set()),
    # ---- Prefix lists
    "an entry of a prefix list": (lambda p: ON_LIST(p.new("aws_ec2_managed_prefix_list_entry.e", prefix_list_id="pl-1", cidr="198.18.0.0/15")), 0, EXACT(9000, at=WEB), EXACT(443, at=WEB)),
    "an entry that only apply tells": (lambda p: ON_LIST(p.new("aws_ec2_managed_prefix_list_entry.e", {"cidr": ["aws_eip.e.public_ip", "aws_eip.e"]}, prefix_list_id="pl-1")), 3, MAYBE, EXACT(443, at=WEB)),
    "a list in place, its entries unknown": (lambda p: ON_LIST(p.update("aws_ec2_managed_prefix_list.l", {"id": "pl-1", "entry": [{"cidr": "203.0.113.0/24"}]}, {"entry": ["local.e"]})), 3, MAYBE, EXACT(443, at=WEB)),
    # ---- Fleets
    "another image of a launch template, and a group that takes it up": (lambda p: private_fleet(p.update("aws_launch_template.t", TEMPLATE, unknown={"latest_version": True}, image_id="ami-2"), before=PRIVATE_FLEET), 0, set(), set()),
    "another image where the default version was an older one": (lambda p: p.update("aws_launch_template.t", TEMPLATE, unknown={"latest_version": True, "default_version": True}, image_id="ami-2"), 0, set(), set()),
    "the default version moves from an older one": (lambda p: p.update("aws_launch_template.t", {**TEMPLATE, "latest_version": 3}, default_version=3), 3, set(), set()),
    "a new group of a new template, without public addresses": (lambda p: private_fleet(p.new("aws_launch_template.t", vpc_security_group_ids=["sg-3"])), 0, set(), set()),
    "a launch template in place": (lambda p: p.update("aws_launch_template.t", {"id": "lt-1", "vpc_security_group_ids": ["sg-1"]}, vpc_security_group_ids=["sg-3"]), 3, set(), set()),
    "a new scaling group of mixed instances": (lambda p: p.new("aws_autoscaling_group.a", **{k: v for k, v in FLEET.items() if k != "id"}), 3, MAYBE, set()),
    "a scaling group that grows": (lambda p: p.update("aws_autoscaling_group.a", FLEET, desired_capacity=2), 3, MAYBE, set()),
    "a scaling group that is put behind a load balancer": (lambda p: p.update("aws_autoscaling_group.a", FLEET, target_group_arns=["arn:aws:elasticloadbalancing:eu-west-3:1:targetgroup/t/1"]), 3, set(), set()),
    "the same by a resource of its own": (lambda p: p.new("aws_autoscaling_attachment.a", autoscaling_group_name="asg", lb_target_group_arn="arn:aws:elasticloadbalancing:eu-west-3:1:targetgroup/t/1"), 3, set(), set()),
    "a schedule that launches": (lambda p: p.new("aws_autoscaling_schedule.s", autoscaling_group_name="asg", desired_capacity=9), 3, set(), set()),
    "a scaling group whose tags change": (lambda p: p.update("aws_autoscaling_group.a", {**FLEET, "tag": []}, tag=[{"key": "a", "value": "b", "propagate_at_launch": True}]), 0, set(), set()),
    "tasks with public addresses": (lambda p: service(p), 3, MAYBE, set()),
    "more tasks with public addresses": (lambda p: service(p, {"desired_count": 0}), 3, MAYBE, set()),
    "other tasks with public addresses": (lambda p: service(p, {"task_definition": "web:0"}), 3, MAYBE, set()),
    "private tasks": (lambda p: service(p, public=False), 0, set(), set()),
    "private tasks where there is IPv6": (lambda p: service(p, public=False), 3, MAYBE, set(), with_ipv6),
    # ---- What AWS gives by default
    "an adopted subnet that gives addresses from now on": (lambda p: host(p.update("aws_default_subnet.s", {"id": "subnet-1", "vpc_id": "vpc-1", "map_public_ip_on_launch": False}, map_public_ip_on_launch=True),
                                                                          associate_public_ip_address=None), 0, EXACT(443), set()),
    "an adopted group without rules": (lambda p: p.update("aws_default_security_group.d", {**GROUP, "name": "default"}, ingress=[]), 0, set(), EXACT(443, at=WEB)),
    "a host in the default VPC": (lambda p: host(p.new("aws_default_vpc.v"), subnet_id=None, associate_public_ip_address=None), 3, MAYBE, set()),
    "a subnet of which MapPublicIpOnLaunch is not told": (lambda p: host(p, associate_public_ip_address=None), 3, MAYBE, set(),
                                                          lambda: base(Subnets=[{"SubnetId": "subnet-%d" % n, "VpcId": "vpc-1", "CidrBlock": "10.0.%d.0/24" % n} for n in (1, 2)])),
    "a private host": (lambda p: host(p, associate_public_ip_address=None), 0, set(), set()),
    # ---- Addresses
    "a host that goes, and whose Elastic IP address stays": (lambda p: p.gone("aws_instance.w", INSTANCE), 0, set(), EXACT(443, at=WEB), told_by_all),
    "an association with nothing": (lambda p: p.new("aws_eip_association.a", allocation_id="eipalloc-9"), 3, set(), set(), told_by_all),
    "an association of an address that the snapshot does not hold": (lambda p: p.new("aws_eip_association.a", allocation_id="eipalloc-8", instance_id="i-2"), 3, set(), set(), told_by_all),
    "an address for a host that no route lets answer": (lambda p: p.new("aws_eip_association.a", {"allocation_id": ref("aws_eip.e")}, instance_id="i-2").new("aws_eip.e"), 0, set(), set()),
    "an association that goes": (lambda p: p.gone("aws_eip_association.a", {"id": "eipassoc-1", "public_ip": WEB, "instance_id": "i-1", "allocation_id": "eipalloc-1"}), 0, set(), EXACT(443, at=WEB)),
    "a VPN goes, whose routes are propagated": (lambda p: p.gone("aws_vpn_connection.c", {"id": "vpn-1", "vpn_gateway_id": "vgw-1"}), 3, set(), set(), propagating),
    "a static route of it goes": (lambda p: p.gone("aws_vpn_connection_route.r", {"id": "r", "vpn_connection_id": "vpn-1", "destination_cidr_block": "203.0.113.0/24"}), 3, set(), set(), propagating),
    "its gateway goes": (lambda p: p.gone("aws_vpn_gateway.g", {"id": "vgw-1", "vpc_id": "vpc-1"}), 3, set(), set(), propagating),
    "its gateway is detached": (lambda p: p.gone("aws_vpn_gateway_attachment.g", {"id": "a", "vpn_gateway_id": "vgw-1", "vpc_id": "vpc-1"}), 3, set(), set(), propagating),
    "its tags change": (lambda p: p.update("aws_vpn_connection.c", {"id": "vpn-1", "tags": {}}, tags={"a": "b"}), 0, set(), set(), propagating),
    "a VPN goes where nothing is propagated": (lambda p: p.gone("aws_vpn_connection.c", {"id": "vpn-1", "vpn_gateway_id": "vgw-1"}), 0, set(), set()),
    "a new table takes routes of a gateway up": (lambda p: p.new("aws_route_table.t", vpc_id="vpc-1", propagating_vgws=["vgw-1"], route=[]), 3, set(), set()),
    "an Elastic IP address goes, of which all documents tell": (lambda p: p.gone("aws_eip.e", EIP), 0, set(), EXACT(443, at=WEB), told_by_all),
    "it is made anew": (lambda p: p.new("aws_eip.e", before=EIP, actions=["create", "delete"], instance="i-1"), 0, EXACT(443), EXACT(443, at=WEB), told_by_all),
    "another takes its place": (lambda p: p.new("aws_eip_association.a", allocation_id="eipalloc-9", network_interface_id="eni-1"), 0, EXACT(443, at="198.51.100.99"), EXACT(443, at=WEB), told_by_all),
    "it moves to where an automatic one was": (lambda p: p.update("aws_eip.e", EIP, instance="i-2"), 0, set(), EXACT(443, at=WEB), told_by_all),
    "an allocation that is there moves, by the association of its interface": (lambda p: p.new("aws_eip_association.a", allocation_id="eipalloc-1", instance_id="i-2"), 0, set(), EXACT(443, at=WEB), allocated),
    "an association replaced by one of the same allocation": (lambda p: p.new("aws_eip_association.a", actions=("delete", "create"), before={"id": "eipassoc-2", "public_ip": BEHIND, "instance_id": "i-2", "allocation_id": "eipalloc-2"},
                                                                              allocation_id="eipalloc-2", instance_id="i-1"), 0, EXACT(443, at=BEHIND), EXACT(443, at=WEB)),
    "an allocation that nothing has": (lambda p: p.new("aws_eip_association.a", allocation_id="eipalloc-7", instance_id="i-1"), 0, EXACT(443, at="198.51.100.77"), EXACT(443, at=WEB),
                                       lambda: base(Addresses=[{"PublicIp": "198.51.100.77", "AllocationId": "eipalloc-7", "Domain": "vpc"}])),
    "a second address by a private one": (lambda p: p.update("aws_network_interface.n", {"id": "eni-1", "private_ips": ["10.0.0.4"], "subnet_id": "subnet-1", "security_groups": ["sg-1"], "attachment": []},
                                                             private_ips=["10.0.0.4", "10.0.0.9"]).new("aws_eip.e", network_interface="eni-1", associate_with_private_ip="10.0.0.9"), 0, EXACT(443), set()),
    "an interface of its own, attached to a host that is there": (lambda p: p.new("aws_network_interface.n", subnet_id="subnet-1", security_groups=["sg-3"], attachment=[{"instance": "i-1", "device_index": 1}]).new(
        "aws_eip.e", {"network_interface": ref("aws_network_interface.n")}), 0, EXACT(22), set()),
    "an Elastic IP address of a host is its primary interface's, whatever another card begins with": (lambda p: p.new(
        "aws_network_interface.n", subnet_id="subnet-1", security_groups=["sg-3"], attachment=[{"instance": "i-1", "device_index": 0, "network_card_index": 1}]).new(
        "aws_eip.e", instance="i-1"), 0, EXACT(443), EXACT(443, at=WEB)),
    "IPv6 by the subnet, its block computed": (lambda p: ipv6(p), 0, EXACT(443), set()),
    "IPv6 by a count": (lambda p: ipv6(p, ipv6_address_count=1), 0, EXACT(443), set()),
    # ---- Load balancers
    "a load balancer in subnets that a local names": (lambda p: group(p, port=443).new("aws_lb.l", {"subnets": ["local.subnets"], "security_groups": ref("aws_security_group.g")}, internal=False, load_balancer_type="application").new(
        "aws_lb_listener.l", {"load_balancer_arn": ref("aws_lb.l", "arn")}, port=443, protocol="HTTPS"), 3, MAYBE, set()),
    "a load balancer whose scheme only apply tells": (lambda p: group(p.new("random_id.x", unknown={"hex": True}), port=443).new("aws_lb.l", {"internal": ["random_id.x.hex", "random_id.x"], "security_groups": ref("aws_security_group.g")}, subnets=["subnet-1"],
                                                                                      load_balancer_type="application").new(
        "aws_lb_listener.l", {"load_balancer_arn": ref("aws_lb.l", "arn")}, port=443, protocol="HTTPS"), 3, MAYBE, set()),
    "a load balancer that goes": (lambda p: p.gone("aws_lb.l", PUBLIC).gone("aws_lb_listener.l", HTTPS), 0, set(), EXACT(443, at="198.51.100.30"), balanced),
    "a load balancer that turns internal": (lambda p: p.new("aws_lb.l", actions=("delete", "create"), before=PUBLIC, internal=True, load_balancer_type="application", subnets=["subnet-1"], security_groups=["sg-1"]), 0, set(),
                                            EXACT(443, at="198.51.100.30"), balanced),
    "a listener that goes": (lambda p: p.gone("aws_lb_listener.l", HTTPS), 0, set(), EXACT(443, at="198.51.100.30"), balanced),
    "a listener's certificate": (lambda p: p.update("aws_lb_listener.l", HTTPS, ssl_policy="b"), 0, set(), set(), balanced),
    "a load balancer's tags": (lambda p: p.update("aws_lb.l", PUBLIC, tags={"a": "b"}), 0, set(), set(), balanced),
    "a group for a load balancer": (lambda p: p.update("aws_lb.l", PUBLIC, security_groups=["sg-2"]), 0, set(), EXACT(443, at="198.51.100.30"), balanced),
    # ---- Values
    "sensitive values": (lambda p: rule(p, 80, keys={"change": {"before_sensitive": False, "after_sensitive": {"cidr_ipv4": True}}}), 0, EXACT(80, at=WEB), set()),
    "a list that is null and unknown": (lambda p: p.new("aws_security_group_rule.r", {"cidr_blocks": ["local.all"]}, type="ingress", security_group_id="sg-1", protocol="tcp", from_port=80, to_port=80, ipv6_cidr_blocks=None), 3, MAYBE, set()),
    "a list of which one is unknown": (lambda p: p.new("aws_security_group_rule.r", unknown={"cidr_blocks": [True, False]}, type="ingress", security_group_id="sg-1", protocol="tcp", from_port=80, to_port=80,
                                                       cidr_blocks=[None, "203.0.113.0/24"]), 3, {(WEB, 80, "exact"), (WEB, 80, "possible")}, set()),
    "a protocol that only apply tells": (lambda p: p.new("aws_security_group_rule.r", {"protocol": ["local.p"]}, type="ingress", security_group_id="sg-1", from_port=80, to_port=80, cidr_blocks=[WORLD]), 3, MAYBE, set()),
    "a type of rule that only apply tells": (lambda p: p.new("aws_security_group_rule.r", {"type": ["local.t"]}, security_group_id="sg-1", protocol="tcp", from_port=80, to_port=80, cidr_blocks=[WORLD]), 3, MAYBE, set()),
    "groups of a source that is read while it is applied": (lambda p: p.changes.append(READ) or p.update("aws_instance.w", INSTANCE, {"vpc_security_group_ids": ["data.aws_security_group.d.id", "data.aws_security_group.d"]}), 3, MAYBE, None),
    "groups of a source that was read, beside a new one": (lambda p: host(group(p, port=8080), by={"vpc_security_group_ids": [*ref("aws_security_group.g"), "data.aws_security_group.d.id", "data.aws_security_group.d"]}).and_(
        prior_state={"values": {"root_module": {"resources": [{"address": "data.aws_security_group.d", "mode": "data", "type": "aws_security_group", "values": {"id": "sg-3"}}]}}}), 0, EXACT(22, 8080), set()),
    "a group replaced, the new one first": (lambda p: p.new("aws_security_group.g", actions=("create", "delete"), before=GROUP, name="g2", vpc_id="vpc-1", ingress=[EXTRA]).update(
        "aws_instance.w", INSTANCE, {"vpc_security_group_ids": ref("aws_security_group.g")}), 0, EXACT(8443, at=WEB), EXACT(443, at=WEB)),
    # ---- Routes and filters
    "a route that turns from a NAT to the internet gateway": (lambda p: p.update("aws_route.r", ROUTE, nat_gateway_id="", gateway_id="igw-1"), 0, EXACT(22, at=BEHIND), set()),
    "a route to what only apply tells": (lambda p: p.update("aws_route.r", ROUTE, {"gateway_id": ["local.gateway"]}, nat_gateway_id=""), 3, MAYBE, set()),
    "a subnet that is given another table": (lambda p: p.update("aws_route_table_association.a", {"id": "rtbassoc-1", "subnet_id": "subnet-2", "route_table_id": "rtb-2"}, route_table_id="rtb-1"), 0, EXACT(22, at=BEHIND), set()),
    "a table that loses what is propagated": (lambda p: p.update("aws_route_table.t", TABLE, propagating_vgws=[]), 3, set(), set()),
    "another main table": (lambda p: p.new("aws_main_route_table_association.m", vpc_id="vpc-1", route_table_id="rtb-2"), 0, set(), EXACT(443, at=WEB)),
    "an entry that denies": (lambda p: p.new("aws_network_acl_rule.r", network_acl_id="acl-1", rule_number=50, egress=False, protocol="tcp", rule_action="deny", cidr_block=WORLD, from_port=443, to_port=443), 0, set(), EXACT(443, at=WEB)),
    "an ACL that lets nothing in": (lambda p: p.new("aws_network_acl.a", vpc_id="vpc-1", subnet_ids=["subnet-1"], ingress=[], egress=[]), 0, set(), EXACT(443, at=WEB)),
    "an ACL whose subnets only apply tells": (lambda p: p.update("aws_network_acl.a", {"id": "acl-2", "vpc_id": "vpc-1", "subnet_ids": ["subnet-1"], "ingress": [], "egress": []}, {"subnet_ids": ["local.s"]}), 3, MAYBE, set(), denied),
    "an ACL that goes": (lambda p: p.gone("aws_network_acl.a", {"id": "acl-2", "vpc_id": "vpc-1", "subnet_ids": ["subnet-1"], "ingress": [], "egress": []}), 0, EXACT(443, at=WEB), set(), denied),
    "an ACL's association that goes": (lambda p: p.gone("aws_network_acl_association.a", {"id": "aclassoc-1", "network_acl_id": "acl-2", "subnet_id": "subnet-1"}), 0, EXACT(443, at=WEB), set(), denied),
    "a subnet that is given another ACL": (lambda p: p.update("aws_network_acl_association.a", {"id": "aclassoc-1", "network_acl_id": "acl-2", "subnet_id": "subnet-1"}, network_acl_id="acl-1"), 0, EXACT(443, at=WEB), set(), denied),
    "an ACL whose entries come, inline": (lambda p: p.update("aws_network_acl.a", {"id": "acl-2", "vpc_id": "vpc-1", "subnet_ids": ["subnet-1"], "ingress": [], "egress": []}, **{
        way: [{"rule_no": 100, "action": "allow", "protocol": "-1", "from_port": 0, "to_port": 0, "cidr_block": WORLD}] for way in ("ingress", "egress")}), 0, EXACT(443, at=WEB), set(), denied),
    "a gateway that is attached": (lambda p: p.new("aws_internet_gateway_attachment.a", internet_gateway_id="igw-1", vpc_id="vpc-1"), 0, EXACT(443, at=WEB), set(),
                                   lambda: base(InternetGateways=[{"InternetGatewayId": "igw-1", "Attachments": []}])),
    "a new subnet by the main table": (lambda p: host(p.new("aws_subnet.s", vpc_id="vpc-1", cidr_block="10.0.7.0/24", map_public_ip_on_launch=True, assign_ipv6_address_on_creation=False),
                                                      by={"subnet_id": ref("aws_subnet.s")}, associate_public_ip_address=None), 0, EXACT(443), set()),
    "a new table for the subnet of a host, its route inline": (lambda p: p.new("aws_route_table.t", vpc_id="vpc-1", route=[{"cidr_block": WORLD, "gateway_id": "igw-1"}]).new(
        "aws_route_table_association.a", {"route_table_id": ref("aws_route_table.t")}, subnet_id="subnet-2"), 0, EXACT(22, at=BEHIND), set()),
    "the same, and which subnet only apply tells": (lambda p: p.new("aws_route_table.t", vpc_id="vpc-1", route=[{"cidr_block": WORLD, "gateway_id": "igw-1"}]).new(
        "aws_route_table_association.a", {"route_table_id": ref("aws_route_table.t"), "subnet_id": ["local.subnet"]}), 3, set(), set()),
    "a gateway that is detached": (lambda p: p.gone("aws_internet_gateway_attachment.a", {"id": "igw-1:vpc-1", "internet_gateway_id": "igw-1", "vpc_id": "vpc-1"}), 0, set(), EXACT(443, at=WEB)),
    "public access blocked": (lambda p: p.new("aws_vpc_block_public_access_options.b", internet_gateway_block_mode="block-ingress"), 0, set(), EXACT(443, at=WEB), lambda: blocked("off")),
    "public access no longer blocked": (lambda p: p.gone("aws_vpc_block_public_access_options.b", {"id": "eu-west-3", "aws_region": "eu-west-3", "internet_gateway_block_mode": "block-bidirectional"}),
                                        0, EXACT(443, at=WEB), set(), blocked),
    "the same, and where is not told": (lambda p: p.gone("aws_vpc_block_public_access_options.b", {"id": "x", "internet_gateway_block_mode": "block-bidirectional"}), 3, MAYBE, set(), blocked),
    "an exclusion from blocked access": (lambda p: p.new("aws_vpc_block_public_access_exclusion.e", subnet_id="subnet-1", internet_gateway_exclusion_mode="allow-bidirectional"), 0, EXACT(443, at=WEB), set(), blocked),
    "an exclusion that does not let in": (lambda p: p.new("aws_vpc_block_public_access_exclusion.e", subnet_id="subnet-1", internet_gateway_exclusion_mode="allow-egress"), 0, set(), set(), blocked),
    "an endpoint that goes, and its route": (lambda p: p.gone("aws_vpc_endpoint.e", {"id": "vpce-1", "vpc_id": "vpc-1", "vpc_endpoint_type": "Gateway", "route_table_ids": ["rtb-1"]}), 0, EXACT(443, at=WEB), set(), behind_endpoint),
    "an endpoint that puts routes into a public table": (lambda p: p.new("aws_vpc_endpoint.e", vpc_id="vpc-1", service_name="com.amazonaws.eu-west-3.s3", vpc_endpoint_type="Gateway", route_table_ids=["rtb-1"]), 3, set(), set()),
    "an endpoint that puts routes into a private table": (lambda p: p.new("aws_vpc_endpoint.e", vpc_id="vpc-1", service_name="com.amazonaws.eu-west-3.s3", vpc_endpoint_type="Gateway", route_table_ids=["rtb-2"]), 0, set(), set()),
    "a route to an interface": (lambda p: p.new("aws_route.r", route_table_id="rtb-1", destination_cidr_block="8.0.0.0/8", network_interface_id="eni-2"), 3, set(), set()),
    "a route to an interface, where none was": (lambda p: p.update("aws_route.r", ROUTE, nat_gateway_id="", network_interface_id="eni-1"), 3, MAYBE, set()),
    # ---- Hosts
    "a group for an interface": (lambda p: p.new("aws_network_interface_sg_attachment.a", network_interface_id="eni-1", security_group_id="sg-3"), 0, EXACT(22, at=WEB), set()),
    "a group for a new host's interface": (lambda p: host(p).new("aws_network_interface_sg_attachment.a", {"network_interface_id": ref("aws_instance.h", "primary_network_interface_id")}, security_group_id="sg-3"), 0, EXACT(22, 443), set()),
    "a spot instance": (lambda p: p.new("aws_spot_instance_request.h", **HOST), 0, EXACT(443), set()),
    "a host by a launch template": (lambda p: host(p, launch_template=[{"id": "lt-1", "version": "$Default"}], associate_public_ip_address=None), 3, MAYBE, set()),
    "a host by a launch template, which alone tells its groups": (lambda p: host(p, launch_template=[{"id": "lt-1", "version": "$Default"}], vpc_security_group_ids=None), 3, MAYBE, set()),
    "a spot instance by a launch template": (lambda p: host(p, "aws_spot_instance_request.h", launch_template=[{"id": "lt-1", "version": "1"}], vpc_security_group_ids=None,
                                                            unknown={"vpc_security_group_ids": True, "security_groups": True, "network_interface": True}), 3, MAYBE, set()),
    "a host by a launch template of the plan": (lambda p: by_new_template(p), 3, {(NEW, 22, "possible")}, set()),
    "a host whose list of groups is empty": (lambda p: host(p, vpc_security_group_ids=[]), 0, set(), set()),
    "an interface whose list of groups is empty": (lambda p: p.new("aws_network_interface.n", subnet_id="subnet-1", security_groups=[], attachment=[{"instance": "i-1", "device_index": 1}]).new(
        "aws_eip.e", {"network_interface": ref("aws_network_interface.n")}), 0, set(), set()),
    "another type of a host with an Elastic IP address": (lambda p: p.update("aws_instance.w", {**INSTANCE, "public_ip": WEB, "instance_type": "a"}, unknown={"public_ip": True}, instance_type="b").put(
        "aws_eip.e", ["no-op"], *[{"id": "eipalloc-1", "public_ip": WEB, "instance": "i-1"}] * 2, {}, {}), 0, set(), set()),
    "the same by the allocation that its association has": (lambda p: p.update("aws_instance.w", {**INSTANCE, "public_ip": WEB, "instance_type": "a"}, unknown={"public_ip": True}, instance_type="b"),
                                                            0, set(), set(), allocated),
    "a host that is to have no group": (lambda p: p.update("aws_instance.w", INSTANCE, vpc_security_group_ids=[]), 3, set(), set()),
    "an interface that is to have no group": (lambda p: p.update("aws_network_interface.n", {"id": "eni-1", "security_groups": ["sg-1"], "subnet_id": "subnet-1", "attachment": []}, security_groups=[]), 3, set(), set()),
    "the last group taken from an interface": (lambda p: p.gone("aws_network_interface_sg_attachment.a", {"id": "a", "network_interface_id": "eni-1", "security_group_id": "sg-1"}), 3, set(), set()),
    "a load balancer whose list of groups is empty": (lambda p: p.new("aws_lb.l", internal=False, load_balancer_type="application", subnets=["subnet-1"], security_groups=[]).new(
        "aws_lb_listener.l", {"load_balancer_arn": ref("aws_lb.l", "arn")}, port=443, protocol="HTTPS"), 3, set(), set()),
    "another group for a host": (lambda p: p.update("aws_instance.w", INSTANCE, vpc_security_group_ids=["sg-1", "sg-3"]), 0, EXACT(22, at=WEB), set()),
    "another group for an interface": (lambda p: p.update("aws_network_interface.n", {"id": "eni-1", "security_groups": ["sg-1"], "subnet_id": "subnet-1", "attachment": []}, security_groups=["sg-3"]), 0, EXACT(22, at=WEB), EXACT(443, at=WEB)),
    "groups of which one is unknown": (lambda p: p.update("aws_instance.w", INSTANCE, unknown={"vpc_security_group_ids": [False, True]}).changes[0]["change"]["after"].update(vpc_security_group_ids=["sg-3", None]) or p, 3, None, None),
    "an IPv6 address for a host that is there": (lambda p: p.update("aws_instance.w", {**INSTANCE, "ipv6_address_count": 0}, unknown={"ipv6_addresses": True}, ipv6_address_count=1), 0, EXACT(443), set(), with_ipv6),
    "an Elastic IP address that moves to a host that answers": (lambda p: p.update("aws_eip.e", {"id": "eipalloc-2", "public_ip": BEHIND, "instance": "i-2", "network_interface": "eni-2"}, instance="i-1"), 0,
                                                                EXACT(443, at=BEHIND), EXACT(443, at=WEB)),
    "a host replaced, the new one first": (lambda p: p.new("aws_instance.w", actions=("create", "delete"), before=INSTANCE, **{**HOST, "vpc_security_group_ids": ["sg-3"]}), 0, EXACT(22), EXACT(443, at=WEB)),
    "a host that starts": (lambda p: p.update("aws_ec2_instance_state.s", {"id": "i-1", "instance_id": "i-1", "state": "stopped"}, state="running"), 0, EXACT(443, at=WEB), set(),
                           lambda: base(Reservations=[{"Instances": [{"InstanceId": "i-1", "State": {"Name": "stopped"}}, {"InstanceId": "i-2", "State": {"Name": "running"}}]}])),
    "a rule for a group that only apply tells, and none is new": (lambda p: rule(p, 80, by={"security_group_id": ["local.group"]}), 3, set(), set()),
    "a host that is stopped": (lambda p: p.new("aws_ec2_instance_state.s", instance_id="i-1", state="stopped"), 0, set(), EXACT(443, at=WEB)),
    # ---- What opens nothing
    "rules of nobody on the internet": (lambda p: rule(rule(p, 80, cidr_ipv4="10.0.0.0/8"), 81, "aws_vpc_security_group_ingress_rule.six", cidr_ipv4=None, cidr_ipv6="::/0").new(
        "aws_security_group_rule.self", type="ingress", security_group_id="sg-1", protocol="tcp", from_port=0, to_port=65535, self=True, cidr_blocks=None), 0, set(), set()),
    "what goes out": (lambda p: p.new("aws_vpc_security_group_egress_rule.e", security_group_id="sg-1", ip_protocol="-1", cidr_ipv4=WORLD), 0, set(), set()),
    "a private database": (lambda p: p.update("aws_db_instance.d", DATABASE, vpc_security_group_ids=["sg-3"]), 0, set(), set()),
    "keys, roles and buckets": (lambda p: p.new("aws_iam_role.r", name="r").new("aws_kms_key.k").new("aws_s3_bucket.b", bucket="b").new("null_resource.n"), 0, set(), set()),
    "a schedule of public tasks": (lambda p: p.new("aws_scheduler_schedule.s", target=[{"ecs_parameters": [{"network_configuration": [{"assign_public_ip": True, "subnets": ["subnet-1"]}]}]}]), 3, set(), set()),
    "a schedule of private tasks": (lambda p: p.new("aws_scheduler_schedule.s", target=[{"ecs_parameters": [{"network_configuration": [{"assign_public_ip": False, "subnets": ["subnet-1"]}]}]}]), 0, set(), set()),
    "an event that begins tasks, public or not": (lambda p: p.new("aws_cloudwatch_event_target.t", unknown={"ecs_target": [{"network_configuration": [{"assign_public_ip": True}]}]}, ecs_target=[{}]), 3, set(), set()),
    "a mount target": (lambda p: p.new("aws_efs_mount_target.m", subnet_id="subnet-1", security_groups=["sg-1"]), 0, set(), set()),
    "an instance of DocumentDB, which is private by its nature": (lambda p: p.new("aws_docdb_cluster_instance.d", cluster_identifier="c", unknown={"publicly_accessible": True}), 0, set(), set()),
    "an endpoint service": (lambda p: p.new("aws_vpc_endpoint_service.s", acceptance_required=False, network_load_balancer_arns=["n"]), 3, set(), set()),
    "who may use an endpoint service": (lambda p: p.new("aws_vpc_endpoint_service_allowed_principal.p", vpc_endpoint_service_id="vpce-svc-1", principal_arn="*"), 3, set(), set()),
    "a web ACL that no longer is before a load balancer": (lambda p: p.gone("aws_wafv2_web_acl_association.a", {"id": "a", "resource_arn": BALANCER, "web_acl_arn": "w"}), 3, set(), set()),
    "a web ACL that is put before a load balancer": (lambda p: p.new("aws_wafv2_web_acl_association.a", resource_arn=BALANCER, web_acl_arn="w"), 0, set(), set()),
    "a web ACL that lets other requests through": (lambda p: p.update("aws_wafv2_web_acl.w", {"id": "w", "default_action": [{"block": [{}]}]}, default_action=[{"allow": [{}]}]), 3, set(), set()),
    "addresses that a web ACL lets through": (lambda p: p.update("aws_wafv2_ip_set.s", {"id": "s", "addresses": ["192.0.2.0/24"]}, addresses=[WORLD]), 3, set(), set()),
    "the tags of a web ACL": (lambda p: p.update("aws_wafv2_web_acl.w", {"id": "w", "tags": {}}, tags={"a": "b"}), 0, set(), set()),
    "where a web ACL's log goes": (lambda p: p.update("aws_wafv2_web_acl_logging_configuration.l", {"id": "w", "log_destination_configs": ["a"]}, log_destination_configs=["b"]), 0, set(), set()),
    "a mount target with IPv6": (lambda p: p.new("aws_efs_mount_target.m", subnet_id="subnet-1", security_groups=["sg-1"], ip_address_type="DUAL_STACK"), 3, set(), set()),
    "an engine's version": (lambda p: p.update("aws_db_instance.d", {**DATABASE, "publicly_accessible": True, "engine_version": "15.4"}, engine_version="15.5", unknown={"latest_restorable_time": True}), 0, set(), set()),
    "an engine's version, and other groups": (lambda p: p.update("aws_db_instance.d", {**DATABASE, "publicly_accessible": True, "engine_version": "15.4"}, engine_version="15.5", vpc_security_group_ids=["sg-3"]), 3, set(), set()),
    "a cluster's version": (lambda p: p.update("aws_eks_cluster.k", {"id": "k", "version": "1.31", "vpc_config": [{"endpoint_public_access": True}]}, version="1.32", unknown={"platform_version": True}), 0, set(), set()),
    "a cluster's version, and who may reach it": (lambda p: p.update("aws_eks_cluster.k", {"id": "k", "version": "1.31", "vpc_config": [{"endpoint_public_access": True, "public_access_cidrs": ["10.0.0.0/8"]}]}, version="1.32",
                                                                     vpc_config=[{"endpoint_public_access": True, "public_access_cidrs": [WORLD]}]), 3, set(), set()),
    "an image": (lambda p: p.update("kubernetes_deployment_v1.d", DEPLOYMENT, spec=[{**DEPLOYMENT["spec"][0], "template": [{"spec": [{"host_network": False, "container": [{"name": "a", "image": "a:2", "port": [{"container_port": 80}]}]}]}]}]), 0, set(), set()),
    "an image, on its node's network": (lambda p: p.update("kubernetes_deployment_v1.d", DEPLOYMENT, spec=[{**DEPLOYMENT["spec"][0], "template": [{"spec": [{"host_network": True, "container": [{"name": "a", "image": "a:2", "port": [{"container_port": 80}]}]}]}]}]),
                                        3, set(), set()),
    "an image, and a port of its node that was none": (lambda p: p.update("kubernetes_deployment_v1.d", DEPLOYMENT, spec=[{"replicas": 2, "template": [{"spec": [{"host_network": False, "container": [{"name": "a", "image": "a:2", "port": [{
        "container_port": 80, "host_port": 80}]}]}]}]}]), 3, set(), set()),
    "an image that only apply tells": (lambda p: p.update("kubernetes_deployment_v1.d", DEPLOYMENT, unknown={"spec": [{"template": [{"spec": [{"container": [{"image": True}]}]}]}]}).changes[0]["change"]["after"].update(
        spec=[{"replicas": 2, "template": [{"spec": [{"host_network": False, "container": [{"name": "a", "port": [{"container_port": 80}]}]}]}]}]) or p, 0, set(), set()),
    "tags of what is not modelled": (lambda p: p.update("aws_api_gateway_rest_api.a", {"id": "a", "tags": {}}, tags={"a": "b"}), 0, set(), set()),
}
# Those with the configuration beside them: a list with something new in it may hold ids that are written out, which no plan tells.
SAID = {"a rule in a module three deep", "a group by count from none to one", "a new group with rules for others", "inline and separate rules of a new group",
        "groups of a source that was read, beside a new one", "a group replaced, the new one first"}
# What the provider demands of each.
MUST = {"aws_vpc_security_group_ingress_rule": {"security_group_id", "cidr_ipv4", "ip_protocol"}, "aws_security_group_rule": {"security_group_id", "protocol", "type"},
        "aws_route": {"route_table_id", "destination_cidr_block"}, "aws_route_table_association": {"route_table_id", "subnet_id"}, "aws_main_route_table_association": {"route_table_id", "vpc_id"},
        "aws_network_acl_rule": {"network_acl_id", "rule_action", "protocol", "cidr_block"}, "aws_network_interface_sg_attachment": {"network_interface_id", "security_group_id"},
        "aws_network_interface": {"subnet_id"}, "aws_vpc_block_public_access_exclusion": {"subnet_id", "internet_gateway_exclusion_mode"}, "aws_subnet": {"vpc_id"}, "aws_lb_listener": {"port", "protocol"},
        "aws_ec2_managed_prefix_list_entry": {"prefix_list_id", "cidr"}, "aws_vpc_block_public_access_options": {"internet_gateway_block_mode"}}
# What can expose something and is not modelled: named, exit status 3.
NAMED = ["aws_vpc_security_group_rules_exclusive.x", "aws_cloudcontrolapi_resource.x", "aws_servicecatalog_provisioned_product.x", "aws_glue_dev_endpoint.x", "aws_grafana_workspace.x",
         "aws_lightsail_instance.x", "aws_eks_cluster.x", "aws_eks_node_group.x", "aws_globalaccelerator_accelerator.x", "aws_lambda_function_url.x", "aws_api_gateway_rest_api.x", "aws_cloudfront_distribution.x",
         "aws_redshift_cluster.x", "aws_ec2_fleet.x", "aws_ec2_client_vpn_endpoint.x", "aws_cloudformation_stack.x", "aws_elastic_beanstalk_environment.x", "aws_emr_cluster.x", "aws_transfer_server.x",
         "awscc_ec2_security_group_ingress.x", "kubernetes_service_v1.x", "helm_release.x", "aws_verifiedaccess_endpoint.x", "aws_vpn_gateway_route_propagation.x", "aws_vpc_endpoint_route_table_association.x",
         "aws_networkfirewall_firewall.x", "aws_lb_target_group_attachment.x", "aws_route_server_endpoint.x", "aws_of_next_year.x"]


def told(changes):
    return {(x["address"], x["from_port"], x["certainty"]) for x in changes if x["internet"] and x["path"] == "two-way" and x["protocol"] == "tcp" and not x["indirect"]}


class Siblings(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.path, cls.bases = pathlib.Path(folder.name), {}

    def diff(self, plan, made=base, said=False, words=()):
        self.bases.setdefault(None, None)
        if made not in self.bases:
            self.bases[made] = self.path / ("base-%d" % len(self.bases))
            self.bases[made].mkdir()
            estates.write(made(), self.bases[made])
        (self.path / "plan.json").write_text(plan.text())
        if said:
            configuration.write(plan.root, self.path / "source")
            words = ["--source", self.path / "source", *words]
        return common.sgproof("diff", "--terraform", self.path / "plan.json", *([self.bases[made]] if made else []), *words, "--format", "json")

    def test_each_plan_has_its_right_answer(self):
        for name, (make, status, opened, closed, *made) in CASES.items():
            with self.subTest(name):
                plan = Plan()
                done = self.diff(make(plan) or plan, *(made or [base]), said=name in SAID)
                self.assertEqual(done.returncode, status, done.stdout + done.stderr)
                self.assertNotIn("(null)", done.stdout + done.stderr)
                found = json.loads(done.stdout)
                opens = told(found["opened"])
                if opened == MAYBE:
                    self.assertEqual({certainty for _, _, certainty in opens}, {"possible"}, done.stdout)
                elif opened is not None:
                    self.assertEqual(opens, opened, done.stdout)
                if closed is not None:
                    self.assertEqual(told(found["closed"]), closed, done.stdout)
                self.assertEqual(status == 3, bool(found["unknown"] + found["missing_after"]))
                self.assertEqual([x["causes"] for x in found["opened"] + found["closed"] if x["internet"] and not x["resources"]], [])

    def said(self, plan, made=base, **files):
        """With a configuration of these files."""
        folder = self.path / "said"
        folder.mkdir(exist_ok=True)
        for name, text in {"main.tf": "", "terraform.tfvars": "", **{k.replace("__", "/"): v for k, v in files.items()}}.items():
            path = folder / (name if "." in name else name + (".tf.json" if text.startswith("{") else ".tf"))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        done = self.diff(plan, made, words=["--source", folder])
        found = json.loads(done.stdout)
        return done.returncode, told(found["opened"]), found["unknown"]

    def test_what_a_configuration_says_of_a_list_is_read_or_possible_and_named(self):
        groups = lambda said: 'resource "aws_instance" "h" {\n  tags = { Name = "sg-3" } # sg-3\n  vpc_security_group_ids = %s\n}\n' % said
        new = "aws_security_group.g.id"
        exact, maybe = (0, EXACT(8080), []), "possible"
        for said, right in (
                ("[%s]" % new, exact), ("[\n    %s, # \"sg-3\"\n  ]" % new, exact), ("toset(compact([%s]))" % new, exact), ("[aws_security_group.g[\"sg-3\"].id]", exact), ('["${%s}"]' % new, exact),
                ('[%s, "sg-3"]' % new, (0, EXACT(8080, 22), [])), ('concat([%s], [\n"sg-3"\n])' % new, (0, EXACT(8080, 22), [])), ('["${%s}", "${"sg-3"}"]' % new, (0, EXACT(8080, 22), [])),
                ('concat([%s], jsondecode(file("more.json")))' % new, maybe), ('concat([%s], split(",", "sg-3,sg-2"))' % new, (0, EXACT(8080, 22), [])), ('[%s, format("sg-%%s", "3")]' % new, (0, EXACT(8080, 22), [])), ('[%s, format("sg-%%03d", 3)]' % new, maybe),
                ('concat([%s], split(",", trimspace(<<EOF\nsg-3\nEOF\n)))' % new, maybe), ('[%s, templatefile("g.tpl", {})]' % new, maybe), ('[%s, "sg-${3}"]' % new, (0, EXACT(8080, 22), [])), ('[%s, trimspace("sg-3 ")]' % new, maybe),
                ('var.more ? [%s] : ["sg-3"]' % new, maybe), ('[for one in [%s, "sg-3"] : one if one != ""]' % new, (0, EXACT(8080, 22), [])), ('[for one in [%s, "sg-3"] : one if can(regex("3", one))]' % new, maybe), ("each.value", maybe)):
            with self.subTest(said):
                plan = host(group(Plan(), port=8080), by={"vpc_security_group_ids": ref("aws_security_group.g")})
                status, opened, unknown = self.said(plan, main=groups(said))
                if right is maybe:
                    self.assertEqual((status, (NEW, 22, "possible") in opened, unknown[0].split(":")[0]), (3, True, "aws_instance.h"), (opened, unknown))
                else:
                    self.assertEqual((status, opened, unknown), right)
        status, opened, unknown = self.said(plan, main='resource "aws_instance" "h" {\n}\n')  # another configuration than the plan's
        self.assertEqual((status, (NEW, 22, "possible") in opened), (3, True))
        nested = 'resource "aws_ecs_service" "s" {\n  task_definition = "sg-9"\n  network_configuration {\n    subnets = ["subnet-1"]\n    security_groups = [%s, "sg-3"]\n  }\n}\n' % new
        status, opened, _ = self.said(tasks(Plan()), main=nested)  # what is launched later is possible anyway
        self.assertEqual(opened, {(NEW, 22, "possible"), (NEW, 8080, "possible")})
        dynamic = 'resource "aws_ecs_service" "s" {\n  dynamic "network_configuration" {\n    for_each = %s\n    content {\n      security_groups = network_configuration.value.groups\n    }\n  }\n}\n'
        one = '[{ groups = [%s] }]' % new
        for over, right in ((one, {(NEW, 8080, "possible")}), ('{ a = { groups = [%s, "sg-3"] } }' % new, {(NEW, 22, "possible"), (NEW, 8080, "possible")}), ("concat(%s, %s)" % (one, one), {(NEW, 0, "possible")})):
            many = tasks(Plan())
            many.root["resources"][-1]["expressions"].pop("network_configuration")
            self.assertEqual(self.said(many, main=dynamic % over)[1], right)
        (self.path / "said" / "main.tf").unlink()
        in_json = json.dumps({"resource": {"aws_instance": {"h": {"vpc_security_group_ids": ["${%s}" % new, "sg-3"]}}}})
        self.assertEqual(self.said(plan, more=in_json), (0, EXACT(8080, 22), []))

    def test_what_modules_hand_on_and_give_back_is_read_where_their_files_are(self):
        def through(module):
            plan = Plan().call("module.app", groups=ref("aws_security_group.g"))
            group(plan, port=8080)
            return host(plan, "module.app.aws_instance.h", by={"vpc_security_group_ids": ["var.groups"]}, subnet_id="subnet-1")
        inner = 'resource "aws_instance" "h" {\n  vpc_security_group_ids = var.groups\n}\n'
        call = 'module "app" {\n  source = "%s"\n  groups = %s\n}\n'
        new = "aws_security_group.g.id"
        shutil.rmtree(self.path / "said", ignore_errors=True)
        for source, said, right in (("./app", "[%s]" % new, (0, EXACT(8080), [])), ("./app", '[%s, "sg-3"]' % new, (0, EXACT(8080, 22), []))):
            self.assertEqual(self.said(through(Plan()), main=call % (source, said), app__main=inner), right)
        status, opened, unknown = self.said(through(Plan()), main=call % ("example/app/aws", "[%s]" % new))
        self.assertEqual((status, (NEW, 22, "possible") in opened), (3, True))
        self.assertIn("is told by files that --source lacks", unknown[0])
        modules = self.path / "said/.terraform/modules"  # where `terraform init` put it
        (modules / "app").mkdir(parents=True)
        (modules / "modules.json").write_text(json.dumps({"Modules": [{"Key": "", "Source": "", "Dir": "."}, {"Key": "app", "Source": "example/app/aws", "Dir": ".terraform/modules/app"}]}))
        (modules / "app/main.tf").write_text(inner)
        self.assertEqual(self.said(through(Plan()), main=call % ("example/app/aws", "[%s]" % new)), (0, EXACT(8080), []))
        given = Plan().output("module.net", groups=ref("aws_security_group.g"))
        group(given, "module.net.aws_security_group.g", 8080)
        host(given, by={"vpc_security_group_ids": ["module.net.groups", "module.net"]})
        output = 'output "groups" {\n  value = %s\n}\n'
        for said, right in (("[%s]" % new, EXACT(8080)), ('[%s, "sg-3"]' % new, EXACT(8080, 22))):
            found = self.said(given, main='module "net" { source = "./net" }\n' + 'resource "aws_instance" "h" {\n  vpc_security_group_ids = module.net.groups\n}\n', net__main=output % said)
            self.assertEqual(found, (0, right, []))
        default = through(Plan())  # what a module's variable is where its call does not say it
        default.root["module_calls"]["app"]["module"]["variables"] = {"more": {"default": ["sg-3"]}}
        default.root["module_calls"]["app"]["module"]["resources"][0]["expressions"]["vpc_security_group_ids"] = {"references": ["var.groups", "var.more"]}
        found = self.said(default, main=call % ("./app", "[%s]" % new), app__main=inner.replace("var.groups", "concat(var.groups, var.more)"))
        self.assertEqual(found, (0, EXACT(8080, 22), []))

    def test_an_attribute_that_says_blocks_is_one_that_no_plan_shows(self):
        plan = host(group(Plan()), by={"vpc_security_group_ids": ref("aws_security_group.g")})
        said = 'resource "aws_instance" "h" {\n  vpc_security_group_ids = [aws_security_group.g.id]\n}\nresource "aws_security_group" "g" {\n%s}\n'
        shutil.rmtree(self.path / "said", ignore_errors=True)
        self.assertEqual(self.said(plan, main=said % ""), (0, set(), []))
        status, opened, _ = self.said(plan, main=said % "  ingress = [for one in local.ports : { from_port = one }]\n")
        self.assertEqual((status, {x[2] for x in opened}), (3, {"possible"}))

    def test_a_dynamic_block_over_nothing_makes_no_blocks(self):
        plan = host(group(Plan()), by={"vpc_security_group_ids": ref("aws_security_group.g")}).and_(variables={"ports": {"value": []}})
        said = 'variable "ports" {\n}\nlocals {\n  more = { for one in var.ports : one => one }\n}\nresource "aws_instance" "h" {\n  vpc_security_group_ids = [aws_security_group.g.id]\n}\n' \
               'resource "aws_security_group" "g" {\n  dynamic "ingress" {\n    for_each = %s\n    content {\n      from_port = ingress.value\n    }\n  }\n}\n'
        shutil.rmtree(self.path / "said", ignore_errors=True)
        for over, status in (("var.ports", 0), ("local.more", 0), ("concat(var.ports, [])", 0), ('concat(var.ports, ["1"])', 3), ("jsondecode(var.ports)", 3), ("var.others", 3)):
            self.assertEqual(self.said(plan, main=said % over)[0], status, over)

    def test_which_template_an_index_means_the_configuration_tells(self):
        shutil.rmtree(self.path / "said", ignore_errors=True)
        static = 'resource "aws_instance" "h" {\n  launch_template {\n    id = %s\n  }\n}\n'
        dynamic = 'resource "aws_instance" "h" {\n  dynamic "launch_template" {\n    for_each = [1]\n    content {\n      id = %s\n    }\n  }\n}\n'
        both = {(NEW, 22, "possible"), (NEW, 443, "possible")}
        for said, right in ((static % "aws_launch_template.t[count.index].id", {(NEW, 22, "possible")}), (static % "aws_launch_template.t[1 - count.index].id", {(NEW, 443, "possible")}),
                            (dynamic % "aws_launch_template.t[1 - count.index].id", {(NEW, 443, "possible")}), (static % "sort(aws_launch_template.t[*].id)[count.index]", None), ("", None)):
            plan = Plan()
            for n, one in enumerate(("sg-3", "sg-1")):
                plan.new("aws_launch_template.t[%d]" % n, vpc_security_group_ids=[one])
            host(plan, "aws_instance.h[0]", launch_template=[{"version": "$Latest"}], vpc_security_group_ids=None, unknown={"launch_template": [{"id": True}]})
            plan.root["resources"][-1]["expressions"]["launch_template"] = [{"id": {"references": ["aws_launch_template.t", "count.index"]}}]
            status, opened, _ = self.said(plan, main=said)
            self.assertEqual((status, opened == right) if right else (status, both <= opened or (NEW, 0, "possible") in opened), (3, True), (said, opened))

    def flows_missing(self, plan, made=base):
        return [text for text in json.loads(self.diff(plan, made).stdout).get("flows_missing", []) if text.startswith("aws_")]

    def test_a_private_address_is_not_made_up_where_rules_tell_those_of_its_subnet_apart(self):
        estate = base()
        estate["SecurityGroups"][1]["IpPermissions"] = [permission("tcp", (22, 22), ["10.0.1.128/25"])]
        apart = lambda: estate
        self.assertEqual(self.flows_missing(host(Plan())), [])
        self.assertEqual(self.flows_missing(host(Plan()), apart), ["aws_instance.h: its private address is known after apply, so what it reaches inside is not known"])
        self.assertEqual(self.flows_missing(host(Plan(), private_ip="10.0.1.200"), apart), [])

    def test_the_interface_of_an_elastic_address_is_missing_inside_only_where_it_is(self):
        address = lambda public, eni: {"PublicIp": public, "AllocationId": "eipalloc-" + eni, "AssociationId": "eipassoc-" + eni, "Domain": "vpc", "NetworkInterfaceId": eni,
                                       "NetworkInterfaceOwnerId": "111122223333", "NetworkBorderGroup": "eu-west-3"}
        there, gone = (lambda: base(Addresses=[address(WEB, "eni-1")])), (lambda: base(Addresses=[address("198.51.100.77", "eni-77")]))
        for made, missing in ((there, False), (gone, True)):
            found = json.loads(self.diff(rule(Plan(), 80), made).stdout)
            self.assertEqual(any("Elastic IP address" in text for text in found.get("flows_missing", []) + found["missing_after"]), missing, found)

    def test_a_group_as_source_is_null_where_nothing_sets_it(self):
        for keys in ({"cidr_blocks": [WORLD]}, {"self": True}, {"ipv6_cidr_blocks": ["::/0"]}, {"prefix_list_ids": ["pl-1"]}):
            plan = Plan().new("aws_security_group_rule.r", type="ingress", security_group_id="sg-1", protocol="tcp", from_port=80, to_port=80, **keys)
            self.assertEqual(self.flows_missing(plan), [], keys)
        of = {"source_security_group_id": ["local.group"]}
        self.assertNotEqual(self.flows_missing(Plan().new("aws_security_group_rule.r", of, type="ingress", security_group_id="sg-1", protocol="tcp", from_port=80, to_port=80)), [])

    def test_groups_of_an_endpoint_are_named(self):
        found = self.flows_missing(Plan().new("aws_vpc_endpoint_security_group_association.a", vpc_endpoint_id="vpce-1", security_group_id="sg-3"))
        self.assertEqual([text.split(":")[0] for text in found], ["aws_vpc_endpoint_security_group_association.a"])

    def test_a_change_of_which_a_side_is_missing_is_refused_with_its_place(self):
        for actions, sides, lacks in ((["create"], {"before": None, "after": None, "after_unknown": {}}, "after"), (["update"], {"before": None, "after": {}, "after_unknown": {}}, "before"),
                                      (["delete"], {"before": None, "after": None, "after_unknown": {}}, "before"), (["create"], {"before": None, "after": {}}, "after_unknown")):
            plan = Plan()
            plan.changes.append({"address": "aws_security_group.g", "type": "aws_security_group", "change": {"actions": actions, **sides}})
            done = self.diff(plan)
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertIn("resource_changes[0].change.%s: is " % lacks, done.stderr)

    def cuts(self, plan):
        """The plan less one part that Terraform always prints: a change, a member of one, an id or a source that must be told."""
        changes = plan["resource_changes"]
        resources = [{"address": c["address"], "mode": "managed", "type": c["type"], "values": c["change"]["after"]} for c in changes if c["change"]["after"] is not None and c["mode"] == "managed"]
        state = [{"address": c["address"], "mode": "managed", "type": c["type"], "values": c["change"]["before"]} for c in changes if c["change"]["before"] is not None and c["mode"] == "managed"]
        if "prior_state" not in plan and not any("deposed" in c for c in changes):
            plan = {**plan, "prior_state": {"values": {"root_module": {"resources": state}}}}
        plan = {**plan, "planned_values": {"root_module": {"resources": resources}}}
        for i, one in enumerate(changes):
            yield {**plan, "resource_changes": changes[:i] + changes[i + 1:]}
            told = [*MUST.get(one["type"], ()), *(one["change"]["before"] or {} if "create" not in one["change"]["actions"] else ())]  # and what the configuration sets, which Plan.put says of all but computed ones
            must = [("after", key) for key in one["change"]["after"] or {} if key in told or key not in COMPUTED.get(one["type"], [])]
            for key, inner in [(None, None), *((key, None) for key in one["change"]), ("actions", 0), *must]:
                changed = json.loads(json.dumps(one))
                at = changed if key is None else changed["change"] if inner is None else changed["change"][key]
                del at["change" if key is None else key if inner is None else inner]
                yield {**plan, "resource_changes": [*changes[:i], changed, *changes[i + 1:]]}

    def test_starvation_of_a_plan_never_hides_an_opening_without_a_word(self):
        rng, commands, whole = random.Random(common.seed("SIBLINGS_SEED")), [], []
        chosen = rng.sample([name for name, (_, _, opened, *_) in CASES.items() if opened], 12)
        for name in chosen:
            make, _, _, _, *made = CASES[name]
            plan = Plan()
            document = json.loads((make(plan) or plan).text())
            self.diff(make(Plan()) or plan, *made)  # makes the base
            for number, cut in enumerate([document, *self.cuts(document)]):
                file = self.path / ("cut-%d-%d.json" % (len(commands), number))
                file.write_text(json.dumps(cut))
                commands.append(("diff", "--terraform", file, *filter(None, [self.bases[made[0] if made else base]]), "--format", "json"))
                whole.append((name, number))
        done = common.sgproof_each(commands)
        seen = {name: told(json.loads(text)["opened"]) for (name, number), (_, text) in zip(whole, done) if number == 0}
        for (name, number), (status, text), command in zip(whole, done, commands):
            if status == 0:
                self.assertLessEqual(seen[name], told(json.loads(text)["opened"]), "SIBLINGS_SEED %s: cut %d: %s" % (name, number, pathlib.Path(command[2]).read_text()))

    def test_what_can_expose_and_is_not_modelled_is_named(self):
        plan = Plan()
        for address in NAMED:
            plan.new(address, keys={"provider": "aws"})
        done = self.diff(plan)
        self.assertEqual(done.returncode, 3, done.stdout)
        found = json.loads(done.stdout)
        self.assertEqual([a for a in NAMED if not any(u.startswith(a + ":") for u in found["unknown"])], [])
        self.assertEqual(found["not_considered"], [])


if __name__ == "__main__":
    unittest.main()
