"""State that is damaged or gone while the daemon is stopped: it is refused by name, nothing is made
anew in its place, and what is sound goes on.
"""
import glob
import json
import os
import shutil
import sqlite3

from test_faults import create, log_of, run, state
from test_kill import engine  # noqa: F401: a fixture


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
    ("endpoint", "NetworkSettings.Networks.net.NetworkID"), ("image", "id"), ("image-name", "id"),
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
        engine.call("GET", "/images/chaos:base/json")
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
