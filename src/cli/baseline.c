#include "cli/baseline.h"

#include <sys/stat.h>

#include "base/log.h"
#include "pipeline/evidence_files.h"

bool cli_baseline_read(struct arena *arena, const struct options *options, const struct verdict_set **baseline,
                       struct error *error)
{
    const char *path = options_value(options, "baseline");
    struct stat about;
    *baseline = NULL;
    if (path == NULL)
        return true;
    struct verdict_set *set = arena_new_of(arena, struct verdict_set);
    *baseline = set;
    return stat(path, &about) == 0 && S_ISDIR(about.st_mode) ? evidence_verdicts(arena, path, set, error)
                                                             : verdicts_read(arena, path, set, error);
}

struct verdict_set cli_baseline_fresh(struct arena *arena, const struct verdict_set *set,
                                      const struct verdict_set *baseline, struct drift_known *known)
{
    struct verdict_set fresh = *set;
    *known = (struct drift_known){0};
    if (baseline == NULL)
        return fresh;
    drift_since(arena, set, baseline, &fresh, known);
    log_line(LOG_INFO, "%zu ports are as in the baseline and not reported", known->ports);
    return fresh;
}

const char *cli_still_wrong(struct arena *arena, const struct drift_known *known)
{
    size_t critical = known->by_severity[SEVERITY_CRITICAL], high = known->by_severity[SEVERITY_HIGH];
    if (critical + high == 0)
        return "";
    return arena_printf(arena, "Still there, as in the baseline: %zu ports critical, %zu high\n", critical, high);
}
