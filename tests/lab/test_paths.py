"""The way out changes in mid-run, or there are two: what one way answers earns nothing of the other, and the capture holds what left."""
import concurrent.futures
import itertools
import json
import os
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import common

ONLY = ("--only", "198.51.100.0/24", "--only", "2001:db8:1::/48", "--only", "203.0.113.0/24", "--only", "2001:db8:ffff::/64")
A, B, C = ("198.51.100.4", "2001:db8:1::4"), ("198.51.100.5", "2001:db8:1::5"), ("198.51.100.6", "2001:db8:1::6")
OWN, OTHER = ("203.0.113.7", "2001:db8:ffff::7"), ("203.0.113.8", "2001:db8:ffff::8")
OPEN = [22, 80, 150]
# A second address of this machine.
SECOND = (["addr add 203.0.113.8/32 dev out0"], ["-6 addr add 2001:db8:ffff::8/128 dev out0 nodad", "-6 route replace default dev out0 src 2001:db8:ffff::7"])
# The first one goes: what is sent leaves from the other one.
GONE = (["addr del 203.0.113.7/24 dev out0", "route replace default dev out0"], ["-6 addr del 2001:db8:ffff::7/64 dev out0"])
# It stays, but is no more what the routing table says.
OTHERWISE = (["route replace default dev out0 src 203.0.113.8"], ["-6 route replace default dev out0 src 2001:db8:ffff::8"])
# Another link, whose far end is nobody: what leaves by it is lost. It comes in there, and is seen twice.
LINK = ["link add v0 type veth peer name v1", "link set v0 addrgenmode none", "link set v0 up", "link set v1 up"]
LINKS = (LINK + ["addr add 192.0.2.1/24 dev v0", "neigh add 192.0.2.9 lladdr 02:00:00:00:00:09 dev v0"],
         LINK + ["-6 addr add 2001:db8:2::1/64 dev v0 nodad", "-6 neigh add 2001:db8:2::9 lladdr 02:00:00:00:00:09 dev v0"])
BEHIND = ("route add 198.51.100.5 via 192.0.2.9", "-6 route add 2001:db8:1::5 via 2001:db8:2::9")


class Paths(unittest.TestCase):
    maxDiff = None

    def probe(self, targets, method, *words, replays=True, **behaviour):
        """(states by place, reasons of what is unknown, sources, packets); a capture says the same."""
        with tempfile.TemporaryDirectory() as folder:
            capture = str(pathlib.Path(folder) / "c.pcap")
            kept = ("--capture", capture) if method == "syn" and replays else ()
            done = common.alone({"strict": True, **behaviour}, "probe", "--targets", "-", *ONLY, "--method", method, *words, *kept, stdin=targets)
            self.assertIn(done.returncode, (0, 3), done.stderr)
            lines = [json.loads(line) for line in done.stdout.splitlines()]
            if kept:
                again = common.sgproof("probe", "--targets", "-", "--from-capture", capture, *words, stdin=targets)
                told = lambda one: {key: value for key, value in one.items() if key not in ("reason", "tries")}
                self.assertEqual([told(json.loads(line)) for line in again.stdout.splitlines()[:-1]], [told(one) for one in lines[:-1]])
        states = {(x["address"], port): x["state"] for x in lines[:-1] for port in range(x["from_port"], x["to_port"] + 1)}
        self.assertEqual(done.returncode, 3 if "unknown" in states.values() else 0)
        return states, {x["reason"] for x in lines[:-1] if x["state"] == "unknown"}, {x["source"] for x in lines[:-1] if "source" in x}, lines[-1]["summary"]["sent"]

    def each(self, test, *more):
        cases = list(itertools.product(("syn", "connect"), (0, 1), *more))
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            for case, future in [(case, pool.submit(test, *case)) for case in cases]:
                with self.subTest(case=case):
                    future.result()

    def test_whatever_source_it_leaves_from_the_capture_holds_it_and_says_so(self):
        def test(method, side, change):
            states, _, sources, sent = self.probe("%s tcp 1-600\n" % A[side], method, "--rate", "1000", open=OPEN, silent=True,
                                                  also=SECOND[side], events=[[0.2, *change[side]]])
            if change is OTHERWISE or method == "syn":  # by connect, what was on its way when its address went is not known
                self.assertEqual({p for (_, p), state in states.items() if state == "open"}, set(OPEN))
            self.assertEqual({state for (_, p), state in states.items() if p in OPEN} - {"open", "unknown"}, set())
            self.assertEqual(sources, {"%s, %s" % (OWN[side], OTHER[side])})
            self.assertLess(sent, 600 * (4 if method == "syn" else 6))  # the kernel's own repetitions count
        self.each(test, (GONE, OTHERWISE))

    def test_what_another_source_than_the_vantage_was_answered_is_unverified_and_the_evidence_holds(self):
        with tempfile.TemporaryDirectory() as folder:
            out = pathlib.Path(folder) / "evidence"
            done = common.alone({"strict": True, "open": [22, 443], "silent": True, "also": SECOND[0], "events": [[0.1, *GONE[0]]]}, "run", "--snapshot",
                                common.SAMPLE, "--out", out, *ONLY, "--no-history", "--vantage", OWN[0], "--vantage", OWN[1])
            self.assertIn(done.returncode, (3, 4), done.stderr)
            asked = [json.loads(line) for line in (out / "observations.jsonl").read_text().splitlines()]
            self.assertIn("%s, %s" % (OWN[0], OTHER[0]), {x.get("source") for x in asked})
            verdicts = json.loads((out / "verdicts.json").read_text())["verdicts"]
            self.assertIn("unverified", {x["verdict"] for x in verdicts})
            checked = common.sgproof("verify", out)
            self.assertIn("What was checked holds", checked.stdout, checked.stdout)

    def test_an_own_address_that_is_gone_is_named_by_every_method(self):
        def test(method, side):
            _, reasons, _, _ = self.probe("%s tcp 1-600\n" % A[side], method, "--rate", "1000", replays=False, open=OPEN, silent=True,
                                          events=[[0.2, *GONE[side]]])
            self.assertNotIn("local: not permitted", reasons)
            if side == 0:  # of IPv6 there is still the link's own
                self.assertTrue(reasons & {"local: no such address", "local: no route"}, reasons)
        self.each(test)

    def test_a_host_behind_another_link_is_not_judged_by_what_this_one_answers(self):
        def test(method, side, when):
            targets = "%s tcp 1-200\n%s tcp 1001-1200\n" % (A[side], B[side])
            behind = {"also": LINKS[side] + [BEHIND[side]]} if when is None else {"also": LINKS[side], "events": [[when, BEHIND[side]]]}
            states, reasons, _, _ = self.probe(targets, method, "--rate", "2000", open=OPEN, silent=True, **behind)
            self.assertEqual({state for (address, _), state in states.items() if address == B[side]}, {"unknown"})
            self.assertEqual({state for (address, p), state in states.items() if address == A[side] and p not in OPEN}, {"filtered"})
            self.assertEqual(reasons, {"nothing was heard from anybody"})
        self.each(test, (None, 0.1))

    def test_a_host_that_is_heard_the_same_way_earns_the_silence_of_others(self):
        def test(method, side, heard):
            way = "%sroute add %%s dev out0 src %s" % ("-6 " if side else "", OTHER[side])
            targets = "%s tcp 1-100\n%s tcp 1001-1100\n%s tcp 1-100\n" % (A[side], B[side], C[side])
            states, _, _, _ = self.probe(targets, method, open_of={A[side]: OPEN, C[side]: [22] if heard else []}, open=[], silent=True,
                                         also=SECOND[side] + [way % B[side], way % C[side]])
            self.assertEqual({state for (address, _), state in states.items() if address == B[side]}, {"filtered" if heard else "unknown"})
            self.assertEqual({state for (address, p), state in states.items() if address == A[side] and p not in OPEN}, {"filtered"})
        self.each(test, (True, False))

    def test_this_machine_itself_shows_nothing_of_the_way_out(self):
        def test(method, side):
            states, _, _, _ = self.probe("%s tcp 1-50\n%s tcp 1-20\n" % (A[side], OWN[side]), method, open=[], silent=True)
            self.assertEqual({address: state for (address, _), state in states.items()}, {A[side]: "unknown", OWN[side]: "closed"})
        self.each(test)


if __name__ == "__main__":
    unittest.main()
