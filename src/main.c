// The command table, nothing else.
#include <openssl/crypto.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/rights.h"
#include "cli/common.h"
#include "config.h"

static const struct command *const commands[] = {
    &command_read,   &command_compute, &command_explain,   &command_segments, &command_diff,
    &command_plan,   &command_probe,   &command_reconcile, &command_report,   &command_run,
    &command_verify, &command_change,  &command_history,   &command_account,  &command_keygen,
};

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static void help(void)
{
    puts("Usage: sgproof COMMAND [options]\n\n"
         "Proves what AWS security groups expose: declared × observed, with evidence.\n\nCommands:");
    for (size_t i = 0; i < COMMANDS; i++)
        printf("  %-10s %s\n", commands[i]->name, commands[i]->summary);
    puts("\n  sgproof COMMAND --help shows a command's options and examples; sgproof --version the version.");
}

int main(int argc, char **argv)
{
    memory_for_libraries();
    signal(SIGXFSZ, SIG_IGN); // a file that may not grow is a disk that is full: said, and no end of everything
    if (argc < 2) {
        log_line(LOG_ERROR, "expected a command; sgproof --help lists them");
        return ERROR_USAGE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("sgproof " SGPROOF_VERSION);
        return 0;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
        help();
        return 0;
    }
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcmp(commands[i]->name, argv[1]) != 0)
            continue;
        OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, NULL); // modules of tokens do not survive being cleaned up at exit
        struct error error = {0};
        if (!commands[i]->probes && !rights_drop(&error)) // those that probe open raw sockets first
            return cli_fail(&error);
        struct arena *arena = arena_new();
        int status = commands[i]->run(arena, argc - 1, argv + 1);
        arena_free(arena);
        return status;
    }
    log_line(LOG_ERROR, "unknown command %s; sgproof --help lists them", argv[1]);
    return ERROR_USAGE;
}
