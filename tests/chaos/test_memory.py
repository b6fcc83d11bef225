"""There is no memory: when the daemon asks for it the n-th time, once or from then on for a while, and
for its helpers all the time. Whoever asked gets an answer or sees the daemon end; it says why, the
next one finds all again, and nothing is left behind.

HULL_CHAOS_ROUNDS says at how many n (default 36); HULL_CHAOS_SEED makes them repeat.
"""
import mmap
import os
import random
import re
import shutil
import signal
import struct
import subprocess
import tempfile
import time

import pytest

from test_failpoints import cgroups, documents, files
from test_kill import SEED, Engine, Gone, begin, end, host_state, program, tar_of

ROUNDS = int(os.environ.get("HULL_CHAOS_ROUNDS", "36"))
HERE = os.path.dirname(os.path.abspath(__file__))
NEVER = 1 << 62


class Memory:
    """What memory.c and limit.c are told: numbers in files."""

    def __init__(self, folder):
        self.path, self.limit = folder + "/plan", folder + "/limit"
        with open(self.path, "wb") as file:
            file.write(struct.pack("=qqqq", 0, NEVER, NEVER, 0))
        with open(self.path, "r+b") as file:
            self.map = mmap.mmap(file.fileno(), 32)
        self.helpers(0)

    def fail(self, first, times):
        """From the FIRST allocation on, TIMES of them."""
        struct.pack_into("=qqq", self.map, 8, NEVER, NEVER, 0)
        struct.pack_into("=q", self.map, 16, 1 - times)
        struct.pack_into("=q", self.map, 8, first)

    def enough(self):
        """No more of that; how many have failed."""
        struct.pack_into("=q", self.map, 16, NEVER)
        return struct.unpack_from("=q", self.map, 24)[0]

    def count(self):
        return struct.unpack_from("=q", self.map, 0)[0]

    def helpers(self, bytes_):
        with open(self.limit, "wb") as file:
            file.write(struct.pack("=q", bytes_))


def compile_(source, target, *flags):
    subprocess.run(["cc", "-O1", "-o", target, HERE + "/" + source, *flags], check=True)


@pytest.fixture(scope="module")
def memory():
    with open(program("hulld"), "rb") as file:
        if b"libasan" in file.read():
            pytest.skip("the address sanitizer has an allocator of its own")
    folder = tempfile.mkdtemp(prefix="hull-memory-")
    made = Memory(folder)
    compile_("memory.c", folder + "/memory.so", "-shared", "-fPIC", "-fno-builtin")
    made.library = folder + "/memory.so"
    # Where it was installed.
    prefix = os.path.dirname(os.path.dirname(program("hulld")))
    (libexec,) = [os.path.join(top, "") for top, _, names in os.walk(prefix + "/libexec")
                  if "hull-shim" in names]
    os.mkdir(folder + "/libexec")
    for name in os.listdir(libexec):
        compile_("limit.c", folder + "/libexec/" + name, "-static",
                 '-DPROGRAM="%s%s"' % (libexec, name), '-DLIMIT="%s"' % made.limit)
    made.libexec = folder + "/libexec"
    yield made
    shutil.rmtree(folder)


def prepare(made):
    """Start it, with a container that stays, and remember what there is."""
    begin(made)
    made.keeper = run(made, "keeper", NetworkMode="none")
    live(made, "warm")
    made.ids = []
    made.baseline = leftovers(made)


@pytest.fixture(scope="module")
def engine(memory):
    root = tempfile.mkdtemp(prefix="hull-memory-")
    made = Engine(root, "hy%d" % (os.getpid() % 100000))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HULL_LIBEXEC", memory.libexec)
        patch.setenv("HULL_TEST_MEMORY", memory.path)
        patch.setenv("LD_PRELOAD", memory.library)
        prepare(made)
        yield made
        memory.enough()
        memory.helpers(0)
        assert not end(made)["shims"]


def has_ended(engine):
    """The daemon, that is: as long as it answers, or for a second, it has not."""
    deadline = time.monotonic() + 1
    while engine.process.poll() is None and time.monotonic() < deadline:
        try:
            engine.call("GET", "/_ping")
            break
        except Gone:
            time.sleep(0.02)
    return engine.process.poll() is not None


def ask(engine, good, method, path, *body):
    """The answer, or None where there is an error: it says what is wrong."""
    try:
        status, answer = engine.call(method, path, *body)
    except Gone:
        if has_ended(engine):
            raise
        return None  # an answer that had begun was cut short, or the connection was turned away
    if status in good:
        return answer or {}
    # 304: a step before it failed. 503 alone: no descriptor was left for the connection.
    assert status == 304 or (status, answer) == (503, None) or status >= 400 and isinstance(answer, dict) and answer["message"], (
        path, status, answer)
    return None


def run(engine, name, **host):
    made = ask(engine, (201,), "POST", "/containers/create?name=" + name,
               {"Image": "chaos:base", "Cmd": ["sleep", "300"], "HostConfig": host})
    assert made
    assert ask(engine, (204,), "POST", "/containers/%s/start" % name) is not None
    return engine.call("GET", "/containers/%s/json" % name)[1]["State"]["Pid"]


def live(engine, name):
    """A container's life; how many of its steps went well."""
    made = ask(engine, (201,), "POST", "/containers/create?name=" + name,
               {"Image": "chaos:base", "Cmd": ["sleep", "300"], "Volumes": {"/v": {}}})
    done = [made, ask(engine, (204,), "POST", "/containers/%s/start" % name)]
    made = ask(engine, (201,), "POST", "/containers/%s/exec" % name, {"Cmd": ["true"]})
    if made:
        done.append(ask(engine, (200,), "POST", "/exec/%s/start" % made["Id"], {"Detach": True}))
    done.append(ask(engine, (204,), "DELETE", "/containers/%s?force=1&v=1" % name))
    return sum(step is not None for step in done)


def errands(engine, name):
    """What else clients ask for; how many of it went well."""
    tar = tar_of({"put": (b"there", 0o644)})
    done = [ask(engine, good, *request) for good, *request in (
        ((201,), "POST", "/networks/create", {"Name": name}),
        ((201,), "POST", "/volumes/create", {"Name": name, "Labels": {"a": "b"}}),
        ((201,), "POST", "/images/chaos:base/tag?repo=%s&tag=1" % name),
        ((201,), "POST", "/containers/create?name=" + name, {
            "Image": name + ":1", "Cmd": ["sh", "-c", "echo said; sleep 300"],
            "HostConfig": {"Binds": [name + ":/v"], "NetworkMode": name}}),
        ((200,), "PUT", "/containers/%s/archive?path=/v" % name, tar, "application/x-tar"),
        ((204,), "POST", "/containers/%s/start" % name),
        ((200,), "POST", "/networks/bridge/connect", {"Container": name}),
        ((200,), "GET", "/containers/%s/json" % name),
        ((200,), "GET", "/containers/%s/archive?path=/v/put" % name),
        ((200,), "GET", "/containers/%s/logs?stdout=1" % name),
        ((200,), "GET", "/containers/%s/stats?stream=0&one-shot=1" % name),
        ((200,), "GET", "/containers/%s/top" % name),
        ((200,), "GET", "/containers/%s/changes" % name),
        ((204,), "POST", "/containers/%s/pause" % name),
        ((204,), "POST", "/containers/%s/unpause" % name),
        ((200,), "POST", "/containers/%s/update" % name, {"Memory": 64 << 20, "MemorySwap": -1}),
        ((204,), "POST", "/containers/%s/rename?name=%s-b" % (name, name)),
        ((200,), "POST", "/networks/bridge/disconnect", {"Container": name + "-b"}),
        ((201,), "POST", "/commit?container=%s-b&repo=%s&tag=2" % (name, name)),
        ((204,), "POST", "/containers/%s-b/restart?t=0" % name),
        ((204,), "POST", "/containers/%s-b/stop?t=0" % name),
        ((200,), "GET", "/containers/%s-b/export" % name),
        ((200,), "GET", "/networks/" + name),
        ((200,), "GET", "/volumes"),
        ((200,), "GET", "/images/json"),
        ((200,), "GET", "/images/%s:2/get" % name),
        ((200,), "GET", "/system/df"),
        ((200,), "GET", "/info"),
        ((200,), "GET", "/events?since=1&until=2"),
        ((200,), "POST", "/containers/prune?filters=%7B%22label%22%3A%7B%22none%22%3Atrue%7D%7D"),
        ((204,), "DELETE", "/containers/%s-b?force=1&v=1" % name),
        ((204,), "DELETE", "/networks/" + name),
        ((204,), "DELETE", "/volumes/" + name),
        ((200,), "DELETE", "/images/%s:2" % name),
        ((200,), "DELETE", "/images/%s:1" % name))]
    return sum(step is not None for step in done)


LIFE, ERRANDS = (live, 4), (errands, 35)


def leftovers(engine):
    return {"bridges": {name for name in os.listdir("/sys/class/net") if name.startswith("hull-")},
            **host_state(engine.root, engine.bridge), "documents": documents(engine.root),
            "files": files(engine.root), "cgroups": cgroups(engine.ids)}


def log_of(engine):
    with open(engine.root + "/hulld.log") as log:
        return log.read()


def check_end(engine, since):
    """The daemon has ended on purpose, and said why."""
    status = engine.process.wait(10)
    said = log_of(engine)[since:]
    engine.start()  # for all that come after, whatever is wrong with this end
    assert status == -signal.SIGABRT or status > 0, (status, said)
    assert re.search("no memory|out of memory|emory allocation", said), (status, said)
    live(engine, "warm")  # so that the next one is about more than the loading of plugins


def check_all(engine, name):
    """What runs is what ran; the victim can be taken away, whatever it has become."""
    keeper = engine.call("GET", "/containers/keeper/json")[1]["State"]
    assert keeper["Running"] and keeper["Pid"] == engine.keeper, keeper
    for item in engine.call("GET", "/containers/json?all=1")[1]:
        if item["Names"] == ["/keeper"]:
            continue
        assert item["Names"] in (["/" + name], ["/%s-b" % name], ["/warm"]), item
        engine.ids.append(item["Id"])
        answer = engine.call("DELETE", "/containers/%s?force=1&v=1" % item["Id"])
        assert answer[0] in (204, 404), answer
    for what in ("networks/" + name, "volumes/" + name, "images/%s:1" % name, "images/%s:2" % name):
        answer = engine.call("DELETE", "/" + what)
        assert answer[0] in (200, 204, 404), (what, answer)
    assert engine.call("POST", "/volumes/prune?filters=%7B%22all%22%3A%7B%22true%22%3Atrue%7D%7D")[0] == 200


def check_left(engine):
    """After a start, which takes away what an undo could not for want of memory: nothing but what was
    there before; the kernel takes away what died in its own time."""
    engine.process.terminate()
    assert engine.process.wait(20) == 0
    engine.start()
    assert engine.call("GET", "/images/json")[0] == 200  # whose plugin finishes its own
    # An unnamed volume that an undo could not remove is not lost: it can be pruned.
    engine.call("POST", "/volumes/prune?filters=%7B%22all%22%3A%7B%22true%22%3Atrue%7D%7D")
    deadline = time.monotonic() + 10
    while leftovers(engine) != engine.baseline and time.monotonic() < deadline:
        time.sleep(0.1)
    for kind, found in leftovers(engine).items():
        odd = set(found) ^ set(engine.baseline[kind])
        names = [str(one).split("'")[-2] if "'" in str(one) else str(one) for one in odd]
        assert not odd, (kind, odd, [line for line in log_of(engine).splitlines()
                                     if any(name in line for name in names)][:20])


def without(engine, memory, name, first, times, what, steps):
    """WHAT, in which there is no memory for a moment: "ended", "refused" or "lived"."""
    since, done = len(log_of(engine)), None
    memory.fail(first, times)
    try:
        done = what(engine, name)
        failed = memory.enough()
        check_all(engine, name)  # it may be ending because of what nobody waited for
    except Gone:
        failed = memory.enough()
        check_end(engine, since)
        done = None
        check_all(engine, name)
    assert failed or done == steps, "no reason for a failure: %s" % log_of(engine)[since:]
    if not failed:
        return "untouched"
    return "ended" if done is None else "lived" if done == steps else "refused"


@pytest.mark.parametrize("times", [1, 50])
@pytest.mark.parametrize("what, steps", [LIFE, ERRANDS])
def test_no_memory_for_the_daemon(engine, memory, times, what, steps):
    print("seed", SEED)
    what(engine, "warm")
    before = memory.count()
    assert what(engine, "count") == steps
    asked = memory.count() - before
    chance = random.Random(SEED + times)
    seen = {}
    for at in range(ROUNDS // 2):
        first = 1 + asked * at // (ROUNDS // 2) + chance.randrange(1 + asked // ROUNDS)
        outcome = without(engine, memory, "victim%d" % at, first, times, what, steps)
        seen[outcome] = seen.get(outcome, 0) + 1
    print(asked, seen)
    assert seen.get("ended", 0) + seen.get("refused", 0) > 0, seen
    check_left(engine)


def test_no_memory_for_helpers(engine, memory):
    """The shim of the container, that of an exec, and what they become."""
    seen = set()
    for at in range(10):
        memory.helpers((200 << 10) + at * (400 << 10))
        since = len(log_of(engine))
        done = live(engine, "small%d" % at)
        memory.helpers(0)
        assert engine.process.poll() is None, log_of(engine)[since:]
        check_all(engine, "small%d" % at)
        seen.add(done)
    assert len(seen) > 1 and max(seen) == 4, seen
    check_left(engine)
