"""What a container may not do, and what hostile images and requests may not reach.

Each test names the flaw of another engine that it guards against.
"""
import io
import json
import os
import shutil
import stat
import subprocess
import tarfile
import time

import pytest

from engine import Engine
from images import archive, tar_of

HERE = os.path.dirname(os.path.abspath(__file__))
DEFAULT_CAPS = 0xA80425FB

# What the default policy refuses. Unknown calls, and clone3, answer ENOSYS (38), the others EPERM.
REFUSED = """unshare setns mount umount2 pivot_root fsopen open_tree move_mount keyctl add_key
request_key bpf perf_event_open userfaultfd io_uring_setup kexec_load init_module finit_module
delete_module open_by_handle_at quotactl reboot swapon swapoff settimeofday clock_settime iopl
ioperm acct clone-newuser""".split()


@pytest.fixture(scope="module")
def probe(engine, tmp_path_factory):
    """An image with the probe, and a function that runs it and gives its lines as a dict."""
    folder = tmp_path_factory.mktemp("probe")
    subprocess.run(["cc", "-static", "-O1", "-o", str(folder / "probe"), HERE + "/probe.c"],
                   check=True)
    engine.load(archive("probe:latest", [tar_of({
        "bin/busybox": (open(shutil.which("busybox"), "rb").read(), 0o755),
        "bin/sh": "busybox",
        "probe": (open(folder / "probe", "rb").read(), 0o755),
        "etc/passwd": (b"root:x:0:0::/:/bin/sh\nme:x:1000:1000::/:/bin/sh\n", 0o644),
        "etc/group": (b"root:x:0:\nme:x:1000:\nextra:x:2000:me\n", 0o644),
        "tmp/": None,
    })]))

    def run(*flags, name=None, command=("/probe",)):
        if name:
            done = engine.hull("exec", *flags, name, *command)
        else:
            done = engine.hull("run", "--rm", *flags, "probe", *command)
        assert done.returncode == 0, done.stderr
        lines = {}
        for line in done.stdout.splitlines():
            if line.startswith("status:"):
                key, value = line[len("status:"):].split(":", 1)
                lines[key] = value.strip()
            elif line.startswith("fd:"):
                lines.setdefault("fds", []).append(int(line[3:]))
            else:
                key, value = line.rsplit(" ", 1)
                lines[key] = int(value)
        return lines

    return run


def check_confined(seen):
    assert seen["CapInh"] == seen["CapAmb"] == "0" * 16          # CVE-2022-24769
    assert seen["Seccomp"] == "2"
    assert seen["fds"] == [0, 1, 2]                              # CVE-2024-21626, CVE-2016-9962
    wrong = {name: seen[name] for name in REFUSED if seen[name] not in (1, 38)}
    assert not wrong
    assert seen["clone3"] == 38 and seen["unknown"] == 38
    # The filter's answer, which the kernel's would be too on a machine without the module.
    assert seen["socket-alg"] == seen["socket-vsock"] == 1       # CVE-2026-31431
    for path in ("/proc/sysrq-trigger", "/proc/sys/kernel/core_pattern",
                 "/proc/sys/kernel/hostname", "/sys/kernel/uevent_helper",
                 "/sys/fs/cgroup/escape"):
        assert seen[path] != 0, path
    assert not [name for name in seen if name.startswith("masked:") and seen[name]]


def test_default_confinement(probe):
    seen = probe()
    assert int(seen["CapEff"], 16) == int(seen["CapBnd"], 16) == DEFAULT_CAPS
    check_confined(seen)


def test_confinement_of_a_user(probe):
    seen = probe("-u", "me")
    assert int(seen["CapEff"], 16) == int(seen["CapPrm"], 16) == 0   # CVE-2016-8867
    assert seen["Groups"].split() == ["1000", "2000"]                # CVE-2022-36109
    check_confined(seen)


def test_confinement_of_exec(probe, engine):
    name = engine.hull("run", "-d", "probe", "/bin/sh", "-c", "exec /bin/busybox sleep 60").stdout.strip()
    try:
        check_confined(probe(name=name))
        seen = probe("-u", "1000", name=name)
        assert int(seen["CapEff"], 16) == 0
        check_confined(seen)
    finally:
        engine.hull("rm", "-f", name)


def test_no_new_privileges(probe):
    assert probe("--security-opt", "no-new-privileges")["NoNewPrivs"] == "1"


@pytest.mark.parametrize("number", range(3, 15))
def test_working_directory_through_a_descriptor(engine, probe, number):
    """CVE-2024-21626: a working directory outside of the root."""
    path = "/proc/self/fd/%d" % number
    done = engine.hull("run", "--rm", "-w", path, "probe", "/bin/busybox", "ls", "..", check=False)
    assert done.returncode != 0
    assert "home" not in done.stdout.split()


@pytest.mark.parametrize("user", ["4294967296", "4294967295", "2147483648", "-1", "1x", "0x10",
                                  "99999999999999999999", "nobody-there", "0:nobody-there"])
def test_users_that_are_none(engine, probe, user):
    """CVE-2024-40635: a user id that wraps around is root's."""
    done = engine.hull("run", "--rm", "-u", user, "probe", "/bin/busybox", "id", check=False)
    assert done.returncode != 0
    assert "uid=" not in done.stdout


@pytest.fixture
def canary(tmp_path):
    """A folder of the host that nobody may change."""
    folder = tmp_path / "canary"
    folder.mkdir()
    (folder / "file").write_text("untouched")

    def look():
        return {str(path.relative_to(folder)): (path.lstat().st_mode, path.lstat().st_uid,
                                                path.read_bytes() if path.is_file() else None)
                for path in folder.rglob("*")}

    before = look()
    yield str(folder)
    assert look() == before


def busybox_image(engine, tag, files):
    content = {"bin/busybox": (open(shutil.which("busybox"), "rb").read(), 0o755),
               "bin/sh": "busybox"}
    content.update(files)
    return engine.load(archive(tag, [tar_of(content)]), check=False)


@pytest.mark.parametrize("name", ["dev", "proc", "sys", "etc"])
@pytest.mark.parametrize("style", ["absolute", "relative"])
def test_symlinks_in_place_of_folders(engine, canary, name, style):
    """CVE-2026-41579, CVE-2023-27561, CVE-2019-19921: the engine follows an image's links."""
    target = canary if style == "absolute" else "../" * 20 + canary.lstrip("/")
    busybox_image(engine, "hostile:latest", {name: target})
    done = engine.hull("run", "--rm", "hostile", "/bin/busybox", "true", check=False)
    if name in ("proc", "sys"):
        assert done.returncode != 0


@pytest.mark.parametrize("path", ["/proc", "/proc/sys", "/proc/self", "/proc/../proc/1"])
def test_mounts_over_proc(engine, probe, tmp_path, path):
    """CVE-2019-16884, CVE-2015-3630."""
    done = engine.hull("run", "--rm", "-v", "%s:%s" % (tmp_path, path), "probe", "/bin/busybox",
                       "true", check=False)
    assert done.returncode != 0


def test_sysctl_of_the_host(engine, probe):
    """CVE-2022-0811: a parameter of the whole machine, also behind a separator."""
    with open("/proc/sys/kernel/core_pattern") as file:
        before = file.read()
    for value in ("kernel.core_pattern=|/evil", "net.ipv4.ip_forward=1+kernel.core_pattern=|/evil",
                  "kernel/core_pattern=|/evil", "net.../kernel.core_pattern=x"):
        engine.hull("run", "--rm", "--sysctl", value, "probe", "/bin/busybox", "true", check=False)
    with open("/proc/sys/kernel/core_pattern") as file:
        assert file.read() == before


def test_passwd_is_a_link_to_the_host(engine, canary, tmp_path):
    """CVE-2024-9676, CVE-2024-5154: the engine reads a file of the host for the container."""
    (tmp_path / "passwd").write_text("secret:x:4711:4711::/:/bin/sh\n")
    busybox_image(engine, "hostile:latest", {"etc/passwd": str(tmp_path / "passwd")})
    done = engine.hull("run", "--rm", "-u", "secret", "hostile", "/bin/busybox", "id", check=False)
    assert done.returncode != 0 and "4711" not in done.stdout


def test_passwd_that_never_ends(engine):
    """A FIFO must not hang the engine, nor 48 MB in one line take its memory."""
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as tar:
        tar.add(shutil.which("busybox"), "bin/busybox")
        info = tarfile.TarInfo("etc/passwd")
        info.type = tarfile.FIFOTYPE
        tar.addfile(info)
    engine.load(archive("hostile:latest", [layer.getvalue()]))
    start = time.monotonic()
    done = engine.hull("run", "--rm", "-u", "someone", "hostile", "/bin/busybox", "id", check=False)
    assert done.returncode != 0 and time.monotonic() - start < 10
    busybox_image(engine, "hostile:latest", {"etc/passwd": (b"x" * (48 << 20), 0o644)})
    done = engine.hull("run", "--rm", "-u", "someone", "hostile", "/bin/busybox", "id", check=False)
    assert done.returncode != 0
    assert engine.hull("version").returncode == 0


def test_swapped_mount_target(engine, tmp_path):
    """CVE-2021-30465: a shared folder's entry is swapped for a link while a mount is made."""
    host = tmp_path / "host"
    shared = tmp_path / "shared"
    host.mkdir()
    shared.mkdir()
    (shared / "a").mkdir()
    (shared / "b").symlink_to("/" + str(host).lstrip("/"))
    swap = subprocess.Popen(["python3", "-c", """
import ctypes, sys
libc = ctypes.CDLL(None)
while True:
    libc.syscall(316, -100, sys.argv[1].encode(), -100, sys.argv[2].encode(), 2)
""", str(shared / "a"), str(shared / "b")])
    try:
        for _ in range(20):
            engine.hull("run", "--rm", "-v", "%s:/s" % shared, "--tmpfs", "/s/a/deep", "busybox",
                        "true", check=False)
    finally:
        swap.kill()
        swap.wait()
    assert not list(host.iterdir())
    with open("/proc/self/mountinfo") as mounts:
        assert str(host) not in mounts.read()


def test_no_abstract_socket(engine):
    """CVE-2020-15257: a container with the host's network talks to a shim."""
    name = engine.hull("run", "-d", "--network", "host", "busybox", "sleep", "60").stdout.strip()
    try:
        text = engine.hull("exec", name, "cat", "/proc/net/unix").stdout
        assert "@" not in "".join(line for line in text.splitlines() if "hull" in line)
    finally:
        engine.hull("rm", "-f", name)


@pytest.mark.parametrize("action,number,message", [
    ("SCMP_ACT_ERRNO", 65536, "errnoRet 65536 of SCMP_ACT_ERRNO: 0 to 4095 are possible"),
    ("SCMP_ACT_ERRNO", -1, "errnoRet -1 of SCMP_ACT_ERRNO: 0 to 4095 are possible"),
    ("SCMP_ACT_TRACE", 65536, "errnoRet 65536 of SCMP_ACT_TRACE: 0 to 65535 are possible"),
])
def test_a_policy_that_would_let_calls_seem_to_succeed(engine, tmp_path, action, number, message):
    policy = tmp_path / "policy.json"
    policy.write_text(json.dumps({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
        {"names": ["chmod"], "action": action, "errnoRet": number}]}))
    done = engine.hull("run", "--rm", "--network", "none", "--security-opt",
                       "seccomp=%s" % policy, "busybox", "true", check=False)
    assert done.returncode == 125 and message in done.stderr


@pytest.mark.parametrize("runtime", ["native", "runc"])
def test_a_daemon_in_a_chroot(tmp_path, runtime):
    """Whoever joins a container's mounts must not stand on the host, above the chroot."""
    if runtime == "runc" and not shutil.which("runc"):
        pytest.skip("runc is not installed")
    own = Engine("--add-runtime", "tested=runc", bridge="hch%d" % (os.getpid() % 100000), within=[
        "unshare", "--mount", "sh", "-c", "mount --rbind / \"$0\" && mount --make-rslave \"$0\" && "
        "exec chroot \"$0\" \"$@\"", str(tmp_path)])
    try:
        own.load_busybox()
        own.hull("run", "-d", "--name", "inside", "--network", "none", "--runtime",
                 "tested" if runtime == "runc" else runtime, "busybox", "sleep", "60")
        for command in (["ls", "/"], ["sh", "-c", "ls /proc/1/root/"]):
            shown = own.hull("exec", "inside", *command).stdout.split()
            assert sorted(shown) == sorted(["bin", "dev", "etc", "proc", "root", "sys", "tmp", "www"])
        mounts = own.hull("exec", "inside", "cat", "/proc/1/mountinfo").stdout
        assert " / / " in mounts and str(tmp_path) not in mounts
    finally:
        own.stop()


def test_compiled_policies_are_not_kept_for_ever(engine, tmp_path):
    folder = os.path.join(engine.root, "data", "seccomp")
    os.makedirs(folder, exist_ok=True)
    for i in range(300):
        open(os.path.join(folder, "of-long-ago-%d" % i), "w").close()
    policy = tmp_path / "policy.json"
    policy.write_text(json.dumps({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
        {"names": ["chmod"], "action": "SCMP_ACT_ERRNO", "errnoRet": 77}]}))
    engine.hull("run", "--rm", "--network", "none", "--security-opt", "seccomp=%s" % policy,
                "busybox", "true")
    left = os.listdir(folder)
    assert left and not any(name.startswith("of-long-ago") for name in left)


def test_nobody_else_reads_the_data(engine):
    """CVE-2021-41091: other users reach programs below the data root."""
    data = os.path.join(engine.root, "data")
    assert not os.lstat(data).st_mode & stat.S_IXOTH
    assert stat.S_IMODE(os.lstat(engine.sock).st_mode) == 0o660      # CVE-2014-3499


def test_no_listener_but_the_socket(engine):
    """CVE-2025-9074: containers reach the API."""
    done = subprocess.run(["ss", "-Hltnp"], capture_output=True, text=True, check=True)
    assert "hulld" not in done.stdout


def test_hostile_names(engine):
    """Control characters in names and labels must not reach a terminal."""
    for name in ("a\x1b[2J", "a\nb", "../x", "-x", "a/b"):
        done = engine.hull("create", "--name=" + name, "busybox", "true", check=False)
        assert done.returncode != 0, repr(name)
    done = engine.hull("run", "-d", "--label", "x=a\x1b[2Jb", "busybox", "sleep", "60")
    try:
        shown = engine.pty("ps", "--format", "{{.Labels}}")
        assert "\x1b[2J" not in shown
    finally:
        engine.hull("rm", "-f", done.stdout.strip())
