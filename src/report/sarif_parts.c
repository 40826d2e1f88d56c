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

void sarif_put_file(struct json_writer *writer, const char *file)
{
    json_open(writer, "physicalLocation", '{');
    json_open(writer, "artifactLocation", '{');
    json_put_string(writer, "uri", file);
    json_close(writer, '}');
    json_open(writer, "region", '{');
    json_put_integer(writer, "startLine", 1);
    json_close(writer, '}');
    json_close(writer, '}');
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
