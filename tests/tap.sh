# tap.sh - what the test scripts share: cases reported as TAP, a folder of their own, exit status 1 if any case failed.
set -u
scratch=$(mktemp -d)
failures=0
trap 'rm -rf "$scratch"; exit $((failures > 0))' EXIT

# verdict NAME PROBLEMS: the case is fine if there are none.
verdict()
{
    if [ -z "$2" ]; then
        echo "ok - $1"
    else
        echo "not ok - $1"
        echo "$2" | sed 's/^/#   /'
        failures=$((failures + 1))
    fi
}

# attempt NAME COMMAND...: the case is fine if the command succeeds; what it prints is shown if not.
attempt()
{
    attempted=$1
    shift
    problems=
    "$@" >"$scratch/log" 2>&1 </dev/null || problems="status $?: $* $(printf '\n'; tail -n 40 "$scratch/log")"
    verdict "$attempted" "$problems"
}
