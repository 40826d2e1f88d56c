"""States in which AWS says that things are, and what is absent of them: each value of each enumeration that is read is decided, none silently."""
import gzip
import importlib.util
import json
import os
import pathlib
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import common
from test_balancer_targets import Behind
from test_constructs_gates import Gates, SUBNET, VPC, blocked, world
from test_load_balancers import balanced
from test_snapshots import permission
from test_world import MAYBE, REACHED, V4, V6, documents, each, folder, named

NEW = "a-new-word"
SHUT = {V4: "no", V6: "no"}


def words(service, shape):
    """The values of an enumeration of botocore's model, or None where botocore is not there."""
    found = importlib.util.find_spec("botocore")
    if found is None:
        return None
    model = max((pathlib.Path(found.origin).parent / "data" / service).glob("*/service-2.json.gz"))
    return set(json.loads(gzip.decompress(model.read_bytes()))["shapes"].get(shape, {"enum": ()})["enum"])  # none: it is newer than that botocore


class Enumerations(unittest.TestCase):
    # Every value that src/aws/documents decides by name, or takes as not sure.
    KNOWN = {
        ("ec2", "NetworkInterfaceStatus"): "available associated attaching in-use detaching",
        ("ec2", "AttachmentStatus"): "attaching attached detaching detached",
        ("ec2", "RouteTableAssociationStateCode"): "associating associated disassociating disassociated failed",
        ("ec2", "RouteState"): "active blackhole filtered",
        ("ec2", "RouteOrigin"): "CreateRouteTable CreateRoute EnableVgwRoutePropagation Advertisement",
        ("ec2", "SubnetState"): "pending available unavailable failed failed-insufficient-capacity",
        ("ec2", "VpcState"): "pending available deleting",
        ("ec2", "PrefixListState"): "create-in-progress create-complete create-failed modify-in-progress modify-complete modify-failed "
                                    "restore-in-progress restore-complete restore-failed delete-in-progress delete-complete delete-failed",
        ("ec2", "VpcBlockPublicAccessState"): "default-state update-in-progress update-complete",
        ("ec2", "VpcBlockPublicAccessExclusionState"): "create-in-progress create-complete create-failed update-in-progress update-complete "
                                                       "update-failed delete-in-progress delete-complete disable-in-progress disable-complete",
        ("ec2", "VpcBlockPublicAccessExclusionsAllowed"): "allowed not-allowed",
        ("ec2", "BlockPublicAccessMode"): "off block-bidirectional block-ingress",
        ("ec2", "InternetGatewayExclusionMode"): "allow-bidirectional allow-egress",
        ("ec2", "InstanceStateName"): "pending running shutting-down terminated stopping stopped",
        ("ec2", "Ipv6AddressAttribute"): "public private",
        ("elbv2", "LoadBalancerStateEnum"): "active provisioning active_impaired failed",
        ("elbv2", "LoadBalancerTypeEnum"): "application network gateway",
        ("elbv2", "LoadBalancerSchemeEnum"): "internet-facing internal",
        ("elbv2", "ProtocolEnum"): "HTTP HTTPS TCP TLS UDP TCP_UDP GENEVE QUIC TCP_QUIC",
        ("elbv2", "ActionTypeEnum"): "forward authenticate-oidc authenticate-cognito redirect fixed-response jwt-validation",
        ("elbv2", "TargetTypeEnum"): "instance ip lambda alb",
        ("elbv2", "TargetGroupIpAddressTypeEnum"): "ipv4 ipv6",
        ("elbv2", "TargetHealthStateEnum"): "initial healthy unhealthy unhealthy.draining unused draining unavailable",
        ("globalaccelerator", "AcceleratorStatus"): "DEPLOYED IN_PROGRESS",
        ("globalaccelerator", "HealthState"): "INITIAL HEALTHY UNHEALTHY",
        ("globalaccelerator", "Protocol"): "TCP UDP",
        ("globalaccelerator", "IpAddressType"): "IPV4 DUAL_STACK",
        ("ec2", "ByoipCidrState"): "advertised deprovisioned failed-deprovision failed-provision pending-advertising "
            "pending-deprovision pending-provision pending-withdrawal provisioned provisioned-not-publicly-advertisable",
        ("ec2", "ConnectivityType"): "private public",
        ("ec2", "ServiceState"): "Pending Available Deleting Deleted Failed",
        ("ec2", "AvailabilityMode"): "zonal regional",
        ("ec2", "FirewallMode"): "monitor enforce",
        ("ec2", "FirewallOnboardingStatus"): "pending active disabling",
        ("ec2", "NetworkFirewallConnectivityType"): "flexible outbound-only bidirectional exclude az-unsupported",
        ("ec2", "NatGatewayState"): "pending failed available deleting deleted",
        ("ec2", "EncryptionStateValue"): "enabling enabled disabling disabled",
        ("ec2", "Ipv6SupportValue"): "enable disable",
        ("ec2", "SecurityGroupReferencingSupportValue"): "enable disable",
        ("ec2", "ApplianceModeSupportValue"): "enable disable",
        ("ec2", "IpSource"): "amazon byoip none",
        ("ec2", "RuleAction"): "allow deny",
        ("ec2", "SubnetCidrBlockStateCode"): "associating associated disassociating disassociated failing failed",
        ("ec2", "VpcCidrBlockStateCode"): "associating associated disassociating disassociated failing failed",
        ("ec2", "TransitGatewayAssociationState"): "associating associated disassociating disassociated",
        ("ec2", "TransitGatewayAttachmentResourceType"): "vpc vpn vpn-concentrator direct-connect-gateway connect peering tgw-peering network-function client-vpn",
        ("ec2", "TransitGatewayAttachmentState"): "initiating initiatingRequest pendingAcceptance rollingBack pending available modifying deleting deleted failed rejected rejecting failing",
        ("ec2", "TransitGatewayPropagationState"): "enabling enabled disabling disabled",
        ("ec2", "TransitGatewayRouteState"): "pending active blackhole deleting deleted",
        ("ec2", "TransitGatewayRouteTableState"): "pending available deleting deleted",
        ("ec2", "TransitGatewayRouteType"): "static propagated system",
        ("ec2", "TransitGatewayState"): "pending available modifying deleting deleted",
        ("ec2", "VpcEncryptionControlExclusionState"): "enabling enabled disabling disabled",
        ("ec2", "VpcEncryptionControlMode"): "monitor enforce",
        ("ec2", "VpcEncryptionControlState"): "enforce-in-progress monitor-in-progress enforce-failed monitor-failed deleting deleted available creating delete-failed",
        ("ec2", "VpcEndpointType"): "Interface Gateway GatewayLoadBalancer Resource ServiceNetwork Tunnel",
        ("ec2", "State"): "PendingAcceptance Pending Available Deleting Deleted Rejected Failed Expired Partial",
        ("ec2", "VpcPeeringConnectionStateReasonCode"): "initiating-request pending-acceptance active deleted rejected failed expired provisioning deleting",
        ("ec2", "VpnState"): "pending available deleting deleted",
        ("ec2", "InternetGatewayBlockMode"): "off block-bidirectional block-ingress",
        ("ec2", "Ec2InstanceConnectEndpointState"): "create-in-progress create-complete create-failed delete-in-progress "
            "delete-complete delete-failed update-in-progress update-complete update-failed",
        ("ec2", "ServiceManaged"): "alb nlb rnat rds lambda-network-connector igw-firewall",
        ("ec2", "NatGatewayApplianceType"): "network-firewall-proxy",
        ("elbv2", "AuthenticateOidcActionConditionalBehaviorEnum"): "deny allow authenticate",
        ("elbv2", "AuthenticateCognitoActionConditionalBehaviorEnum"): "deny allow authenticate",
        ("elbv2", "EnablePrefixForIpv6SourceNatEnum"): "on off",
        ("elbv2", "IpAddressType"): "ipv4 dualstack dualstack-without-public-ipv4",
        ("elbv2", "SourceIpAddressTypeEnum"): "ipv4 ipv6",
        ("elbv2", "TargetAdministrativeOverrideStateEnum"): "unknown no_override zonal_shift_active zonal_shift_delegated_to_dns",
        ("elbv2", "TargetHealthReasonEnum"): "Elb.RegistrationInProgress Elb.InitialHealthChecking Target.ResponseCodeMismatch Target.Timeout Target.FailedHealthChecks Target.NotRegistered "
            "Target.NotInUse Target.DeregistrationInProgress Target.InvalidState Target.IpUnusable Target.HealthCheckDisabled Elb.InternalError",
        ("elbv2", "TransformTypeEnum"): "host-header-rewrite url-rewrite",
        ("globalaccelerator", "CustomRoutingAcceleratorStatus"): "DEPLOYED IN_PROGRESS",
        ("cloudfront", "ConnectionMode"): "direct tenant-only",
        ("cloudfront", "GeoRestrictionType"): "blacklist whitelist none",
        ("cloudfront", "OriginProtocolPolicy"): "http-only match-viewer https-only",
        ("cloudfront", "ViewerMtlsMode"): "required optional passthrough",
        ("cloudfront", "ViewerProtocolPolicy"): "allow-all https-only redirect-to-https",
        ("apigateway", "VpcLinkStatus"): "AVAILABLE PENDING DELETING FAILED",
        ("apigatewayv2", "VpcLinkStatus"): "PENDING AVAILABLE DELETING FAILED INACTIVE",
    }

    # Those that stand in the answers that are read too, and decide nothing about a packet (kinds of interface have a test of their own).
    BESIDE = {
        "apigatewayv2": "VpcLinkVersion",
        "cloudfront": "CertificateSource EventType HttpVersion ICPRecordalStatus IpAddressType ItemSelection Method MinimumProtocolVersion OriginGroupSelectionCriteria "
                "OriginHttpVersion PriceClass SSLSupportMethod SslProtocol VpcIpAddressType",
        "ec2": "AdditionalKeyExchangeRequirement AmdSevSnpSpecification ArchitectureValues AsnAssociationState AutoAcceptSharedAttachmentsValue "
                "AutoProvisionZonesState AutoScalingIpsState BootModeValues CapacityReservationPreference DefaultRouteTableAssociationValue "
                "DefaultRouteTablePropagationValue DeviceType DnsRecordIpType DnsSupportValue DomainType GatewayAssociationState GatewayType HostnameType "
                "HttpTokensState HypervisorType InstanceAutoRecoveryState InstanceBandwidthWeighting InstanceBootModeValues InstanceLifecycleType "
                "InstanceMetadataEndpointState InstanceMetadataOptionsState InstanceMetadataProtocolState InstanceMetadataTagsState InstanceRebootMigrationState "
                "InstanceType IpAddressType ManagedBy MonitoringState MulticastSupportValue MultipathResilienceMode MultipathResilienceStatus NatGatewayAddressStatus "
                "NatGatewayApplianceModifyState NatGatewayApplianceState NestedVirtualizationSpecification DnsNameState PayerResponsibility PayerResponsibilityScope PayerResponsibilityType "
                "PlatformValues ProductCodeValues SecondaryInterfaceStatus SecondaryInterfaceType SecurityGroupVpcAssociationState ServiceConnectivityType ServiceType TelemetryStatus Tenancy "
                "TransitGatewayAttachmentNatGatewaySupportState TunnelInsideIpVersion VirtualizationType VpnEcmpSupportValue VpnStaticRouteSource VpnTunnelBandwidth",
        "elbv2": "AdvertiseTrustStoreCaNamesEnum AnomalyResultEnum ClientCertificateIdentityFilterAction ClientCertificateIdentityFilterField "
                "ClientCertificateIdentityFilterMatchType JwtValidationActionAdditionalClaimFormatEnum MitigationInEffectEnum RedirectActionStatusCodeEnum "
                "TargetAdministrativeOverrideReasonEnum TrustStoreAssociationStatusEnum",
        "globalaccelerator": "ClientAffinity HealthCheckProtocol IpAddressFamily",
    }

    def test_each_enumeration_in_an_answer_that_is_read_is_decided_or_decides_nothing(self):
        """A walk through the output of every call that is read of these services: a new member with an enumeration of its own is looked at by somebody."""
        if importlib.util.find_spec("botocore") is None:
            self.skipTest("botocore is not installed, and could not be")
        import botocore.loaders
        asked = json.loads((common.TOP / "src/aws/read/models.json").read_text())
        for service in ("ec2", "elbv2", "elb", "globalaccelerator", "cloudfront", "apigateway", "apigatewayv2"):
            model, seen, found = botocore.loaders.Loader().load_service_model(service, "service-2"), set(), set()
            left = [model["operations"][name]["output"]["shape"] for name in asked[service]["operations"] if name not in ("DescribeRegions", "DescribeLaunchTemplateVersions")]
            while left:
                name = left.pop()
                shape = model["shapes"][name]
                found |= {name} if "enum" in shape else set()
                if name not in seen:
                    seen.add(name)
                    left += [of["shape"] for of in [*shape.get("members", {}).values(), *(shape[key] for key in ("member", "value") if key in shape)]]
            decided = {shape for of, shape in self.KNOWN if of == service} | {"NetworkInterfaceType"}
            self.assertEqual(found - decided - set(self.BESIDE.get(service, "").split()), set(), service)

    def test_botocore_has_no_value_that_is_not_decided_here(self):
        for (service, shape), known in self.KNOWN.items():
            listed = words(service, shape)
            if listed is None:
                self.skipTest("botocore is not installed, and could not be")
            self.assertLessEqual(listed, set(known.split()), (service, shape))


INSTANCE_STATES = ("pending", "running", "shutting-down", "terminated", "stopping", "stopped")


class Instances(Gates):
    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InstanceState.html
    @each((name, 16 * n, name == word) for name in INSTANCE_STATES for n, word in enumerate(INSTANCE_STATES))
    def test_a_state_whose_word_and_number_differ_is_not_known(self, name, code, same):
        estate = world()
        estate["Reservations"][0]["Instances"][0]["State"] = {"Name": name, "Code": 0x100 + code}  # the high byte is AWS's own
        output = self.compute(folder(documents(estate)))
        self.assertEqual(output["unread"] == [], same)
        if same:
            estate["Reservations"][0]["Instances"][0]["State"] = {"Name": name}
            self.assertEqual(output["endpoints"], self.compute(folder(documents(estate)))["endpoints"])
        else:
            self.assertEqual({(e["address"], e["dormant"], x["certainty"]) for e in output["endpoints"] for x in e["exposures"]}, {(V4, False, "possible"), (V6, False, "possible")})

    @each([("16",), (None,), (17,), (1.5,), (-1,)])
    def test_a_number_that_is_no_state_decides_nothing(self, code):
        estate = world()
        estate["Reservations"][0]["Instances"][0]["State"] = {"Name": "running", "Code": code}
        self.assertEqual({x["certainty"] for e in self.compute(folder(documents(estate)))["endpoints"] for x in e["exposures"]}, {"exact"})

    @each((name, n) for n, name in enumerate(INSTANCE_STATES))
    def test_a_number_without_its_word_is_that_state(self, name, n):
        estate, answers = world(), []
        for state in ({"Name": name}, {"Code": 16 * n}, {"Name": "", "Code": 0x100 + 16 * n}):
            estate["Reservations"][0]["Instances"][0]["State"] = state
            answers.append(self.compute(folder(documents(estate)))["endpoints"])
        self.assertEqual(answers[1:], answers[:1] * 2)

    @each([({},), ({"Name": ""},), ({"Code": 17},), ({"Code": "16"},), ({"Name": None, "Code": None},), (None,), (16,)])
    def test_a_state_that_tells_none_is_not_running(self, state):
        estate = world()
        estate["Reservations"][0]["Instances"][0]["State"] = state
        output = self.compute(folder(documents(estate)))
        self.assertEqual({(e["address"], e["dormant"], x["certainty"]) for e in output["endpoints"] for x in e["exposures"]}, {(V4, False, "possible"), (V6, False, "possible")})
        self.assertTrue(output["unread"])

    def test_a_state_that_only_others_tell_is_not_running_and_where_none_does_that_is_assumed(self):
        estate = world()
        del estate["Reservations"][0]["Instances"][0]["State"]
        for others, certainty in (([], "exact"), ([{"InstanceId": "i-9", "State": {"Name": "running"}}], "possible")):
            estate["Reservations"].append({"Instances": others})
            output = self.compute(folder(documents(estate)))
            self.assertEqual({x["certainty"] for e in output["endpoints"] for x in e["exposures"]}, {certainty})
            self.assertEqual("no instance tells of its State: every one is taken as running" in output["assumptions"], certainty == "exact")
            self.assertEqual(bool(output["unread"]), certainty == "possible")


class GroupsOfAnotherVpc(Gates):
    def estate(self, *states, vpc="vpc-1", group="sg-1"):
        """An interface of vpc-1 with a group of vpc-2; what is told of that one's association with a VPC."""
        estate = world()
        estate["SecurityGroups"][0]["VpcId"] = "vpc-2"
        estate["SecurityGroups"].append({"GroupId": "sg-2", "GroupName": "other", "VpcId": "vpc-2", "IpPermissions": []})
        estate["Vpcs"].append({"VpcId": "vpc-2", "CidrBlock": "10.2.0.0/16"})
        estate["SecurityGroupVpcAssociations"] = [{"GroupId": group, "VpcId": vpc, **({"State": state} if state else {})} for state in states]
        return estate

    def certainty(self, estate):
        self.output = self.compute(folder(documents(estate)))
        return {x["certainty"] for e in self.output["endpoints"] for x in e["exposures"]}

    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_SecurityGroupVpcAssociation.html
    @each([("associated", "exact"), ("associating", "possible"), ("association-failed", "possible"), ("disassociating", "possible"), ("disassociated", "possible"),
           ("disassociation-failed", "possible"), (NEW, "possible"), (None, "possible")])
    def test_an_association_in_each_of_its_states(self, state, answer):
        self.assertEqual(self.certainty(self.estate(state)), {answer})
        self.assertEqual(self.output["unread"], [])
        if answer == "possible":
            self.assertTrue(named(self.output, ["endpoints"], "the association of sg-1 with vpc-1 is %s" % (state or "of no state that is told")))
            self.assertTrue(named(self.output, ["endpoints"], "ec2 describe-security-group-vpc-associations of eni-1"))

    def test_the_enum_of_today_is_decided(self):
        listed = words("ec2", "SecurityGroupVpcAssociationState")
        if listed is None:
            self.skipTest("no botocore")
        self.assertLessEqual(listed, {"associated", "associating", "association-failed", "disassociating", "disassociated", "disassociation-failed"})

    @each([("associated", "disassociated"), ("disassociated", "associated")])
    def test_of_two_that_differ_neither_is_believed(self, one, other):
        self.assertEqual(self.certainty(self.estate(one, other)), {"possible"})

    @each([({},), ({"vpc": "vpc-3"},), ({"group": "sg-2"},)])
    def test_one_of_which_no_association_tells_contradicts_its_interface(self, other):
        self.assertEqual(self.certainty(self.estate(*["associated"] * bool(other), **other)), {"possible"})
        self.assertTrue(named(self.output, ["unread"], "eni-1 has sg-1 of vpc-2, of whose association with vpc-1 nothing is told"))

    def test_where_none_is_told_of_that_is_assumed_and_of_its_own_vpc_none_is_asked(self):
        estate = self.estate()
        del estate["SecurityGroupVpcAssociations"]
        self.assertEqual(self.certainty(estate), {"exact"})
        self.assertTrue(named(self.output, ["assumptions"], "SecurityGroupVpcAssociations absent"))
        estate["SecurityGroups"][0]["VpcId"] = "vpc-1"
        for more in ({}, {"SecurityGroupVpcAssociations": []}):
            self.assertEqual(self.certainty({**estate, **more}), {"exact"})
            self.assertFalse(named(self.output, ["assumptions", "unread"], "ssociat"))


class Interfaces(Gates):
    # Status of the interface, Status of its attachment, and what is reached.
    @each([("in-use", "attached", "exact"), ("in-use", "detached", "possible"), ("in-use", "attaching", "possible"), ("in-use", "detaching", "possible"),
           ("in-use", NEW, "possible"), ("available", "attached", "possible"), ("available", NEW, "possible"), ("associated", "attached", "possible"),
           (NEW, "attached", "possible")])
    def test_an_attachment_in_each_of_its_states_beside_the_interfaces_own(self, status, attachment, answer):
        estate = world(Status=status, Attachment={"InstanceId": "i-1", "DeviceIndex": 0, "Status": attachment})
        self.verdict(estate, {V4: answer, V6: answer})
        if answer == "possible":
            self.verdict(estate, MAYBE, endpoints=attachment if attachment not in ("attached",) else status)

    def test_one_that_is_available_is_dormant(self):
        output = self.compute(folder(documents(world(Status="available", Attachment={"InstanceId": "i-1", "Status": "detached"}))))
        self.assertEqual({e["dormant"] for e in output["endpoints"]}, {True})

    @each([("available", "exact"), ("pending", "possible"), ("unavailable", "possible"), ("failed", "possible"),
           ("failed-insufficient-capacity", "possible"), (NEW, "possible")])
    def test_a_subnet_and_a_vpc_in_each_of_their_states(self, state, answer):
        for kind in ("Subnets", "Vpcs"):
            estate = world()
            estate[kind][0]["State"] = state
            self.verdict(estate, {V4: answer, V6: answer}, **({"endpoints": state} if answer == "possible" else {}))

    @each([("create-complete", "exact"), ("modify-complete", "exact"), ("restore-complete", "exact"), ("create-in-progress", "possible"),
           ("modify-in-progress", "possible"), ("modify-failed", "possible"), ("restore-failed", "possible"), ("delete-in-progress", "possible"),
           (NEW, "possible")])
    def test_a_prefix_list_in_each_of_its_states(self, state, answer):
        estate = world()
        estate["SecurityGroups"][0]["IpPermissions"] = [permission("tcp", (443, 443), lists=["pl-1"])]
        estate["PrefixLists"] = [{"PrefixListId": "pl-1", "PrefixListName": "mine", "State": state, "Cidrs": ["8.8.0.0/16"]}]
        self.verdict(estate, {V4: answer}, 0 if answer == "exact" else 3, **({"missing": state} if answer == "possible" else {}))


class BlockPublicAccess(Gates):
    @each([("drop",), (None,), (7,)])
    def test_a_mode_whose_state_is_not_told_may_be_in_transition(self, state):
        for mode in ("off", "block-ingress", "block-bidirectional"):
            estate = blocked(mode)
            estate["VpcBlockPublicAccessOptions"]["State"] = state
            if state == "drop":
                del estate["VpcBlockPublicAccessOptions"]["State"]
            self.verdict(estate, MAYBE, 3, unread="VpcBlockPublicAccessOptions.State")

    @each([("drop",), (None,), (7,)])
    def test_an_exclusion_whose_state_is_not_told_may_be_in_transition(self, state):
        for what in (SUBNET, VPC):
            estate = blocked(exclusions=[(what, "bidirectional", "create-complete")])
            estate["VpcBlockPublicAccessExclusions"][0]["State"] = state
            if state == "drop":
                del estate["VpcBlockPublicAccessExclusions"][0]["State"]
            self.verdict(estate, MAYBE, 3, unread="VpcBlockPublicAccessExclusions[0].State")

    @each([(None,), ({},), ({"InternetGatewayBlockMode": None},), ([],)])
    def test_states_of_a_subnet_or_vpc_that_are_null_or_empty_tell_nothing_and_nothing_decides_for_them(self, states):
        for kind in ("Subnets", "Vpcs"):
            for mode in ("off", "block-bidirectional"):
                estate = blocked(mode)
                estate[kind][0]["BlockPublicAccessStates"] = states
                self.verdict(estate, MAYBE, 3, unread=kind)

    def test_without_states_the_regions_word_counts(self):
        self.verdict(blocked("off"), REACHED)
        self.verdict(blocked(), SHUT)


class Balancers(Behind):
    @each([("active", "exact"), ("provisioning", "possible"), ("active_impaired", "possible"), ("failed", "possible"), (NEW, "possible")])
    def test_a_load_balancer_in_each_of_its_states(self, state, certainty):
        estate = balanced()
        estate["LoadBalancers"][0]["State"] = {"Code": state}
        self.assertEqual(self.exposures(estate, address="198.51.100.9"), {("tcp", 443, 443): certainty})
        self.assertEqual(self.behind(estate), {("443/HTTPS", "10.0.2.4"): {("8.0.0.0/8", certainty)}})
        self.assertEqual(state in json.dumps(self.outcome(estate)["endpoints"]), certainty == "possible")
        estate["LoadBalancers"][0]["Scheme"] = "internal"
        del estate["NetworkInterfaces"][0]["PrivateIpAddresses"][0]["Association"]
        self.assertEqual(self.outcome(estate)["indirect"], [])

    def unknown(self, more, *, known=(), expect=3):
        """An interface of a load balancer that no document knows, where these kinds of document are there, and empty."""
        estate = balanced()
        for key in ("Listeners", "TargetGroups", "LoadBalancerTargetHealth", "LoadBalancers"):
            del estate[key]
        estate.update({key: [] for key in known})
        del estate["NetworkInterfaces"][0]["Description"], estate["NetworkInterfaces"][0]["RequesterManaged"]
        estate["NetworkInterfaces"][0].update(more)
        found = self.exposures(estate, address="198.51.100.9", expect=expect)
        return found, self.outcome(estate, expect=expect)

    @each([({"InterfaceType": "network_load_balancer"},), ({"InterfaceType": "load_balancer"},), ({"RequesterId": "amazon-elb"},),
           ({"RequesterId": "amazon-elb", "RequesterManaged": True, "Description": "something else"},),
           ({"RequesterId": "amazon-elb", "RequesterManaged": False},),
           ({"RequesterId": "amazon-elb", "Description": "ELB app/gone/0123456789abcdef"},)])
    def test_an_interface_of_a_load_balancer_that_no_document_knows_is_possible_and_missing(self, more):
        found, output = self.unknown(more, known=["LoadBalancers"])
        self.assertEqual(set(found.values()), {"possible"})
        self.assertTrue(named(output, ["missing"], "load balancer"), output["missing"])
        if "Description" not in more or "ELB" not in more["Description"]:
            self.assertTrue(named(output, ["missing"], "the load balancer of eni-front"))
            self.assertEqual(set(self.unknown(more, known=["LoadBalancerDescriptions"])[0].values()), {"possible"})
        found, output = self.unknown(more, expect=0)
        self.assertEqual(set(found.values()), {"exact"})
        self.assertTrue([a for a in output["assumptions"] if a.startswith("LoadBalancers absent")])


if __name__ == "__main__":
    unittest.main()
