#include "aws/documents/document_subject.h"

#include <string.h>

#include "aws/documents/completeness.h"
#include "aws/documents/readers.h"

// get-managed-prefix-list-entries prints no list id: it is in the name of the file (contract.md).
struct prefix_list *subject_prefix_list(struct reader *reader)
{
    const char *start = strstr(text_behind_slash(reader->name), "pl-");
    size_t length = start == NULL ? 0 : strspn(start + 3, "0123456789abcdefghijklmnopqrstuvwxyz");
    return length == 0 ? NULL
                       : prefix_list_named(reader, intern(reader, arena_strndup(reader->arena, start, 3 + length)));
}

static void begin_entries(struct file *file)
{
    struct prefix_list *list = subject_prefix_list(&file->reader);
    file->into = list;
    if (list == NULL)
        return;
    prefix_list_answer(&file->reader, list);
    file->reader.doubt = &list->doubt;
}

bool subject_is_transit_table(enum kind kind)
{
    return kind == KIND_TRANSIT_ROUTES || kind == KIND_TRANSIT_ASSOCIATIONS || kind == KIND_TRANSIT_PROPAGATIONS;
}

static void begin_of_transit_table(struct file *file)
{
    struct transit_route_table *table = transit_table_of_file(&file->reader);
    file->into = table;
    if (table == NULL)
        return;
    transit_answer_begin(&file->reader, table, file->call->kind);
    file->reader.doubt = &table->doubt;
}

static void begin_of_target_group(struct file *file)
{
    struct target_group *group = target_group_of_file(&file->reader);
    file->into = group;
    if (group == NULL)
        return;
    file->reader.doubt = &group->doubt;
    group->targets_known = group->targets_known || file->call->kind == KIND_TARGET_HEALTH;
}

// Of a classic load balancer, too, which no id tells from others.
static struct load_balancer *named_balancer(struct file *file, const struct aws_call *call)
{
    struct load_balancer *balancer =
        call->read == read_classic_attributes ? NULL : load_balancer_of_file(&file->reader);
    return balancer != NULL ? balancer : classic_load_balancer_of_file(&file->reader);
}

static void begin_of_classic(struct file *file)
{
    struct load_balancer *balancer = classic_load_balancer_of_file(&file->reader);
    file->into = balancer;
    if (balancer != NULL)
        file->reader.doubt = &balancer->doubt;
}

static bool is_of_load_balancer(const struct aws_call *call)
{
    return call != NULL && strcmp(call->operation, "DescribeLoadBalancerAttributes") == 0;
}

// Two calls answer with Attributes: the file's name says which, else what it names.
static void begin_of_attributes(struct file *file)
{
    struct reader *reader = &file->reader;
    const struct aws_call *named = call_of_file(reader->name);
    struct attribute_owner *owner = &file->owner;
    *owner = (struct attribute_owner){0};
    if (!is_of_load_balancer(named))
        owner->group = target_group_of_file(reader);
    if (owner->group == NULL && named != file->call)
        owner->balancer = load_balancer_of_file(reader);
    if (owner->group != NULL)
        reader->doubt = &owner->group->doubt;
    if (owner->balancer != NULL) {
        reader->doubt = &owner->balancer->doubt;
        reader->call = "elbv2 describe-load-balancer-attributes";
    }
    file->into = owner->group != NULL || owner->balancer != NULL ? owner : NULL;
}

// "elbv2 describe-listeners"; NULL of a row that names no document.
const char *subject_call_words(struct arena *arena, const struct aws_call *call)
{
    return call == NULL || call->file == NULL
               ? NULL
               : arena_printf(arena, "%s %.*s", call->service, (int)strcspn(call->file, "."), call->file);
}

void document_lacks(struct file *file)
{
    struct reader *reader = &file->reader;
    const struct aws_call *call = call_of_file(reader->name);
    bool entries = call != NULL && call->read == read_prefix_list_entry;
    bool late = call != NULL && (call->read == read_target_health || call->read == read_attribute);
    bool of_balancer = is_of_load_balancer(call);
    struct load_balancer *balancer = of_balancer && file->last ? named_balancer(file, call) : NULL;
    struct prefix_list *list = entries && !file->last ? subject_prefix_list(reader) : NULL;
    struct target_group *group = late && file->last ? target_group_of_file(reader) : NULL;
    file->later = file->later || late || of_balancer;
    reader->listing = NULL;
    reader->call = subject_call_words(reader->arena, call);
    reader->doubt = list != NULL       ? &list->doubt
                    : group != NULL    ? &group->doubt
                    : balancer != NULL ? &balancer->doubt
                                       : NULL;
    if (list != NULL)
        doubt_document(reader, "", "tells nothing of the entries of prefix list %s, which its name holds", list->id);
    if (group != NULL)
        doubt_document(reader, "", "tells nothing of target group %s, which its name holds",
                       group->name == NULL ? group->arn : group->name);
    if (balancer != NULL)
        doubt_document(reader, "", "tells nothing of load balancer %s, which its name holds",
                       balancer->name == NULL ? balancer->arn : balancer->name);
}

static void begin_of_trail(struct file *file)
{
    struct trail *trail = trail_of_file(&file->reader);
    file->into = trail;
    if (trail == NULL)
        return;
    file->reader.doubt = &trail->doubt;
    if (!file->selectors && file->call->kind == KIND_EVENT_SELECTORS) {
        file->events = trail->events;
        trail->events = (struct trail_events){.told = true};
        file->selectors = true;
    }
    file->trail = trail;
}

// list-policies-for-target and list-parents print of what they were asked in the file's name alone (contract.md).
static void begin_of_organization(struct file *file)
{
    struct reader *reader = &file->reader;
    if (file->call->read == read_parent) {
        struct organization_target *target = organization_target_of_file(reader);
        file->into = target;
        reader->doubt = target == NULL ? NULL : &target->doubt;
        return;
    }
    file->controls = attached_controls_of_file(reader);
    file->into = file->controls;
    if (file->controls != NULL)
        reader->doubt = &file->controls->doubt;
}

// What a document tells of a trail is of that trail, and no other tells otherwise.
void subject_end(struct file *file)
{
    struct trail *trail = file->trail;
    if (trail == NULL)
        return;
    file->reader.doubt = &trail->doubt;
    file->reader.listing = NULL;
    if (file->trail_arn != NULL && strncmp(file->trail_arn, "arn:", 4) == 0 && strcmp(file->trail_arn, trail->arn) != 0)
        doubt_document(&file->reader, "TrailARN", "is %s, and the file is named for trail %s", file->trail_arn,
                       trail->name);
    if (file->selectors && file->events.told && !trail_events_same(&file->events, &trail->events))
        doubt_document(&file->reader, "", "tells of other event selectors of trail %s than another file", trail->name);
}

void subject_begin(struct file *file, const struct aws_call *call)
{
    if (call->read == read_prefix_list_entry)
        begin_entries(file);
    else if (call->read == read_target_health)
        begin_of_target_group(file);
    else if (call->read == read_attribute)
        begin_of_attributes(file);
    else if (call->read == read_classic_attributes)
        begin_of_classic(file);
    else if (subject_is_transit_table(call->kind))
        begin_of_transit_table(file);
    else if (call->kind == KIND_EVENT_SELECTORS || call->kind == KIND_TRAIL_STATUS)
        begin_of_trail(file);
    else if (call->read == read_managed_policy || call->read == read_parent)
        begin_of_organization(file);
    else if (call->kind == KIND_FIREWALLS)
        file->into = &file->firewall;
}
