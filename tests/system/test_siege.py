"""What clients do to the daemon: half requests, too many of them, web pages, bombs, curious eyes."""
import gzip
import http.client
import io
import json
import os
import resource
import select
import socket
import ssl
import stat
import subprocess
import tarfile
import time

import pytest

from engine import Engine, program
from images import archive


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def open_engine():
    """A daemon that listens on TCP without certificates, logs all it can, and has small limits."""
    port = free_port()
    made = Engine("--unsafe-tcp", "-H", "unix://@ROOT/hull.sock", "-H", "tcp://127.0.0.1:%d" % port, "--debug", "--plugin-opt",
                  "image:max-layer-bytes=67108864", "--plugin-opt", "image:max-layer-entries=2000",
                  "--plugin-opt", "image:max-layer-ratio=20", bridge="hts%d" % (os.getpid() % 100000))
    made.port = port
    made.load_busybox()
    yield made
    made.stop()


def ask(port, text):
    """The status of a request sent to TCP, and what came with it."""
    with socket.create_connection(("127.0.0.1", port), 10) as link:
        link.sendall(text.replace("\n", "\r\n").encode())
        got = b""
        while True:
            more = link.recv(65536)
            got += more
            if not more:
                break
    return int(got.split()[1]), got.decode()


@pytest.mark.parametrize("headers, expected", [
    ("Host: 127.0.0.1\nContent-Type: application/json\n", 400),   # taken, but no image is named
    ("Host: 127.0.0.1\nContent-Type: text/plain\n", 400),
    ("Host: 127.0.0.1\n", 400),
    ("Host: evil.example\nContent-Type: application/json\n", 403),
    ("Host: localhost.evil.example\nContent-Type: application/json\n", 403),
    ("Host: 127.0.0.1.evil.example\nContent-Type: application/json\n", 403),
    ("Host: 127.0.0.1\nOrigin: http://evil.example\nContent-Type: application/json\n", 403),
    ("Host: 127.0.0.1\nOrigin: null\nContent-Type: application/json\n", 403),
])
def test_web_pages(open_engine, headers, expected):
    """A page of a browser posts to the API, by itself or by a name that it has rebound."""
    status, text = ask(open_engine.port, "POST /v1.47/containers/create HTTP/1.1\n" + headers +
                       "Connection: close\nContent-Length: 2\n\n{}")
    assert status == expected, text
    if "text/plain" in headers or "Content-Type" not in headers:
        assert "Content-Type" in text


def test_secrets_stay_out_of_the_log(open_engine):
    """CVE-2019-13509."""
    open_engine.hull("rm", open_engine.hull("create", "-e", "TOKEN=hush-hush-1", "busybox", "env",
                                            "hush-hush-5").stdout.strip())
    for head in ("X-Registry-Auth: hush-hush-2\n", "Authorization: Basic hush-hush-3\n",
                 "X-Registry-Config: hush-hush-4\n"):
        ask(open_engine.port, "POST /v1.47/images/create?fromImage=x HTTP/1.1\nHost: localhost\n" +
            head + "Connection: close\nContent-Length: 0\n\n")
    ask(open_engine.port, "POST /v1.47/auth HTTP/1.1\nHost: localhost\nConnection: close\n"
        "Content-Type: application/json\nContent-Length: 27\n\n{\"password\": \"hush-hush-6\"}")
    with open(open_engine.root + "/hulld.log", encoding="utf-8") as log:
        text = log.read()
    assert "level=debug" in text and "hush-hush" not in text


def test_names_are_no_paths(open_engine):
    """CVE-2014-9358, CVE-2024-3727: ids, names and digests that are paths."""
    for path in ("containers/..%2f..%2fetc/json", "images/..%2f..%2fetc%2fpasswd/json",
                 "images/sha256:..%2f..%2f..%2fetc%2fpasswd/json", "volumes/..%2f..",
                 "images/sha256:" + "0" * 63 + "%2f/json", "networks/..%2fx", "exec/..%2f../json"):
        status, text = ask(open_engine.port, "GET /v1.47/%s HTTP/1.1\nHost: localhost\n"
                           "Connection: close\n\n" % path)
        assert status in (400, 404), path
        assert "root:" not in text
    for name in ("../x", "a/../../b", ".", "..", "/etc", "a\\b", "x" * 300):
        done = open_engine.hull("volume", "create", name, check=False)
        assert done.returncode != 0, name


def test_log_of_a_hostile_name(open_engine):
    """A value with line feeds must not forge a line of the daemon's log."""
    ask(open_engine.port, "GET /v1.47/containers/a%0atime=forged%20level=error%1b[2J/json HTTP/1.1\n"
        "Host: localhost\nConnection: close\n\n")
    with open(open_engine.root + "/hulld.log", "rb") as log:
        text = log.read()
    assert b"\ntime=forged" not in text and b"\x1b" not in text


# --- images that are too much --------------------------------------------------------------------

def layer_of(size, count=1):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for i in range(count):
            info = tarfile.TarInfo("f%d" % i)
            info.size = size
            tar.addfile(info, io.BytesIO(bytes(size)))
    return out.getvalue()


def compressed(tag, layer):
    """An archive whose layer is compressed."""
    plain = archive(tag, [layer])
    out = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(plain)) as old, tarfile.open(fileobj=out, mode="w") as new:
        for member in old:
            data = old.extractfile(member).read()
            if member.name.endswith("layer.tar"):
                data = gzip.compress(data)
                member.size = len(data)
            new.addfile(member, io.BytesIO(data))
    return out.getvalue()


@pytest.mark.parametrize("data, part", [
    (lambda: compressed("bomb", layer_of(50 << 20)), "20 times"),
    (lambda: archive("bomb", [layer_of(70 << 20)]), "67108864 bytes"),
    (lambda: archive("bomb", [layer_of(0, 2100)]), "2000 entries"),
], ids=["ratio", "bytes", "entries"])
def test_image_bombs(open_engine, data, part):
    """A layer that is more than the limits leaves nothing behind."""
    before = disk_kb(open_engine.root + "/data")
    done = open_engine.load(data(), check=False)
    assert done.returncode != 0 and part in done.stderr + done.stdout, done.stderr
    assert "bomb" not in open_engine.hull("images").stdout
    os.unlink(open_engine.root + "/load.tar")
    assert disk_kb(open_engine.root + "/data") - before < 1000


def disk_kb(path):
    return int(subprocess.run(["du", "-sk", path], capture_output=True, text=True,
                              check=True).stdout.split()[0])


def test_limits_are_shown(open_engine):
    status = json.loads(open_engine.hull("info", "--format", "{{json .DriverStatus}}").stdout)
    shown = dict(status)
    assert shown["Max Layer Bytes"] == "67108864" and shown["Max Layer Ratio"] == "20"
    assert shown["Max Layer Entries"] == "2000"


# --- other users of the machine ------------------------------------------------------------------

def mode(path):
    return stat.S_IMODE(os.lstat(path).st_mode)


def test_modes_of_what_the_daemon_keeps(open_engine):
    """CVE-2021-41091, CVE-2024-25621, CVE-2014-3499: others come to no file of the daemon."""
    open_engine.hull("run", "--rm", "-v", "vol:/v", "busybox", "true")
    assert not mode(open_engine.root + "/data") & 0o067
    assert not mode(open_engine.root + "/exec") & 0o066      # passed through, not listed
    # Somebody may have made the data root before, for all to read: so each part shuts its door too.
    for folder in ("data", "exec"):
        for name in os.listdir(os.path.join(open_engine.root, folder)):
            assert not mode(os.path.join(open_engine.root, folder, name)) & 0o067, name
    assert mode(open_engine.sock) == 0o660


# --- too many, too slow --------------------------------------------------------------------------

def connect(engine):
    link = socket.socket(socket.AF_UNIX)
    link.settimeout(10)
    link.connect(engine.sock)
    return link


def ping(engine):
    began = time.monotonic()
    link = connect(engine)
    link.sendall(b"GET /_ping HTTP/1.1\r\nHost: d\r\n\r\n")
    data = link.recv(4096)
    link.close()
    return data.split()[1:2] == [b"200"], time.monotonic() - began


def rss_kb(pid):
    with open("/proc/%d/status" % pid) as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def cpu_ticks(pid):
    with open("/proc/%d/stat" % pid, encoding="ascii") as file:
        return sum(map(int, file.read().rsplit(")", 1)[1].split()[11:13]))


def test_half_requests(open_engine):
    """Slowloris: hundreds of clients that never end their request's head, or never read."""
    links = [connect(open_engine) for _ in range(400)]
    try:
        for i, link in enumerate(links):
            link.sendall(b"GET /_ping HTTP/1.1\r\nHost: d\r\nX-%d: " % i)
        for link in links[:100]:
            link.sendall(b"y" * 1000)
        before = cpu_ticks(open_engine.process.pid)
        answers = [ping(open_engine) for _ in range(20)]
        time.sleep(0.5)
        assert all(good and seconds < 1 for good, seconds in answers)
        assert cpu_ticks(open_engine.process.pid) - before < 40
    finally:
        for link in links:
            link.close()


def connect_all(engine, count):
    """As many connections; the kernel's queue may be full for a moment."""
    links, deadline = [], time.monotonic() + 60
    while len(links) < count:
        assert time.monotonic() < deadline, len(links)
        try:
            links.append(connect(engine))
        except BlockingIOError:
            time.sleep(0.01)
    return links


def test_half_bodies(open_engine):
    """A hundred requests whose documents never end share what memory there is for documents; one
    that finds no room is told so, small ones always find it, and all of it is given back."""
    head = (b"POST /containers/create HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n")
    before = rss_kb(open_engine.process.pid)
    links = [connect(open_engine) for _ in range(100)]
    try:
        for link in links:
            link.settimeout(20)
            try:
                link.sendall(head % 4000000 + b'{"Image":"' + b"x" * 3000000)
            except OSError:  # it was answered before it was read
                pass
        waiting, deadline = set(links), time.monotonic() + 30
        while len(waiting) > 20:
            assert time.monotonic() < deadline, len(waiting)
            for link in select.select(list(waiting), [], [], 1)[0]:
                answer = link.recv(65536)
                assert answer.startswith(b"HTTP/1.1 503 ") and b"of other requests take" in answer
                waiting.remove(link)
        assert rss_kb(open_engine.process.pid) < before + (160 << 10)
        assert all(good for good, _ in [ping(open_engine) for _ in range(5)])
        assert create_long(open_engine, 100) == 404
    finally:
        for link in links:
            link.close()
    deadline = time.monotonic() + 20
    while create_long(open_engine, 3000000) == 503:
        assert time.monotonic() < deadline


def create_long(engine, length):
    """The status of a create whose image has a name of LENGTH bytes."""
    connection = http.client.HTTPConnection("d")
    connection.sock = connect(engine)
    connection.sock.settimeout(20)
    connection.request("POST", "/containers/create", json.dumps({"Image": "x" * length}),
                       {"Content-Type": "application/json"})
    status = connection.getresponse().status
    connection.close()
    return status


def test_ten_thousand_idle_clients(open_engine):
    """They cost little memory, and whoever comes then is served."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    count = min(10000, hard // 2)
    before = rss_kb(open_engine.process.pid)
    links = []
    try:
        links = connect_all(open_engine, count)
        assert all(good for good, _ in [ping(open_engine) for _ in range(20)])
        assert rss_kb(open_engine.process.pid) - before < 64 * count
        for link in links[::100]:
            link.sendall(b"GET /_ping HTTP/1.1\r\nHost: d\r\n\r\n")
        assert all(link.recv(4096).startswith(b"HTTP/1.1 200 ") for link in links[::100])
    finally:
        for link in links:
            link.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_the_longest_idle_makes_way():
    """More connections than there may be: the one that was idle for the longest time ends; those
    that do something, or did lately, stay."""
    engine = Engine(within=("prlimit", "--nofile=400:400"),
                    bridge="htw%d" % (os.getpid() % 100000))
    links = []
    try:
        events = connect(engine)
        events.sendall(b"GET /events HTTP/1.1\r\nHost: d\r\n\r\n")
        assert events.recv(4096).startswith(b"HTTP/1.1 200 ")
        for _ in range(500):
            links.append(connect(engine))
            assert ping(engine)[0]
        assert links[0].recv(1) == b""
        links[-1].sendall(b"GET /_ping HTTP/1.1\r\nHost: d\r\n\r\n")
        assert links[-1].recv(4096).startswith(b"HTTP/1.1 200 ")
        engine.hull("volume", "create", "made")
        assert b"made" in events.recv(4096)
    finally:
        for link in links:
            link.close()
        engine.stop()


def test_no_descriptors_left(open_engine):
    """Descriptors run out: connections are turned away or wait, nothing spins, and it passes."""
    pid = open_engine.process.pid
    old = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (64, old[1]))
    links = []
    try:
        for _ in range(200):
            link = socket.socket(socket.AF_UNIX)
            link.setblocking(False)
            links.append(link)
            try:
                if link.connect_ex(open_engine.sock) == 0:
                    link.send(b"GET /_ping HTTP/1.1\r\n")
            except BrokenPipeError:
                pass  # turned away
        time.sleep(0.3)
        before = cpu_ticks(pid)
        time.sleep(1)
        assert cpu_ticks(pid) - before < 20
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, old)
        for link in links:
            link.close()
    deadline = time.monotonic() + 5
    while not ping(open_engine)[0]:
        assert time.monotonic() < deadline
    assert open_engine.hull("run", "--rm", "busybox", "echo", "alive").stdout == "alive\n"


def test_descriptors_of_others(own_engine):
    """None is left, and no connection's end will free one: accepting goes on when there is one."""
    pid = own_engine.process.pid
    old = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (5, old[1]))
    try:
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(10)
            link.connect(own_engine.sock)
            link.sendall(b"GET /_ping HTTP/1.1\r\nHost: d\r\n\r\n")
            time.sleep(0.5)
            resource.prlimit(pid, resource.RLIMIT_NOFILE, old)
            assert b"200 OK" in link.recv(4096)
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, old)


# --- TLS -----------------------------------------------------------------------------------------

@pytest.fixture
def tls_engine(tmp_path):
    def openssl(*args):
        subprocess.run(["openssl", *args], cwd=tmp_path, capture_output=True, check=True)

    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-keyout", "key.pem", "-out", "cert.pem", "-subj", "/CN=d", "-days", "2", "-addext",
            "subjectAltName=IP:127.0.0.1")
    port = free_port()
    made = Engine("--tlsverify", "--tlscacert", str(tmp_path / "cert.pem"), "--tlscert",
                  str(tmp_path / "cert.pem"), "--tlskey", str(tmp_path / "key.pem"), "-H",
                  "unix://@ROOT/hull.sock", "-H", "tcp://127.0.0.1:%d" % port, bridge="htt%d" % (os.getpid() % 100000))
    made.port = port
    made.folder = str(tmp_path)
    yield made
    made.stop()


def test_slow_handshakes(tls_engine):
    """Clients that stop in the middle of the handshake hold up nobody."""
    links = [socket.create_connection(("127.0.0.1", tls_engine.port), 10) for _ in range(100)]
    try:
        for i, link in enumerate(links):
            link.sendall(b"\x16\x03\x01\x02\x00\x01"[:1 + i % 6])
        answers = [ping(tls_engine) for _ in range(10)]
        assert all(good and seconds < 1 for good, seconds in answers)
        done = subprocess.run([program("hull"), "-H", "tcp://127.0.0.1:%d" % tls_engine.port,
                               "--tlsverify", "--tlscacert", tls_engine.folder + "/cert.pem",
                               "--tlscert", tls_engine.folder + "/cert.pem", "--tlskey",
                               tls_engine.folder + "/key.pem", "version"], capture_output=True,
                              text=True, timeout=10, check=False)
        assert done.returncode == 0, done.stderr
        plain = socket.create_connection(("127.0.0.1", tls_engine.port), 10)
        plain.sendall(b"GET /_ping HTTP/1.1\r\nHost: d\r\n\r\n")
        assert b"200 OK" not in plain.recv(4096)
        plain.close()
    finally:
        for link in links:
            link.close()


def test_input_while_nobody_reads_the_output(tls_engine):
    """Over TLS too the two directions of an attached connection do not wait for each other."""
    tls_engine.load_busybox()
    tls_engine.hull("create", "-i", "--name", "talker", "--log-driver", "none", "--network", "none", "busybox", "sh", "-c",
                    "head -c 60000000 /dev/zero & read one; read two; kill $!")
    context = ssl.create_default_context(cafile=tls_engine.folder + "/cert.pem")
    context.load_cert_chain(tls_engine.folder + "/cert.pem", tls_engine.folder + "/key.pem")
    plain = socket.socket()
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    plain.settimeout(10)
    plain.connect(("127.0.0.1", tls_engine.port))
    with context.wrap_socket(plain, server_hostname="127.0.0.1") as link:
        link.sendall(b"POST /containers/talker/attach?stream=1&stdin=1&stdout=1 HTTP/1.1\r\n"
                     b"Host: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n")
        assert b"101" in link.recv(100)
        tls_engine.hull("start", "talker")
        time.sleep(1)  # until all buffers are full; less only makes the test easier to pass
        link.sendall(b"one\n")
        time.sleep(0.5)
        link.sendall(b"two\n")
        deadline = time.monotonic() + 10
        while tls_engine.hull("ps", "-q").stdout:
            assert time.monotonic() < deadline, "the input waits for the output"
            time.sleep(0.1)


def test_without_a_certificate(tls_engine):
    done = subprocess.run(["curl", "-sk", "--max-time", "5", "https://127.0.0.1:%d/_ping"
                           % tls_engine.port], capture_output=True, text=True, check=False)
    assert done.returncode != 0 and "OK" not in done.stdout
