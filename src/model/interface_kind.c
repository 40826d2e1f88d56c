#include "model/interface_kind.h"

#include <stddef.h>
#include <string.h>

const char instance_connect_type[] = "ec2_instance_connect_endpoint";

static const struct interface_kind kinds[] = {
    {"interface", INTERFACE_ORDINARY, INTERFACE_HOST, NULL},
    // https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/efa.html
    {"efa", INTERFACE_ORDINARY, INTERFACE_HOST, NULL},
    // The same page: it has no IP address; so one that has an address is none that we understand.
    {"efa-only", INTERFACE_UNMODELLED, INTERFACE_HOST, "EFA-only, which has no IP address"},
    // https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-instance-eni.html
    {"trunk", INTERFACE_ORDINARY, INTERFACE_HOST, NULL},
    {"branch", INTERFACE_ORDINARY, INTERFACE_HOST, NULL},
    // https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/how-elastic-load-balancing-works.html
    {"load_balancer", INTERFACE_ORDINARY, INTERFACE_HOST, NULL},
    {"network_load_balancer", INTERFACE_ORDINARY, INTERFACE_HOST, NULL},
    // https://docs.aws.amazon.com/elasticloadbalancing/latest/gateway/introduction.html: clients come by its endpoints
    {"gateway_load_balancer", INTERFACE_IS_PRIVATE, INTERFACE_PASSES_ON, "a Gateway Load Balancer"},
    {"gateway_load_balancer_endpoint", INTERFACE_IS_PRIVATE, INTERFACE_PASSES_ON, "a Gateway Load Balancer endpoint"},
    // https://docs.aws.amazon.com/vpc/latest/userguide/vpc-nat-gateway.html
    {"nat_gateway", INTERFACE_TAKES_NOTHING, INTERFACE_PASSES_ON, "a NAT gateway"},
    {"natGateway", INTERFACE_TAKES_NOTHING, INTERFACE_PASSES_ON, "a NAT gateway"},
    // https://docs.aws.amazon.com/vpc/latest/tgw/how-transit-gateways-work.html: a router's port, no host
    {"transit_gateway", INTERFACE_IS_PRIVATE, INTERFACE_PASSES_ON, "a transit gateway attachment"},
    // https://docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html. AWS Transfer Family gives its
    // own Elastic IP addresses: https://docs.aws.amazon.com/transfer/latest/userguide/API_EndpointDetails.html
    {"vpc_endpoint", INTERFACE_IS_PRIVATE, INTERFACE_ANSWERS, "a VPC endpoint"},
    // https://aws.amazon.com/lambda/faqs/: inbound network connections are blocked
    {"lambda", INTERFACE_TAKES_NOTHING, INTERFACE_ASKS, "a Lambda function"},
    // https://docs.aws.amazon.com/global-accelerator/latest/dg/preserve-client-ip-address.html
    {"global_accelerator_managed", INTERFACE_BRINGS_IN, INTERFACE_HOST, "AWS Global Accelerator"},
    // https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-vpc-links.html
    {"api_gateway_managed", INTERFACE_BRINGS_IN, INTERFACE_HOST, "API Gateway VPC link"},
    // https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/connect-using-eice.html
    {"ec2_instance_connect_endpoint", INTERFACE_BRINGS_IN, INTERFACE_HOST, "EC2 Instance Connect Endpoint"},
    // No page tells what may come in by these.
    {"quicksight", INTERFACE_UNMODELLED, INTERFACE_HOST, "Amazon QuickSight"},
    {"iot_rules_managed", INTERFACE_UNMODELLED, INTERFACE_HOST, "AWS IoT rules"},
    {"aws_codestar_connections_managed", INTERFACE_UNMODELLED, INTERFACE_HOST, "AWS CodeConnections"},
    // https://docs.aws.amazon.com/evs/latest/userguide/concepts.html: of a VLAN subnet; groups do not apply to it
    {"evs", INTERFACE_UNMODELLED, INTERFACE_HOST, "Amazon EVS, to which security groups do not apply"},
};

const struct interface_kind *interface_kind_of(const char *type)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strcmp(kinds[i].type, type) == 0)
            return &kinds[i];
    return NULL;
}

enum interface_part interface_part_of(const char *type)
{
    const struct interface_kind *kind = interface_kind_of(type);
    return kind == NULL ? INTERFACE_HOST : kind->part;
}
