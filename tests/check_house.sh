# check_house.sh - the rules of the house that a machine can check: floors, ceilings, what the library may not do.
. "$SOURCE/tests/tap.sh"
cd "$SOURCE" || exit 1

files=$(find src cli examples -name '*.[ch]' -o -name '*.def' -o -name '*.cpp')

verdict "a file includes only floors below its own (tests/floors)" "$(awk '
    FILENAME == "tests/floors" {
        if ($0 ~ /^#/) next
        level++
        for (i = 1; i <= NF; i++) floors[$i] = $1 == "outside" ? 0 : level
        next
    }
    FNR == 1 { own = FILENAME; sub("^src/", "", own); sub("/.*", "", own) }
    /^[ \t]*#[ \t]*include[ \t]*"/ {
        split($0, quoted, "\"")
        other = quoted[2] ~ "/" ? quoted[2] : own
        sub("/.*", "", other)
        if (quoted[2] == "striate.h" || (own == other && own in floors)) next
        if (!(other in floors) || floors[other] == 0 || floors[other] >= floors[own])
            print FILENAME ":" FNR ": " own " does not know " quoted[2]
    }' tests/floors $files)"

verdict "threads begin only in base" "$(grep -nE 'pthread_create|thrd_create|pragma[ \t]+omp' $files | grep -v '^src/base/')"

verdict "the library never ends the process" "$(
    grep -nE '(^|[^_[:alnum:]])(exit|_exit|quick_exit|abort|assert)[ \t]*\(' $(find src -name '*.[ch]'))"

verdict "kernels unroll loops by UNROLLED, which every compiler knows" "$(grep -n 'pragma.*unroll' src/kernels/*.[ch] | grep -v '^src/kernels/simd.h')"

verdict "nothing is left undone" "$(grep -nwE 'TODO|FIXME|XXX|HACK' $files include/striate.h tests/*.[ch] CMakeLists.txt bootstrap Makefile)"

# no_longer_than LINES FILE...
no_longer_than()
{
    ceiling=$1
    shift
    wc -l "$@" | awk -v ceiling="$ceiling" '$2 != "total" && $1 > ceiling { print $2 ": " $1 " lines, of at most " ceiling }'
}
verdict "files are short" "$(
    no_longer_than 150 $(ls $(sed 's/OP(\(.*\))/src\/ops\/\1.c/' src/ops/ops.def) 2>/dev/null) # units.c has several
    no_longer_than 300 src/ops/*
    no_longer_than 250 src/base/*
    no_longer_than 300 src/kernels/*
    no_longer_than 600 $files tests/*.[ch]
    no_longer_than 1000 include/striate.h)"
