#!/bin/sh
# SPDX-License-Identifier: MIT
# What is installed is the library, its headers and the daemon, and nothing of
# the tests but the load generator if it is asked for, each with its manual page;
# pkg-config tells the truth about it.
. "$(dirname "$0")/common.sh"

install_library
prefix=${libdir%/lib*}

{
    find "$SOURCE/include" -name '*.h' | sed "s|$SOURCE|$prefix|"
    for name in libcollector.a libcollector.so libcollector.so.0 \
        "libcollector.so.$VERSION" pkgconfig/libcollector.pc; do
        echo "$libdir/$name"
    done
    [ "$DAEMON" = 0 ] || for path in "$PREFIX/bin/collectord" \
        "$PREFIX/bin/collectorctl" \
        "$UNIT_DIR/collectord.service" "$CONFIG_DIR/collectord.json"; do
        [ "$path" = no/collectord.service ] || echo "$root$path"
    done
    [ "$DAEMON$LOADGEN" != 11 ] || echo "$prefix/bin/loadgen"
} | sort >"$work/wanted"
find "$root" ! -type d ! -path "$prefix/share/*" | sort |
    diff -u "$work/wanted" - || fail "something else is installed"
{
    echo man3/libcollector.3
    [ "$DAEMON" = 0 ] || printf 'man%s\n' 1/collectorctl.1 \
        5/collectord.json.5 8/collectord.8
    [ "$DAEMON$LOADGEN" != 11 ] || echo man1/loadgen.1
} | sort >"$work/wanted"
(cd "$root$MANDIR" && find . ! -type d) | sed 's|^\./||' | sort |
    diff -u "$work/wanted" - || fail "other manual pages are installed"
[ "$DAEMON" = 0 ] ||
    cmp "$SOURCE/daemon/ctl/collectorctl.bash" \
        "$prefix/share/bash-completion/completions/collectorctl" ||
    fail "the completion is not installed"
! grep -r '@[a-z]*@' "$root$MANDIR" >&2 || fail "a page was not filled in"
for pair in "libcollector.so libcollector.so.0" \
    "libcollector.so.0 libcollector.so.$VERSION"; do
    [ "$(readlink "$libdir/${pair% *}")" = "${pair#* }" ] ||
        fail "${pair% *} is no link to ${pair#* }"
done

# Everybody may read it, and nobody but root write it.
find "$root" -type f -printf '%m %p\n' | sed "s|$root||" >"$work/modes"
! grep -v -e '^644 ' -e "^755 $PREFIX/bin/" -e '^755 .*/libcollector\.so' \
    "$work/modes" >&2 || fail "a file has another mode"

"$SOURCE/tests/exports.sh" "$prefix/include" "$libdir/libcollector.so" \
    "$libdir/libcollector.a"
ar t "$libdir/libcollector.a" | sort >"$work/members"
find "$BUILD/lib/libcollector_internal.a.p" -name '*.o' -printf '%f\n' | sort |
    diff -u - "$work/members" || fail "the archive has other objects"

pkg-config --validate libcollector || fail "libcollector.pc is not valid"
[ "$(pkg-config --modversion libcollector)" = "$VERSION" ] ||
    fail "libcollector.pc is of another version"
grep -qx "#define COLLECTOR_VERSION \"$VERSION\"" \
    "$prefix/include/collector/version.h" ||
    fail "version.h is of another version"

has() { case " $libs " in *" $1 "*) ;; *) return 1 ;; esac; }
libs=$(pkg-config --libs libcollector)
has -lcollector || fail "--libs lacks -lcollector"
for name in sqlite3 jansson curl z; do
    ! has "-l$name" || fail "--libs has -l$name"
done
libs=$(pkg-config --static --libs libcollector)
for flag in -lcollector -lsqlite3 -ljansson -pthread; do
    has "$flag" || fail "--static --libs lacks $flag"
done
# only FLAG 1|0 FEATURE: the flag is there if the feature is built in.
only() {
    if [ "$2" = 1 ]; then
        has "$1" || fail "--static --libs lacks $1"
    else
        ! has "$1" || fail "--static --libs has $1 without the $3"
    fi
}
only -lcurl "$WEBHOOK" webhook
only -lz "$GZIP" gzip
