"""More of tests/lies.py: answers that are thrown away, captures that no probe writes, packets that nobody takes, and what both who check find."""
import json
import struct

from forger import without_port
from lies import LIES, lie, replayed


# ---- Answers that are thrown away

SEAM = b"sgproof: the probe goes on here; of what is above, it knew frames 1 to %d"


def of_port(packet, asks):
    """Whether a packet asks the critical port, or answers from it."""
    place, at = (16, 22) if asks else (12, 20)
    return packet[0] == 0x45 and packet[9] == 6 and packet[place:place + 4] == bytes((198, 51, 100, 20)) and packet[at:at + 2] == b"\0\x16"


def seam(behind):
    def seamed(forger):
        packets = forger.packets()
        known = next(i for i, one in enumerate(packets) if of_port(one[2], False))
        at = len(packets) if behind else known + 1
        forger.write_packets(packets[:at] + [(*packets[at - 1][:2], SEAM % known)] + packets[at:])
        replayed(forger)
    return seamed


for name, behind in (("seam_at_the_end", True), ("seam_behind_the_first_answer", False)):
    LIES[name] = (seam(behind), "frame [0-9]+, of .*, says that the probe was stopped there and gone on with: no run does that",
                  "says that the probe was stopped and gone on with")


@lie("frame [0-9]+, of .*, says that the probe was stopped there and gone on with", "says that the probe was stopped and gone on with")
def seam_that_hides_one_port(forger):
    """All that is behind what the one who went on knew is one question and its answer."""
    packets = forger.packets()
    ask = next(one for one in packets if of_port(one[2], True))
    answer = next(one for one in packets if of_port(one[2], False))
    rest = [one for one in packets if not of_port(one[2], True) and not of_port(one[2], False)]
    last = rest[-1][:2]
    forger.write_packets(rest + [(*last, ask[2]), (*last, answer[2]), (*last, SEAM % len(rest))])
    replayed(forger)


@lie("asks 198.51.100.20 tcp 22 [0-9]+ times, and holds no answer of it", "198.51.100.20 tcp 22: was asked more often than there were passes, and no answer is kept")
def answers_removed_and_asks_left(forger):
    """A sentinel's asks are still there, so many that no port without an answer has as many."""
    forger.write_packets([one for one in forger.packets() if not of_port(one[2], False)])
    replayed(forger)


# ---- Captures that no probe writes

def capture(name, link=101, magic=0xa1b23c4d, before=b""):
    def written(forger):
        out = struct.pack("<IHHiIII", magic, 2, 4, 0, 0, 65535, link)
        for seconds, fraction, packet in forger.packets():
            size = len(before) + len(packet)
            out += struct.pack("<4I", seconds, fraction if magic == 0xa1b23c4d else fraction // 1000, size, size) + before + packet
        forger.path("capture.pcap").write_bytes(out)
        replayed(forger)
    written.__name__ = "capture_of_" + name
    lie("capture.pcap: is no capture as a probe writes it", "cannot be read as evidence: capture.pcap: is no capture as a probe writes it")(written)


capture("ethernet", link=1, before=b"\0" * 12 + b"\x08\0")
capture("microseconds", magic=0xa1b2c3d4)


@lie("capture.pcap: is no capture as a probe writes it", "cannot be read as evidence: capture.pcap: is no capture as a probe writes it")
def capture_of_another_format(forger):
    """pcapng."""
    def block(kind, body):
        body += b"\0" * (-len(body) % 4)
        return struct.pack("<II", kind, 12 + len(body)) + body + struct.pack("<I", 12 + len(body))
    out = block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
    out += block(1, struct.pack("<HHI", 101, 0, 65535) + struct.pack("<HHB3x", 9, 1, 9) + struct.pack("<HH", 0, 0))
    for seconds, fraction, packet in forger.packets():
        stamp = seconds * 10 ** 9 + fraction
        out += block(6, struct.pack("<IIIII", 0, stamp >> 32, stamp & 0xffffffff, len(packet), len(packet)) + packet)
    forger.path("capture.pcap").write_bytes(out)
    replayed(forger)


@lie("capture.pcap: is cut off", "capture.pcap: is cut off")
def capture_cut(forger):
    forger.path("capture.pcap").write_bytes(forger.path("capture.pcap").read_bytes()[:-5])


# ---- What verify finds, and the second opinion too

@lie("plan.jsonl: line 4 does not follow", "plan.jsonl: does not ask 198.51.100.20 tcp 1433")
def service_ports_left_out(forger):
    """Ports of services above 1023, and UDP, were never planned nor asked, it says."""
    def kept(line):
        return line.get("protocol") not in ("tcp", "udp") or line["protocol"] == "tcp" and int(line["ports"].split(",")[0].split("-")[0]) <= 1023
    forger.observe(lambda line: None if line["protocol"] == "udp" or line.get("from_port", 0) > 1023 else {**line, "to_port": min(line["to_port"], 1023)}
                   if line["protocol"] == "tcp" else line)
    lines = [line for line in forger.lines("plan.jsonl") if "schema" in line or kept(line)]
    forger.write_lines("plan.jsonl", lines)
    forger.derive(keep=["plan.jsonl"])


@lie("manifest.json: was changed", "manifest.json: members")
def member_added(forger):
    forger.manifest = {**forger.manifest, "approved_by": "AWS"}


@lie("observations.jsonl: line [0-9]+: the packets say", "the evidence says (open|closed), we")
def ipv6_cut_short(forger):
    """By the length that their head tells, answers over IPv6 are too short to be any."""
    forger.write_packets([(s, n, p[:4] + struct.pack("!H", 19) + p[6:] if p[0] >> 4 == 6 and p[6] == 6 and p[8:16].hex() == "20010db800010000" else p)
                          for s, n, p in forger.packets()])


@lie("asks what was not planned", "neither ask what was planned nor answer it")
def short_probe(forger):
    """A SYN without the rest of its head."""
    packets = forger.packets()
    ask = next(p for _, _, p in packets if p[0] >> 4 == 4 and p[9] == 6 and p[12:16] == bytes((203, 0, 113, 7)))
    forger.write_packets([*packets, (packets[-1][0], packets[-1][1], ask[:32])])


def unheard(name, edit):
    """Questions of a port that no host can take, in place of some that one could."""
    def asked(forger):
        packets = forger.packets()
        port = next(p[22:24] for _, _, p in packets if is_ask(p))
        forger.write_packets([(s, n, edit(p) if is_ask(p) and p[22:24] == port else p) for s, n, p in packets])
    def is_ask(packet):
        return packet[0] >> 4 == 4 and packet[9] == 6 and packet[12:16] == bytes((203, 0, 113, 7)) and packet[33] & 0x16 == 2
    asked.__name__ = name
    lie("asks what was not planned|the packets say", "neither ask what was planned nor answer it")(asked)


unheard("ask_with_a_wrong_checksum", lambda p: p[:36] + bytes((p[36] ^ 1, p[37])) + p[38:])
unheard("ask_that_dies_on_the_way", lambda p: p[:8] + b"\1" + p[9:])
unheard("ask_with_a_flag_too_much", lambda p: p[:33] + bytes((p[33] | 1,)) + p[34:36] + struct.pack("!H", (int.from_bytes(p[36:38], "big") - 1) % 0xffff) + p[38:])
unheard("ask_without_an_offset", lambda p: p[:32] + b"\0" + p[33:])
unheard("ask_in_fragments", lambda p: p[:6] + b"\x20\0" + p[8:])


@lie("asks what was not planned|the packets say", "neither ask what was planned nor answer it")
def answers_that_nobody_takes(forger):
    """Of every SYN-ACK the checksum is wrong."""
    forger.write_packets([(s, n, p[:36] + bytes((p[36] ^ 1, p[37])) + p[38:] if p[0] >> 4 == 4 and p[9] == 6 and p[33] & 0x12 == 0x12 else p)
                          for s, n, p in forger.packets()])


@lie("controls.json: .*does not follow", "controls.json: .*: exception for .*: the evidence says all, we None")
def excepted_by_nobody(forger):
    """Whatever fails is excepted, by no exception of the intent."""
    found = forger.json("controls.json")
    for control in (c for pack in found["packs"] for c in pack["controls"] if c["result"] == "fail"):
        control["result"] = "excepted"
        for entry in control["evidence"]:
            entry["exception"] = "all" if entry["result"] == "fail" else None
    forger.path("controls.json").write_text(json.dumps(found))
