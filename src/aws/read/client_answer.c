// What an answer is: XML or JSON, or a failure and of which kind; and whether to ask again.
#include "aws/read/client_answer.h"

#include <string.h>
#include <time.h>

#include "base/redact.h"

static enum failure_kind kind_of(const struct request *request, const char *code, long status)
{
    static const char *const throttled[] = {"Throttling",
                                            "ThrottlingException",
                                            "ThrottledException",
                                            "RequestThrottledException",
                                            "TooManyRequestsException",
                                            "RequestLimitExceeded",
                                            "BandwidthLimitExceeded",
                                            "LimitExceededException",
                                            "RequestThrottled",
                                            "SlowDown",
                                            "PriorRequestNotComplete",
                                            "EC2ThrottledException",
                                            NULL};
    static const char *const denied[] = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation",
                                         "UnauthorizedAccess", NULL};
    static const char *const absent[] = {"NoSuchEntity", "AWSOrganizationsNotInUseException", NULL};
    static const char *const unsupported[] = {"UnsupportedOperation",  "InvalidAction",  "UnknownOperationException",
                                              "OperationNotPermitted", "NotImplemented", NULL};
    if (text_among(code, throttled))
        return FAILURE_THROTTLED;
    if (text_among(code, denied))
        return FAILURE_DENIED;
    if (text_among(code, absent))
        return FAILURE_ABSENT;
    // What is not AWS's own form of a failure comes from a server that does not know the call; or, where AWS is asked,
    // from whatever stands between, which says nothing of it.
    bool strange = request->elsewhere && strncmp(code, "HTTP ", 5) == 0 &&
                   (status == 404 || status == 405 || status == 501 || (status == 500 && request->by_option));
    return text_among(code, unsupported) || strange ? FAILURE_UNSUPPORTED : FAILURE_OTHER;
}

void request_fail(struct request *request, enum failure_kind kind, const char *code, const char *message)
{
    request->page.xml = NULL;
    request->page.json = NULL;
    request->failure = kind;
    request->code = code;
    request->message = message;
}

// <Response><Errors><Error>, or <ErrorResponse><Error>.
static void read_failure(struct request *request, const struct xml_node *root, long status)
{
    const struct xml_node *errors = xml_child(root, "Errors");
    const struct xml_node *one = xml_child(errors != NULL ? errors : root, "Error");
    const char *code = xml_text(one, "Code"), *message = xml_text(one, "Message");
    code = code == NULL ? arena_printf(request->arena, "HTTP %ld", status) : code;
    request_fail(request, kind_of(request, code, status), code, message == NULL ? "no more was said" : message);
}

// "prefix#AccessDeniedException:http://..." -> "AccessDeniedException"
static const char *bare_code(struct arena *arena, const char *type)
{
    const char *code = arena_strndup(arena, type, strcspn(type, ":")), *hash = strrchr(code, '#');
    return hash == NULL ? code : hash + 1;
}

// The code of a failure stands as __type or code in the body, or in a header.
static const char *find_type(const cJSON *json, const struct http_exchange *http)
{
    static const char *const keys[] = {"__type", "code", "Code"};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        const char *type = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, keys[i]));
        if (type != NULL && type[0] != '\0')
            return type;
    }
    return http_header(http, "x-amzn-ErrorType");
}

// {"__type": "prefix#AccessDeniedException", "message" or "Message": ...}
static void read_json_failure(struct request *request, const cJSON *json, const struct http_exchange *http)
{
    const char *type = find_type(json, http);
    long status = http->answer.status;
    const cJSON *message = cJSON_GetObjectItem(json, "message");
    const char *code =
        type != NULL ? bare_code(request->arena, type) : arena_printf(request->arena, "HTTP %ld", status);
    request_fail(request, kind_of(request, code, status), code,
                 cJSON_IsString(message) ? arena_strdup(request->arena, message->valuestring) : "no more was said");
}

static const char *find_request_id(const struct xml_node *root)
{
    const char *id = xml_text(root, "requestId");
    id = id != NULL ? id : xml_text(root, "RequestID");
    return id != NULL ? id : xml_text(xml_child(root, "ResponseMetadata"), "RequestId");
}

// Parses the answer in its protocol; of a failure, what AWS says of it.
static bool read_body(struct request *request, const struct http_exchange *http, cJSON **json, struct error *error)
{
    const struct http_answer *answer = &http->answer;
    struct page *page = &request->page;
    *page = (struct page){
        .lists = request->lists, .bytes = answer->bytes, .length = answer->length, .mapped = answer->mapped};
    if (request->speaks_json) {
        page->json = *json = page_read_json(page, error);
        if (answer->status != 200)
            read_json_failure(request, *json, http);
        return *json != NULL;
    }
    bool whole = page_read_xml(request->arena, page, error);
    request->request_id = find_request_id(page->xml);
    if (answer->status != 200)
        read_failure(request, page->xml, answer->status);
    return whole;
}

// What the SDKs call transient, or a throttling without its word.
static bool is_passing(const char *code, long status)
{
    static const char *const codes[] = {"RequestTimeout", "RequestTimeoutException", "IDPCommunicationError", NULL};
    return status == 429 || status == 500 || status == 502 || status == 503 || status == 504 || text_among(code, codes);
}

// Whether an answer with status 200 tells of a failure, which it then is.
static bool says_failure(struct request *request, const struct http_exchange *http)
{
    const struct xml_node *root = request->page.xml;
    const cJSON *json = request->page.json;
    if (xml_child(root, "Errors") != NULL || xml_child(root, "Error") != NULL)
        read_failure(request, root, http->answer.status);
    else if (cJSON_HasObjectItem(json, "__type") || find_type(json, http) != NULL)
        read_json_failure(request, json, http);
    else
        return false;
    return true;
}

// What kept an answer from coming. True where it may come if asked again.
static bool read_end(struct request *request, const struct http_answer *answer)
{
    bool too_large = answer->end == HTTP_TOO_LARGE;
    request_fail(request, FAILURE_OTHER,
                 too_large                     ? "answer"
                 : answer->end == HTTP_NO_HOST ? "host-unknown"
                                               : "connection",
                 too_large ? arena_printf(request->arena, "the answer is larger than %d MiB",
                                          (request->spool != NULL ? CLIENT_SPOOLED : CLIENT_HELD) >> 20)
                           : arena_printf(request->arena, "%s: %s", redact_argument(request->arena, request->url),
                                          answer->problem));
    return answer->end > HTTP_TOO_LARGE;
}

bool answer_read(struct request *request, const struct http_exchange *http, cJSON **json)
{
    long status = http->answer.status;
    struct error error = {0};
    time_t theirs;
    request->page = (struct page){0};
    if (http->answer.problem != NULL)
        return read_end(request, &http->answer);
    if (http_date(http, &theirs))
        request->clock_skew = difftime(theirs, time(NULL));
    if (status >= 300 && status < 400) {
        request_fail(request, FAILURE_OTHER, arena_printf(request->arena, "HTTP %ld", status),
                     "a redirect, which is not followed: the request is signed for this place only");
        return false;
    }
    bool whole = read_body(request, http, json, &error);
    if (status != 200)
        return request->failure == FAILURE_THROTTLED || is_passing(request->code, status);
    if (says_failure(request, http)) // all the same
        return request->failure == FAILURE_THROTTLED || is_passing(request->code, status);
    if (!whole) {
        request_fail(request, FAILURE_OTHER, "answer",
                     arena_printf(request->arena, "not the %s that was expected: %s",
                                  request->speaks_json ? "JSON" : "XML", error.message));
        return true;
    }
    request->failure = FAILURE_NONE;
    return false;
}
