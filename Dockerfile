# The three binaries in a small image. BASE may be a mirror's, or a newer Debian.
ARG BASE=debian:bookworm-slim

FROM ${BASE} AS build
WORKDIR /src
# The packages first: this layer is kept as long as the list of packages is the same.
COPY scripts/bootstrap scripts/common.sh scripts/
RUN scripts/bootstrap
COPY . .
RUN cmake --preset release -DLEASH_TESTS=OFF \
 && cmake --build --preset release --target leash-server leash-client leash-load
# Beside the binaries, the shared libraries that the base has not, whatever their version is called.
RUN mkdir -p /out/bin /out/lib \
 && cp build/bin/leash-server build/bin/leash-client build/bin/leash-load /out/bin/ \
 && strip /out/bin/* \
 && ldd /out/bin/* | awk '/lib(prometheus|spdlog|fmt|llhttp)/ { print $3 }' | sort -u | xargs -r cp -L -t /out/lib

FROM ${BASE}
COPY --from=build /out/ /usr/local/
# The second command fails the build if a library is missing.
RUN ldconfig \
 && leash-server --help >/dev/null && leash-client --help >/dev/null && leash-load --help >/dev/null \
 && useradd --system --no-create-home --shell /usr/sbin/nologin leash
USER leash
# The admin listener stays on the container's loopback until LEASH_ADMIN_HOST says otherwise.
ENV LEASH_HOST=0.0.0.0
EXPOSE 8080 8081
ENTRYPOINT ["leash-server"]
