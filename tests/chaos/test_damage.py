"""State that is damaged or gone while the daemon is stopped: it is refused by name, nothing is made
anew in its place, and what is sound goes on.
"""
import glob
import os
import shutil
import sqlite3

from test_faults import log_of, run, state
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
