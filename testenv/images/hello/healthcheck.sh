#!/bin/sh
# For compose files: `healthcheck: {test: [CMD, /healthcheck]}`.
[ -z "${HELLO_UNHEALTHY:-}" ] || { echo "hello: told to be unhealthy"; exit 1; }
exec wget -q -O /dev/null http://127.0.0.1/
