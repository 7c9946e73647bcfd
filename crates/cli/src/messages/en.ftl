# All texts of the client's own. Ids and variables correspond to those of zh.ftl, one to one (a test checks it).

colon = {": "}
label-error = {"error: "}
label-next = {"next:  "}
login-known = Login: appmanage password { $app }
follow = Follow it: appmanage status { $app } --wait
done-domain-add = { $app } will be at { $url }
done-domain-remove = { $domain } does not lead to { $app } any more
follow-domain = The certificate takes some seconds. Follow it: appmanage domain list { $app }
last-lines = The last lines it wrote:
server-away = The server does not answer at the moment; trying again
stream-ended = The stream has ended.
interrupted = The server goes on with { $app }.

## What could not be done

cannot-install = cannot install { $subject }
cannot-plan = cannot plan the install of { $subject }
cannot-list = cannot list the apps
cannot-status = cannot tell about { $subject }
cannot-start = cannot start { $subject }
cannot-stop = cannot stop { $subject }
cannot-restart = cannot restart { $subject }
cannot-uninstall = cannot uninstall { $subject }
cannot-trash = cannot list the recycle bin
cannot-restore = cannot restore { $subject }
cannot-purge = cannot delete { $subject }
cannot-cancel = cannot cancel anything of { $subject }
cannot-logs = cannot show the log of { $subject }
cannot-events = cannot follow events
cannot-operations = cannot list operations
cannot-stats = cannot tell what apps take
cannot-config = cannot show the variables of { $subject }
cannot-configure = cannot change the variables of { $subject }
cannot-search = cannot search the catalog
cannot-check = cannot check { $subject }
cannot-show = cannot show { $subject }
cannot-catalog-add = cannot add the catalog { $subject }
cannot-catalog-list = cannot list the catalogs
cannot-catalog-sync = cannot sync catalogs
cannot-catalog-remove = cannot remove the catalog { $subject }
cannot-catalog-trust = cannot change the trust in { $subject }
cannot-adopt = cannot adopt { $subject }
cannot-domain-add = cannot give { $subject } that domain
cannot-domains = cannot list domains
cannot-domain-remove = cannot take that domain from { $subject }
cannot-open = cannot open { $subject }
cannot-password = cannot show a login of { $subject }
cannot-user-add = cannot add the user { $subject }
cannot-user-list = cannot list the users
cannot-user-remove = cannot remove the user { $subject }
cannot-user-password = cannot change the password of { $subject }
cannot-key-add = cannot make the key { $subject }
cannot-key-list = cannot list the keys
cannot-key-revoke = cannot revoke the key { $subject }
cannot-audit = cannot show who changed what
cannot-doctor = cannot look at the server
cannot-completions = cannot print completions
cannot-man = cannot print the manual page

## Why

address-malformed = "{ $given }" is no address of a server; write unix:PATH or http://HOST:PORT
address-https = "{ $given }" asks for https, which this command does not speak; open a tunnel (ssh -L 5000:127.0.0.1:5000 HOST) and use http://127.0.0.1:5000
unreachable-absent = no server listens at { $address }
unreachable-permission = you may not use the server's socket { $address }
unreachable-stale = nobody listens any more at { $address }
unreachable-socket = the server's socket { $address } cannot be used: { $detail }
unreachable-tcp = no server can be reached at { $address }: { $detail }
unreachable-broken = the connection to { $address } broke: { $detail }
unreachable-silent = the server at { $address } does not answer
not-understood = what answers at { $address } is not understood ({ $detail })
confirm-impossible = data would be deleted for good, and nobody can be asked; add --yes
confirm-deletion = Delete { $app } with all its data for good? This cannot be undone. [y/N]
not-confirmed = you did not agree; nothing was changed
not-running = it is not running
no-page = it has no page: its port speaks no HTTP
operation-unknown = what became of it is not known: something else was done since, and there is no record of it any more
no-password-given = standard input has no password on its first line; nothing was changed
no-login = it told of no user name and no password

## What to do next

next-APP-NotExis = "appmanage list" shows the apps that there are, "appmanage trash" those in the recycle bin.
next-APP-Busy = "appmanage status { $subject } --wait" follows what is being done, "appmanage cancel { $subject }" ends it.
next-APP-NotInTrash = "appmanage trash" shows what is in the recycle bin.
next-Param-Domain-Repeat = "appmanage domain list" shows which app has it.
next-Param-Domain-NotExis = "appmanage domain list" shows the domains that there are.
next-Param-Domain-NotResolved = Set the address at whoever keeps the domain's DNS, then try again.
next-Gateway-NotConfigured = "appmanage gateway init" (as root) sets up nginx.
next-Catalog-NotExis = "appmanage catalog list" shows the catalogs that there are.
next-Catalog-Repeat = "appmanage catalog sync" fetches it anew; "appmanage catalog remove" removes it.
next-APP-NotManaged = "docker compose" in its own folder changes or removes it.
next-Param-APP_ID-FormatError = "appmanage list" shows the apps that there are.
next-Param-CustomerAppName-NotExis = "appmanage catalog search" shows what can be installed.
next-Param-CustomerAppName-Repeat = "appmanage list" and "appmanage trash" show the names that are taken; "appmanage restore" brings back what is in the bin.
next-Param-CustomerAppName-Wait = "appmanage status { $subject } --wait" follows it.
next-Param-AppVersion-NotExis = "appmanage catalog show" tells the versions of a package.
next-Param-Settings-Unknown = "appmanage config" tells the variables of an app, "appmanage catalog show" those of a package.
next-Param-Settings-ValueError = "appmanage config" tells the variables of an app, "appmanage catalog show" those of a package.
next-Param-Settings-Missing = "appmanage config" tells the variables of an app, "appmanage catalog show" those of a package.
next-Requirement-NotEnough = "appmanage stats" shows what the apps take; "appmanage stop" frees memory.
next-Policy-Refused = "appmanage install ... --plan" shows what the package would be able to do.
next-ContainerCommandError = "appmanage doctor" finds out what is wrong.
next-SystemError = "appmanage doctor" finds out what is wrong.
next-Interface-NotExis = The server is older or newer than this command, or has its API elsewhere (setting api.base).
next-Auth-Forbidden = Run the command as root (sudo appmanage ...) on the server itself.
next-Auth-ReadOnly = "appmanage key add --full" makes a key that may change things.
next-User-NotExis = "appmanage user list" shows the users.
next-User-Repeat = "appmanage user password" gives a user another password.
next-Key-NotExis = "appmanage key list" shows the keys.
next-Key-Repeat = "appmanage key revoke" ends the old one.
next-interrupted = Follow it again: appmanage status { $subject } --wait
    Stop and undo it: appmanage cancel { $subject }
next-unreachable-absent = Start the server (systemctl start appmanage, or appmanage serve), or name another one with --server.
next-unreachable-permission = Run the command as root (sudo appmanage ...) or as the user that runs the server.
next-unreachable-stale = Start the server (systemctl start appmanage, or appmanage serve).
next-unreachable-socket = Check the path, or name another server with --server.
next-unreachable-tcp = Check the address, and that the server listens there (setting listen).
next-unreachable-broken = See whether the server runs (systemctl status appmanage), then try again.
next-unreachable-silent = See whether the server runs (systemctl status appmanage), then try again.
next-not-understood = Check the address; if it is right, bring this command and the server to the same version.
next-not-running = "appmanage status { $subject }" tells how it is, "appmanage start { $subject } --wait" starts it.
next-no-page = "appmanage status { $subject }" tells its port.
next-operation-unknown = "appmanage status { $subject }" tells how it is now.
next-no-login = Its first page, or its documentation, tells how to log in.

## What was done

accepted-install = { $app } is being installed.
accepted-start = { $app } is being started.
accepted-stop = { $app } is being stopped.
accepted-restart = { $app } is being restarted.
accepted-uninstall = { $app } is being uninstalled; its data goes to the recycle bin.
accepted-restore = { $app } is being restored.
accepted-purge = { $app } is being deleted with all its data.
accepted-configure = The new settings of { $app } are being applied.
accepted-adopt = { $app } is being taken over.
accepted-release = The management of { $app } is being ended.
accepted-cancel = { $app }: the operation "{ $kind }" is being undone. It was at: { $step }
done-install = { $app } is installed and runs.
done-start = { $app } runs.
done-stop = { $app } is stopped.
done-restart = { $app } was restarted and runs.
done-uninstall = { $app } is uninstalled; its data is in the recycle bin ("appmanage restore { $app }" brings it back).
done-restore = { $app } is restored.
done-purge = { $app } is deleted with all its data.
done-configure = { $app } runs with the new settings.
done-adopt = { $app } is taken over.
done-release = { $app } is not managed any more; it runs on as it was.
done-cancel = { $app }: the operation "{ $kind }" is undone. It was at: { $step }
already-install = { $app } is installed already.
already-start = { $app } runs already.
already-stop = { $app } is stopped already.
already-restart = { $app }: nothing was to do.
already-uninstall = { $app } is uninstalled already.
already-restore = { $app } is restored.
already-purge = { $app } is deleted already.
already-configure = { $app } has these settings already.
already-release = { $app } is not managed.
already-adopt = { $app } is taken over.

## How far it is

now-queued = waits for its turn
now-running = at work
now-unwinding = is being undone. { $reason }
now-stuck = cannot be undone for now, and is tried again. { $reason }
now-succeeded = done
now-failed = failed. { $reason }
now-cancelled = it was cancelled and undone
now-checking = Checking packages
step-reserve = choose ports and networks
step-render = write its folder
step-pull = download images
step-create = create and start containers
step-await-ready = wait until it is ready
step-stop-containers = stop containers
step-start-containers = start containers
step-restart-containers = restart containers
step-take-down = remove containers and networks
step-remove-data = delete data
step-finish = record the result
step-again = { $step } (attempt { $attempt })
step-failed = failed: { $step }. { $reason }
step-undone = undone: { $step }
image-here = { $image } is here ({ $size })
pulls-begin = { $images_done }/{ $images } images
pulls = { $done } of { $total }, { $layers_done }/{ $layers } layers, { $images_done }/{ $images } images

## Words

status-queuing = queuing
status-pulling = pulling
status-creating = creating
status-initing = starting up
status-running = running
status-stop = stopped
status-error = error
kind-install = install
kind-start = start
kind-stop = stop
kind-restart = restart
kind-uninstall = uninstall
kind-purge = purge
kind-restore = restore
kind-configure = configure
kind-adopt = adopt
kind-release = release
state-queued = queued
state-running = running
state-unwinding = being undone
state-stuck = stuck
state-succeeded = succeeded
state-failed = failed
state-cancelled = cancelled
policy-allowed = harmless
policy-refused = refused
policy-excepted = allowed by exception
policy-unknown = not known yet
variable-secret = secret
variable-text = text
variable-number = number
variable-boolean = yes or no
variable-choice = choice
site-served = served
site-pending = soon
site-failed = failed
site-kept = in the bin
certificate-valid = valid
certificate-expired = expired
certificate-none = not yet

## Columns and fields

column-app = APP
column-package = PACKAGE
column-status = STATUS
column-address = ADDRESS
column-version = VERSION
column-trashed = UNINSTALLED
column-purged = DELETED FOR GOOD
column-domain = DOMAIN
column-site = NGINX
column-certificate = CERTIFICATE
column-valid-until = VALID UNTIL
column-operation = OPERATION
column-queued = WHEN
column-kind = KIND
column-state = STATE
column-took = TOOK
column-cpu = CPU
column-memory = MEMORY
column-received = NET IN
column-sent = NET OUT
column-read = DISK READ
column-written = WRITTEN
column-volumes = VOLUMES
column-variable = VARIABLE
column-value = VALUE
column-meaning = MEANING
column-policy = POLICY
column-description = DESCRIPTION
column-catalog = CATALOG
column-packages = PACKAGES
column-trust = TRUSTED
column-source = SOURCE
field-remarks = LEFT OUT
catalog-state-queued = waiting
catalog-state-syncing = being fetched
catalog-state-ready = ready
catalog-state-failed = last sync failed
catalog-state-broken = broken
catalog-trust-yes = yes
catalog-trust-no = no
catalog-synced = { $name } is synced: { $count } packages
catalog-failed = { $name } is not synced
catalog-new = { $count } new: { $names }
catalog-changed = { $count } changed: { $names }
catalog-gone = { $count } gone: { $names }
catalog-hidden = { $count } not offered by the catalog itself
catalog-unreadable = { $count } that cannot be used:
catalog-more = … and { $count } more: "appmanage catalog list --output json" tells the first 200, and why
catalog-unchanged = nothing is different
catalog-removed = The catalog { $name } is removed. Apps that were installed from it stay.
catalog-trusted = { $name } is trusted: its names go before those of catalogs that are not, and policy.exceptions count for its packages.
catalog-not-trusted = { $name } is not trusted any longer.
column-added = ADDED
column-scope = MAY
column-expires = EXPIRES
column-used = LAST USED
column-number = NUMBER
column-caller = WHO
column-from = FROM
column-call = CALL
column-about = ABOUT
column-outcome = OUTCOME
column-reason = WHY
field-key = KEY
scope-read-only = look
scope-full = look and change
never = never
key-expired = expired
user-added = User { $name } is added.
user-password-set = The password of { $name } is changed; the old one is good for nothing.
user-removed = User { $name } is removed.
key-revoked = The key { $name } is revoked.
shown-once = Keep it: it is not shown again.
no-users = There are no users. "appmanage user add" adds one.
no-keys = There are no API keys. "appmanage key add" makes one.
no-audit = Nobody has changed anything yet.
field-admin = ADMINISTRATION
field-file = COMPOSE FILE
field-login = LOGIN
field-operation = LAST DONE
field-user = USER
field-password = PASSWORD
field-website = WEBSITE
field-architectures = PROCESSORS
field-warnings = WARNINGS
field-categories = CATEGORIES
field-versions = VERSIONS
field-needs = NEEDS
field-services = SERVICES
field-note = NOTE
field-install = INSTALL
field-images = IMAGES
download-unknown = not known beforehand
download-at-least = { $size } and what is not known yet
field-download = DOWNLOAD
field-disk = DISK
field-ports = PORTS
field-subnets = SUBNETS
field-verdict = VERDICT
needs = { $cpu } CPU, { $memory } memory, { $disk } disk
secret-set = (set, not shown)
secret-generated = (generated)
value-default = { $value } (default)
value-required = (a value must be given)
image-present = { $image } (here already)
image-of-unknown-size = { $image } (to download, size unknown)
image-to-pull = { $image } ({ $size } to download)
plan-sound = Nothing stands in the way.

## What catalog check finds

checked-installable = installable
checked-needs-input = needs input
checked-refused = refused
checked-not-clean = not clean
checked-unreadable = unreadable
checked-hidden = hidden
checked-totals =
    { $packages } packages of the format { $format }: { $installable } installable, { $needs_input } need input,
    { $refused } refused by the policy, { $not_clean } not clean, { $unreadable } unreadable, { $hidden } hidden by the catalog.
uncheckable-folder = the folder cannot be read: { $detail }
uncheckable-no-such-format = there is no such format; there are { $known }
uncheckable-format = it is written in no known format. If you know it, name it with --format.
uncheckable-compose = docker compose is asked what it makes of each package, and cannot be: { $detail }
uncheckable-disk = packages cannot be written to the folder for temporary files: { $detail }

## Where there is nothing

no-apps = There are no apps yet. "appmanage catalog search" shows what can be installed.
no-trash = The recycle bin is empty.
no-domains = No app has a domain yet. "appmanage domain add" gives it one.
no-operations = Nothing was done yet.
no-stats = There are no apps.
no-variables = The package of { $app } declares no variables.
nothing-found = Nothing in the catalog fits.
no-catalogs = No catalog was added yet. "appmanage catalog add" adds one.

## Events

event-queued = accepted: { $operation }
event-step-started = step: { $step }
event-unwinding = is being undone. { $reason }
event-stuck = cannot be undone for now. { $reason }
event-succeeded = succeeded
event-failed = failed. { $reason }
event-cancelled = cancelled
event-appeared = is there: a project that this server did not install
event-vanished = is gone
event-status-changed = { $from } → { $to }
event-gap = What happened before event { $first } is not kept any more.

## Doctor

finding-ok = {"ok  "}
finding-problem = {"FAIL"}
check-server = server
check-clock = clock
check-store = database
check-engine = container engine
check-compose = docker compose
check-disk = disk space
check-ports = ports
check-catalog = catalog
check-gateway = gateway
check-certificates = certificates of domains
check-own-certificate = the gateway's own certificate, good until
doctor-sound = Everything works.
doctor-problems = To be solved: { $count }
doctor-clock = this machine's clock and the server's differ by { $seconds } s
doctor-next-clock = Set both machines to network time (timedatectl set-ntp true).
doctor-next-store = Look at the disk of the data directory (df -h), and at the server's log (journalctl -u appmanage).
doctor-next-engine = See whether Docker runs (systemctl status docker), and whether the server's user may use it (group docker).
doctor-next-compose = Install docker compose 2.29 or newer (package docker-compose-plugin), then restart the server.
doctor-next-disk = Free some space: "docker system df" shows what Docker uses, "appmanage trash" what the recycle bin keeps.
doctor-next-ports = Widen the range (settings network.port_first and network.port_last), or uninstall apps.
doctor-next-catalog = Correct the packages that are named, or remove them from the folder (setting catalog.dir).
doctor-next-gateway = "appmanage domain list" tells more; "appmanage gateway status" (as root) looks at nginx, docs/gateway.md says what to do.
doctor-next-own-certificate = Renew it and let nginx read it (systemctl reload nginx); "appmanage gateway init" makes a self-signed one anew (docs/gateway.md).
doctor-next-certificates = "appmanage domain list" tells more: the names have to lead here, and port 80 has to be open to the internet (docs/domains.md).

## The screen that "appmanage --help" is

help-screen =
    Installs and runs self-hosted apps on this machine, and says truly how they are.

    Usage: appmanage <COMMAND> [OPTIONS]

      catalog     find what can be installed    list        all apps, how they are
      install     install an app                status      one app in detail
      adopt       take over what already runs   logs        what its services write
      open        open its page                 events      what happens, live
      password    how to log in to it           operations  what was done, and how
      config      read or change its variables  stats       what they use
      start       start it                      doctor      find out what is wrong
      stop        stop it, its data stays       uninstall   into the recycle bin
      restart     stop and start it             trash       what is in the bin
      cancel      undo what is being done       restore     bring it back, data too
      domain      names and certificates        purge       delete it for good
      user, key   who may call the server       audit       who changed what
      serve       run the server                settings    print its settings
      gateway     set up nginx in front of it   completions, man, help

      --server ADDRESS  unix:PATH or http://HOST:PORT, else the local socket
      --output FORMAT   text or json;  --quiet  print only what was asked for
      --lang LANGUAGE   zh or en;  --version;  --help  also after a command

    Example: appmanage install wordpress myblog --wait
