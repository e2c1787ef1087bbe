# Redis with Pattern Memory loaded.
#
#   docker build -t pattern-memory .
#   docker run --rm -p 127.0.0.1:6379:6379 -v pattern-memory:/data pattern-memory
#
# As the official image does, the server runs as the user redis, keeps its data in /data, and has its
# protected mode off: publish its port only where you want it reached, and set a password or ACLs (see
# config/redis.conf).

FROM rust:1.95-bookworm AS build
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libclang-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY . .
# The toolchain of this image, not the one rust-toolchain.toml would fetch.
RUN RUSTUP_TOOLCHAIN="$RUST_VERSION" cargo build --release --locked

# Its C library is not older than the one built against.
FROM redis:8.2-bookworm
COPY --from=build /build/target/release/libpattern_memory.so /usr/lib/redis/modules/libpattern_memory.so
COPY config/redis.conf /usr/local/etc/redis/redis.conf
CMD ["redis-server", "/usr/local/etc/redis/redis.conf"]
