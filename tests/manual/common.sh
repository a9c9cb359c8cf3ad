# SPDX-License-Identifier: MIT
# What the tests of this directory share: what a manual page says, without its
# markup, against what the program and its source say. A test sets $page to the
# page it is at, and the programs that its examples call.
# shellcheck shell=sh disable=SC2154,SC2317,SC1091
set -eu

fail() {
    echo "$*" >&2
    exit 1
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# same WHAT: what the program has is what the page has, in any order.
same() {
    [ -s "$work/program" ] || fail "the program has no $1: this looks wrong"
    for side in program page; do
        sort "$work/$side" >"$work/sorted-$side"
    done
    (cd "$work" && diff -u sorted-program sorted-page) ||
        fail "$page: its $1 (+) are not those of the program (-)"
}

# has NAME...: the page explains each, or shows it in a query or an object.
has() {
    for name in "$@"; do
        grep -qE "Va $name( |\$)|[?]$name=|\"$name\":" "$page" ||
            fail "$page: $name is not in it"
    done
}

# section NAME: its lines.
section() {
    awk -v name=".Sh $1" '/^\.Sh / { on = $0 == name; next } on' "$page"
}

# Lines of macros as they read: "Fl x Ar N" is "-x N", and Ta a tab.
plain() {
    awk '{
        sub(/^\./, "")
        sub(/^It /, "")
        text = glue = dash = tail = ""
        for (i = 1; i <= NF; i++) {
            if ($i == "Fl") dash = "-"
            else if ($i == "Pq") { text = text glue "("; glue = ""; tail = ")" }
            else if ($i == "Ta") { text = text "\t"; glue = "" }
            else if ($i == "|") { text = text "|"; glue = "" }
            else if ($i !~ /^(Ar|Cm|Dv|Em|Ev|Ic|Li|No|Pa|Va)$/) {
                gsub(/\\&/, "", $i)
                text = text ($i ~ /^[,;]$/ ? "" : glue) dash $i
                glue = " "
                dash = ""
            }
        }
        print text tail
    }'
}

# items SECTION MACRO: what it lists under that macro.
items() {
    section "$1" | grep "^\.It $2 " | plain
}

# The options of a page: "-name ARGUMENT", a tab, "default X".
page_options() {
    section OPTIONS | awk '
        function flush() { if (head != "") print head " Ta " facts; facts = "" }
        /^\.It Fl / { flush(); head = $0 }
        /^\.Pq / { facts = substr($0, 5) }
        END { flush() }' | plain
}

# The same of what PROGRAM -help prints.
help_options() {
    "$1" -help | awk '
        function flush() {
            if (head == "") return
            match(text, /\(default [^)]*\)$/)
            print head "\t" substr(text, RSTART + 1, RLENGTH > 1 ? RLENGTH - 2 : 0)
        }
        /^  -/ { flush(); head = substr($0, 3); text = "" }
        /^        / { text = text $0 }
        END { flush() }'
}

# What the page calls an option is one, or a name that stands for all.
check_flags() {
    sed 's/[ \t].*//' "$work/program" >"$work/flags"
    grep -o 'Fl [a-z][a-z-]*' "$page" | sort -u | while read -r _ name; do
        [ "$name" = name ] || grep -qxe "-$name" "$work/flags" ||
            fail "$page: there is no -$name"
    done
}

# status_of COMMAND...: what it ends with.
status_of() {
    status=0
    timeout 20 "$@" >/dev/null 2>&1 || status=$?
    echo "$status"
}

# The literal displays of a section, as they are typed.
displays() {
    section "$1" | awk '/^\.Ed/ { on = 0; print "" } on
        /^\.Bd -literal/ { on = 1 }' | sed 's/\\e/\\/g'
}

# Run a command of an example, whose status nobody looks at.
typed() {
    said=$("$@" 2>&1) || {
        echo "this does not work: $*"
        echo "$said"
    } >>"$work/failed"
}

# run_typed NAME: the examples in $work/typed, of which some call NAME, are
# command lines. Of them only the configuration is checked, and what stands
# before -help; and curl and sqlite3 are for a collector that runs.
run_typed() {
    grep -q "^$1 " "$work/typed" || fail "$page: there is no example of $1"
    (
        cd "$work"
        collectord() { typed "$collectord" "$@" -check-config; }
        collectorctl() { typed "$collectorctl" "$@" -help; }
        loadgen() { typed "$loadgen" "$@" -help; }
        curl() { [ -n "$*" ]; }
        sqlite3() { [ -n "$*" ]; }
        . ./typed
        wait
    ) || fail "$page: its examples do not work"
    [ ! -e "$work/failed" ] || fail "$page: $(cat "$work/failed")"
}
