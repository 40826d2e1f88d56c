#include "base/rights.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

typedef struct __user_cap_data_struct cap_sets[_LINUX_CAPABILITY_U32S_3];

static bool get(cap_sets held)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    return syscall(SYS_capget, &header, held) == 0;
}

static bool holds(const cap_sets held, int capability)
{
    return (held[CAP_TO_INDEX(capability)].effective & (unsigned)CAP_TO_MASK(capability)) != 0;
}

static bool equal(const cap_sets held, const cap_sets wanted)
{
    for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
        if (held[i].permitted != wanted[i].permitted || held[i].effective != wanted[i].effective ||
            held[i].inheritable != wanted[i].inheritable)
            return false;
    return true;
}

// The numbers end where the kernel knows none. False where one stays that we might have dropped.
static bool empty_bounding_set(bool may)
{
    bool empty = true;
    for (int capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; capability++) {
        if (may && prctl(PR_CAPBSET_READ, capability, 0, 0, 0) == 1)
            prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
        empty = empty && prctl(PR_CAPBSET_READ, capability, 0, 0, 0) == 0;
    }
    return empty || !may;
}

// Of who started the program, where that is another: numbers that a user namespace does not know cannot be set.
static bool set_real_ids(void)
{
    uid_t user, effective, saved;
    gid_t group, effective_group, saved_group;
    if (getresuid(&user, &effective, &saved) != 0 || getresgid(&group, &effective_group, &saved_group) != 0)
        return false;
    return ((group == effective_group && group == saved_group) || setresgid(group, group, group) == 0) &&
           ((user == effective && user == saved) || setresuid(user, user, user) == 0);
}

// After capabilities are gone.
static bool are_real_ids(void)
{
    uid_t user, effective, saved;
    gid_t group, effective_group, saved_group;
    return getresuid(&user, &effective, &saved) == 0 && user == effective && user == saved &&
           getresgid(&group, &effective_group, &saved_group) == 0 && group == effective_group && group == saved_group &&
           (user == 0 || setuid(0) != 0);
}

static bool limit(const cap_sets wanted, struct error *error)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    cap_sets held = {0};
    if (!get(held))
        return error_system(error, ERROR_INCOMPLETE, errno, "capabilities cannot be read");
    bool bounded = empty_bounding_set(holds(held, CAP_SETPCAP));
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    bool plain = set_real_ids();
    if (!bounded || !plain || syscall(SYS_capset, &header, wanted) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return error_system(error, ERROR_INCOMPLETE, errno, "privileges cannot be given up");
    if (!get(held) || !equal(held, wanted) || !are_real_ids() || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
        return error_set(error, ERROR_INCOMPLETE, "privileges were given up, and are still there");
    return true;
}

bool rights_drop(struct error *error)
{
    const cap_sets none = {0};
    return limit(none, error);
}

bool rights_keep_only(int capability, struct error *error)
{
    cap_sets one = {0};
    one[CAP_TO_INDEX(capability)].permitted = one[CAP_TO_INDEX(capability)].effective =
        (unsigned)CAP_TO_MASK(capability);
    return limit(one, error);
}

bool rights_hold(int capability)
{
    cap_sets held = {0};
    return get(held) && holds(held, capability);
}

bool rights_are_roots_own(void)
{
    return geteuid() == 0 && !rights_hold(CAP_DAC_OVERRIDE);
}
