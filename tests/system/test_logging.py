"""Log drivers: every line arrives once, in order, whatever was away meanwhile."""
import gzip
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time

import pytest

from engine import Engine, program


class Receiver:
    """Takes what is sent to a socket: a list of datagrams, or the bytes of all connections."""

    def __init__(self, kind, address):
        self.kind, self.address, self.data, self.parts = kind, address, b"", []
        self.sock = None
        self.open()

    def open(self):
        family = socket.AF_UNIX if isinstance(self.address, str) else socket.AF_INET
        self.sock = socket.socket(family, self.kind)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self.sock.bind(self.address)
        self.address = self.sock.getsockname()
        if self.kind == socket.SOCK_STREAM:
            self.sock.listen(8)
        threading.Thread(target=self.take, args=(self.sock,), daemon=True).start()

    def take(self, sock):
        while True:
            try:
                if self.kind == socket.SOCK_DGRAM:
                    self.parts.append(sock.recv(1 << 20))
                    continue
                with sock.accept()[0] as peer:
                    while (data := peer.recv(1 << 16)):
                        self.data += data
            except OSError:
                return

    def close(self):
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.sock.close()
        if isinstance(self.address, str):
            os.unlink(self.address)

    @property
    def port(self):
        return self.address[1]

    def wait(self, enough, timeout=20):
        deadline = time.monotonic() + timeout
        while not enough(self):
            assert time.monotonic() < deadline, (self.parts[-3:], self.data[-300:])
            time.sleep(0.02)


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


@pytest.fixture(scope="module")
def folder():
    made = tempfile.mkdtemp(prefix="hull-log-")
    yield made
    shutil.rmtree(made)


@pytest.fixture(scope="module")
def logged(folder):
    made = Engine("--plugin-opt", "log/journald:socket=" + folder + "/journal",
                  bridge="htl%d" % (os.getpid() % 100000))
    made.load_busybox()
    yield made
    made.stop()


COUNT = "i=0; while [ $i -lt %d ]; do echo line $i; i=$((i+1)); done"


def run(engine, driver, script, *flags, **options):
    args = [word for key, value in options.items()
            for word in ("--log-opt", key.replace("_", "-") + "=" + value)]
    return engine.hull("run", "-d", "--network", "none", "--log-driver", driver, *args, *flags,
                       "busybox", "sh", "-c", script).stdout.strip()


def numbers(text):
    return [int(number) for number in re.findall(rb"line (\d+)", text)]


def test_syslog_over_tcp_takes_5000_lines_in_order(logged):
    receiver = Receiver(socket.SOCK_STREAM, ("127.0.0.1", 0))
    cid = run(logged, "syslog", COUNT % 5000, syslog_format="rfc5424micro", tag="{{.Name}}/x",
              syslog_facility="local1", syslog_address="tcp://127.0.0.1:%d" % receiver.port)
    receiver.wait(lambda r: r.data.endswith(b"line 4999\n"))
    assert numbers(receiver.data) == list(range(5000))
    name = logged.hull("inspect", "-f", "{{.Name}}", cid).stdout.strip()[1:]
    assert re.match(rb"<142>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\S+ \S+ " + name.encode() +
                    rb"/x \d+ \S+/x - line 0\n", receiver.data)
    # The file is there for logs, whatever the driver is.
    assert numbers(logged.hull("logs", cid).stdout.encode()) == list(range(5000))
    receiver.close()


def test_syslog_by_datagrams_tells_streams_apart(logged, folder):
    receiver = Receiver(socket.SOCK_DGRAM, folder + "/dev-log")
    run(logged, "syslog", "echo out; echo err >&2", "--rm",
        syslog_address="unixgram://" + folder + "/dev-log", tag="web")
    receiver.wait(lambda r: len(r.parts) == 2)
    assert sorted(re.sub(rb">.*\[\d+\]", b">", part) for part in receiver.parts) == \
        [b"<27>: err\n", b"<30>: out\n"]
    receiver.close()


def test_a_receiver_that_is_away_costs_no_line(logged):
    port = free_port()
    run(logged, "syslog", (COUNT % 500) + "; read x", "-i",
        syslog_address="tcp://127.0.0.1:%d" % port)
    time.sleep(0.5)  # long enough for it to have been tried in vain
    receiver = Receiver(socket.SOCK_STREAM, ("127.0.0.1", port))
    receiver.wait(lambda r: b"line 499\n" in r.data)
    assert numbers(receiver.data) == list(range(500))
    receiver.close()


def test_a_killed_daemon_costs_no_line(logged):
    receiver = Receiver(socket.SOCK_STREAM, ("127.0.0.1", 0))
    run(logged, "syslog",
        "i=0; while [ $i -lt 300 ]; do echo line $i; i=$((i+1)); usleep 5000; done",
        syslog_address="tcp://127.0.0.1:%d" % receiver.port)
    receiver.wait(lambda r: b"line 40\n" in r.data)
    logged.kill()
    time.sleep(0.3)  # the container goes on writing
    logged.start()
    receiver.wait(lambda r: b"line 299\n" in r.data)
    seen = numbers(receiver.data)
    # The line that was being sent at the kill may come twice, none is missing.
    assert sorted(set(seen)) == list(range(300)) and len(seen) <= 301
    receiver.close()


def test_a_receiver_that_breaks_off_gets_the_rest_later(logged):
    port = free_port()
    listener = socket.create_server(("127.0.0.1", port))
    cid = run(logged, "syslog", COUNT % 5000, syslog_address="tcp://127.0.0.1:%d" % port)
    with listener.accept()[0] as peer:
        first = peer.recv(20000)
        listener.close()
        time.sleep(0.2)  # its kernel takes more, which it never reads
    receiver = Receiver(socket.SOCK_STREAM, ("127.0.0.1", port))
    receiver.wait(lambda r: b"line 4999\n" in r.data)
    seen = numbers(receiver.data)
    assert seen == list(range(seen[0], 5000)) and numbers(first)
    # Another run goes on where the first one ended.
    logged.hull("start", cid)
    receiver.wait(lambda r: r.data.count(b"line 4999\n") == 2)
    assert numbers(receiver.data)[len(seen):] == list(range(5000))
    receiver.close()


def test_gelf_over_udp_and_tcp(logged):
    receiver = Receiver(socket.SOCK_DGRAM, ("127.0.0.1", 0))
    cid = run(logged, "gelf", "echo hello; echo bad >&2", "--label", "a=b", labels="a",
              gelf_address="udp://127.0.0.1:%d" % receiver.port)
    receiver.wait(lambda r: len(r.parts) == 2)
    got = sorted((json.loads(gzip.decompress(part)) for part in receiver.parts),
                 key=lambda message: message["level"])
    assert [(m["level"], m["short_message"]) for m in got] == [(3, "bad"), (6, "hello")]
    assert got[0]["_container_id"] == cid and got[0]["_a"] == "b" and got[0]["version"] == "1.1"
    assert got[0]["_image_name"] == "busybox" and abs(got[0]["timestamp"] - time.time()) < 60
    receiver.close()
    stream = Receiver(socket.SOCK_STREAM, ("127.0.0.1", 0))
    run(logged, "gelf", COUNT % 200, gelf_address="tcp://127.0.0.1:%d" % stream.port)
    stream.wait(lambda r: r.data.count(b"\0") == 200)
    assert [json.loads(m)["short_message"] for m in stream.data.split(b"\0")[:-1]] == \
        ["line %d" % i for i in range(200)]
    stream.close()


def unpack(data, at=0):
    """As much of MessagePack as the driver writes: (value, offset behind it)."""
    head = data[at]
    at += 1
    if head < 0x80:
        return head, at
    if head < 0xa0:
        items = []
        for _ in range((head & 15) * (2 if head < 0x90 else 1)):
            item, at = unpack(data, at)
            items.append(item)
        return (dict(zip(items[::2], items[1::2])) if head < 0x90 else items), at
    if head < 0xc0:
        return data[at:at + (head & 31)].decode(), at + (head & 31)
    if head == 0xd7:
        return (int.from_bytes(data[at + 1:at + 5], "big"),
                int.from_bytes(data[at + 5:at + 9], "big")), at + 9
    size = {0xce: 4, 0xd9: 1, 0xda: 2, 0xdb: 4}[head]
    number = int.from_bytes(data[at:at + size], "big")
    if head == 0xce:
        return number, at + size
    at += size
    return data[at:at + number].decode(), at + number


def test_fluentd(logged):
    receiver = Receiver(socket.SOCK_STREAM, ("127.0.0.1", 0))
    cid = run(logged, "fluentd", COUNT % 200, "-e", "COLOUR=red", env="COLOUR", tag="my.tag",
              fluentd_async="true", fluentd_sub_second_precision="true",
              fluentd_address="127.0.0.1:%d" % receiver.port)
    receiver.wait(lambda r: b"line 199" in r.data)
    time.sleep(0.1)
    at, messages = 0, []
    while at < len(receiver.data):
        message, at = unpack(receiver.data, at)
        messages.append(message)
    assert [m[2]["log"] for m in messages] == ["line %d" % i for i in range(200)]
    tag, stamp, record, options = messages[0]
    assert tag == "my.tag" and abs(stamp[0] - time.time()) < 60 and options == {}
    assert record["container_id"] == cid and record["source"] == "stdout"
    assert record["COLOUR"] == "red" and record["container_name"].startswith("/")
    receiver.close()


def test_journald(logged, folder):
    receiver = Receiver(socket.SOCK_DGRAM, folder + "/journal")
    cid = run(logged, "journald", "echo hello")
    receiver.wait(lambda r: r.parts)
    fields = dict(line.split("=", 1) for line in receiver.parts[0].decode().splitlines())
    assert fields["MESSAGE"] == "hello" and fields["PRIORITY"] == "6"
    assert fields["CONTAINER_ID"] == cid[:12] == fields["CONTAINER_TAG"]
    assert fields["CONTAINER_ID_FULL"] == cid and fields["IMAGE_NAME"] == "busybox"
    receiver.close()


# --- files: rotation, compression, truncation ----------------------------------------------------

def log_files(engine, cid):
    folder = os.path.join(engine.root, "data/containers", cid)
    return {name.split("-json.log")[1] for name in os.listdir(folder) if "-json.log" in name}


def until(what, timeout=20):
    deadline = time.monotonic() + timeout
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def api_logs(engine, cid, query=""):
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(engine.sock)
        sock.sendall(("GET /v1.41/containers/%s/logs?stdout=1&stderr=1%s HTTP/1.0\r\n\r\n"
                      % (cid, query)).encode())
        data = b""
        while (part := sock.recv(1 << 16)):
            data += part
    return data.split(b"\r\n\r\n", 1)[1]


@pytest.mark.parametrize("driver, options", [
    ("local", {"max_size": "20k"}),
    ("local", {"max_size": "20k", "compress": "false"}),
    ("json-file", {"max_size": "20k", "max_file": "5", "compress": "true"}),
])
def test_rotated_and_compressed_files_are_read_as_one(logged, driver, options):
    cid = run(logged, driver, (COUNT % 2000) + "; read x", "-i", **options)
    suffix = "" if options.get("compress") == "false" else ".gz"
    want = {""} | {".%d%s" % (number, suffix) for number in range(1, 5)}
    until(lambda: log_files(logged, cid) == want)
    until(lambda: b"line 1999\n" in api_logs(logged, cid))
    seen = numbers(logged.hull("logs", cid).stdout.encode())
    assert seen == list(range(seen[0], 2000)) and 700 < len(seen) < 1500
    for tail in (1, 250, 600):
        shown = logged.hull("logs", "--tail", str(tail), cid).stdout.encode()
        assert numbers(shown) == seen[-tail:]
    stamped = logged.hull("logs", "-t", cid).stdout.splitlines()
    since, last = stamped[100].split(" ")[0], stamped[400].split(" ")[0]
    assert logged.hull("logs", "-t", "--since", since, "--until", last,
                       cid).stdout.splitlines() == stamped[100:401]
    assert logged.hull("inspect", "-f", "{{.LogPath}}", cid).stdout.strip().endswith(
        "-json.log" if driver == "json-file" else "")
    logged.hull("rm", "-f", cid)


def test_following_loses_nothing_while_files_are_compressed(logged):
    script = "i=0; while [ $i -lt 2000 ]; do echo line $i; i=$((i+1)); " \
             "[ $((i%100)) = 0 ] && usleep 20000; done"
    cid = run(logged, "local", script, max_size="4k", max_file="50")
    seen = numbers(logged.hull("logs", "-f", cid).stdout.encode())
    assert seen == list(range(2000))
    until(lambda: ".20.gz" in log_files(logged, cid))
    assert numbers(logged.hull("logs", cid).stdout.encode()) == list(range(2000))
    logged.hull("rm", "-f", cid)


@pytest.mark.parametrize("point", ["log_compress_before", "log_compress_after"])
def test_a_daemon_killed_while_it_compresses_costs_no_line(logged, point, monkeypatch):
    logged.kill()
    monkeypatch.setenv("HULL_FAILPOINT", point + ":2")
    logged.start()
    monkeypatch.delenv("HULL_FAILPOINT")
    cid = logged.hull("create", "--network", "none", "--log-driver", "local", "--log-opt",
                      "max-size=4k", "--log-opt", "max-file=50", "busybox", "sh", "-c",
                      COUNT % 500).stdout.strip()
    logged.hull("start", cid, check=False)
    assert logged.process.wait(20) == -9
    logged.start()
    logged.hull("wait", cid)
    assert numbers(logged.hull("logs", cid).stdout.encode()) == list(range(500))
    until(lambda: all(re.fullmatch(r"(\.\d+\.gz)?", name) for name in log_files(logged, cid)))
    assert numbers(logged.hull("logs", cid).stdout.encode()) == list(range(500))
    logged.hull("rm", "-f", cid)


def test_a_log_is_truncated_while_it_is_written_and_followed(logged):
    script = "i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); " \
             "[ $((i%30)) = 0 ] && usleep 10000; done"
    cid = run(logged, "local", script, max_size="10k", max_file="9")
    shown = []
    reader = threading.Thread(target=lambda: shown.append(
        logged.hull("logs", "-f", cid).stdout.encode()))
    reader.start()
    for number in (300, 900, 1500):
        until(lambda: b"line %d\n" % number in api_logs(logged, cid))
        logged.hull("logs", "--truncate", cid)
        left = numbers(api_logs(logged, cid))
        assert not left or left[0] > number
    reader.join(30)
    seen = numbers(shown[0])
    assert seen == sorted(set(seen)) and seen[-1] == 2999
    left = numbers(logged.hull("logs", cid).stdout.encode())
    assert left == list(range(left[0], 3000)) and left[0] > 1500
    logged.hull("logs", "--truncate", cid)
    assert logged.hull("logs", cid).stdout == "" and log_files(logged, cid) == {""}
    logged.hull("rm", "-f", cid)
    assert "No such container" in logged.hull("logs", "--truncate", cid, check=False).stderr


def test_the_daemon_has_a_driver_for_all_containers(folder):
    own = Engine("--log-driver", "local", "--log-opt", "max-size=5k", "--log-opt", "max-file=3",
                 bridge="hdl%d" % (os.getpid() % 100000))
    try:
        own.load_busybox()
        assert own.hull("info", "-f", "{{.LoggingDriver}}").stdout == "local\n"
        shown = "{{json .HostConfig.LogConfig}}"
        one = own.hull("create", "busybox").stdout.strip()
        assert json.loads(own.hull("inspect", "-f", shown, one).stdout) == {
            "Type": "local", "Config": {"max-file": "3", "max-size": "5k"}}
        two = own.hull("create", "--log-opt", "max-file=2", "busybox").stdout.strip()
        assert json.loads(own.hull("inspect", "-f", shown, two).stdout) == {
            "Type": "local", "Config": {"max-file": "2", "max-size": "5k"}}
        three = own.hull("create", "--log-driver", "json-file", "busybox").stdout.strip()
        assert json.loads(own.hull("inspect", "-f", shown, three).stdout) == {
            "Type": "json-file", "Config": {}}
    finally:
        own.stop()
    for flags, message in ((("--log-driver", "nothing"), "no log driver named 'nothing'"),
                           (("--log-opt", "x=y"), "unknown log opt 'x' for json-file")):
        done = subprocess.run([program("hulld"), "--root", folder + "/wrong", *flags],
                              capture_output=True, text=True, check=False, timeout=20)
        assert done.returncode != 0 and message in done.stderr


@pytest.mark.parametrize("driver, option, message", [
    ("json-file", "compress=maybe", "neither true nor false"),
    ("json-file", "compress=true", "compress cannot be true when max-file is less than 2"),
    ("json-file", "max-file=65", "hull keeps at most 64 files"),
    ("local", "tag=x", "unknown log opt 'tag' for local log driver"),
    ("local", "max-size=much", "invalid max-size"),
    ("syslog", "x=1", "unknown log opt 'x' for syslog log driver"),
    ("syslog", "syslog-facility=zz", "invalid syslog facility: zz"),
    ("syslog", "syslog-address=tcp+tls://h:1", "tcp+tls is not supported by hull yet"),
    ("syslog", "mode=maybe", "logger: logging mode not supported: maybe"),
    ("syslog", "max-buffer-size=1m", "only supported with 'mode=non-blocking'"),
    ("syslog", "tag={{", "log opt tag"),
    ("gelf", "tag=x", "missing required option \"gelf-address\""),
    ("gelf", "gelf-address=udp://h", "a port is missing"),
    ("gelf", "gelf-address=udp://h:1 gelf-compression-level=4294967296", "compression-level"),
    ("fluentd", "fluentd-request-ack=true", "fluentd-request-ack is not supported by hull yet"),
    ("fluentd", "fluentd-async=true fluentd-async-connect=true", "cannot specify both 'fluentd-async"),
    ("none", "max-size=1m", "invalid logging opts for driver none"),
    ("nothing", "a=b", "logger: no log driver named 'nothing' is registered"),
    ("../x", "a=b", "logger: no log driver named '../x' is registered"),
    ("json-file", "tags=b", "unknown log opt 'tags' for json-file log driver"),
])
def test_wrong_options_are_refused(logged, driver, option, message):
    options = [word for one in option.split() for word in ("--log-opt", one)]
    done = logged.hull("create", "--log-driver", driver, *options, "busybox", check=False)
    assert done.returncode != 0 and message in done.stderr


def test_info_names_the_drivers(logged):
    drivers = json.loads(logged.hull("info", "-f", "{{json .Plugins.Log}}").stdout)
    assert drivers == ["fluentd", "gelf", "journald", "json-file", "local", "syslog"]
