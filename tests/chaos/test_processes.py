"""The daemon may have only a few processes and threads more: each answer is right or says what is
wrong, the daemon lives, and nothing is left behind."""
import os
import tempfile

import pytest

from test_descriptors import starve
from test_kill import Engine, end, host_state
from test_memory import ERRANDS, LIFE, prepare
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
    made.limit = limit
    prepare(made)
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
    starve(engine, what, steps, loaded, range(10))
