"""Who stands behind an interface: by documents first, then by who asked for it, its description and its type."""
import json
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import common
from test_constructs_gates import hidden, world
from test_world import V4, Case, documents, each, folder

ACCOUNT, REGION = "111122223333", "eu-west-3"
BALANCER = "arn:aws:elasticloadbalancing:eu-west-3:111122223333:loadbalancer/app/shop/0123456789abcdef"


def managed(**says):
    """world() whose interface a service made, without a name."""
    estate = world(RequesterManaged=True, **says)
    estate["NetworkInterfaces"][0].pop("Attachment", None)
    return estate


def database(id="orders-db", zone="eu-west-3a", groups=("sg-1",), public=True, subnets=("subnet-1",)):
    return {"DBInstanceIdentifier": id, "DBInstanceArn": "arn:aws:rds:eu-west-3:111122223333:db:" + id, "PubliclyAccessible": public,
            "AvailabilityZone": zone, "VpcSecurityGroups": [{"VpcSecurityGroupId": g, "Status": "active"} for g in groups],
            "DBSubnetGroup": {"VpcId": "vpc-1", "Subnets": [{"SubnetIdentifier": s} for s in subnets]}}


class Owned(Case):
    def owner(self, estate, files=None, eni="eni-1"):
        read = folder({**documents(estate), **(files or {})})
        output = self.compute(read)
        found = [e["owner"] for e in output["endpoints"] if e["eni_id"] == eni]
        self.assertTrue(found, output["endpoints"])
        for one in found:
            self.assertEqual(one, found[0])
        self.text = common.sgproof("compute", read).stdout
        return found[0]

    def told(self, owner):
        return owner and tuple(owner[key] for key in ("service", "id", "name", "by"))


class Interfaces(Owned):
    def test_an_instance_and_a_node_of_eks_are_known_by_documents(self):
        self.assertEqual(self.told(self.owner(world())), ("ec2", "i-1", None, "document"))
        self.assertIn("instance i-1", self.text)
        for key in ("eks:cluster-name", "aws:eks:cluster-name", "kubernetes.io/cluster/shop"):
            estate = world()
            estate["Reservations"][0]["Instances"][0]["Tags"] = [{"Key": key, "Value": "owned" if "/" in key else "shop"}]
            self.assertEqual(self.told(self.owner(estate)), ("eks", "i-1", "shop", "document"))
            self.assertIn("EKS node i-1 (shop)", self.text)
        self.assertEqual(self.told(self.owner(world(Description="aws-K8S-i-1"))), ("eks", "i-1", None, "description"))

    def test_a_name_tag_is_what_the_text_prints(self):
        self.owner(world(TagSet=[{"Key": "Name", "Value": "front door"}]))
        self.assertIn("front door", self.text)
        self.assertNotIn("instance i-1", self.text)

    def test_a_load_balancer_is_named_by_its_document_else_by_its_description(self):
        estate = managed(Description="ELB app/shop/0123456789abcdef", RequesterId="amazon-elb")
        mark = "app/shop/0123456789abcdef"
        self.assertEqual(self.told(self.owner(estate)), ("elasticloadbalancing", mark, "shop", "description"))
        self.assertIn("load balancer %s (shop)" % mark, self.text)
        estate["LoadBalancers"] = [{"LoadBalancerArn": BALANCER, "LoadBalancerName": "shop", "Type": "application", "Scheme":
                                    "internet-facing", "VpcId": "vpc-1"}]
        estate["Listeners"] = [{"LoadBalancerArn": BALANCER, "Port": 443, "Protocol": "HTTPS", "DefaultActions": []}]
        self.assertEqual(self.told(self.owner(estate)), ("elasticloadbalancing", mark, "shop", "document"))

    def test_a_nat_gateway_and_a_vpc_endpoint_are_named_by_their_documents(self):
        estate = managed(InterfaceType="nat_gateway", Description="Interface for NAT Gateway nat-1")
        self.assertEqual(self.told(self.owner(estate)), ("ec2", "nat-1", None, "description"))
        estate["NatGateways"] = [{"NatGatewayId": "nat-1", "VpcId": "vpc-1", "Tags": [{"Key": "Name", "Value": "egress"}],
                                  "NatGatewayAddresses": [{"NetworkInterfaceId": "eni-1", "PublicIp": V4}]}]
        self.assertEqual(self.told(self.owner(estate)), ("ec2", "nat-1", "egress", "document"))
        self.assertIn("NAT gateway nat-1 (egress)", self.text)
        estate = managed(InterfaceType="vpc_endpoint")
        self.assertEqual(self.told(self.owner(estate)), ("ec2", None, None, "type"))
        estate["VpcEndpoints"] = [{"VpcEndpointId": "vpce-1", "VpcEndpointType": "Interface", "VpcId": "vpc-1", "OwnerId": ACCOUNT,
                                   "ServiceName": "com.amazonaws.eu-west-3.ec2", "NetworkInterfaceIds": ["eni-0", "eni-1"]}]
        self.assertEqual(self.told(self.owner(estate)), ("ec2", "vpce-1", "com.amazonaws.eu-west-3.ec2", "document"))

    @each([("RDSNetworkInterface", "amazon-rds", ("rds", None, None, "requester"), "RDS database"),
           ("RDSNetworkInterface", None, ("rds", None, None, "description"), "RDS database"),
           ("RedshiftNetworkInterface", "amazon-redshift", ("redshift", None, None, "requester"), "Redshift cluster"),
           ("ElastiCache orders-001", "amazon-elasticache", ("elasticache", "orders-001", None, "description"), "ElastiCache node orders-001"),
           ("AWS Lambda VPC ENI-check-out-f7a1b2c3-4d5e-6f70-8a9b-0c1d2e3f4a5b", None, ("lambda", "check-out", None, "description"),
            "Lambda function check-out"),
           ("AWS Lambda VPC ENI-check", None, ("lambda", "check", None, "description"), "Lambda function check"),
           ("EFS mount target for fs-1 (fsmt-2)", None, ("elasticfilesystem", "fs-1", None, "description"), "EFS file system fs-1"),
           ("VPC Endpoint Interface vpce-1", None, ("ec2", "vpce-1", None, "description"), "VPC endpoint vpce-1"),
           ("arn:aws:ecs:eu-west-3:111122223333:attachment/0a1b", None, ("ecs", None, None, "description"), "ECS task"),
           ("Amazon EKS shop", None, ("eks", "shop", None, "description"), "EKS cluster shop"),
           ("ES logs", "amazon-elasticsearch", ("es", "logs", None, "description"), "OpenSearch domain logs"),
           ("DO NOT DELETE - Amazon MSK network interface for cluster arn:aws:kafka:eu-west-3:111122223333:cluster/bus/0a-1.", None,
            ("kafka", "bus", None, "description"), "MSK cluster bus"),
           ("something of ours", None, None, "(unnamed)"), ("", "111122223333", None, "(unnamed)")])
    def test_without_documents_requester_and_description_tell(self, description, requester, owner, text):
        estate = managed(Description=description)
        if requester:
            estate["NetworkInterfaces"][0]["RequesterId"] = requester
        self.assertEqual(self.told(self.owner(estate)), owner)
        self.assertIn("  %s  eni-1" % text, self.text)

    def test_oddly_typed_members_name_nobody_and_cost_nothing(self):
        for odd in (5, [], {}, None, True):
            estate = managed(RequesterId=odd)
            estate["NatGateways"] = [{"NatGatewayId": "nat-1", "NatGatewayAddresses": odd, "Tags": odd}]
            self.assertIsNone(self.owner(estate))


    def test_verdicts_and_reports_name_the_owner_where_there_is_no_name(self):
        read = folder(documents(managed(InterfaceType="interface", Description="Amazon EKS shop")))
        seen = read / "seen.jsonl"
        seen.write_text(json.dumps({"address": V4, "protocol": "tcp", "from_port": 443, "to_port": 443, "state": "open", "reason": "syn-ack",
                                    "tries": 1, "first_sent": "2026-01-01T00:00:00.000000Z"}) + "\n" + json.dumps({"summary": {}}) + "\n")
        done = common.sgproof("reconcile", read, seen, "--vantage", "8.8.8.8", "--format", "json")
        (verdict,) = [v for v in json.loads(done.stdout)["verdicts"] if v["observed"] == "open"]
        self.assertEqual((verdict["name"], self.told(verdict["owner"])), (None, ("eks", "shop", None, "description")))
        text = common.sgproof("reconcile", read, seen, "--vantage", "8.8.8.8", "--format", "text").stdout
        self.assertIn("EKS cluster shop", text)
        kept = read / "verdicts.json.txt"
        kept.write_text(done.stdout)
        self.assertIn("EKS cluster shop", common.sgproof("report", kept, "--format", "html").stdout)


class Databases(Owned):
    def estate(self, *databases, **says):
        return {**managed(Description="RDSNetworkInterface", RequesterId="amazon-rds", **says), "DBInstances": list(databases)}

    def test_the_only_database_that_fits_is_it(self):
        others = (database("a", zone="eu-west-3b"), database("b", groups=["sg-2"]), database("c", public=False), database("d", subnets=["s"]))
        self.assertEqual(self.told(self.owner(self.estate(*others, database()))), ("rds", "orders-db", None, "document"))
        self.assertIn("RDS database orders-db", self.text)

    def test_of_two_that_fit_either_may_be_it(self):
        estate = self.estate(database(), database("stock-db"))
        self.assertEqual(self.told(self.owner(estate)), ("rds", None, "orders-db or stock-db", "document"))

    def test_of_many_the_service_is_all_that_is_known(self):
        self.assertEqual(self.told(self.owner(self.estate(*(database(str(n)) for n in range(4))))), ("rds", None, None, "requester"))

    def test_a_standby_lies_in_the_second_zone(self):
        one = {**database(zone="eu-west-3b"), "SecondaryAvailabilityZone": "eu-west-3a"}
        self.assertEqual(self.told(self.owner(self.estate(one))), ("rds", "orders-db", None, "document"))


if __name__ == "__main__":
    unittest.main()
