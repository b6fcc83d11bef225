#!/bin/sh
# The examples of include/example build with nothing but an installed hull, and run.
set -u

echo 1..4
if [ -z "${HULL_BUILDDIR:-}" ] || ! command -v pkg-config >/dev/null; then
    for n in 1 2 3 4; do
        echo "ok $n # SKIP needs HULL_BUILDDIR (make check sets it) and pkg-config"
    done
    exit 0
fi
top=$(cd "${srcdir:-.}" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/hull-example-XXXXXX")
trap 'rm -rf "$work"' EXIT
unset MAKEFLAGS MAKELEVEL MFLAGS MAKEOVERRIDES

failed=0
result() { # STATUS NUMBER NAME
    if [ "$1" -eq 0 ]; then
        echo "ok $2 - $3"
    else
        sed 's/^/# /' "$work/log"
        echo "not ok $2 - $3"
        failed=1
    fi
}

# What a development package has: libraries, headers, hull.pc.
make -C "$HULL_BUILDDIR" install-libLTLIBRARIES install-hullincludeHEADERS \
    install-hullapiHEADERS install-pkgconfigDATA DESTDIR="$work/root" >"$work/log" 2>&1
result $? 1 "install into a tree"

PKG_CONFIG_PATH=$(dirname "$(find "$work/root" -name hull.pc)")
PKG_CONFIG_SYSROOT_DIR=$work/root
export PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR
libdir=$(pkg-config --variable=libdir hull)
case $libdir in
"$work"/*) ;;
*) libdir=$work/root$libdir ;;
esac

# libhull of a build with a sanitizer brings the run time only where that is a library.
sanitizer=$(sed -n "s/^SANITIZER_LDFLAGS = //p" "$HULL_BUILDDIR/Makefile")
mkdir "$work/example"
cp "$top/include/example/plain.c" "$top/include/example/wire.c" \
    "$top/include/example/Makefile" "$work/example"
build() {
    make -C "$work/example" CFLAGS='-O1 -g -Wall -Wextra -Werror' LDFLAGS="$sanitizer" || return 1
    # shellcheck disable=SC2046,SC2086
    ${CC:-cc} -std=gnu17 -D_GNU_SOURCE -Wall -Wextra -Werror -o "$work/run" \
        "$top/tests/plugin/example.c" $(pkg-config --cflags --libs hull) $sanitizer
}
build >"$work/log" 2>&1
result $? 2 "build with pkg-config"

printf 'one\ntwo\n' >"$work/some.log"
printf '> one\n> two\n' >"$work/wanted"
LD_LIBRARY_PATH=$libdir "$work/run" "$work/example" "$work/some.log" >"$work/got" 2>"$work/log" &&
    diff "$work/wanted" "$work/got" >>"$work/log"
result $? 3 "load it and read a log through it"

# The driver keeps what its class promises: the suite of all drivers, or its skips without root.
HULL_PLUGIN_PATH=$work/example:$HULL_BUILDDIR/plugins "$HULL_BUILDDIR/tests/plugin/test-netdriver-wire" \
    >"$work/log" 2>&1 && ! grep -q '^not ok' "$work/log"
result $? 4 "the network driver passes the suite of its class"
exit $failed
