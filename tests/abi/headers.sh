#!/bin/sh
# SPDX-License-Identifier: MIT
# Each public header compiles alone, and twice, without a warning.
#
# usage: headers.sh INCLUDE_DIRECTORY LANGUAGE STANDARDS COMPILER...
set -eu

include=$1
language=$2
standards=$3
shift 3
checked=0

for header in "$include"/collector/*.h; do
    name=collector/$(basename "$header")
    for standard in $standards; do
        # A file without a declaration is pedantically none.
        printf '#include <%s>\n#include <%s>\nint behind_it;\n' \
            "$name" "$name" |
            "$@" -x "$language" -std="$standard" -fsyntax-only \
                -Wall -Wextra -Wpedantic -Wundef -Werror -I "$include" - || {
            echo "$name does not compile as $standard" >&2
            exit 1
        }
        checked=$((checked + 1))
    done
done
echo "$checked compilations"
