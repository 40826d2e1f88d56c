#include "model/interface_kind.h"

#include <stddef.h>
#include <string.h>

const char instance_connect_type[] = "ec2_instance_connect_endpoint";

static const struct interface_kind kinds[] = {
    {"interface", INTERFACE_ORDINARY, NULL},
    // https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/efa.html
    {"efa", INTERFACE_ORDINARY, NULL},
    // The same page: it has no IP address; so one that has an address is none that we understand.
    {"efa-only", INTERFACE_UNMODELLED, "EFA-only, which has no IP address"},
    // https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-instance-eni.html
    {"trunk", INTERFACE_ORDINARY, NULL},
    {"branch", INTERFACE_ORDINARY, NULL},
    // https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/how-elastic-load-balancing-works.html
    {"load_balancer", INTERFACE_ORDINARY, NULL},
    {"network_load_balancer", INTERFACE_ORDINARY, NULL},
    // https://docs.aws.amazon.com/elasticloadbalancing/latest/gateway/introduction.html: clients come by its endpoints
    {"gateway_load_balancer", INTERFACE_IS_PRIVATE, "a Gateway Load Balancer"},
    {"gateway_load_balancer_endpoint", INTERFACE_IS_PRIVATE, "a Gateway Load Balancer endpoint"},
    // https://docs.aws.amazon.com/vpc/latest/userguide/vpc-nat-gateway.html
    {"nat_gateway", INTERFACE_TAKES_NOTHING, "a NAT gateway"},
    {"natGateway", INTERFACE_TAKES_NOTHING, "a NAT gateway"},
    // https://docs.aws.amazon.com/vpc/latest/tgw/how-transit-gateways-work.html: a router's port, no host
    {"transit_gateway", INTERFACE_IS_PRIVATE, "a transit gateway attachment"},
    // https://docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html. AWS Transfer Family gives its
    // own Elastic IP addresses: https://docs.aws.amazon.com/transfer/latest/userguide/API_EndpointDetails.html
    {"vpc_endpoint", INTERFACE_IS_PRIVATE, "a VPC endpoint"},
    // https://aws.amazon.com/lambda/faqs/: inbound network connections are blocked
    {"lambda", INTERFACE_TAKES_NOTHING, "a Lambda function"},
    // https://docs.aws.amazon.com/global-accelerator/latest/dg/preserve-client-ip-address.html
    {"global_accelerator_managed", INTERFACE_BRINGS_IN, "AWS Global Accelerator"},
    // https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-vpc-links.html
    {"api_gateway_managed", INTERFACE_BRINGS_IN, "API Gateway VPC link"},
    // https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/connect-using-eice.html
    {"ec2_instance_connect_endpoint", INTERFACE_BRINGS_IN, "EC2 Instance Connect Endpoint"},
    // No page tells what may come in by these.
    {"quicksight", INTERFACE_UNMODELLED, "Amazon QuickSight"},
    {"iot_rules_managed", INTERFACE_UNMODELLED, "AWS IoT rules"},
    {"aws_codestar_connections_managed", INTERFACE_UNMODELLED, "AWS CodeConnections"},
    // https://docs.aws.amazon.com/evs/latest/userguide/concepts.html: of a VLAN subnet; groups do not apply to it
    {"evs", INTERFACE_UNMODELLED, "Amazon EVS, to which security groups do not apply"},
};

const struct interface_kind *interface_kind_of(const char *type)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strcmp(kinds[i].type, type) == 0)
            return &kinds[i];
    return NULL;
}
