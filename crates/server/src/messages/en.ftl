# All texts that users get. Ids and variables correspond to those of zh.ftl, one to one (a test checks it).

## Error codes (the id is the code with "-" for "."). The Chinese ones are the API document's own.

Param-App_name-Blank = The app name is blank
Param-CustomerAppName-Blank = The name for the new app is blank
Param-CustomerAppName-NotExis = This app cannot be installed: no catalog has it
Param-CustomerAppName-FormatError = An APP_ID may only consist of digits and lowercase letters, 32 at most
Param-CustomerAppName-Repeat = An app of this name is installed already; please choose another name
Param-CustomerAppName-Wait = An app of this name is being installed already; please choose another name
Requirement-NotEnough = The system does not have enough resources
Param-APP_ID-Blank = The APP_ID is blank
Param-APP_ID-FormatError = An APP_ID may only consist of digits and lowercase letters
APP-NotExis = The app is not installed
ContainerCommandError = The container engine failed
SystemError = System error; please contact the administrator
Param-AppVersion-Blank = The app version is blank
Param-AppVersion-NotExis = This version of the app cannot be installed
Param-Settings-FormatError = The parameter settings is no JSON object
Param-Settings-Unknown = The app has no such setting
Param-Settings-ValueError = The value of a setting does not fit
Param-Settings-Missing = A setting that the app cannot do without has no value
Policy-Refused = The package may do on this machine what apps are not allowed to
Header-Version-Blank = The request header Version is blank
Header-Language-Blank = The request header Language is blank
Header-Version-NotExis = This interface version is not supported
Request-FormatError = The request is malformed
Interface-NotExis = There is no such interface
APP-Busy = Another operation of the app is at work
Param-Data-FormatError = The parameter data must be keep or purge
APP-NotManaged = This server did not install the app
APP-Managed = This server manages the app already
APP-NotInTrash = There is no such app in the recycle bin
Operation-NotExis = No operation of the app is at work or waiting
Operation-TooLate = It is too late to cancel: the app's data is being deleted already
Param-Limit-FormatError = The limit must be a whole number from 1 to 100
Param-Before-NotExis = There is no operation of the operation_id that before names, or no longer
Param-Service-NotExis = The app has no such service
Param-Tail-FormatError = The tail must be a whole number from 0 to 10000
Param-Since-FormatError = The since must be a moment as RFC 3339 writes it in UTC, such as 2026-11-22T08:00:00Z
Param-Follow-FormatError = The follow must be true or false
Param-LastEventId-FormatError = The last event id must be a whole number, as the events give it
Auth-ReadOnly = The caller may only look
Auth-Forbidden = The caller may not use this interface
Param-Name-Blank = The name is blank
Param-Name-FormatError = A name has 1 to 32 lowercase letters, digits, ".", "_" and "-", and begins with a letter or digit
Param-Password-FormatError = A password has at least 10 characters and at most 256 bytes, and no control characters
User-Repeat = There is a user of this name already
User-NotExis = There is no user of this name
Key-Repeat = There is an API key of this name already; revoke it, or choose another name
Key-NotExis = There is no API key of this name
Account-TooMany = There are as many users or API keys as there may be
Param-Scope-FormatError = The scope must be read-only or full
Param-Days-FormatError = The days must be a whole number from 1 to 3650
Param-Before-FormatError = The before must be the id of an entry of the trail
Param-Domain-Blank = The domain is blank
Param-Domain-FormatError = This is no domain name that an app can have
Param-Domain-Wildcard = A wildcard cannot be the domain of an app
Param-Domain-Repeat = The domain is in use already
Param-Domain-TooMany = The app has as many domains as it can have
Param-Domain-NotResolved = The domain does not lead to this machine
Param-Domain-NotExis = The app has no such domain
APP-NotWeb = The app has no web pages that a domain could lead to
Gateway-NotConfigured = No gateway is configured, so apps cannot have domains
Catalog-Repeat = There is a catalog of this name already
Catalog-NotExis = There is no catalog of this name
Catalog-TooMany = There are as many catalogs as there may be
Param-Source-Blank = The source of the catalog is blank
Param-Source-FormatError = This is no source of a catalog
Param-Position-FormatError = The position must be a whole number from 1 to 20
Param-Trusted-FormatError = The trusted must be true or false

## Details: they stand after the texts above, in parentheses.

detail-shortage-cpu = cpu: needs { $needed } cores, there are { $available }
detail-shortage-memory = memory: needs { $needed }, { $available } free
detail-shortage-disk = disk space: needs { $needed }, { $available } free
detail-shortage-subnets = subnets: needs { $needed }, { $available } free
detail-shortage-ports = ports: needs { $needed }, { $available } free
detail-shortage-queue = open installs: this would be number { $needed }, { $available } may wait; try again when some are done
detail-shortage-apps = apps: this would be number { $needed }, { $available } may be known, those that failed and those in the recycle bin too; purge some
detail-taken-container = Docker holds a container { $name } that is not this server's
detail-taken-network = Docker holds a network { $name } that is not this server's
detail-taken-volume = Docker holds a volume { $name } that is not this server's
detail-taken-trash = it lies in the recycle bin: AppRestore brings it back, AppPurge deletes it for good
detail-not-managed = whoever made it changes and removes it, by docker compose; AppAdopt begins its management here, and AppUninstall of an adopted app ends it and leaves it running
detail-busy = { $kind }; wait for its end, or end it with AppCancel
detail-services-offered = services: { $services }
detail-versions-offered = versions: { $versions }
detail-domain-wildcard = give each name by itself
detail-domain-address = it is an IP address
detail-domain-international = give an international name in its ASCII form, which begins with xn--
detail-domain-one-label = it has one part only; a domain name looks like blog.example.com
detail-domain-malformed = letters, digits and hyphens in parts of 1 to 63 characters with dots between them, 253 in all
detail-domain-too-long = the name of an app has 230 characters at most
detail-domain-of-app = by the app { $app }; AppDomainRemove takes it from there
detail-domain-of-trash = by the app { $app } in the recycle bin; AppDomainRemove takes it from there
detail-domain-of-server = by this server itself (settings public_host and api.hosts, names of the gateway)
detail-no-gateway = run "appmanage gateway init" as root and follow docs/gateway.md
detail-too-many-domains = { $limit }
detail-catalog-name = a catalog has lowercase letters, digits and "-" only, and is not called builtin or local
detail-too-many-catalogs = { $limit }; remove one first
detail-source-kind = give the absolute path of a directory outside the data directory, an https URL of a git repository or of a .tar.gz, or file:///... of a git repository
detail-source-credentials = a URL must name a host, and no user or password, which everybody could read here
detail-source-unverified = give the SHA-256 of the archive, or the minisign key that it is signed with
detail-source-branch = only a git repository has branches, and this is the name of one of them or of a tag
detail-source-sha256 = only an archive by https has a SHA-256, of 64 hexadecimal digits
detail-source-key = only an archive by https has a key: the public key of minisign, 56 characters that begin with RW
detail-resolves-nowhere = { $reason }; let its A or AAAA record name the address of { $host }, and try again when that is known everywhere
detail-resolves-elsewhere = it leads to { $found }; let its A or AAAA record name the address of { $host }, or, behind a router, set public_host to the address that the router has
detail-setting-unknown = { $name }; AppCatalogDetail lists the variables that can be set
detail-setting-secret = { $name } takes one line of at least { $shortest } characters and at most { $longest } bytes
detail-setting-text = { $name } takes one line of at most { $longest } bytes
detail-setting-number = { $name } takes a whole number
detail-setting-boolean = { $name } takes true or false
detail-setting-choice = { $name } takes one of: { $options }
detail-setting-missing = { $names }; give each a value in settings
detail-policy = { $risks }; an administrator who trusts the package { $package } adds it to the setting policy.exceptions and restarts the server
detail-engine-unreachable = no answer from the container engine at { $endpoint }: { $reason }; try again
detail-engine-away = no answer from the container engine at { $endpoint } since { $since }: { $reason }; check that Docker is running (systemctl status docker) and that this server may use it
detail-database = the database cannot be used, and nothing was changed; see whether its disk has room and can be written; request { $id }
detail-request = request { $id }
detail-version-served = served: v1
detail-foreign-host = the host name { $host } is not accepted; add it to the setting api.hosts
detail-foreign-origin = calls from other sites are not accepted; the setting api.cors_origins allows them
detail-too-many-streams = { $limit } event streams are open, which is the limit; close one, or try again later
detail-read-only = it takes a user, or a key with the scope full
detail-forbidden = users and the local administrator manage users and keys: log in with name and password, or call as root through the server's Unix socket
detail-accounts-too-many = 100 users and 200 keys; remove those that nobody needs
detail-body-too-large = the body has more than { $limit } bytes
detail-body-broken = the body did not arrive whole
detail-body-content-type = a body must be application/json or application/x-www-form-urlencoded
detail-not-utf8 = it is not UTF-8
detail-percent-encoding = "%" must be followed by two hexadecimal digits
detail-not-json-object = the body is no JSON object
detail-given-twice = the parameter { $name } is given twice
detail-too-many-parameters = there are more than { $limit } parameters
detail-parameter-too-long = the parameter { $name } has more than { $limit } bytes
detail-not-text = the parameter { $name } must be a string

## Why an operation cannot be undone yet: the reason of the event `stuck`.

reason-undo_waits = What was made could not be taken away yet: { $detail }. It is tried again by itself; check that Docker is running (systemctl status docker).

## Why an operation failed (the id holds the FailureClass): what happened, and what to do next.

failure-no_such_image = The registry has no image { $subject }. Choose another version of the app, or check the image tag in its package, then try again.
failure-registry_unreachable = The registry of { $subject } could not be reached. Check the server's network, DNS and proxy, or give Docker a registry mirror (registry-mirrors), then try again.
failure-login_needed = Pulling { $subject } needs a login, or one with more rights. Run "docker login" as the user that runs this server, then try again.
failure-pull_limit = The registry refuses more pulls of { $subject } for now (rate limit). Wait a while, or log in with "docker login", then try again.
failure-pull_stalled = The pull of { $subject } made no progress for { $detail } s and was given up. Check the network, or give Docker a registry mirror, then try again; layers that are here are not pulled again.
failure-wrong_platform = The image { $subject } does not exist for this machine's processor. Choose another version, or another app.
failure-disk_full = { $subject ->
    [none] A disk of the server is full.
   *[other] The disk of { $subject } is full.
 } Free some space ("docker system df" shows what Docker uses), then try again.
failure-port_taken = Port { $subject } was taken by another program each time. End that program, or change the port range (settings network.port_first and network.port_last), then try again.
failure-no_free_port = No port of the configured range is free for { $subject }. Widen the port range (settings network.port_first and network.port_last), then try again.
failure-no_free_subnet = No subnet of the pool { $subject } is free. Widen the pool (setting network.subnet_pool), then try again.
failure-name_taken = Docker already holds { $subject }, which is not this app's and was left alone. Choose another name; or, if nobody needs it, remove it yourself and try again.
failure-out_of_memory = The service { $subject } ran out of memory and was ended. Give the server more memory, or stop other apps, then try again.
failure-exit_code = The service { $subject } ended by itself with exit code { $detail }. Its last lines (last_lines) say why; try again when that is solved.
failure-crash_loop = The service { $subject } starts and ends again and again. Its last lines (last_lines) say why; try again when that is solved.
failure-unhealthy = The health check of the service { $subject } fails. Its last lines (last_lines) say why; try again when that is solved.
failure-vanished = The container of the service { $subject } was stopped or removed meanwhile. Try again, and leave it alone until it is done.
failure-time_out = { $subject } was not ready within { $detail } s. Look at its last lines (last_lines); if the machine is only slow, try again: images are not pulled twice.
failure-engine_unreachable = The container engine could not be reached for too long. Check that Docker is running (systemctl status docker), then try again.
failure-container_command = Docker could not do it: { $detail }. Do what it says, then try again.
failure-broken_package = The package { $subject } is broken: { $detail }. Correct or update it, then try again.
checkup-disk-unseen = enough in the data directory; Docker's own disk cannot be looked at from here
failure-package_changed = The package { $subject } is not what it was when this install was accepted: it was changed, or taken out of its catalog, while the install waited for its turn and the server was restarted. Nothing was installed. Look at what the catalog has now, then install that.
failure-not_ours = The container of the service { $subject } is gone, and this server did not make it. Run "docker compose up --detach" in the project's folder ({ $detail }), then try again.
failure-cancelled = It was ended on request (AppCancel) and undone. If that was a mistake, try again.
failure-policy_refused = The package { $subject } asks for more than an app may do on this machine: { $detail }. An administrator who has read its compose file and trusts it adds { $subject } to the setting policy.exceptions and restarts the server; then try again.
failure-ca_unreachable = The certification authority could not be reached: { $detail }. It is tried again by itself; check the server's network and DNS, and the setting acme.directory.
failure-ca_refused = The certification authority issues no certificate for { $subject }: { $detail }. It is tried again by itself; do what it says.
failure-ca_limit = The certification authority takes no more requests for { $subject } for now (rate limit): { $detail }. It is tried again by itself, hours later; remove domains that you do not need.
failure-challenge_failed = The certification authority did not get the right answer from http://{ $subject }/: { $detail }. Check that the domain leads here in A and AAAA records and that port 80 is open to the internet; it is tried again by itself.
failure-gateway_refused = nginx does not take the configuration: { $detail }. What it served before goes on; do what it says, and it is tried again by itself.
failure-gateway_unreachable = nginx could not be told: { $detail }. What it served before goes on, and it is tried again by itself; run "appmanage gateway status" as root to see what is wrong.
failure-catalog_unreachable = The catalog at { $subject } could not be fetched: { $detail }. What was there before stays in use; check the address and the network, then sync again.
failure-catalog_too_large = The catalog at { $subject } takes more than a catalog may: { $detail }. What was there before stays in use; check that this is the address of a catalog, then sync again.
failure-catalog_not_genuine = What lies at { $subject } is not what it has to be: { $detail }. What was there before stays in use; ask whoever publishes the catalog, and add it again if its checksum or key is another one now.
failure-catalog_format = What lies at { $subject } cannot be used as a catalog: { $detail }. What was there before stays in use; check the address, or ask whoever publishes the catalog.
failure-catalog_broken = What was fetched of the catalog { $subject } cannot be read any more: { $detail }. Sync it again.
failure-internal = Something failed inside this server: { $detail }. Look into its log and contact the administrator.

## What a package may do on the host (the id holds the Rule).

risk-privileged = It has all rights over the machine
risk-host_namespace = It shares what containers have of their own with the machine: { $subject }
risk-engine_socket = It can command Docker, and so the whole machine: { $subject }
risk-outside_path = It uses a path outside the app's own folder: { $subject }
risk-nested_path = It uses a path that one of its containers can turn into a link to anywhere (mount the folder that it is in read-only, or move it out): { $subject }
risk-device = It uses devices of the machine: { $subject }
risk-capability = It has a capability that containers do not usually have: { $subject }
risk-security_profile = It changes the security profile of its containers: { $subject }
risk-cgroup_parent = It chooses the control group, and so the limits, of its containers: { $subject }
risk-other_container = It reaches into a container that may not be its own: { $subject }
risk-sysctl = It changes a kernel parameter of the whole machine: { $subject }
risk-external = It uses what is not its own and may be another app's: { $subject }
risk-host_program = It has a program run on the machine itself: { $subject }
risk-unknown = It uses something that this server does not know: { $subject }

## What has to be known of a package before it is installed.

warning-fixed-password = It comes with a password that is the same everywhere, and known to everybody: change it as soon as the app runs
