"""The daemon may have only a few processes and threads more: each answer is right or says what is
wrong, the daemon lives, and nothing is left behind."""
import os
import tempfile

import pytest

from test_kill import Engine, begin, end, host_state
from test_memory import ERRANDS, LIFE, check_all, check_left, leftovers, live, log_of, run
from test_small import controller


@pytest.fixture(scope="module")
def engine():
    path = controller("pids", "hull-few-%d" % os.getpid())
    os.mkdir(path)
    if not os.path.exists(path + "/pids.max"):
        os.rmdir(path)
        pytest.skip("no limits of processes here")
    root = tempfile.mkdtemp(prefix="hull-few-")
    made = Engine(root, "hw%d" % (os.getpid() % 100000))
    made.wrapper = ["sh", "-c", "echo $$ > %s/cgroup.procs; exec \"$@\"" % path, "sh"]
    made.group = path
    before = host_state(root, made.bridge)
    begin(made)
    made.keeper = run(made, "keeper", NetworkMode="none")
    live(made, "warm")
    made.ids = []
    made.baseline = leftovers(made)
    yield made
    limit(made, None)
    assert end(made) == before
    os.rmdir(path)


def limit(engine, room):
    """There may be ROOM more than now; None: as many as ever."""
    with open(engine.group + "/pids.current") as file:
        used = int(file.read())
    with open(engine.group + "/pids.max", "w") as file:
        file.write("max" if room is None else str(used + room))


@pytest.mark.parametrize("what, steps", [LIFE, ERRANDS])
@pytest.mark.parametrize("loaded", [True, False])
def test_few_processes(engine, what, steps, loaded):
    """LOADED: it has threads already; or else it has to make them."""
    what(engine, "warm")
    seen = {}
    for room in range(10):
        if not loaded:
            engine.process.terminate()
            assert engine.process.wait(20) == 0
            engine.start()
        since, name = len(log_of(engine)), "victim%d" % room
        limit(engine, room)
        done = what(engine, name)
        limit(engine, None)
        assert engine.process.poll() is None, log_of(engine)[since:]
        check_all(engine, name)
        seen[room] = done
    print(seen)
    assert min(seen.values()) < steps, seen
    assert what(engine, "last") == steps
    check_left(engine)
