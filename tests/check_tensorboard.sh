# check_tensorboard.sh - what a training writes for TensorBoard, read by TensorBoard, where that is installed.
. "$SOURCE/tests/tap.sh"
images=/usr/share/datasets/fashion-mnist
[ -d "$images" ] && python3 -c 'import tensorboard' 2>/dev/null || exit 77

attempt "trains" "$BUILD/striate" train --model lenet --data "$images" --limit 640 --epochs 2 --out "$scratch/run" --tensorboard
verdict "TensorBoard reads it" "$(python3 - "$scratch/run" <<'END'
import sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
board = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0})
board.Reload()
steps = board.Scalars("step/loss")
if [s.step for s in steps] != list(range(1, 21)): print("steps", [s.step for s in steps])
if not steps[-1].value < steps[0].value: print("the loss rises from", steps[0].value, "to", steps[-1].value)
rows = [line.split(",") for line in open(sys.argv[1] + "/metrics.csv").read().split()]
for row, scalar in zip(rows[1:], board.Scalars("epoch/val_top1")):
    if abs(float(row[rows[0].index("val_top1")]) - scalar.value) > 1e-6: print("top-1", row, scalar)
if len(board.Scalars("epoch/val_top1")) != 2: print("epochs", board.Scalars("epoch/val_top1"))
weights = board.Histograms("weights/conv1.weight")[-1].histogram_value
if weights.num != 500 or sum(weights.bucket) != 500: print("weights", weights)
if board.Histograms("gradients/ip2.bias")[-1].histogram_value.num != 10: print("gradients")
picture = board.Images("confusion")[-1]
if not picture.encoded_image_string.startswith(b"\x89PNG") or picture.width < 400: print("picture of", picture.width)
END
)"
