"""More of tests/lies.py: steps that are said to have failed, numbers that cannot be, what is declared of the world, and records of a capture that readers take differently."""
import contextlib
import json
import struct

from lies import LIES, failed_step, lie, replayed


# ---- Steps that are said to have failed

failed_step("signature_that_is_there", "signature", "failed: says that manifest.(sig|dsse.json) was not made, and it is there",
            "failed: says that manifest.sig was not made, and it is there")
failed_step("capture_that_is_there", "capture", "failed: says that capture.pcap was not made, and it is there",
            "failed: says that capture.pcap was not made, and it is there")
failed_step("change_of_a_run", "change", 'failed: "change" is a step of a change, and this is none', "of a change all are there, of a run none")


# ---- Numbers of the manifest

def number(key, value, verify):
    def told(forger):
        forger.claim(**{key: value})
        with contextlib.suppress(AssertionError):  # nothing follows from what cannot be read
            forger.derive()
    LIES["%s_of_%s" % (key, value)] = (told, verify, "manifest.json: numbers that cannot be|Invalid|'fast'")


number("timeout_ms", -5, "timeout_ms: is -5, expected an integer from 50")
number("rate", 0, "rate: is 0, expected an integer from 1")
number("rate", "fast", "rate: is a string, expected an integer")
number("host_rate", 10 ** 9, "host_rate: is 1000000000, expected an integer from 1 to 1000000")


# ---- What is declared

@lie("exposure.json: endpoints.* does not follow", "exposure.json: addresses: the evidence says \\[\\], we ")
def nothing_is_public(forger):
    told = forger.json("exposure.json")
    told["endpoints"] = []
    forger.path("exposure.json").write_text(json.dumps(told))


@lie("exposure.json: .*does not follow", "exposure.json: 198.51.100.20 tcp 443 from .*: the evidence says unreachable, we reachable")
def one_rule_is_not_told(forger):
    told = forger.json("exposure.json")
    for one in told["endpoints"]:
        one["exposures"] = [x for x in one["exposures"] if x.get("from_port") != 443]
    forger.path("exposure.json").write_text(json.dumps(told))


@lie("exposure.json: is missing", "exposure.json: is missing")
def what_is_declared_left_out(forger):
    forger.path("exposure.json").unlink()


# ---- Records of a capture that readers take differently

def records(name, change):
    def written(forger):
        out = forger.path("capture.pcap").read_bytes()[:24]
        for seconds, fraction, packet in forger.packets():
            out += struct.pack("<4I", *change(seconds, fraction, len(packet))) + packet
        forger.path("capture.pcap").write_bytes(out)
        replayed(forger)
    written.__name__ = "capture_" + name
    lie("is cut off, or its records are of no probe's capture", "is cut off, or its records are of no probe's capture")(written)


records("of_more_nanoseconds_than_a_second_has", lambda seconds, fraction, size: (seconds - 2, fraction + 2 * 10 ** 9, size, size))
records("of_packets_shorter_than_what_was_kept", lambda seconds, fraction, size: (seconds, fraction, size, size - 1))


@lie("observations.jsonl: line 1: the packets say", "cannot be read as evidence: observations.jsonl: line 1: Expecting value")
def lines_of_another_system(forger):
    """Each ends with a carriage return, which other readers show as they like."""
    path = forger.path("observations.jsonl")
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    forger.derive()
