"""Programs that are loaded already (standby.c): a command runs in a fork of one, with the files, folder and environment that are
given, and ends as a process of its own would."""
import array
import collections
import io
import os
import pathlib
import re
import select
import signal
import socket
import struct
import subprocess
import time

idle = []  # those that wait: each runs one command at a time
LOOKED, EACH = 20, 5  # to look for leaks takes as long as a small command: it is done of the first of each kind, then of one in five
asked = collections.Counter()


class Standby:
    def __init__(self, program):
        self.socket, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen([program], stdin=theirs, stdout=subprocess.DEVNULL)

    def ask(self, words, environment, descriptors, looked=True):
        """The process id of what runs then."""
        strings = b"".join(os.fsencode(one) + b"\0" for one in [*words, *("%s=%s" % pair for pair in environment.items())])
        mask = re.search(r"^Umask:\s*(\d+)", pathlib.Path("/proc/self/status").read_text(), re.M)[1]
        head = struct.pack("=5I", len(words), len(environment), len(strings), int(mask, 8), not looked)
        self.socket.sendmsg([head], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))])
        self.socket.sendall(strings)
        return self.answer()

    def answer(self):
        data = self.socket.recv(4, socket.MSG_WAITALL)
        assert len(data) == 4, "standby ended: %s" % self.process.poll()
        return struct.unpack("=i", data)[0]


def of(program):
    """The path of what is ready to be one, or None where there is none beside the program."""
    path = pathlib.Path(program).resolve().parent / "standby"
    return path if os.access(path, os.X_OK) else None


def exchange(process, given, read, deadline):
    """Writes to the first and reads from the others to their ends."""
    got = {descriptor: [] for descriptor in read}
    poll, left = select.poll(), len(read)
    for descriptor in read:
        poll.register(descriptor, select.POLLIN | select.POLLHUP)
    write, data = given
    if write is not None:
        os.set_blocking(write, False)
        poll.register(write, select.POLLOUT)
    while left:
        events = poll.poll(max(0, deadline - time.monotonic()) * 1000)
        if not events:
            os.kill(process, signal.SIGKILL)
            return None
        for descriptor, _ in events:
            if descriptor == write:
                try:
                    data = data[os.write(write, data[:65536]):] if data else data
                except BrokenPipeError:
                    data = b""
                if not data:
                    poll.unregister(write)
                    os.close(write)
                    write = None
                continue
            part = os.read(descriptor, 65536)
            got[descriptor].append(part)
            if not part:
                poll.unregister(descriptor)
                left -= 1
    if write is not None:
        os.close(write)
    return [b"".join(got[descriptor]) for descriptor in read]


def text(data):
    return io.TextIOWrapper(io.BytesIO(data)).read()


def run(ready, words, stdin=None, cwd=None, env=None, timeout=180, looked=False):
    """As subprocess.run(words, input=stdin, text=True, capture_output=True, ...). `looked`: leaks are looked for, how often it was asked or not."""
    try:
        standby = idle.pop()
    except IndexError:
        standby = Standby(ready)
    out, err, given = os.pipe(), os.pipe(), None if stdin is None else os.pipe()
    folder = os.open(cwd or ".", os.O_PATH | os.O_DIRECTORY)
    theirs = [given[0] if given else 0, out[1], err[1], folder]
    words, kind = [os.fspath(one) for one in words], tuple(map(os.fspath, words[:2]))
    asked[kind] += 1
    try:
        process = standby.ask(words, os.environ if env is None else env, theirs, looked or asked[kind] <= LOOKED or asked[kind] % EACH == 0)
    finally:
        for descriptor in theirs[0 if given else 1:]:
            os.close(descriptor)
    read = (out[0], err[0])
    told = exchange(process, (given[1], stdin.encode()) if given else (None, b""), read, time.monotonic() + timeout)
    for descriptor in read:
        os.close(descriptor)
    status = os.waitstatus_to_exitcode(standby.answer())
    idle.append(standby)
    if told is None:
        raise subprocess.TimeoutExpired(words, timeout)
    return subprocess.CompletedProcess(words, status, *map(text, told))
