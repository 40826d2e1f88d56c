// VPC Encryption Control: whether it may drop what comes by the internet gateway.
#include "aws/documents/readers.h"

static const char *word(struct reader *reader, const struct json_cursor *at, const char *key)
{
    const char *text = NULL;
    lenient_text(reader, at, key, &text);
    return text;
}

// In the mode "enforce" what may go unencrypted is stopped, but by what is excluded: the internet gateway, as others,
// can be. What is so in transition, or where a gateway is attached and is not excluded, no page tells.
// https://docs.aws.amazon.com/vpc/latest/userguide/vpc-encryption-controls.html
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_VpcEncryptionControl.html
const char *read_vpc_encryption(struct reader *reader, const struct json_cursor *at, const char *vpc_id)
{
    struct json_cursor control, exclusions, gateway;
    if (!lenient_object(reader, at, "EncryptionControl", &control))
        return NULL;
    const char *mode = word(reader, &control, "Mode"), *state = word(reader, &control, "State");
    const char *excluded = NULL;
    if (text_same(state, "deleted"))
        return NULL;
    bool monitors = text_same(mode, "monitor") && (state == NULL || strstr(state, "enforce") == NULL);
    if (monitors || (mode == NULL && state == NULL))
        return NULL;
    if (lenient_object(reader, &control, "ResourceExclusions", &exclusions) &&
        lenient_object(reader, &exclusions, "InternetGateway", &gateway))
        excluded = word(reader, &gateway, "State");
    if (text_same(excluded, "enabled"))
        return NULL;
    return arena_printf(reader->arena,
                        "VPC Encryption Control of %s (mode %s, %s) may drop what comes by its internet gateway, whose "
                        "exclusion is %s",
                        vpc_id, mode == NULL ? "not told" : mode, state == NULL ? "state not told" : state,
                        excluded == NULL ? "not told" : excluded);
}
