#!/bin/bash
# Prepares one instance of VNN-COMP: nothing is left over from the last, and its files are there.
#
#   prepare_instance.sh v1 BENCHMARK ONNX VNNLIB
#
# Any other exit code than 0 makes the competition skip the instance.
set -euo pipefail

[ "${1:-}" = v1 ] || { echo "prepare_instance.sh: the first argument has to be v1" >&2; exit 1; }
[ $# -eq 4 ] || { echo "prepare_instance.sh v1 BENCHMARK ONNX VNNLIB" >&2; exit 1; }

for file in "$3" "$4"; do
    [ -f "$file" ] || [ -f "$file.gz" ] || { echo "no such file: $file" >&2; exit 1; }
done
