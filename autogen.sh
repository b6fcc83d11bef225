#!/bin/sh
# Makes configure and its kin in the source tree. Then, in a directory outside the tree:
#   /path/to/autogen.sh && mkdir build && cd build && /path/to/configure && make -j
set -eu
cd "$(dirname "$0")"

# Two builds of one checkout must not run autoconf at the same time.
if command -v flock >/dev/null 2>&1; then
    exec 9<.
    flock 9
fi

mkdir -p .build-aux/m4
exec autoreconf --install --warnings=all,no-portability,no-obsolete "$@"
