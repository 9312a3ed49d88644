# syntax=docker/dockerfile:1
# The programs as containers, one target each: customers, orders, notifications, outbox-relay (the relay that reads the stream by itself), local-aws.
#
#   docker build --target orders --tag orders .

# rust-toolchain.toml is not among the copied files (.dockerignore): it asks for clippy and rustfmt, which would be fetched at each build.
FROM rust:1.95.0-slim-bookworm AS build
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
WORKDIR /src
COPY . .
# What was downloaded and compiled is kept between builds in two caches, so a change costs what cargo says it costs.
# Then each program is gathered with the libraries it needs, the certificates that TLS trusts, and nothing else.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target,sharing=locked \
    cargo build --release --locked --package customers --package notifications --package orders --package outbox-relay --package local-aws --bins \
    && for program in customers notifications orders outbox-relay local-aws; do \
        mkdir --parents "/images/$program/tmp" \
        && cp "target/release/$program" "/images/$program/" \
        && cp --parents --dereference /etc/ssl/certs/ca-certificates.crt "/images/$program" \
        && ldd "target/release/$program" | grep --only-matching '/[^ ]*' | xargs cp --parents --dereference --target-directory="/images/$program" \
        || exit 1; \
    done \
    && mkdir /images/data

FROM scratch AS customers
COPY --from=build /images/customers /
USER 10001:10001
EXPOSE 9700
HEALTHCHECK --interval=3s --timeout=8s --start-period=60s --retries=3 CMD ["/customers", "--health"]
ENTRYPOINT ["/customers"]

FROM scratch AS orders
COPY --from=build /images/orders /
USER 10001:10001
EXPOSE 9700
HEALTHCHECK --interval=3s --timeout=8s --start-period=60s --retries=3 CMD ["/orders", "--health"]
ENTRYPOINT ["/orders"]

FROM scratch AS notifications
COPY --from=build /images/notifications /
USER 10001:10001
EXPOSE 9700
HEALTHCHECK --interval=3s --timeout=8s --start-period=60s --retries=3 CMD ["/notifications", "--health"]
ENTRYPOINT ["/notifications"]

# It answers nobody, so there is nothing to ask: it is well while it runs.
FROM scratch AS outbox-relay
COPY --from=build /images/outbox-relay /
USER 10001:10001
HEALTHCHECK NONE
ENTRYPOINT ["/outbox-relay"]
CMD ["tail"]

FROM scratch AS local-aws
COPY --from=build /images/local-aws /
# Where `--data` may write: a volume that is mounted here for the first time takes over this owner.
COPY --from=build --chown=10001:10001 /images/data /data
USER 10001:10001
EXPOSE 4566
HEALTHCHECK --interval=3s --timeout=8s --start-period=30s --retries=3 CMD ["/local-aws", "--health"]
ENTRYPOINT ["/local-aws"]
CMD ["--host", "0.0.0.0"]
