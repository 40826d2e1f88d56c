#include "probe/receiver.h"

#include <linux/if_packet.h>
#include <pcap/pcap.h>
#include <string.h>
#include <sys/socket.h>

#include "base/json.h"
#include "model/protocol.h"

enum { SNAPSHOT_BYTES = 2048, RING_BYTES = 64 << 20, NANO = 1000000000 };

struct receiver {
    pcap_t *pcap;
    int link_type;
    receiver_packet take;
    void *context;
};

static void add_ports(struct text *out, const char *side, struct portset ports)
{
    text_printf(out, "(");
    for (size_t i = 0; i < ports.count; i++)
        text_printf(out, "%s%s portrange %u-%u", i > 0 ? " or " : "", side, ports.ranges[i].low, ports.ranges[i].high);
    text_printf(out, ")");
}

// In the language of pcap-filter(7). tcp[13] and the like do not reach into IPv6, whose offsets are those after a
// header without extensions; what has some (hop by hop, routing, fragment, destination: it is rare) is taken in whole.
static void write_filter(const struct receiver_filter *filter, struct text *out)
{
    text_printf(out,
                "(icmp and (icmp[0] = 3 or icmp[0] = 11 or icmp[0] = 12)) or (icmp6 and (ip6[40] = 1 or ip6[40] = 3 or "
                "ip6[40] = 4)) or (ip6 and (ip6[6] = 0 or ip6[6] = 43 or ip6[6] = 44 or ip6[6] = 60))");
    if (filter->echo)
        text_printf(out, " or (icmp and icmp[0] = 0) or (icmp6 and ip6[40] = 129)");
    if (filter->echo && filter->own)
        text_printf(out, " or (icmp and icmp[0] = 8) or (icmp6 and ip6[40] = 128)");
    if (filter->tcp_ports.count > 0) { // acknowledging, with SYN or RST
        text_printf(out, " or (tcp and ");
        add_ports(out, "dst", filter->tcp_ports);
        text_printf(
            out, " and ((ip and tcp[13] & 16 != 0 and tcp[13] & 6 != 0) or (ip6 and ip6[53] & 16 != 0 and ip6[53] & 6 "
                 "!= 0)))");
    }
    if (filter->tcp_ports.count > 0 && filter->own) {
        text_printf(out, " or (tcp and ");
        add_ports(out, "src", filter->tcp_ports);
        text_printf(out, " and ((ip and tcp[13] & 22 = 2) or (ip6 and ip6[53] & 22 = 2)))");
    }
    if (filter->udp_ports.count > 0) {
        text_printf(out, " or (udp and ");
        add_ports(out, "dst", filter->udp_ports);
        text_printf(out, ")");
    }
    if (filter->udp_ports.count > 0 && filter->own) {
        text_printf(out, " or (udp and ");
        add_ports(out, "src", filter->udp_ports);
        text_printf(out, ")");
    }
}

// Lets nothing through: until it is known what is wanted, nothing is to pile up.
static bool shut(pcap_t *pcap)
{
    struct bpf_insn nothing = {.code = BPF_RET | BPF_K};
    return pcap_setfilter(pcap, &(struct bpf_program){.bf_len = 1, .bf_insns = &nothing}) == 0;
}

static bool activate(struct receiver *receiver, bool *refused, struct error *error)
{
    pcap_t *pcap = receiver->pcap;
    char problem[PCAP_ERRBUF_SIZE] = "";
    pcap_set_snaplen(pcap, SNAPSHOT_BYTES);
    pcap_set_immediate_mode(pcap, 1);
    pcap_set_buffer_size(pcap, RING_BYTES);
    pcap_set_tstamp_precision(pcap, PCAP_TSTAMP_PRECISION_NANO);
    int code = pcap_activate(pcap);
    *refused = code == PCAP_ERROR_PERM_DENIED;
    if (code < 0)
        return error_set(error, ERROR_INCOMPLETE, "capturing cannot begin: %s", pcap_geterr(pcap));
    if (!shut(pcap) || pcap_setnonblock(pcap, 1, problem) != 0)
        return error_set(error, ERROR_INCOMPLETE, "the capture cannot be set up: %s",
                         problem[0] != '\0' ? problem : pcap_geterr(pcap));
    receiver->link_type = pcap_datalink(pcap);
    return true;
}

struct receiver *receiver_open(struct arena *arena, bool *refused, struct error *error)
{
    char problem[PCAP_ERRBUF_SIZE] = "";
    struct receiver *receiver = arena_new_of(arena, struct receiver);
    *receiver = (struct receiver){.pcap = pcap_create("any", problem)};
    *refused = false;
    if (receiver->pcap == NULL) {
        error_set(error, ERROR_INCOMPLETE, "capturing cannot begin: %s", problem);
        return NULL;
    }
    if (!activate(receiver, refused, error)) {
        receiver_close(receiver);
        return NULL;
    }
    return receiver;
}

bool receiver_begin(struct receiver *receiver, const struct receiver_filter *filter, receiver_packet take,
                    void *context, struct error *error)
{
    struct bpf_program program;
    struct text text = {0};
    int one = 1;
    write_filter(filter, &text);
    int code = pcap_compile(receiver->pcap, &program, text.bytes, 1, PCAP_NETMASK_UNKNOWN);
    text_free(&text);
    if (code == 0) {
        code = pcap_setfilter(receiver->pcap, &program);
        pcap_freecode(&program);
    }
    if (code != 0)
        return error_set(error, ERROR_INCOMPLETE, "the capture filter is refused: %s", pcap_geterr(receiver->pcap));
    if (!filter->own) // spares the kernel a copy of each probe; where it can't, the filter drops them
        setsockopt(pcap_fileno(receiver->pcap), SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one));
    receiver->take = take;
    receiver->context = context;
    return true;
}

void receiver_close(struct receiver *receiver)
{
    if (receiver->pcap != NULL)
        pcap_close(receiver->pcap);
    receiver->pcap = NULL;
}

int receiver_descriptor(const struct receiver *receiver)
{
    return pcap_get_selectable_fd(receiver->pcap);
}

static void take_frame(u_char *user, const struct pcap_pkthdr *header, const u_char *bytes)
{
    struct receiver *receiver = (struct receiver *)(void *)user;
    size_t size;
    const uint8_t *packet = packet_of_frame(receiver->link_type, bytes, header->caplen, &size);
    if (packet != NULL) // with nanoseconds asked for, tv_usec holds them
        receiver->take(receiver->context, packet, size, size + (header->len - header->caplen),
                       (uint64_t)header->ts.tv_sec * NANO + (uint64_t)header->ts.tv_usec);
}

int receiver_read(struct receiver *receiver, int most)
{
    return pcap_dispatch(receiver->pcap, most, take_frame, (u_char *)receiver);
}

uint64_t receiver_dropped(struct receiver *receiver)
{
    struct pcap_stat stats = {0};
    return pcap_stats(receiver->pcap, &stats) == 0 ? stats.ps_drop : 0;
}
