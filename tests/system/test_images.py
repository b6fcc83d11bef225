"""Images: every form of archive, what hostile ones may not do, names, removal, save and import."""
import gzip
import hashlib
import http.client
import io
import json
import os
import shutil
import socket
import subprocess
import tarfile
import threading
import time

import pytest

from engine import Engine, program
from images import tar_of


class Connection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost")
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


def api(engine, method, path, body=None):
    """Status and body of a request; a stream of JSON objects is a list."""
    connection = Connection(engine.sock)
    try:
        connection.request(method, path, body)
    except BrokenPipeError:
        pass  # refused before it was all sent; the answer is there
    response = connection.getresponse()
    data = response.read()
    connection.close()
    try:
        return response.status, json.loads(data)
    except ValueError:
        pass
    try:
        return response.status, [json.loads(line) for line in data.decode().split("\r\n") if line]
    except ValueError:
        return response.status, data


def load(engine, data):
    return api(engine, "POST", "/images/load", data)


def message(answer):
    """The error of an answer, wherever it is."""
    status, body = answer
    if isinstance(body, list):
        body = body[-1]
    assert status >= 400 or "error" in body, answer
    return body.get("message") or body["error"]


def stored(engine):
    """All that images have on the disk."""
    found = set()
    for folder in "image/blobs/sha256", "image/ingest", "overlay2", "overlay2/tmp", "vfs":
        path = os.path.join(engine.root, "data", folder)
        if os.path.isdir(path):
            found |= {folder + "/" + name for name in os.listdir(path)}
    return found - {"overlay2/containers", "overlay2/init", "overlay2/tmp", "vfs/tmp",
                    "vfs/containers", "vfs/init"}


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def config_of(layers, **more):
    return json.dumps({"architecture": "amd64", "os": "linux", "created": "2026-01-02T03:04:05.5Z",
                       "config": {"Cmd": ["sh"], "Labels": {"colour": "green"}},
                       "rootfs": {"type": "layers", "diff_ids": [digest(one) for one in layers]},
                       "history": [{"created": "2026-01-02T03:04:05Z", "created_by": "one"},
                                   {"created_by": "nothing", "empty_layer": True},
                                   *[{"created_by": "more"}] * (len(layers) - 1)], **more}).encode()


def members(files):
    """A tar of {name: bytes, or a text for a link}."""
    return tar_of({name: data if isinstance(data, str) else (data, 0o644)
                   for name, data in files.items()})


def docker_archive(layers, tags, config=None, **files):
    config = config or config_of(layers)
    names = ["%d/layer.tar" % at for at in range(len(layers))]
    manifest = [{"Config": digest(config)[7:] + ".json", "RepoTags": tags, "Layers": names}]
    return members({**dict(zip(names, layers)), digest(config)[7:] + ".json": config,
                    "manifest.json": json.dumps(manifest).encode(), **files})


class Oci:
    """An OCI layout being put together; what is hostile in it is changed before tar()."""

    def __init__(self, layers, name="oci:1"):
        self.files = {}
        self.config = config_of(layers)
        self.manifest = {
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": self.blob(self.config, "application/vnd.oci.image.config.v1+json"),
            "layers": [self.blob(one, "application/vnd.oci.image.layer.v1.tar") for one in layers]}
        self.index = {"schemaVersion": 2, "manifests": []}
        self.layout = b'{"imageLayoutVersion":"1.0.0"}'
        self.name = name

    def blob(self, data, media_type):
        self.files["blobs/sha256/" + digest(data)[7:]] = data
        return {"mediaType": media_type, "digest": digest(data), "size": len(data)}

    def tar(self, **more):
        entry = self.blob(json.dumps(self.manifest).encode(),
                          "application/vnd.oci.image.manifest.v1+json")
        entry["annotations"] = {"org.opencontainers.image.ref.name": self.name}
        self.index["manifests"].append({**entry, **more})
        return members({**self.files, "index.json": json.dumps(self.index).encode(),
                        "oci-layout": self.layout})


def small_layers(salt):
    """Two layers that no other test has."""
    return [tar_of({"etc/": None, "etc/" + salt: (salt.encode(), 0o644)}),
            tar_of({"etc/.wh." + salt: (b"", 0o644), "second": (salt.encode() * 1000, 0o600)})]


@pytest.fixture
def clean(engine):
    """Nothing may be left of what a test loads; containers and the busybox of others stay."""
    before = stored(engine)
    ids = {image["Id"] for image in api(engine, "GET", "/images/json?all=1")[1]}
    yield engine
    for image in api(engine, "GET", "/images/json?all=1")[1]:
        if image["Id"] not in ids:
            status, body = api(engine, "DELETE", "/images/%s?force=1" % image["Id"])
            assert status == 200, body
    assert stored(engine) == before


# --- load --------------------------------------------------------------------------------------


def test_docker_archive(clean):
    layers = small_layers("plain")
    status, lines = load(clean, docker_archive(layers, ["plain:1", "me/plain:latest"]))
    assert status == 200
    assert lines == [{"stream": "Loaded image: plain:1\n"},
                     {"stream": "Loaded image: me/plain:latest\n"}]
    image = api(clean, "GET", "/images/plain:1/json")[1]
    assert image["Id"] == digest(config_of(layers))
    assert image["RepoTags"] == ["me/plain:latest", "plain:1"]
    assert image["RootFS"]["Layers"] == [digest(one) for one in layers]
    assert image["Size"] == len("plain") + 5000
    assert image["Created"] == "2026-01-02T03:04:05.5Z"


def test_same_again_costs_nothing(clean):
    data = docker_archive(small_layers("again"), ["again:1"])
    load(clean, data)
    before = stored(clean)
    assert load(clean, data)[1] == {"stream": "Loaded image: again:1\n"}
    assert stored(clean) == before


def test_again_heals_a_damaged_blob(clean):
    layers = small_layers("heal")
    data = docker_archive(layers, ["heal:1"])
    load(clean, data)
    path = "%s/data/image/blobs/sha256/%s" % (clean.root, digest(layers[0]).split(":")[1])
    for damage in layers[0][:-1] + b"x", b"short", None:
        os.unlink(path)
        if damage is None:
            os.mkfifo(path)
        else:
            with open(path, "wb") as blob:
                blob.write(damage)
        assert load(clean, data)[1] == {"stream": "Loaded image: heal:1\n"}
        with open(path, "rb") as blob:
            assert blob.read() == layers[0]


def test_without_a_name(clean):
    layers = small_layers("nameless")
    assert load(clean, docker_archive(layers, None))[1] == {
        "stream": "Loaded image ID: %s\n" % digest(config_of(layers))}


def test_name_moves(clean):
    old, new = small_layers("old"), small_layers("new")
    load(clean, docker_archive(old, ["moves:1"]))
    lines = load(clean, docker_archive(new, ["moves:1"]))[1]
    assert lines[0]["stream"] == ("The image moves:1 already exists, renaming the old one with ID "
                                  "%s to empty string\n" % digest(config_of(old)))
    assert api(clean, "GET", "/images/moves:1/json")[1]["Id"] == digest(config_of(new))
    assert api(clean, "GET", "/images/%s/json" % digest(config_of(old)))[1]["RepoTags"] == []


@pytest.mark.parametrize("pack", ["gzip", "zstd"])
def test_compressed(clean, pack):
    data = docker_archive(small_layers(pack), [pack + ":1"])
    packed = subprocess.run([pack, "-c"], input=data, capture_output=True, check=True).stdout
    assert load(clean, packed)[1] == {"stream": "Loaded image: %s:1\n" % pack}


def test_compressed_layers(clean):
    layers = small_layers("packed")
    config = config_of(layers)
    zstd = subprocess.run(["zstd", "-c"], input=layers[1], capture_output=True, check=True).stdout
    data = docker_archive([gzip.compress(layers[0]), zstd], ["packed:1"], config)
    assert load(clean, data)[1] == {"stream": "Loaded image: packed:1\n"}


def test_links_between_layers(clean):
    layer = small_layers("linked")[0]
    config = config_of([layer])
    manifest = [{"Config": "c.json", "RepoTags": ["linked:1"], "Layers": ["b/layer.tar"]}]
    data = members({"a/layer.tar": layer, "b/layer.tar": "../a/layer.tar", "c.json": config,
                    "manifest.json": json.dumps(manifest).encode()})
    assert load(clean, data)[1] == {"stream": "Loaded image: linked:1\n"}


def test_a_format_that_is_refused_by_name(clean):
    assert "lz4 is not supported" in message(load(clean, b"\x04\x22\x4d\x18" + b"x" * 10000))


@pytest.mark.parametrize("kind", ["bzip2", "xz"])
def test_archives_in_formats_of_people(clean, kind):
    data = docker_archive(small_layers("people"), ["people:1"],
                          config_of(small_layers("people")))
    packed = subprocess.run([kind, "-c"], input=data, capture_output=True, check=True).stdout
    assert load(clean, packed)[1] == {"stream": "Loaded image: people:1\n"}
    assert "damaged" in message(load(clean, packed[:100] + b"damage" + packed[106:]))


def test_oci_archive(clean):
    layers = small_layers("oci")
    assert load(clean, Oci(layers).tar())[1] == {"stream": "Loaded image: oci:1\n"}
    assert api(clean, "GET", "/images/oci:1/json")[1]["Id"] == digest(config_of(layers))


def test_index_in_index(clean):
    """Below an index the image of this host is taken."""
    oci = Oci(small_layers("nested"))
    other = Oci(small_layers("other"))
    other.config = config_of(small_layers("other"), architecture="s390x")
    oci.files.update(other.files)
    entries = [{**oci.blob(json.dumps(one.manifest).encode(),
                           "application/vnd.oci.image.manifest.v1+json"),
                "platform": {"os": "linux", "architecture": arch}}
               for one, arch in ((other, "s390x"), (oci, "amd64"))]
    inner = oci.blob(json.dumps({"schemaVersion": 2, "manifests": entries}).encode(),
                     "application/vnd.oci.image.index.v1+json")
    index = {"schemaVersion": 2, "manifests": [
        {**inner, "annotations": {"io.containerd.image.name": "docker.io/library/nested:1"}}]}
    data = members({**oci.files, "oci-layout": oci.layout,
                    "index.json": json.dumps(index).encode()})
    assert load(clean, data)[1] == {"stream": "Loaded image: nested:1\n"}
    assert api(clean, "GET", "/images/nested:1/json")[1]["Id"] == digest(oci.config)


@pytest.mark.skipif(not shutil.which("skopeo"), reason="skopeo is not installed")
@pytest.mark.parametrize("form", ["docker-archive", "oci-archive"])
def test_skopeo(clean, tmp_path, form):
    (tmp_path / "in.tar").write_bytes(docker_archive(small_layers("skopeo"), ["in:1"]))
    subprocess.run(["skopeo", "copy", "-q", "docker-archive:%s/in.tar" % tmp_path,
                    "%s:%s/out.tar:sk:2" % (form, tmp_path)], check=True)
    assert load(clean, (tmp_path / "out.tar").read_bytes())[1] == {"stream": "Loaded image: sk:2\n"}
    status, data = api(clean, "GET", "/images/sk:2/get")
    (tmp_path / "saved.tar").write_bytes(data)
    for source in "docker-archive:%s/saved.tar:sk:2", "oci-archive:%s/saved.tar:2":
        subprocess.run(["skopeo", "copy", "-q", source % tmp_path, "dir:%s/dir" % tmp_path],
                       check=True)
    assert status == 200


def test_many_at_once(clean):
    """The same layers in several loads at a time are made once, and all succeed."""
    layers = small_layers("joined")
    layers.append(tar_of({"big": (os.urandom(3 << 20), 0o644)}))
    answers = []
    threads = [threading.Thread(target=lambda at=at: answers.append(load(
        clean, docker_archive(layers, ["joined:%d" % at])))) for at in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [status for status, _ in answers] == [200] * 6
    assert len(api(clean, "GET", "/images/joined:0/json")[1]["RepoTags"]) == 6


# --- hostile archives --------------------------------------------------------------------------


def hostile():
    layers = small_layers("hostile")
    good = docker_archive(layers, ["hostile:1"])

    def oci(change, **more):
        one = Oci(layers, "hostile:1")
        change(one)
        return one.tar(**more)

    def manifest(**fields):
        config = config_of(layers)
        entry = {"Config": "c.json", "RepoTags": ["hostile:1"], "Layers": ["0.tar", "1.tar"]}
        return members({"0.tar": layers[0], "1.tar": layers[1], "c.json": config,
                        "manifest.json": json.dumps([{**entry, **fields}]).encode()})

    yield "empty", b"", "no archive"
    yield "garbage", b"garbage" * 1000, ""
    yield "no images", members({"x": b"y"}), "neither manifest.json nor index.json"
    yield "truncated", good[:len(good) // 2], "cut off"
    yield "no manifest list", members({"manifest.json": b"{}"}), ""
    yield "manifest is no JSON", members({"manifest.json": b"["}), ""
    yield "an empty list", members({"manifest.json": b"[]"}), "lists no image"
    yield "manifest too large", members({"manifest.json": b" " * (5 << 20)}), "4 MB"
    yield "deep JSON", members({"manifest.json": b"[" * 100000 + b"]" * 100000}), ""
    yield "duplicate keys", members({"manifest.json": b'[{"Config":"a","Config":"b"}]'}), ""
    yield "config outside", manifest(Config="../../../../etc/passwd"), "not in it"
    yield "config absolute", manifest(Config="/etc/passwd"), "not in it"
    yield "layer outside", manifest(Layers=["0.tar", "../../../etc/shadow"]), "not in it"
    yield "missing layer", manifest(Layers=["0.tar", "2.tar"]), "not in it"
    yield "too few layers", manifest(Layers=["0.tar"]), "length mismatch"
    yield "swapped layers", manifest(Layers=["1.tar", "0.tar"]), "digest mismatch"
    yield "bad tag", manifest(RepoTags=["UPPER:1"]), "must be lowercase"
    yield "a tag that is a path", manifest(RepoTags=["../../x"]), "invalid reference format"
    yield "manifest is a link", members({"manifest.json": "a", "a": b"[]"}), "is a link"
    yield "links in a ring", members({"a": "b", "b": "a", "manifest.json": json.dumps(
        [{"Config": "a", "RepoTags": None, "Layers": []}]).encode()}), "not in it"
    yield "wrong config name", docker_archive(layers, ["hostile:1"], **{"0" * 64 + ".json": b"{}"}), \
        "digest mismatch"
    yield "config is no JSON", docker_archive(layers, ["hostile:1"], b"{"), ""
    yield "windows", docker_archive(layers, ["hostile:1"], config_of(layers, os="windows")), \
        "cannot load windows image"
    yield "diff id is a path", docker_archive(layers, ["hostile:1"], config_of(
        layers, rootfs={"type": "layers", "diff_ids": ["sha256:../../../x", "y"]})), \
        "invalid diff id"
    yield "layer is no tar", docker_archive([b"x" * 5000, b"y"], ["hostile:1"]), ""
    yield "wrong blob", oci(lambda o: o.files.update({"blobs/sha256/" + "1" * 64: b"x"})), \
        "digest mismatch"
    yield "manifest and index at once", oci(lambda o: o.manifest.update(
        manifests=[o.manifest["config"]])), "exactly one of"
    yield "neither manifest nor index", oci(lambda o: (o.manifest.pop("config"),
                                                       o.manifest.pop("layers"))), "exactly one of"
    yield "digest is a path", oci(lambda o: o.manifest["layers"][0].update(
        digest="sha256:../../../../../../etc/passwd")), "invalid digest"
    yield "digest of another kind", oci(lambda o: o.manifest["layers"][0].update(
        digest="md5:d41d8cd98f00b204e9800998ecf8427e")), "invalid digest"
    yield "descriptor is a path", oci(lambda o: None, digest="sha256:../../x"), "invalid digest"
    yield "wrong size", oci(lambda o: o.manifest["layers"][0].update(size=1)), "descriptor says"
    yield "wrong media type", oci(lambda o: o.manifest.update(
        mediaType="application/vnd.oci.image.index.v1+json")), "mediaType"
    yield "absent blob", oci(lambda o: o.manifest["layers"][0].update(
        digest="sha256:" + "0" * 64)), "not in it"
    yield "schema 1", oci(lambda o: o.manifest.update(fsLayers=[{"blobSum": "x"}])), "too old"
    yield "another layout", oci(lambda o: setattr(o, "layout", b'{"imageLayoutVersion":"9"}')), \
        "layout of version 9"


@pytest.mark.parametrize("name, data, part", hostile(), ids=lambda v: v if isinstance(v, str) else "")
def test_hostile_archive(clean, name, data, part):
    before = stored(clean)
    text = message(load(clean, data))
    assert part in text and text
    assert stored(clean) == before, "left behind after " + name
    assert api(clean, "GET", "/images/hostile:1/json")[0] == 404


@pytest.mark.parametrize("name", ["../escape", "/abs/escape", "a/../../escape"])
def test_layer_paths_stay_inside(clean, name):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        info = tarfile.TarInfo(name)
        info.size = 4
        tar.addfile(info, io.BytesIO(b"evil"))
    load(clean, docker_archive([out.getvalue()], ["inside:1"]))
    for folder in clean.root, clean.root + "/data", clean.root + "/data/overlay2", "/", "/abs":
        assert not os.path.exists(folder + "/escape")


# --- names and removal -------------------------------------------------------------------------


def test_tag(clean):
    load(clean, docker_archive(small_layers("tag"), ["tag:1"]))
    image = api(clean, "GET", "/images/tag:1/json")[1]["Id"]
    assert api(clean, "POST", "/images/tag:1/tag?repo=localhost:5000/x/y&tag=z")[0] == 201
    assert api(clean, "POST", "/images/%s/tag?repo=short" % image[7:19])[0] == 201
    assert api(clean, "GET", "/images/short/json")[1]["RepoTags"] == [
        "localhost:5000/x/y:z", "short:latest", "tag:1"]
    assert message(api(clean, "POST", "/images/tag:1/tag?repo=UPPER&tag=x")) == \
        "invalid reference format: repository name (library/UPPER) must be lowercase"
    assert message(api(clean, "POST", "/images/nope/tag?repo=x")) == "No such image: nope:latest"
    assert message(api(clean, "POST", "/images/tag:1/tag?repo=x&tag=-")) == "invalid tag format"


def test_remove(clean):
    layers = small_layers("remove")
    load(clean, docker_archive(layers, ["remove:1", "other:1"]))
    image = api(clean, "GET", "/images/remove:1/json")[1]["Id"]
    status, body = api(clean, "DELETE", "/images/" + image[7:])
    assert status == 409 and body["message"] == (
        "conflict: unable to delete %s (must be forced) - image is referenced in multiple "
        "repositories" % image[7:19])
    assert api(clean, "DELETE", "/images/other:1") == (200, [{"Untagged": "other:1"}])
    chain = "sha256:" + hashlib.sha256(
        (digest(layers[0]) + " " + digest(layers[1])).encode()).hexdigest()
    assert api(clean, "DELETE", "/images/remove:1") == (200, [
        {"Untagged": "remove:1"}, {"Deleted": image}, {"Deleted": chain},
        {"Deleted": digest(layers[0])}])
    assert message(api(clean, "DELETE", "/images/remove:1")) == "No such image: remove:1"


def test_shared_layers_stay(clean):
    layers = small_layers("shared")
    more = layers + [tar_of({"third": (b"3", 0o644)})]
    load(clean, docker_archive(layers, ["shared:1"]))
    load(clean, docker_archive(more, ["shared:2"]))
    deleted = api(clean, "DELETE", "/images/shared:2")[1]
    assert len(deleted) == 3 and deleted[0] == {"Untagged": "shared:2"}
    status, data = api(clean, "GET", "/images/shared:1/get")
    assert status == 200 and len(tarfile.open(fileobj=io.BytesIO(data)).getnames()) == 10


def test_used_by_a_container(engine):
    name = engine.hull("create", "busybox").stdout.strip()
    image = api(engine, "GET", "/images/busybox/json")[1]["Id"]
    try:
        status, body = api(engine, "DELETE", "/images/busybox")
        assert status == 409 and body["message"] == (
            'conflict: unable to remove repository reference "busybox:latest" (must force) - '
            "container %s is using its referenced image %s" % (name[:12], image[7:19]))
        assert api(engine, "POST", "/images/busybox/tag?repo=second")[0] == 201
        assert api(engine, "DELETE", "/images/second") == (200, [{"Untagged": "second:latest"}])
        listed = [one for one in api(engine, "GET", "/images/json")[1] if one["Id"] == image]
        assert listed[0]["Containers"] >= 1
        engine.hull("start", name)
    finally:
        engine.hull("rm", "-f", name)


def test_prune(clean):
    load(clean, docker_archive(small_layers("dangling"), None))
    status, body = api(clean, "POST", "/images/prune")
    assert status == 200 and body["SpaceReclaimed"] == len("dangling") + 8000
    assert [list(one) for one in body["ImagesDeleted"]] == [["Deleted"]] * 3
    assert api(clean, "POST", "/images/prune")[1] == {"ImagesDeleted": None, "SpaceReclaimed": 0}
    load(clean, docker_archive(small_layers("unused"), ["unused:1"]))
    filters = '{"dangling":["false"],"label":["colour=green"]}'
    body = api(clean, "POST", "/images/prune?filters=" + filters)[1]
    assert body["ImagesDeleted"][0] == {"Untagged": "unused:1"}
    assert clean.hull("image", "prune", "-f", "--filter", "dangling=maybe", check=False).stderr == (
        "Error response from daemon: invalid filter 'dangling=[maybe]'\n")


# --- looking -----------------------------------------------------------------------------------


def names(engine, filters, more=""):
    status, body = api(engine, "GET", "/images/json?filters=%s%s" % (json.dumps(filters).replace(
        " ", ""), more))
    assert status == 200, body
    return sorted(tag for image in body for tag in image["RepoTags"] or ["-"])


def test_list_filters(clean):
    load(clean, docker_archive(small_layers("list1"), ["list/one:1", "list/one:2"],
                               config_of(small_layers("list1"), created="2020-01-01T00:00:00Z")))
    load(clean, docker_archive(small_layers("list2"), ["list/two:1"],
                               config_of(small_layers("list2"), created="2021-01-01T00:00:00Z")))
    load(clean, docker_archive(small_layers("list3"), None,
                               config_of(small_layers("list3"), created="2022-01-01T00:00:00Z")))
    assert names(clean, {"reference": ["list/*"]}) == ["list/one:1", "list/one:2", "list/two:1"]
    assert names(clean, {"reference": ["list/*:1"]}) == ["list/one:1", "list/two:1"]
    assert names(clean, {"reference": {"list/two": True}}) == ["list/two:1"]
    assert names(clean, {"dangling": ["true"]}) == ["-"]
    assert names(clean, {"before": ["list/two:1"]}) == ["list/one:1", "list/one:2"]
    assert "list/two:1" in names(clean, {"since": ["list/one:1"]})
    assert "list/one:1" not in names(clean, {"since": ["list/one:1"]})
    assert names(clean, {"until": ["2020-06-01T00:00:00Z"]}) == ["list/one:1", "list/one:2"]
    assert "list/one:1" in names(clean, {"label": ["colour=green"]})
    assert names(clean, {"label": ["colour=red"]}) == []
    assert message(api(clean, "GET", '/images/json?filters={"zz":["1"]}')) == "invalid filter 'zz'"
    order = [one["Created"] for one in api(clean, "GET", "/images/json")[1]]
    assert order == sorted(order, reverse=True)


def test_history(clean):
    layers = small_layers("history")
    load(clean, docker_archive(layers, ["history:1"]))
    steps = api(clean, "GET", "/images/history:1/history")[1]
    assert [one["CreatedBy"] for one in steps] == ["more", "nothing", "one"]
    assert [one["Size"] for one in steps] == [7000, 0, 7]
    assert steps[0]["Tags"] == ["history:1"] and steps[1]["Tags"] is None
    assert steps[0]["Id"] == digest(config_of(layers)) and steps[1]["Id"] == "<missing>"


@pytest.mark.skipif(not shutil.which("docker"), reason="docker's client is not installed")
def test_docker_client(clean, tmp_path):
    (tmp_path / "in.tar").write_bytes(docker_archive(small_layers("client"), ["client:1"]))
    assert clean.docker("load", "-i", str(tmp_path / "in.tar")).stdout == "Loaded image: client:1\n"
    assert "client" in clean.docker("images").stdout
    clean.docker("save", "-o", str(tmp_path / "out.tar"), "client:1")
    assert clean.docker("rmi", "client:1").stdout.startswith("Untagged: client:1\nDeleted: sha256:")
    assert "Loaded image: client:1" in clean.docker("load", "-i", str(tmp_path / "out.tar")).stdout


# --- save and import ---------------------------------------------------------------------------


def test_save_repeats_the_bytes(clean):
    oci = Oci(small_layers("save"), "save:1")
    load(clean, oci.tar())
    status, data = api(clean, "GET", "/images/save:1/get")
    assert status == 200
    tar = tarfile.open(fileobj=io.BytesIO(data))
    for name, content in oci.files.items():
        assert tar.extractfile(name).read() == content
    assert {"blobs", "blobs/sha256", "index.json", "manifest.json", "oci-layout",
            "repositories"} == set(tar.getnames()) - set(oci.files)
    assert json.load(tar.extractfile("manifest.json"))[0]["RepoTags"] == ["save:1"]
    assert api(clean, "GET", "/images/save:1/get")[1] == data
    image = api(clean, "GET", "/images/save:1/json")[1]["Id"]
    api(clean, "DELETE", "/images/save:1")
    assert load(clean, data)[1] == {"stream": "Loaded image: save:1\n"}
    assert api(clean, "GET", "/images/save:1/json")[1]["Id"] == image


def test_save_several(clean):
    for salt in "several1", "several2":
        load(clean, docker_archive(small_layers(salt), ["several:" + salt, salt + ":x"]))
    status, data = api(clean, "GET", "/images/get?names=several&names=several2:x")
    tar = tarfile.open(fileobj=io.BytesIO(data))
    tags = [one["RepoTags"] for one in json.load(tar.extractfile("manifest.json"))]
    assert sorted(sum(tags, [])) == ["several2:x", "several:several1", "several:several2"]
    assert message(api(clean, "GET", "/images/get?names=nope")) == "No such image: nope"
    assert message(api(clean, "GET", "/images/nope/get")) == "No such image: nope"


def test_import(clean):
    rootfs = tar_of({"hello": (b"hello", 0o644)})
    status, body = api(clean, "POST", "/images/create?fromSrc=-&repo=imp&tag=1&message=hello"
                       "&changes=CMD%20%5B%22true%22%5D&changes=ENV%20A%3Db", gzip.compress(rootfs))
    assert status == 200 and body["status"].startswith("sha256:")
    image = api(clean, "GET", "/images/imp:1/json")[1]
    assert image["Id"] == body["status"] and image["Comment"] == "hello"
    assert image["Config"]["Cmd"] == ["true"] and image["Config"]["Env"] == ["A=b"]
    assert image["RootFS"]["Layers"] == [digest(rootfs)] and image["Size"] == 5
    assert message(api(clean, "POST", "/images/create?fromSrc=-&repo=imp&changes=RUN%20x",
                       rootfs)) == "RUN is not a valid change command"
    status, body = api(clean, "POST", "/images/create?fromImage=alpine&tag=3")
    assert status == 501 and "not supported" in body["message"]
    assert message(api(clean, "POST", "/images/create?fromImage=BAD&tag=1")) == \
        "invalid reference format: repository name (library/BAD) must be lowercase"


# --- the storage driver ------------------------------------------------------------------------


def test_driver_of_a_data_root():
    """Chosen once: another one is refused, and the data stay as they are."""
    engine = Engine("--storage-driver", "vfs", bridge="htv%d" % (os.getpid() % 100000))
    try:
        layers = small_layers("vfs")
        data = docker_archive(layers, ["vfs:1"])
        assert load(engine, data)[1] == {"stream": "Loaded image: vfs:1\n"}
        image = api(engine, "GET", "/images/vfs:1/json")[1]
        assert image["GraphDriver"]["Name"] == "vfs" and image["Size"] == 3000 + 3
        before = stored(engine)
        engine.process.terminate()
        engine.process.wait()
        engine.flags = ("--storage-driver", "overlay2")
        engine.start()
        assert "was made with vfs, but storage-driver asks for overlay2" in message(
            load(engine, data))
        refused = subprocess.run([program("hulld"), "--storage-driver", "zfs", "--validate"],
                                 capture_output=True, text=True, check=False)
        assert refused.returncode == 1 and "use overlay2 or vfs" in refused.stderr
        engine.process.terminate()
        engine.process.wait()
        engine.flags = ()
        engine.start()
        assert api(engine, "GET", "/images/vfs:1/json")[1]["Id"] == image["Id"]
        assert stored(engine) == before
        assert api(engine, "DELETE", "/images/vfs:1")[0] == 200
        assert not stored(engine)
    finally:
        engine.stop()


def test_events(clean):
    since = time.time()
    load(clean, docker_archive(small_layers("events"), ["events:1"]))
    image = api(clean, "GET", "/images/events:1/json")[1]["Id"]
    api(clean, "POST", "/images/events:1/tag?repo=events2")
    api(clean, "GET", "/images/events:1/get")
    api(clean, "DELETE", "/images/events2")
    api(clean, "DELETE", "/images/events:1")
    answer = api(clean, "GET", "/events?since=%.9f&until=%.9f" % (since, time.time()))[1]
    lines = [json.loads(line) for line in answer.decode().splitlines()] \
        if isinstance(answer, bytes) else answer if isinstance(answer, list) else [answer]
    mine = [one for one in lines if one["Actor"]["ID"] == image]
    assert [one["Action"] for one in mine] == ["load", "tag", "save", "untag", "untag", "delete"]
    assert {one["Actor"]["Attributes"]["colour"] for one in mine} == {"green"}
    assert mine[1]["Actor"]["Attributes"]["name"] == "events2:latest"


# --- crashes -----------------------------------------------------------------------------------


def test_kill_in_the_middle_of_a_load(own_engine):
    """Whatever instant it dies at: the next life has an image whole or not at all, and the rest
    of it is cleaned up."""
    engine = own_engine
    before = stored(engine)
    layers = small_layers("killed") + [tar_of({"big": (os.urandom(8 << 20), 0o644)})]
    data = docker_archive(layers, ["killed:1"])

    def try_to_load():
        try:
            load(engine, data)
        except (OSError, http.client.HTTPException):
            pass

    for wait in 0.005, 0.02, 0.04, 0.06, 0.08, 0.1, 0.15, 0.2:
        thread = threading.Thread(target=try_to_load)
        thread.start()
        time.sleep(wait)
        engine.kill()
        thread.join()
        engine.start()
        status, image = api(engine, "GET", "/images/killed:1/json")
        if status == 200:
            assert api(engine, "GET", "/images/killed:1/get")[0] == 200
            assert image["RootFS"]["Layers"] == [digest(one) for one in layers]
            assert api(engine, "DELETE", "/images/killed:1")[0] == 200
        assert stored(engine) == before
    assert load(engine, data)[1] == {"stream": "Loaded image: killed:1\n"}
