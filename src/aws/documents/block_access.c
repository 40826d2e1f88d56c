// Documents of VPC Block Public Access: the mode of an account in a region, and what is excluded from it.
#include <stddef.h>
#include <string.h>

#include "aws/documents/documents.h"
#include "aws/documents/readers.h"

static enum block_mode block_mode_of(const char *mode)
{
    return mode == NULL                               ? BLOCK_UNKNOWN
           : strcmp(mode, "block-bidirectional") == 0 ? BLOCK_BIDIRECTIONAL
           : strcmp(mode, "block-ingress") == 0       ? BLOCK_INGRESS
           : strcmp(mode, "off") == 0                 ? BLOCK_OFF
                                                      : BLOCK_UNKNOWN;
}

bool read_block_states(struct reader *reader, const struct json_cursor *at, enum block_mode *mode)
{
    struct json_cursor states;
    const char *text = NULL;
    if (!lenient_object(reader, at, "BlockPublicAccessStates", &states))
        return false;
    lenient_text(reader, &states, "InternetGatewayBlockMode", &text);
    *mode = block_mode_of(text);
    if (text == NULL)
        doubt_at(reader, &states, "tells no InternetGatewayBlockMode");
    return true;
}

// AWS prints the state of each mode and exclusion. Without it, it may be in transition, or have failed.
static void read_block_state(struct reader *reader, const struct json_cursor *at, const char **state)
{
    struct json_cursor member = json_member(at, "State");
    lenient_text(reader, at, "State", state);
    if (member.node == NULL)
        doubt_at(reader, &member, "is missing, expected a string");
}

// A document of another place than its file's path says: of that one, none tells.
static void heed_place(struct reader *reader, const struct json_cursor *at, const char *key, const char *told,
                       const char *of_path)
{
    struct json_cursor wrong = json_member(at, key);
    if (told != NULL && of_path != NULL && strcmp(told, of_path) != 0)
        doubt_at(reader, &wrong, "is %s, and its file's path says %s", told, of_path);
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_VpcBlockPublicAccessOptions.html
bool read_block_options(struct reader *reader, const struct json_cursor *at, void *into)
{
    static const char *const settled[] = {"default-state", "update-complete", NULL};
    const char *mode = NULL, *region = NULL, *account = NULL, *state = NULL, *exclusions = NULL, *unsure = NULL;
    (void)into;
    GUARD(json_expect_object(at, reader->error));
    lenient_text(reader, at, "InternetGatewayBlockMode", &mode);
    reader->doubt = &unsure;
    read_block_state(reader, at, &state);
    reader->doubt = NULL;
    lenient_text(reader, at, "AwsRegion", &region);
    lenient_text(reader, at, "AwsAccountId", &account);
    seen_at(reader, account, region, NULL);
    struct block_options *options = arena_new_of(reader->arena, struct block_options);
    enum block_mode *value = &options->mode;
    options->reference = evidence_of(reader, at);
    *value = block_mode_of(mode);
    reader->doubt = &options->no_exclusions;
    lenient_text(reader, at, "ExclusionsAllowed", &exclusions);
    reader->doubt = NULL;
    if (exclusions != NULL && strcmp(exclusions, "allowed") != 0) // "not-allowed", or a word that is new
        options->no_exclusions =
            arena_printf(reader->arena, "exclusions from VPC Block Public Access are %s", exclusions);
    if (*value == BLOCK_UNKNOWN) {
        struct json_cursor wrong = member_of(reader, at, "InternetGatewayBlockMode");
        doubt_at(reader, &wrong, "is %s, expected off, block-ingress or block-bidirectional",
                 mode == NULL ? "missing" : mode);
    }
    if (unsure != NULL || (state != NULL && !text_among(state, settled)))
        *value = BLOCK_UNKNOWN; // in transition, failed, or a word that is new
    heed_place(reader, at, "AwsRegion", region, reader->place.region);
    heed_place(reader, at, "AwsAccountId", account, reader->place.account);
    region = region != NULL ? region : reader->place.region != NULL ? reader->place.region : "";
    account = account != NULL ? account : reader->place.account != NULL ? reader->place.account : "";
    if (*value != BLOCK_OFF && (region[0] == '\0' || account[0] == '\0')) { // it may not be of the place in question
        *value = BLOCK_UNKNOWN;
        doubt_at(reader, at, "says neither in AwsRegion and AwsAccountId nor by its file's path where it holds");
    }
    const char *key = arena_printf(reader->arena, "%s|%s", account, region);
    const struct block_options *before = map_get(&reader->estate->block_options, key);
    if (before != NULL && options->no_exclusions == NULL)
        options->no_exclusions = before->no_exclusions;
    if (before != NULL && before->mode != *value) {
        *value = BLOCK_UNKNOWN;
        doubt_at(reader, at, "another document says another mode for %s in %s: neither is believed alone", account,
                 region);
    }
    map_put(reader->arena, &reader->estate->block_options, key, options);
    return true;
}

bool read_block_exclusion(struct reader *reader, const struct json_cursor *at, void *into)
{
    (void)into;
    static const char *const gone[] = {"delete-complete", "disable-complete", NULL},
                             *const settled[] = {"create-complete", "update-complete", NULL},
                             *const modes[] = {"allow-bidirectional", "allow-egress", NULL};
    const char *arn, *mode, *state = NULL, *account = NULL, *region = NULL, *unsure = NULL;
    GUARD(interned_of(reader, at, "ResourceArn", &arn));
    GUARD(interned_of(reader, at, "InternetGatewayExclusionMode", &mode));
    reader->doubt = &unsure;
    read_block_state(reader, at, &state);
    reader->doubt = NULL;
    place_of_arn(reader, arn, &account, &region);
    seen_at(reader, account, region, NULL);
    if (state != NULL && text_among(state, gone))
        return true;
    if (unsure == NULL && state != NULL && !text_among(state, settled))
        unsure = arena_printf(reader->arena, "an exclusion of %s from VPC Block Public Access is %s", arn, state);
    if (unsure == NULL && !text_among(mode, modes))
        unsure = arena_printf(reader->arena, "an exclusion from VPC Block Public Access is of mode %s, unknown", mode);
    const char *slash = strrchr(arn, '/');
    if (slash == NULL)
        return json_fail(at, reader->error, "its ResourceArn names no VPC or subnet");
    struct block_exclusion *exclusion = arena_new_of(reader->arena, struct block_exclusion);
    struct block_exclusion *before = map_get(&reader->estate->block_exclusion_of, slash + 1);
    *exclusion = (struct block_exclusion){
        .lets_in = strcmp(mode, "allow-bidirectional") == 0, .doubt = unsure, .account = account, .region = region};
    if (before != NULL && exclusion->doubt == NULL)
        exclusion->doubt = before->doubt; // of two, one is in transition
    exclusion->differs = before != NULL && (before->differs || before->lets_in != exclusion->lets_in);
    exclusion->lets_in = exclusion->lets_in || (before != NULL && before->lets_in);
    if (exclusion->differs && (exclusion->doubt == NULL || before->doubt == NULL))
        exclusion->doubt = arena_printf(reader->arena, "two exclusions of %s from VPC Block Public Access differ", arn);
    map_put(reader->arena, &reader->estate->block_exclusion_of, slash + 1, exclusion);
    return true;
}
