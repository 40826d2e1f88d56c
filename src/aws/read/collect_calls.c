// Calls and their pages: asked in the service's protocol, written as the AWS CLI prints them.
#include <stdlib.h>

#include "aws/read/collector.h"
#include "aws/read/endpoint.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/http.h"

// An ARN goes by its last two parts: ".../web/73e2d6bc24d8a067" -> "web.73e2d6bc24d8a067".
const char *file_word(struct arena *arena, const char *text)
{
    const char *last = strrchr(text, '/'), *before = last;
    while (before != NULL && before > text && before[-1] != '/' && before[-1] != ':')
        before--;
    if (last == NULL)
        return http_escape(arena, text);
    return arena_printf(arena, "%s.%s", http_escape(arena, arena_strndup(arena, before, (size_t)(last - before))),
                        http_escape(arena, last + 1));
}

const char *string_of(const cJSON *object, const char *key)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
}

// Action=DescribeVpcs&Version=...
static void write_form(const struct call *call, const char *token, struct arena *arena, struct text *body)
{
    const struct operation *of = &call->operation;
    text_printf(body, "Action=%s&Version=%s", of->name, of->version);
    for (size_t i = 0; i < call->parameter_count; i++)
        text_printf(body, "&%s=%s", call->parameters[i].name, http_escape(arena, call->parameters[i].value));
    if (of->limit[0] != '\0')
        text_printf(body, "&%s=%d", of->limit, of->most);
    if (token != NULL)
        text_printf(body, "&%s=%s", of->token, http_escape(arena, token));
}

static void write_object(const struct call *call, const char *token, struct text *body)
{
    const struct operation *of = &call->operation;
    struct json_writer writer = json_writer_to(body);
    json_open_line(&writer, NULL, '{');
    for (size_t i = 0; i < call->parameter_count; i++) {
        const struct parameter *one = &call->parameters[i];
        if (one->values == NULL) {
            json_put_string(&writer, one->name, one->value);
            continue;
        }
        json_open_line(&writer, one->name, '[');
        for (size_t v = 0; v < one->value_count; v++)
            json_put_string(&writer, NULL, one->values[v]);
        json_close(&writer, ']');
    }
    if (of->limit[0] != '\0')
        json_put_integer(&writer, of->limit, of->most);
    if (token != NULL)
        json_put_string(&writer, of->token, token);
    json_close(&writer, '}');
}

// What is behind the host's name in a URL: the path with its parameters, and the page that is asked for, by name as the
// signature has them.
static const char *path_of(const struct call *call, const char *token, struct arena *arena)
{
    const struct operation *of = &call->operation;
    const char *path = of->path, *open;
    for (size_t i = 0; (open = strchr(path, '{')) != NULL && i < call->parameter_count; i++)
        path = arena_printf(arena, "%.*s%s%s", (int)(open - path), path, http_escape(arena, call->parameters[i].value),
                            strchr(open, '}') + 1);
    const char *limit = of->limit[0] == '\0' ? "" : arena_printf(arena, "%s=%d", of->limit, of->most);
    const char *next = token == NULL ? "" : arena_printf(arena, "%s=%s", of->token, http_escape(arena, token));
    bool token_first = strcmp(of->token, of->limit) < 0;
    const char *both[] = {token_first ? next : limit, token_first ? limit : next};
    return arena_printf(arena, "%s%s%s%s%s", path, both[0][0] != '\0' || both[1][0] != '\0' ? "?" : "", both[0],
                        both[0][0] != '\0' && both[1][0] != '\0' ? "&" : "", both[1]);
}

static void on_page(struct request *request);

static void send_page(struct call *call, const char *token)
{
    struct collector *collector = call->collector;
    // What a role is assumed with is a secret, so bodies lie where everything is overwritten at the end.
    struct arena *arena = collector->options->config->arena;
    const struct operation *of = &call->operation;
    struct text body = {.secret = true};
    struct error error = {0};
    const char *url =
        endpoint_url(collector->options->config, collector->options->endpoint, of->service, call->meant, &error);
    if (of->path != NULL && url != NULL) // what is asked is in the path
        url = arena_printf(arena, "%s%s%s", url, url[strlen(url) - 1] == '/' ? "" : "/", path_of(call, token, arena));
    else if (of->target[0] != '\0')
        write_object(call, token, &body);
    else if (of->path == NULL)
        write_form(call, token, arena, &body);
    call->request = (struct request){
        .url = url,
        .elsewhere = endpoint_is_elsewhere(collector->options->config, collector->options->endpoint, of->service),
        .by_option = collector->options->endpoint != NULL,
        .speaks_json = of->speaks_json,
        .region = call->region,
        .service = of->service,
        .signing_name = of->prefix,
        .credentials = &(call->by != NULL ? call->by : call->account)->credentials,
        .target = of->target[0] == '\0' ? NULL : arena_printf(collector->arena, "%s.%s", of->target, of->name),
        .version = of->version,
        .body = of->path != NULL ? NULL : arena_strdup(arena, body.bytes),
        .lists = &call->names,
        // A document that is looked into is parsed as a whole.
        .spool = call->file != NULL && !call->followed ? collector->folder : NULL,
        .done = on_page,
        .context = call,
        .message = url == NULL ? arena_strdup(collector->arena, error.message) : NULL,
    };
    text_wipe(&body);
    client_send(collector->client, &call->request);
}

static struct call *begin(struct collector *collector, const struct call *like, const char *region)
{
    struct call *call = arena_new_of(collector->arena, struct call);
    *call = (struct call){
        .collector = collector,
        .account = like->account,
        .by = like->by,
        .what = like->what,
        .follow = like->follow,
        .operation = model_operation(collector->model, like->what->service, like->what->operation),
        .meant = region,
        .region =
            endpoint_region(collector->options->config, collector->options->endpoint, like->what->service, region),
        .parameters = like->parameters,
        .parameter_count = like->parameter_count,
        .file = like->file,
        .began_us = clock_wall_us(),
    };
    call->names = model_lists(collector->model, &call->operation);
    call->followed = follow_needs_document(call);
    document_begin(call);
    *vector_add(collector->arena, &collector->calls) = call;
    collector->open++;
    send_page(call, NULL);
    return call;
}

struct call *call_start(struct collector *collector, const struct read_account *account, const char *region,
                        const struct aws_call *what, call_follow follow, const char *suffix,
                        const struct parameter *parameters, size_t parameter_count)
{
    return call_start_by(collector, account, NULL, region, what, follow, suffix, parameters, parameter_count);
}

struct call *call_start_by(struct collector *collector, const struct read_account *account,
                           const struct read_account *by, const char *region, const struct aws_call *what,
                           call_follow follow, const char *suffix, const struct parameter *parameters,
                           size_t parameter_count)
{
    struct arena *arena = collector->arena;
    const char *file = NULL;
    if (what->file != NULL) {
        const char *name =
            arena_printf(arena, "%s/%s/%s%s%s", account->id,
                         endpoint_is_global(what->service) || what->scope == CALL_ACCOUNT ? "global" : region,
                         what->file, suffix == NULL ? "" : ".", suffix == NULL ? "" : suffix);
        file = arena_printf(arena, "%s.json", name);
        for (size_t n = 2; map_get(&collector->files, file) != NULL; n++) // of another name that ends alike
            file = arena_printf(arena, "%s.%zu.json", name, n);
        map_put(arena, &collector->files, file, collector);
    }
    struct call like = {.account = account,
                        .by = by,
                        .what = what,
                        .follow = follow,
                        .parameters = parameters,
                        .parameter_count = parameter_count,
                        .file = file};
    return begin(collector, &like, region);
}

void call_again(struct call *old)
{
    old->sha256 = NULL; // its document is replaced
    begin(old->collector, old, old->meant);
}

// Whether the word for what is not there is an answer to this question; to another one it says nothing.
static bool is_absent(const struct call *call)
{
    if (call->failure != FAILURE_ABSENT)
        return false;
    if (strcmp(call->code, "AWSOrganizationsNotInUseException") == 0)
        return call->what->scope == CALL_ORGANIZATION || strcmp(call->operation.service, "organizations") == 0;
    return strcmp(call->operation.name, "GetAccountPasswordPolicy") == 0;
}

void note_unread(const struct call *call)
{
    struct collector *collector = call->collector;
    bool known = is_absent(call) || (call->failure == FAILURE_UNSUPPORTED && call->what->optional) ||
                 (call->failure == FAILURE_DENIED && call->what->spare);
    struct failed_call one = {
        .account = call->account->id,
        .region = call->region,
        .service = call->operation.service,
        .operation = call->operation.name,
        .code = call->code,
        .message = call->message,
        .action = call->failure == FAILURE_DENIED
                      ? call_action(collector->arena, call->operation.service, call->operation.name)
                      : NULL,
    };
    if (known)
        *vector_add(collector->arena, &collector->collected->unavailable) = one;
    else
        *vector_add(collector->arena, &collector->collected->unread) = one;
}

void note_wrong(const struct call *call, const char *why)
{
    struct call told = *call;
    told.failure = FAILURE_OTHER;
    told.code = "answer";
    told.message = why;
    note_unread(&told);
}

// Whether a host of a region was found and gave us a document.
static bool has_answered(const struct collector *collector, const char *region)
{
    for (size_t i = 0; i < collector->calls.count; i++) {
        const struct call *call = collector->calls.items[i];
        if (call->sha256 != NULL && !endpoint_is_global(call->operation.service) && strcmp(call->region, region) == 0)
            return true;
    }
    return false;
}

void settle_unread(struct collector *collector)
{
    struct collected *collected = collector->collected;
    uint32_t kept = 0;
    for (size_t i = 0; i < collected->unread.count; i++) {
        struct failed_call one = collected->unread.items[i];
        bool unknown = strcmp(one.code, "host-unknown") == 0 && collector->options->endpoint == NULL;
        const char *source = unknown ? endpoint_lacks(collector->options->config, one.service, one.region) : NULL;
        if (source == NULL || !has_answered(collector, one.region)) {
            collected->unread.items[kept++] = one;
            continue;
        }
        one.code = "not-in-region";
        one.message =
            arena_printf(collector->arena, "its host is not found, and %s lists none of it in this region", source);
        *vector_add(collector->arena, &collected->unavailable) = one;
    }
    collected->unread.count = kept;
}

// An answer that is not believed. False.
static bool fail_answer(struct call *call, const char *why)
{
    call->failure = FAILURE_OTHER;
    call->code = "answer";
    call->message = why;
    return false;
}

static void end_call(struct call *call, bool good)
{
    struct collector *collector = call->collector;
    cJSON *document = NULL;
    if (good && call->file != NULL && !file_is_inside(call->file)) // what an answer names goes into the file's name
        good =
            fail_answer(call, arena_printf(collector->arena, "it is about what cannot name a file, %.64s", call->file));
    if (good && call->file != NULL && call->elsewhere != NULL)
        good = fail_answer(call, call->elsewhere);
    if (good && call->file != NULL)
        collector->failed = !document_write(call) || collector->failed;
    if (good && call->follow != NULL)
        document = document_parse(call);
    document_forget(call);
    if (!good && call->file != NULL)
        note_unread(call);
    if (call->follow != NULL)
        call->follow(call, document);
    json_wipe(document);
    collector->open--;
}

// Why no further page is asked for; NULL where one may be. A page's token that was there before leads round in a
// circle, and no account has so much.
static const char *enough(struct call *call, const char *token)
{
    enum { MOST_PAGES = 20000 }; // of a thousand records each
    static const size_t most_bytes = (size_t)1 << 31;
    if (map_get(&call->tokens, token) != NULL)
        return "a page's token that was given before: the pages go round in a circle";
    map_put(call->collector->arena, &call->tokens, token, call);
    return ++call->pages >= MOST_PAGES ? "more than 20,000 pages" : call->bytes > most_bytes ? "more than 2 GiB" : NULL;
}

// Why a request's page is no answer of its call; NULL where it is one, whose members are then in *page.
static const char *refuse_page(struct call *call, const struct request *request, struct page *page)
{
    struct collector *collector = call->collector;
    *page = request->page;
    page->xml = model_output(&call->operation, request->page.xml);
    const char *no_answer = model_why_not(collector->model, &call->operation, *page);
    if (no_answer != NULL)
        return arena_printf(collector->arena, "status 200, but %s", no_answer);
    if (page->xml == NULL && request->page.xml != NULL)
        return "an answer to another question";
    return page->xml != NULL || page->json != NULL ? NULL : "";
}

// Why the last page is not the end of the call's lists; NULL where it is. CloudFront says how many there are, of a page
// or of all: more than were told is never right.
static const char *lacks_records(struct call *call, struct page page)
{
    const char *quantity = page.xml == NULL ? NULL : xml_text(page.xml, "Quantity");
    size_t counted = quantity == NULL ? 0 : strtoul(quantity, NULL, 10);
    call->counted = counted > call->counted ? counted : call->counted;
    if (model_is_cut(call->collector->model, &call->operation, page))
        return "there is more than it tells";
    return call->operation.list_count > 0 && call->records < call->counted
               ? arena_printf(call->collector->arena, "it tells of %zu of the %zu that it counts", call->records,
                              call->counted)
               : NULL;
}

static void on_page(struct request *request)
{
    struct call *call = request->context;
    struct collector *collector = call->collector;
    struct arena *arena = collector->arena;
    struct page page;
    collector->collected->clock_skew = request->clock_skew;
    if (request->request_id != NULL)
        *vector_add(arena, &call->request_ids) = arena_strdup(arena, request->request_id);
    const char *why = refuse_page(call, request, &page);
    if (why != NULL && why[0] == '\0') { // a failure already
        call->failure = request->failure;
        call->code = arena_strdup(arena, request->code);
        call->message = arena_strdup(arena, request->message);
        end_call(call, false);
        return;
    }
    if (why == NULL)
        why = call_not_whole(call, page.json);
    const char *next = why != NULL ? NULL : model_next(collector->model, &call->operation, page);
    const char *token = next == NULL ? NULL : arena_strdup(arena, next);
    if (why == NULL && !document_add(call, &page))
        why = "it cannot be read a second time";
    if (why == NULL)
        why = call->wrong;
    if (why == NULL)
        why = token != NULL ? enough(call, token) : lacks_records(call, page);
    if (why != NULL) {
        end_call(call, fail_answer(call, why));
    } else if (token != NULL) {
        send_page(call, token);
    } else {
        document_end(call);
        end_call(call, true);
    }
}

void calls_run(struct collector *collector)
{
    while (collector->open > 0 && uv_run(&collector->loop, UV_RUN_ONCE) != 0) {
        if (collector->options->progress)
            fprintf(stderr, "\rreading: %zu of %zu calls", collector->calls.count - collector->open,
                    (size_t)collector->calls.count);
    }
    if (collector->options->progress)
        fputs("\r\033[K", stderr);
}
