"""What breaks under a container: its shim, its first process, its cgroup, its network. It ends in a
state that is true, whoever asks is told why, nothing is left behind, and its neighbour goes on."""
import os
import signal
import subprocess
import time

import pytest

from test_failpoints import cgroups
from test_kill import engine, host_state  # noqa: F401: a fixture

QUICK_S = 5


def create(engine, name, *cmd, **host):  # noqa: F811
    status, made = engine.call("POST", "/containers/create?name=" + name,
                               {"Image": "chaos:base", "Cmd": list(cmd) or ["sleep", "300"],
                                "HostConfig": host})
    assert status == 201, made
    return made["Id"]


def run(engine, name, *cmd, **host):  # noqa: F811
    identity = create(engine, name, *cmd, **host)
    status, answer = engine.call("POST", "/containers/%s/start" % name)
    assert status == 204, answer
    return identity


def state(engine, name):  # noqa: F811
    status, shown = engine.call("GET", "/containers/%s/json" % name)
    assert status == 200, shown
    return shown["State"]


def await_state(engine, name, wanted, seconds=QUICK_S):  # noqa: F811
    deadline = time.monotonic() + seconds
    while True:
        now = state(engine, name)
        if now["Status"] == wanted:
            return now
        assert time.monotonic() < deadline, now
        time.sleep(0.02)


def shim_of(pid):
    with open("/proc/%d/stat" % pid) as stat:
        parent = int(stat.read().rsplit(")", 1)[1].split()[1])
    with open("/proc/%d/cmdline" % parent, "rb") as line:
        assert b"hull-shim" in line.read()
    return parent


def log_of(engine):  # noqa: F811
    with open(engine.root + "/hulld.log") as log:
        return log.read()


def count(engine):  # noqa: F811
    """How far the neighbour has come."""
    lines = engine.call("GET", "/containers/neighbour/logs?stdout=1")[1].splitlines()
    numbers = [int(line[8:]) for line in lines if line[8:].strip()]
    assert numbers == list(range(len(numbers))), numbers[:10]
    return len(numbers)


def await_death(pid):
    """Gone, or a zombie whose new parent does not reap, such as the first process of a container."""
    deadline = time.monotonic() + QUICK_S
    while True:
        try:
            with open("/proc/%d/stat" % pid) as stat:
                if stat.read().rsplit(")", 1)[1].split()[0] == "Z":
                    return
        except OSError:
            return
        assert time.monotonic() < deadline, "process %d goes on" % pid
        time.sleep(0.01)


@pytest.fixture
def neighbour(engine):  # noqa: F811
    """Counts all the time; its output has no hole and its process is the same, whatever happens."""
    script = "i=0; while :; do echo $i; i=$((i+1)); usleep 10000; done"
    run(engine, "neighbour", "sh", "-c", script)
    before = state(engine, "neighbour")
    yield
    after = state(engine, "neighbour")
    assert after["Running"] and after["Pid"] == before["Pid"]
    first, deadline = count(engine), time.monotonic() + QUICK_S
    while count(engine) <= first:
        assert time.monotonic() < deadline, "the neighbour counts no longer"
        time.sleep(0.02)


def check_gone(engine, identity, pid):  # noqa: F811
    await_death(pid)
    assert engine.call("DELETE", "/containers/" + identity)[0] == 204
    assert not cgroups({identity})
    assert not os.path.exists(os.path.join(engine.root, "exec", "containers", identity))
    assert not os.path.exists(os.path.join(engine.root, "data", "containers", identity))


@pytest.mark.parametrize("how", ["plain", "paused", "pid-of-host", "exec"])
def test_the_shim_is_killed(engine, neighbour, how):  # noqa: F811
    host = {"PidMode": "host"} if how == "pid-of-host" else {}
    identity = run(engine, "victim", "sh", "-c", "sleep 301 & sleep 302", **host)
    pid = state(engine, "victim")["Pid"]
    if how == "paused":
        assert engine.call("POST", "/containers/victim/pause")[0] == 204
    if how == "exec":
        made = engine.call("POST", "/containers/victim/exec", {"Cmd": ["sleep", "303"]})[1]
        assert engine.call("POST", "/exec/%s/start" % made["Id"], {"Detach": True})[0] == 200
    os.kill(shim_of(pid), signal.SIGKILL)
    assert engine.call("POST", "/containers/victim/wait")[1]["StatusCode"] == 137
    after = state(engine, "victim")
    assert after["Status"] == "exited" and after["Pid"] == 0 and after["ExitCode"] == 137
    assert "hull-shim" in after["Error"], after
    log = log_of(engine)
    assert any(identity[:12] in line and "hull-shim" in line for line in log.splitlines()), log
    if how == "exec":
        shown = engine.call("GET", "/exec/%s/json" % made["Id"])[1]
        assert not shown["Running"] and shown["ExitCode"] == 137, shown
    # It can be started again, and what it says then is its own.
    assert engine.call("POST", "/containers/victim/start")[0] == 204
    again = state(engine, "victim")
    assert again["Running"] and again["Error"] == ""
    assert engine.call("POST", "/containers/victim/kill")[0] == 204
    check_gone(engine, identity, pid)


def test_the_shim_is_killed_while_no_daemon_is_there(engine, neighbour):  # noqa: F811
    identity = run(engine, "victim")
    pid = state(engine, "victim")["Pid"]
    shim = shim_of(pid)
    engine.kill()
    os.kill(shim, signal.SIGKILL)
    engine.start()
    after = state(engine, "victim")
    assert after["Status"] == "exited" and after["ExitCode"] != 0, after
    assert "hull-shim" in after["Error"], after
    check_gone(engine, identity, pid)


def test_the_shim_is_stuck_when_the_daemon_starts(engine, neighbour):  # noqa: F811
    """The others are found all the same; who wants something of that one is told, until it answers."""
    run(engine, "stuck", "sleep", "300")
    pid = state(engine, "stuck")["Pid"]
    shim = shim_of(pid)
    os.kill(shim, signal.SIGSTOP)
    try:
        os.kill(engine.process.pid, signal.SIGKILL)
        engine.process.wait()
        engine.start()
        assert state(engine, "neighbour")["Running"] and state(engine, "stuck")["Running"]
        for method, what in (("POST", "stuck/kill"), ("DELETE", "stuck?force=1")):
            status, answer = engine.call(method, "/containers/" + what)
            assert status == 504 and "hull-shim does not answer" in answer["message"], answer
    finally:
        os.kill(shim, signal.SIGCONT)
    assert state(engine, "stuck")["Pid"] == pid
    assert engine.call("POST", "/containers/stuck/kill")[0] == 204
    assert await_state(engine, "stuck", "exited")["ExitCode"] == 137


def test_the_shim_of_an_exec_is_killed(engine, neighbour):  # noqa: F811
    run(engine, "victim")
    made = engine.call("POST", "/containers/victim/exec", {"Cmd": ["sleep", "303"]})[1]
    assert engine.call("POST", "/exec/%s/start" % made["Id"], {"Detach": True})[0] == 200
    pid = engine.call("GET", "/exec/%s/json" % made["Id"])[1]["Pid"]
    os.kill(shim_of(pid), signal.SIGKILL)
    deadline = time.monotonic() + QUICK_S
    while True:
        shown = engine.call("GET", "/exec/%s/json" % made["Id"])[1]
        if not shown["Running"]:
            break
        assert time.monotonic() < deadline, shown
        time.sleep(0.02)
    assert shown["ExitCode"] == 137
    await_death(pid)
    assert state(engine, "victim")["Running"]


@pytest.mark.parametrize("policy", ["no", "always"])
def test_the_first_process_is_killed(engine, neighbour, policy):  # noqa: F811
    identity = run(engine, "victim", RestartPolicy={"Name": policy})
    pid = state(engine, "victim")["Pid"]
    os.kill(pid, signal.SIGKILL)
    if policy == "no":
        after = await_state(engine, "victim", "exited")
        assert after["ExitCode"] == 137 and not after["OOMKilled"]
    else:
        deadline = time.monotonic() + QUICK_S
        while state(engine, "victim")["Pid"] in (0, pid):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert engine.call("POST", "/containers/victim/stop?t=0")[0] == 204
    check_gone(engine, identity, pid)


def test_the_cgroup_vanishes(engine, neighbour):  # noqa: F811
    """Somebody moves the container's processes out and removes its groups."""
    identity = run(engine, "victim", "sh", "-c", "trap 'exit 3' TERM; sleep 300 & wait")
    pid = state(engine, "victim")["Pid"]
    folders = cgroups({identity})
    assert folders
    for folder in folders:
        above = os.path.join(os.path.dirname(folder), "cgroup.procs")
        with open(folder + "/cgroup.procs") as procs:
            for member in procs.read().split():
                with open(above, "w") as out:
                    out.write(member)
        os.rmdir(folder)
    for method, path, body in (("GET", "/containers/victim/stats?stream=0&one-shot=1", None),
                               ("GET", "/containers/victim/top", None),
                               ("POST", "/containers/victim/update", {"Memory": 64 << 20,
                                                                      "MemorySwap": -1}),
                               ("POST", "/containers/victim/pause", None)):
        began = time.monotonic()
        status, answer = engine.call(method, path, body)
        assert time.monotonic() - began < 2 and status in (200, 409, 500), (path, status, answer)
        assert status == 200 or identity in answer["message"] and "gone" in answer["message"], answer
    assert state(engine, "victim")["Status"] == "running"
    assert engine.call("POST", "/containers/victim/stop?t=5")[0] == 204
    after = state(engine, "victim")
    assert after["Status"] == "exited" and after["ExitCode"] == 3, after
    assert engine.call("POST", "/containers/victim/start")[0] == 204
    assert len(cgroups({identity})) == len(folders)
    assert engine.call("POST", "/containers/victim/kill")[0] == 204
    check_gone(engine, identity, pid)


def test_the_network_vanishes(engine, neighbour):  # noqa: F811
    """Somebody deletes the container's interface and then the whole bridge of its network."""
    status, network = engine.call("POST", "/networks/create", {"Name": "doomed"})
    assert status == 201, network
    identity = run(engine, "victim", NetworkMode="doomed", PortBindings={})
    pid = state(engine, "victim")["Pid"]
    bridge = "hull-" + network["Id"][:10]
    (port,) = os.listdir("/sys/class/net/%s/brif" % bridge)
    subprocess.run(["ip", "link", "del", port], check=True, timeout=10)
    subprocess.run(["ip", "link", "del", bridge], check=True, timeout=10)
    # It goes on without, can be stopped, and the next one finds a bridge again.
    assert state(engine, "victim")["Running"]
    assert engine.call("GET", "/containers/victim/stats?stream=0&one-shot=1")[0] == 200
    run(engine, "second", "sh", "-c", "ip addr show eth0", NetworkMode="doomed")
    assert engine.call("POST", "/containers/second/wait")[1]["StatusCode"] == 0
    assert engine.call("POST", "/containers/victim/kill")[0] == 204
    assert engine.call("POST", "/containers/victim/start")[0] == 204
    assert os.listdir("/sys/class/net/%s/brif" % bridge)
    assert engine.call("POST", "/networks/doomed/disconnect", {"Container": "victim"})[0] == 200
    assert engine.call("POST", "/networks/doomed/connect", {"Container": "victim"})[0] == 200
    assert engine.call("POST", "/containers/victim/kill")[0] == 204
    check_gone(engine, identity, pid)
    assert engine.call("DELETE", "/containers/second")[0] == 204
    assert engine.call("DELETE", "/networks/doomed")[0] == 204
    assert not os.path.exists("/sys/class/net/" + bridge)
