"""The life of containers, through the API as docker's clients use it and through docker's own CLI:
exact messages and states, streams, logs, copies, limits, restarts, crashes of the daemon."""
import contextlib
import http.client
import io
import json
import os
import signal
import socket
import subprocess
import tarfile
import threading
import time
import urllib.parse

import pytest

from engine import Engine

class Http(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("docker", timeout=60)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(60)
        self.sock.connect(self.path)


class Api:
    def __init__(self, engine):
        self.engine = engine

    def __call__(self, method, url, body=None, raw=False, **query):
        connection = Http(self.engine.sock)
        if query:
            url += "?" + urllib.parse.urlencode(query)
        headers = {}
        if isinstance(body, (dict, list)):
            body, headers = json.dumps(body), {"Content-Type": "application/json"}
        elif body is not None:
            headers = {"Content-Type": "application/x-tar"}
        connection.request(method, url, body, headers)
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        if raw:
            return answer.status, data
        return answer.status, json.loads(data) if data else None

    def message(self, *args, **query):
        status, body = self(*args, **query)
        return status, body["message"]

    def create(self, *cmd, name=None, host=None, **config):
        body = {"Image": "busybox", "Cmd": list(cmd) or ["sleep", "1000"], **config}
        body["HostConfig"] = {"NetworkMode": "none", **(host or {})}
        query = {"name": name} if name else {}
        status, made = self("POST", "/containers/create", body, **query)
        assert status == 201, made
        return made["Id"]

    def start(self, cid):
        assert self("POST", "/containers/%s/start" % cid)[0] == 204

    def run(self, *cmd, **options):
        cid = self.create(*cmd, **options)
        self.start(cid)
        return cid

    def finish(self, *cmd, **options):
        """Run to the end: exit status and output."""
        cid = self.run(*cmd, **options)
        status = self("POST", "/containers/%s/wait" % cid)[1]["StatusCode"]
        out = frames(self("GET", "/containers/%s/logs" % cid, raw=True, stdout=1, stderr=1)[1])
        self("DELETE", "/containers/%s" % cid, force=1)
        return status, b"".join(text for _, text in out).decode()

    def inspect(self, cid):
        return self("GET", "/containers/%s/json" % cid)[1]


def frames(data):
    found = []
    while data:
        size = int.from_bytes(data[4:8], "big")
        found.append((data[0], data[8:8 + size]))
        data = data[8 + size:]
    return found


def until(condition, seconds=10):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


@pytest.fixture
def api(engine):
    made = Api(engine)
    yield made
    for summary in made("GET", "/containers/json", all=1)[1]:
        made("DELETE", "/containers/%s" % summary["Id"], force=1, v=1)


# -- states --------------------------------------------------------------------------------------

def test_states_and_words(api):
    cid = api.create(name="c1", StopSignal="KILL")
    state = api.inspect("c1")["State"]
    assert (state["Status"], state["StartedAt"]) == ("created", "0001-01-01T00:00:00Z")
    assert api("POST", "/containers/c1/wait")[1] == {"StatusCode": 0}
    api.start("c1")
    assert api("POST", "/containers/c1/start")[0] == 304
    assert api("POST", "/containers/c1/pause")[0] == 204
    assert api.message("POST", "/containers/c1/pause") == \
        (409, "Container %s is already paused" % cid)
    assert api("POST", "/containers/c1/unpause")[0] == 204
    assert api.message("POST", "/containers/c1/unpause") == (500, "Container %s is not paused" % cid)
    assert api.message("DELETE", "/containers/c1") == \
        (409, 'cannot remove container "c1": container is running: '
              "stop the container before removing or force remove")
    assert api.message("POST", "/containers/c1/kill", signal="NOPE") == \
        (400, "cannot kill container: c1: invalid signal: NOPE")
    assert api("POST", "/containers/c1/stop", t=5)[0] == 204
    assert api("POST", "/containers/c1/stop")[0] == 304
    assert api.inspect("c1")["State"]["ExitCode"] == 137
    assert api.message("POST", "/containers/c1/kill") == \
        (409, "cannot kill container: c1: container %s is not running" % cid)
    assert api("DELETE", "/containers/c1")[0] == 204
    assert api.message("GET", "/containers/c1/json") == (404, "No such container: c1")


def test_stop_sends_the_signal_first_and_kills_in_the_end(api):
    polite = api.run("sh", "-c", "trap 'exit 3' TERM; while :; do sleep 0.05; done")
    stubborn = api.run("sh", "-c", "trap '' TERM; while :; do sleep 0.05; done")
    time.sleep(0.3)
    assert api("POST", "/containers/%s/stop" % polite, t=10)[0] == 204
    assert api.inspect(polite)["State"]["ExitCode"] == 3
    began = time.monotonic()
    assert api("POST", "/containers/%s/stop" % stubborn, t=1)[0] == 204
    assert 0.9 < time.monotonic() - began < 5
    assert api.inspect(stubborn)["State"]["ExitCode"] == 137


def test_a_kill_gets_through_while_a_stop_waits(api):
    cid = api.run("sh", "-c", "trap '' TERM; while :; do sleep 0.05; done")
    time.sleep(0.3)
    stopping = threading.Thread(target=api, args=("POST", "/containers/%s/stop?t=30" % cid))
    stopping.start()
    time.sleep(0.2)
    assert api("POST", "/containers/%s/kill" % cid)[0] == 204
    stopping.join(5)
    assert not stopping.is_alive()


@pytest.mark.parametrize("body, status, message", [
    ({"HostConfig": {"Memory": 1000}}, 400, "Minimum memory limit allowed is 6MB"),
    ({"HostConfig": {"CapAdd": ["NOPE"]}}, 400,
     'invalid CapAdd: unknown capability: "CAP_NOPE"'),
    ({"HostConfig": {"RestartPolicy": {"Name": "bogus"}}}, 400,
     "invalid restart policy: unknown policy 'bogus'; use one of 'no', 'always', 'on-failure', or "
     "'unless-stopped'"),
    ({"HostConfig": {"AutoRemove": True, "RestartPolicy": {"Name": "always"}}}, 400,
     "can't create 'AutoRemove' container with restart policy"),
    ({"HostConfig": {"VolumesFrom": ["none"]}}, 400, "No such container: none"),
    ({"HostConfig": {"Mounts": [{"Type": "bind", "Source": "/nonexistent/dir", "Target": "/x"}]}},
     400, 'invalid mount config for type "bind": bind source path does not exist: /nonexistent/dir'),
    ({"HostConfig": {"Binds": ["./rel:/x"]}}, 400,
     'create ./rel: "./rel" includes invalid characters for a local volume name, only '
     '"[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use '
     "absolute path"),
    ({"Image": "nosuch:1"}, 404, "No such image: nosuch:1"),
    ({"HostConfig": {"UsernsMode": "private"}}, 400, "invalid user namespace mode: private"),
    ({"HostConfig": {"Sysctls": {"kernel.core_pattern": "x"}}}, 400,
     'sysctl "kernel.core_pattern" is not in a separate kernel namespace'),
    ({"Hostname": "a\nb"}, 400, "invalid hostname format: a\nb"),
    ({"HostConfig": {"ExtraHosts": ["a b:1.2.3.4"]}}, 400, 'bad format for add-host: "a b:1.2.3.4"'),
])
def test_what_is_refused_at_create(api, body, status, message):
    got, text = api.message("POST", "/containers/create", {"Image": "busybox", **body})
    assert got == status
    assert message is None or text == message
    assert api("GET", "/containers/json", all=1)[1] == []


def test_names(api):
    cid = api.create(name="c1")
    assert api.message("POST", "/containers/create", {"Image": "busybox"}, name="c1") == \
        (409, 'Conflict. The container name "/c1" is already in use by container "%s". You have to '
              "remove (or rename) that container to be able to reuse that name." % cid)
    assert api.message("POST", "/containers/create", {"Image": "busybox"}, name="!!") == \
        (400, "Invalid container name (!!), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed")
    assert api("POST", "/containers/c1/rename", name="c2")[0] == 204
    assert api.inspect(cid[:10])["Name"] == "/c2"
    assert api.message("POST", "/containers/c2/rename", name="c2")[0] == 400


def test_programs_that_can_not_run(api):
    cid = api.create("nosuchcmd", name="c127")
    status, text = api.message("POST", "/containers/c127/start")
    assert status == 400
    assert text.endswith('exec: "nosuchcmd": executable file not found in $PATH')
    state = api.inspect(cid)["State"]
    assert (state["Status"], state["ExitCode"]) == ("created", 127)
    api.create("/etc/passwd", name="c126")
    assert api.message("POST", "/containers/c126/start")[1].endswith(": permission denied")
    assert api.inspect("c126")["State"]["ExitCode"] == 126


def test_waits(api):
    cid = api.create("sh", "-c", "sleep 0.3; exit 5", host={"AutoRemove": True})
    results = {}

    def wait(condition):
        results[condition] = api("POST", "/containers/%s/wait" % cid, condition=condition)[1]

    threads = [threading.Thread(target=wait, args=(c,)) for c in ("next-exit", "removed")]
    for thread in threads:
        thread.start()
    time.sleep(0.2)
    api.start(cid)
    for thread in threads:
        thread.join(10)
    assert results == {"next-exit": {"StatusCode": 5}, "removed": {"StatusCode": 5}}
    assert api("GET", "/containers/%s/json" % cid)[0] == 404
    assert api.message("POST", "/containers/x/wait", condition="bogus") == \
        (400, 'invalid condition: "bogus"')


def test_restart_policies(api):
    cid = api.run("sh", "-c", "exit 4",
                  host={"RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 2}})
    until(lambda: api.inspect(cid)["State"]["Status"] == "exited")
    assert api.inspect(cid)["RestartCount"] == 2
    always = api.run("sleep", "0.1", host={"RestartPolicy": {"Name": "always"}})
    until(lambda: api.inspect(always)["RestartCount"] > 1)
    assert api("POST", "/containers/%s/stop" % always, t=0)[0] in (204, 304)
    time.sleep(1)
    assert api.inspect(always)["State"]["Status"] == "exited"


def test_lists_and_filters(api):
    api.run(name="run1", Labels={"k": "v", "x": "1"})
    api.create(name="made1", Labels={"k": "w"})

    def names(**query):
        if "filters" in query:
            query["filters"] = json.dumps(query["filters"])
        return sorted(c["Names"][0] for c in api("GET", "/containers/json", **query)[1])

    assert names() == ["/run1"]
    assert names(all=1) == ["/made1", "/run1"]
    assert names(limit=1) == ["/made1"]
    assert names(all=1, filters={"label": ["k=v"]}) == ["/run1"]
    assert names(all=1, filters={"label": {"k": True}}) == ["/made1", "/run1"]
    assert names(filters={"status": ["created"]}) == ["/made1"]
    assert names(all=1, filters={"name": ["^/run"]}) == ["/run1"]
    assert names(all=1, filters={"ancestor": ["busybox"], "before": ["made1"]}) == ["/run1"]
    assert api.message("GET", "/containers/json", filters='{"nope":["x"]}') == \
        (400, "invalid filter 'nope'")
    assert api.message("GET", "/containers/json", filters='{"status":["zzz"]}') == \
        (400, "invalid filter 'status=zzz': invalid value for state (zzz): must be one of created, "
              "running, paused, restarting, removing, exited, dead")
    assert api("POST", "/containers/prune")[1]["ContainersDeleted"] is not None
    assert names(all=1) == ["/run1"]


# -- what is inside ------------------------------------------------------------------------------

def test_inside(api):
    status, out = api.finish(
        "sh", "-c", "id; pwd; hostname; echo $A $HOSTNAME; cat /etc/hosts; ulimit -n; "
        "cat /proc/self/status | grep -E 'Cap(Bnd|Inh|Amb)|NoNewPrivs|Seccomp:'; ls /proc/self/fd",
        Env=["A=1"], WorkingDir="/tmp", Hostname="hh", Domainname="d.example",
        host={"ExtraHosts": ["db:10.1.2.3"], "SecurityOpt": ["no-new-privileges"],
              "Ulimits": [{"Name": "nofile", "Soft": 100, "Hard": 200}]})
    assert status == 0
    for part in ("uid=0(root)", "/tmp\n", "hh\n", "1 hh\n", "10.1.2.3\tdb\n", "100\n",
                 "CapBnd:\t00000000a80425fb", "CapInh:\t0000000000000000", "NoNewPrivs:\t1",
                 "Seccomp:\t2"):
        assert part in out, out


def test_limits_reach_the_cgroup(api):
    status, out = api.finish(
        "sh", "-c", "cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/pids/pids.max "
        "/sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max 2>/dev/null; true",
        host={"Memory": 64 << 20, "PidsLimit": 50})
    assert status == 0 and str(64 << 20) in out and "50" in out


def test_read_only_and_tmpfs(api):
    status, out = api.finish("sh", "-c", "touch /x 2>&1; touch /t/x && mount | grep ' /t '",
                             host={"ReadonlyRootfs": True, "Tmpfs": {"/t": "size=64k"}})
    assert status == 0
    assert "Read-only file system" in out and "size=64k" in out and "noexec" in out


def test_volumes_are_filled_once(api):
    api("POST", "/volumes/create", {"Name": "filled"})
    host = {"Binds": ["filled:/etc"]}
    assert "root" in api.finish("cat", "/etc/passwd", host=host)[1]
    assert api.finish("rm", "/etc/passwd", host=host)[0] == 0
    assert api.finish("test", "-e", "/etc/passwd", host=host)[0] == 1
    assert api.message("DELETE", "/volumes/nope") == (404, "get nope: no such volume")
    assert api("DELETE", "/volumes/filled")[0] == 204


def test_anonymous_volumes_go_with_their_container(api):
    cid = api.create(Volumes={"/data": {}})
    name = api.inspect(cid)["Mounts"][0]["Name"]
    assert api("GET", "/volumes/" + name)[0] == 200
    assert api.message("DELETE", "/volumes/" + name)[0] == 409
    assert api("DELETE", "/containers/" + cid, v=1)[0] == 204
    assert api("GET", "/volumes/" + name)[0] == 404


def test_own_mounts_win_over_inherited(api):
    api.create(name="giver", host={"Binds": ["given:/v", "kept:/w"]})
    cid = api.create(host={"VolumesFrom": ["giver:ro"], "Binds": ["own:/v"]})
    found = {m["Destination"]: (m["Name"], m["RW"]) for m in api.inspect(cid)["Mounts"]}
    assert found == {"/v": ("own", True), "/w": ("kept", False)}
    body = {"Image": "busybox", "HostConfig": {"Binds": ["own:/v"], "Tmpfs": {"/v": ""}}}
    assert api.message("POST", "/containers/create", body) == (400, "Duplicate mount point: /v")
    body["HostConfig"] = {"Tmpfs": {"/v/..": ""}}
    assert api.message("POST", "/containers/create", body) == (
        400, "invalid specification: destination can't be '/'")


def test_subpath_of_a_volume_stays_inside(api):
    def at(path):
        return {"Mounts": [{"Type": "volume", "Source": "sub", "Target": "/m",
                            "VolumeOptions": {"Subpath": path}}]}
    fill = "mkdir -p /v/a..b/c && echo in >/v/a..b/f && ln -s / /v/up && ln -s /a..b /v/link"
    assert api.finish("sh", "-c", fill, host={"Binds": ["sub:/v"]})[0] == 0
    for path in "a..b", "a..b/c/..", "link", "up/a..b":
        assert api.finish("cat", "/m/f", host=at(path)) == (0, "in\n"), path
    assert api.finish("ls", "/m", host=at("up"))[1].split() == ["a..b", "link", "up"]
    body = {"Image": "busybox", "HostConfig": at("a/../../x")}
    assert "relative path within the volume" in api.message("POST", "/containers/create", body)[1]
    status, said = api.message("POST", "/containers/%s/start" % api.create(host=at("none")))
    assert status == 400 and said.endswith("/none: No such file or directory")


def test_how_far_read_only_reaches(api, tmp_path):
    def refused(read_only, **options):
        mount = {"Type": "bind", "Source": str(tmp_path), "Target": "/m", "ReadOnly": read_only,
                 "BindOptions": options}
        body = {"Image": "busybox", "HostConfig": {"Mounts": [mount]}}
        status, answer = api("POST", "/containers/create", body)
        return status == 400 and answer["message"]
    assert "needs ReadOnly" in refused(False, ReadOnlyNonRecursive=True)
    assert "needs ReadOnly" in refused(False, ReadOnlyForceRecursive=True)
    assert "exclude" in refused(True, ReadOnlyNonRecursive=True, ReadOnlyForceRecursive=True)
    assert "rprivate" in refused(True, ReadOnlyForceRecursive=True, Propagation="rslave")
    assert not refused(True, ReadOnlyForceRecursive=True, Propagation="rprivate")


def test_binds(api, tmp_path):
    (tmp_path / "f").write_text("from the host\n")
    host = {"Binds": ["%s:/b:ro" % tmp_path, "%s/new:/n" % tmp_path]}
    status, out = api.finish("sh", "-c", "cat /b/f; touch /b/x 2>&1; touch /n/made", host=host)
    assert status == 0 and "from the host" in out and "Read-only" in out
    assert (tmp_path / "new" / "made").exists()


# -- streams -------------------------------------------------------------------------------------

def test_logs(api):
    cid = api.run("sh", "-c", "echo one; echo two >&2; echo three", name="lg")
    api("POST", "/containers/lg/wait")

    def logs(**query):
        return frames(api("GET", "/containers/lg/logs", raw=True, **query)[1])

    assert sorted(logs(stdout=1, stderr=1)) == [(1, b"one\n"), (1, b"three\n"), (2, b"two\n")]
    assert logs(stderr=1) == [(2, b"two\n")]
    assert len(logs(stdout=1, stderr=1, tail=1)) == 1
    assert logs(stdout=1, tail=0) == []
    stamped = logs(stdout=1, timestamps=1)[0][1]
    assert len(stamped) == 35 and stamped.endswith(b"Z one\n")
    assert api.message("GET", "/containers/%s/logs" % cid) == \
        (400, "Bad parameters: you must choose at least one stream")


def test_following_ends_with_the_container_and_misses_nothing(api):
    cid = api.run("sh", "-c", "i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done",
                  host={"LogConfig": {"Type": "json-file",
                                      "Config": {"max-size": "1m", "max-file": "5"}}})
    data = api("GET", "/containers/%s/logs" % cid, raw=True, stdout=1, follow=1)[1]
    lines = b"".join(text for _, text in frames(data)).decode().splitlines()
    assert lines == ["line %d" % i for i in range(3000)]


def test_run_with_input(engine, api):
    assert engine.docker("run", "-i", "--rm", "busybox", "cat", stdin="hello\n").stdout == "hello\n"
    done = engine.docker("run", "--rm", "busybox", "sh", "-c", "echo out; echo err >&2; exit 7",
                         check=False)
    assert (done.returncode, done.stdout, done.stderr) == (7, "out\n", "err\n")
    assert api("GET", "/containers/json", all=1)[1] == []


def test_a_quick_program_loses_no_output(engine):
    for _ in range(5):
        assert engine.docker("run", "--rm", "busybox", "echo", "here").stdout == "here\n"


def test_start_attached_again(engine, api):
    api.create("echo", "again", name="again")
    for _ in range(2):
        assert engine.docker("start", "-a", "again").stdout == "again\n"


def test_terminal(engine):
    seen = engine.pty("run", "-it", "--rm", "busybox", "sh", "-c", "tty; echo ok", client="docker")
    assert "/dev/pts/0" in seen and "ok" in seen


def test_much_output(engine):
    done = engine.docker("run", "--rm", "busybox", "sh", "-c", "yes 0123456789 | head -c 20000000")
    assert len(done.stdout) == 20000000


def test_health(api):
    cid = api.run(Healthcheck={"Test": ["CMD-SHELL", "test -e /tmp/ok"], "Interval": 100000000,
                               "Retries": 2})
    until(lambda: api.inspect(cid)["State"]["Health"]["Status"] == "unhealthy")
    _, made = api("POST", "/containers/%s/exec" % cid, {"Cmd": ["touch", "/tmp/ok"]})
    assert api("POST", "/exec/%s/start" % made["Id"], {"Detach": True})[0] == 200
    until(lambda: api.inspect(cid)["State"]["Health"]["Status"] == "healthy")
    assert "(healthy)" in api("GET", "/containers/json")[1][0]["Status"]


def test_execs_that_are_never_started(api):
    """So many are remembered; after that the oldest ones go."""
    cid = api.run()
    first = api("POST", "/containers/%s/exec" % cid, {"Cmd": ["true"]})[1]["Id"]
    connection, body = Http(api.engine.sock), json.dumps({"Cmd": ["true"]}).encode()
    connection.connect()
    one = (b"POST /containers/%s/exec HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\n"
           b"Content-Length: %d\r\n\r\n%s" % (cid.encode(), len(body), body))
    answers, last = connection.sock.makefile("rb"), None
    for _ in range(42):
        connection.sock.sendall(one * 100)
        for _ in range(100):
            assert b" 201 " in answers.readline()
            while answers.readline() != b"\r\n":
                pass
            last = json.loads(answers.readline())["Id"]
    connection.close()
    assert api("GET", "/exec/%s/json" % first)[0] == 404
    assert api("POST", "/exec/%s/start" % last, {"Detach": True})[0] == 200
    assert api("POST", "/exec/%s/start" % last, {"Detach": True})[0] == 409


# -- files ---------------------------------------------------------------------------------------

@pytest.mark.parametrize("running", [False, True])
def test_copies(api, running):
    cid = api.run() if running else api.create()
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        info = tarfile.TarInfo("new")
        info.size = 4
        tar.addfile(info, io.BytesIO(b"data"))
    path = "/containers/%s/archive" % cid
    assert api("PUT", path + "?path=/tmp", packed.getvalue())[0] == 200
    status, data = api("GET", path, raw=True, path="/tmp/new")
    assert status == 200
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        assert tar.extractfile("new").read() == b"data"
    assert api.message("GET", path, path="/nope")[0] == 404
    assert api.message("PUT", path + "?path=/etc/passwd", packed.getvalue()) == \
        (400, "extraction point is not a directory")
    changes = {(c["Path"], c["Kind"]) for c in api("GET", "/containers/%s/changes" % cid)[1]}
    assert ("/tmp/new", 1) in changes
    status, data = api("GET", "/containers/%s/export" % cid, raw=True)
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        assert "tmp/new" in [n.removeprefix("./") for n in tar.getnames()]


def test_top_and_stats(api):
    cid = api.run("sleep", "77")
    _, top = api("GET", "/containers/%s/top" % cid)
    assert top["Titles"] == ["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"]
    assert top["Processes"][0][0] == "root" and top["Processes"][0][7] == "sleep 77"
    _, stats = api("GET", "/containers/%s/stats" % cid, stream=0)
    assert stats["pids_stats"]["current"] == 1 and stats["precpu_stats"]["system_cpu_usage"] > 0
    api("POST", "/containers/%s/kill" % cid)
    assert api.message("GET", "/containers/%s/top" % cid)[0] == 409
    assert api("GET", "/containers/%s/stats" % cid, stream=0)[1]["read"] == "0001-01-01T00:00:00Z"


def kernel_field(pid, name):
    with open("/proc/%d/status" % pid) as status:
        return next(line.split(":\t")[1].strip() for line in status if line.startswith(name + ":"))


def kernel_count(pid):
    """What the kernel counts in the cgroup of the process PID."""
    with open("/proc/%d/cgroup" % pid) as file:
        lines = [line.strip().split(":", 2) for line in file]
    for _, controllers, path in lines:
        if "pids" in controllers.split(","):
            folder = "/sys/fs/cgroup/pids" + path
            break
    else:
        (folder,) = ["/sys/fs/cgroup" + path for number, _, path in lines if number == "0"]
    with open(folder + "/pids.current") as file:
        return int(file.read())


@pytest.mark.parametrize("tty", [False, True])
def test_execs_that_fail_are_no_processes_of_the_container(api, tty):
    cid = api.run("sleep", "78")
    pid = api.inspect(cid)["State"]["Pid"]

    def counted():
        stats = api("GET", "/containers/%s/stats" % cid, stream=0, **{"one-shot": 1})[1]
        return stats["pids_stats"]["current"]

    for wrong in ({"Cmd": ["nosuch"]}, {"Cmd": ["/etc"]}, {"Cmd": ["true"], "User": "nosuch"},
                  {"Cmd": ["true"], "User": "0:nosuch"}, {"Cmd": ["true"], "WorkingDir": "/nosuch"},
                  {"Cmd": ["/bin/sh/x"]}):
        for detached in (True, False):
            made = api("POST", "/containers/%s/exec" % cid, {**wrong, "Tty": tty})[1]["Id"]
            status, _ = api("POST", "/exec/%s/start" % made, {"Detach": detached, "Tty": tty},
                            raw=True)
            assert status >= 400 or not detached, wrong
            # What the engine tells is what the kernel counts, and in the end that is one.
            until(lambda: (counted(), kernel_count(pid)) == (1, 1))
            shown = api("GET", "/exec/%s/json" % made)[1]
            assert shown["Running"] is False and shown["ExitCode"] in (126, 127), (wrong, shown)
    made = api("POST", "/containers/%s/exec" % cid, {"Cmd": ["sleep", "79"], "Tty": tty})[1]["Id"]
    assert api("POST", "/exec/%s/start" % made, {"Detach": True, "Tty": tty})[0] == 200
    assert (counted(), kernel_count(pid)) == (2, 2)


def test_update(api):
    cid = api.run(host={"Memory": 64 << 20})
    status, answer = api("POST", "/containers/%s/update" % cid,
                         {"Memory": 32 << 20, "RestartPolicy": {"Name": "unless-stopped"}})
    assert (status, answer) == (200, {"Warnings": None})
    host = api.inspect(cid)["HostConfig"]
    assert host["Memory"] == 32 << 20 and host["RestartPolicy"]["Name"] == "unless-stopped"


# -- many, and crashes ---------------------------------------------------------------------------

def test_many_clients_at_once(api):
    codes = []

    def client():
        for method, path in (("POST", "/containers/x/start"), ("POST", "/containers/x/stop?t=0"),
                             ("POST", "/containers/x/kill"), ("POST", "/containers/x/restart?t=0"),
                             ("DELETE", "/containers/x?force=1")) * 3:
            try:
                api.create(name="x")
            except AssertionError:
                pass
            codes.append(api(method, path)[0])

    threads = [threading.Thread(target=client) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert set(codes) <= {204, 304, 404, 409}, codes
    api("DELETE", "/containers/x", force=1)
    assert api("GET", "/containers/json", all=1)[1] == []


def test_containers_outlive_the_daemon(own_engine):
    api = Api(own_engine)
    counter = api.run("sh", "-c", "i=0; while :; do echo $i; i=$((i+1)); sleep 0.05; done")
    ends = api.run("sh", "-c", "sleep 1; exit 9")
    gone = api.run("sleep", "1", host={"AutoRemove": True})
    comes_back = api.run("sleep", "1", host={"RestartPolicy": {"Name": "always"}})
    pid = api.inspect(counter)["State"]["Pid"]
    time.sleep(0.3)
    own_engine.kill()
    time.sleep(1.2)
    own_engine.start()
    assert api.inspect(counter)["State"]["Pid"] == pid
    state = api.inspect(ends)["State"]
    assert (state["Status"], state["ExitCode"]) == ("exited", 9)
    until(lambda: api("GET", "/containers/%s/json" % gone)[0] == 404)
    until(lambda: api.inspect(comes_back)["State"]["Status"] == "running")
    assert own_engine.docker("exec", counter, "echo", "ok").stdout == "ok\n"
    own_engine.docker("stop", "-t", "0", counter)
    data = api("GET", "/containers/%s/logs" % counter, raw=True, stdout=1)[1]
    lines = b"".join(text for _, text in frames(data)).decode().split()
    assert lines == [str(i) for i in range(len(lines))] and len(lines) > 20


def test_a_host_that_has_its_cgroups_mounted_twice(tmp_path):
    """As with a chroot that has them, too."""
    own = Engine(bridge="hcg%d" % (os.getpid() % 100000), within=[
        "unshare", "--mount", "sh", "-c", "mount --rbind /sys/fs/cgroup \"$0\" && exec \"$@\"",
        str(tmp_path)])
    try:
        own.load_busybox()
        shown = own.hull("run", "--rm", "--network", "none", "--memory", "32m", "busybox", "sh",
                         "-c", "mount").stdout
        places = [line.split()[2] for line in shown.splitlines() if " type cgroup" in line]
        assert places and len(places) == len(set(places)), places
    finally:
        own.stop()


def test_filters_of_ports(engine):
    """publish means ports of the host, expose those of the container."""
    cid = engine.hull("run", "-d", "-p", "127.0.0.1::80", "--expose", "90/udp", "busybox", "sleep",
                      "300").stdout.strip()
    port = engine.hull("port", cid, "80").stdout.strip().rsplit(":", 1)[1]

    def found(name, value):
        listed = engine.hull("ps", "-q", "--no-trunc", "--filter", "%s=%s" % (name, value))
        return cid in listed.stdout
    try:
        assert found("publish", port) and found("publish", port + "/tcp")
        assert found("publish", "%s-%d" % (port, int(port) + 1))
        assert not found("publish", "80") and not found("publish", port + "/udp")
        assert found("expose", "80") and found("expose", "85-95/udp")
        assert not found("expose", "90") and not found("expose", port)
        done = engine.hull("ps", "--filter", "publish=x", check=False)
        assert done.returncode == 1 and "invalid filter 'publish=x'" in done.stderr
    finally:
        engine.hull("rm", "-f", cid)


def test_details_of_logs(engine):
    """As docker shows them: sorted, and as in the query of a URL."""
    engine.hull("run", "--name", "told", "--network", "none", "--label", "z=1", "--label",
                "a=two words", "--log-opt", "labels=z,a", "--log-opt", "tag={{.Name}}/x",
                "busybox", "echo", "hi")
    try:
        assert engine.hull("logs", "--details", "told").stdout == "a=two+words,tag=told%2Fx,z=1 hi\n"
    finally:
        engine.hull("rm", "told")


def test_a_shim_that_hangs_holds_nobody_up(engine):
    """Who asks it hears so; SIGKILL ends the program, and the shim that can't say how."""
    engine.hull("run", "-d", "--name", "hangs", "--network", "none", "busybox", "sleep", "300")
    pid = int(engine.hull("inspect", "-f", "{{.State.Pid}}", "hangs").stdout)
    shim = kernel_field(pid, "PPid")
    os.kill(int(shim), signal.SIGSTOP)
    try:
        asked = [subprocess.Popen(engine.command(*args), stderr=subprocess.PIPE, text=True)
                 for args in (("kill", "-s", "HUP", "hangs"), ("attach", "--no-stdin", "hangs"))]
        for client in asked:
            assert "does not answer: it may hang in the kernel" in client.communicate(timeout=60)[1]
            assert client.returncode == 1
        engine.hull("kill", "hangs")
        assert engine.hull("wait", "hangs").stdout == "137\n"
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(shim), signal.SIGCONT)
        engine.hull("rm", "-f", "hangs")


def test_who_shares_a_network_has_its_names(engine):
    """Host name, hosts and name servers are those of the container that the network belongs to."""
    engine.hull("network", "create", "shared")
    try:
        engine.hull("run", "-d", "--name", "owner", "--hostname", "itself", "--network", "shared",
                    "busybox", "sleep", "300")
        shown = engine.hull("run", "--rm", "--network", "container:owner", "busybox", "sh", "-c",
                            "hostname; cat /etc/hostname; echo $HOSTNAME; cat /etc/hosts "
                            "/etc/resolv.conf").stdout
        assert shown.startswith("itself\nitself\nitself\n")
        assert "\titself\n" in shown and "nameserver 127.0.0.11" in shown
        done = engine.hull("run", "--rm", "--ipc", "container:owner", "busybox", "true", check=False)
        assert done.returncode == 125 and "non-shareable IPC (hint: use IpcMode" in done.stderr
    finally:
        engine.hull("rm", "-f", "owner", check=False)
        engine.hull("network", "rm", "shared")
