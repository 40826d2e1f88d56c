"""What runs in a fork of a program that is loaded already (tests/standby.c) does what it does as a program of its own, and the
sanitizers look on."""
import os
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import common
import standby

READY = standby.of(common.SGPROOF)


@unittest.skipUnless(READY, "no standby beside this sgproof")
class Standby(unittest.TestCase):
    def both(self, *words, **more):
        ready, alone = common.sgproof(*words, **more), common.sgproof(*words, before=("env",), **more)
        self.assertEqual((ready.returncode, ready.stdout, ready.stderr), (alone.returncode, alone.stdout, alone.stderr))
        return ready

    def test_output_errors_and_exit_status_are_the_same(self):
        for words, status in ((["--version"], 0), (["compute", common.SAMPLE, "--format", "json"], 0), (["compute", "/nonexistent"], 2), ([], 2)):
            self.assertEqual(self.both(*words).returncode, status)

    def test_input_folder_environment_and_umask_are_those_given(self):
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "targets").write_text("127.0.0.1 tcp 22\n")
            self.assertEqual(self.both("probe", "--targets", "targets", "--estimate", *common.ONLY, cwd=folder).returncode, 0)
            many = "".join("127.0.%d.%d tcp 22\n" % (i // 200, i % 200) for i in range(20000))
            self.assertIn("20000 questions", self.both("probe", "--targets", "-", "--estimate", *common.ONLY, stdin=many).stdout)
            done = self.both("read", "snapshot", cwd=folder, env={"AWS_PROFILE": "nobody", "AWS_CONFIG_FILE": "/nonexistent", "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent"})
            self.assertIn("nobody", done.stderr)
            old = os.umask(0o027)
            try:
                for number, before in enumerate(((), ("env",))):
                    self.assertEqual(common.sgproof("keygen", "key%d.pem" % number, cwd=folder, before=before).returncode, 0)
            finally:
                os.umask(old)
            modes = [sorted(p.stat().st_mode for p in pathlib.Path(folder).glob("key%d*" % number)) for number in range(2)]
            self.assertEqual(modes[0], modes[1])

    def test_many_commands_of_one_process_say_what_each_says_alone(self):
        commands = [["compute", common.SAMPLE, "--format", form] for form in ("json", "text")] + [["compute", "/nonexistent"], ["diff", common.SAMPLE, common.SAMPLE, "--format", "json"]]
        self.assertEqual(common.sgproof_each(commands), [(done.returncode, done.stdout) for done in (common.sgproof(*words) for words in commands)])

    def test_the_sanitizers_look_on(self):
        for word, said in (("leaks", "LeakSanitizer"), ("overflows", "heap-buffer-overflow")):
            done = standby.run(READY, [word])
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(said, done.stderr)

    def test_one_that_takes_too_long_is_ended(self):
        with self.assertRaises(common.subprocess.TimeoutExpired):
            standby.run(READY, ["sgproof", "probe", "--targets", "-", *common.ONLY, "--rate", "1", "--method", "connect", "-q"], stdin="127.0.0.1 tcp 1-1000\n", timeout=1)
        self.assertEqual(common.sgproof("--version").returncode, 0)


if __name__ == "__main__":
    unittest.main()
