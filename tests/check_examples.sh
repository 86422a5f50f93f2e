# check_examples.sh - the examples, one after another, on the first 512 images of Fashion-MNIST.
. "$SOURCE/tests/tap.sh"
images=/usr/share/datasets/fashion-mnist
[ -d $images ] || exit 77

# first PREFIX HEADER-SIZE NEW-HEADER ITEM-SIZE: an IDX file of the first 512 items of another.
first()
{
    gunzip -c "$images/$1.gz" | tail -c +$(($2 + 1)) | head -c $((512 * $4)) >"$scratch/items"
    { printf "$3"; cat "$scratch/items"; } >"$scratch/data/$1"
}
mkdir "$scratch/data"
for set in train t10k; do
    first $set-images-idx3-ubyte 16 '\0\0\10\3\0\0\2\0\0\0\0\34\0\0\0\34' 784
    first $set-labels-idx1-ubyte 8 '\0\0\10\1\0\0\2\0' 1
done

attempt "train_lenet" "$BUILD/tests/example_train_lenet" "$scratch/data" "$scratch/model.safetensors" 3
verdict "train_lenet says what it does" "$(awk '
    /^epoch [123]: loss/ { epochs++ }
    /of 512 test images/ { right = $1 }
    END { if (epochs != 3 || right < 256) print epochs " epochs, " right " of 512 right" }' "$scratch/log")"
attempt "classify" "$BUILD/tests/example_classify" "$scratch/model.safetensors" "$SOURCE/examples/boot.png"
verdict "classify prints three classes" "$([ "$(grep -c ' %  ' "$scratch/log")" = 3 ] || cat "$scratch/log")"
attempt "embed" "$BUILD/tests/example_embed" "$scratch/model.safetensors"
