"""State that is damaged or gone while the daemon is stopped: it is refused by name, nothing is made
anew in its place, and what is sound goes on.
"""
import glob
import json
import os
import re
import shutil
import sqlite3
import subprocess

from test_faults import create, log_of, run, state
from test_kill import engine, program, salted  # noqa: F401: a fixture


def test_a_network_that_cannot_be_read(engine):  # noqa: F811
    network = engine.call("POST", "/networks/create", {"Name": "net"})[1]["Id"]
    run(engine, "neighbour")
    engine.kill()
    link = sqlite3.connect(engine.root + "/data/state.db")
    (old,) = link.execute("SELECT value FROM document WHERE bucket = 'network' AND key = ?",
                          (network,)).fetchone()
    link.execute("UPDATE document SET value = ? WHERE bucket = 'network' AND key = ?",
                 (old[:len(old) // 2], network))
    link.commit()
    engine.start()
    assert engine.call("GET", "/networks/net")[0] == 404
    assert sorted(n["Name"] for n in engine.call("GET", "/networks")[1])[:3] == \
        ["bridge", "host", "none"]
    assert network in log_of(engine)
    assert state(engine, "neighbour")["Running"]
    engine.kill()
    link.execute("UPDATE document SET value = ? WHERE bucket = 'network' AND key = ?",
                 (old, network))
    link.commit()
    link.close()
    engine.start()
    assert engine.call("GET", "/networks/net")[0] == 200


def test_a_database_that_is_gone(engine):  # noqa: F811
    status, made = engine.call("POST", "/containers/create?name=victim",
                               {"Image": "chaos:base", "Cmd": ["true"]})
    assert status == 201, made
    engine.kill()
    kept = engine.root + "/kept"
    os.mkdir(kept)
    for path in glob.glob(engine.root + "/data/state.db*"):
        shutil.move(path, kept)
    engine.start()
    status, answer = engine.call("GET", "/containers/json?all=1")
    assert status >= 400 and "state.db is missing or empty" in str(answer), (status, answer)
    engine.kill()
    for path in glob.glob(engine.root + "/data/state.db*"):
        os.unlink(path)
    for name in os.listdir(kept):
        shutil.move(kept + "/" + name, engine.root + "/data")
    engine.start()
    assert state(engine, "victim")["Status"] == "created"


def test_a_removal_that_came_to_the_disk_and_not_to_the_store(engine):  # noqa: F811
    """What a power cut may leave of a container with --rm: its end is not waited for."""
    made = {}
    for name, remove in (("brief", True), ("kept", False), ("whole", True)):
        status, answer = engine.call("POST", "/containers/create?name=" + name,
                                     {"Image": "chaos:base", "Cmd": ["true"],
                                      "HostConfig": {"AutoRemove": remove}})
        assert status == 201, answer
        made[name] = answer["Id"]
    engine.kill()
    for name in ("brief", "kept"):
        shutil.rmtree("%s/data/containers/%s" % (engine.root, made[name]))
    engine.start()
    assert engine.call("GET", "/containers/brief/json")[0] == 404
    assert state(engine, "kept")["Status"] == "created"
    assert state(engine, "whole")["Status"] == "created"
    assert engine.call("DELETE", "/containers/kept")[0] == 204


# What others rely on: without it a document is as good as none.
NEEDED = (
    ("container", "Id"), ("container", "Name"), ("container", "Storage"),
    ("container", "HostConfig"), ("container", "HostConfig.LogConfig"),
    ("container", "HostConfig.NetworkMode"), ("container", "HostConfig.RestartPolicy"),
    ("container", "Mounts.0.Type"), ("endpoint", "ContainerID"),
    ("endpoint", "NetworkSettings.Networks.net.NetworkID"), ("image", "id"),
    ("image", "layers.0.chain"), ("image", "layers.0.diffId"), ("image", "layers.0.blob"),
    ("image-name", "id"),
    ("network", "Id"), ("volume", "Name"), ("volume", "Driver"))
LISTS = ("/containers/json?all=1", "/networks", "/volumes", "/images/json")


def without(document, path):
    """The JSON text DOCUMENT less what is at PATH."""
    whole = json.loads(document)
    place, names = whole, path.split(".")
    for name in names[:-1]:
        place = place[int(name) if isinstance(place, list) else name]
    del place[names[-1]]
    return json.dumps(whole)


def networks_of(engine, name):  # noqa: F811
    return engine.call("GET", "/containers/%s/json" % name)[1]["NetworkSettings"]["Networks"]


def damaged(link, bucket, owner):
    """The key and the text of the document of BUCKET that is damaged: OWNER's, if it has one."""
    rows = link.execute("SELECT key, value FROM document WHERE bucket = ?", (bucket,)).fetchall()
    return ([row for row in rows if owner in row] or rows)[0]


def test_documents_that_lack_something(engine):  # noqa: F811
    network = engine.call("POST", "/networks/create", {"Name": "net"})[1]["Id"]
    run(engine, "neighbour")
    owner = create(engine, "victim", "sh", "-c", "echo kept >/kept; exec sleep 300",
                   Binds=["vol:/vol"], NetworkMode="net")
    assert engine.call("POST", "/containers/victim/start")[0] == 204
    # Another image on the same layers.
    assert engine.call("POST", "/commit?container=victim&repo=chaos&tag=more")[0] == 201
    before = networks_of(engine, "victim")
    engine.kill()
    link = sqlite3.connect(engine.root + "/data/state.db")
    for bucket, path in NEEDED:
        key, text = damaged(link, bucket, network if bucket == "network" else owner)
        write = "UPDATE document SET value = ? WHERE bucket = ? AND key = ?"
        link.execute(write, (without(text, path), bucket, key))
        link.commit()
        engine.start()
        for shown in LISTS:
            assert engine.call("GET", shown)[0] == 200, (bucket, path, shown)
        for asked in ("/images/chaos:base/json", "/images/chaos:more/json", "/system/df"):
            assert engine.call("GET", asked)[0] in (200, 404, 500), (bucket, path, asked)
        assert state(engine, "neighbour")["Running"], (bucket, path)
        assert bucket == "image-name" or key in log_of(engine), (bucket, path)
        engine.kill()
        link.execute(write, (text, bucket, key))
        link.commit()
    link.close()
    engine.start()
    # While it could not be read nothing of it was taken for what a crash left.
    assert state(engine, "victim")["Running"]
    assert networks_of(engine, "victim") == before
    assert engine.call("GET", "/containers/victim/archive?path=/kept")[0] == 200


def set_document(engine, bucket, key, text):  # noqa: F811
    """While no daemon runs."""
    link = sqlite3.connect(engine.root + "/data/state.db")
    changed = link.execute("UPDATE document SET value = ? WHERE bucket = ? AND key = ?",
                           (text, bucket, key)).rowcount
    link.commit()
    link.close()
    assert changed == 1


def on_disk(engine):  # noqa: F811
    """Blobs, and folders of layers."""
    found = set()
    for place in ("image/blobs/sha256", "overlay", "vfs"):
        try:
            found |= {place + "/" + name for name in os.listdir(engine.root + "/data/" + place)}
        except FileNotFoundError:
            pass
    return found


def listed(engine, tag):  # noqa: F811
    status, images = engine.call("GET", "/images/json")
    assert status == 200, images
    (found,) = [image for image in images if tag in (image["RepoTags"] or [])]
    return found


def loaded(engine, tag):  # noqa: F811
    """An image of busybox and a layer of its own; its id."""
    status, answer = engine.call("POST", "/images/load", salted(tag, tag), "application/x-tar")
    assert status == 200, answer
    return listed(engine, tag)["Id"]


def deleted(engine, name, query=""):  # noqa: F811
    status, answer = engine.call("DELETE", "/images/%s%s" % (name, query))
    assert status == 200, answer
    return [line.get("Deleted") for line in answer], [line.get("Untagged") for line in answer]


def test_an_image_that_cannot_be_read_is_shown_and_removed(engine):  # noqa: F811
    before = on_disk(engine)
    with_it = loaded(engine, "chaos:bad")
    loaded(engine, "chaos:other")
    assert engine.call("POST", "/images/chaos:bad/tag?repo=second&tag=name")[0] == 201
    assert engine.call("POST", "/containers/create?name=user",
                       {"Image": "chaos:bad", "Cmd": ["true"]})[0] == 201
    engine.kill()
    set_document(engine, "image", with_it, "{")
    engine.start()
    shown = listed(engine, "chaos:bad")
    assert shown["Id"] == with_it and "second:name" in shown["RepoTags"] and shown["Size"] > 0
    assert shown["Labels"] == {"org.hull.damaged": "true"}
    said = subprocess.run([program("hull"), "-H", "unix://" + engine.sock, "images"],
                          capture_output=True, text=True, check=True, timeout=20)
    assert "WARNING: image %s is damaged" % with_it[7:19] in said.stderr, said
    assert re.search(r"^chaos +bad +" + with_it[7:19], said.stdout, re.M), said
    status, answer = engine.call("GET", "/images/chaos:bad/json")
    assert status == 500 and "is damaged" in str(answer) and with_it in str(answer), answer
    # Others are removed, and nothing of this one: what it has in common with them stays.
    gone, _ = deleted(engine, "chaos:other")
    assert len(gone) == 3, gone
    # It is kept by what keeps others.
    status, answer = engine.call("DELETE", "/images/" + with_it)
    assert status == 409 and "container" in str(answer), answer
    assert engine.call("POST", "/containers/create?name=base",
                       {"Image": "chaos:base", "Cmd": ["true"]})[0] == 201
    assert engine.call("POST", "/images/prune?filters=" +
                       "%7B%22dangling%22%3A%5B%22false%22%5D%7D")[0] == 200
    assert listed(engine, "chaos:bad")
    assert engine.call("DELETE", "/containers/user")[0] == 204
    assert deleted(engine, "second:name") == ([None], ["second:name"])
    gone, untagged = deleted(engine, with_it[7:19])
    assert "chaos:bad" in untagged and with_it in gone and len(gone) == 3, (gone, untagged)
    # All of it, whatever its blobs were; and nothing of chaos:base.
    assert engine.call("POST", "/containers/base/start")[0] == 204
    assert engine.call("DELETE", "/containers/base?force=1")[0] == 204
    assert on_disk(engine) == before


def test_an_image_of_which_nothing_can_be_read(engine):  # noqa: F811
    identity = loaded(engine, "chaos:bad")
    loaded(engine, "chaos:other")
    engine.kill()
    set_document(engine, "image", identity, "{}")
    blob = engine.root + "/data/image/blobs/sha256/" + identity[7:]
    os.chmod(blob, 0o600)
    with open(blob, "r+") as file:
        file.truncate(10)
    engine.start()
    assert listed(engine, "chaos:bad")["Id"] == identity
    # It may need any layer.
    status, answer = engine.call("DELETE", "/images/chaos:other")
    assert status == 500 and identity in str(answer) and "remove it" in str(answer), answer
    gone, untagged = deleted(engine, "chaos:bad")
    assert gone == [None, identity] and untagged[0] == "chaos:bad"
    assert len(deleted(engine, "chaos:other")[0]) == 3


def test_an_image_that_cannot_be_read_is_whole_when_it_comes_again(engine):  # noqa: F811
    identity = loaded(engine, "chaos:bad")
    assert engine.call("POST", "/images/chaos:bad/tag?repo=second&tag=name")[0] == 201
    engine.kill()
    set_document(engine, "image", identity, '{"id": 3}')
    engine.start()
    assert loaded(engine, "chaos:bad") == identity
    shown = listed(engine, "second:name")
    assert shown["Id"] == identity and not shown["Labels"]
    assert engine.call("GET", "/images/chaos:bad/json")[0] == 200
