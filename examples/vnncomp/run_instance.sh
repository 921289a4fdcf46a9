#!/bin/bash
# Decides one instance of VNN-COMP within its seconds; the result goes into a file.
#
#   run_instance.sh v1 BENCHMARK ONNX VNNLIB RESULTS SECONDS
#
# The first line of the file is sat, unsat, unknown, timeout or error; after sat follows the
# counterexample. $MIPC_VNNLIB is the command to use instead of the installed one.
set -euo pipefail

[ "${1:-}" = v1 ] || { echo "run_instance.sh: the first argument has to be v1" >&2; exit 1; }
[ $# -eq 6 ] || { echo "run_instance.sh v1 BENCHMARK ONNX VNNLIB RESULTS SECONDS" >&2; exit 1; }

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
command=${MIPC_VNNLIB:-"$here/.venv/bin/mipc-vnnlib"}
command -v "${command%% *}" > /dev/null || { echo error > "$5"; echo "run install_tool.sh first: no $command" >&2; exit 1; }
exec $command vnncomp "$3" "$4" "$5" "$6"
