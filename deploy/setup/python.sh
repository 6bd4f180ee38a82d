# shellcheck shell=bash
# .venv with Smearflow and its extras, by uv, at the versions in requirements.lock.

VENV=$ROOT/.venv
TORCH_VERSION=2.13.0

python_ready() { # PROFILE: what is there for `dev` serves `runtime` too
  local wanted
  [[ -x $VENV/bin/smearflow && ! -e $RUNTIME/python-at-work ]] || return 1
  wanted=$(python_digest)
  is_stamped python "$wanted dev" || { [[ $1 == runtime ]] && is_stamped python "$wanted runtime"; }
}

python_digest() { digest pyproject.toml requirements.lock deploy/setup/python.sh; }

suits() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
  local candidate
  for candidate in ${PYTHON:+"$PYTHON"} python3 python3.14 python3.13 python3.12 python3.11 python; do
    suits "$candidate" && command -v "$candidate" && return
  done
  fail "Smearflow needs Python 3.11 or newer, and $(python3 --version 2>/dev/null || echo 'no python3') is what this machine" \
    "has. Install one (Debian 12: apt-get install python3), or name it: PYTHON=/path/to/python3.12 make run"
}

make_environment() { # .venv with uv in it
  # A mark that outlives its set-up means that this was killed halfway: packages may be half there, so start anew.
  [[ ! -e $RUNTIME/python-at-work ]] || rm -rf "$VENV"
  rm -f "$RUNTIME/python-at-work"
  [[ -x $VENV/bin/uv ]] && suits "$VENV/bin/python" && return
  begin "Python environment" create_environment "$(find_python)"
  wait "${STEP_PIDS[-1]}" || give_up "Python environment"
  unset 'STEP_PIDS[-1]'
}

has_pip() { suits "$VENV/bin/python" && "$VENV/bin/python" -m pip --version >/dev/null; }

create_environment() { # PYTHON
  if ! has_pip && ! "$1" -m venv --clear "$VENV"; then
    borrow_pip "$1"
  fi
  "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check --constraint requirements.lock uv
}

borrow_pip() { # PYTHON: Debian keeps what `venv` puts pip in with apart (python3-venv), so take Debian's pip for one command
  echo "$1 cannot put pip into a virtual environment; taking pip from Debian's package"
  "$1" -m venv --clear --without-pip "$VENV"
  require_apt "Python's ensurepip"
  unpack pip python3-pip
  PYTHONPATH=$RUNTIME/packages/pip/usr/lib/python3/dist-packages "$VENV/bin/python" -m pip install --quiet --ignore-installed pip
}

pip_setting() { # NAME → its value, or nothing
  "$VENV/bin/python" -m pip config get "$1" 2>/dev/null || true
}

uv_install() { # uv reads no pip configuration, so what pip was told is handed on
  local link options=()
  for link in ${PIP_FIND_LINKS:-$(pip_setting global.find-links)}; do
    options+=(--find-links "$link")
  done
  link=${PIP_INDEX_URL:-$(pip_setting global.index-url)}
  [[ -z $link ]] || options+=(--default-index "$link")
  "$VENV/bin/uv" pip install --python "$VENV/bin/python" --system-certs --compile-bytecode --constraint requirements.lock \
    "${options[@]}" "$@"
}

install_torch() { # pinned and first: unpinned, the index offers a CUDA build of several GB
  if [[ ${TORCH:-cpu} == cuda ]]; then
    uv_install "torch==$TORCH_VERSION"
  else
    uv_install --offline --no-deps "torch==$TORCH_VERSION+cpu" ||
      uv_install --torch-backend cpu "torch==$TORCH_VERSION"
  fi
}

install_python() { # PROFILE
  local code=0
  touch "$RUNTIME/python-at-work"
  install_extras "$1" || code=$?
  rm -f "$RUNTIME/python-at-work" # a step that failed by itself left whole packages; only one that was killed did not
  ((code == 0)) || return "$code"
  stamp python "$(python_digest) $1"
}

install_extras() { # PROFILE
  if [[ $1 == dev ]]; then
    install_torch && uv_install --editable '.[edge,cloud,openvino,train,dev]'
  else
    uv_install --editable '.[edge,cloud]'
  fi
}
