"""Attacks that take a program of the attacker: races, trojans, hostile archives in both directions.

What the default confinement must refuse is in test_security.py; SECURITY.md beside this file says
which test stands for which flaw of another engine.
"""
import base64
import io
import json
import os
import pty
import socket
import socketserver
import struct
import subprocess
import tarfile
import threading
import time

import pytest

from engine import busybox_layer, program
from images import archive, tar_of

HERE = os.path.dirname(os.path.abspath(__file__))


@pytest.fixture(scope="module")
def tools(engine, tmp_path_factory):
    """The image "attack": busybox with attack.c as /attack."""
    path = str(tmp_path_factory.mktemp("attack") / "attack")
    subprocess.run(["cc", "-static", "-no-pie", "-O1", "-o", path, HERE + "/attack.c"], check=True)
    with open(path, "rb") as file:
        layer = tar_of({"attack": (file.read(), 0o755)})
    engine.load(archive("attack:latest", [busybox_layer(), layer]))
    return engine


@pytest.fixture
def canary(tmp_path):
    """A folder of the host that nobody may change, nor read."""
    folder = tmp_path / "canary"
    folder.mkdir()
    (folder / "file").write_text("untouched")
    (folder / "sub").mkdir()

    def look():
        return sorted((str(path), path.lstat().st_mode, path.lstat().st_uid, path.lstat().st_nlink,
                       path.read_bytes() if path.is_file() else None)
                      for path in [folder, *folder.rglob("*")])

    before = look()
    yield str(folder)
    assert look() == before


@pytest.fixture
def container(tools):
    """A function that starts a container of "attack"; all are removed at the end."""
    made = []

    def start(*args):
        name = tools.hull("run", "-d", *args).stdout.strip()
        made.append(name)
        return name

    yield start
    tools.hull("rm", "-f", "-v", *made)


# --- starting and entering -----------------------------------------------------------------------

def test_who_enters_shows_nothing(tools, container):
    """CVE-2019-5736, CVE-2016-9962: container root waits for the program of whoever enters."""
    name = container("attack", "/attack", "hunt", "3")
    end = time.monotonic() + 2
    count = 0
    while time.monotonic() < end:
        tools.hull("exec", "-w", "/www", name, "true")
        count += 1
    assert count > 5
    tools.hull("wait", name)
    lines = tools.hull("logs", name).stdout.splitlines()
    assert lines[-1].startswith("seen ") and int(lines[-1].split()[1]) > 0
    assert not [line for line in lines if line.startswith(("foreign", "writable"))]


def test_a_tracer_finds_no_program_of_the_host(tools, container):
    """CVE-2019-5736 with CAP_SYS_PTRACE, which sees who enters: the program is a sealed copy."""
    name = container("--cap-add", "SYS_PTRACE", "attack", "/attack", "hunt", "2")
    end = time.monotonic() + 1
    while time.monotonic() < end:
        tools.hull("exec", name, "true")
    tools.hull("wait", name)
    text = tools.hull("logs", name).stdout
    assert "/memfd:hull-shim" in text       # it was seen, or this test shows nothing
    assert "writable" not in text and "libexec" not in text


def test_old_ways_into_the_kernel(tools):
    """The filter has to know the calls of 32-bit and x32 programs too."""
    seen = dict(line.rsplit(" ", 1)
                for line in tools.hull("run", "--rm", "attack", "/attack", "old").stdout.splitlines())
    assert len(seen) > 20
    # x32-39 is getpid; EAFNOSUPPORT would be the kernel's answer, not the filter's.
    assert not {name: error for name, error in seen.items() if error not in ("1", "38")}


@pytest.mark.parametrize("terminal", [(), ("-t",)])
@pytest.mark.parametrize("name", ["null", "console", "ptmx", "pts", "shm", "fd", "mqueue"])
def test_hostile_dev(tools, tmp_path, canary, name, terminal):
    """CVE-2025-31133, CVE-2025-52565, CVE-2026-88265: /dev is a volume of the attacker."""
    dev = tmp_path / "dev"
    dev.mkdir()
    os.symlink(canary + ("/sub" if name in ("pts", "shm", "fd", "mqueue") else "/file"), dev / name)
    done = tools.hull("run", "--rm", *terminal, "-v", "%s:/dev" % dev, "attack", "sh", "-c",
                      "head -c1 /proc/keys | wc -c; (echo > /proc/sys/kernel/core_pattern) "
                      "2>/dev/null && echo WRITTEN", check=False)
    assert "WRITTEN" not in done.stdout and "1" not in done.stdout.split()


def test_image_with_links_for_mount_points(tools, canary):
    """CVE-2026-41579, CVE-2025-24965: files and nodes that the engine makes go through links."""
    links = {"etc/hosts": canary + "/file", "etc/hostname": "../../../../../" + canary + "/new",
             "etc/resolv.conf": canary + "/new2", "dev/ptmx": canary + "/file",
             "dev/console": canary + "/file", "dev/shm": canary + "/sub"}
    layer = tar_of({"etc/": None, "dev/": None})
    tools.load(archive("hostile:latest", [busybox_layer(), layer, tar_of(links)]), check=False)
    for flags in ((), ("-t",), ("-v", "/tmp:/dev/shm/x"), ("--tmpfs", "/etc/hosts/x")):
        tools.hull("run", "--rm", *flags, "hostile", "true", check=False)


def test_image_volumes_stay_in_the_image(tools, canary):
    """CVE-2022-23648: the content of a volume is copied from where a path of the image leads."""
    up = "/.." * 12 + canary
    layer = tar_of({"link": canary, "deep": "/../../../../" + canary})
    tools.load(archive("hostile:latest", [busybox_layer(), layer],
                       {"Volumes": {up: {}, "/link": {}, "/deep/sub": {}, "../../" + canary: {}}}))
    done = tools.hull("run", "--rm", "hostile", "sh", "-c",
                      "find / -xdev -name file | xargs cat; cat %s/file /link/file" % canary,
                      check=False)
    assert "untouched" not in done.stdout
    for path in ("/proc", "/proc/sys", "/", "/../"):
        tools.load(archive("hostile:latest", [busybox_layer()], {"Volumes": {path: {}}}))
        done = tools.hull("run", "--rm", "hostile", "true", check=False)
        assert done.returncode != 0, path


@pytest.mark.parametrize("target", ["/proc/kcore", "/proc/1/attr", "/proc/sys/kernel/core_pattern",
                                    "/proc/net", "/link/core_pattern", "/deep/sys/kernel/core_pattern"])
def test_mounts_below_proc(tools, tmp_path, target):
    """CVE-2019-16884: also by a link that the image has brought."""
    (tmp_path / "file").write_text("x")
    tools.load(archive("hostile:latest", [busybox_layer(), tar_of({"link": "/proc/sys/kernel",
                                                                   "deep": "proc"})]))
    for flag in ("--volume=%s/file:%s" % (tmp_path, target), "--tmpfs=%s" % os.path.dirname(target)):
        done = tools.hull("run", "--rm", flag, "hostile", "true", check=False)
        assert done.returncode != 0, flag


def test_parameters_of_the_kernel(tools):
    """CVE-2022-0811: only what belongs to the container's own namespaces may be set."""
    refused = ["kernel.core_pattern=x", "kernel.panic=1", "vm.overcommit_memory=1", "fs.file-max=1",
               "kernel.shmmax/../panic=1", "net.ipv4.ip_forward\nkernel.panic=1",
               "net.ipv4/../../kernel/panic=1", "/etc/passwd=x", "net=1", "=1"]
    for value in refused:
        done = tools.hull("run", "--rm", "--sysctl", value, "attack", "true", check=False)
        assert done.returncode == 125, value
    show = tools.hull("run", "--rm", "--sysctl", "net.ipv4.ip_default_ttl=33", "attack", "cat",
                      "/proc/sys/net/ipv4/ip_default_ttl").stdout
    assert show.strip() == "33"
    tools.hull("run", "--rm", "--sysctl", "net.ipv4.ip_default_ttl=1\nkernel.panic=4711", "attack",
               "true", check=False)
    with open("/proc/sys/kernel/panic", encoding="ascii") as file:
        assert file.read().strip() != "4711"
    for flags in (("--network", "host", "--sysctl", "net.ipv4.ip_default_ttl=33"),
                  ("--ipc", "host", "--sysctl", "kernel.shmmax=1")):
        assert tools.hull("run", "--rm", *flags, "attack", "true", check=False).returncode == 125
    with open("/proc/sys/net/ipv4/ip_default_ttl", encoding="ascii") as file:
        assert file.read().strip() != "33"


@pytest.mark.parametrize("user", ["4294967296", "4294967295", "2147483648", "-1", "1x", "0x10", "+0",
                                  "1e3", " 0", "99999999999999999999"])
def test_exec_as_nobody_there_is(container, tools, user):
    """CVE-2024-40635, CVE-2026-30892: a user that wraps around, or is read to its half, is root."""
    name = container("-u", "1000", "attack", "sleep", "60")
    done = tools.hull("exec", "-u", user, name, "id", check=False)
    assert done.returncode != 0 and "uid=" not in done.stdout


def test_much_in_the_plan(tools):
    """CVE-2021-43784: 16 bits for the length of what goes to the container's side."""
    done = tools.hull("run", "--rm", "-e", "BIG=" + "x" * 70000, "-l", "y=" + "z" * 70000, "attack",
                      "sh", "-c", 'echo ${#BIG} ${#1} $#', "sh", "w" * 70000, *["v"] * 3000)
    assert done.stdout.split() == ["70000", "70000", "3001"]


def test_a_terminal_of_its_own(tools):
    """TIOCSTI: keys put into the terminal must not reach the caller's shell."""
    shown = tools.pty("run", "--rm", "-it", "attack", "sh", "-c",
                      "tty; ls /dev/pts; stat -c %t:%T $(tty)")
    words = shown.split()
    assert words[0].startswith("/dev/") and sorted(words[1:-1]) == ["0", "ptmx"]


def test_options_of_top_reach_no_shell(tools, container, tmp_path):
    """CVE-2022-1227: ps runs on the host with the words of a client."""
    name = container("attack", "sleep", "60")
    for args in ("-o pid; touch %s/x" % tmp_path, "$(touch %s/x)" % tmp_path, "--help", "-C sleep"):
        tools.hull("top", name, *args.split(), check=False)
    assert not os.path.exists(str(tmp_path / "x"))


def test_labels_and_settings_of_an_image(tools):
    """CVE-2014-6408, CVE-2026-53488: an image says what it runs, not what it may."""
    config = {"Labels": {"hull.privileged": "true", "io.hull.restart": "always"}, "Privileged": True,
              "HostConfig": {"Privileged": True, "Binds": ["/:/host"]}, "SecurityOpt": ["seccomp=x"],
              "Healthcheck": {"Test": ["NONE"]}}
    tools.load(archive("hostile:latest", [busybox_layer()], config), check=False)
    name = tools.hull("create", "hostile", "true").stdout.strip()
    host = json.loads(tools.hull("inspect", name).stdout)[0]["HostConfig"]
    tools.hull("rm", name)
    assert not host["Privileged"] and not host["Binds"] and not host["SecurityOpt"]
    assert host["RestartPolicy"]["Name"] in ("", "no")


def test_processors_by_the_billion(tools):
    """CVE-2018-20699: a range is checked before it is spelled out."""
    began = time.monotonic()
    for cpus in ("0-99999999999", "0-4294967295", "0-99999999999999999999999", "5-1", "0-", "x"):
        done = tools.hull("create", "--cpuset-cpus", cpus, "attack", "true", check=False)
        assert done.returncode != 0, cpus
    assert time.monotonic() - began < 5


# --- cp, archive, export -------------------------------------------------------------------------

def racing(container, canary, seconds):
    """A container that exchanges the folder /w/a and the link /w/b to the canary."""
    return container("attack", "sh", "-c",
                     "mkdir -p /w/a; echo inside > /w/a/file; ln -s /../../../../..%s /w/b; "
                     "exec /attack swap /w/a /w/b %d" % (canary, seconds))


@pytest.mark.parametrize("direction", ["out", "in", "stat"])
def test_cp_races(tools, container, canary, tmp_path, direction):
    """CVE-2018-15664, CVE-2026-41568: a path is looked at, exchanged, and then used."""
    name = racing(container, canary, 4)
    (tmp_path / "file").write_text("attack")
    end = time.monotonic() + 2.5
    done = 0
    while time.monotonic() < end:
        if direction == "in":
            tools.hull("cp", str(tmp_path / "file"), name + ":/w/a/file", check=False)
        elif direction == "out":
            out = tools.hull("cp", name + ":/w/a/file", "-", check=False).stdout
            assert "untouched" not in out
        else:
            out = tools.hull("cp", "-L", name + ":/w/a", "-", check=False).stdout
            assert "untouched" not in out
        done += 1
    assert done > 5


def test_cp_loads_nothing_of_the_container(tools, container, tmp_path):
    """CVE-2019-14271, CVE-2026-41567: libraries and tools of the container run as the host's root."""
    source = tmp_path / "evil.c"
    source.write_text('#include <fcntl.h>\n#include <unistd.h>\n'
                      '__attribute__((constructor)) static void f(void)'
                      '{ close(open("/pwned", O_CREAT | O_WRONLY, 0600)); }\n')
    subprocess.run(["cc", "-shared", "-fPIC", "-o", str(tmp_path / "evil.so"), str(source)],
                   check=True)
    evil = ((tmp_path / "evil.so").read_bytes(), 0o755)
    trojan = (b"#!/bin/sh\necho x > /pwned\n", 0o755)
    files = {}
    for folder in ("lib/", "lib64/", "usr/lib/", "lib/x86_64-linux-gnu/", "usr/lib/x86_64-linux-gnu/"):
        for library in ("libnss_files.so.2", "libc.so.6", "libnss_compat.so.2", "gconv/UTF-16.so"):
            files[folder + library] = evil
    for tool in ("gzip", "gunzip", "xz", "unxz", "bzip2", "zstd", "tar", "unpigz", "pigz", "ps", "git"):
        files["usr/bin/" + tool] = files["bin/" + tool] = files["usr/local/bin/" + tool] = trojan
    files["etc/nsswitch.conf"] = (b"passwd: files\ngroup: files\n", 0o644)
    files["etc/ld.so.preload"] = (b"/lib/libnss_files.so.2\n", 0o644)
    tools.load(archive("hostile:latest", [busybox_layer(), tar_of(files)],
                       {"Env": ["LD_PRELOAD=/lib/libnss_files.so.2", "GCONV_PATH=/lib/gconv",
                                "LOCPATH=/lib", "PATH=/bin:/sbin"]}))
    name = container("hostile", "/bin/busybox", "sleep", "60")
    content = tar_of({"new": (b"1", 0o644)})
    for command in (["gzip"], ["xz"], ["bzip2"], ["zstd"], ["cat"]):
        packed = subprocess.run(command, input=content, capture_output=True, check=True).stdout
        put_archive(tools, name, packed)
    tools.hull("cp", name + ":/etc", str(tmp_path / "out"))
    tools.hull("cp", str(tmp_path / "evil.c"), name + ":/etc/x")
    tools.hull("export", "-o", str(tmp_path / "all.tar"), name)
    tools.hull("top", name)
    with tarfile.open(tmp_path / "all.tar") as tar:
        assert "new" in tar.getnames() and "pwned" not in tar.getnames()
    assert not os.path.exists("/pwned")
    helper = os.path.join(os.path.dirname(program("hulld")), "../libexec/hull/hull-jail")
    if os.path.exists(helper):
        assert not has_interpreter(helper)      # nothing is loaded: it is static


def has_interpreter(path):
    """True when an ELF file asks for a dynamic linker (a program header PT_INTERP)."""
    with open(path, "rb") as file:
        data = file.read()
    start, = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    return 3 in [struct.unpack_from("<I", data, start + i * size)[0] for i in range(count)]


def put_archive(engine, name, body):
    """PUT /archive with BODY as it is; the status."""
    with socket.socket(socket.AF_UNIX) as link:
        link.settimeout(20)
        link.connect(engine.sock)
        link.sendall(b"PUT /containers/%s/archive?path=/ HTTP/1.1\r\nHost: d\r\nConnection: close\r\n"
                     b"Content-Type: application/x-tar\r\nContent-Length: %d\r\n\r\n"
                     % (name.encode(), len(body)) + body)
        return int(link.recv(4096).split()[1])


def test_export_of_a_hostile_tree(tools, container, canary, tmp_path):
    """CVE-2021-33634: links out, odd kinds and names; nothing is read that is not the container's."""
    name = container("attack", "sh", "-c", """
mkdir /h; cd /h; ln -s /../../../..%s up; ln -s %s/file abs; mkfifo pipe; ln -s /proc/1/root root
touch "$(printf 'a\\nb')" "$(printf 'e\\033[2J')" ./-x; ln -s loop loop; mknod null c 1 3
sleep 60""" % (canary, canary))
    tools.hull("exec", name, "sh", "-c", "until [ -e /h/null ]; do sleep 0.05; done")
    tools.hull("export", "-o", str(tmp_path / "all.tar"), name)
    with tarfile.open(tmp_path / "all.tar") as tar:
        names = tar.getnames()
        assert tar.getmember("h/up").issym() and tar.getmember("h/pipe").isfifo()
    assert "h/a\nb" in names and "h/loop" in names
    assert not [one for one in names if one.startswith(("/", "..")) or "untouched" in one]
    data = (tmp_path / "all.tar").read_bytes()
    assert b"untouched" not in data
    tools.hull("cp", name + ":/h/root", str(tmp_path / "root"))
    assert os.path.islink(tmp_path / "root")


def test_half_an_export_is_no_export(tools, container, tmp_path):
    """What can't be packed to its end must not look complete to whoever reads it."""
    name = container("attack", "sh", "-c", """d=$(printf 'd%.0s' $(seq 200)); mkdir /h; cd /h
for i in $(seq 22); do mkdir $d && cd $d; done; touch /done; sleep 60""")
    tools.hull("exec", name, "sh", "-c", "until [ -e /done ]; do sleep 0.05; done")
    for client in ("hull", "docker"):
        done = tools.run(client, "export", "-o", str(tmp_path / "all.tar"), name, check=False)
        assert done.returncode != 0, client


class HostileDaemon:
    """Says to be a daemon, and answers every archive with TAR."""

    def __init__(self, path, tar, stat):
        described = base64.b64encode(json.dumps(stat).encode()).decode()

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                while True:
                    line = self.rfile.readline()
                    if not line:
                        return
                    while self.rfile.readline().strip():
                        pass
                    body = b"OK"
                    if b"/archive" in line:
                        body = tar
                    elif b"version" in line and b"/v1" not in line.split()[1]:
                        body = b'{"ApiVersion":"1.47","MinAPIVersion":"1.24","Version":"28.0.0"}'
                    self.wfile.write(b"HTTP/1.1 200 OK\r\nApi-Version: 1.47\r\nOSType: linux\r\n"
                                     b"Content-Type: application/x-tar\r\n"
                                     b"X-Docker-Container-Path-Stat: %s\r\nContent-Length: %d\r\n\r\n"
                                     % (described.encode(), len(body)))
                    if not line.startswith(b"HEAD"):
                        self.wfile.write(body)

        self.server = socketserver.ThreadingUnixStreamServer(path, Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def raw_tar(*entries):
    """A tar of (name, type, link or content), as hostile as wanted."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, kind, value in entries:
            info = tarfile.TarInfo(name)
            info.type = kind
            info.mode = 0o755
            if kind == tarfile.REGTYPE:
                info.size = len(value)
                tar.addfile(info, io.BytesIO(value))
            else:
                info.linkname = value or ""
                tar.addfile(info)
    return out.getvalue()


FILE, LINK, HARD, DIR = tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE


@pytest.mark.parametrize("destination", ["new", "there"])
@pytest.mark.parametrize("entries", [
    [("x/../../canary/file", FILE, b"1")],
    [("../canary/file", FILE, b"1")],
    [("x", DIR, None), ("x/../canary/file", FILE, b"1")],
    [("x", LINK, "canary"), ("x/file", FILE, b"1")],
    [("x", DIR, None), ("x/l", LINK, "../canary"), ("x/l/file", FILE, b"1")],
    [("x", DIR, None), ("x/l", LINK, "../../canary"), ("x/l/file", FILE, b"1")],
    [("x", DIR, None), ("x/l", LINK, "@"), ("x/l/file", FILE, b"1")],
    [("x", DIR, None), ("x/l", LINK, "@/sub"), ("x/l", DIR, None), ("x/l/new", FILE, b"1")],
    [("x", DIR, None), ("x/h", HARD, "x/../canary/file"), ("x/h", FILE, b"1")],
    [("x", DIR, None), ("x/h", HARD, "@/file")],
    [("x", DIR, None), ("x/l", LINK, "@/file"), ("x/l", FILE, b"1")],
    [("@/file", FILE, b"1")],
    [("x/@/file", FILE, b"1")],
    [("y", FILE, b"1"), ("x", FILE, b"1")],
], ids=lambda entries: " ".join(name for name, _, _ in entries) if isinstance(entries, list) else entries)
def test_cp_from_a_hostile_daemon(tmp_path, canary, entries, destination):
    """CVE-2018-1002100: the client believes the names in an archive."""
    entries = [(name.replace("@", canary), kind, value.replace("@", canary)
                if isinstance(value, str) else value) for name, kind, value in entries]
    (tmp_path / "there").mkdir()
    daemon = HostileDaemon(str(tmp_path / "s"), raw_tar(*entries),
                           {"name": "x", "size": 1, "mode": 0o755 | 1 << 31,
                            "mtime": "2026-01-01T00:00:00Z", "linkTarget": ""})
    try:
        subprocess.run([program("hull"), "-H", "unix://%s/s" % tmp_path, "cp", "c:/x",
                        str(tmp_path / destination)], capture_output=True, timeout=20, check=False)
    finally:
        daemon.stop()
    assert set(os.listdir(tmp_path)) <= {"there", "new", "s", "canary"}
    if destination == "there":
        assert not os.path.exists(tmp_path / "new")


def test_words_of_a_hostile_daemon(tmp_path):
    """What a daemon says, errors too, commands no terminal."""
    daemon = HostileDaemon(str(tmp_path / "s"), b"", {"name": "x\x1b[2J\n", "size": 1, "mode": 0o644,
                                                      "mtime": "", "linkTarget": ""})
    try:
        master, slave = pty.openpty()
        subprocess.run([program("hull"), "-H", "unix://%s/s" % tmp_path, "cp", "c:/x", "\x1b[2J/none/x"],
                       stdin=slave, stdout=slave, stderr=slave, timeout=20, check=False, cwd=tmp_path)
        os.close(slave)
        shown = b""
        try:
            shown = os.read(master, 65536)
        except OSError:
            pass
        os.close(master)
        assert b"\x1b[2J" not in shown
    finally:
        daemon.stop()


# --- memory --------------------------------------------------------------------------------------

def memory_kb(pid):
    with open("/proc/%d/status" % pid, encoding="ascii") as status:
        return int([line for line in status if line.startswith("VmRSS")][0].split()[1])


def test_a_client_that_does_not_read(tools, container):
    """CVE-2022-31030, CVE-2022-1708: output that nobody reads piles up in the daemon."""
    name = container("attack", "sleep", "60")
    tools.hull("exec", name, "true")
    before = memory_kb(tools.process.pid)
    client = subprocess.Popen(tools.command("exec", name, "sh", "-c", "head -c 67108864 /dev/zero"),
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        client.stdout.read(1)
        time.sleep(0.5)
        assert memory_kb(tools.process.pid) - before < 8192
        assert tools.hull("version").returncode == 0
    finally:
        client.kill()
        client.wait()
        client.stdout.close()


def test_json_bombs(tools):
    """Deep, long and odd documents in an archive: refused, and the daemon lives."""
    before = memory_kb(tools.process.pid)
    for bad in (b"[" * 100000, b'{"a":' * 100000, b'[{"Config":"' + b"x" * (64 << 20) + b'"}]',
                b'[{"Config":"c","Layers":[' + b'"l",' * 2000000 + b'"l"]}]', b'[{"Config":1e999}]',
                b"\xff\xfe[]", b'[{"Config":"../../../etc/passwd","Layers":[]}]',
                b'[{"Config":"/etc/passwd","Layers":["/etc/passwd"]}]'):
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w") as tar:
            info = tarfile.TarInfo("manifest.json")
            info.size = len(bad)
            tar.addfile(info, io.BytesIO(bad))
        done = tools.load(out.getvalue(), check=False)
        assert done.returncode != 0
        assert "root:" not in done.stdout + done.stderr
    assert memory_kb(tools.process.pid) - before < 40 << 10
