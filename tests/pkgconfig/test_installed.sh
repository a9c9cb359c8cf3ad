#!/bin/sh
# SPDX-License-Identifier: MIT
# What is installed is the library, its headers and the daemon, and nothing of
# the tests; pkg-config tells the truth about it.
. "$(dirname "$0")/common.sh"

install_library
prefix=${libdir%/lib*}

{
    ls "$SOURCE"/include/collector/*.h | sed "s|.*/include/|$prefix/include/|"
    for name in libcollector.a libcollector.so libcollector.so.0 \
        "libcollector.so.$VERSION" pkgconfig/libcollector.pc; do
        echo "$libdir/$name"
    done
    [ "$DAEMON" = 0 ] || echo "$prefix/bin/collectord"
} | sort >"$work/wanted"
find "$root" ! -type d ! -path "$prefix/share/*" | sort |
    diff -u "$work/wanted" - || fail "something else is installed"
[ "$(readlink "$libdir/libcollector.so")" = libcollector.so.0 ]
[ "$(readlink "$libdir/libcollector.so.0")" = "libcollector.so.$VERSION" ]

"$SOURCE/tests/exports.sh" "$prefix/include" "$libdir/libcollector.so" \
    "$libdir/libcollector.a"
ar t "$libdir/libcollector.a" | sort >"$work/members"
ls "$BUILD/lib/libcollector_internal.a.p" | grep '\.o$' | sort |
    diff -u - "$work/members" || fail "the archive has other objects"

pkg-config --validate libcollector
[ "$(pkg-config --modversion libcollector)" = "$VERSION" ]
grep -qx "#define COLLECTOR_VERSION \"$VERSION\"" \
    "$prefix/include/collector/version.h"

has() { case " $libs " in *" $1 "*) ;; *) return 1 ;; esac; }
libs=$(pkg-config --libs libcollector)
has -lcollector || fail "--libs lacks -lcollector"
for name in sqlite3 jansson curl; do
    ! has "-l$name" || fail "--libs has -l$name"
done
libs=$(pkg-config --static --libs libcollector)
for flag in -lcollector -lsqlite3 -ljansson -pthread; do
    has "$flag" || fail "--static --libs lacks $flag"
done
if [ "$WEBHOOK" = 1 ]; then
    has -lcurl || fail "--static --libs lacks -lcurl"
else
    ! has -lcurl || fail "--static --libs has -lcurl without the webhook"
fi
