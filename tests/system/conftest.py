"""Fixtures of the system tests: a daemon that all tests of the session share, with the image busybox.
Engine.stop() looks at the host afterwards: nothing may be left."""
import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from engine import Engine  # noqa: E402


@pytest.fixture(scope="session")
def engine():
    made = Engine()
    made.load_busybox()
    yield made
    made.stop()


@pytest.fixture
def own_engine():
    """A daemon for one test, which may kill it."""
    made = Engine(bridge="hto%d" % (os.getpid() % 100000))
    made.load_busybox()
    yield made
    made.stop()
