#!/bin/sh
# SPDX-License-Identifier: MIT
# Write the C blocks of a Markdown file to 1.c, 2.c and so on in a directory.
#
# usage: blocks.sh FILE DIRECTORY
set -eu

awk -v directory="$2" '
    /^```c$/ { on = 1; file = directory "/" ++count ".c"; next }
    /^```$/ { on = 0 }
    on { print > file }
    END { exit count == 0 }' "$1"
