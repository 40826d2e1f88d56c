"""explain of an address that is not on the internet: by which load balancers and services it is reached, agreeing with compute."""
import json
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import common
from test_balancer_targets import two_listeners
from test_constructs_gates import service
from test_load_balancers import balanced, interface
from test_told_bridges import BALANCER, VpcOrigins, accelerator, behind_balancer, distributions, estate, origin
from test_world import documents, folder


class Private(unittest.TestCase):
    maxDiff = None

    def explain(self, files, address, asked, *words, status=0):
        read = folder(files)
        done = common.sgproof("explain", read, address, asked, *words, "--format", "json")
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        self.text = common.sgproof("explain", read, address, asked, *words).stdout
        self.output = common.compute(read)
        return json.loads(done.stdout) if done.stdout else None

    def test_a_target_is_reached_by_its_load_balancer_hop_by_hop(self):
        told = self.explain(documents(balanced()), "10.0.2.4", "8080/tcp")
        self.assertEqual((told["verdict"], told["eni_id"], told["stopped_by"], told["public_address"]), ("reachable", "eni-web", None, None))
        self.assertTrue(told["from"].startswith("8."), told["from"])
        [way] = told["ways"]
        self.assertEqual((way["load_balancer"], way["listener"], way["target_group"], way["verdict"], way["hops"]), ("front", "443/HTTPS", "web", "reachable", told["hops"]))
        [exposure] = self.output["indirect"][0]["exposures"]
        self.assertEqual([why for hop in told["hops"] for why in hop["reasons"]][:2], exposure["via"])
        for why in exposure["because"] + exposure["via"]:
            self.assertIn(why, [w for hop in told["hops"] for w in hop["reasons"]])
        self.assertIn("which is private: reachable\nBehind front 443/HTTPS, at eni-web: reachable\n  ok    listener         load balancer front 443/HTTPS\n", self.text)

    def test_each_way_is_told_and_sure_ones_come_first(self):
        made = two_listeners()
        del made["Rules"][1]
        told = self.explain(documents(made), "10.0.2.4", "8080/tcp", status=3)
        self.assertEqual([(way["listener"], way["verdict"]) for way in told["ways"]], [("443/HTTPS", "reachable"), ("80/HTTP", "possible")])
        told = self.explain(documents(made), "10.0.2.4", "8080/tcp", "--from", "9.9.9.9", status=3)
        self.assertEqual((told["verdict"], [way["listener"] for way in told["ways"]]), ("possible", ["80/HTTP"]))
        self.assertIn("?     listener", self.text)
        self.assertIn("to settle it: elbv2 describe-rules of front", self.text)

    def test_by_services_it_names_them(self):
        told = self.explain({**documents(estate()), **accelerator()}, "10.0.0.4", "443/tcp")
        self.assertEqual((told["verdict"], told["hops"][0]["text"]), ("reachable", "AWS Global Accelerator by eni-s: accelerator shop, 443/TCP"))
        told = self.explain({**documents(VpcOrigins.estate(self)), "o.json": origin(), "d.json": distributions()}, "10.0.0.4", "443/tcp")
        self.assertIn("origin vo_1 of distribution E1", told["hops"][0]["text"])
        made, health = behind_balancer()
        told = self.explain({**documents(made), **accelerator(BALANCER), **health}, "10.0.0.4", "8080/tcp")
        self.assertEqual([hop["text"] for hop in told["hops"]][:3],
                         ["AWS Global Accelerator by eni-s: accelerator shop, 443/TCP", "load balancer int 443/TCP", "target group tg: healthy"])

    def test_what_nothing_is_brought_to_is_unreachable_and_says_what_is_brought_elsewhere(self):
        told = self.explain(documents(balanced()), "10.0.2.4", "22/tcp")
        self.assertEqual((told["verdict"], told["ways"], told["stopped_by"]["stage"]), ("unreachable", [], "balancer"))
        self.assertIn("brings clients there (they bring some to tcp 8080)", told["stopped_by"]["text"])
        told = self.explain(documents(balanced()), "10.0.2.4", "8080/tcp", "--from", "9.9.9.9")
        self.assertIn("brings this client there", told["stopped_by"]["text"])
        self.assertIn("STOP  listener", self.text)

    def test_where_something_is_missing_no_way_is_not_known(self):
        made = documents(balanced())
        del made["LoadBalancerTargetHealth.json"]
        self.assertEqual(self.explain(made, "10.0.2.4", "22/tcp", status=3)["verdict"], "unknown")

    def test_a_private_address_with_a_public_one_says_so(self):
        told = self.explain(documents(balanced()), "10.0.0.9", "443/tcp")
        self.assertEqual((told["verdict"], told["public_address"]), ("unreachable", "198.51.100.9"))
        self.assertIn("sgproof explain SNAPSHOT 198.51.100.9 443/tcp", self.text)

    def test_a_target_whose_instance_sleeps_is_dormant(self):
        made = balanced()
        made["Reservations"][0]["Instances"][0]["State"]["Name"] = "stopped"
        self.assertTrue(self.explain(documents(made), "10.0.2.4", "8080/tcp")["dormant"])
        self.assertIn("dormant", self.text)

    def test_an_ipv6_target_is_told_of_beside_its_own_answer(self):
        made = balanced()
        made["LoadBalancers"][0]["IpAddressType"] = "dualstack"
        made["NetworkInterfaces"][0]["Ipv6Addresses"] = [{"Ipv6Address": "2001:db8:1::9"}]
        made["NetworkInterfaces"][1]["Ipv6Addresses"] = [{"Ipv6Address": "2001:db8:1::4"}]
        made["TargetGroups"][0].update(IpAddressType="ipv6", TargetType="ip")
        made["LoadBalancerTargetHealth"][0]["TargetHealthDescriptions"][0]["Target"]["Id"] = "2001:db8:1::4"
        made["SecurityGroups"][0]["IpPermissions"][0]["Ipv6Ranges"] = [{"CidrIpv6": "::/0"}]
        told = self.explain(documents(made), "2001:db8:1::4", "8080/tcp")
        self.assertEqual(told["verdict"], "unreachable")
        self.assertIn("Behind front 443/HTTPS, at eni-web: ", self.text)
        self.assertEqual({(w["eni_id"], w["load_balancer"], w["listener"], w["target_group"], w["verdict"]) for w in told["ways"]},
                         {("eni-web", "front", "443/HTTPS", "web", "reachable")})
        self.assertTrue(all(w["hops"] and w["stopped_by"] is None for w in told["ways"]))
        self.assertEqual(self.explain(documents(made), "2001:db8:1::4", "22/tcp")["ways"], [])

    def test_of_a_public_ipv4_address_the_ways_to_its_private_one_are_told_beside(self):
        made = balanced()
        made["NetworkInterfaces"][1]["PrivateIpAddresses"][0]["Association"] = {"PublicIp": "198.51.100.50"}
        told = self.explain(documents(made), "198.51.100.50", "8080/tcp")
        self.assertEqual(told["verdict"], "unreachable")
        self.assertEqual([(w["eni_id"], w["load_balancer"], w["target_group"], w["verdict"]) for w in told["ways"]], [("eni-web", "front", "web", "reachable")])
        self.assertIn("\nBehind front 443/HTTPS, at eni-web: reachable\n", self.text)
        self.assertEqual(self.explain(documents(made), "198.51.100.50", "22/tcp")["ways"], [])
        self.assertEqual(self.explain(documents(made), "198.51.100.50", "8080/tcp", "--from", "9.9.9.9")["ways"], [])
        made = estate()
        made["NetworkInterfaces"][0]["PrivateIpAddresses"][0]["Association"] = {"PublicIp": "198.51.100.50"}
        [way] = self.explain({**documents(made), **accelerator()}, "198.51.100.50", "443/tcp")["ways"]
        self.assertEqual((way["eni_id"], way["load_balancer"]), ("eni-1", "AWS Global Accelerator"))

    def test_of_a_public_ipv4_address_nothing_is_told_of_a_namesake_of_its_private_one_in_another_vpc(self):
        made = balanced()
        made["NetworkInterfaces"].append({**interface("other", "10.0.2.4", subnet="subnet-9", groups=["sg-web"], public="198.51.100.51"), "VpcId": "vpc-9"})
        made["Subnets"].append({**made["Subnets"][0], "SubnetId": "subnet-9", "VpcId": "vpc-9"})
        told = self.explain(documents(made), "198.51.100.51", "8080/tcp", status=3)
        self.assertEqual(told["ways"], [])

    def test_instance_connect_endpoints_of_its_vpc_are_named_as_not_judged(self):
        made = service(balanced(), "ec2_instance_connect_endpoint")
        made["NetworkInterfaces"][1]["PrivateIpAddresses"][0]["Association"] = {"PublicIp": "198.51.100.50"}
        line = "eni-s in vpc-1 (EC2 Instance Connect Endpoint): whom IAM lets open tunnels by it is not judged"
        for address in ("198.51.100.50", "10.0.2.4"):
            self.assertEqual(self.explain(documents(made), address, "22/tcp")["not_judged"], [line])
            self.assertIn("Not judged: " + line + "\n", self.text)
            self.assertEqual(self.explain(documents(made), address, "22/udp")["not_judged"], [])
        made["NetworkInterfaces"][-1]["VpcId"] = "vpc-9"
        self.assertEqual(self.explain(documents(made), "10.0.2.4", "22/tcp", status=3)["not_judged"], [])

    def test_an_address_that_nobody_has_is_refused(self):
        self.assertIsNone(self.explain(documents(balanced()), "10.9.9.9", "8080/tcp", status=2))


if __name__ == "__main__":
    unittest.main()
