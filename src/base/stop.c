#include "base/stop.h"

#include <signal.h>
#include <uv.h>

#include "base/system.h"

static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
enum { SIGNALS = sizeof(signals) / sizeof(signals[0]) };

// A signal's handler gets nothing but its number.
static struct {
    struct temporary *temporary;
    struct sigaction before[SIGNALS];
    bool removes;
    bool notes;
    bool asked;
    uv_loop_t loop; // run only to look whether one came
    uv_signal_t handles[SIGNALS];
} stop;

static void remove_and_end(int number)
{
    temporary_remove(stop.temporary);
    signal(number, SIG_DFL);
    raise(number); // delivered when this handler returns
}

void stop_removes(struct temporary *temporary)
{
    struct sigaction action = {.sa_handler = remove_and_end};
    if (!system_entries_in_handlers) // what is left then, the next run removes
        return;
    stop.temporary = temporary;
    stop.removes = true;
    for (int i = 0; i < SIGNALS; i++)
        sigaddset(&action.sa_mask, signals[i]);
    for (int i = 0; i < SIGNALS; i++) {
        sigaction(signals[i], NULL, &stop.before[i]);
        if (stop.before[i].sa_handler != SIG_IGN)
            sigaction(signals[i], &action, NULL);
    }
}

static void note(uv_signal_t *handle, int number)
{
    (void)handle;
    (void)number;
    stop.asked = true;
}

// A handle of libuv's that stays: libuv gives a signal to all its handles, and would let it kill the process when the
// last one is closed.
void stop_notes(void)
{
    if (stop.notes || uv_loop_init(&stop.loop) != 0)
        return;
    stop.notes = true;
    for (int i = 0; i < SIGNALS; i++) {
        uv_signal_init(&stop.loop, &stop.handles[i]);
        if (signals[i] != SIGHUP || !stop.removes || stop.before[i].sa_handler != SIG_IGN)
            uv_signal_start(&stop.handles[i], note, signals[i]);
    }
}

bool stop_asked(void)
{
    if (stop.notes)
        uv_run(&stop.loop, UV_RUN_NOWAIT);
    return stop.asked;
}

void stop_forget(void)
{
    stop_asked();
    stop.asked = false;
}

void stop_end(void)
{
    if (stop.notes) {
        for (int i = 0; i < SIGNALS; i++)
            uv_close((uv_handle_t *)&stop.handles[i], NULL);
        uv_run(&stop.loop, UV_RUN_DEFAULT);
        uv_loop_close(&stop.loop);
        stop.notes = false;
    }
    for (int i = 0; i < SIGNALS && stop.removes; i++)
        sigaction(signals[i], &stop.before[i], NULL);
    stop.removes = false;
}
