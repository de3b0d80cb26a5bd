#!/bin/sh
# Makes the secrets of docker-compose.yml in a folder: deploy/make-secrets.sh [FOLDER]. What is there already stays.
# The keys of the processes are made by the product's image afterwards (deploy/README.md).
set -eu

folder=${1:-secrets}
days=825
umask 077
mkdir -p "$folder"
# The folder keeps strangers out. The files are readable, because each container runs as a user of its own.
chmod 700 "$folder"
cd "$folder"
work=$(mktemp -d ./.new.XXXXXX)
trap 'rm -rf "$work"' EXIT

keep() {
    chmod 444 "$work/$1"
    mv "$work/$1" "$1"
}

random() {
    [ -e "$1" ] || { openssl rand -hex 32 | tr -d '\n' >"$work/$1" && keep "$1"; }
}

# The operator fills these in, or leaves them empty.
empty() {
    [ -e "$1" ] || { : >"$1" && chmod 644 "$1"; }
}

private_key() {
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$work/$1" 2>/dev/null
}

authority() {
    [ ! -e authority ] || return 0
    private_key authority_private_key
    openssl req -x509 -new -key "$work/authority_private_key" -days 3650 -sha256 -out "$work/authority" \
        -subj "/CN=goldenhour authority" -addext "basicConstraints=critical,CA:TRUE" \
        -addext "keyUsage=critical,keyCertSign,cRLSign"
    # No container gets this file.
    mv "$work/authority_private_key" authority_private_key
    keep authority
}

# Makes NAME_certificate and NAME_private_key for a host.
certificate() {
    [ ! -e "$1_certificate" ] || return 0
    private_key "$1_private_key"
    # Python 3.13 refuses a certificate without the identifiers of both keys, and old openssl adds them only when asked.
    printf 'subjectAltName=DNS:%s,DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n%s\n%s\n' "$1" \
        'subjectKeyIdentifier=hash' 'authorityKeyIdentifier=keyid' >"$work/extensions"
    openssl req -new -key "$work/$1_private_key" -subj "/CN=$1" |
        openssl x509 -req -CA authority -CAkey authority_private_key -days "$days" -sha256 \
            -extfile "$work/extensions" -out "$work/$1_certificate" 2>/dev/null
    keep "$1_private_key"
    keep "$1_certificate"
}

random secret_key
random db_password
random owner_password
random postgres_admin_password
random temporal_db_password
random grafana_password
for name in previous_secret_key smtp_url sms_url police_url alert_mail_password alert_webhook_url; do
    empty "$name"
done
authority
for host in postgres temporal product; do
    certificate "$host"
done
