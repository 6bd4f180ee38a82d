#!/usr/bin/env bash
# deploy/step.sh NAME COMMAND…: runs the command and says on standard error how it ended and how long it took.
export LC_ALL=C.UTF-8
name=$1
shift
since=${EPOCHREALTIME/[.,]/}
"$@"
code=$?
took=$((${EPOCHREALTIME/[.,]/} - since))
printf '[%s] %s in %d.%d s\n' "$name" "$( ((code == 0)) && echo passed || echo "FAILED with code $code")" \
  $((took / 1000000)) $((took % 1000000 / 100000)) >&2
exit "$code"
