// AWS's service models, as scripts/make-models takes them from botocore: what the calls that we make answer.
#pragma once

#include <cjson/cJSON.h>

#include "aws/xml.h"
#include "base/json.h"

struct model;

struct model *model_new(void);
void model_free(struct model *model);

// One call of a service.
struct operation {
    const char *service; // "ec2", "elbv2"...
    const char *name;    // "DescribeSubnets"
    const char *version; // of the API
    const char *prefix;  // of the endpoint's host name, and the name that requests are signed for
    const char *output;  // shape
    const char *wrapper; // element that holds the output, or ""
    const char *token;   // parameter that asks for the next page, or ""
    const char *next;    // member of the output that holds it, or ""
    const char *limit;   // parameter that sets the size of pages, or ""
    int most;            // largest page
};

// The operation must be one of the model's.
struct operation model_operation(const struct model *model, const char *service, const char *name);

// Where an answer's own members begin, or NULL where it is no answer of this operation.
const struct xml_node *model_output(const struct operation *operation, const struct xml_node *root);

// Adds the members of an answer to `writer`'s open object as the AWS CLI prints them; the operation's `next`
// is left out.
void model_put_output(const struct model *model, const struct operation *operation, const struct xml_node *output,
                      struct json_writer *writer);

// The name of the one member that pages split, or NULL where there is none.
const char *model_list_member(const struct model *model, const struct operation *operation);
// Adds that member's elements to `writer`'s open array.
void model_put_elements(const struct model *model, const struct operation *operation, const struct xml_node *output,
                        struct json_writer *writer);
