// SPDX-License-Identifier: BSL-1.0
#include "client/ps/image.hpp"

#include <elf.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <string_view>

#include "leash/src/outside/note.hpp"

namespace client {
namespace {

using leash::outside::Memory;

constexpr int most_headers = 512;
constexpr std::uint64_t most_notes = 1 << 20;  // bytes

struct NoteAt {
  std::string_view name;  // including its null character
  std::uint32_t type = 0;
  std::uint64_t address = 0;  // of the descriptor
  std::uint32_t size = 0;     // of the descriptor
};

// Calls `use` for each note until it returns true.
void each_note(Memory& memory, std::uint64_t address, std::uint64_t bytes, std::uint64_t alignment,
               const std::function<bool(const NoteAt&)>& use) {
  const auto aligned = [&](std::uint64_t size) { return (size + alignment - 1) / alignment * alignment; };
  const std::uint64_t end = address + std::min(bytes, most_notes);
  while (address + sizeof(Elf64_Nhdr) <= end) {
    Elf64_Nhdr header;
    if (!memory.read(address, &header, sizeof header)) return;
    char name[16]{};
    const std::uint64_t begin = address + sizeof header;
    if (header.n_namesz > 0 && header.n_namesz <= sizeof name && !memory.read(begin, name, header.n_namesz))
      return;
    const std::uint64_t descriptor = begin + aligned(header.n_namesz);
    const std::size_t length = std::min<std::size_t>(header.n_namesz, sizeof name);
    if (use({{name, length}, header.n_type, descriptor, header.n_descsz})) return;
    address = descriptor + aligned(header.n_descsz);
  }
}

void each_note_of_image(Memory& memory, std::uint64_t base, const std::function<bool(const NoteAt&)>& use) {
  Elf64_Ehdr header;
  if (!memory.read(base, &header, sizeof header) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
      header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_phentsize != sizeof(Elf64_Phdr)) {
    return;
  }
  std::vector<Elf64_Phdr> segments(std::min<std::size_t>(header.e_phnum, most_headers));
  if (segments.empty() ||
      !memory.read(base + header.e_phoff, segments.data(), segments.size() * sizeof(Elf64_Phdr))) {
    return;
  }
  // Addresses in the file are relative to the address of its first byte.
  const auto first = std::ranges::find(segments, PT_LOAD, &Elf64_Phdr::p_type);
  if (first == segments.end()) return;
  const std::uint64_t bias = base - (first->p_vaddr - first->p_offset);
  for (const Elf64_Phdr& segment : segments) {
    if (segment.p_type != PT_NOTE) continue;
    each_note(memory, bias + segment.p_vaddr, segment.p_memsz, segment.p_align == 8 ? 8 : 4, use);
  }
}

}  // namespace

std::optional<std::uint64_t> find_table(Memory& memory, std::uint64_t base, std::uint32_t type) {
  using namespace leash::outside;
  std::optional<std::uint64_t> table;
  each_note_of_image(memory, base, [&](const NoteAt& note) {
    if (note.name != std::string_view(note_name, sizeof note_name) || note.type != type) return false;
    Note descriptor{};
    if (note.size < sizeof descriptor || !memory.read(note.address, &descriptor, sizeof descriptor))
      return false;
    table = note.address + offsetof(Note, table) + static_cast<std::uint64_t>(descriptor.table);
    return true;
  });
  return table;
}

std::vector<unsigned char> build_id(Memory& memory, std::uint64_t base) {
  std::vector<unsigned char> id;
  constexpr std::uint32_t longest = 64;
  each_note_of_image(memory, base, [&](const NoteAt& note) {
    if (note.name != std::string_view("GNU\0", 4) || note.type != NT_GNU_BUILD_ID || note.size > longest)
      return false;
    id.resize(note.size);
    if (!memory.read(note.address, id.data(), id.size())) id.clear();
    return true;
  });
  return id;
}

}  // namespace client
