# Stands in for prom/prometheus where no registry can be reached: Debian's Prometheus in the same places, with the same
# user and the same defaults. The base image that scripts/test-docker makes has the package.
ARG BASE=debian:bookworm-slim
FROM ${BASE}
RUN mkdir -p /etc/prometheus /prometheus /usr/share/prometheus/consoles /usr/share/prometheus/console_libraries \
 && chown nobody:nogroup /prometheus
USER nobody
WORKDIR /prometheus
VOLUME ["/prometheus"]
EXPOSE 9090
ENTRYPOINT ["/bin/prometheus"]
CMD ["--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus"]
