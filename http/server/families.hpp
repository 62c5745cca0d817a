// SPDX-License-Identifier: BSL-1.0
#pragma once
// The metrics of all workers, added up, as Prometheus families.
//
// Threads        any: works while a loop is stuck.
//
//   http::server::append_families(families, service, workers);

#include <prometheus/metric_family.h>

#include <vector>

#include "http/server/worker.hpp"

namespace http::server {

void append_families(std::vector<prometheus::MetricFamily>& families, const Service& service,
                     const Workers& workers);

}  // namespace http::server
