"""Limits of pace, and lossy lines: what is open is never called filtered, closed or rejected because it was asked too fast, or too seldom.
Each probe runs in a namespace of its own, before hosts of alone.py."""
import concurrent.futures
import itertools
import json
import os
import pathlib
import random
import sys
import tempfile
import unittest

sys.path[:0] = [os.path.join(os.path.dirname(__file__), "..")]
import common

HOSTS = ("198.51.100.4", "2001:db8:1::4")
ONLY = ("--only", "198.51.100.0/24", "--only", "2001:db8:1::/48")


class Limits(unittest.TestCase):
    def probe(self, host, count, method, *words, **behaviour):
        """(states by port, summary); of what was captured, its replay tells the same, and needs no option."""
        targets = "%s tcp 1000-%d\n" % (host, 999 + count)
        with tempfile.TemporaryDirectory() as folder:
            capture = str(pathlib.Path(folder) / "c.pcap")
            kept = ("--capture", capture) if method == "syn" else ()
            done = common.alone({"silent": True, **behaviour}, "probe", "--targets", "-", *ONLY, "--method", method, *kept, *words, stdin=targets)
            self.assertIn(done.returncode, (0, 3), done.stderr)
            again = common.sgproof("probe", "--targets", "-", "--from-capture", capture, stdin=targets).stdout if kept else done.stdout
        self.assertEqual(again.splitlines()[:-1], done.stdout.splitlines()[:-1])
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        return {port: x["state"] for x in lines[:-1] for port in range(x["from_port"], x["to_port"] + 1)}, lines[-1]["summary"]

    def no_open_port_is_called_otherwise(self, states, opens):
        self.assertLessEqual({states[port] for port in opens}, {"open", "unknown"})

    def each(self, test, *more):
        cases = list(itertools.product(("syn", "connect"), HOSTS, *more))
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            for case, future in [(case, pool.submit(test, *case)) for case in cases]:
                with self.subTest(case=case):
                    future.result()

    def thrice(self, test, case):
        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            return list(pool.map(lambda _: test("syn", HOSTS[0], case), range(3)))

    def test_rejections_above_a_rate_are_no_fact_of_the_one_open_port_among_closed_ones(self):
        """Nor of the closed ones: each may be the one that is open."""
        def test(method, host, _):
            states, _ = self.probe(host, 40, method, open=[1017], silent=False, bucket=[100, 1, "prohibit"])
            self.no_open_port_is_called_otherwise(states, [1017])
            self.assertNotIn("rejected", states.values())
        self.each(test, range(6))

    def test_rejections_above_a_rate_are_no_fact_of_the_one_open_port_among_silent_ones(self):
        """The first of each burst passes, and is silent: nothing else tells that others would."""
        def test(method, host, _):
            states, _ = self.probe(host, 40, method, open=[1007], bucket=[100, 1, "prohibit"])
            self.no_open_port_is_called_otherwise(states, [1007])
        self.each(test, range(2))

    def test_rejections_of_one_protocol_above_a_rate_are_no_fact_of_many_hosts_with_one_question_each(self):
        def test(method, host, case):
            protocols, bucket = case
            hosts = [host[:-1] + "%d" % i for i in range(4, 14)]
            targets = "".join("%s tcp 440-450\n%s udp 53\n%s icmp\n" % (one, one, one) for one in hosts)
            done = common.alone({"open": [443], "udp": [53], "bucket_of": protocols, "bucket": bucket}, "probe", "--targets", "-", *ONLY, "--method", method, stdin=targets)
            lines = [json.loads(line) for line in done.stdout.splitlines()][:-1]
            self.assertEqual({x["state"] for x in lines if x["protocol"] != "tcp"} - {"open", "unknown"}, set())
            self.assertIn("open", {x["state"] for x in lines if x["protocol"] == "tcp"})
        self.each(test, [([1, 58], [1, 1]), ([17], [2, 2]), ([1, 17, 58], [3, 1])])

    def test_a_bucket_of_syns_hides_no_open_port_and_is_asked_slowly_enough(self):
        def test(method, host, count):
            opens = [*range(1000, 1000 + count, 4)]
            states, _ = self.probe(host, count, method, open=opens, bucket=[40, 5, "drop"])
            self.no_open_port_is_called_otherwise(states, opens)
            return states

        self.each(test, (20, 60, 120))
        found = self.thrice(test, 60)
        self.assertTrue(any("unknown" not in states.values() for states in found), found)

    def test_one_try_on_a_line_that_loses_some_calls_no_open_port_filtered(self):
        def test(method, host, loss):
            opens = [*range(1000, 1060, 4)]
            states, _ = self.probe(host, 60, method, "--tries", "1", open=opens, loss=loss)
            self.no_open_port_is_called_otherwise(states, opens)
        self.each(test, (0.05, 0.1, 0.2))

    def test_one_try_is_enough_where_every_sentinel_is_answered(self):
        def test(method, host):
            states, summary = self.probe(host, 200, method, "--tries", "1", open=[*range(1000, 1200, 4)])
            self.assertEqual(set(states.values()), {"open", "filtered"})
            self.assertLess(summary["sent"], 450)
        self.each(test)

    def test_a_lossy_line_costs_tries_and_no_open_port(self):
        def test(method, host, loss):
            opens = [*range(1000, 1060, 4)]
            states, _ = self.probe(host, 60, method, open=opens, loss=loss)
            self.no_open_port_is_called_otherwise(states, opens)
            return states
        self.each(test, (0.1, 0.2))
        found = self.thrice(test, 0.15)
        self.assertTrue(any("filtered" in states.values() for states in found), found)

    def test_rejections_and_resets_above_a_rate_are_no_facts_of_open_ports(self):
        """`step` 30: two open ports of sixty, which may all have been asked above the rate."""
        def test(method, host, case):
            how, step = case
            opens = [*range(1000, 1060, step)]
            states, _ = self.probe(host, 60, method, open=opens, bucket=[40, 10, how])
            self.no_open_port_is_called_otherwise(states, opens)
        self.each(test, itertools.product(("prohibit", "reset"), (2, 30)))

    def test_open_ports_that_are_reset_above_a_rate_are_open_or_unknown_beside_ports_that_are_closed_anyway(self):
        def test(method, host):
            opens = [*range(1000, 1150, 3)]
            states, _ = self.probe(host, 150, method, open=opens, silent=False, window=[0.02, 12])
            self.no_open_port_is_called_otherwise(states, opens)
            return sum(states[port] == "closed" for port in states)
        self.each(test)

    def test_hosts_drawn_at_random_that_reset_what_they_like_have_no_open_port_told_as_closed(self):
        """By a rate, from some packet on, or for a moment; silent else, or closed. Of a host of which no open port was heard no packet
        tells that it had some: it is all that may be told otherwise."""
        seed = common.seed("LIMITS_SEED")

        def test(number):
            draw = random.Random(seed + number)
            count, method, host = draw.choice((20, 40, 100, 150)), draw.choice(("syn", "connect")), draw.choice(HOSTS)
            opens = draw.sample(range(1000, 1000 + count), max(2, int(count * draw.choice((0.1, 0.3, 0.5)))))
            first = draw.randrange(count)
            how = draw.choice(({"window": [draw.choice((0.02, 0.1, 0.5)), draw.choice((5, 12, 30))]}, {"reset": draw.choice((20, 50, 100))},
                               {"bucket": [draw.choice((20, 40, 100, 300)), draw.choice((5, 10, 40)), "reset"]}, {"resets": [first, first + draw.choice((5, 20, 50))]}))
            behaviour = {"open": opens, "silent": draw.random() < 0.4, "delay": draw.choice((0, 0, 0.03)), **how}
            states, _ = self.probe(host, count, method, **behaviour)
            heard = "open" in states.values()
            return heard, {states[port] for port in opens} - {"open", "unknown"} if heard else set(), behaviour

        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            found = list(pool.map(test, range(12)))
        for number, (_, wrong, behaviour) in enumerate(found):
            with self.subTest(LIMITS_SEED=seed, number=number, behaviour=behaviour):
                self.assertEqual(wrong, set())
        self.assertGreater(sum(heard for heard, _, _ in found), 4)

    def test_of_few_ports_none_that_is_open_is_called_closed_beside_one_that_is_open(self):
        def test(method, host, case):
            count, opens, silent, how = case
            states, _ = self.probe(host, count, method, open=opens, silent=silent, **how)
            if "open" in states.values():
                self.no_open_port_is_called_otherwise(states, opens)
        self.each(test, ((10, [1000, 1001, 1002, 1004, 1008], True, {"window": [0.5, 2], "delay": 0.03}), (12, [1001, 1007, 1010], False, {"window": [0.5, 2]}),
                         (8, [1002, 1003, 1004, 1005], True, {"reset": 5, "delay": 0.03}), (8, [1003, 1006], False, {"bucket": [20, 2, "reset"]})))

    def test_what_is_closed_of_few_ports_is_closed_in_moments(self):
        """Beside one open port or some, of one host and of so many that there is no time to show it."""
        def test(method, host, case):
            count, opens, delay = case
            states, summary = self.probe(host, count, method, open=opens, silent=False, delay=delay)
            self.assertEqual(states, {port: "open" if port in opens else "closed" for port in range(1000, 1000 + count)})
            self.assertLess(summary["seconds"], 15)
        self.each(test, ((2, [1000], 0), (2, [1000], 0.03), (15, [1003], 0), (8, [1000, 1004], 0.03)))
        for hosts in (16, 17):
            targets = "".join("198.51.100.%d tcp 22,80,443\n" % (1 + i) for i in range(hosts))
            done = common.alone({"open": [443]}, "probe", "--targets", "-", *ONLY, stdin=targets)
            summary = json.loads(done.stdout.splitlines()[-1])["summary"]
            self.assertEqual((done.returncode, summary["open"], summary["closed"]), (0, hosts, 2 * hosts))

    def many(self, method, host, hosts, ports, **behaviour):
        """(states by place, summary) of many hosts of few ports."""
        addresses = [host[:-1] + str(1 + i) for i in range(hosts)]
        targets = "".join("%s tcp 1000-%d\n" % (address, 999 + ports) for address in addresses)
        with tempfile.TemporaryDirectory() as folder:
            capture = str(pathlib.Path(folder) / "c.pcap")
            kept = ("--capture", capture) if method == "syn" else ()
            done = common.alone(behaviour, "probe", "--targets", "-", *ONLY, "--method", method, *kept, stdin=targets)
            again = common.sgproof("probe", "--targets", "-", "--from-capture", capture, stdin=targets).stdout if kept else done.stdout
        self.assertEqual(again.splitlines()[:-1], done.stdout.splitlines()[:-1], done.stderr)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        return {(x["address"], port): x["state"] for x in lines[:-1] for port in range(x["from_port"], x["to_port"] + 1)}, lines[-1]["summary"]

    def test_a_ban_by_resets_of_the_whole_way_closes_no_open_port_of_many_hosts(self):
        """Of those that have an open port that was heard before it, and of the others."""
        def test(method, host):
            states, _ = self.many(method, host, 20, 3, open=[1001], reset=30)
            self.assertGreaterEqual(sum(state == "open" for state in states.values()), 2)
            self.no_open_port_is_called_otherwise(states, [place for place in states if place[1] == 1001])
        self.each(test)

    def test_where_nothing_open_is_heard_what_is_closed_is_asked_once_more_so_slowly_that_a_limit_shows(self):
        def test(method, host, case):
            states, summary = self.many(method, host, *case[0], **case[1])
            opens = case[1].get("open", ())
            self.no_open_port_is_called_otherwise(states, [place for place in states if place[1] in opens])
            if not opens:  # and where there is none, it is closed
                self.assertEqual(set(states.values()), {"closed"})
                self.assertLess(summary["seconds"], 10)
        half = [*range(1000, 1012, 2)]
        self.each(test, (((1, 12), {"open": half, "window": [0.5, 2]}), ((1, 12), {"open": half, "silent": True, "window": [0.5, 2]}), ((4, 5), {}), ((1, 1), {"delay": 0.03})))

    def test_a_moment_of_resets_closes_no_open_port(self):
        """Of a host that is silent else, and of one that closes."""
        def test(method, host, silent):
            opens = [*range(1000, 1150, 3)]
            states, _ = self.probe(host, 150, method, open=opens, silent=silent, resets=[40, 90])
            self.no_open_port_is_called_otherwise(states, opens)
            if silent:
                self.assertNotIn("closed", states.values())
        self.each(test, (True, False))

    def test_open_ports_above_a_rate_are_those_of_whoever_answers_for_the_host(self):
        def test(method, host):
            states, summary = self.probe(host, 200, method, open=[1000, 1100], bucket=[60, 20, "accept"])
            self.assertGreater(sum(state == "open" for state in states.values()), 100)
            self.assertEqual(summary["accepting_everything"], [host])
        self.each(test)

    def test_closed_ports_behind_silence_or_rejections_are_no_limit(self):
        def test(method, host, behaviour, other):
            opens = [*range(1000, 1060, 20)]
            states, _ = self.probe(host, 60, method, open=opens, **behaviour)
            self.assertEqual({port: state for port, state in states.items() if state != other}, dict.fromkeys(opens, "open"))
        self.each(lambda method, host, case: test(method, host, *case), (({"silent": False}, "closed"), ({"rejects": True}, "rejected")))


if __name__ == "__main__":
    unittest.main()
