"""The daemon dies at each of its failpoints (`hull debug failpoints`), one after the other: what it
acknowledged is there after a restart, and when all is removed nothing is left behind: no mount,
interface, cgroup, element of the packet filter, process, folder, temporary file or document.

HULL_CHAOS_PASSES says at which of the first passes of a point it dies (default 1; tools/chaos asks
for 3).
"""
import glob
import os
import re
import signal
import sqlite3
import subprocess
import tempfile
import time

import pytest

from test_kill import BUSYBOX, Engine, Gone, end, host_state, program
from images import archive, tar_of

PASSES = int(os.environ.get("HULL_CHAOS_PASSES", "1"))
RESTART_S = 2
# What the container does: it fills a few files of its log, which are compressed.
LINES = 60
WRITE = "i=0; while [ $i -lt %d ]; do echo line $i; i=$((i+1)); done; exec sleep 300" % LINES
LOG = {"Type": "local", "Config": {"max-size": "1k", "max-file": "9"}}
# Buckets of the state store whose documents are no leftovers: what the daemon notes for itself.
OWN_BUCKETS = {"image-used", "system", "forwarding"}


def points():
    shown = subprocess.run([program("hull"), "debug", "failpoints", "--format", "{{.Name}}"],
                           capture_output=True, text=True, check=True, timeout=20)
    # Forwarding is turned on once in the life of a host: system/test_forwarding.py has hosts.
    return [point for point in shown.stdout.split() if not point.startswith("network_forwarding")]


def documents(root):
    """(bucket, key) of all that the state store has."""
    found = set()
    for folder, _, names in os.walk(root + "/data"):
        for name in names:
            if name.endswith(".db"):
                link = sqlite3.connect("file:%s?mode=ro" % os.path.join(folder, name), uri=True)
                table = link.execute("SELECT name FROM sqlite_master WHERE sql LIKE '%bucket%' "
                                     "AND type = 'table'").fetchone()[0]
                found |= set(link.execute("SELECT bucket, key FROM " + table))
                link.close()
    assert found, "no state store below " + root
    return {pair for pair in found if pair[0] not in OWN_BUCKETS}


def files(root):
    """The folders and files of the daemon, but for its database and its log."""
    found = set()
    for top in ("data", "exec"):
        for folder, folders, names in os.walk(os.path.join(root, top)):
            if os.path.basename(folder) == "diff":
                folders[:] = []
                continue
            found |= {os.path.relpath(os.path.join(folder, name), root)
                      for name in folders + names
                      if not re.search(r"\.db(-wal|-shm)?$|events", name)}
    return found


def cgroups(marks):
    found = set()
    for folder, folders, _ in os.walk("/sys/fs/cgroup"):
        found |= {os.path.join(folder, name) for name in folders if name in marks}
    return found


def interfaces(networks):
    return {name for name in os.listdir("/sys/class/net")
            if name in {"hull-" + network[:10] for network in networks}}


def elements(port):
    """What the packet filter says about PORT."""
    shown = subprocess.run(["nft", "-n", "list", "ruleset"], capture_output=True, text=True,
                           check=False, timeout=20).stdout
    return re.findall(r".*\b%d\b.*" % port, shown)


def free_port():
    import socket
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Life:
    """What a client does, and what it was told. A fact that is None is under way: both are right."""

    def __init__(self, engine, name, port):
        self.engine, self.name, self.port = engine, name, port
        self.facts = {}       # (kind, name) -> True: it is there, False: it is not
        self.running = False  # the container, None: don't know
        self.second = False   # it is in the second network
        self.ids, self.networks = [], []
        self.layer = tar_of({"salt": (name.encode(), 0o644)})

    def ask(self, fact, value, good, method, path, body=None, content_type="application/json"):
        if fact:
            self.facts[fact] = None
        status, answer = self.engine.call(method, path, body, content_type)
        assert status in good and "errorDetail" not in str(answer), (method, path, status, answer)
        if fact:
            self.facts[fact] = value
        return answer

    def make(self):
        name = self.name
        tag, volume, network = "chaos:" + name, "v-" + name, "n-" + name
        self.ask(("tag", tag), True, (200,), "POST", "/images/load",
                 archive(tag, [BUSYBOX, self.layer]), "application/x-tar")
        self.ask(("tag", "chaos:t-" + name), True, (201,), "POST",
                 "/images/%s/tag?repo=chaos&tag=t-%s" % (tag, name))
        self.ask(("volume", volume), True, (201,), "POST", "/volumes/create", {"Name": volume})
        self.ask(("volume", "o-" + name), True, (201,), "POST", "/volumes/create",
                 {"Name": "o-" + name, "DriverOpts": {"type": "tmpfs", "device": "tmpfs"}})
        # Both families, and IPv6 alone.
        made = self.ask(("network", network), True, (201,), "POST", "/networks/create",
                        {"Name": network, "EnableIPv6": True})
        self.networks.append(made["Id"])
        made = self.ask(("network", "m-" + name), True, (201,), "POST", "/networks/create",
                        {"Name": "m-" + name, "EnableIPv4": False, "EnableIPv6": True})
        self.networks.append(made["Id"])
        made = self.ask(("container", name), True, (201,), "POST",
                        "/containers/create?name=" + name,
                        {"Image": tag, "Cmd": ["sh", "-c", WRITE], "Volumes": {"/anonymous": {}},
                         "ExposedPorts": {"80/tcp": {}},
                         "HostConfig": {"LogConfig": LOG, "NetworkMode": network,
                                        "Binds": [volume + ":/v", "o-" + name + ":/o"],
                                        "PortBindings": {"80/tcp": [
                                            {"HostIp": "127.0.0.1", "HostPort": str(self.port)},
                                            {"HostIp": "::", "HostPort": str(self.port)}]}}})
        self.ids.append(made["Id"])

    def use(self):
        name = self.name
        self.running = None
        self.ask(None, None, (204,), "POST", "/containers/%s/start" % name)
        self.running = True
        self.wait_compressed()
        for action in ("connect", "disconnect"):
            self.second = None
            self.ask(None, None, (200,), "POST", "/networks/m-%s/%s" % (name, action),
                     {"Container": name})
            self.second = action == "connect"
        made = self.ask(None, None, (201,), "POST", "/containers/%s/exec" % name,
                        {"Cmd": ["true"]})
        self.ask(None, None, (200,), "POST", "/exec/%s/start" % made["Id"], {"Detach": True})
        self.facts[("container", name)] = None
        self.ask(("container", "r-" + name), True, (204,), "POST",
                 "/containers/%s/rename?name=r-%s" % (name, name))
        self.facts[("container", name)] = False
        self.ask(("tag", "chaos:c-" + name), True, (201,), "POST",
                 "/commit?container=r-%s&repo=chaos&tag=c-%s" % (name, name))
        self.running = None
        self.ask(None, None, (204,), "POST", "/containers/r-%s/kill" % name)
        self.running = False

    def wait_compressed(self):
        """What the container wrote is rotated at once; the daemon compresses it in its own time."""
        folder = os.path.join(self.engine.root, "data/containers", self.ids[-1])
        deadline = time.monotonic() + 10
        while not any(name.endswith("log.3.gz") for name in os.listdir(folder)):
            assert time.monotonic() < deadline, os.listdir(folder)
            self.engine.call("GET", "/_ping")
            time.sleep(0.01)

    def remove(self):
        name = self.name
        self.ask(("container", "r-" + name), False, (204,), "DELETE", "/containers/r-%s?v=1" % name)
        for tag in ("chaos:c-", "chaos:t-", "chaos:"):
            self.ask(("tag", tag + name), False, (200,), "DELETE", "/images/" + tag + name)
        for volume in ("v-", "o-"):
            self.ask(("volume", volume + name), False, (204,), "DELETE",
                     "/volumes/" + volume + name)
        for network in ("n-" + name, "m-" + name):
            self.ask(("network", network), False, (204,), "DELETE", "/networks/" + network)

    def live(self):
        self.make()
        self.use()
        self.remove()

    def there(self):
        call = self.engine.call
        found = {("container", name.lstrip("/")) for item in
                 call("GET", "/containers/json?all=1")[1] for name in item["Names"]}
        found |= {("tag", tag) for image in call("GET", "/images/json")[1]
                  for tag in image["RepoTags"]}
        found |= {("volume", one["Name"]) for one in call("GET", "/volumes")[1]["Volumes"]}
        return found | {("network", one["Name"]) for one in call("GET", "/networks")[1]}

    def check(self):
        found = self.there()
        for fact, value in self.facts.items():
            assert value is None or (fact in found) == value, (fact, value, sorted(found))
        # Nobody's volume is there: the anonymous one is the container's, and goes with it.
        containers = {fact for fact in found if fact[0] == "container"}
        nameless = {name for kind, name in found if kind == "volume"
                    and ("volume", name) not in self.facts}
        assert len(nameless) == len(containers), found
        # One name or the other, never none or both.
        names = [fact for fact in found if fact[0] == "container"]
        assert len(names) <= 1
        if names:
            self.check_container(names[0][1])

    def check_container(self, name):
        status, shown = self.engine.call("GET", "/containers/%s/json" % name)
        assert status == 200, shown
        state = shown["State"]
        assert state["Running"] == (self.running if self.running is not None
                                    else state["Running"]), state
        assert state["Status"] == ("running" if state["Running"] else state["Status"])
        assert state["Status"] in ("created", "running", "exited"), state
        if not state["Running"]:
            assert state["Pid"] == 0 and state["ExitCode"] in (0, 137), state
            return
        os.kill(state["Pid"], 0)
        self.check_log(name)
        joined = shown["NetworkSettings"]["Networks"]
        first = joined["n-" + self.name]
        assert first["IPAddress"] and first["GlobalIPv6Address"], shown
        second = joined.get("m-" + self.name)
        assert self.second is None or (second is not None) == self.second, shown
        # What it says is what it has: each network is an interface in it.
        inside = ["nsenter", "-n", "-t", str(state["Pid"]), "ip", "-o"]
        links, addresses = (subprocess.run(inside + [what], capture_output=True, text=True,
                                           check=True, timeout=10).stdout
                            for what in ("link", "addr"))
        assert len(re.findall(r"\beth\d+@", links)) == len(joined), (links, joined)
        assert second is None or second["GlobalIPv6Address"] and not second["IPAddress"], shown
        for one in joined.values():
            for address in (one["IPAddress"], one["GlobalIPv6Address"]):
                assert not address or " %s/" % address in addresses, (one, addresses)
        bound = [one["HostIp"] for one in shown["NetworkSettings"]["Ports"]["80/tcp"]
                 if one["HostPort"] == str(self.port)]
        assert bound == ["127.0.0.1", "::"], shown
        # Both are elements of the packet filter.
        assert len([line for line in elements(self.port) if ": %s" % first["IPAddress"] in line or
                    ": %s" % first["GlobalIPv6Address"] in line]) == 2, elements(self.port)


    def check_log(self, name):
        """All that the container wrote is there, whatever was being compressed."""
        deadline = time.monotonic() + 10
        while True:
            status, shown = self.engine.call("GET", "/containers/%s/logs?stdout=1" % name)
            assert status == 200, shown
            lines = [int(number) for number in re.findall(r"line (\d+)", str(shown))]
            if lines == list(range(LINES)):
                return
            assert time.monotonic() < deadline, lines
            time.sleep(0.02)


@pytest.fixture(scope="module")
def engine():
    root = tempfile.mkdtemp(prefix="hull-points-")
    made = Engine(root, "hf%d" % (os.getpid() % 100000))
    made.start()
    answer = made.call("POST", "/images/load", archive("chaos:base", [BUSYBOX]),
                       "application/x-tar")
    assert answer[0] == 200, answer
    # Once all the way: what the daemon makes for itself is there from now on.
    life = Life(made, "warm", free_port())
    life.live()
    made.baseline = leftovers(made, life)
    made.kill()
    yield made
    made.kill()
    end(made)


def leftovers(engine, life):
    """All that a removed life could have left."""
    return {**host_state(engine.root, engine.bridge), "documents": documents(engine.root),
            "files": files(engine.root), "cgroups": cgroups(life.ids),
            "interfaces": interfaces(life.networks), "elements": elements(life.port)}


def settled(engine, life):
    """The same, when the kernel has taken away what died: it does that in its own time."""
    deadline = time.monotonic() + 3
    while True:
        left = leftovers(engine, life)
        if left == engine.baseline or time.monotonic() > deadline:
            return left
        time.sleep(0.1)


def remove_all(engine):
    for item in engine.call("GET", "/containers/json?all=1")[1]:
        answer = engine.call("DELETE", "/containers/%s?force=1&v=1" % item["Id"])
        assert answer[0] == 204, answer
    for image in engine.call("GET", "/images/json")[1]:
        for tag in image["RepoTags"]:
            if tag != "chaos:base":
                answer = engine.call("DELETE", "/images/" + tag)
                assert answer[0] == 200, answer
    for volume in engine.call("GET", "/volumes")[1]["Volumes"]:
        answer = engine.call("DELETE", "/volumes/" + volume["Name"])
        assert answer[0] == 204, answer
    for network in engine.call("GET", "/networks")[1]:
        if network["Name"].startswith(("n-", "m-")):
            answer = engine.call("DELETE", "/networks/" + network["Id"])
            assert answer[0] == 204, answer


@pytest.mark.parametrize("at", range(1, PASSES + 1))
@pytest.mark.parametrize("point", points())
def test_death_at(engine, point, at, monkeypatch):
    try:
        die_at(engine, point, at, monkeypatch)
    finally:
        engine.kill()


def die_at(engine, point, at, monkeypatch):
    monkeypatch.setenv("HULL_FAILPOINT", "%s:%d" % (point, at))
    life = Life(engine, "%s-%d" % (point.replace("_", "-"), at), free_port())
    try:
        engine.start()
        life.live()
        died = False
    except Gone:
        died = True
    except AssertionError:
        # Dead before it answered for the first time: a point that a start passes as well.
        assert engine.process.poll() is not None
        died = True
    if not died:
        assert at > 1, "nothing passed " + point
        engine.kill()
    assert engine.process.wait(10) == -signal.SIGKILL
    monkeypatch.delenv("HULL_FAILPOINT")
    began = time.monotonic()
    engine.start()
    assert time.monotonic() - began < RESTART_S
    try:
        life.check()
    finally:
        remove_all(engine)
    left = settled(engine, life)
    before, engine.baseline = engine.baseline, left  # one failure is not one of the next point too
    changed = {kind: sorted(set(left[kind]) ^ set(before[kind]))
               for kind in before if left[kind] != before[kind]}
    assert not changed


def test_what_ran_and_ended_unseen_has_run(engine, monkeypatch):
    """Dead between the start and its record; before the next daemon the program ends too."""
    monkeypatch.setenv("HULL_FAILPOINT", "container_start_run:1")
    engine.start()
    try:
        answer = engine.call("POST", "/containers/create",
                             {"Image": "chaos:base", "Cmd": ["sh", "-c", "exit 3"],
                              "HostConfig": {"NetworkMode": "none"}})
        assert answer[0] == 201, answer
        with pytest.raises(Gone):
            engine.call("POST", "/containers/%s/start" % answer[1]["Id"])
        assert engine.process.wait(10) == -signal.SIGKILL
        record = engine.root + "/exec/containers/%s/**/*.exit" % answer[1]["Id"]
        deadline = time.monotonic() + 10
        while not glob.glob(record, recursive=True):
            assert time.monotonic() < deadline, "the shim recorded no end"
            time.sleep(0.02)
        monkeypatch.delenv("HULL_FAILPOINT")
        engine.start()
        shown = engine.call("GET", "/containers/%s/json" % answer[1]["Id"])[1]["State"]
        remove_all(engine)
        assert (shown["Status"], shown["ExitCode"]) == ("exited", 3), shown
        assert shown["StartedAt"] == shown["FinishedAt"] > "2020", shown
    finally:
        engine.kill()


def test_a_point_that_is_none(monkeypatch):
    for text in ("nonsense", "state_commit_after:0", "state_commit_after:x", ""):
        monkeypatch.setenv("HULL_FAILPOINT", text)
        done = subprocess.run([program("hulld"), "--version"], capture_output=True, text=True,
                              check=False, timeout=20)
        assert done.returncode == 1 and "HULL_FAILPOINT" in done.stderr
