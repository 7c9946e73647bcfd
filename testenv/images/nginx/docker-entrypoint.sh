#!/bin/sh
# As the official image: templates are filled from the environment, then /docker-entrypoint.d/*.sh are run.
set -e
if [ "$1" = nginx ]; then
	for template in /etc/nginx/templates/*.template; do
		[ -f "$template" ] || continue
		name=$(basename "$template" .template)
		# Only variables of the environment, so that nginx keeps its own.
		names=$(env | sed -n 's/^\([A-Za-z_][A-Za-z0-9_]*\)=.*/${\1}/p')
		envsubst "$names" <"$template" >"/etc/nginx/conf.d/$name"
	done
	for script in /docker-entrypoint.d/*.sh; do
		[ -x "$script" ] && "$script"
	done
fi
exec "$@"
