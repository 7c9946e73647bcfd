#!/bin/bash
# As the official image: every test that is named must hold. No password is needed on the command line:
# the entry point has left one in the data folder.
set -u
settings=/var/lib/mysql/.my-healthcheck.cnf

ask() {
	mariadb --defaults-file=$settings --protocol=tcp --host=127.0.0.1 --skip-column-names --execute="$1" 2>/dev/null
}

connect() {
	[ "$(ask 'SELECT 1')" = 1 ]
}

innodb_initialized() {
	[ "$(ask "SELECT 1 FROM information_schema.ENGINES WHERE engine = 'innodb' AND support IN ('YES', 'DEFAULT', 'ENABLED')")" = 1 ]
}

[ $# -gt 0 ] || { echo "healthcheck.sh: no test is named" >&2; exit 1; }
for test in "$@"; do
	case "$test" in
	--connect) connect || { echo "healthcheck connect failed"; exit 1; } ;;
	--innodb_initialized) innodb_initialized || { echo "healthcheck innodb_initialized failed"; exit 1; } ;;
	--su=* | --su-mysql | --no-defaults) ;;
	*) echo "healthcheck.sh: unknown test $test" >&2; exit 1 ;;
	esac
done
