#!/usr/bin/python3
"""A volume driver by Docker's plugin protocol, for tests: a folder per volume, FOLDER/NAME.d/VOLUME,
that is there while something has it mounted.

    volplugin.py FOLDER [NAME]      see pluginserver.py

Option "fail" makes Create fail, "scope" of the plugin is global when NAME ends with "global".
"""
import os
import shutil
import sys

import pluginserver

FOLDER, NAME = sys.argv[1], (sys.argv[2:] or ["toy"])[0]
TOP = os.path.join(FOLDER, NAME + ".d")
KEPT = os.path.join(FOLDER, NAME + ".kept")  # what is mounted is found again by the next process


def path_of(name):
    return os.path.join(TOP, name)


def mounts(name):
    folder = os.path.join(KEPT, name)
    return set(os.listdir(folder)) if os.path.isdir(folder) else None


def known(name):
    if mounts(name) is None:
        raise LookupError("no volume " + name)


def create(body):
    opts = body.get("Opts") or {}
    if "fail" in opts:
        raise ValueError("it was told to fail: " + opts["fail"])
    os.makedirs(os.path.join(KEPT, body["Name"]), exist_ok=True)
    os.makedirs(path_of(body["Name"]) + ".data", exist_ok=True)
    return {}


def remove(body):
    known(body["Name"])
    if mounts(body["Name"]):
        raise ValueError("in use by %s" % sorted(mounts(body["Name"])))
    shutil.rmtree(os.path.join(KEPT, body["Name"]))
    for end in ("", ".data"):
        shutil.rmtree(path_of(body["Name"]) + end, ignore_errors=True)
    return {}


def mount(body):
    known(body["Name"])
    with open(os.path.join(KEPT, body["Name"], body["ID"]), "w"):
        pass
    if not os.path.exists(path_of(body["Name"])):
        os.rename(path_of(body["Name"]) + ".data", path_of(body["Name"]))
    return {"Mountpoint": path_of(body["Name"])}


def unmount(body):
    os.unlink(os.path.join(KEPT, body["Name"], body["ID"]))
    if not mounts(body["Name"]):
        os.rename(path_of(body["Name"]), path_of(body["Name"]) + ".data")
    return {}


def shown(name):
    mounted = mounts(name)
    return {"Name": name, "Mountpoint": path_of(name) if mounted else "",
            "CreatedAt": "2020-01-02T03:04:05Z", "Status": {"mounts": len(mounted)}}


def get(body):
    known(body["Name"])
    return {"Volume": shown(body["Name"])}


def path(body):
    known(body["Name"])
    return {"Mountpoint": shown(body["Name"])["Mountpoint"]}


METHODS = {
    "Plugin.Activate": lambda body: {"Implements": ["VolumeDriver"]},
    "VolumeDriver.Create": create,
    "VolumeDriver.Remove": remove,
    "VolumeDriver.Mount": mount,
    "VolumeDriver.Unmount": unmount,
    "VolumeDriver.Get": get,
    "VolumeDriver.List": lambda body: {"Volumes": [shown(name) for name in
                                                   sorted(os.listdir(KEPT))]},
    "VolumeDriver.Path": path,
    "VolumeDriver.Capabilities": lambda body: {"Capabilities": {
        "Scope": "global" if NAME.endswith("global") else "local"}},
}

os.makedirs(TOP, exist_ok=True)
os.makedirs(KEPT, exist_ok=True)
pluginserver.serve(FOLDER, NAME, METHODS)
