#!/bin/bash
# Installs mipc for VNN-COMP, into a virtual environment beside these scripts.
#
#   install_tool.sh v1
set -euo pipefail

[ "${1:-}" = v1 ] || { echo "install_tool.sh: the first argument has to be v1" >&2; exit 1; }

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
"${PYTHON:-python3}" -m venv "$here/.venv"
"$here/.venv/bin/python" -m pip install --quiet "$here/../.."
"$here/.venv/bin/mipc-vnnlib" --version
