#!/bin/bash
# As the official image. A new data folder gets its users and database from MARIADB_* (or MYSQL_*),
# from files where the variable ends in _FILE, and then the scripts of /docker-entrypoint-initdb.d.
set -eu
shopt -s nullglob

data=/var/lib/mysql

# Sets NAME from MARIADB_NAME, MARIADB_NAME_FILE, or the same with MYSQL_.
setting() {
	local name=$1 prefix variable file
	for prefix in MARIADB MYSQL; do
		variable=${prefix}_$name
		file=${variable}_FILE
		if [ -n "${!variable:-}" ]; then
			printf -v "$name" %s "${!variable}"
			return
		elif [ -n "${!file:-}" ]; then
			printf -v "$name" %s "$(<"${!file}")"
			return
		fi
	done
	printf -v "$name" %s ''
}

quote() {
	printf "'%s'" "$(printf %s "$1" | sed -e 's/\\/\\\\/g' -e "s/'/''/g")"
}

users() {
	echo "DELETE FROM mysql.global_priv WHERE User = '' OR (User = 'root' AND Host <> 'localhost');"
	echo "FLUSH PRIVILEGES;"
	if [ -n "$ROOT_PASSWORD" ] || [ -n "$ALLOW_EMPTY_ROOT_PASSWORD" ]; then
		echo "CREATE USER root@'${MARIADB_ROOT_HOST:-%}' IDENTIFIED BY $(quote "$ROOT_PASSWORD");"
		echo "GRANT ALL ON *.* TO root@'${MARIADB_ROOT_HOST:-%}' WITH GRANT OPTION;"
		echo "ALTER USER root@localhost IDENTIFIED BY $(quote "$ROOT_PASSWORD");"
	fi
	echo "CREATE USER healthcheck@localhost IDENTIFIED BY '$1';"
	echo "CREATE USER healthcheck@127.0.0.1 IDENTIFIED BY '$1';"
	if [ -n "$DATABASE" ]; then
		echo "CREATE DATABASE IF NOT EXISTS \`$DATABASE\`;"
	fi
	if [ -n "$USER_NAME" ] && [ -n "$PASSWORD" ]; then
		echo "CREATE USER $(quote "$USER_NAME")@'%' IDENTIFIED BY $(quote "$PASSWORD");"
		[ -z "$DATABASE" ] || echo "GRANT ALL ON \`${DATABASE//_/\\_}\`.* TO $(quote "$USER_NAME")@'%';"
	fi
}

initialize() {
	setting ROOT_PASSWORD
	setting RANDOM_ROOT_PASSWORD
	setting ALLOW_EMPTY_ROOT_PASSWORD
	setting DATABASE
	setting PASSWORD
	setting USER
	USER_NAME=$USER
	if [ -n "$RANDOM_ROOT_PASSWORD" ]; then
		ROOT_PASSWORD=$(head -c 24 /dev/urandom | base64)
		echo "[Note] [Entrypoint]: GENERATED ROOT PASSWORD: $ROOT_PASSWORD"
	fi
	if [ -z "$ROOT_PASSWORD$ALLOW_EMPTY_ROOT_PASSWORD" ]; then
		echo "[ERROR] [Entrypoint]: Database is uninitialized and password option is not specified" >&2
		echo "  You need to specify one of MARIADB_ROOT_PASSWORD, MARIADB_ALLOW_EMPTY_ROOT_PASSWORD and MARIADB_RANDOM_ROOT_PASSWORD" >&2
		exit 1
	fi
	echo "[Note] [Entrypoint]: Initializing database files"
	mariadb-install-db --user=mysql --datadir=$data --skip-test-db --auth-root-authentication-method=normal \
		--skip-log-bin >/dev/null
	echo "[Note] [Entrypoint]: Starting temporary server"
	mariadbd --user=mysql --skip-networking --skip-log-bin "$@" &
	local server=$! password
	until mariadb --user=root --execute='SELECT 1' >/dev/null 2>&1; do
		kill -0 $server || { echo "[ERROR] [Entrypoint]: Unable to start server." >&2; exit 1; }
		sleep 0.2
	done
	password=$(head -c 24 /dev/urandom | base64 | tr -d '+/=')
	users "$password" | mariadb --user=root --binary-mode
	printf '[mariadb-client]\nport=3306\nuser=healthcheck\npassword=%s\n' "$password" >$data/.my-healthcheck.cnf
	chown mysql:mysql $data/.my-healthcheck.cnf
	chmod 600 $data/.my-healthcheck.cnf
	local client=(mariadb --user=root ${DATABASE:+"$DATABASE"}) script
	for script in /docker-entrypoint-initdb.d/*; do
		echo "[Note] [Entrypoint]: running $script"
		case "$script" in
		*.sh) . "$script" ;;
		*.sql) MYSQL_PWD="$ROOT_PASSWORD" "${client[@]}" <"$script" ;;
		*.sql.gz) gunzip -c "$script" | MYSQL_PWD="$ROOT_PASSWORD" "${client[@]}" ;;
		esac
	done
	# Not as an argument: everybody on the machine can read those.
	MYSQL_PWD="$ROOT_PASSWORD" mariadb-admin --user=root shutdown
	wait $server
	echo "[Note] [Entrypoint]: MariaDB init process done. Ready for start up."
}

if [ "${1:0:1}" = - ]; then
	set -- mariadbd "$@"
fi
if [ "$1" = mysqld ]; then
	shift
	set -- mariadbd "$@"
fi
if [ "$1" = mariadbd ]; then
	find $data /run/mysqld \! -user mysql -exec chown mysql:mysql '{}' +
	[ -d $data/mysql ] || initialize "${@:2}"
	exec setpriv --reuid=mysql --regid=mysql --init-groups "$@"
fi
exec "$@"
