# check_lesion.sh - units deleted and swapped, against networks written that way by hand.
. "$SOURCE/tests/tap.sh"
images=/usr/share/datasets/fashion-mnist
[ -d "$images" ] && command -v python3 >/dev/null || exit 77
cd "$scratch" || exit 1

# network FIRST SECOND INTO: two residual units whose convolutions are called so; the second adds to INTO, the classifier reads `end`.
network()
{
    cat <<END
data = input height=28 width=28 channels=1
stem = conv data filters=6 kernel=5 stride=3
$1   = conv stem filters=6 kernel=3 pad=1
r1   = relu $1
s1   = add r1 stem
$2   = conv $3 filters=6 kernel=3 pad=1
r2   = relu $2
s2   = add r2 $3
p    = max_pool s2 size=2 stride=2
out  = dense p units=10
END
}
network a b s1 >whole.net
network a b stem >without.net # s1 is left out
network b a s1 >swapped.net
sed -e 's/^s1 .*/s1 = relu r1/' -e 's/^s2 .*/s2 = relu r2/' whole.net >plain.net
sed -e 's/^s1 .*/s1 = relu stem/' plain.net >plain-without.net

# error MODEL.net WEIGHTS: its error with the weights of the training, as the test set sees it.
error()
{
    "$BUILD/striate" eval --model "$1" --weights "$2" --data "$images" --split test --limit 500 --mean 0.3 --std 0.3 --json |
        python3 -c 'import json, sys; e = json.load(sys.stdin); print("%.6f" % (1 - e["correct"] / e["images"]))'
}
# measured RUN EXPRESSION: something of what the lesion says.
measured()
{
    python3 -c 'import json, sys; s = json.load(open(sys.argv[1]))[0]; print("%.6f" % eval(sys.argv[2]))' "$1.json" "$2"
}
for kind in whole plain; do
    attempt "trains $kind" "$BUILD/striate" train --model $kind.net --data "$images" --limit 2000 --epochs 1 --lr 0.01 --mean 0.3 --std 0.3 --out $kind
    "$BUILD/striate" lesion $kind/model.safetensors --data "$images" --limit 500 --most 2 --draws 2 --json >$kind.json
    verdict "draws $kind" "$([ -s lesion.png ] || echo no picture)"
done
# alike LABEL FIRST SECOND
alike()
{
    verdict "$1" "$([ -n "$2" ] && [ "$2" = "$3" ] || echo "$2 is not $3")"
}
weights=whole/model.safetensors
alike "the whole" "$(measured whole 's["error"]')" "$(error whole.net $weights)"
alike "without the first unit" "$(measured whole 's["each"][0]["error"]')" "$(error without.net $weights)"
alike "two units swapped" "$(measured whole 's["swapped"][0]["errors"][1]')" "$(error swapped.net $weights)"
alike "swapped twice" "$(measured whole 's["swapped"][1]["errors"][0]')" "$(error whole.net $weights)"
alike "all deleted" "$(measured whole 's["deleted"][1]["errors"][0]')" "$(measured whole 's["deleted"][1]["errors"][1]')"
alike "without shortcuts, without the first layer" "$(measured plain 's["each"][0]["error"]')" "$(error plain-without.net plain/model.safetensors)"
verdict "refuses what has no units" "$("$BUILD/striate" zoo lenet >lenet.net
    "$BUILD/striate" train --model lenet.net --data "$images" --limit 64 --epochs 1 --out lenet >/dev/null 2>&1
    "$BUILD/striate" lesion lenet/model.safetensors --data "$images" 2>&1 | grep -q 'no layer of this network can be left out' || echo it does not)"
