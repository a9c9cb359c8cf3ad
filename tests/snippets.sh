#!/bin/sh
# SPDX-License-Identifier: MIT
# Each C block of the README compiles without a warning: as it is when it has
# includes, and else as the body of a function. WITHOUT names a feature that is
# not built: blocks that include its header are left out.
#
# usage: snippets.sh README INCLUDE_DIRECTORY COMPILER...
set -eu

readme=$1
include=$2
shift 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$(dirname "$0")/blocks.sh" "$readme" "$work" c
for block in "$work"/*.c; do
    if ! grep -q '^#include' "$block"; then
        {
            cat <<END
#include <collector/collector.h>
#include <stdio.h>
int
snippet(struct collector_store *store, struct collector_uploader *uploader);
int
snippet(struct collector_store *store, struct collector_uploader *uploader)
{
END
            cat "$block"
            echo 'return store == NULL || uploader == NULL; }'
        } >"$work/whole"
        mv "$work/whole" "$block"
    fi
    if [ -n "${WITHOUT:-}" ] && grep -q "^#include <$WITHOUT" "$block"; then
        echo "left out, for lack of $WITHOUT: block $(basename "$block" .c)"
        continue
    fi
    "$@" -std=gnu11 -fsyntax-only -Wall -Wextra -Wpedantic -Wconversion \
        -Wno-sign-conversion -Werror -I "$include" "$block"
done
