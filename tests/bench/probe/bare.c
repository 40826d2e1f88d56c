// What this machine can do at most, to measure the prober against in the same minute. Prints seconds and count.
//   bare syn SOURCE FIRST-HOST HOSTS PACKETS   SYN packets by sendmmsg from one template, nobody listening for answers
//   bare connect HOST PORTS                    connect + epoll to ports 1 to PORTS that all answer, reset on close
// Both are bound to the lab's interface out0, so that where there is no lab nothing is sent.
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 64, IN_FLIGHT = 1000 };

struct packet {
    struct iphdr ip;
    struct tcphdr tcp;
} __attribute__((packed));

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static uint16_t checksum(const struct packet *packet)
{
    const uint8_t *bytes = (const uint8_t *)&packet->ip.saddr; // both addresses, then TCP
    uint32_t sum = htons(IPPROTO_TCP) + htons(sizeof(struct tcphdr));
    for (size_t i = 0; i < 8 + sizeof(struct tcphdr); i += 2) {
        uint16_t word;
        memcpy(&word, bytes + i, 2);
        sum += word;
    }
    sum = (sum >> 16) + (sum & 0xffff);
    return (uint16_t) ~(sum + (sum >> 16));
}

static int lab_socket(int type, int protocol)
{
    int fd = socket(AF_INET, type | SOCK_NONBLOCK, protocol);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "out0", sizeof("out0")) != 0) {
        fputs("bare: runs as root in the lab's vantage namespace only\n", stderr);
        exit(2);
    }
    return fd;
}

static void send_syns(in_addr_t source, uint32_t first, uint32_t hosts, uint32_t total)
{
    static struct packet packets[BATCH];
    static struct sockaddr_in to[BATCH];
    static struct iovec vectors[BATCH];
    static struct mmsghdr messages[BATCH];
    int fd = lab_socket(SOCK_RAW, IPPROTO_RAW);
    for (int i = 0; i < BATCH; i++) {
        packets[i].ip = (struct iphdr){.version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_TCP, .saddr = source};
        packets[i].tcp = (struct tcphdr){.doff = 5, .syn = 1, .source = htons(61000), .window = htons(1024)};
        vectors[i] = (struct iovec){&packets[i], sizeof(packets[i])};
        to[i].sin_family = AF_INET;
        messages[i].msg_hdr =
            (struct msghdr){.msg_name = &to[i], .msg_namelen = sizeof(to[i]), .msg_iov = &vectors[i], .msg_iovlen = 1};
    }
    for (uint32_t sent = 0; sent < total;) {
        int count = 0;
        for (; count < BATCH && sent + (uint32_t)count < total; count++) {
            uint32_t number = sent + (uint32_t)count;
            struct packet *packet = &packets[count];
            packet->ip.daddr = to[count].sin_addr.s_addr = htonl(first + number % hosts);
            packet->tcp.dest = htons((uint16_t)(number / hosts));
            packet->tcp.seq = number * 2654435761u;
            packet->tcp.check = 0;
            packet->tcp.check = checksum(packet);
        }
        int done = sendmmsg(fd, messages, (unsigned)count, 0);
        if (done > 0)
            sent += (uint32_t)done;
        else if (errno == EAGAIN || errno == ENOBUFS)
            poll(&(struct pollfd){fd, POLLOUT, 0}, 1, 10);
        else
            exit(3);
    }
}

static void connect_all(in_addr_t host, uint32_t ports)
{
    int epoll = epoll_create1(0);
    uint32_t begun = 0, ended = 0;
    while (ended < ports) {
        for (; begun < ports && begun - ended < IN_FLIGHT; begun++) {
            struct sockaddr_in to = {
                .sin_family = AF_INET, .sin_addr.s_addr = host, .sin_port = htons((uint16_t)(begun + 1))};
            int fd = lab_socket(SOCK_STREAM, 0);
            setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){1, 0}, sizeof(struct linger));
            if (connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0 && errno != EINPROGRESS)
                exit(3);
            epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &(struct epoll_event){.events = EPOLLOUT, .data.fd = fd});
        }
        struct epoll_event events[BATCH];
        int count = epoll_wait(epoll, events, BATCH, 1000);
        for (int i = 0; i < count; i++) {
            int error = 0;
            getsockopt(events[i].data.fd, SOL_SOCKET, SO_ERROR, &error, &(socklen_t){sizeof(error)});
            close(events[i].data.fd);
            ended++;
        }
    }
}

int main(int argc, char **argv)
{
    double began = seconds();
    if (argc == 6 && strcmp(argv[1], "syn") == 0)
        send_syns(inet_addr(argv[2]), ntohl(inet_addr(argv[3])), (uint32_t)atoi(argv[4]), (uint32_t)atoi(argv[5]));
    else if (argc == 4 && strcmp(argv[1], "connect") == 0)
        connect_all(inet_addr(argv[2]), (uint32_t)atoi(argv[3]));
    else
        return 2;
    printf("%.3f %s\n", seconds() - began, argv[argc - 1]);
    return 0;
}
