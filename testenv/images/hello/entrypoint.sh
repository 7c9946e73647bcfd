#!/bin/sh
# Serves one page on port 80. What it can be told, by environment:
#   HELLO_MESSAGE            the page's text
#   HELLO_EXIT_CODE          print a few lines and end with this code ...
#   HELLO_EXIT_AFTER_SECONDS ... but serve for so long first
#   HELLO_MEMORY_MB          take this much memory, then serve; a smaller limit gets the container killed
#   HELLO_DELAY_SECONDS      wait before listening
#   HELLO_UNHEALTHY          /healthcheck fails
#   HELLO_IGNORE_TERM        go on at SIGTERM, as bad programs do
# A volume at /data gets one line per start in /data/starts, served as /starts.
set -u

server=
finish() {
	[ -z "$server" ] || kill "$server" 2>/dev/null
	echo "hello: told to stop"
	exit 0
}
if [ -n "${HELLO_IGNORE_TERM:-}" ]; then
	trap 'echo "hello: SIGTERM ignored"' TERM
else
	trap finish TERM INT
fi

# `wait` returns at each signal; a plain `sleep` would hold it back.
pause() {
	until=$(($(date +%s) + $1))
	while [ "$(date +%s)" -lt "$until" ]; do
		sleep 1 &
		wait $!
	done
}

echo "hello: version ${HELLO_VERSION} starting"
if [ -n "${HELLO_EXIT_CODE:-}" ] && [ -z "${HELLO_EXIT_AFTER_SECONDS:-}" ]; then
	echo "hello: reading the configuration"
	echo "hello: cannot start: told to fail" >&2
	exit "$HELLO_EXIT_CODE"
fi
if [ -n "${HELLO_MEMORY_MB:-}" ]; then
	echo "hello: taking ${HELLO_MEMORY_MB} MB"
	block=$(head -c 1048576 /dev/zero | tr '\0' x)
	held=
	count=0
	while [ "$count" -lt "$HELLO_MEMORY_MB" ]; do
		eval "held_$count=\$block"
		count=$((count + 1))
	done
	echo "hello: has ${HELLO_MEMORY_MB} MB"
fi
if [ -n "${HELLO_DELAY_SECONDS:-}" ]; then
	echo "hello: waiting ${HELLO_DELAY_SECONDS} s"
	pause "$HELLO_DELAY_SECONDS"
fi

mkdir -p /www
echo "<!doctype html><title>hello</title><p>${HELLO_MESSAGE:-Hello from version ${HELLO_VERSION}}</p>" >/www/index.html
if [ -d /data ]; then
	echo "version ${HELLO_VERSION} $(date +%s)" >>/data/starts
	cat /data/starts >/www/starts
fi

busybox httpd -f -p 80 -h /www &
server=$!
echo "hello: listening on port 80"
if [ -n "${HELLO_EXIT_AFTER_SECONDS:-}" ]; then
	pause "$HELLO_EXIT_AFTER_SECONDS"
	kill "$server"
	echo "hello: giving up: told to fail" >&2
	exit "${HELLO_EXIT_CODE:-1}"
fi
while kill -0 "$server" 2>/dev/null; do
	wait "$server"
done
