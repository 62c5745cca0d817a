// SPDX-License-Identifier: BSL-1.0
#include "client/command/watch.hpp"

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "client/command/command.hpp"
#include "http/message/json.hpp"
#include "leash/sleep.hpp"
#include "units/duration.hpp"

namespace client {

std::string time_of_day(std::time_t at, std::time_t now) {
  std::tm local{};
  std::tm today{};
  localtime_r(&at, &local);
  localtime_r(&now, &today);
  const bool is_today = local.tm_year == today.tm_year && local.tm_yday == today.tm_yday;
  std::array<char, 64> text;
  return std::string(text.data(), is_today
                                      ? std::strftime(text.data(), text.size(), "%H:%M:%S", &local)
                                      : std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S", &local));
}

std::string time_of_day() {
  const std::time_t now = std::time(nullptr);
  return time_of_day(now, now);
}

std::string heading(const std::string& another_since) {
  return time_of_day() + (another_since.empty() ? "" : " another process since " + another_since) + "\n";
}

std::string try_again(leash::Duration every) { return "trying again every " + units::format_duration(every); }

std::string AnsweringProcess::another_since(double started) {
  if (started <= 0) return {};
  const double before = std::exchange(before_, started);
  if (before == 0 || before == started) return {};
  return time_of_day(static_cast<std::time_t>(started), std::time(nullptr));
}

leash::Task<int> watch_json(leash::Context ctx, Admin& admin, const AdminOptions& options, std::string path,
                            leash::Duration every) {
  bool first = true;
  while (!ctx.is_done()) {
    const auto answer = co_await admin.report(ctx, path);
    nlohmann::ordered_json json;
    if (answer) json = http::parse_json(*answer);
    if (answer && json.is_discarded())
      co_return complain(not_understood(options, "the response is not JSON"), options);
    if (!answer && (first || ctx.is_done())) co_return complain(answer.error(), options);
    if (!answer) json["error"] = answer.error().what;
    if (!print_json_line(json)) co_return output_failed();
    first = false;
    (void)co_await leash::sleep(ctx, every);
  }
  co_return Exit::success;
}

}  // namespace client
