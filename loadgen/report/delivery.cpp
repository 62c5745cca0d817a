// SPDX-License-Identifier: BSL-1.0
#include "loadgen/report/delivery.hpp"

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string_view>
#include <system_error>

#include "loadgen/report/report_html.hpp"
#include "loadgen/report/report_text.hpp"
#include "loadgen/report/screen.hpp"

namespace loadgen {
namespace {

bool write_to(const std::string& file, std::string_view text) {
  if (file == "-")
    return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
  std::FILE* out = std::fopen(file.c_str(), "w");
  if (!out) return false;
  const bool written = std::fwrite(text.data(), 1, text.size(), out) == text.size();
  return std::fclose(out) == 0 && written;
}

}  // namespace

std::optional<std::string> cannot_deliver(const Delivery& wanted) {
  namespace fs = std::filesystem;
  std::error_code ignored;  // then a file is as if it were not there
  for (const auto* file : {&wanted.json_file, &wanted.html_file}) {
    if (file->empty() || *file == "-") continue;
    const bool was_there = fs::exists(fs::symlink_status(*file, ignored));
    std::FILE* out = std::fopen(file->c_str(), "a");
    if (!out) return *file + ": cannot be written";
    std::fclose(out);
    if (!was_there) fs::remove(*file, ignored);
  }
  const bool is_a_file =
      !fs::exists(wanted.json_file, ignored) || fs::is_regular_file(wanted.json_file, ignored);
  if (!wanted.json_file.empty() && !wanted.html_file.empty() && is_a_file &&
      fs::weakly_canonical(wanted.json_file, ignored) == fs::weakly_canonical(wanted.html_file, ignored)) {
    return wanted.html_file + ": cannot be both --json and --html";
  }
  return std::nullopt;
}

int deliver(const Delivery& wanted, std::vector<RunResult> results) {
  for (RunResult& result : results) {
    for (const Threshold& threshold : wanted.thresholds)
      result.thresholds.push_back(check(threshold, result));
    if (result.requests.sent > 0 && result.evidence.responses == 0 && result.requests.aborted == 0)
      result.notes.emplace_back(no_answer_note);
  }
  const bool compare = results.size() == 2;
  const bool printed = Screen(wanted.text_goes_to())
                           .print(compare ? compare_text(results[0], results[1]) : run_text(results[0]));
  if (!printed) complain("the report cannot be printed");
  const auto write = [](const std::string& file, std::string_view text) {
    if (file.empty() || write_to(file, text)) return true;
    complain(file + ": cannot be written");
    return false;
  };
  const bool json_written =
      write(wanted.json_file, wanted.json_file.empty()
                                  ? ""
                                  : to_text(compare ? to_json(results[0], results[1]) : to_json(results[0])));
  const bool html_written = write(wanted.html_file, wanted.html_file.empty() ? ""
                                                    : compare ? compare_html(results[0], results[1])
                                                              : run_html(results[0]));
  const int status = exit_status(results);
  return status == Exit::clean && !(printed && json_written && html_written) ? Exit::usage : status;
}

}  // namespace loadgen
