#include "aws/read/credential_process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/json.h"
#include "base/memory.h"

extern char **environ;

// ---- Words

static bool is_blank(char one)
{
    return one != '\0' && strchr(" \t\r\n", one) != NULL;
}

// Whether a shell would make something else of a character than the AWS CLI does. What it makes of patterns (*, ?, [)
// depends on files, and is the same where none fits.
static bool is_for_shells(const char *at, char quote, bool first_of_word, bool first_word)
{
    if (quote == '\'')
        return false;
    if (*at == '$' || *at == '`')
        return true;
    return quote == '\0' && (strchr("|&;<>()", *at) != NULL || (first_of_word && (*at == '~' || *at == '#')) ||
                             (first_word && *at == '='));
}

bool command_split(struct arena *arena, const char *command, char ***words, const char **why)
{
    size_t length = strlen(command), count = 0;
    *words = arena_array(arena, char *, length / 2 + 2);
    char *to = arena_alloc(arena, length + 1), quote = '\0';
    bool inside = false; // a word
    for (const char *at = command; *at != '\0'; at++) {
        if (quote == '\0' && is_blank(*at)) {
            if (inside)
                *to++ = '\0';
            inside = false;
            continue;
        }
        if (is_for_shells(at, quote, !inside, count <= 1)) {
            *why = arena_printf(arena,
                                "holds %c, which a shell takes for something else: the AWS CLI has none and other SDKs "
                                "have one; put what is to be done in a script, or %c in single quotes",
                                *at, *at);
            return false;
        }
        if (!inside)
            (*words)[count++] = to;
        inside = true;
        if (*at == quote) {
            quote = '\0';
        } else if (quote == '\0' && (*at == '"' || *at == '\'')) {
            quote = *at;
        } else if (*at == '\\' && quote != '\'') {
            at++;
            if (*at == '\0')
                break;
            if (quote == '"' && *at != '"' && *at != '\\')
                *to++ = '\\';
            *to++ = *at;
        } else {
            *to++ = *at;
        }
        if (*at == '\0')
            break;
    }
    *to = '\0';
    (*words)[count] = NULL;
    bool escaped =
        length > 0 && quote != '\'' && command[length - 1] == '\\' && (length == 1 || command[length - 2] != '\\');
    *why = quote != '\0' ? "has a quote that is not closed" : escaped ? "ends with a backslash" : "is empty";
    return quote == '\0' && !escaped && count > 0;
}

// ---- The process

struct process {
    pid_t id;
    int from; // its standard output
};

static bool start(char **words, struct process *process)
{
    int ends[2];
    posix_spawn_file_actions_t actions;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return false;
    int why = posix_spawn_file_actions_init(&actions);
    if (why == 0) {
        why = posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
        why = why != 0 ? why : posix_spawnp(&process->id, words[0], &actions, NULL, words, environ);
        posix_spawn_file_actions_destroy(&actions);
    }
    close(ends[1]);
    process->from = ends[0];
    if (why != 0)
        close(ends[0]);
    errno = why;
    return why == 0;
}

// Reads until it is done with printing. False where the time is over.
static bool read_all(const struct aws_config *config, const struct process *process, struct text *answer)
{
    enum { LOOK_MS = 100, MOST = 1 << 20 };
    char bytes[4096];
    bool good = true, more = true;
    while (more && good && answer->length < MOST) {
        long left = aws_config_left(config, LOOK_MS);
        struct pollfd ready = {.fd = process->from, .events = POLLIN};
        good = left > 0;
        if (!good || poll(&ready, 1, (int)left) <= 0)
            continue;
        ssize_t got = read(process->from, bytes, sizeof(bytes));
        more = got > 0 || (got < 0 && errno == EINTR);
        if (got > 0)
            text_add(answer, bytes, (size_t)got);
    }
    memory_wipe(bytes, sizeof(bytes));
    return good;
}

// Its exit status, or -1; one that is not done by then is ended.
static int end(const struct aws_config *config, const struct process *process, bool done)
{
    enum { LOOK_US = 20000 };
    int status = 0;
    pid_t ended;
    close(process->from);
    if (!done)
        kill(process->id, SIGKILL);
    for (useconds_t pause = 500; (ended = waitpid(process->id, &status, WNOHANG)) == 0 || (ended < 0 && errno == EINTR);
         pause = pause < LOOK_US ? pause * 2 : pause) {
        if (aws_config_left(config, 1) == 0)
            kill(process->id, SIGKILL);
        usleep(pause);
    }
    return ended == process->id && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool credential_process_run(const struct aws_config *config, const char *profile, const char *command,
                            struct credentials *credentials, struct error *error)
{
    char **words;
    const char *why;
    struct process process;
    struct text answer = {.secret = true};
    if (!command_split(config->arena, command, &words, &why))
        return error_set(error, ERROR_USAGE, "profile %s: credential_process %s", profile, why);
    if (!start(words, &process))
        return error_system(error, ERROR_USAGE, errno, "profile %s: credential_process cannot be run: %.200s", profile,
                            words[0]);
    bool done = read_all(config, &process, &answer);
    int status = end(config, &process, done);
    bool good = false;
    if (!done || aws_config_left(config, 1) == 0)
        error_set(error, ERROR_USAGE, "profile %s: credential_process did not end in the time for the whole reading",
                  profile);
    else if (status != 0 || answer.length == 0)
        error_set(error, ERROR_USAGE, "profile %s: credential_process ended with status %d", profile, status);
    else
        good = credentials_parse(config->arena, "credential_process", CREDENTIALS_PROCESS, answer.bytes, answer.length,
                                 arena_printf(config->arena, "credential_process of profile %s", profile), credentials,
                                 error);
    text_wipe(&answer);
    return good;
}
