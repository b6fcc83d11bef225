"""Hostile tars: what a layer or an archive for cp may try. Nothing here is read from a file.

refused(outside) and contained(outside) yield (name, tar, piece of the error or check). OUTSIDE is
the absolute path of a folder beside the tree, which must stay as it is. Run as a program it
writes the corpus into a folder: corpus_gen.py FOLDER.
"""
import os
import sys

BLOCK = 512


def octal(value, size):
    return b"%0*o\0" % (size - 1, value)


def header(name, kind=b"0", size=0, mode=0o644, uid=0, gid=0, mtime=1000, link=b"", major=0,
           minor=0, magic=b"ustar\x0000", prefix=b"", raw=None):
    """One header block; RAW replaces bytes at offsets before the checksum is made."""
    block = bytearray(BLOCK)
    for at, value in ((0, name[:100]), (100, octal(mode, 8)), (108, octal(uid, 8)),
                      (116, octal(gid, 8)), (124, octal(size, 12)), (136, octal(mtime, 12)),
                      (156, kind), (157, link[:100]), (257, magic), (329, octal(major, 8)),
                      (337, octal(minor, 8)), (345, prefix)):
        block[at:at + len(value)] = value
    for at, value in (raw or {}).items():
        block[at:at + len(value)] = value
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def pad(data):
    return data + bytes(-len(data) % BLOCK)


def file(name, data=b"data", **more):
    return header(name, size=len(data), **more) + pad(data)


def folder(name, mode=0o755, **more):
    return header(name, b"5", mode=mode, **more)


def symlink(name, target):
    return header(name, b"2", link=target) if len(target) <= 100 else \
        pax({b"linkpath": target}) + header(name, b"2")


def hardlink(name, target):
    return header(name, b"1", link=target) if len(target) <= 100 else \
        pax({b"linkpath": target}) + header(name, b"1")


def record(key, value):
    rest = len(key) + len(value) + 3
    length = rest + len(str(rest))
    if len(str(length)) > len(str(rest)):
        length += 1
    return b"%d %s=%s\n" % (length, key, value)


def pax(records, kind=b"x"):
    items = records.items() if isinstance(records, dict) else records
    data = b"".join(record(key, value) for key, value in items)
    return header(b"PaxHeader", kind, size=len(data)) + pad(data)


def gnu_long(name, kind=b"L"):
    return header(b"././@LongLink", kind, size=len(name) + 1) + pad(name + b"\0")


END = bytes(2 * BLOCK)


def tar(*parts):
    return b"".join(parts) + END


def sparse(name, real_size, extents, data, **more):
    """Format 1.0: the map lies in front of the data."""
    text = b"%d\n" % len(extents) + b"".join(b"%d\n%d\n" % extent for extent in extents)
    body = pad(text) + data
    return pax({b"GNU.sparse.major": b"1", b"GNU.sparse.minor": b"0", b"GNU.sparse.name": name,
                b"GNU.sparse.realsize": b"%d" % real_size}) + \
        header(b"GNUSparseFile.0/" + name[:50], size=len(body), **more) + pad(body)


def sparse_old(name, real_size, extents, data):
    raw = {257: b"ustar  \0", 345: bytes(150)}
    for i, (offset, size) in enumerate(extents):
        raw[386 + 24 * i] = octal(offset, 12) + octal(size, 12)
    raw[483] = octal(real_size, 12)
    return header(name, b"S", size=len(data), raw=raw) + pad(data)


def leaving(outside):
    """Names and links that lead out of the tree."""
    out = outside.encode()
    yield "dotdot", tar(file(b"../new")), "../new"
    yield "dotdot inside", tar(folder(b"a"), file(b"a/../../new")), "a/../../new"
    yield "dotdot alone", tar(folder(b"..", mode=0o777)), ".."
    yield "dotdot at the end", tar(folder(b"a/..", mode=0o777)), "a/.."
    yield "dotdot absolute", tar(file(b"/../../new")), "/../../new"
    yield "dotdot in pax", tar(pax({b"path": b"../new"}), file(b"x")), "../new"
    yield "dotdot in a GNU name", tar(gnu_long(b"../new"), file(b"x")), "../new"
    yield "dotdot in the prefix", tar(file(b"new", prefix=b"..")), "../new"
    yield "dotdot symlink", tar(symlink(b"../new", b"x")), "../new"
    yield "hard link by dotdot", tar(hardlink(b"h", b"../outside/canary")), "leaves the tree"
    yield "absolute hard link", tar(hardlink(b"h", out + b"/canary")), "not in the archive"
    yield "write through a link", tar(symlink(b"d", out), file(b"d/canary")), "symbolic link"
    yield "write through a relative link", tar(symlink(b"d", b"../outside"),
                                               file(b"d/canary")), "symbolic link"
    yield "write through a link to /", tar(symlink(b"d", b"/"), file(b"d" + out + b"/canary")), \
        "symbolic link"
    yield "write through two links", tar(symlink(b"a", b"b"), symlink(b"b", out),
                                         file(b"a/canary")), "symbolic link"
    yield "folder through a link", tar(symlink(b"d", out), folder(b"d/sub/deep")), "symbolic link"
    yield "link through a link", tar(symlink(b"d", out), symlink(b"d/new", b"x")), "symbolic link"
    yield "hard link through a link", tar(symlink(b"d", out), hardlink(b"h", b"d/canary")), \
        "symbolic link"
    yield "device through a link", tar(symlink(b"d", out), header(b"d/n", b"3", major=1, minor=3)), \
        "symbolic link"
    yield "link into the tree", tar(folder(b"a"), symlink(b"d", b"a"), file(b"d/x")), \
        "symbolic link"
    yield "through proc", tar(symlink(b"d", b"/proc/self/root"), file(b"d/x")), "symbolic link"
    yield "whiteout through a link", tar(symlink(b"d", out), file(b"d/.wh.canary", b"")), \
        "symbolic link"
    yield "opaque through a link", tar(symlink(b"d", out), file(b"d/.wh..wh..opq", b"")), \
        "symbolic link"


def odd_entries(_):
    """Entries that make no sense, or too much."""
    yield "hard link to a folder", tar(folder(b"a"), hardlink(b"h", b"a")), "not a file"
    yield "hard link to itself", tar(file(b"h"), hardlink(b"h", b"h")), "to itself"
    yield "hard link to nothing", tar(hardlink(b"h", b"nothing")), "not in the archive"
    yield "hard link to the top", tar(hardlink(b"h", b"/")), "not in the archive"
    yield "a whiteout as a device", tar(header(b"n", b"3")), "0:0"
    yield "a device number out of range", tar(header(b"n", b"4", major=0o777777, minor=1)), \
        "device number"
    yield "the top as a file", tar(file(b".")), "top of the tree"
    yield "the top as a link", tar(symlink(b"/", b"x")), "top of the tree"
    yield "a link without a target", tar(symlink(b"s", b"")), "without a target"
    yield "a file as a folder", tar(file(b"f"), file(b"f/x")), "not a directory"
    yield "a long part", tar(pax({b"path": b"x" * 256}), file(b"x")), "too long"
    yield "a long path", tar(pax({b"path": b"x/" * 2100}), file(b"x")), "longer than"
    yield "a long link", tar(pax({b"linkpath": b"x" * 5000}), header(b"s", b"2")), "longer than"
    yield "an owner of -1", tar(pax({b"uid": b"4294967295"}), file(b"f")), "owner"
    yield "an owner out of range", tar(pax({b"gid": b"99999999999"}), file(b"f")), "owner"
    yield "an unknown type", tar(header(b"m", b"M")), "type 'M'"
    yield "too many xattrs", tar(pax([(b"SCHILY.xattr.user.%d" % i, b"x") for i in range(200)]),
                                 file(b"f")), "xattrs"
    for name in (b".wh.", b".wh..", b".wh...", b"a/.wh...", b".wh./x", b".wh.a/b"):
        yield "whiteout " + name.decode(), tar(file(name, b"")), "plain name"


def broken(_):
    """What is no tar, or lies about its sizes."""
    good = file(b"f", b"x" * 600)
    yield "a wrong checksum", bytes([good[0] ^ 1]) + good[1:] + END, "checksum"
    yield "gzip", b"\x1f\x8b\x08\0" + bytes(600), "checksum"
    yield "cut in the data", good[:700], "cut off"
    yield "cut in the header", good[:300], "cut off"
    yield "cut in a pax header", pax({b"path": b"x" * 2000})[:900], "cut off"
    yield "an empty block in the middle", bytes(BLOCK) + good, "empty block"
    yield "a pax record without an end", tar(header(b"p", b"x", size=8) + pad(b"99 a=b\n\n")), "pax"
    yield "a pax record of length 0", tar(header(b"p", b"x", size=7) + pad(b"0 a=b\n\n")), "pax"
    yield "a pax record without '='", tar(header(b"p", b"x", size=6) + pad(b"6 abc\n")), "pax"
    yield "a pax record of a huge length", tar(
        header(b"p", b"x", size=30) + pad(b"99999999999999999999 path=x\n\n\n")), "pax"
    yield "a NUL in a pax path", tar(pax({b"path": b"a\0b"}), file(b"x")), "NUL"
    yield "a negative size", tar(pax({b"size": b"-1"}), file(b"x")), "no number"
    yield "an overflowing size", tar(pax({b"size": b"9" * 30}), file(b"x")), "no number"
    yield "a size in base 256", tar(header(b"f", raw={124: b"\x80" + b"\x7f" * 11})), "too big"
    yield "a negative size in base 256", tar(header(b"f", raw={124: b"\xff" * 12})), "size"
    yield "a malformed number", tar(header(b"f", raw={108: b"12x4567\0"})), "malformed"
    yield "a pax time that is none", tar(pax({b"mtime": b"soon"}), file(b"x")), "mtime"
    yield "a big pax header", tar(pax({b"comment": b"x" * 1100000}), file(b"x")), "extended header"
    yield "endless pax headers", tar(*[pax({b"comment": b"x"}) for _ in range(40)],
                                     file(b"x")), "extended headers"
    yield "sparse pieces that overlap", tar(sparse(b"s", 100, [(0, 60), (50, 10)], b"x" * 70)), \
        "sparse"
    yield "sparse pieces past the end", tar(sparse(b"s", 50, [(45, 10)], b"x" * 10)), "sparse"
    yield "sparse pieces without data", tar(sparse(b"s", 100, [(0, 50)], b"x" * 10)), "sparse"
    yield "sparse pieces that overflow", tar(sparse(b"s", 100, [(2**63 - 1, 5)], b"x" * 5)), \
        "sparse"
    yield "a map that is none", tar(sparse(b"s", 100, [], b"").replace(b"0\n", b"x\n", 1)), ""
    yield "too many sparse pieces", tar(
        sparse(b"s", 10**6, [(i, 0) for i in range(140000)], b"")), "pieces"
    yield "an old map past the end", tar(sparse_old(b"s", 10, [(8, 5)], b"xxxxx")), "sparse"
    yield "a huge sparse file", tar(sparse(b"s", 2**50, [(0, 1)], b"x")), "bytes of files"


def refused(outside):
    for family in (leaving, odd_entries, broken):
        yield from family(outside)


def text_is(path, text):
    return lambda tree: open(os.path.join(tree, path), "rb").read() == text


def absent(path):
    return lambda tree: not os.path.lexists(os.path.join(tree, path))


def contained(outside):
    """Odd, but taken: inside the tree only. The third part looks at the tree."""
    out = outside.encode()
    yield "an absolute name", tar(file(b"/etc/x", b"1")), text_is("etc/x", b"1")
    yield "dots in a name", tar(file(b"./a/./b", b"1")), text_is("a/b", b"1")
    yield "a link out that is not used", tar(symlink(b"l", out + b"/canary")), \
        lambda tree: os.readlink(tree + "/l") == outside + "/canary"
    yield "a file over a link", tar(symlink(b"l", out + b"/canary"), file(b"l", b"1")), \
        lambda tree: not os.path.islink(tree + "/l") and text_is("l", b"1")(tree)
    yield "a folder over a link", tar(symlink(b"l", out), folder(b"l", mode=0o777)), \
        lambda tree: not os.path.islink(tree + "/l") and os.path.isdir(tree + "/l")
    yield "a hard link of a link, overwritten", tar(
        symlink(b"l", out + b"/canary"), hardlink(b"h", b"l"), file(b"h", b"1")), \
        lambda tree: os.path.islink(tree + "/l") and text_is("h", b"1")(tree)
    yield "a file over a folder", tar(folder(b"d"), file(b"d/f"), file(b"d", b"1")), \
        text_is("d", b"1")
    yield "a folder over a file", tar(file(b"d"), folder(b"d"), file(b"d/f", b"1")), \
        text_is("d/f", b"1")
    yield "a link replaced by a folder on the way", tar(
        symlink(b"d", out), folder(b"d"), file(b"d/canary", b"1")), text_is("d/canary", b"1")
    yield "a file twice", tar(file(b"f", b"1"), file(b"f", b"22")), text_is("f", b"22")
    yield "a hard link overwritten", tar(file(b"f", b"1"), hardlink(b"h", b"f"),
                                         file(b"f", b"2")), text_is("h", b"1")
    yield "aufs notes", tar(folder(b".wh..wh.plnk"), file(b".wh..wh.plnk/1.2"),
                            file(b".wh..wh.aufs")), \
        lambda tree: os.listdir(tree) == []
    yield "overlay xattrs", tar(pax({b"SCHILY.xattr.trusted.overlay.redirect": b"/x",
                                     b"SCHILY.xattr.trusted.overlay.opaque": b"y",
                                     b"SCHILY.xattr.user.overlay.opaque": b"y",
                                     b"SCHILY.xattr.security.selinux": b"y",
                                     b"SCHILY.xattr.user.kept": b"k\0k"}), folder(b"d")), \
        lambda tree: [a for a in os.listxattr(tree + "/d") if a != "security.selinux"] == \
        ["user.kept"] and os.getxattr(tree + "/d", "user.kept") == b"k\0k"
    yield "a name that is no UTF-8", tar(pax({b"path": b"\xff\xc3(e\xcc\x81"}), file(b"x")), \
        lambda tree: os.listdir(tree.encode()) == [b"\xff\xc3(e\xcc\x81"]
    yield "a time before 1970", tar(pax({b"mtime": b"-1.25"}), file(b"f")), \
        lambda tree: os.stat(tree + "/f").st_mtime_ns == -1250000000
    yield "a global header", tar(pax({b"path": b"../x"}, b"g"), file(b"f", b"1")), \
        text_is("f", b"1")
    yield "a pax size", tar(pax({b"size": b"5"}) + header(b"f") + pad(b"hello")), \
        text_is("f", b"hello")
    yield "an empty archive", b"", lambda tree: os.listdir(tree) == []
    yield "no end", file(b"f", b"1"), text_is("f", b"1")
    yield "rubbish behind the end", tar(file(b"f", b"1")) + b"rubbish" * 1000, text_is("f", b"1")
    yield "modes as they are", tar(file(b"f", mode=0o6777), folder(b"d", mode=0o1000)), \
        lambda tree: os.stat(tree + "/f").st_mode & 0o7777 == 0o6777 and \
        os.stat(tree + "/d").st_mode & 0o7777 == 0o1000
    yield "a folder's own time", tar(folder(b"d"), file(b"d/f")), \
        lambda tree: os.stat(tree + "/d").st_mtime == 1000
    yield "sparse 1.0", tar(sparse(b"s", 10**9, [(5, 3), (10**8, 2)], b"abcde")), \
        lambda tree: os.stat(tree + "/s").st_size == 10**9 and \
        os.stat(tree + "/s").st_blocks < 100 and \
        os.pread(os.open(tree + "/s", os.O_RDONLY), 8, 10**8 - 1) == b"\0de" + bytes(5)
    yield "sparse of GNU", tar(sparse_old(b"s", 10**6, [(0, 2), (10**5, 3)], b"abcde")), \
        lambda tree: open(tree + "/s", "rb").read() == \
        b"ab" + bytes(10**5 - 2) + b"cde" + bytes(10**6 - 10**5 - 3)
    yield "sparse 0.1", tar(pax({b"GNU.sparse.size": b"10", b"GNU.sparse.numblocks": b"2",
                                 b"GNU.sparse.map": b"1,2,5,1"}) + file(b"s", b"abc")), \
        text_is("s", b"\0ab\0\0c" + bytes(4))
    yield "sparse 0.0", tar(pax([(b"GNU.sparse.size", b"10"), (b"GNU.sparse.offset", b"1"),
                                 (b"GNU.sparse.numbytes", b"2"), (b"GNU.sparse.offset", b"5"),
                                 (b"GNU.sparse.numbytes", b"1")]) + file(b"s", b"abc")), \
        text_is("s", b"\0ab\0\0c" + bytes(4))
    yield "zeros become a hole", tar(file(b"z", bytes(8 << 20))), \
        lambda tree: os.stat(tree + "/z").st_size == 8 << 20 and \
        os.stat(tree + "/z").st_blocks < 600


def main(folder_path):
    os.makedirs(folder_path, exist_ok=True)
    for family in (refused, contained):
        for name, data, _ in family("/outside"):
            path = os.path.join(folder_path, name.replace("/", "_").replace(" ", "-"))
            with open(path, "wb") as out:
                out.write(data)


if __name__ == "__main__":
    main(sys.argv[1])
