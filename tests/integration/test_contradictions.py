"""Records of different things that contradict each other: neither is believed alone, and the answer is possible and named."""
import copy
import os
import sys
import unittest

sys.path[:0] = [os.path.join(os.path.dirname(__file__), ".."), os.path.dirname(__file__)]
import common
from test_constructs_gates import blocked, world
from test_load_balancers import balanced, interface
from test_snapshots import permission
from test_told_bridges import accelerator, estate
from test_world import MAYBE, REACHED, V4, V6, Case, documents, each, folder, reach


class Contradictions(Case):
    def possible(self, made, address, words, port=443):
        output = self.compute(folder(documents(made)))
        self.assertEqual(reach(output, address, port), "possible", output["endpoints"])
        self.assertTrue([one for one in output["unread"] if all(word in one["why"] for word in words.split())], output["unread"])
        return output

    @each([(["sg-web"],), (["sg-front", "sg-web"],), ([],)])
    def test_groups_of_a_load_balancer_that_its_node_has_not(self, groups):
        made = balanced()
        made["LoadBalancers"][0]["SecurityGroups"] = groups
        made["SecurityGroups"][0]["IpPermissions"] = []  # neither closes it alone
        self.possible(made, "198.51.100.9", "eni-front front different security groups")

    def test_groups_of_an_instance_that_its_primary_interface_has_not(self):
        made = world(Attachment={"InstanceId": "i-1", "Status": "attached", "DeviceIndex": 0})
        made["Reservations"][0]["Instances"][0]["SecurityGroups"] = [{"GroupId": "sg-2"}]
        made["SecurityGroups"][0]["IpPermissions"] = []
        made["SecurityGroups"].append({"GroupId": "sg-2", "VpcId": "vpc-1", "IpPermissions": [permission("tcp", (443, 443))]})
        self.possible(made, V4, "eni-1 i-1 different security groups")

    def test_an_interface_of_another_network_card_has_groups_of_its_own(self):
        made = world(Attachment={"InstanceId": "i-1", "Status": "attached", "DeviceIndex": 0, "NetworkCardIndex": 1})
        made["Reservations"][0]["Instances"][0]["SecurityGroups"] = [{"GroupId": "sg-2"}]
        made["SecurityGroups"].append({"GroupId": "sg-2", "VpcId": "vpc-1", "IpPermissions": []})
        self.check(folder(documents(made)), 0, {V4: "exact"})

    @each([("LoadBalancers",), ("Subnets",)])
    def test_the_vpc_of_a_node_that_its_load_balancer_or_subnet_tells_otherwise(self, kind):
        made = balanced()
        made[kind][0]["VpcId"] = "vpc-9"
        self.possible(made, "198.51.100.9", "eni-front")

    @each([("Subnets", "subnet-1"), ("Reservations", "i-1")])
    def test_a_vpc_without_a_gateway_that_the_interface_alone_is_said_to_be_in_shuts_nothing(self, kind, holder):
        made = world(VpcId="vpc-9", Attachment={"InstanceId": "i-1", "Status": "attached", "DeviceIndex": 0})
        made["RouteTables"].append({"RouteTableId": "rtb-9", "VpcId": "vpc-9", "Associations": [{"Main": True}], "Routes": []})
        made["Vpcs"].append({"VpcId": "vpc-9"})
        if kind == "Reservations":
            made["Subnets"][0]["VpcId"] = "vpc-9"
            made["Reservations"][0]["Instances"][0]["VpcId"] = "vpc-1"
        self.possible(made, V4, "eni-1 " + holder)

    def test_one_public_address_on_two_interfaces_is_on_neither_surely(self):
        made = world()
        made["SecurityGroups"].append({"GroupId": "sg-2", "VpcId": "vpc-1", "IpPermissions": []})
        made["NetworkInterfaces"].append({**interface("2", "10.0.0.5", groups=["sg-2"], public=V4)})
        output = self.possible(made, V4, V4 + " eni-1 eni-2")
        self.assertEqual([e["eni_id"] for e in output["endpoints"] if e["address"] == V4], ["eni-1", "eni-2"])

    def claimed(self):
        """Two interfaces: the first one has V4 and admits nobody, the other one has no public address and admits 443."""
        made = world(Attachment={"InstanceId": "i-1", "Status": "attached", "DeviceIndex": 0}, Ipv6Addresses=[], Groups=[{"GroupId": "sg-2"}])
        made["SecurityGroups"].append({"GroupId": "sg-2", "VpcId": "vpc-1", "IpPermissions": []})
        made["NetworkInterfaces"].append(interface("2", "10.0.0.5", groups=["sg-1"], instance="i-2"))
        made["Reservations"].append({"Instances": [{"InstanceId": "i-2", "State": {"Name": "running"}}]})
        return made

    @each([({"NetworkInterfaceId": "eni-2"},), ({"NetworkInterfaceId": "eni-2", "PrivateIpAddress": "10.0.0.5"},), ({"InstanceId": "i-2"},)])
    def test_an_elastic_ip_address_that_is_said_to_be_on_another_interface_may_be_on_either(self, of):
        made = self.claimed()
        self.assertEqual(self.compute(folder(documents(made)))["unread"], [])
        made["Addresses"] = [{"PublicIp": V4, "AllocationId": "eipalloc-1", "AssociationId": "eipassoc-1", **of}]
        output = self.compute(folder(documents(made)))
        self.assertEqual([(e["eni_id"], [x["certainty"] for x in e["exposures"]]) for e in output["endpoints"]], [("eni-1", []), ("eni-2", ["possible", "possible"])])
        self.assertTrue([one for one in output["unread"] if "is said to be on eni-1 and on eni-2" in one["why"]], output["unread"])
        made["Addresses"][0].update({key: value.replace("2", "1").replace("10.0.0.5", "10.0.0.4") for key, value in of.items()})
        self.assertEqual(self.compute(folder(documents(made)))["unread"], [])

    @each([({"NetworkInterfaceId": "eni-9"}, "eni-9"), ({"InstanceId": "i-9"}, "i-9")])
    def test_nor_is_it_believed_where_that_one_is_not_here(self, of, name):
        made = self.claimed()
        made["Addresses"] = [{"PublicIp": V4, "AllocationId": "eipalloc-1", "AssociationId": "eipassoc-1", **of}]
        output = self.compute(folder(documents(made)))
        self.assertTrue([one for one in output["unread"] if "by another record, on " + name in one["why"]], output["unread"])

    @each([({}, 3), ({"AssociationId": "eipassoc-1"}, 0), ({"ServiceManaged": "rnat"}, 0)])
    def test_nor_where_its_own_record_says_that_nothing_has_it(self, of, status):
        made = {**world(), "Addresses": [{"PublicIp": V4, "AllocationId": "eipalloc-1", **of}]}
        says = {"unread": "said to be on eni-1 and, by its own record, on nothing"} if status else {}
        self.check(folder(documents(made)), status, {V4: "possible" if status else "exact"}, **says)

    def test_the_public_address_of_an_instance_that_anothers_interface_has(self):
        made = self.claimed()
        made["Reservations"][1]["Instances"][0]["PublicIpAddress"] = V4
        output = self.compute(folder(documents(made)))
        self.assertEqual([(e["eni_id"], [x["certainty"] for x in e["exposures"]]) for e in output["endpoints"]], [("eni-1", []), ("eni-2", ["possible", "possible"])])

    @each([({"Association": {"PublicIp": "198.51.100.8"}}, "198.51.100.8", "is not that of any"), ({"Association": {"PublicIp": V4}}, None, ""),
           ({"Ipv6Address": "2001:db8:1::5"}, "2001:db8:1::5", "not among its Ipv6Addresses"), ({"Ipv6Address": V6}, None, ""), ({"Ipv6Address": "fd00::1"}, None, "")])
    def test_an_address_that_an_interface_tells_beside_its_lists(self, member, address, words):
        made = world(**member)
        if address is None:
            self.check(folder(documents(made)), 0, REACHED)
            return
        self.possible(made, address, words)
        self.possible(made, V4, words)

    @each([("NetworkAcls", "NetworkAclId", "acl-9"), ("RouteTables", "RouteTableId", "rtb-9")])
    def test_an_association_that_names_another_acl_or_table_than_its_record(self, kind, key, other):
        for named in (other, world()[kind][0][key]):
            made = world()
            made[kind][0]["Associations"] = [{"SubnetId": "subnet-1", key: named}] + ([{"Main": True, key: named}] if kind == "RouteTables" else [])
            made[kind][0].update({"Entries": []} if kind == "NetworkAcls" else {"Routes": []})
            if named == other:
                self.possible(made, V4, "is an association of %s in the record of" % other)
            else:
                self.check(folder(documents(made)), 0, {V4: "no"})

    @each([("available", 3), ("detached", 0)])
    def test_a_gateway_that_is_attached_to_two_vpcs(self, state, status):
        made = world()
        made["InternetGateways"][0]["Attachments"].append({"VpcId": "vpc-9", "State": state})
        self.check(folder(documents(made)), status, MAYBE if status else REACHED, **({"unread": "igw-1 second VPC"} if status else {}))

    @each([("eu-west-3:111122223333", "exact"), ("us-east-1:111122223333", "possible"), ("eu-west-3:444455556666", "possible")])
    def test_an_exclusion_whose_arn_names_another_account_or_region(self, place, answer):
        made = blocked(exclusions=[("subnet/subnet-1", "bidirectional", "create-complete")])
        one = made["VpcBlockPublicAccessExclusions"][0]
        one["ResourceArn"] = one["ResourceArn"].replace("eu-west-3:111122223333", place)
        output = self.compute(folder(documents(made)))
        self.assertEqual((reach(output, V4), ["an exclusion from VPC Block Public Access is, whose ARN names another" in one["text"] for one in output["missing"]]),
                         (answer, [True] if answer == "possible" else []))

    @each([("i-1", "eu-west-3", {"exact"}), ("i-1", "us-east-1", {"possible"}), ("arn:aws:ec2:us-east-1:111122223333:instance/i-1", "eu-west-3", {"possible"}),
           ("arn:aws:ec2:eu-west-3:444455556666:instance/i-1", "eu-west-3", {"possible"}), ("arn:aws:ec2:eu-west-3:111122223333:instance/i-1", "eu-west-3", {"exact"})])
    def test_an_accelerators_endpoint_of_another_account_or_region_than_its_interface(self, endpoint, region, certainty):
        files = accelerator(endpoint)
        files["g.json"]["EndpointGroups"][0]["EndpointGroupRegion"] = region
        output = self.compute(folder({**documents(estate()), **files}))
        self.assertEqual({x["certainty"] for i in output["indirect"] for x in i["exposures"]}, certainty)

    def test_an_instance_that_whole_reservations_do_not_tell_of_while_an_interface_names_it(self):
        made = world()
        made["Reservations"] = []
        self.check(folder(documents(made)), 3, MAYBE, unread="eni-1 i-1 Reservations")
        elsewhere = copy.deepcopy(made)  # a service's own instance
        elsewhere["NetworkInterfaces"][0]["Attachment"]["InstanceOwnerId"] = "amazon-rds"
        self.check(folder(documents(elsewhere)), 0, REACHED)
        del made["Reservations"]
        self.check(folder(documents(made)), 0, REACHED)


if __name__ == "__main__":
    unittest.main()
