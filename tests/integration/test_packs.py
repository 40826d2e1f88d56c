"""The packs that come with the program: each control with documents that pass it, that fail it, that are not there, and that
hold nothing of the kind. Probes go to 127.0.0.1 only."""
import copy
import csv
import io
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import common
from oracle import estates
from test_controls import ACCOUNT, ARN, DETAILS, allow, guarded, row, trust, write_account
from test_evidence import Bundles, loopback_estate
from test_load_balancers import balanced, classic
from test_snapshots import entry, permission, plain, with_rules

HERE = ACCOUNT + "/eu-west-3/"
ROLE_PROFILE = ARN + "instance-profile/web"
PACKS = ("fsbp-exposure", "security-hub-exposure", "beyond-exposure", "cis-aws-3.0", "cis-aws-5.0", "cis-aws-7.0", "pci-dss-exposure")


def arn(service, rest):
    return "arn:aws:%s:eu-west-3:%s:%s" % (service, ACCOUNT, rest)


def listener(balancer, number, protocol):
    return {"LoadBalancerArn": balancer, "ListenerArn": balancer.replace(":loadbalancer/", ":listener/") + "/l%d" % number,
            "Protocol": protocol, "Port": 80 + number, "DefaultActions": [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}]}


APP, NET = arn("elasticloadbalancing", "loadbalancer/app/web/1"), arn("elasticloadbalancing", "loadbalancer/net/tcp/2")


def services(public):
    """Documents of other services by name; every thing in them public, or none."""
    yes, on = bool(public), "ENABLED" if public else "DISABLED"
    network = {"awsvpcConfiguration": {"subnets": ["subnet-1"], "assignPublicIp": on}}
    service = {"serviceArn": arn("ecs", "service/shop/web"), "serviceName": "web", "runningCount": 0, "networkConfiguration": network,
               "taskSets": [{"id": "ecs-svc/1", "networkConfiguration": network}]}
    domain = {"DomainName": "logs", "ARN": arn("es", "domain/logs"), **({} if public else {"VPCOptions": {"VPCId": "vpc-1"}})}
    return {
        "list-clusters.ecs": {"clusterArns": [arn("ecs", "cluster/shop")]},
        "list-services.shop": {"serviceArns": [arn("ecs", "service/shop/web")]},
        "describe-services.shop": {"services": [service]},
        "list-clusters.eks": {"clusters": ["kube"]},
        "describe-cluster.kube": {"cluster": {"name": "kube", "arn": arn("eks", "cluster/kube"), "resourcesVpcConfig": {
            "endpointPublicAccess": yes, "publicAccessCidrs": ["203.0.113.0/24"]}}},
        "list-domain-names": {"DomainNames": [{"DomainName": "logs"}]},
        "describe-domain.logs": {"DomainStatus": domain},
        "describe-clusters": {"Clusters": [{"ClusterIdentifier": "dw", "NodeType": "ra3", "PubliclyAccessible": yes, "ClusterStatus": "paused",
                                            "ClusterNamespaceArn": arn("redshift", "namespace:1"), "VpcId": "vpc-1", "ClusterNodes": [],
                                            "Endpoint": {"Port": 5439}, "VpcSecurityGroups": [{"VpcSecurityGroupId": "sg-dw"}]}]},
        "list-clusters-v2": {"ClusterInfoList": [{"ClusterName": "bus", "ClusterArn": arn("kafka", "cluster/bus/1"), "Provisioned": {
            "BrokerNodeGroupInfo": {"ConnectivityInfo": {"PublicAccess": {"Type": "SERVICE_PROVIDED_EIPS" if public else "DISABLED"}}}}}]},
        "describe-replication-instances": {"ReplicationInstances": [{
            "ReplicationInstanceIdentifier": "move", "ReplicationInstanceArn": arn("dms", "rep:1"), "PubliclyAccessible": yes}]},
        "describe-launch-configurations": {"LaunchConfigurations": [{
            "LaunchConfigurationName": "old", "LaunchConfigurationARN": arn("autoscaling", "launchConfiguration:1:old"),
            **({"AssociatePublicIpAddress": True} if public else {})}]},
        "list-workgroups": {"workgroups": [{"workgroupName": "ad-hoc", "workgroupArn": arn("redshift-serverless", "workgroup/1"),
                                            "publiclyAccessible": yes}]},
        "get-block-public-access-configuration": {"BlockPublicAccessConfiguration": {
            "BlockPublicSecurityGroupRules": True,
            "PermittedPublicSecurityGroupRuleRanges": [{"MinRange": 22, "MaxRange": 23 if public else 22}]}},
        "describe-load-balancers": {"LoadBalancers": [
            {"LoadBalancerArn": balancer, "LoadBalancerName": kind, "Type": kind, "Scheme": "internal", "VpcId": "vpc-1",
             "State": {"Code": "active"}, "IpAddressType": "ipv4", "AvailabilityZones": [], "SecurityGroups": []}
            for balancer, kind in ((APP, "application"), (NET, "network"))]},
        "describe-listeners.app": {"Listeners": [listener(APP, 1, "HTTP" if public else "HTTPS")]},
        "describe-listeners.net": {"Listeners": [listener(NET, 2, "TCP" if public else "TLS")]},
        "describe-rules.app": {"Rules": [{"RuleArn": APP.replace(":loadbalancer/", ":listener-rule/") + "/l1/d", "Priority": "default", "IsDefault": True,
                                          "Conditions": [], "Actions": listener(APP, 1, "")["DefaultActions"]}]},
        "describe-load-balancers.classic": {"LoadBalancerDescriptions": [{
            "LoadBalancerName": "old", "VPCId": "vpc-1", "Scheme": "internal", "AvailabilityZones": ["eu-west-3a"], "Subnets": ["subnet-1"],
            "SecurityGroups": ["sg-1"], "Instances": [], "ListenerDescriptions": [{"Listener": {
                "Protocol": "HTTP" if public else "SSL", "LoadBalancerPort": 443, "InstanceProtocol": "HTTP", "InstancePort": 80}}]}]},
        "describe-addresses": {"Addresses": [{"PublicIp": "198.51.100.9", "AllocationId": "eipalloc-9",
                                              **({} if public else {"AssociationId": "a", "NetworkInterfaceId": "eni-1",
                                                                    "PrivateIpAddress": "10.0.0.4"})}]},
        "list-resource-record-sets": {"ResourceRecordSets": [
            {"Name": "shop.example.org.", "Type": "A", "ResourceRecords": [{"Value": "198.51.100.9"}]},
            {"Name": "inside.example.org.", "Type": "A", "ResourceRecords": [{"Value": "10.0.0.4"}]},
            {"Name": "mail.example.org.", "Type": "MX", "ResourceRecords": [{"Value": "10 mx"}]},
            *([{"Name": "gone.example.org.", "Type": "AAAA", "ResourceRecords": [{"Value": "2001:db8:9::1"}]}] if public else [])]},
        "describe-db-instances": {"DBInstances": [{
            "DBInstanceIdentifier": "db", "DBInstanceArn": arn("rds", "db:db"), "PubliclyAccessible": yes,
            "DBSubnetGroup": {"VpcId": "vpc-1", "Subnets": [{"SubnetIdentifier": "subnet-1" if public else "subnet-db"}]}}]},
        "describe-launch-template-versions": {"LaunchTemplateVersions": [{
            "LaunchTemplateId": "lt-1", "DefaultVersion": True,
            "LaunchTemplateData": {"NetworkInterfaces": [{"AssociatePublicIpAddress": yes}]}}]},
        "describe-vpc-block-public-access-options": {"VpcBlockPublicAccessOptions": {
            "AwsAccountId": ACCOUNT, "AwsRegion": "eu-west-3", "State": "update-complete",
            "InternetGatewayBlockMode": "off" if public else "block-ingress"}},
    }


def network(public):
    """EC2's own documents, of one instance."""
    estate = plain()
    for vpc in estate["Vpcs"]:
        vpc["OwnerId"] = ACCOUNT
    interface = estate["NetworkInterfaces"][0]
    interface["PrivateIpAddresses"][0]["Association"]["PublicIp"] = "127.0.0.1"
    interface.update(SourceDestCheck=not public, Ipv6Addresses=[], RequesterManaged=False)
    instance = estate["Reservations"][0]["Instances"][0]
    instance.update(MetadataOptions={"HttpTokens": "optional" if public else "required"},
                    Tags=[{"Key": "aws:elasticmapreduce:instance-group-role", "Value": "MASTER"},
                          {"Key": "aws:elasticmapreduce:job-flow-id", "Value": "j-1"}])
    instance["IamInstanceProfile"] = {"Arn": ROLE_PROFILE, "Id": "x"}
    estate["Reservations"][0]["OwnerId"] = ACCOUNT
    if not public:
        del interface["PrivateIpAddresses"][0]["Association"]
    estate["Subnets"][0].update(MapPublicIpOnLaunch=False, AssignIpv6AddressOnCreation=public)
    estate["Subnets"].append({**estate["Subnets"][0], "SubnetId": "subnet-db", "CidrBlock": "10.0.1.0/24", "AssignIpv6AddressOnCreation": False})
    estate["RouteTables"].append({"RouteTableId": "rtb-db", "VpcId": "vpc-1", "Associations": [{"Main": False, "SubnetId": "subnet-db"}], "Routes": estate["RouteTables"][0]["Routes"][:1]})
    world = [permission("tcp", (low, high), ["0.0.0.0/0"], ["::/0"]) for low, high in ((20, 25), (445, 445), (3389, 3389), (6379, 6379))]
    group = estate["SecurityGroups"][0]
    group.update(OwnerId=ACCOUNT, IpPermissions=world if public else [permission("tcp", (443, 443), ["203.0.113.0/24"])],
                 IpPermissionsEgress=[permission("-1", None, ["0.0.0.0/0"])] if public else [])
    estate["SecurityGroups"] += [
        {"GroupId": "sg-default", "GroupName": "default", "VpcId": "vpc-1", "OwnerId": ACCOUNT, "IpPermissionsEgress": [],
         "IpPermissions": [permission("tcp", (1, 1), ["10.0.0.0/8"])] if public else []},
        {"GroupId": "sg-dw", "GroupName": "dw", "VpcId": "vpc-1", "OwnerId": ACCOUNT, "IpPermissionsEgress": [],
         "IpPermissions": [permission("tcp", (5439, 5439), ["0.0.0.0/1", "128.0.0.0/1"] if public else ["203.0.113.0/24"]),
                           *([permission("tcp", (9, 9), ["64.0.0.0/10"])] if public else [])]}]
    if not public:  # else nothing has the warehouse's group
        interface["Groups"].append({"GroupId": "sg-dw"})
    acl = estate["NetworkAcls"][0]
    acl.update(IsDefault=False, OwnerId=ACCOUNT)
    estate["NetworkAcls"].append({"NetworkAclId": "acl-default", "VpcId": "vpc-1", "OwnerId": ACCOUNT, "IsDefault": True, "Entries": [], "Associations": []})
    if not public:
        acl["Entries"] = [{**entry(50, False, "deny", protocol, cidr=cidr), "PortRange": {"From": 22, "To": 3389}, "RuleNumber": number}
                          for number, (protocol, cidr) in enumerate([(p, c) for p in ("6", "17") for c in ("0.0.0.0/0", "::/0")], 50)] + acl["Entries"]
    return estate


def account(public):
    documents = guarded()
    role = {"RoleName": "web", "Arn": ARN + "role/web", "AssumeRolePolicyDocument": trust(Service="ec2.amazonaws.com"), "AttachedManagedPolicies": [],
            "InstanceProfileList": [{"InstanceProfileName": "web", "Arn": ROLE_PROFILE, "Roles": []}],
            "RolePolicyList": [{"PolicyName": "p", "PolicyDocument": allow("*")}]}
    documents[DETAILS]["RoleDetailList"].append(role)
    return documents


# By control: what its evidence says where it fails, and whether a command is given.
FAIL = {
    "fsbp-exposure/EC2.2": ("sg-default", "1 inbound and 0 outbound rules; it protects nothing", None),
    "fsbp-exposure/EC2.8": ("i-1", "version 1", "--http-tokens required"),
    "fsbp-exposure/EC2.9": ("i-1", "127.0.0.1", None),
    "fsbp-exposure/EC2.15": ("subnet-1", "an IPv6 address", "--no-assign-ipv6-address-on-creation"),
    "fsbp-exposure/EC2.18": ("sg-1", "TCP ports 20-25,445 (Windows file sharing),3389 (Remote Desktop),6379 (Redis)", "aws ec2 revoke-security-group-ingress --region eu-west-3"),
    "fsbp-exposure/EC2.19": ("sg-1", "TCP ports 20-23,25,445", "--group-id sg-1"),
    "fsbp-exposure/EC2.21": ("acl-1", "TCP ports 22,3389", None),
    "fsbp-exposure/EC2.25": ("lt-1", "a public address", None),
    "fsbp-exposure/EC2.172": ("VPC Block Public Access of %s/eu-west-3" % ACCOUNT, "is off", "--internet-gateway-block-mode block-ingress"),
    "fsbp-exposure/EC2.180": ("eni-1", "check is off", "--source-dest-check"),
    "fsbp-exposure/Autoscaling.5": ("old", "AssociatePublicIpAddress", None),
    "fsbp-exposure/DMS.1": ("move", "PubliclyAccessible is on", None),
    "fsbp-exposure/ECS.2": ("shop/web", "assignPublicIp", "aws ecs update-service --region eu-west-3 --cluster shop --service web --network-configuration"),
    "fsbp-exposure/ECS.16": ("ecs-svc/1 of shop/web", "assignPublicIp", None),
    "fsbp-exposure/EKS.1": ("kube", "endpointPublicAccess", "aws eks update-cluster-config --region eu-west-3 --name kube"),
    "fsbp-exposure/ELB.1": (APP, "81/HTTP", "Type=redirect"),
    "fsbp-exposure/ELB.3": ("old", "443/HTTP does not encrypt", None),
    "fsbp-exposure/ELB.18": (NET, "82/TCP does not encrypt", "--protocol TLS --certificates CertificateArn=CERTIFICATE"),
    "fsbp-exposure/EMR.1": ("i-1", "primary node of EMR cluster j-1", None),
    "fsbp-exposure/EMR.2": ("block public access of EMR", "other ports than 22", "aws emr put-block-public-access-configuration --region eu-west-3"),
    "fsbp-exposure/MSK.4": ("bus", "not DISABLED", "ClusterName==`bus`] | [0].CurrentVersion' --output text)"),
    "fsbp-exposure/Opensearch.2": ("logs", "in no VPC", None),
    "fsbp-exposure/RDS.2": ("db", "publicly accessible", "--no-publicly-accessible"),
    "fsbp-exposure/RDS.46": ("db", "igw-1", None),
    "fsbp-exposure/Redshift.1": ("dw", "PubliclyAccessible is on", "aws redshift modify-cluster"),
    "fsbp-exposure/Redshift.15": ("dw", "sg-dw admits 0.0.0.0/0 to its port 5439", "aws ec2 revoke-security-group-ingress --region eu-west-3 --group-id sg-dw"),
    "fsbp-exposure/RedshiftServerless.3": ("ad-hoc", "publiclyAccessible", "update-workgroup"),
    "security-hub-exposure/EC2.12": ("198.51.100.9", "eipalloc-9 is associated with nothing", "release-address"),
    "security-hub-exposure/EC2.13": ("sg-1", "TCP ports 22 (SSH)", "revoke-security-group-ingress"),
    "security-hub-exposure/EC2.14": ("sg-1", "TCP ports 3389", "revoke-security-group-ingress"),
    "security-hub-exposure/EC2.22": ("sg-dw", "no interface has it", "delete-security-group"),
    "security-hub-exposure/EC2.53": ("sg-1", "0.0.0.0/0", "CidrIp"),
    "security-hub-exposure/EC2.54": ("sg-1", "::/0", "CidrIpv6"),
    "beyond-exposure/service-ports": ("sg-1", "6379 (Redis)", "revoke-security-group-ingress"),
    "beyond-exposure/wide-sources": ("sg-dw", "4194304 IPv4 addresses of the internet to TCP ports 9", None),
    "beyond-exposure/idle-addresses": ("198.51.100.9", "associated with nothing", "release-address"),
    "beyond-exposure/dangling-names": ("shop.example.org.", "an Elastic IP address that nothing uses", None),
    "beyond-exposure/unused-groups": ("sg-dw", "no interface has it", "delete-security-group"),
    "beyond-exposure/exposed-roles": ("i-1", "role web, which is an administrator (role web: policy p allows * on *)", None),
    "cis-aws-3.0/2.3.3": ("db", "publicly accessible", "--no-publicly-accessible"),
    "cis-aws-3.0/5.1": ("acl-1", "UDP ports 22,3389", None),
    "cis-aws-3.0/5.2": ("sg-1", "0.0.0.0/0", None),
    "cis-aws-3.0/5.3": ("sg-1", "::/0", None),
    "cis-aws-3.0/5.4": ("sg-default", "rules", None),
    "cis-aws-3.0/5.6": ("i-1", "version 1", None),
    "cis-aws-5.0/2.2.3": ("db", "publicly accessible", None),
    "cis-aws-5.0/5.1.2": ("sg-1", "TCP ports 445", None),
    "cis-aws-5.0/5.2": ("acl-1", "TCP ports", None),
    "cis-aws-5.0/5.3": ("sg-1", "0.0.0.0/0", None),
    "cis-aws-5.0/5.4": ("sg-1", "::/0", None),
    "cis-aws-5.0/5.5": ("sg-default", "rules", None),
    "cis-aws-5.0/5.7": ("i-1", "version 1", None),
    "cis-aws-7.0/3.2.3": ("db", "publicly accessible", None),
    "cis-aws-7.0/6.1.2": ("sg-1", "445", None),
    "cis-aws-7.0/6.2": ("acl-1", "TCP ports", None),
    "cis-aws-7.0/6.3": ("sg-1", "0.0.0.0/0", None),
    "cis-aws-7.0/6.4": ("sg-1", "::/0", None),
    "cis-aws-7.0/6.5": ("sg-default", "rules", None),
    "cis-aws-7.0/6.7": ("i-1", "version 1", None),
    "pci-dss-exposure/1.3.2": ("sg-1", "allows everything to everywhere", None),
    "pci-dss-exposure/1.4.4": ("db", "publicly accessible", None),
}
# Controls of the network that nothing of the public estate fails: the instance has a role, whatever it is.
ROLES = {"cis-aws-3.0/1.18", "cis-aws-5.0/1.17", "cis-aws-7.0/2.16"}
OF_RUN = {"pci-dss-exposure/1.2.5", "pci-dss-exposure/1.3.1", "pci-dss-exposure/1.4.1", "pci-dss-exposure/11.3.2"}  # test_controls.py
LISTS = {  # what is there where nothing of the kind is
    "list-clusters.ecs": {"clusterArns": []}, "list-clusters.eks": {"clusters": []}, "list-domain-names": {"DomainNames": []},
    "describe-clusters": {"Clusters": []}, "list-clusters-v2": {"ClusterInfoList": []},
    "describe-replication-instances": {"ReplicationInstances": []}, "describe-launch-configurations": {"LaunchConfigurations": []},
    "list-workgroups": {"workgroups": []}, "describe-load-balancers": {"LoadBalancers": []},
    "describe-load-balancers.classic": {"LoadBalancerDescriptions": []}, "describe-addresses": {"Addresses": []},
    "list-resource-record-sets": {"ResourceRecordSets": []}, "describe-db-instances": {"DBInstances": []},
    "describe-launch-template-versions": {"LaunchTemplateVersions": []}, "describe-instances": {"Reservations": []},
    "describe-network-interfaces": {"NetworkInterfaces": []}, "describe-security-groups": {"SecurityGroups": []},
    "describe-network-acls": {"NetworkAcls": []}, "describe-subnets": {"Subnets": []}, "describe-vpcs": {"Vpcs": []},
    "describe-route-tables": {"RouteTables": []}, "describe-internet-gateways": {"InternetGateways": []}}


class Packs(Bundles):
    maxDiff = None

    def judge(self, documents, packs=PACKS, intent=None, today="2026-06-30", guards=None):
        """Controls by id, of documents by name."""
        with tempfile.TemporaryDirectory() as folder:
            snapshot, out = pathlib.Path(folder) / "s", pathlib.Path(folder) / "out"
            (snapshot / HERE).mkdir(parents=True)
            for name, document in documents.items():
                if document is not None:
                    (snapshot / HERE / (name + ".json")).write_text(json.dumps(document))
            if guards is not None:
                write_account(snapshot, guards)
            words = [word for pack in packs for word in ("--pack", pack)]
            path = pathlib.Path(folder) / "intent.json"
            if intent is not None:
                path.write_text(json.dumps({"schema": "sgproof/intent/v1", "platform": "p", "default": "allow", "rules": [], **intent}))
                words += ["--intent", path]
            done = common.sgproof("run", "--no-history", "--snapshot", snapshot, "--out", out, "--vantage", "203.0.113.7", "--depth", "declared",
                                  "--method", "connect", *words, *common.ONLY)
            self.assertIn(done.returncode, (0, 1, 3, 4), done.stderr)
            self.documents = json.loads((out / "controls.json").read_text())
            self.verdicts = json.loads((out / "verdicts.json").read_text())["verdicts"]
            self.csv = common.sgproof("report", out, "--format", "csv").stdout
            self.html = (out / "report.html").read_text()
            self.formats = {name: common.sgproof("report", out, "--format", name).stdout for name in ("junit", "ocsf", "sarif", "text")}
        return {c["id"]: c for p in self.documents["packs"] for c in p["controls"]}

    def files(self, public, guards=True):
        names = {"Vpcs": "describe-vpcs", "Subnets": "describe-subnets", "InternetGateways": "describe-internet-gateways",
                 "RouteTables": "describe-route-tables", "NetworkAcls": "describe-network-acls", "SecurityGroups": "describe-security-groups",
                 "NetworkInterfaces": "describe-network-interfaces", "Reservations": "describe-instances"}
        estate = network(public)
        return {**{names[key]: {key: estate[key]} for key in names}, **services(public)}

    def network_controls(self, controls):
        """Those that the account's documents do not decide."""
        return {name: c for name, c in controls.items() if name not in OF_RUN and
                not any(e["fact"] in ACCOUNT_FACTS for e in c["evidence"]) and name not in OF_ACCOUNT}

    def test_each_control_fails_where_it_should_and_says_what_decided_and_what_mends_it(self):
        found = self.judge(self.files(True), guards=account(True))
        for name, (subject, detail, fix) in FAIL.items():
            with self.subTest(control=name):
                control = found[name]
                self.assertEqual(control["result"], "fail", control)
                failing = [e for e in control["evidence"] if e["result"] == "fail"]
                mine = [e for e in failing if e["subject"] == subject and detail in e["detail"]]
                self.assertTrue(mine, failing)
                self.assertIn("before/", mine[0]["reference"], mine[0])
                if fix is not None:
                    self.assertIn(fix, mine[0]["fix"])
                self.assertIn("%s: %s" % (failing[0]["subject"], failing[0]["detail"]), control["decided"])
                self.assertNotIn("\n", control["decided"])
        self.assertEqual({name for name in self.network_controls(found)} - ROLES, set(FAIL))
        self.assertEqual({found[name]["result"] for name in ROLES}, {"pass"})
        self.assertEqual(found["beyond-exposure/exposed-roles"]["severity"], "critical")  # the role is an administrator
        self.assertIn("aws iam delete-role-policy --role-name web --policy-name p", [e["fix"] for e in found["cis-aws-5.0/1.15"]["evidence"]])

    def test_commands_are_words_of_a_shell(self):
        """And what others named is in none that a shell would read otherwise."""
        for name in ("shop/web", "shop/$(id)", "a b/c"):
            documents = self.files(True)
            documents["describe-services.shop"]["services"][0]["serviceName"] = name.split("/")[1]
            for member in ("describe-services.shop", "list-services.shop"):
                documents[member] = json.loads(json.dumps(documents[member]).replace("service/shop/web", "service/" + name))
            commands = [e["fix"] for c in self.judge(documents).values() for e in c["evidence"] if e["fix"]]
            self.assertGreater(len(commands), 40)
            for command in commands:
                self.assertEqual(subprocess.run(["bash", "-n", "-c", command], capture_output=True, text=True).stderr, "", command)
            self.assertEqual([c for c in commands if "$(id)" in c or "a b" in c], [])

    def test_each_control_passes_where_it_should(self):
        found = self.judge(self.files(False), guards=account(False))
        wrong = {name: (c["result"], c["decided"]) for name, c in self.network_controls(found).items() if c["result"] != "pass"}
        self.assertEqual(sorted(wrong), ["beyond-exposure/exposed-roles"], wrong)
        # What the Elastic IP address is on is not in the snapshot, so it may be an instance.
        self.assertEqual(wrong["beyond-exposure/exposed-roles"][0], "not-evaluated", wrong)
        self.assertEqual(found["fsbp-exposure/EKS.1"]["decided"], "1 EKS cluster: not public by its own setting")

    def test_what_is_not_there_is_not_applicable(self):
        found = self.judge({**self.files(False), **LISTS, **dict.fromkeys((
            "describe-services.shop", "list-services.shop", "describe-cluster.kube", "describe-domain.logs", "describe-listeners.app",
            "describe-listeners.net", "describe-rules.app"))})
        rest = {name: (c["result"], c["decided"]) for name, c in self.network_controls(found).items() if c["result"] != "not-applicable"}
        # These two are settings of the account, which are there whatever else is.
        self.assertEqual(sorted(rest), ["fsbp-exposure/EC2.172", "fsbp-exposure/EMR.2"], rest)
        self.assertEqual(found["fsbp-exposure/ECS.2"]["decided"], "ECS services: there are none")

    def test_a_document_that_is_not_there_is_named(self):
        missing = {
            "fsbp-exposure/Autoscaling.5": "autoscaling describe-launch-configurations", "fsbp-exposure/DMS.1": "dms describe-replication-instances",
            "fsbp-exposure/ECS.2": "ecs list-clusters", "fsbp-exposure/ECS.16": "ecs list-clusters", "fsbp-exposure/EKS.1": "eks list-clusters",
            "fsbp-exposure/EMR.2": "emr get-block-public-access-configuration", "fsbp-exposure/MSK.4": "kafka list-clusters-v2",
            "fsbp-exposure/Opensearch.2": "opensearch list-domain-names", "fsbp-exposure/Redshift.1": "redshift describe-clusters",
            "fsbp-exposure/Redshift.15": "redshift describe-clusters", "fsbp-exposure/RedshiftServerless.3": "redshift-serverless list-workgroups",
            "fsbp-exposure/ELB.1": "LoadBalancers", "fsbp-exposure/ELB.3": "LoadBalancerDescriptions", "fsbp-exposure/ELB.18": "LoadBalancers",
            "fsbp-exposure/RDS.2": "DBInstances", "fsbp-exposure/RDS.46": "DBInstances", "fsbp-exposure/EC2.25": "LaunchTemplateVersions",
            "fsbp-exposure/EC2.172": "VpcBlockPublicAccessOptions", "fsbp-exposure/EC2.8": "Reservations", "fsbp-exposure/EC2.9": "Reservations",
            "fsbp-exposure/EMR.1": "Reservations", "fsbp-exposure/EC2.180": "NetworkInterfaces", "fsbp-exposure/EC2.21": "NetworkAcls",
            "fsbp-exposure/EC2.15": "Subnets", "security-hub-exposure/EC2.12": "Addresses", "security-hub-exposure/EC2.22": "NetworkInterfaces",
            "beyond-exposure/dangling-names": "ResourceRecordSets of Route 53", "beyond-exposure/exposed-roles": "Reservations",
            "pci-dss-exposure/1.4.4": "redshift describe-clusters"}
        estate = network(False)
        found = self.judge({"describe-vpcs": {"Vpcs": estate["Vpcs"]}, "describe-security-groups": {"SecurityGroups": estate["SecurityGroups"]}})
        for name, text in missing.items():
            with self.subTest(control=name):
                self.assertEqual(found[name]["result"], "not-evaluated", found[name])
                self.assertIn(text, " ".join(found[name]["missing"]))
                self.assertTrue(found[name]["decided"].startswith("missing: "), found[name]["decided"])

    def test_a_thing_that_a_list_names_and_no_document_describes_is_missing(self):
        documents = self.files(False)
        for name, gone, id in (("fsbp-exposure/EKS.1", "describe-cluster.kube", "kube"), ("fsbp-exposure/Opensearch.2", "describe-domain.logs", "logs"),
                               ("fsbp-exposure/ECS.2", "describe-services.shop", "shop/web")):
            with self.subTest(control=name):
                left = {key: value for key, value in documents.items() if key != gone}
                control = self.judge(left, packs=("fsbp-exposure",))[name]
                self.assertEqual(control["result"], "not-evaluated")
                self.assertIn(id, control["missing"][0])

    def test_a_group_without_interface_is_not_marked_where_interfaces_are_not_all_told(self):
        documents = self.files(True)
        del documents["describe-network-interfaces"]
        found = self.judge(documents, packs=("fsbp-exposure", "security-hub-exposure"))
        self.assertNotIn("protects nothing", json.dumps(found))
        self.assertEqual(found["security-hub-exposure/EC2.22"]["result"], "not-evaluated")

    def test_what_filters_nothing_fails_however_it_is_spelled(self):
        documents = self.files(True)
        sg, default, dw = documents["describe-security-groups"]["SecurityGroups"]
        sg.update(IpPermissions=[permission("tcp", (0, 1023), ["0.0.0.0/1", "128.0.0.0/1"]), permission("tcp", (1024, 65535), ["0.0.0.0/0"])],
                  IpPermissionsEgress=[permission("udp", (0, 65535), [], ["2000::/4", "3000::/4"])])
        # Everything but one block, whichever.
        dw["IpPermissions"] = [permission("tcp", (port, port), blocks, six) for port, blocks, six in (
            (22, ["0.0.0.0/2", "128.0.0.0/1"], []), (15672, ["0.0.0.0/3", "64.0.0.0/2", "128.0.0.0/1"], []), (3389, [], ["2000::/4", "3000::/5", "3800::/6", "3c00::/7"]))]
        documents["describe-network-acls"]["NetworkAcls"][0]["Entries"] = [
            {**entry(90, False, "deny", "6", cidr="0.0.0.0/1"), "PortRange": {"From": 22, "To": 22}}, entry(100, False, "allow", "-1"), entry(100, True, "allow", "-1")]
        found = self.judge(documents, packs=("sec-002", *PACKS))
        failing = lambda name: {subject: "; ".join(e["detail"] for e in found[name]["evidence"] if (e["result"], e["subject"]) == ("fail", subject))
                                for subject in ("sg-1", "sg-dw", "acl-1", "127.0.0.1")}
        self.assertIn("admits every TCP port from everywhere", failing("sec-002/groups-inbound")["sg-1"])
        self.assertIn("allows every UDP port to everywhere", failing("sec-002/groups-outbound")["sg-1"])
        self.assertIn("allows every UDP port to everywhere", failing("pci-dss-exposure/1.3.2")["sg-1"])
        self.assertIn("admits every TCP port", failing("pci-dss-exposure/1.4.1")["127.0.0.1"])
        self.assertIn("TCP ports 22", failing("security-hub-exposure/EC2.13")["sg-dw"])
        self.assertIn("15672 (RabbitMQ console)", failing("beyond-exposure/service-ports")["sg-dw"])
        self.assertIn("::/0 to TCP ports 3389", failing("cis-aws-5.0/5.4")["sg-dw"])
        self.assertIn("TCP ports 22,3389: entry 100", failing("fsbp-exposure/EC2.21")["acl-1"])
        self.assertIn("aws ec2 delete-network-acl-entry --region eu-west-3 --network-acl-id acl-1 --ingress --rule-number 100",
                      [e["fix"] for e in found["fsbp-exposure/EC2.21"]["evidence"] if e["subject"] == "acl-1"])
        # Two groups, each of which admits a half.
        sg["IpPermissions"], dw["IpPermissions"] = [permission("-1", None, ["0.0.0.0/1"])], [permission("-1", None, ["128.0.0.0/1"])]
        documents["describe-network-interfaces"]["NetworkInterfaces"][0]["Groups"] = [{"GroupId": "sg-1"}, {"GroupId": "sg-dw"}]
        entries = documents["describe-network-acls"]["NetworkAcls"][0]["Entries"]
        documents["describe-network-acls"]["NetworkAcls"][0]["Entries"] = []  # so that nothing need be asked
        found = self.judge(documents, packs=("pci-dss-exposure",))
        documents["describe-network-acls"]["NetworkAcls"][0]["Entries"] = entries
        self.assertIn("sg-1 and sg-dw admits everything from everywhere", found["pci-dss-exposure/1.4.1"]["decided"])
        documents["describe-network-interfaces"]["NetworkInterfaces"][0]["Groups"].pop()
        # A half is no anywhere, and what an entry above denies whole is not open.
        dw["IpPermissions"] = [permission("tcp", (22, 22), ["0.0.0.0/1"], ["2000::/4"])]
        sg["IpPermissions"] = []
        documents["describe-network-acls"]["NetworkAcls"][0]["Entries"][0]["CidrBlock"] = "0.0.0.0/0"
        found = self.judge(documents, packs=("fsbp-exposure", "security-hub-exposure"))
        self.assertEqual(found["security-hub-exposure/EC2.13"]["result"], "pass")
        self.assertNotIn("22", found["fsbp-exposure/EC2.21"]["decided"])

    def test_every_port_but_some_is_every_port_and_half_of_them_is_not(self):
        documents = {**self.files(True), "describe-addresses": None}
        for interface in documents["describe-network-interfaces"]["NetworkInterfaces"]:  # so many ports of this machine are others' too: none is asked
            for address in interface["PrivateIpAddresses"]:
                address.pop("Association", None)
        sg = documents["describe-security-groups"]["SecurityGroups"][0]
        open_to_all = lambda *ports: [permission("tcp", one, ["0.0.0.0/0"]) for one in ports]
        sg.update(IpPermissions=open_to_all((0, 21), (23, 65535)), IpPermissionsEgress=open_to_all((1024, 65535)))
        machine = documents["describe-instances"]["Reservations"][0]["Instances"][0]
        machine["MetadataOptions"] = {"HttpTokens": "optional", "HttpEndpoint": "disabled", "State": "applied"}
        found = self.judge(documents, packs=("sec-002", "fsbp-exposure"))
        said = lambda name: "; ".join(e["detail"] for e in found[name]["evidence"] if e["result"] == "fail")
        self.assertIn("admits every TCP port but 22 from everywhere", said("sec-002/groups-inbound"))
        self.assertIn("allows every TCP port but 1-1023 to everywhere", said("sec-002/groups-outbound"))
        self.assertIn("though its endpoint is disabled now", said("fsbp-exposure/EC2.8"))
        sg.update(IpPermissions=open_to_all((32768, 65535)), IpPermissionsEgress=[])
        documents["describe-instances"]["Reservations"][0]["Instances"].append({**machine, "InstanceId": "i-2", "NetworkInterfaces": []})
        found = self.judge(documents, packs=("sec-002", "fsbp-exposure"))
        self.assertNotIn("sg-1", [e["subject"] for e in found["sec-002/groups-inbound"]["evidence"] if e["result"] == "fail"])
        self.assertIn("the interfaces of i-2", found["fsbp-exposure/EC2.9"]["missing"])

    def test_what_the_documents_do_not_say_is_no_pass_and_no_fail(self):
        documents = self.files(False)
        documents["describe-vpcs"]["Vpcs"].append({**documents["describe-vpcs"]["Vpcs"][0], "VpcId": "vpc-2"})
        del documents["describe-subnets"]["Subnets"][0]["MapPublicIpOnLaunch"]
        documents["describe-instances"]["Reservations"][0]["Instances"][0]["MetadataOptions"]["State"] = "pending"
        documents["describe-network-interfaces"]["NetworkInterfaces"].append({"NetworkInterfaceId": "eni-idle", "Status": "available", "VpcId": "vpc-1", "SubnetId": "subnet-1",
            "OwnerId": ACCOUNT, "InterfaceType": "interface", "PrivateIpAddresses": [], "Groups": [], "SourceDestCheck": True, "RequesterManaged": False, "Ipv6Addresses": []})
        documents["describe-addresses"]["Addresses"][0]["NetworkInterfaceId"] = "eni-idle"
        documents["describe-launch-template-versions"]["LaunchTemplateVersions"][0]["DefaultVersion"] = False
        del documents["describe-db-instances"]["DBInstances"][0]["PubliclyAccessible"]
        del documents["describe-replication-instances"]["ReplicationInstances"][0]["PubliclyAccessible"]
        del documents["describe-clusters"]["Clusters"][0]["PubliclyAccessible"]
        del documents["list-clusters-v2"]["ClusterInfoList"][0]["Provisioned"]["BrokerNodeGroupInfo"]
        del documents["describe-cluster.kube"]["cluster"]["resourcesVpcConfig"]["endpointPublicAccess"]
        documents["list-resource-record-sets"]["ResourceRecordSets"].append({"Name": "dns.example.org.", "Type": "A", "ResourceRecords": [{"Value": "8.8.8.8"}]})
        documents["describe-listeners.app"]["Listeners"] = [{**listener(APP, 1, "HTTP"), "DefaultActions": [{"Type": "redirect", "RedirectConfig": {
            "Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}}]}]
        del documents["describe-rules.app"]
        found = self.judge(documents, packs=PACKS)
        for name, text in {"fsbp-exposure/EC2.2": "the default security group of vpc-2", "cis-aws-5.0/5.2": "the default network ACL of vpc-2",
                           "fsbp-exposure/EC2.15": "MapPublicIpOnLaunch of subnet-1", "fsbp-exposure/EC2.8": "State is pending",
                           "fsbp-exposure/EC2.25": "the default version of lt-1", "fsbp-exposure/RDS.2": "PubliclyAccessible of db",
                           "fsbp-exposure/DMS.1": "whether move is public", "fsbp-exposure/MSK.4": "whether bus is public", "fsbp-exposure/EKS.1": "whether kube is public",
                           "fsbp-exposure/Redshift.1": "whether dw is public", "fsbp-exposure/ELB.1": "describe-rules of listener 81/HTTP",
                           "beyond-exposure/dangling-names": "whose address 8.8.8.8 is"}.items():
            with self.subTest(control=name):
                self.assertEqual(found[name]["result"], "not-evaluated", found[name]["decided"])
                self.assertIn(text, " ".join(found[name]["missing"]))
        self.assertIn("attached to nothing", found["security-hub-exposure/EC2.12"]["decided"])
        # The same listener, with rules: one redirects too, another forwards.
        redirect = documents["describe-listeners.app"]["Listeners"][0]["DefaultActions"]
        rule = lambda number, actions: {"RuleArn": APP.replace(":loadbalancer/", ":listener-rule/") + "/l1/r%d" % number, "Priority": str(number), "IsDefault": False,
                                        "Conditions": [{"Field": "path-pattern", "Values": ["/*"]}], "Actions": actions}
        for actions, result in ((redirect, "pass"), ([{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}], "fail")):
            documents["describe-rules.app"] = {"Rules": [rule(1, redirect), rule(2, actions), {**rule(3, redirect), "Priority": "default", "IsDefault": True, "Conditions": []}]}
            self.assertEqual(self.judge(documents, packs=("fsbp-exposure",))["fsbp-exposure/ELB.1"]["result"], result)

    def test_a_setting_that_is_empty_misspelt_or_of_another_deployment_is_no_pass(self):
        documents = self.files(False)
        domain, service = documents["describe-domain.logs"]["DomainStatus"], documents["describe-services.shop"]["services"][0]
        database, action = documents["describe-db-instances"]["DBInstances"][0], documents["describe-listeners.app"]["Listeners"][0]
        documents["list-clusters.ecs"]["clusterArns"].append(arn("ecs", "cluster/two"))
        documents["describe-clusters"]["Clusters"][0]["VpcSecurityGroups"] = []
        del documents["describe-launch-template-versions"]["LaunchTemplateVersions"][0]["LaunchTemplateData"]
        database["DBSubnetGroup"]["Subnets"] = []
        domain["VPCOptions"] = {}
        action["Protocol"] = "http"
        found = self.judge(documents)
        for name, text in {"fsbp-exposure/RDS.46": "the subnets of db", "fsbp-exposure/Opensearch.2": "whether logs is public", "fsbp-exposure/ECS.2": "ecs list-services of two",
                           "fsbp-exposure/ECS.16": "ecs list-services of two", "fsbp-exposure/Redshift.15": "VpcSecurityGroups of dw", "fsbp-exposure/EC2.25": "LaunchTemplateData",
                           "fsbp-exposure/ELB.1": "what protocol http"}.items():
            with self.subTest(control=name):
                self.assertEqual(found[name]["result"], "not-evaluated", found[name]["decided"])
                self.assertIn(text, " ".join(found[name]["missing"]))
        # That list is there, and names no service; the domain has a public endpoint beside its VPC.
        documents["list-services.two"] = {"serviceArns": []}
        domain.update(VPCOptions={"VPCId": "vpc-1"}, Endpoint="search-logs.eu-west-3.es.amazonaws.com")
        service["networkConfiguration"] = {"awsvpcConfiguration": {"subnets": ["subnet-1"], "assignPublicIp": "enabled"}}
        del database["DBSubnetGroup"]
        action.update(Protocol="HTTP", DefaultActions=[{"Type": "forward", "TargetGroupArn": arn("elasticloadbalancing", "targetgroup/x/1"), "RedirectConfig": {"Protocol": "HTTPS"}}])
        found = self.judge(documents, packs=("fsbp-exposure",))
        self.assertEqual({name: found["fsbp-exposure/" + name]["result"] for name in ("RDS.46", "Opensearch.2", "ECS.2", "ECS.16", "ELB.1")},
                         {"RDS.46": "not-evaluated", "Opensearch.2": "not-evaluated", "ECS.2": "not-evaluated", "ECS.16": "pass", "ELB.1": "fail"})
        service["networkConfiguration"]["awsvpcConfiguration"]["assignPublicIp"] = "DISABLED"
        service["deployments"] = [{"id": "ecs-svc/9", "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"], "assignPublicIp": "ENABLED"}}}]
        self.assertEqual(self.judge(documents, packs=("fsbp-exposure",))["fsbp-exposure/ECS.2"]["result"], "fail")

    def test_default_acls_are_asked_by_cis_and_not_by_security_hub(self):
        documents = self.files(True)
        documents["describe-network-acls"]["NetworkAcls"][0]["IsDefault"] = True
        documents["describe-network-acls"]["NetworkAcls"].pop()
        found = self.judge(documents, packs=("fsbp-exposure", "cis-aws-5.0"))
        self.assertEqual((found["fsbp-exposure/EC2.21"]["result"], found["cis-aws-5.0/5.2"]["result"]), ("not-applicable", "fail"))

    def test_what_answers_on_an_instance_with_a_role_is_a_step_higher_by_what_the_role_can_do(self):
        documents = {**self.files(True), "describe-addresses": None}
        documents["describe-security-groups"]["SecurityGroups"][0]["IpPermissions"] = [permission("tcp", (self.port, self.port), ["0.0.0.0/0"])]
        instance = documents["describe-instances"]["Reservations"][0]["Instances"][0]
        severity = lambda: [(v["severity"], " ".join(b["text"] for b in v["because"])) for v in self.verdicts if v.get("from_port") == self.port]
        for actions, expected, says in (("*", "critical", "is an administrator"), ("iam:PutRolePolicy", "critical", "may make itself an administrator"),
                                        ("s3:PutObject", "high", "may do more than read"), ("s3:GetObject", "medium", None)):
            with self.subTest(actions=actions):
                guards = account(True)
                guards[DETAILS]["RoleDetailList"][-1]["RolePolicyList"][0]["PolicyDocument"] = allow(actions)
                self.judge(documents, packs=("beyond-exposure",), guards=guards)
                self.assertEqual([s for s, _ in severity()], [expected])
                if says:
                    self.assertIn("i-1 carries role web, which " + says, severity()[0][1])
                else:
                    self.assertNotIn("carries", severity()[0][1])
        self.judge(documents, packs=("beyond-exposure",))  # the account's documents are not there
        self.assertEqual([s for s, _ in severity()], ["high"])
        self.assertIn("what its role can do is not told", severity()[0][1])
        self.judge(documents, packs=("beyond-exposure",), guards=account(True), intent={})  # expected, by default
        self.assertEqual([s for s, _ in severity()], ["info"])
        del instance["IamInstanceProfile"]
        self.judge(documents, packs=("beyond-exposure",), guards=account(True))
        self.assertEqual([s for s, _ in severity()], ["medium"])

    def test_what_the_vantage_cannot_reach_is_asked_of_the_intent_too(self):
        """Who asks from 203.0.113.7 hears of none of these but the one that is allowed."""
        of_vantage, elsewhere = "203.0.113.7/32", ["8.0.0.0/8", "64.0.0.0/3"]
        group = lambda e, *rules: e["SecurityGroups"][0]["IpPermissions"].extend(rules)
        deny = {**entry(1, False, "deny", "6", cidr=of_vantage), "PortRange": {"From": 1, "To": 65535}}
        web = lambda **more: {"id": "web", "decision": "allow", "protocol": "tcp", "ports": "1-65535", "owner": "us", "reason": "a test", **more}
        asked = [web(sources=["198.51.100.0/24"])]

        def hides(e):  # from who asks, and from nobody else
            group(e, permission("tcp", (22, 22), ["0.0.0.0/0"]))
            e["NetworkAcls"][0]["Entries"].insert(0, deny)

        def stops(e):
            group(e, permission("tcp", (22, 22), ["0.0.0.0/0"]))
            e["Reservations"][0]["Instances"][0]["State"]["Name"] = "stopped"

        def passes_an_appliance(e):
            group(e, permission("tcp", (22, 22), elsewhere))
            e["RouteTables"][0]["Routes"].append({"DestinationCidrBlock": "64.0.0.0/3", "NetworkInterfaceId": "eni-9", "State": "active"})

        cases = {  # by name: what the estate has, the intent's rules, and whether both, or only that of owners, fail
            "from elsewhere": (lambda e: group(e, permission("tcp", (3389, 3389), elsewhere)), [], "fail", "127.0.0.1 3389/tcp"),
            "UDP": (lambda e: group(e, permission("udp", (53, 53), elsewhere)), [], "fail", "127.0.0.1 53/udp"),
            "another protocol": (lambda e: group(e, permission("47", None, elsewhere)), [], "fail", "127.0.0.1 protocol 47"),
            "every protocol": (lambda e: group(e, permission("-1", None, elsewhere)), [web()], "fail", "127.0.0.1 "),
            "all but who asks": (hides, [], "fail", "0.0.0.0/0 except 10.0.0.0/16, " + of_vantage),
            "one that is stopped": (stops, [], "fail", "once it is started"),
            "wider than allowed": (lambda e: group(e, permission("tcp", (22, 22), elsewhere)), asked, "fail", "127.0.0.1 22/tcp"),
            "other ports than allowed": (lambda e: group(e, permission("tcp", (20, 30), elsewhere)), [web(ports="25-65535")], "fail", "127.0.0.1 20-24/tcp"),
            "allowed until yesterday": (lambda e: group(e, permission("tcp", (22, 22), elsewhere)), [web(expires="2020-01-01")], "fail", "127.0.0.1 22/tcp"),
            "forbidden first": (lambda e: group(e, permission("tcp", (22, 22), elsewhere)), [{"id": "no", "decision": "deny", "protocol": "tcp", "ports": "22"}, web()], "fail", "127.0.0.1 22/tcp"),
            "possible": (passes_an_appliance, [web(sources=["8.0.0.0/8"])], "not-evaluated", None),
            "allowed": (lambda e: group(e, permission("tcp", (22, 22), elsewhere)), [web()], "pass", None),
            "allowed exactly": (lambda e: group(e, permission("tcp", (22, 22), elsewhere)), [web(sources=elsewhere, ports="22")], "pass", None),
            "nobody's internet": (lambda e: group(e, permission("tcp", (22, 22), ["10.0.0.0/8", "100.64.0.0/10"])), [], "pass", None),
            "of other groups": (lambda e: e["SecurityGroups"].append({**e["SecurityGroups"][0], "GroupId": "sg-2", "IpPermissions": [permission("tcp", (22, 22), elsewhere)]}), [], "pass", None),
        }
        ping = {"id": "ping", "decision": "allow", "protocol": "icmp", "owner": "us", "reason": "a test"}
        for name, (fault, rules, result, says) in cases.items():
            with self.subTest(name=name):
                estate = loopback_estate(self.port)
                estate["SecurityGroups"][0]["IpPermissions"].pop(0)
                fault(estate)
                names = {"Vpcs": "describe-vpcs", "Subnets": "describe-subnets", "Reservations": "describe-instances"}
                documents = {names.get(key, key): {key: value} for key, value in estate.items() if key != "entries"}
                found = self.judge(documents, packs=("sec-002", "pci-dss-exposure", "pci-dss-segmentation"), intent={"default": "deny", "rules": [ping, *rules]})
                controls = {c: found[c] for c in ("sec-002/only-intended", "pci-dss-exposure/1.2.5", "pci-dss-exposure/1.3.1", "pci-dss-segmentation/1.4.2")}
                self.assertEqual({c: v["result"] for c, v in controls.items()}, dict.fromkeys(controls, result), controls)
                for control in controls.values() if says else ():
                    told = [e for e in control["evidence"] if e["result"] == "fail" and e["fact"] != "nothing-undeclared"]
                    self.assertTrue(all(says in e["subject"] + ": " + e["detail"] for e in told) and told, told)
                    self.assertTrue(all(e["reference"].startswith("exposure.json#/endpoints/0") for e in told), told)

    def test_what_answers_and_is_not_allowed_has_the_command_that_closes_it(self):
        estate = loopback_estate(self.port)
        estate["SecurityGroups"][0]["IpPermissions"].pop()  # of ICMP
        found = self.judge({key: {key: value} for key, value in estate.items() if key != "entries"}, packs=("sec-002", "pci-dss-exposure"),
                           intent={"default": "deny", "rules": []})
        for control, has in (("sec-002/only-intended", True), ("pci-dss-exposure/1.2.5", False)):  # where an owner is missing, it may be meant
            commands = [e["fix"] for e in found[control]["evidence"] if e["subject"].endswith("/tcp")]
            self.assertTrue(commands and all(("revoke-security-group-ingress" in (c or "")) is has for c in commands), commands)

    def test_what_is_allowed_without_owner_or_reason_has_none(self):
        estate = loopback_estate(self.port)
        estate["SecurityGroups"][0]["IpPermissions"][0] = permission("tcp", (22, 22), ["8.0.0.0/8"])
        rules = [{"id": "ping", "decision": "allow", "protocol": "icmp", "owner": "us", "reason": "a test"}, {"id": "web", "decision": "allow", "protocol": "tcp"}]
        found = self.judge({key: {key: value} for key, value in estate.items() if key != "entries"}, packs=("pci-dss-exposure",),
                           intent={"default": "deny", "rules": rules})
        self.assertEqual([found["pci-dss-exposure/" + c]["result"] for c in ("1.2.5", "1.3.1")], ["fail", "pass"])

    def test_a_name_for_aws_s_own_name_of_an_address_leads_to_that_address(self):
        own = "ec2-%s.eu-west-3.compute.amazonaws.com"
        for value, kind, result in ((own % "198-51-100-9", "CNAME", "fail"), (own % "198-51-100-9" + ".", "CNAME", "fail"), ("ec2-198-51-100-9.compute-1.amazonaws.com", "CNAME", "fail"),
                                    (own % "127-0-0-1", "CNAME", "not-applicable"), (own % "8-8-8-8", "CNAME", "not-evaluated"), (own % "999-8-8-8", "CNAME", "not-evaluated"),
                                    ("ip-10-0-0-4.eu-west-3.compute.internal", "CNAME", "not-applicable"), ("ec2-198-51-100-9.example.org", "CNAME", "not-applicable"),
                                    ("web.example.org", "CNAME", "not-applicable"), (own % "198-51-100-9", "TXT", "not-applicable")):
            documents = self.files(True)
            documents["list-resource-record-sets"] = {"ResourceRecordSets": [{"Name": "shop.example.org.", "Type": kind, "ResourceRecords": [{"Value": value}]}]}
            control = self.judge(documents, packs=("beyond-exposure",))["beyond-exposure/dangling-names"]
            self.assertEqual(control["result"], result, (value, control))

    def test_exposed_instances_without_roles_pass_and_where_none_is_exposed_that_is_said(self):
        for public, result in ((False, "not-applicable"), (True, "pass")):
            off = "describe-vpc-block-public-access-options"
            documents = {**self.files(public), **services(False), off: services(public)[off], "describe-addresses": None}
            documents["describe-instances"]["Reservations"][0]["Instances"][0].pop("IamInstanceProfile")
            self.assertEqual(self.judge(documents, packs=("beyond-exposure",))["beyond-exposure/exposed-roles"]["result"], result)

    def test_an_instance_that_the_internet_reaches_behind_a_load_balancer_is_exposed(self):
        def behind(estate, **more):
            instance = estate["Reservations"][0]["Instances"][0]
            instance.update({"IamInstanceProfile": {"Arn": ROLE_PROFILE, "Id": "x"}, **more})
            estate["Reservations"][0]["OwnerId"] = ACCOUNT
            estate["NetworkInterfaces"][0]["PrivateIpAddresses"][0].get("Association", {}).update(PublicIp="127.0.0.1")
            return with_rules(estate)

        def kept_inside():
            estate = balanced()
            estate["LoadBalancers"][0]["Scheme"] = "internal"
            del estate["NetworkInterfaces"][0]["PrivateIpAddresses"][0]["Association"]
            return estate

        def network():
            estate = balanced("network")
            estate["SecurityGroups"][1]["IpPermissions"].append(permission("tcp", (8080, 8080), ["8.0.0.0/8"]))
            return estate

        def half_known():  # something else on the way
            estate = balanced()
            estate["RouteTables"][1]["Routes"].append({"DestinationCidrBlock": "10.0.0.0/24", "NetworkInterfaceId": "eni-9", "State": "active"})
            return estate

        cases = {
            "application": (behind(balanced()), "fail", "behind load balancer front"), "network": (behind(network()), "fail", "behind load balancer front"),
            "classic": (behind(classic()), "fail", "behind load balancer old"),
            "without a role": (behind(balanced(), IamInstanceProfile=None), "pass", "which the internet reaches, without a role"),
            "stopped": (behind(balanced(), State={"Name": "stopped"}), "not-applicable", "the internet reaches none"),
            "internal": (behind(kept_inside()), "not-applicable", "the internet reaches none"),
            "possible": (behind(half_known()), "not-evaluated", "whether the internet reaches i-web behind load balancer front, which is possible"),
        }
        for name, (estate, result, says) in cases.items():
            with self.subTest(name=name):
                if estate["Reservations"][0]["Instances"][0]["IamInstanceProfile"] is None:
                    del estate["Reservations"][0]["Instances"][0]["IamInstanceProfile"]
                found = self.judge({key: {key: value} for key, value in estate.items() if key != "entries"}, packs=("beyond-exposure",), guards=account(True))
                control = found["beyond-exposure/exposed-roles"]
                self.assertEqual(control["result"], result, control)
                self.assertIn(says, " ".join([control["decided"], *control["missing"]]))
                self.assertEqual(control["severity"], "critical" if result == "fail" else "high")

    def test_an_exposed_instance_with_a_role_that_is_not_told_says_so(self):
        found = self.judge(self.files(True), packs=("beyond-exposure",))
        control = found["beyond-exposure/exposed-roles"]
        self.assertEqual((control["result"], control["severity"]), ("fail", "high"))
        self.assertIn("what its role can do is not told", control["decided"])

    # ---- Packs themselves

    def test_without_a_pack_named_these_three_are_judged_each_with_its_version(self):
        done = common.sgproof(*[w for w in self.words_of_run("default") if w != "--no-history"], "--no-history", "--method", "connect")
        self.assertIn(done.returncode, (0, 1, 3, 4), done.stderr)
        packs = json.loads((self.path / "default" / "controls.json").read_text())["packs"]
        self.assertEqual([(p["id"], p["version"]) for p in packs], [("sec-002", None), ("fsbp-exposure", "v1.0.0"), ("cis-aws-5.0", "v5.0.0")])
        self.assertTrue(all(p["scope"] for p in packs[1:]))

    def test_every_built_in_pack_is_well_formed(self):
        folder = pathlib.Path(__file__).parents[2] / "rules" / "packs"
        frameworks = {"cis-aws-3.0", "cis-aws-5.0", "cis-aws-7.0", "security-hub", "nist-800-53-r5", "soc2", "iso-27001-2022", "pci-dss-4.0.1", "prowler"}
        for name in ("sec-002", *PACKS):
            pack = json.loads((folder / (name + ".json")).read_text())
            self.assertEqual(pack["id"], name)
            for control in pack["controls"]:
                of_hub = {*control.get("crosswalk", {}).get("security-hub", []), control["id"].split("/")[1]}  # as Security Hub's own findings relate it
                rows = control.get("crosswalk", {}).get("nist-800-53-r5", [])
                if of_hub & {"CloudTrail.1", "CloudTrail.4"}:
                    self.assertEqual(len(rows), 16 * ("CloudTrail.1" in of_hub) + 5 * ("CloudTrail.4" in of_hub), control["id"])
                    self.assertEqual({"AU-9", "SI-4", "SI-7(1)", "SI-7(3)", "SI-7(7)"} <= set(rows), "CloudTrail.4" in of_hub, control["id"])
                if "EKS.1" in of_hub:
                    self.assertEqual((len(rows), control["crosswalk"]["pci-dss-4.0.1"]), (14, ["1.4.4"]))
                with self.subTest(control=control["id"]):
                    self.assertTrue(control["id"].startswith(name + "/"))
                    self.assertLessEqual(set(control.get("crosswalk", {})), frameworks)
                    for framework, pattern in (("nist-800-53-r5", r"[A-Z]{2}-\d+(\(\d+\))?"), ("soc2", r"CC\d\.\d"), ("iso-27001-2022", r"A\.\d\.\d+"),
                                               ("prowler", "[a-z0-9_]+"), ("cis-aws-5.0", r"\d(\.\d+)+")):
                        for line in control.get("crosswalk", {}).get(framework, []):
                            self.assertRegex(line, "^%s$" % pattern)

    def test_own_packs_have_version_scope_and_crosswalk_and_their_mistakes_are_told(self):
        pack = {"schema": "sgproof/pack/v1", "id": "mine", "title": "Mine", "source": "us", "version": "3", "scope": "all of it", "controls": [
            {"id": "mine/root", "title": "Root", "text": "t", "source": "us", "severity": "low", "crosswalk": {"handbook": ["4.2", "4.3"]},
             "facts": [{"fact": "root-mfa"}]}]}
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "pack.json"
            path.write_text(json.dumps(pack))
            write_account(folder, guarded())
            done = common.sgproof("account", folder, "--pack", path, "--format", "json")
            told = json.loads(done.stdout)["packs"][0]
            self.assertEqual((told["version"], told["scope"], told["controls"][0]["crosswalk"]), ("3", "all of it", {"handbook": ["4.2", "4.3"]}))
            self.assertIn("Mine, 3 (a pack of the maker's own)\n", common.sgproof("account", folder, "--pack", path).stdout)
            for says, crosswalk in (("controls[0].crosswalk.handbook: is empty", {"handbook": []}), ("crosswalk.handbook[0]: expected a row", {"handbook": [4]}),
                                    ("controls[0].crosswalk: expected an object", [])):
                wrong = copy.deepcopy(pack)
                wrong["controls"][0]["crosswalk"] = crosswalk
                path.write_text(json.dumps(wrong))
                done = common.sgproof("account", folder, "--pack", path)
                self.assertEqual(done.returncode, 2, says)
                self.assertIn(says.split(":")[0], done.stderr)

    # ---- Exceptions

    EXCEPTION = {"id": "ssh-until-summer", "control": "*/EC2.13", "subject": "sg-1", "owner": "ann", "reason": "bastion is being built",
                 "expires": "2999-12-31"}

    def test_an_exception_of_the_intent_excepts_what_it_names_until_it_expires(self):
        documents, packs = self.files(True), ("security-hub-exposure",)
        found = self.judge(documents, packs, intent={"exceptions": [self.EXCEPTION]})
        control = found["security-hub-exposure/EC2.13"]
        self.assertEqual(control["result"], "excepted")
        self.assertIn("(excepted: ssh-until-summer)", control["decided"])
        self.assertEqual({e["exception"] for e in control["evidence"] if e["result"] == "fail"}, {"ssh-until-summer"})
        self.assertEqual(found["security-hub-exposure/EC2.14"]["result"], "fail")
        self.assertEqual(self.documents["exceptions"], [{**self.EXCEPTION, "expired": False, "excepts": 2}])  # of either family
        for text in ("bastion is being built", "ssh-until-summer"):
            self.assertIn(text, self.html)
        self.assertIn("1 excepted", self.formats["text"])
        self.assertNotIn("security-hub-exposure/EC2.13/", self.formats["sarif"])
        ocsf = {e["finding_info"]["uid"]: e for e in json.loads(self.formats["ocsf"]) if e["class_uid"] == 2003}
        self.assertEqual(ocsf["security-hub-exposure/EC2.13"]["compliance"]["status"], "Warning")
        for change, excepts in (({"expires": "2020-01-01"}, "expired on 2020-01-01"), ({"subject": "sg-2"}, None), ({"control": "*/EC2.1"}, None)):
            with self.subTest(change=change):
                control = self.judge(documents, packs, intent={"exceptions": [{**self.EXCEPTION, **change}]})["security-hub-exposure/EC2.13"]
                self.assertEqual(control["result"], "fail")
                if excepts:
                    self.assertIn(excepts, control["decided"])

    def test_an_exception_makes_nothing_of_what_is_missing(self):
        documents = self.files(True)
        documents["describe-security-groups"]["SecurityGroups"][0]["IpPermissions"].append(
            {**permission("tcp", (22, 22), []), "PrefixListIds": [{"PrefixListId": "pl-unknown"}]})
        control = self.judge(documents, ("security-hub-exposure",), intent={"exceptions": [self.EXCEPTION]})["security-hub-exposure/EC2.13"]
        self.assertEqual(control["result"], "not-evaluated", control)

    def test_an_exception_must_say_whose_why_and_until_when(self):
        with tempfile.TemporaryDirectory() as folder:
            estates.write(plain(), folder)
            write_account(folder, guarded())
            path = pathlib.Path(folder) / "intent"
            for says, change in (("owner", {"owner": None}), ("reason", {"reason": None}), ("expires", {"expires": None}), ("control", {"control": None}),
                                 ("is no day", {"expires": "2026-02-30"}), ("unknown key", {"more": 1})):
                exception = {key: value for key, value in {**self.EXCEPTION, **change}.items() if value is not None}
                path.write_text(json.dumps({"schema": "sgproof/intent/v1", "platform": "p", "default": "deny", "rules": [], "exceptions": [exception]}))
                done = common.sgproof("account", folder, "--intent", path)
                self.assertEqual(done.returncode, 2, says)
                self.assertIn(says, done.stderr)
            twice = {"schema": "sgproof/intent/v1", "platform": "p", "default": "deny", "rules": [], "exceptions": [self.EXCEPTION] * 2}
            path.write_text(json.dumps(twice))
            self.assertIn("another rule or exception", common.sgproof("account", folder, "--intent", path).stderr)

    # ---- The crosswalk

    def test_csv_has_a_row_a_control_with_the_rows_of_other_frameworks(self):
        self.judge(self.files(True), ("fsbp-exposure", "cis-aws-7.0"))
        rows = {r["control"]: r for r in csv.DictReader(io.StringIO(self.csv)) if r["control"]}
        acl = rows["fsbp-exposure/EC2.21"]
        self.assertEqual((acl["result"], acl["severity"], acl["cis-aws-3.0"], acl["cis-aws-5.0"], acl["cis-aws-7.0"], acl["pci-dss-4.0.1"]),
                         ("fail", "medium", "5.1", "5.2", "6.2", "1.3.1"))
        self.assertIn("SC-7(21)", acl["nist-800-53-r5"])
        self.assertEqual(acl["prowler"], "ec2_networkacl_allow_ingress_tcp_port_22; ec2_networkacl_allow_ingress_tcp_port_3389")
        self.assertEqual((rows["cis-aws-7.0/6.2"]["security-hub"], rows["cis-aws-7.0/6.2"]["cis-aws-7.0"]), ("EC2.21", ""))
        self.assertIn("revoke-security-group-ingress", rows["cis-aws-7.0/6.3"]["fix"])
        self.assertIn("sg-1: admits 0.0.0.0/0", rows["cis-aws-7.0/6.3"]["decided"])
        self.assertIn("Asks the same: cis-aws-3.0 5.1; cis-aws-5.0 5.2", self.html)
        self.assertIn('<a href="before/%sdescribe-network-acls.json">' % HERE, self.html)
        self.assertIn("nist-800-53-r5 SC-7", self.formats["ocsf"])
        self.assertIn("$ aws ec2 revoke-security-group-ingress", self.formats["junit"])


ACCOUNT_FACTS = {"root-mfa", "root-has-no-access-keys", "root-not-used", "password-policy", "users-have-mfa", "credentials-in-use",
                 "one-active-access-key", "no-long-lived-access-keys", "permissions-through-groups", "no-full-administrator-policies",
                 "trail-records-everything", "trails-validate"}
OF_ACCOUNT = {"%s/%s" % (pack, row) for pack, rows in (
    ("cis-aws-3.0", "1.4 1.5 1.6 1.7 1.8 1.9 1.10 1.12 1.13 1.14 1.15 1.16 3.1 3.2"), ("cis-aws-5.0", "1.3 1.4 1.5 1.6 1.7 1.8 1.9 1.11 1.12 1.13 1.14 1.15 3.1 3.2"),
    ("cis-aws-7.0", "2.4 2.5 2.6 2.7 2.8 2.9 2.10 2.11 2.12 2.13 2.14 4.1 4.2")) for row in rows.split()}


class OfAccount(unittest.TestCase):
    """The rows of CIS that IAM and CloudTrail decide, as v5.0.0 numbers them."""
    maxDiff = None
    COLUMNS = {"password_last_used": "2026-06-20T00:00:00+00:00", "password_last_changed": "2026-01-01T00:00:00+00:00"}

    def documents(self):
        documents = guarded()
        documents["get-account-password-policy"]["PasswordPolicy"]["PasswordReusePrevention"] = 24
        documents["list-virtual-mfa-devices"] = {"VirtualMFADevices": []}
        documents["get-credential-report"]["Content"] = [row("<root_account>"), row("ann", **self.COLUMNS), row("bob", **self.COLUMNS)]
        return documents

    def judge(self, documents, pack="cis-aws-5.0"):
        with tempfile.TemporaryDirectory() as folder:
            estates.write(plain(), folder)
            write_account(folder, documents, today="2026-06-30")
            done = common.sgproof("account", folder, "--format", "json", "--date", "2026-06-30", "--pack", pack)
        self.assertIn(done.returncode, (0, 1, 3, 4), done.stderr)
        return {c["id"].split("/")[1]: c for p in json.loads(done.stdout)["packs"] for c in p["controls"]}

    def test_a_guarded_account_passes_every_row_of_every_version(self):
        for pack in ("cis-aws-3.0", "cis-aws-5.0", "cis-aws-7.0"):
            found = self.judge(self.documents(), pack)
            self.assertEqual({name: c["decided"] for name, c in found.items() if c["result"] != "pass"}, {})
            self.assertEqual({"%s/%s" % (pack, name) for name in found}, {name for name in OF_ACCOUNT if name.startswith(pack)})

    def test_each_fault_fails_its_row_and_no_other(self):
        report = lambda d, place, name, **more: d["get-credential-report"]["Content"].__setitem__(place, row(name, **{**self.COLUMNS, **more}))
        user = lambda d: d[DETAILS]["UserDetailList"][0]
        faults = {
            "1.3": lambda d: d["get-account-summary"]["SummaryMap"].update(AccountAccessKeysPresent=1),
            "1.4 1.5": lambda d: d["get-account-summary"]["SummaryMap"].update(AccountMFAEnabled=0),
            "1.5": lambda d: d["list-virtual-mfa-devices"]["VirtualMFADevices"].append({"SerialNumber": ARN + "mfa/root-account-mfa-device",
                                                                                       "User": {"Arn": ARN + "root"}}),
            "1.6": lambda d: report(d, 0, "<root_account>", password_last_used="2026-06-01T00:00:00+00:00"),
            "1.7": lambda d: d["get-account-password-policy"]["PasswordPolicy"].update(MinimumPasswordLength=13),
            "1.8": lambda d: d["get-account-password-policy"]["PasswordPolicy"].update(PasswordReusePrevention=23),
            "1.9": lambda d: report(d, 1, "ann", mfa_active="false"),
            "1.11": lambda d: report(d, 1, "ann", password_last_used="2026-05-16T00:00:00+00:00"),
            "1.11 ": lambda d: report(d, 1, "ann", password_last_used="no_information"),
            "1.11  ": lambda d: report(d, 1, "ann", access_key_1_active="true", access_key_1_last_rotated="2026-05-10T00:00:00+00:00"),
            "1.12": lambda d: report(d, 1, "ann", **{"access_key_%d_%s" % (k, what): value for k in (1, 2) for what, value in (
                ("active", "true"), ("last_rotated", "2026-06-20T00:00:00+00:00"), ("last_used_date", "2026-06-29T00:00:00+00:00"))}),
            "1.13": lambda d: report(d, 1, "ann", access_key_2_active="true", access_key_2_last_rotated="2026-03-20T00:00:00+00:00",
                                     access_key_2_last_used_date="2026-06-29T00:00:00+00:00"),
            "1.14": lambda d: user(d).update(AttachedManagedPolicies=[{"PolicyArn": ARN + "policy/look"}]),
            "1.14 ": lambda d: user(d).update(UserPolicyList=[{"PolicyName": "p", "PolicyDocument": allow("s3:Get*")}]),
            "1.15": lambda d: d[DETAILS]["RoleDetailList"][0].update(AttachedManagedPolicies=[{"PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}]),
            "1.15 ": lambda d: d[DETAILS]["GroupDetailList"][0].update(AttachedManagedPolicies=[{"PolicyArn": ARN + "policy/all"}]),
            "1.15  ": lambda d: d[DETAILS]["RoleDetailList"][0].update(RolePolicyList=[{"PolicyName": "p", "PolicyDocument": allow("*:*", "arn:aws:*")}]),
            "1.15   ": lambda d: d[DETAILS]["RoleDetailList"][0].update(RolePolicyList=[{"PolicyName": "p", "PolicyDocument": allow("*:?*", "arn:aws-cn:*")}]),
            "3.1": lambda d: d["get-trail-status.all"].update(IsLogging=False),
            "3.2": lambda d: d["describe-trails"]["trailList"][0].update(LogFileValidationEnabled=False),
        }
        for rows, fault in faults.items():
            with self.subTest(rows=rows):
                documents = self.documents()
                fault(documents)
                found = self.judge(documents)
                wrong = {name: c["result"] for name, c in found.items() if c["result"] != "pass"}
                self.assertEqual(wrong, dict.fromkeys(rows.split(), "fail"), {n: found[n]["decided"] for n in wrong})

    def test_what_is_not_there_is_named_and_nothing_passes_for_it(self):
        gone = {"get-account-summary": {"1.3", "1.4", "1.5"}, "get-account-password-policy": {"1.7", "1.8"}, "list-virtual-mfa-devices": {"1.5"},
                "get-credential-report": {"1.6", "1.9", "1.11", "1.12", "1.13"}, DETAILS: {"1.14", "1.15"}, "describe-trails": {"3.1", "3.2"},
                "get-event-selectors.all": {"3.1"}}
        for document, rows in gone.items():
            with self.subTest(document=document):
                documents = self.documents()
                del documents[document]
                found = self.judge(documents)
                self.assertEqual({name for name, c in found.items() if c["result"] == "not-evaluated"}, rows)
        documents = self.documents()
        documents[DETAILS]["GroupDetailList"][0]["AttachedManagedPolicies"].append({"PolicyArn": "arn:aws:iam::aws:policy/service-role/New"})
        found = self.judge(documents)["1.15"]
        self.assertEqual((found["result"], found["missing"]), ("not-evaluated", ["the document of policy arn:aws:iam::aws:policy/service-role/New"]))

    def test_without_users_what_asks_about_them_is_not_applicable(self):
        documents = self.documents()
        documents[DETAILS]["UserDetailList"] = []
        documents["get-credential-report"]["Content"] = [row("<root_account>")]
        documents["get-account-summary"]["SummaryMap"]["Users"] = 0
        found = self.judge(documents)
        self.assertEqual({found[name]["result"] for name in ("1.9", "1.11", "1.12", "1.14")}, {"not-applicable"})
        sec = self.judge(documents, "sec-002")
        for name in ("dedicated-users", "least-privilege"):
            self.assertEqual(sec[name]["result"], "not-applicable")
            self.assertIn("users of IAM Identity Center are not looked at", sec[name]["decided"])


if __name__ == "__main__":
    unittest.main()
