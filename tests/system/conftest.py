"""Fixtures of the system tests: a daemon that all tests of the session share, with the image busybox,
and a look at the host afterwards: nothing may be left."""
import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from engine import Engine  # noqa: E402


def leftovers(root):
    """What belongs to a daemon and would outlive it: mounts, shims, cgroups."""
    found = []
    with open("/proc/self/mountinfo") as mounts:
        found += [line.strip() for line in mounts if root in line]
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/cmdline" % pid, "rb") as line:
                if root.encode() in line.read():
                    found.append("process " + pid)
        except OSError:
            pass
    return found


@pytest.fixture(scope="session")
def engine():
    made = Engine()
    made.load_busybox()
    yield made
    made.stop()
    assert not leftovers(made.root)


@pytest.fixture
def own_engine():
    """A daemon for one test, which may kill it."""
    made = Engine(bridge="hto%d" % (os.getpid() % 100000))
    made.load_busybox()
    yield made
    made.stop()
    assert not leftovers(made.root)
