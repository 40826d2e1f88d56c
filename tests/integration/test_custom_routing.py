"""Custom routing accelerators: their endpoints are subnets, and what is not allowed is denied."""
import json
import os
import sys
import unittest

sys.path[:0] = [os.path.dirname(__file__), os.path.join(os.path.dirname(__file__), "..")]
import common
from test_told_bridges import ANY, ARN, GROUP, LISTENER, Told, accelerator, estate, without_service
from test_world import each, named

LISTS = "list-custom-routing-accelerators.json", "list-custom-routing-listeners.0a1b-shop.json", "list-custom-routing-endpoint-groups.11aa.json"


def custom(subnet="subnet-1", ports=(443, 443), protocols=("TCP",), **more):
    accelerators, listeners, groups = LISTS
    return {accelerators: {"Accelerators": [{"AcceleratorArn": ARN, "Name": "shop", "Enabled": True, "Status": "DEPLOYED", "IpAddressType": "IPV4",
                                             "DnsName": "a1.awsglobalaccelerator.com", **more}]},
            listeners: {"Listeners": [{"ListenerArn": LISTENER, "PortRanges": [{"FromPort": 5000, "ToPort": 10000}]}]},
            groups: {"EndpointGroups": [{"EndpointGroupArn": GROUP, "EndpointGroupRegion": "eu-west-3",
                                         "DestinationDescriptions": [{"FromPort": ports[0], "ToPort": ports[1], "Protocols": list(protocols)}],
                                         "EndpointDescriptions": [{"EndpointId": subnet}]}]}}


BOTH = {(eni, "4", "tcp", 443, 443, "possible") for eni in ("eni-1", "eni-2")}


class CustomRouting(Told):
    def test_its_documents_tell_subnets_and_ports_and_what_is_allowed_is_possible(self):
        self.assertEqual(self.outcome(estate(), {"a.json": {"Accelerators": []}, **custom()}), BOTH)
        self.assertTrue(named(self.output, ["indirect"], "custom routing accelerator shop, 443/TCP"))
        self.assertTrue(named(self.output, ["indirect"], "globalaccelerator list-custom-routing-port-mappings of shop"))
        self.assertFalse(self.output["missing"] + self.output["unread"])
        self.assertFalse(named(self.output, ["not_covered"], "eni-s"))

    def test_without_its_interface_in_the_snapshot_too_and_nothing_is_missing_for_good(self):
        self.assertEqual(self.outcome(without_service(estate()), {"a.json": {"Accelerators": []}, **custom()}), BOTH)
        self.assertFalse(self.output["missing"])

    @each([((443, 443), ("UDP",), set()), ((443, 443), ("TCP", "UDP"), {("tcp", 443)}), ((1, 65535), ("TCP",), {("tcp", 22), ("tcp", 443)}),
           ((80, 80), ("TCP",), set()), ((443, 443), ("SCTP",), {("tcp", 443)})])
    def test_its_destinations_ports_and_protocols(self, ports, protocols, reached):
        found = self.outcome(estate(), {"a.json": {"Accelerators": []}, **custom(ports=ports, protocols=protocols)})
        self.assertEqual({(f[2], f[3]) for f in found}, reached)

    def test_one_that_is_disabled_brings_nothing(self):
        self.assertEqual(self.outcome(estate(), {"a.json": {"Accelerators": []}, **custom(Enabled=False)}), set())

    def test_a_subnet_that_is_not_there_is_missing(self):
        self.outcome(estate(), {"a.json": {"Accelerators": []}, **custom("subnet-9")})
        self.assertTrue(named(self.output, ["missing"], "the interface of endpoint subnet-9 of accelerator shop"))

    @each([(name,) for name in LISTS[1:]])
    def test_law_of_starvation_without_one_of_its_documents_all_is_possible_again(self, gone):
        files = {"a.json": {"Accelerators": []}, **custom()}
        del files[gone]
        self.assertEqual(self.outcome(estate(), files), ANY)
        self.outcome(without_service(estate()), files)
        self.assertTrue(named(self.output, ["missing"], "what accelerator shop brings clients to"))

    def test_a_page_that_is_missing_is_not_taken_for_the_whole(self):
        for name in LISTS:
            files = {"a.json": {"Accelerators": []}, **custom()}
            files[name]["NextToken"] = "x"
            self.assertEqual(self.outcome(estate(), files), ANY, name)

    @each([("DestinationDescriptions", None), ("DestinationDescriptions", [{"FromPort": 443, "ToPort": 1, "Protocols": ["TCP"]}]),
           ("DestinationDescriptions", [{"FromPort": 443, "ToPort": 443}]), ("EndpointDescriptions", [{}])])
    def test_a_record_that_is_not_understood_decides_nothing(self, key, value):
        files = {"a.json": {"Accelerators": []}, **custom()}
        files[LISTS[2]]["EndpointGroups"][0][key] = value
        self.assertEqual(self.outcome(estate(), files), ANY)
        self.assertTrue(self.output["unread"])

    def test_beside_a_standard_one_each_brings_its_own(self):
        files = {**accelerator("i-2", (22, 22)), **{name: value for name, value in custom().items()}}
        for name in LISTS:  # another accelerator than that
            files[name] = json.loads(json.dumps(files[name]).replace(ARN, ARN + "2"))
        self.assertEqual(self.outcome(estate(), files), BOTH | {("eni-2", "4", "tcp", 22, 22, "exact")})


if __name__ == "__main__":
    unittest.main()
