"""A part of tests/torture: for each command a few of the calls that may fail do, drawn by TORTURE_SEED, which is printed."""
import os
import pathlib
import random
import sys
import tempfile
import unittest

sys.path[:0] = [os.path.join(os.path.dirname(__file__), ".."), os.path.dirname(__file__)]
import common
import scene

SEED = common.seed("TORTURE_SEED")
QUICK = [name for name in ("compute", "plan", "diff", "account", "probe", "replay", "reconcile", "report_html", "report_tar", "verify", "verify_golden",
                           "history", "keygen", "run", "change")]
CASES = 22  # of each command, two or three a kind: it is to take under 20 s


@unittest.skipUnless(pathlib.Path(scene.PROGRAM).exists() and pathlib.Path(scene.SHIM).exists(), "no release build here")
class Torture(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        print("# TORTURE_SEED=%d" % SEED, file=sys.stderr, flush=True)
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.scene = scene.Scene(folder.name)
        cls.addClassCleanup(cls.scene.close)

    def test_whatever_call_fails_each_command_says_so_and_loses_nothing(self):
        drawn = random.Random(SEED)
        for name in QUICK:
            calls = {kind: self.scene.calls(name, kind) for kind in scene.KINDS}
            there = [kind for kind in scene.KINDS if calls[kind] > 0]
            for i in range(CASES):
                kind = there[i % len(there)]
                plus = drawn.choice(("", "+")) if kind != "net" else ""  # a socket that fails for good is waited for
                torture = "%s:%d%s" % (kind, drawn.randint(1, calls[kind]), plus)
                with self.subTest(command=name, torture=torture, seed=SEED):
                    self.assertIsNone(self.scene.wrong(name, torture))

    def test_a_capture_that_cannot_be_begun_is_closed_once(self):
        """What once went wrong: libpcap closes what it could not write its header to, and so did a run, which crashed. It is the write behind those of the plan."""
        half = self.scene.calls("run", "write") // 2
        for n in range(half - 4, half + 4):
            with self.subTest(n=n):
                self.assertIsNone(self.scene.wrong("run", "write:%d" % n))

    def test_an_error_of_this_machine_is_no_silence_of_the_host(self):
        """What once went wrong: a connection that could not be asked for its outcome made a closed port filtered."""
        for n in range(1, self.scene.calls("probe", "net") + 1):
            self.assertIsNone(self.scene.wrong("probe", "net:%d" % n))

    def test_a_history_that_cannot_be_opened_for_want_of_memory_crashes_nothing(self):
        """What once went wrong: SQLite without memory for a handle of its own."""
        for n in range(1, 130, 4):
            self.assertIsNone(self.scene.wrong("history", "alloc:%d" % n))

    def test_a_history_that_cannot_be_asked_for_want_of_memory_does_not_answer_that_there_is_nothing(self):
        """What once went wrong: an address that SQLite had no memory for was asked as none, and nothing was known of it."""
        calls = self.scene.calls("history", "alloc")
        for n in range(calls - 60, calls + 1):
            self.assertIsNone(self.scene.wrong("history", "alloc:%d" % n))

    def test_evidence_is_not_called_false_nor_good_where_it_cannot_be_read(self):
        """What once went wrong: a manifest that could be opened once only held without a check."""
        for torture, n in (("read", 3), ("open", 5), ("map", 1)):
            for first in range(n, self.scene.calls("verify", torture), 9):
                with self.subTest(torture=torture, first=first):
                    self.assertIsNone(self.scene.wrong("verify", "%s:%d+" % (torture, first)))


if __name__ == "__main__":
    unittest.main()
