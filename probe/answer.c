#include "probe/answer.h"

#include <errno.h>
#include <stdio.h>

#include "net/sockaddr.h"

struct answer answer_state(enum observed_state state, const char *reason)
{
    struct answer answer = {.kind = ANSWER_STATE, .state = state};
    snprintf(answer.reason, sizeof(answer.reason), "%s", reason);
    return answer;
}

// What this machine's own ICMP says of itself: RFC 792 type 3, RFC 4443 type 1.
static const char *own_error(enum family family, uint8_t type, uint8_t code)
{
    static const char *const of_ipv4[] = {"local: no route", "local: no neighbour", NULL, "local: not permitted"};
    static const char *const of_ipv6[] = {"local: no route", "local: not permitted", "local: no route",
                                          "local: no neighbour", "local: not permitted"};
    bool v4 = family == FAMILY_IPV4;
    const char *word = v4 && type == 3 && code < 4    ? of_ipv4[code]
                       : !v4 && type == 1 && code < 5 ? of_ipv6[code]
                                                      : NULL;
    bool prohibited = (v4 && type == 3 && (code == 9 || code == 10 || code == 13)) || (!v4 && type == 1);
    return word != NULL ? word : prohibited ? "local: not permitted" : "local: icmp";
}

struct answer answer_icmp(struct address target, struct address from, bool from_us, uint8_t type, uint8_t code)
{
    // Destination unreachable, port unreachable: RFC 792 type 3 code 3, RFC 4443 type 1 code 4.
    bool port_unreachable = target.family == FAMILY_IPV4 ? type == 3 && code == 3 : type == 1 && code == 4;
    bool of_target = address_equal(from, target);
    if (from_us && !of_target) {
        struct answer own = answer_state(OBSERVED_UNKNOWN, own_error(target.family, type, code));
        own.from = from;
        return own;
    }
    struct answer answer = answer_state(port_unreachable && of_target ? OBSERVED_CLOSED
                                        : from_us                     ? OBSERVED_UNKNOWN
                                                                      : OBSERVED_REJECTED,
                                        "");
    answer.from = from;
    snprintf(answer.reason, sizeof(answer.reason), "icmp:%u/%u", type, code);
    return answer;
}

struct answer answer_of_unsent(int code, struct address source)
{
    return source.family != 0 && source.bits != 0 && !sockaddr_is_local(source)
               ? answer_state(OBSERVED_UNKNOWN, "local: no such address")
               : answer_from_errno(code);
}

struct answer answer_from_errno(int code)
{
    switch (code) {
    case ECONNREFUSED:
        return answer_state(OBSERVED_CLOSED, "rst");
    case ECONNRESET:
    case EPIPE:
        return answer_state(OBSERVED_OPEN, "syn-ack, then rst");
    case ETIMEDOUT:
        return (struct answer){.kind = ANSWER_SILENCE};
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    case EADDRNOTAVAIL:
    case EADDRINUSE:
    case EAGAIN:
        return (struct answer){.kind = ANSWER_BACK_PRESSURE};
    case ENETUNREACH:
    case EINVAL: // a blackhole route: ip-route(8)
        return answer_state(OBSERVED_UNKNOWN, "local: no route");
    case EHOSTUNREACH:
        return answer_state(OBSERVED_UNKNOWN, "local: no neighbour");
    case ENETDOWN:
        return answer_state(OBSERVED_UNKNOWN, "local: network down");
    case EACCES:
    case EPERM:
        return answer_state(OBSERVED_UNKNOWN, "local: not permitted");
    default:
        break;
    }
    struct answer answer = answer_state(OBSERVED_UNKNOWN, "");
    snprintf(answer.reason, sizeof(answer.reason), "local: error %d", code);
    return answer;
}
