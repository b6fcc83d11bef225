"""The daemon has 48 MB and no more, by a memory cgroup: its everyday work fits in, with many clients
at once."""
import os
import tempfile
import threading

import pytest

from test_kill import Engine, Gone, begin, end, host_state, program

LIMIT = 48 << 20
CLIENTS = 200
CONTAINERS = 20


def controller(kind, name):
    """The path for a new cgroup NAME that has the controller KIND."""
    with open("/proc/self/mountinfo") as mounts:
        rows = [line.split() for line in mounts]
    for row in rows:
        if row[row.index("-") + 1] == "cgroup" and kind in row[-1].split(","):
            return os.path.join(row[4], name)
    for row in rows:
        if row[row.index("-") + 1] == "cgroup2":
            return os.path.join(row[4], name)
    raise AssertionError("no cgroups are mounted")


@pytest.fixture
def group():
    with open(program("hulld"), "rb") as file:
        if b"libasan" in file.read():
            pytest.skip("the address sanitizer has memory of its own")
    path = controller("memory", "hull-small-%d" % os.getpid())
    os.mkdir(path)
    names = [name for name in ("memory.max", "memory.limit_in_bytes") if name in os.listdir(path)]
    if not names:
        os.rmdir(path)
        pytest.skip("no limits of memory here")
    with open(os.path.join(path, names[0]), "w") as file:
        file.write(str(LIMIT))
    yield path
    os.rmdir(path)


@pytest.fixture
def engine(group):
    root = tempfile.mkdtemp(prefix="hull-small-")
    made = Engine(root, "hs%d" % (os.getpid() % 100000))
    made.wrapper = ["sh", "-c", "echo $$ > %s/cgroup.procs; exec \"$@\"" % group, "sh"]
    before = host_state(root, made.bridge)
    begin(made)
    yield made
    assert end(made) == before


def test_many_inspect_at_once(engine, group):
    """All get their answers, from the daemon that was there before."""
    with open(group + "/cgroup.procs") as file:
        assert str(engine.process.pid) in file.read().split()
    names = ["c%d" % i for i in range(CONTAINERS)]
    for name in names:
        assert engine.call("POST", "/containers/create?name=" + name, {
            "Image": "chaos:base", "Cmd": ["sleep", "300"],
            "Labels": {"filler": "x" * 10000}})[0] == 201
        assert engine.call("POST", "/containers/%s/start" % name)[0] == 204
    wrong = []
    gate = threading.Barrier(CLIENTS)

    def client(number):
        gate.wait()
        for name in names[number % CONTAINERS:] + names[:number % CONTAINERS]:
            try:
                status, answer = engine.call("GET", "/containers/%s/json" % name)
                if status != 200 or answer["Name"] != "/" + name:
                    wrong.append((status, answer))
            except Gone as problem:
                wrong.append(problem)

    threads = [threading.Thread(target=client, args=[i]) for i in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert engine.process.poll() is None
    assert not wrong, (len(wrong), wrong[:3])
    assert len(engine.call("GET", "/containers/json")[1]) == CONTAINERS
