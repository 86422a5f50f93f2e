# check_exact.sh - ResNet-20 on a part of CIFAR-10, by Winograd where it is faster and exactly: other bits, and the same end within noise, which grows
# with the rate: by 0.01 it is a few thousandths, by 0.05 ten times as much.
. "$SOURCE/tests/tap.sh"
images=$STRIATE_TEST_DATA/cifar10
[ -e "$images/test_batch.bin.xz" ] && command -v xz >/dev/null || exit 77

# The first 300 images of each file.
mkdir "$scratch/cifar"
for file in data_batch_1 data_batch_2 data_batch_3 data_batch_4 data_batch_5 test_batch; do
    xz -dc "$images/$file.bin.xz" 2>/dev/null | head -c $((300 * 3073)) >"$scratch/cifar/$file.bin"
done

# trained NAME OPTION...: a run of two epochs.
trained()
{
    name=$1
    shift
    attempt "trains: $name" "$BUILD/striate" train --model cifar_resnet20 --data "$scratch/cifar" --epochs 2 --lr 0.01 --seed 1 \
        --out "$scratch/$name" "$@"
}
trained fast
trained exact --exact

verdict "Winograd has computed something" "$(
    cmp -s "$scratch/fast/model.safetensors" "$scratch/exact/model.safetensors" && echo "the two models are the same")"
verdict "both end alike" "$(paste -d, "$scratch/fast/metrics.csv" "$scratch/exact/metrics.csv" | awk -F, '
    NR == 1 { for (i = 1; i <= NF; i++) { if (!(($i, 1) in at)) at[$i, 1] = i; at[$i, 2] = i }; next }
    function apart(name) { d = $at[name, 1] - $at[name, 2]; return d < 0 ? -d : d }
    { print "# epoch " $1 ": training loss " $at["train_loss", 1] " and exactly " $at["train_loss", 2] >"/dev/stderr" }
    apart("train_loss") > 0.03 { print "epoch " $1 ": training losses " $at["train_loss", 1] " and " $at["train_loss", 2] }
    NR == 3 && apart("val_loss") > 0.15 { print "validation losses " $at["val_loss", 1] " and " $at["val_loss", 2] }
    END { if (NR != 3) print NR " rows" }')"
