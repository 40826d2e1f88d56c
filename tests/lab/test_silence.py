"""Silence is not proof: bans, late answers, dead lines. Each probe runs in a namespace of its own, before hosts of alone.py."""
import concurrent.futures
import itertools
import json
import os
import pathlib
import sys
import tempfile
import unittest

sys.path[:0] = [os.path.join(os.path.dirname(__file__), ".."), os.path.join(os.path.dirname(__file__), "../integration")]
import common
from oracle import estates
from test_snapshots import plain

HOSTS = ("198.51.100.4", "2001:db8:1::4")
ONLY = ("--only", "198.51.100.0/24", "--only", "2001:db8:1::/48")


class Silence(unittest.TestCase):
    maxDiff = None

    def probe(self, targets, *words, status=(0, 3), **behaviour):
        """(states by place, reasons of what is unknown, summary)"""
        done = common.alone(behaviour, "probe", "--targets", "-", *ONLY, *words, stdin=targets)
        self.assertIn(done.returncode, status, done.stderr)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        states = {(x["address"], x["protocol"], port): x["state"] for x in lines[:-1]
                  for port in range(x.get("from_port", 0), x.get("to_port", 0) + 1)}
        self.assertEqual(done.returncode, 3 if "unknown" in states.values() else 0)
        return states, {x["reason"] for x in lines[:-1] if x["state"] == "unknown"}, lines[-1]["summary"]

    def no_open_port_is_called_silent(self, states, ports):
        for (_, protocol, port), state in states.items():
            if protocol == "tcp" and port in ports:
                self.assertIn(state, ("open", "unknown"), port)

    def each(self, test, *more):
        """Runs a test for each method, family and whatever else, all at once: most of it is waiting."""
        cases = [case for case in itertools.product(("syn", "connect"), HOSTS, *more)]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            for case, future in [(case, pool.submit(test, *case)) for case in cases]:
                with self.subTest(case=case):
                    future.result()

    def test_what_answers_later_than_others_is_waited_for_in_full(self):
        def test(method, host, seconds):
            states, _, _ = self.probe("%s tcp 1-200\n" % host, "--method", method, open=[22, 80], late=seconds)
            self.assertEqual({p for (_, _, p), state in states.items() if state == "open"}, {22, 80})
            self.assertEqual({state for (_, _, p), state in states.items() if p not in (22, 80)}, {"closed"})
        self.each(test, (0.5, 0.9))

    def test_whenever_a_probe_is_interrupted_silence_that_was_not_waited_for_is_unknown(self):
        """Open ports answer late: silence is earned only behind the last try's whole timeout."""
        def interrupted(method, after):
            done = common.alone({"open": [22, 80, 150], "silent": True, "late": 0.9}, "probe", "--targets", "-", *ONLY, "--method", method,
                                stdin="198.51.100.4 tcp 1-200\n", before=("timeout", "-s", "INT", str(after)))
            lines = [json.loads(line) for line in done.stdout.splitlines()]
            if not lines:
                return set()  # it had not begun
            self.assertTrue(lines[-1]["summary"]["interrupted"] or after > 2, done.stderr)
            states = {("", "tcp", port): x["state"] for x in lines[:-1] for port in range(x["from_port"], x["to_port"] + 1)}
            self.assertEqual(len(states), 200)
            self.no_open_port_is_called_silent(states, (22, 80, 150))
            return set(states.values())

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda case: interrupted(*case), itertools.product(("syn", "connect"), (1.0, 1.3, 1.6, 2.0, 2.6, 3.2, 4, 20))))
        self.assertTrue(all("filtered" in states for states in found[7::8]), found)  # not interrupted, what is silent is found to be
        self.assertTrue(all("filtered" not in states for states in found[0::8]), found)  # and before any timeout nothing is

    def test_a_long_timeout_is_waited_out_whatever_the_kernel_would_do(self):
        def test(method, host):  # Linux itself gives a connect up after 3 s where it may repeat once
            states, _, _ = self.probe("%s tcp 20-40\n" % host, "--method", method, "--timeout", "4000", open=[22], late=3.5)
            self.assertEqual({p for (_, _, p), state in states.items() if state == "open"}, {22})
        self.each(test)

    def test_ports_that_answer_late_among_silent_ones_are_open(self):
        states, _, _ = self.probe("198.51.100.4 tcp 1-300\n198.51.100.4 icmp\n", open=[22, 80], silent=True, late=0.9)
        self.assertEqual({p for (_, protocol, p), state in states.items() if protocol == "tcp" and state == "open"}, {22, 80})
        self.assertEqual({s for (_, protocol, p), s in states.items() if protocol == "tcp" and p not in (22, 80)}, {"filtered"})

    def test_after_a_ban_nothing_is_called_silent_the_reason_says_when_and_the_packets_say_the_same_again(self):
        def test(method, host, packets):
            targets = "%s tcp 1-600,8080\n%s icmp\n" % (host, host)
            with tempfile.TemporaryDirectory() as folder:
                capture = pathlib.Path(folder) / "c.pcap"
                kept = ("--capture", str(capture)) if method == "syn" else ()
                states, reasons, summary = self.probe(targets, "--method", method, *kept, status=(3,), open=[22, 443, 8080], ban=packets)
                done = common.sgproof("probe", "--targets", "-", "--from-capture", capture, stdin=targets) if kept else None
            self.assertEqual(summary["filtered"], 0)
            self.no_open_port_is_called_silent(states, (22, 443, 8080))
            # What was closed before the ban can be silent when it is asked again, where nothing open was heard before it.
            self.assertTrue(all("the host stopped answering at" in reason or "was open or silent when it was asked again" in reason for reason in reasons), reasons)
            self.assertTrue(any("probes" in reason for reason in reasons), reasons)
            lines = [json.loads(line) for line in done.stdout.splitlines()][:-1] if kept else []
            again = {(x["address"], x["protocol"], port): x["state"] for x in lines for port in range(x.get("from_port", 0), x.get("to_port", 0) + 1)}
            if kept:
                self.assertEqual((done.returncode, again), (3, states))
                self.assertEqual({x["reason"] for x in lines if x["state"] == "unknown"}, reasons)
        self.each(test, (50, 300))

    def test_a_ban_in_front_of_groups_that_drop_leaves_them_unknown(self):
        def test(method, host, seed):
            states, _, summary = self.probe("%s tcp 1-1023,8080\n" % host, "--method", method, "--seed", seed, status=(3,),
                                            open=[443, 8080], silent=True, ban=300)
            self.assertEqual(summary["filtered"], 0, seed)
            self.no_open_port_is_called_silent(states, (443, 8080))
        self.each(test, ("1", "11"))

    def test_a_line_that_is_down_for_seconds_costs_time_and_no_state(self):
        def test(method, host):
            states, _, _ = self.probe("%s tcp 1-400\n%s tcp 1-50\n" % (host, host[:-1] + "5"), "--method", method, "--rate", "300", status=(0,),
                                      open=[*range(20, 40)], silent=True, down=[0.5, 4])
            self.assertEqual({(a[-1], p) for (a, _, p), state in states.items() if state == "open"},
                             {(host, port) for host in "45" for port in range(20, 40)})
            self.assertEqual(set(states.values()), {"open", "filtered"})
        self.each(test)

    def test_a_line_that_is_down_for_less_than_a_second_costs_no_state_either(self):
        def test(method, host, gap):
            states, _, _ = self.probe("%s tcp 1000-1099\n" % host, "--method", method, open=[*range(1000, 1100, 2)], silent=True, down=gap)
            self.no_open_port_is_called_silent(states, range(1000, 1100, 2))
            return {s for (_, _, p), s in states.items() if p % 2}
        self.each(test, ([0.01, 0.6], [0.01, 1.1], [0.1, 0.9], [0.3, 1.6]))
        self.assertEqual(test("syn", HOSTS[0], [0.01, 0.6]), {"filtered"})  # it is asked again when it is up

    def test_a_host_whose_own_line_is_down_for_the_first_seconds_is_looked_at_again(self):
        opens = [*range(1000, 1100, 2)]

        def test(method, host, ports):
            other = host[:-1] + "5"  # its answers say nothing of the other's cable
            with tempfile.TemporaryDirectory() as folder:
                capture = str(pathlib.Path(folder) / "c.pcap")
                kept = ("--capture", capture) if method == "syn" else ()
                targets = "".join("%s tcp %s\n%s udp 53\n%s icmp\n" % (one, ports, one, one) for one in (host, other))
                done = common.alone({"open": opens, "silent": True, "udp": [53], "down": [0, 2.5], "down_of": host},
                                    "probe", "--targets", "-", *ONLY, "--method", method, *kept, stdin=targets)
                again = common.sgproof("probe", "--targets", "-", "--from-capture", capture, stdin=targets).stdout if kept else done.stdout
            lines = [json.loads(line) for line in done.stdout.splitlines()][:-1]
            states = {(x["address"], x["protocol"], port): x["state"] for x in lines for port in range(x.get("from_port", 0), x.get("to_port", 0) + 1)}
            self.assertEqual(again.splitlines()[:-1], done.stdout.splitlines()[:-1])
            self.assertEqual({s for (_, _, port), s in states.items() if port in opens or port in (0, 53)}, {"open"})
            self.assertEqual({s for (_, protocol, port), s in states.items() if protocol == "tcp" and port % 2}, {"filtered"})
        self.each(test, ("1000-1099", "1001-1010"))

    def test_what_a_router_says_in_a_short_outage_rejects_no_open_port(self):
        opens = [*range(1000, 1100, 2)]

        def test(method, host, gap, limit):
            with tempfile.TemporaryDirectory() as folder:
                capture = str(pathlib.Path(folder) / "c.pcap")
                kept = ("--capture", capture) if method == "syn" else ()
                targets = "%s tcp 1000-1099\n%s udp 53\n%s icmp\n" % (host, host, host)
                done = common.alone({"open": opens, "silent": True, "udp": [53], "unreachable": gap, **limit}, "probe", "--targets", "-", *ONLY, "--method", method, *kept, stdin=targets)
                again = common.sgproof("probe", "--targets", "-", "--from-capture", capture, stdin=targets).stdout if kept else done.stdout
            lines = [json.loads(line) for line in done.stdout.splitlines()][:-1]
            states = {(x["protocol"], port): x["state"] for x in lines for port in range(x.get("from_port", 0), x.get("to_port", 0) + 1)}
            self.assertEqual(again.splitlines()[:-1], done.stdout.splitlines()[:-1])
            self.assertLessEqual({s for (_, port), s in states.items() if port in opens or port in (0, 53)}, {"open", "unknown"} if limit else {"open"})
            self.assertLessEqual({s for (protocol, port), s in states.items() if protocol == "tcp" and port % 2}, {"filtered", "rejected", *(["unknown"] if limit else [])})
            self.assertFalse(any(x.get("unstable") for x in lines if x["protocol"] == "tcp" and x["state"] != "open"))
        self.each(test, ([0, 0.5], [0.01, 0.6], [0.005, 1.5]), ({}, {"errors": 1}))

    def test_a_rejection_lights_no_silence_of_a_line_that_may_be_dead_behind_who_rejects(self):
        """As providers do of port 25."""
        def test(method, host):
            other = host[:-1] + "5"
            states, reasons, _ = self.probe("%s tcp 1-60\n%s tcp 20-30\n" % (host, other), "--method", method, status=(3,), silent=True, rejected=[25])
            self.assertEqual({s for (_, _, port), s in states.items() if port != 25}, {"unknown"})
            self.assertEqual({s for (_, _, port), s in states.items() if port == 25}, {"rejected"})
            self.assertEqual(reasons, {"nothing was heard but rejections, from whoever is in the way"})
        self.each(test)

    def test_a_router_that_has_no_way_there_rejects_nothing_where_nobody_answers(self):
        """It says so of everything when the line behind it is down; who forbids does not. RFC 792, 1812 (5.2.7.1), 4443."""
        def test(method, host):
            v4 = ":" not in host
            no_way = {0, 1, 5, 6, 7, 8, 11, 12} if v4 else {0, 2, 3}
            forbidden = {2, 3, 9, 10, 13, 14, 15} if v4 else {1, 4, 5, 6}
            ports = sorted(1000 + code for code in no_way | forbidden)
            states, reasons, _ = self.probe("%s tcp %s,1100-1101\n" % (host, ",".join(map(str, ports))), "--method", method, status=(3,), codes=True)
            self.assertEqual({p % 100 for (_, _, p), state in states.items() if state == "rejected"}, forbidden)
            self.assertEqual({p for (_, _, p), state in states.items() if state == "unknown"}, {*(1000 + code for code in no_way), 1100, 1101})
            said = "rejected, but by a router that has no way there, and nobody answered otherwise: the line behind it may be down"
            self.assertIn(said, reasons)  # sockets are not told of each
            self.assertLessEqual(reasons, {said, "nothing was heard but rejections, from whoever is in the way"})
        self.each(test)

    def test_a_line_that_is_down_behind_a_router_from_the_first_packet_on_is_waited_for(self):
        def test(method, host):
            targets = "".join("%s tcp 20-99\n%s udp 53\n%s icmp\n" % (one, one, one) for one in (host, host[:-1] + "5"))
            states, _, _ = self.probe(targets, "--method", method, open=[22, 80], silent=True, udp=[53], unreachable=[0, 8])
            self.assertEqual({(protocol, port) for (_, protocol, port), state in states.items() if state == "open"},
                             {("tcp", 22), ("tcp", 80), ("udp", 53), ("icmp" if ":" not in host else "icmpv6", 0)})
        self.each(test)

    def test_what_passes_by_one_protocol_shows_nothing_of_another_that_no_more_passes(self):
        """A table of connections is full, of one protocol: hosts of which nothing else was heard are not silent for that."""
        def test(method, host, protocol, flows):
            hosts = [host[:-1] + digit for digit in "456789"]
            opens = {one: [*range(1000, 1020, 3)] for one in hosts}
            targets = "".join("%s tcp 1000-1019\n%s udp 40-59\n%s icmp\n" % (one, one, one) for one in hosts)
            states, _, _ = self.probe(targets, "--method", method, status=(3,), open_of=opens, silent=True, udp=[*range(40, 60, 3)], udp_silent=True, table=[flows, {"tcp": 6, "udp": 17}[protocol]])
            wrong = [place for place, state in states.items() if place[1] == protocol and place[2] in (*opens[place[0]], *range(40, 60, 3)) and state not in ("open", "unknown")]
            self.assertEqual(wrong, [])
        self.each(test, ("tcp", "udp"), (20, 50))

    def test_of_many_hosts_sentinels_keep_no_step_with_what_is_lost(self):
        def test(method, host):
            hosts = [host[:-1] + "%x" % i for i in range(1, 10)] + [host[:-1] + "1%d" % i for i in range(6)]
            states, _, _ = self.probe("".join("%s tcp 22\n" % one for one in hosts), "--method", method, open=[22], every=2)
            self.assertLessEqual(set(states.values()), {"open", "unknown"})
        self.each(test)

    def test_a_host_that_fell_silent_before_a_probe_goes_on_is_judged_by_itself(self):
        def test(method, host, then):
            opens, other = [*range(1000, 1400, 40)], host[:-1] + "5"
            targets = "%s tcp 1000-1399\n%s tcp 1000-1100\n" % (host, other)
            with tempfile.TemporaryDirectory() as folder:
                words = ("probe", "--targets", "-", *ONLY, "--method", method, "--state", str(pathlib.Path(folder) / "state"))
                first = common.alone({"open": opens, "silent": True}, *words, "--rate", "100", stdin=targets, before=("timeout", "-s", "INT", "3"))
                self.assertIn(first.returncode, (3, 124), first.stderr)
                self.assertIn('"state": "open"', first.stdout)
                done = common.alone({"open": opens, "silent": True, **then(host)}, *words, stdin=targets)
            self.assertEqual(done.returncode, 3, done.stderr)
            states = {(x["address"], port): x["state"] for x in map(json.loads, done.stdout.splitlines()[:-1]) for port in range(x["from_port"], x["to_port"] + 1)}
            self.assertLessEqual({s for (address, port), s in states.items() if port in opens}, {"open", "unknown"})
            self.assertNotIn("filtered", {s for (address, _), s in states.items() if address == host})
        self.each(test, (lambda host: {"down": [0, 1e9], "down_of": host}, lambda host: {"reset": 0, "reset_of": host}))

    def test_what_a_router_says_of_the_packet_behind_the_syn_closes_no_port(self):
        def test(method, host):
            states, _, _ = self.probe("%s tcp 1000-1199\n" % host, "--method", method, status=(0,), open=[*range(1000, 1200, 2)], rejects_acks=True)
            self.assertEqual({port for (_, _, port), state in states.items() if state == "open"}, {*range(1000, 1200, 2)})
        self.each(test)

    def test_what_a_router_says_to_the_end_rejects_nothing_of_a_host_that_has_answered(self):
        def test(method, host):
            opens = [*range(1000, 1400, 4)]
            states, reasons, _ = self.probe("%s tcp 1000-1399\n" % host, "--method", method, "--rate", "1000", status=(3,), open=opens, silent=True, unreachable=[0.2, 1e9])
            self.no_open_port_is_called_silent(states, opens)
            self.assertIn("open", states.values())
            self.assertTrue(any("rejected" in reason or "closes everything" in reason for reason in reasons), reasons)
        self.each(test)

    def test_a_host_behind_a_filter_that_rejects_is_rejected_for_twice_the_packets(self):
        def test(method, host, case):
            others, behaviour, most = case
            with tempfile.TemporaryDirectory() as folder:
                count = pathlib.Path(folder) / "count"
                targets = "%s tcp 1-300\n" % host + ("%s tcp 22\n" % (host[:-1] + "5") if others else "")
                states, _, summary = self.probe(targets, "--method", method, status=(0, 3) if "errors" in behaviour else (0,), rejects=True, silent=True, count=str(count),
                                                **{key: {host[:-1] + "5": [22]} if key == "open_of" else value for key, value in behaviour.items()})
                packets = int(count.read_text())
            self.assertLessEqual({s for (address, _, _), s in states.items() if address == host}, {"rejected", "open", "unknown", "filtered"} if "errors" in behaviour else {"rejected", "open"})
            self.assertEqual(summary["rejected"], 300 - len(behaviour.get("open", ())) if "errors" not in behaviour else summary["rejected"])
            self.assertLess(packets, most)
            self.assertLess(summary["seconds"], 30)  # not minutes
        self.each(test, ((False, {}, 680), (False, {"open": [22]}, 680), (True, {"open_of": {}}, 680), (False, {"open": [22], "errors": 1}, 2500), (False, {"errors": 1}, 2500)))

    def test_a_ban_that_spares_the_ports_everybody_uses_leaves_the_others_unknown(self):
        def test(method, host, seed):
            opens = [1022, 1080, 1150, 1200, 1250, 1299]
            states, reasons, _ = self.probe("%s tcp 1000-1299\n" % host, "--method", method, "--seed", seed, status=(3,), open=opens, silent=True, ban=150, ban_spares=[1080])
            self.no_open_port_is_called_silent(states, opens)
            self.assertIn("an open port of the host stopped answering", " ".join(reasons))
        self.each(test, ("1", "3"))

    def test_a_ban_that_ends_is_waited_for(self):
        """Whatever was asked in vain while it lasted, and is not heard by chance behind it, tells nothing of what is closed."""
        def test(seed):
            return self.probe("198.51.100.4 tcp 1-400\n", "--seed", str(seed), status=(0,), open=[22, 80, 399], ban=200, ban_seconds=4)[2]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            for seed, summary in enumerate(pool.map(test, range(27, 35))):
                self.assertEqual((summary["open"], summary["closed"]), (3, 397), seed)

    def test_what_is_closed_behind_a_ban_or_an_outage_that_ended_is_looked_at_once_more_as_the_rest_is(self):
        """One by one that would take longer than there is time."""
        def test(method, host, harm):
            states, _, summary = self.probe("%s tcp 1000-1899\n" % host, "--method", method, status=(0,), open=[*range(1000, 1900, 10)], delay=0.02, **harm)
            self.assertEqual((summary["open"], summary["closed"]), (90, 810))
        self.each(test, ({"ban": 300, "ban_seconds": 4}, {"down": [0.1, 3]}))

    def test_where_nobody_answers_nothing_is_known(self):
        def test(method, host, link):
            states, _, _ = self.probe("%s tcp 1-30\n%s udp 53\n%s icmp\n" % (host, host, host), "--method", method, status=(3,), link=link)
            self.assertEqual(set(states.values()), {"unknown"})
        self.each(test, ("dead", "void"))

    def test_errors_of_this_machine_are_never_verdicts_and_the_same_by_every_method(self):
        def test(method, host, case):
            behaviour, words, why = case
            states, reasons, _ = self.probe("%s tcp 22\n%s udp 53\n%s icmp\n" % (host, host, host), "--method", method, *words, status=(3,), **behaviour)
            self.assertEqual((set(states.values()), reasons), ({"unknown"}, {why}))
        self.each(test, [({"link": "dead"}, ("--timeout", "4000"), "local: no neighbour"), ({"filter": "drop"}, (), "local: not permitted"),
                         ({"filter": "reject"}, (), "local: not permitted"), ({"link": "none"}, (), "local: no route")])

    def test_what_this_machines_own_firewall_drops_beside_living_hosts_is_unknown_by_every_method(self):
        def test(method, host, action):
            states, reasons, _ = self.probe("%s tcp 20-60\n" % host, "--method", method, status=(3,), open=[22, 25], silent=True,
                                            filter=action, filter_ports=[25, *range(30, 40)])
            dropped = {25, *range(30, 40)}
            self.assertEqual({p for (_, _, p), state in states.items() if state == "open"}, {22})
            self.assertEqual({p for (_, _, p), state in states.items() if state == "unknown"}, dropped)
            self.assertEqual(reasons, {"local: not permitted"})
        self.each(test, ("drop", "reject"))

    def test_a_silent_host_is_judged_by_others_of_its_family_only(self):
        targets = "198.51.100.4 tcp 22\n198.51.100.5 tcp 1000-1100\n2001:db8:1::5 tcp 1000\n"
        states, reasons, _ = self.probe(targets, status=(3,), open=[22], silent=True)
        self.assertEqual({state for (address, _, _), state in states.items() if address.endswith(".5")}, {"filtered"})
        self.assertEqual((states["2001:db8:1::5", "tcp", 1000], reasons), ("unknown", {"nothing was heard from anybody"}))

    def test_a_private_own_address_is_no_vantage_and_nothing_is_sent(self):
        with tempfile.TemporaryDirectory() as folder:
            count, out = pathlib.Path(folder) / "count", pathlib.Path(folder) / "evidence"
            inner = {"own": ["10.1.2.3", "fd00::3"], "count": str(count)}
            for words in (("run", "--snapshot", common.SAMPLE, "--out", out, *ONLY, "--no-history"), ("plan", common.SAMPLE)):
                done = common.alone(inner, *words)
                self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)
                self.assertIn("10.1.2.3", done.stderr)
                self.assertIn("--vantage ADDRESS", done.stderr)
                self.assertEqual((count.read_text(), out.exists()), ("0", False))
            self.assertEqual(common.alone(inner, "plan", common.SAMPLE, "--vantage", "203.0.113.7").returncode, 0)
            self.assertEqual(common.alone({}, "plan", common.SAMPLE).returncode, 0)
            done = common.alone({"own": ["203.0.113.7", "fd00::3"]}, "plan", common.SAMPLE)  # half of it is none of both
            self.assertEqual(done.returncode, 2)
            self.assertIn("fd00::3", done.stderr)
            for private in ("10.1.2.3", "169.254.1.1", "224.0.0.1", "fd00::3", "100.64.0.1"):
                done = common.alone(inner, "plan", common.SAMPLE, "--vantage", private)
                self.assertEqual((done.returncode, done.stdout), (2, ""), private)
                self.assertIn("no address that the internet sees", done.stderr)

    def test_a_probe_that_goes_on_asks_again_what_is_known_to_answer(self):
        def test(method, host):
            with tempfile.TemporaryDirectory() as folder:
                other = host[:-1] + "5"
                targets, words = "%s tcp 1-60\n%s tcp 5-9\n" % (host, other), ("--method", method, "--state", str(pathlib.Path(folder) / "state"))
                first, _, _ = self.probe(targets, *words, open=[22], silent=True, ban=100, status=(3,))
                self.assertIn("unknown", first.values())
                states, _, summary = self.probe(targets, *words, open=[22], silent=True, status=(0,))
                self.assertEqual({place for place, state in states.items() if state == "open"}, {(host, "tcp", 22)})
                self.assertEqual(len(states), 65)
                self.assertGreater(summary["sentinels"]["answered"], 0)
        self.each(test)

    def test_a_capture_that_lacks_what_the_state_knows_is_said_and_incomplete(self):
        with tempfile.TemporaryDirectory() as folder:
            words = ("--state", str(pathlib.Path(folder) / "state"))
            self.probe("198.51.100.4 tcp 1-60\n", "--method", "connect", *words, open=[22], silent=True, ban=100, status=(3,))
            done = common.alone({"open": [22], "silent": True}, "probe", "--targets", "-", *ONLY, *words, "--capture", str(pathlib.Path(folder) / "c.pcap"), stdin="198.51.100.4 tcp 1-60\n")
        self.assertEqual(done.returncode, 3)
        self.assertIn("lacks the packets of what", done.stderr)

    def test_a_canary_that_answers_earns_the_silence_of_others_and_one_that_is_silent_earns_nothing(self):
        def test(method, host):
            canary = "203.0.113.77:443" if "." in host else "[2001:db8:ffff::77]:443"
            only = ("--only", canary.rsplit(":", 1)[0].strip("[]"))
            silent = {"open_of": {canary.rsplit(":", 1)[0].strip("[]"): [443]}, "open": [], "silent": True}
            with tempfile.TemporaryDirectory() as folder:
                capture = str(pathlib.Path(folder) / "c.pcap")
                kept = ("--capture", capture) if method == "syn" else ()
                targets = "%s tcp 1-150\n" % host
                states, _, summary = self.probe(targets, "--method", method, "--canary", canary, *only, *kept, status=(0,), **silent)
                self.assertEqual(set(states.values()), {"filtered"})
                self.assertEqual(len(states), 150)  # the canary is asked, and no answer of the probe
                self.assertEqual((summary["canaries"][0]["port"], summary["canaries"][0]["answered"] > 0), (443, True))
                if kept:
                    again = common.sgproof("probe", "--targets", "-", "--from-capture", capture, stdin=targets)
                    for words in (("--canary", "203.0.113.78:443"), ("--tries", "4"), ("--timeout", "999")):
                        other = common.sgproof("probe", "--targets", "-", "--from-capture", capture, *words, stdin=targets)
                        self.assertEqual((other.returncode, other.stdout), (2, ""))
                        self.assertRegex(other.stderr, "leave it out")
                    self.assertEqual(json.loads(again.stdout.splitlines()[0])["state"], "filtered")
                states, _, summary = self.probe(targets, "--method", method, "--canary", canary, *only, status=(3,), open=[], silent=True)
                self.assertEqual((set(states.values()), summary["canaries"][0]["answered"]), ({"unknown"}, 0))
        self.each(test)

    def test_a_ban_is_not_hidden_by_a_canary(self):
        def test(method, host):
            canary = "203.0.113.77:443" if "." in host else "[2001:db8:ffff::77]:443"
            states, reasons, _ = self.probe("%s tcp 1-600\n" % host, "--method", method, "--canary", canary, "--only", canary.rsplit(":", 1)[0].strip("[]"),
                                            status=(3,), open=[*range(10, 600, 10)], silent=True, ban=100, ban_of=host,
                                            open_of={canary.rsplit(":", 1)[0].strip("[]"): [443]})
            self.no_open_port_is_called_silent(states, range(10, 600, 10))
        self.each(test)

    def test_a_host_that_opens_every_port_from_some_point_on_is_found_by_what_had_been_closed(self):
        def test(method, host, after):
            with tempfile.TemporaryDirectory() as folder:
                capture = str(pathlib.Path(folder) / "c.pcap")
                kept = ("--capture", capture) if method == "syn" else ()
                targets = "%s tcp 1-600\n%s tcp 1-100\n" % (host, host[:-1] + "5")
                done = common.alone({"open": [22], "accept": after, "accept_of": host}, "probe", "--targets", "-", *ONLY, "--method", method, *kept, stdin=targets)
                self.assertEqual(done.returncode, 0, done.stderr)
                lines = [json.loads(line) for line in done.stdout.splitlines()]
                again = common.sgproof("probe", "--targets", "-", "--from-capture", capture, stdin=targets).stdout if kept else None
            doubt = {(x["address"], p): x.get("accepts_everything", False) for x in lines[:-1] if x["state"] == "open" for p in range(x["from_port"], x["to_port"] + 1)}
            self.assertEqual(lines[-1]["summary"]["accepting_everything"], [host])
            real = {place for place, doubtful in doubt.items() if not doubtful}
            self.assertLessEqual(real, {(host, 22), (host[:-1] + "5", 22)})  # 22 is real where it was asked before
            self.assertGreater(len(doubt), 600 - after - 1)
            if kept:
                told = [json.loads(line) for line in again.splitlines()][:-1]
                self.assertEqual([(x["address"], x["from_port"], x["to_port"], x["state"], x.get("accepts_everything")) for x in told],
                                 [(x["address"], x["from_port"], x["to_port"], x["state"], x.get("accepts_everything")) for x in lines[:-1]])
        self.each(test, (100, 400, 570))

    def test_a_ban_by_resets_closes_no_open_port(self):
        def once(method, host, after, opens):
            with tempfile.TemporaryDirectory() as folder:
                capture = str(pathlib.Path(folder) / "c.pcap")
                kept = ("--capture", capture) if method == "syn" else ()
                targets = "%s tcp 1-600\n" % host
                states, reasons, _ = self.probe(targets, "--method", method, *kept, status=(0, 3), open=opens, reset=after)
                told = common.sgproof("probe", "--targets", "-", "--from-capture", capture, stdin=targets).stdout if kept else None
            seen = {p for (_, _, p), state in states.items() if state == "open"}
            if seen:  # else nothing shows that the host ever answered otherwise
                self.no_open_port_is_called_silent(states, opens)
                self.assertIn("closes everything since", " ".join(reasons))
            if kept:
                again = {(x["address"], x["protocol"], port): x["state"] for x in map(json.loads, told.splitlines()[:-1])
                         for port in range(x["from_port"], x["to_port"] + 1)}
                self.assertEqual(again, states)

        self.each(once, (100, 400), ([*range(5, 600, 20)], [80, 443, 22]))

    def test_a_ban_by_resets_of_hosts_that_were_silent_closes_nothing_and_one_by_icmp_rejects_nothing(self):
        def test(method, host, how):
            other = host[:-1] + "5"  # it shows that the way was open
            states, reasons, _ = self.probe("%s tcp 1-600\n%s tcp 1-600\n" % (host, other), "--method", method, status=(3,), open=[5],
                                            open_of={other: [*range(1, 600, 2)]}, silent=True, reset_of=host, **how)
            self.no_open_port_is_called_silent({place: state for place, state in states.items() if place[0] == host}, (5,))
            self.assertIn("closes everything since", " ".join(reasons))
        self.each(test, ({"reset": 100}, {"reset": 700}, {"prohibit": 100}, {"prohibit": 700}))

        def prohibited(method, host):
            opens = [*range(5, 600, 20)]
            states, reasons, _ = self.probe("%s tcp 1-600\n" % host, "--method", method, status=(3,), open=opens, prohibit=200)
            self.no_open_port_is_called_silent(states, opens)
        self.each(prohibited)

    def test_a_host_that_answers_only_some_packets_a_second_leaves_unknown_what_was_lost(self):
        def test(method, host, limit, tries):
            opens = [*range(1000, 1060, 3)]
            states, _, _ = self.probe("%s tcp 1000-1059\n" % host, "--method", method, "--tries", tries, open=opens, limit=limit)
            self.no_open_port_is_called_silent(states, opens)
        self.each(test, (3, 10), ("1", "3"))

    def test_a_ban_of_udp_by_port_unreachable_closes_no_open_port(self):
        def test(method, host):
            opens = [*range(1000, 1100, 4)]
            states, _, _ = self.probe("%s udp 1000-1099\n" % host, "--method", method, udp=opens, udp_silent=True, refuse=40)
            if "open" in states.values():  # else nothing shows that the host ever answered otherwise
                self.assertEqual({states[host, "udp", p] for p in opens} - {"open", "unknown"}, set())
        self.each(test)

    def test_a_service_that_stops_in_mid_run_is_one_port_and_not_the_host(self):
        states, _, _ = self.probe("198.51.100.4 tcp 1-2000\n", "--rate", "1000", status=(0,), open=[22, 80, 443], stops=[[80], 1.0])
        self.assertEqual({s for (_, _, p), s in states.items() if p not in (22, 80, 443)}, {"closed"})

    def test_what_is_lost_on_the_way_back_is_unknown(self):
        def test(method, host):
            states, _, _ = self.probe("%s tcp 1-30\n%s udp 53\n%s icmp\n" % (host, host, host), "--method", method, status=(3,), open=[22], mute=True)
            self.assertEqual(set(states.values()), {"unknown"})
        self.each(test)

    def test_a_host_with_many_open_ports_is_no_trap(self):
        def test(method, host):
            states, _, summary = self.probe("%s tcp 1-400\n" % host, "--method", method, status=(0,), open=[*range(1, 301)])
            self.assertEqual((summary["accepting_everything"], summary["open"], summary["closed"]), ([], 300, 100))
        self.each(test)

    def test_what_is_said_of_silence_needs_its_support(self):
        both = [("198.51.100.4", "open"), ("2001:db8:1::4", "closed")]
        nothing = plain()
        nothing["NetworkInterfaces"] = nothing["Reservations"] = []
        for estate, answers, told, said in (
                (plain(), both, (0, 0, 0), "everything that was asked answered"),
                (plain(), [both[0], (both[1][0], "filtered")], (0, 0, 0), "0 of 0 sentinels answered, the longest gap between answers was 0.0 s; 0 ports are unverified; 1 address never answered: its silence rests on others"),
                (plain(), both, (4, 3, 0.5), "3 of 4 sentinels answered, the longest gap between answers was 0.5 s; 0 ports are unverified; 1 address had closed TCP ports and no open one: "
                 "whoever resets may not be the host medium"),
                (plain(), [both[0], (both[1][0], "unknown")], (0, 0, 0), "nothing vouches for it; 1 ports are unverified"),
                (plain(), both[:1], (0, 0, 0), "nothing vouches for it; 1 ports are unverified"),
                (nothing, [], (0, 0, 0), "nothing was asked")):
            with self.subTest(said=said), tempfile.TemporaryDirectory() as folder:
                folder = pathlib.Path(folder)
                (folder / "estate").mkdir()
                estates.write(estate, folder / "estate")
                lines = [{"address": address, "protocol": "tcp", "from_port": 443, "to_port": 443, "state": state, "reason": "test", "tries": 3}
                         for address, state in answers]
                lines.append({"summary": {"sentinels": dict(zip(("asked", "answered", "longest_gap_seconds", "unknown_for_want_of_them"), (*told, 0)))}})
                (folder / "observations.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
                done = common.sgproof("reconcile", folder / "estate", folder / "observations.jsonl", "--vantage", "203.0.113.7", "--vantage", "2001:db8:ffff::7")
                self.assertIn("Silence: " + said, " ".join(done.stdout.split()), done.stderr)

    def test_a_host_that_answers_on_every_port_is_one_finding_and_its_opens_are_unconfirmed(self):
        with tempfile.TemporaryDirectory() as folder:
            for name, behaviour in (("all", {"accept": 0}), ("from", {"accept": 100})):
                out = pathlib.Path(folder) / name
                done = common.alone({"open": [22], "accept_of": "198.51.100.20", **behaviour}, "run", "--snapshot", common.SAMPLE, *ONLY, "--no-history", "--out", out)
                self.assertEqual(done.returncode, 1, done.stderr)
                verdicts = [v for v in json.loads((out / "verdicts.json").read_text())["verdicts"] if v["address"] == "198.51.100.20" and v["protocol"] == "tcp"]
                opens = [v for v in verdicts if v.get("accepts_everything")]
                self.assertEqual({v["verdict"] for v in opens}, {"unconfirmed"})
                self.assertGreater(sum(v["to_port"] - v["from_port"] + 1 for v in opens), 900)
                self.assertEqual([v["severity"] for v in verdicts if v["severity"] in ("critical", "high") and v.get("accepts_everything")], ["high"])
                self.assertEqual([v["answers_on_every_port"] for v in opens if "answers_on_every_port" in v],
                                 [sum(v["to_port"] - v["from_port"] + 1 for v in opens)])
                self.assertLessEqual(sum(v["verdict"] == "undeclared" and v["observed"] == "open" for v in verdicts), 1)  # 22, where it was asked before
                said = " ".join(done.stdout.split())
                self.assertIn("TCP ports of this host answer, and none is closed any more", said)
                self.assertIn("a SYN proxy, a tarpit", said)
                self.assertIn("answers on every TCP port", (out / "report.html").read_text())
                failed = [c for p in json.loads((out / "controls.json").read_text())["packs"] for c in p["controls"] if c["id"].endswith("nothing-undeclared")]
                self.assertEqual({c["result"] for c in failed}, {"fail"})
                self.assertIn("What was checked holds", common.sgproof("verify", out).stdout)

    def test_a_canary_outside_what_only_allows_is_refused(self):
        for own in ("127.0.0.1:443", "203.0.113.7:443", "[2001:db8:ffff::7]:443"):
            done = common.alone({}, "probe", "--targets", "-", *ONLY, "--only", "127.0.0.0/8", "--only", "203.0.113.0/24", "--only", "2001:db8:ffff::/48", "--canary", own, stdin="198.51.100.4 tcp 9\n")
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertIn("is this machine's own", done.stderr)
        done = common.sgproof("probe", "--targets", "-", "--only", "127.0.0.0/8", "--canary", "203.0.113.77:443", stdin="127.0.0.1 tcp 9\n")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        for wrong in ("here", "203.0.113.77", "203.0.113.77:1-2", "203.0.113.77:0x"):
            done = common.sgproof("probe", "--targets", "-", "--only", "127.0.0.0/8", "--canary", wrong, stdin="127.0.0.1 tcp 9\n")
            self.assertEqual(done.returncode, 2)
            self.assertIn("--canary %s: expected ADDRESS:PORT" % wrong, done.stderr)

    def test_sentinels_cost_less_than_a_hundredth(self):
        with tempfile.TemporaryDirectory() as folder:
            count = pathlib.Path(folder) / "count"
            _, _, summary = self.probe("198.51.100.4 tcp 1-3000\n", "--rate", "1500", status=(0,), open=[22], silent=True, count=str(count))
            self.assertLess(int(count.read_text()), summary["sent"] * 1.01)


if __name__ == "__main__":
    unittest.main()
