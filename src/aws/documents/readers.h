// The readers of records that calls.c names. Each cites AWS's page where it is defined.
#pragma once

#include "aws/documents/reader.h"

// interface.c
bool read_interface(struct reader *reader, const struct json_cursor *at, void *into);
// What an interface's record tells of its addresses and delegated prefixes.
void read_interface_addresses(struct reader *reader, const struct json_cursor *at, struct network_interface *interface);
bool read_reservation(struct reader *reader, const struct json_cursor *at, void *into);
void settle_interfaces(struct reader *reader); // same_interface.c: those that tell of one become one
// rules.c
bool read_security_group(struct reader *reader, const struct json_cursor *at, void *into);
bool read_security_group_rule(struct reader *reader, const struct json_cursor *at, void *into);
void settle_rule_records(struct reader *reader); // rule_records.c
bool read_network_acl(struct reader *reader, const struct json_cursor *at, void *into);
// route_table.c
bool read_route_table(struct reader *reader, const struct json_cursor *at, void *into);
// network.c
bool read_vpc(struct reader *reader, const struct json_cursor *at, void *into);
bool read_internet_gateway(struct reader *reader, const struct json_cursor *at, void *into);
bool read_subnet(struct reader *reader, const struct json_cursor *at, void *into);
bool read_prefix_list(struct reader *reader, const struct json_cursor *at, void *into);
bool read_prefix_list_entry(struct reader *reader, const struct json_cursor *at,
                            void *into); // into: struct prefix_list
bool read_vpc_endpoint(struct reader *reader, const struct json_cursor *at, void *into);
// BlockPublicAccessStates of a subnet or VPC; whether it says anything. Of block_access.c.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_BlockPublicAccessStates.html
bool read_block_states(struct reader *reader, const struct json_cursor *at, enum block_mode *mode);
bool read_block_options(struct reader *reader, const struct json_cursor *at, void *into);
bool read_block_exclusion(struct reader *reader, const struct json_cursor *at, void *into);
bool read_firewall(struct reader *reader, const struct json_cursor *at, void *into); // into: const char *, its name
bool read_firewall_status(struct reader *reader, const struct json_cursor *at, void *into); // the same
bool read_db_instance(struct reader *reader, const struct json_cursor *at, void *into);
bool read_launch_template(struct reader *reader, const struct json_cursor *at, void *into);
// ways.c
void read_endpoint_way(struct reader *reader, const struct json_cursor *at, const char *id);
void read_nat_way(struct reader *reader, const struct json_cursor *at, const char *id);
bool read_egress_gateway(struct reader *reader, const struct json_cursor *at, void *into);
bool read_vpn_gateway(struct reader *reader, const struct json_cursor *at, void *into);
bool read_vpn_connection(struct reader *reader, const struct json_cursor *at, void *into);
bool read_peering_connection(struct reader *reader, const struct json_cursor *at, void *into);
// transit.c
bool read_transit_gateway(struct reader *reader, const struct json_cursor *at, void *into);
void read_transit_way(struct reader *reader, const struct json_cursor *at, const char *id); // an attachment
bool read_transit_vpc_attachment(struct reader *reader, const struct json_cursor *at, void *into);
bool read_transit_route_table(struct reader *reader, const struct json_cursor *at, void *into);
// The next three are of a table: into is struct transit_route_table, or NULL where a file's name does not hold its id.
bool read_transit_route(struct reader *reader, const struct json_cursor *at, void *into);
bool read_transit_association(struct reader *reader, const struct json_cursor *at, void *into);
bool read_transit_propagation(struct reader *reader, const struct json_cursor *at, void *into);
struct transit_route_table *transit_table_of_file(struct reader *reader);
// That what follows is what the document in hand tells of the table.
void transit_answer_begin(struct reader *reader, struct transit_route_table *table, enum kind kind);
void settle_transit(struct reader *reader);
// owner.c
bool read_nat_gateway(struct reader *reader, const struct json_cursor *at, void *into);
// Says that a thing is public; a document that stands twice is one.
void note_public(struct reader *reader, struct public_place *place);
bool read_connect_endpoint(struct reader *reader, const struct json_cursor *at, void *into);
bool read_transit_attachment(struct reader *reader, const struct json_cursor *at, void *into);
bool read_ecs_task(struct reader *reader, const struct json_cursor *at, void *into);
// Why a VPC's encryption control may drop what comes by its internet gateway, or NULL.
const char *read_vpc_encryption(struct reader *reader, const struct json_cursor *at, const char *vpc_id);
// Firewalls between a VPC and its internet gateway, as VPCs, routes and subnets tell of them.
void read_vpc_firewalls(struct reader *reader, const struct json_cursor *at, struct vpc *vpc);
void read_route_firewall(struct reader *reader, const struct json_cursor *at, struct route_table *table);
void read_subnet_firewall(struct reader *reader, const struct json_cursor *at, struct subnet *subnet);
bool read_ecs_service(struct reader *reader, const struct json_cursor *at, void *into);
bool read_ecs_cluster_names(struct reader *reader, const struct json_cursor *at, void *into);
bool read_ecs_service_names(struct reader *reader, const struct json_cursor *at, void *into);
bool read_eks_names(struct reader *reader, const struct json_cursor *at, void *into);
bool read_eks_cluster(struct reader *reader, const struct json_cursor *at, void *into);
bool read_redshift_cluster(struct reader *reader, const struct json_cursor *at, void *into);
bool read_search_domain_name(struct reader *reader, const struct json_cursor *at, void *into);
bool read_search_domain(struct reader *reader, const struct json_cursor *at, void *into);
bool read_msk_cluster(struct reader *reader, const struct json_cursor *at, void *into);
bool read_distributions(struct reader *reader, const struct json_cursor *at, void *into);
void settle_owners(struct reader *reader); // named_owner.c: when interfaces are settled

// said_place.c: what records say of where things are, beside each other.
void settle_said_place(struct reader *reader, struct network_interface *one);
// Says under `assumptions` what that found of addresses. After it, for all interfaces.
void settle_strangers(struct reader *reader);
void settle_target_groups(struct reader *reader);
// The ARN under a key of a record, which names the thing, its account and its region (NULL: not told) as the rest does.
void doubt_arn(struct reader *reader, const struct json_cursor *at, const char *key, const char *id,
               const char *account, const char *region);

// said_kind.c: its own words and what it is attached to, beside its InterfaceType.
void settle_said_kind(struct reader *reader, struct network_interface *interface);
// What says that it is of `type`, in words, and its InterfaceType that it is not: true where what the two take in
// differs. Then it is judged by the one that takes in more, and no answer of it is exact.
bool contradict_type(struct reader *reader, struct network_interface *interface, const char *type, const char *what);
void note_endpoint_interfaces(struct reader *reader, const struct json_cursor *at, const char *id);
// bridge.c
bool read_accelerator(struct reader *reader, const struct json_cursor *at, void *into);
bool read_accelerator_listener(struct reader *reader, const struct json_cursor *at, const char *arn);
bool read_endpoint_group(struct reader *reader, const struct json_cursor *at, void *into);
bool read_origin_list(struct reader *reader, const struct json_cursor *at, void *into);
bool read_vpc_origin(struct reader *reader, const struct json_cursor *at, void *into);
void settle_accelerators(struct reader *reader);
// contradiction.c: when interfaces are settled
void settle_contradictions(struct reader *reader);
void settle_address_claims(struct reader *reader);   // when owners are settled
void settle_absent_instances(struct reader *reader); // when completeness is settled
// public_place.c
// Whether a Client VPN or Verified Access endpoint is there, or may be: "deleting" and "deleted" are the same of both.
bool access_is_there(const struct json_cursor *at);
bool read_elastic_address(struct reader *reader, const struct json_cursor *at, void *into);
bool read_function_url(struct reader *reader, const struct json_cursor *at, void *into);
bool read_classic_attributes(struct reader *reader, const struct json_cursor *at, void *into);
// Whether a database has no interface in a VPC, and is counted as public.
bool note_outside_vpc(struct reader *reader, const struct json_cursor *at, struct db_instance *instance);
bool read_rest_vpc_link(struct reader *reader, const struct json_cursor *at, void *into);
bool read_vpc_link(struct reader *reader, const struct json_cursor *at, void *into);
// group_association.c
bool read_group_association(struct reader *reader, const struct json_cursor *at, void *into);
void settle_group_associations(struct reader *reader); // when completeness is settled

bool read_verified_access(struct reader *reader, const struct json_cursor *at, void *into);
bool read_transfer_server(struct reader *reader, const struct json_cursor *at, void *into);
bool read_listed_app_runner(struct reader *reader, const struct json_cursor *at, void *into);
bool read_app_runner(struct reader *reader, const struct json_cursor *at, void *into);
bool read_listed_broker(struct reader *reader, const struct json_cursor *at, void *into);
// An API of API Gateway, by the list of REST ones or of the others.
bool read_api(struct reader *reader, const struct json_cursor *at, bool is_rest);
// owner.c: that a thing has a document of its own, and that a list names one whose own document tells what is public.
void note_thing(struct reader *reader, const char *service, const char *id, const char *name, const char *account,
                const char *region);
void note_listed(struct reader *reader, const char *service, const char *kind, const char *id, const char *call);
// endpoint_service.c, web_acl.c
bool read_endpoint_service(struct reader *reader, const struct json_cursor *at, void *into);
bool read_web_acl(struct reader *reader, const struct json_cursor *at, void *into);
bool read_web_acl_resources(struct reader *reader, const struct json_cursor *at, void *into);
bool read_client_vpn(struct reader *reader, const struct json_cursor *at, void *into);
// public_setting.c
// Says what a thing's own settings tell of it; account and region may be NULL: the path's.
void note_setting(struct reader *reader, const struct json_cursor *at, const struct public_setting *setting);
void note_ecs_settings(struct reader *reader, const struct json_cursor *at, const char *id, const char *account,
                       const char *region);
bool read_replication_instance(struct reader *reader, const struct json_cursor *at, void *into);
bool read_launch_configuration(struct reader *reader, const struct json_cursor *at, void *into);
bool read_redshift_workgroup(struct reader *reader, const struct json_cursor *at, void *into);
bool read_emr_block(struct reader *reader, const struct json_cursor *at, void *into);
bool read_record_set(struct reader *reader, const struct json_cursor *at, void *into);
// brought.c
bool read_byoip_cidr(struct reader *reader, const struct json_cursor *at, void *into);
void note_brought(struct reader *reader, const char *what,
                  struct prefix prefix); // an address or block of a BYOIP range
void settle_brought(struct reader *reader);
// distribution.c
void settle_origins(struct reader *reader);
void settle_web_acls(struct reader *reader);
void doubt_pages_of(struct reader *reader, const struct json_cursor *list); // that a list of CloudFront's is not whole
struct vpc_origin *vpc_origin_with(struct reader *reader, const char *id);  // bridge.c: made where it is not known yet
// uncounted.c: when completeness is settled
void settle_uncounted(struct reader *reader);
const char **doubt_of_accelerator(struct reader *reader, const char *arn);
// load_balancer.c
bool read_load_balancer(struct reader *reader, const struct json_cursor *at, void *into);
bool read_classic_load_balancer(struct reader *reader, const struct json_cursor *at, void *into);
bool read_target_group(struct reader *reader, const struct json_cursor *at, void *into);
bool read_target_health_of(struct reader *reader, const struct json_cursor *at, void *into);
bool read_target_health(struct reader *reader, const struct json_cursor *at, void *into); // into: struct target_group
// Whose attributes a document tells: a target group's or a load balancer's.
struct attribute_owner {
    struct target_group *group;
    struct load_balancer *balancer;
};
bool read_attribute(struct reader *reader, const struct json_cursor *at,
                    void *into); // into: struct attribute_owner, or NULL
// listener.c
bool read_listener(struct reader *reader, const struct json_cursor *at, void *into);
bool read_listeners_of(struct reader *reader, const struct json_cursor *at, void *into);
bool read_listener_rule(struct reader *reader, const struct json_cursor *at, void *into);
// iam.c
bool read_user(struct reader *reader, const struct json_cursor *at, void *into);
bool read_listed_user(struct reader *reader, const struct json_cursor *at, void *into); // that there is one
bool read_group(struct reader *reader, const struct json_cursor *at, void *into);
bool read_role(struct reader *reader, const struct json_cursor *at, void *into);
bool read_managed_policy(struct reader *reader, const struct json_cursor *at, void *into);
bool read_policy_content(struct reader *reader, const struct json_cursor *document, const char *text,
                         struct iam_policy *policy);
// organization.c
bool read_organization(struct reader *reader, const struct json_cursor *at, void *into);
bool read_parent(struct reader *reader, const struct json_cursor *at, void *into); // into: struct organization_target
// A policy in the list of those that are attached to an account, a unit or the root; into: struct attached_controls
bool read_attached_control(struct reader *reader, const struct json_cursor *at, void *into);
bool read_control_policy(struct reader *reader, const struct json_cursor *at, void *into);
// What a file that is named after an account, a unit or the root tells; NULL where its name does not say which.
struct organization_target *organization_target_of_file(struct reader *reader);
struct attached_controls *attached_controls_of_file(struct reader *reader);
void settle_organizations(struct reader *reader);
// sign_in.c
bool read_sign_in_instance(struct reader *reader, const struct json_cursor *at, void *into);
bool read_permission_set(struct reader *reader, const struct json_cursor *at, void *into);
bool read_assignment(struct reader *reader, const struct json_cursor *at, void *into);
void settle_assignments(struct reader *reader);
// account.c
bool read_virtual_device(struct reader *reader, const struct json_cursor *at, void *into);
bool read_region(struct reader *reader, const struct json_cursor *at, void *into);
bool read_account_summary(struct reader *reader, const struct json_cursor *at, void *into);
bool read_password_policy(struct reader *reader, const struct json_cursor *at, void *into);
// trail.c
bool read_trail(struct reader *reader, const struct json_cursor *at, void *into);
bool read_event_selector(struct reader *reader, const struct json_cursor *at, void *into); // into: struct trail
bool read_advanced_event_selector(struct reader *reader, const struct json_cursor *at, void *into); // the same
bool read_logging(struct reader *reader, const struct json_cursor *at, void *into);                 // the same
bool read_delivery_error(struct reader *reader, const struct json_cursor *at, void *into);          // the same
bool read_digest_error(struct reader *reader, const struct json_cursor *at, void *into);            // the same
bool read_delivery_time(struct reader *reader, const struct json_cursor *at, void *into);           // the same
bool read_digest_time(struct reader *reader, const struct json_cursor *at, void *into);             // the same
bool read_logging_start(struct reader *reader, const struct json_cursor *at, void *into);           // the same
bool read_logging_stop(struct reader *reader, const struct json_cursor *at, void *into);            // the same
bool read_event_store(struct reader *reader, const struct json_cursor *at, void *into);
bool trail_events_same(const struct trail_events *a, const struct trail_events *b);
// credential_report.c
bool read_credential_report(struct reader *reader, const struct json_cursor *at, void *into);
void note_report_made(struct reader *reader, const char *moment); // RFC 3339

// Whether a value under Content is a credential report: base64 of its CSV, or the CSV itself.
bool is_credential_report(const cJSON *content);
