#!/usr/bin/env bash
# The gpu tests and every row of benchmarks/gpu.py, on a machine with torch, timm, lightning and this project.
#   benchmarks/gpu.sh DATA [--dry]      DATA: a folder of photographs, a folder a class
# Writes gpu.json into the current folder. --dry: small, on the processor, to show that everything runs.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
data=${1:?"usage: benchmarks/gpu.sh DATA [--dry]"}
python=${PYTHON:-python}
tests=(tests/pooling tests/losses/ap tests/crf)
if [[ ${2:-} == --dry ]]; then # the kernel, in the interpreter
  marked=(-m "not slow and not gpu" -k "kernel or square")
else
  marked=(-m gpu)
fi
if [[ -d $here/../tests ]]; then
  (cd "$here/.." && "$python" -m pytest -q "${marked[@]}" "${tests[@]}")
else
  echo "no tests beside the benchmarks: they are left out"
fi
PYTHONPATH="$here${PYTHONPATH:+:$PYTHONPATH}" exec "$python" "$here/gpu.py" "$data" "${@:2}"
