# Stands in for prom/prometheus where no registry can be reached: Debian's Prometheus in the same places, with the same
# user (nobody) and the same defaults. make_prometheus_image (local_images.sh) makes what is copied.
FROM scratch
COPY . /
COPY --chown=65534:65534 prometheus /prometheus
USER 65534:65534
WORKDIR /prometheus
VOLUME ["/prometheus"]
EXPOSE 9090
ENTRYPOINT ["/bin/prometheus"]
CMD ["--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus"]
