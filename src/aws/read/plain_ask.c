// What is made of plain requests: one that is asked again, and one of which only the body of a good answer counts.
#include <stdlib.h>
#include <unistd.h>

#include "aws/read/plain.h"

bool plain_try(const struct plain_request *request, int tries, struct plain_answer *answer)
{
    enum { PAUSE_US = 100000 };
    bool good = plain_send(request, answer);
    for (int i = 1; i < tries && (!good || answer->status == 429 || answer->status >= 500); i++) {
        plain_forget(answer);
        usleep((useconds_t)(PAUSE_US * i));
        good = plain_send(request, answer);
    }
    return good;
}

char *plain_ask(const struct plain_request *request, size_t *length, const char **why)
{
    struct plain_answer answer;
    const char *problem = !plain_send(request, &answer) ? answer.problem
                          : answer.status != 200        ? "its status is not 200"
                                                        : NULL;
    if (why != NULL)
        *why = problem;
    if (problem != NULL) {
        plain_forget(&answer);
        return NULL;
    }
    *length = answer.length;
    return answer.bytes;
}
