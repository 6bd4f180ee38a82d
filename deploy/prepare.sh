#!/usr/bin/env bash
# Makes what deploy/compose.yaml needs and no repository may hold: random passwords, a certificate authority, the broker's
# certificate, and the broker's first roles. Writes deploy/secrets/ (or $SMEARFLOW_SECRETS) once, whole or not at all.
#
#   deploy/prepare.sh broker.hospital.example           as the workstations will call the broker: name or IPv4 address
#   deploy/prepare.sh --renew broker.hospital.example   a new certificate for the broker; ca.key must be in the folder
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
folder=${SMEARFLOW_SECRETS:-$root/deploy/secrets}
smearflow=${SMEARFLOW_COMMAND:-$root/.venv/bin/smearflow}
readonly BROKER_UID=1883 CLOUD_UID=10001 REDIS_UID=999 # of the images' own users

fail() {
  printf '%s\n' "$*" >&2
  exit 1
}

random_password() { # FILE
  openssl rand -hex 24 | tr -d '\n' >"$1"
}

make_authority() { # key usage and the rest: Python 3.13 trusts no certificate without them
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj "/CN=Smearflow certificate authority" \
    -addext keyUsage=critical,keyCertSign,cRLSign -keyout ca.key -out ca.crt 2>/dev/null
}

make_broker_certificate() { # HOST
  local kind=DNS
  [[ ! $1 =~ ^[0-9.]+$ ]] || kind=IP
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" -keyout broker/new.key -out broker.csr 2>/dev/null
  # 825 days: some systems trust no certificate that is valid for longer.
  openssl x509 -req -in broker.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 825 -out broker/new.crt -extfile <(
    cat <<-EXTENSIONS
	basicConstraints=critical,CA:FALSE
	keyUsage=critical,digitalSignature
	extendedKeyUsage=serverAuth
	subjectKeyIdentifier=hash
	authorityKeyIdentifier=keyid
	subjectAltName=$kind:$1,DNS:broker
	EXTENSIONS
  ) 2>/dev/null
  rm broker.csr
  mv broker/new.key broker/broker.key
  mv broker/new.crt broker/broker.crt
}

make_secrets() { # HOST
  local name
  for name in postgres_password redis_password smearflow_broker_password smearflow_broker_admin_password; do
    random_password "$name"
  done
  printf 'postgresql+psycopg://smearflow:%s@postgres/smearflow' "$(<postgres_password)" >smearflow_database_url
  printf 'redis://:%s@redis:6379/0' "$(<redis_password)" >smearflow_redis_url
  printf '%s' "$1" >smearflow_broker_public_host
  : >smearflow_openid_client_secret # the provider gives it out, if there is one; compose mounts the file in any case
  SMEARFLOW_BROKER_PASSWORD=$(<smearflow_broker_password) \
    SMEARFLOW_BROKER_ADMIN_PASSWORD=$(<smearflow_broker_admin_password) \
    "$smearflow" device broker-roles --ingests 1 >broker-data/dynamic-security.json
}

# Compose mounts the files with the owners and rights that they have here, and each container runs as a user of its own.
give_to_containers() { # FOLDER
  local owned=("$BROKER_UID:$BROKER_UID broker broker-data" "$REDIS_UID:$REDIS_UID redis_password" "$CLOUD_UID:$CLOUD_UID smearflow_*")
  local line
  cd "$1"
  chmod 644 ca.crt
  for line in "${owned[@]}"; do
    if [[ $(id -u) == 0 ]]; then
      # shellcheck disable=SC2086 # an owner and file names without spaces, one of them a pattern
      chown -R $line
    else
      echo "Not run as root, so the containers cannot read this yet: (cd $1 && sudo sh -c 'chown -R $line')" >&2
    fi
  done
}

renew=
[[ ${1:-} != --renew ]] || { renew=yes && shift; }
host=${1:-}
[[ $# == 1 && $host =~ ^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$ ]] ||
  fail "usage: deploy/prepare.sh [--renew] BROKER (its host name or IPv4 address, as the workstations will call it)"
command -v openssl >/dev/null || fail "openssl is missing. Debian: apt-get install openssl"
umask 077

if [[ -n $renew ]]; then
  [[ -e $folder/ca.key ]] || fail "$folder/ca.key is not there: bring it back from where it is kept, for this command alone."
  (cd "$folder" && make_broker_certificate "$host" && printf '%s' "$host" >smearflow_broker_public_host)
  (give_to_containers "$folder")
  echo "Renewed $folder/broker/broker.crt. Now: docker compose -f deploy/compose.yaml restart broker api" >&2
  exit
fi

[[ ! -e $folder ]] || fail "$folder is there already. Keep it; or remove it to begin anew (all devices must then be enrolled again)."
[[ -x $smearflow ]] || fail "$smearflow is not there: run deploy/setup.sh first, or name the program in SMEARFLOW_COMMAND."
draft=$folder.draft
rm -rf "$draft"
mkdir -p "$draft"/{broker,broker-data}
trap 'rm -rf "$draft"' EXIT
cd "$draft"
make_secrets "$host"
make_authority
make_broker_certificate "$host"
(give_to_containers "$draft")
mv "$draft" "$folder"
echo "Made $folder. Keep ca.key elsewhere, offline; give ca.crt to the workstations." >&2
echo "Next: docker compose -f deploy/compose.yaml up -d --build" >&2
