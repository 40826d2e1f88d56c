// The IAM policy that lets sgproof make its calls.
#include <string.h>

#include "aws/documents/calls.h"

enum statement {
    STATEMENT_READ,
    STATEMENT_SEGMENTS,
    STATEMENT_BRIDGES,
    STATEMENT_VPC_LINKS,
    STATEMENT_OWNERS,
    STATEMENT_GUARDRAILS,
    STATEMENT_ORGANIZATION,
    STATEMENT_ROLES,
    STATEMENTS
};

static enum statement statement_of(const struct aws_call *call)
{
    if (strncmp(call->service, "apigateway", strlen("apigateway")) == 0)
        return STATEMENT_VPC_LINKS;
    if (call->purpose != FOR_EXPOSURE)
        return call->purpose == FOR_BRIDGES    ? STATEMENT_BRIDGES
               : call->purpose == FOR_SEGMENTS ? STATEMENT_SEGMENTS
                                               : STATEMENT_OWNERS;
    if (call->scope == CALL_ACCOUNT || call->scope == CALL_GUARDRAIL || strcmp(call->service, "iam") == 0 ||
        strcmp(call->service, "cloudtrail") == 0)
        return STATEMENT_GUARDRAILS;
    return call->scope == CALL_ORGANIZATION || strcmp(call->service, "organizations") == 0 ? STATEMENT_ORGANIZATION
           : strcmp(call->operation, "AssumeRole") == 0                                    ? STATEMENT_ROLES
                                                                                           : STATEMENT_READ;
}

// API Gateway has one action for all that is read of it, keys of APIs too: the paths say what of it is asked.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-iam-policy-examples.html
static void put_vpc_links(struct json_writer *writer)
{
    json_open(writer, "Resource", '[');
    json_put_string(writer, NULL, "arn:*:apigateway:*::/vpclinks");
    json_put_string(writer, NULL, "arn:*:apigateway:*::/v2/vpclinks");
    json_close(writer, ']');
}

void call_policy(struct text *out)
{
    static const char *const sids[STATEMENTS] = {"SgproofRead",         "SgproofSegments",     "SgproofBridges",
                                                 "SgproofVpcLinks",     "SgproofOwners",       "SgproofGuardrails",
                                                 "SgproofOrganization", "SgproofOtherAccounts"};
    struct arena *arena = arena_new();
    struct json_writer writer = json_writer_to(out);
    struct map written = {0}; // each action once
    json_open(&writer, NULL, '{');
    json_put_string(&writer, "Version", "2012-10-17");
    json_open(&writer, "Statement", '[');
    for (int s = 0; s < STATEMENTS; s++) {
        json_open(&writer, NULL, '{');
        json_put_string(&writer, "Sid", sids[s]);
        json_put_string(&writer, "Effect", "Allow");
        json_open(&writer, "Action", '[');
        for (size_t i = 0; i < aws_call_count; i++) {
            const struct aws_call *call = &aws_calls[i];
            const char *action = call_action(arena, call->service, call->operation);
            if (call->scope == CALL_NEVER || call->about.when == CALL_WITHOUT_DETAILS || (int)statement_of(call) != s ||
                map_get(&written, action) != NULL)
                continue;
            map_put(arena, &written, action, &written);
            json_put_string(&writer, NULL, action);
        }
        json_close(&writer, ']');
        if (s == STATEMENT_VPC_LINKS)
            put_vpc_links(&writer);
        else
            json_put_string(&writer, "Resource", s == STATEMENT_ROLES ? "arn:aws:iam::*:role/sgproof" : "*");
        json_close(&writer, '}');
    }
    json_close(&writer, ']');
    json_close(&writer, '}');
    json_end_document(&writer);
    arena_free(arena);
}
