#include "base/rights.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const unsigned files =
    CAP_TO_MASK(CAP_CHOWN) | CAP_TO_MASK(CAP_DAC_OVERRIDE) | CAP_TO_MASK(CAP_DAC_READ_SEARCH) | CAP_TO_MASK(CAP_FOWNER);

static bool holds_more(const struct __user_cap_data_struct held[_LINUX_CAPABILITY_U32S_3])
{
    return ((held[0].permitted | held[0].effective) & ~files) != 0 || held[0].inheritable != 0 ||
           (held[1].permitted | held[1].effective | held[1].inheritable) != 0;
}

bool rights_drop(bool bars, struct error *error)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct held[_LINUX_CAPABILITY_U32S_3] = {0};
    if (syscall(SYS_capget, &header, held) != 0)
        return error_system(error, ERROR_INCOMPLETE, errno, "capabilities cannot be read");
    for (unsigned i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
        held[i].permitted &= i == 0 ? files : 0;
        held[i].effective &= held[i].permitted;
        held[i].inheritable = 0;
    }
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    if (syscall(SYS_capset, &header, held) != 0 || syscall(SYS_capget, &header, held) != 0 || holds_more(held) ||
        (bars && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0))
        return error_system(error, ERROR_INCOMPLETE, errno, "capabilities cannot be given up");
    return true;
}
