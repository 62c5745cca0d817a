# An image with the three commands and the libraries that they load, and nothing else.
# BASE is the Debian to build on, 12 or newer: debian:bookworm-slim, debian:trixie-slim, or one of a mirror.
ARG BASE=debian:bookworm-slim

FROM ${BASE} AS build
# The folder of the sources. A compiler cache in BASE is useful only if it was filled from the same folder.
ARG SOURCE=/src
WORKDIR ${SOURCE}
# First the packages: this layer is reused as long as the list of packages does not change.
COPY scripts/bootstrap scripts/common.sh scripts/
RUN scripts/bootstrap --build-only
COPY . .
# ON compiles in half the time, with up to 1.8 GB per processor (docs/compilers.md).
ARG UNITY=OFF
RUN cmake --preset release -DLEASH_TESTS=OFF -DLEASH_UNITY=${UNITY} \
 && cmake --build --preset release --target leash-server leash-client leash-load
# The libraries and the loader keep their paths, where the loader finds them.
RUN mkdir -p /image/usr/local/bin \
 && cp build/bin/leash-server build/bin/leash-client build/bin/leash-load /image/usr/local/bin/ \
 && strip /image/usr/local/bin/* \
 && ldd /image/usr/local/bin/* | grep -o '/[^ ]*\.so[^ ]*' | sort -u | xargs cp --dereference --parents -t /image

FROM scratch
COPY --from=build /image/ /
ENV PATH=/usr/local/bin
# A missing library must fail the build, not the start.
RUN ["leash-server", "--help"]
RUN ["leash-client", "--help"]
RUN ["leash-load", "--help"]
# Any number other than 0; the image has no users file.
USER 65532:65532
# The admin listener is on the container's loopback unless LEASH_ADMIN_HOST is set.
ENV LEASH_HOST=0.0.0.0
EXPOSE 8080 8081
HEALTHCHECK --interval=5s --timeout=3s --start-period=5s CMD ["leash-server", "healthcheck"]
# `docker stop` sends SIGTERM, which drains the server.
CMD ["leash-server"]
