// Documents of AWS's as outside bytes.
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/documents/documents.h"
#include "rules/controls/controls.h"
#include "rules/reach/reach.h"
#include "targets.h"

struct memory_files {
    const struct memory_file *items;
    size_t count;
};

static bool open_memory(void *context, const char *name, struct document_bytes *bytes, struct error *error)
{
    const struct memory_files *files = context;
    for (size_t i = 0; i < files->count; i++)
        if (strcmp(files->items[i].name, name) == 0) {
            *bytes = (struct document_bytes){.bytes = files->items[i].bytes, .length = files->items[i].length};
            return true;
        }
    return error_set(error, ERROR_USAGE, "%s: is not there", name);
}

static void close_memory(void *context, struct document_bytes *bytes)
{
    (void)context;
    (void)bytes;
}

struct estate *estate_of(struct arena *arena, const struct memory_file *items, size_t count)
{
    struct memory_files files = {items, count};
    struct document_opener opener = {&files, open_memory, close_memory, NULL};
    struct estate *estate = arena_new_of(arena, struct estate);
    struct error error;
    const char **names = arena_array(arena, const char *, count);
    for (size_t i = 0; i < count; i++)
        names[i] = items[i].name;
    estate->arena = arena;
    return documents_read(estate, &opener, &(struct document_files){.names = names, .count = count}, &error) ? estate
                                                                                                             : NULL;
}

void must_be_computed(const struct estate *estate)
{
    struct exposure_set *set = reach_compute(estate);
    struct text out = {0};
    exposure_write_json(set, &out);
    must_be_json(&out);
    text_free(&out);
    exposure_set_free(set);
}

void fuzz_documents(struct arena *arena, const uint8_t *data, size_t size)
{
    struct memory_file file = {"111122223333/eu-west-3/fuzz-pl-1-tg-1.json", (const char *)data, size};
    struct estate *estate = estate_of(arena, &file, 1);
    if (estate == NULL)
        return;
    must_be_computed(estate);
}

// IAM's and CloudTrail's documents, judged by every control that comes with the program.
static void judge_account(struct arena *arena, const char *bytes, size_t length)
{
    struct error error = {0};
    struct memory_file file = {"111122223333/eu-west-3/trail-all.json", bytes, length};
    struct estate *estate = estate_of(arena, &file, 1);
    static struct arena *kept;
    static const struct pack *packs[16];
    static size_t count;
    if (estate == NULL)
        return;
    struct exposure_set *set = reach_compute(estate);
    struct control_report report = {0};
    struct text out = {0};
    kept = kept != NULL ? kept : arena_new();
    for (const struct built_in_pack *one = &built_in_packs[count]; one->id != NULL; one++)
        packs[count++] = pack_parse(kept, one->id, one->bytes, one->length, &error);
    controls_judge(arena,
                   &(struct fact_input){.estate = estate, .exposures = set, .today = "2026-06-30", .snapshot = ""},
                   &(struct controls_options){.packs = packs, .pack_count = count}, &report);
    controls_write_json(&report, &out);
    must_be_json(&out);
    text_free(&out);
    exposure_set_free(set);
}

void fuzz_account(struct arena *arena, const uint8_t *data, size_t size)
{
    judge_account(arena, (const char *)data, size);
}

// As IAM writes policies: encoded as in a URL.
void fuzz_policy(struct arena *arena, const uint8_t *data, size_t size)
{
    struct text encoded = {0}, out = {0};
    text_puts(&encoded, "");
    for (size_t i = 0; i < size; i++)
        text_printf(&encoded, "%%%02X", data[i]);
    text_printf(
        &out,
        "{\"UserDetailList\":[{\"UserName\":\"u\",\"Arn\":\"arn:aws:iam::111122223333:user/u\",\"UserPolicyList\":["
        "{\"PolicyName\":\"p\",\"PolicyDocument\":\"%s\"}]}],\"GroupDetailList\":[],\"Policies\":[],"
        "\"RoleDetailList\":[{\"RoleName\":\"r\",\"Arn\":\"arn:aws:iam::111122223333:role/r\","
        "\"AssumeRolePolicyDocument\":\"%s\",\"RolePolicyList\":[{\"PolicyName\":\"p\",\"PolicyDocument\":\"%s\"}]}]}",
        encoded.bytes, encoded.bytes, encoded.bytes);
    judge_account(arena, out.bytes, out.length);
    text_free(&encoded);
    text_free(&out);
}

// As IAM sends it: in base64.
void fuzz_credential_report(struct arena *arena, const uint8_t *data, size_t size)
{
    char *encoded = arena_alloc(arena, size / 3 * 4 + 5);
    EVP_EncodeBlock((unsigned char *)encoded, data, (int)size);
    const char *text = arena_printf(arena, "{\"Content\":\"%s\",\"ReportFormat\":\"text/csv\"}", encoded);
    judge_account(arena, text, strlen(text));
}
