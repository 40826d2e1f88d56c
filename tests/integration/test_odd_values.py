"""Values that AWS never prints: a record that has one is not understood, and what rests on it is possible."""
import json
import os
import sys
import unittest

sys.path[:0] = [os.path.join(os.path.dirname(__file__), ".."), os.path.dirname(__file__)]
import common
from test_balancer_targets import classic, two_listeners
from test_constructs_gates import world
from test_load_balancers import balanced
from test_snapshots import entry, plain
from test_world import MAYBE, REACHED, V4, V6, Case, documents, each, folder, reach


class OddValues(Case):
    def test_an_interface_without_a_status_may_be_attached_or_not(self):
        made = world()
        del made["NetworkInterfaces"][0]["Status"]
        self.check(folder(documents(made)), 3, MAYBE, unread="Status missing")

    @each([(True, MAYBE), (False, REACHED), (None, REACHED)])
    def test_of_what_aws_made_a_type_that_is_not_told_is_not_the_ordinary_one(self, managed, answers):
        made = world(**({} if managed is None else {"RequesterManaged": managed}))
        del made["NetworkInterfaces"][0]["InterfaceType"]
        self.check(folder(documents(made)), 0, answers)

    @each([(number, answer) for number, answer in ((1, REACHED), (32766, REACHED), (32767, REACHED), (32768, REACHED), (0, MAYBE), (-1, MAYBE), (32769, MAYBE), (2**31 - 1, MAYBE))])
    def test_an_acl_entry_has_a_number_from_1_to_32768(self, number, answers):
        made = world()
        made["NetworkAcls"][0]["Entries"] = [entry(number if n == 0 else 200 + n, *rest) for n, rest in enumerate(((False, "allow"), (True, "allow")))] + [
            entry(300 + n, e, "allow", cidr="::/0") for n, e in enumerate((False, True))]
        self.check(folder(documents(made)), 3 if answers is MAYBE else 0, answers)

    @each([("NetworkAcls", "Entries", {"Ipv6CidrBlock": "::/0"}), ("RouteTables", "Routes", {"DestinationIpv6CidrBlock": "::/0"}),
           ("RouteTables", "Routes", {"DestinationPrefixListId": "pl-1"})])
    def test_an_entry_or_a_route_of_two_cidrs(self, kind, key, more):
        made = world()
        made[kind][0][key][0].update(more)
        self.check(folder(documents(made)), 3, {V4: "possible"})

    @each([("NatGatewayId", "nat-1"), ("TransitGatewayId", "tgw-1"), ("VpcPeeringConnectionId", "pcx-1"), ("EgressOnlyInternetGatewayId", "eigw-1"), ("LocalGatewayId", "lgw-1"),
           ("CarrierGatewayId", "cagw-1"), ("CoreNetworkArn", "arn:aws:networkmanager::1:core-network/c"), ("NetworkInterfaceId", "eni-9"), ("VpcEndpointId", "vpce-1")])
    def test_a_route_of_two_targets_leads_to_either(self, key, target):
        made = world()
        for route in made["RouteTables"][0]["Routes"]:
            if route.get("GatewayId", "").startswith("igw-"):
                route[key] = target
        self.check(folder(documents(made)), 0, MAYBE)

    @each([("nat_gateway",), ("vpc_endpoint",), ("global_accelerator_managed",)])
    def test_an_interface_that_its_instance_tells_to_be_of_another_type(self, kind):
        made = world(Attachment={"InstanceId": "i-1", "Status": "attached", "DeviceIndex": 0})
        nested = json.loads(json.dumps(made["NetworkInterfaces"][0]))
        nested["Groups"] = [{"GroupId": g["GroupId"]} for g in nested["Groups"]]
        made["Reservations"][0]["Instances"][0]["NetworkInterfaces"] = [nested]
        self.check(folder(documents(made)), 0, REACHED)
        made["NetworkInterfaces"][0]["InterfaceType"] = kind
        self.check(folder(documents(made)), 3, MAYBE)

    @each([("network", "Listeners"), ("application", "Listeners"), ("network", "TargetGroups")])
    def test_nothing_listens_on_port_0(self, kind, key):
        made = balanced(kind, protocol="TCP" if kind == "network" else "HTTP")
        made[key][0]["Port"] = 0
        output = self.compute(folder(documents(made)))
        self.assertTrue(output["unread"])
        self.assertEqual({x["certainty"] for i in output["indirect"] for x in i["exposures"]} - {"possible"}, set())

    def test_a_listener_of_a_classic_load_balancer_on_port_0(self):
        made = classic()
        made["LoadBalancerDescriptions"][0]["ListenerDescriptions"][0]["Listener"]["LoadBalancerPort"] = 0
        self.assertTrue(self.compute(folder(documents(made)))["unread"])

    @each([(kind, word) for kind, words in (("application", "TCP TLS UDP TCP_UDP QUIC TCP_QUIC GENEVE SSL"), ("network", "HTTP HTTPS GENEVE SSL")) for word in words.split()])
    def test_a_listener_of_a_protocol_that_no_load_balancer_of_its_type_has(self, kind, word):
        made = balanced(kind, protocol="TCP" if kind == "network" else "HTTP")
        made["Listeners"][0]["Protocol"] = word
        output = self.compute(folder(documents(made)))
        self.assertTrue([one for one in output["unread"] if "front has a listener of " + word in one["why"]], output["unread"])
        self.assertEqual({x["certainty"] for e in output["endpoints"] for x in e["exposures"]}, {"possible"})

    @each([([],), (["8.8.8.0/33"],), ([7],)])
    def test_a_source_condition_without_a_cidr_may_take_anybody(self, values):
        made = two_listeners()
        listener = made["Listeners"][0]
        group = made["TargetGroups"][0]["TargetGroupArn"]
        of = listener["ListenerArn"].replace(":listener/", ":listener-rule/")
        made["Rules"] = [{"RuleArn": of + "/1", "Priority": "1", "IsDefault": False, "Actions": [{"Type": "forward", "TargetGroupArn": group}],
                          "Conditions": [{"Field": "source-ip", "SourceIpConfig": {"Values": values}}]}]
        listener["DefaultActions"] = [{"Type": "fixed-response"}]
        made["Listeners"] = [listener]
        output = self.compute(folder(documents(made)))
        self.assertTrue(output["unread"])
        self.assertEqual({x["certainty"] for i in output["indirect"] for x in i["exposures"]}, {"possible"}, output["indirect"])

    @each([("VerifiedAccessEndpoints", "VerifiedAccessEndpointId", "vae-1", "Verified Access endpoint"), ("ClientVpnEndpoints", "ClientVpnEndpointId", "cvpn-1", "Client VPN endpoint")])
    def test_public_places_of_verified_access_and_client_vpn_are_counted(self, key, name, id, what):
        for code, count in (("active", 1), (None, 1), ("deleted", 0)):
            output = self.compute(folder({**documents(plain()), "v.json": {key: [{name: id, **({"Status": {"Code": code}} if code else {})}]}}))
            self.assertEqual([line for line in common.not_covered(output) if what in line], ["1 × %s (public, no interface): %s" % (what, id)] * count)
            self.assertEqual(reach(output, V4), "exact")

    @each([(kind, empty_first) for kind in ("SecurityGroups", "NetworkAcls", "NetworkInterfaces", "RouteTables") for empty_first in (True, False)])
    def test_a_list_that_stands_twice_in_its_document_is_not_whole(self, kind, empty_first):
        """Readers differ in which of the two counts: what comes of it is told as incomplete."""
        files = documents(world())
        whole, = [name for name in files if name.startswith(kind + ".")]
        first, second = ("[]", json.dumps(files[whole][kind]))[::1 if empty_first else -1]
        files[whole] = '{"%s": %s, "%s": %s}' % (kind, first, kind, second)
        self.check(folder(files), 3, {}, unread="stands twice in its document")


if __name__ == "__main__":
    unittest.main()
