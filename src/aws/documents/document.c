#include "aws/documents/document.h"

#include <string.h>
#include <strings.h>

#include "aws/documents/completeness.h"
#include "aws/documents/document_subject.h"
#include "aws/documents/lone_record.h"
#include "aws/documents/readers.h"

void document_ignore(struct reader *reader, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    *vector_add(reader->arena, &reader->estate->ignored) =
        (struct ignored){reader->name, arena_vprintf(reader->arena, format, arguments)};
    va_end(arguments);
}

const char *document_kind_of(const cJSON *record, bool any_case)
{
    static const char *const ids[][2] = {{"NetworkInterfaceId", "NetworkInterfaces"},
                                         {"NetworkAclId", "NetworkAcls"},
                                         {"RouteTableId", "RouteTables"},
                                         {"InternetGatewayId", "InternetGateways"},
                                         {"IpPermissions", "SecurityGroups"},
                                         {"Instances", "Reservations"},
                                         {"InstanceId", "Reservations"},
                                         {"SubnetId", "Subnets"},
                                         {"ListenerArn", "Listeners"},
                                         {"ListenerDescriptions", "LoadBalancerDescriptions"},
                                         {"LoadBalancerArn", "LoadBalancers"},
                                         {"TargetGroupArn", "TargetGroups"},
                                         {"PrefixListId", "PrefixLists"},
                                         {"VpcEndpointId", "VpcEndpoints"},
                                         {"DBInstanceIdentifier", "DBInstances"},
                                         {"GroupId", "SecurityGroups"},
                                         {"VpcId", "Vpcs"},
                                         {"AllocationId", "Addresses"},
                                         {"GroupList", "UserDetailList"},
                                         {"TrailARN", "trailList"}};
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
        if (cJSON_IsObject(record) && (any_case ? cJSON_GetObjectItem(record, ids[i][0])
                                                : cJSON_GetObjectItemCaseSensitive(record, ids[i][0])) != NULL)
            return ids[i][1];
    return NULL;
}

// A list under such a key, whose records are ours but for that.
static const struct aws_call *call_of_lower_key(const char *key, const cJSON *record)
{
    const char *kind = document_kind_of(record, true);
    return kind == NULL || strcasecmp(kind, key) != 0 || document_kind_of(record, false) != NULL ? NULL
                                                                                                 : call_of_key(kind);
}

// Members that any answer may have.
static bool is_marker(const char *key)
{
    static const char *const names[] = {
        "NextToken", "nextToken", "NextMarker", "Marker", "IsTruncated", "AdditionalRoutesAvailable", "position", NULL};
    return text_among(key, names);
}

static bool is_beside(const char *key)
{
    static const char *const names[] = {"ResponseMetadata",   "UpdateToken",    "TrailARN",
                                        "ReportFormat",       "GeneratedTime",  "TimeLoggingStarted",
                                        "TimeLoggingStopped",
                                        "failures", // of tasks and services that are gone; or not told
                                        "LoadBalancerArn",    "TargetGroupArn", NULL};
    return text_among(key, names) || strncmp(key, "Latest", 6) == 0; // of a trail's status
}

// What others put around an answer: placebo's recordings have status_code and data.
static bool is_wrapper(const char *key)
{
    static const char *const names[] = {"data", "Data", "result", "Result", "response", "Response", "output", NULL};
    return text_among(key, names);
}

// What is not understood of these may be any load balancer's, or any listener's.
static void doubt_any(struct file *file)
{
    struct documents *documents = file->reader.documents;
    if (file->call->kind == KIND_LISTENERS)
        file->reader.doubt = &documents->any_listener;
    if (file->call->kind == KIND_LISTENER_RULES)
        file->reader.doubt = &documents->any_rule;
}

// A group or a role of which nothing is kept may be any.
static void lose_principal(struct file *file)
{
    if (file->call->read == read_group || file->call->read == read_role)
        file->reader.listing->cut = true;
}

static enum json_visit begin_call(struct file *file, const struct aws_call *call)
{
    if (call->form == FORM_UNUSED || call->read == NULL) {
        if (!file->last && call->kind != KIND_COUNT)
            listing_begin(&file->reader, call->kind);
        file->used = true;
        return JSON_SKIP;
    }
    if (call->late != file->last) {
        file->later = file->later || call->late;
        file->used = true;
        return JSON_SKIP;
    }
    file->call = call;
    file->reader.call = subject_call_words(file->reader.arena, call);
    file->reader.listing = listing_begin(&file->reader, call->kind);
    file->reader.listing->read = call->read;
    subject_begin(file, call);
    return call->form == FORM_WHOLE ? JSON_WHOLE : JSON_ELEMENTS;
}

// A list that stands twice in one document: readers differ in which of the two counts (RFC 8259, 4).
static void note_begun(struct file *file, const struct aws_call *call, const char *key)
{
    bool twice = false;
    for (size_t i = 0; i < file->begun.count && !twice; i++)
        twice = file->begun.items[i] == call;
    if (!twice) {
        *vector_add(file->reader.arena, &file->begun) = call;
        return;
    }
    doubt_any(file);
    doubt_document(&file->reader, key, "stands twice in its document: which counts is not known");
}

static enum json_visit on_member(void *context, const struct json_cursor *at, int first)
{
    struct file *file = context;
    struct reader *reader = &file->reader;
    file->call = NULL;
    file->into = NULL;
    file->ours = file->others = 0;
    file->first_other = NULL;
    reader->doubt = NULL;
    reader->call = NULL;
    reader->listing = NULL;
    reader->record = (record_place)file->number << RECORD_OFFSET_BITS | at->offset;
    const struct aws_call *call = call_of_key(at->key);
    if (at->up->up == NULL && lone_record_list(file->bare) != NULL)
        return JSON_SKIP; // what it holds are members, not lists of their own
    if (at->up->up == NULL)
        lone_record_note(&file->bare, at->key);
    if (call != NULL) {
        enum json_visit visit = begin_call(file, call);
        if (visit != JSON_SKIP)
            note_begun(file, call, at->key);
        return visit;
    }
    if (is_marker(at->key))
        return JSON_WHOLE;
    if ((strcmp(at->key, "GeneratedTime") == 0 || strcmp(at->key, "TrailARN") == 0) && file->last)
        return JSON_WHOLE;
    if (is_wrapper(at->key) && first == '{' && at->up->up == NULL)
        return JSON_INSIDE;
    if (!is_beside(at->key) && file->unused == NULL)
        file->unused = arena_strdup(reader->arena, at->key);
    return !file->last && first == '[' && at->key[0] >= 'a' && at->key[0] <= 'z' ? JSON_ELEMENTS : JSON_SKIP;
}

// A mark of a type that it should not have may mean that another page follows.
static bool is_set(const cJSON *node)
{
    return !cJSON_IsFalse(node) && !cJSON_IsNull(node) && !(cJSON_IsString(node) && node->valuestring[0] == '\0') &&
           !(cJSON_IsNumber(node) && node->valuedouble == 0);
}

static void release(struct file *file, size_t offset)
{
    enum { STEP = 8 << 20 };
    const struct document_opener *opener = file->reader.documents->opener;
    if (offset < file->released + STEP || file->mapped == NULL || opener->release == NULL)
        return;
    opener->release(opener->context, file->mapped, offset);
    file->released = offset;
}

// ECS answers with what it would not tell of beside what it tells; MISSING is what is gone since it was listed.
static void note_untold(struct file *file, const cJSON *failure)
{
    const char *arn = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(failure, "arn")),
               *reason = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(failure, "reason"));
    if (file->untold == NULL && (reason == NULL || strcmp(reason, "MISSING") != 0))
        file->untold =
            arena_printf(file->reader.arena, "nothing is told of %.256s: %.64s",
                         arn == NULL ? "one that was asked" : arn, reason == NULL ? "without a reason" : reason);
}

// In what lists of ECS's the document has.
static void doubt_untold(struct file *file)
{
    struct reader reader = file->reader;
    reader.doubt = NULL;
    for (size_t i = file->first_listing; i < reader.documents->listings.count && file->untold != NULL; i++) {
        reader.listing = reader.documents->listings.items[i];
        if (reader.listing->kind == KIND_ECS_TASKS || reader.listing->kind == KIND_ECS_SERVICES)
            doubt_document(&reader, "failures", "%s", file->untold);
    }
}

static bool on_value(void *context, const struct json_cursor *at, bool is_element, struct error *error)
{
    struct file *file = context;
    struct reader *reader = &file->reader;
    release(file, at->offset);
    const struct aws_call *call = file->call;
    const char **doubt = reader->doubt;
    (void)error;
    if (call == NULL && is_element) {
        if (strcmp(at->up->key, "failures") == 0)
            note_untold(file, at->node);
        if (at->index == 0 && call_of_lower_key(at->up->key, at->node) != NULL) {
            doubt_document(reader, at->up->key, "is not as AWS prints it: its keys begin in lower case");
            reader->listing = NULL;
        }
        return true;
    }
    if (call == NULL) {
        if (is_marker(at->key))
            file->more = file->more || is_set(at->node);
        else if (cJSON_IsString(at->node) && strcmp(at->key, "TrailARN") == 0)
            file->trail_arn = arena_strdup(reader->arena, at->node->valuestring);
        else if (cJSON_IsString(at->node)) // GeneratedTime
            note_report_made(reader, at->node->valuestring);
        return true;
    }
    if (is_element || call->form == FORM_WHOLE) {
        bool object = cJSON_IsObject(at->node);
        const char *repeated = json_repeated_key(at->node);
        if (call->is_ours != NULL && (object || !is_element || call->strings_elsewhere) && !call->is_ours(at->node)) {
            char place[256];
            json_place(at, place, sizeof(place));
            if (file->others++ == 0)
                file->first_other = arena_strdup(reader->arena, place);
            return true;
        }
        file->ours++;
        file->used = true;
        reader->record = (record_place)file->number << RECORD_OFFSET_BITS | at->offset;
        if (is_element && (!object || repeated != NULL)) {
            doubt_any(file);
            lose_principal(file);
        }
        if (is_element && !object)
            doubt_at(reader, at, "is no object, expected one");
        else if (repeated != NULL)
            doubt_at(reader, at, "has %s twice: which counts is not known", repeated);
        else if (!call->read(reader, at, file->into)) {
            doubt_failure(reader);
            lose_principal(file);
        }
        arena_reset(reader->scratch);
    } else if (call->is_ours != NULL && file->into == NULL &&
               (cJSON_IsObject(at->node) || (call->counts_elsewhere && cJSON_IsNumber(at->node)))) {
        file->others++;
        file->first_other = arena_strdup(reader->arena, at->key);
    } else {
        doubt_at(reader, at, "is no array, expected one");
    }
    reader->doubt = doubt;
    return true;
}

// A record that is well-formed but for bytes that are no UTF-8, with ? in their place; NULL where it is not.
static cJSON *mended(const struct file *file, size_t begin)
{
    enum { MOST_BYTES = 256 }; // a record of another encoding has a few; what has more is no text
    size_t end = begin, wrong;
    struct error error;
    if (!json_skip(file->bytes, file->length, &end))
        return NULL;
    char *copy = arena_strndup(file->reader.scratch, file->bytes + begin, end - begin);
    cJSON *node = NULL;
    for (size_t at = 0; node == NULL && at < MOST_BYTES; at++) {
        node = json_parse_slice(copy, end - begin, &wrong, &error);
        if (node == NULL && (wrong >= end - begin || ((unsigned char)copy[wrong] < 0x80 && copy[wrong] != '\0')))
            break;
        if (node == NULL)
            copy[wrong] = '?';
    }
    return node;
}

static bool on_broken(void *context, const struct json_cursor *at, struct error *error)
{
    struct file *file = context;
    if (file->call != NULL)
        doubt_at(&file->reader, at, "%s", error->message);
    if (file->call != NULL)
        lose_principal(file);
    *error = (struct error){0};
    cJSON *node = file->call == NULL ? NULL : mended(file, at->offset);
    if (node == NULL) {
        file->ours += file->call != NULL;
        return true;
    }
    struct json_cursor value = *at;
    value.node = node;
    on_value(context, &value, at->key == NULL, error);
    cJSON_Delete(node);
    return true;
}

// Nothing of the list was ours, or all of it: a mixture is one of ours that is damaged.
static bool on_end(void *context, const struct json_cursor *at, struct error *error)
{
    struct file *file = context;
    struct reader *reader = &file->reader;
    (void)error;
    if (file->call == NULL || reader->listing == NULL)
        return true;
    file->used = file->used || file->others == 0 || file->ours > 0;
    if (file->others > 0 && file->ours == 0) {
        reader->listing->kind = KIND_COUNT;
        document_ignore(reader, "its %s are another service's", at->key);
    } else if (file->others > 0) {
        doubt_any(file);
        doubt_document(reader, file->first_other, "is not what the others beside it are: not understood");
    } else if (file->into == NULL && file->ours > 0 && subject_is_transit_table(file->call->kind)) {
        document_ignore(reader, "its name does not hold the id of the transit gateway route table that its %s are of",
                        at->key);
    } else if (file->into == NULL && file->ours > 0 &&
               (file->call->read == read_prefix_list_entry || file->call->read == read_target_health)) {
        document_ignore(reader, "its name does not hold the id of the %s that its %s belong to",
                        file->call->kind == KIND_TARGET_HEALTH ? "target group" : "prefix list", at->key);
    } else if (file->ours == 0 && file->call->named_where_empty && call_of_file(reader->name) != file->call) {
        reader->listing->kind = KIND_COUNT;
        document_ignore(reader, "its %s are none, and its name does not say of what", at->key);
    } else if (file->ours == 0 && file->call->kind == KIND_ENDPOINT_GROUPS) {
        *vector_add(reader->arena, &reader->documents->empty_answers) = reader->name;
    } else if (file->ours == 0 && file->call->kind == KIND_LISTENERS) {
        if (!file->last) // an accelerator's or a load balancer's
            *vector_add(reader->arena, &reader->documents->empty_answers) = reader->name;
        struct load_balancer *balancer = file->last ? load_balancer_of_file(reader) : NULL;
        file->later = true;
        if (balancer != NULL)
            balancer->listeners_known = true;
    }
    return true;
}

static const struct json_visitor visitor = {.member = on_member, .value = on_value, .broken = on_broken, .end = on_end};

static void doubt_lone_record(struct file *file)
{
    const char *list = lone_record_list(file->bare);
    if (list == NULL || file->last)
        return;
    file->reader.listing = listing_begin(&file->reader, call_of_key(list)->kind);
    file->reader.doubt = NULL;
    doubt_document(&file->reader, "", "is one record without the key of its list, %s: save it without --query", list);
}

static void begin_document(struct file *file)
{
    file->bare = 0;
    file->trail = NULL;
    file->trail_arn = NULL;
    file->events = (struct trail_events){0};
    file->selectors = false;
    file->controls = NULL;
    file->first_listing = file->reader.documents->listings.count;
    file->first_entries = file->reader.documents->entries_answers.count;
    file->first_transit = file->reader.documents->transit_answers.count;
    file->more = false;
    file->untold = NULL;
    file->begun.count = 0;
    file->firewall = "AWS Network Firewall";
}

// A page of one transit gateway route table: transit.c looks for what follows it.
static bool tells_of_transit_table(const struct file *file, size_t listing)
{
    const struct documents *documents = file->reader.documents;
    return file->first_transit < documents->transit_answers.count &&
           subject_is_transit_table(documents->listings.items[listing]->kind);
}

static void end_document(struct file *file)
{
    struct reader *reader = &file->reader;
    for (size_t i = file->first_listing; i < reader->documents->listings.count; i++)
        reader->documents->listings.items[i]->more = file->more && !tells_of_transit_table(file, i);
    doubt_untold(file);
    doubt_lone_record(file);
    subject_end(file);
    if (file->controls != NULL)
        file->controls->more = file->controls->more || file->more;
    struct documents *documents = reader->documents;
    for (size_t i = file->first_entries; i < documents->entries_answers.count && subject_prefix_list(reader) != NULL;
         i++)
        documents->entries_answers.items[i].more = file->more;
    for (size_t i = file->first_transit; i < documents->transit_answers.count; i++)
        documents->transit_answers.items[i].more = file->more;
}

bool document_read(struct file *file, size_t length, size_t *at)
{
    struct error error = {0};
    begin_document(file);
    bool good = json_stream(file->reader.name, file->bytes, length, at, &visitor, file, &error);
    end_document(file);
    if (good)
        return true;
    struct reader *reader = &file->reader;
    *reader->error = error;
    const struct aws_call *call = call_of_file(reader->name);
    if (!file->last && reader->documents->listings.count == file->first_listing && call != NULL && call->read != NULL)
        listing_begin(reader, call->kind); // what it was to tell of
    reader->listing = NULL;
    for (size_t i = file->first_listing; i < reader->documents->listings.count; i++)
        reader->documents->listings.items[i]->cut = true;
    if (!file->last)
        doubt_failure(reader);
    else if (reader->doubt != NULL && *reader->doubt == NULL) // listed when it was read first
        *reader->doubt = arena_printf(reader->arena, "unread: %s is cut off or malformed", reader->name);
    *reader->error = (struct error){0};
    return false;
}

bool document_is(const cJSON *object)
{
    const cJSON *member;
    if (!cJSON_IsObject(object))
        return false;
    cJSON_ArrayForEach (member, object)
        if (((cJSON_IsArray(member) || cJSON_IsObject(member)) && call_of_key(member->string) != NULL) ||
            (cJSON_IsObject(member) && is_wrapper(member->string)))
            return true;
    return false;
}
