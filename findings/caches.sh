# Starts caches in front of one origin; sourced by the findings on caches, after lib.sh.
#
# Debian 12's packages, unpacked in the temporary folder, with the settings that a first page of their manuals gives: nginx
# with proxy_cache (and once more with proxy_cache_revalidate on), Varnish with its builtin VCL, Squid as an accelerator,
# HAProxy with a cache, Apache httpd with mod_cache_disk, Traffic Server with one map.

caches=(nginx nginx-revalidate varnish squid haproxy apache ats)
declare -A at  # the port of each cache

unpack_caches() {
    [ "$(id -u)" = 0 ] || missing "root, since Squid and Traffic Server change to another user"
    command -v gcc >/dev/null || missing "gcc, with which Varnish compiles its VCL"
    debian nginx=1.22.1-9+deb12u11 varnish=7.1.1-2+deb12u1 squid=5.7-2+deb12u6 haproxy=2.6.12-1+deb12u4 \
        apache2-bin=2.4.71-1~deb12u1 trafficserver=9.2.5+ds-0+deb12u4 \
        libvarnishapi3 libjemalloc2 squid-common squid-langpack libecap3 libltdl7 libnetfilter-conntrack3 libnfnetlink0 libmnl0 liblua5.3-0 \
        libopentracing1 libopentracing-c-wrapper0 libapr1 libaprutil1 libpcre3 libhwloc15 libyaml-cpp0.7 libunwind8 libtcl8.6
}

# start_caches ORIGIN_PORT
start_caches() {
    local origin=$1 cache
    for cache in "${caches[@]}"; do at[$cache]=$(free_port); done
    mkdir -p nginx/{cache,body,proxy,fastcgi,uwsgi,scgi} varnish squid apache ats/{etc,var,log,cache,run}
    cat >nginx.conf <<END
daemon off; pid nginx/pid; worker_processes 1; user root;
events {}
http {
    access_log off; client_body_temp_path nginx/body; proxy_temp_path nginx/proxy; fastcgi_temp_path nginx/fastcgi;
    uwsgi_temp_path nginx/uwsgi; scgi_temp_path nginx/scgi;
    proxy_cache_path nginx/cache keys_zone=feeds:1m; proxy_http_version 1.1; proxy_set_header Connection "";
    server { listen 127.0.0.1:${at[nginx]}; location / { proxy_pass http://127.0.0.1:$origin; proxy_cache feeds; } }
    server { listen 127.0.0.1:${at[nginx-revalidate]}; location / {
        proxy_pass http://127.0.0.1:$origin; proxy_cache feeds; proxy_cache_revalidate on; proxy_cache_key revalidate\$uri; } }
}
END
    background unpacked "$root/usr/sbin/nginx" -p "$work" -e "$work/nginx/error.log" -c "$work/nginx.conf"

    printf 'vcl 4.1; backend origin { .host = "127.0.0.1"; .port = "%s"; }\n' "$origin" >feeds.vcl
    background unpacked "$root/usr/sbin/varnishd" -F -n "$work/varnish" -a "127.0.0.1:${at[varnish]}" -f "$work/feeds.vcl" \
        -s malloc,32M -T none -p vmod_path="$root/usr/lib/x86_64-linux-gnu/varnish/vmods"

    cat >squid.conf <<END
http_port 127.0.0.1:${at[squid]} accel defaultsite=www.example no-vhost
cache_peer 127.0.0.1 parent $origin 0 no-query originserver no-digest
http_access allow all
cache_mem 32 MB
memory_cache_shared off
access_log none
cache_log $work/squid/cache.log
pid_filename $work/squid/pid
coredump_dir $work/squid
mime_table $root/usr/share/squid/mime.conf
icon_directory $root/usr/share/squid/icons
error_directory $root/usr/share/squid-langpack/templates
pinger_enable off
shutdown_lifetime 1 second
cache_effective_user nobody
END
    chown nobody squid
    background unpacked "$root/usr/sbin/squid" -n "finding$$" -N -f "$work/squid.conf"

    cat >haproxy.cfg <<END
global
  maxconn 100
defaults
  mode http
  timeout connect 3s
  timeout client 10s
  timeout server 10s
cache feeds
  total-max-size 16
  process-vary on
frontend all
  bind 127.0.0.1:${at[haproxy]}
  http-request cache-use feeds
  http-response cache-store feeds
  default_backend origin
backend origin
  server origin 127.0.0.1:$origin
END
    background unpacked "$root/usr/sbin/haproxy" -f haproxy.cfg

    {
        printf '%s\n' "ServerRoot $work/apache" "PidFile $work/apache/pid" "ErrorLog $work/apache/error.log" \
            "Listen 127.0.0.1:${at[apache]}" "ServerName www.example"
        for module in mpm_event authz_core proxy proxy_http cache cache_disk; do
            echo "LoadModule ${module}_module $root/usr/lib/apache2/modules/mod_$module.so"
        done
        printf '%s\n' "CacheEnable disk /" "CacheRoot $work/apache" "ProxyPass / http://127.0.0.1:$origin/"
    } >apache.conf
    background unpacked "$root/usr/sbin/apache2" -f "$work/apache.conf" -DFOREGROUND

    cp -r "$root/etc/trafficserver/." ats/etc
    echo "map / http://127.0.0.1:$origin/" >ats/etc/remap.config
    echo "$work/ats/cache 32M" >ats/etc/storage.config
    sed -i "s/server_ports STRING .*/server_ports STRING ${at[ats]}/; s/user_id STRING .*/user_id STRING nobody/" ats/etc/records.config
    printf 'CONFIG %s\n' "proxy.config.body_factory.template_sets_dir STRING $work/ats/etc/body_factory" \
        "proxy.config.crash_log_helper STRING NULL" >>ats/etc/records.config
    printf '%s\n' "prefix: $work/ats" "exec_prefix: $root/usr" "bindir: $root/usr/bin" "sbindir: $root/usr/sbin" \
        "sysconfdir: $work/ats/etc" "datadir: $work/ats" "includedir: $work/ats" "libdir: $root/usr/lib/trafficserver" \
        "libexecdir: $root/usr/lib/trafficserver/modules" "localstatedir: $work/ats/var" "runtimedir: $work/ats/run" \
        "logdir: $work/ats/log" "mandir: $work/ats" "infodir: $work/ats" "cachedir: $work/ats/cache" >ats/runroot.yaml
    chown -R nobody ats
    background unpacked "$root/usr/bin/traffic_server" --run-root="$work/ats/runroot.yaml"

    for cache in "${caches[@]}"; do wait_for "${at[$cache]}"; done
    sleep 2  # Traffic Server listens before its cache is there
}

# ports: NAME=PORT for each cache, as arguments of a program.
ports() {
    local cache
    for cache in "${caches[@]}"; do echo "$cache=${at[$cache]}"; done
}
