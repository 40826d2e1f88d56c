#include "base/digest.h"
#include "config.h"
#include "report/sarif.h"

void sarif_begin(struct json_writer *writer)
{
    json_open(writer, NULL, '{');
    json_put_string(writer, "$schema", "https://json.schemastore.org/sarif-2.1.0.json");
    json_put_string(writer, "version", "2.1.0");
    json_open(writer, "runs", '[');
    json_open(writer, NULL, '{');
    json_open(writer, "tool", '{');
    json_open(writer, "driver", '{');
    json_put_string(writer, "name", "sgproof");
    json_put_string(writer, "version", SGPROOF_VERSION);
    json_put_string(writer, "semanticVersion", SGPROOF_VERSION);
    json_put_string(writer, "informationUri", "https://github.com/sgproof/sgproof");
}

void sarif_end_tool(struct json_writer *writer, const char *id)
{
    json_close(writer, '}');
    json_close(writer, '}');
    json_open(writer, "automationDetails", '{');
    json_put_string(writer, "id", id);
    json_close(writer, '}');
}

void sarif_begin_results(struct json_writer *writer)
{
    json_put_string(writer, "columnKind", "utf16CodeUnits");
    json_open(writer, "results", '[');
}

void sarif_end(struct json_writer *writer)
{
    json_close(writer, ']');
    json_close(writer, '}');
    json_close(writer, ']');
    json_close(writer, '}');
    json_end_document(writer);
}

void sarif_put_message(struct json_writer *writer, const char *key, const char *text)
{
    json_open(writer, key, '{');
    json_put_string(writer, "text", text);
    json_close(writer, '}');
}

void sarif_begin_rule(struct json_writer *writer, const char *id, const char *name, const char *text, const char *help,
                      const char *level)
{
    json_open(writer, NULL, '{');
    json_put_string(writer, "id", id);
    json_put_string(writer, "name", name);
    sarif_put_message(writer, "shortDescription", text);
    sarif_put_message(writer, "fullDescription", text);
    sarif_put_message(writer, "help", help);
    json_open(writer, "defaultConfiguration", '{');
    json_put_string(writer, "level", level);
    json_close(writer, '}');
}

const char *sarif_level(enum severity severity)
{
    static const char *const levels[] = {"error", "error", "warning", "note", "none"};
    return levels[severity];
}

// https://docs.github.com/code-security, "security-severity".
void sarif_put_score(struct json_writer *writer, enum severity severity)
{
    static const char *const scores[] = {"9.5", "8.0", "5.5", "3.0", "0.0"};
    json_open(writer, "properties", '{');
    json_put_string(writer, "security-severity", scores[severity]);
    json_close(writer, '}');
}

static void put_location(struct json_writer *writer, const char *uri, size_t line)
{
    json_open(writer, "physicalLocation", '{');
    json_open(writer, "artifactLocation", '{');
    json_put_string(writer, "uri", uri);
    json_close(writer, '}');
    json_open(writer, "region", '{');
    json_put_integer(writer, "startLine", (int64_t)line);
    json_close(writer, '}');
    json_close(writer, '}');
}

void sarif_put_file(struct json_writer *writer, const char *file)
{
    put_location(writer, file, 1);
}

// https://www.rfc-editor.org/rfc/rfc3986#section-4.2
void sarif_put_place(struct json_writer *writer, struct arena *arena, const char *path, size_t line)
{
    struct text uri = {0};
    for (const char *at = path; *at != '\0'; at++) {
        bool plain = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') || (*at >= '0' && *at <= '9');
        if (plain || strchr("-._~/", *at) != NULL)
            text_add(&uri, at, 1);
        else
            text_printf(&uri, "%%%02X", (unsigned char)*at);
    }
    put_location(writer, uri.bytes == NULL ? "" : arena_strdup(arena, uri.bytes), line);
    text_free(&uri);
}

void sarif_put_fingerprint(struct json_writer *writer, const char *id)
{
    json_open(writer, "partialFingerprints", '{');
    json_put_string(writer, "finding/v1", id);
    json_close(writer, '}');
}

void sarif_put_key(struct json_writer *writer, struct arena *arena, const char *key)
{
    char sha256[DIGEST_TEXT];
    digest_sha256(key, strlen(key), sha256);
    sarif_put_fingerprint(writer, arena_strndup(arena, sha256, 32));
}
