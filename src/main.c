// The dispatcher, nothing else; the table of commands is cli/commands.c.
#include <openssl/crypto.h>
#include <signal.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/rights.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/help.h"

int main(int argc, char **argv)
{
    memory_for_libraries();
    signal(SIGXFSZ, SIG_IGN); // a file that may not grow is a disk that is full: said, and no end of everything
    if (argc < 2) {
        log_line(LOG_ERROR, "expected a command; sgproof help lists them");
        return ERROR_USAGE;
    }
    int status;
    struct arena *arena = arena_new();
    if (!help_asked(arena, argc, argv, &status)) {
        const struct command *command = command_named(argv[1]);
        OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, NULL); // modules of tokens do not survive being cleaned up at exit
        struct error error = {0};
        if (!command->probes && !rights_drop(&error)) // those that probe open raw sockets first
            status = cli_fail(&error);
        else
            status = command->run(arena, argc - 1, argv + 1);
    }
    arena_free(arena);
    return status;
}
