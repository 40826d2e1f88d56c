// What documents of ways between networks come to: what carries packets, what does not, and what is not sure.
#include <stdio.h>
#include <string.h>

#include "test.h"

#include "aws/documents/documents.h"

struct source {
    const char *name;
    const char *text;
};

static bool open_source(void *context, const char *name, struct document_bytes *bytes, struct error *error)
{
    (void)error;
    for (const struct source *one = context; one->name != NULL; one++)
        if (strcmp(one->name, name) == 0)
            *bytes = (struct document_bytes){.bytes = one->text, .length = strlen(one->text)};
    return true;
}

static void close_source(void *context, struct document_bytes *bytes)
{
    (void)context;
    (void)bytes;
}

// Each text is a document; a name may hold what the document does not say.
static struct estate *estate_of(const struct source *sources)
{
    const char *names[8];
    struct document_files files = {.names = names};
    struct document_opener opener = {(void *)(uintptr_t)sources, open_source, close_source, NULL};
    struct arena *arena = arena_new();
    struct estate *estate = arena_new_of(arena, struct estate);
    struct error error = {0};
    *estate = (struct estate){.arena = arena};
    for (; sources[files.count].name != NULL; files.count++)
        names[files.count] = sources[files.count].name;
    assert_true(documents_read(estate, &opener, &files, &error));
    return estate;
}

static struct estate *estate_with(const char *text)
{
    return estate_of((struct source[]){{"111122223333/eu-west-3/a.json", text}, {NULL, NULL}});
}

static void end(struct estate *estate)
{
    arena_free(estate->arena);
}

static void words_of_states_that_are_new_or_absent_are_not_sure(void **state)
{
    static const struct {
        const char *word;
        enum presence presence;
    } cases[] = {{"\"available\"", PRESENCE_YES}, {"\"deleted\"", PRESENCE_NO},
                 {"\"failed\"", PRESENCE_NO},     {"\"pending\"", PRESENCE_UNSURE},
                 {"\"melted\"", PRESENCE_UNSURE}, {"null", PRESENCE_UNSURE},
                 {"7", PRESENCE_UNSURE}};
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[400];
        snprintf(text, sizeof(text),
                 "{\"NatGateways\": [{\"NatGatewayId\": \"nat-0a000001\", \"SubnetId\": \"subnet-1\", \"State\": %s, "
                 "\"NatGatewayAddresses\": [{\"PublicIp\": \"198.51.100.1\", \"PrivateIp\": \"10.0.0.1\"}]}]}",
                 cases[i].word);
        struct estate *estate = estate_with(text);
        const struct nat_gateway *nat = map_get(&estate->nat_gateways, "nat-0a000001");
        assert_int_equal(nat->presence, cases[i].presence);
        assert_int_equal(nat->doubt == NULL, cases[i].presence != PRESENCE_UNSURE);
        assert_int_equal(nat->connectivity, NAT_PUBLIC); // documents of before 2021 do not tell
        assert_int_equal(nat->addresses.count, 1);
        end(estate);
    }
}

static void a_peering_connection_is_told_by_both_of_its_sides(void **state)
{
    static const char record[] =
        "{\"VpcPeeringConnections\": [{\"VpcPeeringConnectionId\": \"pcx-0a000001\", %s"
        "\"RequesterVpcInfo\": {\"VpcId\": \"vpc-1\", \"Region\": \"eu-west-3\", \"CidrBlock\": "
        "\"10.0.0.0/16\"}, \"AccepterVpcInfo\": {\"VpcId\": \"%s\", \"Region\": \"%s\", "
        "\"CidrBlockSet\": [{\"CidrBlock\": \"10.1.0.0/16\"}], \"Ipv6CidrBlockSet\": "
        "[{\"Ipv6CidrBlock\": \"2001:db8:1::/56\"}]}}]}";
    static const char active[] = "\"Status\": {\"Code\": \"active\"}, ";
    char one[1000], other[1000];
    (void)state;
    snprintf(one, sizeof(one), record, active, "vpc-2", "eu-west-1");
    snprintf(other, sizeof(other), record, active, "vpc-2", "eu-west-1");
    const struct source both[] = {
        {"111122223333/eu-west-3/a.json", one}, {"111122223333/eu-west-1/a.json", other}, {NULL, NULL}};
    struct estate *estate = estate_of(both);
    const struct vpc_peering *peering = map_get(&estate->peerings, "pcx-0a000001");
    assert_int_equal(peering->presence, PRESENCE_YES);
    assert_null(peering->doubt);
    assert_string_equal(peering->accepter.region, "eu-west-1");
    assert_int_equal(peering->accepter.blocks.count, 2);
    end(estate);

    snprintf(other, sizeof(other), record, "", "vpc-2", "eu-west-1"); // nor a state
    estate = estate_of(both);
    peering = map_get(&estate->peerings, "pcx-0a000001");
    assert_int_equal(peering->presence, PRESENCE_UNSURE);
    assert_non_null(strstr(peering->doubt, "neither is believed alone"));
    end(estate);

    snprintf(other, sizeof(other), record, active, "vpc-3", "eu-west-1");
    estate = estate_of(both);
    peering = map_get(&estate->peerings, "pcx-0a000001");
    assert_int_equal(peering->presence, PRESENCE_UNSURE);
    assert_null(peering->accepter.vpc_id);
    assert_string_equal(peering->requester.vpc_id, "vpc-1");
    end(estate);

    snprintf(one, sizeof(one), record, "\"Status\": {\"Code\": \"pending-acceptance\"}, ", "vpc-2", "eu-west-1");
    estate = estate_with(one);
    assert_int_equal(((struct vpc_peering *)map_get(&estate->peerings, "pcx-0a000001"))->presence, PRESENCE_NO);
    end(estate);
}

static void gateways_are_attached_to_one_vpc(void **state)
{
    static const char text[] =
        "{\"EgressOnlyInternetGateways\": ["
        "{\"EgressOnlyInternetGatewayId\": \"eigw-1\", \"Attachments\": [{\"VpcId\": \"vpc-1\", \"State\": "
        "\"attached\"}]},"
        "{\"EgressOnlyInternetGatewayId\": \"eigw-2\", \"Attachments\": []},"
        "{\"EgressOnlyInternetGatewayId\": \"eigw-3\"},"
        "{\"EgressOnlyInternetGatewayId\": \"eigw-4\", \"Attachments\": [{\"VpcId\": \"vpc-1\", \"State\": "
        "\"detaching\"}]},"
        "{\"EgressOnlyInternetGatewayId\": \"eigw-5\", \"Attachments\": [{\"VpcId\": \"vpc-1\", \"State\": "
        "\"attached\"}, "
        "{\"VpcId\": \"vpc-2\", \"State\": \"attached\"}]}],"
        "\"VpnGateways\": [{\"VpnGatewayId\": \"vgw-1\", \"State\": \"available\", \"VpcAttachments\": [{\"VpcId\": "
        "\"vpc-1\", \"State\": \"attached\"}, {\"VpcId\": \"vpc-2\", \"State\": \"detached\"}]}]}";
    struct estate *estate = estate_with(text);
    static const struct {
        const char *id, *vpc_id;
        enum presence presence;
    } told[] = {{"eigw-1", "vpc-1", PRESENCE_YES},
                {"eigw-2", NULL, PRESENCE_YES},
                {"eigw-3", NULL, PRESENCE_UNSURE},
                {"eigw-4", "vpc-1", PRESENCE_UNSURE},
                {"eigw-5", NULL, PRESENCE_UNSURE}};
    (void)state;
    for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++) {
        const struct attached_gateway *gateway = map_get(&estate->egress_gateways, told[i].id);
        assert_int_equal(gateway->presence, told[i].presence);
        assert_true(text_same(gateway->vpc_id, told[i].vpc_id));
        assert_int_equal(gateway->doubt == NULL, told[i].presence == PRESENCE_YES);
    }
    const struct attached_gateway *vpn = map_get(&estate->vpn_gateways, "vgw-1");
    assert_int_equal(vpn->presence, PRESENCE_YES);
    assert_string_equal(vpn->vpc_id, "vpc-1");
    end(estate);
}

static void two_documents_tell_of_an_attachment(void **state)
{
    static const char text[] =
        "{\"TransitGateways\": [{\"TransitGatewayId\": \"tgw-1\", \"State\": \"available\", \"Options\": "
        "{\"SecurityGroupReferencingSupport\": \"enable\"}}, {\"TransitGatewayId\": \"tgw-2\", \"State\": "
        "\"available\", "
        "\"Options\": {\"SecurityGroupReferencingSupport\": \"perhaps\"}}],"
        "\"TransitGatewayAttachments\": [{\"TransitGatewayAttachmentId\": \"tgw-attach-1\", \"TransitGatewayId\": "
        "\"tgw-1\", "
        "\"ResourceType\": \"vpc\", \"ResourceId\": \"vpc-1\", \"State\": \"available\", \"Association\": "
        "{\"TransitGatewayRouteTableId\": \"tgw-rtb-0a000001\", \"State\": \"associated\"}},"
        "{\"TransitGatewayAttachmentId\": \"tgw-attach-2\", \"TransitGatewayId\": \"tgw-1\", \"ResourceType\": "
        "\"vpc\", "
        "\"ResourceId\": \"vpc-2\", \"State\": \"available\"}],"
        "\"TransitGatewayVpcAttachments\": [{\"TransitGatewayAttachmentId\": \"tgw-attach-1\", \"TransitGatewayId\": "
        "\"tgw-1\", \"VpcId\": \"vpc-1\", \"State\": \"available\", \"SubnetIds\": [\"subnet-1\", \"subnet-1\"], "
        "\"Options\": "
        "{\"SecurityGroupReferencingSupport\": \"disable\"}}, {\"TransitGatewayAttachmentId\": \"tgw-attach-2\", "
        "\"TransitGatewayId\": \"tgw-1\", \"VpcId\": \"vpc-3\", \"State\": \"modifying\", \"SubnetIds\": []}]}";
    struct estate *estate = estate_with(text);
    const struct transit_attachment *one = map_get(&estate->transit_attachments, "tgw-attach-1"),
                                    *other = map_get(&estate->transit_attachments, "tgw-attach-2");
    const struct transit_route_table *table = map_get(&estate->transit_table_of, "tgw-attach-1");
    (void)state;
    assert_int_equal(one->presence, PRESENCE_YES);
    assert_null(one->doubt);
    assert_int_equal(one->resource, TRANSIT_TO_VPC);
    assert_int_equal(one->subnets.count, 1);
    assert_int_equal(one->referencing, TRANSIT_DISABLED);
    assert_string_equal(table->id, "tgw-rtb-0a000001");
    assert_false(table->told || table->routes_told);
    assert_int_equal(other->presence, PRESENCE_UNSURE);
    assert_null(other->resource_id);
    assert_non_null(other->doubt);
    assert_int_equal(((struct transit_gateway *)map_get(&estate->transit_gateways, "tgw-1"))->referencing,
                     TRANSIT_ENABLED);
    assert_int_equal(((struct transit_gateway *)map_get(&estate->transit_gateways, "tgw-2"))->referencing,
                     TRANSIT_UNSURE);
    end(estate);
}

#define TABLE "111122223333/eu-west-3/search-transit-gateway-routes.tgw-rtb-0a00000000000001"

static void pages_of_a_table_follow_each_other_and_answers_agree(void **state)
{
    static const char first[] =
        "{\"Routes\": [{\"DestinationCidrBlock\": \"10.0.0.0/16\", \"Type\": \"static\", \"State\": \"active\", "
        "\"TransitGatewayAttachments\": [{\"TransitGatewayAttachmentId\": \"tgw-attach-1\"}]}], \"NextToken\": \"n\"}";
    static const char second[] =
        "{\"Routes\": [{\"DestinationCidrBlock\": \"2001:db8::/32\", \"Type\": \"propagated\", "
        "\"State\": \"blackhole\"}, {\"PrefixListId\": \"pl-0a\", \"Type\": \"static\", \"State\": "
        "\"pending\"}, {\"DestinationCidrBlock\": \"10.9.0.0/16\", \"State\": \"deleted\"}]}";
    static const char more[] = "{\"Routes\": [], \"AdditionalRoutesAvailable\": true}", none[] = "{\"Routes\": []}";
    struct source sources[] = {{TABLE ".1.json", first}, {TABLE ".2.json", second}, {NULL, NULL}, {NULL, NULL}};
    struct estate *estate = estate_of(sources);
    const struct transit_route_table *table = map_get(&estate->transit_route_tables, "tgw-rtb-0a00000000000001");
    (void)state;
    assert_true(table->routes_told);
    assert_false(table->associations_told || table->propagations_told);
    assert_null(table->doubt);
    assert_int_equal(table->routes.count, 3);
    assert_int_equal(table->routes.items[0].state, TRANSIT_ROUTE_ACTIVE);
    assert_string_equal(table->routes.items[0].attachments.items[0], "tgw-attach-1");
    assert_int_equal(table->routes.items[1].state, TRANSIT_ROUTE_BLACKHOLE);
    assert_true(table->routes.items[1].propagated);
    assert_int_equal(table->routes.items[2].state, TRANSIT_ROUTE_UNSURE);
    assert_string_equal(table->routes.items[2].prefix_list, "pl-0a");
    end(estate);
    sources[1] = (struct source){0}; // the page is missing
    for (int i = 0; i < 2; i++) {
        estate = estate_of(sources);
        table = map_get(&estate->transit_route_tables, "tgw-rtb-0a00000000000001");
        assert_non_null(strstr(table->doubt, "there is more"));
        end(estate);
        sources[0].text = more;
    }
    sources[0] = (struct source){TABLE ".1.json", second};
    sources[1] = (struct source){TABLE ".2.json", second}; // the same twice is one
    for (int i = 0; i < 2; i++) {
        estate = estate_of(sources);
        table = map_get(&estate->transit_route_tables, "tgw-rtb-0a00000000000001");
        assert_int_equal(table->routes.count, 2);
        assert_int_equal(table->doubt == NULL, i == 0);
        end(estate);
        sources[1].text = none;
    }
}

static void lists_of_other_services_under_a_tables_keys_are_not_ours(void **state)
{
    static const char others[] = "{\"Associations\": [{\"Name\": \"AWS-RunShellScript\", \"AssociationId\": \"a\", "
                                 "\"Targets\": []}], \"Routes\": [{\"ClientVpnEndpointId\": \"cvpn-1\", "
                                 "\"DestinationCidr\": \"0.0.0.0/0\"}]}";
    static const char vpcs[] =
        "{\"Vpcs\": [{\"VpcId\": \"vpc-1\", \"OwnerId\": \"111122223333\", \"State\": \"available\"}]}";
    struct estate *estate = estate_of((struct source[]){{"a/ssm.json", others}, {"a/vpcs.json", vpcs}, {NULL, NULL}});
    (void)state;
    assert_int_equal(estate->unread.count, 0);
    assert_int_equal(estate->ignored.count, 2);
    assert_int_equal(estate->transit_route_tables.count, 0);
    end(estate);
}

static void a_reference_to_a_group_elsewhere_tells_where(void **state)
{
    static const char text[] =
        "{\"SecurityGroups\": [{\"GroupId\": \"sg-1\", \"VpcId\": \"vpc-1\", \"OwnerId\": \"111122223333\", "
        "\"IpPermissions\": [{\"IpProtocol\": \"tcp\", \"FromPort\": 1, \"ToPort\": 1, \"IpRanges\": [], "
        "\"Ipv6Ranges\": [], "
        "\"PrefixListIds\": [], \"UserIdGroupPairs\": [{\"GroupId\": \"sg-1\", \"UserId\": \"111122223333\"}, "
        "{\"GroupId\": "
        "\"sg-2\", \"UserId\": \"444455556666\", \"VpcId\": \"vpc-2\", \"VpcPeeringConnectionId\": \"pcx-1\", "
        "\"PeeringStatus\": \"active\"}]}], \"IpPermissionsEgress\": []}]}";
    struct estate *estate = estate_with(text);
    const struct security_group *group = map_get(&estate->security_groups, "sg-1");
    const struct security_group_rule *rule = &group->ingress.items[0];
    (void)state;
    assert_int_equal(rule->groups.count, 2);
    assert_int_equal(rule->references.count, 1);
    assert_string_equal(rule->references.items[0].group, "sg-2");
    assert_string_equal(rule->references.items[0].account, "444455556666");
    assert_string_equal(rule->references.items[0].peering, "pcx-1");
    assert_string_equal(rule->references.items[0].status, "active");
    end(estate);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_of_states_that_are_new_or_absent_are_not_sure),
        cmocka_unit_test(a_peering_connection_is_told_by_both_of_its_sides),
        cmocka_unit_test(gateways_are_attached_to_one_vpc),
        cmocka_unit_test(two_documents_tell_of_an_attachment),
        cmocka_unit_test(pages_of_a_table_follow_each_other_and_answers_agree),
        cmocka_unit_test(lists_of_other_services_under_a_tables_keys_are_not_ours),
        cmocka_unit_test(a_reference_to_a_group_elsewhere_tells_where),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
