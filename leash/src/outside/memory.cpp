// SPDX-License-Identifier: BSL-1.0
#include "memory.hpp"

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <limits>

namespace leash::outside {

ProcessMemory::~ProcessMemory() {
  if (file_ >= 0) ::close(file_);
}

bool ProcessMemory::read(std::uint64_t address, void* to, std::size_t bytes) {
  if (file_ < 0) {
    const iovec here{to, bytes};
    const iovec there{reinterpret_cast<void*>(address), bytes};
    const ssize_t got = ::process_vm_readv(process_, &here, 1, &there, 1, 0);
    if (got == static_cast<ssize_t>(bytes)) return true;
    error_ = got < 0 ? errno : EFAULT;
    if (error_ != ENOSYS && error_ != EPERM) return false;
    char name[64];
    std::snprintf(name, sizeof name, "/proc/%d/mem", static_cast<int>(process_));
    file_ = ::open(name, O_RDONLY | O_CLOEXEC);
    if (file_ < 0) return false;  // the reason is that of the first call
  }
  if (address > static_cast<std::uint64_t>(std::numeric_limits<off_t>::max())) {
    error_ = EFAULT;
    return false;
  }
  const ssize_t got = ::pread(file_, to, bytes, static_cast<off_t>(address));
  if (got == static_cast<ssize_t>(bytes)) return true;
  error_ = got < 0 ? errno : EFAULT;
  return false;
}

bool CachedMemory::read(std::uint64_t address, void* to, std::size_t bytes) {
  if (address > std::numeric_limits<std::uint64_t>::max() - bytes) return false;
  auto* out = static_cast<std::byte*>(to);
  while (bytes > 0) {
    const std::size_t offset = address % page_size;
    const std::size_t part = std::min(bytes, page_size - offset);
    const Page* const page = page_at(address - offset);
    if (!page) return false;
    std::memcpy(out, page->bytes.data() + offset, part);
    out += part;
    address += part;
    bytes -= part;
  }
  return true;
}

void CachedMemory::forget() {
  for (Page& page : pages_) page.address = 1;
}

const CachedMemory::Page* CachedMemory::page_at(std::uint64_t address) {
  Page& page = pages_[address / page_size % page_count];
  if (page.address == address) return &page;
  page.address = 1;
  if (!memory_.read(address, page.bytes.data(), page_size)) return nullptr;
  page.address = address;
  return &page;
}

}  // namespace leash::outside
