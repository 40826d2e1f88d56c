#include "pipeline/readings.h"

#include <string.h>
#include <unistd.h>

#include "aws/snapshot.h"
#include "base/clock.h"
#include "base/file.h"

static const char *member_of(struct arena *arena, const char *record, const char *key)
{
    struct error ignored;
    cJSON *root = access(record, F_OK) != 0 ? NULL : json_load(record, &ignored);
    const cJSON *member = cJSON_IsObject(root) ? json_find(root, key) : NULL;
    const char *text = member == NULL            ? NULL
                       : !cJSON_IsString(member) ? json_kind(member)
                                                 : arena_strdup(arena, member->valuestring);
    cJSON_Delete(root);
    return text;
}

const char *read_until(struct arena *arena, const char *folder, const struct manifest *manifest, const char *reading)
{
    const char *path = arena_printf(arena, "%s/snapshot.json", reading);
    return manifest_file(manifest, path) == NULL
               ? NULL
               : member_of(arena, arena_printf(arena, "%s/%s", folder, path), "ended");
}

// The first account and region of before/ that after/ tells nothing of, as text; NULL where there is none.
static const char *place_left_out(struct arena *arena, const struct estate *before, const struct estate *after)
{
    for (size_t i = 0; i < before->completeness.count; i++) {
        const struct completeness *one = &before->completeness.items[i];
        if (one->demanded && completeness_of(after, one->account, one->region) == NULL)
            return arena_printf(arena, "%s in %s", one->account == NULL ? "an account" : one->account,
                                one->region == NULL ? "a region" : one->region);
    }
    return NULL;
}

// ---- What the records say

static const char *const sides[] = {"before", "after", "base"};
enum { BEFORE, AFTER, BASE, SIDES };

// A snapshot.json of a bundle.
struct reading_record {
    const char *path;   // in the bundle
    const char *folder; // with a slash behind it
    const char *inside; // behind the name of its side
    int side;
    // Seconds; INT64_MIN where it does not say, of the first INT64_MAX.
    int64_t began, ended, first_asked, last_asked;
};

typedef VECTOR(struct reading_record) reading_records;

struct listing {
    struct arena *arena;
    const char *root;                // folder of what they are in
    const struct manifest *manifest; // of the bundle; NULL: it is a folder that somebody read
    const char *end;                 // when the run ended
    struct checks *checks;           // NULL: nothing is said
    const char *wrong;               // the first thing that is
    struct map listed;               // paths in the bundle
    struct map kept;                 // folders of which a record lists the files
    reading_records records;
};

static void say(struct listing *listing, enum check_state state, const char *text)
{
    if (text != NULL && state == CHECK_WRONG && listing->wrong == NULL)
        listing->wrong = text;
    if (listing->checks != NULL && text != NULL)
        check_add(listing->checks, "readings", state, "%s", text);
}

static const char *text_of(const cJSON *object, const char *key)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
}

// What a record says of when it was made: what of it is no moment, in words; NULL where all are.
static const char *moment_in(struct listing *listing, const char *record, const cJSON *of, const char *key,
                             int64_t *seconds)
{
    const cJSON *told = cJSON_GetObjectItemCaseSensitive(of, key);
    *seconds = INT64_MIN;
    if (told == NULL || cJSON_IsNull(told) || (cJSON_IsString(told) && clock_parse_zone(told->valuestring, seconds)))
        return NULL;
    return arena_printf(listing->arena, "%s: %s: \"%s\" is no moment as RFC 3339 has it", record, key,
                        cJSON_IsString(told) ? told->valuestring : json_kind(told));
}

// Whether a file is the one that was read. A bundle's are as they were sealed by now: they need not be hashed again.
// What is not there, or cannot be opened, is told elsewhere.
static bool is_as_read(const struct listing *listing, const char *path, const char *file, const char *sha256)
{
    const struct manifest_file *sealed = listing->manifest == NULL ? NULL : manifest_file(listing->manifest, path);
    const char *there = arena_printf(listing->arena, "%s/%s", listing->root, path);
    char found[DIGEST_TEXT];
    struct error ignored;
    size_t bytes;
    if (listing->manifest != NULL)
        return sealed == NULL || strcmp(sealed->sha256, sha256) == 0;
    return !file_is_inside(file) || !file_expect_regular(there, &ignored) || access(there, F_OK) != 0 ||
           !file_digest(there, &bytes, found, &ignored) || strcmp(found, sha256) == 0;
}

// What an entry of a record contradicts, in words; NULL where nothing.
static const char *entry_difference(struct listing *listing, struct reading_record *record, const cJSON *one)
{
    struct arena *arena = listing->arena;
    const char *file = text_of(one, "file"), *sha256 = text_of(one, "sha256");
    const char *path = file == NULL ? NULL : arena_printf(arena, "%s%s", record->folder, file);
    int64_t at;
    const char *odd = moment_in(listing, record->path, one, "asked", &at);
    if (path != NULL)
        map_put(arena, &listing->listed, path, listing);
    if (path != NULL && sha256 != NULL && !is_as_read(listing, path, file, sha256))
        return arena_printf(arena, "%s: is not what %s says was read: its SHA-256 is another", path, record->path);
    if (odd != NULL || at == INT64_MIN)
        return odd;
    record->first_asked = at < record->first_asked ? at : record->first_asked;
    record->last_asked = at > record->last_asked ? at : record->last_asked;
    if (at + CLOCKS_DIFFER_S < record->began || (record->ended != INT64_MIN && at > record->ended + CLOCKS_DIFFER_S))
        return arena_printf(arena, "%s: %s was asked for before it began, or after it ended", record->path,
                            file == NULL ? "a file" : file);
    return NULL;
}

// What `read` says of each file that it wrote, and an entry does not: then nothing there tells whose it is.
static void name_unsaid(struct listing *listing, const char *record, const cJSON *files)
{
    static const char *const members[] = {"file", "sha256", "asked"};
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        const char *first = NULL;
        const cJSON *one;
        size_t count = 0;
        cJSON_ArrayForEach (one, files) {
            const char *file = text_of(one, "file");
            if (text_of(one, members[i]) == NULL && count++ == 0)
                first = file == NULL ? "one without a name" : file;
        }
        if (count > 0)
            say(listing, CHECK_ABSENT,
                arena_printf(listing->arena,
                             "%s: tells no %s of %zu of its files, the first is %s: that they are what was read then, "
                             "nothing tells",
                             record, members[i], count, first));
    }
}

// The same of what it says of itself. Of what could not be copied another record tells.
static void name_left_out(struct listing *listing, const char *record, const cJSON *root)
{
    static const char *const members[] = {"files", "began", "ended", "account_id", "read_by"};
    const char *lacks = NULL;
    if (cJSON_GetObjectItemCaseSensitive(root, "not_read") != NULL)
        return;
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
        if (cJSON_GetObjectItemCaseSensitive(root, members[i]) == NULL)
            lacks = lacks == NULL ? members[i] : arena_printf(listing->arena, "%s, %s", lacks, members[i]);
    if (lacks != NULL)
        say(listing, CHECK_ABSENT, arena_printf(listing->arena, "%s: does not tell %s: nothing does", record, lacks));
}

// Who read is of the account that is told (sts GetCallerIdentity gives both): the fifth part of its ARN.
static bool is_of_account(const char *arn, const char *account)
{
    for (int i = 0; i < 4 && arn != NULL; i++)
        arn = strchr(arn, ':') == NULL ? NULL : strchr(arn, ':') + 1;
    size_t length = arn == NULL ? 0 : strcspn(arn, ":");
    return arn != NULL && length == strlen(account) && strncmp(arn, account, length) == 0;
}

static void take_record(struct listing *listing, const char *path, int side)
{
    struct arena *arena = listing->arena;
    struct error ignored;
    struct reading_record record = {
        .path = path,
        .folder = arena_strndup(arena, path, (size_t)(text_behind_slash(path) - path)),
        .inside = side == SIDES ? path : path + strlen(sides[side]),
        .side = side,
        .first_asked = INT64_MAX,
        .last_asked = INT64_MIN,
    };
    cJSON *root = json_load(arena_printf(arena, "%s/%s", listing->root, path), &ignored);
    const cJSON *files = cJSON_GetObjectItemCaseSensitive(root, "files"), *one;
    const char *account = text_of(root, "account_id"), *arn = text_of(root, "read_by");
    const char *odd = moment_in(listing, path, root, "began", &record.began);
    const char *other = moment_in(listing, path, root, "ended", &record.ended);
    say(listing, CHECK_WRONG, odd != NULL ? odd : other);
    if (!cJSON_IsObject(root))
        say(listing, CHECK_ABSENT, arena_printf(arena, "%s: is no record that can be read: it tells nothing", path));
    if (record.ended != INT64_MIN && record.began > record.ended)
        say(listing, CHECK_WRONG, arena_printf(arena, "%s: ended before it began", path));
    if (account != NULL && arn != NULL && !is_of_account(arn, account))
        say(listing, CHECK_WRONG, arena_printf(arena, "%s: read_by is of another account than account_id", path));
    if (cJSON_IsArray(files))
        map_put(arena, &listing->kept, record.folder, listing);
    const char *wrong = NULL;
    cJSON_ArrayForEach (one, files) {
        const char *differs = entry_difference(listing, &record, one);
        wrong = wrong == NULL ? differs : wrong;
    }
    say(listing, CHECK_WRONG, wrong);
    if (cJSON_IsObject(root)) {
        const char *form = snapshot_record_odd(arena, root);
        if (form != NULL)
            say(listing, CHECK_NOT_DONE, arena_printf(arena, "%s: %s", path, form));
        name_left_out(listing, path, root);
        name_unsaid(listing, path, files);
    }
    cJSON_Delete(root);
    *vector_add(arena, &listing->records) = record;
}

// The side that a path of the manifest is of; SIDES: it is of no reading.
static int side_of(const char *path)
{
    int side = 0;
    while (side < SIDES && (strncmp(path, sides[side], strlen(sides[side])) != 0 || path[strlen(sides[side])] != '/'))
        side++;
    return side;
}

static bool is_record(const char *path)
{
    return side_of(path) < SIDES && strcmp(text_behind_slash(path), "snapshot.json") == 0;
}

static void take_records(struct listing *listing)
{
    const struct manifest *manifest = listing->manifest;
    for (size_t i = 0; i < manifest->files.count; i++)
        if (is_record(manifest->files.items[i].path))
            take_record(listing, manifest->files.items[i].path, side_of(manifest->files.items[i].path));
}

static int64_t latest_of(const struct reading_record *record)
{
    int64_t latest = record->ended > record->began ? record->ended : record->began;
    return record->last_asked > latest ? record->last_asked : latest;
}

// INT64_MAX where it does not say.
static int64_t earliest_of(const struct reading_record *record)
{
    int64_t earliest = record->began == INT64_MIN ? INT64_MAX : record->began;
    earliest = record->first_asked < earliest ? record->first_asked : earliest;
    return earliest == INT64_MAX && record->ended != INT64_MIN ? record->ended : earliest;
}

static const char *in_words(struct arena *arena, int64_t seconds)
{
    return clock_text(arena, seconds < 0 ? 0 : (uint64_t)seconds * 1000000);
}

// ---- Against the run, and the packets

// What the times of the readings contradict of the run, or of each other.
static void check_times(struct listing *listing)
{
    struct arena *arena = listing->arena;
    const char *end = listing->end;
    uint64_t end_us = 0;
    bool ends = clock_moment(end, &end_us);
    for (size_t i = 0; i < listing->records.count; i++) {
        const struct reading_record *one = &listing->records.items[i];
        if (ends && latest_of(one) > (int64_t)(end_us / 1000000) + CLOCKS_DIFFER_S)
            say(listing, CHECK_WRONG,
                arena_printf(arena, "%s: was read until after the run ended, %s", one->path, end));
        for (size_t j = 0; j < listing->records.count && one->side == AFTER; j++) {
            const struct reading_record *before = &listing->records.items[j];
            if (before->side == BEFORE && strcmp(before->inside, one->inside) == 0 && latest_of(one) != INT64_MIN &&
                latest_of(before) != INT64_MIN && latest_of(one) + CLOCKS_DIFFER_S < latest_of(before))
                say(listing, CHECK_WRONG,
                    arena_printf(arena, "%s: was read before %s", one->path,
                                 strcmp(one->inside, "/snapshot.json") == 0 ? "before/" : before->path));
        }
    }
}

// Whether the record of after/ is that of before/ once more, as where a run is given a folder that was read earlier.
static bool is_the_same(const struct manifest *manifest, struct arena *arena, const struct reading_record *after)
{
    const struct manifest_file *own = manifest_file(manifest, after->path);
    const struct manifest_file *before = manifest_file(manifest, arena_printf(arena, "before%s", after->inside));
    return before != NULL && strcmp(before->sha256, own->sha256) == 0;
}

const char *readings_packets_difference(struct arena *arena, const struct checked_bundle *bundle, uint64_t first_us,
                                        uint64_t last_us)
{
    struct listing listing = {.arena = arena, .root = bundle->folder, .manifest = &bundle->manifest};
    int64_t first = (int64_t)(first_us / 1000000), last = (int64_t)(last_us / 1000000);
    take_records(&listing);
    for (size_t i = 0; i < listing.records.count; i++) {
        const struct reading_record *one = &listing.records.items[i];
        if (one->side != AFTER && latest_of(one) > first + CLOCKS_DIFFER_S)
            return arena_printf(arena, "%s: was read until %s, after the first packet, %s", one->path,
                                in_words(arena, latest_of(one)), clock_text(arena, first_us));
        if (one->side == AFTER && earliest_of(one) < last - CLOCKS_DIFFER_S &&
            !is_the_same(&bundle->manifest, arena, one))
            return arena_printf(arena, "%s: was read from %s on, before the last packet, %s", one->path,
                                in_words(arena, earliest_of(one)), clock_text(arena, last_us));
    }
    return NULL;
}

bool reading_can_be_taken(struct arena *arena, const char *folder, struct error *error)
{
    struct listing listing = {.arena = arena, .root = folder};
    struct snapshot_files files = {0};
    int64_t now = (int64_t)(clock_wall_us() / 1000000);
    GUARD(snapshot_list(arena, folder, &files, error));
    for (size_t i = 0; i < files.paths.count && listing.wrong == NULL; i++)
        if (strcmp(text_behind_slash(files.paths.items[i]), "snapshot.json") == 0)
            take_record(&listing, files.paths.items[i], SIDES);
    if (listing.wrong != NULL)
        return error_set(error, ERROR_USAGE, "%s/%s", folder, listing.wrong);
    for (size_t i = 0; i < listing.records.count; i++)
        if (latest_of(&listing.records.items[i]) > now + CLOCKS_DIFFER_S)
            return error_set(error, ERROR_USAGE, "%s/%s: was read until %s, in the future of this machine's clock",
                             folder, listing.records.items[i].path,
                             in_words(arena, latest_of(&listing.records.items[i])));
    return true;
}

// Whether a record of some folder above lists files, and none lists this one.
static bool is_unlisted(const struct listing *listing, const char *path)
{
    if (side_of(path) == SIDES || is_record(path) || map_get(&listing->listed, path) != NULL)
        return false;
    for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/'))
        if (map_get(&listing->kept, arena_strndup(listing->arena, path, (size_t)(slash + 1 - path))) != NULL)
            return true;
    return false;
}

static void name_unlisted(struct listing *listing)
{
    const struct manifest *manifest = listing->manifest;
    const char *unlisted = NULL;
    size_t count = 0;
    for (size_t i = 0; i < manifest->files.count && listing->kept.count > 0; i++) {
        if (!is_unlisted(listing, manifest->files.items[i].path))
            continue;
        unlisted = unlisted == NULL ? manifest->files.items[i].path : unlisted;
        count++;
    }
    if (count > 0)
        say(listing, CHECK_ABSENT,
            arena_printf(listing->arena,
                         "%zu files are in no record of what was read, the first is %s: who put them there, nothing "
                         "tells",
                         count, unlisted));
}

// A record of before/ to which after/ has none, though it has documents: of when they were read, nothing tells.
static const char *record_left_out(const struct listing *listing)
{
    bool documents = false;
    for (size_t i = 0; i < listing->manifest->files.count && !documents; i++)
        documents = side_of(listing->manifest->files.items[i].path) == AFTER;
    for (size_t i = 0; i < listing->records.count && documents; i++) {
        const struct reading_record *before = &listing->records.items[i];
        const char *after = arena_printf(listing->arena, "after%s", before->inside);
        if (before->side == BEFORE && manifest_file(listing->manifest, after) == NULL)
            return arena_printf(listing->arena,
                                "%s: is not there, and %s is: when after/ was read, and what of it, nothing tells",
                                after, before->path);
    }
    return NULL;
}

static void check_records(struct checks *checks, const struct checked_bundle *bundle)
{
    struct listing listing = {.arena = checks->arena,
                              .root = bundle->folder,
                              .manifest = &bundle->manifest,
                              .end = bundle->manifest.claims.end,
                              .checks = checks};
    const struct reading_record *same = NULL;
    take_records(&listing);
    check_times(&listing);
    name_unlisted(&listing);
    say(&listing, CHECK_NOT_DONE, record_left_out(&listing));
    for (size_t i = 0; i < listing.records.count && same == NULL; i++)
        if (listing.records.items[i].side == AFTER && earliest_of(&listing.records.items[i]) != INT64_MAX &&
            is_the_same(&bundle->manifest, checks->arena, &listing.records.items[i]))
            same = &listing.records.items[i];
    if (same != NULL)
        say(&listing, CHECK_ABSENT,
            arena_printf(checks->arena,
                         "%s: is the record of before/ once more, of %s: that nothing changed while packets were sent, "
                         "no reading shows",
                         same->path, in_words(checks->arena, latest_of(same))));
}

void readings_check(struct checks *checks, const struct checked_bundle *bundle, const struct derivation *derivation)
{
    const struct estate *before = derivation->before.estate, *after = derivation->after.estate;
    const char *place = after == NULL ? NULL : place_left_out(checks->arena, before, after);
    check_records(checks, bundle);
    if (place != NULL)
        check_add(checks, "readings", CHECK_NOT_DONE,
                  "after/ tells nothing of %s, which before/ does: nothing shows that it stayed as it was", place);
}
