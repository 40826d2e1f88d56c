#include "base/secret.h"

#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "base/log.h"

void secret_protect(void)
{
    bool core = setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}) == 0;
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || !core)
        log_line(LOG_WARNING, "a core dump of this process could hold its secrets: the system would not switch it off");
}
