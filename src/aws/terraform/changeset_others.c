// CloudFormation's types that no packet of the internet depends on, and those that are public by one property. A type
// that is on no list is named: it may be new.
#include <string.h>

#include "aws/terraform/changeset.h"
#include "aws/terraform/plan.h"

// Beginnings of types where they end with '*'.
static const char *const harmless[] = {"AWS::AccessAnalyzer::*",
                                       "AWS::ACMPCA::*",
                                       "AWS::AppConfig::*",
                                       "AWS::ApplicationAutoScaling::*",
                                       "AWS::Athena::*",
                                       "AWS::AutoScaling::LifecycleHook",
                                       "AWS::AutoScaling::ScalingPolicy",
                                       "AWS::Backup::*",
                                       "AWS::Budgets::*",
                                       "AWS::CDK::Metadata",
                                       "AWS::CE::*",
                                       "AWS::CertificateManager::*",
                                       "AWS::Chatbot::*",
                                       "AWS::CloudFormation::WaitCondition*",
                                       "AWS::CloudTrail::*",
                                       "AWS::CloudWatch::*",
                                       "AWS::CodeBuild::*",
                                       "AWS::CodeCommit::*",
                                       "AWS::CodeDeploy::*",
                                       "AWS::CodePipeline::*",
                                       "AWS::Cognito::*",
                                       "AWS::Config::*",
                                       "AWS::Detective::*",
                                       "AWS::DLM::*",
                                       "AWS::DynamoDB::*",
                                       "AWS::EC2::CapacityReservation",
                                       "AWS::EC2::CustomerGateway",
                                       "AWS::EC2::DHCPOptions",
                                       "AWS::EC2::FlowLog",
                                       "AWS::EC2::Host",
                                       "AWS::EC2::IPAM*",
                                       "AWS::EC2::KeyPair",
                                       "AWS::EC2::NetworkInsights*",
                                       "AWS::EC2::PlacementGroup",
                                       "AWS::EC2::TransitGateway*",
                                       "AWS::EC2::Volume",
                                       "AWS::EC2::VolumeAttachment",
                                       "AWS::EC2::VPCDHCPOptionsAssociation",
                                       "AWS::EC2::VPCEndpointConnectionNotification",
                                       "AWS::EC2::VPCPeeringConnection",
                                       "AWS::EC2::VPNConnection*",
                                       "AWS::EC2::VPNGateway",
                                       "AWS::ECR::*",
                                       "AWS::ECS::CapacityProvider",
                                       "AWS::ECS::Cluster*",
                                       "AWS::ECS::TaskDefinition",
                                       "AWS::EFS::*",
                                       "AWS::ElastiCache::*",
                                       "AWS::ElasticLoadBalancingV2::ListenerCertificate",
                                       "AWS::Events::*",
                                       "AWS::FSx::*",
                                       "AWS::Glue::Connection",
                                       "AWS::Glue::Crawler",
                                       "AWS::Glue::Database",
                                       "AWS::Glue::Job",
                                       "AWS::Glue::Partition",
                                       "AWS::Glue::SecurityConfiguration",
                                       "AWS::Glue::Table*",
                                       "AWS::Glue::Trigger",
                                       "AWS::Glue::Workflow",
                                       "AWS::GuardDuty::*",
                                       "AWS::IAM::*",
                                       "AWS::Inspector*",
                                       "AWS::Kinesis*",
                                       "AWS::KMS::*",
                                       "AWS::LakeFormation::*",
                                       "AWS::Lambda::Alias",
                                       "AWS::Lambda::EventInvokeConfig",
                                       "AWS::Lambda::EventSourceMapping",
                                       "AWS::Lambda::Function",
                                       "AWS::Lambda::LayerVersion*",
                                       "AWS::Lambda::Permission",
                                       "AWS::Lambda::Version",
                                       "AWS::Logs::*",
                                       "AWS::Macie::*",
                                       "AWS::Organizations::*",
                                       "AWS::RAM::*",
                                       "AWS::RDS::DBClusterParameterGroup",
                                       "AWS::RDS::DBParameterGroup",
                                       "AWS::RDS::DBSubnetGroup",
                                       "AWS::RDS::EventSubscription",
                                       "AWS::RDS::OptionGroup",
                                       "AWS::ResourceGroups::*",
                                       "AWS::Route53::*",
                                       "AWS::S3::*",
                                       "AWS::Scheduler::*",
                                       "AWS::SecretsManager::*",
                                       "AWS::SecurityHub::*",
                                       "AWS::ServiceDiscovery::*",
                                       "AWS::SES::*",
                                       "AWS::Shield::*",
                                       "AWS::SNS::*",
                                       "AWS::SQS::*",
                                       "AWS::SSM::*",
                                       "AWS::SSO::*",
                                       "AWS::StepFunctions::*",
                                       "AWS::Synthetics::*",
                                       "AWS::WAF*",
                                       "AWS::XRay::*"};

bool changeset_is_harmless_type(const char *type)
{
    return type_is_listed(type, harmless, sizeof(harmless) / sizeof(harmless[0]));
}

static const struct {
    const char *type;
    const char *block; // or NULL
    const char *key;
} by_property[] = {
    {"AWS::RDS::DBInstance", NULL, "PubliclyAccessible"},
    {"AWS::Redshift::Cluster", NULL, "PubliclyAccessible"},
    {"AWS::RedshiftServerless::Workgroup", NULL, "PubliclyAccessible"},
    {"AWS::DMS::ReplicationInstance", NULL, "PubliclyAccessible"},
    {"AWS::AmazonMQ::Broker", NULL, "PubliclyAccessible"},
    {"AWS::EKS::Cluster", "ResourcesVpcConfig", "EndpointPublicAccess"},
};

// Only told false, or not there, it is private: defaults differ by where it lies.
static bool is_private_side(const cJSON *values, size_t row)
{
    if (values == NULL)
        return true;
    const cJSON *value =
        member(by_property[row].block == NULL ? values : member(values, by_property[row].block), by_property[row].key);
    return cJSON_IsFalse(value) || text_same(cJSON_GetStringValue(value), "false");
}

bool changeset_is_private(const struct resource *resource)
{
    for (size_t i = 0; i < sizeof(by_property) / sizeof(by_property[0]); i++)
        if (strcmp(by_property[i].type, resource->type) == 0)
            return is_private_side(resource->before, i) && is_private_side(resource->after, i);
    return false;
}
