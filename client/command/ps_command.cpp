// SPDX-License-Identifier: BSL-1.0
#include "cli/program.hpp"
#include "client/command/command.hpp"
#include "client/ps/listing.hpp"

namespace client {

leash::Task<int> execute(leash::Context, leash::Loop&, PsCommand command) {
  const ListingOptions options{command.binary, command.tree, command.json};
  const auto text = list_tasks(command.target, options);
  if (!text) co_return complain(Exit::connection_failure, text.error());
  co_return cli::print_foreign(*text) ? Exit::success : output_failed();
}

}  // namespace client
