#!/bin/sh
# SPDX-License-Identifier: MIT
# Look for mistakes that no test meets: clang-tidy and cppcheck over all C code.
# Whatever one of them says fails. What they do not look for, and why, is said
# in .clang-tidy, tests/.clang-tidy and tests/cppcheck.txt.
#
# usage: lint.sh BUILD_DIRECTORY
set -u

build=$1
status=0

# It knows neither Jansson's loops nor C11's word for what does not return.
cppcheck --quiet -j "$(nproc)" --std=c11 --error-exitcode=1 \
    --enable=warning,style,performance,portability,information \
    --inconclusive --inline-suppr --suppressions-list=tests/cppcheck.txt \
    --library=posix,gnu,sqlite3,libcurl -D_GNU_SOURCE \
    '-D_Noreturn=__attribute__((noreturn))' \
    '-Djson_object_foreach(object,key,cell)=while((key=""),(cell=json_object_get(object,key)))' \
    '-Djson_array_foreach(array,i,cell)=while((i=0),(cell=json_array_get(array,i)))' \
    -Iinclude -Ilib -Idaemon -Itests -Itests/fault -Itests/fuzz \
    -Itests/loadgen -I"$build/tests/abi" \
    lib daemon include examples tests || status=1

# It says what it does on the way, and counts what it does not show.
run-clang-tidy -quiet -j "$(nproc)" -p "$build" >"$build/lint.txt" 2>&1 || {
    grep -E '(error|warning): |^ *\^|^    ' "$build/lint.txt"
    status=1
}
exit "$status"
