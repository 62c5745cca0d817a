// SPDX-License-Identifier: BSL-1.0
#pragma once
// What the examples of units, process, cli, client and loadgen take for granted.
// no example: report_style (it is text)

#include <sys/types.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <asio/io_context.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "any.hpp"
#include "cli/options.hpp"
#include "cli/terminal.hpp"
#include "client/client.hpp"
#include "client/command/admin.hpp"
#include "client/command/command.hpp"
#include "client/command/full_screen.hpp"
#include "client/command/live_screen.hpp"
#include "client/command/task_list.hpp"
#include "client/command/task_table.hpp"
#include "client/connection_pool.hpp"
#include "http/message/target.hpp"
#include "leash/context.hpp"
#include "leash/loop.hpp"
#include "leash/scope.hpp"
#include "leash/src/outside/memory.hpp"
#include "loadgen/exporter.hpp"
#include "loadgen/load_metrics.hpp"
#include "loadgen/metrics_text.hpp"
#include "loadgen/options.hpp"
#include "loadgen/report/report.hpp"
#include "loadgen/report/report_figures.hpp"
#include "loadgen/traffic/arrival.hpp"
#include "loadgen/traffic/exchanges.hpp"
#include "loadgen/traffic/traffic.hpp"

namespace given {

using namespace std::chrono_literals;

void usage(const auto&...);
void use(const auto&...);
void print(const auto&...);
int fail(const auto&...);
int complain(const auto&...);
int work(int, char**);

using client::Exit;

extern CLI::App app;
extern CLI::App& command;
extern std::string text;
extern std::string page;
extern std::string file;
extern std::string bytes;
extern int argc;
extern char** argv;
extern pid_t thread;

extern asio::io_context io;
extern leash::Loop loop;
extern leash::Context ctx;
extern leash::Scope& scope;
extern leash::Cancelable waiting;
extern leash::Cancelable sending;
extern const client::Origin& origin;
extern http::Url* url;
struct Response {
  int status;
  std::string body;
};
extern Response response;

extern loadgen::Plan plan;
extern loadgen::RunResult result;
extern loadgen::Traffic traffic;
extern std::optional<loadgen::ServerObservation> seen;

namespace of_admin {
extern client::AdminOptions options;
}
namespace of_arrival {
extern leash::TimePoint sent_at;
extern const client::Connection& connection;
}  // namespace of_arrival
namespace of_command {
extern client::GetCommand get_command;
}
namespace of_conclusion {
extern std::vector<loadgen::RunResult> results;
}
namespace of_connection_pool {
extern client::ConnectionPool pool;
}
namespace of_delivery {
extern const loadgen::Delivery wanted;
extern std::vector<loadgen::RunResult> results;
}  // namespace of_delivery
namespace of_error {
extern client::Client client;
extern client::Request request;
}  // namespace of_error
namespace of_exchanges {
extern const loadgen::Exchanges::Due due;
}
namespace of_exporter {
extern loadgen::Exporter::Render render;
}
namespace of_findings {
extern client::Admin& admin;
extern client::AdminOptions options;
extern client::TaskFilter filter;
}  // namespace of_findings
namespace of_frame {
extern client::FullScreen screen;
extern std::vector<client::Line> lines;
}  // namespace of_frame
namespace of_full_screen {
extern std::vector<std::string> lines;
leash::Task<> keyboard_is_readable(int);
}  // namespace of_full_screen
namespace of_histogram {
extern const loadgen::Histogram of_another_thread;
}
namespace of_image {
extern std::vector<std::uint64_t> images;
extern leash::outside::Memory& memory;
}  // namespace of_image
namespace of_live_screen {
class LiveTree : public client::LiveScreen {
 public:
  using LiveScreen::LiveScreen;

 private:
  leash::Task<> look(leash::Context look_ctx) override;
  std::vector<std::string> drawn(const cli::Terminal& terminal) const override;
};
}  // namespace of_live_screen
namespace of_load_metrics {
extern const loadgen::LoadMetrics figures;
}
namespace of_load_options {
extern http::Url url;
}
namespace of_merge {
extern std::vector<loadgen::RunResult> results;
}
namespace of_metrics_text {
extern std::string body;
}
namespace of_observation {
extern const loadgen::Metrics* metrics;
}
namespace of_pacer {
extern leash::TimePoint at;
extern bool may_read_late;
void send();
}  // namespace of_pacer
namespace of_report {
loadgen::RunResult traffic_and_evidence();
}
namespace of_report_csv {
extern std::ostream& file;
}
namespace of_report_fields {
extern const loadgen::RequestCounts counts;
}
namespace of_report_html {
extern std::ostream& file;
}
namespace of_report_json {
extern std::ostream& file;
}
namespace of_session {
extern loadgen::Options options;
}
namespace of_task_list {
extern client::TaskList previous;
}
namespace of_task_table {
extern client::TaskList list;
extern bool color;
}  // namespace of_task_table
namespace of_task_view {
extern client::FullScreen screen;
}
namespace of_terminal {}
namespace of_verdict {
extern std::optional<loadgen::ServerObservation> first;
extern std::vector<loadgen::ServerObservation> seen;
extern std::optional<loadgen::ServerObservation> last;
}  // namespace of_verdict
namespace of_watch {
extern client::Admin& admin;
extern client::AdminOptions options;
}  // namespace of_watch

}  // namespace given
