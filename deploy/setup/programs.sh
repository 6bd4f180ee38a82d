# shellcheck shell=bash
# Servers and browser: found on the machine, or Debian's packages unpacked under .runtime/packages with a wrapper each in
# .runtime/bin. Nothing is installed as a service and nothing needs root.

find_program() { # NAME → its path
  local folder folders
  IFS=: read -ra folders <<<"$RUNTIME/bin:$PATH:/usr/sbin:/usr/local/sbin"
  for folder in "${folders[@]}" /usr/lib/postgresql/*/bin; do
    [[ -f $folder/$1 && -x $folder/$1 ]] && printf '%s\n' "$folder/$1" && return
  done
  return 1
}

begin_programs() { # PROFILE
  local missing=() name
  for name in mosquitto redis-server; do
    find_program "$name" >/dev/null || missing+=("$name")
  done
  ((${#missing[@]} == 0)) || begin "servers (${missing[*]})" unpack servers "${missing[@]}"
  [[ $1 == dev ]] || return 0
  find_program initdb >/dev/null || begin "PostgreSQL" unpack postgresql postgresql
  find_program chromium >/dev/null || find_program google-chrome >/dev/null || begin "Chromium" install_chromium
}

require_apt() { # WHAT
  command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null && return
  fail "$1 not found, and this machine has no apt-get to fetch it with. Install mosquitto (2.0 or newer, with its dynamic" \
    "security plugin) and redis-server (6.2 or newer); for the tests also postgresql and chromium. Then say the same again."
}

apt() { # apt-get with lists and cache of the project's own: needs no root and no lock of the system's
  local command=$1
  shift
  apt-get -o Dir::State::Lists="$RUNTIME/apt/lists" -o Dir::Cache="$RUNTIME/apt/cache" -o Debug::NoLocking=1 \
    -o APT::Sandbox::User= -o Acquire::Retries=3 -qq "$command" "$@"
}

refresh_lists() { # once a set-up, whichever step comes first
  mkdir -p "$RUNTIME/apt/lists/partial" "$RUNTIME/apt/cache/archives/partial"
  (
    flock 8
    [[ $(cat "$RUNTIME/apt/refreshed" 2>/dev/null) == "$$" ]] && exit
    # One list that does not answer, of a third party say, must not stop us: what is missing shows in the next command.
    apt update || echo "some package lists could not be refreshed"
    echo "$$" >"$RUNTIME/apt/refreshed"
  ) 8>"$RUNTIME/apt/lock"
}

download() { # FOLDER PACKAGES…: the packages and all they depend on that this machine lacks
  local folder=$1 names
  shift
  refresh_lists
  # --reinstall names the packages themselves even where dpkg believes that they are there.
  names=$(apt install --no-install-recommends --reinstall --print-uris "$@" | sed -n "s/^'[^']*' \([^_]*\)_.*/\1/p")
  [[ -n $names ]] || fail "apt-get knows no package for: $*. Are Debian's main package lists reachable?"
  # shellcheck disable=SC2086 # one word a package
  (cd "$folder" && apt download $names)
}

unpack() { # TREE PACKAGES…
  local tree=$RUNTIME/packages/$1 partial=$RUNTIME/packages/$1.partial package
  require_apt "${*:2}"
  rm -rf "$partial"
  mkdir -p "$partial/debs"
  download "$partial/debs" "${@:2}"
  for package in "$partial"/debs/*.deb; do
    dpkg-deb --extract "$package" "$partial"
  done
  rm -rf "$partial/debs" "$tree"
  mv "$partial" "$tree"
  case $1 in
    servers) wrap "$1" usr/sbin/mosquitto usr/bin/redis-{server,cli} ;;
    postgresql) wrap "$1" usr/lib/postgresql/*/bin/{initdb,postgres,pg_ctl,psql} ;;
    chromium) wrap "$1" usr/lib/chromium/chromium ;;
  esac
}

wrap() { # TREE PATHS WITHIN IT…: paths that the tree does not hold are passed over
  local tree=$1 pattern program name
  shift
  for pattern in "$@"; do
    # shellcheck disable=SC2231 # the pattern is meant to be expanded
    for program in "$RUNTIME/packages/$tree"/$pattern; do
      [[ -x $program ]] || continue
      name=${program##*/}
      write_wrapper "$tree" "${program#"$RUNTIME/packages/$tree/"}" >"$RUNTIME/bin/.$name"
      chmod +x "$RUNTIME/bin/.$name"
      mv -f "$RUNTIME/bin/.$name" "$RUNTIME/bin/$name"
    done
  done
}

write_wrapper() { # TREE PROGRAM
  local folder libraries=
  # The folders that hold libraries, with those one level below (pulseaudio/, nss/).
  while read -r folder; do
    libraries+="${libraries:+:}\$tree/$folder"
  done < <(cd "$RUNTIME/packages/$1" &&
    find usr/lib lib -mindepth 2 -maxdepth 3 -path '*-linux-gnu*' -name '*.so*' -printf '%h\n' 2>/dev/null | sort -u)
  cat <<WRAPPER
#!/bin/sh
# Written by deploy/setup.sh: runs an unpacked Debian program with the libraries unpacked beside it.
tree="\${0%/*}/../packages/$1"
export LD_LIBRARY_PATH="$libraries\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH}"
[ ! -d "\$tree/usr/share/fonts" ] || [ -d /usr/share/fonts ] || export XDG_DATA_HOME="\$tree/usr/share"
[ -d /etc/fonts ] || [ ! -d "\$tree/etc/fonts" ] || export FONTCONFIG_PATH="\$tree/etc/fonts"
exec "\$tree/$2" "\$@"
WRAPPER
}

install_chromium() { # into the system for root; unpacked for everybody else
  require_apt chromium
  if ((EUID != 0)); then
    unpack chromium chromium fonts-dejavu-core
    return
  fi
  apt-get -qq update || echo "some package lists could not be refreshed"
  DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 install --no-install-recommends --yes chromium \
    fonts-dejavu-core
}
