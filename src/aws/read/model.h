// AWS's service models, as scripts/make-models takes them from botocore: what the calls that we make answer.
#pragma once

#include "aws/read/page.h"
#include "base/json.h"

struct model;

struct model *model_new(void);
void model_free(struct model *model);

// One call of a service.
struct operation {
    const char *service; // "ec2", "elbv2"...
    const char *name;    // "DescribeSubnets"
    const char *version; // of the API; of the JSON protocol where there is a target
    const char *target;  // prefix of X-Amz-Target in the JSON protocol, else ""
    bool speaks_json;    // its answers are JSON, else XML
    const char
        *path; // of a GET in a REST protocol, with {NAME} where a parameter stands; NULL: what is asked is posted
    const char *holder;           // member that the whole answer is the value of, or ""
    const char *prefix;           // of the endpoint's host name, and the name that requests are signed for
    const char *output;           // shape
    const char *wrapper;          // element that holds the output, or ""
    const char *token;            // parameter that asks for the next page, or ""
    const char *next;             // member of the output that holds it, or ""
    const char *more;             // member that says whether there is more, where no token leads to it too; or ""
    const char *limit;            // parameter that sets the size of pages, or ""
    int most;                     // largest page
    const char *lists[XML_LISTS]; // members that pages split; none where the call has no pages
    size_t list_count;
};

// The operation must be one of the model's.
struct operation model_operation(const struct model *model, const char *service, const char *name);

// The lists that pages split, as an answer names them.
struct page_lists model_lists(const struct model *model, const struct operation *operation);

// Where the output of an XML answer begins, or NULL where it is no answer of this operation.
const struct xml_node *model_output(const struct operation *operation, const struct xml_node *root);

// Why a page is no answer of this operation (static): another type, no list where pages split one, nothing of its
// output. NULL where it is one. That XML has another root, model_output tells.
const char *model_why_not(const struct model *model, const struct operation *operation, struct page page);

// The token of the page after this one, borrowed, or NULL.
const char *model_next(const struct model *model, const struct operation *operation, struct page page);

// Whether a page that names no next one says that there is more all the same.
bool model_is_cut(const struct model *model, const struct operation *operation, struct page page);

// Adds the members of a page to `writer`'s open object as the AWS CLI prints them.
void model_put_output(const struct model *model, const struct operation *operation, struct page page,
                      struct json_writer *writer);

// Why an element of the n-th of its lists is none (static): a number that is none, a member that is there twice,
// another type. NULL where it is one.
const char *model_element_wrong(const struct model *model, const struct operation *operation, size_t list,
                                const struct xml_node *xml, const cJSON *json);

// Adds an element of the n-th of its lists, XML's or JSON's, to `writer`'s open array.
void model_put_element(const struct model *model, const struct operation *operation, size_t list,
                       const struct xml_node *xml, const cJSON *json, struct json_writer *writer);
