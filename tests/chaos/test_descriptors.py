"""The daemon has only a few descriptors left, for all that clients ask of it: each answer is right or
says what is wrong, the daemon lives, and nothing is left behind."""
import os
import resource
import tempfile

import pytest

from test_kill import Engine, end, host_state
from test_memory import ERRANDS, LIFE, check_all, check_left, log_of, prepare

MOST = int(os.environ.get("HULL_CHAOS_ROUNDS", "36"))  # a life needs less


@pytest.fixture(scope="module")
def engine():
    root = tempfile.mkdtemp(prefix="hull-few-")
    made = Engine(root, "hx%d" % (os.getpid() % 100000))
    before = host_state(root, made.bridge)
    made.limit = limit
    prepare(made)
    yield made
    limit(made, None)
    assert end(made) == before


def limit(engine, room):
    """There are ROOM descriptors more than now; None: as many as ever."""
    pid = engine.process.pid
    _, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    used = [int(name) for name in os.listdir("/proc/%d/fd" % pid)]
    soft, at = hard, 0
    if room is not None:
        while room > 0 or at in used:
            room -= at not in used
            at += 1
        soft = at
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, hard))


def starve(engine, what, steps, loaded, rooms):
    """WHAT with each of ROOMS, of which the least are too few; LIMIT of the engine sets them. LOADED:
    the daemon has its plugins and threads; or else it has to find room for each first."""
    what(engine, "warm")
    seen = {}
    for room in rooms:
        if not loaded:
            engine.process.terminate()
            assert engine.process.wait(20) == 0
            engine.start()
        since, name = len(log_of(engine)), "victim%d" % room
        engine.limit(engine, room)
        done = what(engine, name)
        engine.limit(engine, None)
        assert engine.process.poll() is None, log_of(engine)[since:]
        check_all(engine, name)
        seen[room] = done
    print(seen)
    assert min(seen.values()) < steps, seen
    assert what(engine, "last") == steps
    check_left(engine)


@pytest.mark.parametrize("what, steps", [LIFE, ERRANDS])
@pytest.mark.parametrize("loaded", [True, False])
def test_few_descriptors(engine, what, steps, loaded):
    starve(engine, what, steps, loaded, range(2, 2 + MOST, 1 if loaded else 3))
