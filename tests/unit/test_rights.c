// Gives up all privileges, and tries to get them back, each time in a process of its own.
#include "forked.h"

#include <linux/capability.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "base/rights.h"

// The sets of capabilities of this process, or-ed; of those whose names begin so.
static unsigned long long capabilities(const char *names)
{
    char line[256], name[8];
    unsigned long long some = 0, set;
    FILE *status = fopen("/proc/self/status", "re");
    while (status != NULL && fgets(line, sizeof(line), status) != NULL)
        if (sscanf(line, "%7[A-Za-z]: %llx", name, &set) == 2 && strncmp(name, names, strlen(names)) == 0)
            some |= set;
    if (status != NULL)
        fclose(status);
    return some;
}

static int none_are_left_and_none_come_back(void)
{
    struct error error = {0};
    bool root = geteuid() == 0;
    bool bounds = (capabilities("CapEff") & 1ULL << CAP_SETPCAP) != 0; // else nobody may empty the bounding set
    if (!rights_drop(&error) || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
        return 1;
    if ((capabilities("Cap") & ~(bounds ? 0 : capabilities("CapBnd"))) != 0)
        return 2;
    if (socket(AF_PACKET, SOCK_RAW, 0) >= 0 || socket(AF_INET, SOCK_RAW, IPPROTO_TCP) >= 0)
        return 3;
    return root && (setuid(65534) == 0 || !rights_are_roots_own()) ? 4 : 0;
}

static int one_is_kept(void)
{
    struct error error = {0};
    unsigned long long one = 1ULL << CAP_NET_BIND_SERVICE;
    if (!rights_hold(CAP_NET_BIND_SERVICE))
        return NOT_TRIED;
    if (!rights_keep_only(CAP_NET_BIND_SERVICE, &error) || !rights_hold(CAP_NET_BIND_SERVICE))
        return 1;
    if (capabilities("CapPrm") != one || capabilities("CapEff") != one || capabilities("CapInh") != 0)
        return 2;
    return rights_drop(&error) && capabilities("CapPrm") == 0 && !rights_hold(CAP_NET_BIND_SERVICE) ? 0 : 3;
}

static void all_but_one_may_go_first(void **state)
{
    (void)state;
    must_end(one_is_kept, 0);
}

static void no_capability_is_left(void **state)
{
    (void)state;
    assert_int_equal(ends_with(none_are_left_and_none_come_back), 0);
}

static int was_set_user_id_root(void)
{
    struct error error = {0};
    if (setresgid(65534, 0, 0) != 0 || setresuid(65534, 0, 0) != 0)
        return NOT_TRIED;
    if (!rights_drop(&error) || (capabilities("Cap") & ~capabilities("CapBnd")) != 0)
        return 1;
    return geteuid() != 65534 || getegid() != 65534 || setuid(0) == 0 || seteuid(0) == 0 || setresuid(0, 0, 0) == 0 ||
           setegid(0) == 0;
}

static void a_set_user_id_program_never_is_root_again(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    must_end(was_set_user_id_root, 0);
}

static int might_become_root(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[2] = {{1U << CAP_SETUID, 1U << CAP_SETUID, 0}, {0, 0, 0}};
    struct error error = {0};
    if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0 || setresuid(65534, 65534, 65534) != 0 ||
        syscall(SYS_capset, &header, sets) != 0)
        return NOT_TRIED;
    return !rights_drop(&error) || getuid() != 65534 || geteuid() != 65534 || setuid(0) == 0;
}

static void who_might_become_root_is_not_by_being_asked(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    must_end(might_become_root, 0);
}

static int exec_gives_none(void)
{
    struct error error = {0};
    if (!rights_drop(&error))
        return 1;
    execl("/bin/sh", "sh", "-c", "! grep -E '^Cap(Prm|Eff|Inh|Amb)' /proc/self/status | grep -q ':.*[1-9a-f]'",
          (char *)NULL);
    return 2;
}

static void another_program_has_none_either(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    assert_int_equal(ends_with(exec_gives_none), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_capability_is_left),
        cmocka_unit_test(all_but_one_may_go_first),
        cmocka_unit_test(a_set_user_id_program_never_is_root_again),
        cmocka_unit_test(who_might_become_root_is_not_by_being_asked),
        cmocka_unit_test(another_program_has_none_either),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
