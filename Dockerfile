# The three commands in an image of their own: nothing else is in it but the libraries they load.
# BASE is the Debian to build on, 12 or newer: debian:bookworm-slim, debian:trixie-slim, or a mirror's.
ARG BASE=debian:bookworm-slim

FROM ${BASE} AS build
# Where the sources lie meanwhile. A compiler cache in BASE fits only if it was filled from the same place.
ARG SOURCE=/src
WORKDIR ${SOURCE}
# The packages first: this layer is kept as long as the list of packages is the same.
COPY scripts/bootstrap scripts/common.sh scripts/
RUN scripts/bootstrap --build-only
COPY . .
# ON compiles in half the time, in up to 1.8 GB for each processor (docs/compilers.md).
ARG UNITY=OFF
RUN cmake --preset release -DLEASH_TESTS=OFF -DLEASH_UNITY=${UNITY} \
 && cmake --build --preset release --target leash-server leash-client leash-load
# The libraries, the loader among them, keep their places, which is where the loader looks.
RUN mkdir -p /image/usr/local/bin \
 && cp build/bin/leash-server build/bin/leash-client build/bin/leash-load /image/usr/local/bin/ \
 && strip /image/usr/local/bin/* \
 && ldd /image/usr/local/bin/* | grep -o '/[^ ]*\.so[^ ]*' | sort -u | xargs cp --dereference --parents -t /image

FROM scratch
COPY --from=build /image/ /
ENV PATH=/usr/local/bin
# Fail the build, not the start, if a library is missing.
RUN ["leash-server", "--help"]
RUN ["leash-client", "--help"]
RUN ["leash-load", "--help"]
# Any number but 0; there is no file of names here.
USER 65532:65532
# The admin listener stays on the container's loopback until LEASH_ADMIN_HOST says otherwise.
ENV LEASH_HOST=0.0.0.0
EXPOSE 8080 8081
HEALTHCHECK --interval=5s --timeout=3s --start-period=5s CMD ["leash-server", "healthcheck"]
# SIGTERM, which is what `docker stop` sends, drains.
CMD ["leash-server"]
