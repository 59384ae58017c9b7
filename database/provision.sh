#!/usr/bin/env bash
# Sets up PostgreSQL on a fresh Ubuntu 22.04/24.04 or Debian 12/13 machine: --help, docs/database.md.
set -euo pipefail
shopt -s lastpipe # keeps variables that a pipe's last command sets
export LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive
umask 022

# Pasted as cloud-init user data the script gets no arguments: change these instead.
CIDR=192.168.10.0/24 # who may connect
ADDRESS=             # the address to listen on; by default the machine's own in CIDR
NAMES=(postgresql)   # the names in the certificate: the Kubernetes Service's
DUMP=no KEEP=7       # whether to dump every night, and days to keep dumps

FOLDER=/etc/ix-dummies
JOB=/usr/local/sbin/ix-dummies-dump
DUMPS=/var/backups/ix-dummies
SCRATCH=dummy_restore_test
UNITS=/etc/systemd/system
ROLES=dummy_owner,dummy_writer,dummy_reader
AGAIN='run provision.sh again'
MODE=provision GIVEN_CA='' GIVEN_CERTIFICATE='' GIVEN_KEY='' CHANGES=0 FAULTS=0

usage() {
    cat <<END
usage: provision.sh [options]          sets up PostgreSQL; run again, it changes only what differs
       provision.sh --check            reports what differs, changes nothing; exit code 1 if anything does
       provision.sh --restore-test     restores the newest dump into a scratch database, counts its rows, drops it
  --cidr NETWORK      the only network that may connect ($CIDR)
  --address ADDRESS   where to listen (this machine's address in that network)
  --name NAME         a name in the certificate; may be repeated (${NAMES[*]})
  --certificate FILE --key FILE --ca FILE   your own certificate, instead of a generated one
  --dump              dump every night, and test each dump by restoring it
  --keep DAYS         how long dumps are kept ($KEEP)
Options are saved in $FOLDER. As cloud-init user data: change the first lines instead.
END
}

fail() {
    printf 'provision.sh: %s\n' "$1" >&2
    exit "${2:-1}"
}

changed() {
    CHANGES=$((CHANGES + 1))
    echo "changed: $1"
}

# Where someone else may write, root must not: a link that is planted there leads it anywhere.
only_roots() { # folder
    [ -z "$(find -H "$1" -maxdepth 0 \( ! -user root -o -perm /002 -o -perm /020 ! -group root \))" ] ||
        fail "$1 must be writable by root only: look for files that are not yours, then chown -R root:root $1 && chmod go-w $1"
}

# Writes standard input to the file, if it differs.
put() { # path mode owner
    local new
    only_roots "${1%/*}"
    new=$(mktemp "$1.XXXXXX")
    cat >"$new"
    chmod "$2" "$new" && chown "$3:" "$new"
    if cmp -s "$new" "$1"; then rm "$new"; else mv "$new" "$1" && changed "$1"; fi
    own "$1" "$2" "$3"
}

own() { # path mode owner
    only_roots "${1%/*}"
    [ "$(stat -c '%a %U' "$1")" = "$2 $3" ] || { chmod "$2" "$1" && chown "$3:" "$1" && changed "the rights of $1"; }
}

# What is in folders of postgres is read and written as postgres.
as_postgres() {
    runuser -u postgres -- env -C / "$@"
}

put_as_postgres() { # path mode
    local answer
    answer=$(as_postgres sh -euc '
        new=$(mktemp "$1.XXXXXX")
        cat >"$new"
        chmod "$2" "$new"
        if [ "$(stat -c "%a %U" "$1" 2>&1)" = "$2 postgres" ] && cmp -s "$new" "$1"; then rm "$new"; else mv -fT "$new" "$1" && echo changed; fi
        ' sh "$1" "$2")
    [ -z "$answer" ] || changed "$1"
}

# With this search path the superuser finds no function that another role made.
sql() { # database; statements on standard input, so that no process list shows them
    as_postgres PGOPTIONS="-c search_path=pg_catalog ${SQL_OPTIONS:-}" psql --no-psqlrc -qAtX -v ON_ERROR_STOP=1 -d "$1"
}

running() {
    [ "$(pg_lsclusters -h 2>/dev/null | awk '{ print $4 }')" = online ]
}

# ---- Arguments

remembered() {
    printf 'CIDR=%s\nADDRESS=%s\nNAMES=(%s)\nKEEP=%s\n' "$CIDR" "$ADDRESS" "${NAMES[*]}" "$KEEP"
}

arguments() {
    local names=()
    while [ $# -gt 0 ]; do
        case $1 in
        --check | --restore-test) MODE=${1#--} ;;
        --dump) DUMP=yes ;;
        --help) usage && exit ;;
        --cidr | --address | --name | --certificate | --key | --ca | --keep)
            [ -n "${2:-}" ] || fail "$1 needs a value (see --help)" 2
            case $1 in
            --cidr) CIDR=$2 ;;
            --address) ADDRESS=$2 ;;
            --name) names+=("$2") ;;
            --certificate) GIVEN_CERTIFICATE=$2 ;;
            --key) GIVEN_KEY=$2 ;;
            --ca) GIVEN_CA=$2 ;;
            --keep) KEEP=$2 ;;
            esac
            shift
            ;;
        *) fail "unknown option $1 (see --help)" 2 ;;
        esac
        shift
    done
    [ ${#names[@]} = 0 ] || NAMES=("${names[@]}")
}

number() { # an IPv4 address
    local a b c d
    IFS=. read -r a b c d <<<"$1"
    echo $(((a << 24) + (b << 16) + (c << 8) + d))
}

in_network() { # address network
    local host_bits=$((32 - ${2#*/}))
    [ $(($(number "$1") >> host_bits)) = $(($(number "${2%/*}") >> host_bits)) ]
}

valid_arguments() {
    local byte='(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])' addresses candidate file
    local address="$byte(\.$byte){3}"
    [[ $CIDR =~ ^$address/([89]|[12][0-9]|3[0-2])$ ]] ||
        fail "--cidr $CIDR: give an IPv4 network, such as 192.168.10.0/24, no larger than /8" 2
    [[ $KEEP =~ ^[1-9][0-9]{0,3}$ ]] || fail "--keep $KEEP: give a number of days" 2
    for candidate in "${NAMES[@]}"; do
        [[ $candidate =~ ^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$ ]] ||
            fail "--name $candidate: give a host name or an IPv4 address" 2
    done
    case ${GIVEN_CERTIFICATE:+c}${GIVEN_KEY:+k}${GIVEN_CA:+a} in
    '' | cka) ;;
    *) fail "--certificate, --key and --ca go together" 2 ;;
    esac
    for file in "$GIVEN_CERTIFICATE" "$GIVEN_KEY" "$GIVEN_CA"; do
        [ -z "$file" ] || [ -r "$file" ] || fail "$file cannot be read" 2
    done
    addresses=$(hostname -I)
    for candidate in $addresses; do
        [[ -z $ADDRESS && $candidate =~ ^$address$ ]] && in_network "$candidate" "$CIDR" && ADDRESS=$candidate
    done
    [ -n "$ADDRESS" ] ||
        fail "no address of this machine (${addresses% }) is in $CIDR: give --address, or another --cidr" 2
    [[ $ADDRESS =~ ^$address$ && " $addresses" == *" $ADDRESS "* ]] ||
        fail "--address $ADDRESS: this machine has ${addresses% }" 2
}

valid_machine() {
    local name
    # shellcheck source=/dev/null
    name=$(. /etc/os-release && echo "$ID-$VERSION_ID")
    case $name in
    ubuntu-22.04 | ubuntu-24.04 | debian-12 | debian-13) ;;
    *) fail "this is $name: supported are Ubuntu 22.04 and 24.04, Debian 12 and 13" ;;
    esac
}

# ---- PostgreSQL, and its configuration

installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' postgresql 2>/dev/null)" = installed ]
}

install_postgresql() {
    local try
    installed && command -v openssl >/dev/null && return
    for try in 1 2 3 4 5; do # a machine that has just booted may be updating itself
        apt-get -q -o Acquire::Retries=3 update && break
        [ "$try" = 5 ] || sleep 15
    done
    apt-get -q -y -o DPkg::Lock::Timeout=600 install --no-install-recommends postgresql openssl
    changed "the package postgresql"
}

find_cluster() {
    local clusters
    clusters=$(pg_lsclusters -h 2>/dev/null) || fail "PostgreSQL is not installed: run provision.sh without --check"
    [[ -n $clusters && $clusters != *$'\n'* ]] || fail "this machine must have one cluster of PostgreSQL: pg_lsclusters"
    read -r VERSION CLUSTER _ <<<"$clusters"
    CONFIGURATION=/etc/postgresql/$VERSION/$CLUSTER
}

sizes() { # 256 MB of shared buffers and 100 connections for each GiB of memory, up to 2 GB and 400
    local memory
    memory=$(awk '/^MemTotal:/ { print int(($2 / 1024 + 255) / 256) * 256 }' /proc/meminfo) # rounded: a kernel update changes it slightly
    CONNECTIONS=$((memory * 100 / 1024))
    CONNECTIONS=$((CONNECTIONS < 100 ? 100 : CONNECTIONS > 400 ? 400 : CONNECTIONS))
    BUFFERS=$((memory / 4 > 2048 ? 2048 : memory / 4))
    CACHE=$((memory / 2)) MAINTENANCE=$((BUFFERS / 4))
}

megabytes() { # as PostgreSQL writes it
    (($1 % 1024)) && echo "$1MB" || echo "$(($1 / 1024))GB"
}

# Each value as SHOW prints it, because --check compares them.
settings() {
    cat <<END
# Generated by provision.sh, which overwrites it; it takes precedence over postgresql.conf.
listen_addresses = '$ADDRESS'
port = '5432'
hba_file = '$CONFIGURATION/pg_hba.conf'
ident_file = '$CONFIGURATION/pg_ident.conf'
max_connections = '$CONNECTIONS'
authentication_timeout = '10s'
password_encryption = 'scram-sha-256'
ssl = 'on'
ssl_cert_file = '$FOLDER/server.crt'
ssl_key_file = '$FOLDER/server.key'
ssl_min_protocol_version = 'TLSv1.3'
tcp_keepalives_idle = '60'
tcp_keepalives_interval = '10'
tcp_keepalives_count = '3'

# A commit that was acknowledged is on the disk.
fsync = 'on'
full_page_writes = 'on'
synchronous_commit = 'on'

shared_buffers = '$(megabytes $BUFFERS)'
effective_cache_size = '$(megabytes $CACHE)'
maintenance_work_mem = '$(megabytes $MAINTENANCE)'
work_mem = '4MB'
temp_file_limit = '1GB'
max_parallel_workers_per_gather = '$(($(nproc) / 2))'
max_wal_size = '1GB'
random_page_cost = '1.1'
jit = 'off'

# Texts are users' data: neither statements nor the details of an error, which hold them, go into the log.
log_statement = 'none'
log_min_duration_statement = '-1'
log_min_error_statement = 'panic'
log_error_verbosity = 'terse'
log_parameter_max_length = '0'
log_parameter_max_length_on_error = '0'
log_connections = 'on'
log_line_prefix = '%m [%p] %q%u@%d %h '
END
}

wanted_settings() {
    settings | sed -n "s/^\([a-z_]*\) = '\(.*\)'\$/('\1', '\2')/p" | paste -sd,
}

hba() {
    cat <<END
# Generated by provision.sh, which overwrites it. Connections that no line matches are refused.
local   all    postgres   peer
local   dummy,$SCRATCH  dummy_owner  peer map=dumps
hostssl dummy  $ROLES  $CIDR  scram-sha-256
END
}

ident() {
    cat <<END
# Generated by provision.sh, which overwrites it. The system's postgres dumps and restores as the tables' owner.
dumps  postgres  dummy_owner
END
}

after_network() {
    cat <<END
# Start after the network has the address, and restart after a failure.
[Unit]
Wants=network-online.target
After=network-online.target

[Service]
Restart=on-failure
RestartSec=5
END
}

configure() {
    settings | put_as_postgres "$CONFIGURATION/conf.d/ix-dummies.conf" 644
    ident | put_as_postgres "$CONFIGURATION/pg_ident.conf" 640
    hba | put_as_postgres "$CONFIGURATION/pg_hba.conf" 640
    if [ -d /run/systemd/system ]; then
        mkdir -p "$UNITS/postgresql@.service.d"
        after_network | put "$UNITS/postgresql@.service.d/ix-dummies.conf" 644 root
        systemctl daemon-reload
    fi
    if running; then
        pg_ctlcluster "$VERSION" "$CLUSTER" reload
    else
        pg_ctlcluster "$VERSION" "$CLUSTER" start && changed "PostgreSQL runs"
    fi
    sql postgres <<END
SELECT DISTINCT format('ALTER SYSTEM RESET %I', name) FROM pg_file_settings
WHERE sourcefile LIKE '%/postgresql.auto.conf' AND name IN (SELECT column1 FROM (VALUES $(wanted_settings)) wanted) \gexec
SELECT pg_reload_conf() \g /dev/null
END
    sleep 1 # the server rereads its files asynchronously
    if [ "$(sql postgres <<<"SELECT count(*) FROM pg_settings WHERE pending_restart")" != 0 ]; then
        pg_ctlcluster "$VERSION" "$CLUSTER" restart && changed "PostgreSQL was restarted"
    fi
}

settings_faults() {
    sql postgres <<END
SELECT format('%s is %L where %L is wanted (%s); $AGAIN', name, coalesce(setting, current_setting(name)), value,
    CASE WHEN last.sourcefile IS NULL THEN 'not in any file' ELSE last.sourcefile || ':' || last.sourceline END)
FROM (VALUES $(wanted_settings)) wanted (name, value)
LEFT JOIN LATERAL (
    SELECT * FROM pg_file_settings file WHERE file.name = wanted.name ORDER BY seqno DESC LIMIT 1
) last USING (name)
-- over the socket SHOW says 0 of keepalives
WHERE (current_setting(name) <> value AND name NOT LIKE 'tcp\_%') OR setting IS DISTINCT FROM value
END
}

hba_faults() {
    sql postgres <<END
WITH wanted (rule) AS (
    VALUES ('local all postgres peer'), ('local dummy,$SCRATCH dummy_owner peer map=dumps'),
        (concat_ws(' ', 'hostssl dummy $ROLES', host(inet '$CIDR'), host(netmask(inet '$CIDR')), 'scram-sha-256'))
), found AS (
    SELECT line_number, concat_ws(' ', type, array_to_string(database, ','), array_to_string(user_name, ','),
        address, netmask, auth_method, array_to_string(options, ','), error) AS rule
    FROM pg_hba_file_rules
)
SELECT format('line %s is not expected: %s; $AGAIN', line_number, rule) FROM found WHERE rule NOT IN (SELECT rule FROM wanted)
UNION ALL
SELECT format('a line is missing: %s; $AGAIN', rule) FROM wanted WHERE rule NOT IN (SELECT rule FROM found)
END
}

ident_faults() {
    ident | as_postgres cmp -s - "$CONFIGURATION/pg_ident.conf" || echo "$CONFIGURATION/pg_ident.conf differs; $AGAIN"
}

# ---- The certificate

request() { # openssl's configuration with these extensions
    printf '[req]\ndistinguished_name=dn\nx509_extensions=extensions\n[dn]\n[extensions]\n%s\n' "$1"
}

alternative_names() {
    local name names=()
    for name in "${NAMES[@]}" "$ADDRESS"; do
        [[ $name =~ ^[0-9.]+$ ]] && names+=("IP:$name") || names+=("DNS:$name")
    done
    local IFS=,
    echo "${names[*]}"
}

verify_by() { # the option of openssl that verifies this name
    [[ $1 =~ ^[0-9.]+$ ]] && echo -verify_ip || echo -verify_hostname
}

certificate_faults() { # certificate key authority; by default those in use
    local certificate=${1:-$FOLDER/server.crt} key=${2:-$FOLDER/server.key} authority=${3:-$FOLDER/ca.crt}
    local name names=("${NAMES[@]}") answer
    [ $# != 0 ] || [ ! -f "$FOLDER/ca.key" ] || names+=("$ADDRESS")
    for name in "${names[@]}"; do
        answer=$(openssl verify -CAfile "$authority" -untrusted "$certificate" -purpose sslserver \
            "$(verify_by "$name")" "$name" "$certificate" 2>&1) ||
            echo "not valid for the name $name: $(sed -n '/^error/ { s/.* lookup: //p; q; }' <<<"$answer"); $AGAIN"
    done
    openssl x509 -in "$certificate" -noout -checkend $((30 * 86400)) >/dev/null 2>&1 ||
        echo "absent, or expires within 30 days; $AGAIN"
    [ "$(openssl x509 -in "$certificate" -noout -pubkey 2>&1)" = "$(openssl pkey -in "$key" -pubout 2>/dev/null)" ] ||
        echo "does not belong to $key; $AGAIN"
}

make_authority() {
    local extensions=$'basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash'
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 7300 -subj '/CN=ix-dummies database authority' \
        -config <(request "$extensions") -keyout "$FOLDER/ca.key" -out "$FOLDER/ca.crt" 2>/dev/null
    changed "a new authority, $FOLDER/ca.crt: the Secret must be replaced"
}

make_certificate() {
    local extensions=$'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth'
    extensions+=$'\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\nsubjectAltName='$(alternative_names)
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=${NAMES[0]}" -config <(request '') \
        -keyout "$FOLDER/server.key" 2>/dev/null |
        openssl x509 -req -CA "$FOLDER/ca.crt" -CAkey "$FOLDER/ca.key" -set_serial "0x01$(openssl rand -hex 15)" -days 3650 \
            -extfile <(request "$extensions") -extensions extensions -out "$FOLDER/server.crt" 2>/dev/null
    chown postgres: "$FOLDER/server.key"
    changed "a new certificate for $(alternative_names)"
}

certify() {
    local faults path mode owner
    if [ -n "$GIVEN_CERTIFICATE" ]; then
        faults=$(certificate_faults "$GIVEN_CERTIFICATE" "$GIVEN_KEY" "$GIVEN_CA")
        [ -z "$faults" ] || fail "$GIVEN_CERTIFICATE is ${faults%%;*}" 2
        put "$FOLDER/server.crt" 644 root <"$GIVEN_CERTIFICATE"
        put "$FOLDER/server.key" 600 postgres <"$GIVEN_KEY"
        put "$FOLDER/ca.crt" 644 root <"$GIVEN_CA"
        rm -f "$FOLDER/ca.key"
    elif faults=$(certificate_faults) && [ -n "$faults" ]; then
        [ -f "$FOLDER/ca.key" ] || [ ! -f "$FOLDER/ca.crt" ] ||
            fail "the certificate, which was given, is ${faults%%;*}: give another with --certificate"
        openssl x509 -in "$FOLDER/ca.crt" -noout -checkend $((3660 * 86400)) >/dev/null 2>&1 || make_authority
        make_certificate
    fi
    files | while read -r path mode owner; do own "$path" "$mode" "$owner"; done
}

served_faults() {
    local name answer
    for name in "${NAMES[@]}"; do
        answer=$(timeout 10 openssl s_client -starttls postgres -connect "$ADDRESS:5432" -CAfile "$FOLDER/ca.crt" \
            -verify_return_error "$(verify_by "$name")" "$name" </dev/null 2>&1) ||
            echo "a client that verifies the name $name is refused: $(grep -m 1 -iE 'error|refused|no peer' <<<"$answer"); $AGAIN"
    done
}

files() { # path mode owner
    local path mode owner
    while read -r path mode owner; do
        [ ! -f "$FOLDER/$path" ] || echo "$FOLDER/$path $mode $owner"
    done <<'END'
ca.crt 644 root
ca.key 600 root
server.crt 644 root
server.key 600 postgres
passwords.env 600 root
END
}

files_faults() {
    local path mode owner found
    files | while read -r path mode owner; do
        found=$(stat -c '%a %U' "$path")
        [ "$found" = "$mode $owner" ] || echo "$path is $found where $mode $owner is wanted; $AGAIN"
    done
}

# ---- Database, roles and rights

make_passwords() {
    local file=$FOLDER/passwords.env name
    [ -f "$file" ] || (umask 077 && : >"$file")
    for name in OWNER WRITER READER; do
        grep -q "^DATABASE_${name}_PASSWORD=." "$file" && continue
        echo "DATABASE_${name}_PASSWORD=$(openssl rand -hex 24)" >>"$file"
        changed "a new password for dummy_${name,,} in $file"
    done
}

password_of() { # role
    local name=${1#dummy_}
    sed -n "s/^DATABASE_${name^^}_PASSWORD=//p" "$FOLDER/passwords.env"
}

# The SCRAM verifier (RFC 5803) of the role's password, with the salt of the one that is stored. The password goes nowhere else.
verifier() { # role kept
    printf '%s\n%s\n' "$(password_of "$1")" "$2" | perl -MDigest::SHA=sha256,hmac_sha256 -MMIME::Base64 -we '
        chomp(my $password = <STDIN>);
        my ($rounds, $salt) = <STDIN> =~ /^SCRAM-SHA-256\$(\d+):([^\$]+)\$/;
        unless ($salt) {
            open my $random, "<", "/dev/urandom" or die;
            read $random, my $bytes, 16;
            ($rounds, $salt) = (4096, encode_base64($bytes, ""));
        }
        my $block = my $key = hmac_sha256(decode_base64($salt) . pack("N", 1), $password);
        for (2 .. $rounds) { $block = hmac_sha256($block, $password); $key ^= $block }
        printf "SCRAM-SHA-256\$%d:%s\$%s:%s\n", $rounds, $salt,
            encode_base64(sha256(hmac_sha256("Client Key", $key)), ""), encode_base64(hmac_sha256("Server Key", $key), "")'
}

kept_of() { # role
    sql postgres <<<"SELECT rolpassword FROM pg_authid WHERE rolname = '$1'"
}

password_faults() {
    local role kept
    for role in ${ROLES//,/ }; do
        kept=$(kept_of "$role")
        case $kept in
        "$(verifier "$role" "$kept")") ;;
        SCRAM-SHA-256*) echo "$role has another password than $FOLDER/passwords.env says; $AGAIN" ;;
        *) echo "$role has none by scram-sha-256; $AGAIN" ;;
        esac
    done
}

# Our sessions set shorter timeouts themselves; these apply to all others.
wanted_roles() {
    local idle=idle_in_transaction_session_timeout
    cat <<END
wanted (role, connections, settings) AS (VALUES
    ('dummy_owner', 5, '{statement_timeout=5min,lock_timeout=1min,$idle=1min}'::text[]),
    ('dummy_writer', $((CONNECTIONS / 5)), '{statement_timeout=10s,lock_timeout=10s,$idle=10s}'),
    ('dummy_reader', $((CONNECTIONS * 3 / 5)), '{statement_timeout=10s,lock_timeout=5s,$idle=10s,default_transaction_read_only=on}'))
END
}

roles_faults() {
    sql postgres <<END
WITH $(wanted_roles), found AS (SELECT * FROM wanted LEFT JOIN pg_roles ON rolname = role)
SELECT format('%s %s; $AGAIN', role, fault) FROM found, LATERAL (VALUES
    (rolname IS NULL, 'does not exist'),
    (rolsuper, 'is a superuser'),
    (rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls, 'may make databases or roles, replicate or bypass policies'),
    (NOT rolcanlogin OR rolvaliduntil < 'infinity', 'may not log in, or not for ever'),
    (rolconnlimit <> connections, format('may have %s connections where %s are wanted', rolconnlimit, connections)),
    (EXISTS (SELECT FROM pg_auth_members WHERE found.oid IN (member, roleid)), 'is a member of a role, or has members'),
    (EXISTS (SELECT FROM pg_db_role_setting WHERE setrole = found.oid AND setdatabase <> 0), 'has settings in a database')
) faults (so, fault) WHERE so
UNION ALL
SELECT format('%s lacks %s; $AGAIN', role, setting) FROM found, unnest(settings) setting
WHERE rolname IS NOT NULL AND NOT setting = ANY (coalesce(rolconfig, '{}'))
UNION ALL
SELECT format('%s has %s; $AGAIN', role, setting) FROM found, unnest(rolconfig) setting WHERE NOT setting = ANY (settings)
END
}

make_roles() {
    local role
    sql postgres <<END
BEGIN;
WITH $(wanted_roles)
SELECT format('CREATE ROLE %I', role) FROM wanted WHERE to_regrole(role) IS NULL \gexec
WITH $(wanted_roles)
SELECT DISTINCT format('REVOKE %s FROM %s', roleid::regrole, member::regrole)
FROM wanted JOIN pg_auth_members ON to_regrole(role) IN (roleid, member) \gexec
WITH $(wanted_roles)
SELECT format('ALTER ROLE %I IN DATABASE %I RESET ALL', role, datname)
FROM wanted JOIN pg_db_role_setting ON setrole = to_regrole(role) JOIN pg_database ON pg_database.oid = setdatabase \gexec
WITH $(wanted_roles)
SELECT format('ALTER ROLE %I RESET ALL', role), format('ALTER ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE '
    'NOREPLICATION NOBYPASSRLS CONNECTION LIMIT %s VALID UNTIL ''infinity''', role, connections) FROM wanted \gexec
WITH $(wanted_roles)
SELECT format('ALTER ROLE %I SET %I = %L', role, split_part(setting, '=', 1), split_part(setting, '=', 2))
FROM wanted, unnest(settings) setting \gexec
$(for role in ${ROLES//,/ }; do
        echo "ALTER ROLE $role PASSWORD '$(verifier "$role" "$(kept_of "$role")")';"
    done)
COMMIT;
END
    changed "the roles $ROLES"
}

rights_faults() {
    sql dummy <<END
SELECT format('the database %s %s; $AGAIN', datname, fault) FROM pg_database, LATERAL (VALUES
    (datname = 'dummy' AND pg_encoding_to_char(encoding) <> 'UTF8', 'is not in UTF-8: dump and drop it'),
    (datname = 'dummy' AND datdba <> to_regrole('postgres'), 'belongs to ' || datdba::regrole),
    (datname = 'dummy' AND EXISTS (SELECT FROM pg_db_role_setting WHERE (setdatabase, setrole) = (oid, 0)), 'has settings'),
    (EXISTS (SELECT FROM aclexplode(coalesce(datacl, acldefault('d', datdba))) WHERE grantee = 0), 'gives PUBLIC rights')
) faults (so, fault) WHERE datname IN ('dummy', 'postgres', 'template1') AND so
UNION ALL
SELECT format('%s %s %s; $AGAIN', role, CASE WHEN has THEN 'may' ELSE 'may not' END, action)
FROM (SELECT rolname AS role FROM pg_roles WHERE rolname = ANY ('{$ROLES}') AND NOT rolsuper) roles, LATERAL (VALUES
    ('connect', has_database_privilege(role, 'dummy', 'CONNECT'), true),
    ('create schemas', has_database_privilege(role, 'dummy', 'CREATE'), false),
    ('make temporary tables', has_database_privilege(role, 'dummy', 'TEMP'), false),
    ('use the schema', has_schema_privilege(role, 'public', 'USAGE'), true),
    ('create tables', has_schema_privilege(role, 'public', 'CREATE'), role = 'dummy_owner'),
    ('make large objects', has_function_privilege(role, 'lo_creat(int)', 'EXECUTE')
        OR has_function_privilege(role, 'lo_create(oid)', 'EXECUTE')
        OR has_function_privilege(role, 'lo_from_bytea(oid, bytea)', 'EXECUTE'), false)
) rights (action, has, wanted) WHERE has <> wanted
END
}

grants_faults() {
    sql dummy <<END
WITH tables AS (
    SELECT oid, relname, relowner FROM pg_class
    WHERE relnamespace = to_regnamespace('public') AND relkind IN ('r', 'p', 'v', 'm')
)
SELECT format('%s may %s %s; REVOKE it, the migrations grant what is needed', rolname, privilege, relname)
FROM tables, pg_roles, unnest('{INSERT,UPDATE,DELETE,TRUNCATE}'::text[]) privilege
WHERE rolname IN ('dummy_writer', 'dummy_reader') AND NOT rolsuper AND (rolname, privilege) <> ('dummy_writer', 'INSERT')
AND CASE WHEN privilege IN ('INSERT', 'UPDATE') THEN has_any_column_privilege(rolname, tables.oid, privilege)
    ELSE has_table_privilege(rolname, tables.oid, privilege) END
UNION ALL
SELECT format('%s belongs to %s; ALTER TABLE %1\$s OWNER TO dummy_owner', relname, relowner::regrole)
FROM tables WHERE relowner <> to_regrole('dummy_owner')
END
}

make_rights() {
    sql dummy <<END
BEGIN;
ALTER DATABASE dummy OWNER TO postgres;
ALTER DATABASE dummy RESET ALL;
REVOKE ALL ON DATABASE dummy, postgres, template1 FROM PUBLIC;
REVOKE ALL ON DATABASE dummy FROM $ROLES;
GRANT CONNECT ON DATABASE dummy TO $ROLES;
REVOKE ALL ON SCHEMA public FROM PUBLIC, $ROLES;
GRANT USAGE ON SCHEMA public TO $ROLES;
GRANT CREATE ON SCHEMA public TO dummy_owner;
REVOKE ALL ON FUNCTION lo_creat(int), lo_create(oid), lo_from_bytea(oid, bytea) FROM PUBLIC, $ROLES;
COMMIT;
END
    changed "the rights in the database"
}

make_database() {
    if [ "$(sql postgres <<<"SELECT count(*) FROM pg_database WHERE datname = 'dummy'")" = 0 ]; then
        sql postgres <<<"CREATE DATABASE dummy TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8'"
        changed "the database dummy"
    fi
    [ -z "$(roles_faults)$(password_faults)" ] || make_roles
    [ -z "$(rights_faults)" ] || make_rights
}

# ---- The nightly dump

job() {
    cat <<END
#!/usr/bin/env bash
# Generated by provision.sh, which overwrites it. As postgres: dumps the database dummy, and tests the dump by restoring it
# into a scratch database; with --restore-test it only tests the newest dump.
set -euo pipefail
umask 077
keep=$KEEP folder=$DUMPS scratch=$SCRATCH
END
    cat <<'END'
cd /
export PGOPTIONS='-c search_path=pg_catalog -c statement_timeout=0 -c lock_timeout=0'

# Counting, dumping and restoring run code that the tables' owner wrote, in views and checks: so the superuser does none of it.
as_owner() {
    PGUSER=dummy_owner "$@"
}

rows() { # database
    as_owner psql --no-psqlrc -qAtX -v ON_ERROR_STOP=1 -d "$1" <<'SQL'
SELECT to_regclass('public.dummies') IS NOT NULL AS migrated \gset
\if :migrated
SELECT count(*) FROM public.dummies;
\else
SELECT 0;
\endif
SQL
}

# A full disk would stop the server: one and a half times the database's size must be free.
room() { # folder
    local size free
    size=$(psql --no-psqlrc -qAtX -d postgres -c "SELECT pg_database_size('dummy') / 1024 * 3 / 2")
    free=$(df --output=avail "$1" | tail -n 1)
    [ "$free" -gt "$size" ] || { echo "not enough room in $1: $free KiB are free, $size may be needed" >&2 && return 1; }
}

clean() {
    rm -f "$folder"/*.part
    dropdb --if-exists "$scratch" 2>/dev/null
}

# The owner may create tables in it and no more: whoever may make extensions has the superuser run their scripts.
make_scratch() {
    dropdb --if-exists "$scratch" 2>/dev/null
    createdb --template=template0 --encoding=UTF8 --lc-collate=C.UTF-8 --lc-ctype=C.UTF-8 "$scratch"
    psql --no-psqlrc -qAtX -v ON_ERROR_STOP=1 -d "$scratch" <<SQL
REVOKE ALL ON DATABASE $scratch FROM PUBLIC;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT CONNECT ON DATABASE $scratch TO dummy_owner;
GRANT USAGE, CREATE ON SCHEMA public TO dummy_owner;
SQL
}

last() { # what its name ends with
    find "$folder" -name "dummy-*$1" | sort | tail -n 1
}

trap clean EXIT
least=0
if [ "${1:-}" != --restore-test ]; then
    room "$folder"
    least=$(rows dummy)
    file=$folder/dummy-$(date -u +%Y%m%dT%H%M%SZ).dump
    as_owner pg_dump --format=custom --file="$file.part" dummy
    mv "$file.part" "$file"
    echo "dumped: $file, $(stat -c %s "$file") bytes"
    tried=$(basename "$(last .restored)" .restored)
    find "$folder" -name 'dummy-*' ! -name "$tried*" -mtime "+$keep" -delete
fi

newest=$(last .dump)
[ -n "$newest" ] || { echo "there is no dump in $folder" >&2 && exit 1; }
room "$(psql --no-psqlrc -qAtX -d postgres -c 'SHOW data_directory')"
make_scratch
as_owner pg_restore --schema=public --exit-on-error --single-transaction --dbname="$scratch" "$newest"
restored=$(rows "$scratch")
[ "$restored" -ge "$least" ] || { echo "$newest has $restored rows, the database had $least before it" >&2 && exit 1; }
echo "$restored" >"$newest.restored"
echo "restored: $newest, $restored rows"
END
}

service() {
    cat <<END
[Unit]
Description=Dump of the database dummy, and a test of restoring it
After=postgresql.service

[Service]
Type=oneshot
User=postgres
ExecStart=$JOB
Nice=10
IOSchedulingClass=idle
TimeoutStartSec=6h
NoNewPrivileges=yes
PrivateTmp=yes
ProtectHome=yes
ProtectSystem=strict
ReadWritePaths=$DUMPS
END
}

timer() {
    cat <<END
[Unit]
Description=Nightly dump of the database dummy

[Timer]
OnCalendar=*-*-* 03:00:00
RandomizedDelaySec=15min
Persistent=yes

[Install]
WantedBy=timers.target
END
}

run_job() {
    as_postgres "$JOB" "$@"
}

arrange_dumps() {
    only_roots "${DUMPS%/*}"
    install -d -m 700 -o postgres "$DUMPS"
    job | put "$JOB" 755 root
    if [ -d /run/systemd/system ]; then
        service | put "$UNITS/ix-dummies-dump.service" 644 root
        timer | put "$UNITS/ix-dummies-dump.timer" 644 root
        systemctl daemon-reload
        systemctl is-active -q ix-dummies-dump.timer ||
            { systemctl enable -q --now ix-dummies-dump.timer && changed "ix-dummies-dump.timer runs"; }
    else
        echo "this machine has no systemd: schedule $JOB yourself, every night as postgres"
    fi
    [ -n "$(last_dump .restored)" ] || { run_job && changed "a first dump"; }
}

last_dump() { # what its name ends with
    as_postgres find "$DUMPS" -name "dummy-*$1" | sort | tail -n 1
}

dump_faults() {
    local newest
    newest=$(last_dump .dump)
    job | cmp -s - "$JOB" || echo "$JOB differs; $AGAIN"
    [ -n "$(as_postgres find "$DUMPS" -name 'dummy-*.dump' -mmin -1560)" ] ||
        echo "none of the last 26 hours in $DUMPS; journalctl -u ix-dummies-dump says why"
    [ -z "$newest" ] || as_postgres test -f "$newest.restored" || echo "$newest was not restored; provision.sh --restore-test says why"
    [ ! -d /run/systemd/system ] || systemctl is-active -q ix-dummies-dump.timer || echo "ix-dummies-dump.timer does not run; $AGAIN"
}

# ---- The commands

inspect() { # name, a function that prints a line for each fault, what to print when there is none
    local faults
    faults=$("$2" 2>&1) || faults="cannot be checked: ${faults//$'\n'/ }"
    if [ -z "$faults" ]; then
        echo "OK    $1: $3"
    else
        printf 'FAULT %s\n' "$1: ${faults//$'\n'/$'\n'FAULT $1: }"
        FAULTS=$((FAULTS + 1))
    fi
}

check() {
    if ! running; then
        echo "FAULT server: does not run; $AGAIN"
        exit 1
    fi
    inspect settings settings_faults "listens on $ADDRESS, TLS, durable, sized for this machine"
    inspect pg_hba hba_faults "only $CIDR, only by TLS and scram-sha-256"
    inspect pg_ident ident_faults "postgres may dump and restore as the tables' owner"
    inspect certificate certificate_faults "valid for ${NAMES[*]} until $(openssl x509 -in "$FOLDER/server.crt" -noout -enddate 2>&1 | cut -d= -f2)"
    inspect TLS served_faults "the server's certificate is signed by ca.crt"
    inspect files files_faults "passwords and keys are readable by their owners only"
    inspect roles roles_faults "limits and timeouts, no rights over the server"
    inspect passwords password_faults "as in $FOLDER/passwords.env"
    inspect rights rights_faults "only the three roles have any in the database"
    inspect grants grants_faults "the writer only inserts, the reader only reads"
    [ ! -f "$JOB" ] || inspect dump dump_faults "the newest was restored, $(as_postgres cat "$(last_dump .restored)" 2>&1) rows"
    [ "$FAULTS" = 0 ]
}

provision() {
    valid_machine
    mkdir -p "$FOLDER"
    install_postgresql
    find_cluster
    certify
    remembered | put "$FOLDER/arguments" 644 root
    configure
    make_passwords
    make_database
    if [ "$DUMP" = yes ] || [ -f "$JOB" ]; then arrange_dumps; fi
    check || fail "the faults above need manual repair"
    [ "$CHANGES" -gt 0 ] || echo "nothing to change"
    next_step
}

next_step() {
    local login=${SUDO_USER:-root}@$ADDRESS as=${SUDO_USER:+sudo }
    cat <<END

This creates the Kubernetes Secrets. Run it in the repository, where kubectl is, once k8s/overlays/ixcloud/.env exists (for another
overlay, change both paths). It puts the three passwords into .env and the authority's certificate, for sslmode=verify-full, beside it:

(cd k8s/overlays/ixcloud && umask 077 &&
 made=\$(ssh $login ${as}cat $FOLDER/passwords.env $FOLDER/ca.crt) && kept=\$(sed /^DATABASE_/d .env) &&
 { printf '%s\n' "\$kept"; printf '%s\n' "\$made" | grep ^DATABASE_; } >.env &&
 printf '%s\n' "\$made" | sed /^DATABASE_/d >ca.crt) && k8s/deploy.sh ixcloud

Set the server's address $ADDRESS in k8s/overlays/ixcloud/postgresql.yaml; its certificate is for ${NAMES[*]}.
END
}

main() {
    [ ! -e "$FOLDER" ] || only_roots "$FOLDER"
    [ ! -e "$FOLDER/arguments" ] || only_roots "$FOLDER/arguments"
    # shellcheck source=/dev/null
    [ ! -r "$FOLDER/arguments" ] || . "$FOLDER/arguments"
    arguments "$@"
    [ "$(id -u)" = 0 ] || fail "run it as root" 2
    valid_arguments
    sizes
    case $MODE in
    provision) provision ;;
    check)
        find_cluster
        SQL_OPTIONS='-c default_transaction_read_only=on'
        check
        ;;
    restore-test)
        [ -x "$JOB" ] || fail "there is no dump: $AGAIN with --dump"
        run_job --restore-test
        ;;
    esac
}

main "$@"
