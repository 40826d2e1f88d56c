"""Who stands behind an interface: by documents first, then by who asked for it, its description and its type."""
import json
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import common
from test_constructs_gates import hidden, world
from test_world import V4, Case, documents, each, folder, named, reach, second as elsewhere

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
           ("something of theirs", None, ("unknown", None, '"something of theirs"', "type"), 'requester-managed interface "something of theirs"'),
           ("", "111122223333", ("unknown", None, "requested by 111122223333", "requester"), "requester-managed interface requested by 111122223333"),
           ("", "amazon-new", ("new", None, "requested by amazon-new", "requester"), "requester-managed interface requested by amazon-new")])
    def test_without_documents_requester_and_description_tell(self, description, requester, owner, text):
        estate = managed(Description=description)
        if requester:
            estate["NetworkInterfaces"][0]["RequesterId"] = requester
        self.assertEqual(self.told(self.owner(estate)), owner)
        self.assertIn("  %s  eni-1" % text, self.text)

    def test_an_interface_that_aws_made_is_named_by_what_is_known_of_it_and_one_of_ours_is_unnamed(self):
        self.assertEqual(self.told(self.owner(managed(InterfaceType="brand_new", RequesterId="amazon-new", Description="for x"))),
                         ("new", None, 'requested by amazon-new, of type brand_new, "for x"', "requester"))
        self.assertEqual(self.told(self.owner(managed(InterfaceType="evs"))), ("evs", None, None, "type"))
        ours = managed(Description="for x", RequesterId=ACCOUNT)
        ours["NetworkInterfaces"][0]["RequesterManaged"] = False
        self.assertIsNone(self.owner(ours))
        self.assertIn("  (unnamed)  eni-1", self.text)

    @each([("NatGateways", {"NatGatewayId": "nat-1", "NatGatewayAddresses": [{"NetworkInterfaceId": "eni-1"}]}, "NAT gateway nat-1",
            ("lambda",), ("interface", "vpc_endpoint")),
           ("VpcEndpoints", {"VpcEndpointId": "vpce-1", "VpcEndpointType": "Interface", "VpcId": "vpc-1", "NetworkInterfaceIds": ["eni-1"]}, "VPC endpoint vpce-1",
            (), ("interface", "nat_gateway")),
           ("tasks", {"taskArn": "arn:aws:ecs:eu-west-3:111122223333:task/main/0a1b", "attachments": [{"details": [{"name": "networkInterfaceId", "value": "eni-1"}]}]},
            "ECS task 0a1b", (), ("lambda", "nat_gateway", "vpc_endpoint", "transit_gateway"))])
    def test_where_a_document_and_the_type_disagree_neither_is_believed_alone(self, key, record, what, alike, perhaps):
        for type in alike:
            output = self.compute(folder(documents({**managed(InterfaceType=type), key: [record]})))
            self.assertTrue(named(output, ["assumptions"], "eni-1 %s type" % what), output["assumptions"])
            self.assertEqual((output["unread"], reach(output, V4)), ([], "no"))
            self.assertEqual({e["owner"]["by"] for e in output["endpoints"]}, {"document"})
        for type in perhaps:
            output = self.compute(folder(documents({**managed(InterfaceType=type), key: [record]})))
            self.assertIn("InterfaceType %s, and" % type, json.dumps(output))
            self.assertEqual((reach(output, V4), reach(output, V4, 444)), ("possible", "no"))

    def test_an_interface_that_two_documents_name_is_that_of_the_first_and_the_other_is_noted(self):
        gateway = {"NatGatewayId": "nat-1", "NatGatewayAddresses": [{"NetworkInterfaceId": "eni-1"}]}
        output = self.compute(folder({**documents(managed(InterfaceType="nat_gateway")), "a.json": {"NatGateways": [gateway]}, "b.json": {"tasks": [task("eni-1")]}}))
        self.assertTrue(named(output, ["notes"], "b.json ECS task 0a1b (web) NAT gateway nat-1"), output["notes"])

    def test_oddly_typed_members_name_nobody_and_cost_nothing(self):
        for odd in (5, [], {}, None, True):
            estate = managed(RequesterId=odd)
            estate["NatGateways"] = [{"NatGatewayId": "nat-1", "NatGatewayAddresses": odd, "Tags": odd}]
            self.assertEqual(self.told(self.owner(estate)), ("unknown", None, None, "type"))


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

    def serving(self, name="web", subnets=("subnet-1",), groups=("sg-1",), public="ENABLED", **more):
        network = {"subnets": list(subnets), "securityGroups": list(groups), "assignPublicIp": public}
        return {"serviceArn": "arn:aws:ecs:eu-west-3:111122223333:service/main/" + name, "serviceName": name, "runningCount": 1,
                "networkConfiguration": {"awsvpcConfiguration": {k: v for k, v in network.items() if v is not None}}, **more}

    def test_without_its_task_an_interface_of_ecs_is_that_of_the_only_service_that_fits(self):
        estate = managed(Description="arn:aws:ecs:eu-west-3:111122223333:attachment/0a1b")
        of = lambda *services: self.told(self.owner(estate, {"s.json": {"services": list(services)}}))
        self.assertEqual(of(self.serving()), ("ecs", "web", None, "document"))
        self.assertIn("  ECS service web  eni-1", self.text)
        for other in (dict(subnets=["subnet-9"]), dict(groups=["sg-9"]), dict(public="DISABLED"), dict(runningCount=0), dict(networkConfiguration={})):
            self.assertEqual(of(self.serving("other", **other)), ("ecs", None, None, "description"), other)
            self.assertEqual(of(self.serving(), self.serving("other", **other)), ("ecs", "web", None, "document"), other)
        self.assertEqual(of(self.serving(groups=(), public=None)), ("ecs", "web", None, "document"))  # the VPC's default group
        self.assertEqual(of(self.serving("a"), self.serving("b")), ("ecs", None, "a or b", "document"))
        self.assertEqual(of(*[self.serving(n) for n in "abcd"]), ("ecs", None, None, "description"))
        moved = self.serving(subnets=["subnet-9"], deployments=[self.serving()])  # being deployed anew
        self.assertEqual(of(moved), ("ecs", "web", None, "document"))
        self.assertEqual(of({**self.serving(), "networkConfiguration": 5}, {"serviceArn": "arn:aws:ecs:x"}), ("ecs", None, None, "description"))

    def test_whatever_the_order_of_services(self):
        estate = managed(Description="arn:aws:ecs:eu-west-3:111122223333:attachment/0a1b")
        for names in ("ab", "ba"):
            self.assertEqual(self.told(self.owner(estate, {"s.json": {"services": [self.serving(n) for n in names]}})), ("ecs", None, "a or b", "document"))

    def test_of_several_things_that_documents_name_an_interface_as_one_is_told_whatever_their_order(self):
        task = {"tasks": [{"taskArn": "arn:aws:ecs:eu-west-3:111122223333:task/main/0a1b", "lastStatus": "RUNNING", "attachments": [
            {"type": "ElasticNetworkInterface", "status": "ATTACHED", "details": [{"name": "networkInterfaceId", "value": "eni-1"}]}]}]}
        gateway = lambda n: {"NatGatewayId": "nat-%d" % n, "VpcId": "vpc-1", "SubnetId": "subnet-1", "State": "available", "ConnectivityType": "public",
                             "NatGatewayAddresses": [{"NetworkInterfaceId": "eni-1", "PublicIp": V4}]}
        gateways = {"NatGateways": [gateway(1), gateway(2)]}
        turned = {"NatGateways": gateways["NatGateways"][::-1]}
        note = "eni-1 is named as that of NAT gateway nat-1 by %s, and of NAT gateway nat-2 by %s, and of ECS task 0a1b by %s: the first is told as its owner"
        for type, answer in (("nat_gateway", "possible"), ("interface", "possible")):
            answers = set()
            for files in ({"1.json": task, "2.json": gateways}, {"1.json": gateways, "2.json": task}, {"1.json": turned, "2.json": task}):
                output = self.compute(folder({**documents(managed(InterfaceType=type)), **files}))
                [owner] = [e["owner"] for e in output["endpoints"] if e["address"] == V4]
                self.assertEqual((self.told(owner), [line for line in output["notes"] if "eni-1" in line]), (("ec2", "nat-1", None, "document"), [note % (("1.json", "1.json", "2.json") if "NatGateways" in files["1.json"] else ("2.json", "2.json", "1.json"))]))
                answers.add(reach(output, V4))
            self.assertEqual(answers, {answer})

    def test_of_elastic_addresses_that_claim_one_address_the_first_is_named_whatever_their_order(self):
        claims = [{"PublicIp": V4, "AllocationId": "eipalloc-%d" % n, "AssociationId": "eipassoc-%d" % n, "Domain": "vpc", "NetworkInterfaceId": "eni-%d" % n} for n in (8, 9)]
        told = []
        for order in (claims, claims[::-1]):
            output = self.compute(folder({**documents(world()), "addresses.json": {"Addresses": order}}))
            told.append([e["exposures"] for e in output["endpoints"]])
        self.assertEqual(told[0], told[1])
        self.assertIn("on eni-8", json.dumps(told[0]))

    @each([("list-clusters.ecs.json", {"clusterArns": ["arn:aws:ecs:eu-west-3:111122223333:cluster/main"]}), ("list-firewalls.json", {"Firewalls": []}),
           ("list-tasks.json", {"taskArns": ["arn:aws:ecs:eu-west-3:111122223333:task/main/0a1b"]}),
           ("list-services.json", {"serviceArns": ["arn:aws:ecs:eu-west-3:111122223333:service/main/web"]})])
    def test_a_page_that_follows_in_a_list_of_ids_changes_nothing_but_whose_service_an_interface_is(self, name, document):
        files = {**documents(managed(Description="arn:aws:ecs:eu-west-3:111122223333:attachment/0a1b")),
                 "describe-services.json": {"services": [self.serving()], "failures": [{"arn": "arn:aws:ecs:eu-west-3:111122223333:service/main/gone", "reason": "MISSING"}]}}
        plain = self.compute(folder(files))
        self.assertEqual((plain["missing"], plain["unread"], plain["notes"], plain["ignored"]), ([], [], [], []))
        for token in ("nextToken", "NextToken"):
            self.assertEqual(self.compute(folder({**files, name: document})), plain)
            cut = self.compute(folder({**files, name: {**document, token: "AbC="}}))
            names = name in ("list-clusters.ecs.json", "list-services.json")  # which controls rest on: that they are cut is told, and no more
            self.assertEqual([item["kind"] for item in cut["missing"]], list(document) if names else [])
            owners = [(e["owner"]["kind"], e["owner"]["id"]) for e in cut["endpoints"] if e["eni_id"] == "eni-1"]
            self.assertEqual(set(owners), {("ECS task", None) if names else ("ECS service", "web")})  # a service that is not listed may fit as well
            for one in cut["endpoints"]:
                one["owner"] = next(e["owner"] for e in plain["endpoints"] if e["address"] == one["address"])
            self.assertEqual({**cut, "missing": [], "complete": plain.get("complete")}, {**plain, "complete": plain.get("complete")})
            self.assertEqual(self.compute(folder({**files, name: [{**document, token: "AbC="}, {**document, token: ""}]})), plain)

    def test_what_ecs_would_not_tell_of_is_unread_and_what_is_gone_is_not(self):
        arn = "arn:aws:ecs:eu-west-3:111122223333:%s/main/gone"
        for key, kind, records in (("tasks", "task", []), ("services", "service", [self.serving()])):
            for reason, unread in (("MISSING", []), ("ACCESS_DENIED", [("failures", "nothing is told of %s: ACCESS_DENIED" % (arn % kind))])):
                failed = {"failures": [{"arn": arn % kind, "reason": reason}]}
                for document in ({key: records, **failed}, {**failed, key: records}):
                    told = self.compute(folder({**documents(managed(Description="x")), "describe-%s.json" % key: document}))
                    self.assertEqual([(one["path"], one["why"]) for one in told["unread"]], unread)

    def test_a_service_names_no_interface_that_is_not_of_ecs_and_a_task_goes_before_it(self):
        files = {"s.json": {"services": [self.serving()]}}
        self.assertEqual(self.told(self.owner(managed(Description="x"), files))[0], "unknown")
        files["t.json"] = {"tasks": [task("eni-1", group="service:api")]}
        self.assertEqual(self.told(self.owner(managed(Description="arn:aws:ecs:eu-west-3:111122223333:attachment/0a1b"), files)), ("ecs", "0a1b", "api", "document"))

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
        others = [{"tasks": [{"taskId": "t"}]}, {"services": [{"serviceName": "x"}]}, {"cluster": {"clusterName": "x"}}, {"Clusters": [{"Id": "j-1", "Name": "emr"}]},
                  {"DomainStatus": {"DomainId": "1"}}, {"ClusterInfoList": [{"Name": "x"}]}]
        for other in others:
            output = self.compute(folder({**documents(world()), "x.json": other}))
            self.assertEqual([i["file"] for i in output["ignored"]], ["x.json"], other)


class Places(Owned):
    def lines(self, *files, estate=None):
        read = folder({**documents(estate or world()), **{"%d.json" % n: file for n, file in enumerate(files)}})
        output = self.compute(read)
        self.text = common.sgproof("compute", read).stdout
        return output


class PublicPlaces(Places):
    def test_places_of_awss_own_are_counted_by_kind_and_are_no_endpoints(self):
        before = self.lines()
        output = self.lines(eks(), eks("data", publicAccessCidrs=["203.0.113.0/24", "192.0.2.1/32"]), eks("inner", endpointPublicAccess=False),
                            {"DomainStatus": search(Endpoint="logs.example")}, {"DomainStatusList": [search("inner", VPCOptions={"VPCId": "v"})]},
                            {"DistributionList": {"Items": [distribution("E2"), distribution("E1"), distribution("E3", Enabled=False)]}})
        self.assertEqual(common.not_covered(output), [
            "2 × CloudFront distribution (public, no interface): E1 (e1.cloudfront.net), E2 (e2.cloudfront.net)",
            "2 × EKS cluster's API (public, no interface): data (from 203.0.113.0/24, 192.0.2.1/32), shop (from 0.0.0.0/0)",
            "1 × OpenSearch domain (public, no interface): logs (logs.example)"])
        self.assertEqual(output["endpoints"], before["endpoints"])
        self.assertIn("NOT COVERED 1 × OpenSearch domain (public, no interface): logs", self.text)

    def test_function_urls_that_somebody_saved_are_counted(self):
        output = self.lines({"FunctionUrlConfigs": [{"FunctionArn": "arn:aws:lambda:eu-west-3:111122223333:function:hook", "AuthType": "NONE",
                                                     "FunctionUrl": "https://a.lambda-url.eu-west-3.on.aws/"}]})
        self.assertEqual(common.not_covered(output), ["1 × Lambda function URL (public, no interface): hook (https://a.lambda-url.eu-west-3.on.aws/)"])

    def test_public_places_of_other_services_that_somebody_saved_are_counted(self):
        server, service = "arn:aws:transfer:eu-west-3:111122223333:server/", "arn:aws:apprunner:eu-west-3:111122223333:service/shop/1"
        output = self.lines({"items": [{"id": "r1", "name": "orders", "endpointConfiguration": {"types": ["REGIONAL"]}}, {"id": "r2", "name": "inner", "endpointConfiguration": {"types": ["PRIVATE"]}}]},
                            {"Items": [{"ApiId": "h1", "Name": "shop", "ProtocolType": "HTTP", "ApiEndpoint": "https://h1.execute-api.eu-west-3.amazonaws.com"}]},
                            {"Servers": [{"Arn": server + "s-1", "ServerId": "s-1", "EndpointType": "PUBLIC", "State": "ONLINE"}, {"Arn": server + "s-2", "ServerId": "s-2", "EndpointType": "VPC"}]},
                            {"ServiceSummaryList": [{"ServiceName": "shop", "ServiceArn": service, "Status": "RUNNING"}, {"ServiceName": "old", "ServiceArn": service + "2", "Status": "RUNNING"}]},
                            {"Service": {"ServiceName": "shop", "ServiceArn": service, "ServiceUrl": "shop.awsapprunner.com", "NetworkConfiguration": {"IngressConfiguration": {"IsPubliclyAccessible": True}}}},
                            {"BrokerSummaries": [{"BrokerId": "b-1", "BrokerName": "queue"}]})
        self.assertEqual([line for line in common.not_covered(output) if " × " in line], [
            "2 × API of API Gateway (public, no interface): h1 (https://h1.execute-api.eu-west-3.amazonaws.com), r1 (orders)",
            "1 × App Runner service (public, no interface): shop (shop.awsapprunner.com)", "1 × Transfer Family server (public, no interface): s-1"])
        self.assertTrue(named(output, ["not_covered"], "App Runner service shop/12 no apprunner describe-service tells whether it is public"), output["not_covered"])
        self.assertTrue(named(output, ["not_covered"], "Amazon MQ broker b-1 tells whether it is public"), output["not_covered"])
        private = {"Service": {"ServiceName": "shop", "ServiceArn": service, "NetworkConfiguration": {"IngressConfiguration": {"IsPubliclyAccessible": False}}}}
        self.assertFalse([line for line in common.not_covered(self.lines(private)) if " × " in line])

    def test_whether_there_is_a_public_endpoint_is_not_said_and_so_there_is(self):
        one = eks()
        for odd in (None, "no", 7):
            one["cluster"]["resourcesVpcConfig"]["endpointPublicAccess"] = odd
            self.assertEqual(len(common.not_covered(self.lines(one))), 1)
        del one["cluster"]["resourcesVpcConfig"]
        self.assertEqual(len(common.not_covered(self.lines(one))), 1)

    def test_a_document_that_stands_twice_is_one_and_many_are_cut_short(self):
        self.assertEqual(common.not_covered(self.lines(eks(), eks())), ["1 × EKS cluster's API (public, no interface): shop (from 0.0.0.0/0)"])
        (line,) = common.not_covered(self.lines({"DistributionList": {"Items": [distribution("E%02d" % n) for n in range(13)]}}))
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
        self.assertEqual(common.not_covered(json.loads(done.stdout)["coverage"]), [line])
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


def task(eni="eni-9", **more):
    return {"taskArn": "arn:aws:ecs:eu-west-3:111122223333:task/main/0a1b", "group": "service:web", "lastStatus": "RUNNING", "attachments": [
        {"type": "ElasticNetworkInterface", "details": [{"name": "networkInterfaceId", "value": eni}]}], **more}


LISTS = {"Clusters": "redshift describe-clusters", "clusters": "eks list-clusters", "DomainNames": "opensearch list-domain-names",
         "ClusterInfoList": "kafka list-clusters-v2", "DistributionList": "cloudfront list-distributions", "Accelerators": "globalaccelerator list-accelerators"}
EMPTY = {"%s.json" % key: {key: {"Items": []} if key == "DistributionList" else []} for key in LISTS}


class Starved(Places):
    """Law of starvation: a document that counts what is public, or names an interface, does not go in silence."""
    def absent(self, files, where=""):
        output = self.compute(folder({**documents(world(), where), **files}))
        self.assertEqual((output["missing"], output["unread"]), ([], []))
        return [line for line in output["not_covered"] if line.startswith("not in the snapshot")]

    def test_each_call_that_would_count_and_is_not_there_is_named_and_costs_no_answer(self):
        (line,) = self.absent({})
        for call in LISTS.values():
            self.assertIn(call, line)
        self.assertEqual(self.absent(EMPTY), [])
        for key, call in LISTS.items():
            self.assertEqual(self.absent({name: file for name, file in EMPTY.items() if name != key + ".json"}),
                             ["not in the snapshot: %s: which of what they name is public is not told" % call])

    def test_regions_that_lack_the_same_share_a_line_and_calls_of_an_account_are_made_once(self):
        first, second = "111122223333/eu-west-3/", "111122223333/us-east-1/"
        once = {"111122223333/global/%s.json" % key: EMPTY["%s.json" % key] for key in ("DistributionList", "Accelerators")}
        regional = {key: file for key, file in EMPTY.items() if "111122223333/global/" + key not in once}
        files = {**documents(elsewhere(), second), **once, **{first + key: file for key, file in regional.items()}}
        (line,) = self.absent(files, first)
        self.assertTrue(line.startswith("not in the snapshot of 111122223333/us-east-1: redshift describe-clusters, eks"), line)
        self.assertNotIn("accelerators", line)
        self.assertEqual(self.absent({**files, **{second + key: file for key, file in regional.items()}}, first), [])

    def test_why_a_call_has_no_document_is_said_once(self):
        for list_, code in (("unavailable", "service-unavailable"), ("unread", "AccessDenied")):
            record = {"schema": "sgproof/snapshot/v1", "complete": list_ == "unavailable", "files": [], "unread": [], "unavailable": []}
            record[list_] = [{"account_id": ACCOUNT, "region": REGION, "service": "kafka", "operation": "ListClustersV2", "code": code},
                             {"account_id": ACCOUNT, "region": "us-east-1", "service": "cloudfront", "operation": "ListDistributions", "code": code}]
            (line,) = self.absent({"snapshot.json": record}, "%s/%s/" % (ACCOUNT, REGION))
            self.assertFalse("kafka" in line or "cloudfront" in line, line)

    def test_what_a_list_alone_names_is_said(self):
        for key, names, told, line in (
                ("clusters", ["shop", "data"], eks("data"), "EKS cluster shop: no eks describe-cluster in the snapshot tells whether it is public"),
                ("DomainNames", [{"DomainName": "logs"}, {"DomainName": "inner"}], {"DomainStatus": search("inner", VPCOptions={"VPCId": "v"})},
                 "OpenSearch domain logs: no opensearch describe-domain in the snapshot tells whether it is public")):
            self.assertIn(line, self.lines({key: names}, told)["not_covered"])
            self.assertEqual(sum("tells whether" in said for said in self.lines({key: names})["not_covered"]), 2)
            self.assertEqual(self.lines({key: names})["missing"], [])
            self.assertTrue(self.lines({key: names, "nextToken" if key == "clusters" else "NextToken": "x"})["not_covered"])

    def test_a_cluster_of_one_region_does_not_tell_of_its_namesake_in_another(self):
        made = folder({**documents(world(), "111122223333/eu-west-3/"), "111122223333/eu-west-3/l.json": {"clusters": ["shop"]},
                       "111122223333/us-east-1/l.json": {"clusters": ["shop"]}, "111122223333/eu-west-3/c.json": eks()})
        self.assertEqual([line for line in self.compute(made)["not_covered"] if "tells whether" in line],
                         ["EKS cluster shop of 111122223333/us-east-1: no eks describe-cluster in the snapshot tells whether it is public"])

    def test_lists_of_other_services_under_the_same_keys_name_nothing(self):
        for other in ({"clusters": [{"clusterName": "ecs"}]}, {"DomainNames": ["sdb"]}, {"DomainNames": {"x": "cloudsearch"}}, {"services": ["uxc"]}):
            output = self.lines(other)
            self.assertFalse([line for line in output["not_covered"] if "tells whether" in line] + output["unread"], other)

    def test_a_record_without_its_arn_counts_all_the_same(self):
        bare = lambda record, key: {k: v for k, v in record.items() if k != key}
        for document, words in (({"DomainStatus": bare(search(Endpoint="x"), "ARN")}, "OpenSearch domain (public, no interface): logs"),
                                ({"DomainStatusList": [bare(search(), "ARN")]}, "OpenSearch domain (public, no interface): logs"),
                                ({"ClusterInfoList": [bare(msk(), "ClusterArn")]}, "MSK cluster bus")):
            output = self.lines(document)
            self.assertTrue(named(output, ["not_covered", "missing"], words), output["not_covered"])
            self.assertEqual(output["ignored"], [])
        for document in ({"Accelerators": [{"Name": "a", "DnsName": "d", "Enabled": True}]}, {"tasks": [bare(task(), "taskArn")]}):
            self.assertTrue(self.lines(document)["unread"], document)

    def test_the_interface_that_a_document_names_is_missing_where_it_is_not_there(self):
        nat = {"NatGatewayId": "nat-1", "VpcId": "vpc-1", "State": "available", "NatGatewayAddresses": [{"NetworkInterfaceId": "eni-9", "PublicIp": "198.51.100.9"}]}
        eice = {"InstanceConnectEndpointId": "eice-1", "OwnerId": ACCOUNT, "VpcId": "vpc-1", "State": "create-complete", "NetworkInterfaceIds": ["eni-9"]}
        for key, record, state, gone, words in (("NatGateways", nat, "State", "deleted", "NAT gateway nat-1"), ("tasks", task(), "lastStatus", "STOPPED", "ECS task 0a1b (web)"),
                                                ("InstanceConnectEndpoints", eice, "State", "delete-complete", "EC2 Instance Connect Endpoint eice-1")):
            output = self.lines({key: [record]})
            self.assertEqual([m["text"] for m in output["missing"]], ["missing: interface eni-9 of " + words])
            self.assertEqual(self.lines({key: [{**record, state: gone}]})["missing"], [])
            without = world()
            del without["NetworkInterfaces"]  # of which one line says it for all
            self.assertFalse(named(self.lines({key: [record]}, estate=without), ["missing"], "eni-9"))
        nat["NatGatewayAddresses"][0]["NetworkInterfaceId"] = "eni-1"
        self.assertIn("NAT gateway nat-1 with its public address 198.51.100.9", self.lines({"NatGateways": [nat]})["missing"][0]["text"])

    def test_what_of_a_record_is_not_told_may_be_so(self):
        bare = lambda record, key: {k: v for k, v in record.items() if k != key}
        eice = {"InstanceConnectEndpointId": "eice-1", "VpcId": "vpc-1", "State": "create-complete", "NetworkInterfaceIds": ["eni-9"]}
        for documents_, list_ in (({"tasks": [bare(task(), "lastStatus")]}, "missing"), ({"tasks": [bare(task(launchType="FARGATE"), "attachments")]}, "unread"),
                                  ({"InstanceConnectEndpoints": [bare(eice, "State")]}, "missing"), ({"InstanceConnectEndpoints": [bare(eice, "NetworkInterfaceIds")]}, "unread"),
                                  ({"ClusterInfoList": [bare(msk("DISABLED"), "Provisioned")]}, "missing"), ({"DistributionList": {"Quantity": 2}}, "unread")):
            self.assertTrue(self.lines(documents_)[list_], documents_)
        for documents_ in ({"ClusterInfoList": [{**bare(msk(), "Provisioned"), "Serverless": {}}]}, {"DistributionList": {"Quantity": 0}}):
            output = self.lines(documents_)
            self.assertEqual((output["missing"], output["unread"]), ([], []), documents_)

    def test_an_elastic_address_in_use_without_its_address_is_not_understood_and_addresses_that_are_absent_are_assumed(self):
        used = {"AllocationId": "eipalloc-1", "AssociationId": "eipassoc-1", "NetworkInterfaceId": "eni-1", "PublicIp": V4}
        self.assertEqual(self.lines({"Addresses": [used]})["missing"], [])
        self.assertFalse(named(self.lines({"Addresses": [used]}), ["assumptions"], "Addresses"))
        self.assertTrue(named(self.lines(), ["assumptions"], "Addresses absent: no Elastic IP address"))
        del used["PublicIp"]
        self.assertEqual([u["path"] for u in self.lines({"Addresses": [used]})["unread"]], ["Addresses[0].PublicIp"])
        for other in ("CarrierIp", "CustomerOwnedIp"):
            self.assertEqual(self.lines({"Addresses": [{**used, other: V4}]})["unread"], [])
        self.assertEqual(self.lines({"Addresses": [{"AllocationId": "eipalloc-1"}]})["unread"], [])


if __name__ == "__main__":
    unittest.main()
