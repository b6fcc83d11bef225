"""docker's SDK for Python, as its users use it, in front of hulld."""
import io
import queue
import socket
import struct
import tarfile
import threading
import time

import pytest

from images import archive, tar_of

docker = pytest.importorskip("docker", reason="python3-docker is not installed")

QUIET = {"network_mode": "none"}


@pytest.fixture(scope="module")
def client(engine):
    made = docker.DockerClient(base_url="unix://" + engine.sock, timeout=30)
    yield made
    made.close()


@pytest.fixture
def sleeper(client):
    made = client.containers.run("busybox", ["sleep", "300"], detach=True, stop_signal="SIGKILL",
                                 labels={"sdk": "1"}, **QUIET)
    yield made
    made.remove(force=True, v=True)


@pytest.fixture
def remove():
    """What a test makes; it is gone afterwards."""
    made = []
    yield made.append
    for thing in reversed(made):
        thing()


def unpack(chunks):
    return tarfile.open(fileobj=io.BytesIO(b"".join(chunks)))


# --- containers -------------------------------------------------------------------------------


def test_run_gives_the_output_and_removes(client):
    script = "echo out; echo err >&2"
    assert client.containers.run("busybox", ["sh", "-c", script], remove=True, **QUIET) == b"out\n"
    both = client.containers.run("busybox", ["sh", "-c", script], remove=True, stderr=True, **QUIET)
    assert sorted(both.split()) == [b"err", b"out"]
    assert client.containers.list(all=True, filters={"label": "sdk"}) == []


def test_run_that_fails(client):
    with pytest.raises(docker.errors.ContainerError) as caught:
        client.containers.run("busybox", ["sh", "-c", "echo why >&2; exit 7"], remove=True, **QUIET)
    assert caught.value.exit_status == 7 and caught.value.stderr == b"why\n"


def test_run_streams(client, remove):
    lines = client.containers.run("busybox", ["sh", "-c", "for i in 1 2 3; do echo $i; done"],
                                  name="sdk-streams", stream=True, **QUIET)
    remove(lambda: client.containers.get("sdk-streams").remove())
    assert b"".join(lines) == b"1\n2\n3\n"


def test_logs(client, remove):
    made = client.containers.run("busybox", ["sh", "-c", "echo one; sleep 0.2; echo two; echo x >&2"],
                                 detach=True, **QUIET)
    remove(made.remove)
    assert b"".join(made.logs(stream=True, follow=True, stderr=False)) == b"one\ntwo\n"
    assert made.wait()["StatusCode"] == 0
    assert made.logs(stdout=True, stderr=False, tail=3) == b"one\ntwo\n"
    assert made.logs(tail=1) in (b"two\n", b"x\n")
    assert made.logs(stdout=False) == b"x\n"
    stamp, text = made.logs(stderr=False, timestamps=True).splitlines()[1].split(b" ")
    assert text == b"two" and stamp.endswith(b"Z")
    assert made.logs(since=int(time.time()) + 100) == b""


def read_frames(stream, size):
    """Frames of a socket up to SIZE bytes of content: {stream: bytes}."""
    got, data = {1: b"", 2: b""}, b""
    while sum(map(len, got.values())) < size:
        data += stream.recv(4096)
        while len(data) >= 8 and len(data) >= 8 + struct.unpack(">L", data[4:8])[0]:
            length = struct.unpack(">L", data[4:8])[0]
            got[data[0]] += data[8:8 + length]
            data = data[8 + length:]
    return got


def test_attach_socket(client, remove):
    made = client.containers.create("busybox", ["sh", "-c", "read a; echo got $a; echo e >&2; cat"],
                                    stdin_open=True, **QUIET)
    remove(lambda: made.remove(force=True))
    attached = made.attach_socket(params={"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1})
    stream = getattr(attached, "_sock", attached)
    stream.settimeout(20)
    made.start()
    stream.sendall(b"hello\nmore\n")
    stream.shutdown(socket.SHUT_WR)
    assert read_frames(stream, len("got hello\nmore\ne\n")) == {1: b"got hello\nmore\n", 2: b"e\n"}
    assert made.wait()["StatusCode"] == 0
    attached.close()


def test_attach_with_a_terminal(client, remove):
    made = client.containers.create("busybox", ["sh", "-c", "read a; echo [$a]; stty size"],
                                    stdin_open=True, tty=True, **QUIET)
    remove(lambda: made.remove(force=True))
    attached = made.attach_socket(params={"stdin": 1, "stdout": 1, "stream": 1})
    stream = getattr(attached, "_sock", attached)
    stream.settimeout(20)
    made.start()
    made.resize(height=33, width=99)
    stream.sendall(b"x\n")
    seen = b""
    while b"33 99" not in seen:
        more = stream.recv(4096)
        assert more, seen
        seen += more
    assert b"[x]" in seen
    attached.close()


def test_exec(client, sleeper):
    code, (out, err) = sleeper.exec_run(["sh", "-c", "echo o; echo e >&2; exit 4"], demux=True)
    assert (code, out, err) == (4, b"o\n", b"e\n")
    code, out = sleeper.exec_run("sh -c 'echo $A; pwd; id -u'", environment={"A": "1"},
                                 workdir="/tmp", user="1000")
    assert (code, out) == (0, b"1\n/tmp\n1000\n")
    _, lines = sleeper.exec_run(["sh", "-c", "echo a; echo b"], stream=True)
    assert b"".join(lines) == b"a\nb\n"
    assert sleeper.exec_run(["nosuch"])[0] == 127
    code, out = sleeper.exec_run(["true"], workdir="/nowhere")
    assert code != 0 and b"/nowhere" in out
    assert sleeper.exec_run(["ls", "-d", "/nowhere"])[0] == 1  # it was not made
    made = client.api.exec_create(sleeper.id, ["sleep", "100"])
    client.api.exec_start(made["Id"], detach=True)
    shown = client.api.exec_inspect(made["Id"])
    assert shown["Running"] and shown["Pid"] > 0
    assert made["Id"] in client.api.inspect_container(sleeper.id)["ExecIDs"]


def test_exec_socket(client, sleeper):
    made = client.api.exec_create(sleeper.id, ["cat"], stdin=True)
    attached = client.api.exec_start(made["Id"], socket=True)
    stream = getattr(attached, "_sock", attached)
    stream.settimeout(20)
    stream.sendall(b"there and back")
    stream.shutdown(socket.SHUT_WR)
    assert read_frames(stream, 14)[1] == b"there and back"
    attached.close()


def test_archives(sleeper):
    assert sleeper.put_archive("/tmp", tar_of({"d/": None, "d/f": (b"text", 0o640),
                                               "l": "d/f"}))
    chunks, info = sleeper.get_archive("/tmp/d")
    tar = unpack(chunks)
    assert info["name"] == "d" and tar.getnames() == ["d", "d/f"]
    assert tar.extractfile("d/f").read() == b"text" and tar.getmember("d/f").mode == 0o640
    assert sleeper.exec_run("cat /tmp/l")[1] == b"text"
    chunks, info = sleeper.get_archive("/tmp/d/.")
    assert info["name"] == "." and sorted(unpack(chunks).getnames()) == [".", "./f"]
    chunks, info = sleeper.get_archive("/tmp/l")
    assert info["linkTarget"] == "/tmp/d/f"
    assert unpack(chunks).getmember("l").issym()
    chunks, info = sleeper.get_archive("/tmp/d/../d")
    assert info["name"] == "d" and "d/f" in unpack(chunks).getnames()
    for path in ("/none", "/none/.", "/tmp/d/f/"):
        with pytest.raises(docker.errors.NotFound):
            sleeper.get_archive(path)
    with pytest.raises(docker.errors.NotFound):
        sleeper.put_archive("/none", tar_of({}))
    with pytest.raises(docker.errors.APIError) as caught:
        sleeper.put_archive("/etc/passwd", tar_of({}))
    assert caught.value.status_code == 400


def test_archive_of_the_top(client, remove):
    made = client.containers.create("busybox", ["true"], **QUIET)
    remove(made.remove)
    chunks, info = made.get_archive("/")
    names = unpack(chunks).getnames()
    assert info["name"] == "/" and "/etc/passwd" in names, names[:5]


def test_stats(sleeper):
    once = sleeper.stats(stream=False)
    assert once["memory_stats"]["usage"] > 0 and once["pids_stats"]["current"] == 1
    stream = sleeper.stats(stream=True, decode=True)
    first, second = next(stream), next(stream)
    assert second["precpu_stats"]["cpu_usage"] == first["cpu_stats"]["cpu_usage"]
    assert second["read"] > first["read"] and second["name"] == "/" + sleeper.name


def test_life_of_a_container(client, sleeper):
    def state():
        sleeper.reload()
        return sleeper.status

    assert state() == "running" and sleeper.top()["Processes"][0][-1] == "sleep 300"
    sleeper.pause()
    assert state() == "paused"
    sleeper.unpause()
    sleeper.rename("sdk-renamed")
    assert client.containers.get("sdk-renamed").id == sleeper.id
    sleeper.update(mem_limit="64m", memswap_limit="64m", cpu_shares=512)
    sleeper.reload()
    assert sleeper.attrs["HostConfig"]["Memory"] == 64 << 20
    sleeper.restart(timeout=0)
    assert state() == "running"
    sleeper.stop(timeout=1)
    assert state() == "exited" and sleeper.wait()["StatusCode"] == 137
    sleeper.start()
    sleeper.kill("SIGTERM")
    sleeper.kill()
    assert sleeper.wait(condition="not-running")["StatusCode"] in (137, 143)
    assert [c.id for c in client.containers.list(all=True, filters={"name": "sdk-renamed"})] == [
        sleeper.id]
    assert client.containers.list(filters={"status": "running", "label": "sdk=1"}) == []


def test_wait_ends_when_the_container_does(client, sleeper):
    got = queue.Queue()
    waiting = threading.Thread(target=lambda: got.put(sleeper.wait(timeout=20)))
    waiting.start()
    sleeper.exec_run(["true"])
    sleeper.kill()
    assert got.get(timeout=20)["StatusCode"] == 137
    waiting.join()


def test_diff_export_commit(client, sleeper, remove):
    sleeper.exec_run(["sh", "-c", "echo x > /new; rm /www/index.html"])
    assert {"Path": "/new", "Kind": 1} in sleeper.diff()
    assert {"Path": "/www/index.html", "Kind": 2} in sleeper.diff()
    assert "new" in unpack(sleeper.export()).getnames()
    made = sleeper.commit("sdk-made", "1", message="why", author="me", changes="ENV A=1")
    remove(lambda: client.images.remove("sdk-made:1"))
    assert made.tags == ["sdk-made:1"] and "A=1" in made.attrs["Config"]["Env"]
    assert client.containers.run("sdk-made:1", ["cat", "/new"], remove=True, **QUIET) == b"x\n"


def test_events(client):
    since = time.time()
    made = client.containers.run("busybox", ["true"], detach=True, labels={"ev": "1"}, **QUIET)
    made.wait()
    made.remove()
    seen = [event["Action"] for event in
            client.events(since=since, until=time.time() + 0.2, decode=True,
                          filters={"type": "container", "container": made.id})]
    assert seen == ["create", "start", "die", "destroy"]
    following = client.events(decode=True, filters={"event": "pause"})
    got = queue.Queue()
    threading.Thread(target=lambda: got.put(next(following)), daemon=True).start()
    paused = client.containers.run("busybox", ["sleep", "300"], detach=True, **QUIET)
    paused.pause()
    assert got.get(timeout=20)["Actor"]["ID"] == paused.id
    following.close()
    paused.remove(force=True)


def test_prune(client):
    made = client.containers.run("busybox", ["true"], detach=True, labels={"prune": "me"}, **QUIET)
    made.wait()
    done = client.containers.prune(filters={"label": "prune=me"})
    assert done["ContainersDeleted"] == [made.id]
    assert client.containers.prune(filters={"label": "prune=me"})["ContainersDeleted"] is None


# --- volumes, networks, images ----------------------------------------------------------------


def test_volumes(client, remove):
    made = client.volumes.create("sdk-volume", labels={"a": "b"})
    remove(lambda: made.remove(force=True))
    assert made in client.volumes.list(filters={"label": "a=b"})
    for command in (["sh", "-c", "echo kept > /v/f"], ["cat", "/v/f"]):
        out = client.containers.run("busybox", command, remove=True,
                                    volumes={"sdk-volume": {"bind": "/v", "mode": "rw"}}, **QUIET)
    assert out == b"kept\n"
    user = client.containers.create("busybox", ["true"], mounts=[
        docker.types.Mount("/m", "sdk-volume", read_only=True)], **QUIET)
    with pytest.raises(docker.errors.APIError) as caught:
        made.remove()
    assert caught.value.status_code == 409
    user.remove()


def test_networks(client, remove):
    pool = docker.types.IPAMPool(subnet="10.213.9.0/24", gateway="10.213.9.1")
    network = client.networks.create("sdk-net", labels={"a": "b"},
                                     ipam=docker.types.IPAMConfig(pool_configs=[pool]))
    remove(network.remove)
    server = client.containers.run("busybox", ["httpd", "-f", "-h", "/www"], detach=True,
                                   name="sdk-server", network="sdk-net", stop_signal="SIGKILL")
    remove(lambda: server.remove(force=True))
    page = client.containers.run("busybox", ["wget", "-qO-", "http://sdk-server/"], remove=True,
                                 network="sdk-net")
    assert b"it works" in page
    network.reload()
    assert network.containers == [server]
    network.disconnect(server)
    network.connect(server, ipv4_address="10.213.9.77", aliases=["other"])
    server.reload()
    assert server.attrs["NetworkSettings"]["Networks"]["sdk-net"]["IPAddress"] == "10.213.9.77"
    assert client.networks.list(names=["sdk-net"], filters={"label": "a=b"}) == [network]
    with pytest.raises(docker.errors.APIError) as caught:
        network.remove()
    assert caught.value.status_code == 403


def test_ports(client, remove):
    made = client.containers.run("busybox", ["sleep", "300"], detach=True, stop_signal="SIGKILL",
                                 ports={"80/tcp": ("127.0.0.1", None)})
    remove(lambda: made.remove(force=True))
    made.reload()
    (port,) = made.ports["80/tcp"]
    assert port["HostIp"] == "127.0.0.1" and int(port["HostPort"]) > 0


def test_images(client, remove):
    data = archive("sdk-image:1", [tar_of({"a": (b"1", 0o644)}), tar_of({"b": (b"2", 0o644)})],
                   {"Cmd": ["x"], "Labels": {"sdk": "image"}})
    (loaded,) = client.images.load(data)
    remove(lambda: client.images.remove(loaded.id, force=True))
    assert loaded.tags == ["sdk-image:1"] and loaded.labels == {"sdk": "image"}
    assert loaded.tag("sdk-image", "2")
    loaded.reload()
    assert sorted(loaded.tags) == ["sdk-image:1", "sdk-image:2"]
    assert [step["CreatedBy"] for step in loaded.history()] == ["test", "test"]
    assert client.images.list(filters={"label": "sdk=image"}) == [loaded]
    assert client.images.list(name="sdk-image") == [loaded]
    saved = unpack(loaded.save(named=True))
    assert "manifest.json" in saved.getnames()
    client.images.remove("sdk-image:2")
    loaded.reload()
    assert loaded.tags == ["sdk-image:1"]
    (again,) = client.images.load(b"".join(loaded.save(named="sdk-image:1")))
    assert again.id == loaded.id


# --- the engine, and errors -------------------------------------------------------------------


def test_the_engine(client):
    assert client.ping() is True
    assert client.version()["ApiVersion"] == "1.51"
    assert client.info()["OSType"] == "linux"
    assert {"LayersSize", "Images", "Containers", "Volumes"} <= set(client.df())


def test_errors(client, sleeper):
    nothing = [lambda: client.containers.get("absent"), lambda: client.volumes.get("absent"),
               lambda: client.networks.get("absent"),
               lambda: client.api.exec_inspect("absent"), lambda: client.api.logs("absent")]
    for call in nothing:
        with pytest.raises(docker.errors.NotFound) as caught:
            call()
        assert caught.value.status_code == 404 and "absent" in caught.value.explanation
    with pytest.raises(docker.errors.ImageNotFound):
        client.images.get("absent")
    with pytest.raises(docker.errors.ImageNotFound):
        client.containers.create("absent")
    for status, call in [
            (409, lambda: client.containers.create("busybox", name=sleeper.name)),
            (500, sleeper.unpause), (409, sleeper.remove),
            (400, lambda: client.containers.create("busybox", name="bad name")),
            (400, lambda: sleeper.kill("NOPE")),
            (400, lambda: client.containers.list(filters={"bogus": "1"})),
            (409, lambda: client.images.remove("busybox"))]:
        with pytest.raises(docker.errors.APIError) as caught:
            call()
        assert caught.value.status_code == status, caught.value.explanation
