#include "probe/progress.h"

#include <stdio.h>

#include "base/log.h"

enum { DRAW_US = 200000, LINE = 160 };

void progress_begin(struct progress *progress, const struct probe_options *options, uint64_t now_us)
{
    *progress = (struct progress){.options = options, .began_us = now_us, .said_us = now_us};
}

// All rounds and waits that are to come, where what is silent stays so.
static double seconds_left(const struct progress *progress, const struct progress_point *point)
{
    const struct pace *pace = point->pace;
    const struct pass *pass = &pace->pass;
    uint64_t count = pace->schedule->count;
    double last = pace_end_seconds(progress->options->speed.timeout_ms);
    if (point->last || count == 0 || pass->rate <= 0)
        return last;
    double silent = 0, rest = (double)pass->silent * (double)(count - point->position) / (double)count;
    for (size_t i = 0; i < pace->schedule->lane_count; i++)
        if (!pace->ledger->standings[i].settled)
            silent += (double)pace->ledger->standings[i].silent;
    double rounds = pass->try < pace->limits.tries ? (double)(pace->limits.tries - pass->try) : 0;
    return (rest + rounds * silent) / pass->rate + rounds * PACE_BETWEEN_US / 1e6 + last;
}

void progress_say(struct progress *progress, const struct progress_point *point, uint64_t now_us)
{
    const struct probe_options *options = progress->options;
    const struct pace *pace = point->pace;
    uint64_t every = options->progress == PROBE_DRAWN ? DRAW_US : (uint64_t)options->progress_s * 1000000;
    if (options->progress == PROBE_QUIET || every == 0 || now_us - progress->said_us < every)
        return;
    progress->said_us = now_us;
    uint64_t asked = 0;
    char line[LINE], where[LINE / 2];
    for (size_t i = 0; i < pace->schedule->lane_count; i++)
        asked += pace->schedule->lanes[i].count - pace->schedule->lanes[i].spare;
    if (point->again >= 0)
        snprintf(where, sizeof(where), "asking again what proved nothing, round %u", pace->pass.number);
    else if (point->last)
        snprintf(where, sizeof(where), "waiting for the last answers");
    else
        snprintf(where, sizeof(where), "round %u, %.0f %% of it", pace->pass.number,
                 pace->schedule->count == 0 ? 100 : 100 * (double)point->position / (double)pace->schedule->count);
    snprintf(line, sizeof(line), "probe: %s, %llu of %llu answered, %.0f packets/s, %s%.0f s left", where,
             (unsigned long long)pace->ledger->ended, (unsigned long long)asked,
             (double)pace->ledger->sent * 1e6 / (double)(now_us - progress->began_us + 1),
             point->again >= 0 ? "at most " : "", point->again >= 0 ? point->again : seconds_left(progress, point));
    if (options->progress == PROBE_DRAWN)
        fprintf(stderr, "\r%s \033[K", line);
    else
        log_line(LOG_INFO, "%s", line);
}

void progress_end(struct progress *progress)
{
    if (progress->options->progress == PROBE_DRAWN)
        fputs("\r\033[K", stderr);
}
