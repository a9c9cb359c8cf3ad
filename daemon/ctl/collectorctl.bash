# SPDX-License-Identifier: MIT
# bash's completion of collectorctl: what can stand there is what its own help
# says, and files.
# shellcheck shell=bash

# _collectorctl_help NAME commands|options: all of them.
# _collectorctl_help NAME value OPTION: the form of its value, if it takes one.
_collectorctl_help() {
    "$1" -help 2>/dev/null | awk -v kind="$2" -v option="${3-}" '
        /^[A-Z]/ { section = $1 }
        kind == "commands" && section == "Commands:" && /^  [a-z]/ { print $1 }
        kind == "options" && section == "Options:" && /^  -/ { print $1 }
        kind == "value" && /^  -/ && $1 == option { print $2 }'
}

# With one dash, as the help has it.
_collectorctl_option() {
    case $1 in
    --*) echo "${1#-}" ;;
    *) echo "$1" ;;
    esac
}

# _collectorctl_place NAME WORD...: how many of them are neither options nor
# their values, and the second of those, which is the command, or the first when
# only that is one.
_collectorctl_place() {
    local name=$1 commands word
    local -a said=()
    shift
    while [[ $# -gt 0 ]]; do
        case $1 in
        -*=*) ;;
        -?*)
            [[ -z $(_collectorctl_help "$name" value \
                "$(_collectorctl_option "$1")") ]] || shift
            ;;
        *) said+=("$1") ;;
        esac
        shift || break
    done
    commands=" $(_collectorctl_help "$name" commands | tr '\n' ' ')"
    for word in "${said[1]-}" "${said[0]-}" ''; do
        [[ -z $word || $commands != *" $word "* ]] || break
    done
    echo "${#said[@]}:$word"
}

# The form of the value that is being written, or nothing.
_collectorctl_value() {
    local name=$1 cur=$2 prev=$3

    case $cur in
    -*=*) _collectorctl_help "$name" value "$(_collectorctl_option "${cur%%=*}")" ;;
    *)
        case $prev in
        -*=*) ;;
        -?*) _collectorctl_help "$name" value "$(_collectorctl_option "$prev")" ;;
        esac
        ;;
    esac
}

# The words up to the cursor, into typed. Which spaces are between two of them
# bash knows, but it takes words apart too, such as a URL at its colons.
_collectorctl_type() {
    local rest=${COMP_LINE:0:COMP_POINT} part i

    typed=()
    for ((i = 0; i <= COMP_CWORD; i++)); do
        if [[ $i -eq 0 || $rest == [[:space:]]* ]]; then
            typed+=('')
            rest=${rest#"${rest%%[![:space:]]*}"}
        fi
        part=${COMP_WORDS[i]}
        [[ $i -lt COMP_CWORD ]] || part=$rest # the cursor may be within it
        typed[-1]+=$part
        rest=${rest#"$part"}
    done
}

# A word as the shell would take it, of which the end is not there yet.
_collectorctl_plain() {
    case $1 in
    [\"\']*) echo "${1:1}" ;;
    *) sed 's/\\\(.\)/\1/g' <<<"$1" ;;
    esac
}

_collectorctl() {
    local name=$1 cur prev value words=
    local -a typed

    _collectorctl_type
    cur=${typed[-1]}
    unset 'typed[-1]'
    prev=${typed[-1]}
    value=$(_collectorctl_value "$name" "$cur" "$prev")
    case $cur in
    -*=*) cur=${cur#*=} ;;
    esac
    case $value:$cur in
    FILE:*) ;;
    *'|'*:*) words=${value//|/ } ;;
    ?*:*) return ;;
    :-*) words=$(_collectorctl_help "$name" options) ;;
    *)
        case $(_collectorctl_place "$name" "${typed[@]:1}") in
        1:) words=$(_collectorctl_help "$name" commands) ;;
        2:dead-letters) words='list replay purge' ;;
        0:* | 1:* | 2:snapshot) ;;
        *) return ;;
        esac
        ;;
    esac
    if [[ -n $words ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
    else
        compopt -o filenames 2>/dev/null || : # not within a completion
        mapfile -t COMPREPLY < <(compgen -f -- "$(_collectorctl_plain "$cur")")
    fi
}

complete -F _collectorctl collectorctl
