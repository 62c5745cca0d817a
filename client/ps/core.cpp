// SPDX-License-Identifier: BSL-1.0
#include "client/ps/target.hpp"

#include <elfutils/libdwelf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <gelf.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "client/ps/image.hpp"

namespace client {
namespace {

constexpr std::size_t most_mappings = 1 << 20;

class File {
 public:
  File() noexcept = default;
  explicit File(const std::string& path) noexcept : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    struct stat about {};
    if (fd_ >= 0 && ::fstat(fd_, &about) == 0) size_ = static_cast<std::uint64_t>(about.st_size);
  }
  File(File&& other) noexcept : fd_(std::exchange(other.fd_, -1)), size_(other.size_) {}
  File& operator=(File&& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }

  bool is_open() const noexcept { return fd_ >= 0; }
  int fd() const noexcept { return fd_; }
  std::uint64_t size() const noexcept { return size_; }
  bool read(std::uint64_t offset, void* to, std::size_t bytes) const noexcept {
    if (offset > size_ || bytes > size_ - offset) return false;
    return ::pread(fd_, to, bytes, static_cast<off_t>(offset)) == static_cast<ssize_t>(bytes);
  }

 private:
  int fd_ = -1;
  std::uint64_t size_ = 0;
};

struct ElfOf {
  explicit ElfOf(const File& file) noexcept : elf(elf_begin(file.fd(), ELF_C_READ, nullptr)) {}
  ElfOf(const ElfOf&) = delete;
  ElfOf& operator=(const ElfOf&) = delete;
  ~ElfOf() { elf_end(elf); }
  Elf* elf;
};

// A mapped part of a file.
struct Mapping {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::uint64_t offset = 0;
  std::string path;
};

struct Segment {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;  // address in memory
  std::uint64_t offset = 0;
  std::uint64_t in_file = 0;  // offset in the file, in bytes
  bool writable = false;
};

class CoreTarget final : public Target, public leash::outside::Memory {
 public:
  CoreTarget(std::string file, std::string binary) : path_(std::move(file)), binary_(std::move(binary)) {}

  std::expected<void, std::string> open() {
    core_ = File(path_);
    if (!core_.is_open()) {
      return std::unexpected(path_ + " is neither a process ID nor a readable core file: " +
                             std::generic_category().message(errno));
    }
    elf_version(EV_CURRENT);
    const ElfOf core(core_);
    GElf_Ehdr header;
    if (!core.elf || !gelf_getehdr(core.elf, &header) || header.e_type != ET_CORE) {
      return std::unexpected(path_ + " is not a core file");
    }
    if (gelf_getclass(core.elf) != ELFCLASS64) return std::unexpected(path_ + " is of a 32-bit program");
    if (auto read = read_headers(core.elf); !read) return read;
    use_binary();
    for (const Mapping& mapping : mappings_) {
      if (mapping.offset == 0) images_.push_back(mapping.begin);
    }
    if (images_.empty()) {
      return std::unexpected(path_ + (notes_are_cut_off_
                                          ? " is truncated before its list of mapped files"
                                          : " does not list the mapped files (no NT_FILE note)"));
    }
    return check_builds();
  }

  leash::outside::Memory& memory() override { return *this; }
  std::string name() const override { return "core " + path_; }

  bool read(std::uint64_t address, void* to, std::size_t bytes) override {
    const Segment* const segment = find(segments_, address);
    if (segment && bytes <= segment->end - address) {
      const std::uint64_t at = address - segment->begin;
      if (at < segment->in_file && bytes <= segment->in_file - at) {
        if (core_.read(segment->offset + at, to, bytes)) return true;
        is_cut_off_ = true;
        return false;
      }
      if (segment->writable) return false;  // the memory may have differed from the file
    }
    const Mapping* const mapping = find(mappings_, address);
    if (!mapping || bytes > mapping->end - address) return false;
    const File* const file = file_of(mapping->path);
    return file && read_padded(*file, mapping->offset + (address - mapping->begin), to, bytes);
  }

  std::vector<std::string> remarks() const override {
    std::vector<std::string> all;
    if (is_cut_off_) all.push_back("the core file is truncated: part of the memory is missing");
    for (const auto& [path, file] : files_) {
      if (!file) all.push_back(fmt::format("{} cannot be used: {}", path, why_not_.at(path)));
    }
    all.push_back("a core file has no time stamp: ages are relative to the latest time in its tasks");
    return all;
  }

 private:
  template <class Range>
  static const Range* find(const std::vector<Range>& sorted, std::uint64_t address) {
    auto after = std::ranges::upper_bound(sorted, address, {}, &Range::begin);
    if (after == sorted.begin()) return nullptr;
    const Range& candidate = *std::prev(after);
    return address < candidate.end ? &candidate : nullptr;
  }

  // The kernel fills the rest of a mapped file's last page with zeros.
  static bool read_padded(const File& file, std::uint64_t offset, void* to, std::size_t bytes) {
    if (offset >= file.size()) return false;
    const std::size_t there = static_cast<std::size_t>(std::min<std::uint64_t>(bytes, file.size() - offset));
    std::memset(static_cast<char*>(to) + there, 0, bytes - there);
    return file.read(offset, to, there);
  }

  std::expected<void, std::string> read_headers(Elf* core) {
    std::size_t count = 0;
    if (elf_getphdrnum(core, &count) != 0) return std::unexpected(path_ + " has no program headers");
    for (std::size_t i = 0; i < std::min(count, most_mappings); ++i) {
      GElf_Phdr header;
      if (!gelf_getphdr(core, static_cast<int>(i), &header)) {
        return std::unexpected(path_ + " is truncated before its memory begins");
      }
      if (header.p_type == PT_LOAD && header.p_vaddr + header.p_memsz > header.p_vaddr) {
        segments_.push_back({header.p_vaddr, header.p_vaddr + header.p_memsz, header.p_offset,
                             std::min(header.p_filesz, header.p_memsz), (header.p_flags & PF_W) != 0});
        is_cut_off_ = is_cut_off_ || header.p_offset + header.p_filesz > core_.size();
      } else if (header.p_type == PT_NOTE) {
        notes_are_cut_off_ = notes_are_cut_off_ || header.p_offset + header.p_filesz > core_.size();
        read_notes(core, header);
      }
    }
    std::ranges::sort(segments_, {}, &Segment::begin);
    std::ranges::sort(mappings_, {}, &Mapping::begin);
    return {};
  }

  void read_notes(Elf* core, const GElf_Phdr& header) {
    Elf_Data* const data =
        elf_getdata_rawchunk(core, static_cast<std::int64_t>(header.p_offset), header.p_filesz,
                             header.p_align == 8 ? ELF_T_NHDR8 : ELF_T_NHDR);
    if (!data) return;
    GElf_Nhdr note;
    std::size_t name = 0;
    std::size_t descriptor = 0;
    for (std::size_t at = 0; (at = gelf_getnote(data, at, &note, &name, &descriptor)) > 0;) {
      const std::string_view bytes(static_cast<const char*>(data->d_buf) + descriptor, note.n_descsz);
      if (note.n_type == NT_FILE) read_files(bytes);
      if (note.n_type == NT_AUXV) read_auxiliary(bytes);
    }
  }

  static std::uint64_t word(std::string_view bytes, std::size_t index) {
    std::uint64_t value = 0;
    if (index < bytes.size() / sizeof value)
      std::memcpy(&value, bytes.data() + index * sizeof value, sizeof value);
    return value;
  }

  // The format of NT_FILE: the count, the page size, then begin, end and file page of each mapping; then the paths.
  void read_files(std::string_view bytes) {
    const std::uint64_t count = word(bytes, 0);
    const std::uint64_t page = word(bytes, 1);
    if (count > most_mappings || (2 + 3 * count) * 8 > bytes.size()) return;
    std::string_view paths = bytes.substr((2 + 3 * count) * 8);
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::size_t end = paths.find('\0');
      if (end == paths.npos) return;
      mappings_.push_back({word(bytes, 2 + 3 * i), word(bytes, 3 + 3 * i), word(bytes, 4 + 3 * i) * page,
                           std::string(paths.substr(0, end))});
      paths.remove_prefix(end + 1);
    }
  }

  void read_auxiliary(std::string_view bytes) {
    for (std::size_t i = 0; i + 1 < bytes.size() / 8 && word(bytes, i) != AT_NULL; i += 2) {
      if (word(bytes, i) == AT_ENTRY) entry_ = word(bytes, i + 1);
    }
  }

  void use_binary() {
    const Mapping* const program = find(mappings_, entry_);
    if (!program) return;
    const std::string path = program->path;
    program_ = binary_.empty() ? path : binary_;
    for (Mapping& mapping : mappings_) {
      if (mapping.path == path) mapping.path = program_;
    }
  }

  const File* file_of(const std::string& path) {
    const auto [at, is_new] = files_.try_emplace(path);
    if (is_new) {
      File file(path);
      if (file.is_open()) {
        at->second = std::move(file);
      } else {
        why_not_[path] = std::generic_category().message(errno);
      }
    }
    return at->second ? &*at->second : nullptr;
  }

  // By default a core contains the first page of each image, which has the build ID.
  std::expected<void, std::string> check_builds() {
    for (const Mapping& mapping : mappings_) {
      if (mapping.offset != 0) continue;
      const std::vector<unsigned char> expected = build_id(*this, mapping.begin);
      const File* const file = file_of(mapping.path);
      if (!file || expected.empty()) continue;
      const ElfOf image(*file);
      const void* found = nullptr;
      const ssize_t size = image.elf ? dwelf_elf_gnu_build_id(image.elf, &found) : -1;
      const bool same = size == static_cast<ssize_t>(expected.size()) &&
                        std::memcmp(found, expected.data(), expected.size()) == 0;
      if (same) continue;
      if (mapping.path == program_) {
        return std::unexpected(program_ +
                               " is not the build that dumped the core: name the right file with --binary");
      }
      files_[mapping.path].reset();
      why_not_[mapping.path] = "it is not the build that the process had mapped";
    }
    if (!program_.empty() && !file_of(program_) && !binary_.empty()) {
      return std::unexpected(fmt::format("--binary: {}: {}", program_, why_not_[program_]));
    }
    return {};
  }

  std::string path_;
  std::string binary_;
  std::string program_;  // the path to read the program from
  File core_;
  std::vector<Segment> segments_;
  std::vector<Mapping> mappings_;
  std::uint64_t entry_ = 0;
  std::map<std::string, std::optional<File>> files_;
  std::map<std::string, std::string> why_not_;
  bool is_cut_off_ = false;
  bool notes_are_cut_off_ = false;
};

}  // namespace

Opened open_core(const std::string& file, const std::string& binary) {
  auto target = std::make_unique<CoreTarget>(file, binary);
  if (auto opened = target->open(); !opened) return std::unexpected(opened.error());
  return target;
}

}  // namespace client
