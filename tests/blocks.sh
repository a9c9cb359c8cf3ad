#!/bin/sh
# SPDX-License-Identifier: MIT
# Write the blocks of a Markdown file that are in one language to 1.c, 2.c and so
# on in a directory, or whatever the language is called.
#
# usage: blocks.sh FILE DIRECTORY LANGUAGE
set -eu

awk -v directory="$2" -v language="$3" '
    $0 == "```" language { on = 1; file = directory "/" ++count "." language
                           next }
    /^```$/ { on = 0 }
    on { print > file }
    END { exit count == 0 }' "$1"
