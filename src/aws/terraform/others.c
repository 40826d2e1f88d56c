// Resources of types that are not modelled. What can expose something, or bear on what is exposed, is named; what
// cannot is counted. A type that is on no list is named: it may be new.
#include <stdlib.h>
#include <string.h>

#include "aws/terraform/changeset.h"
#include "aws/terraform/plan.h"

// Types, and beginnings of types where they end with '_' or '*', that no packet of the internet depends on: they have
// no address of their own, route nothing and filter nothing; or what they have is private by its nature.
static const char *const harmless[] = {"archive_",
                                       "auth0_",
                                       "datadog_",
                                       "github_",
                                       "gitlab_",
                                       "newrelic_",
                                       "okta_",
                                       "opsgenie_",
                                       "pagerduty_",
                                       "sentry_",
                                       "vault_",
                                       "external",
                                       "http",
                                       "local_",
                                       "kubernetes_cluster_role*",
                                       "kubernetes_config_map*",
                                       "kubernetes_horizontal_pod_autoscaler*",
                                       "kubernetes_limit_range*",
                                       "kubernetes_namespace*",
                                       "kubernetes_persistent_volume*",
                                       "kubernetes_pod_disruption_budget*",
                                       "kubernetes_priority_class*",
                                       "kubernetes_resource_quota*",
                                       "kubernetes_role*",
                                       "kubernetes_secret*",
                                       "kubernetes_service_account*",
                                       "kubernetes_storage_class*",
                                       "null_",
                                       "random_",
                                       "template_",
                                       "terraform_data",
                                       "time_",
                                       "tls_",
                                       "cloudinit_",
                                       "aws_accessanalyzer_",
                                       "aws_account_",
                                       "aws_acm_*",
                                       "aws_acmpca_",
                                       "aws_ami*",
                                       "aws_appautoscaling_",
                                       "aws_appconfig_",
                                       "aws_athena_",
                                       "aws_auditmanager_",
                                       "aws_autoscaling_lifecycle_hook",
                                       "aws_autoscaling_notification",
                                       "aws_autoscaling_policy",
                                       "aws_autoscalingplans_",
                                       "aws_backup_",
                                       "aws_bedrock_",
                                       "aws_budgets_",
                                       "aws_ce_",
                                       "aws_chatbot_",
                                       "aws_cloudfront_cache_policy",
                                       "aws_cloudfront_function",
                                       "aws_cloudfront_key_group",
                                       "aws_cloudfront_origin_access_*",
                                       "aws_cloudfront_origin_request_policy",
                                       "aws_cloudfront_public_key",
                                       "aws_cloudfront_response_headers_policy",
                                       "aws_cloudtrail*",
                                       "aws_cloudwatch_",
                                       "aws_codeartifact_",
                                       "aws_codebuild_",
                                       "aws_codecommit_",
                                       "aws_codedeploy_",
                                       "aws_codepipeline*",
                                       "aws_codestar*",
                                       "aws_cognito_",
                                       "aws_config_",
                                       "aws_cur_",
                                       "aws_customer_gateway",
                                       "aws_dax_subnet_group",
                                       "aws_dax_parameter_group",
                                       "aws_db_cluster_snapshot",
                                       "aws_db_event_subscription",
                                       "aws_db_option_group",
                                       "aws_db_parameter_group",
                                       "aws_db_snapshot*",
                                       "aws_db_subnet_group",
                                       "aws_db_instance_role_association",
                                       "aws_detective_",
                                       "aws_dlm_",
                                       "aws_docdb_cluster*",
                                       "aws_docdb_subnet_group",
                                       "aws_dynamodb_",
                                       "aws_ebs_",
                                       "aws_ec2_tag",
                                       "aws_ec2_serial_console_access",
                                       "aws_ec2_image_block_public_access",
                                       "aws_ec2_instance_metadata_defaults",
                                       "aws_ec2_capacity_reservation",
                                       "aws_ec2_host",
                                       "aws_ec2_transit_gateway*",
                                       "aws_ecr_",
                                       "aws_ecrpublic_",
                                       "aws_ecs_cluster*",
                                       "aws_ecs_account_setting_default",
                                       "aws_ecs_capacity_provider",
                                       "aws_ecs_task_definition",
                                       "aws_efs_",
                                       "aws_eip_domain_name",
                                       "aws_eks_access_*",
                                       "aws_eks_addon",
                                       "aws_eks_identity_provider_config",
                                       "aws_eks_pod_identity_association",
                                       "aws_elasticache_",
                                       "aws_flow_log",
                                       "aws_fsx_",
                                       "aws_glacier_",
                                       "aws_glue_",
                                       "aws_guardduty_",
                                       "aws_iam_",
                                       "aws_identitystore_",
                                       "aws_imagebuilder_",
                                       "aws_inspector*",
                                       "aws_key_pair",
                                       "aws_kinesis_*",
                                       "aws_kms_",
                                       "aws_lakeformation_",
                                       "aws_lambda_alias",
                                       "aws_lambda_code_signing_config",
                                       "aws_lambda_event_source_mapping",
                                       "aws_lambda_function",
                                       "aws_lambda_function_event_invoke_config",
                                       "aws_lambda_layer_*",
                                       "aws_lambda_permission",
                                       "aws_lambda_provisioned_concurrency_config",
                                       "aws_lambda_invocation",
                                       "aws_licensemanager_",
                                       "aws_macie*",
                                       "aws_msk_configuration",
                                       "aws_msk_scram_secret_association",
                                       "aws_nat_gateway_*",
                                       "aws_neptune_cluster_parameter_group",
                                       "aws_neptune_parameter_group",
                                       "aws_neptune_subnet_group",
                                       "aws_oam_",
                                       "aws_organizations_",
                                       "aws_placement_group",
                                       "aws_ram_",
                                       "aws_rds_cluster_parameter_group",
                                       "aws_rds_cluster_role_association",
                                       "aws_redshift_parameter_group",
                                       "aws_redshift_subnet_group",
                                       "aws_resourcegroups_",
                                       "aws_route53_*",
                                       "aws_route53domains_",
                                       "aws_s3_*",
                                       "aws_s3control_",
                                       "aws_scheduler_",
                                       "aws_schemas_",
                                       "aws_secretsmanager_",
                                       "aws_securityhub_",
                                       "aws_service_discovery_",
                                       "aws_servicecatalog_",
                                       "aws_servicequotas_",
                                       "aws_ses_*",
                                       "aws_sesv2_",
                                       "aws_sfn_",
                                       "aws_shield_",
                                       "aws_signer_",
                                       "aws_snapshot_create_volume_permission",
                                       "aws_sns_",
                                       "aws_sqs_",
                                       "aws_ssm_",
                                       "aws_ssmincidents_",
                                       "aws_ssoadmin_",
                                       "aws_synthetics_",
                                       "aws_timestreamwrite_",
                                       "aws_volume_attachment",
                                       "aws_vpc_dhcp_options*",
                                       "aws_vpc_endpoint_connection_notification",
                                       "aws_vpc_endpoint_policy",
                                       "aws_vpc_endpoint_private_dns",
                                       "aws_vpc_endpoint_security_group_association",
                                       "aws_vpc_endpoint_service*",
                                       "aws_vpc_endpoint_subnet_association",
                                       "aws_vpc_ipam*",
                                       "aws_vpc_peering_connection*",
                                       "aws_vpn_connection*",
                                       "aws_vpn_gateway",
                                       "aws_vpn_gateway_attachment",
                                       "aws_wafregional_",
                                       "aws_wafv2_",
                                       "aws_waf_",
                                       "aws_xray_"};

// Of those beginnings, types that can all the same.
static const char *const exposing[] = {
    "aws_glue_dev_endpoint",                  // has a public address where it has no subnet
    "aws_servicecatalog_provisioned_product", // makes what its product says
    "aws_vpc_endpoint_service",               // brings clients of others to a load balancer
    "aws_vpc_endpoint_service_allowed_principal",
};

// Filters of requests on their way to what is behind load balancers, of which the rules are not read: a new one lets
// nothing more through.
static const char *const filters[] = {"aws_wafregional_*",
                                      "aws_wafv2_ip_set",
                                      "aws_wafv2_regex_pattern_set",
                                      "aws_wafv2_rule_group",
                                      "aws_wafv2_web_acl",
                                      "aws_wafv2_web_acl_association",
                                      "aws_wafv2_web_acl_rule_group_association",
                                      "AWS::WAFRegional::*",
                                      "AWS::WAFv2::IPSet",
                                      "AWS::WAFv2::RegexPatternSet",
                                      "AWS::WAFv2::RuleGroup",
                                      "AWS::WAFv2::WebACL",
                                      "AWS::WAFv2::WebACLAssociation"};

static bool begins(const char *text, const char *with)
{
    size_t length = strlen(with);
    if (with[length - 1] == '*')
        return strncmp(text, with, length - 1) == 0;
    return with[length - 1] == '_' ? strncmp(text, with, length) == 0 : strcmp(text, with) == 0;
}

bool type_is_listed(const char *type, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (begins(type, list[i]))
            return true;
    return false;
}

bool is_harmless_type(const char *type)
{
    if (strstr(type, "::") != NULL)
        return changeset_is_harmless_type(type);
    return type_is_listed(type, harmless, sizeof(harmless) / sizeof(harmless[0])) &&
           !type_is_listed(type, exposing, sizeof(exposing) / sizeof(exposing[0]));
}

// Types that are public by one attribute: told false before and after, they are not. `block`: where it stands.
static const struct {
    const char *type;
    const char *block; // or NULL
    const char *key;
    bool absent_is_private; // AWS's and the provider's default
} by_attribute[] = {
    {"aws_db_instance", NULL, "publicly_accessible", true},
    {"aws_rds_cluster_instance", NULL, "publicly_accessible", false},
    {"aws_neptune_cluster_instance", NULL, "publicly_accessible", true},
    {"aws_redshift_cluster", NULL, "publicly_accessible", false},
    {"aws_redshiftserverless_workgroup", NULL, "publicly_accessible", true},
    {"aws_dms_replication_instance", NULL, "publicly_accessible", false},
    {"aws_mq_broker", NULL, "publicly_accessible", true},
    {"aws_eks_cluster", "vpc_config", "endpoint_public_access", false},
    {"aws_lightsail_database", NULL, "publicly_accessible", true},
};

static bool is_private_side(const cJSON *values, const cJSON *unknown, size_t row)
{
    const char *block = by_attribute[row].block, *key = by_attribute[row].key;
    const cJSON *value;
    if (values == NULL)
        return true; // it is not there
    if (block != NULL) {
        values = cJSON_GetArrayItem(member(values, block), 0);
        unknown = cJSON_GetArrayItem(member(unknown, block), 0);
    }
    value = member(values, key);
    if (cJSON_IsFalse(value))
        return true;
    return by_attribute[row].absent_is_private && (value == NULL || cJSON_IsNull(value)) && !is_unknown(unknown, key);
}

static bool is_private(const struct resource *resource)
{
    for (size_t i = 0; i < sizeof(by_attribute) / sizeof(by_attribute[0]); i++)
        if (strcmp(by_attribute[i].type, resource->type) == 0)
            return is_private_side(resource->before, NULL, i) && is_private_side(resource->after, resource->unknown, i);
    return changeset_is_private(resource);
}

// Whether a resource has IPv6 addresses: its interfaces then may be asked from the internet, whatever its type.
static bool has_ipv6(const struct resource *resource)
{
    static const char *const keys[] = {"ip_address_type", "network_type", "resolver_endpoint_type",
                                       "IpAddressType",   "NetworkType",  "ResolverEndpointType"};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        const char *told = cJSON_GetStringValue(member(resource->after, keys[i]));
        if (told != NULL && (strcasestr(told, "dual") != NULL || strcasestr(told, "ipv6") != NULL))
            return true;
    }
    return false;
}

// Whether somewhere within it is told to have, or to give to what it launches, a public address: tasks that a schedule
// or a rule of events begins.
static bool says_public(const cJSON *one, int depth)
{
    static const char *const keys[] = {
        "assign_public_ip",         "associate_public_ip_address", "publicly_accessible",     "AssignPublicIp",
        "AssociatePublicIpAddress", "PubliclyAccessible",          "map_public_ip_on_launch", NULL};
    const char *text = cJSON_GetStringValue(one);
    const cJSON *within;
    if (one->string != NULL && text_among(one->string, keys) &&
        (cJSON_IsTrue(one) || (text != NULL && (strcasecmp(text, "true") == 0 || strcmp(text, "ENABLED") == 0))))
        return true;
    cJSON_ArrayForEach (within, one)
        if (depth < 16 && says_public(within, depth + 1))
            return true;
    return false;
}

// The same of what only apply tells: of an argument of the resource itself, where the configuration may set it.
static bool may_be_public(struct plan_reader *plan, const struct resource *resource)
{
    const struct where where = whole(resource);
    const cJSON *one;
    cJSON_ArrayForEach (one, resource->unknown)
        if (says_public(one, 0) && (cJSON_IsArray(one) || may_be_configured(plan, &where, one->string)))
            return true;
    return false;
}

static bool is_harmless(struct plan_reader *plan, const struct resource *resource)
{
    return is_harmless_type(resource->type) && !has_ipv6(resource) &&
           !(resource->after != NULL && says_public(resource->after, 0)) && !may_be_public(plan, resource) &&
           !(resource->before != NULL && type_is_listed(resource->type, filters, sizeof(filters) / sizeof(filters[0])));
}

// Types that are modelled for what the internet reaches, and whose interfaces inside are the service's own.
static bool has_own_interfaces(const char *type)
{
    static const char *const list[] = {"aws_alb", "aws_elb", "aws_lb", "aws_vpc_endpoint", NULL};
    return text_among(type, list);
}

// Whether what changes can change the routes that virtual private gateways put into tables: those of one that goes no
// longer come before a route to the internet.
static bool moves_propagated(const struct plan_reader *plan, const struct resource *resource)
{
    static const char *const list[] = {
        "aws_vpn_connection",      "aws_vpn_connection_route",     "aws_vpn_gateway",      "aws_vpn_gateway_attachment",
        "AWS::EC2::VPNConnection", "AWS::EC2::VPNConnectionRoute", "AWS::EC2::VPNGateway", NULL};
    if (!text_among(resource->type, list) || is_quiet_change(resource))
        return false;
    bool some = false;
    for (size_t i = 0; i < plan->estate->route_tables.size && !some; i++) {
        const struct route_table *table = plan->estate->route_tables.slots[i].value;
        some = table != NULL && table->propagates;
        for (size_t r = 0; table != NULL && r < table->routes.count && !some; r++)
            some = table->routes.items[r].propagated;
    }
    return some;
}

void list_others(struct plan_reader *plan, bool (*is_modelled)(const char *type))
{
    struct map types = {0};
    size_t count = 0;
    for (size_t i = 0; i < plan->resources.count; i++) {
        const struct resource *one = &plan->resources.items[i];
        if (one->changes && has_own_interfaces(one->type) && !is_quiet_change(one))
            list_carrier(plan, one);
        if (!one->changes || is_modelled(one->type))
            continue;
        if (moves_propagated(plan, one)) {
            say(plan, "%s: the routes that it propagates, or no longer does, are not told", one->address);
            list_carrier(plan, one);
        } else if (is_harmless(plan, one) || is_private(one) || is_quiet_change(one)) {
            count++;
            map_put(plan->arena, &types, one->type, plan);
            if (!is_quiet_change(one))
                list_carrier(plan, one);
        } else {
            say(plan, "%s: %s can bear on what is exposed, and is not modelled", one->address, one->type);
        }
    }
    if (count > 0)
        *vector_add(plan->arena, &plan->report->not_considered) =
            arena_printf(plan->arena, "%zu changing resource%s of %zu type%s that expose nothing", count,
                         count == 1 ? "" : "s", types.count, types.count == 1 ? "" : "s");
}
