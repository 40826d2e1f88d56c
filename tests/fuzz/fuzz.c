// Fuzz targets for the parsers of outside bytes, one a TARGET, in libFuzzer's form:
//   clang -fsanitize=fuzzer,address,undefined -DTARGET=fuzz_plan ...
// Built with DRIVER they come with a small driver that mutates the seed corpus: test_fuzz_NAME FOLDER.
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aws/read/credentials.h"
#include "aws/read/model.h"
#include "aws/snapshot.h"
#include "aws/terraform/terraform.h"
#include "base/file.h"
#include "evidence/manifest.h"
#include "evidence/remembered.h"
#include "evidence/tar.h"
#include "evidence/untar.h"
#include "model/verdict.h"
#include "probe/packet.h"
#include "probe/replay.h"
#include "probe/service.h"
#include "rules/controls/controls.h"
#include "rules/reach/diff.h"
#include "rules/intent/intent.h"
#include "documents.h"
#include "rules/reach/reach.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// For parsers that take a file by name: in memory.
__attribute__((unused)) static const char *as_file(const uint8_t *data, size_t size)
{
    static char name[64];
    if (name[0] == '\0')
        snprintf(name, sizeof(name), "/dev/shm/sgproof-fuzz-%ld", (long)getpid());
    FILE *file = fopen(name, "wb");
    if (file == NULL || fwrite(data, 1, size, file) != size || fclose(file) != 0)
        abort();
    return name;
}

__attribute__((unused)) static void fuzz_plan(struct arena *arena, const uint8_t *data, size_t size)
{
    struct error error = {0};
    struct plan plan = {0}, again = {0};
    struct text out = {0};
    char *text = arena_strndup(arena, (const char *)data, size);
    if (!plan_read(arena, "fuzz", text, size, &plan, &error) || plan.targets.count == 0)
        return;
    plan_write(&plan, &out);
    if (!plan_read(arena, "again", out.bytes, out.length, &again, &error) || again.targets.count != plan.targets.count)
        abort(); // parse ∘ write = id
    text_free(&out);
}

__attribute__((unused)) static void fuzz_observations(struct arena *arena, const uint8_t *data, size_t size)
{
    struct error error = {0};
    struct observations observations = {0};
    observations_read(arena, as_file(data, size), &observations, &error);
}

__attribute__((unused)) static void fuzz_verdicts(struct arena *arena, const uint8_t *data, size_t size)
{
    struct error error = {0};
    struct verdict_set set = {0};
    verdicts_read(arena, as_file(data, size), &set, &error);
}

__attribute__((unused)) static void fuzz_intent(struct arena *arena, const uint8_t *data, size_t size)
{
    struct error error = {0};
    intent_read(arena, as_file(data, size), &error);
}

// CIDRs, addresses and port lists: what is taken prints as what is read again the same.
__attribute__((unused)) static void fuzz_cidr(struct arena *arena, const uint8_t *data, size_t size)
{
    char text[ADDRESS_TEXT], *line = arena_strndup(arena, (const char *)data, size), *next;
    for (; line != NULL; line = next) {
        struct prefix prefix, again;
        struct portset ports, ports_again;
        next = strchr(line, '\n');
        if (next != NULL)
            *next++ = '\0';
        if (prefix_parse(line, true, &prefix) == PREFIX_OK) {
            prefix_format(prefix, text);
            if (prefix_parse(text, false, &again) != PREFIX_OK || again.first != prefix.first ||
                again.length != prefix.length || again.family != prefix.family)
                abort();
        }
        if (portset_parse(arena, line, &ports) &&
            (!portset_parse(arena, portset_format(arena, ports), &ports_again) || !portset_equal(ports, ports_again)) &&
            !portset_is_empty(ports))
            abort();
    }
}

__attribute__((unused)) static void fuzz_terraform(struct arena *arena, const uint8_t *data, size_t size)
{
    struct error error = {0};
    struct terraform_report report = {0};
    struct estate *before = snapshot_read(SAMPLE, &error), *after = snapshot_read(SAMPLE, &error);
    (void)arena;
    if (before == NULL || after == NULL)
        abort();
    if (terraform_apply(after, as_file(data, size), &report, &error)) {
        struct side sides[2] = {{before, reach_compute(before), false}, {after, reach_compute(after), false}};
        diff_free(diff_compute(&sides[0], &sides[1]));
        for (int i = 0; i < 2; i++)
            exposure_set_free((struct exposure_set *)(uintptr_t)sides[i].exposures);
    }
    estate_free(before);
    estate_free(after);
}

// Answers of AWS's: what is parsed is written as JSON that can be read again.
__attribute__((unused)) static void fuzz_xml(struct arena *arena, const uint8_t *data, size_t size)
{
    static const char *const calls[][2] = {
        {"ec2", "DescribeInstances"}, {"ec2", "DescribeNetworkInterfaces"}, {"elbv2", "DescribeLoadBalancers"},
        {"sts", "GetCallerIdentity"}, {"iam", "GetAccountSummary"},         {"iam", "GetAccountAuthorizationDetails"}};
    struct error error = {0};
    struct xml_node *root = xml_parse(arena, (const char *)data, size, &error);
    struct model *model = root == NULL ? NULL : model_new();
    for (size_t i = 0; root != NULL && i < sizeof(calls) / sizeof(calls[0]); i++) {
        struct operation operation = model_operation(model, calls[i][0], calls[i][1]);
        const struct xml_node *output = model_output(&operation, root);
        struct text out = {0};
        struct json_writer writer = json_writer_to(&out);
        if (output == NULL)
            continue;
        json_open(&writer, NULL, '{');
        model_put_output(model, &operation, (struct page){.xml = output}, &writer);
        json_close(&writer, '}');
        cJSON *again = json_parse("output", out.bytes, out.length, &error);
        if (again == NULL)
            abort();
        cJSON_Delete(again);
        text_free(&out);
    }
    model_free(model);
}

__attribute__((unused)) static void fuzz_aws_config(struct arena *arena, const uint8_t *data, size_t size)
{
    struct error error = {0};
    struct config_file file = {0};
    if (config_parse(arena, "config", (const char *)data, size, &file, &error))
        config_value(arena, &file, "profile dev", "role_arn");
}

__attribute__((unused)) static void fuzz_credentials(struct arena *arena, const uint8_t *data, size_t size)
{
    struct error error = {0};
    struct credentials credentials = {0};
    credentials_parse(arena, "credentials", (const char *)data, size, "fuzz", &credentials, &error);
}

static bool own_below(const void *context, struct address address, int protocol, uint16_t port)
{
    (void)context;
    (void)protocol;
    return address.bits % 2 == 0 && port > 1000;
}

// Packets as they come off the wire, behind any link header.
__attribute__((unused)) static void fuzz_packet(struct arena *arena, const uint8_t *data, size_t size)
{
    static const int links[] = {101, 113, 276, 1, 0};
    uint8_t *exact = arena_alloc(arena, size + 1); // so that a byte too far is found
    memcpy(exact, data, size);
    for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
        size_t length;
        struct seen seen;
        struct answer answer;
        const uint8_t *packet = packet_of_frame(links[i], exact, size, &length);
        if (packet == NULL || !packet_read(packet, length, own_below, NULL, &seen))
            continue;
        if (seen.payload != NULL && (seen.payload < packet || seen.payload + seen.payload_size > packet + length))
            abort();
        packet_answer(&seen, &answer);
    }
}

// A capture file given as evidence: whatever is in it, every port has one state.
__attribute__((unused)) static void fuzz_capture(struct arena *arena, const uint8_t *data, size_t size)
{
    static const char text[] =
        "198.51.100.4 tcp 80-120\n198.51.100.4 udp 53,69\n198.51.100.4 icmp\n2001:db8:1:1::10 tcp 80\n";
    struct error error = {0};
    struct plan plan = {0};
    struct observations observations = {0};
    struct probe_summary summary;
    size_t asked = 0, seen = 0;
    if (size == 0 || !plan_read(arena, "targets", text, strlen(text), &plan, &error))
        return;
    FILE *stream = fmemopen((void *)(uintptr_t)data, size, "rb");
    if (stream == NULL)
        abort();
    if (!replay_stream(arena, &plan, stream, "fuzz", 1, 1000, NULL, &observations, &summary, &error))
        return;
    for (size_t i = 0; i < observations.items.count; i++)
        seen += (size_t)(observations.items.items[i].high - observations.items.items[i].low) + 1;
    for (size_t i = 0; i <= OBSERVED_UNKNOWN; i++)
        asked += summary.by_state[i];
    if (seen != 45 || asked != seen)
        abort();
}

static void must_be_printable(const char *text)
{
    for (const char *p = text == NULL ? "" : text; *p != '\0'; p++)
        if (*p < 0x20 || *p > 0x7e)
            abort();
}

// What a peer says in one trial, byte by byte as it may come: whatever it is, texts are printable.
__attribute__((unused)) static void fuzz_service(struct arena *arena, const uint8_t *data, size_t size)
{
    size_t trials = 0;
    while (service_trials[trials].name != NULL)
        trials++;
    if (size == 0)
        return;
    const struct service_trial *trial = &service_trials[data[0] % trials];
    for (size_t length = 0; length < size; length += 1 + length / 4) {
        struct service service = {0};
        uint8_t *exact = malloc(length + 1); // so that a byte too far is found
        memcpy(exact, data + 1, length);
        enum service_sign sign = trial->read(arena, exact, length, &service);
        if (sign == SERVICE_YES && service.name == NULL)
            abort();
        must_be_printable(service.product);
        must_be_printable(service.banner);
        free(exact);
    }
}

__attribute__((unused)) static void fuzz_certificate(struct arena *arena, const uint8_t *data, size_t size)
{
    const struct certificate *certificate = service_certificate(arena, data, size);
    if (certificate == NULL)
        return;
    must_be_printable(certificate->subject);
    must_be_printable(certificate->issuer);
    for (size_t i = 0; i < certificate->names.count; i++)
        must_be_printable(certificate->names.items[i]);
}

__attribute__((unused)) static void fuzz_manifest(struct arena *arena, const uint8_t *data, size_t size)
{
    struct error error = {0};
    struct manifest manifest = {0};
    struct text out = {0};
    if (!manifest_read(arena, "fuzz", (const char *)data, size, &manifest, &error))
        return;
    manifest_write(arena, &manifest, &out);
    if (!manifest_is_sealed(&manifest, out.bytes, out.length))
        abort();
    text_free(&out);
}

// An archive, whose headers are given the sums that they need to be looked at. Nothing is made outside its folder.
__attribute__((unused)) static void fuzz_tar(struct arena *arena, const uint8_t *data, size_t size)
{
    char folder[] = "/dev/shm/sgproof-fuzz-XXXXXX";
    struct error error = {0};
    char *copy = arena_alloc(arena, size + 1);
    memcpy(copy, data, size);
    for (size_t at = 0; at + TAR_BLOCK <= size; at += TAR_BLOCK) {
        struct tar_header *header = (struct tar_header *)(void *)(copy + at);
        unsigned sum = 0;
        if (memcmp(header->magic, "ustar", 5) != 0)
            continue;
        memset(header->checksum, ' ', sizeof(header->checksum));
        for (size_t i = 0; i < TAR_BLOCK; i++)
            sum += ((const unsigned char *)header)[i];
        snprintf(header->checksum, sizeof(header->checksum), "%06o", sum);
    }
    if (mkdtemp(folder) == NULL)
        abort();
    const char *archive = as_file((const uint8_t *)copy, size);
    const char *found = tar_unpack(arena, archive, folder, &error);
    if (found != NULL && strncmp(found, folder, strlen(folder)) != 0)
        abort();
    file_remove_tree(folder);
}

__attribute__((unused)) static void fuzz_remembered(struct arena *arena, const uint8_t *data, size_t size)
{
    struct error error = {0};
    run_records runs = {0}, again = {0};
    struct text out = {0}, twice = {0};
    if (!remembered_read(arena, as_file(data, size), &runs, &error))
        return;
    remembered_write(&runs, &out);
    if (!remembered_read(arena, as_file((const uint8_t *)out.bytes, out.length), &again, &error))
        abort();
    remembered_write(&again, &twice);
    if (out.length != twice.length || memcmp(out.bytes, twice.bytes, out.length) != 0)
        abort(); // read ∘ write = id
    text_free(&out);
    text_free(&twice);
}

__attribute__((unused)) static void fuzz_pack(struct arena *arena, const uint8_t *data, size_t size)
{
    struct error error = {0};
    pack_parse(arena, "fuzz", (const char *)data, size, &error);
}

__attribute__((unused)) static void fuzz_controls(struct arena *arena, const uint8_t *data, size_t size)
{
    struct error error = {0};
    struct control_report report = {0};
    struct text out = {0};
    if (!controls_read(arena, as_file(data, size), &report, &error))
        return;
    controls_write_json(&report, &out);
    must_be_json(&out);
    text_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new();
    TARGET(arena, data, size);
    arena_free(arena);
    return 0;
}

#ifdef DRIVER
#include <dirent.h>
#include <time.h>

static uint64_t state64;

static size_t draw(size_t below)
{
    state64 ^= state64 << 13; // xorshift64
    state64 ^= state64 >> 7;
    state64 ^= state64 << 17;
    return below == 0 ? 0 : (size_t)(state64 % below);
}

static size_t mutate(char *bytes, size_t size, size_t room)
{
    static const char *const words[] = {"-1",   "65536",     "1e308", "null", "[]",      "{}",   "true",
                                        "\"\"", "0.0.0.0/0", "::/0",  "255",  "\\u0000", "/128", "[true]"};
    for (size_t times = 1 + draw(4); times > 0 && size > 0; times--) {
        size_t at = draw(size), length = draw(size - at < 40 ? size - at : 40);
        const char *word = words[draw(sizeof(words) / sizeof(words[0]))];
        switch (draw(5)) {
        case 0:
            bytes[at] = (char)draw(256);
            break;
        case 1: // cut out
            memmove(bytes + at, bytes + at + length, size - at - length);
            size -= length;
            break;
        case 2: // repeat
            if (size + length <= room) {
                memmove(bytes + at + length, bytes + at, size - at);
                size += length;
            }
            break;
        case 3: // put a word over it
            if (at + strlen(word) <= size)
                memcpy(bytes + at, word, strlen(word));
            break;
        default: // end early
            size = draw(10) == 0 ? at : size;
        }
    }
    return size;
}

enum { SEEDS = 256 };

struct seed {
    char *bytes;
    size_t size;
};

static size_t read_corpus(const char *folder, struct seed seeds[SEEDS])
{
    DIR *directory = opendir(folder);
    size_t count = 0;
    for (struct dirent *entry; directory != NULL && (entry = readdir(directory)) != NULL && count < SEEDS;) {
        char path[4096];
        struct error error;
        snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        if (entry->d_name[0] != '.' && (seeds[count].bytes = file_read(path, &seeds[count].size, &error)) != NULL)
            count++;
    }
    if (directory != NULL)
        closedir(directory);
    return count;
}

// Mutates the seeds in turn for FUZZ_SECONDS (default 2). A crash shows the seed of the random numbers on stderr.
int main(int argc, char **argv)
{
    static struct seed seeds[SEEDS];
    const char *given = getenv("SEED"), *wanted = getenv("FUZZ_SECONDS");
    uint64_t random_seed = given != NULL ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
    time_t end = time(NULL) + (wanted != NULL ? atoi(wanted) : 2);
    size_t count = read_corpus(argc > 1 ? argv[1] : CORPUS, seeds), rounds = 0;
    state64 = random_seed * 2654435769u + 1;
    fprintf(stderr, "# fuzz seed %llu\n", (unsigned long long)random_seed);
    for (size_t i = 0; i < count; i++)
        LLVMFuzzerTestOneInput((uint8_t *)seeds[i].bytes, seeds[i].size);
    for (; count > 0 && (rounds < 100 || time(NULL) < end); rounds++) {
        const struct seed *seed = &seeds[rounds % count];
        char *copy = malloc(seed->size * 2 + 1);
        if (copy == NULL)
            return 1;
        memcpy(copy, seed->bytes, seed->size);
        size_t length = mutate(copy, seed->size, seed->size * 2);
        copy[length] = '\0';
        LLVMFuzzerTestOneInput((uint8_t *)copy, length);
        free(copy);
    }
    for (size_t i = 0; i < count; i++)
        free(seeds[i].bytes);
    printf("1..1\n%s 1 - no_input_of_%zu_breaks_it\n", count > 0 ? "ok" : "not ok", rounds);
    return count > 0 ? 0 : 1;
}
#endif
