"""A real distribution: a debootstrap system as an image in every archive format, its tools, a shell
on a terminal, and a web server from its packages behind a published port."""
import os
import pty
import select
import shutil
import socket
import subprocess
import time
import urllib.request

import pytest

from images import archive

CACHE = os.environ.get("HULL_TEST_CACHE", "/var/tmp/hull-test-cache")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def debian(tmp_path_factory):
    """The layer of a minimal Debian with nginx. Kept for later runs: making it takes a minute."""
    if not shutil.which("debootstrap"):
        pytest.skip("debootstrap is not installed")
    os.makedirs(CACHE, mode=0o700, exist_ok=True)
    kept = CACHE + "/debian-nginx.tar"
    if not os.path.exists(kept):
        root = str(tmp_path_factory.mktemp("debian") / "root")
        done = subprocess.run(["debootstrap", "--variant=minbase", "--include=nginx-light",
                               "bookworm", root], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            pytest.skip("debootstrap failed: " + done.stderr[-300:] + done.stdout[-300:])
        shutil.rmtree(root + "/var/cache/apt/archives")
        subprocess.run(["tar", "-C", root, "--numeric-owner", "--xattrs", "-cf", kept + ".new",
                        "--exclude=./dev/*", "."], check=True)
        shutil.rmtree(root)
        os.rename(kept + ".new", kept)
    with open(kept, "rb") as layer:
        return layer.read()


@pytest.fixture(scope="module")
def archives(debian, tmp_path_factory):
    """The image as docker-archive, and what skopeo makes of it: OCI with gzip, OCI with zstd."""
    folder = tmp_path_factory.mktemp("archives")
    docker = folder / "docker.tar"
    docker.write_bytes(archive("debian-test:docker", [debian], {"Cmd": ["bash"]}))
    made = {"docker": str(docker)}
    if shutil.which("skopeo"):
        for kind in ("gzip", "zstd"):
            path = str(folder / (kind + ".tar"))
            subprocess.run(["skopeo", "copy", "--quiet", "--dest-compress-format", kind,
                            "docker-archive:%s" % docker,
                            "oci-archive:%s:debian-test:%s" % (path, kind)], check=True)
            made[kind] = path
    return made


@pytest.mark.parametrize("kind", ["docker", "gzip", "zstd"])
def test_loads_and_runs(engine, archives, kind):
    if kind not in archives:
        pytest.skip("skopeo is not installed")
    loaded = engine.hull("load", "-i", archives[kind])
    name = loaded.stdout.strip().split(": ", 1)[1]
    done = engine.hull("run", "--rm", name, "apt-get", "--version")
    assert done.stdout.startswith("apt 2.")
    done = engine.hull("run", "--rm", name, "sh", "-c", "id -u; stat -c %a /tmp; ls -d /usr/bin/env")
    assert done.stdout.split() == ["0", "1777", "/usr/bin/env"]


def test_shell_on_a_terminal(engine, archives):
    """`hull run -it IMAGE bash`, typed at through a pty."""
    engine.hull("load", "-i", archives["docker"])
    master, slave = pty.openpty()
    process = subprocess.Popen(engine.command("run", "--rm", "-it", "debian-test:docker", "bash"),
                               stdin=slave, stdout=slave, stderr=slave, start_new_session=True)
    os.close(slave)
    seen = b""

    def until(text):
        nonlocal seen
        deadline = time.monotonic() + 20
        while text not in seen:
            assert time.monotonic() < deadline, seen
            if select.select([master], [], [], 1)[0]:
                seen += os.read(master, 4096)

    until(b"# ")
    os.write(master, b"tty; echo $((6*7))\n")
    until(b"/dev/pts/0")
    until(b"42\r\n")
    os.write(master, b"exit 3\n")
    assert process.wait(20) == 3
    os.close(master)


def test_web_server(engine, archives):
    engine.hull("load", "-i", archives["docker"])
    port = free_port()
    name = engine.hull("run", "-d", "-p", "%d:80" % port, "debian-test:docker", "nginx", "-g",
                       "daemon off;").stdout.strip()
    try:
        deadline = time.monotonic() + 15
        while True:
            try:
                page = urllib.request.urlopen("http://127.0.0.1:%d/" % port, timeout=5).read()
                break
            except OSError:
                assert time.monotonic() < deadline, engine.hull("logs", name).stderr
                time.sleep(0.05)
        assert b"nginx" in page
    finally:
        engine.hull("rm", "-f", name)
