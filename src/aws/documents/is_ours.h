// Answers of other services share keys with those that are read (found by walking botocore's models of all services):
// whether a record, or a list, is of the call that calls.c has it for.
#pragma once

#include <stdbool.h>

#include "base/json.h"

bool ours_reservation(const cJSON *record);
bool ours_load_balancer(const cJSON *record);
bool ours_listener(const cJSON *record);
bool ours_listener_rule(const cJSON *record);
bool ours_target_group(const cJSON *record);
bool ours_vpc_endpoint(const cJSON *record);
bool ours_managed_policy(const cJSON *record);
bool ours_listed_user(const cJSON *record);
bool ours_organization(const cJSON *record);
bool ours_parent(const cJSON *record);
bool ours_control_policy(const cJSON *policy);
bool ours_region(const cJSON *record);
bool ours_sign_in_instance(const cJSON *record);
bool ours_prefix_list_entry(const cJSON *record);
bool ours_attribute(const cJSON *record);
bool ours_prefix_list(const cJSON *record);
bool ours_vpc(const cJSON *record);
bool ours_elastic_address(const cJSON *record);
bool ours_byoip_range(const cJSON *record);
bool ours_redshift_cluster(const cJSON *record);
bool ours_ecs_service(const cJSON *record);
bool ours_eks_cluster(const cJSON *record);
bool ours_ecs_task(const cJSON *record);
bool ours_search_domain(const cJSON *record);
bool ours_search_domain_name(const cJSON *record);
bool ours_list_of_names(const cJSON *list);
bool ours_msk_cluster(const cJSON *record);
bool ours_accelerator(const cJSON *record);
bool ours_rest_vpc_link(const cJSON *record);
bool ours_vpc_link(const cJSON *record);
bool ours_endpoint_service(const cJSON *record);
bool ours_web_acl(const cJSON *record);
bool ours_list_of_balancers(const cJSON *list);
bool ours_transfer_server(const cJSON *record);
bool ours_app_runner(const cJSON *record);
bool ours_peering_connection(const cJSON *record);
bool ours_transit_route(const cJSON *record);
bool ours_transit_association(const cJSON *record);
bool ours_object(const cJSON *record);
