// SPDX-License-Identifier: BSL-1.0
#include "inspector/profile/pprof.hpp"

#include <zlib.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <limits>
#include <map>
#include <new>
#include <protozero/pbf_writer.hpp>
#include <system_error>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "inspector/profile/stack.hpp"
#include "leash/error.hpp"

namespace inspector {
namespace {

// The field numbers of profile.proto.
namespace profile {
enum : protozero::pbf_tag_type {
  sample_type = 1,
  sample = 2,
  mapping = 3,
  location = 4,
  function = 5,
  string_table = 6,
  time_nanos = 9,
  period_type = 11,
  period = 12,
  comment = 13,
  default_sample_type = 14,
};
}
namespace value_type {
enum : protozero::pbf_tag_type { type = 1, unit = 2 };
}
namespace sample {
enum : protozero::pbf_tag_type { location_id = 1, value = 2, label = 3 };
}
namespace label {
enum : protozero::pbf_tag_type { key = 1, str = 2, num = 3, num_unit = 4 };
}
namespace mapping {
enum : protozero::pbf_tag_type {
  id = 1,
  filename = 5,
  has_functions = 7,
  has_filenames = 8,
  has_line_numbers = 9
};
}
namespace location {
enum : protozero::pbf_tag_type { id = 1, line = 4 };
}
namespace line {
enum : protozero::pbf_tag_type { function_id = 1, line = 2 };
}
namespace function {
enum : protozero::pbf_tag_type { id = 1, name = 2, system_name = 3, filename = 4 };
}

constexpr std::array<std::pair<std::string_view, std::string_view>, 4> sample_types{{
    {"tasks", "count"},
    {"leaked", "count"},
    {"space", "bytes"},
    {"waiting", "nanoseconds"},
}};

std::int64_t nanoseconds(leash::Duration duration) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(duration).count();
}

// "request 918" is one example; "request" is the common part of all tasks of an entry.
std::string without_number(const std::string& owner) {
  const std::size_t space = owner.find_last_of(' ');
  const bool numbered = space != std::string::npos && space + 1 < owner.size() &&
                        owner.find_first_not_of("0123456789", space + 1) == std::string::npos;
  return numbered ? owner.substr(0, space) : owner;
}

class Profile {
 public:
  explicit Profile(const ProfileOptions& options) {
    text("");  // index 0 must be the empty text
    for (const auto& [type, unit] : sample_types) add_value_type(profile::sample_type, type, unit);
    protozero::pbf_writer one(out_, profile::mapping);
    one.add_uint64(mapping::id, 1);
    std::error_code unknown;  // without a name if it is unknown
    one.add_int64(mapping::filename, text(std::filesystem::read_symlink("/proc/self/exe", unknown).string()));
    one.add_bool(mapping::has_functions, true);
    one.add_bool(mapping::has_filenames, true);
    one.add_bool(mapping::has_line_numbers, true);
    one.commit();
    out_.add_int64(
        profile::time_nanos,
        std::chrono::duration_cast<std::chrono::nanoseconds>(options.at.time_since_epoch()).count());
    add_value_type(profile::period_type, sample_types[0].first, sample_types[0].second);
    out_.add_int64(profile::period, 1);
    std::vector<std::int64_t> comments;
    for (const std::string& comment : options.comments) comments.push_back(text(comment));
    out_.add_packed_int64(profile::comment, comments.begin(), comments.end());
    out_.add_int64(profile::default_sample_type, text(options.shown_first));
  }

  void add(const leash::TaskGroup& entry) {
    const leash::TaskInfo& task = entry.oldest;
    add("task", entry, task.state == leash::TaskState::leaked,
        {{"owner", without_number(task.owner)},
         {"cause", task.owner_cause},
         {"loop", task.loop},
         {"trace", task.trace}});
  }
  void add(const leash::CoroutineGroup& entry) {
    const leash::CoroutineInfo& coroutine = entry.oldest;
    add("coroutine", entry, coroutine.state == leash::CoroutineState::leaked,
        {{"owner", without_number(coroutine.owner)}, {"cause", coroutine.owner_cause}});
  }

  std::string finish() && {
    // Tables may follow the messages that refer to them.
    for (const std::string& each : texts_) out_.add_string(profile::string_table, each);
    return std::move(bytes_);
  }

 private:
  static std::size_t bytes_of(const leash::TaskGroup& entry) {
    return entry.frame_bytes + entry.heap_bytes.value_or(0);
  }
  static std::size_t bytes_of(const leash::CoroutineGroup& entry) { return entry.frame_bytes; }

  using Labels = std::initializer_list<std::pair<std::string_view, std::string>>;

  template <class Entry>
  void add(std::string_view kind, const Entry& entry, bool leaked, Labels labels) {
    std::vector<std::uint64_t> locations;
    for (const leash::Frame& frame : stack_of(entry.oldest)) locations.push_back(location_of(frame));
    const auto count = static_cast<std::int64_t>(entry.count);
    const std::array<std::int64_t, sample_types.size()> values{
        count, leaked ? count : 0, static_cast<std::int64_t>(bytes_of(entry)), nanoseconds(entry.waiting)};
    protozero::pbf_writer one(out_, profile::sample);
    one.add_packed_uint64(sample::location_id, locations.begin(), locations.end());
    one.add_packed_int64(sample::value, values.begin(), values.end());
    add_label(one, "kind", kind);
    add_label(one, "state", to_string(entry.oldest.state));
    for (const auto& [key, value] : labels) add_label(one, key, value);
    protozero::pbf_writer age(one, sample::label);
    age.add_int64(label::key, text("oldest_age"));
    age.add_int64(label::num, nanoseconds(entry.oldest.age));
    age.add_int64(label::num_unit, text("nanoseconds"));
  }

  std::int64_t text(std::string_view of) {
    const auto [at, is_new] = text_indices_.try_emplace(std::string(of), texts_.size());
    if (is_new) texts_.emplace_back(of);
    return static_cast<std::int64_t>(at->second);
  }

  void add_value_type(protozero::pbf_tag_type field, std::string_view type, std::string_view unit) {
    protozero::pbf_writer one(out_, field);
    one.add_int64(value_type::type, text(type));
    one.add_int64(value_type::unit, text(unit));
  }

  void add_label(protozero::pbf_writer& to, std::string_view key, std::string_view value) {
    if (value.empty()) return;
    protozero::pbf_writer one(to, sample::label);
    one.add_int64(label::key, text(key));
    one.add_int64(label::str, text(value));
  }

  std::uint64_t function_of(const leash::Frame& frame) {
    const auto [at, is_new] =
        functions_.try_emplace(std::pair(text(frame.function), text(frame.file)), functions_.size() + 1);
    if (is_new) {
      protozero::pbf_writer one(out_, profile::function);
      one.add_uint64(function::id, at->second);
      one.add_int64(function::name, at->first.first);
      one.add_int64(function::system_name, at->first.first);
      one.add_int64(function::filename, at->first.second);
    }
    return at->second;
  }

  std::uint64_t location_of(const leash::Frame& frame) {
    const std::uint64_t function = function_of(frame);
    const auto [at, is_new] = locations_.try_emplace(std::pair(function, frame.line), locations_.size() + 1);
    if (is_new) {
      protozero::pbf_writer one(out_, profile::location);
      // Without a mapping: there is no address, and the source view of pprof would disassemble the program there.
      one.add_uint64(location::id, at->second);
      protozero::pbf_writer where(one, location::line);
      where.add_uint64(line::function_id, function);
      where.add_int64(line::line, frame.line);
    }
    return at->second;
  }

  std::string bytes_;
  protozero::pbf_writer out_{bytes_};
  std::vector<std::string> texts_;
  std::unordered_map<std::string, std::size_t> text_indices_;
  std::map<std::pair<std::int64_t, std::int64_t>, std::uint64_t> functions_;    // by name and file
  std::map<std::pair<std::uint64_t, std::uint32_t>, std::uint64_t> locations_;  // by function and line
};

std::string gzip(std::string_view plain) {
  constexpr int gzip_window = 15 + 16;  // the largest window; 16 selects the header of gzip
  constexpr int default_memory = 8;
  z_stream stream{};
  const int begun = deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, gzip_window, default_memory,
                                 Z_DEFAULT_STRATEGY);
  if (begun == Z_MEM_ERROR) throw std::bad_alloc();
  leash::check(begun == Z_OK, "zlib cannot write gzip");
  struct End {
    z_stream& stream;
    ~End() { deflateEnd(&stream); }
  } const end{stream};
  leash::check(plain.size() <= std::numeric_limits<uInt>::max(), "a profile is larger than 4 GiB");
  std::string packed(deflateBound(&stream, plain.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));  // zlib only reads it
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  leash::check(deflate(&stream, Z_FINISH) == Z_STREAM_END, "zlib wrote more than its own bound");
  packed.resize(stream.total_out);
  return packed;
}

}  // namespace

std::string to_pprof(std::span<const leash::Dump> dumps, const ProfileOptions& options,
                     std::span<const leash::CoroutineGroup> coroutines) {
  Profile profile(options);
  for (const leash::Dump& dump : dumps) {
    for (const leash::TaskGroup& entry : dump.entries) profile.add(entry);
  }
  for (const leash::CoroutineGroup& entry : coroutines) profile.add(entry);
  return gzip(std::move(profile).finish());
}

}  // namespace inspector
