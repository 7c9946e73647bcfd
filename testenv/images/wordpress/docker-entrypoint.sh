#!/bin/bash
# As the official image: an empty /var/www/html gets WordPress, and its configuration where WORDPRESS_* is set.
# Then it waits for the database, for a while: the first page would be an error otherwise.
set -eu

if [ "$1" = apache2-foreground ]; then
	if [ ! -e index.php ] && [ ! -e wp-includes/version.php ]; then
		echo "WordPress not found in $PWD - copying now..."
		cp -a /usr/src/wordpress/. .
		echo "Complete! WordPress has been successfully copied to $PWD"
	fi
	if [ ! -s wp-config.php ] && env | grep -q ^WORDPRESS_; then
		echo "No 'wp-config.php' found in $PWD, but 'WORDPRESS_...' variables supplied; copying 'wp-config-docker.php'"
		while IFS= read -r line; do
			echo "${line/@RANDOM@/$(head -c 64 /dev/urandom | sha1sum | cut -d ' ' -f 1)}"
		done <wp-config-docker.php >wp-config.php
		chown www-data:www-data wp-config.php
	fi
	if [ -n "${WORDPRESS_DB_HOST:-}" ]; then
		php -d display_errors=0 -r '
			mysqli_report(MYSQLI_REPORT_OFF);
			[$host, $port] = explode(":", getenv("WORDPRESS_DB_HOST"), 2) + [1 => 3306];
			$secret = getenv("WORDPRESS_DB_PASSWORD_FILE");
			$password = $secret ? rtrim(file_get_contents($secret)) : (string) getenv("WORDPRESS_DB_PASSWORD");
			for ($i = 0; $i < 120; $i++) {
				if (@mysqli_connect($host, (string) getenv("WORDPRESS_DB_USER"), $password, "", (int) $port)) exit(0);
				if ($i == 0) fwrite(STDERR, "waiting for the database at $host\n");
				usleep(500000);
			}
			fwrite(STDERR, "the database at $host does not answer: " . mysqli_connect_error() . "\n");
		' || true
	fi
fi
exec "$@"
