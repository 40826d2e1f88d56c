"""Random small estates, full of edges: overlapping CIDRs, interleaved entries, missing things."""
import json
import pathlib

from oracle.oracle import FORWARDS

CIDRS4 = ["0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1", "10.0.0.0/8", "10.9.0.0/16", "203.0.113.0/24", "203.0.113.0/25",
          "203.0.113.128/25", "203.0.113.7/32", "198.18.0.0/15", "192.0.2.0/24", "8.8.8.0/24", "100.64.0.0/10"]
CIDRS6 = ["::/0", "2000::/3", "2001:db8::/32", "2001:db8:aa::/48", "2001:db8:aa::1/128", "fc00::/7", "2600::/12"]
PORTS = [0, 1, 22, 23, 80, 443, 1023, 1024, 3306, 8080, 32767, 32768, 49152, 65534, 65535]


def pick(rng, listed):
    return listed[rng.randrange(len(listed))]


def port_range(rng):
    if rng.random() < 0.2:
        return 0, 65535
    low, high = sorted((pick(rng, PORTS), pick(rng, PORTS)))
    return low, high


def permission(rng):
    protocol = pick(rng, ["tcp", "tcp", "tcp", "udp", "icmp", "icmpv6", "-1", "47", "50"])
    rule = {"IpProtocol": protocol, "UserIdGroupPairs": [], "IpRanges": [], "Ipv6Ranges": [], "PrefixListIds": []}
    if protocol in ("tcp", "udp"):
        rule["FromPort"], rule["ToPort"] = port_range(rng)
    elif protocol in ("icmp", "icmpv6"):
        rule["FromPort"] = pick(rng, [-1, 0, 3, 8, 13, 128, 129, 255])
        rule["ToPort"] = -1 if rule["FromPort"] == -1 else pick(rng, [-1, 0, 1, 255])
    for _ in range(rng.randrange(3)):
        rule["IpRanges"].append({"CidrIp": pick(rng, CIDRS4)})
    for _ in range(rng.randrange(3)):
        rule["Ipv6Ranges"].append({"CidrIpv6": pick(rng, CIDRS6)})
    if rng.random() < 0.2:
        rule["PrefixListIds"].append({"PrefixListId": pick(rng, ["pl-1", "pl-2", "pl-3"])})
    if rng.random() < 0.3:
        rule["UserIdGroupPairs"].append({"GroupId": "sg-0", "UserId": "111122223333"})
    return rule


def acl_entry(rng, number):
    protocol = pick(rng, ["-1", "-1", "6", "6", "6", "17", "1", "58", "47"])
    entry = {"Egress": rng.random() < 0.5, "Protocol": protocol, "RuleNumber": number,
             "RuleAction": "allow" if rng.random() < 0.65 else "deny"}
    if rng.random() < 0.5:
        entry["CidrBlock"] = pick(rng, CIDRS4)
    else:
        entry["Ipv6CidrBlock"] = pick(rng, CIDRS6)
    if protocol in ("6", "17"):
        low, high = port_range(rng)
        entry["PortRange"] = {"From": low, "To": high}
    if protocol in ("1", "58"):
        kind = pick(rng, [-1, 0, 8, 14, 128, 129])
        entry["IcmpTypeCode"] = {"Type": kind, "Code": -1 if kind == -1 else pick(rng, [-1, 0])}
    return entry


def route(rng, seen):
    while True:
        key = pick(rng, ["DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId"])
        where = pick(rng, {"DestinationCidrBlock": CIDRS4, "DestinationIpv6CidrBlock": CIDRS6,
                           "DestinationPrefixListId": ["pl-1", "pl-2", "pl-3"]}[key])
        if where not in seen and not (where.startswith("pl-") and rng.random() < 0.7):
            seen.add(where)
            break
    target = pick(rng, [("GatewayId", "igw-1"), ("GatewayId", "igw-1"), ("GatewayId", "igw-2"), ("GatewayId", "igw-9"),
                        ("NatGatewayId", "nat-1"), ("TransitGatewayId", "tgw-1"), ("GatewayId", "vpce-1"),
                        ("NetworkInterfaceId", "eni-appliance")])
    return {key: where, target[0]: target[1], "Origin": "EnableVgwRoutePropagation" if rng.random() < 0.1 else "CreateRoute",
            "State": "active" if rng.random() < 0.9 else "blackhole"}


def becomes_node(interface):
    del interface["Attachment"]["InstanceId"]
    if interface["InterfaceType"] in NOBODYS_INSTANCES:
        interface["InterfaceType"] = "interface"


def add_load_balancer(rng, estate):
    """Makes the first interface a load balancer's own; what is said of it may be absent or incomplete."""
    interface = estate["NetworkInterfaces"][0] if estate["NetworkInterfaces"] else None
    if interface is None:
        return
    arn = "arn:aws:elasticloadbalancing:eu-west-3:111122223333:loadbalancer/app/front/50dc6c495c0c9188"
    becomes_node(interface)
    interface.update(RequesterManaged=True, Description="ELB app/front/50dc6c495c0c9188")
    draw = rng.random()
    if draw < 0.15:
        return
    if draw < 0.2:  # then nothing says whose it is
        del interface["Description"]
        interface["RequesterId"] = "amazon-elb"
    estate["LoadBalancers"] = [] if draw < 0.25 else [
        {"LoadBalancerArn": arn, "LoadBalancerName": "front", "Type": pick(rng, ["application", "network", "network"]), "VpcId": "vpc-1",
         "Scheme": pick(rng, ["internet-facing"] * 4 + ["internal"]), "State": {"Code": pick(rng, ["active"] * 8 + ["provisioning", "active_impaired", "failed"])}, "EnablePrefixForIpv6SourceNat": "off",
         "SecurityGroups": [g["GroupId"] for g in interface["Groups"]]}]
    if rng.random() < 0.85:
        kind = estate["LoadBalancers"][0]["Type"] if estate["LoadBalancers"] else "network"
        words = ["HTTP", "HTTPS", "HTTPS", "NEW"] if kind == "application" else pick(rng, [["TLS", "TCP", "TCP", "TCP"], ["TCP", "UDP", "TCP_UDP"], ["TLS", "TCP", "TCP", "UDP", "TCP_UDP", "QUIC", "NEW"]])
        estate["Listeners"] = [{"LoadBalancerArn": arn, "Port": port, "Protocol": pick(rng, words),
                                "DefaultActions": []} for port in rng.sample(PORTS[1:], rng.randrange(1, 4))]
    attributes = []
    if rng.random() < 0.3:
        attributes.append({"Key": "ipv6.deny_all_igw_traffic", "Value": pick(rng, ["true", "false"])})
    if rng.random() < 0.5:
        attributes.append({"Key": "load_balancing.cross_zone.enabled", "Value": pick(rng, ["true", "false"])})
    if attributes and estate["LoadBalancers"]:
        estate["files"]["describe-load-balancer-attributes.front.50dc6c495c0c9188.json"] = {"Attributes": attributes}
    if estate["LoadBalancers"] and "Listeners" in estate:
        add_targets(rng, estate, arn)


def forward(rng, groups):
    """One action, or two of which the first is a login."""
    kind = pick(rng, ["forward"] * 6 + ["fixed-response", "redirect", "new-word"])
    if kind in ("fixed-response", "redirect"):
        return [{"Type": kind}]
    if rng.random() < 0.4:
        actions = [{"Type": kind, "TargetGroupArn": pick(rng, groups)}]
    else:
        config = {"TargetGroups": [{"TargetGroupArn": g, "Weight": pick(rng, [0, 1, 100])} for g in rng.sample(groups, rng.randrange(1, len(groups) + 1))]}
        if rng.random() < 0.2:
            config["TargetGroupStickinessConfig"] = {"Enabled": pick(rng, [True, False])}
        actions = [{"Type": kind, "ForwardConfig": config}]
    return [{"Type": "authenticate-oidc", "Order": 1}] * (rng.random() < 0.2) + actions


def add_rules(rng, estate, groups):
    for listener in estate["Listeners"]:
        listener["ListenerArn"] = listener["LoadBalancerArn"].replace(":loadbalancer/", ":listener/") + "/l%d" % listener["Port"]
        listener["DefaultActions"] = forward(rng, groups)
        if rng.random() < 0.3:
            continue
        of = listener["ListenerArn"].replace(":listener/", ":listener-rule/")
        rules = [{"RuleArn": of + "/default", "Priority": "default", "IsDefault": True, "Conditions": [], "Actions": listener["DefaultActions"]}]
        for priority in rng.sample(range(1, 50), rng.randrange(3)):
            conditions = [{"Field": "source-ip", "SourceIpConfig": {"Values": [pick(rng, CIDRS4 + CIDRS6) for _ in range(rng.randrange(1, 3))]}}] * (rng.random() < 0.6)
            if not conditions or rng.random() < 0.3:
                field = pick(rng, ["path-pattern", "host-header", "http-header"])
                header = {"HttpHeaderConfig": {"HttpHeaderName": "X-Door", "Values": ["/x"]}}
                conditions = conditions + [{"Field": field, **(header if field == "http-header" else {"Values": ["/x"]})}]
            rules.append({"RuleArn": of + "/r%d" % priority, "Priority": str(priority), "IsDefault": False, "Conditions": conditions, "Actions": forward(rng, groups)})
        rng.shuffle(rules)
        estate.setdefault("Rules", []).extend(rules)


def open_up(rng, estate):
    """So that most of what is behind a load balancer is reached, and one thing in the way decides."""
    everyone = {"IpProtocol": "-1", "UserIdGroupPairs": [], "IpRanges": [{"CidrIp": "0.0.0.0/0"}], "Ipv6Ranges": [{"CidrIpv6": "::/0"}], "PrefixListIds": []}
    for group in estate["SecurityGroups"]:
        for key in ("IpPermissions", "IpPermissionsEgress"):
            if rng.random() < 0.85 and key in group:
                group[key].append(everyone)
    for acl in estate["NetworkAcls"]:
        if rng.random() < 0.7:
            acl["Entries"] = []
        acl["Entries"] += [{"Egress": egress, "Protocol": "-1", "RuleNumber": 199 + 3 * six, "RuleAction": "allow",
                            **({"Ipv6CidrBlock": "::/0"} if six else {"CidrBlock": "0.0.0.0/0"})}
                           for egress in (False, True) for six in (0, 1) if rng.random() < 0.95]
    for interface in estate["NetworkInterfaces"]:
        interface["InterfaceType"], interface["Status"], interface["Attachment"]["Status"] = "interface", "in-use", "attached"
    estate["LoadBalancers"][0]["Scheme"] = "internet-facing"
    estate["InternetGateways"][0]["Attachments"] = [{"VpcId": "vpc-1", "State": "available"}]
    for table in estate["RouteTables"]:
        table["Routes"] = [{"DestinationCidrBlock": "10.9.0.0/16", "GatewayId": "local", "State": "active"},
                           {"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1", "State": "active"},
                           {"DestinationIpv6CidrBlock": "::/0", "GatewayId": "igw-1", "State": "active"}]
        if rng.random() < 0.2:  # something between subnets
            where = pick(rng, [{"DestinationCidrBlock": "10.9.1.0/24"}, {"DestinationCidrBlock": "10.9.2.0/24"}, {"DestinationIpv6CidrBlock": "2001:db8:1::/64"},
                               {"DestinationIpv6CidrBlock": "2001:db8:101::/64"}, {"DestinationCidrBlock": "10.8.0.0/15"}])
            table["Routes"].append({**where, **pick(rng, [{"NetworkInterfaceId": "eni-appliance"}, {"NatGatewayId": "nat-1"}]), "State": pick(rng, ["active", "active", "blackhole"])})


def add_targets(rng, estate, arn):
    """Target groups behind the load balancer whose targets are the other interfaces; nodes in one zone or two."""
    spread = rng.random() < 0.6
    for interface in estate["NetworkInterfaces"]:
        interface["AvailabilityZone"] = "eu-west-3b" if spread and interface["SubnetId"] == "subnet-2" else "eu-west-3a"
    for group in estate["SecurityGroups"]:
        if rng.random() < 0.7:
            group["IpPermissionsEgress"] = [permission(rng) for _ in range(rng.randrange(4))]
        elif rng.random() < 0.7:
            group["IpPermissionsEgress"] = [{"IpProtocol": "-1", "UserIdGroupPairs": [], "IpRanges": [{"CidrIp": "0.0.0.0/0"}],
                                             "Ipv6Ranges": [{"CidrIpv6": "::/0"}], "PrefixListIds": []}]
    others = estate["NetworkInterfaces"][1:]
    if len(others) > 1 and rng.random() < 0.4:  # a second node
        node = others.pop(0)
        becomes_node(node)
        node.update(RequesterManaged=True, Description=estate["NetworkInterfaces"][0]["Description"], Groups=estate["NetworkInterfaces"][0]["Groups"])
    groups = ["arn:aws:elasticloadbalancing:eu-west-3:111122223333:targetgroup/g%d/000000000000000%d" % (i, i) for i in (1, 2, 3)]
    estate["TargetGroups"], estate["LoadBalancerTargetHealth"] = [], []
    for i, group in enumerate(groups, 1):
        kind, six = pick(rng, ["instance", "ip"]), rng.random() < 0.25
        estate["TargetGroups"].append({
            "TargetGroupArn": group, "TargetGroupName": "g%d" % i, "TargetType": kind, "Port": 8080, "VpcId": "vpc-1", "LoadBalancerArns": [arn],
            "Protocol": pick(rng, ["TCP", "TLS", "HTTP", "UDP", "TCP_UDP"]), "IpAddressType": "ipv6" if six else "ipv4"})
        health = []
        for other in others:
            target = {"Id": other["Attachment"]["InstanceId"], "Port": pick(rng, [80, 443, 8080])}
            if kind == "ip":
                address = [a["Ipv6Address"] for a in other["Ipv6Addresses"]] if six else [other["PrivateIpAddresses"][0]["PrivateIpAddress"]]
                if not address:
                    continue
                target["Id"] = address[0]
                within = [p["Ipv6Prefix"].replace("::/80", "::70") for p in other.get("Ipv6Prefixes", [])] if six else [
                    p["Ipv4Prefix"].rpartition(".")[0] + ".%d" % (int(p["Ipv4Prefix"].rpartition(".")[2][:-3]) + 7) for p in other["Ipv4Prefixes"]]
                if within and rng.random() < 0.6:
                    target["Id"] = within[0]
                if rng.random() < 0.3:
                    target["AvailabilityZone"] = pick(rng, ["all", "eu-west-3a", "eu-west-3b"])
            health.append({"Target": target, "TargetHealth": {"State": pick(rng, ["healthy"] * 6 + [
                "unhealthy", "initial", "unavailable", "unhealthy.draining", "draining", "unused", "new-word"])}})
            if health[-1]["TargetHealth"]["State"] == "unused":
                health[-1]["TargetHealth"].update(pick(rng, [{"Reason": "Target.InvalidState"}, {"Reason": "Target.NotInUse"}, {}]))
        estate["LoadBalancerTargetHealth"].append({"TargetGroupArn": group, "TargetHealthDescriptions": health})
        attributes = []
        if rng.random() < 0.4:
            attributes.append({"Key": "preserve_client_ip.enabled", "Value": pick(rng, ["true", "false"])})
        if rng.random() < 0.4:
            attributes.append({"Key": "load_balancing.cross_zone.enabled", "Value": pick(rng, ["true", "false", "use_load_balancer_configuration"])})
        if attributes:
            estate["files"]["describe-target-group-attributes.g%d.000000000000000%d.json" % (i, i)] = {"Attributes": attributes}
    add_rules(rng, estate, groups)
    for group in estate["TargetGroups"]:
        named = {one["Protocol"] for one in estate["Listeners"] if group["TargetGroupArn"] in str([one["DefaultActions"], estate.get("Rules")])}
        fit = [word for word in sorted(set(sum(FORWARDS.values(), []))) if all(word in FORWARDS.get(one, [word]) for one in named)]
        if fit and rng.random() < 0.97:
            group["Protocol"] = pick(rng, fit)
    if rng.random() < 0.7:
        open_up(rng, estate)


def add_gates(rng, estate):
    """What decides whether the internet comes in at all, and is not in every estate."""
    vpc, subnets, interfaces = estate["Vpcs"][0], estate["Subnets"], estate["NetworkInterfaces"]
    modes = ["off", "block-ingress", "block-bidirectional"]
    for subnet in subnets:
        zone = next((i["AvailabilityZone"] for i in interfaces if i["SubnetId"] == subnet["SubnetId"]), "eu-west-3a")
        subnet["AvailabilityZone"] = "eu-west-3-bos-1a" if rng.random() < 0.15 else zone
    for interface in interfaces:
        interface["AvailabilityZone"] = next(s for s in subnets if s["SubnetId"] == interface["SubnetId"])["AvailabilityZone"]
        if rng.random() < 0.2:
            kind = pick(rng, KINDS)
            is_node = "ELB" in interface.get("Description", "") or "RequesterId" in interface
            if kind not in NOBODYS_INSTANCES or not is_node:
                interface["InterfaceType"] = kind
        if rng.random() < 0.1 and "InstanceId" in interface["Attachment"]:
            interface["Attachment"]["Status"] = pick(rng, ["attaching", "detaching", "detached", "new-word"])
        if rng.random() < 0.3:
            interface["DenyAllIgwTraffic"] = rng.random() < 0.4
        for private in interface["PrivateIpAddresses"]:
            if rng.random() < 0.1:
                private["Association"] = {pick(rng, ["CarrierIp", "CustomerOwnedIp"]): private["Association"]["PublicIp"]}
    if interfaces and rng.random() < 0.3:
        pick(rng, interfaces)["InterfaceType"] = pick(rng, ["global_accelerator_managed", "api_gateway_managed"])
    for holder in [vpc, *subnets]:
        if rng.random() < 0.15:
            holder["Ipv6CidrBlockAssociationSet"] = [
                {"Ipv6CidrBlock": cidr, "Ipv6CidrBlockState": {"State": "associated"},
                 "Ipv6AddressAttribute": pick(rng, ["public", "private"]), "IpSource": pick(rng, ["amazon", "none"])}
                for cidr in ("2001:db8:1::/64", "2001:db8:101::/64")]
        if rng.random() < 0.2:
            holder["State"] = pick(rng, ["available", "available", "pending"])
        if rng.random() < 0.08:
            holder["BlockPublicAccessStates"] = {"InternetGatewayBlockMode": pick(rng, modes)}
    if rng.random() < 0.25:
        estate["VpcBlockPublicAccessOptions"] = {
            "InternetGatewayBlockMode": pick(rng, modes), "AwsRegion": pick(rng, ["eu-west-3"] * 5 + ["eu-west-1"]),
            "AwsAccountId": pick(rng, ["111122223333"] * 5 + ["444455556666"]),
            "ExclusionsAllowed": pick(rng, ["allowed"] * 4 + ["not-allowed"]), "State": pick(rng, ["update-complete"] * 4 + ["default-state", "update-in-progress"])}
    if rng.random() < 0.2:
        estate["VpcBlockPublicAccessExclusions"] = [
            {"ResourceArn": "arn:aws:ec2:eu-west-3:111122223333:" + what,
             "State": pick(rng, ["create-complete", "update-complete", "delete-complete", "update-failed", "disable-in-progress"]),
             "InternetGatewayExclusionMode": pick(rng, ["allow-bidirectional", "allow-bidirectional", "allow-egress"])}
            for what in rng.sample(["subnet/subnet-1", "subnet/subnet-2", "vpc/vpc-1"], rng.randrange(3))]
    for table in estate["RouteTables"]:
        for one in [r for r in table["Routes"] if rng.random() < 0.1]:  # beside it, a propagated one
            table["Routes"].append({k: v for k, v in one.items() if k.startswith("Destination")} | {
                **dict([pick(rng, [("GatewayId", "vgw-1"), ("NetworkInterfaceId", "eni-a"), ("GatewayId", "igw-1")])]),
                "Origin": pick(rng, ["EnableVgwRoutePropagation", "Advertisement"]), "State": "active"})


def add_accelerators(rng, estate):
    """An interface of Global Accelerator, and documents of accelerators whose endpoints are instances."""
    instances = [i["Attachment"]["InstanceId"] for i in estate["NetworkInterfaces"] if "InstanceId" in i["Attachment"]]
    for interface in estate["NetworkInterfaces"]:  # there is one a subnet
        if interface["InterfaceType"] == "global_accelerator_managed":
            interface["InterfaceType"] = "interface"
    pick(rng, estate["NetworkInterfaces"])["InterfaceType"] = "global_accelerator_managed"
    for acl in estate.get("NetworkAcls", []):
        if rng.random() < 0.7:  # only where it lets all through is it sure what comes
            acl["Entries"] = [e for e in acl["Entries"] if e["RuleNumber"] >= 200]
    listed, listeners, groups = [], [], []
    for a in range(rng.randrange(1, 3)):
        arn = "arn:aws:globalaccelerator::111122223333:accelerator/a%d" % a
        listed.append({"AcceleratorArn": arn, "Name": "acc%d" % a, "Enabled": rng.random() < 0.8, "Status": pick(rng, ["DEPLOYED"] * 4 + ["IN_PROGRESS"]),
                       "IpAddressType": pick(rng, ["IPV4", "DUAL_STACK"])})
        for n in range(rng.randrange(1, 3)):
            low = pick(rng, [0, 22, 80, 443])
            listeners.append({"ListenerArn": "%s/listener/l%d%d" % (arn, a, n), "Protocol": pick(rng, ["TCP", "TCP", "UDP"]),
                              "PortRanges": [{"FromPort": low or 1, "ToPort": pick(rng, [low or 1, 65535])}]})
            groups.append({"EndpointGroupArn": "%s/listener/l%d%d/endpoint-group/g" % (arn, a, n), "EndpointGroupRegion": "eu-west-3", "TrafficDialPercentage": pick(rng, [100, 100, 0]),
                           "PortOverrides": [{"ListenerPort": pick(rng, [22, 80, 443]), "EndpointPort": pick(rng, [22, 80, 8080])}
                                             for _ in range(rng.randrange(2))],
                           "EndpointDescriptions": [{"EndpointId": i, "HealthState": "HEALTHY", "Weight": pick(rng, [128, 128, 0]), "ClientIPPreservationEnabled": rng.random() < 0.85}
                                                    for i in instances if rng.random() < 0.6]})
    estate["files"].update({"ga-accelerators.json": {"Accelerators": listed}, "ga-listeners.json": {"Listeners": listeners},
                            "ga-groups.json": {"EndpointGroups": groups}})


def add_origins(rng, estate):
    """An interface of CloudFront, and documents of VPC origins whose targets are instances."""
    own = pick(rng, estate["NetworkInterfaces"])
    own.update(InterfaceType="interface", Status="in-use", TagSet=[{"Key": "aws.cloudfront.vpcorigin", "Value": "enabled"}])
    own["Attachment"] = {"Status": "attached"}
    for group in estate.get("SecurityGroups", []):
        for rule in group["IpPermissions"]:
            if own["Groups"] and rng.random() < 0.3:
                rule["UserIdGroupPairs"] = [{"GroupId": pick(rng, own["Groups"])["GroupId"]}]
            if rng.random() < 0.2:
                rule["IpRanges"].append({"CidrIp": pick(rng, own["PrivateIpAddresses"])["PrivateIpAddress"] + "/32"})
            if own["Ipv6Addresses"] and rng.random() < 0.2:
                rule["Ipv6Ranges"].append({"CidrIpv6": own["Ipv6Addresses"][0]["Ipv6Address"] + "/128"})
    estate.pop("SecurityGroupRules", None)
    for acl in estate.get("NetworkAcls", []):
        if rng.random() < 0.7:
            acl["Entries"] = [e for e in acl["Entries"] if e["RuleNumber"] >= 200]
    instances = [i["Attachment"]["InstanceId"] for i in estate["NetworkInterfaces"] if "InstanceId" in i["Attachment"]]
    instances = [i for i in instances if rng.random() < 0.7]
    for n, instance in enumerate(instances):
        estate["files"]["o%d.json" % n] = {"VpcOrigin": {
            "Id": "vo_%d" % n, "Arn": "arn:aws:cloudfront::111122223333:vpcorigin/vo_%d" % n, "AccountId": "111122223333",
            "Status": pick(rng, ["Deployed"] * 4 + ["Deploying"]), "VpcOriginEndpointConfig": {
                "Name": "o", "Arn": "arn:aws:ec2:eu-west-3:111122223333:instance/" + instance, "HTTPPort": pick(rng, [80, 8080]),
                "HTTPSPort": pick(rng, [443, 22]), "OriginProtocolPolicy": pick(rng, ["http-only", "https-only", "match-viewer"]),
                **pick(rng, [{}, {"IpAddressType": "ipv4"}, {"IpAddressType": "dualstack"}])}}}
    estate["files"]["distributions.json"] = {"DistributionList": {"Items": [
        {"Id": "E%d" % n, "ARN": "arn:aws:cloudfront::111122223333:distribution/E%d" % n, "Status": "Deployed", "DomainName": "e.cloudfront.net",
         "Enabled": rng.random() < 0.9, "WebACLId": "", "Restrictions": {"GeoRestriction": {"RestrictionType": "none"}},
         "Origins": {"Items": [{"Id": "o", "VpcOriginConfig": {"VpcOriginId": "vo_%d" % n}}]},
         "DefaultCacheBehavior": {"TargetOriginId": pick(rng, ["o", "o", "o", "bucket"]), **BEHAVIOR}, "Staging": rng.random() < 0.1, "IsIPV6Enabled": True,
         "ConnectionMode": "direct", "CacheBehaviors": {"Quantity": 0}} for n in range(len(instances)) if rng.random() < 0.85]}}


BEHAVIOR = {"TrustedSigners": {"Enabled": False, "Quantity": 0}, "TrustedKeyGroups": {"Enabled": False, "Quantity": 0}, "FunctionAssociations": {"Quantity": 0},
            "LambdaFunctionAssociations": {"Quantity": 0}, "ViewerProtocolPolicy": "allow-all"}  # what AWS prints of each
NOBODYS_INSTANCES = ("nat_gateway", "natGateway", "transit_gateway", "gateway_load_balancer", "gateway_load_balancer_endpoint", "vpc_endpoint", "lambda")
KINDS = ["nat_gateway", "natGateway", "transit_gateway", "gateway_load_balancer", "gateway_load_balancer_endpoint", "vpc_endpoint", "lambda",
         "global_accelerator_managed", "api_gateway_managed", "efa", "branch", "trunk", "evs", "quicksight", "iot_rules_managed", "new_kind"]


def rule_records(estate, mark=""):
    """What DescribeSecurityGroupRules tells of the groups' permissions."""
    for group in estate["SecurityGroups"]:
        for egress, key in ((False, "IpPermissions"), (True, "IpPermissionsEgress")):
            for n, rule in enumerate(group.get(key, [])):
                peers = [("CidrIpv4", r["CidrIp"]) for r in rule["IpRanges"]] + [("CidrIpv6", r["CidrIpv6"]) for r in rule["Ipv6Ranges"]] + [
                    ("PrefixListId", r["PrefixListId"]) for r in rule["PrefixListIds"]] + [("ReferencedGroupInfo", r) for r in rule["UserIdGroupPairs"]]
                for p, (name, peer) in enumerate(peers):
                    yield {"SecurityGroupRuleId": "sgr-%s%s-%d-%d-%d" % (mark, group["GroupId"], egress, n, p), "GroupId": group["GroupId"], "IsEgress": egress,
                           "IpProtocol": rule["IpProtocol"], "FromPort": rule.get("FromPort", -1), "ToPort": rule.get("ToPort", -1), name: peer}


def make(rng):
    always = [{"Egress": egress, "Protocol": "-1", "RuleNumber": 200 + six, "RuleAction": "allow",
               **({"Ipv6CidrBlock": "::/0"} if six else {"CidrBlock": "0.0.0.0/0"})}
              for egress in (False, True) for six in (0, 1)]
    estate = {"Vpcs": [{"VpcId": "vpc-1", "CidrBlock": "10.9.0.0/16"}], "files": {}, "entries": {
        "pl-1": ["203.0.113.0/26", "10.0.0.0/9"], "pl-2": ["2001:db8:aa::/64", "2600::/16", "203.0.113.0/26"]}}
    estate["Subnets"] = [{"SubnetId": "subnet-%d" % i, "VpcId": "vpc-1", "CidrBlock": "10.9.%d.0/24" % i} for i in (1, 2)]
    estate["InternetGateways"] = [
        {"InternetGatewayId": "igw-1",
         "Attachments": [{"VpcId": "vpc-1", "State": "available"}] if rng.random() < 0.85 else []},
        {"InternetGatewayId": "igw-2", "Attachments": [{"VpcId": "vpc-2", "State": "available"}]}]
    estate["SecurityGroups"] = [{"GroupId": "sg-%d" % i, "GroupName": "g%d" % i, "VpcId": "vpc-1",
                                 "IpPermissions": [permission(rng) for _ in range(rng.randrange(1, 6))]} for i in range(3)]
    acls = []
    for i in (1, 2):
        numbers = rng.sample(range(1, 199), rng.randrange(6))
        entries = [acl_entry(rng, n) for n in numbers] + (always if rng.random() < 0.8 else [])
        rng.shuffle(entries)
        acls.append({"NetworkAclId": "acl-%d" % i, "VpcId": "vpc-1", "IsDefault": i == 2, "Entries": entries,
                     "Associations": [{"SubnetId": "subnet-1"}] if i == 1 and rng.random() < 0.8 else []})
    estate["NetworkAcls"] = acls
    tables = []
    for i in (1, 2):
        seen = {"0.0.0.0/0", "::/0"} if rng.random() < 0.7 else set()
        routes = [route(rng, seen) for _ in range(rng.randrange(5))]
        routes.append({"DestinationCidrBlock": "10.9.0.0/16", "GatewayId": "local", "State": "active"}) \
            if "10.9.0.0/16" not in seen else None
        if "0.0.0.0/0" in seen and not any(r.get("DestinationCidrBlock") == "0.0.0.0/0" for r in routes):
            routes.append({"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1", "State": "active"})
            if not any(r.get("DestinationIpv6CidrBlock") == "::/0" for r in routes):
                routes.append({"DestinationIpv6CidrBlock": "::/0", "GatewayId": "igw-1", "State": "active"})
        rng.shuffle(routes)
        tables.append({"RouteTableId": "rtb-%d" % i, "VpcId": "vpc-1", "Routes": routes,
                       "Associations": [{"Main": True}] if i == 2 else [{"Main": False, "SubnetId": "subnet-1"}]})
    estate["RouteTables"] = tables
    interfaces, instances = [], []
    for i in range(1, rng.randrange(2, 5)):
        groups = rng.sample(["sg-0", "sg-1", "sg-2", "sg-missing"], rng.randrange(0, 4))
        if "sg-missing" in groups and rng.random() < 0.7:
            groups.remove("sg-missing")
        subnet = pick(rng, ["subnet-1", "subnet-2"])
        interfaces.append({
            "NetworkInterfaceId": "eni-%d" % i, "VpcId": "vpc-1", "SubnetId": subnet,
            "OwnerId": "111122223333", "AvailabilityZone": "eu-west-3a",
            "InterfaceType": "nat_gateway" if rng.random() < 0.05 else "interface",
            "Status": "in-use" if rng.random() < 0.95 else "available", "Groups": [{"GroupId": g} for g in groups],
            "Attachment": {"InstanceId": "i-%d" % i},
            "PrivateIpAddresses": [{"PrivateIpAddress": "10.9.%s.%d" % (subnet[-1], 10 * i + k), "Primary": k == 0, "Association": {
                "PublicIp": "198.51.100.%d" % (10 * i + k)}} for k in range(rng.randrange(1, 3))],
            "Ipv6Addresses": [{"Ipv6Address": "2001:db8:1::%x" % i}] if rng.random() < 0.7 else [],
            "Ipv6Prefixes": [{"Ipv6Prefix": "2001:db8:101:0:%x::/80" % i}] if rng.random() < 0.2 else [],
            "Ipv4Prefixes": [{"Ipv4Prefix": "10.9.%s.%d/28" % (subnet[-1], 112 + 16 * i)}] if rng.random() < 0.2 else []})
        interfaces[-1]["Attachment"]["Status"] = "attached" if interfaces[-1]["Status"] == "in-use" or rng.random() < 0.2 else "detached"
        instances.append({"InstanceId": "i-%d" % i, "State": {
            "Name": pick(rng, ["running"] * 6 + ["stopped", "terminated"])}})
    estate["NetworkInterfaces"] = interfaces
    estate["Reservations"] = [{"Instances": instances}]
    if rng.random() < 0.4:
        add_load_balancer(rng, estate)
    if rng.random() < 0.15:
        tables.append({"RouteTableId": "rtb-edge", "VpcId": "vpc-1", "Associations": [{"Main": False, "GatewayId": "igw-1"}], "Routes": [
            {"DestinationCidrBlock": "10.9.0.0/16", "GatewayId": "local", "State": "active"},
            {"DestinationCidrBlock": pick(rng, ["10.9.1.0/24", "10.9.1.16/28", "10.9.1.20/32"]), "GatewayId": "vpce-1", "State": "active"},
            {"DestinationIpv6CidrBlock": pick(rng, ["2001:db8:1::/64", "2001:db8:1::2/128"]), "NetworkInterfaceId": "eni-appliance", "State": "active"}]})
    if rng.random() < 0.3:
        estate["VpcEndpoints"] = [{"VpcEndpointId": "vpce-1", "VpcEndpointType": pick(rng, ["Gateway", "GatewayLoadBalancer"])}]
    if rng.random() < 0.5:
        add_gates(rng, estate)
    if rng.random() < 0.4:
        lost = pick(rng, [0, 0, 0.05])
        estate["SecurityGroupRules"] = [rule for rule in rule_records(estate) if rng.random() >= lost]
        if rng.random() < 0.3:  # of one group, a rule that its permissions do not have
            one = permission(rng)
            while not one["IpRanges"] + one["Ipv6Ranges"] + one["PrefixListIds"]:
                one = permission(rng)
            estate["SecurityGroupRules"] += list(rule_records({"SecurityGroups": [{"GroupId": "sg-1", "IpPermissions": [one]}]}, "x"))
    if rng.random() < 0.15:
        del estate[pick(rng, ["Subnets", "RouteTables", "NetworkAcls", "InternetGateways", "SecurityGroups"])]
    if any(b["Scheme"] == "internal" for b in estate.get("LoadBalancers") or []):  # its nodes have no public IPv4 address
        for interface in estate["NetworkInterfaces"]:
            for private in interface["PrivateIpAddresses"] if interface.get("Description", "").startswith("ELB ") else []:
                private.pop("Association", None)
    for interface in estate["NetworkInterfaces"]:
        if interface["InterfaceType"] in NOBODYS_INSTANCES:
            interface["Attachment"].pop("InstanceId", None)
    return estate


def write(estate, folder):
    folder = pathlib.Path(folder)
    for key, value in estate.items():
        if key == "files":  # whole documents, by name
            for name, document in value.items():
                (folder / name).write_text(json.dumps(document))
        elif key == "entries":
            for name, cidrs in value.items():
                (folder / ("get-managed-prefix-list-entries.%s.json" % name)).write_text(
                    json.dumps({"Entries": [{"Cidr": cidr} for cidr in cidrs]}))
        else:
            (folder / (key + ".json")).write_text(json.dumps({key: value}))
