"""Accelerators and CloudFront VPC origins: where their documents are in the snapshot, those decide what they bring clients to."""
import copy
import json
import os
import re
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import common
from test_constructs_gates import blocked, hidden, service
from test_snapshots import entry, permission
from test_world import Case, documents, each, folder, named, places

ARN = "arn:aws:globalaccelerator::111122223333:accelerator/0a1b-shop"
LISTENER, GROUP = ARN + "/listener/11aa", ARN + "/listener/11aa/endpoint-group/22bb"
BALANCER = "arn:aws:elasticloadbalancing:eu-west-3:111122223333:loadbalancer/net/int/0123456789abcdef"
TARGETS = "arn:aws:elasticloadbalancing:eu-west-3:111122223333:targetgroup/tg/0123456789abcdef"
LIST = {"PrefixListId": "pl-cf", "PrefixListName": "com.amazonaws.global.cloudfront.origin-facing", "Cidrs": ["203.0.113.0/24"]}


def accelerator(endpoint="i-1", ports=(443, 443), protocol="TCP", overrides=(), dial=100.0, weight=128, keeps=True, **more):
    """Documents by file name: an accelerator, its listener, and a group with one endpoint."""
    return {"a.json": {"Accelerators": [{"AcceleratorArn": ARN, "Name": "shop", "Enabled": True, "Status": "DEPLOYED", "IpAddressType": "IPV4", "DnsName": "a1.awsglobalaccelerator.com",
                                         **more}]},
            "l.json": {"Listeners": [{"ListenerArn": LISTENER, "Protocol": protocol, "PortRanges": [{"FromPort": ports[0], "ToPort": ports[1]}]}]},
            "g.json": {"EndpointGroups": [{"EndpointGroupArn": GROUP, "EndpointGroupRegion": "eu-west-3", "TrafficDialPercentage": dial,
                "PortOverrides": [{"ListenerPort": a, "EndpointPort": b} for a, b in overrides],
                "EndpointDescriptions": [{"EndpointId": endpoint, "Weight": weight, "HealthState": "HEALTHY", "ClientIPPreservationEnabled": keeps}]}]}}


def estate(rules=(("tcp", 443, 443), ("tcp", 22, 22))):
    """An instance without a public address whose group admits 443 and 22, in a subnet with an accelerator's interface; another beside it."""
    made = service(hidden(), "global_accelerator_managed", ["sg-ga"])
    made["SecurityGroups"][0]["IpPermissions"] = [permission(p, (a, b), ["0.0.0.0/0"], ["::/0"]) for p, a, b in rules]
    made["SecurityGroups"].append({"GroupId": "sg-ga", "GroupName": "GlobalAccelerator", "VpcId": "vpc-1", "IpPermissions": []})
    made["Reservations"][0]["Instances"].append({"InstanceId": "i-2", "State": {"Name": "running"}})
    made["NetworkInterfaces"].append({**hidden()["NetworkInterfaces"][0], "NetworkInterfaceId": "eni-2", "PrivateIpAddresses": [
        {"PrivateIpAddress": "10.0.0.5", "Primary": True}], "Attachment": {"InstanceId": "i-2", "DeviceIndex": 0, "Status": "attached"}})
    return made


def behind_balancer():
    """A network load balancer before the instance, and documents that tell its targets and rules."""
    made = estate()
    made["NetworkInterfaces"].append({**hidden()["NetworkInterfaces"][0], "NetworkInterfaceId": "eni-b", "Attachment": {},
                                      "Description": "ELB net/int/0123456789abcdef", "RequesterManaged": True,
                                      "PrivateIpAddresses": [{"PrivateIpAddress": "10.0.0.50", "Primary": True}]})
    made["NetworkInterfaces"][0]["Groups"] = [{"GroupId": "sg-2"}]
    made["SecurityGroups"].append({"GroupId": "sg-2", "GroupName": "t", "VpcId": "vpc-1", "IpPermissions": [
        permission("tcp", (8080, 8080), ["10.0.0.0/24"])]})
    made["LoadBalancers"] = [{"LoadBalancerArn": BALANCER, "LoadBalancerName": "int", "Type": "network", "Scheme": "internal", "VpcId": "vpc-1"}]
    made["Listeners"] = [{"LoadBalancerArn": BALANCER, "ListenerArn": BALANCER.replace("loadbalancer", "listener") + "/1", "Port": 443,
                          "Protocol": "TCP", "DefaultActions": [{"Type": "forward", "TargetGroupArn": TARGETS}]}]
    made["TargetGroups"] = [{"TargetGroupArn": TARGETS, "TargetGroupName": "tg", "TargetType": "ip", "Protocol": "TCP", "Port": 8080,
                             "VpcId": "vpc-1", "LoadBalancerArns": [BALANCER]}]
    health = {"describe-target-health.tg.0123456789abcdef.json": {"TargetHealthDescriptions": [
        {"Target": {"Id": "10.0.0.4", "Port": 8080}, "TargetHealth": {"State": "healthy"}}]},
        "describe-rules.1.json": {"Rules": []}}
    return made, health


class Told(Case):
    def outcome(self, made, files):
        self.output = self.compute(folder({**documents(made), **files}))
        return {(i["eni_id"], i["family"][-1], x["protocol"], x["from_port"], x["to_port"], x["certainty"])
                for i in self.output["indirect"] for x in i["exposures"]}


ANY = {(eni, family, "tcp", port, port, "possible") for eni in ("eni-1", "eni-2") for family in "46" for port in (22, 443)}
ONE = {("eni-1", "4", "tcp", 443, 443, "exact")}


def without_service(made):
    """The same estate without the service's own interface and group."""
    made["NetworkInterfaces"] = [i for i in made["NetworkInterfaces"] if i["NetworkInterfaceId"] != "eni-s"]
    made["SecurityGroups"] = made["SecurityGroups"][:1]
    return made


class Accelerators(Told):
    @each([("l.json",), ("g.json",)])
    def test_law_of_starvation_without_its_interface_and_a_document_what_it_brings_clients_to_is_missing(self, gone):
        files = accelerator()
        self.outcome(without_service(estate()), files)
        self.assertFalse(self.output["missing"])
        del files[gone]
        self.outcome(without_service(estate()), files)
        self.assertTrue(named(self.output, ["missing"], "what accelerator shop brings clients to"))

    def test_its_documents_decide_which_target_and_which_ports(self):
        self.assertEqual(self.outcome(estate(), {}), ANY)
        self.assertTrue(named(self.output, ["not_covered"], "eni-s"))
        self.assertEqual(self.outcome(estate(), accelerator()), ONE)
        self.assertFalse(named(self.output, ["not_covered"], "eni-s"), self.output["not_covered"])
        self.assertTrue(named(self.output, ["assumptions"], "eni-s accelerators of the snapshot"))
        self.assertEqual(common.not_covered(self.output), ["1 × accelerator (public, no interface): shop (a1.awsglobalaccelerator.com)"])
        (one,) = self.output["indirect"]
        self.assertEqual((one["load_balancer"], one["listener"], one["exposures"][0]["via"]),
                         ("AWS Global Accelerator", "eni-s", [{"stage": "balancer", "id": "eni-s", "text": "AWS Global Accelerator by eni-s: accelerator shop, 443/TCP"}]))

    @each([("i-1", (1, 65535), (), {22, 443}), ("i-1", (80, 80), (), set()), ("i-1", (80, 81), ((80, 443),), {443}),
           ("i-1", (443, 443), ((443, 22),), {22}), ("i-1", (443, 443), ((80, 22),), {443})])
    def test_listener_ports_and_their_overrides(self, endpoint, ports, overrides, reached):
        found = self.outcome(estate(), accelerator(endpoint, ports, overrides=overrides))
        self.assertEqual(found, {("eni-1", "4", "tcp", port, port, "exact") for port in reached})

    def test_what_clients_ask_the_accelerator_for_is_told_where_it_is_overridden(self):
        self.outcome(estate([("tcp", 1, 1000)]), accelerator("i-1", (80, 90), overrides=((85, 22), (86, 22), (90, 443))))
        begin = "AWS Global Accelerator by eni-s: accelerator shop, "
        self.assertEqual({(x["from_port"], x["to_port"], x["via"][0]["text"].removeprefix(begin)) for i in self.output["indirect"] for x in i["exposures"]},
                         {(22, 22, "85-86/TCP (to port 22)"), (443, 443, "90/TCP (to port 443)"), (80, 84, "80-84,87-89/TCP"), (87, 89, "80-84,87-89/TCP")})

    def test_a_listener_of_udp_brings_udp(self):
        made = estate([("udp", 53, 53), ("tcp", 53, 53)])
        self.assertEqual(self.outcome(made, accelerator(ports=(53, 53), protocol="UDP")), {("eni-1", "4", "udp", 53, 53, "exact")})

    def test_one_that_is_disabled_brings_nothing(self):
        self.assertEqual(self.outcome(estate(), accelerator(Enabled=False)), set())
        only = accelerator(Enabled=False)
        del only["l.json"], only["g.json"]
        self.assertEqual(self.outcome(estate(), only), ANY)  # that the interface is its own is not told
        only["a.json"]["Accelerators"].append({**accelerator()["a.json"]["Accelerators"][0], "AcceleratorArn": ARN + "2"})
        self.assertEqual(self.outcome(estate(), only), ANY)  # what that one is for is not told
        self.assertEqual(self.outcome(estate(), {"a.json": {"Accelerators": []}}), ANY)  # then the interface is somebody else's

    @each([("i-9",), ("eipalloc-9",), (BALANCER,), ("arn:aws:elasticloadbalancing:eu-west-3:111122223333:loadbalancer/app/gone/0123456789abcdef",)])
    def test_an_endpoint_that_is_no_interface_of_the_snapshot_is_missing(self, endpoint):
        for made in (estate(), without_service(estate())):
            self.outcome(made, accelerator(endpoint))
            self.assertTrue(named(self.output, ["missing"], "the interface of endpoint %s of accelerator shop" % endpoint), self.output["missing"])
            self.outcome(made, accelerator(endpoint, Enabled=False))
            self.assertFalse(self.output["missing"])
        there = accelerator(endpoint.replace("eu-west-3", "us-east-1"))
        there["g.json"]["EndpointGroups"][0]["EndpointGroupRegion"] = "us-east-1"
        self.outcome(estate(), there)
        self.assertFalse(self.output["missing"])
        self.assertTrue(named(self.output, ["not_covered"], "of accelerator shop is no interface of this snapshot"))

    def test_an_endpoint_that_ends_is_none(self):
        made = estate()
        made["Reservations"][0]["Instances"].append({"InstanceId": "i-9", "State": {"Name": "terminated"}})
        self.outcome(made, accelerator("i-9"))
        self.assertFalse(self.output["missing"])

    def test_an_instance_by_its_secondary_interface_alone_is_missing(self):
        made = estate()
        made["NetworkInterfaces"][0]["Attachment"]["DeviceIndex"] = 1
        self.assertFalse([f for f in self.outcome(made, accelerator()) if f[-1] == "exact"])
        self.assertTrue(named(self.output, ["missing"], "the interface of endpoint i-1"))

    def test_its_interface_is_known_by_its_group_where_its_type_is_not_told(self):
        made = estate()
        del made["NetworkInterfaces"][1]["InterfaceType"]
        self.assertEqual(self.outcome(made, {}), ANY)
        self.assertTrue(named(self.output, ["unread"], "eni-s has no InterfaceType"))
        self.assertEqual(self.outcome(made, accelerator()), ONE)

    def test_a_target_whose_subnet_is_not_told_may_be_in_its(self):
        made = estate()
        for interface in made["NetworkInterfaces"]:
            if interface["NetworkInterfaceId"] == "eni-2":
                del interface["SubnetId"]
        self.assertEqual(self.outcome(made, {}), ANY)
        self.assertEqual(self.outcome(made, accelerator("i-2")), ANY)

    @each([("HEALTHY", "exact"), ("UNHEALTHY", "exact"), ("INITIAL", "possible"), ("a-new-word", "possible")])
    def test_an_endpoint_in_each_state_of_health(self, health, certainty):
        files = accelerator()
        files["g.json"]["EndpointGroups"][0]["EndpointDescriptions"][0]["HealthState"] = health
        self.assertEqual(self.outcome(estate(), files), {("eni-1", "4", "tcp", 443, 443, certainty)})

    def test_beside_a_healthy_endpoint_one_that_is_not_may_be_sent_nobody(self):
        files = accelerator()
        group = files["g.json"]["EndpointGroups"][0]["EndpointDescriptions"]
        group.append({**group[0], "EndpointId": "i-2", "HealthState": "UNHEALTHY"})
        beside = {("eni-2", "4", "tcp", 443, 443, "possible")}
        self.assertEqual(self.outcome(estate(), files), ONE | beside)
        self.assertTrue(named(self.output, ["indirect"], "i-2 is UNHEALTHY, and another endpoint of its group is HEALTHY"))
        group[0]["Weight"] = 0  # then that one takes nobody, and it fails open
        self.assertEqual(self.outcome(estate(), files), {("eni-1", "4", "tcp", 443, 443, "possible"), ("eni-2", "4", "tcp", 443, 443, "exact")})

    def test_which_clients_are_sent_to_one_of_two_endpoint_groups_is_not_told(self):
        files = accelerator()
        groups = files["g.json"]["EndpointGroups"]
        there = BALANCER.replace("eu-west-3", "us-east-1").replace("int", "other")
        groups.append({**groups[0], "EndpointGroupArn": GROUP + "2", "EndpointGroupRegion": "us-east-1", "EndpointDescriptions": [
            {**groups[0]["EndpointDescriptions"][0], "EndpointId": there}]})
        self.assertEqual(self.outcome(estate(), files), {(*one[:-1], "possible") for one in ONE})
        self.assertTrue(named(self.output, ["indirect"], "clients nearer to another endpoint group of accelerator shop are sent there"))
        groups[1]["EndpointDescriptions"] = []
        self.assertEqual(self.outcome(estate(), files), ONE)

    def test_an_endpoint_named_of_another_region_than_its_load_balancer_is_unread(self):
        made, health = behind_balancer()
        self.outcome(made, {**accelerator(BALANCER), **health})
        self.assertFalse(self.output["unread"])
        self.outcome(made, {**accelerator(BALANCER.replace("eu-west-3", "us-east-1")), **health})
        self.assertEqual([u["why"] for u in self.output["unread"]],
                         ["%s, named by accelerator shop, is told of as %s: neither is believed alone" % (BALANCER.replace("eu-west-3", "us-east-1"), BALANCER)])
        self.assertEqual({x["certainty"] for i in self.output["indirect"] for x in i["exposures"]}, {"possible"})

    def test_listeners_of_one_that_are_absent_are_an_assumption(self):
        files = accelerator()
        files["a.json"]["Accelerators"].append({**files["a.json"]["Accelerators"][0], "AcceleratorArn": ARN + "2", "Name": "mail"})
        self.assertEqual(self.outcome(estate(), files), ANY)
        self.assertTrue(named(self.output, ["assumptions"], "listeners or endpoint groups of accelerator arn:aws:globalaccelerator"))

    @each([({"weight": 0}, "weight 0"), ({"dial": 0}, "traffic dial"), ({"Status": "IN_PROGRESS"}, "IN_PROGRESS")])
    def test_what_aws_leaves_open_is_possible(self, change, words):
        self.assertEqual(self.outcome(estate(), accelerator(**change)), {("eni-1", "4", "tcp", 443, 443, "possible")})
        self.assertIn(words, json.dumps(self.output["indirect"]))

    def test_ipv6_clients_come_by_a_dual_stack_one_perhaps(self):
        self.assertEqual(self.outcome(estate(), accelerator(IpAddressType="DUAL_STACK")), ONE | {("eni-1", "6", "tcp", 443, 443, "possible")})

    def test_groups_and_acls_that_are_not_sure_make_it_possible(self):
        possible = {("eni-1", "4", "tcp", 443, 443, "possible")}
        made = estate()
        made["NetworkAcls"][0]["Entries"] = [entry(100, True, "allow", "6", ports=(1024, 65535)), entry(100, False, "allow")]
        self.assertEqual(self.outcome(made, accelerator()), possible)
        made = estate(())
        self.assertEqual(self.outcome(made, accelerator()), set())
        rule = permission("tcp", (443, 443))
        rule["UserIdGroupPairs"] = [{"GroupId": "sg-ga"}]
        made["SecurityGroups"][0]["IpPermissions"] = [rule]
        self.assertEqual(self.outcome(made, accelerator()), possible)

    @each([("a.json",), ("l.json",), ("g.json",)])
    def test_law_of_starvation_without_one_of_its_documents_all_is_possible_again(self, name):
        files = accelerator()
        del files[name]
        self.assertEqual(self.outcome(estate(), files), ANY)

    @each([("l.json", "Listeners", "Protocol"), ("l.json", "Listeners", "PortRanges"), ("a.json", "Accelerators", "Enabled")])
    def test_a_record_that_is_not_understood_decides_nothing(self, name, key, member):
        for odd in (None, 7, "drop"):
            files = accelerator()
            files[name][key][0][member] = odd
            if odd == "drop":
                del files[name][key][0][member]
            self.assertEqual(self.outcome(estate(), files), ANY)

    @each([("a.json",), ("l.json",), ("g.json",)])
    def test_a_page_that_is_missing_decides_nothing_and_is_said(self, name):
        files = accelerator()
        files[name]["NextToken"] = "more"
        self.assertEqual(self.outcome(estate(), files), ANY)
        self.assertTrue(self.output["missing"] + self.output["unread"])

    def test_an_accelerator_without_listeners_is_whole_where_an_empty_answer_says_so(self):
        other = "arn:aws:globalaccelerator::111122223333:accelerator/9f-idle"
        files = accelerator()
        files["a.json"]["Accelerators"].append({**files["a.json"]["Accelerators"][0], "AcceleratorArn": other})
        self.assertEqual(self.outcome(estate(), files), ANY)
        files["list-listeners.accelerator.9f-idle.json"] = {"Listeners": []}
        self.assertEqual(self.outcome(estate(), files), ONE)
        listener = {**files["l.json"]["Listeners"][0], "ListenerArn": other + "/listener/33cc"}
        del files["list-listeners.accelerator.9f-idle.json"]
        files["l2.json"] = {"Listeners": [listener]}
        self.assertEqual(self.outcome(estate(), files), ANY)
        files["list-endpoint-groups.listener.33cc.json"] = {"EndpointGroups": []}
        self.assertEqual(self.outcome(estate(), files), ONE)

    def test_a_custom_routing_one_beside_decides_nothing(self):
        files = accelerator()
        files["list-custom-routing-accelerators.json"] = {"Accelerators": [{"AcceleratorArn": ARN + "2", "Name": "games", "Enabled": True,
                                                                            "Status": "DEPLOYED"}]}
        self.assertEqual(self.outcome(estate(), files), ANY)

    def test_a_page_that_is_missing_is_not_made_up_for_by_the_custom_routing_ones(self):
        files = accelerator()
        listed = next(name for name, document in files.items() if "Accelerators" in document)
        files[listed] = {**files[listed], "NextToken": "more"}
        files["list-custom-routing-accelerators.json"] = {"Accelerators": []}
        self.outcome(estate(), files)
        self.assertTrue([text for text in common.missing(self.output) if listed in text and "another page follows" in text], self.output["missing"])
        files["list-accelerators.2.json"] = {"Accelerators": [{"AcceleratorArn": ARN + "3", "Name": "idle", "Enabled": False, "Status": "DEPLOYED"}]}
        self.outcome(estate(), files)
        self.assertFalse([text for text in common.missing(self.output) if "another page follows" in text], self.output["missing"])

    def test_custom_routing_ones_alone_say_nothing_of_the_others(self):
        self.assertEqual(self.outcome(estate(), {"list-custom-routing-accelerators.json": {"Accelerators": []}}), ANY)

    def test_ipv6_clients_arrive_at_the_targets_ipv6_address(self):
        made = estate()
        made["NetworkInterfaces"][0]["Ipv6Addresses"] = [{"Ipv6Address": "2001:db8:1::4"}]
        self.outcome(made, accelerator(IpAddressType="DUAL_STACK"))
        self.assertEqual({(i["family"], i["private_address"]) for i in self.output["indirect"] if i["eni_id"] == "eni-1"},
                         {("ipv4", "10.0.0.4"), ("ipv6", "2001:db8:1::4")})

    def test_the_interface_of_a_subnet_that_no_endpoint_is_in_stays_possible(self):
        made = estate()
        made["NetworkInterfaces"][1]["SubnetId"] = made["NetworkInterfaces"][2]["SubnetId"] = "subnet-2"
        made["Subnets"].append({**made["Subnets"][0], "SubnetId": "subnet-2", "CidrBlock": "10.0.0.0/24"})
        made["NetworkAcls"][0]["Associations"].append({"SubnetId": "subnet-2"})
        found = self.outcome(made, accelerator())
        self.assertEqual({f for f in found if f[0] == "eni-2"}, {f for f in ANY if f[0] == "eni-2"})
        self.assertEqual({f for f in found if f[0] == "eni-1"}, {("eni-1", "4", "tcp", 443, 443, "possible")})  # where is its own one?

    def test_block_public_access_and_a_vpc_without_a_gateway_stop_it(self):
        for change in ({"InternetGateways": [{"InternetGatewayId": "igw-1", "Attachments": []}]},
                       {key: blocked()[key] for key in blocked() if key.startswith("VpcBlock")}):
            self.assertEqual(self.outcome({**estate(), **change}, accelerator()), set())

    def test_an_endpoint_that_does_not_see_the_client_is_reached_from_awss_own_addresses(self):
        made = estate()
        made["NetworkInterfaces"][0]["PrivateIpAddresses"][0]["Association"] = {"PublicIp": "198.51.100.4"}
        made["SecurityGroups"][0]["IpPermissions"] = [permission("tcp", (443, 443), ["203.0.113.0/24"])]
        made["Addresses"] = [{"AllocationId": "eipalloc-1", "PublicIp": "198.51.100.4", "AssociationId": "eipassoc-1"}]
        for endpoint in ("i-1", "eipalloc-1"):
            self.assertEqual(self.outcome(without_service(copy.deepcopy(made)), accelerator(endpoint, keeps=False)), {("eni-1", "4", "tcp", 443, 443, "possible")})
            self.assertIn("0.0.0.0/0", self.output["indirect"][0]["exposures"][0]["sources"])
        self.assertEqual(self.outcome(without_service(estate()), accelerator(keeps=False)), {("eni-1", "4", "tcp", 443, 443, "possible")})
        made["SecurityGroups"][0]["IpPermissions"] = [permission("tcp", (443, 443), ["192.168.0.0/16"])]
        self.assertEqual(self.outcome(without_service(made), accelerator(keeps=False)), set())

    def test_what_is_behind_a_load_balancer_is_reached_by_its_listeners_only(self):
        made, health = behind_balancer()
        found = {f for f in self.outcome(made, {**accelerator(BALANCER), **health}) if f[1] == "4"}
        self.assertEqual({f[:5] for f in found}, {("eni-b", "4", "tcp", 443, 443), ("eni-1", "4", "tcp", 8080, 8080)})
        self.assertIn(("eni-b", "4", "tcp", 443, 443, "exact"), found)
        self.assertEqual(self.outcome(made, {**accelerator(BALANCER, ports=(80, 80)), **health}), set())


class Starvation(Told):
    """Each member, element and document of them taken away, made null, or of another type: nothing is left out in silence."""
    UNSEEN = ("PortOverrides", "PortOverrides[]", "EndpointDescriptions[]", "PortRanges[]", "EndpointGroups[]", "Listeners[]", "Accelerators[]", "Items[]")

    def cuts(self, made, files):
        whole = {f[:5] for f in self.outcome(made, files)}
        self.assertTrue(whole)
        for name in files:
            for path in [(), *places(files[name])]:
                for way in ("drop", "null", "mistype"):
                    starved = copy.deepcopy(files)
                    holder = starved if not path else starved[name]
                    for key in path[:-1]:
                        holder = holder[key]
                    last = path[-1] if path else name
                    if way == "drop":
                        del holder[last]
                    else:
                        holder[last] = None if way == "null" else ["odd"] if isinstance(holder[last], (str, dict)) else "odd"
                    general = re.sub(r"\.\[", "[", ".".join("[]" if isinstance(key, int) else key for key in path))
                    if way == "drop" and general.endswith(self.UNSEEN):
                        continue  # nothing counts or refers to these
                    if not path and way != "drop":
                        continue
                    left = {f[:5] for f in self.outcome(made, starved)}
                    self.assertTrue(whole <= left or self.output["missing"] or self.output["unread"], (name, general, way, whole - left))

    def test_of_two_accelerators_in_one_subnet(self):
        files, other = accelerator(ports=(443, 443), IpAddressType="DUAL_STACK"), accelerator("i-2", ports=(80, 80), overrides=[(80, 22)])
        text = json.dumps(other).replace("0a1b-shop", "0c2d-mail")
        files.update({name.replace(".", "2."): document for name, document in json.loads(text).items()})
        self.cuts(estate(), files)

    def test_of_two_origins_in_one_vpc(self):
        files = {"o.json": origin(), "p.json": origin("arn:aws:ec2:eu-west-3:111122223333:instance/i-2", "http-only", "vo_2"), "d.json": distributions(),
                 "list.json": {"VpcOriginList": {"Items": [{"Id": id, "Status": "Deployed", "AccountId": "111122223333", "OriginEndpointArn":
                                                            "arn:aws:ec2:eu-west-3:111122223333:instance/" + i} for id, i in (("vo_1", "i-1"), ("vo_2", "i-2"))]}}}
        self.cuts(VpcOrigins.estate(self), files)


def origin(target="arn:aws:ec2:eu-west-3:111122223333:instance/i-1", policy="https-only", id="vo_1", **more):
    return {"VpcOrigin": {"Id": id, "Arn": "arn:aws:cloudfront::111122223333:vpcorigin/" + id, "Status": "Deployed", "AccountId": "111122223333",
            "VpcOriginEndpointConfig": {"Name": "o", "Arn": target, "HTTPPort": 80, "HTTPSPort": 443, "OriginProtocolPolicy": policy}, **more}}


BEHAVIOR = {"TargetOriginId": "o", "ViewerProtocolPolicy": "allow-all", "TrustedSigners": {"Enabled": False, "Quantity": 0}, "TrustedKeyGroups": {"Enabled": False, "Quantity": 0},
            "FunctionAssociations": {"Quantity": 0}, "LambdaFunctionAssociations": {"Quantity": 0}}


def distributions(origin="vo_1", **more):
    """A list of one; what AWS prints of each cache behavior stands in those that do not say it."""
    if more.get("DefaultCacheBehavior", 0) is not None:
        more["DefaultCacheBehavior"] = {**BEHAVIOR, **more.get("DefaultCacheBehavior", {})}
    others = [{**BEHAVIOR, **one} for one in more.get("CacheBehaviors", {}).get("Items", [])]
    more["CacheBehaviors"] = {"Quantity": len(others), "Items": others}
    return {"DistributionList": {"Items": [{"Id": "E1", "ARN": "arn:aws:cloudfront::111122223333:distribution/E1", "Status": "Deployed",
            "DomainName": "e1.cloudfront.net", "Enabled": True, "Staging": False, "IsIPV6Enabled": True, "ConnectionMode": "direct", "WebACLId": "", "Restrictions": {"GeoRestriction": {"RestrictionType": "none"}},
            "Origins": {"Items": [{"Id": "o", "VpcOriginConfig": {"VpcOriginId": origin}}]}, **more}]}}


class VpcOrigins(Told):
    ANY = {(eni, family, "tcp", low, high, "possible") for eni in ("eni-1", "eni-2") for family in "46" for low, high in ((80, 80), (443, 443))}

    def estate(self):
        made = estate()
        made["NetworkInterfaces"][1].update(InterfaceType="interface", Groups=[{"GroupId": "sg-cf"}])
        made["SecurityGroups"][1].update(GroupId="sg-cf", GroupName="CloudFront-VPCOrigins-Service-SG")
        rule = lambda port: {**permission("tcp", (port, port)), "UserIdGroupPairs": [{"GroupId": "sg-cf"}]}
        made["SecurityGroups"][0]["IpPermissions"] = [rule(80), rule(443)]
        return made

    def test_an_origin_whose_interface_is_not_in_the_snapshot_is_missing(self):
        self.assertEqual(self.outcome(without_service(self.estate()), {"o.json": origin(), "d.json": distributions()}), set())
        self.assertTrue(named(self.output, ["missing"], "the interface of CloudFront VPC origin vo_1"))

    def test_a_target_that_is_no_interface_of_the_snapshot_is_missing(self):
        for region, status in (("eu-west-3", 3), ("us-east-1", 0)):
            self.outcome(self.estate(), {"o.json": origin("arn:aws:ec2:%s:111122223333:instance/i-9" % region), "d.json": distributions()})
            self.assertEqual(bool(named(self.output, ["missing"], "i-9 target of VPC origin vo_1")), status == 3)
            self.assertEqual(bool(named(self.output, ["not_covered"], "i-9 target of VPC origin vo_1")), status == 0)

    @each([("https-only", {443}), ("http-only", {80}), ("match-viewer", {80, 443})])
    def test_its_document_decides_which_target_and_which_ports(self, policy, ports):
        self.assertEqual(self.outcome(self.estate(), {}), self.ANY)
        found = self.outcome(self.estate(), {"o.json": origin(policy=policy), "d.json": distributions()})
        self.assertEqual(found, {("eni-1", family, "tcp", port, port, certainty) for port in ports
                                 for family, certainty in (("4", "exact"), ("6", "possible"))})
        self.assertFalse(named(self.output, ["not_covered"], "eni-s"), self.output["not_covered"])
        self.assertTrue(named(self.output, ["indirect"], "origin vo_1 of distribution E1"))

    PLAIN = {"TargetOriginId": "o", "ViewerProtocolPolicy": "allow-all"}

    @each([("redirect-to-https", {}, False), ("https-only", {}, False), ("allow-all", {}, True), ("a-new-word", {}, False),
           ("https-only", {"CacheBehaviors": {"Items": [{**PLAIN, "PathPattern": "/a"}]}}, True),
           ("https-only", {"CacheBehaviors": {"Items": [{"TargetOriginId": "bucket", "PathPattern": "/a*"}, {**PLAIN, "PathPattern": "a/b"}]}}, False)])
    def test_where_viewers_must_use_https_match_viewer_is_sure_of_https_only(self, policy, more, plain):
        default = {"TargetOriginId": "o", "ViewerProtocolPolicy": policy}
        found = self.outcome(self.estate(), {"o.json": origin(policy="match-viewer"), "d.json": distributions(**{"DefaultCacheBehavior": default, **more})})
        self.assertEqual({(port, certainty) for _, family, _, port, _, certainty in found if family == "4"}, {(443, "exact"), (80, "exact" if plain else "possible")})

    @each([("*", False), ("/*", False), ("/a*", True)])
    def test_a_cache_behavior_before_the_default_one_may_leave_nothing_to_it(self, pattern, sure):
        more = {"CacheBehaviors": {"Items": [{"TargetOriginId": "bucket", "PathPattern": pattern}]}}
        found = self.outcome(self.estate(), {"o.json": origin(), "d.json": distributions(**more)})
        self.assertEqual(("eni-1", "4", "tcp", 443, 443, "exact") in found, sure)

    @each([({},), ({"Enabled": False},), ({"WebACLId": "arn:x"},), ({"Status": "InProgress"},),
           ({"Restrictions": {"GeoRestriction": {"RestrictionType": "whitelist"}}},), ({"Origins": {"Items": []}},)])
    def test_without_a_distribution_that_sends_every_viewer_there_it_is_possible(self, change):
        files = {"o.json": origin()} if not change else {"o.json": origin(), "d.json": distributions(**change)}
        self.assertEqual(self.outcome(self.estate(), files), {("eni-1", family, "tcp", 443, 443, "possible") for family in "46"})

    OTHER = {"TargetOriginId": "bucket"}

    @each([({"DefaultCacheBehavior": OTHER}, "has no cache behavior that sends viewers there"),
           ({"DefaultCacheBehavior": OTHER, "CacheBehaviors": {"Items": [{"PathPattern": "/a", "TargetOriginId": "o"}]}}, None),
           ({"DefaultCacheBehavior": OTHER, "CacheBehaviors": {"Items": [{"TargetOriginId": "o", "TrustedKeyGroups": {"Enabled": True}}]}}, "trusted key groups"),
           ({"DefaultCacheBehavior": {"TargetOriginId": "o", "TrustedSigners": {"Enabled": True}}}, "trusted signers"),
           ({"DefaultCacheBehavior": {"TargetOriginId": "o", "TrustedSigners": {"Enabled": False}}}, None),
           ({"DefaultCacheBehavior": {"TargetOriginId": "o", "FunctionAssociations": {"Quantity": 1, "Items": [{}]}}}, "has a function"),
           ({"DefaultCacheBehavior": {"TargetOriginId": "o", "LambdaFunctionAssociations": {"Quantity": 0}}}, None),
           ({"DefaultCacheBehavior": {"TargetOriginId": "g"}, "OriginGroups": {"Items": [{"Id": "g", "Members": {"Items": [{"OriginId": "o"}, {"OriginId": "b"}]}}]}}, None),
           ({"DefaultCacheBehavior": {"TargetOriginId": "g"}, "OriginGroups": {"Items": [{"Id": "g", "Members": {"Items": [{"OriginId": "b"}, {"OriginId": "o"}]}}]}},
            "only where another origin fails"),
           ({"DefaultCacheBehavior": None}, "does not tell its cache behaviors"), ({"ConnectionMode": "tenant-only"}, "serves tenants"), ({"ConnectionMode": "direct"}, None),
           ({"ConnectionMode": "a-new-word"}, "serves tenants"), ({"Staging": True}, "staging"), ({"Staging": False}, None),
           ({"ViewerMtlsConfig": {"Mode": "required"}}, "certificates"), ({"ViewerMtlsConfig": {"Mode": "optional"}}, None),
           ({"ConnectionFunctionAssociation": {"Id": "f"}}, "turn connections away"), ({"Enabled": False}, "is not enabled"), ({"Status": "InProgress"}, "deployed"),
           ({"WebACLId": "arn:x"}, "web ACL"), ({"Restrictions": {"GeoRestriction": {"RestrictionType": "blacklist"}}}, "geographic")])
    def test_each_thing_by_which_a_distribution_keeps_viewers_from_an_origin_is_named(self, change, words):
        found = self.outcome(self.estate(), {"o.json": origin(), "d.json": distributions(**change)})
        self.assertEqual({x[-1] for x in found if x[1] == "4"}, {"possible" if words else "exact"})
        self.assertTrue(words is None or named(self.output, ["indirect"], "distribution E1 " + words), self.output["indirect"])

    def test_a_distribution_without_ipv6_is_named_where_ipv6_viewers_are_possible(self):
        self.outcome(self.estate(), {"o.json": origin(), "d.json": distributions(IsIPV6Enabled=False)})
        self.assertTrue(named(self.output, ["indirect"], "E1 takes no viewers over IPv6"))

    @each([("a.json", "b.json"), ("b.json", "a.json")])
    def test_of_two_records_of_one_distribution_that_differ_neither_is_believed(self, one, other):
        found = self.outcome(self.estate(), {"o.json": origin(), one: distributions(), other: distributions(Enabled=False)})
        self.assertEqual({x[-1] for x in found}, {"possible"})

    @each([({"IsTruncated": True},), ({"IsTruncated": "true"},), ({"NextMarker": "m"},), ({"Marker": "m"},), ({"Quantity": 2},)])
    def test_a_list_of_origins_or_distributions_that_is_not_whole_decides_nothing_and_is_named(self, mark):
        files = {"o.json": origin(), "d.json": distributions(), "l.json": {"VpcOriginList": {"Items": [{"Id": "vo_1", "Status": "Deployed", "AccountId": "111122223333",
            "OriginEndpointArn": "arn:aws:ec2:eu-west-3:111122223333:instance/i-1"}]}}}
        self.assertIn("exact", {x[-1] for x in self.outcome(self.estate(), files)})
        for name, key in (("l.json", "VpcOriginList"), ("d.json", "DistributionList")):
            cut = copy.deepcopy(files)
            cut[name][key].update(mark)
            self.outcome(self.estate(), cut)
            self.assertTrue(named(self.output, ["unread"], key), self.output["unread"])
            self.assertTrue(name == "d.json" or {x[-1] for x in self.outcome(self.estate(), cut)} == {"possible"})

    def test_law_of_starvation_an_origin_that_is_listed_and_not_told_decides_nothing(self):
        summary = lambda id, target: {"VpcOriginList": {"Items": [{"Id": id, "Status": "Deployed", "AccountId": "111122223333", "OriginEndpointArn": target}]}}
        files = {"o.json": origin(), "d.json": distributions()}
        two = summary("vo_2", "arn:aws:ec2:eu-west-3:111122223333:instance/i-2")
        self.assertEqual(self.outcome(self.estate(), {**files, "list.json": two}), self.ANY)
        elsewhere = summary("vo_2", "arn:aws:ec2:eu-west-3:111122223333:instance/i-9")
        self.assertEqual(len(self.outcome(self.estate(), {**files, "list.json": elsewhere})), 2)
        self.assertEqual(self.outcome(self.estate(), {"list.json": summary("vo_1", "arn:aws:ec2:eu-west-3:111122223333:instance/i-1")}), self.ANY)

    @each([("OriginProtocolPolicy",), ("HTTPPort",), ("HTTPSPort",), ("Arn",)])
    def test_a_record_that_is_not_understood_decides_nothing(self, member):
        for odd in (None, [], "drop"):
            one = origin()
            one["VpcOrigin"]["VpcOriginEndpointConfig"][member] = odd
            if odd == "drop":
                del one["VpcOrigin"]["VpcOriginEndpointConfig"][member]
            self.assertEqual(self.outcome(self.estate(), {"o.json": one, "d.json": distributions()}), self.ANY)

    def test_an_origin_of_another_account_decides_nothing(self):
        self.assertEqual(self.outcome(self.estate(), {"o.json": origin(AccountId="444455556666")}), self.ANY)


if __name__ == "__main__":
    unittest.main()
