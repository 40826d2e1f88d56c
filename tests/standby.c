// sgproof, loaded and waiting: what a test asks for runs in a fork of this process. To load so many libraries with
// sanitizers takes longer than most of the tests' commands do. Standard input is a stream socket (tests/standby.py).
//   request: struct request with four descriptors (stdin, stdout, stderr, working folder), then argv and the
//   environment,
//            each string with its NUL
//   answer:  the child's process id, then its wait status, an int32_t each
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#endif

#include "base/memory.h"
#include "cli/commands.h"

int sgproof_main(int argc, char **argv); // src/main.c
int derive_main(int argc, char **argv);  // tests/derive.c

enum { SOCKET = STDIN_FILENO, FOLDER = STDERR_FILENO + 1, DESCRIPTORS = FOLDER + 1 };

struct request {
    uint32_t words;     // of argv
    uint32_t variables; // of the environment
    uint32_t length;    // of all strings, in bytes
    uint32_t mask;      // umask
    uint32_t unlooked;  // not 0: what it leaks is not looked for at its end
};

extern char **environ;

// What the sanitizers must find in a fork too: tests/integration/test_standby.py asks for it.
static int leaks(void)
{
    static void *volatile lost;
    for (int i = 0; i < 100; i++)
        lost = malloc(16);
    lost = NULL;
    return lost != NULL;
}

static int overflows(void)
{
    char *volatile small = malloc(16);
    size_t volatile beyond = 16;
    int found = small[beyond];
    free(small);
    return found & 1;
}

// Commands of sgproof one after the other in one process, each behind a ";". They must be ones that the confinement of
// the first does not hinder: those that read files and print. What each prints ends with a form feed and its status.
static int each(int argc, char **argv)
{
    memory_for_libraries();
    for (int first = 2, end; first < argc; first = end + 1) {
        for (end = first; end < argc && strcmp(argv[end], ";") != 0;)
            end++;
        argv[end] = NULL;
        const struct command *command = command_named(argv[first]);
        struct arena *arena = arena_new();
        int status = command->run(arena, end - first, argv + first);
        arena_free(arena);
        printf("\f%d\n", status);
        fflush(NULL);
    }
    return 0;
}

static int run(int argc, char **argv)
{
    if (strcmp(argv[0], "each") == 0)
        return each(argc, argv);
    if (strcmp(argv[0], "leaks") == 0)
        return leaks();
    if (strcmp(argv[0], "overflows") == 0)
        return overflows();
    return strcmp(argv[0], "derive") == 0 ? derive_main(argc, argv) : sgproof_main(argc, argv);
}

// False at the end of requests.
static bool take_head(struct request *request, int *descriptors)
{
    union {
        struct cmsghdr head;
        char bytes[CMSG_SPACE(DESCRIPTORS * sizeof(int))];
    } control;
    struct iovec part = {.iov_base = request, .iov_len = sizeof(*request)};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
    ssize_t got;
    while ((got = recvmsg(SOCKET, &message, MSG_CMSG_CLOEXEC | MSG_WAITALL)) < 0 && errno == EINTR)
        ;
    const struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    if (got != (ssize_t)sizeof(*request) || head == NULL ||
        head->cmsg_len != CMSG_LEN(DESCRIPTORS * sizeof(*descriptors)))
        return false;
    memcpy(descriptors, CMSG_DATA(head), DESCRIPTORS * sizeof(*descriptors));
    return true;
}

static bool take_strings(char *bytes, size_t length)
{
    for (size_t had = 0; had < length;) {
        ssize_t got = read(SOCKET, bytes + had, length - had);
        if (got == 0 || (got < 0 && errno != EINTR))
            return false;
        had += got > 0 ? (size_t)got : 0;
    }
    return true;
}

static char *split(char *at, char **strings, size_t count)
{
    for (size_t i = 0; i < count; i++, at += strlen(at) + 1)
        strings[i] = at;
    strings[count] = NULL;
    return at;
}

static bool answer(int32_t value)
{
    return write(SOCKET, &value, sizeof(value)) == (ssize_t)sizeof(value);
}

// Takes the place that a process of its own would have been given.
static void settle(const int *descriptors)
{
    for (int i = 0; i < FOLDER; i++)
        if (dup2(descriptors[i], i) < 0)
            _exit(126);
    if (fchdir(descriptors[FOLDER]) != 0)
        _exit(126);
    for (int i = 0; i < DESCRIPTORS; i++)
        close(descriptors[i]);
}

int main(void)
{
    static char *bytes, **words, **variables; // the last request's, which its fork still has
    struct request request;
    int descriptors[DESCRIPTORS], status = 0;
#ifdef __SANITIZE_ADDRESS__
    __lsan_do_recoverable_leak_check(); // what it maps, each fork has then
#endif
    while (take_head(&request, descriptors)) {
        bytes = realloc(bytes, request.length + 1);
        words = realloc(words, (request.words + 1) * sizeof(*words));
        variables = realloc(variables, (request.variables + 1) * sizeof(*variables));
        if (bytes == NULL || words == NULL || variables == NULL || !take_strings(bytes, request.length))
            return EXIT_FAILURE;
        split(split(bytes, words, request.words), variables, request.variables);
        fflush(NULL);
        pid_t child = fork();
        if (child == 0) {
            settle(descriptors);
            umask(request.mask);
            environ = variables;
            status = run((int)request.words, words);
            fflush(NULL);
            if (request.unlooked)
                _exit(status);
            exit(status);
        }
        for (int i = 0; i < DESCRIPTORS; i++)
            close(descriptors[i]);
        if (child < 0 || !answer(child))
            return EXIT_FAILURE;
        while (waitpid(child, &status, 0) < 0 && errno == EINTR)
            ;
        if (!answer(status))
            return EXIT_FAILURE;
    }
    return 0;
}
