#!/bin/bash
# As the official image. A new data folder gets its user and database from POSTGRES_*, from files where the
# variable ends in _FILE, and then the scripts of /docker-entrypoint-initdb.d.
set -eu
shopt -s nullglob

from_file() {
	local file=${1}_FILE
	if [ -z "${!1:-}" ] && [ -n "${!file:-}" ]; then
		export "$1=$(<"${!file}")"
	fi
}

initialize() {
	local name
	for name in POSTGRES_PASSWORD POSTGRES_USER POSTGRES_DB POSTGRES_INITDB_ARGS; do from_file $name; done
	local user=${POSTGRES_USER:-postgres}
	local database=${POSTGRES_DB:-$user}
	local method=${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}
	if [ -z "${POSTGRES_PASSWORD:-}" ] && [ "$method" != trust ]; then
		echo "Error: Database is uninitialized and superuser password is not specified." >&2
		echo "       You must specify POSTGRES_PASSWORD to a non-empty value for the superuser." >&2
		exit 1
	fi
	# shellcheck disable=SC2086 # several arguments in one variable is what the official image takes
	initdb --username="$user" --pwfile=<(printf '%s\n' "${POSTGRES_PASSWORD:-}") ${POSTGRES_INITDB_ARGS:-}
	printf '\nhost all all all %s\n' "$method" >>"$PGDATA/pg_hba.conf"
	pg_ctl --silent --wait --options="-c listen_addresses='' -p 5432" start
	local client=(psql --set=ON_ERROR_STOP=1 --username="$user" --no-password --no-psqlrc)
	if [ "$database" != postgres ]; then
		"${client[@]}" --dbname=postgres --set=db="$database" <<<'CREATE DATABASE :"db";'
	fi
	local script
	for script in /docker-entrypoint-initdb.d/*; do
		echo "$0: running $script"
		case "$script" in
		*.sh) . "$script" ;;
		*.sql) "${client[@]}" --dbname="$database" --file="$script" ;;
		*.sql.gz) gunzip -c "$script" | "${client[@]}" --dbname="$database" ;;
		esac
	done
	pg_ctl --silent --mode=fast --wait stop
	echo "PostgreSQL init process complete; ready for start up."
}

if [ "${1:0:1}" = - ]; then
	set -- postgres "$@"
fi
if [ "$1" = postgres ]; then
	if [ "$(id -u)" = 0 ]; then
		mkdir -p "$PGDATA" /var/run/postgresql
		chmod 700 "$PGDATA"
		find "$PGDATA" /var/run/postgresql \! -user postgres -exec chown postgres:postgres '{}' +
		exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
	fi
	[ -s "$PGDATA/PG_VERSION" ] || initialize
fi
exec "$@"
