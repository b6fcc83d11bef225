"""One long session at the command line: hull and docker's CLI in front of the same daemon, and one
CLI in front of hulld and of a real dockerd. Each line must end with the same status and print the
same, but for what session.py makes alike and for the differences that it has tables of.

The dockerd is one that the tests start (Debian's docker.io), or that of HULL_TEST_DOCKER_HOST;
containers, volumes and networks that nothing uses are pruned there.
"""
import os
import re
import subprocess
import threading

import pytest

from dockerd import Dockerd, found
from engine import Engine
from session import (CLIENT_DIFFERENCES, ENGINE_DIFFERENCES, NEW_CLI_DIFFERENCES, SESSION, Client,
                     compare)


def docker_cli(pattern):
    """A docker CLI of a version, or None: the one first on the PATH need not be the only one."""
    for folder in ["/usr/local/bin"] + os.environ["PATH"].split(":") + ["/usr/bin"]:
        path = os.path.join(folder, "docker")
        if os.access(path, os.X_OK):
            done = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
            if re.search(r"version " + pattern, done.stdout):
                return path
    return None


MODEL = docker_cli(r"2[89]\.")  # hull's words are those of this CLI; an older one has others
OLD = docker_cli(r"20\.10")


@pytest.fixture(scope="module")
def hulld():
    """A daemon with nothing but busybox."""
    engine = Engine(bridge="hts%d" % (os.getpid() % 100000))
    engine.load_busybox()
    yield engine
    engine.stop()


@pytest.fixture(scope="module")
def other(hulld):
    """The address of a dockerd that has busybox, too."""
    host, own = os.environ.get("HULL_TEST_DOCKER_HOST"), None
    if not host:
        if not found():
            pytest.skip("no dockerd to compare with (docker.io is not installed)")
        own = Dockerd()
        host = own.host
    try:
        subprocess.run([hulld.command()[0], "-H", host, "load", "-i", hulld.root + "/load.tar"],
                       check=True, capture_output=True, timeout=60)
        yield host
    finally:
        if own:
            own.stop()


class Sessions:
    """The sessions, each held once: a pair (CLI, daemon) may be compared with several."""

    def __init__(self, ours):
        self.ours, self.done = ours, {}

    def hold(self, program, host):
        net = "10.213.7" if host == self.ours else "10.213.8"
        if (program, host) not in self.done:
            self.done[program, host] = Client(program, host, net).session()

    def both(self, one, two):
        """Two sessions; at once when they are with two daemons."""
        if one[1] == two[1]:
            self.hold(*one)
        else:
            thread = threading.Thread(target=self.hold, args=one)
            thread.start()
        self.hold(*two)
        if one[1] != two[1]:
            thread.join()
        return self.done[one], self.done[two]


@pytest.fixture(scope="module")
def sessions(hulld):
    return Sessions("unix://" + hulld.sock)


def check(pair, meant):
    faults = compare(*pair, meant)
    assert not faults, "%d of %d\n\n%s" % (len(faults), len(SESSION), "\n".join(faults))


def test_the_session_is_long():
    assert len({line for line, _ in SESSION}) >= 150


@pytest.mark.skipif(not MODEL, reason="no docker CLI of version 28")
def test_hull_and_docker_in_front_of_hulld(hulld, sessions):
    host = "unix://" + hulld.sock
    check(sessions.both((hulld.command()[0], host), (MODEL, host)), CLIENT_DIFFERENCES)


@pytest.mark.skipif(not OLD, reason="no docker CLI of version 20.10")
def test_docker_20_in_front_of_hulld_and_dockerd(hulld, other, sessions):
    check(sessions.both((OLD, "unix://" + hulld.sock), (OLD, other)), ENGINE_DIFFERENCES)


@pytest.mark.skipif(not MODEL, reason="no docker CLI of version 28")
def test_docker_28_in_front_of_hulld_and_dockerd(hulld, other, sessions):
    check(sessions.both((MODEL, "unix://" + hulld.sock), (MODEL, other)),
          ENGINE_DIFFERENCES + NEW_CLI_DIFFERENCES)


@pytest.mark.skipif(not MODEL, reason="no docker CLI of version 28")
@pytest.mark.skipif(not os.environ.get("HULL_TEST_DOCKER_HOST"),
                    reason="a third session with dockerd takes long; HULL_TEST_DOCKER_HOST asks for it")
def test_hull_and_docker_in_front_of_dockerd(hulld, other, sessions):
    check(sessions.both((hulld.command()[0], other), (MODEL, other)), CLIENT_DIFFERENCES)


def test_an_unmodified_session_works(engine):
    """The statuses, without a docker CLI to compare with."""
    hull = Client(engine.command("version")[0], "unix://" + engine.sock)
    assert hull.run("run --rm --network none busybox true", {})["status"] == 0
    assert hull.run("run --rm --network none busybox false", {})["status"] == 1
    assert hull.run("run --rm --network none busybox nosuch", {})["status"] == 127
    assert hull.run("run --rm --bogus busybox", {})["status"] == 125
