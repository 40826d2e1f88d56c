// Automated Internet Firewall: a firewall of AWS Network Firewall between a VPC and its internet gateway, which no
// route leads to.
#include "aws/documents/readers.h"

static const char *word(struct reader *reader, const struct json_cursor *at, const char *key)
{
    const char *text = NULL;
    lenient_text(reader, at, key, &text);
    return text;
}

// "The firewall logs traffic that its policy would act on, but doesn't block it."
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_NetworkFirewallAssociation.html
static bool read_association(struct reader *reader, const struct json_cursor *at, void *into)
{
    static const char *const known[] = {"pending", "active", "disabling", NULL};
    struct vpc *vpc = into;
    GUARD(json_expect_object(at, reader->error));
    const char *arn = word(reader, at, "FirewallArn"), *mode = word(reader, at, "FirewallMode");
    const char *status = word(reader, at, "FirewallOnboardingStatus");
    vpc->has_firewall = true;
    if (text_same(mode, "monitor") && status != NULL && text_among(status, known))
        return true;
    vpc->firewall =
        lesser_text(vpc->firewall,
                    arena_printf(reader->arena,
                                 "AWS Network Firewall %s (mode %s, %s) may drop what passes the internet "
                                 "gateway of %s",
                                 arn == NULL ? "(not told)" : text_behind_slash(arn), mode == NULL ? "not told" : mode,
                                 status == NULL ? "status not told" : status, vpc->id));
    return true;
}

void read_vpc_firewalls(struct reader *reader, const struct json_cursor *at, struct vpc *vpc)
{
    vpc->firewalls_told = cJSON_IsArray(json_member(at, "NetworkFirewallAssociations").node);
    each_if_present(reader, at, "NetworkFirewallAssociations", read_association, vpc);
}

// Only a route to an internet gateway, or an egress-only one, of a VPC with a firewall has it.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Route.html
void read_route_firewall(struct reader *reader, const struct json_cursor *at, struct route_table *table)
{
    struct json_cursor firewall;
    if (!lenient_object(reader, at, "IgwFirewall", &firewall))
        return;
    const char *arn = word(reader, &firewall, "FirewallArn");
    table->firewall =
        lesser_text(table->firewall, arena_printf(reader->arena,
                                                  "AWS Network Firewall %s, which a route of %s names, may drop what "
                                                  "passes the internet gateway",
                                                  arn == NULL ? "(not told)" : text_behind_slash(arn), table->id));
}

// "The subnet bypasses the firewall", or "it doesn't inspect traffic for the subnet".
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Subnet.html
void read_subnet_firewall(struct reader *reader, const struct json_cursor *at, struct subnet *subnet)
{
    static const char *const past[] = {"exclude", "az-unsupported", NULL};
    const char *treatment = word(reader, at, "NetworkFirewallConnectivityType");
    subnet->past_firewall = treatment != NULL && text_among(treatment, past);
    subnet->firewall_treatment = treatment;
}
