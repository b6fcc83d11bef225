"""kill -9 of the daemon at random instants: what it acknowledged is there after a restart, what
was removed stays removed, running containers go on with complete logs, and nothing is left behind
when all is removed.

HULL_CHAOS_ROUNDS says how often the daemon is killed (default 12; tools/chaos runs 50 and more),
HULL_CHAOS_SEED makes the instants repeat.
"""
import http.client
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../system"))

from engine import assert_no_reports, busybox_layer, instance, leftovers, program  # noqa: E402
from images import archive, tar_of  # noqa: E402

ROUNDS = int(os.environ.get("HULL_CHAOS_ROUNDS", "12"))
SEED = int(os.environ.get("HULL_CHAOS_SEED", str(random.randrange(1 << 30))))


def asan_options(patch, *options):
    """For daemons of a build with sanitizers that start from now on."""
    patch.setenv("ASAN_OPTIONS", ":".join(filter(None, [os.environ.get("ASAN_OPTIONS"), *options])))


class Gone(Exception):
    """The daemon went away before it answered."""


BUSYBOX = busybox_layer()


def salted(tag, salt):
    """An archive with busybox and, by SALT, a layer of its own."""
    return archive(tag, [BUSYBOX, tar_of({"salt": (salt.encode(), 0o644)})])


class Engine:
    def __init__(self, root, bridge):
        self.root, self.bridge = root, bridge
        self.sock = root + "/hull.sock"
        self.process = None
        self.wrapper = []  # what starts the daemon

    def start(self):
        log = open(self.root + "/hulld.log", "a")
        self.process = subprocess.Popen(
            [*self.wrapper, program("hulld"), "--root", self.root, "--bridge", self.bridge],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        log.close()
        deadline = time.monotonic() + 10
        while True:
            try:
                self.call("GET", "/_ping")
                return
            except Gone:
                assert self.process.poll() is None, open(self.root + "/hulld.log").read()[-3000:]
                assert time.monotonic() < deadline, "hulld does not answer"
                time.sleep(0.01)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        assert_no_reports(self.root + "/hulld.log")

    def call(self, method, path, body=None, content_type="application/json"):
        """Status and decoded answer. Gone when there was no complete answer."""
        connection = http.client.HTTPConnection("localhost", timeout=60)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(60)
        try:
            connection.sock.connect(self.sock)
            headers = {"Content-Type": content_type} if body is not None else {}
            data = body if body is None or isinstance(body, bytes) else json.dumps(body)
            connection.request(method, path, data, headers)
            answer = connection.getresponse()
            text = answer.read()
            status = answer.status
        except (OSError, http.client.HTTPException) as problem:
            raise Gone(str(problem)) from problem
        finally:
            connection.close()
        try:
            return status, json.loads(text) if text else None
        except ValueError:
            return status, text.decode(errors="replace")


def host_state(root, bridge):
    """What must be the same before and after."""
    with open("/proc/self/mountinfo") as mounts:
        mounted = sorted(line for line in mounts if root in line)
    ports = "/sys/class/net/%s/brif" % bridge
    # The kernel takes a dead namespace's interfaces away in its own time.
    deadline = time.monotonic() + 10
    while os.path.isdir(ports) and os.listdir(ports) and time.monotonic() < deadline:
        time.sleep(0.1)
    links = os.listdir(ports) if os.path.isdir(ports) else []
    shims = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/cmdline" % pid, "rb") as line:
                text = line.read()
                if b"hull-shim" in text and root.encode() in text:
                    shims.append(pid)
        except OSError:
            pass
    return {"mounts": mounted, "ports": links, "shims": shims}


def begin(made):
    """Start the daemon, with an image."""
    made.start()
    status, answer = made.call("POST", "/images/load", salted("chaos:base", "base"),
                               "application/x-tar")
    assert status == 200 and "errorDetail" not in str(answer), answer


def end(made):
    """Take all away; what is on the host when the containers are gone. Then the daemon ends, and
    there is nothing of it any more, however often it was killed before."""
    if made.process.poll() is not None:
        made.start()
    for container in made.call("GET", "/containers/json?all=1")[1]:
        answer = made.call("DELETE", "/containers/%s?force=1" % container["Id"])
        assert answer[0] in (204, 404), answer
    state = host_state(made.root, made.bridge)
    made.process.terminate()
    made.process.wait(30)
    assert_no_reports(made.root + "/hulld.log")
    left = leftovers(made.root)
    assert not left, left
    shutil.rmtree(made.root)
    return state


@pytest.fixture
def engine():
    root = tempfile.mkdtemp(prefix="hull-chaos-")
    made = Engine(root, "hc%d" % (os.getpid() % 100000))
    before = host_state(root, made.bridge)
    begin(made)
    yield made
    assert end(made) == before


class Worker(threading.Thread):
    """Creates, starts, removes, loads and tags, and notes what was acknowledged."""

    def __init__(self, engine, number, seed):
        super().__init__()
        self.engine, self.number, self.random = engine, number, random.Random(seed)
        self.containers = {}  # name -> True: acknowledged; None: don't know
        self.tags = {}
        self.count = 0
        self.problems = []

    def known(self, table, wanted):
        return [key for key, value in table.items() if value is wanted]

    def attempt(self, table, key, wanted, good, *request):
        """One change of KEY; until it is acknowledged nothing is known of it."""
        table[key] = None
        status, answer = self.engine.call(*request)
        if status not in good or "errorDetail" in str(answer):
            self.problems.append("%s: %s %s" % (request[:2], status, answer))
        else:
            table[key] = wanted

    def step(self):
        self.count += 1
        choice = self.random.randrange(10)
        name = "w%d-%d" % (self.number, self.count)
        have = self.known(self.containers, True)
        if choice < 4 or not have:
            self.attempt(self.containers, name, True, (201,), "POST",
                         "/containers/create?name=" + name,
                         {"Image": "chaos:base", "Cmd": ["sleep", "300"]})
        elif choice < 6:
            status, answer = self.engine.call("POST", "/containers/%s/start" %
                                              self.random.choice(have))
            if status not in (204, 304):
                self.problems.append("start: %s %s" % (status, answer))
        elif choice < 8:
            name = self.random.choice(have)
            self.attempt(self.containers, name, False, (204,), "DELETE",
                         "/containers/%s?force=1" % name)
        elif choice < 9:
            tag = "chaos:" + name
            self.attempt(self.tags, tag, True, (200,), "POST", "/images/load",
                         salted(tag, name), "application/x-tar")
        else:
            tag = "chaos:tag-" + name
            self.attempt(self.tags, tag, True, (201,), "POST",
                         "/images/chaos:base/tag?repo=chaos&tag=tag-" + name)

    def run(self):
        try:
            while True:
                self.step()
        except Gone:
            pass


def check_worker(engine, worker):
    assert not worker.problems
    names = {name.lstrip("/") for item in engine.call("GET", "/containers/json?all=1")[1]
             for name in item["Names"]}
    for name, state in worker.containers.items():
        if state is True:
            assert name in names, "%s was created and is lost" % name
        elif state is False:
            assert name not in names, "%s was removed and is back" % name
    tags = {tag for image in engine.call("GET", "/images/json")[1] for tag in image["RepoTags"]}
    for tag, state in worker.tags.items():
        if state is True:
            assert tag in tags, "%s was acknowledged and is lost" % tag


def test_kill_at_random_instants(engine):
    print("seed", SEED)
    chance = random.Random(SEED)
    for turn in range(ROUNDS):
        workers = [Worker(engine, turn * 10 + at, chance.random()) for at in range(3)]
        for worker in workers:
            worker.start()
        time.sleep(chance.uniform(0.02, 0.5))
        engine.kill()
        for worker in workers:
            worker.join()
        engine.start()
        for worker in workers:
            check_worker(engine, worker)
        for container in engine.call("GET", "/containers/json?all=1")[1]:
            status, answer = engine.call("DELETE", "/containers/%s?force=1" % container["Id"])
            assert status in (204, 404), answer


def test_an_orderly_end_touches_no_container(engine):
    """Of the very daemon that started the first one, and of the next."""
    assert engine.call("POST", "/containers/create?name=survivor",
                       {"Image": "chaos:base", "Cmd": ["sleep", "300"]})[0] == 201
    assert engine.call("POST", "/containers/survivor/start")[0] == 204
    pid = engine.call("GET", "/containers/survivor/json")[1]["State"]["Pid"]
    for _ in range(2):
        began = time.monotonic()
        engine.process.terminate()
        assert engine.process.wait(20) == 0
        assert time.monotonic() - began < 3
        engine.start()
        state = engine.call("GET", "/containers/survivor/json")[1]["State"]
        assert state["Running"] and state["Pid"] == pid, state


def test_containers_outlive_the_daemon(engine):
    script = "i=0; while [ $i -lt 400 ]; do echo line $i; i=$((i+1)); usleep 5000; done; exit 7"
    status, made = engine.call("POST", "/containers/create?name=survivor",
                               {"Image": "chaos:base", "Cmd": ["sh", "-c", script]})
    assert status == 201, made
    assert engine.call("POST", "/containers/survivor/start")[0] == 204
    pid = engine.call("GET", "/containers/survivor/json")[1]["State"]["Pid"]
    for _ in range(3):
        engine.kill()
        time.sleep(0.2)
        engine.start()
        state = engine.call("GET", "/containers/survivor/json")[1]["State"]
        assert state["Running"] and state["Pid"] == pid
    # The end comes while no daemon is there: the status is known all the same.
    engine.kill()
    deadline = time.monotonic() + 20
    while os.path.exists("/proc/%d" % pid):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    engine.start()
    assert engine.call("POST", "/containers/survivor/wait")[1]["StatusCode"] == 7
    log = engine.call("GET", "/containers/survivor/logs?stdout=1&tail=all")[1]
    lines = [line[line.index("line"):] for line in log.splitlines() if "line" in line]
    assert lines == ["line %d" % at for at in range(400)]


def test_what_a_daemon_left_that_was_killed_without_containers(engine):
    """The next has none to bring back; rules and bridges of the one before are its to take away."""
    status, made = engine.call("POST", "/containers/create?name=brief",
                               {"Image": "chaos:base", "Cmd": ["sleep", "300"]})
    assert status == 201, made
    assert engine.call("POST", "/containers/brief/start")[0] == 204
    assert engine.call("DELETE", "/containers/brief?force=1")[0] == 204
    assert instance(engine.root) in str(leftovers(engine.root))
    engine.kill()
    engine.start()
    engine.process.terminate()
    assert engine.process.wait(20) == 0
    assert not leftovers(engine.root)
    engine.start()
