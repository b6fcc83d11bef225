"""Layers of images made of Debian's packages, with neither an installation nor root of the packages'
own: what `tools/packages.txt` marks as `unpack` is downloaded once, unpacked, and put together with
the libraries that its programs are linked with."""
import glob
import io
import os
import re
import shutil
import subprocess
import tarfile

import pytest

CACHE = os.environ.get("HULL_TEST_CACHE", "/var/tmp/hull-test-cache")
LIBRARIES = re.compile(r"^\s*(?:(\S+) => )?(/\S+) \(0x")


def unpacked(*names):
    """A folder with the packages and what they need beyond what is installed here."""
    folder = "%s/%s" % (CACHE, "+".join(names))
    if os.path.isdir(folder):
        return folder
    if not shutil.which("apt-get") or not shutil.which("dpkg"):
        pytest.skip("apt-get and dpkg are not installed")
    fresh = "%s.%d" % (folder, os.getpid())
    os.makedirs(fresh + "/archives/partial", mode=0o700, exist_ok=True)
    try:
        done = subprocess.run(
            ["apt-get", "install", "-y", "--reinstall", "--download-only", "--no-remove",
             "--no-install-recommends", "-o", "Dir::Cache::Archives=%s/archives" % fresh,
             "-o", "Debug::NoLocking=1", *names], stdin=subprocess.DEVNULL, capture_output=True,
            text=True, timeout=120, check=False)
        if done.returncode != 0:
            pytest.skip("%s can't be downloaded: %s" % (" ".join(names), done.stderr[-300:]))
        for archive in glob.glob(fresh + "/archives/*.deb"):
            subprocess.run(["dpkg", "-x", archive, fresh + "/root"], check=True, timeout=60)
        os.rename(fresh + "/root", folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return folder


def libraries(folder, path):
    """{where it is looked for: where it is} for what the program or library PATH is linked with."""
    own = sorted({os.path.dirname(found) for found in glob.glob(folder + "/usr/lib/**/*.so*",
                                                                recursive=True)} |
                 set(glob.glob(folder + "/lib/*-linux-*")))
    shown = subprocess.run(["ldd", path], env={"LD_LIBRARY_PATH": ":".join(own), "PATH": "/bin"},
                           capture_output=True, text=True, check=True, timeout=30).stdout
    assert "not found" not in shown, "%s: %s" % (path, shown)
    found = {}
    for line in shown.splitlines():
        match = LIBRARIES.match(line)
        if match:
            name, where = match.groups()
            found["usr/lib/" + name if name else where.lstrip("/")] = where
    return found


def layer(folder, paths, files=None):
    """A tar with what PATHS (patterns in FOLDER, or in the host where it has none) match, with the
    libraries of all programs in it, and FILES: {name: (bytes, mode)}."""
    chosen = {}
    for pattern in paths:
        matched = glob.glob(folder + pattern) or glob.glob(pattern)
        assert matched, "no package has " + pattern
        for path in matched:
            inside = path[len(folder):] if path.startswith(folder) else path
            chosen[inside.lstrip("/")] = path
    for path in list(chosen.values()):
        if os.path.isfile(path):
            with open(path, "rb") as file:
                is_program = file.read(4) == b"\x7fELF"
            if is_program:
                chosen.update(libraries(folder, path))
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, path in sorted(chosen.items()):
            # A library is put under its soname, whatever the link to it is called here.
            tar.add(os.path.realpath(path), name)
        for name, (data, mode) in (files or {}).items():
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(data), mode
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()
