"""A file system whose server is dead, as an NFS server that was turned off: here one of FUSE that
nobody answers for. Who names a path there gets an error after a while; nobody else notices.
"""
import os
import subprocess
import sys
import tempfile
import threading
import time

import pytest

from test_damaged_files import Pulse
from test_faults import await_state, run, state
from test_kill import Engine, asan_options, begin, end, host_state

PATIENCE_S = 10
# Run in the daemon's mount namespace: the host's own programs shall not look there.
MOUNT = """
import ctypes, sys
libc = ctypes.CDLL(None, use_errno=True)
options = b"fd=%s,rootmode=40000,user_id=0,group_id=0" % sys.argv[2].encode()
if libc.mount(b"dead", sys.argv[1].encode(), b"fuse", 6, options) != 0:
    sys.exit("mount: errno %d" % ctypes.get_errno())
"""


class Dead:
    def __init__(self, engine, path):
        self.path = path
        os.makedirs(path)
        self.fd = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
        self.inside = ["nsenter", "-t", str(engine.process.pid), "-m"]
        done = subprocess.run([*self.inside, sys.executable, "-c", MOUNT, path, str(self.fd)],
                              pass_fds=[self.fd], capture_output=True, text=True, timeout=20,
                              check=False)
        if done.returncode != 0:
            os.close(self.fd)
            pytest.skip("no FUSE here: " + done.stderr)

    def end(self):
        """All that waits there gets an error."""
        if self.fd >= 0:
            os.close(self.fd)
        self.fd = -1


@pytest.fixture
def engine(monkeypatch):
    # The search for leaks stops all threads, and one that waits for a dead server does not stop.
    asan_options(monkeypatch, "detect_leaks=0")
    if not os.path.exists("/dev/fuse"):
        pytest.skip("no /dev/fuse")
    root = tempfile.mkdtemp(prefix="hull-chaos-")
    made = Engine(root, "hd%d" % (os.getpid() % 100000))
    made.wrapper = ["unshare", "-m", "--propagation", "private"]
    before = host_state(root, made.bridge)
    begin(made)
    yield made
    assert end(made) == before


def test_nobody_else_notices(engine):
    run(engine, "neighbour")
    dead = Dead(engine, engine.root + "/dead")
    try:
        check(engine, dead)
        check_end(engine, dead)
    finally:
        dead.end()
    # It was an end in order, and the daemon that comes next has no such mount any more.
    assert state(engine, "neighbour")["Running"]
    assert engine.call("POST", "/containers/victim0/start")[0] == 204


def create(engine, name, **host):
    return engine.call("POST", "/containers/create?name=" + name,
                       {"Image": "chaos:base", "Cmd": ["sleep", "300"], "HostConfig": host})


class Asking(threading.Thread):
    """A request of a client that waits for its answer."""

    def __init__(self, function):
        super().__init__()
        self.function, self.answer = function, None
        self.start()

    def run(self):
        self.answer = self.function()

    def result(self):
        self.join(PATIENCE_S + 10)
        assert self.answer is not None, "no answer"
        return self.answer


def check(engine, dead):
    # More of them than the daemon has workers.
    for number in range(10):
        assert create(engine, "victim%d" % number, Binds=[dead.path + "/a/b:/mnt"])[0] == 201
    for name, host in (("device", {"Devices": [{"PathOnHost": dead.path + "/device"}]}),
                       ("rate", {"BlkioDeviceReadBps": [{"Path": dead.path + "/d", "Rate": 1}]}),
                       ("shared", {"Binds": [dead.path + "/s:/mnt:shared"]})):
        assert create(engine, name, **host)[0] == 201
    names = ["victim%d" % number for number in range(10)] + ["device", "rate", "shared"]
    began = time.monotonic()
    with Pulse(engine) as pulse:
        asked = [Asking(lambda name=name: engine.call("POST", "/containers/%s/start" % name))
                 for name in names]
        asked.append(Asking(lambda: create(engine, "mount", Mounts=[
            {"Type": "bind", "Source": dead.path + "/sub", "Target": "/mnt"}])))
        # Meanwhile others come and go.
        while time.monotonic() - began < PATIENCE_S - 4:
            before = time.monotonic()
            identity = run(engine, "other")
            assert engine.call("POST", "/containers/other/kill")[0] == 204
            await_state(engine, "other", "exited")
            assert engine.call("DELETE", "/containers/" + identity)[0] == 204
            assert len(engine.call("GET", "/containers/json?all=1")[1]) == 1 + len(names)
            assert time.monotonic() - before < 3
        answers = [one.result() for one in asked]
    assert pulse.longest_s < 1, pulse.longest_s
    assert time.monotonic() - began < PATIENCE_S + 8
    for status, answer in answers:
        assert status >= 500 and dead.path in str(answer) and "no answer" in str(answer), answer
    for name in names:
        after = state(engine, name)
        assert after["Status"] == "created" and "no answer" in after["Error"], after


def check_end(engine, dead):
    """Threads that still wait there do not keep the daemon from ending."""
    began = time.monotonic()
    engine.process.terminate()
    assert engine.process.wait(20) == 0
    assert time.monotonic() - began < 5
    dead.end()
    engine.start()
