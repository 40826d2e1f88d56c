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
    estate["Reservations"] = []
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


def redshift(public=True, **more):
    return {"ClusterIdentifier": "house", "NodeType": "ra3.large", "VpcId": "vpc-1", "PubliclyAccessible": public,
            "ClusterNamespaceArn": "arn:aws:redshift:eu-west-3:111122223333:namespace:0a1b",
            "ClusterNodes": [{"NodeRole": "SHARED", "PrivateIPAddress": "10.0.0.4", "PublicIPAddress": V4}], **more}


def eks(name="shop", **access):
    return {"cluster": {"name": name, "arn": "arn:aws:eks:eu-west-3:111122223333:cluster/" + name, "resourcesVpcConfig": {
        "endpointPublicAccess": True, "publicAccessCidrs": ["0.0.0.0/0"], **access}}}


def search(name="logs", **more):
    return {"DomainName": name, "ARN": "arn:aws:es:eu-west-3:111122223333:domain/" + name, **more}


def msk(access="SERVICE_PROVIDED_EIPS"):
    return {"ClusterName": "bus", "ClusterArn": "arn:aws:kafka:eu-west-3:111122223333:cluster/bus/0a-1", "ClusterType": "PROVISIONED",
            "Provisioned": {"BrokerNodeGroupInfo": {"ConnectivityInfo": {"PublicAccess": {"Type": access}}}}}


def distribution(id, **more):
    return {"Id": id, "ARN": "arn:aws:cloudfront::111122223333:distribution/" + id, "DomainName": id.lower() + ".cloudfront.net",
            "Enabled": True, **more}


class Documents(Owned):
    """Documents that name interfaces."""
    def test_a_task_of_ecs_is_named_with_its_service(self):
        task = {"taskArn": "arn:aws:ecs:eu-west-3:111122223333:task/main/0a1b", "group": "service:web", "attachments": [
            {"type": "ElasticNetworkInterface", "details": [{"name": "subnetId", "value": "subnet-1"}, {"name": "networkInterfaceId", "value": "eni-1"}]}]}
        estate = managed(Description="arn:aws:ecs:eu-west-3:111122223333:attachment/0a1b")
        self.assertEqual(self.told(self.owner(estate, {"t.json": {"tasks": [task], "failures": []}})), ("ecs", "0a1b", "web", "document"))
        self.assertIn("ECS task 0a1b (web)", self.text)
        task["group"] = "family:once"
        self.assertEqual(self.told(self.owner(estate, {"t.json": {"tasks": [task]}})), ("ecs", "0a1b", "family:once", "document"))

    def test_an_instance_connect_endpoint_is_named(self):
        estate = managed(InterfaceType="ec2_instance_connect_endpoint")
        estate["InstanceConnectEndpoints"] = [{"InstanceConnectEndpointId": "eice-1", "OwnerId": ACCOUNT, "VpcId": "vpc-1",
                                               "NetworkInterfaceIds": ["eni-1"], "Tags": [{"Key": "Name", "Value": "way in"}]}]
        self.assertEqual(self.told(self.owner(estate)), ("ec2", "eice-1", "way in", "document"))

    def test_a_transit_gateway_attachment_is_named(self):
        estate = managed(InterfaceType="transit_gateway", Description="Network Interface for Transit Gateway Attachment tgw-attach-1")
        self.assertEqual(self.told(self.owner(estate)), ("ec2", "tgw-attach-1", None, "description"))
        estate["TransitGatewayAttachments"] = [{"TransitGatewayAttachmentId": "tgw-attach-1", "TransitGatewayId": "tgw-1", "ResourceOwnerId": ACCOUNT}]
        self.assertEqual(self.told(self.owner(estate)), ("ec2", "tgw-attach-1", "tgw-1", "document"))
        estate["TransitGatewayAttachments"][0]["Tags"] = [{"Key": "Name", "Value": "hub"}]
        self.assertEqual(self.told(self.owner(estate)), ("ec2", "tgw-attach-1", "hub", "document"))
        self.assertIn("transit gateway attachment tgw-attach-1 (hub)", self.text)

    def test_a_redshift_cluster_is_known_by_its_nodes_addresses(self):
        estate = managed(Description="RedshiftNetworkInterface", RequesterId="amazon-redshift")
        self.assertEqual(self.told(self.owner({**estate, "Clusters": [redshift()]})), ("redshift", "house", None, "document"))
        self.assertEqual(self.told(self.owner({**estate, "Clusters": [redshift(VpcId="vpc-2")]})), ("redshift", None, None, "requester"))

    def test_what_a_description_names_and_a_document_has_is_by_document(self):
        for description, document, owner in (("Amazon EKS shop", eks(), ("eks", "shop")),
                                             ("ES logs", {"DomainStatus": search(VPCOptions={"VPCId": "vpc-1"})}, ("es", "logs")),
                                             ("ES logs", {"DomainStatusList": [search(VPCOptions={"VPCId": "vpc-1"})]}, ("es", "logs"))):
            self.assertEqual(self.told(self.owner(managed(Description=description), {"d.json": document})), (*owner, None, "document"))
            self.assertEqual(self.told(self.owner(managed(Description=description + "s"), {"d.json": document}))[-1], "description")

    def test_other_services_documents_under_the_same_keys_are_ignored(self):
        others = [{"tasks": [{"taskId": "t"}]}, {"cluster": {"clusterName": "x"}}, {"Clusters": [{"Id": "j-1", "Name": "emr"}]},
                  {"DomainStatus": {"DomainId": "1"}}, {"ClusterInfoList": [{"Name": "x"}]}]
        for other in others:
            output = self.compute(folder({**documents(world()), "x.json": other}))
            self.assertEqual([i["file"] for i in output["ignored"]], ["x.json"], other)


class PublicPlaces(Owned):
    def lines(self, *files, estate=None):
        read = folder({**documents(estate or world()), **{"%d.json" % n: file for n, file in enumerate(files)}})
        output = self.compute(read)
        self.text = common.sgproof("compute", read).stdout
        return output

    def test_places_of_awss_own_are_counted_by_kind_and_are_no_endpoints(self):
        before = self.lines()
        output = self.lines(eks(), eks("data", publicAccessCidrs=["203.0.113.0/24", "192.0.2.1/32"]), eks("inner", endpointPublicAccess=False),
                            {"DomainStatus": search(Endpoint="logs.example")}, {"DomainStatusList": [search("inner", VPCOptions={"VPCId": "v"})]},
                            {"DistributionList": {"Items": [distribution("E2"), distribution("E1"), distribution("E3", Enabled=False)]}})
        self.assertEqual(output["not_covered"], [
            "2 × CloudFront distribution (public, no interface): E1 (e1.cloudfront.net), E2 (e2.cloudfront.net)",
            "2 × EKS cluster's API (public, no interface): data (from 203.0.113.0/24, 192.0.2.1/32), shop (from 0.0.0.0/0)",
            "1 × OpenSearch domain (public, no interface): logs (logs.example)"])
        self.assertEqual(output["endpoints"], before["endpoints"])
        self.assertIn("NOT COVERED 1 × OpenSearch domain (public, no interface): logs", self.text)

    def test_function_urls_that_somebody_saved_are_counted(self):
        output = self.lines({"FunctionUrlConfigs": [{"FunctionArn": "arn:aws:lambda:eu-west-3:111122223333:function:hook", "AuthType": "NONE",
                                                     "FunctionUrl": "https://a.lambda-url.eu-west-3.on.aws/"}]})
        self.assertEqual(output["not_covered"], ["1 × Lambda function URL (public, no interface): hook (https://a.lambda-url.eu-west-3.on.aws/)"])

    def test_whether_there_is_a_public_endpoint_is_not_said_and_so_there_is(self):
        one = eks()
        for odd in (None, "no", 7):
            one["cluster"]["resourcesVpcConfig"]["endpointPublicAccess"] = odd
            self.assertEqual(len(self.lines(one)["not_covered"]), 1)
        del one["cluster"]["resourcesVpcConfig"]
        self.assertEqual(len(self.lines(one)["not_covered"]), 1)

    def test_a_document_that_stands_twice_is_one_and_many_are_cut_short(self):
        self.assertEqual(self.lines(eks(), eks())["not_covered"], ["1 × EKS cluster's API (public, no interface): shop (from 0.0.0.0/0)"])
        (line,) = self.lines({"DistributionList": {"Items": [distribution("E%02d" % n) for n in range(13)]}})["not_covered"]
        self.assertTrue(line.startswith("13 × ") and line.endswith("E09 (e09.cloudfront.net) and 3 more"), line)

    def test_a_page_that_is_missing_is_said(self):
        output = self.lines({"DistributionList": {"IsTruncated": True, "Items": []}})
        self.assertTrue(any("another page" in u["why"] for u in output["unread"]))
        self.assertTrue(self.lines({"ClusterInfoList": [msk("DISABLED")], "NextToken": "x"})["missing"])

    def test_what_is_public_and_has_no_interface_is_missing(self):
        for estate in ({**world(), "Clusters": [redshift()]}, {**managed(Description="x"), "Clusters": [redshift(PubliclyAccessible=False)]},
                       {**managed(Description="RedshiftNetworkInterface"), "Clusters": [redshift(ClusterNodes=[{"PrivateIPAddress": "10.0.0.4"}])]}):
            self.assertEqual(self.lines(estate=estate)["missing"], [])
        nodes = [{"PrivateIPAddress": "10.0.0.9", "PublicIPAddress": "198.51.100.99"}]
        output = self.lines(estate={**world(), "Clusters": [redshift(ClusterNodes=nodes)]})
        self.assertEqual([(m["id"], m["kind"], m["account"]) for m in output["missing"]], [("house", "NetworkInterfaces", ACCOUNT)])
        self.assertIn("198.51.100.99", output["missing"][0]["text"])
        output = self.lines(estate={**world(), "Clusters": [redshift(ClusterNodes=[])]})
        self.assertIn("publicly accessible Redshift cluster house", output["missing"][0]["text"])
        output = self.lines({"ClusterInfoList": [msk()]})
        self.assertIn("publicly accessible MSK cluster bus", output["missing"][0]["text"])
        brokers = managed(Description="DO NOT DELETE - Amazon MSK network interface for cluster arn:aws:kafka:eu-west-3:111122223333:cluster/bus/0a-1.")
        self.assertEqual(self.lines({"ClusterInfoList": [msk()]}, estate=brokers)["missing"], [])
        self.assertEqual(self.lines({"ClusterInfoList": [msk("DISABLED")]})["missing"], [])
        for gone in ("Type", "PublicAccess", "ConnectivityInfo", "BrokerNodeGroupInfo"):
            untold = msk("DISABLED")
            group = untold["Provisioned"]["BrokerNodeGroupInfo"]
            for place in (untold["Provisioned"], group, group["ConnectivityInfo"], group["ConnectivityInfo"]["PublicAccess"]):
                place.pop(gone, None)
            self.assertIn("publicly accessible MSK cluster bus", self.lines({"ClusterInfoList": [untold]})["missing"][0]["text"], gone)

    def test_whether_a_cluster_is_public_is_not_told_and_so_it_is(self):
        one = redshift(ClusterNodes=[])
        del one["PubliclyAccessible"]
        output = self.lines(estate={**world(), "Clusters": [one]})
        self.assertTrue(output["missing"] and output["unread"])

    def test_verdicts_and_reports_count_them_under_coverage(self):
        read = folder({**documents(world()), "e.json": eks()})
        seen = read / "seen.jsonl"
        seen.write_text(json.dumps({"summary": {}}) + "\n")
        done = common.sgproof("reconcile", read, seen, "--vantage", "8.8.8.8", "--format", "json")
        line = "1 × EKS cluster's API (public, no interface): shop (from 0.0.0.0/0)"
        self.assertEqual(json.loads(done.stdout)["coverage"]["not_covered"], [line])
        self.assertIn("Not covered: " + line, common.sgproof("reconcile", read, seen, "--vantage", "8.8.8.8", "--format", "text").stdout)
        kept = read / "verdicts.json.txt"
        kept.write_text(done.stdout)
        self.assertIn("EKS cluster&#39;s API (public, no interface): shop", common.sgproof("report", kept, "--format", "html").stdout)

    def test_a_call_that_was_denied_is_said_and_costs_nothing_else(self):
        failed = {"account_id": ACCOUNT, "region": REGION, "service": "eks", "operation": "ListClusters", "code": "AccessDeniedException"}
        output = self.lines({}, estate=world())
        read = folder({**documents(world(), "%s/%s/" % (ACCOUNT, REGION)), "snapshot.json": {
            "schema": "sgproof/snapshot/v1", "complete": False, "files": [], "unread": [failed], "unavailable": []}})
        output = self.compute(read)
        self.assertEqual((output["missing"], output["unread"]), ([], []))
        self.assertIn("ListClusters of eks in 111122223333/eu-west-3 was not answered (AccessDeniedException)", output["not_covered"][0])


if __name__ == "__main__":
    unittest.main()
