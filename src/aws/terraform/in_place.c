// Changes in place that bear on nothing that is exposed, whatever is changed: tags, versions of engines, sizes, images.
// What else differs, or is known only after apply, counts.
#include <string.h>

#include "aws/terraform/plan.h"

// Attributes of databases, clusters and the like; those of CloudFormation by their own names.
static const char *const quiet[] = {"engine_version",
                                    "engine_version_actual",
                                    "version",
                                    "platform_version",
                                    "instance_class",
                                    "node_type",
                                    "allocated_storage",
                                    "max_allocated_storage",
                                    "storage_type",
                                    "storage_throughput",
                                    "iops",
                                    "backup_retention_period",
                                    "backup_window",
                                    "preferred_backup_window",
                                    "maintenance_window",
                                    "preferred_maintenance_window",
                                    "parameter_group_name",
                                    "cluster_parameter_group_name",
                                    "option_group_name",
                                    "apply_immediately",
                                    "allow_major_version_upgrade",
                                    "auto_minor_version_upgrade",
                                    "copy_tags_to_snapshot",
                                    "deletion_protection",
                                    "skip_final_snapshot",
                                    "final_snapshot_identifier",
                                    "delete_automated_backups",
                                    "monitoring_interval",
                                    "monitoring_role_arn",
                                    "performance_insights_enabled",
                                    "performance_insights_kms_key_id",
                                    "performance_insights_retention_period",
                                    "enabled_cloudwatch_logs_exports",
                                    "enabled_cluster_log_types",
                                    "password",
                                    "password_wo",
                                    "password_wo_version",
                                    "master_password",
                                    "latest_restorable_time",
                                    "status",
                                    "upgrade_policy",
                                    "ca_cert_identifier",
                                    "timeouts",
                                    "EngineVersion",
                                    "Version",
                                    "DBInstanceClass",
                                    "AllocatedStorage",
                                    "MaxAllocatedStorage",
                                    "StorageType",
                                    "Iops",
                                    "BackupRetentionPeriod",
                                    "PreferredBackupWindow",
                                    "PreferredMaintenanceWindow",
                                    "DBParameterGroupName",
                                    "AllowMajorVersionUpgrade",
                                    "AutoMinorVersionUpgrade",
                                    "CopyTagsToSnapshot",
                                    "DeletionProtection",
                                    "MonitoringInterval",
                                    "EnablePerformanceInsights",
                                    "MasterUserPassword",
                                    NULL};

// Types that have those attributes, in which each of them means that.
static const char *const with_quiet[] = {"aws_db_instance",
                                         "aws_rds_cluster",
                                         "aws_rds_cluster_instance",
                                         "aws_neptune_cluster",
                                         "aws_neptune_cluster_instance",
                                         "aws_redshift_cluster",
                                         "aws_dms_replication_instance",
                                         "aws_eks_cluster",
                                         "aws_lightsail_database",
                                         "AWS::RDS::DBInstance",
                                         "AWS::RDS::DBCluster",
                                         "AWS::EKS::Cluster",
                                         "AWS::Redshift::Cluster",
                                         NULL};

// What of a container or of how many there are changes with each release. Whether it shares its node's network, and
// the ports of the node that it takes, are others.
static const char *const of_release[] = {"image",
                                         "env",
                                         "env_from",
                                         "args",
                                         "command",
                                         "resources",
                                         "replicas",
                                         "liveness_probe",
                                         "readiness_probe",
                                         "startup_probe",
                                         "image_pull_policy",
                                         "image_pull_secrets",
                                         "min_ready_seconds",
                                         "progress_deadline_seconds",
                                         "revision_history_limit",
                                         "termination_grace_period_seconds",
                                         "strategy",
                                         "generation",
                                         "resource_version",
                                         "wait_for_rollout",
                                         "timeouts",
                                         NULL};
static const char *const releases[] = {"kubernetes_deployment",
                                       "kubernetes_deployment_v1",
                                       "kubernetes_stateful_set",
                                       "kubernetes_stateful_set_v1",
                                       "kubernetes_daemonset",
                                       "kubernetes_daemon_set_v1",
                                       "kubernetes_cron_job",
                                       "kubernetes_cron_job_v1",
                                       "kubernetes_job",
                                       "kubernetes_job_v1",
                                       NULL};

enum { DEEPEST = 24 };

static bool is_said(const cJSON *value)
{
    return value != NULL && !cJSON_IsNull(value);
}

// Whether two values are the same but for members of these names, at any depth.
static bool same_but_for(const cJSON *before, const cJSON *after, const char *const *names, int depth)
{
    const cJSON *one;
    if (!is_said(before) || !is_said(after))
        return is_said(before) == is_said(after);
    if (cJSON_IsArray(before) && cJSON_IsArray(after)) {
        const cJSON *other = after->child;
        for (one = before->child; one != NULL && other != NULL; one = one->next, other = other->next)
            if (depth == DEEPEST || !same_but_for(one, other, names, depth + 1))
                return false;
        return one == NULL && other == NULL;
    }
    if (!cJSON_IsObject(before) || !cJSON_IsObject(after))
        return cJSON_Compare(before, after, true);
    for (int side = 0; side < 2; side++) {
        const cJSON *members = side == 0 ? before : after;
        cJSON_ArrayForEach (one, members)
            if (one->string != NULL && !text_among(one->string, names) &&
                (depth == DEEPEST ||
                 !same_but_for(member(before, one->string), member(after, one->string), names, depth + 1)))
                return false;
    }
    return true;
}

// Whether nothing is unknown but members of these names.
static bool known_but_for(const cJSON *unknown, const char *const *names, int depth)
{
    const cJSON *one;
    if (cJSON_IsTrue(unknown))
        return false;
    cJSON_ArrayForEach (one, unknown)
        if ((one->string == NULL || !text_among(one->string, names)) &&
            (depth == DEEPEST || !known_but_for(one, names, depth + 1)))
            return false;
    return true;
}

static bool is_quiet_by(const struct resource *resource, const char *key)
{
    return strncmp(key, "tags", 4) == 0 || (text_among(resource->type, with_quiet) && text_among(key, quiet)) ||
           (text_among(resource->type, releases) && text_among(key, of_release)) ||
           (text_among(resource->type, releases) &&
            same_but_for(member(resource->before, key), member(resource->after, key), of_release, 0) &&
            known_but_for(member(resource->unknown, key), of_release, 0));
}

bool is_quiet_change(const struct resource *resource)
{
    const cJSON *const sides[] = {resource->unknown, resource->after, resource->before}, *one;
    if (resource->creates || resource->removes || resource->after == NULL)
        return false;
    for (size_t i = 0; i < 3; i++)
        cJSON_ArrayForEach (one, sides[i])
            if (one->string == NULL || (differs(resource, one->string) && !is_quiet_by(resource, one->string)))
                return false;
    return true;
}
