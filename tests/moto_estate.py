"""Fills a moto server with a small estate: moto_estate.py ENDPOINT REGION. Prints what it made as JSON."""
import json
import sys

import boto3

endpoint, region = sys.argv[1:]
make = lambda service: boto3.client(service, endpoint_url=endpoint, region_name=region)
ec2, elbv2, elb = make("ec2"), make("elbv2"), make("elb")
vpc = ec2.create_vpc(CidrBlock="10.77.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]["VpcId"]
subnets = [ec2.create_subnet(VpcId=vpc, CidrBlock="10.77.%d.0/24" % i, AvailabilityZone=region + zone)["Subnet"]["SubnetId"] for i, zone in ((1, "a"), (2, "b"))]
gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
for subnet in subnets:
    ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
acl = ec2.create_network_acl(VpcId=vpc)["NetworkAcl"]["NetworkAclId"]
ec2.create_network_acl_entry(NetworkAclId=acl, RuleNumber=90, Protocol="6", RuleAction="deny", Egress=False, CidrBlock="192.0.2.0/24", PortRange={"From": 22, "To": 22})
listed = ec2.create_managed_prefix_list(PrefixListName="offices", MaxEntries=5, AddressFamily="IPv4", Entries=[
    {"Cidr": "203.0.113.0/24", "Description": "Lyon & <Paris>"}, {"Cidr": "198.51.100.0/25"}])["PrefixList"]["PrefixListId"]
group = ec2.create_security_group(GroupName="web", Description="web servers", VpcId=vpc)["GroupId"]
ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[
    {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "all"}], "Ipv6Ranges": [{"CidrIpv6": "::/0"}]},
    {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "PrefixListIds": [{"PrefixListId": listed}]},
    {"IpProtocol": "icmp", "FromPort": 8, "ToPort": -1, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}])
images = ec2.describe_images()["Images"]
instances = [i["InstanceId"] for i in ec2.run_instances(ImageId=images[0]["ImageId"], MinCount=3, MaxCount=3, SubnetId=subnets[0], SecurityGroupIds=[group], TagSpecifications=[
    {"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "web \u00e9\u4e16 \"1\""}]}])["Instances"]]
address = ec2.allocate_address(Domain="vpc")
ec2.associate_address(AllocationId=address["AllocationId"], InstanceId=instances[0])
balancer = elbv2.create_load_balancer(Name="front", Subnets=subnets, SecurityGroups=[group], Scheme="internet-facing")["LoadBalancers"][0]["LoadBalancerArn"]
targets = elbv2.create_target_group(Name="web", Protocol="HTTP", Port=80, VpcId=vpc)["TargetGroups"][0]["TargetGroupArn"]
elbv2.register_targets(TargetGroupArn=targets, Targets=[{"Id": instances[1], "Port": 80}])
elbv2.create_listener(LoadBalancerArn=balancer, Protocol="HTTP", Port=80, DefaultActions=[{"Type": "forward", "TargetGroupArn": targets}])
elb.create_load_balancer(LoadBalancerName="old", Subnets=[subnets[0]], Listeners=[{"Protocol": "HTTP", "LoadBalancerPort": 80, "InstancePort": 8080}])
make("apigateway").create_vpc_link(name="orders", targetArns=[balancer])
make("apigatewayv2").create_vpc_link(Name="shop", SubnetIds=[subnets[0]], SecurityGroupIds=[group])
iam, trails, s3 = make("iam"), make("cloudtrail"), make("s3")
allow = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["ec2:Describe*"], "Resource": "*"}]})
policy = iam.create_policy(PolicyName="look", PolicyDocument=allow)["Policy"]["Arn"]
iam.create_group(GroupName="operators")
iam.attach_group_policy(GroupName="operators", PolicyArn=policy)
iam.create_user(UserName="ann@example.org")
iam.add_user_to_group(UserName="ann@example.org", GroupName="operators")
iam.put_user_policy(UserName="ann@example.org", PolicyName="own", PolicyDocument=allow)
device = iam.create_virtual_mfa_device(VirtualMFADeviceName="ann")["VirtualMFADevice"]["SerialNumber"]
iam.enable_mfa_device(UserName="ann@example.org", SerialNumber=device, AuthenticationCode1="123456", AuthenticationCode2="654321")
s3.create_bucket(Bucket="trail-logs", CreateBucketConfiguration={"LocationConstraint": region})
trails.create_trail(Name="all", S3BucketName="trail-logs", IsMultiRegionTrail=True, EnableLogFileValidation=True)
trails.start_logging(Name="all")
ec2.create_launch_template(LaunchTemplateName="web", LaunchTemplateData={
    "InstanceType": "t3.micro", "NetworkInterfaces": [{"DeviceIndex": 0, "AssociatePublicIpAddress": True}]})
make("rds").create_db_instance(DBInstanceIdentifier="orders", DBInstanceClass="db.t3.micro", Engine="postgres", AllocatedStorage=20,
                               MasterUsername="root", MasterUserPassword="correct-horse-1", PubliclyAccessible=True)
other = ec2.create_vpc(CidrBlock="10.78.0.0/16")["Vpc"]["VpcId"]
private = ec2.create_subnet(VpcId=other, CidrBlock="10.78.1.0/24", AvailabilityZone=region + "a")["Subnet"]["SubnetId"]
peering = ec2.create_vpc_peering_connection(VpcId=vpc, PeerVpcId=other)["VpcPeeringConnection"]["VpcPeeringConnectionId"]
ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=peering)
ec2.create_vpc_peering_connection(VpcId=other, PeerVpcId=vpc)  # pending
ec2.create_route(RouteTableId=table, DestinationCidrBlock="10.78.0.0/16", VpcPeeringConnectionId=peering)
nat = ec2.create_nat_gateway(SubnetId=subnets[1], ConnectivityType="private")["NatGateway"]["NatGatewayId"]
ec2.create_egress_only_internet_gateway(VpcId=vpc)
ec2.create_vpc_endpoint(VpcId=vpc, ServiceName="com.amazonaws.%s.s3" % region, VpcEndpointType="Gateway", RouteTableIds=[table])
hub = ec2.create_transit_gateway(Description="hub")["TransitGateway"]["TransitGatewayId"]
spoke = ec2.create_transit_gateway_vpc_attachment(TransitGatewayId=hub, VpcId=other, SubnetIds=[private])["TransitGatewayVpcAttachment"]["TransitGatewayAttachmentId"]
[hops] = [t["TransitGatewayRouteTableId"] for t in ec2.describe_transit_gateway_route_tables()["TransitGatewayRouteTables"]]  # the default one
ec2.create_transit_gateway_route(TransitGatewayRouteTableId=hops, DestinationCidrBlock="10.78.0.0/16", TransitGatewayAttachmentId=spoke)
ec2.create_transit_gateway_route(TransitGatewayRouteTableId=hops, DestinationCidrBlock="10.99.0.0/16", Blackhole=True)
ec2.enable_transit_gateway_route_table_propagation(TransitGatewayRouteTableId=hops, TransitGatewayAttachmentId=spoke)
vpn = ec2.create_vpn_gateway(Type="ipsec.1")["VpnGateway"]["VpnGatewayId"]
ec2.attach_vpn_gateway(VpnGatewayId=vpn, VpcId=vpc)
site = ec2.create_customer_gateway(Type="ipsec.1", PublicIp="203.0.113.9", BgpAsn=65000)["CustomerGateway"]["CustomerGatewayId"]
ec2.create_vpn_connection(Type="ipsec.1", CustomerGatewayId=site, VpnGatewayId=vpn)
print(json.dumps({"transit_table": hops, "peering": peering, "nat": nat, "vpc": vpc, "address": address["PublicIp"], "group": group, "prefix_list": listed, "balancer": balancer, "targets": targets}))
