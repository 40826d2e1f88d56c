"""Endpoints, gateways, Block Public Access and routes: each construct of AWS that decides, by name, with its siblings."""
import gzip
import importlib.util
import json
import os
import pathlib
import re
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import common
from test_snapshots import entry, permission, plain
from test_world import MAYBE, REACHED, V4, V6, Case, documents, each, folder, named, reach

SHUT = {V4: "no", V6: "no"}
SUBNET, VPC = "subnet/subnet-1", "vpc/vpc-1"
KINDS = {"no": "nat_gateway natGateway lambda",
         "private": "transit_gateway gateway_load_balancer gateway_load_balancer_endpoint vpc_endpoint",
         "exact": "interface efa trunk branch load_balancer network_load_balancer",
         "possible": "global_accelerator_managed api_gateway_managed ec2_instance_connect_endpoint quicksight iot_rules_managed "
                     "aws_codestar_connections_managed evs efa-only"}


def world(**changes):
    """plain() with an owner and a zone for its subnet, and an interface that nothing more is said of."""
    estate = plain()
    estate["Subnets"][0].update(OwnerId="111122223333", AvailabilityZone="eu-west-3a")
    estate["NetworkInterfaces"][0].update(changes)
    return estate


def unattached(**changes):
    """world() with an interface that is on no instance."""
    return {**world(**({"Attachment": {"Status": "attached"}} | changes)), "Reservations": []}


def blocked(mode="block-bidirectional", exclusions=(), **more):
    """world() in a region of this mode; exclusions are (resource, mode, state)."""
    estate = world()
    estate["VpcBlockPublicAccessOptions"] = {"AwsAccountId": "111122223333", "AwsRegion": "eu-west-3",
                                             "InternetGatewayBlockMode": mode, "State": "update-complete", **more}
    estate["VpcBlockPublicAccessExclusions"] = [
        {"ResourceArn": "arn:aws:ec2:eu-west-3:111122223333:" + what, "InternetGatewayExclusionMode": "allow-" + let, "State": state}
        for what, let, state in exclusions]
    return estate


def advertised(attribute="private", source="none", state="associated", cidr="2001:db8:1::/64"):
    made = {"Ipv6CidrBlock": cidr, "Ipv6CidrBlockState": {"State": state}, "Ipv6AddressAttribute": attribute, "IpSource": source}
    return [{key: value for key, value in made.items() if value}]


def service(estate, type="interface", groups=(), ipv4="10.0.0.99", **more):
    """Adds a service's own interface, without a public address."""
    estate["NetworkInterfaces"].append({
        "NetworkInterfaceId": "eni-s", "VpcId": "vpc-1", "SubnetId": "subnet-1", "OwnerId": "111122223333", "Status": "in-use",
        "AvailabilityZone": "eu-west-3a", "InterfaceType": type, "Groups": [{"GroupId": g} for g in groups], "Ipv6Addresses": [],
        "RequesterManaged": True, "PrivateIpAddresses": [{"PrivateIpAddress": ipv4, "Primary": True}], **more})
    return estate


def hidden(**changes):
    """world() without a public address."""
    estate = world(**{"Ipv6Addresses": [], **changes})
    del estate["NetworkInterfaces"][0]["PrivateIpAddresses"][0]["Association"]
    return estate


class Gates(Case):
    def verdict(self, estate, answers, status=0, explain=True, **says):
        read = folder(documents(estate))
        output = self.check(read, status, answers, **says)
        told = {"exact": "reachable", "possible": "possible", "no": "unreachable"}
        for address, answer in answers.items() if explain else ():
            if answer in told:
                done = common.sgproof("explain", read, address, "443/tcp", "--from", "2600::1" if ":" in address else "8.8.8.8",
                                      "--format", "json")
                self.assertEqual(json.loads(done.stdout)["verdict"], told[answer], (address, done.stdout))
        return output

    def why(self, estate, address):
        done = common.sgproof("explain", folder(documents(estate)), address, "443/tcp", "--from",
                              "2600::1" if ":" in address else "8.8.8.8")
        return done.stdout


class Interfaces(Gates):
    def test_row_01_deny_all_igw_traffic_drops_what_comes_by_the_internet_gateway(self):
        self.verdict(hidden(Ipv6Addresses=[{"Ipv6Address": V6}], DenyAllIgwTraffic=True), {V6: "no"})
        self.assertIn("DenyAllIgwTraffic of eni-1", self.why(world(DenyAllIgwTraffic=True), V6))
        self.verdict(world(DenyAllIgwTraffic=False), REACHED)

    def test_row_01_what_it_does_to_a_public_ipv4_address_which_aws_would_not_give_it_is_possible(self):
        self.verdict(world(DenyAllIgwTraffic=True), {V4: "possible", V6: "no"})
        self.assertIn("what DenyAllIgwTraffic of eni-1 does to IPv4 is not documented", self.why(world(DenyAllIgwTraffic=True), V4))

    @each([("true",), (None,), (1,), ([],)])
    def test_row_01_deny_all_igw_traffic_that_is_not_understood_is_possible(self, value):
        self.verdict(world(DenyAllIgwTraffic=value), MAYBE, 3, unread="DenyAllIgwTraffic")

    @each([("10.0.0.9",), ("192.168.1.1",), ("172.31.0.1",), ("100.64.0.1",), ("169.254.10.1",), ("224.0.0.5",), ("255.255.255.255",)])
    def test_a_public_address_that_the_internet_does_not_route_is_none_and_is_not_understood(self, address):
        estate = world()
        estate["NetworkInterfaces"][0]["PrivateIpAddresses"][0]["Association"]["PublicIp"] = address
        output = self.verdict(estate, {address: "no", V6: "possible"}, 3, unread="Association.PublicIp RFC 6890")
        self.assertEqual([e["exposures"] for e in output["endpoints"] if e["address"] == address], [[]])
        self.assertIn("STOP  gateway          its address is not globally reachable (RFC 6890)", common.sgproof(
            "explain", folder(documents(estate)), address, "443/tcp").stdout)
        plan = common.sgproof("plan", folder(documents(estate)), "--vantage", "8.8.8.8", "--format", "text").stdout
        self.assertNotIn(address + " ", plan)  # it may be somebody else's where we are
        self.assertIn("Not asked: 1 × addresses that the internet does not route", plan)

    @each([("fe80::1",), ("ff02::1",), ("4000::1",), ("100::1",), ("2001:2::1",)])
    def test_an_ipv6_address_that_the_internet_does_not_route_is_none_and_is_not_understood(self, address):
        estate = world(Ipv6Addresses=[{"Ipv6Address": address}])
        self.verdict(estate, {V4: "possible", address: "no"}, 3, unread="Ipv6Addresses[0].Ipv6Address RFC 6890")
        self.verdict(world(Ipv6Addresses=[{"Ipv6Address": "fd00::1"}]), {V4: "exact"})

    def test_a_customers_own_address_that_is_private_is_no_public_endpoint_and_is_not_probed(self):
        estate = world()
        estate["NetworkInterfaces"][0]["PrivateIpAddresses"][0]["Association"] = {"CustomerOwnedIp": "10.9.0.1"}
        self.verdict(estate, {"10.9.0.1": "no", V6: "exact"})
        done = common.sgproof("plan", folder(documents(estate)), "--vantage", "203.0.113.7", "--vantage", "2001:db8::7")
        self.assertEqual((done.returncode, "10.9.0.1" in done.stdout, V6 in done.stdout), (0, False, True), done.stderr)

    def test_a_description_that_anybody_may_write_hides_no_public_interface(self):
        arn = "arn:aws:elasticloadbalancing:eu-west-3:111122223333:loadbalancer/app/int/0123456789abcdef"
        for more in ({"RequesterManaged": False}, {}):
            estate = world(Description="ELB app/int/0123456789abcdef", **more)
            estate["LoadBalancers"] = [{"LoadBalancerArn": arn, "LoadBalancerName": "int", "Type": "application", "Scheme": "internal", "IpAddressType": "ipv4", "VpcId": "vpc-1",
                                        "State": {"Code": "active"}}]
            estate["Listeners"] = []
            self.verdict(estate, REACHED)

    def test_row_01_two_records_that_differ_in_it_are_believed_neither(self):
        estate = world(DenyAllIgwTraffic=True)
        estate["NetworkInterfaces"].append({**estate["NetworkInterfaces"][0], "DenyAllIgwTraffic": False})
        self.verdict(estate, MAYBE, 3, unread="another record")

    def test_row_01_diff_tells_a_flip_with_its_cause(self):
        off, on = folder(documents(world(DenyAllIgwTraffic=False))), folder(documents(world(DenyAllIgwTraffic=True)))
        for before, after, words in ((on, off, "opened"), (off, on, "closed")):
            done = common.sgproof("diff", before, after)
            self.assertIn(words, done.stdout.lower())
            self.assertIn("DenyAllIgwTraffic of eni-1", done.stdout)

    @each([(False, "exact", "absent"), (True, "no", "absent"), ("drop", "possible", "absent")])
    def test_row_02_an_internal_balancer_is_reached_over_ipv6_only_where_its_interface_denies_nothing(self, deny, six, four):
        arn = "arn:aws:elasticloadbalancing:eu-west-3:111122223333:loadbalancer/app/int/0123456789abcdef"
        estate = world(Description="ELB app/int/0123456789abcdef", RequesterManaged=True, DenyAllIgwTraffic=deny)
        del estate["NetworkInterfaces"][0]["PrivateIpAddresses"][0]["Association"]
        if deny == "drop":
            del estate["NetworkInterfaces"][0]["DenyAllIgwTraffic"]
        estate["LoadBalancers"] = [{"LoadBalancerArn": arn, "LoadBalancerName": "int", "Type": "application", "Scheme": "internal",
                                    "VpcId": "vpc-1", "IpAddressType": "dualstack", "SecurityGroups": ["sg-1"]}]
        estate["Listeners"] = [{"LoadBalancerArn": arn, "Port": 443, "Protocol": "HTTPS", "DefaultActions": [{"Type": "fixed-response"}]}]
        untold = {"missing": "ipv6.deny_all_igw_traffic int"} if six == "possible" else {}
        output = self.verdict(estate, {V6: six, V4: four}, 3 if untold else 0, **untold)
        self.assertEqual({x["from_port"] for e in output["endpoints"] for x in e["exposures"]}, {443} if six != "no" else set())
        self.assertEqual("describe-load-balancer-attributes of int" in json.dumps(output["endpoints"]), bool(untold))

    # The interface's own word, the attribute of its load balancer, and what comes in over IPv6 and IPv4.
    @each([("internal", None, "false", "exact", "absent"), ("internal", None, "true", "no", "absent"),
           ("internal", False, "true", "possible", "absent"), ("internal", True, "false", "possible", "absent"),
           ("internal", False, "false", "exact", "absent"), ("internal", True, "true", "no", "absent"),
           ("internet-facing", None, "true", "no", "possible"), ("internet-facing", False, "true", "possible", "possible"),
           ("internet-facing", True, "false", "possible", "possible"), ("internet-facing", True, "true", "no", "possible"),
           ("internet-facing", False, "false", "exact", "exact")])
    def test_row_02_neither_an_interfaces_word_nor_the_attribute_of_its_balancer_is_believed_alone(self, scheme, deny, attribute, six, four):
        arn = "arn:aws:elasticloadbalancing:eu-west-3:111122223333:loadbalancer/app/int/0123456789abcdef"
        estate = world(Description="ELB app/int/0123456789abcdef", RequesterManaged=True)
        if scheme == "internal":
            del estate["NetworkInterfaces"][0]["PrivateIpAddresses"][0]["Association"]
        if deny is not None:
            estate["NetworkInterfaces"][0]["DenyAllIgwTraffic"] = deny
        estate["LoadBalancers"] = [{"LoadBalancerArn": arn, "LoadBalancerName": "int", "Type": "application", "Scheme": scheme,
                                    "VpcId": "vpc-1", "IpAddressType": "dualstack", "SecurityGroups": ["sg-1"]}]
        estate["Listeners"] = [{"LoadBalancerArn": arn, "Port": 443, "Protocol": "HTTPS", "DefaultActions": [{"Type": "fixed-response"}]}]
        read = documents(estate)
        read["describe-load-balancer-attributes.int.0123456789abcdef.json"] = {"Attributes": [
            {"Key": "ipv6.deny_all_igw_traffic", "Value": attribute}]}
        differ = deny is not None and str(deny).lower() != attribute
        output = self.check(folder(read), 3 if differ else 0, {V6: six, V4: four},
                            **({"unread": "DenyAllIgwTraffic ipv6.deny_all_igw_traffic int"} if differ else {}))
        self.assertTrue(output["endpoints"])

    @each((kind, answer) for answer, kinds in KINDS.items() for kind in kinds.split())
    def test_rows_05_06_60_72_every_kind_of_interface_is_decided(self, kind, answer):
        four, six = ("possible", "no") if answer == "private" else (answer, answer)
        says = {} if four != "possible" else {"endpoints": "eni-1 is " + ("a" if answer == "private" else "of type " + kind)}
        self.verdict(unattached(InterfaceType=kind), {V4: four, V6: six}, **says)
        # Whatever groups are on it, or none.
        self.verdict(unattached(InterfaceType=kind, Groups=[]), {V4: four, V6: six}, **says)

    @each([(None, "possible", "no"), (False, "possible", "possible"), (True, "possible", "no")])
    def test_a_public_address_of_a_vpc_endpoint_is_possible_as_transfer_familys_and_named(self, deny, four, six):
        estate = unattached(InterfaceType="vpc_endpoint", **({} if deny is None else {"DenyAllIgwTraffic": deny}))
        output = self.verdict(estate, {V4: four, V6: six}, endpoints="eni-1 is a VPC endpoint: what its public address lets in")
        self.assertEqual(reach(output, V4, 22), "no")  # its groups count
        estate["InternetGateways"][0]["Attachments"] = []
        self.verdict(estate, SHUT)

    @each([("lambda",), ("interface",)])
    def test_an_interface_of_a_type_that_a_documents_vpc_endpoint_has_not_is_possible(self, kind):
        estate = unattached(InterfaceType=kind)
        estate["VpcEndpoints"] = [{"VpcEndpointId": "vpce-1", "VpcEndpointType": "Interface", "VpcId": "vpc-1", "NetworkInterfaceIds": ["eni-1"]}]
        self.contradicted(estate, {V4: "possible"}, kind, "vpce-1")

    @each([(type, says) for type in ("nat_gateway", "lambda", "vpc_endpoint", "transit_gateway") for says in (
        {"Description": "ELB app/front/0123456789abcdef"}, {"RequesterId": "amazon-elb"}, {"Description": "RDSNetworkInterface"},
        *({"Description": "arn:%s:ecs:cn-north-1:111122223333:attachment/0a1b" % partition} for partition in ("aws", "aws-cn", "aws-us-gov")),
        {"Attachment": {"InstanceId": "i-1", "Status": "attached"}})] + [("interface", {"Description": text}) for text in (
            "Interface for NAT Gateway nat-1", "VPC Endpoint Interface vpce-1", "AWS Lambda VPC ENI-f",
            "Network Interface for Transit Gateway Attachment tgw-attach-1")])
    def test_an_interface_whose_own_words_are_not_of_its_type_is_possible_and_named(self, kind, says):
        made = unattached(InterfaceType=kind, RequesterManaged=True, **({"Description": "x"} | says))
        made["LoadBalancers"], made["Listeners"] = [], []
        self.contradicted(made, MAYBE, kind, "neither")

    def contradicted(self, made, answer, kind, word):
        """One that is judged as what takes in most is named where it stands, and costs nothing else: moto prints such."""
        sure = kind == "interface"
        self.verdict(made, answer, 0 if sure else 3, **{"endpoints" if sure else "unread": "eni-1 InterfaceType %s %s" % (kind, word)})

    def test_words_that_fit_a_type_or_that_somebody_wrote_contradict_nothing(self):
        for kind, text, answer in (("nat_gateway", "Interface for NAT Gateway nat-1", "no"), ("lambda", "AWS Lambda VPC ENI-f", "no"), ("lambda", "mine", "no"),
                                   ("interface", "RDSNetworkInterface", "exact"), ("network_load_balancer", "ELB net/x/0123456789abcdef", "exact")):
            self.verdict(unattached(InterfaceType=kind, RequesterManaged=True, Description=text), {V4: answer, V6: answer})
        self.verdict(world(RequesterManaged=False, Description="Interface for NAT Gateway nat-1"), REACHED)

    @each([("evs",), ("a_kind_that_is_new",), ("efa-only",)])
    def test_row_60_where_groups_may_not_apply_none_makes_it_unreachable(self, kind):
        estate = world(InterfaceType=kind)
        estate["SecurityGroups"][0]["IpPermissions"] = []
        self.verdict(estate, MAYBE, endpoints=kind)
        # One of an instance says so as well; and two interfaces with the same groups are told apart.
        estate["Reservations"][0]["Instances"][0]["NetworkInterfaces"] = [{**estate["NetworkInterfaces"].pop(), "NetworkInterfaceId": "eni-n"}]
        del estate["NetworkInterfaces"]
        self.verdict(estate, MAYBE, endpoints=kind)

    def test_row_60_plain_interfaces_with_the_same_groups_are_not_touched_by_it(self):
        estate = world(InterfaceType="evs")
        estate["NetworkInterfaces"].append({**plain()["NetworkInterfaces"][0], "NetworkInterfaceId": "eni-2", "Ipv6Addresses": [
            {"Ipv6Address": "2001:db8:1::5"}], "PrivateIpAddresses": [{"PrivateIpAddress": "10.0.0.5"}]})
        output = self.verdict(estate, {V6: "possible", "2001:db8:1::5": "exact"})
        self.assertEqual(reach(output, "2001:db8:1::5", 22), "no")
        self.assertEqual(reach(output, V6, 22), "possible")

    def test_a_kind_that_is_not_on_the_table_is_possible_and_named(self):
        self.verdict(world(InterfaceType="a_kind_that_is_new"), MAYBE, endpoints="a_kind_that_is_new")

    def test_the_table_the_page_and_botocore_name_the_same_kinds(self):
        table = set(re.findall(r'^    \{"([^"]+)", INTERFACE_', (common.TOP / "src/model/interface_kind.c").read_text(), re.M))
        self.assertEqual(table, {kind for kinds in KINDS.values() for kind in kinds.split()})
        page = (common.TOP / "docs/semantics.md").read_text()
        self.assertEqual({kind for kind in table if "`%s`" % kind not in page}, set())
        found = importlib.util.find_spec("botocore")
        if found is None:
            self.skipTest("botocore is not installed, and could not be")
        [model] = pathlib.Path(found.origin).parent.glob("data/ec2/2016-11-15/service-2.json.gz")
        shapes = json.loads(gzip.decompress(model.read_bytes()))["shapes"]
        self.assertLessEqual(set(shapes["NetworkInterfaceType"]["enum"]), table)

    @each([("associated",), ("attaching",), ("detaching",)])
    def test_row_07_an_interface_in_transition_is_an_endpoint_and_possible(self, status):
        self.verdict(world(Status=status), MAYBE, endpoints=status)

    @each([("CarrierIp", "carrier gateway"), ("CustomerOwnedIp", "local gateway")])
    def test_row_08_carrier_and_customer_owned_addresses_are_endpoints_that_are_possible(self, key, words):
        for also in ({}, {"PublicIp": "198.51.100.9"}):
            estate = world(PrivateIpAddresses=[{"PrivateIpAddress": "10.0.0.4", "Association": {key: V4, **also}}])
            self.verdict(estate, {V4: "possible", V6: "exact", **({"198.51.100.9": "exact"} if also else {})}, endpoints=words)
        # Whatever the internet gateway, its routes and DenyAllIgwTraffic say; but groups and ACL count.
        estate["InternetGateways"], estate["RouteTables"][0]["Routes"] = [], []
        estate["NetworkInterfaces"][0]["DenyAllIgwTraffic"] = True
        output = self.verdict(estate, {V4: "possible", V6: "no"}, endpoints=words)
        self.assertEqual(reach(output, V4, 22), "no")
        estate["NetworkAcls"][0]["Entries"] = [entry(100, True, "allow")]
        self.verdict(estate, {V4: "no"})

    @each([("block-bidirectional", (), "no"), ("block-ingress", (), "no"), ("off", (), "possible"),
           ("block-bidirectional", (("subnet/subnet-1", "bidirectional", "create-complete"),), "possible"),
           ("block-ingress", (("subnet/subnet-1", "egress", "create-complete"),), "no")])
    def test_block_public_access_stops_what_comes_by_a_carrier_gateway(self, mode, exclusions, answer):
        estate = {**world(PrivateIpAddresses=[{"PrivateIpAddress": "10.0.0.4", "Association": {"CarrierIp": V4}}]),
                  **{key: blocked(mode, exclusions)[key] for key in ("VpcBlockPublicAccessOptions", "VpcBlockPublicAccessExclusions")}}
        self.verdict(estate, {V4: answer})

    @each([("CarrierIp",), ("CustomerOwnedIp",)])
    def test_row_08_of_an_instances_own_interfaces_too(self, key):
        estate = world()
        interface = {**estate.pop("NetworkInterfaces")[0], "Association": {key: V4},
                     "PrivateIpAddresses": [{"PrivateIpAddress": "10.0.0.4", "Association": {key: V4}}]}
        estate["Reservations"][0]["Instances"][0]["NetworkInterfaces"] = [interface]
        self.verdict(estate, {V4: "possible", V6: "exact"})

    @each([("PublicIp",), ("CarrierIp",), ("CustomerOwnedIp",)])
    def test_row_69_an_address_in_use_whose_interface_is_not_there_is_missing(self, key):
        estate = world()
        estate["Addresses"] = [{key: "198.51.100.200", "AllocationId": "eipalloc-1", "AssociationId": "eipassoc-1",
                                "NetworkInterfaceId": "eni-x", "NetworkInterfaceOwnerId": "111122223333"}]
        self.verdict(estate, REACHED, 3, missing="198.51.100.200")

    def test_row_59_a_public_address_on_a_secondary_interface_rests_on_an_assumption(self):
        for index, card, words in ((1, 0, True), (0, 0, False), (0, 1, True)):
            output = self.verdict(world(Attachment={"InstanceId": "i-1", "DeviceIndex": index, "NetworkCardIndex": card, "Status": "attached"}), REACHED)
            self.assertEqual(named(output, ["assumptions"], "eni-1 secondary"), words)


class PrivateSpace(Gates):
    @each([("Subnets",), ("Vpcs",)])
    def test_row_04_private_ipv6_space_is_unreachable_with_that_reason(self, kind):
        estate = world()
        estate[kind][0]["Ipv6CidrBlockAssociationSet"] = advertised()
        self.verdict(estate, {V4: "exact", V6: "no"})
        self.assertIn("private IPv6 space", self.why(estate, V6))
        estate["NetworkInterfaces"][0]["Ipv6Prefixes"] = [{"Ipv6Prefix": "2001:db8:1:0:8000::/80"}]
        self.verdict(estate, {"2001:db8:1:0:8000::/80": "no"}, explain=False)

    @each([("private", None, "associated", "no"), (None, "none", "associated", "possible"), ("public", "amazon", "associated", "exact"),
           ("public", None, "associated", "exact"), (None, "byoip", "associated", "exact"), (None, None, "associated", "exact"),
           ("public", "none", "associated", "possible"), ("private", "amazon", "associated", "no"),
           ("new-word", None, "associated", "possible"), (None, "new-word", "associated", "possible"),
           ("private", "none", "associating", "possible"), ("private", "none", "disassociated", "exact")])
    def test_row_04_what_says_so_and_what_does_not(self, attribute, source, state, answer):
        estate = world()
        estate["Subnets"][0]["Ipv6CidrBlockAssociationSet"] = advertised(attribute, source, state)
        self.verdict(estate, {V4: "exact", V6: answer})

    def test_row_04_a_subnet_decides_before_its_vpc_and_other_blocks_do_not_count(self):
        estate = world()
        estate["Vpcs"][0]["Ipv6CidrBlockAssociationSet"] = advertised(cidr="2001:db8:1::/56")
        estate["Subnets"][0]["Ipv6CidrBlockAssociationSet"] = advertised("public", "byoip")
        self.verdict(estate, REACHED)
        estate = world()
        estate["Subnets"][0]["Ipv6CidrBlockAssociationSet"] = advertised(cidr="2001:db8:2::/64") + advertised("public", "amazon")
        self.verdict(estate, REACHED)


class Bridges(Gates):
    """What brings the internet in without a public address: possible, with the service named."""
    def possible(self, estate, words, family="ipv4"):
        output = self.compute(folder(documents(estate)))
        found = [(i["eni_id"], x["from_port"], x["certainty"]) for i in output["indirect"] if i["family"] == family
                 for x in i["exposures"] if x["protocol"] == "tcp" and words in json.dumps(x["via"])]
        self.assertTrue(named(output, ["not_covered"], "eni-s " + words) or words == "", output["not_covered"])
        return found

    def test_row_32_an_accelerator_reaches_what_its_subnet_holds(self):
        estate = service(hidden(), "global_accelerator_managed", ["sg-1"])
        self.assertEqual(self.possible(estate, "Global Accelerator"), [("eni-1", 443, "possible")])
        self.assertEqual(self.possible(estate, "Global Accelerator", "ipv6"), [("eni-1", 443, "possible")])
        for entries in ([], [entry(100, False, "deny")]):  # network ACLs do not count
            estate["NetworkAcls"][0]["Entries"] = entries
            self.assertEqual(self.possible(estate, "Global Accelerator"), [("eni-1", 443, "possible")])
        estate["NetworkInterfaces"][1]["SubnetId"] = "subnet-2"
        self.assertEqual(self.possible(estate, "Global Accelerator"), [])

    def test_row_32_an_accelerator_reaches_an_internal_balancer_and_what_is_behind_it(self):
        arn = "arn:aws:elasticloadbalancing:eu-west-3:111122223333:loadbalancer/net/int/0123456789abcdef"
        group = "arn:aws:elasticloadbalancing:eu-west-3:111122223333:targetgroup/tg/0123456789abcdef"
        estate = service(hidden(), "global_accelerator_managed", ["sg-1"])
        estate["NetworkInterfaces"].append({**hidden()["NetworkInterfaces"][0], "NetworkInterfaceId": "eni-b", "Attachment": {},
                                            "Description": "ELB net/int/0123456789abcdef", "RequesterManaged": True,
                                            "PrivateIpAddresses": [{"PrivateIpAddress": "10.0.0.50", "Primary": True}]})
        estate["NetworkInterfaces"][0]["Groups"] = [{"GroupId": "sg-2"}]
        estate["SecurityGroups"].append({"GroupId": "sg-2", "GroupName": "t", "VpcId": "vpc-1",
                                         "IpPermissions": [permission("tcp", (8080, 8080), ["10.0.0.0/24"])]})
        estate["LoadBalancers"] = [{"LoadBalancerArn": arn, "LoadBalancerName": "int", "Type": "network", "Scheme": "internal", "VpcId": "vpc-1"}]
        estate["Listeners"] = [{"LoadBalancerArn": arn, "Port": 443, "Protocol": "TCP", "DefaultActions": [
            {"Type": "forward", "TargetGroupArn": group}]}]
        estate["TargetGroups"] = [{"TargetGroupArn": group, "TargetGroupName": "tg", "TargetType": "ip", "Protocol": "TCP", "Port": 8080,
                                   "VpcId": "vpc-1", "LoadBalancerArns": [arn]}]
        estate["TargetHealthDescriptions"] = [{"Target": {"Id": "10.0.0.4", "Port": 8080}, "TargetHealth": {"State": "healthy"}}]
        files = documents(estate)
        files["describe-target-health.tg.0123456789abcdef.json"] = files.pop("TargetHealthDescriptions.json")
        output = self.compute(folder(files))
        told = {(i["eni_id"], x["from_port"], x["certainty"]) for i in output["indirect"] for x in i["exposures"] if x["protocol"] == "tcp"}
        self.assertEqual(told, {("eni-1", 8080, "possible"), ("eni-b", 443, "possible")})

    @each([("group",), ("tag",), ("description",), ("group-only",), ("cidr",), ("list",)])
    def test_row_33_a_cloudfront_vpc_origin_reaches_what_admits_it(self, mark):
        estate = hidden()
        name = "CloudFront-VPCOrigins-Service-SG" if mark.startswith("group") else "cf"
        estate["SecurityGroups"].append({"GroupId": "sg-cf", "GroupName": name, "VpcId": "vpc-1", "IpPermissions": []})
        rule = permission("tcp", (80, 80), ["10.0.0.96/28"] if mark == "cidr" else [], lists=["pl-cf"] if mark == "list" else [])
        rule["UserIdGroupPairs"] = [] if mark in ("cidr", "list") else [{"GroupId": "sg-cf"}]
        estate["SecurityGroups"][0]["IpPermissions"] = [rule, permission("tcp", (22, 22), ["192.168.0.0/16"])]
        estate["PrefixLists"] = [{"PrefixListId": "pl-cf", "PrefixListName": "com.amazonaws.global.cloudfront.origin-facing",
                                  "Cidrs": ["203.0.113.0/24"]}]
        if mark != "group-only":
            service(estate, groups=["sg-cf"], Description="" if mark in ("group", "tag") else "CloudFront VPC origin",
                    TagSet=[{"Key": "aws.cloudfront.vpcorigin", "Value": "enabled"}] if mark == "tag" else [])
        read = folder(documents(estate))
        output = self.compute(read)
        found = {(i["eni_id"], x["from_port"], x["certainty"], i["family"]) for i in output["indirect"] for x in i["exposures"]}
        self.assertEqual(found, {("eni-1", 80, "possible", "ipv4"), ("eni-1", 80, "possible", "ipv6")})
        self.assertTrue(named(output, ["indirect"], "CloudFront") and named(output, ["not_covered"], "CloudFront"))

    def test_rows_32_33_an_api_gateway_vpc_link_is_one_and_others_without_services_are_not(self):
        estate = service(hidden(), "api_gateway_managed", ["sg-1"])
        self.assertEqual(self.possible(estate, "API Gateway VPC link"), [("eni-1", 443, "possible")])
        estate = service(hidden(), "ec2_instance_connect_endpoint", ["sg-1"])
        self.assertEqual(self.possible(estate, "EC2 Instance Connect Endpoint"), [])
        output = self.compute(folder(documents(service(hidden(), "lambda", ["sg-1"]))))
        self.assertEqual((output["indirect"], common.not_covered(output)), ([], []))

    def test_rows_32_33_block_public_access_and_a_vpc_without_a_gateway_stop_them(self):
        for change in ({"InternetGateways": [{"InternetGatewayId": "igw-1", "Attachments": []}]}, {key: blocked()[key] for key in blocked() if key.startswith("VpcBlock")}):
            estate = {**service(hidden(), "global_accelerator_managed", ["sg-1"]), **change}
            self.assertEqual(self.possible(estate, "Global Accelerator"), [])


class BlockPublicAccess(Gates):
    @each([("owner", "no"), ("participant", "possible")])
    def test_row_14_in_a_shared_vpc_the_mode_is_that_of_whom_the_subnet_belongs_to(self, whose, answer):
        estate = blocked("block-ingress")
        estate["NetworkInterfaces"][0]["OwnerId"] = "444455556666"
        files = documents(estate, "111122223333/eu-west-3/")
        if whose == "participant":
            options = files.pop("111122223333/eu-west-3/VpcBlockPublicAccessOptions.json")
            options["VpcBlockPublicAccessOptions"]["AwsAccountId"] = "444455556666"
            files["444455556666/eu-west-3/VpcBlockPublicAccessOptions.json"] = options
        read = folder(files)
        self.check(read, 3 if whose == "participant" else 0, {V4: answer, V6: answer})

    def test_row_16_interfaces_of_instances_have_no_zone_and_are_blocked_all_the_same(self):
        estate = blocked()
        nested = estate.pop("NetworkInterfaces")[0]
        del nested["AvailabilityZone"]
        estate["Reservations"][0]["Instances"][0]["NetworkInterfaces"] = [nested]
        self.verdict(estate, SHUT)

    def test_row_16_a_region_that_cannot_be_told_is_possible(self):
        estate = blocked()
        for record in (estate["Subnets"][0], estate["NetworkInterfaces"][0]):
            del record["AvailabilityZone"]
        other = {"VpcBlockPublicAccessOptions": {**estate["VpcBlockPublicAccessOptions"], "AwsRegion": "us-east-1",
                                                 "InternetGatewayBlockMode": "off"}}
        self.check(folder({**documents(estate), "other.json": other}), 3, MAYBE, missing="VpcBlockPublicAccessOptions")

    @each([("Subnets", "block-bidirectional", "no"), ("Subnets", "block-ingress", "no"), ("Subnets", "off", "exact"),
           ("Subnets", "new-word", "possible"), ("Vpcs", "new-word", "possible"), ("Vpcs", "off", "exact"), ("Vpcs", "block-ingress", "no")])
    def test_row_17_what_a_subnet_or_its_vpc_says_of_itself_decides(self, kind, mode, answer):
        estate = world()
        estate[kind][0]["BlockPublicAccessStates"] = {"InternetGatewayBlockMode": mode}
        estate["VpcBlockPublicAccessExclusions"] = []
        self.verdict(estate, {V4: answer, V6: answer})

    def test_row_17_a_vpc_that_is_blocked_may_have_excluded_subnets(self):
        estate = world()
        estate["Vpcs"][0]["BlockPublicAccessStates"] = {"InternetGatewayBlockMode": "block-bidirectional"}
        self.verdict(estate, MAYBE, 3, missing="VpcBlockPublicAccessExclusions")
        estate["VpcBlockPublicAccessExclusions"] = blocked(exclusions=[
            (SUBNET, "bidirectional", "create-complete")])["VpcBlockPublicAccessExclusions"]
        self.verdict(estate, REACHED)

    @each((kind, mode, exclusion) for kind, exclusion in (("Subnets", SUBNET), ("Subnets", VPC), ("Vpcs", VPC)) for mode in ("block-bidirectional", "block-ingress"))
    def test_row_17_whether_a_mode_that_a_place_says_counts_its_exclusion_is_not_told(self, kind, mode, exclusion):
        estate = blocked(exclusions=[(exclusion, "bidirectional", "create-complete")])
        estate[kind][0]["BlockPublicAccessStates"] = {"InternetGatewayBlockMode": mode}
        self.verdict(estate, MAYBE, endpoints="is said to be blocked and to be excluded")
        for one in estate["VpcBlockPublicAccessExclusions"]:
            one["InternetGatewayExclusionMode"] = "allow-egress"
        self.verdict(estate, SHUT)
        del estate["VpcBlockPublicAccessExclusions"]
        if kind == "Vpcs":  # a subnet's own word decides where no exclusion is told
            self.verdict(estate, MAYBE, 3, missing="VpcBlockPublicAccessExclusions")
        else:
            self.verdict(estate, SHUT)

    @each((kind, said, region) for kind in ("Subnets", "Vpcs") for said, region in (("off", "block-bidirectional"), ("off", "block-ingress"), ("block-bidirectional", "off"), ("block-ingress", "off")))
    def test_row_17_a_mode_that_contradicts_the_regions_is_not_believed_alone(self, kind, said, region):
        estate = blocked(region)
        estate[kind][0]["BlockPublicAccessStates"] = {"InternetGatewayBlockMode": said}
        self.verdict(estate, MAYBE, 3, missing="-1, which says %s: eu-west-3 says %s" % (said, region))
        if said == "off":
            estate["VpcBlockPublicAccessExclusions"] = blocked(exclusions=[(SUBNET, "bidirectional", "create-complete")])["VpcBlockPublicAccessExclusions"]
            self.verdict(estate, REACHED)

    def test_row_17_a_vpc_that_is_excluded_may_hold_a_subnet_that_is_less_so(self):
        estate = blocked(exclusions=[(SUBNET, "egress", "create-complete")])
        estate["Vpcs"][0]["BlockPublicAccessStates"] = {"InternetGatewayBlockMode": "off"}
        self.verdict(estate, MAYBE)

    @each([("eu-west-1", "111122223333"), ("eu-west-3", "444455556666")])
    def test_row_18_what_tells_of_another_region_or_account_knows_nothing_of_this_one(self, region, account):
        for mode in ("off", "block-ingress"):
            estate = blocked(mode, AwsRegion=region, AwsAccountId=account)
            output = self.verdict(estate, MAYBE, 3, missing="VpcBlockPublicAccessOptions 111122223333 eu-west-3")
            self.assertFalse(named(output, ["assumptions"], "VpcBlockPublicAccessOptions"))
        output = self.verdict(world(), REACHED)
        self.assertTrue(named(output, ["assumptions"], "VpcBlockPublicAccessOptions off"))

    @each([("create-complete", "exact"), ("update-complete", "exact"), ("delete-complete", "no"), ("disable-complete", "no"),
           *((state, "possible") for state in ("create-in-progress", "create-failed", "update-in-progress", "update-failed",
                                               "delete-in-progress", "disable-in-progress", "a-new-word"))])
    def test_row_11_an_exclusion_in_each_of_its_states(self, state, answer):
        for what in (SUBNET, VPC):
            self.verdict(blocked(exclusions=[(what, "bidirectional", state)]), {V4: answer, V6: answer})

    @each([("update-in-progress", "possible"), ("a-new-word", "possible"), ("update-complete", "no"), ("default-state", "no")])
    def test_row_11_the_mode_in_each_of_its_states(self, state, answer):
        self.verdict(blocked(State=state), {V4: answer, V6: answer})

    @each([("not-allowed", "possible"), ("allowed", "exact"), ("a-new-word", "possible")])
    def test_row_12_an_exclusion_counts_for_sure_only_where_exclusions_are_allowed(self, word, answer):
        for what in (SUBNET, VPC):
            self.verdict(blocked(exclusions=[(what, "bidirectional", "create-complete")], ExclusionsAllowed=word), {V4: answer, V6: answer})
        self.verdict(blocked(ExclusionsAllowed=word), SHUT)

    @each([("egress", "bidirectional", "possible"), ("bidirectional", "egress", "possible"), ("egress", "egress", "no"),
           ("bidirectional", "bidirectional", "exact")])
    def test_row_19_exclusions_of_subnet_and_vpc_that_differ_are_possible(self, subnet, vpc, answer):
        for mode in ("block-bidirectional", "block-ingress"):
            self.verdict(blocked(mode, [(SUBNET, subnet, "create-complete"), (VPC, vpc, "create-complete")]), {V4: answer, V6: answer})

    @each([("AvailabilityZone", "eu-west-3-bos-1a", "possible"), ("AvailabilityZoneId", "euw3-bos1-az1", "possible"),
           ("AvailabilityZone", "eu-west-3-wl1-cmn-wlz-1", "possible"), ("AvailabilityZone", "eu-west-3b", "no"),
           ("AvailabilityZoneId", "euw3-az2", "no")])
    def test_row_92_block_ingress_in_a_local_zone_is_possible(self, key, zone, answer):
        for kind in ("Subnets", "NetworkInterfaces"):
            estate = blocked("block-ingress")
            estate[kind][0][key] = zone
            self.verdict(estate, {V4: answer, V6: answer})
            estate["Subnets"][0]["BlockPublicAccessStates"] = {"InternetGatewayBlockMode": "block-ingress"}
            self.verdict(estate, {V4: answer, V6: answer})
            del estate["Subnets"][0]["BlockPublicAccessStates"]
            estate["VpcBlockPublicAccessOptions"]["InternetGatewayBlockMode"] = "block-bidirectional"
            self.verdict(estate, SHUT)


class Routes(Gates):
    def with_routes(self, *routes):
        estate = world()
        estate["RouteTables"][0]["Routes"] += [{"State": "active", **r} for r in routes]
        return estate

    @each([("filtered", "possible"), ("a-new-word", "possible"), ("blackhole", "no"), ("active", "exact")])
    def test_row_52_the_states_of_a_route(self, state, answer):
        estate = world()
        for route in estate["RouteTables"][0]["Routes"][1:]:
            route["State"] = state
        self.verdict(estate, {V4: answer, V6: answer}, explain=answer != "no")

    @each((origin, target) for origin in ("Advertisement", "EnableVgwRoutePropagation") for target in
          ({"NetworkInterfaceId": "eni-a"}, {"GatewayId": "vgw-1"}, {"GatewayId": "aaa"}, {"IpAddress": "10.0.0.7"}))
    def test_row_53_a_static_route_comes_before_an_advertised_or_propagated_one(self, origin, target):
        self.verdict(self.with_routes(*({key: cidr, "Origin": origin, **target} for key, cidr in (
            ("DestinationCidrBlock", "0.0.0.0/0"), ("DestinationIpv6CidrBlock", "::/0")))), REACHED)

    def test_row_53_a_longer_advertised_route_counts_and_a_prefix_list_comes_before_it(self):
        longer = self.with_routes({"DestinationCidrBlock": "8.0.0.0/8", "Origin": "Advertisement", "NetworkInterfaceId": "eni-a"})
        self.verdict(longer, {V4: "exact+possible", V6: "exact"})
        listed = self.with_routes({"DestinationCidrBlock": "8.0.0.0/8", "Origin": "Advertisement", "GatewayId": "vgw-1"},
                                  {"DestinationPrefixListId": "pl-1", "GatewayId": "igw-1"})
        listed["PrefixLists"] = [{"PrefixListId": "pl-1", "PrefixListName": "x", "Cidrs": ["8.0.0.0/8"]}]
        self.verdict(listed, REACHED)

    @each([({"GatewayId": "vgw-1"}, {"NetworkInterfaceId": "eni-a"}, "possible"), ({"GatewayId": "vgw-1"}, {"GatewayId": "igw-1"}, "possible"),
           ({"GatewayId": "vgw-1"}, {"GatewayId": "vgw-2"}, "no")])
    def test_row_53_of_two_propagated_routes_to_one_destination_either_may_hold(self, one, other, answer):
        for pair in ((one, other), (other, one)):
            estate = self.with_routes(*({"DestinationCidrBlock": "8.0.0.0/8", "Origin": "Advertisement", **target} for target in pair))
            output = self.compute(folder(documents(estate)))
            done = common.sgproof("compute", folder(documents(estate)), "--vantage", "8.8.8.8", "--format", "json")
            self.assertEqual(reach(json.loads(done.stdout), V4), answer, output)

    def test_row_53_of_two_prefix_lists_with_one_destination_either_may_hold(self):
        estate = self.with_routes({"DestinationPrefixListId": "pl-1", "GatewayId": "igw-1"}, {"DestinationPrefixListId": "pl-2", "NatGatewayId": "nat-1"})
        estate["PrefixLists"] = [{"PrefixListId": "pl-%d" % i, "PrefixListName": "x", "Cidrs": ["8.0.0.0/8"]} for i in (1, 2)]
        done = common.sgproof("compute", folder(documents(estate)), "--vantage", "8.8.8.8", "--format", "json")
        self.assertEqual(reach(json.loads(done.stdout), V4), "possible")

    def test_row_53_an_origin_that_is_new_is_possible(self):
        estate = world()
        for route in estate["RouteTables"][0]["Routes"][1:]:
            route["Origin"] = "a-new-origin"
        self.verdict(estate, MAYBE, endpoints="a-new-origin")


class Associations(Gates):
    @each([("associated", "no"), ("disassociated", "exact"), ("failed", "possible"), ("associating", "possible"), ("disassociating", "possible"),
           ("failing", "possible"), ("a-new-word", "possible")])
    def test_a_route_tables_association_in_each_of_its_states(self, state, answer):
        estate = world()
        estate["RouteTables"].append({"RouteTableId": "rtb-2", "VpcId": "vpc-1", "Routes": [], "Associations": [
            {"Main": False, "SubnetId": "subnet-1", "AssociationState": {"State": state}}]})
        self.verdict(estate, {V4: answer, V6: answer}, 3 if answer == "possible" else 0, explain=answer != "no",
                     **({"missing": state} if answer == "possible" else {}))


class Participants(Gates):
    EMPTY = {"InternetGateways": [], "RouteTables": [], "NetworkAcls": []}

    def test_rows_74_75_what_a_participant_sees_of_a_shared_vpc_is_no_absence(self):
        estate = world(OwnerId="444455556666")
        estate["SecurityGroups"][0]["OwnerId"] = "444455556666"
        for empty in (self.EMPTY, {"InternetGateways": [], "NetworkAcls": []}, {"InternetGateways": []}, {"InternetGateways": [], "RouteTables": []}):
            files = documents({**estate, **empty}, "444455556666/eu-west-3/")
            self.check(folder(files), 3, MAYBE)

    def test_row_75_a_vpc_without_any_route_table_is_not_seen_by_its_owner(self):
        self.verdict({**world(), **self.EMPTY}, MAYBE, 3, missing="route tables vpc-1")
        for where in ("", "111122223333/eu-west-3/"):
            self.check(folder(documents({**plain(), **self.EMPTY}, where)), 3, MAYBE)
        estate = {**world(), "InternetGateways": []}
        estate["RouteTables"][0]["Routes"] = estate["RouteTables"][0]["Routes"][:1]
        self.verdict(estate, SHUT)

    @each([({}, REACHED), ({"Mode": "monitor", "State": "available"}, REACHED), ({"Mode": "monitor", "State": "monitor-failed"}, REACHED), ({"Mode": "enforce", "State": "deleted"}, REACHED),
           ({"Mode": "enforce", "State": "available", "excluded": "enabled"}, REACHED), ({"Mode": "enforce", "State": "available", "excluded": "disabled"}, MAYBE),
           ({"Mode": "enforce", "State": "available", "excluded": "enabling"}, MAYBE), ({"Mode": "enforce", "State": "available", "excluded": "a-new-word"}, MAYBE),
           ({"Mode": "enforce", "State": "available"}, MAYBE), ({"Mode": "enforce", "State": "deleting"}, MAYBE), ({"Mode": "monitor", "State": "enforce-in-progress"}, MAYBE),
           ({"Mode": "a-new-word", "State": "available"}, MAYBE), ({"State": "creating"}, MAYBE)])
    def test_what_vpc_encryption_control_may_drop_is_possible(self, control, answer):
        estate = world()
        excluded = control.get("excluded")
        told = {"VpcEncryptionControlId": "vpcec-1", **{key: value for key, value in control.items() if key != "excluded"}}
        if excluded:
            told["ResourceExclusions"] = {"InternetGateway": {"State": excluded}, "NatGateway": {"State": "enabled"}}
        estate["Vpcs"][0]["EncryptionControl"] = told
        self.verdict(estate, answer)
        if answer == MAYBE:
            self.check(folder(documents(estate)), 0, MAYBE, endpoints="VPC Encryption Control of vpc-1")


if __name__ == "__main__":
    unittest.main()
