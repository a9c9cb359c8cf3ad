# SPDX-License-Identifier: MIT
# Lists what programs are compiled with: every struct with its members, and
# every enum with its values, in the order of the headers. A declaration that
# it can't read ends it, so that none is left out.

function refuse(why) {
    print FILENAME ":" FNR ": " why | "cat 1>&2"
    failed = 1
    exit 1
}

# "type name", "type name[SIZE]" or "type (*name)(parameters)".
function member(declaration,    name) {
    if (match(declaration, /\(\*[a-z_]+\)/)) {
        name = substr(declaration, RSTART + 2, RLENGTH - 3)
    } else {
        if (declaration ~ /[,():]/)
            refuse("one member a declaration, and no bits: " declaration)
        sub(/\[[^]]*\]$/, "", declaration)
        name = declaration
        sub(/.*[ *]/, "", name)
    }
    print "MEMBER(" struct ", " name ")"
}

{
    # Comments: those that end on their line, and those that don't.
    gsub(/\/\*([^*]|\*[^\/])*\*\//, "")
    if (sub(/\/\*.*/, ""))
        commented = 1
    else if (commented && sub(/.*\*\//, ""))
        commented = 0
    else if (commented)
        next
}

/^struct [a-z_]+ \{$/ { struct = $2; print "STRUCT(" struct ")"; next }
/^enum [a-z_]+ \{$/ { enum = $2; print "ENUM(" enum ")"; next }
/^(typedef )?(struct|enum|union)( [a-z_]+)? *\{/ { refuse("can't read " $0) }
/^\};$/ { struct = enum = ""; next }
struct != "" {
    gsub(/^ +| +$/, "")
    declaration = declaration (declaration != "" ? " " : "") $0
    if (sub(/;$/, "", declaration)) {
        member(declaration)
        declaration = ""
    }
}
enum != "" && match($0, /COLLECTOR_[A-Z_]+/) {
    if ($0 !~ /=/)
        refuse("a value without its number: " $0)
    print "VALUE(" substr($0, RSTART, RLENGTH) ")"
}
END { if (!failed && struct enum declaration != "") refuse("it does not end") }
