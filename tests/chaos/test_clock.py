"""Somebody sets the clock of the host by ten years, forwards and backwards, all the time: what waits
for seconds waits for seconds: stop, restarts, health checks; nothing spins, and events come in order.
"""
import os
import shutil
import struct
import subprocess
import tempfile
import threading
import time

import pytest

from test_faults import await_state, create, run, state
from test_kill import Engine, asan_options, begin, end

TEN_YEARS = 315360000
HERE = os.path.dirname(os.path.abspath(__file__))


class Clock:
    def __init__(self, path):
        self.path = path
        self.set(0)

    def set(self, offset):
        with open(self.path, "r+b" if os.path.exists(self.path) else "wb") as file:
            file.write(struct.pack("=q", offset))


@pytest.fixture(scope="module")
def clock():
    folder = tempfile.mkdtemp(prefix="hull-clock-")
    library = os.path.join(folder, "clock.so")
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, HERE + "/clock.c"], check=True)
    made = Clock(os.path.join(folder, "offset"))
    made.library = library
    yield made
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def engine(clock):
    root = tempfile.mkdtemp(prefix="hull-clock-")
    made = Engine(root, "hk%d" % (os.getpid() % 100000))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LD_PRELOAD", clock.library)
        patch.setenv("HULL_TEST_CLOCK", clock.path)
        asan_options(patch, "verify_asan_link_order=0")
        begin(made)
    yield made
    clock.set(0)
    assert not end(made)["shims"]


def cpu_s(pid):
    with open("/proc/%d/stat" % pid) as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Jumps(threading.Thread):
    """The clock goes to and fro every 70 ms."""

    def __init__(self, clock):
        super().__init__()
        self.clock, self.over = clock, threading.Event()

    def run(self):
        offsets = (TEN_YEARS, -TEN_YEARS, 0)
        at = 0
        while not self.over.wait(0.07):
            self.clock.set(offsets[at % 3])
            at += 1
        self.clock.set(0)


@pytest.fixture
def jumps(clock):
    thread = Jumps(clock)
    thread.start()
    yield thread
    thread.over.set()
    thread.join()


def test_the_clock_is_really_wrong(engine, clock):
    """Or the others would prove nothing."""
    for offset, year in ((TEN_YEARS, 10), (-TEN_YEARS, -10), (0, 0)):
        clock.set(offset)
        now = engine.call("GET", "/info")[1]["SystemTime"]
        assert abs(int(now[:4]) - time.gmtime().tm_year - year) <= 1, now


def test_restarts_and_stops(engine, jumps):
    run(engine, "stubborn", "sh", "-c", "trap '' TERM; while :; do usleep 50000; done")
    began, used = time.monotonic(), cpu_s(engine.process.pid)
    # 100, 200, 400 and 800 ms: a run is not longer because the clock was set meanwhile.
    run(engine, "failing", "sh", "-c", "usleep 50000; exit 4",
        RestartPolicy={"Name": "on-failure", "MaximumRetryCount": 4})
    stopping = time.monotonic()
    assert engine.call("POST", "/containers/stubborn/stop?t=1")[0] == 204
    assert 0.9 < time.monotonic() - stopping < 4
    while True:
        shown = engine.call("GET", "/containers/failing/json")[1]
        if shown["State"]["Status"] == "exited" and shown["RestartCount"] == 4:
            break
        assert time.monotonic() - began < 8, shown
        time.sleep(0.02)
    took = time.monotonic() - began
    assert took > 1.6, took
    assert shown["State"]["ExitCode"] == 4
    assert cpu_s(engine.process.pid) - used < took / 2


def test_health_goes_on(engine, clock):
    status, made = engine.call("POST", "/containers/create?name=checked", {
        "Image": "chaos:base", "Cmd": ["sleep", "300"],
        "Healthcheck": {"Test": ["CMD", "true"], "Interval": 100000000, "Timeout": 5000000000,
                        "Retries": 3}})
    assert status == 201, made
    assert engine.call("POST", "/containers/checked/start")[0] == 204
    for offset in (TEN_YEARS, -TEN_YEARS, 0):
        clock.set(offset)
        seen = set()
        deadline = time.monotonic() + 4
        while len(seen) < 8:
            health = state(engine, "checked")["Health"]
            assert health["Status"] != "unhealthy", health
            seen |= {probe["Start"] for probe in health["Log"] or []}
            assert time.monotonic() < deadline, seen
            time.sleep(0.05)
    assert state(engine, "checked")["Health"]["Status"] == "healthy"


def test_waits_and_events(engine, clock):
    """A wait ends with the container, and its events are told in the order in which they happened."""
    for offset in (TEN_YEARS, -TEN_YEARS, 0):
        create(engine, "short", "usleep", "200000")
        assert engine.call("POST", "/containers/short/start")[0] == 204
        clock.set(offset)
        began = time.monotonic()
        assert engine.call("POST", "/containers/short/wait")[1]["StatusCode"] == 0
        assert time.monotonic() - began < 3
        await_state(engine, "short", "exited")
        assert engine.call("DELETE", "/containers/short")[0] == 204
