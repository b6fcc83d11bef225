"""What stays behind: of the daemon's descriptors in programs that are run, of clients that close
one half of a connection, of work that ran out of descriptors, of a long and unhappy day."""
import json
import os
import re
import resource
import socket
import subprocess
import time

import pytest

from engine import Engine


def request(engine, method, path, body=None, upgrade=False):
    """A connection on which a request was sent, and its file."""
    data = b"" if body is None else json.dumps(body).encode()
    link = socket.socket(socket.AF_UNIX)
    link.settimeout(20)
    link.connect(engine.sock)
    head = "%s /v1.43%s HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\n" % (method, path)
    head += "Connection: Upgrade\r\nUpgrade: tcp\r\n" if upgrade else ""
    link.sendall(("%sContent-Length: %d\r\n\r\n" % (head, len(data))).encode() + data)
    return link, link.makefile("rb")


def status(file):
    found = int(file.readline().split()[1])
    while file.readline().strip():
        pass
    return found


# --- descriptors ---------------------------------------------------------------------------------

@pytest.mark.parametrize("flags", [[], ["-t"], ["-i"], ["--privileged"], ["-u", "1000"]])
def test_exec_inherits_nothing(engine, flags):
    """CVE-2024-21626, CVE-2016-9962: three descriptors, whatever the daemon holds."""
    held = [request(engine, "GET", "/events")[0] for _ in range(20)]
    name = engine.hull("run", "-d", "busybox", "sleep", "60").stdout.strip()
    follow = subprocess.Popen(engine.command("logs", "-f", name), stdout=subprocess.DEVNULL)
    try:
        seen = engine.hull("exec", *flags, name, "ls", "-l", "/proc/self/fd").stdout
        found = re.findall(r" (\d+)(?: -> (\S+))?\r?$", seen, re.M)[1:]  # "total 0" is the first
        # The last is the folder that ls itself reads.
        assert [number for number, _ in found] == ["0", "1", "2", "3"], seen
        for _, place in found[:3]:
            assert place.startswith(("/dev/null", "/dev/pts/", "pipe:", "socket:")), seen
    finally:
        follow.kill()
        follow.wait()
        engine.hull("rm", "-f", name)
        for link in held:
            link.close()


# --- connections of which one half is closed -----------------------------------------------------

def exec_of(engine, name, *command):
    link, file = request(engine, "POST", "/containers/%s/exec" % name, {
        "AttachStdin": True, "AttachStdout": True, "AttachStderr": True, "Cmd": command})
    assert status(file) == 201
    made = json.loads(file.read1(4096))["Id"]
    link.close()
    link, file = request(engine, "POST", "/exec/%s/start" % made, {"Detach": False}, upgrade=True)
    assert status(file) == 101
    return link, file, made


@pytest.fixture
def sleeper(engine):
    name = engine.hull("run", "-d", "busybox", "sleep", "60").stdout.strip()
    yield name
    engine.hull("rm", "-f", name)


def test_input_ends_and_output_goes_on(engine, sleeper):
    """Who has said all still hears all, later than that too."""
    link, file, _ = exec_of(engine, sleeper, "sh", "-c", "wc -c; sleep 0.3; echo after")
    link.sendall(b"x" * 100000)
    link.shutdown(socket.SHUT_WR)
    said = file.read()
    assert b"100000\n" in said and said.endswith(b"after\n")
    link.close()


def descriptors(engine):
    return len(os.listdir("/proc/%d/fd" % engine.process.pid))


def settles(look, wanted):
    """What LOOK sees becomes WANTED or less: what ends, ends in its own time."""
    deadline = time.monotonic() + 10
    while look() > wanted:
        assert time.monotonic() < deadline, (look(), wanted)
        time.sleep(0.05)


def test_half_closed_hijacks_are_let_go(engine, sleeper):
    """Clients that hear no more, say no more, vanish: the daemon holds nothing for them."""
    engine.hull("exec", sleeper, "true")
    before = descriptors(engine)
    for half in (socket.SHUT_WR, socket.SHUT_RD, socket.SHUT_RDWR, None):
        for command in ("cat", "cat; echo bye", "yes | head -c 3000000; cat"):
            link, file, _ = exec_of(engine, sleeper, "sh", "-c", command)
            link.sendall(b"hello\n")
            if half is not None:
                link.shutdown(half)
            file.close()
            link.close()
    settles(lambda: descriptors(engine), before)
    assert engine.hull("exec", sleeper, "echo", "alive").stdout == "alive\n"


# --- no descriptors ------------------------------------------------------------------------------

@pytest.mark.parametrize("spare", [0, 1, 3, 6, 10, 16, 24])
def test_no_descriptors_for_a_container(own_engine_of_module, spare):
    """A container for which there are too few: it runs or is an error, and nothing stays."""
    engine = own_engine_of_module
    pid = engine.process.pid
    old = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    before = descriptors(engine)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (before + 1 + spare, old[1]))
    try:
        done = subprocess.run(engine.command("run", "--name", "few", "busybox", "echo", "hi"),
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20,
                              check=False)
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, old)
    assert (done.returncode, done.stdout) == (0, "hi\n") or (done.returncode and done.stderr)
    assert engine.process.poll() is None
    engine.hull("rm", "-f", "few", check=False)
    assert engine.hull("run", "--rm", "busybox", "echo", "alive").stdout == "alive\n"
    settles(lambda: descriptors(engine), before)
    settles(lambda: len(engine.ports()), 0)


@pytest.fixture(scope="module")
def own_engine_of_module():
    made = Engine(bridge="htk%d" % (os.getpid() % 100000))
    made.load_busybox()
    made.hull("run", "--rm", "busybox", "true")
    yield made
    made.stop()


# --- a day ---------------------------------------------------------------------------------------

def output(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def below(folder, depth):
    """The names of files and folders below FOLDER, which need not exist."""
    found = []
    for place, folders, files in os.walk(folder):
        found += [os.path.join(place, name) for name in folders + files]
        if place[len(folder):].count("/") >= depth:
            folders.clear()
    return sorted(found)


def belongings(engine):
    """What the daemon has on the host, by kind."""
    pid, data = engine.process.pid, engine.root + "/data"
    rules = output("nft", "list", "ruleset").splitlines()
    with open("/proc/%d/mountinfo" % pid) as lines:
        mounted = sorted(line.split()[4] for line in lines if engine.root in line)
    # The pool of workers grows when it is wanted, up to its size.
    threads = len(os.listdir("/proc/%d/task" % pid))
    return {"mounts": mounted, "many threads": threads > 16, "run": below(engine.root + "/exec", 2),
            "rules": [line.strip() for line in rules if engine.bridge in line],
            "links": sorted(engine.ports()), "children": output("pgrep", "-P", str(pid)).split(),
            "containers": below(data + "/containers", 1), "layers": below(data + "/overlay2", 0),
            "images": below(data + "/image", 4)}


def unhappy_day(engine):
    """Much of what the engine does, and much of it fails."""
    def hull(*args):
        return engine.hull(*args, check=False)
    hull("run", "--rm", "-p", "18117:80", "-v", "/data", "busybox", "true")
    hull("run", "--rm", "busybox", "nosuchprogram")
    hull("run", "--rm", "-u", "nobodythere", "busybox", "true")
    hull("run", "--rm", "-v", "/proc/nosuch:/x", "busybox", "true")
    hull("run", "--rm", "--memory", "6m", "busybox", "true")
    hull("run", "-d", "--name", "long", "--restart", "always", "-p", "18117:80", "busybox", "sleep",
         "60")
    hull("run", "--rm", "-p", "18117:80", "busybox", "true")  # the port is taken
    hull("exec", "long", "nosuchprogram")
    hull("exec", "-d", "long", "sleep", "30")
    hull("network", "create", "day")
    hull("network", "connect", "day", "long")
    hull("network", "disconnect", "day", "long")
    hull("pause", "long")
    hull("stop", "-t", "0", "long")
    hull("unpause", "long")
    hull("kill", "long")
    hull("cp", "long:/nosuch", "-")
    hull("commit", "long", "day:1")
    hull("rm", "-f", "-v", "long")
    hull("network", "rm", "day")
    hull("rmi", "day:1")
    hull("load", "-i", "/dev/null")


def test_nothing_is_left_of_a_day(own_engine_of_module):
    """Mounts, rules, interfaces, threads, processes, files and descriptors, as they were before."""
    engine = own_engine_of_module
    unhappy_day(engine)  # what is made once, by the first of its kind, is no leak
    settles(lambda: len(engine.ports()), 0)
    before, open_before = belongings(engine), descriptors(engine)
    for _ in range(2):
        unhappy_day(engine)
    settles(lambda: descriptors(engine), open_before)
    deadline = time.monotonic() + 10
    while belongings(engine) != before and time.monotonic() < deadline:
        time.sleep(0.1)
    assert belongings(engine) == before
