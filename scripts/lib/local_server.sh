# shellcheck shell=bash
# One server with the module, on 127.0.0.1, with a directory of its own that goes when it does.
# Needs console.sh and servers.sh. After start_local_server: $server_pid, $server_port, $server_directory.

server_pid='' server_port='' server_directory=''

# start_local_server NAME MODULE [PORT]: without a port, a free one.
start_local_server() {
    local name="$1" module="$2" wanted="${3:-}"
    server_directory="$(mktemp -d "${TMPDIR:-/tmp}/pattern-memory-server.XXXXXX")"
    for _ in 1 2 3 4 5; do
        server_port="${wanted:-$(free_port)}"
        "$(server_binary "$name")" --port "$server_port" --bind 127.0.0.1 --dir "$server_directory" \
            --save '' --appendonly no --daemonize no --loadmodule "$module" \
            >"$server_directory/log" 2>&1 </dev/null &
        server_pid=$!
        if wait_for_server; then return 0; fi
        wait "$server_pid" 2>/dev/null || true
        server_pid=''
        # Somebody may have taken the port in between.
        if [[ -n "$wanted" ]] || ! grep -q 'Address already in use' "$server_directory/log"; then break; fi
    done
    fail "the server did not start; its log ends:"
    tail -n 15 "$server_directory/log" >&2
    return 1
}

stop_local_server() {
    if [[ -n "$server_pid" ]]; then
        kill "$server_pid" 2>/dev/null || true
        wait "$server_pid" 2>/dev/null || true
        server_pid=''
    fi
    if [[ -n "$server_directory" ]]; then
        rm -rf "$server_directory"
        server_directory=''
    fi
}

# Until it answers, that it is this one and no other, or is gone.
wait_for_server() {
    local tries
    for ((tries = 0; tries < 150; tries++)); do
        kill -0 "$server_pid" 2>/dev/null || return 1
        if redis-cli -h 127.0.0.1 -p "$server_port" INFO server 2>/dev/null | grep "^process_id:$server_pid"$'\r' >/dev/null; then
            return 0
        fi
        sleep 0.1
    done
    kill "$server_pid" 2>/dev/null || true
    return 1
}

free_port() {
    local port
    for ((;;)); do
        port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
        # Nobody listens there, or this would connect.
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
    done
    echo "$port"
}
