// SPDX-License-Identifier: BSL-1.0
#pragma once
// What leash-server adds to its inspector (the admin listener): the mode, metrics of its requests, and a switch on the
// live page.
//
// Lifetime       the arguments outlive the inspector.
//
//   inspector::Core admin(server::admin_program(shared, service, workers));

#include "http/server/service.hpp"
#include "http/server/worker.hpp"
#include "inspector/program.hpp"
#include "server/routes.hpp"

namespace server {

inspector::Program admin_program(const Shared& shared, http::server::Service& service,
                                 const http::server::Workers& workers);

}  // namespace server
