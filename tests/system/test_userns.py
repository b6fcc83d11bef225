"""User namespaces: ids of the host that are nobody's, and files that look as if nothing were."""
import io
import os
import subprocess
import tarfile

import pytest

from engine import Engine

MAP = "cat /proc/self/uid_map"


def mapping(engine, name):
    """Who is root of a running container on the host, and how many ids it has."""
    pid = engine.hull("inspect", "-f", "{{.State.Pid}}", name).stdout.strip()
    with open("/proc/%s/uid_map" % pid) as text:
        inside, outside, size = map(int, text.read().split())
    assert inside == 0
    return outside, size


@pytest.fixture(scope="module")
def pair(engine):
    """Two containers, one of which has made files of several owners."""
    names = ["userns-a", "userns-b"]
    for name in names:
        engine.hull("run", "-d", "--userns", "auto", "--ipc", "shareable", "--name", name, "busybox",
                    "sleep", "1000")
    engine.hull("exec", names[0], "sh", "-c",
                "echo x >/root/f; chown me:extra /root/f; mkdir /root/d; rm /etc/group; "
                "chmod u+s /root/f")
    yield names
    engine.hull("rm", "-f", *names)


@pytest.fixture(scope="module")
def plain(engine):
    """One that has no user namespace, whatever the daemon's default is."""
    engine.hull("run", "-d", "--userns", "host", "--ipc", "shareable", "--name", "userns-none",
                "busybox", "sleep", "1000")
    yield "userns-none"
    engine.hull("rm", "-f", "userns-none")


def listing(text):
    """{name: owner} of ls -ln."""
    return {line.split()[8]: ":".join(line.split()[2:4])
            for line in text.splitlines() if len(line.split()) >= 9}


def test_ranges_of_nobody(engine, pair):
    ranges = sorted(mapping(engine, name) for name in pair)
    assert all(size == 65536 and first >= 65536 for first, size in ranges)
    assert ranges[0][0] + 65536 <= ranges[1][0]
    assert engine.hull("inspect", "-f", "{{.HostConfig.UsernsMode}}", pair[0]).stdout == "auto\n"
    assert engine.hull("run", "--rm", "--userns", "host", "busybox", "sh", "-c",
                       MAP).stdout.split()[1] == "0"


def test_root_inside_is_nobody_outside(engine, pair, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("of the host")
    secret.chmod(0o600)
    done = engine.hull("run", "--rm", "--userns", "auto", "-v", "%s:/s" % secret, "busybox", "sh", "-c",
                       "id -u; stat -c %u:%g /s; cat /s; chown 0 /s; echo y >/s", check=False)
    assert done.stdout.split() == ["0", "65534:65534"]
    assert secret.read_text() == "of the host" and done.stderr.count("ermission denied") == 2
    pid = engine.hull("inspect", "-f", "{{.State.Pid}}", pair[0]).stdout.strip()
    with open("/proc/%s/status" % pid) as status:
        uid = [line for line in status if line.startswith("Uid:")][0].split()[1]
    assert int(uid) == mapping(engine, pair[0])[0]


def test_capabilities_end_at_the_namespace(engine):
    """With all of them, nothing of the host's can be changed."""
    script = """
mknod /n c 1 3 2>/dev/null && echo node
mount -t tmpfs x /tmp && echo mounted
echo 1 2>/dev/null >/proc/sys/vm/drop_caches && echo caches
cat /proc/1/root/etc/hostname >/dev/null || echo lost
hostname other && echo named
"""
    done = engine.hull("run", "--rm", "--userns", "auto", "--cap-add", "ALL", "--security-opt",
                       "seccomp=unconfined", "--security-opt", "systempaths=unconfined", "busybox",
                       "sh", "-c", script)
    assert done.stdout.split() == ["mounted", "named"]


def test_ids_are_not_shifted(engine, pair, tmp_path):
    name = pair[0]
    want = {"f": "1000:2000", "d": "0:0"}
    assert want.items() <= listing(engine.hull("exec", name, "ls", "-lan", "/root").stdout).items()
    assert "A /root/f\n" in engine.hull("diff", name).stdout
    assert "D /etc/group\n" in engine.hull("diff", name).stdout

    def owner(data, path):
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            found = tar.getmember(path)
        return found.uid, found.gid, found.mode
    for args, path in ((("export", name), "root/f"), (("cp", name + ":/root/f", "-"), "f")):
        data = subprocess.run(engine.command(*args), capture_output=True, check=True).stdout
        assert owner(data, path) == (1000, 2000, 0o4644)
    engine.hull("commit", name, "userns-image")
    for flags in (("--userns", "auto"), ()):
        done = engine.hull("run", "--rm", *flags, "userns-image", "ls", "-lan", "/root")
        assert want.items() <= listing(done.stdout).items()
    # What comes in by cp, running or not.
    new = tmp_path / "new"
    new.write_text("new")
    os.chown(new, 1000, 1000)
    engine.hull("cp", "-a", str(new), name + ":/root/running")
    engine.hull("stop", "-t", "0", name)
    engine.hull("cp", "-a", str(new), name + ":/root/stopped")
    engine.hull("start", name)
    seen = listing(engine.hull("exec", name, "ls", "-lan", "/root").stdout)
    assert seen["running"] == seen["stopped"] == "1000:1000" and seen["f"] == "1000:2000"
    engine.hull("rmi", "userns-image")


def test_volumes_and_images(engine):
    """A volume is the same for containers of any range, and its owners are the container's."""
    def run(*args):
        return engine.hull("run", "--rm", "-v", "userns-v:/etc", *args).stdout
    run("--userns", "auto", "busybox", "sh", "-c", "echo 1 >/etc/1; chown 5:6 /etc/1")
    run("--userns", "auto", "busybox", "sh", "-c", "echo 2 >>/etc/1; mkdir /etc/2")
    seen = listing(run("busybox", "ls", "-ln", "/etc"))
    assert seen["1"] == "5:6" and seen["2"] == seen["passwd"] == "0:0"  # copied from the image
    assert run("--userns", "auto", "busybox", "cat", "/etc/1") == "1\n2\n"
    engine.hull("volume", "rm", "userns-v")
    done = engine.hull("run", "--rm", "--userns", "auto", "--mount", "type=image,src=busybox,dst=/i",
                       "busybox", "ls", "-ln", "/i")
    assert set(listing(done.stdout).values()) == {"0:0"}


def test_the_usual(engine, pair):
    """Terminal, streams by name, devices, kernel's file systems, users, network."""
    assert "crw--w----" in engine.pty("exec", "-t", pair[0], "sh", "-c", "ls -l $(tty)")
    done = engine.hull("run", "--rm", "--userns", "auto", "-u", "me", "busybox", "sh", "-c",
                       "id; echo out >/dev/stdout; echo err >/dev/stderr; head -c3 /dev/zero | wc -c; "
                       "stat -c %a /dev/null; ls /proc/self/ns /sys/class/net; echo z >/dev/null")
    assert done.stdout.startswith("uid=1000(me) gid=1000(me) groups=1000(me),2000(extra)\nout\n3\n666\n")
    assert "eth0" in done.stdout and done.stderr == "err\n"
    done = engine.hull("run", "--rm", "--userns", "auto", "--read-only", "--tmpfs", "/x", "--init",
                       "--ulimit", "nofile=100:200", "--domainname", "d.example", "--device", "/dev/zero:/dev/other", "--sysctl", "net.ipv4.ip_forward=1", "busybox",
                       "sh", "-c", "touch /x/a; stat -c %u /x/a /dev/other; cat "
                       "/proc/sys/net/ipv4/ip_forward; awk '/memory/' /proc/self/mountinfo | wc -l; ulimit -Hn; "
                       "cat /proc/sys/kernel/domainname; "
                       "touch /etc/hosts 2>&1 | wc -l")
    assert done.stdout.split() == ["0", "0", "1", "1", "200", "d.example", "1"]
    done = engine.hull("run", "--rm", "--userns", "auto", "--network", "container:" + pair[0], "busybox",
                       "sh", "-c", MAP + "; ls /sys/class/net")
    assert int(done.stdout.split()[1]) == mapping(engine, pair[0])[0] and "eth0" in done.stdout


# Unmapped ids and ptrace: what the members of a user namespace may do to each other, and no more.
LOOK = """
readlink /proc/self/ns/user; readlink /proc/1/ns/user
cat /proc/self/uid_map; ls /sys/class/net; ls /dev/shm; grep -c mqueue /proc/mounts
kill -0 1 && echo can
"""


@pytest.mark.parametrize("more", [(), ("--userns", "auto")])
@pytest.mark.parametrize("kinds", [("pid",), ("network",), ("ipc",), ("pid", "network", "ipc")])
def test_namespaces_of_another(engine, pair, kinds, more):
    """Whoever shares one takes the user namespace along, asked for or not."""
    name = pair[1]
    engine.hull("exec", name, "touch", "/dev/shm/" + "-".join(kinds))
    pid = engine.hull("inspect", "-f", "{{.State.Pid}}", name).stdout.strip()
    flags = [flag for kind in kinds for flag in ("--" + kind, "container:" + name)]
    seen = engine.hull("run", "--rm", *flags, *more, "busybox", "sh", "-c", LOOK).stdout.split()
    own = os.readlink("/proc/%s/ns/user" % pid)
    assert seen[0] == seen[1] == own and int(seen[3]) == mapping(engine, name)[0]
    assert "eth0" in seen and "can" in seen
    assert ("-".join(kinds) in seen) == ("ipc" in kinds)


def test_members_are_root_of_what_they_share(engine, pair):
    """Kernel parameters of the network, terminals, streams, exec, kill; the daemon's end."""
    name = pair[0]
    engine.hull("run", "-d", "--name", "userns-member", "--pid", "container:" + name, "--network",
                "container:" + name, "--cap-add", "ALL", "--security-opt", "seccomp=unconfined",
                "--security-opt", "systempaths=unconfined", "busybox", "sh", "-c",
                "echo 77 >/proc/sys/net/ipv4/ip_default_ttl && echo set; exec sleep 1000")
    try:
        assert engine.hull("exec", name, "cat", "/proc/sys/net/ipv4/ip_default_ttl").stdout == "77\n"
        assert engine.hull("logs", "userns-member").stdout == "set\n"
        assert engine.hull("exec", "-u", "me", "userns-member", "id", "-u").stdout == "1000\n"
        script = "mknod /n c 1 3; echo 1 >/proc/sys/vm/drop_caches; dmesg; chroot /proc/1/root true"
        done = engine.hull("exec", "--privileged", "userns-member", "sh", "-c", script, check=False)
        assert done.stderr.count("ermitted") + done.stderr.count("ermission denied") >= 2
        engine.kill()
        engine.start()
        assert "sleep 1000" in engine.hull("top", "userns-member").stdout
        engine.hull("restart", "-t", "0", "userns-member")
        assert mapping(engine, "userns-member") == mapping(engine, name)
    finally:
        engine.hull("rm", "-f", "userns-member")
    assert engine.hull("exec", name, "echo", "alive").stdout == "alive\n"


def test_host_s_user_namespace_when_asked(engine, pair, plain):
    """--userns host shares another's namespaces as the host's root."""
    def root(*flags):
        return engine.hull("run", "--rm", *flags, "busybox", "sh", "-c", MAP).stdout.split()[1]
    assert root("--userns", "host", "--pid", "container:" + pair[0]) == "0"
    assert root("--userns", "host", "--network", "container:" + pair[0]) == "0"
    assert root("--userns", "host", "--pid", "container:" + plain, "--ipc", "container:" + pair[0]) == "0"


def test_nothing_asked_for(engine, pair, plain):
    """Without a default, who shares processes of one that has none has none, whatever else it shares."""
    assert engine.hull("run", "--rm", "busybox", "sh", "-c", MAP).stdout.split()[1] == "0"
    assert engine.hull("run", "--rm", "--pid", "container:" + plain, "--ipc", "container:" + pair[0],
                       "busybox", "sh", "-c", MAP).stdout.split()[1] == "0"


def test_own_user_namespace_and_a_network_without(engine, plain):
    """What it shares is not its own, and stays what it was."""
    done = engine.hull("run", "--rm", "--userns", "auto", "--network", "container:" + plain,
                       "--runtime", "native", "--cap-add", "ALL", "--security-opt",
                       "seccomp=unconfined", "busybox", "sh", "-c",
                       MAP + "; ls /sys/class/net; ip link set eth0 down || echo refused")
    seen = done.stdout.split()
    assert int(seen[1]) >= 65536 and "eth0" in seen and seen[-1] == "refused"


def test_devices_elsewhere(engine):
    """Nodes outside of /dev are there, for root inside, and lead nowhere but to the device."""
    done = engine.hull("run", "--rm", "--userns", "auto", "--read-only", "--device",
                       "/dev/zero:/else", "--device", "/dev/kmsg:/a/b/kmsg:r", "busybox", "sh", "-c",
                       "stat -c %F:%u:%t:%T /else /a/b/kmsg; head -c 5 /else | wc -c; "
                       "(: >/a/b/kmsg) || echo refused; mv /else /x || echo stays")
    assert done.stdout.split("\n")[:5] == ["character special file:0:1:5",
                                           "character special file:0:1:b", "5", "refused", "stays"]
    done = engine.hull("run", "--rm", "--userns", "auto", "--device", "/dev/zero:/proc/sys/x", "busybox",
                       "true", check=False)
    assert done.returncode in (125, 126) and "/proc/sys/x" in done.stderr


@pytest.mark.parametrize("flags, words", [
    (("--privileged",), "privileged mode is incompatible with user namespaces"),
    (("--network", "host"), "cannot share the host's network namespace when user namespaces"),
    (("--pid", "host"), "cannot share the host PID namespace when user namespaces"),
    (("--pid", "container:userns-none"), "that container has no user namespace"),
    (("--network", "container:userns-a", "--ipc", "container:userns-b"), "of both userns-a and userns-b"),
    (("-u", "70000"), "setuid 70000|setresuid to 70000|unmapped user"),
])
def test_what_does_not_go_together(engine, pair, plain, flags, words):
    done = engine.hull("run", "--rm", "--userns", "auto", *flags, "busybox", "true", check=False)
    assert done.returncode in (125, 126)
    assert [way for way in words.split("|") if way in done.stderr], done.stderr


def test_remap_as_dockerd(tmp_path):
    """userns-remap: for all containers but those with --userns host; it outlives the daemon."""
    own = Engine("--userns-remap", "auto", bridge="htu%d" % (os.getpid() % 100000))
    try:
        own.load_busybox()
        assert "name=userns" in own.hull("info", "-f", "{{.SecurityOptions}}").stdout
        for name in ("one", "two"):
            own.hull("run", "-d", "--name", name, "busybox", "sleep", "1000")
        own.hull("create", "--name", "later", "busybox", "sh", "-c", MAP)
        before = {name: mapping(own, name) for name in ("one", "two")}
        own.kill()
        own.start()
        assert {name: mapping(own, name) for name in before} == before
        assert own.hull("exec", "one", "id", "-u").stdout == "0\n"
        own.hull("restart", "-t", "0", "two")
        assert mapping(own, "two") == before["two"]
        third = int(own.hull("start", "-a", "later").stdout.split()[1])
        assert third not in [first for first, _ in before.values()]
        assert own.hull("run", "--rm", "--userns", "host", "--privileged", "busybox", "sh", "-c",
                        MAP).stdout.split()[1] == "0"
        done = own.hull("run", "--privileged", "busybox", "true", check=False)
        assert "incompatible with user namespaces" in done.stderr
    finally:
        own.stop()


@pytest.mark.parametrize("count, ranges", [(65536, {700000}), (131072, {700000, 765536})])
def test_ranges_of_a_user(tmp_path, count, ranges):
    """One range is for all, as docker has it; of more, each container has its own."""
    ids = tmp_path / "ids"
    ids.write_text("somebody:100000:65536\ndockremap:700000:%d\n" % count)
    mounts = "".join("mount --bind %s /etc/sub%sid; " % (ids, kind) for kind in "ug")
    for kind in "ug":
        if not os.path.exists("/etc/sub%sid" % kind):
            pytest.skip("no /etc/sub%sid to cover on this machine" % kind)
    own = Engine("--userns-remap", "default", "-s", "vfs" if count == 65536 else "overlay2",
                 bridge="htu%d" % (os.getpid() % 100000),
                 within=["unshare", "--mount", "sh", "-c", mounts + "exec \"$@\"", "sh"])
    try:
        own.load_busybox()
        for name in ("one", "two"):
            own.hull("run", "-d", "--name", name, "busybox", "sleep", "1000")
        assert {mapping(own, name)[0] for name in ("one", "two")} == ranges
        own.hull("exec", "one", "sh", "-c", "touch /new; chown 1:2 /new")
        assert "new" in listing(own.hull("exec", "one", "ls", "-ln", "/").stdout)
        done = own.hull("run", "--rm", "--userns", "auto", "busybox", "true", check=False)
        assert "%d of 65536 ids each are there for user dockremap" % len(ranges) in done.stderr
        own.hull("rm", "-f", "one", "two")
        assert own.hull("run", "--rm", "--userns", "auto", "busybox", "sh", "-c",
                        MAP).stdout.split()[1] == "700000"
    finally:
        own.stop()


def test_remap_of_a_user(engine):
    """A name that has no ids is refused before the daemon does anything."""
    done = subprocess.run([engine.command("x")[0].replace("bin/hull", "sbin/hulld"), "--userns-remap",
                           "nobody-here", "--root", engine.root + "/x", "--validate"],
                          capture_output=True, text=True, check=False, timeout=20)
    assert done.returncode != 0 and 'no subuid ranges found for user "nobody-here"' in done.stderr
