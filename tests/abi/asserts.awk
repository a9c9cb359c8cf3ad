# SPDX-License-Identifier: MIT
# Turns a layout that is written down into a C file that only compiles where it
# is true. Refuses one that breaks the rule for structs that begin with a size:
# they end where their last member does, since they never grow into padding.

function end_struct() {
    if (sized && end != size) {
        print FILENAME ": struct " name " ends with padding" | "cat 1>&2"
        broken = 1
    }
    sized = 0
}
function assert(is, what) {
    print "_Static_assert(" is ", \"" what "\");"
}

BEGIN { print "#include <collector/collector.h>\n#include <stddef.h>" }
/^#/ { next }
/^(struct|enum) / {
    end_struct()
    name = $2
    size = $4
    assert("sizeof(" $1 " " name ") == " size, $1 " " name)
}
/^  \./ {
    member = substr($1, 2)
    sized = sized || member == "size"
    end = $3 + $5
    assert("offsetof(struct " name ", " member ") == " $3, name $1 ", offset")
    assert("sizeof(((struct " name " *)0)->" member ") == " $5,
           name $1 ", size")
}
/^  COLLECTOR/ { assert($1 " == " $2, $1) }
END { end_struct(); exit broken }
