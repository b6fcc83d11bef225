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
from test_kill import SEED, Engine, Gone, begin, end, host_state, program

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


@pytest.fixture(scope="module")
def engine(memory):
    root = tempfile.mkdtemp(prefix="hull-memory-")
    made = Engine(root, "hy%d" % (os.getpid() % 100000))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HULL_LIBEXEC", memory.libexec)
        patch.setenv("HULL_TEST_MEMORY", memory.path)
        patch.setenv("LD_PRELOAD", memory.library)
        begin(made)
        made.keeper = run(made, "keeper", NetworkMode="none")
        live(made, "warm")
        made.ids = []
        made.baseline = leftovers(made)
        yield made
        memory.enough()
        memory.helpers(0)
        if made.process.poll() is not None:
            made.start()
        assert not end(made)["shims"]


def ask(engine, good, method, path, body=None):
    """The answer, or None where there is an error: it says what is wrong."""
    status, answer = engine.call(method, path, body)
    if status in good:
        return answer or {}
    assert status >= 400 and isinstance(answer, dict) and answer["message"], (path, status, answer)
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


def leftovers(engine):
    return {**host_state(engine.root, engine.bridge), "documents": documents(engine.root),
            "files": files(engine.root), "cgroups": cgroups(engine.ids)}


def log_of(engine):
    with open(engine.root + "/hulld.log") as log:
        return log.read()


def check_end(engine, since):
    """The daemon has ended on purpose, and said why."""
    status = engine.process.wait(10)
    said = log_of(engine)[since:]
    assert status == -signal.SIGABRT or status > 0, (status, said)
    assert re.search("no memory|out of memory|emory allocation", said), (status, said)
    engine.start()
    live(engine, "warm")  # so that the next one is about more than the loading of plugins


def check_all(engine, name):
    """What runs is what ran; the victim can be taken away, whatever it has become."""
    keeper = engine.call("GET", "/containers/keeper/json")[1]["State"]
    assert keeper["Running"] and keeper["Pid"] == engine.keeper, keeper
    for item in engine.call("GET", "/containers/json?all=1")[1]:
        if item["Names"] == ["/keeper"]:
            continue
        assert item["Names"] in (["/" + name], ["/warm"]), item
        engine.ids.append(item["Id"])
        answer = engine.call("DELETE", "/containers/%s?force=1&v=1" % item["Id"])
        assert answer[0] in (204, 404), answer
    assert engine.call("POST", "/volumes/prune?filters=%7B%22all%22%3A%7B%22true%22%3Atrue%7D%7D")[0] == 200


def check_left(engine):
    """After a start, which takes away what an undo could not for want of memory: nothing but what was
    there before; the kernel takes away what died in its own time."""
    engine.process.terminate()
    assert engine.process.wait(20) == 0
    engine.start()
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


def without(engine, memory, name, first, times):
    """A life, in which there is no memory for a moment: "ended", "refused" or "lived"."""
    since, done = len(log_of(engine)), None
    memory.fail(first, times)
    try:
        done = live(engine, name)
        failed = memory.enough()
        check_all(engine, name)  # it may be ending because of what nobody waited for
    except Gone:
        failed = memory.enough()
        check_end(engine, since)
        done = None
        check_all(engine, name)
    assert failed or done == 4, "no reason for a failure: %s" % log_of(engine)[since:]
    return "untouched" if not failed else "ended" if done is None else "lived" if done == 4 else "refused"


@pytest.mark.parametrize("times", [1, 50])
def test_no_memory_for_the_daemon(engine, memory, times):
    print("seed", SEED)
    live(engine, "warm")
    before = memory.count()
    live(engine, "count")
    asked = memory.count() - before
    chance = random.Random(SEED + times)
    seen = {}
    for at in range(ROUNDS // 2):
        first = 1 + asked * at // (ROUNDS // 2) + chance.randrange(1 + asked // ROUNDS)
        outcome = without(engine, memory, "victim%d" % at, first, times)
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
