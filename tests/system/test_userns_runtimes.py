"""User namespaces with runc and crun: the tests of test_userns.py, and of what such a container may
not do, with a daemon whose default runtime is one of them."""
import os
import shutil
import subprocess

import pytest

from engine import ONE_CGROUP, Engine
from test_attacks import (  # noqa: F401
    canary, container, tools, test_exec_as_nobody_there_is, test_hostile_dev,
    test_old_ways_into_the_kernel)
from test_security import (  # noqa: F401
    check_confined, probe, test_no_new_privileges,
    test_passwd_is_a_link_to_the_host, test_symlinks_in_place_of_folders, test_sysctl_of_the_host)
from test_userns import (  # noqa: F401
    mapping, pair, plain, test_capabilities_end_at_the_namespace, test_devices_elsewhere,
    test_host_s_user_namespace_when_asked, test_ids_are_not_shifted,
    test_members_are_root_of_what_they_share, test_namespaces_of_another, test_ranges_of_nobody,
    test_root_inside_is_nobody_outside, test_the_usual, test_volumes_and_images,
    test_what_does_not_go_together)


@pytest.fixture(scope="module", params=["runc", "crun"])
def engine(request):
    """Each container has a user namespace, asked for or not."""
    path = shutil.which(request.param, path=os.environ["PATH"] + ":/usr/sbin")
    if not path:
        pytest.skip(request.param + " is not installed")
    made = Engine("--userns-remap", "auto", "--add-runtime", "tested=" + path, "--default-runtime",
                  "tested", bridge="htv%d" % (os.getpid() % 100000), within=ONE_CGROUP)
    made.load_busybox()
    made.runtime = path
    yield made
    made.stop()


def test_they_have_one(engine):
    """Or all of the above shows nothing new."""
    done = engine.hull("run", "--rm", "busybox", "cat", "/proc/self/uid_map")
    assert int(done.stdout.split()[1]) >= 65536


def test_confinement(engine, probe):
    if "crun" in engine.runtime:
        pytest.skip("crun answers EPERM to unknown system calls, which its README says")
    seen = probe("-u", "me")
    assert int(seen["CapEff"], 16) == int(seen["CapPrm"], 16) == 0
    check_confined(seen)


def test_cgroups_are_for_reading(engine):
    """The folder of version 1 that holds them is the container's own memory. They are the host's:
    whoever gets rid of read-only, which all capabilities are good for, is nobody there."""
    script = ("cd /sys/fs/cgroup; for i in */ .; do cd $i && [ -e cgroup.procs ] && echo there && "
              "(mkdir x || echo 1 >cgroup.procs) && echo written; cd /sys/fs/cgroup; done; mount -o "
              "remount,bind,rw /sys/fs/cgroup/pids; mkdir /sys/fs/cgroup/pids/x && echo written; "
              "echo 1 >/sys/fs/cgroup/pids/cgroup.procs && echo written")
    done = engine.hull("run", "--rm", "--cap-add", "ALL", "--security-opt", "seccomp=unconfined",
                       "busybox", "sh", "-c", script, check=False)
    assert set(done.stdout.split()) == {"there"}, done.stdout + done.stderr


def test_the_bundle_is_nobody_s(engine):
    """Nothing of it is on the host, and what it says is not for the container's users."""
    name = engine.hull("run", "-d", "-e", "SECRET=x", "busybox", "sleep", "1000").stdout.strip()
    try:
        pid = engine.hull("inspect", "-f", "{{.State.Pid}}", name).stdout.strip()
        shim = open("/proc/%s/stat" % pid).read().rsplit(")", 1)[1].split()[1]
        mounts = [line.split() for line in open("/proc/%s/mountinfo" % shim)]
        (place,) = [mount[4] for mount in mounts if mount[mount.index("-") + 2] == "bundle"]
        config = os.stat("/proc/%s/root%s/config.json" % (shim, place))
        assert (config.st_uid, config.st_mode & 0o777) == (0, 0o600)
        assert not os.path.exists(place + "/config.json")
        for table in ("self", str(engine.process.pid), pid):
            assert " bundle " not in open("/proc/%s/mountinfo" % table).read()
    finally:
        engine.hull("rm", "-f", name)


def test_what_runtimes_can_t(engine, plain):
    """A network that belongs to another user namespace: said by name, with what to do."""
    for kind in ("network", "ipc"):
        done = engine.hull("run", "--rm", "--" + kind, "container:" + plain, "busybox", "true",
                           check=False)
        assert done.returncode == 125 and engine.runtime in done.stderr
        assert "can't share the %s namespace of one that has none" % kind in done.stderr


def test_execs_and_streams(engine):
    """Users by name, terminals, input, the streams opened by name, ends of execs."""
    name = engine.hull("run", "-d", "--domainname", "d.example", "busybox", "sleep", "1000").stdout.strip()
    try:
        done = engine.hull("exec", "-i", "-u", "me", "-w", "/tmp", name, "sh", "-c",
                           "cat >/dev/stdout; id -un; pwd; echo e >/dev/stderr; exit 4", stdin="in\n",
                           check=False)
        assert (done.stdout, done.stderr, done.returncode) == ("in\nme\n/tmp\n", "e\n", 4)
        assert "/dev/pts/" in engine.pty("exec", "-it", name, "tty")
        engine.kill()
        engine.start()
        assert engine.hull("exec", name, "cat", "/proc/sys/kernel/domainname").stdout == "d.example\n"
        pid = engine.hull("inspect", "-f", "{{.State.Pid}}", name).stdout.strip()
        done = subprocess.run(["stat", "-c", "%u", "/proc/%s" % pid], capture_output=True, text=True,
                              check=True)
        assert int(done.stdout) == mapping(engine, name)[0]
    finally:
        engine.hull("rm", "-f", name)
