"""Files of the daemon are damaged, while it is stopped and while it runs: what is damaged is refused
by name or made anew, what it points to is not touched, nothing hangs, nothing is made in the place
of what is lost, and what is sound goes on.
"""
import glob
import os
import shutil
import sqlite3
import threading
import time

import pytest

from test_faults import await_state, create, log_of, run, state
from test_kill import Gone, engine, salted  # noqa: F401: a fixture

QUICK_S = 5
CANARY = b"untouched"


@pytest.fixture
def pair(engine):  # noqa: F811
    """A container that is to suffer, of an image of its own, and one that runs all the time."""
    status, answer = engine.call("POST", "/images/load", salted("chaos:own", "own layer"),
                                 "application/x-tar")
    assert status == 200 and "errorDetail" not in str(answer), answer
    run(engine, "neighbour")
    pid = state(engine, "neighbour")["Pid"]
    status, made = engine.call("POST", "/containers/create?name=victim",
                               {"Image": "chaos:own", "Cmd": ["true"]})
    assert status == 201, made
    canary = engine.root + "/canary"
    with open(canary, "wb") as file:
        file.write(CANARY)
    yield made["Id"]
    with open(canary, "rb") as file:
        assert file.read() == CANARY
    now = state(engine, "neighbour")
    assert now["Running"] and now["Pid"] == pid


class Pulse(threading.Thread):
    """Asks all the time, as another client would; the longest wait."""

    def __init__(self, engine):  # noqa: F811
        super().__init__()
        self.engine, self.longest_s, self.on = engine, 0.0, True

    def run(self):
        while self.on:
            began = time.monotonic()
            assert self.engine.call("GET", "/_ping")[0] == 200
            self.longest_s = max(self.longest_s, time.monotonic() - began)
            time.sleep(0.02)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.on = False
        self.join()


def make(path, kind, canary):
    if kind == "folder":
        os.makedirs(path + "/within")
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "link":
        os.symlink(canary, path)
    elif kind == "device":
        os.mknod(path, 0o600 | 0o020000, os.makedev(1, 5))  # zero, which has no end
    elif kind in ("garbage", "empty", "huge"):
        with open(path, "wb") as file:
            file.write(os.urandom(3000) + b'\n{"log":' if kind == "garbage" else b"")
            if kind == "huge":
                file.truncate(1 << 40)


def put(path, kind, canary):
    """Something else in the place of PATH, at once: a daemon may be at work."""
    aside = path + ".aside"
    make(aside, kind, canary)
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    elif kind in ("gone", "folder") and os.path.lexists(path):
        os.unlink(path)
    if os.path.lexists(aside):
        os.rename(aside, path)


KINDS = ("gone", "folder", "fifo", "link", "device", "garbage", "huge")


def change(engine, bucket, key, value):  # noqa: F811
    """Replace a document (None: by its first half); the old one."""
    link = sqlite3.connect(engine.root + "/data/state.db")
    (old,) = link.execute("SELECT value FROM document WHERE bucket = ? AND key = ?",
                          (bucket, key)).fetchone()
    link.execute("UPDATE document SET value = ? WHERE bucket = ? AND key = ?",
                 (value if value is not None else old[:len(old) // 2], bucket, key))
    link.commit()
    link.close()
    return old


def restart(engine, action):  # noqa: F811
    engine.kill()
    done = action()
    began = time.monotonic()
    engine.start()
    assert engine.call("GET", "/containers/json")[0] == 200
    assert time.monotonic() - began < QUICK_S
    return done


# Cut in half, nothing, another type, a wrong one within, deep.
@pytest.mark.parametrize("value", [None, "", "[]", "{}", '{"Id": [5], "Name": {}}', "[" * 100000],
                         ids=["half", "empty", "list", "nothing", "types", "deep"])
def test_documents(engine, pair, value):  # noqa: F811
    made = engine.call("POST", "/networks/create", {"Name": "net"})[1]
    assert engine.call("POST", "/volumes/create", {"Name": "vol"})[0] == 201
    image = engine.call("GET", "/images/chaos:own/json")[1]["Id"]
    all_ = (("container", pair, "/containers/victim/json"),
            ("network", made["Id"], "/networks/net"),
            ("volume", "vol", "/volumes/vol"), ("image", image, "/images/chaos:own/json"))
    old = restart(engine, lambda: [change(engine, bucket, key, value) for bucket, key, _ in all_])
    for bucket, key, path in all_:
        status, answer = engine.call("GET", path)
        assert status in (404, 500), (bucket, status, answer)
        assert key in log_of(engine) or key in str(answer), (bucket, value)
    assert sorted(n["Name"] for n in engine.call("GET", "/networks")[1])[:3] == \
        ["bridge", "host", "none"]
    assert state(engine, "neighbour")["Running"]
    restart(engine, lambda: [change(engine, bucket, key, was)
                             for (bucket, key, _), was in zip(all_, old)])
    for _, _, path in all_:
        assert engine.call("GET", path)[0] == 200, path


@pytest.mark.parametrize("name", ["hosts", "hostname", "resolv.conf", "log"])
def test_files_of_a_container(engine, pair, name):  # noqa: F811
    """It starts and ends, or says which file it is."""
    path = "%s/data/containers/%s/%s" % (engine.root, pair,
                                         name if name != "log" else pair + "-json.log")
    for kind in KINDS:
        put(path, kind, engine.root + "/canary")
        began = time.monotonic()
        with Pulse(engine) as pulse:
            status, answer = engine.call("POST", "/containers/victim/start")
            assert status == 204 or path in str(answer), (name, kind, answer)
            # A folder may hold something, and a log is what somebody looks for.
            if kind in ("gone", "garbage", "huge") or (name != "log" and kind != "folder"):
                assert status == 204, (name, kind, answer)
            if status == 204:
                assert engine.call("POST", "/containers/victim/wait")[1]["StatusCode"] == 0
            assert engine.call("GET", "/containers/victim/logs?stdout=1&tail=1")[0] in (200, 500)
        assert time.monotonic() - began < QUICK_S, (name, kind)
        assert pulse.longest_s < 1, (name, kind)
    put(path, "gone", None)
    assert engine.call("POST", "/containers/victim/start")[0] == 204
    assert engine.call("POST", "/containers/victim/wait")[1]["StatusCode"] == 0


@pytest.mark.parametrize("kind", KINDS)
def test_files_of_a_run(engine, pair, kind):  # noqa: F811
    """What the shim and the daemon tell each other by, while no daemon is there."""
    identity = run(engine, "runner", "sleep", "300")
    pid = state(engine, "runner")["Pid"]
    folder = "%s/exec/containers/%s/" % (engine.root, identity)
    engine.kill()
    os.kill(pid, 9)
    deadline = time.monotonic() + QUICK_S
    while not os.path.exists(folder + "init.exit"):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    put(folder + "init.exit", kind, engine.root + "/canary")
    began = time.monotonic()
    engine.start()
    # The shim is there, and knows how it ended.
    after = await_state(engine, "runner", "exited")
    assert time.monotonic() - began < QUICK_S and after["ExitCode"] == 137, after
    assert engine.call("DELETE", "/containers/runner")[0] == 204


def test_files_of_the_daemon(engine, pair):  # noqa: F811
    """What is only a cache or a memory is made anew; it costs nobody anything."""
    data = engine.root + "/data/"
    for kind in KINDS:
        if kind == "folder":
            continue

        def damage():
            names = glob.glob(data + "seccomp/*")
            assert names
            for path in [data + "events", data + "events.new", *names]:
                put(path, kind, engine.root + "/canary")
        restart(engine, damage)
        assert engine.call("POST", "/containers/victim/start")[0] == 204, kind
        assert engine.call("POST", "/containers/victim/wait")[1]["StatusCode"] == 0
    # While it runs, too: events are kept again.
    put(data + "events", "fifo", None)
    for _ in range(2):
        assert engine.call("POST", "/containers/victim/start")[0] == 204
        assert engine.call("POST", "/containers/victim/wait")[1]["StatusCode"] == 0
    deadline = time.monotonic() + QUICK_S
    while not os.path.isfile(data + "events"):
        assert engine.call("POST", "/containers/victim/rename?name=victim2")[0] == 204
        assert engine.call("POST", "/containers/victim2/rename?name=victim")[0] == 204
        assert time.monotonic() < deadline, log_of(engine)
    for kind in ("fifo", "link", "device", "gone"):
        restart(engine, lambda: put(data + "image/oci-layout", kind, engine.root + "/canary"))
        assert engine.call("GET", "/images/chaos:own/get")[0] == 200, kind


def test_layers_and_blobs(engine, pair):  # noqa: F811
    shown = engine.call("GET", "/images/chaos:own/json")[1]
    own = shown["RootFS"]["Layers"][-1]
    path = engine.root + "/data/image/blobs/sha256/" + own[7:]
    # The blob of the layer: what is saved is what was loaded, or nothing.
    with open(path, "rb") as blob:
        data = blob.read()
    for damaged in (b"\xff" * 600 + data[600:], data[:-1], data + b"\0", b"", None):
        os.unlink(path)
        if damaged is not None:
            with open(path, "wb") as blob:
                blob.write(damaged)
        status, answer = engine.call("GET", "/images/chaos:own/get")
        assert status == 500 and own[7:] in str(answer), (status, answer)
        assert "damaged" in str(answer) and "load" in str(answer), answer
        if damaged is None:
            break
    for kind in ("folder", "fifo", "link", "device", "huge"):
        put(path, kind, engine.root + "/canary")
        try:
            assert engine.call("GET", "/images/chaos:own/get")[0] == 500, kind
        except Gone:
            pytest.fail("no answer: " + kind)
    put(path, "gone", None)
    with open(path, "wb") as blob:
        blob.write(data)
    assert engine.call("GET", "/images/chaos:own/get")[0] == 200
    # The layer itself, which no other image has.
    (layer,) = (salt for salt in glob.glob(engine.root + "/data/overlay*/*/diff/salt")
                if open(salt).read() == "own layer")
    put(os.path.dirname(layer), "gone", None)
    began = time.monotonic()
    status, answer = engine.call("POST", "/containers/victim/start")
    assert status >= 400 and "layer sha256:" in str(answer), (status, answer)
    assert time.monotonic() - began < QUICK_S
    create(engine, "another", "true")
    assert engine.call("POST", "/containers/another/start")[0] == 204
    assert engine.call("DELETE", "/containers/victim")[0] == 204


def test_the_database(engine, pair):  # noqa: F811
    """Nothing is made of a damaged one: it is refused, and all is there when it is put back."""
    path = engine.root + "/data/state.db"
    engine.process.terminate()
    engine.process.wait(20)
    kept = engine.root + "/kept"
    shutil.copy(path, kept)
    for kind in ("gone", "empty", "short", "head", "folder", "fifo", "link", "device"):
        put(path, kind if kind not in ("short", "head") else "gone", engine.root + "/canary")
        if kind in ("short", "head"):
            data = bytearray(open(kept, "rb").read())
            data[:100] = b"\xff" * 100
            with open(path, "wb") as file:
                file.write({"short": data[:50], "head": data}[kind])
        began = time.monotonic()
        engine.start()
        status, answer = engine.call("GET", "/containers/json?all=1")
        assert status >= 400 and path in str(answer), (kind, status, answer)
        assert time.monotonic() - began < QUICK_S, kind
        engine.kill()
        for rest in glob.glob(path + "-*"):
            os.unlink(rest)
    put(path, "gone", None)
    shutil.copy(kept, path)
    engine.start()
    assert state(engine, "victim")["Status"] == "created"
