// SPDX-License-Identifier: BSL-1.0
#include "loadgen/report/delivery.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string_view>
#include <system_error>
#include <utility>

#include "cli/program.hpp"
#include "loadgen/report/report_csv.hpp"
#include "loadgen/report/report_html.hpp"
#include "loadgen/report/report_json.hpp"
#include "loadgen/report/report_text.hpp"
#include "loadgen/report/run_output.hpp"

namespace loadgen {
namespace {

namespace fs = std::filesystem;

// A new file in the folder of another one. It is removed unless it replaces the other one.
class FileBeside {
 public:
  explicit FileBeside(fs::path place) : place_(std::move(place)), name_(place_.string() + ".XXXXXX") {
    descriptor_ = ::mkostemp(name_.data(), O_CLOEXEC);
  }
  FileBeside(const FileBeside&) = delete;
  FileBeside& operator=(const FileBeside&) = delete;
  ~FileBeside() {
    if (descriptor_ < 0) return;
    ::close(descriptor_);
    if (!in_place_) ::unlink(name_.c_str());
  }

  bool is_open() const noexcept { return descriptor_ >= 0; }

  bool write(std::string_view text) {
    while (!text.empty()) {
      const ssize_t n = ::write(descriptor_, text.data(), text.size());
      if (n < 0 && errno != EINTR) return false;
      if (n > 0) text.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }

  // Replaces the file; it keeps the permissions of the old file, or has those of a new one.
  bool put_in_place() {
    struct stat before {};
    const mode_t mask = ::umask(0);
    ::umask(mask);
    const mode_t mode = ::stat(place_.c_str(), &before) == 0 ? before.st_mode & 0777 : 0666 & ~mask;
    in_place_ = ::fchmod(descriptor_, mode) == 0 && ::rename(name_.c_str(), place_.c_str()) == 0;
    return in_place_;
  }

 private:
  fs::path place_;
  std::string name_;
  int descriptor_;
  bool in_place_ = false;
};

// The target of links, even if it does not exist yet.
fs::path place_of(const std::string& file) {
  constexpr int most_links = 40;
  std::error_code error;
  fs::path place = file;
  for (int i = 0; i < most_links && fs::is_symlink(fs::symlink_status(place, error)); ++i)
    place = place.parent_path() / fs::read_symlink(place, error);
  const fs::path canonical = fs::weakly_canonical(place, error);
  return canonical.empty() ? place : canonical;
}

bool is_special(const fs::path& place) {
  std::error_code ignored;
  const auto status = fs::status(place, ignored);
  return fs::exists(status) && !fs::is_regular_file(status);
}

bool write_directly(const char* file, std::string_view text) {
  std::FILE* out = std::fopen(file, "w");
  if (!out) return false;
  const bool written = std::fwrite(text.data(), 1, text.size(), out) == text.size();
  return std::fclose(out) == 0 && written;
}

// False: errno says why.
bool write_to(const std::string& file, std::string_view text) {
  if (file == "-") return cli::print(text);
  const fs::path place = place_of(file);
  if (is_special(place)) return write_directly(file.c_str(), text);
  FileBeside beside(place);
  if (!beside.is_open()) return write_directly(file.c_str(), text);  // no new file can be made in the folder
  return beside.write(text) && beside.put_in_place();
}

// False: errno says why.
bool can_be_written(const std::string& file) {
  const fs::path place = place_of(file);
  if (fs::is_directory(place)) {
    errno = EISDIR;
    return false;
  }
  if (is_special(place)) return ::access(place.c_str(), W_OK) == 0;
  if (FileBeside(place).is_open()) return true;
  const int why = errno;
  if (::access(place.c_str(), W_OK) == 0) return true;
  errno = why;
  return false;
}

using Report = std::pair<std::string_view, const std::string*>;

std::array<Report, 3> reports_of(const Delivery& wanted) {
  return {{{"--json", &wanted.json_file}, {"--html", &wanted.html_file}, {"--csv", &wanted.csv_file}}};
}

}  // namespace

std::optional<std::string> cannot_deliver(const Delivery& wanted) {
  const auto reports = reports_of(wanted);
  for (std::size_t i = 0; i < reports.size(); ++i) {
    const std::string& file = *reports[i].second;
    if (file.empty()) continue;
    if (file != "-" && !can_be_written(file))
      return fmt::format("cannot write {}: {}", file, std::generic_category().message(errno));
    for (std::size_t j = 0; j < i; ++j) {
      const std::string& other = *reports[j].second;
      if (other.empty() || place_of(other) != place_of(file) || (file != "-" && is_special(place_of(file))))
        continue;
      return fmt::format("{}: cannot be both {} and {}", file == "-" ? "standard output" : file,
                         reports[j].first, reports[i].first);
    }
  }
  return std::nullopt;
}

int deliver(const Delivery& wanted, std::vector<RunResult> results) {
  for (RunResult& result : results) {
    for (const Threshold& threshold : wanted.thresholds)
      result.thresholds.push_back(check(threshold, result));
  }
  RunOutput output(wanted.text_goes_to());
  bool delivered = output.print(report_text(results, output.terminal().color));
  if (!delivered)
    cli::complain_unwritable(wanted.text_goes_to() == stdout ? "standard output" : "standard error");
  const auto write = [&](const std::string& file, auto make) {
    if (file.empty() || write_to(file, make())) return;
    cli::complain_unwritable(file == "-" ? "standard output" : file);
    delivered = false;
  };
  write(wanted.json_file, [&] { return to_text(to_json(results)); });
  write(wanted.html_file, [&] { return report_html(results); });
  write(wanted.csv_file, [&] { return report_csv(results); });
  const int status = conclude(results).exit_status;
  return status == Exit::clean && !delivered ? Exit::usage : status;
}

}  // namespace loadgen
