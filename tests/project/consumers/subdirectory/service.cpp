// SPDX-License-Identifier: BSL-1.0
#include "site.hpp"

#ifdef ASIO_NO_DEPRECATED
#  error "leash defines ASIO_NO_DEPRECATED for others"
#endif
#ifdef ASIO_SEPARATE_COMPILATION
#  error "leash defines ASIO_SEPARATE_COMPILATION for others"
#endif

int main() { return reported_site_is("site.hpp"); }
