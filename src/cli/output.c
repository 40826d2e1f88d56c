#include "cli/output.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/log.h"
#include "base/rights.h"

int cli_fail(const struct error *error)
{
    log_line(LOG_ERROR, "%s", error->message);
    if (strstr(error->message, strerror(EACCES)) != NULL && rights_are_roots_own())
        log_line(LOG_INFO, "sgproof gives up root's right to files of others before it reads anything: use places that "
                           "root owns, or run it as their owner (with CAP_NET_RAW, where it is to send SYN packets)");
    return error->code == ERROR_NONE ? ERROR_USAGE : (int)error->code;
}

int cli_usage(const struct command *command, const char *message)
{
    log_line(LOG_ERROR, "%s; usage: sgproof %s %s", message, command->name, command->usage);
    return ERROR_USAGE;
}

bool cli_output(const struct options *options, const struct text *text, struct error *error)
{
    const char *path = options_value(options, "output");
    if (path != NULL && strcmp(path, "-") != 0)
        return file_write(path, text->bytes, text->length, error);
    if (fwrite(text->bytes, 1, text->length, stdout) != text->length || fflush(stdout) != 0)
        return error_set(error, ERROR_INCOMPLETE, "the output could not be written");
    return true;
}

bool cli_output_begin(const struct options *options, struct output *output, struct text *text, struct error *error)
{
    const char *path = options_value(options, "output");
    output->is_file = path != NULL && strcmp(path, "-") != 0;
    if (output->is_file && !file_begin(&output->draft, path, error))
        return false;
    *text = (struct text){.sink = output->is_file ? output->draft.stream : stdout};
    return true;
}

bool cli_output_end(struct output *output, struct text *text, struct error *error)
{
    text_flush(text);
    text_free(text);
    if (output->is_file)
        return file_commit(&output->draft, error);
    if (fflush(stdout) != 0 || ferror(stdout))
        return error_set(error, ERROR_INCOMPLETE, "the output could not be written");
    return true;
}

void cli_output_abandon(struct output *output, struct text *text)
{
    text_free(text);
    if (output->is_file)
        file_abandon(&output->draft);
}

const char *cli_format(const struct options *options)
{
    const char *format = options_value(options, "format");
    return format == NULL ? "text" : format;
}

bool cli_colour(const struct options *options)
{
    const char *no_colour = getenv("NO_COLOR");
    return options_value(options, "output") == NULL && isatty(STDOUT_FILENO) &&
           (no_colour == NULL || no_colour[0] == '\0');
}

bool cli_is_silent(const struct options *options, const char *format, int status)
{
    return status == 0 && strcmp(format, "text") == 0 && options_value(options, "quiet") != NULL &&
           options_value(options, "output") == NULL;
}
