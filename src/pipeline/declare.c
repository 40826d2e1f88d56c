#include "pipeline/declare.h"

#include "aws/snapshot.h"
#include "base/log.h"
#include "pipeline/evidence_files.h"
#include "rules/reach/reach.h"

static bool read_declared(const char *folder, struct declared *declared, struct error *error)
{
    declared->estate = snapshot_read(folder, error);
    if (declared->estate == NULL)
        return false;
    for (size_t i = 0; i < declared->estate->notes.count; i++)
        log_line(LOG_DEBUG, "%s", declared->estate->notes.items[i]);
    for (size_t i = 0; i < declared->estate->ignored.count; i++)
        log_line(LOG_DEBUG, "%s %s", declared->estate->ignored.items[i].file, declared->estate->ignored.items[i].why);
    declared->exposures = reach_compute(declared->estate);
    return true;
}

bool declared_read(const char *folder, struct declared *declared, struct error *error)
{
    return evidence_documents_hold(folder, error) && evidence_is_none(folder, error) &&
           declared_read_checked(folder, declared, error);
}

bool declared_read_checked(const char *folder, struct declared *declared, struct error *error)
{
    GUARD(read_declared(folder, declared, error));
    if (estate_has_network(declared->estate))
        return true;
    declared_free(declared);
    return error_set(error, ERROR_USAGE,
                     "%s: holds documents of an account, and none of a network such as NetworkInterfaces or "
                     "SecurityGroups: sgproof account judges it",
                     folder);
}

bool declared_read_any(const char *folder, struct declared *declared, struct error *error)
{
    return evidence_documents_hold(folder, error) && evidence_is_none(folder, error) &&
           read_declared(folder, declared, error);
}

void declared_free(struct declared *declared)
{
    exposure_set_free(declared->exposures);
    estate_free(declared->estate);
    *declared = (struct declared){0};
}
