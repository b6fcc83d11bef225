"""Small images for tests, made in memory."""
import hashlib
import io
import json
import tarfile


def tar_of(files):
    """A tar of {name: (bytes, mode) for a file, text for a link to it, None for a folder}."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name.rstrip("/"))
            info.mode = 0o755
            if content is None:
                info.type = tarfile.DIRTYPE
                tar.addfile(info)
            elif isinstance(content, str):
                info.type, info.linkname = tarfile.SYMTYPE, content
                tar.addfile(info)
            else:
                info.size, info.mode = len(content[0]), content[1]
                tar.addfile(info, io.BytesIO(content[0]))
    return out.getvalue()


def archive(tag, layers, config=None):
    """A docker-archive of layers (tars, lowest first) under the name TAG."""
    image = {
        "architecture": "amd64", "os": "linux", "created": "2026-01-01T00:00:00Z",
        "config": {"Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
                   **(config or {})},
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest()
                                                  for layer in layers]},
        "history": [{"created": "2026-01-01T00:00:00Z", "created_by": "test"}] * len(layers)}
    files = {"%d/layer.tar" % at: (layer, 0o644) for at, layer in enumerate(layers)}
    files["config.json"] = (json.dumps(image).encode(), 0o644)
    files["manifest.json"] = (json.dumps([{"Config": "config.json", "RepoTags": [tag],
                                           "Layers": list(files)[:len(layers)]}]).encode(), 0o644)
    return tar_of(files)
