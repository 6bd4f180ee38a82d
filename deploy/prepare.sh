#!/usr/bin/env bash
# Makes what deploy/compose.yaml needs and no repository may hold: random passwords, a certificate authority, the broker's
# certificate, and the broker's first roles. Writes deploy/secrets/, once; what is there is kept.
#
#   deploy/prepare.sh broker.hospital.example
set -euo pipefail
host=${1:?usage: deploy/prepare.sh BROKER-HOST-NAME}
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
folder=${SMEARFLOW_SECRETS:-$root/deploy/secrets}
smearflow=$root/.venv/bin/smearflow
if [[ -e $folder/ca.crt ]]; then
  echo "$folder is there already; remove it to begin anew (devices must then be enrolled again)." >&2
  exit 1
fi
umask 077
mkdir -p "$folder"/{broker,broker-data}
cd "$folder"

for name in postgres_password redis_password smearflow_access_key smearflow_session_secret smearflow_broker_password \
  broker_admin_password; do
  openssl rand -hex 24 | tr -d '\n' >"$name"
done
printf 'postgresql+psycopg://smearflow:%s@postgres/smearflow' "$(<postgres_password)" >smearflow_database_url
printf 'redis://:%s@redis:6379/0' "$(<redis_password)" >smearflow_redis_url

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 \
  -subj "/CN=Smearflow certificate authority" -keyout ca.key -out ca.crt 2>/dev/null
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$host" \
  -keyout broker/broker.key -out broker.csr 2>/dev/null
openssl x509 -req -in broker.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 825 -out broker/broker.crt \
  -extfile <(printf 'subjectAltName=DNS:%s,DNS:broker' "$host") 2>/dev/null
rm broker.csr

SMEARFLOW_BROKER_PASSWORD=$(<smearflow_broker_password) SMEARFLOW_BROKER_ADMIN_PASSWORD=$(<broker_admin_password) \
  "$smearflow" device broker-roles --ingests 1 >broker-data/dynamic-security.json

# The containers' users must read their own secrets: compose mounts files with the rights that they have here.
if [[ $(id -u) == 0 ]]; then
  chown -R 1883:1883 broker broker-data
  chown 10001 smearflow_* ca.crt
else
  echo "Run as root, this also gives the files to the containers' users; as it is, do: chown -R 1883:1883" \
    "$folder/broker $folder/broker-data && chown 10001 $folder/smearflow_* $folder/ca.crt" >&2
fi
chmod 644 ca.crt
echo "Made $folder. Keep ca.key off this machine; give ca.crt to the workstations." >&2
echo "Start: docker compose -f deploy/compose.yaml up -d --build" >&2
