#include "probe/sender.h"

const struct sender *const *senders_of(bool captured)
{
    static const struct sender *const by_capture[] = {&sender_syn, &sender_datagram, &sender_echo, NULL};
    static const struct sender *const by_sockets[] = {&sender_connect, &sender_datagram, &sender_echo, NULL};
    return captured ? by_capture : by_sockets;
}
