#!/usr/bin/env bash
# Installs what Smearflow needs beside itself, without root where that is possible, and does nothing the second time.
#
#   deploy/setup.sh runtime    for `make run` and `make demo`: Mosquitto, Redis, .venv (edge, cloud), the dashboard's bundle
#   deploy/setup.sh dev        for `make test` too: PyTorch (CPU), extras train and dev, PostgreSQL, Chromium
#
# It writes .venv/, .runtime/ and, in cloud_service/dashboard/, node_modules/ and dist/. Only Chromium, and only for root,
# is installed into the system. All it says goes to standard error; each step's own output to .runtime/logs/.
# Settings: PYTHON (the Python to build .venv from), TORCH=cuda (with `dev`: the CUDA build), and what pip is
# configured with: its index and find-links are handed on to uv.
set -euo pipefail
export LC_ALL=C
unset CDPATH
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
cd "$ROOT"
RUNTIME=$ROOT/.runtime
for part in steps programs python dashboard; do
  # shellcheck disable=SC1090
  source "$ROOT/deploy/setup/$part.sh"
done

PROFILE=${1:-runtime}
case $PROFILE in
  runtime | dev) ;;
  *) fail "unknown profile '$PROFILE': say 'deploy/setup.sh runtime' or 'deploy/setup.sh dev'" ;;
esac

mkdir -p "$RUNTIME"/{bin,logs,packages,stamps}
hold_lock
use_own_caches_where_home_is_read_only

# The slow parts do not wait for each other: Debian's packages unpack and npm loads while uv installs.
begin_programs "$PROFILE"
if ! python_ready "$PROFILE" || ! dashboard_ready "$PROFILE"; then
  make_environment
fi
python_ready "$PROFILE" || begin "Python packages ($PROFILE)" install_python "$PROFILE"
dashboard_ready "$PROFILE" || begin "dashboard ($PROFILE)" install_dashboard "$PROFILE"
finish
say "ready for $PROFILE"
