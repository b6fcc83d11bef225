"""runtime/oci: containers by runc and crun, as by hull's own runtime.

HULL_TEST_RUNTIME=crun runs every other file of these tests with that runtime, too.
"""
import glob
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
import urllib.request

import pytest

from engine import ONE_CGROUP, Engine, busybox_layer, program
from images import archive, tar_of

RUNTIMES = [name for name in ("runc", "crun") if shutil.which(name, path=os.environ["PATH"] +
                                                              ":/usr/sbin")]


@pytest.fixture(scope="module")
def oci():
    """A daemon with both runtimes; one is named by its path, one by its name alone."""
    folder = tempfile.mkdtemp(prefix="hulloci-")
    shutil.copy("/bin/true", folder + "/going")
    made = Engine("--add-runtime", "my-runc=runc", "--add-runtime", "my-crun=/usr/bin/crun",
                  "--add-runtime", "going=" + folder + "/going", within=ONE_CGROUP,
                  bridge="htr%d" % (os.getpid() % 100000))
    made.folder, made.seen = folder, set()
    made.load_busybox()
    made.hull("run", "-d", "--name", "first", "--runtime", "my-runc", "busybox", "sleep", "60")
    pid = made.hull("inspect", "-f", "{{.State.Pid}}", "first").stdout.strip()
    with open("/proc/%s/cgroup" % pid) as file:
        parent = re.search(r":pids:/(hull-[^/]+)/", file.read()).group(1)
    made.hull("rm", "-f", "first")
    yield made
    made.stop()
    shutil.rmtree(folder)
    assert not glob.glob("/sys/fs/cgroup/*/" + parent)


@pytest.fixture(params=["runc", "crun"])
def rt(oci, request):
    """run(*flags) starts a container by one of the runtimes; all go at the end."""
    if request.param not in RUNTIMES:
        pytest.skip(request.param + " is not installed")

    class Runtime:
        name, engine, count = request.param, oci, 0

        def flags(self, *flags):
            return ["--runtime", "my-" + self.name, *flags]

        def run(self, *args, check=True, **options):
            return oci.hull("run", "--rm", *self.flags(*args), check=check, **options)

        def start(self, *args):
            return oci.hull("run", "-d", *self.flags(*args)).stdout.strip()

        def show(self, cid, what):
            return oci.hull("inspect", "-f", "{{%s}}" % what, cid).stdout.strip()

    yield Runtime()
    for cid in oci.hull("ps", "-aq", "--no-trunc").stdout.split():
        oci.seen.add(cid)
        oci.hull("rm", "-f", cid)
    assert os.listdir(oci.root + "/exec/containers") == []
    assert cgroups(oci) == []


def cgroups(engine):
    """What is left of containers below the daemon's own cgroups."""
    paths = subprocess.run(["find", "/sys/fs/cgroup", "-maxdepth", "3", "-name", "[0-9a-f]" * 64],
                           capture_output=True, text=True, check=False).stdout.split()
    return [path for path in paths if os.path.basename(path) in engine.seen]


def figures(engine, cid):
    done = subprocess.run(["curl", "-sS", "--max-time", "5", "--unix-socket", engine.sock,
                           "http://d/containers/%s/stats?stream=0&one-shot=1" % cid],
                          capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def alive(pid):
    try:
        with open("/proc/%d/stat" % pid) as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def wait_for(test, seconds=10):
    deadline = time.monotonic() + seconds
    while not test():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_streams_and_statuses(rt):
    done = rt.run("-i", "busybox", "sh", "-c", "cat; echo err >&2; exit 7", stdin="in\n", check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("in\n", "err\n", 7)
    assert rt.run("--init", "busybox", "sh", "-c", "kill -9 $$", check=False).returncode == 137
    done = rt.run("busybox", "sh", "-c", "yes 0123456789 | head -c 3000000")
    assert len(done.stdout) == 3000000
    said = rt.engine.pty("run", "--rm", "-it", *rt.flags("busybox", "sh", "-c", "tty; stty size"))
    assert "/dev/pts/0" in said or "/dev/console" in said


def test_programs_that_cant_be_run(rt):
    cid = rt.start("busybox", "sleep", "60")
    for command, status, says in (
            ("nosuch", 127, 'exec: "nosuch": executable file not found in $PATH'),
            ("/no/such", 127, 'exec: "/no/such": stat /no/such: no such file or directory'),
            ("/etc/passwd", 126, "permission denied"), ("/etc", 126, "permission denied")):
        done = rt.run("busybox", command, check=False)
        assert done.returncode == status and says in done.stderr, done.stderr
        assert done.stderr.count(says) == 1 and done.stdout == ""
        done = rt.engine.hull("exec", cid, command, check=False)
        assert done.returncode == status and says in done.stdout + done.stderr, done.stderr


def test_what_it_is_inside(rt, tmp_path):
    (tmp_path / "file").write_text("of the host")
    done = rt.run("--hostname", "inside", "--domainname", "example.org", "-u", "me:extra",
                  "--group-add", "root", "-e", "A=b", "-w", "/made/here", "--init", "--read-only",
                  "--tmpfs", "/t:size=1m", "--ulimit", "nofile=77",
                  "--sysctl", "net.ipv4.ip_default_ttl=42", "--cap-add", "NET_ADMIN", "busybox",
                  "sh", "-c", "hostname; id; pwd; echo $A $HOME; ulimit -n; "
                  "cat /proc/sys/net/ipv4/ip_default_ttl /proc/sys/kernel/domainname; cat "
                  "/proc/1/comm; grep CapBnd /proc/self/status; touch /x /t/z", check=False)
    lines = done.stdout.splitlines()
    assert lines[0] == "inside" and "uid=1000" in lines[1] and "gid=2000" in lines[1]
    assert lines[2:] == ["/made/here", "b /home/me", "77", "42", "example.org",
                         "docker-init", "CapBnd:\t00000000a80435fb"]
    assert "/x: Read-only" in done.stderr and "/t/z" not in done.stderr
    done = rt.run("-v", str(tmp_path) + ":/host:ro", "busybox", "sh", "-c",
                  "cat /host/file; touch /host/y", check=False)
    for more in (), ("--read-only",):
        done2 = rt.run("--tmpfs", "/t", *more, "busybox", "stat", "-c", "%a", "/t")
        assert done2.stdout == "1777\n"
    assert done.stdout == "of the host" and "/host/y: Read-only" in done.stderr


def test_confinement(rt):
    done = rt.run("busybox", "sh", "-c", "grep -E 'Seccomp:|CapEff' /proc/self/status; "
                  "unshare -m true; ls /sys/firmware | wc -l; echo x > /proc/sys/kernel/core_pattern",
                  check=False)
    assert done.returncode != 0
    assert "Seccomp:\t2" in done.stdout and "CapEff:\t00000000a80425fb" in done.stdout
    assert "unshare" in done.stderr and "core_pattern" in done.stderr
    done = rt.run("--privileged", "busybox", "sh", "-c", "grep Seccomp: /proc/self/status; mount -t "
                  "tmpfs x /tmp && echo mounted")
    assert "Seccomp:\t0" in done.stdout and "mounted" in done.stdout
    rt.engine.load(archive("links:latest", [busybox_layer(), tar_of({
        "a": "/proc/sys/kernel", "b": "a", "up": "/nosuch/../proc", "loop": "loop", "fine": "etc"})]))
    for target in "/proc/sys", "/proc/../proc/1", "/a", "/b/x", "/up/sys", "/loop/x":
        for flag in "--volume=/tmp:" + target, "--tmpfs=" + target:
            done = rt.run(flag, "links", "true", check=False)
            assert done.returncode != 0 and os.path.normpath(target) in done.stderr, flag
    rt.run("--tmpfs", "/fine/x", "links", "true")


def test_exec(rt):
    cid = rt.start("busybox", "sleep", "60")
    hull = rt.engine.hull
    done = hull("exec", "-i", "-u", "1000:2000", "-w", "/tmp", "-e", "B=c", cid, "sh", "-c",
                "cat; id -u; id -g; pwd; echo $B; exit 3", stdin="in\n", check=False)
    assert done.stdout == "in\n1000\n2000\n/tmp\nc\n" and done.returncode == 3
    assert "/dev/pts/" in rt.engine.pty("exec", "-it", cid, "tty")
    assert "CapEff:\t0000000000000000" in hull("exec", "-u", "me", cid, "grep", "CapEff",
                                               "/proc/self/status").stdout
    hull("exec", "-d", cid, "sh", "-c", "echo $$ > /tmp/pid; exec sleep 50")
    wait_for(lambda: "sleep 50" in hull("top", cid).stdout)
    assert "sleep 60" in hull("top", cid).stdout
    hull("exec", cid, "sh", "-c", "kill $(cat /tmp/pid)")
    wait_for(lambda: "sleep 50" not in hull("top", cid).stdout)


def test_pause_update_and_figures(rt):
    cid = rt.start("--memory", "64m", "--cpus", "0.5", "--pids-limit", "33", "busybox", "sh", "-c",
                   "while :; do echo tick; sleep 0.05; done")
    hull = rt.engine.hull

    def ticks():
        return hull("logs", cid).stdout.count("tick")

    hull("pause", cid)
    assert rt.show(cid, ".State.Status") == "paused"
    before = ticks()
    time.sleep(0.3)
    assert ticks() == before
    hull("unpause", cid)
    wait_for(lambda: ticks() > before)
    shown = figures(rt.engine, cid)
    assert shown["memory_stats"]["limit"] == 64 << 20 and shown["pids_stats"]["current"] >= 1
    assert shown["pids_stats"]["limit"] == 33 and shown["cpu_stats"]["cpu_usage"]["total_usage"] > 0
    hull("update", "--memory", "48m", "--memory-swap", "48m", "--pids-limit", "44", cid)
    shown = figures(rt.engine, cid)
    assert shown["memory_stats"]["limit"] == 48 << 20 and shown["pids_stats"]["limit"] == 44
    hull("kill", "-s", "TERM", cid)
    assert rt.show(cid, ".State.Running") == "true"  # process 1 has no handler
    hull("stop", "-t", "0", cid)
    assert rt.show(cid, ".State.ExitCode") == "137"
    assert "is not running" in hull("kill", cid, check=False).stderr


def test_oom(rt):
    cid = rt.start("--memory", "16m", "--memory-swap", "16m", "busybox", "sh", "-c",
                   "x=a; while :; do x=$x$x; done")
    assert rt.engine.hull("wait", cid).stdout == "137\n"
    assert rt.show(cid, ".State.OOMKilled") == "true"


def test_restart_policy(rt):
    cid = rt.start("--restart", "on-failure:2", "busybox", "sh", "-c", "echo once; exit 5")
    wait_for(lambda: rt.show(cid, ".State.Status") == "exited" and
             rt.show(cid, ".RestartCount") == "2")
    assert rt.engine.hull("logs", cid).stdout == "once\n" * 3
    assert rt.show(cid, ".State.ExitCode") == "5"
    assert rt.show(cid, ".HostConfig.Runtime") == "my-" + rt.name


def test_ports_and_names(rt):
    hull = rt.engine.hull
    hull("network", "create", "ocinet")
    try:
        rt.start("--network", "ocinet", "--name", "ociweb", "-p", "127.0.0.1:18571:80", "busybox",
                 "httpd", "-f", "-h", "/www")

        def answers():
            try:
                with urllib.request.urlopen("http://127.0.0.1:18571/", timeout=2) as page:
                    return b"it works" in page.read()
            except OSError:
                return False

        wait_for(answers)
        assert "it works" in rt.run("--network", "ocinet", "busybox", "wget", "-qO-",
                                    "http://ociweb/").stdout
        hull("rm", "-f", "ociweb")
    finally:
        hull("network", "rm", "ocinet")


def test_volumes_and_shared_namespaces(rt):
    hull = rt.engine.hull
    hull("volume", "create", "ocivol")
    try:
        rt.run("-v", "ocivol:/v", "busybox", "sh", "-c", "mkdir -p /v/a/b; echo deep > /v/a/b/file; "
               "ln -s /etc /v/out; ln -s a /v/in")
        mount = "type=volume,source=ocivol,target=/m,volume-subpath="
        assert rt.run("--mount", mount + "in/b", "busybox", "cat", "/m/file").stdout == "deep\n"
        done = rt.run("--mount", mount + "out", "busybox", "cat", "/m/shadow", check=False)
        assert done.returncode != 0  # not the host's /etc, which the link says
        assert rt.run("--mount", "type=image,source=busybox,target=/m", "busybox", "cat",
                      "/m/www/index.html").stdout == "<h1>it works</h1>\n"
        cid = rt.start("--ipc", "shareable", "-v", "ocivol:/v", "busybox", "sh", "-c",
                       "echo shared > /dev/shm/x; hostname > /v/name; sleep 60")
        wait_for(lambda: rt.run("--ipc", "container:" + cid, "--pid", "container:" + cid, "busybox",
                                "sh", "-c", "cat /dev/shm/x; ps | grep -c 'sleep 60'",
                                check=False).stdout.startswith("shared\n"))
        assert rt.run("--volumes-from", cid, "--network", "container:" + cid, "busybox", "cat",
                      "/v/name").stdout == cid[:12] + "\n"
        hull("rm", "-f", cid)
    finally:
        hull("volume", "rm", "-f", "ocivol")


def test_the_daemon_is_killed(rt):
    """It finds all again: the process, its output of meanwhile, an exec's end, a pause."""
    hull = rt.engine.hull
    cid = rt.start("busybox", "sh", "-c", "i=0; while :; do echo $((i=i+1)); sleep 0.02; done")
    ended = rt.start("busybox", "sh", "-c", "while [ ! -e /tmp/go ]; do sleep 0.05; done; exit 9")
    paused = rt.start("busybox", "sleep", "60")
    hull("pause", paused)
    pid = rt.show(cid, ".State.Pid")
    hull("exec", "-d", ended, "sh", "-c", "sleep 0.3; touch /tmp/go")
    rt.engine.kill()
    time.sleep(0.6)
    rt.engine.start()
    assert rt.show(cid, ".State.Pid") == pid and rt.show(cid, ".State.Running") == "true"
    wait_for(lambda: rt.show(ended, ".State.ExitCode") == "9")
    assert rt.show(paused, ".State.Status") == "paused"
    hull("unpause", paused)
    assert hull("exec", paused, "echo", "again").stdout == "again\n"
    hull("stop", "-t", "0", cid)
    lines = list(map(int, hull("logs", cid).stdout.split()))
    assert lines == list(range(1, len(lines) + 1)) and len(lines) > 20


def test_daemon_and_shim_are_killed(rt):
    """What they leave, the runtime's own state as well, is gone after the next start."""
    cid = rt.start("busybox", "sleep", "60")
    pid = int(rt.show(cid, ".State.Pid"))
    shim = int(open("/proc/%d/stat" % pid).read().rsplit(")", 1)[1].split()[1])
    assert "hull-shim" in open("/proc/%d/cmdline" % shim).read()
    rt.engine.kill()
    os.kill(shim, 9)
    rt.engine.start()
    wait_for(lambda: rt.show(cid, ".State.Status") == "exited")
    assert rt.show(cid, ".State.ExitCode") == "255" and not alive(pid)
    rt.engine.hull("start", cid)
    assert rt.show(cid, ".State.Running") == "true"


def test_nothing_in_the_host_s_mount_table(rt):
    cid = rt.start("--mount", "type=tmpfs,target=/x", "busybox", "sleep", "60")
    with open("/proc/%d/mountinfo" % rt.engine.process.pid) as mounts:
        assert not [line for line in mounts if cid in line]


# --- names --------------------------------------------------------------------------------------


def test_info_and_names(oci):
    info = json.loads(oci.hull("info", "--format", "{{json .}}").stdout)
    assert set(info["Runtimes"]) >= {"native", "my-runc", "my-crun", "going"}
    assert info["Runtimes"]["my-crun"]["path"] == "/usr/bin/crun"
    assert info["DefaultRuntime"] == "native"
    for name in "nosuch", "../native", "native2", "":
        done = oci.docker("create", "--runtime=" + name, "busybox", check=False)
        assert (done.returncode == 0) == (name == "")
        if name:
            assert "unknown or invalid runtime name: " + name in done.stderr
    done = oci.docker("create", "--runtime", "/no/such", "busybox", check=False)
    assert "/no/such is no program that can be run" in done.stderr
    if "crun" in RUNTIMES:
        assert oci.hull("run", "--rm", "--runtime", "/usr/bin/crun", "busybox", "echo",
                        "by path").stdout == "by path\n"
    for cid in oci.hull("ps", "-aq").stdout.split():
        oci.hull("rm", "-f", cid)


def test_a_runtime_that_does_nothing_and_goes(oci):
    """It says that all is well, and there is no process; then it is not there any more."""
    cid = oci.hull("create", "--runtime", "going", "busybox", "true").stdout.strip()
    done = oci.hull("start", cid, check=False)
    assert done.returncode != 0 and "told no process of its own" in done.stderr
    os.unlink(oci.folder + "/going")
    done = oci.hull("start", cid, check=False)
    assert "going is no program that can be run" in done.stderr
    oci.hull("rm", cid)
    assert os.listdir(oci.root + "/exec/containers") == []


@pytest.mark.parametrize("flags, config, says", [
    (["--add-runtime", "runc=/bin/true"], None, "runtime name 'runc' is reserved"),
    (["--add-runtime", "x"], None, "--add-runtime: expected NAME=PATH"),
    (["--add-runtime", "x=a/b"], None, "runtimes: x: expected an absolute path or the name"),
    (["--add-runtime", "x=/a", "--add-runtime", "x=/b"], None, "runtime 'x' was already registered"),
    (["--default-runtime", "x"], None, "specified default runtime 'x' does not exist"),
    ([], {"runtimes": {"x": {"runtimeType": "io.containerd.runc.v2"}}}, "runtimeType and options"),
    ([], {"runtimes": {"x": {"path": "/x", "nosuch": 1}}}, "nosuch")])
def test_what_the_configuration_may_not_say(tmp_path, flags, config, says):
    if config is not None:
        (tmp_path / "hulld.json").write_text(json.dumps(config))
        flags = ["--config-file", str(tmp_path / "hulld.json")]
    done = subprocess.run([program("hulld"), "--root", str(tmp_path / "root"), "--bridge", "none",
                           *flags], capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode != 0 and says in done.stderr, done.stderr


def test_default_runtime_with_arguments(tmp_path):
    if "crun" not in RUNTIMES:
        pytest.skip("crun is not installed")
    log = tmp_path / "calls"
    (tmp_path / "wrapper").write_text("#!/bin/sh\necho \"$@\" >> %s\n[ \"$1\" = --mine ] && shift\n"
                                      "exec /usr/bin/crun \"$@\"\n" % log)
    (tmp_path / "wrapper").chmod(0o755)
    (tmp_path / "hulld.json").write_text(json.dumps({
        "default-runtime": "mine",
        "runtimes": {"mine": {"path": str(tmp_path / "wrapper"), "runtimeArgs": ["--mine"]}}}))
    made = Engine("--config-file", str(tmp_path / "hulld.json"), within=ONE_CGROUP,
                  bridge="htm%d" % (os.getpid() % 100000))
    try:
        made.load_busybox()
        assert made.hull("run", "--rm", "busybox", "echo", "mine").stdout == "mine\n"
        info = json.loads(made.hull("info", "--format", "{{json .}}").stdout)
        assert info["DefaultRuntime"] == "mine"
        assert info["Runtimes"]["mine"]["runtimeArgs"] == ["--mine"]
        calls = [line.split() for line in log.read_text().splitlines()]
        assert all(call[0] == "--mine" and call[1] == "--root" for call in calls)
        assert [call[7] for call in calls] == ["create", "start", "delete"]
    finally:
        made.stop()
