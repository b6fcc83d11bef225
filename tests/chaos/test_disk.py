"""The disk is full: what needs space says so, what does not need any goes on, nothing acknowledged is
lost, and when there is space again all works, without a restart.

The daemon's root is a small file system of its own.
"""
import os
import subprocess
import tempfile
import time

import pytest

from test_faults import await_state, create, run, state
from test_kill import Engine, begin, end
from images import archive, tar_of

SIZE_MB = 48


class Disk:
    """A file system of SIZE_MB with a filler that leaves no byte free."""

    def __init__(self, path):
        self.path, self.filler = path, os.path.join(path, "filler")
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=%dm" % SIZE_MB, "none", path], check=True)

    def fill(self):
        with open(self.filler, "ab", buffering=0) as filler:
            for size in (1 << 20, 4096):
                try:
                    while filler.write(b"x" * size) == size:
                        pass
                except OSError:
                    pass

    def free(self):
        os.unlink(self.filler)


@pytest.fixture
def disk():
    path = tempfile.mkdtemp(prefix="hull-disk-")
    made = Disk(path)
    yield made
    subprocess.run(["umount", path], check=True)
    os.rmdir(path)


@pytest.fixture
def engine(disk):
    root = os.path.join(disk.path, "root")
    os.mkdir(root)
    made = Engine(root, "hd%d" % (os.getpid() % 100000))
    begin(made)
    yield made
    if os.path.exists(disk.filler):
        disk.free()
    assert not end(made)["shims"]


def refused(answer):
    """It failed for want of space, and says so."""
    status, text = answer
    assert status >= 400 or "errorDetail" in str(text), answer
    assert "no space left on device" in str(text).lower() or "disk is full" in str(text).lower(), text


def files(root):
    found = set()
    for folder, _, names in os.walk(os.path.join(root, "data")):
        found |= {os.path.join(folder, name) for name in names if ".db" not in name}
    return found


def done_or_refused(answer):
    """What needs little may have found it."""
    if answer[0] not in (201, 204):
        refused(answer)
    return answer[0] in (201, 204)


def numbers_of(engine, name):
    """The lines of a container that counts."""
    lines = engine.call("GET", "/containers/%s/logs?stdout=1" % name)[1].splitlines()
    return [int(line[8:]) for line in lines if line[8:].strip()]


COUNT = "i=0; while :; do echo $i; i=$((i+1)); usleep 5000; done"


def check_refusals(engine, big):
    """What needs space; the names of what was made all the same."""
    refused(engine.call("POST", "/images/load", big, "application/x-tar"))
    refused(engine.call("POST", "/commit?container=writer&repo=chaos&tag=never"))
    return {path for path, body in (
        ("/containers/create?name=more", {"Image": "chaos:base", "Cmd": ["true"]}),
        ("/volumes/create", {"Name": "more"}), ("/networks/create", {"Name": "more"}),
        ("/containers/idle/start", None)) if done_or_refused(engine.call("POST", path, body))}


def check_life_goes_on(engine):
    began = time.monotonic()
    assert state(engine, "sleeper")["Running"] and state(engine, "writer")["Running"]
    assert engine.call("GET", "/containers/writer/logs?stdout=1&tail=1")[0] == 200
    assert engine.call("POST", "/containers/sleeper/kill")[0] == 204
    assert await_state(engine, "sleeper", "exited")["ExitCode"] == 137
    for name in ("sleeper", "reader"):
        answer = engine.call("DELETE", "/containers/%s?force=1" % name)
        assert answer[0] == 204, answer
    assert engine.call("POST", "/containers/lasting/stop?t=5")[0] == 204
    assert state(engine, "lasting")["ExitCode"] == 7
    assert time.monotonic() - began < 8


def check_acknowledged(engine, made):
    names = {one["Names"][0] for one in engine.call("GET", "/containers/json?all=1")[1]}
    more = {"/more"} if "/containers/create?name=more" in made else set()
    assert names == {"/idle", "/writer", "/lasting"} | more
    assert state(engine, "writer")["Running"]
    assert state(engine, "idle")["Running"] == ("/containers/idle/start" in made)
    assert state(engine, "lasting")["ExitCode"] == 7
    assert bool(engine.call("GET", "/volumes")[1]["Volumes"]) == ("/volumes/create" in made)
    assert ("more" in [one["Name"] for one in engine.call("GET", "/networks")[1]]) == (
        "/networks/create" in made)
    images = [tag for one in engine.call("GET", "/images/json")[1] for tag in one["RepoTags"]]
    assert images == ["chaos:base"]


def check_all_works(engine, big):
    status, answer = engine.call("POST", "/images/load", big, "application/x-tar")
    assert status == 200 and "errorDetail" not in str(answer), answer
    assert engine.call("POST", "/containers/idle/start")[0] in (204, 304)
    assert engine.call("POST", "/commit?container=idle&repo=chaos&tag=now")[0] == 201
    assert engine.call("POST", "/networks/create", {"Name": "now"})[0] == 201
    assert engine.call("DELETE", "/networks/now")[0] == 204
    assert engine.call("POST", "/volumes/create", {"Name": "now"})[0] == 201


@pytest.mark.parametrize("restart", [False, True])
def test_a_full_disk(engine, disk, restart):
    """Full while the daemon runs, or when it starts as well."""
    run(engine, "writer", "sh", "-c", COUNT)
    for name in ("sleeper", "reader"):
        run(engine, name)
    run(engine, "lasting", "sh", "-c", "trap 'exit 7' TERM; while :; do usleep 20000; done")
    create(engine, "idle")
    before = files(engine.root)
    disk.fill()
    big = archive("chaos:big", [tar_of({"big": (os.urandom(3 << 20), 0o644)})])
    made = check_refusals(engine, big)
    check_life_goes_on(engine)
    if restart:
        engine.kill()
        engine.start()
        check_acknowledged(engine, made)
    disk.free()
    check_acknowledged(engine, made)
    left = {path for path in files(engine.root) - before if "/containers/" not in path}
    assert left == set()
    check_all_works(engine, big)
    # What the writer wrote meanwhile may be lost, but no line is cut, and it goes on.
    numbers = numbers_of(engine, "writer")
    assert numbers == sorted(set(numbers)) and numbers[0] == 0
    deadline = time.monotonic() + 5
    while numbers_of(engine, "writer")[-1] <= numbers[-1]:
        assert time.monotonic() < deadline, "its log does not go on"
        time.sleep(0.02)
