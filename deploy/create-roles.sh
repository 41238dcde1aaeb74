#!/bin/sh
# Run once by the postgres image in an empty data volume: the database, the role that owns its tables and migrates,
# and the role that serves, which may only read and add facts (`manage.py prepare` grants its rights).
set -eu
psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
    --set owner_password="$OWNER_PASSWORD" --set server_password="$SERVER_PASSWORD" <<'SQL'
CREATE ROLE keel_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE keel_server LOGIN PASSWORD :'server_password';
CREATE DATABASE keel OWNER keel_owner;
REVOKE ALL ON DATABASE keel FROM PUBLIC;
GRANT CONNECT ON DATABASE keel TO keel_server;
SQL
