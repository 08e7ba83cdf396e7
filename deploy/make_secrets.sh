#!/usr/bin/env bash
# Makes the secret files that docker-compose.yaml mounts, each once: deploy/make_secrets.sh [FOLDER], by default deploy/secrets.
#
# The folder is open to you alone. The files in it can be read by everybody who gets that far, because Docker mounts them with the
# permissions that they have here, and each container runs as a user of its own. None ends with a line break: Airflow would take it in.
set -euo pipefail
folder="${1:-$(cd "$(dirname "$0")" && pwd)/secrets}"
if [ -e "$folder" ] && [ -n "$(ls -A "$folder" 2>/dev/null)" ]; then
  echo "$folder holds secrets already, and what was encrypted with them is lost without them; nothing was changed." >&2
  echo "To make new ones, move that folder away first." >&2
  exit 1
fi
umask 077
mkdir -p "$folder"
chmod 700 "$folder"

# random BYTES: letters that need no escaping in an address.
random() { head -c "$1" /dev/urandom | base64 | tr -d '=\n' | tr '+/' '-_'; }
# put NAME VALUE
put() {
  printf '%s' "$2" > "$folder/$1"
  chmod 444 "$folder/$1"
}

postgres="$(random 24)" redis="$(random 24)" key="$(random 12)" secret="$(random 30)"
put postgres_password "$postgres"
put sql_alchemy_conn "postgresql+psycopg2://airflow:$postgres@postgres:5432/airflow"
put redis_password "$redis"
put broker_url "redis://:$redis@redis:6379/0"
put result_backend "redis://:$redis@redis:6379/1"
put state_url "redis://:$redis@redis:6379/2"
# Fernet takes 32 bytes in Base64 with their padding.
put fernet_key "$(head -c 32 /dev/urandom | base64 | tr -d '\n' | tr '+/' '-_')"
put api_secret_key "$(random 32)"
put jwt_secret "$(random 48)"
put storage_key "$key"
put storage_secret "$secret"
put connections.json "{\"aws_default\": {\"conn_type\": \"aws\", \"login\": \"$key\", \"password\": \"$secret\", \
\"extra\": {\"endpoint_url\": \"http://store:9000\", \"region_name\": \"eu-central-1\"}}}"
put admin_password "$(random 15)"
put grafana_password "$(random 15)"
echo "Secrets are in $folder. Airflow's first user is admin; the password is in admin_password."
