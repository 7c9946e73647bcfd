#!/bin/bash
# As the project's image: the server gets SIGTERM passed on and keeps everything in /data.
trap 'kill -TERM "$server"; wait "$server"' TERM INT
node $NODE_OPTIONS node_modules/node-red/red.js --userDir /data "$FLOWS" "$@" &
server=$!
wait "$server"
