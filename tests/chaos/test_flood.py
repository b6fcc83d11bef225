"""A program that writes as fast as it can, one that never reads what it is sent, and clients that
never read: logs and memory stay bounded, and the rest of the engine answers as before.

HULL_CHAOS_FLOOD_MB says how much is written (default 64; tools/chaos: 1024).
"""
import os
import socket
import time

import pytest

from test_faults import await_state, create, run, shim_of, state
from test_kill import asan_options, engine  # noqa: F401: a fixture

FLOOD_MB = int(os.environ.get("HULL_CHAOS_FLOOD_MB", "64"))
# What an answer may take: the processors have other work, too, so this is no measurement.
ANSWER_S = 0.5
LINE = "x" * 99


def rss_kb(pid):
    with open("/proc/%d/status" % pid) as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


@pytest.fixture(autouse=True)
def no_quarantine(monkeypatch):
    """What the address sanitizer keeps of freed memory is not the daemon's."""
    asan_options(monkeypatch, "quarantine_size_mb=1", "thread_local_quarantine_size_kb=64")


@pytest.fixture
def idle_kb(engine):  # noqa: F811
    """What the daemon has before anything happens: a build with sanitizers has much."""
    return rss_kb(engine.process.pid)


def answers(engine, count=15):  # noqa: F811
    """The median and the worst of some answers."""
    took = []
    for _ in range(count):
        began = time.monotonic()
        assert engine.call("GET", "/containers/json?all=1")[0] == 200
        took.append(time.monotonic() - began)
        time.sleep(0.01)
    return sorted(took)[count // 2], max(took)


def check_answers(engine):  # noqa: F811
    middle, worst = answers(engine)
    assert middle < ANSWER_S and worst < 4 * ANSWER_S, (middle, worst)


def attach(engine, name, query):  # noqa: F811
    link = socket.socket(socket.AF_UNIX)
    link.settimeout(10)
    link.connect(engine.sock)
    link.sendall(("POST /containers/%s/attach?%s HTTP/1.1\r\nHost: x\r\nUpgrade: tcp\r\n"
                  "Connection: Upgrade\r\nContent-Length: 0\r\n\r\n" % (name, query)).encode())
    head = b""
    while b"\r\n\r\n" not in head:
        head += link.recv(1)
    assert b" 101 " in head, head
    return link


def size_of(path):
    """0 of a file that was just rotated away."""
    try:
        return os.path.getsize(path)
    except FileNotFoundError:
        return 0


def test_a_flood_of_output(engine):  # noqa: F811
    run(engine, "other")
    identity = run(engine, "flood", "sh", "-c", "yes %s | head -c %d" % (LINE, FLOOD_MB * 1000000),
                   LogConfig={"Type": "json-file",
                              "Config": {"max-size": "2m", "max-file": "2"}})
    pid = state(engine, "flood")["Pid"]
    shim = shim_of(pid)
    folder = os.path.join(engine.root, "data", "containers", identity)
    most = daemon = monitor = 0
    while state(engine, "flood")["Running"]:
        check_answers(engine)
        most = max(most, sum(size_of(os.path.join(folder, name))
                             for name in os.listdir(folder) if "-json.log" in name))
        daemon = max(daemon, rss_kb(engine.process.pid))
        try:
            monitor = max(monitor, rss_kb(shim))
        except (OSError, StopIteration):
            pass
    assert 0 < most < 5 << 20 and daemon < 100 << 10 and monitor < 4 << 10, (most, daemon, monitor)
    assert state(engine, "flood")["ExitCode"] == 0
    # The end of it is there, by whole lines.
    lines = engine.call("GET", "/containers/flood/logs?stdout=1&tail=100")[1].splitlines()
    assert [line[8:] for line in lines] == [LINE] * 100
    assert state(engine, "other")["Running"]


def test_a_reader_that_does_not_read(engine, idle_kb):  # noqa: F811
    """An attached client and one of logs stop reading in the middle of it."""
    create(engine, "flood", "sh", "-c", "yes %s | head -c 8000000; sleep 300" % LINE)
    link = attach(engine, "flood", "stream=1&stdout=1")
    assert engine.call("POST", "/containers/flood/start")[0] == 204
    log = socket.socket(socket.AF_UNIX)
    log.connect(engine.sock)
    log.sendall(b"GET /containers/flood/logs?stdout=1&follow=1 HTTP/1.1\r\nHost: x\r\n\r\n")
    time.sleep(0.2)
    check_answers(engine)
    assert rss_kb(engine.process.pid) < idle_kb + (48 << 10)
    assert rss_kb(shim_of(state(engine, "flood")["Pid"])) < 4 << 10
    began = time.monotonic()
    assert engine.call("POST", "/containers/flood/kill")[0] == 204
    await_state(engine, "flood", "exited")
    assert time.monotonic() - began < 5
    link.close()
    log.close()


def test_input_that_is_not_read(engine, idle_kb):  # noqa: F811
    """The client's writes stop; nobody else's do. The end of the container ends it."""
    status, made = engine.call("POST", "/containers/create?name=deaf", {
        "Image": "chaos:base", "Cmd": ["sleep", "300"], "OpenStdin": True, "AttachStdin": True})
    assert status == 201, made
    link = attach(engine, "deaf", "stream=1&stdin=1&stdout=1")
    assert engine.call("POST", "/containers/deaf/start")[0] == 204
    link.settimeout(0.3)
    sent = 0
    try:
        while sent < 64 << 20:
            sent += link.send(b"x" * 65536)
    except socket.timeout:
        pass
    assert sent < 8 << 20, sent
    check_answers(engine)
    assert rss_kb(engine.process.pid) < idle_kb + (48 << 10)
    began = time.monotonic()
    assert engine.call("POST", "/containers/deaf/stop?t=0")[0] == 204
    assert time.monotonic() - began < 3
    link.settimeout(5)
    while link.recv(65536):
        pass
    link.close()


def test_stop_of_a_frozen_container(engine):  # noqa: F811
    run(engine, "frozen", "sh", "-c", "trap '' TERM; while :; do sleep 1; done")
    assert engine.call("POST", "/containers/frozen/pause")[0] == 204
    began = time.monotonic()
    assert engine.call("POST", "/containers/frozen/stop?t=1")[0] == 204
    assert time.monotonic() - began < 3.5
    assert state(engine, "frozen")["ExitCode"] == 137
